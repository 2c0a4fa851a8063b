//! `a`: a host or an organization, checked before it is written.

use orgward::demo::{Discovery, EmbeddedHost, Flavour, HostOptions, OrganizationSeed};

use super::front::Front;
use super::support::fixture::VARIABLE;
use super::support::{Exit, Key, Owner, Program};
use super::{start_with, text_of, wait_for_rows};

const NOTE: &str = "# mine, in this order\n";

/// The name under which the embedded host is added.
fn name(owner: &Owner) -> String {
    format!("http://127.0.0.1:{}", owner.host.address().port().unwrap())
}

/// Types a host whose credential is in the fixture's variable.
fn type_host(program: &Program, owner: &Owner, account: &str) {
    program.press("a").wait_for("Enter asks the host first");
    program.type_text(&name(owner)).tab();
    program
        .press(super::support::Key::Right)
        .wait_for("a variable");
    program
        .tab()
        .type_text(super::support::fixture::VARIABLE)
        .tab();
    program.type_text(account);
}

/// An owner whose only entry lists one organization.
fn start(owner: &Owner) -> Program {
    let config = NOTE.to_owned()
        + &super::entry(
            owner,
            "credential = { env = \"OWNER_CREDENTIAL\" }\norganizations = [\"acme\"] # one",
        )
        + "\n[clipboard]\nmethod = \"off\"\n";
    let program = start_with(owner, &config);
    program.wait_until("the row", |screen| {
        screen.contains("acme") && !screen.contains("reading")
    });
    program
}

#[test]
fn a_host_is_asked_first_and_then_written_and_shown() {
    let owner = Owner::new();
    let program = start(&owner);
    let before = text_of(&owner.config());
    type_host(&program, &owner, "");
    program
        .enter()
        .wait_for("4 organizations")
        .wait_for(" on 127.0.0.1:");
    assert_eq!(text_of(&owner.config()), before);
    program.enter().wait_for("added to");
    wait_for_rows(&program);
    let after = text_of(&owner.config());
    let (head, tail) = before.split_at(before.find("\n[clipboard]").unwrap());
    assert!(after.starts_with(head) && after.ends_with(tail), "{after}");
    assert!(
        after.contains("credential = { env = \"OWNER_CREDENTIAL\" }\n\n"),
        "{after}"
    );
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    // The next start accepts it.
    let again = owner.program().start();
    again.wait_for("2 hosts");
    wait_for_rows(&again);
}

#[test]
fn what_the_check_finds_wrong_is_said_and_nothing_is_written() {
    let owner = Owner::new();
    let program = start(&owner);
    let before = text_of(&owner.config());
    program.press("a").wait_for("Enter asks the host first");
    program.type_text("https://tfe.example").enter();
    program.wait_for("a bare host is wanted");
    program.esc().wait_gone("a bare host");
    program.press("a").type_text(&name(&owner)).enter();
    // The name once, and what can be done in this very dialog.
    program.wait_for("no credential for 127.0.0.1");
    assert!(!program.screen().contains(": no credential"));
    program.wait_for("choose another way above (→)");
    program.press(Key::Right).wait_for("a variable");
    program.press(Key::Left).enter().wait_for("no credential");
    program.esc().wait_gone("no credential");
    assert_eq!(text_of(&owner.config()), before);
}

#[test]
fn an_organization_is_added_to_a_host_that_lists_them() {
    let owner = Owner::new();
    let program = start(&owner);
    program.press("a").wait_for("Enter asks the host first");
    program.press(super::support::Key::BackTab);
    program.press(super::support::Key::Right);
    program.wait_for("an organization of tfe.corp.example");
    program.tab().type_text("nowhere").enter();
    program.wait_for("no such organization");
    for _ in 0.."nowhere".len() {
        program.press(super::support::Key::Backspace);
    }
    program
        .type_text("platform")
        .enter()
        .wait_for("platform is there");
    program.enter().wait_for("added to");
    program.wait_until("the row", |screen| {
        screen.row_with("platform").contains(" ok ")
    });
    let after = text_of(&owner.config());
    assert!(after.starts_with(NOTE), "{after}");
    assert!(
        after.contains("organizations = [\"acme\", \"platform\"] # one\n"),
        "{after}"
    );
}

#[test]
fn an_api_on_another_server_gets_the_credential_only_when_the_owner_takes_it_over() {
    let mut owner = Owner::new();
    let mut options = HostOptions::new(Flavour::Enterprise, vec![OrganizationSeed::new("far")]);
    options.discovery = Discovery::Document(r#"{"tfe.v2":"https://api.corp.test/api/v2"}"#.into());
    owner.host = EmbeddedHost::start_on_thread(options).unwrap();
    let port = owner.host.address().port().unwrap();
    let names = ["tfe.corp.test", "api.corp.test"];
    let front = Front::start(&names, ([127, 0, 0, 1], port).into());
    std::fs::write(
        owner.config(),
        "[[host]]\nname = \"http://127.0.0.1:9\"\norganizations = [\"acme\"]\n",
    )
    .unwrap();
    let program = owner
        .program()
        .env("HTTPS_PROXY", front.proxy())
        .env("SSL_CERT_FILE", front.authority())
        .env(VARIABLE, owner.host.credential().expose())
        .start();
    program.wait_for("acme");
    program.press("a").wait_for("Enter asks the host first");
    program.type_text("tfe.corp.test").tab();
    program.press(Key::Right).wait_for("a variable");
    program.tab().type_text(VARIABLE).enter();
    program.wait_for("takes https://api.corp.test/api/v2/");
    // Once more, and it is said once more.
    let before = owner.host.requests().len();
    program.enter();
    program.wait_until("the second check", |screen| {
        owner.host.requests().len() > before && screen.contains("takes https://")
    });
    let requests = owner.host.requests();
    assert!(requests.iter().all(|request| !request.carried_credential));
    program
        .press(Key::Right)
        .wait_for("Your credential for tfe.corp.test goes to api.corp.test.");
    program.enter().wait_for("Enter adds it");
    program.enter().wait_for("added to");
    program.wait_until("the row", |screen| {
        screen.contains("far") && screen.row_with("far").contains(" none ")
    });
    let after = text_of(&owner.config());
    assert!(
        after.contains("address = \"https://api.corp.test/api/v2/\"\n"),
        "{after}"
    );
    let asked = front.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
}

#[test]
fn a_file_that_may_not_be_written_is_left_alone_and_the_lines_are_shown() {
    use std::os::unix::fs::PermissionsExt;
    let owner = Owner::new();
    let program = start(&owner);
    let before = text_of(&owner.config());
    std::fs::set_permissions(owner.config(), PermissionsExt::from_mode(0o444)).unwrap();
    type_host(&program, &owner, "prod");
    program.enter().wait_for("4 organizations").enter();
    program
        .wait_for("Not written")
        .wait_for("read-only")
        .wait_for("account = \"prod\"");
    program.enter();
    // It is there all the same, until the program ends.
    wait_for_rows(&program);
    assert_eq!(text_of(&owner.config()), before);
}

#[test]
fn the_demo_refuses_it_with_a_word() {
    let program = Program::orgward().arg("--demo").size(120, 45).start();
    program
        .wait_for("2 hosts")
        .press("a")
        .wait_for("made-up hosts only");
}
