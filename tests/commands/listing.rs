//! `list` and `check`.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use jiff::{SignedDuration, Timestamp};
use orgward::demo::{
    Access, Clock, Flavour, HostOptions, OrganizationSeed, TokenSeed, WorldSource,
};
use serde_json::Value;

use super::runner::{Ran, command, run};
use super::support::{Exit, Owner, Program};

fn hours(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n)
}

/// An organization whose token was used lately and ends in so many days.
fn ending(name: &str, days: i64) -> OrganizationSeed {
    OrganizationSeed::new(name).with_token(TokenSeed {
        used: Some(hours(1)),
        expires: Some(hours(24 * days)),
        ..TokenSeed::new(hours(24 * 10))
    })
}

fn json(ran: &Ran) -> Vec<Value> {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
}

#[test]
fn every_slot_is_printed_also_where_one_fails() {
    let seeds = vec![
        ending("good", 200),
        OrganizationSeed {
            fails: Some(500),
            ..OrganizationSeed::new("bad")
        },
        OrganizationSeed {
            access: Access::Refused,
            ..ending("shut", 200)
        },
    ];
    let owner = Owner::with(Flavour::Enterprise, seeds);
    let ran = run(&owner, &["list"]).ended(0);
    assert_eq!(ran.err, "");
    let rows: Vec<&str> = ran.out.lines().collect();
    assert_eq!(rows.len(), 4, "{}", ran.out);
    assert!(rows[0].starts_with("organization"), "{}", ran.out);
    assert!(rows[1].starts_with("bad") && rows[1].contains("500"));
    assert!(!ran.out.contains(['\t', '\u{1b}']), "{:?}", ran.out);
    assert!(ran.out.lines().all(|line| line == line.trim_end()));
    let only = run(&owner, &["list", "--state", "ok,no-access"]).ended(0);
    assert!(only.out.contains("good") && only.out.contains("shut") && !only.out.contains("bad"));
    // The word that the table has is right, too.
    assert!(only.out.contains("no access"), "{}", only.out);
    let printed = run(&owner, &["list", "--state", "ok,no access"]).ended(0);
    assert_eq!(printed.out, only.out);
    let ran = run(&owner, &["check"]).ended(2);
    assert!(ran.out.contains("bad") && !ran.out.contains("good"));
}

