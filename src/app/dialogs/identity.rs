//! What identifies a token to its owner: shown wherever one is about to die.

use jiff::tz::TimeZone;

use crate::app::Moment;
use crate::app::when::{day, exact, relative};
use crate::slot::{Found, Reading};

/// One labelled line about a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// "created", "last used".
    pub label: &'static str,
    /// What there is to say.
    pub text: String,
}

/// The facts about what is in a slot: id, age, creator, last use, end.
pub fn facts(reading: &Reading, now: Moment, zone: &TimeZone) -> Vec<Fact> {
    let fact = |label, text| Fact { label, text };
    let token = match &reading.found {
        Found::Token(token) => token,
        Found::None => return vec![fact("token", "none".to_owned())],
        _ => {
            let text = reading.note.clone().unwrap_or_default();
            return vec![fact("token", text)];
        }
    };
    let ago = |time| relative(time, now.wall).text;
    let mut facts = vec![fact("token", token.id.clone())];
    let creator = token.created_by.as_ref().map(|creator| creator.words());
    facts.push(fact(
        "created",
        match (token.created_at, creator) {
            (Some(at), Some(who)) => format!("{} ({}) by {who}", day(at, zone), ago(at)),
            (Some(at), None) => format!("{} ({})", day(at, zone), ago(at)),
            (None, Some(who)) => format!("at an unknown time by {who}"),
            (None, None) => "unknown".to_owned(),
        },
    ));
    facts.push(fact(
        "last used",
        match token.last_used_at {
            Some(at) => format!("{} ({})", ago(at), exact(at, zone)),
            None => "never, as far as the host says".to_owned(),
        },
    ));
    facts.push(fact(
        "ends",
        match reading.ends_at() {
            Some(at) => format!("{} ({})", day(at, zone), ago(at)),
            None => "never".to_owned(),
        },
    ));
    if let Some(description) = &token.description {
        facts.push(fact("note", description.clone()));
    }
    facts
}
