//! Commands on a terminal: programs that ask before they give a credential, and
//! credentials that are typed.

use std::time::Duration;

use orgward::demo::{Answer, Fault, FaultRule, Flavour, HostOptions, Reply, WorldSource};

use super::runner::{Ran, command, file, run, with_deliveries};
use super::support::{Exit, Owner, Program, Sentinel, Signal, patience, poll};

/// The program with these arguments on a terminal.
fn start(owner: &Owner, args: &[&str]) -> Program {
    owner
        .program()
        .args(["--rescue", "file"])
        .args(args)
        .size(150, 40)
        .start()
}

fn entry(owner: &Owner, more: &str) -> String {
    let address = owner.host.address();
    format!("[[host]]\nname = \"tfe.corp.example\"\naddress = \"{address}\"\n{more}\n")
}

/// A command that asks for a PIN on the terminal, and then prints the credential.
fn asking(owner: &Owner) -> String {
    let home = owner.home.path().display();
    std::fs::write(owner.home.path().join("vaulted"), owner.credential()).unwrap();
    format!(
        "echo run >> {home}/runs; exec 3<>/dev/tty || exit 3; printf PIN: >&3; read pin <&3; \
         [ \"$pin\" = 4711 ] && cat {home}/vaulted"
    )
}

fn by_command(owner: &Owner, more: &str) -> String {
    let script = asking(owner);
    entry(
        owner,
        &format!("credential = {{ command = [\"/bin/sh\", \"-c\", '''{script}'''] }}\n{more}"),
    )
}

fn configure(owner: &Owner, config: &str) {
    std::fs::write(owner.config(), config).unwrap();
}

fn runs(owner: &Owner) -> usize {
    let text = std::fs::read_to_string(owner.home.path().join("runs")).unwrap_or_default();
    text.lines().count()
}

#[test]
fn a_program_that_asks_has_the_terminal() {
    let owner = Owner::new();
    configure(&owner, &by_command(&owner, ""));
    let program = start(&owner, &["list"]);
    program.wait_for("PIN:");
    program.type_text("4711").enter();
    assert_eq!(program.wait_exit(), Exit::Code(0));
    let screen = program.screen();
    for name in ["acme", "empty", "platform", "spare"] {
        assert!(screen.contains(name), "{screen}");
    }
    assert_eq!(runs(&owner), 1, "it is asked once");
    assert!(!owner.host.requests().is_empty());
}

#[test]
fn a_helper_of_the_terraform_cli_has_it_too_and_the_secret_goes_its_way() {
    use std::os::unix::fs::PermissionsExt;
    let owner = Owner::new();
    let script = asking(&owner);
    let script = script.replace("cat ", "printf '{\"token\":\"%s\"}' \"$(cat ");
    let plugins = owner.home.path().join(".terraform.d/plugins");
    std::fs::create_dir_all(&plugins).unwrap();
    let helper = plugins.join("terraform-credentials-vaulted");
    std::fs::write(&helper, format!("#!/bin/sh\n{script})\"\n")).unwrap();
    std::fs::set_permissions(&helper, PermissionsExt::from_mode(0o755)).unwrap();
    let rc = "credentials_helper \"vaulted\" {\n}\n";
    std::fs::write(owner.home.path().join(".terraformrc"), rc).unwrap();
    configure(&owner, &entry(&owner, ""));
    let (to, path) = file(&owner, "secret");
    let program = start(&owner, &["generate", "empty", "--to", &to]);
    program.wait_for("PIN:");
    program.type_text("4711").enter();
    assert_eq!(program.wait_exit(), Exit::Code(0), "{}", program.screen());
    let secret = std::fs::read_to_string(path).unwrap();
    assert!(owner.host.accepts(&secret, "empty"));
    assert_eq!(runs(&owner), 1);
}

#[test]
fn nothing_is_drawn_over_a_question() {
    // The other entry takes a while.
    let owner = Owner::of(HostOptions {
        world: WorldSource::Generated(300),
        latency: Duration::from_millis(20),
        ..HostOptions::new(Flavour::Enterprise, Vec::new())
    });
    let other = entry(
        &owner,
        "account = \"other\"\ncredential = { env = \"OWNER_CREDENTIAL\" }",
    );
    let pin = "account = \"pin\"\norganizations = [\"elsewhere\"]";
    configure(&owner, &(by_command(&owner, pin) + &other));
    let program = start(&owner, &["list"]);
    program.wait_for("PIN:");
    let before = owner.host.requests().len();
    let more = || (owner.host.requests().len() > before + 20).then_some(());
    assert!(poll(patience(), more).is_some(), "the others are read");
    let raw = String::from_utf8(program.raw_bytes()).unwrap();
    let after = raw.split("PIN:").last().unwrap();
    assert_eq!(after, "", "something was written behind the question");
    program.type_text("4711").enter();
    let drawn = poll(patience(), || {
        let raw = String::from_utf8(program.raw_bytes()).unwrap();
        let after = raw.split("PIN:").last().unwrap();
        after.contains("\x1b[2K").then_some(())
    });
    assert!(drawn.is_some(), "how far it is, once it is answered");
    program.ctrl('c');
    assert_eq!(program.wait_exit(), Exit::Code(130));
}

#[test]
fn ctrl_c_at_a_question_ends_both() {
    let owner = Owner::new();
    configure(&owner, &by_command(&owner, ""));
    let program = start(&owner, &["check"]);
    program.wait_for("PIN:");
    program.ctrl('c');
    assert_eq!(program.wait_exit(), Exit::Code(130));
    assert!(owner.host.requests().is_empty());
}

