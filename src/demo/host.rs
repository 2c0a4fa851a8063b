//! One embedded host: its options, and the handle by which tests look into it
//! and act on it as another owner would.

use std::collections::VecDeque;
use std::io;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::clock::Clock;
use super::contract::Settings;
use super::fault::FaultRule;
use super::ids::digest;
use super::limit::{Limit, Windows};
use super::seed::{Access, OrganizationSeed, WorldSource};
use super::serve;
use super::world::{Expiry, Principal, Refusal, TokenView, World};
use crate::secret::Secret;
use crate::slot::Kind;

/// Whose habits a host has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// HCP Terraform: `TFP-AppName: HCP Terraform`, audit trail tokens, two
    /// years of life by default.
    Hcp,
    /// Terraform Enterprise: `X-TFE-Version`, numbers as ids, `?token=` ignored;
    /// with policies it is 2.0, with two years of life by default, else an older
    /// one, whose tokens live for ever by default.
    Enterprise,
    /// An open-source server of the same API: no such headers, what is null is
    /// left out, UUIDs as ids, errors as plain texts.
    Bare,
}

/// What `/.well-known/terraform.json` answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// Where the API is.
    Standard,
    /// 404.
    Absent,
    /// This text.
    Document(String),
}

/// How a host is.
#[derive(Clone, Debug)]
pub struct HostOptions {
    /// Whose habits it has.
    pub flavour: Flavour,
    /// Its organizations.
    pub world: WorldSource,
    /// Whether it knows token lifetime policies (else their route answers 404).
    pub policies: bool,
    /// Its pace limit; `None` also leaves the headers out.
    pub limit: Option<Limit>,
    /// Whether lists carry `meta` and `links`.
    pub meta: bool,
    /// Whether an empty slot answers 200 with `data: null` instead of 404.
    pub null_when_empty: bool,
    /// Whether `expired-at` is ignored, as by Terraform Enterprise before v202305-1.
    pub ignores_expiry: bool,
    /// Its clock.
    pub clock: Clock,
    /// Time before it acts on any request.
    pub latency: Duration,
    /// Where the API is; begins and ends with `/`.
    pub base_path: String,
    /// What discovery says.
    pub discovery: Discovery,
    /// How many requests it remembers for [`HostHandle::requests`].
    pub remembers: usize,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            flavour: Flavour::Hcp,
            world: WorldSource::Given(Vec::new()),
            policies: true,
            limit: Some(Limit::default()),
            meta: true,
            null_when_empty: false,
            ignores_expiry: false,
            clock: Clock::system(),
            latency: Duration::ZERO,
            base_path: "/api/v2/".into(),
            discovery: Discovery::Standard,
            remembers: 100_000,
        }
    }
}

impl HostOptions {
    /// The options of a flavour as its servers usually are.
    pub fn new(flavour: Flavour, organizations: Vec<OrganizationSeed>) -> Self {
        Self {
            flavour,
            world: WorldSource::Given(organizations),
            policies: flavour == Flavour::Hcp,
            limit: (flavour != Flavour::Bare).then(Limit::default),
            meta: flavour != Flavour::Bare,
            ..Self::default()
        }
    }
}

/// A request that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// `GET`, …
    pub method: String,
    /// As it was sent.
    pub path: String,
    /// As it was sent, without `?`.
    pub query: String,
    /// In lower case and without `authorization`, in order.
    pub headers: Vec<(String, String)>,
    /// Whether it carried a credential, right or wrong.
    pub carried_credential: bool,
    /// The body.
    pub body: String,
    /// The status that was sent; `None` if none was, or not yet.
    pub status: Option<u16>,
}

