//! Running a command to its end, with nothing of the machine in its environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::support::Owner;
use crate::support::fixture::VARIABLE;

/// The built program.
pub const ORGWARD: &str = env!("CARGO_BIN_EXE_orgward");

/// What a command left.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Fails unless it ended with this code; in each case no panic.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "\nout: {}\nerr: {}",
            self.out,
            self.err
        );
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    /// Fails unless its errors have these words, and not twice.
    #[track_caller]
    pub fn has_once(self, words: &str) -> Self {
        assert_eq!(self.err.matches(words).count(), 1, "{}", self.err);
        self
    }

    /// Fails unless its errors are one line with these words.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        assert_eq!(self.err.lines().count(), 1, "{}", self.err);
        assert!(self.err.starts_with("orgward: "), "{}", self.err);
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not in: {}", self.err);
        }
        self
    }
}

/// The program for an owner, with a rescue that needs no keyring.
pub fn command(owner: &Owner, args: &[&str]) -> Command {
    let mut command = bare(owner.home.path());
    command
        .env(VARIABLE, owner.credential())
        .args(["--rescue", "file"])
        .args(args);
    command
}

/// The program for somebody with this home directory.
pub fn bare(home: &Path) -> Command {
    let mut command = Command::new(ORGWARD);
    command
        .env_clear()
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home.join(".run"))
        .env("PATH", "/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        .current_dir(home)
        .stdin(Stdio::null());
    command
}

pub fn run(owner: &Owner, args: &[&str]) -> Ran {
    Ran::of(command(owner, args).output().unwrap())
}

/// `file:PATH` below the owner's home, and the path.
pub fn file(owner: &Owner, name: &str) -> (String, PathBuf) {
    let path = owner.home.path().join(name);
    (format!("file:{}", path.display()), path)
}

/// A delivery that stores secrets in files, and one that refuses them.
pub fn with_deliveries(owner: &Owner) {
    let home = owner.home.path().display();
    owner.configure(&format!(
        "[delivery.store]\ncommand = [\"/bin/sh\", \"-c\", \"cat > {home}/stored-$1\", \"sh\", \
         \"{{organization}}\"]\n\
         [delivery.broken]\ncommand = [\"/bin/sh\", \"-c\", \"echo no room >&2; exit 3\", \"sh\", \
         \"{{organization}}\"]\n\
         [delivery.one]\nfile = \"{home}/one\"\n\
         [delivery.same]\ncommand = [\"/bin/cat\"]"
    ));
}

/// What `store` was given for an organization.
pub fn stored(owner: &Owner, organization: &str) -> String {
    let path = owner.home.path().join(format!("stored-{organization}"));
    std::fs::read_to_string(path).unwrap()
}

/// The secrets that wait as rescue files.
pub fn rescued(owner: &Owner) -> Vec<PathBuf> {
    rescue_files(&owner.state())
}

/// The rescue files in a state directory.
pub fn rescue_files(state: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(state)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "secret"))
        .collect();
    found.sort();
    found
}
