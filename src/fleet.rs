//! Every host and organization that is configured, ready to be read: the
//! configuration, the owner's credentials and one paced client per host entry.
//!
//! Nothing is asked for before it is needed: a credential command runs and a
//! name is looked up when the first slot of its host is read, so the first
//! frame never waits for either. What fails, fails for one host's rows, and a
//! host that went away is asked again without the others' noticing.

mod adding;
mod memory;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;
use tokio::sync::{Notify, OnceCell};
use url::Url;

pub use self::adding::Checked;
use self::memory::Memory;

pub use crate::api::Own;
use crate::api::{
    self, Account, ApiError, Client, ClientOptions, Limits, OrganizationDoc, Problem, Urgency,
};
use crate::cache::Cache;
use crate::config::{HostConfig, Organizations};
use crate::credentials::store::{self, Mark};
use crate::credentials::{self, Credential, Environment, Origin, Programs};
use crate::secret::Secret;
use crate::slot::{Creator, Found, Host, Identity, Kind, Reading, Slot};

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
    source: Source,
    /// The credential once it was had: a program or the owner gives it once.
    credential: Mutex<Option<Credential>>,
    /// Why the program that gives it failed, until somebody asks.
    failed: Mutex<Option<String>>,
    /// Replaced by an empty one where it is to be tried again.
    connection: Mutex<Arc<Attempt>>,
    /// Whom the credential authenticates; forgotten when it is replaced.
    account: Mutex<Option<Account>>,
    /// The organizations that it is known to see.
    sees: Mutex<HashSet<Arc<str>>>,
    memory: Memory,
}

/// Whether the account that asks is the one that an earlier run remembered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Identified {
    Same,
    Other,
    /// The host does not say who asks.
    Unknown,
}

/// How long discovery may take. PROTOCOL.md, 6.
const DISCOVERY: Duration = Duration::from_secs(10);
/// A cache of so many bytes is read before anybody sees that it takes time:
/// some two hundred organizations.
const QUICKLY: u64 = 128 << 10;
/// Clocks that differ by less agree: `Date` counts whole seconds, and an answer
/// takes its time.
const SAME_TIME: SignedDuration = SignedDuration::from_secs(60);

/// What a look at a slot is to find out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// The token; a policy only where it is known already.
    Token,
    /// The token and the organization's policy.
    WithPolicy,
    /// The policy that this look left out.
    PolicyOf(Arc<Reading>),
    /// The token, and nothing after it: what is sent next meets what was seen.
    Last,
}

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

/// A connection, or why there is none; made once however many wait for it.
type Attempt = OnceCell<Result<Arc<Connection>, HostProblem>>;

struct Connection {
    client: Arc<Client>,
    origin: Option<Origin>,
    /// What the credential is that is stored there.
    stored: Mutex<Mark>,
    address: Url,
    note: Option<String>,
    identified: tokio::sync::Mutex<Option<Identified>>,
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
    why: String,
    /// Whether it is the credential that is missing or refused.
    pub credential: bool,
    /// Whether a program failed, which may succeed with the terminal.
    pub program: bool,
    /// What happened on the way to the host, if it was asked for anything.
    pub cause: Option<Problem>,
}

