//! One order on its way, as `action` performs it, one step at a time so that
//! everything else can happen in between.

use orgward::action::{Act, After, Delivery, Generated, NotDone, Order, Outcome, Step, Verb};
use orgward::app::message::EffectId;
use orgward::delivery::{Delivered, Destination, Facts};
use orgward::fleet::Own;
use orgward::journal::{Event, Record, token_id};
use orgward::secret::Secret;
use orgward::slot::{Found, Identity, Reading, Token};

use crate::server;
use crate::world::World;

pub struct Way {
    pub id: EffectId,
    pub order: Order,
    pub number: String,
    pub stopped: bool,
    /// The program is ending.
    pub ending: bool,
    pub journalled: bool,
    at: At,
    /// What the slot held at the comparison.
    compared: Option<Token>,
    acted: bool,
}

enum At {
    Prove,
    Compare,
    Record,
    Write,
    Wait,
    FirstLook,
    SecondLook(Box<Reading>),
}

impl Way {
    pub fn new(id: EffectId, order: Order, number: String) -> Self {
        Self {
            id,
            order,
            number,
            stopped: false,
            ending: false,
            journalled: false,
            at: At::Prove,
            compared: None,
            acted: false,
        }
    }

    /// Whether the request may be on its way, or done.
    pub fn is_sent(&self) -> bool {
        matches!(self.at, At::Write | At::FirstLook | At::SecondLook(_))
    }

    /// The next step: what the screen is told, and the outcome if it is the last.
    pub fn go_on(&mut self, world: &mut World) -> (Option<Step>, Option<Outcome>) {
        let stopped = || Some(Outcome::NotDone(NotDone::Stopped));
        match &self.at {
            At::Prove => {
                if world.random.percent(4) {
                    let why = NotDone::Destination("it does not work".into());
                    return (None, Some(Outcome::NotDone(why)));
                }
                self.at = At::Compare;
                (Some(Step::Comparing), None)
            }
            At::Compare if self.stopped => (None, stopped()),
            At::Compare => self.compare(world),
            At::Record => {
                let intent = Event::Intent {
                    action: self.order.verb().as_str().into(),
                    token: token_id(&self.order.shown),
                    to: None,
                };
                if world.random.percent(4) {
                    if !self.order.without_journal {
                        let why = NotDone::Journal("the disk is full".into());
                        return (None, Some(Outcome::NotDone(why)));
                    }
                } else {
                    world.record(&self.number, &self.order.slot, intent);
                    self.journalled = true;
                }
                if self.stopped {
                    return (None, stopped());
                }
                self.at = At::Write;
                (Some(Step::Writing), None)
            }
            At::Write => self.write(world),
            At::Wait if self.stopped => (None, stopped()),
            At::Wait => {
                self.at = At::Compare;
                (Some(Step::Comparing), None)
            }
            At::FirstLook => {
                let look = world.look(&self.order.slot);
                if let Some(outcome) = self.proves(&look) {
                    return (None, Some(outcome));
                }
                self.at = At::SecondLook(Box::new(look));
                (None, None)
            }
            At::SecondLook(first) => {
                let first = first.clone();
                let look = world.look(&self.order.slot);
                let outcome = self.proves(&look).unwrap_or_else(|| {
                    let same = |look: &Reading| look.identity().as_ref() == Some(&self.order.shown);
                    let why = "the connection was lost".to_owned();
                    if self.order.shown != Identity::Unclear && same(&first) && same(&look) {
                        // Only what the host has not done is said not to have
                        // happened; or what another owner has undone at once: a
                        // token that was generated and deleted leaves no trace.
                        let undone = self.order.shown == Identity::None;
                        assert!(!self.acted || undone, "{}", world.place);
                        Outcome::NothingHappened { why, sent: true }
                    } else {
                        Outcome::CannotTell { why }
                    }
                });
                (None, Some(outcome))
            }
        }
    }

    fn compare(&mut self, world: &mut World) -> (Option<Step>, Option<Outcome>) {
        let look = world.look(&self.order.slot);
        let why = match look.identity() {
            None => NotDone::Unreadable(look),
            Some(Identity::Unclear) if self.order.shown == Identity::None => {
                NotDone::Unreadable(look)
            }
            Some(identity) if identity != self.order.shown => NotDone::Changed(look),
            Some(_) => {
                self.compared = world.server.place(&self.order.slot).token.clone();
                self.at = if self.journalled {
                    At::Write
                } else {
                    At::Record
                };
                let step = match self.journalled {
                    true => Step::Writing,
                    false => Step::Recording,
                };
                return (Some(step), None);
            }
        };
        (None, Some(Outcome::NotDone(why)))
    }

