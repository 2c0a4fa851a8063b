//! The tasks that look at slots. A task that is done waits for the next look
//! instead of ending.
//!
//! A task for each of ten thousand looks would be five kilobytes taken and given
//! back, with what the look has found beside it: the next one does not fit into
//! the hole that is left, and the memory of the program grows to twice its size.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::Runtime;
use super::effects::tell_failed;
use crate::action::Actor;
use crate::api::Urgency;
use crate::app::Message;
use crate::app::message::{EffectId, Reply};
use crate::fleet::Look;
use crate::slot::{Kind, Slot};

/// One look that is to be done.
pub(super) struct Job {
    pub id: EffectId,
    pub slot: Slot,
    pub look: Look,
    /// Whether the owner waits for it.
    pub urgent: bool,
}

/// The ways to the tasks that have nothing to do.
#[derive(Clone, Default)]
pub(super) struct Lookers(Arc<Mutex<Vec<UnboundedSender<Job>>>>);

impl Lookers {
    fn idle(&self) -> Option<UnboundedSender<Job>> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop()
    }

    fn done(&self, looker: UnboundedSender<Job>) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(looker);
    }
}

impl Runtime {
    /// Looks at a slot, together with all other looks.
    pub(super) fn look(&mut self, job: Job) {
        let looker = self.lookers.idle().unwrap_or_else(|| {
            let (looker, jobs) = mpsc::unbounded_channel();
            let (actor, outbox) = (self.actor.clone(), self.outbox.clone());
            let lookers = self.lookers.clone();
            let again = looker.clone();
            self.tasks.spawn(work(actor, outbox, lookers, again, jobs));
            looker
        });
        let _ = looker.send(job);
    }
}

async fn work(
    actor: Actor,
    outbox: UnboundedSender<Message>,
    lookers: Lookers,
    again: UnboundedSender<Job>,
    mut jobs: UnboundedReceiver<Job>,
) {
    while let Some(job) = jobs.recv().await {
        let urgency = match job.urgent {
            true => Urgency::Owner,
            false => Urgency::Background,
        };
        let reading = actor.fleet.look(&job.slot, job.look, urgency).await;
        tell_failed(&actor, &outbox);
        if job.slot.kind == Kind::Organization && actor.fleet.proven_audit_trails(&job.slot) {
            let _ = outbox.send(Message::AuditTrails(job.slot));
        }
        let _ = outbox.send(Message::Reply(job.id, Reply::Read(reading)));
        lookers.done(again.clone());
    }
}
