//! Generate, replace or delete for all marked slots: one dialog that lists what
//! dies and what is left out, and the number of slots typed instead of a name.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;

use super::terms::{End, Terms};
use super::{one_host, turned};
use crate::action::{Act, Order, Verb};
use crate::app::field::Field;
use crate::app::keys::{Command, Pressed, moved};
use crate::app::message::{EffectId, Known, ManyPreparation};
use crate::delivery::Destination;
use crate::expiry::{Expiry, ExpiryError};
use crate::fleet::Own;
use crate::slot::{Host, Identity, Reading, Slot, Time, Token};

/// Whoever used a token within this time may be using it now.
const RECENT: Duration = Duration::from_secs(24 * 60 * 60);

/// A slot that is acted on.
#[derive(Clone, Debug)]
pub struct Item {
    /// Which slot.
    pub slot: Slot,
    /// What was there when the dialog opened.
    pub shown: Identity,
    /// The token that dies, if one is seen.
    pub token: Option<Token>,
    /// Whether that token was used within the last day.
    pub recent: bool,
    /// Whether it was read again since the dialog opened.
    pub again: Again,
    /// What else must be known of it before anything can be sent.
    pub known: Option<Known>,
}

/// How far the new look at a slot is: its row may have been read hours ago, and
/// an owner decides by when the token was last used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Waiting for room.
    Due,
    /// On its way.
    UnderWay(EffectId),
    /// What is shown is what was seen.
    Seen,
}

impl Item {
    /// A slot as it was read; none for one that cannot be told from others.
    pub fn of(slot: &Slot, reading: &Reading, now: Timestamp) -> Option<Self> {
        let token = reading.token().cloned();
        let used = token.as_ref().and_then(|token| token.last_used_at.at());
        let until = used.and_then(|used| crate::slot::add(used, RECENT));
        Some(Self {
            slot: slot.clone(),
            shown: reading.identity()?,
            recent: until.is_some_and(|until| until > now),
            token,
            again: Again::Due,
            known: None,
        })
    }
}

/// A marked slot that nothing is done with.
#[derive(Clone, Debug)]
pub struct LeftOut {
    /// Which slot.
    pub slot: Slot,
    /// Why.
    pub why: String,
}

/// What is done with all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A new token for each.
    New,
    /// Each token deleted.
    Delete,
}

/// The part of the dialog that takes the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManyFocus {
    /// The field for the number.
    Count,
    /// The expiry.
    Expiry,
    /// The destination.
    Destination,
}

/// What the dialog wants after a key.
#[derive(Debug)]
pub enum ManyWish {
    /// Nothing but a redraw.
    Stay,
    /// To be closed.
    Close,
    /// To know whether the destination can take all of them; then the orders.
    Check(Destination, Vec<Order>),
    /// To be closed, and the orders to be performed, one after the other.
    Run(Vec<Order>),
}

/// The dialog.
#[derive(Debug)]
pub struct ManyDialog {
    /// What is done.
    pub deed: Deed,
    /// The slots that are acted on: tokens that were used within the last day
    /// come first.
    pub items: Vec<Item>,
    /// The marked slots that are not acted on.
    pub left_out: Vec<LeftOut>,
    /// The first line of the list that is shown.
    pub offset: usize,
    /// The part that takes the keys.
    pub focus: ManyFocus,
    /// The number, as typed.
    pub count: Field,
    /// The expiry and the destination.
    pub terms: Terms,
    /// What must be known before anything can be sent.
    pub preparation: Option<ManyPreparation>,
    /// The effect that finds it out.
    pub preparing: EffectId,
    /// The slots that it was asked about, in their order.
    asked: Vec<Slot>,
    /// The destination is being tried, and what follows if it can take all.
    checking: Option<(EffectId, Vec<Order>)>,
    /// Why Enter did nothing.
    pub problem: Option<String>,
    /// Whether that is only because something is still looked up.
    waits: bool,
}

impl ManyDialog {
    /// A dialog for what was just shown.
    pub fn new(
        deed: Deed,
        mut items: Vec<Item>,
        left_out: Vec<LeftOut>,
        default: Expiry,
        preparing: EffectId,
    ) -> Self {
        items.sort_by_key(|item| !item.recent);
        let asked = items.iter().map(|item| item.slot.clone()).collect();
        Self {
            deed,
            items,
            asked,
            left_out,
            offset: 0,
            focus: ManyFocus::Count,
            count: Field::default(),
            terms: Terms::new(default),
            preparation: None,
            preparing,
            checking: None,
            problem: None,
            waits: false,
        }
    }

    /// How many tokens die, or may die.
    pub fn dying(&self) -> usize {
        let dies = |item: &&Item| item.shown != Identity::None;
        self.items.iter().filter(dies).count()
    }

    /// What the whole is called: a replace as soon as one token dies.
    pub fn verb(&self) -> Verb {
        match self.deed {
            Deed::Delete => Verb::Delete,
            Deed::New if self.dying() == 0 => Verb::Generate,
            Deed::New => Verb::Replace,
        }
    }

