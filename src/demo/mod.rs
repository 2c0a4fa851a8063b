//! The embedded host: a real server of the API on the loopback interface, for
//! `--demo` and for the tests.
//!
//! It implements the contract and not this program's habits, so that what works
//! here works with real servers: it refuses what they refuse, and three flavours
//! differ where they differ. Everything is in memory; tokens are kept as hashes.
//!
//! [`Demo`] is the world of `--demo`. Tests start an [`EmbeddedHost`] with the
//! organizations they need, and order [`Fault`]s.

mod clock;
mod contract;
mod documents;
mod fault;
mod host;
mod ids;
mod limit;
mod seed;
mod serve;
mod world;

use std::io;
use std::time::Duration;

use url::Url;

pub use clock::Clock;
pub use fault::{Answer, Fault, FaultRule, Gate, Reply, Wait};
pub use host::{Discovery, EmbeddedHost, Flavour, Hook, HostHandle, HostOptions, RequestRecord};
pub use limit::Limit;
pub use seed::{Access, Flag, OrganizationSeed, TokenSeed, WorldSource};
pub use world::TokenView;

use crate::secret::Secret;
use crate::slot::Host;
use seed::DemoWorld;

/// Which organizations of a demo host are configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Organizations {
    /// Those that the credential can see.
    All,
    /// These.
    Listed(Vec<String>),
}

/// An entry for the configuration of `--demo`.
#[derive(Clone, Debug)]
pub struct DemoHost {
    /// The name that is shown.
    pub host: Host,
    /// Where it really is.
    pub address: Url,
    /// What to authenticate with.
    pub credential: Secret,
    /// Tells two entries of one host apart.
    pub account: Option<String>,
    /// What is configured.
    pub organizations: Organizations,
}

/// How the demo's hosts are.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// Their clock.
    pub clock: Clock,
    /// How long they think.
    pub latency: Duration,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self {
            clock: Clock::system(),
            // Enough to see that rows fill in.
            latency: Duration::from_millis(15),
        }
    }
}

/// The two hosts of `--demo`; they stop when this is dropped.
pub struct Demo {
    /// The entries: `app.demo.example`, `tfe.demo.example`, and an account of
    /// the latter that was retired.
    pub hosts: Vec<DemoHost>,
    app: EmbeddedHost,
    tfe: EmbeddedHost,
}

impl Demo {
    /// Starts both hosts within the present runtime.
    pub async fn start(options: DemoOptions) -> io::Result<Self> {
        let world = DemoWorld::read().map_err(io::Error::other)?;
        let configured = world
            .tfe
            .iter()
            .filter(|seed| seed.access != Access::Hidden)
            .map(|seed| seed.name.clone())
            .chain(world.gone)
            .collect();
        let host = |flavour, organizations| HostOptions {
            clock: options.clock.clone(),
            latency: options.latency,
            remembers: 0,
            ..HostOptions::new(flavour, organizations)
        };
        let app = EmbeddedHost::start(host(Flavour::Hcp, world.app)).await?;
        let tfe = EmbeddedHost::start(host(Flavour::Enterprise, world.tfe)).await?;
        let retired = tfe.issue_credential("olivia-2023")?;
        tfe.revoke(&retired);
        let entry = |name, server: &EmbeddedHost, organizations| DemoHost {
            host: Host::new(name),
            address: server.address(),
            credential: server.credential(),
            account: None,
            organizations,
        };
        let hosts = vec![
            entry("app.demo.example", &app, Organizations::All),
            entry("tfe.demo.example", &tfe, Organizations::Listed(configured)),
            DemoHost {
                account: Some("retired".into()),
                credential: retired,
                ..entry(
                    "tfe.demo.example",
                    &tfe,
                    Organizations::Listed(world.retired),
                )
            },
        ];
        Ok(Self { hosts, app, tfe })
    }

    /// `app.demo.example`.
    pub fn app(&self) -> &HostHandle {
        &self.app
    }

    /// `tfe.demo.example`.
    pub fn tfe(&self) -> &HostHandle {
        &self.tfe
    }
}
