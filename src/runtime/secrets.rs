//! The effects that make a secret, bring it somewhere or let go of it.
//!
//! They are under way until the journal has what became of the secret, and the end
//! of the program waits for that. The owner is told first: a disk that is full
//! takes nothing away from what has happened.

use tokio::sync::mpsc::UnboundedSender;

use super::Runtime;
use crate::action::{Actor, Control, Delivery, Order, Outcome};
use crate::app::Message;
use crate::app::message::{EffectId, Gone, NotDelivered, Reply};
use crate::delivery::{Delivered, Destination, Existing, Facts, HoldId, KeeperEnd, KeeperHandle};
use crate::journal::{Event, Record};
use crate::secret::Secret;
use crate::slot::Slot;

/// A secret of which something is to be recorded: the order that made it, its
/// number among the undelivered ones, and its slot.
pub(super) struct Held {
    pub order: String,
    pub hold: HoldId,
    pub slot: Slot,
}

impl Held {
    fn delivered(&self, to: String) -> Record {
        Record::new(&self.order, &self.slot, Event::Delivered { delivery: to })
    }
}

/// What came of bringing a secret somewhere.
pub(super) struct Brought {
    reply: Reply,
    record: Option<Record>,
    /// What holds it now, for as long as it is copied.
    keeper: Option<(HoldId, KeeperHandle)>,
}

impl Runtime {
    /// Performs an order. Never aborted.
    pub(super) fn perform(&mut self, id: EffectId, order: Order) {
        let control = Control::default();
        self.controls.insert(id, control.clone());
        let actor = self.actor.clone();
        let outbox = self.outbox.clone();
        let steps = self.outbox.clone();
        self.writes.spawn(async move {
            let report = move |step| {
                let _ = steps.send(Message::Step(id, step));
            };
            let outcome = actor.perform(order, &control, &report).await;
            let keeper = match &outcome {
                Outcome::Generated(done) => match &done.delivery {
                    Delivery::Delivered(delivered) => {
                        delivered.keeper.clone().map(|keeper| (done.hold, keeper))
                    }
                    _ => None,
                },
                _ => None,
            };
            let _ = outbox.send(Message::Reply(id, Reply::Outcome(Box::new(outcome))));
            watch(keeper, &outbox).await;
        });
    }

    /// Brings a secret somewhere.
    pub(super) fn bring(
        &mut self,
        id: EffectId,
        work: impl Future<Output = Brought> + Send + 'static,
    ) {
        let journal = self.actor.journal.clone();
        let outbox = self.outbox.clone();
        let in_flight = self.actor.take_off();
        self.tasks.spawn(async move {
            let brought = work.await;
            let _ = outbox.send(Message::Reply(id, brought.reply));
            if let Some(record) = brought.record {
                let _ = journal.append(record).await;
            }
            drop(in_flight);
            watch(brought.keeper, &outbox).await;
        });
    }

    /// Records something of orders that are over. Where that fails it is told once
    /// more, at the worst.
    pub(super) fn record(&mut self, records: Vec<Record>) {
        let journal = self.actor.journal.clone();
        let in_flight = self.actor.take_off();
        self.tasks.spawn(async move {
            for record in records {
                let _ = journal.append(record).await;
            }
            drop(in_flight);
        });
    }
}

/// Delivers a secret that is shown in the panel.
pub(super) async fn deliver(
    actor: &Actor,
    held: Held,
    secret: Secret,
    to: Destination,
    facts: Facts,
    existing: Existing,
) -> Brought {
    let delivered = match actor.deliverer.prove_for(&to, &facts, existing).await {
        Ok(proven) => match proven.deliver(&secret, &facts).await {
            Ok(delivered) => Ok(delivered),
            Err(error) => Err((error.to_string(), error.file_in_the_way())),
        },
        Err(error) => Err((error.to_string(), error.file_in_the_way())),
    };
    let delivered = delivered.map_err(|(why, in_the_way)| NotDelivered {
        why,
        taken: in_the_way.then_some(to),
    });
    let done = delivered.as_ref().ok();
    Brought {
        keeper: done.and_then(|done| Some((held.hold, done.keeper.clone()?))),
        record: done.map(|delivered| {
            if delivered.certain {
                actor.undelivered.release(held.hold);
            }
            held.delivered(match delivered.certain {
                true => delivered.place.clone(),
                false => format!("sent to {}", delivered.place),
            })
        }),
        reply: Reply::Delivered(delivered),
    }
}

/// Stores a secret that is shown in the panel as the owner's credential.
pub(super) async fn store(actor: &Actor, held: Held, secret: Secret) -> Brought {
    let stored = actor.fleet.store(&held.slot, &secret).await;
    Brought {
        keeper: None,
        record: stored.as_ref().ok().map(|place| {
            actor.undelivered.release(held.hold);
            held.delivered(place.clone())
        }),
        reply: Reply::Stored(stored.map(|place| Delivered {
            place,
            certain: true,
            clears_after: None,
            note: Some("as your credential".to_owned()),
            keeper: None,
        })),
    }
}

/// Waits until a copied secret is not held any more, and says so.
async fn watch(keeper: Option<(HoldId, KeeperHandle)>, outbox: &UnboundedSender<Message>) {
    let Some((hold, keeper)) = keeper else {
        return;
    };
    let gone = match keeper.ended().await {
        KeeperEnd::Cleared => Gone::Cleared,
        KeeperEnd::Replaced => Gone::Replaced,
        // A newer copy took its place, and that one is watched.
        KeeperEnd::Stopped => return,
        KeeperEnd::Gone(_) => Gone::Unknown,
    };
    let _ = outbox.send(Message::ClipboardGone(hold, gone));
}
