//! The dialogs: each owns its state, its keys and what it asks for.

mod delete;
mod identity;
pub mod journal;
mod leave;
mod leftovers;
mod new;
mod notice;

pub use delete::DeleteDialog;
pub use identity::{Fact, facts};
pub use journal::{JournalView, JournalWish};
pub use leave::{Answer, LeaveDialog, WORD};
pub use leftovers::{Leftovers, LeftoversWish};
pub use new::{End, ExpiryChoice, Focus, NewDialog};
pub(crate) use notice::sentence;
pub use notice::{Next, Notice};

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
