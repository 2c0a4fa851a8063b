//! A run of the program with a log, in which everything is watched from before
//! its start, and the hunt at its end.

use std::path::Path;

use super::support::program::Builder;
use super::support::{Exit, Owner, Program, Sampler, Sentinel, select};

/// A watched run.
pub struct Run<'o> {
    pub owner: &'o Owner,
    pub program: Program,
    sampler: Sampler,
}

impl<'o> Run<'o> {
    /// The owner's program with a log, started as `with` says.
    pub fn start(owner: &'o Owner, with: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = owner.program().arg("--log").arg(owner.log());
        Self::of(owner, with(builder))
    }

    /// Any program that ends as ours does.
    pub fn of(owner: &'o Owner, builder: Builder) -> Self {
        let sampler = Sampler::start();
        let program = builder.start();
        program.wait_until("every slot read", |screen| {
            screen.contains("acme") && !screen.contains(" read") && !screen.contains("reading")
        });
        Self {
            owner,
            program,
            sampler,
        }
    }

    /// Generates a token for `empty`; by default it goes to `to`.
    pub fn generate(&self, to: &str) {
        select(&self.program, "empty");
        self.program.press("n").wait_for(to);
        self.program
            .enter()
            .wait_for("A token was generated")
            .wait_gone("delivering");
    }

    /// Generates a token for `empty` into the panel.
    pub fn generate_into_panel(&self) {
        self.generate("panel, until");
    }

    /// Quits, with nothing left to ask.
    pub fn quit(&self) {
        self.program.press("q");
        assert_eq!(self.program.wait_exit(), Exit::Code(0));
    }

    /// Quits and hunts.
    pub fn quit_and_hunt(self, secret: &str, hunt: Hunt) {
        self.quit();
        self.hunt(secret, hunt);
    }

    /// The program has ended: its secret and the owner's credential are nowhere
    /// but where the test says.
    pub fn hunt(self, secret: &str, hunt: Hunt) {
        assert!(self.owner.host.accepts(secret, "empty"));
        let mut sentinel = Sentinel::new(&[secret, self.owner.credential()]);
        if let Some(file) = hunt.file {
            sentinel.allow_file(0, file);
        }
        // The test itself put it into the environment of what it started.
        let pid = hunt.credential_in.unwrap_or(self.program.pid());
        sentinel.allow_process(1, pid);
        sentinel.scan_samples(&self.sampler.stop());
        let bytes = self.program.raw_bytes();
        let bytes = if hunt.escapes {
            without_osc52(&bytes)
        } else {
            bytes
        };
        sentinel.scan_bytes("the terminal's bytes", &bytes);
        for frame in self.program.frames() {
            sentinel.scan_bytes("the screen", frame.as_bytes());
        }
        sentinel.scan_tree(self.owner.home.path());
        sentinel.finish();
        // The places that were searched had something in them.
        let log = std::fs::read_to_string(self.owner.log()).unwrap();
        for event in ["start", "request", "order", "step"] {
            assert!(log.contains(&format!(" {event} ")), "{event}: {log}");
        }
        assert!(
            log.contains(" delivered ") || log.contains(" rescued "),
            "{log}"
        );
        let journal = std::fs::read_to_string(self.owner.journal()).unwrap();
        assert!(journal.contains("\"outcome\""), "{journal}");
    }
}

/// Where a secret may be.
#[derive(Default)]
pub struct Hunt<'p> {
    /// The file that it was sent to.
    pub file: Option<&'p Path>,
    /// It may be in the terminal's stream inside an OSC 52 escape.
    pub escapes: bool,
    /// The process that got the credential in its environment, if it is not the
    /// one that the test started.
    pub credential_in: Option<i32>,
}

/// The bytes without the contents of `ESC ] 52 ; … (BEL | ESC \)`.
fn without_osc52(bytes: &[u8]) -> Vec<u8> {
    let mut left = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    const BEGIN: &[u8] = b"\x1b]52;";
    while let Some(at) = rest.windows(BEGIN.len()).position(|w| w == BEGIN) {
        left.extend_from_slice(&rest[..at]);
        let escape = &rest[at + BEGIN.len()..];
        // An escape without an end stays, and is a finding.
        let Some(end) = escape.iter().position(|b| matches!(b, 7 | 0x1b)) else {
            left.extend_from_slice(escape);
            return left;
        };
        rest = &escape[end..];
    }
    left.extend_from_slice(rest);
    left
}

#[test]
fn only_the_contents_of_the_escape_are_taken_out() {
    let bytes = b"a\x1b]52;c;QUJD\x07b\x1b]52;c;QUJD\x1b\\c\x1b]52;c;QUJD";
    assert_eq!(without_osc52(bytes), b"a\x07b\x1b\\cc;QUJD");
}
