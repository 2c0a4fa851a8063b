//! The messages: what was said, the latest first.

use ratatui::Frame;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::Theme;
use super::boxed::{Boxed, Part, WIDE, boxed, inner_width};
use crate::app::messages::MessagesView;
use crate::app::{App, layout};
use crate::text::fit;

/// Draws the messages.
pub fn messages(app: &App, view: &MessagesView, frame: &mut Frame, theme: Theme) -> Boxed {
    let area = frame.area();
    let room = layout::help_height((area.width, area.height));
    let width = usize::from(inner_width(frame, WIDE));
    let remarks = app.said.remarks();
    let count = remarks.len();
    let first = view.offset.min(count.saturating_sub(room));
    let mut parts: Vec<Part> = remarks
        .skip(first)
        .take(room)
        .map(|remark| {
            let at = remark.at.to_zoned_datetime(app.settings.zone.clone());
            let time = at.strftime("%H:%M:%S  ").to_string();
            let sign = match remark.bad {
                true => format!("{} ", theme.symbols.warning),
                false => "  ".to_owned(),
            };
            let times = match remark.times {
                1 => String::new(),
                many => format!("  ({many} times)"),
            };
            let used = time.width() + sign.width() + times.width();
            let text = fit(
                &remark.text,
                width.saturating_sub(used),
                theme.symbols.ascii,
            );
            let style = if remark.bad {
                theme.bad()
            } else {
                theme.plain()
            };
            Part::must(Line::from(vec![
                Span::styled(time, theme.faint()),
                Span::styled(format!("{sign}{text}"), style),
                Span::styled(times, theme.faint()),
            ]))
        })
        .collect();
    if parts.is_empty() {
        parts.push(Part::must(Line::styled(
            "nothing was said yet",
            theme.faint(),
        )));
    }
    let title = if count > room {
        let last = first + room.min(count - first);
        format!("Messages, {} to {last} of {count}", first + 1)
    } else {
        "Messages".to_owned()
    };
    boxed(frame, &title, theme.title(), parts, WIDE, theme)
}
