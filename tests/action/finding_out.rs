//! The answer is lost: what is found by looking, in these words.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use orgward::action::{Outcome, Step};
use orgward::api::Urgency;
use orgward::delivery::Destination;
use orgward::demo::{Answer, Fault, FaultRule, Gate, Reply, Wait};
use orgward::slot::{Identity, Time};

use tokio::task::JoinSet;

use crate::faults::refusal;
use crate::stage::{DOCUMENT, Deed, Ground, ORGANIZATION, Plan, Stage, TOKEN};

fn on_write(stage: &Stage, fault: Fault) -> FaultRule {
    FaultRule::on(stage.deed.method(), TOKEN, fault)
}

async fn words(ground: Ground, deed: Deed, fault: Fault) -> String {
    let stage = Plan::new(ground, deed).stage().await;
    stage.faults(vec![on_write(&stage, fault)]);
    let told = stage.perform(Destination::Panel).await;
    assert!(told.steps.contains(&Step::FindingOut));
    told.outcome.words()
}

#[tokio::test]
async fn the_findings_are_in_these_words() {
    for ground in Ground::ALL {
        for (deed, acted, finding) in [
            (Deed::Generate, false, "nothing happened"),
            (Deed::Replace, false, "nothing happened"),
            (Deed::Delete, false, "nothing happened"),
            (
                Deed::Generate,
                true,
                "a token was generated and its secret is lost",
            ),
            (
                Deed::Replace,
                true,
                "the token was replaced and its secret is lost",
            ),
            (Deed::Delete, true, "the token is gone"),
        ] {
            let fault = match acted {
                true => Fault::Acted(Reply::Close),
                false => Fault::Instead(Reply::Close),
            };
            assert_eq!(words(ground, deed, fault).await, finding);
        }
        for fault in [Fault::Acted(Reply::Close), Fault::Instead(Reply::Close)] {
            let words = words(ground, Deed::ReplaceUnclear, fault).await;
            assert!(words.starts_with("cannot be told: "), "{words}");
            let why = "the slot could not be seen before and cannot be seen now";
            assert!(words.ends_with(why), "{words}");
        }
    }
}

#[tokio::test]
async fn a_host_that_never_answers_is_given_up_and_looked_at() {
    let mut scenes = JoinSet::new();
    for acted in [false, true] {
        for deed in Deed::ALL {
            scenes.spawn(async move {
                let mut plan = Plan::new(Ground::Hcp, deed);
                // Long enough for the request to arrive on any machine.
                plan.limits.write = Duration::from_secs(3);
                let stage = plan.stage().await;
                let silent = match acted {
                    true => Fault::ActThenWait(Wait::Forever),
                    false => Fault::WaitThenAct(Wait::Forever),
                };
                stage.faults(vec![on_write(&stage, silent)]);
                let told = stage.perform(Destination::Panel).await;
                match (deed, acted, &told.outcome) {
                    (Deed::ReplaceUnclear, _, Outcome::CannotTell { .. })
                    | (Deed::Delete, true, Outcome::Gone { .. })
                    | (Deed::Generate | Deed::Replace, true, Outcome::SecretLost { .. })
                    | (_, false, Outcome::NothingHappened { .. }) => {}
                    other => panic!("{other:?}"),
                }
            });
        }
    }
    while let Some(scene) = scenes.join_next().await {
        scene.unwrap();
    }
}

#[tokio::test]
async fn a_slow_proxy_is_not_taken_for_nothing_happened() {
    // The proxy gives up with 504; behind it the request arrives between the
    // two looks at the slot.
    for (deed, finding) in [
        (
            Deed::Generate,
            "a token was generated and its secret is lost",
        ),
        (
            Deed::Replace,
            "the token was replaced and its secret is lost",
        ),
        (Deed::Delete, "the token is gone"),
    ] {
        let stage = Plan::new(Ground::Enterprise, deed).stage().await;
        let given_up = Answer::html(504, "504 Gateway Time-out");
        stage.faults(vec![on_write(
            &stage,
            Fault::Instead(Reply::Answer(given_up)),
        )]);
        let reads = Arc::new(AtomicUsize::new(0));
        let kind = stage.slot.kind;
        stage.on_request(move |host, request| {
            let is_look = request.method == "GET" && request.path.ends_with("-token");
            // One comparison, and the first of the two looks, come before.
            if is_look && reads.fetch_add(1, Ordering::SeqCst) == 2 {
                match deed {
                    Deed::Delete => host.delete_as_other(ORGANIZATION, kind).unwrap(),
                    _ => drop(host.replace_as_other(ORGANIZATION, kind).unwrap()),
                }
            }
        });
        let told = stage.perform(Destination::Panel).await;
        assert_eq!(told.outcome.words(), finding);
    }
}

