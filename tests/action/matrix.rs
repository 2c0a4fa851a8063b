//! Every fault at every step, for every deed, on every kind of server: what is
//! told is what is expected, and the judge finds it true.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use orgward::action::{Delivery, NotDone, Outcome};
use orgward::delivery::{CommandDelivery, Delivery as Way, Destination, RescueTo};
use orgward::demo::{Answer, Fault, FaultRule, Reply};
use tokio::task::JoinSet;

use crate::faults::{
    LATE_REFUSALS, LOOKS, LOST, ODD, REFUSALS, SALVAGED, WriteFault, late_refusal, refusal,
};
use crate::seen;
use crate::stage::{
    ACCOUNT, DOCUMENT, Deed, Ground, ORGANIZATION, Plan, Stage, TOKEN, Told, shell,
};
use crate::table::{self, Row};

/// The fewest faults that a run must have injected.
const FEWEST: usize = 1_000;
/// Scenes on at the same time.
const AT_ONCE: usize = 8;

/// Where the secret is to go.
#[derive(Clone, Copy, Debug)]
enum To {
    Panel,
    File,
    Command,
    Named(&'static str),
}

impl To {
    fn words(self) -> &'static str {
        match self {
            To::Panel => "panel",
            To::File => "file",
            To::Command | To::Named(_) => "command",
        }
    }

    fn destination(self, stage: &Stage) -> Destination {
        match self {
            To::Panel => Destination::Panel,
            To::File => Destination::File(stage.file()),
            To::Command => Destination::Named("keep".into()),
            To::Named(name) => Destination::Named(name.into()),
        }
    }
}

/// One fault in one scene.
#[derive(Clone)]
struct Case {
    number: usize,
    step: &'static str,
    fault: String,
    ground: Ground,
    deed: Deed,
    to: To,
    expect: &'static str,
    /// Changes how the scene is set up.
    plan: Option<fn(&mut Plan)>,
    /// Injects the fault, after the owner has decided.
    inject: Arc<dyn Fn(&mut Stage) + Send + Sync>,
    /// Whether the fault is one of the host's, which counts those it met.
    at_host: bool,
}

/// What was told, as the cases expect it.
fn gist(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Generated(done) => match &done.delivery {
            Delivery::Delivered(_) => "delivered",
            Delivery::Kept => "kept",
            Delivery::Failed { .. } => "undelivered",
        },
        Outcome::Deleted { .. } => "deleted",
        Outcome::NotDone(why) => match why {
            NotDone::Destination(_) => "not done: destination",
            NotDone::Rescue(_) => "not done: rescue",
            NotDone::Expiry(_) => "not done: expiry",
            NotDone::Unreadable(_) => "not done: unreadable",
            NotDone::Changed(_) => "not done: changed",
            NotDone::Journal(_) => "not done: journal",
            NotDone::Host(_) => "not done: host",
            NotDone::TooMany { .. } => "not done: too many requests",
            NotDone::Stopped => "not done: stopped",
            NotDone::Unrecorded(..) => "not done, recorded nowhere",
        },
        Outcome::Refused { .. } => "refused",
        Outcome::NothingHappened { .. } => "nothing happened",
        Outcome::SecretLost { .. } => "secret lost",
        Outcome::Gone { .. } => "gone",
        Outcome::CannotTell { .. } => "cannot be told",
    }
}

/// What a deed ends with when all is well.
fn well(deed: Deed, to: To) -> &'static str {
    match (deed, to) {
        (Deed::Delete, _) => "deleted",
        (_, To::Panel) => "kept",
        _ => "delivered",
    }
}

async fn run(case: Case) -> Row {
    let mut plan = Plan::new(case.ground, case.deed);
    if let Some(change) = case.plan {
        change(&mut plan);
    }
    let mut stage = plan.stage().await;
    (case.inject)(&mut stage);
    let to = case.to.destination(&stage);
    let mut order = stage.order(to.clone());
    order.needs_rescue = case.step == "prove the rescue";
    let told = stage.perform_order(order.clone()).await;
    assert_eq!(gist(&told.outcome), case.expect, "{}", told.outcome.words());
    secret_is_where_it_is_said_to_be(&stage, &to, &told);
    let met = stage.faults_met();
    if case.at_host {
        assert!(met > 0, "the fault met no request");
    }
    Row {
        number: case.number,
        step: case.step,
        fault: case.fault,
        deed: case.deed,
        ground: case.ground,
        to: case.to.words(),
        truth: table::truth(&stage),
        secret: table::secret(&told.outcome),
        seen: seen::seen(&stage, &order, told.outcome),
        faults: met.max(1),
    }
}

