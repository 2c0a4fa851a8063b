//! New secrets on the screen: what their panel wants, what becomes of it, and
//! the question before one is let go. No way out leads past it.

use super::dialogs::{Answer, LeaveDialog};
use super::keys::Pressed;
use super::message::{EffectId, Gone, NotDelivered};
use super::panel::{Panel, Wish};
use super::{App, Effect, Layer};
use crate::delivery::{Delivered, Destination, HoldId};
use crate::slot::Slot;

impl App {
    pub(super) fn panel(&mut self, hold: HoldId) -> Option<&mut Panel> {
        self.layers.iter_mut().find_map(|layer| match layer {
            Layer::Panel(panel) if panel.hold() == hold => Some(&mut **panel),
            _ => None,
        })
    }

    /// The panel that waits for this reply; it waits no longer.
    pub(super) fn busy_panel(&mut self, id: EffectId) -> Option<&mut Panel> {
        let mut panels = self.layers.iter_mut().filter_map(|layer| match layer {
            Layer::Panel(panel) => Some(&mut **panel),
            _ => None,
        });
        panels.find_map(|panel| panel.end(id).then_some(panel))
    }

    pub(crate) fn hide_secrets(&mut self) {
        for layer in &mut self.layers {
            if let Layer::Panel(panel) = layer {
                panel.hide();
            }
        }
    }

    pub(super) fn panel_wish(&mut self, mut panel: Box<Panel>, wish: Wish) -> Vec<Effect> {
        let mut effects = Vec::new();
        match wish {
            Wish::Close if !panel.is_delivered() => {
                panel.hide();
                let slots = vec![panel.slot.clone()];
                self.layers.push(Layer::Panel(panel));
                self.layers.push(Layer::Leave(LeaveDialog {
                    slots,
                    leaving: false,
                    ..LeaveDialog::default()
                }));
                return effects;
            }
            // Dropped here: its secret is wiped unless a keeper needs it.
            Wish::Close => return effects,
            Wish::Stay => {}
            Wish::Copy => effects.push(self.copy(&mut panel)),
            Wish::Deliver(to) => effects.push(self.deliver(&mut panel, to, false)),
            Wish::Replace(to) => effects.push(self.deliver(&mut panel, to, true)),
            Wish::Store => {
                let id = self.next_id();
                panel.begin(id, "storing it as your credential".into());
                effects.push(Effect::Store {
                    id,
                    order: panel.order().to_owned(),
                    hold: panel.hold(),
                    slot: panel.slot.clone(),
                    secret: panel.secret(),
                });
            }
            Wish::Test => {
                let id = self.next_id();
                panel.begin(id, "asking the host whom it authenticates".into());
                effects.push(Effect::Who {
                    id,
                    slot: panel.slot.clone(),
                    secret: panel.secret(),
                });
            }
        }
        self.layers.push(Layer::Panel(panel));
        effects
    }

    fn copy(&mut self, panel: &mut Panel) -> Effect {
        let to = self.settings.copies_to.clone();
        self.deliver(panel, to, false)
    }

    fn deliver(&mut self, panel: &mut Panel, to: Destination, replace: bool) -> Effect {
        let id = self.next_id();
        panel.begin(id, format!("bringing it to {to}"));
        Effect::Deliver {
            id,
            order: panel.order().to_owned(),
            hold: panel.hold(),
            secret: panel.secret(),
            to,
            facts: panel.facts(),
            replace,
        }
    }

    pub(super) fn delivered(
        &mut self,
        id: EffectId,
        result: Result<Delivered, NotDelivered>,
    ) -> Vec<Effect> {
        let now = self.now;
        let mut effects = Vec::new();
        if let Some(panel) = self.busy_panel(id) {
            match result {
                Ok(delivered) => panel.arrived(delivered, now),
                Err(not) => panel.not_delivered(not),
            }
            effects.extend(released(panel));
        }
        self.forget_answered_question();
        effects
    }

    /// A copied secret is not on the clipboard any more. Where it is nowhere else,
    /// the end of the program has to rescue it again.
    pub(super) fn gone_from_clipboard(&mut self, hold: HoldId, gone: Gone) -> Vec<Effect> {
        let Some(panel) = self.panel(hold) else {
            return Vec::new();
        };
        let was_delivered = panel.is_delivered();
        panel.gone_from_clipboard(gone);
        if !was_delivered || panel.is_delivered() {
            return Vec::new();
        }
        panel.held_again = true;
        vec![Effect::Hold {
            order: panel.order().to_owned(),
            hold,
            facts: panel.facts(),
            secret: panel.secret(),
        }]
    }

