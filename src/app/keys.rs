//! The keys, in one table: what a key does, what the key bar calls it and what
//! the help says of it come from the same row, so they cannot disagree.

use std::collections::BTreeMap;
use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use thiserror::Error;

/// What an owner can ask for in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is described in its row of the table")]
pub enum Command {
    New,
    Delete,
    Copy,
    Mark,
    MarkAll,
    Kind,
    Filter,
    Sort,
    SortReverse,
    Refresh,
    RefreshAll,
    Address,
    Add,
    Journal,
    Help,
    Quit,
    Down,
    Up,
    PageDown,
    PageUp,
    Top,
    Bottom,
    Back,
    Suspend,
}

/// One row of the table.
#[derive(Clone, Debug)]
pub struct Binding {
    /// What it does.
    pub command: Command,
    /// Its name in `[keys]` of the configuration.
    pub name: &'static str,
    /// The keys that do it; the first is the one that is shown.
    pub keys: Vec<Key>,
    /// The word in the key bar; empty for what everybody knows.
    pub short: &'static str,
    /// The sentence in the help.
    pub long: &'static str,
}

/// A key as the table knows it: Shift is in the character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    control: bool,
}

impl Key {
    const fn char(c: char) -> Self {
        Self {
            code: KeyCode::Char(c),
            control: false,
        }
    }

    const fn ctrl(c: char) -> Self {
        Self {
            code: KeyCode::Char(c),
            control: true,
        }
    }

    const fn code(code: KeyCode) -> Self {
        Self {
            code,
            control: false,
        }
    }

    /// The key of a terminal event.
    pub fn of(event: &KeyEvent) -> Self {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let code = match event.code {
            KeyCode::Char(c) if control => KeyCode::Char(c.to_ascii_lowercase()),
            code => code,
        };
        Self { code, control }
    }

    /// Reads `R`, `ctrl-r`, `f5`, `space`, `esc`, `pgdn`.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.to_lowercase();
        if let Some(rest) = lower.strip_prefix("ctrl-") {
            let mut chars = rest.chars();
            return match (chars.next(), chars.next()) {
                (Some(c), None) => Some(Self::ctrl(c)),
                _ => None,
            };
        }
        let mut chars = text.chars();
        if let (Some(c), None) = (chars.next(), chars.next()) {
            return (!c.is_control() && !c.is_whitespace()).then(|| Self::char(c));
        }
        let code = match lower.as_str() {
            "space" => KeyCode::Char(' '),
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "pgup" => KeyCode::PageUp,
            "pgdn" => KeyCode::PageDown,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            "delete" => KeyCode::Delete,
            "insert" => KeyCode::Insert,
            other => {
                let n: u8 = other.strip_prefix('f')?.parse().ok()?;
                if !(1..=12).contains(&n) {
                    return None;
                }
                KeyCode::F(n)
            }
        };
        Some(Self::code(code))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.control {
            f.write_str("Ctrl-")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) if self.control => write!(f, "{}", c.to_ascii_uppercase()),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::Up => f.write_str("↑"),
            KeyCode::Down => f.write_str("↓"),
            KeyCode::Left => f.write_str("←"),
            KeyCode::Right => f.write_str("→"),
            KeyCode::F(n) => write!(f, "F{n}"),
            code => write!(f, "{code:?}"),
        }
    }
}

/// Whether a key was pressed together with Ctrl or Alt. A terminal sends Esc and
/// a quick second key as Alt with that key, so what must not happen by accident
/// looks here first.
pub fn with_modifier(event: &KeyEvent) -> bool {
    event
        .modifiers
        .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
}

/// Why `[keys]` cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum KeymapError {
    /// No such action.
    #[error("[keys] knows no action `{name}`; it knows {known}")]
    UnknownAction { name: String, known: String },
    /// Not a key.
    #[error(
        "[keys] {name} = \"{key}\" is not a key; write one character, `ctrl-x`, `f5`, `space`, `pgdn` or the like"
    )]
    NotAKey { name: String, key: String },
    /// One key for two actions.
    #[error(
        "[keys] gives the key {key} to both `{first}` and `{second}`; give one of them another"
    )]
    Clash {
        key: String,
        first: &'static str,
        second: &'static str,
    },
}

impl KeymapError {
    /// The action in `[keys]` that is to be changed.
    pub fn action(&self) -> &str {
        match self {
            KeymapError::UnknownAction { name, .. } | KeymapError::NotAKey { name, .. } => name,
            KeymapError::Clash { second, .. } => second,
        }
    }
}

/// The table in force.
#[derive(Clone, Debug)]
pub struct Keymap(Vec<Binding>);

