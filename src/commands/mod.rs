//! The plain commands: the same program for scripts, cron and CI.
//!
//! Thin, over [`crate::fleet`] and [`crate::action`]: there is no second path to
//! a server, so the guards of the screen are the guards here. What differs is
//! that nobody may be there to answer a question: whatever a dialog would ask
//! has to be in the arguments, or nothing is done.

mod act;
mod completions;
mod delete;
mod doctor;
mod generate;
mod list;
mod man;
mod output;
mod plan;
mod rotate;
mod row;
mod slots;
mod table;
mod waiting;

use std::panic::AssertUnwindSafe;

use anyhow::Error;
use futures_util::FutureExt;

use crate::cli::{Arguments, Command};
use crate::credentials::Environment;
use crate::ending;
use crate::signals::Signals;
use crate::start::World;
use crate::text;

pub use completions::complete;
pub use output::Output;
use waiting::Waiting;

/// What a command ends with, as DESIGN.md numbers it. Of several, the highest
/// counts.
pub mod code {
    #![allow(missing_docs, reason = "each is described in the help")]
    pub const DONE: u8 = 0;
    pub const FINDINGS: u8 = 1;
    pub const NOT_POSSIBLE: u8 = 2;
    pub const GUARD: u8 = 3;
    pub const ELSEWHERE: u8 = 4;
    pub const UNKNOWN: u8 = 5;
    /// A fault of this program, as for the screen.
    pub const PANIC: u8 = 70;
}

/// Why a command stops: one line for people, and the exit code.
#[derive(Debug)]
pub struct Stop {
    code: u8,
    words: String,
}

impl Stop {
    fn new(code: u8, words: impl Into<String>) -> Self {
        Self {
            code,
            words: words.into(),
        }
    }

    fn guard(words: impl Into<String>) -> Self {
        Self::new(code::GUARD, words)
    }

    fn not_possible(words: impl Into<String>) -> Self {
        Self::new(code::NOT_POSSIBLE, words)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::not_possible(format!("{error:#}"))
    }
}

/// What a command works with.
struct Run {
    world: World,
    /// The organizations that `--org` names; empty for all.
    only: Vec<String>,
    read_only: bool,
    out: Output,
}

/// Runs a command to its end and returns the exit code. `warnings` are the
/// protections that the process could not have.
pub async fn run(command: Command, arguments: &Arguments, warnings: Vec<String>) -> u8 {
    let env = Environment::from_process();
    let out = Output::detect(arguments.ascii || !env.has_unicode());
    let ended = match command {
        Command::Completions(wanted) => completions::completions(&out, wanted.shell),
        Command::Man => man::man(&out),
        Command::Doctor(wanted) => doctor::run(&wanted, arguments, env, out, warnings).await,
        command => with_world(command, arguments, env, out).await,
    };
    match ended {
        Ok(code) => code,
        Err(stop) => {
            out.clear();
            if !stop.words.is_empty() {
                out.error(&stop.words);
            }
            stop.code
        }
    }
}

async fn with_world(
    command: Command,
    arguments: &Arguments,
    env: Environment,
    out: Output,
) -> Result<u8, Stop> {
    // Organizations are picked here and not by the fleet: one that is named is
    // asked for by its name, and a wrong name is known from all.
    let all = Arguments {
        org: Vec::new(),
        ..arguments.clone()
    };
    let world = World::assemble(&all, env).await?;
    let mut signals = Signals::new()
        .map_err(|error| Stop::not_possible(format!("signals cannot be received: {error}")))?;
    let run = Run {
        only: arguments.org.clone(),
        read_only: arguments.read_only,
        out: Output {
            ascii: world.ascii,
            ..out
        },
        world,
    };
    for warning in &run.world.warnings {
        run.out.error(&text::safe(warning));
    }
    let programs = &run.world.actor.fleet.programs;
    let waited_for = Waiting::of(programs, run.out);
    let work = async {
        match command {
            Command::List(wanted) => unless(&mut signals, list::list(&run, &wanted)).await,
            Command::Check(wanted) => unless(&mut signals, list::check(&run, &wanted)).await,
            Command::Generate(wanted) => generate::run(&run, &mut signals, &wanted).await,
            Command::Delete(wanted) => delete::run(&run, &mut signals, &wanted).await,
            Command::Rotate(wanted) => rotate::run(&run, &mut signals, &wanted).await,
            // Done in `run`: these need no world.
            Command::Doctor(_) | Command::Completions(_) | Command::Man => Ok(code::DONE),
        }
    };
    // A panic must not take an undelivered secret with it.
    match waited_for
        .beside(AssertUnwindSafe(work).catch_unwind())
        .await
    {
        Ok(ended) => {
            // Nothing that a script waits for depends on it.
            for problem in run.world.actor.fleet.remember() {
                tracing::warn!(problem, "not remembered");
            }
            ended
        }
        Err(_) => {
            for line in ending::rescue(&run.world.actor).await {
                run.out.error(&line);
            }
            Err(Stop::new(code::PANIC, ""))
        }
    }
}

/// `1 slot`, `12 slots`.
fn slots_in_words(count: usize) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} slot{s}")
}

/// A word of a command that is told, as a shell reads it: names and ids are the
/// text of servers, and paths have blanks.
fn shell_word(text: &str) -> String {
    let text = text::safe(text);
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.:/-".contains(&b);
    match !text.is_empty() && text.bytes().all(plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// Reads until a signal comes: nothing is lost when a read is dropped.
async fn unless<T>(
    signals: &mut Signals,
    work: impl Future<Output = Result<T, Stop>>,
) -> Result<T, Stop> {
    tokio::select! {
        done = work => done,
        code = signals.ended() => Err(Stop::new(code, "")),
    }
}
