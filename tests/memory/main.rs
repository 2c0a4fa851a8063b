//! What is left of a secret in the program's memory once it is no longer needed:
//! nothing on the heap, at most [`ON_STACKS`] pieces on stacks.
//!
//! The release build runs against a host in another process (this one). Ten
//! seconds after the panel was closed and the clipboard cleared, its writable
//! memory is read and searched. Each test looks once while the secret is still
//! held, and must find it then: a search that is blind fails.
#![cfg(target_os = "linux")]

#[path = "../real/mod.rs"]
mod real;
mod scan;
#[path = "../support/mod.rs"]
mod support;
mod tls;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use orgward::demo::{Flavour, OrganizationSeed};
use orgward::slot::Kind;
use real::display::Display;
use real::keyring::{BUS, Session};
use scan::{CELL, Findings, Place, search};
use support::fixture::VARIABLE;
use support::{Owner, Program, file_when_there, required, select};

/// The most pieces of a secret on the stacks of all threads.
const ON_STACKS: usize = 2;
/// So long after its last use nothing may be left of it.
const LATER: Duration = Duration::from_secs(10);

/// The release build for an owner, with every slot read.
fn start(owner: &Owner, variables: &[(&str, &str)]) -> Program {
    start_in(owner, variables, (110, 30))
}

fn start_in(owner: &Owner, variables: &[(&str, &str)], size: (u16, u16)) -> Program {
    let mut program = Program::build(required("ORGWARD_RELEASE_BINARY"))
        .home(owner.home.path())
        .size(size.0, size.1);
    for (name, value) in variables {
        program = program.env(name, value);
    }
    let program = program.start();
    program.wait_until("every slot read", |screen| {
        screen.contains("acme") && !screen.contains(" read") && !screen.contains("reading")
    });
    program
}

/// The configuration of an owner whose credential is what a program prints.
fn configure(owner: &Owner, address: &str, credential: &str, more: &str) {
    configure_with(owner, address, &printed(owner, credential), more);
}

/// A credential that a program prints, as it is configured.
fn printed(owner: &Owner, credential: &str) -> String {
    let file = owner.home.path().join("credential");
    std::fs::write(&file, credential).unwrap();
    format!("{{ command = [\"cat\", \"{}\"] }}", file.display())
}

fn configure_with(owner: &Owner, address: &str, credential: &str, more: &str) {
    let text = format!(
        "[[host]]\nname = \"tfe.corp.example\"\naddress = \"{address}\"\n\
         credential = {credential}\n{more}\n"
    );
    std::fs::write(owner.config(), text).unwrap();
}

fn plain(owner: &Owner) -> String {
    owner.host.address().to_string()
}

/// Searches a process that still needs the secret.
fn search_now(program: &Program, what: &str, secret: &str) -> Findings {
    let findings = search(program.pid(), secret);
    eprintln!("{what}: {findings}");
    assert!(findings.count(Place::Heap) > 0, "the search is blind");
    findings
}

/// Searches the whole family some time after the secret was needed last.
fn search_later(program: &Program, what: &str, secret: &str) {
    program.wait_for("n new token");
    std::thread::sleep(LATER);
    let family: Vec<i32> = program.family().iter().map(|one| one.pid).collect();
    assert_eq!(family, [program.pid()], "something else still runs");
    let findings = search(program.pid(), secret);
    eprintln!("{what}: {findings}");
    let (heap, stacks) = (findings.count(Place::Heap), findings.count(Place::Stack));
    assert!(heap == 0 && stacks <= ON_STACKS, "{what}: {findings}");
    assert_eq!(findings.count(Place::Environment), 0);
}

fn generate(program: &Program, organization: &str, place: &str) {
    select(program, organization);
    program.press("n").wait_for(place);
    program.enter().wait_for("••••••••");
}

/// Writes the secret of the open panel to a file.
fn write_to(program: &Program, path: &Path) {
    program.press("w").wait_for("readable by you alone");
    program.type_text(path.to_str().unwrap()).enter();
    program.wait_for("delivered to");
}

/// Shown, then hidden: frames had it and have it no more.
fn reveal_and_hide(program: &Program, secret: &str) {
    program.press("v").wait_for(&secret[..30]);
    let shown = search_now(program, "shown", secret);
    let in_cells = shown.all.iter().filter(|found| found.stride == CELL);
    assert!(in_cells.count() > 0, "the frame is not searched");
    program.press("v").wait_for("••••••••").stable();
    no_frame_has_it(program, "hidden", secret);
}

