//! The expiry timeline: a line for the next twelve months with the ends as marks
//! on it, one for each host where there is room; a summary for each host; and
//! the ends around the selected one.

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::hits::Hits;
use super::{Theme, frame, pad, spinner, stacked};
use crate::app::timeline::{DAYS, End, Ends, Place, Summary};
use crate::app::when::{exact, relative, window};
use crate::app::{App, Target, layout};
use crate::slot::{Host, State};
use crate::text::fit;

/// The columns for what is over before the line, and for what comes after it.
const OVER: usize = 5;
const LATER: usize = 5;
/// A window of at least this width shows the hosts' names beside their lines.
const NAMED: u16 = 70;
/// The columns for a host's name, at most.
const NAME: usize = 26;

/// How the line is divided.
struct Axis {
    /// The columns before it, for the hosts' names.
    name: usize,
    /// Its columns.
    width: usize,
    /// The columns of the warning window.
    window: usize,
}

impl Axis {
    fn new(app: &App, ends: &Ends, area: Rect) -> Self {
        let name = if area.width >= NAMED {
            let names = ends.hosts.keys().map(|host| host.as_str().width());
            names.max().unwrap_or(0).clamp(9, NAME) + 2
        } else {
            0
        };
        let width = usize::from(area.width).saturating_sub(2 + name + OVER + 1 + LATER);
        let within = app.settings.rules.warn_within;
        let days = i64::try_from(within.as_secs() / 86_400).unwrap_or(DAYS);
        let mut axis = Self {
            name,
            width,
            window: 0,
        };
        // The column of the window's last day belongs to it.
        if !within.is_zero() {
            axis.window = (axis.column(days) + 1).min(width);
        }
        axis
    }

    /// The column of a day.
    fn column(&self, days: i64) -> usize {
        let days = usize::try_from(days.clamp(0, DAYS)).unwrap_or(0);
        let all = usize::try_from(DAYS).unwrap_or(1);
        (days * self.width / all).min(self.width.saturating_sub(1))
    }

    /// The columns before the line's first.
    fn start(&self) -> usize {
        1 + self.name + OVER + 1
    }
}

/// Draws it.
pub fn draw(app: &App, frame: &mut Frame, area: Rect, theme: Theme, hits: &mut Hits) {
    let ends = app.ends();
    let axis = Axis::new(app, &ends, area);
    let room = usize::from(area.height);
    let hosts = ends.hosts.len();
    // A line for each host, a table of the hosts, and still some ends below.
    let roomy = axis.name > 0 && hosts > 1 && room >= 2 * hosts + 14;
    let gaps = room >= 18;
    let mut lines = vec![head(app, &ends, area.width, theme)];
    let gap = |lines: &mut Vec<Line>| {
        if gaps {
            lines.push(Line::default());
        }
    };
    gap(&mut lines);
    if roomy {
        for host in ends.hosts.keys() {
            lines.push(lane(&ends, Some(host), &axis, theme));
        }
    } else {
        lines.push(lane(&ends, None, &axis, theme));
    }
    lines.push(pointer(&ends, &axis, theme));
    lines.push(months(app, &axis, theme));
    gap(&mut lines);
    if roomy || axis.name > 0 && room >= hosts + 12 {
        lines.extend(table(&ends, &axis, area.width, theme));
        gap(&mut lines);
    }
    let above = lines.len();
    stacked(frame, lines, area);
    let below = Rect::new(
        area.x,
        area.y + u16::try_from(above).unwrap_or(area.height).min(area.height),
        area.width,
        u16::try_from(room.saturating_sub(above)).unwrap_or(0),
    );
    if area.width >= layout::WIDE {
        let beside = Rect::new(
            area.right() - layout::BESIDE,
            below.y,
            layout::BESIDE,
            below.height,
        );
        let left = Rect {
            width: area.width - layout::BESIDE,
            ..below
        };
        agenda(app, &ends, frame, left, theme, hits);
        frame::details_beside(app, frame, beside, theme);
    } else {
        agenda(app, &ends, frame, below, theme, hits);
    }
}

