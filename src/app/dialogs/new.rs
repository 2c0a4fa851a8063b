//! Generate and Replace: the expiry, the destination, and for a token that
//! would die its identification and the organization's name.

use std::path::PathBuf;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;

use super::{Fact, Reaction};
use crate::action::{Act, Order, Verb};
use crate::app::field::Field;
use crate::app::message::{Choice, EffectId, Preparation};
use crate::delivery::Destination;
use crate::expiry::{Expiry, ExpiryError};
use crate::slot::{Identity, Slot};

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

/// One expiry to choose.
#[derive(Clone, Debug)]
pub enum ExpiryChoice {
    /// One of the usual ones.
    Given(Expiry),
    /// What is typed.
    Typed,
}

/// The end of life that a new token would have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Not before the host's clock is known.
    Unknown,
    /// None is asked for.
    ServerDecides,
    /// This is asked for.
    At(Timestamp),
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
    /// The part that takes the keys.
    pub focus: Focus,
    /// The organization's name, as typed.
    pub name: Field,
    /// The expiries to choose from.
    pub expiries: Vec<ExpiryChoice>,
    /// The chosen one.
    pub expiry: usize,
    /// The typed expiry.
    pub typed: Field,
    /// The typed path of a file.
    pub path: Field,
    /// The chosen destination, in the preparation's choices.
    pub destination: usize,
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
    pub fn new(
        slot: Slot,
        shown: Identity,
        facts: Vec<Fact>,
        default: Expiry,
        preparing: EffectId,
    ) -> Self {
        let mut expiries: Vec<ExpiryChoice> = ["30d", "60d", "90d", "1y", "default"]
            .iter()
            .filter_map(|text| Expiry::parse(text).ok())
            .map(ExpiryChoice::Given)
            .collect();
        let usual = expiries
            .iter()
            .position(|choice| matches!(choice, ExpiryChoice::Given(given) if *given == default));
        let expiry = usual.unwrap_or_else(|| {
            expiries.insert(0, ExpiryChoice::Given(default));
            0
        });
        expiries.push(ExpiryChoice::Typed);
        let focus = match shown {
            Identity::None => Focus::Button,
            _ => Focus::Name,
        };
        Self {
            slot,
            facts,
            shown,
            focus,
            name: Field::default(),
            expiries,
            expiry,
            typed: Field::default(),
            path: Field::default(),
            destination: 0,
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

    /// The chosen destination.
    pub fn choice(&self) -> Option<&Choice> {
        self.preparation
            .as_ref()
            .and_then(|preparation| preparation.choices.get(self.destination))
    }

    /// Takes what was found out.
    pub fn prepared(&mut self, preparation: Preparation) -> Reaction {
        self.destination = preparation.default;
        if preparation.policy.is_some() {
            self.offer_longest();
        }
        self.preparation = Some(preparation);
        self.problem = None;
        if self.armed {
            self.act()
        } else {
            Reaction::Stay
        }
    }

    /// Only where a limit is known is there a longest expiry below it.
    fn offer_longest(&mut self) {
        let given = |choice: &ExpiryChoice, expiry| matches!(choice, ExpiryChoice::Given(given) if *given == expiry);
        if self
            .expiries
            .iter()
            .any(|choice| given(choice, Expiry::Longest))
        {
            return;
        }
        let before = self
            .expiries
            .iter()
            .position(|choice| given(choice, Expiry::ServerDefault))
            .unwrap_or(0);
        self.expiries
            .insert(before, ExpiryChoice::Given(Expiry::Longest));
        // What was chosen stays chosen.
        if self.expiry >= before {
            self.expiry += 1;
        }
    }

    /// The expiry as chosen or typed.
    ///
    /// # Errors
    /// Where what is typed is none.
    pub fn chosen_expiry(&self) -> Result<Expiry, ExpiryError> {
        match self.expiries.get(self.expiry) {
            Some(ExpiryChoice::Given(expiry)) => Ok(*expiry),
            _ => Expiry::parse(self.typed.text()),
        }
    }

    /// The end that the chosen expiry means.
    ///
    /// # Errors
    /// Where it is none, or one that the server would refuse.
    pub fn end(&self) -> Result<End, ExpiryError> {
        let expiry = self.chosen_expiry()?;
        let Some(preparation) = &self.preparation else {
            return Ok(End::Unknown);
        };
        Ok(
            match expiry.resolve(preparation.server_now, preparation.policy)? {
                Some(at) => End::At(at),
                None => End::ServerDecides,
            },
        )
    }

    /// Takes a key.
    pub fn key(&mut self, key: &KeyEvent) -> Reaction {
        // Whoever goes on choosing has not confirmed what is chosen then.
        self.armed = false;
        match key.code {
            KeyCode::Esc => return Reaction::Close,
            KeyCode::Enter => return self.act(),
            KeyCode::Tab | KeyCode::Down => self.turn(1),
            KeyCode::BackTab | KeyCode::Up => self.turn(-1),
            _ => {
                self.problem = None;
                match self.focus {
                    Focus::Name => {
                        self.name.key(key);
                    }
                    Focus::Button => {}
                    Focus::Expiry => self.expiry_key(key),
                    Focus::Destination => self.destination_key(key),
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
            Focus::Expiry => {
                self.expiry = self.expiries.len() - 1;
                self.typed.paste(text);
            }
            Focus::Destination if self.wants_path() => self.path.paste(text),
            Focus::Destination => {}
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

    fn expiry_key(&mut self, key: &KeyEvent) {
        match key.code {
            KeyCode::Left => self.expiry = turned(self.expiry, -1, self.expiries.len()),
            KeyCode::Right => self.expiry = turned(self.expiry, 1, self.expiries.len()),
            // A character begins a typed expiry, whatever was chosen before.
            KeyCode::Char(_) | KeyCode::Backspace
                if !key
                    .modifiers
                    .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) =>
            {
                self.expiry = self.expiries.len() - 1;
                self.typed.key(key);
            }
            _ => {}
        }
    }

    /// Whether the chosen destination is a file, whose path is typed.
    pub fn wants_path(&self) -> bool {
        self.choice()
            .is_some_and(|choice| matches!(choice.to, Destination::File(_)))
    }

    fn destination_key(&mut self, key: &KeyEvent) {
        let count = self
            .preparation
            .as_ref()
            .map_or(0, |preparation| preparation.choices.len());
        match key.code {
            KeyCode::Left if count > 0 => self.destination = turned(self.destination, -1, count),
            KeyCode::Right if count > 0 => self.destination = turned(self.destination, 1, count),
            _ if self.wants_path() => {
                self.path.key(key);
            }
            _ => {}
        }
    }

    fn act(&mut self) -> Reaction {
        if !self.confirmed() {
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
        let expiry = self.chosen_expiry().map_err(|error| error.to_string())?;
        let choice = self.choice().ok_or("there is no destination")?;
        if let Some(problem) = &choice.problem {
            return Err(problem.clone());
        }
        let to = match &choice.to {
            Destination::File(_) if self.path.text().trim().is_empty() => {
                return Err("type the path of the file".to_owned());
            }
            Destination::File(_) => Destination::File(PathBuf::from(self.path.text())),
            other => other.clone(),
        };
        Ok(Order {
            slot: self.slot.clone(),
            act: Act::New { expiry, to },
            shown: self.shown.clone(),
            needs_rescue: false,
            without_journal: false,
        })
    }
}

fn turned(at: usize, by: isize, count: usize) -> usize {
    let count = isize::try_from(count).unwrap_or(isize::MAX).max(1);
    let at = isize::try_from(at).unwrap_or(0);
    usize::try_from((at + by).rem_euclid(count)).unwrap_or(0)
}
