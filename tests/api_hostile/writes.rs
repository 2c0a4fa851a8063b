//! Writes: sent once, and sorted without a wrong statement.

use jiff::Timestamp;
use orgward::api::{Client, Damage, Generated, Problem, WriteError};
use orgward::slot::Kind;

use crate::server::{Act, Server, reply};
use crate::{CREDENTIAL, client, impatient, nobody, options, with};

const ORG: Kind = Kind::Organization;
const SECRET: &str = "Xk2.atlasv1.new-secret-0123456789";

fn created(token: &str) -> String {
    format!(
        r#"{{"data":{{"id":"at-2","type":"authentication-tokens","attributes":{{"created-at":"2026-11-24T10:00:00Z","expired-at":"2027-01-31T12:00:00Z","token":{token}}}}}}}"#
    )
}

/// Sends both writes, each to a fresh host that answers so, and gives what
/// became of them. Whatever it was, each was sent exactly once.
async fn both(
    of: fn(u16) -> Client,
    act: impl Fn() -> Act + Clone + Send + 'static,
) -> (Result<Generated, WriteError>, Result<(), WriteError>) {
    let (post_act, delete_act) = (act.clone(), act);
    let post = Server::start(move |_, _| post_act()).await;
    let generated = of(post.port).generate("acme", ORG, None).await;
    let delete = Server::start(move |_, _| delete_act()).await;
    let deleted = of(delete.port).delete("acme", ORG).await;
    for (server, method) in [(post, "POST "), (delete, "DELETE ")] {
        // An impatient client may be gone before it sent anything; all others
        // show by their result that the answer came.
        let requests = server.requests();
        assert!(requests.len() <= 1, "a write is never repeated");
        assert!(requests.iter().all(|request| request.starts_with(method)));
        assert!(server.connections() <= 1);
    }
    (generated, deleted)
}

