//! Which slots there are, and what is in them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;

use super::row::Row;
use super::{Run, Stop};
use crate::api::Urgency;
use crate::app::when;
use crate::config::{Organizations, near};
use crate::fleet::{Fleet, Look};
use crate::slot::{Found, Kind, Reading, Rules, Slot, State};
use crate::text;

/// Looks that are under way at a time; the pace of each host decides when they
/// are sent.
const AT_ONCE: usize = 64;

/// Shorter pauses are over before one has read of them.
const WORTH_SAYING: Duration = Duration::from_secs(1);

/// The rows, and what kept others away: one line for each host whose
/// organizations could not be listed.
pub struct Rows {
    /// Every slot that is known.
    pub rows: Vec<Row>,
    /// Why there may be more.
    pub problems: Vec<String>,
}

/// Reads every slot that is wanted.
///
/// # Errors
/// Where an organization that was named does not exist.
pub async fn read_all(run: &Run, kind: Option<Kind>, rules: &Rules) -> Result<Rows, Stop> {
    let fleet = &*run.world.actor.fleet;
    run.out.progress("listing organizations");
    let (slots, problems) = all_slots(fleet, &run.only).await?;
    let total = slots.len();
    let mut rows = Vec::with_capacity(total);
    let looks = slots.into_iter().map(|slot| look(fleet, slot, kind));
    let mut looks = stream::iter(looks).buffer_unordered(AT_ONCE);
    let mut done = 0;
    loop {
        let found = tokio::select! {
            biased;
            found = looks.next() => found,
            () = fleet.changed() => {
                if let Some(pause) = pause(fleet) {
                    run.out.progress(&format!("{done} of {total} read; {pause}"));
                }
                continue;
            }
        };
        let Some(found) = found else { break };
        done += 1;
        run.out.progress(&format!("{done} of {total} read"));
        rows.extend(found);
    }
    let rows = rows
        .into_iter()
        .map(|(slot, reading)| {
            let now = fleet.time_of(&slot);
            Row {
                state: State::of(Some(&reading), rules, now),
                slot,
                reading,
                now,
            }
        })
        .collect();
    run.out.clear();
    // A total that does not say so would be taken for all that there are.
    if run.only.is_empty() {
        for words in (0..fleet.entries().len()).filter_map(|at| fleet.left_out(at)) {
            run.out.error(&words);
        }
    }
    Ok(Rows { rows, problems })
}

/// The host that wants no requests for a while, and how long.
fn pause(fleet: &Fleet) -> Option<String> {
    let news = fleet.news().into_iter().zip(fleet.entries());
    let (wait, entry) = news
        .filter_map(|(news, entry)| Some((news.pause?, entry)))
        .filter(|(wait, _)| *wait >= WORTH_SAYING)
        .max_by_key(|(wait, _)| *wait)?;
    Some(format!(
        "{}: too many requests (429); waiting {}",
        entry.config.host,
        when::length(wait.as_secs().max(1))
    ))
}

type Known = (Slot, Arc<Reading>);

/// The slots of an organization that are of the wanted kind.
async fn look(fleet: &Fleet, slot: Slot, kind: Option<Kind>) -> Vec<Known> {
    // First in any case: its answer tells whether the host knows another kind.
    let read = |slot| fleet.look(slot, Look::WithPolicy, Urgency::Owner);
    let reading = read(&slot).await;
    let audit = Slot {
        kind: Kind::AuditTrails,
        ..slot.clone()
    };
    let mut looks = Vec::new();
    if kind != Some(Kind::Organization) {
        match fleet.has_audit_trails(&audit).await {
            Ok(true) => looks.push((audit.clone(), read(&audit).await)),
            Ok(false) => {}
            // In doubt a token that is there is shown, and an empty slot not.
            Err(_) => {
                let look = read(&audit).await;
                if matches!(look.found, Found::Token(_)) {
                    looks.push((audit, look));
                }
            }
        }
    }
    if kind != Some(Kind::AuditTrails) {
        looks.insert(0, (slot, reading));
    }
    looks
}

