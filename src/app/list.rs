//! The list of slots: rows, their order, the filter, the selection.
//!
//! Sorting and filtering work on indices. One answer moves one row (a binary
//! search, not a sort), so ten thousand answers stay cheap, and the selection
//! holds on to its organization, not to a line of the screen.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::EffectId;
use crate::slot::{Creator, Found, Kind, Reading, Rules, Slot, State, Token};

/// The number of a host entry in the configuration.
pub type AccountId = usize;

/// One slot and what is known of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which slot.
    pub slot: Slot,
    /// The host entry that sees it.
    pub account: AccountId,
    /// The last look at it.
    pub reading: Option<Reading>,
    /// The look that is on its way.
    pub pending: Option<EffectId>,
    /// Whether it is to be looked at (again) as soon as there is room.
    pub wanted: bool,
    /// Whether its owner has marked it.
    pub marked: bool,
    state: State,
}

impl Row {
    /// The state that the row was sorted and drawn by.
    pub fn state(&self) -> State {
        self.state
    }

    fn token(&self) -> Option<&Token> {
        self.reading.as_ref().and_then(Reading::token)
    }

    /// Why there is nothing to show but words.
    pub fn words(&self) -> Option<&str> {
        let reading = self.reading.as_ref()?;
        match reading.found {
            Found::Token(_) => None,
            // Why one cannot be had, if that is known.
            Found::None => reading.note.as_deref(),
            _ => Some(
                reading
                    .note
                    .as_deref()
                    .unwrap_or_else(|| self.state.meaning()),
            ),
        }
    }
}

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

    /// What the status line calls it.
    pub fn words(self) -> &'static str {
        match self {
            Column::Attention => "what needs attention",
            Column::Organization => "organization",
            Column::Host => "host",
            Column::Ends => "end of life",
            Column::LastUsed => "last use",
            Column::CreatedBy => "creator",
        }
    }
}

/// The rows and the view on them.
pub struct List {
    rows: Vec<Row>,
    index: HashMap<Slot, usize>,
    /// The rows that pass the filter, in order.
    view: Vec<usize>,
    selected: Option<usize>,
    /// Until the owner moves, the selection stays on the first line.
    touched: bool,
    offset: usize,
    height: usize,
    column: Column,
    reversed: bool,
    filter: String,
    rules: Rules,
    /// The kind of token that is shown, and whether the other was yet.
    kind: Kind,
    both_shown: bool,
    counts: HashMap<(Kind, State), usize>,
    matcher: Matcher,
}

impl List {
    /// An empty list.
    pub fn new(rules: Rules) -> Self {
        Self {
            rows: Vec::new(),
            index: HashMap::new(),
            view: Vec::new(),
            selected: None,
            touched: false,
            offset: 0,
            height: 1,
            column: Column::Attention,
            reversed: false,
            filter: String::new(),
            rules,
            kind: Kind::Organization,
            both_shown: false,
            counts: HashMap::new(),
            matcher: Matcher::new(Config::DEFAULT),
        }
    }

    /// Adds slots that are not there yet, to be read. Of the host entries that
    /// see an organization the first has it, whichever answers first.
    pub fn add(&mut self, slots: impl IntoIterator<Item = (Slot, AccountId)>) {
        for (slot, account) in slots {
            if !self.index.contains_key(&slot) {
                self.push(slot, account);
                continue;
            }
            for kind in [Kind::Organization, Kind::AuditTrails] {
                let Some(at) = self.index.get(&slot.of_kind(kind)) else {
                    continue;
                };
                let row = &mut self.rows[*at];
                if account < row.account {
                    row.account = account;
                    row.wanted |= kind == Kind::Organization || self.both_shown;
                }
            }
        }
        self.rebuild();
    }

    fn push(&mut self, slot: Slot, account: AccountId) {
        *self.count_of(slot.kind, State::Reading) += 1;
        self.index.insert(slot.clone(), self.rows.len());
        self.rows.push(Row {
            // What nobody looks at is not asked for.
            wanted: slot.kind == Kind::Organization || self.both_shown,
            slot,
            account,
            reading: None,
            pending: None,
            marked: false,
            state: State::Reading,
        });
    }

    fn count_of(&mut self, kind: Kind, state: State) -> &mut usize {
        self.counts.entry((kind, state)).or_insert(0)
    }

    /// An organization that is there has an audit trail token too, or a place
    /// for one.
    pub fn add_audit_trails(&mut self, of: &Slot) {
        let slot = of.of_kind(Kind::AuditTrails);
        let Some(account) = self.row(of).map(|row| row.account) else {
            return;
        };
        if !self.index.contains_key(&slot) {
            self.push(slot, account);
            self.reposition(self.rows.len() - 1);
        }
    }

