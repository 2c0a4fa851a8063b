//! The fault table: what the owner is told, what is true on the host, where the
//! secret is. Cases that read the same become one row.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use orgward::action::{Delivery, NotDone, Outcome};

use crate::stage::{Deed, Stage};

/// What one case showed.
pub struct Row {
    pub step: &'static str,
    pub fault: String,
    pub deed: Deed,
    pub told: String,
    pub truth: &'static str,
    pub secret: &'static str,
    /// How many faults were injected.
    pub faults: usize,
}

/// What was told, what is true, where the secret is.
type Said = (String, &'static str, &'static str);

/// The words of the screen, without what differs from scene to scene.
pub fn told(outcome: &Outcome) -> String {
    let words = match outcome {
        Outcome::NotDone(NotDone::Journal(_)) => {
            "nothing was done: the journal cannot be written".to_owned()
        }
        Outcome::NotDone(NotDone::Changed(_)) => {
            "nothing was done: the slot has changed".to_owned()
        }
        Outcome::CannotTell { .. } => "cannot be told: …".to_owned(),
        Outcome::Refused { .. } => "refused: …".to_owned(),
        Outcome::Generated(done) => match &done.delivery {
            Delivery::Failed { .. } => format!("{}, and is delivered nowhere", outcome.words()),
            _ => outcome.words(),
        },
        other => other.words(),
    };
    match words.match_indices(": ").nth(1) {
        Some((at, _)) => format!("{}: …", &words[..at]),
        None => words,
    }
}

/// What the slot holds now, compared with what it held.
pub fn truth(stage: &Stage) -> &'static str {
    let witnesses = stage.witnesses.lock().unwrap();
    let acted = witnesses.iter().any(|witness| witness.acted());
    match (acted, stage.holds().is_some(), witnesses.is_empty()) {
        (true, true, _) => "a new token",
        (true, false, _) => "no token any more",
        (false, _, true) => "no request came",
        (false, _, false) => "as it was",
    }
}

/// Where the secret is.
pub fn secret(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Generated(done) => match &done.delivery {
            Delivery::Delivered(_) => "delivered",
            Delivery::Kept => "held, in the panel",
            Delivery::Failed { .. } => "held, in the panel; the rescue takes it at the end",
        },
        Outcome::SecretLost { .. } => "lost on the way, and said so",
        Outcome::CannotTell { .. } => "none was received",
        _ => "there is none",
    }
}

/// The table as Markdown.
pub fn render(rows: &[Row]) -> String {
    let mut steps = Vec::new();
    let mut lines: BTreeMap<(usize, String), BTreeMap<Said, BTreeSet<Deed>>> = BTreeMap::new();
    for row in rows {
        if !steps.contains(&row.step) {
            steps.push(row.step);
        }
        let step = steps.iter().position(|step| *step == row.step);
        lines
            .entry((step.unwrap_or_default(), row.fault.clone()))
            .or_default()
            .entry((row.told.clone(), row.truth, row.secret))
            .or_default()
            .insert(row.deed);
    }
    let faults: usize = rows.iter().map(|row| row.faults).sum();
    let mut text = format!(
        "{} actions with {faults} injected faults, on HCP Terraform (both kinds of token), \
         Terraform Enterprise and a bare server.\n",
        rows.len()
    );
    for (number, step) in steps.iter().enumerate() {
        let _ = write!(
            text,
            "\n## {step}\n\n| fault | action | told | true on the host | the secret |\n|---|---|---|---|---|\n"
        );
        for ((_, fault), told) in lines.iter().filter(|((step, _), _)| *step == number) {
            for ((words, truth, secret), deeds) in told {
                let deeds: Vec<&str> = deeds.iter().map(|deed| deed.words()).collect();
                let deeds = deeds.join(", ");
                let _ = writeln!(text, "| {fault} | {deeds} | {words} | {truth} | {secret} |");
            }
        }
    }
    text
}

/// Leaves the table among the build's files.
pub fn write(rows: &[Row]) {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("faults.md");
    std::fs::write(path, render(rows)).unwrap();
}
