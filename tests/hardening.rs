//! Alone in its file: it changes the process that it runs in.

#![cfg(target_os = "linux")]

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

const CRASH: &str = "ORGWARD_TEST_CRASH";

#[test]
fn a_hardened_process_dumps_nothing_and_still_starts_children() {
    let before = std::env::current_exe().unwrap();
    assert_eq!(orgward::hardening::harden(), Vec::<String>::new());
    let core = getrlimit(Resource::Core);
    assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
    let dumpable = dumpable_behavior().unwrap();
    assert_eq!(dumpable, DumpableBehavior::NotDumpable);
    assert_eq!(std::env::current_exe().unwrap(), before);
    if std::env::var_os(CRASH).is_some() {
        std::process::abort();
    }
    // Itself as a child: hardened, then crashing.
    let crash = Command::new(before).env(CRASH, "1").output().unwrap();
    assert_eq!(crash.status.signal(), Some(6), "{crash:?}");
    assert!(!crash.status.core_dumped());
}
