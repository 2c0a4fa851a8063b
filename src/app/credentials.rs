//! Credentials that need their owner: typed, or given by a program that may
//! have to ask for something.
//!
//! Nothing is asked of a host before its credential is there: an entry whose
//! credential is to be typed waits for that, however long it takes.

use std::time::Duration;

use super::account::{Account, Asking};
use super::dialogs::{AskDialog, ProgramDialog, Typed};
use super::keys::{Command, Pressed};
use super::list::AccountId;
use super::{App, Effect, Layer};
use crate::credentials::Progress;
use crate::slot::{Found, Reading, Slot, State};

/// How long a program runs before it is named.
const QUIET: Duration = Duration::from_secs(30);

/// A program that is to give a credential.
#[derive(Clone, Debug)]
pub struct Program {
    name: String,
    since: Duration,
}

impl App {
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
                note: Some(why.as_str().into()),
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
