//! The scenes: the real state, brought there by keys and answers, at a fixed
//! time and with made-up organizations.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use orgward::action::{self, Generated, Outcome};
use orgward::app::keys::Keymap;
use orgward::app::{
    self, Account, App, Choice, Effect, EffectId, Message, Moment, Preparation, Reply, Settings,
};
use orgward::config::theme::Palette;
use orgward::delivery::{Delivered, Destination, Facts, Undelivered};
use orgward::expiry::Expiry;
use orgward::fleet::Own;
use orgward::secret::Secret;
use orgward::slot::{Creator, Found, Host, Identity, Reading, Rules, Slot, Time, Token};
use orgward::ui;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

/// One screen, drawn.
pub struct Scene {
    /// The picture's name.
    pub name: &'static str,
    /// What the picture shows, for those who cannot see it.
    pub title: &'static str,
    /// The cells.
    pub buffer: Buffer,
}

const WIDE: (u16, u16) = (108, 30);
const NARROW: (u16, u16) = (94, 26);

/// Every scene.
pub fn all() -> Vec<Scene> {
    let scene = |name, title, stage: Stage| Scene {
        name,
        title,
        buffer: stage.buffer(),
    };
    vec![
        scene(
            "list",
            "Every organization's token, what needs attention first",
            list(),
        ),
        scene("generate", "Generate an organization token", generate()),
        scene("replace", "Replace an organization token", replace()),
        scene(
            "secret",
            "The secret panel: the new secret is on the clipboard, masked",
            secret(),
        ),
        scene(
            "timeline",
            "The expiry timeline: when the tokens die over the next twelve months",
            timeline(),
        ),
        scene("light", "The list in the theme light", light()),
    ]
}

fn list() -> Stage {
    let mut stage = Stage::open(WIDE);
    stage.press("jjj");
    stage
}

fn timeline() -> Stage {
    let mut stage = Stage::open(WIDE);
    stage.press("xgllll");
    stage
}

fn light() -> Stage {
    let palette = Palette::named("light").expect("a theme");
    let mut stage = Stage::open_in(palette, WIDE);
    stage.press("jjj");
    stage
}

fn generate() -> Stage {
    let mut stage = Stage::open(NARROW);
    stage.select("mobile");
    stage.press("n");
    stage.prepare();
    stage
}

fn replace() -> Stage {
    let mut stage = Stage::open(NARROW);
    stage.select("payments");
    stage.press("n");
    stage.prepare();
    stage.press("payments");
    stage
}

/// What follows Enter in the scene before.
fn secret() -> Stage {
    let mut stage = replace();
    stage.key(KeyCode::Enter);
    stage.generated();
    stage.later(Duration::from_secs(7));
    stage
}

/// The program on a stage: its state, and the effects that wait for an answer.
struct Stage {
    app: App,
    waiting: Vec<Effect>,
    now: Moment,
    /// The token that an order has brought, and its slot.
    new: Option<(Slot, Token)>,
}

impl Stage {
    /// The list, with an answer for every row.
    fn open(size: (u16, u16)) -> Self {
        Self::open_in(Palette::default(), size)
    }

    fn open_in(palette: Palette, size: (u16, u16)) -> Self {
        let now = Moment {
            since_start: Duration::from_secs(60),
            wall: wall(),
        };
        let settings = Settings {
            rules: Rules::default(),
            expiry: Expiry::parse("90d").expect("an expiry"),
            zone: TimeZone::UTC,
            keymap: Keymap::new(&Default::default()).expect("the default keys"),
            deliveries: vec!["vault".to_owned()],
            copies_to: Destination::Clipboard,
            demo: false,
            read_only: false,
            ascii: false,
            narrowed: false,
            palette,
            mouse: false,
            warnings: Vec::new(),
        };
        let rows = rows();
        let accounts = [CLOUD, CORP].map(|host| {
            let names = rows.iter().filter(|row| row.host == host);
            let names = names.map(|row| Arc::from(row.name)).collect();
            Account::new(Host::new(host), None, Some(names))
        });
        let (app, waiting) = App::new(settings, accounts.into(), size, now);
        let mut stage = Self {
            app,
            waiting,
            now,
            new: None,
        };
        stage.answer_reads();
        stage
    }

    fn tell(&mut self, message: Message) {
        let effects = app::update(&mut self.app, message, self.now);
        self.waiting.extend(effects);
    }

    fn reply(&mut self, id: EffectId, reply: Reply) {
        self.tell(Message::Reply(id, reply));
    }

    fn key(&mut self, code: KeyCode) {
        self.tell(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.key(KeyCode::Char(key));
        }
    }

    /// Moves to an organization.
    fn select(&mut self, name: &str) {
        self.press("g");
        while self.selected().as_deref() != Some(name) {
            let before = self.selected();
            self.press("j");
            assert_ne!(before, self.selected(), "there is no organization {name}");
        }
    }

    fn selected(&self) -> Option<String> {
        let row = self.app.list.selected()?;
        Some(row.slot.organization.to_string())
    }

