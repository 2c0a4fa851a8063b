//! What others print is shown and logged without the secrets in it: a
//! delivery's command that repeats its input, a host that repeats the header
//! with the credential.

use orgward::demo::{Answer, Fault, FaultRule, Reply};
use orgward::slot::Kind;

use super::file::choose;
use super::hunt::{Hunt, Run};
use super::support::{Owner, file_when_there, select};

const LOUD: &str = "[delivery.loud]\n\
    command = [\"/bin/sh\", \"-c\", \"echo not taken: >&2; cat >&2; exit 3\"]";

/// Writes the panel's secret to a file, and returns it.
fn write(run: &Run, name: &str) -> String {
    let path = run.owner.home.path().join(name);
    run.program.press("w").wait_for("readable by you alone");
    run.program.type_text(path.to_str().unwrap()).enter();
    run.program.wait_for("delivered to file");
    file_when_there(&path)
}

fn refusal(status: u16, text: &str) -> Fault {
    let body = format!(r#"{{"errors":[{{"status":"{status}","detail":"{text}"}}]}}"#);
    let answer = Answer::new(status, "application/vnd.api+json", body);
    Fault::Instead(Reply::Answer(answer))
}

fn logged(owner: &Owner) -> String {
    std::fs::read_to_string(owner.log()).unwrap()
}

#[test]
fn a_command_that_fails_after_the_answer_and_repeats_the_secret() {
    let owner = Owner::new();
    owner.configure(LOUD);
    let run = Run::start(&owner, |builder| builder);
    select(&run.program, "empty");
    run.program.press("n").wait_for("panel, until");
    choose(&run.program, "delivery loud");
    run.program.enter().wait_for("not delivered to loud");
    run.program
        .wait_for("exit code 3")
        .wait_for("not taken: [secret]")
        .wait_for("Delivered nowhere yet");
    let log = logged(&owner);
    assert!(log.contains("not taken: [secret]"), "{log}");
    // It is still here, and a key brings it elsewhere.
    let secret = write(&run, "elsewhere");
    run.program.press("p").wait_for("Send it to").enter();
    run.program.wait_for("did not take the secret");
    let file = owner.home.path().join("elsewhere");
    let hunt = Hunt {
        file: Some(&file),
        ..Hunt::default()
    };
    run.quit_and_hunt(&secret, hunt);
}

#[test]
fn a_host_that_repeats_the_credential_and_then_the_secret() {
    let owner = Owner::new();
    let text = format!("Authorization: Bearer {} is odd", owner.credential());
    owner
        .host
        .add_fault(FaultRule::on("POST", "empty", refusal(422, &text)));
    owner
        .host
        .add_fault(FaultRule::on("GET", "platform", refusal(500, &text)).always());
    let run = Run::start(&owner, |builder| builder);
    select(&run.program, "empty");
    run.program.press("n").wait_for("panel, until").enter();
    run.program
        .wait_for("Bearer [secret] is odd")
        .stable()
        .esc()
        .wait_gone("is odd")
        .esc();
    select(&run.program, "platform");
    run.program.wait_for("Authorization: Bearer [secret]").esc();
    let log = logged(&owner);
    assert!(log.contains("order ended"), "{log}");
    assert!(log.matches("Bearer [secret] is odd").count() >= 2, "{log}");

    run.generate_into_panel();
    let secret = write(&run, "secret");
    let text = format!("no session for {secret}");
    owner
        .host
        .add_fault(FaultRule::on("GET", "account/details", refusal(500, &text)).always());
    run.program
        .press("t")
        .wait_for("the test failed")
        .wait_for("no session for [secret]");
    assert!(logged(&owner).contains("no session for [secret]"));
    let file = owner.home.path().join("secret");
    let hunt = Hunt {
        file: Some(&file),
        ..Hunt::default()
    };
    run.quit_and_hunt(&secret, hunt);
}

#[test]
fn a_secret_that_another_owner_replaced_meanwhile_is_refused_in_its_test() {
    let owner = Owner::new();
    let run = Run::start(&owner, |builder| builder);
    run.generate_into_panel();
    run.program.press("t").wait_for("works as api-org-empty");
    let _ = owner
        .host
        .replace_as_other("empty", Kind::Organization)
        .unwrap();
    run.program
        .press("t")
        .wait_for("the test failed")
        .wait_for("401")
        .wait_gone("works as");
}