    /// Whether the number was typed.
    pub fn confirmed(&self) -> bool {
        !self.items.is_empty() && self.count.text() == self.items.len().to_string()
    }

    /// Whether Enter begins now: what had to be typed was typed, and what must be
    /// known beforehand is known.
    pub fn is_ready(&self) -> bool {
        self.confirmed() && self.preparation.is_some() && self.to_read() == 0
    }

    /// How many slots are still to be read again.
    pub fn to_read(&self) -> usize {
        let unseen = |item: &&Item| item.again != Again::Seen;
        self.items.iter().filter(unseen).count()
    }

    /// Takes what a new look has found, if this dialog waits for it: `why` says
    /// why nothing can be done with such a slot. What is not as it was shown is
    /// left out, since its owner may have read the list already.
    pub fn seen_again(&mut self, id: EffectId, now: Option<Item>, why: &str) {
        let waits = |item: &Item| item.again == Again::UnderWay(id);
        let Some(at) = self.items.iter().position(waits) else {
            return;
        };
        let item = &mut self.items[at];
        match now.filter(|now| now.shown == item.shown) {
            Some(now) => {
                (item.token, item.recent) = (now.token, now.recent);
                item.again = Again::Seen;
                self.items.sort_by_key(|item| !item.recent);
            }
            None => {
                let slot = self.items.remove(at).slot;
                let why = why.to_owned();
                self.left_out.push(LeftOut { slot, why });
            }
        }
        self.all_seen();
    }

    /// Leaves out slots that cannot be read again.
    pub fn leave_out(&mut self, these: Vec<LeftOut>) {
        if these.is_empty() {
            return;
        }
        let slots: HashSet<&Slot> = these.iter().map(|left| &left.slot).collect();
        self.items.retain(|item| !slots.contains(&item.slot));
        self.left_out.extend(these);
        self.all_seen();
    }

    /// Enter need not be told to wait any more once everything is known.
    fn all_seen(&mut self) {
        let known = self.preparation.is_some() && self.to_read() == 0;
        if known && std::mem::take(&mut self.waits) {
            self.problem = None;
        }
    }

    /// The one host of all of them, if it is one.
    pub fn one_host(&self) -> Option<&Host> {
        let items = self.items.iter().map(|item| &item.slot);
        one_host(items.chain(self.left_out.iter().map(|left| &left.slot)))
    }

    /// How many lines the list has.
    pub fn lines(&self) -> usize {
        self.items.len() + self.left_out.len()
    }

    /// Takes what was found out.
    pub fn prepared(&mut self, preparation: ManyPreparation) {
        let choices = preparation.choices.clone();
        self.terms.offer(choices, preparation.default);
        if preparation.slots.iter().all(|known| known.policy.is_some()) {
            self.terms.offer_longest();
        }
        for (slot, known) in self.asked.iter().zip(&preparation.slots) {
            let mut items = self.items.iter_mut();
            if let Some(item) = items.find(|item| item.slot == *slot) {
                item.known = Some(known.clone());
            }
        }
        self.preparation = Some(preparation);
        self.problem = None;
        self.all_seen();
    }

    /// The slots whose token is a credential in use, or may be, and what is known of
    /// them.
    pub fn own(&self, own: Own) -> impl Iterator<Item = (&Slot, &Known)> {
        let known = self
            .items
            .iter()
            .filter_map(|item| Some((&item.slot, item.known.as_ref()?)));
        known.filter(move |(_, known)| known.own == own)
    }

    /// The end that the chosen expiry means for the first slot.
    ///
    /// # Errors
    /// With the slot, where it is none, or one that its server would refuse.
    pub fn end(&self) -> Result<End, (Option<&Slot>, ExpiryError)> {
        self.terms.chosen_expiry().map_err(|error| (None, error))?;
        let mut first = End::Unknown;
        for item in &self.items {
            let Some(known) = &item.known else { continue };
            let end = self.terms.end(known.server_now, known.policy);
            let end = end.map_err(|error| (Some(&item.slot), error))?;
            if first == End::Unknown {
                first = end;
            }
        }
        Ok(first)
    }

    /// Takes a key. `room` is the number of lines that the list has.
    pub fn key(&mut self, pressed: Pressed, room: usize) -> ManyWish {
        if self.scrolled(pressed.command, room) {
            return ManyWish::Stay;
        }
        // Whoever goes on choosing has not confirmed what is chosen then.
        self.checking = None;
        let key = pressed.key;
        match pressed.command {
            Some(Command::Close) => return ManyWish::Close,
            Some(Command::Act) => return self.act(),
            Some(Command::Next) => self.turn(1),
            Some(Command::Previous) => self.turn(-1),
            _ => {
                self.problem = None;
                match self.focus {
                    ManyFocus::Count => {
                        self.count.key(key);
                    }
                    ManyFocus::Expiry => self.terms.expiry_key(key),
                    ManyFocus::Destination => self.terms.destination_key(key),
                }
            }
        }
        ManyWish::Stay
    }

