//! What is asked for, and how often.

use std::time::Duration;

use jiff::SignedDuration;
use orgward::api::Urgency;
use orgward::demo::{Flavour, HostOptions, OrganizationSeed, TokenSeed};
use orgward::fleet::Look;
use orgward::slot::{Creator, Time};

use crate::stage::{asked, fleet, host, host_of, listed, slot};

const DAY: u64 = 24 * 60 * 60;

fn with_policy(name: &str, days: u64) -> OrganizationSeed {
    OrganizationSeed {
        policy: Some(Duration::from_secs(days * DAY)),
        ..crate::stage::seed(name)
    }
}

#[tokio::test]
async fn a_policy_is_asked_for_when_it_is_wanted_and_once_a_day() {
    let seeds = vec![with_policy("acme", 365), with_policy("other", 30)];
    let server = host(HostOptions::new(Flavour::Hcp, seeds)).await;
    let fleet = fleet(&server, listed(&["acme", "other"]));
    let background = Urgency::Background;
    let plain = fleet.look(&slot("acme"), Look::Token, background).await;
    assert!(plain.token().is_some());
    assert_eq!((plain.policy, asked(&server, "ttl-policies")), (None, 0));

    let tokens = asked(&server, "authentication-token");
    let late = Look::PolicyOf(plain);
    let complete = fleet.look(&slot("acme"), late, background).await;
    assert_eq!(complete.policy, Some(Duration::from_secs(365 * DAY)));
    assert_eq!(asked(&server, "ttl-policies"), 1);
    let again = asked(&server, "authentication-token");
    assert_eq!(again, tokens, "the token is not read a second time");

    // Known now: nobody asks again, and a plain look has it too.
    for look in [Look::WithPolicy, Look::Token] {
        let reading = fleet.look(&slot("acme"), look, background).await;
        assert_eq!(reading.policy, Some(Duration::from_secs(365 * DAY)));
    }
    assert_eq!(asked(&server, "ttl-policies"), 1);
    let other = fleet.read(&slot("other"), background).await;
    assert_eq!(other.policy, Some(Duration::from_secs(30 * DAY)));
}

#[tokio::test]
async fn a_name_is_asked_for_once_however_many_rows_wait_for_it() {
    let names: Vec<String> = (0..40).map(|n| format!("o{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let server = host_of(&names).await;
    server.set_latency(Duration::from_millis(2));
    let fleet = fleet(&server, listed(&names));
    let slots: Vec<_> = names.iter().map(|name| slot(name)).collect();
    let looks = slots
        .iter()
        .map(|slot| fleet.read(slot, Urgency::Background));
    for reading in futures_util::future::join_all(looks).await {
        let creator = reading.token().unwrap().created_by.as_ref();
        assert!(
            matches!(creator, Some(Creator::User { name: Some(name), .. }) if **name == *"olivia")
        );
    }
    assert_eq!(asked(&server, "users/"), 1);
    assert_eq!(
        asked(&server, "account/details"),
        0,
        "no cache, no question"
    );
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_is_said_and_asked_for_again() {
    let server = host(HostOptions::new(
        Flavour::Hcp,
        vec![with_policy("acme", 30)],
    ))
    .await;
    use orgward::demo::{Answer, Fault, FaultRule, Reply};
    let broken = Fault::Instead(Reply::Answer(Answer::new(500, "text/plain", "no")));
    server.add_fault(FaultRule::on("GET", "ttl-policies", broken).times(3));
    let fleet = fleet(&server, listed(&["acme"]));
    let reading = fleet.read(&slot("acme"), Urgency::Background).await;
    assert!(reading.token().is_some());
    let note = reading.note.unwrap();
    assert!(note.contains("policy could not be read"), "{note}");
    let reading = fleet.read(&slot("acme"), Urgency::Background).await;
    assert_eq!((reading.note, reading.policy.is_some()), (None, true));
}

#[tokio::test]
async fn the_end_of_a_life_follows_the_policy() {
    let mut seed = with_policy("acme", 30);
    seed.token = Some(TokenSeed::new(SignedDuration::from_hours(24 * 40)));
    let server = host(HostOptions::new(Flavour::Hcp, vec![seed])).await;
    let fleet = fleet(&server, listed(&["acme"]));
    let reading = fleet.read(&slot("acme"), Urgency::Background).await;
    let created = reading.token().unwrap().created_at.unwrap();
    let end = created + SignedDuration::from_hours(24 * 30);
    assert_eq!(reading.ends_at(), Some(Time::At(end)));
}
