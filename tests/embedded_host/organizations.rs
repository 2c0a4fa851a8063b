//! Organizations, accounts, policies, discovery, the pace limit.

use std::collections::BTreeSet;
use std::time::Duration;

use orgward::demo::{Access, Discovery, Flavour, Limit, OrganizationSeed, WorldSource};
use orgward::slot::Kind;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::asker::{Asker, DAY, TOKEN, attribute, secret_of};

#[tokio::test]
async fn organizations_are_paged_and_searched() {
    let ask = Asker::with(|options| options.world = WorldSource::Generated(245)).await;
    let names = |document: &Value| -> Vec<String> {
        let data = document["data"].as_array().unwrap();
        data.iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let (_, unpaged) = ask.get("organizations").await;
    assert_eq!(names(&unpaged).len(), 245);
    assert!(unpaged["meta"].is_null());

    let mut seen = BTreeSet::new();
    let mut page = Some(1);
    while let Some(number) = page {
        // More than the largest size is cut; brackets encoded or not.
        let query = if number == 2 {
            format!("organizations?page[number]={number}&page[size]=1000")
        } else {
            format!("organizations?page%5Bnumber%5D={number}&page%5Bsize%5D=1000")
        };
        let (_, document) = ask.get(&query).await;
        let pagination = &document["meta"]["pagination"];
        assert_eq!(pagination["current-page"], number);
        assert_eq!(pagination["total-pages"], 3);
        assert_eq!(pagination["total-count"], 245);
        seen.extend(names(&document));
        page = pagination["next-page"].as_u64();
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), names(&unpaged));

    for (query, count) in [
        ("page[number]=1", 20),
        ("page[size]=7", 7),
        ("page[number]=13", 5),
        ("page[number]=14", 0),
        ("page[number]=99999999999999999999&page[size]=0", 20),
        ("page[number]=x&page[size]=y", 20),
        ("q=PAYMENTS-prod", 6),
        ("q=%40demo.example&page[size]=100", 100),
        ("q=nothing-like-it", 0),
    ] {
        let (status, document) = ask.get(&format!("organizations?{query}")).await;
        assert_eq!((status, names(&document).len()), (200, count), "{query}");
    }
    let bare = Asker::flavour(Flavour::Bare).await;
    let (_, document) = bare.get("organizations?page[number]=1").await;
    assert!(document["meta"].is_null() && document["links"].is_null());
}

#[tokio::test]
async fn an_account_says_whose_credential_it_is() {
    for flavour in [Flavour::Hcp, Flavour::Enterprise, Flavour::Bare] {
        let ask = Asker::flavour(flavour).await;
        let (status, owner) = ask.get("account/details").await;
        assert_eq!(status, 200);
        assert_eq!(attribute(&owner, "username"), "olivia");
        assert_eq!(attribute(&owner, "is-service-account"), false);

        let (_, made) = ask.post(TOKEN, json!({})).await;
        let (_, own) = ask
            .send_as(&secret_of(&made), Method::GET, "account/details", None)
            .await;
        let resource = &own["data"]["relationships"]["authenticated-resource"]["data"];
        let link = own["data"]["links"]["auth-token"].as_str();
        let id = made["data"]["id"].as_str();
        match flavour {
            Flavour::Hcp => assert_eq!(*resource, json!({"id": "acme", "type": "organizations"})),
            Flavour::Enterprise => assert_eq!(link.and_then(|l| l.rsplit('/').next()), id),
            Flavour::Bare => assert_eq!(link, None),
        }
        let name = attribute(&own, "username").as_str().unwrap();
        assert_eq!(name.strip_prefix("api-org-acme-").map(str::len), Some(10));
        assert_eq!(attribute(&own, "is-service-account"), true);

        // The creator's name can be read.
        let creator = &made["data"]["relationships"]["created-by"]["data"];
        let (_, user) = ask
            .get(&format!("users/{}", creator["id"].as_str().unwrap()))
            .await;
        assert_eq!(attribute(&user, "username"), "olivia");
        assert_eq!(ask.get("users/user-nobody").await.0, 404);
    }
    let ask = Asker::new().await;
    let team = ask.host.issue_team_credential("acme").unwrap();
    let (_, account) = ask
        .send_as(&team, Method::GET, "account/details", None)
        .await;
    assert_eq!(
        account["data"]["relationships"]["authenticated-resource"]["data"]["type"],
        "teams"
    );
    let body = json!({"data": {"type": "authentication-tokens"}});
    let (_, made) = ask.send_as(&team, Method::POST, TOKEN, Some(body)).await;
    let creator = &made["data"]["relationships"]["created-by"]["data"];
    assert_eq!(creator["type"], "teams");
    let (_, team) = ask
        .get(&format!("teams/{}", creator["id"].as_str().unwrap()))
        .await;
    assert_eq!(attribute(&team, "name"), "owners");
}

