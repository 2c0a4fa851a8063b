//! A defect in the program loses no secret that was received: a panic in a task
//! and one in the loop itself both end in the rescue.
//!
//! The panics are real. This test, started once more in a pseudo-terminal, runs
//! the screen on an async runtime without timers, where whatever wants to sleep
//! panics: with a host a task that reads, without one the loop, as soon as
//! something on the screen has a time.

use clap::Parser;
use orgward::cli::Arguments;
use orgward::credentials::Environment;
use orgward::delivery::Facts;
use orgward::runtime::{Exit as Ended, Runtime};
use orgward::secret::Secret;
use orgward::slot::{Host, Slot};
use orgward::start::World;

use super::support::{Exit, Owner, Program, file_when_there};

/// The secret that is undelivered, in the process that panics.
const SECRET: &str = "ORGWARD_TEST_SECRET";
const TEXT: &str = "panicked.atlasv1.0123456789abcdefghijkl";

/// The test as it runs in the terminal.
fn in_terminal(owner: &Owner, test: &str) -> Program {
    let itself = std::env::current_exe().unwrap();
    Program::build(itself)
        .args(["--exact", "--nocapture", test])
        .home(owner.home.path())
        .env(super::support::fixture::VARIABLE, owner.credential())
        .env(SECRET, TEXT)
        .size(110, 30)
        .start()
}

/// What is true after either panic.
fn is_rescued(owner: &Owner, program: &Program) {
    assert_eq!(program.wait_exit(), Exit::Code(70));
    let screen = program.look();
    assert!(!screen.is_alternate() && program.is_cooked(), "{screen}");
    assert!(
        screen.contains("orgward: a defect in the program"),
        "{screen}"
    );
    assert!(screen.contains("the new secret of empty"), "{screen}");
    let files = orgward::delivery::rescue::waiting(&owner.state());
    assert_eq!(files.len(), 1, "{screen}");
    assert_eq!(file_when_there(&files[0]), TEXT);
}

/// The program's own way from its start to its end, but for the timers.
fn run_without_timers(secret: String, hosts: bool) -> ! {
    use tokio::runtime::Builder;
    orgward::terminal::install_panic_hook();
    let whole = Builder::new_current_thread().enable_all().build().unwrap();
    let arguments = Arguments::parse_from(["orgward", "--rescue", "file"]);
    let world = World::assemble(&arguments, Environment::from_process());
    let world = whole.block_on(world).unwrap();
    let slot = Slot::new(&Host::new("tfe.corp.example"), "empty");
    let undelivered = &world.actor.undelivered;
    undelivered.hold(Facts::of(&slot), Secret::new(secret));
    let settings = world.settings();
    let accounts = if hosts { world.accounts() } else { Vec::new() };
    let mut runtime = Runtime::new(world.actor.clone(), world.terminal_writes, false);
    let lame = Builder::new_current_thread().enable_io().build().unwrap();
    let ended = lame.block_on(runtime.run(settings, accounts)).unwrap();
    for line in whole.block_on(runtime.finish()) {
        eprintln!("orgward: {line}");
    }
    assert_eq!(ended, Ended::Panic);
    std::process::exit(70)
}

#[test]
fn a_panic_in_a_task() {
    if let Ok(secret) = std::env::var(SECRET) {
        run_without_timers(secret, true);
    }
    let owner = Owner::new();
    let program = in_terminal(&owner, "panics::a_panic_in_a_task");
    is_rescued(&owner, &program);
}

#[test]
fn a_panic_in_the_loop() {
    if let Ok(secret) = std::env::var(SECRET) {
        run_without_timers(secret, false);
    }
    let owner = Owner::new();
    let program = in_terminal(&owner, "panics::a_panic_in_the_loop");
    program.wait_until("the screen", |screen| screen.is_alternate());
    // A word for a while in the status line: the loop wants to wake up.
    program.wait_for("Orgward").press("R");
    is_rescued(&owner, &program);
}
