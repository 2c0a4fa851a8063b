//! The heart of the screen: the state, and [`update`], which turns a message
//! into a new state and effects.
//!
//! Nothing here does I/O, waits, or looks at a clock: the runtime tells the
//! time with each message. So every way through the program can be walked in a
//! test by pressing keys and handing in answers.

pub mod dialogs;
pub mod field;
mod health;
pub mod help;
pub mod hosts;
pub mod keys;
pub mod layout;
pub mod list;
pub mod masked;
pub mod message;
pub mod panel;
pub mod run;
pub mod when;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use zeroize::Zeroizing;

use self::dialogs::{
    AddDialog, Answer, AskDialog, Deed, DeleteDialog, Item, JournalView, JournalWish, LeaveDialog,
    LeftOut, Leftovers, LeftoversWish, ManyDialog, ManyWish, NewDialog, Next, Notice, OfferDialog,
    ProgramDialog, Reaction, facts,
};
use self::field::Field;
pub use self::health::Health;
use self::help::Help;
use self::hosts::{Asking, Program};
use self::keys::{Command, Keymap};
use self::list::{AccountId, Column, List};
pub use self::message::{
    Choice, Effect, EffectId, Gone, Known, ManyPreparation, Message, NotDelivered, Preparation,
    Reply,
};
use self::panel::{Panel, Wish};
use self::run::{Report, Run};
use crate::action::{NotDone, Order, Outcome, Step, Verb};
use crate::delivery::{Delivered, Destination, HoldId};
use crate::expiry::Expiry;
use crate::fleet::Look;
use crate::slot::{Found, Host, Identity, Kind, Reading, Rules, Slot, State, Time};

/// The most looks at slots of one host entry that are under way at once.
/// PROTOCOL.md, 5: a host without a stated limit gets at most 16.
const LOOKS: usize = 16;
/// How long a word in the status line stays, and a bad one.
const STATUS: Duration = Duration::from_secs(4);
const BAD_STATUS: Duration = Duration::from_secs(8);

/// A moment, by the clock that only runs forward and by the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Time since the program's start.
    pub since_start: Duration,
    /// The local clock.
    pub wall: Timestamp,
}

/// What is fixed for a run.
pub struct Settings {
    /// When a token counts as expiring or unused.
    pub rules: Rules,
    /// The default expiry of the dialogs.
    pub expiry: Expiry,
    /// The owner's time zone.
    pub zone: TimeZone,
    /// The keys.
    pub keymap: Keymap,
    /// The names of the configured deliveries.
    pub deliveries: Vec<String>,
    /// Whether this is the embedded host's screen.
    pub demo: bool,
    /// Whether every write is refused.
    pub read_only: bool,
    /// Whether only ASCII is drawn.
    pub ascii: bool,
    /// What was not as it should be at the start.
    pub warnings: Vec<String>,
}

/// One host entry, and whether its organizations are known.
#[derive(Debug)]
pub struct Account {
    /// The host.
    pub host: Host,
    /// What tells it from another entry of the same host.
    pub label: Option<String>,
    /// The organizations; `None` for "all that the credential can see".
    pub organizations: Option<Vec<Arc<str>>>,
    /// What the last listing brought.
    seen: HashSet<Arc<str>>,
    /// Whether its credential is typed.
    pub asking: Asking,
    /// The listing that is under way.
    pub listing: Option<EffectId>,
    /// Why there is no listing, or why the host cannot be reached.
    pub problem: Option<String>,
    /// How the host is doing.
    pub health: Health,
    /// What an earlier run saw, until the rows are made of it.
    pub remembered: Vec<(Slot, Reading)>,
}

impl Account {
    /// An entry whose organizations are listed in the configuration, or not.
    pub fn new(host: Host, label: Option<String>, organizations: Option<Vec<Arc<str>>>) -> Self {
        Self {
            host,
            label,
            organizations,
            seen: HashSet::new(),
            asking: Asking::Never,
            listing: None,
            problem: None,
            health: Health::default(),
            remembered: Vec::new(),
        }
    }

    /// Whether it is known to see a slot.
    fn sees(&self, slot: &Slot) -> bool {
        let name = &slot.organization;
        let configured = self.organizations.as_ref();
        self.host == slot.host
            && (self.seen.contains(name) || configured.is_some_and(|names| names.contains(name)))
    }
}

/// The order that is under way.
#[derive(Debug)]
pub struct Running {
    /// Its effect.
    pub id: EffectId,
    /// Its slot.
    pub slot: Slot,
    /// What is done.
    pub verb: Verb,
    /// What was asked for.
    pub order: Order,
    /// How far it is.
    pub step: Step,
    /// When that step began.
    pub since: Duration,
    /// Whether the request may have left this machine.
    pub sent: bool,
}

