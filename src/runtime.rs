//! The event loop: terminal events, signals and replies in, effects out.
//!
//! The only place that spawns tasks and the only one that sleeps: until
//! [`App::next_deadline`], which is never while nothing on the screen is due.
//! What an effect finds out comes back as one message with the effect's number.

use std::collections::HashMap;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossterm::event::{Event, EventStream};
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::{AbortHandle, JoinSet};

use crate::action::{Actor, Control, Delivery, Outcome};
use crate::api::Urgency;
use crate::app::dialogs::OfferDialog;
use crate::app::message::{
    Added, Addition, Candidate, CheckProblem, Choice, EffectId, Gone, Known, ManyPreparation,
    NotDelivered, Preparation, Reply,
};
use crate::app::{self, Account, App, Effect, Message, Moment, Settings};
use crate::config::{HostConfig, edit};
use crate::credentials::Credential;
use crate::delivery::{
    Delivered, Deliverer, Destination, Existing, HoldId, KeeperEnd, KeeperHandle, RescueProof,
    TerminalWrite,
};
use crate::ending::{self, LAST_WAIT};
use crate::journal::{Event as Entry, Record};
use crate::slot::{Identity, Kind, Slot};
use crate::terminal::{self, Terminal};
use crate::text;
use crate::ui;

/// How long a Ctrl-C that ended another program may take to be heard here.
const SETTLING: Duration = Duration::from_millis(200);
/// How long the end of reading from the terminal may take.
const LETTING_GO: Duration = Duration::from_millis(50);
/// The most messages that are taken before a frame is drawn.
const BATCH: usize = 512;

/// How the screen ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The owner left.
    Quit,
    /// A signal, by its number; 1 also when the terminal is gone.
    Signal(u8),
    /// A panic; its message is on the terminal.
    Panic,
    /// The owner did not want the hosts of the first start.
    Declined,
}

/// What the screen needs of the world.
pub struct Runtime {
    actor: Actor,
    terminal_writes: mpsc::Receiver<TerminalWrite>,
    inbox: UnboundedReceiver<Message>,
    outbox: UnboundedSender<Message>,
    tasks: JoinSet<()>,
    /// The writes: never aborted.
    writes: JoinSet<()>,
    controls: HashMap<EffectId, Control>,
    started: Instant,
    demo_notice: bool,
    /// The task that reads the terminal.
    reader: Option<AbortHandle>,
    /// The configuration that additions are written to.
    pub config: Option<PathBuf>,
    /// The hosts that are offered first, where there is no configuration.
    pub offer: Option<OfferDialog>,
}

impl Runtime {
    /// A runtime over what performs the orders.
    pub fn new(actor: Actor, terminal_writes: mpsc::Receiver<TerminalWrite>, demo: bool) -> Self {
        let (outbox, inbox) = mpsc::unbounded_channel();
        Self {
            actor,
            terminal_writes,
            inbox,
            outbox,
            tasks: JoinSet::new(),
            writes: JoinSet::new(),
            controls: HashMap::new(),
            started: Instant::now(),
            demo_notice: demo,
            reader: None,
            config: None,
            offer: None,
        }
    }

    /// What the status line is to say once the screen is there.
    pub fn tell(&self, notes: Vec<String>) {
        for note in notes {
            let _ = self.outbox.send(Message::Reply(0, Reply::Done(Err(note))));
        }
    }

    fn now(&self) -> Moment {
        Moment {
            since_start: self.started.elapsed(),
            wall: Timestamp::now(),
        }
    }

    /// Runs the screen to its end, a panic included: it must not take an
    /// undelivered secret with it, so that [`Runtime::finish`] comes after
    /// whatever happens here.
    ///
    /// # Errors
    /// Where the terminal cannot be taken.
    pub async fn run(&mut self, settings: Settings, accounts: Vec<Account>) -> io::Result<Exit> {
        let screen = AssertUnwindSafe(self.screen(settings, accounts));
        screen.catch_unwind().await.unwrap_or(Ok(Exit::Panic))
    }