/// What the line is of, and how all tokens stand.
fn head(app: &App, ends: &Ends, width: u16, theme: Theme) -> Line<'static> {
    let width = usize::from(width);
    let total = ends.total();
    let within = window(app.settings.rules.warn_within.as_secs());
    let mut spans = vec![Span::styled(
        if width < usize::from(NAMED) {
            " Timeline"
        } else {
            " Expiry timeline"
        },
        theme.title(),
    )];
    let mut parts: Vec<(String, Style)> = Vec::new();
    let filter = app.list.filter();
    if !filter.is_empty() {
        parts.push((
            format!(
                "filter: {filter}, {} of {}",
                app.list.shown(),
                app.list.all()
            ),
            theme.warn(),
        ));
    }
    let short = width < usize::from(NAMED);
    let words = |long: String, brief: &str| match short {
        true => brief.to_owned(),
        false => long,
    };
    for (count, words, style) in [
        (
            total.expired,
            "expired".to_owned(),
            theme.state(State::Expired),
        ),
        (
            total.soon,
            words(format!("within {within}"), "soon"),
            theme.state(State::Expiring),
        ),
        (
            total.year,
            words("later within a year".to_owned(), "in a year"),
            theme.plain(),
        ),
        (
            total.later,
            words("after that".to_owned(), "later"),
            theme.plain(),
        ),
        (
            total.never,
            words("without an end".to_owned(), "no end"),
            theme.warn(),
        ),
        (total.unknown, "not known".to_owned(), theme.faint()),
        (total.unread, "not read yet".to_owned(), theme.faint()),
    ] {
        if count > 0 {
            parts.push((format!("{count} {words}"), style));
        }
    }
    let lacking = app.list.ends().without_policy;
    if lacking > 0 {
        let turning = spinner(app, theme);
        parts.push((
            format!("{turning}{lacking} policies to read"),
            theme.faint(),
        ));
    }
    let mut used = spans[0].width();
    for (at, (words, style)) in parts.into_iter().enumerate() {
        let gap = if at == 0 { "  " } else { theme.symbols.dot };
        let size = gap.width() + words.width();
        if used + size > width {
            break;
        }
        used += size;
        spans.push(Span::styled(gap, theme.faint()));
        spans.push(Span::styled(words, style));
    }
    Line::from(spans)
}

/// The ends that share a place on a line.
#[derive(Clone, Copy, Default)]
struct Mark {
    count: usize,
    /// How many of them are what an earlier run saw.
    old: usize,
    /// The state that needs attention most.
    worst: Option<State>,
    /// Whether the selected one is among them.
    chosen: bool,
}

impl Mark {
    fn add(&mut self, end: &End, chosen: bool) {
        self.count += 1;
        self.old += usize::from(end.is_old);
        self.worst = self.worst.into_iter().chain([end.state]).min();
        self.chosen |= chosen;
    }

    fn style(&self, usual: Style, theme: Theme) -> Style {
        match self.chosen {
            true => theme.selected(),
            false if self.old == self.count => theme.faint(),
            false => usual,
        }
    }

    fn number(&self) -> String {
        match self.count {
            0 => String::new(),
            many => many.to_string(),
        }
    }
}

