//! Many slots at once, and the second kind of token: the built binary in a
//! pseudo-terminal, with an embedded host behind it.
#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod kill;
mod kinds;
mod run;
mod stage;
