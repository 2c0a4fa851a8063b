//! The words of the domain: hosts, slots, tokens, and the state of a slot.
//!
//! Pure data and pure functions; every other module imports this one and this
//! one imports none but how shared texts are read.

mod state;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::state::{Rules, State};
use crate::shared;

/// One server of the API, as people write it: `app.terraform.io`,
/// `tfe.corp.example:8443`, `127.0.0.1:8080`. Lower-case ASCII, never with a
/// scheme; the default port is left out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(Arc<str>);

impl Host {
    /// Wraps a name that was normalised before (by the configuration).
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The two kinds of token that an organization can have. PROTOCOL.md, 1 and 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The organization token.
    Organization,
    /// The audit trail token, on HCP Terraform only.
    AuditTrails,
}

impl Kind {
    /// As it stands in JSON and in `{kind}`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Organization => "organization",
            Kind::AuditTrails => "audit-trails",
        }
    }

    /// As people call it.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Organization => "organization token",
            Kind::AuditTrails => "audit trail token",
        }
    }
}

/// A place for one token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// Where the organization lives.
    pub host: Host,
    /// The organization's name, as the server spells it.
    pub organization: Arc<str>,
    /// Which of its tokens.
    pub kind: Kind,
}

impl Slot {
    /// The organization token's slot.
    pub fn new(host: &Host, organization: &str) -> Self {
        Self::sharing(host, &organization.into())
    }

    /// The same, with a name that others hold too: in ten thousand slots a copy
    /// of each would be half a megabyte.
    pub fn sharing(host: &Host, organization: &Arc<str>) -> Self {
        Self {
            host: host.clone(),
            organization: organization.clone(),
            kind: Kind::Organization,
        }
    }

    /// The same organization's slot for another kind of token.
    pub fn of_kind(&self, kind: Kind) -> Self {
        Self {
            kind,
            ..self.clone()
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.organization, self.host)?;
        match self.kind {
            Kind::Organization => Ok(()),
            Kind::AuditTrails => write!(f, " ({})", self.kind.words()),
        }
    }
}

/// Who created a token, as far as the server says. The same few people create
/// thousands, so their ids and names are shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Creator {
    /// A user, by id, and by name once that was read.
    User {
        /// Opaque: `user-…`.
        #[serde(deserialize_with = "shared::text")]
        id: Arc<str>,
        /// The name, once that was read.
        #[serde(default, deserialize_with = "shared::optional")]
        name: Option<Arc<str>>,
    },
    /// A team.
    Team {
        /// Opaque: `team-…`.
        #[serde(deserialize_with = "shared::text")]
        id: Arc<str>,
        /// The name, once that was read.
        #[serde(default, deserialize_with = "shared::optional")]
        name: Option<Arc<str>>,
    },
    /// The organization itself.
    Organization {
        /// Its name.
        #[serde(deserialize_with = "shared::text")]
        id: Arc<str>,
    },
}

impl Creator {
    /// What the list shows.
    pub fn words(&self) -> String {
        let (kind, name) = self.parts();
        format!("{kind}{name}")
    }

    fn parts(&self) -> (&'static str, &str) {
        match self {
            Creator::User { id, name } => ("", name.as_ref().unwrap_or(id)),
            Creator::Team { id, name } => ("team ", name.as_ref().unwrap_or(id)),
            Creator::Organization { id } => ("organization ", id),
        }
    }

    /// Orders as [`Creator::words`] do, which a sort of ten thousand would build
    /// a hundred thousand times.
    pub fn order(&self) -> impl Ord {
        let (kind, name) = self.parts();
        Words(kind, name)
    }
}

/// Two texts that are compared as if they were one.
#[derive(PartialEq, Eq)]
struct Words<'a>(&'static str, &'a str);

impl Ord for Words<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let all = |words: &Self| words.0.bytes().chain(words.1.bytes());
        all(self).cmp(all(other))
    }
}

impl PartialOrd for Words<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A time in a token's life, as far as the server tells it. That something
/// never happened is a statement, which nobody reads out of a missing field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<String>", into = "Option<String>")]
pub enum Time {
    /// The server says that there is none: never used, never expires.
    Never,
    /// The server says nothing about it, or nothing that can be read.
    Unknown,
    /// This one.
    At(Timestamp),
}

impl Time {
    /// The time, if there is one and it is known.
    pub fn at(self) -> Option<Timestamp> {
        match self {
            Time::At(time) => Some(time),
            Time::Never | Time::Unknown => None,
        }
    }

    /// The time as `words` puts it, "never", or "unknown".
    pub fn words(self, words: impl FnOnce(Timestamp) -> String) -> String {
        match self {
            Time::Never => "never".to_owned(),
            Time::Unknown => "unknown".to_owned(),
            Time::At(time) => words(time),
        }
    }
}

/// As it stands in a document of the API, and in the cache.
impl From<Option<&str>> for Time {
    fn from(text: Option<&str>) -> Self {
        match text {
            None => Time::Never,
            Some(text) => text.parse().map_or(Time::Unknown, Time::At),
        }
    }
}

impl From<Option<String>> for Time {
    fn from(text: Option<String>) -> Self {
        text.as_deref().into()
    }
}

