//! The list of slots: what is known of each, and how many there are of what.
//!
//! Everything here goes by row numbers. A row stays where it is until a listing
//! drops some, and the view, the queues and the index say which rows they mean;
//! so the selection holds on to its organization, not to a line of the screen.

mod ends;
mod index;
mod looks;
mod members;
mod row;
mod sieve;
mod sorting;
mod view;

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

pub use self::ends::{KnownEnd, KnownEnds};
use self::index::Index;
use self::looks::Looks;
pub use self::row::Row;
use self::sieve::Filter;
pub use self::sorting::Column;
use self::sorting::Sorting;
use self::view::View;
use crate::slot::{Kind, Reading, Rules, Slot, State};

/// The number of a host entry in the configuration.
pub type AccountId = usize;

/// The rows and the view on them.
pub struct List {
    rows: Vec<Row>,
    index: Index,
    view: View,
    sorting: Sorting,
    filter: Filter,
    rules: Rules,
    /// The kind of token that is shown, and whether the other was yet.
    kind: Kind,
    both_shown: bool,
    /// The width of the longest organization's name.
    longest_name: usize,
    /// How many rows are marked.
    marked: usize,
    counts: HashMap<(Kind, State), usize>,
    looks: Looks,
    /// How far each host entry's clock is ahead.
    clocks: Vec<SignedDuration>,
    /// The ends of what is shown, while nothing that they come from has changed.
    ends: OnceCell<KnownEnds>,
    /// Steps of work, for the test that says how it grows.
    #[cfg(test)]
    work: std::cell::Cell<usize>,
}

impl List {
    /// An empty list.
    pub fn new(rules: Rules) -> Self {
        Self {
            rows: Vec::new(),
            index: Index::default(),
            view: View::new(),
            sorting: Sorting {
                column: Column::Attention,
                reversed: false,
            },
            filter: Filter::new(),
            rules,
            kind: Kind::Organization,
            both_shown: false,
            longest_name: 0,
            marked: 0,
            counts: HashMap::new(),
            looks: Looks::default(),
            clocks: Vec::new(),
            ends: OnceCell::new(),
            #[cfg(test)]
            work: std::cell::Cell::default(),
        }
    }

    fn at(&self, slot: &Slot) -> Option<usize> {
        self.index.get(&self.rows, slot)
    }

    /// The kind of token that is shown.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How many slots there are of the kind that is shown.
    pub fn all(&self) -> usize {
        let kind = self.kind;
        let of_kind = |(_, count): (&(Kind, State), &usize)| *count;
        let counts = self.counts.iter().filter(|((of, _), _)| *of == kind);
        counts.map(of_kind).sum()
    }

    /// How many rows of the kind that is shown are in a state.
    pub fn count(&self, state: State) -> usize {
        self.counts.get(&(self.kind, state)).copied().unwrap_or(0)
    }

    fn count_of(&mut self, kind: Kind, state: State) -> &mut usize {
        self.counts.entry((kind, state)).or_insert(0)
    }

    /// How many organizations there are, whatever is shown.
    pub fn organizations(&self) -> usize {
        let counts = self.counts.iter();
        let own = counts.filter(|((kind, _), _)| *kind == Kind::Organization);
        own.map(|(_, count)| *count).sum()
    }

    /// The width of the longest organization's name, shown or not: a column that
    /// is filtered or scrolled does not change its width.
    pub fn longest_name(&self) -> usize {
        self.longest_name
    }

    /// Every row, in no particular order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// A row by its slot.
    pub fn row(&self, slot: &Slot) -> Option<&Row> {
        self.at(slot).and_then(|at| self.rows.get(at))
    }

    /// Marks a slot, or takes its mark away.
    pub fn mark(&mut self, slot: &Slot, marked: bool) {
        if let Some(at) = self.at(slot) {
            self.rows[at].marked = marked;
            self.count_marks();
        }
    }

    fn count_marks(&mut self) {
        self.marked = self.rows.iter().filter(|row| row.marked).count();
    }

    /// Marks all that are shown, or unmarks them if all are marked.
    pub fn mark_shown(&mut self) {
        let all = self.view.lines.iter().all(|at| self.rows[*at].marked);
        for at in &self.view.lines {
            self.rows[*at].marked = !all;
        }
        self.count_marks();
    }

