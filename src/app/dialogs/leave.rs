//! The question before an undelivered secret is let go: `c` and `y` copy it,
//! and only the typed word `lose` lets it go.

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::field::Field;
use crate::app::keys::with_modifier;
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
    pub fn key(&mut self, key: &KeyEvent) -> Answer {
        if with_modifier(key) {
            return Answer::Stay;
        }
        match key.code {
            KeyCode::Esc => Answer::Back,
            KeyCode::Char('c' | 'y') => Answer::Copy,
            KeyCode::Enter if self.word.text() == WORD => Answer::Lose,
            _ => {
                self.word.key(key);
                Answer::Stay
            }
        }
    }
}
