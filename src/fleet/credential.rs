//! The owner's credentials while the program runs: given by a program or typed,
//! stored where they came from, recognized as an organization's own token,
//! replaced.

use std::sync::Arc;

use futures_util::future::join_all;

use super::connection::Connection;
use super::{Entry, Fleet, locked};
use crate::api::{Account, ApiError, Client, Own, Problem, Urgency};
use crate::config::{CredentialSource, HostConfig, Organizations};
use crate::credentials::store::{self, Mark};
use crate::credentials::{self, Credential, Origin};
use crate::secret::Secret;
use crate::slot::{Host, Identity, Kind, Slot};

impl Fleet {
    /// Goes on with a credential that the owner gave, and forgets what came of
    /// the one before, which may have been another account's.
    pub fn give(&self, entry: usize, credential: Credential) {
        if let Some(entry) = self.entry(entry) {
            *locked(&entry.credential) = Some(credential);
            *locked(&entry.account) = None;
            entry.memory.forget();
            *locked(&entry.connection) = Arc::default();
        }
    }

    /// The entries whose credential a program should have given and did not,
    /// each once, with the reason.
    pub fn failed_programs(&self) -> Vec<(usize, String)> {
        let entries = self.entries().into_iter().enumerate();
        entries
            .filter_map(|(number, entry)| Some((number, locked(&entry.failed).take()?)))
            .collect()
    }

    /// Has an entry's credential given by its program, with the terminal in
    /// that program's hands.
    ///
    /// # Errors
    /// In words, where that fails.
    pub async fn obtain_on_terminal(&self, config: &HostConfig) -> Result<Credential, String> {
        let programs = self.programs.on_terminal();
        credentials::obtain(config, &self.environment, &programs)
            .await
            .map_err(|error| error.to_string())
    }

    /// Stores a new credential, with which entries of a slot's host go on, where
    /// the ones that were in use at the start came from; returns those places.
    ///
    /// # Errors
    /// In words, where it is not stored.
    pub async fn store(&self, slot: &Slot, secret: &Secret) -> Result<String, String> {
        let new = Mark::of(secret);
        let mut places: Vec<String> = Vec::new();
        for entry in self.of_host(&slot.host) {
            let known = locked(&entry.credential).clone();
            // Never over the credential of another account.
            if known.is_none_or(|known| Mark::of(&known.secret) != new) {
                continue;
            }
            let connected = self.connection(&entry).await;
            let connection = connected.map_err(|problem| problem.to_string())?;
            let origin = connection.origin.as_ref();
            let origin = origin.ok_or("it is stored nowhere")?;
            let place = origin.to_string();
            // Two entries can have one and the same credential; in the keyring each
            // account has its own.
            if !places.contains(&place) || *origin == Origin::Keyring {
                let old = *locked(&connection.stored);
                let (config, env) = (&entry.config, &self.environment);
                let stored = store::store(config, origin, old, secret, env, &self.programs).await;
                stored.map_err(|error| error.to_string())?;
            }
            if !places.contains(&place) {
                places.push(place);
            }
            *locked(&connection.stored) = new;
        }
        match places.as_slice() {
            [] => Err("it is not the credential in use".to_owned()),
            places => Ok(places.join(" and ")),
        }
    }

    pub(super) async fn account(
        &self,
        entry: &Entry,
        client: &Client,
        urgency: Urgency,
    ) -> Option<Account> {
        self.ask_account(entry, client, urgency).await.ok()
    }

    /// The same, and why the host does not tell.
    async fn ask_account(
        &self,
        entry: &Entry,
        client: &Client,
        urgency: Urgency,
    ) -> Result<Account, ApiError> {
        let known = locked(&entry.account).clone();
        if let Some(known) = known {
            return Ok(known);
        }
        let account = client.account(urgency).await?;
        *locked(&entry.account) = Some(account.clone());
        Ok(account)
    }

    /// Whether a credential in use is the token that was seen in a slot, and of
    /// which entries of its host. PROTOCOL.md, 4.
    pub async fn own(&self, slot: &Slot, seen: &Identity) -> Whose {
        let mut whose = Whose::nobody();
        if *seen == Identity::None {
            return whose;
        }
        let asked = match self.connection_for(slot).await {
            Ok((entry, connection)) => {
                let account = self.account(&entry, &connection.client, Urgency::Owner);
                whose.own = account
                    .await
                    .map_or(Own::Unknown, |account| is_token(&account, slot, seen));
                if whose.own == Own::Yes {
                    whose.of_asked = true;
                    whose.holders.push((entry.clone(), connection));
                }
                Some(entry)
            }
            Err(_) => {
                whose.own = Own::Unknown;
                None
            }
        };
        let entries = self.of_host(&slot.host);
        let others = entries.iter().filter(|entry| {
            asked
                .as_ref()
                .is_none_or(|asked| !Arc::ptr_eq(asked, entry))
        });
        let others =
            others.map(|entry| async move { (entry, self.other(entry, slot, seen).await) });
        for (entry, (own, connection)) in join_all(others).await {
            match (own, connection) {
                (Own::Yes, Some(connection)) => {
                    whose.own = Own::Yes;
                    whose.holders.push((entry.clone(), connection));
                }
                (Own::Unknown, _) if whose.own == Own::No => whose.own = Own::Unknown,
                _ => {}
            }
        }
        whose.several = entries.len() > 1;
        whose
    }

