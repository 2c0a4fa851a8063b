//! The secret panel: the one new secret, where it is, and what a key can do
//! with it. Says nothing about a place that the place has not confirmed.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::Moment;
use super::dialogs::{sentence, turned};
use super::field::Field;
use super::keys::{Command, Context, Pressed};
use super::message::{EffectId, Gone, NotDelivered};
use crate::action::{Delivery, Generated, Verb};
use crate::delivery::{Delivered, Destination, Facts, HoldId};
use crate::fleet::{Own, in_brackets};
use crate::secret::Secret;
use crate::slot::{Identity, Slot, Token};

/// How long a revealed secret stays so.
pub const REVEAL: Duration = Duration::from_secs(30);
/// A `k` that comes sooner after the panel opened was meant for the list, where
/// it moves: nobody reads a panel in less time.
const MEANT: Duration = Duration::from_millis(200);
/// The word that replaces a file.
pub const REPLACE: &str = "replace";
/// What stands for a secret.
pub const MASK: &str = "••••••••";

/// How the note begins that holds until the new secret is stored as well.
const OLD_STORED: &str = "The old one is still stored in ";

/// A place that the secret was brought to.
#[derive(Debug)]
pub struct Place {
    /// What it is called.
    pub words: String,
    /// Whether it confirmed (OSC 52 does not).
    pub certain: bool,
    /// When it clears, by the program's clock since its start.
    pub clears_at: Option<Duration>,
    /// Whether it is gone from there.
    pub gone: Option<Gone>,
    /// Whether this is a clipboard, which holds one thing at a time.
    pub clipboard: bool,
    /// What else the owner should know.
    pub note: Option<String>,
}

/// The panel.
#[derive(Debug)]
pub struct Panel {
    /// Whose token it is.
    pub slot: Slot,
    /// What was done.
    pub verb: Verb,
    /// The token, as the server described it.
    pub token: Token,
    /// The expiry that was asked for.
    pub asked: Option<Timestamp>,
    /// Where the secret is.
    pub places: Vec<Place>,
    /// Until when it is revealed.
    pub revealed_until: Option<Duration>,
    /// What went wrong last.
    pub problem: Option<String>,
    /// What went well last.
    pub said: Option<String>,
    /// What is under way, the latest last.
    pub busy: Vec<(EffectId, String)>,
    /// The path that is being typed for `w`.
    pub path: Option<Field>,
    /// The file that is in the secret's place, and the word that is being typed
    /// to replace it.
    pub replacing: Option<(Destination, Field)>,
    /// What else is to be known.
    pub notes: Vec<String>,
    /// The names of the configured deliveries.
    pub deliveries: Vec<String>,
    /// Which of them is offered, while one is being chosen.
    pub choosing: Option<usize>,
    keyring: bool,
    can_store: bool,
    opened: Duration,
    secret: Secret,
    hold: HoldId,
    order: String,
    delivered_once: bool,
    /// Whether the secret was entered among the undelivered ones once more, since
    /// the place that it was delivered to has it no longer.
    pub(super) held_again: bool,
}

/// What the panel wants after a key.
#[derive(Debug)]
pub enum Wish {
    /// Nothing but a redraw.
    Stay,
    /// To be closed.
    Close,
    /// To copy the secret, to the clipboard that is meant here.
    Copy,
    /// To bring the secret to a place.
    Deliver(Destination),
    /// To bring the secret to a place in which a file is, which goes.
    Replace(Destination),
    /// To store it as the owner's credential, where the old one is.
    Store,
    /// To ask the host whom it authenticates.
    Test,
}

impl Panel {
    /// A panel for a new token.
    pub fn new(
        slot: Slot,
        done: Generated,
        deliveries: Vec<String>,
        keyring: bool,
        now: Moment,
    ) -> Self {
        let mut notes = Vec::new();
        if done.own == Own::Yes {
            notes.push(format!(
                "It was your credential{}: this program goes on with the new one.",
                in_brackets(done.account.as_deref())
            ));
            let next = match done.can_store {
                true => "s stores the new one there",
                false => "change it there",
            };
            notes.extend(
                done.stored
                    .map(|origin| format!("{OLD_STORED}{origin}: {next}.")),
            );
        }
        notes.extend(done.note.as_deref().map(sentence));
        let verb = match done.before {
            Identity::None => Verb::Generate,
            _ => Verb::Replace,
        };
        let mut panel = Self {
            slot,
            verb,
            token: done.token,
            asked: done.asked,
            places: Vec::new(),
            revealed_until: None,
            problem: None,
            said: None,
            busy: Vec::new(),
            path: None,
            replacing: None,
            notes,
            deliveries,
            choosing: None,
            keyring,
            can_store: done.can_store,
            opened: now.since_start,
            secret: done.secret,
            hold: done.hold,
            order: done.order,
            delivered_once: false,
            held_again: false,
        };
        match done.delivery {
            Delivery::Delivered(delivered) => panel.arrived(delivered, now),
            Delivery::Kept => {}
            Delivery::Failed { to, why } => {
                panel.problem = Some(format!("not delivered to {to}: {why}"));
            }
        }
        panel
    }

