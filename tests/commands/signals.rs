//! SIGTERM and Ctrl-C while a request is under way.

use std::process::Stdio;
use std::time::Duration;

use orgward::demo::{Fault, FaultRule, Gate, Wait};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};

use super::runner::{Ran, command, file, rescued, run, with_deliveries};
use super::support::{Owner, patience, poll};

/// Does something to the program while the host holds the answer back, then lets
/// it answer.
fn meanwhile(owner: &Owner, args: &[&str], act: impl FnOnce(Pid)) -> Ran {
    let gate = Gate::new();
    let late = Fault::ActThenWait(Wait::Gate(gate.clone()));
    owner.host.add_fault(FaultRule::on("POST", "", late));
    let child = command(owner, args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    poll(patience(), || (!owner.writes().is_empty()).then_some(())).expect("the request");
    act(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap());
    gate.open();
    Ran::of(child.wait_with_output().unwrap())
}

fn interrupted(owner: &Owner, args: &[&str], signal: Signal) -> Ran {
    meanwhile(owner, args, |pid| {
        kill_process(pid, signal).unwrap();
        // Time for the program to end by mistake; more or less of it proves nothing.
        std::thread::sleep(Duration::from_millis(300));
    })
}

#[test]
fn the_answer_is_awaited_and_delivered() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let owner = Owner::new();
        let (to, path) = file(&owner, "secret");
        interrupted(&owner, &["generate", "empty", "--to", &to], signal).ended(code);
        let secret = std::fs::read_to_string(path).unwrap();
        assert!(owner.host.accepts(&secret, "empty"));
        assert!(rescued(&owner).is_empty());
    }
}

#[test]
fn a_rotation_begins_no_other_slot_and_can_be_gone_on_with() {
    let owner = Owner::new();
    with_deliveries(&owner);
    let dry = run(
        &owner,
        &["rotate", "--state", "none", "--to", "store", "--dry-run"],
    )
    .ended(0);
    let plan = dry
        .out
        .lines()
        .last()
        .unwrap()
        .strip_prefix("plan ")
        .unwrap()
        .to_owned();
    let args = [
        "rotate", "--state", "none", "--to", "store", "--plan", &plan,
    ];
    let ran = interrupted(&owner, &args, Signal::TERM).ended(143);
    assert!(ran.err.contains("1 of 2 slots not begun"), "{}", ran.err);
    assert_eq!(owner.writes().len(), 1);
    run(
        &owner,
        &["rotate", "--to", "store", "--plan", &plan, "--resume"],
    )
    .ended(0);
    assert_eq!(owner.writes().len(), 2);
}

#[test]
fn a_read_ends_at_once() {
    let owner = Owner::new();
    let never = Fault::WaitThenAct(Wait::Forever);
    owner
        .host
        .add_fault(FaultRule::on("GET", "", never).always());
    let child = command(&owner, &["list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    poll(patience(), || {
        (!owner.host.requests().is_empty()).then_some(())
    })
    .expect("a request");
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    Ran::of(child.wait_with_output().unwrap()).ended(130);
}

/// The system ends a program whose file has reached its limit, unless that
/// program has said otherwise.
fn without_room(owner: &Owner, args: &[&str]) -> Ran {
    meanwhile(owner, args, |pid| {
        let none = Rlimit {
            current: Some(0),
            maximum: None,
        };
        prlimit(Some(pid), Resource::Fsize, none).unwrap();
    })
}

#[test]
fn a_disk_that_is_full_after_the_request_is_no_sudden_end() {
    let owner = Owner::new();
    let (to, path) = file(&owner, "secret");
    let ran = without_room(&owner, &["generate", "empty", "--to", &to]).ended(4);
    for words in ["not delivered to file", "could not be rescued and is lost"] {
        assert!(ran.err.contains(words), "{}", ran.err);
    }
    assert!(!path.exists());
    // And it is told once more where it can be.
    let again = owner.program().start();
    again.wait_for("From an earlier run");
}
