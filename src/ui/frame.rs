//! What stands around the list: the title, the status, the details, the keys.

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::boxed::field_text;
use super::hits::Hits;
use super::{Theme, counted, spinner, stacked};
use crate::app::bar::Shown;
use crate::app::dialogs::facts;
use crate::app::field::Field;
use crate::app::keys::Command;
use crate::app::list::Row;
use crate::app::when::{exact, length, relative, window};
use crate::app::{Account, App, Moment, Target};
use crate::slot::{Kind, State};
use crate::text::fit;

/// The first line: what there is, and on the right what wants attention. In a
/// narrow window what wants attention stays longer.
pub fn title(app: &App, width: u16, theme: Theme) -> Line<'static> {
    let width = usize::from(width);
    let organizations = counted(app.organizations(), "organization", "organizations");
    let hosts = counted(app.hosts(), "host", "hosts");
    let all = format!("{hosts}{}{organizations}", theme.symbols.dot);
    let room = |left: &[Span]| width.saturating_sub(size(left) + 3);
    let (long, mut short) = (attention(app, false, theme), attention(app, true, theme));
    let [all, fewer, none] =
        [all.as_str(), organizations.as_str(), ""].map(|words| title_left(app, words, theme));
    let (mut line, right) = if size(&all) < width && size(&long) <= room(&all) {
        (all, long)
    } else if size(&all) < width && size(&short) <= room(&all) {
        (all, short)
    } else {
        // Where not even the most urgent part fits beside it, the number of
        // organizations goes.
        let urgent = short.first().map_or(0, Span::width);
        let fits = size(&fewer) < width && urgent <= room(&fewer);
        let left = if fits { fewer } else { none };
        // What does not fit is left out from the right, a whole part at a time.
        while size(&short) > room(&left) {
            short.pop();
        }
        if short
            .last()
            .is_some_and(|span| span.content == theme.symbols.dot)
        {
            short.pop();
        }
        (left, short)
    };
    let gap = width.saturating_sub(size(&line) + size(&right) + 1);
    line.push(Span::raw(" ".repeat(gap)));
    line.extend(right);
    Line::from(line)
}

fn size(spans: &[Span]) -> usize {
    spans.iter().map(Span::width).sum()
}

fn title_left(app: &App, words: &str, theme: Theme) -> Vec<Span<'static>> {
    let mut left = vec![Span::styled(" Orgward", theme.title()), Span::raw("  ")];
    for (holds, word) in [
        (app.settings.demo, "demo"),
        (app.settings.read_only, "read-only"),
    ] {
        if holds {
            left.push(Span::raw(" "));
            left.push(Span::styled(word, theme.warn()));
            left.push(Span::raw(" "));
        }
    }
    if app.list.kind() == Kind::AuditTrails {
        left.push(Span::raw(" "));
        left.push(Span::styled("audit trail tokens", theme.strong()));
        left.push(Span::raw(" "));
    }
    left.push(Span::raw(format!(" {words}")));
    left
}

/// What wants attention, the most urgent first, and how far reading is.
fn attention(app: &App, short: bool, theme: Theme) -> Vec<Span<'static>> {
    let within = window(app.settings.rules.warn_within.as_secs());
    let count = |state| app.list.count(state);
    let expiring = count(State::Expiring);
    let expire = match (short, expiring) {
        (true, _) => "expiring".to_owned(),
        (false, 1) => format!("expires within {within}"),
        (false, _) => format!("expire within {within}"),
    };
    let failed = count(State::Failed) + count(State::Unauthorized);
    let mut parts: Vec<(String, Style)> = [
        (count(State::Expired), "expired", State::Expired),
        (count(State::OverPolicy), "over policy", State::OverPolicy),
        (expiring, &expire, State::Expiring),
        (failed, "failed", State::Failed),
    ]
    .into_iter()
    .filter(|(number, ..)| *number > 0)
    .map(|(number, words, state)| (format!("{number} {words}"), theme.state(state)))
    .collect();
    let reading = count(State::Reading);
    let turning = spinner(app, theme);
    if reading > 0 {
        let all = app.list.all();
        let words = format!("{turning}{}/{all} read", all - reading);
        parts.push((words, theme.faint()));
    } else if !turning.is_empty() {
        parts.push((turning.trim_end().to_owned(), theme.faint()));
    }
    let mut spans = Vec::new();
    for (words, style) in parts {
        if !spans.is_empty() {
            spans.push(Span::styled(theme.symbols.dot, theme.faint()));
        }
        spans.push(Span::styled(words, style));
    }
    spans
}

