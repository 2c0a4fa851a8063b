//! From the arguments and the environment to everything a run needs: the
//! configuration (or the embedded host's), the fleet, the deliveries, the
//! journal. The screen and the plain commands start from the same world.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use crate::action::Actor;
use crate::app::dialogs::OfferDialog;
use crate::app::keys::Keymap;
use crate::app::{Account, Settings};
use crate::cache::Cache;
use crate::cli::{self, Arguments};
use crate::config::theme::Palette;
use crate::config::{self, Config, DeliveryWay, HostConfig, Location, Organizations, RescueTo};
use crate::credentials::{self, Environment, Programs};
use crate::delivery::{self, CommandDelivery, Deliverer, Surroundings, TerminalWrite};
use crate::demo::{self, Demo, DemoOptions};
use crate::fleet::{Fleet, Source};
use crate::journal::Journal;
use crate::slot::Host;
use crate::text;

/// Everything that a run needs.
pub struct World {
    /// The configuration in force.
    pub config: Config,
    /// Performs orders, and holds the ways to hosts and destinations.
    pub actor: Actor,
    /// The keys.
    pub keymap: Keymap,
    /// Escapes that a delivery wants written between two frames.
    pub terminal_writes: mpsc::Receiver<TerminalWrite>,
    /// What is not as it should be and yet no error.
    pub warnings: Vec<String>,
    /// What was dropped and is of no consequence.
    pub notes: Vec<String>,
    /// Whether the cache is still to be read, after the first frame.
    pub recall_later: bool,
    /// Whether ASCII is all that may be drawn.
    pub ascii: bool,
    /// The colours in force.
    pub palette: Palette,
    /// The hosts that are offered, where there is no configuration yet.
    pub offer: Option<OfferDialog>,
    /// Where the configuration is, or will be.
    pub config_path: Option<PathBuf>,
    read_only: bool,
    narrowed: bool,
    // Stops the embedded hosts when the run ends.
    demo: Option<Demo>,
}

impl World {
    /// Reads the configuration and builds the ways; asks no host for anything.
    ///
    /// # Errors
    /// Whatever makes a run impossible, in one line with its mend.
    pub async fn assemble(arguments: &Arguments, env: Environment) -> Result<Self> {
        // Where one stands before a command and one behind it, clap lets both pass.
        if arguments.demo && arguments.config.is_some() {
            bail!("--demo has a configuration of its own; leave --config or --demo out");
        }
        let mut warnings = Vec::new();
        let demo = if arguments.demo {
            let demo = Demo::start(DemoOptions::default());
            Some(
                demo.await
                    .context("the embedded host could not be started")?,
            )
        } else {
            None
        };
        let location = config::locate(arguments.config.as_deref(), &env);
        let mut offer = None;
        let (config, hosts) = match &demo {
            Some(demo) => {
                let hosts = demo.hosts.iter().map(demo_entry).collect();
                (Config::default(), hosts)
            }
            None => {
                let config = match configured(&location)? {
                    Some(config) => config,
                    None => {
                        offer = Some(offered(&location, arguments, &env)?);
                        Config::default()
                    }
                };
                warnings.extend(credentials::warnings(&env));
                let hosts = config
                    .hosts
                    .iter()
                    .map(|host| (host.clone(), Source::Configured))
                    .collect();
                (config, hosts)
            }
        };
        let hosts = match offer {
            Some(_) => hosts,
            None => narrowed(hosts, arguments)?,
        };
        let keymap = Keymap::new(&config.keys).map_err(|error| {
            let action = error.action().to_owned();
            config.refuse_key(&action, &error.to_string())
        })?;
        let (terminal, terminal_writes) = mpsc::channel(4);
        let demo_run = demo.is_some();
        let deliverer = deliverer(&config, arguments, &env, demo_run, Some(terminal))?;
        let journal = match &deliverer.settings().state_dir {
            _ if demo_run => Journal::in_memory(),
            Some(state) => Journal::in_directory(state),
            None => bail!(
                "there is no directory for the journal: set HOME (or XDG_STATE_HOME) to a folder of yours"
            ),
        };
        let ascii = arguments.ascii || config.screen.ascii || !env.has_unicode();
        let palette = palette(config.screen.palette, &env);
        let only = arguments
            .org
            .iter()
            .map(|name| name.as_str().into())
            .collect();
        let cache = if demo_run { None } else { env.cache_dir() };
        let mut fleet = Fleet::new(hosts, env, arguments.read_only, only);
        fleet.programs = programs(&deliverer, arguments.command.is_some());
        let mut recall_later = false;
        let notes = match cache {
            Some(folder) => {
                fleet.remember_later_in(Cache::in_directory(&folder));
                // Before the first frame only what nobody would see.
                recall_later = arguments.command.is_none() && fleet.recalls_slowly();
                match recall_later {
                    true => Vec::new(),
                    false => fleet.recall(),
                }
            }
            None => Vec::new(),
        };
        Ok(Self {
            actor: Actor::new(Arc::new(fleet), deliverer, journal),
            config,
            keymap,
            terminal_writes,
            warnings,
            notes,
            recall_later,
            ascii,
            palette,
            offer,
            config_path: if demo_run { None } else { location.path },
            read_only: arguments.read_only,
            narrowed: !(arguments.org.is_empty() && arguments.host.is_empty()),
            demo,
        })
    }

