//! The processes of the machine, as `/proc` shows them, and how all of one
//! test's are ended, those too that left their parent and their session.
//!
//! Without `/proc` (macOS) only the process group of the first is known.

use std::collections::HashMap;
use std::path::PathBuf;

use rustix::process::{Pid, Signal};

/// One process.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    pub pid: i32,
    pub parent: i32,
    pub session: i32,
    /// Clock ticks since boot: with the pid it names a process for ever.
    pub started: u64,
    /// `R`, `S`, `T` (stopped), `Z` (ended, not yet collected) …
    pub state: char,
}

impl Process {
    /// Looks at one process; nothing if it is gone.
    pub fn look(pid: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in parentheses, may hold anything.
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        Some(Self {
            pid,
            state: fields.first()?.chars().next()?,
            parent: fields.get(1)?.parse().ok()?,
            session: fields.get(3)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }

    /// All processes that can be seen.
    pub fn all() -> Vec<Self> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(Self::look)
            .collect()
    }

    /// Whether it runs (or could).
    pub fn is_alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }

    /// A file of it below `/proc`.
    pub fn file(&self, name: &str) -> PathBuf {
        format!("/proc/{}/{name}", self.pid).into()
    }
}

/// A process and everything that came from it.
pub struct Family {
    root: i32,
    /// An entry of the environment that only this family has.
    marker: Vec<u8>,
    /// pid → start time
    known: HashMap<i32, u64>,
}

impl Family {
    /// `marker` is `NAME=value`, as the first process was given it.
    pub fn of(root: i32, marker: String) -> Self {
        let mut family = Self {
            root,
            marker: marker.into_bytes(),
            known: HashMap::new(),
        };
        family.look();
        family
    }

    /// Finds members: known ones, their children, the session, and whoever
    /// carries the marker. Returns the living.
    pub fn look(&mut self) -> Vec<Process> {
        let all = Process::all();
        if let Some(root) = all.iter().find(|process| process.pid == self.root) {
            self.known.entry(root.pid).or_insert(root.started);
        }
        let Some(&first) = self.known.get(&self.root) else {
            return Vec::new();
        };
        // Once the root's number belongs to another process, so does its session.
        let session_is_ours = all
            .iter()
            .all(|process| process.pid != self.root || process.started == first);
        loop {
            let before = self.known.len();
            for process in &all {
                if process.started < first || self.known.contains_key(&process.pid) {
                    continue;
                }
                let is_member = self.is_known(&all, process.parent)
                    || (session_is_ours && process.session == self.root)
                    || self.is_marked(process);
                if is_member {
                    self.known.insert(process.pid, process.started);
                }
            }
            if self.known.len() == before {
                break;
            }
        }
        all.into_iter()
            .filter(|process| self.known.get(&process.pid) == Some(&process.started))
            .filter(Process::is_alive)
            .collect()
    }

    fn is_known(&self, all: &[Process], pid: i32) -> bool {
        let process = all.iter().find(|process| process.pid == pid);
        process.is_some_and(|process| self.known.get(&pid) == Some(&process.started))
    }

    fn is_marked(&self, process: &Process) -> bool {
        std::fs::read(process.file("environ"))
            .is_ok_and(|environment| environment.split(|b| *b == 0).any(|e| e == self.marker))
    }

    /// Ends every member, until none is left.
    pub fn kill(&mut self) {
        let gone = super::poll(super::patience(), || {
            let living = self.look();
            for process in &living {
                if let Some(pid) = Pid::from_raw(process.pid) {
                    let _ = rustix::process::kill_process(pid, Signal::KILL);
                }
            }
            living.is_empty().then_some(())
        });
        if gone.is_none() && !std::thread::panicking() {
            panic!(
                "processes of the test could not be ended: {:?}",
                self.look()
            );
        }
    }
}