    /// The kind of token that is shown.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Shows the other kind; false where no organization has one. The selection
    /// stays with its organization.
    pub fn turn_kind(&mut self) -> bool {
        let kind = match self.kind {
            Kind::Organization => Kind::AuditTrails,
            Kind::AuditTrails => Kind::Organization,
        };
        if !self.rows.iter().any(|row| row.slot.kind == kind) {
            return false;
        }
        if !std::mem::replace(&mut self.both_shown, true) {
            self.want_all_of(kind);
        }
        self.kind = kind;
        self.touched = true;
        let same = self.selected_slot().map(|slot| slot.of_kind(kind));
        self.selected = same.and_then(|slot| self.index.get(&slot).copied());
        self.rebuild();
        true
    }

    fn want_all_of(&mut self, kind: Kind) {
        for row in self.rows.iter_mut().filter(|row| row.slot.kind == kind) {
            row.wanted = true;
        }
    }

    /// How many slots there are of the kind that is shown.
    pub fn all(&self) -> usize {
        let kind = self.kind;
        let of_kind = |(_, count): (&(Kind, State), &usize)| *count;
        let counts = self.counts.iter().filter(|((of, _), _)| *of == kind);
        counts.map(of_kind).sum()
    }

    /// Marks a slot, or takes its mark away.
    pub fn mark(&mut self, slot: &Slot, marked: bool) {
        if let Some(at) = self.index.get(slot) {
            self.rows[*at].marked = marked;
        }
    }

    /// Marks all that are shown, or unmarks them if all are marked.
    pub fn mark_shown(&mut self) {
        let all = self.view.iter().all(|at| self.rows[*at].marked);
        for at in &self.view {
            self.rows[*at].marked = !all;
        }
    }

    /// Takes all marks away.
    pub fn unmark_all(&mut self) {
        for row in &mut self.rows {
            row.marked = false;
        }
    }

    /// The marked slots: those that are shown in their order, then those that
    /// the filter or the kind hides.
    pub fn marked(&self) -> Vec<&Row> {
        let marked = |row: &&Row| row.marked;
        let shown = self.view.iter().map(|at| &self.rows[*at]);
        let mut all: Vec<&Row> = shown.filter(marked).collect();
        if self.rows.iter().filter(marked).count() > all.len() {
            let seen: HashSet<usize> = self.view.iter().copied().collect();
            let hidden = (0..self.rows.len()).filter(|at| !seen.contains(at));
            all.extend(hidden.map(|at| &self.rows[at]).filter(marked));
        }
        all
    }

    /// How many slots are marked, and how many of them are not shown.
    pub fn marks(&self) -> (usize, usize) {
        let all = self.rows.iter().filter(|row| row.marked).count();
        let shown = self.view.iter().filter(|at| self.rows[**at].marked).count();
        (all, all - shown)
    }

    /// Gives the rows of a host entry to the one that sees them, and drops those
    /// that none sees.
    pub fn retain(&mut self, account: AccountId, seen_by: impl Fn(&Slot) -> Option<AccountId>) {
        let selected = self.selected_slot().cloned();
        self.rows.retain_mut(|row| {
            if row.account != account {
                return true;
            }
            let now = seen_by(&row.slot);
            row.account = now.unwrap_or(account);
            now.is_some()
        });
        self.index = self
            .rows
            .iter()
            .enumerate()
            .map(|(at, row)| (row.slot.clone(), at))
            .collect();
        self.counts.clear();
        for row in &self.rows {
            *self.counts.entry((row.slot.kind, row.state)).or_insert(0) += 1;
        }
        self.selected = selected.and_then(|slot| self.index.get(&slot).copied());
        self.rebuild();
    }

    /// Every row, in no particular order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// A row by its slot.
    pub fn row(&self, slot: &Slot) -> Option<&Row> {
        self.index.get(slot).and_then(|at| self.rows.get(*at))
    }

    /// How many rows of the kind that is shown are in a state.
    pub fn count(&self, state: State) -> usize {
        self.counts.get(&(self.kind, state)).copied().unwrap_or(0)
    }

    /// How many rows pass the filter.
    pub fn shown(&self) -> usize {
        self.view.len()
    }

    /// The rows that are on the screen.
    pub fn visible(&self) -> impl Iterator<Item = &Row> {
        self.view
            .iter()
            .skip(self.offset)
            .take(self.height)
            .map(|at| &self.rows[*at])
    }

