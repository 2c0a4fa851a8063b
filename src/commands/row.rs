//! One slot as `list` and `check` print it.

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::Output;
use super::table::{Cell, Table};
use crate::app::when;
use crate::cli::Sort;
use crate::slot::{Creator, Kind, Reading, Slot, State, Time};
use crate::text::caseless;

/// A slot and what one look at it found.
pub struct Row {
    /// Which slot.
    pub slot: Slot,
    /// The look.
    pub reading: Arc<Reading>,
    /// What that means now.
    pub state: State,
    /// Now, on the clock that the token lives by.
    pub now: Timestamp,
}

/// A row in JSON, to the letter of DESIGN.md; `assets/schema` describes it.
#[derive(Serialize)]
struct Json<'a> {
    host: &'a str,
    organization: &'a str,
    kind: Kind,
    state: State,
    id: Option<&'a str>,
    created_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    created_by: Option<String>,
    error: Option<&'a str>,
}

impl Row {
    fn json(&self) -> Json<'_> {
        let token = self.reading.token();
        Json {
            host: self.slot.host.as_str(),
            organization: &self.slot.organization,
            kind: self.slot.kind,
            state: self.state,
            id: token.map(|token| &*token.id),
            created_at: token.and_then(|token| token.created_at),
            last_used_at: token.and_then(|token| token.last_used_at.at()),
            expires_at: token.and_then(|token| token.expires_at.at()),
            ends_at: self.reading.ends_at().and_then(Time::at),
            created_by: token
                .and_then(|token| token.created_by.as_ref())
                .map(Creator::words),
            error: self.reading.note.as_deref(),
        }
    }
}

/// All rows as a JSON array, one object a line.
pub fn json(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "[]\n".to_owned();
    }
    let lines: Vec<String> = rows
        .iter()
        .map(|row| serde_json::to_string(&row.json()).unwrap_or_default())
        .collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

/// All rows as a table.
pub fn table(rows: &[Row], out: &Output) -> String {
    let head = [
        "organization",
        "host",
        "kind",
        "token",
        "ends",
        "last used",
        "created by",
        "id",
        "note",
    ];
    // One word a row for what is the same in all is one too many.
    let kinds = rows.iter().any(|row| row.slot.kind != Kind::Organization);
    let first = rows.first().map(|row| &row.slot.host);
    let one_host = rows.iter().all(|row| Some(&row.slot.host) == first);
    let spare: &[&str] = match one_host {
        true => &["host", "created by", "last used", "ends"],
        false => &["created by", "last used", "ends"],
    };
    let mut table = Table::new(&head, &["kind", "token", "ends", "last used", "id"])
        .without(spare)
        .without_at_last(&["id", "kind"])
        .with_note();
    for row in rows {
        let words = |time: Option<Time>| match time {
            Some(time) => time.words(|at| when::relative(at, row.now).text),
            None => "-".to_owned(),
        };
        let token = row.reading.token();
        let note = row.reading.note.as_deref();
        let kind = if kinds { row.slot.kind.as_str() } else { "" };
        let cells: Vec<Cell> = vec![
            row.slot.organization.to_string().into(),
            row.slot.host.to_string().into(),
            kind.to_owned().into(),
            row.state.into(),
            words(row.reading.ends_at()).into(),
            words(token.map(|token| token.last_used_at)).into(),
            token
                .and_then(|token| token.created_by.as_ref())
                .map_or("-".to_owned(), Creator::words)
                .into(),
            token
                .map_or("-".to_owned(), |token| token.id.to_string())
                .into(),
            note.unwrap_or_default().to_owned().into(),
        ];
        table.row(cells);
    }
    table.lines(out)
}

/// Puts rows in order; rows that are equal in it, by organization and host.
pub fn sort(rows: &mut [Row], by: Sort) {
    let token = |row: &Row| row.reading.token().cloned();
    rows.sort_by(|a, b| {
        caseless(&a.slot.organization, &b.slot.organization).then_with(|| a.slot.cmp(&b.slot))
    });
    // What has no such time comes last.
    let early = |row: &Row| {
        let end = row.reading.ends_at().and_then(Time::at);
        (end.is_none(), end)
    };
    match by {
        Sort::Organization => {}
        Sort::Attention => rows.sort_by_key(|row| (row.state, early(row))),
        Sort::Host => rows.sort_by(|a, b| a.slot.host.cmp(&b.slot.host)),
        Sort::Ends => rows.sort_by_key(|row| early(row)),
        Sort::LastUsed => rows.sort_by_key(|row| match token(row) {
            Some(token) => (false, token.last_used_at.at()),
            None => (true, None),
        }),
        Sort::CreatedBy => rows.sort_by_key(|row| {
            let creator = token(row).and_then(|token| token.created_by);
            (
                Reverse(creator.is_some()),
                creator.map(|creator| creator.words()),
            )
        }),
    }
}
