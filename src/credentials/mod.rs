//! Where the owner's credential for a host comes from.
//!
//! The sources are those that administrators already have: what the Terraform
//! CLI would use, `TFE_TOKEN`, a variable, a command, the keyring. The first one
//! that is present decides, even if what it holds is of no use: a program that
//! silently went on to the next would act as somebody else than its owner
//! thinks. So a credential always comes with its origin, and a useless one is an
//! error that names it.

mod environment;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod hcl;
pub mod keyring;
mod program;
pub mod store;
mod terraform;
mod typing;
mod value;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;

use thiserror::Error;
use url::Url;
use zeroize::Zeroizing;

pub use environment::Environment;
pub use program::{Programs, Progress};

use crate::config::{CredentialSource, HostConfig, hostname};
use crate::secret::Secret;
use crate::slot::Host;
use crate::text;

/// The owner's credential for a host.
#[derive(Clone, Debug)]
pub struct Credential {
    /// What is sent; printable ASCII and not empty.
    pub secret: Secret,
    /// Where it is stored.
    pub origin: Origin,
}

/// Where a credential is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A variable of the environment: `TF_TOKEN_…`, `TFE_TOKEN`, a configured one.
    Variable(String),
    /// A file of the Terraform CLI.
    File(PathBuf),
    /// The Terraform CLI's credentials helper of this name.
    Helper(String),
    /// This program of the configuration.
    Command(String),
    /// The system's keyring.
    Keyring,
    /// The owner's fingers.
    Typed,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Variable(name) => write!(f, "variable {}", text::safe(name)),
            Origin::File(path) => write!(f, "file {}", text::safe(&path.to_string_lossy())),
            Origin::Helper(name) => write!(f, "helper terraform-credentials-{}", text::safe(name)),
            Origin::Command(program) => write!(f, "command {}", text::safe(program)),
            Origin::Keyring => f.write_str("keyring"),
            Origin::Typed => f.write_str("typed"),
        }
    }
}

/// Why there is no credential for a host.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CredentialError {
    /// No source has one.
    #[error("no credential for {host} was found{notes}; {mend}")]
    NotFound {
        /// The host.
        host: Host,
        /// What could not be looked at, in parentheses, or nothing.
        notes: String,
        /// What to do.
        mend: String,
    },
    /// The first source that has an entry has an empty one.
    #[error(
        "the credential for {host} is present but empty: {origin}; fill it, or remove it so that the next source counts"
    )]
    Empty {
        /// The host.
        host: Host,
        /// The source.
        origin: Origin,
    },
    /// It cannot be sent.
    #[error(
        "the credential for {host} cannot stand in a request: {origin} holds a line break or another character that is not printable ASCII; store it again"
    )]
    Unfit {
        /// The host.
        host: Host,
        /// The source.
        origin: Origin,
    },
    /// The configured variable is not there.
    #[error(
        "the variable {name}, which the configuration names for {host}, is not set; set it before starting, or change `credential`"
    )]
    Unset {
        /// The host.
        host: Host,
        /// The variable.
        name: String,
    },
    /// A program or the keyring gave none.
    #[error("the credential for {host} could not be had from the {origin}: {problem}")]
    Failed {
        /// The host.
        host: Host,
        /// The source.
        origin: Origin,
        /// A clause, safe to show.
        problem: String,
    },
    /// Only the owner knows it, and nobody is there to be asked.
    #[error(
        "the credential for {host} has to be typed (`credential = \"ask\"`), and this is no terminal; run it on one, or write another `credential` for it into the configuration"
    )]
    Ask {
        /// The host.
        host: Host,
    },
    /// The owner was asked.
    #[error("the credential for {host} was not typed{problem}; run it again, and type or paste it")]
    NotTyped {
        /// The host.
        host: Host,
        /// What went wrong, after a colon, or nothing.
        problem: String,
    },
}

