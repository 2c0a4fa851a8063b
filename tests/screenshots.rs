//! The pictures of the README show what the program shows today.

#[path = "../examples/screenshots/pictures/mod.rs"]
mod pictures;

use std::collections::BTreeSet;
use std::fs;

const RENEW: &str = "renew the pictures with `cargo run --example screenshots` and look at them";

#[test]
fn every_picture_is_up_to_date() {
    for picture in pictures::all() {
        let path = picture.path();
        let kept = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}; {RENEW}", path.display()));
        assert!(
            kept == picture.svg,
            "{} is out of date; {RENEW}",
            path.display()
        );
    }
}

#[test]
fn there_is_no_picture_that_nobody_draws() {
    let drawn: BTreeSet<_> = pictures::all()
        .iter()
        .map(|picture| picture.path())
        .collect();
    for entry in fs::read_dir(pictures::folder()).expect("the pictures' folder") {
        let path = entry.expect("an entry").path();
        assert!(drawn.contains(&path), "{}: nobody draws it", path.display());
    }
}

#[test]
fn drawing_twice_gives_the_same_picture() {
    let (once, again) = (pictures::all(), pictures::all());
    assert_eq!(once.len(), again.len());
    for (one, two) in once.iter().zip(&again) {
        assert!(one.svg == two.svg, "{} differs", one.name);
    }
}

#[test]
fn the_pictures_show_their_scenes_and_no_secret() {
    for (name, words) in [
        ("list", "what needs"),
        ("generate", "[ Generate ]"),
        ("replace", "Enter to replace"),
        ("secret", "delivered to the clipboard"),
        ("timeline", "Expiry timeline"),
        ("light", ">payments<"),
    ] {
        let all = pictures::all();
        let picture = all.iter().find(|picture| picture.name == name).expect(name);
        assert!(
            picture.svg.contains(words),
            "{name} does not show \"{words}\""
        );
        assert!(
            !picture.svg.contains("made-up text"),
            "{name} shows the secret"
        );
    }
}
