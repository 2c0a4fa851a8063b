//! Orgward: the organization tokens of every HCP Terraform and Terraform
//! Enterprise organization on one screen.
//!
//! The way through the modules is drawn in `ARCHITECTURE.md`. Imports run one
//! way: `main → {runtime, commands} → {ui → app, fleet, action} → {api,
//! credentials, delivery, journal, cache} → {config, child, expiry, folder,
//! keyring} → {slot, secret, text}`.

#![warn(missing_docs)]

pub mod action;
pub mod api;
pub mod app;
pub mod cache;
pub mod child;
pub mod cli;
pub mod commands;
pub mod config;
pub mod credentials;
pub mod delivery;
pub mod demo;
pub mod ending;
pub mod expiry;
pub mod fleet;
mod folder;
pub mod hardening;
pub mod journal;
#[cfg(feature = "keyring")]
mod keyring;
pub mod log;
pub mod runtime;
pub mod secret;
mod shared;
pub mod signals;
pub mod slot;
pub mod start;
pub mod terminal;
pub mod text;
pub mod ui;
