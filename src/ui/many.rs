//! The dialog for many slots, how far they are, and what became of them.

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::boxed::{Boxed, Part, WIDE, boxed};
use super::inside::{Inside, problem};
use super::{Theme, counted, pad};
use crate::action::Verb;
use crate::app::dialogs::{Deed, Item, LeftOut, ManyDialog, ManyFocus, short_name};
use crate::app::layout::{self, HELP};
use crate::app::message::DialogPart;
use crate::app::report::{Mood, Report};
use crate::app::run::Run;
use crate::app::{App, Target, when};
use crate::expiry::ExpiryError;
use crate::fleet::{Own, in_brackets};
use crate::slot::{Identity, Slot, Time, Token};
use crate::text::fit;

/// The columns for the slots' names, at most.
const NAME: usize = 34;
/// The same where the ids need the room: what tells slots from each other stands
/// in front.
const SHORT_NAME: usize = 14;
/// The columns for the sign before a name.
const SIGN: usize = 2;
/// The columns between two others.
const GAP: usize = 2;
/// The columns for the least that is worth saying of who generated a token.
const BY: usize = 8;

/// The dialog.
pub fn dialog(app: &App, dialog: &ManyDialog, frame: &mut Frame, theme: Theme) -> Boxed {
    let inside = Inside::within(frame, WIDE, theme);
    let verb = dialog.verb();
    let (dying, count) = (dialog.dying(), dialog.items.len());
    let mut parts = Vec::new();
    if dying > 0 {
        let words = match (verb, inside.narrow) {
            (_, true) => format!("{dying} die at once:"),
            (Verb::Delete, _) => {
                format!("What uses these {dying} tokens stops at once; there is no way back.")
            }
            _ => format!(
                "{} at once; there is no way back.",
                counted(dying, "token dies", "tokens die")
            ),
        };
        parts.push(Part::ranked(3, Line::styled(words, theme.bad())));
    }
    if dialog.deed == Deed::New && dying < count {
        let words = format!(
            "{} no token yet.",
            counted(count - dying, "slot has", "slots have")
        );
        parts.push(Part::ranked(6, Line::raw(words)));
    }
    if !dialog.left_out.is_empty() {
        let left = dialog.left_out.len();
        let why = match inside.narrow {
            true => "",
            false => "; why stands at the end",
        };
        let words = format!("{left} of {} marked are left out{why}.", left + count);
        parts.push(Part::ranked(1, Line::styled(words, theme.warn())));
    }
    parts.extend(list(app, dialog, &inside, frame, theme));
    if dialog.deed == Deed::New {
        parts.push(Part::gap());
        parts.extend(terms(app, dialog, &inside));
    }
    parts.extend(own(dialog, verb, inside.narrow, theme));
    parts.push(match dialog.to_read() {
        0 => Part::gap(),
        to_read => {
            let more = match inside.narrow {
                true => "",
                false => ", for when each was last used",
            };
            let words = format!("reading again: {} of {count}{more}", count - to_read);
            Part::must(Line::styled(words, theme.faint()))
        }
    });
    if count == 0 {
        let words = "None of them is left: why stands above.";
        parts.push(Part::must(Line::styled(words, theme.bad())));
    }
    let new = |count| counted(count, "token", "tokens");
    let both = verb == Verb::Replace && dying < count;
    let what = match (count, both) {
        (1, _) => format!("to {} its token:", verb.as_str()),
        (_, false) => format!("to {} their tokens:", verb.as_str()),
        (_, true) if inside.narrow => "to do so:".to_owned(),
        (_, true) => format!("to replace {dying} and generate {}:", new(count - dying)),
    };
    let [what, typed] = inside.typed(
        &count.to_string(),
        &what,
        verb.as_str(),
        &dialog.count,
        dialog.focus == ManyFocus::Count,
        dialog.is_ready(),
    );
    let target = Target::Part(DialogPart::Many(ManyFocus::Count));
    if count > 0 {
        parts.extend([what.clicked(target.clone()), typed.clicked(target)]);
    }
    if dialog.is_checking() {
        let words = "trying the destination for each of them";
        parts.push(Part::must(Line::styled(words, theme.faint())));
    }
    parts.extend(problem(dialog.problem.as_deref(), theme));
    let mut title = match both {
        true => format!("Replace {dying} and generate {}", new(count - dying)),
        false => format!("{} {}", verb.title(), counted(count, "token", "tokens")),
    };
    if let Some(host) = dialog.one_host() {
        title.push_str(&format!(" on {host}"));
    }
    let style = match verb {
        Verb::Generate => theme.title(),
        _ => theme.bad(),
    };
    boxed(frame, &title, style, parts, WIDE, theme)
}

