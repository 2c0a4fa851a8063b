//! Generate and Replace: the expiry, the destination, and for a token that
//! would die its identification and the organization's name.

use super::terms::{End, Terms};
use super::{Fact, Identified, Reaction, not_its_name, turned};
use crate::action::{Order, Verb};
use crate::app::field::Field;
use crate::app::keys::{Command, Pressed};
use crate::app::message::{EffectId, Preparation};
use crate::expiry::{Expiry, ExpiryError};
use crate::slot::{Identity, Slot, Time};

/// The part of the dialog that takes the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// The field for the organization's name (Replace).
    Name,
    /// The button (Generate).
    Button,
    /// The expiry.
    Expiry,
    /// The destination.
    Destination,
}

/// The dialog.
#[derive(Debug)]
pub struct NewDialog {
    /// The slot, by its name and not by its row.
    pub slot: Slot,
    /// What its owner is shown.
    pub facts: Vec<Fact>,
    /// What was there when the dialog opened.
    pub shown: Identity,
    /// The last use among the facts.
    pub last_use: Time,
    /// The part that takes the keys.
    pub focus: Focus,
    /// The organization's name, as typed.
    pub name: Field,
    /// The expiry and the destination.
    pub terms: Terms,
    /// What must be known before anything can be sent.
    pub preparation: Option<Preparation>,
    /// The effect that finds it out.
    pub preparing: EffectId,
    /// Why Enter did nothing.
    pub problem: Option<String>,
    /// Enter was pressed on `Generate` before everything was known; nothing can
    /// die there, so it acts as soon as it is.
    armed: bool,
}

impl NewDialog {
    /// A dialog for what was just shown.
    pub fn new(slot: Slot, seen: Identified, default: Expiry, preparing: EffectId) -> Self {
        let focus = match seen.shown {
            Identity::None => Focus::Button,
            _ => Focus::Name,
        };
        Self {
            slot,
            facts: seen.facts,
            shown: seen.shown,
            last_use: seen.last_use,
            focus,
            name: Field::default(),
            terms: Terms::new(default),
            preparation: None,
            preparing,
            problem: None,
            armed: false,
        }
    }

    /// Whether a token dies, or may die.
    pub fn verb(&self) -> Verb {
        match self.shown {
            Identity::None => Verb::Generate,
            _ => Verb::Replace,
        }
    }

    /// Whether what had to be typed was typed.
    pub fn confirmed(&self) -> bool {
        self.verb() == Verb::Generate || self.name.text() == &*self.slot.organization
    }

    /// Whether Enter acts: what had to be typed was typed, and what must be known
    /// beforehand is known. Where nothing dies Enter may come sooner: it acts as
    /// soon as that is known.
    pub fn is_ready(&self) -> bool {
        self.confirmed() && (self.verb() == Verb::Generate || self.preparation.is_some())
    }

    /// Takes what was found out, and what is in the slot now.
    pub fn prepared(&mut self, preparation: Preparation, now: Option<Identified>) -> Reaction {
        if let Some(now) = now.filter(|now| now.shown == self.shown) {
            (self.facts, self.last_use) = (now.facts, now.last_use);
        }
        let choices = preparation.choices.clone();
        self.terms.offer(choices, preparation.default);
        if preparation.policy.is_some() {
            self.terms.offer_longest();
        }
        self.preparation = Some(preparation);
        self.problem = None;
        if self.armed {
            self.act()
        } else {
            Reaction::Stay
        }
    }

    /// The end that the chosen expiry means.
    ///
    /// # Errors
    /// Where it is none, or one that the server would refuse.
    pub fn end(&self) -> Result<End, ExpiryError> {
        match &self.preparation {
            Some(known) => self.terms.end(known.server_now, known.policy),
            None => self.terms.chosen_expiry().map(|_| End::Unknown),
        }
    }

    /// Takes a key.
    pub fn key(&mut self, pressed: Pressed) -> Reaction {
        // Whoever goes on choosing has not confirmed what is chosen then.
        self.armed = false;
        let key = pressed.key;
        match pressed.command {
            Some(Command::Close) => return Reaction::Close,
            Some(Command::Act) => return self.act(),
            Some(Command::Next) => self.turn(1),
            Some(Command::Previous) => self.turn(-1),
            _ => {
                self.problem = None;
                match self.focus {
                    Focus::Name => {
                        self.name.key(key);
                    }
                    Focus::Button => {}
                    Focus::Expiry => self.terms.expiry_key(key),
                    Focus::Destination => self.terms.destination_key(key),
                }
            }
        }
        Reaction::Stay
    }

    /// Takes pasted text, into the field that has the focus.
    pub fn paste(&mut self, text: &str) {
        self.armed = false;
        self.problem = None;
        match self.focus {
            Focus::Name => self.name.paste(text),
            Focus::Button => {}
            Focus::Expiry => self.terms.paste_expiry(text),
            Focus::Destination => self.terms.paste_destination(text),
        }
    }

    /// What the key bar says of a command: nothing while it does nothing.
    pub fn word(&self, command: Command, usual: &'static str) -> Option<&'static str> {
        let chooses = matches!(self.focus, Focus::Expiry | Focus::Destination);
        match command {
            Command::Act => self.is_ready().then(|| self.verb().as_str()),
            Command::Earlier => chooses.then_some(usual),
            _ => Some(usual),
        }
    }

    fn parts(&self) -> [Focus; 3] {
        let first = match self.verb() {
            Verb::Generate => Focus::Button,
            _ => Focus::Name,
        };
        [first, Focus::Expiry, Focus::Destination]
    }

    fn turn(&mut self, by: isize) {
        let parts = self.parts();
        let at = parts.iter().position(|part| *part == self.focus);
        self.focus = parts[turned(at.unwrap_or(0), by, parts.len())];
    }

    /// Has this part take the keys.
    pub fn go_to(&mut self, part: Focus) {
        self.armed = false;
        if self.parts().contains(&part) {
            self.focus = part;
        }
    }

    fn act(&mut self) -> Reaction {
        if !self.confirmed() {
            self.problem = not_its_name(self.name.text(), &self.slot.organization);
            return Reaction::Stay;
        }
        if self.preparation.is_none() {
            self.armed = self.verb() == Verb::Generate;
            self.problem = Some("one moment: the destination is being proven".to_owned());
            return Reaction::Stay;
        }
        self.armed = false;
        match self.order() {
            Ok(order) => Reaction::Perform(Box::new(order)),
            Err(problem) => {
                self.problem = Some(problem);
                Reaction::Stay
            }
        }
    }

    fn order(&self) -> Result<Order, String> {
        self.end().map_err(|error| error.to_string())?;
        Ok(Order {
            slot: self.slot.clone(),
            act: self.terms.act()?,
            shown: self.shown.clone(),
            last_use: self.last_use,
            needs_rescue: false,
            without_journal: false,
        })
    }
}