fn secret_is_where_it_is_said_to_be(stage: &Stage, to: &Destination, told: &Told) {
    if let Outcome::Generated(done) = &told.outcome {
        let delivered = matches!(done.delivery, Delivery::Delivered(_));
        assert_eq!(stage.stored(to, &done.secret), delivered);
    }
}

/// Builds cases of one step for all deeds and grounds.
struct Step {
    name: &'static str,
    cases: Vec<Case>,
    turn: usize,
}

impl Step {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            cases: Vec::new(),
            turn: 0,
        }
    }

    /// One fault, at the deeds for which `expect` expects something. The
    /// destinations take turns.
    fn fault(
        &mut self,
        name: &str,
        grounds: &[Ground],
        expect: impl Fn(Deed, To) -> Option<&'static str>,
        inject: impl Fn(&mut Stage) + Send + Sync + 'static,
    ) {
        let inject: Arc<dyn Fn(&mut Stage) + Send + Sync> = Arc::new(inject);
        for (number, ground) in grounds.iter().enumerate() {
            for deed in Deed::ALL {
                self.turn += 1;
                let to = [To::Panel, To::File, To::Command][(self.turn + number) % 3];
                let Some(expect) = expect(deed, to) else {
                    continue;
                };
                self.cases.push(Case {
                    number: 0,
                    step: self.name,
                    fault: name.to_owned(),
                    ground: *ground,
                    deed,
                    to,
                    expect,
                    plan: None,
                    inject: inject.clone(),
                    at_host: true,
                });
            }
        }
    }

    /// The same as the cases added last by `fault`, changed.
    fn but(&mut self, from: usize, change: impl Fn(&mut Case)) {
        self.cases[from..].iter_mut().for_each(change);
    }
}

fn on_write(stage: &Stage, fault: Fault) -> FaultRule {
    FaultRule::on(stage.deed.method(), TOKEN, fault)
}

