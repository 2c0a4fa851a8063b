//! An answer that holds the new secret and is not understood: the secret is
//! lost, and its text is neither shown nor recorded.

use std::sync::{Arc, Mutex};

use orgward::delivery::Destination;
use orgward::demo::{Answer, Fault, FaultRule, Reply};

use crate::stage::{Deed, Ground, Plan, TOKEN};

/// Answers with what `edit` makes of the good answer; the secret that was in
/// it comes back by the second.
fn betraying(
    edit: impl Fn(&mut Answer, &str) + Send + Sync + 'static,
) -> (Fault, Arc<Mutex<String>>) {
    let secret = Arc::new(Mutex::new(String::new()));
    let seen = secret.clone();
    let reply = Reply::edited(move |answer| {
        let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let text = document["data"]["attributes"]["token"].as_str().unwrap();
        *seen.lock().unwrap() = text.to_owned();
        edit(answer, text);
    });
    (Fault::Acted(reply), secret)
}

#[tokio::test]
async fn an_answer_that_is_not_understood_is_not_shown() {
    type Edit = fn(&mut Answer, &str);
    let edits: [Edit; 5] = [
        |answer, _| answer.status = 500,
        |answer, _| {
            let half = answer.body.len() - 4;
            answer.body.truncate(half);
        },
        |answer, secret| answer.body = secret.into(),
        |answer, secret| {
            *answer = Answer::html(502, &format!("<title>{secret}</title>"));
        },
        |answer, _| {
            answer.status = 502;
            let half = answer.body.len() - 4;
            answer.body.truncate(half);
        },
    ];
    for edit in edits {
        let (fault, secret) = betraying(edit);
        let stage = Plan::new(Ground::Hcp, Deed::ReplaceUnclear).stage().await;
        stage.faults(vec![FaultRule::on("POST", TOKEN, fault)]);
        let told = stage.perform(Destination::Panel).await;
        let secret = secret.lock().unwrap().clone();
        let journal = std::fs::read_to_string(stage.journal_file()).unwrap();
        for twelve in secret.as_bytes().windows(12) {
            let twelve = std::str::from_utf8(twelve).unwrap();
            let words = told.outcome.words();
            assert!(!words.contains(twelve), "told: {words}");
            assert!(!journal.contains(twelve), "the journal holds it");
        }
    }
}
