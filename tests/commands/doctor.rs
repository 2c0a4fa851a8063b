//! `doctor`: each problem, and its mend.

use orgward::demo::{Clock, Flavour, HostOptions, OrganizationSeed};
use serde_json::Value;

use super::runner::{Ran, bare, command, run, with_deliveries};
use super::support::Owner;

/// All findings; no problem is without its mend.
#[track_caller]
fn findings(ran: &Ran) -> Vec<Value> {
    let all: Vec<Value> =
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out));
    for found in &all {
        assert!(
            found["status"] != "problem" || found["mend"].is_string(),
            "{found}"
        );
    }
    all
}

/// The findings of one check.
fn of<'v>(all: &'v [Value], check: &str) -> Vec<&'v Value> {
    let found: Vec<_> = all
        .iter()
        .filter(|finding| finding["check"] == check)
        .collect();
    assert!(!found.is_empty(), "no check {check}: {all:?}");
    found
}

#[test]
fn what_is_to_be_written_can_be_copied() {
    let home = tempfile::tempdir().unwrap();
    let doctor = |args: &[&str]| {
        let mut command = bare(home.path());
        Ran::of(command.arg("doctor").args(args).output().unwrap()).ended(2)
    };
    let ran = doctor(&[]);
    let lines: Vec<&str> = ran.out.lines().collect();
    let at = lines.iter().position(|line| line.trim() == "[[host]]");
    let at = at.unwrap_or_else(|| panic!("{}", ran.out));
    let config = toml::from_str::<toml::Table>(&lines[at..at + 2].join("\n")).unwrap();
    assert_eq!(config["host"][0]["name"].as_str(), Some("app.terraform.io"));
    assert!(lines[at - 1].contains("PROBLEM") && lines[at - 1].ends_with("config.toml:"));
    // And from JSON likewise.
    let all = findings(&doctor(&["--json"]));
    let detail = of(&all, "configuration")[0]["detail"].as_str().unwrap();
    assert!(
        detail.contains("\n  [[host]]\n  name = \"app.terraform.io\"\n"),
        "{detail}"
    );
}

#[test]
fn a_machine_that_is_well() {
    let owner = Owner::new();
    with_deliveries(&owner);
    let ran = run(&owner, &["doctor", "--json"]).ended(0);
    let all = findings(&ran);
    for check in [
        "configuration",
        "hardening",
        "terminal",
        "clipboard",
        "keyring",
        "state directory",
        "rescue",
        "delivery",
        "journal",
        "credential",
        "address",
        "tls",
        "who am I",
        "versions",
        "limit",
        "clock",
        "permissions",
    ] {
        of(&all, check);
    }
    let credential = of(&all, "credential")[0]["detail"].as_str().unwrap();
    assert_eq!(credential, "variable OWNER_CREDENTIAL");
    assert!(!ran.out.contains(owner.credential()));
    assert_eq!(of(&all, "who am I")[0]["detail"], "olivia");
    let configuration = of(&all, "configuration")[0]["detail"].as_str().unwrap();
    assert!(configuration.contains("config.toml"), "{configuration}");
    assert!(configuration.contains("mode 6"), "{configuration}");
    let words = run(&owner, &["doctor"]).ended(0).out;
    assert!(words.contains("tfe.corp.example\n  ok"), "{words}");
}

#[test]
fn each_problem_has_a_mend() {
    let hour = jiff::SignedDuration::from_hours(1);
    let clock = Clock::at(jiff::Timestamp::now().checked_add(hour).unwrap());
    let owner = Owner::of(HostOptions {
        clock,
        ..HostOptions::new(Flavour::Enterprise, vec![OrganizationSeed::new("acme")])
    });
    owner.configure(
        "organizations = [\"acme\", \"gone\"]\n\
         [[host]]\nname = \"nowhere.invalid\"\ncredential = { env = \"UNSET_VARIABLE\" }\n\
         [delivery.tool]\ncommand = [\"/not/there\"]",
    );
    let ran = run(&owner, &["doctor", "--json"]).ended(1);
    let all = findings(&ran);
    let problems: Vec<&Value> = all.iter().filter(|f| f["status"] == "problem").collect();
    for (check, words) in [
        ("clock", "behind"),
        ("permissions", "gone"),
        ("credential", "UNSET_VARIABLE"),
        ("delivery", "/not/there"),
    ] {
        let found = problems
            .iter()
            .find(|f| f["check"] == check)
            .unwrap_or_else(|| {
                panic!("no problem with {check}: {problems:?}");
            });
        assert!(found["detail"].as_str().unwrap().contains(words), "{found}");
        assert!(found["mend"].is_string(), "{found}");
    }
}

