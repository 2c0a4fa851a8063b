//! A fleet of one host entry over the embedded host.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use orgward::api::Limits;
use orgward::cache::Cache;
use orgward::config::{HostConfig, Organizations};
use orgward::credentials::Environment;
use orgward::demo::{EmbeddedHost, Flavour, HostOptions, OrganizationSeed, TokenSeed};
use orgward::fleet::{Fleet, Source};
use orgward::secret::Secret;
use orgward::slot::{Host, Slot};
use url::Url;

pub const HOST: &str = "tfe.corp.example";

/// Retries without waiting, and a host that answers at once.
pub fn limits() -> Limits {
    Limits {
        backoff: Duration::from_millis(1),
        ..Limits::default()
    }
}

pub async fn host(options: HostOptions) -> EmbeddedHost {
    let options = HostOptions {
        limit: None,
        ..options
    };
    EmbeddedHost::start(options).await.unwrap()
}

/// A host with these organizations, each with a token but `empty`.
pub async fn host_of(names: &[&str]) -> EmbeddedHost {
    host(HostOptions::new(
        Flavour::Hcp,
        names.iter().map(|name| seed(name)).collect(),
    ))
    .await
}

pub fn seed(name: &str) -> OrganizationSeed {
    let seed = OrganizationSeed::new(name);
    if name == "empty" {
        return seed;
    }
    seed.with_token(TokenSeed::new(SignedDuration::from_hours(24 * 40)))
}

pub fn entry(
    address: Url,
    credential: Secret,
    organizations: Organizations,
) -> Vec<(HostConfig, Source)> {
    let config = HostConfig {
        address: Some(address),
        organizations,
        ..HostConfig::new(Host::new(HOST))
    };
    vec![(config, Source::Given(credential))]
}

pub fn listed(names: &[&str]) -> Organizations {
    Organizations::Listed(names.iter().map(|name| Arc::from(*name)).collect())
}

/// A fleet over a host; `only` as by `--org`.
pub fn fleet_only(server: &EmbeddedHost, organizations: Organizations, only: &[&str]) -> Fleet {
    let hosts = entry(server.address(), server.credential(), organizations);
    let environment = Environment::new([].into(), None);
    let only = only.iter().map(|name| Arc::from(*name)).collect();
    let mut fleet = Fleet::new(hosts, environment, true, only);
    fleet.limits = limits();
    fleet
}

pub fn fleet(server: &EmbeddedHost, organizations: Organizations) -> Fleet {
    fleet_only(server, organizations, &[])
}

/// A fleet that remembers in this folder; nothing of it may be damaged.
pub fn remembering(
    server: &EmbeddedHost,
    organizations: Organizations,
    folder: &std::path::Path,
) -> Fleet {
    let mut fleet = fleet(server, organizations);
    let notes = fleet.remember_in(Cache::in_directory(folder));
    assert!(notes.is_empty(), "{notes:?}");
    fleet
}

pub fn slot(name: &str) -> Slot {
    Slot::new(&Host::new(HOST), name)
}

/// How often the host was asked for something whose path has this in it.
pub fn asked(server: &EmbeddedHost, what: &str) -> usize {
    let requests = server.requests();
    requests
        .iter()
        .filter(|request| request.path.contains(what))
        .count()
}