    async fn screen(&mut self, settings: Settings, accounts: Vec<Account>) -> io::Result<Exit> {
        let mut signals = Signals::new()?;
        let mut terminal = Terminal::enter()?;
        let size = terminal.size()?;
        let (mut app, effects) = App::new(settings, accounts, size, self.now());
        if let Some(offer) = self.offer.take() {
            app.offer(offer);
        }
        self.hear_programs();
        // The first frame comes before any request.
        if draw(&mut terminal, &app).is_err() {
            return Ok(Exit::Signal(1));
        }
        let mut input = self.read_input();
        let mut pending = effects;
        loop {
            for effect in std::mem::take(&mut pending) {
                match effect {
                    Effect::Leave => return Ok(Exit::Quit),
                    Effect::Decline => return Ok(Exit::Declined),
                    Effect::OnTerminal { account } => {
                        let entries = self.actor.fleet.entries();
                        let Some(entry) = entries.get(account) else {
                            continue;
                        };
                        let lent = self
                            .on_terminal(&entry.config, &mut terminal, &mut signals, &mut input)
                            .await?;
                        let result = match lent {
                            Ok(result) => result,
                            Err(exit) => return Ok(exit),
                        };
                        let result = result.map(|credential| {
                            self.actor.fleet.give(account, credential);
                        });
                        let message = Message::Obtained(account, result);
                        pending.extend(self.back_on_screen(&mut app, &terminal, message));
                    }
                    Effect::Examine {
                        id,
                        candidate:
                            Candidate::Host {
                                config,
                                on_terminal: true,
                                ..
                            },
                    } => {
                        let lent = self
                            .on_terminal(&config, &mut terminal, &mut signals, &mut input)
                            .await?;
                        let result = match lent {
                            Ok(result) => result,
                            Err(exit) => return Ok(exit),
                        };
                        let message = match result {
                            Ok(credential) => {
                                let candidate = Candidate::Host {
                                    config,
                                    credential: Some(credential),
                                    on_terminal: false,
                                };
                                self.start(Effect::Examine { id, candidate });
                                Message::Resumed
                            }
                            Err(why) => {
                                let problem = CheckProblem { why, program: true };
                                Message::Reply(id, Reply::Examined(Err(problem)))
                            }
                        };
                        pending.extend(self.back_on_screen(&mut app, &terminal, message));
                    }
                    Effect::Suspend => {
                        // Not while the frame with a revealed secret is the last
                        // one: the state has hidden it, and this draws it.
                        let hidden = draw(&mut terminal, &app);
                        if hidden.is_err() || terminal.suspend().is_err() {
                            return Ok(Exit::Signal(1));
                        }
                        if let Ok((width, height)) = terminal.size() {
                            let size = Message::Resize(width, height);
                            pending.extend(app::update(&mut app, size, self.now()));
                        }
                        let back = Message::Resumed;
                        pending.extend(app::update(&mut app, back, self.now()));
                    }
                    effect => self.start(effect),
                }
            }
            if draw(&mut terminal, &app).is_err() {
                return Ok(Exit::Signal(1));
            }
            if !pending.is_empty() {
                continue;
            }
            let first = match self
                .next(&app, &mut signals, &mut input, &mut terminal)
                .await
            {
                Next::Message(message) => message,
                Next::Exit(exit) => return Ok(exit),
                Next::Again => continue,
            };
            pending.extend(app::update(&mut app, first, self.now()));
            // Whatever is there already is taken before the next frame.
            for _ in 0..BATCH {
                // An owner who wants out, or a key that stops something, is
                // acted on at once.
                if pending
                    .iter()
                    .any(|e| matches!(e, Effect::Leave | Effect::Suspend | Effect::Decline))
                {
                    break;
                }
                let message = match input.try_recv() {
                    Ok(message) => message,
                    Err(TryRecvError::Disconnected) => return Ok(Exit::Signal(1)),
                    Err(TryRecvError::Empty) => match self.inbox.try_recv() {
                        Ok(message) => message,
                        Err(_) => break,
                    },
                };
                // What an order brought is drawn before the next key: it opens
                // over whatever was there when that key was pressed.
                let outcome = matches!(message, Message::Reply(_, Reply::Outcome(_)));
                pending.extend(app::update(&mut app, message, self.now()));
                if outcome {
                    break;
                }
            }
        }
    }

