//! The arguments.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Where a secret goes when the program must end (`--rescue`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Rescue {
    /// The system's keyring.
    Keyring,
    /// A file in the state directory, readable by you alone.
    File,
    /// Nowhere.
    None,
}

/// The organization tokens of every HCP Terraform and Terraform Enterprise
/// organization on one screen.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "With no configuration yet, `orgward --demo` shows everything on made-up organizations.\n\
                  No secret and no credential is ever taken as an argument."
)]
pub struct Arguments {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Only this host (repeatable)
    #[arg(long, value_name = "HOST")]
    pub host: Vec<String>,
    /// Only this organization (repeatable)
    #[arg(long, value_name = "ORG")]
    pub org: Vec<String>,
    /// Refuse every change, whatever key is pressed
    #[arg(long)]
    pub read_only: bool,
    /// Made-up organizations on an embedded host; reads and writes nothing of yours
    #[arg(long, conflicts_with = "config")]
    pub demo: bool,
    /// Where an undelivered secret goes when the program must end
    #[arg(long, value_name = "WHERE")]
    pub rescue: Option<Rescue>,
    /// Append to FILE what the program does: events, ids, status codes, durations; never a secret
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Draw with ASCII characters only
    #[arg(long)]
    pub ascii: bool,
}
