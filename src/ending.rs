//! How a run ends, and what it leaves for the next: the rescue of what is
//! delivered nowhere, and the look back at orders without an outcome.
//!
//! The screen and the plain commands end in the same way, so that no way out of
//! the program is the one that loses a secret.

use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::Duration;

use jiff::Timestamp;

use crate::action::Actor;
use crate::journal::{Event as Entry, LOST, LeftOpen, Record};

/// How long a write that is in flight is waited for when the program must end.
pub const LAST_WAIT: Duration = Duration::from_secs(15);

/// What is to be said when what is under way did not end in time.
pub fn not_in_time(actor: &Actor) -> &'static str {
    if actor.undelivered.is_empty() {
        "the server did not answer in time: what became of the last request is unknown; look at \
         the slot before anything else"
    } else {
        "what was under way did not end in time"
    }
}

/// Brings everything that is delivered nowhere to the rescue, and returns one
/// line for each secret that says where it is now.
pub async fn rescue(actor: &Actor) -> Vec<String> {
    let plan = actor.deliverer.rescue_plan().clone();
    let undelivered = actor.undelivered.clone();
    let rescue = move || undelivered.rescue_all(&plan, Timestamp::now());
    let reports = tokio::task::spawn_blocking(rescue)
        .await
        .unwrap_or_default();
    let orders = actor.orders.lock().unwrap_or_else(PoisonError::into_inner);
    let mut lines = Vec::new();
    for report in reports {
        let slot = &report.facts.slot;
        match &report.outcome {
            Ok(_) => tracing::warn!(%slot, "rescued"),
            Err(why) => tracing::error!(%slot, %why, "not rescued"),
        }
        let (line, delivery) = match &report.outcome {
            Ok(place) => (
                format!("the new secret of {slot} is in {place}"),
                place.clone(),
            ),
            Err(error) => (
                format!("the new secret of {slot} could not be rescued and is lost: {error}"),
                format!("{LOST}{error}"),
            ),
        };
        if let Some(order) = orders.get(&report.id) {
            let record = Record::new(order, slot, Entry::Rescued { delivery });
            let _ = actor.journal.append_now(&record);
        }
        lines.push(line);
    }
    lines
}

/// What earlier runs left behind.
#[derive(Debug, Default)]
pub struct Left {
    /// Orders without an outcome, or whose secret is nowhere.
    pub orders: Vec<LeftOpen>,
    /// What else, one line each: rescued secrets, a journal that cannot be read.
    pub lines: Vec<String>,
}

/// Looks for what earlier runs left.
pub async fn look_back(actor: &Actor) -> Left {
    let journal = actor.journal.clone();
    let settings = actor.deliverer.settings();
    let folders = [settings.state_dir.clone(), settings.runtime_dir.clone()];
    let start = Timestamp::now();
    let task = tokio::task::spawn_blocking(move || {
        let mut left = Left::default();
        let [state, _] = &folders;
        match journal.left_open(start) {
            Ok(mut orders) => {
                // What is not in the state directory any more was taken from it.
                // (The runtime directory is emptied by the system.)
                orders.retain(|order| {
                    order.rescue_file().is_none_or(|file| {
                        !matches!(file.try_exists(), Ok(false)) || file.parent() != state.as_deref()
                    })
                });
                left.orders = orders;
            }
            Err(error) => left.lines.push(error.to_string()),
        }
        let told: Vec<PathBuf> = left
            .orders
            .iter()
            .filter_map(|order| Some(order.rescue_file()?.to_owned()))
            .collect();
        for folder in folders.iter().flatten() {
            let waiting = crate::delivery::rescue::waiting(folder);
            for path in waiting.into_iter().filter(|path| !told.contains(path)) {
                left.lines.push(format!(
                    "A rescued secret waits in {}. Bring it to its place and remove the file.",
                    path.display()
                ));
            }
        }
        left
    });
    task.await.unwrap_or_default()
}
