//! Documents: what must be kept, what may be missing, and that nothing panics.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use reqwest::header::{HeaderMap, HeaderValue};
use url::Url;
use zeroize::Zeroizing;

use super::client::bearer;
use super::documents::{self, Next, Own, TokenAnswer};
use super::fuzzing;
use super::{Account, Client, ClientOptions, Damage, Problem, TlsFault};
use crate::secret::Secret;
use crate::slot::{Creator, Host, Kind, Time, Token};

fn token_in(body: &str) -> Token {
    match documents::token_answer(body.as_bytes()) {
        Ok(TokenAnswer::Token(token)) => token,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_full_token_document() {
    let token = token_in(
        r#"{"data":{"id":4111756,"type":"authentication-tokens","attributes":{
        "created-at":"2026-04-01T08:00:00.123Z","last-used-at":"2026-11-20T10:00:00+02:00",
        "description":"ci\u001b[2J","expired-at":"2027-04-01T08:00:00Z","token":null},
        "relationships":{"created-by":{"data":{"id":"user-1","type":"users"}},"team":null}}}"#,
    );
    let time = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    assert_eq!(*token.id, *"4111756");
    assert_eq!(token.created_at, time("2026-04-01T08:00:00.123Z"));
    assert_eq!(token.last_used_at.at(), time("2026-11-20T08:00:00Z"));
    assert_eq!(token.expires_at.at(), time("2027-04-01T08:00:00Z"));
    assert_eq!(token.description.as_deref(), Some("ci [2J"));
    let user = Creator::User {
        id: "user-1".into(),
        name: None,
    };
    assert_eq!(token.created_by, Some(user));
}

#[test]
fn a_field_that_is_odd_spoils_only_itself() {
    let odd = ["null", r#""""#, "5", "[]", "{}", "true", r#""31.12.2026""#];
    for odd in odd {
        let token = token_in(&format!(
            r#"{{"data":{{"id":"at-1","type":{odd},"attributes":{{"created-at":{odd},
            "last-used-at":{odd},"expired-at":"2027-04-01T08:00:00Z","token":{odd}}},
            "relationships":{{"created-by":{{"data":{odd}}}}}}}}}"#
        ));
        assert_eq!(*token.id, *"at-1");
        assert_eq!(token.created_at, None);
        // Only null says "never"; whatever cannot be read says nothing.
        let expected = if odd == "null" {
            Time::Never
        } else {
            Time::Unknown
        };
        assert_eq!(token.last_used_at, expected, "{odd}");
        assert!(token.expires_at.at().is_some(), "{odd}");
        assert_eq!(token.created_by, None);
        let bare =
            format!(r#"{{"data":{{"id":"at-1","attributes":{odd},"relationships":{odd}}}}}"#);
        assert_eq!(*token_in(&bare).id, *"at-1");
    }
}