    /// Reads the terminal in a task of its own, which ends with the terminal:
    /// the event stream remembers only the waker of its first poll, so nobody
    /// else may poll it, not even to see whether more has come.
    fn read_input(&mut self) -> UnboundedReceiver<Message> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let reader = self.tasks.spawn(async move {
            let mut events = EventStream::new();
            while let Some(Ok(event)) = events.next().await {
                if let Some(message) = translate(event)
                    && sender.send(message).is_err()
                {
                    return;
                }
            }
        });
        self.reader = Some(reader);
        receiver
    }

    /// Lets go of the terminal's input, so that another program has it alone.
    async fn stop_reading(&mut self) {
        let Some(reader) = self.reader.take() else {
            return;
        };
        reader.abort();
        while !reader.is_finished() {
            tokio::task::yield_now().await;
        }
        // The stream's thread was woken by its end, and holds the terminal until
        // it has seen that. Nobody else may poll meanwhile: the waking is seen
        // by one.
        tokio::time::sleep(LETTING_GO).await;
    }

    /// Has a credential given by a program that has the terminal for itself.
    /// The outer error is the terminal's; the end of the run in between.
    async fn on_terminal(
        &mut self,
        config: &HostConfig,
        terminal: &mut Terminal,
        signals: &mut Signals,
        input: &mut UnboundedReceiver<Message>,
    ) -> io::Result<Result<Result<Credential, String>, Exit>> {
        let fleet = self.actor.fleet.clone();
        if fleet.programs.is_busy() {
            let why = "another program is still running; wait for it, or stop it with Esc";
            return Ok(Ok(Err(why.to_owned())));
        }
        self.stop_reading().await;
        let lent = terminal.lend();
        let work = fleet.obtain_on_terminal(config);
        tokio::pin!(work);
        let mut result = None;
        let mut interrupted = false;
        let result = loop {
            // A Ctrl-C ends the program and is heard here, in any order; whoever
            // is heard last must not end the screen.
            let settled = match &result {
                Some(Err(_)) if !interrupted => tokio::time::sleep(SETTLING),
                _ => tokio::time::sleep(Duration::ZERO),
            };
            tokio::select! {
                biased;
                signal = signals.next() => match signal {
                    Caught::End(number) => return Ok(Err(Exit::Signal(number))),
                    // The program has got it as well, and decides.
                    Caught::Interrupt => interrupted = true,
                    Caught::Stop => terminal::stop_here()?,
                },
                ended = &mut work, if result.is_none() => result = Some(ended),
                () = settled, if result.is_some() => if let Some(ended) = result.take() {
                    break ended;
                },
            }
        };
        terminal.reclaim(lent)?;
        *input = self.read_input();
        Ok(Ok(result))
    }

    fn back_on_screen(&self, app: &mut App, terminal: &Terminal, message: Message) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Ok((width, height)) = terminal.size() {
            let size = Message::Resize(width, height);
            effects.extend(app::update(app, size, self.now()));
        }
        effects.extend(app::update(app, message, self.now()));
        effects
    }

    /// Brings the beginning and the end of credential programs to the screen.
    fn hear_programs(&mut self) {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        self.actor.fleet.programs.report_to(sender);
        let outbox = self.outbox.clone();
        self.tasks.spawn(async move {
            while let Some(progress) = receiver.recv().await {
                if outbox.send(Message::Program(progress)).is_err() {
                    return;
                }
            }
        });
    }

    async fn next(
        &mut self,
        app: &App,
        signals: &mut Signals,
        input: &mut UnboundedReceiver<Message>,
        terminal: &mut Terminal,
    ) -> Next {
        let deadline = app.next_deadline();
        let started = self.started;
        let sleep = async move {
            match deadline {
                Some(at) => tokio::time::sleep_until((started + at).into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            signal = signals.next() => match note(signal) {
                Caught::End(number) => Next::Exit(Exit::Signal(number)),
                Caught::Interrupt => Next::Message(Message::Interrupt),
                Caught::Stop => Next::Message(suspend_key()),
            },
            event = input.recv() => match event {
                Some(message) => Next::Message(message),
                // The terminal is gone.
                None => Next::Exit(Exit::Signal(1)),
            },
            Some(message) = self.inbox.recv() => Next::Message(message),
            () = self.actor.fleet.changed() => {
                Next::Message(Message::Hosts(self.actor.fleet.news()))
            }
            Some(write) = self.terminal_writes.recv() => {
                let result = terminal.between_frames(&write.bytes);
                let _ = write.done.send(result);
                Next::Again
            }
            Some(done) = self.writes.join_next() => ended(done),
            Some(done) = self.tasks.join_next() => ended(done),
            () = sleep => Next::Message(Message::Deadline),
        }
    }

    fn reply(&mut self, id: EffectId, work: impl Future<Output = Reply> + Send + 'static) {
        let outbox = self.outbox.clone();
        self.tasks.spawn(async move {
            let reply = work.await;
            let _ = outbox.send(Message::Reply(id, reply));
        });
    }

    fn start(&mut self, effect: Effect) {
        let actor = self.actor.clone();
        let outbox = self.outbox.clone();
        match effect {
            // The loop has done these.
            Effect::Leave | Effect::Suspend | Effect::Decline | Effect::OnTerminal { .. } => {}
            Effect::Give {
                account,
                credential,
            } => actor.fleet.give(account, credential),
            Effect::Retry { account } => actor.fleet.retry(account),
            Effect::StopProgram => actor.fleet.programs.stop(),
            Effect::Examine { id, candidate } => self.reply(id, async move {
                Reply::Examined(examine(&actor, candidate).await)
            }),
            Effect::Add { id, what } => {
                let path = self.config.clone();
                self.reply(id, async move {
                    Reply::Added(Box::new(add(&actor, path, what).await))
                });
            }
            Effect::List { id, account } => self.reply(id, async move {
                let page = |names| {
                    let _ = outbox.send(Message::Page(id, names));
                };
                let listed = actor.fleet.organizations(account, page).await;
                tell_failed(&actor, &outbox);
                Reply::Listed(listed)
            }),
            Effect::Identify { id, account } => self.reply(id, async move {
                let same = actor.fleet.is_remembered(account).await;
                tell_failed(&actor, &outbox);
                Reply::Identified(same)
            }),
            Effect::Reach { id, account } => self.reply(id, async move {
                Reply::Reached(actor.fleet.reach(account).await)
            }),
            Effect::Remember { id } => {
                self.tasks.spawn_blocking(move || {
                    for problem in actor.fleet.remember() {
                        let _ = outbox.send(Message::Reply(id, Reply::Done(Err(problem))));
                    }
                });
            }
            Effect::Read {
                id,
                slot,
                look,
                urgent,
            } => self.reply(id, async move {
                let urgency = if urgent {
                    Urgency::Owner
                } else {
                    Urgency::Background
                };
                let reading = actor.fleet.look(&slot, look, urgency).await;
                tell_failed(&actor, &outbox);
                if slot.kind == Kind::Organization && actor.fleet.proven_audit_trails(&slot) {
                    let _ = outbox.send(Message::AuditTrails(slot));
                }
                Reply::Read(Box::new(reading))
            }),
            Effect::PrepareMany { id, slots } => self.reply(id, async move {
                Reply::PreparedMany(Box::new(prepare_many(&actor, &slots).await))
            }),
            Effect::Check { id, to, slots } => self.reply(id, async move {
                Reply::Checked(check(&actor, &to, &slots).await)
            }),
            Effect::Prepare { id, slot, shown } => self.reply(id, async move {
                Reply::Prepared(Box::new(prepare(&actor, &slot, &shown).await))
            }),
            Effect::Perform { id, order } => {
                let control = Control::default();
                self.controls.insert(id, control.clone());
                let outbox = self.outbox.clone();
                let steps = self.outbox.clone();
                self.writes.spawn(async move {
                    let report = move |step| {
                        let _ = steps.send(Message::Step(id, step));
                    };
                    let outcome = actor.perform(order, &control, &report).await;
                    let keeper = match &outcome {
                        Outcome::Generated(done) => match &done.delivery {
                            Delivery::Delivered(delivered) => {
                                delivered.keeper.clone().map(|keeper| (done.hold, keeper))
                            }
                            _ => None,
                        },
                        _ => None,
                    };
                    let _ = outbox.send(Message::Reply(id, Reply::Outcome(Box::new(outcome))));
                    watch(keeper, &outbox).await;
                });
            }
            Effect::Stop { id } => {
                if let Some(control) = self.controls.get(&id) {
                    control.stop();
                }
            }
            Effect::Deliver {
                id,
                order,
                hold,
                secret,
                to,
                facts,
                replace,
            } => {
                let outbox = self.outbox.clone();
                let in_flight = self.actor.take_off();
                self.tasks.spawn(async move {
                    let existing = if replace {
                        Existing::Replace
                    } else {
                        Existing::Keep
                    };
                    let slot = facts.slot.clone();
                    let delivered = match actor.deliverer.prove_over(&to, &slot, existing).await {
                        Ok(proven) => {
                            let delivered = proven.deliver(&secret, &facts).await;
                            delivered.map_err(|error| NotDelivered {
                                taken: error.file_in_the_way().then_some(to),
                                why: error.to_string(),
                            })
                        }
                        Err(error) => Err(NotDelivered {
                            taken: error.file_in_the_way().then_some(to),
                            why: error.to_string(),
                        }),
                    };
                    drop(secret);
                    let keeper = delivered
                        .as_ref()
                        .ok()
                        .and_then(|delivered| delivered.keeper.clone())
                        .map(|keeper| (hold, keeper));
                    let record = delivered.as_ref().ok().map(|delivered| {
                        if delivered.certain {
                            actor.undelivered.release(hold);
                        }
                        let delivery = match delivered.certain {
                            true => delivered.place.clone(),
                            false => format!("sent to {}", delivered.place),
                        };
                        Record::new(&order, &slot, Entry::Delivered { delivery })
                    });
                    let _ = outbox.send(Message::Reply(id, Reply::Delivered(delivered)));
                    if let Some(record) = record {
                        // The order's outcome is recorded already; a disk that is
                        // full now takes nothing away from the owner.
                        let _ = actor.journal.append(record).await;
                    }
                    drop(in_flight);
                    watch(keeper, &outbox).await;
                });
            }
            Effect::Store {
                id,
                order,
                hold,
                slot,
                secret,
            } => {
                let outbox = self.outbox.clone();
                let in_flight = self.actor.take_off();
                self.tasks.spawn(async move {
                    let stored = actor.fleet.store(&slot, &secret).await;
                    drop(secret);
                    let record = stored.as_ref().ok().map(|place| {
                        actor.undelivered.release(hold);
                        let delivery = place.clone();
                        Record::new(&order, &slot, Entry::Delivered { delivery })
                    });
                    let stored = stored.map(|place| Delivered {
                        place,
                        certain: true,
                        clears_after: None,
                        note: Some("as your credential".to_owned()),
                        keeper: None,
                    });
                    let _ = outbox.send(Message::Reply(id, Reply::Stored(stored)));
                    if let Some(record) = record {
                        let _ = actor.journal.append(record).await;
                    }
                    drop(in_flight);
                });
            }
            Effect::Who { id, slot, secret } => self.reply(id, async move {
                Reply::Who(match actor.fleet.client_for(&slot).await {
                    Ok(client) => client
                        .who_is(&secret)
                        .await
                        .map(|account| who(&account))
                        .map_err(|error| error.to_string()),
                    Err(problem) => Err(problem.to_string()),
                })
            }),
            Effect::LetGo { order, hold, slot } => {
                self.actor.undelivered.release(hold);
                let in_flight = self.actor.take_off();
                self.tasks.spawn(async move {
                    let record = Record::new(&order, &slot, Entry::LetGo);
                    let _ = actor.journal.append(record).await;
                    drop(in_flight);
                });
            }
            Effect::CopyName { id, name } => self.reply(id, async move {
                Reply::Done(match actor.deliverer.copy_text(&name).await {
                    Ok(Delivered { certain: true, .. }) => Ok(format!("copied {name}")),
                    Ok(delivered) => Ok(format!("sent {name} to {}", delivered.place)),
                    Err(error) => Err(error.to_string()),
                })
            }),
            Effect::LookBack { id } => {
                if !self.demo_notice {
                    self.reply(id, async move {
                        let left = ending::look_back(&actor).await;
                        Reply::Unfinished {
                            orders: left.orders,
                            lines: left.lines,
                        }
                    });
                }
            }
            Effect::ReadJournal { id } => self.reply(id, async move {
                let journal = actor.journal.clone();
                let read = move || journal.entries().map_err(|error| error.to_string());
                let entries = tokio::task::spawn_blocking(read).await;
                Reply::Journal(entries.unwrap_or_else(|error| Err(error.to_string())))
            }),
            Effect::Seen { orders } => {
                let in_flight = self.actor.take_off();
                self.tasks.spawn(async move {
                    for (order, slot) in orders {
                        // At worst it is told once more.
                        let record = Record::new(&order, &slot, Entry::Seen);
                        let _ = actor.journal.append(record).await;
                    }
                    drop(in_flight);
                });
            }
        }
    }

    /// The way out: no new write starts, the one in flight is awaited, and what
    /// is delivered nowhere goes to the rescue. Returns what to tell the owner.
    pub async fn finish(&mut self) -> Vec<String> {
        for control in self.controls.values() {
            control.end();
        }
        let mut lines = Vec::new();
        // What is waited for is an order's outcome and not the end of its task,
        // which goes on to watch the clipboard.
        let landed = tokio::time::timeout(LAST_WAIT, self.actor.landed()).await;
        if landed.is_err() {
            lines.push(ending::not_in_time(&self.actor).to_owned());
        }
        lines.extend(ending::rescue(&self.actor).await);
        // What is still under way ends here; an answer that came while the
        // rescue was at work is rescued, too.
        self.writes.shutdown().await;
        lines.extend(ending::rescue(&self.actor).await);
        let fleet = self.actor.fleet.clone();
        let remember = tokio::task::spawn_blocking(move || fleet.remember());
        lines.extend(remember.await.unwrap_or_default());
        lines
    }
}

enum Next {
    Message(Message),
    Exit(Exit),
    Again,
}

fn ended(done: Result<(), tokio::task::JoinError>) -> Next {
    match done {
        Err(error) if error.is_panic() => Next::Exit(Exit::Panic),
        _ => Next::Again,
    }
}

fn draw(terminal: &mut Terminal, app: &App) -> io::Result<()> {
    if terminal::has_panicked() {
        return Ok(());
    }
    terminal.draw(|frame| ui::draw(app, frame))
}

fn translate(event: Event) -> Option<Message> {
    Some(match event {
        Event::Key(key) => Message::Key(key),
        Event::Paste(text) => Message::Paste(text),
        Event::Resize(width, height) => Message::Resize(width, height),
        Event::FocusGained => Message::Focus(true),
        Event::FocusLost => Message::Focus(false),
        Event::Mouse(_) => return None,
    })
}

/// A stop signal does what Ctrl-Z does.
fn suspend_key() -> Message {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    Message::Key(KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL))
}

