//! The help: every key, made from the table that the keys come from.

use crossterm::event::{KeyCode, KeyEvent};
use unicode_width::UnicodeWidthStr;

use super::keys::{Command, Keymap};
use crate::slot::State;

/// The help's state: how far it is scrolled.
#[derive(Debug, Default)]
pub struct Help {
    /// The first line shown.
    pub offset: usize,
}

/// One line of the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A headline.
    Head(&'static str),
    /// A key, or a state's word, and what it means.
    Entry(String, String),
}

/// The columns for the keys, with the gap behind them.
pub const KEYS: usize = 16;

/// What the help says, in lines of at most `width` columns.
pub fn lines(keymap: &Keymap, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for line in whole_lines(keymap) {
        match line {
            Line::Entry(key, text) => {
                let mut key = Some(key);
                for text in wrapped(&text, width.saturating_sub(KEYS)) {
                    lines.push(Line::Entry(key.take().unwrap_or_default(), text));
                }
            }
            head => lines.push(head),
        }
    }
    lines
}

/// Breaks a text at blanks.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ').flat_map(|word| pieces(word, width)) {
        let last = lines.last_mut();
        match last {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A word that is wider than a line, in pieces that are not.
fn pieces(word: &str, width: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while rest.width() > width {
        let fits = |end: &usize| rest[..*end].width() <= width;
        let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8());
        let end = ends.take_while(fits).last();
        // At least one character, or the rest would never end.
        let end = end.unwrap_or_else(|| rest.chars().next().map_or(rest.len(), char::len_utf8));
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

fn whole_lines(keymap: &Keymap) -> Vec<Line> {
    let entry = |key: &str, text: &str| Line::Entry(key.to_owned(), text.to_owned());
    let mut lines = vec![Line::Head("In the list")];
    for binding in keymap.bindings() {
        let keys: Vec<String> = binding.keys.iter().map(ToString::to_string).collect();
        lines.push(Line::Entry(keys.join(" "), binding.long.to_owned()));
    }
    lines.push(Line::Head("In a dialog"));
    lines.extend([
        entry("Tab ↑ ↓", "the next field; ← → choose in it"),
        entry("Enter", "act, once what is asked for is typed"),
        entry("Esc", "close the dialog; nothing is sent"),
    ]);
    let key = |command| keymap.key(command);
    let acting = [Command::New, Command::Delete, Command::Refresh].map(key);
    lines.push(Line::Head("With marks"));
    lines.extend([
        entry(
            &acting.join(" "),
            "act on all that are marked, shown or not",
        ),
        entry("↑ ↓ PgUp PgDn", "scroll the list of what dies"),
        entry("Enter", "act, once the number of slots is typed"),
        entry("Esc", "while it runs: stop after the present one"),
    ]);
    lines.push(Line::Head("With a new secret"));
    lines.extend([
        entry("c y", "copy it"),
        entry("v", "reveal or hide it; hidden again after 30 s"),
        entry("w", "write it to a file"),
        entry("p", "send it to a configured delivery"),
        entry("k", "put it into the keyring"),
        entry(
            "s",
            "store it where your old credential is, after a replace of your own token",
        ),
        entry("t", "test it: ask the host whom it authenticates"),
        entry("Esc", "close; asks first while it is delivered nowhere"),
    ]);
    lines.push(Line::Head("The states"));
    for state in State::ALL {
        lines.push(entry(state.word(), state.meaning()));
    }
    lines
}

impl Help {
    /// Takes a key; true when the help is to be closed. `last` is the line that
    /// stands first when the end is shown.
    pub fn key(&mut self, key: &KeyEvent, last: usize) -> bool {
        // The window may have grown.
        self.offset = self.offset.min(last);
        match key.code {
            KeyCode::Esc | KeyCode::Enter | KeyCode::F(1) | KeyCode::Char('q' | '?') => {
                return true;
            }
            KeyCode::Down | KeyCode::Char('j') => self.offset = (self.offset + 1).min(last),
            KeyCode::Up | KeyCode::Char('k') => self.offset = self.offset.saturating_sub(1),
            KeyCode::PageDown | KeyCode::Char(' ') => self.offset = (self.offset + 10).min(last),
            KeyCode::PageUp => self.offset = self.offset.saturating_sub(10),
            KeyCode::Home | KeyCode::Char('g') => self.offset = 0,
            KeyCode::End | KeyCode::Char('G') => self.offset = last,
            _ => {}
        }
        false
    }
}
