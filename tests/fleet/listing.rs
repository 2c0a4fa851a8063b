//! `organizations = "all"`.

use std::collections::BTreeSet;
use std::sync::Arc;

use orgward::api::Urgency;
use orgward::config::Organizations;
use orgward::credentials::{Credential, Environment, Origin};
use orgward::demo::{
    Access, Answer, Fault, FaultRule, Flag, Flavour, HostOptions, OrganizationSeed, Reply,
    WorldSource,
};
use orgward::fleet::{Fleet, Look, Source};
use orgward::slot::Found;

use crate::stage::{asked, entry, fleet, fleet_only, host, host_of, limits, seed, slot};

/// The names, and how many came with each page.
async fn list(fleet: &Fleet) -> (Result<Vec<Arc<str>>, String>, Vec<usize>) {
    let mut pages = Vec::new();
    let names = fleet.organizations(0, |page| pages.push(page.len())).await;
    (names, pages)
}

#[tokio::test]
async fn ten_thousand_organizations_come_page_by_page_with_and_without_meta() {
    for meta in [true, false] {
        let server = host(HostOptions {
            world: WorldSource::Generated(10_000),
            meta,
            ..HostOptions::new(Flavour::Enterprise, Vec::new())
        })
        .await;
        let (names, pages) = list(&fleet(&server, Organizations::All)).await;
        let names = names.unwrap();
        assert_eq!(pages, [100; 100]);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 10_000);
        // Without `meta` only an empty page tells the end.
        let requests = asked(&server, "organizations");
        assert_eq!(requests, if meta { 100 } else { 101 });
    }
}

#[tokio::test]
async fn new_and_vanished_organizations_are_found() {
    let server = host_of(&["acme", "platform"]).await;
    let fleet = fleet(&server, Organizations::All);
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|name| Arc::from(*name))
            .collect::<Vec<_>>()
    };
    assert_eq!(list(&fleet).await.0.unwrap(), names(&["acme", "platform"]));
    server.add_organization(seed("new")).unwrap();
    server.remove_organization("acme");
    assert_eq!(list(&fleet).await.0.unwrap(), names(&["new", "platform"]));
    let gone = fleet.client_for(&slot("acme")).await;
    assert!(gone.is_err(), "nothing leads to it any more");
    assert!(fleet.client_for(&slot("new")).await.is_ok());
}

#[tokio::test]
async fn what_one_account_loses_another_still_leads_to() {
    let server = host_of(&["acme"]).await;
    let mut hosts = entry(server.address(), server.credential(), Organizations::All);
    let second = server.issue_team_credential("acme").unwrap();
    let (mut config, _) = entry(server.address(), second.clone(), Organizations::All).remove(0);
    config.account = Some("second".into());
    hosts.push((config, Source::Given(second)));
    let environment = Environment::new([].into(), None);
    let mut fleet = Fleet::new(hosts, environment, true, Vec::new());
    fleet.limits = limits();
    for entry in 0..2 {
        assert_eq!(fleet.organizations(entry, |_| {}).await.unwrap().len(), 1);
    }
    // The first does not list it any more.
    let nothing = Answer::new(200, "application/json", r#"{"data":[]}"#);
    let nothing = Fault::Instead(Reply::Answer(nothing));
    server.add_fault(FaultRule::on("GET", "organizations?", nothing));
    assert!(fleet.organizations(0, |_| {}).await.unwrap().is_empty());
    let reading = fleet.read(&slot("acme"), Urgency::Background).await;
    assert!(reading.token().is_some(), "{reading:?}");
    fleet.organizations(1, |_| {}).await.unwrap();
    assert!(fleet.client_for(&slot("acme")).await.is_ok());
}

#[tokio::test]
async fn a_listing_that_breaks_off_keeps_the_pages_it_brought() {
    let server = host(HostOptions {
        world: WorldSource::Generated(250),
        ..HostOptions::new(Flavour::Enterprise, Vec::new())
    })
    .await;
    let refused = Fault::Instead(Reply::Answer(Answer::new(403, "text/plain", "no")));
    server.add_fault(FaultRule::on("GET", "page[number]=3", refused).always());
    let fleet = fleet(&server, Organizations::All);
    let (names, pages) = list(&fleet).await;
    let why = names.unwrap_err();
    assert!(why.contains("tfe.corp.example"), "{why}");
    assert_eq!(pages, [100, 100]);
}

#[tokio::test]
async fn only_what_is_wanted_is_listed() {
    let server = host_of(&["acme", "platform", "spare"]).await;
    let fleet = fleet_only(&server, Organizations::All, &["platform", "no-such"]);
    let (names, pages) = list(&fleet).await;
    assert_eq!(names.unwrap(), [Arc::from("platform")]);
    assert_eq!(pages, [1]);
}

#[tokio::test]
async fn what_the_listing_says_is_not_asked_again_for_an_empty_slot() {
    let silent = OrganizationSeed {
        flag: Flag::Omitted,
        ..OrganizationSeed::new("silent")
    };
    let server = host(HostOptions::new(
        Flavour::Hcp,
        vec![seed("acme"), seed("empty"), silent],
    ))
    .await;
    let fleet = fleet(&server, Organizations::All);
    list(&fleet).await.0.unwrap();
    let mut found = Vec::new();
    for name in ["acme", "empty", "silent"] {
        let slot = slot(name);
        let look = fleet.look(&slot, Look::Token, Urgency::Background);
        found.push(look.await.found.clone());
    }
    assert!(
        matches!(found[..], [Found::Token(_), Found::None, Found::Unclear]),
        "{found:?}"
    );
    // What the list left open is asked.
    let documents = |name: &str| {
        let path = format!("/api/v2/organizations/{name}");
        let requests = server.requests();
        requests
            .iter()
            .filter(|request| request.path == path)
            .count()
    };
    assert_eq!([documents("empty"), documents("silent")], [0, 1]);
    // It counts once.
    fleet
        .look(&slot("empty"), Look::Token, Urgency::Background)
        .await;
    assert_eq!(documents("empty"), 1);
    // It counts never for an owner who is about to act: that is no time for what
    // was true a moment ago.
    list(&fleet).await.0.unwrap();
    server.set_access("empty", Access::Member);
    let slot = slot("empty");
    assert_eq!(
        fleet.read(&slot, Urgency::Owner).await.found,
        Found::Unclear
    );
    assert_eq!(documents("empty"), 2);
    server.set_access("empty", Access::Owner);
    list(&fleet).await.0.unwrap();
    server.set_access("empty", Access::Member);
    let last = fleet.look(&slot, Look::Last, Urgency::Owner).await;
    assert_eq!(last.found, Found::Unclear);
}

#[tokio::test]
async fn what_a_listing_said_to_one_credential_is_not_said_to_another() {
    let server = host_of(&["empty"]).await;
    let fleet = fleet(&server, Organizations::All);
    list(&fleet).await.0.unwrap();
    fleet.give(
        0,
        Credential {
            secret: server.credential(),
            origin: Origin::Typed,
        },
    );
    server.set_access("empty", Access::Member);
    let slot = slot("empty");
    let look = fleet.look(&slot, Look::Token, Urgency::Background).await;
    assert_eq!(look.found, Found::Unclear);
}
