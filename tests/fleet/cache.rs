//! What is remembered from one run to the next.

use jiff::SignedDuration;
use orgward::api::Urgency;
use orgward::cache::Cache;
use orgward::config::Organizations;
use orgward::demo::{EmbeddedHost, Flavour, HostOptions, OrganizationSeed, TokenSeed};
use orgward::fleet::Fleet;
use orgward::slot::{Creator, Kind};

use crate::stage::{HOST, asked, entry, host, host_of, limits, listed, remembering, seed, slot};

async fn read_all(fleet: &Fleet, names: &[&str]) {
    for name in names {
        fleet.read(&slot(name), Urgency::Background).await;
    }
}

/// A run that read these organizations and ended.
async fn run(server: &EmbeddedHost, folder: &std::path::Path, names: &[&str]) {
    let fleet = remembering(server, listed(names), folder);
    read_all(&fleet, names).await;
    assert!(fleet.remember().is_empty());
}

fn old_names(fleet: &Fleet) -> Vec<String> {
    let old = fleet.remembered(0);
    let mut names: Vec<String> = old
        .iter()
        .filter(|(slot, _)| slot.kind == Kind::Organization)
        .map(|(slot, _)| slot.organization.to_string())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_name_of_whoever_asks_needs_no_question() {
    let folder = tempfile::tempdir().unwrap();
    let server = host_of(&["acme"]).await;
    let fleet = remembering(&server, listed(&["acme"]), folder.path());
    let reading = fleet.read(&slot("acme"), Urgency::Background).await;
    let creator = &reading.token().unwrap().created_by;
    let own = |name: &str| name == "olivia";
    assert!(matches!(creator, Some(Creator::User { name: Some(name), .. }) if own(name)));
    assert_eq!(asked(&server, "users/"), 0);
}

#[tokio::test]
async fn the_next_run_knows_what_this_one_read_and_asks_for_no_name_again() {
    let folder = tempfile::tempdir().unwrap();
    let token = TokenSeed {
        by: "otto".into(),
        ..TokenSeed::new(SignedDuration::from_hours(24))
    };
    let seeds = vec![
        OrganizationSeed::new("acme").with_token(token),
        seed("empty"),
    ];
    let server = host(HostOptions::new(Flavour::Hcp, seeds)).await;
    run(&server, folder.path(), &["acme", "empty", "no-such"]).await;
    assert_eq!(asked(&server, "users/"), 1);
    server.forget_requests();

    let fleet = remembering(&server, Organizations::All, folder.path());
    assert_eq!(old_names(&fleet), ["acme", "empty", "no-such"]);
    // The rows can be read before the listing has come.
    let reading = fleet.read(&slot("acme"), Urgency::Background).await;
    assert!(reading.token().is_some());
    assert_eq!(asked(&server, "users/"), 0, "the name is remembered");
    assert_eq!(asked(&server, "ttl-policies"), 0, "the policy, too");
    assert!(fleet.is_remembered(0).await);
    assert_eq!(asked(&server, "account/details"), 1);
    // What vanished is forgotten, here and in the file.
    fleet.organizations(0, |_| {}).await.unwrap();
    assert!(fleet.remember().is_empty());
    let next = remembering(&server, Organizations::All, folder.path());
    assert_eq!(old_names(&next), ["acme", "empty"]);
    // Of a listed account only what is listed is shown.
    let next = remembering(&server, listed(&["empty", "new"]), folder.path());
    assert_eq!(old_names(&next), ["empty"]);
}

#[tokio::test]
async fn audit_trail_tokens_are_remembered_behind_their_organizations() {
    let folder = tempfile::tempdir().unwrap();
    let server = host_of(&["acme"]).await;
    let fleet = remembering(&server, listed(&["acme"]), folder.path());
    let audit = slot("acme").of_kind(Kind::AuditTrails);
    read_all(&fleet, &["acme"]).await;
    fleet.read(&audit, Urgency::Background).await;
    assert!(fleet.remember().is_empty());
    let next = remembering(&server, Organizations::All, folder.path());
    let slots: Vec<_> = next
        .remembered(0)
        .into_iter()
        .map(|(slot, _)| slot)
        .collect();
    assert_eq!(slots, [slot("acme"), audit]);
}

#[tokio::test]
async fn what_another_account_saw_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let server = host_of(&["acme", "platform"]).await;
    run(&server, folder.path(), &["acme", "platform"]).await;
    server.forget_requests();

    let credential = server.issue_credential("mateo").unwrap();
    let hosts = entry(server.address(), credential, Organizations::All);
    let environment = orgward::credentials::Environment::new([].into(), None);
    let mut fleet = Fleet::new(hosts, environment, true, Vec::new());
    fleet.limits = limits();
    assert!(
        fleet
            .remember_in(Cache::in_directory(folder.path()))
            .is_empty()
    );
    assert_eq!(old_names(&fleet).len(), 2);
    assert!(!fleet.is_remembered(0).await);
    assert!(old_names(&fleet).is_empty());
    fleet.read(&slot("acme"), Urgency::Background).await;
    assert_eq!(
        asked(&server, "ttl-policies"),
        1,
        "its policy is not trusted"
    );
    assert!(fleet.remember().is_empty());
    let path = Cache::in_directory(folder.path()).path(HOST, None);
    let text = std::fs::read_to_string(path).unwrap();
    assert!(!text.contains("platform"), "{text}");
}

#[tokio::test]
async fn the_file_holds_no_credential_and_a_failure_does_not_replace_what_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let server = host_of(&["acme"]).await;
    run(&server, folder.path(), &["acme"]).await;
    let path = Cache::in_directory(folder.path()).path(HOST, None);
    let first = std::fs::read_to_string(&path).unwrap();
    assert!(
        first.contains("acme") && first.contains("olivia"),
        "{first}"
    );
    let credential = server.credential();
    for piece in credential.expose().as_bytes().windows(12) {
        assert!(!first.contains(std::str::from_utf8(piece).unwrap()));
    }

    use orgward::demo::{Answer, Fault, FaultRule, Reply};
    let fleet = remembering(&server, listed(&["acme"]), folder.path());
    assert!(fleet.is_remembered(0).await);
    let broken = Fault::Instead(Reply::Answer(Answer::new(500, "text/plain", "no")));
    server.add_fault(FaultRule::on("GET", "authentication-token", broken).always());
    let reading = fleet.read(&slot("acme"), Urgency::Background).await;
    assert!(reading.token().is_none());
    assert!(fleet.remember().is_empty());
    let next = remembering(&server, listed(&["acme"]), folder.path());
    let (_, old) = next.remembered(0).remove(0);
    assert!(old.token().is_some());
}

#[tokio::test]
async fn a_damaged_file_is_told_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let server = host_of(&["acme"]).await;
    let cache = Cache::in_directory(folder.path());
    std::fs::write(cache.path(HOST, None), "{\"version\":1,").unwrap();
    let mut fleet = crate::stage::fleet(&server, listed(&["acme"]));
    let notes = fleet.remember_in(cache);
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains("damaged"), "{notes:?}");
    read_all(&fleet, &["acme"]).await;
    assert!(fleet.remember().is_empty());
    let next = remembering(&server, listed(&["acme"]), folder.path());
    assert_eq!(old_names(&next), ["acme"]);
}
