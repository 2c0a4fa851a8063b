//! The host's own clock, so that a test decides what time it is there.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// A clock; clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<Mutex<Timestamp>>>);

impl Clock {
    /// The system's.
    pub fn system() -> Self {
        Self(None)
    }

    /// One that stands still until it is told to move.
    pub fn at(time: Timestamp) -> Self {
        Self(Some(Arc::new(Mutex::new(time))))
    }

    /// The time it shows.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            None => Timestamp::now(),
            Some(time) => *time.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a clock made by [`Clock::at`]; the system's is left alone.
    pub fn advance(&self, by: SignedDuration) {
        if let Some(time) = &self.0 {
            let mut time = time.lock().unwrap_or_else(PoisonError::into_inner);
            *time = super::seed::shift(*time, by);
        }
    }
}
