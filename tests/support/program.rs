//! A program in a pseudo-terminal, driven and watched as its user would.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::process::Pid;
pub use rustix::process::Signal;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex};

use super::keys::Key;
use super::processes::{Family, Process};
use super::screen::{Requests, Screen, Terminal};
use super::{patience, poll};

/// The kernel keeps 4096 bytes of unread input; a writer of more would hang.
const INPUT_ROOM: usize = 4000;

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// What a program is to be started with.
pub struct Builder {
    program: OsString,
    args: Vec<OsString>,
    env: BTreeMap<OsString, OsString>,
    home: Option<PathBuf>,
    size: (u16, u16),
}

impl Builder {
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().into());
        self
    }

    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().into()));
        self
    }

    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.insert(name.as_ref().into(), value.as_ref().into());
        self
    }

    /// The home directory; without it the program gets a new, empty one.
    pub fn home(mut self, home: impl AsRef<Path>) -> Self {
        self.home = Some(home.as_ref().into());
        self
    }

    /// Columns and rows; 80×24 without it.
    pub fn size(mut self, cols: u16, rows: u16) -> Self {
        self.size = (cols, rows);
        self
    }

    /// Starts it. Its environment is what was given here and what
    /// [`Builder::environment`] adds: nothing of the machine leaks in.
    pub fn start(mut self) -> Program {
        let own_home = self.home.is_none().then(|| tempfile::tempdir().unwrap());
        let home = match &own_home {
            Some(directory) => directory.path().to_owned(),
            None => self.home.take().unwrap(),
        };
        let (cols, rows) = self.size;
        let pair = native_pty_system().openpty(size(cols, rows)).unwrap();
        let marker = new_marker();
        let mut command = CommandBuilder::new(&self.program);
        command.args(&self.args);
        command.cwd(&home);
        command.env_clear();
        for (name, value) in self.environment(&home) {
            command.env(name, value);
        }
        command.env(MARKER, &marker);
        let child = pair
            .slave
            .spawn_command(command)
            .unwrap_or_else(|error| panic!("{:?} could not be started: {error}", self.program));
        // Else the end of the program would not be the end of its output.
        drop(pair.slave);
        let pid = child.process_id().expect("a started program has a pid");
        let pid = i32::try_from(pid).unwrap();
        let shared = Arc::new(Shared {
            terminal: Mutex::new(Terminal::new(cols, rows)),
            changed: Condvar::new(),
            hung_up: AtomicBool::new(false),
            frozen: AtomicBool::new(false),
        });
        let reader = pair.master.try_clone_reader().unwrap();
        let thread = std::thread::spawn({
            let shared = shared.clone();
            move || shared.read(reader)
        });
        Program {
            tty: pair
                .master
                .tty_name()
                .expect("a pseudo-terminal has a name"),
            writer: RefCell::new(Some(pair.master.take_writer().unwrap())),
            master: RefCell::new(Some(pair.master)),
            child: RefCell::new(child),
            exit: Cell::new(None),
            core: Cell::new(false),
            family: RefCell::new(Family::of(pid, format!("{MARKER}={marker}"))),
            pid,
            shared,
            thread: RefCell::new(Some(thread)),
            escape_is_open: Cell::new(false),
            patience: Cell::new(patience()),
            home,
            _own_home: own_home,
        }
    }

    /// The directories are below the home directory and are made where they are missing.
    fn environment(&self, home: &Path) -> BTreeMap<OsString, OsString> {
        let mut env: BTreeMap<OsString, OsString> = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"),
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("SHELL", "/bin/sh"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
        env.insert("HOME".into(), home.into());
        for (name, below) in [
            ("XDG_CONFIG_HOME", ".config"),
            ("XDG_STATE_HOME", ".local/state"),
            ("XDG_DATA_HOME", ".local/share"),
            ("XDG_CACHE_HOME", ".cache"),
            ("XDG_RUNTIME_DIR", ".run"),
            ("TMPDIR", ".tmp"),
        ] {
            let path = home.join(below);
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&path)
                .unwrap();
            env.insert(name.into(), path.into());
        }
        env.extend(self.env.clone());
        env
    }
}

/// A screen without what turns on it.
fn still(text: &str) -> String {
    text.replace(['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'], " ")
}

/// A variable by which descendants are recognized that left session and parent.
pub const MARKER: &str = "ORGWARD_TEST_PROGRAM";

fn new_marker() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    format!("{}-{}-{count}", std::process::id(), now.as_nanos())
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}

