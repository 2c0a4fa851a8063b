//! OSC 52 by way of tmux: a secret that is copied in a pane arrives in the
//! terminal around tmux, and no paste buffer keeps it.

#![cfg(target_os = "linux")]

mod real;

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use orgward::delivery::{Deliverer, Destination, KeeperEnd, Settings, Surroundings};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use real::*;
use tempfile::TempDir;

/// tmux in a pseudo-terminal whose every byte is kept: the outer terminal.
struct Tmux {
    folder: TempDir,
    seen: Arc<Mutex<Vec<u8>>>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
    _master: Box<dyn portable_pty::MasterPty + Send>,
}

impl Tmux {
    fn start(option: Option<&str>) -> Self {
        let folder = TempDir::new().unwrap();
        let configuration = folder.path().join("tmux.conf");
        let line = option.map(|value| format!("set -g set-clipboard {value}\n"));
        fs::write(&configuration, line.unwrap_or_default()).unwrap();
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let mut command = CommandBuilder::new("tmux");
        command.arg("-f");
        command.arg(&configuration);
        command.arg("-S");
        command.arg(folder.path().join("socket"));
        command.args(["new-session", "sleep", "3600"]);
        command.env("TERM", "xterm-256color");
        command.env_remove("TMUX");
        let child = pair
            .slave
            .spawn_command(command)
            .expect("tmux is needed here");
        let mut reader = pair.master.try_clone_reader().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut piece) {
                to.lock().unwrap().extend_from_slice(&piece[..n]);
            }
        });
        let tmux = Self {
            folder,
            seen,
            child,
            _master: pair.master,
        };
        until("a client of tmux", || {
            !tmux.ask(&["list-clients"]).is_empty()
        });
        tmux
    }

    fn ask(&self, arguments: &[&str]) -> String {
        let out = run(Command::new("tmux")
            .arg("-S")
            .arg(self.folder.path().join("socket"))
            .args(arguments)
            .env_remove("TMUX"));
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// The binary as it would start in a pane.
    fn program(&self) -> PathBuf {
        let id = self.ask(&["display-message", "-p", "#{pid},#{session_id}"]);
        let socket = self.folder.path().join("socket");
        let tmux = format!("{},{}", socket.display(), id.trim().replace('$', ""));
        let pane = self.ask(&["display-message", "-p", "#{pane_id}"]);
        program_with(
            self.folder.path(),
            &[("TMUX", &tmux), ("TMUX_PANE", pane.trim())],
        )
    }

    fn deliverer(&self, clear_after: Option<Duration>) -> Deliverer {
        Deliverer::new(Settings {
            clear_after,
            surroundings: Surroundings {
                ssh: true,
                tmux: true,
                demo: false,
            },
            ..settings(self.folder.path(), self.program())
        })
    }

    fn has_seen(&self, text: &str) -> bool {
        let seen = self.seen.lock().unwrap();
        seen.windows(text.len())
            .any(|window| window == text.as_bytes())
    }

    fn buffers(&self) -> String {
        self.ask(&["list-buffers", "-F", "#{buffer_name} #{buffer_sample}"])
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.ask(&["kill-server"]);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
#[ignore = "needs tmux; run by .ci/run"]
async fn a_secret_passes_tmux_and_no_buffer_keeps_it() {
    for option in [None, Some("on"), Some("external"), Some("off")] {
        let tmux = Tmux::start(option);
        let clear_after = Duration::from_millis(1500);
        let deliverer = tmux.deliverer(Some(clear_after));
        let secret = fresh_secret();
        let proven = deliverer.prove(&Destination::Osc52, &slot()).await.unwrap();
        assert_eq!(tmux.buffers(), "", "nothing before there is a secret");
        let done = proven.deliver(&secret, &facts()).await.unwrap();
        assert!(!done.certain && done.clears_after.is_none());
        assert!(done.note.unwrap().contains("not cleared"));
        let encoded = STANDARD.encode(secret.expose());
        until("the outer terminal gets it", || tmux.has_seen(&encoded));
        assert!(!tmux.has_seen(secret.expose()));
        assert_eq!(processes_that_show(&secret), Vec::<String>::new());
        let keeper = done.keeper.unwrap();
        assert_eq!(keeper.ended().await, KeeperEnd::Cleared, "{option:?}");
        assert_eq!(tmux.buffers(), "", "{option:?}");
    }
}

#[tokio::test]
#[ignore = "needs tmux; run by .ci/run"]
async fn the_buffer_goes_with_the_program_and_others_stay() {
    let tmux = Tmux::start(None);
    tmux.ask(&["set-buffer", "-b", "theirs", "something"]);
    let deliverer = tmux.deliverer(None);
    for _ in 0..2 {
        let proven = deliverer.prove(&Destination::Osc52, &slot()).await.unwrap();
        proven.deliver(&fresh_secret(), &facts()).await.unwrap();
    }
    until("only the newer copy", || {
        tmux.buffers().lines().count() == 2
    });
    // A program that quits and one that dies look the same to the keeper.
    drop(deliverer);
    until("no copy is left", || tmux.buffers() == "theirs something\n");
}
