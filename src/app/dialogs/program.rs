//! The program that should have given a credential failed without a terminal:
//! it may be run again with one.

use crate::app::list::AccountId;
use crate::slot::Host;

/// The dialog.
#[derive(Debug)]
pub struct ProgramDialog {
    /// The host entry.
    pub account: AccountId,
    /// Its host.
    pub host: Host,
    /// What went wrong.
    pub why: String,
}
