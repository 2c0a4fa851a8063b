//! Many orders, one after the other.
//!
//! The next order begins only after the outcome of the one before is known and
//! journalled, so that whatever ends the program leaves at most one secret
//! undelivered. After anything but a clear answer the run stops: going on where
//! answers are lost would lose more of them.

use std::collections::VecDeque;

use super::report::{Line, Mood, Report, words};
use crate::action::{After, Delivery, Generated, NotDone, Order, Outcome, Verb};
use crate::slot::{Found, Slot};

/// Why a run ends before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stop {
    Owner,
    Credential,
    Delivery,
    Failure,
}

impl Stop {
    /// What the table says of it.
    fn words(&self) -> &'static str {
        match self {
            Stop::Owner => "Stopped, as you asked.",
            Stop::Credential => {
                "Stopped: the host does not accept your credential any more. Renew it, then press \
                 the same key again."
            }
            Stop::Delivery => {
                "Stopped: a secret is not where it was to go. Bring it to its place before you go on."
            }
            Stop::Failure => "Stopped after a failure. Look at it before you go on.",
        }
    }
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
    pub fn take(&mut self, slot: &Slot, outcome: Outcome) -> Option<Box<Generated>> {
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
        summary.extend(stop.map(|stop| stop.words().to_owned()));
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
        | NotDone::TooMany { .. }
        | NotDone::Unrecorded(..) => Some(Stop::Failure),
    }
}