/// A destination's fault: its name, the destination, and how it comes about.
type Setting = (&'static str, To, Option<fn(&mut Plan)>, fn(&mut Stage));

/// Destinations that cannot be proven: nothing is sent.
fn proving() -> Vec<Case> {
    let settings: &[Setting] = &[
        ("a file is there already", To::File, None, |stage| {
            std::fs::write(stage.file(), "mine").unwrap();
        }),
        ("a folder has the file's name", To::File, None, |stage| {
            std::fs::create_dir(stage.file()).unwrap();
        }),
        ("a link has the file's name", To::File, None, |stage| {
            std::os::unix::fs::symlink("elsewhere", stage.file()).unwrap();
        }),
        ("no such delivery", To::Named("missing"), None, |_| {}),
        (
            "the command is not found",
            To::Named("gone"),
            Some(|plan| {
                let command = CommandDelivery {
                    command: vec!["/nowhere/at/all".into()],
                    timeout: Duration::from_secs(30),
                    newline: false,
                };
                plan.deliveries.push(("gone", Way::Command(command)));
            }),
            |_| {},
        ),
        (
            "a placeholder that does not exist",
            To::Named("odd"),
            Some(|plan| {
                plan.deliveries.push(("odd", shell("cat", "{nonsense}")));
            }),
            |_| {},
        ),
        (
            "the folder of the file is missing",
            To::Named("deep"),
            Some(|plan| {
                let path = "/nowhere/at/all/{organization}";
                plan.deliveries.push(("deep", Way::File(path.into())));
            }),
            |_| {},
        ),
    ];
    let mut step = Step::new("prove the destination");
    for (name, to, plan, inject) in settings {
        let from = step.cases.len();
        let not_delete = |deed, _| (deed != Deed::Delete).then_some("not done: destination");
        step.fault(name, &Ground::ALL, not_delete, *inject);
        step.but(from, |case| {
            case.to = *to;
            case.plan = *plan;
            case.at_host = false;
        });
    }
    let mut rescue = Step::new("prove the rescue");
    let not_delete = |deed, _| (deed != Deed::Delete).then_some("not done: rescue");
    rescue.fault(
        "the state directory is a file",
        &Ground::ALL,
        not_delete,
        |stage| std::fs::write(stage.folder.path().join("state"), "").unwrap(),
    );
    rescue.but(0, |case| {
        case.at_host = false;
        case.plan = Some(|plan| plan.rescue = RescueTo::File);
    });
    step.cases.extend(rescue.cases);
    step.cases
}

/// Whose credential it is cannot be found out: the action goes on.
fn whose_credential() -> Vec<Case> {
    let mut step = Step::new("find out whose credential is in use");
    for (name, fault) in LOOKS {
        step.fault(
            name,
            &Ground::ALL,
            |deed, to| (deed != Deed::Generate).then_some(well(deed, to)),
            |stage| stage.faults(vec![FaultRule::on("GET", ACCOUNT, fault()).always()]),
        );
    }
    step.cases
}

/// The slot cannot be read again, or is not the one that was shown.
fn reading_again() -> Vec<Case> {
    let mut step = Step::new("read the slot again");
    for (name, fault) in LOOKS {
        step.fault(
            name,
            &Ground::ALL,
            |_, _| Some("not done: unreadable"),
            |stage| stage.faults(vec![FaultRule::on("GET", TOKEN, fault()).always()]),
        );
    }
    let has_no_token = |deed| matches!(deed, Deed::Generate | Deed::ReplaceUnclear);
    step.fault(
        "the organization cannot be seen any more",
        &Ground::ALL,
        |deed, _| has_no_token(deed).then_some("not done: unreadable"),
        |stage| {
            let gone = FaultRule::on("GET", DOCUMENT, refusal(404));
            stage.faults(vec![gone.always()]);
        },
    );
    step.fault(
        "whether the slot is empty cannot be seen any more",
        &Ground::ALL,
        |deed, _| (deed == Deed::Generate).then_some("not done: unreadable"),
        |stage| {
            let gone = FaultRule::on("GET", DOCUMENT, refusal(403));
            stage.faults(vec![gone.always()]);
        },
    );
    let from = step.cases.len();
    step.fault(
        "another owner was faster and generated",
        &Ground::ALL,
        |deed, _| (deed != Deed::ReplaceUnclear).then_some("not done: changed"),
        |stage| {
            let (host, kind) = (&stage.host, stage.slot.kind);
            host.replace_as_other(ORGANIZATION, kind).unwrap();
        },
    );
    step.fault(
        "another owner was faster and deleted",
        &Ground::ALL,
        |deed, _| matches!(deed, Deed::Replace | Deed::Delete).then_some("not done: changed"),
        |stage| {
            let (host, kind) = (&stage.host, stage.slot.kind);
            host.delete_as_other(ORGANIZATION, kind).unwrap();
        },
    );
    step.but(from, |case| case.at_host = false);
    step.cases
}

/// The journal cannot be written before the request, or after the answer.
fn recording() -> Vec<Case> {
    let mut step = Step::new("record the intent");
    step.fault(
        "the journal is a folder",
        &Ground::ALL,
        |_, _| Some("not done: journal"),
        |stage| std::fs::create_dir_all(stage.journal_file()).unwrap(),
    );
    let mut outcome = Step::new("record the outcome");
    outcome.fault(
        "the journal cannot be written any more",
        &Ground::ALL,
        |deed, to| Some(well(deed, to)),
        |stage| {
            stage.journal_breaks = true;
            let file = stage.journal_file();
            stage.after_request(move |_, request| {
                if request.method != "GET" {
                    std::fs::remove_file(&file).unwrap();
                    std::fs::create_dir(&file).unwrap();
                }
            });
        },
    );
    step.cases.extend(outcome.cases);
    step.but(0, |case| case.at_host = false);
    step.cases
}

/// What the finding is after a lost answer if both looks succeed.
fn finding(fault: &WriteFault, deed: Deed) -> &'static str {
    match (deed, fault.acts) {
        (Deed::Delete, true) if fault.success => "deleted",
        // The host says that it did what it did not do.
        (Deed::Delete, false) if fault.success => "cannot be told",
        (Deed::Delete, true) => "gone",
        (Deed::ReplaceUnclear, _) => "cannot be told",
        (_, true) => "secret lost",
        (_, false) => "nothing happened",
    }
}

