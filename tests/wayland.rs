//! The keeper on a real Wayland clipboard: a headless sway, read by wl-paste.

#![cfg(target_os = "linux")]

mod real;

use std::time::{Duration, Instant};

use orgward::delivery::{Delivered, Deliverer, Destination, KeeperEnd, KeeperHandle};
use orgward::secret::Secret;
use real::compositor::Compositor;
use real::*;

async fn copy(deliverer: &Deliverer, secret: &Secret) -> Delivered {
    let proven = deliverer
        .prove(&Destination::Clipboard, &slot())
        .await
        .unwrap();
    proven.deliver(secret, &facts()).await.unwrap()
}

fn keeper(done: &Delivered) -> KeeperHandle {
    done.keeper.clone().unwrap()
}

const SHORT: Duration = Duration::from_millis(1500);

#[tokio::test]
#[ignore = "needs sway and wl-clipboard; run by .ci/run"]
async fn a_copy_is_marked_and_nowhere_else() {
    let compositor = Compositor::start();
    let secret = fresh_secret();
    let done = copy(&compositor.deliverer(None), &secret).await;
    assert_eq!(compositor.content().as_deref(), Some(secret.expose()));
    let types = compositor.paste(&["--list-types"]).unwrap();
    let mark = "x-kde-passwordManagerHint";
    assert!(types.lines().any(|line| line == mark), "{types}");
    let hint = compositor.paste(&["--no-newline", "--type", mark]);
    assert_eq!(hint.as_deref(), Some("secret"));
    assert_eq!(compositor.paste(&["--primary"]), None);
    assert_eq!(processes_that_show(&secret), Vec::<String>::new());
    keeper(&done).clear().await;
    assert_eq!(keeper(&done).ended().await, KeeperEnd::Cleared);
    until("an empty clipboard", || compositor.content().is_none());
}

#[tokio::test]
#[ignore = "needs sway and wl-clipboard; run by .ci/run"]
async fn ours_is_cleared_at_its_time_and_foreign_content_survives() {
    let compositor = Compositor::start();
    let deliverer = compositor.deliverer(Some(SHORT));
    let start = Instant::now();
    let done = copy(&deliverer, &fresh_secret()).await;
    assert_eq!(keeper(&done).ended().await, KeeperEnd::Cleared);
    assert!(start.elapsed() >= SHORT);
    until("an empty clipboard", || compositor.content().is_none());

    let done = copy(&deliverer, &fresh_secret()).await;
    compositor.foreign_copy("theirs");
    assert_eq!(keeper(&done).ended().await, KeeperEnd::Replaced);
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(compositor.content().as_deref(), Some("theirs"));

    let first = copy(&deliverer, &fresh_secret()).await;
    let secret = fresh_secret();
    let _second = copy(&compositor.deliverer(None), &secret).await;
    assert_eq!(keeper(&first).ended().await, KeeperEnd::Replaced);
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(compositor.content().as_deref(), Some(secret.expose()));
}

#[tokio::test]
#[ignore = "needs sway and wl-clipboard; run by .ci/run"]
async fn a_copy_outlives_the_program_until_its_deadline() {
    const TIME: Duration = Duration::from_secs(6);
    let compositor = Compositor::start();
    let secret = fresh_secret();
    let start = Instant::now();
    {
        // Its end closes the keeper's pipe, like the program's own end does.
        let deliverer = compositor.deliverer(Some(TIME));
        copy(&deliverer, &secret).await;
    }
    let mut served = 0;
    until("the deadline", || match compositor.content() {
        Some(content) => {
            assert_eq!(content, secret.expose());
            served += 1;
            false
        }
        None => true,
    });
    assert!(served > 0 && start.elapsed() >= TIME);
}
