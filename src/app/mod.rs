//! The heart of the screen: the state, and [`update`], which turns a message
//! into a new state and effects.
//!
//! Nothing here does I/O, waits, or looks at a clock: the runtime tells the
//! time with each message. So every way through the program can be walked in a
//! test by pressing keys and handing in answers.

pub mod account;
pub mod bar;
mod credentials;
pub mod dialogs;
pub mod field;
mod health;
pub mod help;
mod hosts;
mod input;
pub mod keys;
pub mod layout;
pub mod list;
mod listing;
mod many;
pub mod masked;
pub mod message;
pub mod messages;
mod orders;
pub mod panel;
mod past;
mod reading;
pub mod report;
pub mod run;
mod secrets;
pub mod timeline;
pub mod when;
mod wrap;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crossterm::event::KeyEventKind;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use zeroize::Zeroizing;

pub use self::account::Account;
use self::credentials::Program;
use self::dialogs::{
    AddDialog, AskDialog, DeleteDialog, JournalView, LeaveDialog, Leftovers, ManyDialog, NewDialog,
    Notice, OfferDialog, ProgramDialog, Stage,
};
use self::field::Field;
pub use self::health::Health;
use self::help::Help;
use self::keys::Keymap;
use self::list::{AccountId, List};
pub use self::message::{
    Choice, Effect, EffectId, Gone, Known, ManyPreparation, Message, NotDelivered, Preparation,
    Reply, Target,
};
use self::messages::{MessagesView, Said};
use self::panel::Panel;
use self::report::Report;
use self::run::Run;
use crate::action::{Order, Step, Verb};
use crate::config::theme::Palette;
use crate::delivery::Destination;
use crate::expiry::Expiry;
use crate::slot::{Rules, Slot, Time};

/// How long a word in the status line stays, and a bad one.
const STATUS: Duration = Duration::from_secs(4);
const BAD_STATUS: Duration = Duration::from_secs(8);
/// How long something new is not there for a click or a key yet: they may be meant
/// for what was there before, or be the second of two.
const MEANT: Duration = Duration::from_millis(300);
/// How long the spinner stands still.
const SPINNER: Duration = Duration::from_millis(125);
/// Relative times are drawn anew no more often, in seconds.
const MINUTE: u64 = 60;

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
    /// The clipboard that a key means which copies a secret.
    pub copies_to: Destination,
    /// Whether this is the embedded host's screen.
    pub demo: bool,
    /// Whether every write is refused.
    pub read_only: bool,
    /// Whether only ASCII is drawn.
    pub ascii: bool,
    /// Whether only some of the configured hosts and organizations are here.
    pub narrowed: bool,
    /// The colours.
    pub palette: Palette,
    /// Whether the mouse is heard.
    pub mouse: bool,
    /// What was not as it should be at the start.
    pub warnings: Vec<String>,
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
    Messages(MessagesView),
    Timeline,
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
    /// When the topmost of them took its place, since the start.
    opened: Duration,
    /// What is told once the screen was given back: nobody has read it there.
    pub parting: Vec<String>,
    /// What would be told then of the notice or table that is still open.
    unread: Vec<String>,
    /// When an order brought something last.
    brought: Option<Duration>,
    /// The order under way.
    pub running: Option<Running>,
    /// The run of many orders that it belongs to.
    pub run: Option<Run>,
    /// The program that a credential is waited for.
    program: Option<Program>,
    /// A word for a while.
    pub status: Option<Status>,
    /// What was said, kept.
    pub said: Said,
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
            opened: Duration::ZERO,
            parting: Vec::new(),
            unread: Vec::new(),
            brought: None,
            running: None,
            run: None,
            program: None,
            status: None,
            said: Said::default(),
            size,
            now,
            leaving: false,
            sweeping: true,
            aged_at: now.wall,
            last_id: 0,
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
        due.extend(self.spinner_due());
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
        let soonest = match self.shows_timeline() {
            true => self.soonest_change(self.list.view()),
            false => self.soonest_change(self.list.visible()),
        };
        Some(self.now.since_start + Duration::from_secs(soonest?.max(MINUTE)))
    }

    /// In how many seconds the first time of these rows reads differently; the
    /// first within a minute will do, and among thousands it is found soon.
    fn soonest_change<'a>(&self, rows: impl Iterator<Item = &'a list::Row>) -> Option<u64> {
        let mut soonest = None;
        for row in rows {
            let now = self.list.time_of(row.account, self.now.wall);
            let Some(reading) = row.last_known() else {
                continue;
            };
            let used = reading.token().map(|token| token.last_used_at);
            let times = [reading.ends_at(), used].into_iter().flatten();
            let waits = times
                .filter_map(Time::at)
                .map(|time| when::changes_in(time, now).unsigned_abs());
            soonest = waits.chain(soonest).min();
            if soonest.is_some_and(|wait| wait <= MINUTE) {
                break;
            }
        }
        soonest
    }

    /// Whether the timeline stands in the list's place.
    pub fn shows_timeline(&self) -> bool {
        let timeline = |layer: &Layer| matches!(layer, Layer::Timeline);
        self.layers.iter().any(timeline)
    }

    fn next_id(&mut self) -> EffectId {
        self.last_id += 1;
        self.last_id
    }

    /// Says something in the status line.
    fn say(&mut self, text: impl Into<String>) {
        self.tell(text.into(), false, STATUS);
    }

    fn say_bad(&mut self, text: impl Into<String>) {
        self.tell(text.into(), true, BAD_STATUS);
    }

    fn tell(&mut self, text: String, bad: bool, how_long: Duration) {
        self.said.keep(&text, bad, self.now.wall);
        self.status = Some(Status {
            text,
            bad,
            until: self.now.since_start + how_long,
        });
    }
}