#[tokio::test]
async fn one_look_at_an_unchanged_slot_does_not_prove_that_nothing_happened() {
    let stage = Plan::new(Ground::Hcp, Deed::Replace).stage().await;
    let closed = on_write(&stage, Fault::Instead(Reply::Close));
    let first_look = FaultRule::on("GET", TOKEN, refusal(500)).after(1);
    stage.faults(vec![closed, first_look]);
    let told = stage.perform(Destination::Panel).await;
    let Outcome::CannotTell { why } = told.outcome else {
        panic!("{:?}", told.outcome);
    };
    let id = stage.holds().unwrap().id;
    let said = format!("token {id}, the one from before, was seen once only");
    assert!(why.ends_with(&said), "{why}");
}

#[tokio::test]
async fn a_request_that_could_not_leave_changed_nothing() {
    for deed in Deed::ALL {
        let stage = Plan::new(Ground::Hcp, deed).stage().await;
        let told = stage
            .watched(stage.order(Destination::Panel), |step| {
                // After the comparison, and before the request.
                if *step == Step::Recording {
                    stage.stop_host();
                }
            })
            .await;
        assert_eq!(told.outcome.words(), "nothing happened");
        let Outcome::NothingHappened { why, sent: false } = told.outcome else {
            panic!("{:?}", told.outcome);
        };
        assert!(why.starts_with("the request was not sent"), "{why}");
        assert!(!told.steps.contains(&Step::FindingOut));
        assert_eq!(stage.writes(), 0);
    }
}

#[tokio::test]
async fn a_404_to_a_delete_is_explained_by_the_slot() {
    let kind = orgward::slot::Kind::Organization;
    let not_found = |stage: &Stage| vec![on_write(stage, refusal(404))];

    let stage = Plan::new(Ground::Hcp, Deed::Delete).stage().await;
    stage.faults(not_found(&stage));
    let told = stage.perform(Destination::Panel).await;
    let words = told.outcome.words();
    assert!(words.contains("the token is still there"), "{words}");

    // Another owner deleted it a moment before.
    let stage = Plan::new(Ground::Enterprise, Deed::Delete).stage().await;
    stage.on_request(move |host, request| {
        if request.method == "DELETE" {
            host.delete_as_other(ORGANIZATION, kind).unwrap();
        }
    });
    let told = stage.perform(Destination::Panel).await;
    assert_eq!(told.outcome.words(), "the token is gone");

    // Another owner replaced it.
    let stage = Plan::new(Ground::Bare, Deed::Delete).stage().await;
    stage.faults(not_found(&stage));
    stage.on_request(move |host, request| {
        if request.method == "DELETE" {
            host.replace_as_other(ORGANIZATION, kind).unwrap();
        }
    });
    let told = stage.perform(Destination::Panel).await;
    let Outcome::Gone { note: Some(note) } = told.outcome else {
        panic!("{:?}", told.outcome);
    };
    let now = stage.holds().unwrap().id;
    assert_eq!(note, format!("another token, {now}, is there now"));

    // The slot cannot be read.
    let stage = Plan::new(Ground::Hcp, Deed::Delete).stage().await;
    let look = FaultRule::on("GET", TOKEN, refusal(500)).after(1).always();
    stage.faults([not_found(&stage), vec![look]].concat());
    let told = stage.perform(Destination::Panel).await;
    assert!(matches!(told.outcome, Outcome::CannotTell { .. }));
}

