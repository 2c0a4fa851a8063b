//! A machine with its owner, where everything but the terminal is the real
//! thing: `app::update`, the [`Actor`] with its fleet, deliveries, journal and
//! ledger, and the end of the program, against the embedded host.
//!
//! Nothing depends on time. Every request of an order that is about the slot's
//! token is held at a gate on the host until the order is to go on, and an order
//! is polled only then; so what happens between two of its requests is chosen and
//! not raced for. (Its other requests are not held: the screen may wait for the
//! same answer.)

use std::collections::VecDeque;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use orgward::action::{Actor, After, Control, Delivery, Generated, Order, Outcome, Step};
use orgward::api::{Limits, Urgency};
use orgward::app::message::{Choice, EffectId, NotDelivered, Preparation, Reply};
use orgward::app::{self, Account, App, Effect, Layer, Message, Moment, Settings};
use orgward::config::{CredentialSource, HostConfig, Method, Organizations};
use orgward::credentials::{Credential, Environment, Origin};
use orgward::delivery::{
    CommandDelivery, Delivered, Deliverer, Delivery as Configured, Destination, Existing, RescueTo,
    Settings as Deliveries, Surroundings, TerminalWrite,
};
use orgward::demo::{
    Answer, EmbeddedHost, Fault, FaultRule, Flag, Flavour, Gate, HostOptions, Limit,
    OrganizationSeed, Reply as Spoiled, TokenSeed, Wait,
};
use orgward::ending;
use orgward::fleet::{Fleet, Source};
use orgward::journal::{Event, Journal, Record};
use orgward::runtime::Runtime;
use orgward::secret::Secret;
use orgward::slot::{Host, Identity, Kind, Slot};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::promises::{self, asked};
use crate::random::Random;
use crate::truth::{Fate, Shared, TOKEN, holds};

const HOST: &str = "tfe.corp.example";
const NAMES: [&str; 4] = ["acme", "beta", "gamma", "hidden"];
const VARIABLE: &str = "OWNER_CREDENTIAL";

/// How far the ways led.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reached {
    pub steps: usize,
    pub orders: usize,
    pub writes: usize,
    pub revoked: usize,
    pub secrets: usize,
    pub delivered: usize,
    pub told_lost: usize,
    pub nothing_happened: usize,
    pub cannot_tell: usize,
    pub refused: usize,
    pub not_done: usize,
    pub waited: usize,
    pub let_go: usize,
    pub rescued: usize,
    pub not_rescued: usize,
    pub signals: usize,
    pub kills: usize,
    pub killed_in_flight: usize,
    pub left_open: usize,
    pub left: usize,
    pub own: usize,
}

impl Reached {
    fn all(&mut self) -> [&mut usize; 21] {
        [
            &mut self.steps,
            &mut self.orders,
            &mut self.writes,
            &mut self.revoked,
            &mut self.secrets,
            &mut self.delivered,
            &mut self.told_lost,
            &mut self.nothing_happened,
            &mut self.cannot_tell,
            &mut self.refused,
            &mut self.not_done,
            &mut self.waited,
            &mut self.let_go,
            &mut self.rescued,
            &mut self.not_rescued,
            &mut self.signals,
            &mut self.kills,
            &mut self.killed_in_flight,
            &mut self.left_open,
            &mut self.left,
            &mut self.own,
        ]
    }

    pub fn add(&mut self, mut other: Self) {
        for (sum, more) in self.all().into_iter().zip(other.all()) {
            *sum += *more;
        }
    }

    /// Whether every way was gone.
    pub fn is_enough(mut self) {
        let few = self.all().into_iter().any(|n| *n == 0);
        assert!(!few, "{self:?}");
    }
}

/// An order that is being performed.
struct Flight {
    id: EffectId,
    order: Order,
    control: Control,
    steps: mpsc::UnboundedReceiver<Step>,
    work: Pin<Box<dyn Future<Output = Outcome>>>,
    /// Whether its request is held at the gate.
    at_gate: bool,
    /// Whether its intent is on the way to the journal, or its request to the
    /// host: what is neither here nor there is not cut off, since a killed
    /// program's tasks end with it and those of a test do not.
    between: bool,
}

#[allow(clippy::large_enum_variant, reason = "one at a time, and soon gone")]
enum Came {
    Step(Step),
    Outcome(Box<Outcome>),
    Gate,
}

/// What differs from one machine to the next.
struct Plan {
    flavour: Flavour,
    rescue: RescueTo,
    /// Whether the organization's own token is the credential.
    own: bool,
    /// Whether the journal is a file, and can break.
    on_disk: bool,
}

pub struct Machine {
    pub random: Random,
    pub reached: Reached,
    /// For the message of a failure.
    pub place: String,
    truth: Shared,
    runtime: tokio::runtime::Runtime,
    host: EmbeddedHost,
    folder: TempDir,
    plan: Plan,
    credential: Secret,
    revoked: bool,
    journal: Journal,
    journal_broken: bool,
    records_seen: usize,
    actor: Actor,
    app: App,
    now: Moment,
    gate: Gate,
    flight: Option<Flight>,
    /// What the screen has not heard of yet.
    inbox: VecDeque<Message>,
    open: Vec<Effect>,
    confirmed: Vec<Order>,
}

fn shell(script: &str, argument: &str) -> Configured {
    let command = ["/bin/sh", "-c", script, "sh", argument];
    Configured::Command(CommandDelivery {
        command: command.map(str::to_owned).into(),
        timeout: Duration::from_secs(30),
        newline: false,
    })
}

fn settings() -> Settings {
    Settings {
        deliveries: vec!["broken".into(), "file".into(), "keep".into()],
        // The keyring is its user's own.
        demo: true,
        ..crate::world::settings()
    }
}

