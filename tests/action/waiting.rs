//! 429: nothing was done. The wait is shown and can be ended, and before the
//! repeat the slot is looked at again. A host that never has room is given up.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use orgward::action::{NotDone, Outcome, Step};
use orgward::delivery::Destination;
use orgward::demo::{Answer, Fault, FaultRule, Reply};
use orgward::journal::Event;

use crate::stage::{Deed, Ground, ORGANIZATION, Plan, Stage, TOKEN};

fn too_many(stage: &Stage, header: &str, value: &str) -> FaultRule {
    let answer = Answer::empty(429).header(header, value);
    let fault = Fault::Instead(Reply::Answer(answer));
    FaultRule::on(stage.deed.method(), TOKEN, fault)
}

#[tokio::test]
async fn the_slot_is_read_again_before_each_repeat() {
    for deed in Deed::ALL {
        let stage = Plan::new(Ground::Hcp, deed).stage().await;
        let busy = too_many(&stage, "x-ratelimit-reset", "0.001");
        stage.faults(vec![busy.times(3)]);
        let told = stage.perform(Destination::Panel).await;
        let wait = Step::Waiting(Duration::from_millis(1));
        let waits = told.steps.iter().filter(|step| **step == wait).count();
        assert_eq!(waits, 3, "{:?}", told.steps);
        let requests = stage.host.requests();
        let on_token: Vec<_> = requests
            .iter()
            .filter(|request| request.path.ends_with("authentication-token"))
            .map(|request| request.method.as_str())
            .take(8)
            .collect();
        let one = ["GET", deed.method()];
        assert_eq!(on_token, [one, one, one, one].concat());
        assert_eq!(stage.writes(), 4);
    }
}

#[tokio::test]
async fn esc_ends_the_wait_and_nothing_was_done() {
    for deed in Deed::ALL {
        let mut plan = Plan::new(Ground::Hcp, deed);
        plan.limits.longest_wait = Duration::from_secs(60);
        let stage = plan.stage().await;
        stage.faults(vec![too_many(&stage, "retry-after", "3600")]);
        let control = stage.control.clone();
        let told = stage
            .watched(stage.order(Destination::Panel), move |step| {
                if *step == Step::Waiting(Duration::from_secs(60)) {
                    control.stop();
                }
            })
            .await;
        assert_eq!(stage.writes(), 1);
        // A request was sent, so "nothing was sent" would not be true.
        assert_eq!(
            told.outcome.words(),
            "nothing was done: stopped before anything was done"
        );
    }
}

#[tokio::test]
async fn a_slot_that_changed_during_the_wait_is_left_alone() {
    for deed in [Deed::Generate, Deed::Replace, Deed::Delete] {
        let stage = Plan::new(Ground::Bare, deed).stage().await;
        stage.faults(vec![too_many(&stage, "retry-after", "0")]);
        let told = stage
            .watched(stage.order(Destination::Panel), |step| {
                if matches!(step, Step::Waiting(_)) {
                    let kind = stage.slot.kind;
                    stage.host.replace_as_other(ORGANIZATION, kind).unwrap();
                }
            })
            .await;
        assert!(matches!(
            told.outcome,
            Outcome::NotDone(NotDone::Changed(_))
        ));
        assert_eq!(stage.writes(), 1);
        let words = told.outcome.words();
        let now = stage.holds().unwrap().id;
        let said = format!("nothing was done: the slot has changed; it holds token {now}");
        assert!(words.starts_with(&said), "{words}");
    }
}

#[tokio::test]
async fn the_end_of_the_program_ends_the_wait() {
    let mut plan = Plan::new(Ground::Enterprise, Deed::Replace);
    plan.limits.longest_wait = Duration::from_secs(60);
    let stage = plan.stage().await;
    stage.faults(vec![too_many(&stage, "x-ratelimit-reset", "59.5")]);
    let control = stage.control.clone();
    let told = stage
        .watched(stage.order(Destination::Panel), move |step| {
            if matches!(step, Step::Waiting(_)) {
                control.end();
            }
        })
        .await;
    assert!(matches!(told.outcome, Outcome::NotDone(NotDone::Stopped)));
    assert_eq!(stage.writes(), 1);
}

#[tokio::test]
async fn a_host_that_asks_for_no_wait_is_left_alone_for_a_second() {
    for (header, value) in [
        ("retry-after", "0"),
        ("retry-after", "Tue, 24 Nov 2020 10:00:00 GMT"),
        ("x-ratelimit-reset", "0"),
    ] {
        let mut plan = Plan::new(Ground::Enterprise, Deed::Replace);
        plan.limits.longest_wait = Duration::from_secs(60);
        let stage = plan.stage().await;
        stage.faults(vec![too_many(&stage, header, value)]);
        let control = stage.control.clone();
        let told = stage
            .watched(stage.order(Destination::Panel), move |step| {
                if matches!(step, Step::Waiting(_)) {
                    control.stop();
                }
            })
            .await;
        let wait = Step::Waiting(Duration::from_secs(1));
        assert!(told.steps.contains(&wait), "{value}: {:?}", told.steps);
    }
}

#[tokio::test]
async fn a_host_that_never_has_room_is_given_up() {
    for deed in Deed::ALL {
        let stage = Plan::new(Ground::Hcp, deed).stage().await;
        stage.faults(vec![too_many(&stage, "retry-after", "0").always()]);
        // So that this test has an end where the order has none.
        let (control, waits) = (stage.control.clone(), AtomicUsize::new(0));
        let told = stage
            .watched(stage.order(Destination::Panel), |step| {
                if matches!(step, Step::Waiting(_)) && waits.fetch_add(1, Ordering::SeqCst) > 100 {
                    control.stop();
                }
            })
            .await;
        assert_eq!(
            told.outcome.words(),
            "nothing was done: the host answered 31 times in a row that there are too many \
             requests (429); whatever uses your credential counts, so see what else does, and \
             try again later"
        );
        assert_eq!(stage.writes(), 31);
        assert!(matches!(
            stage.records().pop().unwrap().event,
            Event::Outcome { .. }
        ));
    }
}
