//! Every host and organization that is configured, ready to be read: the
//! configuration, the owner's credentials and one paced client per host entry.
//!
//! Nothing is asked for before it is needed: a credential command runs and a
//! name is looked up when the first slot of its host is read, so the first
//! frame never waits for either. What fails, fails for one host's rows, and a
//! host that went away is asked again without the others' noticing.

mod adding;
mod connection;
mod credential;
mod entry;
mod listed;
mod looking;
mod memory;
mod recalling;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use jiff::Timestamp;
use tokio::sync::Notify;

pub use self::adding::Checked;
pub use self::connection::{Connected, HostProblem};
pub use self::credential::{Whose, in_brackets};
pub use self::entry::{Entry, HostNews, Source};
pub use self::looking::Look;
use crate::api::Limits;
pub use crate::api::Own;
use crate::cache::Cache;
use crate::config::{HostConfig, Organizations};
use crate::credentials::{Environment, Programs};
use crate::slot::Slot;

/// All host entries.
pub struct Fleet {
    entries: RwLock<Vec<Arc<Entry>>>,
    /// An entry that was checked and is not one of them yet.
    candidate: Mutex<Option<Entry>>,
    /// Runs what gives credentials; set before the first request.
    pub programs: Programs,
    environment: Environment,
    read_only: bool,
    /// The organizations that are wanted; empty for all.
    only: Vec<Arc<str>>,
    /// How long and how often hosts are asked; set before the first request.
    pub limits: Limits,
    cache: Option<Cache>,
    news: Arc<Notify>,
}

impl Fleet {
    /// A fleet of host entries; nothing is connected yet. `only` names the
    /// organizations that are wanted; empty for all.
    pub fn new(
        hosts: Vec<(HostConfig, Source)>,
        environment: Environment,
        read_only: bool,
        only: Vec<Arc<str>>,
    ) -> Self {
        let fleet = Self {
            entries: RwLock::default(),
            candidate: Mutex::default(),
            programs: Programs::default(),
            environment,
            read_only,
            only,
            limits: Limits::default(),
            cache: None,
            news: Arc::default(),
        };
        for (config, source) in hosts {
            fleet.push(Entry::new(config, source));
        }
        fleet
    }

    /// The host entries, by number.
    pub fn entries(&self) -> Vec<Arc<Entry>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.clone()
    }

    fn entry(&self, number: usize) -> Option<Arc<Entry>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(number).cloned()
    }

    fn push(&self, entry: Entry) -> usize {
        let entry = Arc::new(entry);
        let number = {
            let entries = self.entries.write();
            let mut entries = entries.unwrap_or_else(PoisonError::into_inner);
            entries.push(entry.clone());
            entries.len() - 1
        };
        if let Organizations::Listed(names) = &entry.config.organizations {
            for name in names {
                entry.claim(name.clone());
            }
        }
        number
    }

    /// Waits until [`Fleet::news`] may say something new.
    pub async fn changed(&self) {
        self.news.notified().await;
    }

    /// How each host entry is doing, in their order.
    pub fn news(&self) -> Vec<HostNews> {
        self.entries().iter().map(|entry| entry.news()).collect()
    }

    /// The time that a slot's token lives by: its host's, once that is off by more
    /// than an answer takes.
    pub fn time_of(&self, slot: &Slot) -> Timestamp {
        let now = Timestamp::now();
        let ahead = self.entry_of(slot).map(|entry| entry.news().clock);
        ahead
            .and_then(|ahead| now.checked_add(ahead).ok())
            .unwrap_or(now)
    }

    /// The entry that is asked about a slot: the first of those that see it.
    fn entry_of(&self, slot: &Slot) -> Option<Arc<Entry>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let sees = |entry: &&Arc<Entry>| {
            entry.config.host == slot.host && locked(&entry.sees).contains(&slot.organization)
        };
        entries.iter().find(sees).cloned()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