/// One line of marks: of a host, or of all.
fn lane(ends: &Ends, host: Option<&Host>, axis: &Axis, theme: Theme) -> Line<'static> {
    let symbols = theme.symbols;
    let mut days = vec![Mark::default(); axis.width];
    let (mut over, mut later) = (Mark::default(), Mark::default());
    for (at, end) in ends.all.iter().enumerate() {
        if host.is_some_and(|host| end.host != host) {
            continue;
        }
        let mark = match end.place() {
            Place::Over => Some(&mut over),
            Place::Later => Some(&mut later),
            Place::Day(day) => days.get_mut(axis.column(day)),
        };
        if let Some(mark) = mark {
            mark.add(end, ends.selected == Some(at));
        }
    }
    let mut spans = vec![Span::raw(" ")];
    if axis.name > 0 {
        let name = host.map_or("all hosts", Host::as_str);
        spans.push(Span::styled(pad(name, axis.name, theme), theme.faint()));
    }
    let before = over.number();
    spans.push(Span::raw(
        " ".repeat(OVER.saturating_sub(before.width() + 1)),
    ));
    spans.push(Span::styled(
        before,
        over.style(theme.state(State::Expired), theme),
    ));
    spans.push(Span::raw(" "));
    spans.push(Span::styled(symbols.today, theme.strong()));
    for (at, mark) in days.iter().enumerate() {
        let in_window = at < axis.window;
        let text = match mark.count {
            0 if in_window => symbols.window.to_owned(),
            0 => symbols.line.to_owned(),
            1 if mark.old == 1 => symbols.old_end.to_owned(),
            1 => symbols.end.to_owned(),
            n @ 2..=9 => n.to_string(),
            _ => symbols.many.to_owned(),
        };
        let style = match mark.worst {
            None if in_window => theme.state(State::Expiring),
            None => theme.faint(),
            Some(worst) => mark.style(theme.state(worst), theme),
        };
        spans.push(Span::styled(text, style));
    }
    let after = later.number();
    if !after.is_empty() {
        spans.push(Span::raw(" "));
        spans.push(Span::styled(
            format!("+{}", fit(&after, LATER - 2, symbols.ascii)),
            later.style(theme.plain(), theme),
        ));
    }
    Line::from(spans)
}

/// Points at the selected end: the lines alone would need a colour for that.
fn pointer(ends: &Ends, axis: &Axis, theme: Theme) -> Line<'static> {
    let Some(end) = ends.selected.map(|at| &ends.all[at]) else {
        return Line::default();
    };
    let x = match end.place() {
        Place::Over => axis.start().saturating_sub(3),
        Place::Day(days) => axis.start() + axis.column(days),
        Place::Later => axis.start() + axis.width + 1,
    };
    Line::from(vec![
        Span::raw(" ".repeat(x)),
        Span::styled(theme.symbols.pointer, theme.strong()),
    ])
}

/// The months below the line, as far apart as their names need.
fn months(app: &App, axis: &Axis, theme: Theme) -> Line<'static> {
    let now = app.now.wall.to_zoned_datetime(app.settings.zone.clone());
    let each = match axis.width / 12 {
        5.. => 1,
        3..=4 => 2,
        _ => 3,
    };
    let mut text = " ".repeat(axis.start().saturating_sub(1));
    text.push_str("today");
    let mut first = now.first_of_month().ok();
    for at in 1..=12 {
        let next = first.and_then(|day| day.checked_add(jiff::Span::new().months(1)).ok());
        first = next.clone();
        let Some(month) = next else {
            break;
        };
        if at % each != 0 {
            continue;
        }
        let days = month.timestamp().duration_since(app.now.wall).as_hours() / 24;
        let x = axis.start() + axis.column(days);
        let wide = each == 1 && axis.width >= 100;
        let name = match (month.month(), wide) {
            (1, true) => month.strftime("%b %Y").to_string(),
            _ => month.strftime("%b").to_string(),
        };
        let tick = format!("{}{name}", theme.symbols.tick);
        let room = (axis.start() + axis.width).saturating_sub(x);
        if x <= text.width() || tick.width() > room {
            continue;
        }
        text.push_str(&" ".repeat(x - text.width()));
        text.push_str(&tick);
    }
    Line::styled(text, theme.faint())
}

