//! What is left of a document that was cut or damaged.
//!
//! The answer to a POST is the only place where a new secret is ever seen, and
//! the old token is dead by then. So an answer that is no valid JSON is not
//! given up: whatever stands whole before the damage is kept, and the document
//! is closed behind it. A value that is itself incomplete is never guessed at.

use serde::de::IgnoredAny;
use zeroize::Zeroizing;

/// Nesting that no answer has; what is deeper counts as damage, so that the
/// rest can still be parsed.
const DEEPEST: usize = 64;
/// Values that no answer of a write has; what comes after them is left out.
const MOST: usize = 50_000;

/// What was wrong with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It ended too early.
    Cut,
    /// There is something in it that is no JSON.
    Broken,
}

impl Damage {
    /// As in "the answer was cut".
    pub fn words(self) -> &'static str {
        match self {
            Damage::Cut => "cut",
            Damage::Broken => "damaged",
        }
    }
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
}

/// The longest beginning of a document that is whole, closed; and what ended
/// it. Text values that are no text (a lone surrogate) become null.
pub(super) fn salvage(body: &[u8]) -> (Zeroizing<Vec<u8>>, Damage) {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut out = Zeroizing::new(Vec::with_capacity(body.len() + DEEPEST));
    // The closing brackets of what is open.
    let mut open: Vec<u8> = Vec::new();
    // Up to where `out` is whole, and how much is open there.
    let mut whole = (0, 0);
    let mut expect = Expect::Value;
    let mut values = 0;
    let mut at = 0;
    let damage = loop {
        let Some(byte) = body.get(at).copied() else {
            break Damage::Cut;
        };
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let takes_value = matches!(expect, Expect::Value | Expect::ValueOrEnd);
        match byte {
            b'{' | b'[' if takes_value => {
                if open.len() == DEEPEST || values == MOST {
                    break Damage::Broken;
                }
                values += 1;
                out.push(byte);
                at += 1;
                let object = byte == b'{';
                open.push(if object { b'}' } else { b']' });
                expect = if object {
                    Expect::KeyOrEnd
                } else {
                    Expect::ValueOrEnd
                };
            }
            b'}' | b']' => {
                let ends = matches!(
                    (byte, expect),
                    (_, Expect::CommaOrEnd) | (b'}', Expect::KeyOrEnd) | (b']', Expect::ValueOrEnd)
                );
                if !ends || open.last() != Some(&byte) {
                    break Damage::Broken;
                }
                open.pop();
                out.push(byte);
                at += 1;
                whole = (out.len(), open.len());
                if open.is_empty() {
                    // Whatever follows is no part of the document.
                    break Damage::Broken;
                }
                expect = Expect::CommaOrEnd;
            }
            b',' if expect == Expect::CommaOrEnd => {
                out.push(byte);
                at += 1;
                expect = match open.last() {
                    Some(b'}') => Expect::Key,
                    _ => Expect::Value,
                };
            }
            b':' if expect == Expect::Colon => {
                out.push(byte);
                at += 1;
                expect = Expect::Value;
            }
            b'"' => {
                let Some(length) = text_length(&body[at..]) else {
                    break Damage::Cut;
                };
                let text = &body[at..at + length];
                let good = serde_json::from_slice::<String>(text).map(Zeroizing::new);
                let good = good.is_ok();
                at += length;
                match expect {
                    Expect::Key | Expect::KeyOrEnd if good => {
                        out.extend_from_slice(text);
                        expect = Expect::Colon;
                    }
                    Expect::Value | Expect::ValueOrEnd if values < MOST => {
                        values += 1;
                        out.extend_from_slice(if good { text } else { b"null" });
                        whole = (out.len(), open.len());
                        expect = Expect::CommaOrEnd;
                    }
                    _ => break Damage::Broken,
                }
            }
            _ if takes_value && values < MOST => {
                let ends = |byte: &u8| b",:]}\"[{ \t\r\n".contains(byte);
                let Some(length) = body[at..].iter().position(ends) else {
                    break Damage::Cut;
                };
                let word = &body[at..at + length];
                if serde_json::from_slice::<IgnoredAny>(word).is_err() {
                    break Damage::Broken;
                }
                values += 1;
                out.extend_from_slice(word);
                at += length;
                whole = (out.len(), open.len());
                expect = Expect::CommaOrEnd;
            }
            _ => break Damage::Broken,
        }
        if open.is_empty() {
            break Damage::Broken;
        }
    };
    let (length, depth) = whole;
    out.truncate(length);
    // What was open there is open still: it is closed only with a new `whole`.
    out.extend(open[..depth].iter().rev());
    (out, damage)
}

