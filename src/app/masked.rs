//! A field for a credential: what is typed is never shown, and never copied by
//! a buffer that grows.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent};
use zeroize::Zeroizing;

use super::keys::with_modifier;

/// The most bytes that the field takes; its buffer has room for them at once.
const ROOM: usize = 4096;

/// The field. It has no cursor: the end is the only place to type at.
pub struct Masked(Zeroizing<String>);

impl Default for Masked {
    fn default() -> Self {
        Self(Zeroizing::new(String::with_capacity(ROOM)))
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masked(…)")
    }
}

impl Masked {
    /// How many characters there are.
    pub fn len(&self) -> usize {
        self.0.chars().count()
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a key; true if it changed what is there.
    pub fn key(&mut self, key: &KeyEvent) -> bool {
        match key.code {
            KeyCode::Char(c) if !with_modifier(key) => self.push(c),
            KeyCode::Backspace => {
                // What is taken off must not stay behind the text's end.
                let Some((at, _)) = self.0.char_indices().next_back() else {
                    return false;
                };
                let mut shorter = Masked::default();
                shorter.0.push_str(&self.0[..at]);
                *self = shorter;
                true
            }
            _ => false,
        }
    }

    /// Takes pasted text, without the line ends and blanks around it.
    pub fn paste(&mut self, text: &str) {
        for c in text.trim().chars() {
            self.push(c);
        }
    }

    fn push(&mut self, c: char) -> bool {
        let fits = self.0.len() + c.len_utf8() <= ROOM;
        if fits {
            self.0.push(c);
        }
        fits
    }

    /// Takes what was typed out of the field.
    pub fn take(&mut self) -> Zeroizing<String> {
        std::mem::take(self).0
    }

    /// What was typed, in a buffer of its own.
    pub fn copy(&self) -> Zeroizing<String> {
        let mut copy = Zeroizing::new(String::with_capacity(self.0.len()));
        copy.push_str(&self.0);
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyModifiers;

    #[test]
    fn the_buffer_never_grows_and_nothing_prints_it() {
        let mut field = Masked::default();
        let start = field.0.as_ptr();
        field.paste(&format!("  {}\r\n", "ä".repeat(ROOM)));
        assert_eq!((field.len(), field.0.as_ptr()), (ROOM / 2, start));
        let key = |code| KeyEvent::new(code, KeyModifiers::NONE);
        assert!(!field.key(&key(KeyCode::Char('x'))));
        assert!(field.key(&key(KeyCode::Backspace)));
        assert!(field.key(&key(KeyCode::Char('x'))));
        assert_eq!(field.len(), ROOM / 2);
        assert_eq!(format!("{field:?}"), "Masked(…)");
        assert!(field.take().ends_with("äx"));
        assert!(field.is_empty());
    }
}
