//! The keys, in one table: what a key does, what the key bar calls it and what
//! the help says of it come from the same row, so they cannot disagree.
//!
//! The table has a part for each [`Context`]. The rows of the list have names,
//! by which `[keys]` gives them other keys; a view that knows the same command
//! goes by the list's row, so a key that was moved is moved everywhere.

use std::collections::BTreeMap;
use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use thiserror::Error;

use super::dialogs::WORD;

/// What has the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is described by `Context::head`")]
pub enum Context {
    List,
    Filter,
    New,
    Delete,
    Many,
    Report,
    Notice,
    Leftovers,
    Panel,
    Path,
    Replacing,
    Choosing,
    Leave,
    Timeline,
    Journal,
    JournalFilter,
    Messages,
    Add,
    Ask,
    Offer,
    Program,
    Help,
}

impl Context {
    /// All of them, in the order in which the help shows them.
    pub const ALL: [Context; 22] = [
        Context::List,
        Context::Filter,
        Context::New,
        Context::Delete,
        Context::Many,
        Context::Report,
        Context::Notice,
        Context::Leftovers,
        Context::Panel,
        Context::Path,
        Context::Replacing,
        Context::Choosing,
        Context::Leave,
        Context::Timeline,
        Context::Journal,
        Context::JournalFilter,
        Context::Messages,
        Context::Add,
        Context::Ask,
        Context::Offer,
        Context::Program,
        Context::Help,
    ];

    /// Its headline in the help.
    pub fn head(self) -> &'static str {
        match self {
            Context::List => "In the list",
            Context::Filter => "While the filter is typed",
            Context::New => "Generate and replace",
            Context::Delete => "Delete",
            Context::Many => "With marks",
            Context::Report => "What became of many",
            Context::Notice => "What became of one",
            Context::Leftovers => "From an earlier run",
            Context::Panel => "With a new secret",
            Context::Path => "Writing a secret to a file",
            Context::Replacing => "Replacing a file",
            Context::Choosing => "Choosing a delivery",
            Context::Leave => "An undelivered secret",
            Context::Timeline => "In the timeline",
            Context::Journal => "In the journal",
            Context::JournalFilter => "While the journal's filter is typed",
            Context::Messages => "In the messages",
            Context::Add => "Adding a host or an organization",
            Context::Ask => "Typing a credential",
            Context::Offer => "At the first start",
            Context::Program => "No credential from a program",
            Context::Help => "In the help",
        }
    }
}

/// What an owner can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is described in its rows of the table")]
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
    Timeline,
    Journal,
    Messages,
    Help,
    Quit,
    Down,
    Up,
    PageDown,
    PageUp,
    HalfDown,
    HalfUp,
    Top,
    Bottom,
    Back,
    Suspend,
    // From here on in the views and dialogs only.
    Act,
    Close,
    Next,
    Previous,
    Earlier,
    Later,
    Reveal,
    Deliver,
    Keyring,
    Store,
    Test,
    Write,
    WithoutJournal,
}

/// One row of the table.
#[derive(Clone, Debug)]
pub struct Binding {
    /// What it does.
    pub command: Command,
    /// Its name in `[keys]` of the configuration; in a view the name of the
    /// list's row that it goes by. Empty for a key that cannot be moved.
    pub name: &'static str,
    /// The keys that do it; the first is the one that is shown.
    pub keys: Vec<Key>,
    /// The word in the key bar; empty for what everybody knows.
    pub short: &'static str,
    /// The sentence in the help.
    pub long: &'static str,
}

/// A key that was pressed, and what it asks for where it was pressed.
#[derive(Clone, Copy, Debug)]
pub struct Pressed<'k> {
    /// What the table says.
    pub command: Option<Command>,
    /// The key itself, for what is typed.
    pub key: &'k KeyEvent,
}

