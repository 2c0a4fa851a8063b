//! What identifies a token to its owner: shown wherever one is about to die.

use jiff::tz::TimeZone;

use crate::app::Moment;
use crate::app::when::{day, exact, relative};
use crate::slot::{Found, Host, Identity, Kind, Reading, Slot, Time};

/// What a dialog's owner is shown of the slot that the order is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// What is there.
    pub shown: Identity,
    /// What is known of it.
    pub facts: Vec<Fact>,
    /// The last use among the facts.
    pub last_use: Time,
}

impl Identified {
    /// What its owner is shown of a slot that was read; none where it cannot be
    /// told from others.
    pub fn of(reading: &Reading, now: Moment, zone: &TimeZone) -> Option<Self> {
        Some(Self {
            shown: reading.identity()?,
            facts: facts(reading, now, zone),
            last_use: reading.last_use(),
        })
    }
}

/// One labelled line about a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// "created", "last used".
    pub label: &'static str,
    /// What there is to say.
    pub text: String,
    /// The same for a narrow window.
    pub short: String,
}

/// The one host of some slots, if it is one.
pub fn one_host<'a>(slots: impl IntoIterator<Item = &'a Slot>) -> Option<&'a Host> {
    let mut hosts = slots.into_iter().map(|slot| &slot.host);
    let first = hosts.next()?;
    hosts.all(|host| host == first).then_some(first)
}

/// What tells a slot from others in a list: what differs stands in front, since
/// a long name is cut.
pub fn short_name(slot: &Slot, one_host: bool) -> String {
    let kind = match slot.kind {
        Kind::Organization => "",
        Kind::AuditTrails => " (audit trail)",
    };
    match one_host {
        true => format!("{}{kind}", slot.organization),
        false => format!("{}{kind} on {}", slot.organization, slot.host),
    }
}

/// The facts about what is in a slot: id, age, creator, last use, end.
pub fn facts(reading: &Reading, now: Moment, zone: &TimeZone) -> Vec<Fact> {
    let fact = |label, text: String, short: String| Fact { label, text, short };
    let same = |label, text: String| fact(label, text.clone(), text);
    // Without a token the dialog says in a sentence what it means.
    let Found::Token(token) = &reading.found else {
        return Vec::new();
    };
    let ago = |time| relative(time, now.wall).text;
    let mut facts = vec![same("token", token.id.to_string())];
    let by = token
        .created_by
        .as_ref()
        .map(|creator| format!(" by {}", creator.words()))
        .unwrap_or_default();
    facts.push(match token.created_at {
        Some(at) => fact(
            "created",
            format!("{} ({}){by}", day(at, zone), ago(at)),
            format!("{}{by}", ago(at)),
        ),
        None => same("created", format!("at an unknown time{by}")),
    });
    facts.push(match token.last_used_at {
        Time::At(at) => fact(
            "last used",
            format!("{} ({})", ago(at), exact(at, zone)),
            ago(at),
        ),
        Time::Never => fact(
            "last used",
            "never, as far as the host says".to_owned(),
            "never".to_owned(),
        ),
        Time::Unknown => fact(
            "last used",
            "unknown: the host does not say".to_owned(),
            "unknown".to_owned(),
        ),
    });
    facts.push(match token.ends_at(reading.policy) {
        Time::At(at) => fact("ends", format!("{} ({})", day(at, zone), ago(at)), ago(at)),
        other => same("ends", other.words(ago)),
    });
    if let Some(description) = &token.description {
        facts.push(same("note", description.to_string()));
    }
    facts
}
