//! The dialogs: each owns its state, its keys and what it asks for.

mod add;
mod ask;
mod delete;
mod identity;
pub mod journal;
mod leave;
mod leftovers;
mod many;
mod new;
mod notice;
mod offer;
mod program;
mod terms;

pub use add::{AddDialog, Part, Place, Source, Stage, Wanted};
pub use ask::{AskDialog, Typed};
pub use delete::DeleteDialog;
pub use identity::{Fact, Identified, facts, one_host, short_name};
pub use journal::{JournalLine, JournalView, JournalWish};
pub use leave::{Answer, LeaveDialog, WORD};
pub use leftovers::{Leftovers, LeftoversWish};
pub use many::{Again, Deed, Item, LeftOut, ManyDialog, ManyFocus, ManyWish};
pub use new::{Focus, NewDialog};
pub(crate) use notice::sentence;
pub use notice::{Next, Notice, NoticeWish};
pub use offer::{OfferDialog, Offered};
pub use program::ProgramDialog;
pub use terms::{End, ExpiryChoice, Terms};

use crate::action::Order;

/// What a dialog wants after a key.
#[derive(Debug)]
pub enum Reaction {
    /// Nothing but a redraw.
    Stay,
    /// To be closed.
    Close,
    /// To be closed, and an order to be performed.
    Perform(Box<Order>),
}

/// Why the name that was typed does not confirm; none while there is none.
pub(super) fn not_its_name(typed: &str, name: &str) -> Option<String> {
    let why = match typed.to_lowercase() == name.to_lowercase() {
        _ if typed.is_empty() => return None,
        true => "that is not its name: upper and lower case count",
        false => "that is not the organization's name",
    };
    Some(why.to_owned())
}

/// A place further on or back, around the ends.
pub(super) fn turned(at: usize, by: isize, count: usize) -> usize {
    let count = isize::try_from(count).unwrap_or(isize::MAX).max(1);
    let at = isize::try_from(at).unwrap_or(0);
    usize::try_from((at + by).rem_euclid(count)).unwrap_or(0)
}
