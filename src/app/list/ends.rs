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