impl RequestRecord {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Runs within a request: may look at the host and change it.
pub type Hook = Arc<dyn Fn(&HostHandle, &RequestRecord) + Send + Sync>;

pub(super) struct State {
    pub world: World,
    pub windows: Windows,
    pub faults: Vec<FaultRule>,
    pub faults_met: usize,
    pub before: Option<Hook>,
    pub after: Option<Hook>,
    pub latency: Duration,
    pub limit: Option<Limit>,
    /// The records that are kept, and how many were dropped before them.
    records: VecDeque<RequestRecord>,
    dropped: usize,
}

pub(super) struct Shared {
    pub settings: Settings,
    pub clock: Clock,
    pub stop: CancellationToken,
    remembers: usize,
    address: Url,
    credential: Secret,
    state: Mutex<State>,
}

/// The way into a running host. Clones reach the same host.
#[derive(Clone)]
pub struct HostHandle(pub(super) Arc<Shared>);

impl HostHandle {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `http://127.0.0.1:PORT/api/v2/`.
    pub fn address(&self) -> Url {
        self.0.address.clone()
    }

    /// The owner's credential: olivia's.
    pub fn credential(&self) -> Secret {
        self.0.credential.clone()
    }

    /// Every request so far, in the order of arrival.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.state().records.iter().cloned().collect()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        let mut state = self.state();
        state.dropped += state.records.len();
        state.records.clear();
    }

    /// What is in a slot, whoever may see it.
    pub fn holds(&self, organization: &str, kind: Kind) -> Option<TokenView> {
        self.state().world.holds(organization, kind)
    }

    /// Whether a secret authenticates and may see this organization. Does not
    /// count as a use.
    pub fn accepts(&self, secret: &str, organization: &str) -> bool {
        let state = self.state();
        match state.world.bearer(&digest(secret)) {
            Some(Principal::AuditTrails(name)) => name == organization,
            Some(who) => state.world.visible(&who, organization).is_some(),
            None => false,
        }
    }

    /// Replaces the faults.
    pub fn set_faults(&self, faults: Vec<FaultRule>) {
        self.state().faults = faults;
    }

    /// Adds a fault; of several that meet a request, the earliest does.
    pub fn add_fault(&self, fault: FaultRule) {
        self.state().faults.push(fault);
    }

    /// How many requests have met a fault so far.
    pub fn faults_met(&self) -> usize {
        self.state().faults_met
    }

    /// Runs for each request after it was read, before anything else.
    pub fn before_each(&self, hook: impl Fn(&HostHandle, &RequestRecord) + Send + Sync + 'static) {
        self.state().before = Some(Arc::new(hook));
    }

    /// Runs for each request after the host acted, before it answers.
    pub fn after_each(&self, hook: impl Fn(&HostHandle, &RequestRecord) + Send + Sync + 'static) {
        self.state().after = Some(Arc::new(hook));
    }

    /// Runs nothing of the two any more.
    pub fn clear_hooks(&self) {
        let mut state = self.state();
        state.before = None;
        state.after = None;
    }

    /// Time before it acts on any request, from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.state().latency = latency;
    }

    /// Its pace limit, from now on.
    pub fn set_limit(&self, limit: Option<Limit>) {
        self.state().limit = limit;
    }

    /// Adds an organization, or puts another in its place.
    pub fn add_organization(&self, seed: OrganizationSeed) -> io::Result<()> {
        self.state().world.add(seed).map_err(failed)
    }

    /// Removes an organization and its tokens; whether it was there.
    pub fn remove_organization(&self, name: &str) -> bool {
        self.state().world.remove(name)
    }

    /// Changes how the owner stands with an organization; whether it is there.
    pub fn set_access(&self, organization: &str, access: Access) -> bool {
        let mut state = self.state();
        match state.world.organization_mut(organization) {
            Some(found) => {
                found.access = access;
                true
            }
            None => false,
        }
    }

    /// Generates or replaces a token as another owner, mateo, would on the web.
    pub fn replace_as_other(&self, organization: &str, kind: Kind) -> io::Result<Secret> {
        let (_, secret) = self
            .state()
            .world
            .renew(organization, kind, Expiry::Default, "mateo")
            .map_err(failed)?;
        Ok(Secret::from_zeroizing(secret))
    }

    /// Deletes a token likewise.
    pub fn delete_as_other(&self, organization: &str, kind: Kind) -> io::Result<()> {
        self.state().world.clear(organization, kind).map_err(failed)
    }

    /// One more credential, of a user's.
    pub fn issue_credential(&self, user: &str) -> io::Result<Secret> {
        self.issue(Principal::User(user.to_owned()))
    }

    /// The token of an organization's owners team, as a credential.
    pub fn issue_team_credential(&self, organization: &str) -> io::Result<Secret> {
        self.issue(Principal::Owners(organization.to_owned()))
    }

    fn issue(&self, who: Principal) -> io::Result<Secret> {
        let secret = self.state().world.issue(who).map_err(failed)?;
        Ok(Secret::from_zeroizing(secret))
    }

    /// Accepts a credential no longer, as when a session ended; whether it did.
    pub fn revoke(&self, credential: &Secret) -> bool {
        self.state().world.revoke(credential.expose())
    }

    pub(super) fn arrived(&self, record: RequestRecord) -> usize {
        let mut state = self.state();
        let number = state.dropped + state.records.len();
        if self.0.remembers == 0 {
            state.dropped += 1;
            return number;
        }
        if state.records.len() >= self.0.remembers {
            state.records.pop_front();
            state.dropped += 1;
        }
        state.records.push_back(record);
        number
    }

    pub(super) fn answered(&self, number: usize, status: u16) {
        let mut state = self.state();
        let index = number.checked_sub(state.dropped);
        if let Some(record) = index.and_then(|index| state.records.get_mut(index)) {
            record.status = Some(status);
        }
    }
}