/// What stands in the rule below the list.
pub fn status(app: &App, theme: Theme) -> Option<(String, Style)> {
    if let Some(status) = &app.status {
        let style = if status.bad {
            theme.bad()
        } else {
            theme.good()
        };
        let sign = match status.bad {
            true => format!("{} ", theme.symbols.warning),
            false => String::new(),
        };
        return Some((format!("{sign}{}", status.text), style));
    }
    if let Some(name) = app.waiting_for() {
        let turning = spinner(app, theme);
        let stop = app.stop_key().map_or(String::new(), |key| {
            format!("   {} stops it", theme.keys(&key))
        });
        let text = format!("{turning}waiting for: {name}{stop}");
        return Some((text, theme.warn()));
    }
    let mut parts = Vec::new();
    let (marked, hidden) = app.list.marks();
    if marked > 0 {
        parts.push(match hidden {
            0 => format!("{marked} marked"),
            hidden => format!("{marked} marked ({hidden} hidden)"),
        });
    }
    if app.filter.is_none() && !app.list.filter().is_empty() {
        let text = format!(
            "filter: {}  {} of {}",
            app.list.filter(),
            app.list.shown(),
            app.list.all()
        );
        parts.push(text);
    }
    if !parts.is_empty() {
        return Some((parts.join(theme.symbols.dot), theme.warn()));
    }
    let mut troubled = app.accounts.iter().filter_map(|account| {
        let problem = account.problem.as_ref()?;
        let again = if account.health.is_away() {
            "; tried again by itself"
        } else {
            ""
        };
        Some(format!("{problem}{again}"))
    });
    if let Some(first) = troubled.next() {
        let more = match troubled.count() {
            0 => String::new(),
            1 => " (and another host)".to_owned(),
            more => format!(" (and {more} other hosts)"),
        };
        return Some((format!("{first}{more}"), theme.bad()));
    }
    app.accounts.iter().find_map(|account| {
        let words = host_words(account, app.now.since_start)?;
        Some((format!("{}: {words}", account.host), theme.warn()))
    })
}

/// In a window of fewer columns the details are said shortly.
const NARROW: u16 = 60;

/// What is unusual about a host that answers.
fn host_words(account: &Account, now: Duration) -> Option<String> {
    let health = &account.health;
    if let Some(until) = health.paused_until.filter(|until| *until > now) {
        let left = (until - now).as_secs() + 1;
        return Some(format!("too many requests (429); asks to wait {left} s"));
    }
    if health.clock.is_zero() {
        return None;
    }
    let side = if health.clock.is_positive() {
        "ahead of"
    } else {
        "behind"
    };
    let by = length(health.clock.unsigned_abs().as_secs());
    Some(format!(
        "its clock is {by} {side} this machine's; its tokens are shown by its own"
    ))
}

/// The selected slot's details, below the list: pieces that are kept whole, in
/// as many lines as there are.
pub fn details_below(app: &App, area: Rect, theme: Theme) -> Paragraph<'static> {
    let Some(row) = app.list.selected() else {
        return Paragraph::new(Line::styled(format!(" {}", nothing(app)), theme.faint()));
    };
    let has_token = row.last_known().is_some_and(|r| r.token().is_some());
    let one_line = area.height == 1;
    let mut pieces: Vec<Vec<Span>> = Vec::new();
    if one_line {
        // The list has no room for the host, and the marker says the rest.
        pieces.push(vec![Span::raw(row.slot.host.to_string())]);
    } else {
        let name = Span::styled(row.slot.organization.to_string(), theme.strong());
        pieces.push(vec![name]);
        if let Some(label) = label(app, row) {
            let words = Span::styled("account ", theme.faint());
            pieces.push(vec![words, Span::raw(label.to_owned())]);
        }
        // The other kind stands alone in the list, so that this one goes without saying.
        pieces.push(vec![Span::raw(match row.slot.kind {
            Kind::Organization if has_token && area.width < NARROW => "token",
            kind => kind.words(),
        })]);
    }
    let now = Moment {
        wall: app.list.time_of(row.account, app.now.wall),
        ..app.now
    };
    let facts = match &row.reading {
        Some(reading) if one_line && has_token => facts(reading, now, &app.settings.zone)
            .into_iter()
            .filter(|fact| fact.label == "last used")
            .map(|fact| (fact.label, fact.short))
            .collect(),
        _ => details(app, row),
    };
    let mut policy = None;
    for (label, fact) in facts {
        if !has_token {
            pieces.push(vec![Span::styled(fact, theme.state(row.state()))]);
            continue;
        }
        let piece = vec![
            Span::styled(format!("{label} "), theme.faint()),
            Span::raw(fact),
        ];
        match (label, pieces.last_mut()) {
            ("token", Some(last)) => {
                last.push(Span::raw(" "));
                last.extend(piece.into_iter().skip(1));
            }
            // It belongs to the end; but in a narrow window it would take the line of
            // something else.
            ("policy", Some(end)) if size(end) + size(&piece) + 6 <= usize::from(area.width) => {
                let words = piece.last().map_or("", |fact| &fact.content);
                end.push(Span::raw(format!(" (policy: {words})")));
            }
            ("policy", _) => policy = Some(piece),
            _ => pieces.push(piece),
        }
    }
    pieces.extend(policy);
    let lines = flow(pieces, area, has_token && !one_line, theme);
    Paragraph::new(lines)
}

