//! Where a secret goes when the program must end and the secret has no other
//! place.
//!
//! The old token died when the new one was generated; if its secret were lost,
//! whatever uses it would stand still until an owner generates again. So this
//! is the one place where not losing a secret weighs more than not leaving it
//! anywhere, and it tries one place after the other until one has taken it.
//!
//! Everything here blocks and needs no async runtime: it runs in a panic, after
//! a signal, when the terminal is gone.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;

pub use crate::config::RescueTo;

use super::destination::{Facts, basic_time};
use super::file::{self, Existing, FileError};
use super::keyring::{self, KeyringError};
use super::placeholders;
use crate::folder::create_private_folder;
use crate::secret::Secret;
use crate::slot::Slot;

/// What is known of the rescue before a token is generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RescueProof {
    /// It works; words for the dialog: `the keyring`, `a file in /x/y`.
    Proven(String),
    /// It would not work, and why.
    Unproven(String),
    /// The owner wants none.
    Off,
}

/// Why a secret could not be rescued. It is still held in memory.
#[derive(Debug, Error)]
pub enum RescueError {
    /// `to = "none"`
    #[error("rescue is switched off (to = \"none\" under [rescue])")]
    Off,
    /// Every place failed.
    #[error("{}", .0.join("; "))]
    Failed(Vec<String>),
}

/// How long a keyring may take when nobody chose it: it must not hold up a
/// dialog or an exit.
const SHORT: Duration = Duration::from_secs(5);

/// Where to, in which order. Clones share what was proven.
#[derive(Clone, Debug)]
pub struct RescuePlan {
    to: Option<RescueTo>,
    state_dir: Option<PathBuf>,
    runtime_dir: Option<PathBuf>,
    keyring_proven: Arc<AtomicBool>,
}

impl RescuePlan {
    /// `to`: none means the keyring if it was proven, else a file. `runtime_dir`
    /// (`XDG_RUNTIME_DIR`: the user's own, in memory, gone after logout) is used
    /// only if no file can be written in `state_dir`.
    pub fn new(
        to: Option<RescueTo>,
        state_dir: Option<PathBuf>,
        runtime_dir: Option<PathBuf>,
    ) -> Self {
        Self {
            to,
            state_dir,
            runtime_dir,
            keyring_proven: Arc::default(),
        }
    }

    /// Shows where a secret of this slot would go. Blocks; may open the
    /// keyring's unlock prompt.
    pub fn prove(&self, slot: &Slot) -> RescueProof {
        match self.to {
            Some(RescueTo::None) => RescueProof::Off,
            Some(RescueTo::Keyring) => match self.prove_keyring(keyring::PATIENCE) {
                Ok(()) => RescueProof::Proven("the keyring".into()),
                Err(error) => RescueProof::Unproven(error.to_string()),
            },
            Some(RescueTo::File) => self.prove_file(slot),
            None if self.prove_keyring(SHORT).is_ok() => RescueProof::Proven("the keyring".into()),
            None => self.prove_file(slot),
        }
    }

    fn prove_keyring(&self, patience: Duration) -> Result<(), KeyringError> {
        if !self.keyring_proven.load(Ordering::Acquire) {
            keyring::prove(patience)?;
            self.keyring_proven.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn prove_file(&self, slot: &Slot) -> RescueProof {
        let prove = |folder: &Path| {
            let path = folder.join(name(&Facts::of(slot), Timestamp::UNIX_EPOCH, 0));
            private_folder(folder).and_then(|()| file::prove(&path, Existing::Keep))
        };
        let why = match &self.state_dir {
            None => "there is no state directory for a file".to_owned(),
            Some(folder) => match prove(folder) {
                Ok(()) => return RescueProof::Proven(format!("a file in {}", folder.display())),
                Err(error) => error.to_string(),
            },
        };
        match &self.runtime_dir {
            // Said, since it would happen: that it is no lasting place matters.
            Some(folder) if prove(folder).is_ok() => {
                RescueProof::Proven(format!("a file in {}, gone after logout", folder.display()))
            }
            _ => RescueProof::Unproven(why),
        }
    }

    /// Brings a secret to safety and says where it is: `the keyring
    /// (HOST/ORGANIZATION/KIND)`, `file /x/y`. Blocks.
    pub fn rescue(
        &self,
        facts: &Facts,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<String, RescueError> {
        let mut why = Vec::new();
        let keyring_first = match self.to {
            Some(RescueTo::None) => return Err(RescueError::Off),
            Some(RescueTo::Keyring) => true,
            Some(RescueTo::File) => false,
            None => self.keyring_proven.load(Ordering::Acquire),
        };
        if keyring_first {
            let user = keyring::user(&facts.slot);
            match keyring::store(&user, secret, SHORT) {
                Ok(()) => return Ok(format!("the keyring (service orgward, user {user})")),
                Err(error) => why.push(error.to_string()),
            }
        }
        for folder in [&self.state_dir, &self.runtime_dir].into_iter().flatten() {
            match into_folder(folder, facts, secret, now) {
                Ok(path) => return Ok(format!("file {}", path.display())),
                Err(error) => why.push(error.to_string()),
            }
        }
        if why.is_empty() {
            why.push("there is no state directory for a file".into());
        }
        Err(RescueError::Failed(why))
    }
}

/// The rescue files that lie in a state directory, oldest first.
pub fn waiting(state_dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(state_dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with("rescue-") && name.ends_with(".secret"))
        })
        .collect();
    found.sort();
    found
}

fn into_folder(
    folder: &Path,
    facts: &Facts,
    secret: &Secret,
    now: Timestamp,
) -> Result<PathBuf, FileError> {
    private_folder(folder)?;
    let mut attempt = 0;
    loop {
        let path = folder.join(name(facts, now, attempt));
        match file::write(&path, secret, Existing::Keep) {
            // Two secrets of one slot in one second.
            Err(FileError::Exists(_) | FileError::Link(_)) if attempt < 100 => attempt += 1,
            Ok(()) => return Ok(path),
            Err(error) => return Err(error),
        }
    }
}

/// `rescue-20261124T223000Z-HOST-ORGANIZATION-KIND.secret`. A name is always
/// found: here a secret is saved, and nobody refuses it for its organization.
fn name(facts: &Facts, now: Timestamp, attempt: u32) -> String {
    let plain = |text: &str| -> String {
        text.chars()
            .take(60)
            .map(|c| {
                if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') {
                    c
                } else {
                    '_'
                }
            })
            .collect()
    };
    let again = match attempt {
        0 => String::new(),
        n => format!("-{n}"),
    };
    format!(
        "rescue-{}-{}-{}-{}{again}.secret",
        basic_time(now),
        plain(&placeholders::host(facts)),
        plain(&facts.slot.organization),
        facts.slot.kind.as_str(),
    )
}

/// Creates the folder, for its owner alone, if it is not there.
fn private_folder(folder: &Path) -> Result<(), FileError> {
    create_private_folder(folder).map_err(|error| FileError::Folder {
        folder: folder.to_owned(),
        error,
    })
}
