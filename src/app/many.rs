//! Many orders: the dialog for all marked slots, the run that performs one order
//! after the other, and the table at its end.

use super::dialogs::{Again, Deed, Item, LeftOut, ManyDialog, ManyWish};
use super::keys::{Command, Pressed};
use super::message::{EffectId, ManyPreparation};
use super::orders::not_possible;
use super::panel::Panel;
use super::report::{self, Report};
use super::run::Run;
use super::{App, Effect, Layer, layout};
use crate::action::{NotDone, Order, Outcome, Verb};
use crate::fleet::Look;
use crate::slot::{Reading, Slot, State};

impl App {
    pub(super) fn open_many(&mut self, deed: Deed) -> Vec<Effect> {
        if let Some(why) = self.refusal_of_all() {
            self.say_bad(why);
            return Vec::new();
        }
        let (mut items, mut left_out) = (Vec::new(), Vec::new());
        for row in self.list.marked() {
            let why = match not_possible(row) {
                Some(why) => Some(why.to_owned()),
                None if deed == Deed::Delete && row.state() == State::None => {
                    Some("there is no token to delete".to_owned())
                }
                None => None,
            };
            let reading = row.reading.as_ref();
            let now = self.list.time_of(row.account, self.now.wall);
            let item = reading.and_then(|reading| Item::of(&row.slot, reading, now));
            match (why, item) {
                (None, Some(item)) => items.push(item),
                (why, _) => left_out.push(LeftOut {
                    slot: row.slot.clone(),
                    why: why.unwrap_or_else(|| row.state().meaning().to_owned()),
                }),
            }
        }
        if items.is_empty() {
            let what = match deed {
                Deed::New => "have a new token",
                Deed::Delete => "have its token deleted",
            };
            self.say_bad(format!("none of the marked slots can {what} now"));
            return Vec::new();
        }
        let id = self.next_id();
        let dialog = ManyDialog::new(deed, items, left_out, self.settings.expiry, id);
        let asked = |item: &Item| (item.slot.clone(), item.shown.clone());
        let slots = dialog.items.iter().map(asked).collect();
        self.layers.push(Layer::Many(Box::new(dialog)));
        vec![Effect::PrepareMany { id, slots }]
    }

    pub(super) fn many_key(
        &mut self,
        mut dialog: Box<ManyDialog>,
        pressed: Pressed,
    ) -> Vec<Effect> {
        match dialog.key(pressed, layout::many_height(self.size)) {
            ManyWish::Close => Vec::new(),
            ManyWish::Run(orders) => self.start_run(dialog.verb(), orders),
            ManyWish::Stay => {
                self.layers.push(Layer::Many(dialog));
                Vec::new()
            }
            ManyWish::Check(to, orders) => {
                let id = self.next_id();
                let slots = orders.iter().map(|order| order.slot.clone()).collect();
                dialog.check(id, orders);
                self.layers.push(Layer::Many(dialog));
                vec![Effect::Check { id, to, slots }]
            }
        }
    }

    /// Begins the new looks that the dialog for many slots waits for, as far as
    /// there is room.
    pub(super) fn look_again(&mut self) -> Vec<Effect> {
        let reads = |layer: &Layer| matches!(layer, Layer::Many(dialog) if dialog.to_read() > 0);
        let Some(place) = self.layers.iter().position(reads) else {
            return Vec::new();
        };
        let mut effects = Vec::new();
        if let Layer::Many(mut dialog) = self.layers.remove(place) {
            // Thousands may be marked, and this happens at every answer.
            let mut left_out = Vec::new();
            for item in &mut dialog.items {
                match self.look_at(item) {
                    Ok(look) => effects.extend(look),
                    Err(why) => left_out.push(LeftOut {
                        slot: item.slot.clone(),
                        why,
                    }),
                }
            }
            dialog.leave_out(left_out);
            self.layers.insert(place, Layer::Many(dialog));
        }
        effects
    }

