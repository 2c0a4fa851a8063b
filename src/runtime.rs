//! The event loop: terminal events, signals and replies in, effects out.
//!
//! The only place that spawns tasks and the only one that sleeps: until
//! [`App::next_deadline`], which is never while nothing on the screen is due.
//! What an effect finds out comes back as one message with the effect's number.

mod adding;
mod effects;
mod input;
mod lending;
mod lookers;
mod preparing;
mod secrets;

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use futures_util::FutureExt;
use jiff::Timestamp;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::{AbortHandle, JoinSet};

use self::input::{Input, suspend_key};
use self::lookers::Lookers;
use crate::action::{Actor, Control};
use crate::app::dialogs::OfferDialog;
use crate::app::message::{Candidate, EffectId, Reply};
use crate::app::{self, Account, App, Effect, Message, Moment, Settings};
use crate::delivery::TerminalWrite;
use crate::ending::{self, LAST_WAIT};
use crate::signals::{Caught, Signals};
use crate::terminal::{self, Terminal};
use crate::ui::{self, Hits};

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
    lookers: Lookers,
    /// The writes: never aborted.
    writes: JoinSet<()>,
    controls: HashMap<EffectId, Control>,
    started: Instant,
    demo_notice: bool,
    /// The task that reads the terminal.
    reader: Option<AbortHandle>,
    /// What a click on the last frame hits, and a click that waits for the next
    /// one.
    hits: Hits,
    click: Option<MouseEvent>,
    /// When the last frame was drawn, and whether there is more to show since
    /// then that can wait for its time.
    drawn: Option<Instant>,
    unseen: bool,
    /// The configuration that additions are written to.
    pub config: Option<PathBuf>,
    /// Whether the cache is still to be read.
    pub recall: bool,
    /// What the screen had no time to tell.
    parting: Vec<String>,
    /// The hosts that are offered first, where there is no configuration.
    pub offer: Option<OfferDialog>,
}

/// How long after a frame answers alone make the next one; everything else is drawn
/// at once.
const FRAME: Duration = Duration::from_millis(33);
/// The same while a full read goes on: it brings hundreds of answers a second, and
/// the time that their frames take is the reading's.
const FRAME_OF_MANY: Duration = Duration::from_millis(100);

/// Whether a message is an answer that nobody has pressed a key for.
fn can_wait(message: &Message) -> bool {
    matches!(
        message,
        Message::Page(..) | Message::Reply(_, Reply::Read(_)) | Message::AuditTrails(_)
    )
}