fn terms(app: &App, dialog: &ManyDialog, inside: &Inside) -> [Part<'static>; 3] {
    let field = |focus, rank, line| {
        let rank = if dialog.focus == focus { 0 } else { rank };
        Part::ranked(rank, line).clicked(Target::Part(DialogPart::Many(focus)))
    };
    let end = dialog.end();
    let beyond = match &end {
        Err((Some(slot), ExpiryError::BeyondPolicy { .. })) => {
            dialog.items.iter().find(|item| item.slot == **slot)
        }
        _ => None,
    };
    let known = dialog.preparation.as_ref();
    let policy = beyond
        .and_then(|item| item.known.as_ref())
        .and_then(|known| known.policy);
    let rescue = known.map(|known| (known.rescue.as_str(), known.rescue_proven));
    let rescue_rank = if rescue.is_some_and(|(_, proven)| !proven) {
        3
    } else {
        7
    };
    [
        field(
            ManyFocus::Expiry,
            5,
            inside.expiry(
                app,
                &dialog.terms,
                end.map_err(|(_, error)| error),
                policy,
                dialog.focus == ManyFocus::Expiry,
            ),
        ),
        field(
            ManyFocus::Destination,
            2,
            inside.destination(
                &dialog.terms,
                dialog.focus == ManyFocus::Destination,
                dialog.problem.as_deref(),
            ),
        ),
        Part::ranked(rescue_rank, inside.rescue(rescue)),
    ]
}

/// The slots that there is room for, and which of them these are.
fn list(
    app: &App,
    dialog: &ManyDialog,
    inside: &Inside,
    frame: &Frame,
    theme: Theme,
) -> Vec<Part<'static>> {
    let area = frame.area();
    let room = layout::many_height((area.width, area.height));
    let count = dialog.lines();
    let first = dialog.offset.min(count.saturating_sub(room));
    let one_host = dialog.one_host().is_some();
    let named = |slot: &Slot| short_name(slot, one_host);
    let left_out = dialog.left_out.iter().map(|left| &left.slot);
    let slots = dialog.items.iter().map(|item| &item.slot).chain(left_out);
    let names = slots.map(|slot| named(slot).width());
    let columns = Columns::of(app, dialog, names.max().unwrap_or(0), inside.width);
    let column = |slot: &Slot| pad(&named(slot), columns.name, theme);
    let items = dialog
        .items
        .iter()
        .map(|item| item_line(app, item, column(&item.slot), &columns, theme));
    let left_out = dialog
        .left_out
        .iter()
        .map(|left| left_line(left, column(&left.slot), theme));
    let mut parts: Vec<Part> = items
        .chain(left_out)
        .skip(first)
        .take(room)
        .map(|spans| Part::must(cut(spans, inside.width, theme)))
        .collect();
    if count > room {
        let words = format!("  {} to {} of {count}", first + 1, first + room.min(count));
        parts.push(Part::ranked(4, Line::styled(words, theme.faint())));
    }
    parts
}

/// How wide the columns of the list are. What tells which token dies is cut last:
/// the name gives way to the id, and the age before it.
struct Columns {
    name: usize,
    used: usize,
    /// None where there is no room for it.
    age: Option<usize>,
    /// All of them.
    room: usize,
}

impl Columns {
    fn of(app: &App, dialog: &ManyDialog, name: usize, room: usize) -> Self {
        let (mut used, mut age, mut id) = (0, 0, 0);
        for item in &dialog.items {
            if let Some(token) = &item.token {
                used = used.max(last_use(app, item, token).width());
                age = age.max(age_of(app, item, token).width());
                id = id.max(token.id.width());
            }
        }
        let name = name.min(NAME).min(room / 2);
        let others = SIGN + GAP + used + GAP + id;
        if name + others + GAP + age <= room {
            return Self {
                name,
                used,
                age: Some(age),
                room,
            };
        }
        // Where even that is too little the id is cut.
        let short = room.saturating_sub(others);
        let name = match short {
            SHORT_NAME.. => name.min(short),
            _ => name,
        };
        Self {
            name,
            used,
            age: None,
            room,
        }
    }
}

fn last_use(app: &App, item: &Item, token: &Token) -> String {
    match token.last_used_at {
        Time::At(at) => {
            let now = app.moment_at(&item.slot).wall;
            format!("used {}", when::relative(at, now).text)
        }
        Time::Never => "never used".to_owned(),
        Time::Unknown => "use unknown".to_owned(),
    }
}

fn age_of(app: &App, item: &Item, token: &Token) -> String {
    let Some(at) = token.created_at else {
        return "of unknown age".to_owned();
    };
    let seconds = app.moment_at(&item.slot).wall.duration_since(at).as_secs();
    let age = when::length(u64::try_from(seconds).unwrap_or(0));
    format!("{age} old")
}

