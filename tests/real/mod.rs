//! What the tests of deliveries share: a deliverer on a temporary folder, and
//! small programs to stand in its way.

#![allow(dead_code, reason = "each test file uses its part of this")]

pub mod compositor;
pub mod display;
pub mod keyring;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use orgward::delivery::{Deliverer, Facts, Method, RescueTo, Settings, Surroundings};
use orgward::secret::Secret;
use orgward::slot::{Host, Slot};

/// The binary under test.
pub const ORGWARD: &str = env!("CARGO_BIN_EXE_orgward");

/// Something that nothing else on the machine contains.
pub fn fresh_secret() -> Secret {
    let random = [(); 4].map(|()| getrandom::u64().unwrap());
    Secret::new(format!(
        "{:016x}.atlasv1.{:016x}{:016x}{:016x}",
        random[0], random[1], random[2], random[3]
    ))
}

pub fn slot() -> Slot {
    Slot::new(&Host::new("tfe.corp.example:8443"), "acme")
}

pub fn facts() -> Facts {
    Facts {
        slot: slot(),
        id: Some("at-Wq3".into()),
        expires_at: Some("2027-01-31T00:00:00Z".parse().unwrap()),
    }
}

/// An executable shell script. Another program writes the file: a descriptor of
/// ours could be inherited by a child that another test starts in the same
/// moment, and a file that is open for writing cannot be executed.
pub fn script(path: &Path, text: &str) -> PathBuf {
    let source = path.with_extension("text");
    fs::write(&source, format!("#!/bin/sh\n{text}\n")).unwrap();
    let copied = run(Command::new("install")
        .args(["-m", "755"])
        .args([&source, path]));
    assert!(copied.status.success(), "{copied:?}");
    path.to_owned()
}

/// The binary, started with other variables than the test: a keeper finds its
/// display there, and tests with different displays run side by side.
pub fn program_with(folder: &Path, variables: &[(&str, &str)]) -> PathBuf {
    let mut text = String::from("unset DISPLAY WAYLAND_DISPLAY WAYLAND_SOCKET TMUX TMUX_PANE\n");
    for (name, value) in variables {
        text += &format!("export {name}='{value}'\n");
    }
    text += &format!("exec '{ORGWARD}' \"$@\"");
    script(&folder.join("orgward-here"), &text)
}

pub fn settings(folder: &Path, program: PathBuf) -> Settings {
    Settings {
        method: Method::Auto,
        clear_after: Some(Duration::from_secs(600)),
        deliveries: BTreeMap::new(),
        rescue: Some(RescueTo::File),
        state_dir: Some(folder.join("state")),
        runtime_dir: None,
        home: None,
        program,
        surroundings: Surroundings::default(),
        terminal: None,
    }
}

pub fn deliverer(folder: &Path, program: PathBuf, clear_after: Option<Duration>) -> Deliverer {
    Deliverer::new(Settings {
        clear_after,
        ..settings(folder, program)
    })
}

/// Runs a program to its end; a missing one fails the test.
pub fn run(command: &mut Command) -> Output {
    command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?} is needed here: {error}"))
}

/// Waits for something that comes about soon, however slow the machine is.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "still not so after a minute: {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Every process whose arguments or environment contain a piece of the secret.
pub fn processes_that_show(secret: &Secret) -> Vec<String> {
    let text = secret.expose().as_bytes();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        for file in ["cmdline", "environ"] {
            let bytes = fs::read(entry.path().join(file)).unwrap_or_default();
            if text
                .windows(12)
                .any(|piece| bytes.windows(12).any(|window| window == piece))
            {
                found.push(entry.path().join(file).display().to_string());
            }
        }
    }
    found
}
