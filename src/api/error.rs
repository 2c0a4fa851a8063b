//! What can go wrong on the way to a host, in words for people.
//!
//! An error always carries the place it happened at, so no message can forget
//! to name the host and the organization. Writes have a type of their own:
//! for them the question is not what went wrong but whether the server can
//! have acted, and mixing that up is how a lost token is called "nothing
//! happened".

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::slot::Host;
use crate::text::safe;

/// Where a request went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The host.
    pub host: Host,
    /// The organization, if the request was about one.
    pub organization: Option<Arc<str>>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.organization {
            Some(name) => write!(f, "{} on {}", safe(name), self.host),
            None => write!(f, "{}", self.host),
        }
    }
}

/// A request that did not bring what was asked for: one line that names the
/// place, what happened and what helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ApiError {
    /// Where.
    pub place: Place,
    /// What.
    pub problem: Problem,
}

impl ApiError {
    pub(super) fn of_host(host: &Host, problem: Problem) -> Self {
        Self {
            place: Place {
                host: host.clone(),
                organization: None,
            },
            problem,
        }
    }
}

/// What happened, with the server's words where it had some (made safe), and
/// our reading of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// 401: the credential is missing, wrong or expired.
    Unauthorized {
        /// Whether the same credential was accepted earlier in this run.
        worked_before: bool,
        /// The server's words; may be empty.
        words: String,
    },
    /// 403.
    Forbidden {
        /// The server's words; may be empty.
        words: String,
    },
    /// 404.
    NotFound,
    /// 429, more often than we repeat a read.
    TooMany {
        /// How long the host wants us to wait.
        wait: Duration,
    },
    /// Any other status that is not a success.
    Status {
        /// The status.
        status: u16,
        /// The server's words; may be empty.
        words: String,
    },
    /// No connection: name not found, refused, unreachable.
    Connect(String),
    /// The TLS handshake failed.
    Tls {
        /// What the TLS library says.
        words: String,
        /// What is wrong.
        fault: TlsFault,
        /// The `ca_file` that was in force.
        ca_file: Option<PathBuf>,
    },
    /// No complete answer in the time a request may take.
    Timeout(Duration),
    /// The connection was lost before the answer was complete.
    Cut(String),
    /// The answer is larger than any true one; the limit in bytes.
    TooLarge(usize),
    /// The answer is not what the protocol says.
    Malformed(String),
    /// 3xx. Never followed: the credential would go with it.
    Redirect {
        /// The status.
        status: u16,
        /// Where to, made safe; may be empty.
        to: String,
    },
    /// `--read-only` closed the door; nothing was sent.
    ReadOnly,
    /// The text cannot be sent as one segment of an address; nothing was sent.
    BadName,
    /// The host was not seen to have audit trail tokens; nothing was sent,
    /// since other servers would have acted on the organization token.
    AuditTrailsUnproven,
    /// Discovery says that the API is on another origin. Not used: the
    /// credential would go there.
    Elsewhere(Url),
    /// The request could not even be prepared.
    Setup(String),
}

/// What is wrong with a host's TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// The certificate's issuer is not among the trusted ones.
    UnknownIssuer,
    /// The certificate's time is over, by this machine's clock.
    Expired,
    /// The certificate's time has not come, by this machine's clock.
    NotYetValid,
    /// The certificate is for other names.
    WrongName,
    /// What answers there does not speak TLS.
    NotSpoken,
    /// The host wants a certificate of ours; there is none.
    WantsOurs,
    /// Something else; the library's words are all there is.
    Other,
}

impl Problem {
    /// What a 4xx or 5xx says, with the server's words (made safe).
    pub(super) fn of_status(status: u16, words: String, worked_before: bool) -> Self {
        match status {
            401 => Problem::Unauthorized {
                worked_before,
                words,
            },
            403 => Problem::Forbidden { words },
            _ => Problem::Status { status, words },
        }
    }
}

