//! The secret panel.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::Theme;
use super::dialogs::boxed;
use crate::action::Verb;
use crate::app::message::Gone;
use crate::app::panel::{Panel, Place};
use crate::app::{App, when};
use crate::expiry;

/// Draws the panel.
pub fn panel<'a>(app: &'a App, panel: &'a Panel, frame: &mut Frame, theme: Theme) {
    let zone = &app.settings.zone;
    let done = match panel.verb {
        Verb::Generate => "A token was generated",
        _ => "The token was replaced",
    };
    let secret = if panel.revealed_until.is_some() {
        panel.text()
    } else {
        theme.symbols.mask
    };
    let mut lines = vec![
        Line::styled(panel.slot.to_string(), theme.strong()),
        Line::from(vec![
            Span::styled("token   ", theme.faint()),
            Span::raw(panel.token.id.clone()),
        ]),
        Line::from(vec![
            Span::styled("ends    ", theme.faint()),
            Span::raw(
                panel
                    .token
                    .expires_at
                    .map_or("never".to_owned(), |at| when::exact(at, zone)),
            ),
        ]),
    ];
    if panel.asked.is_some() && panel.asked != panel.token.expires_at {
        let asked = panel.asked.map(expiry::wire).unwrap_or_default();
        lines.push(Line::styled(
            format!(
                "{} not the expiry that was asked for ({asked})",
                theme.symbols.warning
            ),
            theme.warn(),
        ));
    }
    lines.push(Line::from(vec![
        Span::styled("secret  ", theme.faint()),
        Span::styled(secret, theme.strong()),
    ]));
    lines.push(Line::default());
    if panel.places.is_empty() {
        lines.push(Line::styled(
            "Delivered nowhere yet: it is in this panel only.",
            theme.warn(),
        ));
    }
    for place in &panel.places {
        lines.push(place_line(app, place, theme));
        if let Some(note) = place.note.as_ref().filter(|_| place.gone.is_none()) {
            lines.push(Line::styled(format!("  {note}"), theme.faint()));
        }
    }
    if let Some((_, words)) = &panel.busy {
        lines.push(Line::styled(words.clone(), theme.faint()));
    }
    if let Some(words) = &panel.said {
        lines.push(Line::styled(words.clone(), theme.good()));
    }
    if let Some(words) = &panel.problem {
        lines.push(Line::styled(words.clone(), theme.bad()));
    }
    for note in &panel.notes {
        lines.push(Line::styled(note.clone(), theme.warn()));
    }
    if let Some(path) = &panel.path {
        lines.push(Line::default());
        lines.push(Line::raw("Write it to this file, readable by you alone:"));
        lines.push(Line::styled(
            format!(" {}{} ", path.text(), theme.symbols.cursor),
            theme.selected(),
        ));
    }
    if let Some(name) = panel.choosing.and_then(|at| panel.deliveries.get(at)) {
        lines.push(Line::default());
        lines.push(Line::from(vec![
            Span::raw("Send it to "),
            Span::styled(
                format!("{} {name} {}", theme.symbols.before, theme.symbols.after),
                theme.selected(),
            ),
        ]));
    }
    lines.push(Line::default());
    lines.push(keys(panel, theme));
    boxed(frame, done, theme.title(), lines, 76, theme);
}

fn place_line(app: &App, place: &Place, theme: Theme) -> Line<'static> {
    let words = &place.words;
    match (place.gone, place.certain) {
        (Some(Gone::Cleared), _) => Line::styled(format!("cleared from {words}"), theme.faint()),
        (Some(Gone::Replaced), _) => Line::styled(
            format!("no longer on {words}: something else was copied"),
            theme.faint(),
        ),
        (Some(Gone::Unknown), _) => Line::styled(
            format!("no longer on {words}: what held it has ended"),
            theme.warn(),
        ),
        (None, certain) => {
            let mut text = if certain {
                format!("delivered to {words}")
            } else {
                format!("sent to {words}, which does not confirm: it may not have arrived")
            };
            if let Some(at) = place.clears_at {
                let left = at.saturating_sub(app.now.since_start);
                // Rounded up: "1 s" until it is over.
                let left = left.as_secs() + u64::from(left.subsec_nanos() > 0);
                if left > 0 {
                    text.push_str(&format!("; clears in {}", when::length(left)));
                } else {
                    text.push_str("; clearing");
                }
            }
            Line::styled(text, if certain { theme.good() } else { theme.warn() })
        }
    }
}

fn keys(panel: &Panel, theme: Theme) -> Line<'static> {
    let mut spans = Vec::new();
    for (key, words) in panel.keys() {
        spans.push(Span::styled(key, theme.key()));
        spans.push(Span::raw(format!(" {words}  ")));
    }
    Line::from(spans)
}
