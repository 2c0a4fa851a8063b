//! What comes in (messages) and what goes out (effects): data only, so that a
//! key press can be followed to the server and back by reading types, and a
//! test needs no runtime. Neither prints a payload.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::KeyEvent;
use jiff::Timestamp;

use super::dialogs;
use super::list::AccountId;
use url::Url;

use crate::action::{Order, Outcome, Step};
use crate::config::HostConfig;
use crate::config::edit::EditError;
use crate::credentials::{Credential, Progress};
use crate::delivery::{Delivered, Destination, Facts, HoldId};
use crate::fleet::{HostNews, Look, Own};
use crate::journal::{Entry, LeftOpen};
use crate::secret::Secret;
use crate::slot::{Identity, Reading, Slot};

/// The number that ties a reply to its effect.
pub type EffectId = u64;

/// Something that happened.
pub enum Message {
    /// A key.
    Key(KeyEvent),
    /// Pasted text.
    Paste(String),
    /// The window's size, in columns and lines.
    Resize(u16, u16),
    /// The window got (or lost) the focus.
    Focus(bool),
    /// [`super::App::next_deadline`] has come.
    Deadline,
    /// Ctrl-C as a signal: like the key.
    Interrupt,
    /// The program is back from a suspend.
    Resumed,
    /// An effect has come further.
    Step(EffectId, Step),
    /// An effect's final reply.
    Reply(EffectId, Reply),
    /// A copied secret is not on the clipboard any more.
    ClipboardGone(HoldId, Gone),
    /// The host of this organization is proven to have audit trail tokens.
    AuditTrails(Slot),
    /// A program that gives a credential has begun or ended.
    Program(Progress),
    /// The program of a host entry gave no credential, and why.
    ProgramFailed(AccountId, String),
    /// The same program had the terminal, and gave one or not.
    Obtained(AccountId, Result<(), String>),
    /// A page of the organizations that a host entry can see.
    Page(EffectId, Vec<Arc<str>>),
    /// That a listing named organizations which are not shown, in words.
    LeftOut(String),
    /// How each host entry is doing, in their order.
    Hosts(Vec<HostNews>),
    /// A click on something that was drawn.
    Click(Target),
    /// The wheel was turned.
    Wheel {
        /// Towards the end.
        down: bool,
    },
}

/// What a click may hit: by its name, as it was when it was drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A row of the list, or its place in the timeline.
    Row(Slot),
    /// A button, or a key in the key bar: the click is that key.
    Key(KeyEvent),
    /// A part of a dialog, which takes the keys from then on.
    Part(DialogPart),
}

/// A part of a dialog that can take the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialogPart {
    /// Of the dialog for a new token.
    New(dialogs::Focus),
    /// Of the one for many slots.
    Many(dialogs::ManyFocus),
    /// Of the one that adds a host or an organization.
    Add(dialogs::Part),
}

/// Why a copied secret is not on the clipboard any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It was cleared, at its time or on request.
    Cleared,
    /// Something else was copied.
    Replaced,
    /// Whoever held it ended without a word.
    Unknown,
}

/// Why a secret is not where it was sent; it is in the panel still.
pub struct NotDelivered {
    /// In words.
    pub why: String,
    /// Where a file is in its place that the owner may want to replace.
    pub taken: Option<Destination>,
}

/// What became of an effect.
pub enum Reply {
    /// The organizations that a host entry can see.
    Listed(Result<Vec<Arc<str>>, String>),
    /// Whether the account that asks is the one that an earlier run remembered.
    Identified(bool),
    /// Why a host still cannot be reached, if so.
    Reached(Option<String>),
    /// A look at a slot.
    Read(Arc<Reading>),
    /// What a dialog must know before anything can be sent.
    Prepared(Box<Preparation>),
    /// What the dialog for many slots must know.
    PreparedMany(Box<ManyPreparation>),
    /// Whether a destination can take a secret of each slot, or why not.
    Checked(Result<(), String>),
    /// An order's outcome.
    Outcome(Box<Outcome>),
    /// A secret that was in the panel is where it was sent, or why not.
    Delivered(Result<Delivered, NotDelivered>),
    /// A secret is stored as its owner's credential, or why not.
    Stored(Result<Delivered, String>),
    /// Whom the secret authenticates.
    Who(Result<String, String>),
    /// Something small was done, or why not; the words are for the status line.
    Done(Result<String, String>),
    /// What earlier runs left behind.
    Unfinished {
        /// Orders without an outcome, or whose secret is nowhere.
        orders: Vec<LeftOpen>,
        /// What else: one line each.
        lines: Vec<String>,
    },
    /// The orders of the journal, oldest first; or why it cannot be read.
    Journal(Result<Vec<Entry>, String>),
    /// What a host says to what is to be added, in words, or why it cannot be.
    Examined(Result<(String, Addition), CheckProblem>),
    /// Something was added.
    Added(Box<Added>),
}

