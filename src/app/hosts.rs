//! Host entries while the program runs: offered at the first start, added by
//! hand, and with a credential that is typed, or given by a program that needs
//! its owner.
//!
//! Nothing is asked of a host before its credential is there: an entry whose
//! credential is to be typed waits for that, however long it takes.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::dialogs::{
    AddDialog, AskDialog, Notice, OfferDialog, Offered, Place, ProgramDialog, Stage, Typed, Wanted,
};
use super::keys::{Command, Pressed};
use super::list::AccountId;
use super::message::{Added, Addition, Candidate, CheckProblem, Effect, EffectId};
use super::{App, Health, Layer};
use crate::config::{CredentialSource, HostConfig, Organizations};
use crate::credentials::Progress;
use crate::fleet::Fleet;
use crate::slot::{Found, Host, Reading, Slot, State};

/// How long a program runs before it is named.
const QUIET: Duration = Duration::from_secs(30);

/// Whether the owner types an entry's credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// It comes from elsewhere.
    Never,
    /// It is to be typed, and nothing is asked of the host before.
    Wanted,
    /// The owner did not want to.
    Declined,
    /// It was typed.
    Done,
}

/// A program that is to give a credential.
#[derive(Clone, Debug)]
pub struct Program {
    name: String,
    since: Duration,
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
    pub(super) seen: HashSet<Arc<str>>,
    /// Whether its credential is typed.
    pub asking: Asking,
    /// The listing that is under way.
    pub listing: Option<EffectId>,
    /// Why there is no listing, or why the host cannot be reached.
    pub problem: Option<String>,
    /// How the host is doing.
    pub health: Health,
    /// What an earlier run saw, until the rows are made of it.
    pub remembered: Vec<(Slot, Arc<Reading>)>,
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

    /// Whether all that it can see has a row.
    pub(super) fn is_listed(&self) -> bool {
        let listed = !self.seen.is_empty() && self.listing.is_none() && self.problem.is_none();
        self.organizations.is_some() || listed
    }

    /// Whether it is known to see a slot.
    pub(super) fn sees(&self, slot: &Slot) -> bool {
        let name = &slot.organization;
        let configured = self.organizations.as_ref();
        self.host == slot.host
            && (self.seen.contains(name) || configured.is_some_and(|names| names.contains(name)))
    }

    /// Every host entry of a fleet, with what an earlier run saw of it.
    pub fn all_of(fleet: &Fleet) -> Vec<Self> {
        let entries = fleet.entries();
        let accounts = entries.iter().enumerate().map(|(at, entry)| Self {
            remembered: fleet.remembered(at),
            ..Self::of(&entry.config)
        });
        accounts.collect()
    }

    /// The entry that a configuration means.
    pub fn of(config: &HostConfig) -> Self {
        let organizations = match &config.organizations {
            Organizations::All => None,
            Organizations::Listed(names) => Some(names.clone()),
        };
        let asking = match config.credential {
            CredentialSource::Ask => Asking::Wanted,
            _ => Asking::Never,
        };
        Self {
            asking,
            ..Self::new(config.host.clone(), config.account.clone(), organizations)
        }
    }

    /// Whether its host may be asked for something.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self.asking, Asking::Never | Asking::Done)
    }
}

impl App {
    /// Offers hosts, where there is no configuration yet.
    pub fn offer(&mut self, offer: OfferDialog) {
        self.layers.push(Layer::Offer(offer));
    }

    /// Whether nothing was agreed to yet.
    pub(super) fn is_offering(&self) -> bool {
        self.layers
            .iter()
            .any(|layer| matches!(layer, Layer::Offer(_)))
    }

    pub(super) fn offer_key(
        &mut self,
        mut offer: OfferDialog,
        command: Option<Command>,
    ) -> Vec<Effect> {
        let effects = match offer.key(command) {
            Offered::Declined => return vec![Effect::Decline],
            Offered::Stay => Vec::new(),
            Offered::Agreed => {
                let id = self.next_id();
                offer.writing = Some(id);
                let what = Addition::Offered(offer.entries());
                vec![Effect::Add { id, what }]
            }
        };
        self.layers.push(Layer::Offer(offer));
        effects
    }

    // ---- adding

    pub(super) fn open_add(&mut self) {
        if self.settings.demo {
            self.say_bad("--demo has made-up hosts only; start without it to add yours");
            return;
        }
        let lists = self.accounts.iter().enumerate();
        let places = lists
            .filter(|(_, account)| account.organizations.is_some())
            .map(|(at, account)| Place::Organization {
                account: at,
                host: account.host.clone(),
                label: account.label.clone(),
            });
        let dialog = AddDialog::new(places);
        self.layers.push(Layer::Add(Box::new(dialog)));
    }

