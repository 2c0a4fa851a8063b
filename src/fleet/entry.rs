//! One host entry: its configuration, and what is known of it for this run.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;

use super::connection::Attempt;
use super::locked;
use super::memory::Memory;
use crate::api::Account;
use crate::config::HostConfig;
use crate::credentials::Credential;
use crate::secret::Secret;

/// Where a host entry's credential comes from.
#[derive(Clone)]
pub enum Source {
    /// From where the configuration says.
    Configured,
    /// From the embedded host, which made it up at its start.
    Given(Secret),
}

/// One host entry of the configuration.
pub struct Entry {
    /// Its configuration.
    pub config: HostConfig,
    pub(super) source: Source,
    /// The credential once it was had: a program or the owner gives it once.
    pub(super) credential: Mutex<Option<Credential>>,
    /// Why the program that gives it failed, until somebody asks.
    pub(super) failed: Mutex<Option<String>>,
    /// Replaced by an empty one where it is to be tried again.
    pub(super) connection: Mutex<Arc<Attempt>>,
    /// Whom the credential authenticates; forgotten when it is replaced.
    pub(super) account: Mutex<Option<Account>>,
    /// The organizations that it is known to see.
    pub(super) sees: Mutex<HashSet<Arc<str>>>,
    /// How many that its last listing named cannot be used by their names.
    pub(super) left_out: Mutex<usize>,
    pub(super) memory: Memory,
}

/// Clocks that differ by less agree: `Date` counts whole seconds, and an answer
/// takes its time.
const SAME_TIME: SignedDuration = SignedDuration::from_secs(60);

/// How a host is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostNews {
    /// Why it cannot be reached.
    pub away: Option<String>,
    /// How far its clock is ahead of ours; zero while they agree to a minute.
    pub clock: SignedDuration,
    /// How long it wants no requests.
    pub pause: Option<Duration>,
}

impl Entry {
    pub(super) fn new(config: HostConfig, source: Source) -> Self {
        Self {
            config,
            source,
            credential: Mutex::default(),
            failed: Mutex::default(),
            connection: Mutex::default(),
            account: Mutex::default(),
            sees: Mutex::default(),
            left_out: Mutex::default(),
            memory: Memory::default(),
        }
    }

    /// From now on it is known to see the organization. Returns the name as it is
    /// kept here, to be shared: an earlier run's rows have it already.
    pub(super) fn claim(&self, organization: Arc<str>) -> Arc<str> {
        let mut sees = locked(&self.sees);
        if let Some(kept) = sees.get(&organization) {
            return kept.clone();
        }
        sees.insert(organization.clone());
        organization
    }

    pub(super) fn forget_failure(&self) {
        let mut connection = locked(&self.connection);
        if matches!(connection.get(), Some(Err(_))) {
            *connection = Arc::default();
        }
    }

    pub(super) fn news(&self) -> HostNews {
        let cell = locked(&self.connection).clone();
        let client = match cell.get() {
            None => return HostNews::default(),
            Some(Err(problem)) => {
                return HostNews {
                    away: (!problem.credential).then(|| problem.to_string()),
                    ..HostNews::default()
                };
            }
            Some(Ok(connection)) => &connection.client,
        };
        let clock = client.facts().clock_offset.unwrap_or_default();
        HostNews {
            away: client
                .away()
                .map(|why| format!("{}: {why}", self.config.host)),
            clock: if clock.abs() > SAME_TIME {
                clock
            } else {
                SignedDuration::ZERO
            },
            pause: client.waiting().pause,
        }
    }
}
