//! Host entries and organizations that are added while the program runs.

use super::{Entry, Fleet, HostProblem, Source, locked};
use crate::api::{ApiError, Urgency};
use crate::child;
use crate::config::{CredentialSource, HostConfig};
use crate::credentials::Credential;

/// What a host says to the owner who would like to have it on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Whom the credential authenticates.
    pub who: String,
    /// How many organizations it can see.
    pub organizations: usize,
}

impl Fleet {
    /// Adds a host entry, with the next number.
    pub fn add(&self, config: HostConfig) -> usize {
        self.push(Entry::new(config, Source::Configured))
    }

    /// Adds the entry that was checked last, with its connection; nothing if
    /// there is none.
    pub fn add_checked(&self) -> Option<usize> {
        let entry = locked(&self.candidate).take()?;
        Some(self.push(entry))
    }

    /// Adds an organization to an entry that lists some.
    pub fn add_organization(&self, entry: usize, name: &str) {
        if let Some(entry) = self.entry(entry) {
            entry.claim(name.into());
        }
    }

    /// Asks a host that is no entry yet: where its API is, whom the credential
    /// authenticates, and what it can see. `credential` is one that was had
    /// already.
    ///
    /// # Errors
    /// Where it cannot be used as an entry.
    pub async fn check(
        &self,
        config: HostConfig,
        credential: Option<Credential>,
    ) -> Result<Checked, HostProblem> {
        if let CredentialSource::Env(name) = &config.credential {
            child::hide_variable(name);
        }
        let entry = Entry::new(config, Source::Configured);
        *locked(&entry.credential) = credential;
        let connection = self.connection(&entry).await?;
        let client = &connection.client;
        let host = &entry.config.host;
        let problem = |error: ApiError| HostProblem::on_the_way(host, error.problem);
        let listing = client.organizations(Urgency::Owner, |_| {}).await;
        let organizations = listing.map_err(problem)?.organizations;
        // Not every server tells; what it lists is what matters.
        let who = match client.account(Urgency::Owner).await {
            Ok(account) => account.username.or(account.id),
            Err(_) => None,
        };
        *locked(&self.candidate) = Some(entry);
        Ok(Checked {
            who: who.unwrap_or_else(|| "somebody the host does not name".to_owned()),
            organizations,
        })
    }

    /// Whether an organization can be seen by an entry.
    ///
    /// # Errors
    /// In words, where it cannot.
    pub async fn check_organization(&self, entry: usize, name: &str) -> Result<(), String> {
        let entry = self.entry(entry).ok_or("there is no such host entry")?;
        let connection = self.connection(&entry).await;
        let connection = connection.map_err(|problem| problem.to_string())?;
        let client = &connection.client;
        match client.organization(name, Urgency::Owner).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(format!(
                "{name} on {}: the host knows no such organization, or does not show it to you",
                client.host()
            )),
            Err(error) => Err(error.to_string()),
        }
    }
}
