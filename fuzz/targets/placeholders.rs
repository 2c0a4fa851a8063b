//! Placeholders: a filled argument can mean nothing else to the program that
//! gets it.
#![no_main]

use orgward::delivery::destination::Facts;
use orgward::delivery::placeholders::{fill, has_any};
use orgward::slot::{Host, Slot};

libfuzzer_sys::fuzz_target!(|input: (&str, &str, &str, &str)| {
    let (template, host, organization, id) = input;
    let mut facts = Facts::of(&Slot::new(&Host::new(host), organization));
    facts.id = Some(id.to_owned());
    if let Ok(filled) = fill(template, &facts) {
        assert!(has_any(template) || filled == template.replace("{{", "{"));
    }
    for template in ["{host}", "{organization}", "{kind}", "{id}", "{expires_at}"] {
        if let Ok(filled) = fill(template, &facts) {
            assert!(!filled.is_empty() && !filled.starts_with(['-', '.', '@']));
            assert!(!filled.contains("..") && !filled.contains(['/', '\0', ' ']));
        }
    }
});
