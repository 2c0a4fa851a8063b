//! What single parts cost, without a terminal, a server or a runtime: one
//! message for [`update`], one frame of the views, a filter, a sort, a document.
//! `cargo bench --bench parts`. No test: what it says depends on the machine.
//!
//! [`update`]: orgward::app::update

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use divan::{Bencher, black_box};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use orgward::api::measured;
use orgward::app::keys::Keymap;
use orgward::app::list::Column;
use orgward::app::message::Reply;
use orgward::app::{self, Account, App, Effect, Message, Moment, Settings};
use orgward::expiry::Expiry;
use orgward::slot::{Creator, Found, Host, Reading, Rules, Time, Token};
use orgward::ui;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const SIZE: (u16, u16) = (120, 40);
const ROWS: [usize; 4] = [100, 1_000, 10_000, 100_000];

fn main() {
    divan::main();
}

fn now() -> Moment {
    Moment {
        since_start: Duration::from_secs(100),
        wall: "2026-11-24T10:00:00Z".parse().unwrap(),
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
        palette: Default::default(),
        mouse: false,
        narrowed: false,
        warnings: Vec::new(),
    }
}

fn reading(number: usize) -> Reading {
    let n = i64::try_from(number).unwrap();
    let wall = now().wall;
    let days = |n: i64| -> Timestamp { wall + SignedDuration::from_hours(24 * n) };
    let found = match number % 10 {
        9 => Found::None,
        _ => Found::Token(Token {
            id: format!("at-{number:016}").into(),
            created_at: Some(days(-20 - n % 300)),
            last_used_at: Time::At(days(-(n % 120))),
            expires_at: Time::At(days(n % 500 - 20)),
            created_by: Some(Creator::User {
                id: format!("user-{:016}", number % 7).into(),
                name: Some(["olivia", "mateo", "yuki"][number % 3].into()),
            }),
            description: None,
        }),
    };
    Reading {
        found,
        note: None,
        policy: Some(Duration::from_secs(365 * 86_400)),
        at: wall,
    }
}

fn names(rows: usize) -> Vec<Arc<str>> {
    const AREAS: [&str; 5] = ["payments", "search", "identity", "mobile", "billing"];
    (0..rows)
        .map(|number| format!("{}-{number:05}", AREAS[number % AREAS.len()]).into())
        .collect()
}

/// A screen on so many organizations that were all read.
fn read(rows: usize) -> App {
    let (mut app, mut effects) = empty(rows);
    while let Some(effect) = effects.pop() {
        if let Effect::Read { id, .. } = effect {
            let number = usize::try_from(id).unwrap();
            let reply = Reply::Read(Arc::new(reading(number)));
            effects.extend(app::update(&mut app, Message::Reply(id, reply), now()));
        }
    }
    app
}

/// A screen on so many organizations of which nothing is known.
fn empty(rows: usize) -> (App, Vec<Effect>) {
    let names = Some(names(rows));
    let accounts = vec![Account::new(Host::new("app.terraform.io"), None, names)];
    App::new(settings(), accounts, SIZE, now())
}

fn key(app: &mut App, code: KeyCode) {
    let key = KeyEvent::new(code, KeyModifiers::NONE);
    black_box(app::update(app, Message::Key(key), now()));
}

#[divan::bench(args = ROWS)]
fn update_with_a_key(bencher: Bencher, rows: usize) {
    let mut app = read(rows);
    let mut down = false;
    bencher.bench_local(|| {
        down = !down;
        key(&mut app, KeyCode::Char(if down { 'j' } else { 'k' }));
    });
}

#[divan::bench(args = ROWS)]
fn update_with_an_answer(bencher: Bencher, rows: usize) {
    let mut app = read(rows);
    let slot = app.list.rows()[rows / 2].slot.clone();
    let mut number = 0;
    bencher.bench_local(|| {
        number += 1;
        app.list.know(&slot, reading(number), now().wall);
    });
}

#[divan::bench(args = ROWS, sample_count = 10)]
fn update_with_a_whole_listing(bencher: Bencher, rows: usize) {
    let names = names(rows);
    let listing = || {
        let accounts = vec![Account::new(Host::new("app.terraform.io"), None, None)];
        App::new(settings(), accounts, SIZE, now())
    };
    bencher
        .with_inputs(listing)
        .bench_local_values(|(mut app, effects)| {
            let id = effects.iter().find_map(|effect| match effect {
                Effect::List { id, .. } => Some(*id),
                _ => None,
            });
            let id = id.unwrap();
            for page in names.chunks(100) {
                app::update(&mut app, Message::Page(id, page.to_vec()), now());
            }
            let reply = Reply::Listed(Ok(names.clone()));
            app::update(&mut app, Message::Reply(id, reply), now());
            app
        });
}

#[divan::bench(args = ROWS)]
fn view(bencher: Bencher, rows: usize) {
    let mut app = read(rows);
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    bencher.bench_local(|| {
        key(&mut app, KeyCode::PageDown);
        terminal
            .draw(|frame| {
                ui::draw(&app, frame);
            })
            .unwrap();
    });
}

#[divan::bench(args = ROWS)]
fn filter(bencher: Bencher, rows: usize) {
    let mut app = read(rows);
    let mut words = ["pay", "mob 12", "ok", "", "bill expiring"].iter().cycle();
    bencher.bench_local(|| app.list.set_filter(words.next().unwrap()));
}

#[divan::bench(args = ROWS)]
fn sort(bencher: Bencher, rows: usize) {
    let mut app = read(rows);
    let mut column = Column::Attention;
    bencher.bench_local(|| {
        column = column.next();
        app.list.sort_by(column, false);
    });
}

#[divan::bench]
fn document_of_a_token(bencher: Bencher) {
    let body = br#"{"data":{"id":"at-0123456789abcdef","type":"authentication-tokens","attributes":{"created-at":"2026-04-01T10:00:00.000Z","last-used-at":"2026-11-24T09:57:00.000Z","description":null,"token":null,"expired-at":"2027-06-26T00:00:00.000Z"},"relationships":{"created-by":{"data":{"id":"user-0123456789abcdef","type":"users"}}}}}"#;
    assert!(measured::token(body));
    bencher.bench(|| measured::token(black_box(body)));
}

#[divan::bench]
fn document_of_a_page(bencher: Bencher) {
    let organizations: Vec<String> = (0..100)
        .map(|n| {
            format!(
                r#"{{"id":"organization-{n:05}","type":"organizations","attributes":{{"name":"organization-{n:05}","external-id":"org-{n:016}","created-at":"2024-04-01T10:00:00.000Z","email":"owners@corp.example","collaborator-auth-policy":"password","permissions":{{"can-update":true,"can-update-api-token":true}}}},"relationships":{{"oauth-tokens":{{"links":{{"related":"/api/v2/organizations/organization-{n:05}/oauth-tokens"}}}},"authentication-token":{{"links":{{"related":"/api/v2/organizations/organization-{n:05}/authentication-token"}}}}}}}}"#
            )
        })
        .collect();
    let body = format!(
        r#"{{"data":[{}],"meta":{{"pagination":{{"current-page":1,"next-page":2,"total-pages":100}}}}}}"#,
        organizations.join(",")
    );
    assert_eq!(measured::page(body.as_bytes()), 100);
    bencher.bench(|| measured::page(black_box(body.as_bytes())));
}
