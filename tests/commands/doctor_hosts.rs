//! `doctor` about a host: each thing that can be wrong on the way to it, behind
//! a proxy with TLS of its own, and what mends it.

use orgward::demo::{
    Clock, Discovery, EmbeddedHost, Flavour, HostOptions, Limit, OrganizationSeed,
};
use serde_json::Value;

use super::front::{Front, Shows};
use super::runner::{Ran, command};
use super::support::Owner;

const NAME: &str = "tfe.corp.example";

/// An owner whose host is found by discovery, through a proxy.
struct Behind {
    owner: Owner,
    front: Front,
}

impl Behind {
    fn new(shows: Shows, names: &[&str], change: impl FnOnce(&mut HostOptions)) -> Self {
        let mut owner = Owner::new();
        let mut options =
            HostOptions::new(Flavour::Enterprise, vec![OrganizationSeed::new("acme")]);
        change(&mut options);
        owner.host = EmbeddedHost::start_on_thread(options).unwrap();
        let port = owner.host.address().port().unwrap();
        let front = Front::showing(shows, names, ([127, 0, 0, 1], port).into());
        Self { owner, front }
    }

    fn ca_file(&self) -> String {
        format!("ca_file = \"{}\"", self.front.authority().display())
    }

    /// The findings about the host, and the exit code.
    fn doctor(&self, more: &str) -> (Vec<Value>, i32) {
        let config = format!(
            "[[host]]\nname = \"{NAME}\"\ncredential = {{ env = \"OWNER_CREDENTIAL\" }}\n{more}\n"
        );
        std::fs::write(self.owner.config(), config).unwrap();
        let mut command = command(&self.owner, &["doctor", "--json"]);
        command
            .env("HTTPS_PROXY", self.front.proxy())
            .env("OWNER_CREDENTIAL", self.owner.host.credential().expose());
        let ran = Ran::of(command.output().unwrap());
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        let all: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
        let about = all.into_iter().filter(|found| found["about"] == NAME);
        (about.collect(), ran.code.unwrap())
    }
}

/// The one problem there is, as `check: detail -> mend`.
#[track_caller]
fn problem((all, code): (Vec<Value>, i32)) -> String {
    let problems: Vec<&Value> = all.iter().filter(|f| f["status"] == "problem").collect();
    assert_eq!(problems.len(), 1, "{all:?}");
    assert_eq!(code, 1);
    line(problems[0])
}

fn line(found: &Value) -> String {
    let part = |name: &str| found[name].as_str().unwrap_or_default();
    format!("{}: {} -> {}", part("check"), part("detail"), part("mend"))
}

#[track_caller]
fn of<'v>(all: &'v [Value], check: &str) -> &'v Value {
    let found: Vec<_> = all.iter().filter(|found| found["check"] == check).collect();
    assert_eq!(found.len(), 1, "{check}: {all:?}");
    found[0]
}

#[track_caller]
fn has(line: &str, words: &[&str]) {
    for word in words {
        assert!(line.contains(word), "{word:?} is not in: {line}");
    }
}

#[test]
fn a_host_behind_a_proxy_with_its_own_authority_is_well() {
    let behind = Behind::new(Shows::Certificate, &[NAME], |_| {});
    let (all, code) = behind.doctor(&behind.ca_file());
    assert_eq!(code, 0, "{all:?}");
    has(&line(of(&all, "tls")), &["trusted"]);
    has(&line(of(&all, "discovery")), &["the host says"]);
    has(
        &line(of(&all, "address")),
        &["https://tfe.corp.example/api/v2/"],
    );
}

#[test]
fn an_unknown_issuer_is_mended_by_a_ca_file() {
    let behind = Behind::new(Shows::Certificate, &[NAME], |_| {});
    let line = problem(behind.doctor(""));
    has(
        &line,
        &["tls: ", "issuer", "-> ", "`ca_file` under this [[host]]"],
    );
    // Another's CA file is no help, and that is said.
    let other = Behind::new(Shows::Certificate, &[NAME], |_| {});
    let line = problem(behind.doctor(&other.ca_file()));
    has(&line, &["tls: ", "another CA's"]);
    assert!(behind.owner.host.requests().is_empty());
}

#[test]
fn what_is_wrong_with_a_certificate_is_told_apart() {
    for (shows, names, words) in [
        (Shows::Expired, NAME, ["has expired", "renewed", "clock"]),
        (
            Shows::NotYetValid,
            NAME,
            ["not valid yet", "clock", "issued anew"],
        ),
        (
            Shows::Certificate,
            "other.example",
            ["another name", "`name` as its certificate has it", "tls: "],
        ),
        (
            Shows::Plain,
            NAME,
            [
                "does not speak TLS",
                "check the port",
                "http://127.0.0.1:PORT",
            ],
        ),
    ] {
        let behind = Behind::new(shows, &[names], |_| {});
        let line = problem(behind.doctor(&behind.ca_file()));
        has(&line, &["tls: "]);
        has(&line, &words);
        let requests = behind.owner.host.requests();
        assert!(requests.iter().all(|request| !request.carried_credential));
    }
}

#[test]
fn a_host_that_wants_a_client_certificate_is_told_that_there_are_none() {
    let behind = Behind::new(Shows::WantsOurs, &[NAME], |_| {});
    let line = problem(behind.doctor(&behind.ca_file()));
    has(
        &line,
        &[
            "tls: ",
            "client certificate",
            "-> client certificates are not supported",
        ],
    );
    // `list` says it as well.
    let mut list = command(&behind.owner, &["list"]);
    let ran = Ran::of(
        list.env("HTTPS_PROXY", behind.front.proxy())
            .output()
            .unwrap(),
    );
    ran.ended(2).says(&["client certificate", "not supported"]);
}

