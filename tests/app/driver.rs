//! An owner at the keyboard: presses keys, lets time pass, hands in answers,
//! and sees what goes out and what is drawn. Whatever a test does, the promises
//! of the screen are looked at after each step.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use orgward::action::{Act, Order, Outcome, Step, Verb};
use orgward::app::dialogs::{Again, Item};
use orgward::app::message::{EffectId, Gone, ManyPreparation, Preparation, Reply};
use orgward::app::{self, Account, App, Effect, Layer, Message, Moment, Settings};
use orgward::journal::{Entry, LeftOpen};
use orgward::slot::{Identity, Reading, Slot};
use orgward::ui::{self, Hits};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use crate::world;

pub struct Owner {
    pub app: App,
    effects: Vec<Effect>,
    /// What a dialog for many slots has shown and its owner has confirmed.
    confirmed: Vec<Asked>,
    /// Every order that a dialog has confirmed, for those that are asked again.
    ordered: Vec<Order>,
    /// What the last order brought, nobody has read yet.
    is_new: bool,
}

/// A dialog as it was before a message.
struct Asked {
    slot: Slot,
    shown: Identity,
    verb: Verb,
    typed: String,
}

impl Owner {
    pub fn new(settings: Settings, accounts: Vec<Account>, size: (u16, u16)) -> Self {
        let now = Moment {
            since_start: Duration::from_secs(100),
            wall: world::at(world::NOW),
        };
        let (app, effects) = App::new(settings, accounts, size, now);
        Self {
            app,
            effects,
            confirmed: Vec::new(),
            ordered: Vec::new(),
            is_new: false,
        }
    }

    /// One host entry with these organizations, nothing answered yet.
    pub fn of(organizations: &[&str]) -> Self {
        let accounts = vec![world::account(organizations)];
        Self::new(world::settings(), accounts, (120, 40))
    }

    /// One organization that has been read.
    pub fn with(name: &str, reading: Reading) -> Self {
        let mut owner = Self::of(&[name]);
        owner.read(name, reading);
        owner.effects();
        owner
    }

    pub fn send(&mut self, message: Message) {
        self.send_at(message, self.app.now);
    }

    fn send_at(&mut self, message: Message, now: Moment) {
        let asked = self.asked();
        let running = self.app.run.is_some();
        let typed = self.typed_for_many();
        let effects = app::update(&mut self.app, message, now);
        if !running && self.app.run.is_some() {
            self.confirmed = typed.expect("a run that nobody has confirmed");
        }
        for effect in &effects {
            match effect {
                Effect::Perform { order, .. } if self.app.run.is_some() => {
                    self.was_confirmed_with_others(order);
                }
                Effect::Perform { order, .. } => {
                    self.was_confirmed(order, &asked);
                    self.ordered.push(order.clone());
                }
                Effect::Leave => self.may_leave(),
                _ => {}
            }
        }
        if let Some(due) = self.app.next_deadline() {
            assert!(due > now.since_start, "a deadline that is over is no sleep");
        }
        self.effects.extend(effects);
    }

    fn asked(&self) -> Vec<Asked> {
        let dialog = |layer: &Layer| match layer {
            Layer::New(dialog) => Some(Asked {
                slot: dialog.slot.clone(),
                shown: dialog.shown.clone(),
                verb: dialog.verb(),
                typed: dialog.name.text().to_owned(),
            }),
            Layer::Delete(dialog) => Some(Asked {
                slot: dialog.slot.clone(),
                shown: dialog.shown.clone(),
                verb: Verb::Delete,
                typed: dialog.name.text().to_owned(),
            }),
            _ => None,
        };
        self.app.layers.iter().filter_map(dialog).collect()
    }

    /// Nothing is revoked by surprise: a dialog showed exactly this, perhaps
    /// before the journal failed.
    fn was_confirmed(&self, order: &Order, asked: &[Asked]) {
        assert!(!self.app.settings.read_only);
        if order.without_journal {
            let confirmed = self.ordered.iter().any(|first| {
                (&first.slot, &first.act, &first.shown) == (&order.slot, &order.act, &order.shown)
            });
            assert!(confirmed, "an order that was never confirmed");
            return;
        }
        let dialog = asked
            .iter()
            .find(|asked| asked.slot == order.slot)
            .expect("no dialog for this slot");
        assert_eq!(dialog.shown, order.shown);
        assert_eq!(dialog.verb, order.verb());
        if dialog.verb != Verb::Generate {
            assert_eq!(dialog.typed, *order.slot.organization);
        }
    }