    /// The secret's number among those not yet delivered.
    pub fn hold(&self) -> HoldId {
        self.hold
    }

    /// The order's number in the journal.
    pub fn order(&self) -> &str {
        &self.order
    }

    /// A handle to the secret, for a delivery.
    pub fn secret(&self) -> Secret {
        self.secret.clone()
    }

    /// What a delivery may name.
    pub fn facts(&self) -> Facts {
        Facts {
            slot: self.slot.clone(),
            id: Some(self.token.id.to_string()),
            expires_at: self.token.expires_at.at(),
        }
    }

    /// Whether the secret was certainly brought to a place.
    pub fn is_delivered(&self) -> bool {
        self.delivered_once
    }

    /// The text for the screen: the secret only while it is revealed.
    pub fn text(&self) -> &str {
        if self.revealed_until.is_some() {
            self.secret.expose()
        } else {
            MASK
        }
    }

    /// Hides a revealed secret.
    pub fn hide(&mut self) {
        self.revealed_until = None;
    }

    /// Something is under way.
    pub fn begin(&mut self, id: EffectId, words: String) {
        self.busy.push((id, words));
        self.problem = None;
        self.said = None;
    }

    /// It is no longer; false if it was not begun here.
    pub fn end(&mut self, id: EffectId) -> bool {
        let before = self.busy.len();
        self.busy.retain(|(busy, _)| *busy != id);
        self.busy.len() < before
    }

    /// The secret is at a place.
    pub fn arrived(&mut self, delivered: Delivered, now: Moment) {
        self.delivered_once |= delivered.certain;
        // Only a clipboard has a keeper, or clears by itself.
        let clipboard = delivered.keeper.is_some() || delivered.clears_after.is_some();
        self.places
            .retain(|place| !(place.clipboard && clipboard) && place.words != delivered.place);
        self.places.push(Place {
            words: delivered.place,
            certain: delivered.certain,
            clears_at: delivered.clears_after.map(|after| now.since_start + after),
            gone: None,
            clipboard,
            note: delivered.note,
        });
        self.problem = None;
    }

    /// The secret is stored as the owner's credential, where the old one was.
    pub fn stored(&mut self, delivered: Delivered, now: Moment) {
        self.can_store = false;
        self.notes.retain(|note| !note.starts_with(OLD_STORED));
        self.arrived(delivered, now);
    }

    /// The secret is not there. Where a file is in its place, the owner is asked
    /// for the word that replaces it.
    pub fn not_delivered(&mut self, not: NotDelivered) {
        self.problem = Some(not.why);
        if let Some(to) = not.taken {
            self.replacing = Some((to, Field::default()));
        }
    }

    /// The field that is being typed in.
    pub fn field(&mut self) -> Option<&mut Field> {
        let word = self.replacing.as_mut().map(|(_, word)| word);
        word.or(self.path.as_mut())
    }

    /// The clipboard does not hold it any more.
    pub fn gone_from_clipboard(&mut self, gone: Gone) {
        for place in self.places.iter_mut().filter(|place| place.clipboard) {
            place.gone = Some(gone);
        }
        // Who held it ended without a word: nobody can say that its owner had
        // the time to paste it.
        if gone == Gone::Unknown {
            let live = |place: &Place| place.certain && place.gone.is_none();
            self.delivered_once = self.places.iter().any(live);
        }
    }

