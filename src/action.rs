//! The one guarded action: everything that changes a slot goes through
//! [`Actor::perform`], for the screen, for many slots and for plain commands.
//!
//! prove the destination → read the slot again and compare → journal the
//! intent → POST or DELETE → deliver → journal the outcome. The order is the
//! product: a token dies only after its owner saw it and after there is a place
//! for the new secret, and from the answer on the secret is held until it has
//! been delivered or knowingly let go.
//!
//! A write is sent once. When its answer is lost, the slot is read and compared
//! with before, and only what that proves is said.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::api::{Client, Generated as Answer, Turn, UNKNOWN, Urgency, WriteError};
use crate::delivery::{
    Delivered, Deliverer, Destination, Facts, HoldId, Proven, RescueProof, Undelivered,
};
use crate::expiry::Expiry;
use crate::fleet::{Fleet, Look, Own};
use crate::journal::{Event, Journal, Record, token_id};
use crate::secret::Secret;
use crate::slot::{Found, Identity, Reading, Slot, Time, Token};

/// One action that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The slot to act on.
    pub slot: Slot,
    /// What to do with it.
    pub act: Act,
    /// What its owner saw there when deciding.
    pub shown: Identity,
    /// The last use that its owner saw there; another one does not stop the
    /// order, and is told with its outcome.
    pub last_use: Time,
    /// Plain commands do not act without a rescue; the screen says it instead.
    pub needs_rescue: bool,
    /// The owner was told that the journal cannot be written, and wants it all
    /// the same. It is tried once more.
    pub without_journal: bool,
}

/// What to do with a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Generate a token; on an occupied slot this replaces the one there.
    New {
        /// The end of its life.
        expiry: Expiry,
        /// Where its secret is to go.
        to: Destination,
    },
    /// Delete the token.
    Delete,
}

/// What an order is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// A token for an empty slot.
    Generate,
    /// A token for a slot where one is or may be.
    Replace,
    /// No token any more.
    Delete,
}

impl Verb {
    /// `generate`, `replace`, `delete`.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Generate => "generate",
            Verb::Replace => "replace",
            Verb::Delete => "delete",
        }
    }

    /// For the beginning of a line.
    pub fn title(self) -> &'static str {
        match self {
            Verb::Generate => "Generate",
            Verb::Replace => "Replace",
            Verb::Delete => "Delete",
        }
    }
}

impl Order {
    /// A generate on an occupied slot is a replace and is called so.
    pub fn verb(&self) -> Verb {
        match (&self.act, &self.shown) {
            (Act::Delete, _) => Verb::Delete,
            (Act::New { .. }, Identity::None) => Verb::Generate,
            (Act::New { .. }, _) => Verb::Replace,
        }
    }
}

/// How far an order has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The destination is being proven.
    Proving,
    /// The slot is being read again.
    Comparing,
    /// The intent goes to the journal.
    Recording,
    /// The request is on its way: from here on nothing is cancelled.
    Writing,
    /// 429: nothing was done; the wait before the slot is looked at again.
    Waiting(Duration),
    /// The answer was lost and the slot is being read.
    FindingOut,
    /// The secret goes to its destination.
    Delivering,
}

/// What became of an order.
pub enum Outcome {
    /// A token was generated, and here is its secret.
    Generated(Box<Generated>),
    /// The token is deleted.
    Deleted {
        /// What else is to be known.
        note: Option<String>,
    },
    /// Nothing was sent, or only what was answered with 429.
    NotDone(NotDone),
    /// The server understood and refused.
    Refused {
        /// The status of its answer.
        status: u16,
        /// What that means, its words (made safe) included.
        words: String,
        /// What the slot shows of it.
        after: After,
    },
    /// The answer was lost, and the slot is as it was.
    NothingHappened {
        /// What became of the request.
        why: String,
        /// Whether it may have reached the host, which may be at it still.
        sent: bool,
    },
    /// The answer was lost, and there is another token than before.
    SecretLost {
        /// Whether the slot was empty before.
        was_empty: bool,
        /// The token that is there now.
        now: Token,
        /// What else is to be known.
        note: Option<String>,
    },
    /// The answer to a DELETE was lost, and the token is not there any more.
    Gone {
        /// What else is to be known.
        note: Option<String>,
    },
    /// The answer was lost, and the slot does not tell.
    CannotTell {
        /// Why.
        why: String,
    },
}