/// Where a view of `last + 1` places stands after a command that moves it;
/// nothing for another command.
pub fn moved(at: usize, command: Command, last: usize, page: usize) -> Option<usize> {
    let at = at.min(last);
    let to = match command {
        Command::Down => at + 1,
        Command::Up => at.saturating_sub(1),
        Command::PageDown => at + page,
        Command::PageUp => at.saturating_sub(page),
        Command::HalfDown => at + (page / 2).max(1),
        Command::HalfUp => at.saturating_sub((page / 2).max(1)),
        Command::Top => 0,
        Command::Bottom => last,
        _ => return None,
    };
    Some(to.min(last))
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

    /// The terminal event that this key is.
    pub fn event(self) -> KeyEvent {
        let modifiers = match self.control {
            true => KeyModifiers::CONTROL,
            false => KeyModifiers::NONE,
        };
        KeyEvent::new(self.code, modifiers)
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
            KeyCode::BackTab => f.write_str("Shift-Tab"),
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
    UnknownAction {
        /// What was written.
        name: String,
        /// What could have been.
        known: String,
    },
    /// Not a key.
    #[error(
        "[keys] {name} = \"{key}\" is not a key; write one character, `ctrl-x`, `f5`, `space`, `pgdn` or the like"
    )]
    NotAKey {
        /// The action.
        name: String,
        /// What was written.
        key: String,
    },
    /// A key that always does the same.
    #[error("[keys] {name} = \"{key}\": this key always {does}; give `{name}` another")]
    Reserved {
        /// The action.
        name: String,
        /// The key.
        key: String,
        /// What the key does.
        does: &'static str,
    },
    /// One key for two actions.
    #[error(
        "[keys] gives the key {key} to both `{first}` and `{second}` ({place}); give one of them another"
    )]
    Clash {
        /// The key.
        key: String,
        /// The one that had it first.
        first: String,
        /// The one that was changed, or comes later in the table.
        second: String,
        /// Where both would be asked for.
        place: String,
    },
}

impl KeymapError {
    /// The action in `[keys]` that is to be changed.
    pub fn action(&self) -> &str {
        match self {
            KeymapError::UnknownAction { name, .. }
            | KeymapError::NotAKey { name, .. }
            | KeymapError::Reserved { name, .. } => name,
            KeymapError::Clash { second, .. } => second,
        }
    }
}

/// The table in force: a part for each context, the list's first.
#[derive(Clone, Debug)]
pub struct Keymap(Vec<(Context, Vec<Binding>)>);

impl Keymap {
    /// The defaults with what the configuration says: an action that is named
    /// there has that key and no other.
    ///
    /// # Errors
    /// An unknown action, what is no key, and a key that would do two things
    /// in one place.
    pub fn new(changes: &BTreeMap<String, String>) -> Result<Self, KeymapError> {
        let mut list = defaults();
        for (name, key) in changes {
            let known = list
                .iter()
                .map(|binding| binding.name)
                .collect::<Vec<_>>()
                .join(", ");
            let binding = list
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
            for (fixed, of, does) in [
                (Key::ctrl('c'), "quit", "leaves the program"),
                (Key::ctrl('z'), "suspend", "suspends it"),
            ] {
                if key == fixed && name != of {
                    return Err(KeymapError::Reserved {
                        name: name.clone(),
                        key: key.to_string(),
                        does,
                    });
                }
            }
            binding.keys = vec![key];
        }
        let rest = Context::ALL.into_iter().skip(1);
        let mut table: Vec<(Context, Vec<Binding>)> = rest
            .map(|context| (context, others(context, &list)))
            .collect();
        table.insert(0, (Context::List, list));
        for (context, rows) in &table {
            refuse_clash(*context, rows, changes)?;
        }
        Ok(Self(table))
    }

    /// What a key asks for in a context. With Alt it asks for nothing outside
    /// the list: a terminal sends Esc and a quick second key as that.
    pub fn command(&self, context: Context, event: &KeyEvent) -> Option<Command> {
        if context != Context::List && event.modifiers.contains(KeyModifiers::ALT) {
            return None;
        }
        let key = Key::of(event);
        self.rows(context)
            .iter()
            .find(|binding| binding.keys.contains(&key))
            .map(|binding| binding.command)
    }

