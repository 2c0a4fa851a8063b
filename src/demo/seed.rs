//! What a world starts with: organizations as they are written down, with every
//! date relative to the start, so that a state stays the state it was made for.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer};

/// How the owner's credential stands with an organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// An owner: sees, generates and deletes tokens.
    #[default]
    Owner,
    /// A member: sees the organization; its token answers 404.
    Member,
    /// Sees the organization; its token answers 403.
    Refused,
    /// Sees nothing: 404 everywhere.
    Hidden,
}

/// What the organization document says about `can-update-api-token`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flag {
    /// The truth.
    #[default]
    True,
    /// Nothing: `permissions` is missing.
    Omitted,
    /// Always false, even for an owner.
    False,
}

/// A token that is there from the start.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSeed {
    /// Time since its creation.
    #[serde(deserialize_with = "span")]
    pub created: SignedDuration,
    /// Time since its last use.
    #[serde(default, deserialize_with = "some_span")]
    pub used: Option<SignedDuration>,
    /// Time until its expiry; negative for one that has passed.
    #[serde(default, deserialize_with = "some_span")]
    pub expires: Option<SignedDuration>,
    /// A user's name, `team NAME`, `organization`, or empty for nobody.
    #[serde(default)]
    pub by: String,
}

impl TokenSeed {
    /// A token of `olivia`'s, `created` ago, with no use and no expiry.
    pub fn new(created: SignedDuration) -> Self {
        Self {
            created,
            used: None,
            expires: None,
            by: "olivia".into(),
        }
    }
}

/// One organization of a world.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OrganizationSeed {
    /// ASCII letters, digits, `-` and `_`.
    pub name: String,
    /// The owner's standing.
    #[serde(default)]
    pub access: Access,
    /// What the document says of it.
    #[serde(default)]
    pub flag: Flag,
    /// The organization token.
    #[serde(default)]
    pub token: Option<TokenSeed>,
    /// The audit trail token.
    #[serde(default)]
    pub audit_token: Option<TokenSeed>,
    /// The entitlement `audit-logging`.
    #[serde(default)]
    pub audit_logging: bool,
    /// The longest life of an organization token.
    #[serde(default, deserialize_with = "some_length")]
    pub policy: Option<Duration>,
    /// The longest life of an audit trail token.
    #[serde(default, deserialize_with = "some_length")]
    pub audit_policy: Option<Duration>,
    /// A status with which the routes of its tokens fail.
    #[serde(default)]
    pub fails: Option<u16>,
}

impl OrganizationSeed {
    /// An organization of the owner's, with no token.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            access: Access::Owner,
            flag: Flag::True,
            token: None,
            audit_token: None,
            audit_logging: false,
            policy: None,
            audit_policy: None,
            fails: None,
        }
    }

    /// The same with a token.
    pub fn with_token(mut self, token: TokenSeed) -> Self {
        self.token = Some(token);
        self
    }
}

/// Where a host's organizations come from.
#[derive(Clone, Debug)]
pub enum WorldSource {
    /// `count` organizations with names of the kind people choose, in a mix of
    /// states. The same number gives the same world.
    Generated(usize),
    /// These.
    Given(Vec<OrganizationSeed>),
}

impl WorldSource {
    pub(super) fn seeds(self) -> Vec<OrganizationSeed> {
        match self {
            WorldSource::Generated(count) => (0..count).map(generated).collect(),
            WorldSource::Given(seeds) => seeds,
        }
    }
}

/// The organizations of `--demo`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DemoWorld {
    /// Of `app.demo.example`.
    pub app: Vec<OrganizationSeed>,
    /// Of `tfe.demo.example`.
    pub tfe: Vec<OrganizationSeed>,
    /// Names that are configured there but do not exist.
    pub gone: Vec<String>,
    /// Names that the retired account is configured with.
    pub retired: Vec<String>,
}

impl DemoWorld {
    /// Reads the embedded asset.
    pub fn read() -> Result<Self, toml::de::Error> {
        toml::from_str(include_str!("../../assets/demo/organizations.toml"))
    }
}

fn generated(index: usize) -> OrganizationSeed {
    const AREAS: [&str; 12] = [
        "payments", "search", "identity", "mobile", "data", "ml", "edge", "billing", "media",
        "risk", "retail", "core",
    ];
    const STAGES: [&str; 4] = ["prod", "staging", "dev", "sandbox"];
    let area = AREAS[index % AREAS.len()];
    let stage = STAGES[(index / AREAS.len()) % STAGES.len()];
    let mut seed = OrganizationSeed::new(&format!("{area}-{stage}-{index:05}"));
    let n = i64::try_from(index).unwrap_or(0);
    let mut token = TokenSeed::new(days(20 + n % 300));
    token.used = Some(SignedDuration::from_mins(3 + n % 4000));
    token.expires = Some(days(40 + n % 500));
    match index % 10 {
        6 => token.expires = Some(days(1 + n % 29)),
        7 => token.expires = Some(days(-1 - n % 19)),
        8 => token.used = Some(days(20)),
        _ => {}
    }
    if index % 10 != 9 {
        seed.token = Some(token);
    }
    seed
}

fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n.saturating_mul(24))
}

/// `time + length`, held at the calendar's ends.
pub(super) fn shift(time: Timestamp, length: SignedDuration) -> Timestamp {
    time.saturating_add(length).unwrap_or(time)
}

/// `3m`, `12h`, `214d`, `-4d`.
fn parse_span(text: &str) -> Option<SignedDuration> {
    let unit = text.chars().next_back()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    number.checked_mul(seconds).map(SignedDuration::from_secs)
}

fn span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SignedDuration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_span(&text).ok_or_else(|| {
        serde::de::Error::custom(format!("`{text}` is no length; `3m`, `12h`, `214d` are"))
    })
}

fn some_span<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SignedDuration>, D::Error> {
    span(deserializer).map(Some)
}

fn some_length<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let length = span(deserializer)?;
    Duration::try_from(length)
        .map(Some)
        .map_err(|_| serde::de::Error::custom("a policy cannot be negative"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_embedded_organizations_are_well_formed_and_unlike() {
        let world = DemoWorld::read().unwrap();
        let names: Vec<&str> = world
            .app
            .iter()
            .chain(&world.tfe)
            .map(|seed| seed.name.as_str())
            .chain(world.gone.iter().map(String::as_str))
            .collect();
        assert!((28..=34).contains(&names.len()), "{}", names.len());
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        for name in names {
            assert!(
                name.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)),
                "{name}"
            );
        }
    }

    #[test]
    fn lengths_are_read() {
        for (text, seconds) in [("3m", 180), ("12h", 43_200), ("-4d", -345_600), ("0s", 0)] {
            assert_eq!(parse_span(text), Some(SignedDuration::from_secs(seconds)));
        }
        for text in ["", "d", "4", "4y", "x4d", "4 d", "99999999999999999d"] {
            assert_eq!(parse_span(text), None, "{text}");
        }
    }

    #[test]
    fn generated_worlds_have_distinct_names() {
        let seeds = WorldSource::Generated(10_000).seeds();
        let names: BTreeSet<_> = seeds.iter().map(|seed| &seed.name).collect();
        assert_eq!(names.len(), 10_000);
    }
}
