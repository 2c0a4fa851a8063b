//! The console of Windows. It takes text: bytes it would read in whatever code
//! page it has, and the standard library's writer for it would keep the end of a
//! frame in a buffer that nobody wipes.

use std::io;

/// The most bytes that are written at once: some consoles take no more than
/// 64 KiB of UTF-16.
const PIECE: usize = 16 * 1024;

pub(super) struct Console(crossterm_winapi::Console);

impl Console {
    /// The one that standard output goes to.
    pub(super) fn new() -> io::Result<Self> {
        crossterm_winapi::Console::output().map(Self)
    }
}

/// What the text is turned into is wiped by the allocator.
impl io::Write for Console {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a frame is not UTF-8"))?;
        let mut end = text.len().min(PIECE);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.0.write_char_buffer(&bytes[..end])?;
        Ok(end)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
