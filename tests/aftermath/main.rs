//! What is true after something went wrong, in a pseudo-terminal: killed
//! programs, two programs at once, a journal that cannot be written, and the
//! owner's own token.
#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod journal;
mod killed;
mod own_token;
mod two_programs;

use support::{Program, Screen};

fn flat(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || "│─╭╮╰╯".contains(c));
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a screen shows these words, wherever a box breaks them into lines.
fn shows(screen: &Screen, words: &str) -> bool {
    flat(&screen.text()).contains(&flat(words))
}

/// Waits until a screen shows these words.
fn sees<'p>(program: &'p Program, words: &str) -> &'p Program {
    program.wait_until(words, |screen| shows(screen, words));
    program
}