impl CredentialError {
    /// That no source has one, for a dialog in which another way can be chosen.
    pub fn in_dialog(&self) -> Option<String> {
        let CredentialError::NotFound { host, notes, .. } = self else {
            return None;
        };
        Some(format!(
            "no credential for {host} was found where the Terraform CLI keeps them{notes}; choose \
             another way above (→), or run `terraform login {host}`"
        ))
    }

    /// Whether it was a program that failed: with the terminal it may succeed.
    pub fn is_program(&self) -> bool {
        matches!(
            self,
            CredentialError::Failed {
                origin: Origin::Command(_) | Origin::Helper(_),
                ..
            }
        )
    }
}

/// Looks the credential for a host up, as its configuration says.
pub async fn obtain(
    host: &HostConfig,
    env: &Environment,
    programs: &Programs,
) -> Result<Credential, CredentialError> {
    match &host.credential {
        CredentialSource::Terraform => from_terraform(&host.host, env, programs).await,
        CredentialSource::Env(name) => match env.get(name) {
            Some(value) => check_variable(&host.host, name, value),
            None => Err(CredentialError::Unset {
                host: host.host.clone(),
                name: name.clone(),
            }),
        },
        CredentialSource::Command(arguments) => {
            let origin = Origin::Command(arguments.first().cloned().unwrap_or_default());
            match program::command(arguments, programs).await {
                Ok(output) => check(&host.host, Secret::from_zeroizing(output), origin),
                Err(problem) => Err(failed(&host.host, origin, problem)),
            }
        }
        CredentialSource::Keyring => {
            let user = keyring::user(host);
            let found = aside(move || keyring::read(&user)).await;
            match found.unwrap_or_else(|error| Err(error.to_string())) {
                Ok(text) => check(&host.host, Secret::from_zeroizing(text), Origin::Keyring),
                Err(problem) => Err(failed(&host.host, Origin::Keyring, problem)),
            }
        }
        CredentialSource::Ask => {
            let not_typed = |problem| CredentialError::NotTyped {
                host: host.host.clone(),
                problem,
            };
            match programs.ask(host).await {
                None => Err(CredentialError::Ask {
                    host: host.host.clone(),
                }),
                Some(Ok(text)) if text.is_empty() => Err(not_typed(String::new())),
                Some(Ok(text)) => typed(&host.host, text),
                Some(Err(error)) => Err(not_typed(format!(": {error}"))),
            }
        }
    }
}

/// Checks a credential that the owner has typed.
pub fn typed(host: &Host, text: Zeroizing<String>) -> Result<Credential, CredentialError> {
    check(host, Secret::from_zeroizing(text), Origin::Typed)
}

/// What the Terraform CLI would use, then `TFE_TOKEN`.
async fn from_terraform(
    host: &Host,
    env: &Environment,
    programs: &Programs,
) -> Result<Credential, CredentialError> {
    if let Some(name) = terraform::variables(env).get(host)
        && let Some(value) = env.get(name)
    {
        return check_variable(host, name, value);
    }
    let files = {
        let env = env.clone();
        aside(move || terraform::read(&env)).await
    };
    let mut files = files.unwrap_or_else(|error| terraform::CliConfig {
        warnings: vec![format!("the Terraform CLI's files cannot be read: {error}")],
        ..Default::default()
    });
    if let Some(stored) = files.stored.remove(host) {
        let origin = Origin::File(stored.file);
        return match stored.secret {
            Some(secret) => check(host, secret, origin),
            None => Err(CredentialError::Empty {
                host: host.clone(),
                origin,
            }),
        };
    }
    if let Some(helper) = &files.helper {
        match program::helper_path(helper, env) {
            Some(path) => {
                let origin = Origin::Helper(helper.name.clone());
                match program::ask_helper(helper, path, host, programs).await {
                    Ok(Some(secret)) => return check(host, secret, origin),
                    Ok(None) => {}
                    Err(problem) => return Err(failed(host, origin, problem)),
                }
            }
            None => files.warnings.push(missing_helper(helper)),
        }
    }
    if let Some(value) = env.get("TFE_TOKEN")
        && tfe_hosts(env).contains(host)
    {
        return check_variable(host, "TFE_TOKEN", value);
    }
    Err(CredentialError::NotFound {
        host: host.clone(),
        notes: match files.warnings.is_empty() {
            true => String::new(),
            false => format!(" ({})", files.warnings.join("; ")),
        },
        mend: match terraform::variable_for(host) {
            Some(name) => format!(
                "set {name}, run `terraform login {host}`, or write a `credential` for it into the configuration"
            ),
            None => format!(
                "run `terraform login {host}`, or write a `credential` for it into the configuration"
            ),
        },
    })
}

