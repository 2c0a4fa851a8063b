//! What the status line said, kept with its time: a word that was missed, an
//! error above all, can be read again.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::keys::{Command, moved};
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

    /// The messages, the latest first.
    pub fn remarks(&self) -> impl ExactSizeIterator<Item = &Remark> {
        self.remarks.iter().rev()
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
    pub(super) fn open_messages(&mut self) {
        self.said.unseen = 0;
        self.layers.push(Layer::Messages(MessagesView::default()));
    }

    pub(super) fn messages_key(&mut self, mut view: MessagesView, command: Option<Command>) {
        if matches!(command, Some(Command::Close | Command::Messages)) {
            return;
        }
        let room = layout::help_height(self.size).max(1);
        let last = self.said.remarks.len().saturating_sub(room);
        let to = command.and_then(|command| moved(view.offset, command, last, room));
        view.offset = to.unwrap_or(view.offset);
        self.layers.push(Layer::Messages(view));
    }
}
