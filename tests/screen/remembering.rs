//! What an earlier run saw stands in the first frame, or comes right after it.

use std::path::PathBuf;

use jiff::SignedDuration;
use orgward::demo::{
    Fault, FaultRule, Flavour, Gate, HostOptions, OrganizationSeed, TokenSeed, Wait, WorldSource,
};

use super::support::{Exit, Owner, Program};

fn cache(owner: &Owner) -> PathBuf {
    owner
        .home
        .path()
        .join(".cache/orgward/tfe.corp.example.json")
}

fn leave(program: &Program) {
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
}

fn hold(owner: &Owner) -> Gate {
    let gate = Gate::new();
    let wait = Fault::WaitThenAct(Wait::Gate(gate.clone()));
    owner
        .host
        .add_fault(FaultRule::on("GET", "/", wait).always());
    gate
}

#[test]
fn the_second_start_shows_old_rows_before_any_answer_and_acts_on_none() {
    let owner = Owner::new();
    leave(&owner.start());
    let path = cache(&owner);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("acme") && !text.contains(owner.credential()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    let gate = hold(&owner);
    let program = owner.program().start();
    program.wait_for("acme");
    program.wait_until("old rows", |screen| {
        let row = screen.row_with("acme");
        row.contains("reading") && row.contains(" d ") && row.contains("olivia")
    });
    program.press("n").wait_for("not read yet");
    gate.open();
    program.wait_until("new ones", |screen| screen.row_with("acme").contains("ok"));
    leave(&program);
}

#[test]
fn old_audit_trail_tokens_are_shown_and_asked_for_only_once_the_host_is_proven() {
    let token = || TokenSeed::new(SignedDuration::from_hours(24 * 40));
    let seed = OrganizationSeed {
        audit_token: Some(token()),
        audit_logging: true,
        ..OrganizationSeed::new("acme").with_token(token())
    };
    let owner = Owner::with(Flavour::Hcp, vec![seed]);
    let asked = || {
        let requests = owner.host.requests();
        let audits = requests.iter().filter(|r| r.query.contains("audit-trails"));
        audits.count()
    };
    let program = owner.start();
    program.tab().wait_for("audit");
    program.wait_until("the row", |screen| screen.row_with("acme").contains(" ok "));
    leave(&program);
    let before = asked();
    assert!(before > 0);

    let gate = hold(&owner);
    let program = owner.program().start();
    program.wait_for("acme").tab();
    program.wait_until("the old row", |screen| {
        let row = screen.row_with("acme");
        row.contains("reading") && row.contains("olivia") && screen.contains("audit")
    });
    program.press("r").stable();
    assert_eq!(asked(), before);
    gate.open();
    program.wait_until("the new row", |screen| {
        screen.row_with("acme").contains(" ok ")
    });
    assert!(asked() > before);
    leave(&program);
}

#[test]
fn hundreds_of_old_rows_come_right_after_the_first_frame() {
    const COUNT: usize = 400;
    let owner = Owner::of(HostOptions {
        world: WorldSource::Generated(COUNT),
        limit: None,
        ..HostOptions::new(Flavour::Enterprise, Vec::new())
    });
    owner.configure("");
    let program = owner.program().start();
    program.wait_until("every slot read", |screen| {
        screen.contains(&format!("{COUNT} organizations")) && !screen.contains(" read")
    });
    leave(&program);
    let size = std::fs::metadata(cache(&owner)).unwrap().len();
    assert!(size > 128 << 10, "{size} bytes would be read before");

    let gate = hold(&owner);
    let program = owner.program().start();
    program.wait_until("old rows", |screen| {
        let rows = screen.rows();
        let old = |row: &String| row.contains(" reading ") && row.contains("olivia");
        screen.contains(&format!("{COUNT} organizations")) && rows.iter().any(old)
    });
    let bytes = program.raw_bytes();
    let find = |what: &[u8]| bytes.windows(what.len()).position(|piece| piece == what);
    assert!(find(b"\x1b[?2026l") < find(b"olivia"));
    program.press("n").wait_for("not read yet");
    gate.open();
    program.wait_until("new ones", |screen| !screen.contains(" read"));
    leave(&program);
}

#[test]
fn a_damaged_cache_is_dropped_with_a_note_and_everything_works() {
    let owner = Owner::new();
    leave(&owner.start());
    std::fs::write(cache(&owner), "{\"version\":1,\"acc").unwrap();
    let gate = hold(&owner);
    let program = owner.program().start();
    program.wait_for("was damaged and is dropped");
    gate.open();
    program.wait_for("acme");
    program.wait_until("rows", |screen| screen.row_with("acme").contains("ok"));
    leave(&program);
    let text = std::fs::read_to_string(cache(&owner)).unwrap();
    assert!(text.contains("acme"), "{text}");
}
