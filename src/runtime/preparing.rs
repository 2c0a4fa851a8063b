//! What a dialog must know before anything can be sent: the destinations, the
//! rescue, whose credential is in use, the slot as it is now.

use std::collections::HashMap;

use crate::action::Actor;
use crate::api::Urgency;
use crate::app;
use crate::app::message::{Choice, Known, ManyPreparation, Preparation};
use crate::delivery::{Deliverer, Destination, RescueProof};
use crate::slot::{Identity, Slot};
use crate::text;

pub(super) async fn prepare(actor: &Actor, slot: &Slot, shown: &Identity) -> Preparation {
    let deliverer = &actor.deliverer;
    let (default, rescue, whose, reading, seen) = tokio::join!(
        deliverer.default_destination(),
        deliverer.prove_rescue(slot),
        actor.fleet.own(slot, shown),
        actor.fleet.limits(slot),
        actor.fleet.read(slot, Urgency::Owner),
    );
    let (default, why) = default;
    let (policy, server_now) = reading;
    let mut choices = choices(deliverer);
    // The clipboard was just tried: what is known to fail is said before Enter.
    let mut tried = choices.iter_mut();
    if default == Destination::Panel
        && let Some(clipboard) = tried.find(|choice| choice.to == Destination::Clipboard)
    {
        clipboard.problem = Some(why);
    }
    let place = |to: &Destination| choices.iter().position(|choice| choice.to == *to);
    let at = place(&default).or_else(|| place(&Destination::Panel));
    let (rescue, rescue_proven) = rescue_words(rescue, deliverer.settings().surroundings.demo);
    Preparation {
        choices,
        default: at.unwrap_or(0),
        rescue,
        rescue_proven,
        own: whose.own,
        account: whose.account(),
        origin: whose.origin(),
        policy,
        server_now,
        seen: Some(Box::new(seen)),
    }
}

/// What the dialog for many slots must know; the first slot stands for all
/// where one place is meant for all.
pub(super) async fn prepare_many(actor: &Actor, slots: &[(Slot, Identity)]) -> ManyPreparation {
    let deliverer = &actor.deliverer;
    let known = slots.iter().map(|(slot, shown)| async move {
        let fleet = &actor.fleet;
        let (whose, (policy, server_now)) =
            tokio::join!(fleet.own(slot, shown), fleet.limits(slot));
        Known {
            own: whose.own,
            account: whose.account(),
            policy,
            server_now,
        }
    });
    let rescue = async {
        match slots.first() {
            Some((slot, _)) => deliverer.prove_rescue(slot).await,
            None => RescueProof::Off,
        }
    };
    let (rescue, slots) = tokio::join!(rescue, futures_util::future::join_all(known));
    let (rescue, rescue_proven) = rescue_words(rescue, deliverer.settings().surroundings.demo);
    let mut choices = choices(deliverer);
    for choice in &mut choices {
        match &choice.to {
            Destination::Clipboard | Destination::Osc52 | Destination::Panel => {
                choice.problem = Some(format!("{} holds one secret, not many", choice.to));
            }
            Destination::File(_) => {
                "file, {organization} in its path".clone_into(&mut choice.words)
            }
            Destination::Keyring | Destination::Named(_) => {}
        }
    }
    // What the owner has configured is meant for this, else a file.
    let configured = |choice: &Choice| matches!(choice.to, Destination::Named(_));
    let file = |choice: &Choice| matches!(choice.to, Destination::File(_));
    let default = choices.iter().position(configured);
    let default = default.or(choices.iter().position(file)).unwrap_or(0);
    ManyPreparation {
        choices,
        default,
        rescue,
        rescue_proven,
        slots,
    }
}

/// Whether a destination can take a secret of each of these slots: before
/// anything is sent, since a run that fails half-way has killed tokens.
pub(super) async fn check(actor: &Actor, to: &Destination, slots: &[Slot]) -> Result<(), String> {
    let deliverer = &actor.deliverer;
    let mut places: HashMap<String, &Slot> = HashMap::new();
    for slot in slots {
        let place = deliverer.place_of(to, slot);
        if let Some(place) = place.map_err(|error| error.to_string())?
            && let Some(other) = places.insert(place.clone(), slot)
        {
            return Err(format!(
                "{other} and {slot} would both go to {}: write {{organization}}, {{host}} or \
                 {{kind}} into the destination",
                text::safe(&place)
            ));
        }
    }
    // There is one keyring, and each proof writes to it.
    let slots = match to {
        Destination::Keyring => slots.get(..1).unwrap_or_default(),
        _ => slots,
    };
    for slot in slots {
        let proven = deliverer.prove(to, slot).await;
        proven.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Every place that there is, whether or not it works.
fn choices(deliverer: &Deliverer) -> Vec<Choice> {
    let mut choices = Vec::new();
    let clear = deliverer.settings().clear_after.map_or_else(
        || "kept until it is replaced".to_owned(),
        |after| format!("cleared after {}", app::when::length(after.as_secs())),
    );
    let mut add = |to: Destination, words: String| {
        choices.push(Choice {
            to,
            words,
            problem: None,
        });
    };
    add(Destination::Clipboard, format!("clipboard, {clear}"));
    add(
        Destination::Osc52,
        "osc52, the terminal's clipboard".to_owned(),
    );
    add(Destination::Panel, "panel, until a key sends it".to_owned());
    add(Destination::File(Default::default()), "file".to_owned());
    if !deliverer.settings().surroundings.demo {
        add(Destination::Keyring, "keyring".to_owned());
    }
    for name in deliverer.settings().deliveries.keys() {
        add(Destination::Named(name.clone()), format!("delivery {name}"));
    }
    choices
}

/// Where a secret goes when the program must end, and whether there is such a
/// place.
fn rescue_words(rescue: RescueProof, demo: bool) -> (String, bool) {
    match rescue {
        RescueProof::Proven(place) => (format!("{place}, should the program have to end"), true),
        RescueProof::Unproven(why) => (format!("none: {why}"), false),
        RescueProof::Off if demo => ("none, in the demo".to_owned(), false),
        RescueProof::Off => ("none, as asked for".to_owned(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rescue_that_nobody_switched_off_was_not_asked_for() {
        assert_eq!(
            rescue_words(RescueProof::Off, false).0,
            "none, as asked for"
        );
        assert_eq!(rescue_words(RescueProof::Off, true).0, "none, in the demo");
    }
}
