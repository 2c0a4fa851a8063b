//! One host entry: its credential, its address, its clock, and what the
//! credential may do there.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;

use url::Url;

use super::Findings;
use crate::api::{self, Account, Client, OrganizationDoc, Problem, TlsFault, Urgency};
use crate::config::Organizations;
use crate::fleet::{Connected, Entry, Fleet};
use crate::text;

/// From this many seconds on a wrong clock makes expiries wrong.
const CLOCK: i64 = 60;
/// How long discovery may take.
const DISCOVERY: Duration = Duration::from_secs(10);
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
    let config = &entry.config;
    let Connected {
        client,
        origin,
        address,
        note,
    } = match fleet.connected(entry).await {
        Ok(connected) => connected,
        Err(problem) if problem.credential => {
            let mend = "set it as the message says";
            findings.problem(about, "credential", problem.to_string(), mend);
            // Discovery needs no credential, and may be the next trouble.
            if config.address.is_none() {
                match api::discover(host, config.ca_file.as_deref(), DISCOVERY).await {
                    Ok(found) => {
                        discovered(findings, about, found.note);
                        trusted(findings, about, &found.address);
                    }
                    Err(error) => on_the_way(findings, about, &error.problem, "discovery"),
                }
            }
            return;
        }
        Err(problem) => {
            match &problem.cause {
                Some(cause) => on_the_way(findings, about, cause, "discovery"),
                None => {
                    let mend = "mend the host's entry in the configuration";
                    findings.problem(about, "discovery", problem.to_string(), mend);
                }
            }
            return;
        }
    };
    findings.ok(
        about,
        "credential",
        origin.unwrap_or_else(|| "given by the embedded host".to_owned()),
    );
    let shown = text::safe(address.as_str());
    if config.address.is_some() {
        let words = "not asked: the configuration gives the address";
        findings.ok(about, "discovery", words);
    } else {
        discovered(findings, about, note);
    }
    findings.ok(about, "address", shown);
    let account = client.account(Urgency::Owner).await;
    let answered = account.is_ok()
        || account.as_ref().is_err_and(|error| {
            matches!(
                error.problem,
                Problem::Unauthorized { .. }
                    | Problem::Forbidden { .. }
                    | Problem::NotFound
                    | Problem::TooMany { .. }
                    | Problem::Status { .. }
                    | Problem::Malformed(_)
            )
        });
    if answered {
        trusted(findings, about, &address);
    }
    let refused = match account {
        Ok(account) => {
            findings.ok(about, "who am I", who(&account));
            false
        }
        Err(error) => {
            on_the_way(findings, about, &error.problem, "who am I");
            matches!(error.problem, Problem::Unauthorized { .. })
        }
    };
    if !answered {
        return;
    }
    facts(findings, about, &client);
    if !refused {
        permissions(findings, about, &client, &config.organizations).await;
    }
}

fn discovered(findings: &mut Findings, about: &str, note: Option<String>) {
    const CHECK: &str = "discovery";
    match note {
        None => findings.ok(about, CHECK, "the host says where its API is"),
        Some(note) => findings.note(
            about,
            CHECK,
            text::safe(&note),
            "if its API is elsewhere, write that as the host's `address`",
        ),
    }
}

fn trusted(findings: &mut Findings, about: &str, address: &Url) {
    match address.scheme() {
        "https" => findings.ok(about, "tls", "the certificate is trusted"),
        _ => findings.ok(about, "tls", "none is needed: it is this very machine"),
    }
}

/// A request that failed, under the check that it is about: `otherwise`, where
/// the problem itself does not say.
fn on_the_way(findings: &mut Findings, about: &str, problem: &Problem, otherwise: &'static str) {
    let (check, mend) = mend(problem, otherwise);
    findings.problem(about, check, problem.to_string(), &mend);
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

fn mend(problem: &Problem, otherwise: &'static str) -> (&'static str, String) {
    let (check, mend) = match problem {
        Problem::Tls { fault, ca_file, .. } => ("tls", tls_mend(*fault, ca_file.is_some())),
        Problem::Unauthorized { .. } => (
            "who am I",
            "the credential is there and not accepted: renew it where it is stored",
        ),
        Problem::Connect(_) | Problem::Timeout(_) | Problem::Cut(_) => {
            ("connection", "check the network, the proxy and the VPN")
        }
        Problem::Elsewhere(address) => {
            return (
                "discovery",
                format!(
                    "if that is the right server, write it under this [[host]]: address = \"{}\"; \
                     the credential goes there then",
                    text::safe(address.as_str())
                ),
            );
        }
        Problem::Setup(_) if otherwise == "discovery" => (
            otherwise,
            "mend what it names, or write the host's `address` into the configuration",
        ),
        _ if otherwise == "discovery" => (
            otherwise,
            "check the host's name, or write its `address` into the configuration",
        ),
        _ => (otherwise, "check the host's `address`"),
    };
    (check, mend.to_owned())
}

fn tls_mend(fault: TlsFault, with_ca_file: bool) -> &'static str {
    match (fault, with_ca_file) {
        (TlsFault::UnknownIssuer, false) => {
            "write the certificate of your company's CA (PEM) as `ca_file` under this [[host]]"
        }
        (TlsFault::UnknownIssuer, true) => {
            "the `ca_file` is another CA's: get the certificate of the one that issued the host's"
        }
        (TlsFault::Expired, _) => {
            "have the host's certificate renewed; if it is good, set this machine's clock"
        }
        (TlsFault::NotYetValid, _) => {
            "set this machine's clock; if it is right, have the host's certificate issued anew"
        }
        (TlsFault::WrongName, _) => {
            "write the host's `name` as its certificate has it, or have one issued for this name"
        }
        (TlsFault::NotSpoken, _) => {
            "check the port; a host is reached by https, and http is for this machine only, \
             as name = \"http://127.0.0.1:PORT\""
        }
        (TlsFault::WantsOurs, _) => {
            "client certificates are not supported: use an address of the host that wants none"
        }
        (TlsFault::Other, _) => "check the port, and what stands between: a proxy, a firewall",
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
        None => findings.note(
            about,
            "clock",
            "the host does not tell its time",
            "see that this machine's is right: expiries are reckoned by it",
        ),
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
        Organizations::All => {
            let mut docs = Vec::new();
            let page = |new| docs.extend(new);
            if let Err(error) = client.organizations(Urgency::Owner, page).await {
                let mend = "write the organizations' names into the configuration";
                findings.problem(about, CHECK, error.problem.to_string(), mend);
                return;
            }
            docs
        }
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
                        let (_, mend) = mend(&error.problem, CHECK);
                        findings.problem(about, CHECK, error.to_string(), &mend);
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
        let names: Vec<&str> = may(wanted).map(|doc| &*doc.name).collect();
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
