//! Leaving: nothing is lost on any way out, and the terminal is as it was.

use orgward::demo::{Fault, FaultRule, Gate, Wait};

use super::support::{Exit, Owner, Program, Signal, file_when_there, patience, poll, select};

/// Generates a token for `empty` into the panel.
fn generate(program: &Program) {
    select(program, "empty");
    program.press("n").wait_for("panel, until");
    program.enter().wait_for("••••••••");
}

/// The secret in the one rescue file.
fn rescued(owner: &Owner) -> String {
    let find = || {
        std::fs::read_dir(owner.state())
            .ok()?
            .flatten()
            .find_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                name.starts_with("rescue-").then(|| entry.path())
            })
    };
    let path = poll(patience(), find).expect("a rescue file");
    file_when_there(&path)
}

#[test]
fn quitting_with_an_undelivered_secret_asks_and_only_lose_lets_it_go() {
    let owner = Owner::new();
    let program = owner.start();
    generate(&program);
    program.ctrl('c').wait_for("Undelivered secret");
    program
        .esc()
        .wait_gone("Undelivered secret")
        .wait_for("••••••••");
    program.press("q").wait_for("Undelivered secret");
    program.type_text("loss").enter().stable();
    program.wait_for("Undelivered secret");
    program
        .press(super::support::Key::Backspace)
        .type_text("e")
        .enter();
    assert_eq!(program.wait_exit(), Exit::Code(0));
    let journal = std::fs::read_to_string(owner.journal()).unwrap();
    assert!(journal.contains("let-go"), "{journal}");
}

#[test]
fn a_termination_signal_rescues_the_secret() {
    let owner = Owner::new();
    let program = owner.start();
    generate(&program);
    program.signal(Signal::TERM);
    assert_eq!(program.wait_exit(), Exit::Code(143));
    let secret = rescued(&owner);
    assert!(owner.host.accepts(&secret, "empty"));
    let screen = program.look();
    assert!(!screen.is_alternate(), "{screen}");
    assert!(screen.contains("the new secret of empty"), "{screen}");
    assert!(program.is_cooked());
    let journal = std::fs::read_to_string(owner.journal()).unwrap();
    assert!(journal.contains("rescued"), "{journal}");
    // The next start says where it waits.
    let again = owner.program().start();
    again.wait_for("From an earlier run").wait_for("rescue-");
}

#[test]
fn a_terminal_that_is_gone_ends_the_program_and_rescues_the_secret() {
    let owner = Owner::new();
    let program = owner.start();
    generate(&program);
    program.hang_up();
    let secret = rescued(&owner);
    assert!(owner.host.accepts(&secret, "empty"));
    program.wait_exit();
}

