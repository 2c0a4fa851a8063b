//! What is true after something went wrong, in a pseudo-terminal: killed
//! programs, two programs at once, a journal that cannot be written, and the
//! owner's own token.
#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod journal;
mod killed;
mod own_token;
mod two_programs;