impl Keymap {
    /// The defaults with what the configuration says: an action that is named
    /// there has that key and no other.
    pub fn new(changes: &BTreeMap<String, String>) -> Result<Self, KeymapError> {
        let mut bindings = defaults();
        for (name, key) in changes {
            let known = bindings
                .iter()
                .map(|binding| binding.name)
                .collect::<Vec<_>>()
                .join(", ");
            let binding = bindings
                .iter_mut()
                .find(|binding| binding.name == name)
                .ok_or_else(|| KeymapError::UnknownAction {
                    name: name.clone(),
                    known,
                })?;
            let key = Key::parse(key).ok_or_else(|| KeymapError::NotAKey {
                name: name.clone(),
                key: key.clone(),
            })?;
            binding.keys = vec![key];
        }
        let mut owner: Vec<(Key, &'static str)> = Vec::new();
        for binding in &bindings {
            for key in &binding.keys {
                if let Some((_, first)) = owner.iter().find(|(known, _)| known == key) {
                    return Err(KeymapError::Clash {
                        key: key.to_string(),
                        first,
                        second: binding.name,
                    });
                }
                owner.push((*key, binding.name));
            }
        }
        Ok(Self(bindings))
    }

    /// What a key asks for.
    pub fn command(&self, event: &KeyEvent) -> Option<Command> {
        let key = Key::of(event);
        self.0
            .iter()
            .find(|binding| binding.keys.contains(&key))
            .map(|binding| binding.command)
    }

    /// The rows, in the order in which they are shown.
    pub fn bindings(&self) -> &[Binding] {
        &self.0
    }

    /// The key that is shown for a command.
    pub fn key(&self, command: Command) -> String {
        self.0
            .iter()
            .find(|binding| binding.command == command)
            .and_then(|binding| binding.keys.first())
            .map(Key::to_string)
            .unwrap_or_default()
    }
}

fn defaults() -> Vec<Binding> {
    use Command as C;
    let row = |command, name, keys: &[Key], short, long| Binding {
        command,
        name,
        keys: keys.to_vec(),
        short,
        long,
    };
    let c = Key::char;
    let k = Key::code;
    vec![
        row(
            C::New,
            "new",
            &[c('n')],
            "new token",
            "generate a token, or replace the one that is there",
        ),
        row(C::Delete, "delete", &[c('d')], "delete", "delete the token"),
        row(
            C::Copy,
            "copy",
            &[c('c'), c('y')],
            "copy",
            "copy the organization's name",
        ),
        row(
            C::Mark,
            "mark",
            &[c(' ')],
            "mark",
            "mark the slot, or take its mark away, and move on",
        ),
        row(
            C::MarkAll,
            "mark_all",
            &[c('*')],
            "",
            "mark all that are shown, or unmark them if all are marked",
        ),
        row(
            C::Kind,
            "kind",
            &[k(KeyCode::Tab)],
            "",
            "the audit trail tokens, where hosts have them; and back",
        ),
        row(
            C::Filter,
            "filter",
            &[c('/')],
            "filter",
            "filter by organization, host and state; Enter keeps it",
        ),
        row(
            C::Sort,
            "sort",
            &[c('s')],
            "sort",
            "sort by the next column",
        ),
        row(
            C::SortReverse,
            "sort_reverse",
            &[c('S')],
            "",
            "reverse the order",
        ),
        row(
            C::Refresh,
            "refresh",
            &[c('r')],
            "refresh",
            "read the selected slot again",
        ),
        row(
            C::RefreshAll,
            "refresh_all",
            &[c('R')],
            "",
            "read everything again",
        ),
        row(
            C::Address,
            "address",
            &[c('o')],
            "",
            "show the address of the organization's token page",
        ),
        row(
            C::Add,
            "add",
            &[c('a')],
            "",
            "add a host, or an organization",
        ),
        row(
            C::Journal,
            "journal",
            &[c('H')],
            "",
            "the journal: what was done, and what became of it",
        ),
        row(
            C::Help,
            "help",
            &[c('?'), k(KeyCode::F(1))],
            "help",
            "this help",
        ),
        row(C::Quit, "quit", &[c('q'), Key::ctrl('c')], "quit", "leave"),
        row(C::Down, "down", &[c('j'), k(KeyCode::Down)], "", "next row"),
        row(C::Up, "up", &[c('k'), k(KeyCode::Up)], "", "previous row"),
        row(
            C::PageDown,
            "page_down",
            &[k(KeyCode::PageDown), Key::ctrl('f')],
            "",
            "a page down",
        ),
        row(
            C::PageUp,
            "page_up",
            &[k(KeyCode::PageUp), Key::ctrl('b')],
            "",
            "a page up",
        ),
        row(C::Top, "top", &[c('g'), k(KeyCode::Home)], "", "first row"),
        row(
            C::Bottom,
            "bottom",
            &[c('G'), k(KeyCode::End)],
            "",
            "last row",
        ),
        row(
            C::Back,
            "back",
            &[k(KeyCode::Esc)],
            "",
            "undo one thing: the top dialog, else the filter, else the marks",
        ),
        row(
            C::Suspend,
            "suspend",
            &[Key::ctrl('z')],
            "",
            "suspend; `fg` comes back",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn the_defaults_do_not_clash_and_are_found() {
        let keys = Keymap::new(&BTreeMap::new()).unwrap();
        let of = |code, modifiers| keys.command(&press(code, modifiers));
        assert_eq!(
            of(KeyCode::Char('R'), KeyModifiers::SHIFT),
            Some(Command::RefreshAll)
        );
        assert_eq!(
            of(KeyCode::Char('c'), KeyModifiers::CONTROL),
            Some(Command::Quit)
        );
        assert_eq!(
            of(KeyCode::Char('c'), KeyModifiers::NONE),
            Some(Command::Copy)
        );
        assert_eq!(of(KeyCode::F(1), KeyModifiers::NONE), Some(Command::Help));
    }

    #[test]
    fn a_rebound_key_moves_and_a_clash_is_an_error() {
        let change = |name: &str, key: &str| {
            Keymap::new(&BTreeMap::from([(name.to_owned(), key.to_owned())]))
        };
        let keys = change("refresh_all", "f5").unwrap();
        assert_eq!(
            keys.command(&press(KeyCode::F(5), KeyModifiers::NONE)),
            Some(Command::RefreshAll)
        );
        assert_eq!(
            keys.command(&press(KeyCode::Char('R'), KeyModifiers::SHIFT)),
            None
        );
        assert!(matches!(
            change("refresh_all", "n"),
            Err(KeymapError::Clash { .. })
        ));
        assert!(matches!(
            change("explode", "n"),
            Err(KeymapError::UnknownAction { .. })
        ));
        assert!(matches!(
            change("new", "hyper-x"),
            Err(KeymapError::NotAKey { .. })
        ));
    }
}
