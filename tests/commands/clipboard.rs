//! The clipboard without a screen: what was copied outlives the command.

use super::real::display::Display;
use super::real::until;
use super::runner::{Ran, command};
use super::support::Owner;

#[test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
fn a_copy_is_there_after_the_command_and_gone_at_its_time() {
    let (owner, display) = (Owner::new(), Display::start());
    owner.configure("[clipboard]\nclear_after = \"20s\"");
    let mut command = command(&owner, &["generate", "empty", "--to", "clipboard"]);
    let output = command.env("DISPLAY", &display.name).output().unwrap();
    let ran = Ran::of(output).ended(0);
    assert!(
        ran.out.contains("in the clipboard, for 20 s"),
        "{}",
        ran.out
    );
    let secret = display.content().expect("something on the clipboard");
    assert!(owner.host.accepts(&secret, "empty"));
    until("cleared at its time", || display.content().is_none());
}

#[test]
#[ignore = "needs Xvfb; run by .ci/run"]
fn a_dry_run_leaves_the_clipboard_as_it_is() {
    let (owner, display) = (Owner::new(), Display::start());
    display.foreign_copy("something else");
    let args = ["generate", "empty", "--to", "clipboard", "--dry-run"];
    let mut command = command(&owner, &args);
    let output = command.env("DISPLAY", &display.name).output().unwrap();
    Ran::of(output).ended(0);
    assert_eq!(display.content().as_deref(), Some("something else"));
    assert_eq!(owner.writes(), [""; 0]);
}
