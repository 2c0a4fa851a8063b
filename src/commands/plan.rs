//! A rotation's plan: which slots, with which tokens in them. Its id is a hash
//! over just that, so a plan that somebody has looked at cannot become another
//! one unnoticed; and the journal tells how far a run of it has come.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::journal::{Event, Record, is_certain};
use crate::slot::{Host, Identity, Kind, Slot, Time};

/// One slot of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Which slot.
    pub slot: Slot,
    /// What was in it.
    pub shown: Identity,
    /// When that was last used, as far as it is known; no part of the plan.
    pub last_use: Time,
}

/// The id of a plan: 16 hexadecimal digits, whatever the order of the slots.
pub fn id(plan: &[Planned]) -> String {
    let mut lines: Vec<Vec<u8>> = plan.iter().map(line).collect();
    lines.sort();
    let mut hash = Sha256::new();
    for line in lines {
        hash.update(u64::try_from(line.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(line);
    }
    let digest = hash.finalize();
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// One slot for the hash; NUL cannot be in any of the parts.
fn line(planned: &Planned) -> Vec<u8> {
    let slot = &planned.slot;
    let (what, id, created) = match &planned.shown {
        Identity::Token { id, created_at } => ("token", id.as_str(), *created_at),
        Identity::None => ("none", "", None),
        Identity::Unclear => ("unclear", "", None),
    };
    let created = created.map(|time| time.to_string()).unwrap_or_default();
    let parts = [
        slot.host.as_str(),
        &slot.organization,
        slot.kind.as_str(),
        what,
        id,
        &created,
    ];
    parts.join("\0").into_bytes()
}

/// The record with which a run of a plan begins.
pub fn record(id: &str, planned: &Planned) -> Record {
    let (token, created_at, unclear) = match &planned.shown {
        Identity::Token { id, created_at } => (Some(id.clone()), *created_at, false),
        Identity::None => (None, None, false),
        Identity::Unclear => (None, None, true),
    };
    let event = Event::Planned {
        token,
        created_at,
        unclear,
    };
    Record::new(id, &planned.slot, event)
}

/// How far one slot of a plan has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing was done to it.
    Open,
    /// Its new secret is where it was to go.
    Done,
    /// There is a new token, but its secret is here.
    Elsewhere(String),
    /// A request was sent, and what became of it is not recorded.
    Unknown,
}

/// What the journal knows of a plan's last run.
pub struct Begun {
    /// When it began.
    pub at: Timestamp,
    /// Its slots.
    pub slots: Vec<(Planned, Progress)>,
}

/// Finds the last run of a plan in the journal's records; nothing if none ever
/// began, or if not all of its beginning is there.
pub fn begun(id_wanted: &str, records: &[Record]) -> Option<Begun> {
    let mut seen = BTreeSet::new();
    let mut plan = Vec::new();
    let mut first = None;
    for (at, record) in records.iter().enumerate() {
        if record.order != id_wanted {
            continue;
        }
        let Some(planned) = planned(record) else {
            continue;
        };
        // A slot comes once in a run. A plan of empty slots can have run before:
        // nothing in it tells those slots from the same ones when they are empty
        // again, and what was done to them then has not been done now.
        if !seen.insert(planned.slot.clone()) {
            seen = BTreeSet::from([planned.slot.clone()]);
            plan.clear();
            first = None;
        }
        first.get_or_insert(at);
        plan.push(planned);
    }
    let first = first?;
    if id(&plan) != id_wanted {
        return None;
    }
    let after = records.get(first..)?;
    Some(Begun {
        at: records.get(first)?.at,
        slots: plan
            .into_iter()
            .map(|planned| {
                let progress = progress(&planned, after);
                (planned, progress)
            })
            .collect(),
    })
}

fn planned(record: &Record) -> Option<Planned> {
    let Event::Planned {
        token,
        created_at,
        unclear,
    } = &record.event
    else {
        return None;
    };
    Some(Planned {
        slot: slot(record)?,
        shown: match token {
            Some(id) => Identity::Token {
                id: id.clone(),
                created_at: *created_at,
            },
            None if *unclear => Identity::Unclear,
            None => Identity::None,
        },
        last_use: Time::Unknown,
    })
}

fn slot(record: &Record) -> Option<Slot> {
    let kinds = [Kind::Organization, Kind::AuditTrails];
    Some(Slot {
        kind: kinds
            .into_iter()
            .find(|kind| kind.as_str() == record.kind)?,
        ..Slot::new(&Host::new(&record.host), &record.organization)
    })
}

/// By the last order for a slot that began with what the plan shows there.
fn progress(planned: &Planned, records: &[Record]) -> Progress {
    let was = match &planned.shown {
        Identity::Token { id, .. } => Some(id.as_str()),
        Identity::None | Identity::Unclear => None,
    };
    let order = records.iter().rev().find(|record| {
        let new = matches!(&record.event, Event::Intent { action, token, .. }
            if action != "delete" && token.as_deref() == was);
        new && slot(record).as_ref() == Some(&planned.slot)
    });
    let Some(order) = order else {
        return Progress::Open;
    };
    let of_order = records.iter().filter(|record| record.order == order.order);
    let mut now = Progress::Unknown;
    for record in of_order {
        match &record.event {
            Event::Outcome {
                finding, delivery, ..
            } => now = outcome(finding, delivery.as_deref()),
            Event::Delivered { delivery } | Event::Rescued { delivery, .. } => {
                now = Progress::Elsewhere(delivery.clone());
            }
            Event::LetGo => now = Progress::Elsewhere("nowhere: it was let go".to_owned()),
            Event::Intent { .. } | Event::Planned { .. } | Event::Seen => {}
        }
    }
    now
}

/// In the words of `Outcome::words`.
fn outcome(finding: &str, delivery: Option<&str>) -> Progress {
    match delivery {
        _ if finding.ends_with("its secret is lost") => {
            Progress::Elsewhere("nowhere: the answer was lost".to_owned())
        }
        Some(place) if finding == "done" && !is_certain(place) => {
            Progress::Elsewhere(place.to_owned())
        }
        _ if finding == "done" => Progress::Done,
        _ if finding.starts_with("cannot be told") => Progress::Unknown,
        _ => Progress::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(name: &str, token: Option<&str>) -> Planned {
        Planned {
            slot: Slot::new(&Host::new("tfe.corp.example"), name),
            shown: match token {
                Some(id) => Identity::Token {
                    id: id.into(),
                    created_at: Some(Timestamp::UNIX_EPOCH),
                },
                None => Identity::None,
            },
            last_use: Time::Unknown,
        }
    }

    fn intent(order: &str, planned: &Planned) -> Record {
        let token = crate::journal::token_id(&planned.shown);
        let event = Event::Intent {
            action: "replace".into(),
            token,
            to: Some("vault".into()),
        };
        Record::new(order, &planned.slot, event)
    }

    fn ended(order: &str, planned: &Planned, finding: &str, delivery: Option<&str>) -> Record {
        let event = Event::Outcome {
            finding: finding.into(),
            token: Some("at-9".into()),
            delivery: delivery.map(str::to_owned),
        };
        Record::new(order, &planned.slot, event)
    }

    #[test]
    fn the_id_knows_every_part_and_no_order() {
        let (a, b) = (planned("a", Some("1")), planned("b", None));
        let both = id(&[a.clone(), b.clone()]);
        assert_eq!(both.len(), 16);
        assert_eq!(both, id(&[b.clone(), a.clone()]));
        let mut later = a.clone();
        later.shown = Identity::Token {
            id: "1".into(),
            created_at: None,
        };
        let mut unclear = b.clone();
        unclear.shown = Identity::Unclear;
        for other in [
            vec![a.clone()],
            vec![planned("a", Some("2")), b.clone()],
            vec![later, b.clone()],
            vec![a.clone(), unclear],
            vec![planned("c", Some("1")), b.clone()],
        ] {
            assert_ne!(both, id(&other), "{other:?}");
        }
    }

    #[test]
    fn the_journal_tells_how_far_a_plan_has_come() {
        let names = ["done", "open", "killed", "refused", "rescued", "lost"];
        let plan: Vec<Planned> = names.iter().map(|name| planned(name, Some("1"))).collect();
        let id = id(&plan);
        let mut records: Vec<Record> = plan.iter().map(|planned| record(&id, planned)).collect();
        assert!(begun("0000000000000000", &records).is_none());
        records.push(intent("o0", &plan[0]));
        records.push(ended("o0", &plan[0], "done", Some("delivery vault")));
        records.push(intent("o2", &plan[2]));
        records.push(intent("o3", &plan[3]));
        records.push(ended("o3", &plan[3], "refused: no", None));
        records.push(intent("o4", &plan[4]));
        let failed = Some("undelivered: vault failed");
        records.push(ended("o4", &plan[4], "done", failed));
        let rescued = Event::Rescued {
            delivery: "file /x".into(),
            token: Some("at-9".into()),
        };
        records.push(Record::new("o4", &plan[4].slot, rescued));
        records.push(intent("o5", &plan[5]));
        let lost = "the token was replaced and its secret is lost";
        records.push(ended("o5", &plan[5], lost, None));
        let begun = begun(&id, &records).unwrap();
        let progress: Vec<&Progress> = begun.slots.iter().map(|(_, progress)| progress).collect();
        let elsewhere = |place: &str| Progress::Elsewhere(place.into());
        assert_eq!(
            progress,
            [
                &Progress::Done,
                &Progress::Open,
                &Progress::Unknown,
                &Progress::Open,
                &elsewhere("file /x"),
                &elsewhere("nowhere: the answer was lost"),
            ]
        );
        // A plan of which a part is missing is no plan.
        assert!(super::begun(&id, &records[1..]).is_none());
    }

    #[test]
    fn only_the_last_run_of_a_plan_counts() {
        let plan = [planned("a", None), planned("b", None)];
        let id = id(&plan);
        let begins = || plan.iter().map(|planned| record(&id, planned));
        let done = |order: &str, planned: &Planned| {
            let ended = ended(order, planned, "done", Some("delivery vault"));
            [intent(order, planned), ended]
        };
        let progress = |records: &[Record]| -> Option<Vec<Progress>> {
            let slots = begun(&id, records)?.slots.into_iter();
            Some(slots.map(|(_, progress)| progress).collect())
        };
        let mut records: Vec<Record> = begins().collect();
        records.extend(done("o1", &plan[0]));
        records.extend(done("o2", &plan[1]));
        let both = vec![Progress::Done, Progress::Done];
        assert_eq!(progress(&records), Some(both));
        records.extend(begins());
        let none = vec![Progress::Open, Progress::Open];
        assert_eq!(progress(&records), Some(none));
        records.extend(done("o3", &plan[0]));
        let one = vec![Progress::Done, Progress::Open];
        assert_eq!(progress(&records), Some(one));
        // A run that was killed before all of its plan was recorded did nothing,
        // and what the one before it did is no part of it.
        records.extend(begins().take(1));
        assert_eq!(progress(&records), None);
        records.extend(begins());
        let none = vec![Progress::Open, Progress::Open];
        assert_eq!(progress(&records), Some(none));
    }
}