/// What a slot shows after a refusal. A refusal changes nothing; but a proxy can
/// refuse to pass an answer on, and another owner can have acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// What was there before.
    Same,
    /// This instead.
    Changed(Identity),
    /// It cannot be read.
    Unread,
}

impl After {
    /// What is to be said of it, as a sentence without a full stop.
    pub fn words(&self) -> String {
        match self {
            After::Same => "the slot is as it was".to_owned(),
            After::Changed(identity) => format!(
                "and yet the slot is not as it was: it holds {identity} now; look at it before \
                 anything else"
            ),
            After::Unread => "the slot cannot be read now to see that it is as it was".to_owned(),
        }
    }
}

/// A token that was generated.
pub struct Generated {
    /// What was in the slot before.
    pub before: Identity,
    /// The new token, as the server described it.
    pub token: Token,
    /// Its secret.
    pub secret: Secret,
    /// The expiry that was asked for.
    pub asked: Option<Timestamp>,
    /// Where the secret is.
    pub delivery: Delivery,
    /// The secret's place among those not yet delivered.
    pub hold: HoldId,
    /// The number of the order in the journal.
    pub order: String,
    /// Whether the replaced token was the credential in use; then the program
    /// goes on with the new secret.
    pub own: Own,
    /// Where the replaced credential is still stored.
    pub stored: Option<String>,
    /// Whether the new one can be stored there by this program.
    pub can_store: bool,
    /// What else is to be known: a journal that could not be written.
    pub note: Option<String>,
}

/// Where a new secret is.
pub enum Delivery {
    /// Where it was to go.
    Delivered(Delivered),
    /// In the panel only, as asked.
    Kept,
    /// Nowhere yet: the destination failed after the answer.
    Failed {
        /// Where it was to go.
        to: Destination,
        /// Why it is not there.
        why: String,
    },
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outcome({})", self.words())
    }
}

/// Why nothing was done.
#[derive(Debug)]
pub enum NotDone {
    /// The destination could not be proven.
    Destination(String),
    /// The rescue could not be proven, and the order needs one.
    Rescue(String),
    /// What was asked for is not possible.
    Expiry(String),
    /// The slot could not be read again.
    Unreadable(Reading),
    /// The slot is not the one that was shown.
    Changed(Reading),
    /// The intent could not be recorded.
    Journal(String),
    /// The host cannot be reached with what is configured.
    Host(String),
    /// The owner stopped it, or the program is ending.
    Stopped,
    /// One of these, and the journal has only the intent.
    Unrecorded(Box<NotDone>, String),
}

impl NotDone {
    /// The reason itself.
    pub fn cause(&self) -> &Self {
        match self {
            NotDone::Unrecorded(why, _) => why.cause(),
            why => why,
        }
    }
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotDone::Destination(why) => write!(f, "the destination is not ready: {why}"),
            NotDone::Rescue(why) => write!(f, "there is no rescue for the secret: {why}"),
            NotDone::Expiry(why) | NotDone::Host(why) => f.write_str(why),
            NotDone::Unreadable(reading) => write!(
                f,
                "the slot could not be read again: {}",
                reading.note.as_deref().unwrap_or("no reason is known")
            ),
            NotDone::Changed(reading) => match reading.identity() {
                Some(identity) => write!(f, "the slot has changed; it holds {identity} now"),
                None => f.write_str("the slot has changed"),
            },
            NotDone::Journal(why) => f.write_str(why),
            NotDone::Stopped => f.write_str("stopped before anything was done"),
            NotDone::Unrecorded(why, note) => write!(f, "{why}; {note}"),
        }
    }
}