    /// The first visible line's place in the view.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The selected row.
    pub fn selected(&self) -> Option<&Row> {
        self.selected.map(|at| &self.rows[at])
    }

    fn selected_slot(&self) -> Option<&Slot> {
        self.selected().map(|row| &row.slot)
    }

    /// The column and whether it runs backwards.
    pub fn order(&self) -> (Column, bool) {
        (self.column, self.reversed)
    }

    /// Sorts by another column.
    pub fn sort_by(&mut self, column: Column, reversed: bool) {
        self.column = column;
        self.reversed = reversed;
        self.rebuild();
    }

    /// The text that rows are filtered by.
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Filters the rows.
    pub fn set_filter(&mut self, filter: &str) {
        if self.filter != filter {
            filter.clone_into(&mut self.filter);
            self.rebuild();
        }
    }

    /// The number of lines there is room for.
    pub fn set_height(&mut self, height: usize) {
        self.height = height.max(1);
        self.follow();
    }

    /// Moves the selection by lines.
    pub fn move_by(&mut self, lines: isize) {
        let at = self.selected_line().unwrap_or(0);
        self.move_to(at.saturating_add_signed(lines));
    }

    /// Moves the selection by pages.
    pub fn move_pages(&mut self, pages: isize) {
        let page = isize::try_from(self.height.saturating_sub(1).max(1)).unwrap_or(1);
        self.move_by(pages * page);
    }

    /// Moves the selection to a line of the view, or to the last.
    pub fn move_to(&mut self, line: usize) {
        self.touched = true;
        let last = self.view.len().saturating_sub(1);
        self.selected = self.view.get(line.min(last)).copied();
        self.follow();
    }

    fn selected_line(&self) -> Option<usize> {
        let selected = self.selected?;
        self.view.iter().position(|at| *at == selected)
    }

    /// Keeps the selected line on the screen.
    fn follow(&mut self) {
        if !self.touched {
            self.selected = self.view.first().copied();
        }
        let line = match self.selected_line() {
            Some(line) => line,
            None => {
                // The filter hid it: the nearest that is left.
                let line = self.offset.min(self.view.len().saturating_sub(1));
                self.selected = self.view.get(line).copied();
                line
            }
        };
        if line < self.offset {
            self.offset = line;
        } else if line >= self.offset + self.height {
            self.offset = line + 1 - self.height;
        }
        let most = self.view.len().saturating_sub(self.height);
        self.offset = self.offset.min(most);
    }

    /// Asks for a row to be read again.
    pub fn want(&mut self, slot: &Slot) {
        if let Some(at) = self.index.get(slot) {
            self.rows[*at].wanted = true;
        }
    }

    /// Asks for every row to be read again, of a kind that was ever shown.
    pub fn want_all(&mut self) {
        self.want_all_of(Kind::Organization);
        if self.both_shown {
            self.want_all_of(Kind::AuditTrails);
        }
    }

    /// The next row to be read: what is on the screen first, then the rest.
    pub fn next_wanted(&self, allowed: impl Fn(&Row) -> bool) -> Option<&Slot> {
        let fits = |row: &&Row| row.wanted && row.pending.is_none() && allowed(row);
        self.visible()
            .find(fits)
            .or_else(|| self.rows.iter().find(fits))
            .map(|row| &row.slot)
    }

    /// Notes that a look at the slot is on its way.
    pub fn begin(&mut self, slot: &Slot, id: EffectId) {
        if let Some(at) = self.index.get(slot) {
            self.rows[*at].pending = Some(id);
            self.rows[*at].wanted = false;
        }
    }

    /// Takes the answer of the look `id`; an answer that nobody waits for any
    /// more is dropped.
    pub fn answer(&mut self, slot: &Slot, id: EffectId, reading: Reading, now: Timestamp) {
        let Some(at) = self.index.get(slot).copied() else {
            return;
        };
        if self.rows[at].pending != Some(id) {
            return;
        }
        self.rows[at].pending = None;
        self.know(slot, reading, now);
    }

    /// Takes a look that an action made; what was on its way before is stale.
    pub fn know(&mut self, slot: &Slot, reading: Reading, now: Timestamp) {
        let Some(at) = self.index.get(slot).copied() else {
            return;
        };
        self.rows[at].reading = Some(reading);
        self.restate(at, now);
        self.reposition(at);
    }

    /// Nothing is known of a slot any more.
    pub fn forget(&mut self, slot: &Slot, now: Timestamp) {
        if let Some(at) = self.index.get(slot).copied() {
            self.rows[at].reading = None;
            self.restate(at, now);
            self.reposition(at);
        }
    }

