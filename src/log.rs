//! `--log FILE`: what the program did, for whoever wants to know why it did so.
//!
//! Off unless asked for. A line holds the name of an event, ids, status codes
//! and durations, and an error's words; never a payload. Only events of this
//! program are written: the libraries below it would log what they send. There
//! is one degree of detail, so that what is promised of the log is true of
//! every log.
//!
//! Every value passes [`text::safe`], the door that blanks out secrets, however
//! it got into an event.

use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use jiff::Timestamp;
use thiserror::Error;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::text;

/// Why there is no log.
#[derive(Debug, Error)]
pub enum LogError {
    /// It cannot be opened (a symbolic link is not followed).
    #[error("--log: {path} cannot be opened for writing: {cause}")]
    Open {
        /// The file.
        path: String,
        /// The system's reason: part of the words, and so no source that would be
        /// said behind them once more.
        cause: io::Error,
    },
    /// A symbolic link.
    #[error("--log: {0} is a symbolic link and is not followed; name the file itself")]
    Link(String),
    /// A folder, a device, a pipe.
    #[error("--log: {0} is not an ordinary file")]
    Special(String),
    /// Others can read or write it.
    #[error("--log: others can read or write {0}; name another file, or: chmod 600 {0}")]
    Shared(String),
    /// Something else listens already.
    #[error("--log: the program logs already")]
    Twice,
}

/// Writes this program's events to the end of a file from now on; the file is
/// created for its owner alone.
///
/// # Errors
/// Where the file cannot be used as a log.
pub fn start(path: &Path) -> Result<(), LogError> {
    let log = Log(open(path)?);
    let own = Targets::new().with_target(env!("CARGO_CRATE_NAME"), LevelFilter::TRACE);
    let subscriber = tracing_subscriber::registry().with(log.with_filter(own));
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::Twice)
}

fn open(path: &Path) -> Result<File, LogError> {
    let shown = || text::safe(&path.to_string_lossy());
    let cannot = |cause| LogError::Open {
        path: shown(),
        cause,
    };
    match std::fs::symlink_metadata(path) {
        Ok(there) if there.is_symlink() => return Err(LogError::Link(shown())),
        Ok(there) if !there.is_file() => return Err(LogError::Special(shown())),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // What was looked at may be another thing by now.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits() as i32);
    }
    let file = options.open(path).map_err(cannot)?;
    let there = file.metadata().map_err(cannot)?;
    if !there.is_file() {
        return Err(LogError::Special(shown()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if there.permissions().mode() & 0o077 != 0 {
            return Err(LogError::Shared(shown()));
        }
    }
    Ok(file)
}

/// The file. A line is one write to its end, so programs that share it do not
/// mix their lines.
struct Log(File);

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(format!(
            "{} {:<5}",
            Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ"),
            event.metadata().level()
        ));
        event.record(&mut line);
        line.0.push('\n');
        // A disk that is full is no reason to stop working, and there is no
        // better place to say it.
        let _ = (&self.0).write_all(line.0.as_bytes());
    }
}

struct Line(String);

impl Line {
    fn add(&mut self, field: &Field, value: &str) {
        let value = text::safe(value);
        // The name of the event has no name of its own.
        let _ = match field.name() {
            "message" => write!(self.0, " {value}"),
            name if value.contains([' ', '"', '=']) || value.is_empty() => {
                write!(self.0, " {name}={value:?}")
            }
            name => write!(self.0, " {name}={value}"),
        };
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format!("{value:?}"));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::secret::Secret;

    fn logged(path: &Path, work: impl FnOnce()) -> String {
        let own = Targets::new().with_target(env!("CARGO_CRATE_NAME"), LevelFilter::TRACE);
        let log = Log(open(path).unwrap()).with_filter(own);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(log), work);
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn a_line_has_a_time_a_name_and_values_and_is_appended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        logged(&path, || {
            tracing::info!(status = 201, why = "it is \"so\"", "one")
        });
        let text = logged(
            &path,
            || tracing::trace!(empty = "", host = %"a.example", "two"),
        );
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(
            lines[0].ends_with("Z INFO  one status=201 why=\"it is \\\"so\\\"\""),
            "{text}"
        );
        assert!(
            lines[1].ends_with("Z TRACE two empty=\"\" host=a.example"),
            "{text}"
        );
        let time = lines[0].split(' ').next().unwrap();
        assert!(time.parse::<Timestamp>().is_ok(), "{time}");
    }

    #[test]
    fn a_secret_and_what_a_terminal_obeys_do_not_get_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let secret = Secret::new("the-secret-text".into());
        let text = logged(&path, || {
            let words = format!("no {}\n\u{1b}[2J", secret.expose());
            tracing::info!(why = %words, ?words, "{}", secret.expose());
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        assert_eq!(text.matches("[secret]").count(), 3, "{text}");
        assert!(
            !text.contains("secret-text") && !text.contains('\u{1b}'),
            "{text}"
        );
    }

    #[test]
    fn events_of_libraries_are_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let text = logged(&folder.path().join("log"), || {
            tracing::error!(target: "hyper::proto", "theirs");
        });
        assert_eq!(text, "");
    }

    #[test]
    fn the_file_is_its_owners_alone_and_nothing_else_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        open(&at("new")).unwrap();
        let mode = std::fs::metadata(at("new")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        symlink(at("new"), at("link")).unwrap();
        symlink(at("nowhere"), at("dangling")).unwrap();
        for name in ["link", "dangling"] {
            assert!(matches!(open(&at(name)), Err(LogError::Link(_))));
        }
        assert!(!at("nowhere").exists());
        assert!(matches!(open(folder.path()), Err(LogError::Special(_))));
        assert!(matches!(open(&at("no/where")), Err(LogError::Open { .. })));
        std::fs::set_permissions(at("new"), std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = open(&at("new")).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}
