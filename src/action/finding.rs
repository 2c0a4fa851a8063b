//! What a slot tells of a request whose answer was lost: no more is said than a
//! look proves.

use super::order::{Order, Verb};
use super::outcome::Outcome;
use crate::slot::{Found, Identity, Reading, Time};

/// What one look after a lost answer proves by itself.
pub(super) fn proves(order: &Order, now: &Reading) -> Option<Outcome> {
    let identity = now.identity()?;
    if identity == order.shown {
        return None;
    }
    match (order.verb(), &order.shown, &now.found) {
        (Verb::Delete, Identity::Token { .. }, Found::None) => Some(Outcome::Gone { note: None }),
        (Verb::Delete, Identity::Token { .. }, Found::Token(token)) => Some(Outcome::Gone {
            note: Some(format!("another token, {}, is there now", token.id)),
        }),
        (
            Verb::Generate | Verb::Replace,
            Identity::None | Identity::Token { .. },
            Found::Token(token),
        ) => Some(Outcome::SecretLost {
            was_empty: order.shown == Identity::None,
            now: token.clone(),
            note: None,
        }),
        _ => None,
    }
}

/// Whether the token that was to be deleted is not there any more. Of one that was
/// never seen, its absence tells nothing unless the slot is known to be empty.
pub(super) fn shows_gone(order: &Order, now: &Reading) -> bool {
    match (&order.shown, now.identity()) {
        (_, None) => false,
        (_, Some(Identity::None)) => true,
        (shown @ Identity::Token { .. }, Some(identity)) => identity != *shown,
        (Identity::None | Identity::Unclear, Some(_)) => false,
    }
}

pub(super) fn cannot_tell(order: &Order, now: &Reading, why: &str) -> String {
    format!("{why}; {}", seen(order, now))
}

/// What a look shows that does not prove enough.
pub(super) fn seen(order: &Order, now: &Reading) -> String {
    match &now.found {
        Found::Token(token) if now.identity().as_ref() == Some(&order.shown) => format!(
            "token {}, the one from before, was seen once only",
            token.id
        ),
        Found::None if order.shown == Identity::None => {
            "the slot was seen empty, as before, once only".to_owned()
        }
        Found::Token(token) => format!(
            "token {} is there now; whether it comes from this request does not show",
            token.id
        ),
        Found::None => "no token is there now".to_owned(),
        Found::Unclear if order.shown == Identity::Unclear => {
            "the slot could not be seen before and cannot be seen now".to_owned()
        }
        _ => {
            let note = now.note.as_deref();
            note.unwrap_or("the slot cannot be read now").to_owned()
        }
    }
}

/// That the token was used between its owner's look and the last one. The
/// owner's own credential is used by looking, so of that it is not said.
pub(super) fn used_meanwhile(order: &Order, before: &Reading) -> Option<String> {
    let at = before.token()?.last_used_at.at()?;
    let is_news = match order.last_use {
        Time::Never => true,
        Time::At(shown) => at > shown,
        Time::Unknown => false,
    };
    is_news.then(|| {
        let at = at.strftime("%Y-%m-%d %H:%M:%S UTC");
        format!("the old token was used again at {at}, after you had looked at it")
    })
}
