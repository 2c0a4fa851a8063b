//! `rotate`: new tokens for many slots, by a plan that was looked at before.

use std::collections::BTreeMap;

use super::act::{may_write, perform};
use super::generate::rescue;
use super::plan::{self, Begun, Planned, Progress};
use super::row::{self, Row};
use super::slots::{Rows, read_all};
use super::table::Table;
use super::{Run, Signals, Stop, code, shell_word, slots_in_words, unless};
use crate::action::{Act, Order};
use crate::api::Urgency;
use crate::app::when;
use crate::cli::{Rotate, Sort};
use crate::delivery::Destination;
use crate::expiry::Expiry;
use crate::fleet::{Own, in_brackets};
use crate::journal::Record;
use crate::slot::{Identity, Kind, Slot};
use crate::text;

/// `orgward rotate`
pub async fn run(run: &Run, signals: &mut Signals, wanted: &Rotate) -> Result<u8, Stop> {
    if !wanted.dry_run {
        may_write(run)?;
    }
    if !wanted.to.holds_many() {
        return Err(Stop::not_possible(format!(
            "--to {} cannot hold many; name keyring, file:PATH or a delivery",
            wanted.to
        )));
    }
    match &wanted.plan {
        None => unless(signals, dry_run(run, wanted)).await,
        Some(id) => {
            let preparing = async {
                let ahead = match wanted.resume {
                    true => resumed(run, wanted, id).await?,
                    false => begun(run, wanted, id).await?,
                };
                ready(run, wanted, &ahead.open).await?;
                Ok(ahead)
            };
            let ahead = unless(signals, preparing).await?;
            rotate(run, signals, wanted, id, ahead).await
        }
    }
}

/// What lies ahead of a run.
struct Ahead {
    /// The slots that are to be done.
    open: Vec<Planned>,
    /// How many the plan has.
    total: usize,
    /// The exit code of what was said about those that are not to be done.
    worst: u8,
}

fn expiry(run: &Run, wanted: &Rotate) -> Expiry {
    wanted.expires.unwrap_or(run.world.config.expiry.default)
}

/// The slots in the wanted states, what needs attention first.
async fn candidates(run: &Run, wanted: &Rotate) -> Result<Vec<Row>, Stop> {
    let rules = run.world.config.expiry.rules;
    let Rows { mut rows, problems } = read_all(run, Some(wanted.kind), &rules).await?;
    if !problems.is_empty() {
        // A plan that may lack slots is none.
        return Err(Stop::not_possible(format!(
            "not all organizations are known: {}; name the hosts that work with --host",
            problems.join("; ")
        )));
    }
    rows.retain(|row| wanted.state.contains(&row.state));
    row::sort(&mut rows, Sort::Attention);
    if let Some(max) = wanted.max {
        rows.truncate(usize::try_from(max).unwrap_or(usize::MAX));
    }
    Ok(rows)
}

fn plan_of(rows: &[Row]) -> Vec<Planned> {
    rows.iter()
        .filter_map(|row| {
            Some(Planned {
                slot: row.slot.clone(),
                shown: row.reading.identity()?,
                last_use: row.reading.last_use(),
            })
        })
        .collect()
}

async fn dry_run(run: &Run, wanted: &Rotate) -> Result<u8, Stop> {
    let rows = candidates(run, wanted).await?;
    let plan = plan_of(&rows);
    let id = plan::id(&plan);
    if rows.is_empty() {
        run.out.print("nothing to rotate\n")?;
        return Ok(code::DONE);
    }
    let head = [
        "organization",
        "host",
        "token",
        "id",
        "created",
        "last used",
        "note",
    ];
    let mut table = Table::new(&head, &["token", "id", "created", "last used"]).with_note();
    for (row, planned) in rows.iter().zip(&plan) {
        let token = row.reading.token();
        let ago = |time| when::relative(time, row.now).text;
        let whose = run.world.actor.fleet.own(&row.slot, &planned.shown).await;
        let note = match (whose.own, &planned.shown) {
            (Own::Yes, _) => {
                let account = in_brackets(whose.account().as_deref());
                format!("your own credential{account}")
            }
            (_, Identity::Unclear) => "a token that you may not see would die".to_owned(),
            _ => String::new(),
        };
        table.row(vec![
            row.slot.organization.to_string().into(),
            row.slot.host.to_string().into(),
            row.state.into(),
            token
                .map_or("-".to_owned(), |token| token.id.to_string())
                .into(),
            token
                .and_then(|token| token.created_at)
                .map_or("-".to_owned(), ago)
                .into(),
            token
                .map_or("-".to_owned(), |token| token.last_used_at.words(ago))
                .into(),
            note.into(),
        ]);
    }
    let table = table.lines(&run.out);
    let ready = ready(run, wanted, &plan).await;
    // The plan's id stays the last line: scripts read it there.
    let note = match run.world.is_demo() {
        true => "each start of the demo makes new tokens: no later --plan can match this one\n",
        false => "",
    };
    run.out.print(&format!(
        "{table}{}; nothing was sent\n{note}plan {id}\n",
        slots_in_words(plan.len())
    ))?;
    ready.map(|()| code::DONE)
}