    /// What a dialog for many slots shows, if their number is typed in it.
    fn typed_for_many(&self) -> Option<Vec<Asked>> {
        let shows = |layer: &Layer| match layer {
            Layer::Many(dialog)
                if dialog.count.text() == dialog.items.len().to_string()
                    && dialog.to_read() == 0 =>
            {
                let asked = |item: &orgward::app::dialogs::Item| Asked {
                    slot: item.slot.clone(),
                    shown: item.shown.clone(),
                    verb: dialog.verb(),
                    typed: String::new(),
                };
                Some(dialog.items.iter().map(asked).collect())
            }
            _ => None,
        };
        self.app.layers.iter().find_map(shows)
    }

    /// The number was typed under exactly this; and once only is it done.
    fn was_confirmed_with_others(&mut self, order: &Order) {
        assert!(!self.app.settings.read_only);
        let at = self.confirmed.iter().position(|asked| {
            asked.slot == order.slot
                && asked.shown == order.shown
                && (asked.verb == Verb::Delete) == (order.verb() == Verb::Delete)
        });
        self.confirmed
            .remove(at.expect("nobody has confirmed this"));
    }

    /// No secret is lost: neither by leaving during a write nor in a panel.
    fn may_leave(&self) {
        assert!(self.app.running.is_none(), "a write is in flight");
        for layer in &self.app.layers {
            if let Layer::Panel(panel) = layer {
                assert!(panel.is_delivered(), "an undelivered secret");
            }
        }
    }

