//! Reads: one odd answer is one odd row, with words for people.

use std::io::Write;
use std::time::Duration;

use orgward::api::{OrganizationDoc, Problem, TokenAnswer, Urgency};
use orgward::secret::Secret;
use orgward::slot::{Found, Kind, Reading};

use crate::server::{Act, Server, reply};
use crate::{CREDENTIAL, TOKEN, client, impatient, nobody, options, with};

const OK: &str = "200 OK";
const ORG: Kind = Kind::Organization;
const OWNER: Urgency = Urgency::Owner;

fn is_about_the_organization(request: &str) -> bool {
    request.starts_with("GET /api/v2/organizations/acme HTTP/1.1\r\n")
}

/// Reads a slot whose token answers so.
async fn look(act: impl Fn() -> Act + Send + 'static) -> Reading {
    let server = Server::start(move |_, _| act()).await;
    client(server.port).read_slot("acme", ORG, OWNER).await
}

fn failed(reading: &Reading, words: &str) {
    assert_eq!(reading.found, Found::Failed, "{reading:?}");
    let note = reading.note.as_deref().unwrap();
    assert!(note.contains(words), "{note}");
    assert!(!note.contains('\n') && !note.contains(CREDENTIAL), "{note}");
}

#[tokio::test]
async fn the_request_is_exactly_this() {
    let server = Server::start(|_, _| reply(OK, "", TOKEN)).await;
    let reading = client(server.port).read_slot("acme", ORG, OWNER).await;
    assert_eq!(*reading.token().unwrap().id, *"at-1");
    let requests = server.requests();
    assert_eq!(
        requests.len(),
        1,
        "no second request where the first says all"
    );
    let port = server.port;
    let mut lines: Vec<_> = requests[0].trim_end().split("\r\n").collect();
    assert_eq!(
        lines.remove(0),
        "GET /api/v2/organizations/acme/authentication-token HTTP/1.1"
    );
    lines.sort_unstable();
    let host = format!("host: 127.0.0.1:{port}");
    let agent = concat!("user-agent: orgward/", env!("CARGO_PKG_VERSION"));
    let credential = format!("authorization: Bearer {CREDENTIAL}");
    let accept = "accept: application/vnd.api+json";
    assert_eq!(
        lines,
        ["accept-encoding: gzip", accept, &credential, &host, agent]
    );
}

#[tokio::test]
async fn a_name_arrives_as_one_segment() {
    let server = Server::start(|_, _| reply(OK, "", TOKEN)).await;
    let client = client(server.port);
    for (name, segment) in [
        ("a/b", "a%2Fb"),
        ("../../admin", "..%2F..%2Fadmin"),
        ("two words", "two%20words"),
        ("组织", "%E7%BB%84%E7%BB%87"),
    ] {
        client.read_token(name, ORG, OWNER).await.unwrap();
        let line = format!("GET /api/v2/organizations/{segment}/authentication-token HTTP/1.1\r\n");
        let last = server.requests().pop().unwrap();
        assert!(last.starts_with(&line), "{last}");
    }
    let before = server.connections();
    for name in ["..", ".", ""] {
        let error = client.read_token(name, ORG, OWNER).await.unwrap_err();
        assert_eq!(error.problem, Problem::BadName);
    }
    assert_eq!(server.connections(), before);
}

