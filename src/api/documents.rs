//! The JSON:API documents of PROTOCOL.md as the program needs them.
//!
//! One rule for all: a field that is null, missing, empty or of another type is
//! unknown, and spoils nothing but itself. Only what a finding rests on (is
//! there a token, and which) must be there.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::json::{self, Json};
use super::salvage::{Damage, salvage};
use crate::secret::Secret;
use crate::slot::{Creator, Kind, Time, Token};
use crate::text::{safe, safe_bytes};

/// The id of a new token whose answer gave none.
pub const UNKNOWN: &str = "unknown";

/// What the token's address answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenAnswer {
    /// A token's metadata.
    Token(Token),
    /// A success with `data: null`.
    Null,
    /// 404: see PROTOCOL.md, 1, for what that can mean.
    NotFound,
}

/// An organization, as far as the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationDoc {
    /// Its name, as the server spells it. Safe to show: names that are not are
    /// not handed out.
    pub name: Arc<str>,
    /// `permissions.can-update-api-token`. It changes what is said and never
    /// blocks an action: some servers leave it out or always say false.
    pub can_update_api_token: Option<bool>,
    /// Whether the document carries the relationship that only HCP Terraform
    /// has.
    pub has_audit_trails: bool,
    /// Whether user tokens are accepted; false explains a 404 for one.
    pub user_tokens_enabled: Option<bool>,
    /// Whether the organization asks its members for two factors.
    pub two_factor_required: bool,
}

/// Whom a credential (or a new secret) authenticates. All may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// `user-…`.
    pub id: Option<String>,
    /// The name, such as `olivia` or `api-org-acme-kX2lLm3N4p`.
    pub username: Option<String>,
    /// Whether it stands for a team or an organization, not a person.
    pub is_service_account: Option<bool>,
    /// Type and id of what the credential belongs to.
    pub authenticated_resource: Option<(String, String)>,
    /// The id of the credential itself, where the server links it.
    pub auth_token_id: Option<String>,
}

/// Whether the credential in use is an organization's own token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// It is this very token.
    Yes,
    /// The server names something else that it belongs to.
    No,
    /// Nothing tells.
    Unknown,
}

impl Account {
    /// Is the credential the token `token_id` of `organization`? The rules of
    /// PROTOCOL.md, 4, in their order.
    pub fn own(&self, organization: &str, token_id: Option<&str>) -> Own {
        let same = |name: &str| name.to_lowercase() == organization.to_lowercase();
        if let Some((kind, id)) = &self.authenticated_resource
            && kind == "organizations"
        {
            return if same(id) { Own::Yes } else { Own::No };
        }
        if token_id.is_some() && token_id == self.auth_token_id.as_deref() {
            return Own::Yes;
        }
        if self.is_service_account == Some(true)
            && let Some(username) = &self.username
            && let Some(rest) = username.strip_prefix("api-org-")
            && let Some((at, _)) = rest.char_indices().nth_back(10)
            && rest[at..].starts_with('-')
            && same(&rest[..at])
        {
            return Own::Yes;
        }
        match &self.authenticated_resource {
            Some((kind, _)) if kind == "users" || kind == "teams" => Own::No,
            _ => Own::Unknown,
        }
    }
}

/// What an organization's plan includes, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entitlements {
    /// Audit trail tokens need it.
    pub audit_logging: Option<bool>,
}

/// One page of organizations.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub organizations: Vec<OrganizationDoc>,
    /// Entries without a name that can be used.
    pub unusable: usize,
    pub next: Next,
}

/// What a page says about the one after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Next {
    Page(u64),
    End,
    /// No `meta`: only asking tells.
    #[default]
    Unsaid,
}

/// Replaces bytes that are not UTF-8, so that one bad byte in a description
/// does not cost the document (and, after a POST, the secret in it).
pub(super) fn mended(body: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    if std::str::from_utf8(&body).is_ok() {
        return body;
    }
    Zeroizing::new(String::from_utf8_lossy(&body).into_owned().into_bytes())
}

pub(super) fn token_answer(body: &[u8]) -> Result<TokenAnswer, String> {
    let json = json::parse(body)?;
    let Some(data) = json.at(&["data"]) else {
        return if json.has("data") {
            Ok(TokenAnswer::Null)
        } else {
            Err("it has no `data`".into())
        };
    };
    if !matches!(data, Json::Map(_)) {
        return Err("its `data` is no document".into());
    }
    // Two tokens without an id could not be told apart, and the guards compare.
    let id = data.id_at(&["id"]).ok_or("its token has no id")?;
    Ok(TokenAnswer::Token(token(data, &id)))
}

