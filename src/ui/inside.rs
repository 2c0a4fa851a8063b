//! The lines that dialogs have in common: which token dies, the expiry, the
//! destination, the rescue, what is typed. One slot and many are asked about in
//! the same words, so these exist once.

use std::time::Duration;

use ratatui::Frame;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::boxed::{Part, WIDTH, chosen, field_text, inner_width, is_narrow, text_of};
use super::{Theme, pad};
use crate::action::Verb;
use crate::app::dialogs::{End, ExpiryChoice, Fact, Terms};
use crate::app::field::Field;
use crate::app::message::Preparation;
use crate::app::{App, when};
use crate::expiry::{Expiry, ExpiryError};
use crate::fleet::{Own, in_brackets};

/// The columns of a label before a chooser.
const LABEL: usize = 9;

/// Why Enter did nothing.
pub(super) fn problem(problem: Option<&str>, theme: Theme) -> Option<Part<'static>> {
    problem.map(|text| Part::must(Line::styled(text.to_owned(), theme.bad())))
}

/// How a remark is to be taken.
#[derive(Clone, Copy)]
enum Weight {
    /// It may be left out.
    Detail,
    /// It says why something is not possible.
    Problem,
}

/// The inside of a dialog: how wide its lines may be, and what they look like.
pub(super) struct Inside {
    /// The columns of a line.
    pub width: usize,
    /// Whether texts are said shortly.
    pub narrow: bool,
    theme: Theme,
}

impl Inside {
    pub fn of(frame: &Frame, theme: Theme) -> Self {
        Self::within(frame, WIDTH, theme)
    }

    /// The inside of a dialog that may be as wide as `width`.
    pub fn within(frame: &Frame, width: u16, theme: Theme) -> Self {
        Self {
            width: usize::from(inner_width(frame, width)),
            narrow: is_narrow(frame, width),
            theme,
        }
    }

