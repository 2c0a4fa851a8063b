//! The credential in use is this very token: it dies by the action, and the
//! program goes on with the new secret.

use orgward::action::{Delivery, Outcome};
use orgward::api::Urgency;
use orgward::delivery::Destination;
use orgward::demo::{Answer, Fault, FaultRule, Reply};
use orgward::fleet::Own;
use orgward::slot::{Found, Identity};

use crate::faults::refusal;
use crate::stage::{Credential, Deed, Ground, Plan, Stage, TOKEN, VARIABLE, shell};

/// The kinds of server, which tell it in three ways. PROTOCOL, 4.
const TELLING: [Ground; 3] = [Ground::Hcp, Ground::Enterprise, Ground::Bare];

fn own(ground: Ground, deed: Deed) -> Plan {
    let mut plan = Plan::new(ground, deed);
    plan.credential = Credential::OwnToken;
    plan
}

async fn reads(stage: &Stage) -> Found {
    let reading = stage.actor.fleet.read(&stage.slot, Urgency::Owner).await;
    reading.found
}

#[tokio::test]
async fn after_a_replace_the_program_goes_on_with_the_new_secret() {
    for ground in TELLING {
        let stage = own(ground, Deed::Replace).stage().await;
        let told = stage.perform(Destination::Panel).await;
        let Outcome::Generated(done) = told.outcome else {
            panic!("{:?}", told.outcome);
        };
        assert_eq!(done.own, Own::Yes, "{ground:?}");
        let stored = done.stored.unwrap();
        assert!(stored.contains(VARIABLE), "{stored}");
        assert!(matches!(reads(&stage).await, Found::Token(_)), "{ground:?}");

        // And again: the new credential is this very token as well.
        let mut order = stage.order(Destination::Panel);
        order.shown = Identity::Token {
            id: done.token.id.to_string(),
            created_at: done.token.created_at,
        };
        let outcome = stage.actor.perform(order, &stage.control, &|_| {}).await;
        let Outcome::Generated(done) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(done.own, Own::Yes, "{ground:?}");
        assert!(matches!(reads(&stage).await, Found::Token(_)), "{ground:?}");
    }
}

#[tokio::test]
async fn it_goes_on_also_when_the_delivery_failed() {
    for ground in TELLING {
        let mut plan = own(ground, Deed::Replace);
        plan.deliveries = vec![("broken", shell("exit 1", ""))];
        let stage = plan.stage().await;
        let told = stage.perform(Destination::Named("broken".into())).await;
        let Outcome::Generated(done) = told.outcome else {
            panic!("{:?}", told.outcome);
        };
        assert!(matches!(done.delivery, Delivery::Failed { .. }));
        assert!(matches!(reads(&stage).await, Found::Token(_)));
    }
}

#[tokio::test]
async fn after_a_delete_the_host_can_no_longer_be_reached_and_that_is_said() {
    for ground in TELLING {
        let stage = own(ground, Deed::Delete).stage().await;
        let told = stage.perform(Destination::Panel).await;
        let Outcome::Deleted { note } = told.outcome else {
            panic!("{:?}", told.outcome);
        };
        let note = note.unwrap();
        assert!(note.contains("your credential"), "{note}");
        assert_eq!(reads(&stage).await, Found::Unauthorized);
    }
}

#[tokio::test]
async fn after_a_delete_a_401_shows_that_it_is_gone_only_where_it_was_one_s_own() {
    let page = || Fault::Acted(Reply::Answer(Answer::html(200, "Done")));
    for ground in TELLING {
        let stage = own(ground, Deed::Delete).stage().await;
        stage.faults(vec![FaultRule::on("DELETE", TOKEN, page())]);
        let told = stage.perform(Destination::Panel).await;
        assert_eq!(told.outcome.words(), "the token was deleted", "{ground:?}");

        // A person's credential that is not accepted any more tells nothing.
        let stage = Plan::new(ground, Deed::Delete).stage().await;
        stage.faults(vec![
            FaultRule::on("DELETE", TOKEN, page()),
            FaultRule::on("GET", TOKEN, refusal(401)).after(1).always(),
        ]);
        let told = stage.perform(Destination::Panel).await;
        let words = told.outcome.words();
        assert!(words.starts_with("cannot be told: "), "{words}");
        assert!(words.contains("401"), "{words}");
    }
}

#[tokio::test]
async fn a_person_s_credential_is_not_this_token() {
    for (ground, own) in [
        (Ground::Hcp, Own::No),
        (Ground::Enterprise, Own::Unknown),
        (Ground::Bare, Own::Unknown),
    ] {
        let stage = Plan::new(ground, Deed::Replace).stage().await;
        let told = stage.perform(Destination::Panel).await;
        let Outcome::Generated(done) = told.outcome else {
            panic!("{:?}", told.outcome);
        };
        assert_eq!(done.own, own);
        let account =
            stage.host.requests().iter().any(|request| {
                request.method == "GET" && request.path.ends_with("account/details")
            });
        assert!(account);
        // The owner's own credential is still the one in use.
        assert!(matches!(reads(&stage).await, Found::Token(_)));
        let used = stage.holds().unwrap().last_used_at;
        assert_eq!(used, None, "the new token is nobody's credential yet");
    }
}

#[tokio::test]
async fn the_answer_is_lost_and_with_it_the_way_to_look() {
    for (deed, fault) in [
        (Deed::Replace, Fault::Acted(Reply::Close)),
        (Deed::Delete, Fault::Acted(Reply::Close)),
    ] {
        for ground in TELLING {
            let stage = own(ground, deed).stage().await;
            stage.faults(vec![FaultRule::on(deed.method(), TOKEN, fault.clone())]);
            let told = stage.perform(Destination::Panel).await;
            let Outcome::CannotTell { why } = told.outcome else {
                panic!("{:?}", told.outcome);
            };
            assert!(why.contains("401"), "{why}");
        }
    }
}
