//! The plain commands as a script sees them: exit codes, standard output,
//! standard error, and what the host was asked for.
#![cfg(unix)]

#[path = "../front/mod.rs"]
mod front;
#[path = "../support/mod.rs"]
mod support;

#[cfg(target_os = "linux")]
#[path = "../real/mod.rs"]
mod real;

mod arguments;
mod changing;
#[cfg(target_os = "linux")]
mod clipboard;
mod completing;
mod doctor;
mod doctor_hosts;
mod examples;
mod help;
mod leaks;
mod listing;
mod pass;
mod rotating;
mod runner;
mod signals;
mod terminals;
