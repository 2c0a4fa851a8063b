//! What stands around the list: the title, the status, the details, the keys.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};
use unicode_width::UnicodeWidthStr;

use super::Theme;
use crate::app::keys::Command;
use crate::app::list::Row;
use crate::app::when::{day, exact, relative};
use crate::app::{App, Layer};
use crate::slot::State;

/// The first line: what there is, and on the right what wants attention.
pub fn title(app: &App, width: u16, theme: Theme) -> Line<'static> {
    let width = usize::from(width);
    let dot = theme.symbols.dot;
    let hosts = counted(app.hosts(), "host", "hosts");
    let organizations = counted(app.organizations(), "organization", "organizations");
    let mut left = vec![Span::styled(" Orgward", theme.title()), Span::raw("   ")];
    if app.settings.demo {
        left.push(Span::styled("demo", theme.warn()));
        left.push(Span::raw("  "));
    }
    if app.settings.read_only {
        left.push(Span::styled("read-only", theme.warn()));
        left.push(Span::raw("  "));
    }
    left.push(Span::raw(format!("{hosts}{dot}{organizations}")));
    let used: usize = left.iter().map(|span| span.width()).sum();

    let days = app.settings.rules.warn_within.as_secs() / 86_400;
    let count = |state| app.list.count(state);
    let expiring = count(State::Expiring);
    let parts = [
        (count(State::Expired), "expired".to_owned(), State::Expired),
        (
            count(State::OverPolicy),
            "over policy".to_owned(),
            State::OverPolicy,
        ),
        (
            expiring,
            format!(
                "{} within {days} days",
                if expiring == 1 { "expires" } else { "expire" }
            ),
            State::Expiring,
        ),
        (
            count(State::Failed) + count(State::Unauthorized),
            "failed".to_owned(),
            State::Failed,
        ),
    ];
    let mut right: Vec<Span> = Vec::new();
    let reading = count(State::Reading);
    if reading > 0 {
        let all = app.list.rows().len();
        right.push(Span::styled(
            format!("{}/{all} read", all - reading),
            theme.faint(),
        ));
    }
    for (number, words, state) in parts {
        if number > 0 {
            if !right.is_empty() {
                right.push(Span::styled(dot, theme.faint()));
            }
            right.push(Span::styled(
                format!("{number} {words}"),
                theme.state(state),
            ));
        }
    }
    // What does not fit is left out from the right, a whole part at a time.
    let room = width.saturating_sub(used + 3);
    while right.iter().map(Span::width).sum::<usize>() > room {
        right.pop();
    }
    if right.last().is_some_and(|span| span.content == dot) {
        right.pop();
    }
    let gap = width.saturating_sub(used + 1 + right.iter().map(Span::width).sum::<usize>());
    left.push(Span::raw(" ".repeat(gap)));
    left.extend(right);
    Line::from(left)
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// What stands in the rule below the list.
pub fn status(app: &App, theme: Theme) -> Option<(String, Style)> {
    if let Some(status) = &app.status {
        let style = if status.bad {
            theme.bad()
        } else {
            theme.good()
        };
        return Some((status.text.clone(), style));
    }
    if app.filter.is_none() && !app.list.filter().is_empty() {
        let text = format!(
            "filter: {}  {} of {}",
            app.list.filter(),
            app.list.shown(),
            app.list.rows().len()
        );
        return Some((text, theme.warn()));
    }
    let troubled = app
        .accounts
        .iter()
        .find_map(|account| account.problem.clone())?;
    Some((troubled, theme.bad()))
}

/// The selected slot's details, below the list.
pub fn details_below(app: &App, area: Rect, theme: Theme) -> Paragraph<'static> {
    let Some(row) = app.list.selected() else {
        return Paragraph::new(Line::styled(nothing(app), theme.faint()));
    };
    let dot = theme.symbols.dot;
    let mut text = vec![
        Span::raw(" "),
        Span::styled(row.slot.organization.to_string(), theme.strong()),
        Span::raw(format!("{dot}{}", row.slot.kind.words())),
    ];
    let facts = details(app, row);
    let token = facts.first().map(|(_, id)| id.clone());
    if row.reading.as_ref().is_some_and(|r| r.token().is_some()) {
        text.push(Span::raw(format!(" {}", token.unwrap_or_default())));
        for (label, fact) in facts.iter().skip(1) {
            text.push(Span::raw(dot));
            text.push(Span::styled(format!("{label} "), theme.faint()));
            text.push(Span::raw(fact.clone()));
        }
    } else {
        text.push(Span::raw(dot));
        text.push(Span::styled(
            facts
                .into_iter()
                .map(|(_, text)| text)
                .collect::<Vec<_>>()
                .join("; "),
            theme.state(row.state()),
        ));
    }
    let paragraph = Paragraph::new(Line::from(text));
    if area.height > 1 {
        paragraph.wrap(Wrap { trim: false })
    } else {
        paragraph
    }
}

/// The selected slot's details, beside the list.
pub fn details_beside(app: &App, frame: &mut Frame, area: Rect, theme: Theme) {
    let bar = theme.symbols.upright;
    let edge: Vec<Line> = (0..area.height)
        .map(|_| Line::styled(bar, theme.faint()))
        .collect();
    frame.render_widget(Paragraph::new(edge), Rect { width: 1, ..area });
    let inner = Rect::new(
        area.x + 2,
        area.y,
        area.width.saturating_sub(3),
        area.height,
    );
    let Some(row) = app.list.selected() else {
        frame.render_widget(
            Paragraph::new(nothing(app)).wrap(Wrap { trim: true }),
            inner,
        );
        return;
    };
    let mut lines = vec![
        Line::styled(row.slot.organization.to_string(), theme.title()),
        Line::styled(
            format!("{} on {}", row.slot.kind.words(), row.slot.host),
            theme.faint(),
        ),
        Line::default(),
        Line::styled(row.state().word(), theme.state(row.state())),
        Line::styled(row.state().meaning(), theme.faint()),
        Line::default(),
    ];
    for (label, fact) in details(app, row) {
        if !label.is_empty() {
            lines.push(Line::styled(label, theme.faint()));
        }
        lines.push(Line::raw(fact));
        lines.push(Line::default());
    }
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), inner);
}