/// Waits until a copied secret is not held any more, and says so.
async fn watch(keeper: Option<(HoldId, KeeperHandle)>, outbox: &UnboundedSender<Message>) {
    let Some((hold, keeper)) = keeper else {
        return;
    };
    let gone = match keeper.ended().await {
        KeeperEnd::Cleared => Gone::Cleared,
        KeeperEnd::Replaced => Gone::Replaced,
        // A newer copy took its place, and that one is watched.
        KeeperEnd::Stopped => return,
        KeeperEnd::Gone(_) => Gone::Unknown,
    };
    let _ = outbox.send(Message::ClipboardGone(hold, gone));
}

/// Says which programs gave no credential.
fn tell_failed(actor: &Actor, outbox: &UnboundedSender<Message>) {
    for (account, why) in actor.fleet.failed_programs() {
        let _ = outbox.send(Message::ProgramFailed(account, why));
    }
}

/// Asks a host about what may be added.
async fn examine(actor: &Actor, candidate: Candidate) -> Result<(String, Addition), CheckProblem> {
    match candidate {
        Candidate::Host {
            config, credential, ..
        } => match actor.fleet.check((*config).clone(), credential).await {
            Ok(checked) => {
                let count = checked.organizations;
                let words = format!(
                    "{} on {}, {count} organization{}",
                    checked.who,
                    config.host,
                    if count == 1 { "" } else { "s" }
                );
                Ok((words, Addition::Host(config)))
            }
            Err(problem) => Err(CheckProblem {
                program: problem.program,
                why: problem.to_string(),
            }),
        },
        Candidate::Organization { account, name } => {
            let found = actor.fleet.check_organization(account, &name).await;
            found.map_err(|why| CheckProblem {
                why,
                program: false,
            })?;
            let words = format!("{name} is there");
            Ok((words, Addition::Organization { account, name }))
        }
    }
}

