//! What the status line said, kept with its time: a word that was missed, an
//! error above all, can be read again.

use std::collections::VecDeque;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::keys::{Command, moved};
use super::when::day;
use super::wrap::wrapped;
use super::{App, Layer, layout};

/// The most messages that are kept.
const KEPT: usize = 200;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// When it was said last.
    pub at: Timestamp,
    /// What was said.
    pub text: String,
    /// Whether something went wrong.
    pub bad: bool,
    /// How often it was said in a row.
    pub times: usize,
}

/// One line of the view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The day of the messages below, where it is not today.
    Day(String),
    /// Words, with their time where a message begins.
    Words {
        /// When it was said last.
        time: Option<String>,
        /// What fits into the line.
        text: String,
        /// Whether something went wrong.
        bad: bool,
    },
}

/// The columns before the words: a time, and the sign of an error.
pub const BEFORE: usize = 12;

/// What was said, oldest first.
#[derive(Debug, Default)]
pub struct Said {
    remarks: VecDeque<Remark>,
    /// How many errors nobody has looked at.
    unseen: usize,
}

impl Said {
    /// Keeps a message.
    pub fn keep(&mut self, text: &str, bad: bool, at: Timestamp) {
        self.unseen += usize::from(bad);
        self.keep_shown(text, bad, at);
    }

    /// Keeps a message that its owner was shown in a box.
    pub fn keep_shown(&mut self, text: &str, bad: bool, at: Timestamp) {
        if let Some(last) = self.remarks.back_mut()
            && last.text == text
        {
            last.at = at;
            last.times += 1;
            return;
        }
        if self.remarks.len() == KEPT {
            self.remarks.pop_front();
        }
        self.remarks.push_back(Remark {
            at,
            text: text.to_owned(),
            bad,
            times: 1,
        });
    }

    /// The messages in lines of at most `width` columns, the latest first.
    pub fn lines(&self, width: usize, zone: &TimeZone, now: Timestamp) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut of = day(now, zone);
        for remark in self.remarks.iter().rev() {
            let on = day(remark.at, zone);
            if on != of {
                lines.push(Line::Day(on.clone()));
                of = on;
            }
            let at = remark.at.to_zoned_datetime(zone.clone());
            let mut time = Some(at.strftime("%H:%M:%S").to_string());
            let times = match remark.times {
                1 => String::new(),
                many => format!(" ({many} times)"),
            };
            let text = format!("{}{times}", remark.text);
            for text in wrapped(&text, width.saturating_sub(BEFORE).max(1)) {
                lines.push(Line::Words {
                    time: time.take(),
                    text,
                    bad: remark.bad,
                });
            }
        }
        lines
    }

    /// How many errors nobody has looked at.
    pub fn unseen(&self) -> usize {
        self.unseen
    }
}

/// The view of the messages.
#[derive(Debug, Default)]
pub struct MessagesView {
    /// The first line that is shown.
    pub offset: usize,
}

impl App {
    /// What the view of the messages says.
    pub fn messages(&self) -> Vec<Line> {
        let width = layout::messages_width(self.size);
        self.said.lines(width, &self.settings.zone, self.now.wall)
    }

    pub(super) fn open_messages(&mut self) {
        self.said.unseen = 0;
        self.layers.push(Layer::Messages(MessagesView::default()));
    }

    pub(super) fn messages_key(&mut self, mut view: MessagesView, command: Option<Command>) {
        if matches!(command, Some(Command::Close | Command::Messages)) {
            return;
        }
        let room = layout::help_height(self.size).max(1);
        let last = self.messages().len().saturating_sub(room);
        let to = command.and_then(|command| moved(view.offset, command, last, room));
        view.offset = to.unwrap_or(view.offset);
        self.layers.push(Layer::Messages(view));
    }
}
