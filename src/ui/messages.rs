//! The messages: what was said, the latest first, each whole.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::Theme;
use super::boxed::{Boxed, Part, boxed};
use crate::app::messages::{self, BEFORE, MessagesView};
use crate::app::{App, layout};

/// Draws the messages.
pub fn messages(app: &App, view: &MessagesView, frame: &mut Frame, theme: Theme) -> Boxed {
    let area = frame.area();
    let room = layout::help_height((area.width, area.height));
    let lines = app.messages();
    let count = lines.len();
    let first = view.offset.min(count.saturating_sub(room));
    let shown = lines.into_iter().skip(first).take(room);
    let mut parts: Vec<Part> = shown.map(|shown| Part::must(line(shown, theme))).collect();
    if parts.is_empty() {
        parts.push(Part::must(Line::styled(
            "nothing was said yet",
            theme.faint(),
        )));
    }
    let title = if count > room {
        let last = first + room.min(count - first);
        format!("Messages, lines {} to {last} of {count}", first + 1)
    } else {
        "Messages".to_owned()
    };
    let width = layout::MESSAGES;
    boxed(frame, &title, theme.title(), parts, width, theme)
}

fn line(line: messages::Line, theme: Theme) -> Line<'static> {
    let (time, text, bad) = match line {
        messages::Line::Day(day) => return Line::styled(day, theme.strong()),
        messages::Line::Words { time, text, bad } => (time, text, bad),
    };
    let sign = match bad && time.is_some() {
        true => theme.symbols.warning,
        false => " ",
    };
    let style = match bad {
        true => theme.bad(),
        false => theme.plain(),
    };
    let time = time.unwrap_or_default();
    let room = BEFORE - 2;
    Line::from(vec![
        Span::styled(format!("{time:<room$}"), theme.faint()),
        Span::styled(format!("{sign} {text}"), style),
    ])
}
