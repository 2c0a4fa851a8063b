//! An owner with one host: an embedded host in a thread, a configuration and a
//! credential in a variable, all below a home of its own.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use orgward::demo::{EmbeddedHost, Flavour, HostOptions, OrganizationSeed, TokenSeed};
use orgward::slot::Kind;
use tempfile::TempDir;

use super::{Program, patience, poll};
use crate::support::program::Builder;

/// The variable that holds the owner's credential.
pub const VARIABLE: &str = "OWNER_CREDENTIAL";

/// The owner's machine and host.
pub struct Owner {
    pub home: TempDir,
    pub host: EmbeddedHost,
    credential: String,
}

impl Owner {
    /// `acme` and `platform` have a token, `empty` and `spare` have none.
    pub fn new() -> Self {
        let token = |days: i64| TokenSeed {
            used: Some(SignedDuration::from_hours(3)),
            expires: Some(SignedDuration::from_hours(24 * 200)),
            ..TokenSeed::new(SignedDuration::from_hours(24 * days))
        };
        Self::with(
            Flavour::Enterprise,
            vec![
                OrganizationSeed::new("acme").with_token(token(40)),
                OrganizationSeed::new("empty"),
                OrganizationSeed::new("spare"),
                OrganizationSeed::new("platform").with_token(token(80)),
            ],
        )
    }

    /// An owner of other organizations.
    pub fn with(flavour: Flavour, seeds: Vec<OrganizationSeed>) -> Self {
        Self::of(HostOptions::new(flavour, seeds))
    }

    /// An owner of whatever a host with these options has.
    pub fn of(options: HostOptions) -> Self {
        let host = EmbeddedHost::start_on_thread(options).unwrap();
        let credential = host.credential().expose().to_owned();
        let owner = Self {
            home: tempfile::tempdir().unwrap(),
            host,
            credential,
        };
        owner.configure("");
        owner
    }

    /// Writes the configuration: the host, and `more` after it.
    pub fn configure(&self, more: &str) {
        let address = self.host.address();
        let text = format!(
            "[[host]]\nname = \"tfe.corp.example\"\naddress = \"{address}\"\n\
             credential = {{ env = \"{VARIABLE}\" }}\n{more}\n"
        );
        let path = self.config();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The configuration's path.
    pub fn config(&self) -> PathBuf {
        self.home.path().join(".config/orgward/config.toml")
    }

    /// The journal's path.
    pub fn journal(&self) -> PathBuf {
        self.state().join("journal.jsonl")
    }

    /// The state directory.
    pub fn state(&self) -> PathBuf {
        self.home.path().join(".local/state/orgward")
    }

    /// The log's path.
    pub fn log(&self) -> PathBuf {
        self.home.path().join("orgward.log")
    }

    /// The owner's credential, to be hunted.
    pub fn credential(&self) -> &str {
        &self.credential
    }

    /// The program for this owner, not started yet.
    pub fn program(&self) -> Builder {
        Program::orgward()
            .home(self.home.path())
            .env(VARIABLE, &self.credential)
            .size(110, 30)
    }

    /// The program, with every slot read.
    pub fn start(&self) -> Program {
        let program = self.program().start();
        program.wait_until("every slot read", |screen| {
            screen.contains("Orgward")
                && screen.contains("acme")
                && !screen.contains(" read")
                && !screen.contains("reading")
        });
        program
    }

    /// The id of the token that an organization has.
    pub fn token(&self, organization: &str) -> Option<String> {
        self.host
            .holds(organization, Kind::Organization)
            .map(|token| token.id)
    }

    /// The requests that changed something, as `METHOD path`.
    pub fn writes(&self) -> Vec<String> {
        self.host
            .requests()
            .iter()
            // After a 429 nothing was done, and the write comes again.
            .filter(|request| request.method != "GET" && request.status != Some(429))
            .map(|request| format!("{} {}", request.method, request.path))
            .collect()
    }
}

/// Selects an organization by its filter.
pub fn select(program: &Program, organization: &str) {
    program.press("/");
    program.wait_for("Enter keep");
    program.type_text(organization);
    program.wait_until("one row", |screen| screen.contains("  1 of "));
    program.enter();
    program.wait_gone("Enter keep");
}

/// Reads a file as soon as it is there.
pub fn file_when_there(path: &Path) -> String {
    poll(patience(), || {
        std::fs::read_to_string(path)
            .ok()
            .filter(|text| !text.is_empty())
    })
    .unwrap_or_else(|| panic!("{} is not there", path.display()))
}
