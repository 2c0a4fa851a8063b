//! A program in a pseudo-terminal, with the time at which its bytes arrive.
//!
//! A frame is what ends with the end of a synchronized update: both programs
//! wrap each frame in one, so "drawn" is a place in the bytes and no guess.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

pub const COLUMNS: u16 = 120;
pub const ROWS: u16 = 40;
const FRAME_END: &[u8] = b"\x1b[?2026l";

pub struct Terminal {
    pub pid: u32,
    /// When it was started.
    pub started: Instant,
    /// The bytes it has written so far.
    pub bytes: usize,
    writer: Box<dyn Write + Send>,
    chunks: Receiver<(Instant, Vec<u8>)>,
    screen: vt100::Parser,
    /// The last bytes, in which a frame's end may have begun.
    tail: Vec<u8>,
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// Starts a program with this home and nothing else of the environment but
    /// what is given.
    pub fn start(program: &Path, home: &Path, env: &[(&str, &str)]) -> Self {
        let size = PtySize {
            rows: ROWS,
            cols: COLUMNS,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system()
            .openpty(size)
            .expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.cwd(home);
        command.env_clear();
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("HOME", home);
        for (name, value) in env {
            command.env(name, OsStr::new(value));
        }
        let mut reader = pair.master.try_clone_reader().expect("its output");
        let writer = pair.master.take_writer().expect("its input");
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).expect("the program");
        drop(pair.slave);
        let (sender, chunks) = channel();
        std::thread::spawn(move || {
            let mut piece = vec![0; 64 * 1024];
            while let Ok(n @ 1..) = reader.read(&mut piece) {
                if sender.send((Instant::now(), piece[..n].to_vec())).is_err() {
                    return;
                }
            }
        });
        let length = |n| NonZeroU16::new(n).expect("a size");
        Self {
            pid: child.process_id().expect("its number"),
            started,
            bytes: 0,
            writer,
            chunks,
            screen: vt100::Parser::new(length(ROWS), length(COLUMNS), 0),
            tail: Vec::new(),
            child,
            _master: pair.master,
        }
    }

    /// Takes what has arrived: whether a frame ended in it.
    fn take(&mut self, bytes: &[u8]) -> bool {
        self.bytes += bytes.len();
        self.screen.process(bytes);
        self.tail.extend_from_slice(bytes);
        let ended = self.tail.windows(FRAME_END.len()).any(|w| w == FRAME_END);
        let keep = self.tail.len().min(FRAME_END.len() - 1);
        self.tail.drain(..self.tail.len() - keep);
        ended
    }

    /// Waits for the end of the next frame; nothing where none comes in time.
    pub fn frame(&mut self, patience: Duration) -> Option<Instant> {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.chunks.recv_timeout(left) {
                Ok((at, bytes)) => {
                    if self.take(&bytes) {
                        return Some(at);
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// From the start to the first frame.
    pub fn first_frame(&mut self) -> Duration {
        let at = self.frame(Duration::from_secs(20));
        at.expect("a first frame") - self.started
    }

    /// Takes what has arrived by now.
    pub fn drain(&mut self) {
        while let Ok((_, bytes)) = self.chunks.try_recv() {
            self.take(&bytes);
        }
    }

    pub fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).expect("its input");
        self.writer.flush().expect("its input");
    }

    /// From a key press to the last byte of the frame that shows it; nothing
    /// where it changes nothing.
    pub fn key(&mut self, keys: &str) -> Option<Duration> {
        self.drain();
        let pressed = Instant::now();
        self.press(keys);
        Some(self.frame(Duration::from_millis(500))? - pressed)
    }

    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Waits until the screen is as wanted; returns when the bytes came that
    /// made it so.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> Instant {
        self.until_within(what, Duration::from_secs(600), wanted)
    }

    pub fn until_within(
        &mut self,
        what: &str,
        patience: Duration,
        wanted: impl Fn(&str) -> bool,
    ) -> Instant {
        let deadline = Instant::now() + patience;
        loop {
            let Some(mut at) = self.frame(deadline.saturating_duration_since(Instant::now()))
            else {
                panic!("waited in vain for {what}:\n{}", self.text());
            };
            while let Ok((later, bytes)) = self.chunks.try_recv() {
                self.take(&bytes);
                at = later;
            }
            if wanted(&self.text()) {
                return at;
            }
        }
    }

    /// Waits until nothing was written for so long.
    pub fn quiet(&mut self, length: Duration) {
        while self.frame(length).is_some() {}
    }

    /// Leaves it with `q`, and waits for its end.
    pub fn quit(mut self) {
        self.press("q");
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            self.drain();
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not end:\n{}", self.text());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