    /// Drops the look that is on its way, because something newer is known.
    pub fn forget_pending(&mut self, slot: &Slot) {
        if let Some(at) = self.index.get(slot) {
            self.rows[*at].pending = None;
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
        let state = State::of(self.rows[at].reading.as_ref(), &self.rules, now);
        let old = std::mem::replace(&mut self.rows[at].state, state);
        if old == state {
            return false;
        }
        let kind = self.rows[at].slot.kind;
        *self.count_of(kind, old) -= 1;
        *self.count_of(kind, state) += 1;
        true
    }

    fn rebuild(&mut self) {
        let of_kind = (0..self.rows.len()).filter(|at| self.rows[*at].slot.kind == self.kind);
        let mut view: Vec<usize> = match self.pattern() {
            None => of_kind.collect(),
            Some(pattern) => of_kind
                .filter(|at| matches(&pattern, &mut self.matcher, &self.rows[*at]))
                .collect(),
        };
        view.sort_unstable_by(|a, b| self.compare(*a, *b));
        self.view = view;
        self.follow();
    }

    /// Puts one row where it belongs now.
    fn reposition(&mut self, at: usize) {
        self.view.retain(|other| *other != at);
        if self.rows[at].slot.kind != self.kind {
            self.follow();
            return;
        }
        let fits = match self.pattern() {
            None => true,
            Some(pattern) => matches(&pattern, &mut self.matcher, &self.rows[at]),
        };
        if fits {
            let place = self
                .view
                .partition_point(|other| self.compare(*other, at) == Ordering::Less);
            self.view.insert(place, at);
        }
        self.follow();
    }

    fn pattern(&self) -> Option<Pattern> {
        (!self.filter.trim().is_empty())
            .then(|| Pattern::parse(&self.filter, CaseMatching::Smart, Normalization::Smart))
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        let (one, two) = (&self.rows[a], &self.rows[b]);
        let ends = |row: &Row| row.reading.as_ref().and_then(Reading::ends_at);
        let by_column = match self.column {
            Column::Attention => one
                .state
                .cmp(&two.state)
                .then_with(|| last_if_none(ends(one), ends(two))),
            Column::Organization => Ordering::Equal,
            Column::Host => one.slot.host.cmp(&two.slot.host),
            Column::Ends => last_if_none(ends(one), ends(two)),
            Column::LastUsed => last_if_none(
                one.token().and_then(|t| t.last_used_at),
                two.token().and_then(|t| t.last_used_at),
            ),
            Column::CreatedBy => last_if_none(
                one.token()
                    .and_then(|t| t.created_by.as_ref())
                    .map(Creator::words),
                two.token()
                    .and_then(|t| t.created_by.as_ref())
                    .map(Creator::words),
            ),
        };
        let order = by_column.then_with(|| {
            (&one.slot.organization, &one.slot.host, one.slot.kind).cmp(&(
                &two.slot.organization,
                &two.slot.host,
                two.slot.kind,
            ))
        });
        if self.reversed {
            order.reverse()
        } else {
            order
        }
    }
}

/// Every word of the filter must be found in the organization, the host or the
/// state; scattered over all three, a few letters would find everything.
fn matches(pattern: &Pattern, matcher: &mut Matcher, row: &Row) -> bool {
    let fields = [
        &*row.slot.organization,
        row.slot.host.as_str(),
        row.state.word(),
    ];
    let mut buffer = Vec::new();
    pattern.atoms.iter().all(|word| {
        let mut found = |field: &&str| {
            word.score(Utf32Str::new(field, &mut buffer), matcher)
                .is_some()
        };
        if word.negative {
            fields.iter().all(&mut found)
        } else {
            fields.iter().any(&mut found)
        }
    })
}

fn last_if_none<T: Ord>(a: Option<T>, b: Option<T>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slot::Host;
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
            last_used_at: None,
            expires_at: Some(at(expires)),
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
    fn a_late_answer_is_dropped() {
        let mut list = list(&["a"]);
        list.begin(&slot("a"), 1);
        list.forget_pending(&slot("a"));
        list.begin(&slot("a"), 2);
        list.answer(&slot("a"), 1, found(Found::None), now());
        assert_eq!(list.row(&slot("a")).unwrap().state(), State::Reading);
        list.answer(&slot("a"), 2, found(Found::None), now());
        assert_eq!(list.row(&slot("a")).unwrap().state(), State::None);
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
            let one_by_one = moved.view.clone();
            moved.rebuild();
            prop_assert_eq!(one_by_one, moved.view);
        }
    }
}
