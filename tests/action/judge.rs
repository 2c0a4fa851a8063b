//! The judge: compares what an owner was told with what is true.
//!
//! It knows nothing of faults. Whatever was injected, these rules hold after
//! every action; a statement that says less than is known breaks none of them,
//! and a wrong one breaks at least one.

use orgward::action::{After, Delivery, Generated, Order, Outcome};
use orgward::journal::Event;
use orgward::slot::Identity;

use crate::stage::{ORGANIZATION, Stage, Told};

pub fn judge(stage: &Stage, order: &Order, told: &Told) {
    writes_are_few_and_announced(stage);
    statement_is_true(stage, order, &told.outcome);
    journal_agrees(stage, &told.outcome);
    no_secret_is_lost_or_leaked(stage, &told.outcome);
}

/// One write, and one more for each that was answered with 429.
fn writes_are_few_and_announced(stage: &Stage) {
    let statuses: Vec<Option<u16>> = stage
        .host
        .requests()
        .iter()
        .filter(|request| request.method != "GET")
        .map(|request| request.status)
        .collect();
    let final_ones = statuses.iter().filter(|status| **status != Some(429));
    assert!(
        final_ones.count() <= 1,
        "a write was repeated: {statuses:?}"
    );
    for witness in stage.witnesses.lock().unwrap().iter() {
        assert!(
            witness.intent_on_disk,
            "a write was sent before its intent was on the disk"
        );
    }
}

fn statement_is_true(stage: &Stage, order: &Order, outcome: &Outcome) {
    let now = stage.holds();
    let now_id = now.as_ref().map(|view| view.id.as_str());
    let shown_id = match &order.shown {
        Identity::Token { id, .. } => Some(id.as_str()),
        _ => None,
    };
    let witnesses = stage.witnesses.lock().unwrap();
    let acted = witnesses.iter().any(|witness| witness.acted());
    match outcome {
        Outcome::Generated(done) => {
            assert!(acted, "no token was generated");
            assert_eq!(done.before, order.shown);
            if *done.token.id != *"unknown" {
                let left = witnesses.last().and_then(|last| last.left.clone());
                let left = left.flatten().map(|view| view.id);
                assert_eq!(left.as_deref(), Some(&*done.token.id));
            }
            // Unless someone was faster still, the secret works.
            if now_id == Some(&*done.token.id) {
                assert!(stage.host.accepts(done.secret.expose(), ORGANIZATION));
            }
        }
        Outcome::Deleted { .. } => {
            assert!(acted, "nothing was deleted");
            assert_ne!(now_id, shown_id);
        }
        Outcome::Gone { .. } => {
            assert!(shown_id.is_some(), "no token was seen that can be gone");
            assert_ne!(now_id, shown_id, "the token is still there");
        }
        Outcome::SecretLost {
            was_empty,
            now: told,
            ..
        } => {
            assert_eq!(*was_empty, order.shown == Identity::None);
            assert_ne!(order.shown, Identity::Unclear);
            assert_eq!(Some(&*told.id), now_id);
            assert_ne!(now_id, shown_id, "the token is the one from before");
        }
        Outcome::NothingHappened { .. } => {
            assert!(!acted, "the host acted");
            if !witnesses.is_empty() {
                assert_ne!(order.shown, Identity::Unclear);
                assert_eq!(now_id, shown_id);
            }
        }
        Outcome::NotDone(_) => assert!(!acted, "the host acted"),
        Outcome::Refused { after, .. } => match after {
            After::Same => {
                assert!(!acted, "the host acted");
                assert_eq!(now_id, shown_id);
            }
            After::Changed(Identity::Token { id, .. }) => assert_eq!(Some(id.as_str()), now_id),
            After::Changed(_) => assert_eq!(now_id, None),
            After::Unread => {}
        },
        Outcome::CannotTell { why } => assert!(!why.is_empty()),
    }
    if !acted {
        assert!(
            !matches!(outcome, Outcome::Generated(_) | Outcome::Deleted { .. }),
            "{outcome:?}"
        );
    }
}

/// What the screen says now, the journal says tomorrow.
fn journal_agrees(stage: &Stage, outcome: &Outcome) {
    if stage.journal_breaks {
        return;
    }
    let records = stage.records();
    let Some(last) = records.last() else {
        assert!(stage.writes() == 0, "a write without a record");
        return;
    };
    let Event::Outcome {
        finding,
        token,
        delivery,
    } = &last.event
    else {
        panic!("the last record is no outcome: {last:?}");
    };
    let intents: Vec<_> = records
        .iter()
        .filter(|record| matches!(record.event, Event::Intent { .. }))
        .collect();
    assert_eq!(intents.len(), 1, "one order has one intent");
    assert_eq!(intents[0].order, last.order);
    match outcome {
        Outcome::Generated(done) => {
            assert_eq!(finding, "done");
            assert_eq!(token.as_deref(), Some(&*done.token.id));
            assert_eq!(delivery.as_deref(), Some(done.delivery.place().as_str()));
            let undelivered = !is_certain(done);
            let says_so = done.delivery.place().starts_with("undelivered");
            assert_eq!(says_so, undelivered);
        }
        Outcome::Deleted { .. } => assert_eq!(finding, "done"),
        Outcome::CannotTell { .. } => assert!(finding.starts_with("cannot be told: ")),
        other => assert_eq!(*finding, other.words()),
    }
}

fn no_secret_is_lost_or_leaked(stage: &Stage, outcome: &Outcome) {
    let held = stage.actor.undelivered.list();
    let Outcome::Generated(done) = outcome else {
        assert!(held.is_empty());
        return;
    };
    let is_held = held.iter().any(|(hold, _)| *hold == done.hold);
    assert_eq!(is_held, !is_certain(done), "delivered, or held");
    let secret = done.secret.expose();
    let journal = std::fs::read_to_string(stage.journal_file()).unwrap_or_default();
    for twelve in secret.as_bytes().windows(12) {
        let twelve = std::str::from_utf8(twelve).unwrap();
        assert!(!journal.contains(twelve), "the journal holds the secret");
        assert!(!outcome.words().contains(twelve));
        if let Delivery::Failed { why, .. } = &done.delivery {
            assert!(!why.contains(twelve), "an error holds the secret");
        }
    }
}

fn is_certain(done: &Generated) -> bool {
    matches!(&done.delivery, Delivery::Delivered(delivered) if delivered.certain)
}
