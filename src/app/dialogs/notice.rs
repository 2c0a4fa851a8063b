//! A notice: what became of something, what is true now, what to do next.

use crate::action::{NotDone, Order, Outcome, Verb};
use crate::app::keys::Command;
use crate::slot::Slot;

/// The next step that a notice offers with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Open the dialog for a new token of this slot.
    New(Slot),
    /// Open the dialog that deletes the token of this slot.
    Delete(Slot),
    /// Give this order once more, to be carried out also where it cannot be
    /// recorded.
    WithoutJournal(Box<Order>),
}

impl Next {
    /// What asks for it.
    pub fn command(&self) -> Command {
        match self {
            Next::New(_) => Command::New,
            Next::Delete(_) => Command::Delete,
            Next::WithoutJournal(_) => Command::WithoutJournal,
        }
    }
}

/// The notice.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Its headline.
    pub title: String,
    /// What it says, a paragraph each.
    pub lines: Vec<String>,
    /// Whether something went wrong.
    pub bad: bool,
    /// What one key does.
    pub next: Option<Next>,
}

/// What the notice wants after a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeWish {
    /// Nothing but a redraw.
    Stay,
    /// To be closed.
    Close,
    /// To be closed, and the next step to be taken.
    Next(Next),
}

impl Notice {
    /// What became of this order. Where it could not be recorded, it can be
    /// given again without that.
    pub fn of_order(order: &Order, outcome: &Outcome) -> Self {
        let mut notice = Self::of_outcome(&order.slot, order.verb(), outcome);
        if let Outcome::NotDone(NotDone::Journal(_)) = outcome {
            notice.next = Some(Next::WithoutJournal(Box::new(Order {
                without_journal: true,
                ..order.clone()
            })));
        }
        notice
    }

    /// What became of an order that brought no secret.
    fn of_outcome(slot: &Slot, verb: Verb, outcome: &Outcome) -> Self {
        let words = match outcome {
            Outcome::NotDone(NotDone::Stopped) => "Stopped; nothing was changed.".to_owned(),
            _ => sentence(&outcome.words()),
        };
        let again = match verb {
            Verb::Delete => Next::Delete(slot.clone()),
            Verb::Generate | Verb::Replace => Next::New(slot.clone()),
        };
        let mut lines = vec![slot.to_string(), words];
        let (bad, next) = match outcome {
            Outcome::Generated(_) => (false, None),
            Outcome::Deleted { note } => {
                lines.extend(note.as_deref().map(sentence));
                (false, None)
            }
            Outcome::Gone { note } => {
                lines.push("The host does not show that token any more.".into());
                lines.extend(note.as_deref().map(sentence));
                (false, None)
            }
            Outcome::NotDone(NotDone::Stopped) => (false, None),
            Outcome::NotDone(why) if matches!(why.cause(), NotDone::Changed(_)) => {
                lines.push("Look at the slot as it is now, and decide again.".into());
                (true, Some(again))
            }
            Outcome::NotDone(why) if matches!(why.cause(), NotDone::Unreadable(_)) => {
                lines.push(
                    "This order changed nothing; what the slot holds now is not known.".into(),
                );
                (true, Some(again))
            }
            Outcome::NotDone(NotDone::Journal(_)) => {
                lines.push(
                    "This order changed nothing. Without the journal, nothing would tell of it \
                     if this program or the machine broke off."
                        .into(),
                );
                (true, Some(again))
            }
            Outcome::NotDone(_) => {
                lines.push("This order changed nothing.".into());
                (true, Some(again))
            }
            Outcome::Refused { after, .. } => {
                lines.push(sentence(&after.words()));
                (true, Some(again))
            }
            Outcome::NothingHappened { why, sent } => {
                lines.push(sentence(why));
                lines.push(match sent {
                    false => "The slot is as it was, and it is safe to try again.".into(),
                    true => "The slot is as it was. Should the host still be at that request, it \
                             would show there later: look at the slot before you try again."
                        .into(),
                });
                (true, Some(again))
            }
            Outcome::SecretLost {
                now,
                was_empty,
                note,
            } => {
                lines.push(format!("The token that is there now is {}.", now.id));
                lines.push(if *was_empty {
                    "Nobody can use it: generate again to have a secret.".into()
                } else {
                    "What used the old token has stopped: generate again to have a secret.".into()
                });
                lines.extend(note.as_deref().map(sentence));
                (true, Some(Next::New(slot.clone())))
            }
            Outcome::CannotTell { .. } => {
                let perhaps = match verb {
                    Verb::Generate => "There may be a token now whose secret nobody has.",
                    Verb::Replace => "The old token may be dead.",
                    Verb::Delete => "The token may be dead.",
                };
                lines.push(format!(
                    "{perhaps} Look at the slot again before anything else."
                ));
                (true, Some(again))
            }
        };
        Self {
            title: format!("{} {}", verb.title(), slot.kind.words()),
            lines,
            bad,
            next,
        }
    }

    /// Why an order has not begun.
    pub fn not_possible(order: &Order, why: &str) -> Self {
        Self {
            title: format!("{} {}", order.verb().title(), order.slot.kind.words()),
            lines: vec![order.slot.to_string(), sentence(why)],
            bad: true,
            next: None,
        }
    }

    /// Takes a key.
    pub fn key(&self, command: Option<Command>) -> NoticeWish {
        match command {
            Some(Command::Close) => NoticeWish::Close,
            Some(command) => match self.step(command) {
                Some(next) => NoticeWish::Next(next.clone()),
                None => NoticeWish::Stay,
            },
            None => NoticeWish::Stay,
        }
    }

    /// The next step, if it is what this command asks for.
    fn step(&self, command: Command) -> Option<&Next> {
        self.next.as_ref().filter(|next| next.command() == command)
    }

    /// What the key bar says of a command: nothing while it does nothing.
    pub fn word(&self, command: Command, usual: &'static str) -> Option<&'static str> {
        let is_step = matches!(
            command,
            Command::New | Command::Delete | Command::WithoutJournal
        );
        (!is_step || self.step(command).is_some()).then_some(usual)
    }
}

/// The words of a finding as a sentence of their own; they stay as they are.
pub(crate) fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first: String = chars
        .next()
        .map(|c| c.to_uppercase().collect())
        .unwrap_or_default();
    let end = if words.ends_with(['.', '!', '?', '…']) {
        ""
    } else {
        "."
    };
    format!("{first}{}{end}", chars.as_str())
}
