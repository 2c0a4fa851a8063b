//! The fleet at size, over the embedded host: paged listings, what is asked for
//! and what is not, the cache, a host that goes away, and its clock.

mod away;
mod cache;
mod listing;
mod policies;
mod stage;
