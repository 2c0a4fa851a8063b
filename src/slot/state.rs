//! The state of a slot: what an owner should do about it, in one word.
//!
//! Decided here and nowhere else, so the screen, the plain commands and the guards
//! can never disagree. DESIGN.md, "States of a slot".

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{Found, Reading, Time, Token, add};

/// When a token counts as expiring or unused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// `[expiry] warn_within`.
    pub warn_within: Duration,
    /// `[expiry] unused_after`.
    pub unused_after: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            warn_within: Duration::from_secs(30 * DAY),
            unused_after: Duration::from_secs(90 * DAY),
        }
    }
}

/// The state of a slot. The order is the order of attention on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each is described once, in `State::meaning`")]
pub enum State {
    Expired,
    OverPolicy,
    Expiring,
    Unauthorized,
    Failed,
    NoAccess,
    NotVisible,
    Unclear,
    Unused,
    None,
    Ok,
    Reading,
}

impl State {
    /// Every state, in the order of attention.
    pub const ALL: [State; 12] = [
        State::Expired,
        State::OverPolicy,
        State::Expiring,
        State::Unauthorized,
        State::Failed,
        State::NoAccess,
        State::NotVisible,
        State::Unclear,
        State::Unused,
        State::None,
        State::Ok,
        State::Reading,
    ];