async fn all_slots(fleet: &Fleet, only: &[String]) -> Result<(BTreeSet<Slot>, Vec<String>), Stop> {
    let entries = 0..fleet.entries().len();
    let named = join_all(entries.map(|at| async move {
        let names = match only {
            [] => organizations(fleet, at).await,
            only => {
                let found = stream::iter(only.iter().map(|name| fleet.find(at, name)))
                    .buffered(AT_ONCE)
                    .collect::<Vec<_>>()
                    .await;
                let found: Result<Vec<_>, _> = found.into_iter().collect();
                found.map(|found| found.into_iter().flatten().collect())
            }
        };
        (at, names)
    }))
    .await;
    let mut slots = BTreeSet::new();
    let mut problems = Vec::new();
    for (at, names) in named {
        let host = &fleet.entries()[at].config.host;
        match names {
            Ok(names) => slots.extend(names.iter().map(|name| Slot::new(host, name))),
            Err(problem) => problems.push(problem),
        }
    }
    for name in only {
        let is_there = slots.iter().any(|slot| &*slot.organization == name);
        if !is_there && problems.is_empty() {
            return Err(unknown(fleet, name).await);
        }
    }
    slots.retain(|slot| only.is_empty() || only.iter().any(|name| **name == *slot.organization));
    Ok((slots, problems))
}

/// The organizations of a host entry.
async fn organizations(fleet: &Fleet, at: usize) -> Result<Vec<Arc<str>>, String> {
    match &fleet.entries()[at].config.organizations {
        Organizations::Listed(names) => Ok(names.clone()),
        Organizations::All => fleet.organizations(at, |_| {}).await,
    }
}

/// The slot that an organization's name means.
///
/// # Errors
/// Where there is none, or more than one, or where that cannot be told.
pub async fn one(run: &Run, name: &str, kind: Kind) -> Result<Slot, Stop> {
    let fleet = &*run.world.actor.fleet;
    if !run.only.is_empty() && !run.only.iter().any(|only| only == name) {
        return Err(Stop::not_possible(format!(
            "--org leaves {} out; leave --org out",
            text::safe(name)
        )));
    }
    run.out.progress("looking for the organization");
    let entries = 0..fleet.entries().len();
    let found = join_all(entries.map(|at| fleet.find(at, name))).await;
    let mut slots = BTreeSet::new();
    let mut problems = Vec::new();
    for (at, found) in found.into_iter().enumerate() {
        match found {
            Ok(Some(spelled)) if &*spelled == name => {
                slots.insert(Slot::new(&fleet.entries()[at].config.host, name));
            }
            Ok(_) => {}
            Err(problem) => problems.push(problem),
        }
    }
    let shown = text::safe(name);
    let mut slots = slots.into_iter();
    let slot = match (slots.next(), slots.next(), problems.is_empty()) {
        (Some(slot), None, true) => slot,
        (Some(first), Some(second), _) => {
            return Err(Stop::not_possible(format!(
                "{shown} is on {} and on {}; say which with --host",
                first.host, second.host
            )));
        }
        (Some(slot), None, false) => {
            return Err(Stop::not_possible(format!(
                "{shown} is on {}, and whether it is elsewhere too cannot be told ({}); say which \
                 with --host",
                slot.host,
                problems.join("; ")
            )));
        }
        (None, _, false) => return Err(Stop::not_possible(problems.join("; "))),
        (None, _, true) => return Err(unknown(fleet, name).await),
    };
    if kind == Kind::Organization {
        return Ok(slot);
    }
    // The answer about the one tells whether the host knows the other.
    fleet.read(&slot, Urgency::Owner).await;
    let slot = Slot { kind, ..slot };
    match fleet.has_audit_trails(&slot).await {
        Ok(true) => Ok(slot),
        Ok(false) => Err(Stop::not_possible(format!(
            "{shown} has no audit trail token: {} does not know them, or the organization's plan \
             does not include them",
            slot.host
        ))),
        Err(problem) => Err(Stop::not_possible(problem)),
    }
}

/// The error for a name that no host knows, with the nearest that one does.
async fn unknown(fleet: &Fleet, name: &str) -> Stop {
    let numbers = 0..fleet.entries().len();
    let listed = join_all(numbers.map(|at| organizations(fleet, at))).await;
    let known: BTreeSet<Arc<str>> = listed.into_iter().flatten().flatten().collect();
    let known: Vec<&str> = known.iter().map(|name| &**name).collect();
    let entries = fleet.entries();
    let hosts: BTreeSet<&str> = entries
        .iter()
        .map(|entry| entry.config.host.as_str())
        .collect();
    let hosts: Vec<&str> = hosts.into_iter().collect();
    let mend = match near::nearest(name, &known) {
        Some(near) => format!("did you mean {near}?"),
        None => "`orgward list` shows those that there are".to_owned(),
    };
    Stop::not_possible(format!(
        "no organization {} that you may see on {}; {mend}",
        text::safe(name),
        hosts.join(", ")
    ))
}
