//! Raw mode, the alternate screen, and getting out of them again on every way:
//! quit, error, panic, signal, suspend.
//!
//! All that is drawn goes through one [`Output`]: a frame leaves in one piece,
//! nothing else is ever written in its middle, and the buffer, which may have
//! held a revealed secret, is wiped as soon as it is out. A thread of its own
//! writes, so that a terminal that does not read stops nothing else.

mod backend;
#[cfg(windows)]
mod console;
mod writer;

#[cfg(unix)]
use std::fs::File;
use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{MoveTo, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange,
};
#[cfg(windows)]
use crossterm::event::{DisableMouseCapture, EnableMouseCapture};
#[cfg(unix)]
use crossterm::style::Print;
use crossterm::style::{Attribute, ResetColor, SetAttribute};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::buffer::Buffer;

use self::backend::Screen;
use self::writer::Writer;
use crate::text;

/// Whether the screen is ours.
static INSIDE: AtomicBool = AtomicBool::new(false);
/// Whether the mouse is heard while the screen is ours.
static MOUSE: AtomicBool = AtomicBool::new(false);
/// Presses and the wheel, with coordinates of any size; not the movements, which
/// would wake the program for nothing.
#[cfg(unix)]
const MOUSE_ON: Print<&str> = Print("\x1b[?1000h\x1b[?1006h");
#[cfg(unix)]
const MOUSE_OFF: Print<&str> = Print("\x1b[?1006l\x1b[?1000l");
/// A setting of the console there.
#[cfg(windows)]
const MOUSE_ON: EnableMouseCapture = EnableMouseCapture;
#[cfg(windows)]
const MOUSE_OFF: DisableMouseCapture = DisableMouseCapture;
/// Whether a panic has happened anywhere: nothing is drawn any more.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// Who writes to the terminal, once the screen was ours.
static WRITER: OnceLock<Writer> = OnceLock::new();

/// The size of a frame's buffer before it has to grow.
const FRAME: usize = 256 * 1024;

/// The window's size, in columns and lines.
///
/// # Errors
/// Where the system does not say: there is no terminal.
pub fn size() -> io::Result<(u16, u16)> {
    // Not `terminal::size()`, which asks `tput` then, and starts it with the
    // credentials of this program's environment.
    #[cfg(unix)]
    let (width, height) = crossterm::terminal::window_size().map(|it| (it.columns, it.rows))?;
    #[cfg(not(unix))]
    let (width, height) = crossterm::terminal::size()?;
    Ok((width, height))
}

/// Returns when the terminal has hung up. Its signal goes to the session's leader
/// alone, which need not pass it on, and reading from such a terminal fails
/// without an end and without an error. Input wakes nobody here: only what is
/// urgent is waited for, and a hang-up always counts.
#[cfg(target_os = "linux")]
#[allow(
    deprecated,
    reason = "what others could do wrong with it an owned descriptor does not"
)]
pub async fn gone() {
    use std::io::IsTerminal;
    use std::os::fd::AsFd;
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;
    let input = io::stdin();
    let line = match input.is_terminal() {
        true => input.as_fd().try_clone_to_owned(),
        false => File::open("/dev/tty").map(Into::into),
    };
    let watched = line.and_then(|line| AsyncFd::with_interest(line, Interest::PRIORITY));
    if let Ok(watched) = watched {
        while let Ok(mut guard) = watched.ready(Interest::READABLE).await {
            if guard.ready().is_read_closed() {
                return;
            }
            guard.clear_ready();
        }
    }
    // It cannot be watched: the signal has to do.
    std::future::pending().await
}

/// Elsewhere the signal has to do.
#[cfg(not(target_os = "linux"))]
pub async fn gone() {
    std::future::pending().await
}

/// What frames are written to.
#[cfg(unix)]
type Device = File;
#[cfg(windows)]
type Device = console::Console;

/// Where frames are put together.
pub struct Output {
    writer: Writer,
    buffer: Vec<u8>,
    /// The screen was given back: what still comes is dropped without a word,
    /// since ratatui prints to standard error when its last write fails, and
    /// where the terminal is gone that would be a panic on the way out.
    closed: bool,
}

impl Output {
    fn new() -> io::Result<Self> {
        let writer = match WRITER.get() {
            Some(writer) => writer.clone(),
            None => {
                let writer = Writer::start(device()?)?;
                WRITER.get_or_init(|| writer).clone()
            }
        };
        Ok(Self {
            writer,
            buffer: Vec::with_capacity(FRAME),
            closed: false,
        })
    }

