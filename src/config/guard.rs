//! Reading the file itself: bounded, UTF-8, and only as trusted as the people
//! who can write it.
//!
//! A configuration that names a command, a `ca_file` or an `address` decides
//! what runs as the owner and where the owner's credential is sent; a variable is
//! a credential that a host named beside it gets unasked, and a file is where a
//! secret goes. So such a file must be the owner's own, and so must one that
//! gives up the rescue or leaves a secret in the clipboard for longer than usual.
//! Whether it is, is asked of the open file, not of its path: between two looks
//! at a path another file can be put there.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

/// The largest configuration file that is read, in bytes.
const MAX_SIZE: u64 = 1024 * 1024;

/// A configuration file's text, and why it is not to be trusted, if so.
#[derive(Debug)]
pub(super) struct Source {
    /// Wiped later: somebody may have written a credential into it.
    pub text: Zeroizing<String>,
    /// "it can be written by others; …", a clause after the file's name.
    pub distrust: Option<String>,
}

/// Why a file is not read.
#[derive(Debug)]
pub(super) enum ReadError {
    Missing,
    Other {
        line: Option<usize>,
        problem: String,
    },
}

impl ReadError {
    fn other(problem: impl Into<String>) -> Self {
        Self::Other {
            line: None,
            problem: problem.into(),
        }
    }
}

pub(super) fn read(path: &Path) -> Result<Source, ReadError> {
    // Asked before it is opened as well, since opening a pipe may wait for ever.
    check_kind(&fs::metadata(path).map_err(unreadable)?)?;
    let mut file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    check_kind(&metadata)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        usize::try_from(metadata.len().min(MAX_SIZE)).unwrap_or(0) + 1,
    ));
    (&mut file)
        .take(MAX_SIZE + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err(ReadError::other(
            "it is larger than 1 MiB; name the configuration file",
        ));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Source {
            text: Zeroizing::new(text.to_owned()),
            distrust: distrust(&metadata),
        }),
        Err(error) => Err(ReadError::Other {
            line: Some(line_of(&bytes, error.valid_up_to())),
            problem: "there is a byte that is not UTF-8; save the file as UTF-8".to_owned(),
        }),
    }
}

/// The number of the line, from 1, that holds the byte at `offset`.
pub(super) fn line_of(bytes: &[u8], offset: usize) -> usize {
    let before = bytes.get(..offset).unwrap_or(bytes);
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

fn check_kind(metadata: &fs::Metadata) -> Result<(), ReadError> {
    if metadata.is_dir() {
        Err(ReadError::other(
            "it is a directory; name the file in it, such as config.toml",
        ))
    } else if metadata.is_file() {
        Ok(())
    } else {
        Err(ReadError::other("it is not a file; name a TOML file"))
    }
}

fn unreadable(error: io::Error) -> ReadError {
    match error.kind() {
        io::ErrorKind::NotFound => ReadError::Missing,
        io::ErrorKind::PermissionDenied => ReadError::other(
            "it may not be read by you (permission denied); change its mode or its owner",
        ),
        _ => ReadError::other(format!("it cannot be read: {error}")),
    }
}

#[cfg(unix)]
fn distrust(metadata: &fs::Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let me = rustix::process::geteuid().as_raw();
    distrust_of(metadata.mode(), metadata.uid(), me)
}

/// Without Unix owners and modes the folder's own access rules are trusted.
#[cfg(not(unix))]
fn distrust(_: &fs::Metadata) -> Option<String> {
    None
}

#[cfg(unix)]
fn distrust_of(mode: u32, owner: u32, me: u32) -> Option<String> {
    if owner != me && owner != 0 {
        Some(format!(
            "it belongs to another user (uid {owner}); make it yours with chown"
        ))
    } else if mode & 0o022 != 0 {
        Some(format!(
            "it can be written by others (mode {:03o}); run chmod go-w on it",
            mode & 0o777
        ))
    } else {
        None
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_and_root_are_trusted_and_nobody_else_may_write() {
        for (mode, owner, trusted) in [
            (0o100_644, 1000, true),
            (0o100_600, 1000, true),
            (0o100_644, 0, true),
            (0o100_664, 1000, false),
            (0o100_646, 1000, false),
            (0o100_600, 1001, false),
            (0o100_666, 0, false),
        ] {
            let refused = distrust_of(mode, owner, 1000);
            assert_eq!(refused.is_none(), trusted, "{mode:o} {owner}: {refused:?}");
        }
    }

    #[test]
    fn lines_are_counted_from_one() {
        assert_eq!(line_of(b"a\nb\nc", 0), 1);
        assert_eq!(line_of(b"a\nb\nc", 2), 2);
        assert_eq!(line_of(b"a\nb\nc", 400), 3);
    }
}
