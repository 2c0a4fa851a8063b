//! A headless Wayland compositor of a test's own, and what other programs see of
//! its clipboard.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use orgward::delivery::Deliverer;
use tempfile::TempDir;

use super::{deliverer, program_with, run, until};

/// A compositor of a test's own, gone with it.
pub struct Compositor {
    server: Child,
    socket: String,
    pub runtime: TempDir,
    pub folder: TempDir,
}

impl Compositor {
    pub fn start() -> Self {
        let runtime = TempDir::new().unwrap();
        let at = runtime.path();
        fs::write(at.join("sway.conf"), "xwayland disable\n").unwrap();
        fs::set_permissions(at, fs::Permissions::from_mode(0o700)).unwrap();
        // sway refuses to run as root.
        let root = run(Command::new("id").arg("-u")).stdout == b"0\n";
        let mut command = if root {
            let owned = run(Command::new("chown").args(["-R", "nobody"]).arg(at));
            assert!(owned.status.success(), "{owned:?}");
            let mut command = Command::new("setpriv");
            command.args([
                "--reuid=nobody",
                "--regid=nogroup",
                "--clear-groups",
                "sway",
            ]);
            command
        } else {
            Command::new("sway")
        };
        let server = command
            .arg("-c")
            .arg(at.join("sway.conf"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", at)
            .env("XDG_RUNTIME_DIR", at)
            .env("WLR_BACKENDS", "headless")
            .env("WLR_RENDERER", "pixman")
            .env("WLR_LIBINPUT_NO_DEVICES", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sway (and, for root, setpriv) is needed here");
        let mut compositor = Self {
            server,
            socket: String::new(),
            runtime,
            folder: TempDir::new().unwrap(),
        };
        until("sway's socket", || {
            let entries = fs::read_dir(compositor.runtime.path()).unwrap();
            let mut names =
                entries.filter_map(|entry| entry.unwrap().file_name().into_string().ok());
            match names.find(|name| name.starts_with("wayland-") && !name.ends_with(".lock")) {
                Some(name) => {
                    compositor.socket = name;
                    true
                }
                None => {
                    let ended = compositor.server.try_wait().unwrap();
                    assert!(ended.is_none(), "sway did not start");
                    false
                }
            }
        });
        compositor
    }

    /// By which a program finds it.
    pub fn variables(&self) -> [(&str, &str); 2] {
        [
            ("WAYLAND_DISPLAY", &self.socket),
            ("XDG_RUNTIME_DIR", self.runtime.path().to_str().unwrap()),
        ]
    }

    pub fn program(&self) -> PathBuf {
        program_with(self.folder.path(), &self.variables())
    }

    pub fn deliverer(&self, clear_after: Option<Duration>) -> Deliverer {
        deliverer(self.folder.path(), self.program(), clear_after)
    }

    pub fn paste(&self, arguments: &[&str]) -> Option<String> {
        loop {
            let mut command = Command::new("timeout");
            command
                .args(["5", "wl-paste"])
                .args(arguments)
                .envs(self.variables());
            let out = run(&mut command);
            match out.status.code() {
                Some(0) => return Some(String::from_utf8(out.stdout).unwrap()),
                Some(124) => {}
                Some(127) => panic!("wl-paste is needed here"),
                _ => return None,
            }
        }
    }

    pub fn content(&self) -> Option<String> {
        // A paste that is cut off by the owner's end is empty and no failure.
        let text = self.paste(&["--no-newline"]);
        text.filter(|text| !text.is_empty())
    }

    pub fn foreign_copy(&self, text: &str) {
        let mut command = Command::new("wl-copy");
        command
            .arg(text)
            .envs(self.variables())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        assert!(command.status().expect("wl-copy is needed here").success());
        until("the foreign copy", || {
            self.content().as_deref() == Some(text)
        });
    }
}

impl Drop for Compositor {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