    /// What is fixed for the screen.
    pub fn settings(&self) -> Settings {
        Settings {
            rules: self.config.expiry.rules,
            expiry: self.config.expiry.default,
            zone: TimeZone::system(),
            keymap: self.keymap.clone(),
            deliveries: self.config.deliveries.keys().cloned().collect(),
            copies_to: self.actor.deliverer.copies_to(),
            demo: self.is_demo(),
            read_only: self.read_only,
            ascii: self.ascii,
            narrowed: self.narrowed,
            palette: self.palette,
            mouse: self.config.screen.mouse,
            warnings: self.warnings.clone(),
        }
    }

    /// The host entries as the screen knows them.
    pub fn accounts(&self) -> Vec<Account> {
        Account::all_of(&self.actor.fleet)
    }

    /// Whether this is the embedded host's world.
    pub fn is_demo(&self) -> bool {
        self.demo.is_some()
    }
}

/// How programs that give credentials are run: cut off from the terminal, which
/// they have where there is no screen that they could disturb.
fn programs(deliverer: &Deliverer, without_screen: bool) -> Programs {
    let programs = match cfg!(unix) {
        true => Programs::detached_by(&deliverer.settings().program),
        false => Programs::default(),
    };
    if !without_screen {
        return programs;
    }
    let typed = std::io::stdin().is_terminal();
    let seen = std::io::stderr().is_terminal();
    match (typed, seen) {
        (true, true) => programs.on_terminal().asking(),
        (true, false) => programs.on_terminal(),
        (false, _) => programs.mended_by("; if it has to ask something, run this on a terminal"),
    }
}

/// The theme as this terminal and its owner want it: `NO_COLOR` beats
/// everything, and 24-bit colours are for terminals that say that they know them.
fn palette(palette: Palette, env: &Environment) -> Palette {
    if env.filled("NO_COLOR").is_some() {
        return palette.without_colours();
    }
    let forced = env
        .filled("CLICOLOR_FORCE")
        .is_some_and(|value| value != "0");
    let dumb = env.filled("TERM").is_some_and(|term| term == "dumb");
    if dumb && !forced {
        return palette.without_colours();
    }
    let many = env
        .filled("COLORTERM")
        .is_some_and(|known| known == "truecolor" || known == "24bit");
    match many {
        true => palette,
        false => palette.in_256_colours(),
    }
}

/// The way to every destination that a configuration knows of. `terminal` is the
/// writer of the frames; none without a screen.
///
/// # Errors
/// Where this program cannot find its own file.
pub fn deliverer(
    config: &Config,
    arguments: &Arguments,
    env: &Environment,
    demo: bool,
    terminal: Option<mpsc::Sender<TerminalWrite>>,
) -> Result<Deliverer> {
    Ok(Deliverer::new(delivery::Settings {
        method: config.clipboard.method,
        clear_after: config.clipboard.clear_after,
        deliveries: deliveries(config),
        rescue: rescue(arguments, config, demo),
        state_dir: if demo { None } else { env.state_dir() },
        runtime_dir: if demo {
            None
        } else {
            env.filled("XDG_RUNTIME_DIR").map(PathBuf::from)
        },
        home: env.home().map(Path::to_owned),
        program: std::env::current_exe().context("this program's own file is not known")?,
        surroundings: Surroundings {
            demo,
            ..Surroundings::from_environment()
        },
        terminal,
    }))
}

fn configured(location: &Location) -> Result<Option<Config>> {
    let config = location.load()?;
    if config
        .as_ref()
        .is_some_and(|config| config.hosts.is_empty())
    {
        bail!(
            "{}: no [[host]] is configured; write one:\n{EXAMPLE}",
            place(location)
        );
    }
    Ok(config)
}

