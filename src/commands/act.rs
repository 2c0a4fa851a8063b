//! One order, performed where perhaps nobody looks on.
//!
//! What the screen's panel does is done here by rule: a secret that did not get
//! to its destination goes where somebody who is there says, or else to the
//! rescue, before the program ends in whatever way.

use std::io::BufRead;

use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};

use super::{Run, Signals, Stop, code, shell_word};
use crate::action::{After, Control, Delivery, Generated, NotDone, Order, Outcome, Step};
use crate::app::when;
use crate::delivery::{Delivered, Destination, Existing, Facts};
use crate::ending::{self, LAST_WAIT};
use crate::expiry::wire;
use crate::fleet::{Own, in_brackets};
use crate::journal::{Event, Record};
use crate::secret::Secret;
use crate::slot::{Identity, Reading, Slot, Time};
use crate::text;

/// What became of one order, for the exit code and for those after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its share of the exit code.
    pub code: u8,
    /// The code of a signal that came meanwhile.
    pub signal: Option<u8>,
    /// Whether the next order may follow.
    pub go_on: bool,
}

/// Performs an order to its end and prints what became of it.
pub async fn perform(run: &Run, signals: &mut Signals, order: Order, verify: bool) -> Finished {
    let slot = order.slot.clone();
    let actor = &run.world.actor;
    let control = Control::default();
    let (name, verb) = (slot.to_string(), order.verb());
    let (shown, last_use) = (order.shown.clone(), order.last_use);
    let report = |step: Step| {
        run.out
            .progress(&format!("{name}: {}: {}", verb.as_str(), words(&step)));
    };
    let performing = actor.perform(order, &control, &report);
    tokio::pin!(performing);
    let mut signal = None;
    let mut deadline = Instant::now();
    let outcome = loop {
        tokio::select! {
            biased;
            outcome = &mut performing => break Some(outcome),
            code = signals.ended(), if signal.is_none() => {
                // No new request from here on; the one in flight is awaited.
                control.end();
                signal = Some(code);
                deadline = Instant::now() + LAST_WAIT;
                run.out.progress("ending: waiting for the server");
            }
            () = sleep_until(deadline), if signal.is_some() => break None,
        }
    };
    let (code, go_on) = match outcome {
        Some(Outcome::Generated(done)) => {
            let used = old_use("the old one", &shown, last_use);
            generated(run, signals, &mut signal, (&slot, &used), *done, verify).await
        }
        Some(outcome) => other(run, &slot, &outcome, &old_use("it", &shown, last_use)),
        None => {
            let words = ending::not_in_time(&run.world.actor);
            run.out.error(&format!("{slot}: {words}"));
            (code::UNKNOWN, false)
        }
    };
    rescue(run).await;
    Finished {
        code,
        signal,
        go_on: go_on && signal.is_none(),
    }
}

/// Brings what is delivered nowhere to the rescue and says where it is.
async fn rescue(run: &Run) {
    for line in ending::rescue(&run.world.actor).await {
        run.out.error(&line);
    }
}

fn words(step: &Step) -> String {
    match step {
        Step::Proving => "proving the destination".to_owned(),
        Step::Comparing => "reading the slot again".to_owned(),
        Step::Recording => "writing the journal".to_owned(),
        Step::Writing => "waiting for the server".to_owned(),
        Step::Waiting(time) => format!(
            "too many requests (429), nothing was done; waiting {}",
            when::length(time.as_secs().max(1))
        ),
        Step::FindingOut => "the answer was lost; looking at the slot".to_owned(),
        Step::Delivering => "delivering".to_owned(),
    }
}

/// The last use of a token that is gone now, as it stood before.
fn old_use(token: &str, before: &Identity, last_use: Time) -> String {
    match (before, last_use) {
        (Identity::None | Identity::Unclear, _) => String::new(),
        (_, Time::At(at)) => format!(", {token} was last used {} when this began", wire(at)),
        (_, Time::Never) => format!(", {token} was never used"),
        (_, Time::Unknown) => format!(", when {token} was last used is not known"),
    }
}

