//! SIGTERM and Ctrl-C while a request is under way.

use std::process::Stdio;
use std::time::Duration;

use orgward::demo::{Fault, FaultRule, Gate, Wait};
use orgward::slot::Kind;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};

use super::runner::{Ran, command, file, rescued, run, stored, with_deliveries};
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

/// The id of the plan for the slots that are empty, `empty` and `spare`.
fn plan_for_empty(owner: &Owner) -> String {
    let dry = [&FOR_EMPTY[..], &["--dry-run"]].concat();
    let ran = run(owner, &dry).ended(0);
    let last = ran.out.lines().last().unwrap();
    last.strip_prefix("plan ").unwrap().to_owned()
}

const FOR_EMPTY: [&str; 5] = ["rotate", "--state", "none", "--to", "store"];

#[test]
fn a_rotation_begins_no_other_slot_and_can_be_gone_on_with() {
    let owner = Owner::new();
    with_deliveries(&owner);
    let plan = plan_for_empty(&owner);
    let args = [&FOR_EMPTY[..], &["--plan", &plan]].concat();
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
fn a_plan_that_is_run_again_goes_on_from_its_last_run() {
    let owner = Owner::new();
    with_deliveries(&owner);
    let plan = plan_for_empty(&owner);
    let args = [&FOR_EMPTY[..], &["--plan", &plan]].concat();
    run(&owner, &args).ended(0);
    // Empty once more: nothing tells the plan from the one before.
    for name in ["empty", "spare"] {
        owner
            .host
            .delete_as_other(name, Kind::Organization)
            .unwrap();
    }
    assert_eq!(plan_for_empty(&owner), plan);
    owner.host.forget_requests();
    let ran = interrupted(&owner, &args, Signal::TERM).ended(143);
    assert!(ran.err.contains("1 of 2 slots not begun"), "{}", ran.err);
    let resume = ["rotate", "--to", "store", "--plan", &plan, "--resume"];
    let ran = run(&owner, &resume).ended(0);
    assert!(ran.out.contains("is done: 2 slots"), "{}", ran.out);
    assert_eq!(owner.writes().len(), 2);
    for name in ["empty", "spare"] {
        assert!(owner.host.accepts(&stored(&owner, name), name), "{name}");
    }
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
