//! Ways out with something broken on the way: a state directory that cannot be
//! written to, a full disk, a crash.

use std::path::PathBuf;

use orgward::delivery::rescue;
use orgward::demo::{Fault, FaultRule, Gate, Wait};
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::file::choose;
use super::hunt::{Hunt, Run};
use super::real;
use super::support::{Exit, Owner, Program, Signal, file_when_there, select};

/// The POST for `empty` acts and then waits for the gate.
fn gate(owner: &Owner) -> Gate {
    let gate = Gate::new();
    let wait = Wait::Gate(gate.clone());
    owner
        .host
        .add_fault(FaultRule::on("POST", "empty", Fault::ActThenWait(wait)));
    gate
}

fn runtime_dir(owner: &Owner) -> PathBuf {
    owner.home.path().join(".run")
}

#[test]
fn a_state_directory_that_is_lost_after_the_request_leaves_the_runtime_directory() {
    let owner = Owner::new();
    let gate = gate(&owner);
    let run = Run::start(&owner, |builder| builder);
    select(&run.program, "empty");
    run.program.press("n").wait_for("panel, until").enter();
    run.program.wait_for("waiting for the server");
    let aside = owner.home.path().join("aside");
    std::fs::rename(owner.state(), &aside).unwrap();
    std::fs::write(owner.state(), "no directory any more").unwrap();
    gate.open();
    run.program
        .wait_for("A token was generated")
        .wait_for("recorded nowhere");
    run.program.signal(Signal::TERM);
    assert_eq!(run.program.wait_exit(), Exit::Code(143));
    let files = rescue::waiting(&runtime_dir(&owner));
    assert_eq!(files.len(), 1);
    let secret = file_when_there(&files[0]);
    let screen = run.program.screen();
    assert!(screen.contains("the new secret of empty"), "{screen}");
    assert!(owner.host.accepts(&secret, "empty"));
    // The next start shows it, wherever it waits.
    std::fs::remove_file(owner.state()).unwrap();
    std::fs::rename(&aside, owner.state()).unwrap();
    let again = owner.program().start();
    again.wait_for("From an earlier run").wait_for(".run");
}

#[test]
fn a_state_directory_that_cannot_be_used_is_said_beforehand_and_nothing_is_sent() {
    let owner = Owner::new();
    std::fs::create_dir_all(owner.state().parent().unwrap()).unwrap();
    std::fs::write(owner.state(), "no directory").unwrap();
    let program = owner.program().start();
    program.wait_for("From an earlier run").esc();
    program.wait_until("every slot read", |screen| {
        screen.contains("acme") && !screen.contains("reading")
    });
    select(&program, "empty");
    program
        .press("n")
        .wait_for(".run, gone after logout")
        .enter();
    program.wait_for("Nothing was done").wait_for("journal");
    assert!(owner.writes().is_empty());
}

/// Limits the size of files that the program writes; the limit can be lifted.
fn limit_files(program: &Program, bytes: Option<u64>) {
    let pid = Pid::from_raw(program.pid()).unwrap();
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(Some(pid), Resource::Fsize, limit).unwrap();
}

#[test]
fn a_disk_that_is_full_after_the_request_loses_nothing() {
    let owner = Owner::new();
    let gate = gate(&owner);
    let run = Run::start(&owner, |builder| builder);
    select(&run.program, "empty");
    run.program.press("n").wait_for("panel, until");
    choose(&run.program, "file");
    let path = owner.home.path().join("secret");
    run.program.type_text(path.to_str().unwrap()).enter();
    run.program.wait_for("waiting for the server");
    limit_files(&run.program, Some(0));
    gate.open();
    run.program
        .wait_for("not delivered to file")
        .wait_for("Delivered nowhere yet")
        .wait_for("recorded nowhere");
    assert!(!path.exists());
    // The disk has room again: a key brings it elsewhere.
    limit_files(&run.program, None);
    let other = owner.home.path().join("other");
    run.program.press("w").wait_for("readable by you alone");
    run.program.type_text(other.to_str().unwrap()).enter();
    let there = format!("delivered to file {}", other.display());
    run.program.wait_for(&there).wait_gone("not delivered");
    let secret = file_when_there(&other);
    assert!(owner.host.accepts(&secret, "empty"));
    run.program.press("q");
    assert_eq!(run.program.wait_exit(), Exit::Code(0));
    let left = std::fs::read_dir(owner.home.path()).unwrap().flatten();
    let half = left.filter(|entry| entry.file_name().to_string_lossy().contains(".orgward-"));
    assert_eq!(half.count(), 0);
}

#[test]
fn a_disk_that_is_full_before_the_request_sends_nothing() {
    let owner = Owner::new();
    let run = Run::start(&owner, |builder| builder);
    limit_files(&run.program, Some(0));
    select(&run.program, "empty");
    run.program.press("n").wait_for("panel, until").enter();
    run.program.wait_for("Nothing was done");
    assert!(owner.writes().is_empty());
}

#[test]
#[ignore = "needs a machine that writes core files; run by .ci/run"]
fn a_crash_leaves_no_core() {
    let crash = |script: &str| Program::shell(&format!("ulimit -c unlimited; {script}"));
    // What the machine does with a program that is not ours.
    let other = crash("kill -SEGV $$").start();
    assert_eq!(other.wait_exit(), Exit::Signal(11));
    assert!(other.dumped_core(), "this machine writes no core files");

    let owner = Owner::new();
    let log = owner.log();
    let script = format!(
        "exec '{}' --log '{}'",
        env!("CARGO_BIN_EXE_orgward"),
        log.display()
    );
    let builder = crash(&script)
        .home(owner.home.path())
        .env(super::support::fixture::VARIABLE, owner.credential())
        .size(110, 30);
    let run = Run::of(&owner, builder);
    run.generate_into_panel();
    let path = owner.home.path().join("secret");
    run.program.press("w").wait_for("readable by you alone");
    run.program.type_text(path.to_str().unwrap()).enter();
    run.program.wait_for("delivered to file");
    let secret = file_when_there(&path);
    // The first is taken by the guard that tells an overflow of the stack from
    // other crashes; a real fault would come again by itself.
    real::until("the crash", || {
        let ended = run.program.exited().is_some();
        if !ended {
            run.program.signal(Signal::SEGV);
        }
        ended
    });
    assert_eq!(run.program.wait_exit(), Exit::Signal(11));
    assert!(!run.program.dumped_core());
    let hunt = Hunt {
        file: Some(&path),
        ..Hunt::default()
    };
    run.hunt(&secret, hunt);
}
