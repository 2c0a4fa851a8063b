//! The help: what is searched for, and as many of its lines as there is room
//! for.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::boxed::{Boxed, Part, boxed, field_text};
use super::{Theme, pad};
use crate::app::App;
use crate::app::help::{self, Help, KEYS};
use crate::app::layout::{self, HELP};

/// Draws the help.
pub fn help(app: &App, state: &Help, frame: &mut Frame, theme: Theme) -> Boxed {
    let area = frame.area();
    let size = (area.width, area.height);
    let room = layout::help_lines(size);
    let width = layout::help_width(size);
    let all = state.lines(&app.settings.keymap, width);
    let count = all.len();
    let first = state.offset.min(count.saturating_sub(room));
    let mut parts = vec![Part::must(match state.search.text() {
        "" => Line::styled("type to search", theme.faint()),
        _ => Line::from(vec![
            Span::styled("/ ", theme.key()),
            Span::raw(field_text(&state.search, width.saturating_sub(2), theme)),
        ]),
    })];
    if all.is_empty() {
        let words = "no key and no state is described like that";
        parts.push(Part::must(Line::styled(words, theme.faint())));
    }
    parts.extend(all.into_iter().skip(first).take(room).map(|line| {
        Part::must(match line {
            help::Line::Head(text) => Line::styled(text, theme.strong()),
            help::Line::Entry(key, text) => Line::from(vec![
                Span::styled(
                    format!("  {}", pad(&theme.keys(&key), KEYS - 2, theme)),
                    theme.key(),
                ),
                Span::raw(theme.keys(&text)),
            ]),
        })
    }));
    let title = if count > room {
        format!("Help, {} to {} of {count}", first + 1, first + room)
    } else {
        "Help".to_owned()
    };
    boxed(frame, &title, theme.title(), parts, HELP, theme)
}