fn unknown<T: std::fmt::Debug>(result: Result<T, WriteError>, words: &str) {
    match result {
        Err(WriteError::Unknown { why }) => assert!(why.contains(words), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_requests_are_exactly_these() {
    let server = Server::start(|n, _| match n {
        0 | 1 => reply("201 Created", "", created(&format!("\"{SECRET}\""))),
        _ => reply("204 No Content", "", ""),
    })
    .await;
    let client = client(server.port);
    let expires: Timestamp = "2027-01-31T12:00:00.75Z".parse().unwrap();
    let generated = client.generate("ac/me", ORG, Some(expires)).await.unwrap();
    assert_eq!(generated.secret.expose(), SECRET);
    assert_eq!(*generated.token.id, *"at-2");
    assert_eq!(
        generated.token.expires_at.at(),
        "2027-01-31T12:00:00Z".parse().ok()
    );
    client.generate("acme", ORG, None).await.unwrap();
    client.delete("acme", ORG).await.unwrap();

    let port = server.port;
    let agent = concat!("user-agent: orgward/", env!("CARGO_PKG_VERSION"));
    let check = |request: &str, line: &str, body: &str| {
        let (head, sent) = request.split_once("\r\n\r\n").unwrap();
        let mut lines: Vec<_> = head.split("\r\n").map(str::to_owned).collect();
        assert_eq!(lines.remove(0), line);
        lines.sort_unstable();
        let mut expected = vec![
            "accept-encoding: identity".to_owned(),
            "accept: application/vnd.api+json".into(),
            format!("authorization: Bearer {CREDENTIAL}"),
            "content-type: application/vnd.api+json".into(),
            format!("host: 127.0.0.1:{port}"),
            agent.into(),
        ];
        if !body.is_empty() {
            expected.push(format!("content-length: {}", body.len()));
            expected.sort_unstable();
        }
        assert_eq!(lines, expected);
        assert_eq!(sent, body);
    };
    let requests = server.requests();
    let path = "/authentication-token HTTP/1.1";
    check(
        &requests[0],
        &format!("POST /api/v2/organizations/ac%2Fme{path}"),
        r#"{"data":{"attributes":{"expired-at":"2027-01-31T12:00:00Z"},"type":"authentication-tokens"}}"#,
    );
    check(
        &requests[1],
        &format!("POST /api/v2/organizations/acme{path}"),
        r#"{"data":{"attributes":{},"type":"authentication-tokens"}}"#,
    );
    check(
        &requests[2],
        &format!("DELETE /api/v2/organizations/acme{path}"),
        "",
    );
}

#[tokio::test]
async fn read_only_closes_the_door() {
    let server = Server::start(|_, _| reply("204 x", "", "")).await;
    let mut options = options(server.port);
    options.read_only = true;
    let client = with(options);
    for kind in [ORG, Kind::AuditTrails] {
        for error in [
            client.generate("acme", kind, None).await.unwrap_err(),
            client.delete("acme", kind).await.unwrap_err(),
        ] {
            match error {
                WriteError::NotSent(error) => assert_eq!(error.problem, Problem::ReadOnly),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn what_surely_was_not_sent() {
    let server = Server::start(|_, _| reply("204 x", "", "")).await;
    let client_ = client(server.port);
    let unproven = client_.delete("acme", Kind::AuditTrails).await;
    let nameless = client_.delete("..", ORG).await;
    assert_eq!(server.connections(), 0);
    let refused = client(nobody().await).delete("acme", ORG).await;
    for (result, problem) in [
        (unproven, "audit trail"),
        (nameless, "cannot be part of an address"),
        (refused, "cannot connect"),
    ] {
        match result {
            Err(WriteError::NotSent(error)) => {
                assert!(error.to_string().contains(problem), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_refusal_is_one_even_when_its_words_are_cut() {
    let words = r#"{"errors":[{"status":"422","title":"invalid","detail":"beyond the policy"}]}"#;
    let (generated, deleted) = both(client, move || reply("422 x", "", words)).await;
    let refused = WriteError::Refused {
        status: 422,
        words: "the host answered 422 (Unprocessable Entity): invalid: beyond the policy".into(),
    };
    assert_eq!(generated.unwrap_err(), refused);
    assert_eq!(deleted.unwrap_err(), refused);
    for status in ["400", "401", "403", "409", "415"] {
        let cut = format!("HTTP/1.1 {status} x\r\nContent-Length: 500\r\n\r\n");
        let (generated, deleted) = both(client, move || Act::Send(cut.clone().into())).await;
        for error in [generated.unwrap_err(), deleted.unwrap_err()] {
            assert!(
                matches!(error, WriteError::Refused { status: s, .. } if s.to_string() == status)
            );
        }
    }
    // The words that say nothing are not all that is said.
    for (status, title, words) in [
        ("401 Unauthorized", "unauthorized", "sign in on the web"),
        (
            "403 Forbidden",
            "forbidden",
            "credential of the organization's owners",
        ),
    ] {
        let body = format!(
            r#"{{"errors":[{{"status":"{}","title":"{title}"}}]}}"#,
            &status[..3]
        );
        let (generated, deleted) = both(client, move || reply(status, "", &body)).await;
        for error in [generated.unwrap_err(), deleted.unwrap_err()] {
            assert!(error.to_string().contains(words), "{error}");
        }
    }
    let body = r#"{"errors":[{"status":"404","title":"not found"}]}"#;
    let (generated, deleted) = both(client, move || reply("404 Not Found", "", body)).await;
    let words = generated.as_ref().unwrap_err().to_string();
    assert!(
        words.contains("may not change this organization's tokens"),
        "{words}"
    );
    assert!(matches!(
        generated.unwrap_err(),
        WriteError::Refused { status: 404, .. }
    ));
    assert_eq!(deleted.unwrap_err(), WriteError::NotFound);
}

#[tokio::test]
async fn too_many_is_told_and_not_repeated() {
    let (generated, deleted) = both(client, || reply("429 x", "Retry-After: 7\r\n", "")).await;
    for error in [generated.unwrap_err(), deleted.unwrap_err()] {
        assert!(matches!(error, WriteError::TooMany { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn whatever_may_have_reached_the_server_is_unknown() {
    for status in ["500", "502", "503", "504", "408"] {
        let line = format!("{status} x");
        let (generated, deleted) = both(client, move || reply(&line, "", "oops")).await;
        unknown(generated, status);
        unknown(deleted, status);
    }
    let (generated, deleted) = both(client, || Act::Send(vec![])).await;
    unknown(generated, "connection was lost");
    unknown(deleted, "connection was lost");
    let (generated, deleted) = both(client, || Act::Send(b"HTTP/1.1 20".to_vec())).await;
    unknown(generated, "connection was lost");
    unknown(deleted, "connection was lost");
    let (generated, deleted) = both(impatient, || Act::Hang(vec![])).await;
    unknown(generated, "within 0.2 s");
    unknown(deleted, "within 0.2 s");
}

#[tokio::test]
async fn a_redirected_write_goes_nowhere_else() {
    let elsewhere = Server::start(|_, _| reply("204 x", "", "")).await;
    let port = elsewhere.port;
    for status in ["301 x", "303 x", "307 x", "308 x"] {
        let to = format!("Location: http://127.0.0.1:{port}/\r\n");
        let (generated, deleted) = both(client, move || reply(status, &to, "")).await;
        unknown(generated, "redirect");
        unknown(deleted, "redirect");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_201_that_brings_no_secret_is_unknown() {
    let full = created(&format!("\"{SECRET}\""));
    let head = format!(
        "HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n",
        full.len()
    );
    // Within the secret.
    let half = &full[..full.len() - 9];
    let unending = "HTTP/1.1 201 x\r\nConnection: close\r\n\r\n";
    let acts: Vec<(Act, &str)> = vec![
        (reply("201 x", "", created("null")), "no new secret"),
        (reply("201 x", "", created("\"\"")), "no new secret"),
        (reply("201 x", "", created("17")), "no new secret"),
        (reply("201 x", "", r#"{"data":null}"#), "no `data`"),
        (reply("201 x", "", "<html>"), "web page"),
        (reply("204 x", "", ""), "empty"),
        (reply("201 x", "", half), "no valid JSON"),
        (
            Act::Send(format!("{head}{half}").into()),
            "connection was lost",
        ),
        (
            Act::Flood(unending.into(), vec![b' '; 1 << 20], 60),
            "larger than",
        ),
    ];
    for (act, words) in acts {
        let mut act = Some(act);
        let server = Server::start(move |_, _| act.take().unwrap()).await;
        let result = client(server.port).generate("acme", ORG, None).await;
        if let Err(error) = &result {
            assert!(!error.to_string().contains("new-secret"), "{error}");
        }
        unknown(result, words);
    }
    let dripping = format!("{head}{half}");
    let server = Server::start(move |_, _| Act::Hang(dripping.clone().into())).await;
    let result = impatient(server.port).generate("acme", ORG, None).await;
    unknown(result, "within 0.2 s");
}

#[tokio::test]
async fn a_201_that_is_cut_behind_the_secret_still_brings_it() {
    let full = created(&format!("\"{SECRET}\""));
    let head = format!(
        "HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n",
        full.len()
    );
    let part = full[..full.len() - 2].to_owned();
    let endless = format!("HTTP/1.1 201 x\r\nConnection: close\r\n\r\n{part},\"x\":\"");
    let kept = |result: Result<Generated, WriteError>| {
        let generated = result.unwrap();
        assert_eq!(generated.secret.expose(), SECRET);
        assert_eq!(*generated.token.id, *"at-2");
        assert!(generated.token.expires_at.at().is_some());
        assert_eq!(generated.damage, Some(Damage::Cut));
    };
    for act in [
        reply("201 x", "", &part),
        Act::Send(format!("{head}{part}").into()),
        Act::Flood(endless.into(), vec![b' '; 1 << 20], 60),
    ] {
        let mut act = Some(act);
        let server = Server::start(move |_, _| act.take().unwrap()).await;
        kept(client(server.port).generate("acme", ORG, None).await);
        assert_eq!(server.requests().len(), 1);
    }
    for act in [Act::Hang, Act::Drip] {
        let bytes = format!("{head}{part}");
        let server = Server::start(move |_, _| act(bytes.clone().into())).await;
        let mut options = options(server.port);
        options.limits.write = std::time::Duration::from_secs(2);
        kept(with(options).generate("acme", ORG, None).await);
    }
}

#[tokio::test]
async fn any_success_with_a_secret_is_one() {
    for status in ["200 OK", "202 Accepted"] {
        let body = created(&format!("\"{SECRET}\""));
        let answer = move |_: usize, _: &str| reply(status, "Content-Type: text/plain\r\n", &body);
        let server = Server::start(answer).await;
        let generated = client(server.port)
            .generate("acme", ORG, None)
            .await
            .unwrap();
        assert_eq!(generated.secret.expose(), SECRET);
        assert!(!format!("{generated:?}").contains("new-secret"));
    }
    // A deletion is done by its status, whatever comes after it.
    let hanging = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
    let server = Server::start(move |_, _| Act::Hang(hanging.into())).await;
    client(server.port).delete("acme", ORG).await.unwrap();
}

#[tokio::test]
async fn no_connection_is_kept_after_a_secret_passed_it() {
    let body = created(&format!("\"{SECRET}\""));
    let length = body.len();
    let answer = format!("HTTP/1.1 201 Created\r\nContent-Length: {length}\r\n\r\n{body}");
    let server = Server::start(move |_, _| Act::Keep(answer.clone().into())).await;
    let client = client(server.port);
    let generated = client.generate("acme", ORG, None).await.unwrap();
    server.left().await;
    client.who_is(&generated.secret).await.unwrap();
    server.left().await;
}

/// The process was stopped, or the machine slept: its time is over before it
/// looks at the socket again, and the only copy of the secret lies there.
#[tokio::test]
async fn an_answer_that_came_while_nobody_looked_is_taken() {
    use std::io::{Read, Write};
    use std::sync::mpsc::channel;
    use std::time::{Duration, Instant};

    const PATIENCE: Duration = Duration::from_secs(3);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, is_asked) = channel();
    let (asleep, is_asleep) = channel::<()>();
    let (answered, is_answered) = channel();
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"}}") {
            let mut piece = [0; 512];
            let read = socket.read(&mut piece).unwrap();
            request.extend_from_slice(&piece[..read]);
        }
        asked.send(()).unwrap();
        is_asleep.recv().unwrap();
        let Act::Send(bytes) = reply("201 Created", "", created(&format!("\"{SECRET}\""))) else {
            unreachable!("a reply is sent");
        };
        socket.write_all(&bytes).unwrap();
        answered.send(()).unwrap();
        // Until the client has gone.
        let _ = socket.read(&mut [0]);
    });
    let mut options = options(port);
    options.limits.write = PATIENCE;
    let client = with(options);
    let sleep = async {
        while is_asked.try_recv().is_err() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // The whole runtime sleeps: this is its only thread.
        let over = Instant::now() + PATIENCE + Duration::from_millis(100);
        asleep.send(()).unwrap();
        is_answered.recv().unwrap();
        std::thread::sleep(over - Instant::now());
    };
    let (generated, ()) = tokio::join!(client.generate("acme", ORG, None), sleep);
    assert_eq!(generated.unwrap().secret.expose(), SECRET);
}
