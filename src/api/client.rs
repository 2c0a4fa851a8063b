//! The client itself: where it goes, with what, and what it has learned of its
//! host on the way.

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, Request, Response};
use tokio::sync::Notify;
use url::Url;
use zeroize::Zeroizing;

use super::error::{ApiError, Place, Problem};
use super::pace::{Pace, Waiting, http_date};
use super::transport::{self, Deadline, Limits, Lost, Purpose, connection, is_loopback};
use crate::secret::Secret;
use crate::slot::{Host, Kind};
use crate::text::safe;

/// The media type of JSON:API.
pub(super) const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/vnd.api+json");
/// The name that HCP Terraform gives itself.
const HCP: &str = "HCP Terraform";
/// Everything but the unreserved characters of RFC 3986 is encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// A change of a host's clock that is worth telling: `Date` counts whole
/// seconds, and an answer takes its time.
const NEW_TIME: SignedDuration = SignedDuration::from_secs(15);
/// Longer names (in bytes) are no names.
const LONGEST_NAME: usize = 512;

/// What a client is made from.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The host, for messages.
    pub host: Host,
    /// Where its API is, such as `https://app.terraform.io/api/v2/`. Plain
    /// `http` only for this very machine.
    pub address: Url,
    /// Certificates (PEM) that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The share (0 to 1) of the host's limit for background reads.
    pub pace: f64,
    /// Whether every write is refused.
    pub read_only: bool,
    /// How long and how often.
    pub limits: Limits,
    /// Told when the host goes away or comes back, wants a pause, or its clock
    /// turns out to be another.
    pub news: Arc<Notify>,
}

impl ClientOptions {
    /// Options with the defaults of the configuration.
    pub fn new(host: Host, address: Url) -> Self {
        Self {
            host,
            address,
            ca_file: None,
            pace: 0.8,
            read_only: false,
            limits: Limits::default(),
            news: Arc::default(),
        }
    }
}

/// What answers have told about a host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostFacts {
    /// `TFP-AppName`.
    pub app_name: Option<String>,
    /// `TFP-API-Version`.
    pub api_version: Option<String>,
    /// `X-TFE-Version`.
    pub tfe_version: Option<String>,
    /// The limit that it states, in requests a second.
    pub limit: Option<f64>,
    /// Whether it has called itself HCP Terraform.
    pub is_hcp: bool,
    /// How far its clock is ahead of ours, to a second.
    pub clock_offset: Option<SignedDuration>,
}

#[derive(Default)]
pub(super) struct Known {
    facts: HostFacts,
    /// Organizations whose document carries the audit trail relationship.
    audit_trails: HashSet<String>,
    /// Whether the credential was ever accepted.
    worked: bool,
    /// Why no connection comes about.
    away: Option<String>,
}

/// What the owner authenticates with. The secret is kept beside the header made
/// from it: as long as it lives, no answer that repeats it is shown as it is.
struct Credential {
    header: HeaderValue,
    _secret: Secret,
}

impl Credential {
    fn new(secret: Secret) -> Result<Self, Problem> {
        Ok(Self {
            header: bearer(&secret)?,
            _secret: secret,
        })
    }
}

/// The way to one host with one credential.
pub struct Client {
    pub(super) options: ClientOptions,
    pub(super) pace: Pace,
    credential: RwLock<Credential>,
    http: Mutex<Option<reqwest::Client>>,
    known: Mutex<Known>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.options.host)
    }
}

impl Client {
    /// A client; nothing is connected, and no file read, before the first
    /// request.
    pub fn new(mut options: ClientOptions, credential: Secret) -> Result<Self, ApiError> {
        let host = options.host.clone();
        let fail = |problem| ApiError::of_host(&host, problem);
        check_address(&mut options.address).map_err(fail)?;
        let credential = Credential::new(credential).map_err(fail)?;
        Ok(Self {
            pace: Pace::new(options.pace),
            options,
            credential: RwLock::new(credential),
            http: Mutex::default(),
            known: Mutex::default(),
        })
    }

    /// The host that this client speaks to.
    pub fn host(&self) -> &Host {
        &self.options.host
    }

    /// Goes on with another credential, after the one in use was replaced.
    pub fn replace_credential(&self, credential: Secret) -> Result<(), ApiError> {
        let credential =
            Credential::new(credential).map_err(|problem| self.error(None, problem))?;
        *self
            .credential
            .write()
            .unwrap_or_else(PoisonError::into_inner) = credential;
        // An idle connection's buffers still hold the last request that was sent
        // over it, with the old credential.
        *self.http.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.known().worked = false;
        Ok(())
    }

