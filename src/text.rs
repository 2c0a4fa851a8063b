//! Text from a server, a child or a file, made safe for a terminal and cleaned
//! of every secret that the program holds.
//!
//! Two dangers, one door: characters that a terminal would obey (escapes,
//! direction overrides, floods of combining marks) and answers that repeat a
//! secret to us. Whatever was not written by this program passes [`safe`]
//! before it reaches the screen, an error or the log.
//!
//! Held secrets are known here as hashes (keyed at random per process) of all
//! their twelve-byte pieces, so the registry is no second copy of a secret.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{LazyLock, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;
use zeroize::Zeroizing;

/// The shortest piece of a secret that is recognized, in bytes.
const PIECE: usize = 12;
/// Shorter secrets are recognized as a whole, down to this many bytes; anything
/// shorter would blank out ordinary words.
const SHORTEST: usize = 5;
/// More combining marks than this on one character are dropped.
const MAX_MARKS: usize = 3;
/// What stands in the place of a secret.
pub const REPLACEMENT: &str = "[secret]";
/// The longest text that [`safe`] returns, in characters. A server's message
/// is cut here however long it is.
pub const MAX_CHARS: usize = 600;

#[derive(Default)]
struct Registry {
    /// hash of a piece → (how many live secrets have it, the piece's length)
    pieces: HashMap<u64, (usize, usize)>,
    /// length of a piece → how many live pieces have it
    lengths: HashMap<usize, usize>,
}

static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(Mutex::default);