/// The answer to a POST: whatever else is odd in it, the secret is kept, also
/// when the document ends or breaks somewhere behind it.
pub(super) fn generated(body: &[u8]) -> Result<(Token, Secret, Option<Damage>), String> {
    let problem = match json::parse(body) {
        Ok(json) => return new_token(&json).map(|(token, secret)| (token, secret, None)),
        Err(problem) => problem,
    };
    let (left, damage) = salvage(body);
    match json::parse(&left).and_then(|json| new_token(&json)) {
        Ok((token, secret)) => Ok((token, secret, Some(damage))),
        Err(_) => Err(problem),
    }
}

fn new_token(json: &Json<'_>) -> Result<(Token, Secret), String> {
    let data = json.at(&["data"]).ok_or("it has no `data`")?;
    let text = data
        .text_at(&["attributes", "token"])
        .ok_or("it has no new secret in it")?;
    if text.contains(char::REPLACEMENT_CHARACTER) {
        return Err("the new secret in it is damaged".into());
    }
    // Exactly sized: a buffer that grows leaves copies behind.
    let mut secret = String::with_capacity(text.len());
    secret.push_str(text);
    let secret = Secret::new(secret);
    let id = data.id_at(&["id"]).unwrap_or_else(|| UNKNOWN.into());
    Ok((token(data, &id), secret))
}

fn token(data: &Json<'_>, id: &str) -> Token {
    // PROTOCOL.md, 1: each may be null (never), missing, or an empty string.
    let time = |name| match data.at(&["attributes"]) {
        Some(attributes) if attributes.has(name) => match attributes.at(&[name]) {
            None => Time::Never,
            Some(Json::Text(text)) => Time::from(Some(&**text)),
            Some(_) => Time::Unknown,
        },
        _ => Time::Unknown,
    };
    Token {
        id: safe(id).into(),
        created_at: time("created-at").at(),
        last_used_at: time("last-used-at"),
        expires_at: time("expired-at"),
        created_by: creator(data),
        description: text_of(data, &["attributes", "description"]).map(Into::into),
    }
}

fn creator(data: &Json<'_>) -> Option<Creator> {
    let (kind, id) = reference(data, "created-by")?;
    let id = id.into();
    match kind.as_str() {
        "users" => Some(Creator::User { id, name: None }),
        "teams" => Some(Creator::Team { id, name: None }),
        "organizations" => Some(Creator::Organization { id }),
        _ => None,
    }
}

/// Type and id of a relationship's `data`.
fn reference(data: &Json<'_>, name: &str) -> Option<(String, String)> {
    let data = data.at(&["relationships", name, "data"])?;
    Some((safe(data.text_at(&["type"])?), safe(&data.id_at(&["id"])?)))
}

fn text_of(data: &Json<'_>, path: &[&str]) -> Option<String> {
    Some(safe(data.text_at(path)?)).filter(|text| !text.is_empty())
}

pub(super) fn organization(body: &[u8]) -> Result<OrganizationDoc, String> {
    let json = json::parse(body)?;
    json.at(&["data"])
        .and_then(organization_of)
        .ok_or_else(|| "it has no organization in it".into())
}

fn organization_of(data: &Json<'_>) -> Option<OrganizationDoc> {
    let attribute = |name| ["attributes", name];
    // A name is sent back to the server, so it is used as it is or not at all.
    let name = data
        .text_at(&attribute("name"))
        .or_else(|| data.text_at(&["id"]))
        .filter(|name| safe(name) == *name)?;
    let policy = data.text_at(&attribute("collaborator-auth-policy"));
    Some(OrganizationDoc {
        name: name.into(),
        can_update_api_token: data.bool_at(&["attributes", "permissions", "can-update-api-token"]),
        has_audit_trails: data
            .at(&["relationships"])
            .is_some_and(|all| all.has("audit-trails-authentication-token")),
        user_tokens_enabled: data.bool_at(&attribute("user-tokens-enabled")),
        two_factor_required: policy == Some("two_factor_mandatory"),
    })
}

pub(super) fn page(body: &[u8]) -> Result<Page, String> {
    let json = json::parse(body)?;
    let list = match json.list_at(&["data"]) {
        Some(list) => list,
        None if json.has("data") && json.at(&["data"]).is_none() => &[],
        None => return Err("it has no list of organizations in it".into()),
    };
    let organizations: Vec<_> = list.iter().filter_map(organization_of).collect();
    let pages = json.at(&["meta", "pagination"]);
    let number = |name| pages.and_then(|pages| pages.number_at(&[name]));
    let next = match (
        number("next-page"),
        number("current-page"),
        number("total-pages"),
    ) {
        (Some(next), _, _) => Next::Page(next),
        (None, Some(current), Some(total)) if current < total => Next::Page(current + 1),
        _ if pages.is_some_and(|pages| pages.has("next-page") || pages.has("total-pages")) => {
            Next::End
        }
        _ => Next::Unsaid,
    };
    Ok(Page {
        unusable: list.len() - organizations.len(),
        organizations,
        next,
    })
}

