//! A machine with its owner: the screen, what the runtime does for it, and
//! everything that can happen.

use std::collections::BTreeMap;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use orgward::action::{Order, Outcome};
use orgward::app::keys::Keymap;
use orgward::app::message::{Choice, EffectId, Gone, NotDelivered, Preparation, Reply};
use orgward::app::{self, Account, App, Effect, Layer, Message, Moment, Settings};
use orgward::delivery::{Destination, HoldId, Undelivered};
use orgward::expiry::Expiry;
use orgward::fleet::Own;
use orgward::journal::{Event, Journal, entries};
use orgward::slot::{Host, Reading, Rules, Slot, Token};

use crate::order::{self, Way, delivered};
use crate::promises::{self, asked};
use crate::random::Random;
use crate::server::{HOST, NAMES, Server};

/// How far the ways led.
#[derive(Debug, Default)]
pub struct Reached {
    pub orders: usize,
    pub revoked: usize,
    pub secrets: usize,
    pub lost: usize,
    pub let_go: usize,
    pub rescued: usize,
    pub kills: usize,
    pub left_open: usize,
    pub left: usize,
}

impl Reached {
    pub fn add(&mut self, other: &Self) {
        self.orders += other.orders;
        self.revoked += other.revoked;
        self.secrets += other.secrets;
        self.lost += other.lost;
        self.let_go += other.let_go;
        self.rescued += other.rescued;
        self.kills += other.kills;
        self.left_open += other.left_open;
        self.left += other.left;
    }

    pub fn is_enough(&self) {
        let all = [
            self.orders / 20,
            self.revoked / 10,
            self.secrets / 10,
            self.lost,
            self.let_go,
            self.rescued,
            self.kills,
            self.left_open,
            self.left,
        ];
        assert!(all.iter().all(|n| *n > 5), "{self:?}");
    }
}

/// A secret that a server has handed out.
struct Received {
    hold: HoldId,
    order: String,
    text: String,
    /// Where it is known to be, or knowingly is not.
    settled: bool,
}

pub struct World {
    pub random: Random,
    pub server: Server,
    pub ledger: Undelivered,
    pub now: Moment,
    pub reached: Reached,
    /// For the message of a failure.
    pub place: String,
    app: App,
    journal: Journal,
    open: Vec<Effect>,
    way: Option<Way>,
    received: Vec<Received>,
    confirmed: Vec<Order>,
    made: u64,
}

pub fn settings() -> Settings {
    Settings {
        rules: Rules::default(),
        expiry: Expiry::parse("90d").unwrap(),
        zone: TimeZone::UTC,
        keymap: Keymap::new(&BTreeMap::new()).unwrap(),
        deliveries: vec!["vault".into()],
        copies_to: Destination::Clipboard,
        demo: false,
        read_only: false,
        ascii: false,
        narrowed: false,
        palette: Default::default(),
        mouse: false,
        warnings: Vec::new(),
    }
}

fn start(now: Moment) -> (App, Vec<Effect>) {
    let names = NAMES.iter().map(|name| (*name).into()).collect();
    let accounts = vec![Account::new(Host::new(HOST), None, Some(names))];
    App::new(settings(), accounts, (100, 30), now)
}

impl World {
    pub fn new(random: Random) -> Self {
        let now = Moment {
            since_start: Duration::from_secs(1),
            wall: Timestamp::from_second(1_790_000_000).unwrap(),
        };
        let (app, open) = start(now);
        Self {
            random,
            server: Server::new(),
            ledger: Undelivered::new(),
            now,
            reached: Reached::default(),
            place: String::new(),
            app,
            journal: Journal::in_memory(),
            open,
            way: None,
            received: Vec::new(),
            confirmed: Vec::new(),
            made: 0,
        }
    }

