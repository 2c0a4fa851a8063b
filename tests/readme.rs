//! What README.md and ARCHITECTURE.md say is true of the program: the examples
//! are accepted, every key is there, and the names in the code exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use orgward::app::keys::{Context, Keymap};
use orgward::config;
use orgward::slot::State;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).expect(name)
}

/// The blocks of a language in a text.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    text.split(&format!("```{language}\n"))
        .skip(1)
        .map(|rest| rest.split("```").next().expect("a block has an end"))
        .collect()
}

#[test]
fn every_configuration_in_the_readme_is_accepted() {
    let readme = text("README.md");
    let examples = blocks(&readme, "toml");
    assert_eq!(examples.len(), 3);
    let folder = tempfile::tempdir().expect("a folder");
    for example in examples {
        let path = folder.path().join("config.toml");
        fs::write(&path, example).expect("the example is written");
        let config = config::load(&path).unwrap_or_else(|error| panic!("{error}\n{example}"));
        Keymap::new(&config.keys).expect("its keys");
    }
}

#[test]
fn the_readme_is_read_in_one_go() {
    let lines = text("README.md").lines().count();
    assert!((150..=250).contains(&lines), "{lines} lines");
}

#[test]
fn every_key_and_every_state_is_in_the_readme() {
    let readme = text("README.md");
    for binding in Keymap::new(&BTreeMap::new()).expect("the keys").bindings() {
        let name = format!("`{}`", binding.name);
        assert!(readme.contains(&name), "the action {name} is missing");
        for key in &binding.keys {
            let key = format!("`{key}`");
            assert!(readme.contains(&key), "the key {key} of {name} is missing");
        }
    }
    let panel = readme.split("In the panel:").nth(1).expect("its keys");
    let panel = panel.split("\n\n").next().expect("a paragraph");
    let keys = Keymap::new(&BTreeMap::new()).expect("the keys");
    let own = keys.rows(Context::Panel).iter();
    // The list's keys stand in its table.
    for binding in own.filter(|binding| binding.name.is_empty()) {
        for key in &binding.keys {
            assert!(panel.contains(&format!("`{key}`")), "the panel's key {key}");
        }
    }
    for state in State::ALL {
        let word = format!("`{}`", state.word());
        assert!(readme.contains(&word), "the state {word} is missing");
    }
}

#[test]
fn the_commands_of_the_readme_need_nothing_that_is_not_there() {
    let readme = text("README.md");
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
    ] {
        for link in links(&text(name)) {
            let place = link.split('#').next().expect("a first part");
            assert!(
                root().join(place).exists(),
                "{link} in {name} does not exist"
            );
        }
    }
    for script in [".ci/run", "ci/install", "ci/real"] {
        assert!(
            readme.contains(script) && root().join(script).exists(),
            "{script}"
        );
    }
}

/// The places in the repository that a text links to.
fn links(text: &str) -> impl Iterator<Item = String> {
    let places: BTreeSet<String> = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|place| !place.contains("://"))
        .map(str::to_owned)
        .collect();
    places.into_iter()
}

#[test]
fn the_names_in_the_architecture_exist() {
    let architecture = text("ARCHITECTURE.md");
    let sources = sources(&root().join("src"));
    let code: String = sources.iter().map(|path| text_of(path)).collect();
    let named = |c: char| c.is_ascii_alphanumeric() || "_/.".contains(c);
    let mut files = 0;
    let mut functions = 0;
    for word in architecture.split(|c: char| !named(c) && c != '(' && c != ')') {
        if let Some(path) = word.strip_suffix(".rs") {
            let inside = root().join("src").join(format!("{path}.rs"));
            let outside = root().join(format!("{path}.rs"));
            assert!(
                inside.exists() || outside.exists(),
                "{path}.rs does not exist"
            );
            files += 1;
        }
        let name = word.split_once("()").map(|(name, _)| name);
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            let defined = [format!("fn {name}("), format!("fn {name}<")];
            assert!(
                defined.iter().any(|form| code.contains(form)),
                "there is no function {name}"
            );
            functions += 1;
        }
    }
    assert!(
        files > 30 && functions > 40,
        "{files} files, {functions} functions"
    );
}

#[test]
fn the_files_that_contributors_are_sent_to_exist() {
    let mut files = 0;
    for name in ["CONTRIBUTING.md", "SECURITY.md"] {
        let text = text(name);
        let words = text.split('`').filter(|word| !word.contains([' ', '\n']));
        let inside = ["src/", "tests/", "docs/", "assets/", "fuzz/", "ci/", ".ci/"];
        for word in words.filter(|word| inside.iter().any(|start| word.starts_with(start))) {
            if !word.contains("NAME") {
                assert!(
                    root().join(word).exists(),
                    "{word} in {name} does not exist"
                );
                files += 1;
            }
        }
    }
    assert!(files > 40, "{files} files");
}

#[test]
fn the_architecture_names_every_module() {
    let architecture = text("ARCHITECTURE.md");
    for entry in fs::read_dir(root().join("src")).expect("the sources") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name");
        let name = match entry.file_type().expect("its type").is_dir() {
            true => format!("`{name}/`"),
            false => format!("`{name}`"),
        };
        // It only declares modules.
        let silent = name == "`lib.rs`";
        assert!(silent || architecture.contains(&name), "{name} is missing");
    }
}

fn text_of(path: &Path) -> String {
    fs::read_to_string(path).expect("a source")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}
