//! What was known of a host's organizations when it was last asked, so that the
//! first frame has something to show.
//!
//! One file per host entry in the cache directory, readable by its owner only,
//! with the id of the account that saw all this: another account may see
//! other organizations. It holds metadata and never a secret or a credential.
//! Nothing is decided by it: a row that is known from here only is shown as old
//! and allows no action. So a file that cannot be understood is dropped.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::folder::create_private_folder;
use crate::shared;
use crate::slot::{Creator, Found, Kind, Reading};
use crate::text::safe;

/// Files of another version are not read.
const VERSION: u32 = 1;
/// Files beyond this are not ours: ten thousand organizations take 5 MB.
const LARGEST: u64 = 256 << 20;
/// So much is written at once.
const PIECE: usize = 64 << 10;
/// How long a reading is kept that nobody renewed, in seconds: 90 days.
const KEPT: i64 = 90 * 24 * 60 * 60;
/// What stands in a file's name as it is.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// What is remembered of one host entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    version: u32,
    /// The id of the account that saw it.
    pub account: String,
    /// The looks at slots.
    pub readings: Vec<OldReading>,
    /// The policies.
    pub policies: Vec<OldPolicy>,
    /// The names of users and teams, by id.
    pub names: BTreeMap<String, OldName>,
}

/// A look at a slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each is its type")]
pub struct OldReading {
    #[serde(deserialize_with = "shared::text")]
    pub organization: Arc<str>,
    pub kind: Kind,
    pub reading: Arc<Reading>,
}

/// An organization's policy for one kind of token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OldPolicy {
    /// The organization.
    #[serde(deserialize_with = "shared::text")]
    pub organization: Arc<str>,
    /// The kind of token.
    pub kind: Kind,
    /// The longest life that it allows.
    pub limit: Option<Duration>,
    /// When the host was asked, by the local clock.
    pub asked: Timestamp,
}

/// The name of a user or team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldName {
    /// The name.
    pub name: String,
    /// When the host was asked, by the local clock.
    pub asked: Timestamp,
}

impl Remembered {
    /// Nothing yet of what an account sees.
    pub fn of(account: &str) -> Self {
        Self {
            version: VERSION,
            account: account.to_owned(),
            readings: Vec::new(),
            policies: Vec::new(),
            names: BTreeMap::new(),
        }
    }

    /// Drops what nobody renewed for a long time.
    fn prune(&mut self, now: Timestamp) {
        let fresh = |at: Timestamp| now.duration_since(at).as_secs() < KEPT;
        self.readings.retain(|old| fresh(old.reading.at));
        self.policies.retain(|old| fresh(old.asked));
        self.names.retain(|_, old| fresh(old.asked));
    }

    /// A file is foreign text like any other.
    fn make_safe(&mut self) {
        self.readings.retain(|old| is_safe(&old.organization));
        self.policies.retain(|old| is_safe(&old.organization));
        for old in &mut self.readings {
            let reading = Arc::make_mut(&mut old.reading);
            reading.note.iter_mut().for_each(mend);
            if let Found::Token(token) = &mut reading.found {
                mend(&mut token.id);
                token.description.iter_mut().for_each(mend);
                match &mut token.created_by {
                    Some(Creator::User { id, name } | Creator::Team { id, name }) => {
                        mend(id);
                        name.iter_mut().for_each(mend);
                    }
                    Some(Creator::Organization { id }) => mend(id),
                    None => {}
                }
            }
        }
        for old in self.names.values_mut() {
            old.name = safe(&old.name);
        }
    }
}

/// Makes a text safe; one that is stays where it is.
fn mend<T: Deref<Target = str> + From<String>>(text: &mut T) {
    let safe = safe(text);
    if safe != **text {
        *text = safe.into();
    }
}

fn is_safe(name: &str) -> bool {
    !name.is_empty() && safe(name) == name
}

/// Why something could not be remembered.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum CacheError {
    #[error("the cache {} was damaged and is dropped; everything is read anew", .0.display())]
    Damaged(PathBuf),
    #[error("the cache {} cannot be {what}: {cause}; everything is read anew", .path.display())]
    Unusable {
        path: PathBuf,
        what: &'static str,
        #[source]
        cause: io::Error,
    },
}