#[test]
fn null_is_no_token_and_anything_else_is_no_answer() {
    let answer = |body: &str| documents::token_answer(body.as_bytes());
    assert_eq!(answer(r#"{"data":null}"#), Ok(TokenAnswer::Null));
    let bad = [
        "",
        " ",
        "{}",
        "[]",
        "null",
        "7",
        r#"{"data":[]}"#,
        r#"{"data":"x"}"#,
        r#"{"data":{}}"#,
        r#"{"data":{"id":""}}"#,
        r#"{"data":{"id":[]}}"#,
        r#"{"data":{"id":"x"}"#,
        "<html></html>",
    ];
    for body in bad {
        assert!(answer(body).is_err(), "{body}");
    }
}

#[test]
fn a_new_secret_survives_a_cut_anywhere_behind_it_and_is_never_half_of_one() {
    let body = br#"{"data":{"id":"at-1","type":"authentication-tokens","attributes":{"created-at":"2026-04-01T08:00:00Z","token":"a.atlasv1.b\/c","expired-at":null}},"links":{}}"#;
    let end = 1 + body.windows(4).position(|w| w == b"/c\",").unwrap() + 2;
    for cut in 0..body.len() {
        match documents::generated(&body[..cut]) {
            Ok((token, secret, damage)) => {
                assert!(cut >= end, "at {cut}");
                assert_eq!(secret.expose(), "a.atlasv1.b/c");
                assert_eq!(*token.id, *"at-1");
                assert_eq!(
                    token.created_at,
                    Some("2026-04-01T08:00:00Z".parse().unwrap())
                );
                assert_eq!(damage, Some(Damage::Cut));
            }
            Err(why) => assert!(cut < end && !why.contains("atlasv1"), "at {cut}: {why}"),
        }
    }
    assert_eq!(documents::generated(body).unwrap().2, None);
}

#[test]
fn a_new_secret_survives_damage_behind_it_and_before_it() {
    for body in [
        r#"{"data":{"id":"at-1","attributes":{"token":"a.b"},"n":1x}}"#,
        r#"{"data":{"id":"at-1","attributes":{"token":"a.b"}}}<html>"#,
        r#"{"data":{"id":"at-1","attributes":{"description":"\ud800","token":"a.b"}}}"#,
    ] {
        let (token, secret, damage) = documents::generated(body.as_bytes()).unwrap();
        assert_eq!((&*token.id, secret.expose()), ("at-1", "a.b"));
        assert_eq!(damage, Some(Damage::Broken));
    }
    // Only where the protocol has it.
    for body in [
        r#"{"token":"a.b","data":{"id":"at-1","attributes":{"#,
        r#"{"data":{"token":"a.b","attributes":{"#,
        r#"{"data":[{"attributes":{"token":"a.b","x":"#,
        r#"{"data":{"attributes":{"x":{"token":"a.b","y":"#,
        r#"{"data":{"attributes":{"token":"a.b\ud800","y":"#,
    ] {
        assert!(documents::generated(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn a_new_secret_survives_whatever_is_odd_around_it() {
    let secret = |body: &[u8]| {
        let body = documents::mended(Zeroizing::new(body.to_vec()));
        documents::generated(&body).map(|(token, secret, _)| (token.id, secret.expose().to_owned()))
    };
    let plain = ("at-1".into(), "a.atlasv1.b/c".to_owned());
    let bodies: [&[u8]; 5] = [
        br#"{"data":{"id":"at-1","attributes":{"token":"a.atlasv1.b/c"}}}"#,
        br#"{"data":{"id":"at-1","attributes":{"token":"a.atlasv1.b\/c"}}}"#,
        br#"{"data":{"id":"at-1","attributes":{"token":"a.atlasv1.b/c","token":null}}}"#,
        b"{\"data\":{\"id\":\"at-1\",\"attributes\":{\"token\":\"a.atlasv1.b/c\",\"description\":\"\xff\"}}}",
        b"\xef\xbb\xbf{\"data\":{\"id\":\"at-1\",\"attributes\":{\"token\":\"a.atlasv1.b/c\"}}}",
    ];
    for body in bodies {
        assert_eq!(secret(body), Ok(plain.clone()));
    }
    let nameless = br#"{"data":{"id":{},"attributes":{"token":"a.atlasv1.b/c"}}}"#;
    assert_eq!(secret(nameless), Ok(("unknown".into(), plain.1)));
    for token in ["null", r#""""#, "5", "{}"] {
        let body = format!(r#"{{"data":{{"id":"at-1","attributes":{{"token":{token}}}}}}}"#);
        assert!(secret(body.as_bytes()).is_err(), "{token}");
    }
    let damaged = b"{\"data\":{\"id\":\"at-1\",\"attributes\":{\"token\":\"abc\xffdef\"}}}";
    assert!(secret(damaged).is_err());
}

#[test]
fn what_a_post_says() {
    let at: Timestamp = "2027-01-31T12:00:00.9Z".parse().unwrap();
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(
        json(&documents::order(Some(at))),
        json(
            r#"{"data":{"type":"authentication-tokens","attributes":{"expired-at":"2027-01-31T12:00:00Z"}}}"#
        )
    );
    assert_eq!(
        json(&documents::order(None)),
        json(r#"{"data":{"type":"authentication-tokens","attributes":{}}}"#)
    );
}

#[test]
fn pages_with_and_without_meta() {
    let next = |meta: &str| {
        let body = format!(r#"{{"data":[{{"id":"acme"}},{{"id":"a\u0007b"}},5]{meta}}}"#);
        let page = documents::page(body.as_bytes()).unwrap();
        assert_eq!(page.organizations.len(), 1);
        assert_eq!(page.unusable, 2);
        page.next
    };
    assert_eq!(next(""), Next::Unsaid);
    assert_eq!(next(r#","meta":{}"#), Next::Unsaid);
    assert_eq!(
        next(r#","meta":{"pagination":{"next-page":2}}"#),
        Next::Page(2)
    );
    assert_eq!(
        next(r#","meta":{"pagination":{"next-page":null}}"#),
        Next::End
    );
    let total = r#","meta":{"pagination":{"current-page":1,"total-pages":"#;
    assert_eq!(next(&format!("{total}2}}}}")), Next::Page(2));
    assert_eq!(next(&format!("{total}1}}}}")), Next::End);
    assert!(documents::page(br#"{"errors":[]}"#).is_err());
}

#[test]
fn policies_of_both_kinds() {
    let body = br#"{"data":[{"attributes":{"token-type":"user","max-ttl-ms":1}},
        {"attributes":{"token-type":"organization","max-ttl-ms":86400000.0}},
        {"attributes":{"token-type":"audit_trails","max-ttl-ms":"3600000"}}]}"#;
    let policy = |kind| documents::policy(body, kind).unwrap();
    assert_eq!(
        policy(Kind::Organization),
        Some(Duration::from_secs(86_400))
    );
    assert_eq!(policy(Kind::AuditTrails), Some(Duration::from_secs(3_600)));
    assert_eq!(
        documents::policy(br#"{"data":[]}"#, Kind::Organization),
        Ok(None)
    );
}

#[test]
fn errors_in_every_shape_have_words() {
    for (body, words) in [
        (
            r#"{"errors":[{"status":422,"title":"invalid","detail":"in the past","source":{"pointer":"/data"}}]}"#,
            "invalid: in the past (/data)",
        ),
        (r#"{"errors":["one","two"]}"#, "one; two"),
        (r#"{"errors":"only text"}"#, "only text"),
        (r#"{"errors":[{"status":"404","title":"not found"}]}"#, ""),
        (r#"{"errors":[{"detail":"a\u202eb\u001b[31m"}]}"#, "ab [31m"),
        ("upstream is down\r\n", "upstream is down"),
        (
            "<html><title>Bad\nGateway</title></html>",
            "a web page, “Bad Gateway”",
        ),
        ("<p>", "a web page"),
        ("", ""),
    ] {
        assert_eq!(documents::error_words(body.as_bytes()), words, "{body}");
    }
}

#[test]
fn whose_credential_it_is() {
    // The documented sample has two `links`.
    let account = documents::account(
        br#"{"data":{"id":"user-1","type":"users","attributes":{"username":"olivia"},
        "links":{"self":"/api/v2/users/user-1"},
        "links":{"auth-token":"/api/v2/authentication-tokens/at-7"}}}"#,
    )
    .unwrap();
    assert_eq!(account.own("acme", Some("at-7")), Own::Yes);
    assert_eq!(account.own("acme", Some("at-8")), Own::Unknown);
    assert_eq!(Account::default().own("acme", None), Own::Unknown);

    let by_resource = |kind: &str, id: &str| Account {
        authenticated_resource: Some((kind.into(), id.into())),
        ..Account::default()
    };
    assert_eq!(
        by_resource("organizations", "ACME").own("acme", None),
        Own::Yes
    );
    assert_eq!(
        by_resource("organizations", "other").own("acme", None),
        Own::No
    );
    assert_eq!(by_resource("teams", "team-1").own("acme", None), Own::No);

    let by_name = |username: &str| Account {
        username: Some(username.into()),
        is_service_account: Some(true),
        ..Account::default()
    };
    assert_eq!(
        by_name("api-org-ac-me-kX2lLm3N4p").own("ac-me", None),
        Own::Yes
    );
    assert_eq!(
        by_name("api-org-ac-me-kX2lLm3N4p").own("ac", None),
        Own::Unknown
    );
    assert_eq!(by_name("api-org-kX2lLm3N4p").own("", None), Own::Unknown);
    assert_eq!(by_name("api-org-").own("acme", None), Own::Unknown);
    let person = Account {
        is_service_account: None,
        ..by_name("api-org-acme-kX2lLm3N4p")
    };
    assert_eq!(person.own("acme", None), Own::Unknown);
}

fn client(address: &str) -> Client {
    let options = ClientOptions::new(Host::new("tfe.test"), Url::parse(address).unwrap());
    Client::new(options, Secret::new("owner-credential".into())).unwrap()
}

#[test]
fn a_name_is_one_segment_whatever_it_is() {
    let client = client("https://tfe.test/api/v2");
    let path = |name: &str| {
        let address = client.token_address(name, Kind::Organization).unwrap();
        let url = Url::parse(&address).unwrap();
        // The library must not undo what was encoded.
        assert_eq!(url.as_str(), address);
        let rest = url.path().strip_prefix("/api/v2/organizations/").unwrap();
        rest.strip_suffix("/authentication-token")
            .unwrap()
            .to_owned()
    };
    for (name, segment) in [
        ("acme", "acme"),
        ("a/b", "a%2Fb"),
        ("../admin", "..%2Fadmin"),
        ("a b?c#d", "a%20b%3Fc%23d"),
        ("%2e%2e", "%252e%252e"),
        ("...", "..."),
        ("组", "%E7%BB%84"),
        ("a\r\nHost: evil", "a%0D%0AHost%3A%20evil"),
        ("a\\b", "a%5Cb"),
    ] {
        assert_eq!(path(name), segment);
    }
    for name in ["", ".", "..", &"x".repeat(1_000_000)] {
        let refused = client.token_address(name, Kind::Organization);
        assert_eq!(refused, Err(Problem::BadName));
    }
}

#[test]
fn audit_trails_only_where_proven() {
    let address = |client: &Client| client.token_address("acme", Kind::AuditTrails);
    let named = |client: &Client, name: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("tfp-appname", HeaderValue::from_static(name));
        client.learn(&headers);
    };
    let one = client("https://tfe.test/api/v2/");
    assert_eq!(address(&one), Err(Problem::AuditTrailsUnproven));
    named(&one, "Terraform Enterprise");
    assert_eq!(address(&one), Err(Problem::AuditTrailsUnproven));
    one.note_audit_trails("acme");
    assert_eq!(address(&one), Err(Problem::AuditTrailsUnproven));
    named(&one, "HCP Terraform");
    assert!(
        address(&one)
            .unwrap()
            .ends_with("/authentication-token?token=audit-trails")
    );

    let other = client("https://tfe.test/api/v2/");
    other.note_audit_trails("sandbox");
    assert_eq!(address(&other), Err(Problem::AuditTrailsUnproven));
    other.note_audit_trails("acme");
    assert!(address(&other).is_ok());
}

#[test]
fn addresses_and_credentials_that_are_refused() {
    let new = |address: &str, credential: &str| {
        let options = ClientOptions::new(Host::new("tfe.test"), Url::parse(address).unwrap());
        Client::new(options, Secret::new(credential.into())).map_err(|error| error.to_string())
    };
    for address in [
        "http://127.0.0.1:1/",
        "http://[::1]:1/",
        "http://localhost/a",
        "https://x/",
    ] {
        assert!(new(address, "owner-credential").is_ok(), "{address}");
    }
    for address in [
        "http://tfe.test/",
        "http://127.0.0.1.tfe.test/",
        "ftp://x/",
        "https://u:p@x/",
    ] {
        assert!(new(address, "owner-credential").is_err(), "{address}");
    }
    for credential in ["", "owner\ncredential", "owner\u{0}credential"] {
        let error = new("https://tfe.test/", credential).unwrap_err();
        assert!(error.starts_with("tfe.test: "), "{error}");
        assert!(!error.contains("owner"), "{error}");
    }
}

#[test]
fn the_header_never_shows_the_credential() {
    let header = bearer(&Secret::new("owner-credential".into())).unwrap();
    assert!(header.is_sensitive());
    assert!(!format!("{header:?}").contains("owner"));
    assert_eq!(header.as_bytes(), b"Bearer owner-credential");
}

#[test]
fn an_unknown_issuer_names_the_mend() {
    let problem = Problem::Tls {
        words: "invalid peer certificate: UnknownIssuer".into(),
        fault: TlsFault::UnknownIssuer,
        ca_file: None,
    };
    assert!(problem.to_string().contains("`ca_file`"));
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        Just(Value::from("organizations")),
        Just(Value::from("2026-04-01T08:00:00Z")),
    ];
    let key = prop_oneof![
        "data|id|type|attributes|relationships|links|meta|pagination|next-page|total-pages",
        "token|created-at|created-by|expired-at|name|permissions|errors|source|max-ttl-ms",
        ".*",
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
        fuzzing::documents(&body);
    }

    #[test]
    fn no_json_makes_a_reader_panic(json in any_json(), cut in any::<prop::sample::Index>()) {
        let body = json.to_string().into_bytes();
        fuzzing::documents(&body);
        fuzzing::documents(&body[..cut.index(body.len())]);
    }
}
