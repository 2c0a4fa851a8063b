//! Where credentials come from, over files, variables and programs that each
//! test makes for itself.
//!
//! Their credentials are in capitals: whatever a test holds as a secret is taken
//! out of every message of the process, so it must not be an ordinary word.
#![cfg(unix)]

#[cfg(target_os = "linux")]
mod real;

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use orgward::config::{CredentialSource, HostConfig};
use orgward::credentials::{
    self, Credential, CredentialError, Environment, Origin, Programs, Progress,
};
use orgward::slot::Host;
use tempfile::TempDir;

const HCP: &str = "app.terraform.io";

/// A home directory with the variables of one test.
struct Home {
    folder: TempDir,
    vars: Vec<(OsString, OsString)>,
}

impl Home {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            vars: Vec::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn var(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.vars.push((name.into(), value.into()));
        self
    }

    /// A helper in the plugin folder: the shell itself, so that a test never
    /// writes a file that it then executes (another test's fork could still
    /// have it open for writing).
    fn helper(self, folder: &str, script: &str) -> Self {
        let folder = self.path(folder);
        fs::create_dir_all(&folder).unwrap();
        std::os::unix::fs::symlink("/bin/sh", folder.join("terraform-credentials-x")).unwrap();
        let script = script.replace('"', "\\\"").replace('$', "\\u0024");
        let text =
            format!("credentials_helper \"x\" {{ args = [\"-c\", \"{script}\", \"helper\"] }}");
        self.file(".terraformrc", text)
    }

    fn env(&self) -> Environment {
        Environment::new(
            self.vars.iter().cloned().collect(),
            Some(self.folder.path().to_owned()),
        )
    }

    async fn obtain(&self, host: &str) -> Result<Credential, CredentialError> {
        credentials::obtain(
            &HostConfig::new(Host::new(host)),
            &self.env(),
            &Programs::default(),
        )
        .await
    }

    /// "TEXT from ORIGIN", or the error; the home directory is called `~`.
    async fn says(&self, host: &str) -> String {
        let text = match self.obtain(host).await {
            Ok(found) => format!("{} from {}", found.secret.expose(), found.origin),
            Err(error) => error.to_string(),
        };
        text.replace(&self.folder.path().display().to_string(), "~")
    }
}

