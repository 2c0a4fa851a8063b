//! How the hosts are doing: away, pausing, living by another clock.
//!
//! A host that cannot be reached is one line on the screen and not one for each
//! of its rows, and it is asked again by itself for as long as the screen is
//! open.

use std::time::Duration;

use jiff::SignedDuration;

use super::list::AccountId;
use super::{Account, App, Effect, EffectId, Moment};
use crate::fleet::HostNews;
use crate::slot::{Found, Reading};

/// How long a host that went away is left alone between two tries.
const AGAIN: Duration = Duration::from_secs(30);
/// Shorter pauses are over before one has read of them.
const WORTH_TELLING: Duration = Duration::from_secs(2);

/// How a host is doing.
#[derive(Debug, Default)]
pub struct Health {
    away: Option<Away>,
    /// How far its clock is ahead; zero while it agrees.
    pub clock: SignedDuration,
    /// Until when it wants no requests.
    pub paused_until: Option<Duration>,
}

#[derive(Debug)]
enum Away {
    /// Tried again then.
    Until(Duration),
    /// Being tried.
    Trying(EffectId),
}

impl Health {
    /// Whether it cannot be reached.
    pub fn is_away(&self) -> bool {
        self.away.is_some()
    }

    /// When something is due by itself; a pause is counted in seconds.
    pub(super) fn next_change(&self, now: Moment) -> Option<Duration> {
        let again = match self.away {
            Some(Away::Until(at)) => Some(at),
            _ => None,
        };
        let second = Duration::from_secs(now.since_start.as_secs() + 1);
        let pause = self.paused_until.map(|until| until.min(second));
        again.into_iter().chain(pause).min()
    }

    /// The owner does not want to wait.
    pub(super) fn try_now(&mut self, now: Moment) {
        if let Some(Away::Until(at)) = &mut self.away {
            *at = now.since_start;
        }
    }
}

impl App {
    pub(super) fn hosts_news(&mut self, news: Vec<HostNews>) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (account, news) in news.into_iter().enumerate().take(self.accounts.len()) {
            self.list.set_clock(account, news.clock, self.now.wall);
            let health = &mut self.accounts[account].health;
            health.clock = news.clock;
            health.paused_until = news
                .pause
                .filter(|pause| *pause >= WORTH_TELLING)
                .map(|pause| self.now.since_start + pause);
            match news.away {
                Some(why) => self.gone(account, why),
                None => effects.extend(self.back_again(account)),
            }
        }
        effects
    }

    /// A host cannot be reached: nothing more is asked of it for a while.
    fn gone(&mut self, account: AccountId, why: String) {
        let entry = &mut self.accounts[account];
        entry.problem = Some(why.clone());
        if entry.health.is_away() {
            return;
        }
        entry.health.away = Some(Away::Until(self.now.since_start + AGAIN));
        // It stands in the status line for as long as it holds.
        self.said.keep(&why, true, self.now.wall);
        let prefix = format!("{}: ", entry.host);
        let why = why.strip_prefix(&prefix).unwrap_or(&why).into();
        let failed = Reading {
            found: Found::Failed,
            note: Some(why),
            policy: None,
            at: self.now.wall,
        };
        self.list.spoil(account, &failed, self.now.wall);
    }

    /// A host answers again: everything of it is read again.
    fn back_again(&mut self, account: AccountId) -> Vec<Effect> {
        let entry = &mut self.accounts[account];
        if entry.health.away.take().is_none() {
            return Vec::new();
        }
        entry.problem = None;
        self.list.want_account(account);
        self.ask_for_organizations(account)
    }

    /// Tries the hosts whose time has come.
    pub(super) fn reach_again(&mut self) -> Vec<Effect> {
        let now = self.now.since_start;
        let mut effects = Vec::new();
        for account in 0..self.accounts.len() {
            let health = &mut self.accounts[account].health;
            health.paused_until.take_if(|until| *until <= now);
            let due = matches!(health.away, Some(Away::Until(at)) if at <= now);
            if due {
                let id = self.next_id();
                self.accounts[account].health.away = Some(Away::Trying(id));
                effects.push(Effect::Reach { id, account });
            }
        }
        effects
    }

    pub(super) fn reached(&mut self, id: EffectId, why: Option<String>) -> Vec<Effect> {
        let trying =
            |account: &Account| matches!(account.health.away, Some(Away::Trying(of)) if of == id);
        let Some(account) = self.accounts.iter().position(trying) else {
            return Vec::new();
        };
        match why {
            None => self.back_again(account),
            Some(why) => {
                let entry = &mut self.accounts[account];
                entry.problem = Some(why);
                entry.health.away = Some(Away::Until(self.now.since_start + AGAIN));
                Vec::new()
            }
        }
    }
}