    /// One thing happens.
    pub fn step(&mut self) {
        // Keys that come with an outcome would be for what was there before.
        self.now.since_start += Duration::from_millis(300);
        match self.random.below(100) {
            0..=29 => self.keys(),
            30..=37 => self.confirm(),
            38..=62 => self.answer(),
            63..=84 => self.order_goes_on(),
            85..=88 => self.time_passes(),
            89..=91 => self.server.other_owner(&mut self.random),
            92 => {
                let size = (20 + self.random.below(120), 5 + self.random.below(40));
                let size = (
                    u16::try_from(size.0).unwrap(),
                    u16::try_from(size.1).unwrap(),
                );
                self.send(Message::Resize(size.0, size.1));
            }
            93 => {
                let focus = self.random.percent(50);
                self.send(Message::Focus(focus));
            }
            94 => self.clipboard_is_gone(),
            // More often where there is something to lose.
            95 if self.is_dangerous() || self.random.percent(5) => self.send(Message::Interrupt),
            96 if self.is_dangerous() || self.random.percent(5) => self.signal(),
            97 if self.is_dangerous() || self.random.percent(5) => self.kill(),
            _ => self.send(Message::Deadline),
        }
        self.look_at_promises();
    }

    fn send(&mut self, message: Message) {
        let before = asked(&self.app);
        let effects = app::update(&mut self.app, message, self.now);
        let mut leaves = false;
        for effect in effects {
            match effect {
                Effect::Perform { id, order } => {
                    assert!(self.way.is_none(), "two at once; {}", self.place);
                    assert!(
                        promises::was_confirmed(&order, &before, &self.confirmed),
                        "never confirmed; {}",
                        self.place
                    );
                    self.reached.orders += 1;
                    self.confirmed.push(order.clone());
                    self.made += 1;
                    let number = format!("order-{}", self.made);
                    self.way = Some(Way::new(id, order, number));
                }
                Effect::Stop { id } => {
                    if let Some(way) = self.way.as_mut().filter(|way| way.id == id) {
                        way.stopped = true;
                    }
                }
                Effect::Hold {
                    order,
                    hold,
                    facts,
                    secret,
                } => {
                    for received in &mut self.received {
                        received.settled &= received.hold != hold;
                    }
                    let delivery = "undelivered: what held it has ended".to_owned();
                    self.record(&order, &facts.slot, Event::Delivered { delivery });
                    self.ledger.hold_again(hold, facts, secret);
                }
                Effect::Release { hold } => self.ledger.release(hold),
                Effect::LetGo { order, hold, slot } => {
                    self.reached.let_go += 1;
                    self.ledger.release(hold);
                    self.settle(hold);
                    self.record(&order, &slot, Event::LetGo);
                }
                Effect::Seen { orders } => {
                    for (order, slot) in orders {
                        self.record(&order, &slot, Event::Seen);
                    }
                }
                Effect::Leave => leaves = true,
                effect => self.open.push(effect),
            }
        }
        if leaves {
            self.leave();
        }
    }

    /// The owner leaves of their own will.
    fn leave(&mut self) {
        assert!(self.way.is_none(), "a write is in flight; {}", self.place);
        let held = self.ledger.list();
        assert!(held.is_empty(), "an undelivered secret; {}", self.place);
        self.reached.left += 1;
        self.restart();
    }

    /// SIGTERM: no new write starts, the one in flight is awaited, and what is
    /// nowhere goes to the rescue.
    fn signal(&mut self) {
        if let Some(way) = &mut self.way {
            way.stopped = true;
            way.ending = true;
        }
        while let Some(mut way) = self.way.take() {
            let (_, outcome) = way.go_on(self);
            match outcome {
                Some(outcome) => self.ended(&way, &outcome),
                None => self.way = Some(way),
            }
        }
        for (hold, facts) in self.ledger.list() {
            self.reached.rescued += 1;
            self.ledger.release(hold);
            self.settle(hold);
            let delivery = "file /state/rescue".to_owned();
            let order = self.order_of(hold);
            let token = facts.id;
            self.record(&order, &facts.slot, Event::Rescued { delivery, token });
        }
        self.restart();
    }

    /// SIGKILL: nothing is done any more.
    fn kill(&mut self) {
        self.reached.kills += 1;
        let open = self.left_open();
        for received in self.received.iter().filter(|received| !received.settled) {
            // Recorded without an outcome, or as undelivered: no silent loss.
            assert!(
                open.contains(&received.order) || !self.is_recorded(&received.order),
                "a secret was lost in silence; {}",
                self.place
            );
        }
        if let Some(way) = self.way.take() {
            assert!(!way.journalled || open.contains(&way.number));
        }
        for (hold, _) in self.ledger.list() {
            self.ledger.release(hold);
            self.settle(hold);
        }
        self.restart();
    }