fn with_registry<T>(work: impl FnOnce(&mut Registry) -> T) -> T {
    work(&mut REGISTRY.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Keeps a secret recognizable for as long as it lives.
pub(crate) struct Fingerprint(Vec<(u64, usize)>);

impl Fingerprint {
    pub(crate) fn of(secret: &str) -> Self {
        let mut pieces = Vec::new();
        let mut add = |text: &[u8]| {
            if text.len() >= PIECE {
                pieces.extend(text.windows(PIECE).map(|w| (KEY.hash_one(w), PIECE)));
            } else if text.len() >= SHORTEST {
                pieces.push((KEY.hash_one(text), text.len()));
            }
        };
        add(secret.as_bytes());
        let percent: Zeroizing<String> =
            Zeroizing::new(utf8_percent_encode(secret, NON_ALPHANUMERIC).collect());
        add(percent.as_bytes());
        // Base64 text depends on where the secret starts within a group of three
        // bytes; the characters that mix with a neighbour are left out.
        for offset in 0..3usize {
            let mut shifted = Zeroizing::new(vec![0u8; offset]);
            shifted.reserve_exact(secret.len());
            shifted.extend_from_slice(secret.as_bytes());
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                let encoded = Zeroizing::new(engine.encode(&*shifted));
                let start = [0, 2, 3][offset];
                let end = encoded.len() - usize::from(shifted.len() % 3 != 0);
                if end > start && secret.len() >= SHORTEST {
                    add(&encoded.as_bytes()[start..end]);
                }
            }
        }
        pieces.sort_unstable();
        pieces.dedup();
        with_registry(|registry| {
            for (hash, length) in &pieces {
                registry.pieces.entry(*hash).or_insert((0, *length)).0 += 1;
                *registry.lengths.entry(*length).or_insert(0) += 1;
            }
        });
        Self(pieces)
    }
}

impl Drop for Fingerprint {
    fn drop(&mut self) {
        with_registry(|registry| {
            for (hash, length) in &self.0 {
                if let Some(entry) = registry.pieces.get_mut(hash) {
                    entry.0 -= 1;
                    if entry.0 == 0 {
                        registry.pieces.remove(hash);
                    }
                }
                if let Some(count) = registry.lengths.get_mut(length) {
                    *count -= 1;
                    if *count == 0 {
                        registry.lengths.remove(length);
                    }
                }
            }
        });
    }
}

/// Makes foreign text fit for one line of a terminal: no control, escape,
/// direction or invisible characters, white space folded, no more than
/// [`MAX_CHARS`] characters, and no secret that the program holds.
pub fn safe(text: &str) -> String {
    // A megabyte of blanks or marks must not cost more than a look.
    let mut out = String::new();
    let mut marks = 0;
    let mut gap = false;
    let mut count = 0;
    for c in text.chars().take(MAX_CHARS * 40) {
        if c.is_whitespace() || c.is_control() {
            gap = !out.is_empty();
            continue;
        }
        if is_unwelcome(c) {
            continue;
        }
        if is_mark(c) {
            marks += 1;
            if marks > MAX_MARKS || out.is_empty() {
                continue;
            }
        } else {
            marks = 0;
        }
        if gap {
            out.push(' ');
            gap = false;
            count += 1;
        }
        out.push(c);
        count += 1;
        // Twice the limit, so that a secret across the cut is seen whole.
        if count > MAX_CHARS * 2 {
            break;
        }
    }
    let mut clean = without_secrets(&out);
    if let Some((at, _)) = clean.char_indices().nth(MAX_CHARS) {
        clean.truncate(at);
        clean.push('…');
    }
    // Ten thousand ids are kept, each in a buffer that had grown.
    clean.shrink_to_fit();
    clean
}

/// [`safe`] for bytes that may not be UTF-8.
pub fn safe_bytes(bytes: &[u8]) -> String {
    let end = bytes.len().min(MAX_CHARS * 160);
    safe(&String::from_utf8_lossy(&bytes[..end]))
}

/// [`safe`] for words in several lines that keep their lines, and the blanks
/// before each: what they show can be copied.
pub fn safe_lines(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let indent = line.chars().take_while(|c| *c == ' ');
        indent.collect::<String>() + &safe(line)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The order of two names: without regard to case, and names that differ in
/// nothing else by what they are exactly, so that no two are equal.
pub fn caseless(one: &str, two: &str) -> Ordering {
    // A sort of ten thousand names comes here a hundred thousand times.
    for (a, b) in one.bytes().zip(two.bytes()).filter(|(a, b)| a != b) {
        if !(a.is_ascii() && b.is_ascii()) {
            let order = folded(one).cmp(folded(two));
            return order.then_with(|| one.cmp(two));
        }
        let order = a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase());
        if order.is_ne() {
            return order;
        }
    }
    let order = one.len().cmp(&two.len());
    order.then_with(|| one.cmp(two))
}

/// The first bytes of a name in that order: names of which these differ are sorted
/// by them, without a look at the names themselves.
pub fn caseless_start(name: &str) -> u128 {
    let mut start = [0; 16];
    let first = &name.as_bytes()[..name.len().min(start.len())];
    if first.is_ascii() {
        start[..first.len()].copy_from_slice(first);
        start.make_ascii_lowercase();
        return u128::from_be_bytes(start);
    }
    let mut used = 0;
    for folded in folded(name) {
        for byte in folded.encode_utf8(&mut [0; 4]).bytes() {
            if used == start.len() {
                return u128::from_be_bytes(start);
            }
            start[used] = byte;
            used += 1;
        }
    }
    u128::from_be_bytes(start)
}

fn folded(name: &str) -> impl Iterator<Item = char> + '_ {
    name.chars().flat_map(char::to_lowercase)
}

/// Cuts `text` to at most `width` terminal columns, never inside a grapheme,
/// with `…` (or `~` when `ascii`, since a stop looks like the end of a sentence) in
/// the last column when something was cut.
pub fn fit(text: &str, width: usize, ascii: bool) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let Some(room) = width.checked_sub(1) else {
        return String::new();
    };
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let w = grapheme.width();
        if used + w > room {
            break;
        }
        used += w;
        out.push_str(grapheme);
    }
    out.push(if ascii { '~' } else { '…' });
    out
}

/// Characters that a terminal obeys, that reorder or hide text, or that are
/// not characters at all.
fn is_unwelcome(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0e}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' | '\u{e000}'..='\u{f8ff}'
        | '\u{f0000}'..='\u{10ffff}')
}

/// Marks that sit on the character before them.
fn is_mark(c: char) -> bool {
    let mut buffer = [0u8; 4];
    let text: &str = c.encode_utf8(&mut buffer);
    text.width() == 0
}

