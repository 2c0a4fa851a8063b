//! The system's clipboard, by arboard; the only place of the program that
//! touches it. Only the clipboard proper is set, never the primary selection.

use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use arboard::{Clipboard as System, Error};
use zeroize::Zeroizing;

use super::rules::Event;
use super::{Board, Order};
use crate::secret::Secret;

/// Between two attempts to read back what was set.
const READ_BACK: Duration = Duration::from_millis(20);
/// This many attempts, then the clipboard does not take our content.
const READ_BACKS: u32 = 250;

pub(super) struct Clipboard(
    #[allow(dead_code, reason = "kept open; read where content stays")] System,
);

impl Board for Clipboard {
    const OWN_PLACE: bool = false;

    fn open() -> Result<Self, String> {
        #[cfg(all(unix, not(target_os = "macos")))]
        no_display()?;
        System::new().map(Self).map_err(words)
    }

    fn hold(&mut self, order: &Order, events: &Sender<Event>) {
        let (text, to) = (order.secret.clone(), events.clone());
        let sensitive = order.sensitive;
        thread::spawn(move || {
            let event = match set(&text, sensitive) {
                Ok(()) if STAYS => return,
                Ok(()) => Event::Replaced,
                Err(error) => Event::Lost(words(error)),
            };
            let _ = to.send(event);
        });
        let (text, to) = (order.secret.clone(), events.clone());
        thread::spawn(move || {
            let _ = to.send(match read_back(&text) {
                Ok(()) => Event::Held,
                Err(why) => Event::Lost(why),
            });
            watch(&to);
        });
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    fn let_go(&mut self, _: &Secret) -> bool {
        true
    }

    #[cfg(not(all(unix, not(target_os = "macos"))))]
    fn let_go(&mut self, secret: &Secret) -> bool {
        let ours = self
            .0
            .get_text()
            .is_ok_and(|text| *Zeroizing::new(text) == *secret.expose());
        ours && self.0.clear().is_ok()
    }
}

/// Without a display there is nothing to be reached, whatever the library says of
/// the attempt.
#[cfg(all(unix, not(target_os = "macos")))]
fn no_display() -> Result<(), String> {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match set("DISPLAY") || set("WAYLAND_DISPLAY") {
        true => Ok(()),
        false => Err("there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)".into()),
    }
}

/// Whether content stays when its process ends (and nobody is told when it is
/// replaced).
const STAYS: bool = cfg!(not(all(unix, not(target_os = "macos"))));

/// Sets the content, marked (if it is sensitive) for clipboard managers as not to
/// be kept. Where content belongs to a process this returns when it was replaced.
/// `wait` and nothing else: `wait_until` returns at once on Wayland, and
/// `wait_once` is used up by a program that only asks for the formats.
fn set(secret: &Secret, sensitive: bool) -> Result<(), Error> {
    let mut clipboard = System::new()?;
    let text = secret.expose().to_owned();
    #[cfg(all(unix, not(target_os = "macos")))]
    {
        use arboard::SetExtLinux;
        let set = clipboard.set().wait();
        if sensitive {
            set.exclude_from_history().text(text)
        } else {
            set.text(text)
        }
    }
    #[cfg(target_os = "macos")]
    {
        use arboard::SetExtApple;
        if sensitive {
            clipboard.set().exclude_from_history().text(text)
        } else {
            clipboard.set().text(text)
        }
    }
    #[cfg(windows)]
    {
        use arboard::SetExtWindows;
        if sensitive {
            clipboard
                .set()
                .exclude_from_monitoring()
                .exclude_from_cloud()
                .exclude_from_history()
                .text(text)
        } else {
            clipboard.set().text(text)
        }
    }
}

/// Waits until the clipboard, asked like any other program would, has our text.
fn read_back(secret: &Secret) -> Result<(), String> {
    let mut clipboard = System::new().map_err(words)?;
    for _ in 0..READ_BACKS {
        let there = clipboard.get_text().map(Zeroizing::new);
        if there.is_ok_and(|text| text.as_str() == secret.expose()) {
            return Ok(());
        }
        thread::sleep(READ_BACK);
    }
    Err("the clipboard did not take the content".into())
}

/// Notices that the display server is gone, which no waiting thread does on
/// X11. It asks for a format that we never offer, so no copy of the secret is
/// made for it.
fn watch(events: &Sender<Event>) {
    if STAYS {
        return;
    }
    loop {
        thread::sleep(Duration::from_secs(15));
        let alive = System::new().and_then(|mut clipboard| clipboard.get().html());
        if matches!(alive, Err(Error::Unknown { .. }))
            && events
                .send(Event::Lost("the display is gone".into()))
                .is_err()
        {
            return;
        }
    }
}

fn words(error: Error) -> String {
    match error {
        Error::ClipboardNotSupported => "this system's clipboard cannot be used".into(),
        Error::ClipboardOccupied => "another program does not let go of the clipboard".into(),
        // Said of every failure on the way to an X server, at once or not.
        Error::Unknown { description } if description.starts_with("X11 server connection") => {
            "the X server cannot be reached (see DISPLAY)".into()
        }
        Error::Unknown { description } => description,
        other => other.to_string(),
    }
}