/// One thing on top of the list.
#[derive(Debug)]
#[allow(missing_docs, reason = "each is its type")]
pub enum Layer {
    Help(Help),
    New(Box<NewDialog>),
    Delete(Box<DeleteDialog>),
    Many(Box<ManyDialog>),
    Report(Report),
    Panel(Box<Panel>),
    Leave(LeaveDialog),
    Notice(Notice),
    Add(Box<AddDialog>),
    Ask(Box<AskDialog>),
    Offer(OfferDialog),
    Program(ProgramDialog),
    Leftovers(Leftovers),
    Journal(JournalView),
}

/// A word in the status line.
#[derive(Clone, Debug)]
pub struct Status {
    /// What it says.
    pub text: String,
    /// Whether something went wrong.
    pub bad: bool,
    until: Duration,
}

/// The screen's state.
pub struct App {
    /// What is fixed for this run.
    pub settings: Settings,
    /// The host entries.
    pub accounts: Vec<Account>,
    /// The slots.
    pub list: List,
    /// The filter's field while it is being typed.
    pub filter: Option<Field>,
    /// What lies on top of the list, the topmost last.
    pub layers: Vec<Layer>,
    /// The order under way.
    pub running: Option<Running>,
    /// The run of many orders that it belongs to.
    pub run: Option<Run>,
    /// The program that a credential is waited for.
    program: Option<Program>,
    /// A word for a while.
    pub status: Option<Status>,
    /// The window's size, in columns and lines.
    pub size: (u16, u16),
    /// The time, as of the last message.
    pub now: Moment,
    /// Whether the owner wants to leave, and only the order keeps us.
    pub leaving: bool,
    /// Whether a full read is under way, at whose end it is remembered.
    sweeping: bool,
    aged_at: Timestamp,
    last_id: EffectId,
    copying_names: HashSet<EffectId>,
    identifying: HashMap<EffectId, AccountId>,
}

impl App {
    /// The state at the start, and what is to be done first.
    pub fn new(
        settings: Settings,
        accounts: Vec<Account>,
        size: (u16, u16),
        now: Moment,
    ) -> (Self, Vec<Effect>) {
        let rules = settings.rules;
        let mut app = Self {
            settings,
            accounts,
            list: List::new(rules),
            filter: None,
            layers: Vec::new(),
            running: None,
            run: None,
            program: None,
            status: None,
            size,
            now,
            leaving: false,
            sweeping: true,
            aged_at: now.wall,
            last_id: 0,
            copying_names: HashSet::new(),
            identifying: HashMap::new(),
        };
        app.list.set_height(layout::list_height(size));
        if !app.settings.warnings.is_empty() {
            app.layers.push(Layer::Notice(Notice {
                title: "At the start".to_owned(),
                lines: app.settings.warnings.clone(),
                bad: true,
                next: None,
            }));
        }
        let mut effects = vec![Effect::LookBack { id: app.next_id() }];
        for account in 0..app.accounts.len() {
            effects.extend(app.recall(account));
            effects.extend(app.ask_for_organizations(account));
        }
        app.ask_for_credentials();
        effects.extend(app.fill_looks());
        (app, effects)
    }

    /// The next moment at which the screen changes by itself, if any: the
    /// runtime sleeps until then, and for ever where nothing is due.
    pub fn next_deadline(&self) -> Option<Duration> {
        let mut due: Vec<Duration> = Vec::new();
        due.extend(self.status.as_ref().map(|status| status.until));
        for layer in &self.layers {
            if let Layer::Panel(panel) = layer {
                due.extend(panel.next_change(self.now));
            }
        }
        if self.running.is_some() {
            due.push(Duration::from_secs(self.now.since_start.as_secs() + 1));
        }
        due.extend(self.program_named_at());
        due.extend(self.next_aging());
        due.extend(
            self.accounts
                .iter()
                .filter_map(|a| a.health.next_change(self.now)),
        );
        due.into_iter().min()
    }

    /// When the first relative time on the screen reads differently; once a
    /// minute at most.
    fn next_aging(&self) -> Option<Duration> {
        let wait_of = |row: &list::Row| {
            let now = self.list.time_of(row.account, self.now.wall);
            let reading = row.last_known()?;
            let used = reading.token().map(|token| token.last_used_at);
            [reading.ends_at(), used]
                .into_iter()
                .flatten()
                .filter_map(Time::at)
                .map(|time| when::relative(time, now).until.duration_since(now))
                .min()
        };
        let soonest = self.list.visible().filter_map(wait_of).min()?;
        let wait = Duration::try_from(soonest).unwrap_or_default();
        Some(self.now.since_start + wait.max(Duration::from_secs(60)))
    }

    fn next_id(&mut self) -> EffectId {
        self.last_id += 1;
        self.last_id
    }

    /// Says something in the status line.
    fn say(&mut self, text: impl Into<String>) {
        self.status = Some(Status {
            text: text.into(),
            bad: false,
            until: self.now.since_start + STATUS,
        });
    }

