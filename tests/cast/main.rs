//! `assets/demo.cast`: a session with `--demo`, recorded from the built program
//! in a pseudo-terminal (asciicast v2). Recorded anew by
//!
//! ```text
//! ORGWARD_RENEW=1 cargo test --test cast -- --ignored record
//! ```
//!
//! The times in it are made up, so that a slow machine makes no slow film; the
//! markers in it are the scenes of [`script`].
#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod recording;
mod script;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use self::recording::Recording;
use self::script::{SCENES, SIZE, play};
use self::support::Exit;
use self::support::screen::Terminal;

const RENEW: &str =
    "renew it with `ORGWARD_RENEW=1 cargo test --test cast -- --ignored record` and look at it";

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.cast")
}

fn kept() -> Recording {
    let text = std::fs::read_to_string(file()).unwrap_or_else(|error| panic!("{error}; {RENEW}"));
    Recording::read(&text)
}

#[test]
#[ignore = "plays the whole session; run by .ci/run"]
fn record() {
    let mut recording = Recording::new(SIZE);
    let program = play(|program, scene| recording.take(program, scene));
    recording.take(&program, None);
    assert_eq!(program.wait_exit(), Exit::Code(0));
    // The file itself only when its owner wants it.
    if std::env::var_os("ORGWARD_RENEW").is_some() {
        std::fs::write(file(), recording.text()).unwrap();
    }
}

#[test]
fn the_recording_is_well_formed_and_plays_to_its_scenes() {
    let recording = kept();
    assert_eq!(recording.size, SIZE);
    let mut terminal = Terminal::new(SIZE.0, SIZE.1);
    let mut seen = Vec::new();
    for event in &recording.events {
        match &event.scene {
            None => terminal.take(event.text.as_bytes()),
            Some(label) => {
                let scene = SCENES.iter().find(|scene| scene.label == label);
                let scene = scene.unwrap_or_else(|| panic!("no scene {label}; {RENEW}"));
                let screen = terminal.screen();
                for words in scene.shows {
                    assert!(screen.contains(words), "{label}: no {words:?}\n{screen}");
                }
                assert!(screen.is_alternate() && !terminal.is_drawing(), "{label}");
                seen.push(scene.label);
            }
        }
    }
    let all: Vec<&str> = SCENES.iter().map(|scene| scene.label).collect();
    assert_eq!(seen, all, "{RENEW}");
    // The terminal is given back at the end.
    assert!(!terminal.screen().is_alternate());
    assert!(terminal.requests().queries.is_empty());
    assert!(terminal.requests().clipboard.is_empty());
    assert!(terminal.requests().titles.is_empty());
}

#[test]
fn the_recording_holds_no_escape_but_the_screens_and_no_secret() {
    let modes: BTreeSet<&str> = ["?1049", "?2004", "?1004", "?25", "?2026"].into();
    for event in &kept().events {
        let text = &event.text;
        assert!(!text.contains("atlasv1"), "a secret was recorded");
        for c in text.chars() {
            let known = !c.is_control() || matches!(c, '\u{1b}' | '\n' | '\r');
            assert!(known, "the control character {c:?}");
        }
        for rest in text.split('\u{1b}').skip(1) {
            let rest = rest.strip_prefix('[').expect("only CSI is used");
            let end = rest
                .find(|c: char| c.is_ascii_alphabetic())
                .expect("an end");
            let (parameters, last) = (&rest[..end], &rest[end..=end]);
            match last {
                "h" | "l" => assert!(modes.contains(parameters), "the mode {parameters}"),
                "m" | "H" | "J" | "K" => {}
                other => panic!("CSI {parameters}{other}"),
            }
        }
    }
}

/// What may differ from day to day is left out: numbers, and with them widths.
fn normal(line: &str) -> String {
    let words = line.split_whitespace().map(|word| {
        let digits = word.chars().any(|c| c.is_ascii_digit());
        if digits { "#" } else { word }
    });
    let mut words: Vec<&str> = words.collect();
    words.dedup();
    words.join(" ")
}

#[test]
fn the_recording_shows_what_the_program_shows_today() {
    let recording = kept();
    let mut terminal = Terminal::new(SIZE.0, SIZE.1);
    let mut then = Vec::new();
    for event in &recording.events {
        match &event.scene {
            None => terminal.take(event.text.as_bytes()),
            Some(_) => then.push(terminal.screen().rows()),
        }
    }
    let mut now = Vec::new();
    let program = play(|program, scene| {
        if scene.is_some() {
            now.push(program.look().rows());
        }
    });
    assert_eq!(program.wait_exit(), Exit::Code(0));
    assert_eq!(then.len(), now.len(), "{RENEW}");
    for (scene, (then, now)) in SCENES.iter().zip(then.iter().zip(&now)) {
        for of in [<[String]>::first, <[String]>::last] {
            let line = |rows: &[String]| of(rows).map(|line| normal(line));
            assert_eq!(line(then), line(now), "{}: {RENEW}", scene.label);
        }
    }
}