#[tokio::test]
async fn of_a_token_that_was_never_seen_a_404_to_its_delete_proves_nothing() {
    let stage = Plan::new(Ground::Hcp, Deed::ReplaceUnclear).stage().await;
    stage.faults(vec![FaultRule::on("DELETE", TOKEN, refusal(404))]);
    let mut order = stage.order(Destination::Panel);
    order.act = orgward::action::Act::Delete;
    let told = stage.perform_order(order).await;
    let Outcome::CannotTell { why } = told.outcome else {
        panic!("{:?}", told.outcome);
    };
    assert!(why.contains("404"), "{why}");
}

#[tokio::test]
async fn a_delete_that_is_only_said_to_be_done_is_found_out() {
    // A portal answers 200 to whatever it is asked.
    let stage = Plan::new(Ground::Enterprise, Deed::Delete).stage().await;
    let portal = Fault::Instead(Reply::Answer(Answer::html(200, "Sign in")));
    stage.faults(vec![on_write(&stage, portal)]);
    let told = stage.perform(Destination::Panel).await;
    let Outcome::CannotTell { why } = told.outcome else {
        panic!("{:?}", told.outcome);
    };
    let id = stage.holds().unwrap().id;
    let said = format!("the host says that it is done, and token {id} is still there");
    assert_eq!(why, said);
}

#[tokio::test]
async fn a_delete_that_nobody_but_a_portal_says_is_done_is_not_told_as_done() {
    // The session before the host ends after the comparison: from then on its
    // page is the answer to everything, looks included.
    let portal = || Fault::Instead(Reply::Answer(Answer::html(200, "Sign in")));
    let stage = Plan::new(Ground::Enterprise, Deed::Delete).stage().await;
    stage.faults(vec![
        on_write(&stage, portal()),
        FaultRule::on("GET", TOKEN, portal()).after(1).always(),
    ]);
    let told = stage.perform(Destination::Panel).await;
    assert!(stage.holds().is_some());
    let words = told.outcome.words();
    let said = "cannot be told: the host says that it is done, and the slot does not show it; ";
    assert!(words.starts_with(said), "{words}");
    assert!(words.contains("a web page"), "{words}");

    // What the slot shows is believed, whatever the answer was.
    let page = || Fault::Acted(Reply::Answer(Answer::html(200, "Done")));
    for ground in Ground::ALL {
        let stage = Plan::new(ground, Deed::Delete).stage().await;
        stage.faults(vec![on_write(&stage, page())]);
        let told = stage.perform(Destination::Panel).await;
        assert_eq!(told.outcome.words(), "the token was deleted", "{ground:?}");

        // A 404 in the place of the token that was there is enough.
        let stage = Plan::new(ground, Deed::Delete).stage().await;
        let unclear = FaultRule::on("GET", DOCUMENT, refusal(403)).always();
        stage.faults(vec![on_write(&stage, page()), unclear]);
        let told = stage.perform(Destination::Panel).await;
        assert_eq!(told.outcome.words(), "the token was deleted", "{ground:?}");
    }
    let stage = Plan::new(Ground::Hcp, Deed::Delete).stage().await;
    stage.faults(vec![on_write(&stage, page())]);
    let kind = stage.slot.kind;
    stage.after_request(move |host, request| {
        if request.method == "DELETE" {
            host.replace_as_other(ORGANIZATION, kind).unwrap();
        }
    });
    let told = stage.perform(Destination::Panel).await;
    assert_eq!(told.outcome.words(), "the token was deleted");
}

#[tokio::test]
async fn a_delete_that_the_host_answers_as_hosts_do_is_done_also_where_nobody_can_look() {
    let stage = Plan::new(Ground::Hcp, Deed::Delete).stage().await;
    let look = FaultRule::on("GET", TOKEN, refusal(500)).after(1).always();
    stage.faults(vec![look]);
    let told = stage.perform(Destination::Panel).await;
    assert_eq!(told.outcome.words(), "the token was deleted");
    let note = note(told.outcome).unwrap();
    let said = "the host says so, and the slot does not show it: the host answered 500";
    assert!(note.starts_with(said), "{note}");
}

