//! `generate` and `delete`: guards, deliveries, and what is said afterwards.

use std::sync::{Arc, Mutex};

use orgward::demo::{
    Access, Answer, Fault, FaultRule, Flavour, OrganizationSeed, Reply, TokenSeed,
};
use orgward::slot::Kind;

use super::runner::{Ran, command, file, rescue_files, rescued, run, stored, with_deliveries};
use super::support::{Exit, Owner};

#[test]
fn a_folder_without_room_is_no_destination_and_no_rescue() {
    let owner = Owner::new();
    let (to, path) = file(&owner, "secret");
    let old = owner.token("acme").unwrap();
    let full = |more: &[&str]| {
        let mut wanted = command(&owner, &["generate", "acme", "--to", &to, "--dry-run"]);
        wanted.args(["--replace", &old]).args(more);
        let env = wanted.get_envs();
        let env = env.filter_map(|(name, value)| Some((name, value?)));
        let mut full = std::process::Command::new("/bin/sh");
        full.args(["-c", "ulimit -f 0; exec \"$@\"", "sh"])
            .arg(wanted.get_program())
            .args(wanted.get_args())
            .env_clear()
            .envs(env);
        Ran::of(full.output().unwrap())
    };
    let said = ["there is no rescue for the secret", "too large"];
    full(&[]).ended(3).says(&said);
    let said = ["no file can be created in", "too large"];
    full(&["--rescue", "none"]).ended(2).says(&said);
    let left = std::fs::read_dir(owner.home.path()).unwrap().flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    let ours = |name: &std::ffi::OsString| name.to_string_lossy().starts_with(".orgward-");
    assert!(!path.exists() && !left.iter().any(ours), "{left:?}");
    assert_eq!(owner.token("acme").unwrap(), old);
}

#[test]
fn a_new_token_goes_to_its_place_and_is_never_printed() {
    let owner = Owner::new();
    let (to, path) = file(&owner, "secret");
    let ran = run(&owner, &["generate", "empty", "--to", &to, "--verify"]).ended(0);
    let secret = std::fs::read_to_string(path).unwrap();
    assert!(owner.host.accepts(&secret, "empty"));
    assert!(ran.out.contains("a token was generated"), "{}", ran.out);
    assert!(ran.out.contains("its secret is in file "), "{}", ran.out);
    assert!(ran.out.contains("works as api-org-empty-"), "{}", ran.out);
    assert_eq!(ran.err, "");
    assert_eq!(
        owner.writes(),
        ["POST /api/v2/organizations/empty/authentication-token"]
    );
}

#[test]
fn a_token_that_is_there_dies_only_if_it_is_named() {
    let owner = Owner::new();
    let (to, path) = file(&owner, "secret");
    let id = owner.token("acme").unwrap();
    run(&owner, &["generate", "acme", "--to", &to])
        .ended(3)
        .says(&[&id, "last used 3 h ago", "created 40 d ago", "--replace"]);
    run(
        &owner,
        &["generate", "acme", "--to", &to, "--replace", "at-0"],
    )
    .ended(3)
    .says(&["at-0", &id, "nothing was sent"]);
    run(
        &owner,
        &["generate", "empty", "--to", &to, "--replace", "at-0"],
    )
    .ended(3)
    .says(&["there is no token"]);
    assert_eq!(owner.writes(), [""; 0]);
    let ran = run(&owner, &["generate", "acme", "--to", &to, "--replace", &id]).ended(0);
    assert!(ran.out.contains("the token was replaced"), "{}", ran.out);
    assert!(
        ran.out.contains("the old one was last used "),
        "{}",
        ran.out
    );
    assert!(
        owner
            .host
            .accepts(&std::fs::read_to_string(path).unwrap(), "acme")
    );
}

