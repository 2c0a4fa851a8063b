//! Reading: repeated where that helps, and turned into findings.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderValue;
use reqwest::{Method, Response};
use zeroize::Zeroizing;

use super::client::{Client, bearer};
use super::documents::{self, Account, Entitlements, Next, OrganizationDoc, TokenAnswer};
use super::error::{ApiError, Problem};
use super::pace::{Urgency, told_wait};
use super::transport::{self, DOCUMENT, Deadline, LISTING, Purpose};
use crate::secret::Secret;
use crate::slot::{Found, Kind, Reading};

/// The most organizations of one account.
const MOST_ORGANIZATIONS: usize = 100_000;
/// The most pages that are asked for: enough for servers that keep to their
/// default of twenty a page.
const MOST_PAGES: usize = MOST_ORGANIZATIONS / 20;
/// Pages in a row that bring nothing new before a server is taken to go round
/// in circles. Organizations that come and go during a listing shift by a page
/// at most.
const MOST_STALE: usize = 2;
/// The shortest wait after a 429, whatever the host says.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);

/// What a list of all organizations that a credential can see came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// How many there were, each counted once.
    pub organizations: usize,
    /// Entries left out, since their name is missing or cannot be shown as it
    /// is.
    pub unusable: usize,
    /// Whether the end was reached, and not one of our limits.
    pub complete: bool,
}

/// One read.
struct Read<'a> {
    address: String,
    most: usize,
    organization: Option<&'a str>,
    urgency: Urgency,
}

/// What a token's answer says of its slot.
enum Seen {
    Certain(Found, Option<String>),
    /// No token is to be seen; the organization tells why.
    Nothing,
}

/// What one try at a read brought.
enum Try {
    Done(Zeroizing<Vec<u8>>),
    Wait(Duration),
    Again(Problem),
    Failed(Problem),
}

impl Client {
    /// The token of a slot: one request. See [`Client::read_slot`] for what its
    /// answer means.
    pub async fn read_token(
        &self,
        organization: &str,
        kind: Kind,
        urgency: Urgency,
    ) -> Result<TokenAnswer, ApiError> {
        let address = self
            .token_address(organization, kind)
            .map_err(|problem| self.error(Some(organization), problem))?;
        let read = Read {
            address,
            most: DOCUMENT,
            organization: Some(organization),
            urgency,
        };
        let answer = self.read_with(&read, documents::token_answer).await?;
        Ok(answer.unwrap_or(TokenAnswer::NotFound))
    }

    /// One complete look at a slot: the token, and the organization only where
    /// the token's answer leaves open what it means. Failures are findings
    /// too. The policy is asked for elsewhere.
    pub async fn read_slot(&self, organization: &str, kind: Kind, urgency: Urgency) -> Reading {
        self.read_listed_slot(organization, kind, urgency, || false)
            .await
    }

    /// The same for an organization that a listing has called the owner's to change
    /// (`can-update-api-token`): where that still `counts` when the token's answer
    /// is there, nothing to be seen means that there is no token, and nothing more
    /// is asked. PROTOCOL.md, 1.
    pub async fn read_listed_slot(
        &self,
        organization: &str,
        kind: Kind,
        urgency: Urgency,
        counts: impl FnOnce() -> bool,
    ) -> Reading {
        let (found, note) = match self.seen(organization, kind, urgency).await {
            Seen::Certain(found, note) => (found, note),
            Seen::Nothing if counts() => (Found::None, None),
            Seen::Nothing => self.why_nothing(organization, urgency).await,
        };
        Reading {
            found,
            note: note.map(Into::into),
            policy: None,
            at: Timestamp::now(),
        }
    }

    async fn seen(&self, name: &str, kind: Kind, urgency: Urgency) -> Seen {
        match self.read_token(name, kind, urgency).await {
            Ok(TokenAnswer::Token(token)) => Seen::Certain(Found::Token(token), None),
            Ok(TokenAnswer::Null | TokenAnswer::NotFound) => Seen::Nothing,
            Err(error) => {
                let found = match error.problem {
                    Problem::Unauthorized { .. } => Found::Unauthorized,
                    Problem::Forbidden { .. } => Found::NoAccess,
                    _ => Found::Failed,
                };
                Seen::Certain(found, Some(error.problem.to_string()))
            }
        }
    }

