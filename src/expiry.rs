//! How long a token is to live: what an owner writes, and the time that it
//! stands for once the server's clock and the organization's policy are known.
//!
//! What was written is kept apart from the time it means, because `90d` in the
//! configuration means another time for each token, and a limit may only be
//! judged by the clock of the server that enforces it.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use thiserror::Error;

use crate::slot;
use crate::text;

const DAY: u64 = 24 * 60 * 60;
/// What [`Expiry::Longest`] stays below the policy: a request takes time, and
/// servers and their `Date` differ by a little.
const MARGIN: Duration = Duration::from_secs(60);

/// A length of time as people write it; a year is 365 days, so that `1y` never
/// exceeds a policy of 365 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    amount: u64,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Seconds,
    Minutes,
    Hours,
    Days,
    Weeks,
    Years,
}

impl Unit {
    fn of(letter: char) -> Option<Self> {
        Some(match letter {
            's' => Unit::Seconds,
            'm' => Unit::Minutes,
            'h' => Unit::Hours,
            'd' => Unit::Days,
            'w' => Unit::Weeks,
            'y' => Unit::Years,
            _ => return None,
        })
    }

    fn letter(self) -> char {
        match self {
            Unit::Seconds => 's',
            Unit::Minutes => 'm',
            Unit::Hours => 'h',
            Unit::Days => 'd',
            Unit::Weeks => 'w',
            Unit::Years => 'y',
        }
    }

    fn seconds(self) -> u64 {
        match self {
            Unit::Seconds => 1,
            Unit::Minutes => 60,
            Unit::Hours => 60 * 60,
            Unit::Days => DAY,
            Unit::Weeks => 7 * DAY,
            Unit::Years => 365 * DAY,
        }
    }
}

impl Length {
    /// So many days.
    pub fn days(amount: u32) -> Self {
        Self {
            amount: amount.into(),
            unit: Unit::Days,
        }
    }

    /// Reads `45s`, `2m` (minutes), `12h`, `30d`, `4w`, `1y`: a whole number
    /// above zero and one unit.
    pub fn parse(text: &str) -> Result<Self, ExpiryError> {
        let text = text.trim();
        let fail = || ExpiryError::NotALength(text::safe(text));
        let mut chars = text.chars();
        let letter = chars.next_back().ok_or_else(fail)?;
        let unit = Unit::of(letter).ok_or_else(fail)?;
        let digits = chars.as_str().trim_end();
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(fail());
        }
        let too_far = || ExpiryError::TooFar(text::safe(text));
        let amount: u64 = digits.parse().map_err(|_| too_far())?;
        if amount == 0 {
            return Err(fail());
        }
        // No calendar of ours reaches further than this.
        match amount.checked_mul(unit.seconds()) {
            Some(total) if total <= 8000 * 365 * DAY => Ok(Self { amount, unit }),
            _ => Err(too_far()),
        }
    }

    /// The same as a number of seconds.
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.amount.saturating_mul(self.unit.seconds()))
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.unit.letter())
    }
}

/// When a token that is to be generated shall expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Nothing is sent; the server decides.
    ServerDefault,
    /// The longest that the organization's policy allows, less a minute.
    Longest,
    /// So long after the server's present time.
    In(Length),
    /// At this time.
    At(Timestamp),
}

impl Expiry {
    /// Reads `90d`, `12h`, `4w`, `1y`, `2027-01-31` (00:00 UTC of that day),
    /// `2027-01-31T12:00:00Z`, `longest`, `default`.
    pub fn parse(text: &str) -> Result<Self, ExpiryError> {
        let text = text.trim();
        let fail = || ExpiryError::NotAnExpiry(text::safe(text));
        match text {
            "default" => return Ok(Expiry::ServerDefault),
            "longest" => return Ok(Expiry::Longest),
            _ => {}
        }
        if text.contains('-') {
            if text.contains(['T', 't']) {
                let time = text.parse::<Timestamp>().map_err(|_| fail())?;
                return whole(time).map(Expiry::At).ok_or_else(fail);
            }
            // Ten characters, or jiff's wider forms would pass as well.
            if text.len() != 10 {
                return Err(fail());
            }
            let date: Date = text.parse().map_err(|_| fail())?;
            let midnight = TimeZone::UTC
                .to_timestamp(date.at(0, 0, 0, 0))
                .map_err(|_| fail())?;
            return Ok(Expiry::At(midnight));
        }
        let length = Length::parse(text).map_err(|error| match error {
            ExpiryError::NotALength(_) => fail(),
            other => other,
        })?;
        match length.unit {
            // A minute or a month? A token that lives for either by mistake
            // would hurt.
            Unit::Seconds | Unit::Minutes => Err(fail()),
            _ => Ok(Expiry::In(length)),
        }
    }

