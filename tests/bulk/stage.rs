//! Twelve organizations, and the way from the list into a run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::SignedDuration;
use orgward::demo::{Flavour, OrganizationSeed, TokenSeed};
use orgward::journal::{Event, Journal};

use super::support::{Key, Owner, Program, patience, poll};

/// In the order in which a list by organization has them. Those with an even
/// number have a token.
pub const NAMES: [&str; 12] = [
    "acme", "org-01", "org-02", "org-03", "org-04", "org-05", "org-06", "org-07", "org-08",
    "org-09", "org-10", "org-11",
];
/// The third one, at which things happen.
pub const THIRD: &str = "org-02";

/// An owner of all of them; never used, so that nothing goes before its turn.
pub fn twelve() -> Owner {
    let seed = |(n, name): (usize, &&str)| {
        let seed = OrganizationSeed::new(name);
        match n % 2 {
            0 => seed.with_token(TokenSeed::new(SignedDuration::from_hours(24 * 40))),
            _ => seed,
        }
    };
    let seeds = NAMES.iter().enumerate().map(seed).collect();
    let owner = Owner::with(Flavour::Enterprise, seeds);
    std::fs::create_dir(owner.home.path().join("secrets")).unwrap();
    owner
}

/// Where the secret of an organization goes.
pub fn file(owner: &Owner, name: &str) -> PathBuf {
    owner.home.path().join("secrets").join(name)
}

/// The template of those paths.
pub fn template(owner: &Owner) -> String {
    file(owner, "{organization}").to_str().unwrap().to_owned()
}

/// The dialog for all twelve, by organization.
pub fn all_marked(owner: &Owner) -> Program {
    let program = owner.start();
    program.press("s").wait_for("sorted by organization");
    program
        .press("*n")
        .wait_for("Replace 6 and generate 6 tokens");
    program.wait_gone("looking");
    program
}

/// Types the path of the files, and the number.
pub fn confirm_files(program: &Program, path: &str) {
    program.press(Key::BackTab).type_text(path).press(Key::Tab);
    confirm(program);
}

/// Types the number.
pub fn confirm(program: &Program) {
    program.type_text("12").wait_for("Enter to replace").enter();
}

/// A run over all twelve into files, under way.
pub fn running(owner: &Owner) -> Program {
    let program = all_marked(owner);
    confirm_files(&program, &template(owner));
    program
}

/// Waits until so many requests have been sent that change something.
pub fn writes(owner: &Owner, count: usize) {
    let there = || (owner.writes().len() >= count).then_some(());
    poll(patience(), there).expect("the writes come");
    assert_eq!(owner.writes().len(), count);
}

/// The ids of the tokens.
pub fn tokens(owner: &Owner) -> BTreeMap<&'static str, Option<String>> {
    NAMES
        .iter()
        .map(|name| (*name, owner.token(name)))
        .collect()
}

/// The secret that an organization's file holds, if it is there and works.
pub fn delivered(owner: &Owner, name: &str) -> Option<String> {
    let secret = std::fs::read_to_string(file(owner, name)).ok()?;
    assert!(
        owner.host.accepts(&secret, name),
        "{name}: a secret that does not work"
    );
    Some(secret)
}

/// The organizations with an intent in the journal, and of these the ones
/// without an outcome.
pub fn journal(owner: &Owner) -> (Vec<String>, Vec<String>) {
    let records = Journal::in_directory(&owner.state()).records().unwrap();
    let intents = records
        .iter()
        .filter(|record| matches!(record.event, Event::Intent { .. }));
    let finished = |order: &str| {
        let ends = |event: &Event| matches!(event, Event::Outcome { .. });
        records
            .iter()
            .any(|record| record.order == order && ends(&record.event))
    };
    let open = intents.clone().filter(|record| !finished(&record.order));
    (
        intents
            .clone()
            .map(|record| record.organization.clone())
            .collect(),
        open.map(|record| record.organization.clone()).collect(),
    )
}
