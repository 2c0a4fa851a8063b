//! Aligned columns: fitted to a terminal's width, whole in a pipe. No tabs and no
//! lines, so that `awk` and eyes are served alike.
//!
//! What tells one row from another is cut last: a narrow terminal does without
//! whole columns before that.

use unicode_width::UnicodeWidthStr;

use super::Output;
use crate::slot::State;
use crate::text;

/// A column never gets narrower than this.
const NARROWEST: usize = 8;
const GAP: usize = 2;
/// A note that has less room than this says nothing.
const USEFUL: usize = 24;
/// Before a note that has a line of its own.
const INDENT: &str = "    ";

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
    /// Columns that the narrowest terminals do without, in this order: rather none
    /// than a part of them.
    last: Vec<&'static str>,
    /// Whether the last column is a note: it takes what the others leave.
    note: bool,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these columns.
    pub fn new(head: &[&'static str], whole: &[&'static str]) -> Self {
        Self {
            head: head.to_vec(),
            whole: whole.to_vec(),
            spare: Vec::new(),
            last: Vec::new(),
            note: false,
            rows: Vec::new(),
        }
    }

    /// Columns that a narrow terminal does without, in this order, before anything
    /// else is cut.
    pub fn without(mut self, spare: &[&'static str]) -> Self {
        self.spare = spare.to_vec();
        self
    }

    /// Columns that go when cutting the others was not enough.
    pub fn without_at_last(mut self, last: &[&'static str]) -> Self {
        self.last = last.to_vec();
        self
    }

    /// The last column is a note: shortened to the rest of the line, or where that
    /// is next to nothing, on a line of its own below its row.
    pub fn with_note(mut self) -> Self {
        self.note = true;
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
        let mut gap = GAP;
        let mut below = None;
        if let Some(width) = out.width {
            let note = match widths.last_mut() {
                Some(last) if self.note => std::mem::take(last),
                _ => 0,
            };
            gap = self.narrow(&mut widths, width);
            let rest = width.saturating_sub(total(&widths, gap) + gap);
            match widths.last_mut() {
                Some(last) if rest >= note.min(USEFUL) => *last = (*last).max(note.min(rest)),
                _ => below = Some(width.saturating_sub(INDENT.len())),
            }
        }
        let mut lines = String::new();
        let head = self.head.iter().map(|name| (*name, None));
        self.line(&mut lines, (&widths, gap), head, out);
        for row in &self.rows {
            let cells = row.iter().map(|cell| (&*cell.text, cell.state));
            self.line(&mut lines, (&widths, gap), cells, out);
            let note = row.last().map_or("", |cell| &*cell.text);
            if let Some(room) = below.filter(|_| self.note && !note.is_empty()) {
                let note = text::fit(note, room, out.ascii);
                lines.push_str(&format!("{INDENT}{note}\n"));
            }
        }
        lines
    }

    /// Makes the columns fit, and says what gap is left between them: what is spare
    /// goes first, then every second blank, and only then is anything cut.
    fn narrow(&self, widths: &mut [usize], width: usize) -> usize {
        let place = |name: &&str| self.head.iter().position(|known| known == name);
        for at in self.spare.iter().filter_map(place) {
            let over = total(widths, GAP).saturating_sub(width);
            if over == 0 {
                return GAP;
            }
            let least = NARROWEST.max(self.head[at].width());
            let cut = widths[at].saturating_sub(over);
            widths[at] = match self.whole.contains(&self.head[at]) || cut < least {
                true => 0,
                false => cut,
            };
        }
        if total(widths, GAP) <= width {
            return GAP;
        }
        let mut uncut = widths.to_vec();
        let mut last = self.last.iter().filter_map(place);
        while total(widths, 1) > width {
            let widest = (0..widths.len())
                .filter(|at| !self.whole.contains(&self.head[*at]))
                .filter(|at| widths[*at] > NARROWEST)
                .max_by_key(|at| widths[*at]);
            match widest {
                Some(at) => widths[at] -= 1,
                None => match last.next() {
                    // What was cut in vain has room again.
                    Some(at) => {
                        uncut[at] = 0;
                        widths.copy_from_slice(&uncut);
                    }
                    None => break,
                },
            }
        }
        1
    }

    fn line<'a>(
        &self,
        lines: &mut String,
        (widths, gap): (&[usize], usize),
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
            column += width + gap;
        }
        lines.push_str(&line);
        lines.push('\n');
    }
}

