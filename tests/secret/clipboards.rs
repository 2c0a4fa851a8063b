//! The clipboards of X11, of Wayland, and of a terminal over SSH.

use super::hunt::{Hunt, Run};
use super::real::compositor::Compositor;
use super::real::display::Display;
use super::real::until;
use super::support::Owner;

#[test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
fn the_clipboard_of_x11_has_the_secret_and_nothing_else_has() {
    let (owner, display) = (Owner::new(), Display::start());
    owner.configure("[clipboard]\nclear_after = \"20s\"");
    let run = Run::start(&owner, |builder| builder.env("DISPLAY", &display.name));
    run.generate("clipboard, cleared after");
    run.program.wait_for("delivered to the clipboard");
    let secret = display.content().expect("a copy");
    run.quit();
    assert_eq!(display.content().as_ref(), Some(&secret));
    until("cleared at its time", || display.content().is_none());
    run.hunt(&secret, Hunt::default());
}

#[test]
#[ignore = "needs sway and wl-clipboard; run by .ci/run"]
fn the_clipboard_of_wayland_has_the_secret_and_nothing_else_has() {
    let (owner, compositor) = (Owner::new(), Compositor::start());
    owner.configure("[clipboard]\nclear_after = \"20s\"");
    // An absolute path: the program keeps its own runtime directory.
    let [(display, socket), (_, folder)] = compositor.variables();
    let socket = format!("{folder}/{socket}");
    let run = Run::start(&owner, |builder| builder.env(display, socket));
    run.generate("clipboard, cleared after");
    run.program.wait_for("delivered to the clipboard");
    let secret = compositor.content().expect("a copy");
    let mark = compositor.paste(&["--list-types"]).unwrap();
    assert!(mark.contains("x-kde-passwordManagerHint"), "{mark}");
    run.quit();
    assert_eq!(compositor.content().as_ref(), Some(&secret));
    until("cleared at its time", || compositor.content().is_none());
    run.hunt(&secret, Hunt::default());
}

#[test]
fn over_ssh_the_secret_is_in_the_stream_only_inside_the_escape() {
    let owner = Owner::new();
    let run = Run::start(&owner, |builder| builder.env("SSH_TTY", "/dev/pts/9"));
    run.generate("osc52, the terminal's clipboard");
    run.program
        .wait_for("sent to the terminal's clipboard")
        .wait_for("may not have arrived");
    let copies = run.program.osc52();
    assert_eq!(copies.len(), 1);
    let secret = String::from_utf8(copies[0].clone()).unwrap();
    // Nobody confirmed it, so it is not delivered.
    run.program.press("q").wait_for("Undelivered secret");
    run.program.type_text("lose").enter();
    let exit = run.program.wait_exit();
    assert_eq!(exit, super::support::Exit::Code(0));
    let hunt = Hunt {
        escapes: true,
        ..Hunt::default()
    };
    run.hunt(&secret, hunt);
}