/// Puts pieces into lines. One that is too long for a line is broken; on the last
/// line one that does not fit is cut, or a sign stands for it where pieces are to be
/// `whole`.
fn flow(
    pieces: Vec<Vec<Span<'static>>>,
    area: Rect,
    whole: bool,
    theme: Theme,
) -> Vec<Line<'static>> {
    let ascii = theme.symbols.ascii;
    let width = usize::from(area.width).saturating_sub(2);
    let height = usize::from(area.height);
    let room = |line: &[Span]| width.saturating_sub(size(line));
    let mut lines: Vec<Vec<Span>> = vec![Vec::new()];
    for piece in pieces {
        let (length, dot) = (size(&piece), theme.symbols.dot);
        let last = lines.len() - 1;
        if !lines[last].is_empty() && dot.width() + length > room(&lines[last]) {
            let left = height.saturating_sub(lines.len());
            if length.div_ceil(width.max(1)) <= left {
                lines.push(Vec::new());
            } else if whole && length <= width {
                let sign = if ascii { "~" } else { "…" };
                let more = fit(&format!("{dot}{sign}"), room(&lines[last]), ascii);
                lines[last].push(Span::raw(more));
                break;
            }
        }
        let last = lines.len() - 1;
        if !lines[last].is_empty() {
            lines[last].push(Span::raw(dot));
        }
        for span in piece {
            let mut rest = span.content.into_owned();
            loop {
                let last = lines.len() - 1;
                let room = room(&lines[last]);
                if rest.width() <= room || lines.len() == height {
                    let text = fit(&rest, room, ascii);
                    lines[last].push(Span::styled(text, span.style));
                    break;
                }
                let first = rest.split(' ').next().unwrap_or_default().width();
                if first > room && !lines[last].is_empty() {
                    lines.push(Vec::new());
                    continue;
                }
                let (now, later) = broken(&rest, room);
                lines[last].push(Span::styled(now, span.style));
                lines.push(Vec::new());
                rest = later;
            }
        }
    }
    lines
        .into_iter()
        .map(|mut spans| {
            spans.insert(0, Span::raw(" "));
            Line::from(spans)
        })
        .collect()
}

/// The words that fit, and the others; at least one character fits, or the
/// rest would never end.
fn broken(text: &str, room: usize) -> (String, String) {
    let mut at = 0;
    let mut blank = None;
    for (start, grapheme) in text.grapheme_indices(true) {
        let end = start + grapheme.len();
        if text[..end].width() > room && at > 0 {
            break;
        }
        if grapheme == " " {
            blank = Some(start);
        }
        at = end;
    }
    match blank {
        Some(blank) if blank > 0 => (text[..blank].to_owned(), text[blank + 1..].to_owned()),
        _ => (text[..at].to_owned(), text[at..].to_owned()),
    }
}

/// The selected slot's details, beside the list.
pub fn details_beside(app: &App, frame: &mut Frame, area: Rect, theme: Theme) {
    let bar = theme.symbols.upright;
    let edge = std::iter::repeat_n(Line::styled(bar, theme.faint()), area.height.into());
    stacked(frame, edge, Rect { width: 1, ..area });
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
    let on = format!("{} on {}", row.slot.kind.words(), row.slot.host);
    let on = match label(app, row) {
        Some(label) => format!("{on}, account {label}"),
        None => on,
    };
    let mut lines = vec![
        Line::styled(row.slot.organization.to_string(), theme.title()),
        Line::styled(on, theme.faint()),
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

/// The account whose credential sees a row, where the host has several.
fn label<'a>(app: &'a App, row: &Row) -> Option<&'a str> {
    app.accounts.get(row.account)?.label.as_deref()
}

/// Why there is no row to show.
pub fn nothing(app: &App) -> String {
    if app.list.rows().is_empty() {
        let listing = app.accounts.iter().any(|account| account.listing.is_some());
        return if listing {
            "asking the hosts for their organizations".to_owned()
        } else {
            "no organizations".to_owned()
        };
    }
    "nothing matches the filter".to_owned()
}

