//! What a new token is to be like: how long it lives and where its secret goes.
//! Chosen in the same way for one slot and for many.

use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use jiff::Timestamp;

use super::turned;
use crate::action::Act;
use crate::app::field::Field;
use crate::app::keys::with_modifier;
use crate::app::message::Choice;
use crate::delivery::Destination;
use crate::expiry::{Expiry, ExpiryError};

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

/// The expiry and the destination.
#[derive(Debug)]
pub struct Terms {
    /// The expiries to choose from.
    pub expiries: Vec<ExpiryChoice>,
    /// The chosen one.
    pub expiry: usize,
    /// The typed expiry.
    pub typed: Field,
    /// The places to choose from; none before they are known.
    pub choices: Vec<Choice>,
    /// The chosen one.
    pub destination: usize,
    /// The typed path of a file.
    pub path: Field,
}

impl Terms {
    /// The usual expiries, and the default among them.
    pub fn new(default: Expiry) -> Self {
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
        Self {
            expiries,
            expiry,
            typed: Field::default(),
            choices: Vec::new(),
            destination: 0,
            path: Field::default(),
        }
    }

    /// Takes the places, and which of them is meant by default.
    pub fn offer(&mut self, choices: Vec<Choice>, default: usize) {
        self.choices = choices;
        self.destination = default;
    }

    /// Only where a limit is known is there a longest expiry below it.
    pub fn offer_longest(&mut self) {
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

    /// The chosen destination.
    pub fn choice(&self) -> Option<&Choice> {
        self.choices.get(self.destination)
    }

    /// Whether the chosen destination is a file, whose path is typed.
    pub fn wants_path(&self) -> bool {
        self.choice()
            .is_some_and(|choice| matches!(choice.to, Destination::File(_)))
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

    /// The end that the chosen expiry means by a host's clock and under an
    /// organization's limit.
    ///
    /// # Errors
    /// Where it is none, or one that the server would refuse.
    pub fn end(&self, server_now: Timestamp, policy: Option<Duration>) -> Result<End, ExpiryError> {
        Ok(match self.chosen_expiry()?.resolve(server_now, policy)? {
            Some(at) => End::At(at),
            None => End::ServerDecides,
        })
    }

    /// The destination, with the path that was typed.
    ///
    /// # Errors
    /// In words, where there is none that can be used.
    pub fn to(&self) -> Result<Destination, String> {
        let choice = self.choice().ok_or("there is no destination")?;
        if let Some(problem) = &choice.problem {
            return Err(problem.clone());
        }
        match &choice.to {
            Destination::File(_) if self.path.text().trim().is_empty() => {
                Err("type the path of the file".to_owned())
            }
            Destination::File(_) => Ok(Destination::File(PathBuf::from(self.path.text()))),
            other => Ok(other.clone()),
        }
    }

    /// What is asked for. Whether a server would refuse its end, [`Terms::end`]
    /// says.
    ///
    /// # Errors
    /// In words, where the expiry or the destination is none.
    pub fn act(&self) -> Result<Act, String> {
        Ok(Act::New {
            expiry: self.chosen_expiry().map_err(|error| error.to_string())?,
            to: self.to()?,
        })
    }

    /// A key while the expiry has the focus.
    pub fn expiry_key(&mut self, key: &KeyEvent) {
        match key.code {
            KeyCode::Left => self.expiry = turned(self.expiry, -1, self.expiries.len()),
            KeyCode::Right => self.expiry = turned(self.expiry, 1, self.expiries.len()),
            // A character begins a typed expiry, whatever was chosen before.
            KeyCode::Char(_) | KeyCode::Backspace if !with_modifier(key) => {
                self.expiry = self.expiries.len() - 1;
                self.typed.key(key);
            }
            _ => {}
        }
    }

    /// A key while the destination has the focus.
    pub fn destination_key(&mut self, key: &KeyEvent) {
        let count = self.choices.len();
        match key.code {
            KeyCode::Left if count > 0 => self.destination = turned(self.destination, -1, count),
            KeyCode::Right if count > 0 => self.destination = turned(self.destination, 1, count),
            _ if self.wants_path() => {
                self.path.key(key);
            }
            _ => {}
        }
    }

    /// Pasted text while the expiry has the focus.
    pub fn paste_expiry(&mut self, text: &str) {
        self.expiry = self.expiries.len() - 1;
        self.typed.paste(text);
    }

    /// Pasted text while the destination has the focus.
    pub fn paste_destination(&mut self, text: &str) {
        if self.wants_path() {
            self.path.paste(text);
        }
    }
}
