//! The program inside tmux: the terminal around it gets the secret, and no
//! paste buffer keeps it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::hunt::{Hunt, Run};
use super::real::{run, until};
use super::support::{Exit, Owner, Program, Signal, fixture};

/// A tmux server that outlives the program's session, gone with it.
struct Tmux {
    folder: TempDir,
    _server: Program,
}

impl Tmux {
    fn start(owner: &Owner, option: Option<&str>) -> Self {
        let folder = TempDir::new().unwrap();
        let line = option.map(|value| format!("set -g set-clipboard {value}\n"));
        let configuration = folder.path().join("tmux.conf");
        fs::write(&configuration, line.unwrap_or_default()).unwrap();
        fs::write(folder.path().join("credential"), owner.credential()).unwrap();
        let server = Program::build("tmux")
            .arg("-f")
            .arg(&configuration)
            .arg("-S")
            .arg(folder.path().join("socket"))
            .args(["new-session", "-d", "sleep", "3600"])
            .home(owner.home.path())
            .env("SSH_TTY", "/dev/pts/9")
            .start();
        assert_eq!(server.wait_exit(), Exit::Code(0));
        Self {
            folder,
            _server: server,
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn ask(&self, arguments: &[&str]) -> String {
        let mut tmux = Command::new("tmux");
        tmux.arg("-S").arg(self.socket()).args(arguments);
        let out = run(tmux.env_remove("TMUX"));
        assert!(out.status.success(), "{out:?}");
        String::from_utf8(out.stdout).unwrap()
    }

    /// The names of the paste buffers.
    fn buffers(&self) -> String {
        self.ask(&["list-buffers", "-F", "#{buffer_name}"])
    }

    /// The program in a session of its own. Only its own process gets the
    /// credential: tmux shows its environment to everything in it.
    fn program<'o>(&self, owner: &'o Owner) -> Run<'o> {
        let variable = fixture::VARIABLE;
        let script = format!(
            "read -r {variable} <'{}/credential'; export {variable}; exec '{}' --log '{}'",
            self.folder.path().display(),
            env!("CARGO_BIN_EXE_orgward"),
            owner.log().display(),
        );
        let builder = Program::build("tmux")
            .arg("-S")
            .arg(self.socket())
            .args(["new-session", "-s", "ours", &script])
            .home(owner.home.path())
            .size(110, 31);
        Run::of(owner, builder)
    }

    /// The program's process.
    fn pid(&self) -> i32 {
        let pid = self.ask(&["display-message", "-p", "-t", "ours", "#{pane_pid}"]);
        pid.trim().parse().unwrap()
    }
}

/// Generates a token, which is copied by default, and returns what arrived in
/// the terminal around tmux.
fn copied(run: &Run) -> String {
    run.generate("osc52, the terminal's clipboard");
    run.program
        .wait_for("sent to the terminal's clipboard, through tmux")
        .wait_for("may not have arrived");
    until("the copy in the outer terminal", || {
        !run.program.osc52().is_empty()
    });
    String::from_utf8(run.program.osc52()[0].clone()).unwrap()
}

/// Leaves; what nobody confirmed is asked about.
fn leave(run: &Run) {
    run.program.press("q").wait_for("Undelivered secret");
    run.program.type_text("lose").enter();
    assert_eq!(run.program.wait_exit(), Exit::Code(0));
}

fn hunt<'p>(pid: i32) -> Hunt<'p> {
    Hunt {
        escapes: true,
        credential_in: Some(pid),
        ..Hunt::default()
    }
}

#[test]
#[ignore = "needs tmux; run by .ci/run"]
fn the_secret_passes_tmux_and_its_buffer_is_gone_at_clear_time() {
    for option in [None, Some("on"), Some("external")] {
        let owner = Owner::new();
        owner.configure("[clipboard]\nclear_after = \"5s\"");
        let tmux = Tmux::start(&owner, option);
        let run = tmux.program(&owner);
        let pid = tmux.pid();
        let secret = copied(&run);
        run.program.wait_for("tmux's own copy is deleted in 5 s");
        until("no buffer", || tmux.buffers().is_empty());
        run.program.wait_for("cleared from");
        leave(&run);
        run.hunt(&secret, hunt(pid));
    }
}

#[test]
#[ignore = "needs tmux; run by .ci/run"]
fn the_buffer_is_gone_when_the_program_quits() {
    let owner = Owner::new();
    owner.configure("[clipboard]\nclear_after = \"never\"");
    let tmux = Tmux::start(&owner, None);
    let run = tmux.program(&owner);
    let pid = tmux.pid();
    let secret = copied(&run);
    assert!(tmux.buffers().starts_with("orgward-"));
    leave(&run);
    until("no buffer", || tmux.buffers().is_empty());
    run.hunt(&secret, hunt(pid));
}

#[test]
#[ignore = "needs tmux; run by .ci/run"]
fn the_buffer_is_gone_after_the_program_was_killed() {
    let owner = Owner::new();
    owner.configure("[clipboard]\nclear_after = \"never\"");
    let tmux = Tmux::start(&owner, None);
    let run = tmux.program(&owner);
    let pid = tmux.pid();
    let secret = copied(&run);
    assert!(tmux.buffers().starts_with("orgward-"));
    let process = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(process, Signal::KILL).unwrap();
    run.program.wait_exit();
    until("no buffer", || tmux.buffers().is_empty());
    run.hunt(&secret, hunt(pid));
}

#[test]
#[ignore = "needs tmux; run by .ci/run"]
fn a_revealed_secret_is_not_in_the_history_of_a_terminal_without_a_second_screen() {
    for signal in [Signal::TERM, Signal::INT] {
        let owner = Owner::new();
        let tmux = Tmux::start(&owner, None);
        tmux.ask(&["set-option", "-g", "alternate-screen", "off"]);
        tmux.ask(&["set-option", "-g", "remain-on-exit", "on"]);
        let run = tmux.program(&owner);
        let pid = tmux.pid();
        let secret = copied(&run);
        run.program.press("v").wait_for(&secret[..30]);
        let process = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(process, signal).unwrap();
        if signal == Signal::INT {
            run.program.wait_for("Undelivered secret");
            run.program.type_text("lose").enter();
        }
        until("the end of the program", || {
            tmux.ask(&["display-message", "-p", "-t", "ours", "#{pane_dead}"]) == "1\n"
        });
        let history = tmux.ask(&["capture-pane", "-p", "-J", "-S", "-", "-t", "ours"]);
        assert!(!history.contains(&secret[..30]), "{history}");
    }
}
