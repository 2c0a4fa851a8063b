//! Texts that are said thousands of times, kept once while they are read.
//!
//! A cache of ten thousand organizations names the same few creators in each
//! token. Copies that are made first and shared afterwards leave ten thousand
//! holes in the memory, which nothing else fits into.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserializer, Error, Visitor};

thread_local! {
    static KEPT: RefCell<Option<HashSet<Arc<str>>>> = const { RefCell::new(None) };
}

/// Does the work with every text that [`text`] reads in it kept once.
pub fn sharing<T>(work: impl FnOnce() -> T) -> T {
    KEPT.set(Some(HashSet::new()));
    let done = work();
    KEPT.set(None);
    done
}

fn kept(text: &str) -> Arc<str> {
    KEPT.with_borrow_mut(|kept| {
        let Some(kept) = kept else {
            return text.into();
        };
        if let Some(known) = kept.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        kept.insert(new.clone());
        new
    })
}

/// Reads a text.
///
/// # Errors
/// Where it is none.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    deserializer.deserialize_str(Text)
}

/// Reads a text, or null.
///
/// # Errors
/// Where it is neither.
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Arc<str>>, D::Error> {
    deserializer.deserialize_option(Optional)
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Arc<str>, E> {
        Ok(kept(text))
    }
}

struct Optional;

impl<'de> Visitor<'de> for Optional {
    type Value = Option<Arc<str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or null")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        text(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Arc<str> {
        text(&mut serde_json::Deserializer::from_str(json)).unwrap()
    }

    #[test]
    fn what_is_said_again_is_the_same() {
        let (one, two, other) = sharing(|| {
            let escaped = r#""\u006flivia""#;
            (read(r#""olivia""#), read(escaped), read(r#""otto""#))
        });
        assert!(Arc::ptr_eq(&one, &two));
        assert_eq!(&*other, "otto");
        // Nothing is kept beyond the work.
        assert!(!Arc::ptr_eq(&one, &read(r#""olivia""#)));
    }

    #[test]
    fn null_is_no_text() {
        let read = |json| optional(&mut serde_json::Deserializer::from_str(json));
        assert_eq!(read("null").unwrap(), None);
        assert_eq!(read(r#""otto""#).unwrap().as_deref(), Some("otto"));
        assert!(read("5").is_err());
    }
}
