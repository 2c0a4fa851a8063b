//! The configuration as its owner meets it: every key, and for every mistake one
//! line that names the place and the mend.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use orgward::config::{
    self, Config, CredentialSource, DeliveryWay, HostConfig, Method, Organizations, RescueTo,
};
use orgward::credentials::Environment;
use orgward::expiry::Expiry;
use orgward::slot::Rules;
use tempfile::TempDir;

const DAY: u64 = 24 * 60 * 60;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn file(&self, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join("config.toml");
        fs::write(&path, text).unwrap();
        mode(&path, 0o644);
        path
    }
}

#[cfg(unix)]
fn mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn mode(_: &Path, _: u32) {}

fn read(text: &str) -> Config {
    let folder = Folder::new();
    config::load(&folder.file(text)).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// The error without the folder: `config.toml:LINE: …`.
fn refused(text: impl AsRef<[u8]>) -> String {
    let folder = Folder::new();
    let path = folder.file(text);
    let error = config::load(&path).unwrap_err().to_string();
    assert!(!error.contains('\n'), "one line: {error}");
    let prefix = format!("{}/", folder.0.path().display());
    match error.strip_prefix(&prefix) {
        Some(rest) => rest.to_owned(),
        None => panic!("the file is not named first: {error}"),
    }
}

fn one_host(lines: &str) -> HostConfig {
    let config = read(&format!("[[host]]\n{lines}\n"));
    let [host] = config.hosts.try_into().unwrap();
    host
}

#[test]
fn every_key_of_the_design_is_understood() {
    let folder = Folder::new();
    let path = folder.file(
        r#"
[[host]]
name = "app.terraform.io"
account = "prod"
credential = "terraform"
organizations = ["acme", "platform"]
ca_file = "/etc/ssl/corp-ca.pem"
pace = 0.5

[[host]]
name = "TFE.corp.example:8443"
address = "https://elsewhere.example/tfe/api/v2"
credential = { command = ["op", "read", "op://infra/tfe/token"] }
organizations = "all"
ca_file = "ca.pem"
pace = 1

[clipboard]
method = "osc52"
clear_after = "2m"

[expiry]
default = "longest"
warn_within = "2w"
unused_after = "1y"

[rescue]
to = "file"

[delivery.vault]
command = ["vault", "kv", "put", "-mount=ci", "terraform/{organization}", "token=-"]

[delivery.disk]
file = "/srv/{host}/{organization}"
timeout = "5s"
newline = true

[screen]
theme = "dark"
mouse = true
ascii = true

[keys]
refresh_all = "R"
"#,
    );
    let config = config::load(&path).unwrap();
    assert_eq!(config.path.as_deref(), Some(path.as_path()));
    let [prod, tfe] = &config.hosts[..] else {
        panic!("{:?}", config.hosts)
    };
    assert_eq!(prod.host.as_str(), "app.terraform.io");
    assert_eq!(prod.account.as_deref(), Some("prod"));
    assert_eq!(prod.credential, CredentialSource::Terraform);
    assert_eq!(
        prod.organizations,
        Organizations::Listed(vec![Arc::from("acme"), Arc::from("platform")])
    );
    assert_eq!(
        prod.ca_file.as_deref(),
        Some(Path::new("/etc/ssl/corp-ca.pem"))
    );
    assert_eq!((prod.pace, prod.address.as_ref()), (0.5, None));
    assert_eq!(tfe.host.as_str(), "tfe.corp.example:8443");
    assert_eq!(
        tfe.address.as_ref().unwrap().as_str(),
        "https://elsewhere.example/tfe/api/v2/"
    );
    assert_eq!(
        tfe.credential,
        CredentialSource::Command(vec![
            "op".into(),
            "read".into(),
            "op://infra/tfe/token".into()
        ])
    );
    assert_eq!(tfe.organizations, Organizations::All);
    assert_eq!(tfe.ca_file, Some(folder.0.path().join("ca.pem")));
    assert_eq!(tfe.pace, 1.0);
    assert_eq!(config.clipboard.method, Method::Osc52);
    assert_eq!(config.clipboard.clear_after, Some(Duration::from_secs(120)));
    assert_eq!(config.expiry.default, Expiry::Longest);
    assert_eq!(
        config.expiry.rules,
        Rules {
            warn_within: Duration::from_secs(14 * DAY),
            unused_after: Duration::from_secs(365 * DAY),
        }
    );
    assert_eq!(config.rescue, Some(RescueTo::File));
    let vault = &config.deliveries["vault"];
    assert!(
        matches!(&vault.what, DeliveryWay::Command(command) if command[0] == "vault" && command.len() == 6)
    );
    assert_eq!(
        (vault.timeout, vault.newline),
        (Duration::from_secs(30), false)
    );
    let disk = &config.deliveries["disk"];
    assert_eq!(
        disk.what,
        DeliveryWay::File("/srv/{host}/{organization}".into())
    );
    assert_eq!((disk.timeout, disk.newline), (Duration::from_secs(5), true));
    assert_eq!(config.screen.theme, "dark");
    assert!(config.screen.mouse && config.screen.ascii);
    assert_eq!(config.keys["refresh_all"], "R");
    assert_eq!(
        config
            .refuse_key("refresh_all", "no such key; write R")
            .to_string(),
        format!("{}:44: no such key; write R", path.display())
    );
}

#[test]
fn the_shipped_default_configuration_says_what_the_program_does_without_one() {
    let text = include_str!("../assets/config.toml");
    let shipped = read(text);
    assert_eq!(shipped.hosts.len(), 1);
    let bare = Config {
        path: shipped.path.clone(),
        hosts: vec![HostConfig::new(shipped.hosts[0].host.clone())],
        ..Config::default()
    };
    assert_eq!(shipped, bare);
    // The commented keys are the real ones: switched on, they still load.
    // Alternatives to a key that is on already stay off.
    let mut seen = Vec::new();
    let mut table = String::new();
    let mut all = String::new();
    for line in text.lines() {
        let bared = line.strip_prefix("# ").unwrap_or(line);
        if bared.starts_with('[') {
            table = bared.to_owned();
            all += &format!("{bared}\n");
        } else if let Some((key, _)) = bared.split_once(" = ")
            && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            && !seen.contains(&(table.clone(), key.to_owned()))
        {
            seen.push((table.clone(), key.to_owned()));
            all += &format!("{bared}\n");
        }
    }
    assert!(seen.len() >= 20, "{seen:?}");
    let everything = read(&all);
    assert_eq!(everything.deliveries.len(), 2);
    let usual = Config::default();
    assert_eq!(everything.clipboard, usual.clipboard);
    assert_eq!(everything.expiry, usual.expiry);
    assert_eq!(everything.screen, usual.screen);
    assert_eq!(everything.hosts[0].pace, bare.hosts[0].pace);
}

#[test]
fn an_empty_file_has_the_defaults_and_no_host() {
    for text in ["", "\u{feff}", "# nothing\n", "\r\n"] {
        let config = read(text);
        assert_eq!(config.hosts, []);
        assert_eq!(config.clipboard.clear_after, Some(Duration::from_secs(45)));
        assert_eq!(config.expiry.default.words(), "90 d");
        assert_eq!(config.rescue, None);
    }
}

#[test]
fn a_loopback_address_as_name_is_host_and_address_in_one() {
    for (name, host, address) in [
        (
            "http://127.0.0.1:8080",
            "127.0.0.1:8080",
            "http://127.0.0.1:8080/api/v2/",
        ),
        (
            "http://localhost:9000/",
            "localhost:9000",
            "http://localhost:9000/api/v2/",
        ),
        (
            "http://[::1]:9000",
            "[::1]:9000",
            "http://[::1]:9000/api/v2/",
        ),
        (
            "http://127.9.9.9",
            "127.9.9.9:80",
            "http://127.9.9.9/api/v2/",
        ),
    ] {
        let found = one_host(&format!("name = {name:?}"));
        assert_eq!(found.host.as_str(), host);
        assert_eq!(found.address.unwrap().as_str(), address);
    }
    assert_eq!(one_host("name = \"127.0.0.1:8080\"").address, None);
}

#[test]
fn never_and_every_source_of_a_credential_are_understood() {
    assert_eq!(
        read("[clipboard]\nclear_after = \"never\"")
            .clipboard
            .clear_after,
        None
    );
    for (text, source) in [
        ("\"terraform\"", CredentialSource::Terraform),
        ("\"keyring\"", CredentialSource::Keyring),
        ("\"ask\"", CredentialSource::Ask),
        (
            "{ env = \"OWNER_X1\" }",
            CredentialSource::Env("OWNER_X1".into()),
        ),
    ] {
        let host = one_host(&format!("name = \"a.example\"\ncredential = {text}"));
        assert_eq!(host.credential, source);
    }
    assert!(orgward::child::is_hidden("OWNER_X1"), "no child may get it");
}

#[test]
fn every_mistake_names_its_line_and_its_mend() {
    let host = |lines: &str| format!("# hosts\n[[host]]\nname = \"a.example\"\n{lines}\n");
    for (text, line, part) in [
        ("[[host]\n".to_owned(), 1, "not TOML"),
        ("hosts = []\n".to_owned(), 1, "did you mean `host`?"),
        ("[host]\nname = \"a\"\n".to_owned(), 1, "[[host]]"),
        ("\n[[host]]\npace = 1\n".to_owned(), 2, "has no name"),
        (
            host("organisations = \"all\""),
            4,
            "did you mean `organizations`?",
        ),
        (host("colour = 1"), 4, "there are name, address"),
        (host("token = \"abc\""), 4, "this file holds no credential"),
        (
            host("credential = { token = \"abc\" }"),
            4,
            "this file holds no credential",
        ),
        (
            "\ntoken = \"abc\"\n".to_owned(),
            2,
            "this file holds no credential",
        ),
        (
            host("credential = \"Terraform\""),
            4,
            "write \"terraform\", \"keyring\"",
        ),
        (
            host("credential = 7"),
            4,
            "write \"terraform\", \"keyring\"",
        ),
        (host("credential = {}"), 4, "one source is wanted"),
        (
            host("credential = { env = \"A\", command = [\"b\"] }"),
            4,
            "one source is wanted",
        ),
        (
            host("credential = { env = \"A-B\" }"),
            4,
            "the name of a variable",
        ),
        (
            host("credential = { command = \"op read\" }"),
            4,
            "a list of texts",
        ),
        (host("credential = { command = [] }"), 4, "a list of texts"),
        (
            host("credential = { command = [\"\"] }"),
            4,
            "a list of texts",
        ),
        (
            host("credential = { command = [\n\"a\",\n1] }"),
            6,
            "a list of texts",
        ),
        (
            host("organizations = []"),
            4,
            "the list of organizations is empty",
        ),
        (
            host("organizations = \"acme\""),
            4,
            "write \"all\" or a list",
        ),
        (
            host("organizations = [\"a\",\n\"\"]"),
            5,
            "cannot be an organization's name",
        ),
        (
            host("organizations = [\"a/b\"]"),
            4,
            "cannot be an organization's name",
        ),
        (
            host("organizations = [\"..\"]"),
            4,
            "cannot be an organization's name",
        ),
        (
            host("organizations = [\"a\\u001bb\"]"),
            4,
            "cannot be an organization's name",
        ),
        (host("organizations = [\"a\",\n\"a\"]"), 5, "listed twice"),
        (host("organizations = [1]"), 4, "is text"),
        (host("account = \"a b\""), 4, "a word of letters"),
        (host("pace = 0"), 4, "above 0 and up to 1"),
        (host("pace = 1.01"), 4, "above 0 and up to 1"),
        (host("pace = -0.5"), 4, "above 0 and up to 1"),
        (host("pace = nan"), 4, "above 0 and up to 1"),
        (host("pace = \"0.5\""), 4, "above 0 and up to 1"),
        (host("ca_file = \"~/ca.pem\""), 4, "`~` is not expanded"),
        (host("ca_file = true"), 4, "`ca_file` is text, not"),
        (
            host("address = \"http://tfe.example/\""),
            4,
            "http is only for this machine",
        ),
        (
            host("address = \"http://127.0.0.1.example/\""),
            4,
            "http is only for this machine",
        ),
        (
            host("address = \"ftp://a.example/\""),
            4,
            "begins with https://",
        ),
        (host("address = \"a.example\""), 4, "is not an address"),
        (
            host("address = \"https://u:hunter2@a.example/\""),
            4,
            "no user, password",
        ),
        (
            host("address = \"https://a.example/?q=1\""),
            4,
            "no user, password",
        ),
        (
            host("[[host]]\nname = \"A.example:443\""),
            5,
            "configured twice",
        ),
        (
            "[[host]]\nname = \"https://a.example/x\"\n".to_owned(),
            2,
            "write `a.example`",
        ),
        (
            "[[host]]\nname = \"http://a.example\"\n".to_owned(),
            2,
            "http is only for this machine",
        ),
        (
            "[[host]]\nname = \"http://127.0.0.1:1/x\"\n".to_owned(),
            2,
            "write a path as address",
        ),
        (
            "[[host]]\nname = \"http://[::2]:1\"\n".to_owned(),
            2,
            "http is only for this machine",
        ),
        (
            "[[host]]\nname = \"a b\"\n".to_owned(),
            2,
            "is not the name of a host",
        ),
        ("[[host]]\nname = \"\"\n".to_owned(), 2, "is empty"),
        (
            "[[host]]\nname = \"http://127.0.0.1:1\"\naddress = \"https://a.example/\"\n"
                .to_owned(),
            3,
            "both name and address",
        ),
        (
            "[clipboard]\nmethod = \"x11\"\n".to_owned(),
            2,
            "write \"auto\", \"system\", \"osc52\", \"off\"",
        ),
        (
            "[clipboard]\nclear_after = 45\n".to_owned(),
            2,
            "is text, not",
        ),
        (
            "[clipboard]\nclear_after = \"0s\"\n".to_owned(),
            2,
            "a number above zero",
        ),
        (
            "[clipboard]\nclear_after = \"45\"\n".to_owned(),
            2,
            "\"never\" keeps",
        ),
        (
            "[expiry]\ndefault = \"never\"\n".to_owned(),
            2,
            "is not an expiry",
        ),
        (
            "[expiry]\nwarn_within = \"never\"\n".to_owned(),
            2,
            "is not a length",
        ),
        (
            "[expiry]\nwarn-within = \"1d\"\n".to_owned(),
            2,
            "did you mean `warn_within`?",
        ),
        (
            "[rescue]\nto = \"disk\"\n".to_owned(),
            2,
            "write \"keyring\", \"file\", \"none\"",
        ),
        (
            "rescue = \"file\"\n".to_owned(),
            1,
            "write it under [rescue]",
        ),
        (
            "[delivery.panel]\nfile = \"/a\"\n".to_owned(),
            1,
            "is a destination already",
        ),
        (
            "[delivery.\"a:b\"]\nfile = \"/a\"\n".to_owned(),
            1,
            "a word of letters",
        ),
        (
            "[delivery.a]\ntimeout = \"1s\"\n".to_owned(),
            1,
            "needs either command",
        ),
        (
            "[delivery.a]\nfile = \"/a\"\ncommand = [\"b\"]\n".to_owned(),
            1,
            "needs either command",
        ),
        (
            "[delivery.a]\nfile = \"a/{id}\"\n".to_owned(),
            2,
            "whole path",
        ),
        (
            "[delivery.a]\nfile = \"/a/{org}\"\n".to_owned(),
            2,
            "`{org}` is not a placeholder",
        ),
        (
            "[delivery.a]\ncommand = [\"v\", \"{\"]\n".to_owned(),
            2,
            "write `{{` for a brace",
        ),
        (
            "[delivery.a]\ncommand = [\"{host}\"]\n".to_owned(),
            2,
            "takes no placeholder",
        ),
        (
            "[delivery.a]\nfile = \"/a\"\ntimeout = \"x\"\n".to_owned(),
            3,
            "is not a length",
        ),
        (
            "[delivery.a]\nfile = \"/a\"\nnewline = 1\n".to_owned(),
            3,
            "write newline = true",
        ),
        (
            "[screen]\nmouse = \"yes\"\n".to_owned(),
            2,
            "write mouse = true",
        ),
        (
            "[screen]\ntheme = \"\"\n".to_owned(),
            2,
            "the theme is empty",
        ),
        ("[keys]\nquit = 3\n".to_owned(), 2, "written as text"),
        (
            "[keys]\nquit = \"a\"\nquit = \"b\"\n".to_owned(),
            3,
            "duplicate key",
        ),
    ] {
        let error = refused(&text);
        let start = format!("config.toml:{line}: ");
        assert!(
            error.starts_with(&start) && error.contains(part),
            "{text}→ {error}"
        );
        for kept in ["abc", "hunter2"] {
            assert!(!error.contains(kept), "{error}");
        }
    }
}

#[test]
fn the_same_host_with_two_accounts_is_two_entries() {
    let config = read(
        "[[host]]\nname = \"a.example\"\n[[host]]\nname = \"a.example\"\naccount = \"prod\"\n",
    );
    assert_eq!(config.hosts.len(), 2);
    let error = refused(
        "[[host]]\nname = \"a.example\"\naccount = \"x\"\n[[host]]\nname = \"a.example\"\naccount = \"x\"\n",
    );
    assert!(error.contains("account x is configured twice"), "{error}");
}

#[test]
fn a_file_that_is_no_text_is_one_clear_line() {
    assert!(refused(b"[keys]\nquit = \"\xff\"\n").starts_with("config.toml:2: there is a byte"));
    assert!(refused(vec![b'#'; 1024 * 1024 + 1]).contains("larger than 1 MiB"));
    let folder = Folder::new();
    let error = config::load(folder.0.path()).unwrap_err();
    assert!(error.to_string().contains("it is a directory"), "{error}");
    let error = config::load(&folder.0.path().join("none.toml")).unwrap_err();
    assert!(error.is_missing(), "{error}");
    #[cfg(unix)]
    {
        let error = config::load(Path::new("/dev/null")).unwrap_err();
        assert!(error.to_string().contains("it is not a file"), "{error}");
        let below = folder.file("").join("x");
        let error = config::load(&below).unwrap_err();
        assert!(error.to_string().contains("cannot be read"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_write_must_not_decide_what_runs_and_who_is_told() {
    let folder = Folder::new();
    let link = folder.0.path().join("link.toml");
    let host = |line: &str| format!("[[host]]\nname = \"a.example\"\n{line}\n");
    for (text, refused) in [
        (host(""), None),
        (host("credential = \"keyring\""), None),
        ("[clipboard]\nclear_after = \"20s\"\n".into(), None),
        ("[clipboard]\nclear_after = \"45s\"\n".into(), None),
        ("[rescue]\nto = \"file\"\n".into(), None),
        // Any variable of its reader's would go to a host of its writer's.
        (host("credential = { env = \"X\" }"), Some("`env`")),
        (
            host("credential = { command = [\"b\"] }"),
            Some("`command`"),
        ),
        (host("ca_file = \"/ca.pem\""), Some("`ca_file`")),
        (host("address = \"https://b.example/\""), Some("`address`")),
        (
            "[[host]]\nname = \"http://127.0.0.1:1\"\n".into(),
            Some("`name`"),
        ),
        (
            "[delivery.a]\ncommand = [\"b\"]\n".into(),
            Some("`command`"),
        ),
        ("[delivery.a]\nfile = \"/a\"\n".into(), Some("`file`")),
        ("[rescue]\nto = \"none\"\n".into(), Some("`to = \"none\"`")),
        (
            "[clipboard]\nclear_after = \"never\"\n".into(),
            Some("`clear_after = \"never\"`"),
        ),
        // Which comes to the same.
        (
            "[clipboard]\nclear_after = \"99y\"\n".into(),
            Some("`clear_after = \"99y\"`"),
        ),
    ] {
        let path = folder.file(&text);
        for bits in [0o664, 0o646] {
            mode(&path, bits);
            let _ = fs::remove_file(&link);
            std::os::unix::fs::symlink(&path, &link).unwrap();
            for path in [&path, &link] {
                let error = config::load(path).err().map(|error| error.to_string());
                match (refused, error) {
                    (None, error) => assert_eq!(error, None, "{text}"),
                    (Some(_), None) => panic!("obeyed: {text}"),
                    (Some(what), Some(error)) => {
                        assert!(error.contains(&format!("{what} is not obeyed")), "{error}");
                        assert!(error.contains("chmod go-w"), "{text}: {error}");
                        assert!(error.contains(&format!("mode {bits:o}")), "{error}");
                    }
                }
            }
        }
        mode(&path, 0o600);
        config::load(&path).unwrap();
    }
}

#[test]
fn the_file_is_the_one_that_was_named_else_the_usual_one() {
    let folder = Folder::new();
    let home = folder.0.path().to_owned();
    let env = |value: &str| {
        let vars = [("ORGWARD_CONFIG".into(), value.into())];
        Environment::new(vars.into(), Some(home.clone()))
    };
    let by_flag = config::locate(Some(Path::new("a.toml")), &env("b.toml"));
    assert_eq!(
        (by_flag.path, by_flag.named_by),
        (Some("a.toml".into()), Some("--config"))
    );
    let by_variable = config::locate(None, &env("b.toml"));
    assert_eq!(
        (by_variable.path, by_variable.named_by),
        (Some("b.toml".into()), Some("ORGWARD_CONFIG"))
    );
    let usual = config::locate(None, &env(""));
    assert_eq!(usual.named_by, None);
    let path = usual.path.clone().unwrap();
    assert!(
        path.starts_with(&home) && path.ends_with("config.toml"),
        "{path:?}"
    );
    assert_eq!(usual.load(), Ok(None));
    let named = config::locate(Some(&home.join("none.toml")), &env(""));
    let error = named.load().unwrap_err().to_string();
    assert!(
        error.contains("--config names a file that does not exist"),
        "{error}"
    );
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "[[host]]\nname = \"a.example\"\n").unwrap();
    assert_eq!(usual.load().unwrap().unwrap().hosts.len(), 1);
    let homeless = config::locate(None, &Environment::new(BTreeMap::new(), None));
    assert_eq!((homeless.path.clone(), homeless.load()), (None, Ok(None)));
}