    /// Which token it is, how old, when it was last used: that always stays.
    pub fn identification(&self, facts: &[Fact]) -> Vec<Part<'static>> {
        facts
            .iter()
            .map(|fact| {
                let text = if self.narrow { &fact.short } else { &fact.text };
                let rank = match fact.label {
                    "token" | "created" | "last used" => 0,
                    _ => 7,
                };
                let label = format!("  {}", pad(fact.label, 11, self.theme));
                Part::ranked(
                    rank,
                    Line::from(vec![
                        Span::styled(label, self.theme.faint()),
                        Span::raw(text.clone()),
                    ]),
                )
            })
            .collect()
    }

    fn label(&self, label: &str) -> Span<'static> {
        Span::styled(pad(label, LABEL, self.theme), self.theme.faint())
    }

    fn chooser(&self, label: &str, value: &str, focused: bool) -> Vec<Span<'static>> {
        let theme = self.theme;
        let style = if focused {
            theme.selected()
        } else {
            theme.plain()
        };
        vec![self.label(label), Span::styled(chosen(value, theme), style)]
    }

    /// What fits into a chooser.
    fn room(&self) -> usize {
        self.width.saturating_sub(LABEL + 4)
    }

    pub fn expiry(
        &self,
        app: &App,
        terms: &Terms,
        end: Result<End, ExpiryError>,
        policy: Option<Duration>,
        focused: bool,
    ) -> Line<'static> {
        let theme = self.theme;
        let typing = match terms.expiries.get(terms.expiry) {
            Some(ExpiryChoice::Given(_)) => None,
            _ => Some(field_text(&terms.typed, self.room(), theme)),
        };
        let value = match (&typing, terms.chosen_expiry()) {
            (Some(text), _) => text.clone(),
            (None, Ok(Expiry::Longest)) if self.narrow => "the longest".to_owned(),
            (None, Ok(expiry)) => expiry.words(),
            (None, Err(_)) => String::new(),
        };
        let mut spans = self.chooser("Expires", &value, focused);
        let zone = &app.settings.zone;
        let (words, weight) = match end {
            Ok(End::At(at)) if self.narrow => (when::day(at, zone), Weight::Detail),
            Ok(End::At(at)) => (when::exact(at, zone), Weight::Detail),
            Ok(End::Unknown | End::ServerDecides) => (String::new(), Weight::Detail),
            // It is not finished yet: what it may become.
            Err(ExpiryError::NotAnExpiry(_) | ExpiryError::NotALength(_)) => {
                ("90d, 12h, 1y, 2027-01-31".to_owned(), Weight::Detail)
            }
            Err(ExpiryError::BeyondPolicy { .. }) => {
                let most = policy.map_or(String::new(), |policy| {
                    format!(": at most {}", when::length(policy.as_secs()))
                });
                (format!("beyond the policy{most}"), Weight::Problem)
            }
            Err(ExpiryError::Past { .. }) => ("not in the future".to_owned(), Weight::Problem),
            Err(ExpiryError::TooFar(_)) => ("too far away".to_owned(), Weight::Problem),
            Err(ExpiryError::NoPolicy) => ("no policy is known".to_owned(), Weight::Problem),
        };
        self.remark(&mut spans, &words, weight);
        Line::from(spans)
    }

    /// Adds a remark; in a narrow window a detail only if it fits into the line.
    fn remark(&self, spans: &mut Vec<Span<'static>>, words: &str, weight: Weight) {
        let used: usize = spans.iter().map(Span::width).sum();
        let fits = !self.narrow || used + 2 + words.width() <= self.width;
        let style = match weight {
            Weight::Problem => self.theme.bad(),
            Weight::Detail if fits => self.theme.faint(),
            Weight::Detail => return,
        };
        if words.is_empty() {
            return;
        }
        spans.push(Span::raw("  "));
        spans.push(Span::styled(words.to_owned(), style));
    }

    pub fn destination(&self, terms: &Terms, focused: bool, said: Option<&str>) -> Line<'static> {
        let Some(choice) = terms.choice() else {
            return Line::from(self.chooser("Goes to", "looking", focused));
        };
        let value = if terms.wants_path() {
            let room = self.room().saturating_sub(5);
            if !focused && terms.path.text().is_empty() {
                format!("{}: type its path", self.gist(&choice.words))
            } else {
                format!("file {}", text_of(&terms.path, focused, room, self.theme))
            }
        } else {
            self.gist(&choice.words)
        };
        let mut spans = self.chooser("Goes to", &value, focused);
        // Enter says it in a line of its own.
        let said = said.is_some() && said == choice.problem.as_deref();
        if let Some(problem) = choice.problem.as_ref().filter(|_| !said) {
            self.remark(&mut spans, problem, Weight::Problem);
        }
        Line::from(spans)
    }

    /// In a narrow window, what stands before the first comma.
    fn gist(&self, words: &str) -> String {
        let words = match words.split_once(',') {
            Some((gist, _)) if self.narrow => gist,
            _ => words,
        };
        words.to_owned()
    }

    /// The rescue, and whether it was proven; none before that is known.
    pub fn rescue(&self, rescue: Option<(&str, bool)>) -> Line<'static> {
        let theme = self.theme;
        let (words, style) = match rescue {
            None => ("looking".to_owned(), theme.plain()),
            Some((words, true)) => (self.gist(words), theme.plain()),
            Some((words, false)) => (words.to_owned(), theme.warn()),
        };
        Line::from(vec![self.label("Rescue"), Span::styled(words, style)])
    }

    pub fn own(&self, preparation: &Preparation, verb: Verb) -> Vec<Part<'static>> {
        let theme = self.theme;
        let warning = theme.symbols.warning;
        let (words, style) = match (preparation.own, verb) {
            (Own::No, _) | (_, Verb::Generate) => return Vec::new(),
            (Own::Yes, Verb::Replace) => (
                "The program goes on with the new one; the old one stays stored",
                theme.warn(),
            ),
            (Own::Yes, Verb::Delete) if preparation.account.is_some() => (
                "Afterwards that entry can no longer reach this host; it stays stored",
                theme.bad(),
            ),
            (Own::Yes, Verb::Delete) => (
                "Afterwards this host can no longer be reached; it stays stored",
                theme.bad(),
            ),
            (Own::Unknown, _) => {
                let words = if self.narrow {
                    "Perhaps it is your own credential."
                } else {
                    "The host does not say whether this token is your own credential."
                };
                return vec![Part::ranked(1, Line::styled(words, theme.warn()))];
            }
        };
        let mut parts = vec![Part::must(Line::styled(
            format!(
                "{warning} This token is your own credential{}.",
                in_brackets(preparation.account.as_deref())
            ),
            style,
        ))];
        let sentence = match &preparation.origin {
            Some(origin) => format!("{words} in {origin}."),
            None => format!("{}.", words.split(';').next().unwrap_or(words)),
        };
        parts.push(Part::ranked(4, Line::styled(sentence, style)));
        parts
    }

    pub fn name(
        &self,
        verb: &str,
        name: &str,
        field: &Field,
        focused: bool,
        ready: bool,
    ) -> [Part<'static>; 2] {
        let what = format!("to {verb} its token:");
        self.typed(name, &what, verb, field, focused, ready)
    }

    /// A field in which a text is to be typed, and what Enter does then.
    pub fn typed(
        &self,
        name: &str,
        what: &str,
        verb: &str,
        field: &Field,
        focused: bool,
        ready: bool,
    ) -> [Part<'static>; 2] {
        let theme = self.theme;
        let mark = if ready {
            format!("  Enter to {verb}")
        } else {
            String::new()
        };
        let room = self.width.saturating_sub(2 + mark.width());
        let text = text_of(field, focused, room, theme);
        let style = match focused {
            true => theme.selected(),
            false => theme.plain(),
        };
        [
            Part::must(Line::from(vec![
                Span::raw("Type "),
                Span::styled(name.to_owned(), theme.strong()),
                Span::raw(format!(" {what}")),
            ])),
            Part::must(Line::from(vec![
                Span::styled(format!(" {text} "), style),
                Span::styled(mark, theme.bad()),
            ])),
        ]
    }
}
