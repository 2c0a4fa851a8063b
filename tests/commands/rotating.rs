//! `rotate`: the plan, what happens between it and its run, and going on.

use std::collections::BTreeSet;
use std::process::Stdio;

use jiff::SignedDuration;
use orgward::demo::{
    Answer, Fault, FaultRule, Flavour, HostOptions, OrganizationSeed, Reply, TokenSeed,
};
use orgward::journal::{Event, Journal};
use orgward::slot::Kind;

use super::runner::{Ran, command, rescued, run, stored, with_deliveries};
use super::support::{Owner, patience, poll};

/// `a`, `b` and `c` end within a month, `z` does not.
fn owner() -> Owner {
    let ending = |name: &str, days: i64| {
        OrganizationSeed::new(name).with_token(TokenSeed {
            used: Some(SignedDuration::from_hours(2)),
            expires: Some(SignedDuration::from_hours(24 * days)),
            ..TokenSeed::new(SignedDuration::from_hours(24 * 50))
        })
    };
    let seeds = vec![
        ending("a", 3),
        ending("b", 4),
        ending("c", 5),
        ending("z", 300),
    ];
    let owner = Owner::with(Flavour::Enterprise, seeds);
    with_deliveries(&owner);
    owner
}

const ROTATE: [&str; 3] = ["rotate", "--state", "expiring"];

fn rotate(owner: &Owner, to: &str, more: &[&str]) -> Ran {
    run(owner, &[&ROTATE[..], &["--to", to], more].concat())
}

fn plan(owner: &Owner, to: &str) -> String {
    let ran = rotate(owner, to, &["--dry-run"]).ended(0);
    plan_in(&ran)
}

fn plan_in(ran: &Ran) -> String {
    let last = ran.out.lines().last().unwrap();
    last.strip_prefix("plan ")
        .expect("the plan's id")
        .to_owned()
}

#[test]
fn a_dry_run_shows_every_slot_and_writes_nothing() {
    let owner = owner();
    let ran = rotate(&owner, "store", &["--dry-run"]).ended(0);
    for name in ["a", "b", "c"] {
        let id = owner.token(name).unwrap();
        let row = ran.out.lines().find(|line| line.contains(&id)).unwrap();
        assert!(row.starts_with(name), "{row}");
        assert!(row.contains("50 d ago") && row.contains("2 h ago"), "{row}");
    }
    assert!(!ran.out.contains(&owner.token("z").unwrap()));
    assert_eq!(owner.writes(), [""; 0]);
    assert!(!owner.journal().exists());
    assert_eq!(plan_in(&ran), plan(&owner, "store"), "the same plan again");
    let ran = rotate(&owner, "store", &["--dry-run", "--max", "2"]).ended(0);
    assert!(ran.out.contains("2 slots"), "{}", ran.out);
}

#[test]
fn a_plan_of_the_demo_is_only_to_be_looked_at_and_says_so() {
    let home = tempfile::tempdir().unwrap();
    let demo = |line: &[&str]| {
        let mut command = super::runner::bare(home.path());
        Ran::of(
            command
                .arg("--demo")
                .args(ROTATE)
                .args(line)
                .output()
                .unwrap(),
        )
    };
    let dry = demo(&["--to", "file:{organization}", "--dry-run"]).ended(0);
    let note = "each start of the demo makes new tokens: no later --plan can match this one";
    assert_eq!(dry.out.lines().nth_back(1), Some(note), "{}", dry.out);
    demo(&["--to", "file:{organization}", "--plan", &plan_in(&dry)]).ended(3);
    let owner = owner();
    let dry = rotate(&owner, "store", &["--dry-run"]).ended(0);
    assert!(!dry.out.contains("demo"), "{}", dry.out);
}

#[test]
fn one_slot_is_one_slot() {
    let owner = owner();
    let dry = rotate(&owner, "store", &["--dry-run", "--max", "1"]).ended(0);
    assert!(
        dry.out.contains("\n1 slot; nothing was sent\n"),
        "{}",
        dry.out
    );
    let id = plan_in(&dry);
    let ran = rotate(&owner, "store", &["--max", "1", "--plan", &id]).ended(0);
    assert!(ran.out.ends_with("is done: 1 slot\n"), "{}", ran.out);
}

#[test]
fn a_plan_is_done_to_the_letter() {
    let owner = owner();
    let before = owner.token("z");
    let id = plan(&owner, "store");
    let ran = rotate(&owner, "store", &["--plan", &id]).ended(0);
    for name in ["a", "b", "c"] {
        assert!(owner.host.accepts(&stored(&owner, name), name));
    }
    assert_eq!(owner.token("z"), before);
    assert_eq!(owner.writes().len(), 3);
    assert!(ran.out.contains("done: 3 slots"), "{}", ran.out);
    // Again: it is not what is there now.
    rotate(&owner, "store", &["--plan", &id])
        .ended(3)
        .says(&["--resume"]);
    let again = ["rotate", "--to", "store", "--plan", &id, "--resume"];
    run(&owner, &again).ended(0);
    assert_eq!(owner.writes().len(), 3);
}

