//! A one-line text field. Every character is text; pasted text goes in without
//! its line ends. Never used for a secret.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::keys::with_modifier;
use crate::text;

/// The most characters that a field takes.
const LIMIT: usize = 400;

/// A field and its cursor.
#[derive(Clone, Debug, Default)]
pub struct Field(Input);

impl Field {
    /// A field with text in it, the cursor at its end.
    pub fn with(text: &str) -> Self {
        Self(Input::new(text.to_owned()))
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.0.value()
    }

    /// The text before the cursor, and the text behind it.
    pub fn halves(&self) -> (&str, &str) {
        let text = self.text();
        let at = text.char_indices().nth(self.0.cursor());
        text.split_at(at.map_or(text.len(), |(at, _)| at))
    }

    /// Takes a key; true if it was one for a text field.
    pub fn key(&mut self, key: &KeyEvent) -> bool {
        let editing = match key.code {
            KeyCode::Char(_) => !with_modifier(key) && self.text().chars().count() < LIMIT,
            KeyCode::Backspace
            | KeyCode::Delete
            | KeyCode::Left
            | KeyCode::Right
            | KeyCode::Home
            | KeyCode::End => true,
            _ => false,
        };
        if editing {
            self.0.handle_event(&Event::Key(*key));
        }
        editing
    }

    /// Takes pasted text, without its line ends and what cannot be seen.
    pub fn paste(&mut self, text: &str) {
        let line: String = text.chars().filter(|c| !c.is_control()).collect();
        for c in text::safe(&line).chars() {
            if self.text().chars().count() >= LIMIT {
                break;
            }
            self.0.handle(tui_input::InputRequest::InsertChar(c));
        }
    }
}
