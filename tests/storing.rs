//! A new credential takes the old one's place: in the Terraform CLI's file and
//! in its helper, and only where the old one still is.
//!
//! The credentials are in capitals: whatever a test holds as a secret is taken
//! out of every message of the process, so it must not be an ordinary word.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use orgward::config::HostConfig;
use orgward::credentials::store::{Mark, store};
use orgward::credentials::{self, Environment, Origin, Programs};
use orgward::secret::Secret;
use orgward::slot::Host;
use tempfile::TempDir;

const HOST: &str = "tfe.corp.example";
const OLD: &str = "OLD.atlasv1.CREDENTIAL";
const NEW: &str = "NEW.atlasv1.CREDENTIAL";

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(home.path(".terraform.d/plugins")).unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn login_file(&self) -> PathBuf {
        self.path(".terraform.d/credentials.tfrc.json")
    }

    fn env(&self) -> Environment {
        Environment::new([].into(), Some(self.0.path().to_owned()))
    }

    async fn credential(&self) -> credentials::Credential {
        let host = HostConfig::new(Host::new(HOST));
        credentials::obtain(&host, &self.env(), &Programs::default())
            .await
            .unwrap()
    }

    /// Stores NEW where the credential is now, as if it had been `old`.
    async fn store(&self, old: &str) -> Result<(), String> {
        let origin = self.credential().await.origin;
        assert!(origin.can_be_written());
        let host = HostConfig::new(Host::new(HOST));
        let old = Mark::of(&Secret::new(old.into()));
        let new = Secret::new(NEW.into());
        let stored = store(&host, &origin, old, &new, &self.env(), &Programs::default()).await;
        stored.map_err(|error| error.to_string())
    }
}

fn login(host: &str, token: &str) -> String {
    format!(r#"{{"credentials":{{"{host}":{{"token":"{token}"}},"b.example":{{"token":"B-1"}}}}}}"#)
}

#[tokio::test]
async fn the_file_of_terraform_login_gets_the_new_credential_and_keeps_the_rest() {
    let home = Home::new();
    fs::write(home.login_file(), login(HOST, OLD)).unwrap();
    fs::set_permissions(home.login_file(), fs::Permissions::from_mode(0o644)).unwrap();
    home.store(OLD).await.unwrap();
    assert_eq!(home.credential().await.secret.expose(), NEW);
    let text = fs::read_to_string(home.login_file()).unwrap();
    assert!(text.contains("B-1") && !text.contains(OLD), "{text}");
    let mode = fs::metadata(home.login_file())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    // No temporary file is left behind.
    let left = fs::read_dir(home.path(".terraform.d")).unwrap().count();
    assert_eq!(left, 2);
}

#[tokio::test]
async fn a_link_stays_one_and_its_goal_is_written() {
    let home = Home::new();
    let goal = home.path("dotfiles.json");
    fs::write(&goal, login(HOST, OLD)).unwrap();
    symlink(&goal, home.login_file()).unwrap();
    home.store(OLD).await.unwrap();
    assert!(home.login_file().is_symlink());
    assert!(fs::read_to_string(goal).unwrap().contains(NEW));
}

#[tokio::test]
async fn what_somebody_else_stored_meanwhile_stays() {
    let home = Home::new();
    let text = login(HOST, "OTHER.atlasv1.CREDENTIAL");
    fs::write(home.login_file(), &text).unwrap();
    let error = home.store(OLD).await.unwrap_err();
    assert!(
        error.contains("credentials.tfrc.json was not changed"),
        "{error}"
    );
    assert!(error.contains("another credential"), "{error}");
    assert_eq!(fs::read_to_string(home.login_file()).unwrap(), text);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_leaves_the_file_as_it_was() {
    let home = Home::new();
    let text = login(HOST, OLD);
    fs::write(home.login_file(), &text).unwrap();
    let origin = home.credential().await.origin;
    let host = HostConfig::new(Host::new(HOST));
    let old = Mark::of(&Secret::new(OLD.into()));
    let new = Secret::new(NEW.into());
    let (env, programs) = (home.env(), Programs::default());
    // Root writes everywhere: for root, a link whose goal lies where nobody can.
    let folder = home.path(".terraform.d");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
    let is_root = fs::write(folder.join("probe"), "").is_ok();
    if is_root {
        fs::remove_file(folder.join("probe")).unwrap();
        fs::remove_file(home.login_file()).unwrap();
        symlink("/proc/version", home.login_file()).unwrap();
    }
    let error = store(&host, &origin, old, &new, &env, &programs).await;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("was not changed"), "{error}");
    if !is_root {
        assert_eq!(fs::read_to_string(home.login_file()).unwrap(), text);
    }
    let left: Vec<_> = fs::read_dir(&folder).unwrap().flatten().collect();
    assert_eq!(left.len(), 2, "no half file: {left:?}");

    fs::remove_dir_all(&folder).unwrap();
    let error = store(&host, &origin, old, &new, &env, &programs).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("No such file"), "{error}");
}

/// A helper that keeps its credentials in a file, as the shell itself: a test
/// never executes a file that it has just written.
fn with_helper(home: &Home, store: &str) {
    let kept = home.path("kept");
    fs::write(&kept, format!("{{\"token\":\"{OLD}\"}}")).unwrap();
    let kept = kept.display();
    let script =
        format!("case $1 in get) cat {kept};; store) {store};; esac; echo $1 $2 >> {kept}.calls");
    let script = script.replace('"', "\\\"").replace('$', "\\u0024");
    symlink(
        "/bin/sh",
        home.path(".terraform.d/plugins/terraform-credentials-x"),
    )
    .unwrap();
    let text = format!("credentials_helper \"x\" {{ args = [\"-c\", \"{script}\", \"helper\"] }}");
    fs::write(home.path(".terraformrc"), text).unwrap();
}

#[tokio::test]
async fn a_helper_is_told_to_store_it() {
    let home = Home::new();
    with_helper(&home, &format!("cat > {}", home.path("kept").display()));
    home.store(OLD).await.unwrap();
    let kept = fs::read_to_string(home.path("kept")).unwrap();
    assert_eq!(kept, format!("{{\"token\":\"{NEW}\"}}\n"));
    assert_eq!(home.credential().await.secret.expose(), NEW);
    let calls = fs::read_to_string(home.path("kept.calls")).unwrap();
    assert!(calls.contains(&format!("store {HOST}\n")), "{calls}");
}

#[tokio::test]
async fn a_helper_that_refuses_is_quoted_without_the_credential() {
    let home = Home::new();
    with_helper(&home, "cat >&2; echo is not welcome >&2; exit 1");
    let error = home.store(OLD).await.unwrap_err();
    assert!(
        error.contains("helper terraform-credentials-x was not changed"),
        "{error}"
    );
    assert!(
        error.contains("is not welcome") && !error.contains("NEW"),
        "{error}"
    );
}

#[test]
fn variables_commands_and_files_that_are_written_by_hand_are_not_offered() {
    for origin in [
        Origin::Variable("TFE_TOKEN".into()),
        Origin::Command("op".into()),
        Origin::Typed,
        Origin::File("/home/olivia/.terraformrc".into()),
        Origin::File("/home/olivia/.terraform.d/mine.tfrc.json".into()),
    ] {
        assert!(!origin.can_be_written(), "{origin}");
    }
}
