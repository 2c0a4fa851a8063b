//! The mouse: taken only where its owner wants that, and given back on every way
//! out.

use super::support::{Exit, Owner, Program, Signal, select};

const ON: &str = "\u{1b}[?1000h";
const OFF: &str = "\u{1b}[?1000l";

fn owner() -> Owner {
    let owner = Owner::new();
    owner.configure("[screen]\nmouse = true\n");
    owner
}

fn count(program: &Program, escape: &str) -> usize {
    let written = program.raw_bytes();
    String::from_utf8_lossy(&written).matches(escape).count()
}

/// A click with the left button on a text that is on the screen.
fn click(program: &Program, text: &str) {
    // A click right after something has opened was not meant for it.
    std::thread::sleep(std::time::Duration::from_millis(400));
    let place = program.look().find(text);
    let (row, col) = place.unwrap_or_else(|| panic!("no {text:?}\n{}", program.look()));
    let (x, y) = (col + 1, row + 1);
    program.send(format!("\u{1b}[<0;{x};{y}M\u{1b}[<0;{x};{y}m").as_bytes());
}

#[test]
fn without_being_asked_for_the_mouse_is_the_terminals() {
    let owner = Owner::new();
    let program = owner.start();
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    assert_eq!((count(&program, ON), count(&program, OFF)), (0, 0));
    let written = program.raw_bytes();
    assert!(!String::from_utf8_lossy(&written).contains("[?1003h"));
}

#[test]
fn clicks_select_scroll_and_press_what_is_drawn() {
    let owner = owner();
    let program = owner.start();
    click(&program, "platform");
    program.wait_until("the clicked row", |s| s.row_with("platform").contains('▸'));
    program.send(b"\x1b[<64;5;5M");
    program.wait_until("the row that the wheel leads to", |s| {
        s.row_with("platform").contains('▸')
    });
    click(&program, "n new token");
    program
        .wait_for("Replace the organization token")
        .wait_for("panel, until");
    // Nothing is typed: the button does what Enter does, nothing.
    click(&program, "[ replace ]");
    click(&program, "[ replace ]");
    program.stable();
    assert!(owner.writes().is_empty());
    program.type_text("platform").wait_for("Enter to replace");
    click(&program, "[ replace ]");
    program.wait_for("••••••••");
    assert_eq!(owner.writes().len(), 1);
    click(&program, "[ close ]");
    program.wait_for("Undelivered secret");
    program.type_text("lose").wait_for("lose");
    click(&program, "[ let it go ]");
    program.wait_gone("Undelivered secret");
    click(&program, "q quit");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    assert_eq!((count(&program, ON), count(&program, OFF)), (1, 1));
}

#[test]
fn the_mouse_is_given_back_when_suspended_and_at_every_end() {
    let owner = owner();
    let program = owner.start();
    program.ctrl('z').wait_stopped();
    program.wait_until("the shell's screen", |screen| !screen.is_alternate());
    assert_eq!((count(&program, ON), count(&program, OFF)), (1, 1));
    program.signal(Signal::CONT);
    program.wait_until("the screen again", |screen| screen.is_alternate());
    program.wait_for("acme");
    assert_eq!((count(&program, ON), count(&program, OFF)), (2, 1));
    program.signal(Signal::TERM);
    assert_eq!(program.wait_exit(), Exit::Code(143));
    assert_eq!((count(&program, ON), count(&program, OFF)), (2, 2));
    for end in [Signal::HUP, Signal::QUIT] {
        let program = owner.start();
        select(&program, "acme");
        program.signal(end);
        program.wait_exit();
        assert_eq!(
            (count(&program, ON), count(&program, OFF)),
            (1, 1),
            "{end:?}"
        );
    }
}