#[tokio::test]
async fn policies_are_shown_to_owners_where_the_host_knows_them() {
    let ask = Asker::with(|options| {
        let mut seed = OrganizationSeed::new("strict");
        seed.policy = Some(Duration::from_secs(90 * DAY));
        seed.audit_policy = Some(Duration::from_secs(30 * DAY));
        let member = OrganizationSeed {
            access: Access::Member,
            ..OrganizationSeed::new("member")
        };
        options.world = WorldSource::Given(vec![seed, member, OrganizationSeed::new("free")]);
    })
    .await;
    let (_, strict) = ask.get("organizations/strict/token-ttl-policies").await;
    let limits: Vec<_> = strict["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                &one["attributes"]["token-type"],
                &one["attributes"]["max-ttl-ms"],
            )
        })
        .collect();
    assert_eq!(
        limits,
        [
            (&json!("organization"), &json!(90 * DAY * 1000)),
            (&json!("audit_trails"), &json!(30 * DAY * 1000)),
        ]
    );
    let (status, free) = ask.get("organizations/free/token-ttl-policies").await;
    assert_eq!((status, &free["data"]), (200, &json!([])));
    assert_eq!(
        ask.get("organizations/member/token-ttl-policies").await.0,
        403
    );
    let old = Asker::flavour(Flavour::Enterprise).await;
    assert_eq!(
        old.get("organizations/acme/token-ttl-policies").await.0,
        404
    );
}

#[tokio::test]
async fn discovery_names_the_path_of_the_api() {
    for (discovery, expected) in [
        (Discovery::Standard, Some("/terraform/api/v2/")),
        (Discovery::Absent, None),
        (
            Discovery::Document(r#"{"tfe.v2":"https://elsewhere.example/x"}"#.into()),
            Some("https://elsewhere.example/x"),
        ),
    ] {
        let ask = Asker::with(|options| {
            options.base_path = "/terraform/api/v2/".into();
            options.discovery = discovery;
        })
        .await;
        assert_eq!(ask.host.address().path(), "/terraform/api/v2/");
        assert_eq!(ask.get(TOKEN).await.0, 200);
        let url = ask
            .host
            .address()
            .join("/.well-known/terraform.json")
            .unwrap();
        let answer = ask.client.get(url).send().await.unwrap();
        assert_eq!(answer.status() == 200, expected.is_some());
        let document: Value =
            serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default();
        assert_eq!(document["tfe.v2"].as_str(), expected);
    }
}

#[tokio::test]
async fn more_than_the_limit_is_refused_and_not_done() {
    let ask = Asker::with(|options| {
        options.limit = Some(Limit {
            requests: 2,
            window: Duration::from_secs(3600),
        });
    })
    .await;
    let first = ask
        .try_send(Method::GET, TOKEN, &ask.host.credential(), None)
        .await
        .unwrap();
    assert_eq!(first.headers()["x-ratelimit-limit"], "2");
    assert_eq!(first.headers()["x-ratelimit-remaining"], "1");
    assert_eq!(ask.get(TOKEN).await.0, 200);
    let before = ask.host.holds("acme", Kind::Organization);
    let refused = ask
        .try_send(Method::DELETE, TOKEN, &ask.host.credential(), None)
        .await
        .unwrap();
    assert_eq!(refused.status(), 429);
    let reset = refused.headers()["x-ratelimit-reset"].to_str().unwrap();
    assert!(reset.contains('.') && reset.parse::<f64>().unwrap() > 0.0);
    assert_eq!(ask.host.holds("acme", Kind::Organization), before);
    // Another credential has its own window.
    let other = ask.host.issue_credential("mateo").unwrap();
    assert_eq!(ask.send_as(&other, Method::GET, TOKEN, None).await.0, 200);
    ask.host.set_limit(None);
    assert_eq!(ask.get(TOKEN).await.0, 200);
}

#[tokio::test]
async fn strange_requests_are_answered() {
    let ask = Asker::new().await;
    let credential = ask.host.credential();
    let port = ask.host.address().port().unwrap();
    for line in [
        "GET / HTTP/1.1",
        "GET /api/v2 HTTP/1.1",
        "GET /api/v2/ HTTP/1.1",
        "GET /api/v2/organizations/%ff%00/authentication-token HTTP/1.1",
        "GET /api/v2/organizations//authentication-token?&=&token HTTP/1.1",
        "PATCH /api/v2/organizations/acme/authentication-token HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "BREW /api/v2/ping HTTP/1.1",
        "nonsense",
    ] {
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .unwrap();
        let request = format!(
            "{line}\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\r\n",
            credential.expose()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 40"), "{line}: {answer}");
    }
    assert_eq!(ask.get(TOKEN).await.0, 200);
}
