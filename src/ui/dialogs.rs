//! The dialogs, and the little box that shows how far an order is.

use std::time::Duration;

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::boxed::{Boxed, Part, boxed, field_text, inner_width, is_narrow};
use super::{Theme, pad};
use crate::action::{Step, Verb};
use crate::app::dialogs::{
    DeleteDialog, End, ExpiryChoice, Fact, Focus, LeaveDialog, NewDialog, Notice, Terms, WORD,
};
use crate::app::field::Field;
use crate::app::keys::Command;
use crate::app::message::Preparation;
use crate::app::{App, Running, Target, when};
use crate::expiry::{Expiry, ExpiryError};
use crate::fleet::Own;
use crate::slot::Identity;
use crate::text::fit;

/// The width of a dialog where the window has room.
pub(super) const WIDTH: u16 = 76;
/// The width of the box that shows how far an order is.
const RUNNING: u16 = 60;
/// The width of a notice.
const NOTICE: u16 = 70;
/// The columns of a label before a chooser.
const LABEL: usize = 9;

/// How far an order is.
pub fn running(app: &App, running: &Running, frame: &mut Frame, theme: Theme) {
    let seconds = app.now.since_start.saturating_sub(running.since).as_secs();
    let stop = theme.keys(&app.stop_key());
    let words = match &running.step {
        Step::Proving => "proving the destination".to_owned(),
        Step::Comparing => "reading the slot again".to_owned(),
        Step::Recording => "writing the journal".to_owned(),
        Step::Writing => "waiting for the server".to_owned(),
        Step::Waiting(wait) => format!(
            "the host asks to wait (429): {} left; {stop} ends it",
            when::length(wait.as_secs().saturating_sub(seconds).max(1))
        ),
        Step::FindingOut => {
            "the answer was lost: reading the slot to find out what happened".to_owned()
        }
        Step::Delivering => "delivering the secret".to_owned(),
    };
    let doing = match running.verb {
        Verb::Generate => "Generating a token",
        Verb::Replace => "Replacing the token",
        Verb::Delete => "Deleting the token",
    };
    let title = match &app.run {
        Some(run) => format!("{doing}, {} of {}", run.done() + 1, run.total),
        None => doing.to_owned(),
    };
    let mut line = vec![Span::raw(words)];
    if seconds > 0 && !matches!(running.step, Step::Waiting(_)) {
        line.push(Span::styled(format!("  {seconds} s"), theme.faint()));
    }
    let mut parts = vec![
        Part::must(Line::styled(running.slot.to_string(), theme.strong())),
        Part::must(Line::from(line)),
    ];
    if app.leaving {
        parts.push(Part::must(Line::styled(
            "the program ends afterwards",
            theme.warn(),
        )));
    }
    if let Some(run) = &app.run {
        parts.push(Part::gap());
        let width = usize::from(inner_width(frame, RUNNING));
        parts.push(Part::must(super::many::progress(run, width, theme)));
        let words = match run.is_stopping() {
            true => Line::styled("stopping after this one", theme.warn()),
            false => Line::styled(format!("{stop} stops after this one"), theme.faint()),
        };
        parts.push(Part::must(words));
    }
    boxed(frame, &title, theme.title(), parts, RUNNING, theme);
}

/// Generate and Replace.
pub fn new(app: &App, dialog: &NewDialog, frame: &mut Frame, theme: Theme) -> Boxed {
    let place = Place::of(frame, theme);
    let verb = dialog.verb();
    let preparation = dialog.preparation.as_ref();
    let slot = Line::styled(dialog.slot.to_string(), theme.strong());
    let mut parts = vec![Part::ranked(3, slot)];
    match &dialog.shown {
        Identity::None => parts.push(Part::ranked(4, "It has no token yet.")),
        Identity::Unclear => parts.extend(unclear(theme)),
        Identity::Token { .. } => {
            let words = "The token that is there dies at once; there is no way back.";
            parts.push(Part::ranked(6, Line::styled(words, theme.bad())));
            parts.extend(place.identification(&dialog.facts));
        }
    }
    parts.push(Part::gap());
    let rank = |focus, rank| if dialog.focus == focus { 0 } else { rank };
    parts.push(Part::ranked(
        rank(Focus::Expiry, 5),
        place.expiry(
            app,
            &dialog.terms,
            dialog.end(),
            preparation.and_then(|known| known.policy),
            dialog.focus == Focus::Expiry,
        ),
    ));
    parts.push(Part::ranked(
        rank(Focus::Destination, 2),
        place.destination(
            &dialog.terms,
            dialog.focus == Focus::Destination,
            dialog.problem.as_deref(),
        ),
    ));
    let rescue = match preparation {
        Some(known) if !known.rescue_proven => 3,
        _ => 7,
    };
    let known = preparation.map(|known| (known.rescue.as_str(), known.rescue_proven));
    parts.push(Part::ranked(rescue, place.rescue(known)));
    if let Some(preparation) = preparation {
        parts.extend(place.own(preparation, verb));
    }
    parts.push(Part::gap());
    if verb == Verb::Generate {
        let style = if dialog.focus == Focus::Button {
            theme.selected().add_modifier(Modifier::BOLD)
        } else {
            theme.strong()
        };
        let button = Part::must(Line::from(Span::styled("[ Generate ]", style)));
        parts.push(button.clicked(Target::Key(KeyCode::Enter.into())));
    } else {
        parts.extend(place.name(
            "replace",
            &dialog.slot.organization,
            &dialog.name,
            dialog.focus == Focus::Name,
            dialog.confirmed(),
        ));
    }
    parts.extend(problem(dialog.problem.as_deref(), theme));
    let kind = dialog.slot.kind.words();
    let (title, style) = match verb {
        Verb::Generate => (format!("Generate an {kind}"), theme.title()),
        _ => (format!("{} the {kind}", verb.title()), theme.bad()),
    };
    boxed(frame, &title, style, parts, WIDTH, theme)
}