fn start_host(runtime: &tokio::runtime::Runtime, flavour: Flavour) -> EmbeddedHost {
    let seeds = NAMES.iter().map(|name| {
        let mut seed = OrganizationSeed::new(name);
        if *name != "beta" {
            seed.token = Some(TokenSeed::new(SignedDuration::from_hours(24 * 100)));
        }
        if *name == "hidden" {
            seed.flag = match flavour {
                Flavour::Bare => Flag::Omitted,
                _ => Flag::False,
            };
        }
        seed.audit_logging = *name == "acme";
        seed
    });
    let options = HostOptions::new(flavour, seeds.collect());
    let options = HostOptions {
        // So that the client's pace is none.
        limit: options.limit.map(|_| Limit {
            requests: 1_000_000,
            window: Duration::from_secs(1),
        }),
        ..options
    };
    runtime.block_on(EmbeddedHost::start(options)).unwrap()
}

/// One run of the program.
fn start_actor(
    plan: &Plan,
    host: &EmbeddedHost,
    credential: &Secret,
    folder: &TempDir,
    journal: &Journal,
    runtime: &tokio::runtime::Runtime,
) -> Actor {
    let config = HostConfig {
        credential: CredentialSource::Env(VARIABLE.into()),
        address: Some(host.address()),
        organizations: Organizations::Listed(names(plan).iter().map(|n| (*n).into()).collect()),
        ..HostConfig::new(Host::new(HOST))
    };
    let variable = (VARIABLE.into(), credential.expose().into());
    let environment = Environment::new([variable].into(), None);
    let hosts = vec![(config, Source::Configured)];
    let mut fleet = Fleet::new(hosts, environment, false, Vec::new());
    fleet.limits = Limits {
        tries: 1,
        backoff: Duration::from_millis(1),
        longest_wait: Duration::from_millis(1),
        most_waits: 0,
        ..Limits::default()
    };
    let path = |name: &str| folder.path().join(name).display().to_string();
    let deliveries = [
        ("broken", shell("cat > /dev/null; exit 1", "")),
        ("file", Configured::File(path("{organization}-{id}"))),
        (
            "keep",
            shell("cat > \"$1\"", &path("kept-{organization}-{id}")),
        ),
    ];
    let (terminal, mut writes) = mpsc::channel::<TerminalWrite>(4);
    runtime.spawn(async move {
        while let Some(write) = writes.recv().await {
            let _ = write.done.send(Ok(()));
        }
    });
    let deliverer = Deliverer::new(Deliveries {
        method: Method::Auto,
        clear_after: None,
        deliveries: deliveries.map(|(name, to)| (name.to_owned(), to)).into(),
        rescue: Some(plan.rescue),
        state_dir: Some(folder.path().join("state")),
        runtime_dir: None,
        home: None,
        // No keeper is started in this test.
        program: folder.path().join("no-program"),
        surroundings: Surroundings::default(),
        terminal: Some(terminal),
    });
    let mut actor = Actor::new(Arc::new(fleet), deliverer, journal.clone());
    actor.settle = Duration::from_millis(1);
    actor
}

fn names(plan: &Plan) -> &'static [&'static str] {
    match plan.own {
        // All that it can see.
        true => &NAMES[..1],
        false => &NAMES,
    }
}

fn start_app(plan: &Plan, now: Moment) -> (App, Vec<Effect>) {
    let names = names(plan).iter().map(|name| (*name).into()).collect();
    let accounts = vec![Account::new(Host::new(HOST), None, Some(names))];
    App::new(settings(), accounts, (100, 30), now)
}

