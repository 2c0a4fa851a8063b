//! Starting without a configuration, and hosts that come while the program
//! runs: offered, added, with a credential that is typed, or one that a program
//! gives which wants the terminal. The built binary in a pseudo-terminal.
#![cfg(unix)]

#[path = "../front/mod.rs"]
mod front;
#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod adding;
mod asking;
mod offering;
mod programs;
mod proxies;

use std::path::Path;

use support::{Owner, Program};

/// Starts with another configuration than the fixture's.
fn start_with(owner: &Owner, config: &str) -> Program {
    std::fs::write(owner.config(), config).unwrap();
    owner.program().start()
}

/// The entry of the fixture's host, with `more` in it.
fn entry(owner: &Owner, more: &str) -> String {
    let address = owner.host.address();
    format!("[[host]]\nname = \"tfe.corp.example\"\naddress = \"{address}\"\n{more}\n")
}

/// Waits until the rows of the fixture are read.
fn wait_for_rows(program: &Program) {
    program.wait_until("every slot read", |screen| {
        ["acme", "empty", "platform", "spare"]
            .iter()
            .all(|name| screen.contains(name))
            && !screen.contains(" read")
            && !screen.contains("reading")
    });
}

fn text_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