    /// The rows of the list, in the order in which they are shown.
    pub fn bindings(&self) -> &[Binding] {
        self.rows(Context::List)
    }

    /// The rows of a context.
    pub fn rows(&self, context: Context) -> &[Binding] {
        let part = self.0.iter().find(|(of, _)| *of == context);
        part.map_or(&[], |(_, rows)| rows)
    }

    /// The key that is shown for a command of the list.
    pub fn key(&self, command: Command) -> String {
        self.key_in(Context::List, command)
    }

    /// The key that is shown for a command in a context.
    pub fn key_in(&self, context: Context, command: Command) -> String {
        self.rows(context)
            .iter()
            .find(|binding| binding.command == command)
            .and_then(|binding| binding.keys.first())
            .map(Key::to_string)
            .unwrap_or_default()
    }
}

fn refuse_clash(
    context: Context,
    rows: &[Binding],
    changes: &BTreeMap<String, String>,
) -> Result<(), KeymapError> {
    let mut owners: Vec<(Key, &Binding)> = Vec::new();
    for binding in rows {
        for key in &binding.keys {
            let Some((_, other)) = owners.iter().find(|(known, _)| known == key) else {
                owners.push((*key, binding));
                continue;
            };
            // The one that can be given another key is named last.
            let moved = |binding: &Binding| changes.contains_key(binding.name);
            let (first, second) = match moved(binding) || !moved(other) {
                true => (*other, binding),
                false => (binding, *other),
            };
            let called = |binding: &Binding| match (binding.name, binding.short) {
                ("", "") => binding.long.to_owned(),
                ("", short) => short.to_owned(),
                (name, _) => name.to_owned(),
            };
            return Err(KeymapError::Clash {
                key: key.to_string(),
                first: called(first),
                second: called(second),
                place: context.head().to_lowercase(),
            });
        }
    }
    Ok(())
}