/// Whether what comes next must find this done: the program ends, or somebody else
/// has the terminal.
fn ends_batch(effect: &Effect) -> bool {
    match effect {
        Effect::Leave | Effect::Decline | Effect::Suspend | Effect::OnTerminal { .. } => true,
        Effect::Examine { candidate, .. } => matches!(
            candidate,
            Candidate::Host {
                on_terminal: true,
                ..
            }
        ),
        _ => false,
    }
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
            lookers: Lookers::default(),
            writes: JoinSet::new(),
            controls: HashMap::new(),
            started: Instant::now(),
            demo_notice: demo,
            reader: None,
            hits: Hits::default(),
            click: None,
            drawn: None,
            unseen: false,
            config: None,
            recall: false,
            parting: Vec::new(),
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
        let signals = Signals::new()?.with_stop()?;
        let mut terminal = Terminal::enter(settings.mouse)?;
        let size = terminal.size()?;
        let (mut app, effects) = App::new(settings, accounts, size, self.now());
        if let Some(offer) = self.offer.take() {
            app.offer(offer);
        }
        self.hear_programs();
        // The first frame comes before any request.
        if let Err(stop) = self.draw(&mut terminal, &app) {
            return stop.exit();
        }
        let (app, effects) = match self.recall {
            false => (app, effects),
            // Thousands of organizations take as long as several frames; nothing
            // is under way yet, so nothing waits but a key.
            true => {
                let notes = self.actor.fleet.recall();
                self.tell(notes);
                let accounts = Account::all_of(&self.actor.fleet);
                App::new(app.settings, accounts, size, self.now())
            }
        };
        let mut app = app;
        let mut screen = Screen {
            terminal,
            signals,
            input: self.read_input(),
        };
        let Err(stop) = self.rounds(&mut app, effects, &mut screen).await;
        // Not with a revealed secret in the last frame: what the screen showed last
        // is kept by some terminals.
        app.hide_secrets();
        self.parting = std::mem::take(&mut app.parting);
        let _ = self.draw(&mut screen.terminal, &app);
        stop.exit()
    }

    /// The loop: what the state wants is begun, what has changed is drawn, and
    /// what happens next is told to the state.
    async fn rounds(
        &mut self,
        app: &mut App,
        mut pending: Vec<Effect>,
        screen: &mut Screen,
    ) -> Result<Infallible, Stop> {
        // Whether the screen may not show what is: a task that has ended, or a move
        // of the mouse, changes nothing.
        let mut stale = true;
        loop {
            stale |= !pending.is_empty();
            for effect in std::mem::take(&mut pending) {
                pending.extend(self.carry_out(effect, app, screen).await?);
            }
            let waits = self.unseen && self.frame_due(app).is_some_and(|due| due > Instant::now());
            let busy = stale && !waits && !screen.terminal.is_free();
            if stale && !waits && !busy {
                self.draw(&mut screen.terminal, app)?;
                stale = false;
            }
            if pending.is_empty()
                && let Some(message) = self.next(app, screen, busy).await?
            {
                stale = true;
                pending.extend(self.take_in(message, app, screen)?);
            }
        }
    }

    /// Begins what the state wants; what ends the loop or needs the terminal is
    /// done here and now.
    async fn carry_out(
        &mut self,
        effect: Effect,
        app: &mut App,
        screen: &mut Screen,
    ) -> Result<Vec<Effect>, Stop> {
        match effect {
            Effect::Leave => Err(Stop::Exit(Exit::Quit)),
            Effect::Decline => Err(Stop::Exit(Exit::Declined)),
            Effect::OnTerminal { account } => self.obtain_for(account, app, screen).await,
            Effect::Examine {
                id,
                candidate:
                    Candidate::Host {
                        config,
                        on_terminal: true,
                        ..
                    },
            } => self.obtain_to_examine(id, config, app, screen).await,
            Effect::Suspend => self.suspend(app, screen),
            effect => {
                self.start(effect);
                Ok(Vec::new())
            }
        }
    }

    /// Tells the state what has happened, and whatever else is there already: all
    /// of it is in the next frame.
    fn take_in(
        &mut self,
        first: Message,
        app: &mut App,
        screen: &mut Screen,
    ) -> Result<Vec<Effect>, Stop> {
        let mut waits = can_wait(&first);
        let hears = screen.terminal.is_free();
        let mut effects = app::update(app, first, self.now());
        for _ in 0..BATCH {
            // An owner who wants out, or a key that stops something, is
            // acted on at once.
            if effects.iter().any(ends_batch) {
                break;
            }
            let input = match hears {
                true => screen.input.try_recv(),
                false => Err(TryRecvError::Empty),
            };
            let message = match input {
                Ok(Input::Message(message)) => message,
                // A click means what was drawn, so that comes first.
                Ok(Input::Mouse(event)) => {
                    self.click = Some(event);
                    break;
                }
                Err(TryRecvError::Disconnected) => return Err(Stop::terminal_gone()),
                Err(TryRecvError::Empty) => match self.inbox.try_recv() {
                    Ok(message) => message,
                    Err(_) => break,
                },
            };
            // What an order brought is drawn before the next key: it opens
            // over whatever was there when that key was pressed.
            let outcome = matches!(message, Message::Reply(_, Reply::Outcome(_)));
            waits &= can_wait(&message);
            effects.extend(app::update(app, message, self.now()));
            if outcome {
                break;
            }
        }
        // It waits for company, and the last one has none to wait for.
        self.unseen = waits && app.list.is_reading();
        Ok(effects)
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

    /// What happens next; nothing where the state need not hear of it. Where a frame
    /// waits for the terminal, that can take it again.
    async fn next(
        &mut self,
        app: &App,
        screen: &mut Screen,
        frame_waits: bool,
    ) -> Result<Option<Message>, Stop> {
        if !frame_waits && let Some(event) = self.click.take() {
            return Ok(self.mouse(event));
        }
        let deadline = app.next_deadline().map(|at| self.started + at);
        let frame = self.frame_due(app).filter(|_| self.unseen && !frame_waits);
        let sleep = async move {
            match deadline.into_iter().chain(frame).min() {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        Ok(tokio::select! {
            biased;
            signal = screen.signals.next() => {
                tracing::info!(?signal, "signal");
                match signal {
                    Caught::End(number) => return Err(Stop::Exit(Exit::Signal(number))),
                    Caught::Interrupt => Some(Message::Interrupt),
                    Caught::Stop => Some(suspend_key()),
                }
            },
            // Not before what is there now is seen: it may be what an order brought.
            event = screen.input.recv(), if !frame_waits => match event {
                Some(Input::Message(message)) => Some(message),
                Some(Input::Mouse(event)) => self.mouse(event),
                None => return Err(Stop::terminal_gone()),
            },
            Some(message) = self.inbox.recv() => Some(message),
            () = self.actor.fleet.changed() => Some(Message::Hosts(self.actor.fleet.news())),
            Some(write) = self.terminal_writes.recv() => {
                let result = screen.terminal.between_frames(&write.bytes);
                let _ = write.done.send(result);
                None
            }
            free = screen.terminal.news(frame_waits) => {
                free.map_err(|_| Stop::terminal_gone())?;
                None
            }
            Some(done) = self.writes.join_next() => ended(done)?,
            Some(done) = self.tasks.join_next() => ended(done)?,
            // Else it is the frame that is due.
            () = sleep => deadline
                .is_some_and(|at| at <= Instant::now())
                .then_some(Message::Deadline),
        })
    }

    /// When the next frame with nothing but answers in it is due.
    fn frame_due(&self, app: &App) -> Option<Instant> {
        let after = match app.list.has_more_to_read() {
            true => FRAME_OF_MANY,
            false => FRAME,
        };
        Some(self.drawn? + after)
    }

    fn draw(&mut self, terminal: &mut Terminal, app: &App) -> Result<(), Stop> {
        self.drawn = Some(Instant::now());
        self.unseen = false;
        if !terminal::has_panicked() {
            let hits = &mut self.hits;
            let drawn = terminal.draw(|frame| *hits = ui::draw(app, frame));
            drawn.map_err(|_| Stop::terminal_gone())?;
        }
        Ok(())
    }

    /// What the mouse did, by what is on the screen.
    fn mouse(&self, event: MouseEvent) -> Option<Message> {
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                let target = self.hits.at(event.column, event.row)?;
                Some(Message::Click(target.clone()))
            }
            MouseEventKind::ScrollDown => Some(Message::Wheel { down: true }),
            MouseEventKind::ScrollUp => Some(Message::Wheel { down: false }),
            _ => None,
        }
    }

    /// The way out: no new write starts, the one in flight is awaited, and what
    /// is delivered nowhere goes to the rescue. Returns what to tell the owner.
    pub async fn finish(&mut self) -> Vec<String> {
        for control in self.controls.values() {
            control.end();
        }
        // Of a terminal that is gone it would read for ever.
        if let Some(reader) = self.reader.take() {
            reader.abort();
        }
        let mut lines = std::mem::take(&mut self.parting);
        // What is waited for is an order's outcome and not the end of its task,
        // which goes on to watch the clipboard.
        let landed = tokio::time::timeout(LAST_WAIT, self.actor.landed()).await;
        if landed.is_err() {
            lines.push(ending::not_in_time(&self.actor).to_owned());
        }
        lines.extend(ending::rescue(&self.actor).await);
        // What is still under way ends here; an answer that came while the
        // rescue was at work is rescued, too. What could not be rescued is tried
        // once more, and told once.
        self.writes.shutdown().await;
        let more = ending::rescue(&self.actor).await;
        let told = lines.clone();
        lines.extend(more.into_iter().filter(|line| !told.contains(line)));
        let fleet = self.actor.fleet.clone();
        let remember = tokio::task::spawn_blocking(move || fleet.remember());
        lines.extend(remember.await.unwrap_or_default());
        lines
    }
}

