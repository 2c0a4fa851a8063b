//! Drawing: the state of [`crate::app`] becomes a frame, and nothing else
//! happens. Only visible rows are built.

mod boxed;
mod dialogs;
mod frame;
mod help;
mod hits;
mod hosts;
mod inside;
mod journal;
mod list;
mod many;
mod messages;
mod panel;
mod theme;
mod timeline;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use self::boxed::Boxed;
pub use self::hits::Hits;
pub use self::theme::{Symbols, Theme};
use crate::app::layout::{self, SMALLEST};
use crate::app::{App, Layer, Target};
use crate::text::fit;

/// Draws the whole screen; says what a click on it would hit.
pub fn draw(app: &App, frame: &mut Frame) -> Hits {
    let theme = Theme::of(&app.settings);
    let area = frame.area();
    // The terminal's own colours need no cell touched.
    if theme.plain() != Style::default() {
        frame.buffer_mut().set_style(area, theme.plain());
    }
    let mut hits = Hits::default();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(app, frame, theme);
        return hits;
    }
    screen(app, frame, area, theme, &mut hits);
    // What lies below the top would only show its edges.
    let boxed = match app.layers.last() {
        Some(Layer::Help(help)) => Some(help::help(app, help, frame, theme)),
        Some(Layer::New(dialog)) => Some(dialogs::new(app, dialog, frame, theme)),
        Some(Layer::Delete(dialog)) => Some(dialogs::delete(dialog, frame, theme)),
        Some(Layer::Many(dialog)) => Some(many::dialog(app, dialog, frame, theme)),
        Some(Layer::Report(report)) => Some(many::report(report, frame, theme)),
        Some(Layer::Notice(notice)) => Some(dialogs::notice(app, notice, frame, theme)),
        Some(Layer::Add(dialog)) => Some(hosts::add(dialog, frame, theme)),
        Some(Layer::Ask(dialog)) => Some(hosts::ask(dialog, frame, theme)),
        Some(Layer::Offer(offer)) => Some(hosts::offer(offer, frame, theme)),
        Some(Layer::Program(dialog)) => Some(hosts::program(dialog, frame, theme)),
        Some(Layer::Leftovers(left)) => {
            let notice = left.notice(&app.list, &app.settings.zone);
            Some(dialogs::notice(app, &notice, frame, theme))
        }
        Some(Layer::Journal(view)) => Some(journal::journal(view, frame, theme)),
        Some(Layer::Messages(view)) => Some(messages::messages(app, view, frame, theme)),
        Some(Layer::Leave(dialog)) => Some(dialogs::leave(dialog, frame, theme)),
        Some(Layer::Panel(panel)) => Some(panel::panel(app, panel, frame, theme)),
        Some(Layer::Timeline) | None => {
            if let Some(running) = &app.running {
                let boxed = dialogs::running(app, running, frame, theme);
                hits.cover_area(boxed.area);
            }
            None
        }
    };
    if let Some(boxed) = boxed {
        let covered = boxed.area.bottom() >= area.bottom();
        if covered {
            hits.cover();
        }
        for (place, target) in &boxed.hits {
            hits.add(*place, target.clone());
        }
        buttons(app, frame, &boxed, theme, &mut hits);
    }
    hits
}

/// The buttons of a box, in its lower border, where the mouse is heard.
fn buttons(app: &App, frame: &mut Frame, boxed: &Boxed, theme: Theme, hits: &mut Hits) {
    let Some(y) = boxed.area.bottom().checked_sub(1) else {
        return;
    };
    let mut x = boxed.area.x + 2;
    for button in app.buttons() {
        let text = format!("[ {} ]", button.words);
        let Ok(width) = u16::try_from(text.width()) else {
            continue;
        };
        if x + width + 2 > boxed.area.right() {
            break;
        }
        let style = match button.possible {
            true => theme.key(),
            false => theme.faint(),
        };
        let place = Rect::new(x, y, width, 1);
        frame.render_widget(Line::styled(text, style), place);
        hits.add(place, Target::Key(button.key));
        x += width + 1;
    }
}

/// What turns while something is under way, with a blank.
fn spinner(app: &App, theme: Theme) -> String {
    match app.is_busy() {
        true => format!("{} ", theme.spinner(app.spinner_turns())),
        false => String::new(),
    }
}

