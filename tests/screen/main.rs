//! The program as its owner sees it: the built binary in a pseudo-terminal,
//! with an embedded host behind it and no display.
#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod leaving;
mod list;
mod many;
mod mouse;
mod remembering;
mod starting;
mod themes;
mod tokens;
