//! One request and its answer: connections, limits, and what surely was not
//! sent.
//!
//! Redirects and repeats are switched off in the HTTP library: the first would
//! carry the credential away, the second would write twice. Every answer is
//! bounded in size (counted after decompression) and in total time, so that a
//! server cannot fill the memory or hold a row for ever.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use reqwest::header::LOCATION;
use reqwest::{Certificate, Client, ClientBuilder, Request, Response};
use tokio::time::{Instant, timeout, timeout_at};
use url::{Host as UrlHost, Url};
use zeroize::Zeroizing;

use super::documents::error_words;
use super::error::{Problem, TlsFault};
use crate::text::safe;

/// The most bytes of one token's or organization's document.
pub(super) const DOCUMENT: usize = 1 << 20;
/// The most bytes of a page of a listing.
pub(super) const LISTING: usize = 16 << 20;
/// The most bytes of an error that are looked at.
const ERROR: usize = 64 << 10;
/// How long an error's words may take; the status is known by then.
const ERROR_TIME: Duration = Duration::from_secs(5);

/// How long and how often.
#[derive(Clone, Debug)]
pub struct Limits {
    /// To connect, TLS included.
    pub connect: Duration,
    /// For a whole read, from connecting to the last byte.
    pub read: Duration,
    /// For a whole write. Longer: its answer matters more than anything.
    pub write: Duration,
    /// How often a read is sent in all, when the answer is 5xx or lost.
    pub tries: u32,
    /// The first wait between two of them; doubled each time.
    pub backoff: Duration,
    /// The longest wait that a 429 can ask for.
    pub longest_wait: Duration,
    /// How many 429 in a row a read bears.
    pub most_waits: u32,
    /// How many 429 in a row an order waits out. Its owner can stop it at any time,
    /// and where nobody looks on it must end by itself. A limit is for a second
    /// (PROTOCOL.md, 5); with the longest waits this is half an hour.
    pub most_order_waits: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            write: Duration::from_secs(60),
            tries: 3,
            backoff: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
            most_waits: 8,
            most_order_waits: 30,
        }
    }
}

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Kept and shared.
    Reads,
    /// Made for one call and dropped with it: nothing of an answer with a
    /// secret stays in an idle connection's buffers.
    OneCall,
}

