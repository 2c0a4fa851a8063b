//! The program's side of the keeper: starting one, handing it a secret, and
//! learning what became of that, so that the screen never states what is not
//! true any more.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::Payload;
use super::keeper::{self, MAX_SECRET};
use crate::child;
use crate::text;

/// How long a keeper may take for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why nothing is held.
#[derive(Debug, Error)]
pub enum KeeperError {
    /// The process could not be started.
    #[error("the clipboard's keeper could not be started: {0}")]
    Start(#[source] std::io::Error),
    /// It cannot open the clipboard, or the clipboard does not take the secret.
    #[error("{0}")]
    Said(String),
    /// Somebody copied something else in the same moment.
    #[error("another program has copied something else in the meantime")]
    Replaced,
    /// No answer, or none that is understood.
    #[error("the clipboard's keeper does not answer")]
    Silent,
    /// More than fits.
    #[error("the secret is too long for the clipboard")]
    TooLong,
}

/// How a copy ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeeperEnd {
    /// It was cleared, at its time or on request.
    Cleared,
    /// Another program has copied something else.
    Replaced,
    /// A newer copy of ours took its place.
    Stopped,
    /// The keeper or the display is gone, and with it (on X11 and Wayland) the
    /// content.
    Gone(String),
}

/// A keeper that has opened the clipboard and has no secret yet. Dropping it
/// ends it.
pub(super) struct Keeper {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

/// A keeper that holds a secret. Clones speak of the same one. When the last is
/// dropped the copy on the clipboard goes on to its deadline.
#[derive(Clone)]
pub struct KeeperHandle(Arc<Shared>);

struct Shared {
    input: Mutex<ChildStdin>,
    output: Mutex<Output>,
}

enum Output {
    Open(Box<Running>),
    Ended(KeeperEnd),
}

struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// What it said last.
    end: Option<KeeperEnd>,
}

impl Keeper {
    /// Starts one; `mode` is [`keeper::CLIPBOARD`] or [`keeper::TMUX`].
    pub(super) async fn start(program: &Path, mode: &str) -> Result<Self, KeeperError> {
        let mut command = child::command(program);
        command
            .args([keeper::NAME, mode])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It outlives the program.
            .kill_on_drop(false);
        // It opens a session of its own, which the leader of a process group
        // may not do.
        #[cfg(unix)]
        command.process_group(rustix::process::getpgrp().as_raw_pid());
        let mut child = command.spawn().map_err(KeeperError::Start)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(KeeperError::Silent);
        };
        let mut keeper = Self {
            child,
            input,
            lines: BufReader::new(output).lines(),
        };
        match keeper.line().await.as_deref() {
            Some("ready") => {
                tracing::info!(mode, pid = keeper.child.id(), "keeper ready");
                Ok(keeper)
            }
            line => Err(keeper.failed(line)),
        }
    }

    /// Hands over a secret or a text; returns when the keeper has seen it on the
    /// clipboard. `clear_after`: none keeps it until it is replaced.
    pub(super) async fn hold(
        mut self,
        payload: Payload<'_>,
        clear_after: Option<Duration>,
    ) -> Result<KeeperHandle, KeeperError> {
        let secret = payload.text().as_bytes();
        if secret.len() > MAX_SECRET {
            return Err(KeeperError::TooLong);
        }
        let time = match clear_after {
            Some(time) => time.as_millis().to_string(),
            None => "never".to_owned(),
        };
        let word = match payload {
            Payload::Secret(_) => "secret",
            Payload::Plain(_) => "text",
        };
        let head = format!("{word} {} {time}\n", secret.len());
        let mut order = Zeroizing::new(Vec::with_capacity(head.len() + secret.len()));
        order.extend_from_slice(head.as_bytes());
        order.extend_from_slice(secret);
        let sent = self.input.write_all(&order).await;
        drop(order);
        let line = if sent.is_ok() {
            self.line().await
        } else {
            None
        };
        match line.as_deref() {
            Some("held") => Ok(KeeperHandle(Arc::new(Shared {
                input: Mutex::new(self.input),
                output: Mutex::new(Output::Open(Box::new(Running {
                    child: self.child,
                    lines: self.lines,
                    end: None,
                }))),
            }))),
            line => {
                let error = self.failed(line);
                // It may have the secret and never come to an end by itself.
                let _ = self.child.start_kill();
                Err(error)
            }
        }
    }

    async fn line(&mut self) -> Option<String> {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await;
        line.ok()?.ok()?
    }

    fn failed(&mut self, line: Option<&str>) -> KeeperError {
        match line {
            Some("replaced") => KeeperError::Replaced,
            Some(line) => match line.strip_prefix("error ") {
                Some(why) => KeeperError::Said(text::safe(why)),
                None => KeeperError::Silent,
            },
            None => KeeperError::Silent,
        }
    }
}

impl KeeperHandle {
    /// Asks for the copy to be cleared now, if it is still ours. How it ended
    /// is told by [`KeeperHandle::ended`].
    pub async fn clear(&self) {
        self.say("clear\n").await;
    }

    /// Tells the keeper that a newer copy is held elsewhere: it ends without
    /// clearing what is not its own.
    pub async fn stop(&self) {
        self.say("stop\n").await;
    }

    /// A keeper that does not listen has ended, and `ended` tells how.
    async fn say(&self, word: &str) {
        let _ = self.0.input.lock().await.write_all(word.as_bytes()).await;
    }

    /// Waits until the copy is no longer held and says why. May be waited for
    /// more than once, and given up in between.
    pub async fn ended(&self) -> KeeperEnd {
        let mut output = self.0.output.lock().await;
        let end = match &mut *output {
            Output::Ended(end) => return end.clone(),
            Output::Open(running) => {
                // Remembered at once: the wait below may be given up.
                let end = match running.end.take() {
                    Some(end) => end,
                    None => how_it_ended(running.lines.next_line().await.ok().flatten()),
                };
                running.end = Some(end.clone());
                // On X11 and Wayland it is its end that clears.
                let _ = running.child.wait().await;
                tracing::info!(?end, "keeper ended");
                end
            }
        };
        *output = Output::Ended(end.clone());
        end
    }
}

fn how_it_ended(line: Option<String>) -> KeeperEnd {
    match line.as_deref() {
        Some("cleared") => KeeperEnd::Cleared,
        Some("replaced") => KeeperEnd::Replaced,
        Some("stopped") => KeeperEnd::Stopped,
        other => KeeperEnd::Gone(text::safe(
            other
                .and_then(|line| line.strip_prefix("error "))
                .unwrap_or("the clipboard's keeper was ended"),
        )),
    }
}