/// What is known of a slot: labels and texts, exact and in the owner's zone.
fn details(app: &App, row: &Row) -> Vec<(&'static str, String)> {
    let zone = &app.settings.zone;
    let now = app.list.time_of(row.account, app.now.wall);
    let Some(reading) = row.last_known() else {
        return vec![("", "reading".to_owned())];
    };
    let old = row.reading.is_none();
    let Some(token) = reading.token() else {
        if old {
            return vec![("", "reading".to_owned())];
        }
        let words = reading.note.as_deref();
        let words = words.unwrap_or_else(|| row.state().meaning());
        return vec![("", words.to_owned())];
    };
    let mut facts = vec![("token", token.id.to_string())];
    if old {
        let seen = relative(reading.at, app.now.wall).text;
        facts.push(("as of", format!("{seen}, being read again")));
    }
    let by = token
        .created_by
        .as_ref()
        .map(|creator| format!(" by {}", creator.words()))
        .unwrap_or_default();
    let created = token
        .created_at
        .map_or("at an unknown time".to_owned(), |at| exact(at, zone));
    // What an owner decides by comes first: in a small window the rest is left out.
    if let Some(note) = &reading.note {
        facts.push(("note", note.to_string()));
    }
    let end = token.ends_at(reading.policy);
    facts.push(("ends", end.words(|at| exact(at, zone))));
    if let Some(policy) = reading.policy {
        let days = policy.as_secs() / 86_400;
        facts.push(("policy", format!("at most {days} d")));
    }
    facts.push((
        "last used",
        token
            .last_used_at
            .words(|at| format!("{} ({})", exact(at, zone), relative(at, now).text)),
    ));
    facts.push(("created", format!("{created}{by}")));
    if let Some(description) = &token.description {
        facts.push(("description", description.to_string()));
    }
    facts
}

/// The last line: the keys that do something now.
pub fn keys(app: &App, frame: &mut Frame, area: Rect, theme: Theme, hits: &mut Hits) {
    if let Some(field) = app.filter.as_ref().filter(|_| app.layers.is_empty()) {
        let line = filter_line(app, field, area.width, theme);
        frame.render_widget(line, area);
        return;
    }
    let (line, places) = bar(&app.bar(), area.width, theme);
    frame.render_widget(line, area);
    for (x, width, key) in places {
        let place = Rect::new(area.x + x, area.y, width, 1);
        hits.add(place, Target::Key(key));
    }
}

fn filter_line(app: &App, field: &Field, width: u16, theme: Theme) -> Line<'static> {
    let count = format!("  {} of {}", app.list.shown(), app.list.all());
    let mut keys = String::from(" ");
    for shown in app.bar() {
        keys.push_str(&format!("  {} {}", shown.keys, shown.words));
    }
    let room = usize::from(width).saturating_sub(4 + count.width());
    let text = field_text(field, room, theme);
    let mut spans = vec![Span::styled(" / ", theme.key())];
    let fits = text.width() + keys.width() <= room;
    spans.push(Span::raw(text));
    spans.push(Span::styled(count, theme.faint()));
    if fits {
        spans.push(Span::styled(keys, theme.faint()));
    }
    Line::from(spans)
}

/// Keys and words while they fit, and where each of them is; the last two (help
/// and quit) stay longest, and before them what Esc undoes: whoever sees fewer rows
/// than there are, or marks that were forgotten, looks for the way back.
pub fn bar(keys: &[Shown], width: u16, theme: Theme) -> (Line<'static>, Vec<(u16, u16, KeyEvent)>) {
    let room = usize::from(width).saturating_sub(1);
    let mut shown: Vec<(String, &str, KeyEvent)> = keys
        .iter()
        .map(|shown| (theme.keys(&shown.keys), shown.words, shown.key))
        .collect();
    let one = |(key, words, _): &(String, &str, KeyEvent)| key.width() + 1 + words.width();
    let size = |shown: &[(String, &str, KeyEvent)]| -> usize {
        let gaps = 2 * shown.len().saturating_sub(1);
        shown.iter().map(one).sum::<usize>() + gaps
    };
    let undoes = keys.iter().rev().nth(2);
    let mut last = match undoes.is_some_and(|shown| shown.command == Command::Back) {
        true => 3,
        false => 2,
    };
    while shown.len() > 1 && size(&shown) > room {
        if shown.len() <= last {
            last -= 1;
        }
        let at = shown.len().saturating_sub(last + 1);
        shown.remove(at);
    }
    let mut spans = vec![Span::raw(" ")];
    let mut places = Vec::new();
    let mut x = 1;
    for (at, shown) in shown.into_iter().enumerate() {
        if at > 0 {
            spans.push(Span::raw("  "));
            x += 2;
        }
        let length = one(&shown);
        let (key, words, event) = shown;
        if let (Ok(x), Ok(length)) = (u16::try_from(x), u16::try_from(length))
            && x < width
        {
            places.push((x, length.min(width - x), event));
        }
        x += length;
        spans.push(Span::styled(key, theme.key()));
        spans.push(Span::raw(format!(" {words}")));
    }
    (Line::from(spans), places)
}
