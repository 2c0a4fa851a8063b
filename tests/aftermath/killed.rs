//! A program that is killed tells nobody anything; the next one does.

use orgward::demo::{Fault, FaultRule, Gate, Wait};
use orgward::slot::Kind;

use super::support::{Exit, Owner, Program, Signal, patience, poll, select};

fn kill(program: &Program) {
    program.signal(Signal::KILL);
    assert_eq!(program.wait_exit(), Exit::Signal(9));
}

#[test]
fn a_secret_that_was_in_the_panel_only_is_told_once_more_until_it_was_seen() {
    let owner = Owner::new();
    let program = owner.start();
    select(&program, "empty");
    program.press("n").wait_for("panel, until");
    program.enter().wait_for("••••••••");
    let id = owner.token("empty").unwrap();
    // The outcome is on the disk when the panel is open.
    let journal = || std::fs::read_to_string(owner.journal()).ok();
    poll(patience(), || {
        journal()?.contains("undelivered").then_some(())
    })
    .unwrap();
    kill(&program);

    let again = owner.program().start();
    again.wait_for("From an earlier run");
    again.wait_for_words("was nowhere but in the program when that ended");
    again.wait_for_words(&format!("Its token {id} is there now"));
    again
        .press("n")
        .wait_for("Replace the organization token")
        .wait_for(&id);
    again.esc().wait_gone("Replace the").press("H");
    again
        .wait_for("Journal")
        .wait_for("undelivered: in the panel");
    again.esc().wait_gone("Journal").press("q");
    assert_eq!(again.wait_exit(), Exit::Code(0));

    let third = owner.start();
    third.stable();
    assert!(!third.look().contains("From an earlier run"));
}

/// Generates a token for `empty` into the panel.
fn in_the_panel(owner: &Owner) -> (Program, String) {
    let program = owner.start();
    select(&program, "empty");
    program.press("n").wait_for("panel, until");
    program.enter().wait_for("••••••••");
    let recorded = || journal(owner).contains("undelivered").then_some(());
    poll(patience(), recorded).unwrap();
    (program, owner.token("empty").unwrap())
}

fn journal(owner: &Owner) -> String {
    std::fs::read_to_string(owner.journal()).unwrap_or_default()
}

#[test]
fn a_secret_that_was_rescued_before_its_outcome_was_recorded_is_told_with_its_token() {
    let owner = Owner::new();
    let (program, id) = in_the_panel(&owner);
    program.signal(Signal::TERM);
    assert_eq!(program.wait_exit(), Exit::Code(143));
    // As it is after a delivery that did not end in time.
    let without_outcome: String = journal(&owner)
        .lines()
        .filter(|line| !line.contains("\"outcome\""))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(owner.journal(), without_outcome).unwrap();

    let again = owner.program().start();
    again.wait_for("From an earlier run");
    again.wait_for_words("was rescued: bring it to its place from file");
    again.wait_for_words(&format!("Its token {id} is there now"));
    again.wait_for_words("and the rescued secret is for it.");
    again.press("n").stable();
    again.wait_for("From an earlier run");
    assert_eq!(owner.token("empty"), Some(id));
}

#[test]
fn a_rescue_after_its_order_was_seen_elsewhere_is_told() {
    let owner = Owner::new();
    let (first, id) = in_the_panel(&owner);
    // As on another machine with the same home: to the second program the first
    // one does not run.
    let (own, nobody) = (format!("\"pid\":{}", first.pid()), "\"pid\":2147483647");
    std::fs::write(owner.journal(), journal(&owner).replace(&own, nobody)).unwrap();
    let second = owner.program().start();
    second.wait_for_words("was nowhere but in the program when that ended");
    second.wait_for_words(&format!("Its token {id} is there now"));
    second.enter().wait_gone("From an earlier run").press("q");
    assert_eq!(second.wait_exit(), Exit::Code(0));
    assert!(journal(&owner).contains("\"seen\""));

    first.signal(Signal::TERM);
    assert_eq!(first.wait_exit(), Exit::Code(143));
    let third = owner.program().start();
    third.wait_for_words("was rescued: bring it to its place from file");
    third.wait_for_words(&format!("Its token {id} is there now"));
}

#[test]
fn a_request_whose_outcome_nobody_recorded_is_told_with_the_token_that_is_there() {
    let owner = Owner::new();
    let gate = Gate::new();
    let hold = Fault::ActThenWait(Wait::Gate(gate.clone()));
    owner
        .host
        .set_faults(vec![FaultRule::on("POST", "authentication-token", hold)]);
    let program = owner.start();
    let before = owner.token("acme").unwrap();
    select(&program, "acme");
    program.press("n").wait_for("panel, until");
    program
        .type_text("acme")
        .wait_for("Enter to replace")
        .enter();
    program.wait_for("waiting for the server");
    let replaced = || owner.token("acme").filter(|now| *now != before);
    let now = poll(patience(), replaced).unwrap();
    kill(&program);
    gate.open();

    let again = owner.program().start();
    again.wait_for_words("has no recorded outcome");
    again.wait_for_words(&format!("Another token {now} is there now"));
    again.wait_for_words(&format!("before it was {before}"));
}

#[test]
fn an_order_of_a_program_that_still_runs_is_told_as_such() {
    let owner = Owner::new();
    let gate = Gate::new();
    let hold = Fault::WaitThenAct(Wait::Gate(gate.clone()));
    owner
        .host
        .set_faults(vec![FaultRule::on("DELETE", "authentication-token", hold)]);
    let first = owner.start();
    select(&first, "platform");
    first.press("d").wait_for("Delete the organization token");
    // Before that Enter only says that something is looked up.
    first.wait_gone("looking up whose credential");
    first
        .type_text("platform")
        .wait_for("Enter to delete")
        .enter();
    first.wait_for("waiting for the server");

    let second = owner.program().start();
    second.wait_for_words("a delete of");
    let running = format!("process {} may still be at it", first.pid());
    second.wait_for_words(&running);
    second.wait_for_words("the same as before");
    second.press("q");
    assert_eq!(second.wait_exit(), Exit::Code(0));
    gate.open();
    first.wait_for("The token was deleted");
    assert!(owner.host.holds("platform", Kind::Organization).is_none());
}
