//! The dialogs about hosts and their credentials.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::boxed::{Boxed, Part, WIDTH, boxed, chosen, inner_width, leaves_keys, text_of};
use super::{Theme, pad};
use crate::app::Target;
use crate::app::dialogs::{
    AddDialog, AskDialog, OfferDialog, Part as Focus, Place, ProgramDialog, Source, Stage,
};
use crate::app::masked::Masked;
use crate::app::message::DialogPart;
use crate::text::fit;

/// The columns of a label before a field.
const LABEL: usize = 14;

/// The first start.
pub fn offer(offer: &OfferDialog, frame: &mut Frame, theme: Theme) -> Boxed {
    let mut parts = vec![
        Part::must("There is no configuration yet. You have credentials for:"),
        Part::gap(),
    ];
    // What does not fit is counted: a list whose head is gone misleads.
    let room = usize::from(frame.area().height).saturating_sub(8).max(2);
    let shown = match offer.hosts.len() {
        all if all <= room => all,
        _ => room - 1,
    };
    for host in &offer.hosts[..shown] {
        parts.push(Part::must(Line::styled(
            format!("  {host}"),
            theme.strong(),
        )));
    }
    if shown < offer.hosts.len() {
        let more = offer.hosts.len() - shown;
        parts.push(Part::must(format!("  and {more} more")));
    }
    parts.extend([
        Part::gap(),
        Part::must(format!("Show them? They are written to {}.", offer.file)),
        Part::ranked(1, "Until you agree, nothing is sent to any of them."),
    ]);
    parts.extend(keys(
        &[("Enter", "write it and go on"), ("Esc", "leave")],
        frame,
        theme,
    ));
    boxed(frame, "First start", theme.title(), parts, WIDTH, theme)
}

/// A credential to be typed.
pub fn ask(dialog: &AskDialog, frame: &mut Frame, theme: Theme) -> Boxed {
    let of = match &dialog.label {
        Some(label) => format!("{}, account {label}", dialog.host),
        None => dialog.host.to_string(),
    };
    let room = usize::from(inner_width(frame, WIDTH)).saturating_sub(2);
    let mut parts = vec![
        Part::ranked(1, "Type or paste your credential for"),
        Part::must(Line::styled(of, theme.strong())),
        Part::must(Line::styled(
            format!(" {} ", masked(&dialog.field, room, theme)),
            theme.selected(),
        )),
        Part::ranked(
            2,
            "It is kept in memory until you leave, and stored nowhere.",
        ),
    ];
    if let Some(why) = &dialog.problem {
        parts.push(Part::must(Line::styled(why.clone(), theme.bad())));
    }
    parts.extend(keys(
        &[("Enter", "use it"), ("Esc", "not now")],
        frame,
        theme,
    ));
    boxed(frame, "Credential", theme.title(), parts, WIDTH, theme)
}

/// A program that may want the terminal.
pub fn program(dialog: &ProgramDialog, frame: &mut Frame, theme: Theme) -> Boxed {
    let mut parts = vec![
        Part::must(Line::styled(dialog.why.clone(), theme.bad())),
        Part::ranked(
            1,
            "It ran without a terminal. If it has to ask you something, it can have this one.",
        ),
    ];
    parts.extend(keys(
        &[("Enter", "run it with the terminal"), ("Esc", "close")],
        frame,
        theme,
    ));
    let title = format!("No credential for {}", dialog.host);
    boxed(frame, &title, theme.bad(), parts, WIDTH, theme)
}

