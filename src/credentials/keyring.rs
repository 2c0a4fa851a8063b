//! The owner's credential in the system's keyring: service `orgward`, user the
//! host's name (`ACCOUNT@HOST` where the host has accounts).

use zeroize::Zeroizing;

use crate::config::HostConfig;
#[cfg(feature = "keyring")]
use crate::keyring::{SERVICE, entry};
use crate::secret::Secret;

/// The user of the entry that holds the credential for a host.
pub fn user(host: &HostConfig) -> String {
    match &host.account {
        Some(account) => format!("{account}@{}", host.host),
        None => host.host.to_string(),
    }
}

/// Reads an entry. Blocks, perhaps until the owner has unlocked the keyring.
#[cfg(feature = "keyring")]
pub(super) fn read(user: &str) -> Result<Zeroizing<String>, String> {
    let secret = entry(user, None)
        .and_then(|entry| entry.get_secret())
        .map_err(|error| explain(error, user))?;
    String::from_utf8(secret)
        .map(Zeroizing::new)
        .map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            "its entry is not text".to_owned()
        })
}

/// Writes an entry over the one that is there. Blocks like [`read`].
#[cfg(feature = "keyring")]
pub(super) fn write(user: &str, secret: &Secret) -> Result<(), String> {
    entry(user, None)
        .and_then(|entry| entry.set_secret(secret.expose().as_bytes()))
        .map_err(|error| explain(error, user))
}

#[cfg(feature = "keyring")]
fn explain(error: keyring_core::Error, user: &str) -> String {
    use keyring_core::Error;
    match error {
        Error::NoEntry => {
            format!("it has no entry with the service {SERVICE} and the user {user}; store one")
        }
        Error::NoStorageAccess(_) => "it is locked; unlock it and try again".to_owned(),
        Error::PlatformFailure(error) => format!("none can be reached: {error}"),
        Error::Ambiguous(_) => {
            format!("several entries have the service {SERVICE} and the user {user}; keep one")
        }
        // These carry what was stored.
        Error::BadEncoding(bytes) | Error::BadDataFormat(bytes, _) => {
            drop(Zeroizing::new(bytes));
            "its entry cannot be read".to_owned()
        }
        other => other.to_string(),
    }
}

/// This build has no keyring.
#[cfg(not(feature = "keyring"))]
pub(super) fn write(_: &str, _: &Secret) -> Result<(), String> {
    Err("this program was built without one (feature `keyring`)".to_owned())
}

/// This build has no keyring.
#[cfg(not(feature = "keyring"))]
pub(super) fn read(_: &str) -> Result<Zeroizing<String>, String> {
    Err("this program was built without one (feature `keyring`)".to_owned())
}