/// The one way in which the state changes.
pub fn update(app: &mut App, message: Message, now: Moment) -> Vec<Effect> {
    app.now = now;
    let top = |app: &App| {
        (
            app.layers.len(),
            app.layers.last().map(std::mem::discriminant),
        )
    };
    let before = top(app);
    let mut effects = match message {
        Message::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
        Message::Key(key) => app.key(&key),
        Message::Paste(text) => {
            // It may be a credential.
            app.paste(&Zeroizing::new(text));
            Vec::new()
        }
        Message::Resize(width, height) => {
            let column = app.list.order().0;
            let was_shown = app.columns().shows(column);
            app.size = (width, height);
            app.list.set_height(layout::list_height(app.size));
            // The order stays, and the head that said so is gone.
            if was_shown && !app.columns().shows(column) {
                app.say_order();
            }
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
        Message::LeftOut(words) => {
            app.say_bad(words);
            Vec::new()
        }
        Message::Hosts(news) => app.hosts_news(news),
        Message::ClipboardGone(hold, gone) => app.gone_from_clipboard(hold, gone),
        Message::Click(target) => app.click(target),
        Message::Wheel { down } => {
            app.wheel(down);
            Vec::new()
        }
        Message::AuditTrails(slot) => {
            app.list.add_audit_trails(&slot);
            Vec::new()
        }
    };
    if top(app) != before {
        app.opened = now.since_start;
    }
    app.pass_time();
    app.lay_out_journal();
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

    fn reply(&mut self, id: EffectId, reply: Reply) -> Vec<Effect> {
        match reply {
            Reply::Listed(result) => self.listed(id, result),
            Reply::Identified(same) => self.identified(id, same),
            Reply::Reached(why) => return self.reached(id, why),
            Reply::Read(reading) => {
                if let Some(slot) = self.list.looked_at(id).cloned() {
                    self.list.answer(&slot, id, reading.clone(), self.now.wall);
                    self.seen_again(id, &slot, &reading);
                }
            }
            Reply::Prepared(preparation) => return self.prepared(id, *preparation),
            Reply::PreparedMany(preparation) => self.prepared_many(id, *preparation),
            Reply::Checked(result) => return self.checked(id, result),
            Reply::Outcome(outcome) => return self.outcome(id, *outcome),
            Reply::Delivered(result) => return self.delivered(id, result),
            Reply::Stored(result) => return self.stored(id, result),
            Reply::Who(result) => self.tested(id, result),
            Reply::Examined(result) => self.examined(id, result),
            Reply::Added(added) => return self.added(id, *added),
            Reply::Done(Ok(words)) => self.say(words),
            Reply::Done(Err(words)) => self.say_bad(words),
            Reply::Unfinished { orders, lines } => self.left_behind(orders, lines),
            Reply::Journal(result) => self.journal_read(id, result),
        }
        Vec::new()
    }

    /// Whether something is under way that its owner waits for.
    pub fn is_busy(&self) -> bool {
        let works = |layer: &Layer| match layer {
            Layer::New(dialog) => dialog.preparation.is_none(),
            Layer::Delete(dialog) => dialog.preparation.is_none(),
            Layer::Many(dialog) => {
                dialog.preparation.is_none() || dialog.to_read() > 0 || dialog.is_checking()
            }
            Layer::Panel(panel) => !panel.busy.is_empty(),
            Layer::Add(dialog) => matches!(dialog.stage, Stage::Checking(_) | Stage::Adding(_)),
            Layer::Offer(offer) => offer.writing.is_some(),
            Layer::Journal(view) => view.reading.is_some(),
            _ => false,
        };
        self.running.is_some()
            || self.list.is_reading()
            || self.program.is_some()
            || self.accounts.iter().any(|a| a.listing.is_some())
            || self.layers.iter().any(works)
    }

    /// When the spinner turns next: only while something is under way.
    fn spinner_due(&self) -> Option<Duration> {
        let turn = SPINNER.as_millis();
        let next = self.now.since_start.as_millis() / turn + 1;
        let next = u32::try_from(next).ok()?;
        self.is_busy().then(|| SPINNER * next)
    }

    /// How often the spinner has turned.
    pub fn spinner_turns(&self) -> usize {
        let turns = self.now.since_start.as_millis() / SPINNER.as_millis();
        usize::try_from(turns).unwrap_or(0)
    }

    /// How many organizations there are, whatever their slots.
    pub fn organizations(&self) -> usize {
        self.list.organizations()
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
