//! What is true on the embedded host, as its hooks and answers see it: which
//! writes came, what they met, and which secrets were handed out.

use std::sync::{Arc, Mutex, MutexGuard};

use orgward::action::{Order, Verb};
use orgward::delivery::HoldId;
use orgward::demo::{Answer, EmbeddedHost, HostHandle, RequestRecord};
use orgward::journal::{Event, Journal};
use orgward::slot::{Identity, Kind, Slot};

use crate::promises::Pieces;

/// The route of a slot's token.
pub const TOKEN: &str = "authentication-token";

/// What is known of a secret that the host has handed out to an order.
pub enum Fate {
    /// Its order is under way.
    UnderWay,
    /// In the ledger. In a panel, too, once the screen has heard of it.
    Held(HoldId, bool),
    /// Delivered for certain, let go, rescued, or told to be lost.
    Settled,
}

/// A secret that the host has handed out to an order.
pub struct Issued {
    pub slot: Slot,
    pub text: String,
    /// Its order in the journal, where that has an intent.
    pub number: Option<String>,
    pub fate: Fate,
}

/// A write as it arrived.
pub struct Write {
    pub acted: bool,
    pub number: Option<String>,
}

#[derive(Default)]
pub struct Truth {
    /// The order that is being performed.
    pub order: Option<Order>,
    /// How long the journal was when it began.
    records_before: usize,
    /// What its slot held before the host goes on with what is held at a gate.
    pub before_act: Option<String>,
    /// What the slot held at the last whole look of this order.
    looked: Option<Option<String>>,
    /// The writes of this order.
    pub writes: Vec<Write>,
    pub issued: Vec<Issued>,
    /// Of all that was issued.
    pub pieces: Pieces,
    /// Of all orders.
    pub revoked: usize,
    /// Whether the screen looks, and not the order.
    pub screen_looks: bool,
    /// What broke a promise where no test can fail: in a task of the host.
    pub broken: Vec<String>,
}

/// Clones share the truth.
#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<Truth>>);

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, Truth> {
        self.0.lock().unwrap()
    }

    /// Watches every request.
    pub fn watch(&self, host: &EmbeddedHost, journal: &Journal) {
        let (truth, journal) = (self.clone(), journal.clone());
        host.before_each(move |_, request| truth.lock().arrived(request, &journal));
        let truth = self.clone();
        host.after_each(move |host, request| truth.lock().acted_on(host, request));
    }

    /// Begins with an order.
    pub fn begins(&self, order: &Order, journal: &Journal) {
        let mut truth = self.lock();
        truth.records_before = journal.records().unwrap_or_default().len();
        truth.order = Some(order.clone());
        truth.looked = None;
        truth.writes.clear();
    }

    /// Reads a secret out of a good answer: the host keeps none.
    pub fn issued(&self, answer: &Answer) {
        if answer.status != 201 {
            return;
        }
        let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let text = document.pointer("/data/attributes/token").unwrap();
        let text = text.as_str().unwrap().to_owned();
        let mut truth = self.lock();
        let Some(slot) = truth.order.as_ref().map(|order| order.slot.clone()) else {
            return truth.broken.push("a secret without an order".into());
        };
        let number = truth.writes.last().and_then(|write| write.number.clone());
        truth.pieces.add(&text);
        truth.issued.push(Issued {
            slot,
            text,
            number,
            fate: Fate::UnderWay,
        });
    }
}

pub fn holds(host: &HostHandle, slot: &Slot) -> Option<String> {
    host.holds(&slot.organization, slot.kind)
        .map(|view| view.id)
}

impl Truth {
    /// A request has arrived: a write must be one that was ordered, announced
    /// in the journal, not sent before, and after a look that showed what its
    /// owner had seen.
    fn arrived(&mut self, request: &RequestRecord, journal: &Journal) {
        if request.method == "GET" {
            if !self.screen_looks && self.is_of_order(request) {
                self.looked = None;
            }
            return;
        }
        let Some(order) = self.order.clone() else {
            return self.broken.push("a write without an order".into());
        };
        let method = match order.verb() {
            Verb::Delete => "DELETE",
            Verb::Generate | Verb::Replace => "POST",
        };
        if request.method != method || !self.is_of_order(request) {
            self.broken.push("another write than was ordered".into());
        }
        let matches = match (&order.shown, &self.looked) {
            (Identity::Unclear, _) => true,
            (Identity::None, Some(None)) => true,
            (Identity::Token { id, .. }, Some(Some(looked))) => id == looked,
            _ => false,
        };
        if !matches {
            let looked = &self.looked;
            let what = format!("a write after a look at {looked:?}: {:?}", order.shown);
            self.broken.push(what);
        }
        // One that follows a 429 has the intent of the first.
        let first = self.writes.iter().find_map(|write| write.number.clone());
        let number = first.or_else(|| {
            let records = journal.records().unwrap_or_default();
            let new = records.into_iter().skip(self.records_before);
            let mut intents = new.filter(|record| matches!(record.event, Event::Intent { .. }));
            let intent = intents.next_back()?;
            (intent.organization == *order.slot.organization).then_some(intent.order)
        });
        if number.is_none() && !order.without_journal {
            self.broken.push("a write before its intent".into());
        }
        // One that was answered with 429 is followed by another; one that has
        // acted by none.
        if self.writes.iter().any(|write| write.acted) {
            self.broken.push("a write was repeated".into());
        }
        self.writes.push(Write {
            acted: false,
            number,
        });
    }

    /// The host has done what it does with a request, and answers next.
    fn acted_on(&mut self, host: &HostHandle, request: &RequestRecord) {
        let Some(slot) = self.order.as_ref().map(|order| order.slot.clone()) else {
            return;
        };
        if request.method != "GET" {
            if holds(host, &slot) != self.before_act {
                self.revoked += usize::from(self.before_act.is_some());
                if let Some(last) = self.writes.last_mut() {
                    last.acted = true;
                }
            }
        } else if !self.screen_looks && self.is_of_order(request) {
            self.looked = Some(holds(host, &slot));
        }
    }

    fn is_of_order(&self, request: &RequestRecord) -> bool {
        self.order.as_ref().is_some_and(|order| {
            let audit_trails = request.query.contains("audit");
            let path = format!("/organizations/{}/{TOKEN}", order.slot.organization);
            request.path.ends_with(&path) && audit_trails == (order.slot.kind == Kind::AuditTrails)
        })
    }

    pub fn has_acted(&self) -> bool {
        self.writes.iter().any(|write| write.acted)
    }
}
