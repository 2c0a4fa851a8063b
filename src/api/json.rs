//! JSON as servers send it, read with patience.
//!
//! `serde_json::Value` copies every text, also the one that is a secret, and
//! derived structs fail as a whole on one odd or doubled field. This value
//! borrows its texts from the body it was read from, keeps doubled keys (the
//! documented account sample has two `links`), and every look into it answers
//! "not there" instead of failing. The number of values is bounded, since a
//! small body can hold millions of them.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The most values in one document. A true page of a hundred organizations has
/// some twenty thousand.
const MAX_VALUES: usize = 400_000;

/// One value; texts point into the body where it needed no unescaping.
#[derive(Debug)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Map(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Reads a body. The error says what is wrong and where, never what stands
/// there. Bytes that are not UTF-8 must have been mended before.
pub(super) fn parse(body: &[u8]) -> Result<Json<'_>, String> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Err("it is empty".into());
    }
    if body.trim_ascii_start().starts_with(b"<") {
        return Err("it is a web page, not JSON".into());
    }
    let left = Cell::new(MAX_VALUES);
    let mut reader = serde_json::Deserializer::from_slice(body);
    let seed = Seed { left: &left };
    seed.deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| format!("it is no valid JSON ({error})"))
}

impl Json<'_> {
    /// The value at a path of keys that is not null. Of doubled keys the last
    /// that leads to something counts.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        let Some((first, rest)) = path.split_first() else {
            return (!matches!(self, Json::Null)).then_some(self);
        };
        let Json::Map(entries) = self else {
            return None;
        };
        entries
            .iter()
            .rev()
            .filter(|(key, _)| key == first)
            .find_map(|(_, value)| value.at(rest))
    }

    /// Whether the key is there, even with null.
    pub(super) fn has(&self, key: &str) -> bool {
        matches!(self, Json::Map(entries) if entries.iter().any(|(k, _)| k == key))
    }

    /// A text that is not empty.
    pub(super) fn text_at(&self, path: &[&str]) -> Option<&str> {
        match self.at(path)? {
            Json::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// An id: a text, or a whole number as some servers send it.
    pub(super) fn id_at(&self, path: &[&str]) -> Option<String> {
        match self.at(path)? {
            Json::Unsigned(number) => Some(number.to_string()),
            Json::Signed(number) => Some(number.to_string()),
            _ => self.text_at(path).map(str::to_owned),
        }
    }

    /// A truth value.
    pub(super) fn bool_at(&self, path: &[&str]) -> Option<bool> {
        match self.at(path)? {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A whole number that is not negative, also when written as a float or a
    /// text.
    pub(super) fn number_at(&self, path: &[&str]) -> Option<u64> {
        match self.at(path)? {
            Json::Unsigned(number) => Some(*number),
            Json::Float(number) if *number >= 0.0 && *number < 9e15 => Some(*number as u64),
            Json::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The members of a list; nothing for everything else.
    pub(super) fn list_at(&self, path: &[&str]) -> Option<&[Self]> {
        match self.at(path)? {
            Json::List(list) => Some(list),
            _ => None,
        }
    }
}

#[derive(Clone, Copy)]
struct Seed<'c> {
    left: &'c Cell<usize>,
}

impl Seed<'_> {
    fn count<E: Error>(self) -> Result<(), E> {
        let left = self.left.get();
        if left == 0 {
            return Err(E::custom("too many values"));
        }
        self.left.set(left - 1);
        Ok(())
    }
}

impl<'a> DeserializeSeed<'a> for Seed<'_> {
    type Value = Json<'a>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Json<'a>, D::Error> {
        self.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Seed<'_> {
    type Value = Json<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Json<'a>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'a>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'a>, E> {
        Ok(Json::Unsigned(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'a>, E> {
        Ok(Json::Signed(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'a>, E> {
        Ok(Json::Float(value))
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Json<'a>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'a>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut access: A) -> Result<Json<'a>, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = access.next_element_seed(self)? {
            list.push(value);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut access: A) -> Result<Json<'a>, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key_seed(Key)? {
            entries.push((key, access.next_value_seed(self)?));
        }
        Ok(Json::Map(entries))
    }
}

struct Key;

impl<'a> DeserializeSeed<'a> for Key {
    type Value = Cow<'a, str>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for Key {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_doubled_keys_the_last_that_leads_somewhere_counts() {
        let json = parse(br#"{"a":{"x":1},"a":{"y":2},"b":3,"b":4,"c":5,"c":null}"#).unwrap();
        assert_eq!(json.number_at(&["a", "x"]), Some(1));
        assert_eq!(json.number_at(&["a", "y"]), Some(2));
        assert_eq!(json.number_at(&["b"]), Some(4));
        assert_eq!(json.number_at(&["c"]), Some(5));
    }

    #[test]
    fn wrong_types_are_not_there() {
        let json = parse(br#"{"t":1,"n":-1,"f":1.5,"s":"12","e":"","l":{}}"#).unwrap();
        assert_eq!(json.text_at(&["t"]), None);
        assert_eq!(json.text_at(&["e"]), None);
        assert_eq!(json.bool_at(&["t"]), None);
        assert_eq!(json.number_at(&["n"]), None);
        assert_eq!(json.number_at(&["f"]), Some(1));
        assert_eq!(json.number_at(&["s"]), Some(12));
        assert_eq!(json.id_at(&["n"]).as_deref(), Some("-1"));
        assert!(json.list_at(&["l"]).is_none());
        assert!(json.at(&["t", "deeper"]).is_none());
    }

    #[test]
    fn depth_and_number_of_values_are_bounded() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(parse(deep.as_bytes()).unwrap_err().contains("recursion"));
        let many = format!("[{}0]", "0,".repeat(MAX_VALUES));
        assert!(parse(many.as_bytes()).unwrap_err().contains("too many"));
    }

    #[test]
    fn an_error_never_repeats_the_text() {
        for body in [r#"{"token":"s3cr3t-text" "#, r#"{"token":s3cr3t-text}"#] {
            let error = parse(body.as_bytes()).unwrap_err();
            assert!(!error.contains("s3cr3t"), "{error}");
        }
    }

    #[test]
    fn a_plain_text_is_borrowed() {
        let body = br#"{"token":"abc"}"#;
        let json = parse(body).unwrap();
        let text = json.text_at(&["token"]).unwrap();
        assert!(body.as_ptr_range().contains(&text.as_ptr()));
    }
}