    /// Takes all marks away.
    pub fn unmark_all(&mut self) {
        for row in &mut self.rows {
            row.marked = false;
        }
        self.marked = 0;
    }

    /// The marked slots: those that are shown in their order, then those that
    /// the filter or the kind hides.
    pub fn marked(&self) -> Vec<&Row> {
        let marked = |row: &&Row| row.marked;
        let shown = self.view.lines.iter().map(|at| &self.rows[*at]);
        let mut all: Vec<&Row> = shown.filter(marked).collect();
        if self.marked > all.len() {
            let seen: HashSet<usize> = self.view.lines.iter().copied().collect();
            let hidden = (0..self.rows.len()).filter(|at| !seen.contains(at));
            all.extend(hidden.map(|at| &self.rows[at]).filter(marked));
        }
        all
    }

    /// How many slots are marked, and how many of them are not shown.
    pub fn marks(&self) -> (usize, usize) {
        if self.marked == 0 {
            return (0, 0);
        }
        let all = self.marked;
        let shown = self
            .view
            .lines
            .iter()
            .filter(|at| self.rows[**at].marked)
            .count();
        (all, all - shown)
    }

    /// Takes a look that an action made; what was on its way before is stale.
    pub fn know(&mut self, slot: &Slot, reading: impl Into<Arc<Reading>>, now: Timestamp) {
        let Some(at) = self.at(slot) else {
            return;
        };
        self.change(at, Some(reading.into()), now);
    }

    /// Nothing is known of a slot any more.
    pub fn forget(&mut self, slot: &Slot, now: Timestamp) {
        if let Some(at) = self.at(slot) {
            self.change(at, None, now);
        }
    }

    /// Changes what is known of a row, and puts it where it belongs now.
    fn change(&mut self, at: usize, reading: Option<Arc<Reading>>, now: Timestamp) {
        self.ends.take();
        // Found by what the row was sorted by until now.
        if let Some(line) = self.place(at) {
            self.view.lines.remove(line);
        }
        let row = &mut self.rows[at];
        row.reading = reading;
        row.old = None;
        self.restate(at, now);
        self.put_in(at);
    }

    /// The rows of a host entry that nobody has read yet are told why.
    pub fn spoil(&mut self, account: AccountId, why: &Reading, now: Timestamp) {
        let why = Arc::new(why.clone());
        for at in 0..self.rows.len() {
            let row = &mut self.rows[at];
            if row.account == account && row.reading.is_none() {
                row.reading = Some(why.clone());
                self.restate(at, now);
            }
        }
        self.rebuild();
    }

    /// What an earlier run saw of a host entry's rows is not to be shown: it was
    /// another account's.
    pub fn forget_old(&mut self, account: AccountId) {
        for row in self.rows.iter_mut().filter(|row| row.account == account) {
            row.old = None;
            row.old_audit_trails = None;
        }
        self.rebuild();
    }

    /// The time on the clock of a host entry: what its tokens live by.
    pub fn time_of(&self, account: AccountId, now: Timestamp) -> Timestamp {
        let ahead = self.clocks.get(account).copied().unwrap_or_default();
        now.saturating_add(ahead).unwrap_or(now)
    }

    /// The same moment by our clock, of one that the host entry's clock shows.
    fn time_here(&self, account: AccountId, theirs: Timestamp) -> Timestamp {
        let ahead = self.clocks.get(account).copied().unwrap_or_default();
        theirs.saturating_sub(ahead).unwrap_or(theirs)
    }

    /// Notes how far the clock of a host entry is ahead.
    pub fn set_clock(&mut self, account: AccountId, ahead: SignedDuration, now: Timestamp) {
        if *of_account(&mut self.clocks, account) != ahead {
            self.clocks[account] = ahead;
            self.ends.take();
            self.age(now);
        }
    }

    /// Finds the states anew as time passes; true if one changed.
    pub fn age(&mut self, now: Timestamp) -> bool {
        let mut changed = false;
        for at in 0..self.rows.len() {
            changed |= self.restate(at, now);
        }
        if changed {
            self.rebuild();
        }
        changed
    }