    fn later(&mut self, time: Duration) {
        self.now.since_start += time;
        self.now.wall += SignedDuration::try_from(time).expect("a short time");
        self.tell(Message::Deadline);
    }

    fn answer_reads(&mut self) {
        // Each answer makes room for further looks.
        while let Some(at) = self.position(|e| matches!(e, Effect::Read { .. })) {
            if let Effect::Read { id, slot, .. } = self.waiting.remove(at) {
                let mut reading = reading(&slot);
                match &self.new {
                    Some((at, token)) if *at == slot => reading.found = Found::Token(token.clone()),
                    _ => {}
                }
                self.reply(id, Reply::Read(std::sync::Arc::new(reading)));
            }
        }
    }

    fn position(&self, wanted: impl Fn(&Effect) -> bool) -> Option<usize> {
        self.waiting.iter().position(wanted)
    }

    fn prepare(&mut self) {
        let at = self
            .position(|e| matches!(e, Effect::Prepare { .. }))
            .expect("a dialog was opened");
        let Effect::Prepare { id, slot, .. } = self.waiting.remove(at) else {
            return;
        };
        let preparation = Preparation {
            choices: vec![Choice {
                to: Destination::Clipboard,
                words: "clipboard, cleared after 45 s".to_owned(),
                problem: None,
            }],
            default: 0,
            rescue: "the keyring, should the program have to end".to_owned(),
            rescue_proven: true,
            own: Own::No,
            account: None,
            origin: None,
            policy: reading(&slot).policy,
            server_now: wall(),
            seen: None,
        };
        self.reply(id, Reply::Prepared(Box::new(preparation)));
    }

    /// The answer to the order: a new token whose secret is on the clipboard.
    fn generated(&mut self) {
        let at = self
            .position(|e| matches!(e, Effect::Perform { .. }))
            .expect("an order was given");
        let Effect::Perform { id, order } = self.waiting.remove(at) else {
            return;
        };
        let expires_at = Time::At(minutes(90 * DAY));
        let token = Token {
            id: "at-6vQe2MdXr8TzKf4b".into(),
            created_at: Some(wall()),
            last_used_at: Time::Never,
            expires_at,
            created_by: Some(creator("olivia")),
            description: None,
        };
        self.new = Some((order.slot.clone(), token.clone()));
        let facts = Facts {
            slot: order.slot.clone(),
            id: Some(token.id.to_string()),
            expires_at: expires_at.at(),
        };
        let secret = Secret::new("a made-up text that no picture shows".to_owned());
        let hold = Undelivered::new().hold(facts, secret.clone());
        let done = Generated {
            before: order.shown.clone(),
            token,
            secret,
            asked: expires_at.at(),
            delivery: action::Delivery::Delivered(Delivered {
                place: "the clipboard".to_owned(),
                certain: true,
                clears_after: Some(Duration::from_secs(45)),
                note: None,
                keeper: None,
            }),
            hold,
            order: "made-up".to_owned(),
            own: Own::No,
            account: None,
            stored: None,
            can_store: false,
            note: None,
        };
        assert_ne!(done.before, Identity::None, "this is a replace");
        self.reply(
            id,
            Reply::Outcome(Box::new(Outcome::Generated(Box::new(done)))),
        );
        self.answer_reads();
    }

    fn buffer(&self) -> Buffer {
        let (width, height) = self.app.size;
        let mut terminal =
            Terminal::new(TestBackend::new(width, height)).expect("a terminal in memory");
        terminal
            .draw(|frame| {
                ui::draw(&self.app, frame);
            })
            .expect("memory can be drawn on");
        terminal.backend().buffer().clone()
    }
}

/// The time in the pictures.
fn wall() -> Timestamp {
    "2026-11-24T09:30:00Z".parse().expect("a time")
}

/// So many whole days from now and a little, so that the distance reads the same
/// in every scene.
fn days(from_now: i64) -> Timestamp {
    minutes(from_now * DAY + 130)
}

fn minutes(from_now: i64) -> Timestamp {
    wall() + SignedDuration::from_mins(from_now)
}

const CLOUD: &str = "app.terraform.io";
const CORP: &str = "tfe.corp.example";
const DAY: i64 = 24 * 60;

/// One row: a token's times relative to now (created and end in days, last use
/// in minutes ago), or the finding in its place.
struct Row {
    host: &'static str,
    name: &'static str,
    what: What,
}