    /// The server's time now: ours, corrected by what its answers said. Nothing
    /// while no answer had a date.
    pub fn server_now(&self) -> Option<Timestamp> {
        let offset = self.known().facts.clock_offset?;
        Timestamp::now().checked_add(offset).ok()
    }

    /// The same, or the local time while no answer had a date.
    pub fn now(&self) -> Timestamp {
        self.server_now().unwrap_or_else(Timestamp::now)
    }

    /// What answers have told about the host so far.
    pub fn facts(&self) -> HostFacts {
        HostFacts {
            limit: self.pace.limit(),
            ..self.known().facts.clone()
        }
    }

    /// What waits for the pace right now.
    pub fn waiting(&self) -> Waiting {
        self.pace.waiting()
    }

    /// Whether requests about audit trail tokens of this organization may be
    /// sent: only where the host is proven to have them. PROTOCOL.md, 2.
    pub fn has_audit_trails(&self, organization: &str) -> bool {
        let known = self.known();
        match &known.facts.app_name {
            Some(_) => known.facts.is_hcp,
            None => known.audit_trails.contains(organization),
        }
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn worked(&self) -> bool {
        self.known().worked
    }

    /// Why the host cannot be reached, since the last request that could not
    /// even connect to it.
    pub fn away(&self) -> Option<String> {
        self.known().away.clone()
    }

    pub(super) fn note_away(&self, why: String) {
        if self.known().away.replace(why).is_none() {
            self.options.news.notify_one();
        }
    }

    /// The host wants silence for so long.
    pub(super) fn pause(&self, wait: Duration) {
        self.pace.pause(wait);
        self.options.news.notify_one();
    }

    pub(super) fn note_success(&self) {
        self.known().worked = true;
    }

    pub(super) fn note_audit_trails(&self, organization: &str) {
        let mut known = self.known();
        // Where the host has said its name, that decides.
        if known.facts.app_name.is_none() {
            known.audit_trails.insert(organization.to_owned());
        }
    }

    pub(super) fn error(&self, organization: Option<&str>, problem: Problem) -> ApiError {
        ApiError {
            place: Place {
                host: self.options.host.clone(),
                organization: organization.map(Into::into),
            },
            problem,
        }
    }

    /// Learns from the headers of any answer.
    pub(super) fn learn(&self, headers: &HeaderMap) {
        self.pace.learn(headers);
        let text = |name| {
            let value = String::from_utf8_lossy(headers.get(name)?.as_bytes()).into_owned();
            Some(safe(&value)).filter(|text| !text.is_empty())
        };
        let mut known = self.known();
        let mut news = known.away.take().is_some();
        let facts = &mut known.facts;
        if let Some(name) = text("tfp-appname") {
            facts.is_hcp = name == HCP;
            facts.app_name = Some(name);
        }
        facts.api_version = text("tfp-api-version").or(facts.api_version.take());
        facts.tfe_version = text("x-tfe-version").or(facts.tfe_version.take());
        if let Some(date) = http_date(headers, "date") {
            let offset = date.duration_since(Timestamp::now());
            let before = facts.clock_offset.replace(offset).unwrap_or_default();
            news |= (offset - before).abs() > NEW_TIME;
        }
        drop(known);
        if news {
            self.options.news.notify_one();
        }
    }

    /// The shared connections for reads.
    pub(super) fn http(&self) -> Result<reqwest::Client, Problem> {
        let mut kept = self.http.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(http) = &*kept {
            return Ok(http.clone());
        }
        let http = self.connect(Purpose::Reads)?;
        Ok(kept.insert(http).clone())
    }

    /// Connections of one's own.
    pub(super) fn connect(&self, purpose: Purpose) -> Result<reqwest::Client, Problem> {
        let options = &self.options;
        let ca_file = options.ca_file.as_deref();
        connection(&options.address, ca_file, options.limits.connect, purpose)
    }

    /// A request with the headers that all have.
    pub(super) fn request(
        &self,
        method: Method,
        address: &str,
        credential: Option<&HeaderValue>,
    ) -> Result<Request, Problem> {
        let url = Url::parse(address).map_err(|_| Problem::BadName)?;
        let mut request = Request::new(method, url);
        let credential = match credential {
            Some(credential) => credential.clone(),
            None => self
                .credential
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .header
                .clone(),
        };
        request.headers_mut().insert(AUTHORIZATION, credential);
        request.headers_mut().insert(ACCEPT, MEDIA_TYPE);
        Ok(request)
    }

    /// Sends a request, and notes in the log what became of it.
    pub(super) async fn send(
        &self,
        http: &reqwest::Client,
        request: Request,
        deadline: Deadline,
    ) -> Result<Response, Lost> {
        let host = &self.options.host;
        let method = request.method().clone();
        let route = self.route(request.url());
        let start = Instant::now();
        let ca_file = self.options.ca_file.as_deref();
        let sent = transport::send(http, request, ca_file, deadline).await;
        let ms = start.elapsed().as_millis();
        match &sent {
            Ok(response) => {
                let status = response.status().as_u16();
                tracing::info!(%host, %method, route, status, ms, "request");
            }
            Err(Lost::NotSent(why)) => {
                tracing::warn!(%host, %method, route, %why, ms, "request not sent");
            }
            Err(Lost::MaybeSent(why)) => {
                tracing::warn!(%host, %method, route, %why, ms, "answer lost");
            }
        }
        sent
    }

    /// What kind of address this is, for the log: without the names and ids in
    /// it, and without its query.
    fn route(&self, address: &Url) -> String {
        let below = address.path().strip_prefix(self.options.address.path());
        let mut segments = below.unwrap_or(address.path()).split('/');
        let mut route = segments.next().unwrap_or_default().to_owned();
        let stands_for = match route.as_str() {
            "organizations" => "{organization}",
            _ => "{id}",
        };
        if route != "account" && segments.next().is_some() {
            route = format!("{route}/{stands_for}");
        }
        for segment in segments {
            route.push('/');
            route.push_str(segment);
        }
        route
    }

    /// An address below the API's, each segment encoded as one.
    pub(super) fn address(&self, segments: &[&str]) -> Result<String, Problem> {
        let mut address = self.options.address.as_str().to_owned();
        for (at, text) in segments.iter().enumerate() {
            // URLs know no way to say `..` but as a step upwards.
            if text.is_empty() || *text == "." || *text == ".." || text.len() > LONGEST_NAME {
                return Err(Problem::BadName);
            }
            if at > 0 {
                address.push('/');
            }
            address.extend(utf8_percent_encode(text, SEGMENT));
        }
        Ok(address)
    }

    /// The address of a slot's token. The audit trail token's is given out only
    /// where the host is proven to have one: anywhere else the same request
    /// would hit the organization token.
    pub(super) fn token_address(&self, organization: &str, kind: Kind) -> Result<String, Problem> {
        let address = self.address(&["organizations", organization, "authentication-token"])?;
        match kind {
            Kind::Organization => Ok(address),
            Kind::AuditTrails if self.has_audit_trails(organization) => {
                Ok(address + "?token=audit-trails")
            }
            Kind::AuditTrails => Err(Problem::AuditTrailsUnproven),
        }
    }
}

fn check_address(address: &mut Url) -> Result<(), Problem> {
    let shown = || safe(address.host_str().unwrap_or_default());
    match address.scheme() {
        "https" => {}
        "http" if is_loopback(address) => {}
        "http" => {
            return Err(Problem::Setup(format!(
                "the address of {} is http, which is for this very machine only: write https",
                shown()
            )));
        }
        _ => {
            return Err(Problem::Setup(
                "the address is neither https nor http".into(),
            ));
        }
    }
    if !address.username().is_empty() || address.password().is_some() {
        return Err(Problem::Setup(format!(
            "the address of {} holds a user name or password: leave it out",
            shown()
        )));
    }
    address.set_query(None);
    address.set_fragment(None);
    if !address.path().ends_with('/') {
        let path = format!("{}/", address.path());
        address.set_path(&path);
    }
    Ok(())
}

/// The header that carries a credential. Its clones share one buffer, which is
/// wiped when the last is dropped.
pub(super) fn bearer(credential: &Secret) -> Result<HeaderValue, Problem> {
    const SCHEME: &[u8] = b"Bearer ";
    if credential.is_empty() {
        return Err(Problem::Setup("the credential for it is empty".into()));
    }
    let text = credential.expose().as_bytes();
    let mut buffer = Zeroizing::new(Vec::with_capacity(SCHEME.len() + text.len()));
    buffer.extend_from_slice(SCHEME);
    buffer.extend_from_slice(text);
    let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(buffer)).map_err(|_| {
        Problem::Setup(
            "the credential for it has a line break or another character that cannot be sent"
                .into(),
        )
    })?;
    header.set_sensitive(true);
    Ok(header)
}
