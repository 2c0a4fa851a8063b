//! Effects: each is begun here, and what it finds out comes back as a message.

use tokio::sync::mpsc::UnboundedSender;

use super::Runtime;
use super::adding::{add, examine};
use super::lookers::Job;
use super::preparing::{check, prepare, prepare_many};
use super::secrets::{Held, deliver, store};
use crate::action::Actor;
use crate::app::message::{EffectId, Reply};
use crate::app::{Effect, Message};
use crate::delivery::{Delivered, Existing};
use crate::ending;
use crate::journal::{Event, Record, UNDELIVERED};
use crate::slot::Slot;

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
                if let Some(words) = actor.fleet.left_out(account) {
                    let _ = outbox.send(Message::LeftOut(words));
                }
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
            } => self.look(Job {
                id,
                slot,
                look,
                urgent,
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
            Effect::Perform { id, order } => self.perform(id, order),
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
                let slot = facts.slot.clone();
                let held = Held { order, hold, slot };
                let existing = match replace {
                    true => Existing::Replace,
                    false => Existing::Keep,
                };
                self.bring(id, async move {
                    deliver(&actor, held, secret, to, facts, existing).await
                });
            }
            Effect::Store {
                id,
                order,
                hold,
                slot,
                secret,
            } => {
                let held = Held { order, hold, slot };
                self.bring(id, async move { store(&actor, held, secret).await });
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
            Effect::Hold {
                order,
                hold,
                facts,
                secret,
            } => {
                let delivery = format!("{UNDELIVERED}what held it on the clipboard has ended");
                let record = Record::new(&order, &facts.slot, Event::Delivered { delivery });
                actor.undelivered.hold_again(hold, facts, secret);
                self.record(vec![record]);
            }
            Effect::Release { hold } => actor.undelivered.release(hold),
            Effect::LetGo { order, hold, slot } => {
                actor.undelivered.release(hold);
                self.record(vec![Record::new(&order, &slot, Event::LetGo)]);
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
                let seen = |(order, slot): &(String, Slot)| Record::new(order, slot, Event::Seen);
                self.record(orders.iter().map(seen).collect());
            }
        }
    }
}

/// Says which programs gave no credential.
pub(super) fn tell_failed(actor: &Actor, outbox: &UnboundedSender<Message>) {
    for (account, why) in actor.fleet.failed_programs() {
        let _ = outbox.send(Message::ProgramFailed(account, why));
    }
}

/// Whom a secret authenticates, as the host calls it.
fn who(account: &crate::api::Account) -> String {
    let name = account.username.as_deref().or(account.id.as_deref());
    name.map_or("somebody the host does not name".to_owned(), str::to_owned)
}
