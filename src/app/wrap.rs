//! Texts broken into lines beforehand: what scrolls must know how many lines it
//! has, which a widget that wraps while it draws does not tell.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Breaks a text at blanks.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ').flat_map(|word| pieces(word, width)) {
        let last = lines.last_mut();
        match last {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A word that is wider than a line, in pieces that are not; never cut inside
/// what a reader takes for one character.
fn pieces(word: &str, width: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, grapheme) in word.grapheme_indices(true) {
        let columns = grapheme.width();
        if used + columns > width && at > start {
            pieces.push(&word[start..at]);
            (start, used) = (at, 0);
        }
        used += columns;
    }
    pieces.push(&word[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_at_blanks_and_never_inside_a_character() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        for character in ["🇩🇪", "✋🏽", "e\u{301}", "組"] {
            let word = character.repeat(9);
            for width in 1..12 {
                let lines = wrapped(&word, width);
                assert_eq!(lines.concat(), word);
                for line in lines {
                    assert!(
                        line.graphemes(true).all(|g| g == character),
                        "{line:?} at {width}"
                    );
                    assert!(line.width() <= width.max(character.width()));
                }
            }
        }
    }
}
