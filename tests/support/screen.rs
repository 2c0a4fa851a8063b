//! The terminal's side: what a program's bytes look like on a screen.
//!
//! Queries (such as "where is the cursor?") are counted and never answered, so
//! that a program that waits for an answer is found out.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU16;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A screen at one moment.
#[derive(Clone)]
pub struct Screen(vt100::Screen);

impl Screen {
    /// The rows, without blanks at their ends.
    pub fn rows(&self) -> Vec<String> {
        let (_, cols) = self.0.size();
        let rows = self.0.rows(0, cols.get());
        rows.map(|row| row.trim_end().to_owned()).collect()
    }

    /// The rows as lines, without empty ones at the end.
    pub fn text(&self) -> String {
        self.rows().join("\n").trim_end().to_owned()
    }

    /// Whether some row holds the text (or, with line breaks, the whole does).
    pub fn contains(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// The first row that holds the text.
    pub fn row_with(&self, text: &str) -> String {
        let found = self.rows().into_iter().find(|row| row.contains(text));
        found.unwrap_or_else(|| panic!("no row holds {text:?}:\n{self}"))
    }

    /// Row and column, from 0, of the first cell of the text.
    pub fn find(&self, text: &str) -> Option<(u16, u16)> {
        let (rows, cols) = self.0.size();
        (0..rows.get()).find_map(|row| {
            let mut line = String::new();
            let mut columns = Vec::new();
            for col in 0..cols.get() {
                let cell = self.cell(row, col);
                if cell.is_wide_continuation() {
                    continue;
                }
                let before = line.len();
                line.push_str(if cell.has_contents() {
                    cell.contents()
                } else {
                    " "
                });
                columns.extend(std::iter::repeat_n(col, line.len() - before));
            }
            line.find(text).map(|at| (row, columns[at]))
        })
    }

    /// A cell, with its colours and attributes.
    pub fn cell(&self, row: u16, col: u16) -> &vt100::Cell {
        self.0
            .cell(row, col)
            .unwrap_or_else(|| panic!("no cell at {row}, {col}"))
    }

    /// The first cell of a text that is on the screen.
    pub fn cell_of(&self, text: &str) -> &vt100::Cell {
        let (row, col) = self
            .find(text)
            .unwrap_or_else(|| panic!("{text:?} is not on the screen:\n{self}"));
        self.cell(row, col)
    }

    /// Row and column of the cursor, from 0; nothing while it is hidden.
    pub fn cursor(&self) -> Option<(u16, u16)> {
        (!self.0.hide_cursor()).then(|| self.0.cursor_position())
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        let (rows, cols) = self.0.size();
        (cols.get(), rows.get())
    }

    /// Whether the alternate screen is shown.
    pub fn is_alternate(&self) -> bool {
        self.0.alternate_screen()
    }

    /// Whether pasted text is to be bracketed.
    pub fn brackets_paste(&self) -> bool {
        self.0.bracketed_paste()
    }

    /// Whether cursor keys are to be sent in "application" form.
    pub fn application_cursor(&self) -> bool {
        self.0.application_cursor()
    }
}

/// The screen in a frame, for the message of a failing test.
impl fmt::Display for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cols, _) = self.size();
        let line = "─".repeat(cols.into());
        writeln!(f, "┌{line}┐")?;
        for row in self.rows() {
            let blanks =
                usize::from(cols).saturating_sub(unicode_width::UnicodeWidthStr::width(&*row));
            writeln!(f, "│{row}{}│", " ".repeat(blanks))?;
        }
        writeln!(f, "└{line}┘")
    }
}

/// What a program asked of its terminal beside text.
#[derive(Default)]
pub struct Requests {
    /// Contents for the clipboard by OSC 52, decoded.
    pub clipboard: Vec<Vec<u8>>,
    /// Window titles.
    pub titles: Vec<String>,
    /// Sequences that want an answer.
    pub queries: Vec<String>,
    /// Private modes that are set and that the screen itself does not know.
    pub modes: BTreeSet<u16>,
}

impl vt100::Callbacks for Requests {
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.titles.push(String::from_utf8_lossy(title).into());
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        // What is not base64 is kept as it came: a test that compares it fails.
        let decoded = STANDARD.decode(data).unwrap_or_else(|_| data.to_vec());
        self.clipboard.push(decoded);
    }

    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.queries.push("OSC 52 ?".into());
    }

    fn unhandled_csi(
        &mut self,
        _: &mut vt100::Screen,
        first: Option<u8>,
        _: Option<u8>,
        parameters: &[&[u16]],
        last: char,
    ) {
        let numbers = parameters.iter().flat_map(|group| group.iter().copied());
        match (first, last) {
            (Some(b'?'), 'h') => self.modes.extend(numbers),
            (Some(b'?'), 'l') => numbers.for_each(|mode| {
                self.modes.remove(&mode);
            }),
            (_, 'n' | 'c') => {
                let numbers: Vec<_> = numbers.collect();
                self.queries.push(format!("CSI {numbers:?} {last}"));
            }
            _ => {}
        }
    }
}

/// Everything that a terminal has seen.
pub struct Terminal {
    parser: vt100::Parser<Requests>,
    /// All bytes since the start.
    pub bytes: Vec<u8>,
    /// Every different screen that was there, as text.
    pub frames: Vec<String>,
    /// Whether the other side is closed.
    pub ended: bool,
}

fn length(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).expect("a screen has at least one row and one column")
}

impl Terminal {
    pub fn new(cols: u16, rows: u16) -> Self {
        let requests = Requests::default();
        let parser = vt100::Parser::new_with_callbacks(length(rows), length(cols), 0, requests);
        Self {
            parser,
            bytes: Vec::new(),
            frames: Vec::new(),
            ended: false,
        }
    }

    /// Takes what the program wrote.
    pub fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.parser.process(bytes);
        if !self.is_drawing() {
            let frame = self.screen().text();
            if self.frames.last() != Some(&frame) {
                self.frames.push(frame);
            }
        }
    }

    /// Whether the program is within a synchronized update: a terminal would
    /// not show this yet.
    pub fn is_drawing(&self) -> bool {
        self.requests().modes.contains(&2026)
    }

    pub fn requests(&self) -> &Requests {
        self.parser.callbacks()
    }

    pub fn screen(&self) -> Screen {
        Screen(self.parser.screen().clone())
    }

    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.parser.set_size(length(rows), length(cols));
    }
}
