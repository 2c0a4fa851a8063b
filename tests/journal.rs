//! The journal on a real disk: several programs at once, a full disk, and a
//! disk that cannot be written.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use orgward::journal::{Event, Journal, Record};
use orgward::slot::{Host, Slot};

/// Names the folder of the journal that several programs share.
const SHARED: &str = "ORGWARD_TEST_SHARED_JOURNAL";
/// The records that each program writes.
const RECORDS: usize = 150;
const PROGRAMS: usize = 6;

fn slot() -> Slot {
    Slot::new(&Host::new("tfe.corp.example"), "acme")
}

/// Records of very different lengths.
fn record(n: usize) -> Record {
    let finding = format!("{n} {}", "x".repeat((n * 97) % 6_000));
    let event = Event::Outcome {
        finding,
        token: None,
        delivery: None,
    };
    Record::new(&format!("{}-{n}", std::process::id()), &slot(), event)
}

/// One of several programs; alone it has the journal to itself.
#[test]
fn one_program_writes_all_its_records() {
    let own = tempfile::tempdir().unwrap();
    let shared = std::env::var_os(SHARED);
    let folder = shared.as_deref().map_or(own.path(), Path::new);
    let journal = Journal::in_directory(folder);
    for n in 0..RECORDS {
        journal.append_now(&record(n)).unwrap();
    }
    let records = journal.records().unwrap();
    let mine: Vec<_> = records
        .iter()
        .filter(|record| record.pid == std::process::id())
        .collect();
    assert_eq!(mine.len(), RECORDS);
    for (n, found) in mine.into_iter().enumerate() {
        assert_eq!(found.event, record(n).event);
    }
}

#[test]
fn records_of_several_programs_never_mix() {
    let folder = tempfile::tempdir().unwrap();
    let programs: Vec<_> = (0..PROGRAMS)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "one_program_writes_all_its_records"])
                .env(SHARED, folder.path())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for program in programs {
        let output = program.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
    let journal = Journal::in_directory(folder.path());
    let text = std::fs::read_to_string(folder.path().join("journal.jsonl")).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty());
    assert_eq!(lines.count(), PROGRAMS * RECORDS);
    let mut by_program: BTreeMap<u32, usize> = BTreeMap::new();
    for record in journal.records().unwrap() {
        *by_program.entry(record.pid).or_default() += 1;
    }
    assert_eq!(by_program.len(), PROGRAMS);
    assert!(by_program.values().all(|records| *records == RECORDS));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let error = Journal::in_directory(folder.path())
        .append_now(&record(1))
        .unwrap_err()
        .to_string();
    assert!(error.contains("journal.jsonl"), "{error}");
    assert!(error.contains("No space left"), "{error}");
}
