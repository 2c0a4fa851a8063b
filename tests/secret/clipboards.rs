//! The clipboards of X11, of Wayland, and of a terminal over SSH.

use super::hunt::{Hunt, Run};
use super::real::compositor::Compositor;
use super::real::display::Display;
use super::real::until;
use super::support::{Exit, Owner, Signal};

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
#[ignore = "needs sway and wl-clipboard; run by .ci/run"]
fn a_copy_on_wayland_survives_a_suspend_and_a_kill() {
    let (owner, compositor) = (Owner::new(), Compositor::start());
    owner.configure("[clipboard]\nclear_after = \"30s\"");
    let [(display, socket), (_, folder)] = compositor.variables();
    let socket = format!("{folder}/{socket}");
    let run = Run::start(&owner, |builder| builder.env(display, socket));
    run.generate("clipboard, cleared after");
    run.program.wait_for("delivered to the clipboard");
    let secret = compositor.content().expect("a copy");
    run.program.ctrl('z').wait_stopped();
    assert_eq!(compositor.content().as_ref(), Some(&secret));
    run.program.signal(Signal::KILL);
    assert_eq!(run.program.wait_exit(), Exit::Signal(9));
    assert_eq!(compositor.content().as_ref(), Some(&secret));
    until("cleared at its time", || compositor.content().is_none());
}

#[test]
#[ignore = "needs sway and wl-clipboard; run by .ci/run"]
fn what_others_copy_on_wayland_between_two_copies_and_after_survives() {
    let (owner, compositor) = (Owner::new(), Compositor::start());
    owner.configure("[clipboard]\nclear_after = \"10s\"");
    let [(display, socket), (_, folder)] = compositor.variables();
    let socket = format!("{folder}/{socket}");
    let run = Run::start(&owner, |builder| builder.env(display, socket));
    run.generate("clipboard, cleared after");
    run.program.wait_for("delivered to the clipboard");
    compositor.foreign_copy("theirs");
    run.program.wait_for("something else was copied");
    assert_eq!(compositor.content().as_deref(), Some("theirs"));
    // A `c` that comes with the panel was pressed for the list.
    run.program
        .stable()
        .press("c")
        .wait_for("delivered to the clipboard");
    assert_ne!(compositor.content().as_deref(), Some("theirs"));
    compositor.foreign_copy("theirs again");
    run.program.wait_for("something else was copied");
    // Past every deadline of ours.
    std::thread::sleep(std::time::Duration::from_secs(12));
    assert_eq!(compositor.content().as_deref(), Some("theirs again"));
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
    assert_eq!(run.program.wait_exit(), Exit::Code(0));
    let hunt = Hunt {
        escapes: true,
        ..Hunt::default()
    };
    run.hunt(&secret, hunt);
}
