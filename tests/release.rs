//! The program as its users get it: the release build, on its embedded host.
#![cfg(unix)]

mod support;

use support::{Exit, Program, required};

#[test]
#[ignore = "needs the release build; run by .ci/run"]
fn the_release_build_shows_the_demo_and_leaves_the_terminal_as_it_was() {
    let program = Program::build(required("ORGWARD_RELEASE_BINARY"))
        .arg("--demo")
        .size(120, 40)
        .start();
    program.wait_until("the list of organizations", |screen| {
        screen.is_alternate() && screen.contains("Orgward") && screen.contains("organizations")
    });
    assert!(!program.is_cooked() && !program.echoes());
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
    let screen = program.look();
    assert!(
        !screen.is_alternate() && screen.cursor().is_some(),
        "{screen}"
    );
    assert!(!screen.brackets_paste());
    assert!(program.is_cooked() && program.echoes());
    let queries = program.requests(|requests| requests.queries.clone());
    assert!(queries.is_empty(), "it asked its terminal: {queries:?}");
}