/// The panel still holds the secret, but no frame does.
fn no_frame_has_it(program: &Program, what: &str, secret: &str) {
    let hidden = search_now(program, what, secret);
    let in_cells = hidden.all.iter().filter(|found| found.stride == CELL);
    assert_eq!(in_cells.count(), 0, "{what}: {hidden}");
}

fn close(program: &Program) {
    program.esc().wait_gone("A token was generated");
}

/// To the clipboard, shown, copied again, cleared.
fn through_the_clipboard(address: impl Fn(&Owner) -> (String, String)) {
    let (owner, display) = (Owner::new(), Display::start());
    let (address, host) = address(&owner);
    let more = format!("{host}\n[clipboard]\nclear_after = \"4s\"");
    configure(&owner, &address, owner.credential(), &more);
    let program = start(&owner, &[("DISPLAY", &display.name)]);
    generate(&program, "empty", "clipboard, cleared after");
    let secret = display.content().expect("something on the clipboard");
    assert!(owner.host.accepts(&secret, "empty"));
    reveal_and_hide(&program, &secret);
    program.wait_for("cleared from the clipboard");
    program.press("c").wait_for("clears in");
    program.wait_for("cleared from the clipboard");
    assert_eq!(display.content(), None);
    close(&program);
    search_later(&program, "after the clipboard", &secret);
}

#[test]
#[ignore = "needs the release build, Xvfb, xclip and root; run by .ci/run"]
fn nothing_is_left_after_the_clipboard() {
    through_the_clipboard(|owner| (plain(owner), String::new()));
}

#[test]
#[ignore = "needs the release build, Xvfb, xclip and root; run by .ci/run"]
fn nothing_is_left_after_the_clipboard_over_https() {
    through_the_clipboard(with_tls);
}

/// The address behind TLS, and what the host's entry needs for it.
fn with_tls(owner: &Owner) -> (String, String) {
    let ca_file = owner.home.path().join("ca.pem");
    let port = owner.host.address().port().unwrap();
    let port = tls::front(SocketAddr::from(([127, 0, 0, 1], port)), &ca_file);
    (
        format!("https://127.0.0.1:{port}/api/v2/"),
        format!("ca_file = \"{}\"", ca_file.display()),
    )
}

#[test]
#[ignore = "needs the release build and root; run by .ci/run"]
fn nothing_is_left_after_a_file_and_a_test_over_https() {
    let owner = Owner::new();
    let (address, more) = with_tls(&owner);
    configure(&owner, &address, owner.credential(), &more);
    let program = start(&owner, &[]);
    generate(&program, "empty", "panel, until");
    let path = owner.home.path().join("secret");
    write_to(&program, &path);
    let secret = file_when_there(&path);
    program.press("t").wait_for("works as");
    reveal_and_hide(&program, &secret);
    close(&program);
    search_later(&program, "after the file", &secret);
}

#[test]
#[ignore = "needs the release build and root; run by .ci/run"]
fn nothing_is_left_after_a_command() {
    let owner = Owner::new();
    let path = owner.home.path().join("secret");
    let more = format!(
        "[delivery.drawer]\ncommand = [\"tee\", \"{}\"]",
        path.display()
    );
    configure(&owner, &plain(&owner), owner.credential(), &more);
    let program = start(&owner, &[]);
    generate(&program, "empty", "panel, until");
    program.press("p").wait_for("drawer").enter();
    program.wait_for("delivered to");
    let secret = file_when_there(&path);
    reveal_and_hide(&program, &secret);
    close(&program);
    search_later(&program, "after the command", &secret);
}

#[test]
#[ignore = "needs the release build, gnome-keyring and root; run by .ci/run"]
fn nothing_is_left_after_the_keyring() {
    let owner = Owner::new();
    configure(&owner, &plain(&owner), owner.credential(), "");
    let session = Session::start();
    let program = start(&owner, &[(BUS, &session.address)]);
    generate(&program, "empty", "panel, until");
    // A `k` at once would be taken for one that was meant for the list.
    program
        .stable()
        .press("k")
        .wait_for("delivered to the keyring");
    let user = "tfe.corp.example/empty/organization";
    let secret = session.look_up(user).expect("an entry");
    assert!(owner.host.accepts(&secret, "empty"));
    reveal_and_hide(&program, &secret);
    close(&program);
    search_later(&program, "after the keyring", &secret);
}

