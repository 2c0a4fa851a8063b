//! What comes from outside while an order is under way: that it is to stop, that
//! the program is ending; and, the other way round, whether anything is under way
//! that must not be cut off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::outcome::NotDone;

/// Stops an order before its write, and tells it that the program is ending.
#[derive(Clone, Default)]
pub struct Control(Arc<ControlState>);

#[derive(Default)]
struct ControlState {
    stopped: AtomicBool,
    ending: AtomicBool,
    changed: Notify,
}

impl Control {
    /// The owner does not want it any more. Has an effect only until the
    /// request is sent, and while a 429 is waited out.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }

    /// The program must end: nothing new is sent, and a secret that arrives now
    /// goes only where it survives the program.
    pub fn end(&self) {
        self.0.ending.store(true, Ordering::SeqCst);
        self.stop();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::SeqCst)
    }

    /// Whether the program is ending.
    pub fn is_ending(&self) -> bool {
        self.0.ending.load(Ordering::SeqCst)
    }

    /// A read's result: what only looks is not waited for once it is stopped.
    pub(super) async fn unless_stopped<T>(
        &self,
        read: impl Future<Output = T>,
    ) -> Result<T, NotDone> {
        tokio::select! {
            done = read => Ok(done),
            () = self.until(&self.0.stopped) => Err(NotDone::Stopped),
        }
    }

    /// What is good to know and not needed: nothing where the program is ending.
    pub(super) async fn unless_ending<T>(&self, read: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.until(&self.0.ending) => None,
            done = read => Some(done),
        }
    }

    /// Waits, unless it is stopped; true if the whole time passed.
    pub(super) async fn wait(&self, time: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.until(&self.0.stopped) => false,
            () = tokio::time::sleep(time) => true,
        }
    }

    /// Waits until a flag is set.
    async fn until(&self, flag: &AtomicBool) {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            // Registered before the look, so that a change between the two counts.
            changed.as_mut().enable();
            if flag.load(Ordering::SeqCst) {
                return;
            }
            changed.await;
        }
    }
}

/// How much is under way, and a bell for when something ends. Clones count the
/// same.
#[derive(Clone, Default)]
pub(super) struct Flight(Arc<Counted>);

#[derive(Default)]
struct Counted {
    orders: AtomicUsize,
    ended: Notify,
}

impl Flight {
    /// Counts one more.
    pub(super) fn take_off(&self) -> InFlight {
        self.0.orders.fetch_add(1, Ordering::SeqCst);
        InFlight(self.clone())
    }

    /// Waits until there is none.
    pub(super) async fn landed(&self) {
        loop {
            let ended = self.0.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.0.orders.load(Ordering::SeqCst) == 0 {
                return;
            }
            ended.await;
        }
    }
}

/// Counts one order (or delivery, or record) that must not be cut off for as
/// long as it lives, whatever ends it.
pub struct InFlight(Flight);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.0.orders.fetch_sub(1, Ordering::SeqCst);
        self.0.0.ended.notify_waiters();
    }
}