/// The plan as it is now; only the one that was looked at passes.
async fn begun(run: &Run, wanted: &Rotate, id: &str) -> Result<Ahead, Stop> {
    let plan = plan_of(&candidates(run, wanted).await?);
    let now = plan::id(&plan);
    if now == *id {
        return Ok(Ahead {
            total: plan.len(),
            open: plan,
            worst: code::DONE,
        });
    }
    Err(Stop::guard(match plan::begun(id, &records(run)?) {
        Some(begun) => format!(
            "plan {} was begun on {} and is not as it was; go on with it with --resume",
            text::safe(id),
            begun.at.strftime("%Y-%m-%d %H:%M UTC")
        ),
        None => format!(
            "plan {} is not what would be done now ({}, plan {now}); nothing was sent. Look \
             at it with --dry-run",
            text::safe(id),
            slots_in_words(plan.len())
        ),
    }))
}

fn records(run: &Run) -> Result<Vec<Record>, Stop> {
    let records = run.world.actor.journal.records();
    records.map_err(|error| Stop::not_possible(error.to_string()))
}

/// What is left of a plan by the journal; what is not to be done is said.
async fn resumed(run: &Run, wanted: &Rotate, id: &str) -> Result<Ahead, Stop> {
    let records = records(run)?;
    let Some(Begun { slots, .. }) = plan::begun(id, &records) else {
        return Err(Stop::guard(format!(
            "the journal has no plan {}; leave --resume out to begin it",
            text::safe(id)
        )));
    };
    let total = slots.len();
    let fleet = &run.world.actor.fleet;
    let mut open = Vec::new();
    let mut worst = code::DONE;
    for (planned, progress) in slots {
        let slot = &planned.slot;
        match progress {
            Progress::Done => continue,
            Progress::Elsewhere(place) => {
                run.out.error(&format!(
                    "{slot}: done before, but its new secret is not where it was to go; it was \
                     last in: {place}"
                ));
                worst = worst.max(code::ELSEWHERE);
                continue;
            }
            // Where the slot could not be seen before, it does not show whether
            // the lost order made a token, and a second one would kill it.
            Progress::Unknown if planned.shown == Identity::Unclear => {
                run.out.error(&format!(
                    "{slot}: left alone: what became of its order is not recorded, and the slot \
                     does not show it; look for yourself, then: {}",
                    by_hand(slot, wanted, Some("none"))
                ));
                worst = worst.max(code::UNKNOWN);
                continue;
            }
            Progress::Open | Progress::Unknown => {}
        }
        run.out.progress(&format!("reading {slot}"));
        // An organization that is not listed is known once it was asked for.
        for entry in 0..fleet.entries().len() {
            if fleet.entries()[entry].config.host == slot.host {
                let _ = fleet.find(entry, &slot.organization).await;
            }
        }
        if slot.kind == Kind::AuditTrails {
            let organization = Slot::new(&slot.host, &slot.organization);
            fleet.read(&organization, Urgency::Owner).await;
        }
        let reading = fleet.read(slot, Urgency::Owner).await;
        match reading.identity() {
            Some(identity) if identity == planned.shown => open.push(Planned {
                last_use: reading.last_use(),
                ..planned
            }),
            // The program was stopped hard in the middle of this one. Nothing is
            // done to it here, and it keeps nobody from going on with the others.
            Some(identity) if progress == Progress::Unknown => {
                let replace = match &identity {
                    Identity::Token { id, .. } => Some(id.as_str()),
                    Identity::None => None,
                    Identity::Unclear => Some("none"),
                };
                let next = by_hand(slot, wanted, replace);
                run.out.error(&format!(
                    "{slot}: left alone: its order was begun, what became of it is not recorded, \
                     and there is {identity} now where the plan has {}; if nobody has its secret: \
                     {next}",
                    planned.shown
                ));
                worst = worst.max(code::UNKNOWN);
            }
            Some(identity) => {
                return Err(Stop::guard(format!(
                    "{slot}: the plan has {}, and there is {identity} now; nothing was sent",
                    planned.shown
                )));
            }
            None => {
                return Err(Stop::not_possible(format!(
                    "{slot}: the slot could not be read, and nothing was sent: {}",
                    reading.note.as_deref().unwrap_or("no reason is known")
                )));
            }
        }
    }
    Ok(Ahead { open, total, worst })
}

/// The command that does one slot of a plan by itself: that very slot, and no
/// other kind of token.
fn by_hand(slot: &Slot, wanted: &Rotate, replace: Option<&str>) -> String {
    let kind = match slot.kind {
        Kind::Organization => String::new(),
        kind => format!(" --kind {}", kind.as_str()),
    };
    let replace = replace.map_or(String::new(), |id| format!(" --replace {}", shell_word(id)));
    format!(
        "orgward generate {} --host {}{kind} {}{replace}",
        shell_word(&slot.organization),
        shell_word(slot.host.as_str()),
        terms(wanted)
    )
}

