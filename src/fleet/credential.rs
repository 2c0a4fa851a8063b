//! The owner's credentials while the program runs: given by a program or typed,
//! stored where they came from, recognized as an organization's own token,
//! replaced.

use std::sync::Arc;

use super::{Entry, Fleet, locked};
use crate::api::{Account, Client, Own, Urgency};
use crate::config::HostConfig;
use crate::credentials::store::{self, Mark};
use crate::credentials::{self, Credential, Origin};
use crate::secret::Secret;
use crate::slot::{Identity, Kind, Slot};

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

    /// Where the credential of a slot's host entry came from, once it is
    /// connected; the words for "still stored in …".
    pub fn origin(&self, slot: &Slot) -> Option<String> {
        let connection = self.known_connection(slot)?;
        connection.origin.as_ref().map(ToString::to_string)
    }

    /// Whether a new credential for a slot's host entry can be stored where the
    /// one in use came from.
    pub fn can_store(&self, slot: &Slot) -> bool {
        let connection = self.known_connection(slot);
        connection.is_some_and(|connection| {
            let origin = connection.origin.as_ref();
            origin.is_some_and(Origin::can_be_written)
        })
    }

    /// Stores a new credential for a slot's host entry where the one that was in
    /// use at the start came from; returns that place.
    ///
    /// # Errors
    /// In words, where it is not stored.
    pub async fn store(&self, slot: &Slot, secret: &Secret) -> Result<String, String> {
        let connected = self.connection_for(slot).await;
        let (entry, connection) = connected.map_err(|problem| problem.to_string())?;
        let origin = connection.origin.as_ref();
        let origin = origin.ok_or("it is stored nowhere")?;
        let old = *locked(&connection.stored);
        let (config, env) = (&entry.config, &self.environment);
        let stored = store::store(config, origin, old, secret, env, &self.programs).await;
        stored.map_err(|error| error.to_string())?;
        *locked(&connection.stored) = Mark::of(secret);
        Ok(origin.to_string())
    }

    pub(super) async fn account(
        &self,
        entry: &Entry,
        client: &Client,
        urgency: Urgency,
    ) -> Option<Account> {
        let known = locked(&entry.account).clone();
        if known.is_some() {
            return known;
        }
        let account = client.account(urgency).await.ok()?;
        *locked(&entry.account) = Some(account.clone());
        Some(account)
    }

    /// Whether the credential in use is the token that was seen in a slot.
    /// PROTOCOL.md, 4.
    pub async fn own(&self, slot: &Slot, seen: &Identity) -> Own {
        if *seen == Identity::None {
            return Own::No;
        }
        let Ok((entry, connection)) = self.connection_for(slot).await else {
            return Own::Unknown;
        };
        let account = self.account(&entry, &connection.client, Urgency::Owner);
        let Some(account) = account.await else {
            return Own::Unknown;
        };
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

    /// Goes on with a new credential, after the one in use was replaced.
    pub fn adopt(&self, slot: &Slot, client: &Client, secret: Secret) {
        if let Some(entry) = self.entry_of(slot) {
            *locked(&entry.account) = None;
            if let Some(known) = &mut *locked(&entry.credential) {
                known.secret = secret.clone();
            }
        }
        // A secret that cannot stand in a header cannot be used as a credential;
        // the next read says so.
        let _ = client.replace_credential(secret);
    }
}