/// The write is refused, or its answer lost or odd.
fn writing() -> Vec<Case> {
    let mut step = Step::new("write");
    for fault in LOST {
        step.fault(
            fault.name,
            &Ground::ALL,
            |deed, _| Some(finding(fault, deed)),
            |stage| stage.faults(vec![on_write(stage, (fault.fault)())]),
        );
    }
    for (name, fault) in ODD.iter().chain(SALVAGED) {
        step.fault(
            name,
            &Ground::ALL,
            |deed, to| Some(well(deed, to)),
            |stage| stage.faults(vec![on_write(stage, fault())]),
        );
    }
    for status in REFUSALS {
        step.fault(
            &format!("{status}"),
            &Ground::ALL,
            |_, _| Some("refused"),
            move |stage| stage.faults(vec![on_write(stage, refusal(*status))]),
        );
    }
    for status in LATE_REFUSALS {
        step.fault(
            &format!("{status} instead of the answer, after acting"),
            &Ground::ALL,
            |_, _| Some("refused"),
            move |stage| stage.faults(vec![on_write(stage, late_refusal(*status))]),
        );
    }
    step.fault(
        "429, then all is well",
        &Ground::ALL,
        |deed, to| Some(well(deed, to)),
        |stage| stage.faults(vec![on_write(stage, refusal(429)).times(2)]),
    );
    step.fault(
        "429 each time",
        &Ground::ALL,
        |_, _| Some("not done: too many requests"),
        |stage| stage.faults(vec![on_write(stage, refusal(429)).always()]),
    );
    step.fault(
        "429, and the answer to the repeat is lost after acting",
        &Ground::ALL,
        |deed, _| {
            Some(match deed {
                Deed::Delete => "gone",
                Deed::ReplaceUnclear => "cannot be told",
                _ => "secret lost",
            })
        },
        |stage| {
            let lost = on_write(stage, Fault::Acted(Reply::Close));
            stage.faults(vec![on_write(stage, refusal(429)), lost]);
        },
    );
    step.cases
}

/// The answer is cut behind the secret, and then the slot does not tell the
/// rest.
fn details() -> Vec<Case> {
    let mut step = Step::new("read the details again after a cut answer");
    for (name, fault) in SALVAGED {
        for (look_name, look) in LOOKS {
            step.fault(
                &format!("{name}; {look_name}"),
                &Ground::ALL[..1],
                |deed, to| (deed != Deed::Delete).then_some(well(deed, to)),
                |stage| {
                    // The first GET is the comparison before the write.
                    let look = FaultRule::on("GET", TOKEN, look()).after(1).always();
                    stage.faults(vec![on_write(stage, fault()), look]);
                },
            );
        }
        step.fault(
            &format!("{name}; another owner was faster"),
            &Ground::ALL[..1],
            |deed, to| (deed != Deed::Delete).then_some(well(deed, to)),
            |stage| {
                stage.faults(vec![on_write(stage, fault())]);
                let kind = stage.slot.kind;
                stage.after_request(move |host, request| {
                    if request.method == "POST" {
                        host.replace_as_other(ORGANIZATION, kind).unwrap();
                    }
                });
            },
        );
    }
    step.cases
}

/// The answer is lost, and then the looks at the slot fail as well.
fn finding_out() -> Vec<Case> {
    let mut step = Step::new("find out after a lost answer");
    let chosen = [
        "connection closed before acting",
        "502 page of a proxy instead of acting",
        "connection closed after acting",
        "502 page of a proxy after acting",
    ];
    let lost = LOST.iter().filter(|fault| chosen.contains(&fault.name));
    let mut turn = 0;
    for fault in lost {
        for (look_name, look) in LOOKS {
            // The first GET is the comparison before the write.
            for (which, skip, count) in [("first", 1, 1), ("second", 2, 1), ("both", 1, 2)] {
                turn += 1;
                let looks = if which == "both" { "looks" } else { "look" };
                let unneeded = which == "second" && fault.acts;
                step.fault(
                    &format!("{}; {which} {looks}: {look_name}", fault.name),
                    &[Ground::ALL[turn % 4]],
                    |deed, _| match deed {
                        // The first look told already.
                        _ if unneeded && deed != Deed::ReplaceUnclear => None,
                        _ if which == "first" && fault.acts => Some(finding(fault, deed)),
                        _ => Some("cannot be told"),
                    },
                    move |stage| {
                        let look = FaultRule::on("GET", TOKEN, look());
                        stage.faults(vec![
                            on_write(stage, (fault.fault)()),
                            look.after(skip).times(count),
                        ]);
                    },
                );
            }
        }
    }
    step.cases
}