impl Outcome {
    /// What is known now, in one sentence without a full stop. The findings
    /// after a lost answer are in exactly these words everywhere.
    pub fn words(&self) -> String {
        match self {
            Outcome::Generated(done) => match done.before {
                Identity::None => "a token was generated".to_owned(),
                _ => "the token was replaced".to_owned(),
            },
            Outcome::Deleted { .. } => "the token was deleted".to_owned(),
            // Not "sent": a request may have been, and was answered with 429.
            Outcome::NotDone(why) => format!("nothing was done: {why}"),
            Outcome::Refused { words, .. } => format!("refused: {words}"),
            Outcome::NothingHappened { .. } => "nothing happened".to_owned(),
            Outcome::SecretLost {
                was_empty: true, ..
            } => "a token was generated and its secret is lost".to_owned(),
            Outcome::SecretLost { .. } => {
                "the token was replaced and its secret is lost".to_owned()
            }
            Outcome::Gone { .. } => "the token is gone".to_owned(),
            Outcome::CannotTell { why } => format!("cannot be told: {why}"),
        }
    }

    /// The finding as the journal has it.
    fn finding(&self) -> String {
        match self {
            Outcome::Generated(_) | Outcome::Deleted { .. } => "done".to_owned(),
            other => other.words(),
        }
    }
}

/// Stops an order before its write, and tells it that the program is ending.
#[derive(Clone, Default)]
pub struct Control(Arc<ControlState>);

#[derive(Default)]
struct ControlState {
    stopped: AtomicBool,
    ending: AtomicBool,
    changed: Notify,
}

impl Control {
    /// The owner does not want it any more. Has an effect only until the
    /// request is sent, and while a 429 is waited out.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }

    /// The program must end: nothing new is sent, and a secret that arrives now
    /// goes only where it survives the program.
    pub fn end(&self) {
        self.0.ending.store(true, Ordering::SeqCst);
        self.stop();
    }

    fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::SeqCst)
    }

    /// Whether the program is ending.
    pub fn is_ending(&self) -> bool {
        self.0.ending.load(Ordering::SeqCst)
    }

    /// Waits until it is stopped.
    async fn stopped(&self) {
        while self.wait(Duration::from_secs(3600)).await {}
    }

    /// A read's result: what only looks is not waited for once it is stopped.
    async fn unless_stopped<T>(&self, read: impl Future<Output = T>) -> Result<T, NotDone> {
        tokio::select! {
            done = read => Ok(done),
            () = self.stopped() => Err(NotDone::Stopped),
        }
    }

    /// Waits, unless it is stopped; true if the whole time passed.
    async fn wait(&self, time: Duration) -> bool {
        let stopped = self.0.changed.notified();
        tokio::pin!(stopped);
        // Registered before the look, so that a stop between the two counts.
        stopped.as_mut().enable();
        if self.is_stopped() {
            return false;
        }
        tokio::select! {
            () = tokio::time::sleep(time) => true,
            () = stopped => false,
        }
    }
}

/// Performs orders.
#[derive(Clone)]
pub struct Actor {
    /// The way to every host.
    pub fleet: Arc<Fleet>,
    /// The way to every destination.
    pub deliverer: Deliverer,
    /// The record.
    pub journal: Journal,
    /// What was received and is not delivered yet.
    pub undelivered: Undelivered,
    /// The numbers under which undelivered secrets' orders are in the journal.
    pub orders: Arc<Mutex<HashMap<HoldId, String>>>,
    /// The time between the two looks that prove that nothing happened: a
    /// request may still be under way when its connection is already lost.
    pub settle: Duration,
    flight: Arc<Flight>,
}

/// How much is under way, and a bell for when something ends.
#[derive(Default)]
struct Flight {
    orders: AtomicUsize,
    ended: Notify,
}

/// Counts one order (or delivery, or record) that must not be cut off for as
/// long as it lives, whatever ends it.
pub struct InFlight(Arc<Flight>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.orders.fetch_sub(1, Ordering::SeqCst);
        self.0.ended.notify_waiters();
    }
}

