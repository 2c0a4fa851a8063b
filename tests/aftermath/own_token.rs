//! The owner's credential is the very token that is replaced.

use orgward::demo::{Flavour, OrganizationSeed};
use orgward::slot::Kind;

use super::support::{Exit, Owner, select};

#[test]
fn the_new_secret_takes_the_old_one_s_place_and_the_next_start_works() {
    let owner = Owner::with(Flavour::Enterprise, vec![OrganizationSeed::new("acme")]);
    let old = owner.host.replace_as_other("acme", Kind::Organization);
    let old = old.unwrap().expose().to_owned();
    let file = owner.home.path().join(".terraform.d/credentials.tfrc.json");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let login = |token: &str| {
        format!(
            r#"{{"credentials":{{"other.example":{{"token":"O-1"}},"tfe.corp.example":{{"token":"{token}"}}}}}}"#
        )
    };
    std::fs::write(&file, login(&old)).unwrap();
    let config = std::fs::read_to_string(owner.config()).unwrap();
    let config: String = config
        .lines()
        .filter(|line| !line.starts_with("credential"))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(owner.config(), config + "organizations = [\"acme\"]\n").unwrap();

    let program = owner.start();
    select(&program, "acme");
    program.press("n").wait_for("panel, until");
    program.wait_for_words("This token is your own credential");
    program
        .type_text("acme")
        .wait_for("Enter to replace")
        .enter();
    program.wait_for_words("It was your credential");
    program.wait_for_words("s stores the new one there");
    // A key that comes at once may be meant for the list.
    std::thread::sleep(std::time::Duration::from_millis(300));
    program.press("s").wait_for("delivered to file");
    program.wait_for_words("as your credential");
    program.wait_gone("is still stored");
    // It is somewhere now: closing asks nothing.
    program.esc().wait_gone("The token was replaced").press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));

    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("O-1") && !text.contains(&old), "not stored");
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let new = document["credentials"]["tfe.corp.example"]["token"].as_str();
    assert!(owner.host.accepts(new.unwrap(), "acme"));
    let again = owner.start();
    again.wait_until("the row", |screen| screen.row_with("acme").contains("ok"));
}

#[test]
fn the_new_secret_takes_the_place_of_that_entry_s_credential_and_of_no_other() {
    let owner = Owner::new();
    let old = owner.host.replace_as_other("acme", Kind::Organization);
    let old = old.unwrap().expose().to_owned();
    let file = owner.home.path().join(".terraform.d/credentials.tfrc.json");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let login = format!(r#"{{"credentials":{{"tfe.corp.example":{{"token":"{old}"}}}}}}"#);
    std::fs::write(&file, login).unwrap();
    let address = owner.host.address();
    // A person's credential first; two more have the organization's own.
    let entry = |account: &str| {
        format!(
            "[[host]]\nname = \"tfe.corp.example\"\naddress = \"{address}\"\n\
             account = \"{account}\"\norganizations = [\"acme\"]\n"
        )
    };
    owner.configure(&(entry("ci") + &entry("cd")));

    let program = owner.start();
    select(&program, "acme");
    program.press("n").wait_for("panel, until");
    program.wait_for_words("This token is your own credential (account ci and account cd).");
    program.wait_for_words("the old one stays stored in file");
    program
        .type_text("acme")
        .wait_for("Enter to replace")
        .enter();
    program.wait_for_words("It was your credential (account ci and account cd)");
    program.wait_for_words("s stores the new one there");
    // A key that comes at once may be meant for the list.
    std::thread::sleep(std::time::Duration::from_millis(300));
    program.press("s").wait_for("delivered to file");
    program.wait_for_words("as your credential");
    program.esc().wait_gone("The token was replaced").press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));

    let document: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let new = document["credentials"]["tfe.corp.example"]["token"].as_str();
    assert!(owner.host.accepts(new.unwrap(), "acme"));
    assert!(owner.host.accepts(owner.credential(), "platform"));
}
