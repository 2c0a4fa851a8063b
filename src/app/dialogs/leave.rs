//! The question before an undelivered secret is let go: `c` and `y` copy it,
//! and only the typed word `lose` lets it go.

use crate::app::field::Field;
use crate::app::keys::{Command, Pressed, with_modifier};
use crate::slot::Slot;

/// The word that lets a secret go.
pub const WORD: &str = "lose";

/// The question.
#[derive(Debug, Default)]
pub struct LeaveDialog {
    /// Whose secret is not delivered.
    pub slots: Vec<Slot>,
    /// What was typed.
    pub word: Field,
    /// Whether the program ends afterwards, or only the panel closes.
    pub leaving: bool,
}

/// What the owner wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing yet.
    Stay,
    /// Back to the secret.
    Back,
    /// Copy it.
    Copy,
    /// Let it go.
    Lose,
}

impl LeaveDialog {
    /// Takes a key.
    pub fn key(&mut self, pressed: Pressed) -> Answer {
        if with_modifier(pressed.key) {
            return Answer::Stay;
        }
        match pressed.command {
            Some(Command::Close) => Answer::Back,
            Some(Command::Copy) => Answer::Copy,
            Some(Command::Act) if self.word.text() == WORD => Answer::Lose,
            _ => {
                self.word.key(pressed.key);
                Answer::Stay
            }
        }
    }

    /// What the key bar says of a command: nothing while it does nothing.
    pub fn word(&self, command: Command, usual: &'static str) -> Option<&'static str> {
        (command != Command::Act || self.word.text() == WORD).then_some(usual)
    }
}
