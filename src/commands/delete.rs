//! `delete`: whatever uses the token stops working at once.

use super::act::{dying, identify, may_write, own, perform};
use super::slots::one;
use super::{Run, Signals, Stop, code, unless};
use crate::action::{Act, Order};
use crate::api::Urgency;
use crate::cli::Delete;
use crate::slot::Identity;

/// `orgward delete`
pub async fn run(run: &Run, signals: &mut Signals, wanted: &Delete) -> Result<u8, Stop> {
    if !wanted.dry_run {
        may_write(run)?;
    }
    let looking = async {
        let slot = one(run, &wanted.organization, wanted.kind).await?;
        run.out.progress("reading the slot");
        let reading = run.world.actor.fleet.read(&slot, Urgency::Owner).await;
        let shown = identify(run, &slot, &reading, Some(&wanted.id), "--id")?;
        let own = own(run, &slot, &shown).await;
        Ok((slot, reading, shown, own))
    };
    let (slot, reading, shown, own) = unless(signals, looking).await?;
    if shown == Identity::None {
        return Err(Stop::guard(format!(
            "{slot}: there is no token to delete; nothing was sent"
        )));
    }
    if wanted.dry_run {
        let dying = dying(&reading, run.world.actor.fleet.time_of(&slot));
        run.out.print(&format!(
            "{slot}: would delete {dying}{own}; nothing was sent\n"
        ))?;
        return Ok(code::DONE);
    }
    let order = Order {
        slot,
        act: Act::Delete,
        shown,
        last_use: reading.last_use(),
        needs_rescue: false,
        without_journal: false,
    };
    let finished = perform(run, signals, order, false).await;
    Ok(finished.signal.unwrap_or(finished.code))
}
