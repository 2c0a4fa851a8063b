//! Effects: each is begun here, and what it finds out comes back as a message.

use super::Runtime;
use super::adding::{add, examine};
use super::preparing::{check, prepare, prepare_many};
use crate::action::Actor;
use crate::action::{Control, Delivery, Outcome};
use crate::api::Urgency;
use crate::app::message::{EffectId, Gone, NotDelivered, Reply};
use crate::app::{Effect, Message};
use crate::delivery::{Delivered, Existing, HoldId, KeeperEnd, KeeperHandle};
use crate::ending;
use crate::journal::{Event as Entry, Record};
use crate::slot::Kind;
use tokio::sync::mpsc::UnboundedSender;

impl Runtime {
    fn reply(&mut self, id: EffectId, work: impl Future<Output = Reply> + Send + 'static) {
        let outbox = self.outbox.clone();
        self.tasks.spawn(async move {
            let reply = work.await;
            let _ = outbox.send(Message::Reply(id, reply));
        });
    }

    pub(super) fn start(&mut self, effect: Effect) {
        let actor = self.actor.clone();
        let outbox = self.outbox.clone();
        match effect {
            // The loop has done these.
            Effect::Leave | Effect::Suspend | Effect::Decline | Effect::OnTerminal { .. } => {}
            Effect::Give {
                account,
                credential,
            } => actor.fleet.give(account, credential),
            Effect::Retry { account } => actor.fleet.retry(account),
            Effect::StopProgram => actor.fleet.programs.stop(),
            Effect::Examine { id, candidate } => self.reply(id, async move {
                Reply::Examined(examine(&actor, candidate).await)
            }),
            Effect::Add { id, what } => {
                let path = self.config.clone();
                self.reply(id, async move {
                    Reply::Added(Box::new(add(&actor, path, what).await))
                });
            }
            Effect::List { id, account } => self.reply(id, async move {
                let page = |names| {
                    let _ = outbox.send(Message::Page(id, names));
                };
                let listed = actor.fleet.organizations(account, page).await;
                tell_failed(&actor, &outbox);
                Reply::Listed(listed)
            }),
            Effect::Identify { id, account } => self.reply(id, async move {
                let same = actor.fleet.is_remembered(account).await;
                tell_failed(&actor, &outbox);
                Reply::Identified(same)
            }),
            Effect::Reach { id, account } => self.reply(id, async move {
                Reply::Reached(actor.fleet.reach(account).await)
            }),
            Effect::Remember { id } => {
                self.tasks.spawn_blocking(move || {
                    for problem in actor.fleet.remember() {
                        let _ = outbox.send(Message::Reply(id, Reply::Done(Err(problem))));
                    }
                });
            }
            Effect::Read {
                id,
                slot,
                look,
                urgent,
            } => self.reply(id, async move {
                let urgency = if urgent {
                    Urgency::Owner
                } else {
                    Urgency::Background
                };
                let reading = actor.fleet.look(&slot, look, urgency).await;
                tell_failed(&actor, &outbox);
                if slot.kind == Kind::Organization && actor.fleet.proven_audit_trails(&slot) {
                    let _ = outbox.send(Message::AuditTrails(slot));
                }
                Reply::Read(reading)
            }),
            Effect::PrepareMany { id, slots } => self.reply(id, async move {
                Reply::PreparedMany(Box::new(prepare_many(&actor, &slots).await))
            }),
            Effect::Check { id, to, slots } => self.reply(id, async move {
                Reply::Checked(check(&actor, &to, &slots).await)
            }),
            Effect::Prepare { id, slot, shown } => self.reply(id, async move {
                Reply::Prepared(Box::new(prepare(&actor, &slot, &shown).await))
            }),
            Effect::Perform { id, order } => {
                let control = Control::default();
                self.controls.insert(id, control.clone());
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
            Effect::Stop { id } => {
                if let Some(control) = self.controls.get(&id) {
                    control.stop();
                }
            }
            Effect::Deliver {
                id,
                order,
                hold,
                secret,
                to,
                facts,
                replace,
            } => {
                let outbox = self.outbox.clone();
                let in_flight = self.actor.take_off();
                self.tasks.spawn(async move {
                    let existing = if replace {
                        Existing::Replace
                    } else {
                        Existing::Keep
                    };
                    let slot = facts.slot.clone();
                    let delivered = match actor.deliverer.prove_for(&to, &facts, existing).await {
                        Ok(proven) => {
                            let delivered = proven.deliver(&secret, &facts).await;
                            delivered.map_err(|error| NotDelivered {
                                taken: error.file_in_the_way().then_some(to),
                                why: error.to_string(),
                            })
                        }
                        Err(error) => Err(NotDelivered {
                            taken: error.file_in_the_way().then_some(to),
                            why: error.to_string(),
                        }),
                    };
                    drop(secret);
                    let keeper = delivered
                        .as_ref()
                        .ok()
                        .and_then(|delivered| delivered.keeper.clone())
                        .map(|keeper| (hold, keeper));
                    let record = delivered.as_ref().ok().map(|delivered| {
                        if delivered.certain {
                            actor.undelivered.release(hold);
                        }
                        let delivery = match delivered.certain {
                            true => delivered.place.clone(),
                            false => format!("sent to {}", delivered.place),
                        };
                        Record::new(&order, &slot, Entry::Delivered { delivery })
                    });
                    let _ = outbox.send(Message::Reply(id, Reply::Delivered(delivered)));
                    if let Some(record) = record {
                        // The order's outcome is recorded already; a disk that is
                        // full now takes nothing away from the owner.
                        let _ = actor.journal.append(record).await;
                    }
                    drop(in_flight);
                    watch(keeper, &outbox).await;
                });
            }
            Effect::Store {
                id,
                order,
                hold,
                slot,
                secret,
            } => {
                let outbox = self.outbox.clone();
                let in_flight = self.actor.take_off();
                self.tasks.spawn(async move {
                    let stored = actor.fleet.store(&slot, &secret).await;
                    drop(secret);
                    let record = stored.as_ref().ok().map(|place| {
                        actor.undelivered.release(hold);
                        let delivery = place.clone();
                        Record::new(&order, &slot, Entry::Delivered { delivery })
                    });
                    let stored = stored.map(|place| Delivered {
                        place,
                        certain: true,
                        clears_after: None,
                        note: Some("as your credential".to_owned()),
                        keeper: None,
                    });
                    let _ = outbox.send(Message::Reply(id, Reply::Stored(stored)));
                    if let Some(record) = record {
                        let _ = actor.journal.append(record).await;
                    }
                    drop(in_flight);
                });
            }
            Effect::Who { id, slot, secret } => self.reply(id, async move {
                Reply::Who(match actor.fleet.client_for(&slot).await {
                    Ok(client) => client
                        .who_is(&secret)
                        .await
                        .map(|account| who(&account))
                        .map_err(|error| error.to_string()),
                    Err(problem) => Err(problem.to_string()),
                })
            }),
            Effect::LetGo { order, hold, slot } => {
                self.actor.undelivered.release(hold);
                let in_flight = self.actor.take_off();
                self.tasks.spawn(async move {
                    let record = Record::new(&order, &slot, Entry::LetGo);
                    let _ = actor.journal.append(record).await;
                    drop(in_flight);
                });
            }
            Effect::CopyName { id, name } => self.reply(id, async move {
                Reply::Done(match actor.deliverer.copy_text(&name).await {
                    Ok(Delivered { certain: true, .. }) => Ok(format!("copied {name}")),
                    Ok(delivered) => Ok(format!("sent {name} to {}", delivered.place)),
                    Err(error) => Err(error.to_string()),
                })
            }),
            Effect::LookBack { id } => {
                if !self.demo_notice {
                    self.reply(id, async move {
                        let left = ending::look_back(&actor).await;
                        Reply::Unfinished {
                            lines: left.lines(),
                            orders: left.orders,
                        }
                    });
                }
            }
            Effect::ReadJournal { id } => self.reply(id, async move {
                let journal = actor.journal.clone();
                let read = move || journal.entries().map_err(|error| error.to_string());
                let entries = tokio::task::spawn_blocking(read).await;
                Reply::Journal(entries.unwrap_or_else(|error| Err(error.to_string())))
            }),
            Effect::Seen { orders } => {
                let in_flight = self.actor.take_off();
                self.tasks.spawn(async move {
                    for (order, slot) in orders {
                        // At worst it is told once more.
                        let record = Record::new(&order, &slot, Entry::Seen);
                        let _ = actor.journal.append(record).await;
                    }
                    drop(in_flight);
                });
            }
        }
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

/// Says which programs gave no credential.
fn tell_failed(actor: &Actor, outbox: &UnboundedSender<Message>) {
    for (account, why) in actor.fleet.failed_programs() {
        let _ = outbox.send(Message::ProgramFailed(account, why));
    }
}

/// Whom a secret authenticates, as the host calls it.
fn who(account: &crate::api::Account) -> String {
    let name = account.username.as_deref().or(account.id.as_deref());
    name.map_or("somebody the host does not name".to_owned(), str::to_owned)
}
