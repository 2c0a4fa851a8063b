//! The journal: what was done on this machine, the newest first.

use jiff::tz::TimeZone;

use crate::app::field::Field;
use crate::app::keys::{Command, Pressed, moved};
use crate::app::message::EffectId;
use crate::app::when::exact;
use crate::app::wrap::wrapped;
use crate::journal::{Entry, UNDELIVERED, is_certain};

/// The columns before what belongs to the line above.
const INDENT: usize = 4;
/// How the words begin that stand for a place where a secret was let go.
const LET_GO: &str = "let go";

/// The view of the journal.
#[derive(Debug)]
pub struct JournalView {
    /// The effect that reads it.
    pub reading: Option<EffectId>,
    /// The orders, newest first; or why there are none to show.
    pub entries: Result<Vec<Entry>, String>,
    /// What is searched for.
    pub filter: Field,
    /// Whether that is being typed.
    pub typing: bool,
    /// The first line shown.
    pub offset: usize,
    /// What passes the filter, broken into lines.
    lines: Vec<JournalLine>,
    /// For which width and filter; none for none.
    laid_out: Option<(usize, String)>,
}

/// One line of the view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalLine {
    /// What fits into it.
    pub text: String,
    /// Whether it belongs to an order that needs a look.
    pub open: bool,
    /// Whether it tells more of what stands above.
    pub below: bool,
}

/// What the view wants after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalWish {
    /// Nothing but a redraw.
    Stay,
    /// To be closed.
    Close,
    /// To be read again.
    Read,
}

impl JournalView {
    /// A view of what is being read.
    pub fn new(reading: EffectId) -> Self {
        Self {
            reading: Some(reading),
            entries: Ok(Vec::new()),
            filter: Field::default(),
            typing: false,
            offset: 0,
            lines: Vec::new(),
            laid_out: None,
        }
    }

    /// Takes what was read, oldest first.
    pub fn read(&mut self, entries: Result<Vec<Entry>, String>) {
        self.reading = None;
        self.laid_out = None;
        self.entries = entries.map(|mut entries| {
            entries.reverse();
            entries
        });
    }

    /// The orders that the filter lets through, in lines.
    pub fn lines(&self) -> &[JournalLine] {
        &self.lines
    }

    /// Breaks what the filter lets through into lines of at most `width` columns:
    /// every word of it is in one of an order's texts. Done once for each width and
    /// filter, since a run over thousands has left thousands.
    pub(in crate::app) fn lay_out(&mut self, width: usize, zone: &TimeZone) {
        let wanted = Some((width, self.filter.text().to_lowercase()));
        if self.laid_out == wanted {
            return;
        }
        self.lines.clear();
        let filter = wanted.as_ref().map_or("", |(_, filter)| filter.as_str());
        let words: Vec<&str> = filter.split_whitespace().collect();
        for entry in self.entries.as_deref().unwrap_or_default() {
            let (head, below) = (headline(entry, zone), details(entry));
            let text = format!("{head}\n{below}").to_lowercase();
            if !words.iter().all(|word| text.contains(word)) {
                continue;
            }
            let open = entry.is_open();
            let mut add = |text: String, below| self.lines.push(JournalLine { text, open, below });
            let mut rest = head.as_str();
            if let Some(first) = wrapped(&head, width).into_iter().next() {
                rest = head.get(first.len()..).unwrap_or_default().trim_start();
                add(first, false);
            }
            let indented = width.saturating_sub(INDENT).max(1);
            for (text, below) in [(rest, false), (below.as_str(), true)] {
                for line in wrapped(text, indented) {
                    if !line.is_empty() {
                        add(format!("{:INDENT$}{line}", ""), below);
                    }
                }
            }
        }
        self.laid_out = wanted;
    }

