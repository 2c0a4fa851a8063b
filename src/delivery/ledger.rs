//! Which secrets have been received and are not yet in safety.
//!
//! Promise 2 in one place: from the server's answer on a secret stands in this
//! ledger, until it has been delivered or its owner has let it go. Whoever ends
//! the program, in whatever way, calls [`Undelivered::rescue_all`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::destination::Facts;
use super::rescue::{RescueError, RescuePlan};
use crate::secret::Secret;

/// The ledger; clones are the same one.
#[derive(Clone, Default)]
pub struct Undelivered(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    next: u64,
    held: Vec<Held>,
}

#[derive(Clone)]
struct Held {
    id: HoldId,
    facts: Facts,
    secret: Secret,
}

/// One secret in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HoldId(u64);

/// What became of one secret at the end of the program.
#[derive(Debug)]
pub struct RescueReport {
    /// The entry.
    pub id: HoldId,
    /// Which token it is.
    pub facts: Facts,
    /// Where the secret is now, in words; or why it is nowhere but in memory.
    pub outcome: Result<String, RescueError>,
}

impl Undelivered {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    /// A panic between two lines of this module cannot leave a half-done
    /// entry, so a poisoned lock is as good as any.
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a secret; the first thing to do with one.
    pub fn hold(&self, facts: Facts, secret: Secret) -> HoldId {
        let mut entries = self.entries();
        let id = HoldId(entries.next);
        entries.next += 1;
        entries.held.push(Held { id, facts, secret });
        id
    }

    /// Enters a secret that was struck out once more, under its number: the place
    /// that it was delivered to has it no longer.
    pub fn hold_again(&self, id: HoldId, facts: Facts, secret: Secret) {
        let mut entries = self.entries();
        if entries.held.iter().all(|held| held.id != id) {
            entries.held.push(Held { id, facts, secret });
        }
    }

    /// Strikes a secret out: it was delivered for certain, or its owner has let
    /// it go knowingly.
    pub fn release(&self, id: HoldId) {
        self.entries().held.retain(|held| held.id != id);
    }

    /// What is undelivered now, oldest first.
    pub fn list(&self) -> Vec<(HoldId, Facts)> {
        let entries = self.entries();
        let all = entries.held.iter();
        all.map(|held| (held.id, held.facts.clone())).collect()
    }

    /// Whether nothing is undelivered.
    pub fn is_empty(&self) -> bool {
        self.entries().held.is_empty()
    }

    /// Rescues everything. What was rescued is struck out; what could not be
    /// stays, so that a caller who can still ask its owner may try again.
    /// Blocks, needs no runtime, and may be called from a panic.
    pub fn rescue_all(&self, plan: &RescuePlan, now: Timestamp) -> Vec<RescueReport> {
        let all = self.entries().held.clone();
        all.into_iter()
            .map(|held| {
                let outcome = plan.rescue(&held.facts, &held.secret, now);
                if outcome.is_ok() {
                    self.release(held.id);
                }
                RescueReport {
                    id: held.id,
                    facts: held.facts,
                    outcome,
                }
            })
            .collect()
    }
}