/// A DELETE is said to be done, and then the look at the slot fails. 204 is the
/// host's word, which counts; another success may be a portal's.
fn looking_after_a_delete() -> Vec<Case> {
    let mut step = Step::new("look at the slot after a delete");
    let page = |fault: fn(Reply) -> Fault| fault(Reply::Answer(Answer::html(200, "Sign in")));
    let mut turn = 0;
    for (look_name, look) in LOOKS {
        for (name, answer, expect) in [
            (
                "200 with a page instead of acting",
                Some(page(Fault::Instead)),
                "cannot be told",
            ),
            (
                "200 with a page after acting",
                Some(page(Fault::Acted)),
                "cannot be told",
            ),
            ("204", None, "deleted"),
        ] {
            turn += 1;
            step.fault(
                &format!("{name}; look: {look_name}"),
                &[Ground::ALL[turn % 4]],
                |deed, _| (deed == Deed::Delete).then_some(expect),
                move |stage| {
                    // The first GET is the comparison before the write.
                    let look = FaultRule::on("GET", TOKEN, look()).after(1).always();
                    let answer = answer.clone().map(|answer| on_write(stage, answer));
                    stage.faults(answer.into_iter().chain([look]).collect());
                },
            );
        }
    }
    step.cases
}

/// The answer is there, and the destination fails.
fn delivering() -> Vec<Case> {
    fn meanwhile(stage: &Stage, act: impl Fn() + Send + Sync + 'static) {
        stage.after_request(move |_, request| {
            if request.method == "POST" {
                act();
            }
        });
    }
    let settings: &[Setting] = &[
        ("a file appeared meanwhile", To::File, None, |stage| {
            let file = stage.file();
            meanwhile(stage, move || std::fs::write(&file, "mine").unwrap());
        }),
        ("a link appeared meanwhile", To::File, None, |stage| {
            let file = stage.file();
            meanwhile(stage, move || {
                std::os::unix::fs::symlink("elsewhere", &file).unwrap();
            });
        }),
        (
            "the command ends with 3",
            To::Named("broken"),
            Some(|plan| plan.deliveries.push(("broken", shell("exit 3", "")))),
            |_| {},
        ),
        (
            "the command is killed",
            To::Named("broken"),
            Some(|plan| plan.deliveries.push(("broken", shell("kill -9 $$", "")))),
            |_| {},
        ),
        (
            "the command prints the secret and fails",
            To::Named("broken"),
            Some(|plan| {
                plan.deliveries
                    .push(("broken", shell("cat >&2; exit 1", "")));
            }),
            |_| {},
        ),
        (
            "the command prints megabytes",
            To::Named("broken"),
            Some(|plan| {
                plan.deliveries
                    .push(("broken", shell("exec cat /dev/zero", "")));
            }),
            |_| {},
        ),
    ];
    let mut step = Step::new("deliver");
    for (name, to, plan, inject) in settings {
        let from = step.cases.len();
        let not_delete = |deed, _| (deed != Deed::Delete).then_some("undelivered");
        step.fault(name, &Ground::ALL, not_delete, *inject);
        step.but(from, |case| {
            case.to = *to;
            case.plan = *plan;
            case.at_host = false;
        });
    }
    step.cases
}

#[tokio::test]
async fn every_fault_at_every_step_is_told_truly() {
    let mut cases = [
        proving(),
        whose_credential(),
        reading_again(),
        recording(),
        writing(),
        details(),
        finding_out(),
        looking_after_a_delete(),
        delivering(),
    ]
    .concat();
    for (number, case) in cases.iter_mut().enumerate() {
        case.number = number;
    }
    let mut rows = Vec::new();
    let mut wrong = Vec::new();
    let mut running = JoinSet::new();
    let mut names = HashMap::new();
    let mut waiting = cases.into_iter();
    loop {
        while running.len() < AT_ONCE
            && let Some(case) = waiting.next()
        {
            let name = format!(
                "{} · {} · {} · {:?} · {:?}",
                case.step,
                case.fault,
                case.deed.words(),
                case.ground,
                case.to
            );
            names.insert(running.spawn(run(case)).id(), name);
        }
        match running.join_next_with_id().await {
            None => break,
            Some(Ok((_, row))) => rows.push(row),
            Some(Err(error)) => {
                let name = &names[&error.id()];
                let panic = error.into_panic();
                let words = panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                wrong.push(format!("{name}: {}", words.unwrap_or_default()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
    let faults: usize = rows.iter().map(|row| row.faults).sum();
    assert!(faults >= FEWEST, "only {faults} faults were injected");
    table::check(rows);
}
