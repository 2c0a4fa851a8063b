//! Finds rows by their slots. It holds row numbers only: the slots are in the
//! rows already, and a second copy of each would cost as much as a row.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::Row;
use crate::slot::Slot;

/// The row numbers by slot.
#[derive(Default)]
pub(super) struct Index {
    numbers: HashTable<usize>,
    hasher: RandomState,
}

impl Index {
    /// The number of a slot's row.
    pub fn get(&self, rows: &[Row], slot: &Slot) -> Option<usize> {
        let hash = self.hasher.hash_one(slot);
        let is_it = |at: &usize| rows[*at].slot == *slot;
        self.numbers.find(hash, is_it).copied()
    }

    /// Adds the row with this number, whose slot is not there yet.
    pub fn insert(&mut self, rows: &[Row], at: usize) {
        let hash = self.hasher.hash_one(&rows[at].slot);
        let again = |at: &usize| self.hasher.hash_one(&rows[*at].slot);
        self.numbers.insert_unique(hash, at, again);
    }

    /// Finds all rows anew, whose numbers have changed.
    pub fn rebuild(&mut self, rows: &[Row]) {
        self.numbers.clear();
        for at in 0..rows.len() {
            self.insert(rows, at);
        }
    }
}