/// The time between two looks at a slot after a lost answer. DESIGN: at least
/// five seconds.
pub const SETTLE: Duration = Duration::from_millis(5_500);

/// How long an outcome waits for the journal.
const PATIENCE: Duration = Duration::from_secs(2);

/// A 404 to a DELETE of a token that can be seen.
const STILL_THERE: &str = "the host answers 404, and the token is still there: your credential \
                           may see it but not delete it";

struct Ready {
    client: Arc<Client>,
    proven: Option<Proven>,
    own: Own,
}

impl Actor {
    /// An actor over the ways to hosts, destinations and the journal.
    pub fn new(fleet: Arc<Fleet>, deliverer: Deliverer, journal: Journal) -> Self {
        Self {
            fleet,
            deliverer,
            journal,
            undelivered: Undelivered::new(),
            orders: Arc::default(),
            settle: SETTLE,
            flight: Arc::default(),
        }
    }

    /// Counts something that must be finished before the program ends.
    pub fn take_off(&self) -> InFlight {
        self.flight.orders.fetch_add(1, Ordering::SeqCst);
        InFlight(self.flight.clone())
    }

    /// Waits until nothing that was counted is under way.
    pub async fn landed(&self) {
        loop {
            let ended = self.flight.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.flight.orders.load(Ordering::SeqCst) == 0 {
                return;
            }
            ended.await;
        }
    }

    /// Performs one order to its end. The future must not be dropped once
    /// [`Step::Writing`] was reported; its owner awaits it.
    pub async fn perform(
        &self,
        order: Order,
        control: &Control,
        report: &(dyn Fn(Step) + Send + Sync),
    ) -> Outcome {
        let _in_flight = self.take_off();
        let number = order_number();
        tracing::info!(order = number, slot = %order.slot, verb = order.verb().as_str(), "order");
        let report = |step: Step| {
            tracing::debug!(order = number, ?step, "step");
            report(step);
        };
        let mut journalled = false;
        // On the heap: it is large, and whoever awaits it would be as large again.
        let attempt = self.attempt(&order, &number, control, &report, &mut journalled);
        let mut outcome = match Box::pin(attempt).await {
            Ok(outcome) => outcome,
            Err(not_done) => Outcome::NotDone(not_done),
        };
        tracing::info!(order = number, finding = outcome.words(), "order ended");
        if !journalled && order.without_journal && !matches!(outcome, Outcome::NotDone(_)) {
            outcome.add_note("as you wanted it, this is recorded nowhere".to_owned());
        }
        if journalled {
            let (token, delivery) = match &outcome {
                Outcome::Generated(done) => {
                    (Some(done.token.id.clone()), Some(done.delivery.place()))
                }
                Outcome::SecretLost { now, .. } => (Some(now.id.clone()), None),
                _ => (None, None),
            };
            let event = Event::Outcome {
                finding: outcome.finding(),
                token,
                delivery,
            };
            let record = Record::new(&number, &order.slot, event);
            if let Some(note) = self.record_outcome(record).await {
                outcome.add_note(note);
            }
        }
        outcome
    }