/// Whether the address is of this very machine: the only one that may be
/// spoken to without TLS, and never through a proxy.
pub(super) fn is_loopback(address: &Url) -> bool {
    match address.host() {
        Some(UrlHost::Domain(name)) => name == "localhost",
        Some(UrlHost::Ipv4(ip)) => ip.is_loopback(),
        Some(UrlHost::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// An HTTP client for the host at `address`.
pub(super) fn connection(
    address: &Url,
    ca_file: Option<&Path>,
    connect: Duration,
    purpose: Purpose,
) -> Result<Client, Problem> {
    let mut builder: ClientBuilder = Client::builder()
        .user_agent(concat!("orgward/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(connect)
        .https_only(address.scheme() == "https");
    if is_loopback(address) {
        builder = builder.no_proxy();
    }
    if purpose == Purpose::OneCall {
        // Compression and multiplexing would only add buffers.
        builder = builder.pool_max_idle_per_host(0).http1_only().no_gzip();
    }
    if address.scheme() == "http" {
        // Without TLS no roots are needed; a machine that has none still works.
        builder = builder.tls_certs_only([]);
    } else if let Some(file) = ca_file {
        builder = builder.tls_certs_merge(certificates(file)?);
    }
    builder
        .build()
        .map_err(|error| Problem::Setup(format!("cannot prepare a connection: {}", cause(&error))))
}

fn certificates(file: &Path) -> Result<Vec<Certificate>, Problem> {
    let named = safe(&file.display().to_string());
    let bytes = std::fs::read(file)
        .map_err(|error| Problem::Setup(format!("`ca_file` {named} cannot be read: {error}")))?;
    match Certificate::from_pem_bundle(&bytes) {
        Ok(list) if !list.is_empty() => Ok(list),
        _ => Err(Problem::Setup(format!(
            "`ca_file` {named} holds no certificate in PEM form"
        ))),
    }
}

/// A request without an answer.
pub(super) enum Lost {
    /// Surely nothing of it reached the server: the name was not found, the
    /// connection was refused, the TLS handshake failed.
    NotSent(Problem),
    /// It may have arrived.
    MaybeSent(Problem),
}

impl Lost {
    pub(super) fn problem(self) -> Problem {
        match self {
            Lost::NotSent(problem) | Lost::MaybeSent(problem) => problem,
        }
    }
}

/// A request's time.
#[derive(Clone, Copy)]
pub(super) struct Deadline {
    at: Instant,
    limit: Duration,
}

impl Deadline {
    pub(super) fn after(limit: Duration) -> Self {
        Self {
            at: Instant::now() + limit,
            limit,
        }
    }
}

/// How long an answer that has arrived may take to be noticed once its time is
/// over: a process that was stopped, or a machine that slept, finds the time
/// over before it has looked at the socket, and the answer to a POST that lies
/// there must not be thrown away.
const GRACE: Duration = Duration::from_millis(500);

/// Waits until `at`, and a moment longer for what is there already.
async fn until<T>(at: Instant, work: impl Future<Output = T>) -> Option<T> {
    tokio::pin!(work);
    match timeout_at(at, &mut work).await {
        Ok(done) => Some(done),
        Err(_) => timeout(GRACE, work).await.ok(),
    }
}

/// Sends a request and waits for the head of its answer.
pub(super) async fn send(
    http: &Client,
    request: Request,
    ca_file: Option<&Path>,
    deadline: Deadline,
) -> Result<Response, Lost> {
    match until(deadline.at, http.execute(request)).await {
        Some(Ok(response)) => Ok(response),
        // Time over: how far the request got is not known.
        None => Err(Lost::MaybeSent(Problem::Timeout(deadline.limit))),
        Some(Err(error)) if error.is_builder() => Err(Lost::NotSent(Problem::Setup(format!(
            "the request cannot be built: {}",
            cause(&error)
        )))),
        Some(Err(error)) if error.is_connect() => {
            Err(Lost::NotSent(connect_problem(&error, ca_file)))
        }
        Some(Err(error)) => Err(Lost::MaybeSent(late_problem(&error, ca_file))),
    }
}

fn connect_problem(error: &reqwest::Error, ca_file: Option<&Path>) -> Problem {
    if error.is_timeout() {
        return Problem::Connect("no answer to the attempt to connect".into());
    }
    let words = cause(error);
    let chain = chain(error);
    let tls = [
        "certificate",
        "handshake",
        "tls",
        "alert",
        "corrupt message",
    ];
    if !error.is_dns() && tls.iter().any(|word| chain.contains(word)) {
        return Problem::Tls {
            words,
            fault: tls_fault(&chain),
            ca_file: ca_file.map(Path::to_owned),
        };
    }
    Problem::Connect(words)
}

/// A connection that was there and is lost. With TLS 1.3 a server says only then
/// that it wanted a certificate of ours.
fn late_problem(error: &reqwest::Error, ca_file: Option<&Path>) -> Problem {
    let words = cause(error);
    match tls_fault(&chain(error)) {
        TlsFault::WantsOurs => Problem::Tls {
            words,
            fault: TlsFault::WantsOurs,
            ca_file: ca_file.map(Path::to_owned),
        },
        _ => Problem::Cut(words),
    }
}

/// By the words of rustls, lower-cased: its errors cannot be taken out of the
/// HTTP library's.
fn tls_fault(chain: &str) -> TlsFault {
    [
        ("unknownissuer", TlsFault::UnknownIssuer),
        // An issuer of a known name, with another key.
        ("badsignature", TlsFault::UnknownIssuer),
        ("certificate expired", TlsFault::Expired),
        ("not valid yet", TlsFault::NotYetValid),
        ("not valid for name", TlsFault::WrongName),
        ("invalidcontenttype", TlsFault::NotSpoken),
        ("certificaterequired", TlsFault::WantsOurs),
    ]
    .into_iter()
    .find(|(words, _)| chain.contains(words))
    .map_or(TlsFault::Other, |(_, fault)| fault)
}

/// The innermost cause: the layers above it say only "client error".
fn cause(error: &reqwest::Error) -> String {
    let mut last: &dyn Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    // The library's own words would repeat the address.
    if last.downcast_ref::<reqwest::Error>().is_some() {
        return "the HTTP library gives no reason".into();
    }
    safe(&last.to_string())
}

fn chain(error: &reqwest::Error) -> String {
    let mut all = String::new();
    let mut next = error.source();
    while let Some(source) = next {
        all.push_str(&source.to_string().to_lowercase());
        all.push('\n');
        next = source.source();
    }
    all
}

/// Reads a whole body of at most `most` bytes, in the time that is left.
pub(super) async fn body(
    response: Response,
    most: usize,
    deadline: Deadline,
) -> Result<Zeroizing<Vec<u8>>, Problem> {
    if response.content_length().is_some_and(|n| n > most as u64) {
        return Err(Problem::TooLarge(most));
    }
    match beginning(response, most, deadline).await {
        (body, None) => Ok(body),
        (_, Some(problem)) => Err(problem),
    }
}

/// What comes of a body of at most `most` bytes in the time that is left, and
/// why that is not all of it.
pub(super) async fn beginning(
    mut response: Response,
    most: usize,
    deadline: Deadline,
) -> (Zeroizing<Vec<u8>>, Option<Problem>) {
    let mut buffer = Buffer::new(response.content_length());
    let mut cut = None;
    let read = async {
        loop {
            match response.chunk().await {
                Err(error) => cut = Some(Problem::Cut(cause(&error))),
                Ok(None) => {}
                Ok(Some(chunk)) => {
                    let room = most - buffer.0.len();
                    buffer.append(&chunk[..chunk.len().min(room)]);
                    if chunk.len() <= room {
                        continue;
                    }
                    cut = Some(Problem::TooLarge(most));
                }
            }
            return;
        }
    };
    // One grace for the whole body, or a dripping one would never end.
    let ended = until(deadline.at, read).await;
    let problem = match ended {
        Some(()) => cut,
        None => Some(Problem::Timeout(deadline.limit)),
    };
    (buffer.0, problem)
}

/// A buffer that leaves no copies behind when it must grow.
struct Buffer(Zeroizing<Vec<u8>>);

impl Buffer {
    fn new(length: Option<u64>) -> Self {
        let room = length.map_or(16 << 10, |n| n.min(DOCUMENT as u64)) as usize;
        Self(Zeroizing::new(Vec::with_capacity(room)))
    }

    fn append(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.next_power_of_two()));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }
}

/// The words of an answer that is no success. Its status already tells what
/// matters, so whatever happens to its body is no further error.
pub(super) async fn words(mut response: Response, deadline: Deadline) -> String {
    let at = deadline.at.min(Instant::now() + ERROR_TIME);
    let mut buffer = Buffer::new(None);
    while buffer.0.len() < ERROR {
        match timeout_at(at, response.chunk()).await {
            Ok(Ok(Some(chunk))) => {
                let room = ERROR - buffer.0.len();
                buffer.append(&chunk[..chunk.len().min(room)]);
            }
            _ => break,
        }
    }
    error_words(&buffer.0)
}

/// A redirect's goal, made safe and without a query that might hold more.
pub(super) fn location(response: &Response) -> String {
    let Some(value) = response.headers().get(LOCATION) else {
        return String::new();
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    safe(text.split(['?', '#']).next().unwrap_or_default())
}
