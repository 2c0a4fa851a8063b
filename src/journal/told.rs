//! What the records of a journal tell, order by order: where each secret was
//! brought, and what a program that is gone has left open.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;

use super::{Event, Record};
use crate::slot::Slot;
use crate::text::safe;

/// How the place of a secret begins that is nowhere but in the program.
pub const UNDELIVERED: &str = "undelivered: ";
/// How the place of a secret begins that may not have arrived.
pub const SENT: &str = "sent to ";
/// How the place of a rescue that failed begins.
pub const LOST: &str = "lost: ";
/// How the place of a rescued secret begins that lies in a file.
const FILE: &str = "file ";

/// Whether a secret is in a place for certain, by the words for the place.
pub fn is_certain(place: &str) -> bool {
    ![UNDELIVERED, SENT, LOST]
        .iter()
        .any(|start| place.starts_with(start))
}

/// One order, from its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub order: String,
    /// When its intent was recorded; of an order that was not to be recorded,
    /// its first record.
    pub at: Timestamp,
    /// The process that performed it.
    pub pid: u32,
    /// Where. Text of a file that anything may have written: safe to show.
    pub host: String,
    /// Of which organization.
    pub organization: String,
    /// `organization` or `audit-trails`.
    pub kind: String,
    /// `generate`, `replace` or `delete`; empty without an intent.
    pub action: String,
    /// The id of the token that was there.
    pub before: Option<String>,
    /// Where a new secret was to go.
    pub to: Option<String>,
    /// What became of it; none while it runs, and for ever if the program was
    /// killed.
    pub finding: Option<String>,
    /// The id of the token afterwards, where known.
    pub now: Option<String>,
    /// What is known of the secret's place, the latest last.
    pub places: Vec<String>,
    /// Whether the secret was never known to be delivered, let go or rescued.
    pub undelivered: bool,
    /// Whether the program had to end, and the secret was brought to safety: its
    /// owner is told at the next start.
    pub rescued: bool,
    /// Whether the owner of a later run has seen that it was left open, and it has
    /// nothing new to tell: the program that was taken for gone may have gone on,
    /// on another machine with the same home.
    pub seen: bool,
}

impl Entry {
    /// Whether it needs a look: no outcome, a secret that is nowhere, or one that
    /// was rescued.
    pub fn is_open(&self) -> bool {
        self.finding.is_none() || self.undelivered || self.rescued
    }

    /// Whether it is about this slot.
    pub fn is_of(&self, slot: &Slot) -> bool {
        self.host == slot.host.as_str()
            && self.organization == *slot.organization
            && self.kind == slot.kind.as_str()
    }
}

/// An order that was left open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOpen {
    /// The order.
    pub entry: Entry,
    /// Whether the program that performed it may still be at it.
    pub running: bool,
    /// Whether its secret was rescued into a file that is there no longer.
    pub file_is_gone: bool,
}

impl LeftOpen {
    /// Looks at what an order's words are about: blocks.
    pub(super) fn look(entry: Entry) -> Self {
        let mut left = Self {
            running: is_running(entry.pid),
            file_is_gone: false,
            entry,
        };
        // A folder that cannot be looked into may have it still.
        let is_gone = |file: &Path| matches!(file.try_exists(), Ok(false));
        left.file_is_gone = left.rescue_file().is_some_and(is_gone);
        left
    }

    /// The file that the secret was rescued into.
    pub fn rescue_file(&self) -> Option<&Path> {
        let place = self.entry.places.last().filter(|_| self.entry.rescued)?;
        place.strip_prefix(FILE).map(Path::new)
    }