    /// Records an outcome, and returns what is to be said if that went wrong. A
    /// disk that hangs is not waited for: there may be a new secret whose owner
    /// has nothing of it until this returns.
    async fn record_outcome(&self, record: Record) -> Option<String> {
        let (journal, in_flight) = (self.journal.clone(), self.take_off());
        let writing = tokio::spawn(async move {
            let written = journal.append(record).await;
            drop(in_flight);
            written
        });
        match tokio::time::timeout(PATIENCE, writing).await {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(error))) => Some(format!("{error}; the outcome is recorded nowhere")),
            Ok(Err(_)) | Err(_) => {
                Some("the journal does not answer: the outcome may be recorded nowhere".to_owned())
            }
        }
    }

    async fn attempt(
        &self,
        order: &Order,
        number: &str,
        control: &Control,
        report: &(dyn Fn(Step) + Send + Sync),
        journalled: &mut bool,
    ) -> Result<Outcome, NotDone> {
        report(Step::Proving);
        let client = self
            .fleet
            .client_for(&order.slot)
            .await
            .map_err(|problem| NotDone::Host(problem.to_string()))?;
        let proven = match &order.act {
            Act::Delete => None,
            Act::New { to, .. } => {
                if order.needs_rescue
                    && let RescueProof::Unproven(why) =
                        self.deliverer.prove_rescue(&order.slot).await
                {
                    return Err(NotDone::Rescue(why));
                }
                let proven = self
                    .deliverer
                    .prove(to, &order.slot)
                    .await
                    .map_err(|error| NotDone::Destination(error.to_string()))?;
                Some(proven)
            }
        };
        let own = self.fleet.own(&order.slot, &order.shown);
        let own = control.unless_stopped(own).await?;
        // Known before the last look, so that nothing has to be read after it.
        let limits = self.fleet.limits(&order.slot);
        control.unless_stopped(limits).await?;
        let mut ready = Ready {
            client,
            proven,
            own,
        };
        loop {
            if control.is_stopped() {
                return Err(NotDone::Stopped);
            }
            report(Step::Comparing);
            // The host's pace is waited out before the last look and not after
            // it: what was seen is what the request meets.
            let client = ready.client.clone();
            let turn = control.unless_stopped(client.turn()).await?;
            let before = control.unless_stopped(self.compare(order)).await??;
            let asked = match &order.act {
                Act::Delete => None,
                Act::New { expiry, .. } => expiry
                    .resolve(self.fleet.server_now(&ready.client), before.policy)
                    .map_err(|error| NotDone::Expiry(error.to_string()))?,
            };
            if !*journalled {
                report(Step::Recording);
                let intent = Event::Intent {
                    action: order.verb().as_str().to_owned(),
                    token: token_id(&order.shown),
                    to: match &order.act {
                        Act::New { to, .. } => Some(to.to_string()),
                        Act::Delete => None,
                    },
                };
                let record = Record::new(number, &order.slot, intent);
                match self.journal.append(record).await {
                    Ok(()) => *journalled = true,
                    Err(_) if order.without_journal => {}
                    Err(error) => return Err(NotDone::Journal(error.to_string())),
                }
            }
            if control.is_stopped() {
                return Err(NotDone::Stopped);
            }
            report(Step::Writing);
            let wait = match self
                .write(order, (&mut ready, turn), number, asked, control, report)
                .await
            {
                Ok(mut outcome) => {
                    if outcome.may_have_ended_a_token()
                        && ready.own != Own::Yes
                        && let Some(note) = used_meanwhile(order, &before)
                    {
                        outcome.add_note(note);
                    }
                    return Ok(outcome);
                }
                Err(wait) => wait,
            };
            report(Step::Waiting(wait));
            if !control.wait(wait).await {
                return Err(NotDone::Stopped);
            }
        }
    }

    /// Reads the slot again; only the slot that was shown is acted on.
    async fn compare(&self, order: &Order) -> Result<Reading, NotDone> {
        let look = self.fleet.look(&order.slot, Look::Last, Urgency::Owner);
        let reading = Arc::unwrap_or_clone(look.await);
        match reading.identity() {
            None => Err(NotDone::Unreadable(reading)),
            // Not a change: what told "none" before does not tell it now.
            Some(Identity::Unclear) if order.shown == Identity::None => {
                Err(NotDone::Unreadable(reading))
            }
            Some(identity) if identity != order.shown => Err(NotDone::Changed(reading)),
            Some(_) => Ok(reading),
        }
    }

    /// Sends the request once. `Err` is the wait that a 429 asks for.
    async fn write(
        &self,
        order: &Order,
        (ready, turn): (&mut Ready, Turn<'_>),
        number: &str,
        asked: Option<Timestamp>,
        control: &Control,
        report: &(dyn Fn(Step) + Send + Sync),
    ) -> Result<Outcome, Duration> {
        let slot = &order.slot;
        let failure = match &order.act {
            Act::Delete => match ready
                .client
                .delete_in(turn, &slot.organization, slot.kind)
                .await
            {
                Ok(()) => {
                    if let Some(outcome) = self.contradicted(order).await {
                        return Ok(outcome);
                    }
                    let note = (ready.own == Own::Yes).then(|| {
                        format!(
                            "it was your credential: {} cannot be reached with it any more",
                            slot.host
                        )
                    });
                    return Ok(Outcome::Deleted { note });
                }
                Err(error) => error,
            },
            Act::New { .. } => {
                let answer = ready
                    .client
                    .generate_in(turn, &slot.organization, slot.kind, asked)
                    .await;
                match answer {
                    Ok(answer) => {
                        let facts = Facts {
                            slot: slot.clone(),
                            id: Some(answer.token.id.clone()),
                            expires_at: answer.token.expires_at.at(),
                        };
                        let held = self.undelivered.hold(facts.clone(), answer.secret.clone());
                        self.orders
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .insert(held, number.to_owned());
                        report(Step::Delivering);
                        let done = self
                            .deliver(order, ready, answer, (held, facts), number, asked, control)
                            .await;
                        return Ok(Outcome::Generated(Box::new(done)));
                    }
                    Err(error) => error,
                }
            }
        };
        match failure {
            WriteError::TooMany { wait } => Err(wait),
            WriteError::Refused { status, words } => {
                let now = self.fleet.read(&order.slot, Urgency::Owner).await;
                let after = match now.identity() {
                    Some(Identity::Unclear) | None => After::Unread,
                    Some(identity) if identity == order.shown => After::Same,
                    Some(identity) => After::Changed(identity),
                };
                Ok(Outcome::Refused {
                    status,
                    words,
                    after,
                })
            }
            WriteError::NotSent(error) => Ok(Outcome::NothingHappened {
                why: format!("the request was not sent: {error}"),
                sent: false,
            }),
            WriteError::NotFound => Ok(self.after_not_found(order).await),
            WriteError::Unknown { why } => {
                report(Step::FindingOut);
                Ok(self.find_out(order, &why).await)
            }
        }
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "the pieces of one answer on their way into one result"
    )]
    async fn deliver(
        &self,
        order: &Order,
        ready: &mut Ready,
        answer: Answer,
        (hold, facts): (HoldId, Facts),
        number: &str,
        asked: Option<Timestamp>,
        control: &Control,
    ) -> Generated {
        let Answer {
            token,
            secret,
            damage,
        } = answer;
        if ready.own == Own::Yes {
            self.fleet.adopt(&order.slot, &ready.client, secret.clone());
        }
        let to = match &order.act {
            Act::New { to, .. } => to.clone(),
            Act::Delete => Destination::Panel,
        };
        // What ends with the program is no place for a secret when it ends.
        let survives = !matches!(
            to,
            Destination::Clipboard | Destination::Osc52 | Destination::Panel
        );
        let delivery = match ready.proven.take() {
            _ if to == Destination::Panel => Delivery::Kept,
            Some(proven) if survives || !control.is_ending() => {
                match proven.deliver(&secret, &facts).await {
                    Ok(delivered) => Delivery::Delivered(delivered),
                    Err(error) => Delivery::Failed {
                        to,
                        why: error.to_string(),
                    },
                }
            }
            _ => Delivery::Failed {
                to,
                why: "the program is ending".to_owned(),
            },
        };
        if let Delivery::Delivered(delivered) = &delivery
            && delivered.certain
        {
            self.undelivered.release(hold);
        }
        let (token, note) = match damage {
            None => (token, None),
            // Nobody waits for details at the end.
            Some(damage) if control.is_ending() => {
                (token, Some(format!("the answer was {}", damage.words())))
            }
            Some(damage) => {
                let (token, note) = self.details(order, token).await;
                let note = format!("the answer was {}; {note}", damage.words());
                (token, Some(note))
            }
        };
        Generated {
            before: order.shown.clone(),
            token,
            secret,
            asked,
            delivery,
            hold,
            order: number.to_owned(),
            own: ready.own,
            stored: self.fleet.origin(&order.slot),
            can_store: ready.own == Own::Yes && self.fleet.can_store(&order.slot),
            note,
        }
    }

    /// What the slot tells of a new token whose answer was not whole.
    async fn details(&self, order: &Order, token: Token) -> (Token, String) {
        let now = self.fleet.read(&order.slot, Urgency::Owner).await;
        match now.token() {
            Some(there) if there.id == token.id => (
                there.clone(),
                "the token's details were read again".to_owned(),
            ),
            Some(there) if token.id == UNKNOWN => {
                let note = format!("it gave no id, and token {} is in the slot now", there.id);
                (token, note)
            }
            Some(there) => {
                let note = format!("another token, {}, is in the slot now", there.id);
                (token, note)
            }
            None => {
                let why = now
                    .note
                    .as_deref()
                    .unwrap_or("no token is seen in the slot");
                let note = format!("the token's details could not be read again: {why}");
                (token, note)
            }
        }
    }

    /// A success is all that a DELETE is answered with, and a portal before the
    /// host answers one to anything: a token that is still there contradicts it.
    async fn contradicted(&self, order: &Order) -> Option<Outcome> {
        let now = self.fleet.read(&order.slot, Urgency::Owner).await;
        match now.identity()? {
            identity @ Identity::Token { .. } if identity == order.shown => {
                let token = now.token().map_or("", |token| &token.id);
                Some(Outcome::CannotTell {
                    why: format!("the host says that it is done, and token {token} is still there"),
                })
            }
            _ => None,
        }
    }

    /// 404 to a write. To a DELETE it can mean that the token was gone already;
    /// the slot tells. PROTOCOL.md, 1.
    async fn after_not_found(&self, order: &Order) -> Outcome {
        let now = self.fleet.read(&order.slot, Urgency::Owner).await;
        match (&order.shown, now.identity()) {
            (shown @ Identity::Token { .. }, Some(identity)) if identity == *shown => {
                Outcome::Refused {
                    status: 404,
                    words: STILL_THERE.to_owned(),
                    after: After::Same,
                }
            }
            (Identity::Token { .. }, Some(Identity::Token { id, .. })) => Outcome::Gone {
                note: Some(format!("another token, {id}, is there now")),
            },
            (Identity::Token { .. }, Some(Identity::None)) => Outcome::Gone { note: None },
            // Of a token that was never seen, none can be said to be there or gone.
            _ => Outcome::CannotTell {
                why: "the host answered 404, and the slot does not show more".to_owned(),
            },
        }
    }

    /// The answer was lost: two looks at the slot, and what they prove.
    async fn find_out(&self, order: &Order, why: &str) -> Outcome {
        let first = self.fleet.read(&order.slot, Urgency::Owner).await;
        if let Some(outcome) = proves(order, &first) {
            return outcome;
        }
        tokio::time::sleep(self.settle).await;
        let second = self.fleet.read(&order.slot, Urgency::Owner).await;
        if let Some(outcome) = proves(order, &second) {
            return outcome;
        }
        let unchanged = |reading: &Reading| reading.identity().as_ref() == Some(&order.shown);
        if order.shown != Identity::Unclear && unchanged(&first) && unchanged(&second) {
            return Outcome::NothingHappened {
                why: why.to_owned(),
                sent: true,
            };
        }
        Outcome::CannotTell {
            why: cannot_tell(order, &second, why),
        }
    }
}