#[test]
fn deleting_wants_the_id_too() {
    let owner = Owner::new();
    let id = owner.token("acme").unwrap();
    run(&owner, &["delete", "acme", "--id", "at-0"])
        .ended(3)
        .says(&[&id]);
    run(&owner, &["delete", "empty", "--id", "none"])
        .ended(3)
        .says(&["no token to delete"]);
    assert_eq!(owner.writes(), [""; 0]);
    let ran = run(&owner, &["delete", "acme", "--id", &id]).ended(0);
    assert!(
        ran.out.contains("the token was deleted, it was last used "),
        "{}",
        ran.out
    );
    assert_eq!(owner.token("acme"), None);
}

#[test]
fn a_dry_run_says_what_would_be_done_and_writes_nothing() {
    let owner = Owner::new();
    let (to, path) = file(&owner, "secret");
    let id = owner.token("acme").unwrap();
    let replace = ["generate", "acme", "--to", &to, "--replace", &id];
    let ran = run(&owner, &[&replace[..], &["--dry-run"]].concat()).ended(0);
    for words in [
        "would replace",
        &id,
        "created 40 d ago",
        "last used 3 h ago",
    ] {
        assert!(ran.out.contains(words), "{}", ran.out);
    }
    let ran = run(&owner, &["generate", "empty", "--to", &to, "--dry-run"]).ended(0);
    assert!(ran.out.contains("would generate"), "{}", ran.out);
    let ran = run(&owner, &["delete", "acme", "--id", &id, "--dry-run"]).ended(0);
    assert!(ran.out.contains("would delete"), "{}", ran.out);
    assert_eq!(owner.writes(), [""; 0]);
    assert!(!path.exists() && !owner.journal().exists());
    // The guards are those of the real run.
    run(&owner, &["generate", "acme", "--to", &to, "--dry-run"]).ended(3);
    run(
        &owner,
        &["generate", "empty", "--to", "nowhere", "--dry-run"],
    )
    .ended(2)
    .says(&["[delivery.nowhere]"]);
}

#[test]
fn what_is_not_proven_is_not_begun() {
    let owner = Owner::new();
    let (to, path) = file(&owner, "secret");
    std::fs::write(&path, "something else").unwrap();
    run(&owner, &["generate", "empty", "--to", &to])
        .ended(2)
        .says(&["is there already"]);
    for to in ["panel", "osc52"] {
        run(&owner, &["generate", "empty", "--to", to])
            .ended(2)
            .says(&["screen only"]);
    }
    // No rescue: a file lies where each of its folders should be.
    std::fs::write(owner.home.path().join(".run"), "no folder").unwrap();
    std::fs::remove_dir(owner.state()).unwrap();
    std::fs::write(owner.state(), "no folder").unwrap();
    let (to, _) = file(&owner, "another");
    run(&owner, &["generate", "empty", "--to", &to])
        .ended(3)
        .says(&["no rescue", "--rescue none"]);
    assert_eq!(owner.writes(), [""; 0]);
    assert_eq!(std::fs::read_to_string(path).unwrap(), "something else");
}

#[test]
fn read_only_refuses_every_change() {
    let owner = Owner::new();
    let (to, _) = file(&owner, "secret");
    let id = owner.token("acme").unwrap();
    for args in [
        ["--read-only", "generate", "empty", "--to", &to],
        ["--read-only", "delete", "acme", "--id", &id],
    ] {
        run(&owner, &args).ended(3).says(&["--read-only"]);
    }
    run(&owner, &["list", "--read-only"]).ended(0);
    assert_eq!(owner.writes(), [""; 0]);
}

#[test]
fn a_delivery_that_fails_leaves_the_secret_in_the_rescue() {
    let owner = Owner::new();
    with_deliveries(&owner);
    let ran = run(&owner, &["generate", "empty", "--to", "broken"]).ended(4);
    let files = rescued(&owner);
    assert_eq!(files.len(), 1);
    let secret = std::fs::read_to_string(&files[0]).unwrap();
    assert!(owner.host.accepts(&secret, "empty"));
    let path = files[0].to_str().unwrap();
    assert!(ran.err.contains("no room"), "{}", ran.err);
    let lines: Vec<&str> = ran.err.lines().filter(|line| line.contains(path)).collect();
    assert_eq!(lines.len(), 1, "{}", ran.err);
    assert!(!ran.err.contains(&secret) && !ran.out.contains(&secret));
    let journal = std::fs::read_to_string(owner.journal()).unwrap();
    assert!(journal.contains("\"rescued\""), "{journal}");
}

