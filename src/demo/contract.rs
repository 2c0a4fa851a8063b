//! Requests and their answers: which route means what, and what is refused.
//!
//! Written after PROTOCOL's sources, not after this program's client: what a
//! real server refuses is refused here, whether or not the client would do it.

use std::borrow::Cow;
use std::fmt::Display;

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::documents;
use super::fault::Answer;
use super::host::{Discovery, Flavour};
use super::ids::Digest;
use super::seed::Access;
use super::world::{Expiry, Organization, Principal, Refusal, World};
use crate::slot::Kind;

/// The media type of every body.
pub(super) const JSON_API: &str = "application/vnd.api+json";

/// What does not change while a host runs.
pub(super) struct Settings {
    pub flavour: Flavour,
    pub meta: bool,
    pub null_when_empty: bool,
    pub base_path: String,
    pub discovery: Discovery,
}

impl Settings {
    /// The address of a document, relative to the origin.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.base_path)
    }

    pub fn error(&self, status: u16, title: &str, detail: &str, pointer: Option<&str>) -> Answer {
        let body = if self.flavour == Flavour::Bare {
            json!({ "errors": [if detail.is_empty() { title } else { detail }] })
        } else {
            let mut error = json!({ "status": status.to_string(), "title": title });
            if !detail.is_empty() {
                error["detail"] = json!(detail);
            }
            if let Some(pointer) = pointer {
                error["source"] = json!({ "pointer": pointer });
            }
            json!({ "errors": [error] })
        };
        self.document(status, body)
    }

    pub fn document(&self, status: u16, body: impl Display) -> Answer {
        let content_type = match self.flavour {
            Flavour::Hcp => "application/vnd.api+json; charset=utf-8",
            Flavour::Enterprise | Flavour::Bare => JSON_API,
        };
        Answer::new(status, content_type, body.to_string())
    }

    fn not_found(&self) -> Answer {
        self.error(404, "not found", "", None)
    }

    fn refusal(&self, refusal: &Refusal) -> Answer {
        const POINTER: Option<&str> = Some("/data/attributes/expired-at");
        match refusal {
            Refusal::NotFound => self.not_found(),
            Refusal::Forbidden => self.error(
                403,
                "forbidden",
                "You do not have access to this organization's tokens",
                None,
            ),
            Refusal::Fails(status) => self.error(
                *status,
                "internal server error",
                "An unexpected error occurred",
                None,
            ),
            Refusal::Past => self.error(
                422,
                "invalid attribute",
                "Expired at must be in the future",
                POINTER,
            ),
            Refusal::BeyondPolicy(limit) => self.error(
                422,
                "invalid attribute",
                &format!(
                    "Expired at exceeds the organization's maximum token lifetime of {} days",
                    limit.as_secs() / 86_400
                ),
                POINTER,
            ),
            Refusal::NoRandom => self.error(
                500,
                "internal server error",
                "The system has no random bytes",
                None,
            ),
        }
    }
}

/// A request, taken apart.
pub(super) struct Ask<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    pub content_type: Option<&'a str>,
    pub credential: Option<Digest>,
    pub body: &'a [u8],
}

impl Ask<'_> {
    /// The decoded value of a query parameter, whether its brackets were
    /// percent-encoded or not.
    fn parameter(&self, name: &str) -> Option<String> {
        self.query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key) == name).then(|| decode(value).into_owned())
        })
    }

    fn is_json_api(&self) -> bool {
        self.content_type
            .and_then(|value| value.split(';').next())
            .is_some_and(|value| value.trim().eq_ignore_ascii_case(JSON_API))
    }
}

/// Percent-decoded, with `+` as a space.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned());
    }
    percent_decode_str(text).decode_utf8_lossy()
}

