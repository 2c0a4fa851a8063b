//! Start: the keeper, or hardening, arguments, and the screen.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use orgward::cli::Arguments;
use orgward::credentials::Environment;
use orgward::delivery::keeper;
use orgward::runtime::{Exit, Runtime};
use orgward::start::World;
use orgward::{hardening, log, text};

/// Wipes whatever is freed, also by libraries that know nothing of secrets.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == keeper::NAME) {
        return keeper::main(arguments.filter_map(|argument| argument.into_string().ok()));
    }
    let warnings = hardening::harden();
    let arguments = Arguments::parse();
    match run(&arguments, warnings) {
        Ok(code) => code,
        Err(error) => {
            let words = format!("{error:#}");
            tracing::error!(why = words, "exit");
            for (at, line) in words.lines().enumerate() {
                let indent: String = line.chars().take_while(|c| *c == ' ').collect();
                let start = if at == 0 { "orgward: " } else { "" };
                say(&format!("{start}{indent}{}", text::safe(line)));
            }
            ExitCode::from(2)
        }
    }
}

/// A line on standard error, which may be gone together with the terminal.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn run(arguments: &Arguments, warnings: Vec<String>) -> Result<ExitCode> {
    if let Some(path) = &arguments.log {
        log::start(path)?;
    }
    let (version, pid) = (env!("CARGO_PKG_VERSION"), std::process::id());
    tracing::info!(version, pid, "start");
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the program's runtime could not be started")?;
    tokio.block_on(async {
        let mut world = World::assemble(arguments, Environment::from_process()).await?;
        world.warnings.extend(warnings);
        if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
            bail!("the screen needs a terminal, and this is none");
        }
        let settings = world.settings();
        let accounts = world.accounts();
        let mut runtime = Runtime::new(world.actor.clone(), world.terminal_writes, settings.demo);
        let exit = runtime
            .run(settings, accounts)
            .await
            .context("the terminal could not be used")?;
        for line in runtime.finish().await {
            say(&format!("orgward: {line}"));
        }
        tracing::info!(how = ?exit, "exit");
        Ok(match exit {
            Exit::Quit => ExitCode::SUCCESS,
            Exit::Signal(number) => ExitCode::from(128u8.saturating_add(number)),
            Exit::Panic => ExitCode::from(70),
        })
    })
}
