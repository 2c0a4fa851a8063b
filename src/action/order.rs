//! What is asked for, and how far it has come.

use std::time::Duration;

use crate::delivery::Destination;
use crate::expiry::Expiry;
use crate::slot::{Identity, Slot, Time};

/// One action that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The slot to act on.
    pub slot: Slot,
    /// What to do with it.
    pub act: Act,
    /// What its owner saw there when deciding.
    pub shown: Identity,
    /// The last use that its owner saw there; another one does not stop the
    /// order, and is told with its outcome.
    pub last_use: Time,
    /// Plain commands do not act without a rescue; the screen says it instead.
    pub needs_rescue: bool,
    /// The owner was told that the journal cannot be written, and wants it all
    /// the same. It is tried once more.
    pub without_journal: bool,
}

/// What to do with a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Generate a token; on an occupied slot this replaces the one there.
    New {
        /// The end of its life.
        expiry: Expiry,
        /// Where its secret is to go.
        to: Destination,
    },
    /// Delete the token.
    Delete,
}

/// What an order is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// A token for an empty slot.
    Generate,
    /// A token for a slot where one is or may be.
    Replace,
    /// No token any more.
    Delete,
}

impl Verb {
    /// `generate`, `replace`, `delete`.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Generate => "generate",
            Verb::Replace => "replace",
            Verb::Delete => "delete",
        }
    }

    /// For the beginning of a line.
    pub fn title(self) -> &'static str {
        match self {
            Verb::Generate => "Generate",
            Verb::Replace => "Replace",
            Verb::Delete => "Delete",
        }
    }
}

impl Order {
    /// A generate on an occupied slot is a replace and is called so.
    pub fn verb(&self) -> Verb {
        match (&self.act, &self.shown) {
            (Act::Delete, _) => Verb::Delete,
            (Act::New { .. }, Identity::None) => Verb::Generate,
            (Act::New { .. }, _) => Verb::Replace,
        }
    }
}

/// How far an order has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The destination is being proven.
    Proving,
    /// The slot is being read again.
    Comparing,
    /// The intent goes to the journal.
    Recording,
    /// The request is on its way: from here on nothing is cancelled.
    Writing,
    /// 429: nothing was done; the wait before the slot is looked at again.
    Waiting(Duration),
    /// The answer was lost and the slot is being read.
    FindingOut,
    /// The secret goes to its destination.
    Delivering,
}