/// Writes an addition to the configuration, and goes on with it in any case.
async fn add(actor: &Actor, path: Option<PathBuf>, what: Addition) -> Added {
    let fleet = &actor.fleet;
    let entries = fleet.entries();
    let written = {
        let what = what.clone();
        let path = path.unwrap_or_default();
        let file = crate::text::safe(&path.to_string_lossy());
        let edit = move || match &what {
            Addition::Offered(hosts) => edit::add_hosts(&path, hosts),
            Addition::Host(host) => edit::add_hosts(&path, std::slice::from_ref(&**host)),
            Addition::Organization { account, name } => match entries.get(*account) {
                Some(entry) => {
                    let HostConfig { host, account, .. } = &entry.config;
                    edit::add_organization(&path, host, account.as_deref(), name)
                }
                None => Ok(()),
            },
        };
        match tokio::task::spawn_blocking(edit).await {
            Ok(result) => result.map(|()| file),
            Err(error) => Err(edit::EditError {
                file,
                why: error.to_string(),
                paste: String::new(),
            }),
        }
    };
    match &what {
        Addition::Offered(hosts) => {
            for host in hosts {
                fleet.add(host.clone());
            }
        }
        Addition::Host(host) => {
            if fleet.add_checked().is_none() {
                fleet.add((**host).clone());
            }
        }
        Addition::Organization { account, name } => fleet.add_organization(*account, name),
    }
    Added { what, written }
}

