//! How the window is divided: needed to know how many rows are visible, and
//! used by the drawing, so that the two agree.

use unicode_width::UnicodeWidthStr;

use super::App;
use super::list::Column;

/// The smallest window that shows a list.
pub const SMALLEST: (u16, u16) = (40, 10);
/// From this width on the details stand beside the list.
pub const WIDE: u16 = 150;
/// The width of the details beside the list.
pub const BESIDE: u16 = 46;

/// The width of the help where the window has room.
pub const HELP: u16 = 84;

/// The lines of the window's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines {
    /// Rows of the list.
    pub list: u16,
    /// Lines of the details below the list; none when they are beside it.
    pub details: u16,
}

/// Divides a window of `size` columns and lines: a title, a rule and the
/// columns' heads above the list; a rule, the details and the keys below.
pub fn lines(size: (u16, u16)) -> Lines {
    let (width, height) = size;
    let details = match (width, height) {
        (WIDE.., _) => 0,
        (_, ..14) => 1,
        (..60, 16..) | (..100, 20..) => 4,
        _ => 3,
    };
    Lines {
        list: height.saturating_sub(5 + details),
        details,
    }
}

/// The columns of the window that the list has.
pub fn list_width(size: (u16, u16)) -> usize {
    usize::from(match lines(size).details {
        0 => size.0.saturating_sub(BESIDE),
        _ => size.0,
    })
}

/// The number of rows that are visible.
pub fn list_height(size: (u16, u16)) -> usize {
    usize::from(lines(size).list)
}

/// The cells of the bar that shows what is left of a token's life.
pub const CELLS: usize = 6;
/// The narrowest and the widest that the organizations' column gets.
const ORGANIZATION: (usize, usize) = (14, 40);

/// The widths of the list's columns; zero for one that is not shown.
#[allow(missing_docs, reason = "each is the column of that name")]
pub struct Columns {
    pub organization: usize,
    pub host: usize,
    pub token: usize,
    pub ends: usize,
    pub bar: usize,
    pub used: usize,
    pub creator: usize,
}

impl Columns {
    /// The columns that fit, added by priority. Of what is left the organizations
    /// get what the longest name needs, and the texts behind them the rest.
    fn fitting(width: usize, longest_host: usize, longest_name: usize) -> Self {
        let (narrowest, widest) = ORGANIZATION;
        let mut columns = Self {
            organization: narrowest,
            host: 0,
            token: 12,
            ends: 10,
            bar: 0,
            used: 0,
            creator: 0,
        };
        // The marker, and a gap after each of the three that always stand.
        let mut used = 3 + columns.organization + 1 + columns.token + 2 + columns.ends + 2;
        let mut add = |size: usize| {
            let fits = used + size < width;
            if fits {
                used += size;
            }
            fits
        };
        let host = longest_host.clamp(4, 28);
        if add(host + 2) {
            columns.host = host;
        }
        if add(13) {
            columns.used = 12;
        }
        if add(CELLS + 4) {
            columns.bar = CELLS + 2;
        }
        if add(17) {
            columns.creator = 16;
        }
        let rest = width.saturating_sub(used + 1);
        // With one blank more than the gap, so that it does not run into the host.
        let wanted = (longest_name + 1).clamp(narrowest, widest);
        let more = rest.min(wanted - narrowest);
        columns.organization += more;
        if columns.creator > 0 {
            columns.creator += (rest - more).min(24);
        }
        columns
    }

    /// Whether the list can be seen to be sorted by a column.
    pub fn shows(&self, column: Column) -> bool {
        match column {
            Column::Attention | Column::Organization | Column::Ends => true,
            Column::Host => self.host > 0,
            Column::LastUsed => self.used > 0,
            Column::CreatedBy => self.creator > 0,
        }
    }
}

impl App {
    /// The columns of the list in this window.
    pub fn columns(&self) -> Columns {
        let hosts = self.accounts.iter();
        let longest_host = hosts.map(|account| account.host.as_str().width()).max();
        let width = list_width(self.size);
        Columns::fitting(width, longest_host.unwrap_or(0), self.list.longest_name())
    }
}

/// The lines of the dialog for many slots besides its list, at most.
const MANY: u16 = 13;
/// The same for the table of what became of them.
const REPORT: u16 = 8;

/// The lines for the list of the dialog for many slots.
pub fn many_height(size: (u16, u16)) -> usize {
    usize::from(size.1.saturating_sub(MANY + 3).max(2))
}

/// The lines for the table of what became of many slots.
pub fn report_height(size: (u16, u16)) -> usize {
    usize::from(size.1.saturating_sub(REPORT + 3).max(3))
}

/// The columns inside that table.
pub fn report_width(size: (u16, u16)) -> usize {
    usize::from(size.0.min(HELP).saturating_sub(4))
}

/// The columns inside the help.
pub fn help_width(size: (u16, u16)) -> usize {
    usize::from(size.0.min(HELP).saturating_sub(4))
}

/// The lines inside the help; the window's last line stays for the keys.
pub fn help_height(size: (u16, u16)) -> usize {
    usize::from(size.1.saturating_sub(3))
}

/// The lines of the help below what is searched for.
pub fn help_lines(size: (u16, u16)) -> usize {
    help_height(size).saturating_sub(1).max(1)
}

/// The width of the messages where the window has room.
pub const MESSAGES: u16 = 110;

/// The width of the journal where the window has room.
pub const JOURNAL: u16 = 110;

/// The columns inside the messages.
pub fn messages_width(size: (u16, u16)) -> usize {
    usize::from(size.0.min(MESSAGES).saturating_sub(4))
}

/// The columns inside the journal's view.
pub fn journal_width(size: (u16, u16)) -> usize {
    usize::from(size.0.min(JOURNAL).saturating_sub(4))
}

/// The lines of the journal's view below its own first line.
pub fn journal_height(size: (u16, u16)) -> usize {
    help_height(size).saturating_sub(1).max(1)
}
