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
        let title = format!(".SS \"orgward {command}\"\n");
        assert_eq!(page.matches(&title).count(), 1, "{title}");
    }
    // It is one page, and names no other.
    assert_eq!(page.matches(".TH ").count(), 1);
    assert!(!page.contains("(1)"), "{page}");
    // What goes with each command stands there once.
    assert_eq!(page.matches("Refuse every change").count(), 1);
}

#[test]
fn the_manual_page_says_what_else_counts() {
    let page = help(&["man"]).replace("\\-", "-");
    for section in ["EXIT STATUS", "FILES", "ENVIRONMENT", "EXAMPLES"] {
        let quoted = format!(".SH \"{section}\"\n");
        let plain = format!(".SH {section}\n");
        assert!(page.contains(&quoted) || page.contains(&plain), "{section}");
    }
    for words in [
        "~/.config/orgward/config.toml",
        "~/.local/state/orgward/journal.jsonl",
        "~/.cache/orgward/",
        "ORGWARD_CONFIG",
        "XDG_STATE_HOME",
        "TF_TOKEN_*",
        "TFE_TOKEN",
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "HTTPS_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "130, 143",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn an_example_of_the_manual_page_is_shown_as_it_is_typed() {
    let page = help(&["man"]).replace("\\-", "-");
    let examples: Vec<&str> = page
        .split(".nf\n")
        .skip(1)
        .map(|rest| rest.split("\n.fi").next().unwrap())
        .collect();
    for example in [
        "orgward generate acme --to vault --replace at-Wq3 --dry-run",
        "orgward completions zsh > ~/.zfunc/_orgward",
        "orgward --demo",
    ] {
        let shown = format!("\\fB{example}\\fR");
        assert!(examples.contains(&&*shown), "{example}: {examples:#?}");
    }
}

#[test]
fn help_leads_to_nothing_that_is_not_there() {
    let all = help(&["--help"]);
    assert!(
        all.contains("ORGWARD_CONFIG") && all.contains("~/.config/orgward"),
        "{all}"
    );
    for command in COMMANDS {
        // A path of the source, which an installed program does not have.
        assert!(!help(&[command, "--help"]).contains("assets/"), "{command}");
    }
    let list = help(&["list", "--help"]);
    for field in ["host", "created_at", "last_used_at", "ends_at", "error"] {
        assert!(list.contains(field), "{field}: {list}");
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
