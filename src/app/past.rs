//! What was done before: the journal, and what earlier runs left behind.

use super::dialogs::{JournalView, JournalWish, Leftovers, LeftoversWish};
use super::keys::{Command, Pressed};
use super::message::EffectId;
use super::{Account, App, Effect, Layer, layout};
use crate::journal::{Entry, LeftOpen};

impl App {
    pub(super) fn leftovers_key(
        &mut self,
        leftovers: Leftovers,
        command: Option<Command>,
    ) -> Vec<Effect> {
        let wish = leftovers.key(command, &self.list);
        if wish == LeftoversWish::Stay {
            self.layers.push(Layer::Leftovers(leftovers));
            return Vec::new();
        }
        let mut effects = Vec::new();
        let orders = leftovers.told(&self.list, |slot| {
            let mut of_host = self.accounts.iter().filter(|entry| entry.host == slot.host);
            !self.settings.narrowed && of_host.all(Account::is_listed)
        });
        if !orders.is_empty() {
            effects.push(Effect::Seen { orders });
        }
        if let LeftoversWish::New(slot) = wish {
            effects.extend(self.open_new(&slot));
        }
        effects
    }

    pub(super) fn journal_key(&mut self, mut view: JournalView, pressed: Pressed) -> Vec<Effect> {
        match view.key(pressed, layout::journal_height(self.size)) {
            JournalWish::Stay => {}
            JournalWish::Close => return Vec::new(),
            JournalWish::Read => {
                let id = self.next_id();
                view.reading = Some(id);
                self.layers.push(Layer::Journal(view));
                return vec![Effect::ReadJournal { id }];
            }
        }
        self.layers.push(Layer::Journal(view));
        Vec::new()
    }

    /// After whatever may have changed what the journal's view shows.
    pub(super) fn lay_out_journal(&mut self) {
        let width = layout::journal_width(self.size);
        for layer in &mut self.layers {
            if let Layer::Journal(view) = layer {
                view.lay_out(width, &self.settings.zone);
            }
        }
    }

    pub(super) fn open_journal(&mut self) -> Vec<Effect> {
        let id = self.next_id();
        self.layers.push(Layer::Journal(JournalView::new(id)));
        vec![Effect::ReadJournal { id }]
    }

    pub(super) fn left_behind(&mut self, orders: Vec<LeftOpen>, lines: Vec<String>) {
        if !(orders.is_empty() && lines.is_empty()) {
            let left = Leftovers { orders, lines };
            self.layers.insert(0, Layer::Leftovers(left));
        }
    }

    pub(super) fn journal_read(&mut self, id: EffectId, result: Result<Vec<Entry>, String>) {
        let waits = |view: &&mut JournalView| view.reading == Some(id);
        let mut views = self.layers.iter_mut().filter_map(|layer| match layer {
            Layer::Journal(view) => Some(view),
            _ => None,
        });
        if let Some(view) = views.find(waits) {
            view.read(result);
        }
    }
}