/// How the tokens of each host stand.
fn table(ends: &Ends, axis: &Axis, width: u16, theme: Theme) -> Vec<Line<'static>> {
    type Column = (&'static str, fn(&Summary) -> usize);
    let mut columns: Vec<Column> = vec![
        ("expired", |s| s.expired),
        ("soon", |s| s.soon),
        ("in a year", |s| s.year),
        ("later", |s| s.later),
        ("no end", |s| s.never),
        ("not known", |s| s.unknown),
    ];
    let total = ends.total();
    if total.unread > 0 {
        columns.push(("unread", |s| s.unread));
    }
    let name = axis.name.max(12);
    let each = (usize::from(width).saturating_sub(1 + name) / columns.len()).clamp(8, 11);
    let cell = |text: &str, words: &str| {
        let width = each.max(words.width() + 1);
        format!("{text:>width$}")
    };
    let mut head = format!(" {}", pad("host", name, theme));
    for (words, _) in &columns {
        head.push_str(&cell(words, words));
    }
    let cut = |text: &str| fit(text, usize::from(width), theme.symbols.ascii);
    let mut lines = vec![Line::styled(cut(&head), theme.faint())];
    let row = |words: &str, summary: &Summary| {
        let mut spans = vec![Span::raw(format!(" {}", pad(words, name, theme)))];
        for (at, (head, count)) in columns.iter().enumerate() {
            let style = match (at, count(summary)) {
                (_, 0) => theme.faint(),
                (0, _) => theme.state(State::Expired),
                (1, _) => theme.state(State::Expiring),
                _ => theme.plain(),
            };
            let text = match count(summary) {
                0 => theme.symbols.none.to_owned(),
                many => many.to_string(),
            };
            spans.push(Span::styled(cell(&text, head), style));
        }
        Line::from(spans)
    };
    for (host, summary) in &ends.hosts {
        lines.push(row(host.as_str(), summary));
    }
    if ends.hosts.len() > 1 {
        lines.push(row("all hosts", &total));
    }
    lines
}

/// The first end that is listed, with the selected one in the middle.
fn first_shown(ends: &Ends, room: usize) -> usize {
    let at = ends.selected.unwrap_or(0);
    let last = ends.all.len().saturating_sub(room);
    at.saturating_sub(room / 2).min(last)
}

/// The ends around the selected one, a line each.
fn agenda(app: &App, ends: &Ends, frame: &mut Frame, area: Rect, theme: Theme, hits: &mut Hits) {
    let room = usize::from(area.height);
    if ends.all.is_empty() {
        let words = if ends.hosts.is_empty() {
            format!(" {}", frame::nothing(app))
        } else if ends.total().unread > 0 {
            " the tokens are being read".to_owned()
        } else {
            " no token here has a known end".to_owned()
        };
        frame.render_widget(Line::styled(words, theme.faint()), area);
        return;
    }
    let first = first_shown(ends, room);
    let shown = ends.all.iter().enumerate().skip(first).take(room);
    for ((at, end), y) in shown.zip(area.y..) {
        let place = Rect::new(area.x, y, area.width, 1);
        let chosen = ends.selected == Some(at);
        let line = end_line(app, end, chosen, usize::from(area.width), theme);
        frame.render_widget(line, place);
        hits.add(place, Target::Row(end.row.slot.clone()));
    }
}

fn end_line(app: &App, end: &End, chosen: bool, width: usize, theme: Theme) -> Line<'static> {
    let now = end_now(end);
    let marker = match chosen {
        true => theme.symbols.marker,
        false => " ",
    };
    let wide = width >= 80;
    let name = match wide {
        true => {
            let most = width.saturating_sub(84).clamp(12, 40);
            app.list.longest_name().clamp(12, most)
        }
        false => width.saturating_sub(28).max(8),
    };
    let mut spans = vec![
        Span::raw(format!(" {marker} ")),
        Span::raw(format!("{:<11}", relative(end.at, now).text)),
        Span::raw(pad(&end.row.slot.organization, name, theme)),
        Span::raw("  "),
        Span::styled(pad(end.state.word(), 12, theme), theme.state(end.state)),
    ];
    if wide {
        let day = exact(end.at, &app.settings.zone);
        spans.push(Span::styled(format!("{day}  "), theme.faint()));
        let used: usize = spans.iter().map(Span::width).sum();
        let host = fit(
            end.row.slot.host.as_str(),
            width.saturating_sub(used + 1),
            theme.symbols.ascii,
        );
        spans.push(Span::styled(host, theme.faint()));
    }
    if end.is_old {
        for span in &mut spans {
            span.style = theme.faint();
        }
    }
    let mut line = Line::from(spans);
    if chosen {
        let rest = width.saturating_sub(line.width());
        line.push_span(Span::raw(" ".repeat(rest)));
        for span in &mut line.spans {
            span.style = theme.selected();
        }
    }
    line
}

/// The time on the clock that the end was measured by.
fn end_now(end: &End) -> Timestamp {
    end.at.checked_sub(end.left).unwrap_or(end.at)
}
