//! Credentials from other programs: a configured command, and the Terraform
//! CLI's credentials helper.
//!
//! Such programs may ask for a finger, a password or a key, so never two of
//! them run at a time. They get no terminal at first: one that asks on it would
//! write over the screen, and two readers would share the owner's keys. It fails
//! then, and the owner may have it run again with the terminal in its hands. Where
//! there is no screen it has the terminal at once, and a credential that is to be
//! typed is typed there.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Mutex, Notify};
use zeroize::Zeroizing;

use super::environment::Environment;
use super::terraform::{self, Helper};
use super::typing;
use super::value::Value;
use crate::child::{self, ChildError, Finished};
use crate::config::HostConfig;
use crate::secret::Secret;
use crate::slot::Host;
use crate::text;

/// How long a program may take; somebody may have to find a key first, and on
/// the screen it can be stopped.
const TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// How long after a program's end the key that ended it may be noticed here.
const SAME_KEY: Duration = Duration::from_millis(100);
/// The most that it may print, in bytes.
const MAX_OUTPUT: usize = 64 * 1024;

/// What a program does, for whoever shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A program of this name has begun.
    Began(String),
    /// It has ended.
    Ended,
}

/// Runs the programs: a handle, whose clones share one queue.
#[derive(Clone, Default)]
pub struct Programs {
    shared: Arc<Shared>,
    detacher: Option<Arc<Path>>,
    terminal: bool,
    asks: bool,
    /// What may help where one failed without a terminal; a clause.
    mend: &'static str,
}

/// Told `true` before the terminal is lent to somebody, and `false` after.
type Lending = Arc<dyn Fn(bool) + Send + Sync>;

#[derive(Default)]
struct Shared {
    turn: Mutex<()>,
    stop: Notify,
    listener: StdMutex<Option<UnboundedSender<Progress>>>,
    lending: StdMutex<Option<Lending>>,
}

impl Programs {
    /// Programs that are cut off from the terminal by `detacher`, this
    /// program's own file; see [`child::detach`].
    pub fn detached_by(detacher: &Path) -> Self {
        Self {
            detacher: Some(detacher.into()),
            ..Self::default()
        }
    }

    /// The same programs, with the terminal in their hands. There must be no
    /// screen on it then.
    pub fn on_terminal(&self) -> Self {
        Self {
            terminal: true,
            ..self.clone()
        }
    }

    /// The same programs, with a clause for one that failed without a terminal.
    pub fn mended_by(&self, mend: &'static str) -> Self {
        Self {
            mend,
            ..self.clone()
        }
    }

    /// The same programs, and whoever has to type a credential is asked on the
    /// terminal. There must be no screen on it then.
    pub fn asking(&self) -> Self {
        Self {
            asks: true,
            ..self.clone()
        }
    }

    /// Calls `lending` whenever the terminal is somebody else's and when it is not
    /// any more.
    pub fn lend_by(&self, lending: impl Fn(bool) + Send + Sync + 'static) {
        let known = self.shared.lending.lock();
        *known.unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(lending));
    }

    fn lend(&self) -> Lent {
        let lending = self.shared.lending.lock();
        let lending = lending.unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(lending) = &lending {
            lending(true);
        }
        Lent(lending)
    }

    /// What the owner types for a host; nothing where nobody can be asked.
    pub(super) async fn ask(&self, host: &HostConfig) -> Option<io::Result<Zeroizing<String>>> {
        if !self.asks {
            return None;
        }
        let _turn = self.shared.turn.lock().await;
        let _lent = self.lend();
        let whose = match &host.account {
            Some(account) => format!("{}, account {}", host.host, text::safe(account)),
            None => host.host.to_string(),
        };
        let question = format!("Credential for {whose} (it is not shown): ");
        Some(typing::line(&question).await)
    }

    /// Whether one is running: another would have to wait.
    pub fn is_busy(&self) -> bool {
        self.shared.turn.try_lock().is_err()
    }

    /// Tells `listener` what happens from now on.
    pub fn report_to(&self, listener: UnboundedSender<Progress>) {
        *self.listener() = Some(listener);
    }

    /// Stops the program that is running.
    pub fn stop(&self) {
        self.shared.stop.notify_waiters();
    }

    fn listener(&self) -> std::sync::MutexGuard<'_, Option<UnboundedSender<Progress>>> {
        let listener = self.shared.listener.lock();
        listener.unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, progress: Progress) {
        if let Some(listener) = &*self.listener() {
            let _ = listener.send(progress);
        }
    }

    /// The standard output of a program that succeeded; else a clause that
    /// follows its name.
    async fn output_of(
        &self,
        program: &OsStr,
        arguments: &[&str],
        input: Option<(&Secret, &str)>,
    ) -> Result<Zeroizing<String>, String> {
        let _turn = self.shared.turn.lock().await;
        let finished = if self.terminal && input.is_none() {
            self.run_on_terminal(program, arguments).await
        } else {
            tokio::select! {
                finished = self.run_apart(program, arguments, input) => finished,
                () = self.shared.stop.notified() => return Err("it was stopped".to_owned()),
            }
        };
        let Finished {
            success,
            status,
            mut stdout,
            stderr,
            ..
        } = finished.map_err(|error| text::safe(&error.to_string()))?;
        let output = String::from_utf8(std::mem::take(&mut *stdout)).map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            "it printed something that is not text".to_owned()
        })?;
        let output = Zeroizing::new(output);
        match success {
            true => Ok(output),
            false => Err(self.complaint(&output, &status, &stderr)),
        }
    }

    /// With the terminal as its standard input and error.
    async fn run_on_terminal(
        &self,
        program: &OsStr,
        arguments: &[&str],
    ) -> Result<Finished, ChildError> {
        let mut command = child::foreground(program);
        command.args(arguments);
        let _lent = self.lend();
        let _ended = self.begin(program, arguments);
        let finished = child::run_on_terminal(command, MAX_OUTPUT).await;
        if !finished.as_ref().is_ok_and(|finished| finished.success) {
            // Ctrl-C there is meant for this program as well, which hears of it
            // a moment later.
            tokio::time::sleep(SAME_KEY).await;
        }
        finished
    }

    /// Without a terminal, and within its time.
    async fn run_apart(
        &self,
        program: &OsStr,
        arguments: &[&str],
        input: Option<(&Secret, &str)>,
    ) -> Result<Finished, ChildError> {
        let mut command = match &self.detacher {
            Some(detacher) => child::detached(detacher, program),
            None => child::command(program),
        };
        command.args(arguments);
        let _ended = self.begin(program, arguments);
        child::run(command, input, TIMEOUT, MAX_OUTPUT).await
    }

    /// Reports that a program begins, and when it has ended.
    fn begin(&self, program: &OsStr, arguments: &[&str]) -> Ended<'_> {
        self.report(Progress::Began(name_of(program, arguments)));
        Ended(self)
    }

    /// Why a program gave nothing, as a clause.
    fn complaint(&self, output: &str, status: &str, stderr: &str) -> String {
        // What it printed before it failed may be the credential, and its complaint
        // may repeat it.
        let _held: Vec<Secret> = output
            .lines()
            .map(|line| Secret::new(line.to_owned()))
            .collect();
        let said = text::safe(stderr);
        let mend = if self.terminal { "" } else { self.mend };
        match said.trim_end() {
            "" if self.terminal => format!("it ended with {status}"),
            "" => format!("it ended with {status} and said nothing{mend}"),
            said => format!("it ended with {status} and said: {said}{mend}"),
        }
    }
}

