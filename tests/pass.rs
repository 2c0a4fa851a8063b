//! A password store as a command destination.

#![cfg(target_os = "linux")]

mod real;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use orgward::delivery::{CommandDelivery, Deliverer, Delivery, Destination, Settings};
use real::*;
use tempfile::TempDir;

#[tokio::test]
#[ignore = "needs pass and gpg; run by .ci/run"]
async fn the_entry_of_pass_is_the_secret() {
    let folder = TempDir::new().unwrap();
    let gpg_home = folder.path().join("gnupg");
    let store = folder.path().join("store");
    fs::create_dir(&gpg_home).unwrap();
    fs::set_permissions(&gpg_home, fs::Permissions::from_mode(0o700)).unwrap();
    let with_home = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("GNUPGHOME", &gpg_home)
            .env("PASSWORD_STORE_DIR", &store);
        run(&mut command)
    };
    let key = "Throw-away <nobody@example.invalid>";
    let made = with_home(
        "gpg",
        &[
            "--batch",
            "--passphrase",
            "",
            "--quick-generate-key",
            key,
            "default",
            "default",
            "1d",
        ],
    );
    assert!(made.status.success(), "{made:?}");
    let init = with_home("pass", &["init", "nobody@example.invalid"]);
    assert!(init.status.success(), "{init:?}");
    // `pass` finds its store by variables, which this test must not set for
    // itself: `env` sets them.
    let words = [
        "env",
        &format!("GNUPGHOME={}", gpg_home.display()),
        &format!("PASSWORD_STORE_DIR={}", store.display()),
        "pass",
        "insert",
        "--force",
        "--echo",
        "terraform/{host}/{organization}",
    ]
    .map(str::to_owned);
    let deliverer = Deliverer::new(Settings {
        deliveries: BTreeMap::from([(
            "pass".to_owned(),
            Delivery::Command(CommandDelivery {
                command: words.to_vec(),
                timeout: Duration::from_secs(120),
                newline: false,
            }),
        )]),
        ..settings(folder.path(), ORGWARD.into())
    });
    let to = Destination::Named("pass".into());
    for _ in 0..2 {
        let secret = fresh_secret();
        let proven = deliverer.prove(&to, &slot()).await.unwrap();
        proven.deliver(&secret, &facts()).await.unwrap();
        let entry = with_home("pass", &["show", "terraform/tfe.corp.example_8443/acme"]);
        assert!(entry.status.success(), "{entry:?}");
        assert_eq!(
            String::from_utf8(entry.stdout).unwrap(),
            format!("{}\n", secret.expose())
        );
        assert_eq!(processes_that_show(&secret), Vec::<String>::new());
    }
    with_home("gpgconf", &["--kill", "gpg-agent"]);
}
