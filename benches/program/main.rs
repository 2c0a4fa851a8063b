//! The whole program, measured as its owner meets it: the release build in a
//! pseudo-terminal of 120×40, the embedded host in another process, and beside
//! it the bare program (`benches/bare`) in the same run.
//!
//! ```text
//! cargo build --release -p orgward -p orgward-bare
//! cargo bench --bench program               the table
//! cargo bench --bench program -- --growth   100 to 100,000 organizations
//! cargo bench --bench program -- --check    the table; fails over a budget
//! ```
//!
//! Nothing in `cargo test` asserts a time: a shared machine would make it lie.
//! `--check` therefore fails only for what does not depend on the machine:
//! wake-ups, bytes, memory, the binary's size, lost rows.

mod clipboard;
mod figures;
mod host;
mod process;
mod pty;
mod scenario;

use std::path::PathBuf;

use figures::Table;

/// The two programs.
pub struct Programs {
    pub orgward: PathBuf,
    pub bare: PathBuf,
}

impl Programs {
    /// Where `cargo build --release` puts them, unless the environment names
    /// others.
    fn find() -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let target = std::env::var_os("CARGO_TARGET_DIR");
        let target = target.map_or_else(|| root.join("target"), |path| root.join(path));
        let find = |variable: &str, name: &str| {
            let path = match std::env::var_os(variable) {
                Some(path) => PathBuf::from(path),
                None => target.join("release").join(name),
            };
            if !path.exists() {
                eprintln!(
                    "there is no {}: cargo build --release -p orgward -p orgward-bare",
                    path.display()
                );
                std::process::exit(2);
            }
            path
        };
        Self {
            orgward: find("ORGWARD_RELEASE_BINARY", "orgward"),
            bare: find("ORGWARD_BARE_BINARY", "orgward-bare"),
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        // Cargo's own.
        .filter(|argument| argument != "--bench")
        .collect();
    if arguments.first().is_some_and(|first| first == host::ROLE) {
        return host::main(&arguments[1..]);
    }
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let programs = Programs::find();
    if has("--growth") {
        return scenario::growth(&programs);
    }
    // Names of single figures, for whoever works on one.
    let wanted = |name: &str| {
        let mut named = arguments.iter().filter(|a| !a.starts_with("--")).peekable();
        named.peek().is_none() || named.any(|argument| argument == name)
    };
    let mut table = Table::default();
    if wanted("binary") {
        scenario::binary(&programs, &mut table);
    }
    if wanted("start") {
        scenario::start(&programs, &mut table);
    }
    if wanted("size") {
        scenario::size(&programs, &mut table);
    }
    if wanted("remembered") {
        scenario::remembered(&programs, &mut table);
    }
    if wanted("read") {
        scenario::full_read(&programs, &mut table);
    }
    if wanted("pace") {
        scenario::paced_read(&programs, &mut table);
    }
    if wanted("clipboard") {
        clipboard::measure(&programs, &mut table);
    }
    table.print();
    if has("--check") && table.fails() {
        eprintln!("a figure that does not depend on the machine is over its budget");
        std::process::exit(1);
    }
}
