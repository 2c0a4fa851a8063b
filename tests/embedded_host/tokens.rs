//! The life of a token, and what is refused.

use std::time::Duration;

use jiff::SignedDuration;
use orgward::demo::{Access, Flag, Flavour, OrganizationSeed, TokenSeed, WorldSource};
use orgward::secret::Secret;
use orgward::slot::{Creator, Kind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::asker::{Asker, DAY, TOKEN, attribute, days, secret_of};

#[tokio::test]
async fn a_token_is_generated_read_replaced_and_deleted() {
    let ask = Asker::new().await;
    let path = "organizations/empty/authentication-token";
    assert_eq!(ask.get(path).await.0, 404);

    let (status, first) = ask
        .post(path, json!({"expired-at": "2026-07-01T00:00:00Z"}))
        .await;
    assert_eq!(status, 201);
    assert_eq!(attribute(&first, "expired-at"), "2026-07-01T00:00:00.000Z");
    assert_eq!(attribute(&first, "created-at"), "2026-06-01T12:00:00.000Z");
    let secret = secret_of(&first);
    assert!(ask.host.accepts(secret.expose(), "empty"));

    let (status, read) = ask.get(path).await;
    assert_eq!(status, 200);
    assert_eq!(read["data"]["id"], first["data"]["id"]);
    assert_eq!(attribute(&read, "token"), &Value::Null);

    let (status, second) = ask.post(path, json!({})).await;
    assert_eq!(status, 201);
    assert_ne!(second["data"]["id"], first["data"]["id"]);
    assert!(!ask.host.accepts(secret.expose(), "empty"), "replaced");
    // HCP Terraform's default: two years.
    assert_eq!(attribute(&second, "expired-at"), "2028-05-31T12:00:00.000Z");

    let new = secret_of(&second);
    let answer = ask
        .try_send(Method::DELETE, path, &ask.host.credential(), None)
        .await
        .unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(answer.text().await.unwrap(), "");
    assert!(!ask.host.accepts(new.expose(), "empty"), "deleted");
    assert_eq!(ask.delete(path).await.0, 404);
    assert_eq!(ask.get(path).await.0, 404);
}

#[tokio::test]
async fn requests_without_an_accepted_credential_are_refused() {
    let ask = Asker::new().await;
    let url = format!("{}{TOKEN}", ask.host.address());
    let none = ask.client.get(&url).send().await.unwrap();
    assert_eq!(none.status(), 401);
    assert_eq!(none.headers()["tfp-appname"], "HCP Terraform");
    let body: Value = serde_json::from_str(&none.text().await.unwrap()).unwrap();
    assert_eq!(body["errors"][0]["status"], "401");

    let wrong = Secret::new("wrong-credential".into());
    for (method, path) in [
        (Method::GET, TOKEN),
        (Method::POST, TOKEN),
        (Method::DELETE, TOKEN),
        (Method::GET, "organizations"),
        (Method::GET, "account/details"),
        (Method::GET, "organizations/nothing"),
    ] {
        let (status, _) = ask.send_as(&wrong, method, path, None).await;
        assert_eq!(status, 401, "{path}");
    }
    let session = ask.host.credential();
    assert!(ask.host.revoke(&session));
    assert_eq!(ask.get(TOKEN).await.0, 401);
    assert!(ask.host.holds("acme", Kind::Organization).is_some());
}

#[tokio::test]
async fn writes_need_the_media_type() {
    let ask = Asker::new().await;
    let before = ask.host.holds("acme", Kind::Organization);
    for method in [Method::POST, Method::DELETE] {
        for media in [None, Some("application/json")] {
            let mut request = ask
                .client
                .request(method.clone(), format!("{}{TOKEN}", ask.host.address()))
                .bearer_auth(ask.host.credential().expose())
                .body(r#"{"data":{"type":"authentication-tokens"}}"#);
            if let Some(media) = media {
                request = request.header("content-type", media);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 415, "{method} {media:?}");
        }
    }
    assert_eq!(ask.host.holds("acme", Kind::Organization), before);
}

#[tokio::test]
async fn bodies_that_are_not_a_request_for_a_token_are_refused() {
    let ask = Asker::with(|options| {
        let mut strict = OrganizationSeed::new("strict");
        strict.policy = Some(Duration::from_secs(90 * DAY));
        if let WorldSource::Given(seeds) = &mut options.world {
            seeds.push(strict);
        }
    })
    .await;
    let path = "organizations/strict/authentication-token";
    let typed =
        |attributes| json!({"data": {"type": "authentication-tokens", "attributes": attributes}});
    for (body, expected) in [
        (json!({}), 422),
        (json!([]), 422),
        (json!({"data": {}}), 422),
        (json!({"data": {"type": "tokens"}}), 422),
        (typed(json!("x")), 422),
        (typed(json!({"expired-at": 5})), 422),
        (typed(json!({"expired-at": ""})), 422),
        (typed(json!({"expired-at": "tomorrow"})), 422),
        (typed(json!({"expired-at": "2026-07-01"})), 422),
        (typed(json!({"expired-at": "2026-06-01T12:00:00Z"})), 422),
        // A second more than 90 days.
        (typed(json!({"expired-at": "2026-08-30T12:00:01Z"})), 422),
    ] {
        let (status, answer) = ask.send(Method::POST, path, Some(body.clone())).await;
        assert_eq!(status, expected, "{body}");
        assert!(
            answer["errors"][0]["source"]["pointer"].is_string(),
            "{answer}"
        );
    }
    let (status, _) = ask.send(Method::POST, path, None).await;
    assert_eq!(status, 400);
    assert_eq!(ask.host.holds("strict", Kind::Organization), None);

    let (status, _) = ask
        .post(path, json!({"expired-at": "2026-08-30T12:00:00Z"}))
        .await;
    assert_eq!(status, 201, "exactly as long as the policy allows");
    let singular = json!({"data": {"type": "authentication-token"}});
    let (status, answer) = ask.send(Method::POST, path, Some(singular)).await;
    assert_eq!(status, 201);
    assert_eq!(
        attribute(&answer, "expired-at"),
        "2026-08-30T12:00:00.000Z",
        "no default beyond the policy"
    );
}

#[tokio::test]
async fn what_may_not_be_seen_answers_as_if_it_were_not_there() {
    let token = || TokenSeed::new(days(3));
    let ask = Asker::with(|options| {
        let seed = |name, access| OrganizationSeed {
            access,
            ..OrganizationSeed::new(name).with_token(token())
        };
        options.world = WorldSource::Given(vec![
            seed("member", Access::Member),
            seed("refused", Access::Refused),
            seed("hidden", Access::Hidden),
            OrganizationSeed {
                fails: Some(500),
                ..seed("broken", Access::Owner)
            },
            OrganizationSeed {
                flag: Flag::Omitted,
                ..seed("silent", Access::Owner)
            },
            OrganizationSeed {
                flag: Flag::False,
                ..seed("denier", Access::Owner)
            },
        ]);
    })
    .await;
    // Organization document, its flag, token.
    let flag = |yes: bool| json!(yes);
    for (name, document, can_update, token) in [
        ("member", 200, flag(false), 404),
        ("refused", 200, flag(false), 403),
        ("hidden", 404, Value::Null, 404),
        ("nothing", 404, Value::Null, 404),
        ("broken", 200, flag(true), 500),
        ("silent", 200, Value::Null, 200),
        ("denier", 200, flag(false), 200),
    ] {
        let (status, answer) = ask.get(&format!("organizations/{name}")).await;
        assert_eq!(status, document, "{name}");
        assert_eq!(
            attribute(&answer, "permissions")["can-update-api-token"],
            can_update,
            "{name}"
        );
        let path = format!("organizations/{name}/authentication-token");
        assert_eq!(ask.get(&path).await.0, token, "{name}");
        if token != 200 {
            let held = ask.host.holds(name, Kind::Organization);
            assert_eq!(ask.post(&path, json!({})).await.0, token, "{name}");
            assert_eq!(ask.delete(&path).await.0, token, "{name}");
            assert_eq!(ask.host.holds(name, Kind::Organization), held, "{name}");
        }
    }
    let (_, list) = ask.get("organizations").await;
    let names: Vec<_> = list["data"].as_array().unwrap().iter().collect();
    assert_eq!(names.len(), 5, "all but the hidden one");
    assert!(ask.host.set_access("hidden", Access::Owner));
    assert_eq!(ask.get("organizations/hidden").await.0, 200);
}

#[tokio::test]
async fn an_organization_token_authenticates_its_own_organization_until_it_dies() {
    let ask = Asker::new().await;
    let (_, made) = ask
        .post(TOKEN, json!({"expired-at": "2026-06-02T12:00:00Z"}))
        .await;
    let secret = secret_of(&made);
    let held = || ask.host.holds("acme", Kind::Organization).unwrap();
    assert_eq!(held().last_used_at, None);
    ask.clock.advance(SignedDuration::from_mins(5));

    let (status, list) = ask
        .send_as(&secret, Method::GET, "organizations", None)
        .await;
    assert_eq!((status, list["data"].as_array().unwrap().len()), (200, 1));
    assert_eq!(held().last_used_at, Some(ask.clock.now()));
    let other = "organizations/empty";
    assert_eq!(ask.send_as(&secret, Method::GET, other, None).await.0, 404);

    // It may replace itself, and is dead then.
    let body = json!({"data": {"type": "authentication-tokens"}});
    let (status, next) = ask.send_as(&secret, Method::POST, TOKEN, Some(body)).await;
    assert_eq!(status, 201);
    assert_eq!(
        held().created_by,
        Some(Creator::Organization { id: "acme".into() })
    );
    let next = secret_of(&next);
    assert_eq!(ask.send_as(&secret, Method::GET, TOKEN, None).await.0, 401);
    assert_eq!(ask.send_as(&next, Method::GET, TOKEN, None).await.0, 200);
    ask.clock.advance(days(731));
    assert_eq!(ask.send_as(&next, Method::GET, TOKEN, None).await.0, 401);
    assert_eq!(
        ask.get(TOKEN).await.0,
        200,
        "an expired token is still shown"
    );
}

#[tokio::test]
async fn audit_trail_tokens_are_a_second_slot_on_hcp_terraform_only() {
    let ask = Asker::with(|options| {
        if let WorldSource::Given(seeds) = &mut options.world {
            seeds[0].audit_logging = true;
        }
    })
    .await;
    let path = format!("{TOKEN}?token=audit-trails");
    let organization = ask.host.holds("acme", Kind::Organization);
    assert_eq!(ask.get(&path).await.0, 404);
    let (status, made) = ask.post(&path, json!({})).await;
    assert_eq!(status, 201);
    let secret = secret_of(&made);
    assert!(ask.host.accepts(secret.expose(), "acme"));
    assert_eq!(ask.host.holds("acme", Kind::Organization), organization);
    let trail = "organization/audit-trail";
    assert_eq!(ask.send_as(&secret, Method::GET, trail, None).await.0, 200);
    assert_eq!(ask.send_as(&secret, Method::GET, TOKEN, None).await.0, 401);
    assert_eq!(ask.delete(&path).await.0, 204);
    assert_eq!(ask.host.holds("acme", Kind::Organization), organization);
    // Not entitled; no such kind.
    let (status, _) = ask
        .post(
            "organizations/empty/authentication-token?token=audit-trails",
            json!({}),
        )
        .await;
    assert_eq!(status, 404);
    assert_eq!(ask.get(&format!("{TOKEN}?token=other")).await.0, 404);
    let (_, set) = ask.get("organizations/acme/entitlement-set").await;
    assert_eq!(attribute(&set, "audit-logging"), true);

    for flavour in [Flavour::Enterprise, Flavour::Bare] {
        let ask = Asker::flavour(flavour).await;
        let (_, document) = ask.get("organizations/acme").await;
        let relationships = &document["data"]["relationships"];
        assert!(relationships["authentication-token"].is_object());
        assert!(relationships["audit-trails-authentication-token"].is_null());
        assert_eq!(ask.delete(&path).await.0, 204);
        assert_eq!(
            ask.host.holds("acme", Kind::Organization),
            None,
            "{flavour:?} ignores the query"
        );
    }
}

#[tokio::test]
async fn flavours_differ_in_headers_ids_and_defaults() {
    for (flavour, app, version, expiry) in [
        (
            Flavour::Hcp,
            Some("HCP Terraform"),
            None,
            Some("2028-05-31T12:00:00.000Z"),
        ),
        (
            Flavour::Enterprise,
            Some("Terraform Enterprise"),
            Some("v202507-1"),
            None,
        ),
        (Flavour::Bare, None, None, None),
    ] {
        let ask = Asker::flavour(flavour).await;
        let answer = ask
            .try_send(Method::GET, "ping", &ask.host.credential(), None)
            .await
            .unwrap();
        assert_eq!(answer.status(), 204);
        let header = |name: &str| answer.headers().get(name).map(|v| v.to_str().unwrap());
        assert_eq!(header("tfp-appname"), app);
        assert_eq!(header("x-tfe-version"), version);
        assert_eq!(header("date"), Some("Mon, 01 Jun 2026 12:00:00 GMT"));
        let (_, made) = ask.post(TOKEN, json!({})).await;
        assert_eq!(attribute(&made, "expired-at").as_str(), expiry);
        let id = made["data"]["id"].as_str().unwrap();
        match flavour {
            Flavour::Hcp => assert!(id.starts_with("at-"), "{id}"),
            Flavour::Enterprise => assert!(id.parse::<u64>().is_ok(), "{id}"),
            Flavour::Bare => assert_eq!(id.split('-').count(), 5, "{id}"),
        }
    }
    let old = Asker::with(|options| options.ignores_expiry = true).await;
    let (status, made) = old
        .post(TOKEN, json!({"expired-at": "2026-07-01T00:00:00Z"}))
        .await;
    assert_eq!(
        (status, attribute(&made, "expired-at")),
        (201, &Value::Null)
    );
    let null = Asker::with(|options| options.null_when_empty = true).await;
    assert_eq!(
        null.get("organizations/empty/authentication-token").await,
        (200, json!({"data": null}))
    );
}