    /// Takes a key; `room` lines are shown at once.
    pub fn key(&mut self, pressed: Pressed, room: usize) -> JournalWish {
        if self.typing {
            match pressed.command {
                Some(Command::Act) => self.typing = false,
                Some(Command::Close) => {
                    self.typing = false;
                    self.filter = Field::default();
                }
                _ => {
                    self.filter.key(pressed.key);
                }
            }
            self.offset = 0;
            return JournalWish::Stay;
        }
        let last = self.lines.len().saturating_sub(room);
        // The window, or what passes the filter, may have changed.
        self.offset = self.offset.min(last);
        let Some(command) = pressed.command else {
            return JournalWish::Stay;
        };
        if let Some(to) = moved(self.offset, command, last, room.max(1)) {
            self.offset = to;
            return JournalWish::Stay;
        }
        match command {
            Command::Close if !self.filter.text().is_empty() => {
                self.filter = Field::default();
                self.offset = 0;
            }
            Command::Close | Command::Journal => return JournalWish::Close,
            Command::Refresh | Command::RefreshAll => return JournalWish::Read,
            Command::Filter => self.typing = true,
            _ => {}
        }
        JournalWish::Stay
    }

    /// What the key bar says of a command: nothing while it does nothing.
    pub fn word(&self, command: Command, usual: &'static str, room: usize) -> Option<&'static str> {
        let all = self.entries.as_ref().is_ok_and(|all| !all.is_empty());
        match command {
            Command::Down => (self.lines.len() > room).then_some(usual),
            Command::Filter => all.then_some(usual),
            Command::Close if !self.filter.text().is_empty() => Some("clear"),
            _ => Some(usual),
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        if self.typing {
            self.filter.paste(text);
            self.offset = 0;
        }
    }
}

/// What was done: `2026-11-24 10:00 +00:00  replace  acme on app.terraform.io  done`.
fn headline(entry: &Entry, zone: &TimeZone) -> String {
    let kind = match entry.kind.as_str() {
        "organization" => String::new(),
        other => format!(" ({other})"),
    };
    format!(
        "{}  {}  {} on {}{kind}  {}",
        exact(entry.at, zone),
        match entry.action.as_str() {
            "" => "an order",
            action => action,
        },
        entry.organization,
        entry.host,
        entry.finding.as_deref().unwrap_or("no outcome is recorded"),
    )
}

/// The tokens, and where the secret is.
fn details(entry: &Entry) -> String {
    let mut parts = Vec::new();
    if let Some(id) = &entry.before {
        parts.push(format!("before: token {id}"));
    }
    if let Some(id) = &entry.now {
        parts.push(format!("then: token {id}"));
    }
    parts.extend(whereabouts(entry));
    if parts.is_empty() {
        parts.extend(entry.to.as_ref().map(|to| format!("to {to}")));
    }
    parts.join("; ")
}

/// Where the secret is now, and in brackets where it was before it got there.
fn whereabouts(entry: &Entry) -> Option<String> {
    let last = entry.places.last()?;
    let is_nowhere = |place: &str| place.starts_with(UNDELIVERED);
    let before = &entry.places[..entry.places.len() - 1];
    // What was taken from the clipboard, say, is not there any more.
    let (there, left): (Vec<&String>, Vec<&String>) = match is_nowhere(last) {
        true => (Vec::new(), before.iter().collect()),
        false => before.iter().partition(|place| !is_nowhere(place)),
    };
    let mut words: Vec<String> = there
        .into_iter()
        .map(|place| brought("delivered", place))
        .collect();
    let verb = if entry.rescued {
        "rescued"
    } else {
        "delivered"
    };
    words.push(brought(verb, last));
    let mut words = words.join(", then ");
    if !left.is_empty() {
        let bare = |place: &&String| place.strip_prefix(UNDELIVERED).unwrap_or(place).to_owned();
        let left: Vec<String> = left.iter().map(bare).collect();
        words.push_str(&format!(" (first: {})", left.join(", then ")));
    }
    Some(words)
}

/// How a secret came to a place, where the words for the place do not say it.
fn brought(verb: &str, place: &str) -> String {
    let says_it = !is_certain(place) || place.starts_with(LET_GO);
    match place.strip_prefix("delivery ").unwrap_or(place) {
        place if says_it => place.to_owned(),
        place => format!("{verb} to {place}"),
    }
}
