//! An X11 display of a test's own, and what other programs see of its clipboard.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use orgward::delivery::Deliverer;
use tempfile::TempDir;

use super::{deliverer, program_with, run, until};

/// The variable by which the keepers of a display are found: the number of a
/// display is used again as soon as it is free.
const MARK: &str = "ORGWARD_TEST_DISPLAY";

/// A display of a test's own, gone with it.
pub struct Display {
    pub server: Child,
    /// For `DISPLAY`.
    pub name: String,
    pub folder: TempDir,
}

impl Display {
    pub fn start() -> Self {
        let mut server = Command::new("Xvfb")
            // By default it starts anew when its last client goes, and refuses
            // connections meanwhile; a desktop's server always has clients.
            .arg("-noreset")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "640x480x8",
                "-nolisten",
                "tcp",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is needed here");
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut number)
            .unwrap();
        assert!(!number.trim().is_empty(), "Xvfb did not start");
        Self {
            server,
            name: format!(":{}", number.trim()),
            folder: TempDir::new().unwrap(),
        }
    }

    pub fn program(&self) -> PathBuf {
        let mark = self.folder.path().to_str().unwrap();
        program_with(self.folder.path(), &[("DISPLAY", &self.name), (MARK, mark)])
    }

    pub fn deliverer(&self, clear_after: Option<Duration>) -> Deliverer {
        deliverer(self.folder.path(), self.program(), clear_after)
    }

    pub fn xclip(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("xclip");
        command.args(arguments).env("DISPLAY", &self.name);
        command
    }

    /// What a paste would give; nothing if there is nothing. xclip waits for ever
    /// for an owner that ends after it was asked, hence the limit and the
    /// second question.
    pub fn content(&self) -> Option<String> {
        loop {
            let mut paste = Command::new("timeout");
            paste
                .args(["5", "xclip", "-selection", "clipboard", "-o"])
                .env("DISPLAY", &self.name);
            let out = run(&mut paste);
            match out.status.code() {
                Some(0) => return Some(String::from_utf8(out.stdout).unwrap()),
                Some(124) => {}
                Some(127) => panic!("xclip is needed here"),
                _ => return None,
            }
        }
    }

    /// Another program copies something.
    pub fn foreign_copy(&self, text: &str) {
        let mut child = self
            .xclip(&["-selection", "clipboard", "-i"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("xclip is needed here");
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        assert!(child.wait().unwrap().success());
        until("the foreign copy", || {
            self.content().as_deref() == Some(text)
        });
    }

    /// The keepers of this display: process ids.
    pub fn keepers(&self) -> Vec<u32> {
        let mark = format!("{MARK}={}", self.folder.path().display());
        let display = format!("DISPLAY={}", self.name);
        let has = |pid: u32, file: &str, text: &str| {
            fs::read(format!("/proc/{pid}/{file}"))
                .unwrap_or_default()
                .split(|byte| *byte == 0)
                .any(|part| part == text.as_bytes())
        };
        fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
            .filter(|pid| has(*pid, "cmdline", "keeper"))
            .filter(|pid| has(*pid, "environ", &mark) || has(*pid, "environ", &display))
            .collect()
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