/// Something that may be added, as it was typed.
#[derive(Clone, Debug)]
pub enum Candidate {
    /// A host.
    Host {
        /// The entry.
        config: Box<HostConfig>,
        /// Its credential, where that was typed.
        credential: Option<Credential>,
        /// Whether the credential's program gets the terminal.
        on_terminal: bool,
    },
    /// An organization of a host entry.
    Organization {
        /// The entry.
        account: AccountId,
        /// Its name.
        name: Arc<str>,
    },
}

/// Something that is added to the configuration and the screen.
#[derive(Clone, Debug)]
pub enum Addition {
    /// The hosts of the first start.
    Offered(Vec<HostConfig>),
    /// The host that was checked last.
    Host(Box<HostConfig>),
    /// An organization of a host entry.
    Organization {
        /// The entry.
        account: AccountId,
        /// Its name.
        name: Arc<str>,
    },
}

/// Why something is not added.
#[derive(Clone, Debug)]
pub struct CheckProblem {
    /// In words.
    pub why: String,
    /// Whether a program failed that may succeed with the terminal.
    pub program: bool,
    /// Whether there is no credential, and another way of having one may be chosen.
    pub no_credential: bool,
    /// Where the host says that its API is, if that is another server.
    pub elsewhere: Option<Url>,
}

/// Something that is on the screen now.
#[derive(Debug)]
pub struct Added {
    /// What.
    pub what: Addition,
    /// The file that it was written to, or why not.
    pub written: Result<String, EditError>,
}

/// One place where a new secret can go.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The place. A file's path is typed in the dialog.
    pub to: Destination,
    /// What the dialog calls it.
    pub words: String,
    /// Why it cannot be chosen.
    pub problem: Option<String>,
}

/// What a dialog must know before anything can be sent.
#[derive(Clone, Debug)]
pub struct Preparation {
    /// The places, and which of them is meant by default.
    pub choices: Vec<Choice>,
    /// The index of the default.
    pub default: usize,
    /// Where a secret goes when the program must end, in words.
    pub rescue: String,
    /// Whether there is such a place.
    pub rescue_proven: bool,
    /// Whether a credential in use is this very token.
    pub own: Own,
    /// Of which host entry that is, where the host has several.
    pub account: Option<String>,
    /// Where that credential is stored.
    pub origin: Option<String>,
    /// The organization's limit for the token's life.
    pub policy: Option<Duration>,
    /// The host's clock.
    pub server_now: Timestamp,
    /// The slot as it is now: the row may have been read hours ago, and an owner
    /// decides by when the token was last used.
    pub seen: Option<Box<Reading>>,
}

/// What the dialog for many slots must know before anything can be sent.
#[derive(Clone, Debug)]
pub struct ManyPreparation {
    /// The places, and which of them is meant by default.
    pub choices: Vec<Choice>,
    /// The index of the default.
    pub default: usize,
    /// Where a secret goes when the program must end, in words.
    pub rescue: String,
    /// Whether there is such a place.
    pub rescue_proven: bool,
    /// What is known of each slot, in the order in which they were asked for.
    pub slots: Vec<Known>,
}

/// What is known of one slot of many.
#[derive(Clone, Debug)]
pub struct Known {
    /// Whether a credential in use is this very token.
    pub own: Own,
    /// Of which host entry that is, where the host has several.
    pub account: Option<String>,
    /// The organization's limit for the token's life.
    pub policy: Option<Duration>,
    /// The host's clock.
    pub server_now: Timestamp,
}

