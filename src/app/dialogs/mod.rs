//! The dialogs: each owns its state, its keys and what it asks for.

mod delete;
mod identity;
pub mod journal;
mod leave;
mod leftovers;
mod many;
mod new;
mod notice;
mod terms;

pub use delete::DeleteDialog;
pub use identity::{Fact, facts, one_host, short_name};
pub use journal::{JournalView, JournalWish};
pub use leave::{Answer, LeaveDialog, WORD};
pub use leftovers::{Leftovers, LeftoversWish};
pub use many::{Deed, Item, LeftOut, ManyDialog, ManyFocus, ManyWish};
pub use new::{Focus, NewDialog};
pub(crate) use notice::sentence;
pub use notice::{Next, Notice};
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
