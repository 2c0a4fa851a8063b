//! Commands that give a credential: once, one at a time, without the terminal
//! at first and with it when the owner says so.

use super::support::{Exit, Owner, Signal, file_when_there, patience, poll};
use super::{entry, start_with, wait_for_rows};

/// A command that asks for a PIN on the terminal, notes each run, and then
/// prints the credential.
fn asking(owner: &Owner) -> String {
    let home = owner.home.path().display();
    std::fs::write(owner.home.path().join("vaulted"), owner.credential()).unwrap();
    let script = format!(
        "echo run >> {home}/runs; exec 3<>/dev/tty || exit 3; printf PIN: >&3; read pin <&3; \
         [ \"$pin\" = 4711 ] && cat {home}/vaulted"
    );
    entry(
        owner,
        &format!("credential = {{ command = [\"/bin/sh\", \"-c\", '''{script}'''] }}"),
    )
}

fn runs(owner: &Owner) -> usize {
    let text = std::fs::read_to_string(owner.home.path().join("runs")).unwrap_or_default();
    text.lines().count()
}

#[test]
fn one_that_wants_the_terminal_gets_it_when_the_owner_says_so() {
    let owner = Owner::new();
    let program = start_with(&owner, &asking(&owner));
    program.wait_for("No credential for tfe.corp.example");
    // Nothing of its question was written over the screen.
    assert!(!program.screen().contains("PIN:"));
    assert_eq!(runs(&owner), 1);
    program.enter().wait_for("PIN:");
    let screen = program.look();
    assert!(!screen.is_alternate(), "{screen}");
    assert!(program.is_cooked() && program.echoes());
    // The keys are the program's alone, `q` too.
    program.type_text("q\x7f4711").enter();
    wait_for_rows(&program);
    assert!(program.look().is_alternate() && !program.is_cooked());
    // It is not run again for what follows.
    program.press("R").stable();
    wait_for_rows(&program);
    assert_eq!(runs(&owner), 2);
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    assert!(program.is_cooked() && program.echoes());
}

#[test]
fn the_mouse_is_the_programs_while_it_has_the_terminal() {
    let owner = Owner::new();
    let with_mouse = format!("{}\n[screen]\nmouse = true\n", asking(&owner));
    let program = start_with(&owner, &with_mouse);
    let taken = || {
        let written = program.raw_bytes();
        let written = String::from_utf8_lossy(&written);
        let count = |escape| written.matches(escape).count();
        (count("\u{1b}[?1000h"), count("\u{1b}[?1000l"))
    };
    program.wait_for("No credential for");
    assert_eq!(taken(), (1, 0));
    program.enter().wait_for("PIN:");
    assert_eq!(taken(), (1, 1));
    program.type_text("4711").enter();
    wait_for_rows(&program);
    assert_eq!(taken(), (2, 1));
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    assert_eq!(taken(), (2, 2));
}

#[test]
fn ctrl_c_ends_the_program_and_not_this_one() {
    let owner = Owner::new();
    let program = start_with(&owner, &asking(&owner));
    program
        .wait_for("No credential for")
        .enter()
        .wait_for("PIN:");
    program.ctrl('c');
    program.wait_for("signal 2");
    assert!(program.look().is_alternate());
    // The shell's screen still shows the first question.
    program.enter().wait_for("PIN:^CPIN:");
    program.type_text("4711").enter();
    wait_for_rows(&program);
    assert_eq!(runs(&owner), 3);
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
}

#[test]
fn a_signal_while_the_program_has_the_terminal_ends_both() {
    let owner = Owner::new();
    let program = start_with(&owner, &asking(&owner));
    program
        .wait_for("No credential for")
        .enter()
        .wait_for("PIN:");
    program.signal(Signal::TERM);
    assert_eq!(program.wait_exit(), Exit::Code(143));
    assert!(program.is_cooked() && program.echoes());
    let gone = poll(patience(), || program.family().is_empty().then_some(()));
    assert!(gone.is_some(), "{:?}", program.family());
}

#[test]
fn two_are_never_run_at_a_time_and_each_runs_once() {
    let owner = Owner::new();
    let home = owner.home.path().display().to_string();
    std::fs::write(owner.home.path().join("vaulted"), owner.credential()).unwrap();
    // Whoever finds the other's folder was not alone.
    let script = format!(
        "echo run >> {home}/runs; mkdir {home}/turn || echo two >> {home}/overlap; \
         sleep 0.3; rmdir {home}/turn; cat {home}/vaulted"
    );
    let entries: String = ["a", "b", "c"]
        .iter()
        .map(|account| {
            entry(
                &owner,
                &format!(
                    "account = \"{account}\"\n\
                     credential = {{ command = [\"/bin/sh\", \"-c\", '''{script}'''] }}"
                ),
            )
        })
        .collect();
    let program = start_with(&owner, &entries);
    wait_for_rows(&program);
    file_when_there(&owner.home.path().join("runs"));
    let all = poll(patience(), || (runs(&owner) == 3).then_some(()));
    assert!(all.is_some(), "{} runs", runs(&owner));
    assert!(!owner.home.path().join("overlap").exists());
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
}
