//! The keyring destination and rescue on a real Secret Service, read back by
//! another program.

#![cfg(target_os = "linux")]

mod real;

use std::fs;
use std::process::Command;

use jiff::Timestamp;
use orgward::config::{CredentialSource, HostConfig};
use orgward::credentials::store::Mark;
use orgward::credentials::{self, Environment, Programs};
use orgward::delivery::{
    Deliverer, Destination, RescueProof, RescueTo, Settings, Undelivered, keyring, rescue,
};
use orgward::secret::Secret;
use orgward::slot::Host;
use real::keyring::{Session, inside, run_in};
use real::*;
use tempfile::TempDir;

fn secret_tool(user: &str) -> Option<String> {
    let out =
        run(Command::new("secret-tool").args(["lookup", "service", "orgward", "username", user]));
    out.status
        .success()
        .then(|| String::from_utf8(out.stdout).unwrap())
}

const USER: &str = "tfe.corp.example:8443/acme/organization";

#[tokio::test]
#[ignore = "needs gnome-keyring and secret-tool; run by .ci/run"]
async fn a_secret_goes_to_the_keyring_and_nowhere_else() {
    if !inside() {
        return run_in(
            &Session::start(),
            "a_secret_goes_to_the_keyring_and_nowhere_else",
        );
    }
    let folder = TempDir::new().unwrap();
    let deliverer = Deliverer::new(settings(folder.path(), ORGWARD.into()));
    for _ in 0..2 {
        let proven = deliverer
            .prove(&Destination::Keyring, &slot())
            .await
            .unwrap();
        let left = run(Command::new("secret-tool").args(["search", "--all", "service", "orgward"]));
        let left = String::from_utf8_lossy(&left.stdout).into_owned();
        assert!(!left.contains("probe"), "the proof leaves nothing: {left}");
        // The second replaces the first.
        let secret = fresh_secret();
        let done = proven.deliver(&secret, &facts()).await.unwrap();
        assert!(done.certain);
        assert_eq!(secret_tool(USER).as_deref(), Some(secret.expose()));
        let read = keyring::read(USER, keyring::PATIENCE).unwrap().unwrap();
        assert_eq!(read.expose(), secret.expose());
        assert_eq!(processes_that_show(&secret), Vec::<String>::new());
    }
    assert!(
        keyring::read("nobody", keyring::PATIENCE)
            .unwrap()
            .is_none()
    );
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[tokio::test]
#[ignore = "needs gnome-keyring and secret-tool; run by .ci/run"]
async fn a_new_credential_takes_the_old_one_s_place_in_the_keyring() {
    if !inside() {
        let name = "a_new_credential_takes_the_old_one_s_place_in_the_keyring";
        return run_in(&Session::start(), name);
    }
    let host = HostConfig {
        credential: CredentialSource::Keyring,
        account: Some("prod".into()),
        ..HostConfig::new(Host::new("tfe.corp.example"))
    };
    let user = "prod@tfe.corp.example";
    let (old, new, other) = (fresh_secret(), fresh_secret(), fresh_secret());
    keyring::store(user, &old, keyring::PATIENCE).unwrap();
    let env = Environment::new([].into(), None);
    let programs = Programs::default();
    let found = credentials::obtain(&host, &env, &programs).await.unwrap();
    assert!(found.origin.can_be_written());
    let store = |was: &Secret, new: Secret| {
        let (mark, origin) = (Mark::of(was), found.origin.clone());
        let (host, env, programs) = (&host, &env, &programs);
        async move { credentials::store::store(host, &origin, mark, &new, env, programs).await }
    };
    store(&old, new.clone()).await.unwrap();
    assert_eq!(secret_tool(user).as_deref(), Some(new.expose()));
    // What somebody else has put there meanwhile stays.
    let error = store(&old, other).await.unwrap_err().to_string();
    assert!(error.contains("another credential"), "{error}");
    assert_eq!(secret_tool(user).as_deref(), Some(new.expose()));
}

#[tokio::test]
#[ignore = "needs gnome-keyring and secret-tool; run by .ci/run"]
async fn the_keyring_is_the_rescue_where_it_works() {
    if !inside() {
        return run_in(
            &Session::start(),
            "the_keyring_is_the_rescue_where_it_works",
        );
    }
    let folder = TempDir::new().unwrap();
    for to in [None, Some(RescueTo::Keyring)] {
        let deliverer = Deliverer::new(Settings {
            rescue: to,
            ..settings(folder.path(), ORGWARD.into())
        });
        let proof = deliverer.prove_rescue(&slot()).await;
        assert_eq!(proof, RescueProof::Proven("the keyring".into()));
        let ledger = Undelivered::new();
        let secret = fresh_secret();
        ledger.hold(facts(), secret.clone());
        let reports = ledger.rescue_all(deliverer.rescue_plan(), Timestamp::UNIX_EPOCH);
        let place = reports[0].outcome.as_ref().unwrap();
        assert!(place.starts_with("the keyring"), "{place}");
        assert_eq!(secret_tool(USER).as_deref(), Some(secret.expose()));
    }
}

#[tokio::test]
#[ignore = "needs dbus-daemon; run by .ci/run"]
async fn without_a_keyring_the_rescue_is_a_file() {
    if !inside() {
        return run_in(
            &Session::without_keyring(),
            "without_a_keyring_the_rescue_is_a_file",
        );
    }
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("state");
    for (to, files) in [(None, 1), (Some(RescueTo::Keyring), 2)] {
        let deliverer = Deliverer::new(Settings {
            rescue: to,
            ..settings(folder.path(), ORGWARD.into())
        });
        let proof = deliverer.prove_rescue(&slot()).await;
        match to {
            None => {
                assert!(matches!(&proof, RescueProof::Proven(place) if place.starts_with("a file")))
            }
            _ => assert!(matches!(proof, RescueProof::Unproven(_))),
        }
        assert!(
            deliverer
                .prove(&Destination::Keyring, &slot())
                .await
                .is_err()
        );
        // Chosen or not: a keyring that fails in the hour of need loses nothing.
        let ledger = Undelivered::new();
        ledger.hold(facts(), fresh_secret());
        ledger.rescue_all(deliverer.rescue_plan(), Timestamp::UNIX_EPOCH);
        assert!(ledger.is_empty());
        assert_eq!(rescue::waiting(&state).len(), files);
    }
}