/// A host or an organization to be added.
pub fn add(dialog: &AddDialog, frame: &mut Frame, theme: Theme) -> Boxed {
    let room = usize::from(inner_width(frame, WIDTH)).saturating_sub(LABEL + 4);
    let mut parts = Vec::new();
    for part in dialog.parts() {
        let focused = dialog.focus == part;
        let style = if focused {
            theme.selected()
        } else {
            theme.plain()
        };
        let (label, value) = match part {
            Focus::Place => ("Add", chosen(&place(dialog.chosen()), theme)),
            Focus::Source => ("Credential", chosen(source(dialog.chosen_source()), theme)),
            Focus::Name if *dialog.chosen() == Place::Host => {
                ("Host", text_of(&dialog.name, focused, room, theme))
            }
            Focus::Name => ("Organization", text_of(&dialog.name, focused, room, theme)),
            Focus::Account => ("Account", text_of(&dialog.account, focused, room, theme)),
            Focus::Address => ("Address", text_of(&dialog.address, focused, room, theme)),
            Focus::Detail => match dialog.chosen_source() {
                Source::Ask => ("", masked(&dialog.credential, room, theme)),
                Source::Env => ("Variable", text_of(&dialog.detail, focused, room, theme)),
                _ => ("Command", text_of(&dialog.detail, focused, room, theme)),
            },
        };
        let mut line = vec![
            Span::styled(pad(label, LABEL, theme), theme.faint()),
            Span::styled(format!(" {value} "), style),
        ];
        if part == Focus::Account && !focused && dialog.account.text().is_empty() {
            line.push(Span::styled("only for a second entry", theme.faint()));
        }
        if part == Focus::Address && dialog.address.text().is_empty() {
            let words = match &dialog.offered {
                Some(offered) => {
                    let key = if theme.symbols.ascii { "Right" } else { "→" };
                    format!("{key} takes {offered}")
                }
                None if focused => "https://HOST/api/v2/".to_owned(),
                None => "only where the API is on another server".to_owned(),
            };
            let words = fit(&words, room.saturating_sub(1), theme.symbols.ascii);
            line.push(Span::styled(words, theme.faint()));
        }
        let rank = if focused { 0 } else { 2 };
        let target = Target::Part(DialogPart::Add(part));
        parts.push(Part::ranked(rank, Line::from(line)).clicked(target));
    }
    if let Some((host, goes_to)) = dialog.goes_elsewhere() {
        parts.push(Part::must(Line::styled(
            format!("Your credential for {host} goes to {goes_to}."),
            theme.bad(),
        )));
    }
    parts.push(Part::gap());
    let words = match &dialog.stage {
        Stage::Typing => match &dialog.problem {
            Some(why) => vec![Line::styled(theme.keys(why), theme.bad())],
            None => vec![Line::styled("Enter asks the host first.", theme.faint())],
        },
        Stage::Checking(_) => vec![Line::raw("asking the host")],
        Stage::Checked(words, _) => vec![
            Line::styled(words.clone(), theme.good()),
            Line::raw("Enter adds it to the configuration."),
        ],
        Stage::Adding(_) => vec![Line::raw("writing the configuration")],
    };
    parts.extend(words.into_iter().map(Part::must));
    if dialog.on_terminal {
        parts.push(Part::must(
            "Enter runs the program again, with the terminal.",
        ));
    }
    boxed(frame, "Add", theme.title(), parts, WIDTH, theme)
}

fn place(place: &Place) -> String {
    match place {
        Place::Host => "a host".to_owned(),
        Place::Organization { host, label, .. } => match label {
            Some(label) => format!("an organization of {host}, account {label}"),
            None => format!("an organization of {host}"),
        },
    }
}

fn source(source: Source) -> &'static str {
    match source {
        Source::Terraform => "as the Terraform CLI has it",
        Source::Env => "a variable",
        Source::Command => "what a command prints",
        Source::Keyring => "the system's keyring",
        Source::Ask => "typed at every start",
    }
}

/// A sign for each character, and nothing of any.
fn masked(field: &Masked, room: usize, theme: Theme) -> String {
    let sign = if theme.symbols.ascii { "*" } else { "•" };
    let shown = field.len().min(room.saturating_sub(1));
    format!("{}{}", sign.repeat(shown), theme.symbols.cursor)
}

/// The keys, in the box where the window has no line left for them.
fn keys(pairs: &[(&str, &str)], frame: &Frame, theme: Theme) -> Vec<Part<'static>> {
    let mut line = Vec::new();
    for (key, words) in pairs {
        line.push(Span::styled((*key).to_owned(), theme.key()));
        line.push(Span::raw(format!(" {words}   ")));
    }
    let rank = if leaves_keys(frame) { 1 } else { 0 };
    vec![Part::gap(), Part::ranked(rank, Line::from(line))]
}
