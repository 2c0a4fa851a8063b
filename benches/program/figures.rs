//! The table: each figure beside its budget.

use std::time::Duration;

/// Whether a figure says the same on every machine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Depends {
    /// A time: the machine and its other work are in it.
    OnTheMachine,
    /// Counted or summed up: over budget is a defect.
    OnNothing,
}

struct Row {
    name: String,
    budget: String,
    measured: String,
    good: bool,
    depends: Depends,
}

/// All figures of a run.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Table {
    pub fn add(
        &mut self,
        name: &str,
        budget: &str,
        measured: String,
        good: bool,
        depends: Depends,
    ) {
        // Said at once too: a run takes minutes.
        eprintln!("{name}: {measured}");
        self.rows.push(Row {
            name: name.to_owned(),
            budget: budget.to_owned(),
            measured,
            good,
            depends,
        });
    }

    /// What belongs below the table.
    pub fn note(&mut self, note: String) {
        eprintln!("{note}");
        self.notes.push(note);
    }

    pub fn print(&self) {
        let width = |of: fn(&Row) -> &str| {
            let longest = self.rows.iter().map(|row| of(row).chars().count());
            longest.max().unwrap_or(0)
        };
        let (names, budgets) = (width(|row| &row.name), width(|row| &row.budget));
        let measured = width(|row| &row.measured);
        println!();
        for row in &self.rows {
            let verdict = match (row.good, row.depends) {
                (true, _) => "within",
                (false, Depends::OnTheMachine) => "over (depends on the machine)",
                (false, Depends::OnNothing) => "OVER",
            };
            println!(
                "{:names$}  {:budgets$}  {:measured$}  {verdict}",
                row.name, row.budget, row.measured
            );
        }
        println!();
        for note in &self.notes {
            println!("{note}");
        }
    }

    /// Whether something is over budget that would be on any machine.
    pub fn fails(&self) -> bool {
        let fails = |row: &Row| !row.good && row.depends == Depends::OnNothing;
        self.rows.iter().any(fails)
    }
}

/// A share (0 to 1) of the samples is at most this.
pub fn percentile(samples: &mut [Duration], share: f64) -> Duration {
    samples.sort_unstable();
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few thousand samples"
    )]
    let at = (samples.len() as f64 * share).ceil() as usize;
    samples[at.clamp(1, samples.len()) - 1]
}

pub fn median(samples: &mut [Duration]) -> Duration {
    percentile(samples, 0.5)
}

pub fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

#[allow(clippy::cast_precision_loss, reason = "sizes of files and processes")]
pub fn mib(bytes: u64) -> String {
    format!("{:.2} MiB", bytes as f64 / f64::from(1 << 20))
}
