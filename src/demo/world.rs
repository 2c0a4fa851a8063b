//! What a host knows and what its tokens do: the rules of PROTOCOL.md 1 to 4
//! without HTTP. Secrets are handed out once and kept as hashes only.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::clock::Clock;
use super::host::Flavour;
use super::ids::{Digest, digest, letters, random_secret, team_id, user_id};
use super::seed::{Access, Flag, OrganizationSeed, TokenSeed, shift};
use crate::slot::{Creator, Kind, add};

/// Who is asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Principal {
    /// A user, by name.
    User(String),
    /// The owners team of an organization.
    Owners(String),
    /// An organization's service account.
    Organization(String),
    /// The bearer of an audit trail token.
    AuditTrails(String),
}

/// A token as a test sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenView {
    /// Its id.
    pub id: String,
    /// When it was generated.
    pub created_at: Timestamp,
    /// When it last authenticated a request.
    pub last_used_at: Option<Timestamp>,
    /// Its own expiry.
    pub expires_at: Option<Timestamp>,
    /// Who generated it, with the name.
    pub created_by: Option<Creator>,
}

struct Held {
    view: TokenView,
    digest: Digest,
}

/// An organization and its tokens.
pub(super) struct Organization {
    pub name: String,
    pub created_at: Timestamp,
    pub access: Access,
    pub flag: Flag,
    pub audit_logging: bool,
    pub policy: Option<Duration>,
    pub audit_policy: Option<Duration>,
    fails: Option<u16>,
    token: Option<Held>,
    audit_token: Option<Held>,
}

impl Organization {
    pub fn policy(&self, kind: Kind) -> Option<Duration> {
        match kind {
            Kind::Organization => self.policy,
            Kind::AuditTrails => self.audit_policy,
        }
    }

    fn held(&self, kind: Kind) -> Option<&Held> {
        match kind {
            Kind::Organization => self.token.as_ref(),
            Kind::AuditTrails => self.audit_token.as_ref(),
        }
    }

    fn slot(&mut self, kind: Kind) -> &mut Option<Held> {
        match kind {
            Kind::Organization => &mut self.token,
            Kind::AuditTrails => &mut self.audit_token,
        }
    }

    pub fn email(&self) -> String {
        format!("{}@demo.example", self.name.to_ascii_lowercase())
    }
}

/// Why a host refuses.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 404.
    NotFound,
    /// 403.
    Forbidden,
    /// The server's own failure.
    Fails(u16),
    /// 422: an expiry that is not in the future.
    Past,
    /// 422: an expiry beyond the policy.
    BeyondPolicy(Duration),
    /// No random bytes.
    NoRandom,
}

/// What was asked for as expiry.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expiry {
    /// Nothing: the server's default.
    Default,
    /// This time.
    At(Timestamp),
}

/// A host's memory.
pub(super) struct World {
    pub flavour: Flavour,
    pub policies: bool,
    pub ignores_expiry: bool,
    clock: Clock,
    organizations: BTreeMap<String, Organization>,
    users: BTreeSet<String>,
    credentials: HashMap<Digest, Principal>,
    tokens: HashMap<Digest, (String, Kind)>,
    serial: u64,
}

impl World {
    pub fn new(flavour: Flavour, policies: bool, ignores_expiry: bool, clock: Clock) -> Self {
        Self {
            flavour,
            policies,
            ignores_expiry,
            clock,
            organizations: BTreeMap::new(),
            users: BTreeSet::from(["olivia".to_owned()]),
            credentials: HashMap::new(),
            tokens: HashMap::new(),
            serial: 0,
        }
    }

    /// Now, as exact as this server writes times down.
    pub fn now(&self) -> Timestamp {
        self.rounded(self.clock.now())
    }

    fn rounded(&self, time: Timestamp) -> Timestamp {
        let rounded = match self.flavour {
            Flavour::Hcp => Timestamp::from_millisecond(time.as_millisecond()),
            Flavour::Enterprise | Flavour::Bare => Timestamp::from_second(time.as_second()),
        };
        rounded.unwrap_or(time)
    }

