//! The key bar: the keys that do something now, from the table that the keys
//! come from. A key that would do nothing is not shown.

use crossterm::event::KeyEvent;

use super::keys::{Binding, Command, Context};
use super::list::Row;
use super::{App, Layer, layout};
use crate::slot::{Kind, State};

/// One key of the bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What it does.
    pub command: Command,
    /// Its name, or those of two that belong together.
    pub keys: String,
    /// What it is called.
    pub words: &'static str,
    /// The first of its keys, which a click stands for.
    pub key: KeyEvent,
    /// Whether it does something now.
    pub possible: bool,
}

impl App {
    /// The keys that do something now.
    pub fn bar(&self) -> Vec<Shown> {
        let context = self.context();
        let rows = self.settings.keymap.rows(context);
        rows.iter()
            .filter(|row| !row.short.is_empty())
            .filter_map(|row| {
                let words = self.word(row.command, row.short)?;
                let keys = shown_keys(context, row, rows)?;
                Some(Shown {
                    command: row.command,
                    keys,
                    words,
                    key: row.keys.first()?.event(),
                    possible: true,
                })
            })
            .collect()
    }

    /// The buttons of the dialog on top, where the mouse is heard: what Enter
    /// does, even while it does nothing, and the ways out.
    pub fn buttons(&self) -> Vec<Shown> {
        if !self.settings.mouse {
            return Vec::new();
        }
        let rows = self.settings.keymap.rows(self.context());
        let is_button = |command| {
            matches!(
                command,
                Command::Act
                    | Command::Close
                    | Command::New
                    | Command::Delete
                    | Command::WithoutJournal
            ) || command == Command::Copy && self.context() == Context::Leave
        };
        rows.iter()
            .filter(|row| is_button(row.command))
            .filter_map(|row| {
                let word = self.word(row.command, row.short);
                if word.is_none() && row.command != Command::Act {
                    return None;
                }
                Some(Shown {
                    command: row.command,
                    keys: row.keys.first()?.to_string(),
                    words: word.unwrap_or_else(|| self.act_word(row.short)),
                    key: row.keys.first()?.event(),
                    possible: word.is_some(),
                })
            })
            .collect()
    }

