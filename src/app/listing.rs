//! Which organizations a host entry has: what an earlier run knew, what is
//! configured, and what its host lists.

use std::sync::Arc;

use super::list::{AccountId, Row};
use super::{App, Effect, EffectId};
use crate::slot::Slot;

impl App {
    /// The rows that an earlier run knew, and the question whether it was the
    /// same account's.
    pub(super) fn recall(&mut self, account: AccountId) -> Vec<Effect> {
        let old = std::mem::take(&mut self.accounts[account].remembered);
        if old.is_empty() {
            return Vec::new();
        }
        let rows = old
            .into_iter()
            .map(|(slot, reading)| (slot, account, Some(reading)));
        self.list.add_known(rows);
        if self.accounts[account].is_ready() {
            return self.identify(account);
        }
        Vec::new()
    }

    /// Asks whose the old rows of a host entry are, if there are some.
    pub(super) fn identify(&mut self, account: AccountId) -> Vec<Effect> {
        let old = |row: &Row| row.account == account && row.old.is_some();
        if !self.list.rows().iter().any(old) {
            return Vec::new();
        }
        let id = self.next_id();
        self.identifying.insert(id, account);
        vec![Effect::Identify { id, account }]
    }

    /// Whose they are: another account's are not to be shown.
    pub(super) fn identified(&mut self, id: EffectId, same: bool) {
        if let Some(account) = self.identifying.remove(&id)
            && !same
        {
            self.list.forget_old(account);
        }
    }

    /// The organizations of a host entry: those that are configured, or all that
    /// its credential can see.
    pub(super) fn ask_for_organizations(&mut self, account: AccountId) -> Vec<Effect> {
        let entry = &self.accounts[account];
        if let Some(names) = &entry.organizations {
            let names = names.clone();
            self.add_organizations(account, &names);
            return Vec::new();
        }
        if entry.listing.is_some() || !entry.is_ready() {
            return Vec::new();
        }
        let id = self.next_id();
        self.accounts[account].listing = Some(id);
        vec![Effect::List { id, account }]
    }

    /// A page of a listing: its rows need not wait for the end.
    pub(super) fn page(&mut self, id: EffectId, names: &[Arc<str>]) {
        if let Some(account) = self.listed_by(id) {
            self.add_organizations(account, names);
        }
    }

    /// The host entry whose listing this is.
    fn listed_by(&self, id: EffectId) -> Option<AccountId> {
        let mut entries = self.accounts.iter();
        entries.position(|entry| entry.listing == Some(id))
    }

    fn add_organizations(&mut self, account: AccountId, names: &[Arc<str>]) {
        let host = self.accounts[account].host.clone();
        let slots = names
            .iter()
            .map(|name| (Slot::sharing(&host, name), account));
        self.list.add(slots);
    }

    /// The end of a listing: what it did not bring is gone.
    pub(super) fn listed(&mut self, id: EffectId, result: Result<Vec<Arc<str>>, String>) {
        let Some(account) = self.listed_by(id) else {
            return;
        };
        let entry = &mut self.accounts[account];
        entry.listing = None;
        match result {
            Ok(mut names) => {
                names.sort();
                let names: Arc<[Arc<str>]> = names.into();
                entry.problem = None;
                entry.seen = names.clone();
                // What this one does not see any more another may.
                let accounts = &self.accounts;
                self.list.retain(account, |slot| {
                    accounts[account]
                        .sees(slot)
                        .then_some(account)
                        .or_else(|| accounts.iter().position(|other| other.sees(slot)))
                });
                self.add_organizations(account, &names);
            }
            Err(why) => {
                // Whoever is away is known to be; that stands in the same line.
                let known = entry.health.is_away();
                entry.problem = Some(why.clone());
                if !known {
                    self.say_bad(why);
                }
            }
        }
    }
}
