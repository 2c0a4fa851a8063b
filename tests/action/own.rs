//! The credential in use is this very token: it dies by the action, and the
//! program goes on with the new secret.

use orgward::action::{Delivery, Outcome};
use orgward::api::Urgency;
use orgward::config::Organizations;
use orgward::delivery::Destination;
use orgward::demo::{Answer, Fault, FaultRule, Reply};
use orgward::fleet::Own;
use orgward::slot::{Found, Identity};

use crate::faults::refusal;
use crate::stage::{
    ACCOUNT, ANOTHER, Credential, Deed, Ground, ORGANIZATION, Plan, Stage, TOKEN, VARIABLE, shell,
};

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

/// A person's entry, and another of the same host.
fn two(ground: Ground, deed: Deed, another: Credential) -> Plan {
    let mut plan = Plan::new(ground, deed);
    plan.another = Some((another, Organizations::All));
    plan
}

/// Whether the other entry's credential is accepted.
async fn other_works(stage: &Stage) -> bool {
    let fleet = &stage.actor.fleet;
    let connected = fleet.connected(&fleet.entries()[1]).await.unwrap();
    connected.client.account(Urgency::Owner).await.is_ok()
}

#[tokio::test]
async fn another_entry_s_own_token_is_told_and_that_entry_goes_on_with_the_new_one() {
    for ground in TELLING {
        let stage = two(ground, Deed::Replace, Credential::OwnToken)
            .stage()
            .await;
        let mut order = stage.order(Destination::Panel);
        for _ in 0..2 {
            let outcome = stage
                .actor
                .perform(order.clone(), &stage.control, &|_| {})
                .await;
            let Outcome::Generated(done) = outcome else {
                panic!("{outcome:?}");
            };
            assert_eq!(done.own, Own::Yes, "{ground:?}");
            assert_eq!(done.account.as_deref(), Some("account ci"));
            let stored = done.stored.unwrap();
            assert!(stored.contains(ANOTHER), "{stored}");
            assert!(other_works(&stage).await, "{ground:?}");
            assert!(matches!(reads(&stage).await, Found::Token(_)), "{ground:?}");
            order.shown = Identity::Token {
                id: done.token.id.to_string(),
                created_at: done.token.created_at,
            };
        }
        // The person's credential is what it was.
        assert!(
            stage
                .host
                .accepts(stage.host.credential().expose(), ORGANIZATION)
        );

        let stage = two(ground, Deed::Delete, Credential::OwnToken)
            .stage()
            .await;
        let told = stage.perform(Destination::Panel).await;
        let Outcome::Deleted { note } = told.outcome else {
            panic!("{:?}", told.outcome);
        };
        let note = note.unwrap();
        assert!(
            note.starts_with("it was your credential (account ci): "),
            "{note}"
        );
        assert!(!other_works(&stage).await);
        assert_eq!(reads(&stage).await, Found::None);
    }
}

#[tokio::test]
async fn a_401_does_not_show_that_another_entry_s_token_is_gone() {
    let stage = two(Ground::Hcp, Deed::Delete, Credential::OwnToken)
        .stage()
        .await;
    let page = Fault::Instead(Reply::Answer(Answer::html(200, "Sign in")));
    stage.faults(vec![
        FaultRule::on("DELETE", TOKEN, page),
        FaultRule::on("GET", TOKEN, refusal(401)).after(1).always(),
    ]);
    let told = stage.perform(Destination::Panel).await;
    let words = told.outcome.words();
    assert!(words.starts_with("cannot be told: "), "{words}");
}

#[tokio::test]
async fn other_entries_alarm_nobody_where_their_credential_cannot_be_that_token() {
    let elsewhere = || Organizations::Listed(vec!["elsewhere".into()]);
    for (name, ground, another, organizations, fails, own) in [
        (
            "a person's",
            Ground::Hcp,
            Credential::Owner,
            Organizations::All,
            false,
            Own::No,
        ),
        (
            "one that is dead",
            Ground::Hcp,
            Credential::Revoked,
            Organizations::All,
            false,
            Own::No,
        ),
        (
            "one for other organizations",
            Ground::Hcp,
            Credential::OwnToken,
            elsewhere(),
            true,
            Own::No,
        ),
        (
            "nobody knows whose",
            Ground::Hcp,
            Credential::Owner,
            Organizations::All,
            true,
            Own::Unknown,
        ),
        // The host does not say it of the entry that is asked, as ever.
        (
            "a person's",
            Ground::Enterprise,
            Credential::Owner,
            Organizations::All,
            false,
            Own::Unknown,
        ),
    ] {
        let mut plan = Plan::new(ground, Deed::Replace);
        plan.another = Some((another, organizations));
        let stage = plan.stage().await;
        if fails {
            // The first question is of the entry that is asked about the slot.
            stage.faults(vec![
                FaultRule::on("GET", ACCOUNT, refusal(500))
                    .after(1)
                    .always(),
            ]);
        }
        let told = stage.perform(Destination::Panel).await;
        let Outcome::Generated(done) = told.outcome else {
            panic!("{name}: {:?}", told.outcome);
        };
        assert_eq!(done.own, own, "{name}");
        assert_eq!((done.account, done.can_store), (None, false), "{name}");
    }
}

#[tokio::test]
async fn an_entry_of_which_nothing_is_known_hides_no_other_that_it_is() {
    for ground in TELLING {
        let stage = two(ground, Deed::Replace, Credential::OwnToken)
            .stage()
            .await;
        stage.faults(vec![FaultRule::on("GET", ACCOUNT, refusal(500))]);
        let told = stage.perform(Destination::Panel).await;
        let Outcome::Generated(done) = told.outcome else {
            panic!("{:?}", told.outcome);
        };
        assert_eq!(done.own, Own::Yes, "{ground:?}");
        assert_eq!(done.account.as_deref(), Some("account ci"));
        assert!(other_works(&stage).await);
    }
}

#[tokio::test]
async fn a_host_with_one_entry_is_asked_once() {
    let stage = Plan::new(Ground::Hcp, Deed::Replace).stage().await;
    stage.perform(Destination::Panel).await;
    let requests = stage.host.requests();
    let asked = requests
        .iter()
        .filter(|request| request.path.ends_with(ACCOUNT));
    assert_eq!(asked.count(), 1);
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