fn nothing(app: &App) -> String {
    if app.list.rows().is_empty() {
        let listing = app.accounts.iter().any(|account| account.listing.is_some());
        return if listing {
            " asking the hosts for their organizations".to_owned()
        } else {
            " no organizations".to_owned()
        };
    }
    " nothing matches the filter".to_owned()
}

/// What is known of a slot: labels and texts, exact and in the owner's zone.
fn details(app: &App, row: &Row) -> Vec<(&'static str, String)> {
    let zone = &app.settings.zone;
    let now = app.now.wall;
    let Some(reading) = &row.reading else {
        return vec![("", "reading".to_owned())];
    };
    let Some(token) = reading.token() else {
        let words = reading
            .note
            .clone()
            .unwrap_or_else(|| row.state().meaning().to_owned());
        return vec![("", words)];
    };
    let mut facts = vec![("token", token.id.clone())];
    let by = token
        .created_by
        .as_ref()
        .map(|creator| format!(" by {}", creator.words()))
        .unwrap_or_default();
    let created = token
        .created_at
        .map_or("at an unknown time".to_owned(), |at| exact(at, zone));
    facts.push(("created", format!("{created}{by}")));
    facts.push((
        "last used",
        match token.last_used_at {
            Some(at) => format!("{} ({})", exact(at, zone), relative(at, now).text),
            None => "never".to_owned(),
        },
    ));
    let policy = reading
        .policy
        .map(|policy| format!(" (policy: at most {} d)", policy.as_secs() / 86_400))
        .unwrap_or_default();
    facts.push((
        "ends",
        match reading.ends_at() {
            Some(at) => format!("{}{policy}", day(at, zone)),
            None => format!("never{policy}"),
        },
    ));
    if let Some(description) = &token.description {
        facts.push(("description", description.clone()));
    }
    if let Some(note) = &reading.note {
        facts.push(("note", note.clone()));
    }
    facts
}

/// The last line: the keys that do something now.
pub fn keys(app: &App, width: u16, theme: Theme) -> Line<'static> {
    if let Some(field) = app.filter.as_ref().filter(|_| app.layers.is_empty()) {
        return Line::from(vec![
            Span::styled(" / ", theme.key()),
            Span::raw(field.text().to_owned()),
            Span::styled(theme.symbols.cursor, theme.key()),
            Span::styled(
                format!(
                    "  {} of {}   Enter keep  Esc clear",
                    app.list.shown(),
                    app.list.rows().len()
                ),
                theme.faint(),
            ),
        ]);
    }
    let pairs: Vec<(String, String)> = match app.layers.last() {
        Some(Layer::Panel(panel)) => owned(&panel.keys()),
        Some(Layer::Help(_)) => owned(&[("j k", "scroll"), ("Esc", "close")]),
        Some(Layer::Notice(notice)) => {
            let mut keys = vec![("Enter".to_owned(), "close".to_owned())];
            if let Some(next) = &notice.next {
                let (key, words) = next.key();
                keys.push((key.to_string(), words.to_owned()));
            }
            keys
        }
        Some(Layer::New(dialog)) => owned(&[
            ("Enter", dialog.verb().as_str()),
            ("Tab", "next field"),
            ("←→", "choose"),
            ("Esc", "close"),
        ]),
        Some(Layer::Delete(_)) => owned(&[("Enter", "delete"), ("Esc", "close")]),
        Some(Layer::Leave(_)) => owned(&[("c", "copy"), ("Esc", "back")]),
        None => list_keys(app),
    };
    bar(&pairs, width, theme)
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(key, words)| ((*key).to_owned(), (*words).to_owned()))
        .collect()
}

fn list_keys(app: &App) -> Vec<(String, String)> {
    let state = app.list.selected().map(Row::state);
    let possible = |command| match command {
        Command::New => {
            !app.settings.read_only
                && app.running.is_none()
                && state.is_some_and(|s| s.allows_generate() || s.allows_replace())
        }
        Command::Delete => {
            !app.settings.read_only
                && app.running.is_none()
                && state.is_some_and(State::allows_replace)
        }
        Command::Copy | Command::Refresh => state.is_some(),
        _ => true,
    };
    app.settings
        .keymap
        .bindings()
        .iter()
        .filter(|binding| !binding.short.is_empty() && possible(binding.command))
        .filter_map(|binding| {
            let key = binding.keys.first()?;
            Some((key.to_string(), binding.short.to_owned()))
        })
        .collect()
}

/// Keys and words while they fit; the last two (help and quit) stay longest.
fn bar(pairs: &[(String, String)], width: u16, theme: Theme) -> Line<'static> {
    let width = usize::from(width).saturating_sub(1);
    let size = |pair: &(String, String)| pair.0.width() + 1 + pair.1.width() + 2;
    let mut shown: Vec<&(String, String)> = pairs.iter().collect();
    while shown.len() > 1 && shown.iter().map(|pair| size(pair)).sum::<usize>() > width {
        let at = shown.len().saturating_sub(3);
        shown.remove(at);
    }
    let mut spans = vec![Span::raw(" ")];
    for (key, words) in shown {
        spans.push(Span::styled(key.clone(), theme.key()));
        spans.push(Span::raw(format!(" {words}  ")));
    }
    Line::from(spans)
}
