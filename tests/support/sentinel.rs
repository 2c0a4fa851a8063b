//! The sentinel: hunts secrets where they have no business.
//!
//! It knows every twelve consecutive bytes of each secret, as they are and in
//! base64 (standard and URL-safe, however the secret lies in what was
//! encoded), and looks for them in the bytes as they are, percent-decoded, and
//! as UTF-16. A finding names the place and the number of the secret, never
//! its text.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::percent_decode;

use super::program::Program;
use super::sampler::{self, Samples};

/// The shortest piece of a secret that counts, in bytes.
pub const PIECE: usize = 12;

/// Hunts secrets; [`Sentinel::finish`] tells.
#[must_use = "a sentinel that is not finished has proven nothing"]
pub struct Sentinel {
    pieces: HashMap<[u8; PIECE], BTreeSet<usize>>,
    /// Which two bytes begin some piece: rules out nearly every place at once.
    beginnings: Vec<bool>,
    count: usize,
    files: Vec<(usize, PathBuf)>,
    processes: Vec<(usize, i32)>,
    findings: BTreeSet<String>,
    finished: bool,
}

impl Sentinel {
    /// The secrets are numbered from 0, in this order.
    pub fn new(secrets: &[&str]) -> Self {
        let mut sentinel = Self {
            pieces: HashMap::new(),
            beginnings: vec![false; 1 << 16],
            count: 0,
            files: Vec::new(),
            processes: Vec::new(),
            findings: BTreeSet::new(),
            finished: false,
        };
        for secret in secrets {
            sentinel.add(secret);
        }
        sentinel
    }

