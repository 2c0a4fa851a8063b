//! Starting other programs: without the owner's credentials in their
//! environment, with bounded output and time, and without leaving them behind.
//!
//! Credentials arrive in variables (`TF_TOKEN_…`, `TFE_TOKEN`, a configured
//! name). A child has no business with them, so every child of this program is
//! built here.

use std::ffi::OsStr;
#[cfg(unix)]
use std::ffi::OsString;
use std::io;
use std::path::Path;
#[cfg(unix)]
use std::process::ExitCode;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::text;

/// Configured variable names that hold credentials.
static HIDDEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Adds the name of a variable that holds a credential, so that no child gets it.
pub fn hide_variable(name: &str) {
    let mut hidden = HIDDEN.lock().unwrap_or_else(PoisonError::into_inner);
    if !hidden.iter().any(|known| known == name) {
        hidden.push(name.to_owned());
    }
}

/// Whether a variable may hold a credential.
pub fn is_hidden(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    upper.starts_with("TF_TOKEN_")
        || upper == "TFE_TOKEN"
        || HIDDEN
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .any(|hidden| hidden == name)
}

/// A command without credentials in its environment, in a process group of its
/// own, with nothing on its standard streams, killed when it is dropped.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    #[allow(unused_mut, reason = "process groups are Unix's")]
    let mut command = bare(program);
    #[cfg(unix)]
    command.process_group(0);
    command
}

/// Like [`command`], without a terminal at all: a program that wants one fails
/// at once, instead of being stopped for ever or writing over the screen.
/// `by` is this program's own file, which becomes the leader of a new session
/// and then that program; see [`detach`].
pub fn detached(by: &Path, program: impl AsRef<OsStr>) -> Command {
    let mut command = bare(by);
    command.arg(DETACH).arg(program);
    command
}

/// A command in this program's own process group, which may use the terminal.
pub fn foreground(program: impl AsRef<OsStr>) -> Command {
    bare(program)
}