/// The bytes of a text from its opening to its closing quote.
fn text_length(bytes: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(body: &str) -> (String, Damage) {
        let (bytes, damage) = salvage(body.as_bytes());
        (String::from_utf8(bytes.to_vec()).unwrap(), damage)
    }

    #[test]
    fn what_is_whole_stays_and_is_closed() {
        for (body, left) in [
            (r#"{"a":{"b":"c","d":"#, r#"{"a":{"b":"c"}}"#),
            (r#"{"a":{"b":"c","d"#, r#"{"a":{"b":"c"}}"#),
            (
                r#"{"a":{"b":"c"},"d":[1,{"e":2"#,
                r#"{"a":{"b":"c"},"d":[1]}"#,
            ),
            (r#"{"a":[1,{"e":2,"#, r#"{"a":[1,{"e":2}]}"#),
            (r#"{"a":"b","c":12"#, r#"{"a":"b"}"#),
            (r#"{"a":"b\"#, ""),
            (r#"{"a":"b\"","c":"#, r#"{"a":"b\""}"#),
            ("{", ""),
            ("", ""),
        ] {
            assert_eq!(text(body), (left.to_owned(), Damage::Cut), "{body}");
        }
        for (body, left) in [
            (r#"{"a":"b","c":tru}"#, r#"{"a":"b"}"#),
            (r#"{"a":"b"}}"#, r#"{"a":"b"}"#),
            (r#"{"a":"b" "c":1}"#, r#"{"a":"b"}"#),
            (r#"{"a":"b","c":"\ud800","d":1!}"#, r#"{"a":"b","c":null}"#),
            (r#"{"a":"b"]"#, r#"{"a":"b"}"#),
        ] {
            assert_eq!(text(body), (left.to_owned(), Damage::Broken), "{body}");
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "\\PC*".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::btree_map("[a-z\"]{0,4}", inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// Whether everything in `part` stands in `all` just so, if not as much.
    fn is_part(part: &serde_json::Value, all: &serde_json::Value) -> bool {
        use serde_json::Value::{Array, Object};
        match (part, all) {
            (Object(part), Object(all)) => part
                .iter()
                .all(|(key, value)| all.get(key).is_some_and(|whole| is_part(value, whole))),
            (Array(part), Array(all)) => {
                part.len() <= all.len() && part.iter().zip(all).all(|(p, a)| is_part(p, a))
            }
            (part, all) => part == all,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]
        #[test]
        fn wherever_a_document_is_cut_what_is_left_was_in_it(
            json in any_json(),
            cut in any::<prop::sample::Index>(),
        ) {
            let body = json.to_string();
            let (left, _) = salvage(&body.as_bytes()[..cut.index(body.len() + 1)]);
            if !left.is_empty() {
                let left: serde_json::Value = serde_json::from_slice(&left).unwrap();
                prop_assert!(is_part(&left, &json), "{left} of {json}");
            }
        }

        #[test]
        fn whatever_byte_is_wrong_the_result_is_json_or_nothing(
            json in any_json(),
            at in any::<prop::sample::Index>(),
            wrong in prop::sample::select(b"{}[]:,\"\\u1 ".to_vec()),
        ) {
            let mut body = json.to_string().into_bytes();
            let at = at.index(body.len());
            body[at] = wrong;
            let (left, _) = salvage(&body);
            if !left.is_empty() {
                prop_assert!(serde_json::from_slice::<IgnoredAny>(&left).is_ok());
            }
        }

        #[test]
        fn whatever_the_bytes_the_result_is_json_or_nothing(
            body in prop::collection::vec(prop::sample::select(b"{}[]:,\"\\ut1e-. x\xff".to_vec()), 0..60),
        ) {
            let (left, _) = salvage(&body);
            if !left.is_empty() {
                prop_assert!(serde_json::from_slice::<IgnoredAny>(&left).is_ok());
            }
        }
    }
}
