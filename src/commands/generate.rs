//! `generate`: a token whose secret nobody sees.

use super::act::{dying, identify, may_write, own, perform, works_without_screen};
use super::slots::one;
use super::{Run, Signals, Stop, code, unless};
use crate::action::{Act, Order};
use crate::api::Urgency;
use crate::cli::Generate;
use crate::delivery::RescueProof;
use crate::expiry::{Expiry, wire};
use crate::slot::{Identity, Reading, Slot};

/// `orgward generate`
pub async fn run(run: &Run, signals: &mut Signals, wanted: &Generate) -> Result<u8, Stop> {
    if !wanted.dry_run {
        may_write(run)?;
    }
    works_without_screen(&wanted.to).map_err(|why| Stop::not_possible(format!("--to {why}")))?;
    let looking = look(run, wanted);
    let (slot, reading, shown) = unless(signals, looking).await?;
    let expiry = wanted.expires.unwrap_or(run.world.config.expiry.default);
    if wanted.dry_run {
        let words = unless(
            signals,
            dry_run(run, wanted, &slot, &reading, &shown, expiry),
        )
        .await?;
        run.out.print(&format!("{words}\n"))?;
        return Ok(code::DONE);
    }
    let order = Order {
        slot,
        act: Act::New {
            expiry,
            to: wanted.to.clone(),
        },
        shown,
        last_use: reading.last_use(),
        needs_rescue: true,
        without_journal: false,
    };
    let finished = perform(run, signals, order, wanted.verify).await;
    Ok(finished.signal.unwrap_or(finished.code))
}

async fn look(run: &Run, wanted: &Generate) -> Result<(Slot, Reading, Identity), Stop> {
    let slot = one(run, &wanted.organization, wanted.kind).await?;
    run.out.progress("reading the slot");
    let reading = run.world.actor.fleet.read(&slot, Urgency::Owner).await;
    let shown = identify(run, &slot, &reading, wanted.replace.as_deref(), "--replace")?;
    Ok((slot, reading, shown))
}

/// What would be done. The destination and the rescue are proven for it: that
/// changes nothing at the host.
async fn dry_run(
    run: &Run,
    wanted: &Generate,
    slot: &Slot,
    reading: &Reading,
    shown: &Identity,
    expiry: Expiry,
) -> Result<String, Stop> {
    let actor = &run.world.actor;
    let (_, now) = actor.fleet.limits(slot).await;
    let expires = expiry
        .resolve(now, reading.policy)
        .map_err(|error| Stop::not_possible(format!("{slot}: {error}")))?;
    let rescue = rescue(run, slot).await?;
    let proven = actor.deliverer.prove(&wanted.to, slot).await;
    let proven = proven
        .map_err(|error| Stop::not_possible(format!("the destination is not ready: {error}")))?;
    let what = match shown {
        Identity::None => "would generate a token".to_owned(),
        _ => format!(
            "would replace {}{}",
            dying(reading, run.world.actor.fleet.time_of(slot)),
            own(run, slot, shown).await
        ),
    };
    let expires = match expires {
        Some(time) => format!("to expire {}", wire(time)),
        None => "with the server's default expiry".to_owned(),
    };
    Ok(format!(
        "{slot}: {what}, {expires}; its secret would go to {} (rescue: {rescue}); nothing was sent",
        proven.place()
    ))
}

/// Where a secret would be rescued.
///
/// # Errors
/// Where it could not be, and the owner has not said that this is right.
pub async fn rescue(run: &Run, slot: &Slot) -> Result<String, Stop> {
    match run.world.actor.deliverer.prove_rescue(slot).await {
        RescueProof::Proven(place) => Ok(place),
        RescueProof::Off => Ok("none".to_owned()),
        RescueProof::Unproven(why) => Err(Stop::guard(format!(
            "there is no rescue for the secret: {why}; make room for it, or say --rescue none"
        ))),
    }
}