/// Reports the end, also of a run that is given up.
struct Ended<'a>(&'a Programs);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.report(Progress::Ended);
    }
}

/// The terminal in somebody else's hands; given up at whatever end.
struct Lent(Option<Lending>);

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(lending) = &self.0 {
            lending(false);
        }
    }
}

/// What the screen calls a program: its name and its first argument.
fn name_of(program: &OsStr, arguments: &[&str]) -> String {
    let program = Path::new(program).file_name().unwrap_or(program);
    let mut name = program.to_string_lossy().into_owned();
    if let Some(first) = arguments.first() {
        name.push(' ');
        name.push_str(first);
    }
    if arguments.len() > 1 {
        name.push_str(" …");
    }
    text::fit(&text::safe(&name), 60, false)
}

/// The standard output of a command, without one newline at its end. The error
/// is a clause that follows the program's name.
pub(super) async fn command(
    arguments: &[String],
    programs: &Programs,
) -> Result<Zeroizing<String>, String> {
    let Some((program, arguments)) = arguments.split_first() else {
        return Err("no program is named".to_owned());
    };
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut output = programs
        .output_of(OsStr::new(program), &arguments, None)
        .await?;
    if output.ends_with('\n') {
        output.pop();
        if output.ends_with('\r') {
            output.pop();
        }
    }
    Ok(output)
}

/// What a helper has for a host: `None` if nothing.
pub(super) async fn ask_helper(
    helper: &Helper,
    path: PathBuf,
    host: &Host,
    programs: &Programs,
) -> Result<Option<Secret>, String> {
    let mut arguments: Vec<&str> = helper.args.iter().map(String::as_str).collect();
    arguments.extend(["get", host.as_str()]);
    let output = programs.output_of(path.as_os_str(), &arguments, None);
    let output = output.await?;
    let answer: Option<Value> = match output.trim_start().starts_with('{') {
        true => serde_json::from_str(&output).ok(),
        false => None,
    };
    match answer.and_then(Value::entries) {
        Some(entries) => Ok(terraform::token_of(entries).flatten()),
        None => Err("its answer is not a JSON object".to_owned()),
    }
}

/// Has a helper store a credential for a host.
pub(super) async fn tell_helper(
    helper: &Helper,
    path: PathBuf,
    host: &Host,
    secret: &Secret,
    programs: &Programs,
) -> Result<(), String> {
    let mut arguments: Vec<&str> = helper.args.iter().map(String::as_str).collect();
    arguments.extend(["store", host.as_str()]);
    let text = Zeroizing::new(serde_json::Value::from(secret.expose()).to_string());
    let object = Secret::from_zeroizing(Zeroizing::new(format!("{{\"token\":{}}}", *text)));
    let input = Some((&object, "\n"));
    let told = programs.output_of(path.as_os_str(), &arguments, input);
    told.await.map(drop)
}

/// Where the program of a helper is: in the Terraform CLI's plugin folder or
/// that folder's part for this platform, never on the PATH.
pub(super) fn helper_path(helper: &Helper, env: &Environment) -> Option<PathBuf> {
    let plugins = terraform::folder(env)?.join("plugins");
    let name = format!(
        "terraform-credentials-{}{}",
        helper.name,
        std::env::consts::EXE_SUFFIX
    );
    [plugins.join(platform()), plugins]
        .into_iter()
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file())
}

/// This platform as Go calls it: `linux_amd64`.
fn platform() -> String {
    use std::env::consts::{ARCH, OS};
    let os = if OS == "macos" { "darwin" } else { OS };
    let arch = match ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("{os}_{arch}")
}
