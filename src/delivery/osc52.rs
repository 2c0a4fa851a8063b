//! OSC 52: the clipboard of the terminal in front of the owner, wherever the
//! program runs.
//!
//! The sequence goes out through the one who writes the frames, between two
//! draws; this module only produces it. No terminal confirms it and none lets
//! us clear it safely, so what goes this way is *sent*, never *delivered*.
//! The query form (which would read the owner's clipboard) does not exist here.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

/// Bytes for the terminal, to be written as they are between two frames.
pub struct TerminalWrite {
    /// The sequence; it contains the secret and is wiped with this value.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Told once they were written and flushed, or why not.
    pub done: oneshot::Sender<io::Result<()>>,
}

/// `ESC ] 52 ; c ; BASE64 ESC \`
fn sequence(text: &str) -> Zeroizing<Vec<u8>> {
    const HEAD: &[u8] = b"\x1b]52;c;";
    const TAIL: &[u8] = b"\x1b\\";
    let text = text.as_bytes();
    // Filled in place: nothing grows, so nothing is left behind.
    let room = text.len().div_ceil(3) * 4;
    let mut bytes = Zeroizing::new(vec![0; HEAD.len() + room + TAIL.len()]);
    bytes[..HEAD.len()].copy_from_slice(HEAD);
    let written = STANDARD
        .encode_slice(text, &mut bytes[HEAD.len()..HEAD.len() + room])
        .unwrap_or(0);
    let end = HEAD.len() + written;
    bytes[end..end + TAIL.len()].copy_from_slice(TAIL);
    bytes.truncate(end + TAIL.len());
    bytes
}

/// Sends a text to the terminal and waits until it was written.
pub(super) async fn send(terminal: &mpsc::Sender<TerminalWrite>, text: &str) -> io::Result<()> {
    let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "the terminal is gone");
    let (done, answer) = oneshot::channel();
    let write = TerminalWrite {
        bytes: sequence(text),
        done,
    };
    terminal.send(write).await.map_err(|_| gone())?;
    answer.await.map_err(|_| gone())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_set_form() {
        for (text, encoded) in [("a", "YQ=="), ("abc", "YWJj"), ("abcd", "YWJjZA==")] {
            assert_eq!(
                &**sequence(text),
                format!("\x1b]52;c;{encoded}\x1b\\").as_bytes()
            );
        }
    }
}