impl HostProblem {
    fn on_the_way(host: &Host, problem: Problem) -> Self {
        Self {
            host: host.clone(),
            why: problem.to_string(),
            credential: false,
            program: false,
            cause: Some(problem),
        }
    }
}

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
                self.claim(number, name);
            }
        }
        number
    }

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
                        self.claim(at, &slot.organization);
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
    async fn identify(&self, entry: &Entry, connection: &Connection) -> Identified {
        if self.cache.is_none() {
            return Identified::Unknown;
        }
        let mut identified = connection.identified.lock().await;
        if let Some(identified) = *identified {
            return identified;
        }
        let client = &connection.client;
        let account = self.account(entry, client, Urgency::Background).await;
        let found = match account.and_then(|account| account.id) {
            None => Identified::Unknown,
            Some(id) if entry.memory.confirm(&id) => Identified::Same,
            Some(_) => Identified::Other,
        };
        *identified = Some(found);
        found
    }

    async fn account(&self, entry: &Entry, client: &Client, urgency: Urgency) -> Option<Account> {
        let known = locked(&entry.account).clone();
        if known.is_some() {
            return known;
        }
        let account = client.account(urgency).await.ok()?;
        *locked(&entry.account) = Some(account.clone());
        Some(account)
    }

    /// Waits until [`Fleet::news`] may say something new.
    pub async fn changed(&self) {
        self.news.notified().await;
    }

    /// How each host entry is doing, in their order.
    pub fn news(&self) -> Vec<HostNews> {
        self.entries().iter().map(|entry| entry.news()).collect()
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

    /// Goes on with a credential that the owner gave, and forgets what came of
    /// the one before, which may have been another account's.
    pub fn give(&self, entry: usize, credential: Credential) {
        if let Some(entry) = self.entry(entry) {
            *locked(&entry.credential) = Some(credential);
            *locked(&entry.account) = None;
            entry.memory.forget();
            *locked(&entry.connection) = Arc::default();
        }
    }

    /// The entries whose credential a program should have given and did not,
    /// each once, with the reason.
    pub fn failed_programs(&self) -> Vec<(usize, String)> {
        let entries = self.entries().into_iter().enumerate();
        entries
            .filter_map(|(number, entry)| Some((number, locked(&entry.failed).take()?)))
            .collect()
    }

    /// Has an entry's credential given by its program, with the terminal in
    /// that program's hands.
    ///
    /// # Errors
    /// In words, where that fails.
    pub async fn obtain_on_terminal(&self, config: &HostConfig) -> Result<Credential, String> {
        let programs = self.programs.on_terminal();
        credentials::obtain(config, &self.environment, &programs)
            .await
            .map_err(|error| error.to_string())
    }

    fn claim(&self, entry: usize, organization: &Arc<str>) {
        if let Some(entry) = self.entry(entry) {
            locked(&entry.sees).insert(organization.clone());
        }
    }

    /// The entry that is asked about a slot: the first of those that see it.
    fn entry_of(&self, slot: &Slot) -> Option<Arc<Entry>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let sees = |entry: &&Arc<Entry>| {
            entry.config.host == slot.host && locked(&entry.sees).contains(&slot.organization)
        };
        entries.iter().find(sees).cloned()
    }

    /// The connection of a slot's host entry, if there is one already.
    fn known_connection(&self, slot: &Slot) -> Option<Arc<Connection>> {
        let entry = self.entry_of(slot)?;
        let cell = locked(&entry.connection).clone();
        cell.get()?.as_ref().ok().cloned()
    }

    /// The connection of a slot's host entry, made if there is none.
    async fn connection_for(
        &self,
        slot: &Slot,
    ) -> Result<(Arc<Entry>, Arc<Connection>), HostProblem> {
        let entry = self.entry_of(slot).ok_or_else(|| self.unknown(slot))?;
        let connection = self.connection(&entry).await?;
        Ok((entry, connection))
    }

    /// The client that reads and writes a slot.
    ///
    /// # Errors
    /// Where the host entry has no usable credential or address.
    pub async fn client_for(&self, slot: &Slot) -> Result<Arc<Client>, HostProblem> {
        let (_, connection) = self.connection_for(slot).await?;
        Ok(connection.client.clone())
    }

    /// The connection of an entry. A failure is the failure of all its rows, so
    /// that a program that gives a credential runs once, until somebody wants it
    /// tried again.
    async fn connection(&self, entry: &Entry) -> Result<Arc<Connection>, HostProblem> {
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
        }))
    }

    /// Where the credential of a slot's host entry came from, once it is
    /// connected; the words for "still stored in …".
    pub fn origin(&self, slot: &Slot) -> Option<String> {
        let connection = self.known_connection(slot)?;
        connection.origin.as_ref().map(ToString::to_string)
    }

    /// Whether a new credential for a slot's host entry can be stored where the
    /// one in use came from.
    pub fn can_store(&self, slot: &Slot) -> bool {
        let connection = self.known_connection(slot);
        connection.is_some_and(|connection| {
            let origin = connection.origin.as_ref();
            origin.is_some_and(Origin::can_be_written)
        })
    }

    /// Stores a new credential for a slot's host entry where the one that was in
    /// use at the start came from; returns that place.
    ///
    /// # Errors
    /// In words, where it is not stored.
    pub async fn store(&self, slot: &Slot, secret: &Secret) -> Result<String, String> {
        let connected = self.connection_for(slot).await;
        let (entry, connection) = connected.map_err(|problem| problem.to_string())?;
        let origin = connection.origin.as_ref();
        let origin = origin.ok_or("it is stored nowhere")?;
        let old = *locked(&connection.stored);
        let (config, env) = (&entry.config, &self.environment);
        let stored = store::store(config, origin, old, secret, env, &self.programs).await;
        stored.map_err(|error| error.to_string())?;
        *locked(&connection.stored) = Mark::of(secret);
        Ok(origin.to_string())
    }

    /// The organizations that an entry's credential can see; `page` is told the
    /// names of each page as it comes.
    ///
    /// # Errors
    /// In words, where the host does not list them, or not to the end: what
    /// pages brought is true nevertheless.
    pub async fn organizations(
        &self,
        entry: usize,
        mut page: impl FnMut(Vec<Arc<str>>),
    ) -> Result<Vec<Arc<str>>, String> {
        let Some(known) = self.entry(entry) else {
            return Ok(Vec::new());
        };
        let connection = self.connection(&known).await;
        let connection = connection.map_err(|problem| problem.to_string())?;
        let mut names: Vec<Arc<str>> = Vec::new();
        let take = |organizations: &[OrganizationDoc]| {
            let new: Vec<Arc<str>> = organizations
                .iter()
                .map(|organization| organization.name.as_str().into())
                .filter(|name| self.only.is_empty() || self.only.contains(name))
                .collect();
            for name in &new {
                self.claim(entry, name);
            }
            names.extend(new.iter().cloned());
            if !new.is_empty() {
                page(new);
            }
        };
        // Who asks matters for what is remembered, not for what there is: the one
        // question does not wait for the other.
        let listing = connection.client.organizations(Urgency::Owner, take);
        let (_, listing) = tokio::join!(self.identify(&known, &connection), listing);
        let listing = listing.map_err(|error| error.to_string())?;
        if !listing.complete {
            return Err(format!(
                "{}: the list of organizations did not come to its end; {} of them are shown",
                known.config.host,
                names.len()
            ));
        }
        let there: HashSet<&str> = names.iter().map(|name| &**name).collect();
        // What this one does not see any more another may.
        locked(&known.sees).retain(|name| there.contains(&**name));
        if self.only.is_empty() {
            known.memory.keep(&there);
        }
        Ok(names)
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

    /// An organization of an entry by its name: as it is configured, or else as
    /// the host spells it. Asks for this one instead of listing all.
    ///
    /// # Errors
    /// In words, where the host does not tell.
    pub async fn find(&self, entry: usize, name: &str) -> Result<Option<Arc<str>>, String> {
        let Some(entry_data) = self.entry(entry) else {
            return Ok(None);
        };
        if let Organizations::Listed(names) = &entry_data.config.organizations {
            return Ok(names.iter().find(|known| ***known == *name).cloned());
        }
        let connection = self
            .connection(&entry_data)
            .await
            .map_err(|problem| problem.to_string())?;
        let found = connection
            .client
            .organization(name, Urgency::Owner)
            .await
            .map_err(|error| error.to_string())?;
        let Some(doc) = found else { return Ok(None) };
        let name: Arc<str> = doc.name.as_str().into();
        self.claim(entry, &name);
        Ok(Some(name))
    }

    /// Whether an organization has a slot for an audit trail token: the host
    /// knows such tokens, and the organization's plan includes them. PROTOCOL.md, 2.
    ///
    /// # Errors
    /// In words, where the host does not tell.
    pub async fn has_audit_trails(&self, slot: &Slot) -> Result<bool, String> {
        let client = self
            .client_for(slot)
            .await
            .map_err(|problem| problem.to_string())?;
        let name = &*slot.organization;
        if !client.has_audit_trails(name) {
            return Ok(false);
        }
        let entitled = client.entitlements(name, Urgency::Owner).await;
        let entitled = entitled.map_err(|error| error.to_string())?;
        Ok(entitled.audit_logging == Some(true))
    }

    /// One complete look at a slot, with its policy. Never fails: what went
    /// wrong is the finding.
    pub async fn read(&self, slot: &Slot, urgency: Urgency) -> Reading {
        Arc::unwrap_or_clone(self.look(slot, Look::WithPolicy, urgency).await)
    }

    /// A look at a slot. Never fails: what went wrong is the finding. It is
    /// remembered here as well, and exists once.
    pub async fn look(&self, slot: &Slot, look: Look, urgency: Urgency) -> Arc<Reading> {
        let (entry, connection) = match self.connection_for(slot).await {
            Ok(both) => both,
            Err(problem) => return Arc::new(unreadable(&problem)),
        };
        self.identify(&entry, &connection).await;
        let client = &*connection.client;
        let ask = !matches!(look, Look::Token | Look::Last);
        let is_last = look == Look::Last;
        let mut reading = match look {
            Look::PolicyOf(reading) => Arc::unwrap_or_clone(reading),
            Look::Token | Look::WithPolicy | Look::Last => {
                client
                    .read_slot(&slot.organization, slot.kind, urgency)
                    .await
            }
        };
        if ask && slot.kind == Kind::AuditTrails && reading.token().is_none() {
            no_audit_logging(client, slot, urgency, &mut reading).await;
        }
        if matches!(reading.found, Found::Token(_) | Found::None) {
            if ask {
                match entry.policy(client, slot, urgency).await {
                    Ok(policy) => reading.policy = policy,
                    Err(error) => {
                        let why = &error.problem;
                        let words = || format!("its policy could not be read: {why}");
                        reading.note.get_or_insert_with(words);
                    }
                }
            } else {
                let known = entry.memory.policy(&slot.organization, slot.kind);
                reading.policy = known.flatten();
            }
        }
        if let Found::Token(token) = &mut reading.found
            && let Some(creator) = &mut token.created_by
        {
            entry.name(client, creator, !is_last).await;
        }
        let reading = Arc::new(reading);
        entry.memory.note(&slot.organization, slot.kind, &reading);
        reading
    }

    /// Whether an organization's host is proven, by what it has answered so far,
    /// to have audit trail tokens. PROTOCOL.md, 2.
    pub fn proven_audit_trails(&self, slot: &Slot) -> bool {
        let connection = self.known_connection(slot);
        connection.is_some_and(|connection| connection.client.has_audit_trails(&slot.organization))
    }

    fn unknown(&self, slot: &Slot) -> HostProblem {
        HostProblem {
            host: slot.host.clone(),
            why: format!("{} is not configured", slot.organization),
            credential: false,
            program: false,
            cause: None,
        }
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

    /// The limit of the token's life and the time on the host's clock, as far
    /// as they are known without asking.
    pub async fn limits(&self, slot: &Slot) -> (Option<Duration>, Timestamp) {
        let Ok((entry, connection)) = self.connection_for(slot).await else {
            return (None, Timestamp::now());
        };
        let client = &connection.client;
        let policy = entry.policy(client, slot, Urgency::Owner).await;
        (policy.ok().flatten(), self.server_now(client))
    }

    /// Whether the credential in use is the token that was seen in a slot.
    /// PROTOCOL.md, 4.
    pub async fn own(&self, slot: &Slot, seen: &Identity) -> Own {
        if *seen == Identity::None {
            return Own::No;
        }
        let Ok((entry, connection)) = self.connection_for(slot).await else {
            return Own::Unknown;
        };
        let account = self.account(&entry, &connection.client, Urgency::Owner);
        let Some(account) = account.await else {
            return Own::Unknown;
        };
        let id = match seen {
            Identity::Token { id, .. } => Some(id.as_str()),
            Identity::None | Identity::Unclear => None,
        };
        match slot.kind {
            Kind::Organization => account.own(&slot.organization, id),
            // That the credential belongs to the organization says nothing of
            // its other token: only the very id does.
            Kind::AuditTrails if id.is_some() && id == account.auth_token_id.as_deref() => Own::Yes,
            Kind::AuditTrails => Own::No,
        }
    }

    /// Goes on with a new credential, after the one in use was replaced.
    pub fn adopt(&self, slot: &Slot, client: &Client, secret: Secret) {
        if let Some(entry) = self.entry_of(slot) {
            *locked(&entry.account) = None;
            if let Some(known) = &mut *locked(&entry.credential) {
                known.secret = secret.clone();
            }
        }
        // A secret that cannot stand in a header cannot be used as a credential;
        // the next read says so.
        let _ = client.replace_credential(secret);
    }

    /// The time on a host's clock, or the local one until an answer told.
    pub fn server_now(&self, client: &Client) -> Timestamp {
        client.server_now().unwrap_or_else(Timestamp::now)
    }
}

impl Entry {
    fn new(config: HostConfig, source: Source) -> Self {
        Self {
            config,
            source,
            credential: Mutex::default(),
            failed: Mutex::default(),
            connection: Mutex::default(),
            account: Mutex::default(),
            sees: Mutex::default(),
            memory: Memory::default(),
        }
    }

    fn forget_failure(&self) {
        let mut connection = locked(&self.connection);
        if matches!(connection.get(), Some(Err(_))) {
            *connection = Arc::default();
        }
    }

    fn news(&self) -> HostNews {
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

    async fn policy(
        &self,
        client: &Client,
        slot: &Slot,
        urgency: Urgency,
    ) -> Result<Option<Duration>, ApiError> {
        let (organization, kind) = (&slot.organization, slot.kind);
        if let Some(known) = self.memory.policy(organization, kind) {
            return Ok(known);
        }
        let limit = client.policy(organization, kind, urgency).await?;
        self.memory.note_policy(organization, kind, limit);
        Ok(limit)
    }

    /// Fills in a creator's name; `ask_for_it` where nobody knows it yet.
    async fn name(&self, client: &Client, creator: &mut Creator, ask_for_it: bool) {
        let (id, name, user) = match creator {
            Creator::User { id, name } => (id, name, true),
            Creator::Team { id, name } => (id, name, false),
            Creator::Organization { .. } => return,
        };
        if name.is_some() {
            return;
        }
        // Theirs in all tokens, and not one for each.
        let (kept, known) = self.memory.name(id);
        let ask = || async {
            let found = if user {
                client.user_name(&kept).await
            } else {
                client.team_name(&kept).await
            }?;
            if let Some(name) = &found {
                self.memory.note_name(&kept, name);
            }
            Ok::<_, ApiError>(found.map(Into::into))
        };
        // A failure is no answer: the next look asks again.
        if !ask_for_it {
            *name = known.get().cloned().flatten();
            return;
        }
        *name = known.get_or_try_init(ask).await.ok().cloned().flatten();
        *id = kept.clone();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Without the entitlement `audit-logging` there is no audit trail token, whoever
/// asks: that is the better reason. PROTOCOL.md, 2.
async fn no_audit_logging(client: &Client, slot: &Slot, urgency: Urgency, reading: &mut Reading) {
    if !matches!(reading.found, Found::None | Found::Unclear) {
        return;
    }
    let plan = client.entitlements(&slot.organization, urgency).await;
    if plan.is_ok_and(|plan| plan.audit_logging == Some(false)) {
        reading.note = Some(
            "its plan has no audit logging (entitlement audit-logging): it comes with another plan"
                .to_owned(),
        );
    }
}

fn unreadable(problem: &HostProblem) -> Reading {
    Reading {
        found: if problem.credential {
            Found::Unauthorized
        } else {
            Found::Failed
        },
        note: Some(problem.why.clone()),
        policy: None,
        at: Timestamp::now(),
    }
}
