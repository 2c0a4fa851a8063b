//! The secret's way through the whole program, one test for each place it can
//! go to and for each way out: it is there and nowhere else.
#![cfg(target_os = "linux")]

#[path = "../real/mod.rs"]
mod real;
#[path = "../support/mod.rs"]
mod support;

mod clipboards;
mod echoes;
mod file;
mod hunt;
mod keyring;
mod log;
mod panics;
mod pass;
mod tmux;
mod troubles;
