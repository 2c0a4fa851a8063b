//! Every host and organization that is configured, ready to be read: the
//! configuration, the owner's credentials and one paced client per host entry.
//!
//! Nothing is asked for before it is needed: a credential command runs and a
//! name is looked up when the first slot of its host is read, so the first
//! frame never waits for either. What fails, fails for one host's rows.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use thiserror::Error;
use tokio::sync::OnceCell;
use url::Url;

pub use crate::api::Own;
use crate::api::{self, Account, Client, ClientOptions, Limits, Urgency};
use crate::child;
use crate::config::{CredentialSource, HostConfig, Organizations};
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

/// One attempt to connect a host entry, which everybody who needs it waits for.
type Attempt = OnceCell<Result<Arc<Connection>, HostProblem>>;

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
    policies: Mutex<HashMap<(Arc<str>, Kind), Policy>>,
    /// Names of users and teams by their ids; none where they are not to be seen.
    names: Mutex<HashMap<String, Option<String>>>,
}

/// An organization's limit for a token's life, and when it was asked for.
#[derive(Clone, Copy)]
struct Policy {
    limit: Option<Duration>,
    asked: Instant,
}

/// How long a policy that was read counts.
const POLICY_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long discovery may take. PROTOCOL.md, 6.
const DISCOVERY: Duration = Duration::from_secs(10);

struct Connection {
    client: Arc<Client>,
    origin: Option<Origin>,
    /// What the credential is that is stored there.
    stored: Mutex<Mark>,
    address: Url,
    note: Option<String>,
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
}

