//! The examples in `docs`: their command lines are run as they stand, with
//! stand-ins for the programs that take the secrets.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use jiff::SignedDuration;
use orgward::demo::{Flavour, OrganizationSeed, TokenSeed};

use super::runner::{ORGWARD, Ran, with_deliveries};
use super::support::Owner;
use super::support::fixture::VARIABLE;

fn doc(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The shell lines of a workflow: what stands behind `run:`, and the entries of
/// `script:`.
fn scripts(yaml: &str) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut scripts = Vec::new();
    let mut lines = yaml.lines().peekable();
    while let Some(line) = lines.next() {
        let words = line.trim_start();
        let mut block = String::new();
        if words == "run: |" || words == "script:" {
            while let Some(next) = lines.next_if(|next| indent(next) > indent(line)) {
                let next = next.trim_start();
                block.push_str(next.strip_prefix("- ").unwrap_or(next));
                block.push('\n');
            }
        } else if let Some(command) = words.strip_prefix("run: ") {
            block.push_str(command);
        }
        if !block.is_empty() {
            scripts.push(block);
        }
    }
    scripts
}

/// An owner with something to rotate, and a stand-in that keeps what it is given.
fn owner(tool: &str) -> Owner {
    let token = |days: i64| TokenSeed {
        used: Some(SignedDuration::from_hours(1)),
        expires: Some(SignedDuration::from_hours(24 * days)),
        ..TokenSeed::new(SignedDuration::from_hours(24))
    };
    let owner = Owner::with(
        Flavour::Enterprise,
        vec![
            OrganizationSeed::new("soon").with_token(token(3)),
            OrganizationSeed::new("later").with_token(token(300)),
        ],
    );
    with_deliveries(&owner);
    let bin = owner.home.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(ORGWARD, bin.join("orgward")).unwrap();
    let script = format!(
        "#!/bin/sh\ncat > {}/stored-$5\n",
        owner.home.path().display()
    );
    std::fs::write(bin.join(tool), script).unwrap();
    std::fs::set_permissions(bin.join(tool), std::fs::Permissions::from_mode(0o755)).unwrap();
    owner
}

/// The configuration that a file's comment shows goes to the owner's as well.
fn configure(owner: &Owner, doc: &str) {
    let delivery: String = doc
        .lines()
        .filter_map(|line| line.strip_prefix("#   "))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(delivery.starts_with("[delivery."), "{delivery}");
    owner.configure(&delivery);
}

fn shell(owner: &Owner, script: &str) -> Ran {
    let path = format!("{}/bin:/usr/bin:/bin", owner.home.path().display());
    let output = Command::new("bash")
        .args(["-e", "-o", "pipefail", "-c", script])
        .env_clear()
        .env("PATH", path)
        .env("HOME", owner.home.path())
        .env("XDG_RUNTIME_DIR", owner.home.path().join(".run"))
        .env("LANG", "C.UTF-8")
        .env(VARIABLE, owner.credential())
        .current_dir(owner.home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran::of(output).ended(0)
}

fn has_rotated(owner: &Owner, before: Option<String>, name: &str) {
    assert_ne!(owner.token("soon"), before);
    let secret = std::fs::read_to_string(owner.home.path().join(name)).unwrap();
    assert!(owner.host.accepts(&secret, "soon"));
    assert_eq!(owner.writes().len(), 1);
}

#[test]
fn the_workflow_for_github() {
    let owner = owner("gh");
    let doc = doc("github-actions.yml");
    configure(&owner, &doc);
    let before = owner.token("soon");
    let scripts = scripts(&doc);
    assert_eq!(scripts.len(), 3, "{scripts:?}");
    for script in &scripts {
        shell(&owner, script);
    }
    has_rotated(&owner, before, "stored-soon");
}

#[test]
fn the_pipeline_for_gitlab() {
    let owner = owner("glab");
    let doc = doc("gitlab-ci.yml");
    configure(&owner, &doc);
    let before = owner.token("soon");
    let scripts = scripts(&doc);
    assert_eq!(scripts.len(), 2, "{scripts:?}");
    for script in &scripts {
        shell(&owner, script);
    }
    has_rotated(&owner, before, "stored-soon");
}

#[test]
fn the_crontab() {
    let owner = owner("unused");
    let before = owner.token("soon");
    let doc = doc("crontab");
    let commands: Vec<&str> = doc
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.splitn(6, ' ').last().unwrap().trim())
        .collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    // The rotation first, or the check would find something.
    for command in commands.into_iter().rev() {
        // In a crontab a bare per cent sign is a line break.
        assert!(!command.contains('%'), "{command}");
        shell(&owner, command);
    }
    has_rotated(&owner, before, "stored-soon");
}