#[cfg(unix)]
#[test]
fn a_configuration_that_others_can_write_and_one_that_is_broken() {
    use std::os::unix::fs::PermissionsExt;
    let owner = Owner::new();
    std::fs::write(owner.config(), "[[host]]\nname = \"nowhere.invalid\"\n").unwrap();
    let open = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(owner.config(), open).unwrap();
    let ran = run(&owner, &["doctor"]).ended(1);
    assert!(ran.out.contains("chmod go-w"), "{}", ran.out);
    std::fs::write(owner.config(), "[[host]\n").unwrap();
    let ran = run(&owner, &["doctor"]).ended(2);
    assert!(ran.out.contains("config.toml:1:"), "{}", ran.out);
    assert!(
        ran.out.contains("keyring"),
        "the rest is looked at: {}",
        ran.out
    );
}

#[test]
fn surroundings_are_said() {
    let home = tempfile::tempdir().unwrap();
    for (variables, words) in [
        (
            &[("TMUX", "/nowhere/tmux,1,0")][..],
            "`tmux load-buffer -w`, and that fails",
        ),
        (&[("WSL_DISTRO_NAME", "Debian")], "Win+V"),
        (
            &[
                ("WAYLAND_DISPLAY", "wayland-9"),
                ("XDG_CURRENT_DESKTOP", "GNOME"),
            ],
            "XWayland is not there",
        ),
        (&[("SSH_TTY", "/dev/pts/9")], "SSH"),
    ] {
        let mut command = bare(home.path());
        command
            .args(["--demo", "doctor"])
            .envs(variables.iter().copied());
        let ran = Ran::of(command.output().unwrap()).ended(1);
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
        for words in ["none, in the demo", "output is not a terminal"] {
            assert!(ran.out.contains(words), "{words}: {}", ran.out);
        }
    }
}

#[test]
fn the_clipboards_method_comes_with_its_reason() {
    for (config, variables, status, words) in [
        (
            "method = \"off\"",
            &[][..],
            "ok",
            "panel: copying is switched off in the configuration",
        ),
        (
            "method = \"osc52\"",
            &[],
            "note",
            "osc52: the configuration asks for the terminal's clipboard",
        ),
        (
            "",
            &[("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")],
            "note",
            "osc52: this is an SSH session",
        ),
        ("", &[], "note", "panel: "),
    ] {
        let owner = Owner::new();
        owner.configure(&format!("[clipboard]\n{config}"));
        let mut command = command(&owner, &["doctor", "--json"]);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let all = findings(&Ran::of(output).ended(0));
        let found = of(&all, "clipboard")[0];
        assert_eq!(found["status"], status, "{found}");
        let detail = found["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{words:?} is not in: {detail}");
        assert_eq!(found["mend"].is_string(), status == "note", "{found}");
    }
}

#[test]
fn a_tmux_that_is_too_old_is_a_problem_where_copies_go_through_it() {
    use std::os::unix::fs::PermissionsExt;
    let owner = Owner::new();
    let bin = owner.home.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let tmux = bin.join("tmux");
    for (version, status) in [("3.1c", "problem"), ("3.4", "ok")] {
        std::fs::write(&tmux, format!("#!/bin/sh\necho {version}\n")).unwrap();
        std::fs::set_permissions(&tmux, PermissionsExt::from_mode(0o755)).unwrap();
        let mut command = command(&owner, &["doctor", "--json"]);
        let output = command
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("TMUX", "/nowhere/tmux,1,0")
            .env("SSH_TTY", "/dev/pts/9")
            .output()
            .unwrap();
        let all = findings(&Ran::of(output));
        let of_tmux = of(&all, "clipboard").into_iter().find(|found| {
            let detail = found["detail"].as_str().unwrap();
            detail.starts_with("tmux: ")
        });
        let found = of_tmux.expect("something about tmux");
        assert_eq!(found["status"], status, "{found}");
        assert_eq!(found["mend"].is_string(), status == "problem", "{found}");
    }
}