/// What one look after a lost answer proves by itself.
fn proves(order: &Order, now: &Reading) -> Option<Outcome> {
    let identity = now.identity()?;
    if identity == order.shown {
        return None;
    }
    match (order.verb(), &order.shown, &now.found) {
        (Verb::Delete, Identity::Token { .. }, Found::None) => Some(Outcome::Gone { note: None }),
        (Verb::Delete, Identity::Token { .. }, Found::Token(token)) => Some(Outcome::Gone {
            note: Some(format!("another token, {}, is there now", token.id)),
        }),
        (
            Verb::Generate | Verb::Replace,
            Identity::None | Identity::Token { .. },
            Found::Token(token),
        ) => Some(Outcome::SecretLost {
            was_empty: order.shown == Identity::None,
            now: token.clone(),
            note: None,
        }),
        _ => None,
    }
}

fn cannot_tell(order: &Order, now: &Reading, why: &str) -> String {
    let seen = match &now.found {
        Found::Token(token) if now.identity().as_ref() == Some(&order.shown) => format!(
            "token {}, the one from before, was seen once only",
            token.id
        ),
        Found::None if order.shown == Identity::None => {
            "the slot was seen empty, as before, once only".to_owned()
        }
        Found::Token(token) => format!(
            "token {} is there now; whether it comes from this request does not show",
            token.id
        ),
        Found::None => "no token is there now".to_owned(),
        Found::Unclear if order.shown == Identity::Unclear => {
            "the slot could not be seen before and cannot be seen now".to_owned()
        }
        _ => now
            .note
            .clone()
            .unwrap_or_else(|| "the slot cannot be read now".to_owned()),
    };
    format!("{why}; {seen}")
}

