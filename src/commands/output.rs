//! Where a command's words go: results to standard output, whole and in one
//! piece; everything else to standard error.
//!
//! A reader that has seen enough (`head`) closes the pipe, which is its good
//! right and no error. What is drawn over (progress, colours) is for terminals
//! only, so that a log or a script never meets it.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use super::Stop;

/// Whether somebody else has the terminal: a program that asks, or the owner who
/// types a credential.
static LENT: AtomicBool = AtomicBool::new(false);

/// What the two streams are.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// The columns of the terminal; none where standard output is none.
    pub width: Option<usize>,
    /// Whether states have a colour.
    pub colour: bool,
    /// Whether only ASCII may be printed.
    pub ascii: bool,
    pub(super) progress: bool,
    pub(super) question: bool,
}

impl Output {
    /// As this process finds them.
    pub fn detect(ascii: bool) -> Self {
        let filled = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let terminal = std::io::stdout().is_terminal();
        let forced = std::env::var_os("CLICOLOR_FORCE")
            .is_some_and(|value| !value.is_empty() && value != "0");
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let errors = std::io::stderr().is_terminal();
        Self {
            width: terminal.then(|| {
                let width = crate::terminal::size().map_or(0, |(width, _)| usize::from(width));
                if width == 0 { 80 } else { width.max(20) }
            }),
            colour: !filled("NO_COLOR") && (forced || terminal && !dumb),
            ascii,
            progress: errors && !dumb,
            question: errors && std::io::stdin().is_terminal(),
        }
    }

    /// Whether somebody is there who could be asked.
    pub fn can_ask(&self) -> bool {
        self.question
    }

    /// Prints a result.
    ///
    /// # Errors
    /// Where it could not be written, but not where nobody reads it.
    pub fn print(&self, text: &str) -> Result<(), Stop> {
        self.clear();
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Stop::not_possible(
                format!("the result could not be written to standard output: {error}"),
            )),
            _ => Ok(()),
        }
    }

    /// Prints a result that must be told, since something was changed: where
    /// standard output does not take it, on standard error.
    pub fn tell(&self, line: &str) {
        if let Err(stop) = self.print(&format!("{line}\n")) {
            self.error(&stop.words);
            self.error(line);
        }
    }

    /// One line on standard error, which may be gone.
    pub fn error(&self, words: &str) {
        self.clear();
        // Somebody's question has no end of line.
        let start = if LENT.load(Ordering::Relaxed) {
            "\n"
        } else {
            ""
        };
        let _ = writeln!(std::io::stderr(), "{start}orgward: {words}");
    }

    /// How far it has come: drawn over by whatever comes next.
    pub fn progress(&self, words: &str) {
        if self.progress && !LENT.load(Ordering::Relaxed) {
            let _ = write!(std::io::stderr(), "\r\x1b[2K{words}");
        }
    }

    /// The terminal is lent to somebody, or given back: nothing is drawn over what
    /// they write.
    pub fn lend(&self, lent: bool) {
        if lent {
            self.clear();
        }
        LENT.store(lent, Ordering::Relaxed);
    }

    /// Takes the progress away.
    pub fn clear(&self) {
        if self.progress && !LENT.load(Ordering::Relaxed) {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }

    /// Asks on standard error.
    pub fn ask(&self, words: &str) {
        self.clear();
        let mut errors = std::io::stderr();
        let _ = write!(errors, "{words} ").and_then(|()| errors.flush());
    }
}