#[test]
#[ignore = "needs the release build and root; run by .ci/run"]
fn nothing_is_left_after_the_terminals_clipboard() {
    let owner = Owner::new();
    let more = "[clipboard]\nmethod = \"osc52\"";
    configure(&owner, &plain(&owner), owner.credential(), more);
    let program = start(&owner, &[]);
    generate(&program, "empty", "osc52");
    program.wait_for("sent to the terminal's clipboard");
    let secret = String::from_utf8(program.osc52().remove(0)).unwrap();
    reveal_and_hide(&program, &secret);
    program.esc().wait_for("lose");
    program
        .type_text("lose")
        .enter()
        .wait_gone("A token was generated");
    search_later(&program, "after OSC 52", &secret);
}

#[test]
#[ignore = "needs the release build and root; run by .ci/run"]
fn no_frame_has_a_secret_that_was_hidden_after_the_window_shrank() {
    let owner = Owner::new();
    configure(&owner, &plain(&owner), owner.credential(), "");
    // The secret stands behind all cells that the smaller window has.
    let program = start_in(&owner, &[], (200, 60));
    generate(&program, "empty", "panel, until");
    let path = owner.home.path().join("secret");
    write_to(&program, &path);
    let secret = file_when_there(&path);
    program.press("v").wait_for(&secret[..30]);
    program.resize(80, 24).wait_for(&secret[..30]);
    program.press("v").wait_for("••••••••").stable();
    no_frame_has_it(&program, "hidden in a smaller window", &secret);
    close(&program);
    search_later(&program, "after a smaller window", &secret);
}

/// `source` makes the credential the owner's and says how to configure that.
fn successor(host: impl Fn(&Owner) -> (String, String), source: impl Fn(&Owner, &str) -> String) {
    // Two kinds of tokens are read at once, by two connections.
    let acme = OrganizationSeed::new("acme");
    let owner = Owner::with(Flavour::Hcp, vec![acme]);
    let old = owner.host.replace_as_other("acme", Kind::Organization);
    let old = old.unwrap().expose().to_owned();
    let (address, more) = host(&owner);
    let credential = source(&owner, &old);
    let more = format!("organizations = [\"acme\"]\n{more}");
    configure_with(&owner, &address, &credential, &more);
    let program = start(&owner, &[]);
    search_now(&program, "the credential in use", &old);
    select(&program, "acme");
    program.press("n").wait_for("panel, until");
    program.type_text("acme").wait_for("Enter to replace");
    program.enter().wait_for("The token was replaced");
    let path = owner.home.path().join("secret");
    write_to(&program, &path);
    let new = file_when_there(&path);
    program.esc().wait_gone("The token was replaced");
    assert!(!owner.host.accepts(&old, "acme") && owner.host.accepts(&new, "acme"));
    search_later(&program, "the credential that was replaced", &old);
}

#[test]
#[ignore = "needs the release build and root; run by .ci/run"]
fn nothing_is_left_of_a_credential_that_was_replaced_by_its_successor() {
    successor(with_tls, printed);
}

#[test]
#[ignore = "needs the release build and root; run by .ci/run"]
fn nothing_is_left_of_a_credential_from_terraforms_file_that_was_replaced() {
    successor(
        |owner| (plain(owner), String::new()),
        |owner, credential| {
            let folder = owner.home.path().join(".terraform.d");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(
                folder.join("credentials.tfrc.json"),
                format!(r#"{{"credentials":{{"tfe.corp.example":{{"token":"{credential}"}}}}}}"#),
            )
            .unwrap();
            "\"terraform\"".into()
        },
    );
}

/// The system itself keeps what a process was started with, and only the
/// program's own look at it lies on the heap. This is said in the README.
#[test]
#[ignore = "needs the release build and root; run by .ci/run"]
fn a_credential_from_a_variable_stays_in_the_variable() {
    let owner = Owner::new();
    owner.configure("");
    let program = start(&owner, &[(VARIABLE, owner.credential())]);
    let findings = search_now(&program, "from a variable", owner.credential());
    assert_eq!(findings.count(Place::Environment), 1);
    assert!(findings.count(Place::Stack) <= ON_STACKS);
}
