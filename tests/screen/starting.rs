//! Starting: with the embedded host, with a configuration, and with everything
//! that can be wrong with one.

use std::process::{Command, Stdio};

use super::support::{Exit, Owner, Program};

#[test]
fn the_demo_shows_organizations_of_two_hosts_in_every_state() {
    let program = Program::orgward().arg("--demo").size(120, 45).start();
    program.wait_until("all rows", |screen| {
        screen.contains("2 hosts") && !screen.contains(" read") && !screen.contains("reading")
    });
    for word in [
        "expired",
        "over policy",
        "expiring",
        "unauthorized",
        "failed",
        "no access",
        "not visible",
        "unclear",
        "unused",
        "none",
        " ok ",
        "app.demo.example",
        "tfe.demo.example",
    ] {
        program.wait_for(word);
    }
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    let left = program.look();
    assert!(!left.is_alternate(), "{left}");
    assert!(program.is_cooked() && program.echoes());
}

#[test]
fn the_demo_touches_no_file_of_its_user() {
    let home = tempfile::tempdir().unwrap();
    let program = Program::orgward()
        .arg("--demo")
        .home(home.path())
        .size(110, 30)
        .start();
    program.wait_for("design-system");
    super::support::select(&program, "design-system");
    program.wait_until("it read", |screen| {
        let mut rows = screen.rows().into_iter();
        rows.any(|row| row.contains("design-system") && row.contains("none"))
    });
    program.press("n").wait_for("panel, until a key sends it");
    program.enter().wait_for("••••••••");
    program.esc().wait_for("Undelivered secret");
    program.type_text("lose").enter().wait_gone("Undelivered");
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    let mut files = Vec::new();
    let mut folders = vec![home.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => files.push(entry.path()),
            }
        }
    }
    assert!(files.is_empty(), "{files:?}");
}

/// Runs the program without a terminal and returns its exit code and errors.
fn run_without_terminal(owner: &Owner, args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_orgward"))
        .args(args)
        .env_clear()
        .env("HOME", owner.home.path())
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.stdout.is_empty(), "{output:?}");
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn without_a_terminal_it_says_so_after_it_has_read_the_configuration() {
    let owner = Owner::new();
    let (code, errors) = run_without_terminal(&owner, &[]);
    assert_eq!(code, Some(2));
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.contains("terminal"), "{errors}");

    std::fs::write(
        owner.config(),
        "[[host]]\nname = \"a.example\"\ntoken = \"x\"\n",
    )
    .unwrap();
    let (code, errors) = run_without_terminal(&owner, &[]);
    assert_eq!((code, errors.lines().count()), (Some(2), 1), "{errors}");
    assert!(errors.contains("config.toml:3:"), "{errors}");
    assert!(errors.contains("credential"), "{errors}");
}

#[test]
fn a_configuration_that_cannot_be_read_leaves_the_terminal_alone() {
    let owner = Owner::new();
    let broken = owner.home.path().join("broken.toml");
    std::fs::write(&broken, "[[host]\n").unwrap();
    let missing = owner.home.path().join("missing.toml");
    for (path, words) in [
        (owner.home.path(), "directory"),
        (broken.as_path(), "broken.toml:1:"),
        (missing.as_path(), "does not exist"),
    ] {
        let program = owner.program().arg("--config").arg(path).start();
        assert_eq!(program.wait_exit(), Exit::Code(2));
        let screen = program.screen();
        assert!(screen.contains(words), "{screen}");
        let bytes = String::from_utf8_lossy(&program.raw_bytes()).into_owned();
        assert!(!bytes.contains('\u{1b}'), "{bytes:?}");
    }
}

#[test]
fn with_nothing_configured_three_lines_say_what_to_do() {
    let owner = Owner::new();
    std::fs::remove_file(owner.config()).unwrap();
    let (code, errors) = run_without_terminal(&owner, &[]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("config.toml"), "{errors}");
    assert!(errors.contains("[[host]]"), "{errors}");
    assert!(errors.contains("orgward --demo"), "{errors}");
}

#[test]
fn a_clash_of_keys_names_the_line() {
    let owner = Owner::new();
    owner.configure("[keys]\nrefresh_all = \"n\"");
    let (code, errors) = run_without_terminal(&owner, &[]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("config.toml:6:"), "{errors}");
    assert!(errors.contains("both"), "{errors}");
}

#[test]
fn demo_and_config_do_not_go_together() {
    let owner = Owner::new();
    let (code, errors) = run_without_terminal(&owner, &["--demo", "--config", "x"]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("--config"), "{errors}");
}

#[test]
fn host_and_org_narrow_the_screen_and_a_wrong_one_is_an_error() {
    let owner = Owner::new();
    let program = owner.program().args(["--org", "acme"]).start();
    program.wait_for("1 organization").wait_for("acme");
    assert!(!program.screen().contains("platform"));
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    let (code, errors) = run_without_terminal(&owner, &["--host", "other.example"]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("tfe.corp.example"), "{errors}");
}