fn failed(refusal: Refusal) -> io::Error {
    io::Error::other(format!("the embedded host refused: {refusal:?}"))
}

/// A running host; it stops, with every connection, when this is dropped.
pub struct EmbeddedHost(HostHandle);

impl EmbeddedHost {
    /// Starts a host on a free port of 127.0.0.1, within the present runtime.
    pub async fn start(options: HostOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let host = Self::new(options, listener.local_addr()?.port())?;
        tokio::spawn(serve::run(listener, host.handle()));
        Ok(host)
    }

    /// Starts a host on a thread of its own, for callers without a runtime.
    pub fn start_on_thread(options: HostOptions) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let host = Self::new(options, listener.local_addr()?.port())?;
        let handle = host.handle();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::Builder::new()
            .name("embedded host".into())
            .spawn(move || {
                runtime.block_on(async {
                    if let Ok(listener) = TcpListener::from_std(listener) {
                        serve::run(listener, handle).await;
                    }
                });
            })?;
        Ok(host)
    }

    fn new(options: HostOptions, port: u16) -> io::Result<Self> {
        let mut world = World::new(
            options.flavour,
            options.policies,
            options.ignores_expiry,
            options.clock.clone(),
        );
        for seed in options.world.seeds() {
            world.add(seed).map_err(failed)?;
        }
        let credential = world
            .issue(Principal::User("olivia".into()))
            .map_err(failed)?;
        let address = Url::parse(&format!("http://127.0.0.1:{port}{}", options.base_path))
            .map_err(io::Error::other)?;
        Ok(Self(HostHandle(Arc::new(Shared {
            settings: Settings {
                flavour: options.flavour,
                meta: options.meta,
                null_when_empty: options.null_when_empty,
                base_path: options.base_path,
                discovery: options.discovery,
            },
            clock: options.clock,
            stop: CancellationToken::new(),
            remembers: options.remembers,
            address,
            credential: Secret::from_zeroizing(credential),
            state: Mutex::new(State {
                world,
                windows: Windows::default(),
                faults: Vec::new(),
                faults_met: 0,
                before: None,
                after: None,
                latency: options.latency,
                limit: options.limit,
                records: VecDeque::new(),
                dropped: 0,
            }),
        }))))
    }

    /// A handle that may outlive this; the host does not.
    pub fn handle(&self) -> HostHandle {
        self.0.clone()
    }
}

impl Deref for EmbeddedHost {
    type Target = HostHandle;

    fn deref(&self) -> &HostHandle {
        &self.0
    }
}

impl Drop for EmbeddedHost {
    fn drop(&mut self) {
        self.0.0.stop.cancel();
        // Hooks may hold handles: without this, such a circle would stay.
        self.0.clear_hooks();
    }
}