    /// What it means that no token is to be seen, by the organization's document.
    async fn why_nothing(&self, name: &str, urgency: Urgency) -> (Found, Option<String>) {
        match self.organization(name, urgency).await {
            Ok(None) => (
                Found::NotVisible,
                Some(
                    "404: no such organization, or you may not see it: check its name, or use an \
                     owner's credential"
                        .into(),
                ),
            ),
            Ok(Some(doc)) if doc.can_update_api_token == Some(true) => (Found::None, None),
            Ok(Some(doc)) => (Found::Unclear, Some(unclear(&doc))),
            Err(error) if matches!(error.problem, Problem::Unauthorized { .. }) => {
                (Found::Unauthorized, Some(error.problem.to_string()))
            }
            Err(error) => (
                Found::Unclear,
                Some(format!(
                    "404: no token yet, or you may not see it; the organization could not be \
                     read either: {}",
                    error.problem
                )),
            ),
        }
    }

    /// An organization; nothing for a 404.
    pub async fn organization(
        &self,
        name: &str,
        urgency: Urgency,
    ) -> Result<Option<OrganizationDoc>, ApiError> {
        let read = self.about(name, &["organizations", name], urgency)?;
        let doc = self.read_with(&read, documents::organization).await?;
        if doc.as_ref().is_some_and(|doc| doc.has_audit_trails) {
            self.note_audit_trails(name);
        }
        Ok(doc)
    }

    /// All organizations, page by page: `page` gets the new ones of each as they
    /// come, each once and in the server's order. Nothing else keeps them, since
    /// there may be a hundred thousand.
    pub async fn organizations(
        &self,
        urgency: Urgency,
        mut page: impl FnMut(Vec<OrganizationDoc>),
    ) -> Result<Listing, ApiError> {
        // Over a connection of its own, which ends with it: the room that one needs
        // for a page of a hundred stays with it, and here it would be all of them.
        let http = self.connect(Purpose::Reads);
        let http = http.map_err(|problem| self.error(None, problem))?;
        let mut listing = Listing::default();
        let mut seen: HashSet<Arc<str>> = HashSet::new();
        let mut asked: HashSet<u64> = HashSet::new();
        let mut stale = 0;
        let mut number = 1;
        // A page that was there already is a circle.
        while asked.insert(number) && asked.len() <= MOST_PAGES {
            let address = self
                .address(&["organizations"])
                .map_err(|problem| self.error(None, problem))?;
            let read = Read {
                address: format!("{address}?page%5Bnumber%5D={number}&page%5Bsize%5D=100"),
                most: LISTING,
                organization: None,
                urgency,
            };
            let answer = self
                .read_over(&http, &read, documents::page)
                .await?
                .ok_or_else(|| self.error(None, Problem::NotFound))?;
            listing.unusable += answer.unusable;
            let mut new = answer.organizations;
            new.retain(|doc| seen.insert(doc.name.clone()));
            new.truncate(MOST_ORGANIZATIONS - listing.organizations);
            for doc in new.iter().filter(|doc| doc.has_audit_trails) {
                self.note_audit_trails(&doc.name);
            }
            listing.organizations += new.len();
            let is_stale = new.is_empty();
            page(new);
            stale = if is_stale { stale + 1 } else { 0 };
            number = match answer.next {
                Next::End => {
                    listing.complete = true;
                    break;
                }
                Next::Unsaid if is_stale => {
                    // Nothing new, unless we stopped taking.
                    listing.complete = listing.organizations < MOST_ORGANIZATIONS;
                    break;
                }
                _ if stale > MOST_STALE => break,
                _ if listing.organizations >= MOST_ORGANIZATIONS => break,
                Next::Unsaid => number + 1,
                Next::Page(next) => next,
            };
        }
        Ok(listing)
    }

