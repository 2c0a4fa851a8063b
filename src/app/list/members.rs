//! Which slots have a row: they come page by page, are handed from one host
//! entry to another, and go. An audit trail token's row comes only when that
//! kind is looked at, and where its host is seen to have such tokens.

use std::sync::Arc;

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::{AccountId, List, Row};
use crate::slot::{Found, Kind, Reading, Slot, State};

impl List {
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

    /// Gives a row to another host entry, which is to read it again.
    fn hand_over(&mut self, at: usize, account: AccountId) {
        self.ends.take();
        let row = &mut self.rows[at];
        let before = std::mem::replace(&mut row.account, account);
        row.wanted |= row.slot.kind == Kind::Organization || self.both_shown;
        let (wanted, under_way) = (row.wanted, row.pending.is_some());
        if under_way {
            self.hand_over_look(before, account);
        }
        if wanted {
            self.enqueue(at);
        }
    }

    fn push(&mut self, slot: Slot, account: AccountId, old: Option<Arc<Reading>>) {
        *self.count_of(slot.kind, State::Reading) += 1;
        self.longest_name = self.longest_name.max(slot.organization.width());
        // What nobody looks at is not asked for.
        let wanted = slot.kind == Kind::Organization || self.both_shown;
        self.rows.push(Row::new(slot, account, old, wanted));
        let at = self.rows.len() - 1;
        self.index.insert(&self.rows, at);
        if wanted {
            self.enqueue(at);
        }
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
    pub(super) fn push_audit_trails(&mut self, of: usize) -> bool {
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
    pub(super) fn give_up_audit_trails(&mut self, of: &Slot, now: Timestamp) {
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
                note: Some(note.into()),
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

    /// Whether an organization is known to have a place for an audit trail token.
    pub fn has_audit_trails(&self) -> bool {
        let mut rows = self.rows.iter();
        rows.any(|row| row.audit_trails || row.old_audit_trails.is_some())
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
            let Some(now) = seen_by(&row.slot) else {
                return false;
            };
            // What this one saw may not be what the other sees.
            row.wanted |= now != account;
            row.account = now;
            true
        });
        self.index.rebuild(&self.rows);
        self.count_marks();
        self.counts.clear();
        self.longest_name = 0;
        for row in &self.rows {
            self.longest_name = self.longest_name.max(row.slot.organization.width());
            *self.counts.entry((row.slot.kind, row.state)).or_insert(0) += 1;
        }
        self.find_looks();
        self.view.selected = selected.and_then(|slot| self.at(&slot));
        self.rebuild();
    }
}
