//! The way to a host entry: its credential and its address, found out once,
//! when they are first needed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::OnceCell;
use url::Url;

use super::listed::Listed;
use super::recalling::Identified;
use super::{Entry, Fleet, Source, locked};
use crate::api::{self, Client, ClientOptions, Problem, Urgency};
use crate::credentials::store::Mark;
use crate::credentials::{self, Origin};
use crate::slot::{Host, Slot};

/// How long discovery may take. PROTOCOL.md, 6.
const DISCOVERY: Duration = Duration::from_secs(10);

/// A connection, or why there is none; made once however many wait for it.
pub(super) type Attempt = OnceCell<Result<Arc<Connection>, HostProblem>>;

pub(super) struct Connection {
    pub(super) client: Arc<Client>,
    pub(super) origin: Option<Origin>,
    /// What the credential is that is stored there.
    pub(super) stored: Mutex<Mark>,
    address: Url,
    note: Option<String>,
    pub(super) identified: tokio::sync::Mutex<Option<Identified>>,
    /// What a listing over it has just said.
    pub(super) listed: Listed,
}

/// How a host entry is connected; for `doctor`.
pub struct Connected {
    /// The way to it.
    pub client: Arc<Client>,
    /// Where its credential is stored; none for the embedded host's.
    pub origin: Option<String>,
    /// Where its API is.
    pub address: Url,
    /// What is to be said about how that was found.
    pub note: Option<String>,
}

/// Why nothing of a host entry can be read.
#[derive(Clone, Debug, Error)]
#[error("{host}: {why}")]
pub struct HostProblem {
    host: Host,
    pub(super) why: String,
    /// Whether it is the credential that is missing or refused.
    pub credential: bool,
    /// Whether a program failed, which may succeed with the terminal.
    pub program: bool,
    /// That no credential was found, for a dialog in which another way of having
    /// one can be chosen.
    pub not_found: Option<String>,
    /// What happened on the way to the host, if it was asked for anything.
    pub cause: Option<Problem>,
}

impl HostProblem {
    /// Why, with the host's name once: words about a credential have it.
    pub fn words(&self) -> String {
        match self.credential {
            true => self.why.clone(),
            false => self.to_string(),
        }
    }

    pub(super) fn on_the_way(host: &Host, problem: Problem) -> Self {
        Self {
            host: host.clone(),
            why: problem.to_string(),
            credential: false,
            program: false,
            not_found: None,
            cause: Some(problem),
        }
    }
}

impl Fleet {
    /// The connection of an entry. A failure is the failure of all its rows, so
    /// that a program that gives a credential runs once, until somebody wants it
    /// tried again.
    pub(super) async fn connection(&self, entry: &Entry) -> Result<Arc<Connection>, HostProblem> {
        let cell = locked(&entry.connection).clone();
        let is_new = !cell.initialized();
        let found = cell.get_or_init(|| self.connect(entry)).await.clone();
        if is_new {
            self.news.notify_one();
        }
        found
    }

    async fn connect(&self, entry: &Entry) -> Result<Arc<Connection>, HostProblem> {
        let config = &entry.config;
        let known = locked(&entry.credential).clone();
        let (secret, origin) = match (&entry.source, known) {
            (Source::Given(secret), _) => (secret.clone(), None),
            (Source::Configured, Some(known)) => (known.secret, Some(known.origin)),
            (Source::Configured, None) => {
                let found = credentials::obtain(config, &self.environment, &self.programs).await;
                let credential = found.map_err(|error| {
                    let program = error.is_program();
                    if program {
                        *locked(&entry.failed) = Some(error.to_string());
                    }
                    HostProblem {
                        host: config.host.clone(),
                        why: error.to_string(),
                        credential: true,
                        program,
                        not_found: error.in_dialog(),
                        cause: None,
                    }
                })?;
                *locked(&entry.credential) = Some(credential.clone());
                (credential.secret, Some(credential.origin))
            }
        };
        let (address, note) = match &config.address {
            Some(address) => (address.clone(), None),
            None => {
                let found = api::discover(&config.host, config.ca_file.as_deref(), DISCOVERY)
                    .await
                    .map_err(|error| HostProblem::on_the_way(&config.host, error.problem))?;
                (found.address, found.note)
            }
        };
        let options = ClientOptions {
            ca_file: config.ca_file.clone(),
            pace: config.pace,
            read_only: self.read_only,
            limits: self.limits.clone(),
            news: self.news.clone(),
            ..ClientOptions::new(config.host.clone(), address.clone())
        };
        let stored = Mutex::new(Mark::of(&secret));
        let client = Client::new(options, secret)
            .map_err(|error| HostProblem::on_the_way(&config.host, error.problem))?;
        Ok(Arc::new(Connection {
            client: Arc::new(client),
            origin,
            stored,
            address,
            note,
            identified: tokio::sync::Mutex::default(),
            listed: Listed::default(),
        }))
    }

    /// How an entry is connected.
    ///
    /// # Errors
    /// Where it has no usable credential or address.
    pub async fn connected(&self, entry: &Entry) -> Result<Connected, HostProblem> {
        let connection = self.connection(entry).await?;
        Ok(Connected {
            client: connection.client.clone(),
            origin: connection.origin.as_ref().map(ToString::to_string),
            address: connection.address.clone(),
            note: connection.note.clone(),
        })
    }

    /// The connection of a slot's host entry, if there is one already.
    pub(super) fn known_connection(&self, slot: &Slot) -> Option<Arc<Connection>> {
        let entry = self.entry_of(slot)?;
        let cell = locked(&entry.connection).clone();
        cell.get()?.as_ref().ok().cloned()
    }

    /// The connection of a slot's host entry, made if there is none.
    pub(super) async fn connection_for(
        &self,
        slot: &Slot,
    ) -> Result<(Arc<Entry>, Arc<Connection>), HostProblem> {
        let entry = self.entry_of(slot).ok_or_else(|| self.unknown(slot))?;
        let connection = self.connection(&entry).await?;
        Ok((entry, connection))
    }

    fn unknown(&self, slot: &Slot) -> HostProblem {
        HostProblem {
            host: slot.host.clone(),
            why: format!("{} is not configured", slot.organization),
            credential: false,
            program: false,
            not_found: None,
            cause: None,
        }
    }

    /// The client that reads and writes a slot.
    ///
    /// # Errors
    /// Where the host entry has no usable credential or address.
    pub async fn client_for(&self, slot: &Slot) -> Result<Arc<Client>, HostProblem> {
        let (_, connection) = self.connection_for(slot).await?;
        Ok(connection.client.clone())
    }

    /// Tries to reach a host that went away. Returns why it cannot be reached.
    pub async fn reach(&self, entry: usize) -> Option<String> {
        let entry = self.entry(entry)?;
        entry.forget_failure();
        if let Ok(connection) = self.connection(&entry).await {
            // Any answer will do.
            let _ = connection.client.account(Urgency::Owner).await;
            let mut identified = connection.identified.lock().await;
            if *identified == Some(Identified::Unknown) {
                *identified = None;
            }
        }
        entry.news().away
    }

    /// Whatever kept a host entry from being connected may be tried again.
    pub fn retry(&self, entry: usize) {
        if let Some(entry) = self.entry(entry) {
            entry.forget_failure();
        }
    }
}
