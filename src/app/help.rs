//! The help: every key, made from the table that the keys come from. What is
//! typed narrows it down.

use super::field::Field;
use super::keys::{Command, Context, Keymap, Pressed, moved};
use super::layout;
use super::wrap::wrapped;
use crate::slot::State;

/// The help's state.
#[derive(Debug)]
pub struct Help {
    /// The first line shown.
    pub offset: usize,
    /// What is searched for.
    pub search: Field,
    /// What it was opened over: its keys come first.
    over: Context,
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

/// Every key and every state, in parts with a headline.
fn parts(keymap: &Keymap, over: Context) -> Vec<(&'static str, Vec<(String, String)>)> {
    let rest = Context::ALL.into_iter().filter(|context| *context != over);
    let mut parts: Vec<_> = std::iter::once(over)
        .chain(rest)
        .map(|context| {
            let rows = keymap.rows(context).iter().map(|binding| {
                let keys: Vec<String> = binding.keys.iter().map(ToString::to_string).collect();
                (keys.join(" "), binding.long.to_owned())
            });
            (context.head(), rows.collect())
        })
        .collect();
    let states = State::ALL.map(|state| (state.word().to_owned(), state.meaning().to_owned()));
    // Sooner than the views that are opened now and then.
    let list = if over == Context::List { 1 } else { 2 };
    parts.insert(list, ("The states", states.to_vec()));
    parts
}

impl Help {
    /// The help over what has the keys.
    pub fn over(context: Context) -> Self {
        Self {
            offset: 0,
            search: Field::default(),
            over: context,
        }
    }

    /// What it says, in lines of at most `width` columns: of each part what has
    /// every word that is searched for.
    pub fn lines(&self, keymap: &Keymap, width: usize) -> Vec<Line> {
        let search = self.search.text().to_lowercase();
        // Many begin a search with it; alone it is a key that is looked for.
        let search = match search.strip_prefix('/') {
            Some(rest) if !rest.trim().is_empty() => rest,
            _ => &search,
        };
        let words: Vec<&str> = search.split_whitespace().collect();
        let mut lines = Vec::new();
        for (head, entries) in parts(keymap, self.over) {
            let fits = |(key, text): &(String, String)| {
                let all = format!("{head} {key} {text}").to_lowercase();
                words.iter().all(|word| all.contains(word))
            };
            let mut entries = entries.into_iter().filter(fits).peekable();
            if entries.peek().is_some() {
                lines.push(Line::Head(head));
            }
            for (key, text) in entries {
                let mut key = Some(key);
                for text in wrapped(&text, width.saturating_sub(KEYS)) {
                    lines.push(Line::Entry(key.take().unwrap_or_default(), text));
                }
            }
        }
        lines
    }

    /// The lines that are not shown when its end is.
    fn last(&self, keymap: &Keymap, size: (u16, u16)) -> usize {
        let lines = self.lines(keymap, layout::help_width(size)).len();
        lines.saturating_sub(layout::help_lines(size))
    }

    /// Takes a key; true when the help is to be closed.
    pub fn key(&mut self, pressed: Pressed, keymap: &Keymap, size: (u16, u16)) -> bool {
        let last = self.last(keymap, size);
        let page = layout::help_lines(size).max(1);
        match pressed.command {
            Some(Command::Close) if self.search.text().is_empty() => return true,
            Some(Command::Close) => {
                self.search = Field::default();
                self.offset = 0;
            }
            Some(command) => {
                let to = moved(self.offset, command, last, page);
                self.offset = to.unwrap_or(self.offset);
            }
            // Nobody looks for the key that opened it.
            None if self.search.text().is_empty() && opens(keymap, &pressed) => return true,
            None => {
                if self.search.key(pressed.key) {
                    self.offset = 0;
                }
            }
        }
        false
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        self.search.paste(text);
        self.offset = 0;
    }

    /// What the key bar says of a command: nothing while it does nothing.
    pub fn word(
        &self,
        command: Command,
        usual: &'static str,
        keymap: &Keymap,
        size: (u16, u16),
    ) -> Option<&'static str> {
        match command {
            Command::Down => (self.last(keymap, size) > 0).then_some(usual),
            Command::Close if !self.search.text().is_empty() => Some("clear"),
            _ => Some(usual),
        }
    }
}

fn opens(keymap: &Keymap, pressed: &Pressed) -> bool {
    keymap.command(Context::List, pressed.key) == Some(Command::Help)
}
