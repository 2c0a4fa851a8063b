//! A secret as a file: whole or not at all, never over something else, never
//! readable by others.
//!
//! The text goes to a temporary file in the same folder (created new, 0600),
//! is forced to the disk, and is then given its name in one step that fails
//! when the name is taken. So no moment exists in which the final name is
//! empty, half written or readable by others, and a symbolic link at that name
//! is never followed.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::secret::Secret;

/// Whether a file that is there may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Existing {
    /// It stays and the secret is not written.
    #[default]
    Keep,
    /// The owner has confirmed that it goes.
    Replace,
}

/// Why a file cannot be, or was not, written. In each case what was there
/// before is still there, unchanged.
#[derive(Debug, Error)]
pub enum FileError {
    /// The path has no file name.
    #[error("{0} does not name a file")]
    NoName(PathBuf),
    /// Something has this name.
    #[error("{0} is there already; it was left as it is")]
    Exists(PathBuf),
    /// A link, which is never followed.
    #[error("{0} is a symbolic link and is not followed; name the file itself")]
    Link(PathBuf),
    /// A folder, a device, a socket.
    #[error("{0} is not an ordinary file; it was left as it is")]
    Special(PathBuf),
    /// The folder cannot be written to.
    #[error("no file can be created in {folder}: {}", reason(error))]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The system's reason.
        #[source]
        error: io::Error,
    },
    /// Writing failed on the way.
    #[error("{path} was not written: {}", reason(error))]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        error: io::Error,
    },
}

/// Why, as its owner understands it: without the name of a temporary file that
/// was never there, and without the system's number.
fn reason(error: &io::Error) -> String {
    let words = error.to_string();
    let words = words.split(" at path ").next().unwrap_or(&words);
    let words = words.split(" (os error ").next().unwrap_or(words);
    words.to_owned()
}

/// The room that a proof takes, in bytes: more than a secret needs, since what is
/// recorded of it comes first.
const ROOM: usize = 16 * 1024;

/// Shows that the file could be written: nothing is in its place that must stay,
/// and in its folder there is room, and a file gets its name.
pub fn prove(path: &Path, existing: Existing) -> Result<(), FileError> {
    let folder = check(path, existing)?;
    let proven = || {
        let mut file = temporary(&folder)?;
        // Not with zeros: some file systems take no room for those.
        file.write_all(&[b'.'; ROOM])?;
        file.as_file().sync_all()?;
        let mut probe = file.path().to_owned().into_os_string();
        probe.push("-named");
        name(file, Path::new(&probe), existing).map_err(|failure| failure.error)?;
        fs::remove_file(probe)
    };
    proven().map_err(|error| FileError::Folder {
        folder: folder.clone(),
        error,
    })
}

/// Gives a file its name.
fn name(
    file: tempfile::NamedTempFile,
    path: &Path,
    existing: Existing,
) -> Result<fs::File, tempfile::PersistError> {
    match existing {
        Existing::Keep => file.persist_noclobber(path),
        Existing::Replace => file.persist(path),
    }
}

/// Writes the secret, and only it, to a file of mode 0600.
pub fn write(path: &Path, secret: &Secret, existing: Existing) -> Result<(), FileError> {
    let folder = check(path, existing)?;
    let failed = |error| FileError::Write {
        path: path.to_owned(),
        error,
    };
    let mut file = temporary(&folder).map_err(|error| FileError::Folder {
        folder: folder.clone(),
        error,
    })?;
    file.write_all(secret.expose().as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    name(file, path, existing).map_err(|failure| match failure.error.kind() {
        io::ErrorKind::AlreadyExists => FileError::Exists(path.to_owned()),
        _ => failed(failure.error),
    })?;
    // The file is there now, whatever the folder's own sync says.
    #[cfg(unix)]
    if let Ok(folder) = fs::File::open(&folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

fn check(path: &Path, existing: Existing) -> Result<PathBuf, FileError> {
    let (Some(_), Some(folder)) = (path.file_name(), path.parent()) else {
        return Err(FileError::NoName(path.to_owned()));
    };
    match fs::symlink_metadata(path) {
        Ok(there) if there.is_symlink() => return Err(FileError::Link(path.to_owned())),
        Ok(there) if !there.is_file() => return Err(FileError::Special(path.to_owned())),
        Ok(_) if existing == Existing::Keep => return Err(FileError::Exists(path.to_owned())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(FileError::Folder {
                folder: folder.to_owned(),
                error,
            });
        }
        _ => {}
    }
    Ok(if folder.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        folder.to_owned()
    })
}

/// Created new with mode 0600, removed again unless it gets its name.
fn temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new()
        .prefix(".orgward-")
        .tempfile_in(folder)
}
