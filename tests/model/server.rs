//! What is true: a host with a few slots, other owners, and an answer to each
//! look.

use std::collections::HashSet;

use jiff::Timestamp;
use orgward::slot::{Found, Host, Reading, Slot, Time, Token};

use crate::random::Random;

pub const HOST: &str = "tfe.corp.example";
pub const NAMES: [&str; 4] = ["acme", "beta", "gamma", "hidden"];

pub struct Place {
    pub slot: Slot,
    pub token: Option<Token>,
    /// Whether a look shows what is there; else it shows a 404 that proves
    /// nothing.
    pub shows: bool,
    /// The ids of all tokens that were ever there.
    pub ever: HashSet<String>,
}

impl Place {
    /// A token, or none, takes the place.
    pub fn set(&mut self, token: Option<Token>) {
        self.ever
            .extend(token.iter().map(|token| token.id.to_string()));
        self.token = token;
    }
}

pub struct Server {
    pub places: Vec<Place>,
    made: u64,
}

impl Server {
    pub fn new() -> Self {
        let mut server = Self {
            places: Vec::new(),
            made: 0,
        };
        for (n, name) in NAMES.iter().enumerate() {
            let token = (n != 1).then(|| server.make());
            server.places.push(Place {
                slot: Slot::new(&Host::new(HOST), name),
                ever: token.iter().map(|token| token.id.to_string()).collect(),
                token,
                shows: *name != "hidden",
            });
        }
        server
    }

    pub fn make(&mut self) -> Token {
        self.made += 1;
        Token {
            id: format!("at-{:04}", self.made).into(),
            created_at: Timestamp::from_second(1_780_000_000 + i64::try_from(self.made).unwrap())
                .ok(),
            last_used_at: Time::Never,
            expires_at: Time::Never,
            created_by: None,
            description: None,
        }
    }

    pub fn place(&mut self, slot: &Slot) -> &mut Place {
        let mut places = self.places.iter_mut();
        places.find(|place| place.slot == *slot).unwrap()
    }

    /// A look without a fault.
    pub fn look(&mut self, slot: &Slot, at: Timestamp) -> Reading {
        let place = self.place(slot);
        let found = match &place.token {
            _ if !place.shows => Found::Unclear,
            Some(token) => Found::Token(token.clone()),
            None => Found::None,
        };
        reading(found, None, at)
    }

    /// Another owner generates or deletes.
    pub fn other_owner(&mut self, random: &mut Random) {
        let at = random.below(self.places.len());
        let token = random.percent(70).then(|| self.make());
        self.places[at].set(token);
    }
}

pub fn reading(found: Found, note: Option<&str>, at: Timestamp) -> Reading {
    Reading {
        found,
        note: note.map(Into::into),
        policy: None,
        at,
    }
}

/// A look that fails.
pub fn failed(random: &mut Random, at: Timestamp) -> Reading {
    let found = random.of(&[
        Found::Failed,
        Found::Unauthorized,
        Found::NoAccess,
        Found::NotVisible,
    ]);
    reading(found.clone(), Some("it went wrong"), at)
}
