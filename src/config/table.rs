//! The parsed document, read key by key, with errors that know their place.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::near::nearest;

/// What is wrong, and where: a byte of the file.
#[derive(Debug)]
pub(super) struct Problem {
    pub at: Option<usize>,
    pub text: String,
}

pub(super) fn problem(at: usize, text: impl Into<String>) -> Problem {
    Problem {
        at: Some(at),
        text: text.into(),
    }
}

pub(super) type Value<'t> = Spanned<DeValue<'t>>;

pub(super) fn start<T>(value: &Spanned<T>) -> usize {
    value.span().start
}

impl Problem {
    /// With more to its text.
    pub fn with(mut self, more: &str) -> Self {
        self.text.push_str(more);
        self
    }
}

/// One table, with the name that errors give it.
pub(super) struct Table<'t> {
    pub entries: &'t DeTable<'t>,
    pub at: usize,
    pub name: &'static str,
}

impl<'t> Table<'t> {
    /// The table that a value is; `name` is what errors call it.
    pub fn of(value: &'t Value<'t>, name: &'static str) -> Result<Self, Problem> {
        match value.get_ref() {
            DeValue::Table(entries) => Ok(Self {
                entries,
                at: start(value),
                name,
            }),
            _ => Err(problem(
                start(value),
                format!("this is not a table; write it under {name}"),
            )),
        }
    }

    /// Refuses every key that is not `known`.
    pub fn only(&self, known: &[&str]) -> Result<(), Problem> {
        for key in self.entries.keys() {
            let word = key.get_ref().as_ref();
            if known.contains(&word) {
                continue;
            }
            let text = if ["token", "tokens", "secret", "password"].contains(&word) {
                format!(
                    "`{word}` has no place here, this file holds no credential; leave it to `terraform login` \
                     or a variable TF_TOKEN_…, or write credential = {{ command = […] }} or \"keyring\""
                )
            } else {
                let mend = match nearest(word, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are {}", known.join(", ")),
                };
                format!("`{word}` is not a key of {}; {mend}", self.name)
            };
            return Err(problem(start(key), text));
        }
        Ok(())
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&'t Value<'t>> {
        self.entries.get(key)
    }

    /// Where a key's value is, or the table itself.
    pub fn place_of(&self, key: &str) -> usize {
        self.get(key).map_or(self.at, start)
    }

    /// The table under a key.
    pub fn table(&self, key: &str, name: &'static str) -> Result<Option<Table<'t>>, Problem> {
        self.get(key)
            .map(|value| Table::of(value, name))
            .transpose()
    }

    /// The text under a key, and its place.
    pub fn text(&self, key: &str) -> Result<Option<(&'t str, usize)>, Problem> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match value.get_ref().as_str() {
                Some(text) => Ok(Some((text, start(value)))),
                None => Err(problem(
                    start(value),
                    format!(
                        "`{key}` is text, not {}; write {key} = \"…\"",
                        value.get_ref().type_str()
                    ),
                )),
            },
        }
    }

    /// The truth under a key.
    pub fn flag(&self, key: &str) -> Result<Option<bool>, Problem> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match value.get_ref().as_bool() {
                Some(flag) => Ok(Some(flag)),
                None => Err(problem(
                    start(value),
                    format!("`{key}` is yes or no; write {key} = true or {key} = false"),
                )),
            },
        }
    }

    /// The meaning of the word under a key.
    pub fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Result<Option<T>, Problem> {
        let Some((text, at)) = self.text(key)? else {
            return Ok(None);
        };
        match choices.iter().find(|(word, _)| *word == text) {
            Some((_, choice)) => Ok(Some(*choice)),
            None => {
                let words: Vec<String> = choices
                    .iter()
                    .map(|(word, _)| format!("\"{word}\""))
                    .collect();
                Err(problem(
                    at,
                    format!("`{text}` is no {key}; write {}", words.join(", ")),
                ))
            }
        }
    }
}