    /// As it stands in JSON and behind `--state`.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Expired => "expired",
            State::OverPolicy => "over-policy",
            State::Expiring => "expiring",
            State::Unauthorized => "unauthorized",
            State::Failed => "failed",
            State::NoAccess => "no-access",
            State::NotVisible => "not-visible",
            State::Unclear => "unclear",
            State::Unused => "unused",
            State::None => "none",
            State::Ok => "ok",
            State::Reading => "reading",
        }
    }

    /// As the screen shows it.
    pub fn word(self) -> &'static str {
        match self {
            State::OverPolicy => "over policy",
            State::NoAccess => "no access",
            State::NotVisible => "not visible",
            other => other.as_str(),
        }
    }

    /// One sentence for the help and for a row that has nothing better to say.
    pub fn meaning(self) -> &'static str {
        match self {
            State::Expired => "the token's life has ended",
            State::OverPolicy => "it lives longer than the organization's policy allows",
            State::Expiring => "its life ends soon",
            State::Unauthorized => "the host does not accept the credential (401)",
            State::Failed => "the token could not be read",
            State::NoAccess => "the host refused to show the token (403)",
            State::NotVisible => "404: no such organization, or you may not see it",
            State::Unclear => "404: no token yet, or you may not see it",
            State::Unused => "nobody has used the token for a long time",
            State::None => "the organization has no token",
            State::Ok => "a token is there and lives",
            State::Reading => "not read yet",
        }
    }

    /// The state of a slot: DESIGN.md, "States of a slot" (first that holds).
    pub fn of(reading: Option<&Reading>, rules: &Rules, now: Timestamp) -> State {
        let Some(reading) = reading else {
            return State::Reading;
        };
        match &reading.found {
            Found::Unauthorized => State::Unauthorized,
            Found::NoAccess => State::NoAccess,
            Found::NotVisible => State::NotVisible,
            Found::None => State::None,
            Found::Unclear => State::Unclear,
            Found::Failed => State::Failed,
            Found::Token(token) => Self::of_token(token, reading.policy, rules, now),
        }
    }

    fn of_token(token: &Token, policy: Option<Duration>, rules: &Rules, now: Timestamp) -> State {
        let ends_at = token.latest_end(policy);
        if ends_at.is_some_and(|end| end <= now) {
            return State::Expired;
        }
        if let Some(policy) = policy {
            let longest = token.created_at.and_then(|created| add(created, policy));
            // A token that never expires lives longer than any limit.
            let over = match (token.expires_at, longest) {
                (Time::At(expires), Some(longest)) => expires > longest,
                (Time::Never, Some(_)) => true,
                _ => false,
            };
            if over {
                return State::OverPolicy;
            }
        }
        let warn = add(now, rules.warn_within);
        if ends_at.zip(warn).is_some_and(|(end, warn)| end <= warn) {
            return State::Expiring;
        }
        let used = match token.last_used_at {
            Time::At(used) => Some(used),
            // A token nobody ever used counts from its creation.
            Time::Never => token.created_at,
            Time::Unknown => None,
        };
        let unused = used
            .and_then(|used| add(used, rules.unused_after))
            .is_some_and(|then| then <= now);
        if unused {
            return State::Unused;
        }
        State::Ok
    }

    /// Whether the slot can be acted on, and how.
    pub fn allows_generate(self) -> bool {
        self == State::None
    }

    /// Whether a token is there or may be there, so that a new one replaces it.
    pub fn allows_replace(self) -> bool {
        matches!(
            self,
            State::Expired
                | State::OverPolicy
                | State::Expiring
                | State::Unclear
                | State::Unused
                | State::Ok
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 60 * 60;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn days(n: u64) -> Duration {
        Duration::from_secs(n * DAY)
    }

    fn token(created: &str, used: Option<&str>, expires: Option<&str>) -> Token {
        Token {
            id: "at-1".into(),
            created_at: Some(at(created)),
            last_used_at: used.map(at).into(),
            expires_at: expires.map(at).into(),
            created_by: None,
            description: None,
        }
    }

    fn state(token: Token, policy: Option<Duration>) -> State {
        let reading = Reading {
            found: Found::Token(token),
            note: None,
            policy,
            at: at("2026-06-01T00:00:00Z"),
        };
        State::of(
            Some(&reading),
            &Rules::default(),
            at("2026-06-01T00:00:00Z"),
        )
    }

    #[test]
    fn the_first_state_that_holds_wins() {
        let t = |c, u, e| token(c, u, e);
        let used = Some("2026-05-31T00:00:00Z");
        let cases = [
            (t("2026-05-01T00:00:00Z", used, None), None, State::Ok),
            (
                t("2026-05-01T00:00:00Z", used, Some("2026-06-01T00:00:00Z")),
                None,
                State::Expired,
            ),
            (
                t("2026-05-01T00:00:00Z", used, Some("2026-07-01T00:00:00Z")),
                None,
                State::Expiring,
            ),
            (
                t("2026-05-01T00:00:00Z", used, Some("2026-07-02T00:00:00Z")),
                None,
                State::Ok,
            ),
            (t("2026-01-01T00:00:00Z", None, None), None, State::Unused),
            (t("2026-05-01T00:00:00Z", None, None), None, State::Ok),
            // The policy ends a token whatever its own expiry says.
            (
                t("2026-01-01T00:00:00Z", used, None),
                Some(days(100)),
                State::Expired,
            ),
            (
                t("2026-05-01T00:00:00Z", used, None),
                Some(days(365)),
                State::OverPolicy,
            ),
            (
                t("2026-05-01T00:00:00Z", used, Some("2028-05-01T00:00:00Z")),
                Some(days(365)),
                State::OverPolicy,
            ),
            (
                t("2026-05-01T00:00:00Z", used, Some("2026-09-01T00:00:00Z")),
                Some(days(365)),
                State::Ok,
            ),
        ];
        for (token, policy, expected) in cases {
            assert_eq!(state(token.clone(), policy), expected, "{token:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let token = |used, expires| Token {
            last_used_at: used,
            expires_at: expires,
            ..token("2026-01-01T00:00:00Z", None, None)
        };
        let never_used = token(Time::Never, Time::Unknown);
        assert_eq!(never_used.ends_at(None), Time::Unknown);
        assert_eq!(state(never_used, None), State::Unused);
        // Nobody knows that it was not used.
        let unknown = token(Time::Unknown, Time::Never);
        assert_eq!(state(unknown.clone(), None), State::Ok);
        // Nobody knows that it lives too long, until the policy has ended it.
        let unknown = token(Time::Unknown, Time::Unknown);
        assert_eq!(state(unknown.clone(), Some(days(365))), State::Ok);
        assert_eq!(state(unknown.clone(), Some(days(100))), State::Expired);
        assert_eq!(unknown.ends_at(Some(days(100))), Time::Unknown);
        let mut unborn = token(Time::Unknown, Time::Never);
        unborn.created_at = None;
        assert_eq!(unborn.ends_at(Some(days(100))), Time::Unknown);
    }

    #[test]
    fn only_an_empty_slot_is_generated_into() {
        for state in State::ALL {
            assert!(!(state.allows_generate() && state.allows_replace()));
        }
        assert!(State::None.allows_generate());
        for blocked in [
            State::Reading,
            State::Failed,
            State::Unauthorized,
            State::NoAccess,
            State::NotVisible,
        ] {
            assert!(!blocked.allows_generate() && !blocked.allows_replace());
        }
    }
}