    fn write(&mut self, world: &mut World) -> (Option<Step>, Option<Outcome>) {
        let slot = self.order.slot.clone();
        let words = || "not now".to_owned();
        match world.random.below(20) {
            0 | 1 => {
                let wait = std::time::Duration::from_secs(world.random.next() % 50);
                self.at = At::Wait;
                return (Some(Step::Waiting(wait)), None);
            }
            2 => {
                let outcome = Outcome::Refused {
                    status: 422,
                    words: words(),
                    after: After::Same,
                };
                return (None, Some(outcome));
            }
            3 | 4 => {
                self.at = At::FirstLook;
                return (Some(Step::FindingOut), None);
            }
            5 => {
                let why = "the request was not sent".to_owned();
                return (None, Some(Outcome::NothingHappened { why, sent: true }));
            }
            _ => {}
        }
        let died = world.server.place(&slot).token.take();
        world.revoked(self, died.as_ref(), self.compared.as_ref());
        self.acted = true;
        let lost = world.random.percent(20);
        if self.order.verb() == Verb::Delete {
            if lost {
                self.at = At::FirstLook;
                return (Some(Step::FindingOut), None);
            }
            return (None, Some(Outcome::Deleted { note: None }));
        }
        let token = world.server.make();
        world.server.place(&slot).set(Some(token.clone()));
        if lost {
            self.at = At::FirstLook;
            return (Some(Step::FindingOut), None);
        }
        (Some(Step::Delivering), Some(self.generated(world, token)))
    }

    fn generated(&self, world: &mut World, token: Token) -> Outcome {
        let secret = world.new_secret();
        let facts = Facts {
            slot: self.order.slot.clone(),
            id: Some(token.id.to_string()),
            expires_at: None,
        };
        let hold = world.ledger.hold(facts, Secret::new(secret.clone()));
        world.received(hold, &self.number, secret.clone());
        let Act::New { to, .. } = &self.order.act else {
            panic!("a delete generates nothing");
        };
        let survives = !matches!(
            to,
            Destination::Clipboard | Destination::Osc52 | Destination::Panel
        );
        let delivery = match to {
            Destination::Panel => Delivery::Kept,
            _ if self.ending && !survives => Delivery::Failed {
                to: to.clone(),
                why: "the program is ending".into(),
            },
            _ if world.random.percent(15) => Delivery::Failed {
                to: to.clone(),
                why: "it failed".into(),
            },
            to => Delivery::Delivered(delivered(to)),
        };
        if matches!(&delivery, Delivery::Delivered(delivered) if delivered.certain) {
            world.ledger.release(hold);
        }
        let own = *world.random.of(&[Own::No, Own::Yes, Own::Unknown]);
        Outcome::Generated(Box::new(Generated {
            before: self.order.shown.clone(),
            token,
            secret: Secret::new(secret),
            asked: None,
            delivery,
            hold,
            order: self.number.clone(),
            own,
            account: None,
            stored: Some("file /home/olivia/credentials.tfrc.json".into()),
            can_store: own == Own::Yes,
            note: None,
        }))
    }

    /// What one look after a lost answer proves.
    fn proves(&self, now: &Reading) -> Option<Outcome> {
        let identity = now.identity()?;
        if identity == self.order.shown {
            return None;
        }
        match (self.order.verb(), &self.order.shown, &now.found) {
            (Verb::Delete, Identity::Token { .. }, Found::None | Found::Token(_)) => {
                Some(Outcome::Gone { note: None })
            }
            (
                Verb::Generate | Verb::Replace,
                Identity::None | Identity::Token { .. },
                Found::Token(token),
            ) => Some(Outcome::SecretLost {
                was_empty: self.order.shown == Identity::None,
                now: token.clone(),
                note: None,
            }),
            _ => None,
        }
    }

    /// The outcome's record.
    pub fn outcome_record(outcome: &Outcome) -> Event {
        let (token, delivery) = match outcome {
            Outcome::Generated(done) => {
                (Some(done.token.id.to_string()), Some(done.delivery.place()))
            }
            Outcome::SecretLost { now, .. } => (Some(now.id.to_string()), None),
            _ => (None, None),
        };
        Event::Outcome {
            finding: match outcome {
                Outcome::Generated(_) | Outcome::Deleted { .. } => "done".into(),
                other => other.words(),
            },
            token,
            delivery,
        }
    }
}

pub fn delivered(to: &Destination) -> Delivered {
    Delivered {
        place: to.to_string(),
        certain: *to != Destination::Osc52,
        clears_after: (*to == Destination::Clipboard).then(|| std::time::Duration::from_secs(45)),
        note: None,
        keeper: None,
    }
}

/// A record of this model's journal.
pub fn record(number: &str, slot: &orgward::slot::Slot, event: Event) -> Record {
    Record::new(number, slot, event)
}

/// A look as it comes over the wire: some fail.
pub fn look(world: &mut World, slot: &orgward::slot::Slot) -> Reading {
    let at = world.now.wall;
    if world.random.percent(8) {
        return server::failed(&mut world.random, at);
    }
    world.server.look(slot, at)
}
