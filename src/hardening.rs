//! What happens before any thread: no core dumps, no tracing by other processes.
//!
//! Secrets and credentials lie in this process's memory. A core file would
//! write them to the disk, and any program of the same user could read them
//! through the debugger's interface; both are switched off in every build, for
//! the program and for the keeper alike (the second setting does not survive an
//! `exec`). Nothing here needs unsafe code.

/// Switches off core dumps and, where the system can do that, tracing and
/// memory reading by the user's other processes. Call it before any thread is
/// started and before any secret is read.
///
/// Returns one sentence for each protection that could not be had; the program
/// goes on without it, and `doctor` shows the sentence.
pub fn harden() -> Vec<String> {
    let mut missing = Vec::new();
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        if let Err(error) = setrlimit(Resource::Core, none) {
            missing.push(format!("core dumps could not be switched off: {error}"));
        }
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // Also keeps a core handler that is a program (systemd-coredump) away,
        // which does not care about the size limit.
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            missing.push(format!("tracing could not be forbidden: {error}"));
        }
    }
    #[cfg(not(target_os = "linux"))]
    missing.push("this system has no way to forbid tracing by your other processes".to_owned());
    missing
}
