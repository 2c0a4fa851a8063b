//! Esc, and the end of the program: before the request both stop the order,
//! afterwards none does, and a secret that comes at the end goes where it
//! survives it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use orgward::action::{Control, Delivery, NotDone, Outcome, Step};
use orgward::delivery::{Destination, Method};
use orgward::demo::{Answer, Fault, FaultRule, Gate, Reply, Wait};
use tokio::sync::mpsc;

use crate::stage::{Deed, Ground, Plan, Stage, TOKEN, Told, shell};

#[tokio::test]
async fn esc_at_any_step_before_the_request_stops_it() {
    for deed in Deed::ALL {
        for step in [Step::Proving, Step::Comparing, Step::Recording] {
            let stage = Plan::new(Ground::Hcp, deed).stage().await;
            let control = stage.control.clone();
            let told = stage
                .watched(stage.order(Destination::Panel), |now| {
                    if *now == step {
                        control.stop();
                    }
                })
                .await;
            assert!(matches!(told.outcome, Outcome::NotDone(NotDone::Stopped)));
            assert_eq!(stage.writes(), 0);
        }
    }
}

#[tokio::test]
async fn an_order_stopped_before_it_began_sends_nothing() {
    let stage = Plan::new(Ground::Bare, Deed::Delete).stage().await;
    stage.control.stop();
    let told = stage.perform(Destination::Panel).await;
    assert!(matches!(told.outcome, Outcome::NotDone(NotDone::Stopped)));
    assert!(stage.records().is_empty());
}

/// Whatever a look waits for: the host, or its pace after a 429.
#[tokio::test]
async fn an_order_stopped_while_it_waits_for_a_look_sends_nothing() {
    for end in [false, true] {
        for deed in Deed::ALL {
            let stage = Plan::new(Ground::Hcp, deed).stage().await;
            let never = Fault::WaitThenAct(Wait::Forever);
            stage.faults(vec![FaultRule::on("GET", TOKEN, never)]);
            let met = || stage.faults_met() > 0;
            stopped_when(&stage, end, met).await;
            assert_eq!(stage.writes(), 0);

            let mut plan = Plan::new(Ground::Hcp, deed);
            plan.limits.longest_wait = Duration::from_secs(3600);
            let stage = plan.stage().await;
            let busy = Answer::empty(429).header("retry-after", "3600");
            let busy = Fault::Instead(Reply::Answer(busy));
            stage.faults(vec![FaultRule::on(deed.method(), TOKEN, busy).times(1)]);
            // The first order meets the 429 and is given up; the next one waits
            // for its turn.
            let first = stage.control.clone();
            let _ = stage
                .watched(stage.order(Destination::Panel), |step| {
                    if matches!(step, Step::Waiting(_)) {
                        first.stop();
                    }
                })
                .await;
            assert_eq!(stage.writes(), 1);
            let looks = stage.host.requests().len();
            stopped_when(&stage, end, || true).await;
            assert_eq!(stage.writes(), 1);
            assert_eq!(stage.host.requests().len(), looks, "it was still waiting");
        }
    }
}

/// Performs the deed, and stops it when it compares and `met` is true.
async fn stopped_when(stage: &Stage, end: bool, met: impl Fn() -> bool) {
    let control = Control::default();
    let (compares, compared) = tokio::sync::oneshot::channel();
    let compares = Mutex::new(Some(compares));
    let report = |step: Step| {
        if step == Step::Comparing
            && let Some(compares) = compares.lock().unwrap().take()
        {
            let _ = compares.send(());
        }
    };
    let stop = async {
        compared.await.unwrap();
        while !met() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::task::yield_now().await;
        match end {
            true => control.end(),
            false => control.stop(),
        }
    };
    let order = stage.order(Destination::Panel);
    let performed = Box::pin(stage.actor.perform(order, &control, &report));
    let (outcome, ()) = tokio::time::timeout(Duration::from_secs(25), async {
        tokio::join!(performed, stop)
    })
    .await
    .expect("the order did not wait to the end");
    assert!(matches!(outcome, Outcome::NotDone(NotDone::Stopped)));
}

/// Performs the deed, and does `act` while the host holds the request.
async fn held(stage: &Stage, to: Destination, act: impl FnOnce()) -> Told {
    let gate = Gate::new();
    let hold = Fault::WaitThenAct(Wait::Gate(gate.clone()));
    stage.faults(vec![FaultRule::on(stage.deed.method(), TOKEN, hold)]);
    let meanwhile = async {
        gate.reached(1).await;
        assert!(
            stage.actor.landed().now_or_never().is_none(),
            "the order is under way"
        );
        act();
        gate.open();
    };
    let (told, ()) = tokio::join!(stage.perform(to), meanwhile);
    assert!(stage.actor.landed().now_or_never().is_some());
    told
}