#[test]
fn any_difference_stops_before_anything() {
    let owner = owner();
    let id = plan(&owner, "store");
    owner
        .host
        .replace_as_other("b", Kind::Organization)
        .unwrap();
    rotate(&owner, "store", &["--plan", &id])
        .ended(3)
        .says(&["--dry-run", "nothing was sent"]);
    rotate(&owner, "store", &["--plan", "0000000000000000"]).ended(3);
    assert_eq!(owner.writes(), [""; 0]);
}

#[test]
fn the_first_delivery_that_fails_stops_and_resume_goes_on() {
    let owner = owner();
    let id = plan(&owner, "broken");
    let ran = rotate(&owner, "broken", &["--plan", &id, "--expires", "30d"]).ended(4);
    // Those that follow are to live as long as those before.
    let next = format!("orgward rotate --to broken --expires 30d --plan {id} --resume");
    assert!(
        ran.err.contains(&next) && ran.err.contains("2 of 3"),
        "{}",
        ran.err
    );
    assert_eq!(owner.writes().len(), 1);
    let files = rescued(&owner);
    assert_eq!(files.len(), 1);
    let resume = ["rotate", "--to", "store", "--plan", &id, "--resume"];
    let ran = run(&owner, &resume).ended(4);
    // What was rescued is said again, and not done again.
    assert!(ran.err.contains(files[0].to_str().unwrap()), "{}", ran.err);
    assert_eq!(owner.writes().len(), 3);
    for name in ["b", "c"] {
        assert!(owner.host.accepts(&stored(&owner, name), name));
    }
    let secret = std::fs::read_to_string(&files[0]).unwrap();
    assert!(owner.host.accepts(&secret, "a"));
}

#[test]
fn a_slot_that_is_refused_does_not_stop_the_others() {
    let owner = owner();
    let id = plan(&owner, "store");
    let no = Fault::Instead(Reply::Answer(Answer::empty(403)));
    owner.host.add_fault(FaultRule::on("POST", "/a/", no));
    rotate(&owner, "store", &["--plan", &id])
        .ended(2)
        .says(&["a on", "refused"]);
    assert!(owner.host.accepts(&stored(&owner, "c"), "c"));
    let resume = ["rotate", "--to", "store", "--plan", &id, "--resume"];
    run(&owner, &resume).ended(0);
    assert!(owner.host.accepts(&stored(&owner, "a"), "a"));
}

#[test]
fn of_several_outcomes_the_highest_is_the_exit_code() {
    // A refusal alone is 2, with a delivery that fails behind it 4.
    let owner = owner();
    let id = plan(&owner, "broken");
    let no = Fault::Instead(Reply::Answer(Answer::empty(403)));
    owner.host.add_fault(FaultRule::on("POST", "/a/", no));
    let ran = rotate(&owner, "broken", &["--plan", &id]).ended(4);
    for words in ["a on tfe.corp.example: refused", "b on tfe.corp.example: "] {
        assert!(ran.err.contains(words), "{}", ran.err);
    }
    // And with one whose outcome cannot be told 5.
    let owner = self::owner();
    let id = plan(&owner, "store");
    let no = Fault::Instead(Reply::Answer(Answer::empty(403)));
    owner.host.add_fault(FaultRule::on("POST", "/a/", no));
    owner.host.after_each(|host, request| {
        // Whatever became of it, nobody can see any more.
        if request.method == "POST" && request.path.contains("/b/") {
            host.revoke(&host.credential());
        }
    });
    owner
        .host
        .add_fault(FaultRule::on("POST", "/b/", Fault::Acted(Reply::Close)));
    rotate(&owner, "store", &["--plan", &id]).ended(5);
}

#[test]
fn what_changed_meanwhile_is_not_resumed() {
    let owner = owner();
    let id = plan(&owner, "broken");
    rotate(&owner, "broken", &["--plan", &id]).ended(4);
    owner
        .host
        .replace_as_other("b", Kind::Organization)
        .unwrap();
    let resume = ["rotate", "--to", "store", "--plan", &id, "--resume"];
    let ran = run(&owner, &resume).ended(3);
    assert!(ran.err.contains("b on tfe.corp.example"), "{}", ran.err);
    assert_eq!(owner.writes().len(), 1);
    let other = [
        "rotate",
        "--to",
        "store",
        "--plan",
        "0123456789abcdef",
        "--resume",
    ];
    run(&owner, &other).ended(3).says(&["no plan"]);
}