fn place(location: &Location) -> String {
    match &location.path {
        Some(path) => text::safe(&path.to_string_lossy()),
        None => "a configuration directory".to_owned(),
    }
}

/// The hosts that there are credentials for, where there is no configuration.
fn offered(location: &Location, arguments: &Arguments, env: &Environment) -> Result<OfferDialog> {
    let mut hosts = credentials::known_hosts(env);
    let wanted = named_hosts(arguments)?;
    if !wanted.is_empty() {
        hosts.retain(|host| wanted.contains(host));
    }
    // A command has nobody to ask.
    if hosts.is_empty() || location.path.is_none() || arguments.command.is_some() {
        bail!(nothing_configured(&place(location)));
    }
    Ok(OfferDialog::new(hosts, place(location)))
}

/// What to do where nothing is configured, in three lines; `place` is where the
/// configuration would be.
pub fn nothing_configured(place: &str) -> String {
    format!("there is no configuration yet. Write this to {place}:\n{EXAMPLE}")
}

/// Two lines that make a start, and the way to look around without one.
const EXAMPLE: &str = "  [[host]]\n  name = \"app.terraform.io\"\nor look around on made-up organizations first: orgward --demo";

fn demo_entry(entry: &demo::DemoHost) -> (HostConfig, Source) {
    let config = HostConfig {
        account: entry.account.clone(),
        address: Some(entry.address.clone()),
        organizations: match &entry.organizations {
            demo::Organizations::All => Organizations::All,
            demo::Organizations::Listed(names) => {
                Organizations::Listed(names.iter().map(|name| name.as_str().into()).collect())
            }
        },
        ..HostConfig::new(entry.host.clone())
    };
    (config, Source::Given(entry.credential.clone()))
}

/// The hosts that `--host` names, however they are spelled.
fn named_hosts(arguments: &Arguments) -> Result<Vec<Host>> {
    let parse = |name: &String| {
        config::hostname::parse(name).with_context(|| format!("--host {}", text::safe(name)))
    };
    arguments.host.iter().map(parse).collect()
}

/// The host entries that `--host` and `--org` leave.
fn narrowed(
    mut hosts: Vec<(HostConfig, Source)>,
    arguments: &Arguments,
) -> Result<Vec<(HostConfig, Source)>> {
    let wanted = named_hosts(arguments)?;
    let is_known = |host: &&Host| hosts.iter().any(|(config, _)| config.host == **host);
    if let Some(host) = wanted.iter().find(|host| !is_known(host)) {
        let mut known: Vec<&str> = Vec::new();
        for (config, _) in &hosts {
            // Two accounts of a host are one host.
            if !known.contains(&config.host.as_str()) {
                known.push(config.host.as_str());
            }
        }
        bail!(
            "--host {host}: no such host is configured; configured are {}",
            known.join(", ")
        );
    }
    if !wanted.is_empty() {
        hosts.retain(|(config, _)| wanted.contains(&config.host));
    }
    if arguments.org.is_empty() {
        return Ok(hosts);
    }
    let mut possible = false;
    for (config, _) in &mut hosts {
        match &mut config.organizations {
            Organizations::All => possible = true,
            Organizations::Listed(names) => {
                names.retain(|name| arguments.org.iter().any(|only| **only == **name));
                possible |= !names.is_empty();
            }
        }
    }
    if !possible {
        let names: Vec<String> = arguments.org.iter().map(|name| text::safe(name)).collect();
        bail!(
            "--org {}: no such organization is configured",
            names.join(", ")
        );
    }
    Ok(hosts)
}

fn deliveries(config: &Config) -> BTreeMap<String, delivery::Delivery> {
    config
        .deliveries
        .iter()
        .map(|(name, configured)| {
            let way = match &configured.what {
                DeliveryWay::Command(command) => delivery::Delivery::Command(CommandDelivery {
                    command: command.clone(),
                    timeout: configured.timeout,
                    newline: configured.newline,
                }),
                DeliveryWay::File(path) => delivery::Delivery::File(path.clone()),
            };
            (name.clone(), way)
        })
        .collect()
}

fn rescue(arguments: &Arguments, config: &Config, demo: bool) -> Option<RescueTo> {
    if demo {
        return Some(RescueTo::None);
    }
    match arguments.rescue {
        Some(cli::Rescue::Keyring) => Some(RescueTo::Keyring),
        Some(cli::Rescue::File) => Some(RescueTo::File),
        Some(cli::Rescue::None) => Some(RescueTo::None),
        None => config.rescue,
    }
}