#[tokio::test]
async fn answers_that_are_none() {
    failed(
        &look(|| reply(OK, "", "<html>sign in</html>")).await,
        "web page",
    );
    failed(&look(|| reply(OK, "", "")).await, "empty");
    failed(&look(|| reply("204 No Content", "", "")).await, "empty");
    failed(&look(|| reply(OK, "", "[1,2]")).await, "`data`");
    failed(
        &look(|| reply(OK, "", r#"{"data":"no"}"#)).await,
        "no document",
    );
    failed(&look(|| reply(OK, "", &TOKEN[..60])).await, "JSON");
    let deep = format!(r#"{{"data":{}"#, "[".repeat(200_000));
    failed(&look(move || reply(OK, "", &deep)).await, "recursion");
    failed(&look(|| Act::Send(vec![])).await, "connection was lost");
    failed(
        &look(|| Act::Send(b"what?\r\n\r\n".to_vec())).await,
        "connection was lost",
    );
    let half = || {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", TOKEN.len());
        Act::Send((head + &TOKEN[..60]).into_bytes())
    };
    failed(&look(half).await, "connection was lost");
}

#[tokio::test]
async fn odd_answers_that_are_good_enough() {
    let html = || reply(OK, "Content-Type: text/html\r\nSet-Cookie: a=b\r\n", TOKEN);
    assert!(look(html).await.token().is_some());
    let doubled = r#"{"data":{"id":"at-0","id":"at-1","attributes":{},"attributes":5}}"#;
    let reading = look(move || reply("203 x", "", doubled)).await;
    assert_eq!(*reading.token().unwrap().id, *"at-1");
    let invalid = b"{\"data\":{\"id\":\"at-1\",\"attributes\":{\"description\":\"\xff\xfe\"}}}";
    assert!(look(move || reply(OK, "", invalid)).await.token().is_some());
}

#[tokio::test]
async fn cookies_are_not_kept() {
    let server = Server::start(|_, _| reply(OK, "Set-Cookie: a=b; Path=/\r\n", TOKEN)).await;
    let client = client(server.port);
    for _ in 0..2 {
        client.read_token("acme", ORG, OWNER).await.unwrap();
    }
    assert!(
        server
            .requests()
            .iter()
            .all(|request| !request.contains("cookie"))
    );
}

#[tokio::test]
async fn too_much_is_not_read_to_its_end() {
    let sixty = || {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 62914560\r\n\r\n".to_vec();
        Act::Flood(head, vec![b' '; 1 << 20], 60)
    };
    failed(&look(sixty).await, "larger than");
    // One without an end: whoever reads on never says this.
    let unsaid = || {
        let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
        Act::Flood(head, vec![b' '; 1 << 20], usize::MAX)
    };
    failed(&look(unsaid).await, "larger than");
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        packer.write_all(&[b' '; 1 << 20]).unwrap();
    }
    let bomb = packer.finish().unwrap();
    assert!(bomb.len() < 1 << 20);
    failed(
        &look(move || reply(OK, "Content-Encoding: gzip\r\n", &bomb)).await,
        "larger than",
    );
}

#[tokio::test]
async fn a_compressed_answer_is_read() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(TOKEN.as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    let reading = look(move || reply(OK, "Content-Encoding: gzip\r\n", &packed)).await;
    assert!(reading.token().is_some());
}

#[tokio::test]
async fn a_host_that_never_finishes() {
    let started = b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n{".to_vec();
    for act in [
        Act::Hang(vec![]),
        Act::Hang(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Act::Hang(started.clone()),
        Act::Drip(started),
    ] {
        let mut act = Some(act);
        let server = Server::start(move |_, _| act.take().unwrap()).await;
        let reading = impatient(server.port).read_slot("acme", ORG, OWNER).await;
        failed(&reading, "no complete answer within 0.2 s");
    }
}

#[tokio::test]
async fn nobody_is_there() {
    let client = client(nobody().await);
    let error = client.read_token("acme", ORG, OWNER).await.unwrap_err();
    assert!(matches!(error.problem, Problem::Connect(_)), "{error:?}");
    let text = error.to_string();
    assert!(
        text.starts_with("acme on tfe.test: cannot connect"),
        "{text}"
    );
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let elsewhere = Server::start(|_, _| reply(OK, "", TOKEN)).await;
    let port = elsewhere.port;
    for status in ["301 x", "302 x", "303 x", "307 x", "308 x"] {
        let to = format!("Location: http://127.0.0.1:{port}/api/v2/x?secret=1\r\n");
        let reading = look(move || reply(status, &to, "")).await;
        failed(&reading, &format!("http://127.0.0.1:{port}/api/v2/x,"));
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn the_404s_are_told_apart() {
    async fn pair(token: &'static str, organization: impl Fn() -> Act + Send + 'static) -> Reading {
        let server = Server::start(move |_, request| {
            if is_about_the_organization(request) {
                organization()
            } else if token.is_empty() {
                reply("404 Not Found", "", "")
            } else {
                reply(OK, "", token)
            }
        })
        .await;
        let reading = client(server.port).read_slot("acme", ORG, OWNER).await;
        assert_eq!(server.requests().len(), 2);
        reading
    }
    fn doc(permissions: &str) -> Act {
        let attributes = format!(r#"{{"name":"acme","permissions":{permissions}}}"#);
        reply(
            OK,
            "",
            format!(r#"{{"data":{{"attributes":{attributes}}}}}"#),
        )
    }
    let yes = || doc(r#"{"can-update-api-token":true}"#);
    for token in ["", r#"{"data":null}"#] {
        assert_eq!(pair(token, yes).await.found, Found::None);
        let gone = pair(token, || reply("404 Not Found", "", "")).await;
        assert_eq!(gone.found, Found::NotVisible);
        assert!(
            gone.note
                .unwrap()
                .contains("check its name, or use an owner's credential")
        );
        for other in ["null", "{}", "[]", r#"{"can-update-api-token":false}"#] {
            let reading = pair(token, move || doc(other)).await;
            assert_eq!(reading.found, Found::Unclear);
            assert!(
                reading
                    .note
                    .unwrap()
                    .starts_with("404: no token yet, or you may not")
            );
        }
        for (attribute, words) in [
            (
                r#""user-tokens-enabled":false"#,
                "accepts no user tokens: use the owners team's token as credential",
            ),
            (
                r#""collaborator-auth-policy":"two_factor_mandatory""#,
                "asks for two-factor authentication: turn it on for your account",
            ),
        ] {
            let body = format!(r#"{{"data":{{"attributes":{{"name":"acme",{attribute}}}}}}}"#);
            let reading = pair(token, move || reply(OK, "", &body)).await;
            assert_eq!(reading.found, Found::Unclear);
            let note = reading.note.unwrap();
            assert!(note.contains(words), "{note}");
        }
        let refused = pair(token, || reply("403 x", "", "policy")).await;
        assert_eq!(refused.found, Found::Unclear);
        assert!(refused.note.unwrap().contains("policy"));
        let expired = pair(token, || reply("401 x", "", "")).await;
        assert_eq!(expired.found, Found::Unauthorized);
    }
}

#[tokio::test]
async fn refusals_have_words() {
    let server = Server::start(|n, _| match n {
        0 => reply(
            "401 Unauthorized",
            "",
            r#"{"errors":[{"title":"unauthorized"}]}"#,
        ),
        1 => reply(OK, "", TOKEN),
        2 => reply("401 Unauthorized", "", "session\u{1b}[2J ended"),
        _ => reply("403 Forbidden", "", r#"{"errors":["not today"]}"#),
    })
    .await;
    let client = client(server.port);
    let mut readings = Vec::new();
    for _ in 0..4 {
        readings.push(client.read_slot("acme", ORG, OWNER).await);
    }
    let note = |n: usize| readings[n].note.as_deref().unwrap();
    assert_eq!(readings[0].found, Found::Unauthorized);
    assert!(note(0).starts_with("the host does not accept the credential (401); it is missing"));
    assert_eq!(readings[2].found, Found::Unauthorized);
    assert!(
        note(2).contains("session [2J ended; it worked before"),
        "{}",
        note(2)
    );
    assert_eq!(readings[3].found, Found::NoAccess);
    assert_eq!(
        note(3),
        "the host refused (403): not today; use a credential of the organization's owners"
    );
}

#[tokio::test]
async fn an_answer_that_repeats_the_credential_is_cleaned() {
    let server = Server::start(|_, request| reply("403 x", "", request)).await;
    let reading = client(server.port).read_slot("acme", ORG, OWNER).await;
    let note = reading.note.unwrap();
    assert!(
        note.contains("[secret]") && !note.contains(&CREDENTIAL[..12]),
        "{note}"
    );
}

#[tokio::test]
async fn a_429_waits_and_reads_again() {
    let forms = [
        "X-RateLimit-Reset: 0.199\r\n",
        "Retry-After: 2.5\r\n",
        "Retry-After: Tue, 24 Nov 2099 10:00:00 GMT\r\n",
        "X-RateLimit-Reset: nonsense\r\nRetry-After: soon\r\n",
        "",
    ];
    let server = Server::start(move |n, _| match forms.get(n) {
        Some(form) => reply("429 Too Many Requests", form, ""),
        None => reply(OK, "", TOKEN),
    })
    .await;
    let reading = client(server.port).read_slot("acme", ORG, OWNER).await;
    assert!(reading.token().is_some());
    assert_eq!(server.requests().len(), forms.len() + 1);

    let server = Server::start(|_, _| reply("429 x", "", "")).await;
    let reading = client(server.port).read_slot("acme", ORG, OWNER).await;
    failed(&reading, "429");
    assert_eq!(server.requests().len(), 9, "bounded");
}

#[tokio::test]
async fn lost_and_failed_answers_are_asked_for_again_but_not_for_ever() {
    let server = Server::start(|n, _| match n {
        0 => reply("502 Bad Gateway", "", "<html>"),
        1 => Act::Send(vec![]),
        _ => reply(OK, "", TOKEN),
    })
    .await;
    assert!(
        client(server.port)
            .read_slot("acme", ORG, OWNER)
            .await
            .token()
            .is_some()
    );
    let server = Server::start(|_, _| reply("503 x", "", "busy")).await;
    let reading = client(server.port).read_slot("acme", ORG, OWNER).await;
    failed(
        &reading,
        "the host answered 503 (Service Unavailable): busy",
    );
    assert_eq!(server.requests().len(), 3);
    let server = Server::start(|_, _| reply("418 x", "", "")).await;
    failed(
        &client(server.port).read_slot("acme", ORG, OWNER).await,
        "418",
    );
    assert_eq!(server.requests().len(), 1, "a 4xx stays one");
}

#[tokio::test]
async fn listings_end() {
    fn page(names: std::ops::Range<usize>, meta: &str) -> Act {
        let list: Vec<_> = names.map(|n| format!(r#"{{"id":"org{n}"}}"#)).collect();
        reply(OK, "", format!(r#"{{"data":[{}]{meta}}}"#, list.join(",")))
    }
    // By `meta`.
    let server = Server::start(|n, _| match n {
        0 => page(0..100, r#","meta":{"pagination":{"next-page":2}}"#),
        _ => page(99..150, r#","meta":{"pagination":{"next-page":null}}"#),
    })
    .await;
    let mut told = Vec::new();
    let client_ = client(server.port);
    let listing = client_
        .organizations(Urgency::Background, |page| told.push(page.len()))
        .await
        .unwrap();
    assert_eq!((listing.organizations, listing.complete), (150, true));
    assert_eq!(told, [100, 50]);
    let line = "GET /api/v2/organizations?page%5Bnumber%5D=2&page%5Bsize%5D=100 HTTP/1.1\r\n";
    assert!(server.requests()[1].starts_with(line));

    // Without: until a page brings nothing new, also from a server that
    // ignores the parameters.
    for pages in [3, 1] {
        let server = Server::start(move |n, _| {
            let n = n.min(pages - 1);
            page(n * 20..(n + 1) * 20, "")
        })
        .await;
        let listing = client(server.port)
            .organizations(OWNER, |_| {})
            .await
            .unwrap();
        assert_eq!(
            (listing.organizations, listing.complete),
            (pages * 20, true)
        );
        assert_eq!(server.requests().len(), pages + 1);
    }

    // In circles, and onwards for ever with nothing new.
    for next in [|_| 1, |n| n + 2] {
        let server = Server::start(move |n, _| {
            let next: usize = next(n);
            page(
                0..5,
                &format!(r#","meta":{{"pagination":{{"next-page":{next}}}}}"#),
            )
        })
        .await;
        let listing = client(server.port)
            .organizations(OWNER, |_| {})
            .await
            .unwrap();
        assert_eq!((listing.organizations, listing.complete), (5, false));
        assert!(server.requests().len() <= 4);
    }
}

#[tokio::test]
async fn facts_of_a_host_and_its_clock() {
    let headers = "TFP-AppName: HCP Terraform\r\nTFP-API-Version: 2.6\r\nX-TFE-Version: v1\u{1b}[2J\r\n\
                   X-RateLimit-Limit: 30\r\nDate: Tue, 24 Nov 2099 10:00:00 GMT\r\n";
    let headers = headers.replace('\u{1b}', "");
    let server = Server::start(move |_, _| reply(OK, &headers, TOKEN)).await;
    let client = client(server.port);
    assert_eq!(client.server_now(), None);
    client.read_token("acme", ORG, OWNER).await.unwrap();
    let facts = client.facts();
    assert_eq!(facts.app_name.as_deref(), Some("HCP Terraform"));
    assert_eq!(facts.api_version.as_deref(), Some("2.6"));
    assert_eq!((facts.limit, facts.is_hcp), (Some(30.0), true));
    assert!(
        client
            .server_now()
            .unwrap()
            .to_string()
            .starts_with("2099-11-24T10:")
    );
}

#[tokio::test]
async fn a_policy_that_may_not_be_seen_is_none() {
    for status in ["403 Forbidden", "404 Not Found"] {
        let server = Server::start(move |_, _| reply(status, "", "")).await;
        let policy = client(server.port).policy("acme", ORG, OWNER).await;
        assert_eq!(policy, Ok(None));
    }
}

#[tokio::test]
async fn a_secret_is_tested_with_itself_and_the_credential_can_change() {
    let server = Server::start(|_, request| {
        if request.contains("/account/details ") {
            let attributes = r#"{"username":"api-org-acme-kX2lLm3N4p"}"#;
            reply(
                OK,
                "",
                format!(r#"{{"data":{{"id":"u","attributes":{attributes}}}}}"#),
            )
        } else {
            reply(OK, "", TOKEN)
        }
    })
    .await;
    let client = client(server.port);
    let secret = Secret::new("brand-new-secret-987654".into());
    let account = client.who_is(&secret).await.unwrap();
    assert_eq!(account.username.as_deref(), Some("api-org-acme-kX2lLm3N4p"));
    client.replace_credential(secret).unwrap();
    client.read_token("acme", ORG, OWNER).await.unwrap();
    for request in server.requests() {
        assert!(request.contains("authorization: Bearer brand-new-secret-987654\r\n"));
        assert!(!request.contains(CREDENTIAL));
    }
}

#[tokio::test]
async fn no_connection_is_kept_that_carried_a_credential_that_was_replaced() {
    let length = TOKEN.len();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{TOKEN}");
    let server = Server::start(move |_, _| Act::Keep(answer.clone().into())).await;
    let client = client(server.port);
    client.read_token("acme", ORG, OWNER).await.unwrap();
    let secret = Secret::new("brand-new-secret-987654".into());
    client.replace_credential(secret).unwrap();
    server.left().await;
}

#[tokio::test]
async fn audit_trails_are_asked_for_only_where_proven() {
    let server = Server::start(|_, request| {
        let name = if request.contains("/organizations/hcp") {
            "TFP-AppName: HCP Terraform\r\n"
        } else {
            ""
        };
        reply(OK, name, TOKEN)
    })
    .await;
    let client = client(server.port);
    client.read_token("acme", ORG, OWNER).await.unwrap();
    let error = client
        .read_token("acme", Kind::AuditTrails, OWNER)
        .await
        .unwrap_err();
    assert_eq!(error.problem, Problem::AuditTrailsUnproven);
    assert_eq!(server.requests().len(), 1);
    client.read_token("hcp", ORG, OWNER).await.unwrap();
    let answer = client
        .read_token("acme", Kind::AuditTrails, OWNER)
        .await
        .unwrap();
    assert!(matches!(answer, TokenAnswer::Token(_)));
    let last = server.requests().pop().unwrap();
    assert!(last.starts_with(
        "GET /api/v2/organizations/acme/authentication-token?token=audit-trails HTTP/1.1\r\n"
    ));
}

#[tokio::test]
async fn a_read_waits_for_its_turn_only_as_long_as_told() {
    let server = Server::start(|_, _| reply("429 x", "X-RateLimit-Reset: 30\r\n", "")).await;
    let mut options = options(server.port);
    options.limits.longest_wait = Duration::from_secs(60);
    let client = with(options);
    let read = client.read_slot("acme", ORG, OWNER);
    let given_up = tokio::select! {
        _ = read => false,
        () = async { while client.waiting().pause.is_none() { tokio::task::yield_now().await } } => true,
    };
    assert!(given_up, "the owner can leave while the host wants silence");
    assert!(client.waiting().pause.unwrap() > Duration::from_secs(20));
    assert_eq!(client.waiting().requests, 0);
}

/// One entry spoils itself: the row, the listing and the memory stay small.
#[tokio::test]
async fn names_of_a_megabyte() {
    let long = "x\u{301}".repeat(100_000);
    let token = format!(
        r#"{{"data":{{"id":"at-1","attributes":{{"description":"{long}","created-at":"{long}"}},
        "relationships":{{"created-by":{{"data":{{"id":"{long}","type":"users"}}}}}}}}}}"#
    );
    let reading = look(move || reply(OK, "", &token)).await;
    let token = reading.token().unwrap();
    let told = format!("{reading:?}");
    assert!(told.len() < 20_000, "{} bytes", told.len());
    assert_eq!((&*token.id, token.created_at), ("at-1", None));

    let long = long.repeat(4);
    let many = format!(
        r#"{{"data":[{{"id":"{long}"}},{{"id":"acme"}}],"meta":{{"pagination":{{"next-page":null}}}}}}"#
    );
    let server = Server::start(move |_, _| reply(OK, "", &many)).await;
    let client = client(server.port);
    let mut names = Vec::new();
    let take = |page: Vec<OrganizationDoc>| names.extend(page.into_iter().map(|one| one.name));
    client.organizations(OWNER, take).await.unwrap();
    assert_eq!(names, ["acme".into()]);
}
