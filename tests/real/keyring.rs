//! A session bus of a test's own, with an unlocked keyring in it or without.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::{run, until};

/// The variable by which programs find the bus.
pub const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";

/// Set in the process that runs within the session of the bus.
const INSIDE: &str = "ORGWARD_TEST_SESSION";

/// Ends with this, and so does what runs in it.
pub struct Session {
    bus: Child,
    keyring: Option<Child>,
    pub address: String,
    home: TempDir,
}

impl Session {
    /// Without a keyring of its own: whoever asks for one gets what the system
    /// starts, which is locked.
    pub fn without_keyring() -> Self {
        let home = TempDir::new().unwrap();
        let mut bus = own(Command::new("dbus-daemon"), home.path())
            .args(["--session", "--nofork", "--print-address=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is needed here");
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        let session = Self {
            bus,
            keyring: None,
            address: address.trim().to_owned(),
            home,
        };
        assert!(!session.address.is_empty(), "the bus did not start");
        session
    }

    pub fn start() -> Self {
        let mut session = Self::without_keyring();
        let mut keyring = session
            .command("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("gnome-keyring is needed here");
        let mut input = keyring.stdin.take().unwrap();
        let process = keyring.id();
        session.keyring = Some(keyring);
        input.write_all(b"pw\n").unwrap();
        drop(input);
        // A call to a name that nobody has yet would make the bus start a second
        // keyring, a locked one, which could come first.
        until("the keyring on the bus", || {
            let ask = run(session.command("dbus-send").args([
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.DBus",
                "/",
                "org.freedesktop.DBus.GetConnectionUnixProcessID",
                "string:org.freedesktop.secrets",
            ]));
            let said = String::from_utf8_lossy(&ask.stdout).into_owned();
            if ask.status.success() {
                let owner = said.split_whitespace().last();
                assert_eq!(owner, Some(&*process.to_string()), "{said}");
            }
            ask.status.success()
        });
        // It is there before its keyring is open.
        until("an open keyring", || {
            let mut store = session.command("secret-tool");
            let mut store = store
                .args(["store", "--label=probe", "test", "probe"])
                .stdin(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("secret-tool is needed here");
            // It ends before it reads where the keyring is still locked.
            let _ = store.stdin.take().unwrap().write_all(b"probe");
            store.wait().unwrap().success()
        });
        session
    }

    /// Where the keyring keeps its files.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A password, as another program reads it.
    pub fn look_up(&self, user: &str) -> Option<String> {
        let arguments = ["lookup", "service", "orgward", "username", user];
        let out = run(self.command("secret-tool").args(arguments));
        let text = String::from_utf8(out.stdout).unwrap();
        out.status.success().then_some(text)
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = own(Command::new(program), self.home.path());
        command.env(BUS, &self.address);
        command
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for child in [self.keyring.as_mut(), Some(&mut self.bus)]
            .into_iter()
            .flatten()
        {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Nothing of the user's is seen or touched.
fn own(mut command: Command, home: &Path) -> Command {
    for name in ["HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"] {
        command.env(name, home);
    }
    for name in ["DISPLAY", "WAYLAND_DISPLAY"] {
        command.env_remove(name);
    }
    command
}

/// Runs one test of its file once more, in a process that is in the session: the
/// library looks for the bus in its own environment.
pub fn run_in(session: &Session, test: &str) {
    let out = run(session
        .command(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", test])
        .env(INSIDE, "1"));
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
