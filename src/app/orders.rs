//! One order: from the key that opens its dialog to what became of it.
//!
//! Whatever an order brings opens over what is on the screen; an outcome is
//! never stale.

use super::dialogs::{
    Deed, DeleteDialog, Identified, NewDialog, Next, Notice, NoticeWish, Reaction,
};
use super::keys::{Command, Context};
use super::message::{EffectId, Preparation};
use super::panel::Panel;
use super::report;
use super::{App, Effect, Layer, MEANT, Moment, Running, list};
use crate::action::{NotDone, Order, Outcome, Step};
use crate::slot::{Found, Reading, Slot, State};

impl App {
    /// The dialog for the marked slots, or for the selected one.
    pub(super) fn open(&mut self, deed: Deed) -> Vec<Effect> {
        let marked = self.list.marked();
        if marked.len() > 1 {
            return self.open_many(deed);
        }
        let row = marked.first().copied().or(self.list.selected());
        let Some(slot) = row.map(|row| row.slot.clone()) else {
            return Vec::new();
        };
        self.open_one(deed, &slot)
    }

    /// The dialog for one slot, whatever is marked.
    pub(super) fn open_one(&mut self, deed: Deed, slot: &Slot) -> Vec<Effect> {
        match deed {
            Deed::New => self.open_new(slot),
            Deed::Delete => self.open_delete(slot),
        }
    }

    pub(super) fn open_new(&mut self, slot: &Slot) -> Vec<Effect> {
        if let Some(why) = self.refusal(slot) {
            self.say_bad(why);
            return Vec::new();
        }
        let Some(seen) = self.identification(slot) else {
            return Vec::new();
        };
        let id = self.next_id();
        let expiry = self.settings.expiry;
        let shown = seen.shown.clone();
        let dialog = NewDialog::new(slot.clone(), seen, expiry, id);
        self.layers.push(Layer::New(Box::new(dialog)));
        vec![Effect::Prepare {
            id,
            slot: slot.clone(),
            shown,
        }]
    }

    pub(super) fn open_delete(&mut self, slot: &Slot) -> Vec<Effect> {
        if let Some(why) = self.refusal(slot) {
            self.say_bad(why);
            return Vec::new();
        }
        let state = self.list.row(slot).map(list::Row::state);
        if state == Some(State::None) {
            self.say_bad(format!(
                "{}: there is no token to delete",
                slot.organization
            ));
            return Vec::new();
        }
        let Some(seen) = self.identification(slot) else {
            return Vec::new();
        };
        let id = self.next_id();
        let shown = seen.shown.clone();
        let dialog = DeleteDialog::new(slot.clone(), seen, id);
        self.layers.push(Layer::Delete(Box::new(dialog)));
        vec![Effect::Prepare {
            id,
            slot: slot.clone(),
            shown,
        }]
    }

    fn identification(&self, slot: &Slot) -> Option<Identified> {
        let reading = self.known(slot)?;
        Identified::of(reading, self.moment_at(slot), &self.settings.zone)
    }

    /// Now, by the clock of a slot's host.
    pub fn moment_at(&self, slot: &Slot) -> Moment {
        let wall = match self.list.row(slot) {
            Some(row) => self.list.time_of(row.account, self.now.wall),
            None => self.now.wall,
        };
        Moment { wall, ..self.now }
    }

    /// Whether there is something that Esc would be about before all else.
    pub(super) fn is_under_way(&self) -> bool {
        self.running.is_some() || self.waiting_for().is_some()
    }

    /// The key that stops what is under way; none while a dialog or a field has
    /// the keys, since there it undoes something else.
    pub fn stop_key(&self) -> Option<String> {
        let context = self.context();
        let stops = matches!(context, Context::List | Context::Timeline);
        stops.then(|| self.settings.keymap.key_in(context, Command::Back))
    }

    /// Why there is no dialog at all, if so.
    pub(super) fn refusal_of_all(&self) -> Option<String> {
        if self.settings.read_only {
            return Some("read-only: nothing is changed on any host".to_owned());
        }
        let running = self.running.as_ref()?;
        Some(format!("{} is still being worked on", running.slot))
    }

    /// Why there is no dialog for a slot, if so.
    fn refusal(&self, slot: &Slot) -> Option<String> {
        let row = self.list.row(slot)?;
        let of_slot = || Some(format!("{}: {}", slot.organization, not_possible(row)?));
        self.refusal_of_all().or_else(of_slot)
    }

    /// Whether what an order brought has been on the screen long enough: a key that
    /// comes with it was pressed for what was there before.
    pub(super) fn is_read(&self) -> bool {
        let is_new = |at| self.now.since_start < at + MEANT;
        self.unread.is_empty() || !self.brought.is_some_and(is_new)
    }

    /// Takes a key for the notice of what became of an order.
    pub(super) fn notice_key(&mut self, notice: Notice, command: Option<Command>) -> Vec<Effect> {
        if !self.is_read() {
            self.layers.push(Layer::Notice(notice));
            return Vec::new();
        }
        let wish = notice.key(command);
        if wish == NoticeWish::Stay {
            self.layers.push(Layer::Notice(notice));
            return Vec::new();
        }
        self.unread.clear();
        match wish {
            NoticeWish::Next(Next::New(slot)) => self.open_new(&slot),
            NoticeWish::Next(Next::Delete(slot)) => self.open_delete(&slot),
            NoticeWish::Next(Next::WithoutJournal(order)) => self.perform(*order),
            NoticeWish::Close | NoticeWish::Stay => Vec::new(),
        }
    }

    pub(super) fn react(&mut self, reaction: Reaction, layer: Layer) -> Vec<Effect> {
        match reaction {
            Reaction::Stay => {
                self.layers.push(layer);
                Vec::new()
            }
            Reaction::Close => Vec::new(),
            Reaction::Perform(order) => self.perform(*order),
        }
    }