    /// The panels whose secrets were delivered nowhere, the lowest first.
    fn undelivered(&self) -> impl Iterator<Item = &Panel> {
        let panels = self.layers.iter().filter_map(|layer| match layer {
            Layer::Panel(panel) => Some(&**panel),
            _ => None,
        });
        panels.filter(|panel| !panel.is_delivered())
    }

    /// Takes the first of them off the screen that is meant.
    fn take_undelivered(&mut self, is_meant: impl Fn(&Panel) -> bool) -> Option<Box<Panel>> {
        let at = self.layers.iter().position(|layer| match layer {
            Layer::Panel(panel) => !panel.is_delivered() && is_meant(panel),
            _ => false,
        })?;
        match self.layers.remove(at) {
            Layer::Panel(panel) => Some(panel),
            _ => None,
        }
    }

    /// The owner wants to leave: never while a write runs, and never with a
    /// secret that is nowhere else without asking.
    pub(super) fn leave(&mut self) -> Vec<Effect> {
        self.hide_secrets();
        if let Some(running) = &self.running {
            let (id, sent) = (running.id, running.sent);
            self.leaving = true;
            if let Some(run) = &mut self.run {
                run.stop();
            }
            if sent {
                self.say("waiting for the server; the program ends afterwards");
                return Vec::new();
            }
            self.say("stopping; the program ends afterwards");
            return vec![Effect::Stop { id }];
        }
        let slots: Vec<Slot> = self.undelivered().map(|panel| panel.slot.clone()).collect();
        if slots.is_empty() {
            // Whoever is quicker than the notice is told all the same.
            self.parting.append(&mut self.unread);
            return vec![match self.is_offering() {
                true => Effect::Decline,
                false => Effect::Leave,
            }];
        }
        self.layers
            .retain(|layer| !matches!(layer, Layer::Leave(_)));
        self.layers.push(Layer::Leave(LeaveDialog {
            slots,
            leaving: true,
            ..LeaveDialog::default()
        }));
        Vec::new()
    }

    pub(super) fn leave_key(&mut self, mut dialog: LeaveDialog, pressed: Pressed) -> Vec<Effect> {
        match dialog.key(pressed) {
            Answer::Stay => {
                self.layers.push(Layer::Leave(dialog));
                Vec::new()
            }
            Answer::Back => {
                self.leaving = false;
                Vec::new()
            }
            Answer::Copy => {
                // Back to the panel, which shows what becomes of it.
                self.leaving = false;
                let Some(mut panel) = self.take_undelivered(|_| true) else {
                    return Vec::new();
                };
                let effect = self.copy(&mut panel);
                self.layers.push(Layer::Panel(panel));
                vec![effect]
            }
            Answer::Lose => {
                let mut effects = Vec::new();
                // Only what the question named.
                while let Some(panel) =
                    self.take_undelivered(|panel| dialog.slots.contains(&panel.slot))
                {
                    effects.push(Effect::LetGo {
                        order: panel.order().to_owned(),
                        hold: panel.hold(),
                        slot: panel.slot,
                    });
                }
                if dialog.leaving {
                    effects.extend(self.leave());
                }
                effects
            }
        }
    }

    /// Whether to let a secret go is no question once it is delivered.
    pub(super) fn forget_answered_question(&mut self) {
        if self.undelivered().next().is_none() {
            self.layers
                .retain(|layer| !matches!(layer, Layer::Leave(_)));
        }
    }

    pub(super) fn stored(
        &mut self,
        id: EffectId,
        result: Result<Delivered, String>,
    ) -> Vec<Effect> {
        let now = self.now;
        let mut effects = Vec::new();
        if let Some(panel) = self.busy_panel(id) {
            match result {
                Ok(delivered) => panel.stored(delivered, now),
                Err(why) => panel.problem = Some(why),
            }
            effects.extend(released(panel));
        }
        self.forget_answered_question();
        effects
    }

    pub(super) fn tested(&mut self, id: EffectId, result: Result<String, String>) {
        if let Some(panel) = self.busy_panel(id) {
            match result {
                Ok(who) => panel.said = Some(format!("works as {who}")),
                Err(why) => panel.problem = Some(format!("the test failed: {why}")),
            }
        }
    }
}

/// Once it is delivered, a secret that was held again is so no longer. The one that
/// delivered it has said so already, perhaps before it was held.
fn released(panel: &mut Panel) -> Option<Effect> {
    let held = panel.is_delivered() && std::mem::take(&mut panel.held_again);
    held.then(|| Effect::Release { hold: panel.hold() })
}
