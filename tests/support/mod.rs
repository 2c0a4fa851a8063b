//! What the tests that look at the program from outside share: a driver for
//! programs in a pseudo-terminal, the hunt for leaked secrets, and services
//! that a test starts beside the program.
//!
//! Everything here waits for something that can be seen, with a generous
//! deadline, and never takes the passing of time for a proof.
#![allow(
    dead_code,
    unused_imports,
    reason = "each test file is a crate of its own and uses its own part of this"
)]

pub mod fixture;
pub mod keys;
pub mod prism;
pub mod processes;
pub mod program;
pub mod sampler;
pub mod screen;
pub mod sentinel;

pub use fixture::{Owner, file_when_there, select};
pub use keys::Key;
pub use program::{Exit, Program, Signal};
pub use sampler::Sampler;
pub use screen::Screen;
pub use sentinel::Sentinel;

use std::time::{Duration, Instant};

/// How long a test waits for something that must come: 60 s, or the number of
/// seconds in `ORGWARD_TEST_TIMEOUT`. Only a failing test ever waits so long.
pub fn patience() -> Duration {
    let seconds = match std::env::var("ORGWARD_TEST_TIMEOUT") {
        Ok(text) => text
            .parse()
            .expect("ORGWARD_TEST_TIMEOUT is a number of seconds"),
        Err(_) => 60,
    };
    Duration::from_secs(seconds)
}

/// Waits until `look` finds something; nothing if it did not within `patience`.
pub fn poll<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() > deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The value of a variable that the script for real parts sets; fails where it is missing.
pub fn required(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set; .ci/run sets it, see ci/real"))
}
