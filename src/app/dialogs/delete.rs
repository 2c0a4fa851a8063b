//! Delete: the token that dies is identified, and the organization's name typed.

use super::{Fact, Identified, Reaction, not_its_name};
use crate::action::{Act, Order};
use crate::app::field::Field;
use crate::app::keys::{Command, Pressed};
use crate::app::message::{EffectId, Preparation};
use crate::slot::{Identity, Slot, Time};

/// The dialog.
#[derive(Debug)]
pub struct DeleteDialog {
    /// The slot, by its name and not by its row.
    pub slot: Slot,
    /// What its owner is shown.
    pub facts: Vec<Fact>,
    /// What was there when the dialog opened.
    pub shown: Identity,
    /// The last use among the facts.
    pub last_use: Time,
    /// The organization's name, as typed.
    pub name: Field,
    /// What is known of the credential; until then nothing can be sent.
    pub preparation: Option<Preparation>,
    /// The effect that finds it out.
    pub preparing: EffectId,
    /// Why Enter did nothing.
    pub problem: Option<String>,
}

impl DeleteDialog {
    /// A dialog for what was just shown.
    pub fn new(slot: Slot, seen: Identified, preparing: EffectId) -> Self {
        Self {
            slot,
            facts: seen.facts,
            shown: seen.shown,
            last_use: seen.last_use,
            name: Field::default(),
            preparation: None,
            preparing,
            problem: None,
        }
    }

    /// Whether the typed name is the organization's.
    pub fn confirmed(&self) -> bool {
        self.name.text() == &*self.slot.organization
    }

    /// Whether Enter deletes now: what had to be typed was typed, and what must be
    /// known beforehand is known.
    pub fn is_ready(&self) -> bool {
        self.confirmed() && self.preparation.is_some()
    }

    /// Takes what was found out, and what is in the slot now.
    pub fn prepared(&mut self, preparation: Preparation, now: Option<Identified>) {
        if let Some(now) = now.filter(|now| now.shown == self.shown) {
            (self.facts, self.last_use) = (now.facts, now.last_use);
        }
        self.preparation = Some(preparation);
        self.problem = None;
    }

    /// Takes a key.
    pub fn key(&mut self, pressed: Pressed) -> Reaction {
        match pressed.command {
            Some(Command::Close) => return Reaction::Close,
            Some(Command::Act) if !self.confirmed() => {
                self.problem = not_its_name(self.name.text(), &self.slot.organization);
            }
            Some(Command::Act) if self.preparation.is_none() => {
                self.problem = Some("one moment: looking up whose credential is in use".into());
            }
            Some(Command::Act) => {
                return Reaction::Perform(Box::new(Order {
                    slot: self.slot.clone(),
                    act: Act::Delete,
                    shown: self.shown.clone(),
                    last_use: self.last_use,
                    needs_rescue: false,
                    without_journal: false,
                }));
            }
            _ => {
                self.name.key(pressed.key);
                self.problem = None;
            }
        }
        Reaction::Stay
    }

    /// What the key bar says of a command: nothing while it does nothing.
    pub fn word(&self, command: Command, usual: &'static str) -> Option<&'static str> {
        (command != Command::Act || self.is_ready()).then_some(usual)
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        self.name.paste(text);
        self.problem = None;
    }
}
