//! The dialogs, and the little box that shows how far an order is.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph, Wrap};
use unicode_width::UnicodeWidthStr;

use super::{Theme, pad};
use crate::action::{Step, Verb};
use crate::app::dialogs::{
    DeleteDialog, ExpiryChoice, Fact, Focus, LeaveDialog, NewDialog, Notice, WORD,
};
use crate::app::field::Field;
use crate::app::help::{self, Help};
use crate::app::message::Preparation;
use crate::app::{App, Running, when};
use crate::fleet::Own;
use crate::slot::Identity;
use crate::text::fit;

/// The width of a dialog where the window has room.
const WIDTH: u16 = 76;

/// Draws a box with a title around lines, in the middle of the window, and
/// wraps what is too long.
pub fn boxed(
    frame: &mut Frame,
    title: &str,
    title_style: Style,
    lines: Vec<Line<'_>>,
    width: u16,
    theme: Theme,
) {
    let window = frame.area();
    let width = width.min(window.width);
    let inner_width = width.saturating_sub(4);
    let paragraph = Paragraph::new(lines).wrap(Wrap { trim: false });
    let needed = u16::try_from(paragraph.line_count(inner_width)).unwrap_or(u16::MAX);
    let height = needed.saturating_add(2).min(window.height);
    let area = Rect::new(
        window.x + (window.width - width) / 2,
        window.y + (window.height - height) / 2,
        width,
        height,
    );
    frame.render_widget(Clear, area);
    border(frame, area, title, title_style, theme);
    let inner = Rect::new(
        area.x + 2,
        area.y + 1,
        inner_width,
        height.saturating_sub(2),
    );
    // Where not everything fits, the end stays: there are the fields.
    let over = needed.saturating_sub(inner.height);
    frame.render_widget(paragraph.scroll((over, 0)), inner);
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

/// How far an order is.
pub fn running(app: &App, running: &Running, frame: &mut Frame, theme: Theme) {
    let seconds = app.now.since_start.saturating_sub(running.since).as_secs();
    let words = match &running.step {
        Step::Proving => "proving the destination".to_owned(),
        Step::Comparing => "reading the slot again".to_owned(),
        Step::Recording => "writing the journal".to_owned(),
        Step::Writing => "waiting for the server".to_owned(),
        Step::Waiting(wait) => format!(
            "the host asks to wait (429): {} left; Esc ends it",
            when::length(wait.as_secs().saturating_sub(seconds).max(1))
        ),
        Step::FindingOut => {
            "the answer was lost: reading the slot to find out what happened".to_owned()
        }
        Step::Delivering => "delivering the secret".to_owned(),
    };
    let doing = match running.verb {
        Verb::Generate => "Generating a token",
        Verb::Replace => "Replacing the token",
        Verb::Delete => "Deleting the token",
    };
    let mut line = vec![Span::raw(words)];
    if seconds > 0 && !matches!(running.step, Step::Waiting(_)) {
        line.push(Span::styled(format!("  {seconds} s"), theme.faint()));
    }
    let lines = vec![
        Line::styled(running.slot.to_string(), theme.strong()),
        Line::from(line),
    ];
    boxed(frame, doing, theme.title(), lines, 60, theme);
}

/// The help.
pub fn help(app: &App, state: &Help, frame: &mut Frame, theme: Theme) {
    let room = usize::from(frame.area().height.saturating_sub(2));
    let all = help::lines(&app.settings.keymap);
    let first = state.offset.min(all.len().saturating_sub(room));
    let lines = all
        .into_iter()
        .skip(first)
        .take(room)
        .map(|line| match line {
            help::Line::Head(text) => Line::styled(text, theme.strong()),
            help::Line::Entry(key, text) => {
                let key = if theme.symbols.ascii {
                    key.replace('↑', "Up")
                        .replace('↓', "Down")
                        .replace('←', "Left")
                        .replace('→', "Right")
                } else {
                    key
                };
                Line::from(vec![
                    Span::styled(format!("  {}", pad(&key, 14, theme)), theme.key()),
                    Span::raw(text),
                ])
            }
        })
        .collect();
    boxed(frame, "Help", theme.title(), lines, 84, theme);
}

/// Generate and Replace.
pub fn new(app: &App, dialog: &NewDialog, frame: &mut Frame, theme: Theme) {
    let mut lines = vec![Line::styled(dialog.slot.to_string(), theme.strong())];
    let verb = dialog.verb();
    match (&dialog.shown, verb) {
        (Identity::None, _) => lines.push(Line::raw("It has no token yet.")),
        (Identity::Unclear, _) => lines.push(Line::styled(
            "A token that you may not see would die: the host shows neither a token nor that there is none.",
            theme.bad(),
        )),
        _ => {
            lines.push(Line::styled(
                "The token that is there dies at once; there is no way back.",
                theme.bad(),
            ));
            lines.extend(identification(&dialog.facts, theme));
        }
    }
    lines.push(Line::default());
    lines.push(expiry_line(dialog, theme));
    lines.push(destination_line(dialog, theme));
    let preparation = dialog.preparation.as_ref();
    lines.push(rescue_line(preparation, theme));
    if let Some(preparation) = preparation {
        lines.extend(own_lines(preparation, verb, theme));
    }
    lines.push(Line::default());
    if verb == Verb::Generate {
        let style = if dialog.focus == Focus::Button {
            theme.selected().patch(theme.strong())
        } else {
            theme.strong()
        };
        lines.push(Line::from(Span::styled("[ Generate ]", style)));
    } else {
        lines.extend(name_lines(
            "replace",
            &dialog.slot.organization,
            &dialog.name,
            dialog.focus == Focus::Name,
            dialog.confirmed(),
            theme,
        ));
    }
    lines.extend(problem(dialog.problem.as_deref(), theme));
    let title = format!("{} the {}", verb.title(), dialog.slot.kind.words());
    let title = match verb {
        Verb::Generate => format!("Generate an {}", dialog.slot.kind.words()),
        _ => title,
    };
    let style = if verb == Verb::Generate {
        theme.title()
    } else {
        theme.bad()
    };
    let _ = app;
    boxed(frame, &title, style, lines, WIDTH, theme);
}

/// Delete.
pub fn delete(_app: &App, dialog: &DeleteDialog, frame: &mut Frame, theme: Theme) {
    let mut lines = vec![
        Line::styled(dialog.slot.to_string(), theme.strong()),
        Line::styled(
            "What uses this token stops at once; there is no way back.",
            theme.bad(),
        ),
    ];
    lines.extend(identification(&dialog.facts, theme));
    if let Some(preparation) = &dialog.preparation {
        lines.extend(own_lines(preparation, Verb::Delete, theme));
    }
    lines.push(Line::default());
    lines.extend(name_lines(
        "delete",
        &dialog.slot.organization,
        &dialog.name,
        true,
        dialog.confirmed(),
        theme,
    ));
    lines.extend(problem(dialog.problem.as_deref(), theme));
    let title = format!("Delete the {}", dialog.slot.kind.words());
    boxed(frame, &title, theme.bad(), lines, WIDTH, theme);
}

fn identification(facts: &[Fact], theme: Theme) -> Vec<Line<'static>> {
    facts
        .iter()
        .map(|fact| {
            Line::from(vec![
                Span::styled(format!("  {}", pad(fact.label, 11, theme)), theme.faint()),
                Span::raw(fact.text.clone()),
            ])
        })
        .collect()
}

