//! Windows of any size and names in any script: nothing panics, nothing is cut
//! inside what a reader takes for one character, nothing reaches over an edge.

use std::collections::HashSet;

use orgward::app::Layer;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::driver::Owner;
use crate::stages;
use crate::world::*;

/// Pieces of names: wide, joined, combining, long.
const PIECES: [&str; 14] = [
    "acme",
    "組織",
    "部",
    "👨‍👩‍👧‍👦",
    "🏳️‍🌈",
    "e\u{301}",
    "n\u{303}o\u{308}",
    "🇩🇪",
    "한국",
    "-",
    "x",
    "the-long-name-of-a-department",
    "ज़्य",
    "✋🏽",
];

fn name() -> impl Strategy<Value = String> {
    proptest::collection::vec(select(PIECES.to_vec()), 1..7).prop_map(|pieces| pieces.concat())
}

fn size() -> impl Strategy<Value = (u16, u16)> {
    prop_oneof![
        4 => (1u16..=90, 1u16..=30),
        2 => (35u16..=60, 8u16..=14),
        1 => (90u16..=500, 1u16..=200),
    ]
}

/// Looks at the cells of one frame.
fn look(what: &str, owner: &Owner, whole: &HashSet<String>) {
    let (buffer, hits) = owner.drawn();
    let (width, height) = owner.app.size;
    for y in 0..height {
        let mut hidden = 0;
        for x in 0..width {
            let symbol = buffer[(x, y)].symbol();
            if hidden > 0 {
                hidden -= 1;
                continue;
            }
            let columns = symbol.width().max(1);
            assert!(
                usize::from(x) + columns <= usize::from(width),
                "{what} {width}x{height}: {symbol:?} reaches over the edge\n{}",
                owner.screen()
            );
            hidden = columns - 1;
            let plain = symbol.chars().count() == 1 && symbol.width() <= 1;
            assert!(
                plain && !part_of_another(symbol, whole) || whole.contains(symbol),
                "{what} {width}x{height}: {symbol:?} is a piece\n{}",
                owner.screen()
            );
        }
    }
    for (area, _) in hits.all() {
        assert!(
            area.right() <= width && area.bottom() <= height,
            "{what} {width}x{height}: {area:?} cannot be clicked"
        );
    }
}

/// Whether a character stands in the names only as a part of a larger one.
fn part_of_another(symbol: &str, whole: &HashSet<String>) -> bool {
    !symbol.is_ascii()
        && !whole.contains(symbol)
        && whole.iter().any(|other| other.contains(symbol))
}

#[test]
fn no_name_is_cut_inside_a_character_in_any_window() {
    let ways = (
        (name(), name(), name(), name()),
        proptest::collection::vec(size(), 3..6),
        any::<bool>(),
    );
    let config = ProptestConfig {
        cases: 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, random)
        .run(&ways, |((a, b, c, d), sizes, mouse)| {
            // What the door for foreign text lets in.
            let names = [a, b, c, d].map(|name| orgward::text::safe(&name));
            let whole: HashSet<String> = names
                .iter()
                .flat_map(|name| name.graphemes(true))
                .map(str::to_owned)
                .collect();
            let settings = || orgward::app::Settings {
                mouse,
                ..settings()
            };
            for (what, mut owner) in stages::all(settings, &names) {
                for (width, height) in &sizes {
                    owner.size(*width, *height);
                    look(what, &owner, &whole);
                }
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

/// The smallest and the largest, and what lies beside a limit.
#[test]
fn every_view_can_be_drawn_in_every_window() {
    let names = ["組織-acme", "beta", "broken", "👨‍👩‍👧‍👦"].map(str::to_owned);
    for (what, mut owner) in stages::all(settings, &names) {
        let wide = [
            1, 2, 3, 12, 39, 40, 41, 59, 60, 69, 70, 79, 80, 99, 100, 149, 150, 151,
        ];
        for width in wide {
            for height in [1, 2, 3, 9, 10, 11, 12, 13, 14, 17, 24] {
                owner.size(width, height).screen();
            }
        }
        owner.size(500, 200);
        assert!(!owner.screen().is_empty(), "{what}");
    }
}

#[test]
fn what_is_marked_dangerous_fits_into_the_smallest_window() {
    let names = ["acme", "beta", "gamma", "delta"].map(str::to_owned);
    for (what, mut owner) in stages::all(settings, &names) {
        owner.size(40, 10);
        let screen = owner.screen();
        match owner.app.layers.last() {
            // Which token, and what is typed.
            Some(Layer::New(dialog)) if what == "replace" => {
                assert!(!dialog.facts.is_empty());
                assert!(screen.contains("at-Wq3xY7bN2kLm4P"), "{screen}");
                assert!(screen.contains("Type acme"), "{screen}");
            }
            Some(Layer::Delete(_)) => {
                assert!(screen.contains("at-Wq3xY7bN2kLm4P"), "{screen}");
            }
            Some(Layer::Panel(_)) if what == "panel" => {
                assert!(screen.contains("••••••••"), "{screen}");
            }
            _ => {}
        }
    }
}
