//! What can go wrong between a client and a host, made to order: for tests of
//! what is true after an answer was lost, cut, late, or never meant well.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// An answer of the host's, before it is put on the wire.
#[derive(Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body; its length becomes `Content-Length`.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer with one content type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), content_type.into())],
            body: body.into(),
        }
    }

    /// Nothing but a status.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// What a proxy writes.
    pub fn html(status: u16, text: &str) -> Self {
        let page = format!("<html><head><title>{text}</title></head><body>{text}</body></html>");
        Self::new(status, "text/html; charset=utf-8", page)
    }

    /// A redirect.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::empty(status).header("location", location)
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

// The body of a 201 is a secret.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}

/// When the host misbehaves, and how.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It does not act; this is all that the client gets.
    Instead(Reply),
    /// It acts; then this.
    Acted(Reply),
    /// It waits, acts, and answers well.
    WaitThenAct(Wait),
    /// It acts, waits, and answers well.
    ActThenWait(Wait),
    /// It waits; then this.
    Held(Wait, Box<Fault>),
}

/// What goes to the client instead of a good answer.
#[derive(Clone)]
pub enum Reply {
    /// This answer.
    Answer(Answer),
    /// Nothing: the connection is closed.
    Close,
    /// The head of the answer with its true length and so many bytes of the
    /// body; then the connection is closed. Of [`Fault::Instead`] the answer is
    /// a 503 of a proxy.
    Truncated(usize),
    /// The answer, changed.
    Edited(Arc<dyn Fn(&mut Answer) + Send + Sync>),
    /// A 200 whose body never ends: this piece, again and again, at this pace.
    Endless(Vec<u8>, Duration),
    /// A 200 of JSON with so many bytes.
    Huge(usize),
}

impl Reply {
    /// The answer, changed by `edit`.
    pub fn edited(edit: impl Fn(&mut Answer) + Send + Sync + 'static) -> Self {
        Self::Edited(Arc::new(edit))
    }

    /// The answer without `token` in it.
    pub fn without_token() -> Self {
        Self::edited(|answer| {
            if let Ok(mut document) = serde_json::from_slice::<serde_json::Value>(&answer.body) {
                if let Some(attributes) = document
                    .pointer_mut("/data/attributes")
                    .and_then(|attributes| attributes.as_object_mut())
                {
                    attributes.remove("token");
                }
                answer.body = document.to_string().into_bytes();
            }
        })
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::Answer(answer) => answer.fmt(f),
            Reply::Close => f.write_str("Close"),
            Reply::Truncated(bytes) => write!(f, "Truncated({bytes})"),
            Reply::Edited(_) => f.write_str("Edited"),
            Reply::Endless(piece, pace) => write!(f, "Endless({} bytes, {pace:?})", piece.len()),
            Reply::Huge(bytes) => write!(f, "Huge({bytes})"),
        }
    }
}

/// How long the host waits.
#[derive(Clone, Debug)]
pub enum Wait {
    /// This long.
    For(Duration),
    /// Until the gate is opened.
    Gate(Gate),
    /// For ever.
    Forever,
}

impl Wait {
    pub(super) async fn over(&self) {
        match self {
            Wait::For(time) => tokio::time::sleep(*time).await,
            Wait::Gate(gate) => gate.pass().await,
            Wait::Forever => std::future::pending().await,
        }
    }
}

/// Holds requests until a test lets them go, so that an order of events does
/// not depend on time. Clones are one gate.
#[derive(Clone, Debug)]
pub struct Gate {
    open: watch::Sender<bool>,
    arrived: watch::Sender<usize>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            open: watch::Sender::new(false),
            arrived: watch::Sender::new(0),
        }
    }
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets through what waits and what comes.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Waits until `count` requests have come to the gate.
    pub async fn reached(&self, count: usize) {
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self.arrived.subscribe().wait_for(|n| *n >= count).await;
    }

    /// Waits until the gate is open; also a plain signal between tasks.
    pub async fn opened(&self) {
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }

    async fn pass(&self) {
        self.arrived.send_modify(|n| *n += 1);
        self.opened().await;
    }
}

/// Which requests a fault meets.
#[derive(Clone, Debug)]
pub struct FaultRule {
    method: String,
    target: String,
    skip: usize,
    left: Option<usize>,
    fault: Fault,
}

impl FaultRule {
    /// The next request with this method (empty: any) whose decoded target, the
    /// path, `?` (always) and the query, contains `target` (empty: any).
    pub fn on(method: &str, target: &str, fault: Fault) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            skip: 0,
            left: Some(1),
            fault,
        }
    }

    /// Lets `count` requests pass first.
    #[must_use]
    pub fn after(mut self, count: usize) -> Self {
        self.skip = count;
        self
    }

    /// Meets `count` requests.
    #[must_use]
    pub fn times(mut self, count: usize) -> Self {
        self.left = Some(count);
        self
    }

    /// Meets every request from then on.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.left = None;
        self
    }

    /// The fault, if this request is one of them.
    pub(super) fn meets(&mut self, method: &str, target: &str) -> Option<Fault> {
        if !(self.method.is_empty() || self.method == method) || !target.contains(&self.target) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(1)?;
        }
        Some(self.fault.clone())
    }
}
