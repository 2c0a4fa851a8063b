//! A run that is killed: at whatever moment, at most one secret is undelivered,
//! and the journal tells which.

use jiff::SignedDuration;
use orgward::demo::{
    Fault, FaultRule, Flavour, Gate, HostOptions, OrganizationSeed, TokenSeed, Wait,
};

use super::run::scripted;
use super::stage::*;
use super::support::{Exit, Key, Owner, Program, Signal, file_when_there, patience, poll};

/// Kills the program, and looks at what is left.
fn kill(owner: &Owner, program: &Program, before: &Before) {
    program.signal(Signal::KILL);
    assert_eq!(program.wait_exit(), Exit::Signal(9));
    let undelivered: Vec<&str> = NAMES
        .into_iter()
        .filter(|name| owner.token(name) != before[name] && delivered(owner, name).is_none())
        .collect();
    assert!(undelivered.len() <= 1, "{undelivered:?}");
    let (intents, open) = journal(owner);
    assert!(open.len() <= 1, "{open:?}");
    assert!(
        undelivered
            .iter()
            .all(|name| open.iter().any(|open| open == name))
    );
    // Nothing was touched that the journal does not know.
    for name in NAMES {
        let touched = owner.token(name) != before[name];
        assert!(
            !touched || intents.iter().any(|intent| intent == name),
            "{name}"
        );
    }
    // The next start names the one to look at.
    let again = owner.program().start();
    again.wait_for("acme");
    if let Some(name) = open.first() {
        again
            .wait_for("recorded outcome")
            .wait_for(&format!("{name} on tfe.corp.example"));
    }
}

type Before = std::collections::BTreeMap<&'static str, Option<String>>;

#[test]
fn while_the_slot_is_read_again() {
    let owner = twelve();
    let before = tokens(&owner);
    let program = all_marked(&owner);
    let gate = Gate::new();
    let wait = Fault::WaitThenAct(Wait::Gate(gate.clone()));
    let target = format!("{THIRD}/authentication-token");
    owner.host.add_fault(FaultRule::on("GET", &target, wait));
    confirm_files(&program, &template(&owner));
    program
        .wait_for("3 of 12")
        .wait_for("reading the slot again");
    kill(&owner, &program, &before);
    // Nothing was begun with the third.
    let (intents, open) = journal(&owner);
    assert_eq!((intents.len(), open.len()), (2, 0));
    gate.open();
}

#[test]
fn before_the_host_acts() {
    let owner = twelve();
    let before = tokens(&owner);
    let gate = Gate::new();
    let wait = Fault::WaitThenAct(Wait::Gate(gate.clone()));
    owner.host.add_fault(FaultRule::on("POST", THIRD, wait));
    let program = running(&owner);
    writes(&owner, 3);
    kill(&owner, &program, &before);
    assert_eq!(journal(&owner).1, [THIRD]);
    gate.open();
}

#[test]
fn after_the_host_has_acted() {
    let owner = twelve();
    let before = tokens(&owner);
    let gate = Gate::new();
    let wait = Fault::ActThenWait(Wait::Gate(gate.clone()));
    owner.host.add_fault(FaultRule::on("POST", THIRD, wait));
    let program = running(&owner);
    let acted = || (owner.token(THIRD) != before[THIRD]).then_some(());
    poll(patience(), acted).expect("the host acts");
    kill(&owner, &program, &before);
    assert_eq!(journal(&owner).1, [THIRD]);
    gate.open();
}

#[test]
fn while_a_secret_is_delivered() {
    let owner = twelve();
    let before = tokens(&owner);
    scripted(
        &owner,
        "[ \"$1\" = org-02 ] && { echo there >\"$2/../started\"; sleep 600; }\n\
         umask 077; cat >\"$2/$1\"",
    );
    let program = all_marked(&owner);
    program.wait_for("delivery slow");
    confirm(&program);
    file_when_there(&owner.home.path().join("started"));
    kill(&owner, &program, &before);
    assert_eq!(journal(&owner).1, [THIRD]);
}

#[test]
fn at_some_moment_between() {
    for count in [1, 4, 9] {
        let owner = twelve();
        let before = tokens(&owner);
        let program = running(&owner);
        let done = || {
            NAMES
                .iter()
                .filter(|name| file(&owner, name).exists())
                .count()
        };
        poll(patience(), || (done() >= count).then_some(())).expect("files");
        kill(&owner, &program, &before);
    }
}

#[test]
fn two_hundred_slots_in_the_middle() {
    let names: Vec<String> = (0..200).map(|n| format!("org-{n:03}")).collect();
    let seed = |name: &String| {
        let token = TokenSeed::new(SignedDuration::from_hours(24 * 40));
        OrganizationSeed::new(name).with_token(token)
    };
    let owner = Owner::of(HostOptions {
        limit: None,
        ..HostOptions::new(Flavour::Enterprise, names.iter().map(seed).collect())
    });
    let folder = owner.home.path().join("secrets");
    std::fs::create_dir(&folder).unwrap();
    let before: Vec<Option<String>> = names.iter().map(|name| owner.token(name)).collect();
    let program = owner.program().start();
    program.wait_until("every slot read", |screen| {
        screen.contains("200 organizations") && screen.contains("org-000") && {
            !screen.contains(" read") && !screen.contains("reading")
        }
    });
    program.press("*n").wait_for("Replace 200 tokens");
    program.wait_gone("looking");
    program
        .press(Key::BackTab)
        .type_text(&format!("{}/{{organization}}", folder.display()))
        .press(Key::Tab);
    program
        .type_text("200")
        .wait_for("Enter to replace")
        .enter();
    // Not what a proof leaves there for a moment.
    let is_named = |entry: &std::fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        !name.starts_with('.')
    };
    let there = || {
        let entries = std::fs::read_dir(&folder).unwrap().flatten();
        entries.filter(is_named).count() >= 77
    };
    poll(patience(), || there().then_some(())).expect("files");
    program.signal(Signal::KILL);
    assert_eq!(program.wait_exit(), Exit::Signal(9));
    let undelivered: Vec<&String> = names
        .iter()
        .zip(&before)
        .filter(|(name, before)| owner.token(name) != **before && !folder.join(name).exists())
        .map(|(name, _)| name)
        .collect();
    let (intents, open) = journal(&owner);
    assert!(undelivered.len() <= 1, "{undelivered:?}");
    assert!(open.len() <= 1, "{open:?}");
    assert!(undelivered.iter().all(|name| open.contains(name)));
    assert!(intents.len() >= 77 && intents.len() < 200);
    // Nothing was touched that the journal does not know.
    for (name, before) in names.iter().zip(&before) {
        assert!(owner.token(name) == *before || intents.contains(name));
    }
}
