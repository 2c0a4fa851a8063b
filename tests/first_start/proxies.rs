//! The way to a host: proxies, authorities, and an API that is elsewhere.

use orgward::demo::{Discovery, EmbeddedHost, Flavour, HostOptions, OrganizationSeed};

use super::front::Front;
use super::support::{Exit, Owner, Program};
use super::{entry, wait_for_rows};

const NAME: &str = "tfe.corp.example";
const ENTRY: &str = "[[host]]\nname = \"tfe.corp.example\"\n\
                     credential = { env = \"OWNER_CREDENTIAL\" }\norganizations = [\"acme\"]\n";

fn front(owner: &Owner) -> Front {
    let port = owner.host.address().port().unwrap();
    Front::start(&[NAME], ([127, 0, 0, 1], port).into())
}

fn start(owner: &Owner, config: &str, env: &[(&str, &str)]) -> Program {
    std::fs::write(owner.config(), config).unwrap();
    let mut program = owner.program();
    for (name, value) in env {
        program = program.env(name, value);
    }
    program.start()
}

#[test]
fn the_proxy_and_the_authority_of_the_environment_or_the_file_are_used() {
    let owner = Owner::new();
    let front = front(&owner);
    let authority = front.authority().to_str().unwrap();
    let proxy = front.proxy();
    for (config, env) in [
        (
            ENTRY.to_owned(),
            vec![("HTTPS_PROXY", &*proxy), ("SSL_CERT_FILE", authority)],
        ),
        (
            format!("{ENTRY}ca_file = \"{authority}\"\n"),
            vec![("https_proxy", &*proxy)],
        ),
    ] {
        let before = front.asked().len();
        let program = start(&owner, &config, &env);
        program.wait_until("the token", |screen| {
            screen.contains("acme") && screen.row_with("acme").contains(" ok ")
        });
        program.press("q");
        assert_eq!(program.wait_exit(), Exit::Code(0));
        assert!(front.asked().len() >= before);
    }
    assert_eq!(front.asked(), ["CONNECT tfe.corp.example:443 HTTP/1.1"]);
}

#[test]
fn without_its_authority_the_host_is_not_spoken_to() {
    let owner = Owner::new();
    let front = front(&owner);
    let program = start(&owner, ENTRY, &[("HTTPS_PROXY", &front.proxy())]);
    program.wait_until("the failure", |screen| {
        screen.contains("acme") && screen.row_with("acme").contains("failed")
    });
    program.wait_for("ca_file");
    assert!(owner.host.requests().is_empty());
}

#[test]
fn no_proxy_and_loopback_go_past_the_proxy() {
    let owner = Owner::new();
    let front = front(&owner);
    let proxy = front.proxy();
    let all = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
    let mut env: Vec<(&str, &str)> = all.iter().map(|name| (*name, &*proxy)).collect();
    env.extend(all.map(str::to_lowercase).iter().map(|name| {
        // Lower-case names count as well.
        (&*name.clone().leak(), &*proxy)
    }));
    let here = entry(&owner, "credential = { env = \"OWNER_CREDENTIAL\" }");
    let program = start(&owner, &here, &env);
    wait_for_rows(&program);
    assert!(front.asked().is_empty(), "{:?}", front.asked());

    env.push(("NO_PROXY", NAME));
    let program = start(&owner, ENTRY, &env);
    program.wait_until("the failure", |screen| {
        screen.contains("acme") && screen.row_with("acme").contains("failed")
    });
    assert!(front.asked().is_empty(), "{:?}", front.asked());
}

#[test]
fn an_api_that_is_elsewhere_is_named_and_not_used() {
    let mut owner = Owner::new();
    let mut options = HostOptions::new(Flavour::Enterprise, vec![OrganizationSeed::new("acme")]);
    options.discovery = Discovery::Document(r#"{"tfe.v2":"https://api.corp.example/v2/"}"#.into());
    owner.host = EmbeddedHost::start_on_thread(options).unwrap();
    let front = front(&owner);
    let env = [
        ("HTTPS_PROXY", &*front.proxy()),
        ("SSL_CERT_FILE", front.authority().to_str().unwrap()),
    ];
    let program = start(&owner, ENTRY, &env);
    program.wait_for(r#"address = "https://api.corp.example/v2/""#);
    assert!(program.row_with("acme").contains("failed"));
    assert_eq!(front.asked(), ["CONNECT tfe.corp.example:443 HTTP/1.1"]);
    let requests = owner.host.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.header("authorization").is_none()),
        "the credential was sent"
    );
}