    pub fn add(&mut self, seed: OrganizationSeed) -> Result<(), Refusal> {
        self.remove(&seed.name);
        let name = seed.name.clone();
        self.organizations.insert(
            name.clone(),
            Organization {
                created_at: shift(self.now(), SignedDuration::from_hours(-24 * 800)),
                name: seed.name,
                access: seed.access,
                flag: seed.flag,
                audit_logging: seed.audit_logging,
                policy: seed.policy,
                audit_policy: seed.audit_policy,
                fails: seed.fails,
                token: None,
                audit_token: None,
            },
        );
        for (kind, token) in [
            (Kind::Organization, seed.token),
            (Kind::AuditTrails, seed.audit_token),
        ] {
            if let Some(token) = token {
                self.plant(&name, kind, &token)?;
            }
        }
        Ok(())
    }

    fn plant(&mut self, name: &str, kind: Kind, seed: &TokenSeed) -> Result<(), Refusal> {
        let now = self.now();
        let created_by = self.creator(name, &seed.by);
        let view = TokenView {
            id: self.next_id(name),
            created_at: shift(now, -seed.created),
            last_used_at: seed.used.map(|used| shift(now, -used)),
            expires_at: seed.expires.map(|expires| shift(now, expires)),
            created_by,
        };
        self.put(name, kind, view).map(|_secret| ())
    }

    fn creator(&mut self, organization: &str, by: &str) -> Option<Creator> {
        if by.is_empty() {
            return None;
        }
        if by == "organization" {
            return Some(Creator::Organization {
                id: organization.into(),
            });
        }
        if let Some(team) = by.strip_prefix("team ") {
            return Some(Creator::Team {
                id: team_id(organization, team).into(),
                name: Some(team.into()),
            });
        }
        self.users.insert(by.to_owned());
        Some(Creator::User {
            id: user_id(by).into(),
            name: Some(by.into()),
        })
    }

    pub fn remove(&mut self, name: &str) -> bool {
        let Some(mut gone) = self.organizations.remove(name) else {
            return false;
        };
        for kind in [Kind::Organization, Kind::AuditTrails] {
            if let Some(held) = gone.slot(kind).take() {
                self.tokens.remove(&held.digest);
            }
        }
        true
    }

    /// The organization, whoever asks.
    pub fn organization(&self, name: &str) -> Option<&Organization> {
        self.organizations.get(name)
    }

    pub fn organization_mut(&mut self, name: &str) -> Option<&mut Organization> {
        self.organizations.get_mut(name)
    }

    /// What a principal may do in an organization.
    pub fn access(&self, who: &Principal, organization: &Organization) -> Access {
        match who {
            Principal::User(_) => organization.access,
            Principal::Owners(name) | Principal::Organization(name)
                if *name == organization.name =>
            {
                Access::Owner
            }
            _ => Access::Hidden,
        }
    }

    /// The organization, if this principal may see it.
    pub fn visible(&self, who: &Principal, name: &str) -> Option<&Organization> {
        self.organizations
            .get(name)
            .filter(|organization| self.access(who, organization) != Access::Hidden)
    }

