//! The writable memory of another process, searched for a secret.
//!
//! A copy counts from twelve bytes on, as it is or in base64 (however the secret
//! lies in what was encoded), with its characters side by side, as UTF-16, as
//! UTF-32, or at the distance at which a drawn frame keeps them: one in each cell.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use ratatui::buffer::Cell;

/// The shortest piece that counts, in bytes.
const PIECE: usize = 12;
/// The bytes between two characters of a frame.
pub const CELL: usize = size_of::<Cell>();
/// So much is read at once.
const READ: usize = 1 << 20;

/// Where a copy lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The heap, or anything else that is neither of the others.
    Heap,
    /// The stack of a living thread.
    Stack,
    /// The variables that the process was started with.
    Environment,
}

/// One copy, or a piece of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub place: Place,
    /// The mapping's name and the address in it, the thread of a stack.
    pub at: String,
    /// How the secret was written there.
    pub form: &'static str,
    /// The bytes between two characters.
    pub stride: usize,
    /// How many characters of that form in a row.
    pub length: usize,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?}: {} characters, {}, {} apart, {}",
            self.place, self.length, self.form, self.stride, self.at
        )
    }
}

/// What a process's writable memory has of a secret.
#[derive(Debug)]
pub struct Findings {
    pub all: Vec<Found>,
    /// How much was read.
    pub bytes: usize,
}

impl Findings {
    pub fn count(&self, place: Place) -> usize {
        self.all.iter().filter(|found| found.place == place).count()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "heap {}, stacks {}, environment {} ({} KiB read)",
            self.count(Place::Heap),
            self.count(Place::Stack),
            self.count(Place::Environment),
            self.bytes / 1024
        )?;
        self.all
            .iter()
            .try_for_each(|found| write!(f, "\n  {found}"))
    }
}

/// Every twelve-byte piece: its form and its index there.
struct Pieces {
    known: HashMap<[u8; PIECE], (&'static str, usize)>,
    beginnings: Vec<bool>,
}

impl Pieces {
    fn of(secret: &str) -> Self {
        let mut pieces = Self {
            known: HashMap::new(),
            beginnings: vec![false; 1 << 16],
        };
        pieces.add("as it is", secret.as_bytes());
        for offset in 0..3 {
            // Characters that hold bits of a neighbour are left out.
            let mut shifted = vec![0; offset];
            shifted.extend_from_slice(secret.as_bytes());
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                let encoded = engine.encode(&shifted);
                let start = [0, 2, 3][offset];
                let end = encoded.len() - usize::from(shifted.len() % 3 != 0);
                pieces.add("in base64", &encoded.as_bytes()[start..end]);
            }
        }
        pieces
    }

    fn add(&mut self, form: &'static str, text: &[u8]) {
        for (index, piece) in text.windows(PIECE).enumerate() {
            self.beginnings[beginning(piece[0], piece[1])] = true;
            let piece = piece.try_into().unwrap();
            self.known.entry(piece).or_insert((form, index));
        }
    }

    /// The runs of characters, each `stride` bytes after the one before it:
    /// offset, form, length.
    fn runs(&self, bytes: &[u8], stride: usize) -> Vec<(usize, &'static str, usize)> {
        let mut runs = Vec::new();
        // The index that the next piece of an open run has, and the run.
        let mut open: HashMap<usize, (usize, usize)> = HashMap::new();
        let last = bytes.len().saturating_sub((PIECE - 1) * stride);
        for at in 0..last {
            if !self.beginnings[beginning(bytes[at], bytes[at + stride])] {
                continue;
            }
            let piece: [u8; PIECE] = std::array::from_fn(|n| bytes[at + n * stride]);
            let Some(&(form, index)) = self.known.get(&piece) else {
                continue;
            };
            let run = match open.remove(&at) {
                Some((expected, run)) if expected == index => run,
                _ => {
                    runs.push((at, form, PIECE - 1));
                    runs.len() - 1
                }
            };
            runs[run].2 += 1;
            open.insert(at + stride, (index + 1, run));
        }
        runs
    }
}

