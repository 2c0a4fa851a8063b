//! `list` and `check`.

use super::row::{json, sort, table};
use super::slots::{Rows, read_all};
use super::{Run, Stop, code, slots_in_words};
use crate::cli::{Check, List, Sort};
use crate::slot::{Rules, State};

/// `orgward list`
pub async fn list(run: &Run, wanted: &List) -> Result<u8, Stop> {
    let rules = run.world.config.expiry.rules;
    let Rows { mut rows, problems } = read_all(run, wanted.kind, &rules).await?;
    rows.retain(|row| wanted.state.is_empty() || wanted.state.contains(&row.state));
    sort(&mut rows, wanted.sort);
    let text = if wanted.json {
        json(&rows)
    } else if rows.is_empty() {
        String::new()
    } else {
        table(&rows, &run.out)
    };
    run.out.print(&text)?;
    Ok(missing(run, &problems))
}

/// `orgward check`
pub async fn check(run: &Run, wanted: &Check) -> Result<u8, Stop> {
    let configured = run.world.config.expiry.rules;
    let rules = Rules {
        warn_within: wanted
            .within
            .map_or(configured.warn_within, |within| within.duration()),
        unused_after: wanted
            .unused
            .map_or(configured.unused_after, |unused| unused.duration()),
    };
    let Rows { mut rows, problems } = read_all(run, None, &rules).await?;
    let total = rows.len();
    rows.retain(|row| weight(row.state) > code::DONE);
    sort(&mut rows, Sort::Attention);
    let text = if wanted.json {
        json(&rows)
    } else if !rows.is_empty() {
        table(&rows, &run.out)
    } else if run.out.width.is_some() && problems.is_empty() {
        let were = if total == 1 { "was" } else { "were" };
        format!("nothing to do: {} {were} read\n", slots_in_words(total))
    } else {
        // For cron: words mean that somebody has to do something.
        String::new()
    };
    run.out.print(&text)?;
    let worst = rows.iter().map(|row| weight(row.state)).max();
    Ok(worst.unwrap_or(code::DONE).max(missing(run, &problems)))
}

/// What a state means for the exit code of `check`.
fn weight(state: State) -> u8 {
    match state {
        State::Expired | State::OverPolicy | State::Expiring | State::Unused => code::FINDINGS,
        State::Failed | State::Unauthorized | State::NoAccess | State::NotVisible => {
            code::NOT_POSSIBLE
        }
        State::None | State::Unclear | State::Ok | State::Reading => code::DONE,
    }
}

/// Says which rows are missing.
fn missing(run: &Run, problems: &[String]) -> u8 {
    for problem in problems {
        run.out.error(problem);
    }
    match problems {
        [] => code::DONE,
        _ => code::NOT_POSSIBLE,
    }
}