/// Whom a secret authenticates, as the host calls it.
fn who(account: &crate::api::Account) -> String {
    let name = account.username.as_deref().or(account.id.as_deref());
    name.map_or("somebody the host does not name".to_owned(), str::to_owned)
}

async fn prepare(actor: &Actor, slot: &Slot, shown: &Identity) -> Preparation {
    let deliverer = &actor.deliverer;
    let (default, rescue, own, reading, seen) = tokio::join!(
        deliverer.default_destination(),
        deliverer.prove_rescue(slot),
        actor.fleet.own(slot, shown),
        actor.fleet.limits(slot),
        actor.fleet.read(slot, Urgency::Owner),
    );
    let (default, why) = default;
    let (policy, server_now) = reading;
    let mut choices = choices(deliverer);
    // The clipboard was just tried: what is known to fail is said before Enter.
    if default == Destination::Panel
        && let Some(clipboard) = choices.first_mut()
    {
        clipboard.problem = Some(why);
    }
    let at = choices
        .iter()
        .position(|choice| choice.to == default)
        .unwrap_or(2);
    let (rescue, rescue_proven) = rescue_words(rescue);
    Preparation {
        choices,
        default: at,
        rescue,
        rescue_proven,
        own,
        origin: actor.fleet.origin(slot),
        policy,
        server_now,
        seen: Some(Box::new(seen)),
    }
}