    pub(super) fn perform(&mut self, order: Order) -> Vec<Effect> {
        if let Some(running) = &self.running {
            let why = format!("{} is still being worked on; wait for it", running.slot);
            self.layers
                .push(Layer::Notice(Notice::not_possible(&order, &why)));
            return Vec::new();
        }
        let id = self.next_id();
        self.running = Some(Running {
            id,
            slot: order.slot.clone(),
            verb: order.verb(),
            order: order.clone(),
            step: Step::Proving,
            since: self.now.since_start,
            sent: false,
        });
        self.status = None;
        vec![Effect::Perform { id, order }]
    }

    /// What a dialog waited for, wherever it lies by now.
    pub(super) fn prepared(&mut self, id: EffectId, preparation: Preparation) -> Vec<Effect> {
        let waits = |layer: &Layer| match layer {
            Layer::New(dialog) => dialog.preparing == id,
            Layer::Delete(dialog) => dialog.preparing == id,
            _ => false,
        };
        let Some(place) = self.layers.iter().position(waits) else {
            return Vec::new();
        };
        // Another token than the one that is shown is no news for a dialog: its
        // order would be refused, and says what is there.
        let now = |app: &Self, slot: &Slot| {
            let seen = preparation.seen.as_ref()?;
            Identified::of(seen, app.moment_at(slot), &app.settings.zone)
        };
        let mut layer = self.layers.remove(place);
        if let Layer::New(dialog) = &mut layer {
            let now = now(self, &dialog.slot);
            if let Reaction::Perform(order) = dialog.prepared(preparation, now) {
                return self.perform(*order);
            }
        } else if let Layer::Delete(dialog) = &mut layer {
            let now = now(self, &dialog.slot);
            dialog.prepared(preparation, now);
        }
        self.layers.insert(place, layer);
        Vec::new()
    }

    pub(super) fn step(&mut self, id: EffectId, step: Step) {
        let Some(running) = &mut self.running else {
            return;
        };
        if running.id != id {
            return;
        }
        // A 429 means that nothing was done: until the next request the order
        // can be stopped again.
        running.sent = matches!(step, Step::Writing | Step::FindingOut | Step::Delivering);
        running.step = step;
        running.since = self.now.since_start;
    }

    /// An order's outcome is never stale: it opens over whatever is there.
    pub(super) fn outcome(&mut self, id: EffectId, outcome: Outcome) -> Vec<Effect> {
        let running = self.running.take_if(|running| running.id == id);
        let Some(Running { slot, order, .. }) = running else {
            return Vec::new();
        };
        // Looks that began before the write are stale now.
        self.list.forget_pending(&slot);
        self.learn(&slot, &outcome);
        let mut effects = vec![self.look(slot.clone())];
        self.hide_secrets();
        self.status = None;
        self.brought = Some(self.now.since_start);
        if self.run.is_some() {
            effects.extend(self.run_outcome(slot, outcome));
            return effects;
        }
        let wants_out = std::mem::take(&mut self.leaving);
        let parting = format!("{slot}: {}", report::words(&outcome));
        let told = match outcome {
            Outcome::Generated(done) => {
                let panel = self.new_panel(slot, *done);
                // The screen goes before anybody has read what is on it, unless its
                // owner is asked about the secret.
                if wants_out && panel.is_delivered() {
                    self.unread = vec![parting];
                }
                self.layers.push(Layer::Panel(Box::new(panel)));
                true
            }
            other => {
                let notice = Notice::of_order(&order, &other);
                let told = !notice.bad;
                self.unread = vec![parting];
                self.said
                    .keep_shown(&notice.lines.join(" "), notice.bad, self.now.wall);
                self.layers.push(Layer::Notice(notice));
                told
            }
        };
        // Nobody may leave without having seen that a token is dead, or that it
        // is not known whether it is.
        if wants_out && told {
            effects.extend(self.leave());
            return effects;
        }
        effects
    }

    /// What an outcome tells about its slot, until the next look at it.
    fn learn(&mut self, slot: &Slot, outcome: &Outcome) {
        let now = self.now.wall;
        let policy = self.known(slot).and_then(|reading| reading.policy);
        if matches!(
            outcome,
            Outcome::Generated(_) | Outcome::Deleted { .. } | Outcome::Gone { .. }
        ) {
            self.list.mark(slot, false);
        }
        let token = match outcome {
            Outcome::Generated(done) => &done.token,
            Outcome::SecretLost { now, .. } => now,
            Outcome::NotDone(why) => {
                if let NotDone::Changed(reading) | NotDone::Unreadable(reading) = why.cause() {
                    self.list.know(slot, reading.clone(), now);
                }
                return;
            }
            // The slot is as it was.
            Outcome::Refused { .. } | Outcome::NothingHappened { .. } => return,
            Outcome::Deleted { .. } | Outcome::Gone { .. } | Outcome::CannotTell { .. } => {
                self.list.forget(slot, now);
                return;
            }
        };
        let reading = Reading {
            found: Found::Token(token.clone()),
            note: None,
            policy,
            at: now,
        };
        self.list.know(slot, reading, now);
    }

    pub(super) fn new_panel(&self, slot: Slot, done: crate::action::Generated) -> Panel {
        let deliveries = self.settings.deliveries.clone();
        Panel::new(slot, done, deliveries, !self.settings.demo, self.now)
    }
}

/// Why nothing can be done with a slot, if so.
pub(super) fn not_possible(row: &list::Row) -> Option<&str> {
    let state = row.state();
    match state.allows_generate() || state.allows_replace() {
        true => None,
        false => Some(row.words().unwrap_or_else(|| state.meaning())),
    }
}