    pub(super) fn add_key(&mut self, mut dialog: Box<AddDialog>, pressed: Pressed) -> Vec<Effect> {
        let effects = match dialog.key(pressed) {
            Wanted::Close => return Vec::new(),
            Wanted::Stay => Vec::new(),
            Wanted::Check(candidate) => match self.known_already(&candidate) {
                Some(why) => {
                    dialog.problem = Some(why);
                    Vec::new()
                }
                None => {
                    let id = self.next_id();
                    dialog.stage = Stage::Checking(id);
                    dialog.problem = None;
                    vec![Effect::Examine { id, candidate }]
                }
            },
            Wanted::Add(what) => {
                let id = self.next_id();
                dialog.stage = Stage::Adding(id);
                vec![Effect::Add { id, what }]
            }
        };
        self.layers.push(Layer::Add(dialog));
        effects
    }

    fn known_already(&self, candidate: &Candidate) -> Option<String> {
        match candidate {
            Candidate::Host { config, .. } => self
                .accounts
                .iter()
                .any(|known| known.host == config.host && known.label == config.account)
                .then(|| {
                    format!(
                        "{} is there already; a second entry needs another account",
                        config.host
                    )
                }),
            Candidate::Organization { account, name } => {
                let host = &self.accounts.get(*account)?.host;
                let slot = Slot::new(host, name);
                self.list
                    .row(&slot)
                    .map(|_| format!("{slot} is there already"))
            }
        }
    }

    pub(super) fn examined(
        &mut self,
        id: EffectId,
        result: Result<(String, Addition), CheckProblem>,
    ) {
        let dialog = self.layers.iter_mut().find_map(|layer| match layer {
            Layer::Add(dialog) => Some(dialog),
            _ => None,
        });
        if let Some(dialog) = dialog {
            dialog.checked(id, result);
        }
    }

    /// What was added is on the screen, whether the file could be written or not.
    pub(super) fn added(&mut self, id: EffectId, added: Added) -> Vec<Effect> {
        self.layers.retain(|layer| match layer {
            Layer::Offer(offer) => offer.writing != Some(id),
            Layer::Add(dialog) => !matches!(dialog.stage, Stage::Adding(adding) if adding == id),
            _ => true,
        });
        let mut effects = Vec::new();
        let words = match added.what {
            Addition::Offered(configs) => {
                let count = configs.len();
                for config in configs {
                    effects.extend(self.enter(Account::of(&config)));
                }
                format!("{count} host{}", if count == 1 { "" } else { "s" })
            }
            Addition::Host(config) => {
                let mut account = Account::of(&config);
                if account.asking == Asking::Wanted {
                    // It was typed for the check.
                    account.asking = Asking::Done;
                }
                effects.extend(self.enter(account));
                config.host.to_string()
            }
            Addition::Organization { account, name } => {
                let Some(entry) = self.accounts.get_mut(account) else {
                    return effects;
                };
                let slot = Slot::new(&entry.host, &name);
                entry.organizations.get_or_insert_default().push(name);
                let words = slot.to_string();
                self.list.add([(slot, account)]);
                words
            }
        };
        match added.written {
            Ok(file) => self.say(format!("{words} added to {file}")),
            Err(error) => {
                let mut lines = vec![
                    format!("{words}: on the screen until you leave."),
                    format!("{} could not be changed: {}.", error.file, error.why),
                    "To keep it, write these lines there:".to_owned(),
                ];
                lines.extend(error.paste.lines().map(|line| format!("  {line}")));
                self.layers.push(Layer::Notice(Notice {
                    title: "Not written".to_owned(),
                    lines,
                    bad: true,
                    next: None,
                }));
            }
        }
        effects
    }

    fn enter(&mut self, account: Account) -> Vec<Effect> {
        self.accounts.push(account);
        self.ask_for_organizations(self.accounts.len() - 1)
    }

    // ---- credentials that are typed

    /// Opens the dialog for the next entry that waits for its credential.
    pub(super) fn ask_for_credentials(&mut self) {
        let open = |layer: &Layer| matches!(layer, Layer::Ask(_));
        if self.layers.iter().any(open) {
            return;
        }
        let waits = |account: &Account| account.asking == Asking::Wanted;
        if let Some(at) = self.accounts.iter().position(waits) {
            let account = &self.accounts[at];
            let dialog = AskDialog::new(at, account.host.clone(), account.label.clone());
            self.layers.push(Layer::Ask(Box::new(dialog)));
        }
    }

