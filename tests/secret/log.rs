//! The log itself: what is in it, and when there is none.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::hunt::Run;
use super::support::{Exit, Owner, Program, Signal};

#[test]
fn a_log_has_what_happened_and_no_name_of_an_organization_in_its_requests() {
    let owner = Owner::new();
    for _ in 0..2 {
        let run = Run::start(&owner, |builder| builder);
        run.program.signal(Signal::TERM);
        assert_eq!(run.program.wait_exit(), Exit::Code(143));
    }
    let mode = std::fs::metadata(owner.log()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let log = std::fs::read_to_string(owner.log()).unwrap();
    let version = format!("start version={}", env!("CARGO_PKG_VERSION"));
    assert_eq!(log.matches(&version).count(), 2, "{log}");
    assert_eq!(log.matches("signal signal=End(15)").count(), 2, "{log}");
    assert_eq!(log.matches("exit how=Signal(15)").count(), 2, "{log}");
    let requests: Vec<&str> = log.lines().filter(|l| l.contains(" request ")).collect();
    assert!(requests.len() >= 8, "{log}");
    let read = "host=tfe.corp.example method=GET \
        route=organizations/{organization}/authentication-token status=200 ms=";
    assert!(requests.iter().any(|line| line.contains(read)), "{log}");
    for line in requests {
        for name in ["acme", "empty", "spare", "platform", "Bearer", "?"] {
            assert!(!line.contains(name), "{line}");
        }
    }
}

#[test]
fn the_demo_logs_where_its_user_says() {
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("log");
    let program = Program::orgward()
        .args(["--demo", "--log"])
        .arg(&log)
        .home(home.path())
        .start();
    program.wait_for("Orgward").press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("exit how=Quit"), "{log}");
}

#[test]
fn without_the_argument_there_is_no_log_and_a_wrong_file_is_an_error_before_the_screen() {
    let owner = Owner::new();
    let at = |name: &str| owner.home.path().join(name);
    let program = owner.start();
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    assert!(!owner.log().exists());

    std::fs::write(at("shared"), "theirs\n").unwrap();
    std::fs::set_permissions(at("shared"), std::fs::Permissions::from_mode(0o644)).unwrap();
    symlink(at("elsewhere"), at("link")).unwrap();
    for (path, words) in [
        (at("link"), "symbolic link"),
        (at("shared"), "chmod 600"),
        (at("no/folder"), "No such file"),
        (owner.home.path().to_owned(), "not an ordinary file"),
    ] {
        let program = owner
            .program()
            .size(240, 30)
            .arg("--log")
            .arg(&path)
            .start();
        assert_eq!(program.wait_exit(), Exit::Code(2), "{path:?}");
        let screen = program.screen();
        assert!(screen.contains(words), "{screen}");
        assert_eq!(screen.trim().lines().count(), 1, "{screen}");
        assert!(!program.raw_bytes().contains(&0x1b));
    }
    assert!(!at("elsewhere").exists());
    let shared = std::fs::read_to_string(Path::new(&at("shared"))).unwrap();
    assert_eq!(shared, "theirs\n");
}
