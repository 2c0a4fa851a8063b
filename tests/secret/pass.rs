//! A password store as a configured delivery, with a key of the test's own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::hunt::{Hunt, Run};
use super::real::run;
use super::support::Owner;

#[test]
#[ignore = "needs pass and gpg; run by .ci/run"]
fn an_entry_of_pass_has_the_secret_and_nothing_else_has() {
    let owner = Owner::new();
    let folder = tempfile::tempdir().unwrap();
    let (keys, store) = (folder.path().join("gnupg"), folder.path().join("store"));
    fs::create_dir(&keys).unwrap();
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o700)).unwrap();
    let with_home = |program: &str, arguments: &[&str]| {
        run(Command::new(program)
            .args(arguments)
            .env("GNUPGHOME", &keys)
            .env("PASSWORD_STORE_DIR", &store))
    };
    let name = "nobody@example.invalid";
    let made = with_home(
        "gpg",
        &[
            "--batch",
            "--passphrase",
            "",
            "--quick-generate-key",
            name,
            "default",
            "default",
            "1d",
        ],
    );
    assert!(made.status.success(), "{made:?}");
    assert!(with_home("pass", &["init", name]).status.success());
    owner.configure(&format!(
        "[delivery.pass]\ncommand = [\"env\", \"GNUPGHOME={}\", \"PASSWORD_STORE_DIR={}\", \
         \"pass\", \"insert\", \"--multiline\", \"--force\", \"terraform/{{host}}/{{organization}}\"]",
        keys.display(),
        store.display()
    ));
    let run = Run::start(&owner, |builder| builder);
    run.generate_into_panel();
    run.program.press("p").wait_for("Send it to");
    run.program.enter().wait_for("delivered to delivery pass");
    let entry = with_home("pass", &["show", "terraform/tfe.corp.example/empty"]);
    with_home("gpgconf", &["--kill", "gpg-agent"]);
    assert!(entry.status.success(), "{entry:?}");
    let secret = String::from_utf8(entry.stdout).unwrap();
    run.quit_and_hunt(&secret, Hunt::default());
}
