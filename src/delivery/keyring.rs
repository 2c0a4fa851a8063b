//! New secrets in the system's keyring: as a destination, and as a rescue.
//!
//! Calls block, as long as an unlock prompt is open, and an entry must not be
//! touched by two threads at a time; so one thread of this module makes all calls
//! for these entries, and whoever waits for one does so for a limited time.
//!
//! An entry has the service `orgward` and the user `HOST/ORGANIZATION/KIND`.

use std::sync::LazyLock;
use std::sync::mpsc;
use std::time::Duration;

use thiserror::Error;

use crate::secret::Secret;
use crate::slot::Slot;

/// An owner needs time to unlock a keyring.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Why the keyring was of no use.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyringError {
    /// Built without the feature.
    #[error("this orgward was built without keyring support")]
    NotBuilt,
    /// No answer; an unlock prompt may be open somewhere.
    #[error("the keyring did not answer within {} s (is it asking to be unlocked?)", .0.as_secs())]
    Silent(Duration),
    /// A test entry did not come back as it was written.
    #[error("the keyring does not keep what is written to it")]
    Forgetful,
    /// The call did not come to its end.
    #[error("the call to the keyring was broken off")]
    BrokenOff,
    /// The system's reason, made safe.
    #[error("the keyring cannot be used: {0}")]
    Refused(String),
}

/// The entry's user for a slot.
pub fn user(slot: &Slot) -> String {
    format!("{}/{}/{}", slot.host, slot.organization, slot.kind.as_str())
}

/// Writes a test entry, reads it and removes it again. Blocks.
pub fn prove(patience: Duration) -> Result<(), KeyringError> {
    on_thread(patience, imp::probe)
}

/// Stores the secret under a user name, replacing what is there. Blocks.
pub fn store(user: &str, secret: &Secret, patience: Duration) -> Result<(), KeyringError> {
    let (user, secret) = (user.to_owned(), secret.clone());
    on_thread(patience, move || imp::store(&user, &secret))
}

/// Reads what is stored under a user name; `None` when nothing is. Blocks.
pub fn read(user: &str, patience: Duration) -> Result<Option<Secret>, KeyringError> {
    let user = user.to_owned();
    on_thread(patience, move || imp::read(&user))
}

type Job = Box<dyn FnOnce() + Send>;

static THREAD: LazyLock<Option<mpsc::Sender<Job>>> = LazyLock::new(|| {
    let (sender, jobs) = mpsc::channel::<Job>();
    std::thread::Builder::new()
        .name("keyring".into())
        .spawn(move || {
            for job in jobs {
                // A store that panics must not take the next call with it.
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
            }
        })
        .ok()
        .map(|_| sender)
});

fn on_thread<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> Result<T, KeyringError> + Send + 'static,
) -> Result<T, KeyringError> {
    let (sender, answer) = mpsc::sync_channel(1);
    let job: Job = Box::new(move || {
        let _ = sender.send(work());
    });
    let failed = || KeyringError::Refused("its thread could not be started".into());
    let thread = THREAD.as_ref().ok_or_else(failed)?;
    thread.send(job).map_err(|_| failed())?;
    answer.recv_timeout(patience).map_err(|error| match error {
        mpsc::RecvTimeoutError::Timeout => KeyringError::Silent(patience),
        mpsc::RecvTimeoutError::Disconnected => KeyringError::BrokenOff,
    })?
}

#[cfg(feature = "keyring")]
mod imp {
    use keyring_core::{Entry, Error};
    use zeroize::Zeroizing;

    use super::{KeyringError, Secret};
    use crate::keyring;
    use crate::text;

    fn entry(user: &str) -> Result<Entry, KeyringError> {
        keyring::entry(user, Some(&format!("Orgward: {user}"))).map_err(refused)
    }

    pub(super) fn store(user: &str, secret: &Secret) -> Result<(), KeyringError> {
        let entry = entry(user)?;
        entry
            .set_secret(secret.expose().as_bytes())
            .map_err(refused)
    }

    pub(super) fn read(user: &str) -> Result<Option<Secret>, KeyringError> {
        match entry(user)?.get_secret() {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Ok(Some(Secret::new(text))),
                Err(error) => {
                    drop(Zeroizing::new(error.into_bytes()));
                    Err(KeyringError::Refused(format!(
                        "the entry for \"{}\" is not text",
                        text::safe(user)
                    )))
                }
            },
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(refused(error)),
        }
    }

    pub(super) fn probe() -> Result<(), KeyringError> {
        let random = getrandom::u64().map_err(|e| KeyringError::Refused(e.to_string()))?;
        let entry = entry(&format!("probe/{random:016x}"))?;
        let value = format!("{random:032x}");
        entry.set_secret(value.as_bytes()).map_err(refused)?;
        let back = entry.get_secret().map_err(refused);
        entry.delete_credential().map_err(refused)?;
        if back? == value.as_bytes() {
            Ok(())
        } else {
            Err(KeyringError::Forgetful)
        }
    }

    /// Only the text form: the debug form of some errors has the value in it.
    fn refused(error: Error) -> KeyringError {
        KeyringError::Refused(match error {
            Error::NoStorageAccess(_) => {
                "it is locked, and nothing can ask for its password here".into()
            }
            other => text::safe(&other.to_string()),
        })
    }
}

#[cfg(not(feature = "keyring"))]
mod imp {
    use super::{KeyringError, Secret};

    pub(super) fn store(_: &str, _: &Secret) -> Result<(), KeyringError> {
        Err(KeyringError::NotBuilt)
    }

    pub(super) fn read(_: &str) -> Result<Option<Secret>, KeyringError> {
        Err(KeyringError::NotBuilt)
    }

    pub(super) fn probe() -> Result<(), KeyringError> {
        Err(KeyringError::NotBuilt)
    }
}