    fn say_bad(&mut self, text: impl Into<String>) {
        self.status = Some(Status {
            text: text.into(),
            bad: true,
            until: self.now.since_start + BAD_STATUS,
        });
    }

    /// Whether there is room for one more look at a slot of a host entry.
    fn has_room(&self, account: AccountId) -> bool {
        let entry = &self.accounts[account];
        self.list.under_way(account) < LOOKS && entry.is_ready() && !entry.health.is_away()
    }

    /// Starts looks at slots while there is room, what is visible first.
    fn fill_looks(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        loop {
            let room: Vec<bool> = (0..self.accounts.len()).map(|a| self.has_room(a)).collect();
            let Some((slot, look)) = self.list.next_look(|account| room[account]) else {
                break;
            };
            effects.push(self.begin(slot, look, false));
        }
        if self.sweeping
            && self.list.is_quiet()
            && self.accounts.iter().all(|a| a.listing.is_none())
        {
            self.sweeping = false;
            effects.push(Effect::Remember { id: self.next_id() });
        }
        effects
    }

    fn begin(&mut self, slot: Slot, look: Look, urgent: bool) -> Effect {
        let id = self.next_id();
        self.list.begin(&slot, id, &look);
        Effect::Read {
            id,
            slot,
            look,
            urgent,
        }
    }

    /// The reading of a slot, if it is not an old one.
    fn known(&self, slot: &Slot) -> Option<&Reading> {
        self.list.row(slot).and_then(|row| row.reading.as_ref())
    }
}

/// The one way in which the state changes.
pub fn update(app: &mut App, message: Message, now: Moment) -> Vec<Effect> {
    app.now = now;
    let mut effects = match message {
        Message::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
        Message::Key(key) => app.key(&key),
        Message::Paste(text) => {
            // It may be a credential.
            app.paste(&Zeroizing::new(text));
            Vec::new()
        }
        Message::Resize(width, height) => {
            app.size = (width, height);
            app.list.set_height(layout::list_height(app.size));
            Vec::new()
        }
        Message::Focus(focused) => {
            if !focused {
                app.hide_secrets();
            }
            Vec::new()
        }
        Message::Deadline => Vec::new(),
        Message::Interrupt => app.leave(),
        Message::Resumed => Vec::new(),
        Message::Step(id, step) => {
            app.step(id, step);
            Vec::new()
        }
        Message::Reply(id, reply) => app.reply(id, reply),
        Message::Program(progress) => {
            app.program(progress);
            Vec::new()
        }
        Message::ProgramFailed(account, why) => {
            app.program_failed(account, why);
            Vec::new()
        }
        Message::Obtained(account, result) => app.obtained(account, result),
        Message::Page(id, names) => {
            app.page(id, &names);
            Vec::new()
        }
        Message::Hosts(news) => app.hosts_news(news),
        Message::ClipboardGone(hold, gone) => {
            if let Some(panel) = app.panel(hold) {
                panel.gone_from_clipboard(gone);
            }
            Vec::new()
        }
        Message::AuditTrails(slot) => {
            app.list.add_audit_trails(&slot);
            Vec::new()
        }
    };
    app.pass_time();
    effects.extend(app.reach_again());
    effects.extend(app.fill_looks());
    effects
}

impl App {
    fn pass_time(&mut self) {
        let now = self.now;
        if self
            .status
            .as_ref()
            .is_some_and(|status| status.until <= now.since_start)
        {
            self.status = None;
        }
        for layer in &mut self.layers {
            if let Layer::Panel(panel) = layer {
                panel.tick(now);
            }
        }
        // States change with the calendar; a look once a minute is enough.
        if now.wall.as_second() / 60 != self.aged_at.as_second() / 60 {
            self.aged_at = now.wall;
            self.list.age(now.wall);
        }
    }

    fn hide_secrets(&mut self) {
        for layer in &mut self.layers {
            if let Layer::Panel(panel) = layer {
                panel.hide();
            }
        }
    }

    fn panel(&mut self, hold: HoldId) -> Option<&mut Panel> {
        self.layers.iter_mut().find_map(|layer| match layer {
            Layer::Panel(panel) if panel.hold() == hold => Some(&mut **panel),
            _ => None,
        })
    }