impl From<Time> for Option<String> {
    fn from(time: Time) -> Self {
        match time {
            Time::Never => None,
            Time::Unknown => Some("unknown".to_owned()),
            Time::At(time) => Some(time.to_string()),
        }
    }
}

impl From<Option<Timestamp>> for Time {
    fn from(time: Option<Timestamp>) -> Self {
        time.map_or(Time::Never, Time::At)
    }
}

/// The metadata of a token; never its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Opaque: `4111756`, `at-…`, a UUID.
    pub id: Box<str>,
    /// When it was generated.
    pub created_at: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Time,
    /// The expiry that the server states.
    pub expires_at: Time,
    /// Who generated it.
    pub created_by: Option<Creator>,
    /// Its description, made safe.
    pub description: Option<Box<str>>,
}

impl Token {
    /// The end of its life: the earlier of its expiry and `created_at` plus the
    /// organization's policy. PROTOCOL.md, 3.
    pub fn ends_at(&self, policy: Option<Duration>) -> Time {
        match (self.expires_at, policy) {
            (Time::Unknown, _) => Time::Unknown,
            (Time::Never, Some(_)) if self.created_at.is_none() => Time::Unknown,
            _ => self.latest_end(policy).into(),
        }
    }

    /// A time at which its life is over for certain: the end itself, or a later
    /// one where the end is not known.
    fn latest_end(&self, policy: Option<Duration>) -> Option<Timestamp> {
        let by_policy = policy
            .zip(self.created_at)
            .and_then(|(policy, created)| add(created, policy));
        match (self.expires_at.at(), by_policy) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

/// `time + length`, or nothing where the calendar ends.
pub fn add(time: Timestamp, length: Duration) -> Option<Timestamp> {
    let length = SignedDuration::try_from(length).ok()?;
    time.checked_add(length).ok()
}

/// What one complete look at a slot found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Found {
    /// A token is there.
    Token(Token),
    /// There is none, and we would see it if there were.
    None,
    /// 404, and nothing tells "none" from "not yours to see".
    Unclear,
    /// Neither the token nor the organization can be seen.
    NotVisible,
    /// 401: the credential is missing, wrong or expired.
    Unauthorized,
    /// 403 on the token.
    NoAccess,
    /// Anything else.
    Failed,
}

/// One complete look at a slot, with what an owner should know about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What was there.
    pub found: Found,
    /// Why it could not be read, or what limits the finding; safe text, a
    /// sentence without a full stop.
    pub note: Option<Box<str>>,
    /// The organization's limit for a token of this kind, where known.
    pub policy: Option<Duration>,
    /// When it was read (local clock).
    pub at: Timestamp,
}

impl Reading {
    /// The token, if one is there.
    pub fn token(&self) -> Option<&Token> {
        match &self.found {
            Found::Token(token) => Some(token),
            _ => None,
        }
    }

    /// The last use of what is there; unknown where no token is seen.
    pub fn last_use(&self) -> Time {
        self.token()
            .map_or(Time::Unknown, |token| token.last_used_at)
    }

    /// What an action compares before it writes.
    pub fn identity(&self) -> Option<Identity> {
        match &self.found {
            Found::Token(token) => Some(Identity::Token {
                id: token.id.to_string(),
                created_at: token.created_at,
            }),
            Found::None => Some(Identity::None),
            Found::Unclear => Some(Identity::Unclear),
            _ => None,
        }
    }

    /// The end of the token's life, if one is there.
    pub fn ends_at(&self) -> Option<Time> {
        self.token().map(|token| token.ends_at(self.policy))
    }
}

/// What was in a slot when its owner decided about it. Two looks with the same
/// identity saw the same token (or the same absence of one).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// This token.
    Token {
        /// Its id.
        id: String,
        /// When it was generated.
        created_at: Option<Timestamp>,
    },
    /// No token.
    None,
    /// A 404 that may hide one.
    Unclear,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Identity::Token { id, created_at } => {
                write!(f, "token {id}")?;
                match created_at {
                    Some(at) => write!(f, " created {at}"),
                    None => Ok(()),
                }
            }
            Identity::None => f.write_str("no token"),
            Identity::Unclear => f.write_str("no token that can be seen"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_is_kept_as_it_is_told() {
        for time in [
            Time::Never,
            Time::Unknown,
            Time::At(at("2026-05-01T00:00:00Z")),
        ] {
            let text = serde_json::to_string(&time).unwrap();
            assert_eq!(serde_json::from_str::<Time>(&text).unwrap(), time, "{text}");
        }
    }

    #[test]
    fn identity_ignores_the_last_use() {
        let reading = |used| Reading {
            found: Found::Token(Token {
                id: "at-1".into(),
                created_at: Some(at("2026-05-01T00:00:00Z")),
                last_used_at: used,
                expires_at: Time::Never,
                created_by: None,
                description: None,
            }),
            note: None,
            policy: None,
            at: at("2026-06-01T00:00:00Z"),
        };
        assert_eq!(
            reading(Time::Never).identity(),
            reading(Time::At(at("2026-05-31T00:00:00Z"))).identity()
        );
    }
}
