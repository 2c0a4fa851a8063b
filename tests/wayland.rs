//! The keeper on a real Wayland clipboard: a headless sway, read by wl-paste.

#![cfg(target_os = "linux")]

mod real;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use orgward::delivery::{Delivered, Deliverer, Destination, KeeperEnd, KeeperHandle};
use orgward::secret::Secret;
use real::*;
use tempfile::TempDir;

/// A compositor of a test's own, gone with it.
struct Compositor {
    server: Child,
    socket: String,
    runtime: TempDir,
    folder: TempDir,
}

impl Compositor {
    fn start() -> Self {
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

    fn variables(&self) -> [(&str, &str); 2] {
        [
            ("WAYLAND_DISPLAY", &self.socket),
            ("XDG_RUNTIME_DIR", self.runtime.path().to_str().unwrap()),
        ]
    }

    fn program(&self) -> PathBuf {
        program_with(self.folder.path(), &self.variables())
    }

    fn deliverer(&self, clear_after: Option<Duration>) -> Deliverer {
        deliverer(self.folder.path(), self.program(), clear_after)
    }

    fn paste(&self, arguments: &[&str]) -> Option<String> {
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

    fn content(&self) -> Option<String> {
        self.paste(&["--no-newline"])
    }

    fn foreign_copy(&self, text: &str) {
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

async fn copy(deliverer: &Deliverer, secret: &Secret) -> Delivered {
    let proven = deliverer
        .prove(&Destination::Clipboard, &slot())
        .await
        .unwrap();
    proven.deliver(secret, &facts()).await.unwrap()
}

fn keeper(done: &Delivered) -> KeeperHandle {
    done.keeper.clone().unwrap()
}

const SHORT: Duration = Duration::from_millis(1500);

#[tokio::test]
#[ignore = "needs sway and wl-clipboard; run by .ci/run"]
async fn a_copy_is_marked_and_nowhere_else() {
    let compositor = Compositor::start();
    let secret = fresh_secret();
    let done = copy(&compositor.deliverer(None), &secret).await;
    assert_eq!(compositor.content().as_deref(), Some(secret.expose()));
    let types = compositor.paste(&["--list-types"]).unwrap();
    let mark = "x-kde-passwordManagerHint";
    assert!(types.lines().any(|line| line == mark), "{types}");
    let hint = compositor.paste(&["--no-newline", "--type", mark]);
    assert_eq!(hint.as_deref(), Some("secret"));
    assert_eq!(compositor.paste(&["--primary"]), None);
    assert_eq!(processes_that_show(&secret), Vec::<String>::new());
    keeper(&done).clear().await;
    assert_eq!(keeper(&done).ended().await, KeeperEnd::Cleared);
    until("an empty clipboard", || compositor.content().is_none());
}

#[tokio::test]
#[ignore = "needs sway and wl-clipboard; run by .ci/run"]
async fn ours_is_cleared_at_its_time_and_foreign_content_survives() {
    let compositor = Compositor::start();
    let deliverer = compositor.deliverer(Some(SHORT));
    let start = Instant::now();
    let done = copy(&deliverer, &fresh_secret()).await;
    assert_eq!(keeper(&done).ended().await, KeeperEnd::Cleared);
    assert!(start.elapsed() >= SHORT);
    until("an empty clipboard", || compositor.content().is_none());

    let done = copy(&deliverer, &fresh_secret()).await;
    compositor.foreign_copy("theirs");
    assert_eq!(keeper(&done).ended().await, KeeperEnd::Replaced);
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(compositor.content().as_deref(), Some("theirs"));

    let first = copy(&deliverer, &fresh_secret()).await;
    let secret = fresh_secret();
    let _second = copy(&compositor.deliverer(None), &secret).await;
    assert_eq!(keeper(&first).ended().await, KeeperEnd::Replaced);
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(compositor.content().as_deref(), Some(secret.expose()));
}

#[tokio::test]
#[ignore = "needs sway and wl-clipboard; run by .ci/run"]
async fn a_copy_outlives_the_program_until_its_deadline() {
    const TIME: Duration = Duration::from_secs(6);
    let compositor = Compositor::start();
    let secret = fresh_secret();
    let start = Instant::now();
    {
        // Its end closes the keeper's pipe, like the program's own end does.
        let deliverer = compositor.deliverer(Some(TIME));
        copy(&deliverer, &secret).await;
    }
    let mut served = 0;
    until("the deadline", || match compositor.content() {
        Some(content) => {
            assert_eq!(content, secret.expose());
            served += 1;
            false
        }
        None => true,
    });
    assert!(served > 0 && start.elapsed() >= TIME);
}
