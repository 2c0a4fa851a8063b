//! Colours and symbols. Colours come from the palette of the configuration, by
//! default the terminal's own sixteen; every state has its word beside its
//! colour, and what is selected is marked, so nothing is told by colour alone.

use ratatui::style::{Color, Modifier, Style};

use crate::app::Settings;
use crate::config::theme::{Colour, Look, Palette, Role};
use crate::slot::State;

/// What things look like.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    /// The symbols in force.
    pub symbols: Symbols,
    palette: Palette,
}

/// Symbols, for terminals with and without Unicode.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "each is what its name says")]
pub struct Symbols {
    pub ascii: bool,
    pub rule: &'static str,
    pub marker: &'static str,
    pub mark: &'static str,
    pub none: &'static str,
    pub dot: &'static str,
    pub full: &'static str,
    pub left: &'static str,
    pub right: &'static str,
    pub corners: [&'static str; 4],
    pub upright: &'static str,
    pub mask: &'static str,
    pub warning: &'static str,
    pub cursor: &'static str,
    pub before: &'static str,
    pub after: &'static str,
    pub today: &'static str,
    pub window: &'static str,
    pub line: &'static str,
    pub end: &'static str,
    pub old_end: &'static str,
    pub many: &'static str,
    pub pointer: &'static str,
    pub tick: &'static str,
    pub spinner: &'static [&'static str],
}

impl Theme {
    /// The theme of a run.
    pub fn of(settings: &Settings) -> Self {
        let ascii = settings.ascii;
        let symbols = if ascii {
            Symbols {
                ascii,
                rule: "-",
                marker: ">",
                mark: "*",
                none: "-",
                dot: " | ",
                full: "#",
                left: "[",
                right: "]",
                corners: ["+", "+", "+", "+"],
                upright: "|",
                mask: "********",
                warning: "!",
                cursor: "_",
                before: "<",
                after: ">",
                today: "|",
                window: "=",
                line: "-",
                end: "o",
                old_end: ".",
                many: "#",
                pointer: "^",
                tick: "'",
                spinner: &[".", "o", "O", "o"],
            }
        } else {
            Symbols {
                ascii,
                rule: "─",
                marker: "▸",
                mark: "●",
                none: "–",
                dot: " · ",
                full: "█",
                left: "▕",
                right: "▏",
                corners: ["╭", "╮", "╰", "╯"],
                upright: "│",
                mask: crate::app::panel::MASK,
                warning: "▲",
                cursor: "▏",
                before: "‹",
                after: "›",
                today: "┃",
                window: "━",
                line: "─",
                end: "●",
                old_end: "○",
                many: "█",
                pointer: "▲",
                tick: "╵",
                spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
            }
        };
        Self {
            symbols,
            palette: settings.palette,
        }
    }

    /// Names of keys, in words where arrows cannot be drawn.
    pub fn keys(self, text: &str) -> String {
        if !self.symbols.ascii {
            return text.to_owned();
        }
        text.replace('↑', "Up")
            .replace('↓', "Down")
            .replace('←', "Left ")
            .replace('→', "Right")
            .replace("Left  ", "Left ")
    }

    /// What turns while something is under way.
    pub fn spinner(self, turns: usize) -> &'static str {
        let frames = self.symbols.spinner;
        frames
            .get(turns % frames.len().max(1))
            .copied()
            .unwrap_or("")
    }

    fn role(self, role: Role) -> Style {
        style(self.palette.of(role))
    }

    /// Ordinary text.
    pub fn plain(self) -> Style {
        self.role(Role::Text)
    }

    /// What stands back.
    pub fn faint(self) -> Style {
        self.role(Role::Faint)
    }

    /// What stands out.
    pub fn strong(self) -> Style {
        self.role(Role::Strong)
    }

    /// The program's name, dialogs' titles.
    pub fn title(self) -> Style {
        self.role(Role::Title)
    }

    /// A key in the key bar.
    pub fn key(self) -> Style {
        self.role(Role::Key)
    }

    /// What went wrong, and what would die.
    pub fn bad(self) -> Style {
        self.role(Role::Bad)
    }

    /// What wants care.
    pub fn warn(self) -> Style {
        self.role(Role::Warn)
    }

    /// What went well.
    pub fn good(self) -> Style {
        self.role(Role::Good)
    }

    /// What is selected or has the focus.
    pub fn selected(self) -> Style {
        self.role(Role::Selected)
    }

    /// A state's word.
    pub fn state(self, state: State) -> Style {
        self.role(match state {
            State::Expired => Role::Expired,
            State::Failed | State::Unauthorized => Role::Failed,
            State::OverPolicy => Role::OverPolicy,
            State::Expiring => Role::Expiring,
            State::NoAccess | State::NotVisible | State::Unclear => Role::Hidden,
            State::Unused => Role::Unused,
            State::None => Role::None,
            State::Ok => Role::Ok,
            State::Reading => Role::Reading,
        })
    }
}

fn style(look: Look) -> Style {
    let mut style = Style::new();
    style.fg = look.text.map(colour);
    style.bg = look.ground.map(colour);
    for (holds, modifier) in [
        (look.bold, Modifier::BOLD),
        (look.dim, Modifier::DIM),
        (look.underlined, Modifier::UNDERLINED),
        (look.reversed, Modifier::REVERSED),
    ] {
        if holds {
            style = style.add_modifier(modifier);
        }
    }
    style
}

fn colour(colour: Colour) -> Color {
    const ANSI: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    match colour {
        Colour::Ansi(index) => ANSI[usize::from(index) % ANSI.len()],
        Colour::Indexed(index) => Color::Indexed(index),
        Colour::Rgb(r, g, b) => Color::Rgb(r, g, b),
    }
}
