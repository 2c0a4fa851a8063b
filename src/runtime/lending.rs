//! The times at which somebody else has the terminal: a program that gives a
//! credential and asks its owner for it there, and the shell after Ctrl-Z.

use std::time::Duration;

use super::{Exit, Runtime, Screen, Stop};
use crate::app::message::{Candidate, CheckProblem, EffectId, Reply};
use crate::app::{self, App, Effect, Message};
use crate::config::HostConfig;
use crate::credentials::Credential;
use crate::signals::Caught;
use crate::terminal;

/// How long a Ctrl-C that ended another program may take to be heard here.
const SETTLING: Duration = Duration::from_millis(200);

impl Runtime {
    /// Has the credential of a host entry given on the terminal.
    pub(super) async fn obtain_for(
        &mut self,
        account: usize,
        app: &mut App,
        screen: &mut Screen,
    ) -> Result<Vec<Effect>, Stop> {
        let entries = self.actor.fleet.entries();
        let Some(entry) = entries.get(account) else {
            return Ok(Vec::new());
        };
        let result = self.obtain(&entry.config, screen).await?;
        let result = result.map(|credential| self.actor.fleet.give(account, credential));
        Ok(self.back(app, screen, Message::Obtained(account, result)))
    }

    /// The same for a host that is no entry yet, which is examined with it.
    pub(super) async fn obtain_to_examine(
        &mut self,
        id: EffectId,
        config: Box<HostConfig>,
        app: &mut App,
        screen: &mut Screen,
    ) -> Result<Vec<Effect>, Stop> {
        let message = match self.obtain(&config, screen).await? {
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
                let problem = CheckProblem {
                    why,
                    program: true,
                    no_credential: false,
                    elsewhere: None,
                };
                Message::Reply(id, Reply::Examined(Err(problem)))
            }
        };
        Ok(self.back(app, screen, message))
    }

    /// Gives the terminal back to the shell, until it wakes this program.
    pub(super) fn suspend(
        &mut self,
        app: &mut App,
        screen: &mut Screen,
    ) -> Result<Vec<Effect>, Stop> {
        self.click = None;
        // A terminal that does not read could not be given back.
        if screen.terminal.settle().is_err() {
            return Ok(Vec::new());
        }
        // Not while the frame with a revealed secret is the last one: the state has
        // hidden it, and this draws it.
        self.draw(&mut screen.terminal, app)?;
        let suspended = screen.terminal.suspend();
        suspended.map_err(|_| Stop::terminal_gone())?;
        Ok(self.back(app, screen, Message::Resumed))
    }

    /// Runs a program that has the terminal for itself. The inner error is the
    /// program's, in words.
    async fn obtain(
        &mut self,
        config: &HostConfig,
        screen: &mut Screen,
    ) -> Result<Result<Credential, String>, Stop> {
        let fleet = self.actor.fleet.clone();
        if fleet.programs.is_busy() {
            let why = "another program is still running; wait for it, or stop it with Esc";
            return Ok(Err(why.to_owned()));
        }
        self.stop_reading().await;
        // It was made for a screen that is gone.
        self.click = None;
        let lent = screen.terminal.lend();
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
                signal = screen.signals.next() => match signal {
                    Caught::End(number) => return Err(Stop::Exit(Exit::Signal(number))),
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
        screen.terminal.reclaim(lent)?;
        screen.input = self.read_input();
        Ok(result)
    }

    /// The terminal is ours again, perhaps in another size.
    fn back(&self, app: &mut App, screen: &Screen, message: Message) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Ok((width, height)) = screen.terminal.size() {
            let size = Message::Resize(width, height);
            effects.extend(app::update(app, size, self.now()));
        }
        effects.extend(app::update(app, message, self.now()));
        effects
    }
}
