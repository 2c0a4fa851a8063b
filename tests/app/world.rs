//! Made-up organizations, answers and outcomes.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use orgward::action::{Delivery, Generated, Outcome};
use orgward::app::keys::Keymap;
use orgward::app::message::{Choice, Known, ManyPreparation, NotDelivered, Preparation};
use orgward::app::{Account, Settings};
use orgward::delivery::{Delivered, Destination, Facts, Undelivered};
use orgward::expiry::Expiry;
use orgward::fleet::Own;
use orgward::journal::{Entry, LeftOpen};
use orgward::secret::Secret;
use orgward::slot::{Creator, Found, Host, Identity, Reading, Rules, Slot, Time, Token};

pub const HOST: &str = "app.terraform.io";
/// The time at the start of each test.
pub const NOW: &str = "2026-11-24T10:00:00Z";
pub const SECRET: &str = "Vt4oQe7rLw2pXa.atlasv1.k3Yb8nGd6Hs1Jf5Zc9Um0Ri";

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// So many hours from the start of each test; negative for before it.
pub fn hours(hours: i64) -> Timestamp {
    Timestamp::from_second(at(NOW).as_second() + hours * 3600).unwrap()
}

pub fn days(n: i64) -> Timestamp {
    hours(24 * n)
}

pub fn slot(name: &str) -> Slot {
    Slot::new(&Host::new(HOST), name)
}

pub fn settings() -> Settings {
    Settings {
        rules: Rules::default(),
        expiry: Expiry::parse("90d").unwrap(),
        zone: TimeZone::UTC,
        keymap: Keymap::new(&BTreeMap::new()).unwrap(),
        deliveries: vec!["vault".into()],
        copies_to: Destination::Clipboard,
        demo: false,
        read_only: false,
        ascii: false,
        narrowed: false,
        palette: Default::default(),
        mouse: false,
        warnings: Vec::new(),
    }
}

pub fn names(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

/// A host entry whose organizations are configured.
pub fn account(organizations: &[&str]) -> Account {
    Account::new(Host::new(HOST), None, Some(names(organizations)))
}

pub fn found(found: Found, note: Option<&str>) -> Reading {
    Reading {
        found,
        note: note.map(Into::into),
        policy: None,
        at: at(NOW),
    }
}

pub fn none() -> Reading {
    found(Found::None, None)
}

pub fn unclear() -> Reading {
    found(
        Found::Unclear,
        Some("404: no token yet, or you may not see it"),
    )
}

/// A token in the best of health.
pub fn token(id: &str) -> Token {
    Token {
        id: id.into(),
        created_at: Some(at("2026-10-01T08:30:00Z")),
        last_used_at: Time::At(Timestamp::from_second(at(NOW).as_second() - 180).unwrap()),
        expires_at: Time::At(days(214)),
        created_by: Some(Creator::User {
            id: "user-Ab12".into(),
            name: Some("olivia".into()),
        }),
        description: None,
    }
}

pub fn there(token: Token) -> Reading {
    found(Found::Token(token), None)
}

pub fn seen(id: &str) -> Identity {
    there(token(id)).identity().unwrap()
}

/// What a dialog hears: the clipboard is open, the keyring is the rescue.
pub fn preparation() -> Preparation {
    let choice = |to, words: &str| Choice {
        to,
        words: words.into(),
        problem: None,
    };
    Preparation {
        choices: vec![
            choice(Destination::Clipboard, "clipboard, cleared after 45 s"),
            choice(Destination::Osc52, "osc52, the terminal's clipboard"),
            choice(Destination::Panel, "panel, until a key sends it"),
            choice(Destination::File(Default::default()), "file"),
            choice(Destination::Keyring, "keyring"),
            choice(Destination::Named("vault".into()), "delivery vault"),
        ],
        default: 0,
        rescue: "the keyring, should the program have to end".into(),
        rescue_proven: true,
        own: Own::No,
        account: None,
        origin: None,
        policy: None,
        server_now: at(NOW),
        seen: None,
    }
}

/// The same for many slots: what holds one secret only is out of the question.
pub fn many(count: usize) -> ManyPreparation {
    let mut one = preparation();
    for choice in &mut one.choices[..3] {
        choice.problem = Some(format!("{} holds one secret, not many", choice.to));
    }
    one.choices[3].words = "file, {organization} in its path".into();
    let known = Known {
        own: Own::No,
        account: None,
        policy: None,
        server_now: at(NOW),
    };
    ManyPreparation {
        choices: one.choices,
        default: 3,
        rescue: one.rescue,
        rescue_proven: true,
        slots: vec![known; count],
    }
}

pub fn on_clipboard() -> Delivered {
    Delivered {
        place: "the clipboard".into(),
        certain: true,
        clears_after: Some(Duration::from_secs(45)),
        note: None,
        keeper: None,
    }
}

pub fn by_osc52() -> Delivered {
    Delivered {
        place: "the terminal's clipboard (OSC 52)".into(),
        certain: false,
        clears_after: None,
        note: Some("terminals do not confirm this, and it is not cleared".into()),
        keeper: None,
    }
}

pub fn in_file() -> Delivered {
    Delivered {
        place: "file /home/olivia/acme.token".into(),
        certain: true,
        clears_after: None,
        note: None,
        keeper: None,
    }
}

/// A delivery that failed; `taken` where a file is in the place.
pub fn failed(why: &str, taken: Option<&Destination>) -> NotDelivered {
    NotDelivered {
        why: why.to_owned(),
        taken: taken.cloned(),
    }
}

/// Gives each secret a number of its own.
static LEDGER: LazyLock<Undelivered> = LazyLock::new(Undelivered::new);

/// The answer to a generate.
pub fn generated(slot: &Slot, before: Identity, delivery: Delivery) -> Generated {
    let secret = Secret::new(SECRET.into());
    Generated {
        before,
        token: Token {
            last_used_at: Time::Never,
            created_at: Some(at(NOW)),
            expires_at: Time::At(days(90)),
            ..token("at-New1")
        },
        hold: LEDGER.hold(Facts::of(slot), secret.clone()),
        secret,
        asked: Some(days(90)),
        delivery,
        order: "0badcafe".into(),
        own: Own::No,
        account: None,
        stored: None,
        can_store: false,
        note: None,
    }
}

pub fn kept(slot: &Slot, before: Identity) -> Outcome {
    Outcome::Generated(Box::new(generated(slot, before, Delivery::Kept)))
}

/// An order of the journal, the higher its number the later.
pub fn entry(n: usize, action: &str, finding: Option<&str>, places: &[&str]) -> Entry {
    Entry {
        order: format!("order-{n}"),
        at: hours(n as i64 - 48),
        pid: 1234,
        host: HOST.into(),
        organization: "acme".into(),
        kind: "organization".into(),
        action: action.into(),
        before: (action != "generate").then(|| "at-Before".into()),
        to: (action != "delete").then(|| "clipboard".into()),
        finding: finding.map(str::to_owned),
        now: (finding == Some("done") && action != "delete").then(|| "at-After".into()),
        places: places.iter().map(|place| (*place).to_owned()).collect(),
        undelivered: places
            .last()
            .is_some_and(|place| place.starts_with("undelivered") || place.starts_with("sent")),
        rescued: places
            .last()
            .is_some_and(|place| place.starts_with("the keyring") || place.starts_with("file ")),
        seen: false,
    }
}

/// One that an earlier run left open.
pub fn left_open(action: &str, finding: Option<&str>, places: &[&str]) -> LeftOpen {
    LeftOpen {
        entry: entry(0, action, finding, places),
        running: false,
        file_is_gone: false,
    }
}