/// What the dialog for many slots must know; the first slot stands for all
/// where one place is meant for all.
async fn prepare_many(actor: &Actor, slots: &[(Slot, Identity)]) -> ManyPreparation {
    let deliverer = &actor.deliverer;
    let known = slots.iter().map(|(slot, shown)| async move {
        let fleet = &actor.fleet;
        let (own, (policy, server_now)) = tokio::join!(fleet.own(slot, shown), fleet.limits(slot));
        Known {
            own,
            policy,
            server_now,
        }
    });
    let rescue = async {
        match slots.first() {
            Some((slot, _)) => deliverer.prove_rescue(slot).await,
            None => RescueProof::Off,
        }
    };
    let (rescue, slots) = tokio::join!(rescue, futures_util::future::join_all(known));
    let (rescue, rescue_proven) = rescue_words(rescue);
    let mut choices = choices(deliverer);
    for choice in &mut choices {
        match &choice.to {
            Destination::Clipboard | Destination::Osc52 | Destination::Panel => {
                choice.problem = Some(format!("{} holds one secret, not many", choice.to));
            }
            Destination::File(_) => {
                "file, {organization} in its path".clone_into(&mut choice.words)
            }
            Destination::Keyring | Destination::Named(_) => {}
        }
    }
    // What the owner has configured is meant for this, else a file.
    let configured = |choice: &Choice| matches!(choice.to, Destination::Named(_));
    let file = |choice: &Choice| matches!(choice.to, Destination::File(_));
    let default = choices.iter().position(configured);
    let default = default.or(choices.iter().position(file)).unwrap_or(0);
    ManyPreparation {
        choices,
        default,
        rescue,
        rescue_proven,
        slots,
    }
}