/// Where the secrets go and how long the tokens live, as it was asked for: what
/// is done later is done likewise.
fn terms(wanted: &Rotate) -> String {
    let expires = wanted.expires.map_or(String::new(), |expiry| {
        format!(" --expires {}", expiry.argument())
    });
    format!("--to {}{expires}", shell_word(&wanted.to.to_string()))
}

/// Everything that can be known before the first token dies.
async fn ready(run: &Run, wanted: &Rotate, plan: &[Planned]) -> Result<(), Stop> {
    let actor = &run.world.actor;
    let expiry = expiry(run, wanted);
    let mut places: BTreeMap<String, &Slot> = BTreeMap::new();
    for planned in plan {
        let slot = &planned.slot;
        let place = actor.deliverer.place_of(&wanted.to, slot);
        if let Some(place) = place.map_err(|error| Stop::not_possible(error.to_string()))?
            && let Some(other) = places.insert(place.clone(), slot)
        {
            return Err(Stop::guard(format!(
                "{other} and {slot} lead to one place, {}; give the destination {{organization}} \
                 and {{host}}",
                text::safe(&place)
            )));
        }
    }
    for (at, planned) in plan.iter().enumerate() {
        let slot = &planned.slot;
        run.out.progress(&format!("proving {slot}"));
        let (policy, now) = actor.fleet.limits(slot).await;
        expiry
            .resolve(now, policy)
            .map_err(|error| Stop::not_possible(format!("{slot}: {error}")))?;
        // One keyring holds all.
        if at == 0 || wanted.to != Destination::Keyring {
            actor
                .deliverer
                .prove(&wanted.to, slot)
                .await
                .map_err(|error| {
                    Stop::not_possible(format!("the destination is not ready: {error}"))
                })?;
            rescue(run, slot).await?;
        }
    }
    Ok(())
}

/// One order after the other; the first that must not be followed ends the run.
async fn rotate(
    run: &Run,
    signals: &mut Signals,
    wanted: &Rotate,
    id: &str,
    ahead: Ahead,
) -> Result<u8, Stop> {
    let Ahead {
        open,
        total,
        mut worst,
    } = ahead;
    if !wanted.resume {
        for planned in &open {
            let record = plan::record(id, planned);
            let recorded = run.world.actor.journal.append(record).await;
            recorded.map_err(|error| Stop::not_possible(format!("{error}; nothing was sent")))?;
        }
    }
    let mut left = open.len();
    for planned in open {
        let order = Order {
            slot: planned.slot,
            act: Act::New {
                expiry: expiry(run, wanted),
                to: wanted.to.clone(),
            },
            shown: planned.shown,
            last_use: planned.last_use,
            needs_rescue: true,
            without_journal: false,
        };
        let finished = perform(run, signals, order, false).await;
        worst = worst.max(finished.code);
        left -= 1;
        if !finished.go_on && (left > 0 || finished.signal.is_some()) {
            run.out.error(&format!(
                "stopped with {left} of {} not begun; when what is said above is set \
                 right, go on with: orgward rotate {} --plan {id} --resume",
                slots_in_words(total),
                terms(wanted)
            ));
            return Ok(finished.signal.unwrap_or(worst));
        }
    }
    let done = if worst == code::DONE { "done" } else { "ended" };
    let slots = slots_in_words(total);
    run.out.tell(&format!("plan {id} is {done}: {slots}"));
    Ok(worst)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Arguments, Command};
    use crate::slot::Host;

    #[test]
    fn the_command_for_one_slot_names_its_kind() {
        let slot = Slot::new(&Host::new("app.terraform.io"), "acme");
        let wanted = wanted(&["--to", "vault"]);
        assert_eq!(
            by_hand(&slot, &wanted, None),
            "orgward generate acme --host app.terraform.io --to vault"
        );
        assert_eq!(
            by_hand(&slot.of_kind(Kind::AuditTrails), &wanted, Some("none")),
            "orgward generate acme --host app.terraform.io --kind audit-trails --to vault \
             --replace none"
        );
        // A shell would look for files of this name.
        let slot = Slot::new(&Host::new("[::1]:8443"), "acme");
        assert_eq!(
            by_hand(&slot, &wanted, None),
            "orgward generate acme --host '[::1]:8443' --to vault"
        );
    }

    fn wanted(more: &[&str]) -> Rotate {
        let line = ["orgward", "rotate", "--state", "none", "--dry-run"];
        let arguments = Arguments::parse_from([&line[..], more].concat());
        match arguments.command {
            Some(Command::Rotate(wanted)) => wanted,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_shell_reads_the_command_as_it_is_meant() {
        let slot = Slot::new(&Host::new("app.terraform.io"), "$(touch owned)");
        let wanted = wanted(&["--to", "file:/my secrets/{kind}", "--expires", "30d"]);
        assert_eq!(
            by_hand(&slot, &wanted, Some("it's")),
            "orgward generate '$(touch owned)' --host app.terraform.io \
             --to 'file:/my secrets/{kind}' --expires 30d --replace 'it'\\''s'"
        );
    }
}
