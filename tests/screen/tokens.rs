//! Generate, replace, delete: what has to be typed, what is sent, where the
//! secret is, and that it is nowhere else.

use super::support::{Exit, Owner, Program, Sampler, Sentinel, file_when_there, select};

/// Writes the secret of the open panel to a file in the owner's home.
fn write_to_file(program: &Program, owner: &Owner, name: &str) -> String {
    let path = owner.home.path().join(name);
    program.press("w").wait_for("readable by you alone");
    program.type_text(path.to_str().unwrap()).enter();
    let secret = file_when_there(&path);
    program.wait_for("delivered to");
    secret
}

#[test]
fn generating_into_the_panel_and_from_there_into_a_file() {
    let owner = Owner::new();
    let program = owner.start();
    select(&program, "empty");
    program
        .press("n")
        .wait_for("Generate an organization token");
    program.wait_for("90 d").wait_for("panel");
    program
        .enter()
        .wait_for("••••••••")
        .wait_for("Delivered nowhere yet");
    let secret = write_to_file(&program, &owner, "secret");
    assert!(owner.host.accepts(&secret, "empty"));
    assert_eq!(
        owner.writes(),
        ["POST /api/v2/organizations/empty/authentication-token"]
    );
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(owner.home.path().join("secret")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    // Delivered: closing asks nothing.
    program.esc().wait_gone("A token was generated");
    program.wait_until("the row", |s| s.row_with("empty").contains("ok"));
    let journal = std::fs::read_to_string(owner.journal()).unwrap();
    for word in ["\"intent\"", "\"outcome\"", "\"delivered\"", "\"empty\""] {
        assert!(journal.contains(word), "{journal}");
    }
}

#[test]
fn replacing_wants_the_name_and_kills_the_old_token() {
    let owner = Owner::new();
    let program = owner.start();
    let before = owner.token("acme").unwrap();
    select(&program, "acme");
    program
        .press("n")
        .wait_for("dies at once")
        .wait_for(&before)
        .wait_for("3 h ago");
    program.wait_for("panel, until");
    program.enter();
    program.type_text("Acme").wait_for("Acme▏").enter();
    program.stable();
    assert!(owner.writes().is_empty());
    for _ in 0..4 {
        program.press(super::support::Key::Backspace);
    }
    program.paste("acme\r\n").wait_for("Enter to replace");
    assert!(owner.writes().is_empty());
    program.enter().wait_for("The token was replaced");
    let now = owner.token("acme").unwrap();
    assert_ne!(before, now);
    program.wait_for(&now);
    assert_eq!(owner.writes().len(), 1);
}

#[test]
fn deleting_wants_the_name() {
    let owner = Owner::new();
    let program = owner.start();
    select(&program, "platform");
    program.press("d").wait_for("Delete the organization token");
    program
        .enter()
        .type_text("platfor")
        .wait_for("platfor▏")
        .enter();
    program.stable();
    assert!(owner.writes().is_empty());
    program.type_text("m").wait_for("Enter to delete").enter();
    // Keys that come with it would be taken for others.
    program.wait_for("The token was deleted.").stable();
    assert_eq!(owner.token("platform"), None);
    program.enter().wait_gone("was deleted");
    program.wait_until("the row", |s| s.row_with("platform").contains("none"));
}

#[test]
fn a_slot_that_changed_meanwhile_is_not_touched() {
    let owner = Owner::new();
    let program = owner.start();
    select(&program, "acme");
    program.press("n").wait_for("panel, until");
    program.type_text("acme").wait_for("Enter to replace");
    let _ = owner
        .host
        .replace_as_other("acme", orgward::slot::Kind::Organization)
        .unwrap();
    let theirs = owner.token("acme").unwrap();
    program
        .enter()
        .wait_for("the slot has changed")
        .wait_for(&theirs);
    assert!(owner.writes().is_empty());
    assert_eq!(owner.token("acme").unwrap(), theirs);
}

#[test]
fn read_only_refuses() {
    let owner = Owner::new();
    let program = owner.program().arg("--read-only").start();
    program.wait_for("read-only").wait_for("acme");
    program.wait_gone("reading");
    select(&program, "empty");
    program
        .press("n")
        .wait_for("nothing is changed on any host");
    program.press("d").stable();
    assert!(owner.writes().is_empty());
}

/// The whole life of a secret and of the owner's credential, hunted everywhere.
#[test]
fn no_secret_is_anywhere_but_where_it_was_sent() {
    let owner = Owner::new();
    let sampler = Sampler::start();
    let program = owner.start();

    select(&program, "empty");
    program
        .press("n")
        .wait_for("panel, until")
        .enter()
        .wait_for("••••••••");
    let first = write_to_file(&program, &owner, "first");
    program.press("t").wait_for("works as");
    program
        .stable()
        .press("c")
        .wait_for("clipboard cannot be used");
    program.esc().wait_gone("A token was generated").esc();

    select(&program, "acme");
    program
        .press("n")
        .wait_for("panel, until")
        .type_text("acme");
    program
        .wait_for("Enter to replace")
        .enter()
        .wait_for("••••••••");
    let second = write_to_file(&program, &owner, "second");
    program.esc().wait_gone("The token was replaced");

    program.press("d").wait_for("Delete the organization token");
    program
        .type_text("acme")
        .wait_for("Enter to delete")
        .enter();
    program
        .wait_for("was deleted")
        .stable()
        .enter()
        .wait_gone("was deleted");

    let mut sentinel = Sentinel::new(&[&first, &second, owner.credential()]);
    sentinel.allow_file(0, owner.home.path().join("first"));
    sentinel.allow_file(1, owner.home.path().join("second"));
    // The test itself put the credential into this process's environment.
    sentinel.allow_process(2, program.pid());
    sentinel.scan_processes();
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    sentinel.scan_samples(&sampler.stop());
    sentinel.scan_terminal("the terminal", &program);
    sentinel.scan_tree(owner.home.path());
    sentinel.finish();
}
