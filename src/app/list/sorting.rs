//! The order of the rows: by a column, and where that says nothing by name.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::Row;
use crate::text::{caseless, caseless_start};

/// The columns that a list can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// What needs attention first.
    Attention,
    /// The organization's name.
    Organization,
    /// The host's name.
    Host,
    /// The end of the token's life.
    Ends,
    /// The last use, longest ago first.
    LastUsed,
    /// Who generated it.
    CreatedBy,
}

impl Column {
    const ALL: [Column; 6] = [
        Column::Attention,
        Column::Organization,
        Column::Host,
        Column::Ends,
        Column::LastUsed,
        Column::CreatedBy,
    ];

    /// The next one, around the end.
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|c| *c == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    /// What the status line calls it: a head that is no noun, as it stands there.
    pub fn words(self) -> &'static str {
        match self {
            Column::Attention => "what needs attention",
            Column::Organization => "organization",
            Column::Host => "host",
            Column::Ends => "\"ends\"",
            Column::LastUsed => "\"last used\"",
            Column::CreatedBy => "\"created by\"",
        }
    }
}

/// What a row is sorted by before names are looked at: a state (or none, 0) and
/// a time, the missing one last.
pub(super) type Key = (u8, Timestamp);

/// The same with the first bytes of the name, where that is what counts next: in a
/// list of ten thousand, most rows have a key in common.
pub(super) type SortKey = (Key, u128);

/// A column, and whether it runs backwards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sorting {
    pub column: Column,
    pub reversed: bool,
}

impl Sorting {
    /// What a row is sorted by, as far as that is a number.
    pub fn key(self, row: &Row) -> Key {
        let used = |row: &Row| row.token().and_then(|token| token.last_used_at.at());
        let (state, time) = match self.column {
            Column::Attention => (row.state() as u8, row.ends_at()),
            Column::Ends => (0, row.ends_at()),
            Column::LastUsed => (0, used(row)),
            Column::Organization | Column::Host | Column::CreatedBy => (0, None),
        };
        (state, time.unwrap_or(Timestamp::MAX))
    }

    /// The same for a sort of many rows.
    pub fn sort_key(self, row: &Row) -> SortKey {
        let start = match self.column {
            Column::Host | Column::CreatedBy => 0,
            _ => caseless_start(&row.slot.organization),
        };
        (self.key(row), start)
    }

    /// Compares two rows by their keys alone.
    pub fn compare_keys(self, one: SortKey, two: SortKey) -> Ordering {
        self.directed(one.cmp(&two))
    }

    /// Compares two rows; no two of them are equal.
    pub fn compare(self, one: &Row, two: &Row) -> Ordering {
        let by_column = self
            .key(one)
            .cmp(&self.key(two))
            .then_with(|| match self.column {
                Column::Host => one.slot.host.cmp(&two.slot.host),
                Column::CreatedBy => last_if_none(one.creator(), two.creator()),
                _ => Ordering::Equal,
            });
        let order = by_column.then_with(|| {
            let (one, two) = (&one.slot, &two.slot);
            caseless(&one.organization, &two.organization)
                .then_with(|| (&one.host, one.kind).cmp(&(&two.host, two.kind)))
        });
        self.directed(order)
    }

    fn directed(self, order: Ordering) -> Ordering {
        match self.reversed {
            false => order,
            true => order.reverse(),
        }
    }
}

fn last_if_none<T: Ord>(a: Option<T>, b: Option<T>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}
