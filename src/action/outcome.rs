//! What became of an order, and the words for it: on the screen, on a command's
//! line and in the journal the same.
//!
//! Only what is known is in these types. Where an answer was lost there is a
//! variant of its own for each thing that the slot can prove, and one for
//! nothing.

use std::fmt;

use jiff::Timestamp;

use crate::delivery::{Delivered, Destination, HoldId};
use crate::fleet::Own;
use crate::journal::{Event, SENT, UNDELIVERED};
use crate::secret::Secret;
use crate::slot::{Identity, Reading, Token};

/// What became of an order.
pub enum Outcome {
    /// A token was generated, and here is its secret.
    Generated(Box<Generated>),
    /// The token is deleted.
    Deleted {
        /// What else is to be known.
        note: Option<String>,
    },
    /// Nothing was sent, or only what was answered with 429.
    NotDone(NotDone),
    /// The server understood and refused.
    Refused {
        /// The status of its answer.
        status: u16,
        /// What that means, its words (made safe) included.
        words: String,
        /// What the slot shows of it.
        after: After,
    },
    /// The answer was lost, and the slot is as it was.
    NothingHappened {
        /// What became of the request.
        why: String,
        /// Whether it may have reached the host, which may be at it still.
        sent: bool,
    },
    /// The answer was lost, and there is another token than before.
    SecretLost {
        /// Whether the slot was empty before.
        was_empty: bool,
        /// The token that is there now.
        now: Token,
        /// What else is to be known.
        note: Option<String>,
    },
    /// The answer to a DELETE was lost, and the token is not there any more.
    Gone {
        /// What else is to be known.
        note: Option<String>,
    },
    /// The answer was lost, and the slot does not tell.
    CannotTell {
        /// Why.
        why: String,
    },
}

/// What a slot shows after a refusal. A refusal changes nothing; but a proxy can
/// refuse to pass an answer on, and another owner can have acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// What was there before.
    Same,
    /// This instead.
    Changed(Identity),
    /// It cannot be read.
    Unread,
}

impl After {
    /// What is to be said of it, as a sentence without a full stop.
    pub fn words(&self) -> String {
        match self {
            After::Same => "the slot is as it was".to_owned(),
            After::Changed(identity) => format!(
                "and yet the slot is not as it was: it holds {identity} now; look at it before \
                 anything else"
            ),
            After::Unread => "the slot cannot be read now to see that it is as it was".to_owned(),
        }
    }
}

/// A token that was generated.
pub struct Generated {
    /// What was in the slot before.
    pub before: Identity,
    /// The new token, as the server described it.
    pub token: Token,
    /// Its secret.
    pub secret: Secret,
    /// The expiry that was asked for.
    pub asked: Option<Timestamp>,
    /// Where the secret is.
    pub delivery: Delivery,
    /// The secret's place among those not yet delivered.
    pub hold: HoldId,
    /// The number of the order in the journal.
    pub order: String,
    /// Whether the replaced token was a credential in use; then the program
    /// goes on with the new secret.
    pub own: Own,
    /// Of which host entry it was, where the host has several.
    pub account: Option<String>,
    /// Where the replaced credential is still stored.
    pub stored: Option<String>,
    /// Whether the new one can be stored there by this program.
    pub can_store: bool,
    /// What else is to be known: a journal that could not be written.
    pub note: Option<String>,
}

/// Where a new secret is.
pub enum Delivery {
    /// Where it was to go.
    Delivered(Delivered),
    /// In the panel only, as asked.
    Kept,
    /// Nowhere yet: the destination failed after the answer.
    Failed {
        /// Where it was to go.
        to: Destination,
        /// Why it is not there.
        why: String,
    },
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outcome({})", self.words())
    }
}

/// Why nothing was done.
#[derive(Debug)]
pub enum NotDone {
    /// The destination could not be proven.
    Destination(String),
    /// The rescue could not be proven, and the order needs one.
    Rescue(String),
    /// What was asked for is not possible.
    Expiry(String),
    /// The slot could not be read again.
    Unreadable(Reading),
    /// The slot is not the one that was shown.
    Changed(Reading),
    /// The intent could not be recorded.
    Journal(String),
    /// The host cannot be reached with what is configured.
    Host(String),
    /// The host had too many requests, each time.
    TooMany {
        /// How often it said so, in a row.
        answers: u32,
    },
    /// The owner stopped it, or the program is ending.
    Stopped,
    /// One of these, and the journal has only the intent.
    Unrecorded(Box<NotDone>, String),
}