    /// Writes bytes that are no part of a frame, between two frames.
    ///
    /// # Errors
    /// Where the terminal does not take them.
    pub fn between_frames(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.flush()?;
        self.buffer = self.writer.write(bytes.to_vec())?;
        match self.writer.settle() {
            // It may still come to its end: nobody can say that it was not sent.
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                match self.writer.take_back() {
                    true => Err(error),
                    false => Ok(()),
                }
            }
            result => result,
        }
    }
}

/// Standard output without the standard library's line buffer, which would
/// cut frames into lines and keep their bytes.
#[cfg(unix)]
fn device() -> io::Result<Device> {
    use std::os::fd::AsFd;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn device() -> io::Result<Device> {
    console::Console::new()
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        const HIDE: &[u8] = b"\x1b[?25l";
        // A frame that changed nothing only hides the hidden cursor again.
        let empty = self.buffer.chunks(HIDE.len()).all(|piece| piece == HIDE);
        if empty || self.closed {
            self.buffer.clear();
            return Ok(());
        }
        // Terminals that know it show the frame at once, the others ignore it.
        self.buffer.splice(0..0, *b"\x1b[?2026h");
        self.buffer.extend_from_slice(b"\x1b[?2026l");
        self.buffer = self.writer.write(std::mem::take(&mut self.buffer))?;
        self.buffer.reserve(FRAME);
        Ok(())
    }
}

/// The screen, while it is ours.
pub struct Terminal {
    inner: ratatui::Terminal<Screen>,
}

impl Terminal {
    /// Takes the screen, and the mouse where its owner wants that.
    ///
    /// # Errors
    /// Where there is no terminal, or it does not do what is asked.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        MOUSE.store(mouse, Ordering::SeqCst);
        take()?;
        let inner = Output::new()
            .map(Screen::new)
            .and_then(ratatui::Terminal::new);
        match inner {
            Ok(inner) => Ok(Self { inner }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// The window's size, in columns and lines.
    ///
    /// # Errors
    /// Where the terminal does not say.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        size()
    }

    /// Whether a frame would be written at once: the one before is out.
    pub fn is_free(&mut self) -> bool {
        self.inner.backend_mut().output().writer.is_free()
    }

    /// Waits a little until all is written.
    ///
    /// # Errors
    /// Where the terminal does not read, or is gone.
    pub fn settle(&mut self) -> io::Result<()> {
        self.inner.backend_mut().output().writer.settle()
    }

    /// Returns when a frame would be written at once, if that is wanted.
    ///
    /// # Errors
    /// When the last one could not be written: the terminal is gone.
    pub async fn news(&mut self, wants_free: bool) -> io::Result<()> {
        let writer = self.inner.backend_mut().output().writer.clone();
        writer.news(wants_free).await
    }

    /// Draws a frame, unless a panic has ended the drawing. Waits a little for the
    /// one before.
    ///
    /// # Errors
    /// Where the terminal does not take it: it is gone, or does not read.
    pub fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame)) -> io::Result<()> {
        if PANICKED.load(Ordering::SeqCst) {
            return Ok(());
        }
        let area = self.inner.draw(draw)?.area;
        // The next frame gets a buffer of its own, and the allocator wipes the
        // one that goes, with the frame before this one: the last of a revealed
        // secret. Reset and used again, it would keep the cells that a smaller
        // window has no more.
        *self.inner.current_buffer_mut() = Buffer::empty(area);
        Ok(())
    }

    /// Writes bytes that are no part of a frame (OSC 52).
    ///
    /// # Errors
    /// Where the terminal does not take them.
    pub fn between_frames(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.inner.backend_mut().output().between_frames(bytes)
    }

    /// Leaves the screen to the shell and stops this process; returns when it
    /// was told to go on and the screen is ours again.
    ///
    /// # Errors
    /// Where the screen cannot be taken again.
    #[cfg(unix)]
    pub fn suspend(&mut self) -> io::Result<()> {
        self.give();
        stop_here()?;
        self.take_again()
    }

    /// Gives the screen back; what is still drawn goes nowhere.
    fn give(&mut self) {
        restore();
        self.inner.backend_mut().output().closed = true;
    }

    fn take_again(&mut self) -> io::Result<()> {
        take()?;
        // A new one knows that nothing of the old screen is there; the old
        // one's `clear` would ask the terminal for its cursor and wait.
        self.inner = ratatui::Terminal::new(Screen::new(Output::new()?))?;
        Ok(())
    }

    /// Gives the screen to another program, whose it is until
    /// [`Terminal::reclaim`].
    pub fn lend(&mut self) -> Lent {
        self.give();
        Lent::new()
    }

    /// Takes the screen again. What was typed and not read is dropped: it was
    /// meant for the other program, and may be anything as keys of this one.
    ///
    /// # Errors
    /// Where the screen cannot be taken again.
    pub fn reclaim(&mut self, lent: Lent) -> io::Result<()> {
        lent.end();
        self.take_again()
    }

    /// There is no suspending here.
    ///
    /// # Errors
    /// Never.
    #[cfg(not(unix))]
    pub fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How the terminal was when it was lent: a program that ends in the middle of