/// Something to be done outside.
pub enum Effect {
    /// Ask a host for its organizations.
    List {
        /// Its number.
        id: EffectId,
        /// The host entry.
        account: AccountId,
    },
    /// Find out whether the account is the one that an earlier run remembered.
    Identify {
        /// Its number.
        id: EffectId,
        /// The host entry.
        account: AccountId,
    },
    /// Try to reach a host that went away.
    Reach {
        /// Its number.
        id: EffectId,
        /// The host entry.
        account: AccountId,
    },
    /// Write what was read to the cache.
    Remember {
        /// Its number.
        id: EffectId,
    },
    /// Look at a slot.
    Read {
        /// Its number.
        id: EffectId,
        /// The slot.
        slot: Slot,
        /// What it is to find out.
        look: Look,
        /// Whether the owner asked for it just now.
        urgent: bool,
    },
    /// Find out what a dialog must know.
    Prepare {
        /// Its number.
        id: EffectId,
        /// The slot.
        slot: Slot,
        /// What its owner was shown.
        shown: Identity,
    },
    /// Find out what the dialog for many slots must know.
    PrepareMany {
        /// Its number.
        id: EffectId,
        /// The slots, and what their owner was shown.
        slots: Vec<(Slot, Identity)>,
    },
    /// Find out whether a destination can take a secret of each slot.
    Check {
        /// Its number.
        id: EffectId,
        /// The destination.
        to: Destination,
        /// The slots.
        slots: Vec<Slot>,
    },
    /// Perform an order.
    Perform {
        /// Its number.
        id: EffectId,
        /// The order.
        order: Order,
    },
    /// Stop an order that has not been sent yet.
    Stop {
        /// Its number.
        id: EffectId,
    },
    /// Bring a secret from the panel to a place.
    Deliver {
        /// Its number.
        id: EffectId,
        /// The order's number in the journal.
        order: String,
        /// The secret's number among those not yet delivered.
        hold: HoldId,
        /// The secret.
        secret: Secret,
        /// The destination.
        to: Destination,
        /// What the delivery may name.
        facts: Facts,
        /// Whether an existing file may be replaced.
        replace: bool,
    },
    /// Store a secret as its owner's credential, where the old one is.
    Store {
        /// Its number.
        id: EffectId,
        /// The order's number in the journal.
        order: String,
        /// The secret's number among those not yet delivered.
        hold: HoldId,
        /// The slot.
        slot: Slot,
        /// The secret.
        secret: Secret,
    },
    /// Ask the host whom a secret authenticates.
    Who {
        /// Its number.
        id: EffectId,
        /// The slot.
        slot: Slot,
        /// The secret.
        secret: Secret,
    },
    /// What held a delivered secret has ended: it is delivered nowhere again.
    Hold {
        /// The order's number in the journal.
        order: String,
        /// The number that it had among those not yet delivered.
        hold: HoldId,
        /// Which token it is.
        facts: Facts,
        /// The secret.
        secret: Secret,
    },
    /// A secret that was held again is delivered after all.
    Release {
        /// Its number among those not yet delivered.
        hold: HoldId,
    },
    /// The owner let an undelivered secret go.
    LetGo {
        /// The order's number in the journal.
        order: String,
        /// The secret's number among those not yet delivered.
        hold: HoldId,
        /// The slot.
        slot: Slot,
    },
    /// Copy a name: unmarked, never cleared.
    CopyName {
        /// Its number.
        id: EffectId,
        /// The name.
        name: String,
    },
    /// Look for what an earlier run left behind.
    LookBack {
        /// Its number.
        id: EffectId,
    },
    /// Go on with a credential that was typed.
    Give {
        /// The host entry.
        account: AccountId,
        /// The credential.
        credential: Credential,
    },
    /// Whatever kept a host entry from being connected may be tried again.
    Retry {
        /// The host entry.
        account: AccountId,
    },
    /// Stop the program that is to give a credential.
    StopProgram,
    /// Leave the screen to the program of a host entry.
    OnTerminal {
        /// The host entry.
        account: AccountId,
    },
    /// Ask a host about something that may be added.
    Examine {
        /// Its number.
        id: EffectId,
        /// What may be added.
        candidate: Candidate,
    },
    /// Add it to the configuration and the fleet.
    Add {
        /// Its number.
        id: EffectId,
        /// What is added.
        what: Addition,
    },
    /// End the program: the offered hosts are not wanted.
    Decline,
    /// Read the journal.
    ReadJournal {
        /// Its number.
        id: EffectId,
    },
    /// The owner has seen that these orders were left open.
    Seen {
        /// The orders and their slots.
        orders: Vec<(String, Slot)>,
    },
    /// Leave the screen to the shell until it comes back.
    Suspend,
    /// End the program.
    Leave,
}

