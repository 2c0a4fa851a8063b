//! The official contract, by Prism: what the client sends satisfies it, and so
//! do the embedded host's answers. The document stays outside the repository.
#![cfg(unix)]

mod support;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use orgward::api::{Client, ClientOptions, TokenAnswer, Urgency, WriteError};
use orgward::demo::{
    Access, Answer, EmbeddedHost, Fault, FaultRule, Flavour, HostOptions, Limit, OrganizationSeed,
    Reply, TokenSeed,
};
use orgward::secret::Secret;
use orgward::slot::{Host, Kind};
use support::prism::Prism;
use url::Url;

const NOW: Urgency = Urgency::Owner;

fn client(prism: &Prism, credential: Secret) -> Client {
    let address = Url::parse(&prism.address()).unwrap();
    Client::new(ClientOptions::new(Host::new("prism"), address), credential).unwrap()
}

/// An embedded host at `/`, as the contract's paths are, and Prism before it.
fn proxied(flavour: Flavour, seeds: Vec<OrganizationSeed>) -> (EmbeddedHost, Prism) {
    let host = EmbeddedHost::start_on_thread(HostOptions {
        base_path: "/".into(),
        ..HostOptions::new(flavour, seeds)
    })
    .unwrap();
    let prism = Prism::proxy(host.address().as_str().trim_end_matches('/'));
    (host, prism)
}

fn old_token() -> TokenSeed {
    TokenSeed::new(SignedDuration::from_hours(24 * 40))
}

#[tokio::test]
#[ignore = "needs Prism and the contract; run by .ci/run"]
async fn the_clients_requests_satisfy_the_contract() {
    let prism = Prism::mock();
    let client = client(&prism, Secret::new("any-credential".into()));
    let account = client.account(NOW).await.unwrap();
    assert_eq!(account.id.as_deref(), Some("user-12345678"));
    let listing = client.organizations(NOW, |_| {}).await.unwrap();
    assert!(listing.organizations > 0);
    assert!(client.organization("acme", NOW).await.unwrap().is_some());
    client
        .policy("acme", Kind::Organization, NOW)
        .await
        .unwrap();
    client.user_name("user-1").await.unwrap();
    client.team_name("team-1").await.unwrap();
    let expiry = Timestamp::now() + SignedDuration::from_hours(24 * 90);
    for kind in [Kind::Organization, Kind::AuditTrails] {
        let answer = client.read_token("acme", kind, NOW).await.unwrap();
        assert!(matches!(answer, TokenAnswer::Token(_)), "{answer:?}");
        for expiry in [None, Some(expiry)] {
            let generated = client.generate("acme", kind, expiry).await.unwrap();
            assert_eq!(
                generated.secret.expose(),
                "string",
                "the document's example"
            );
        }
        client.delete("acme", kind).await.unwrap();
    }
    prism.assert_content();
}

