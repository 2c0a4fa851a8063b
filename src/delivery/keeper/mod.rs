//! The keeper: the process that holds a copied secret.
//!
//! On X11 and Wayland a clipboard's content lives only as long as the process
//! that offers it, and everywhere somebody has to be there to clear it. That
//! somebody must not be the program on the screen, which may be quit, killed or
//! suspended at any time. So the same binary, started as `orgward keeper MODE`,
//! holds one secret, for one copy, until its time is over.
//!
//! What is said on the pipes, one line each:
//!
//! | keeper says | program says | meaning |
//! |---|---|---|
//! | `ready` | | the clipboard is open, no secret is here yet |
//! | | `secret LENGTH CLEAR_AFTER` and LENGTH bytes | milliseconds, or `never` |
//! | | `text LENGTH CLEAR_AFTER` and LENGTH bytes | likewise, but not marked as sensitive |
//! | `held` | | the content was set and read back |
//! | | `clear` | end the time now |
//! | | `stop` | a newer copy is held elsewhere: end without clearing |
//! | `cleared`, `replaced`, `stopped` | | how it ended |
//! | `error WHY` | | it did not work, or does no longer |
//!
//! End of file before a secret ends the keeper; after it the program is gone,
//! and the clipboard's keeper goes on to the deadline by itself.
//!
//! The deadline counts the time that the machine sleeps: a secret must not be
//! there again when a lid is opened the next morning.

mod board;
mod clock;
mod rules;
mod tmux;

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::hardening;
use crate::secret::Secret;
use rules::{Event, Keeping, Next};

/// The hidden subcommand's name: `main` sends `argv[1] == keeper::NAME` here
/// before anything else happens.
pub const NAME: &str = "keeper";
/// The mode that holds the system's clipboard.
pub const CLIPBOARD: &str = "clipboard";
/// The mode that holds a buffer of tmux.
pub const TMUX: &str = "tmux";

/// Longer secrets are refused; a token has some hundred bytes.
pub const MAX_SECRET: usize = 64 * 1024;

/// A place that one secret can be put into and taken out of.
trait Board: Sized {
    /// Whether nobody else puts anything there. Such a place is emptied as soon
    /// as it can be: when a newer copy is held, when the program is gone. A
    /// shared one is kept to the deadline, and left to a newer copy.
    const OWN_PLACE: bool;
    /// Shows that it is there, with nothing put into it.
    fn open() -> Result<Self, String>;
    /// Puts the secret in; what becomes of it is told through `events`, first
    /// of all [`Event::Held`], once it was seen to be there.
    fn hold(&mut self, order: &Order, events: &Sender<Event>);
    /// Takes the secret out if it is still ours. On X11 and Wayland the end of
    /// the process does just that, without a moment in which somebody else's
    /// content could be hit. Returns whether it was ours.
    fn let_go(&mut self, secret: &Secret) -> bool;
}

/// The keeper's whole life. `arguments` are those behind `keeper`.
pub fn main(mut arguments: impl Iterator<Item = String>) -> ExitCode {
    hardening::harden();
    // A session of its own: nothing that happens to the terminal reaches it.
    #[cfg(unix)]
    if let Err(error) = rustix::process::setsid() {
        say(&format!("error it could not leave the terminal: {error}"));
        return ExitCode::FAILURE;
    }
    let _ = std::env::set_current_dir(std::path::MAIN_SEPARATOR_STR);
    match arguments.next().as_deref() {
        Some(CLIPBOARD) => live::<board::Clipboard>(),
        Some(TMUX) => live::<tmux::Buffer>(),
        _ => {
            say("error this is a part of orgward that is not started by hand");
            ExitCode::from(2)
        }
    }
}