    /// What was left open, as a clause; `at` is when its order was given, in words.
    pub fn words(&self, at: &str) -> String {
        let entry = &self.entry;
        let kind = match entry.kind.as_str() {
            "organization" => String::new(),
            other => format!(" ({other} token)"),
        };
        let place = format!("{} on {}{kind}", entry.organization, entry.host);
        let what = match (&entry.finding, entry.places.last()) {
            (_, Some(place)) if entry.rescued && self.file_is_gone => format!(
                "the new secret of {at} was rescued into {place}, which is not there any more"
            ),
            (_, Some(place)) if entry.rescued => format!(
                "the new secret of {at} was rescued: bring it to its place from {place}, and \
                 remove it there"
            ),
            (_, Some(lost)) if lost.starts_with(LOST) => {
                format!("the new secret of {at} is {lost}")
            }
            (None, _) => {
                let action = match entry.action.as_str() {
                    "" => "an order",
                    "replace" => "a replace",
                    "delete" => "a delete",
                    _ => "a generate",
                };
                format!("{action} of {at} has no recorded outcome")
            }
            (Some(_), Some(sent)) if sent.starts_with(SENT) => {
                format!("the new secret of {at} was {sent}, and is not known to have arrived")
            }
            (Some(_), _) => {
                format!("the new secret of {at} was nowhere but in the program when that ended")
            }
        };
        let running = match self.running {
            true => format!("; process {} may still be at it", entry.pid),
            false => String::new(),
        };
        format!("{place}: {what}{running}")
    }
}

/// The orders of these records, oldest first.
pub fn entries(records: &[Record]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut index: HashMap<&str, usize> = HashMap::new();
    for record in records {
        // A plan is no order; its orders have records of their own.
        if matches!(record.event, Event::Planned { .. }) {
            continue;
        }
        let at = *index.entry(&record.order).or_insert_with(|| {
            entries.push(Entry {
                order: record.order.clone(),
                at: record.at,
                pid: record.pid,
                host: safe(&record.host),
                organization: safe(&record.organization),
                kind: safe(&record.kind),
                action: String::new(),
                before: None,
                to: None,
                finding: None,
                now: None,
                places: Vec::new(),
                undelivered: false,
                rescued: false,
                seen: false,
            });
            entries.len() - 1
        });
        let entry = &mut entries[at];
        let safe_text = |text: &Option<String>| text.as_deref().map(safe);
        match &record.event {
            Event::Intent { action, token, to } => {
                entry.action = safe(action);
                entry.before = safe_text(token);
                entry.to = safe_text(to);
            }
            Event::Outcome {
                finding,
                token,
                delivery,
            } => {
                entry.finding = Some(safe(finding));
                entry.now = safe_text(token);
                if let Some(place) = delivery {
                    entry.undelivered = !is_certain(place);
                    entry.places.push(safe(place));
                }
                entry.seen &= !entry.is_open();
            }
            Event::Delivered { delivery } => {
                // Or was taken from where it was.
                entry.undelivered = match delivery.starts_with(UNDELIVERED) {
                    true => true,
                    false => entry.undelivered && !is_certain(delivery),
                };
                entry.rescued = false;
                entry.places.push(safe(delivery));
            }
            Event::LetGo => {
                entry.undelivered = false;
                entry.places.push("let go by its owner".to_owned());
            }
            Event::Rescued { delivery, token } => {
                entry.now = safe_text(token).or(entry.now.take());
                entry.undelivered = !is_certain(delivery);
                entry.rescued = !entry.undelivered;
                entry.places.push(safe(delivery));
                entry.seen = false;
            }
            Event::Planned { .. } => {}
            Event::Seen => entry.seen = true,
        }
    }
    entries
}

/// Whether a process with this number is another run of this program, as far as
/// the system tells.
fn is_running(pid: u32) -> bool {
    if pid == std::process::id() {
        return false;
    }
    if cfg!(target_os = "linux") {
        let name = |of: &str| std::fs::read(format!("/proc/{of}/comm")).ok();
        return name("self").is_some_and(|own| name(&pid.to_string()) == Some(own));
    }
    #[cfg(unix)]
    if let Some(pid) = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        return rustix::process::test_kill_process(pid).is_ok();
    }
    false
}