#[test]
fn without_a_keyring_that_is_said_and_its_mend() {
    let owner = Owner::new();
    let mut command = command(&owner, &["doctor", "--json"]);
    // Wherever this machine's session bus is, it is not here.
    let output = command
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus")
        .output()
        .unwrap();
    let all = findings(&Ran::of(output).ended(0));
    let found = of(&all, "keyring")[0];
    assert_eq!(found["status"], "note", "{found}");
    let mend = found["mend"].as_str().unwrap();
    assert!(mend.contains("unlock or start it"), "{mend}");
}

#[test]
fn of_a_journal_that_cannot_be_read_nobody_is_told_to_remove_it() {
    let owner = Owner::new();
    std::fs::create_dir_all(owner.journal()).unwrap();
    let mut folder = std::fs::metadata(owner.state()).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut folder, 0o700);
    std::fs::set_permissions(owner.state(), folder).unwrap();
    let all = findings(&run(&owner, &["doctor", "--json"]).ended(1));
    let found = of(&all, "journal");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["mend"], "mend its mode or owner");
}

#[test]
fn a_state_directory_that_others_can_look_into_is_a_problem() {
    use std::os::unix::fs::PermissionsExt;
    let owner = Owner::new();
    std::fs::create_dir_all(owner.state()).unwrap();
    std::fs::set_permissions(owner.state(), PermissionsExt::from_mode(0o755)).unwrap();
    let ran = run(&owner, &["doctor"]).ended(1);
    assert!(ran.out.contains("chmod 700"), "{}", ran.out);
    std::fs::remove_dir(owner.state()).unwrap();
    std::fs::write(owner.state(), "").unwrap();
    let ran = run(&owner, &["doctor", "--json"]).ended(1);
    let found = findings(&ran);
    let found = of(&found, "state directory")[0];
    assert!(
        found["detail"]
            .as_str()
            .unwrap()
            .contains("not a directory"),
        "{found}"
    );
}

#[test]
fn a_configuration_of_somebody_else_is_a_problem() {
    let owner = Owner::new();
    std::fs::write(owner.config(), "[[host]]\nname = \"nowhere.invalid\"\n").unwrap();
    // Only root can give a file away; whoever else runs this looks at one that
    // is not theirs as it is.
    let given = std::os::unix::fs::chown(owner.config(), Some(4711), None);
    let ran = run(&owner, &["doctor", "--json"]).ended(1);
    let all = findings(&ran);
    let found = of(&all, "configuration")[0];
    if given.is_ok() {
        assert_eq!(found["status"], "problem", "{found}");
        assert!(found["mend"].as_str().unwrap().contains("chown"), "{found}");
        assert!(
            found["detail"].as_str().unwrap().contains("uid 4711"),
            "{found}"
        );
    } else {
        assert_eq!(found["status"], "ok", "{found}");
    }
}

#[test]
fn what_an_earlier_run_left_is_a_problem() {
    let owner = Owner::new();
    std::fs::create_dir_all(owner.state()).unwrap();
    let line = "{\"at\":\"2026-01-01T00:00:00Z\",\"order\":\"o\",\"pid\":1,\"host\":\"tfe.corp.example\",\
                \"organization\":\"acme\",\"kind\":\"organization\",\"event\":\"intent\",\"action\":\"replace\"}\n";
    std::fs::write(owner.journal(), line).unwrap();
    std::fs::write(owner.state().join("rescue-acme.secret"), "x").unwrap();
    let ran = run(&owner, &["doctor", "--json"]).ended(1);
    findings(&ran);
    assert!(ran.out.contains("no recorded outcome"), "{}", ran.out);
    assert!(ran.out.contains("A rescued secret waits in"), "{}", ran.out);
}
