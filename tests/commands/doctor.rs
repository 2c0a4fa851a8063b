//! `doctor`: each problem, and its mend.

use orgward::demo::{Clock, Flavour, HostOptions, OrganizationSeed};
use serde_json::Value;

use super::runner::{Ran, bare, run, with_deliveries};
use super::support::Owner;

fn findings(ran: &Ran) -> Vec<Value> {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
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
        (&[("TMUX", "/tmp/x,1,0")][..], "tmux load-buffer"),
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
    }
}

#[test]
fn what_an_earlier_run_left_is_a_problem() {
    let owner = Owner::new();
    std::fs::create_dir_all(owner.state()).unwrap();
    let line = "{\"at\":\"2026-01-01T00:00:00Z\",\"order\":\"o\",\"pid\":1,\"host\":\"tfe.corp.example\",\
                \"organization\":\"acme\",\"kind\":\"organization\",\"event\":\"intent\",\"action\":\"replace\"}\n";
    std::fs::write(owner.journal(), line).unwrap();
    let ran = run(&owner, &["doctor"]).ended(1);
    assert!(ran.out.contains("no recorded outcome"), "{}", ran.out);
}
