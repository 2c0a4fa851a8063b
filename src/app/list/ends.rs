//! When the tokens that are shown die, in that order: what the timeline draws.
//!
//! Among ten thousand rows that takes a millisecond, most of it on the way to
//! what lies behind them, so it is found when somebody looks, and kept until a
//! row changes. It goes by times and not by what is left of them, so that a
//! second more changes nothing in it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::List;
use crate::slot::{Host, State, Time};

/// The end of one token.
#[derive(Clone, Copy, Debug)]
pub struct KnownEnd {
    /// The number of its row.
    pub row: usize,
    /// When it dies, by its host's clock.
    pub at: Timestamp,
    /// The same by ours.
    pub here: Timestamp,
    /// The state of its slot.
    pub state: State,
    /// Whether it is what an earlier run saw.
    pub is_old: bool,
    /// Its host's place among [`KnownEnds::hosts`].
    pub host: usize,
}

/// How many tokens of a host have no end on the line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Endless {
    /// They never die.
    pub never: usize,
    /// There is a token, and its end is not known; or it cannot be read.
    pub unknown: usize,
    /// They were not read in this run, whatever an earlier one saw.
    pub unread: usize,
}

/// All ends, and what has none.
#[derive(Debug, Default)]
pub struct KnownEnds {
    /// The earliest first.
    pub all: Vec<KnownEnd>,
    /// Every host that has rows, in order.
    pub hosts: Vec<(Host, Endless)>,
    /// How many rows lack the policy that their end may depend on.
    pub without_policy: usize,
}

impl List {
    /// The ends of what is shown.
    pub fn ends(&self) -> &KnownEnds {
        self.ends.get_or_init(|| self.find_ends())
    }

    /// The row of an end.
    pub fn row_of(&self, end: &KnownEnd) -> &super::Row {
        &self.rows[end.row]
    }

    fn find_ends(&self) -> KnownEnds {
        let mut places: BTreeMap<&Host, usize> = BTreeMap::new();
        for row in self.view() {
            places.insert(&row.slot.host, 0);
        }
        for (place, (_, at)) in places.iter_mut().enumerate() {
            *at = place;
        }
        let mut found = KnownEnds {
            hosts: places
                .keys()
                .map(|host| ((*host).clone(), Endless::default()))
                .collect(),
            ..KnownEnds::default()
        };
        for number in &self.view.lines {
            let row = &self.rows[*number];
            let host = places[&row.slot.host];
            let end = row.last_known().and_then(|reading| reading.ends_at());
            if let Some(at) = end.and_then(Time::at) {
                found.all.push(KnownEnd {
                    row: *number,
                    at,
                    here: self.time_here(row.account, at),
                    state: row.state,
                    is_old: row.reading.is_none(),
                    host,
                });
            }
            let endless = &mut found.hosts[host].1;
            match end {
                _ if row.reading.is_none() => endless.unread += 1,
                Some(Time::At(_)) => {}
                Some(Time::Never) => endless.never += 1,
                // There is no token that could die.
                None if row.state == State::None => {}
                Some(Time::Unknown) | None => endless.unknown += 1,
            }
            found.without_policy += usize::from(row.token().is_some() && row.lacks_policy());
        }
        let name = |end: &KnownEnd| &self.rows[end.row].slot;
        found
            .all
            .sort_by(|a, b| a.here.cmp(&b.here).then_with(|| name(a).cmp(name(b))));
        found
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::super::Column;
    use super::*;
    use crate::fleet::Look;
    use crate::slot::{Found, Kind, Reading, Rules, Slot, Token};

    fn now() -> Timestamp {
        "2026-06-01T00:00:00Z".parse().unwrap()
    }

    fn slot(number: u8) -> Slot {
        Slot::new(&Host::new("app.terraform.io"), &format!("o{number}"))
    }

    fn reading(number: u8) -> Reading {
        let token = |expires_at| {
            Found::Token(Token {
                id: "at-1".into(),
                created_at: Some(now()),
                last_used_at: Time::Never,
                expires_at,
                created_by: None,
                description: None,
            })
        };
        let end = now() + SignedDuration::from_hours(i64::from(number) - 20);
        Reading {
            found: match number % 5 {
                0 => Found::None,
                1 => token(Time::Never),
                2 => Found::Failed,
                _ => token(Time::At(end)),
            },
            note: None,
            policy: None,
            at: now(),
        }
    }

    /// Something that happens to a list; `looked` numbers the looks.
    fn happens(list: &mut List, what: u8, number: u8, looked: u64) {
        let (slot, other) = (slot(number % 6), usize::from(number % 2));
        match what {
            0 => list.add([(slot, other)]),
            1 => list.add_known([(slot, other, Some(Arc::new(reading(number))))]),
            2 => list.know(&slot, reading(number), now()),
            3 => list.forget(&slot, now()),
            4 => list.spoil(other, &reading(2), now()),
            5 => list.forget_old(other),
            6 => list.set_clock(
                other,
                SignedDuration::from_hours(i64::from(number % 3)),
                now(),
            ),
            7 => {
                list.age(now() + SignedDuration::from_hours(i64::from(number)));
            }
            8 => list.want(&slot),
            9 => list.begin(&slot, looked, &Look::WithPolicy),
            10 => list.answer(&slot, looked - 1, reading(number), now()),
            11 => list.set_filter(["", "o1", "!o2", "expired"][usize::from(number % 4)]),
            12 => list.sort_by(Column::Ends, number.is_multiple_of(2)),
            13 => list.retain(other, |kept| {
                (kept.organization != slot.organization).then_some(0)
            }),
            14 => list.add_audit_trails(&slot),
            15 => list.know(&slot.of_kind(Kind::AuditTrails), reading(number), now()),
            _ => {
                list.turn_kind();
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn what_is_kept_is_what_would_be_found(
            story in proptest::collection::vec((0u8..17, 0u8..60), 1..40),
        ) {
            let mut list = List::new(Rules::default());
            list.set_height(10);
            list.add((0..4).map(|number| (slot(number), 1)));
            for (looked, (what, number)) in (1..).zip(story) {
                happens(&mut list, what, number, looked);
                let (kept, found) = (list.ends(), list.find_ends());
                prop_assert_eq!(format!("{kept:?}"), format!("{found:?}"), "{} {}", what, number);
            }
        }
    }
}