fn without_secrets(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut covered = vec![false; bytes.len()];
    let mut any = false;
    with_registry(|registry| {
        for length in registry.lengths.keys() {
            if *length > bytes.len() {
                continue;
            }
            for (at, window) in bytes.windows(*length).enumerate() {
                let found = registry.pieces.get(&KEY.hash_one(window));
                if found.is_some_and(|(_, l)| l == length) {
                    covered[at..at + length].fill(true);
                    any = true;
                }
            }
        }
    });
    if !any {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for (at, c) in text.char_indices() {
        let secret = covered[at..at + c.len_utf8()]
            .iter()
            .any(|covered| *covered);
        if secret && !inside {
            out.push_str(REPLACEMENT);
        } else if !secret {
            out.push(c);
        }
        inside = secret;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use proptest::prelude::*;

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        let text = "a\u{1b}[31mred\u{7}\r\nb\u{9b}2Jc \u{202e}evil\u{2066}\u{200b}\u{e0041}d";
        assert_eq!(safe(text), "a [31mred b 2Jc evild");
    }

    #[test]
    fn combining_floods_are_thinned_and_length_is_bounded() {
        let flood = format!("x{}y", "\u{301}".repeat(10_000));
        assert_eq!(safe(&flood), "x\u{301}\u{301}\u{301}y");
        assert_eq!(safe(&"z".repeat(2_000_000)).chars().count(), MAX_CHARS + 1);
    }

    #[test]
    fn ordinary_names_in_any_script_stay() {
        for text in ["acme-prod", "Zoë", "組織", "मुंबई", "olivia@example.com"] {
            assert_eq!(safe(text), text);
        }
    }

    #[test]
    fn a_held_secret_is_replaced_in_every_dress() {
        let text = "Qm9vdHMtb2Yt.atlasv1.f7a1c3e5d9b2048697";
        let secret = Secret::new(text.into());
        for dress in [
            text.to_owned(),
            text[5..20].to_owned(),
            STANDARD_NO_PAD.encode(text),
            base64::engine::general_purpose::STANDARD.encode(format!("user:{text}")),
            base64::engine::general_purpose::STANDARD.encode(format!("ab{text}!")),
            utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
        ] {
            let shown = safe(&format!("no such token: {dress} (really)"));
            assert!(shown.contains(REPLACEMENT), "{shown}");
            assert!(shown.starts_with("no such token: "), "{shown}");
            for piece in dress.as_bytes().windows(PIECE) {
                let piece = std::str::from_utf8(piece).unwrap();
                assert!(!shown.contains(piece), "{piece} in {shown}");
            }
        }
        drop(secret);
        assert_eq!(safe(text), text, "a secret that is gone is only text");
    }

    #[test]
    fn a_short_credential_is_replaced_as_a_whole() {
        let _secret = Secret::new("hunter2".into());
        assert_eq!(safe("wrong password hunter2."), "wrong password [secret].");
    }

    #[test]
    fn cutting_never_splits_a_grapheme() {
        assert_eq!(fit("abcdef", 4, false), "abc…");
        assert_eq!(fit("組織名", 4, false), "組…");
        assert_eq!(fit("e\u{301}e\u{301}e\u{301}", 2, false), "e\u{301}…");
        assert_eq!(fit("abc", 0, false), "");
        assert_eq!(fit("abcdef", 4, true), "abc~");
    }

    proptest! {
        #[test]
        fn safe_text_is_safe(text in any::<String>()) {
            let shown = safe(&text);
            prop_assert!(shown.chars().all(|c| !c.is_control() && !is_unwelcome(c)));
            prop_assert!(shown.chars().count() <= MAX_CHARS + 1);
            let again = safe(&shown);
            prop_assert_eq!(again.trim_end_matches('…'), shown.trim_end_matches('…'));
        }

        #[test]
        fn fit_fits(text in any::<String>(), width in 0usize..60) {
            prop_assert!(fit(&safe(&text), width, false).width() <= width);
        }
    }
}
