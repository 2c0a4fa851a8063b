//! Ask: the credential for a host, typed once and shown to nobody.

use crate::app::keys::{Command, Pressed};
use crate::app::list::AccountId;
use crate::app::masked::Masked;
use crate::credentials::{self, Credential};
use crate::slot::Host;

/// The dialog.
#[derive(Debug)]
pub struct AskDialog {
    /// The host entry.
    pub account: AccountId,
    /// Its host.
    pub host: Host,
    /// Its label.
    pub label: Option<String>,
    /// What is typed.
    pub field: Masked,
    /// Why Enter did nothing.
    pub problem: Option<String>,
}

/// What the owner wants.
#[derive(Debug)]
pub enum Typed {
    /// Nothing yet.
    Stay,
    /// Not to type it now.
    Later,
    /// This credential to be used.
    Credential(Credential),
}

impl AskDialog {
    /// A dialog for a host entry.
    pub fn new(account: AccountId, host: Host, label: Option<String>) -> Self {
        Self {
            account,
            host,
            label,
            field: Masked::default(),
            problem: None,
        }
    }

    /// Takes a key.
    pub fn key(&mut self, pressed: Pressed) -> Typed {
        match pressed.command {
            Some(Command::Close) => return Typed::Later,
            Some(Command::Act) if self.field.is_empty() => {}
            Some(Command::Act) => match credentials::typed(&self.host, self.field.take()) {
                Ok(credential) => return Typed::Credential(credential),
                Err(error) => self.problem = Some(error.to_string()),
            },
            _ => {
                self.field.key(pressed.key);
                self.problem = None;
            }
        }
        Typed::Stay
    }

    /// What the key bar says of a command: nothing while it does nothing.
    pub fn word(&self, command: Command, usual: &'static str) -> Option<&'static str> {
        (command != Command::Act || !self.field.is_empty()).then_some(usual)
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        self.field.paste(text);
        self.problem = None;
    }
}
