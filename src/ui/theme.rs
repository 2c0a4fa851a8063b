//! Colours and symbols. Colours are the terminal's own sixteen, so the owner's
//! palette decides; every state has its word beside its colour, and what is
//! selected is reversed and marked, so nothing is told by colour alone.

use ratatui::style::{Color, Modifier, Style};

use crate::slot::State;

/// What things look like.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    /// The symbols in force.
    pub symbols: Symbols,
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
}

impl Theme {
    /// The default theme.
    pub fn new(ascii: bool) -> Self {
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
            }
        };
        Self { symbols }
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

    /// Ordinary text.
    pub fn plain(self) -> Style {
        Style::new()
    }

    /// What stands back.
    pub fn faint(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// What stands out.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The program's name, dialogs' titles.
    pub fn title(self) -> Style {
        Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// A key in the key bar.
    pub fn key(self) -> Style {
        Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// What went wrong, and what would die.
    pub fn bad(self) -> Style {
        Style::new().fg(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// What wants care.
    pub fn warn(self) -> Style {
        Style::new().fg(Color::Yellow)
    }

    /// What went well.
    pub fn good(self) -> Style {
        Style::new().fg(Color::Green)
    }

    /// What is selected or has the focus.
    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// A state's word.
    pub fn state(self, state: State) -> Style {
        match state {
            State::Expired => self.bad(),
            State::Failed | State::Unauthorized => Style::new().fg(Color::Red),
            State::OverPolicy => Style::new().fg(Color::Magenta),
            State::Expiring => Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD),
            State::NoAccess | State::NotVisible | State::Unclear => self.warn(),
            State::Unused => Style::new().fg(Color::Blue),
            State::None => Style::new().fg(Color::Cyan),
            State::Ok => self.good(),
            State::Reading => self.faint(),
        }
    }
}
