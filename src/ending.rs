//! How a run ends, and what it leaves for the next: the rescue of what is
//! delivered nowhere, and the look back at orders without an outcome.
//!
//! The screen and the plain commands end in the same way, so that no way out of
//! the program is the one that loses a secret.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;

use jiff::Timestamp;

use crate::action::Actor;
use crate::api::UNKNOWN;
use crate::journal::{Event, LOST, LeftOpen, Record};

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
            let token = report.facts.id.clone();
            let token = token.filter(|id| id != UNKNOWN);
            let record = Record::new(order, slot, Event::Rescued { delivery, token });
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
    /// Rescued secrets that no order tells of.
    pub files: Vec<PathBuf>,
    /// Why the journal cannot be read.
    pub unread: Option<String>,
}

impl Left {
    /// What there is beside the orders, one line each.
    pub fn lines(&self) -> Vec<String> {
        let files = self.files.iter().map(|path| {
            format!(
                "A rescued secret waits in {}. Bring it to its place and remove the file.",
                path.display()
            )
        });
        self.unread.iter().cloned().chain(files).collect()
    }
}

/// Looks for what earlier runs left.
pub async fn look_back(actor: &Actor) -> Left {
    let journal = actor.journal.clone();
    let settings = actor.deliverer.settings();
    let (state, runtime) = (settings.state_dir.clone(), settings.runtime_dir.clone());
    let start = Timestamp::now();
    let task = tokio::task::spawn_blocking(move || {
        let mut left = Left::default();
        match journal.left_open(start) {
            Ok(orders) => left.orders = orders,
            Err(error) => left.unread = Some(error.to_string()),
        }
        // What is not in the state directory any more was taken from it. (The
        // runtime directory is emptied by the system.)
        left.orders.retain(|order| {
            let folder = order.rescue_file().and_then(Path::parent);
            !order.file_is_gone || folder != state.as_deref()
        });
        let told = left.orders.iter().filter_map(LeftOpen::rescue_file);
        for folder in [state.as_deref(), runtime.as_deref()].into_iter().flatten() {
            for path in crate::delivery::rescue::waiting(folder) {
                if !told.clone().any(|known| known == path) {
                    left.files.push(path);
                }
            }
        }
        left
    });
    task.await.unwrap_or_default()
}
