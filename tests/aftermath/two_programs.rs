//! Two programs at once on one slot: what each says is true.

use orgward::demo::{Fault, FaultRule, Gate, Wait};

use super::support::{Owner, Program, select};

/// The Replace dialog for acme, confirmed but for Enter.
fn ready(owner: &Owner) -> Program {
    let program = owner.start();
    select(&program, "acme");
    program.press("n").wait_for("panel, until");
    program.type_text("acme").wait_for("Enter to replace");
    program
}

#[test]
fn the_one_that_comes_second_touches_nothing() {
    let owner = Owner::new();
    let (first, second) = (ready(&owner), ready(&owner));
    first.enter().wait_for("The token was replaced");
    let now = owner.token("acme").unwrap();
    second
        .enter()
        .wait_for("the slot has changed")
        .wait_for(&now);
    assert_eq!(owner.writes().len(), 1);
    assert_eq!(owner.token("acme").unwrap(), now);
}

#[test]
fn both_at_the_same_time_see_afterwards_which_token_is_there() {
    let owner = Owner::new();
    let gate = Gate::new();
    let hold = Fault::WaitThenAct(Wait::Gate(gate.clone()));
    owner
        .host
        .set_faults(vec![FaultRule::on("POST", "authentication-token", hold)]);
    let (first, second) = (ready(&owner), ready(&owner));
    first.enter().wait_for("waiting for the server");
    // The first one's request is held; to the second the slot is as it was.
    second.enter().wait_for("The token was replaced");
    let seconds = owner.token("acme").unwrap();
    second.wait_for(&seconds);
    gate.open();
    first.wait_for("The token was replaced");
    let firsts = owner.token("acme").unwrap();
    assert_ne!(firsts, seconds);
    first.wait_for(&firsts);
    assert_eq!(owner.writes().len(), 2);

    // The second one's token is dead, and asking shows it.
    second
        .press("t")
        .wait_for("the test failed")
        .wait_for("401");
    first.press("t").wait_for("works as");
}