fn json(host: &str, token: &str) -> String {
    format!(r#"{{"credentials":{{"{host}":{{"token":"{token}"}}}}}}"#)
}

fn hcl(host: &str, token: &str) -> String {
    format!("credentials \"{host}\" {{\n  token = \"{token}\"\n}}\n")
}

async fn with(
    host: &str,
    source: CredentialSource,
    env: &Environment,
) -> Result<Credential, CredentialError> {
    let host = HostConfig {
        credential: source,
        ..HostConfig::new(Host::new(host))
    };
    credentials::obtain(&host, env, &Programs::default()).await
}

fn shell(script: &str) -> CredentialSource {
    CredentialSource::Command(vec!["/bin/sh".into(), "-c".into(), script.into()])
}

#[tokio::test]
async fn the_variable_beats_the_files_and_the_folder_beats_the_main_file() {
    let main = Home::new().file(".terraformrc", hcl(HCP, "MAIN-1"));
    assert_eq!(main.says(HCP).await, "MAIN-1 from file ~/.terraformrc");
    let folder = main.file(".terraform.d/credentials.tfrc.json", json(HCP, "LOGIN-1"));
    assert_eq!(
        folder.says(HCP).await,
        "LOGIN-1 from file ~/.terraform.d/credentials.tfrc.json"
    );
    let later = folder
        .file(".terraform.d/z.tfrc", hcl(HCP, "Z-1"))
        .file(".terraform.d/zz.txt", hcl(HCP, "NO-1"));
    assert_eq!(later.says(HCP).await, "Z-1 from file ~/.terraform.d/z.tfrc");
    let variable = later.var("TF_TOKEN_app_terraform_io", "VARIABLE-1");
    assert_eq!(
        variable.says(HCP).await,
        "VARIABLE-1 from variable TF_TOKEN_app_terraform_io"
    );
}

#[tokio::test]
async fn a_named_file_switches_the_others_off() {
    for (first, second) in [
        ("TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG"),
        ("TERRAFORM_CONFIG", "X"),
    ] {
        let home = Home::new()
            .file("named", json("a.example", "NAMED-1"))
            .file("other", json("a.example", "OTHER-1"))
            .file(".terraformrc", hcl(HCP, "MAIN-1"))
            .file(".terraform.d/credentials.tfrc.json", json(HCP, "LOGIN-1"));
        let home = home.var("TF_CLI_CONFIG_FILE", "");
        let (named, other) = (home.path("named"), home.path("other"));
        let home = home.var(first, named).var(second, other);
        assert_eq!(home.says("a.example").await, "NAMED-1 from file ~/named");
        assert!(home.says(HCP).await.contains("no credential"));
    }
    let home = Home::new().file(".terraformrc", hcl(HCP, "MAIN-1"));
    let missing = home.path("missing");
    let home = home.var("TF_CLI_CONFIG_FILE", missing);
    let error = home.says(HCP).await;
    assert!(
        error.contains("~/missing does not exist, though TF_CLI_CONFIG_FILE names it"),
        "{error}"
    );
}

#[tokio::test]
async fn a_broken_file_is_a_warning_that_names_it_and_the_others_count() {
    let home = Home::new()
        .file(
            ".terraformrc",
            "credentials \"a.example\" {\n token = 'x'\n",
        )
        .file(".terraform.d/a.tfrc.json", "{\"credentials\":\n{")
        .file(".terraform.d/b.tfrc", b"\xff")
        .file(".terraform.d/c.tfrc", hcl("a b", "x"))
        .file(".terraform.d/d.tfrc/x", "a directory")
        .file(".terraform.d/e.tfrc", vec![b'#'; 1024 * 1024 + 1])
        .file(".terraform.d/f.tfrc", hcl(HCP, "GOOD-1"));
    assert_eq!(
        home.says(HCP).await,
        "GOOD-1 from file ~/.terraform.d/f.tfrc"
    );
    let warnings = credentials::warnings(&home.env()).join("\n");
    let warnings = warnings.replace(&home.folder.path().display().to_string(), "~");
    assert_eq!(
        warnings,
        "~/.terraformrc cannot be used: line 2: a value is expected here\n\
         ~/.terraform.d/a.tfrc.json cannot be used: line 2, column 1 is not valid JSON\n\
         ~/.terraform.d/b.tfrc cannot be used: it is not UTF-8\n\
         ~/.terraform.d/c.tfrc: credentials for `a b` are ignored: that is not the name of a host\n\
         ~/.terraform.d/d.tfrc cannot be used: it is not a file\n\
         ~/.terraform.d/e.tfrc cannot be used: it is larger than 1 MiB"
    );
    let error = home.says("a.example").await;
    assert!(error.contains("~/.terraformrc cannot be used"), "{error}");
    assert!(
        error.contains("set TF_TOKEN_a_example, run `terraform login a.example`"),
        "{error}"
    );
    assert_eq!(
        credentials::warnings(&Home::new().env()),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn what_is_present_decides_even_when_it_is_of_no_use() {
    let login = |token: &str| {
        Home::new()
            .file(".terraform.d/credentials.tfrc.json", json(HCP, token))
            .var("TFE_TOKEN", "TFE-1")
    };
    let empty = "the credential for app.terraform.io is present but empty: ";
    let variable = login("GOOD-1").var("TF_TOKEN_app_terraform_io", "");
    assert!(
        variable
            .says(HCP)
            .await
            .starts_with(&format!("{empty}variable TF_TOKEN_app"))
    );
    assert!(
        login("")
            .says(HCP)
            .await
            .starts_with(&format!("{empty}file ~/.terraform.d/"))
    );
    let block = Home::new()
        .file(".terraformrc", "credentials \"app.terraform.io\" {}")
        .var("TFE_TOKEN", "TFE-1");
    assert!(
        block
            .says(HCP)
            .await
            .starts_with(&format!("{empty}file ~/.terraformrc"))
    );
    let tfe = Home::new().var("TFE_TOKEN", "");
    assert!(
        tfe.says(HCP)
            .await
            .starts_with(&format!("{empty}variable TFE_TOKEN"))
    );
}

#[tokio::test]
async fn what_cannot_stand_in_a_header_is_refused_and_not_shown() {
    for text in [
        "top-secret\\n",
        "top-secr\\u00e9t",
        "top\\u0000secret",
        "top-secret\\t",
    ] {
        let home = Home::new().file(".terraform.d/a.tfrc.json", json(HCP, text));
        let error = home.says(HCP).await;
        assert!(
            error.contains("cannot stand in a request: file ~/.terraform.d/a.tfrc.json"),
            "{error}"
        );
        assert!(!error.contains("top"), "{error}");
    }
    let bytes = OsString::from_vec(b"top-secret\xff".to_vec());
    let error = Home::new()
        .var("TF_TOKEN_app_terraform_io", bytes)
        .says(HCP)
        .await;
    assert!(
        error.contains("cannot stand in a request") && !error.contains("top"),
        "{error}"
    );
    let spaced = Home::new().var("TF_TOKEN_app_terraform_io", " a b ");
    assert_eq!(spaced.obtain(HCP).await.unwrap().secret.expose(), " a b ");
}

#[tokio::test]
async fn tfe_token_is_for_the_host_that_its_neighbours_name() {
    let tfe = || Home::new().var("TFE_TOKEN", "TFE-1");
    for (home, host, found) in [
        (tfe(), HCP, true),
        (tfe(), "tfe.example", false),
        (
            tfe().var("TFE_HOSTNAME", "TFE.example"),
            "tfe.example",
            true,
        ),
        (tfe().var("TFE_HOSTNAME", "tfe.example"), HCP, false),
        (tfe().var("TFE_HOSTNAME", ""), HCP, true),
        (
            tfe().var("TFE_ADDRESS", "https://tfe.example:8443/"),
            "tfe.example:8443",
            true,
        ),
        (tfe().var("TFE_ADDRESS", "https://tfe.example"), HCP, false),
        (tfe().var("TFE_ADDRESS", "what"), HCP, false),
        (Home::new().var("TFE_HOSTNAME", HCP), HCP, false),
    ] {
        let said = home.says(host).await;
        assert_eq!(
            said == "TFE-1 from variable TFE_TOKEN",
            found,
            "{host}: {said}"
        );
    }
    let both = tfe().file(".terraformrc", hcl(HCP, "MAIN-1"));
    assert_eq!(both.says(HCP).await, "MAIN-1 from file ~/.terraformrc");
}

#[tokio::test]
async fn the_helper_is_asked_as_the_terraform_cli_asks_it() {
    let good = r#"printf '{"token":"%s-%s-%s"}' "$#" "$1" "$2""#;
    for folder in [".terraform.d/plugins", ".terraform.d/plugins/linux_amd64"] {
        if folder.ends_with("amd64") && !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            continue;
        }
        let home = Home::new().helper(folder, good);
        assert_eq!(
            home.says("tfe.example:8443").await,
            "2-get-tfe.example:8443 from helper terraform-credentials-x"
        );
    }
    let plugins = ".terraform.d/plugins";
    for (script, said) in [
        (
            "echo '{}'",
            "no credential for app.terraform.io was found; set",
        ),
        (
            "echo '{\"token\":\"\"}'",
            "is present but empty: helper terraform-credentials-x",
        ),
        (
            "echo sealed >&2; exit 2",
            "could not be had from the helper terraform-credentials-x: it ended with exit code 2 and said: sealed",
        ),
        ("exit 1", "it ended with exit code 1 and said nothing"),
        ("echo '[]'", "its answer is not a JSON object"),
        ("echo top-secret", "its answer is not a JSON object"),
        ("yes", "it printed more than"),
    ] {
        let home = Home::new().helper(plugins, script);
        let text = home.says(HCP).await;
        assert!(
            text.contains(said) && !text.contains("top-secret"),
            "{script}: {text}"
        );
    }
    let fallback = Home::new()
        .helper(plugins, "echo '{}'")
        .var("TFE_TOKEN", "TFE-1");
    assert_eq!(fallback.says(HCP).await, "TFE-1 from variable TFE_TOKEN");
    let stored = Home::new()
        .helper(plugins, good)
        .file(".terraform.d/credentials.tfrc.json", json(HCP, "LOGIN-1"));
    assert!(stored.says(HCP).await.starts_with("LOGIN-1 from file"));
}

#[tokio::test]
async fn a_helper_that_is_not_there_or_not_alone_is_said() {
    let missing = Home::new().file(".terraformrc", "credentials_helper \"x\" {}");
    let said = missing.says(HCP).await;
    assert!(said.contains("terraform-credentials-x is not in"), "{said}");
    assert_eq!(credentials::warnings(&missing.env()).len(), 1);
    let two = Home::new()
        .helper(".terraform.d/plugins", "echo '{\"token\":\"t\"}'")
        .file(".terraform.d/a.tfrc", "credentials_helper \"y\" {}");
    let said = two.says(HCP).await;
    assert!(
        said.contains("more than one credentials_helper (x, y)"),
        "{said}"
    );
}

#[tokio::test]
async fn a_configured_variable_is_the_only_source_then() {
    let home = Home::new()
        .var("OWNER_CREDENTIAL", "OWNER-1")
        .var("TF_TOKEN_app_terraform_io", "OTHER-1");
    let source = |name: &str| CredentialSource::Env(name.into());
    let found = with(HCP, source("OWNER_CREDENTIAL"), &home.env())
        .await
        .unwrap();
    assert_eq!(found.secret.expose(), "OWNER-1");
    assert_eq!(found.origin, Origin::Variable("OWNER_CREDENTIAL".into()));
    let error = with(HCP, source("NOT_SET"), &home.env()).await.unwrap_err();
    assert!(
        error.to_string().contains("the variable NOT_SET"),
        "{error}"
    );
}

#[tokio::test]
async fn a_command_gives_its_output_without_one_newline() {
    let env = Home::new().env();
    for (script, text) in [
        ("printf OWNER-1", "OWNER-1"),
        ("echo OWNER-1", "OWNER-1"),
        ("printf 'OWNER-1\\r\\n'", "OWNER-1"),
        ("printf ' OWNER-1 '", " OWNER-1 "),
    ] {
        let found = with(HCP, shell(script), &env).await.unwrap();
        assert_eq!(found.secret.expose(), text, "{script}");
        assert_eq!(found.origin.to_string(), "command /bin/sh");
    }
    for (script, said) in [
        (
            "printf 'top-secret\\n\\n'",
            "cannot stand in a request: command /bin/sh",
        ),
        ("true", "is present but empty: command /bin/sh"),
        ("echo", "is present but empty: command /bin/sh"),
        (
            "echo no such item >&2; exit 4",
            "it ended with exit code 4 and said: no such item",
        ),
        (
            "echo top-secret; echo bad: top-secret >&2; exit 1",
            "said: bad: [secret]",
        ),
        ("kill -9 $$", "it ended with signal 9"),
        ("printf 'top-secret\\377'", "something that is not text"),
        ("yes", "it printed more than"),
    ] {
        let error = with(HCP, shell(script), &env)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(said) && !error.contains("top-secret"),
            "{script}: {error}"
        );
    }
    let none = CredentialSource::Command(vec!["/nowhere/orgward-test".into()]);
    let error = with(HCP, none, &env).await.unwrap_err().to_string();
    assert!(
        error.contains("from the command /nowhere/orgward-test: it could not be started"),
        "{error}"
    );
}

#[tokio::test]
async fn ask_is_left_to_the_screen_which_hands_in_what_was_typed() {
    let error = with(HCP, CredentialSource::Ask, &Home::new().env())
        .await
        .unwrap_err();
    assert!(matches!(error, CredentialError::Ask { .. }), "{error}");
    let host = Host::new(HCP);
    let typed = credentials::typed(&host, "OWNER-1".to_owned().into()).unwrap();
    assert_eq!(
        (typed.secret.expose(), typed.origin),
        ("OWNER-1", Origin::Typed)
    );
    assert!(credentials::typed(&host, String::new().into()).is_err());
}

#[test]
fn the_hosts_with_credentials_are_known_without_asking_anybody() {
    let home = Home::new()
        .file(".terraformrc", hcl("B.example", "x") + &hcl(HCP, "x"))
        .file(".terraform.d/credentials.tfrc.json", json(HCP, "y"))
        .var("TF_TOKEN_a_example", "x")
        .var("TFE_TOKEN", "x")
        .var("TFE_HOSTNAME", "tfe.example");
    let hosts = credentials::known_hosts(&home.env());
    let hosts: Vec<_> = hosts.iter().map(Host::as_str).collect();
    assert_eq!(hosts, ["a.example", HCP, "b.example", "tfe.example"]);
    let nobody = Environment::new(Default::default(), None);
    assert_eq!(credentials::known_hosts(&nobody), Vec::<Host>::new());
}

#[test]
fn nothing_that_can_be_printed_holds_a_credential() {
    let home = Home::new()
        .var("TFE_TOKEN", "top-secret")
        .file(".terraformrc", hcl(HCP, "top-secret"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let found = runtime.block_on(home.obtain(HCP)).unwrap();
    let shown = format!("{:?} {found:?} {:#?}", home.env(), found);
    assert!(!shown.contains("top-secret"), "{shown}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "needs gnome-keyring and secret-tool; run by .ci/run"]
async fn the_keyring_gives_what_secret_tool_has_stored() {
    use std::io::Write;
    use std::process::{Command, Stdio};

    if !real::keyring::inside() {
        return real::keyring::run_in(
            &real::keyring::Session::start(),
            "the_keyring_gives_what_secret_tool_has_stored",
        );
    }

    let env = Home::new().env();
    let name = format!("{}.keyring.example", std::process::id());
    let host = HostConfig {
        account: Some("prod".into()),
        credential: CredentialSource::Keyring,
        ..HostConfig::new(Host::new(&name))
    };
    let user = credentials::keyring::user(&host);
    assert_eq!(user, format!("prod@{name}"));
    let error = credentials::obtain(&host, &env, &Programs::default())
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("it has no entry"), "{error}");
    let attributes = ["service", "orgward", "username", &user];
    let mut store = Command::new("secret-tool")
        .args(["store", "--label=test"])
        .args(attributes)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    store
        .stdin
        .take()
        .unwrap()
        .write_all(b"from-the-keyring")
        .unwrap();
    assert!(store.wait().unwrap().success());
    let found = credentials::obtain(&host, &env, &Programs::default()).await;
    let cleared = Command::new("secret-tool")
        .arg("clear")
        .args(attributes)
        .status();
    assert!(cleared.unwrap().success());
    let found = found.unwrap();
    assert_eq!(
        (found.secret.expose(), found.origin),
        ("from-the-keyring", Origin::Keyring)
    );
}

#[tokio::test]
async fn a_program_is_named_and_can_be_stopped_and_the_next_one_runs() {
    let command = |arguments: &[&str]| HostConfig {
        credential: CredentialSource::Command(arguments.iter().map(ToString::to_string).collect()),
        ..HostConfig::new(Host::new(HCP))
    };
    let env = Home::new().env();
    let programs = Programs::default();
    let (sender, mut progress) = tokio::sync::mpsc::unbounded_channel();
    programs.report_to(sender);
    let (slow, quick) = (
        command(&["/bin/sleep", "600"]),
        command(&["/bin/echo", "-n", "FOUND"]),
    );
    let waiting = credentials::obtain(&slow, &env, &programs);
    let next = credentials::obtain(&quick, &env, &programs);
    let stop = async {
        let began = progress.recv().await;
        assert_eq!(began, Some(Progress::Began("sleep 600".into())));
        assert!(programs.is_busy());
        programs.stop();
        assert_eq!(progress.recv().await, Some(Progress::Ended));
        let began = progress.recv().await;
        assert_eq!(began, Some(Progress::Began("echo -n …".into())));
    };
    let (stopped, found, ()) = tokio::join!(waiting, next, stop);
    let error = stopped.unwrap_err();
    assert!(
        error.is_program() && error.to_string().contains("it was stopped"),
        "{error}"
    );
    assert_eq!(found.unwrap().secret.expose(), "FOUND");
    assert!(!programs.is_busy());
}
