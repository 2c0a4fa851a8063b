//! The system's keyring: Secret Service, Keychain, Credential Manager. Credentials
//! and deliveries have entries of their own in it; which store it is and how an
//! entry is opened is decided here for both.
//!
//! The connection is opened anew for each entry: a keyring that was started or
//! unlocked later is seen, and none is held open.

use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Result};

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store;
#[cfg(windows)]
use windows_native_keyring_store::Store;
#[cfg(all(unix, not(target_os = "macos")))]
use zbus_secret_service_keyring_store::Store;

/// The service under which everything of this program is kept.
pub(crate) const SERVICE: &str = "orgward";

/// The entry of a user name; `label` is what people see of a new one, where the
/// store has labels.
pub(crate) fn entry(user: &str, label: Option<&str>) -> Result<Entry> {
    let label = label.filter(|_| cfg!(all(unix, not(target_os = "macos"))));
    let label = label.map(|label| [("label", label)].into());
    Store::new()?.build(SERVICE, user, label.as_ref())
}
