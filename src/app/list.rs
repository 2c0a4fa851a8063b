//! The list of slots: rows, their order, the filter, the selection.
//!
//! Sorting and filtering work on indices. One answer moves one row (a binary
//! search, not a sort), a page of a listing is merged in, and only a new order
//! sorts, by keys that were taken from the rows before: so ten thousand answers
//! stay cheap. The selection holds on to its organization, not to a line of the
//! screen.
//!
//! A row is small: what was read lies behind it and is shared with the fleet's
//! memory, so that a further organization costs some hundred bytes and not
//! thousands.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use hashbrown::HashTable;
use jiff::{SignedDuration, Timestamp};
use nucleo_matcher::pattern::{Atom, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::EffectId;
use crate::fleet::Look;
use crate::slot::{Creator, Found, Host, Kind, Reading, Rules, Slot, State, Time, Token};

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
    pub reading: Option<Arc<Reading>>,
    /// What an earlier run saw, until this one has looked: to be shown as old,
    /// and never to be acted on.
    pub old: Option<Arc<Reading>>,
    /// The look that is on its way.
    pub pending: Option<EffectId>,
    /// Whether it is to be looked at (again) as soon as there is room.
    pub wanted: bool,
    /// Whether its owner has marked it.
    pub marked: bool,
    /// Whether the last look asked for the policy as well.
    policy: bool,
    /// Whether its organization has a place for an audit trail token, which gets
    /// a row as soon as somebody looks.
    audit_trails: bool,
    /// What an earlier run saw of that token, until its row is there.
    old_audit_trails: Option<Arc<Reading>>,
    /// Whether the row is an audit trail token's that an earlier run saw, and its
    /// host has not shown yet in this one that it has such tokens: it is asked
    /// for nothing.
    unproven: bool,
    state: State,
}

impl Row {
    /// Whether a look is due.
    fn is_due(&self) -> bool {
        self.wanted && !self.unproven
    }

    /// The state that the row was sorted and drawn by.
    pub fn state(&self) -> State {
        self.state
    }

    /// What can be shown: the last look, else that of an earlier run.
    pub fn last_known(&self) -> Option<&Reading> {
        self.reading.as_deref().or(self.old.as_deref())
    }

    fn token(&self) -> Option<&Token> {
        self.last_known().and_then(Reading::token)
    }

    /// Who generated the token, to be compared.
    fn creator(&self) -> Option<impl Ord> {
        self.token()?.created_by.as_ref().map(Creator::order)
    }

    /// Whether the policy was left out that an owner who looks at the row wants
    /// to see.
    fn lacks_policy(&self) -> bool {
        let matters = |reading: &Reading| match reading.found {
            Found::Token(_) | Found::None => true,
            // Its reason may be the organization's plan.
            Found::Unclear => self.slot.kind == Kind::AuditTrails,
            _ => false,
        };
        !self.policy && !self.wanted && self.reading.as_deref().is_some_and(matters)
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
    index: Index,
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
    /// How many rows are marked.
    marked: usize,
    counts: HashMap<(Kind, State), usize>,
    matcher: Matcher,
    /// Rows that want a look, by host entry, in the order of asking; some were
    /// looked at meanwhile.
    queues: Vec<VecDeque<usize>>,
    /// The looks that are under way, and how many by host entry.
    looks: HashMap<EffectId, usize>,
    under_way: Vec<usize>,
    /// Whether the end of every token is to be known with its policy, and the
    /// rows whose policy is still to be asked for.
    policies: bool,
    policy_queue: VecDeque<usize>,
    /// How far each host entry's clock is ahead.
    clocks: Vec<SignedDuration>,
    /// Steps of work, for the test that says how it grows.
    #[cfg(test)]
    work: std::cell::Cell<usize>,
}

/// Finds rows by their slots. It holds row numbers only: the slots are in the
/// rows already.
#[derive(Default)]
struct Index {
    numbers: HashTable<usize>,
    hasher: RandomState,
}

impl Index {
    fn get(&self, rows: &[Row], slot: &Slot) -> Option<usize> {
        let hash = self.hasher.hash_one(slot);
        let is_it = |at: &usize| rows[*at].slot == *slot;
        self.numbers.find(hash, is_it).copied()
    }

