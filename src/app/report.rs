//! The table of what became of many slots: one line says all that is to be known
//! of a slot, since nobody opens two hundred notices.

use unicode_width::UnicodeWidthStr;

use super::dialogs::{one_host, short_name};
use super::keys::{Command, moved};
use super::wrap::wrapped;
use crate::action::{After, Delivery, Generated, NotDone, Outcome};
use crate::expiry;
use crate::fleet::{Own, in_brackets};
use crate::slot::{Identity, Slot, Time};

/// What became of one slot.
#[derive(Clone, Debug)]
pub struct Line {
    /// Which slot.
    pub slot: Slot,
    /// What became of it and where its secret is.
    pub words: String,
    /// How it is to be shown.
    pub mood: Mood,
}

/// How a line is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It was done.
    Done,
    /// It was not.
    Failed,
    /// Nothing was begun.
    Left,
}

/// The table of what became of each slot; there until Esc.
#[derive(Debug)]
pub struct Report {
    /// Its headline.
    pub title: &'static str,
    /// What is to be known first.
    pub summary: Vec<String>,
    /// The slots.
    pub lines: Vec<Line>,
    /// The first line of the table that is shown.
    pub offset: usize,
}

/// One line of the table as it is drawn.
pub struct Drawn {
    /// The slot's name; empty where the line goes on.
    pub name: String,
    /// The words, or a part of them.
    pub words: String,
    /// How it is to be shown.
    pub mood: Mood,
}

/// The columns for the names, at most, with the gap behind them.
const NAME: usize = 30;

impl Report {
    /// Whether all that was wanted is done.
    pub fn is_good(&self) -> bool {
        self.lines.iter().all(|line| line.mood != Mood::Failed)
    }

    /// The table in lines of at most `width` columns, and the columns for the
    /// names.
    pub fn drawn(&self, width: usize) -> (Vec<Drawn>, usize) {
        let one_host = one_host(self.lines.iter().map(|line| &line.slot)).is_some();
        let name = |slot: &Slot| short_name(slot, one_host);
        let longest = self.lines.iter().map(|line| name(&line.slot).width()).max();
        let column = longest.unwrap_or(0).min(NAME).min(width / 2) + 2;
        let mut drawn = Vec::new();
        for line in &self.lines {
            let mut name = name(&line.slot);
            for words in wrapped(&line.words, width.saturating_sub(column).max(8)) {
                drawn.push(Drawn {
                    name: std::mem::take(&mut name),
                    words,
                    mood: line.mood,
                });
            }
        }
        (drawn, column)
    }

    /// Takes a key; true when the table is to be closed. `last` is the line that
    /// stands first when the end is shown, `page` the lines that are shown.
    pub fn key(&mut self, command: Option<Command>, last: usize, page: usize) -> bool {
        let to = command.and_then(|command| moved(self.offset, command, last, page));
        self.offset = to.unwrap_or(self.offset);
        command == Some(Command::Close)
    }
}

/// One line: what became of the slot, where its secret is, what else to know.
pub(super) fn words(outcome: &Outcome) -> String {
    let (mut words, note) = match outcome {
        Outcome::Generated(done) => (generated(done), done.note.as_ref()),
        Outcome::Deleted { note } => ("deleted".to_owned(), note.as_ref()),
        Outcome::Gone { note } => (outcome.words(), note.as_ref()),
        Outcome::NothingHappened { why, .. } => (outcome.words(), Some(why)),
        Outcome::NotDone(NotDone::Stopped) => ("stopped; nothing was changed".to_owned(), None),
        Outcome::Refused { after, .. } if matches!(after, After::Changed(_)) => {
            (format!("{}; {}", outcome.words(), after.words()), None)
        }
        _ => (outcome.words(), None),
    };
    if let Some(note) = note {
        words.push_str("; ");
        words.push_str(note);
    }
    words
}

fn generated(done: &Generated) -> String {
    let mut words = match done.before {
        Identity::None => "generated",
        _ => "replaced",
    }
    .to_owned();
    words.push_str(", ");
    words.push_str(&done.delivery.place());
    if let Delivery::Failed { why, .. } = &done.delivery {
        words.push_str(": ");
        words.push_str(why);
    }
    match (done.asked, done.token.expires_at) {
        (None, _) => {}
        (Some(asked), Time::At(ends)) if ends == asked => {}
        (Some(_), Time::Unknown) => words.push_str("; the host does not say when it ends"),
        (Some(_), ends) => words.push_str(&format!(
            "; it ends {}, which is not what was asked for",
            ends.words(expiry::wire)
        )),
    }
    if done.own == Own::Yes {
        words.push_str("; it was your credential");
        words.push_str(&in_brackets(done.account.as_deref()));
        words.push_str(", this program goes on with the new one");
        if let Some(origin) = &done.stored {
            words.push_str(&format!(", the old one is still stored in {origin}"));
        }
    }
    words
}