/// Whether a destination can take a secret of each of these slots: before
/// anything is sent, since a run that fails half-way has killed tokens.
async fn check(actor: &Actor, to: &Destination, slots: &[Slot]) -> Result<(), String> {
    let deliverer = &actor.deliverer;
    let mut places: HashMap<String, &Slot> = HashMap::new();
    for slot in slots {
        let place = deliverer.place_of(to, slot);
        if let Some(place) = place.map_err(|error| error.to_string())?
            && let Some(other) = places.insert(place.clone(), slot)
        {
            return Err(format!(
                "{other} and {slot} would both go to {}: write {{organization}}, {{host}} or \
                 {{kind}} into the destination",
                text::safe(&place)
            ));
        }
    }
    // There is one keyring, and each proof writes to it.
    let slots = match to {
        Destination::Keyring => slots.get(..1).unwrap_or_default(),
        _ => slots,
    };
    for slot in slots {
        let proven = deliverer.prove(to, slot).await;
        proven.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Every place that there is, whether or not it works.
fn choices(deliverer: &Deliverer) -> Vec<Choice> {
    let mut choices = Vec::new();
    let clear = deliverer.settings().clear_after.map_or_else(
        || "kept until it is replaced".to_owned(),
        |after| format!("cleared after {}", app::when::length(after.as_secs())),
    );
    let mut add = |to: Destination, words: String| {
        choices.push(Choice {
            to,
            words,
            problem: None,
        });
    };
    add(Destination::Clipboard, format!("clipboard, {clear}"));
    add(
        Destination::Osc52,
        "osc52, the terminal's clipboard".to_owned(),
    );
    add(Destination::Panel, "panel, until a key sends it".to_owned());
    add(Destination::File(Default::default()), "file".to_owned());
    if !deliverer.settings().surroundings.demo {
        add(Destination::Keyring, "keyring".to_owned());
    }
    for name in deliverer.settings().deliveries.keys() {
        add(Destination::Named(name.clone()), format!("delivery {name}"));
    }
    choices
}

/// Where a secret goes when the program must end, and whether there is such a
/// place.
fn rescue_words(rescue: RescueProof) -> (String, bool) {
    match rescue {
        RescueProof::Proven(place) => (format!("{place}, should the program have to end"), true),
        RescueProof::Unproven(why) => (format!("none: {why}"), false),
        RescueProof::Off => ("none, as asked for".to_owned(), false),
    }
}

fn note(signal: Caught) -> Caught {
    tracing::info!(?signal, "signal");
    signal
}

#[derive(Debug)]
enum Caught {
    End(u8),
    Interrupt,
    Stop,
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    quit: tokio::signal::unix::Signal,
    stop: tokio::signal::unix::Signal,
    /// Only to be there: a file that reaches its size limit is then an error of
    /// the write, and not the end of the program and of what it holds.
    _file_size: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let stop = SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw());
        let file_size = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            stop: signal(stop)?,
            _file_size: signal(file_size)?,
        })
    }

    async fn next(&mut self) -> Caught {
        tokio::select! {
            _ = self.terminate.recv() => Caught::End(15),
            _ = self.hang_up.recv() => Caught::End(1),
            _ = self.quit.recv() => Caught::End(3),
            _ = self.interrupt.recv() => Caught::Interrupt,
            _ = self.stop.recv() => Caught::Stop,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Caught {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Caught::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}
