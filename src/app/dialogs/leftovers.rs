//! What earlier runs left behind: orders without an outcome, secrets that were
//! nowhere, rescued secrets. Told together with what the hosts say now, as soon
//! as they say it.

use jiff::tz::TimeZone;

use super::notice::{Next, Notice};
use crate::api::UNKNOWN;
use crate::app::keys::Command;
use crate::app::list::List;
use crate::app::when::exact;
use crate::journal::{Entry, LeftOpen};
use crate::slot::{Found, Host, Kind, Slot};

/// The notice of the start.
#[derive(Debug)]
pub struct Leftovers {
    /// The orders.
    pub orders: Vec<LeftOpen>,
    /// What else was left: one line each.
    pub lines: Vec<String>,
}

/// What the owner wants after a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftoversWish {
    /// Nothing.
    Stay,
    /// To close it.
    Close,
    /// To close it, and a new token for this slot.
    New(Slot),
}

impl Leftovers {
    /// What it says now.
    pub fn notice(&self, list: &List, zone: &TimeZone) -> Notice {
        let mut lines: Vec<String> = self
            .orders
            .iter()
            .map(|left| {
                let at = exact(left.entry.at, zone);
                format!("{}. {}", left.words(&at), now(left, list, zone))
            })
            .collect();
        lines.extend(self.lines.iter().cloned());
        Notice {
            title: "From an earlier run".to_owned(),
            lines,
            bad: true,
            next: self.next(list),
        }
    }

    /// With one order only, its next step. Never one that would kill a token while
    /// its rescued secret waits.
    pub fn next(&self, list: &List) -> Option<Next> {
        let [left] = self.orders.as_slice() else {
            return None;
        };
        let slot = slot(&left.entry)?;
        let state = list.row(&slot)?.state();
        let may_replace = state.allows_replace() && !has_secret(left);
        let possible = state.allows_generate() || may_replace;
        (possible && left.entry.action != "delete").then_some(Next::New(slot))
    }

    /// Takes a key.
    pub fn key(&self, command: Option<Command>, list: &List) -> LeftoversWish {
        match command {
            Some(Command::Close) => LeftoversWish::Close,
            Some(Command::New) => match self.next(list) {
                Some(Next::New(slot)) => LeftoversWish::New(slot),
                _ => LeftoversWish::Stay,
            },
            _ => LeftoversWish::Stay,
        }
    }

    /// The orders of which everything has been told: those need not be told at
    /// the next start. `is_gone` says of a slot without a row that it will have
    /// none in this run because it is not there.
    pub fn told(&self, list: &List, is_gone: impl Fn(&Slot) -> bool) -> Vec<(String, Slot)> {
        let known = |left: &&LeftOpen| {
            let slot = slot(&left.entry);
            let told = slot.is_none_or(|slot| match list.row(&slot) {
                None => is_gone(&slot),
                Some(row) => row.reading.as_ref().is_some_and(|reading| {
                    let found = &reading.found;
                    matches!(found, Found::Token(_) | Found::None | Found::Unclear)
                }),
            });
            !left.running && told
        };
        self.orders
            .iter()
            .filter(known)
            .filter_map(|left| Some((left.entry.order.clone(), slot(&left.entry)?)))
            .collect()
    }
}

/// The slot of an order; none where its kind is one that this program does not
/// know.
fn slot(entry: &Entry) -> Option<Slot> {
    let kinds = [Kind::Organization, Kind::AuditTrails];
    let kind = kinds.into_iter().find(|kind| kind.as_str() == entry.kind)?;
    Some(Slot {
        kind,
        ..Slot::new(&Host::new(&entry.host), &entry.organization)
    })
}

/// Whether the order's secret was rescued and waits for its owner.
fn has_secret(left: &LeftOpen) -> bool {
    left.entry.rescued && !left.file_is_gone
}

/// What the host says now, and what that means.
fn now(left: &LeftOpen, list: &List, zone: &TimeZone) -> String {
    let entry = &left.entry;
    let row = slot(entry).and_then(|slot| list.row(&slot));
    let Some(row) = row else {
        return "Its slot is not on this screen: look at it before anything else.".to_owned();
    };
    let Some(reading) = &row.reading else {
        return "What is there now is being read.".to_owned();
    };
    let token = match &reading.found {
        Found::Token(token) => token,
        Found::None if entry.action == "delete" => {
            return "The token is gone: no token is there now.".to_owned();
        }
        Found::None if has_secret(left) => {
            return "No token is there now: the rescued secret is of no use any more.".to_owned();
        }
        Found::None => return "No token is there now.".to_owned(),
        _ => {
            let why = row.words().unwrap_or_else(|| row.state().meaning());
            return format!("What is there now cannot be told: {why}.");
        }
    };
    let created = token
        .created_at
        .map(|at| format!(", created {}", exact(at, zone)))
        .unwrap_or_default();
    let there = format!("token {} is there now{created}", token.id);
    if has_secret(left) {
        return rescued(entry, &token.id, &there);
    }
    if entry.now.as_deref() == Some(&token.id) {
        return format!("Its {there}; unless you have its secret, replace it again.");
    }
    match (&entry.before, entry.action.as_str()) {
        (Some(before), _) if **before == *token.id => {
            format!("The {there}: the same as before.")
        }
        (Some(before), "delete") => {
            format!("The token {before} is gone; another {there}.")
        }
        (Some(before), _) => format!(
            "Another {there}; before it was {before}. Unless another owner generated it, nobody \
             has its secret: replace it again."
        ),
        (None, "generate") => format!(
            "A {there}; before there was none. Unless another owner generated it, nobody has its \
             secret: replace it."
        ),
        (None, _) => format!("A {there}; what was there before could not be seen."),
    }
}

/// The same where the order's secret waits: is it the one of the token that is
/// `there`? Its id is not known where the host's answer gave none, or an older
/// program recorded the rescue.
fn rescued(entry: &Entry, id: &str, there: &str) -> String {
    match entry.now.as_deref().filter(|now| *now != UNKNOWN) {
        Some(now) if now == id => format!("Its {there}, and the rescued secret is for it."),
        Some(now) => {
            format!("Another {there}; the rescued secret is for {now}, which is gone.")
        }
        None if entry.before.as_deref() == Some(id) => {
            format!("The {there}: the same as before, so the rescued secret is not for it.")
        }
        None => format!(
            "A {there}; the rescued secret is for it, unless somebody has replaced it since."
        ),
    }
}
