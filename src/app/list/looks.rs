//! Which row is looked at next: what is on the screen first, the rest from
//! queues, so that the next of ten thousand is found at once.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use super::{AccountId, List, Row, of_account};
use crate::app::EffectId;
use crate::fleet::Look;
use crate::slot::{Found, Kind, Reading, Slot};

/// The looks that are due and those that are under way, by row number.
#[derive(Default)]
pub(super) struct Looks {
    /// Rows that want a look, by host entry, in the order of asking; some were
    /// looked at meanwhile.
    due: Vec<VecDeque<usize>>,
    /// The looks that are under way, and how many by host entry.
    under_way: HashMap<EffectId, usize>,
    busy: Vec<usize>,
    /// Whether the end of every token is to be known with its policy, and the
    /// rows whose policy is still to be asked for.
    policies: bool,
    without_policy: VecDeque<usize>,
}

impl List {
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

    /// The same for the rows that are meant.
    pub(super) fn want_those(&mut self, these: impl Fn(&Row) -> bool) {
        for at in 0..self.rows.len() {
            let row = &self.rows[at];
            if these(row) && (row.slot.kind == Kind::Organization || self.both_shown) {
                self.want_row(at);
            }
        }
    }

    fn want_row(&mut self, at: usize) {
        if !std::mem::replace(&mut self.rows[at].wanted, true) {
            self.ends.take();
            self.enqueue(at);
        }
    }

    /// Puts a row at the end of its host entry's queue.
    pub(super) fn enqueue(&mut self, at: usize) {
        of_account(&mut self.looks.due, self.rows[at].account).push_back(at);
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
        for account in (0..self.looks.due.len()).filter(|account| allowed(*account)) {
            while let Some(at) = self.looks.due[account].pop_front() {
                self.count_work();
                let row = &self.rows[at];
                // One that is under way comes back with its answer.
                if row.account == account && row.is_due() && row.pending.is_none() {
                    return Some((row.slot.clone(), Look::Token));
                }
            }
            // What it held for a full read is not needed for one row.
            self.looks.due[account] = VecDeque::new();
        }
        self.next_policy(allowed)
    }

    /// From now on the policy of every row is asked for, after all else: without
    /// it an end may be later than the token's.
    pub fn want_policies(&mut self) {
        if !std::mem::replace(&mut self.looks.policies, true) {
            for at in 0..self.rows.len() {
                self.enqueue_policy(at);
            }
        }
    }

    /// Nobody looks at all ends any more: policies that were not asked for yet are
    /// read when their row comes on the screen.
    pub fn leave_policies(&mut self) {
        self.looks.policies = false;
        self.looks.without_policy = VecDeque::new();
    }

    /// The same for its policy, where that is wanted.
    pub(super) fn enqueue_policy(&mut self, at: usize) {
        let row = &self.rows[at];
        if self.looks.policies && row.token().is_some() && row.lacks_policy() {
            self.looks.without_policy.push_back(at);
        }
    }

    fn next_policy(&mut self, allowed: impl Fn(AccountId) -> bool) -> Option<(Slot, Look)> {
        // What cannot be asked now waits for its turn.
        for _ in 0..self.looks.without_policy.len() {
            let at = self.looks.without_policy.pop_front()?;
            let row = &self.rows[at];
            if !row.lacks_policy() || row.pending.is_some() {
                continue;
            }
            if !allowed(row.account) {
                self.looks.without_policy.push_back(at);
                continue;
            }
            let reading = row.reading.clone()?;
            return Some((row.slot.clone(), Look::PolicyOf(reading)));
        }
        None
    }

    /// How many looks at slots of a host entry are under way.
    pub fn under_way(&self, account: AccountId) -> usize {
        self.looks.busy.get(account).copied().unwrap_or(0)
    }

    /// Whether something is being read.
    pub fn is_reading(&self) -> bool {
        !self.looks.under_way.is_empty()
    }

    /// Whether nothing is being read and nothing is to be.
    pub fn is_quiet(&self) -> bool {
        self.looks.under_way.is_empty() && !self.has_more_to_read()
    }

    /// Whether slots wait until those that are being read make room.
    pub fn has_more_to_read(&self) -> bool {
        !self.looks.due.iter().all(VecDeque::is_empty)
    }

    /// Notes that a look at the slot is on its way.
    pub fn begin(&mut self, slot: &Slot, id: EffectId, look: &Look) {
        let Some(at) = self.at(slot) else {
            return;
        };
        self.end_look(at);
        self.ends.take();
        let row = &mut self.rows[at];
        row.pending = Some(id);
        row.wanted = false;
        row.policy = *look != Look::Token;
        let account = row.account;
        self.looks.under_way.insert(id, at);
        *of_account(&mut self.looks.busy, account) += 1;
    }

    /// The slot whose look has this number.
    pub fn looked_at(&self, id: EffectId) -> Option<&Slot> {
        self.looks.under_way.get(&id).map(|at| &self.rows[*at].slot)
    }

    /// The look at a row that is under way is not waited for any more.
    pub(super) fn end_look(&mut self, at: usize) {
        let row = &mut self.rows[at];
        let (account, wanted) = (row.account, row.wanted);
        if let Some(id) = row.pending.take() {
            self.looks.under_way.remove(&id);
            *of_account(&mut self.looks.busy, account) -= 1;
            if wanted {
                self.enqueue(at);
            }
        }
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

    /// Drops the look that is on its way, because something newer is known.
    pub fn forget_pending(&mut self, slot: &Slot) {
        if let Some(at) = self.at(slot) {
            self.end_look(at);
        }
    }

    /// A look that is under way counts for another host entry now.
    pub(super) fn hand_over_look(&mut self, from: AccountId, to: AccountId) {
        *of_account(&mut self.looks.busy, from) -= 1;
        *of_account(&mut self.looks.busy, to) += 1;
    }

    /// Finds all looks anew, after the rows' numbers have changed.
    pub(super) fn find_looks(&mut self) {
        self.looks = Looks {
            policies: self.looks.policies,
            ..Looks::default()
        };
        for at in 0..self.rows.len() {
            let row = &self.rows[at];
            let (account, wanted) = (row.account, row.wanted);
            if let Some(id) = row.pending {
                self.looks.under_way.insert(id, at);
                *of_account(&mut self.looks.busy, account) += 1;
            }
            if wanted {
                self.enqueue(at);
            }
            self.enqueue_policy(at);
        }
    }
}