fn missing_helper(helper: &terraform::Helper) -> String {
    format!(
        "the credentials helper terraform-credentials-{} is not in the Terraform CLI's folder plugins",
        helper.name
    )
}

/// The hosts that `TFE_TOKEN` is for: those that `TFE_HOSTNAME` and
/// `TFE_ADDRESS` name, or HCP Terraform if neither is set.
fn tfe_hosts(env: &Environment) -> BTreeSet<Host> {
    let name = env.filled("TFE_HOSTNAME");
    let address = env.filled("TFE_ADDRESS");
    if name.is_none() && address.is_none() {
        return [Host::new("app.terraform.io")].into();
    }
    let by_name = name
        .and_then(OsStr::to_str)
        .and_then(|name| hostname::parse(name).ok());
    let by_address = address
        .and_then(OsStr::to_str)
        .and_then(|address| Url::parse(address).ok())
        .and_then(|url| hostname::of_url(&url));
    by_name.into_iter().chain(by_address).collect()
}

/// What of the Terraform CLI's files could not be read, one line each; a broken
/// file never hides the others. Blocks on the disk.
pub fn warnings(env: &Environment) -> Vec<String> {
    let mut files = terraform::read(env);
    if let Some(helper) = &files.helper
        && program::helper_path(helper, env).is_none()
    {
        files.warnings.push(missing_helper(helper));
    }
    files.warnings
}

/// The hosts that there are credentials for already: those of the Terraform
/// CLI's variables and files, and that of `TFE_TOKEN`. Blocks on the disk.
pub fn known_hosts(env: &Environment) -> Vec<Host> {
    let mut hosts: BTreeSet<Host> = terraform::variables(env).into_keys().collect();
    hosts.extend(terraform::read(env).stored.into_keys());
    if env.filled("TFE_TOKEN").is_some() {
        hosts.extend(tfe_hosts(env));
    }
    hosts.into_iter().collect()
}

fn failed(host: &Host, origin: Origin, problem: String) -> CredentialError {
    CredentialError::Failed {
        host: host.clone(),
        origin,
        problem: text::safe(&problem),
    }
}

fn check_variable(host: &Host, name: &str, value: &OsStr) -> Result<Credential, CredentialError> {
    let origin = Origin::Variable(name.to_owned());
    match value.to_str() {
        Some(text) => check(host, Secret::new(text.to_owned()), origin),
        None => Err(CredentialError::Unfit {
            host: host.clone(),
            origin,
        }),
    }
}

/// Lets through what can be sent in a header.
fn check(host: &Host, secret: Secret, origin: Origin) -> Result<Credential, CredentialError> {
    let host = || host.clone();
    if secret.is_empty() {
        Err(CredentialError::Empty {
            host: host(),
            origin,
        })
    } else if !secret.expose().bytes().all(|b| matches!(b, b' '..=b'~')) {
        Err(CredentialError::Unfit {
            host: host(),
            origin,
        })
    } else {
        Ok(Credential { secret, origin })
    }
}

/// Does slow work on a thread of its own. Not on the runtime's: that would wait
/// at the program's end for a keyring that asks, or for a disk that is gone.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, std::io::Error> {
    let (send, receive) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("credentials".to_owned())
        .spawn(move || {
            let _ = send.send(work());
        })?;
    receive
        .await
        .map_err(|_| std::io::Error::other("the look-up broke off"))
}
