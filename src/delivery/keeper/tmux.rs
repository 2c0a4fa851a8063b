//! A named buffer of tmux, which hands its content on to the outer terminal.
//!
//! Inside tmux an application's own OSC 52 is dropped under tmux's defaults;
//! `load-buffer -w` reaches the outer terminal under every setting. The price
//! is a copy in a paste buffer of tmux, which therefore has a name of its own
//! and is deleted at clear time and when the program ends, however it ends.

use std::sync::mpsc::Sender;
use std::time::Duration;

use tokio::runtime::Runtime;

use super::rules::Event;
use super::{Board, Order};
use crate::child::{self, Finished};
use crate::secret::Secret;

const TIMEOUT: Duration = Duration::from_secs(10);
/// The first version with `load-buffer -w`.
const NEEDED: (u32, u32) = (3, 2);

pub(super) struct Buffer {
    runtime: Runtime,
    name: String,
}

impl Board for Buffer {
    const OWN_PLACE: bool = true;

    fn open() -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let random = getrandom::u64().map_err(|error| error.to_string())?;
        let buffer = Self {
            runtime,
            name: format!("orgward-{random:016x}"),
        };
        let said = buffer.tmux(&["display-message", "-p", "#{version}"], None)?;
        let version = String::from_utf8_lossy(&said.stdout);
        match parse(&version) {
            Some(version) if version < NEEDED => Err(format!(
                "tmux {}.{} cannot hand a buffer on to the terminal; version {}.{} or later can",
                version.0, version.1, NEEDED.0, NEEDED.1
            )),
            _ => Ok(buffer),
        }
    }

    fn hold(&mut self, order: &Order, events: &Sender<Event>) {
        let loaded = self.tmux(
            &["load-buffer", "-b", &self.name, "-w", "-"],
            Some(&order.secret),
        );
        let _ = events.send(match loaded {
            Ok(_) => Event::Held,
            Err(why) => Event::Lost(why),
        });
    }

    fn let_go(&mut self, _: &Secret) -> bool {
        // The owner may have deleted it already; then it is gone just as well.
        let _ = self.tmux(&["delete-buffer", "-b", &self.name], None);
        true
    }
}

impl Buffer {
    fn tmux(&self, arguments: &[&str], input: Option<&Secret>) -> Result<Finished, String> {
        let mut command = child::command("tmux");
        command.args(arguments);
        let ended = self
            .runtime
            .block_on(child::run(
                command,
                input.map(|s| (s, "")),
                TIMEOUT,
                64 * 1024,
            ))
            .map_err(|error| format!("tmux: {error}"))?;
        if ended.success {
            Ok(ended)
        } else {
            Err(format!(
                "tmux ended with {}: {}",
                ended.status, ended.stderr
            ))
        }
    }
}

/// `3.3a`, `next-3.5` → (3, 3), (3, 5); `master` has no number and can do all.
fn parse(version: &str) -> Option<(u32, u32)> {
    let numbers = version
        .trim()
        .trim_start_matches(|c: char| !c.is_ascii_digit());
    let (major, minor) = numbers.split_once('.')?;
    let minor: String = minor.chars().take_while(char::is_ascii_digit).collect();
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(parse("3.3a\n"), Some((3, 3)));
        assert_eq!(parse("next-3.5"), Some((3, 5)));
        assert_eq!(parse("2.9"), Some((2, 9)));
        assert_eq!(parse("master"), None);
    }
}
