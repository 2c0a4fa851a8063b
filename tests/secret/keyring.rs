//! A real Secret Service as destination, read back by another program.

use super::hunt::{Hunt, Run};
use super::real::keyring::{BUS, Session};
use super::support::{Exit, Owner, Sentinel, Signal, select};

const USER: &str = "tfe.corp.example/empty/organization";

#[test]
#[ignore = "needs gnome-keyring and secret-tool; run by .ci/run"]
fn the_keyring_has_the_secret_and_nothing_else_has() {
    let (owner, session) = (Owner::new(), Session::start());
    let run = Run::start(&owner, |builder| builder.env(BUS, &session.address));
    run.generate_into_panel();
    // A `k` that comes at once is taken for one that was meant for the list.
    run.program
        .stable()
        .press("k")
        .wait_for("delivered to the keyring");
    let secret = session.look_up(USER).expect("an entry");
    // The keyring's own files are encrypted.
    let files = session.home().to_owned();
    let mut sentinel = Sentinel::new(&[&secret]);
    sentinel.scan_tree(&files).finish();
    run.quit_and_hunt(&secret, Hunt::default());
}

#[test]
#[ignore = "needs gnome-keyring and secret-tool; run by .ci/run"]
fn the_keyring_is_the_rescue_of_a_program_that_is_ended() {
    let (owner, session) = (Owner::new(), Session::start());
    let run = Run::start(&owner, |builder| builder.env(BUS, &session.address));
    select(&run.program, "empty");
    run.program
        .press("n")
        .wait_for("the keyring, should the program have to end");
    run.program.enter().wait_for("A token was generated");
    run.program.signal(Signal::TERM);
    assert_eq!(run.program.wait_exit(), Exit::Code(143));
    let secret = session.look_up(USER).expect("an entry");
    let log = std::fs::read_to_string(owner.log()).unwrap();
    assert!(log.contains("signal=End(15)") && log.contains("rescued"));
    run.hunt(&secret, Hunt::default());

    // Nothing but the journal tells that it waits there.
    let next = owner.program().start();
    next.wait_for("From an earlier run")
        .wait_for("was rescued: bring it")
        .wait_for("keyring");
    // Told for good only once the host's word stands beside it.
    let now = owner.token("empty").unwrap();
    next.wait_for_words(&format!("{now} is there now"));
    next.esc().wait_gone("From an earlier run").press("q");
    assert_eq!(next.wait_exit(), Exit::Code(0));
    let third = owner.start();
    third.stable();
    assert!(!third.look().contains("From an earlier run"));
}
