//! How the window is divided: needed to know how many rows are visible, and
//! used by the drawing, so that the two agree.

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

/// The number of rows that are visible.
pub fn list_height(size: (u16, u16)) -> usize {
    usize::from(lines(size).list)
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
