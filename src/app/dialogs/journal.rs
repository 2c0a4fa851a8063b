//! The journal: what was done on this machine, the newest first.

use crate::app::field::Field;
use crate::app::keys::{Command, Pressed, moved};
use crate::app::message::EffectId;
use crate::journal::Entry;

/// The view of the journal.
#[derive(Debug)]
pub struct JournalView {
    /// The effect that reads it.
    pub reading: Option<EffectId>,
    /// The orders, newest first; or why there are none to show.
    pub entries: Result<Vec<Entry>, String>,
    /// What is searched for.
    pub filter: Field,
    /// Whether that is being typed.
    pub typing: bool,
    /// The first order shown.
    pub offset: usize,
}

/// What the view wants after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalWish {
    /// Nothing but a redraw.
    Stay,
    /// To be closed.
    Close,
    /// To be read again.
    Read,
}

impl JournalView {
    /// A view of what is being read.
    pub fn new(reading: EffectId) -> Self {
        Self {
            reading: Some(reading),
            entries: Ok(Vec::new()),
            filter: Field::default(),
            typing: false,
            offset: 0,
        }
    }

    /// Takes what was read, oldest first.
    pub fn read(&mut self, entries: Result<Vec<Entry>, String>) {
        self.reading = None;
        self.entries = entries.map(|mut entries| {
            entries.reverse();
            entries
        });
    }

    /// The orders that the filter lets through: every word of it is in one of
    /// their texts.
    pub fn shown(&self) -> Vec<&Entry> {
        let filter = self.filter.text().to_lowercase();
        let words: Vec<&str> = filter.split_whitespace().collect();
        let entries = self.entries.as_deref().unwrap_or_default();
        entries
            .iter()
            .filter(|entry| {
                let text = format!("{}\n{}", headline(entry), details(entry)).to_lowercase();
                words.iter().all(|word| text.contains(word))
            })
            .collect()
    }

    /// Takes a key; `room` orders are shown at once.
    pub fn key(&mut self, pressed: Pressed, room: usize) -> JournalWish {
        if self.typing {
            match pressed.command {
                Some(Command::Act) => self.typing = false,
                Some(Command::Close) => {
                    self.typing = false;
                    self.filter = Field::default();
                }
                _ => {
                    self.filter.key(pressed.key);
                }
            }
            self.offset = 0;
            return JournalWish::Stay;
        }
        let last = self.shown().len().saturating_sub(room);
        // The window, or what passes the filter, may have changed.
        self.offset = self.offset.min(last);
        let Some(command) = pressed.command else {
            return JournalWish::Stay;
        };
        if let Some(to) = moved(self.offset, command, last, room.max(1)) {
            self.offset = to;
            return JournalWish::Stay;
        }
        match command {
            Command::Close if !self.filter.text().is_empty() => {
                self.filter = Field::default();
                self.offset = 0;
            }
            Command::Close | Command::Journal => return JournalWish::Close,
            Command::Refresh | Command::RefreshAll => return JournalWish::Read,
            Command::Filter => self.typing = true,
            _ => {}
        }
        JournalWish::Stay
    }

    /// What the key bar says of a command: nothing while it does nothing.
    pub fn word(&self, command: Command, usual: &'static str, room: usize) -> Option<&'static str> {
        let all = self.entries.as_ref().is_ok_and(|all| !all.is_empty());
        match command {
            Command::Down => (self.shown().len() > room).then_some(usual),
            Command::Filter => all.then_some(usual),
            Command::Close if !self.filter.text().is_empty() => Some("clear"),
            _ => Some(usual),
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        if self.typing {
            self.filter.paste(text);
            self.offset = 0;
        }
    }
}

/// What was done: `2026-11-24 10:00 UTC  replace  acme on app.terraform.io  done`.
pub fn headline(entry: &Entry) -> String {
    let kind = match entry.kind.as_str() {
        "organization" => String::new(),
        other => format!(" ({other})"),
    };
    format!(
        "{}  {}  {} on {}{kind}  {}",
        entry.at.strftime("%Y-%m-%d %H:%M UTC"),
        match entry.action.as_str() {
            "" => "an order",
            action => action,
        },
        entry.organization,
        entry.host,
        entry.finding.as_deref().unwrap_or("no outcome is recorded"),
    )
}

/// The tokens, and where the secret is.
pub fn details(entry: &Entry) -> String {
    let mut parts = Vec::new();
    if let Some(id) = &entry.before {
        parts.push(format!("before: token {id}"));
    }
    if let Some(id) = &entry.now {
        parts.push(format!("then: token {id}"));
    }
    parts.extend(entry.places.iter().cloned());
    if parts.is_empty() {
        parts.extend(entry.to.as_ref().map(|to| format!("to {to}")));
    }
    parts.join("; ")
}