    fn restate(&mut self, at: usize, now: Timestamp) -> bool {
        let row = &self.rows[at];
        let now = self.time_of(row.account, now);
        let state = State::of(row.reading.as_deref(), &self.rules, now);
        let old = std::mem::replace(&mut self.rows[at].state, state);
        if old == state {
            return false;
        }
        let kind = self.rows[at].slot.kind;
        *self.count_of(kind, old) -= 1;
        *self.count_of(kind, state) += 1;
        true
    }
}

/// The place of a host entry in a list that grows as entries turn up.
fn of_account<T: Default>(list: &mut Vec<T>, account: AccountId) -> &mut T {
    if list.len() <= account {
        list.resize_with(account + 1, T::default);
    }
    &mut list[account]
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::fleet::Look;
    use crate::slot::{Found, Host, Time, Token};
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn now() -> Timestamp {
        at("2026-06-01T00:00:00Z")
    }

    fn slot(name: &str) -> Slot {
        Slot::new(&Host::new("app.terraform.io"), name)
    }

    fn found(found: Found) -> Reading {
        Reading {
            found,
            note: None,
            policy: None,
            at: now(),
        }
    }

    fn token(expires: &str) -> Reading {
        found(Found::Token(Token {
            id: "at-1".into(),
            created_at: Some(at("2026-05-01T00:00:00Z")),
            last_used_at: Time::Never,
            expires_at: Time::At(at(expires)),
            created_by: None,
            description: None,
        }))
    }

    fn list(names: &[&str]) -> List {
        let mut list = List::new(Rules::default());
        list.set_height(10);
        list.add(names.iter().map(|name| (slot(name), 0)));
        list
    }

    fn names(list: &List) -> Vec<String> {
        list.visible()
            .map(|row| row.slot.organization.to_string())
            .collect()
    }

    #[test]
    fn what_needs_attention_comes_first_and_the_selection_follows_its_row() {
        let mut list = list(&["a", "b", "c"]);
        list.move_to(1);
        assert_eq!(list.selected().unwrap().slot, slot("b"));
        list.know(&slot("c"), token("2026-05-31T00:00:00Z"), now());
        list.know(&slot("b"), token("2026-06-20T00:00:00Z"), now());
        list.know(&slot("a"), found(Found::None), now());
        assert_eq!(names(&list), ["c", "b", "a"]);
        assert_eq!(list.selected().unwrap().slot, slot("b"));
        list.sort_by(Column::Organization, true);
        assert_eq!(names(&list), ["c", "b", "a"]);
        assert_eq!(list.selected().unwrap().slot, slot("b"));
    }

    #[test]
    fn until_the_owner_moves_the_first_line_is_selected() {
        let mut list = list(&["a", "b"]);
        list.know(&slot("b"), token("2026-05-31T00:00:00Z"), now());
        assert_eq!(list.selected().unwrap().slot, slot("b"));
    }

    #[test]
    fn the_filter_looks_at_organization_host_and_state() {
        let mut list = list(&["acme", "platform", "payments"]);
        list.know(&slot("acme"), token("2026-05-31T00:00:00Z"), now());
        list.set_filter("pay");
        assert_eq!(names(&list), ["payments"]);
        list.set_filter("expired");
        assert_eq!(names(&list), ["acme"]);
        // A few letters scattered over several fields are no match.
        list.set_filter("acme");
        assert_eq!(names(&list), ["acme"]);
        list.set_filter("terra !expired pla");
        assert_eq!(names(&list), ["platform"]);
        list.set_filter("nothing like it");
        assert_eq!((list.shown(), list.selected().is_none()), (0, true));
        list.set_filter("");
        assert_eq!(list.shown(), 3);
        assert!(list.selected().is_some());
    }

    #[test]
    fn a_row_that_another_host_entry_sees_now_is_read_again_by_that_one() {
        let mut list = list(&["a"]);
        let (slot, look) = list.next_look(|_| true).unwrap();
        list.begin(&slot, 1, &look);
        list.answer(&slot, 1, found(Found::NotVisible), now());
        assert_eq!(list.next_look(|_| true), None);
        list.retain(0, |_| Some(1));
        let next = list.next_look(|account| account == 1);
        assert_eq!(next.map(|(slot, _)| slot), Some(slot));
    }

    #[test]
    fn a_late_answer_is_dropped() {
        let mut list = list(&["a"]);
        list.begin(&slot("a"), 1, &Look::Token);
        list.forget_pending(&slot("a"));
        list.begin(&slot("a"), 2, &Look::Token);
        list.answer(&slot("a"), 1, found(Found::None), now());
        assert_eq!(list.row(&slot("a")).unwrap().state(), State::Reading);
        list.answer(&slot("a"), 2, found(Found::None), now());
        assert_eq!(list.row(&slot("a")).unwrap().state(), State::None);
    }

    fn names_of(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("o{n:05}")).collect()
    }

    /// Reads a whole list as the screen does, sixteen looks at a time, and
    /// counts the steps.
    fn full_read(count: usize) -> usize {
        let mut list = list(&[]);
        for page in names_of(count).chunks(100) {
            list.add(page.iter().map(|name| (slot(name), 0)));
        }
        list.work.set(0);
        let mut under_way = VecDeque::new();
        let mut id = 0;
        loop {
            while under_way.len() < 16
                && let Some((slot, look)) = list.next_look(|_| true)
            {
                id += 1;
                list.begin(&slot, id, &look);
                under_way.push_back((id, slot));
            }
            let Some((id, slot)) = under_way.pop_front() else {
                break;
            };
            let day = 1 + id % 28;
            list.answer(
                &slot,
                id,
                token(&format!("2027-01-{day:02}T00:00:00Z")),
                now(),
            );
        }
        assert_eq!(list.count(State::Reading), 0, "no row is lost");
        assert!(list.is_quiet());
        list.work.get()
    }

    #[test]
    fn ten_thousand_answers_cost_hardly_more_than_ten_times_a_thousand() {
        let (thousand, ten_thousand) = (full_read(1_000), full_read(10_000));
        // Ten times, and a bit for the depth of the search.
        assert!(
            ten_thousand < thousand * 15,
            "{thousand} steps, then {ten_thousand}"
        );
    }

    #[test]
    fn what_is_on_the_screen_is_read_first_and_gets_its_policy() {
        let mut list = list(&[]);
        list.set_height(2);
        list.add(names_of(5).iter().map(|name| (slot(name), 0)));
        list.move_to(usize::MAX);
        let next = |list: &mut List, id| {
            let (slot, look) = list.next_look(|_| true).unwrap();
            list.begin(&slot, id, &look);
            (slot.organization.to_string(), look)
        };
        let policy = |name: &str| (name.to_owned(), Look::WithPolicy);
        let token_only = |name: &str| (name.to_owned(), Look::Token);
        assert_eq!(next(&mut list, 1), policy("o00003"));
        assert_eq!(next(&mut list, 2), policy("o00004"));
        assert_eq!(next(&mut list, 3), token_only("o00000"));
        assert_eq!(next(&mut list, 4), token_only("o00001"));
        for (id, name) in [(1, "o00003"), (2, "o00004"), (3, "o00000")] {
            list.answer(&slot(name), id, found(Found::None), now());
        }
        assert_eq!(next(&mut list, 5), token_only("o00002"));
        assert_eq!(list.next_look(|_| true), None);
        // What comes on the screen later gets its policy then, and once.
        list.move_to(0);
        let reading = Arc::new(found(Found::None));
        let late = ("o00000".to_owned(), Look::PolicyOf(reading));
        assert_eq!(next(&mut list, 6), late);
        list.answer(&slot("o00000"), 6, found(Found::None), now());
        assert_eq!(list.next_look(|_| true), None);
    }

    #[test]
    fn a_look_that_was_wanted_during_another_is_not_forgotten() {
        let mut list = list(&["a"]);
        let (slot, look) = list.next_look(|_| true).unwrap();
        list.begin(&slot, 1, &look);
        list.want(&slot);
        assert_eq!(list.next_look(|_| true), None);
        assert_eq!(list.under_way(0), 1);
        list.set_filter("nothing like it");
        list.answer(&slot, 1, found(Found::None), now());
        assert!(!list.is_quiet());
        assert_eq!(list.next_look(|_| false), None);
        assert_eq!(list.next_look(|_| true).unwrap().0, slot);
        assert_eq!(list.under_way(0), 0);
    }

    #[test]
    fn what_an_earlier_run_saw_is_shown_and_says_nothing() {
        let mut list = list(&["a"]);
        list.add_known([(slot("b"), 0, Some(token("2026-05-31T00:00:00Z").into()))]);
        let row = list.row(&slot("b")).unwrap();
        assert_eq!(row.state(), State::Reading);
        assert!(row.reading.is_none() && row.last_known().is_some());
        assert_eq!(list.count(State::Expired), 0);
        // The old one with an end comes first, to be read first.
        assert_eq!(names(&list), ["b", "a"]);
        list.know(&slot("b"), found(Found::None), now());
        assert!(list.row(&slot("b")).unwrap().old.is_none());
        list.add_known([(slot("c"), 0, Some(token("2026-05-31T00:00:00Z").into()))]);
        list.forget_old(0);
        assert!(list.row(&slot("c")).unwrap().last_known().is_none());
    }

    #[test]
    fn a_token_dies_by_the_clock_of_its_host() {
        let mut list = list(&["a"]);
        list.add([(Slot::new(&Host::new("tfe.corp.example"), "b"), 1)]);
        list.know(&slot("a"), token("2026-06-01T01:00:00Z"), now());
        let there = Slot::new(&Host::new("tfe.corp.example"), "b");
        list.know(&there, token("2026-06-01T01:00:00Z"), now());
        assert_eq!(list.count(State::Expiring), 2);
        list.set_clock(1, SignedDuration::from_hours(2), now());
        assert_eq!(list.row(&there).unwrap().state(), State::Expired);
        assert_eq!(list.row(&slot("a")).unwrap().state(), State::Expiring);
    }

    #[test]
    fn states_age_with_the_clock() {
        let mut list = list(&["a"]);
        list.know(&slot("a"), token("2026-06-02T00:00:00Z"), now());
        assert_eq!(list.count(State::Expiring), 1);
        assert!(list.age(at("2026-06-03T00:00:00Z")));
        assert_eq!(
            (list.count(State::Expired), list.count(State::Expiring)),
            (1, 0)
        );
    }

    proptest! {
        /// One row at a time or all at once: the order is the same.
        #[test]
        fn moving_one_row_gives_the_order_of_a_full_sort(
            ends in proptest::collection::vec(0i64..100, 1..30),
            order in any::<prop::sample::Index>(),
        ) {
            let mut moved = list(&[]);
            let names: Vec<String> = (0..ends.len()).map(|n| format!("o{n:02}")).collect();
            moved.add(names.iter().map(|name| (slot(name), 0)));
            let start = order.index(ends.len());
            for n in 0..ends.len() {
                let n = (n + start) % ends.len();
                let end = crate::slot::add(now(), std::time::Duration::from_secs(
                    u64::try_from(ends[n]).unwrap() * 86_400)).unwrap();
                moved.know(&slot(&names[n]), token(&end.to_string()), now());
            }
            let one_by_one = moved.view.lines.clone();
            moved.rebuild();
            prop_assert_eq!(one_by_one, moved.view.lines);
        }

        /// What is sorted by keys is in the order that rows are found by.
        #[test]
        fn names_are_sorted_without_regard_to_case(
            names in proptest::collection::hash_set("[aAbBéÉİßK0-]{1,3}|longer-than-a-key[aAbBé]?", 1..30),
            column in 0usize..6,
            reversed in any::<bool>(),
        ) {
            let mut list = list(&[]);
            list.set_height(100);
            list.add(names.iter().map(|name| (slot(name), 0)));
            let column = (0..column).fold(Column::Attention, |column, _| column.next());
            list.sort_by(column, reversed);
            let view: Vec<&str> = list.view().map(|row| &*row.slot.organization).collect();
            let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
            sorted.sort_by_key(|name| (name.to_lowercase(), *name));
            if reversed {
                sorted.reverse();
            }
            prop_assert_eq!(view, sorted);
            for name in &names {
                prop_assert!(list.place(list.at(&slot(name)).unwrap()).is_some(), "{} is not found", name);
            }
        }
    }
}