#[test]
fn a_ca_file_that_is_none_is_named() {
    let behind = Behind::new(Shows::Certificate, &[NAME], |_| {});
    for (text, words) in [(None, "cannot be read"), (Some("no pem"), "PEM")] {
        let file = behind.owner.home.path().join("ca.pem");
        if let Some(text) = text {
            std::fs::write(&file, text).unwrap();
        }
        let line = problem(behind.doctor(&format!("ca_file = \"{}\"", file.display())));
        has(&line, &["ca.pem", words, "-> mend what it names"]);
    }
}

#[test]
fn a_host_without_discovery_is_used_by_default_and_that_is_said() {
    let behind = Behind::new(Shows::Certificate, &[NAME], |options| {
        options.discovery = Discovery::Absent;
    });
    let (all, code) = behind.doctor(&behind.ca_file());
    assert_eq!(code, 0, "{all:?}");
    let found = of(&all, "discovery");
    assert_eq!(found["status"], "note");
    has(&line(found), &["404", "/api/v2/", "`address`"]);
}

#[test]
fn an_api_that_is_elsewhere_is_named_with_the_line_to_write() {
    let behind = Behind::new(Shows::Certificate, &[NAME], |options| {
        options.discovery =
            Discovery::Document(r#"{"tfe.v2":"https://api.corp.example/v2"}"#.into());
    });
    let line = problem(behind.doctor(&behind.ca_file()));
    has(
        &line,
        &[
            "discovery: ",
            "-> ",
            "address = \"https://api.corp.example/v2/\"; the credential goes there then",
        ],
    );
    let requests = behind.owner.host.requests();
    assert!(requests.iter().all(|request| !request.carried_credential));
}

#[test]
fn a_discovery_that_is_nonsense_is_mended_by_an_address() {
    let behind = Behind::new(Shows::Certificate, &[NAME], |options| {
        options.discovery = Discovery::Document("<html>".into());
    });
    has(
        &problem(behind.doctor(&behind.ca_file())),
        &["discovery: ", "`address`"],
    );
}

#[test]
fn what_needs_no_credential_is_looked_at_without_one() {
    let behind = Behind::new(Shows::Expired, &[NAME], |_| {});
    behind.doctor(&behind.ca_file());
    let text = std::fs::read_to_string(behind.owner.config()).unwrap();
    let text = text.replace("OWNER_CREDENTIAL", "UNSET_VARIABLE");
    std::fs::write(behind.owner.config(), text).unwrap();
    let mut command = command(&behind.owner, &["doctor"]);
    let ran = Ran::of(
        command
            .env("HTTPS_PROXY", behind.front.proxy())
            .output()
            .unwrap(),
    )
    .ended(1);
    has(&ran.out, &["UNSET_VARIABLE", "has expired"]);
}

#[test]
fn a_clock_that_is_off_by_an_hour_and_the_limit_are_told() {
    for (hours, words) in [(1, "behind"), (-1, "ahead of")] {
        let behind = Behind::new(Shows::Certificate, &[NAME], |options| {
            let now = jiff::Timestamp::now();
            options.clock = Clock::at(now + jiff::SignedDuration::from_hours(hours));
        });
        let found = behind.doctor(&behind.ca_file());
        has(&line(of(&found.0, "limit")), &["30 requests a second"]);
        has(
            &problem(found),
            &["clock: ", words, "set this machine's clock"],
        );
    }
    let behind = Behind::new(Shows::Certificate, &[NAME], |options| options.limit = None);
    let (all, code) = behind.doctor(&behind.ca_file());
    assert_eq!(code, 0);
    has(&line(of(&all, "limit")), &["states none", "16"]);
    let behind = Behind::new(Shows::Certificate, &[NAME], |options| {
        options.limit = Some(Limit {
            requests: 7,
            ..Limit::default()
        });
    });
    let (all, _) = behind.doctor(&behind.ca_file());
    has(&line(of(&all, "limit")), &["7 requests a second"]);
}

#[test]
fn a_credential_that_is_not_accepted_is_not_a_matter_of_tls() {
    let behind = Behind::new(Shows::Certificate, &[NAME], |_| {});
    let config = behind.ca_file();
    behind.doctor(&config);
    let mut command = command(&behind.owner, &["doctor", "--json"]);
    command
        .env("HTTPS_PROXY", behind.front.proxy())
        .env("OWNER_CREDENTIAL", "not-the-owners-at-all");
    let ran = Ran::of(command.output().unwrap()).ended(1);
    let all: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    let all: Vec<Value> = all
        .into_iter()
        .filter(|found| found["about"] == NAME)
        .collect();
    has(&line(of(&all, "tls")), &["trusted"]);
    has(
        &line(of(&all, "who am I")),
        &["401", "renew it where it is stored"],
    );
    assert!(!ran.out.contains("not-the-owners"), "{}", ran.out);
}

#[test]
fn who_and_what_the_credential_may() {
    let behind = Behind::new(Shows::Certificate, &[NAME], |_| {});
    let (all, _) = behind.doctor(&behind.ca_file());
    has(&line(of(&all, "who am I")), &["olivia"]);
    has(&line(of(&all, "permissions")), &["1 of 1"]);
}
