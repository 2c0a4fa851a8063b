//! Raw mode, the alternate screen, and getting out of them again on every way:
//! quit, error, panic, signal, suspend.
//!
//! All that is drawn goes through one writer, [`Output`]: a frame leaves in one
//! piece, nothing else is ever written in its middle, and the buffer, which may
//! have held a revealed secret, is wiped as soon as it is out.

#[cfg(windows)]
mod console;

#[cfg(unix)]
use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange,
};
#[cfg(windows)]
use crossterm::event::{DisableMouseCapture, EnableMouseCapture};
#[cfg(unix)]
use crossterm::style::Print;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use zeroize::Zeroize;

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

/// The size of a frame's buffer before it has to grow.
const FRAME: usize = 256 * 1024;

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

/// The writer of the frames.
pub struct Output {
    device: Device,
    buffer: Vec<u8>,
    /// The screen was given back: what still comes is dropped without a word,
    /// since ratatui prints to standard error when its last write fails, and
    /// where the terminal is gone that would be a panic on the way out.
    closed: bool,
}

impl Output {
    fn new() -> io::Result<Self> {
        Ok(Self {
            device: device()?,
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
        self.device.write_all(bytes)
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
        let result = if empty || self.closed {
            Ok(())
        } else {
            // Terminals that know it show the frame at once, the others ignore it.
            self.buffer.splice(0..0, *b"\x1b[?2026h");
            self.buffer.extend_from_slice(b"\x1b[?2026l");
            self.device.write_all(&self.buffer)
        };
        // What is behind the frame was never written, or wiped before: wiping
        // the whole of it would take as long as drawing does.
        self.buffer.as_mut_slice().zeroize();
        self.buffer.clear();
        self.buffer.reserve(FRAME);
        result
    }
}

/// The screen, while it is ours.
pub struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<Output>>,
}

impl Terminal {
    /// Takes the screen, and the mouse where its owner wants that.
    ///
    /// # Errors
    /// Where there is no terminal, or it does not do what is asked.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        MOUSE.store(mouse, Ordering::SeqCst);
        take()?;
        let inner = ratatui::Terminal::new(CrosstermBackend::new(Output::new()?));
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
        let size = self.inner.size()?;
        Ok((size.width, size.height))
    }

    /// Draws a frame, unless a panic has ended the drawing.
    ///
    /// # Errors
    /// Where the terminal does not take it: it is gone.
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
        self.inner.backend_mut().writer_mut().between_frames(bytes)
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
        self.inner.backend_mut().writer_mut().closed = true;
    }

    fn take_again(&mut self) -> io::Result<()> {
        take()?;
        // A new one knows that nothing of the old screen is there; the old
        // one's `clear` would ask the terminal for its cursor and wait.
        self.inner = ratatui::Terminal::new(CrosstermBackend::new(Output::new()?))?;
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
    let mut out = io::stdout();
    if MOUSE.load(Ordering::SeqCst) {
        let _ = queue!(out, MOUSE_OFF);
    }
    let _ = queue!(
        out,
        DisableFocusChange,
        DisableBracketedPaste,
        // The alternate screen may have shown a secret.
        Clear(ClearType::All),
        LeaveAlternateScreen,
        Show
    );
    let _ = out.flush();
    let _ = disable_raw_mode();
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