    /// Adds the row with this number, whose slot is not there yet.
    fn insert(&mut self, rows: &[Row], at: usize) {
        let hash = self.hasher.hash_one(&rows[at].slot);
        let again = |at: &usize| self.hasher.hash_one(&rows[*at].slot);
        self.numbers.insert_unique(hash, at, again);
    }

    fn rebuild(&mut self, rows: &[Row]) {
        self.numbers.clear();
        for at in 0..rows.len() {
            self.insert(rows, at);
        }
    }
}

/// What a row is sorted by before names are looked at: a state (or none, 0) and
/// a time, the missing one last.
type Key = (u8, Timestamp);

impl List {
    /// An empty list.
    pub fn new(rules: Rules) -> Self {
        Self {
            rows: Vec::new(),
            index: Index::default(),
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
            marked: 0,
            counts: HashMap::new(),
            matcher: Matcher::new(Config::DEFAULT),
            queues: Vec::new(),
            looks: HashMap::new(),
            under_way: Vec::new(),
            policies: false,
            policy_queue: VecDeque::new(),
            clocks: Vec::new(),
            #[cfg(test)]
            work: std::cell::Cell::default(),
        }
    }

    /// Adds slots that are not there yet, to be read. Of the host entries that
    /// see an organization the first has it, whichever answers first.
    pub fn add(&mut self, slots: impl IntoIterator<Item = (Slot, AccountId)>) {
        self.add_known(
            slots
                .into_iter()
                .map(|(slot, account)| (slot, account, None)),
        );
    }

    /// The same with what an earlier run saw of them.
    pub fn add_known(
        &mut self,
        slots: impl IntoIterator<Item = (Slot, AccountId, Option<Arc<Reading>>)>,
    ) {
        let before = self.rows.len();
        for (slot, account, old) in slots {
            if slot.kind == Kind::AuditTrails {
                // Its row comes when that kind is looked at.
                if let Some(of) = self.at(&slot.of_kind(Kind::Organization)) {
                    self.rows[of].old_audit_trails = old;
                }
                continue;
            }
            if self.at(&slot).is_none() {
                self.push(slot, account, old);
                continue;
            }
            for kind in [Kind::Organization, Kind::AuditTrails] {
                if let Some(at) = self.at(&slot.of_kind(kind))
                    && account < self.rows[at].account
                {
                    self.hand_over(at, account);
                }
            }
        }
        if self.rows.len() > before {
            self.merge(before);
        }
    }

    fn at(&self, slot: &Slot) -> Option<usize> {
        self.index.get(&self.rows, slot)
    }

    /// Gives a row to another host entry, which is to read it again.
    fn hand_over(&mut self, at: usize, account: AccountId) {
        let row = &mut self.rows[at];
        let before = std::mem::replace(&mut row.account, account);
        row.wanted |= row.slot.kind == Kind::Organization || self.both_shown;
        let (wanted, under_way) = (row.wanted, row.pending.is_some());
        if under_way {
            *slot_of(&mut self.under_way, before) -= 1;
            *slot_of(&mut self.under_way, account) += 1;
        }
        if wanted {
            self.enqueue(at);
        }
    }

    fn push(&mut self, slot: Slot, account: AccountId, old: Option<Arc<Reading>>) {
        *self.count_of(slot.kind, State::Reading) += 1;
        self.rows.push(Row {
            // What nobody looks at is not asked for.
            wanted: slot.kind == Kind::Organization || self.both_shown,
            slot,
            account,
            reading: None,
            old,
            pending: None,
            marked: false,
            policy: false,
            audit_trails: false,
            old_audit_trails: None,
            unproven: false,
            state: State::Reading,
        });
        let at = self.rows.len() - 1;
        self.index.insert(&self.rows, at);
        if self.rows[at].wanted {
            self.enqueue(at);
        }
    }

