//! Aligned columns: cut to a terminal's width, whole in a pipe. No tabs and no
//! lines, so that `awk` and eyes are served alike.

use unicode_width::UnicodeWidthStr;

use super::Output;
use crate::slot::State;
use crate::text;

/// A column never gets narrower than this.
const NARROWEST: usize = 8;
const GAP: usize = 2;

/// One cell.
pub struct Cell {
    text: String,
    state: Option<State>,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, state: None }
    }
}

impl From<State> for Cell {
    fn from(state: State) -> Self {
        Self {
            text: state.word().to_owned(),
            state: Some(state),
        }
    }
}

/// A table with a head.
pub struct Table {
    head: Vec<&'static str>,
    /// Columns that are worth nothing when they are cut: ids, states.
    whole: Vec<&'static str>,
    /// Columns that a narrow terminal does without, in this order.
    spare: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these columns.
    pub fn new(head: &[&'static str], whole: &[&'static str]) -> Self {
        Self {
            head: head.to_vec(),
            whole: whole.to_vec(),
            spare: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Columns that a narrow terminal does without, in this order.
    pub fn without(mut self, spare: &[&'static str]) -> Self {
        self.spare = spare.to_vec();
        self
    }

    /// Adds a row with one cell for each column.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// The lines. A column that is empty in every row is left out.
    pub fn lines(&self, out: &Output) -> String {
        let mut widths: Vec<usize> = (0..self.head.len())
            .map(|at| {
                let cells = self.rows.iter().filter_map(|row| row.get(at));
                match cells.map(|cell| cell.text.width()).max().unwrap_or(0) {
                    0 => 0,
                    width => width.max(self.head[at].width()),
                }
            })
            .collect();
        if let Some(width) = out.width {
            self.narrow(&mut widths, width);
        }
        let mut lines = String::new();
        let head = self.head.iter().map(|name| (*name, None));
        self.line(&mut lines, &widths, head, out);
        for row in &self.rows {
            let cells = row.iter().map(|cell| (&*cell.text, cell.state));
            self.line(&mut lines, &widths, cells, out);
        }
        lines
    }

    /// Takes from the widest column until all fit, and then whole columns.
    fn narrow(&self, widths: &mut [usize], width: usize) {
        let mut spare = self.spare.iter();
        loop {
            let shown = widths.iter().filter(|width| **width > 0).count();
            let total = widths.iter().sum::<usize>() + GAP * shown.saturating_sub(1);
            if total <= width {
                return;
            }
            let widest = (0..widths.len())
                .filter(|at| !self.whole.contains(&self.head[*at]))
                .filter(|at| widths[*at] > NARROWEST)
                .max_by_key(|at| widths[*at]);
            if let Some(at) = widest {
                widths[at] -= 1;
                continue;
            }
            let Some(name) = spare.next() else { return };
            if let Some(at) = self.head.iter().position(|known| known == name) {
                widths[at] = 0;
            }
        }
    }

    fn line<'a>(
        &self,
        lines: &mut String,
        widths: &[usize],
        cells: impl Iterator<Item = (&'a str, Option<State>)>,
        out: &Output,
    ) {
        let mut line = String::new();
        // The blanks before a cell are written with it: none ends a line.
        let mut column = 0;
        let mut at = 0;
        for ((text, state), width) in cells.zip(widths).filter(|(_, width)| **width > 0) {
            // A terminal that is narrower still: what does not fit is left out.
            let room = out.width.map_or(*width, |all| all.saturating_sub(column));
            let text = text::fit(text, (*width).min(room), out.ascii);
            if !text.is_empty() {
                line.push_str(&" ".repeat(column - at));
                at = column + text.width();
                match state.filter(|_| out.colour).and_then(colour) {
                    Some(colour) => line.push_str(&format!("\x1b[{colour}m{text}\x1b[0m")),
                    None => line.push_str(&text),
                }
            }
            column += width + GAP;
        }
        lines.push_str(&line);
        lines.push('\n');
    }
}

/// The colour of a state (SGR); the word says the same.
fn colour(state: State) -> Option<u8> {
    Some(match state {
        State::Expired | State::Failed | State::Unauthorized => 31,
        State::OverPolicy | State::Expiring | State::NoAccess | State::NotVisible => 33,
        State::Unused | State::Unclear => 36,
        State::Ok => 32,
        State::None | State::Reading => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(width: Option<usize>, colour: bool) -> String {
        let mut out = Output::detect(false);
        (out.width, out.colour) = (width, colour);
        let mut table = Table::new(&["organization", "token", "kind", "note"], &["token"]);
        for (name, state, note) in [
            ("acme", State::Ok, ""),
            (
                "an-organization-with-a-long-name",
                State::OverPolicy,
                "it lives too long",
            ),
        ] {
            table.row(vec![
                name.to_owned().into(),
                state.into(),
                String::new().into(),
                note.to_owned().into(),
            ]);
        }
        table.lines(&out)
    }

    #[test]
    fn whole_in_a_pipe_without_blanks_at_the_end() {
        assert_eq!(
            lines(None, false),
            "organization                      token        note\n\
             acme                              ok\n\
             an-organization-with-a-long-name  over policy  it lives too long\n"
        );
    }

    #[test]
    fn cut_to_a_terminal_but_never_the_state() {
        let text = lines(Some(40), false);
        assert!(text.lines().all(|line| line.width() <= 40), "{text}");
        assert!(text.contains("over policy"), "{text}");
    }

    #[test]
    fn colours_change_no_place() {
        let coloured = lines(None, true);
        assert!(coloured.contains("\x1b[33mover policy\x1b[0m"));
        let plain = coloured.replace("\x1b[0m", "").replace("\x1b[32m", "");
        assert_eq!(plain.replace("\x1b[33m", ""), lines(None, false));
    }
}
