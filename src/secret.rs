//! The one type that holds a secret or a credential.
//!
//! Everything that could show a secret by accident is missing here on purpose:
//! no `Display`, no `Serialize`, no `Deref`, and a `Debug` that prints nothing.
//! Clones share one buffer, so a secret exists once in memory however many
//! parts of the program hold it, and the buffer is wiped when the last lets go.
//!
//! Each secret also tells [`crate::text`] that it exists (as keyed hashes of
//! its pieces, never as text), so that whatever a server or a child prints can
//! be cleaned of it without anybody having to pass secrets around for that.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::text::Fingerprint;

struct Inner {
    // Declared first, dropped first: the fingerprint goes when the text goes.
    text: Zeroizing<String>,
    _fingerprint: Fingerprint,
}

/// The text of a generated token, or a credential for a host.
#[derive(Clone)]
pub struct Secret(Arc<Inner>);

impl Secret {
    /// Takes over `text`; the buffer that is passed in is the one that is kept
    /// and later wiped.
    pub fn new(text: String) -> Self {
        Self::from_zeroizing(Zeroizing::new(text))
    }

    /// Takes over a buffer that was already guarded.
    pub fn from_zeroizing(text: Zeroizing<String>) -> Self {
        let fingerprint = Fingerprint::of(&text);
        Self(Arc::new(Inner {
            text,
            _fingerprint: fingerprint,
        }))
    }

    /// The text itself. Every call of this is a place that a reviewer looks at:
    /// the header of a request, a delivery, the revealed panel, a comparison.
    pub fn expose(&self) -> &str {
        &self.0.text
    }

    /// Whether there is any text; needed before a request is built from it.
    pub fn is_empty(&self) -> bool {
        self.0.text.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_it() {
        let secret = Secret::new("abcdefghijklmnop".into());
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(format!("{:#?}", Some(&secret)), "Some(\n    Secret(…),\n)");
    }

    #[test]
    fn clones_share_one_buffer() {
        let secret = Secret::new("abcdefghijklmnop".into());
        let other = secret.clone();
        assert_eq!(secret.expose().as_ptr(), other.expose().as_ptr());
    }
}