impl NotDone {
    /// The reason itself.
    pub fn cause(&self) -> &Self {
        match self {
            NotDone::Unrecorded(why, _) => why.cause(),
            why => why,
        }
    }
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotDone::Destination(why) => write!(f, "the destination is not ready: {why}"),
            NotDone::Rescue(why) => write!(f, "there is no rescue for the secret: {why}"),
            NotDone::Expiry(why) | NotDone::Host(why) => f.write_str(why),
            NotDone::Unreadable(reading) => write!(
                f,
                "the slot could not be read again: {}",
                reading.note.as_deref().unwrap_or("no reason is known")
            ),
            NotDone::Changed(reading) => match reading.identity() {
                Some(identity) => write!(f, "the slot has changed; it holds {identity} now"),
                None => f.write_str("the slot has changed"),
            },
            NotDone::Journal(why) => f.write_str(why),
            NotDone::TooMany { answers } => write!(
                f,
                "the host answered {answers} times in a row that there are too many requests \
                 (429); whatever uses your credential counts, so see what else does, and try again \
                 later"
            ),
            NotDone::Stopped => f.write_str("stopped before anything was done"),
            NotDone::Unrecorded(why, note) => write!(f, "{why}; {note}"),
        }
    }
}

impl Outcome {
    /// What is known now, in one sentence without a full stop. The findings
    /// after a lost answer are in exactly these words everywhere.
    pub fn words(&self) -> String {
        match self {
            Outcome::Generated(done) => match done.before {
                Identity::None => "a token was generated".to_owned(),
                _ => "the token was replaced".to_owned(),
            },
            Outcome::Deleted { .. } => "the token was deleted".to_owned(),
            // Not "sent": a request may have been, and was answered with 429.
            Outcome::NotDone(why) => format!("nothing was done: {why}"),
            Outcome::Refused { words, .. } => format!("refused: {words}"),
            Outcome::NothingHappened { .. } => "nothing happened".to_owned(),
            Outcome::SecretLost {
                was_empty: true, ..
            } => "a token was generated and its secret is lost".to_owned(),
            Outcome::SecretLost { .. } => {
                "the token was replaced and its secret is lost".to_owned()
            }
            Outcome::Gone { .. } => "the token is gone".to_owned(),
            Outcome::CannotTell { why } => format!("cannot be told: {why}"),
        }
    }

    /// What the journal records of it.
    pub(super) fn event(&self) -> Event {
        let (token, delivery) = match self {
            Outcome::Generated(done) => {
                (Some(done.token.id.to_string()), Some(done.delivery.place()))
            }
            Outcome::SecretLost { now, .. } => (Some(now.id.to_string()), None),
            _ => (None, None),
        };
        Event::Outcome {
            finding: self.finding(),
            token,
            delivery,
        }
    }

    /// The finding as the journal has it.
    fn finding(&self) -> String {
        match self {
            Outcome::Generated(_) | Outcome::Deleted { .. } => "done".to_owned(),
            other => other.words(),
        }
    }

    /// Whether a token that was there is gone now, or may be.
    pub(super) fn may_have_ended_a_token(&self) -> bool {
        match self {
            Outcome::Generated(_)
            | Outcome::Deleted { .. }
            | Outcome::SecretLost { .. }
            | Outcome::Gone { .. }
            | Outcome::CannotTell { .. } => true,
            Outcome::NotDone(_) | Outcome::Refused { .. } | Outcome::NothingHappened { .. } => {
                false
            }
        }
    }

    /// Adds what else is to be known.
    pub(super) fn add_note(&mut self, text: String) {
        let note = match self {
            Outcome::Generated(done) => &mut done.note,
            Outcome::Deleted { note }
            | Outcome::Gone { note }
            | Outcome::SecretLost { note, .. } => note,
            Outcome::CannotTell { why } | Outcome::NothingHappened { why, .. } => {
                why.push_str("; ");
                why.push_str(&text);
                return;
            }
            Outcome::Refused { words, .. } => {
                words.push_str("; ");
                words.push_str(&text);
                return;
            }
            Outcome::NotDone(why) => {
                let before = std::mem::replace(why, NotDone::Stopped);
                *why = NotDone::Unrecorded(Box::new(before), text);
                return;
            }
        };
        *note = Some(match note.take() {
            Some(old) => format!("{old}; {text}"),
            None => text,
        });
    }
}

impl Delivery {
    /// Where the secret is, as the journal has it.
    pub fn place(&self) -> String {
        match self {
            Delivery::Delivered(delivered) if delivered.certain => delivered.place.clone(),
            Delivery::Delivered(delivered) => format!("{SENT}{}", delivered.place),
            Delivery::Kept => format!("{UNDELIVERED}in the panel"),
            Delivery::Failed { to, .. } => format!("{UNDELIVERED}{to} failed"),
        }
    }
}
