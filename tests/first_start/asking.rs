//! `credential = "ask"`: typed once, before the first request, and seen nowhere.

use super::support::{Exit, Owner, Sentinel};
use super::{entry, start_with, wait_for_rows};

#[test]
fn nothing_is_asked_before_it_is_typed_and_nobody_sees_it() {
    let owner = Owner::new();
    let mut sentinel = Sentinel::new(&[owner.credential()]);
    let config = entry(&owner, "credential = \"ask\"");
    std::fs::write(owner.config(), config).unwrap();
    let program = super::Program::orgward()
        .home(owner.home.path())
        .size(110, 30)
        .start();
    program
        .wait_for("Credential")
        .wait_for("tfe.corp.example")
        .stable();
    assert!(owner.host.requests().is_empty());
    // Half of it typed, half pasted.
    let (first, rest) = owner.credential().split_at(5);
    program.type_text(first).wait_for("•••••");
    program.paste(rest).enter();
    wait_for_rows(&program);
    sentinel.scan_terminal("the terminal", &program);
    sentinel.scan_tree(owner.home.path());
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    sentinel.finish();
}

#[test]
fn a_wrong_one_is_refused_and_r_asks_again() {
    let owner = Owner::new();
    let config = entry(&owner, "credential = \"ask\"\norganizations = [\"acme\"]");
    let program = start_with(&owner, &config);
    program
        .wait_for("Credential")
        .type_text("WRONG-ONE")
        .enter();
    program.wait_until("the refusal", |screen| {
        screen.row_with("acme").contains("unauthorized")
    });
    program.press("r").wait_for("Type or paste");
    program.paste(owner.credential()).enter();
    program.wait_until("the token", |screen| {
        screen.row_with("acme").contains(" ok ")
    });
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
}

#[test]
fn esc_leaves_the_rows_unauthorized_and_says_how_to_be_asked_again() {
    let owner = Owner::new();
    let config = entry(&owner, "credential = \"ask\"\norganizations = [\"acme\"]");
    let program = start_with(&owner, &config);
    program.wait_for("Credential").esc();
    program.wait_until("the row", |screen| {
        screen.row_with("acme").contains("unauthorized") && screen.contains("r asks for it again")
    });
    assert!(owner.host.requests().is_empty());
    program.press("R").wait_for("Type or paste");
    program.paste(owner.credential()).enter();
    program.wait_until("the token", |screen| {
        screen.row_with("acme").contains(" ok ")
    });
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
}