async fn generated(
    run: &Run,
    signals: &mut Signals,
    signal: &mut Option<u8>,
    (slot, old_use): (&Slot, &str),
    done: Generated,
    verify: bool,
) -> (u8, bool) {
    let mut line = format!(
        "{slot}: {}: {}",
        match done.before {
            Identity::None => "a token was generated",
            _ => "the token was replaced",
        },
        done.token.id
    );
    match (done.token.expires_at, done.asked) {
        (Time::At(expires), Some(asked)) if expires == asked => {
            line.push_str(&format!(", expires {}", wire(expires)));
        }
        (expires, asked) => {
            line.push_str(&match expires {
                Time::At(expires) => format!(", expires {}", wire(expires)),
                Time::Never => ", never expires".to_owned(),
                Time::Unknown => ", expires at an unknown time".to_owned(),
            });
            if let Some(asked) = asked {
                line.push_str(&format!(" (asked for was {})", wire(asked)));
            }
        }
    }
    line.push_str(old_use);
    let mut ended = (code::DONE, true);
    match &done.delivery {
        Delivery::Delivered(delivered) if delivered.certain => {
            run.out.tell(&format!("{line}; {}", place(delivered)));
        }
        undelivered => {
            ended = (code::ELSEWHERE, false);
            let why = match undelivered {
                Delivery::Failed { to, why } => format!("not delivered to {to}: {why}"),
                _ => undelivered.place(),
            };
            run.out.error(&format!("{line}; {why}"));
            if signal.is_none() && run.out.can_ask() {
                tokio::select! {
                    () = ask_elsewhere(run, slot, &done) => {}
                    code = signals.ended() => *signal = Some(code),
                }
            }
            // Before anything that waits for the host: until it is rescued, the
            // secret is nowhere but in this program's memory.
            rescue(run).await;
        }
    }
    if let Some(note) = &done.note {
        run.out.error(&format!("{slot}: {note}"));
    }
    if done.own == Own::Yes {
        let stored = match &done.stored {
            Some(place) => format!("the old one is still stored in {place}: put the new one there"),
            None => "the old one does not work any more".to_owned(),
        };
        let account = in_brackets(done.account.as_deref());
        run.out.error(&format!(
            "{slot}: it was your credential{account}; {stored}"
        ));
    }
    if verify && signal.is_none() {
        tokio::select! {
            verified = works_as(run, slot, &done.secret) => match verified {
                Ok(name) => run.out.tell(&format!("{slot}: the new token works as {name}")),
                Err(why) => {
                    run.out.error(&format!("{slot}: the new token could not be verified: {why}"));
                    ended.0 = ended.0.max(code::UNKNOWN);
                }
            },
            code = signals.ended() => *signal = Some(code),
        }
    }
    ended
}

fn place(delivered: &Delivered) -> String {
    let mut words = format!("its secret is in {}", delivered.place);
    if let Some(time) = delivered.clears_after {
        words.push_str(&format!(", for {}", when::length(time.as_secs())));
    }
    if let Some(note) = &delivered.note {
        words.push_str(&format!(" ({note})"));
    }
    words
}

/// One call with the new secret: whom it authenticates.
async fn works_as(run: &Run, slot: &Slot, secret: &Secret) -> Result<String, String> {
    run.out.progress("calling with the new secret");
    let client = run.world.actor.fleet.client_for(slot).await;
    let client = client.map_err(|problem| problem.to_string())?;
    let account = client
        .who_is(secret)
        .await
        .map_err(|error| error.to_string())?;
    Ok(account
        .username
        .or(account.id)
        .unwrap_or_else(|| "somebody the host does not name".to_owned()))
}