    /// All that this principal may see, by name.
    pub fn all_visible<'a>(
        &'a self,
        who: &'a Principal,
    ) -> impl Iterator<Item = &'a Organization> + 'a {
        self.organizations
            .values()
            .filter(move |organization| self.access(who, organization) != Access::Hidden)
    }

    fn token_access(&self, who: &Principal, name: &str, kind: Kind) -> Result<(), Refusal> {
        let organization = self.visible(who, name).ok_or(Refusal::NotFound)?;
        if let Some(status) = organization.fails {
            return Err(Refusal::Fails(status));
        }
        if kind == Kind::AuditTrails && !organization.audit_logging {
            return Err(Refusal::NotFound);
        }
        match self.access(who, organization) {
            Access::Owner => Ok(()),
            Access::Refused => Err(Refusal::Forbidden),
            Access::Member | Access::Hidden => Err(Refusal::NotFound),
        }
    }

    /// The metadata in a slot, for one who may see it.
    pub fn read(
        &self,
        who: &Principal,
        name: &str,
        kind: Kind,
    ) -> Result<Option<TokenView>, Refusal> {
        self.token_access(who, name, kind)?;
        Ok(self.holds(name, kind))
    }

    /// The metadata in a slot, whoever asks.
    pub fn holds(&self, name: &str, kind: Kind) -> Option<TokenView> {
        Some(self.organizations.get(name)?.held(kind)?.view.clone())
    }

    /// Generates or replaces: the old token is dead when this returns.
    pub fn generate(
        &mut self,
        who: &Principal,
        name: &str,
        kind: Kind,
        expiry: Expiry,
    ) -> Result<(TokenView, Zeroizing<String>), Refusal> {
        self.token_access(who, name, kind)?;
        let by = match who {
            Principal::User(user) => user.clone(),
            Principal::Owners(_) => "team owners".to_owned(),
            Principal::Organization(_) | Principal::AuditTrails(_) => "organization".to_owned(),
        };
        self.renew(name, kind, expiry, &by)
    }

    /// [`World::generate`], whoever asks.
    pub fn renew(
        &mut self,
        name: &str,
        kind: Kind,
        expiry: Expiry,
        by: &str,
    ) -> Result<(TokenView, Zeroizing<String>), Refusal> {
        let now = self.now();
        let policy = self
            .organization(name)
            .and_then(|organization| organization.policy(kind))
            .filter(|_| self.policies);
        let longest = policy.and_then(|policy| add(now, policy));
        let expires_at = match expiry {
            Expiry::At(_) if self.ignores_expiry => None,
            Expiry::At(at) if at <= now => return Err(Refusal::Past),
            Expiry::At(at) => {
                if let (Some(policy), Some(longest)) = (policy, longest)
                    && at > longest
                {
                    return Err(Refusal::BeyondPolicy(policy));
                }
                Some(self.rounded(at))
            }
            Expiry::Default => {
                let default = self
                    .two_years_by_default()
                    .then(|| shift(now, SignedDuration::from_hours(24 * 730)));
                match (default, longest) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                }
            }
        };
        let created_by = self.creator(name, by);
        let view = TokenView {
            id: self.next_id(name),
            created_at: now,
            last_used_at: None,
            expires_at,
            created_by,
        };
        let secret = self.put(name, kind, view.clone())?;
        Ok((view, secret))
    }

    /// HCP Terraform, and Terraform Enterprise from 2.0, which also serves policies.
    fn two_years_by_default(&self) -> bool {
        match self.flavour {
            Flavour::Hcp => true,
            Flavour::Enterprise => self.policies,
            Flavour::Bare => false,
        }
    }

    /// Deletes the token in a slot.
    pub fn delete(&mut self, who: &Principal, name: &str, kind: Kind) -> Result<(), Refusal> {
        self.token_access(who, name, kind)?;
        self.clear(name, kind)
    }

    /// [`World::delete`], whoever asks.
    pub fn clear(&mut self, name: &str, kind: Kind) -> Result<(), Refusal> {
        let held = self
            .organizations
            .get_mut(name)
            .and_then(|organization| organization.slot(kind).take())
            .ok_or(Refusal::NotFound)?;
        self.tokens.remove(&held.digest);
        Ok(())
    }

    fn put(
        &mut self,
        name: &str,
        kind: Kind,
        view: TokenView,
    ) -> Result<Zeroizing<String>, Refusal> {
        let secret = random_secret().map_err(|_| Refusal::NoRandom)?;
        let digest = digest(&secret);
        let organization = self.organizations.get_mut(name).ok_or(Refusal::NotFound)?;
        if let Some(old) = organization.slot(kind).replace(Held { view, digest }) {
            self.tokens.remove(&old.digest);
        }
        self.tokens.insert(digest, (name.to_owned(), kind));
        Ok(secret)
    }

    /// Makes a credential for a principal.
    pub fn issue(&mut self, who: Principal) -> Result<Zeroizing<String>, Refusal> {
        let secret = random_secret().map_err(|_| Refusal::NoRandom)?;
        if let Principal::User(name) = &who {
            self.users.insert(name.clone());
        }
        self.credentials.insert(digest(&secret), who);
        Ok(secret)
    }

    /// No longer accepts a credential; whether it did before.
    pub fn revoke(&mut self, secret: &str) -> bool {
        self.credentials.remove(&digest(secret)).is_some()
    }

    /// Who bears this secret, if it is accepted.
    pub fn bearer(&self, digest: &Digest) -> Option<Principal> {
        if let Some(who) = self.credentials.get(digest) {
            return Some(who.clone());
        }
        let (name, kind) = self.tokens.get(digest)?;
        let organization = self.organizations.get(name)?;
        let view = &organization.held(*kind)?.view;
        let now = self.clock.now();
        let by_policy = organization
            .policy(*kind)
            .filter(|_| self.policies)
            .and_then(|policy| add(view.created_at, policy));
        let dead = |end: Option<Timestamp>| end.is_some_and(|end| end <= now);
        if dead(view.expires_at) || dead(by_policy) {
            return None;
        }
        Some(match kind {
            Kind::Organization => Principal::Organization(name.clone()),
            Kind::AuditTrails => Principal::AuditTrails(name.clone()),
        })
    }

    /// [`World::bearer`], and the token counts as used.
    pub fn authenticate(&mut self, digest: &Digest) -> Option<Principal> {
        let who = self.bearer(digest)?;
        let now = self.now();
        if let Some((name, kind)) = self.tokens.get(digest)
            && let Some(organization) = self.organizations.get_mut(name)
            && let Some(held) = organization.slot(*kind)
        {
            held.view.last_used_at = Some(now);
        }
        Some(who)
    }

    /// A user's name by id.
    pub fn user(&self, id: &str) -> Option<&str> {
        self.users
            .iter()
            .find(|name| user_id(name) == id)
            .map(String::as_str)
    }

    /// The team behind an id that a token shows, with its organization.
    pub fn team(&self, who: &Principal, id: &str) -> Option<(String, String)> {
        self.all_visible(who).find_map(|organization| {
            let held = [Kind::Organization, Kind::AuditTrails]
                .into_iter()
                .filter_map(|kind| organization.held(kind));
            let mut names: Vec<String> = held
                .filter_map(|held| match &held.view.created_by {
                    Some(Creator::Team { name, .. }) => name.as_deref().map(str::to_owned),
                    _ => None,
                })
                .collect();
            names.push("owners".to_owned());
            names
                .into_iter()
                .find(|team| team_id(&organization.name, team) == id)
                .map(|team| (team, organization.name.clone()))
        })
    }

    fn next_id(&mut self, name: &str) -> String {
        self.serial += 1;
        let seed = format!("{name} {}", self.serial);
        match self.flavour {
            Flavour::Hcp => format!("at-{}", letters(&seed, 16)),
            Flavour::Enterprise => (4_110_000 + self.serial * 37).to_string(),
            Flavour::Bare => {
                let hex: String = digest(&seed).iter().map(|b| format!("{b:02x}")).collect();
                format!(
                    "{}-{}-4{}-8{}-{}",
                    &hex[..8],
                    &hex[8..12],
                    &hex[13..16],
                    &hex[17..20],
                    &hex[20..32]
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_kills_an_old_token() {
        let clock = Clock::at("2026-06-01T00:00:00Z".parse().unwrap());
        let mut world = World::new(Flavour::Hcp, true, false, clock.clone());
        let mut seed = OrganizationSeed::new("acme");
        seed.policy = Some(Duration::from_secs(24 * 60 * 60));
        world.add(seed).unwrap();
        let olivia = Principal::User("olivia".into());
        let (view, secret) = world
            .generate(&olivia, "acme", Kind::Organization, Expiry::Default)
            .unwrap();
        assert_eq!(
            view.expires_at,
            Some("2026-06-02T00:00:00Z".parse().unwrap())
        );
        assert_eq!(
            world.bearer(&digest(&secret)),
            Some(Principal::Organization("acme".into()))
        );
        clock.advance(SignedDuration::from_hours(24));
        assert_eq!(world.bearer(&digest(&secret)), None);
    }
}
