//! What hosts are asked: which organizations there are, and what is in a slot.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{Entry, Fleet, HostProblem, locked};
use crate::api::{ApiError, Client, OrganizationDoc, Urgency};
use crate::config::Organizations;
use crate::slot::{Creator, Found, Kind, Reading, Slot};

/// What a look at a slot is to find out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// The token; a policy only where it is known already.
    Token,
    /// The token and the organization's policy.
    WithPolicy,
    /// The same for an owner who is about to act: nothing that a listing has said
    /// counts.
    Anew,
    /// The policy that this look left out.
    PolicyOf(Arc<Reading>),
    /// What is in the slot, by its host's word of this moment, and nothing else:
    /// what is sent next meets what was seen.
    Last,
}

impl Fleet {
    /// The organizations that an entry's credential can see; `page` is told the
    /// names of each page as it comes.
    ///
    /// # Errors
    /// In words, where the host does not list them, or not to the end: what
    /// pages brought is true nevertheless.
    pub async fn organizations(
        &self,
        entry: usize,
        mut page: impl FnMut(Vec<Arc<str>>),
    ) -> Result<Vec<Arc<str>>, String> {
        let Some(entry) = self.entry(entry) else {
            return Ok(Vec::new());
        };
        let connection = self.connection(&entry).await;
        let connection = connection.map_err(|problem| problem.to_string())?;
        connection.listed.begin();
        let mut names: Vec<Arc<str>> = Vec::new();
        let take = |organizations: Vec<OrganizationDoc>| {
            let mut new: Vec<Arc<str>> = Vec::new();
            let mut ours = HashSet::new();
            for doc in organizations {
                if self.only.is_empty() || self.only.contains(&doc.name) {
                    let name = entry.claim(doc.name);
                    if doc.can_update_api_token == Some(true) {
                        ours.insert(name.clone());
                    }
                    new.push(name);
                }
            }
            connection.listed.note(ours, Instant::now());
            names.extend(new.iter().cloned());
            if !new.is_empty() {
                page(new);
            }
        };
        // Who asks matters for what is remembered, not for what there is: the one
        // question does not wait for the other.
        let listing = connection.client.organizations(Urgency::Owner, take);
        let (_, listing) = tokio::join!(self.identify(&entry, &connection), listing);
        let listing = listing.map_err(|error| error.to_string())?;
        // Whoever names organizations wants those, and misses no other.
        *locked(&entry.left_out) = match self.only.is_empty() {
            true => listing.unusable,
            false => 0,
        };
        if !listing.complete {
            return Err(format!(
                "{}: the list of organizations did not come to its end; {} of them are shown",
                entry.config.host,
                names.len()
            ));
        }
        let there: HashSet<&str> = names.iter().map(|name| &**name).collect();
        // What this one does not see any more another may.
        locked(&entry.sees).retain(|name| there.contains(&**name));
        if self.only.is_empty() {
            entry.memory.keep(&there);
        }
        Ok(names)
    }

    /// What the last listing of an entry left out, in words: a name is sent back to
    /// the host as it is, and one that no terminal may show cannot be confirmed by
    /// its owner.
    pub fn left_out(&self, entry: usize) -> Option<String> {
        let entry = self.entry(entry)?;
        let host = &entry.config.host;
        match *locked(&entry.left_out) {
            0 => None,
            1 => Some(format!(
                "1 organization of {host} has a name that cannot be used here"
            )),
            many => Some(format!(
                "{many} organizations of {host} have names that cannot be used here"
            )),
        }
    }

    /// An organization of an entry by its name: as it is configured, or else as
    /// the host spells it. Asks for this one instead of listing all.
    ///
    /// # Errors
    /// In words, where the host does not tell.
    pub async fn find(&self, entry: usize, name: &str) -> Result<Option<Arc<str>>, String> {
        let Some(entry) = self.entry(entry) else {
            return Ok(None);
        };
        if let Organizations::Listed(names) = &entry.config.organizations {
            return Ok(names.iter().find(|known| ***known == *name).cloned());
        }
        let connection = self
            .connection(&entry)
            .await
            .map_err(|problem| problem.to_string())?;
        let found = connection
            .client
            .organization(name, Urgency::Owner)
            .await
            .map_err(|error| error.to_string())?;
        let Some(doc) = found else { return Ok(None) };
        Ok(Some(entry.claim(doc.name)))
    }

    /// Whether an organization has a slot for an audit trail token: the host
    /// knows such tokens, and the organization's plan includes them. PROTOCOL.md, 2.
    ///
    /// # Errors
    /// In words, where the host does not tell.
    pub async fn has_audit_trails(&self, slot: &Slot) -> Result<bool, String> {
        let client = self
            .client_for(slot)
            .await
            .map_err(|problem| problem.to_string())?;
        let name = &*slot.organization;
        if !client.has_audit_trails(name) {
            return Ok(false);
        }
        let entitled = client.entitlements(name, Urgency::Owner).await;
        let entitled = entitled.map_err(|error| error.to_string())?;
        Ok(entitled.audit_logging == Some(true))
    }

    /// Whether an organization's host is proven, by what it has answered so far,
    /// to have audit trail tokens. PROTOCOL.md, 2.
    pub fn proven_audit_trails(&self, slot: &Slot) -> bool {
        let connection = self.known_connection(slot);
        connection.is_some_and(|connection| connection.client.has_audit_trails(&slot.organization))
    }