    fn key(&mut self, key: &KeyEvent) -> Vec<Effect> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return self.leave(),
            KeyCode::Char('z') if control => {
                self.hide_secrets();
                return vec![Effect::Suspend];
            }
            _ => {}
        }
        match self.layers.pop() {
            Some(layer) => self.layer_key(layer, key),
            None if self.filter.is_some() => {
                self.filter_key(key);
                Vec::new()
            }
            None => match self.settings.keymap.command(key) {
                Some(command) => self.command(command),
                None => Vec::new(),
            },
        }
    }

    /// Hands a key to the top layer, which was taken off and goes back unless
    /// it is done.
    fn layer_key(&mut self, layer: Layer, key: &KeyEvent) -> Vec<Effect> {
        let now = self.now;
        match layer {
            Layer::Help(mut help) => {
                let lines = help::lines(&self.settings.keymap, layout::help_width(self.size));
                let last = lines.len().saturating_sub(layout::help_height(self.size));
                if !help.key(key, last) {
                    self.layers.push(Layer::Help(help));
                }
                Vec::new()
            }
            Layer::New(mut dialog) => {
                let reaction = dialog.key(key);
                self.react(reaction, Layer::New(dialog))
            }
            Layer::Delete(mut dialog) => {
                let reaction = dialog.key(key);
                self.react(reaction, Layer::Delete(dialog))
            }
            Layer::Many(dialog) => self.many_key(dialog, key),
            Layer::Report(mut report) => {
                if self.settings.keymap.command(key) == Some(Command::Quit) {
                    self.layers.push(Layer::Report(report));
                    return self.leave();
                }
                let lines = report.drawn(layout::report_width(self.size)).0.len();
                let last = lines.saturating_sub(layout::report_height(self.size));
                if !report.key(key, last) {
                    self.layers.push(Layer::Report(report));
                }
                Vec::new()
            }
            Layer::Notice(notice) => {
                if self.settings.keymap.command(key) == Some(Command::Quit) {
                    // It may be all that tells what became of a token.
                    self.layers.push(Layer::Notice(notice));
                    return self.leave();
                }
                let (reaction, wanted) = notice.key(key);
                let next = notice.next.clone();
                let mut effects = self.react(reaction, Layer::Notice(notice));
                match next {
                    Some(Next::New(slot)) if wanted => effects.extend(self.open_new(&slot)),
                    Some(Next::Delete(slot)) if wanted => effects.extend(self.open_delete(&slot)),
                    Some(Next::WithoutJournal(order)) if wanted => {
                        effects.extend(self.perform(*order));
                    }
                    _ => {}
                }
                effects
            }
            Layer::Panel(mut panel) => {
                let wish = panel.key(key, now);
                self.panel_wish(panel, wish)
            }
            Layer::Leave(dialog) => self.leave_key(dialog, key),
            Layer::Add(dialog) => self.add_key(dialog, key),
            Layer::Ask(dialog) => self.ask_key(dialog, key),
            Layer::Offer(offer) => self.offer_key(offer, key),
            Layer::Program(dialog) => self.program_key(dialog, key),
            Layer::Leftovers(leftovers) => self.leftovers_key(leftovers, key),
            Layer::Journal(view) => self.journal_key(view, key),
        }
    }

    fn leftovers_key(&mut self, leftovers: Leftovers, key: &KeyEvent) -> Vec<Effect> {
        let wish = leftovers.key(key, &self.list);
        if matches!(wish, LeftoversWish::Stay | LeftoversWish::Leave) {
            self.layers.push(Layer::Leftovers(leftovers));
            return match wish {
                LeftoversWish::Leave => self.leave(),
                _ => Vec::new(),
            };
        }
        let mut effects = Vec::new();
        let orders = leftovers.told(&self.list);
        if !orders.is_empty() {
            effects.push(Effect::Seen { orders });
        }
        if let LeftoversWish::New(slot) = wish {
            effects.extend(self.open_new(&slot));
        }
        effects
    }

    fn journal_key(&mut self, mut view: JournalView, key: &KeyEvent) -> Vec<Effect> {
        match view.key(key, layout::journal_height(self.size)) {
            JournalWish::Stay => {}
            JournalWish::Close => return Vec::new(),
            JournalWish::Leave => {
                self.layers.push(Layer::Journal(view));
                return self.leave();
            }
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

    fn open_journal(&mut self) -> Vec<Effect> {
        let id = self.next_id();
        self.layers.push(Layer::Journal(JournalView::new(id)));
        vec![Effect::ReadJournal { id }]
    }

    fn react(&mut self, reaction: Reaction, layer: Layer) -> Vec<Effect> {
        match reaction {
            Reaction::Stay => {
                self.layers.push(layer);
                Vec::new()
            }
            Reaction::Close => Vec::new(),
            Reaction::Perform(order) => self.perform(*order),
        }
    }

    fn perform(&mut self, order: Order) -> Vec<Effect> {
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

    fn panel_wish(&mut self, mut panel: Box<Panel>, wish: Wish) -> Vec<Effect> {
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
            Wish::Leave => {
                self.layers.push(Layer::Panel(panel));
                return self.leave();
            }
            Wish::Help => {
                panel.hide();
                self.layers.push(Layer::Panel(panel));
                self.layers.push(Layer::Help(Help::default()));
                return effects;
            }
            Wish::Stay => {}
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

    fn leave_key(&mut self, mut dialog: LeaveDialog, key: &KeyEvent) -> Vec<Effect> {
        match dialog.key(key) {
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
                let Some(at) = self.undelivered().first().copied() else {
                    return Vec::new();
                };
                let layer = self.layers.remove(at);
                let Layer::Panel(mut panel) = layer else {
                    self.layers.insert(at, layer);
                    return Vec::new();
                };
                let effect = self.deliver(&mut panel, Destination::Clipboard, false);
                self.layers.push(Layer::Panel(panel));
                vec![effect]
            }
            Answer::Lose => {
                let mut effects = Vec::new();
                // Only what the question named.
                let asked = |layer: &Layer| matches!(layer, Layer::Panel(panel) if dialog.slots.contains(&panel.slot));
                for at in self.undelivered().into_iter().rev() {
                    if !asked(&self.layers[at]) {
                        continue;
                    }
                    if let Layer::Panel(panel) = self.layers.remove(at) {
                        effects.push(Effect::LetGo {
                            order: panel.order().to_owned(),
                            hold: panel.hold(),
                            slot: panel.slot.clone(),
                        });
                    }
                }
                if dialog.leaving {
                    effects.extend(self.leave());
                }
                effects
            }
        }
    }

    /// The places of the panels whose secrets were delivered nowhere.
    fn undelivered(&self) -> Vec<usize> {
        let lost = |layer: &Layer| matches!(layer, Layer::Panel(panel) if !panel.is_delivered());
        (0..self.layers.len())
            .filter(|at| lost(&self.layers[*at]))
            .collect()
    }

    /// The owner wants to leave: never while a write runs, and never with a
    /// secret that is nowhere else without asking.
    fn leave(&mut self) -> Vec<Effect> {
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
        let slots: Vec<Slot> = self
            .undelivered()
            .into_iter()
            .filter_map(|at| match &self.layers[at] {
                Layer::Panel(panel) => Some(panel.slot.clone()),
                _ => None,
            })
            .collect();
        if slots.is_empty() {
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

    fn paste(&mut self, text: &str) {
        match self.layers.last_mut() {
            Some(Layer::New(dialog)) => dialog.paste(text),
            Some(Layer::Delete(dialog)) => dialog.paste(text),
            Some(Layer::Many(dialog)) => dialog.paste(text),
            Some(Layer::Add(dialog)) => dialog.paste(text),
            Some(Layer::Ask(dialog)) => dialog.paste(text),
            Some(Layer::Panel(panel)) => {
                if let Some(field) = panel.field() {
                    field.paste(text);
                }
            }
            Some(Layer::Journal(view)) => view.paste(text),
            Some(_) => {}
            None => {
                if let Some(filter) = &mut self.filter {
                    filter.paste(text);
                    let text = filter.text().to_owned();
                    self.list.set_filter(&text);
                }
            }
        }
    }

    fn filter_key(&mut self, key: &KeyEvent) {
        let Some(field) = &mut self.filter else {
            return;
        };
        match key.code {
            KeyCode::Enter => self.filter = None,
            KeyCode::Esc => {
                self.filter = None;
                self.list.set_filter("");
            }
            KeyCode::Down => self.list.move_by(1),
            KeyCode::Up => self.list.move_by(-1),
            _ => {
                field.key(key);
                let text = field.text().to_owned();
                self.list.set_filter(&text);
            }
        }
    }

    fn command(&mut self, command: Command) -> Vec<Effect> {
        match command {
            Command::Up => self.list.move_by(-1),
            Command::Down => self.list.move_by(1),
            Command::PageUp => self.list.move_pages(-1),
            Command::PageDown => self.list.move_pages(1),
            Command::Top => self.list.move_to(0),
            Command::Bottom => self.list.move_to(usize::MAX),
            Command::Help => self.layers.push(Layer::Help(Help::default())),
            Command::Filter => self.filter = Some(Field::with(self.list.filter())),
            Command::Sort => self.sort(self.list.order().0.next(), false),
            Command::SortReverse => {
                let (column, reversed) = self.list.order();
                self.sort(column, !reversed);
            }
            Command::Back => return self.back(),
            Command::Refresh => return self.refresh(),
            Command::RefreshAll => return self.refresh_all(),
            Command::Copy => return self.copy_name(),
            Command::Address => self.show_address(),
            Command::Add => self.open_add(),
            Command::Journal => return self.open_journal(),
            Command::Quit => return self.leave(),
            Command::Suspend => return vec![Effect::Suspend],
            Command::Mark => {
                if let Some(row) = self.list.selected() {
                    let (slot, marked) = (row.slot.clone(), row.marked);
                    self.list.mark(&slot, !marked);
                    self.list.move_by(1);
                }
            }
            Command::MarkAll => self.list.mark_shown(),
            Command::Kind => self.turn_kind(),
            Command::New => return self.open(Deed::New),
            Command::Delete => return self.open(Deed::Delete),
        }
        Vec::new()
    }

    fn sort(&mut self, column: Column, reversed: bool) {
        self.list.sort_by(column, reversed);
        let backwards = if reversed { ", reversed" } else { "" };
        self.say(format!("sorted by {}{backwards}", column.words()));
    }

    fn turn_kind(&mut self) {
        if !self.list.turn_kind() {
            self.say_bad("no host here is known to have audit trail tokens");
        }
    }

    /// The dialog for the marked slots, or for the selected one.
    fn open(&mut self, deed: Deed) -> Vec<Effect> {
        let marked = self.list.marked();
        if marked.len() > 1 {
            return self.open_many(deed);
        }
        let row = marked.first().copied().or(self.list.selected());
        let Some(slot) = row.map(|row| row.slot.clone()) else {
            return Vec::new();
        };
        match deed {
            Deed::New => self.open_new(&slot),
            Deed::Delete => self.open_delete(&slot),
        }
    }

    /// Esc undoes one thing. While an order runs there is nothing to undo; of
    /// many orders no further one begins.
    fn back(&mut self) -> Vec<Effect> {
        if let (Some(running), Some(run)) = (&self.running, &mut self.run) {
            let (id, sent) = (running.id, running.sent);
            run.stop();
            self.say("stopping after this one");
            return match sent {
                true => Vec::new(),
                false => vec![Effect::Stop { id }],
            };
        }
        if let Some(running) = &self.running {
            if running.sent && !matches!(running.step, Step::Waiting(_)) {
                self.say("waiting for the server");
                return Vec::new();
            }
            let id = running.id;
            self.say("stopping");
            return vec![Effect::Stop { id }];
        }
        if self.waiting_for().is_some() {
            self.say("stopping");
            return vec![Effect::StopProgram];
        }
        if self.list.filter().is_empty() {
            self.list.unmark_all();
        }
        self.list.set_filter("");
        Vec::new()
    }

    fn refresh(&mut self) -> Vec<Effect> {
        let marked: Vec<(Slot, AccountId, State)> = self
            .list
            .marked()
            .iter()
            .map(|row| (row.slot.clone(), row.account, row.state()))
            .collect();
        if !marked.is_empty() {
            let mut effects = Vec::new();
            let mut troubled = HashSet::new();
            for (slot, account, state) in &marked {
                self.list.want(slot);
                // Once for each host entry.
                if !troubled.contains(account) {
                    let before = self.before_reading(*account, *state);
                    if before.as_ref().is_none_or(|effects| !effects.is_empty()) {
                        troubled.insert(*account);
                    }
                    effects.extend(before.unwrap_or_default());
                }
            }
            self.say(match marked.len() {
                1 => "reading the marked slot again".to_owned(),
                many => format!("reading {many} marked slots again"),
            });
            return effects;
        }
        let Some(row) = self.list.selected() else {
            // Perhaps because nothing could be listed.
            return self.refresh_all();
        };
        let (slot, account, state) = (row.slot.clone(), row.account, row.state());
        if row.pending.is_some() {
            self.say(format!("{} is being read", slot.organization));
            return Vec::new();
        }
        let Some(mut effects) = self.before_reading(account, state) else {
            return Vec::new();
        };
        if self.list.under_way(account) >= LOOKS {
            self.list.want(&slot);
            return effects;
        }
        effects.push(self.look(slot));
        effects
    }

    /// A look that the owner waits for.
    fn look(&mut self, slot: Slot) -> Effect {
        self.begin(slot, Look::WithPolicy, true)
    }

    fn refresh_all(&mut self) -> Vec<Effect> {
        self.list.want_all();
        self.say("reading everything again");
        self.sweeping = true;
        let mut effects = self.before_reading_all();
        for account in 0..self.accounts.len() {
            self.accounts[account].health.try_now(self.now);
            effects.extend(self.ask_for_organizations(account));
        }
        effects
    }

    fn copy_name(&mut self) -> Vec<Effect> {
        let Some(row) = self.list.selected() else {
            return Vec::new();
        };
        let name = row.slot.organization.to_string();
        let id = self.next_id();
        self.copying_names.insert(id);
        vec![Effect::CopyName { id, name }]
    }

    fn show_address(&mut self) {
        let Some(row) = self.list.selected() else {
            return;
        };
        let address = token_page(&row.slot);
        self.layers.push(Layer::Notice(Notice {
            title: "Token page".to_owned(),
            lines: vec![row.slot.to_string(), address],
            bad: false,
            next: None,
        }));
    }

    /// Why there is no dialog at all, if so.
    fn refusal_of_all(&self) -> Option<String> {
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

    fn open_many(&mut self, deed: Deed) -> Vec<Effect> {
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

    fn many_key(&mut self, mut dialog: Box<ManyDialog>, key: &KeyEvent) -> Vec<Effect> {
        match dialog.key(key, layout::many_height(self.size)) {
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

    fn prepared_many(&mut self, id: EffectId, preparation: ManyPreparation) {
        let dialogs = self.layers.iter_mut().filter_map(|layer| match layer {
            Layer::Many(dialog) if dialog.preparing == id => Some(dialog),
            _ => None,
        });
        for dialog in dialogs {
            dialog.prepared(preparation.clone());
        }
    }

    fn checked(&mut self, id: EffectId, result: Result<(), String>) -> Vec<Effect> {
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

    fn run_outcome(&mut self, slot: Slot, outcome: Outcome) -> Vec<Effect> {
        let stranded = self.run.as_mut().and_then(|run| run.take(&slot, outcome));
        match stranded {
            Some(done) => {
                let panel = self.new_panel(slot, *done);
                self.end_run(Some(panel))
            }
            None => self.go_on(),
        }
    }

    fn new_panel(&self, slot: Slot, done: crate::action::Generated) -> Panel {
        let deliveries = self.settings.deliveries.clone();
        Panel::new(slot, done, deliveries, !self.settings.demo, self.now)
    }

    fn open_new(&mut self, slot: &Slot) -> Vec<Effect> {
        if let Some(why) = self.refusal(slot) {
            self.say_bad(why);
            return Vec::new();
        }
        let Some((shown, facts)) = self.identification(slot) else {
            return Vec::new();
        };
        let id = self.next_id();
        let expiry = self.settings.expiry;
        let dialog = NewDialog::new(slot.clone(), shown.clone(), facts, expiry, id);
        self.layers.push(Layer::New(Box::new(dialog)));
        vec![Effect::Prepare {
            id,
            slot: slot.clone(),
            shown,
        }]
    }

    fn open_delete(&mut self, slot: &Slot) -> Vec<Effect> {
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
        let Some((shown, facts)) = self.identification(slot) else {
            return Vec::new();
        };
        let id = self.next_id();
        let dialog = DeleteDialog::new(slot.clone(), shown.clone(), facts, id);
        self.layers.push(Layer::Delete(Box::new(dialog)));
        vec![Effect::Prepare {
            id,
            slot: slot.clone(),
            shown,
        }]
    }

    fn identification(&self, slot: &Slot) -> Option<(crate::slot::Identity, Vec<dialogs::Fact>)> {
        let reading = self.known(slot)?;
        let shown = reading.identity()?;
        let account = self.list.row(slot)?.account;
        let now = Moment {
            wall: self.list.time_of(account, self.now.wall),
            ..self.now
        };
        Some((shown, facts(reading, now, &self.settings.zone)))
    }

    fn step(&mut self, id: EffectId, step: Step) {
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

    fn reply(&mut self, id: EffectId, reply: Reply) -> Vec<Effect> {
        match reply {
            Reply::Listed(result) => self.listed(id, result),
            Reply::Identified(same) => self.identified(id, same),
            Reply::Reached(why) => return self.reached(id, why),
            Reply::Read(reading) => {
                if let Some(slot) = self.list.looked_at(id).cloned() {
                    self.list.answer(&slot, id, *reading, self.now.wall);
                }
            }
            Reply::Prepared(preparation) => return self.prepared(id, *preparation),
            Reply::PreparedMany(preparation) => self.prepared_many(id, *preparation),
            Reply::Checked(result) => return self.checked(id, result),
            Reply::Outcome(outcome) => return self.outcome(id, *outcome),
            Reply::Delivered(result) => self.delivered(id, result),
            Reply::Stored(result) => {
                let now = self.now;
                if let Some(panel) = self.busy_panel(id) {
                    match result {
                        Ok(delivered) => panel.stored(delivered, now),
                        Err(why) => panel.problem = Some(why),
                    }
                }
                self.forget_answered_question();
            }
            Reply::Who(result) => {
                if let Some(panel) = self.busy_panel(id) {
                    match result {
                        Ok(who) => panel.said = Some(format!("works as {who}")),
                        Err(why) => panel.problem = Some(format!("the test failed: {why}")),
                    }
                }
            }
            Reply::Examined(result) => self.examined(id, result),
            Reply::Added(added) => return self.added(id, *added),
            Reply::Done(Ok(words)) => self.say(words),
            Reply::Done(Err(words)) => self.say_bad(words),
            Reply::Unfinished { orders, lines } => {
                if !(orders.is_empty() && lines.is_empty()) {
                    let left = Leftovers { orders, lines };
                    self.layers.insert(0, Layer::Leftovers(left));
                }
            }
            Reply::Journal(result) => {
                for layer in &mut self.layers {
                    match layer {
                        Layer::Journal(view) if view.reading == Some(id) => {
                            view.read(result);
                            break;
                        }
                        _ => {}
                    }
                }
            }
        }
        Vec::new()
    }

    fn prepared(&mut self, id: EffectId, preparation: Preparation) -> Vec<Effect> {
        let place = self.layers.iter().position(|layer| match layer {
            Layer::New(dialog) => dialog.preparing == id,
            Layer::Delete(dialog) => dialog.preparing == id,
            _ => false,
        });
        let Some(place) = place else {
            return Vec::new();
        };
        let seen = preparation.seen.clone();
        let fresh = |shown: &Identity| {
            // Another token than the one that is shown is no news for this
            // dialog: its order would be refused, and says what is there.
            let seen = seen
                .as_ref()
                .filter(|seen| seen.identity().as_ref() == Some(shown))?;
            Some(facts(seen, self.now, &self.settings.zone))
        };
        match &mut self.layers[place] {
            Layer::New(dialog) => {
                if let Some(facts) = fresh(&dialog.shown) {
                    dialog.facts = facts;
                }
            }
            Layer::Delete(dialog) => {
                if let Some(facts) = fresh(&dialog.shown) {
                    dialog.facts = facts;
                }
            }
            _ => {}
        }
        match self.layers.remove(place) {
            Layer::New(mut dialog) => match dialog.prepared(preparation) {
                Reaction::Perform(order) => self.perform(*order),
                _ => {
                    self.layers.insert(place, Layer::New(dialog));
                    Vec::new()
                }
            },
            Layer::Delete(mut dialog) => {
                dialog.preparation = Some(preparation);
                dialog.problem = None;
                self.layers.insert(place, Layer::Delete(dialog));
                Vec::new()
            }
            other => {
                self.layers.insert(place, other);
                Vec::new()
            }
        }
    }

    /// An order's outcome is never stale: it opens over whatever is there.
    fn outcome(&mut self, id: EffectId, outcome: Outcome) -> Vec<Effect> {
        let running = self.running.take_if(|running| running.id == id);
        let Some(Running { slot, order, .. }) = running else {
            return Vec::new();
        };
        // Looks that began before the write are stale now.
        self.list.forget_pending(&slot);
        self.learn(&slot, &outcome);
        let mut effects = vec![self.look(slot.clone())];
        self.hide_secrets();
        if self.run.is_some() {
            effects.extend(self.run_outcome(slot, outcome));
            return effects;
        }
        let wants_out = std::mem::take(&mut self.leaving);
        let told = match outcome {
            Outcome::Generated(done) => {
                let panel = self.new_panel(slot, *done);
                self.layers.push(Layer::Panel(Box::new(panel)));
                true
            }
            other => {
                let notice = Notice::of_order(&order, &other);
                let told = !notice.bad;
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

    /// The panel that waits for this reply; it waits no longer.
    fn busy_panel(&mut self, id: EffectId) -> Option<&mut Panel> {
        let mut panels = self.layers.iter_mut().filter_map(|layer| match layer {
            Layer::Panel(panel) => Some(&mut **panel),
            _ => None,
        });
        panels.find_map(|panel| panel.end(id).then_some(panel))
    }

    fn delivered(&mut self, id: EffectId, result: Result<Delivered, NotDelivered>) {
        let now = self.now;
        if let Some(panel) = self.busy_panel(id) {
            match result {
                Ok(delivered) => panel.arrived(delivered, now),
                Err(not) => panel.not_delivered(not),
            }
        }
        self.forget_answered_question();
    }

    /// Whether to let a secret go is no question once it is delivered.
    fn forget_answered_question(&mut self) {
        if self.undelivered().is_empty() {
            self.layers
                .retain(|layer| !matches!(layer, Layer::Leave(_)));
        }
    }

    /// How many organizations there are, whatever their slots.
    pub fn organizations(&self) -> usize {
        self.list
            .rows()
            .iter()
            .filter(|row| row.slot.kind == Kind::Organization)
            .count()
    }

    /// How many different hosts there are.
    pub fn hosts(&self) -> usize {
        self.accounts
            .iter()
            .map(|account| &account.host)
            .collect::<HashSet<_>>()
            .len()
    }
}

/// Why nothing can be done with a slot, if so.
fn not_possible(row: &list::Row) -> Option<&str> {
    let state = row.state();
    match state.allows_generate() || state.allows_replace() {
        true => None,
        false => Some(row.words().unwrap_or_else(|| state.meaning())),
    }
}

/// The address of the organization's token page, built from the host's name
/// and never from an answer.
pub fn token_page(slot: &Slot) -> String {
    let name = percent_encoding::utf8_percent_encode(
        &slot.organization,
        percent_encoding::NON_ALPHANUMERIC,
    );
    let name = name.to_string().replace("%2D", "-").replace("%5F", "_");
    format!(
        "https://{}/app/{name}/settings/authentication-tokens",
        slot.host
    )
}
