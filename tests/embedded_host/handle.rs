//! What a test does by the handle.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use orgward::demo::{EmbeddedHost, HostHandle, HostOptions};
use orgward::slot::Kind;
use serde_json::json;

use crate::asker::{Asker, MEDIA, TOKEN, client};

#[tokio::test]
async fn the_host_remembers_requests_without_credentials() {
    let ask = Asker::new().await;
    ask.get("organizations?q=a%20b").await;
    ask.post(TOKEN, json!({})).await;
    let requests = ask.host.requests();
    assert_eq!(
        (requests[0].path.as_str(), requests[0].query.as_str()),
        ("/api/v2/organizations", "q=a%20b")
    );
    assert_eq!(requests[1].method, "POST");
    assert_eq!(requests[1].status, Some(201));
    assert_eq!(requests[1].header("content-type"), Some(MEDIA));
    assert!(requests[1].carried_credential);
    assert!(!format!("{requests:?}").contains(ask.host.credential().expose()));
    ask.host.forget_requests();
    ask.get(TOKEN).await;
    let requests = ask.host.requests();
    assert_eq!((requests.len(), requests[0].status), (1, Some(200)));
}

#[tokio::test]
async fn another_owner_and_hooks_change_a_slot_within_a_request() {
    let ask = Asker::new().await;
    let old = ask.host.holds("acme", Kind::Organization).unwrap();
    let secret = ask
        .host
        .replace_as_other("acme", Kind::Organization)
        .unwrap();
    assert!(ask.host.accepts(secret.expose(), "acme"));
    let new = ask.host.holds("acme", Kind::Organization).unwrap();
    assert_ne!(new.id, old.id);

    let order = Arc::new(Mutex::new(Vec::new()));
    let log = order.clone();
    ask.host.before_each(move |host: &HostHandle, request| {
        if request.method == "GET" {
            let there = host.holds("acme", Kind::Organization).is_some();
            log.lock().unwrap().push(("before", there));
            host.delete_as_other("acme", Kind::Organization).unwrap();
        }
    });
    let log = order.clone();
    ask.host.after_each(move |host, _| {
        log.lock()
            .unwrap()
            .push(("after", host.holds("acme", Kind::Organization).is_some()));
    });
    assert_eq!(ask.get(TOKEN).await.0, 404);
    assert_eq!(ask.post(TOKEN, json!({})).await.0, 201);
    assert_eq!(
        *order.lock().unwrap(),
        [("before", true), ("after", false), ("after", true)]
    );
    ask.host.clear_hooks();
    assert!(ask.host.remove_organization("acme"));
    assert_eq!(ask.get("organizations/acme").await.0, 404);
}

#[test]
fn a_host_on_a_thread_of_its_own_stops_when_it_is_dropped() {
    let host = EmbeddedHost::start_on_thread(HostOptions::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let url = format!("{}ping", host.address());
    let ask = || runtime.block_on(client().get(&url).send());
    assert_eq!(ask().unwrap().status(), 204);
    drop(host);
    // The thread needs a moment to close the port.
    for _ in 0..10_000 {
        if ask().is_err() {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("the host still answers");
}
