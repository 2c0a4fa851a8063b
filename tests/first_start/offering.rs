//! No configuration yet, but credentials of the Terraform CLI.

use std::os::unix::fs::PermissionsExt;

use super::front::Front;
use super::support::{Exit, Owner, Program};
use super::{text_of, wait_for_rows};

/// An owner without a configuration, logged in to a host by the Terraform CLI.
fn logged_in(owner: &Owner, host: &str) {
    std::fs::remove_file(owner.config()).unwrap();
    std::fs::remove_dir(owner.config().parent().unwrap()).unwrap();
    let folder = owner.home.path().join(".terraform.d");
    std::fs::create_dir(&folder).unwrap();
    let text = format!(
        r#"{{"credentials":{{"{host}":{{"token":"{}"}}}}}}"#,
        owner.credential()
    );
    std::fs::write(folder.join("credentials.tfrc.json"), text).unwrap();
}

fn program(owner: &Owner, front: &Front) -> Program {
    program_with(owner, front, &[])
}

fn program_with(owner: &Owner, front: &Front, args: &[&str]) -> Program {
    Program::orgward()
        .args(args)
        .home(owner.home.path())
        .env("HTTPS_PROXY", front.proxy())
        .env("SSL_CERT_FILE", front.authority())
        .size(110, 30)
        .start()
}

fn front(owner: &Owner) -> Front {
    let port = owner.host.address().port().unwrap();
    Front::start(&["tfe.corp.example"], ([127, 0, 0, 1], port).into())
}

#[test]
fn enter_writes_the_file_and_shows_every_organization() {
    let owner = Owner::new();
    let front = front(&owner);
    logged_in(&owner, "tfe.corp.example");
    let program = program(&owner, &front);
    program
        .wait_for("First start")
        .wait_for("tfe.corp.example")
        .wait_for("config.toml")
        .stable();
    // Nothing is contacted before the owner agreed.
    assert!(front.asked().is_empty() && !owner.config().exists());
    program.enter().wait_for("added to");
    wait_for_rows(&program);
    assert_eq!(front.asked(), ["CONNECT tfe.corp.example:443 HTTP/1.1"]);
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    let mode = std::fs::metadata(owner.config()).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let written = text_of(&owner.config());
    assert!(
        written.contains("[[host]]\nname = \"tfe.corp.example\"\n"),
        "{written}"
    );

    // From now on it is there.
    let again = self::program(&owner, &front);
    wait_for_rows(&again);
    assert!(!again.screen().contains("First start"));
    again.press("q");
    assert_eq!(again.wait_exit(), Exit::Code(0));
}

#[test]
fn a_host_is_named_in_any_spelling_as_in_a_configuration() {
    let owner = Owner::new();
    let front = front(&owner);
    logged_in(&owner, "tfe.corp.example");
    let program = program_with(&owner, &front, &["--host", "TFE.corp.example:443"]);
    program
        .wait_for("First start")
        .wait_for("tfe.corp.example")
        .esc();
    assert_eq!(program.wait_exit(), Exit::Code(2));
}

#[test]
fn esc_leaves_with_the_three_lines_and_without_a_file() {
    for key in ["esc", "interrupt"] {
        let owner = Owner::new();
        let front = front(&owner);
        logged_in(&owner, "tfe.corp.example");
        let program = program(&owner, &front);
        program.wait_for("First start");
        match key {
            "esc" => program.esc(),
            _ => program.ctrl('c'),
        };
        assert_eq!(program.wait_exit(), Exit::Code(2));
        let screen = program.look();
        assert!(!screen.is_alternate(), "{screen}");
        for words in ["config.toml", "[[host]]", "orgward --demo"] {
            assert!(screen.contains(words), "{screen}");
        }
        assert!(front.asked().is_empty() && !owner.config().exists());
    }
}

#[test]
fn a_file_that_cannot_be_written_is_given_to_paste_and_the_host_is_shown() {
    let owner = Owner::new();
    let front = front(&owner);
    logged_in(&owner, "tfe.corp.example");
    // Where the folder would have to be made, a link leads nowhere.
    let folder = owner.config().parent().unwrap().to_owned();
    std::os::unix::fs::symlink("/proc/nowhere/at/all", folder).unwrap();
    let program = program(&owner, &front);
    program.wait_for("First start").enter();
    program
        .wait_for("Not written")
        .wait_for("could not be changed")
        .wait_for("name = \"tfe.corp.example\"");
    program.enter();
    wait_for_rows(&program);
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
}
