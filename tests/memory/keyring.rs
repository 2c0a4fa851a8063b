//! A session bus with an unlocked keyring, for one program.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The variable by which programs find the bus.
pub const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";

/// Both end with this.
pub struct Keyring {
    pub address: String,
    bus: Child,
    daemon: Child,
}

impl Keyring {
    /// Everything it keeps is below `home`.
    pub fn start(home: &Path) -> Self {
        let mut bus = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is needed here");
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        let address = address.trim().to_owned();
        assert!(!address.is_empty(), "the bus did not start");
        let mut daemon = Command::new("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .env(BUS, &address)
            .env("HOME", home)
            .env("XDG_DATA_HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("gnome-keyring is needed here");
        daemon.stdin.take().unwrap().write_all(b"pw\n").unwrap();
        let keyring = Self {
            address,
            bus,
            daemon,
        };
        super::real::until("the keyring answers", || {
            let mut ask = keyring.secret_tool(&["search", "service", "nobody"]);
            super::real::run(&mut ask).status.success()
        });
        keyring
    }

    /// A password, as another program reads it.
    pub fn look_up(&self, user: &str) -> String {
        let arguments = ["lookup", "service", "orgward", "username", user];
        let out = super::real::run(&mut self.secret_tool(&arguments));
        assert!(out.status.success(), "{out:?}");
        String::from_utf8(out.stdout).unwrap()
    }

    fn secret_tool(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("secret-tool");
        command.args(arguments).env(BUS, &self.address);
        command
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        for child in [&mut self.daemon, &mut self.bus] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