#[tokio::test]
#[ignore = "needs Prism and the contract; run by .ci/run"]
async fn the_embedded_hosts_answers_satisfy_the_contract() {
    for flavour in [Flavour::Hcp, Flavour::Enterprise] {
        let refused = OrganizationSeed {
            access: Access::Member,
            ..OrganizationSeed::new("members-only").with_token(old_token())
        };
        let limited = OrganizationSeed {
            policy: Some(Duration::from_secs(30 * 24 * 3600)),
            ..OrganizationSeed::new("limited").with_token(old_token())
        };
        let seeds = vec![
            OrganizationSeed::new("acme").with_token(old_token()),
            OrganizationSeed {
                audit_logging: true,
                ..OrganizationSeed::new("sandbox")
            },
            refused,
            limited,
        ];
        let (host, prism) = proxied(flavour, seeds);
        let client = client(&prism, host.credential());

        let listing = client.organizations(NOW, |_| {}).await.unwrap();
        assert_eq!(listing.organizations, 4, "{}", prism.log());
        client.account(NOW).await.unwrap();
        for name in ["acme", "sandbox", "members-only", "limited"] {
            assert!(client.organization(name, NOW).await.unwrap().is_some());
            client.policy(name, Kind::Organization, NOW).await.unwrap();
            let answer = client.read_token(name, Kind::Organization, NOW).await;
            let is_there = matches!(answer.unwrap(), TokenAnswer::Token(_));
            assert_eq!(is_there, ["acme", "limited"].contains(&name), "{name}");
        }
        assert!(client.organization("nowhere", NOW).await.unwrap().is_none());

        let expiry = Timestamp::now() + SignedDuration::from_hours(24 * 7);
        for (name, expiry) in [("sandbox", None), ("acme", Some(expiry))] {
            let generated = client
                .generate(name, Kind::Organization, expiry)
                .await
                .unwrap();
            assert!(host.accepts(generated.secret.expose(), name));
        }
        let past = Timestamp::now() - SignedDuration::from_hours(1);
        let late = client
            .generate("acme", Kind::Organization, Some(past))
            .await;
        assert!(
            matches!(late, Err(WriteError::Refused { status: 422, .. })),
            "{late:?}"
        );
        client.delete("acme", Kind::Organization).await.unwrap();
        let again = client.delete("acme", Kind::Organization).await;
        assert!(matches!(again, Err(WriteError::NotFound)), "{again:?}");

        if flavour == Flavour::Hcp {
            let audit = Kind::AuditTrails;
            client.generate("sandbox", audit, None).await.unwrap();
            let answer = client.read_token("sandbox", audit, NOW).await;
            assert!(matches!(answer, Ok(TokenAnswer::Token(_))), "{answer:?}");
            client.delete("sandbox", audit).await.unwrap();
        }

        let stranger = host.issue_credential("olivia").unwrap();
        host.revoke(&stranger);
        let refused = self::client(&prism, stranger).account(NOW).await;
        assert!(refused.unwrap_err().to_string().contains("401"));
        host.set_limit(Some(Limit {
            requests: 0,
            window: Duration::from_secs(60),
        }));
        let hurried = self::client(&prism, host.issue_credential("olivia").unwrap());
        let many = hurried.delete("limited", Kind::Organization).await;
        assert!(matches!(many, Err(WriteError::TooMany { .. })), "{many:?}");
        prism.assert_content();
    }
}

/// Else the test above would prove nothing.
#[tokio::test]
#[ignore = "needs Prism and the contract; run by .ci/run"]
async fn what_breaks_the_contract_is_seen() {
    let seeds = vec![OrganizationSeed::new("acme").with_token(old_token())];
    let (host, prism) = proxied(Flavour::Hcp, seeds);
    let client = client(&prism, host.credential());
    let answer = client.read_token("acme", Kind::Organization, NOW).await;
    assert!(matches!(answer, Ok(TokenAnswer::Token(_))), "{answer:?}");
    prism.assert_content();

    let wrong = Answer::new(
        200,
        "application/vnd.api+json",
        r#"{"data":{"id":4,"type":"authentication-tokens","attributes":{"created-at":7}}}"#,
    );
    host.add_fault(FaultRule::on(
        "GET",
        "organizations/acme/authentication-token",
        Fault::Instead(Reply::Answer(wrong)),
    ));
    let _ = client.read_token("acme", Kind::Organization, NOW).await;
    assert_ne!(prism.complaints(), Vec::<String>::new(), "{}", prism.log());

    // A request: the singular of HashiCorp's pages.
    let prism = Prism::mock();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}organizations/acme/authentication-token", prism.address());
    let answer = http
        .post(url)
        .bearer_auth("any-credential")
        .header("Content-Type", "application/vnd.api+json")
        .body(r#"{"data":{"type":"authentication-token"}}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 422);
    assert_ne!(prism.complaints(), Vec::<String>::new());
}
