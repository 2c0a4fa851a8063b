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
//!
//! `order` is what is asked for, `outcome` what became of it in words,
//! `control` what comes from outside meanwhile, `finding` what a slot tells after
//! a lost answer.

mod control;
mod finding;
mod order;
mod outcome;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::api::{
    Client, Damage, Generated as Answer, Success, Turn, UNKNOWN, Urgency, WriteError,
};
use crate::delivery::{Deliverer, Destination, Facts, HoldId, Proven, RescueProof, Undelivered};
use crate::expiry::ExpiryError;
use crate::fleet::{Fleet, Look, Own, Whose, in_brackets};
use crate::journal::{Event, Journal, Record, token_id};
use crate::secret::Secret;
use crate::slot::{Found, Identity, Reading, Token};
use control::Flight;
use finding::{cannot_tell, proves, seen, shows_gone, used_meanwhile};

pub use control::{Control, InFlight};
pub use order::{Act, Order, Step, Verb};
pub use outcome::{After, Delivery, Generated, NotDone, Outcome};

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
    flight: Flight,
}

/// The time between two looks at a slot after a lost answer. DESIGN: at least
/// five seconds.
pub const SETTLE: Duration = Duration::from_millis(5_500);

/// How long an outcome waits for the journal.
const PATIENCE: Duration = Duration::from_secs(2);

/// A 404 to a DELETE of a token that can be seen.
const STILL_THERE: &str = "the host answers 404, and the token is still there: your credential \
                           may see it but not delete it";

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
            flight: Flight::default(),
        }
    }

    /// Counts something that must be finished before the program ends.
    pub fn take_off(&self) -> InFlight {
        self.flight.take_off()
    }

    /// Waits until nothing that was counted is under way.
    pub async fn landed(&self) {
        self.flight.landed().await;
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
        let mut attempt = Attempt {
            actor: self,
            order: &order,
            number: &number,
            control,
            report: &report,
            journalled: false,
        };
        // On the heap: it is large, and whoever awaits it would be as large again.
        let mut outcome = match Box::pin(attempt.run()).await {
            Ok(outcome) => outcome,
            Err(not_done) => Outcome::NotDone(not_done),
        };
        tracing::info!(order = number, finding = outcome.words(), "order ended");
        if attempt.journalled {
            let record = Record::new(&number, &order.slot, outcome.event());
            if let Some(note) = self.record_outcome(record).await {
                outcome.add_note(note);
            }
        } else if order.without_journal && !matches!(outcome, Outcome::NotDone(_)) {
            outcome.add_note("as you wanted it, this is recorded nowhere".to_owned());
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
}

/// One order on its way through the guards.
struct Attempt<'a> {
    actor: &'a Actor,
    order: &'a Order,
    /// Its number in the journal.
    number: &'a str,
    control: &'a Control,
    report: &'a (dyn Fn(Step) + Send + Sync),
    /// Whether its intent is in the journal.
    journalled: bool,
}

/// What is known and ready before the slot is looked at for the last time.
struct Ready {
    client: Arc<Client>,
    /// Where the secret is to go; of a delete none. It is used up by a delivery.
    proven: Option<Proven>,
    /// Whether the token is a credential in use.
    whose: Whose,
}

