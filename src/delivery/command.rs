//! Delivery by a configured command: an argument list, no shell, the secret on
//! its standard input and nowhere else.
//!
//! The proof goes as far as it can without the secret (the program is there and
//! may be executed, the placeholders fit); a command is never run for a test,
//! because it would store a wrong value under a right name.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use super::destination::Facts;
use super::placeholders::{self, PlaceholderError};
use crate::child::{self, ChildError};
use crate::secret::Secret;

/// More than this on a command's standard output ends it; nothing is read there.
const MAX_OUTPUT: usize = 1024 * 1024;

/// A command as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandDelivery {
    /// The program (no placeholders) and its arguments.
    pub command: Vec<String>,
    /// It is stopped after this time.
    pub timeout: Duration,
    /// Whether the secret is followed by a line feed.
    pub newline: bool,
}

/// Why a command cannot be used, or did not take the secret.
#[derive(Debug, Error)]
pub enum CommandError {
    /// `command = []`
    #[error("its command is empty")]
    Empty,
    /// A placeholder where none may be.
    #[error("the program name \"{0}\" must not have placeholders")]
    PlaceholderInProgram(String),
    /// There is no such program, or it cannot be executed.
    #[error("the program \"{0}\" was not found, or may not be executed")]
    NotFound(String),
    /// A value that does not fit.
    #[error(transparent)]
    Placeholder(#[from] PlaceholderError),
    /// It did not run to its end.
    #[error("\"{program}\": {error}")]
    Child {
        /// Which program.
        program: String,
        /// What happened.
        #[source]
        error: ChildError,
    },
    /// It ended well without having read the secret.
    #[error("\"{program}\" ended without reading the secret from its standard input")]
    Deaf {
        /// Which program.
        program: String,
    },
    /// It said no.
    #[error("\"{program}\" ended with {status}{}", said(.stderr))]
    Refused {
        /// Which program.
        program: String,
        /// Exit code or signal.
        status: String,
        /// What it printed, made safe.
        stderr: String,
    },
}

fn said(stderr: &str) -> String {
    if stderr.is_empty() {
        String::new()
    } else {
        format!(": {stderr}")
    }
}

/// A command that was found and whose placeholders fit.
#[derive(Clone, Debug)]
pub struct ProvenCommand {
    program: PathBuf,
    delivery: CommandDelivery,
}

impl CommandDelivery {
    /// Everything that can be shown without the secret.
    pub fn prove(&self, facts: &Facts) -> Result<ProvenCommand, CommandError> {
        let program = self.command.first().ok_or(CommandError::Empty)?;
        if placeholders::has_any(program) {
            return Err(CommandError::PlaceholderInProgram(program.clone()));
        }
        let program = placeholders::fill(program, facts)?;
        for argument in &self.command[1..] {
            placeholders::fill(argument, facts)?;
        }
        Ok(ProvenCommand {
            program: find(&program).ok_or(CommandError::NotFound(program))?,
            delivery: self.clone(),
        })
    }
}

impl ProvenCommand {
    /// Runs it with the secret on its standard input. Anything but exit code 0
    /// means that the secret is not delivered.
    pub async fn run(&self, secret: &Secret, facts: &Facts) -> Result<(), CommandError> {
        let mut command = child::command(&self.program);
        for argument in &self.delivery.command[1..] {
            command.arg(placeholders::fill(argument, facts)?);
        }
        let program = || self.delivery.command[0].clone();
        let tail = if self.delivery.newline { "\n" } else { "" };
        let ended = child::run(
            command,
            Some((secret, tail)),
            self.delivery.timeout,
            MAX_OUTPUT,
        )
        .await
        .map_err(|error| CommandError::Child {
            program: program(),
            error,
        })?;
        if ended.success && ended.took_input {
            return Ok(());
        }
        if ended.success {
            return Err(CommandError::Deaf { program: program() });
        }
        Err(CommandError::Refused {
            program: program(),
            status: ended.status,
            stderr: ended.stderr,
        })
    }
}

/// The executable file that a program name stands for, as the system would find
/// it: with a separator the path itself, else along `PATH`.
fn find(program: &str) -> Option<PathBuf> {
    if program.is_empty() {
        return None;
    }
    let direct = Path::new(program);
    if direct.components().count() > 1 || direct.is_absolute() {
        let full = std::path::absolute(direct).ok()?;
        return candidates(&full).into_iter().find(|path| executable(path));
    }
    std::env::split_paths(&std::env::var_os("PATH")?)
        // An empty or relative entry means "wherever the owner happens to be";
        // a secret is not piped into what lies there.
        .filter(|folder| folder.is_absolute())
        .flat_map(|folder| candidates(&folder.join(program)))
        .find(|path| executable(path))
}

fn candidates(path: &Path) -> Vec<PathBuf> {
    let mut all = vec![path.to_owned()];
    if cfg!(windows) {
        for extension in [".exe", ".com", ".bat", ".cmd"] {
            let mut name = OsString::from(path);
            name.push(extension);
            all.push(name.into());
        }
    }
    all
}

fn executable(path: &Path) -> bool {
    let file = path.is_file();
    #[cfg(unix)]
    let file = file && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    file
}
