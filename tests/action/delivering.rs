//! After the answer: the secret is where it was to go, or it is held and that
//! is said.

use orgward::action::{Delivery, Outcome};
use orgward::delivery::{Destination, Method};
use orgward::journal::Event;
use tokio::sync::mpsc;

use crate::stage::{Deed, Ground, Plan, Stage, shell};

async fn generated(stage: &Stage, to: Destination) -> Box<orgward::action::Generated> {
    match stage.perform(to).await.outcome {
        Outcome::Generated(done) => done,
        other => panic!("{other:?}"),
    }
}

fn recorded_delivery(stage: &Stage) -> Option<String> {
    match stage.records().pop().unwrap().event {
        Event::Outcome { delivery, .. } => delivery,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_holds_exactly_the_secret_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Plan::new(Ground::Hcp, Deed::Generate).stage().await;
    let to = Destination::File(stage.file());
    let done = generated(&stage, to.clone()).await;
    assert!(stage.stored(&to, &done.secret));
    let mode = std::fs::metadata(stage.file())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn the_panel_keeps_the_secret_and_the_journal_says_that_it_is_nowhere_else() {
    let stage = Plan::new(Ground::Bare, Deed::Replace).stage().await;
    let done = generated(&stage, Destination::Panel).await;
    assert!(matches!(done.delivery, Delivery::Kept));
    assert_eq!(
        recorded_delivery(&stage).unwrap(),
        "undelivered: in the panel"
    );
    assert_eq!(stage.actor.undelivered.list().len(), 1);
}

#[tokio::test]
async fn what_is_only_sent_is_not_delivered() {
    let (terminal, mut writes) = mpsc::channel(4);
    let mut plan = Plan::new(Ground::Hcp, Deed::Generate);
    plan.method = Method::Auto;
    plan.terminal = Some(terminal);
    let stage = plan.stage().await;
    let writer = tokio::spawn(async move {
        let write = writes.recv().await.unwrap();
        let _ = write.done.send(Ok(()));
    });
    let to = Destination::Osc52;
    let outcome = stage
        .actor
        .perform(stage.order(to), &stage.control, &|_| {})
        .await;
    writer.await.unwrap();
    let Outcome::Generated(done) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(matches!(&done.delivery, Delivery::Delivered(sent) if !sent.certain));
    assert_eq!(stage.actor.undelivered.list().len(), 1);
    assert!(recorded_delivery(&stage).unwrap().starts_with("sent to "));
}

#[tokio::test]
async fn a_failed_delivery_leaves_the_secret_in_hand() {
    let mut plan = Plan::new(Ground::Enterprise, Deed::Replace);
    plan.deliveries = vec![("leaky", shell("cat >&2; exit 3", ""))];
    let stage = plan.stage().await;
    let done = generated(&stage, Destination::Named("leaky".into())).await;
    let Delivery::Failed { why, .. } = &done.delivery else {
        panic!("delivered");
    };
    assert!(why.contains("exit code 3"), "{why}");
    assert!(why.contains("[secret]"), "{why}");
    assert_eq!(
        recorded_delivery(&stage).unwrap(),
        "undelivered: leaky failed"
    );
    let works = stage
        .host
        .accepts(done.secret.expose(), &stage.slot.organization);
    assert!(works);
}

#[tokio::test]
async fn between_the_answer_and_the_delivery_nothing_waits_for_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen");
    let script = format!(
        "cat > /dev/null; cp \"$1\"/state/journal.jsonl {}",
        seen.display()
    );
    let mut plan = Plan::new(Ground::Hcp, Deed::Replace);
    let link = folder.path().join("stage");
    plan.deliveries = vec![("look", shell(&script, link.to_str().unwrap()))];
    let stage = plan.stage().await;
    std::os::unix::fs::symlink(stage.folder.path(), &link).unwrap();
    let done = generated(&stage, Destination::Named("look".into())).await;
    assert!(matches!(done.delivery, Delivery::Delivered(_)));
    // While the secret was delivered, the journal held the intent alone.
    let then = std::fs::read_to_string(seen).unwrap();
    assert_eq!(then.lines().count(), 1);
    assert!(then.contains("intent"));
    assert_eq!(stage.records().len(), 2);
}

#[tokio::test]
async fn a_journal_that_breaks_after_the_answer_costs_no_secret_and_is_said() {
    let mut stage = Plan::new(Ground::Hcp, Deed::Replace).stage().await;
    stage.journal_breaks = true;
    let file = stage.journal_file();
    stage.after_request(move |_, request| {
        if request.method == "POST" {
            std::fs::remove_file(&file).unwrap();
            std::fs::create_dir(&file).unwrap();
        }
    });
    let to = Destination::File(stage.file());
    let done = generated(&stage, to.clone()).await;
    assert!(stage.stored(&to, &done.secret));
    let note = done.note.unwrap();
    assert!(note.contains("journal.jsonl"), "{note}");
    assert!(note.ends_with("the outcome is recorded nowhere"), "{note}");
}

#[tokio::test]
async fn the_expiry_shown_is_the_one_that_the_server_returned() {
    let stage = Plan::new(Ground::Hcp, Deed::Generate).stage().await;
    let done = generated(&stage, Destination::Panel).await;
    assert_eq!(
        done.token.expires_at,
        stage.holds().unwrap().expires_at.into()
    );
    assert!(done.asked.is_some());
}