#[test]
fn on_a_terminal_another_destination_is_asked_for() {
    let owner = Owner::new();
    with_deliveries(&owner);
    let program = owner
        .program()
        .args(["generate", "empty", "--to", "broken", "--rescue", "file"])
        .start();
    program.wait_for("Another destination");
    program.type_text("panel").enter().wait_for("screen only");
    program.type_text("store").enter();
    assert_eq!(program.wait_exit(), Exit::Code(4));
    assert!(owner.host.accepts(&stored(&owner, "empty"), "empty"));
    assert!(rescued(&owner).is_empty());
    let screen = program.screen();
    assert!(
        screen.contains("its secret is in delivery store"),
        "{screen}"
    );
}

#[test]
fn on_a_terminal_nothing_said_means_the_rescue() {
    let owner = Owner::new();
    with_deliveries(&owner);
    let program = owner
        .program()
        .args(["generate", "empty", "--to", "broken", "--rescue", "file"])
        .start();
    program.wait_for("Another destination").enter();
    assert_eq!(program.wait_exit(), Exit::Code(4));
    assert_eq!(rescued(&owner).len(), 1);
}

#[test]
fn a_lost_answer_is_said_as_what_it_proves() {
    let seeds = vec![OrganizationSeed {
        access: Access::Owner,
        flag: orgward::demo::Flag::Omitted,
        ..OrganizationSeed::new("dark")
    }];
    let owner = Owner::with(Flavour::Enterprise, seeds);
    let (to, path) = file(&owner, "secret");
    run(&owner, &["generate", "dark", "--to", &to])
        .ended(3)
        .says(&["--replace none"]);
    // Nobody who tries it first may believe that nothing would die.
    let words = "a token that you may not see, if there is one";
    for (args, verb) in [
        (&["delete", "dark", "--id", "none"][..], "would delete"),
        (
            &["generate", "dark", "--to", &to, "--replace", "none"],
            "would replace",
        ),
    ] {
        let dry = run(&owner, &[args, &["--dry-run"]].concat()).ended(0);
        assert!(dry.out.contains(&format!("{verb} {words}")), "{}", dry.out);
        assert!(dry.out.contains("nothing was sent"), "{}", dry.out);
    }
    let plan = ["rotate", "--state", "unclear", "--to", &to, "--dry-run"];
    let plan = run(&owner, &plan).ended(0);
    let words = "a token that you may not see would die";
    assert!(plan.out.contains(words), "{}", plan.out);
    // Refused by a proxy that says nothing: the slot cannot be seen afterwards
    // any better than before.
    let lost = Fault::Instead(Reply::Close);
    owner.host.add_fault(FaultRule::on("POST", "dark", lost));
    run(
        &owner,
        &["generate", "dark", "--to", &to, "--replace", "none"],
    )
    .ended(5)
    .says(&["cannot be told", "look at the slot"]);
    assert!(!path.exists());
}

#[test]
fn a_secret_that_was_lost_on_the_way_is_named() {
    let owner = Owner::new();
    let (to, _) = file(&owner, "secret");
    let lost = Fault::Acted(Reply::Close);
    owner.host.add_fault(FaultRule::on("POST", "empty", lost));
    let ran = run(&owner, &["generate", "empty", "--to", &to]).ended(4);
    let id = owner.token("empty").unwrap();
    ran.says(&["its secret is lost", &format!("--replace {id}")]);
}

#[test]
fn a_file_below_the_home_directory_is_named_as_in_a_shell() {
    let owner = Owner::new();
    let (whole, path) = file(&owner, "secret");
    let ran = run(&owner, &["generate", "empty", "--to", "file:~/secret"]).ended(0);
    let words = whole.replace("file:", "its secret is in file ");
    assert!(ran.out.contains(&words), "{}", ran.out);
    assert!(path.exists());
}

