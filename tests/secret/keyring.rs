//! A real Secret Service as destination, read back by another program.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::hunt::{Hunt, Run};
use super::real::{run, until};
use super::support::{Exit, Owner, Sentinel, Signal, select};

/// A session bus with an unlocked keyring, gone with it.
struct Session {
    bus: Child,
    keyring: Option<Child>,
    address: String,
    home: TempDir,
}

impl Session {
    fn start() -> Self {
        let home = TempDir::new().unwrap();
        let mut bus = Command::new("dbus-daemon")
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
        let mut session = Self {
            bus,
            keyring: None,
            address: address.trim().to_owned(),
            home,
        };
        assert!(!session.address.is_empty(), "the bus did not start");
        let mut keyring = session
            .command("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("gnome-keyring is needed here");
        let mut input = keyring.stdin.take().unwrap();
        input.write_all(b"pw\n").unwrap();
        drop(input);
        session.keyring = Some(keyring);
        // A call to a name that nobody has yet would start a second, locked one.
        until("the keyring on the bus", || {
            let ask = run(session.command("dbus-send").args([
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.DBus",
                "/",
                "org.freedesktop.DBus.GetConnectionUnixProcessID",
                "string:org.freedesktop.secrets",
            ]));
            ask.status.success()
        });
        // It is there before its keyring is open.
        until("an open keyring", || {
            let probe = ["store", "--label=probe", "test", "probe"];
            let mut store = session.command("secret-tool");
            let mut store = store
                .args(probe)
                .stdin(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("secret-tool is needed here");
            let _ = store.stdin.take().unwrap().write_all(b"probe");
            store.wait().unwrap().success()
        });
        session
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("HOME", self.home.path())
            .env("XDG_DATA_HOME", self.home.path())
            .env("XDG_RUNTIME_DIR", self.home.path())
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY");
        command
    }

    fn lookup(&self, user: &str) -> Option<String> {
        let lookup = ["lookup", "service", "orgward", "username", user];
        let out = run(self.command("secret-tool").args(lookup));
        let text = String::from_utf8(out.stdout).unwrap();
        out.status.success().then_some(text)
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

const USER: &str = "tfe.corp.example/empty/organization";

#[test]
#[ignore = "needs gnome-keyring and secret-tool; run by .ci/run"]
fn the_keyring_has_the_secret_and_nothing_else_has() {
    let (owner, session) = (Owner::new(), Session::start());
    let run = Run::start(&owner, |builder| {
        builder.env("DBUS_SESSION_BUS_ADDRESS", &session.address)
    });
    run.generate_into_panel();
    // A `k` that comes at once is taken for one that was meant for the list.
    run.program
        .stable()
        .press("k")
        .wait_for("delivered to the keyring");
    let secret = session.lookup(USER).expect("an entry");
    // The keyring's own files are encrypted.
    let files = session.home.path().to_owned();
    let mut sentinel = Sentinel::new(&[&secret]);
    sentinel.scan_tree(&files).finish();
    run.quit_and_hunt(&secret, Hunt::default());
}

#[test]
#[ignore = "needs gnome-keyring and secret-tool; run by .ci/run"]
fn the_keyring_is_the_rescue_of_a_program_that_is_ended() {
    let (owner, session) = (Owner::new(), Session::start());
    let run = Run::start(&owner, |builder| {
        builder.env("DBUS_SESSION_BUS_ADDRESS", &session.address)
    });
    select(&run.program, "empty");
    run.program
        .press("n")
        .wait_for("the keyring, should the program have to end");
    run.program.enter().wait_for("A token was generated");
    run.program.signal(Signal::TERM);
    assert_eq!(run.program.wait_exit(), Exit::Code(143));
    let secret = session.lookup(USER).expect("an entry");
    let log = std::fs::read_to_string(owner.log()).unwrap();
    assert!(log.contains("signal=End(15)") && log.contains("rescued"));
    run.hunt(&secret, Hunt::default());

    // Nothing but the journal tells that it waits there.
    let next = owner.program().start();
    next.wait_for("From an earlier run")
        .wait_for("was rescued: bring it")
        .wait_for("keyring");
    // Told for good only once the host's word stands beside it.
    let now = owner.token("empty").unwrap();
    next.wait_for_words(&format!("{now} is there now"));
    next.esc().wait_gone("From an earlier run").press("q");
    assert_eq!(next.wait_exit(), Exit::Code(0));
    let third = owner.start();
    third.stable();
    assert!(!third.look().contains("From an earlier run"));
}