fn too_small(app: &App, frame: &mut Frame, theme: Theme) {
    let area = frame.area();
    let (width, height) = SMALLEST;
    let mut lines = vec![
        Line::styled("window too small", theme.warn()),
        Line::raw(format!(
            "{}x{}, needs {width}x{height}",
            area.width, area.height
        )),
    ];
    // What must not be missed is said in any window.
    if app.running.is_some() {
        lines.push(Line::styled("a write is under way", theme.bad()));
    }
    if app
        .layers
        .iter()
        .any(|layer| matches!(layer, Layer::Panel(panel) if !panel.is_delivered()))
    {
        lines.push(Line::styled("undelivered secret", theme.bad()));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn screen(app: &App, frame: &mut Frame, area: Rect, theme: Theme, hits: &mut Hits) {
    let lines = layout::lines((area.width, area.height));
    let row = |y: u16, height: u16| Rect::new(area.x, area.y + y, area.width, height);
    frame.render_widget(frame::title(app, area.width, theme), row(0, 1));
    frame.render_widget(rule("", area.width, theme), row(1, 1));
    let keys = row(area.height - 1, 1);
    let on_top = app.layers.last();
    if app.shows_timeline() {
        let all = row(2, area.height.saturating_sub(4));
        timeline::draw(app, frame, all, theme, hits);
        let status = frame::status(app, theme);
        let below = row(area.height - 2, 1);
        frame.render_widget(status_rule(status, area.width, theme), below);
    } else {
        list_and_details(app, frame, area, lines, theme, hits);
    }
    if !matches!(on_top, None | Some(Layer::Timeline)) {
        hits.cover();
    }
    frame::keys(app, frame, keys, theme, hits);
}

fn list_and_details(
    app: &App,
    frame: &mut Frame,
    area: Rect,
    lines: layout::Lines,
    theme: Theme,
    hits: &mut Hits,
) {
    let row = |y: u16, height: u16| Rect::new(area.x, area.y + y, area.width, height);
    let beside = lines.details == 0;
    let list_width = if beside {
        area.width - layout::BESIDE
    } else {
        area.width
    };
    let list_area = Rect::new(area.x, area.y + 2, list_width, lines.list + 1);
    list::draw(app, frame, list_area, theme, hits);
    let below = 3 + lines.list;
    let status = frame::status(app, theme);
    frame.render_widget(status_rule(status, area.width, theme), row(below, 1));
    if beside {
        let details = Rect::new(
            area.x + list_width,
            area.y + 2,
            layout::BESIDE,
            lines.list + 1,
        );
        frame::details_beside(app, frame, details, theme);
    } else {
        let details = row(below + 1, lines.details);
        frame.render_widget(frame::details_below(app, details, theme), details);
    }
}

/// Draws lines below each other, each cut to the width; a paragraph would look
/// for places to break them, and that is half of a frame.
fn stacked(frame: &mut Frame, lines: impl IntoIterator<Item = Line<'static>>, area: Rect) {
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        let place = Rect::new(area.x, y, area.width, 1);
        frame.render_widget(line, place);
    }
}

/// A horizontal rule.
fn rule(text: &str, width: u16, theme: Theme) -> Line<'static> {
    let width = usize::from(width);
    let inner = fit(text, width.saturating_sub(4), theme.symbols.ascii);
    let rest = width.saturating_sub(inner.width() + 2);
    Line::styled(
        format!(" {inner}{} ", theme.symbols.rule.repeat(rest)),
        theme.faint(),
    )
}

/// A rule that carries a word.
fn status_rule(status: Option<(String, Style)>, width: u16, theme: Theme) -> Line<'static> {
    let Some((text, style)) = status else {
        return rule("", width, theme);
    };
    let total = usize::from(width);
    let text = fit(&text, total.saturating_sub(8), theme.symbols.ascii);
    let rest = total.saturating_sub(text.width() + 6);
    Line::from(vec![
        Span::styled(format!(" {} ", theme.symbols.rule.repeat(2)), theme.faint()),
        Span::styled(text, style),
        Span::styled(
            format!(" {}", theme.symbols.rule.repeat(rest)),
            theme.faint(),
        ),
    ])
}

/// Pads or cuts to a width in columns.
fn pad(text: &str, width: usize, theme: Theme) -> String {
    let text = fit(text, width, theme.symbols.ascii);
    let rest = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(rest))
}

/// A number and the word for one or for many.
fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