    fn scrolled(&mut self, command: Option<Command>, room: usize) -> bool {
        let last = self.lines().saturating_sub(room);
        let to = command.and_then(|command| moved(self.offset, command, last, room));
        self.offset = to.unwrap_or(self.offset);
        to.is_some()
    }

    /// What the key bar says of a command: nothing while it does nothing. `room`
    /// is the number of lines that the list has.
    pub fn word(&self, command: Command, usual: &'static str, room: usize) -> Option<&'static str> {
        let chooses = self.focus != ManyFocus::Count;
        match command {
            Command::Act => self.is_ready().then(|| self.verb().as_str()),
            Command::Down => (self.lines() > room).then_some(usual),
            Command::Next => (self.deed == Deed::New).then_some(usual),
            Command::Earlier => chooses.then_some(usual),
            _ => Some(usual),
        }
    }

    /// Takes pasted text, into the field that has the focus.
    pub fn paste(&mut self, text: &str) {
        self.checking = None;
        self.problem = None;
        match self.focus {
            ManyFocus::Count => self.count.paste(text),
            ManyFocus::Expiry => self.terms.paste_expiry(text),
            ManyFocus::Destination => self.terms.paste_destination(text),
        }
    }

    fn parts(&self) -> &'static [ManyFocus] {
        match self.deed {
            Deed::New => &[ManyFocus::Count, ManyFocus::Expiry, ManyFocus::Destination],
            Deed::Delete => &[ManyFocus::Count],
        }
    }

    fn turn(&mut self, by: isize) {
        let parts = self.parts();
        let at = parts.iter().position(|part| *part == self.focus);
        self.focus = parts[turned(at.unwrap_or(0), by, parts.len())];
    }

    /// Has this part take the keys.
    pub fn go_to(&mut self, part: ManyFocus) {
        self.checking = None;
        if self.parts().contains(&part) {
            self.focus = part;
        }
    }

    fn act(&mut self) -> ManyWish {
        if !self.confirmed() {
            let typed = !self.items.is_empty() && !self.count.text().is_empty();
            self.problem = typed.then(|| "that is not the number of slots".to_owned());
            return ManyWish::Stay;
        }
        let waits_for = match (self.to_read(), &self.preparation) {
            (1.., _) => Some("one moment: when each was last used is read again"),
            (0, None) => Some("one moment: the limits and your credential are looked up"),
            (0, Some(_)) => None,
        };
        if let Some(words) = waits_for {
            self.waits = true;
            self.problem = Some(words.to_owned());
            return ManyWish::Stay;
        }
        if self.deed == Deed::Delete {
            return ManyWish::Run(self.orders(&Act::Delete));
        }
        match self.new_tokens() {
            Ok((to, orders)) => {
                self.problem = None;
                ManyWish::Check(to, orders)
            }
            Err(problem) => {
                self.problem = Some(problem);
                ManyWish::Stay
            }
        }
    }

    /// The destination and the orders that need it.
    fn new_tokens(&self) -> Result<(Destination, Vec<Order>), String> {
        self.end().map_err(|(slot, error)| match slot {
            Some(slot) => format!("{slot}: {error}"),
            None => error.to_string(),
        })?;
        let act = self.terms.act()?;
        Ok((self.terms.to()?, self.orders(&act)))
    }

    /// In the order of the list; but what may cut us off from a host comes last.
    fn orders(&self, act: &Act) -> Vec<Order> {
        let own: Vec<&Slot> = self.own(Own::Yes).map(|(slot, _)| slot).collect();
        let mut items: Vec<&Item> = self.items.iter().collect();
        items.sort_by_key(|item| own.contains(&&item.slot));
        let order = |item: &Item| Order {
            slot: item.slot.clone(),
            act: act.clone(),
            shown: item.shown.clone(),
            last_use: item
                .token
                .as_ref()
                .map_or(Time::Unknown, |token| token.last_used_at),
            needs_rescue: false,
            without_journal: false,
        };
        items.into_iter().map(order).collect()
    }

    /// The destination is being tried.
    pub fn check(&mut self, id: EffectId, orders: Vec<Order>) {
        self.checking = Some((id, orders));
    }

    /// Whether the destination is being tried.
    pub fn is_checking(&self) -> bool {
        self.checking.is_some()
    }

    /// Whether this is the check that is waited for.
    pub fn waits_for(&self, id: EffectId) -> bool {
        self.checking.as_ref().is_some_and(|(own, _)| *own == id)
    }

    /// The orders, if the destination can take them all.
    pub fn checked(&mut self, result: Result<(), String>) -> Option<Vec<Order>> {
        let (_, orders) = self.checking.take()?;
        match result {
            Ok(()) => Some(orders),
            Err(why) => {
                self.problem = Some(why);
                None
            }
        }
    }
}
