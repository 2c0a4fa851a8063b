//! The filter: every word of it must be found in the organization, the host or
//! the state. Scattered over all three, a few letters would find everything.

use nucleo_matcher::pattern::{Atom, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::Row;
use crate::slot::{Host, State};

/// What the owner filters by, and the matcher, whose memory is used again.
pub(super) struct Filter {
    text: String,
    matcher: Matcher,
}

impl Filter {
    /// A filter that lets everything through.
    pub fn new() -> Self {
        Self {
            text: String::new(),
            matcher: Matcher::new(Config::DEFAULT),
        }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Takes what was typed; whether it is something else than before.
    pub fn set(&mut self, text: &str) -> bool {
        let changes = self.text != text;
        if changes {
            text.clone_into(&mut self.text);
        }
        changes
    }

    /// What its words may be the names of.
    pub fn sought(&self) -> Sought {
        let words = self.text.split_whitespace();
        // The signs say how a word is to be found, or that it is not.
        let names = words.filter(|word| !word.starts_with('!'));
        let bare = names.map(|word| word.trim_start_matches(['^', '\'']).trim_end_matches('$'));
        let bare = bare.filter(|word| !word.is_empty());
        Sought(
            bare.map(|word| (word.to_owned(), word.to_lowercase()))
                .collect(),
        )
    }

    /// The filter at work.
    pub fn sieve(&mut self) -> Sieve<'_> {
        let pattern = Pattern::parse(&self.text, CaseMatching::Smart, Normalization::Smart);
        let words = pattern.atoms.into_iter().map(|atom| Word {
            atom,
            hosts: Vec::new(),
            states: Default::default(),
        });
        Sieve {
            words: words.collect(),
            buffer: Vec::new(),
            matcher: &mut self.matcher,
        }
    }
}

/// The words of a filter as they were typed, and in lower case.
pub(super) struct Sought(Vec<(String, String)>);

impl Sought {
    /// How much an organization's name is what was typed: the lower the more, and
    /// none where it has nothing of it as it stands.
    pub fn rank(&self, name: &str) -> Option<u8> {
        let rank = |(typed, small): &(String, String)| match find(name, small)? {
            (0, _) if name == typed => Some(0),
            (0, true) => Some(1),
            (0, false) => Some(2),
            _ => Some(3),
        };
        self.0.iter().filter_map(rank).min()
    }
}

/// Where a name has a word that is in lower case, and whether it is nothing else.
/// Asked of every row at every key, so without a name in lower case where that
/// says the same: hosts allow no other characters.
fn find(name: &str, small: &str) -> Option<(usize, bool)> {
    if name.is_ascii() {
        let mut places = name.as_bytes().windows(small.len());
        let at = places.position(|place| place.eq_ignore_ascii_case(small.as_bytes()))?;
        return Some((at, name.len() == small.len()));
    }
    let lower = name.to_lowercase();
    Some((lower.find(small)?, lower.len() == small.len()))
}

/// A filter at work on many rows.
pub(super) struct Sieve<'f> {
    words: Vec<Word>,
    buffer: Vec<char>,
    matcher: &'f mut Matcher,
}

/// One word, and where it was found already: ten thousand rows have a few hosts
/// and a dozen states.
struct Word {
    atom: Atom,
    hosts: Vec<(Host, bool)>,
    states: [Option<bool>; State::ALL.len()],
}

impl Sieve<'_> {
    /// Whether a row is shown.
    pub fn passes(&mut self, row: &Row) -> bool {
        let Self {
            words,
            buffer,
            matcher,
        } = self;
        // Of a negative word this says that it is not there.
        let mut found =
            |atom: &Atom, text: &str| atom.score(Utf32Str::new(text, buffer), matcher).is_some();
        let slot = &row.slot;
        words.iter_mut().all(|word| {
            let Word {
                atom,
                hosts,
                states,
            } = word;
            let in_host = match hosts.iter().find(|(known, _)| *known == slot.host) {
                Some((_, found)) => *found,
                None => {
                    let found = found(atom, slot.host.as_str());
                    hosts.push((slot.host.clone(), found));
                    found
                }
            };
            let state = row.state();
            let in_state = *states[state as usize].get_or_insert_with(|| found(atom, state.word()));
            if atom.negative {
                in_host && in_state && found(atom, &slot.organization)
            } else {
                in_host || in_state || found(atom, &slot.organization)
            }
        })
    }
}