pub(super) fn account(body: &[u8]) -> Result<Account, String> {
    let json = json::parse(body)?;
    let data = json.at(&["data"]).ok_or("it has no account in it")?;
    let link = data
        .text_at(&["links", "auth-token"])
        .or_else(|| json.text_at(&["links", "auth-token"]));
    Ok(Account {
        id: data.id_at(&["id"]).map(|id| safe(&id)),
        username: text_of(data, &["attributes", "username"]),
        is_service_account: data.bool_at(&["attributes", "is-service-account"]),
        authenticated_resource: reference(data, "authenticated-resource"),
        auth_token_id: link
            .and_then(|link| link.trim_end_matches('/').rsplit('/').next())
            .map(safe)
            .filter(|id| !id.is_empty()),
    })
}

/// The longest life that the organization allows a token of this kind.
pub(super) fn policy(body: &[u8], kind: Kind) -> Result<Option<Duration>, String> {
    let json = json::parse(body)?;
    let wanted = match kind {
        Kind::Organization => "organization",
        Kind::AuditTrails => "audit_trails",
    };
    let limit = json
        .list_at(&["data"])
        .unwrap_or_default()
        .iter()
        .filter(|entry| entry.text_at(&["attributes", "token-type"]) == Some(wanted))
        .find_map(|entry| entry.number_at(&["attributes", "max-ttl-ms"]));
    Ok(limit.filter(|ms| *ms > 0).map(Duration::from_millis))
}

pub(super) fn entitlements(body: &[u8]) -> Result<Entitlements, String> {
    let json = json::parse(body)?;
    Ok(Entitlements {
        audit_logging: json.bool_at(&["data", "attributes", "audit-logging"]),
    })
}

/// `attributes.NAME` of any document.
pub(super) fn attribute(body: &[u8], name: &str) -> Result<Option<String>, String> {
    let json = json::parse(body)?;
    let data = json.at(&["data"]).ok_or("it has no `data`")?;
    Ok(text_of(data, &["attributes", name]))
}

/// The words of an error's body, in any of the shapes of PROTOCOL.md, 5, safe
/// and short; empty if it says nothing beyond its status.
pub(super) fn error_words(body: &[u8]) -> String {
    let words = match json::parse(body) {
        Ok(json) => json_words(&json),
        Err(_) if body.trim_ascii_start().starts_with(b"<") => page_words(body),
        Err(_) => safe_bytes(&body[..body.len().min(400)]),
    };
    let says_nothing = ["unauthorized", "forbidden", "not found", "not_found"];
    if says_nothing.contains(&words.to_lowercase().as_str()) {
        return String::new();
    }
    words
}

fn json_words(json: &Json<'_>) -> String {
    let Some(errors) = json.list_at(&["errors"]) else {
        let single = ["error", "message", "errors"];
        return single
            .iter()
            .find_map(|name| text_of(json, &[name]))
            .unwrap_or_default();
    };
    let mut all = Vec::new();
    for error in errors.iter().take(4) {
        if let Json::Text(text) = error {
            all.push(text.to_string());
            continue;
        }
        let (title, detail) = (error.text_at(&["title"]), error.text_at(&["detail"]));
        let mut words = match (title, detail) {
            (Some(title), Some(detail)) if title != detail => format!("{title}: {detail}"),
            (title, detail) => title.or(detail).unwrap_or_default().to_owned(),
        };
        if let Some(pointer) = error.text_at(&["source", "pointer"]) {
            words.push_str(&format!(" ({pointer})"));
        }
        all.push(words);
    }
    safe(&all.join("; "))
}

fn page_words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title>").and_then(|start| {
        let start = start + "<title>".len();
        let end = start + lower[start..].find("</title>")?;
        Some(safe(&text[start..end]))
    });
    match title {
        Some(title) if !title.is_empty() => format!("a web page, “{title}”"),
        _ => "a web page".into(),
    }
}

/// The body of a POST. `authentication-tokens`, in the plural: a server that
/// validates by the OpenAPI document insists on it. PROTOCOL.md, 1.
pub(super) fn order(expires_at: Option<Timestamp>) -> String {
    let attributes = match expires_at {
        Some(at) => serde_json::json!({
            "expired-at": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
        }),
        None => serde_json::json!({}),
    };
    serde_json::json!({
        "data": { "type": "authentication-tokens", "attributes": attributes }
    })
    .to_string()
}