/// The cache directory.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache in this directory, which need not exist yet.
    pub fn in_directory(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// The file of a host entry.
    pub fn path(&self, host: &str, label: Option<&str>) -> PathBuf {
        let encoded = |text| utf8_percent_encode(text, NAME).to_string();
        let label = label.map(|label| format!("@{}", encoded(label)));
        let name = format!("{}{}.json", encoded(host), label.unwrap_or_default());
        self.folder.join(name)
    }

    /// How large the file of a host entry is; zero where there is none.
    pub fn size(&self, host: &str, label: Option<&str>) -> u64 {
        let metadata = std::fs::metadata(self.path(host, label));
        metadata.map_or(0, |metadata| metadata.len())
    }

    /// What is remembered of a host entry; nothing where there is no file.
    ///
    /// # Errors
    /// Where there is one that cannot be used; one that is damaged is removed.
    pub fn load(&self, host: &str, label: Option<&str>) -> Result<Option<Remembered>, CacheError> {
        let read = self.peek(host, label);
        if let Err(CacheError::Damaged(path)) = &read {
            // Where it cannot be removed, the next one takes its place.
            let _ = std::fs::remove_file(path);
        }
        read
    }

    /// [`Cache::load`] for whoever only looks: nothing is removed.
    ///
    /// # Errors
    /// Where there is a file that cannot be used.
    pub fn peek(&self, host: &str, label: Option<&str>) -> Result<Option<Remembered>, CacheError> {
        let path = self.path(host, label);
        let unusable = |cause| CacheError::Unusable {
            path: path.clone(),
            what: "read",
            cause,
        };
        let size = match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => metadata.len(),
            Ok(_) => return Err(unusable(io::Error::other("it is no file"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(error)),
        };
        let read = if size <= LARGEST {
            let bytes = std::fs::read(&path).map_err(unusable)?;
            shared::sharing(|| serde_json::from_slice::<Remembered>(&bytes)).ok()
        } else {
            None
        };
        match read.filter(|read| read.version == VERSION) {
            Some(mut remembered) => {
                remembered.make_safe();
                Ok(Some(remembered))
            }
            None => Err(CacheError::Damaged(path)),
        }
    }

    /// Remembers what is known of a host entry: whole or not at all.
    ///
    /// # Errors
    /// Where the file cannot be written; the former one is still there.
    pub fn save(
        &self,
        host: &str,
        label: Option<&str>,
        mut remembered: Remembered,
        now: Timestamp,
    ) -> Result<(), CacheError> {
        remembered.prune(now);
        let path = self.path(host, label);
        let write = || -> io::Result<()> {
            create_private_folder(&self.folder)?;
            // Created with 0600.
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            // Piece by piece: ten thousand organizations are five megabytes, which
            // would stay with this process.
            let mut pieces = BufWriter::with_capacity(PIECE, &mut file);
            serde_json::to_writer(&mut pieces, &remembered)?;
            pieces.flush()?;
            drop(pieces);
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|cause| CacheError::Unusable {
            path: path.clone(),
            what: "written",
            cause,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slot::{Time, Token};

    const HOST: &str = "tfe.corp.example:8443";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn remembered() -> Remembered {
        let token = Token {
            id: "at-1".into(),
            created_at: Some(at("2026-05-01T00:00:00Z")),
            last_used_at: Time::Never,
            expires_at: Time::At(at("2026-09-01T00:00:00Z")),
            created_by: Some(Creator::User {
                id: "user-1".into(),
                name: Some("olivia".into()),
            }),
            description: None,
        };
        let reading = |found, day: &str| Reading {
            found,
            note: None,
            policy: Some(Duration::from_secs(86_400)),
            at: at(&format!("{day}T00:00:00Z")),
        };
        let old = |organization: &str, reading| OldReading {
            organization: organization.into(),
            kind: Kind::Organization,
            reading: Arc::new(reading),
        };
        Remembered {
            readings: vec![
                old("acme", reading(Found::Token(token), "2026-06-01")),
                old("empty", reading(Found::None, "2026-06-01")),
            ],
            policies: vec![OldPolicy {
                organization: "acme".into(),
                kind: Kind::Organization,
                limit: None,
                asked: at("2026-06-01T00:00:00Z"),
            }],
            names: [(
                "user-1".to_owned(),
                OldName {
                    name: "olivia".into(),
                    asked: at("2026-06-01T00:00:00Z"),
                },
            )]
            .into(),
            ..Remembered::of("user-owner")
        }
    }

    fn cache() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::in_directory(&folder.path().join("deep/cache"));
        (folder, cache)
    }

    #[test]
    fn what_was_saved_comes_back_and_old_things_go() {
        let (_folder, cache) = cache();
        assert_eq!(cache.load(HOST, None).unwrap(), None);
        let now = at("2026-06-02T00:00:00Z");
        cache.save(HOST, None, remembered(), now).unwrap();
        cache
            .save(HOST, Some("pr/od"), Remembered::of("user-2"), now)
            .unwrap();
        assert_eq!(cache.load(HOST, None).unwrap(), Some(remembered()));
        let other = cache.load(HOST, Some("pr/od")).unwrap().unwrap();
        assert_eq!(other.account, "user-2");
        let later = at("2026-09-02T00:00:00Z");
        cache.save(HOST, None, remembered(), later).unwrap();
        let left = cache.load(HOST, None).unwrap().unwrap();
        assert_eq!(left, Remembered::of("user-owner"));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_the_owners_alone_and_nothing_else_is_left() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, cache) = cache();
        let now = at("2026-06-02T00:00:00Z");
        for _ in 0..2 {
            cache.save(HOST, None, remembered(), now).unwrap();
        }
        let path = cache.path(HOST, None);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        let files = std::fs::read_dir(path.parent().unwrap()).unwrap();
        assert_eq!(files.count(), 1);
    }

    #[test]
    fn a_damaged_file_is_dropped_and_said() {
        let (_folder, cache) = cache();
        let path = cache.path(HOST, None);
        let whole = {
            let now = at("2026-06-02T00:00:00Z");
            cache.save(HOST, None, remembered(), now).unwrap();
            std::fs::read(&path).unwrap()
        };
        let text = String::from_utf8(whole.clone()).unwrap();
        let other = text.replace("\"version\":1", "\"version\":2");
        assert_ne!(text, other);
        let damaged = [
            &whole[..whole.len() / 2],
            b"",
            b"\xff\xfe",
            other.as_bytes(),
        ];
        for bytes in damaged {
            std::fs::write(&path, bytes).unwrap();
            let error = cache.load(HOST, None).unwrap_err().to_string();
            assert!(error.contains("damaged"), "{error}");
            assert!(!path.exists());
            assert_eq!(cache.load(HOST, None).unwrap(), None);
        }
    }

    #[test]
    fn foreign_text_is_made_safe_and_names_that_are_not_are_dropped() {
        let (_folder, cache) = cache();
        let mut bad = remembered();
        Arc::make_mut(&mut bad.readings[0].reading).note = Some("a\u{1b}[31mb".into());
        bad.readings[1].organization = "em\u{1b}pty".into();
        let now = at("2026-06-02T00:00:00Z");
        cache.save(HOST, None, bad, now).unwrap();
        let loaded = cache.load(HOST, None).unwrap().unwrap();
        assert_eq!(loaded.readings.len(), 1);
        let note = loaded.readings[0].reading.note.as_deref().unwrap();
        assert!(!note.contains('\u{1b}'), "{note:?}");
    }

    #[test]
    fn a_place_that_is_no_folder_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("cache");
        std::fs::write(&place, "a file").unwrap();
        let cache = Cache::in_directory(&place);
        let now = at("2026-06-02T00:00:00Z");
        let error = cache.save(HOST, None, remembered(), now).unwrap_err();
        assert!(error.to_string().contains("written"), "{error}");
    }
}
