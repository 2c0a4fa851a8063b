//! The fault table, docs/faults.md: what the owner sees, what is true on the
//! host, where the secret is. Faults that end in the same become one row.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

use orgward::action::{Delivery, Outcome};

use crate::stage::{Deed, Ground, Stage};

/// The command that writes the table anew.
const RENEW: &str = "write it anew with `ORGWARD_RENEW=1 cargo test --test action` and look at it";

/// What one case showed.
#[derive(Clone)]
pub struct Row {
    /// Its place among all cases.
    pub number: usize,
    pub step: &'static str,
    pub fault: String,
    pub deed: Deed,
    pub ground: Ground,
    pub to: &'static str,
    /// The exact words of the screen.
    pub seen: String,
    pub truth: &'static str,
    pub secret: &'static str,
    /// How many faults were injected.
    pub faults: usize,
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

/// The actions that one fault met, and where the secret was to go.
#[derive(Default, PartialEq, Eq)]
struct Met {
    deeds: BTreeSet<Deed>,
    /// Only where they make a difference.
    grounds: BTreeSet<Ground>,
    destinations: BTreeSet<&'static str>,
}

/// One row of the table.
struct Line {
    step: &'static str,
    faults: Vec<String>,
    met: Met,
    seen: String,
    truth: &'static str,
    secret: &'static str,
}

impl Line {
    fn same_end(&self, other: &Self) -> bool {
        self.step == other.step
            && (&self.seen, self.truth, self.secret) == (&other.seen, other.truth, other.secret)
    }
}

/// Whether the kinds of host make a difference to this row: another one with the
/// same fault, action and destination ended differently.
fn depends_on_ground(rows: &[Row], row: &Row) -> bool {
    rows.iter().any(|other| {
        (other.step, &other.fault, other.deed, other.to) == (row.step, &row.fault, row.deed, row.to)
            && (&other.seen, other.truth, other.secret) != (&row.seen, row.truth, row.secret)
    })
}

/// One line for each fault and end, then faults that met the same in one.
fn lines(rows: &[Row]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for row in rows {
        let mut line = Line {
            step: row.step,
            faults: vec![row.fault.clone()],
            met: Met::default(),
            seen: row.seen.clone(),
            truth: row.truth,
            secret: row.secret,
        };
        let known = lines
            .iter()
            .position(|known| known.same_end(&line) && known.faults == line.faults);
        let met = match known {
            Some(at) => &mut lines[at].met,
            None => &mut line.met,
        };
        met.deeds.insert(row.deed);
        if depends_on_ground(rows, row) {
            met.grounds.insert(row.ground);
        }
        met.destinations.insert(row.to);
        if known.is_none() {
            lines.push(line);
        }
    }
    let mut merged: Vec<Line> = Vec::new();
    for line in lines {
        match merged
            .iter_mut()
            .find(|known| known.same_end(&line) && known.met == line.met)
        {
            Some(known) => known.faults.extend(line.faults),
            None => merged.push(line),
        }
    }
    merged
}

fn list<T>(items: &BTreeSet<T>, words: impl Fn(&T) -> &'static str) -> String {
    items.iter().map(words).collect::<Vec<_>>().join(", ")
}

/// The table as Markdown.
fn render(rows: &[Row]) -> String {
    let faults: usize = rows.iter().map(|row| row.faults).sum();
    let mut text = format!(
        "# Faults\n\n\
         What an owner sees when something goes wrong on the way of one action, what is true on the \n\
         host then, and where the secret is. Written by `tests/action`, which injects each of these \n\
         faults into the real program parts between an owner and the embedded host, and fails when \n\
         a statement is not true of the host or a secret is neither delivered nor held: \n\
         **{} actions, {faults} injected faults.**\n\n\
         `BEFORE` is the id of the token that the owner saw, `NOW` of the one that is there at the \n\
         end. Where no host is named, it makes no difference which it is: {}.\n",
        rows.len(),
        list(&Ground::ALL.into(), |ground| ground.words()),
    )
    .replace(" \n", "\n");
    let mut step = "";
    for line in lines(rows) {
        if line.step != step {
            step = line.step;
            let _ = write!(
                text,
                "\n## {}{}\n\n\
                 | fault | action | secret to | the owner sees | true on the host | the secret |\n\
                 |---|---|---|---|---|---|\n",
                step[..1].to_uppercase(),
                &step[1..]
            );
        }
        let mut deeds = list(&line.met.deeds, |deed| deed.words());
        if !line.met.grounds.is_empty() {
            let grounds = list(&line.met.grounds, |ground| ground.words());
            let _ = write!(deeds, " ({grounds})");
        }
        let to = match line.met.deeds.iter().all(|deed| *deed == Deed::Delete) {
            true => String::new(),
            false => list(&line.met.destinations, |to| to),
        };
        let cells = [
            line.faults.join("; "),
            deeds,
            to,
            line.seen,
            line.truth.to_owned(),
            line.secret.to_owned(),
        ];
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

/// Compares the table in docs with this run, or writes it.
pub fn check(mut rows: Vec<Row>) {
    rows.sort_by_key(|row| row.number);
    let table = render(&rows);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    if std::env::var_os("ORGWARD_RENEW").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, table).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; {RENEW}", path.display()));
    let first = kept
        .lines()
        .zip(table.lines())
        .find(|(old, new)| old != new);
    assert!(
        kept == table,
        "docs/faults.md is out of date; {RENEW}\nfirst difference: {first:#?}"
    );
}
