//! The list: it fills in as answers come, and keys work all the time.

use orgward::demo::{Fault, FaultRule, Flavour, Gate, OrganizationSeed, Wait};

use super::support::{Exit, Key, Owner, select};

#[test]
fn the_first_frame_comes_before_the_first_answer_and_keys_work_meanwhile() {
    let owner = Owner::new();
    owner.configure("organizations = [\"acme\", \"empty\", \"platform\"]");
    let gate = Gate::new();
    owner.host.add_fault(
        FaultRule::on("GET", "/", Fault::WaitThenAct(Wait::Gate(gate.clone()))).always(),
    );
    let program = owner.program().start();
    program.wait_for("reading").wait_for("0/3 read");
    // Nothing has been answered, and every key works.
    program.press("?").wait_for("In the list");
    program.esc().wait_gone("In the list");
    program.press("j");
    program.wait_until("the second row selected", |screen| {
        screen.row_with("empty").contains('▸')
    });
    program.press("n").wait_for("not read yet");
    gate.open();
    program.wait_gone("reading");
    program.wait_until("the states", |screen| {
        screen.row_with("acme").contains("ok") && screen.row_with("empty").contains("none")
    });
}

#[test]
fn a_listed_organization_needs_no_listing() {
    let owner = Owner::new();
    owner.configure("organizations = [\"acme\"]");
    let program = owner.start();
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    let requests = owner.host.requests();
    assert!(!requests.is_empty());
    assert!(
        requests.iter().all(|r| !r.path.ends_with("/organizations")),
        "{requests:?}"
    );
}

#[test]
fn refresh_reads_one_slot_and_refresh_all_reads_everything() {
    let owner = Owner::new();
    let program = owner.start();
    select(&program, "acme");
    owner.host.forget_requests();
    let before = owner.token("acme").unwrap();
    let _ = owner
        .host
        .replace_as_other("acme", orgward::slot::Kind::Organization)
        .unwrap();
    let now = owner.token("acme").unwrap();
    assert_ne!(before, now);
    program.press("r").wait_for(&now);
    let paths: Vec<String> = owner.host.requests().into_iter().map(|r| r.path).collect();
    assert!(
        paths
            .iter()
            .all(|path| path.contains("acme") || path.contains("user")),
        "{paths:?}"
    );
    program.esc();
    owner
        .host
        .add_organization(OrganizationSeed::new("brand-new"))
        .unwrap();
    owner.host.remove_organization("spare");
    program.press("R").wait_for("brand-new").wait_gone("spare");
}

#[test]
fn moving_filtering_sorting_and_help() {
    let owner = Owner::new();
    let program = owner.start();
    program.press("G");
    program.wait_until("the last row", |s| s.row_with("platform").contains('▸'));
    program.press("g");
    program.press("s").wait_for("sorted by organization");
    program
        .press("S")
        .wait_for("sorted by organization, reversed");
    program.press("/").type_text("q?jspare");
    program.wait_for("q?jspare").wait_for("0 of 4");
    program.esc().wait_for("platform");
    program.press("?").wait_for("replace the one that is there");
    program.press(Key::Esc).wait_gone("In the list");
    // Esc never quits.
    program.esc().esc().press("?").wait_for("In the list");
}

#[test]
fn the_window_may_be_tiny_and_grow_again() {
    let owner = Owner::new();
    let program = owner.start();
    program.resize(30, 6).wait_for("window too small");
    program.resize(1, 1).stable();
    program.resize(40, 10).wait_for("acme").wait_for("ok");
    program
        .resize(200, 60)
        .wait_for("created by")
        .wait_for("organization token on");
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
}

#[test]
fn one_bad_answer_spoils_one_row() {
    let owner = Owner::new();
    owner.host.add_fault(
        FaultRule::on(
            "GET",
            "/organizations/acme/authentication-token",
            Fault::Instead(orgward::demo::Reply::Answer(orgward::demo::Answer::html(
                200,
                "<h1>Sign in \u{1b}[2J\u{202e}here</h1>",
            ))),
        )
        .always(),
    );
    let program = owner.program().start();
    program.wait_until("one failed row", |screen| {
        screen.contains("acme")
            && screen.row_with("acme").contains("failed")
            && screen.row_with("platform").contains("ok")
    });
    select(&program, "acme");
    program.press("n").wait_for("acme: ");
    assert!(owner.writes().is_empty());
}

#[test]
fn organizations_that_cannot_be_used_by_their_names_are_told() {
    let names = ["acme", "tab\there", "esc\u{1b}[31mred"];
    let seeds = names.map(OrganizationSeed::new).to_vec();
    let owner = Owner::with(Flavour::Enterprise, seeds);
    let program = owner.start();
    program
        .press("M")
        .wait_for("2 organizations of tfe.corp.example have names that cannot be used here");
}

#[test]
fn a_name_is_sent_to_the_terminal_where_there_is_no_display() {
    let owner = Owner::new();
    let program = owner.start();
    select(&program, "acme");
    program
        .press("c")
        .wait_for("sent acme to the terminal's clipboard");
    assert_eq!(program.osc52(), [b"acme"]);
}
