//! Offer: the hosts that the Terraform CLI has credentials for, where there is
//! no configuration yet. No host is asked for anything before the owner agrees.

use crate::app::keys::Command;
use crate::app::message::EffectId;
use crate::config::HostConfig;
use crate::slot::Host;

/// The dialog.
#[derive(Debug)]
pub struct OfferDialog {
    /// The hosts.
    pub hosts: Vec<Host>,
    /// The file that would be written.
    pub file: String,
    /// The effect that writes it.
    pub writing: Option<EffectId>,
}

/// What the owner wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// Nothing yet.
    Stay,
    /// These hosts.
    Agreed,
    /// To leave.
    Declined,
}

impl OfferDialog {
    /// An offer of hosts, to be written to a file.
    pub fn new(hosts: Vec<Host>, file: String) -> Self {
        Self {
            hosts,
            file,
            writing: None,
        }
    }

    /// The entries that would be written.
    pub fn entries(&self) -> Vec<HostConfig> {
        self.hosts.iter().cloned().map(HostConfig::new).collect()
    }

    /// Takes a key.
    pub fn key(&self, command: Option<Command>) -> Offered {
        match command {
            _ if self.writing.is_some() => Offered::Stay,
            Some(Command::Act) => Offered::Agreed,
            Some(Command::Close) => Offered::Declined,
            _ => Offered::Stay,
        }
    }
}
