//! `completions`: made from the arguments as they are defined.
//!
//! A shell's script holds no words of its own: it asks this program what may
//! come next, so organizations are those of the cache and of the configuration,
//! and no script grows old. Such an answer is read from files alone, asks no
//! host, and where something is wrong it is empty: a shell that completes is no
//! place for a complaint. Names are foreign text that a shell will read, so only
//! those are offered that mean nothing to any shell.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, Command, CommandFactory};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};

use super::act::works_without_screen;
use super::{Output, Stop, code};
use crate::cache::Cache;
use crate::cli::{self, Arguments};
use crate::config::{self, Config, HostConfig, Organizations, hostname};
use crate::credentials::Environment;
use crate::delivery::Destination;
use crate::slot::{Kind, State};

/// The variable by which a shell's script asks.
const VARIABLE: &str = "ORGWARD_COMPLETE";

/// zsh runs a file from its folders in the place of the function, so the first
/// Tab is answered here.
const ZSH: &str = "
if [ \"$funcstack[1]\" = \"_orgward\" ]; then
    _clap_dynamic_completer_orgward \"$@\"
fi
";

fn failed(error: &io::Error) -> Stop {
    Stop::not_possible(format!("it could not be written: {error}"))
}

/// `orgward completions`
pub fn completions(out: &Output, shell: clap_complete::Shell) -> Result<u8, Stop> {
    let shells = Shells::builtins();
    let name = shell.to_string();
    let completer = shells
        .completer(&name)
        .ok_or_else(|| Stop::not_possible(format!("{name} cannot be completed")))?;
    let mut text = Vec::new();
    completer
        .write_registration(VARIABLE, "orgward", "orgward", "orgward", &mut text)
        .map_err(|error| failed(&error))?;
    let mut text = String::from_utf8_lossy(&text).trim().to_owned() + "\n";
    if shell == clap_complete::Shell::Zsh {
        text.push_str(ZSH);
    }
    out.print(&text)?;
    Ok(code::DONE)
}

/// Answers a shell that completes a line; nothing if none has asked. To be
/// called while there is no other thread.
pub fn complete() -> Option<ExitCode> {
    std::env::var_os(VARIABLE).filter(|shell| !shell.is_empty())?;
    let arguments = std::env::args_os();
    let line: Vec<OsString> = arguments.skip_while(|word| word != "--").collect();
    let completed = CompleteEnv::with_factory(|| with_candidates(&line))
        .var(VARIABLE)
        .completer("orgward")
        .try_complete(std::env::args_os(), std::env::current_dir().ok().as_deref());
    Some(match completed {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

/// The arguments, knowing what their values can be.
fn with_candidates(line: &[OsString]) -> Command {
    let known = Known::on(line);
    let organizations = candidates(known.organizations());
    let for_one = candidates(known.destinations(|to| works_without_screen(to).is_ok()));
    let for_many = candidates(known.destinations(|to| to.holds_many()));
    let kinds = [Kind::Organization, Kind::AuditTrails];
    let kinds = candidates(kinds.map(|kind| kind.as_str().to_owned()).into());
    let states = |fits: fn(State) -> bool| {
        let states = State::ALL.into_iter().filter(|state| fits(*state));
        candidates(states.map(|state| state.as_str().to_owned()).collect())
    };
    let add = |values: &ArgValueCandidates| {
        let values = values.clone();
        move |arg: Arg| arg.add(values)
    };
    Arguments::command()
        .mut_arg("org", add(&organizations))
        .mut_arg("host", add(&candidates(known.hosts())))
        .mut_subcommand("list", |list| {
            list.mut_arg("kind", add(&kinds))
                .mut_arg("state", add(&states(|state| state != State::Reading)))
        })
        .mut_subcommand("generate", |generate| {
            generate
                .mut_arg("organization", add(&organizations))
                .mut_arg("to", add(&for_one))
                .mut_arg("kind", add(&kinds))
        })
        .mut_subcommand("delete", |delete| {
            delete
                .mut_arg("organization", add(&organizations))
                .mut_arg("kind", add(&kinds))
        })
        .mut_subcommand("rotate", |rotate| {
            rotate
                .mut_arg("to", add(&for_many))
                .mut_arg("kind", add(&kinds))
                .mut_arg("state", add(&states(cli::is_rotatable)))
        })
}

fn candidates(values: BTreeSet<String>) -> ArgValueCandidates {
    ArgValueCandidates::new(move || values.iter().map(CompletionCandidate::new).collect())
}

/// Whether a name means nothing to a shell, and is no option.
fn is_plain(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.:-".contains(&b);
    !name.starts_with('-') && !name.is_empty() && name.bytes().all(plain)
}

/// What files know, for the hosts that the line names.
struct Known {
    config: Option<Config>,
    hosts: Vec<HostConfig>,
    cache: Option<Cache>,
}

impl Known {
    /// Reads what the line leaves. With `--demo` that is nothing.
    fn on(line: &[OsString]) -> Self {
        let words: Vec<String> = line
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let values = |option: &str| {
            let after = words.windows(2).filter(|pair| pair[0] == option);
            let after = after.map(|pair| pair[1].clone());
            let joined = words.iter().filter_map(|word| {
                let value = word.strip_prefix(option)?.strip_prefix('=')?;
                Some(value.to_owned())
            });
            after.chain(joined).collect::<Vec<String>>()
        };
        let env = Environment::from_process();
        let config = if words.iter().any(|word| word == "--demo") {
            None
        } else {
            let file = values("--config").pop().map(PathBuf::from);
            config::locate(file.as_deref(), &env).load().ok().flatten()
        };
        let wanted: Vec<_> = values("--host")
            .iter()
            .filter_map(|name| hostname::parse(name).ok())
            .collect();
        let all = config.iter().flat_map(|config| &config.hosts);
        let hosts: Vec<HostConfig> = all.cloned().collect();
        let named = |host: &HostConfig| wanted.contains(&host.host);
        let hosts = match hosts.iter().any(named) {
            true => hosts.into_iter().filter(named).collect(),
            // Perhaps the one being completed.
            false => hosts,
        };
        Self {
            cache: env.cache_dir().map(|folder| Cache::in_directory(&folder)),
            config,
            hosts,
        }
    }

    fn hosts(&self) -> BTreeSet<String> {
        let all = self.config.iter().flat_map(|config| &config.hosts);
        let names = all.map(|host| host.host.to_string());
        names.filter(|name| is_plain(name)).collect()
    }

    fn organizations(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for host in &self.hosts {
            match &host.organizations {
                Organizations::Listed(listed) => names.extend(listed.iter().map(|n| n.to_string())),
                Organizations::All => {
                    let Some(cache) = &self.cache else { continue };
                    let label = host.account.as_deref();
                    let Ok(Some(old)) = cache.peek(host.host.as_str(), label) else {
                        continue;
                    };
                    let readings = old.readings.iter();
                    names.extend(readings.map(|old| old.organization.to_string()));
                }
            }
        }
        names.retain(|name| is_plain(name));
        names
    }

    /// The destinations that fit.
    fn destinations(&self, fits: impl Fn(&Destination) -> bool) -> BTreeSet<String> {
        let configured = self.config.iter().flat_map(|config| &config.deliveries);
        let configured = configured.map(|(name, _)| Destination::Named(name.clone()));
        let path = Destination::File(PathBuf::new());
        let built_in = [Destination::Clipboard, Destination::Keyring, path];
        let fitting = configured.chain(built_in).filter(|to| fits(to));
        let names = fitting.map(|to| to.to_string());
        names.filter(|name| is_plain(name)).collect()
    }
}
