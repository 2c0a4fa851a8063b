//! The embedded host refuses what a real server refuses, keeps the semantics of
//! the tokens, and misbehaves exactly as it is told. Asked with plain HTTP, not
//! with this program's client, so that both cannot be wrong together.

mod asker;
mod demo;
mod faults;
mod handle;
mod organizations;
mod tokens;