#[test]
fn a_refusal_has_the_servers_words() {
    let owner = Owner::new();
    let (to, _) = file(&owner, "secret");
    let no = Answer::new(403, "text/plain", "\u{1b}[31mthe freeze is on\u{202e}");
    let no = Fault::Instead(Reply::Answer(no));
    owner.host.add_fault(FaultRule::on("POST", "empty", no));
    let ran = run(&owner, &["generate", "empty", "--to", &to]).ended(2);
    assert!(!ran.err.contains(['\u{1b}', '\u{202e}']), "{:?}", ran.err);
    ran.says(&["refused", "the freeze is on"]);
}

#[test]
fn a_new_secret_that_does_not_work_is_said() {
    let owner = Owner::new();
    let (to, path) = file(&owner, "secret");
    let no = Fault::Instead(Reply::Answer(Answer::empty(401)));
    let rule = FaultRule::on("GET", "/account/details", no);
    owner.host.add_fault(rule.always());
    let ran = run(&owner, &["generate", "empty", "--to", &to, "--verify"]).ended(5);
    assert!(path.exists());
    ran.says(&["could not be verified", "401"]);
}

#[test]
fn a_secret_without_a_place_is_rescued_before_it_is_tried() {
    let owner = Owner::new();
    with_deliveries(&owner);
    // What the rescue holds when the call that tries the secret arrives.
    let (state, seen) = (owner.state(), Arc::new(Mutex::new(None)));
    let sees = seen.clone();
    owner.host.before_each(move |_, request| {
        if request.path.contains("/account/details") {
            let files = rescue_files(&state);
            *sees.lock().unwrap() = Some(files);
        }
    });
    let args = ["generate", "empty", "--to", "broken", "--verify"];
    let ran = run(&owner, &args).ended(4);
    let files = rescued(&owner);
    assert_eq!(files.len(), 1, "{}", ran.err);
    assert_eq!(*seen.lock().unwrap(), Some(files.clone()), "{}", ran.err);
    let secret = std::fs::read_to_string(&files[0]).unwrap();
    assert!(owner.host.accepts(&secret, "empty"));
    // It was tried all the same, and where it is has been said once.
    assert!(ran.out.contains("works as api-org-empty-"), "{}", ran.out);
    assert_eq!(
        ran.err.matches("the new secret of").count(),
        1,
        "{}",
        ran.err
    );
}

#[test]
fn an_expiry_beyond_the_policy_is_refused_before_anything_is_sent() {
    let seeds = vec![OrganizationSeed {
        policy: Some(std::time::Duration::from_secs(30 * 86_400)),
        ..OrganizationSeed::new("strict")
    }];
    let owner = Owner::with(Flavour::Hcp, seeds);
    let (to, _) = file(&owner, "secret");
    let year = ["generate", "strict", "--to", &to, "--expires", "1y"];
    run(&owner, &year).ended(2).says(&["policy", "longest"]);
    assert_eq!(owner.writes(), [""; 0]);
    let longest = ["generate", "strict", "--to", &to, "--expires", "longest"];
    run(&owner, &longest).ended(0);
}

#[test]
fn the_audit_trail_token_is_a_slot_of_its_own() {
    let seeds = vec![
        OrganizationSeed {
            audit_logging: true,
            ..OrganizationSeed::new("acme")
                .with_token(TokenSeed::new(jiff::SignedDuration::from_hours(24)))
        },
        OrganizationSeed::new("small"),
    ];
    let owner = Owner::with(Flavour::Hcp, seeds);
    let id = owner.token("acme").unwrap();
    let (to, _) = file(&owner, "secret");
    let kind = ["--kind", "audit-trails"];
    run(
        &owner,
        &[&["generate", "acme", "--to", &to], &kind[..]].concat(),
    )
    .ended(0);
    assert_eq!(owner.token("acme").unwrap(), id);
    run(
        &owner,
        &[&["generate", "small", "--to", &to], &kind[..]].concat(),
    )
    .ended(2)
    .says(&["no audit trail token"]);
}

