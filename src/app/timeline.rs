//! The expiry timeline: when the tokens that the list shows die, over the next
//! twelve months.
//!
//! It has no selection of its own: moving along it selects the row of the list,
//! so that Enter, Generate and Delete mean the same organization here and
//! there. A token stands where it dies by its own host's clock.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::dialogs::Deed;
use super::keys::Command;
use super::list::{KnownEnd, Row};
use super::{App, Effect, Layer};
use crate::slot::{Host, State};

/// The days of the line.
pub const DAYS: i64 = 365;
/// The days that a page moves.
const PAGE: i64 = 30;

/// The end of one token.
#[derive(Clone, Debug)]
pub struct End<'a> {
    /// Its row.
    pub row: &'a Row,
    /// Its host.
    pub host: &'a Host,
    /// The state of its slot.
    pub state: State,
    /// When it dies.
    pub at: Timestamp,
    /// How far away that is, by its host's clock; negative for what is over.
    pub left: SignedDuration,
    /// Whether it is what an earlier run saw.
    pub is_old: bool,
}

impl End<'_> {
    /// Where it stands on the line.
    pub fn place(&self) -> Place {
        let days = self.left.as_secs().div_euclid(86_400);
        match days {
            _ if self.left <= SignedDuration::ZERO => Place::Over,
            0..DAYS => Place::Day(days),
            _ => Place::Later,
        }
    }
}

/// A place on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Before today.
    Over,
    /// So many whole days from now.
    Day(i64),
    /// Behind the end of the line.
    Later,
}

/// How the tokens of one host stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Their life is over.
    pub expired: usize,
    /// They die within `warn_within`.
    pub soon: usize,
    /// They die within the year, and not soon.
    pub year: usize,
    /// They die later.
    pub later: usize,
    /// They never die.
    pub never: usize,
    /// There is a token, and its end is not known; or it cannot be read.
    pub unknown: usize,
    /// They were not read in this run: an end from an earlier one may be over by
    /// now, or its token replaced.
    pub unread: usize,
}

impl Summary {
    fn count(&mut self, end: &End, warn_within: Duration) {
        let place = match end.place() {
            // Counted as what was not read.
            _ if end.is_old => return,
            Place::Over => &mut self.expired,
            _ if end.left.unsigned_abs() <= warn_within => &mut self.soon,
            Place::Day(_) => &mut self.year,
            Place::Later => &mut self.later,
        };
        *place += 1;
    }

    fn add(&mut self, other: &Self) {
        self.expired += other.expired;
        self.soon += other.soon;
        self.year += other.year;
        self.later += other.later;
        self.never += other.never;
        self.unknown += other.unknown;
        self.unread += other.unread;
    }
}

/// What the timeline shows.
pub struct Ends<'a> {
    /// The ends, the earliest first.
    pub all: Vec<End<'a>>,
    /// The selected one's place among them.
    pub selected: Option<usize>,
    /// How each host's tokens stand, by host.
    pub hosts: BTreeMap<&'a Host, Summary>,
}

impl Ends<'_> {
    /// How all tokens stand.
    pub fn total(&self) -> Summary {
        let mut total = Summary::default();
        for summary in self.hosts.values() {
            total.add(summary);
        }
        total
    }
}

impl App {
    /// The ends of the tokens that the list shows.
    pub fn ends(&self) -> Ends<'_> {
        let known = self.list.ends();
        let mut summaries: Vec<Summary> = known
            .hosts
            .iter()
            .map(|(_, endless)| Summary {
                never: endless.never,
                unknown: endless.unknown,
                unread: endless.unread,
                ..Summary::default()
            })
            .collect();
        let end_of = |end: &'_ KnownEnd| End {
            row: self.list.row_of(end),
            host: &known.hosts[end.host].0,
            state: end.state,
            at: end.at,
            left: end.here.duration_since(self.now.wall),
            is_old: end.is_old,
        };
        let all: Vec<End> = known.all.iter().map(end_of).collect();
        for (end, of) in all.iter().zip(&known.all) {
            summaries[of.host].count(end, self.settings.rules.warn_within);
        }
        let chosen = self.list.selected();
        let selected = chosen.and_then(|row| all.iter().position(|end| std::ptr::eq(end.row, row)));
        let hosts = known.hosts.iter().map(|(host, _)| host);
        Ends {
            all,
            selected,
            hosts: hosts.zip(summaries).collect(),
        }
    }

    pub(super) fn open_timeline(&mut self) {
        self.list.want_policies();
        self.layers.push(Layer::Timeline);
        if self.ends().selected.is_none() {
            self.move_to_end(|ends| ends.all.iter().position(|end| end.place() != Place::Over));
        }
    }

    pub(super) fn timeline_key(&mut self, command: Option<Command>) -> Vec<Effect> {
        let closes = match command {
            Some(Command::Back) => !self.is_under_way(),
            command => matches!(command, Some(Command::Close | Command::Timeline)),
        };
        if closes {
            self.list.leave_policies();
            return Vec::new();
        }
        self.layers.push(Layer::Timeline);
        match command {
            Some(Command::Back) => return self.back(),
            Some(command @ (Command::New | Command::Delete)) => {
                // Marks are not seen here: the dialog is for the one that is.
                let row = self.ends().selected.and(self.list.selected());
                let Some(slot) = row.map(|row| row.slot.clone()) else {
                    return Vec::new();
                };
                let deed = match command {
                    Command::New => Deed::New,
                    _ => Deed::Delete,
                };
                return self.open_one(deed, &slot);
            }
            Some(Command::Earlier | Command::Up) => {
                self.move_to_end(|ends| ends.selected.map(|at| at.saturating_sub(1)));
            }
            Some(Command::Later | Command::Down) => {
                self.move_to_end(|ends| ends.selected.map(|at| at + 1));
            }
            Some(Command::PageDown) => self.move_by_days(PAGE),
            Some(Command::PageUp) => self.move_by_days(-PAGE),
            Some(Command::HalfDown) => self.move_by_days(PAGE / 2),
            Some(Command::HalfUp) => self.move_by_days(-PAGE / 2),
            Some(Command::Top) => self.move_to_end(|_| Some(0)),
            Some(Command::Bottom) => self.move_to_end(|_| Some(usize::MAX)),
            _ => {}
        }
        Vec::new()
    }

    /// Selects the row of an end; the first where none was selected.
    fn move_to_end(&mut self, to: impl Fn(&Ends) -> Option<usize>) {
        let ends = self.ends();
        let last = ends.all.len().saturating_sub(1);
        let at = to(&ends).unwrap_or(0).min(last);
        if let Some(slot) = ends.all.get(at).map(|end| end.row.slot.clone()) {
            self.list.select(&slot);
        }
    }

    /// The first end that is so many days on, or the last one so many days back;
    /// at least one end further.
    fn move_by_days(&mut self, days: i64) {
        self.move_to_end(|ends| {
            let at = ends.selected?;
            let wanted = ends.all[at].left + SignedDuration::from_hours(24 * days);
            Some(if days > 0 {
                let beyond = ends.all.partition_point(|end| end.left < wanted);
                beyond.max(at + 1)
            } else {
                let before = ends.all.partition_point(|end| end.left <= wanted);
                before.saturating_sub(1).min(at.saturating_sub(1))
            })
        });
    }
}