fn chooser(label: &str, value: String, focused: bool, theme: Theme) -> Vec<Span<'static>> {
    let style = if focused {
        theme.selected()
    } else {
        theme.plain()
    };
    let symbols = theme.symbols;
    vec![
        Span::styled(pad(label, 9, theme), theme.faint()),
        Span::styled(
            format!("{} {value} {}", symbols.before, symbols.after),
            style,
        ),
    ]
}

fn expiry_line(dialog: &NewDialog, theme: Theme) -> Line<'static> {
    let focused = dialog.focus == Focus::Expiry;
    let value = match dialog.expiries.get(dialog.expiry) {
        Some(ExpiryChoice::Given(expiry)) => expiry.words(),
        _ => {
            let text = dialog.typed.text();
            if text.is_empty() {
                "type: 90d, 12h, 1y, 2027-01-31".to_owned()
            } else {
                format!("{text}{}", theme.symbols.cursor)
            }
        }
    };
    let mut spans = chooser("Expires", value, focused, theme);
    match dialog.expiry_words() {
        Ok(words) if words.is_empty() => {}
        Ok(words) => spans.push(Span::styled(format!("  {words}"), theme.faint())),
        Err(_) if dialog.typed.text().is_empty() => {}
        Err(words) => spans.push(Span::styled(format!("  {words}"), theme.bad())),
    }
    Line::from(spans)
}

