//! The help, the completions and the manual page.

use super::runner::{Ran, bare};

const COMMANDS: [&str; 8] = [
    "list",
    "check",
    "generate",
    "delete",
    "rotate",
    "doctor",
    "completions",
    "man",
];

fn help(args: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let mut command = bare(home.path());
    let ran = Ran::of(command.args(args).output().unwrap()).ended(0);
    assert_eq!(ran.err, "");
    ran.out
}

#[test]
fn every_help_text() {
    insta::assert_snapshot!("help", help(&["--help"]));
    for command in COMMANDS {
        insta::assert_snapshot!(format!("help_{command}"), help(&[command, "--help"]));
    }
}

#[test]
fn help_is_a_command_too() {
    assert_eq!(help(&["help"]), help(&["--help"]));
    for command in COMMANDS {
        assert_eq!(help(&["help", command]), help(&[command, "--help"]));
    }
}

#[test]
fn every_command_that_takes_something_shows_how() {
    for command in COMMANDS.iter().filter(|command| **command != "man") {
        let help = help(&[command, "--help"]);
        assert!(help.contains(&format!("orgward {command} ")), "{help}");
    }
}

#[test]
fn no_option_takes_a_secret() {
    for command in COMMANDS {
        let help = help(&[command, "--help"]);
        for option in ["--token", "--secret", "--credential", "--password"] {
            assert!(!help.contains(option), "{help}");
        }
    }
}

#[test]
fn the_manual_page_knows_every_command() {
    let page = help(&["man"]);
    for command in COMMANDS {
        let title = format!(".TH orgward-{command} ");
        assert!(page.contains(&title), "{title}");
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    for args in [&["--help"][..], &["man"], &["completions", "bash"]] {
        let home = tempfile::tempdir().unwrap();
        let (read, write) = std::io::pipe().unwrap();
        drop(read);
        let mut command = bare(home.path());
        let output = command.args(args).stdout(write).output().unwrap();
        let ran = Ran::of(output).ended(0);
        assert_eq!(ran.err, "");
    }
}