    /// The time to ask for, in whole seconds; `None` asks for none. `policy` is
    /// the longest life that the organization allows, where that is known.
    /// What the server would refuse is refused here: PROTOCOL.md, 3.
    pub fn resolve(
        &self,
        server_now: Timestamp,
        policy: Option<Duration>,
    ) -> Result<Option<Timestamp>, ExpiryError> {
        let too_far = || ExpiryError::TooFar(self.words());
        let now = whole(server_now).ok_or_else(too_far)?;
        let latest = policy.and_then(|policy| slot::add(now, policy));
        let wanted = match self {
            Expiry::ServerDefault => return Ok(None),
            Expiry::Longest => {
                let policy = policy.ok_or(ExpiryError::NoPolicy)?;
                let length = policy.saturating_sub(MARGIN);
                slot::add(now, length)
            }
            Expiry::In(length) => slot::add(now, length.duration()),
            Expiry::At(time) => Some(*time),
        };
        let wanted = wanted.and_then(whole).ok_or_else(too_far)?;
        if wanted <= now {
            return Err(ExpiryError::Past {
                wanted: wire(wanted),
                now: wire(now),
            });
        }
        if let Some(latest) = latest
            && wanted > latest
        {
            return Err(ExpiryError::BeyondPolicy {
                wanted: wire(wanted),
                latest: wire(latest),
            });
        }
        Ok(Some(wanted))
    }

    /// As [`Expiry::parse`] reads it, in one word: for a command that is told.
    pub fn argument(&self) -> String {
        match self {
            Expiry::ServerDefault => "default".to_owned(),
            Expiry::Longest => "longest".to_owned(),
            Expiry::In(length) => format!("{}{}", length.amount, length.unit.letter()),
            Expiry::At(_) => self.words(),
        }
    }

    /// What a dialog shows: `90 d`, `2027-01-31`, "the server's default".
    pub fn words(&self) -> String {
        match self {
            Expiry::ServerDefault => "the server's default".to_owned(),
            Expiry::Longest => "the longest that the policy allows".to_owned(),
            Expiry::In(length) => length.to_string(),
            Expiry::At(time) => {
                let text = wire(*time);
                match text.strip_suffix("T00:00:00Z") {
                    Some(day) => day.to_owned(),
                    None => text,
                }
            }
        }
    }
}

/// A time as it is sent: `YYYY-MM-DDTHH:MM:SSZ`. PROTOCOL.md, 1.
pub fn wire(time: Timestamp) -> String {
    whole(time).unwrap_or(time).to_string()
}

/// Without the fraction of a second, rounded towards the past.
fn whole(time: Timestamp) -> Option<Timestamp> {
    let fraction = i64::from(time.subsec_nanosecond() < 0);
    Timestamp::from_second(time.as_second() - fraction).ok()
}

