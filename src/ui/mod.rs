//! Drawing: the state of [`crate::app`] becomes a frame, and nothing else
//! happens. Only visible rows are built.

mod boxed;
mod dialogs;
mod frame;
mod help;
mod hosts;
mod journal;
mod list;
mod many;
mod panel;
mod theme;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use crate::app::layout::{self, SMALLEST};
use crate::app::{App, Layer};
use crate::text::fit;
pub use theme::{Symbols, Theme};

/// Draws the whole screen.
pub fn draw(app: &App, frame: &mut Frame) {
    let theme = Theme::new(app.settings.ascii);
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(app, frame, theme);
        return;
    }
    screen(app, frame, area, theme);
    // What lies below the top would only show its edges.
    match app.layers.last() {
        Some(Layer::Help(help)) => help::help(app, help, frame, theme),
        Some(Layer::New(dialog)) => dialogs::new(app, dialog, frame, theme),
        Some(Layer::Delete(dialog)) => dialogs::delete(dialog, frame, theme),
        Some(Layer::Many(dialog)) => many::dialog(app, dialog, frame, theme),
        Some(Layer::Report(report)) => many::report(report, frame, theme),
        Some(Layer::Notice(notice)) => dialogs::notice(notice, frame, theme),
        Some(Layer::Add(dialog)) => hosts::add(dialog, frame, theme),
        Some(Layer::Ask(dialog)) => hosts::ask(dialog, frame, theme),
        Some(Layer::Offer(offer)) => hosts::offer(offer, frame, theme),
        Some(Layer::Program(dialog)) => hosts::program(dialog, frame, theme),
        Some(Layer::Leftovers(left)) => {
            let notice = left.notice(&app.list, &app.settings.zone);
            dialogs::notice(&notice, frame, theme);
        }
        Some(Layer::Journal(view)) => journal::journal(view, frame, theme),
        Some(Layer::Leave(dialog)) => dialogs::leave(dialog, frame, theme),
        Some(Layer::Panel(panel)) => panel::panel(app, panel, frame, theme),
        None => {
            if let Some(running) = &app.running {
                dialogs::running(app, running, frame, theme);
            }
        }
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

fn screen(app: &App, frame: &mut Frame, area: Rect, theme: Theme) {
    let lines = layout::lines((area.width, area.height));
    let row = |y: u16, height: u16| Rect::new(area.x, area.y + y, area.width, height);
    let beside = lines.details == 0;
    let list_width = if beside {
        area.width - layout::BESIDE
    } else {
        area.width
    };
    frame.render_widget(frame::title(app, area.width, theme), row(0, 1));
    frame.render_widget(rule("", area.width, theme), row(1, 1));
    let list_area = Rect::new(area.x, area.y + 2, list_width, lines.list + 1);
    list::draw(app, frame, list_area, theme);
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
    let keys = row(area.height - 1, 1);
    frame.render_widget(frame::keys(app, keys.width, theme), keys);
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
fn status_rule(
    status: Option<(String, ratatui::style::Style)>,
    width: u16,
    theme: Theme,
) -> Line<'static> {
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
