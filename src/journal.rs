//! The local record of orders and outcomes; never with a secret in it.
//!
//! One JSON object a line, appended in one write and forced to the disk, so
//! that several programs can write at once and a program that was killed
//! leaves at worst an intent without an outcome: the sign that somebody has to
//! look at the slot.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::slot::{Identity, Slot};

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When it was written.
    pub at: Timestamp,
    /// Which order it belongs to: random, the same for all of its records.
    pub order: String,
    /// The process that wrote it.
    pub pid: u32,
    /// The slot's host.
    pub host: String,
    /// The slot's organization.
    pub organization: String,
    /// The slot's kind.
    pub kind: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A request is about to be sent that changes the slot.
    Intent {
        /// `generate`, `replace` or `delete`.
        action: String,
        /// The id of the token that was there; absent where none was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// Where a new secret is to go.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
    /// What became of it, in the words of the screen.
    Outcome {
        /// `done`, `refused`, `nothing happened`, `cannot be told`, …
        finding: String,
        /// The id of the token that is there now, where known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// Where the secret is: the place, or `undelivered`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delivery: Option<String>,
    },
    /// A secret that was undelivered was brought to a place later.
    Delivered {
        /// The place.
        delivery: String,
    },
    /// A rotation is about to begin, and this slot is in its plan; the order is
    /// the plan's id.
    Planned {
        /// The id of the token that was there; absent where none was seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// When that was generated.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created_at: Option<Timestamp>,
        /// Whether a token may be there that could not be seen.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unclear: bool,
    },
    /// The owner let an undelivered secret go.
    LetGo,
    /// The program had to end, and the secret went to the rescue.
    Rescued {
        /// The place, or why there was none.
        delivery: String,
    },
}

impl Record {
    /// A record of now.
    pub fn new(order: &str, slot: &Slot, event: Event) -> Self {
        Self {
            at: Timestamp::now(),
            order: order.to_owned(),
            pid: std::process::id(),
            host: slot.host.to_string(),
            organization: slot.organization.to_string(),
            kind: slot.kind.as_str().to_owned(),
            event,
        }
    }
}

/// The id that an intent records.
pub fn token_id(identity: &Identity) -> Option<String> {
    match identity {
        Identity::Token { id, .. } => Some(id.clone()),
        Identity::None | Identity::Unclear => None,
    }
}

/// Why something could not be recorded or read.
#[derive(Debug, Error)]
#[error("the journal {} cannot be {what}: {cause}", .path.display())]
pub struct JournalError {
    path: PathBuf,
    what: &'static str,
    #[source]
    cause: io::Error,
}

enum Place {
    File(PathBuf),
    Memory(Mutex<Vec<Record>>),
}

/// Where records go. Clones share the place.
#[derive(Clone)]
pub struct Journal(Arc<Place>);

impl Journal {
    /// The journal in the state directory.
    pub fn in_directory(state: &Path) -> Self {
        Self(Arc::new(Place::File(state.join("journal.jsonl"))))
    }

    /// A journal that ends with the program, for `--demo`.
    pub fn in_memory() -> Self {
        Self(Arc::new(Place::Memory(Mutex::default())))
    }

    /// Appends a record; when this returns, it is on the disk.
    ///
    /// # Errors
    /// Where the file cannot be created, written or forced to the disk.
    pub async fn append(&self, record: Record) -> Result<(), JournalError> {
        let place = self.0.clone();
        let task = tokio::task::spawn_blocking(move || Self(place).append_now(&record));
        match task.await {
            Ok(result) => result,
            Err(stopped) => Err(self.error("written", io::Error::other(stopped))),
        }
    }

    /// [`Journal::append`] for the way out, where no task runs any more.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn append_now(&self, record: &Record) -> Result<(), JournalError> {
        match &*self.0 {
            Place::Memory(records) => {
                records
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(record.clone());
                Ok(())
            }
            Place::File(path) => {
                append_line(path, record).map_err(|cause| self.error("written", cause))
            }
        }
    }

    /// Every record that can be read, oldest first; a damaged line (a machine
    /// that lost its power) is passed over.
    ///
    /// # Errors
    /// Where the file is there and cannot be read.
    pub fn records(&self) -> Result<Vec<Record>, JournalError> {
        let path = match &*self.0 {
            Place::Memory(records) => {
                return Ok(records
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone());
            }
            Place::File(path) => path,
        };
        let mut bytes = Vec::new();
        match File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)) {
            Ok(_) => {}
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(self.error("read", cause)),
        }
        Ok(bytes
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect())
    }

    /// The intents that no outcome followed, and the secrets that went to the
    /// rescue and that nobody has been told of yet in a later run.
    ///
    /// # Errors
    /// As [`Journal::records`].
    pub fn unfinished(&self) -> Result<Vec<Record>, JournalError> {
        let records = self.records()?;
        let finished: HashSet<&str> = records
            .iter()
            .filter(|record| !matches!(record.event, Event::Intent { .. }))
            .map(|record| record.order.as_str())
            .collect();
        Ok(records
            .iter()
            .filter(|record| {
                matches!(record.event, Event::Intent { .. })
                    && !finished.contains(record.order.as_str())
                    && record.pid != std::process::id()
            })
            .cloned()
            .collect())
    }

    fn error(&self, what: &'static str, cause: io::Error) -> JournalError {
        let path = match &*self.0 {
            Place::File(path) => path.clone(),
            Place::Memory(_) => PathBuf::from("in memory"),
        };
        JournalError { path, what, cause }
    }
}

fn append_line(path: &Path, record: &Record) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        create_private_folder(folder)?;
    }
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    // One write: lines of several programs never mix.
    let written = file.write(&line)?;
    if written != line.len() {
        return Err(io::Error::new(
            io::ErrorKind::WriteZero,
            "only a part of the record could be written",
        ));
    }
    file.sync_data()
}

fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slot::Host;

    fn intent() -> Event {
        Event::Intent {
            action: "replace".into(),
            token: Some("at-1".into()),
            to: Some("panel".into()),
        }
    }

    fn record(order: &str, event: Event) -> Record {
        let slot = Slot::new(&Host::new("tfe.corp.example"), "acme");
        Record {
            pid: 1,
            ..Record::new(order, &slot, event)
        }
    }

    #[test]
    fn an_intent_without_an_outcome_is_unfinished() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::in_directory(&folder.path().join("deep/state"));
        assert!(journal.unfinished().unwrap().is_empty());
        journal.append_now(&record("a", intent())).unwrap();
        journal.append_now(&record("b", intent())).unwrap();
        let outcome = Event::Outcome {
            finding: "done".into(),
            token: Some("at-2".into()),
            delivery: Some("the clipboard".into()),
        };
        journal.append_now(&record("a", outcome)).unwrap();
        let left: Vec<_> = journal.unfinished().unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].order, "b");
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_the_owners_alone_and_a_damaged_line_spoils_nothing() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::in_directory(folder.path());
        journal.append_now(&record("a", intent())).unwrap();
        let path = folder.path().join("journal.jsonl");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"at\":\"20\xff\n").unwrap();
        journal.append_now(&record("b", intent())).unwrap();
        assert_eq!(journal.records().unwrap().len(), 2);
    }

    #[test]
    fn a_journal_that_cannot_be_written_says_which_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        std::fs::write(&path, "a file, not a folder").unwrap();
        let error = Journal::in_directory(&path)
            .append_now(&record("a", intent()))
            .unwrap_err();
        assert!(error.to_string().contains("journal.jsonl"), "{error}");
    }
}