#[test]
fn what_cannot_hold_many_is_refused() {
    let owner = owner();
    for to in ["clipboard", "panel", "osc52"] {
        let ran = rotate(&owner, to, &["--dry-run"]).ended(2);
        // What is named instead can hold them.
        ran.says(&[
            to,
            "cannot hold many; name keyring, file:PATH or a delivery",
        ]);
    }
    for to in ["one", "same"] {
        rotate(&owner, to, &["--dry-run"]).ended(3);
        let plan = plan(&owner, "store");
        rotate(&owner, to, &["--plan", &plan])
            .ended(3)
            .says(&["one place"]);
    }
    run(
        &owner,
        &["rotate", "--state", "failed", "--to", "store", "--dry-run"],
    )
    .ended(2);
    run(&owner, &["rotate", "--state", "ok", "--to", "store"]).ended(2);
    assert_eq!(owner.writes(), [""; 0]);
}

/// Starts a run of a plan, and kills it as soon as `moment` has come.
fn killed(owner: &Owner, args: &[&str], moment: impl Fn() -> bool) {
    let mut child = command(owner, args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    poll(patience(), || moment().then_some(())).expect("the moment");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_kill_in_the_middle_of_one_keeps_nobody_from_the_others() {
    let owner = owner();
    let home = owner.home.path().display();
    // The delivery for `b` never ends.
    let script = format!(
        "if [ $1 = b ]; then touch {home}/at-b; exec sleep 600; fi; cat > {home}/stored-$1"
    );
    owner.configure(&format!(
        "[delivery.slow]\ncommand = [\"/bin/sh\", \"-c\", '{script}', \"sh\", \"{{organization}}\"]"
    ));
    let id = plan(&owner, "slow");
    let at_b = owner.home.path().join("at-b");
    let planned = [&ROTATE[..], &["--to", "slow", "--plan", &id]].concat();
    killed(&owner, &planned, || at_b.exists());
    let resume = ["rotate", "--to", "slow", "--plan", &id, "--resume"];
    let ran = run(&owner, &resume).ended(5);
    let now = owner.token("b").unwrap();
    let next = format!("orgward generate b --host tfe.corp.example --to slow --replace {now}");
    assert!(ran.err.contains("not recorded"), "{}", ran.err);
    assert!(ran.err.contains(&next), "{}", ran.err);
    assert_eq!(owner.writes().len(), 3, "nothing is done twice");
    for name in ["a", "c"] {
        assert!(owner.host.accepts(&stored(&owner, name), name));
    }
}

#[test]
fn two_hundred_slots_killed_at_any_moment_leave_one_secret_at_most() {
    const COUNT: usize = 200;
    let names: Vec<String> = (0..COUNT).map(|n| format!("org-{n:03}")).collect();
    let seeds = names.iter().map(|name| OrganizationSeed::new(name));
    let owner = Owner::of(HostOptions {
        limit: None,
        ..HostOptions::new(Flavour::Enterprise, seeds.collect())
    });
    let folder = owner.home.path().join("secrets");
    std::fs::create_dir(&folder).unwrap();
    let to = format!("file:{}/{{organization}}", folder.display());
    let state = ["rotate", "--state", "none", "--to", &to];
    let id = plan_in(&run(&owner, &[&state[..], &["--dry-run"]].concat()).ended(0));
    let first = [&state[..], &["--plan", &id]].concat();
    let resume = ["rotate", "--to", &to, "--plan", &id, "--resume"];
    let delivered = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let mut lost: Vec<String> = Vec::new();
    for (turn, count) in [20, 70, 150].into_iter().enumerate() {
        let args = if turn == 0 { &first[..] } else { &resume[..] };
        let there = || std::fs::read_dir(&folder).unwrap().count() >= count;
        killed(&owner, args, there);
        let undelivered = |name: &&String| {
            owner.token(name).is_some() && delivered(name).is_none() && !lost.contains(name)
        };
        let undelivered: Vec<String> = names.iter().filter(undelivered).cloned().collect();
        let records = Journal::in_directory(&owner.state()).records().unwrap();
        let ended: BTreeSet<&str> = records
            .iter()
            .filter(|record| matches!(record.event, Event::Outcome { .. }))
            .map(|record| record.order.as_str())
            .collect();
        let open: Vec<&String> = records
            .iter()
            .filter(|record| matches!(record.event, Event::Intent { .. }))
            .filter(|record| !ended.contains(record.order.as_str()))
            .map(|record| &record.organization)
            .collect();
        assert!(undelivered.len() <= 1, "{undelivered:?}");
        assert!(open.len() <= turn + 1, "{open:?}");
        assert!(undelivered.iter().all(|name| open.contains(&name)));
        lost.extend(undelivered);
    }
    // What the kills took is named, and everything else is done.
    let last = Ran::of(command(&owner, &resume).output().unwrap());
    assert!(matches!(last.code, Some(0 | 5)), "{}", last.err);
    let missing: Vec<&String> = names.iter().filter(|n| delivered(n).is_none()).collect();
    assert!(missing.len() <= 3, "{missing:?}");
    for name in &missing {
        assert!(last.err.contains(&format!("{name} on ")), "{}", last.err);
    }
    let secret = delivered(&names[COUNT - 1]).unwrap();
    assert!(owner.host.accepts(&secret, &names[COUNT - 1]));
    assert_eq!(owner.writes().len(), COUNT, "nothing is done twice");
}
