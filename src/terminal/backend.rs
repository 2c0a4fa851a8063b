//! What ratatui draws to: crossterm's, but for the question how large the window
//! is. Where the system does not say, crossterm runs `tput` with all of this
//! program's environment, and a credential may be in that.

use std::io;

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

use super::Output;

pub(super) struct Screen(CrosstermBackend<Output>);

impl Screen {
    pub(super) fn new(output: Output) -> Self {
        Self(CrosstermBackend::new(output))
    }

    pub(super) fn output(&mut self) -> &mut Output {
        self.0.writer_mut()
    }
}

impl Backend for Screen {
    type Error = io::Error;

    fn size(&self) -> io::Result<Size> {
        super::size().map(Size::from)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.0.window_size()
    }

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.0.draw(content)
    }

    fn append_lines(&mut self, lines: u16) -> io::Result<()> {
        self.0.append_lines(lines)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.0.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.0.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.0.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.0.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        Backend::clear(&mut self.0)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.0.clear_region(region)
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.0)
    }
}
