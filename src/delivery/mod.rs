//! Bringing a secret to its destination.
//!
//! - [`deliverer`]: prove a destination, then deliver to it; everybody else's
//!   way in;
//! - [`destination`], [`placeholders`]: what a destination is called, and how
//!   slots fill into commands and file names;
//! - [`clipboard`] (the program's side) and [`keeper`] (the process that holds
//!   a copy), [`osc52`], [`mod@file`], [`command`], [`keyring`]: the ways;
//! - [`ledger`] and [`rescue`]: no secret is lost.

pub mod clipboard;
pub mod command;
pub mod deliverer;
pub mod destination;
pub mod file;
pub mod keeper;
pub mod keyring;
pub mod ledger;
pub mod osc52;
pub mod placeholders;
pub mod rescue;

pub use clipboard::{KeeperEnd, KeeperHandle};
pub use command::CommandDelivery;
pub use deliverer::{
    CopyError, Delivered, Deliverer, Delivery, DeliveryError, Method, ProofError, Proven, Settings,
    Surroundings,
};
pub use destination::{Destination, Facts};
pub use file::Existing;
pub use ledger::{HoldId, RescueReport, Undelivered};
pub use osc52::TerminalWrite;
pub use rescue::{RescuePlan, RescueProof, RescueTo};

use crate::secret::Secret;

/// What can go to a clipboard.
#[derive(Clone, Copy)]
enum Payload<'a> {
    /// Marked as sensitive, cleared at its time.
    Secret(&'a Secret),
    /// Ordinary text, like any program would copy it.
    Plain(&'a str),
}

impl<'a> Payload<'a> {
    fn text(self) -> &'a str {
        match self {
            Self::Secret(secret) => secret.expose(),
            Self::Plain(text) => text,
        }
    }
}
