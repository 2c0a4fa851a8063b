//! The whole program with a real clipboard: generated in the terminal, read
//! back by another program, and nowhere else.
#![cfg(target_os = "linux")]

mod real;
mod support;

use std::process::Command;

use real::display::Display;
use support::{Exit, Owner, Program, Sampler, Sentinel, Signal, select};

/// The program for an owner with a display.
fn start(owner: &Owner, display: &Display, clear_after: &str) -> Program {
    owner.configure(&format!("[clipboard]\nclear_after = \"{clear_after}\""));
    let program = owner
        .program()
        .arg("--log")
        .arg(owner.log())
        .env("DISPLAY", &display.name)
        .start();
    program.wait_until("every slot read", |screen| {
        screen.contains("acme") && !screen.contains(" read") && !screen.contains("reading")
    });
    program
}

/// Generates a token for `empty`, to the clipboard by default.
fn generate(program: &Program, display: &Display) -> String {
    select(program, "empty");
    program.press("n").wait_for("clipboard, cleared after");
    program.enter().wait_for("delivered to the clipboard");
    display.content().expect("something on the clipboard")
}

fn targets(display: &Display) -> String {
    let arguments = ["-selection", "clipboard", "-o", "-t", "TARGETS"];
    let output = real::run(&mut display.xclip(&arguments));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
fn a_new_secret_is_on_the_clipboard_marked_and_stays_after_quitting_until_its_time() {
    let (owner, display) = (Owner::new(), Display::start());
    let program = start(&owner, &display, "20s");
    let secret = generate(&program, &display);
    assert!(owner.host.accepts(&secret, "empty"));
    program.wait_for("clears in");
    assert!(targets(&display).contains("x-kde-passwordManagerHint"));
    // Delivered: leaving asks nothing.
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    assert_eq!(display.content().as_deref(), Some(&*secret));
    real::until("cleared at its time", || display.content().is_none());
    real::until("no keeper is left", || display.keepers().is_empty());
}

#[test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
fn the_screen_says_when_the_clipboard_was_cleared() {
    let (owner, display) = (Owner::new(), Display::start());
    let program = start(&owner, &display, "8s");
    generate(&program, &display);
    program.wait_for("cleared from the clipboard");
    assert_eq!(display.content(), None);
    program.press("c").wait_for("delivered to the clipboard");
    assert!(display.content().is_some());
}

#[test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
fn the_screen_says_when_the_clipboard_was_taken() {
    let (owner, display) = (Owner::new(), Display::start());
    let program = start(&owner, &display, "never");
    select(&program, "empty");
    program.press("n").wait_for("clipboard, kept until");
    program.enter().wait_for("delivered to the clipboard");
    display.foreign_copy("something else");
    program.wait_for("something else was copied");
    assert_eq!(display.content().as_deref(), Some("something else"));
}

#[test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
fn a_copy_survives_a_suspend_and_a_kill() {
    let (owner, display) = (Owner::new(), Display::start());
    let program = start(&owner, &display, "30s");
    let secret = generate(&program, &display);
    program.ctrl('z').wait_stopped();
    assert_eq!(display.content().as_deref(), Some(&*secret));
    program.signal(Signal::KILL);
    assert_eq!(program.wait_exit(), Exit::Signal(9));
    assert_eq!(display.content().as_deref(), Some(&*secret));
    real::until("cleared at its time", || display.content().is_none());
}

#[test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
fn a_delivered_secret_is_not_rescued_a_second_time() {
    let (owner, display) = (Owner::new(), Display::start());
    let program = start(&owner, &display, "60s");
    let secret = generate(&program, &display);
    program.signal(Signal::TERM);
    assert_eq!(program.wait_exit(), Exit::Code(143));
    assert_eq!(display.content().as_deref(), Some(&*secret));
    let left = std::fs::read_dir(owner.state()).unwrap().flatten();
    let names: Vec<_> = left.map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["journal.jsonl"]);
}

#[test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
fn a_secret_whose_copy_is_gone_is_rescued() {
    let (owner, display) = (Owner::new(), Display::start());
    let program = start(&owner, &display, "never");
    select(&program, "empty");
    program.press("n").wait_for("clipboard, kept until");
    program.enter().wait_for("delivered to the clipboard");
    let secret = display.content().unwrap();
    for keeper in display.keepers() {
        let keeper = i32::try_from(keeper).unwrap();
        let keeper = rustix::process::Pid::from_raw(keeper).unwrap();
        rustix::process::kill_process(keeper, Signal::KILL).unwrap();
    }
    program.wait_for("what held it has ended");
    program.signal(Signal::TERM);
    assert_eq!(program.wait_exit(), Exit::Code(143));
    let left = std::fs::read_dir(owner.state()).unwrap().flatten();
    let rescued = left
        .map(|entry| entry.path())
        .find(|path| path.to_string_lossy().contains("rescue-"))
        .expect("a rescue file");
    assert_eq!(std::fs::read_to_string(rescued).unwrap(), secret);
    let next = owner.program().start();
    next.wait_for("From an earlier run").wait_for("rescue-");
}

#[test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
fn the_name_of_an_organization_is_copied_unmarked() {
    let (owner, display) = (Owner::new(), Display::start());
    let program = start(&owner, &display, "1s");
    select(&program, "acme");
    program.press("c").wait_for("copied acme");
    assert_eq!(display.content().as_deref(), Some("acme"));
    assert!(!targets(&display).contains("x-kde-passwordManagerHint"));
}

#[test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
fn over_a_whole_session_no_secret_is_anywhere_but_on_the_clipboard() {
    let (owner, display) = (Owner::new(), Display::start());
    let sampler = Sampler::start();
    let program = start(&owner, &display, "60s");
    let first = generate(&program, &display);
    program.stable().press("c").wait_gone("bringing").esc();
    program.wait_gone("A token was generated").esc();

    select(&program, "acme");
    program.press("n").wait_for("clipboard, cleared after");
    program
        .type_text("acme")
        .wait_for("Enter to replace")
        .enter();
    program.wait_for("delivered to the clipboard");
    let second = display.content().unwrap();
    assert_ne!(first, second);
    program.esc().wait_gone("The token was replaced");
    program.press("d").wait_for("Delete the organization token");
    program
        .type_text("acme")
        .wait_for("Enter to delete")
        .enter();
    program
        .wait_for("was deleted")
        .stable()
        .enter()
        .wait_gone("was deleted");

    let mut sentinel = Sentinel::new(&[&first, &second, owner.credential()]);
    // The test itself put the credential into this process's environment.
    sentinel.allow_process(2, program.pid());
    sentinel.scan_processes();
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    sentinel.scan_samples(&sampler.stop());
    sentinel.scan_terminal("the terminal", &program);
    sentinel.scan_tree(owner.home.path());
    // The primary selection is never set.
    let primary = real::run(
        Command::new("xclip")
            .args(["-o"])
            .env("DISPLAY", &display.name),
    );
    sentinel.scan_bytes("the primary selection", &primary.stdout);
    sentinel.finish();
}