#[test]
fn json_is_as_it_is_written_down() {
    let owner = Owner::new();
    let ran = run(&owner, &["list", "--json", "--sort", "organization"]).ended(0);
    let rows = json(&ran);
    let names: Vec<&str> = rows
        .iter()
        .map(|r| r["organization"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["acme", "empty", "platform", "spare"]);
    let keys = [
        "host",
        "organization",
        "kind",
        "state",
        "id",
        "created_at",
        "last_used_at",
        "expires_at",
        "ends_at",
        "created_by",
        "error",
    ];
    for row in ran.out.lines().filter(|line| line.starts_with('{')) {
        let places: Vec<usize> = keys
            .iter()
            .map(|key| row.find(&format!("\"{key}\":")).expect("each key is there"))
            .collect();
        assert!(places.is_sorted(), "{row}");
    }
    let acme = &rows[0];
    assert_eq!(acme["host"], "tfe.corp.example");
    assert_eq!(
        (&acme["kind"], &acme["state"]),
        (&"organization".into(), &"ok".into())
    );
    assert_eq!(acme["id"].as_str(), owner.token("acme").as_deref());
    assert_eq!(acme["expires_at"], acme["ends_at"]);
    for key in ["created_at", "last_used_at", "expires_at"] {
        let text = acme[key].as_str().unwrap();
        assert!(
            text.ends_with('Z') && text.parse::<Timestamp>().is_ok(),
            "{text}"
        );
    }
    let empty = &rows[1];
    for key in keys.iter().skip(4) {
        assert!(empty[*key].is_null(), "{empty}");
    }
    assert!(!ran.out.contains("http:"), "{}", ran.out);
}

#[test]
fn json_fits_its_schema() {
    // No validator: the schema is small, and read here as it stands.
    for (name, args) in [("list", ["list", "--json"]), ("check", ["check", "--json"])] {
        let path = format!("{}/assets/schema/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let properties = schema["items"]["properties"].as_object().unwrap();
        let required = schema["items"]["required"].as_array().unwrap();
        assert_eq!(required.len(), properties.len());
        let mut command = super::runner::bare(&std::env::temp_dir());
        command.arg("--demo").args(args);
        let rows = json(&Ran::of(command.output().unwrap()));
        assert!(rows.len() > 15, "{}", rows.len());
        for row in rows {
            let row = row.as_object().unwrap();
            assert_eq!(row.len(), properties.len());
            for (key, value) in row {
                let property = &properties[key];
                let types = property["type"].to_string();
                let is = if value.is_null() { "null" } else { "string" };
                assert!(types.contains(is), "{key}: {value}");
                if let Some(known) = property["enum"].as_array() {
                    assert!(known.contains(value), "{key}: {value}");
                }
                if property["format"] == "date-time" && !value.is_null() {
                    assert!(value.as_str().unwrap().parse::<Timestamp>().is_ok());
                }
            }
        }
    }
}

#[test]
fn check_ends_with_what_it_found() {
    let owner = Owner::with(Flavour::Enterprise, vec![ending("acme", 200)]);
    let ran = run(&owner, &["check"]).ended(0);
    // cron sends every word by mail.
    assert_eq!((&*ran.out, &*ran.err), ("", ""));
    let ran = run(&owner, &["check", "--within", "1y"]).ended(1);
    assert!(ran.out.contains("expiring"), "{}", ran.out);
    owner.host.add_organization(ending("old", -3)).unwrap();
    let ran = run(&owner, &["check", "--json"]).ended(1);
    let rows = json(&ran);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["state"], "expired");
    let unused = TokenSeed::new(hours(24 * 20));
    let idle = OrganizationSeed::new("idle").with_token(unused);
    owner.host.add_organization(idle).unwrap();
    let ran = run(&owner, &["check", "--unused", "2w"]).ended(1);
    assert!(ran.out.contains("idle"), "{}", ran.out);
    // A row that cannot be read beats findings, and every finding is printed.
    owner.host.set_access("acme", Access::Refused);
    let ran = run(&owner, &["check"]).ended(2);
    assert!(
        ran.out.contains("acme") && ran.out.contains("old"),
        "{}",
        ran.out
    );
}

#[test]
fn a_host_that_does_not_list_is_said_and_the_others_are_printed() {
    let owner = Owner::new();
    owner.configure(
        "[[host]]\nname = \"http://127.0.0.1:1\"\ncredential = { env = \"OWNER_CREDENTIAL\" }",
    );
    let ran = run(&owner, &["list"]).ended(2);
    assert!(ran.out.contains("acme"), "{}", ran.out);
    ran.says(&["127.0.0.1:1", "cannot connect"]);
}

#[test]
fn org_asks_for_one_and_does_not_list() {
    let owner = Owner::new();
    let ran = run(&owner, &["list", "--org", "acme", "--org", "empty"]).ended(0);
    assert_eq!(ran.out.lines().count(), 3, "{}", ran.out);
    let listed = |request: &orgward::demo::RequestRecord| request.path.ends_with("/organizations");
    assert!(!owner.host.requests().iter().any(listed));
}

#[test]
fn colours_are_for_terminals_and_for_those_who_force_them() {
    let owner = Owner::new();
    let coloured = |variables: &[(&str, &str)]| {
        let mut command = command(&owner, &["list"]);
        command.envs(variables.iter().copied());
        Ran::of(command.output().unwrap())
            .ended(0)
            .out
            .contains('\u{1b}')
    };
    assert!(!coloured(&[]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "0")]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

#[test]
fn a_table_fits_its_terminal_and_progress_is_gone() {
    let mut seeds = vec![OrganizationSeed {
        fails: Some(500),
        ..OrganizationSeed::new("an-organization-with-a-name-that-is-much-too-long")
    }];
    seeds.push(ending("acme", 200));
    let owner = Owner::with(Flavour::Enterprise, seeds);
    let program = owner.program().size(72, 24).arg("list").start();
    assert_eq!(program.wait_exit(), Exit::Code(0));
    let screen = program.look();
    // No row wraps: each organization begins one, and why it failed stands below.
    let rows = screen.rows();
    let filled: Vec<_> = rows.iter().filter(|row| !row.is_empty()).collect();
    assert_eq!(filled.len(), 4, "{screen}");
    assert!(filled[0].starts_with("organi"), "{screen}");
    assert!(
        filled[2].starts_with("    the host answered 500"),
        "{screen}"
    );
    let raw = String::from_utf8_lossy(&program.raw_bytes()).into_owned();
    assert!(raw.contains("of 2 read"), "{raw:?}");
    assert!(raw.contains("\u{1b}[31mfailed"), "{raw:?}");
}

/// What `--demo list` shows on a terminal of this width, and what a pipe gets.
fn demo_list(columns: u16) -> (Vec<String>, String) {
    let home = tempfile::tempdir().unwrap();
    let program = Program::orgward()
        .home(home.path())
        .args(["--demo", "list", "--sort", "organization"])
        .size(columns, 60)
        .start();
    assert_eq!(program.wait_exit(), Exit::Code(0));
    let rows = program.look().rows();
    let rows = rows.into_iter().filter(|row| !row.is_empty()).collect();
    let mut command = super::runner::bare(home.path());
    let args = ["--demo", "list", "--sort", "organization"];
    (rows, Ran::of(command.args(args).output().unwrap()).out)
}

#[test]
fn what_tells_slots_apart_is_whole_on_a_narrow_terminal() {
    for (columns, heads) in [
        (80, &["organization", "host", "kind", "token", "id"][..]),
        (
            120,
            &[
                "organization",
                "host",
                "kind",
                "token",
                "ends",
                "last used",
                "id",
            ],
        ),
    ] {
        let (rows, pipe) = demo_list(columns);
        for head in heads {
            assert!(rows[0].contains(head), "{head}: {rows:#?}");
        }
        let words = |line: &str| -> Vec<String> {
            let words = line.split_whitespace().map(str::to_owned);
            // Organization, host and kind; ids are made anew with each start.
            words.take(3).collect()
        };
        let (notes, slots): (Vec<&String>, Vec<&String>) =
            rows.iter().partition(|row| row.starts_with("    "));
        let shown: Vec<_> = slots.iter().map(|row| words(row)).collect();
        assert_eq!(shown, pipe.lines().map(words).collect::<Vec<_>>());
        for slot in slots.iter().filter(|row| row.contains(" at-")) {
            let id = slot.split_whitespace().find(|word| word.starts_with("at-"));
            assert_eq!(id.map(str::len), Some(19), "{slot}");
        }
        // Why a slot is not known stands below it, as far as there is room.
        assert!(notes.len() > 5, "{rows:#?}");
        let finance = rows
            .iter()
            .position(|row| row.starts_with("finance"))
            .unwrap();
        assert!(rows[finance].contains("unclear"));
        let note = "    404: no token yet, or you may not see it";
        assert_eq!(rows[finance + 1], note, "{rows:#?}");
    }
}

#[test]
fn ten_thousand_organizations_into_head() {
    let owner = Owner::of(HostOptions {
        world: WorldSource::Generated(10_000),
        limit: None,
        remembers: 0,
        ..HostOptions::new(Flavour::Bare, Vec::new())
    });
    let mut child = command(&owner, &["list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Like `head -1`: one line, and the pipe is closed.
    let mut lines = BufReader::with_capacity(64, child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    assert!(first.starts_with("organization"), "{first}");
    drop(lines);
    Ran::of(child.wait_with_output().unwrap()).ended(0);
}

#[test]
fn a_full_disk_is_an_error() {
    let owner = Owner::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    // Only Linux has one.
    if let Ok(full) = full {
        let mut command = command(&owner, &["list"]);
        let output = command.stdout(full).output().unwrap();
        Ran::of(output).ended(2).says(&["standard output"]);
    }
}

#[test]
fn a_log_is_the_owners_alone_and_says_what_was_done() {
    use std::os::unix::fs::PermissionsExt;
    let owner = Owner::new();
    let path = owner.home.path().join("log");
    run(&owner, &["list", "--log", path.to_str().unwrap()]).ended(0);
    let log = std::fs::read_to_string(&path).unwrap();
    assert!(log.contains("tfe.corp.example"), "{log}");
    assert!(!log.contains(owner.credential()));
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    run(&owner, &["list", "--log", "/nowhere/at/all"]).ended(2);
}

#[test]
fn tokens_live_by_their_hosts_clock() {
    // The host is two days ahead: this machine's clock would see three days left.
    let clock = Clock::at(Timestamp::now() + hours(48));
    let owner = Owner::of(HostOptions {
        clock,
        ..HostOptions::new(Flavour::Enterprise, vec![ending("soon", 1)])
    });
    let ran = run(&owner, &["check", "--within", "36h"]).ended(1);
    assert!(ran.out.contains("soon"), "{}", ran.out);
    assert!(
        ran.out.contains("in 1 d") || ran.out.contains("in 23 h"),
        "{}",
        ran.out
    );
    let id = owner.token("soon").unwrap();
    let (to, _) = super::runner::file(&owner, "secret");
    let args = [
        "generate",
        "soon",
        "--to",
        &to,
        "--replace",
        &id,
        "--dry-run",
    ];
    let dry = run(&owner, &args).ended(0).out;
    let plan = ["rotate", "--state", "expiring", "--to", &to, "--dry-run"];
    let plan = run(&owner, &plan).ended(0).out;
    for words in [dry, plan] {
        assert!(words.contains("10 d ago"), "{words}");
    }
}

#[test]
fn the_demo_reads_and_writes_nothing_of_its_owners() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join(".config/orgward/config.toml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(&config, "[[host]\n").unwrap();
    std::fs::write(home.path().join(".terraformrc"), "credentials {").unwrap();
    let demo = |args: &[&str]| {
        let mut command = super::runner::bare(home.path());
        Ran::of(command.arg("--demo").args(args).output().unwrap())
    };
    let ran = demo(&["list"]).ended(0);
    assert!(
        ran.out.lines().count() > 15 && ran.err.is_empty(),
        "{}",
        ran.err
    );
    demo(&["check"]).ended(2);
    demo(&["doctor"]).ended(1);
    for line in [&["list", "--config", "x"][..], &["--config", "x", "list"]] {
        demo(line).ended(2).says(&["--config"]);
    }
    let mut left: Vec<_> = std::fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, [".config", ".terraformrc"]);
    let below = std::fs::read_dir(config.parent().unwrap()).unwrap();
    assert_eq!(below.count(), 1);
}

#[test]
fn names_that_cannot_be_used_are_counted() {
    let odd = [
        "tab\there",
        "esc\u{1b}[31mred",
        "zwj\u{1f469}\u{200d}\u{1f467}",
    ];
    let mut seeds = vec![ending("good", 200)];
    seeds.extend(odd.iter().map(|name| OrganizationSeed::new(name)));
    let owner = Owner::with(Flavour::Enterprise, seeds);
    let words = "3 organizations of tfe.corp.example";
    let ran = run(&owner, &["list"]).ended(0);
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    let ran = ran.says(&[words, "have names that cannot be used here"]);
    assert!(!ran.err.contains(['\t', '\u{1b}']), "{:?}", ran.err);
    let ran = run(&owner, &["list", "--json"]).ended(0);
    assert_eq!(json(&ran).len(), 1);
    ran.says(&[words]);
    run(&owner, &["check"]).ended(0).says(&[words]);
    // Whoever names one misses no other.
    let ran = run(&owner, &["list", "--org", "good"]).ended(0);
    assert_eq!(ran.err, "");
    let args = ["rotate", "--state", "ok", "--to", "keyring", "--dry-run"];
    run(&owner, &args).has_once("have names that cannot be used here");
}

#[test]
fn names_are_in_order_without_regard_to_case() {
    let seeds = ["beta", "Sandbox_01", "acme", "ACME-2", "Zeta"];
    let seeds = seeds.map(|name| ending(name, 200)).to_vec();
    let owner = Owner::with(Flavour::Enterprise, seeds);
    let ran = run(&owner, &["list", "--sort", "organization"]).ended(0);
    let names = ran.out.lines().skip(1).map(|line| line.split(' ').next());
    let names: Vec<_> = names.flatten().collect();
    assert_eq!(names, ["acme", "ACME-2", "beta", "Sandbox_01", "Zeta"]);
}
