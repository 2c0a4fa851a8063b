//! What a listing has just said about organizations: that their tokens are the
//! owner's to change.
//!
//! With that a 404 for a token means "none" and needs no second question
//! (PROTOCOL.md, 1), which is half of all requests where organizations have no
//! token. It counts for one look, and not for long: permissions change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::locked;

/// How long a listing's word counts. The two answers that it stands for, of the
/// token and of the organization, are not of one moment either.
const COUNTS: Duration = Duration::from_secs(60);

/// The organizations that were listed as the owner's to change, and when.
#[derive(Default)]
pub(super) struct Listed(Mutex<HashMap<Arc<str>, Instant>>);

impl Listed {
    /// A new listing: what the one before has said counts no more.
    pub fn begin(&self) {
        *locked(&self.0) = HashMap::new();
    }

    pub fn note(&self, organization: &Arc<str>, now: Instant) {
        locked(&self.0).insert(organization.clone(), now);
    }

    /// Whether the organization was just listed as the owner's to change; true
    /// once for each listing.
    pub fn take(&self, organization: &str, now: Instant) -> bool {
        let mut listed = locked(&self.0);
        let at = listed.remove(organization);
        if listed.is_empty() {
            // What it held for ten thousand is not needed for none.
            *listed = HashMap::new();
        }
        at.is_some_and(|at| now.duration_since(at) < COUNTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_counts_once_and_not_for_long() {
        let (listed, now) = (Listed::default(), Instant::now());
        for name in ["acme", "globex", "initech"] {
            listed.note(&name.into(), now);
        }
        assert!(!listed.take("hooli", now));
        assert!(listed.take("acme", now + Duration::from_secs(59)));
        assert!(!listed.take("acme", now));
        assert!(!listed.take("globex", now + COUNTS));
        listed.begin();
        assert!(!listed.take("initech", now));
    }
}
