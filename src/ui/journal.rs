//! The journal: what became of each order, whole.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::Theme;
use super::boxed::{Boxed, Part, boxed, field_text};
use crate::app::dialogs::JournalView;
use crate::app::layout;
use crate::text::fit;

/// Draws the journal.
pub fn journal(view: &JournalView, frame: &mut Frame, theme: Theme) -> Boxed {
    let area = frame.area();
    let size = (area.width, area.height);
    let (room, width) = (layout::journal_height(size), layout::journal_width(size));
    let lines = view.lines();
    let first = view.offset.min(lines.len().saturating_sub(room));
    let filter = view.filter.text();
    let head = if view.typing {
        let text = field_text(&view.filter, width.saturating_sub(3), theme);
        Line::from(vec![Span::styled("/ ", theme.key()), Span::raw(text)])
    } else if !filter.is_empty() {
        let text = fit(filter, width.saturating_sub(2), theme.symbols.ascii);
        Line::styled(format!("/ {text}"), theme.faint())
    } else {
        Line::styled("the newest first", theme.faint())
    };
    let mut parts = vec![Part::must(head)];
    let empty = match (&view.entries, view.reading) {
        (_, Some(_)) => Some(("being read".to_owned(), theme.faint())),
        (Err(why), None) => Some((why.clone(), theme.bad())),
        (Ok(all), None) if all.is_empty() => Some((
            "nothing was done with Orgward on this machine yet".to_owned(),
            theme.faint(),
        )),
        _ if lines.is_empty() => Some(("nothing that fits the filter".to_owned(), theme.faint())),
        _ => None,
    };
    if let Some((words, style)) = empty {
        parts.push(Part::must(Line::styled(words, style)));
    } else {
        parts.extend(lines.iter().skip(first).take(room).map(|line| {
            let style = match (line.below, line.open) {
                (true, _) => theme.faint(),
                (false, true) => theme.bad(),
                (false, false) => theme.plain(),
            };
            Part::must(Line::styled(line.text.clone(), style))
        }));
    }
    let count = lines.len();
    let title = if count > room {
        let last = first + room.min(count - first);
        format!("Journal, lines {} to {last} of {count}", first + 1)
    } else {
        "Journal".to_owned()
    };
    boxed(frame, &title, theme.title(), parts, layout::JOURNAL, theme)
}