/// a password leaves it without echo.
pub struct Lent {
    #[cfg(unix)]
    modes: Option<rustix::termios::Termios>,
}

impl Lent {
    #[cfg(unix)]
    fn new() -> Self {
        Self {
            modes: rustix::termios::tcgetattr(io::stdin()).ok(),
        }
    }

    #[cfg(unix)]
    fn end(self) {
        use rustix::termios::{OptionalActions, QueueSelector, tcflush, tcsetattr};
        if let Some(modes) = &self.modes {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, modes);
        }
        let _ = tcflush(io::stdin(), QueueSelector::IFlush);
    }

    #[cfg(not(unix))]
    fn new() -> Self {
        Self {}
    }

    #[cfg(not(unix))]
    fn end(self) {}
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.give();
    }
}

/// Stops this process until it is told to go on; only this one: what holds the
/// clipboard goes on.
///
/// # Errors
/// Where the system does not do it.
#[cfg(unix)]
pub fn stop_here() -> io::Result<()> {
    let me = rustix::process::getpid();
    rustix::process::kill_process(me, rustix::process::Signal::STOP)?;
    Ok(())
}

/// There is no stopping here.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub fn stop_here() -> io::Result<()> {
    Ok(())
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    INSIDE.store(true, Ordering::SeqCst);
    let entered = execute!(
        io::stdout(),
        EnterAlternateScreen,
        Clear(ClearType::All),
        EnableBracketedPaste,
        EnableFocusChange
    );
    let entered = match MOUSE.load(Ordering::SeqCst) {
        true => entered.and_then(|()| execute!(io::stdout(), MOUSE_ON)),
        false => entered,
    };
    if entered.is_err() {
        restore();
    }
    entered
}

/// Gives the screen back. Does nothing where it is not ours, and nothing can go
/// wrong here that would be worth a second error.
pub fn restore() {
    if !INSIDE.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = Vec::new();
    if MOUSE.load(Ordering::SeqCst) {
        let _ = queue!(out, MOUSE_OFF);
    }
    let _ = queue!(out, DisableFocusChange, DisableBracketedPaste);
    erase(&mut out);
    let _ = queue!(out, LeaveAlternateScreen, Show);
    // A terminal that does not read keeps nobody here.
    let written = match WRITER.get() {
        Some(writer) => writer.write_last(out),
        None => io::stdout()
            .write_all(&out)
            .and_then(|()| io::stdout().flush()),
    };
    if let Err(error) = written {
        tracing::warn!(%error, "the screen was not given back");
    }
    let _ = disable_raw_mode();
}

/// Empties the screen, which may have shown a secret. Line by line: where there is
/// no alternate screen, a terminal keeps in its history what is cleared as a whole.
fn erase(out: &mut Vec<u8>) {
    let _ = queue!(out, ResetColor, SetAttribute(Attribute::Reset));
    match size() {
        Ok((_, height)) => {
            for line in (0..height).rev() {
                let _ = queue!(out, MoveTo(0, line), Clear(ClearType::CurrentLine));
            }
        }
        Err(_) => {
            let _ = queue!(out, Clear(ClearType::All));
        }
    }
}

/// Whether any part of the program has panicked.
pub fn has_panicked() -> bool {
    PANICKED.load(Ordering::SeqCst)
}

/// A panic anywhere, also in a task, gives the screen back and ends the
/// drawing. Its message passes the same door as every foreign text.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        PANICKED.store(true, Ordering::SeqCst);
        restore();
        let message = info
            .payload()
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| info.payload().downcast_ref::<String>().cloned())
            .unwrap_or_default();
        let place = info
            .location()
            .map(|at| format!(" at {}:{}", at.file(), at.line()))
            .unwrap_or_default();
        tracing::error!(why = message, "panic{place}");
        // The terminal itself may be what failed.
        let _ = writeln!(
            io::stderr(),
            "orgward: a defect in the program{place}: {}",
            text::safe(&message)
        );
    }));
}
