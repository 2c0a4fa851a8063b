//! One host entry: its credential, its address, its clock, and what the
//! credential may do there.

use futures_util::StreamExt;
use futures_util::stream;

use super::Findings;
use crate::api::{Account, Client, OrganizationDoc, Problem, Urgency};
use crate::config::Organizations;
use crate::fleet::{Connected, Entry, Fleet};
use crate::text;

/// From this many seconds on a wrong clock makes expiries wrong.
const CLOCK: i64 = 60;
/// Names that one line holds.
const NAMES: usize = 5;

/// Everything about one entry, in the order in which a request needs it.
pub async fn examine(findings: &mut Findings, fleet: &Fleet, entry: &Entry) {
    let host = &entry.config.host;
    let about = match &entry.config.account {
        Some(account) => format!("{host} ({})", text::safe(account)),
        None => host.to_string(),
    };
    let about = &*about;
    let Connected {
        client,
        origin,
        address,
        note,
    } = match fleet.connected(entry).await {
        Ok(connected) => connected,
        Err(problem) => {
            let (check, mend) = match problem.credential {
                true => ("credential", "set it as the message says"),
                false => (
                    "discovery",
                    "check the name and the network, or write the host's `address`",
                ),
            };
            findings.problem(about, check, problem.to_string(), mend);
            return;
        }
    };
    findings.ok(
        about,
        "credential",
        origin.unwrap_or_else(|| "given by the embedded host".to_owned()),
    );
    let how = match (&entry.config.address, note) {
        (Some(_), _) => ", as configured".to_owned(),
        (None, Some(note)) => format!("; {}", text::safe(&note)),
        (None, None) => ", as the host says".to_owned(),
    };
    findings.ok(
        about,
        "address",
        format!("{}{how}", text::safe(address.as_str())),
    );
    match client.account(Urgency::Owner).await {
        Ok(account) => {
            match address.scheme() {
                "https" => findings.ok(about, "tls", "the certificate is trusted"),
                _ => findings.ok(about, "tls", "none is needed: it is this very machine"),
            }
            findings.ok(about, "who am I", who(&account));
        }
        Err(error) => {
            let (check, mend) = mend(&error.problem);
            findings.problem(about, check, error.problem.to_string(), mend);
            if !matches!(
                error.problem,
                Problem::NotFound | Problem::Forbidden { .. } | Problem::Malformed(_)
            ) {
                return;
            }
        }
    }
    facts(findings, about, &client);
    permissions(findings, about, &client, &entry.config.organizations).await;
}

fn who(account: &Account) -> String {
    let name = account.username.as_deref().or(account.id.as_deref());
    let name = name.unwrap_or("somebody the host does not name");
    match (account.is_service_account, &account.authenticated_resource) {
        (_, Some((kind, id))) if kind != "users" => format!("{name} ({kind} {id})"),
        (Some(true), _) => format!("{name} (a service account)"),
        _ => name.to_owned(),
    }
}

fn mend(problem: &Problem) -> (&'static str, &'static str) {
    match problem {
        Problem::Tls { .. } => ("tls", "name the CA of the certificate as `ca_file`"),
        Problem::Unauthorized { .. } => (
            "who am I",
            "the credential is there and not accepted: renew it where it is stored",
        ),
        Problem::Connect(_) | Problem::Timeout(_) | Problem::Cut(_) => {
            ("connection", "check the network, the proxy and the VPN")
        }
        _ => ("who am I", "check the host's `address`"),
    }
}

/// What answers have told so far.
fn facts(findings: &mut Findings, about: &str, client: &Client) {
    let facts = client.facts();
    let versions: Vec<String> = [
        facts.app_name.clone(),
        facts.api_version.as_ref().map(|v| format!("API {v}")),
        facts
            .tfe_version
            .as_ref()
            .map(|v| format!("Enterprise {v}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    let versions = match versions.is_empty() {
        true => "the host names none".to_owned(),
        false => versions.join(", "),
    };
    findings.ok(about, "versions", versions);
    let limit = match facts.limit {
        Some(limit) => format!("{limit} requests a second"),
        None => "the host states none; at most 16 requests at a time".to_owned(),
    };
    findings.ok(about, "limit", limit);
    match facts.clock_offset.map(|offset| offset.as_secs()) {
        None => findings.note(about, "clock", "the host does not tell its time", ""),
        Some(seconds) if seconds.abs() <= CLOCK => {
            findings.ok(about, "clock", format!("differs by {} s", seconds.abs()));
        }
        Some(seconds) => {
            let side = if seconds > 0 { "behind" } else { "ahead of" };
            findings.problem(
                about,
                "clock",
                format!("this machine's is {} s {side} the host's", seconds.abs()),
                "set this machine's clock; expiries are reckoned by the host's",
            );
        }
    }
}

async fn permissions(
    findings: &mut Findings,
    about: &str,
    client: &Client,
    organizations: &Organizations,
) {
    const CHECK: &str = "permissions";
    let docs: Vec<OrganizationDoc> = match organizations {
        Organizations::All => match client.organizations(Urgency::Owner, |_| {}).await {
            Ok(listing) => listing.organizations,
            Err(error) => {
                let mend = "write the organizations' names into the configuration";
                findings.problem(about, CHECK, error.problem.to_string(), mend);
                return;
            }
        },
        Organizations::Listed(names) => {
            let asked = names
                .iter()
                .map(|name| async move { (name, client.organization(name, Urgency::Owner).await) });
            let answers: Vec<_> = stream::iter(asked).buffered(16).collect().await;
            let mut docs = Vec::new();
            for (name, answer) in answers {
                match answer {
                    Ok(Some(doc)) => docs.push(doc),
                    Ok(None) => findings.problem(
                        about,
                        CHECK,
                        format!("{name}: no such organization, or you may not see it (404)"),
                        "correct its name in the configuration, or use an owner's credential",
                    ),
                    Err(error) => {
                        findings.problem(about, CHECK, error.to_string(), "");
                    }
                }
            }
            docs
        }
    };
    let may = |wanted: Option<bool>| {
        docs.iter()
            .filter(move |doc| doc.can_update_api_token == wanted)
    };
    let detail = format!(
        "you may change the tokens of {} of {} organizations",
        may(Some(true)).count(),
        docs.len()
    );
    findings.ok(about, CHECK, detail);
    for (wanted, words) in [
        (Some(false), "the host says you may not"),
        (None, "the host does not say"),
    ] {
        let names: Vec<&str> = may(wanted).map(|doc| doc.name.as_str()).collect();
        if names.is_empty() {
            continue;
        }
        let more = match names.len().checked_sub(NAMES) {
            Some(more @ 1..) => format!(" and {more} more"),
            _ => String::new(),
        };
        let detail = format!(
            "{words}: {}{more}",
            names[..names.len().min(NAMES)].join(", ")
        );
        findings.note(
            about,
            CHECK,
            detail,
            "it may work all the same; an owner's credential does",
        );
    }
}