/// How wide the columns that are shown are together.
fn total(widths: &[usize], gap: usize) -> usize {
    let shown = widths.iter().filter(|width| **width > 0).count();
    widths.iter().sum::<usize>() + gap * shown.saturating_sub(1)
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

    /// As `list` has it: what tells rows apart, and what can be done without.
    fn slots(width: usize) -> String {
        let mut out = Output::detect(false);
        (out.width, out.colour) = (Some(width), false);
        let head = ["organization", "token", "ends", "created by", "id", "note"];
        let mut table = Table::new(&head, &["token", "ends", "id"])
            .without(&["created by", "ends"])
            .without_at_last(&["id"])
            .with_note();
        let creator = "team platform-admins";
        for (name, state, ends, by, id, note) in [
            (
                "acme-audit-europe",
                State::Ok,
                "in 213 d",
                creator,
                "at-Wq3xZb7SExB0ov6y",
                "",
            ),
            (
                "globex",
                State::Unclear,
                "-",
                "-",
                "-",
                "404: no token yet, or you may not see it",
            ),
        ] {
            let mut cells: Vec<Cell> = vec![name.to_owned().into(), state.into()];
            cells.extend([ends, by, id, note].map(|cell| Cell::from(cell.to_owned())));
            table.row(cells);
        }
        table.lines(&out)
    }

    #[test]
    fn a_column_that_can_be_missed_goes_before_a_name_is_cut() {
        let wide = "\
organization       token    ends      created by            id                   note
acme-audit-europe  ok       in 213 d  team platform-admins  at-Wq3xZb7SExB0ov6y
globex             unclear  -         -                     -                    404: no token yet, or y…
";
        assert_eq!(slots(105), wide);
        let note_below = "\
organization       token    ends      created by       id
acme-audit-europe  ok       in 213 d  team platform-…  at-Wq3xZb7SExB0ov6y
globex             unclear  -         -                -
    404: no token yet, or you may not see it
";
        assert_eq!(slots(74), note_below);
        let without_creator = "\
organization       token    ends      id
acme-audit-europe  ok       in 213 d  at-Wq3xZb7SExB0ov6y
globex             unclear  -         -
    404: no token yet, or you may not see it
";
        assert_eq!(slots(60), without_creator);
        let without_end = "\
organization      token   id
acme-audit-europe ok      at-Wq3xZb7SExB0ov6y
globex            unclear -
    404: no token yet, or you may not see it
";
        assert_eq!(slots(46), without_end);
    }

    #[test]
    fn at_last_a_name_is_cut_and_no_part_of_an_id_is_shown() {
        for width in 20..46 {
            let text = slots(width);
            assert!(text.lines().all(|line| line.width() <= width), "{text}");
            assert!(text.contains("unclear"), "{text}");
            let whole = text.contains("at-Wq3xZb7SExB0ov6y");
            assert_eq!(whole, text.contains("at-"), "{text}");
        }
        assert!(slots(30).contains("acme-audit-europe ok"));
    }

    #[test]
    fn colours_change_no_place() {
        let coloured = lines(None, true);
        assert!(coloured.contains("\x1b[33mover policy\x1b[0m"));
        let plain = coloured.replace("\x1b[0m", "").replace("\x1b[32m", "");
        assert_eq!(plain.replace("\x1b[33m", ""), lines(None, false));
    }
}