enum What {
    Token {
        id: &'static str,
        created: i64,
        ends: Option<i64>,
        used: Option<i64>,
        by: &'static str,
        policy: Option<u64>,
    },
    None,
    Note(Found, &'static str),
}

fn token(
    host: &'static str,
    name: &'static str,
    id: &'static str,
    (created, ends): (i64, Option<i64>),
    used: Option<i64>,
    by: &'static str,
) -> Row {
    let what = What::Token {
        id,
        created,
        ends,
        used,
        by,
        policy: None,
    };
    Row { host, name, what }
}

fn limited(mut row: Row, days: u64) -> Row {
    if let What::Token { policy, .. } = &mut row.what {
        *policy = Some(days);
    }
    row
}

fn none(host: &'static str, name: &'static str) -> Row {
    Row {
        host,
        name,
        what: What::None,
    }
}

fn note(host: &'static str, name: &'static str, found: Found, words: &'static str) -> Row {
    Row {
        host,
        name,
        what: What::Note(found, words),
    }
}

fn rows() -> Vec<Row> {
    vec![
        token(
            CLOUD,
            "legacy-billing",
            "at-h8WmQ2kZpT5xYb7c",
            (-221, Some(-3)),
            Some(3 * DAY),
            "priya",
        ),
        token(
            CORP,
            "edge-eu",
            "at-Jt4nC9vLdR6sGw3e",
            (-366, Some(-1)),
            Some(DAY + 60),
            "team owners",
        ),
        limited(
            token(
                CLOUD,
                "data-lake",
                "at-zN3bV7qXkS9mHf2a",
                (-40, None),
                Some(18),
                "jonas",
            ),
            180,
        ),
        token(
            CLOUD,
            "payments",
            "at-Wq3TzY8rUc5nBk6d",
            (-81, Some(9)),
            Some(3),
            "olivia",
        ),
        token(
            CORP,
            "kubernetes",
            "at-pL5gX2wJhE7vQt9s",
            (-76, Some(14)),
            Some(26),
            "mateo",
        ),
        token(
            CLOUD,
            "search",
            "at-Dm9kR4yFaZ8cUo2i",
            (-64, Some(26)),
            Some(6 * 60),
            "noor",
        ),
        note(
            CORP,
            "archive",
            Found::Unauthorized,
            "the host does not accept the credential (401)",
        ),
        note(
            CLOUD,
            "partner-exchange",
            Found::NoAccess,
            "the host refused to show the token (403)",
        ),
        note(
            CORP,
            "finance",
            Found::Unclear,
            "404: no token yet, or you may not see it",
        ),
        token(
            CLOUD,
            "game-days",
            "at-Ks6fT3uPbM8xEv4n",
            (-190, Some(540)),
            None,
            "jonas",
        ),
        token(
            CORP,
            "quality",
            "at-rY2hB7jWgN5zCq8l",
            (-700, None),
            Some(240 * DAY),
            "priya",
        ),
        none(CLOUD, "mobile"),
        none(CORP, "sandbox"),
        token(
            CLOUD,
            "web-frontend",
            "at-Vx8aL4eSdK6tFm3o",
            (-31, Some(59)),
            Some(41),
            "team owners",
        ),
        token(
            CORP,
            "ci-runners",
            "at-nQ7cZ9pHiR2wGb5y",
            (-23, Some(67)),
            Some(1),
            "team platform",
        ),
        token(
            CORP,
            "storage",
            "at-Tf5vJ3mXuD8kYs6q",
            (-9, Some(81)),
            Some(11),
            "noor",
        ),
        token(
            CLOUD,
            "acme",
            "at-Bw4rE6nLhC9jPz7a",
            (-151, Some(214)),
            Some(3),
            "olivia",
        ),
        token(
            CORP,
            "network",
            "at-gS2dM8tQfV5xUk3e",
            (-64, Some(301)),
            Some(3 * 60),
            "mateo",
        ),
        token(
            CLOUD,
            "observability",
            "at-Yc9pN7bKzW4hRi2u",
            (-6, Some(359)),
            Some(1),
            "olivia",
        ),
        token(
            CORP,
            "warehouse",
            "at-mH3xG6vTjA8eLd5s",
            (-50, None),
            Some(14 * 60),
            "mateo",
        ),
    ]
}

fn reading(slot: &Slot) -> Reading {
    let row = rows()
        .into_iter()
        .find(|row| row.host == slot.host.as_str() && row.name == &*slot.organization)
        .expect("a row of the table");
    let (found, note, policy) = match row.what {
        What::Token {
            id,
            created,
            ends,
            used,
            by,
            policy,
        } => (
            Found::Token(Token {
                id: id.into(),
                created_at: Some(days(created)),
                last_used_at: used.map(|ago| minutes(-ago)).into(),
                expires_at: ends.map(days).into(),
                created_by: Some(creator(by)),
                description: None,
            }),
            None,
            policy.map(|days| Duration::from_secs(days * 86_400)),
        ),
        What::None => (Found::None, None, None),
        What::Note(found, words) => (found, Some(words.to_owned()), None),
    };
    Reading {
        found,
        note: note.map(Into::into),
        policy,
        at: wall(),
    }
}

fn creator(name: &str) -> Creator {
    match name.strip_prefix("team ") {
        Some(team) => Creator::Team {
            id: "team-made-up".into(),
            name: Some(team.into()),
        },
        None => Creator::User {
            id: "user-made-up".into(),
            name: Some(name.into()),
        },
    }
}
