//! The list: only the rows that are visible, in the columns that fit.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::hits::Hits;
use super::{Theme, pad, stacked};
use crate::app::layout::{self, Columns};
use crate::app::list::{Column, Row};
use crate::app::when::relative;
use crate::app::{App, Target};
use crate::slot::Time;
use crate::text::fit;

/// The days that a full bar of life stands for.
const FULL_BAR: i64 = 180;
/// The cells of the bar.
const CELLS: usize = layout::CELLS;

/// Draws the heads and the visible rows.
pub fn draw(app: &App, frame: &mut Frame, area: Rect, theme: Theme, hits: &mut Hits) {
    let columns = app.columns();
    let selected = app.list.selected().map(|row| &row.slot);
    let mut lines = vec![heads(app, &columns, theme)];
    lines.extend(app.list.visible().map(|row| {
        let chosen = selected == Some(&row.slot);
        line(app, row, &columns, chosen, usize::from(area.width), theme)
    }));
    stacked(frame, lines, area);
    for (y, row) in (area.y + 1..area.bottom()).zip(app.list.visible()) {
        let line = Rect::new(area.x, y, area.width, 1);
        hits.add(line, Target::Row(row.slot.clone()));
    }
}

fn heads(app: &App, columns: &Columns, theme: Theme) -> Line<'static> {
    let (column, reversed) = app.list.order();
    let arrow = match (reversed, theme.symbols.ascii) {
        (false, false) => " ↓",
        (true, false) => " ↑",
        (false, true) => " v",
        (true, true) => " ^",
    };
    let head = |name: &str, by: &[Column]| {
        let mark = if by.contains(&column) { arrow } else { "" };
        format!("{name}{mark}")
    };
    let cell = |text: String, width: usize, gap: usize| {
        if width == 0 {
            String::new()
        } else {
            format!("{}{}", pad(&text, width, theme), " ".repeat(gap))
        }
    };
    let mut text = String::from("   ");
    text += &cell(
        head("organization", &[Column::Organization]),
        columns.organization,
        1,
    );
    text += &cell(head("host", &[Column::Host]), columns.host, 2);
    text += &cell(head("token", &[Column::Attention]), columns.token, 2);
    text += &cell(head("ends", &[Column::Ends]), columns.ends, 2);
    text += &cell(String::new(), columns.bar, 2);
    text += &cell(head("last used", &[Column::LastUsed]), columns.used, 1);
    text += &cell(head("created by", &[Column::CreatedBy]), columns.creator, 1);
    Line::styled(text, theme.faint())
}

fn line(
    app: &App,
    row: &Row,
    columns: &Columns,
    chosen: bool,
    width: usize,
    theme: Theme,
) -> Line<'static> {
    let symbols = theme.symbols;
    let (before, marker) = match (chosen, row.marked) {
        (true, true) => (symbols.marker, symbols.mark),
        (true, false) => (" ", symbols.marker),
        (false, true) => (" ", symbols.mark),
        (false, false) => (" ", " "),
    };
    let working = app
        .running
        .as_ref()
        .filter(|running| running.slot == row.slot);
    let mut spans = vec![
        Span::raw(format!("{before}{marker} ")),
        Span::raw(pad(&row.slot.organization, columns.organization, theme)),
        Span::raw(" "),
    ];
    if columns.host > 0 {
        spans.push(Span::styled(
            pad(row.slot.host.as_str(), columns.host, theme),
            theme.faint(),
        ));
        spans.push(Span::raw("  "));
    }
    let word = working.map_or(row.state().word(), |running| match running.verb {
        crate::action::Verb::Generate => "generating",
        crate::action::Verb::Replace => "replacing",
        crate::action::Verb::Delete => "deleting",
    });
    spans.push(Span::styled(
        pad(word, columns.token, theme),
        theme.state(row.state()),
    ));
    spans.push(Span::raw("  "));
    if let Some(words) = row.words() {
        let used: usize = spans.iter().map(Span::width).sum();
        let words = fit(words, width.saturating_sub(used + 1), theme.symbols.ascii);
        spans.push(Span::styled(words, theme.faint()));
    } else {
        times(app, row, columns, theme, &mut spans);
    }
    if row.reading.is_none() {
        // An earlier run's.
        for span in &mut spans {
            span.style = theme.faint();
        }
    }
    let mut line = Line::from(spans);
    if chosen {
        // To the edge, so that the selection reads as one line.
        let rest = width.saturating_sub(line.width());
        line.push_span(Span::raw(" ".repeat(rest)));
        // One style for the whole line: colours and faintness of single words
        // would make it patchy.
        for span in &mut line.spans {
            span.style = theme.selected();
        }
    }
    line
}

fn times(app: &App, row: &Row, columns: &Columns, theme: Theme, spans: &mut Vec<Span<'static>>) {
    let now = app.list.time_of(row.account, app.now.wall);
    let reading = row.last_known();
    let token = reading.and_then(|reading| reading.token());
    let none = theme.symbols.none;
    let ends = reading.and_then(|reading| reading.ends_at());
    let words = |time: Option<Time>| match time {
        Some(time) => time.words(|at| relative(at, now).text),
        None => none.to_owned(),
    };
    let ends_text = words(ends);
    spans.push(Span::raw(pad(&ends_text, columns.ends, theme)));
    spans.push(Span::raw("  "));
    if columns.bar > 0 {
        let bar = match ends.and_then(Time::at) {
            Some(end) if end > now => life(end.duration_since(now).as_secs(), theme),
            _ => String::new(),
        };
        spans.push(Span::styled(
            pad(&bar, columns.bar, theme),
            theme.state(row.state()),
        ));
        spans.push(Span::raw("  "));
    }
    if columns.used > 0 {
        let text = words(token.map(|token| token.last_used_at));
        spans.push(Span::raw(pad(&text, columns.used, theme)));
        spans.push(Span::raw(" "));
    }
    if columns.creator > 0 {
        let text = token
            .and_then(|token| token.created_by.as_ref())
            .map_or(none.to_owned(), |creator| creator.words());
        spans.push(Span::raw(pad(&text, columns.creator, theme)));
    }
}

/// What is left of a token's life; full from half a year on.
fn life(seconds: i64, theme: Theme) -> String {
    let cells = i64::try_from(CELLS).unwrap_or(6);
    let full = (seconds * cells).div_euclid(FULL_BAR * 86_400) + 1;
    let full = usize::try_from(full.clamp(1, cells)).unwrap_or(CELLS);
    format!(
        "{}{}{}{}",
        theme.symbols.left,
        theme.symbols.full.repeat(full),
        " ".repeat(CELLS - full),
        theme.symbols.right
    )
}
