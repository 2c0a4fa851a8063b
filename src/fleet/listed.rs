//! What a listing has just said about organizations: that their tokens are the
//! owner's to change.
//!
//! With that a 404 for a token means "none" and needs no second question
//! (PROTOCOL.md, 1), which is half of all requests where organizations have no
//! token. It counts for one look, and not for long: permissions change.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::locked;

/// How long a listing's word counts. The two answers that it stands for, of the
/// token and of the organization, are not of one moment either.
const COUNTS: Duration = Duration::from_secs(60);

/// The organizations that were listed as the owner's to change, page by page: they
/// are looked at in about that order, so what is done with goes at once.
#[derive(Default)]
pub(super) struct Listed(Mutex<VecDeque<Page>>);

struct Page {
    at: Instant,
    organizations: HashSet<Arc<str>>,
}

impl Listed {
    /// A new listing: what the one before has said counts no more.
    pub fn begin(&self) {
        *locked(&self.0) = VecDeque::new();
    }

    /// A page with these organizations came.
    pub fn note(&self, organizations: HashSet<Arc<str>>, at: Instant) {
        locked(&self.0).push_back(Page { at, organizations });
    }

    /// Whether the organization was just listed as the owner's to change; true
    /// once for each listing.
    pub fn take(&self, organization: &str, now: Instant) -> bool {
        let mut pages = locked(&self.0);
        let is_done =
            |page: &Page| page.organizations.is_empty() || now.duration_since(page.at) >= COUNTS;
        while pages.front().is_some_and(is_done) {
            pages.pop_front();
        }
        pages
            .iter_mut()
            .any(|page| page.organizations.remove(organization))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_counts_once_and_not_for_long() {
        let (listed, now) = (Listed::default(), Instant::now());
        let page = |names: &[&str]| names.iter().map(|name| Arc::from(*name)).collect();
        listed.note(page(&["acme"]), now);
        listed.note(page(&["globex", "initech"]), now);
        assert!(!listed.take("hooli", now));
        assert!(listed.take("acme", now + Duration::from_secs(59)));
        assert!(!listed.take("acme", now));
        assert!(!listed.take("globex", now + COUNTS));
        listed.begin();
        assert!(!listed.take("initech", now));
    }
}
