//! A document of the Terraform CLI's configuration, whichever of its two
//! syntaxes it was written in.
//!
//! The documents hold credentials, so every text that may be one sits in a
//! buffer that is wiped, and nothing here can be printed.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

/// One value.
pub(super) enum Value {
    /// Entries in their order; a key may occur more than once.
    Object(Vec<(String, Value)>),
    /// A list.
    List(Vec<Value>),
    /// A text.
    Text(Zeroizing<String>),
    /// A number, a truth, null: nothing that is needed here.
    Other,
}

impl Value {
    /// Its entries, if it is an object.
    pub fn entries(self) -> Option<Vec<(String, Value)>> {
        match self {
            Value::Object(entries) => Some(entries),
            Value::List(_) | Value::Text(_) | Value::Other => None,
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(Zeroizing::new(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        // To HCL1's JSON, and only there, a list of objects is the object with
        // the entries of all.
        if values.iter().all(|value| matches!(value, Value::Object(_))) {
            let entries = values.into_iter().filter_map(Value::entries);
            return Ok(Value::Object(entries.flatten().collect()));
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::Object(entries))
    }
}
