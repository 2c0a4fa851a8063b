//! The view: the rows that pass the filter, in order, and the one that is
//! selected.
//!
//! One answer moves one row (a binary search, not a sort), a page of a listing
//! is merged in, and only a new order sorts, by keys that were taken from the
//! rows before: so ten thousand answers stay cheap.

use std::cmp::Ordering;

use super::sorting::{SortKey, Sorting};
use super::{Column, List, Row};
use crate::slot::{Kind, Slot};

/// The lines of the view and the window over them.
pub(super) struct View {
    /// The rows that pass the filter, in order.
    pub lines: Vec<usize>,
    /// The selected row.
    pub selected: Option<usize>,
    /// Until the owner moves, the selection stays on the first line.
    pub touched: bool,
    /// While a filter is typed and the owner has not moved since, the selection
    /// goes to what is meant by it.
    seeks: bool,
    /// Where it was before that.
    origin: Option<Slot>,
    /// The first line in the window, and how many there is room for.
    offset: usize,
    height: usize,
}

impl View {
    /// A view of nothing.
    pub fn new() -> Self {
        Self {
            lines: Vec::new(),
            selected: None,
            touched: false,
            seeks: false,
            origin: None,
            offset: 0,
            height: 1,
        }
    }
}

impl List {
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
        self.view.touched = true;
        let same = self.selected_slot().map(|slot| slot.of_kind(kind));
        self.view.selected = same.and_then(|slot| self.at(&slot));
        self.rebuild();
        true
    }

    /// How many rows pass the filter.
    pub fn shown(&self) -> usize {
        self.view.lines.len()
    }

    /// The rows that pass the filter, in order.
    pub fn view(&self) -> impl Iterator<Item = &Row> {
        self.view.lines.iter().map(|at| &self.rows[*at])
    }

    /// The rows that are on the screen.
    pub fn visible(&self) -> impl Iterator<Item = &Row> {
        self.view
            .lines
            .iter()
            .skip(self.view.offset)
            .take(self.view.height)
            .map(|at| &self.rows[*at])
    }

    /// The first visible line's place in the view.
    pub fn offset(&self) -> usize {
        self.view.offset
    }

    /// The selected row.
    pub fn selected(&self) -> Option<&Row> {
        self.view.selected.map(|at| &self.rows[at])
    }

    pub(super) fn selected_slot(&self) -> Option<&Slot> {
        self.selected().map(|row| &row.slot)
    }

    /// The column and whether it runs backwards.
    pub fn order(&self) -> (Column, bool) {
        (self.sorting.column, self.sorting.reversed)
    }

    /// Sorts by another column.
    pub fn sort_by(&mut self, column: Column, reversed: bool) {
        self.sorting = Sorting { column, reversed };
        self.rebuild();
    }

    /// The text that rows are filtered by.
    pub fn filter(&self) -> &str {
        self.filter.text()
    }

    /// Filters the rows.
    pub fn set_filter(&mut self, filter: &str) {
        if self.filter.set(filter) {
            self.rebuild();
            self.seek();
        }
    }

    /// Whether a filter is being typed: until the owner moves, the selection goes
    /// to the organization that is named by it.
    pub fn set_seeking(&mut self, seeks: bool) {
        self.view.seeks = seeks;
        self.view.origin = self.selected_slot().cloned().filter(|_| seeks);
    }

    /// Selects the line that fits the filter best, the first of several such. Where
    /// no name has the words in it the selection is where it was.
    fn seek(&mut self) {
        if !self.view.seeks {
            return;
        }
        let sought = self.filter.sought();
        let rank = |at: &usize| sought.rank(&self.rows[*at].slot.organization);
        let lines = self.view.lines.iter();
        let best = lines.filter_map(|at| Some((rank(at)?, *at)));
        // Of equal ones this is the first.
        let best = best.min_by_key(|(rank, _)| *rank).map(|(_, at)| at);
        let origin = || self.at(self.view.origin.as_ref()?);
        if let Some(at) = best.or_else(origin) {
            self.view.selected = Some(at);
            self.view.touched = true;
            self.follow();
        }
    }

    /// The number of lines there is room for.
    pub fn set_height(&mut self, height: usize) {
        self.view.height = height.max(1);
        self.follow();
    }

    /// Moves the selection by lines.
    pub fn move_by(&mut self, lines: isize) {
        let at = self.selected_line().unwrap_or(0);
        self.move_to(at.saturating_add_signed(lines));
    }

    /// Moves the selection by pages.
    pub fn move_pages(&mut self, pages: isize) {
        let page = isize::try_from(self.view.height.saturating_sub(1).max(1)).unwrap_or(1);
        self.move_by(pages * page);
    }

    /// The same by half pages.
    pub fn move_half_pages(&mut self, halves: isize) {
        let half = isize::try_from((self.view.height / 2).max(1)).unwrap_or(1);
        self.move_by(halves * half);
    }

    /// Moves the selection to a line of the view, or to the last.
    pub fn move_to(&mut self, line: usize) {
        self.view.touched = true;
        self.view.seeks = false;
        let last = self.view.lines.len().saturating_sub(1);
        self.view.selected = self.view.lines.get(line.min(last)).copied();
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
        let most = self.view.lines.len().saturating_sub(self.view.height);
        self.view.offset = self.view.offset.saturating_add_signed(lines).min(most);
        let line = self.selected_line().unwrap_or(0);
        let last = (self.view.offset + self.view.height).saturating_sub(1);
        self.move_to(line.clamp(self.view.offset, last.max(self.view.offset)));
    }

    fn selected_line(&self) -> Option<usize> {
        self.place(self.view.selected?)
    }

    /// The line of a row, if it passes the filter: the view is sorted, and no
    /// two rows are equal.
    pub(super) fn place(&self, at: usize) -> Option<usize> {
        let line = self
            .view
            .lines
            .partition_point(|other| self.compare(*other, at) == Ordering::Less);
        (self.view.lines.get(line) == Some(&at)).then_some(line)
    }

    /// Keeps the selected line on the screen.
    pub(super) fn follow(&mut self) {
        if !self.view.touched {
            self.view.selected = self.view.lines.first().copied();
        }
        let line = match self.selected_line() {
            Some(line) => line,
            None => {
                // The filter hid it: the nearest that is left.
                let line = self
                    .view
                    .offset
                    .min(self.view.lines.len().saturating_sub(1));
                self.view.selected = self.view.lines.get(line).copied();
                line
            }
        };
        if line < self.view.offset {
            self.view.offset = line;
        } else if line >= self.view.offset + self.view.height {
            self.view.offset = line + 1 - self.view.height;
        }
        let most = self.view.lines.len().saturating_sub(self.view.height);
        self.view.offset = self.view.offset.min(most);
    }

    /// Filters and sorts all rows.
    pub(super) fn rebuild(&mut self) {
        self.ends.take();
        self.view.lines = self.sorted(0);
        self.follow();
    }

    /// Puts the rows from this number on, which are new, where they belong.
    pub(super) fn merge(&mut self, from: usize) {
        self.ends.take();
        let new = self.sorted(from);
        if new.is_empty() {
            self.follow();
            return;
        }
        let old = std::mem::take(&mut self.view.lines);
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
        self.view.lines = view;
        self.follow();
        self.seek();
    }

    /// The rows from this number on that pass the filter, in order. Sorted by
    /// keys that lie side by side; the rows themselves lie all over the memory.
    fn sorted(&mut self, from: usize) -> Vec<usize> {
        let mut sieve = self.filter.sieve();
        let mut keyed: Vec<(SortKey, usize)> = Vec::new();
        for (at, row) in self.rows.iter().enumerate().skip(from) {
            if row.slot.kind == self.kind && sieve.passes(row) {
                keyed.push((self.sorting.sort_key(row), at));
            }
        }
        keyed.sort_unstable_by(|(one, a), (two, b)| {
            let by_key = self.sorting.compare_keys(*one, *two);
            by_key.then_with(|| self.compare(*a, *b))
        });
        keyed.into_iter().map(|(_, at)| at).collect()
    }

    /// Puts a row that is not in the view where it belongs.
    pub(super) fn put_in(&mut self, at: usize) {
        self.ends.take();
        if self.rows[at].slot.kind != self.kind {
            self.follow();
            return;
        }
        if self.filter.sieve().passes(&self.rows[at]) {
            let place = self
                .view
                .lines
                .partition_point(|other| self.compare(*other, at) == Ordering::Less);
            self.view.lines.insert(place, at);
        }
        self.follow();
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        self.count_work();
        self.sorting.compare(&self.rows[a], &self.rows[b])
    }

    /// Counts a step, for the test that says how they grow.
    #[inline]
    pub(super) fn count_work(&self) {
        #[cfg(test)]
        self.work.set(self.work.get() + 1);
    }
}