/// The rows of a view or a dialog. A row without keys of its own goes by the
/// list's row for the same command.
fn others(context: Context, list: &[Binding]) -> Vec<Binding> {
    use Command as C;
    let own = |command, keys: &[Key], short, long| Binding {
        command,
        name: "",
        keys: keys.to_vec(),
        short,
        long,
    };
    let of = |command, short, long| {
        let row = list.iter().find(|binding| binding.command == command);
        Binding {
            command,
            name: row.map_or("", |row| row.name),
            keys: row.map(|row| row.keys.clone()).unwrap_or_default(),
            short,
            long,
        }
    };
    let c = Key::char;
    let k = Key::code;
    let esc = [k(KeyCode::Esc)];
    let enter = [k(KeyCode::Enter)];
    let quit = || of(C::Quit, "", "leave the program");
    let help = || of(C::Help, "help", "this help");
    let arrows = || {
        [
            own(
                C::Earlier,
                &[k(KeyCode::Left)],
                "choose",
                "the choice before",
            ),
            own(C::Later, &[k(KeyCode::Right)], "", "the next choice"),
        ]
    };
    let fields = || {
        [
            own(
                C::Next,
                &[k(KeyCode::Tab), k(KeyCode::Down)],
                "next field",
                "the next field",
            ),
            own(
                C::Previous,
                &[k(KeyCode::BackTab), k(KeyCode::Up)],
                "",
                "the field before",
            ),
        ]
    };
    let scrolling = || {
        vec![
            of(C::Down, "scroll", "further down"),
            of(C::Up, "", "further up"),
            of(C::PageDown, "", "a page down"),
            of(C::PageUp, "", "a page up"),
            of(C::HalfDown, "", "half a page down"),
            of(C::HalfUp, "", "half a page up"),
            of(C::Top, "", "the first line"),
            of(C::Bottom, "", "the last line"),
        ]
    };
    let joined = |parts: Vec<Vec<Binding>>| parts.into_iter().flatten().collect();
    let close = |long| own(C::Close, &esc, "close", long);
    match context {
        Context::List => Vec::new(),
        Context::Filter => vec![
            own(C::Act, &enter, "keep", "keep the filter"),
            own(C::Close, &esc, "clear", "clear it"),
            own(C::Down, &[k(KeyCode::Down)], "", "next row"),
            own(C::Up, &[k(KeyCode::Up)], "", "previous row"),
        ],
        Context::New => joined(vec![
            vec![own(
                C::Act,
                &enter,
                "act",
                "generate; replace, once the organization's name is typed",
            )],
            fields().into(),
            arrows().into(),
            vec![close("close the dialog; nothing is sent")],
        ]),
        Context::Delete => vec![
            own(
                C::Act,
                &enter,
                "delete",
                "delete, once the organization's name is typed",
            ),
            close("close the dialog; nothing is sent"),
        ],
        Context::Many => joined(vec![
            vec![own(
                C::Act,
                &enter,
                "act",
                "act on all that are marked, shown or not, once their number is typed",
            )],
            vec![
                own(
                    C::Down,
                    &[k(KeyCode::Down)],
                    "scroll",
                    "scroll the list of what dies",
                ),
                own(C::Up, &[k(KeyCode::Up)], "", "back"),
                own(C::PageDown, &[k(KeyCode::PageDown)], "", "a page down"),
                own(C::PageUp, &[k(KeyCode::PageUp)], "", "a page up"),
                own(C::Next, &[k(KeyCode::Tab)], "next field", "the next field"),
                own(C::Previous, &[k(KeyCode::BackTab)], "", "the field before"),
            ],
            arrows().into(),
            vec![close(
                "close the dialog; while it runs: stop after the present one",
            )],
        ]),
        Context::Report => joined(vec![
            scrolling(),
            vec![help(), quit(), close("close the table")],
        ]),
        Context::Notice => vec![
            of(
                C::New,
                "new token",
                "look at the slot as it is now, and decide again",
            ),
            of(C::Delete, "delete", "likewise, after a delete"),
            own(
                C::WithoutJournal,
                &[c('w')],
                "go on without the journal",
                "give the order once more, where it could not be recorded",
            ),
            help(),
            quit(),
            own(
                C::Close,
                &[k(KeyCode::Enter), k(KeyCode::Esc)],
                "close",
                "close it",
            ),
        ],
        Context::Leftovers => vec![
            of(
                C::New,
                "new token",
                "a new token for the slot that was left open",
            ),
            help(),
            quit(),
            own(
                C::Close,
                &[k(KeyCode::Enter), k(KeyCode::Esc)],
                "close",
                "close it",
            ),
        ],
        Context::Panel => vec![
            own(C::Copy, &[c('c'), c('y')], "copy", "copy it"),
            own(
                C::Reveal,
                &[c('v')],
                "reveal",
                "reveal or hide it; hidden again after 30 s",
            ),
            own(
                C::Deliver,
                &[c('p')],
                "deliver",
                "send it to a configured delivery",
            ),
            own(C::Keyring, &[c('k')], "keyring", "put it into the keyring"),
            own(
                C::Store,
                &[c('s')],
                "store",
                "store it where your old credential is, after a replace of your own token",
            ),
            own(
                C::Test,
                &[c('t')],
                "test",
                "test it: ask the host whom it authenticates",
            ),
            own(C::Write, &[c('w')], "file", "write it to a file"),
            own(
                C::Close,
                &esc,
                "close",
                "close; asks first while it is delivered nowhere",
            ),
            of(C::Help, "", "this help; hides it"),
            quit(),
        ],
        Context::Path => vec![
            own(
                C::Act,
                &enter,
                "write the file",
                "write it, once a path is typed",
            ),
            own(C::Close, &esc, "back", "back to the secret"),
        ],
        Context::Replacing => vec![
            own(
                C::Act,
                &enter,
                "replace the file",
                "replace the file, once the word `replace` is typed",
            ),
            own(C::Close, &esc, "leave it", "leave the file as it is"),
        ],
        Context::Choosing => vec![
            own(
                C::Earlier,
                &[k(KeyCode::Left), k(KeyCode::Up)],
                "choose",
                "the delivery before",
            ),
            own(
                C::Later,
                &[k(KeyCode::Right), k(KeyCode::Down), c('p')],
                "",
                "the next delivery",
            ),
            own(C::Act, &enter, "send", "send it there"),
            own(C::Close, &esc, "back", "back to the secret"),
        ],
        Context::Leave => vec![
            own(C::Copy, &[c('c'), c('y')], "copy", "copy the secret"),
            own(C::Act, &enter, "let it go", LET_GO),
            own(C::Close, &esc, "back", "back to the secret"),
        ],
        Context::Timeline => joined(vec![
            vec![
                own(
                    C::Earlier,
                    &[c('h'), k(KeyCode::Left)],
                    "move",
                    "to the end before, or to the same day's one before",
                ),
                own(
                    C::Later,
                    &[c('l'), k(KeyCode::Right)],
                    "",
                    "to the next end",
                ),
                of(C::Down, "", "to the next end"),
                of(C::Up, "", "to the end before"),
                of(C::PageDown, "", "a month on"),
                of(C::PageUp, "", "a month back"),
                of(C::HalfDown, "", "half a month on"),
                of(C::HalfUp, "", "half a month back"),
                of(C::Top, "", "to the first end"),
                of(C::Bottom, "", "to the last end"),
                of(
                    C::New,
                    "new token",
                    "the dialog Generate or Replace for the selected slot",
                ),
                of(C::Delete, "delete", "the dialog Delete for it"),
                own(
                    C::Close,
                    &enter,
                    "to the list",
                    "to the list, where the same organization is selected",
                ),
                of(C::Timeline, "close", "to the list"),
                own(
                    C::Back,
                    &esc,
                    "stop",
                    "stops what runs, as in the list; else to the list",
                ),
            ],
            vec![help(), of(C::Quit, "quit", "leave the program")],
        ]),
        Context::Journal => joined(vec![
            scrolling(),
            vec![
                of(C::Filter, "filter", "filter the journal; Enter keeps it"),
                of(C::Refresh, "read again", "read the journal again"),
                of(C::RefreshAll, "", "likewise"),
                help(),
                quit(),
                own(
                    C::Close,
                    &[k(KeyCode::Esc), k(KeyCode::Enter)],
                    "close",
                    "clear the filter, else close the journal",
                ),
                of(C::Journal, "", "close the journal"),
            ],
        ]),
        Context::JournalFilter => vec![
            own(C::Act, &enter, "keep", "keep the filter"),
            own(C::Close, &esc, "clear", "clear it"),
        ],
        Context::Messages => joined(vec![
            scrolling(),
            vec![
                help(),
                quit(),
                own(
                    C::Close,
                    &[k(KeyCode::Esc), k(KeyCode::Enter)],
                    "close",
                    "close the messages",
                ),
                of(C::Messages, "", "close the messages"),
            ],
        ]),
        Context::Add => joined(vec![
            vec![own(
                C::Act,
                &enter,
                "check",
                "ask the host first; then add what was checked",
            )],
            fields().into(),
            arrows().into(),
            vec![close("close the dialog; nothing is added")],
        ]),
        Context::Ask => vec![
            own(
                C::Act,
                &enter,
                "use it",
                "use the credential until you leave",
            ),
            own(C::Close, &esc, "not now", "go on without this host"),
        ],
        Context::Offer => vec![
            own(
                C::Act,
                &enter,
                "write it",
                "write the configuration and go on",
            ),
            help(),
            own(
                C::Close,
                &[k(KeyCode::Esc), c('q')],
                "leave",
                "leave; nothing is sent",
            ),
        ],
        Context::Program => vec![
            own(
                C::Act,
                &enter,
                "run it",
                "run the program with the terminal",
            ),
            own(C::Close, &esc, "close", "go on without this host"),
        ],
        Context::Help => vec![
            own(C::Down, &[k(KeyCode::Down)], "scroll", "further down"),
            own(C::Up, &[k(KeyCode::Up)], "", "further up"),
            own(C::PageDown, &[k(KeyCode::PageDown)], "", "a page down"),
            own(C::PageUp, &[k(KeyCode::PageUp)], "", "a page up"),
            own(C::Top, &[k(KeyCode::Home)], "", "the first line"),
            own(C::Bottom, &[k(KeyCode::End)], "", "the last line"),
            own(
                C::Close,
                &[k(KeyCode::Esc), k(KeyCode::Enter), k(KeyCode::F(1))],
                "close",
                "clear what is searched for, else close the help; every other key searches",
            ),
        ],
    }
}