/// Asks for another destination until one has taken the secret, or nothing more
/// is said.
async fn ask_elsewhere(run: &Run, slot: &Slot, done: &Generated) {
    let actor = &run.world.actor;
    let facts = Facts {
        slot: slot.clone(),
        id: Some(done.token.id.to_string()),
        expires_at: done.token.expires_at.at(),
    };
    loop {
        run.out.ask(
            "Another destination for the secret (clipboard, keyring, file:PATH, a delivery; \
             empty for the rescue)?",
        );
        let answer = line().await;
        let to = match answer.as_deref().map(str::trim) {
            None | Some("") => return,
            Some(name) => {
                let Ok(to) = name.parse::<Destination>();
                to
            }
        };
        let delivered = match works_without_screen(&to) {
            Err(why) => Err(why),
            Ok(()) => match actor.deliverer.prove_for(&to, &facts, Existing::Keep).await {
                Ok(proven) => proven
                    .deliver(&done.secret, &facts)
                    .await
                    .map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            },
        };
        match delivered {
            Ok(delivered) if delivered.certain => {
                actor.undelivered.release(done.hold);
                run.out.error(&format!("{slot}: {}", place(&delivered)));
                let event = Event::Delivered {
                    delivery: delivered.place,
                };
                let record = Record::new(&done.order, slot, event);
                if let Err(error) = actor.journal.append(record).await {
                    run.out.error(&error.to_string());
                }
                return;
            }
            Ok(delivered) => run.out.error(&format!(
                "sent to {}, which proves nothing",
                delivered.place
            )),
            Err(why) => run.out.error(&why),
        }
    }
}

/// A line that is typed. Read on a thread of its own, which nobody waits for.
async fn line() -> Option<String> {
    let (send, receive) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        let _ = send.send(read.is_ok_and(|length| length > 0).then_some(line));
    });
    receive.await.ok().flatten()
}

/// Everything but a new token: what is known now, and what to do next.
fn other(run: &Run, slot: &Slot, outcome: &Outcome, old_use: &str) -> (u8, bool) {
    let words = outcome.words();
    let (code, go_on, next) = match outcome {
        // Told by `generated`.
        Outcome::Generated(_) => (code::DONE, true, None),
        Outcome::Deleted { note } | Outcome::Gone { note } => {
            run.out.tell(&format!("{slot}: {words}{old_use}"));
            if let Some(note) = note {
                run.out.error(&format!("{slot}: {note}"));
            }
            return (code::DONE, true);
        }
        Outcome::NotDone(why) => match why.cause() {
            NotDone::Rescue(_) => (
                code::GUARD,
                false,
                Some("make room for it, or say --rescue none".to_owned()),
            ),
            NotDone::Changed(_) => (
                code::GUARD,
                false,
                Some("look again with `orgward list`, and name the token that is there".to_owned()),
            ),
            _ => (code::NOT_POSSIBLE, false, None),
        },
        Outcome::Refused { after, .. } => {
            let code = match after {
                After::Changed(_) => code::UNKNOWN,
                After::Same | After::Unread => code::NOT_POSSIBLE,
            };
            (code, code == code::NOT_POSSIBLE, Some(after.words()))
        }
        Outcome::NothingHappened { why, .. } => (code::NOT_POSSIBLE, true, Some(why.clone())),
        Outcome::SecretLost { now, note, .. } => {
            let note = note
                .as_ref()
                .map_or(String::new(), |note| format!("; {note}"));
            let next = format!(
                "nobody has the secret of {}; generate again, with --replace {}{note}",
                now.id,
                shell_word(&now.id)
            );
            (code::ELSEWHERE, false, Some(next))
        }
        Outcome::CannotTell { .. } => (
            code::UNKNOWN,
            false,
            Some("look at the slot before anything else".to_owned()),
        ),
    };
    let next = next.map_or(String::new(), |next| format!("; {next}"));
    run.out.error(&format!("{slot}: {words}{next}"));
    (code, go_on)
}

