//! Arguments and environment of every process, looked at again and again in
//! the background: a child that lived for a moment would be missed at the end.
//!
//! What was seen is kept as it was, so it can be searched for a secret that
//! became known only later.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::processes::Process;

/// What one look at a process showed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sample {
    pub pid: i32,
    pub parent: i32,
    /// Its arguments at the same moment: a child that has not started its own
    /// program yet still shows its parent's, and its parent's environment.
    pub arguments: Vec<u8>,
    /// `cmdline` or `environ`, as the file below `/proc` is named.
    pub file: &'static str,
    pub bytes: Vec<u8>,
}

/// All different samples so far.
pub type Samples = HashSet<Sample>;

/// One look at the given processes. What may not be read is left out: another
/// user's, or a hardened one where the test is not root.
fn look_at(processes: &[Process], samples: &mut Samples) {
    for process in processes {
        for file in ["cmdline", "environ"] {
            samples.extend(sample(process, file));
        }
    }
}

/// One file of a process, together with the arguments that belong to it.
fn sample(process: &Process, file: &'static str) -> Option<Sample> {
    let read = |name| std::fs::read(process.file(name)).ok();
    let mut before = read("cmdline")?;
    loop {
        let bytes = read(file).filter(|bytes| !bytes.is_empty())?;
        let after = read("cmdline")?;
        if after == before {
            return Some(Sample {
                pid: process.pid,
                parent: process.parent,
                arguments: after,
                file,
                bytes,
            });
        }
        // It started a program in between.
        before = after;
    }
}

/// One look at all processes.
pub fn look() -> Samples {
    let mut samples = Samples::new();
    look_at(&Process::all(), &mut samples);
    samples
}

/// Looks until it is stopped or dropped.
pub struct Sampler {
    samples: Arc<Mutex<Samples>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sampler {
    pub fn start() -> Self {
        let samples = Arc::new(Mutex::new(look()));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (samples, stop) = (samples.clone(), stop.clone());
            move || watch(&samples, &stop)
        });
        Self {
            samples,
            stop,
            thread: Some(thread),
        }
    }

    /// Whether this process was seen with both its arguments and its environment.
    pub fn has_seen(&self, pid: i32) -> bool {
        let samples = self.samples.lock().unwrap();
        ["cmdline", "environ"]
            .iter()
            .all(|file| samples.iter().any(|s| s.pid == pid && s.file == *file))
    }

    /// Ends with a last look, and hands over what was seen.
    pub fn stop(mut self) -> Samples {
        self.join();
        let mut samples = std::mem::take(&mut *self.samples.lock().unwrap());
        samples.extend(look());
        samples
    }

    fn join(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.join();
    }
}

fn watch(samples: &Mutex<Samples>, stop: &AtomicBool) {
    // A process shows its parent's arguments until it has started its program,
    // so young ones are looked at in every round, old ones in some.
    const YOUNG: Duration = Duration::from_secs(2);
    let mut born: HashMap<(i32, u64), Instant> = HashMap::new();
    for round in 0u64.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let all = Process::all();
        let now = Instant::now();
        let due: Vec<Process> = all
            .iter()
            .filter(|p| {
                let since = *born.entry((p.pid, p.started)).or_insert(now);
                round.is_multiple_of(20) || now - since < YOUNG
            })
            .copied()
            .collect();
        look_at(&due, &mut samples.lock().unwrap());
        std::thread::sleep(Duration::from_millis(2));
    }
}