    /// The next run, which must tell of what is open.
    fn restart(&mut self) {
        self.way = None;
        self.open.clear();
        self.confirmed.clear();
        let (app, open) = start(self.now);
        self.app = app;
        self.open = open;
        let left = self.journal.left_open(Timestamp::now()).unwrap();
        let at = self
            .open
            .iter()
            .position(|effect| matches!(effect, Effect::LookBack { .. }));
        let Effect::LookBack { id } = self.open.remove(at.unwrap()) else {
            unreachable!();
        };
        let orders = left.clone();
        let lines = Vec::new();
        self.send(Message::Reply(id, Reply::Unfinished { orders, lines }));
        if left.is_empty() {
            return;
        }
        self.reached.left_open += left.len();
        let told = promises::screen(&self.app);
        assert!(told.contains("From an earlier run"), "{}", self.place);
        assert!(told.contains(&left[0].entry.organization), "{}", self.place);
    }

    fn left_open(&self) -> Vec<String> {
        let left = self.journal.left_open(Timestamp::now()).unwrap();
        left.into_iter().map(|left| left.entry.order).collect()
    }

    fn is_recorded(&self, order: &str) -> bool {
        let all = entries(&self.journal.records().unwrap());
        all.iter().any(|entry| entry.order == order)
    }

    pub fn record(&mut self, order: &str, slot: &Slot, event: Event) {
        let record = order::record(order, slot, event);
        for received in &self.received {
            let text = format!("{record:?}");
            assert!(!promises::leaks(&text, &received.text), "{}", self.place);
        }
        self.journal.append_now(&record).unwrap();
    }

    /// A token died by an order of ours.
    pub fn revoked(&mut self, way: &Way, died: Option<&Token>, compared: Option<&Token>) {
        let Some(died) = died else { return };
        self.reached.revoked += 1;
        // Another owner between the comparison and the request cannot be
        // noticed; whoever compared saw this token, or was told that one may be
        // there that cannot be seen.
        if compared.map(|token| &token.id) != Some(&died.id) {
            return;
        }
        let shown = orgward::journal::token_id(&way.order.shown);
        let unclear = way.order.shown == orgward::slot::Identity::Unclear;
        assert!(
            unclear || shown.as_deref() == Some(&*died.id),
            "a token died by surprise; {}",
            self.place
        );
    }

    pub fn new_secret(&mut self) -> String {
        let n = self.random.next();
        format!("S{n:016x}.atlasv1.{:016x}", self.random.next())
    }

    pub fn received(&mut self, hold: HoldId, order: &str, text: String) {
        self.reached.secrets += 1;
        self.received.push(Received {
            hold,
            order: order.to_owned(),
            text,
            settled: false,
        });
    }

    fn settle(&mut self, hold: HoldId) {
        for received in &mut self.received {
            received.settled |= received.hold == hold;
        }
    }

    fn order_of(&self, hold: HoldId) -> String {
        let mut all = self.received.iter();
        let found = all.find(|received| received.hold == hold);
        found.unwrap().order.clone()
    }

    pub fn look(&mut self, slot: &Slot) -> Reading {
        order::look(self, slot)
    }

    fn order_goes_on(&mut self) {
        let Some(mut way) = self.way.take() else {
            return self.answer();
        };
        let id = way.id;
        let (step, outcome) = way.go_on(self);
        if let Some(outcome) = outcome {
            if let Some(step) = step {
                self.send(Message::Step(id, step));
            }
            self.ended(&way, &outcome);
            self.send(Message::Reply(id, Reply::Outcome(Box::new(outcome))));
            return;
        }
        self.way = Some(way);
        if let Some(step) = step {
            self.send(Message::Step(id, step));
        }
    }

    fn ended(&mut self, way: &Way, outcome: &Outcome) {
        match outcome {
            Outcome::SecretLost { .. } => self.reached.lost += 1,
            Outcome::Generated(done) => {
                let held = self
                    .ledger
                    .list()
                    .iter()
                    .any(|(hold, _)| *hold == done.hold);
                if !held {
                    self.settle(done.hold);
                }
            }
            _ => {}
        }
        if way.journalled {
            self.record(&way.number, &way.order.slot, Way::outcome_record(outcome));
        }
    }