    /// Adds a secret that became known later, and returns its number.
    pub fn add(&mut self, secret: &str) -> usize {
        assert!(
            secret.len() >= PIECE,
            "a secret of less than {PIECE} bytes cannot be told from other text"
        );
        let number = self.count;
        self.count += 1;
        self.add_pieces(number, secret.as_bytes());
        for offset in 0..3 {
            // Characters that hold bits of a neighbour are left out.
            let mut shifted = vec![0; offset];
            shifted.extend_from_slice(secret.as_bytes());
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                let encoded = engine.encode(&shifted);
                let start = [0, 2, 3][offset];
                let end = encoded.len() - usize::from(shifted.len() % 3 != 0);
                self.add_pieces(number, &encoded.as_bytes()[start..end]);
            }
        }
        number
    }

    fn add_pieces(&mut self, number: usize, text: &[u8]) {
        for piece in text.windows(PIECE) {
            let piece: [u8; PIECE] = piece.try_into().unwrap();
            self.beginnings[beginning(&piece)] = true;
            self.pieces.entry(piece).or_default().insert(number);
        }
    }

    /// The test itself put this secret in this file (or in files below it).
    pub fn allow_file(&mut self, secret: usize, path: impl AsRef<Path>) -> &mut Self {
        self.files.push((secret, path.as_ref().into()));
        self
    }

    /// The test itself gave this secret to this one process.
    pub fn allow_process(&mut self, secret: usize, pid: i32) -> &mut Self {
        self.processes.push((secret, pid));
        self
    }

    /// Which secrets occur in these bytes, in any form.
    pub fn find(&self, bytes: &[u8]) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        self.find_plain(bytes, &mut found);
        if let Cow::Owned(decoded) = percent_decode(bytes).into() {
            self.find_plain(&decoded, &mut found);
        }
        if bytes.contains(&0) {
            for first in 0..2 {
                let half: Vec<u8> = bytes.iter().copied().skip(first).step_by(2).collect();
                self.find_plain(&half, &mut found);
            }
        }
        found
    }

    fn find_plain(&self, bytes: &[u8], found: &mut BTreeSet<usize>) {
        for piece in bytes.windows(PIECE) {
            if self.beginnings[beginning(piece)]
                && let Some(numbers) = self.pieces.get(piece)
            {
                found.extend(numbers);
            }
        }
    }

    fn report(&mut self, place: &str, found: impl IntoIterator<Item = usize>) {
        for number in found {
            self.findings.insert(format!("secret {number} in {place}"));
        }
    }

    /// Searches bytes.
    pub fn scan_bytes(&mut self, label: &str, bytes: &[u8]) -> &mut Self {
        let found = self.find(bytes);
        self.report(label, found);
        self
    }

    /// Searches everything a program wrote to its terminal: its bytes, and its
    /// screens (drawing skips cells that are right already, so a text on the
    /// screen need not stand in the bytes).
    pub fn scan_terminal(&mut self, label: &str, program: &Program) -> &mut Self {
        let bytes = program.raw_bytes();
        assert!(!bytes.is_empty(), "{label} wrote nothing to its terminal");
        self.scan_bytes(&format!("{label}'s output"), &bytes);
        for frame in program.frames() {
            self.scan_bytes(&format!("{label}'s screen"), frame.as_bytes());
        }
        self
    }

    /// Searches all files below a directory, their names, and where links
    /// point; links are not followed. What cannot be read is a finding.
    pub fn scan_tree(&mut self, directory: impl AsRef<Path>) -> &mut Self {
        self.scan_path(directory.as_ref());
        self
    }

    fn scan_path(&mut self, path: &Path) {
        if let Err(error) = self.try_path(path) {
            let place = path.display();
            self.findings
                .insert(format!("{place} could not be searched: {error}"));
        }
    }

    fn try_path(&mut self, path: &Path) -> std::io::Result<()> {
        let kind = path.symlink_metadata()?.file_type();
        let mut found = self.find(path.as_os_str().as_encoded_bytes());
        if kind.is_symlink() {
            found.extend(self.find(path.read_link()?.as_os_str().as_encoded_bytes()));
        } else if kind.is_file() {
            found.extend(self.find(&std::fs::read(path)?));
        }
        let files = &self.files;
        found.retain(|number| {
            !files
                .iter()
                .any(|(allowed, at)| allowed == number && path.starts_with(at))
        });
        self.report(&path.display().to_string(), found);
        if kind.is_dir() {
            for entry in path.read_dir()? {
                let entry = entry?.path();
                // A file that went away meanwhile holds nothing.
                if entry.symlink_metadata().is_ok() {
                    self.scan_path(&entry);
                }
            }
        }
        Ok(())
    }

    /// Searches arguments and environment of every process there is now.
    pub fn scan_processes(&mut self) -> &mut Self {
        self.scan_samples(&sampler::look())
    }

    /// Searches what a [`super::Sampler`] saw.
    pub fn scan_samples(&mut self, samples: &Samples) -> &mut Self {
        for sample in samples {
            let mut found = self.find(&sample.bytes);
            let processes = &self.processes;
            found.retain(|number| !processes.contains(&(*number, sample.pid)));
            // A child between its birth and the start of its own program is a
            // copy of its parent, and nobody else can tell the two apart.
            let unborn = samples
                .iter()
                .any(|other| other.pid == sample.parent && other.arguments == sample.arguments);
            found.retain(|number| !(unborn && processes.contains(&(*number, sample.parent))));
            if !found.is_empty() {
                let arguments = samples
                    .iter()
                    .find(|other| other.pid == sample.pid && other.file == "cmdline");
                // Its name alone: its arguments may be the finding.
                let name = arguments
                    .and_then(|a| a.bytes.split(|b| *b == 0).next())
                    .filter(|name| self.find(name).is_empty())
                    .map(|name| String::from_utf8_lossy(name).into_owned())
                    .unwrap_or_default();
                let place = format!("{} of process {} {name}", sample.file, sample.pid);
                self.report(&place, found);
            }
        }
        self
    }

    /// Fails with all findings.
    pub fn finish(&mut self) {
        self.finished = true;
        assert!(self.count > 0, "the sentinel was given no secret");
        let findings: Vec<_> = self.findings.iter().map(String::as_str).collect();
        assert!(
            findings.is_empty(),
            "secrets are where they have no business:\n  {}",
            findings.join("\n  ")
        );
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        if !self.finished && !std::thread::panicking() {
            panic!("a sentinel was dropped without `finish`: it has proven nothing");
        }
    }
}

fn beginning(piece: &[u8]) -> usize {
    usize::from(piece[0]) << 8 | usize::from(piece[1])
}
