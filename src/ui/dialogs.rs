//! The dialogs, and the little box that shows how far an order is.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::Theme;
use super::boxed::{Boxed, Part, WIDTH, boxed, field_text, inner_width};
use super::inside::{Inside, problem};
use crate::action::{Step, Verb};
use crate::app::dialogs::{DeleteDialog, Focus, LeaveDialog, NewDialog, Notice, WORD};
use crate::app::keys::Command;
use crate::app::message::DialogPart;
use crate::app::{App, Running, Target, when};
use crate::slot::Identity;

/// The width of the box that shows how far an order is.
const RUNNING: u16 = 60;
/// The width of a notice.
const NOTICE: u16 = 70;

/// How far an order is.
pub fn running(app: &App, running: &Running, frame: &mut Frame, theme: Theme) -> Boxed {
    let seconds = app.now.since_start.saturating_sub(running.since).as_secs();
    let stop = app.stop_key().map(|key| theme.keys(&key));
    let words = match &running.step {
        Step::Proving => "proving the destination".to_owned(),
        Step::Comparing => "reading the slot again".to_owned(),
        Step::Recording => "writing the journal".to_owned(),
        Step::Writing => "waiting for the server".to_owned(),
        Step::Waiting(wait) => format!(
            "the host asks to wait (429): {} left{}",
            when::length(wait.as_secs().saturating_sub(seconds).max(1)),
            match &stop {
                Some(stop) => format!("; {stop} ends it"),
                None => String::new(),
            }
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
        if run.is_stopping() {
            let words = Line::styled("stopping after this one", theme.warn());
            parts.push(Part::must(words));
        } else if let Some(stop) = stop {
            let words = Line::styled(format!("{stop} stops after this one"), theme.faint());
            parts.push(Part::must(words));
        }
    }
    boxed(frame, &title, theme.title(), parts, RUNNING, theme)
}

/// Generate and Replace.
pub fn new(app: &App, dialog: &NewDialog, frame: &mut Frame, theme: Theme) -> Boxed {
    let inside = Inside::of(frame, theme);
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
            parts.extend(inside.identification(&dialog.facts));
        }
    }
    parts.push(Part::gap());
    let field = |focus, rank, line| {
        let rank = if dialog.focus == focus { 0 } else { rank };
        Part::ranked(rank, line).clicked(Target::Part(DialogPart::New(focus)))
    };
    let expiry = inside.expiry(
        app,
        &dialog.terms,
        dialog.end(),
        preparation.and_then(|known| known.policy),
        dialog.focus == Focus::Expiry,
    );
    parts.push(field(Focus::Expiry, 5, expiry));
    let destination = inside.destination(
        &dialog.terms,
        dialog.focus == Focus::Destination,
        dialog.problem.as_deref(),
    );
    parts.push(field(Focus::Destination, 2, destination));
    let rescue = match preparation {
        Some(known) if !known.rescue_proven => 3,
        _ => 7,
    };
    let known = preparation.map(|known| (known.rescue.as_str(), known.rescue_proven));
    parts.push(Part::ranked(rescue, inside.rescue(known)));
    if let Some(preparation) = preparation {
        parts.extend(inside.own(preparation, verb));
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
        let [what, typed] = inside.name(
            "replace",
            &dialog.slot.organization,
            &dialog.name,
            dialog.focus == Focus::Name,
            dialog.is_ready(),
        );
        let target = Target::Part(DialogPart::New(Focus::Name));
        parts.extend([what.clicked(target.clone()), typed.clicked(target)]);
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
    let inside = Inside::of(frame, theme);
    let slot = Line::styled(dialog.slot.to_string(), theme.strong());
    let mut parts = vec![Part::ranked(3, slot)];
    if dialog.shown == Identity::Unclear {
        parts.extend(unclear(theme));
    } else {
        let words = "What uses this token stops at once; there is no way back.";
        parts.push(Part::ranked(6, Line::styled(words, theme.bad())));
        parts.extend(inside.identification(&dialog.facts));
    }
    match &dialog.preparation {
        Some(preparation) => parts.extend(inside.own(preparation, Verb::Delete)),
        None => parts.push(Part::ranked(
            7,
            Line::styled("looking up whose credential is in use", theme.faint()),
        )),
    }
    parts.push(Part::gap());
    parts.extend(inside.name(
        "delete",
        &dialog.slot.organization,
        &dialog.name,
        true,
        dialog.is_ready(),
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
