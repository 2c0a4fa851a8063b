//! What an earlier run saw: taken from the cache, shown as old, believed once it
//! is certain that the same account asks, and written again.

use std::sync::Arc;

use jiff::Timestamp;

use super::connection::Connection;
use super::{Entry, Fleet};
use crate::api::Urgency;
use crate::cache::Cache;
use crate::config::Organizations;
use crate::slot::{Kind, Reading, Slot};

/// A cache of so many bytes is read before anybody sees that it takes time:
/// some two hundred organizations.
const QUICKLY: u64 = 128 << 10;

/// Whether the account that asks is the one that an earlier run remembered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Identified {
    Same,
    Other,
    /// The host does not say who asks.
    Unknown,
}

impl Fleet {
    /// Remembers in this cache, and takes what it holds from an earlier run.
    /// Returns what could not be used, in words.
    pub fn remember_in(&mut self, cache: Cache) -> Vec<String> {
        self.remember_later_in(cache);
        self.recall()
    }

    /// Remembers in this cache; what it holds from an earlier run is taken by
    /// [`Fleet::recall`], before the first request.
    pub fn remember_later_in(&mut self, cache: Cache) {
        self.cache = Some(cache);
    }

    /// Whether [`Fleet::recall`] takes so long that it would be seen.
    pub fn recalls_slowly(&self) -> bool {
        let Some(cache) = &self.cache else {
            return false;
        };
        let entries = self.entries();
        let sizes = entries.iter().map(|entry| {
            let config = &entry.config;
            cache.size(config.host.as_str(), config.account.as_deref())
        });
        sizes.sum::<u64>() > QUICKLY
    }

    /// Takes what the cache holds from an earlier run. Returns what could not be
    /// used, in words. Blocks on the disk.
    pub fn recall(&self) -> Vec<String> {
        let Some(cache) = &self.cache else {
            return Vec::new();
        };
        let mut notes = Vec::new();
        for (at, entry) in self.entries().iter().enumerate() {
            let config = &entry.config;
            match cache.load(config.host.as_str(), config.account.as_deref()) {
                Ok(None) => {}
                Ok(Some(remembered)) => {
                    entry.memory.recall(remembered);
                    for (slot, _) in self.remembered(at) {
                        entry.claim(slot.organization);
                    }
                }
                Err(error) => notes.push(error.to_string()),
            }
        }
        notes
    }

    /// What an earlier run saw of the organizations that are wanted now. Old:
    /// good for showing and for nothing else.
    pub fn remembered(&self, entry: usize) -> Vec<(Slot, Arc<Reading>)> {
        let Some(entry) = self.entry(entry) else {
            return Vec::new();
        };
        let config = &entry.config;
        let wanted = |name: &str| match &config.organizations {
            Organizations::Listed(names) => names.iter().any(|listed| **listed == *name),
            Organizations::All => {
                self.only.is_empty() || self.only.iter().any(|only| **only == *name)
            }
        };
        let mut old: Vec<_> = entry
            .memory
            .old_readings()
            .into_iter()
            .filter(|old| wanted(&old.organization))
            .map(|old| {
                let slot = Slot::sharing(&config.host, &old.organization);
                (slot.of_kind(old.kind), old.reading)
            })
            .collect();
        // An organization before its other token.
        old.sort_by_key(|(slot, _)| slot.kind != Kind::Organization);
        old
    }

    /// Writes to the cache what was found out. Returns what could not be
    /// written, in words. Blocks on the disk.
    pub fn remember(&self) -> Vec<String> {
        let Some(cache) = &self.cache else {
            return Vec::new();
        };
        let now = Timestamp::now();
        self.entries()
            .iter()
            .filter_map(|entry| {
                let news = entry.memory.news()?;
                let config = &entry.config;
                let label = config.account.as_deref();
                cache.save(config.host.as_str(), label, news, now).err()
            })
            .map(|error| error.to_string())
            .collect()
    }

    /// Whether the account that asks is the one that an earlier run remembered,
    /// as far as the host says.
    pub async fn is_remembered(&self, entry: usize) -> bool {
        let Some(entry) = self.entry(entry) else {
            return true;
        };
        match self.connection(&entry).await {
            Ok(connection) => self.identify(&entry, &connection).await != Identified::Other,
            Err(_) => true,
        }
    }

    /// Finds out who asks before anything is remembered: another account may
    /// see other things.
    pub(super) async fn identify(&self, entry: &Entry, connection: &Connection) -> Identified {
        if self.cache.is_none() {
            return Identified::Unknown;
        }
        let mut identified = connection.identified.lock().await;
        if let Some(identified) = *identified {
            return identified;
        }
        let client = &connection.client;
        let account = self.account(entry, client, Urgency::Background).await;
        let account = account.unwrap_or_default();
        let found = match &account.id {
            None => Identified::Unknown,
            Some(id) if entry.memory.confirm(id) => Identified::Same,
            Some(_) => Identified::Other,
        };
        // Most tokens were created by who asks: that name needs no question.
        if let (Some(id), Some(name)) = (&account.id, &account.username) {
            entry.memory.note_name(id, name);
        }
        *identified = Some(found);
        found
    }
}
