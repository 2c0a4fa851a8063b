//! Before the request: the order of the steps, and what stops one that must
//! not be sent.

use orgward::action::{Act, NotDone, Outcome, Step};
use orgward::delivery::{Destination, RescueTo};
use orgward::expiry::{Expiry, Length};
use orgward::journal::Event;

use crate::stage::{Deed, Ground, Plan};

#[tokio::test]
async fn the_order_is_prove_compare_record_write_deliver_record() {
    for deed in Deed::ALL {
        let stage = Plan::new(Ground::Hcp, deed).stage().await;
        let kept = stage.folder.path().join("kept");
        let (file, seen) = (kept.clone(), stage.journal_file());
        stage.on_request(move |_, request| {
            if request.method != "GET" {
                // The command was found, and was not run without the secret.
                assert!(!file.exists());
                assert!(seen.exists());
            }
        });
        let told = stage.perform(Destination::Named("keep".into())).await;
        let mut expected = vec![
            Step::Proving,
            Step::Comparing,
            Step::Recording,
            Step::Writing,
        ];
        if deed != Deed::Delete {
            expected.push(Step::Delivering);
        }
        assert_eq!(told.steps, expected);
        assert_eq!(kept.exists(), deed != Deed::Delete);
        assert_eq!(stage.writes(), 1);
        let routes: Vec<_> = stage
            .host
            .requests()
            .iter()
            .filter(|request| request.path.ends_with("authentication-token"))
            .map(|request| request.method.clone())
            .collect();
        assert_eq!(routes[..2], ["GET", deed.method()]);
    }
}

#[tokio::test]
async fn the_journal_tells_what_was_about_to_happen() {
    let stage = Plan::new(Ground::Enterprise, Deed::Replace).stage().await;
    let before = stage.holds().unwrap().id;
    let file = stage.file();
    stage.perform(Destination::File(file.clone())).await;
    let records = stage.records();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].host, "tfe.test");
    assert_eq!(
        records[0].event,
        Event::Intent {
            action: "replace".into(),
            token: Some(before),
            to: Some(format!("file:{}", file.display())),
        }
    );
    assert_eq!(
        records[1].event,
        Event::Outcome {
            finding: "done".into(),
            token: Some(stage.holds().unwrap().id),
            delivery: Some(format!("file {}", file.display())),
        }
    );
}

#[tokio::test]
async fn an_expiry_beyond_the_policy_is_refused_before_anything_is_sent() {
    let stage = Plan::new(Ground::Hcp, Deed::Replace).stage().await;
    for expiry in [
        Expiry::In(Length::days(366)),
        Expiry::At("2001-01-01T00:00:00Z".parse().unwrap()),
    ] {
        let mut order = stage.order(Destination::Panel);
        order.act = Act::New {
            expiry,
            to: Destination::Panel,
        };
        let told = stage.perform_order(order).await;
        assert!(matches!(told.outcome, Outcome::NotDone(NotDone::Expiry(_))));
    }
    assert_eq!(stage.writes(), 0);
}

#[tokio::test]
async fn without_a_rescue_the_screen_may_act_and_a_plain_command_may_not() {
    let mut plan = Plan::new(Ground::Hcp, Deed::Replace);
    plan.rescue = RescueTo::None;
    let stage = plan.stage().await;
    // `--rescue none` is a decision, not a rescue that fails.
    let mut order = stage.order(Destination::Panel);
    order.needs_rescue = true;
    let told = stage.perform_order(order).await;
    assert!(matches!(told.outcome, Outcome::Generated(_)));
}

#[tokio::test]
async fn a_slot_that_is_not_configured_is_not_touched() {
    let stage = Plan::new(Ground::Hcp, Deed::Replace).stage().await;
    let mut order = stage.order(Destination::Panel);
    order.slot.organization = "elsewhere".into();
    let told = stage.perform_order(order).await;
    assert!(matches!(told.outcome, Outcome::NotDone(NotDone::Host(_))));
    assert!(stage.host.requests().is_empty());
}

#[tokio::test]
async fn without_a_journal_nothing_is_sent_unless_the_owner_wants_it_so() {
    for deed in Deed::ALL {
        let mut stage = Plan::new(Ground::Hcp, deed).stage().await;
        stage.journal_breaks = true;
        std::fs::create_dir_all(stage.journal_file().parent().unwrap()).unwrap();
        std::os::unix::fs::symlink("/dev/full", stage.journal_file()).unwrap();
        let to = Destination::Named("keep".into());
        let told = stage.perform(to.clone()).await;
        let words = told.outcome.words();
        assert!(words.contains("No space left"), "{words}");
        assert_eq!(stage.writes(), 0);

        let mut order = stage.order(to.clone());
        order.without_journal = true;
        // Not judged: a write without its intent on the disk is what is wanted.
        let outcome = stage.actor.perform(order, &stage.control, &|_| {}).await;
        assert_eq!(stage.writes(), 1);
        let note = match outcome {
            Outcome::Generated(done) => {
                assert!(stage.stored(&to, &done.secret));
                done.note
            }
            Outcome::Deleted { note } => note,
            other => panic!("{other:?}"),
        };
        assert_eq!(note.unwrap(), "as you wanted it, this is recorded nowhere");
    }
}

#[tokio::test]
async fn an_order_without_a_journal_is_recorded_where_that_works_again() {
    let stage = Plan::new(Ground::Bare, Deed::Replace).stage().await;
    let mut order = stage.order(Destination::Panel);
    order.without_journal = true;
    let told = stage.perform_order(order).await;
    let Outcome::Generated(done) = told.outcome else {
        panic!("{:?}", told.outcome);
    };
    assert_eq!(done.note, None);
    assert_eq!(stage.records().len(), 2);
}