/// That the token was used between its owner's look and the last one. The
/// owner's own credential is used by looking, so of that it is not said.
fn used_meanwhile(order: &Order, before: &Reading) -> Option<String> {
    let at = before.token()?.last_used_at.at()?;
    let is_news = match order.last_use {
        Time::Never => true,
        Time::At(shown) => at > shown,
        Time::Unknown => false,
    };
    is_news.then(|| {
        let at = at.strftime("%Y-%m-%d %H:%M:%S UTC");
        format!("the old token was used again at {at}, after you had looked at it")
    })
}

impl Outcome {
    /// Whether a token that was there is gone now, or may be.
    fn may_have_ended_a_token(&self) -> bool {
        match self {
            Outcome::Generated(_)
            | Outcome::Deleted { .. }
            | Outcome::SecretLost { .. }
            | Outcome::Gone { .. }
            | Outcome::CannotTell { .. } => true,
            Outcome::NotDone(_) | Outcome::Refused { .. } | Outcome::NothingHappened { .. } => {
                false
            }
        }
    }

    fn add_note(&mut self, text: String) {
        let note = match self {
            Outcome::Generated(done) => &mut done.note,
            Outcome::Deleted { note }
            | Outcome::Gone { note }
            | Outcome::SecretLost { note, .. } => note,
            Outcome::CannotTell { why } | Outcome::NothingHappened { why, .. } => {
                why.push_str("; ");
                why.push_str(&text);
                return;
            }
            Outcome::Refused { words, .. } => {
                words.push_str("; ");
                words.push_str(&text);
                return;
            }
            Outcome::NotDone(why) => {
                let before = std::mem::replace(why, NotDone::Stopped);
                *why = NotDone::Unrecorded(Box::new(before), text);
                return;
            }
        };
        *note = Some(match note.take() {
            Some(old) => format!("{old}; {text}"),
            None => text,
        });
    }
}

impl Delivery {
    /// Where the secret is, as the journal has it.
    pub fn place(&self) -> String {
        match self {
            Delivery::Delivered(delivered) if delivered.certain => delivered.place.clone(),
            Delivery::Delivered(delivered) => format!("sent to {}", delivered.place),
            Delivery::Kept => "undelivered: in the panel".to_owned(),
            Delivery::Failed { to, .. } => format!("undelivered: {to} failed"),
        }
    }
}

/// A number that no other order has, however many programs run.
fn order_number() -> String {
    let mut bytes = [0u8; 8];
    if getrandom::fill(&mut bytes).is_err() {
        // No randomness: time and process are unique enough to tell orders apart.
        let now = Timestamp::now().as_nanosecond();
        return format!("{:x}-{:x}", now, std::process::id());
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
