//! `doctor`: everything that the program depends on, looked at once, and for
//! each problem what mends it. Never a value of a credential.

mod hosts;
mod machine;

use serde::Serialize;

use super::table::Table;
use super::waiting::Waiting;
use super::{Output, Signals, Stop, code, unless};
use crate::cli::{Arguments, Doctor};
use crate::config::{self, Config};
use crate::credentials::Environment;
use crate::start::{self, World};
use crate::text;

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// As it should be.
    Ok,
    /// Good to know.
    Note,
    /// Something does not work.
    Problem,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// `machine`, or the host.
    about: String,
    check: &'static str,
    status: Status,
    detail: String,
    mend: Option<String>,
}

/// The findings so far.
#[derive(Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, about: &str, check: &'static str, status: Status, detail: impl Into<String>) {
        self.0.push(Finding {
            about: about.to_owned(),
            check,
            status,
            detail: detail.into(),
            mend: None,
        });
    }

    fn ok(&mut self, about: &str, check: &'static str, detail: impl Into<String>) {
        self.add(about, check, Status::Ok, detail);
    }

    fn note(&mut self, about: &str, check: &'static str, detail: impl Into<String>, mend: &str) {
        self.add(about, check, Status::Note, detail);
        self.mend(mend);
    }

    fn problem(&mut self, about: &str, check: &'static str, detail: impl Into<String>, mend: &str) {
        self.add(about, check, Status::Problem, detail);
        self.mend(mend);
    }

    /// A mend for the last finding, if it is one that wants it.
    fn mend_trouble(&mut self, mend: &str) {
        if self.0.last().is_some_and(|last| last.status != Status::Ok) {
            self.mend(mend);
        }
    }

    fn mend(&mut self, mend: &str) {
        if let Some(last) = self.0.last_mut()
            && !mend.is_empty()
        {
            last.mend = Some(mend.to_owned());
        }
    }
}

/// `orgward doctor`
pub async fn run(
    wanted: &Doctor,
    arguments: &Arguments,
    env: Environment,
    out: Output,
    warnings: Vec<String>,
) -> Result<u8, Stop> {
    let mut signals = Signals::new()
        .map_err(|error| Stop::not_possible(format!("signals cannot be received: {error}")))?;
    unless(&mut signals, examine(wanted, arguments, env, out, warnings)).await
}

async fn examine(
    wanted: &Doctor,
    arguments: &Arguments,
    env: Environment,
    out: Output,
    warnings: Vec<String>,
) -> Result<u8, Stop> {
    let mut findings = Findings::default();
    let world = World::assemble(arguments, env.clone()).await;
    machine::configuration(&mut findings, arguments, &env, world.as_ref().err());
    let unusable = world.is_err();
    let deliverer = match &world {
        Ok(world) => world.actor.deliverer.clone(),
        // What does not depend on the configuration is looked at all the same.
        Err(_) => start::deliverer(&Config::default(), arguments, &env, arguments.demo, None)?,
    };
    out.progress("looking at clipboard and keyring");
    machine::examine(&mut findings, &env, &deliverer, &warnings).await;
    if let Ok(world) = &world {
        machine::deliveries(&mut findings, world).await;
        machine::journal(&mut findings, world).await;
        for warning in &world.warnings {
            let mend = "mend the file, or remove it";
            findings.note("machine", "terraform files", text::safe(warning), mend);
        }
        let fleet = &world.actor.fleet;
        let work = async {
            for entry in fleet.entries() {
                out.progress(&format!("asking {}", entry.config.host));
                hosts::examine(&mut findings, fleet, &entry).await;
            }
        };
        Waiting::of(&fleet.programs, out).beside(work).await;
    }
    let findings = findings.0;
    if wanted.json {
        let lines: Vec<String> = findings
            .iter()
            .map(|finding| serde_json::to_string(finding).unwrap_or_default())
            .collect();
        out.print(&format!("[\n{}\n]\n", lines.join(",\n")))?;
    } else {
        out.print(&lines(&findings, &out))?;
    }
    let problem = findings.iter().any(|f| f.status == Status::Problem);
    Ok(match (unusable, problem) {
        (true, _) => code::NOT_POSSIBLE,
        (false, true) => code::FINDINGS,
        (false, false) => code::DONE,
    })
}

/// The findings by what they are about; a mend has a line of its own.
fn lines(findings: &[Finding], out: &Output) -> String {
    // Sentences are not cut: they are what the owner came for.
    let whole = Output {
        width: None,
        ..*out
    };
    let mut text = String::new();
    let mut about = "";
    let mut table = Table::new(&["", "", ""], &[]);
    let flush = |table: &mut Table, text: &mut String| {
        let lines = std::mem::replace(table, Table::new(&["", "", ""], &[])).lines(&whole);
        // The head is empty.
        text.push_str(lines.split_once('\n').map_or("", |(_, rest)| rest));
    };
    for finding in findings {
        if finding.about != about {
            flush(&mut table, &mut text);
            if !text.is_empty() {
                text.push('\n');
            }
            about = &finding.about;
            text.push_str(&format!("{about}\n"));
        }
        let mark = match finding.status {
            Status::Ok => "  ok",
            Status::Note => "  note",
            Status::Problem => "  PROBLEM",
        };
        let mut first = Some((mark, finding.check));
        for line in finding.detail.split('\n') {
            let (mark, check) = first.take().unwrap_or_default();
            let cells = [mark, check, line];
            table.row(cells.map(|cell| cell.to_owned().into()).into());
        }
        if let Some(mend) = &finding.mend {
            table.row(
                ["", "", &format!("-> {mend}")]
                    .map(|cell| cell.to_owned().into())
                    .into(),
            );
        }
    }
    flush(&mut table, &mut text);
    text
}

/// Where the configuration is, for the check of it.
fn location(arguments: &Arguments, env: &Environment) -> config::Location {
    config::locate(arguments.config.as_deref(), env)
}
