//! The keeper on a real X11 clipboard, read by xclip like by any other program.

#![cfg(target_os = "linux")]

mod real;

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use orgward::delivery::{
    Delivered, Deliverer, DeliveryError, Destination, KeeperEnd, KeeperHandle, ProofError,
};
use orgward::secret::Secret;
use real::display::Display;
use real::*;

async fn copy(deliverer: &Deliverer, secret: &Secret) -> Delivered {
    let proven = deliverer
        .prove(&Destination::Clipboard, &slot())
        .await
        .unwrap();
    let done = proven.deliver(secret, &facts()).await.unwrap();
    assert!(done.certain);
    done
}

fn keeper(done: &Delivered) -> KeeperHandle {
    done.keeper.clone().unwrap()
}

const SHORT: Duration = Duration::from_millis(1500);

#[tokio::test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
async fn a_copy_is_marked_and_nowhere_else() {
    let display = Display::start();
    let deliverer = display.deliverer(None);
    assert_eq!(
        deliverer.default_destination().await.0,
        Destination::Clipboard
    );
    assert_eq!(display.content(), None);
    let secret = fresh_secret();
    let done = copy(&deliverer, &secret).await;
    assert_eq!(display.content().as_deref(), Some(secret.expose()));
    let targets = run(&mut display.xclip(&["-selection", "clipboard", "-o", "-t", "TARGETS"]));
    let targets = String::from_utf8(targets.stdout).unwrap();
    let mark = "x-kde-passwordManagerHint";
    assert!(targets.lines().any(|line| line == mark), "{targets}");
    assert!(!targets.contains("SAVE_TARGETS"), "{targets}");
    let hint = run(&mut display.xclip(&["-selection", "clipboard", "-o", "-t", mark]));
    assert_eq!(hint.stdout, b"secret");
    for other in ["primary", "secondary"] {
        let out = run(&mut display.xclip(&["-selection", other, "-o"]));
        assert!(!out.status.success(), "{other} was set");
    }
    assert_eq!(processes_that_show(&secret), Vec::<String>::new());
    until("only the keeper that holds", || {
        display.keepers().len() == 1
    });
    let pid = display.keepers()[0];
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let session = stat.rsplit(')').next().unwrap().split_whitespace().nth(3);
    assert_eq!(session, Some(pid.to_string().as_str()), "its own session");
    drop(done);
}

#[tokio::test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
async fn a_copy_is_cleared_at_its_time_and_when_asked() {
    let display = Display::start();
    let start = Instant::now();
    let done = copy(&display.deliverer(Some(SHORT)), &fresh_secret()).await;
    assert_eq!(done.clears_after, Some(SHORT));
    assert_eq!(keeper(&done).ended().await, KeeperEnd::Cleared);
    assert!(start.elapsed() >= SHORT);
    assert_eq!(display.content(), None);
    until("no keeper is left", || display.keepers().is_empty());

    let done = copy(&display.deliverer(None), &fresh_secret()).await;
    keeper(&done).clear().await;
    assert_eq!(keeper(&done).ended().await, KeeperEnd::Cleared);
    assert_eq!(keeper(&done).ended().await, KeeperEnd::Cleared);
    assert_eq!(display.content(), None);
}

#[tokio::test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
async fn foreign_content_survives() {
    let display = Display::start();
    let deliverer = display.deliverer(Some(SHORT));
    // Between copy and clear.
    let done = copy(&deliverer, &fresh_secret()).await;
    display.foreign_copy("theirs");
    assert_eq!(keeper(&done).ended().await, KeeperEnd::Replaced);
    keeper(&done).clear().await;
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(display.content().as_deref(), Some("theirs"));
    // Between two copies.
    let first = copy(&deliverer, &fresh_secret()).await;
    display.foreign_copy("theirs too");
    let secret = fresh_secret();
    let second = copy(&display.deliverer(None), &secret).await;
    assert_eq!(keeper(&first).ended().await, KeeperEnd::Replaced);
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(display.content().as_deref(), Some(secret.expose()));
    display.foreign_copy("theirs at last");
    assert_eq!(keeper(&second).ended().await, KeeperEnd::Replaced);
    assert_eq!(display.content().as_deref(), Some("theirs at last"));
    until("no keeper is left", || display.keepers().is_empty());
}

#[tokio::test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
async fn the_second_of_two_copies_is_held_for_its_own_time() {
    let display = Display::start();
    let deliverer = display.deliverer(Some(SHORT));
    let secret = fresh_secret();
    let first = copy(&deliverer, &secret).await;
    // The same secret again: the first keeper's time must not end it.
    tokio::time::sleep(SHORT / 2).await;
    let start = Instant::now();
    let second = copy(&deliverer, &secret).await;
    let end = keeper(&first).ended().await;
    assert!(
        matches!(end, KeeperEnd::Replaced | KeeperEnd::Stopped),
        "{end:?}"
    );
    assert_eq!(keeper(&second).ended().await, KeeperEnd::Cleared);
    assert!(start.elapsed() >= SHORT);
    assert_eq!(display.content(), None);
}