impl Machine {
    pub fn new(mut random: Random) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let plan = Plan {
            flavour: *random.of(&[Flavour::Hcp, Flavour::Enterprise, Flavour::Bare]),
            rescue: match random.percent(80) {
                true => RescueTo::File,
                false => RescueTo::None,
            },
            own: random.percent(20),
            on_disk: random.percent(30),
        };
        let host = start_host(&runtime, plan.flavour);
        let credential = match plan.own {
            true => host.replace_as_other("acme", Kind::Organization).unwrap(),
            false => host.credential(),
        };
        let folder = tempfile::tempdir().unwrap();
        let journal = match plan.on_disk {
            true => Journal::in_directory(&folder.path().join("journal")),
            false => Journal::in_memory(),
        };
        let truth = Shared::default();
        truth.watch(&host, &journal);
        let actor = start_actor(&plan, &host, &credential, &folder, &journal, &runtime);
        let now = Moment {
            since_start: Duration::from_secs(1),
            wall: Timestamp::now(),
        };
        let (app, open) = start_app(&plan, now);
        let mut machine = Self {
            random,
            reached: Reached::default(),
            place: String::new(),
            truth,
            runtime,
            host,
            folder,
            plan,
            credential,
            revoked: false,
            journal,
            journal_broken: false,
            records_seen: 0,
            actor,
            app,
            now,
            gate: Gate::new(),
            flight: None,
            inbox: VecDeque::new(),
            open,
            confirmed: Vec::new(),
        };
        machine.answer_all();
        machine
    }

    /// One thing happens.
    pub fn step(&mut self) {
        // Keys that come with an outcome would be for what was there before.
        self.now.since_start += Duration::from_millis(300);
        self.reached.steps += 1;
        // No trouble stays for long: it would keep every order from its way.
        if self.journal_broken && self.random.percent(6) {
            self.mend_journal();
        }
        if self.revoked && self.random.percent(10) {
            self.give_credential();
        }
        let idle = self.flight.is_none() && self.inbox.is_empty();
        match self.random.below(100) {
            0..=11 => self.keys(),
            12..=19 => self.confirm(),
            20..=27 => self.answer(),
            28..=57 if !idle => self.hear(),
            58..=87 if !idle => self.go_on(),
            28..=35 => self.answer(),
            36..=87 => self.wants_something(),
            88 => self.time_passes(),
            89..=91 => self.other_owner(),
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
            94 => self.journal_breaks(),
            95 => self.credential_ends(),
            // More often where there is something to lose.
            96 if self.is_dangerous() || self.random.percent(3) => self.send(Message::Interrupt),
            97 if self.is_dangerous() || self.random.percent(3) => self.signal(),
            98 if self.is_dangerous() || self.random.percent(3) => self.kill(),
            _ => self.send(Message::Deadline),
        }
        self.look_at_promises();
    }

    /// Whether an order is under way, or a secret is nowhere.
    fn is_dangerous(&self) -> bool {
        self.flight.is_some() || !self.actor.undelivered.is_empty()
    }

    // What the owner does.

    fn keys(&mut self) {
        if self.app.layers.is_empty() && self.app.filter.is_none() && self.random.percent(85) {
            let keys = *self.random.of(&[
                "gn", "gjn", "gjjn", "gjjjn", "Gn", "gd", "gjd", "gjjd", "gjjjd", "Gd", "r", "H",
            ]);
            return self.press(keys);
        }
        let keys = *self.random.of(&[
            "n", "d", "j", "g", "G", "r", "R", "s", "\x1b", "\x1b", "\x1b", "\n", "\n", "\t",
            "\t→", "c", "v", "v→\n", "p", "w", "t", "lose\n", "/", "o", "?", "→", "↓", "a", "\x08",
        ]);
        self.press(keys);
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

    /// A dialog is opened, waited for, and mostly confirmed.
    fn wants_something(&mut self) {
        if !self.app.layers.is_empty() {
            return self.confirm();
        }
        let row = *self.random.of(&["g", "gj", "gjj", "gjjj", "G"]);
        let deed = *self.random.of(&["n", "n", "n", "d"]);
        self.press(&format!("{row}{deed}"));
        self.answer_all();
        if self.random.percent(80) {
            self.confirm();
        }
    }

    /// Does what the top layer asks for.
    fn confirm(&mut self) {
        let name = |slot: &Slot| slot.organization.to_string();
        let waits = match self.app.layers.last() {
            Some(Layer::New(dialog)) => dialog.preparation.is_none(),
            Some(Layer::Delete(dialog)) => dialog.preparation.is_none(),
            _ => false,
        };
        if waits && self.random.percent(80) {
            return self.answer();
        }
        let keys = match self.app.layers.last() {
            Some(Layer::New(dialog)) => name(&dialog.slot),
            Some(Layer::Delete(dialog)) => name(&dialog.slot),
            Some(Layer::Leave(_)) => "lose".to_owned(),
            // Mostly a secret is brought somewhere, or it is closed.
            Some(Layer::Panel(_)) => {
                let keys = *self
                    .random
                    .of(&["v\n", "v→\n", "v→→\n", "o", "\x1b", "\x1b"]);
                return self.press(keys);
            }
            Some(_) => return self.press("\x1b"),
            None => return self.keys(),
        };
        let typed = match self.app.layers.last() {
            Some(Layer::New(dialog)) => dialog.name.text().len(),
            Some(Layer::Delete(dialog)) => dialog.name.text().len(),
            Some(Layer::Leave(dialog)) => dialog.word.text().len(),
            _ => 0,
        };
        let clean = "\x08".repeat(typed);
        self.press(&format!("{clean}{keys}\n"));
    }

    fn time_passes(&mut self) {
        let seconds = match self.random.below(10) {
            0 => 40_000,
            1..=3 => 60,
            _ => self.random.next() % 6,
        };
        self.now = Moment {
            since_start: self.now.since_start + Duration::from_secs(seconds),
            wall: self.now.wall + SignedDuration::from_secs(i64::try_from(seconds).unwrap()),
        };
        self.send(Message::Deadline);
    }

    // What others do.

    fn other_owner(&mut self) {
        let (name, kind) = match self.random.below(5) {
            4 => ("acme", Kind::AuditTrails),
            n => (NAMES[n], Kind::Organization),
        };
        if self.random.percent(70) {
            self.host.replace_as_other(name, kind).unwrap();
        } else {
            // There may be none.
            let _ = self.host.delete_as_other(name, kind);
        }
    }

    /// The disk is full, or has room again.
    fn journal_breaks(&mut self) {
        if !self.plan.on_disk {
            return;
        }
        let folder = self.folder.path().to_owned();
        let path = |name: &str| folder.join(name);
        if self.journal_broken {
            std::fs::remove_file(path("journal")).unwrap();
            std::fs::rename(path("aside"), path("journal")).unwrap();
            self.journal_broken = false;
        } else if path("journal").exists() {
            // Nothing is being written while an order is held at the host.
            self.quiet();
            std::fs::rename(path("journal"), path("aside")).unwrap();
            std::fs::write(path("journal"), "no folder").unwrap();
            self.journal_broken = true;
        }
    }

    fn mend_journal(&mut self) {
        if self.journal_broken {
            self.journal_breaks();
        }
    }

    /// The credential is revoked; its owner gives another.
    fn credential_ends(&mut self) {
        if self.random.percent(50) && !self.plan.own {
            self.host.revoke(&self.credential);
            self.revoked = true;
            return;
        }
        self.give_credential();
    }

    fn give_credential(&mut self) {
        self.revoked = false;
        self.credential = match self.plan.own {
            // Whoever holds the organization's token has it replaced elsewhere.
            true => self
                .host
                .replace_as_other("acme", Kind::Organization)
                .unwrap(),
            false => self.host.issue_credential("olivia").unwrap(),
        };
        let credential = Credential {
            secret: self.credential.clone(),
            origin: Origin::Variable(VARIABLE.into()),
        };
        self.actor.fleet.give(0, credential);
    }

    // What the runtime does.

    fn send(&mut self, message: Message) {
        let told = format!("{message:?}");
        self.no_secret_in(&told, "a message");
        let before = asked(&self.app);
        let leave_asked: Vec<Slot> = match self.app.layers.last() {
            Some(Layer::Leave(dialog)) if dialog.word.text() == "lose" => dialog.slots.clone(),
            _ => Vec::new(),
        };
        let effects = app::update(&mut self.app, message, self.now);
        let mut leaves = false;
        for effect in effects {
            let told = format!("{effect:?}");
            self.no_secret_in(&told, "an effect");
            match effect {
                Effect::Perform { id, order } => {
                    assert!(self.flight.is_none(), "two at once; {}", self.place);
                    assert!(
                        promises::was_confirmed(&order, &before, &self.confirmed),
                        "never confirmed; {}",
                        self.place
                    );
                    self.begin(id, order);
                }
                Effect::Stop { id } => {
                    if let Some(flight) = self.flight.as_ref().filter(|flight| flight.id == id) {
                        flight.control.stop();
                    }
                }
                Effect::Hold {
                    order,
                    hold,
                    facts,
                    secret,
                } => {
                    let delivery = "undelivered: what held it has ended".to_owned();
                    let record = Record::new(&order, &facts.slot, Event::Delivered { delivery });
                    let _ = self.journal.append_now(&record);
                    self.actor.undelivered.hold_again(hold, facts, secret);
                }
                Effect::Release { hold } => self.actor.undelivered.release(hold),
                Effect::LetGo { order, hold, slot } => {
                    assert!(
                        leave_asked.contains(&slot),
                        "let go without the word; {}",
                        self.place
                    );
                    self.reached.let_go += 1;
                    self.actor.undelivered.release(hold);
                    self.settle(&format!("{hold:?}"));
                    let record = Record::new(&order, &slot, Event::LetGo);
                    let _ = self.journal.append_now(&record);
                }
                Effect::Seen { orders } => {
                    for (order, slot) in orders {
                        let record = Record::new(&order, &slot, Event::Seen);
                        let _ = self.journal.append_now(&record);
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

    fn begin(&mut self, id: EffectId, order: Order) {
        self.reached.orders += 1;
        self.confirmed.push(order.clone());
        self.truth.begins(&order, &self.journal);
        self.host.forget_requests();
        self.gate = Gate::new();
        let rules = self.rules();
        self.host.set_faults(rules);
        let (sender, steps) = mpsc::unbounded_channel();
        let control = Control::default();
        let (actor, ordered, its) = (self.actor.clone(), order.clone(), control.clone());
        let work = Box::pin(async move {
            let report = move |step| {
                let _ = sender.send(step);
            };
            actor.perform(ordered, &its, &report).await
        });
        self.flight = Some(Flight {
            id,
            order,
            control,
            steps,
            work,
            at_gate: false,
            between: false,
        });
    }

    /// What the next requests of the order meet: all are held at the gate, some
    /// of them go wrong behind it.
    fn rules(&mut self) -> Vec<FaultRule> {
        let gate = || Wait::Gate(self.gate.clone());
        let held = |fault| Fault::Held(gate(), Box::new(fault));
        let issued = self.truth.clone();
        let capture = move |answer: &mut Answer| issued.issued(answer);
        let good = Fault::Acted(Spoiled::edited(capture.clone()));
        let acted = |edit: fn(&mut Answer)| {
            let capture = capture.clone();
            Fault::Acted(Spoiled::edited(move |answer| {
                capture(answer);
                edit(answer);
            }))
        };
        let instead = |status| Fault::Instead(Spoiled::Answer(Answer::empty(status)));
        let write = match self.random.below(100) {
            0..=7 => {
                let busy = Answer::empty(429).header("retry-after", "1");
                Fault::Instead(Spoiled::Answer(busy))
            }
            8..=10 => instead(422),
            11..=12 => instead(404),
            13..=15 => instead(503),
            16..=18 => Fault::Instead(Spoiled::Close),
            19..=27 => acted(close),
            28..=31 => acted(|answer| *answer = Answer::html(502, "502 Bad Gateway")),
            32..=33 => acted(|answer| *answer = Answer::html(403, "403 Forbidden")),
            34..=37 => acted(cut_before),
            38..=41 => acted(cut_behind),
            _ => good,
        };
        let read = match self.random.below(100) {
            0..=2 => Some(instead(503)),
            3..=4 => Some(Fault::Instead(Spoiled::Close)),
            5 => Some(instead(401)),
            6 => Some(instead(403)),
            _ => None,
        };
        let mut rules = hidden(&held);
        if let Some(fault) = read {
            rules.push(FaultRule::on("GET", TOKEN, held(fault)));
        }
        for method in ["POST", "DELETE"] {
            rules.push(FaultRule::on(method, TOKEN, held(write.clone())).always());
        }
        rules.push(FaultRule::on("GET", TOKEN, Fault::WaitThenAct(gate())).always());
        rules
    }

    /// The order is performed up to the next thing that can be seen of it.
    fn go_on(&mut self) {
        self.let_through();
        self.advance();
        if self.random.percent(50) {
            self.quiet();
        }
    }

    fn let_through(&mut self) {
        if !self.flight.as_ref().is_some_and(|flight| flight.at_gate) {
            return;
        }
        let gate = std::mem::take(&mut self.gate);
        let rules = self.rules();
        self.host.set_faults(rules);
        self.before_act();
        gate.open();
        if let Some(flight) = &mut self.flight {
            flight.at_gate = false;
        }
    }

    fn before_act(&self) {
        if let Some(flight) = &self.flight {
            self.truth.lock().before_act = holds(&self.host, &flight.order.slot);
        }
    }

    fn advance(&mut self) {
        let Some(flight) = &mut self.flight else {
            return;
        };
        let gate = &self.gate;
        let (work, steps) = (&mut flight.work, &mut flight.steps);
        let came = self.runtime.block_on(async {
            let came = tokio::select! {
                biased;
                Some(step) = steps.recv() => Came::Step(step),
                outcome = work => Came::Outcome(Box::new(outcome)),
                () = gate.reached(1) => Came::Gate,
            };
            came
        });
        flight.between = false;
        match came {
            Came::Step(step) => {
                flight.between = matches!(step, Step::Recording | Step::Writing);
                self.reached.waited += usize::from(matches!(step, Step::Waiting(_)));
                self.inbox.push_back(Message::Step(flight.id, step));
            }
            Came::Gate => flight.at_gate = true,
            Came::Outcome(outcome) => {
                while let Ok(step) = flight.steps.try_recv() {
                    self.inbox.push_back(Message::Step(flight.id, step));
                }
                let id = flight.id;
                self.judge(&outcome);
                let reply = Reply::Outcome(outcome);
                self.inbox.push_back(Message::Reply(id, reply));
                self.flight = None;
            }
        }
    }

    /// Until nothing is under way but what the host holds.
    fn quiet(&mut self) {
        while self.flight.as_ref().is_some_and(|flight| !flight.at_gate) {
            self.advance();
        }
    }

    /// The screen hears of what came.
    fn hear(&mut self) {
        let Some(message) = self.inbox.pop_front() else {
            return self.go_on();
        };
        let more = self.random.percent(50);
        let outcome = matches!(message, Message::Reply(_, Reply::Outcome(_)));
        self.send(message);
        if outcome {
            for issued in &mut self.truth.lock().issued {
                if let Fate::Held(_, heard) = &mut issued.fate {
                    *heard = true;
                }
            }
        }
        if more && !self.inbox.is_empty() {
            self.hear();
        }
    }

    fn answer_all(&mut self) {
        while !self.open.is_empty() {
            self.answer();
        }
    }

    fn answer(&mut self) {
        if self.open.is_empty() {
            return self.hear();
        }
        // Mostly the latest: a dialog hears before it is closed.
        let at = match self.random.percent(30) {
            true => self.random.below(self.open.len()),
            false => self.open.len() - 1,
        };
        let effect = self.open.remove(at);
        // Its requests are not the order's.
        self.quiet();
        self.truth.lock().screen_looks = true;
        let spoiled = self.random.percent(6);
        let mut rules = hidden(&|fault| fault);
        if spoiled {
            rules.push(FaultRule::on("GET", TOKEN, Fault::Instead(Spoiled::Close)));
        }
        self.host.set_faults(rules);
        let reply = self.reply(effect);
        self.truth.lock().screen_looks = false;
        if let Some((id, reply)) = reply {
            self.send(Message::Reply(id, reply));
        }
        if self.actor.fleet.changed().now_or_never().is_some() {
            let news = self.actor.fleet.news();
            self.send(Message::Hosts(news));
        }
    }

    fn reply(&mut self, effect: Effect) -> Option<(EffectId, Reply)> {
        let actor = self.actor.clone();
        Some(match effect {
            Effect::Read { id, slot, look, .. } => {
                let looked = actor.fleet.look(&slot, look, Urgency::Owner);
                let reading = self.runtime.block_on(looked);
                let proven = slot.kind == Kind::Organization;
                if proven && actor.fleet.proven_audit_trails(&slot) {
                    self.send(Message::AuditTrails(slot));
                }
                (id, Reply::Read(reading))
            }
            Effect::Reach { id, account } => {
                let why = self.runtime.block_on(actor.fleet.reach(account));
                (id, Reply::Reached(why))
            }
            Effect::Prepare { id, slot, shown } => {
                let preparation = self.preparation(&slot, &shown);
                (id, Reply::Prepared(Box::new(preparation)))
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
                // What is typed is a path in this machine's folder.
                let to = match to {
                    Destination::File(path) => Destination::File(self.folder.path().join(path)),
                    other => other,
                };
                let result = self.deliver(&secret, &to, &facts, replace);
                if let Ok(delivered) = &result {
                    let mut delivery = format!("sent to {}", delivered.place);
                    if delivered.certain {
                        self.is_there(&to, &facts, secret.expose());
                        actor.undelivered.release(hold);
                        self.settle(&format!("{hold:?}"));
                        delivery = delivered.place.clone();
                    }
                    let event = Event::Delivered { delivery };
                    let record = Record::new(&order, &facts.slot, event);
                    let _ = self.journal.append_now(&record);
                }
                (id, Reply::Delivered(result))
            }
            Effect::Store {
                id, slot, secret, ..
            } => {
                // A variable is no place to store anything in.
                let stored = self.runtime.block_on(actor.fleet.store(&slot, &secret));
                (id, Reply::Stored(Err(stored.unwrap_err())))
            }
            Effect::Who { id, slot, secret } => {
                let who = self.runtime.block_on(async {
                    let client = actor.fleet.client_for(&slot).await;
                    let client = client.map_err(|problem| problem.to_string())?;
                    let who = client.who_is(&secret).await;
                    who.map_err(|error| error.to_string())
                });
                let name = |who: orgward::api::Account| who.username.unwrap_or_default();
                (id, Reply::Who(who.map(name)))
            }
            Effect::CopyName { id, .. } => (id, Reply::Done(Err("no clipboard".into()))),
            Effect::ReadJournal { id } => {
                let entries = self.journal.entries().map_err(|error| error.to_string());
                (id, Reply::Journal(entries))
            }
            Effect::LookBack { id } => {
                let left = self.runtime.block_on(ending::look_back(&actor));
                let (lines, orders) = (left.lines(), left.orders);
                (id, Reply::Unfinished { orders, lines })
            }
            _ => return None,
        })
    }

    fn deliver(
        &self,
        secret: &Secret,
        to: &Destination,
        facts: &orgward::delivery::Facts,
        replace: bool,
    ) -> Result<Delivered, NotDelivered> {
        let existing = match replace {
            true => Existing::Replace,
            false => Existing::Keep,
        };
        let deliverer = &self.actor.deliverer;
        self.runtime.block_on(async {
            let proven = deliverer.prove_for(to, facts, existing).await;
            let proven = proven.map_err(|error| NotDelivered {
                taken: error.file_in_the_way().then(|| to.clone()),
                why: error.to_string(),
            })?;
            let delivered = proven.deliver(secret, facts).await;
            delivered.map_err(|error| NotDelivered {
                taken: error.file_in_the_way().then(|| to.clone()),
                why: error.to_string(),
            })
        })
    }

    fn preparation(&mut self, slot: &Slot, shown: &Identity) -> Preparation {
        let named = |name: &str| Destination::Named(name.into());
        let all = [
            Destination::Panel,
            Destination::Osc52,
            named("broken"),
            named("file"),
            named("keep"),
        ];
        let choices = all.map(|to| Choice {
            words: to.to_string(),
            to,
            problem: None,
        });
        let fleet = &self.actor.fleet;
        let (whose, seen, (policy, server_now)) = self.runtime.block_on(async {
            let whose = fleet.own(slot, shown).await;
            let seen = fleet.read(slot, Urgency::Owner).await;
            (whose, seen, fleet.limits(slot).await)
        });
        Preparation {
            default: self.random.below(choices.len()),
            choices: choices.into(),
            rescue: "a file".into(),
            rescue_proven: self.plan.rescue == RescueTo::File,
            own: whose.own,
            account: whose.account(),
            origin: whose.origin(),
            policy,
            server_now,
            seen: Some(Box::new(seen)),
        }
    }

    // How the program ends.

    /// The owner leaves of their own will.
    fn leave(&mut self) {
        assert!(
            self.flight.is_none(),
            "an order is in flight; {}",
            self.place
        );
        let held = self.actor.undelivered.list();
        assert!(held.is_empty(), "an undelivered secret; {}", self.place);
        self.reached.left += 1;
        let lines = self.finish();
        assert!(lines.is_empty(), "{lines:?}; {}", self.place);
        self.restart();
    }

    /// SIGTERM: no new write starts, the one in flight is awaited, and what is
    /// nowhere goes to the rescue.
    fn signal(&mut self) {
        self.reached.signals += 1;
        if let Some(flight) = &self.flight {
            flight.control.end();
        }
        let lines = self.finish();
        let texts = self.rescue_files();
        let mut rescued = 0;
        let mut lost = 0;
        for issued in &mut self.truth.lock().issued {
            if matches!(issued.fate, Fate::Settled) {
                continue;
            }
            let slot = issued.slot.to_string();
            let told = |words: &str| {
                let mut lines = lines.iter();
                lines.any(|line| line.contains(&slot) && line.contains(words))
            };
            if texts.contains(&issued.text) {
                assert!(told(" is in file "), "{lines:?}; {}", self.place);
                rescued += 1;
            } else {
                assert!(told("is lost"), "{lines:?}; {}", self.place);
                assert!(
                    self.plan.rescue == RescueTo::None,
                    "{lines:?}; {}",
                    self.place
                );
                lost += 1;
            }
            issued.fate = Fate::Settled;
        }
        assert_eq!(rescued + lost, lines.len(), "{lines:?}; {}", self.place);
        self.reached.rescued += rescued;
        self.reached.not_rescued += lost;
        self.restart();
    }

    /// The real end of the program, and what it tells.
    fn finish(&mut self) -> Vec<String> {
        // What the host holds goes on, and what comes then is not held.
        let issued = self.truth.clone();
        let good = Fault::Acted(Spoiled::edited(move |answer| issued.issued(answer)));
        let mut rules = hidden(&|fault| fault);
        rules.push(FaultRule::on("POST", TOKEN, good).always());
        self.before_act();
        self.host.set_faults(rules);
        self.gate.open();
        let (_, terminal) = mpsc::channel(1);
        let mut ending = Runtime::new(self.actor.clone(), terminal, false);
        let flight = self.flight.take();
        let (outcome, lines) = self.runtime.block_on(async {
            let work = async {
                match flight {
                    Some(flight) => Some(flight.work.await),
                    None => None,
                }
            };
            tokio::join!(work, ending.finish())
        });
        if let Some(outcome) = outcome {
            self.judge(&outcome);
        }
        for line in &lines {
            self.no_secret_in(line, "what is told at the end");
        }
        lines
    }

    fn rescue_files(&self) -> Vec<String> {
        let waiting = orgward::delivery::rescue::waiting(&self.folder.path().join("state"));
        let read = |path: PathBuf| std::fs::read_to_string(path).unwrap();
        waiting.into_iter().map(read).collect()
    }

    /// SIGKILL: the program does nothing any more; the host goes on with what
    /// it has received.
    fn kill(&mut self) {
        self.reached.kills += 1;
        if self.flight.as_ref().is_some_and(|flight| flight.between) {
            self.quiet();
        }
        let flight = self.flight.take();
        if let Some(flight) = flight {
            self.reached.killed_in_flight += usize::from(flight.at_gate);
            self.truth.lock().before_act = holds(&self.host, &flight.order.slot);
            drop(flight.work);
            self.gate.open();
            // The host's own tasks.
            self.runtime.block_on(async {
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
            });
        }
        self.mend_journal();
        let left = self.journal.left_open(Timestamp::now()).unwrap();
        let open: Vec<String> = left.into_iter().map(|left| left.entry.order).collect();
        for issued in &mut self.truth.lock().issued {
            if !matches!(issued.fate, Fate::Settled) {
                // Recorded without an outcome, or as undelivered; or its owner
                // wanted it to be recorded nowhere.
                let told = issued.number.as_ref().is_none_or(|n| open.contains(n));
                assert!(told, "a secret was lost in silence; {}", self.place);
                issued.fate = Fate::Settled;
            }
        }
        self.restart();
    }

    /// The next run, which must tell of what is open.
    fn restart(&mut self) {
        self.mend_journal();
        self.flight = None;
        self.inbox.clear();
        self.open.clear();
        self.confirmed.clear();
        self.truth.lock().order = None;
        // So that the next run is not spent on a dead credential.
        if !self.host.accepts(self.credential.expose(), "acme") {
            self.give_credential();
        }
        self.actor = start_actor(
            &self.plan,
            &self.host,
            &self.credential,
            &self.folder,
            &self.journal,
            &self.runtime,
        );
        let (app, open) = start_app(&self.plan, self.now);
        self.app = app;
        self.open = open;
        let expected = self.journal.left_open(Timestamp::now()).unwrap();
        let at = self
            .open
            .iter()
            .position(|effect| matches!(effect, Effect::LookBack { .. }));
        let look_back = self.open.remove(at.unwrap());
        let (id, reply) = self.reply(look_back).unwrap();
        self.send(Message::Reply(id, reply));
        if !expected.is_empty() {
            self.reached.left_open += expected.len();
            let told = promises::screen(&self.app);
            assert!(told.contains("From an earlier run"), "{}", self.place);
            let first = &expected[0].entry.organization;
            assert!(told.contains(first), "{}", self.place);
        }
        self.answer_all();
    }

    // The promises.

    /// What an order's owner is told, against what is true.
    fn judge(&mut self, outcome: &Outcome) {
        let told = format!("{outcome:?} {}", outcome.words());
        self.no_secret_in(&told, "an outcome");
        let order = self.truth.lock().order.clone().unwrap();
        let now = holds(&self.host, &order.slot);
        let acted = self.truth.lock().has_acted();
        let shown = match &order.shown {
            Identity::Token { id, .. } => Some(id.clone()),
            _ => None,
        };
        // A token that was generated, and deleted by another owner at once,
        // leaves no trace.
        let undone = order.shown == Identity::None && now.is_none();
        let place = &self.place;
        let writes = self.host.requests();
        let once = writes
            .iter()
            .filter(|request| request.method != "GET" && request.status != Some(429));
        assert!(once.count() <= 1, "a write was repeated; {place}");
        match outcome {
            Outcome::Generated(done) => {
                assert!(acted, "no token was generated; {place}");
                assert_eq!(done.before, order.shown, "{place}");
            }
            Outcome::Deleted { .. } => assert!(acted, "nothing was deleted; {place}"),
            Outcome::Gone { .. } => {
                assert!(shown.is_some() && now != shown, "it is there; {place}");
            }
            Outcome::SecretLost {
                was_empty,
                now: told,
                ..
            } => {
                assert_eq!(*was_empty, order.shown == Identity::None, "{place}");
                assert_eq!(Some(&*told.id), now.as_deref(), "{place}");
                assert!(now != shown, "it is the one from before; {place}");
            }
            Outcome::NothingHappened { .. } => {
                assert!(!acted || undone, "it happened; {place}");
            }
            Outcome::NotDone(why) => assert!(!acted, "{why}, and it was done; {place}"),
            Outcome::Refused { after, .. } => match after {
                After::Same => assert!(!acted || undone, "it was done; {place}"),
                After::Changed(Identity::Token { id, .. }) => {
                    assert_eq!(Some(id), now.as_ref(), "{place}");
                }
                After::Changed(_) => assert_eq!(now, None, "{place}"),
                After::Unread => {}
            },
            Outcome::CannotTell { why } => assert!(!why.is_empty(), "{place}"),
        }
        let count = match outcome {
            Outcome::Generated(_) | Outcome::Deleted { .. } => None,
            Outcome::SecretLost { .. } => Some(&mut self.reached.told_lost),
            Outcome::NothingHappened { .. } => Some(&mut self.reached.nothing_happened),
            Outcome::CannotTell { .. } | Outcome::Gone { .. } => {
                Some(&mut self.reached.cannot_tell)
            }
            Outcome::Refused { .. } => Some(&mut self.reached.refused),
            Outcome::NotDone(_) => Some(&mut self.reached.not_done),
        };
        if let Some(count) = count {
            *count += 1;
        }
        let mut truth = self.truth.lock();
        self.reached.writes += truth.writes.len();
        self.reached.revoked += std::mem::take(&mut truth.revoked);
        drop(truth);
        self.judge_secret(&order, outcome);
    }

    /// A secret that the host handed out is delivered, held, or said to be lost:
    /// on the screen and in the journal.
    fn judge_secret(&mut self, order: &Order, outcome: &Outcome) {
        let shared = self.truth.clone();
        let mut truth = shared.lock();
        let under_way = |fate: &Fate| matches!(fate, Fate::UnderWay);
        let mut all = truth.issued.iter_mut();
        let issued = all.find(|issued| under_way(&issued.fate));
        let Some(issued) = issued else {
            let generated = matches!(outcome, Outcome::Generated(_));
            assert!(!generated, "a secret from nowhere; {}", self.place);
            return;
        };
        self.reached.secrets += 1;
        let mut records = self.journal.records().unwrap_or_default().into_iter();
        let recorded = records.find_map(|record| match record.event {
            Event::Outcome {
                finding, delivery, ..
            } if issued.number.as_ref() == Some(&record.order) => Some((finding, delivery)),
            _ => None,
        });
        assert!(
            recorded.is_some() || issued.number.is_none() || self.journal_broken,
            "no record of an outcome; {}",
            self.place
        );
        let says_lost = recorded.is_none_or(|(finding, delivery)| match outcome {
            Outcome::Generated(done) => delivery.as_ref() == Some(&done.delivery.place()),
            _ => finding == outcome.words(),
        });
        assert!(says_lost, "the journal says something else; {}", self.place);
        issued.fate = match outcome {
            Outcome::Generated(done) => {
                assert_eq!(done.secret.expose(), issued.text, "{}", self.place);
                self.reached.own += usize::from(done.own == orgward::fleet::Own::Yes);
                if done.own == orgward::fleet::Own::Yes {
                    self.credential = done.secret.clone();
                }
                match is_certain(done) {
                    true => {
                        self.reached.delivered += 1;
                        let orgward::action::Act::New { to, .. } = &order.act else {
                            panic!("a delete generates nothing; {}", self.place);
                        };
                        let facts = orgward::delivery::Facts {
                            id: Some(done.token.id.to_string()),
                            ..orgward::delivery::Facts::of(&order.slot)
                        };
                        self.is_there(to, &facts, &issued.text);
                        Fate::Settled
                    }
                    false => Fate::Held(done.hold, false),
                }
            }
            Outcome::SecretLost { .. }
            | Outcome::CannotTell { .. }
            | Outcome::Refused {
                after: After::Changed(_) | After::Unread,
                ..
            } => Fate::Settled,
            // Another owner has deleted it again, as was judged.
            Outcome::NothingHappened { .. } | Outcome::Refused { .. } => Fate::Settled,
            other => panic!("{other:?}, and there was a secret; {}", self.place),
        };
    }

    /// What is said to be delivered for certain is there.
    fn is_there(&self, to: &Destination, facts: &orgward::delivery::Facts, text: &str) {
        let path = |name: &str| self.folder.path().join(name);
        let path = match to {
            Destination::Named(name) => {
                let id = facts.id.as_deref().unwrap();
                let before = if name == "keep" { "kept-" } else { "" };
                path(&format!("{before}{}-{id}", facts.slot.organization))
            }
            Destination::File(path) => path.clone(),
            other => panic!("{other} is no certain place; {}", self.place),
        };
        let there = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(there, text, "it is not there; {}", self.place);
    }

    fn settle(&mut self, hold: &str) {
        for issued in &mut self.truth.lock().issued {
            if matches!(&issued.fate, Fate::Held(held, _) if format!("{held:?}") == hold) {
                issued.fate = Fate::Settled;
            }
        }
    }

    fn no_secret_in(&self, text: &str, what: &str) {
        let leaks = self.truth.lock().pieces.are_in(text);
        assert!(!leaks, "{what} holds a secret; {}", self.place);
    }

    fn look_at_promises(&mut self) {
        let held = self.actor.undelivered.list();
        let truth = self.truth.lock();
        assert!(
            truth.broken.is_empty(),
            "{:?}; {}",
            truth.broken,
            self.place
        );
        for issued in &truth.issued {
            match &issued.fate {
                Fate::Settled => {}
                Fate::UnderWay => {
                    assert!(self.flight.is_some(), "a secret is lost; {}", self.place);
                }
                Fate::Held(hold, heard) => {
                    let is_held = held.iter().any(|(id, _)| id == hold);
                    assert!(is_held, "a secret is lost; {}", self.place);
                    let shows = |layer: &Layer| matches!(layer, Layer::Panel(panel) if panel.hold() == *hold);
                    let shown = self.app.layers.iter().any(shows);
                    assert!(!heard || shown, "it is in no panel; {}", self.place);
                }
            }
        }
        drop(truth);
        // The screen knows of an order until it has heard of its end.
        let running = self.flight.is_some()
            || (self.inbox.iter())
                .any(|message| matches!(message, Message::Reply(_, Reply::Outcome(_))));
        assert_eq!(self.app.running.is_some(), running, "{}", self.place);
        if self.random.percent(2) {
            let screen = promises::screen(&self.app);
            if !promises::is_revealed(&self.app) {
                self.no_secret_in(&screen, "the screen");
            }
        }
        if self.random.percent(5) {
            // What was looked at is older than the newest secret.
            let mut records = self.journal.records().unwrap_or_default();
            let new = records.split_off(self.records_seen.min(records.len()));
            self.records_seen += new.len();
            self.no_secret_in(&format!("{new:?}"), "the journal");
        }
    }
}

fn is_certain(done: &Generated) -> bool {
    matches!(&done.delivery, Delivery::Delivered(delivered) if delivered.certain)
}

/// The token of one slot cannot be seen, whoever looks.
fn hidden(held: &dyn Fn(Fault) -> Fault) -> Vec<FaultRule> {
    let route = format!("organizations/hidden/{TOKEN}");
    let fault = held(Fault::Instead(Spoiled::Answer(Answer::empty(404))));
    vec![FaultRule::on("GET", &route, fault).always()]
}

/// A header that HTTP does not have: the connection ends without an answer.
fn close(answer: &mut Answer) {
    answer.headers.push(("no header".into(), String::new()));
}

/// Only what stands before the secret is left.
fn cut_before(answer: &mut Answer) {
    if let Some(at) = text(answer).find("\"token\"") {
        answer.body.truncate(at);
    }
}

/// The secret is whole, and the document is not.
fn cut_behind(answer: &mut Answer) {
    let text = text(answer);
    if let Some(at) = text.find("\"token\"")
        && let Some(end) = text[at + 9..].find('"')
    {
        answer.body.truncate(at + 9 + end + 1);
    }
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}