#[tokio::test]
async fn esc_does_nothing_while_the_server_is_waited_for() {
    for ground in Ground::ALL {
        for deed in Deed::ALL {
            let stage = Plan::new(ground, deed).stage().await;
            let to = Destination::Named("keep".into());
            let told = held(&stage, to.clone(), || stage.control.stop()).await;
            match told.outcome {
                Outcome::Generated(done) => assert!(stage.stored(&to, &done.secret)),
                Outcome::Deleted { .. } => assert_eq!(deed, Deed::Delete),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn at_the_end_a_file_and_a_command_still_get_their_secret() {
    for deed in [Deed::Generate, Deed::Replace, Deed::ReplaceUnclear] {
        let stage = Plan::new(Ground::Hcp, deed).stage().await;
        let file = Destination::File(stage.file());
        let told = held(&stage, file.clone(), || stage.control.end()).await;
        let Outcome::Generated(done) = told.outcome else {
            panic!("{:?}", told.outcome);
        };
        assert!(stage.stored(&file, &done.secret));

        let stage = Plan::new(Ground::Hcp, deed).stage().await;
        let command = Destination::Named("keep".into());
        let told = held(&stage, command.clone(), || stage.control.end()).await;
        let Outcome::Generated(done) = told.outcome else {
            panic!("{:?}", told.outcome);
        };
        assert!(stage.stored(&command, &done.secret));
        assert!(stage.actor.undelivered.is_empty());
    }
}

#[tokio::test]
async fn at_the_end_what_ends_with_the_program_gets_nothing_and_the_rescue_all() {
    for to in [Destination::Osc52, Destination::Panel] {
        let (terminal, mut writes) = mpsc::channel(4);
        let mut plan = Plan::new(Ground::Enterprise, Deed::Replace);
        plan.method = Method::Auto;
        plan.terminal = Some(terminal);
        let stage = plan.stage().await;
        let written = Arc::new(AtomicBool::new(false));
        let seen = written.clone();
        tokio::spawn(async move {
            while let Some(write) = writes.recv().await {
                seen.store(true, Ordering::SeqCst);
                let _ = write.done.send(Ok(()));
            }
        });
        let told = held(&stage, to.clone(), || stage.control.end()).await;
        let Outcome::Generated(done) = told.outcome else {
            panic!("{:?}", told.outcome);
        };
        match (&to, &done.delivery) {
            (Destination::Panel, Delivery::Kept) => {}
            (_, Delivery::Failed { why, .. }) => assert_eq!(why, "the program is ending"),
            _ => panic!("{to:?}"),
        }
        assert!(
            !written.load(Ordering::SeqCst),
            "nothing goes to the terminal"
        );

        let plan = stage.actor.deliverer.rescue_plan();
        let reports = stage.actor.undelivered.rescue_all(plan, Timestamp::now());
        assert_eq!(reports.len(), 1);
        assert!(reports[0].outcome.is_ok());
        let state = std::fs::read_dir(stage.folder.path().join("state")).unwrap();
        let rescued = state
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default())
            .any(|text| text.contains(done.secret.expose()));
        assert!(rescued, "the rescue file holds the secret");
    }
}

/// An answer that was cut right behind its secret.
fn cut() -> Reply {
    Reply::edited(|answer| {
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let at = text.find("\"token\":\"").unwrap();
        let end = text[at + 9..].find('"').unwrap();
        answer.body.truncate(at + 9 + end + 1);
    })
}

/// The host never tells the rest, and the secret waits for its rescue.
#[tokio::test]
async fn a_secret_that_was_not_delivered_waits_for_no_details() {
    let mut plan = Plan::new(Ground::Hcp, Deed::Replace);
    plan.deliveries = vec![("fails", shell("exit 3", ""))];
    let stage = plan.stage().await;
    let looks = Fault::Held(
        Wait::Gate(Gate::new()),
        Box::new(Fault::Instead(Reply::Close)),
    );
    stage.faults(vec![
        FaultRule::on("POST", TOKEN, Fault::Acted(cut())),
        // The one before the request passes.
        FaultRule::on("GET", TOKEN, looks).after(1).always(),
    ]);
    let told = stage.perform(Destination::Named("fails".into())).await;
    let Outcome::Generated(done) = told.outcome else {
        panic!("{:?}", told.outcome);
    };
    assert!(matches!(done.delivery, Delivery::Failed { .. }));
    assert_eq!(stage.actor.undelivered.list().len(), 1);
}

/// The answer was cut behind its secret, and the host never tells the rest.
#[tokio::test]
async fn at_the_end_nobody_waits_for_the_details_of_a_damaged_answer() {
    for early in [false, true] {
        let stage = Plan::new(Ground::Hcp, Deed::Replace).stage().await;
        let gate = Gate::new();
        let looks = Fault::Held(
            Wait::Gate(gate.clone()),
            Box::new(Fault::Instead(Reply::Close)),
        );
        stage.faults(vec![
            FaultRule::on("POST", TOKEN, Fault::Acted(cut())),
            // The one before the request passes.
            FaultRule::on("GET", TOKEN, looks).after(1).always(),
        ]);
        let to = Destination::Named("keep".into());
        let control = stage.control.clone();
        let ending = async {
            if !early {
                gate.reached(1).await;
                control.end();
            }
        };
        let order = stage.order(to.clone());
        let performed = stage.watched(order, |step| {
            if early && *step == Step::Delivering {
                stage.control.end();
            }
        });
        let ended = async { tokio::join!(performed, ending) };
        let ended = tokio::time::timeout(Duration::from_secs(25), ended).await;
        let (told, ()) = ended.expect("nobody waits for the host");
        let Outcome::Generated(done) = told.outcome else {
            panic!("{:?}", told.outcome);
        };
        assert!(stage.stored(&to, &done.secret));
        let note = done.note.unwrap();
        assert!(note.starts_with("the answer was "), "{note}");
        assert!(
            !note.contains(';'),
            "nothing is said of the details: {note}"
        );
    }
}
