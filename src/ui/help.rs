//! The help: as many of its lines as there is room for.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::boxed::{Part, boxed};
use super::{Theme, pad};
use crate::app::App;
use crate::app::help::{self, Help, KEYS};
use crate::app::layout::{self, HELP};

/// Draws the help.
pub fn help(app: &App, state: &Help, frame: &mut Frame, theme: Theme) {
    let area = frame.area();
    let size = (area.width, area.height);
    let room = layout::help_height(size);
    let all = help::lines(&app.settings.keymap, layout::help_width(size));
    let count = all.len();
    let first = state.offset.min(count.saturating_sub(room));
    let parts = all
        .into_iter()
        .skip(first)
        .take(room)
        .map(|line| {
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
        })
        .collect();
    let title = if count > room {
        format!("Help, {} to {} of {count}", first + 1, first + room)
    } else {
        "Help".to_owned()
    };
    boxed(frame, &title, theme.title(), parts, HELP, theme);
}
