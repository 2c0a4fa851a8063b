//! The box that dialogs, notices and the panel are drawn in.
//!
//! In a small window not everything fits. What must be seen (which token dies,
//! what is typed) stays, and the rest is left out by its rank, so that no
//! dialog needs a second layout.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph, Wrap};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::Theme;
use crate::app::Target;
use crate::app::field::Field;
use crate::text::fit;

/// The width of a box where the window has room.
pub const WIDTH: u16 = 76;
/// The width of one that shows lines of a record.
pub const WIDE: u16 = 110;
/// The height from which on the window's last line, the keys, stays free.
const ROOMY: u16 = 12;
/// Inside a box of fewer columns texts are said shortly.
const NARROW: u16 = 60;

/// A line of a box.
pub struct Part<'a> {
    line: Line<'a>,
    rank: u8,
    target: Option<Target>,
}

/// A box as it was drawn.
pub struct Boxed {
    /// Where it is, with its border.
    pub area: Rect,
    /// The lines that can be clicked.
    pub hits: Vec<(Rect, Target)>,
}

impl<'a> Part<'a> {
    /// A line that always stays.
    pub fn must(line: impl Into<Line<'a>>) -> Self {
        Self::ranked(0, line)
    }

    /// A line that may be left out, the higher the rank the sooner.
    pub fn ranked(rank: u8, line: impl Into<Line<'a>>) -> Self {
        Self {
            line: line.into(),
            rank,
            target: None,
        }
    }

