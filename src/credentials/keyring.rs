//! The owner's credential in the system's keyring: service `orgward`, user the
//! host's name (`ACCOUNT@HOST` where the host has accounts).

use zeroize::Zeroizing;

use crate::config::HostConfig;

/// The service under which everything of this program is kept.
pub const SERVICE: &str = "orgward";

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
    use keyring_core::Error;
    use keyring_core::api::CredentialStoreApi;

    let explain = |error: Error| match error {
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
    };
    // Opened anew each time, so that a keyring that starts later is found.
    let store = open().map_err(explain)?;
    let entry = store.build(SERVICE, user, None).map_err(explain)?;
    let secret = entry.get_secret().map_err(explain)?;
    String::from_utf8(secret)
        .map(Zeroizing::new)
        .map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            "its entry is not text".to_owned()
        })
}

/// This build has no keyring.
#[cfg(not(feature = "keyring"))]
pub(super) fn read(_: &str) -> Result<Zeroizing<String>, String> {
    Err("this program was built without one (feature `keyring`)".to_owned())
}

#[cfg(all(feature = "keyring", unix, not(target_os = "macos")))]
use zbus_secret_service_keyring_store::Store;

#[cfg(all(feature = "keyring", target_os = "macos"))]
use apple_native_keyring_store::keychain::Store;

#[cfg(all(feature = "keyring", windows))]
use windows_native_keyring_store::Store;

#[cfg(feature = "keyring")]
fn open() -> keyring_core::Result<std::sync::Arc<Store>> {
    Store::new()
}
