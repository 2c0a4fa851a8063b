//! The local record of orders and outcomes; never with a secret in it.
//!
//! One JSON object a line, appended in one write and forced to the disk, so
//! that several programs can write at once and a program that was killed
//! leaves at worst an intent without an outcome: the sign that somebody has to
//! look at the slot. This is the file; what it tells is in `told`.

mod told;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::folder::create_private_folder;
use crate::slot::{Identity, Slot};

pub use told::{Entry, LOST, LeftOpen, SENT, UNDELIVERED, entries, is_certain};

/// The most that is read of a journal, in bytes.
const MOST: u64 = 32 << 20;

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
        /// The id of the new token, where known: an outcome may never be recorded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    },
    /// The owner of a later run saw that this order was left open.
    Seen,
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
    /// that lost its power) is passed over, and so is what lies more than 32 MB
    /// (some fifty thousand orders) back.
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
        let bytes = match read_end(path) {
            Ok(bytes) => bytes,
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(self.error("read", cause)),
        };
        Ok(records(&bytes))
    }

    /// Every order, oldest first.
    ///
    /// # Errors
    /// As [`Journal::records`].
    pub fn entries(&self) -> Result<Vec<Entry>, JournalError> {
        Ok(entries(&self.records()?))
    }

    /// The orders that are open, and that nobody has been shown in a later run:
    /// without an outcome, or with a secret that is nowhere. Not those of this
    /// very program, from `start` on. (Neither its number nor the time would
    /// tell: in a container the first is the same each time, and a clock can be
    /// set back.)
    ///
    /// # Errors
    /// As [`Journal::records`].
    pub fn left_open(&self, start: Timestamp) -> Result<Vec<LeftOpen>, JournalError> {
        let open = |entry: &Entry| {
            let own = entry.pid == std::process::id() && entry.at >= start;
            entry.is_open() && !entry.seen && !own
        };
        Ok(self
            .entries()?
            .into_iter()
            .filter(open)
            .map(LeftOpen::look)
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

/// The records in a journal's bytes; what is none is passed over.
pub fn records(bytes: &[u8]) -> Vec<Record> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect()
}

/// The last part of a file, at most [`MOST`] bytes.
fn read_end(path: &Path) -> io::Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    // A device has no end.
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut file = File::open(path)?;
    let skipped = metadata.len().saturating_sub(MOST);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(2 * MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn append_line(path: &Path, record: &Record) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        create_private_folder(folder)?;
    }
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    let mut options = OpenOptions::new();
    options.append(true).read(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    if ends_within_a_line(&mut file)? {
        line.insert(0, b'\n');
    }
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

/// Whether an earlier program could write a part of its record only: the disk
/// was full, or the power went. That record is lost; this one must not be. (A
/// program that writes at this moment can be taken for one: that costs an empty
/// line.)
fn ends_within_a_line(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slot::Host;
    use crate::text::safe;

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

    fn outcome(delivery: &str) -> Event {
        Event::Outcome {
            finding: "done".into(),
            token: Some("at-2".into()),
            delivery: Some(delivery.into()),
        }
    }

    fn rescued(place: &str) -> Event {
        Event::Rescued {
            delivery: place.into(),
            token: Some("at-2".into()),
        }
    }

    fn delivered(place: &str) -> Event {
        Event::Delivered {
            delivery: place.into(),
        }
    }

    #[test]
    fn what_a_killed_program_left_is_open_until_its_owner_has_seen_it() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::in_directory(&folder.path().join("deep/state"));
        let left = || -> Vec<String> {
            let left = journal.left_open(Timestamp::now()).unwrap();
            left.into_iter().map(|left| left.entry.order).collect()
        };
        assert!(left().is_empty());
        let in_panel = || outcome("undelivered: in the panel");
        for (order, events) in [
            ("done", vec![outcome("the clipboard")]),
            ("killed", vec![]),
            ("panel", vec![in_panel()]),
            ("copied later", vec![in_panel(), delivered("the clipboard")]),
            ("only sent", vec![in_panel(), delivered("sent to osc52")]),
            ("sent", vec![outcome("sent to osc52")]),
            ("let go", vec![in_panel(), Event::LetGo]),
            ("in a file", vec![in_panel(), rescued("file /x")]),
            (
                "in the keyring",
                vec![in_panel(), rescued("the keyring (y)")],
            ),
            ("lost", vec![in_panel(), rescued("lost: no place")]),
            ("seen", vec![Event::Seen]),
        ] {
            journal.append_now(&record(order, intent())).unwrap();
            for event in events {
                journal.append_now(&record(order, event)).unwrap();
            }
        }
        let open = [
            "killed",
            "panel",
            "only sent",
            "sent",
            "in a file",
            "in the keyring",
            "lost",
        ];
        assert_eq!(left(), open);
        // What this very program does is not left by an earlier one.
        let start = Timestamp::now();
        let mine = Record {
            pid: std::process::id(),
            ..record("mine", intent())
        };
        journal.append_now(&mine).unwrap();
        assert_eq!(journal.left_open(start).unwrap().len(), open.len());
        journal.append_now(&record("killed", Event::Seen)).unwrap();
        assert_eq!(left(), [&open[1..], &["mine"]].concat());
        let words: Vec<String> = journal
            .left_open(Timestamp::now())
            .unwrap()
            .iter()
            .map(|left| left.words("then"))
            .collect();
        assert!(
            words[4].contains("was rescued: bring it to its place from the keyring (y)"),
            "{words:?}"
        );
        assert!(words[5].ends_with("is lost: no place"), "{words:?}");
        assert!(
            words[3].ends_with("was rescued into file /x, which is not there any more"),
            "{words:?}"
        );
        // The clock was set back since.
        let ahead = Record {
            at: start + jiff::SignedDuration::from_hours(9),
            ..record("ahead", intent())
        };
        journal.append_now(&ahead).unwrap();
        assert!(left().contains(&"ahead".to_owned()));
        assert!(words[3].contains("was rescued into file /x, which is not there"));
        let entries = journal.entries().unwrap();
        let later = entries
            .iter()
            .find(|entry| entry.order == "copied later")
            .unwrap();
        assert_eq!(later.places, ["undelivered: in the panel", "the clipboard"]);
        let slot = Slot::new(&Host::new("tfe.corp.example"), "acme");
        assert!(later.is_of(&slot));
    }

    #[test]
    fn the_token_of_a_rescued_secret_is_known_unless_an_older_program_recorded_it() {
        let now = |last: Record| {
            let entries = entries(&[record("a", intent()), last]);
            entries[0].now.clone()
        };
        assert_eq!(
            now(record("a", rescued("file /x"))).as_deref(),
            Some("at-2")
        );
        let old = r#"{"at":"2026-11-01T00:00:00Z","order":"a","pid":1,"host":"h","organization":"o",
            "kind":"organization","event":"rescued","delivery":"file /x"}"#;
        assert_eq!(now(serde_json::from_str(old).unwrap()), None);
        // It does not take away what the outcome has told.
        let nameless = Event::Rescued {
            delivery: "file /x".into(),
            token: None,
        };
        let all = [intent(), outcome("undelivered: in the panel"), nameless];
        let entries = entries(&all.map(|event| record("a", event)));
        assert_eq!(entries[0].now.as_deref(), Some("at-2"));
    }

    #[test]
    fn what_happens_after_an_order_was_seen_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::in_directory(folder.path());
        let keyring = || rescued("the keyring (y)");
        let in_panel = || outcome("undelivered: in the panel");
        for (order, events) in [
            ("rescued", vec![Event::Seen, keyring()]),
            (
                "rescue failed",
                vec![Event::Seen, rescued("lost: no place")],
            ),
            ("rescued later", vec![in_panel(), Event::Seen, keyring()]),
            ("in the panel", vec![Event::Seen, in_panel()]),
            ("sent", vec![Event::Seen, outcome("sent to osc52")]),
            ("delivered", vec![Event::Seen, outcome("the clipboard")]),
            (
                "delivered later",
                vec![Event::Seen, in_panel(), delivered("file /x")],
            ),
            ("let go", vec![in_panel(), Event::Seen, Event::LetGo]),
            ("seen again", vec![Event::Seen, keyring(), Event::Seen]),
        ] {
            for event in [intent()].into_iter().chain(events) {
                journal.append_now(&record(order, event)).unwrap();
            }
        }
        let left = journal.left_open(Timestamp::now()).unwrap();
        let orders: Vec<&str> = left.iter().map(|left| &*left.entry.order).collect();
        let open = [
            "rescued",
            "rescue failed",
            "rescued later",
            "in the panel",
            "sent",
        ];
        assert_eq!(orders, open);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn of_a_journal_without_an_end_nothing_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        let error = Journal::in_directory(folder.path()).records().unwrap_err();
        assert!(error.to_string().ends_with("it is not a file"), "{error}");
        std::fs::remove_file(&path).unwrap();
        let file = File::create(&path).unwrap();
        file.set_len(3 * MOST).unwrap();
        let journal = Journal::in_directory(folder.path());
        journal.append_now(&record("a", intent())).unwrap();
        assert_eq!(journal.records().unwrap().len(), 1);
    }

    #[test]
    fn half_a_record_costs_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::in_directory(folder.path());
        journal.append_now(&record("a", intent())).unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"at\":\"2026").unwrap();
        journal.append_now(&record("b", intent())).unwrap();
        journal.append_now(&record("c", intent())).unwrap();
        assert_eq!(journal.records().unwrap().len(), 3);
    }

    #[test]
    fn what_the_file_holds_is_safe_to_show() {
        let mut wild = record("a", intent());
        wild.organization = "acme\u{1b}[2J\u{202e}".into();
        let shown = &entries(&[wild])[0];
        assert_eq!(shown.organization, safe(&shown.organization));
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

    proptest::proptest! {
        #[test]
        fn whatever_a_journal_holds_is_passed_over_or_safe_to_show(
            texts in proptest::collection::vec(proptest::prelude::any::<String>(), 8),
            which in 0usize..5,
            cut in 0usize..400,
        ) {
            let mut wild = record(&texts[0], intent());
            wild.host = texts[1].clone();
            wild.organization = texts[2].clone();
            wild.kind = texts[3].clone();
            wild.event = match which {
                0 => Event::Intent {
                    action: texts[4].clone(),
                    token: Some(texts[5].clone()),
                    to: Some(texts[6].clone()),
                },
                1 => Event::Outcome {
                    finding: texts[4].clone(),
                    token: Some(texts[5].clone()),
                    delivery: Some(texts[6].clone()),
                },
                2 => delivered(&texts[4]),
                3 => Event::Rescued {
                    delivery: texts[4].clone(),
                    token: Some(texts[5].clone()),
                },
                _ => Event::LetGo,
            };
            let mut line = serde_json::to_vec(&wild).unwrap();
            proptest::prop_assert_eq!(records(&line), vec![wild]);
            line.truncate(cut);
            line.push(b'\n');
            line.extend(serde_json::to_vec(&record("whole", intent())).unwrap());
            let read = records(&line);
            proptest::prop_assert_eq!(&read.last().unwrap().order, "whole");
            for entry in entries(&read) {
                for text in [&entry.host, &entry.organization, &entry.kind] {
                    proptest::prop_assert_eq!(&safe(text), text);
                }
                let words = LeftOpen { running: true, file_is_gone: false, entry }.words("then");
                proptest::prop_assert!(words.chars().all(|c| !c.is_control()));
            }
        }
    }
}