/// Why an expiry cannot be used. Nothing has been sent when this is said.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExpiryError {
    /// Not a length of time.
    #[error(
        "`{0}` is not a length of time; write a number above zero and s, m, h, d, w or y, such as 45s or 30d"
    )]
    NotALength(String),
    /// Not an expiry.
    #[error(
        "`{0}` is not an expiry; write 12h, 90d, 1y, a day such as 2027-01-31, `longest` or `default`"
    )]
    NotAnExpiry(String),
    /// The calendar ends before that.
    #[error("`{0}` is too far away; write a nearer time")]
    TooFar(String),
    /// The longest of an unknown limit.
    #[error(
        "no limit for the life of this organization's tokens is known, so there is no longest one; write an expiry such as 1y, or `default`"
    )]
    NoPolicy,
    /// It is over before it begins.
    #[error("{wanted} is not in the future (the server's clock says {now}); write a later time")]
    Past {
        /// The time asked for, as sent.
        wanted: String,
        /// The server's time.
        now: String,
    },
    /// The server would refuse it.
    #[error(
        "{wanted} is beyond the organization's policy, which allows {latest} at the latest; write a nearer time or `longest`"
    )]
    BeyondPolicy {
        /// The time asked for, as sent.
        wanted: String,
        /// The last one that the policy allows.
        latest: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn sent(text: &str, now: &str, policy: Option<u64>) -> String {
        let policy = policy.map(Duration::from_secs);
        match Expiry::parse(text).unwrap().resolve(at(now), policy) {
            Ok(Some(time)) => wire(time),
            Ok(None) => "nothing".into(),
            Err(error) => error.to_string(),
        }
    }

    const NOW: &str = "2026-11-24T10:00:00.75Z";

    #[test]
    fn what_is_written_becomes_a_time_in_whole_seconds() {
        for (text, time) in [
            ("30d", "2026-12-24T10:00:00Z"),
            ("90 d", "2027-02-22T10:00:00Z"),
            ("12h", "2026-11-24T22:00:00Z"),
            ("2w", "2026-12-08T10:00:00Z"),
            (" 1y ", "2027-11-24T10:00:00Z"),
            ("2027-01-31", "2027-01-31T00:00:00Z"),
            ("2027-01-31T12:00:00.9+01:00", "2027-01-31T11:00:00Z"),
            ("default", "nothing"),
        ] {
            assert_eq!(sent(text, NOW, None), time, "{text}");
        }
    }

    #[test]
    fn the_longest_stays_a_minute_below_the_policy() {
        assert_eq!(sent("longest", NOW, Some(30 * DAY)), "2026-12-24T09:59:00Z");
        assert!(sent("longest", NOW, None).contains("no limit"));
        assert!(sent("longest", NOW, Some(60)).contains("not in the future"));
    }

    #[test]
    fn the_policy_and_the_servers_clock_are_the_bounds() {
        assert_eq!(sent("30d", NOW, Some(30 * DAY)), "2026-12-24T10:00:00Z");
        assert_eq!(
            sent("2026-12-25", NOW, Some(30 * DAY)),
            "2026-12-25T00:00:00Z is beyond the organization's policy, which allows \
             2026-12-24T10:00:00Z at the latest; write a nearer time or `longest`"
        );
        assert!(sent("2026-11-24", NOW, None).contains("not in the future"));
        assert!(sent("2026-11-24T10:00:00Z", NOW, None).contains("not in the future"));
        assert_eq!(
            sent("2026-11-24T10:00:01Z", NOW, None),
            "2026-11-24T10:00:01Z"
        );
        assert!(sent("7999y", NOW, None).contains("too far away"));
    }

    #[test]
    fn what_cannot_be_read_is_an_error_that_says_what_can() {
        for text in [
            "",
            "d",
            "90",
            "0d",
            "-3d",
            "+3d",
            "1.5d",
            "5m",
            "45s",
            "90D",
            "never",
            "2027-02-30",
            "2027-1-31",
            "31-01-2027",
            "2027-01-31T25:00:00Z",
            "2027-01-31T12:00:00",
            "٣d",
            "1y2d",
        ] {
            let error = Expiry::parse(text).unwrap_err();
            assert!(
                matches!(error, ExpiryError::NotAnExpiry(_)),
                "{text}: {error}"
            );
        }
        assert!(matches!(
            Expiry::parse("99999999999999999999y"),
            Err(ExpiryError::TooFar(_))
        ));
        assert_eq!(Length::parse("2m").unwrap().duration().as_secs(), 120);
        assert!(
            Length::parse("soon")
                .unwrap_err()
                .to_string()
                .contains("30d")
        );
    }

    #[test]
    fn words_are_what_a_dialog_shows() {
        for (text, words) in [
            ("90d", "90 d"),
            ("2027-01-31", "2027-01-31"),
            ("2027-01-31T12:00:00Z", "2027-01-31T12:00:00Z"),
            ("longest", "the longest that the policy allows"),
            ("default", "the server's default"),
        ] {
            let expiry = Expiry::parse(text).unwrap();
            assert_eq!(
                (expiry.words().as_str(), expiry.argument().as_str()),
                (words, text)
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = Expiry::parse(&text);
        }

        #[test]
        fn what_is_sent_lies_between_now_and_the_policy(
            amount in 1u64..20_000,
            unit in prop::sample::select(vec!['h', 'd', 'w', 'y']),
            now in -60_000_000_000i64..200_000_000_000,
            nanos in 0i32..1_000_000_000,
            policy in prop::option::of(0u64..10_000 * DAY),
        ) {
            let now = Timestamp::new(now, nanos).unwrap();
            let Ok(expiry) = Expiry::parse(&format!("{amount}{unit}")) else {
                return Ok(());
            };
            prop_assert_eq!(Expiry::parse(&expiry.words()), Ok(expiry));
            let policy = policy.map(Duration::from_secs);
            if let Ok(Some(time)) = expiry.resolve(now, policy) {
                prop_assert!(time > now);
                prop_assert_eq!(time.subsec_nanosecond(), 0);
                prop_assert_eq!(wire(time).parse::<Timestamp>().unwrap(), time);
                if let Some(policy) = policy {
                    prop_assert!(time <= slot::add(now, policy).unwrap());
                }
            }
        }
    }
}