    /// The new look at a slot, if it is due and there is room; or why there will
    /// be none.
    fn look_at(&mut self, item: &mut Item) -> Result<Option<Effect>, String> {
        if item.again == Again::Seen {
            return Ok(None);
        }
        let Some(row) = self.list.row(&item.slot) else {
            return Err("nobody here sees it any more".to_owned());
        };
        // One that something newer took the place of is begun anew.
        if matches!(item.again, Again::UnderWay(id) if row.pending == Some(id)) {
            return Ok(None);
        }
        let entry = &self.accounts[row.account];
        if entry.health.is_away() {
            let why = entry.problem.as_deref();
            return Err(why.unwrap_or("its host cannot be reached").to_owned());
        }
        if !self.has_room(row.account) {
            return Ok(None);
        }
        let look = self.begin(item.slot.clone(), Look::Anew, true);
        if let Effect::Read { id, .. } = look {
            item.again = Again::UnderWay(id);
        }
        Ok(Some(look))
    }

    /// What a look has found may be what the dialog for many slots waits for.
    pub(super) fn seen_again(&mut self, id: EffectId, slot: &Slot, reading: &Reading) {
        let now = self.moment_at(slot).wall;
        let why = match self.list.row(slot).and_then(not_possible) {
            Some(why) => why.to_owned(),
            None => NotDone::Changed(reading.clone()).to_string(),
        };
        for layer in &mut self.layers {
            if let Layer::Many(dialog) = layer {
                dialog.seen_again(id, Item::of(slot, reading, now), &why);
            }
        }
    }

    pub(super) fn prepared_many(&mut self, id: EffectId, preparation: ManyPreparation) {
        let dialogs = self.layers.iter_mut().filter_map(|layer| match layer {
            Layer::Many(dialog) if dialog.preparing == id => Some(dialog),
            _ => None,
        });
        for dialog in dialogs {
            dialog.prepared(preparation.clone());
        }
    }

    pub(super) fn checked(&mut self, id: EffectId, result: Result<(), String>) -> Vec<Effect> {
        let waits = |layer: &Layer| matches!(layer, Layer::Many(dialog) if dialog.waits_for(id));
        let Some(at) = self.layers.iter().position(waits) else {
            return Vec::new();
        };
        let Layer::Many(dialog) = &mut self.layers[at] else {
            return Vec::new();
        };
        let verb = dialog.verb();
        let Some(orders) = dialog.checked(result) else {
            return Vec::new();
        };
        self.layers.remove(at);
        self.start_run(verb, orders)
    }

    fn start_run(&mut self, verb: Verb, orders: Vec<Order>) -> Vec<Effect> {
        if let Some(why) = self.refusal_of_all() {
            self.say_bad(why);
            return Vec::new();
        }
        self.run = Some(Run::new(verb, orders));
        self.go_on()
    }

    /// The next order of the run, or its end.
    fn go_on(&mut self) -> Vec<Effect> {
        match self.run.as_mut().and_then(Run::next_order) {
            Some(order) => self.perform(order),
            None => self.end_run(None),
        }
    }

    /// The table of what became of each slot, and over it the secret that is not
    /// where it was to go.
    fn end_run(&mut self, stranded: Option<Panel>) -> Vec<Effect> {
        let Some(run) = self.run.take() else {
            return Vec::new();
        };
        let wants_out = std::mem::take(&mut self.leaving);
        let report = run.report();
        let seen = wants_out && report.is_good();
        let line = |line: &report::Line| format!("{}: {}", line.slot, line.words);
        self.unread = report.lines.iter().map(line).collect();
        if !seen {
            self.layers.push(Layer::Report(report));
        }
        let asks = stranded.is_some();
        self.layers
            .extend(stranded.map(|panel| Layer::Panel(Box::new(panel))));
        match wants_out && (seen || asks) {
            true => self.leave(),
            false => Vec::new(),
        }
    }

    pub(super) fn run_outcome(&mut self, slot: Slot, outcome: Outcome) -> Vec<Effect> {
        let stranded = self.run.as_mut().and_then(|run| run.take(&slot, outcome));
        match stranded {
            Some(done) => {
                let panel = self.new_panel(slot, *done);
                self.end_run(Some(panel))
            }
            None => self.go_on(),
        }
    }

    pub(super) fn report_key(
        &mut self,
        mut report: Report,
        command: Option<Command>,
    ) -> Vec<Effect> {
        let lines = report.drawn(layout::report_width(self.size)).0.len();
        let room = layout::report_height(self.size);
        if !self.is_read() || !report.key(command, lines.saturating_sub(room), room) {
            self.layers.push(Layer::Report(report));
        } else {
            self.unread.clear();
        }
        Vec::new()
    }
}