    /// Whether a token is the credential of an entry that is not asked about its
    /// slot. Unknown only where it may be: a warning at each slot, for an account
    /// that has nothing to do with it, would soon not be read any more.
    async fn other(
        &self,
        entry: &Entry,
        slot: &Slot,
        seen: &Identity,
    ) -> (Own, Option<Arc<Connection>>) {
        // An organization's token sees that organization and no other.
        let same = |name: &Arc<str>| name.to_lowercase() == slot.organization.to_lowercase();
        if let Organizations::Listed(names) = &entry.config.organizations
            && !names.iter().any(same)
        {
            return (Own::No, None);
        }
        // Nobody is asked for what would be in use only once it is typed.
        if entry.config.credential == CredentialSource::Ask && locked(&entry.credential).is_none() {
            return (Own::No, None);
        }
        // What cannot be had is not in use either.
        let Ok(connection) = self.connection(entry).await else {
            return (Own::No, None);
        };
        let client = &connection.client;
        let own = match self.ask_account(entry, client, Urgency::Owner).await {
            Ok(account) if account.is_service_account == Some(false) => Own::No,
            Ok(account) => is_token(&account, slot, seen),
            // A credential that is not accepted is no token that lives.
            Err(error) if matches!(error.problem, Problem::Unauthorized { .. }) => Own::No,
            Err(_) => Own::Unknown,
        };
        (own, Some(connection))
    }

    fn of_host(&self, host: &Host) -> Vec<Arc<Entry>> {
        let mut entries = self.entries();
        entries.retain(|entry| entry.config.host == *host);
        entries
    }
}

/// Whether the credential of an account is the token that was seen.
fn is_token(account: &Account, slot: &Slot, seen: &Identity) -> Own {
    let id = match seen {
        Identity::Token { id, .. } => Some(id.as_str()),
        Identity::None | Identity::Unclear => None,
    };
    match slot.kind {
        Kind::Organization => account.own(&slot.organization, id),
        // That the credential belongs to the organization says nothing of
        // its other token: only the very id does.
        Kind::AuditTrails if id.is_some() && id == account.auth_token_id.as_deref() => Own::Yes,
        Kind::AuditTrails => Own::No,
    }
}

/// The words of [`Whose::account`] behind "your own credential".
pub fn in_brackets(account: Option<&str>) -> String {
    account.map_or(String::new(), |account| format!(" ({account})"))
}

/// Whether a token is a credential in use, and of which host entries.
pub struct Whose {
    /// Whether it is one.
    pub own: Own,
    /// Whether it is the one that the token's slot is looked at with.
    pub of_asked: bool,
    holders: Vec<(Arc<Entry>, Arc<Connection>)>,
    /// Whether its host has several entries.
    several: bool,
}

impl Whose {
    fn nobody() -> Self {
        Self {
            own: Own::No,
            of_asked: false,
            holders: Vec::new(),
            several: false,
        }
    }

    /// The entries whose credential it is, where their host has others too:
    /// `account prod`.
    pub fn account(&self) -> Option<String> {
        let names = self.holders.iter().map(|(entry, _)| {
            let account = entry.config.account.as_deref();
            account.map_or("the entry without an account".to_owned(), |account| {
                format!("account {account}")
            })
        });
        let names: Vec<String> = names.collect();
        (self.several && !names.is_empty()).then(|| names.join(" and "))
    }

    /// Where the credential came from; the words for "still stored in …".
    pub fn origin(&self) -> Option<String> {
        let mut origins: Vec<String> = Vec::new();
        for (_, connection) in &self.holders {
            let origin = connection.origin.as_ref().map(ToString::to_string);
            origins.extend(origin.filter(|origin| !origins.contains(origin)));
        }
        (!origins.is_empty()).then(|| origins.join(" and "))
    }

    /// Whether a new one can be stored there.
    pub fn can_store(&self) -> bool {
        let can_be_written = |(_, connection): &(Arc<Entry>, Arc<Connection>)| {
            let origin = connection.origin.as_ref();
            origin.is_some_and(Origin::can_be_written)
        };
        !self.holders.is_empty() && self.holders.iter().all(can_be_written)
    }

    /// Goes on with a new credential, after the one in use was replaced.
    pub fn adopt(&self, secret: &Secret) {
        for (entry, connection) in &self.holders {
            *locked(&entry.account) = None;
            if let Some(known) = &mut *locked(&entry.credential) {
                known.secret = secret.clone();
            }
            // A secret that cannot stand in a header cannot be used as a credential;
            // the next read says so.
            let _ = connection.client.replace_credential(secret.clone());
        }
    }
}
