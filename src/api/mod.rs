//! The one way to a server.
//!
//! A [`Client`] belongs to one entry for a host in the configuration: one
//! address, one credential, one pace. It reads tolerantly and sends strictly
//! (PROTOCOL.md), it is the door that `--read-only` closes, and it never
//! repeats a write. What an answer means for a slot is said here in the terms
//! of [`crate::slot`]; what to do about it is decided elsewhere.

mod client;
mod discovery;
mod documents;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod json;
#[doc(hidden)]
pub mod measured;
mod pace;
mod read;
mod salvage;
mod transport;
mod write;

pub use client::{Client, ClientOptions, HostFacts};
pub use discovery::{Discovery, discover};
pub use documents::{Account, Entitlements, OrganizationDoc, Own, TokenAnswer, UNKNOWN};
pub use error::{ApiError, Place, Problem, TlsFault, WriteError};
pub use pace::{Urgency, Waiting};
pub use read::Listing;
pub use salvage::Damage;
pub use transport::Limits;
pub use write::{Generated, Success, Turn};

#[cfg(test)]
mod tests;