/// What the loop holds while there is a screen.
struct Screen {
    terminal: Terminal,
    signals: Signals,
    input: UnboundedReceiver<Input>,
}

/// Why the loop ends.
enum Stop {
    Exit(Exit),
    /// The terminal cannot be had back.
    Failed(io::Error),
}

impl Stop {
    fn terminal_gone() -> Self {
        Stop::Exit(Exit::Signal(1))
    }

    fn exit(self) -> io::Result<Exit> {
        match self {
            Stop::Exit(exit) => Ok(exit),
            Stop::Failed(error) => Err(error),
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Failed(error)
    }
}

/// Nothing is to be told of a task that has ended, unless it has panicked.
fn ended(done: Result<(), tokio::task::JoinError>) -> Result<Option<Message>, Stop> {
    match done {
        Err(error) if error.is_panic() => Err(Stop::Exit(Exit::Panic)),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crossterm::event::{KeyCode, KeyEvent};

    use super::*;
    use crate::slot::{Found, Host, Reading, Slot};

    #[test]
    fn what_a_look_brings_can_wait_for_company_and_what_the_owner_does_cannot() {
        let reading = Reading {
            found: Found::None,
            note: None,
            policy: None,
            at: Timestamp::UNIX_EPOCH,
        };
        let slot = Slot::new(&Host::new("app.terraform.io"), "acme");
        assert!(can_wait(&Message::Page(1, vec!["acme".into()])));
        assert!(can_wait(&Message::AuditTrails(slot)));
        assert!(can_wait(&Message::Reply(1, Reply::Read(Arc::new(reading)))));
        let key = KeyEvent::from(KeyCode::Char('j'));
        assert!(!can_wait(&Message::Key(key)));
        assert!(!can_wait(&Message::Reply(
            1,
            Reply::Done(Ok("copied".into()))
        )));
    }
}