fn item_line(
    app: &App,
    item: &Item,
    name: String,
    columns: &Columns,
    theme: Theme,
) -> Vec<Span<'static>> {
    let sign = if item.recent {
        theme.symbols.warning
    } else {
        " "
    };
    let mut spans = vec![
        Span::styled(format!("{sign} "), theme.warn()),
        Span::raw(name),
        Span::raw("  "),
    ];
    match (&item.token, &item.shown) {
        (Some(token), _) => {
            let style = if item.recent {
                theme.warn()
            } else {
                theme.plain()
            };
            let used = pad(&last_use(app, item, token), columns.used, theme);
            spans.push(Span::styled(used, style));
            let mut rest = String::new();
            if let Some(width) = columns.age {
                rest = format!("  {}", pad(&age_of(app, item, token), width, theme));
            }
            let creator = token.created_by.as_ref();
            let by = creator.map_or(String::new(), |by| format!(" by {}", by.words()));
            rest.push_str(&format!("  {}", token.id));
            spans.push(Span::styled(rest, theme.faint()));
            // A sign of something left out would seem to be about the id.
            let taken: usize = spans.iter().map(Span::width).sum();
            if taken + BY <= columns.room {
                spans.push(Span::styled(by, theme.faint()));
            }
        }
        (None, Identity::None) => spans.push(Span::styled("no token yet", theme.faint())),
        (None, _) => spans.push(Span::styled("a token that you may not see", theme.bad())),
    }
    spans
}

fn left_line(left: &LeftOut, name: String, theme: Theme) -> Vec<Span<'static>> {
    vec![
        Span::raw(format!("{} ", theme.symbols.none)),
        Span::styled(name, theme.faint()),
        Span::raw("  "),
        Span::styled(format!("left out: {}", left.why), theme.faint()),
    ]
}

/// A line of the list never takes two rows.
fn cut(spans: Vec<Span<'static>>, width: usize, theme: Theme) -> Line<'static> {
    let mut room = width;
    let mut line = Line::default();
    for span in spans {
        let text = fit(&span.content, room, theme.symbols.ascii);
        room = room.saturating_sub(text.width());
        line.push_span(Span::styled(text, span.style));
    }
    line
}

/// That a token is the credential in use, or may be.
fn own(dialog: &ManyDialog, verb: Verb, narrow: bool, theme: Theme) -> Vec<Part<'static>> {
    let warning = theme.symbols.warning;
    let mut parts = Vec::new();
    if verb == Verb::Generate {
        return parts;
    }
    let one_host = dialog.one_host().is_some();
    if let Some((slot, known)) = dialog.own(Own::Yes).next() {
        let name = short_name(slot, one_host);
        let words = match (narrow, verb) {
            (true, _) => "",
            (_, Verb::Delete) if known.account.is_some() => {
                ": it goes last, and then that entry can no longer reach its host"
            }
            (_, Verb::Delete) => ": it goes last, and then its host can no longer be reached",
            _ => ": it goes last, and the program goes on with the new one",
        };
        parts.push(Part::must(Line::styled(
            format!(
                "{warning} {name} is your own credential{}{words}.",
                in_brackets(known.account.as_deref())
            ),
            theme.bad(),
        )));
    }
    let unknown: Vec<&Slot> = dialog.own(Own::Unknown).map(|(slot, _)| slot).collect();
    let of = match unknown.as_slice() {
        [] => return parts,
        [slot] => short_name(slot, one_host),
        many => format!("one of {}", many.len()),
    };
    let words = format!("The host does not say whether {of} is your own credential.");
    parts.push(Part::ranked(4, Line::styled(words, theme.warn())));
    parts
}

/// The bar of a run.
pub fn progress(run: &Run, width: usize, theme: Theme) -> Line<'static> {
    let symbols = theme.symbols;
    let text = format!(" {}/{}", run.done(), run.total);
    let cells = width.saturating_sub(text.width() + 2);
    let full = cells * run.done() / run.total.max(1);
    Line::from(vec![
        Span::raw(symbols.left),
        Span::styled(symbols.full.repeat(full), theme.good()),
        Span::raw(" ".repeat(cells - full)),
        Span::raw(symbols.right),
        Span::raw(text),
    ])
}

/// What became of each slot.
pub fn report(report: &Report, frame: &mut Frame, theme: Theme) -> Boxed {
    let area = frame.area();
    let size = (area.width, area.height);
    let room = layout::report_height(size);
    let (lines, name) = report.drawn(layout::report_width(size));
    let count = lines.len();
    let first = report.offset.min(count.saturating_sub(room));
    let mut parts: Vec<Part> = report
        .summary
        .iter()
        .enumerate()
        .map(|(at, words)| {
            let style = match (at, report.is_good()) {
                (0, true) => theme.good(),
                (0, false) => theme.strong(),
                _ => theme.plain(),
            };
            Part::ranked(
                u8::try_from(at).unwrap_or(9),
                Line::styled(words.clone(), style),
            )
        })
        .collect();
    parts.push(Part::gap());
    parts.extend(lines.into_iter().skip(first).take(room).map(|line| {
        let style: Style = match line.mood {
            Mood::Done => theme.good(),
            Mood::Failed => theme.bad(),
            Mood::Left => theme.faint(),
        };
        let name = pad(&line.name, name.saturating_sub(2), theme);
        Part::must(Line::from(vec![
            Span::raw(format!("{name}  ")),
            Span::styled(line.words, style),
        ]))
    }));
    if count > room {
        let words = format!("{} to {} of {count}", first + 1, first + room);
        parts.push(Part::ranked(5, Line::styled(words, theme.faint())));
    }
    let style = match report.is_good() {
        true => theme.title(),
        false => theme.bad(),
    };
    boxed(frame, report.title, style, parts, HELP, theme)
}