    /// One complete look at a slot, with its policy, whatever a listing has said. Never fails: what went
    /// wrong is the finding.
    pub async fn read(&self, slot: &Slot, urgency: Urgency) -> Reading {
        Arc::unwrap_or_clone(self.look(slot, Look::Anew, urgency).await)
    }

    /// A look at a slot. Never fails: what went wrong is the finding. It is
    /// remembered here as well, and exists once.
    pub async fn look(&self, slot: &Slot, look: Look, urgency: Urgency) -> Arc<Reading> {
        let (entry, connection) = match self.connection_for(slot).await {
            Ok(both) => both,
            Err(problem) => return Arc::new(unreadable(&problem)),
        };
        self.identify(&entry, &connection).await;
        let client = &*connection.client;
        let asks_for_policy = !matches!(look, Look::Token | Look::Last);
        let asks_for_name = look != Look::Last;
        let mut reading = match look {
            Look::PolicyOf(reading) => Arc::unwrap_or_clone(reading),
            Look::Token | Look::WithPolicy | Look::Anew | Look::Last => {
                let name = &slot.organization;
                let word = connection.listed.take(name);
                let may_count = matches!(look, Look::Token | Look::WithPolicy);
                match word.filter(|_| may_count) {
                    Some(word) => {
                        let counts = || word.counts(Instant::now());
                        let read = client.read_listed_slot(name, slot.kind, urgency, counts);
                        read.await
                    }
                    None => client.read_slot(name, slot.kind, urgency).await,
                }
            }
        };
        if asks_for_policy && slot.kind == Kind::AuditTrails && reading.token().is_none() {
            no_audit_logging(client, slot, urgency, &mut reading).await;
        }
        if matches!(reading.found, Found::Token(_) | Found::None) {
            if asks_for_policy {
                match entry.policy(client, slot, urgency).await {
                    Ok(policy) => reading.policy = policy,
                    Err(error) => {
                        let why = &error.problem;
                        let words = || format!("its policy could not be read: {why}").into();
                        reading.note.get_or_insert_with(words);
                    }
                }
            } else {
                let known = entry.memory.policy(&slot.organization, slot.kind);
                reading.policy = known.flatten();
            }
        }
        if let Found::Token(token) = &mut reading.found
            && let Some(creator) = &mut token.created_by
        {
            entry.name(client, creator, asks_for_name).await;
        }
        let reading = Arc::new(reading);
        entry.memory.note(&slot.organization, slot.kind, &reading);
        reading
    }

    /// The limit of the token's life, asked for where it is not known, and the time
    /// on the host's clock.
    pub async fn limits(&self, slot: &Slot) -> (Option<Duration>, Timestamp) {
        let Ok((entry, connection)) = self.connection_for(slot).await else {
            return (None, Timestamp::now());
        };
        let client = &connection.client;
        let policy = entry.policy(client, slot, Urgency::Owner).await;
        (policy.ok().flatten(), client.now())
    }
}

impl Entry {
    async fn policy(
        &self,
        client: &Client,
        slot: &Slot,
        urgency: Urgency,
    ) -> Result<Option<Duration>, ApiError> {
        let (organization, kind) = (&slot.organization, slot.kind);
        if let Some(known) = self.memory.policy(organization, kind) {
            return Ok(known);
        }
        let limit = client.policy(organization, kind, urgency).await?;
        self.memory.note_policy(organization, kind, limit);
        Ok(limit)
    }

    /// Fills in a creator's name; `ask_for_it` where nobody knows it yet.
    async fn name(&self, client: &Client, creator: &mut Creator, ask_for_it: bool) {
        let (id, name, user) = match creator {
            Creator::User { id, name } => (id, name, true),
            Creator::Team { id, name } => (id, name, false),
            Creator::Organization { .. } => return,
        };
        if name.is_some() {
            return;
        }
        // Theirs in all tokens, and not one for each.
        let (kept, known) = self.memory.name(id);
        let ask = || async {
            let found = if user {
                client.user_name(&kept).await
            } else {
                client.team_name(&kept).await
            }?;
            if let Some(name) = &found {
                self.memory.note_name(&kept, name);
            }
            Ok::<_, ApiError>(found.map(Into::into))
        };
        // A failure is no answer: the next look asks again.
        if !ask_for_it {
            *name = known.get().cloned().flatten();
            return;
        }
        *name = known.get_or_try_init(ask).await.ok().cloned().flatten();
        *id = kept.clone();
    }
}

/// Without the entitlement `audit-logging` there is no audit trail token, whoever
/// asks: that is the better reason. PROTOCOL.md, 2.
async fn no_audit_logging(client: &Client, slot: &Slot, urgency: Urgency, reading: &mut Reading) {
    if !matches!(reading.found, Found::None | Found::Unclear) {
        return;
    }
    let plan = client.entitlements(&slot.organization, urgency).await;
    if plan.is_ok_and(|plan| plan.audit_logging == Some(false)) {
        reading.note = Some(
            "its plan has no audit logging (entitlement audit-logging): it comes with another plan"
                .into(),
        );
    }
}

fn unreadable(problem: &HostProblem) -> Reading {
    Reading {
        found: if problem.credential {
            Found::Unauthorized
        } else {
            Found::Failed
        },
        note: Some(problem.why.as_str().into()),
        policy: None,
        at: Timestamp::now(),
    }
}
