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
mod many;
pub mod masked;
pub mod message;
mod orders;
pub mod panel;
mod past;
mod reading;
pub mod run;
mod secrets;
pub mod when;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use zeroize::Zeroizing;

use self::dialogs::{
    AddDialog, AskDialog, Deed, DeleteDialog, JournalView, LeaveDialog, Leftovers, ManyDialog,
    NewDialog, Notice, OfferDialog, ProgramDialog,
};
use self::field::Field;
pub use self::health::Health;
use self::help::Help;
pub use self::hosts::Account;
use self::hosts::Program;
use self::keys::{Command, Keymap};
use self::list::{AccountId, Column, List};
pub use self::message::{
    Choice, Effect, EffectId, Gone, Known, ManyPreparation, Message, NotDelivered, Preparation,
    Reply,
};
use self::panel::Panel;
use self::run::{Report, Run};
use crate::action::{Order, Step, Verb};
use crate::expiry::Expiry;
use crate::slot::{Rules, Slot, Time};

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
    /// Whether only some of the configured hosts and organizations are here.
    pub narrowed: bool,
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
            Layer::Report(report) => self.report_key(report, key),
            Layer::Notice(notice) => self.notice_key(notice, key),
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

    fn reply(&mut self, id: EffectId, reply: Reply) -> Vec<Effect> {
        match reply {
            Reply::Listed(result) => self.listed(id, result),
            Reply::Identified(same) => self.identified(id, same),
            Reply::Reached(why) => return self.reached(id, why),
            Reply::Read(reading) => {
                if let Some(slot) = self.list.looked_at(id).cloned() {
                    self.list.answer(&slot, id, reading, self.now.wall);
                }
            }
            Reply::Prepared(preparation) => return self.prepared(id, *preparation),
            Reply::PreparedMany(preparation) => self.prepared_many(id, *preparation),
            Reply::Checked(result) => return self.checked(id, result),
            Reply::Outcome(outcome) => return self.outcome(id, *outcome),
            Reply::Delivered(result) => self.delivered(id, result),
            Reply::Stored(result) => self.stored(id, result),
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