#[test]
fn a_program_that_asks_where_there_is_no_terminal_is_an_error_with_its_mend() {
    let owner = Owner::new();
    configure(&owner, &by_command(&owner, ""));
    run(&owner, &["list"]).ended(2).says(&[
        "tfe.corp.example",
        "the command /bin/sh",
        "it ended with exit code",
        "; if it has to ask something, run this on a terminal",
    ]);
    assert_eq!(runs(&owner), 1);
}

#[test]
fn a_credential_is_typed_unseen() {
    let owner = Owner::new();
    configure(&owner, &entry(&owner, "credential = \"ask\""));
    let (to, path) = file(&owner, "secret");
    let program = start(&owner, &["generate", "empty", "--to", &to, "--verify"]);
    program.wait_for("Credential for tfe.corp.example (it is not shown):");
    program.wait_until("no echo", |_| !program.echoes());
    // Ctrl-Z is no key here: whoever goes on would show what is typed.
    program.ctrl('z');
    program.ctrl('u').type_text(owner.credential()).enter();
    assert_eq!(program.wait_exit(), Exit::Code(0), "{}", program.screen());
    assert!(
        program.screen().contains("works as"),
        "{}",
        program.screen()
    );
    let secret = std::fs::read_to_string(&path).unwrap();
    assert!(owner.host.accepts(&secret, "empty"));
    let mut sentinel = Sentinel::new(&[owner.credential(), &secret]);
    sentinel.allow_file(1, &path);
    sentinel.scan_bytes("the terminal", &program.raw_bytes());
    sentinel.scan_tree(owner.home.path());
    sentinel.finish();
}

#[test]
fn it_is_asked_once_for_each_host_entry_and_says_which() {
    let owner = Owner::new();
    let account = |name: &str| {
        entry(
            &owner,
            &format!("account = \"{name}\"\ncredential = \"ask\"\norganizations = [\"acme\"]"),
        )
    };
    configure(&owner, &(account("prod") + &account("spare")));
    let program = start(&owner, &["doctor"]);
    for name in ["prod", "spare"] {
        program.wait_for(&format!("account {name} (it is not shown):"));
        program.wait_until("no echo", |_| !program.echoes());
        program.type_text(owner.credential()).enter();
    }
    program.wait_exit();
    let screen = program.screen();
    assert!(screen.contains("typed"), "{screen}");
    assert!(
        program
            .raw_bytes()
            .windows(8)
            .all(|part| part != &owner.credential().as_bytes()[..8])
    );
}

#[test]
fn whoever_types_nothing_or_the_wrong_thing_is_told() {
    let owner = Owner::new();
    configure(&owner, &entry(&owner, "credential = \"ask\""));
    for (keys, words) in [
        ("\r", "was not typed"),
        ("\x04", "was not typed"),
        ("wrong-one\r", "401"),
    ] {
        let program = start(&owner, &["list"]);
        program.wait_for("(it is not shown):");
        program.wait_until("no echo", |_| !program.echoes());
        program.send(keys.as_bytes());
        assert_eq!(program.wait_exit(), Exit::Code(2), "{}", program.screen());
        assert!(program.screen().contains(words), "{}", program.screen());
        assert!(!program.screen().contains("wrong-one"));
    }
}

#[test]
fn the_terminal_shows_what_is_typed_again_at_whatever_end() {
    let owner = Owner::new();
    configure(&owner, &entry(&owner, "credential = \"ask\""));
    for (end, code) in [
        (None, 130),
        (Some(Signal::TERM), 143),
        (Some(Signal::INT), 130),
    ] {
        // The shell keeps the terminal open for the look at it.
        let orgward = env!("CARGO_BIN_EXE_orgward");
        let program = Program::shell(&format!(
            "trap : INT; {orgward} list; echo \"it was $?\"; read end"
        ))
        .home(owner.home.path())
        .size(110, 30)
        .start();
        program.wait_for("(it is not shown):");
        program.wait_until("no echo", |_| !program.echoes());
        match end {
            None => {
                program.type_text("half").ctrl('c');
            }
            Some(signal) => {
                let family = program.family();
                let asking = family.iter().find(|one| one.parent == program.pid());
                let pid = asking.expect("the program").pid;
                let pid = rustix::process::Pid::from_raw(pid).unwrap();
                rustix::process::kill_process(pid, signal).unwrap();
            }
        }
        program.wait_for(&format!("it was {code}"));
        program.wait_until("echo", |_| program.echoes() && program.is_cooked());
        program.enter();
        program.wait_exit();
    }
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let owner = Owner::new();
    configure(&owner, &entry(&owner, "credential = \"ask\""));
    let (to, _) = file(&owner, "secret");
    for args in [
        &["list"][..],
        &["check"],
        &["generate", "empty", "--to", &to],
    ] {
        run(&owner, args).ended(2).says(&[
            "tfe.corp.example",
            "has to be typed",
            "this is no terminal",
            "run it on one",
        ]);
    }
    assert!(owner.host.requests().is_empty());
    // Nor where only its errors go elsewhere.
    with_deliveries(&owner);
    configure(&owner, &entry(&owner, "credential = \"ask\""));
    let mut command = command(&owner, &["doctor", "--json"]);
    let ran = Ran::of(command.output().unwrap()).ended(1);
    assert!(ran.out.contains("this is no terminal"), "{}", ran.out);
}

#[test]
fn a_host_that_wants_a_pause_is_named_on_a_terminal() {
    let owner = Owner::new();
    let busy = Answer::empty(429).header("X-RateLimit-Reset", "55");
    let busy = Fault::Instead(Reply::Answer(busy));
    owner
        .host
        .add_fault(FaultRule::on("GET", "platform/authentication-token", busy));
    let program = start(&owner, &["list"]);
    program.wait_for("read; tfe.corp.example: too many requests (429); waiting");
    program.ctrl('c');
    assert_eq!(program.wait_exit(), Exit::Code(130));
}