/// What the reading thread and the test see of one terminal.
struct Shared {
    terminal: Mutex<Terminal>,
    changed: Condvar,
    hung_up: AtomicBool,
    /// Nobody reads what the program writes.
    frozen: AtomicBool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Terminal> {
        self.terminal
            .lock()
            .expect("the terminal's emulation failed")
    }

    fn read(&self, mut reader: Box<dyn Read + Send>) {
        let mut piece = vec![0; 64 * 1024];
        while let Ok(n @ 1..) = reader.read(&mut piece) {
            if self.hung_up.load(Ordering::SeqCst) {
                break;
            }
            self.lock().take(&piece[..n]);
            self.changed.notify_all();
            while self.frozen.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        // Closed before it is said: after "ended" the terminal is gone.
        drop(reader);
        self.lock().ended = true;
        self.changed.notify_all();
    }
}

/// A running program. Dropping it ends it, and every process that came from it.
pub struct Program {
    pid: i32,
    tty: PathBuf,
    master: RefCell<Option<Box<dyn MasterPty + Send>>>,
    writer: RefCell<Option<Box<dyn Write + Send>>>,
    child: RefCell<Box<dyn Child + Send + Sync>>,
    exit: Cell<Option<Exit>>,
    core: Cell<bool>,
    family: RefCell<Family>,
    shared: Arc<Shared>,
    thread: RefCell<Option<JoinHandle<()>>>,
    /// The last byte sent was a lone Esc: the next would look like Alt.
    escape_is_open: Cell<bool>,
    patience: Cell<Duration>,
    home: PathBuf,
    _own_home: Option<tempfile::TempDir>,
}

impl Program {
    /// Any program: a path, or a name to be found in `PATH`.
    pub fn build(program: impl AsRef<OsStr>) -> Builder {
        Builder {
            program: program.as_ref().into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            home: None,
            size: (80, 24),
        }
    }

    /// The program of this package, as it was built for the tests.
    pub fn orgward() -> Builder {
        Self::build(env!("CARGO_BIN_EXE_orgward"))
    }

    /// A script for `/bin/sh`.
    pub fn shell(script: &str) -> Builder {
        Self::build("/bin/sh").args(["-c", script])
    }

    pub fn pid(&self) -> i32 {
        self.pid
    }

    pub fn home(&self) -> &Path {
        &self.home
    }

    /// How long the program is waited for from now on; [`patience`] at first.
    pub fn set_patience(&self, patience: Duration) -> &Self {
        self.patience.set(patience);
        self
    }

    // ---- input

    /// Has the terminal read nothing any more, or read again.
    pub fn freeze(&self, frozen: bool) -> &Self {
        self.shared.frozen.store(frozen, Ordering::SeqCst);
        self
    }

    pub fn press(&self, key: impl Into<Key>) -> &Self {
        let key = key.into();
        let bytes = key.bytes(self.look().application_cursor());
        self.send(&bytes);
        self.escape_is_open.set(key == Key::Esc);
        self
    }

    pub fn ctrl(&self, c: char) -> &Self {
        self.press(Key::Ctrl(c))
    }

    pub fn enter(&self) -> &Self {
        self.press(Key::Enter)
    }

    pub fn esc(&self) -> &Self {
        self.press(Key::Esc)
    }

    pub fn tab(&self) -> &Self {
        self.press(Key::Tab)
    }

    pub fn type_text(&self, text: &str) -> &Self {
        self.press(text)
    }

    /// Pastes as a terminal does: bracketed where the program asked for it,
    /// line breaks as carriage returns.
    pub fn paste(&self, text: &str) -> &Self {
        let text = text.replace('\n', "\r");
        if self.look().brackets_paste() {
            self.send(format!("\x1b[200~{text}\x1b[201~").as_bytes());
        } else {
            self.send(text.as_bytes());
        }
        self
    }

    /// Sends bytes, at once while they fit in the terminal's queue (a burst of
    /// some thousand keys does), else as the program reads them.
    pub fn send(&self, bytes: &[u8]) -> &Self {
        for piece in bytes.chunks(INPUT_ROOM) {
            let room = if self.escape_is_open.take() {
                0
            } else {
                INPUT_ROOM - piece.len()
            };
            let read = poll(self.patience.get(), || {
                (self.unread()? <= room).then_some(())
            });
            if read.is_none() {
                self.fail("the program to read its input");
            }
            let mut writer = self.writer.borrow_mut();
            let writer = writer.as_mut().expect("the terminal was hung up");
            writer.write_all(piece).expect("the terminal takes input");
        }
        self
    }