fn bare(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_none_or(is_hidden) {
            command.env_remove(name);
        }
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

/// The hidden argument after which this program becomes another one.
pub const DETACH: &str = "detached";

/// Becomes the program that the arguments name, in a session of its own.
/// Returns only when that fails.
#[cfg(unix)]
pub fn detach(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    use std::os::unix::process::CommandExt;
    let Some(program) = arguments.next() else {
        return ExitCode::from(2);
    };
    // Fails only for the leader of a group, which has no terminal to lose.
    let _ = rustix::process::setsid();
    let error = std::process::Command::new(&program).args(arguments).exec();
    let words = format!("it could not be started: {error}");
    let _ = std::io::Write::write_all(&mut io::stderr(), words.as_bytes());
    ExitCode::from(127)
}

/// What a child that ended by itself left.
#[derive(Debug)]
pub struct Finished {
    /// Whether it exited with 0.
    pub success: bool,
    /// "exit code 3", "signal 9".
    pub status: String,
    /// Its standard output, as bytes: it may be a credential.
    pub stdout: Zeroizing<Vec<u8>>,
    /// Its standard error, made safe.
    pub stderr: String,
    /// Whether nothing of its input was left unread.
    pub took_input: bool,
}

/// Why a child has no result.
#[derive(Debug, Error)]
pub enum ChildError {
    /// It could not be started.
    #[error("it could not be started: {0}")]
    Start(#[source] io::Error),
    /// It was ended by us at its time limit.
    #[error("it did not end within {} s and was stopped", .0.as_secs())]
    Timeout(Duration),
    /// It printed more than it may.
    #[error("it printed more than {0} bytes and was stopped")]
    TooMuch(usize),
    /// More is to be told than a pipe takes at once.
    #[error("what it is to be given is longer than {MAX_INPUT} bytes")]
    TooLong,
    /// Its pipes failed.
    #[error("talking to it failed: {0}")]
    Io(#[source] io::Error),
}

/// The longest input: what every system's pipe takes without a reader.
const MAX_INPUT: usize = 4096;

/// Runs a command to its end: `input` on its standard input (with `tail`
/// after it, then end of file), at most `limit` bytes of standard output, at
/// most `timeout`. Without a result the child's whole process group is killed.
pub async fn run(
    mut command: Command,
    input: Option<(&Secret, &str)>,
    timeout: Duration,
    limit: usize,
) -> Result<Finished, ChildError> {
    let input = input.map(Input::new).transpose()?;
    command
        .stdin(match &input {
            Some(input) => input.end()?,
            None => Stdio::null(),
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(ChildError::Start)?;
    // The command keeps its end of the pipe open until it is dropped.
    drop(command);
    let group = Group(child.id());
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    let (mut out, mut err) = (buffer(limit), buffer(MAX_ERRORS));
    let talk = async {
        let reading = async {
            tokio::try_join!(
                read_bounded(stdout, limit, true, &mut out),
                read_bounded(stderr, MAX_ERRORS, false, &mut err)
            )
            .map(|_| ())
        };
        ended(&mut child, reading).await
    };
    let status = match tokio::time::timeout(timeout, Box::pin(talk)).await {
        Ok(result) => result?,
        Err(_) => return Err(ChildError::Timeout(timeout)),
    };
    group.forget();
    Ok(Finished {
        success: status.success(),
        took_input: input.is_none_or(|input| input.was_taken()),
        status: describe(status),
        stdout: out,
        stderr: text::safe_bytes(&err),
    })
}

/// Reads what a program says until it has ended. A process that it has left behind
/// (an agent, a daemon) may hold its pipes for ever; what the program itself has
/// said is there by then.
async fn ended(
    child: &mut Child,
    reading: impl Future<Output = Result<(), ChildError>>,
) -> Result<ExitStatus, ChildError> {
    tokio::pin!(reading);
    let mut read = false;
    let status = loop {
        tokio::select! {
            result = &mut reading, if !read => {
                result?;
                read = true;
            }
            status = child.wait() => break status.map_err(ChildError::Io)?,
        }
    };
    if !read && let Ok(result) = tokio::time::timeout(LEFT_BEHIND, reading).await {
        result?;
    }
    Ok(status)
}

/// The most bytes of standard error that are kept.
const MAX_ERRORS: usize = 64 * 1024;
/// How long the pipes of a program that has ended are listened to.
const LEFT_BEHIND: Duration = Duration::from_millis(500);

/// A pipe with everything in it that a child is to be told, so that nothing has
/// to be written while it runs, and that shows afterwards whether it listened:
/// a program that exits well without having read a secret has not got it.
struct Input(std::io::PipeReader);

impl Input {
    fn new((secret, tail): (&Secret, &str)) -> Result<Self, ChildError> {
        use std::io::Write;
        if secret.expose().len() + tail.len() > MAX_INPUT {
            return Err(ChildError::TooLong);
        }
        let (reader, mut writer) = std::io::pipe().map_err(ChildError::Io)?;
        writer
            .write_all(secret.expose().as_bytes())
            .and_then(|()| writer.write_all(tail.as_bytes()))
            .map_err(ChildError::Io)?;
        // The writer is closed here: the child's end of file.
        Ok(Self(reader))
    }

    fn end(&self) -> Result<Stdio, ChildError> {
        Ok(self.0.try_clone().map_err(ChildError::Io)?.into())
    }

    #[cfg(unix)]
    fn was_taken(&self) -> bool {
        rustix::io::ioctl_fionread(&self.0).is_ok_and(|left| left == 0)
    }

    #[cfg(not(unix))]
    fn was_taken(&self) -> bool {
        true
    }
}

/// Runs a [`foreground`] command to its end with the terminal as its standard
/// input and error; its standard output, of at most `limit` bytes, comes back.
pub async fn run_on_terminal(mut command: Command, limit: usize) -> Result<Finished, ChildError> {
    command
        .stdin(Stdio::inherit())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let mut child = command.spawn().map_err(ChildError::Start)?;
    let mut stdout = buffer(limit);
    let pipe = child.stdout.take();
    let reading = read_bounded(pipe, limit, true, &mut stdout);
    let status = Box::pin(ended(&mut child, reading)).await?;
    Ok(Finished {
        success: status.success(),
        took_input: true,
        status: describe(status),
        stdout,
        stderr: String::new(),
    })
}

/// Reserved at once: a buffer that grows leaves copies behind.
fn buffer(limit: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Vec::with_capacity(limit.min(64 * 1024)))
}

async fn read_bounded(
    stream: Option<impl AsyncRead + Unpin>,
    limit: usize,
    strict: bool,
    kept: &mut Vec<u8>,
) -> Result<(), ChildError> {
    let Some(mut stream) = stream else {
        return Ok(());
    };
    let mut piece = Zeroizing::new([0u8; 4096]);
    loop {
        let n = stream.read(&mut *piece).await.map_err(ChildError::Io)?;
        if n == 0 {
            return Ok(());
        }
        let room = limit - kept.len();
        if n > room && strict {
            return Err(ChildError::TooMuch(limit));
        }
        kept.extend_from_slice(&piece[..n.min(room)]);
    }
}

fn describe(status: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            return format!("signal {signal}");
        }
    }
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => "an unknown status".to_owned(),
    }
}

/// Kills a child's process group unless the child ended by itself.
struct Group(Option<u32>);

impl Group {
    fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(pid) = self
            .0
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = command("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn the_input_arrives_whole_and_the_output_comes_back() {
        let secret = Secret::new("the-secret-text".into());
        let done = run(
            shell("cat; echo oops >&2; exit 3"),
            Some((&secret, "\n")),
            Duration::from_secs(20),
            1024,
        )
        .await
        .unwrap();
        assert_eq!(&**done.stdout, b"the-secret-text\n");
        assert_eq!(
            (done.success, done.status.as_str(), done.stderr.as_str()),
            (false, "exit code 3", "oops")
        );
    }

    #[tokio::test]
    async fn a_child_that_does_not_read_its_input_has_not_got_it() {
        let secret = Secret::new("the-secret-text".into());
        for (script, taken) in [
            ("exec 0<&-; exit 0", false),
            ("exit 0", false),
            ("head -c 3 >/dev/null", false),
            ("cat >/dev/null", true),
        ] {
            let input = Some((&secret, "\n"));
            let done = run(shell(script), input, Duration::from_secs(20), 1024).await;
            let done = done.unwrap();
            assert!(done.success);
            assert_eq!(done.took_input, taken, "{script}");
        }
    }

    #[tokio::test]
    async fn a_secret_on_standard_error_is_replaced() {
        let secret = Secret::new("the-secret-text".into());
        let done = run(
            shell("cat >&2"),
            Some((&secret, "")),
            Duration::from_secs(20),
            1024,
        )
        .await
        .unwrap();
        assert_eq!(done.stderr, "[secret]");
    }

    #[tokio::test]
    async fn floods_and_sleepers_are_stopped() {
        let flood = run(shell("yes"), None, Duration::from_secs(20), 10_000).await;
        assert!(matches!(flood, Err(ChildError::TooMuch(10_000))));
        // With everything that it has started.
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid");
        let script = format!("sleep 600 & echo $! > '{}'; sleep 600", pid.display());
        let sleeper = run(shell(&script), None, Duration::from_secs(2), 10).await;
        assert!(matches!(sleeper, Err(ChildError::Timeout(_))));
        let pid: i32 = std::fs::read_to_string(pid)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        let is_gone = || {
            let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
            // Its parent may have no time for it.
            state.is_ok_and(|state| state.contains(") Z ")) || {
                rustix::process::test_kill_process(pid).is_err()
            }
        };
        for _ in 0..2000 {
            if is_gone() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("a process was left behind");
    }

    #[tokio::test]
    async fn what_it_leaves_running_does_not_hold_it_up() {
        let script = "sleep 600 & echo said; echo also >&2; echo $! >&2";
        let long = Duration::from_secs(300);
        let done = tokio::time::timeout(long / 2, run(shell(script), None, long, 10)).await;
        let done = done.expect("it has ended").unwrap();
        assert!(done.success);
        assert_eq!(*done.stdout, b"said\n");
        let (also, pid) = done.stderr.split_once(' ').unwrap();
        assert_eq!(also, "also");
        let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }

    #[test]
    fn names_of_credentials_are_hidden() {
        hide_variable("OWNER_CREDENTIAL");
        for name in ["TF_TOKEN_app_terraform_io", "TFE_TOKEN", "OWNER_CREDENTIAL"] {
            assert!(is_hidden(name), "{name}");
        }
        assert!(!is_hidden("PATH"));
    }
}
