//! What the system says of a running process: memory, wake-ups, time.

use std::fs;

/// A process at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// Resident memory in bytes, and the part of it that is the process's own
    /// and no file's.
    pub resident: u64,
    pub anonymous: u64,
    /// The most that was ever resident.
    pub peak: u64,
    /// How often its threads were put on a processor, of their own accord or
    /// not: each is a wake-up.
    pub switches: u64,
    /// Time on a processor, in nanoseconds, of all threads that live.
    pub on_cpu: u64,
    pub threads: usize,
}

/// Looks at a process and all its threads.
pub fn look(pid: u32) -> Look {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let mut look = Look {
        resident: kilobytes(&status, "VmRSS:"),
        anonymous: kilobytes(&status, "RssAnon:"),
        peak: kilobytes(&status, "VmHWM:"),
        ..Look::default()
    };
    for thread in fs::read_dir(format!("/proc/{pid}/task")).expect("its threads") {
        let path = thread.expect("a thread").path();
        let Ok(status) = fs::read_to_string(path.join("status")) else {
            continue;
        };
        look.threads += 1;
        look.switches += number(&status, "voluntary_ctxt_switches:");
        look.switches += number(&status, "nonvoluntary_ctxt_switches:");
        let times = fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        let on_cpu = times.split_whitespace().next();
        look.on_cpu += on_cpu.and_then(|text| text.parse().ok()).unwrap_or(0);
    }
    look
}

fn number(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let text = line.and_then(|rest| rest.split_whitespace().next());
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn kilobytes(status: &str, name: &str) -> u64 {
    number(status, name) * 1024
}
