//! Each fault does what it says.

use std::time::Duration;

use orgward::demo::{Answer, Fault, FaultRule, Gate, Reply, Wait};
use orgward::slot::Kind;
use reqwest::Method;
use serde_json::{Value, json};

use crate::asker::{Asker, TOKEN, attribute};

#[tokio::test]
async fn instead_of_acting_it_answers_what_it_is_told() {
    let ask = Asker::new().await;
    let before = ask.host.holds("acme", Kind::Organization);
    for (answer, status, body) in [
        (Answer::html(502, "Bad Gateway"), 502, "Bad Gateway"),
        (Answer::empty(200), 200, ""),
        (Answer::new(201, "text/plain", "not json"), 201, "not json"),
    ] {
        ask.fault("POST", Fault::Instead(Reply::Answer(answer)));
        let got = ask
            .try_send(Method::POST, TOKEN, &ask.host.credential(), None)
            .await
            .unwrap();
        assert_eq!(got.status(), status);
        assert!(got.text().await.unwrap().contains(body));
    }
    ask.fault(
        "DELETE",
        Fault::Instead(Reply::Answer(Answer::redirect(307, "http://127.0.0.1:9/"))),
    );
    let got = ask
        .try_send(Method::DELETE, TOKEN, &ask.host.credential(), None)
        .await
        .unwrap();
    assert_eq!(
        (got.status().as_u16(), &got.headers()["location"]),
        (307, &"http://127.0.0.1:9/".parse().unwrap())
    );
    ask.fault("DELETE", Fault::Instead(Reply::Close));
    let lost = ask
        .try_send(Method::DELETE, TOKEN, &ask.host.credential(), None)
        .await;
    assert!(lost.unwrap_err().is_request());
    assert_eq!(ask.host.requests().last().unwrap().status, None);
    assert_eq!(ask.host.holds("acme", Kind::Organization), before);
    assert_eq!(ask.delete(TOKEN).await.0, 204, "a fault meets one request");
}

#[tokio::test]
async fn after_acting_the_answer_is_lost_cut_or_changed() {
    let ask = Asker::new().await;
    let credential = ask.host.credential();
    let post = || {
        let body = json!({"data": {"type": "authentication-tokens"}});
        ask.try_send(Method::POST, TOKEN, &credential, Some(body))
    };
    let mut id = ask.host.holds("acme", Kind::Organization).unwrap().id;
    let mut acted = || {
        let now = ask.host.holds("acme", Kind::Organization).unwrap().id;
        let changed = now != id;
        id = now;
        changed
    };

    ask.fault("POST", Fault::Acted(Reply::Close));
    assert!(post().await.unwrap_err().is_request());
    assert!(acted());

    for bytes in [0, 1, 40] {
        ask.fault("POST", Fault::Acted(Reply::Truncated(bytes)));
        let mut cut = post().await.unwrap();
        assert_eq!(cut.status(), 201);
        assert!(cut.content_length().unwrap() > 100);
        let mut got = 0;
        let error = loop {
            match cut.chunk().await {
                Ok(Some(piece)) => got += piece.len(),
                Ok(None) => panic!("the body seemed whole"),
                Err(error) => break error,
            }
        };
        assert_eq!(got, bytes);
        assert!(error.is_body() || error.is_decode(), "{error:?}");
        assert!(acted());
    }

    ask.fault("POST", Fault::Acted(Reply::without_token()));
    let answer: Value = serde_json::from_str(&post().await.unwrap().text().await.unwrap()).unwrap();
    assert!(acted());
    assert!(attribute(&answer, "token").is_null());
    assert!(answer["data"]["id"].is_string());

    ask.fault(
        "POST",
        Fault::Acted(Reply::Answer(Answer::html(504, "Gateway Time-out"))),
    );
    assert_eq!(post().await.unwrap().status(), 504);
    assert!(acted());

    ask.fault(
        "POST",
        Fault::Acted(Reply::edited(|answer| {
            answer.headers = vec![("content-type".into(), "text/html".into())];
        })),
    );
    let changed = post().await.unwrap();
    assert_eq!(changed.headers()["content-type"], "text/html");
    assert!(acted());
}