    /// What Enter will do once it does something.
    fn act_word(&self, usual: &'static str) -> &'static str {
        match self.layers.last() {
            Some(Layer::New(dialog)) => dialog.verb().as_str(),
            Some(Layer::Many(dialog)) => dialog.verb().as_str(),
            _ => usual,
        }
    }

    /// What a command is called now; nothing while it does nothing.
    fn word(&self, command: Command, usual: &'static str) -> Option<&'static str> {
        let size = self.size;
        match self.layers.last() {
            None if self.filter.is_some() => Some(usual),
            None => self.list_word(command, usual),
            Some(Layer::Help(help)) => help.word(command, usual, &self.settings.keymap, size),
            Some(Layer::New(dialog)) => dialog.word(command, usual),
            Some(Layer::Delete(dialog)) => dialog.word(command, usual),
            Some(Layer::Many(dialog)) => dialog.word(command, usual, layout::many_height(size)),
            Some(Layer::Report(report)) => {
                let lines = report.drawn(layout::report_width(size)).0.len();
                let more = lines > layout::report_height(size);
                (command != Command::Down || more).then_some(usual)
            }
            Some(Layer::Notice(notice)) => notice.word(command, usual),
            Some(Layer::Leftovers(left)) => {
                let next = left.next(&self.list).is_some();
                (command != Command::New || next).then_some(usual)
            }
            Some(Layer::Panel(panel)) => panel.word(command, usual),
            Some(Layer::Leave(dialog)) => dialog.word(command, usual),
            Some(Layer::Journal(view)) => view.word(command, usual, layout::journal_height(size)),
            Some(Layer::Messages(_)) => {
                let more = self.messages().len() > layout::help_height(size);
                (command != Command::Down || more).then_some(usual)
            }
            Some(Layer::Timeline) => self.timeline_word(command, usual),
            Some(Layer::Add(dialog)) => dialog.word(command, usual),
            Some(Layer::Ask(dialog)) => dialog.word(command, usual),
            Some(Layer::Offer(offer)) => offer.writing.is_none().then_some(usual),
            Some(Layer::Program(_)) => Some(usual),
        }
    }

    fn list_word(&self, command: Command, usual: &'static str) -> Option<&'static str> {
        let row = self.list.selected();
        let says = |holds: bool| holds.then_some(usual);
        match command {
            Command::New => says(self.can_act(|s| s.allows_generate() || s.allows_replace())),
            Command::Delete => says(self.can_act(State::allows_replace)),
            Command::Copy | Command::Refresh | Command::Mark => says(row.is_some()),
            Command::Filter | Command::Sort | Command::Timeline => {
                says(!self.list.rows().is_empty())
            }
            Command::Kind => match self.list.kind() {
                Kind::Organization if self.list.has_audit_trails() => Some("audit trails"),
                Kind::Organization => None,
                Kind::AuditTrails => Some("organization tokens"),
            },
            Command::Messages => says(self.said.unseen() > 0),
            Command::Back => self.back_word(),
            _ => Some(usual),
        }
    }

    /// Whether Generate, Replace or Delete would open a dialog.
    fn can_act(&self, allows: impl Fn(State) -> bool) -> bool {
        if self.refusal_of_all().is_some() {
            return false;
        }
        let (marked, _) = self.list.marks();
        if marked == 0 {
            return self.list.selected().is_some_and(|row| allows(row.state()));
        }
        let mut rows = self.list.rows().iter();
        rows.any(|row: &Row| row.marked && allows(row.state()))
    }

    /// What Esc would undo.
    fn back_word(&self) -> Option<&'static str> {
        if let Some(running) = &self.running {
            let stops = match &self.run {
                Some(run) => !run.is_stopping(),
                None => !running.sent,
            };
            return stops.then_some("stop");
        }
        if self.waiting_for().is_some() {
            return Some("stop");
        }
        if !self.list.filter().is_empty() {
            return Some("clear filter");
        }
        (self.list.marks().0 > 0).then_some("unmark")
    }

    fn timeline_word(&self, command: Command, usual: &'static str) -> Option<&'static str> {
        let dies = |row: &&Row| row.ends_at().is_some();
        let chosen = self.list.selected().filter(dies).map(Row::state);
        let free = self.refusal_of_all().is_none();
        let holds = match command {
            Command::Back if self.is_under_way() => return self.back_word(),
            Command::Back => false,
            // The first two are enough to know.
            Command::Earlier => self.list.view().filter(dies).nth(1).is_some(),
            Command::New => {
                free && chosen.is_some_and(|s| s.allows_generate() || s.allows_replace())
            }
            Command::Delete => free && chosen.is_some_and(State::allows_replace),
            _ => true,
        };
        holds.then_some(usual)
    }
}

/// The key of a row, with the keys of what belongs to it.
fn shown_keys(context: Context, row: &Binding, rows: &[Binding]) -> Option<String> {
    let first = row.keys.first()?.to_string();
    let partners: &[Command] = match row.command {
        Command::Down if context != Context::List => &[Command::Up],
        // There both pairs do the same.
        Command::Earlier if context == Context::Timeline => {
            &[Command::Down, Command::Up, Command::Later]
        }
        Command::Earlier => &[Command::Later],
        _ => return Some(first),
    };
    // Arrows belong together without a blank.
    let gap = if first.is_ascii() { " " } else { "" };
    let mut keys = vec![first];
    for partner in partners {
        let row = rows.iter().find(|row| row.command == *partner);
        keys.extend(
            row.and_then(|row| row.keys.first())
                .map(ToString::to_string),
        );
    }
    Some(keys.join(gap))
}