#[test]
fn a_terminal_that_reads_nothing_any_more_keeps_no_secret_from_its_rescue() {
    let owner = Owner::new();
    let program = owner.start();
    generate(&program);
    program.freeze(true);
    // More than what lies between the two can hold.
    for turn in 0..60 {
        let (width, height) = [(200, 60), (180, 50)][turn % 2];
        program.resize(width, height);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    program.signal(Signal::TERM);
    let secret = rescued(&owner);
    assert!(owner.host.accepts(&secret, "empty"));
    program.freeze(false);
    assert_eq!(program.wait_exit(), Exit::Code(143));
    assert!(program.is_cooked());
}

#[test]
fn a_terminal_that_reads_again_shows_what_is() {
    let owner = Owner::new();
    let program = owner.start();
    select(&program, "empty");
    program.freeze(true);
    for turn in 0..60 {
        let (width, height) = [(200, 60), (180, 50)][turn % 2];
        program.resize(width, height);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    program.press("n").resize(110, 30).freeze(false);
    program.wait_for("panel, until").enter();
    program.wait_for("••••••••");
}

#[test]
fn a_signal_for_an_interrupt_leaves_like_its_key() {
    let owner = Owner::new();
    let program = owner.start();
    generate(&program);
    program
        .signal(Signal::INT)
        .wait_for("Undelivered secret")
        .esc();
    program.press("w").wait_for("readable by you alone");
    let path = owner.home.path().join("secret");
    program.type_text(path.to_str().unwrap()).enter();
    program.wait_for("delivered to file").signal(Signal::INT);
    assert_eq!(program.wait_exit(), Exit::Code(0));
    let screen = program.look();
    assert!(!screen.is_alternate() && program.is_cooked(), "{screen}");
}

#[test]
fn a_terminal_that_goes_during_a_write_costs_neither_the_secret_nor_a_processor() {
    let owner = Owner::new();
    let gate = Gate::new();
    let held = Fault::ActThenWait(Wait::Gate(gate.clone()));
    owner.host.add_fault(FaultRule::on("POST", "empty", held));
    let program = owner.start();
    select(&program, "empty");
    program.press("n").wait_for("panel, until").enter();
    program.wait_for("waiting for the server");
    let pid = program.pid();
    program.hang_up();
    // A program that spins uses all the time that there is.
    let ticks = || -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields = stat.rsplit_once(") ").unwrap().1;
        let mut times = fields.split(' ').skip(11).take(2);
        let mut next = || times.next().unwrap().parse::<u64>().unwrap();
        next() + next()
    };
    let before = ticks();
    std::thread::sleep(std::time::Duration::from_secs(2));
    let used = ticks() - before;
    assert!(used < 50, "{used} of 200 ticks");
    gate.open();
    let secret = rescued(&owner);
    assert!(owner.host.accepts(&secret, "empty"));
    program.wait_exit();
}

#[test]
#[cfg(target_os = "linux")]
fn a_terminal_that_is_gone_is_noticed_without_a_signal() {
    let owner = Owner::new();
    // The shell leads the session: the signal is for it alone, and it wants none.
    let script = format!("trap '' HUP; '{}'; exit 7", env!("CARGO_BIN_EXE_orgward"));
    let program = Program::shell(&script)
        .home(owner.home.path())
        .env(super::support::fixture::VARIABLE, owner.credential())
        .size(110, 30)
        .start();
    program.wait_until("every slot read", |screen| {
        screen.contains("acme") && !screen.contains("reading")
    });
    program.hang_up();
    assert_eq!(program.wait_exit(), Exit::Code(7));
}

#[test]
fn a_write_in_flight_is_awaited_and_its_secret_rescued() {
    let owner = Owner::new();
    let gate = Gate::new();
    let rule = FaultRule::on(
        "POST",
        "empty",
        Fault::ActThenWait(Wait::Gate(gate.clone())),
    );
    owner.host.add_fault(rule);
    let program = owner.start();
    select(&program, "empty");
    program.press("n").wait_for("panel, until").enter();
    program.wait_for("waiting for the server");
    program
        .esc()
        .wait_until("the word in the status line", |screen| {
            screen.text().matches("waiting for the server").count() == 2
        });
    program.press("q").wait_for("the program ends afterwards");
    program.signal(Signal::TERM);
    // The screen is gone, and the program still waits for the answer.
    program.wait_until("the screen given back", |screen| !screen.is_alternate());
    assert_eq!(program.exited(), None);
    gate.open();
    assert_eq!(program.wait_exit(), Exit::Code(143));
    assert!(owner.host.accepts(&rescued(&owner), "empty"));
    assert_eq!(owner.writes().len(), 1);
}

#[test]
fn leaving_during_a_write_waits_and_then_asks() {
    let owner = Owner::new();
    let gate = Gate::new();
    let rule = FaultRule::on(
        "POST",
        "empty",
        Fault::WaitThenAct(Wait::Gate(gate.clone())),
    );
    owner.host.add_fault(rule);
    let program = owner.start();
    select(&program, "empty");
    program.press("n").wait_for("panel, until").enter();
    program.wait_for("waiting for the server");
    program.ctrl('c').wait_for("the program ends afterwards");
    gate.open();
    program.wait_for("Undelivered secret");
    program.type_text("lose").enter();
    assert_eq!(program.wait_exit(), Exit::Code(0));
}

#[test]
fn leaving_during_a_write_tells_what_became_of_it() {
    let owner = Owner::new();
    let gate = Gate::new();
    let fault = Fault::WaitThenAct(Wait::Gate(gate.clone()));
    owner.host.add_fault(FaultRule::on("DELETE", "acme", fault));
    let program = owner.start();
    select(&program, "acme");
    program.press("d").wait_for("Delete the organization token");
    program
        .type_text("acme")
        .wait_for("Enter to delete")
        .enter();
    program.wait_for("waiting for the server");
    program.press("q").wait_for("the program ends afterwards");
    gate.open();
    assert_eq!(program.wait_exit(), Exit::Code(0));
    let screen = program.look();
    assert!(!screen.is_alternate(), "{screen}");
    let told = "orgward: acme on tfe.corp.example: deleted";
    assert_eq!(screen.to_string().matches(told).count(), 1, "{screen}");
}

#[test]
fn suspending_gives_the_screen_back_and_hides_a_revealed_secret() {
    let owner = Owner::new();
    let program = owner.start();
    generate(&program);
    program.press("v").wait_gone("••••••••").wait_for("atlasv1");
    program.ctrl('z').wait_stopped();
    program.wait_until("the shell's screen", |screen| !screen.is_alternate());
    assert!(program.is_cooked());
    program.signal(Signal::CONT);
    program.wait_for("••••••••");
    assert!(!program.screen().contains("atlasv1"));
    program.press("?").wait_for("In the list");
}

#[test]
fn an_answer_that_was_lost_is_found_out_and_said() {
    let owner = Owner::new();
    owner.host.add_fault(FaultRule::on(
        "POST",
        "acme",
        Fault::Acted(orgward::demo::Reply::Close),
    ));
    let program = owner.start();
    let before = owner.token("acme").unwrap();
    select(&program, "acme");
    program.press("n").wait_for("panel, until");
    program
        .type_text("acme")
        .wait_for("Enter to replace")
        .enter();
    program.wait_for("The token was replaced and its secret is lost");
    program.stable();
    let now = owner.token("acme").unwrap();
    assert_ne!(before, now);
    program.wait_for(&now);
    // The next step is one key away.
    program
        .press("n")
        .wait_for("Replace the organization token")
        .wait_for(&now);
    assert_eq!(owner.writes().len(), 1);
}

#[test]
fn what_an_earlier_run_left_open_is_shown_at_the_next_start() {
    let owner = Owner::new();
    let gate = Gate::new();
    let rule = FaultRule::on(
        "POST",
        "empty",
        Fault::ActThenWait(Wait::Gate(gate.clone())),
    );
    owner.host.add_fault(rule);
    let program = owner.start();
    select(&program, "empty");
    program.press("n").wait_for("panel, until").enter();
    program.wait_for("waiting for the server");
    program.signal(Signal::KILL);
    assert_eq!(program.wait_exit(), Exit::Signal(9));
    gate.open();
    let again = owner.program().start();
    again
        .wait_for("recorded outcome")
        .wait_for("empty on tfe.corp.example");
}