/// Whether a destination is of use where there is no screen.
///
/// # Errors
/// Why not, and what is.
pub fn works_without_screen(to: &Destination) -> Result<(), String> {
    match to {
        Destination::Panel | Destination::Osc52 => Err(format!(
            "{to} works on the screen only; here it can be clipboard, keyring, file:PATH or the \
             name of a delivery"
        )),
        _ => Ok(()),
    }
}

/// A token that is about to die: its id, age and last use.
/// `now` is the time on its host's clock.
pub fn dying(reading: &Reading, now: Timestamp) -> String {
    let relative = |time| when::relative(time, now).text;
    match reading.token() {
        // Nobody may read that nothing dies.
        None => "a token that you may not see, if there is one".to_owned(),
        Some(token) => format!(
            "token {}, created {}, {}",
            token.id,
            match token.created_at {
                Some(at) => format!("{} ({})", relative(at), wire(at)),
                None => "at an unknown time".to_owned(),
            },
            match token.last_used_at {
                Time::At(at) => format!("last used {} ({})", relative(at), wire(at)),
                Time::Never => "never used".to_owned(),
                Time::Unknown => "last used at an unknown time".to_owned(),
            }
        ),
    }
}

/// For a dry run: whether it is the credential in use that would die.
pub async fn own(run: &Run, slot: &Slot, shown: &Identity) -> String {
    let whose = run.world.actor.fleet.own(slot, shown).await;
    match whose.own {
        Own::Yes => {
            let account = in_brackets(whose.account().as_deref());
            format!("; it is your own credential{account}")
        }
        Own::No | Own::Unknown => String::new(),
    }
}

/// The door that `--read-only` closes, before anything is asked for.
///
/// # Errors
/// With `--read-only`.
pub fn may_write(run: &Run) -> Result<(), Stop> {
    if run.read_only {
        return Err(Stop::guard(
            "--read-only refuses every change; nothing was sent",
        ));
    }
    Ok(())
}

/// A token that is named by its id, or `none` where one cannot be seen: the
/// guard in the place of a name that is typed.
///
/// # Errors
/// Where another token is there than was named, or none.
pub fn identify(
    run: &Run,
    slot: &Slot,
    reading: &Reading,
    named: Option<&str>,
    flag: &str,
) -> Result<Identity, Stop> {
    let now = run.world.actor.fleet.time_of(slot);
    let Some(identity) = reading.identity() else {
        return Err(Stop::not_possible(format!(
            "{slot}: the slot could not be read, and nothing was sent: {}",
            reading.note.as_deref().unwrap_or("no reason is known")
        )));
    };
    let wanted = match &identity {
        Identity::Token { id, .. } => id.as_str(),
        Identity::None | Identity::Unclear => "none",
    };
    match (named, &identity) {
        (Some(named), _) if named == wanted => Ok(identity),
        (None, Identity::None) => Ok(identity),
        (Some(named), Identity::Token { .. }) => Err(Stop::guard(format!(
            "{slot}: {flag} {} is not what is there: {}; nothing was sent",
            text::safe(named),
            dying(reading, now)
        ))),
        (Some(named), _) => Err(Stop::guard(format!(
            "{slot}: {flag} {} is not there: {}; nothing was sent",
            text::safe(named),
            nothing(&identity)
        ))),
        (None, Identity::Token { .. }) => Err(Stop::guard(format!(
            "{slot}: a token is there and would die: {}; if it may, say {flag} {}",
            dying(reading, now),
            shell_word(wanted)
        ))),
        (None, Identity::Unclear) => Err(Stop::guard(format!(
            "{slot}: {}, and it would die; if it may, say {flag} none",
            nothing(&identity)
        ))),
    }
}

fn nothing(identity: &Identity) -> &'static str {
    match identity {
        Identity::Unclear => "404: there may be a token that you cannot see",
        _ => "there is no token",
    }
}
