//! The secret panel.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::Theme;
use super::boxed::{Boxed, Part, WIDTH, boxed, chosen, field_text, inner_width, leaves_keys};
use super::frame::bar;
use crate::action::Verb;
use crate::app::message::Gone;
use crate::app::panel::{Panel, Place, REPLACE};
use crate::app::{App, when};
use crate::slot::Time;

/// Draws the panel.
pub fn panel<'a>(app: &'a App, panel: &'a Panel, frame: &mut Frame, theme: Theme) -> Boxed {
    let zone = &app.settings.zone;
    let title = match panel.verb {
        Verb::Generate => "A token was generated",
        _ => "The token was replaced",
    };
    let secret = if panel.revealed_until.is_some() {
        panel.text()
    } else {
        theme.symbols.mask
    };
    let fact = |label: &'static str, text: Span<'a>| {
        Line::from(vec![Span::styled(label, theme.faint()), text])
    };
    let end = |at| when::exact(at, zone);
    let ends = panel.token.expires_at.words(end);
    let mut parts = vec![
        Part::ranked(2, Line::styled(panel.slot.to_string(), theme.strong())),
        Part::ranked(5, fact("token   ", Span::raw(&*panel.token.id))),
        Part::ranked(4, fact("ends    ", Span::raw(ends))),
    ];
    if let Some(asked) = panel.asked
        && panel.token.expires_at != Time::At(asked)
    {
        let warning = theme.symbols.warning;
        let words = match panel.token.expires_at {
            Time::Unknown => "the host does not confirm what was asked for",
            _ => "not what was asked for",
        };
        parts.push(Part::ranked(
            1,
            Line::styled(format!("{warning} {words}: {}", end(asked)), theme.warn()),
        ));
    }
    let secret = Span::styled(secret, theme.strong());
    parts.push(Part::must(fact("secret  ", secret)));
    parts.push(Part::gap());
    if panel.places.is_empty() {
        let words = "Delivered nowhere yet: it is in this panel only.";
        parts.push(Part::ranked(1, Line::styled(words, theme.warn())));
    }
    for place in &panel.places {
        parts.push(Part::must(place_line(app, place, theme)));
        if let Some(note) = place.note.as_ref().filter(|_| place.gone.is_none()) {
            let note = Line::styled(format!("  {note}"), theme.faint());
            parts.push(Part::ranked(1, note));
        }
    }
    if let Some((_, words)) = panel.busy.last() {
        parts.push(Part::must(Line::styled(words.clone(), theme.faint())));
    }
    if let Some(words) = &panel.said {
        parts.push(Part::must(Line::styled(words.clone(), theme.good())));
    }
    if let Some(words) = &panel.problem {
        parts.push(Part::must(Line::styled(words.clone(), theme.bad())));
    }
    for note in &panel.notes {
        parts.push(Part::ranked(1, Line::styled(note.clone(), theme.warn())));
    }
    let width = inner_width(frame, WIDTH);
    let typed = match (&panel.replacing, &panel.path) {
        (Some((to, word)), _) => {
            let words = format!("Type {REPLACE} to replace what is at {to}:");
            Some((words, word))
        }
        (None, Some(path)) => {
            let words = "Write it to this file, readable by you alone:".to_owned();
            Some((words, path))
        }
        (None, None) => None,
    };
    if let Some((words, field)) = typed {
        let room = usize::from(width).saturating_sub(2);
        parts.push(Part::gap());
        parts.push(Part::must(Line::raw(words)));
        parts.push(Part::must(Line::from(Span::styled(
            format!(" {} ", field_text(field, room, theme)),
            theme.selected(),
        ))));
    }
    if let Some(name) = panel.choosing.and_then(|at| panel.deliveries.get(at)) {
        parts.push(Part::gap());
        parts.push(Part::must(Line::from(vec![
            Span::raw("Send it to "),
            Span::styled(chosen(name, theme), theme.selected()),
        ])));
    }
    if !leaves_keys(frame) {
        let (mut keys, _) = bar(&app.bar(), width, theme);
        keys.spans.remove(0);
        parts.push(Part::ranked(3, keys));
    }
    boxed(frame, title, theme.title(), parts, WIDTH, theme)
}

fn place_line(app: &App, place: &Place, theme: Theme) -> Line<'static> {
    let words = &place.words;
    let (mut text, style) = match (place.gone, place.certain) {
        (Some(Gone::Cleared), _) => (format!("cleared from {words}"), theme.faint()),
        (Some(Gone::Replaced), _) => (
            format!("no longer on {words}: something else was copied"),
            theme.faint(),
        ),
        (Some(Gone::Unknown), _) => (
            format!("no longer on {words}: what held it has ended"),
            theme.warn(),
        ),
        (None, true) => (format!("delivered to {words}"), theme.good()),
        (None, false) => (
            format!("sent to {words}; it may not have arrived"),
            theme.warn(),
        ),
    };
    if let Some(at) = place.clears_at.filter(|_| place.gone.is_none()) {
        let left = at.saturating_sub(app.now.since_start);
        // Rounded up: "1 s" until it is over.
        let left = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        if left > 0 {
            text.push_str(&format!("; clears in {}", when::length(left)));
        } else {
            text.push_str("; clearing");
        }
    }
    Line::styled(text, style)
}
