//! How long a full read takes beside what the pace allows, and what ten
//! thousand answers cost the screen. Prints a table; `cargo bench --bench
//! fleet`. A benchmark and no test: what it says depends on the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use orgward::api::Urgency;
use orgward::app::keys::Keymap;
use orgward::app::message::Reply;
use orgward::app::{self, Account, App, Effect, Message, Moment, Settings};
use orgward::config::{HostConfig, Organizations};
use orgward::credentials::Environment;
use orgward::demo::{EmbeddedHost, Flavour, HostOptions, Limit, WorldSource};
use orgward::expiry::Expiry;
use orgward::fleet::{Fleet, Source};
use orgward::slot::{Found, Host, Reading, Rules, Slot, State};
use tokio::sync::mpsc;

const HOST: &str = "app.terraform.io";
const ORGANIZATIONS: usize = 200;
const LIMIT: u32 = 30;
const PACE: f64 = 0.8;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    println!(
        "{ORGANIZATIONS} organizations, {LIMIT} requests a second, pace {PACE}\n\n\
         {:<38}{:>9}{:>9}{:>10}{:>7}{:>9}{:>11}",
        "", "requests", "read in", "at pace", "ratio", "lost", "late 429"
    );
    for latency in [20, 200] {
        runtime.block_on(pace(Way::Screen, latency));
        runtime.block_on(pace(Way::List, latency));
    }
    println!("\nthe screen's part, without any network\n");
    for count in [1_000, 10_000] {
        answers(count);
    }
}

#[derive(Clone, Copy)]
enum Way {
    /// As the screen reads: policies only for the rows that are visible.
    Screen,
    /// As `list` and `check` read: everything of every slot.
    List,
}

async fn pace(way: Way, latency: u64) {
    let server = EmbeddedHost::start(HostOptions {
        world: WorldSource::Generated(ORGANIZATIONS),
        latency: Duration::from_millis(latency),
        limit: Some(Limit {
            requests: LIMIT,
            window: Duration::from_secs(1),
        }),
        ..HostOptions::new(Flavour::Hcp, Vec::new())
    })
    .await
    .unwrap();
    let config = HostConfig {
        address: Some(server.address()),
        organizations: Organizations::All,
        pace: PACE,
        ..HostConfig::new(Host::new(HOST))
    };
    let hosts = vec![(config, Source::Given(server.credential()))];
    let environment = Environment::new([].into(), None);
    let fleet = Arc::new(Fleet::new(hosts, environment, true, Vec::new()));
    let refused = {
        let server = server.handle();
        move || {
            let requests = server.requests();
            requests.iter().filter(|r| r.status == Some(429)).count()
        }
    };
    let early = Arc::new(AtomicUsize::new(0));
    {
        let (early, refused) = (early.clone(), refused.clone());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            early.store(refused(), Ordering::Relaxed);
        });
    }
    let stood_still = watch_the_machine();
    let start = Instant::now();
    let (name, read) = match way {
        Way::Screen => ("as the screen", screen(&fleet).await),
        Way::List => ("as list and check", list(&fleet).await),
    };
    let took = start.elapsed().as_secs_f64();
    let requests = server.requests().len();
    #[allow(clippy::cast_precision_loss, reason = "a few hundred")]
    let at_pace = requests as f64 / (PACE * f64::from(LIMIT));
    println!(
        "{:<38}{requests:>9}{took:>7.2} s{at_pace:>8.2} s{:>7.2}{:>9}{:>11}",
        format!("{name}, {latency} ms to the host"),
        took / at_pace,
        ORGANIZATIONS - read,
        refused() - early.load(Ordering::Relaxed),
    );
    let stood_still = stood_still.load(Ordering::Relaxed);
    if stood_still > 500 {
        println!("    the machine had no time for this program for {stood_still} ms on end");
    }
}

/// Finds the longest time, in milliseconds, in which nothing ran here at all:
/// that is not the pace's.
fn watch_the_machine() -> Arc<AtomicUsize> {
    let longest = Arc::new(AtomicUsize::new(0));
    let watched = longest.clone();
    tokio::spawn(async move {
        loop {
            let before = Instant::now();
            tokio::time::sleep(Duration::from_millis(10)).await;
            let gap = usize::try_from(before.elapsed().as_millis()).unwrap_or(usize::MAX);
            watched.fetch_max(gap, Ordering::Relaxed);
        }
    });
    longest
}