#[tokio::test]
async fn gates_hold_a_request_before_and_after_the_act() {
    let ask = Asker::new().await;
    for (before, fault) in [
        (true, Fault::WaitThenAct as fn(Wait) -> Fault),
        (false, Fault::ActThenWait as fn(Wait) -> Fault),
    ] {
        let old = ask.host.holds("acme", Kind::Organization).unwrap().id;
        let gate = Gate::new();
        ask.fault("POST", fault(Wait::Gate(gate.clone())));
        let look = async {
            gate.reached(1).await;
            let unchanged = ask.host.holds("acme", Kind::Organization).unwrap().id == old;
            assert_eq!(unchanged, before);
            gate.open();
        };
        let ((status, _), ()) = tokio::join!(ask.post(TOKEN, json!({})), look);
        assert_eq!(status, 201);
        assert_ne!(ask.host.holds("acme", Kind::Organization).unwrap().id, old);
    }
}

#[tokio::test]
async fn a_slow_host_acts_even_when_its_client_has_gone() {
    let ask = Asker::new().await;
    let old = ask.host.holds("acme", Kind::Organization).unwrap().id;
    let gate = Gate::new();
    ask.fault("POST", Fault::WaitThenAct(Wait::Gate(gate.clone())));
    let done = Gate::new();
    ask.host.after_each({
        let done = done.clone();
        move |_, _| done.open()
    });
    tokio::select! {
        _ = ask.post(TOKEN, json!({})) => panic!("the gate is closed"),
        () = gate.reached(1) => {}
    }
    assert_eq!(ask.host.holds("acme", Kind::Organization).unwrap().id, old);
    gate.open();
    done.opened().await;
    assert_ne!(ask.host.holds("acme", Kind::Organization).unwrap().id, old);
}

#[tokio::test]
async fn endless_and_huge_bodies_keep_coming() {
    let ask = Asker::new().await;
    for pace in [Duration::ZERO, Duration::from_millis(1)] {
        ask.fault("GET", Fault::Instead(Reply::Endless(b"[".to_vec(), pace)));
        let mut endless = ask
            .try_send(Method::GET, TOKEN, &ask.host.credential(), None)
            .await
            .unwrap();
        assert_eq!(endless.content_length(), None);
        let mut got = 0;
        while got < 20 {
            got += endless.chunk().await.unwrap().unwrap().len();
        }
    }
    ask.fault("GET", Fault::Instead(Reply::Huge(3_000_001)));
    let huge = ask
        .try_send(Method::GET, TOKEN, &ask.host.credential(), None)
        .await
        .unwrap();
    let text = huge.text().await.unwrap();
    assert_eq!(text.len(), 3_000_001);
    assert!(serde_json::from_str::<Value>(&text).unwrap()["data"].is_string());
}

#[tokio::test]
async fn a_host_that_hangs_never_answers_and_still_stops() {
    let ask = Asker::new().await;
    ask.fault("GET", Fault::WaitThenAct(Wait::Forever));
    let Asker { host, client, .. } = ask;
    let url = format!("{}{TOKEN}", host.address());
    let request = tokio::spawn(client.get(url).send());
    while host.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(!request.is_finished());
    drop(host);
    assert!(request.await.unwrap().is_err());
}

#[tokio::test]
async fn a_rule_chooses_its_requests() {
    let ask = Asker::new().await;
    let teapot = || Fault::Instead(Reply::Answer(Answer::empty(418)));
    ask.host.set_faults(vec![
        FaultRule::on("GET", "organizations/acme/authentication-token?", teapot())
            .after(1)
            .times(2),
    ]);
    ask.host
        .add_fault(FaultRule::on("", "empty", teapot()).always());
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(ask.get(TOKEN).await.0);
    }
    assert_eq!(statuses, [200, 418, 418, 200]);
    for _ in 0..3 {
        assert_eq!(ask.get("organizations/empty").await.0, 418);
    }
    assert_eq!(ask.delete(TOKEN).await.0, 204);
}
