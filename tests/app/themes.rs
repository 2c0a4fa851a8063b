//! Themes: each draws every view, and without a colour everything can still be
//! told apart.

use std::collections::BTreeMap;

use orgward::app::Settings;
use orgward::config::theme::{Palette, Role};
use orgward::slot::State;
use ratatui::style::{Color, Modifier};

use crate::driver::Owner;
use crate::stages;
use crate::world::*;

fn settings_in(palette: Palette) -> Settings {
    Settings {
        palette,
        mouse: true,
        ..settings()
    }
}

fn names() -> [String; 4] {
    ["acme", "beta", "broken", "payments"].map(str::to_owned)
}

fn themes() -> Vec<(&'static str, Palette)> {
    Palette::names()
        .map(|name| (name, Palette::named(name).expect("a theme")))
        .collect()
}

#[test]
fn every_theme_draws_every_view() {
    let mut texts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, palette) in themes() {
        let ground = palette.of(Role::Text).ground.is_some();
        for (view, mut owner) in stages::all(|| settings_in(palette), &names()) {
            for (width, height) in [(80, 24), (40, 10), (170, 50)] {
                owner.size(width, height);
                let (buffer, _) = owner.drawn();
                // A theme with a ground of its own covers the whole window.
                let bare = buffer
                    .content()
                    .iter()
                    .filter(|cell| cell.bg == Color::Reset);
                assert_eq!(bare.count() == 0, ground, "{name} {view} {width}x{height}");
                texts.entry(view).or_default().push(owner.screen());
            }
        }
    }
    // The text is the same in each of them.
    for (view, texts) in texts {
        let one = texts.len() / themes().len();
        for other in texts.chunks(one) {
            assert_eq!(other, &texts[..one], "{view}");
        }
    }
}

#[test]
fn the_default_leaves_the_colours_to_the_terminal() {
    for (view, owner) in stages::all(settings, &names()) {
        let (buffer, _) = owner.drawn();
        for cell in buffer.content() {
            for colour in [cell.fg, cell.bg] {
                let own = matches!(colour, Color::Rgb(..) | Color::Indexed(_));
                assert!(!own, "{view}: {colour:?}");
            }
        }
    }
}

#[test]
fn without_colours_the_selection_and_the_focus_can_be_seen() {
    for (name, palette) in themes() {
        for (view, owner) in stages::all(|| settings_in(palette.without_colours()), &names()) {
            let (buffer, _) = owner.drawn();
            for cell in buffer.content() {
                let colours = (cell.fg, cell.bg);
                assert_eq!(colours, (Color::Reset, Color::Reset), "{name} {view}");
            }
            // What is selected or has the focus is reversed; a notice and a text
            // that scrolls have no such part.
            let focused = [
                "list",
                "marked",
                "timeline",
                "replace",
                "delete",
                "generate",
                "leave",
                "add",
                "ask",
                "many-replace",
                "many-delete",
            ];
            if !focused.contains(&view) {
                continue;
            }
            let reversed = buffer
                .content()
                .iter()
                .any(|cell| cell.modifier.contains(Modifier::REVERSED));
            assert!(reversed, "{name} {view}\n{}", owner.screen());
        }
    }
}

#[test]
fn what_is_selected_and_what_is_marked_have_a_sign() {
    let mut owner = Owner::of(&["acme", "beta"]);
    owner.read("acme", none()).read("beta", none());
    owner.press(" ");
    let screen = owner.screen();
    let line = |name: &str| screen.lines().find(|line| line.contains(name)).unwrap();
    assert!(line(" acme ").contains('●') && !line(" acme ").contains('▸'));
    assert!(line(" beta ").contains('▸') && !line(" beta ").contains('●'));
}

/// Whoever cannot tell red from green reads the word.
#[test]
fn every_state_has_its_word_beside_its_colour() {
    let words: std::collections::BTreeSet<&str> =
        State::ALL.iter().map(|state| state.word()).collect();
    assert_eq!(words.len(), State::ALL.len());
    for (name, palette) in themes() {
        let mut owner = Owner::new(settings_in(palette), vec![account(&["acme"])], (80, 24));
        owner.read("acme", there(token("at-1")));
        let screen = owner.screen();
        let row = screen.lines().find(|line| line.contains("▸ acme")).unwrap();
        assert!(row.contains(" ok "), "{name}: {row}");
    }
    // What went wrong has a sign, what went well has none.
    let mut owner = Owner::with("acme", none());
    let done = |result| orgward::app::message::Reply::Done(result);
    owner
        .reply(0, done(Err("it went wrong".into())))
        .sees("▲ it went wrong");
    owner
        .reply(0, done(Ok("it went well".into())))
        .sees_not("▲ it went");
}
