//! From the last byte of the answer that carries a new secret to the moment at
//! which the clipboard has it: an X server of its own, and a proxy before the
//! host that knows when that byte left.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use orgward::demo::{EmbeddedHost, Flavour, HostOptions, OrganizationSeed};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xfixes::{ConnectionExt as _, SelectionEventMask};
use x11rb::protocol::xproto::ConnectionExt as _;

use crate::Programs;
use crate::figures::{Depends, Table, median, ms, percentile};
use crate::scenario::Home;

const COPIES: usize = 20;

pub fn measure(programs: &Programs, table: &mut Table) {
    let name = "last byte of the 201 to the clipboard's owner set";
    let Some(display) = Display::start() else {
        table.note(format!("{name}: not measured, there is no Xvfb"));
        return;
    };
    let owners = display.owners();
    let seeds = (0..COPIES).map(|n| OrganizationSeed::new(&format!("empty-{n:02}")));
    let options = HostOptions {
        limit: None,
        ..HostOptions::new(Flavour::Enterprise, seeds.collect())
    };
    let host = EmbeddedHost::start_on_thread(options).expect("the embedded host");
    let port = host.address().port().expect("a port");
    let (address, answered) = proxy(port);
    let home = Home::new(&address, host.credential().expose(), "");
    let mut terminal = home.start(programs, &[("DISPLAY", &display.name)]);
    terminal.until("every slot to be read", |screen| {
        screen.contains("empty-19") && !screen.contains("reading")
    });
    let mut samples = Vec::new();
    for _ in 0..COPIES {
        terminal.press("g");
        terminal.quiet(Duration::from_millis(100));
        terminal.press("n");
        terminal.until("the dialog", |screen| screen.contains("clipboard, cleared"));
        terminal.press("\r");
        let owned = owners
            .recv_timeout(Duration::from_secs(20))
            .expect("a copy");
        let last = answered.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.expect("an answer to a POST");
        samples.push(owned.saturating_duration_since(last));
        terminal.until("the panel", |screen| screen.contains("delivered to"));
        terminal.press("\x1b");
        terminal.until("the list", |screen| !screen.contains("delivered to"));
    }
    let slow = percentile(&mut samples, 0.95);
    table.add(
        name,
        "at most 10 ms",
        format!("{} (median; p95 {})", ms(median(&mut samples)), ms(slow)),
        median(&mut samples) <= Duration::from_millis(10),
        Depends::OnTheMachine,
    );
}

/// Passes everything on; tells when the last byte of an answer to a POST left.
fn proxy(port: u16) -> (String, Arc<Mutex<Option<Instant>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let own = listener.local_addr().expect("its number").port();
    let answered = Arc::new(Mutex::new(None));
    let last = answered.clone();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let Ok(client) = client else { return };
            let server = TcpStream::connect(("127.0.0.1", port)).expect("the host");
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let posted = Arc::new(Mutex::new(false));
            let both = [
                (client.try_clone(), server.try_clone(), None),
                (Ok(server), Ok(client), Some(last.clone())),
            ];
            for (from, to, last) in both {
                let (from, to) = (from.expect("a stream"), to.expect("a stream"));
                let posted = posted.clone();
                std::thread::spawn(move || pass(from, to, &posted, last.as_deref()));
            }
        }
    });
    (format!("http://127.0.0.1:{own}/api/v2/"), answered)
}

/// Writes have a connection of their own, so its first bytes tell.
fn pass(
    mut from: TcpStream,
    mut to: TcpStream,
    posted: &Mutex<bool>,
    last: Option<&Mutex<Option<Instant>>>,
) {
    let mut piece = [0; 16 * 1024];
    while let Ok(n @ 1..) = from.read(&mut piece) {
        let mut posted = posted.lock().unwrap_or_else(PoisonError::into_inner);
        match last {
            None => *posted |= piece[..n].starts_with(b"POST "),
            Some(last) if *posted => {
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                *last = Some(Instant::now());
            }
            Some(_) => {}
        }
        drop(posted);
        if to.write_all(&piece[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

struct Display {
    server: Child,
    name: String,
}

impl Display {
    fn start() -> Option<Self> {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "640x480x8"])
            .args(["-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut number = String::new();
        let output = server.stdout.take()?;
        BufReader::new(output).read_line(&mut number).ok()?;
        Some(Self {
            server,
            name: format!(":{}", number.trim()),
        })
    }

    /// When the clipboard got an owner, each time.
    fn owners(&self) -> Receiver<Instant> {
        let (display, screen) = x11rb::connect(Some(&self.name)).expect("the display");
        let root = display.setup().roots[screen].root;
        let atom = display.intern_atom(false, b"CLIPBOARD").expect("a request");
        let atom = atom.reply().expect("the selection's name").atom;
        let version = display.xfixes_query_version(5, 0).expect("a request");
        version.reply().expect("the extension");
        let mask = SelectionEventMask::SET_SELECTION_OWNER;
        let selected = display.xfixes_select_selection_input(root, atom, mask);
        selected.expect("a request").check().expect("the events");
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            while let Ok(event) = display.wait_for_event() {
                let now = Instant::now();
                if matches!(event, Event::XfixesSelectionNotify(_)) && sender.send(now).is_err() {
                    return;
                }
            }
        });
        receiver
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