    /// How many bytes of input the program has not read; nothing if that
    /// cannot be told.
    fn unread(&self) -> Option<usize> {
        let tty = self.open_tty()?;
        // Linux hands input over behind the writer's back; a poll waits for that.
        let mut polled = [PollFd::new(&tty, PollFlags::IN)];
        rustix::event::poll(&mut polled, Some(&Timespec::default())).ok()?;
        let unread = rustix::io::ioctl_fionread(&tty).ok()?;
        usize::try_from(unread).ok()
    }

    /// The program's side of the terminal, for a moment.
    fn open_tty(&self) -> Option<OwnedFd> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        rustix::fs::open(&self.tty, flags, Mode::empty()).ok()
    }

    // ---- waiting

    /// Waits until the screen is as wanted, and returns that screen. Fails at
    /// once when the program's output ended without it.
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&Screen) -> bool) -> Screen {
        let deadline = Instant::now() + self.patience.get();
        let mut terminal = self.shared.lock();
        loop {
            if !terminal.is_drawing() || terminal.ended {
                let screen = terminal.screen();
                if wanted(&screen) {
                    drop(terminal);
                    self.family.borrow_mut().look();
                    return screen;
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || terminal.ended {
                drop(terminal);
                self.fail(what);
            }
            terminal = self
                .shared
                .changed
                .wait_timeout(terminal, left)
                .expect("the terminal's emulation failed")
                .0;
        }
    }

    /// Waits until the text is on the screen.
    pub fn wait_for(&self, text: &str) -> &Self {
        self.wait_until(&format!("{text:?}"), |screen| screen.contains(text));
        self
    }

    /// Waits until the words are on the screen, wherever a box breaks them
    /// into lines.
    pub fn wait_for_words(&self, words: &str) -> &Self {
        self.wait_until(&format!("the words {words:?}"), |screen| {
            flat(&screen.text()).contains(&flat(words))
        });
        self
    }

    /// Waits until the text is no longer on the screen.
    pub fn wait_gone(&self, text: &str) -> &Self {
        self.wait_until(&format!("{text:?} to be gone"), |screen| {
            !screen.contains(text)
        });
        self
    }

    /// Waits until the program has read its input and nothing changes on the
    /// screen for a while but what turns while something is under way. It may
    /// still do so a moment later: good for looking at a screen, no proof that
    /// something does *not* happen.
    pub fn stable(&self) -> &Self {
        const QUIET: Duration = Duration::from_millis(300);
        let mut seen = (String::new(), Instant::now());
        let quiet = poll(self.patience.get(), || {
            // Not while the lock is held that the reading thread needs.
            let (text, ended) = {
                let terminal = self.shared.lock();
                (still(&terminal.screen().text()), terminal.ended)
            };
            if text != seen.0 || self.unread().is_some_and(|unread| unread > 0) {
                seen = (text, Instant::now());
            }
            (ended || seen.1.elapsed() >= QUIET).then_some(())
        });
        if quiet.is_none() {
            self.fail("a screen that does not change");
        }
        self
    }

    /// Waits until the program has ended and all its output was read.
    pub fn wait_exit(&self) -> Exit {
        self.family.borrow_mut().look();
        let exit = poll(self.patience.get(), || self.exited());
        let Some(exit) = exit else {
            self.fail("the program to end");
        };
        if poll(self.patience.get(), || {
            self.shared.lock().ended.then_some(())
        })
        .is_none()
        {
            self.fail("the terminal to be let go (some child still holds it)");
        }
        exit
    }

    /// Waits until the program is stopped, as by Ctrl-Z.
    pub fn wait_stopped(&self) -> &Self {
        let stopped = || Process::look(self.pid).filter(|process| process.state == 'T');
        if poll(self.patience.get(), stopped).is_none() {
            self.fail("the program to stop");
        }
        self
    }

    /// How the program ended, if it did.
    pub fn exited(&self) -> Option<Exit> {
        if self.exit.get().is_none() {
            let mut child = self.child.borrow_mut();
            let child: &mut dyn Child = child.as_mut();
            let child = child
                .downcast_mut::<std::process::Child>()
                .expect("children are plain processes here");
            let status = child.try_wait().expect("the program can be waited for")?;
            let exit = match (status.code(), status.signal()) {
                (Some(code), _) => Exit::Code(code),
                (None, Some(signal)) => Exit::Signal(signal),
                (None, None) => panic!("a strange end: {status}"),
            };
            self.exit.set(Some(exit));
            self.core.set(status.core_dumped());
        }
        self.exit.get()
    }

    /// Whether the system wrote down the memory of the program that ended.
    pub fn dumped_core(&self) -> bool {
        assert!(self.exited().is_some(), "the program has not ended");
        self.core.get()
    }

    fn fail(&self, what: &str) -> ! {
        let state = match self.exited() {
            Some(exit) => format!("it ended: {exit:?}"),
            None => format!("it runs as {}", self.pid),
        };
        let screen = self.look();
        panic!("waited in vain for {what} ({state})\n{screen}");
    }

    // ---- what is there

    /// The screen now.
    pub fn look(&self) -> Screen {
        self.shared.lock().screen()
    }

    /// The text on the screen now.
    pub fn screen(&self) -> String {
        self.look().text()
    }

    /// The first row that holds the text.
    pub fn row_with(&self, text: &str) -> String {
        self.look().row_with(text)
    }

    /// All bytes that the program wrote since its start.
    pub fn raw_bytes(&self) -> Vec<u8> {
        self.shared.lock().bytes.clone()
    }

    /// Every different screen since the start, oldest first. A screen that is
    /// drawn piece by piece shows up here whole, unlike in the raw bytes.
    pub fn frames(&self) -> Vec<String> {
        self.shared.lock().frames.clone()
    }

    /// What was put on the clipboard by OSC 52.
    pub fn osc52(&self) -> Vec<Vec<u8>> {
        self.requests(|requests| requests.clipboard.clone())
    }

    /// What else the program asked of its terminal.
    pub fn requests<T>(&self, look: impl FnOnce(&Requests) -> T) -> T {
        look(self.shared.lock().requests())
    }

    /// Whether the terminal hands over whole lines, as a shell wants it.
    pub fn is_cooked(&self) -> bool {
        self.has_mode(LocalModes::ICANON)
    }

    /// Whether the terminal shows what is typed.
    pub fn echoes(&self) -> bool {
        self.has_mode(LocalModes::ECHO)
    }

    fn has_mode(&self, mode: LocalModes) -> bool {
        let master = self.master.borrow();
        let master = master.as_ref().expect("the terminal was hung up");
        let termios = master.get_termios().expect("the terminal has modes");
        termios.local_flags.bits() & mode.bits() != 0
    }

    /// The program and everything that came from it, as far as it lives.
    pub fn family(&self) -> Vec<Process> {
        self.family.borrow_mut().look()
    }

    // ---- events

    /// Resizes the window.
    pub fn resize(&self, cols: u16, rows: u16) -> &Self {
        let master = self.master.borrow();
        let master = master.as_ref().expect("the terminal was hung up");
        // The screen first: the program's answer must find it.
        self.shared.lock().resize(cols, rows);
        master.resize(size(cols, rows)).unwrap();
        self
    }

    /// Sends a signal to the program alone.
    pub fn signal(&self, signal: Signal) -> &Self {
        self.family.borrow_mut().look();
        assert_eq!(self.exited(), None, "the program has ended already");
        let pid = Pid::from_raw(self.pid).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        self
    }

    /// Closes the terminal under the program, as a closed window or a lost
    /// connection does.
    pub fn hang_up(&self) -> &Self {
        self.family.borrow_mut().look();
        self.shared.hung_up.store(true, Ordering::SeqCst);
        if let Some(tty) = self.open_tty() {
            // The writer ends with a line break and end-of-file while there is
            // such a character; the program would take them for keys.
            if let Ok(mut termios) = rustix::termios::tcgetattr(&tty) {
                termios.special_codes[SpecialCodeIndex::VEOF] = 0;
                let _ = rustix::termios::tcsetattr(&tty, OptionalActions::Now, &termios);
            }
            // One byte wakes the reader, which lets go of its end.
            let _ = rustix::io::write(&tty, b"\0");
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        drop(self.writer.take());
        drop(self.master.take());
        self
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.freeze(false);
        self.family.get_mut().look();
        if self.exited().is_none() {
            let group = Pid::from_raw(self.pid).unwrap();
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
            let _ = self.child.get_mut().kill();
            let _ = self.child.get_mut().wait();
        }
        self.family.get_mut().kill();
    }
}

/// A text as one line, without its boxes.
fn flat(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || "│─╭╮╰╯".contains(c));
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
