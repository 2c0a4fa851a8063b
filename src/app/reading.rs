//! Looks at slots: what is visible first, what its owner asks for at once, and
//! never more at a time than a host entry has room for.

use std::collections::HashSet;

use super::list::AccountId;
use super::{App, Effect};
use crate::fleet::Look;
use crate::slot::{Reading, Slot, State};

/// The most looks at slots of one host entry that are under way at once. A host
/// without a stated limit gets at most 16 requests (PROTOCOL.md, 5), which the
/// pace sees to; a few more wait behind them, so that the next is sent when an
/// answer has come and not a turn of the screen later. No more than a few: what
/// comes on the screen waits behind them too.
const LOOKS: usize = 20;

impl App {
    /// Whether there is room for one more look at a slot of a host entry.
    pub(super) fn has_room(&self, account: AccountId) -> bool {
        let entry = &self.accounts[account];
        self.list.under_way(account) < LOOKS && entry.is_ready() && !entry.health.is_away()
    }

    /// Starts looks at slots while there is room: first what a dialog waits for,
    /// then what is visible.
    pub(super) fn fill_looks(&mut self) -> Vec<Effect> {
        let mut effects = self.look_again();
        loop {
            let room: Vec<bool> = (0..self.accounts.len()).map(|a| self.has_room(a)).collect();
            let Some((slot, look)) = self.list.next_look(|account| room[account]) else {
                break;
            };
            effects.push(self.begin(slot, look, false));
        }
        if self.sweeping
            && self.list.is_quiet()
            && self.accounts.iter().all(|a| a.listing.is_none())
        {
            self.sweeping = false;
            effects.push(Effect::Remember { id: self.next_id() });
        }
        effects
    }

    pub(super) fn begin(&mut self, slot: Slot, look: Look, urgent: bool) -> Effect {
        let id = self.next_id();
        self.list.begin(&slot, id, &look);
        Effect::Read {
            id,
            slot,
            look,
            urgent,
        }
    }

    /// A look that the owner waits for.
    pub(super) fn look(&mut self, slot: Slot) -> Effect {
        let slot = self.list.to_ask(slot);
        self.begin(slot, Look::WithPolicy, true)
    }

    pub(super) fn refresh(&mut self) -> Vec<Effect> {
        let marked: Vec<(Slot, AccountId, State)> = self
            .list
            .marked()
            .iter()
            .map(|row| (row.slot.clone(), row.account, row.state()))
            .collect();
        if !marked.is_empty() {
            let mut effects = Vec::new();
            let mut troubled = HashSet::new();
            for (slot, account, state) in &marked {
                self.list.want(slot);
                // Once for each host entry.
                if !troubled.contains(account) {
                    let before = self.before_reading(*account, *state);
                    if before.as_ref().is_none_or(|effects| !effects.is_empty()) {
                        troubled.insert(*account);
                    }
                    effects.extend(before.unwrap_or_default());
                }
            }
            self.say(match marked.len() {
                1 => "reading the marked slot again".to_owned(),
                many => format!("reading {many} marked slots again"),
            });
            return effects;
        }
        let Some(row) = self.list.selected() else {
            // Perhaps because nothing could be listed.
            return self.refresh_all();
        };
        let (slot, account, state) = (row.slot.clone(), row.account, row.state());
        if row.pending.is_some() {
            self.say(format!("{} is being read", slot.organization));
            return Vec::new();
        }
        let Some(mut effects) = self.before_reading(account, state) else {
            return Vec::new();
        };
        if self.list.under_way(account) >= LOOKS {
            self.list.want(&slot);
            return effects;
        }
        effects.push(self.look(slot));
        effects
    }

    pub(super) fn refresh_all(&mut self) -> Vec<Effect> {
        self.list.want_all();
        self.say("reading everything again");
        self.sweeping = true;
        let mut effects = self.before_reading_all();
        for account in 0..self.accounts.len() {
            self.accounts[account].health.try_now(self.now);
            effects.extend(self.ask_for_organizations(account));
        }
        effects
    }

    /// The reading of a slot, if it is not an old one.
    pub(super) fn known(&self, slot: &Slot) -> Option<&Reading> {
        self.list.row(slot).and_then(|row| row.reading.as_deref())
    }
}
