//! A credential that is typed where there is no screen: a line that the terminal
//! does not show.
//!
//! The terminal is as it was before at whatever end: also when the wait for the
//! line is given up for a signal. Ctrl-Z is no key meanwhile, since a shell gives
//! a terminal that shows what is typed back to the program that goes on. The line
//! is read from the file itself, so no buffer of a library keeps it.

use std::io;

use zeroize::Zeroizing;

/// The longest line; a terminal hands over no longer one.
#[cfg(unix)]
const LONGEST: usize = 4096;

/// Asks, and reads one line without its end; empty where nothing was typed.
#[cfg(unix)]
pub(super) async fn line(question: &str) -> io::Result<Zeroizing<String>> {
    use std::io::Write;

    let _unseen = Unseen::begin()?;
    let mut errors = io::stderr();
    let _ = write!(errors, "{question}").and_then(|()| errors.flush());
    super::aside(read).await?
}

/// Nobody can be asked: this system's terminals are not known to this program.
#[cfg(not(unix))]
pub(super) async fn line(_: &str) -> io::Result<Zeroizing<String>> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
fn read() -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(vec![0; LONGEST]);
    let mut length = 0;
    while let Some(room) = line.get_mut(length..).filter(|room| !room.is_empty()) {
        let read = rustix::io::retry_on_intr(|| rustix::io::read(io::stdin(), &mut *room))?;
        length += read;
        // The terminal hands over whole lines; none is its end of file.
        if read == 0 || line[..length].ends_with(b"\n") {
            break;
        }
    }
    line.truncate(length);
    while line.last().is_some_and(|last| b"\r\n".contains(last)) {
        line.pop();
    }
    match String::from_utf8(std::mem::take(&mut *line)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(io::ErrorKind::InvalidData.into())
        }
    }
}

/// The terminal while it shows nothing of what is typed.
#[cfg(unix)]
struct Unseen(rustix::termios::Termios);

#[cfg(unix)]
impl Unseen {
    fn begin() -> io::Result<Self> {
        use rustix::termios::{
            LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr,
        };
        let before = tcgetattr(io::stdin())?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        unseen.local_modes.insert(LocalModes::ICANON);
        unseen.special_codes[SpecialCodeIndex::VSUSP] = 0;
        // What was typed before the question was seen is no answer to it.
        tcsetattr(io::stdin(), OptionalActions::Flush, &unseen)?;
        Ok(Self(before))
    }
}

#[cfg(unix)]
impl Drop for Unseen {
    fn drop(&mut self) {
        use std::io::Write;

        let actions = rustix::termios::OptionalActions::Flush;
        let _ = rustix::termios::tcsetattr(io::stdin(), actions, &self.0);
        // Enter was not shown either.
        let _ = writeln!(io::stderr());
    }
}