impl Attempt<'_> {
    async fn run(&mut self) -> Result<Outcome, NotDone> {
        (self.report)(Step::Proving);
        let mut ready = self.prove().await?;
        let client = ready.client.clone();
        let mut busy = 0;
        loop {
            if self.control.is_stopped() {
                return Err(NotDone::Stopped);
            }
            (self.report)(Step::Comparing);
            // The host's pace is waited out before the last look and not after
            // it: what was seen is what the request meets.
            let turn = self.control.unless_stopped(client.turn()).await?;
            let before = self.control.unless_stopped(self.compare()).await??;
            let asked = self
                .expiry(&client, &before)
                .map_err(|error| NotDone::Expiry(error.to_string()))?;
            if !self.journalled {
                (self.report)(Step::Recording);
                self.record_intent().await?;
            }
            if self.control.is_stopped() {
                return Err(NotDone::Stopped);
            }
            (self.report)(Step::Writing);
            let told = match self.write(turn, &mut ready, asked).await {
                Ok(mut outcome) => {
                    if outcome.may_have_ended_a_token()
                        && ready.whose.own != Own::Yes
                        && let Some(note) = used_meanwhile(self.order, &before)
                    {
                        outcome.add_note(note);
                    }
                    return Ok(outcome);
                }
                Err(told) => told,
            };
            busy += 1;
            let wait = client.wait_after(busy, told);
            let wait = wait.ok_or(NotDone::TooMany { answers: busy })?;
            (self.report)(Step::Waiting(wait));
            if !self.control.wait(wait).await {
                return Err(NotDone::Stopped);
            }
        }
    }

    /// The way to the host, and a place for the secret before there is one.
    async fn prove(&self) -> Result<Ready, NotDone> {
        let (actor, order) = (self.actor, self.order);
        let client = actor.fleet.client_for(&order.slot).await;
        let client = client.map_err(|problem| NotDone::Host(problem.to_string()))?;
        let proven = match &order.act {
            Act::Delete => None,
            Act::New { to, .. } => {
                if order.needs_rescue
                    && let RescueProof::Unproven(why) =
                        actor.deliverer.prove_rescue(&order.slot).await
                {
                    return Err(NotDone::Rescue(why));
                }
                let proven = actor.deliverer.prove(to, &order.slot).await;
                Some(proven.map_err(|error| NotDone::Destination(error.to_string()))?)
            }
        };
        let whose = actor.fleet.own(&order.slot, &order.shown);
        let whose = self.control.unless_stopped(whose).await?;
        // Known before the last look, so that nothing has to be read after it.
        let limits = actor.fleet.limits(&order.slot);
        self.control.unless_stopped(limits).await?;
        Ok(Ready {
            client,
            proven,
            whose,
        })
    }

    /// Reads the slot again; only the slot that was shown is acted on.
    async fn compare(&self) -> Result<Reading, NotDone> {
        let order = self.order;
        let fleet = &self.actor.fleet;
        let look = fleet.look(&order.slot, Look::Last, Urgency::Owner);
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

    /// The expiry to ask for, by the host's clock and the policy that was read.
    fn expiry(&self, client: &Client, before: &Reading) -> Result<Option<Timestamp>, ExpiryError> {
        let Act::New { expiry, .. } = &self.order.act else {
            return Ok(None);
        };
        expiry.resolve(client.now(), before.policy)
    }

    async fn record_intent(&mut self) -> Result<(), NotDone> {
        let order = self.order;
        let intent = Event::Intent {
            action: order.verb().as_str().to_owned(),
            token: token_id(&order.shown),
            to: match &order.act {
                Act::New { to, .. } => Some(to.to_string()),
                Act::Delete => None,
            },
        };
        let record = Record::new(self.number, &order.slot, intent);
        match self.actor.journal.append(record).await {
            Ok(()) => {
                self.journalled = true;
                Ok(())
            }
            Err(_) if order.without_journal => Ok(()),
            Err(error) => Err(NotDone::Journal(error.to_string())),
        }
    }

    /// Sends the request once. `Err` is the wait that a 429 asks for.
    async fn write(
        &self,
        turn: Turn<'_>,
        ready: &mut Ready,
        asked: Option<Timestamp>,
    ) -> Result<Outcome, Duration> {
        let slot = &self.order.slot;
        let (name, kind) = (&slot.organization, slot.kind);
        let failure = match &self.order.act {
            Act::Delete => match ready.client.delete_in(turn, name, kind).await {
                Ok(success) => return Ok(self.deleted(success, &ready.whose).await),
                Err(failure) => failure,
            },
            Act::New { to, .. } => match ready.client.generate_in(turn, name, kind, asked).await {
                Ok(answer) => {
                    let done = self.generated(answer, to, ready, asked).await;
                    return Ok(Outcome::Generated(Box::new(done)));
                }
                Err(failure) => failure,
            },
        };
        match failure {
            WriteError::TooMany { wait } => Err(wait),
            WriteError::Refused { status, words } => Ok(Outcome::Refused {
                status,
                words,
                after: self.after_refusal().await,
            }),
            WriteError::NotSent(error) => Ok(Outcome::NothingHappened {
                why: format!("the request was not sent: {error}"),
                sent: false,
            }),
            WriteError::NotFound => Ok(self.after_not_found().await),
            WriteError::Unknown { why } => {
                (self.report)(Step::FindingOut);
                Ok(self.find_out(&why).await)
            }
        }
    }

    /// There is a new token: from here on its secret is held until it is
    /// delivered or knowingly let go.
    async fn generated(
        &self,
        answer: Answer,
        to: &Destination,
        ready: &mut Ready,
        asked: Option<Timestamp>,
    ) -> Generated {
        let (actor, slot) = (self.actor, &self.order.slot);
        let Answer {
            token,
            secret,
            damage,
        } = answer;
        let facts = Facts {
            slot: slot.clone(),
            id: Some(token.id.to_string()),
            expires_at: token.expires_at.at(),
        };
        let hold = actor.undelivered.hold(facts.clone(), secret.clone());
        actor
            .orders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(hold, self.number.to_owned());
        (self.report)(Step::Delivering);
        ready.whose.adopt(&secret);
        let proven = ready.proven.take();
        let delivery = self.deliver(to, proven, &secret, &facts).await;
        if let Delivery::Delivered(delivered) = &delivery
            && delivered.certain
        {
            actor.undelivered.release(hold);
        }
        let (token, note) = match damage {
            None => (token, None),
            // Its secret comes first: whoever has to save it waits for this.
            Some(damage) if matches!(delivery, Delivery::Failed { .. }) => {
                (token, Some(format!("the answer was {}", damage.words())))
            }
            Some(damage) => self.repaired(token, damage).await,
        };
        Generated {
            before: self.order.shown.clone(),
            token,
            secret,
            asked,
            delivery,
            hold,
            order: self.number.to_owned(),
            own: ready.whose.own,
            account: ready.whose.account(),
            stored: ready.whose.origin(),
            can_store: ready.whose.can_store(),
            note,
        }
    }

    async fn deliver(
        &self,
        to: &Destination,
        proven: Option<Proven>,
        secret: &Secret,
        facts: &Facts,
    ) -> Delivery {
        let failed = |why: String| Delivery::Failed {
            to: to.clone(),
            why,
        };
        // What ends with the program is no place for a secret when it ends.
        let survives = !matches!(to, Destination::Clipboard | Destination::Osc52);
        match proven {
            _ if *to == Destination::Panel => Delivery::Kept,
            Some(proven) if survives || !self.control.is_ending() => {
                match proven.deliver(secret, facts).await {
                    Ok(delivered) => Delivery::Delivered(delivered),
                    Err(error) => failed(error.to_string()),
                }
            }
            _ => failed("the program is ending".to_owned()),
        }
    }

    /// The token with the details that its answer did not bring whole, and what is
    /// to be said of that. The secret is safe, so at the end nobody waits for it.
    async fn repaired(&self, token: Token, damage: Damage) -> (Token, Option<String>) {
        let note = format!("the answer was {}", damage.words());
        match self.control.unless_ending(self.details(&token)).await {
            None => (token, Some(note)),
            Some((token, details)) => (token, Some(format!("{note}; {details}"))),
        }
    }

    /// What the slot tells of a new token whose answer was not whole.
    async fn details(&self, token: &Token) -> (Token, String) {
        let now = self.read().await;
        match now.token() {
            Some(there) if there.id == token.id => (
                there.clone(),
                "the token's details were read again".to_owned(),
            ),
            Some(there) if *token.id == *UNKNOWN => {
                let note = format!("it gave no id, and token {} is in the slot now", there.id);
                (token.clone(), note)
            }
            Some(there) => {
                let note = format!("another token, {}, is in the slot now", there.id);
                (token.clone(), note)
            }
            None => {
                let why = now
                    .note
                    .as_deref()
                    .unwrap_or("no token is seen in the slot");
                let note = format!("the token's details could not be read again: {why}");
                (token.clone(), note)
            }
        }
    }

    /// The host says that it is done, or a portal before it does, which answers a
    /// success to anything. So the slot is looked at, and where that shows nothing,
    /// only what a DELETE is properly answered with is taken for the host's word.
    async fn deleted(&self, success: Success, whose: &Whose) -> Outcome {
        let now = self.read().await;
        let identity = now.identity();
        if let Some(Identity::Token { id, .. }) = &identity
            && identity.as_ref() == Some(&self.order.shown)
        {
            return Outcome::CannotTell {
                why: format!("the host says that it is done, and token {id} is still there"),
            };
        }
        let mut outcome = Outcome::Deleted {
            note: (whose.own == Own::Yes).then(|| {
                format!(
                    "it was your credential{}: {} cannot be reached with it any more",
                    in_brackets(whose.account().as_deref()),
                    self.order.slot.host
                )
            }),
        };
        // One's own token gone is a credential that is not accepted any more.
        let is_shown = shows_gone(self.order, &now)
            || whose.of_asked && matches!(now.found, Found::Unauthorized);
        match success {
            _ if is_shown => {}
            Success::NoContent => outcome.add_note(format!(
                "the host says so, and the slot does not show it: {}",
                seen(self.order, &now)
            )),
            Success::Other => {
                let why = "the host says that it is done, and the slot does not show it";
                return Outcome::CannotTell {
                    why: cannot_tell(self.order, &now, why),
                };
            }
        }
        outcome
    }

    async fn after_refusal(&self) -> After {
        match self.read().await.identity() {
            Some(Identity::Unclear) | None => After::Unread,
            Some(identity) if identity == self.order.shown => After::Same,
            Some(identity) => After::Changed(identity),
        }
    }

    /// 404 to a write. To a DELETE it can mean that the token was gone already;
    /// the slot tells. PROTOCOL.md, 1.
    async fn after_not_found(&self) -> Outcome {
        let now = self.read().await;
        match (&self.order.shown, now.identity()) {
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
    async fn find_out(&self, why: &str) -> Outcome {
        let order = self.order;
        let first = self.read().await;
        if let Some(outcome) = proves(order, &first) {
            return outcome;
        }
        tokio::time::sleep(self.actor.settle).await;
        let second = self.read().await;
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

    /// What is in the slot now.
    async fn read(&self) -> Reading {
        let fleet = &self.actor.fleet;
        fleet.read(&self.order.slot, Urgency::Owner).await
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