#[tokio::test]
async fn another_owner_between_the_comparison_and_the_request_is_seen_afterwards() {
    let stage = Plan::new(Ground::Hcp, Deed::Replace).stage().await;
    let kind = stage.slot.kind;
    stage.on_request(move |host, request| {
        if request.method == "POST" {
            host.replace_as_other(ORGANIZATION, kind).unwrap();
        }
    });
    let told = stage.perform(Destination::Panel).await;
    let Outcome::Generated(done) = told.outcome else {
        panic!("{:?}", told.outcome);
    };
    assert_eq!(*done.token.id, *stage.holds().unwrap().id);
}

#[tokio::test]
async fn two_programs_on_one_slot_both_tell_the_truth() {
    let stage = Plan::new(Ground::Hcp, Deed::Replace).stage().await;
    let gate = Gate::new();
    let hold = Fault::WaitThenAct(Wait::Gate(gate.clone()));
    stage.faults(vec![on_write(&stage, hold)]);
    let order = stage.order(Destination::Panel);
    let perform = || async {
        stage
            .actor
            .perform(order.clone(), &stage.control, &|_| {})
            .await
    };
    // The first program's request is on its way while the second acts.
    let second = async {
        gate.reached(1).await;
        let outcome = perform().await;
        let now = stage.holds().unwrap().id;
        gate.open();
        (outcome, now)
    };
    let (first, (second, then)) = tokio::join!(perform(), second);
    let (Outcome::Generated(first), Outcome::Generated(second)) = (first, second) else {
        panic!("both acted");
    };
    assert_eq!(*second.token.id, *then);
    assert_eq!(*first.token.id, *stage.holds().unwrap().id);
    assert!(stage.host.accepts(first.secret.expose(), ORGANIZATION));
    assert!(!stage.host.accepts(second.secret.expose(), ORGANIZATION));

    // A third that decided before both sends nothing.
    let third = perform().await;
    assert_eq!(stage.writes(), 2);
    let words = third.words();
    assert!(words.contains("the slot has changed"), "{words}");
    let now = stage.actor.fleet.read(&stage.slot, Urgency::Owner).await;
    let Some(Identity::Token { id, .. }) = now.identity() else {
        panic!("{now:?}");
    };
    assert_eq!(*id, *first.token.id);
}

#[tokio::test]
async fn a_lost_secret_that_is_recorded_nowhere_is_said_to_be_so() {
    let mut stage = Plan::new(Ground::Hcp, Deed::Replace).stage().await;
    stage.journal_breaks = true;
    stage.faults(vec![on_write(&stage, Fault::Acted(Reply::Close))]);
    let file = stage.journal_file();
    stage.after_request(move |_, request| {
        if request.method == "POST" {
            std::fs::remove_file(&file).unwrap();
            std::fs::create_dir(&file).unwrap();
        }
    });
    let told = stage.perform(Destination::Panel).await;
    let Outcome::SecretLost { note, .. } = told.outcome else {
        panic!("{:?}", told.outcome);
    };
    let note = note.unwrap();
    assert!(note.ends_with("the outcome is recorded nowhere"), "{note}");
}

fn note(outcome: Outcome) -> Option<String> {
    match outcome {
        Outcome::Generated(done) => done.note,
        Outcome::Deleted { note } => note,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_use_since_its_owner_looked_does_not_stop_the_order_and_is_told() {
    for deed in [Deed::Replace, Deed::Delete] {
        for earlier in [true, false] {
            let stage = Plan::new(Ground::Hcp, deed).stage().await;
            let used = stage.holds().unwrap().last_used_at.unwrap();
            let mut order = stage.order(Destination::Panel);
            order.last_use = match earlier {
                true => Time::At(used - SignedDuration::from_secs(60)),
                false => Time::At(used),
            };
            let told = note(stage.perform_order(order).await.outcome);
            let words = format!(
                "the old token was used again at {}, after you had looked at it",
                used.strftime("%Y-%m-%d %H:%M:%S UTC")
            );
            assert_eq!(told, earlier.then_some(words));
        }
    }
    // An order for an empty slot ends nobody's token.
    let stage = Plan::new(Ground::Hcp, Deed::Generate).stage().await;
    let mut order = stage.order(Destination::Panel);
    order.last_use = Time::Never;
    assert_eq!(note(stage.perform_order(order).await.outcome), None);
}