/// Delete.
pub fn delete(dialog: &DeleteDialog, frame: &mut Frame, theme: Theme) -> Boxed {
    let place = Place::of(frame, theme);
    let slot = Line::styled(dialog.slot.to_string(), theme.strong());
    let mut parts = vec![Part::ranked(3, slot)];
    if dialog.shown == Identity::Unclear {
        parts.extend(unclear(theme));
    } else {
        let words = "What uses this token stops at once; there is no way back.";
        parts.push(Part::ranked(6, Line::styled(words, theme.bad())));
        parts.extend(place.identification(&dialog.facts));
    }
    match &dialog.preparation {
        Some(preparation) => parts.extend(place.own(preparation, Verb::Delete)),
        None => parts.push(Part::ranked(
            7,
            Line::styled("looking up whose credential is in use", theme.faint()),
        )),
    }
    parts.push(Part::gap());
    parts.extend(place.name(
        "delete",
        &dialog.slot.organization,
        &dialog.name,
        true,
        dialog.confirmed(),
    ));
    parts.extend(problem(dialog.problem.as_deref(), theme));
    let title = format!("Delete the {}", dialog.slot.kind.words());
    boxed(frame, &title, theme.bad(), parts, WIDTH, theme)
}

fn unclear(theme: Theme) -> [Part<'static>; 2] {
    [
        Part::must(Line::styled(
            "A token that you may not see would die.",
            theme.bad(),
        )),
        Part::ranked(
            6,
            "The host shows neither a token nor that there is none (404).",
        ),
    ]
}

pub(super) fn problem(problem: Option<&str>, theme: Theme) -> Option<Part<'static>> {
    problem.map(|text| Part::must(Line::styled(text.to_owned(), theme.bad())))
}

/// Where the lines of a dialog go: how wide they may be, and what they look like.
pub(super) struct Place {
    pub width: usize,
    pub narrow: bool,
    theme: Theme,
}

impl Place {
    pub fn of(frame: &Frame, theme: Theme) -> Self {
        Self {
            width: usize::from(inner_width(frame, WIDTH)),
            narrow: is_narrow(frame, WIDTH),
            theme,
        }
    }