    fn count_of(&mut self, kind: Kind, state: State) -> &mut usize {
        self.counts.entry((kind, state)).or_insert(0)
    }

    /// An organization that is there has an audit trail token too, or a place
    /// for one. Its row comes when that kind is looked at for the first time.
    pub fn add_audit_trails(&mut self, of: &Slot) {
        let Some(at) = self.at(of) else {
            return;
        };
        self.rows[at].audit_trails = true;
        let slot = of.of_kind(Kind::AuditTrails);
        if let Some(known) = self.at(&slot) {
            let row = &mut self.rows[known];
            if std::mem::replace(&mut row.unproven, false) && row.wanted {
                self.enqueue(known);
            }
        } else if self.both_shown && self.push_audit_trails(at) {
            self.put_in(self.rows.len() - 1);
        }
    }

    /// Adds the row of an organization's audit trail token, if it has one, or had
    /// one in an earlier run, and the row is not there yet; whether it was added.
    fn push_audit_trails(&mut self, of: usize) -> bool {
        let row = &mut self.rows[of];
        let proven = row.audit_trails;
        let old = row.old_audit_trails.take();
        let (slot, account) = (row.slot.of_kind(Kind::AuditTrails), row.account);
        let is_new = (proven || old.is_some()) && self.at(&slot).is_none();
        if is_new {
            self.push(slot, account, old);
            if let Some(row) = self.rows.last_mut() {
                row.unproven = !proven;
            }
        }
        is_new
    }

    /// The host has answered about an organization, and has not shown that it has
    /// audit trail tokens: what an earlier run saw of one is no row to wait for.
    fn give_up_audit_trails(&mut self, of: &Slot, now: Timestamp) {
        let Some(at) = self.at(of).filter(|at| !self.rows[*at].audit_trails) else {
            return;
        };
        self.rows[at].old_audit_trails = None;
        let slot = of.of_kind(Kind::AuditTrails);
        let unproven = |row: &Row| row.unproven && row.reading.is_none();
        if self.row(&slot).is_some_and(unproven) {
            let note = "this host is not seen to have audit trail tokens any more";
            let reading = Reading {
                found: Found::Failed,
                note: Some(note.to_owned()),
                policy: None,
                at: now,
            };
            self.know(&slot, reading, now);
        }
    }

