//! The world of `--demo`.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use orgward::demo::{Clock, Demo, DemoOptions, Organizations};
use orgward::secret::Secret;
use orgward::slot::{Found, Kind, Reading, Rules, State, Token};
use reqwest::Client;
use serde_json::Value;

use crate::asker::{attribute, client, start_of_test};

/// What DESIGN calls the state, from raw answers.
async fn state_of(
    client: &Client,
    address: &str,
    credential: &Secret,
    name: &str,
    kind: Kind,
    now: Timestamp,
) -> State {
    let get = async |path: &str| {
        let answer = client
            .get(format!("{address}organizations/{name}{path}"))
            .bearer_auth(credential.expose())
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str::<Value>(&text).unwrap())
    };
    let (path, word) = match kind {
        Kind::Organization => ("/authentication-token", "organization"),
        Kind::AuditTrails => ("/authentication-token?token=audit-trails", "audit_trails"),
    };
    let (status, token) = get(path).await;
    let found = match status {
        200 => {
            let time = |name: &str| {
                attribute(&token, name)
                    .as_str()
                    .map(|text| text.parse().unwrap())
            };
            Found::Token(Token {
                id: token["data"]["id"].as_str().unwrap().into(),
                created_at: time("created-at"),
                last_used_at: time("last-used-at").into(),
                expires_at: time("expired-at").into(),
                created_by: None,
                description: None,
            })
        }
        401 => Found::Unauthorized,
        403 => Found::NoAccess,
        404 => match get("").await {
            (404, _) => Found::NotVisible,
            (_, document)
                if attribute(&document, "permissions")["can-update-api-token"] == true =>
            {
                Found::None
            }
            _ => Found::Unclear,
        },
        _ => Found::Failed,
    };
    let (_, policies) = get("/token-ttl-policies").await;
    let policy = policies["data"].as_array().and_then(|all| {
        let one = all
            .iter()
            .find(|one| one["attributes"]["token-type"] == word)?;
        one["attributes"]["max-ttl-ms"].as_u64()
    });
    let reading = Reading {
        found,
        note: None,
        policy: policy.map(Duration::from_millis),
        at: now,
    };
    State::of(Some(&reading), &Rules::default(), now)
}

#[tokio::test]
async fn the_demo_shows_every_state() {
    let clock = Clock::at(start_of_test());
    let demo = Demo::start(DemoOptions {
        clock: clock.clone(),
        latency: Duration::ZERO,
    })
    .await
    .unwrap();
    demo.app().set_limit(None);
    demo.tfe().set_limit(None);
    let client = client();
    let mut count = 0;
    let mut seen = BTreeSet::new();
    let mut by_entry = Vec::new();
    for entry in &demo.hosts {
        let address = entry.address.as_str();
        let names = match &entry.organizations {
            Organizations::Listed(names) => names.clone(),
            Organizations::All => {
                let answer = client
                    .get(format!("{address}organizations"))
                    .bearer_auth(entry.credential.expose())
                    .send()
                    .await
                    .unwrap();
                let list: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
                let data = list["data"].as_array().unwrap();
                data.iter()
                    .map(|one| one["id"].as_str().unwrap().to_owned())
                    .collect()
            }
        };
        count += names.len();
        let mut states = BTreeSet::new();
        for name in &names {
            let state = state_of(
                &client,
                address,
                &entry.credential,
                name,
                Kind::Organization,
                clock.now(),
            )
            .await;
            states.insert(state);
        }
        seen.extend(states.iter().copied());
        by_entry.push((entry.host.to_string(), entry.account.clone(), states));
    }
    assert!((28..=34).contains(&count), "{count}");
    for state in State::ALL {
        assert!(
            state == State::Reading || seen.contains(&state),
            "{state:?} does not occur"
        );
    }
    let (host, account, states) = &by_entry[2];
    assert_eq!(
        (host.as_str(), account.as_deref()),
        ("tfe.demo.example", Some("retired"))
    );
    assert_eq!(*states, BTreeSet::from([State::Unauthorized]));
    let audit = state_of(
        &client,
        demo.app().address().as_str(),
        &demo.app().credential(),
        "acme-audit",
        Kind::AuditTrails,
        clock.now(),
    )
    .await;
    assert_eq!(audit, State::Expiring);
}

#[tokio::test]
async fn a_demo_credential_is_new_at_each_start() {
    let one = Demo::start(DemoOptions::default()).await.unwrap();
    let two = Demo::start(DemoOptions::default()).await.unwrap();
    assert_ne!(
        one.hosts[0].credential.expose(),
        two.hosts[0].credential.expose()
    );
    assert!(!two.app().accepts(one.hosts[0].credential.expose(), "acme"));
    assert!(one.app().requests().is_empty(), "the demo keeps no records");
}
