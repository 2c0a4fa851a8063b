//! The thread that writes to the terminal. A terminal that reads no more (a
//! connection that froze, an emulator that was stopped) stops whoever writes to it,
//! and meanwhile the program has to hear that it must end, and bring a secret into
//! safety.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use zeroize::Zeroize;

use super::{Device, FRAME};

/// How long is waited for a terminal that does not read.
const PATIENCE: Duration = Duration::from_secs(1);

/// The way to it, for everybody who writes.
#[derive(Clone)]
pub(super) struct Writer(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    news: Notify,
}

#[derive(Default)]
struct State {
    /// What is written next.
    next: Option<Vec<u8>>,
    /// Whether something is not written whole yet.
    busy: bool,
    /// Whether the thread is writing.
    writing: bool,
    /// It was waited for in vain; nobody waits again while that lasts.
    stuck: bool,
    /// Whether somebody wants to hear when it is free.
    awaited: bool,
    failed: Option<io::Error>,
    /// A buffer to be used again: empty, and wiped.
    spare: Vec<u8>,
}

impl Writer {
    /// Starts the thread, which ends with the process.
    ///
    /// # Errors
    /// Where the system has no thread.
    pub(super) fn start(mut device: Device) -> io::Result<Self> {
        let writer = Self(Arc::default());
        let shared = writer.0.clone();
        std::thread::Builder::new()
            .name("terminal".to_owned())
            .spawn(move || {
                loop {
                    let mut bytes = shared.next();
                    let result = device.write_all(&bytes);
                    // Only what was written: wiping all of the room would take
                    // as long as drawing does.
                    bytes.as_mut_slice().zeroize();
                    bytes.clear();
                    shared.written(bytes, result);
                }
            })?;
        Ok(writer)
    }

    /// Whether all is written.
    pub(super) fn is_free(&self) -> bool {
        !self.0.lock().busy
    }

    /// Has this written after what is being written, and gives a buffer for what
    /// comes next.
    ///
    /// # Errors
    /// Where the terminal does not read, or something earlier failed.
    pub(super) fn write(&self, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut state = self.0.settled()?;
        state.next = Some(bytes);
        state.busy = true;
        self.0.changed.notify_all();
        Ok(std::mem::take(&mut state.spare))
    }

    /// Has this written after what is being written, in place of what was to come
    /// next, and waits for it, whoever has waited in vain before.
    ///
    /// # Errors
    /// Where the terminal does not read, or the writing failed.
    pub(super) fn write_last(&self, bytes: Vec<u8>) -> io::Result<()> {
        {
            let mut state = self.0.lock();
            state.next = Some(bytes);
            state.busy = true;
            state.stuck = false;
            state.failed = None;
            self.0.changed.notify_all();
        }
        self.settle()
    }

    /// Takes back what was to be written next, where that was not begun.
    pub(super) fn take_back(&self) -> bool {
        let mut state = self.0.lock();
        let taken = state.next.take().is_some();
        // The thread has begun nothing else, or what it has begun ends it.
        state.busy &= !taken || state.writing;
        taken
    }

    /// Waits until all is written.
    ///
    /// # Errors
    /// Where the terminal does not read, or what was written last failed.
    pub(super) fn settle(&self) -> io::Result<()> {
        self.0.settled().map(drop)
    }

    /// Returns when it is free, where that is wanted, or when something failed.
    pub(super) async fn news(&self, wants_free: bool) -> io::Result<()> {
        loop {
            {
                let mut state = self.0.lock();
                if let Some(error) = state.failed.take() {
                    return Err(error);
                }
                if wants_free && !state.busy {
                    return Ok(());
                }
                state.awaited = wants_free;
            }
            self.0.news.notified().await;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be written next.
    fn next(&self) -> Vec<u8> {
        let mut state = self.lock();
        loop {
            if let Some(bytes) = state.next.take() {
                state.writing = true;
                return bytes;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn written(&self, buffer: Vec<u8>, result: io::Result<()>) {
        let mut state = self.lock();
        state.writing = false;
        state.busy = state.next.is_some();
        state.stuck = false;
        state.failed = result.err();
        if state.spare.capacity() < FRAME {
            state.spare = buffer;
        }
        let told = std::mem::take(&mut state.awaited) || state.failed.is_some();
        drop(state);
        self.changed.notify_all();
        if told {
            self.news.notify_one();
        }
    }

    /// The state once all is written.
    fn settled(&self) -> io::Result<MutexGuard<'_, State>> {
        let end = Instant::now() + PATIENCE;
        let mut state = self.lock();
        while state.busy {
            let left = end.saturating_duration_since(Instant::now());
            if state.stuck || left.is_zero() {
                state.stuck = true;
                let words = "the terminal does not read what is written to it";
                return Err(io::Error::new(io::ErrorKind::TimedOut, words));
            }
            (state, _) = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
        match state.failed.take() {
            Some(error) => Err(error),
            None => Ok(state),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::{PipeReader, Read};
    use std::os::fd::OwnedFd;

    use super::*;

    /// A writer to a terminal that reads nothing yet, and that terminal.
    fn frozen() -> (Writer, PipeReader) {
        let (reader, writer) = io::pipe().unwrap();
        let device = Device::from(OwnedFd::from(writer));
        (Writer::start(device).unwrap(), reader)
    }

    /// More than fits between the two.
    fn frame() -> Vec<u8> {
        vec![b'f'; 2 * FRAME]
    }

    #[test]
    fn a_terminal_that_reads_nothing_keeps_nobody_and_gets_the_last_word() {
        let (writer, mut terminal) = frozen();
        assert!(writer.is_free());
        writer.write(frame()).unwrap();
        assert!(!writer.is_free());
        let stuck = |result: io::Result<()>| {
            assert_eq!(result.unwrap_err().kind(), io::ErrorKind::TimedOut);
        };
        stuck(writer.settle());
        // Nothing comes between.
        stuck(writer.write(b"never".to_vec()).map(drop));
        stuck(writer.write_last(b"last".to_vec()));
        let mut read = vec![0; 2 * FRAME + 4];
        terminal.read_exact(&mut read).unwrap();
        assert!(read.ends_with(b"flast"));
        writer.settle().unwrap();
        assert!(writer.is_free());
    }

    #[test]
    fn what_was_not_begun_is_taken_back() {
        let (writer, mut terminal) = frozen();
        writer.write(frame()).unwrap();
        // Whether the thread has begun with it is the system's affair.
        if !writer.take_back() {
            terminal.read_exact(&mut frame()).unwrap();
        }
        assert!(!writer.take_back());
        writer.settle().unwrap();
        assert!(writer.is_free());
        writer.write(b"next".to_vec()).unwrap();
        let mut next = [0; 4];
        terminal.read_exact(&mut next).unwrap();
        assert_eq!(&next, b"next");
    }

    #[tokio::test]
    async fn a_frame_that_waits_hears_when_it_can_go_and_when_the_terminal_is_gone() {
        let (writer, mut terminal) = frozen();
        writer.write(frame()).unwrap();
        let waiting = writer.clone();
        let reader = std::thread::spawn(move || {
            terminal.read_exact(&mut frame()).unwrap();
            terminal
        });
        waiting.news(true).await.unwrap();
        drop(reader.join().unwrap());
        writer.write(b"for nobody".to_vec()).unwrap();
        assert!(waiting.news(false).await.is_err());
    }
}
