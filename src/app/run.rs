//! Many orders, one after the other, and the table of what became of them.
//!
//! The next order begins only after the outcome of the one before is known and
//! journalled, so that whatever ends the program leaves at most one secret
//! undelivered. After anything but a clear answer the run stops: going on where
//! answers are lost would lose more of them.

use std::collections::VecDeque;

use unicode_width::UnicodeWidthStr;

use super::dialogs::{one_host, short_name};
use super::help::wrapped;
use super::keys::{Command, moved};
use crate::action::{After, Delivery, Generated, NotDone, Order, Outcome, Verb};
use crate::expiry;
use crate::fleet::Own;
use crate::slot::{Found, Identity, Slot, Time};

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

/// Why a run ends before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stop {
    Owner,
    Credential,
    Delivery,
    Failure,
}

/// The orders that are performed one after the other.
#[derive(Debug)]
pub struct Run {
    /// What the whole is called.
    pub verb: Verb,
    /// How many orders there were.
    pub total: usize,
    waiting: VecDeque<Order>,
    lines: Vec<Line>,
    /// How many were tried and stay as they were.
    undone: usize,
    stop: Option<Stop>,
}

/// A secret that is not where it was to go.
pub type Stranded = Box<Generated>;

impl Run {
    /// A run of these orders.
    pub fn new(verb: Verb, orders: Vec<Order>) -> Self {
        Self {
            verb,
            total: orders.len(),
            waiting: orders.into(),
            lines: Vec::new(),
            undone: 0,
            stop: None,
        }
    }

    /// How many orders have an outcome.
    pub fn done(&self) -> usize {
        self.lines.len()
    }

    /// Whether no further order begins.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_some()
    }

    /// The owner wants no further order to begin.
    pub fn stop(&mut self) {
        self.stop.get_or_insert(Stop::Owner);
    }

    /// The next order; none when the run is over.
    pub fn next_order(&mut self) -> Option<Order> {
        match self.stop {
            Some(_) => None,
            None => self.waiting.pop_front(),
        }
    }

    /// Takes the outcome of the order under way. A secret that is not where it
    /// was to go comes back.
    pub fn take(&mut self, slot: &Slot, outcome: Outcome) -> Option<Stranded> {
        let (stop, mood) = match &outcome {
            Outcome::Generated(done) => match &done.delivery {
                Delivery::Delivered(delivered) if delivered.certain => (None, Mood::Done),
                _ => (Some(Stop::Delivery), Mood::Failed),
            },
            Outcome::Deleted { .. } | Outcome::Gone { .. } => (None, Mood::Done),
            Outcome::Refused { status: 401, .. } => (Some(Stop::Credential), Mood::Failed),
            Outcome::Refused {
                after: After::Changed(_),
                ..
            } => (Some(Stop::Failure), Mood::Failed),
            Outcome::Refused { .. } => (None, Mood::Failed),
            Outcome::NotDone(why) => (stops(why), Mood::Failed),
            Outcome::NothingHappened { .. }
            | Outcome::SecretLost { .. }
            | Outcome::CannotTell { .. } => (Some(Stop::Failure), Mood::Failed),
        };
        self.lines.push(Line {
            slot: slot.clone(),
            words: words(&outcome),
            mood,
        });
        let done = mood == Mood::Done || matches!(outcome, Outcome::Generated(_));
        self.undone += usize::from(!done);
        if stop.is_some() {
            self.stop = stop;
        }
        match outcome {
            Outcome::Generated(done) if mood == Mood::Failed => Some(done),
            _ => None,
        }
    }

    /// The table at the end.
    pub fn report(self) -> Report {
        let done = self.lines.iter().filter(|line| line.mood == Mood::Done);
        let done = done.count();
        let marked = self.waiting.len() + self.undone;
        let stop = self.stop.filter(|_| done < self.total);
        let mut lines = self.lines;
        lines.extend(self.waiting.into_iter().map(|order| Line {
            slot: order.slot,
            words: "not begun".to_owned(),
            mood: Mood::Left,
        }));
        let past = match self.verb {
            Verb::Generate => "generated",
            // Some of the slots may have been empty before.
            Verb::Replace => "done",
            Verb::Delete => "deleted",
        };
        let mut summary = vec![format!("{done} of {} {past}.", self.total)];
        summary.extend(
            match stop {
                None => None,
                Some(Stop::Owner) => Some("Stopped, as you asked."),
                Some(Stop::Credential) => Some(
                    "Stopped: the host does not accept your credential any more. Renew it, then \
                 press the same key again.",
                ),
                Some(Stop::Delivery) => Some(
                    "Stopped: a secret is not where it was to go. Bring it to its place before you \
                 go on.",
                ),
                Some(Stop::Failure) => {
                    Some("Stopped after a failure. Look at it before you go on.")
                }
            }
            .map(str::to_owned),
        );
        if marked > 0 {
            summary.push(format!("What was not done stays marked ({marked})."));
        }
        Report {
            title: match self.verb {
                Verb::Generate => "What was generated",
                Verb::Replace => "What was replaced",
                Verb::Delete => "What was deleted",
            },
            summary,
            lines,
            offset: 0,
        }
    }
}

/// What a look says that was made before the write.
fn stops(why: &NotDone) -> Option<Stop> {
    match why {
        NotDone::Stopped => Some(Stop::Owner),
        NotDone::Unreadable(reading) if reading.found == Found::Unauthorized => {
            Some(Stop::Credential)
        }
        // These are about this one slot.
        NotDone::Unreadable(_) | NotDone::Changed(_) | NotDone::Expiry(_) => None,
        // These would meet the next one too.
        NotDone::Destination(_)
        | NotDone::Rescue(_)
        | NotDone::Journal(_)
        | NotDone::Host(_)
        | NotDone::Unrecorded(..) => Some(Stop::Failure),
    }
}

/// One line: what became of the slot, where its secret is, what else to know.
fn words(outcome: &Outcome) -> String {
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
        words.push_str("; it was your credential, this program goes on with the new one");
        if let Some(origin) = &done.stored {
            words.push_str(&format!(", the old one is still stored in {origin}"));
        }
    }
    words
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