/// The answer to a request; the world is changed when it returns.
pub(super) fn answer(world: &mut World, settings: &Settings, ask: &Ask) -> Answer {
    if ask.path == "/.well-known/terraform.json" && ask.method == "GET" {
        return discovery(settings);
    }
    let Some(path) = ask.path.strip_prefix(settings.base_path.as_str()) else {
        return settings.not_found();
    };
    let segments: Vec<Cow<str>> = path
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
        .collect();
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    if segments == ["ping"] && ask.method == "GET" {
        return Answer::empty(204);
    }
    let who = ask
        .credential
        .as_ref()
        .and_then(|digest| world.authenticate(digest));
    let Some(who) = who else {
        return settings.error(401, "unauthorized", "", None);
    };
    let audit_route = segments == ["organization", "audit-trail"];
    if matches!(who, Principal::AuditTrails(_)) && !audit_route {
        return settings.error(401, "unauthorized", "", None);
    }
    match (ask.method, segments.as_slice()) {
        ("GET", ["account", "details"]) => account(world, settings, &who),
        ("GET", ["users", id]) => match world.user(id) {
            Some(name) => settings.document(200, documents::user(settings, name)),
            None => settings.not_found(),
        },
        ("GET", ["teams", id]) => match world.team(&who, id) {
            Some((name, organization)) => {
                settings.document(200, documents::team(settings, &name, &organization))
            }
            None => settings.not_found(),
        },
        ("GET", ["organizations"]) => list(world, settings, &who, ask),
        ("GET", ["organizations", name]) => match world.visible(&who, name) {
            Some(found) => {
                let access = world.access(&who, found);
                let data = documents::organization(settings, found, access);
                settings.document(200, json!({ "data": data }))
            }
            None => settings.not_found(),
        },
        ("GET", ["organizations", name, "entitlement-set"]) => match world.visible(&who, name) {
            Some(found) => settings.document(200, documents::entitlements(settings, found)),
            None => settings.not_found(),
        },
        ("GET", ["organizations", name, "token-ttl-policies"]) => {
            policies(world, settings, &who, name)
        }
        (method, ["organizations", name, "authentication-token"]) => match kind(settings, ask) {
            Some(kind) => token(world, settings, &who, method, name, kind, ask),
            None => settings.not_found(),
        },
        ("GET", ["organization", "audit-trail"]) => audit_trail(world, settings, &who),
        _ => settings.not_found(),
    }
}

fn discovery(settings: &Settings) -> Answer {
    match &settings.discovery {
        Discovery::Standard => Answer::new(
            200,
            "application/json",
            json!({ "tfe.v2": settings.base_path, "tfe.v2.1": settings.base_path }).to_string(),
        ),
        Discovery::Absent => Answer::new(404, "text/plain", "not found"),
        Discovery::Document(text) => Answer::new(200, "application/json", text.as_str()),
    }
}

fn account(world: &World, settings: &Settings, who: &Principal) -> Answer {
    let token = match who {
        Principal::Organization(name) => world.holds(name, Kind::Organization),
        _ => None,
    };
    let id = token.as_ref().map(|view| view.id.as_str());
    settings.document(200, documents::account(settings, who, id))
}

/// Which slot a token route means. Only HCP Terraform knows the second kind;
/// other servers ignore the query, so that it means the organization token there.
fn kind(settings: &Settings, ask: &Ask) -> Option<Kind> {
    match (settings.flavour, ask.parameter("token").as_deref()) {
        (Flavour::Hcp, Some("audit-trails")) => Some(Kind::AuditTrails),
        (Flavour::Hcp, Some(_)) => None,
        _ => Some(Kind::Organization),
    }
}

fn token(
    world: &mut World,
    settings: &Settings,
    who: &Principal,
    method: &str,
    name: &str,
    kind: Kind,
    ask: &Ask,
) -> Answer {
    if matches!(method, "POST" | "DELETE") && !ask.is_json_api() {
        return settings.error(
            415,
            "unsupported media type",
            &format!("Content-Type must be {JSON_API}"),
            None,
        );
    }
    let result = match method {
        "GET" => world.read(who, name, kind).and_then(|view| match view {
            Some(view) => Ok(settings.document(200, documents::token(settings, &view, None))),
            None if settings.null_when_empty => Ok(settings.document(200, json!({ "data": null }))),
            None => Err(Refusal::NotFound),
        }),
        "POST" => match wanted_expiry(settings, ask.body) {
            Ok(expiry) => world
                .generate(who, name, kind, expiry)
                .map(|(view, secret)| {
                    settings.document(201, documents::token(settings, &view, Some(&secret)))
                }),
            Err(answer) => return answer,
        },
        "DELETE" => world.delete(who, name, kind).map(|()| Answer::empty(204)),
        _ => Err(Refusal::NotFound),
    };
    result.unwrap_or_else(|refusal| settings.refusal(&refusal))
}