fn with_words(f: &mut fmt::Formatter<'_>, words: &str) -> fmt::Result {
    if words.is_empty() {
        Ok(())
    } else {
        write!(f, ": {words}")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Unauthorized {
                worked_before,
                words,
            } => {
                f.write_str("the host does not accept the credential (401)")?;
                with_words(f, words)?;
                f.write_str(if *worked_before {
                    "; it worked before, so it has expired, was replaced, or its SSO session has \
                     ended: sign in on the web, or use the owners team's token"
                } else {
                    "; it is missing, wrong or expired, or it needs an SSO session: sign in on \
                     the web, or use the owners team's token"
                })
            }
            Problem::Forbidden { words } => {
                f.write_str("the host refused (403)")?;
                with_words(f, words)?;
                f.write_str("; use a credential of the organization's owners")
            }
            Problem::NotFound => f.write_str("not found (404)"),
            Problem::TooMany { wait } => write!(
                f,
                "too many requests (429); the host asks to wait {}",
                seconds(*wait)
            ),
            Problem::Status { status, words } => {
                write!(f, "the host answered {}", status_words(*status))?;
                with_words(f, words)
            }
            Problem::Connect(words) => write!(
                f,
                "cannot connect: {words}; check the host's name, the network and the VPN"
            ),
            Problem::Tls {
                words,
                fault,
                ca_file,
            } => {
                write!(f, "no trusted connection: {words}")?;
                f.write_str(match (fault, ca_file) {
                    (TlsFault::UnknownIssuer, None) => {
                        "; the issuer of its certificate is unknown: name your company's CA \
                         certificate as `ca_file` of this host"
                    }
                    (TlsFault::UnknownIssuer, Some(file)) => {
                        return write!(
                            f,
                            "; the issuer of its certificate is unknown, also in `ca_file` {}: name \
                             the certificate of the CA that issued it there",
                            safe(&file.display().to_string())
                        );
                    }
                    (TlsFault::Expired, _) => {
                        "; its certificate has expired, or this machine's clock is fast: ask those \
                         who run the host"
                    }
                    (TlsFault::NotYetValid, _) => {
                        "; its certificate is not valid yet, or this machine's clock is slow: set it"
                    }
                    (TlsFault::WrongName, _) => {
                        "; its certificate is for another name: check the host's name"
                    }
                    (TlsFault::NotSpoken, _) => {
                        "; what answers there does not speak TLS: check the port"
                    }
                    (TlsFault::WantsOurs, _) => {
                        "; the host wants a client certificate, and those are not supported"
                    }
                    (TlsFault::Other, _) => "",
                })
            }
            Problem::Timeout(limit) => {
                write!(
                    f,
                    "no complete answer within {}; check the network and the VPN",
                    seconds(*limit)
                )
            }
            Problem::Cut(words) => {
                f.write_str("the connection was lost before the answer was complete")?;
                with_words(f, words)
            }
            Problem::TooLarge(limit) => write!(
                f,
                "the answer is larger than {limit} bytes and was not read to its end"
            ),
            Problem::Malformed(why) => write!(f, "the answer cannot be understood: {why}"),
            Problem::Redirect { status, to } => {
                write!(f, "the host answered with a redirect ({status})")?;
                if !to.is_empty() {
                    write!(f, " to {to}")?;
                }
                f.write_str(
                    ", which is not followed, as the credential would go with it; if that is the \
                     right server, write its `address` in the configuration",
                )
            }
            Problem::ReadOnly => f.write_str("--read-only refuses every write; nothing was sent"),
            Problem::BadName => {
                f.write_str("this name cannot be part of an address; nothing was sent")
            }
            Problem::AuditTrailsUnproven => f.write_str(
                "this host has not been seen to have audit trail tokens, and other hosts would \
                 take the request for the organization token; nothing was sent",
            ),
            Problem::Elsewhere(address) => write!(
                f,
                "the host says that its API is elsewhere, where the credential is not sent \
                 unasked; if that is right, write address = \"{}\" in the configuration",
                safe(address.as_str())
            ),
            Problem::Setup(why) => f.write_str(why),
        }
    }
}

/// `3 s`, `0.2 s`.
fn seconds(duration: Duration) -> String {
    let tenths = duration.as_millis().div_ceil(100);
    if tenths.is_multiple_of(10) {
        format!("{} s", tenths / 10)
    } else {
        format!("{}.{} s", tenths / 10, tenths % 10)
    }
}

/// `502 (Bad Gateway)`.
pub(super) fn status_words(status: u16) -> String {
    let reason = reqwest::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    match reason {
        Some(reason) => format!("{status} ({reason})"),
        None => status.to_string(),
    }
}

/// What became of a POST or DELETE that did not clearly succeed. The slot it
/// was about is known to the caller and named there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Surely nothing left this machine.
    #[error("nothing was sent: {}", .0.problem)]
    NotSent(ApiError),
    /// The server understood and refused (4xx other than 408 and 429).
    #[error("refused with {}: {}", status_words(*.status), .words)]
    Refused {
        /// The status.
        status: u16,
        /// What that means, the server's words (made safe) included.
        words: String,
    },
    /// 404 on a DELETE: gone already, or refused in disguise; only a new look
    /// at the slot tells. PROTOCOL.md, 1.
    #[error("the host knows no such token, or does not let us delete it (404)")]
    NotFound,
    /// 429: nothing was done.
    #[error("too many requests (429), nothing was done; the host asks to wait {}", seconds(*.wait))]
    TooMany {
        /// How long to wait before the slot is read again.
        wait: Duration,
    },
    /// The server may have acted or not: only a new look at the slot tells.
    #[error("the outcome is unknown: {why}")]
    Unknown {
        /// What happened to the answer; safe text.
        why: String,
    },
}
