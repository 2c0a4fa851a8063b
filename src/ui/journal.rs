//! The journal: two lines for each order.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::Theme;
use super::boxed::{Boxed, Part, WIDE, boxed, field_text, inner_width};
use crate::app::dialogs::JournalView;
use crate::app::dialogs::journal::{details, headline};
use crate::app::layout;
use crate::text::fit;

/// Draws the journal.
pub fn journal(view: &JournalView, frame: &mut Frame, theme: Theme) -> Boxed {
    let area = frame.area();
    let room = layout::journal_height((area.width, area.height));
    let width = usize::from(inner_width(frame, WIDE));
    let shown = view.shown();
    let first = view.offset.min(shown.len().saturating_sub(room));
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
        _ if shown.is_empty() => Some(("nothing that fits the filter".to_owned(), theme.faint())),
        _ => None,
    };
    if let Some((words, style)) = empty {
        parts.push(Part::must(Line::styled(words, style)));
    } else {
        for entry in shown.iter().skip(first).take(room) {
            let style = if entry.is_open() {
                theme.bad()
            } else {
                theme.plain()
            };
            let cut = |text: String| fit(&text, width, theme.symbols.ascii);
            parts.push(Part::must(Line::styled(cut(headline(entry)), style)));
            let below = cut(format!("    {}", details(entry)));
            parts.push(Part::must(Line::styled(below, theme.faint())));
        }
    }
    let title = if shown.len() > room {
        let last = first + room.min(shown.len() - first);
        format!("Journal, {} to {last} of {}", first + 1, shown.len())
    } else {
        "Journal".to_owned()
    };
    boxed(frame, &title, theme.title(), parts, WIDE, theme)
}
