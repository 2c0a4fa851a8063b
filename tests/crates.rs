//! The list of crates in `docs/performance.md` is the list of `Cargo.toml`.

use std::collections::BTreeSet;
use std::path::Path;

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(path).expect(name)
}

/// The names in all tables of dependencies, also those of single systems.
fn dependencies(table: &toml::Table, found: &mut BTreeSet<String>) {
    for (name, value) in table {
        let Some(inner) = value.as_table() else {
            continue;
        };
        match name.as_str() {
            "dependencies" => found.extend(inner.keys().cloned()),
            "target" => {
                for system in inner.values().filter_map(toml::Value::as_table) {
                    dependencies(system, found);
                }
            }
            _ => {}
        }
    }
}

#[test]
fn every_crate_is_listed_with_what_it_is_for_and_no_other() {
    let manifest: toml::Table = text("Cargo.toml").parse().expect("the manifest");
    let mut wanted = BTreeSet::new();
    dependencies(&manifest, &mut wanted);
    assert!(wanted.len() > 30, "{wanted:?}");
    let document = text("docs/performance.md");
    let list = document.split("## The crates").nth(1).expect("the list");
    let listed: BTreeSet<String> = list
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .inspect(|(name, rest)| {
            let purpose = rest.split('|').nth(1).unwrap_or_default();
            assert!(purpose.trim().len() > 5, "what is {name} for?");
        })
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_eq!(listed, wanted);
}