impl Message {
    fn name(&self) -> &'static str {
        match self {
            Message::Key(_) => "Key",
            Message::Paste(_) => "Paste",
            Message::Resize(..) => "Resize",
            Message::Focus(_) => "Focus",
            Message::Deadline => "Deadline",
            Message::Interrupt => "Interrupt",
            Message::Resumed => "Resumed",
            Message::Step(..) => "Step",
            Message::Reply(_, reply) => reply.name(),
            Message::ClipboardGone(..) => "ClipboardGone",
            Message::AuditTrails(_) => "AuditTrails",
            Message::Program(_) => "Program",
            Message::ProgramFailed(..) => "ProgramFailed",
            Message::Obtained(..) => "Obtained",
            Message::Page(..) => "Page",
            Message::LeftOut(..) => "LeftOut",
            Message::Hosts(_) => "Hosts",
            Message::Click(_) => "Click",
            Message::Wheel { .. } => "Wheel",
        }
    }
}

impl Reply {
    fn name(&self) -> &'static str {
        match self {
            Reply::Listed(_) => "Listed",
            Reply::Identified(_) => "Identified",
            Reply::Reached(_) => "Reached",
            Reply::Read(_) => "Read",
            Reply::Prepared(_) => "Prepared",
            Reply::PreparedMany(_) => "PreparedMany",
            Reply::Checked(_) => "Checked",
            Reply::Outcome(_) => "Outcome",
            Reply::Delivered(_) => "Delivered",
            Reply::Stored(_) => "Stored",
            Reply::Who(_) => "Who",
            Reply::Done(_) => "Done",
            Reply::Examined(_) => "Examined",
            Reply::Added(_) => "Added",
            Reply::Unfinished { .. } => "Unfinished",
            Reply::Journal(_) => "Journal",
        }
    }
}

impl Effect {
    /// Its name, for tests and the log.
    pub fn name(&self) -> &'static str {
        match self {
            Effect::List { .. } => "List",
            Effect::Identify { .. } => "Identify",
            Effect::Reach { .. } => "Reach",
            Effect::Remember { .. } => "Remember",
            Effect::Read { .. } => "Read",
            Effect::Prepare { .. } => "Prepare",
            Effect::PrepareMany { .. } => "PrepareMany",
            Effect::Check { .. } => "Check",
            Effect::Perform { .. } => "Perform",
            Effect::Stop { .. } => "Stop",
            Effect::Deliver { .. } => "Deliver",
            Effect::Store { .. } => "Store",
            Effect::Who { .. } => "Who",
            Effect::Hold { .. } => "Hold",
            Effect::Release { .. } => "Release",
            Effect::LetGo { .. } => "LetGo",
            Effect::CopyName { .. } => "CopyName",
            Effect::LookBack { .. } => "LookBack",
            Effect::Give { .. } => "Give",
            Effect::Retry { .. } => "Retry",
            Effect::StopProgram => "StopProgram",
            Effect::OnTerminal { .. } => "OnTerminal",
            Effect::Examine { .. } => "Examine",
            Effect::Add { .. } => "Add",
            Effect::Decline => "Decline",
            Effect::ReadJournal { .. } => "ReadJournal",
            Effect::Seen { .. } => "Seen",
            Effect::Suspend => "Suspend",
            Effect::Leave => "Leave",
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
