//! A run from the first key to the table at its end, and what stops it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

use orgward::demo::{Fault, FaultRule, Gate, Wait};
use orgward::slot::Kind;

use super::stage::*;
use super::support::{Exit, Key, Owner, Sampler, Sentinel, Signal, file_when_there};

#[test]
fn twelve_tokens_into_twelve_files_and_nowhere_else() {
    let owner = twelve();
    let sampler = Sampler::start();
    let before = tokens(&owner);
    let program = all_marked(&owner);
    program
        .wait_for("6 tokens die at once")
        .wait_for("6 slots have no token yet")
        .wait_for("40 d old");
    confirm_files(&program, &template(&owner));
    program.wait_for("12 of 12 done.").wait_for("org-11");
    let posts: Vec<String> = NAMES
        .iter()
        .map(|name| format!("POST /api/v2/organizations/{name}/authentication-token"))
        .collect();
    assert_eq!(owner.writes(), posts);
    let secrets: Vec<String> = NAMES
        .iter()
        .map(|name| delivered(&owner, name).expect("a secret"))
        .collect();
    for name in NAMES {
        assert_ne!(owner.token(name), before[name]);
        let mode = std::fs::metadata(file(&owner, name)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
    let (intents, open) = journal(&owner);
    assert_eq!((intents.len(), open), (12, Vec::new()));
    // The table stays until Esc; the marks are gone.
    program.enter().press("n").stable();
    program.wait_for("12 of 12 done.");
    program
        .esc()
        .wait_gone("12 of 12 done.")
        .wait_gone("marked");

    let all: Vec<&str> = secrets
        .iter()
        .map(String::as_str)
        .chain([owner.credential()])
        .collect();
    let mut sentinel = Sentinel::new(&all);
    for (number, name) in NAMES.iter().enumerate() {
        sentinel.allow_file(number, file(&owner, name));
    }
    // The test itself put the credential into this process's environment.
    sentinel.allow_process(12, program.pid());
    sentinel.scan_processes();
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    sentinel.scan_samples(&sampler.stop());
    sentinel.scan_terminal("the terminal", &program);
    sentinel.scan_tree(owner.home.path());
    sentinel.finish();
}

/// Somebody works with a token.
fn use_token(owner: &Owner, secret: &str) {
    let address = owner.host.address();
    let host = address.socket_addrs(|| None).unwrap()[0];
    let mut connection = TcpStream::connect(host).unwrap();
    write!(
        connection,
        "GET {}account/details HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {secret}\r\n\
         Connection: close\r\n\r\n",
        address.path()
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn what_has_happened_since_the_list_was_read_is_seen_before_anything_dies() {
    let owner = twelve();
    let in_use = owner
        .host
        .replace_as_other("org-04", Kind::Organization)
        .unwrap();
    let program = owner.start();
    program.press("s").wait_for("sorted by organization");
    program.wait_until("all read", |screen| {
        !screen.contains("reading") && screen.row_with("org-04").contains("never")
    });
    use_token(&owner, in_use.expose());
    owner
        .host
        .replace_as_other("org-06", Kind::Organization)
        .unwrap();
    program.press("*n").wait_for("▲ org-04  used ");
    program
        .wait_for("org-06  left out: the slot has changed")
        .wait_for("Type 11 to replace 5 and generate 6 tokens");
    assert!(owner.writes().is_empty());
}

#[test]
fn two_slots_that_lead_to_one_path_are_refused_before_anything_is_sent() {
    let owner = twelve();
    let program = all_marked(&owner);
    let path = file(&owner, "{host}-{kind}");
    confirm_files(&program, path.to_str().unwrap());
    program
        .wait_for("acme on tfe.corp.example and org-01")
        .wait_for("would both go to");
    assert!(owner.writes().is_empty());
    // A file that is in the way of one of them is seen before the first dies.
    program.esc().wait_gone("would both go to");
    std::fs::write(file(&owner, "org-07"), "mine").unwrap();
    program
        .press("n")
        .wait_for("Replace 6 and generate 6 tokens")
        .wait_gone("looking");
    confirm_files(&program, &template(&owner));
    program.wait_for("is there already");
    assert!(owner.writes().is_empty());
    assert_eq!(journal(&owner).0.len(), 0);
}

#[test]
fn a_command_that_would_put_all_into_one_place_is_refused() {
    let owner = twelve();
    owner.configure("[delivery.one]\ncommand = [\"/bin/sh\", \"-c\", \"cat >/dev/null\"]");
    let program = all_marked(&owner);
    program.wait_for("delivery one");
    confirm(&program);
    program.wait_for("would both go to");
    assert!(owner.writes().is_empty());
}

#[test]
fn deleting_many_tokens_kills_these_and_no_others() {
    let owner = twelve();
    let program = owner.start();
    program.press("s").wait_for("sorted by organization");
    program.press("*d").wait_for("Delete 6 tokens");
    program.wait_for("6 of 12 marked are left out");
    program
        .stable()
        .type_text("6")
        .wait_for("Enter to delete")
        .enter();
    program.wait_for("6 of 6 deleted.");
    assert!(tokens(&owner).values().all(Option::is_none));
    assert_eq!(owner.writes().len(), 6);
}

/// The third write acts and waits before it answers.
fn held(owner: &Owner) -> Gate {
    let gate = Gate::new();
    let wait = Fault::ActThenWait(Wait::Gate(gate.clone()));
    owner.host.add_fault(FaultRule::on("POST", THIRD, wait));
    gate
}

/// The first three are done and delivered, the others untouched.
fn three_are_done(owner: &Owner) {
    assert_eq!(owner.writes().len(), 3);
    for (n, name) in NAMES.iter().enumerate() {
        assert_eq!(delivered(owner, name).is_some(), n < 3, "{name}");
    }
    assert_eq!(
        journal(owner),
        (
            NAMES[..3].iter().map(|name| (*name).to_owned()).collect(),
            Vec::new()
        )
    );
}

#[test]
fn esc_stops_after_the_present_one_and_the_rest_can_be_done_later() {
    let owner = twelve();
    let gate = held(&owner);
    let program = running(&owner);
    program
        .wait_for("3 of 12")
        .wait_for("2/12")
        .wait_for("waiting for the server");
    program.esc().wait_for("stopping after this one");
    gate.open();
    program
        .wait_for("3 of 12 done.")
        .wait_for("Stopped, as you asked.");
    three_are_done(&owner);
    program.stable().esc().wait_for("9 marked");
    program
        .press("n")
        .wait_for("Replace 4 and generate 5 tokens")
        .wait_gone("looking");
    program.press(Key::BackTab).type_text(&template(&owner));
    program
        .press(Key::Tab)
        .type_text("9")
        .wait_for("Enter to replace")
        .enter();
    program.wait_for("9 of 9 done.");
    assert!(NAMES.iter().all(|name| delivered(&owner, name).is_some()));
}

#[test]
fn q_waits_for_the_present_write_and_begins_no_other() {
    let owner = twelve();
    let gate = held(&owner);
    let program = running(&owner);
    program
        .wait_for("3 of 12")
        .wait_for("waiting for the server");
    program.press("q").wait_for("the program ends afterwards");
    gate.open();
    assert_eq!(program.wait_exit(), Exit::Code(0));
    three_are_done(&owner);
}

#[test]
fn a_termination_signal_lets_the_present_write_reach_its_file() {
    let owner = twelve();
    let gate = held(&owner);
    let program = running(&owner);
    program
        .wait_for("3 of 12")
        .wait_for("waiting for the server");
    program.signal(Signal::TERM);
    program.wait_until("the screen given back", |screen| !screen.is_alternate());
    gate.open();
    assert_eq!(program.wait_exit(), Exit::Code(143));
    three_are_done(&owner);
}

#[test]
fn a_credential_that_expires_stops_the_run_and_the_rest_stays_marked() {
    let owner = twelve();
    owner.host.after_each(|host, request| {
        if request.method == "POST" && request.path.contains(THIRD) {
            host.revoke(&host.credential());
        }
    });
    let program = running(&owner);
    program
        .wait_for("3 of 12 done.")
        .wait_for("does not accept your credential any more")
        .wait_for("stays marked (9)");
    three_are_done(&owner);
    program.esc().wait_for("9 marked");
}

#[test]
fn a_delivery_that_fails_stops_the_run_with_its_secret_in_hand() {
    let owner = twelve();
    let script = "[ \"$1\" = org-02 ] && { cat >/dev/null; echo 'the vault is sealed' >&2; exit 1; }\n\
                  umask 077; cat >\"$2/$1\"";
    scripted(&owner, script);
    let program = all_marked(&owner);
    program.wait_for("delivery slow");
    confirm(&program);
    program.wait_for("••••••••").wait_for("the vault is sealed");
    assert_eq!(owner.writes().len(), 3);
    let path = owner.home.path().join("by-hand");
    program.press("w").wait_for("readable by you alone");
    program.type_text(path.to_str().unwrap()).enter();
    assert!(owner.host.accepts(&file_when_there(&path), THIRD));
    program.wait_for("delivered to");
    program
        .esc()
        .wait_for("2 of 12 done.")
        .wait_for("Stopped: a secret is not");
    program.esc().wait_for("9 marked");
    assert_eq!(owner.writes().len(), 3);
}

/// A delivery by a script that gets the organization and the folder.
pub fn scripted(owner: &Owner, script: &str) {
    let path = owner.home.path().join("deliver.sh");
    std::fs::write(&path, format!("{script}\n")).unwrap();
    let folder = owner.home.path().join("secrets");
    owner.configure(&format!(
        "[delivery.slow]\ncommand = [\"/bin/sh\", {:?}, \"{{organization}}\", {:?}]",
        path.to_str().unwrap(),
        folder.to_str().unwrap()
    ));
}
