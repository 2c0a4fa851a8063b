//! One host entry as the screen knows it.

use std::sync::Arc;

use super::{EffectId, Health};
use crate::config::{CredentialSource, HostConfig, Organizations};
use crate::fleet::Fleet;
use crate::slot::{Host, Reading, Slot};

/// Whether the owner types an entry's credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// It comes from elsewhere.
    Never,
    /// It is to be typed, and nothing is asked of the host before.
    Wanted,
    /// The owner did not want to.
    Declined,
    /// It was typed.
    Done,
}

/// One host entry, and whether its organizations are known.
#[derive(Debug)]
pub struct Account {
    /// The host.
    pub host: Host,
    /// What tells it from another entry of the same host.
    pub label: Option<String>,
    /// The organizations; `None` for "all that the credential can see".
    pub organizations: Option<Vec<Arc<str>>>,
    /// What the last listing brought, by name.
    pub(super) seen: Arc<[Arc<str>]>,
    /// Whether its credential is typed.
    pub asking: Asking,
    /// The listing that is under way.
    pub listing: Option<EffectId>,
    /// Why there is no listing, or why the host cannot be reached.
    pub problem: Option<String>,
    /// How the host is doing.
    pub health: Health,
    /// What an earlier run saw, until the rows are made of it.
    pub remembered: Vec<(Slot, Arc<Reading>)>,
}

impl Account {
    /// An entry whose organizations are listed in the configuration, or not.
    pub fn new(host: Host, label: Option<String>, organizations: Option<Vec<Arc<str>>>) -> Self {
        Self {
            host,
            label,
            organizations,
            seen: Arc::default(),
            asking: Asking::Never,
            listing: None,
            problem: None,
            health: Health::default(),
            remembered: Vec::new(),
        }
    }

    /// Whether all that it can see has a row.
    pub(super) fn is_listed(&self) -> bool {
        let listed = !self.seen.is_empty() && self.listing.is_none() && self.problem.is_none();
        self.organizations.is_some() || listed
    }

    /// Whether it is known to see a slot.
    pub(super) fn sees(&self, slot: &Slot) -> bool {
        let name = &slot.organization;
        let configured = self.organizations.as_ref();
        self.host == slot.host
            && (self.seen.binary_search(name).is_ok()
                || configured.is_some_and(|names| names.contains(name)))
    }

    /// Every host entry of a fleet, with what an earlier run saw of it.
    pub fn all_of(fleet: &Fleet) -> Vec<Self> {
        let entries = fleet.entries();
        let accounts = entries.iter().enumerate().map(|(at, entry)| Self {
            remembered: fleet.remembered(at),
            ..Self::of(&entry.config)
        });
        accounts.collect()
    }

    /// The entry that a configuration means.
    pub fn of(config: &HostConfig) -> Self {
        let organizations = match &config.organizations {
            Organizations::All => None,
            Organizations::Listed(names) => Some(names.clone()),
        };
        let asking = match config.credential {
            CredentialSource::Ask => Asking::Wanted,
            _ => Asking::Never,
        };
        Self {
            asking,
            ..Self::new(config.host.clone(), config.account.clone(), organizations)
        }
    }

    /// Whether its host may be asked for something.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self.asking, Asking::Never | Asking::Done)
    }
}