    /// Presses keys: characters, and `<enter>`, `<esc>`, `<c-c>` and the like.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        // It was read, and the keys are for it.
        if std::mem::take(&mut self.is_new) {
            let moment = Duration::from_millis(300);
            self.app.now.since_start += moment;
            self.app.now.wall += moment;
        }
        for key in parse(keys) {
            self.send(Message::Key(key));
        }
        self
    }

    pub fn paste(&mut self, text: &str) -> &mut Self {
        self.send(Message::Paste(text.to_owned()));
        self
    }

    /// Lets time pass as the runtime does: from one deadline to the next.
    pub fn wait(&mut self, seconds: u64) -> &mut Self {
        let start = self.app.now;
        let end = start.since_start + Duration::from_secs(seconds);
        let later = |since_start: Duration| Moment {
            since_start,
            wall: start.wall + (since_start - start.since_start),
        };
        while let Some(due) = self.app.next_deadline().filter(|due| *due <= end) {
            self.send_at(Message::Deadline, later(due));
        }
        self.app.now = later(end);
        self
    }

    /// The answer to the look at an organization that is under way.
    pub fn read(&mut self, name: &str, reading: Reading) -> &mut Self {
        self.read_slot(&world::slot(name), reading)
    }

    pub fn read_slot(&mut self, slot: &Slot, reading: Reading) -> &mut Self {
        let row = self.app.list.row(slot);
        let id = row.and_then(|row| row.pending);
        self.reply(
            id.expect("no look under way"),
            Reply::Read(std::sync::Arc::new(reading)),
        )
    }

    pub fn reply(&mut self, id: EffectId, reply: Reply) -> &mut Self {
        self.send(Message::Reply(id, reply));
        self
    }

    /// Answers what the dialog on top asked for.
    pub fn prepared(&mut self, preparation: Preparation) -> &mut Self {
        let id = match self.app.layers.last() {
            Some(Layer::New(dialog)) => dialog.preparing,
            Some(Layer::Delete(dialog)) => dialog.preparing,
            _ => panic!("no dialog is open"),
        };
        self.reply(id, Reply::Prepared(Box::new(preparation)))
    }

    pub fn many(&self) -> &orgward::app::dialogs::ManyDialog {
        match self.app.layers.last() {
            Some(Layer::Many(dialog)) => dialog,
            _ => panic!("no dialog for many\n{}", self.screen()),
        }
    }

    /// Answers what the dialog for many slots asked for, and finds each slot as it
    /// was.
    pub fn prepared_many(&mut self, preparation: ManyPreparation) -> &mut Self {
        self.limits_of_many(preparation).read_again()
    }

    /// The same without the new looks at the slots.
    pub fn limits_of_many(&mut self, preparation: ManyPreparation) -> &mut Self {
        let id = self.many().preparing;
        self.reply(id, Reply::PreparedMany(Box::new(preparation)))
    }

    /// Each slot that the dialog for many still reads again is as it was.
    pub fn read_again(&mut self) -> &mut Self {
        loop {
            let under_way = |item: &Item| match item.again {
                Again::UnderWay(id) => Some((id, item.slot.clone())),
                _ => None,
            };
            let looks: Vec<_> = self.many().items.iter().filter_map(under_way).collect();
            if looks.is_empty() {
                return self;
            }
            for (id, slot) in looks {
                let row = self.app.list.row(&slot);
                let known = row.and_then(|row| row.reading.clone());
                self.reply(id, Reply::Read(known.expect("it was read once")));
            }
        }
    }

    /// Whether the destination can take all of them.
    pub fn checked(&mut self, result: Result<(), &str>) -> &mut Self {
        let asked = self.effects().into_iter().find_map(|effect| match effect {
            Effect::Check { id, .. } => Some(id),
            _ => None,
        });
        let id = asked.unwrap_or_else(|| panic!("nothing is tried\n{}", self.screen()));
        self.reply(id, Reply::Checked(result.map_err(str::to_owned)))
    }

    /// What earlier runs left behind.
    pub fn left_open(&mut self, orders: Vec<LeftOpen>) -> &mut Self {
        let lines = Vec::new();
        self.reply(0, Reply::Unfinished { orders, lines })
    }

    /// The journal that was just asked for.
    pub fn journal(&mut self, entries: Result<Vec<Entry>, String>) -> &mut Self {
        let view = self.app.layers.iter().find_map(|layer| match layer {
            Layer::Journal(view) => view.reading,
            _ => None,
        });
        self.reply(view.expect("no journal is read"), Reply::Journal(entries))
    }

    pub fn step(&mut self, step: Step) -> &mut Self {
        let id = self.app.running.as_ref().expect("nothing runs").id;
        self.send(Message::Step(id, step));
        self
    }

    pub fn outcome(&mut self, outcome: Outcome) -> &mut Self {
        self.outcome_now(outcome);
        self.is_new = true;
        self
    }

    /// The same, and what is pressed next comes with it.
    pub fn outcome_now(&mut self, outcome: Outcome) -> &mut Self {
        let id = self.app.running.as_ref().expect("nothing runs").id;
        self.reply(id, Reply::Outcome(Box::new(outcome)))
    }

    /// The clipboard lost the secret of the panel on top.
    pub fn clipboard_gone(&mut self, gone: Gone) -> &mut Self {
        let hold = self.panel().hold();
        self.send(Message::ClipboardGone(hold, gone));
        self
    }

    pub fn panel(&self) -> &app::panel::Panel {
        let panel = self.app.layers.iter().rev().find_map(|layer| match layer {
            Layer::Panel(panel) => Some(&**panel),
            _ => None,
        });
        panel.expect("no secret panel")
    }

    /// What is to be done outside since the last time this was asked.
    pub fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The names of the effects, without the looks and without what keeps them.
    pub fn asks_for(&mut self) -> Vec<&'static str> {
        let effects = self.effects();
        let names = effects.iter().map(Effect::name);
        names
            .filter(|name| !["Read", "Remember"].contains(name))
            .collect()
    }

    /// The slots that are to be read, and whether each is urgent.
    pub fn looks(&mut self) -> Vec<(String, bool)> {
        let effects = self.effects();
        let look = |effect| match effect {
            Effect::Read { slot, urgent, .. } => Some((slot.organization.to_string(), urgent)),
            _ => None,
        };
        effects.into_iter().filter_map(look).collect()
    }

    /// The one order that was given.
    pub fn order(&mut self) -> Order {
        let mut orders: Vec<Order> = self
            .effects()
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Perform { order, .. } => Some(order),
                _ => None,
            })
            .collect();
        assert_eq!(orders.len(), 1, "exactly one order\n{}", self.screen());
        orders.remove(0)
    }

    /// The one delivery that was asked for from a panel.
    pub fn delivery(&mut self) -> (EffectId, orgward::delivery::Destination) {
        let effects = self.effects().into_iter();
        let mut all: Vec<_> = effects
            .filter_map(|effect| match effect {
                Effect::Deliver { id, to, .. } => Some((id, to)),
                _ => None,
            })
            .collect();
        assert_eq!(all.len(), 1, "exactly one delivery\n{}", self.screen());
        all.remove(0)
    }

    /// Opens the dialog, hears that all is well and gives a generate's order.
    pub fn generate(&mut self) -> Order {
        self.press("n").prepared(world::preparation());
        self.press("<enter>").order()
    }

    /// The cells, and what a click on them would hit.
    pub fn drawn(&self) -> (Buffer, Hits) {
        let (width, height) = self.app.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut hits = Hits::default();
        terminal
            .draw(|frame| hits = ui::draw(&self.app, frame))
            .unwrap();
        (terminal.backend().buffer().clone(), hits)
    }

    /// Clicks on the first cell of these words, the last such place that can be
    /// clicked.
    pub fn click(&mut self, words: &str) -> &mut Self {
        // A click that comes with the opening of what it hits means nothing.
        self.wait(1);
        let target = self.target(words);
        let target = target.unwrap_or_else(|| panic!("no \"{words}\"\n{}", self.screen()));
        self.send(Message::Click(target));
        self
    }

    /// What a click on these words would hit.
    pub fn target(&self, words: &str) -> Option<app::Target> {
        let (buffer, hits) = self.drawn();
        let text = |area: ratatui::layout::Rect| -> String {
            area.positions()
                .map(|place| buffer[place].symbol())
                .collect()
        };
        let mut all: Vec<_> = hits.all().collect();
        all.reverse();
        let (area, _) = all
            .into_iter()
            .find(|(area, _)| text(*area).contains(words))?;
        hits.at(area.x, area.y).cloned()
    }

    pub fn wheel(&mut self, down: bool) -> &mut Self {
        self.send(Message::Wheel { down });
        self
    }

    /// The screen as text, each line without its trailing blanks. Also looks
    /// whether it shows a secret that nobody asked to see.
    pub fn screen(&self) -> String {
        let (width, height) = self.app.size;
        let (buffer, _) = self.drawn();
        let mut lines = Vec::new();
        for y in 0..height {
            let mut line = String::new();
            let mut hidden = 0;
            for x in 0..width {
                let symbol = buffer[(x, y)].symbol();
                if hidden == 0 {
                    line.push_str(symbol);
                    hidden = unicode_width::UnicodeWidthStr::width(symbol).max(1);
                }
                hidden -= 1;
            }
            lines.push(line.trim_end().to_owned());
        }
        let revealed = matches!(
            self.app.layers.last(),
            Some(Layer::Panel(panel)) if panel.revealed_until.is_some()
        );
        if !revealed {
            let drawn: String = lines.concat();
            for piece in world::SECRET.as_bytes().windows(12) {
                let piece = std::str::from_utf8(piece).unwrap();
                assert!(!drawn.contains(piece), "a secret is on the screen");
            }
        }
        lines.join("\n")
    }

    /// Looks for words on the screen, wherever they are broken into lines.
    #[track_caller]
    pub fn sees(&mut self, words: &str) -> &mut Self {
        assert!(self.shows(words), "no \"{words}\" on\n{}", self.screen());
        self
    }

    #[track_caller]
    pub fn sees_not(&mut self, words: &str) -> &mut Self {
        assert!(!self.shows(words), "\"{words}\" on\n{}", self.screen());
        self
    }

    fn shows(&self, words: &str) -> bool {
        let flat = |text: &str| {
            text.split(|c: char| c.is_whitespace() || "│─╭╮╰╯".contains(c))
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
                .join(" ")
        };
        flat(&self.screen()).contains(&flat(words))
    }

    pub fn size(&mut self, width: u16, height: u16) -> &mut Self {
        self.send(Message::Resize(width, height));
        self
    }
}

