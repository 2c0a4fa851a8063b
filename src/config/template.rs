//! The form of placeholders in a delivery's arguments and paths. Whether a
//! value fits a placeholder is decided where a slot is delivered.

/// The placeholders that there are.
const KNOWN: [&str; 5] = ["host", "organization", "kind", "id", "expires_at"];

/// Checks that every brace of `text` belongs to a known placeholder or to `{{`
/// or `}}`; the error is a sentence with its mend.
pub(super) fn check(text: &str) -> Result<(), String> {
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let from = &rest[at..];
        if let Some(after) = from.strip_prefix("{{").or(from.strip_prefix("}}")) {
            rest = after;
            continue;
        }
        if from.starts_with('}') {
            return Err("a `}` belongs to no placeholder; write `}}` for a brace".to_owned());
        }
        let Some(end) = from.find('}') else {
            return Err("a `{` has no end; write `{{` for a brace".to_owned());
        };
        let name = &from[1..end];
        if !KNOWN.contains(&name) {
            return Err(format!(
                "`{{{name}}}` is not a placeholder; there are {{host}}, {{organization}}, {{kind}}, \
                 {{id}} and {{expires_at}}, and `{{{{` is a brace"
            ));
        }
        rest = &from[end + 1..];
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
