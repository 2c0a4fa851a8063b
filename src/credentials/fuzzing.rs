//! The readers and the writer of the Terraform CLI's files, as the property
//! tests and the fuzzers of `fuzz/` call them.

use super::{store, terraform};

/// Reads `bytes` as one of the Terraform CLI's files and, where it holds a
/// credential, stores another one for its host.
///
/// # Panics
/// Where the edited file says something else of another host than before, or
/// does not give the new credential.
pub fn files(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let before = terraform::hosts(text);
    let Some((host, edited)) = store::edited_anyhow(text) else {
        return;
    };
    let mut before = before.expect("what was edited was read");
    before.insert(host, Some(store::NEW_CREDENTIAL.to_owned()));
    assert_eq!(terraform::hosts(&edited), Some(before), "of {text:?}");
}
