//! A session bus of a test's own, with an unlocked keyring in it or without.

use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Set in the process that runs within the session of the bus.
const INSIDE: &str = "ORGWARD_TEST_SESSION";

/// Runs one test of its file once more in a session bus of its own; with
/// `unlocked`, a keyring runs in it.
pub fn in_session(test: &str, unlocked: bool) {
    let home = TempDir::new().unwrap();
    // The daemon is ended with the session: it would outlive it.
    let mut script = String::from("set -e\n");
    if unlocked {
        script += "printf 'pw\\n' | gnome-keyring-daemon --unlock --components=secrets >&2\n";
    }
    script += "status=0; \"$@\" || status=$?\n";
    if unlocked {
        script += "pid=$(dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
            org.freedesktop.DBus.GetConnectionUnixProcessID string:org.freedesktop.secrets \
            | sed -n 's/.*uint32 //p'); kill \"$pid\"\n";
    }
    script += "exit $status";
    let out = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", &script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", test])
        .env(INSIDE, "1")
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdin(Stdio::null())
        .output()
        .expect("dbus-run-session is needed here");
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(
        out.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&out.stderr)
    );
}

pub fn inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}
