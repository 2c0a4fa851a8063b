//! Programs that give credentials, where there is no screen: they have the
//! terminal for themselves, and one that is waited for long is named.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::sleep;

use super::Output;
use crate::credentials::{Programs, Progress};

/// How long a program runs before it is named.
const QUIET: Duration = Duration::from_secs(30);

/// What is to be said while a command works.
pub struct Waiting {
    programs: UnboundedReceiver<Progress>,
    out: Output,
}

impl Waiting {
    /// Of these programs, which have the terminal for themselves from now on.
    pub fn of(programs: &Programs, out: Output) -> Self {
        programs.lend_by(move |lent| out.lend(lent));
        let (listener, receiver) = mpsc::unbounded_channel();
        programs.report_to(listener);
        Self {
            programs: receiver,
            out,
        }
    }

    /// Does the work, and names the program that it waits for.
    pub async fn beside<T>(self, work: impl Future<Output = T>) -> T {
        let Self { programs, out } = self;
        let say = |name: &str| out.error(&format!("waiting for: {name} (Ctrl-C ends it)"));
        tokio::select! {
            biased;
            done = work => done,
            never = name_slow(programs, say) => match never {},
        }
    }
}

/// Names each program that takes long, for as long as somebody waits for this.
async fn name_slow(mut programs: UnboundedReceiver<Progress>, say: impl Fn(&str)) -> Infallible {
    let mut running: Option<String> = None;
    loop {
        tokio::select! {
            news = programs.recv() => match news {
                Some(Progress::Began(name)) => running = Some(name),
                Some(Progress::Ended) => running = None,
                None => return std::future::pending().await,
            },
            () = sleep(QUIET), if running.is_some() => {
                if let Some(name) = running.take() {
                    say(&name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_program_is_named_once_after_half_a_minute_and_a_quick_one_never() {
        let (news, programs) = mpsc::unbounded_channel();
        let said = Mutex::new(Vec::new());
        let say = |name: &str| said.lock().unwrap().push(name.to_owned());
        let seconds = |seconds| sleep(Duration::from_secs(seconds));
        let began = |name: &str| news.send(Progress::Began(name.into())).unwrap();
        let work = async {
            began("quick");
            seconds(29).await;
            news.send(Progress::Ended).unwrap();
            seconds(29).await;
            began("op read …");
            seconds(29).await;
            assert!(said.lock().unwrap().is_empty());
            seconds(100).await;
            news.send(Progress::Ended).unwrap();
            seconds(100).await;
        };
        tokio::select! {
            () = work => {}
            never = name_slow(programs, say) => match never {},
        }
        assert_eq!(*said.lock().unwrap(), ["op read …"]);
    }
}
