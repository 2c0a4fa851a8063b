//! The form of placeholders in a delivery's arguments and paths: the one reader
//! of it, for the configuration and for whoever fills them. Whether a value fits
//! a placeholder is decided where a slot is delivered.

/// The placeholders that there are.
const KNOWN: [&str; 5] = ["host", "organization", "kind", "id", "expires_at"];

/// A part of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part<'t> {
    /// Text as it is; of a doubled brace the one that is meant.
    Text(&'t str),
    /// What stands between two braces.
    Name(&'t str),
    /// A `}` that ends nothing.
    Stray,
    /// A `{` without an end, and all that follows.
    Open,
}

/// The parts of a template, in order.
pub(crate) fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (part, length) = match rest.find(['{', '}']).unwrap_or(rest.len()) {
            0 if rest.is_empty() => return None,
            0 if rest.starts_with("{{") || rest.starts_with("}}") => (Part::Text(&rest[..1]), 2),
            0 if rest.starts_with('}') => (Part::Stray, 1),
            0 => match rest.find('}') {
                Some(end) => (Part::Name(&rest[1..end]), end + 1),
                None => (Part::Open, rest.len()),
            },
            brace => (Part::Text(&rest[..brace]), brace),
        };
        rest = &rest[length..];
        Some(part)
    })
}

/// Checks that every brace of `text` belongs to a known placeholder or to `{{`
/// or `}}`; the error is a sentence with its mend.
pub(super) fn check(text: &str) -> Result<(), String> {
    for part in parts(text) {
        match part {
            Part::Text(_) => {}
            Part::Name(name) if KNOWN.contains(&name) => {}
            Part::Name(name) => {
                return Err(format!(
                    "`{{{name}}}` is not a placeholder; there are {{host}}, {{organization}}, \
                     {{kind}}, {{id}} and {{expires_at}}, and `{{{{` is a brace"
                ));
            }
            Part::Stray => {
                return Err("a `}` belongs to no placeholder; write `}}` for a brace".to_owned());
            }
            Part::Open => return Err("a `{` has no end; write `{{` for a brace".to_owned()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_placeholders_and_doubled_braces_pass() {
        for text in [
            "",
            "plain",
            "{host}/{organization}-{kind}.{id}@{expires_at}",
            "{{\"a\":\"{organization}\"}}",
            "{{host}}",
            "{{{host}}}",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn everything_else_with_a_brace_is_refused_with_its_mend() {
        for (text, part) in [
            ("{org}", "`{org}` is not a placeholder"),
            ("{}", "`{}` is not a placeholder"),
            ("{ host }", "`{ host }` is not"),
            ("{host", "has no end"),
            ("a}", "belongs to no placeholder"),
            ("{{host}", "belongs to no placeholder"),
            ("{host{id}}", "is not a placeholder"),
        ] {
            let error = check(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