    /// Which token it is, how old, when it was last used: that always stays.
    fn identification(&self, facts: &[Fact]) -> Vec<Part<'static>> {
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
        let symbols = theme.symbols;
        let text = format!("{} {value} {}", symbols.before, symbols.after);
        vec![self.label(label), Span::styled(text, style)]
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
        let (words, style) = match end {
            Ok(End::At(at)) if self.narrow => (when::day(at, zone), theme.faint()),
            Ok(End::At(at)) => (when::exact(at, zone), theme.faint()),
            Ok(End::Unknown | End::ServerDecides) => (String::new(), theme.faint()),
            // It is not finished yet: what it may become.
            Err(ExpiryError::NotAnExpiry(_) | ExpiryError::NotALength(_)) => {
                ("90d, 12h, 1y, 2027-01-31".to_owned(), theme.faint())
            }
            Err(ExpiryError::BeyondPolicy { .. }) => {
                let most = policy.map_or(String::new(), |policy| {
                    format!(": at most {}", when::length(policy.as_secs()))
                });
                (format!("beyond the policy{most}"), theme.bad())
            }
            Err(ExpiryError::Past { .. }) => ("not in the future".to_owned(), theme.bad()),
            Err(ExpiryError::TooFar(_)) => ("too far away".to_owned(), theme.bad()),
            Err(ExpiryError::NoPolicy) => ("no policy is known".to_owned(), theme.bad()),
        };
        self.remark(&mut spans, &words, style);
        Line::from(spans)
    }

    /// Adds a remark; in a narrow window only if it fits into the line.
    fn remark(&self, spans: &mut Vec<Span<'static>>, words: &str, style: ratatui::style::Style) {
        let used: usize = spans.iter().map(Span::width).sum();
        let important = style == self.theme.bad();
        if words.is_empty() || self.narrow && !important && used + 2 + words.width() > self.width {
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
            if focused {
                format!("file {}", field_text(&terms.path, room, self.theme))
            } else if terms.path.text().is_empty() {
                format!("{}: type its path", self.gist(&choice.words))
            } else {
                let path = fit(terms.path.text(), room, self.theme.symbols.ascii);
                format!("file {path}")
            }
        } else {
            self.gist(&choice.words)
        };
        let mut spans = self.chooser("Goes to", &value, focused);
        // Enter says it in a line of its own.
        let said = said.is_some() && said == choice.problem.as_deref();
        if let Some(problem) = choice.problem.as_ref().filter(|_| !said) {
            self.remark(&mut spans, problem, self.theme.bad());
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

    fn own(&self, preparation: &Preparation, verb: Verb) -> Vec<Part<'static>> {
        let theme = self.theme;
        let warning = theme.symbols.warning;
        let (words, style) = match (preparation.own, verb) {
            (Own::No, _) | (_, Verb::Generate) => return Vec::new(),
            (Own::Yes, Verb::Replace) => (
                "The program goes on with the new one; the old one stays stored",
                theme.warn(),
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
            format!("{warning} This token is your own credential."),
            style,
        ))];
        let sentence = match &preparation.origin {
            Some(origin) => format!("{words} in {origin}."),
            None => format!("{}.", words.split(';').next().unwrap_or(words)),
        };
        parts.push(Part::ranked(4, Line::styled(sentence, style)));
        parts
    }

    fn name(
        &self,
        verb: &str,
        name: &str,
        field: &Field,
        focused: bool,
        confirmed: bool,
    ) -> [Part<'static>; 2] {
        let what = format!("to {verb} its token:");
        self.typed(name, &what, verb, field, focused, confirmed)
    }

    /// A field in which a text is to be typed, and what Enter does then.
    pub fn typed(
        &self,
        name: &str,
        what: &str,
        verb: &str,
        field: &Field,
        focused: bool,
        confirmed: bool,
    ) -> [Part<'static>; 2] {
        let theme = self.theme;
        let mark = if confirmed {
            format!("  Enter to {verb}")
        } else {
            String::new()
        };
        let room = self.width.saturating_sub(2 + mark.width());
        let (style, text) = if focused {
            (theme.selected(), field_text(field, room, theme))
        } else {
            let text = fit(field.text(), room, theme.symbols.ascii);
            (theme.plain(), text)
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

/// A notice.
pub fn notice(app: &App, notice: &Notice, frame: &mut Frame, theme: Theme) -> Boxed {
    let mut parts = Vec::new();
    for (at, text) in notice.lines.iter().enumerate() {
        let style = if at == 0 {
            theme.strong()
        } else {
            theme.plain()
        };
        parts.push(Part::must(Line::styled(text.clone(), style)));
    }
    if notice.next.is_some() {
        // The next step, and that there is another way.
        let mut line = Line::default();
        let keys = app.bar().into_iter();
        for shown in keys.filter(|shown| shown.command != Command::Help) {
            line.push_span(Span::styled(shown.keys, theme.key()));
            line.push_span(Span::raw(format!(" {}   ", shown.words)));
        }
        parts.push(Part::gap());
        parts.push(Part::must(line));
    }
    let style = if notice.bad {
        theme.bad()
    } else {
        theme.title()
    };
    // A word that is broken, an address above all, cannot be copied.
    let words = notice.lines.iter().flat_map(|line| line.split(' '));
    let longest = words.map(UnicodeWidthStr::width).max().unwrap_or(0);
    let width = u16::try_from(longest + 4).unwrap_or(u16::MAX).max(NOTICE);
    boxed(frame, &notice.title, style, parts, width, theme)
}

/// The question before a secret is let go.
pub fn leave(dialog: &LeaveDialog, frame: &mut Frame, theme: Theme) -> Boxed {
    let slots = dialog.slots.iter();
    let mut parts: Vec<Part> = slots
        .map(|slot| Part::ranked(1, Line::styled(slot.to_string(), theme.strong())))
        .collect();
    let prompt = format!("Type {WORD} and Enter to let it go: ");
    let room = usize::from(inner_width(frame, NOTICE)).saturating_sub(prompt.width() + 2);
    parts.extend([
        Part::must("The new secret is not known to be anywhere but here."),
        Part::must("Once let go, nobody can ever see it again."),
        Part::gap(),
        Part::must(Line::from(vec![
            Span::styled("c", theme.key()),
            Span::raw(" copy it   "),
            Span::styled("Esc", theme.key()),
            Span::raw(" back to it"),
        ])),
        Part::must(Line::from(vec![
            Span::raw(prompt),
            Span::styled(
                format!(" {} ", field_text(&dialog.word, room.max(8), theme)),
                theme.selected(),
            ),
        ])),
    ]);
    boxed(
        frame,
        "Undelivered secret",
        theme.bad(),
        parts,
        NOTICE,
        theme,
    )
}
