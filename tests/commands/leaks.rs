//! The sentinel over whole runs: a secret is where it was sent and nowhere else.

use std::process::Stdio;

use super::runner::{command, file, rescued, with_deliveries};
use super::support::{Owner, Sampler, Sentinel};

#[test]
fn no_program_is_asked_for_the_size_of_a_window_that_is_not_there() {
    let owner = Owner::new();
    let folder = owner.home.path().join("bin");
    let asked = owner.home.path().join("asked");
    std::fs::create_dir(&folder).unwrap();
    let tput = format!("env >>'{}'; echo 80", asked.display());
    super::real::script(&folder.join("tput"), &tput);
    let path = format!("{}:/usr/bin:/bin", folder.display());
    for args in [&["doctor"][..], &["list"], &["list", "--help"]] {
        let ran = command(&owner, args).env("PATH", &path).output().unwrap();
        assert!(!ran.stdout.is_empty(), "{ran:?}");
    }
    assert!(!asked.exists(), "its environment has the credential");
}

#[test]
fn no_secret_and_no_credential_is_anywhere_else() {
    let owner = Owner::new();
    with_deliveries(&owner);
    let log = owner.home.path().join("log");
    let (to, path) = file(&owner, "secret");
    let old = owner.token("acme").unwrap();
    let sampler = Sampler::start();
    let mut seen = Vec::new();
    let mut pids = Vec::new();
    for args in [
        &["generate", "empty", "--to", &to, "--verify"][..],
        &["generate", "acme", "--to", "store", "--replace", &old],
        &["generate", "spare", "--to", "broken"],
        &["list", "--json"],
        &["check"],
        &["doctor"],
        &["generate", "platform", "--to", "store"],
        &[
            "generate",
            "acme",
            "--to",
            "store",
            "--replace",
            "none",
            "--dry-run",
        ],
        &["delete", "platform", "--id", "wrong"],
        &["rotate", "--state", "ok", "--to", "store", "--dry-run"],
        &[
            "rotate",
            "--to",
            "store",
            "--plan",
            "0123456789abcdef",
            "--resume",
        ],
        &["completions", "bash"],
        &["man"],
    ] {
        let mut command = command(&owner, args);
        command.arg("--log").arg(&log);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        pids.push(i32::try_from(child.id()).unwrap());
        let output = child.wait_with_output().unwrap();
        seen.extend([output.stdout, output.stderr]);
    }
    let samples = sampler.stop();
    let rescue = rescued(&owner).remove(0);
    let store = owner.home.path().join("stored-acme");
    let secrets: Vec<String> = [&path, &store, &rescue]
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let mut all = vec![owner.credential()];
    all.extend(secrets.iter().map(String::as_str));
    let mut sentinel = Sentinel::new(&all);
    for pid in pids {
        sentinel.allow_process(0, pid);
    }
    for (at, path) in [&path, &store, &rescue].into_iter().enumerate() {
        sentinel.allow_file(at + 1, path);
    }
    for bytes in &seen {
        sentinel.scan_bytes("a command's output", bytes);
    }
    sentinel.scan_tree(owner.home.path());
    sentinel.scan_samples(&samples);
    sentinel.finish();
}
