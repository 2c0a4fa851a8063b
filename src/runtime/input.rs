//! The terminal's input: read in a task of its own, and let go of while another
//! program has the terminal.

use std::io;
use std::time::Duration;

use crossterm::event::{Event, EventStream, MouseEvent};
use futures_util::StreamExt;
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::signals::{Caught, Signals};
use super::{Exit, Runtime};
use crate::app::{self, App, Effect, Message};
use crate::config::HostConfig;
use crate::credentials::Credential;
use crate::terminal::{self, Terminal};

/// What the terminal says. What the mouse means depends on what is drawn.
pub(super) enum Input {
    /// All but the mouse.
    Message(Message),
    /// The mouse.
    Mouse(MouseEvent),
}

/// How long a Ctrl-C that ended another program may take to be heard here.
const SETTLING: Duration = Duration::from_millis(200);
/// How long the end of reading from the terminal may take.
const LETTING_GO: Duration = Duration::from_millis(50);

impl Runtime {
    /// Reads the terminal in a task of its own, which ends with the terminal:
    /// the event stream remembers only the waker of its first poll, so nobody
    /// else may poll it, not even to see whether more has come.
    pub(super) fn read_input(&mut self) -> UnboundedReceiver<Input> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let reader = self.tasks.spawn(async move {
            let mut events = EventStream::new();
            let gone = terminal::gone();
            tokio::pin!(gone);
            loop {
                let event = tokio::select! {
                    biased;
                    () = &mut gone => return,
                    event = events.next() => event,
                };
                let Some(Ok(event)) = event else {
                    return;
                };
                if sender.send(translate(event)).is_err() {
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
    pub(super) async fn on_terminal(
        &mut self,
        config: &HostConfig,
        terminal: &mut Terminal,
        signals: &mut Signals,
        input: &mut UnboundedReceiver<Input>,
    ) -> io::Result<Result<Result<Credential, String>, Exit>> {
        let fleet = self.actor.fleet.clone();
        if fleet.programs.is_busy() {
            let why = "another program is still running; wait for it, or stop it with Esc";
            return Ok(Ok(Err(why.to_owned())));
        }
        self.stop_reading().await;
        // It was made for a screen that is gone.
        self.click = None;
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

    pub(super) fn back_on_screen(
        &self,
        app: &mut App,
        terminal: &Terminal,
        message: Message,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Ok((width, height)) = terminal.size() {
            let size = Message::Resize(width, height);
            effects.extend(app::update(app, size, self.now()));
        }
        effects.extend(app::update(app, message, self.now()));
        effects
    }
}

fn translate(event: Event) -> Input {
    Input::Message(match event {
        Event::Key(key) => Message::Key(key),
        Event::Paste(text) => Message::Paste(text),
        Event::Resize(width, height) => Message::Resize(width, height),
        Event::FocusGained => Message::Focus(true),
        Event::FocusLost => Message::Focus(false),
        Event::Mouse(event) => return Input::Mouse(event),
    })
}

/// A stop signal does what Ctrl-Z does.
pub(super) fn suspend_key() -> Message {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    Message::Key(KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL))
}