    /// The slot to be asked for where the owner wants this one: its organization's
    /// own token where only that can prove that the other may be asked for.
    pub fn to_ask(&self, slot: Slot) -> Slot {
        match self.row(&slot) {
            Some(row) if row.unproven => slot.of_kind(Kind::Organization),
            _ => slot,
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
        for at in 0..self.rows.len() {
            self.push_audit_trails(at);
        }
        if !self.rows.iter().any(|row| row.slot.kind == kind) {
            return false;
        }
        if !std::mem::replace(&mut self.both_shown, true) {
            self.want_those(|row| row.slot.kind == kind);
        }
        self.kind = kind;
        self.touched = true;
        let same = self.selected_slot().map(|slot| slot.of_kind(kind));
        self.selected = same.and_then(|slot| self.at(&slot));
        self.rebuild();
        true
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
        let all = self.view.iter().all(|at| self.rows[*at].marked);
        for at in &self.view {
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
        let shown = self.view.iter().map(|at| &self.rows[*at]);
        let mut all: Vec<&Row> = shown.filter(marked).collect();
        if self.marked > all.len() {
            let seen: HashSet<usize> = self.view.iter().copied().collect();
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
        let shown = self.view.iter().filter(|at| self.rows[**at].marked).count();
        (all, all - shown)
    }

    /// Gives the rows of a host entry to the one that sees them, and drops those
    /// that none sees.
    pub fn retain(&mut self, account: AccountId, seen_by: impl Fn(&Slot) -> Option<AccountId>) {
        let mut own = self.rows.iter().filter(|row| row.account == account);
        if own.all(|row| seen_by(&row.slot) == Some(account)) {
            return;
        }
        let selected = self.selected_slot().cloned();
        self.rows.retain_mut(|row| {
            if row.account != account {
                return true;
            }
            let now = seen_by(&row.slot);
            row.account = now.unwrap_or(account);
            now.is_some()
        });
        self.index.rebuild(&self.rows);
        self.count_marks();
        self.counts.clear();
        for row in &self.rows {
            *self.counts.entry((row.slot.kind, row.state)).or_insert(0) += 1;
        }
        self.looks.clear();
        self.queues.clear();
        self.policy_queue.clear();
        self.under_way.clear();
        for at in 0..self.rows.len() {
            let row = &self.rows[at];
            let (account, wanted) = (row.account, row.wanted);
            if let Some(id) = row.pending {
                self.looks.insert(id, at);
                *slot_of(&mut self.under_way, account) += 1;
            }
            if wanted {
                self.enqueue(at);
            }
            self.enqueue_policy(at);
        }
        self.selected = selected.and_then(|slot| self.at(&slot));
        self.rebuild();
    }

    /// Every row, in no particular order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// A row by its slot.
    pub fn row(&self, slot: &Slot) -> Option<&Row> {
        self.at(slot).and_then(|at| self.rows.get(at))
    }

    /// How many rows of the kind that is shown are in a state.
    pub fn count(&self, state: State) -> usize {
        self.counts.get(&(self.kind, state)).copied().unwrap_or(0)
    }

    /// How many organizations there are, whatever is shown.
    pub fn organizations(&self) -> usize {
        let counts = self.counts.iter();
        let own = counts.filter(|((kind, _), _)| *kind == Kind::Organization);
        own.map(|(_, count)| *count).sum()
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

    /// Selects a row that passes the filter.
    pub fn select(&mut self, slot: &Slot) {
        let at = self.at(slot);
        if let Some(line) = at.and_then(|at| self.place(at)) {
            self.move_to(line);
        }
    }

    /// Moves the window over the rows; the selection stays in it.
    pub fn scroll(&mut self, lines: isize) {
        let most = self.view.len().saturating_sub(self.height);
        self.offset = self.offset.saturating_add_signed(lines).min(most);
        let line = self.selected_line().unwrap_or(0);
        let last = (self.offset + self.height).saturating_sub(1);
        self.move_to(line.clamp(self.offset, last.max(self.offset)));
    }

    /// The rows that pass the filter, in order.
    pub fn view(&self) -> impl Iterator<Item = &Row> {
        self.view.iter().map(|at| &self.rows[*at])
    }

    /// Whether an organization is known to have a place for an audit trail token.
    pub fn has_audit_trails(&self) -> bool {
        let mut rows = self.rows.iter();
        rows.any(|row| row.audit_trails || row.old_audit_trails.is_some())
    }

    fn selected_line(&self) -> Option<usize> {
        self.place(self.selected?)
    }

    /// The line of a row, if it passes the filter: the view is sorted, and no
    /// two rows are equal.
    fn place(&self, at: usize) -> Option<usize> {
        let line = self
            .view
            .partition_point(|other| self.compare(*other, at) == Ordering::Less);
        (self.view.get(line) == Some(&at)).then_some(line)
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
        if let Some(at) = self.at(slot) {
            self.want_row(at);
        }
    }

    /// Asks for every row to be read again, of a kind that was ever shown.
    pub fn want_all(&mut self) {
        self.want_those(|_| true);
    }

    /// The same for the rows of a host entry.
    pub fn want_account(&mut self, account: AccountId) {
        self.want_those(|row| row.account == account);
    }

    fn want_those(&mut self, these: impl Fn(&Row) -> bool) {
        for at in 0..self.rows.len() {
            let row = &self.rows[at];
            if these(row) && (row.slot.kind == Kind::Organization || self.both_shown) {
                self.want_row(at);
            }
        }
    }

    fn want_row(&mut self, at: usize) {
        if !std::mem::replace(&mut self.rows[at].wanted, true) {
            self.enqueue(at);
        }
    }

    fn enqueue(&mut self, at: usize) {
        slot_of(&mut self.queues, self.rows[at].account).push_back(at);
    }

    /// The next look that is due: at what is on the screen first, with its
    /// policy, then at the rest.
    pub fn next_look(&mut self, allowed: impl Fn(AccountId) -> bool) -> Option<(Slot, Look)> {
        let free = |row: &&Row| row.pending.is_none() && allowed(row.account);
        if let Some(row) = self.visible().find(|row| free(row) && row.is_due()) {
            return Some((row.slot.clone(), Look::WithPolicy));
        }
        if let Some(row) = self.visible().find(|row| free(row) && row.lacks_policy()) {
            let reading = row.reading.clone()?;
            return Some((row.slot.clone(), Look::PolicyOf(reading)));
        }
        for account in (0..self.queues.len()).filter(|account| allowed(*account)) {
            while let Some(at) = self.queues[account].pop_front() {
                self.count_work();
                let row = &self.rows[at];
                // One that is under way comes back with its answer.
                if row.account == account && row.is_due() && row.pending.is_none() {
                    return Some((row.slot.clone(), Look::Token));
                }
            }
            // What it held for a full read is not needed for one row.
            self.queues[account] = VecDeque::new();
        }
        self.next_policy(allowed)
    }

    /// From now on the policy of every row is asked for, after all else: without
    /// it an end may be later than the token's.
    pub fn want_policies(&mut self) {
        if !std::mem::replace(&mut self.policies, true) {
            for at in 0..self.rows.len() {
                self.enqueue_policy(at);
            }
        }
    }

    /// How many rows that are shown lack the policy that their end may depend on.
    pub fn without_policy(&self) -> usize {
        let lacks = |row: &&Row| row.token().is_some() && row.lacks_policy();
        self.view().filter(lacks).count()
    }

    fn enqueue_policy(&mut self, at: usize) {
        let row = &self.rows[at];
        if self.policies && row.token().is_some() && row.lacks_policy() {
            self.policy_queue.push_back(at);
        }
    }

    fn next_policy(&mut self, allowed: impl Fn(AccountId) -> bool) -> Option<(Slot, Look)> {
        // What cannot be asked now waits for its turn.
        for _ in 0..self.policy_queue.len() {
            let at = self.policy_queue.pop_front()?;
            let row = &self.rows[at];
            if !row.lacks_policy() || row.pending.is_some() {
                continue;
            }
            if !allowed(row.account) {
                self.policy_queue.push_back(at);
                continue;
            }
            let reading = row.reading.clone()?;
            return Some((row.slot.clone(), Look::PolicyOf(reading)));
        }
        None
    }

    /// How many looks at slots of a host entry are under way.
    pub fn under_way(&self, account: AccountId) -> usize {
        self.under_way.get(account).copied().unwrap_or(0)
    }

    /// Whether something is being read.
    pub fn is_reading(&self) -> bool {
        !self.looks.is_empty()
    }

    /// Whether nothing is being read and nothing is to be.
    pub fn is_quiet(&self) -> bool {
        self.looks.is_empty() && self.queues.iter().all(VecDeque::is_empty)
    }

    /// Notes that a look at the slot is on its way.
    pub fn begin(&mut self, slot: &Slot, id: EffectId, look: &Look) {
        let Some(at) = self.at(slot) else {
            return;
        };
        self.end_look(at);
        let row = &mut self.rows[at];
        row.pending = Some(id);
        row.wanted = false;
        row.policy = *look != Look::Token;
        let account = row.account;
        self.looks.insert(id, at);
        *slot_of(&mut self.under_way, account) += 1;
    }

    /// The slot whose look has this number.
    pub fn looked_at(&self, id: EffectId) -> Option<&Slot> {
        self.looks.get(&id).map(|at| &self.rows[*at].slot)
    }

    fn end_look(&mut self, at: usize) {
        let row = &mut self.rows[at];
        let (account, wanted) = (row.account, row.wanted);
        if let Some(id) = row.pending.take() {
            self.looks.remove(&id);
            *slot_of(&mut self.under_way, account) -= 1;
            if wanted {
                self.enqueue(at);
            }
        }
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

    /// Notes how far the clock of a host entry is ahead.
    pub fn set_clock(&mut self, account: AccountId, ahead: SignedDuration, now: Timestamp) {
        if *slot_of(&mut self.clocks, account) != ahead {
            self.clocks[account] = ahead;
            self.age(now);
        }
    }

    #[inline]
    fn count_work(&self) {
        #[cfg(test)]
        self.work.set(self.work.get() + 1);
    }

    /// Takes the answer of the look `id`; an answer that nobody waits for any
    /// more is dropped.
    pub fn answer(
        &mut self,
        slot: &Slot,
        id: EffectId,
        reading: impl Into<Arc<Reading>>,
        now: Timestamp,
    ) {
        let Some(at) = self.at(slot) else {
            return;
        };
        if self.rows[at].pending != Some(id) {
            return;
        }
        self.end_look(at);
        let reading = reading.into();
        let answered = !matches!(reading.found, Found::Failed | Found::Unauthorized);
        self.know(slot, reading, now);
        self.enqueue_policy(at);
        if answered && slot.kind == Kind::Organization {
            self.give_up_audit_trails(slot, now);
        }
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

    /// Drops the look that is on its way, because something newer is known.
    pub fn forget_pending(&mut self, slot: &Slot) {
        if let Some(at) = self.at(slot) {
            self.end_look(at);
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

    fn rebuild(&mut self) {
        self.view = self.sorted(0);
        self.follow();
    }

    /// Puts the rows from this number on, which are new, where they belong.
    fn merge(&mut self, from: usize) {
        let new = self.sorted(from);
        if new.is_empty() {
            self.follow();
            return;
        }
        let old = std::mem::take(&mut self.view);
        let mut view = Vec::with_capacity(old.len() + new.len());
        let mut taken = 0;
        for at in new {
            let before =
                old[taken..].partition_point(|other| self.compare(*other, at) == Ordering::Less);
            view.extend_from_slice(&old[taken..taken + before]);
            taken += before;
            view.push(at);
        }
        view.extend_from_slice(&old[taken..]);
        self.view = view;
        self.follow();
    }

    /// The rows from this number on that pass the filter, in order. Sorted by
    /// keys that lie side by side; the rows themselves lie all over the memory.
    fn sorted(&mut self, from: usize) -> Vec<usize> {
        let pattern = self.pattern();
        let mut sieve = pattern.map(Sieve::new);
        let mut keyed: Vec<(Key, usize)> = Vec::new();
        for at in from..self.rows.len() {
            let row = &self.rows[at];
            let shown = row.slot.kind == self.kind
                && sieve
                    .as_mut()
                    .is_none_or(|sieve| sieve.passes(row, &mut self.matcher));
            if shown {
                keyed.push((self.key(row), at));
            }
        }
        keyed.sort_unstable_by(|(one, a), (two, b)| {
            let by_key = match self.reversed {
                false => one.cmp(two),
                true => two.cmp(one),
            };
            by_key.then_with(|| self.compare(*a, *b))
        });
        keyed.into_iter().map(|(_, at)| at).collect()
    }

    /// What a row is sorted by, as far as that is a number.
    fn key(&self, row: &Row) -> Key {
        let ends = |row: &Row| {
            row.last_known()
                .and_then(Reading::ends_at)
                .and_then(Time::at)
        };
        let used = |row: &Row| row.token().and_then(|token| token.last_used_at.at());
        let (state, time) = match self.column {
            Column::Attention => (row.state as u8, ends(row)),
            Column::Ends => (0, ends(row)),
            Column::LastUsed => (0, used(row)),
            Column::Organization | Column::Host | Column::CreatedBy => (0, None),
        };
        (state, time.unwrap_or(Timestamp::MAX))
    }

    /// Changes what is known of a row, and puts it where it belongs now.
    fn change(&mut self, at: usize, reading: Option<Arc<Reading>>, now: Timestamp) {
        // Found by what the row was sorted by until now.
        if let Some(line) = self.place(at) {
            self.view.remove(line);
        }
        let row = &mut self.rows[at];
        row.reading = reading;
        row.old = None;
        self.restate(at, now);
        self.put_in(at);
    }

    /// Puts a row that is not in the view where it belongs.
    fn put_in(&mut self, at: usize) {
        if self.rows[at].slot.kind != self.kind {
            self.follow();
            return;
        }
        let fits = match self.pattern() {
            None => true,
            Some(pattern) => Sieve::new(pattern).passes(&self.rows[at], &mut self.matcher),
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
        self.count_work();
        let (one, two) = (&self.rows[a], &self.rows[b]);
        let by_column = self
            .key(one)
            .cmp(&self.key(two))
            .then_with(|| match self.column {
                Column::Host => one.slot.host.cmp(&two.slot.host),
                Column::CreatedBy => last_if_none(one.creator(), two.creator()),
                _ => Ordering::Equal,
            });
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

/// A filter at work on many rows. Every word of it must be found in the
/// organization, the host or the state; scattered over all three, a few letters
/// would find everything.
struct Sieve {
    words: Vec<Word>,
    buffer: Vec<char>,
}

/// One word, and where it was found already: ten thousand rows have a few hosts
/// and a dozen states.
struct Word {
    atom: Atom,
    hosts: Vec<(Host, bool)>,
    states: [Option<bool>; State::ALL.len()],
}

impl Sieve {
    fn new(pattern: Pattern) -> Self {
        let words = pattern.atoms.into_iter().map(|atom| Word {
            atom,
            hosts: Vec::new(),
            states: Default::default(),
        });
        Self {
            words: words.collect(),
            buffer: Vec::new(),
        }
    }

    fn passes(&mut self, row: &Row, matcher: &mut Matcher) -> bool {
        let buffer = &mut self.buffer;
        self.words.iter_mut().all(|word| {
            let Word {
                atom,
                hosts,
                states,
            } = word;
            // Of a negative word this says that it is not there.
            let mut found = |text: &str| atom.score(Utf32Str::new(text, buffer), matcher).is_some();
            let host = &row.slot.host;
            let in_host = match hosts.iter().find(|(known, _)| known == host) {
                Some((_, found)) => *found,
                None => {
                    let found = found(host.as_str());
                    hosts.push((host.clone(), found));
                    found
                }
            };
            let state = &mut states[row.state as usize];
            let in_state = *state.get_or_insert_with(|| found(row.state.word()));
            if atom.negative {
                in_host && in_state && found(&row.slot.organization)
            } else {
                in_host || in_state || found(&row.slot.organization)
            }
        })
    }
}

/// The place of a host entry in a list that grows as entries turn up.
fn slot_of<T: Default>(list: &mut Vec<T>, account: AccountId) -> &mut T {
    if list.len() <= account {
        list.resize_with(account + 1, T::default);
    }
    &mut list[account]
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
            let one_by_one = moved.view.clone();
            moved.rebuild();
            prop_assert_eq!(one_by_one, moved.view);
        }
    }
}
