//! The terminal's input: read in a task of its own, and let go of while another
//! program has the terminal.

use std::time::Duration;

use crossterm::event::{Event, EventStream, MouseEvent};
use futures_util::StreamExt;
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::Runtime;
use crate::app::Message;
use crate::terminal;

/// What the terminal says. What the mouse means depends on what is drawn.
pub(super) enum Input {
    /// All but the mouse.
    Message(Message),
    /// The mouse.
    Mouse(MouseEvent),
}

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
    pub(super) async fn stop_reading(&mut self) {
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