fn live<B: Board>() -> ExitCode {
    let mut board = match B::open() {
        Ok(board) => board,
        Err(why) => {
            say(&format!("error {}", crate::text::safe(&why)));
            return ExitCode::FAILURE;
        }
    };
    say("ready");
    let mut input = match unbuffered_stdin() {
        Ok(input) => input,
        Err(error) => {
            say(&format!("error its input cannot be read: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let Some(order) = read_order(&mut input) else {
        return ExitCode::SUCCESS;
    };
    let mut keeping = Keeping::new(
        order
            .clear_after
            .and_then(|time| clock::now().checked_add(time)),
        B::OWN_PLACE,
    );
    let (sender, events) = mpsc::channel();
    board.hold(&order, &sender);
    std::thread::spawn(move || read_words(input, &sender));
    loop {
        let next = match keeping.due(clock::now()) {
            Some(next) => next,
            None => match events.recv_timeout(keeping.patience(clock::now())) {
                Ok(event) => keeping.on(event),
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => Next::LetGo,
            },
        };
        match next {
            Next::Go => {}
            Next::Say(word) => say(word),
            Next::LetGo => {
                let ours = board.let_go(&order.secret);
                say(if ours { "cleared" } else { "replaced" });
                break;
            }
            Next::End(last) => {
                say(&crate::text::safe(&last));
                break;
            }
        }
    }
    // At once and without destructors: they would offer the content to a
    // clipboard manager.
    std::process::exit(0)
}

/// A line to the program; that nobody may be there to read it is no failure.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Standard input without the library's buffer, which would keep a copy of the
/// secret that nobody wipes.
fn unbuffered_stdin() -> io::Result<File> {
    #[cfg(unix)]
    let handle = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned()?;
    #[cfg(windows)]
    let handle = std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned()?;
    Ok(File::from(handle))
}

/// What is to be kept.
struct Order {
    secret: Secret,
    /// Whether clipboard managers are asked not to keep it.
    sensitive: bool,
    clear_after: Option<Duration>,
}

/// Reads the order; `None` when the program ended, or said something
/// else, before there was one.
fn read_order(input: &mut impl Read) -> Option<Order> {
    let line = read_line(input)?;
    let mut words = line.split(' ');
    let (Some(word), Some(length), Some(time), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return None;
    };
    let sensitive = match word {
        "secret" => true,
        "text" => false,
        _ => return None,
    };
    let length = length.parse().ok().filter(|n| *n <= MAX_SECRET)?;
    let clear_after = match time {
        "never" => None,
        milliseconds => Some(Duration::from_millis(milliseconds.parse().ok()?)),
    };
    let mut bytes = Zeroizing::new(vec![0; length]);
    input.read_exact(&mut bytes).ok()?;
    let text = match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Zeroizing::new(text),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            return None;
        }
    };
    Some(Order {
        secret: Secret::from_zeroizing(text),
        sensitive,
        clear_after,
    })
}

/// One line, byte by byte, so that nothing behind it is taken.
fn read_line(input: &mut impl Read) -> Option<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        match input.read(&mut byte) {
            Ok(1) if byte[0] == b'\n' => return String::from_utf8(line).ok(),
            Ok(1) if line.len() < 64 => line.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => return None,
        }
    }
}

fn read_words(mut input: File, events: &Sender<Event>) {
    while let Some(line) = read_line(&mut input) {
        let event = match line.as_str() {
            "clear" => Event::Clear,
            "stop" => Event::Stop,
            _ => continue,
        };
        if events.send(event).is_err() {
            return;
        }
    }
    let _ = events.send(Event::ProgramGone);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_to_its_last_byte_and_no_further() {
        let mut input = io::Cursor::new(b"secret 6 1500\nab\ncde1clear\n".to_vec());
        let order = read_order(&mut input).unwrap();
        assert_eq!(order.secret.expose(), "ab\ncde");
        assert!(order.sensitive);
        assert_eq!(order.clear_after, Some(Duration::from_millis(1500)));
        assert_eq!(read_line(&mut input).unwrap(), "1clear");
        assert_eq!(read_line(&mut input), None);
    }

    #[test]
    fn anything_else_is_no_order() {
        for input in [
            "",
            "clear\n",
            "secret 4 1000\nabc",
            "secret 4\nabcd",
            "secret 4 soon\nabcd",
            "secret 99999999999 never\n",
            "secret 4 never",
        ] {
            assert!(read_order(&mut input.as_bytes()).is_none(), "{input:?}");
        }
        let order = read_order(&mut b"text 1 never\nx".as_slice()).unwrap();
        assert_eq!((order.sensitive, order.clear_after), (false, None));
    }
}