/// Says the word that [`WORD`] is.
const LET_GO: &str = "let it go, once the word `lose` is typed";
const _: () = assert!(matches!(WORD.as_bytes(), b"lose"));

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
            C::Timeline,
            "timeline",
            &[c('x')],
            "timeline",
            "the ends of the next twelve months on a line",
        ),
        row(
            C::Kind,
            "kind",
            &[k(KeyCode::Tab)],
            "audit trails",
            "the audit trail tokens, where hosts have them; and back",
        ),
        row(
            C::Journal,
            "journal",
            &[c('H')],
            "",
            "the journal: what was done, and what became of it",
        ),
        row(
            C::Messages,
            "messages",
            &[c('M')],
            "messages",
            "the messages: what the status line said, with its time",
        ),
        row(
            C::Back,
            "back",
            &[k(KeyCode::Esc)],
            "clear",
            "undo one thing: the top dialog, else the filter, else the marks; stops what runs",
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
        row(
            C::HalfDown,
            "half_down",
            &[Key::ctrl('d')],
            "",
            "half a page down",
        ),
        row(
            C::HalfUp,
            "half_up",
            &[Key::ctrl('u')],
            "",
            "half a page up",
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

    fn change(name: &str, key: &str) -> Result<Keymap, KeymapError> {
        Keymap::new(&BTreeMap::from([(name.to_owned(), key.to_owned())]))
    }

    #[test]
    fn the_defaults_do_not_clash_and_are_found() {
        let keys = Keymap::new(&BTreeMap::new()).unwrap();
        let of = |code, modifiers| keys.command(Context::List, &press(code, modifiers));
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
    fn a_rebound_key_moves_in_every_view_and_a_clash_is_an_error() {
        let keys = change("refresh_all", "f5").unwrap();
        let of = |context, code| keys.command(context, &press(code, KeyModifiers::NONE));
        for context in [Context::List, Context::Journal] {
            assert_eq!(of(context, KeyCode::F(5)), Some(Command::RefreshAll));
            assert_eq!(of(context, KeyCode::Char('R')), None);
        }
        let down = change("down", "e").unwrap();
        for context in [Context::List, Context::Report, Context::Messages] {
            let e = press(KeyCode::Char('e'), KeyModifiers::NONE);
            assert_eq!(down.command(context, &e), Some(Command::Down));
        }
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

    #[test]
    fn a_clash_in_any_view_names_the_action_that_can_be_moved() {
        // `v` reveals in the panel, where `quit` is known as well.
        let error = change("quit", "v").unwrap_err();
        assert_eq!(error.action(), "quit");
        let words = error.to_string();
        assert!(
            words.contains("`reveal`") && words.contains("with a new secret"),
            "{words}"
        );
        // What always leaves cannot do anything else.
        for key in ["ctrl-c", "ctrl-z"] {
            let error = change("new", key).unwrap_err();
            assert!(matches!(error, KeymapError::Reserved { .. }), "{error}");
        }
        assert!(change("quit", "ctrl-c").is_ok());
    }

    #[test]
    fn every_row_has_keys_and_is_described() {
        let keys = Keymap::new(&BTreeMap::new()).unwrap();
        for context in Context::ALL {
            assert!(!keys.rows(context).is_empty(), "{context:?}");
            for row in keys.rows(context) {
                assert!(!row.keys.is_empty() && !row.long.is_empty(), "{row:?}");
            }
        }
    }

    #[test]
    fn with_alt_nothing_is_asked_for_outside_the_list() {
        let keys = Keymap::new(&BTreeMap::new()).unwrap();
        let alt = press(KeyCode::Enter, KeyModifiers::ALT);
        assert_eq!(keys.command(Context::New, &alt), None);
    }
}