    /// The same line, which can be clicked: the whole of a field.
    pub fn clicked(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// An empty line, left out first.
    pub fn gap() -> Self {
        Self::ranked(u8::MAX, Line::default())
    }
}

/// The columns inside a box of `width` in this window.
pub fn inner_width(frame: &Frame, width: u16) -> u16 {
    width.min(frame.area().width).saturating_sub(4)
}

/// Whether a box of `width` in this window has room for short texts only.
pub fn is_narrow(frame: &Frame, width: u16) -> bool {
    inner_width(frame, width) < NARROW
}

/// Whether the window's last line stays visible below a box.
pub fn leaves_keys(frame: &Frame) -> bool {
    frame.area().height >= ROOMY
}

/// Draws a box in the middle of the window and wraps what is too long.
pub fn boxed(
    frame: &mut Frame,
    title: &str,
    title_style: Style,
    mut parts: Vec<Part<'_>>,
    width: u16,
    theme: Theme,
) -> Boxed {
    let window = frame.area();
    let width = width.min(window.width);
    let inner = inner_width(frame, width);
    let most = if leaves_keys(frame) {
        window.height - 1
    } else {
        window.height
    };
    leave_out(&mut parts, inner, most.saturating_sub(2));
    let needed = height(&parts, inner);
    let height = needed.saturating_add(2).min(most);
    let area = Rect::new(
        window.x + (window.width - width) / 2,
        window.y + (most - height) / 2,
        width,
        height,
    );
    clear(frame, area);
    frame.buffer_mut().set_style(area, theme.plain());
    border(frame, area, title, title_style, theme);
    let inside = Rect::new(area.x + 2, area.y + 1, inner, height.saturating_sub(2));
    // Where even that is too much, the end stays: there are the fields.
    let over = needed.saturating_sub(inside.height);
    let hits = hits(&parts, inside, over);
    let lines: Vec<Line> = parts.into_iter().map(|part| part.line).collect();
    let paragraph = Paragraph::new(lines).wrap(Wrap { trim: false });
    frame.render_widget(paragraph.scroll((over, 0)), inside);
    Boxed { area, hits }
}

/// Leaves out by rank what does not fit into `room` rows.
fn leave_out(parts: &mut Vec<Part>, width: u16, room: u16) {
    while height(parts, width) > room {
        let rank = parts.iter().map(|part| part.rank).max().unwrap_or(0);
        // Of one rank the last goes first.
        match parts.iter().rposition(|part| part.rank == rank) {
            Some(at) if rank > 0 => {
                parts.remove(at);
            }
            _ => break,
        }
    }
}

/// The rows that all lines take.
fn height(parts: &[Part], width: u16) -> u16 {
    let rows: usize = parts.iter().map(|part| rows(&part.line, width)).sum();
    u16::try_from(rows).unwrap_or(u16::MAX)
}

/// The lines that can be clicked, as far as they are seen.
fn hits(parts: &[Part], inside: Rect, over: u16) -> Vec<(Rect, Target)> {
    let mut hits = Vec::new();
    let mut y = 0_u16;
    for part in parts {
        let rows = u16::try_from(rows(&part.line, inside.width)).unwrap_or(u16::MAX);
        if let (Some(target), Some(line)) = (&part.target, y.checked_sub(over))
            && line < inside.height
        {
            // A button is as wide as its words; a field, all that is its own.
            let area = match target {
                Target::Key(_) => {
                    let width = u16::try_from(part.line.width()).unwrap_or(u16::MAX);
                    Rect::new(inside.x, inside.y + line, width.min(inside.width), 1)
                }
                _ => {
                    let height = rows.min(inside.height - line);
                    Rect::new(inside.x, inside.y + line, inside.width, height)
                }
            };
            hits.push((area, target.clone()));
        }
        y = y.saturating_add(rows);
    }
    hits
}

/// The rows that a line takes.
fn rows(line: &Line, width: u16) -> usize {
    Paragraph::new(line.clone())
        .wrap(Wrap { trim: false })
        .line_count(width)
}

/// Empties an area. A wide character that reaches into it from the left would
/// swallow the border, so that goes too.
fn clear(frame: &mut Frame, area: Rect) {
    if let Some(x) = area.x.checked_sub(1) {
        for y in area.top()..area.bottom() {
            if let Some(cell) = frame.buffer_mut().cell_mut((x, y))
                && cell.symbol().width() > 1
            {
                cell.set_symbol(" ");
            }
        }
    }
    frame.render_widget(Clear, area);
}

fn border(frame: &mut Frame, area: Rect, title: &str, title_style: Style, theme: Theme) {
    let symbols = theme.symbols;
    let [top_left, top_right, bottom_left, bottom_right] = symbols.corners;
    let inner = usize::from(area.width.saturating_sub(2));
    let title = fit(title, inner.saturating_sub(4), symbols.ascii);
    let rest = inner.saturating_sub(title.width() + 3);
    let mut lines = vec![Line::from(vec![
        Span::styled(format!("{top_left}{} ", symbols.rule), theme.faint()),
        Span::styled(title, title_style),
        Span::styled(
            format!(" {}{top_right}", symbols.rule.repeat(rest)),
            theme.faint(),
        ),
    ])];
    for _ in 2..area.height {
        // The blanks between the bars carry no style: what is drawn over them
        // would keep it.
        lines.push(Line::from(vec![
            Span::styled(symbols.upright, theme.faint()),
            Span::raw(" ".repeat(inner)),
            Span::styled(symbols.upright, theme.faint()),
        ]));
    }
    lines.push(Line::styled(
        format!("{bottom_left}{}{bottom_right}", symbols.rule.repeat(inner)),
        theme.faint(),
    ));
    frame.render_widget(Paragraph::new(lines), area);
}

/// A field's text with its cursor, in at most `width` columns: what is around
/// the cursor stays.
pub fn field_text(field: &Field, width: usize, theme: Theme) -> String {
    let symbols = theme.symbols;
    let (before, after) = field.halves();
    let room = width.saturating_sub(symbols.cursor.width());
    let after = fit(
        after,
        room.saturating_sub(before.width()).max(room / 4),
        symbols.ascii,
    );
    let room = room.saturating_sub(after.width());
    let mut shown = before.to_owned();
    if before.width() > room {
        let sign = if symbols.ascii { "~" } else { "…" };
        let mut used = sign.width();
        let tail: Vec<&str> = before
            .graphemes(true)
            .rev()
            .take_while(|grapheme| {
                used += grapheme.width();
                used <= room
            })
            .collect();
        shown = sign.to_owned();
        shown.extend(tail.into_iter().rev());
    }
    format!("{shown}{}{after}", symbols.cursor)
}

/// A field's text, with its cursor while it has the focus.
pub fn text_of(field: &Field, focused: bool, width: usize, theme: Theme) -> String {
    match focused {
        true => field_text(field, width, theme),
        false => fit(field.text(), width, theme.symbols.ascii),
    }
}

/// What is chosen of several things, between the signs that say so.
pub fn chosen(value: &str, theme: Theme) -> String {
    format!("{} {value} {}", theme.symbols.before, theme.symbols.after)
}
