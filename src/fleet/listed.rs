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

/// How long a listing's word counts, until the token's answer is there. The two
/// answers that it stands for, of the token and of the organization, are not of one
/// moment either.
const COUNTS: Duration = Duration::from_secs(60);

/// The organizations that were listed as the owner's to change, page by page: they
/// are looked at in about that order, so the memory that they need goes soon.
#[derive(Default)]
pub(super) struct Listed(Mutex<VecDeque<Page>>);

struct Page {
    at: Instant,
    organizations: HashSet<Arc<str>>,
}

/// What a listing has said of one organization.
pub(super) struct Word(Instant);

impl Word {
    /// Whether that was not long ago.
    pub fn counts(&self, now: Instant) -> bool {
        now.duration_since(self.0) < COUNTS
    }
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

    /// What was said of an organization, if it is the owner's to change; once for
    /// each listing.
    pub fn take(&self, organization: &str) -> Option<Word> {
        let mut pages = locked(&self.0);
        while pages
            .front()
            .is_some_and(|page| page.organizations.is_empty())
        {
            pages.pop_front();
        }
        let mut taken = pages
            .iter_mut()
            .filter_map(|page| page.organizations.remove(organization).then_some(page.at));
        taken.next().map(Word)
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
        assert!(listed.take("hooli").is_none());
        let word = listed.take("globex").unwrap();
        assert!(word.counts(now + COUNTS - Duration::from_millis(1)));
        assert!(!word.counts(now + COUNTS));
        assert!(listed.take("globex").is_none());
        listed.begin();
        assert!(listed.take("initech").is_none());
    }
}
