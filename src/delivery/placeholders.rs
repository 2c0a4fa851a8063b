//! `{host}`, `{organization}`, `{kind}`, `{id}`, `{expires_at}` in the
//! arguments of a command and in file names.
//!
//! These values come from servers, and what they are put into has a meaning to
//! other programs: `--flag`, `@file` or `../` in an organization's name must
//! not reach one. So a value either fits a narrow rule or the destination is
//! refused for that slot, before a token is generated.

use thiserror::Error;

use super::destination::{Facts, basic_time};
use crate::config::template::{Part, parts};
use crate::text;

/// Why a destination cannot be used for a slot.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlaceholderError {
    /// The value could mean something else to whoever reads it.
    #[error(
        "the {what} \"{value}\" cannot stand in \"{template}\": only letters, digits, \".\", \"_\" and \"-\" are safe there (no \"..\", no \".\" or \"-\" in front)"
    )]
    Unsafe {
        /// Which value.
        what: &'static str,
        /// The value, made safe for the screen.
        value: String,
        /// Where it was to stand.
        template: String,
    },
    /// `{something}` that means nothing.
    #[error(
        "\"{{{name}}}\" in \"{template}\" is no placeholder: there are {{host}}, {{organization}}, {{kind}}, {{id}}, {{expires_at}}; write {{{{ for a brace"
    )]
    Unknown {
        /// What stood between the braces.
        name: String,
        /// Where.
        template: String,
    },
    /// `{` without an end.
    #[error("\"{template}\" has a \"{{\" without \"}}\"; write {{{{ for a brace")]
    Open {
        /// Where.
        template: String,
    },
}

/// Whether a value may stand in an argument or a file name:
/// `[A-Za-z0-9_][A-Za-z0-9._-]*` without `..`.
pub fn fits(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    value.starts_with(plain)
        && value.chars().all(|c| plain(c) || c == '.' || c == '-')
        && !value.contains("..")
}

/// A host as placeholders and file names spell it: the port behind `_`.
pub fn host(facts: &Facts) -> String {
    facts.slot.host.as_str().replace(':', "_")
}

/// Whether a text has any placeholder.
pub fn has_any(template: &str) -> bool {
    parts(template).any(|part| matches!(part, Part::Name(_) | Part::Open))
}

/// Whether a text has the placeholder of this name.
pub fn has(template: &str, name: &str) -> bool {
    parts(template).any(|part| part == Part::Name(name))
}

/// Fills the placeholders of one argument or path. An id or expiry that does
/// not fit, or is not known (before the token exists), becomes `unknown`;
/// any other value that does not fit is an error.
pub fn fill(template: &str, facts: &Facts) -> Result<String, PlaceholderError> {
    let mut out = String::with_capacity(template.len());
    for part in parts(template) {
        match part {
            Part::Text(text) => out.push_str(text),
            // The configuration has none; in a path that is typed it is a character.
            Part::Stray => out.push('}'),
            Part::Name(name) => out.push_str(&value(name, template, facts)?),
            Part::Open => {
                return Err(PlaceholderError::Open {
                    template: text::safe(template),
                });
            }
        }
    }
    Ok(out)
}

/// What stands in the place of a placeholder.
fn value(name: &str, template: &str, facts: &Facts) -> Result<String, PlaceholderError> {
    let strict = |what: &'static str, value: String| {
        if fits(&value) {
            Ok(value)
        } else {
            Err(PlaceholderError::Unsafe {
                what,
                value: text::safe(&value),
                template: text::safe(template),
            })
        }
    };
    let lenient = |value: Option<String>| {
        value
            .filter(|value| fits(value))
            .unwrap_or_else(|| "unknown".to_owned())
    };
    match name {
        "host" => strict("host", host(facts)),
        "organization" => strict("organization", facts.slot.organization.to_string()),
        "kind" => strict("kind", facts.slot.kind.as_str().to_owned()),
        "id" => Ok(lenient(facts.id.clone())),
        "expires_at" => Ok(lenient(facts.expires_at.map(basic_time))),
        other => Err(PlaceholderError::Unknown {
            name: text::safe(other),
            template: text::safe(template),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slot::{Host, Slot};
    use proptest::prelude::*;

    fn facts(host: &str, organization: &str) -> Facts {
        Facts {
            slot: Slot::new(&Host::new(host), organization),
            id: Some("at-Wq3".into()),
            expires_at: Some("2027-01-31T00:00:00Z".parse().unwrap()),
        }
    }

    #[test]
    fn every_placeholder_is_filled() {
        let filled = fill(
            "{{{host}/{organization}.{kind}.{id}.{expires_at}}}",
            &facts("tfe.corp.example:8443", "acme"),
        );
        assert_eq!(
            filled.unwrap(),
            "{tfe.corp.example_8443/acme.organization.at-Wq3.20270131T000000Z}"
        );
        // As the configuration wants braces written.
        let json = "{{\"name\":\"{organization}\",\"more\":{{}}}}";
        assert_eq!(
            fill(json, &facts("h", "acme")).unwrap(),
            "{\"name\":\"acme\",\"more\":{}}"
        );
        assert_eq!(fill("a}b", &facts("h", "acme")).unwrap(), "a}b");
    }

    #[test]
    fn what_a_program_could_obey_is_refused() {
        for name in [
            "--flag", "@file", "../up", "a..b", ".hidden", "a/b", "a b", "", "ä", "a\nb",
        ] {
            let error = fill("x{organization}", &facts("h", name)).unwrap_err();
            assert!(matches!(error, PlaceholderError::Unsafe { .. }), "{name}");
        }
        assert!(fill("{host}", &facts("[::1]:80", "a")).is_err());
    }

    #[test]
    fn an_odd_id_is_unknown_and_odd_braces_are_errors() {
        let mut odd = facts("h", "a");
        odd.id = Some("--id".into());
        odd.expires_at = None;
        assert_eq!(fill("{id}-{expires_at}", &odd).unwrap(), "unknown-unknown");
        assert!(matches!(
            fill("{secret}", &odd),
            Err(PlaceholderError::Unknown { .. })
        ));
        assert!(matches!(
            fill("a{host", &odd),
            Err(PlaceholderError::Open { .. })
        ));
        assert!(has_any("a{host}") && !has_any("a{{host}"));
        assert!(has("a{id}", "id") && !has("a{{id}}", "id") && !has("{id", "id"));
    }

    proptest! {
        #[test]
        fn a_filled_name_stays_within_its_argument(name in any::<String>()) {
            if let Ok(filled) = fill("{organization}", &facts("h", &name)) {
                prop_assert!(!filled.starts_with(['-', '.', '@']));
                prop_assert!(!filled.contains("..") && !filled.contains('/'));
                prop_assert_eq!(filled, name);
            }
        }

        #[test]
        fn any_template_is_filled_or_refused(template in any::<String>()) {
            if let Ok(filled) = fill(&template, &facts("h", "a")) {
                let unescaped = template.replace("{{", "{").replace("}}", "}");
                prop_assert!(has_any(&template) || filled == unescaped);
            }
        }
    }
}