/// What an order wants to generate; fails for a delete.
pub fn wanted(order: &Order) -> (String, orgward::delivery::Destination) {
    match &order.act {
        Act::New { expiry, to } => (expiry.words(), to.clone()),
        Act::Delete => panic!("a delete"),
    }
}

/// The keys of a text: `<…>` names one, `<lt>` is `<` itself.
pub fn parse(text: &str) -> Vec<KeyEvent> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c != '<' {
            keys.push(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let (name, after) = rest[1..].split_once('>').expect("a named key");
        keys.push(named(name));
        rest = after;
    }
    keys
}

fn named(name: &str) -> KeyEvent {
    let mut modifiers = KeyModifiers::NONE;
    let code = match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "s-tab" => KeyCode::BackTab,
        "bs" => KeyCode::Backspace,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pgdn" => KeyCode::PageDown,
        "pgup" => KeyCode::PageUp,
        "f1" => KeyCode::F(1),
        "lt" => KeyCode::Char('<'),
        other => {
            let (modifier, key) = other.split_once('-').expect("a known key");
            modifiers = match modifier {
                "c" => KeyModifiers::CONTROL,
                "a" => KeyModifiers::ALT,
                _ => panic!("no key <{name}>"),
            };
            KeyCode::Char(key.chars().next().expect("a key"))
        }
    };
    KeyEvent::new(code, modifiers)
}