#[tokio::test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
async fn a_name_is_copied_like_any_text() {
    let display = Display::start();
    let deliverer = display.deliverer(Some(SHORT));
    let secret = copy(&deliverer, &fresh_secret()).await;
    let done = deliverer.copy_text("acme-prod").await.unwrap();
    assert_eq!(done.clears_after, None);
    assert_eq!(display.content().as_deref(), Some("acme-prod"));
    let targets = run(&mut display.xclip(&["-selection", "clipboard", "-o", "-t", "TARGETS"]));
    let targets = String::from_utf8(targets.stdout).unwrap();
    assert!(!targets.contains("passwordManagerHint"), "{targets}");
    let end = keeper(&secret).ended().await;
    assert!(
        matches!(end, KeeperEnd::Replaced | KeeperEnd::Stopped),
        "{end:?}"
    );
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(display.content().as_deref(), Some("acme-prod"));
}

#[tokio::test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
async fn a_keeper_without_a_secret_ends_with_the_program() {
    let display = Display::start();
    let proven = display
        .deliverer(None)
        .prove(&Destination::Clipboard, &slot())
        .await
        .unwrap();
    assert_eq!(proven.place(), "the clipboard");
    assert_eq!(display.keepers().len(), 1);
    assert_eq!(display.content(), None);
    drop(proven);
    until("the keeper's end", || display.keepers().is_empty());
}

#[tokio::test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
async fn a_display_that_goes_away_is_noticed() {
    let mut display = Display::start();
    let deliverer = display.deliverer(None);
    let done = copy(&deliverer, &fresh_secret()).await;
    let proven = deliverer
        .prove(&Destination::Clipboard, &slot())
        .await
        .unwrap();
    display.server.kill().unwrap();
    display.server.wait().unwrap();
    let end = keeper(&done).ended().await;
    assert!(matches!(end, KeeperEnd::Gone(_)), "{end:?}");
    let error = proven.deliver(&fresh_secret(), &facts()).await.err();
    assert!(matches!(error, Some(DeliveryError::Clipboard(_))));
    // Its number may be another test's display by now: this one is nobody's.
    let nobody = program_with(display.folder.path(), &[("DISPLAY", ":99999")]);
    let deliverer = real::deliverer(display.folder.path(), nobody, None);
    let error = deliverer.prove(&Destination::Clipboard, &slot()).await;
    assert!(matches!(error, Err(ProofError::Clipboard(_))));
    until("no keeper is left", || display.keepers().is_empty());
}

/// The name of the variable that makes the next test the program that copies.
const INSIDE: &str = "ORGWARD_TEST_COPIES_TO";

/// The test starts itself as the program: it copies a secret, says so, and
/// waits for whatever is done to it.
#[tokio::test]
#[ignore = "needs Xvfb and xclip; run by .ci/run"]
async fn a_copy_outlives_the_program_until_its_deadline() {
    const TIME: Duration = Duration::from_secs(6);
    if let Some(folder) = std::env::var_os(INSIDE) {
        let folder = PathBuf::from(folder);
        let deliverer = deliverer(&folder, folder.join("orgward-here"), Some(TIME));
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).unwrap();
        let secret = Secret::new(line.trim_end().to_owned());
        let _done = copy(&deliverer, &secret).await;
        fs::write(folder.join("copied"), "").unwrap();
        // Until the other end of the pipe is closed.
        std::io::stdin().read_line(&mut line).unwrap();
        return;
    }
    for how in ["quit", "kill -9", "suspend"] {
        let display = Display::start();
        display.program();
        let copied = display.folder.path().join("copied");
        let secret = fresh_secret();
        let mut program = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored"])
            .arg("a_copy_outlives_the_program_until_its_deadline")
            .env(INSIDE, display.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut input = program.stdin.take().unwrap();
        let start = Instant::now();
        writeln!(input, "{}", secret.expose()).unwrap();
        until("the copy", || copied.exists());
        match how {
            "quit" => {
                drop(input);
                assert!(program.wait().unwrap().success());
            }
            "kill -9" => {
                program.kill().unwrap();
                program.wait().unwrap();
            }
            _ => {
                let pid = program.id().to_string();
                assert!(
                    run(Command::new("kill").args(["-STOP", &pid]))
                        .status
                        .success()
                );
            }
        }
        let mut last_seen = Duration::ZERO;
        until("the deadline", || {
            let at = start.elapsed();
            match display.content() {
                Some(content) => {
                    assert_eq!(content, secret.expose(), "{how}");
                    last_seen = at;
                    false
                }
                None => true,
            }
        });
        // Only that it was served at all after the event; a slow machine may
        // have used up the rest.
        assert!(last_seen > Duration::ZERO, "{how}: not served");
        assert!(start.elapsed() >= TIME, "{how}: ended early");
        until("the keeper's end", || display.keepers().is_empty());
        let _ = program.kill();
        let _ = program.wait();
    }
}