    /// The next moment at which something here changes by itself.
    pub fn next_change(&self, now: Moment) -> Option<Duration> {
        let counting = self.places.iter().any(|place| {
            place.gone.is_none() && place.clears_at.is_some_and(|at| at > now.since_start)
        });
        let second = counting.then(|| Duration::from_secs(now.since_start.as_secs() + 1));
        match (second, self.revealed_until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Moment) {
        if self
            .revealed_until
            .is_some_and(|until| until <= now.since_start)
        {
            self.hide();
        }
    }

    /// What has the keys.
    pub fn context(&self) -> Context {
        match (&self.replacing, &self.path, self.choosing) {
            (Some(_), ..) => Context::Replacing,
            (None, Some(_), _) => Context::Path,
            (None, None, Some(_)) => Context::Choosing,
            (None, None, None) => Context::Panel,
        }
    }

    /// Takes a key.
    pub fn key(&mut self, pressed: Pressed, now: Moment) -> Wish {
        match self.context() {
            Context::Replacing => self.replacing_key(pressed),
            Context::Path => self.path_key(pressed),
            Context::Choosing => self.choosing_key(pressed.command),
            _ => self.panel_key(pressed.command, now),
        }
    }

    fn replacing_key(&mut self, Pressed { command, key }: Pressed) -> Wish {
        let Some((to, word)) = &mut self.replacing else {
            return Wish::Stay;
        };
        match command {
            Some(Command::Close) => {
                self.replacing = None;
                self.problem = None;
            }
            Some(Command::Act) if word.text() == REPLACE => {
                let to = to.clone();
                self.replacing = None;
                return Wish::Replace(to);
            }
            _ => {
                word.key(key);
            }
        }
        Wish::Stay
    }

    fn path_key(&mut self, Pressed { command, key }: Pressed) -> Wish {
        let Some(path) = &mut self.path else {
            return Wish::Stay;
        };
        match command {
            Some(Command::Close) => self.path = None,
            Some(Command::Act) if !path.text().trim().is_empty() => {
                let to = Destination::File(PathBuf::from(path.text()));
                self.path = None;
                return Wish::Deliver(to);
            }
            _ => {
                path.key(key);
            }
        }
        Wish::Stay
    }

    fn choosing_key(&mut self, command: Option<Command>) -> Wish {
        let Some(at) = self.choosing else {
            return Wish::Stay;
        };
        let count = self.deliveries.len();
        match command {
            Some(Command::Close) => self.choosing = None,
            Some(Command::Earlier) => self.choosing = Some(turned(at, -1, count)),
            Some(Command::Later) => self.choosing = Some(turned(at, 1, count)),
            Some(Command::Act) => {
                self.choosing = None;
                return Wish::Deliver(Destination::Named(self.deliveries[at].clone()));
            }
            _ => {}
        }
        Wish::Stay
    }

    fn panel_key(&mut self, command: Option<Command>, now: Moment) -> Wish {
        let Some(command) = command.filter(|command| self.can(*command)) else {
            return Wish::Stay;
        };
        match command {
            Command::Close => return Wish::Close,
            Command::Reveal => {
                self.revealed_until = match self.revealed_until {
                    Some(_) => None,
                    None => Some(now.since_start + REVEAL),
                };
            }
            // In the list it copies a name, and what is pasted next would be this.
            Command::Copy if self.is_meant(now) => {
                return Wish::Copy;
            }
            Command::Write => self.path = Some(Field::default()),
            Command::Deliver => self.choosing = Some(0),
            Command::Keyring if self.is_meant(now) => {
                return Wish::Deliver(Destination::Keyring);
            }
            Command::Store if self.is_meant(now) => return Wish::Store,
            Command::Test => return Wish::Test,
            _ => {}
        }
        Wish::Stay
    }

    /// Whether a command does something now.
    fn can(&self, command: Command) -> bool {
        let idle = self.busy.is_empty();
        match command {
            Command::Copy | Command::Write | Command::Test => idle,
            Command::Deliver => idle && !self.deliveries.is_empty(),
            Command::Keyring => idle && self.keyring,
            Command::Store => idle && self.can_store,
            _ => true,
        }
    }

    /// What the key bar says of a command: nothing while it does nothing.
    pub fn word(&self, command: Command, usual: &'static str) -> Option<&'static str> {
        match (self.context(), command) {
            (Context::Panel, Command::Reveal) if self.revealed_until.is_some() => Some("hide"),
            (Context::Panel, command) => self.can(command).then_some(usual),
            (Context::Replacing, Command::Act) => {
                let typed = self.replacing.as_ref();
                typed
                    .is_some_and(|(_, word)| word.text() == REPLACE)
                    .then_some(usual)
            }
            (Context::Path, Command::Act) => {
                let typed = self.path.as_ref();
                typed
                    .is_some_and(|path| !path.text().trim().is_empty())
                    .then_some(usual)
            }
            (Context::Choosing, Command::Earlier) => (self.deliveries.len() > 1).then_some(usual),
            _ => Some(usual),
        }
    }

    fn is_meant(&self, now: Moment) -> bool {
        now.since_start >= self.opened + MEANT
    }
}
