//! The readers of answers, as the property tests and the fuzzers of `fuzz/` call
//! them: whatever a server sends, nothing panics and nothing unsafe comes out.

use zeroize::Zeroizing;

use super::documents;
use crate::slot::Kind;
use crate::text::safe;

/// Reads `body` as every document that there is.
///
/// # Panics
/// Where a reader breaks its promise.
pub fn documents(body: &[u8]) {
    let body = documents::mended(Zeroizing::new(body.to_vec()));
    let _ = documents::token_answer(&body);
    let _ = documents::organization(&body);
    let _ = documents::account(&body);
    let _ = documents::entitlements(&body);
    let _ = documents::attribute(&body, "name");
    for kind in [Kind::Organization, Kind::AuditTrails] {
        let _ = documents::policy(&body, kind);
    }
    if let Ok((_, secret, _)) = documents::generated(&body) {
        assert!(!secret.is_empty());
    }
    if let Ok(page) = documents::page(&body) {
        for doc in page.organizations {
            assert_eq!(safe(&doc.name), *doc.name);
        }
    }
    let words = documents::error_words(&body);
    assert!(words.chars().all(|c| !c.is_control()));
}
