//! From the host into a real password store, with nobody looking on.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::runner::run;
use super::support::Owner;

#[test]
#[ignore = "needs pass and gpg; run by .ci/run"]
fn a_new_token_is_in_pass() {
    let owner = Owner::new();
    let home = owner.home.path();
    let (gpg, store) = (home.join("gnupg"), home.join("store"));
    std::fs::create_dir(&gpg).unwrap();
    std::fs::set_permissions(&gpg, std::fs::Permissions::from_mode(0o700)).unwrap();
    let tool = |program: &str, args: &[&str]| {
        let mut command = Command::new(program);
        command
            .args(args)
            .env("GNUPGHOME", &gpg)
            .env("PASSWORD_STORE_DIR", &store);
        let output = command.output().expect("pass and gpg are needed here");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let key = ["--batch", "--passphrase", "", "--quick-generate-key"];
    let whose = [
        "Throw-away <nobody@example.invalid>",
        "default",
        "default",
        "1d",
    ];
    tool("gpg", &[&key[..], &whose].concat());
    tool("pass", &["init", "nobody@example.invalid"]);
    owner.configure(&format!(
        "[delivery.pass]\ncommand = [\"env\", \"GNUPGHOME={}\", \"PASSWORD_STORE_DIR={}\", \
         \"pass\", \"insert\", \"--multiline\", \"--force\", \
         \"terraform/{{host}}/{{organization}}\"]\n",
        gpg.display(),
        store.display()
    ));
    let ran = run(&owner, &["generate", "empty", "--to", "pass", "--verify"]).ended(0);
    let entry = tool("pass", &["show", "terraform/tfe.corp.example/empty"]);
    let secret = entry.trim_end();
    assert!(owner.host.accepts(secret, "empty"));
    assert!(!ran.out.contains(secret) && !ran.err.contains(secret));
    let _ = Command::new("gpgconf")
        .args(["--kill", "gpg-agent"])
        .env("GNUPGHOME", &gpg)
        .status();
}