#[test]
fn a_name_that_nobody_knows_brings_the_nearest() {
    let owner = Owner::new();
    let (to, _) = file(&owner, "secret");
    run(&owner, &["generate", "platfrom", "--to", &to])
        .ended(2)
        .says(&["platfrom", "did you mean platform?"]);
    run(&owner, &["list", "--org", "acmee"])
        .ended(2)
        .says(&["did you mean acme?"]);
    run(&owner, &["genrate", "acme"])
        .ended(2)
        .says(&["genrate", "'generate'"]);
    run(&owner, &["generate", "acme"])
        .ended(2)
        .says(&["--to <DEST>"]);
}

#[test]
fn a_name_on_two_hosts_needs_the_host() {
    let owner = Owner::new();
    let second = Owner::new();
    let entry = std::fs::read_to_string(second.config()).unwrap();
    let entry = entry.replace("tfe.corp.example", "other.example");
    // Each host has its own credential.
    let entry = entry.replace("OWNER_CREDENTIAL", "OTHER_CREDENTIAL");
    owner.configure(&entry);
    let (to, path) = file(&owner, "secret");
    let both = |args: &[&str]| {
        let mut command = super::runner::command(&owner, args);
        command.env("OTHER_CREDENTIAL", second.credential());
        super::runner::Ran::of(command.output().unwrap())
    };
    both(&["generate", "empty", "--to", &to]).ended(2).says(&[
        "other.example",
        "tfe.corp.example",
        "--host",
    ]);
    both(&["generate", "empty", "--to", &to, "--host", "other.example"]).ended(0);
    let secret = std::fs::read_to_string(path).unwrap();
    assert!(second.host.accepts(&secret, "empty"));
    assert_eq!(owner.writes(), [""; 0]);
}

#[test]
fn the_credential_of_another_entry_of_the_host_is_called_one_s_own() {
    let owner = Owner::new();
    let own = owner.host.replace_as_other("acme", Kind::Organization);
    let own = own.unwrap().expose().to_owned();
    let address = owner.host.address();
    owner.configure(&format!(
        "[[host]]\nname = \"tfe.corp.example\"\naddress = \"{address}\"\naccount = \"ci\"\n\
         credential = {{ env = \"CI_CREDENTIAL\" }}\norganizations = [\"acme\"]"
    ));
    let run = |args: &[&str]| {
        let mut command = command(&owner, args);
        Ran::of(command.env("CI_CREDENTIAL", &own).output().unwrap())
    };
    let (to, path) = file(&owner, "secret");
    let id = owner.token("acme").unwrap();
    let replace = ["generate", "acme", "--to", &to, "--replace", &id];
    let dry = run(&[&replace[..], &["--dry-run"]].concat()).ended(0);
    let said = "it is your own credential (account ci)";
    assert!(dry.out.contains(said), "{}", dry.out);
    let dry = run(&["delete", "acme", "--id", &id, "--dry-run"]).ended(0);
    assert!(dry.out.contains(said), "{}", dry.out);
    let states = ["unused", "ok", "expiring", "expired"];
    let states = states.iter().flat_map(|state| ["--state", state]);
    let rotate: Vec<&str> = ["rotate", "--to", "file:/tmp/{organization}", "--dry-run"]
        .into_iter()
        .chain(states)
        .collect();
    let dry = run(&rotate);
    let line = dry.out.lines().find(|line| line.starts_with("acme"));
    let said = "your own credential (account ci)";
    assert!(line.is_some_and(|line| line.contains(said)), "{}", dry.out);
    let others = dry.out.lines().filter(|line| line.starts_with("platform"));
    for line in others {
        assert!(!line.contains("credential"), "{line}");
    }

    let ran = run(&replace).ended(0);
    let said = "it was your credential (account ci); the old one is still stored in";
    assert!(ran.err.contains(said), "{}", ran.err);
    assert!(ran.err.contains("CI_CREDENTIAL"), "{}", ran.err);
    let secret = std::fs::read_to_string(path).unwrap();
    assert!(owner.host.accepts(&secret, "acme") && !owner.host.accepts(&own, "acme"));
}