/// Returns how many rows were read well.
async fn list(fleet: &Arc<Fleet>) -> usize {
    let names = fleet.organizations(0, |_| {}).await.unwrap();
    let mut looks = tokio::task::JoinSet::new();
    for name in names {
        let fleet = fleet.clone();
        let slot = Slot::new(&Host::new(HOST), &name);
        looks.spawn(async move { fleet.read(&slot, Urgency::Background).await });
    }
    let readings = looks.join_all().await;
    let good = |reading: &&Reading| matches!(reading.found, Found::Token(_) | Found::None);
    readings.iter().filter(good).count()
}

async fn screen(fleet: &Arc<Fleet>) -> usize {
    let started = Instant::now();
    let now = || Moment {
        since_start: started.elapsed(),
        wall: Timestamp::now(),
    };
    let accounts = vec![Account::new(Host::new(HOST), None, None)];
    let (mut app, mut effects) = App::new(settings(), accounts, (110, 30), now());
    let (outbox, mut inbox) = mpsc::unbounded_channel();
    loop {
        for effect in effects.drain(..) {
            let (fleet, outbox) = (fleet.clone(), outbox.clone());
            match effect {
                Effect::List { id, account } => {
                    tokio::spawn(async move {
                        let page = |names| {
                            let _ = outbox.send(Message::Page(id, names));
                        };
                        let names = fleet.organizations(account, page).await;
                        let _ = outbox.send(Message::Reply(id, Reply::Listed(names)));
                    });
                }
                Effect::Read { id, slot, look, .. } => {
                    tokio::spawn(async move {
                        let reading = fleet.look(&slot, look, Urgency::Background).await;
                        let reply = Reply::Read(reading);
                        let _ = outbox.send(Message::Reply(id, reply));
                    });
                }
                // The end of the full read.
                Effect::Remember { .. } => {
                    let states = [State::Reading, State::Failed, State::Unclear];
                    let bad: usize = states.iter().map(|state| app.list.count(*state)).sum();
                    return app.list.rows().len() - bad;
                }
                _ => {}
            }
        }
        let message = inbox.recv().await.unwrap();
        effects = app::update(&mut app, message, now());
    }
}

fn settings() -> Settings {
    Settings {
        rules: Rules::default(),
        expiry: Expiry::parse("90d").unwrap(),
        zone: TimeZone::UTC,
        keymap: Keymap::new(&[].into()).unwrap(),
        deliveries: Vec::new(),
        copies_to: orgward::delivery::Destination::Clipboard,
        demo: false,
        read_only: true,
        ascii: false,
        narrowed: false,
        palette: Default::default(),
        mouse: false,
        warnings: Vec::new(),
    }
}

/// A full read of so many slots, answered at once.
fn answers(count: usize) {
    let now = Moment {
        since_start: Duration::from_secs(1),
        wall: "2026-11-24T10:00:00Z".parse().unwrap(),
    };
    let start = Instant::now();
    let accounts = vec![Account::new(Host::new(HOST), None, None)];
    let (mut app, mut effects) = App::new(settings(), accounts, (110, 30), now);
    let mut at = 0;
    let mut frames = 0;
    while at < effects.len() {
        let messages = match &effects[at] {
            Effect::List { id, .. } => {
                let names: Vec<Arc<str>> = (0..count)
                    .map(|n| format!("organization-{n:05}").into())
                    .collect();
                let mut messages: Vec<Message> = names
                    .chunks(100)
                    .map(|page| Message::Page(*id, page.to_vec()))
                    .collect();
                messages.push(Message::Reply(*id, Reply::Listed(Ok(names))));
                messages
            }
            Effect::Read { id, .. } => {
                let reading = Reading {
                    found: match id % 7 {
                        0 => Found::Unclear,
                        1..=3 => Found::NoAccess,
                        _ => Found::None,
                    },
                    note: None,
                    policy: None,
                    at: now.wall,
                };
                vec![Message::Reply(*id, Reply::Read(Arc::new(reading)))]
            }
            _ => Vec::new(),
        };
        for message in messages {
            effects.extend(app::update(&mut app, message, now));
            frames += 1;
        }
        at += 1;
    }
    let took = start.elapsed();
    assert_eq!(app.list.count(State::Reading), 0);
    println!(
        "{count:>6} organizations: {:>6.1} ms for {frames} messages, {:.1} µs each",
        took.as_secs_f64() * 1e3,
        took.as_secs_f64() * 1e6 / f64::from(frames)
    );
}
