//! What the system says to the program from outside: signals, and on Windows the
//! events of the console. Each is heard from the moment a [`Signals`] is made and
//! no longer ends the program by itself, since that would end a secret with it.

use std::io;

/// What was heard.
#[derive(Debug)]
pub(crate) enum Caught {
    /// The program has to end; the number is the signal's.
    End(u8),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Z. Only the screen hears it ([`Signals::with_stop`]).
    #[cfg_attr(not(unix), allow(dead_code, reason = "there is no stopping here"))]
    Stop,
}

impl Caught {
    /// The number of the signal, where it ends a command.
    pub(crate) fn ends(&self) -> Option<u8> {
        match self {
            Self::End(number) => Some(*number),
            Self::Interrupt => Some(2),
            Self::Stop => None,
        }
    }
}

/// Where they are heard.
#[cfg(unix)]
pub struct Signals {
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    quit: tokio::signal::unix::Signal,
    stop: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// From here on they end the program no longer by themselves.
    ///
    /// # Errors
    /// Where the system does not hand them over.
    pub fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        // Taken once and for all: a file that reaches its size limit is an
        // error of the write, and not the end of what the program holds.
        let file_size = rustix::process::Signal::XFSZ.as_raw();
        drop(signal(SignalKind::from_raw(file_size))?);
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            stop: None,
        })
    }

    /// Ctrl-Z is heard as well: a screen has to be given back before.
    ///
    /// # Errors
    /// Where the system does not hand it over.
    pub(crate) fn with_stop(self) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let stop = SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw());
        let stop = Some(signal(stop)?);
        Ok(Self { stop, ..self })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> Caught {
        let stopped = async {
            match &mut self.stop {
                Some(stop) => stop.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => Caught::End(15),
            _ = self.hang_up.recv() => Caught::End(1),
            _ = self.quit.recv() => Caught::End(3),
            _ = self.interrupt.recv() => Caught::Interrupt,
            _ = stopped => Caught::Stop,
        }
    }
}

/// Where they are heard. The system gives a program some seconds after a window
/// was closed or a session is ending, which is what a rescue has.
#[cfg(windows)]
pub struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    quit: tokio::signal::windows::CtrlBreak,
    window: tokio::signal::windows::CtrlClose,
    session: tokio::signal::windows::CtrlLogoff,
    system: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Signals {
    /// From here on they end the program no longer by themselves.
    ///
    /// # Errors
    /// Where the system does not hand them over.
    pub fn new() -> io::Result<Self> {
        use tokio::signal::windows;
        Ok(Self {
            interrupt: windows::ctrl_c()?,
            quit: windows::ctrl_break()?,
            window: windows::ctrl_close()?,
            session: windows::ctrl_logoff()?,
            system: windows::ctrl_shutdown()?,
        })
    }

    /// There is no stopping here.
    ///
    /// # Errors
    /// Never.
    pub(crate) fn with_stop(self) -> io::Result<Self> {
        Ok(self)
    }

    /// Waits for the next one, named after the signal that means the same.
    pub(crate) async fn next(&mut self) -> Caught {
        tokio::select! {
            _ = self.window.recv() => Caught::End(1),
            _ = self.session.recv() => Caught::End(15),
            _ = self.system.recv() => Caught::End(15),
            _ = self.quit.recv() => Caught::End(3),
            _ = self.interrupt.recv() => Caught::Interrupt,
        }
    }
}

impl Signals {
    /// Waits for one that ends a command, and returns the exit code that belongs
    /// to it.
    pub async fn ended(&mut self) -> u8 {
        loop {
            if let Some(number) = self.next().await.ends() {
                return 128 + number;
            }
        }
    }
}