fn beginning(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

/// Searches a process's writable memory; wants to be root, since the program
/// forbids its owner's other processes to look.
pub fn search(pid: i32, secret: &str) -> Findings {
    assert!(
        secret.len() > 2 * PIECE,
        "too short to be told from other text"
    );
    let pieces = Pieces::of(secret);
    let memory = File::open(format!("/proc/{pid}/mem"))
        .unwrap_or_else(|error| panic!("the memory of {pid} cannot be read; be root: {error}"));
    let stacks = stacks(pid);
    let environment = environment(pid);
    let writable = writable(pid);
    for (pointer, thread) in &stacks {
        let known = writable.iter().any(|(range, _)| range.contains(pointer));
        assert!(known, "the {thread} is not where {pointer:x} points");
    }
    let mut findings = Findings {
        all: Vec::new(),
        bytes: 0,
    };
    for (range, name) in writable {
        let bytes = read(&memory, &range)
            .unwrap_or_else(|error| panic!("{name} of {pid} could not be read: {error}"));
        findings.bytes += bytes.len();
        for stride in [1, 2, 4, CELL] {
            for (offset, form, length) in pieces.runs(&bytes, stride) {
                let at = range.start + offset;
                let stack = stacks.iter().find(|(pointer, _)| range.contains(pointer));
                let (place, at) = match stack {
                    _ if environment.contains(&at) => (Place::Environment, format!("{at:x}")),
                    Some((pointer, thread)) => {
                        let side = if at < *pointer { "free" } else { "in use" };
                        (Place::Stack, format!("{thread}, {at:x}, {side}"))
                    }
                    None => (Place::Heap, format!("{name} {at:x}")),
                };
                findings.all.push(Found {
                    place,
                    at,
                    form,
                    stride,
                    length,
                });
            }
        }
    }
    assert!(
        findings.bytes > 1 << 20,
        "a program has more memory: {findings}"
    );
    findings
}

fn read(memory: &File, range: &Range<usize>) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; range.len()];
    for (number, piece) in bytes.chunks_mut(READ).enumerate() {
        memory.read_exact_at(piece, (range.start + number * READ) as u64)?;
    }
    Ok(bytes)
}

/// The mappings that can be written to.
fn writable(pid: i32) -> Vec<(Range<usize>, String)> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut found = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        let name = words.nth(3).unwrap_or("anonymous").to_owned();
        if rights.starts_with("rw") {
            let (start, end) = range.split_once('-').unwrap();
            found.push((hex(start)..hex(end), name));
        }
    }
    assert!(!found.is_empty(), "{pid} has no writable memory");
    found
}

fn hex(text: &str) -> usize {
    usize::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}

/// The stack pointer of every thread, and the thread's name.
fn stacks(pid: i32) -> BTreeMap<usize, String> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let mut found = BTreeMap::new();
    for task in tasks.map(|task| task.unwrap().path()) {
        let name = std::fs::read_to_string(task.join("comm")).unwrap_or_default();
        // A running thread shows no pointer: it is asked again.
        let pointer = (0..10_000).find_map(|_| {
            let call = std::fs::read_to_string(task.join("syscall")).ok()?;
            call.split_whitespace().rev().nth(1).map(hex)
        });
        let pointer =
            pointer.unwrap_or_else(|| panic!("the stack of {} is hidden", task.display()));
        found.insert(pointer, format!("stack of {:?}", name.trim()));
    }
    found
}

/// Where the variables that the process was started with lie.
fn environment(pid: i32) -> Range<usize> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    // Fields 50 and 51 of proc(5); what follows the name is field 3.
    fields[47].parse().unwrap()..fields[48].parse().unwrap()
}

#[test]
fn pieces_are_found_in_every_form_and_counted_once() {
    let secret = "Qm9vdHMtb2Yt.atlasv1.f7a1c3e5d9b2048697";
    let pieces = Pieces::of(secret);
    for stride in [1, 2, 4, CELL] {
        let spread = |text: &[u8]| {
            let mut bytes = vec![b'x'; 100 + text.len() * stride];
            for (n, byte) in text.iter().enumerate() {
                bytes[50 + n * stride] = *byte;
            }
            pieces.runs(&bytes, stride)
        };
        let whole = spread(secret.as_bytes());
        assert_eq!(whole, [(50, "as it is", secret.len())]);
        assert_eq!(spread(&secret.as_bytes()[9..21]), [(50, "as it is", 12)]);
        assert_eq!(spread(&secret.as_bytes()[9..20]), []);
        for offset in 0..3 {
            let around = [b"abc"[..offset].as_ref(), secret.as_bytes(), b"!"].concat();
            let runs = spread(STANDARD_NO_PAD.encode(around).as_bytes());
            assert_eq!(runs.len(), 1);
            assert_eq!(runs[0].1, "in base64");
        }
    }
    let twice = pieces.runs(format!("{secret}-{secret}").as_bytes(), 1);
    assert_eq!(twice.len(), 2);
}