    /// Whom the credential in use authenticates.
    pub async fn account(&self, urgency: Urgency) -> Result<Account, ApiError> {
        let read = self.general(&["account", "details"], urgency)?;
        self.read_with(&read, documents::account)
            .await?
            .ok_or_else(|| self.error(None, Problem::NotFound))
    }

    /// Whom a secret authenticates: one call with it, over a connection that is
    /// closed afterwards.
    pub async fn who_is(&self, secret: &Secret) -> Result<Account, ApiError> {
        let fail = |problem| self.error(None, problem);
        let header = bearer(secret).map_err(fail)?;
        let http = self.connect(Purpose::OneCall).map_err(fail)?;
        let read = self.general(&["account", "details"], Urgency::Owner)?;
        let body = self.read(&read, &http, Some(&header)).await.map_err(fail)?;
        documents::account(&documents::mended(body)).map_err(|why| fail(Problem::Malformed(why)))
    }

    /// The longest life that the organization allows a token of this kind;
    /// nothing where it is not limited or we may not know.
    pub async fn policy(
        &self,
        organization: &str,
        kind: Kind,
        urgency: Urgency,
    ) -> Result<Option<Duration>, ApiError> {
        let path = ["organizations", organization, "token-ttl-policies"];
        let read = self.about(organization, &path, urgency)?;
        match self
            .read_with(&read, |body| documents::policy(body, kind))
            .await
        {
            Ok(policy) => Ok(policy.flatten()),
            Err(error) if matches!(error.problem, Problem::Forbidden { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What the organization's plan includes; nothing is known after a 404.
    pub async fn entitlements(
        &self,
        organization: &str,
        urgency: Urgency,
    ) -> Result<Entitlements, ApiError> {
        let path = ["organizations", organization, "entitlement-set"];
        let read = self.about(organization, &path, urgency)?;
        let answer = self.read_with(&read, documents::entitlements).await?;
        Ok(answer.unwrap_or_default())
    }

    /// A user's name by its id; nothing where it is not to be seen.
    pub async fn user_name(&self, id: &str) -> Result<Option<String>, ApiError> {
        let read = self.general(&["users", id], Urgency::Background)?;
        let name = |body: &[u8]| documents::attribute(body, "username");
        Ok(self.read_with(&read, name).await?.flatten())
    }

    /// A team's name by its id; nothing where it is not to be seen.
    pub async fn team_name(&self, id: &str) -> Result<Option<String>, ApiError> {
        let read = self.general(&["teams", id], Urgency::Background)?;
        let name = |body: &[u8]| documents::attribute(body, "name");
        Ok(self.read_with(&read, name).await?.flatten())
    }

    fn about<'a>(
        &self,
        organization: &'a str,
        path: &[&str],
        urgency: Urgency,
    ) -> Result<Read<'a>, ApiError> {
        let address = self
            .address(path)
            .map_err(|problem| self.error(Some(organization), problem))?;
        Ok(Read {
            address,
            most: DOCUMENT,
            organization: Some(organization),
            urgency,
        })
    }

    fn general(&self, path: &[&str], urgency: Urgency) -> Result<Read<'static>, ApiError> {
        let address = self
            .address(path)
            .map_err(|problem| self.error(None, problem))?;
        Ok(Read {
            address,
            most: DOCUMENT,
            organization: None,
            urgency,
        })
    }

    /// Reads and understands; nothing for a 404.
    async fn read_with<T>(
        &self,
        read: &Read<'_>,
        understand: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Result<Option<T>, ApiError> {
        let http = self.http();
        let http = http.map_err(|problem| self.error(read.organization, problem))?;
        self.read_over(&http, read, understand).await
    }

    /// The same over these connections.
    async fn read_over<T>(
        &self,
        http: &reqwest::Client,
        read: &Read<'_>,
        understand: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Result<Option<T>, ApiError> {
        let fail = |problem| self.error(read.organization, problem);
        match self.read(read, http, None).await {
            Ok(body) => understand(&documents::mended(body))
                .map(Some)
                .map_err(|why| fail(Problem::Malformed(why))),
            Err(Problem::NotFound) => Ok(None),
            Err(problem) => Err(fail(problem)),
        }
    }

    /// Sends a GET, again after a 429, a 5xx or a lost answer, within bounds.
    async fn read(
        &self,
        read: &Read<'_>,
        http: &reqwest::Client,
        credential: Option<&HeaderValue>,
    ) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let limits = &self.options.limits;
        let (mut tries, mut waits) = (1, 0);
        let mut backoff = limits.backoff;
        loop {
            let permit = self.pace.permit(read.urgency).await;
            let answer = self.try_read(read, http, credential).await;
            drop(permit);
            if let Try::Failed(why) | Try::Again(why) = &answer
                && *why != Problem::NotFound
            {
                tracing::warn!(host = %self.options.host, %why, "read failed");
            }
            match answer {
                Try::Done(body) => return Ok(body),
                Try::Failed(problem) => {
                    if matches!(problem, Problem::Tls { .. }) {
                        self.note_away(problem.to_string());
                    }
                    return Err(problem);
                }
                Try::Wait(wait) if waits >= limits.most_waits => {
                    return Err(Problem::TooMany { wait });
                }
                // The pace pauses; the next permit comes when that is over.
                Try::Wait(_) => waits += 1,
                Try::Again(problem @ Problem::Connect(_))
                    if tries >= limits.tries || self.away().is_some() =>
                {
                    self.note_away(problem.to_string());
                    return Err(problem);
                }
                Try::Again(problem) if tries >= limits.tries => return Err(problem),
                Try::Again(_) => {
                    tries += 1;
                    tokio::time::sleep(backoff).await;
                    backoff *= 2;
                }
            }
        }
    }

    async fn try_read(
        &self,
        read: &Read<'_>,
        http: &reqwest::Client,
        credential: Option<&HeaderValue>,
    ) -> Try {
        let request = match self.request(Method::GET, &read.address, credential) {
            Ok(request) => request,
            Err(problem) => return Try::Failed(problem),
        };
        let deadline = Deadline::after(self.options.limits.read);
        let response = match self.send(http, request, deadline).await {
            Ok(response) => response,
            Err(lost) => return sort(lost.problem()),
        };
        self.learn(response.headers());
        let status = response.status().as_u16();
        if response.status().is_success() {
            if credential.is_none() {
                self.note_success();
            }
            return match transport::body(response, read.most, deadline).await {
                Ok(body) => Try::Done(body),
                Err(problem) => sort(problem),
            };
        }
        if status == 429 {
            let wait = told_wait(response.headers(), self.options.limits.longest_wait);
            let wait = wait.max(SHORTEST_WAIT);
            self.pause(wait);
            return Try::Wait(wait);
        }
        let worked_before = credential.is_none() && self.worked();
        sort(refusal(response, deadline, worked_before).await)
    }
}

/// Whether asking again may help.
fn sort(problem: Problem) -> Try {
    match problem {
        Problem::Connect(_) | Problem::Timeout(_) | Problem::Cut(_) => Try::Again(problem),
        Problem::Status { status, .. } if status >= 500 => Try::Again(problem),
        _ => Try::Failed(problem),
    }
}

/// What a status that is neither a success nor a 429 says.
async fn refusal(response: Response, deadline: Deadline, worked_before: bool) -> Problem {
    let status = response.status().as_u16();
    match status {
        404 => Problem::NotFound,
        300..=399 => Problem::Redirect {
            status,
            to: transport::location(&response),
        },
        _ => {
            let words = transport::words(response, deadline).await;
            Problem::of_status(status, words, worked_before)
        }
    }
}

/// Why "none" cannot be said, and what may be behind the 404.
fn unclear(doc: &OrganizationDoc) -> String {
    let mut note = String::from("404: no token yet, or you may not see it");
    if doc.user_tokens_enabled == Some(false) {
        note.push_str(
            "; the organization accepts no user tokens: use the owners team's token as credential",
        );
    }
    if doc.two_factor_required {
        note.push_str(
            "; the organization asks for two-factor authentication: turn it on for your account",
        );
    }
    note
}