fn destination_line(dialog: &NewDialog, theme: Theme) -> Line<'static> {
    let focused = dialog.focus == Focus::Destination;
    let Some(choice) = dialog.choice() else {
        return Line::from(chooser("Goes to", "looking".to_owned(), focused, theme));
    };
    let value = if dialog.wants_path() {
        let path = dialog.path.text();
        if path.is_empty() {
            "file: type its path".to_owned()
        } else {
            format!("file {path}{}", theme.symbols.cursor)
        }
    } else {
        choice.words.clone()
    };
    let mut spans = chooser("Goes to", value, focused, theme);
    if let Some(problem) = &choice.problem {
        spans.push(Span::styled(format!("  {problem}"), theme.bad()));
    }
    Line::from(spans)
}

fn rescue_line(preparation: Option<&Preparation>, theme: Theme) -> Line<'static> {
    let label = Span::styled(pad("Rescue", 9, theme), theme.faint());
    match preparation {
        None => Line::from(vec![label, Span::raw("  looking")]),
        Some(preparation) => {
            let style = if preparation.rescue_proven {
                theme.plain()
            } else {
                theme.warn()
            };
            Line::from(vec![
                label,
                Span::styled(format!("  {}", preparation.rescue), style),
            ])
        }
    }
}

fn own_lines(preparation: &Preparation, verb: Verb, theme: Theme) -> Vec<Line<'static>> {
    let warning = theme.symbols.warning;
    let stored = preparation
        .origin
        .as_ref()
        .map(|origin| format!(" It is stored in: {origin}."))
        .unwrap_or_default();
    match (preparation.own, verb) {
        (Own::No, _) | (_, Verb::Generate) => Vec::new(),
        (Own::Yes, Verb::Replace) => vec![Line::styled(
            format!(
                "{warning} Your credential for this host is this very token. The program goes on with the new one.{stored}"
            ),
            theme.warn(),
        )],
        (Own::Yes, Verb::Delete) => vec![Line::styled(
            format!(
                "{warning} Your credential for this host is this very token: afterwards this host can no longer be reached.{stored}"
            ),
            theme.bad(),
        )],
        (Own::Unknown, _) => vec![Line::styled(
            "The host does not say whether your credential is this very token.",
            theme.faint(),
        )],
    }
}

fn name_lines(
    verb: &str,
    name: &str,
    field: &Field,
    focused: bool,
    confirmed: bool,
    theme: Theme,
) -> Vec<Line<'static>> {
    let style = if focused {
        theme.selected()
    } else {
        theme.plain()
    };
    let cursor = if focused { theme.symbols.cursor } else { "" };
    let mark = if confirmed {
        Span::styled(format!("  Enter to {verb}"), theme.bad())
    } else {
        Span::raw("")
    };
    vec![
        Line::raw(format!("Type the organization's name, {name}, to {verb}:")),
        Line::from(vec![
            Span::styled(format!(" {}{cursor} ", field.text()), style),
            mark,
        ]),
    ]
}

fn problem(problem: Option<&str>, theme: Theme) -> Option<Line<'static>> {
    problem.map(|text| Line::styled(text.to_owned(), theme.bad()))
}

/// A notice.
pub fn notice(notice: &Notice, frame: &mut Frame, theme: Theme) {
    let mut lines = Vec::new();
    for (at, text) in notice.lines.iter().enumerate() {
        let style = if at == 0 {
            theme.strong()
        } else {
            theme.plain()
        };
        lines.push(Line::styled(text.clone(), style));
    }
    if let Some(next) = &notice.next {
        let (key, words) = next.key();
        lines.push(Line::default());
        lines.push(Line::from(vec![
            Span::styled(key.to_string(), theme.key()),
            Span::raw(format!(" {words}   ")),
            Span::styled("Enter", theme.key()),
            Span::raw(" close"),
        ]));
    }
    let style = if notice.bad {
        theme.bad()
    } else {
        theme.title()
    };
    boxed(frame, &notice.title, style, lines, 70, theme);
}

/// The question before a secret is let go.
pub fn leave(dialog: &LeaveDialog, frame: &mut Frame, theme: Theme) {
    let mut lines: Vec<Line> = dialog
        .slots
        .iter()
        .map(|slot| Line::styled(slot.to_string(), theme.strong()))
        .collect();
    lines.extend([
        Line::raw("Its new secret has been delivered nowhere. Nobody can ever see it again."),
        Line::default(),
        Line::from(vec![
            Span::styled("c", theme.key()),
            Span::raw(" copy it to the clipboard   "),
            Span::styled("Esc", theme.key()),
            Span::raw(" back to it"),
        ]),
        Line::from(vec![
            Span::raw(format!("Type {WORD} and Enter to let it go: ")),
            Span::styled(
                format!(" {}{} ", dialog.word.text(), theme.symbols.cursor),
                theme.selected(),
            ),
        ]),
    ]);
    boxed(frame, "Undelivered secret", theme.bad(), lines, 70, theme);
}
