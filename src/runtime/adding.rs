//! Adding to the fleet: what a host says to it, and its way into the
//! configuration.

use std::path::PathBuf;

use crate::action::Actor;
use crate::api::Problem;
use crate::app::message::{Added, Addition, Candidate, CheckProblem};
use crate::config::{HostConfig, edit};

/// Asks a host about what may be added.
pub(super) async fn examine(
    actor: &Actor,
    candidate: Candidate,
) -> Result<(String, Addition), CheckProblem> {
    match candidate {
        Candidate::Host {
            config, credential, ..
        } => match actor.fleet.check((*config).clone(), credential).await {
            Ok(checked) => {
                let count = checked.organizations;
                let words = format!(
                    "{} on {}, {count} organization{}",
                    checked.who,
                    config.host,
                    if count == 1 { "" } else { "s" }
                );
                Ok((words, Addition::Host(config)))
            }
            Err(problem) => Err(CheckProblem {
                program: problem.program,
                no_credential: problem.not_found.is_some(),
                why: match problem.not_found {
                    Some(words) => words,
                    None => problem.words(),
                },
                elsewhere: match problem.cause {
                    Some(Problem::Elsewhere(address)) => Some(address),
                    _ => None,
                },
            }),
        },
        Candidate::Organization { account, name } => {
            let found = actor.fleet.check_organization(account, &name).await;
            found.map_err(|why| CheckProblem {
                why,
                program: false,
                no_credential: false,
                elsewhere: None,
            })?;
            let words = format!("{name} is there");
            Ok((words, Addition::Organization { account, name }))
        }
    }
}

/// Writes an addition to the configuration, and goes on with it in any case.
pub(super) async fn add(actor: &Actor, path: Option<PathBuf>, what: Addition) -> Added {
    let fleet = &actor.fleet;
    let entries = fleet.entries();
    let written = {
        let what = what.clone();
        let path = path.unwrap_or_default();
        let file = crate::text::safe(&path.to_string_lossy());
        let edit = move || match &what {
            Addition::Offered(hosts) => edit::add_hosts(&path, hosts),
            Addition::Host(host) => edit::add_hosts(&path, std::slice::from_ref(&**host)),
            Addition::Organization { account, name } => match entries.get(*account) {
                Some(entry) => {
                    let HostConfig { host, account, .. } = &entry.config;
                    edit::add_organization(&path, host, account.as_deref(), name)
                }
                None => Ok(()),
            },
        };
        match tokio::task::spawn_blocking(edit).await {
            Ok(result) => result.map(|()| file),
            Err(error) => Err(edit::EditError {
                file,
                why: error.to_string(),
                paste: String::new(),
            }),
        }
    };
    match &what {
        Addition::Offered(hosts) => {
            for host in hosts {
                fleet.add(host.clone());
            }
        }
        Addition::Host(host) => {
            if fleet.add_checked().is_none() {
                fleet.add((**host).clone());
            }
        }
        Addition::Organization { account, name } => fleet.add_organization(*account, name),
    }
    Added { what, written }
}
