//! Start: the keeper, or hardening, arguments, and the screen or a command.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
#[cfg(unix)]
use orgward::child;
use orgward::cli::Arguments;
use orgward::credentials::Environment;
use orgward::delivery::keeper;
use orgward::runtime::{Exit, Runtime};
use orgward::start::{World, nothing_configured};
use orgward::{commands, hardening, log, text};

/// Wipes whatever is freed, also by libraries that know nothing of secrets.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next() {
        Some(first) if first == keeper::NAME => {
            return keeper::main(arguments.filter_map(|argument| argument.into_string().ok()));
        }
        #[cfg(unix)]
        Some(first) if first == child::DETACH => return child::detach(arguments),
        _ => {}
    }
    orgward::terminal::install_panic_hook();
    let warnings = hardening::harden();
    if let Some(code) = commands::complete() {
        return code;
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return not_understood(&error),
    };
    match run(&arguments, warnings) {
        Ok(code) => code,
        Err(error) => {
            let words = format!("{error:#}");
            tracing::error!(why = words, "exit");
            say(&format!("orgward: {}", text::safe_lines(&words)));
            ExitCode::from(2)
        }
    }
}

/// The help and the version go to standard output, which may be closed; an
/// error is one line with its mend.
fn not_understood(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let words = error.render().to_string();
    let told = words.split("Usage:").next().unwrap_or_default();
    let lines = told
        .split("For more information")
        .next()
        .unwrap_or_default();
    let mut line = String::new();
    // What is indented is one of several, unless it is a remark in brackets.
    let mut follows_item = false;
    for part in lines.lines().filter(|part| !part.trim().is_empty()) {
        let (is_indented, part) = (part.starts_with(' '), part.trim());
        let is_item = is_indented && !part.starts_with('[');
        match part.strip_prefix("tip: ") {
            Some(tip) => line.push_str(&format!("; {tip}")),
            None if is_item && follows_item => line.push_str(&format!(", {part}")),
            None => line.push_str(&format!(" {part}")),
        }
        follows_item = is_item;
    }
    let line = line.trim_start().trim_start_matches("error: ");
    say(&format!("orgward: {}; see --help", text::safe(line)));
    ExitCode::from(2)
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
        // After so many steps of requests a key is looked for; by default after
        // 61, which an owner who scrolls while rows are read would feel.
        .event_interval(4)
        .build()
        .context("the program's runtime could not be started")?;
    if let Some(command) = &arguments.command {
        let code = tokio.block_on(commands::run(command.clone(), arguments, warnings));
        // A keyring that still asks somebody is not waited for.
        tokio.shutdown_background();
        tracing::info!(code, "exit");
        return Ok(ExitCode::from(code));
    }
    tokio.block_on(async {
        let mut world = World::assemble(arguments, Environment::from_process()).await?;
        world.warnings.extend(warnings);
        if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
            match &world.offer {
                Some(offer) => bail!(nothing_configured(&offer.file)),
                None => bail!("the screen needs a terminal, and this is none"),
            }
        }
        let settings = world.settings();
        let accounts = world.accounts();
        let mut runtime = Runtime::new(world.actor.clone(), world.terminal_writes, settings.demo);
        let place = world.offer.as_ref().map(|offer| offer.file.clone());
        runtime.config = world.config_path.take();
        runtime.offer = world.offer.take();
        runtime.recall = world.recall_later;
        runtime.tell(world.notes);
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
            Exit::Declined => bail!(nothing_configured(&place.unwrap_or_default())),
        })
    })
}
