//! Arguments that cannot be used: one line that says why, and says it once.

use super::runner::{Ran, bare};

fn refused(args: &[&str]) -> Ran {
    let home = tempfile::tempdir().unwrap();
    let mut command = bare(home.path());
    Ran::of(command.args(args).output().unwrap()).ended(2)
}

#[test]
fn what_is_missing_is_told_one_by_one() {
    refused(&["generate"]).says(&["were not provided: --to <DEST>, <ORG>; see --help"]);
    refused(&["completions", "xsh"]).says(&[
        "for '<SHELL>' [possible values: bash",
        "; a similar value exists: 'zsh'",
    ]);
}

#[test]
fn a_host_with_two_accounts_is_told_once() {
    refused(&["--demo", "list", "--host", "nosuch"])
        .says(&["configured are app.demo.example, tfe.demo.example"])
        .has_once("tfe.demo.example");
}

#[test]
fn why_there_is_no_log_is_told_once() {
    refused(&["list", "--log", "/nowhere/x"])
        .says(&["--log: /nowhere/x cannot be opened for writing"])
        .has_once("No such file");
}