    pub(super) fn ask_key(&mut self, mut dialog: Box<AskDialog>, pressed: Pressed) -> Vec<Effect> {
        let account = dialog.account;
        let effects = match dialog.key(pressed) {
            Typed::Stay => {
                self.layers.push(Layer::Ask(dialog));
                return Vec::new();
            }
            Typed::Later => {
                self.decline(account);
                Vec::new()
            }
            Typed::Credential(credential) => {
                self.accounts[account].asking = Asking::Done;
                self.accounts[account].problem = None;
                self.list.want_account(account);
                let mut effects = vec![Effect::Give {
                    account,
                    credential,
                }];
                effects.extend(self.identify(account));
                effects.extend(self.ask_for_organizations(account));
                effects
            }
        };
        self.ask_for_credentials();
        effects
    }

    fn decline(&mut self, account: AccountId) {
        let now = self.now.wall;
        let key = self.settings.keymap.key(Command::Refresh);
        let why = format!("its credential is to be typed, and was not; {key} asks for it again");
        let entry = &mut self.accounts[account];
        entry.asking = Asking::Declined;
        entry.problem = Some(format!("{}: {why}", entry.host));
        for slot in self.slots_of(account) {
            let reading = Reading {
                found: Found::Unauthorized,
                note: Some(why.clone()),
                policy: None,
                at: now,
            };
            self.list.know(&slot, reading, now);
        }
    }

    fn slots_of(&self, account: AccountId) -> Vec<Slot> {
        let rows = self.list.rows().iter();
        rows.filter(|row| row.account == account)
            .map(|row| row.slot.clone())
            .collect()
    }

    /// What must come before a slot in this state is read again: its entry may
    /// have no connection yet. Nothing where the credential is typed first.
    pub(super) fn before_reading(
        &mut self,
        account: AccountId,
        state: State,
    ) -> Option<Vec<Effect>> {
        if !matches!(state, State::Unauthorized | State::Failed) {
            return Some(Vec::new());
        }
        let asking = self.accounts[account].asking;
        if asking == Asking::Declined || asking == Asking::Done && state == State::Unauthorized {
            self.accounts[account].asking = Asking::Wanted;
            self.ask_for_credentials();
            return None;
        }
        Some(vec![Effect::Retry { account }])
    }

    /// Tries every entry again that could not be connected.
    pub(super) fn before_reading_all(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (at, account) in self.accounts.iter_mut().enumerate() {
            match account.asking {
                Asking::Declined => account.asking = Asking::Wanted,
                Asking::Wanted => {}
                Asking::Never | Asking::Done => {
                    let trouble = [State::Unauthorized, State::Failed];
                    let mut rows = self.list.rows().iter();
                    if account.problem.is_some()
                        || rows.any(|row| row.account == at && trouble.contains(&row.state()))
                    {
                        effects.push(Effect::Retry { account: at });
                    }
                }
            }
        }
        self.ask_for_credentials();
        effects
    }

    // ---- programs that give credentials

    pub(super) fn program(&mut self, progress: Progress) {
        self.program = match progress {
            Progress::Began(name) => Some(Program {
                name,
                since: self.now.since_start,
            }),
            Progress::Ended => None,
        };
    }

    /// The name of the program that is waited for, if that takes long.
    pub fn waiting_for(&self) -> Option<&str> {
        let program = self.program.as_ref()?;
        let named = self.now.since_start >= program.since + QUIET;
        named.then_some(&program.name)
    }

    /// When a program is going to be named.
    pub(super) fn program_named_at(&self) -> Option<Duration> {
        let at = self.program.as_ref()?.since + QUIET;
        (at > self.now.since_start).then_some(at)
    }

    /// A program failed without a terminal. The dialog never takes the keys
    /// from another that is open.
    pub(super) fn program_failed(&mut self, account: AccountId, why: String) {
        let Some(entry) = self.accounts.get(account) else {
            return;
        };
        let host = entry.host.clone();
        self.layers
            .retain(|layer| !matches!(layer, Layer::Program(old) if old.account == account));
        let dialog = ProgramDialog { account, host, why };
        self.layers.insert(0, Layer::Program(dialog));
    }

    pub(super) fn program_key(
        &mut self,
        dialog: ProgramDialog,
        command: Option<Command>,
    ) -> Vec<Effect> {
        match command {
            Some(Command::Close) => Vec::new(),
            Some(Command::Act) => {
                let account = dialog.account;
                vec![Effect::OnTerminal { account }]
            }
            _ => {
                self.layers.push(Layer::Program(dialog));
                Vec::new()
            }
        }
    }

    /// A program gave its credential with the terminal in its hands, or not.
    pub(super) fn obtained(
        &mut self,
        account: AccountId,
        result: Result<(), String>,
    ) -> Vec<Effect> {
        if account >= self.accounts.len() {
            return Vec::new();
        }
        match result {
            Ok(()) => {
                self.accounts[account].problem = None;
                self.list.want_account(account);
                let mut effects = self.identify(account);
                effects.extend(self.ask_for_organizations(account));
                effects
            }
            Err(why) => {
                self.program_failed(account, why);
                Vec::new()
            }
        }
    }
}