/// What a host says to the owner who would like to have it on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Whom the credential authenticates.
    pub who: String,
    /// How many organizations it can see.
    pub organizations: usize,
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
    /// Which entries see an organization; the first of them is asked.
    owners: Mutex<HashMap<Slot, BTreeSet<usize>>>,
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
            owners: Mutex::default(),
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

    /// Adds a host entry, with the next number.
    pub fn add(&self, config: HostConfig) -> usize {
        self.push(Entry::new(config, Source::Configured))
    }

    /// Adds the entry that was checked last, with its connection; nothing if
    /// there is none.
    pub fn add_checked(&self) -> Option<usize> {
        let entry = locked(&self.candidate).take()?;
        Some(self.push(entry))
    }

    /// Adds an organization to an entry that lists some.
    pub fn add_organization(&self, entry: usize, name: &str) {
        self.claim(entry, name);
    }

    /// Asks a host that is no entry yet: where its API is, whom the credential
    /// authenticates, and what it can see. `credential` is one that was had
    /// already.
    ///
    /// # Errors
    /// Where it cannot be used as an entry.
    pub async fn check(
        &self,
        config: HostConfig,
        credential: Option<Credential>,
    ) -> Result<Checked, HostProblem> {
        if let CredentialSource::Env(name) = &config.credential {
            child::hide_variable(name);
        }
        let entry = Entry::new(config, Source::Configured);
        *locked(&entry.credential) = credential;
        let connection = self.connection(&entry).await?;
        let client = &connection.client;
        let problem = |error: api::ApiError| HostProblem {
            host: entry.config.host.clone(),
            why: error.problem.to_string(),
            credential: false,
            program: false,
        };
        let listing = client.organizations(Urgency::Owner, |_| {}).await;
        let organizations = listing.map_err(problem)?.organizations.len();
        // Not every server tells; what it lists is what matters.
        let who = match client.account(Urgency::Owner).await {
            Ok(account) => account.username.or(account.id),
            Err(_) => None,
        };
        *locked(&self.candidate) = Some(entry);
        Ok(Checked {
            who: who.unwrap_or_else(|| "somebody the host does not name".to_owned()),
            organizations,
        })
    }

    /// Whether an organization can be seen by an entry.
    ///
    /// # Errors
    /// In words, where it cannot.
    pub async fn check_organization(&self, entry: usize, name: &str) -> Result<(), String> {
        let entry = self.entry(entry).ok_or("there is no such host entry")?;
        let connection = self.connection(&entry).await;
        let connection = connection.map_err(|problem| problem.to_string())?;
        let client = &connection.client;
        match client.organization(name, Urgency::Owner).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(format!(
                "{name} on {}: the host knows no such organization, or does not show it to you",
                client.host()
            )),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Goes on with a credential that the owner gave, and forgets what came of
    /// the one before.
    pub fn give(&self, entry: usize, credential: Credential) {
        if let Some(entry) = self.entry(entry) {
            *locked(&entry.credential) = Some(credential);
            *locked(&entry.account) = None;
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

    /// Tries an entry again that could not be connected.
    pub fn retry(&self, entry: usize) {
        let Some(entry) = self.entry(entry) else {
            return;
        };
        let mut connection = locked(&entry.connection);
        if matches!(connection.get(), Some(Err(_))) {
            *connection = Arc::default();
        }
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

    fn claim(&self, entry: usize, organization: &str) {
        let Some(data) = self.entry(entry) else {
            return;
        };
        let slot = Slot::new(&data.config.host, organization);
        let mut owners = locked(&self.owners);
        owners.entry(slot).or_default().insert(entry);
    }

    fn entry_of(&self, slot: &Slot) -> Option<Arc<Entry>> {
        let key = Slot {
            kind: Kind::Organization,
            ..slot.clone()
        };
        let first = locked(&self.owners).get(&key)?.first().copied()?;
        self.entry(first)
    }

    /// The connection of a slot's host entry, if there is one already.
    fn known_connection(&self, slot: &Slot) -> Option<Arc<Connection>> {
        let entry = self.entry_of(slot)?;
        let cell = locked(&entry.connection).clone();
        cell.get()?.as_ref().ok().cloned()
    }

    /// The client that reads and writes a slot.
    ///
    /// # Errors
    /// Where the host entry has no usable credential or address.
    pub async fn client_for(&self, slot: &Slot) -> Result<Arc<Client>, HostProblem> {
        match self.entry_of(slot) {
            Some(entry) => Ok(self.connection(&entry).await?.client.clone()),
            None => Err(self.unknown(slot)),
        }
    }

    async fn connection(&self, entry: &Entry) -> Result<Arc<Connection>, HostProblem> {
        let cell = locked(&entry.connection).clone();
        cell.get_or_init(|| self.connect(entry)).await.clone()
    }

    async fn connect(&self, entry: &Entry) -> Result<Arc<Connection>, HostProblem> {
        let config = &entry.config;
        let problem = |why: String, credential: bool| HostProblem {
            host: config.host.clone(),
            why,
            credential,
            program: false,
        };
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
                        program,
                        ..problem(error.to_string(), true)
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
                    .map_err(|error| problem(error.problem.to_string(), false))?;
                (found.address, found.note)
            }
        };
        let options = ClientOptions {
            ca_file: config.ca_file.clone(),
            pace: config.pace,
            read_only: self.read_only,
            limits: self.limits.clone(),
            ..ClientOptions::new(config.host.clone(), address.clone())
        };
        let stored = Mutex::new(Mark::of(&secret));
        let client = Client::new(options, secret)
            .map_err(|error| problem(error.problem.to_string(), false))?;
        Ok(Arc::new(Connection {
            client: Arc::new(client),
            origin,
            stored,
            address,
            note,
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
        let entry = self.entry_of(slot).ok_or("its host is not configured")?;
        let connection = self.connection(&entry).await;
        let connection = connection.map_err(|problem| problem.to_string())?;
        let origin = connection.origin.as_ref();
        let origin = origin.ok_or("it is stored nowhere")?;
        let old = *locked(&connection.stored);
        let (config, env) = (&entry.config, &self.environment);
        let stored = store::store(config, origin, old, secret, env, &self.programs).await;
        stored.map_err(|error| error.to_string())?;
        *locked(&connection.stored) = Mark::of(secret);
        Ok(origin.to_string())
    }

    /// The organizations that an entry's credential can see.
    ///
    /// # Errors
    /// In words, where the host does not list them.
    pub async fn organizations(&self, entry: usize) -> Result<Vec<Arc<str>>, String> {
        let Some(entry_data) = self.entry(entry) else {
            return Ok(Vec::new());
        };
        let connection = self
            .connection(&entry_data)
            .await
            .map_err(|problem| problem.to_string())?;
        let listing = connection
            .client
            .organizations(Urgency::Owner, |_| {})
            .await
            .map_err(|error| error.to_string())?;
        let names: Vec<Arc<str>> = listing
            .organizations
            .iter()
            .map(|organization| organization.name.as_str().into())
            .filter(|name| self.only.is_empty() || self.only.contains(name))
            .collect();
        // What it does not see any more is another entry's.
        let host = &entry_data.config.host;
        locked(&self.owners).retain(|slot, owners| {
            if slot.host == *host {
                owners.remove(&entry);
            }
            !owners.is_empty()
        });
        for name in &names {
            self.claim(entry, name);
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
        self.claim(entry, &doc.name);
        Ok(Some(doc.name.as_str().into()))
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

    /// One complete look at a slot. Never fails: what went wrong is the finding.
    pub async fn read(&self, slot: &Slot, urgency: Urgency) -> Reading {
        let (entry, client) = match (self.entry_of(slot), self.client_for(slot).await) {
            (Some(entry), Ok(client)) => (entry, client),
            (_, Err(problem)) => return unreadable(&problem),
            (None, Ok(_)) => return unreadable(&self.unknown(slot)),
        };
        let mut reading = client
            .read_slot(&slot.organization, slot.kind, urgency)
            .await;
        if slot.kind == Kind::AuditTrails && reading.token().is_none() {
            no_audit_logging(&client, slot, urgency, &mut reading).await;
        }
        if matches!(reading.found, Found::Token(_) | Found::None) {
            reading.policy = entry.policy(&client, slot, urgency).await;
        }
        if let Found::Token(token) = &mut reading.found
            && let Some(creator) = &mut token.created_by
        {
            entry.name(&client, creator).await;
        }
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
        }
    }

    /// The limit of the token's life and the time on the host's clock, as far
    /// as they are known without asking.
    pub async fn limits(&self, slot: &Slot) -> (Option<Duration>, Timestamp) {
        let (Some(entry), Ok(client)) = (self.entry_of(slot), self.client_for(slot).await) else {
            return (None, Timestamp::now());
        };
        let policy = entry.policy(&client, slot, Urgency::Owner).await;
        (policy, self.server_now(&client))
    }

    /// Whether the credential in use is the token that was seen in a slot.
    /// PROTOCOL.md, 4.
    pub async fn own(&self, slot: &Slot, seen: &Identity) -> Own {
        if *seen == Identity::None {
            return Own::No;
        }
        let (Some(entry), Ok(client)) = (self.entry_of(slot), self.client_for(slot).await) else {
            return Own::Unknown;
        };
        let known = locked(&entry.account).clone();
        let account = match known {
            Some(account) => account,
            None => match client.account(Urgency::Owner).await {
                Ok(account) => {
                    *locked(&entry.account) = Some(account.clone());
                    account
                }
                Err(_) => return Own::Unknown,
            },
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
            policies: Mutex::default(),
            names: Mutex::default(),
        }
    }

    async fn policy(&self, client: &Client, slot: &Slot, urgency: Urgency) -> Option<Duration> {
        let key = (slot.organization.clone(), slot.kind);
        let known = locked(&self.policies).get(&key).copied();
        if let Some(policy) = known
            && policy.asked.elapsed() < POLICY_AGE
        {
            return policy.limit;
        }
        let limit = client
            .policy(&slot.organization, slot.kind, urgency)
            .await
            .ok()?;
        let asked = Instant::now();
        locked(&self.policies).insert(key, Policy { limit, asked });
        limit
    }

    async fn name(&self, client: &Client, creator: &mut Creator) {
        let (id, name, user) = match creator {
            Creator::User { id, name } => (id, name, true),
            Creator::Team { id, name } => (id, name, false),
            Creator::Organization { .. } => return,
        };
        if name.is_some() {
            return;
        }
        let known = locked(&self.names).get(id.as_str()).cloned();
        *name = match known {
            Some(known) => known,
            None => {
                let found = if user {
                    client.user_name(id).await
                } else {
                    client.team_name(id).await
                };
                // A failure is no answer: the next look asks again.
                let Ok(found) = found else { return };
                locked(&self.names).insert(id.clone(), found.clone());
                found
            }
        };
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
        reading.note = Some("its plan has no audit logging (entitlement audit-logging)".to_owned());
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