    fn answer(&mut self) {
        if self.open.is_empty() {
            return;
        }
        // Mostly the latest: a dialog hears before it is closed.
        let at = match self.random.percent(30) {
            true => self.random.below(self.open.len()),
            false => self.open.len() - 1,
        };
        let effect = self.open.remove(at);
        if let Some((id, reply)) = self.reply(effect) {
            self.send(Message::Reply(id, reply));
        }
    }

    fn reply(&mut self, effect: Effect) -> Option<(EffectId, Reply)> {
        Some(match effect {
            Effect::Read { id, slot, .. } => {
                (id, Reply::Read(std::sync::Arc::new(self.look(&slot))))
            }
            Effect::Prepare { id, .. } => (id, Reply::Prepared(Box::new(self.preparation()))),
            Effect::Deliver {
                id,
                order,
                hold,
                to,
                facts,
                ..
            } => {
                if self.random.percent(25) {
                    let why = "it failed".to_owned();
                    let failed = Err(NotDelivered { why, taken: None });
                    return Some((id, Reply::Delivered(failed)));
                }
                let there = delivered(&to);
                let mut delivery = there.place.clone();
                if there.certain {
                    self.ledger.release(hold);
                    self.settle(hold);
                } else {
                    delivery = format!("sent to {delivery}");
                }
                self.record(&order, &facts.slot, Event::Delivered { delivery });
                (id, Reply::Delivered(Ok(there)))
            }
            Effect::Store {
                id,
                order,
                hold,
                slot,
                ..
            } => {
                if self.random.percent(30) {
                    return Some((id, Reply::Stored(Err("another is there".into()))));
                }
                let there = delivered(&Destination::File("/home/olivia/login".into()));
                self.ledger.release(hold);
                self.settle(hold);
                let delivery = there.place.clone();
                self.record(&order, &slot, Event::Delivered { delivery });
                (id, Reply::Stored(Ok(there)))
            }
            Effect::Who { id, .. } => (id, Reply::Who(Ok("api-org-acme".into()))),
            Effect::CopyName { id, .. } => (id, Reply::Done(Ok("copied".into()))),
            Effect::ReadJournal { id } => {
                let all = entries(&self.journal.records().unwrap());
                (id, Reply::Journal(Ok(all)))
            }
            Effect::LookBack { id } => {
                let (orders, lines) = (Vec::new(), Vec::new());
                (id, Reply::Unfinished { orders, lines })
            }
            _ => return None,
        })
    }

    fn preparation(&mut self) -> Preparation {
        let choice = |to: Destination| Choice {
            words: to.to_string(),
            to,
            problem: None,
        };
        let choices = vec![
            choice(Destination::Clipboard),
            choice(Destination::Osc52),
            choice(Destination::Panel),
            choice(Destination::Keyring),
            choice(Destination::Named("vault".into())),
        ];
        Preparation {
            default: self.random.below(choices.len()),
            choices,
            rescue: "a file".into(),
            rescue_proven: true,
            own: Own::No,
            account: None,
            origin: None,
            policy: None,
            server_now: self.now.wall,
            seen: None,
        }
    }