/// The expiry in the body of a POST, or why the body is refused.
fn wanted_expiry(settings: &Settings, body: &[u8]) -> Result<Expiry, Answer> {
    let invalid = |detail: &str, pointer: &str| {
        settings.error(422, "invalid attribute", detail, Some(pointer))
    };
    let document: Value = serde_json::from_slice(body)
        .map_err(|_| settings.error(400, "bad request", "The body is not valid JSON", None))?;
    let Some(data) = document.get("data").and_then(Value::as_object) else {
        return Err(invalid("The body must have a member data", "/data"));
    };
    // Documentation and OpenAPI document differ in the type's name.
    if !matches!(
        data.get("type").and_then(Value::as_str),
        Some("authentication-tokens" | "authentication-token")
    ) {
        return Err(invalid("Type must be authentication-tokens", "/data/type"));
    }
    let attributes = data.get("attributes").unwrap_or(&Value::Null);
    if !(attributes.is_object() || attributes.is_null()) {
        return Err(invalid("Attributes must be an object", "/data/attributes"));
    }
    match attributes.get("expired-at") {
        None | Some(Value::Null) => Ok(Expiry::Default),
        Some(value) => value
            .as_str()
            .and_then(|text| text.parse::<Timestamp>().ok())
            .map(Expiry::At)
            .ok_or_else(|| {
                invalid(
                    "Expired at must be an ISO 8601 date and time",
                    "/data/attributes/expired-at",
                )
            }),
    }
}

fn policies(world: &World, settings: &Settings, who: &Principal, name: &str) -> Answer {
    match world.visible(who, name) {
        Some(found) if world.policies => {
            if world.access(who, found) == Access::Owner {
                settings.document(200, documents::policies(settings, found))
            } else {
                settings.error(403, "forbidden", "", None)
            }
        }
        _ => settings.not_found(),
    }
}

fn audit_trail(world: &World, settings: &Settings, who: &Principal) -> Answer {
    let organization = match who {
        Principal::Organization(name) | Principal::AuditTrails(name) => world.organization(name),
        Principal::User(_) | Principal::Owners(_) => None,
    };
    match organization {
        Some(found) if found.audit_logging && settings.flavour == Flavour::Hcp => Answer::new(
            200,
            "application/json",
            json!({ "data": [], "pagination": {
                "current_page": 1, "prev_page": null, "next_page": null,
                "total_pages": 1, "total_count": 0,
            }})
            .to_string(),
        ),
        _ => settings.not_found(),
    }
}

fn list(world: &World, settings: &Settings, who: &Principal, ask: &Ask) -> Answer {
    let wanted = |name: &str| {
        ask.parameter(name)
            .map(|text| text.to_lowercase())
            .filter(|text| !text.is_empty())
    };
    let (any, by_name, by_email) = (wanted("q"), wanted("q[name]"), wanted("q[email]"));
    let all = any.is_none() && by_name.is_none() && by_email.is_none();
    let fits = |organization: &&Organization| {
        // Each page goes through a hundred thousand.
        if all {
            return true;
        }
        let name = organization.name.to_lowercase();
        let email = organization.email();
        any.as_ref()
            .is_none_or(|q| name.contains(q) || email.contains(q))
            && by_name.as_ref().is_none_or(|q| name.contains(q))
            && by_email.as_ref().is_none_or(|q| email.contains(q))
    };
    let found: Vec<&Organization> = world.all_visible(who).filter(fits).collect();
    let documents = |part: &[&Organization]| -> Vec<Value> {
        part.iter()
            .map(|one| documents::organization(settings, one, world.access(who, one)))
            .collect()
    };
    let (number, size) = (ask.parameter("page[number]"), ask.parameter("page[size]"));
    if number.is_none() && size.is_none() {
        return settings.document(200, json!({ "data": documents(&found) }));
    }
    let positive = |text: Option<String>, default: usize| {
        text.and_then(|text| text.parse().ok())
            .filter(|n| *n > 0)
            .unwrap_or(default)
    };
    let (number, size) = (positive(number, 1), positive(size, 20).min(100));
    let start = (number - 1).saturating_mul(size).min(found.len());
    let end = start.saturating_add(size).min(found.len());
    let mut document = json!({ "data": documents(&found[start..end]) });
    if settings.meta {
        let pages = found.len().div_ceil(size).max(1);
        let link = |page: usize| {
            settings.link(&format!(
                "organizations?page%5Bnumber%5D={page}&page%5Bsize%5D={size}"
            ))
        };
        let next = (number < pages).then(|| number + 1);
        let previous = (number > 1).then(|| number - 1);
        document["meta"] = json!({ "pagination": {
            "current-page": number,
            "page-size": size,
            "prev-page": previous,
            "next-page": next,
            "total-pages": pages,
            "total-count": found.len(),
        }});
        document["links"] = json!({
            "self": link(number),
            "first": link(1),
            "prev": previous.map(link),
            "next": next.map(link),
            "last": link(pages),
        });
    }
    settings.document(200, document)
}
