//! What one host entry is known to hold: the looks, the policies and the names
//! of this run, and those of an earlier one as soon as it is certain that the
//! same account asks.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::locked;
use crate::cache::{OldName, OldPolicy, OldReading, Remembered};
use crate::slot::{Found, Kind, Reading};

/// How long a policy that was read counts.
const POLICY_AGE: i64 = 24 * 60 * 60;
/// How long a name counts, in seconds; people are seldom renamed.
const NAME_AGE: i64 = 30 * 24 * 60 * 60;

type Key = (Arc<str>, Kind);
/// Somebody's name, asked for once however many rows wait for it.
pub(super) type NameCell = Arc<OnceCell<Option<Arc<str>>>>;

/// What is known of a host entry.
#[derive(Default)]
pub(super) struct Memory(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Who asks, by the host's word.
    account: Option<String>,
    /// Of an earlier run, until it is known who asks.
    old: Option<Remembered>,
    /// Shared with the rows of the screen.
    readings: HashMap<Key, Arc<Reading>>,
    policies: HashMap<Key, Policy>,
    names: HashMap<String, OldName>,
    cells: HashMap<Arc<str>, NameCell>,
    changed: bool,
}

/// An organization's limit for a token's life, and when it was asked for.
#[derive(Clone, Copy)]
struct Policy {
    limit: Option<Duration>,
    asked: Timestamp,
}

/// A time in the future is a clock that was set back: ask again.
fn counts(asked: Timestamp, seconds: i64) -> bool {
    (0..seconds).contains(&Timestamp::now().duration_since(asked).as_secs())
}

impl Memory {
    fn known(&self) -> MutexGuard<'_, Known> {
        locked(&self.0)
    }

    /// Takes what an earlier run remembered.
    pub fn recall(&self, old: Remembered) {
        self.known().old = Some(old);
    }

    /// Another credential is used from now on: what this run saw with the one
    /// before may be another account's.
    pub fn forget(&self) {
        let mut known = self.known();
        let old = known.old.take();
        *known = Known {
            old,
            ..Known::default()
        };
    }

    /// The looks of an earlier run; cheap copies, what they saw is shared.
    pub fn old_readings(&self) -> Vec<OldReading> {
        let known = self.known();
        known
            .old
            .as_ref()
            .map_or_else(Vec::new, |old| old.readings.clone())
    }

    /// It is known who asks. False where an earlier run was another account's:
    /// what that one saw is forgotten.
    pub fn confirm(&self, account: &str) -> bool {
        let mut known = self.known();
        let known = &mut *known;
        known.account = Some(account.to_owned());
        let Some(old) = known.old.take() else {
            return true;
        };
        if old.account != account {
            known.changed = true;
            return false;
        }
        for old in old.readings {
            let key = (old.organization, old.kind);
            known.readings.entry(key).or_insert(old.reading);
        }
        for old in old.policies {
            let key = (old.organization, old.kind);
            let policy = Policy {
                limit: old.limit,
                asked: old.asked,
            };
            known.policies.entry(key).or_insert(policy);
        }
        for (id, name) in old.names {
            known.names.entry(id).or_insert(name);
        }
        true
    }

    /// Notes a look; one that says nothing of the slot does not replace one that
    /// does.
    pub fn note(&self, organization: &Arc<str>, kind: Kind, reading: &Arc<Reading>) {
        if matches!(reading.found, Found::Failed | Found::Unauthorized) {
            return;
        }
        let mut known = self.known();
        known.changed = true;
        known
            .readings
            .insert((organization.clone(), kind), reading.clone());
    }

    /// Forgets the organizations that are not there any more.
    pub fn keep(&self, organizations: &HashSet<&str>) {
        let mut known = self.known();
        let before = known.readings.len();
        known
            .readings
            .retain(|(name, _), _| organizations.contains(&**name));
        known.changed |= known.readings.len() != before;
        known
            .policies
            .retain(|(name, _), _| organizations.contains(&**name));
    }

    /// The policy, if it was asked for within a day.
    pub fn policy(&self, organization: &Arc<str>, kind: Kind) -> Option<Option<Duration>> {
        let known = self.known();
        let policy = known.policies.get(&(organization.clone(), kind))?;
        counts(policy.asked, POLICY_AGE).then_some(policy.limit)
    }

    /// Notes a policy that was just read.
    pub fn note_policy(&self, organization: &Arc<str>, kind: Kind, limit: Option<Duration>) {
        let mut known = self.known();
        known.changed = true;
        let asked = Timestamp::now();
        known
            .policies
            .insert((organization.clone(), kind), Policy { limit, asked });
    }

    /// The id that is kept, to be shared, and where its name is, or comes.
    pub fn name(&self, id: &Arc<str>) -> (Arc<str>, NameCell) {
        let mut known = self.known();
        if let Some((kept, cell)) = known.cells.get_key_value(id) {
            return (kept.clone(), cell.clone());
        }
        let name = known
            .names
            .get(&**id)
            .filter(|old| counts(old.asked, NAME_AGE))
            .map(|old| Some(old.name.as_str().into()));
        let cell = NameCell::new(OnceCell::new_with(name));
        known.cells.insert(id.clone(), cell.clone());
        (id.clone(), cell)
    }

    /// Notes a name that was just read.
    pub fn note_name(&self, id: &str, name: &str) {
        let mut known = self.known();
        known.changed = true;
        let name = OldName {
            name: name.to_owned(),
            asked: Timestamp::now(),
        };
        known.names.insert(id.to_owned(), name);
    }

    /// What is to be remembered, if anything is new and it is known who asked.
    pub fn news(&self) -> Option<Remembered> {
        let mut known = self.known();
        if !known.changed {
            return None;
        }
        let mut remembered = Remembered::of(known.account.as_ref()?);
        known.changed = false;
        remembered.readings = known
            .readings
            .iter()
            .map(|((organization, kind), reading)| OldReading {
                organization: organization.clone(),
                kind: *kind,
                reading: reading.clone(),
            })
            .collect();
        remembered.policies = known
            .policies
            .iter()
            .map(|((organization, kind), policy)| OldPolicy {
                organization: organization.clone(),
                kind: *kind,
                limit: policy.limit,
                asked: policy.asked,
            })
            .collect();
        remembered.names = known
            .names
            .iter()
            .map(|(id, name)| (id.clone(), name.clone()))
            .collect();
        Some(remembered)
    }
}