    fn press(&mut self, keys: &str) {
        for c in keys.chars() {
            let code = match c {
                '\n' => KeyCode::Enter,
                '\x1b' => KeyCode::Esc,
                '\t' => KeyCode::Tab,
                '\x08' => KeyCode::Backspace,
                '→' => KeyCode::Right,
                '↓' => KeyCode::Down,
                c => KeyCode::Char(c),
            };
            self.send(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
    }

    /// Whether an order is under way, or a secret is nowhere.
    fn is_dangerous(&self) -> bool {
        self.way.is_some() || !self.ledger.is_empty()
    }

    fn keys(&mut self) {
        if self.app.layers.is_empty() && self.app.filter.is_none() && self.random.percent(80) {
            let keys = *self
                .random
                .of(&["n", "jn", "kn", "Gn", "gn", "d", "jd", "kd", "r", "H"]);
            return self.press(keys);
        }
        let keys = *self.random.of(&[
            "q", "n", "d", "j", "k", "g", "G", "r", "R", "H", "s", "\x1b", "\x1b", "\x1b", "\n",
            "\n", "\t", "\t→", "c", "v", "k", "p\n", "w", "t", "s", "y", "lose\n", "/", "o", "?",
            "w", "→", "↓", "a", "\x08", "x",
        ]);
        self.press(keys);
    }

    /// Does what the top layer asks for.
    fn confirm(&mut self) {
        let name = |slot: &Slot| slot.organization.to_string();
        let keys = match self.app.layers.last() {
            Some(Layer::New(dialog)) => name(&dialog.slot),
            Some(Layer::Delete(dialog)) => name(&dialog.slot),
            Some(Layer::Leave(_)) => "\x08\x08\x08\x08\x08lose".to_owned(),
            _ => return self.press("\n"),
        };
        let back = "\x08".repeat(12);
        let clean = match self.random.percent(80) {
            true => back,
            false => String::new(),
        };
        self.press(&format!("{clean}{keys}\n"));
    }

    /// The clocks: the one that only runs forward may leap (a machine that
    /// slept), the calendar may also go back.
    fn time_passes(&mut self) {
        let seconds = match self.random.below(10) {
            0 => 40_000,
            1..=3 => 60,
            _ => self.random.next() % 6,
        };
        let leap = match self.random.percent(5) {
            true => -7_200,
            false => i64::try_from(seconds).unwrap(),
        };
        self.now = Moment {
            since_start: self.now.since_start + Duration::from_secs(seconds),
            wall: self.now.wall + SignedDuration::from_secs(leap),
        };
        self.send(Message::Deadline);
    }

    fn clipboard_is_gone(&mut self) {
        let gone = *self
            .random
            .of(&[Gone::Cleared, Gone::Replaced, Gone::Unknown]);
        if let Some(hold) = self.received.last().map(|received| received.hold) {
            self.send(Message::ClipboardGone(hold, gone));
        }
    }

    fn look_at_promises(&mut self) {
        // A secret that is neither safe nor knowingly let go is held, and once
        // its answer was told it is in a panel.
        for received in self.received.iter().filter(|received| !received.settled) {
            let mut held = self.ledger.list().into_iter();
            assert!(
                held.any(|(hold, _)| hold == received.hold),
                "a secret is lost; {}",
                self.place
            );
            let panel =
                self.app.layers.iter().any(
                    |layer| matches!(layer, Layer::Panel(panel) if panel.hold() == received.hold),
                );
            assert!(panel, "a secret is in no panel; {}", self.place);
        }
        // And what the screen says is nowhere would be rescued.
        for layer in &self.app.layers {
            if let Layer::Panel(panel) = layer
                && !panel.is_delivered()
            {
                let mut held = self.ledger.list().into_iter();
                assert!(
                    held.any(|(hold, _)| hold == panel.hold()),
                    "a secret would not be rescued; {}",
                    self.place
                );
            }
        }
        // Whatever the screen says of a running order is so.
        assert_eq!(
            self.app.running.is_some(),
            self.way.is_some(),
            "{}",
            self.place
        );
        if let Some(way) = &self.way
            && way.is_sent()
        {
            let sent = self
                .app
                .running
                .as_ref()
                .is_some_and(|running| running.sent);
            assert!(
                sent,
                "the screen does not know that it is sent; {}",
                self.place
            );
        }
        self.rows_are_what_was_read();
        if self.random.percent(3) {
            let screen = promises::screen(&self.app);
            if !promises::is_revealed(&self.app) {
                for received in &self.received {
                    assert!(!promises::leaks(&screen, &received.text), "{}", self.place);
                }
            }
        }
    }

    /// Each row shows a token that was in that slot at some time.
    fn rows_are_what_was_read(&self) {
        for row in self.app.list.rows() {
            if let Some(token) = row.reading.as_deref().and_then(Reading::token) {
                let mut places = self.server.places.iter();
                let place = places.find(|place| place.slot == row.slot).unwrap();
                assert!(place.ever.contains(&*token.id), "{}", self.place);
            }
        }
    }
}
