//! Tab in a real shell: the names that the last run saw, without asking a host.

use std::path::PathBuf;

use super::runner::{ORGWARD, Ran, bare, command, run, with_deliveries};
use super::support::{Owner, Program};

/// An owner whose shell finds the program, with every slot in the cache.
fn owner() -> Owner {
    let owner = Owner::new();
    with_deliveries(&owner);
    run(&owner, &["list"]).ended(0);
    let bin = owner.home.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(ORGWARD, bin.join("orgward")).unwrap();
    owner
}

fn script(owner: &Owner, shell: &str, name: &str) -> PathBuf {
    let ran = run(owner, &["completions", shell]).ended(0);
    assert_eq!(ran.err, "");
    let path = owner.home.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, ran.out).unwrap();
    path
}

/// A shell with nothing of the machine's in it.
fn shell(owner: &Owner, program: &str, args: &[&str]) -> Program {
    let path = format!("{}/bin:/usr/bin:/bin", owner.home.path().display());
    Program::build(program)
        .args(args)
        .home(owner.home.path())
        .env("PATH", path)
        .env("PS1", "ready> ")
        .env("ZDOTDIR", owner.home.path())
        .size(120, 40)
        .start()
}

/// What the program answers a shell that completes this line's last word.
fn answer(owner: &Owner, line: &[&str]) -> Vec<String> {
    let mut command = command(owner, &[]);
    let mut bare = bare(owner.home.path());
    for (name, value) in command.get_envs() {
        bare.env(name, value.unwrap_or_default());
    }
    command = bare;
    command
        .env("ORGWARD_COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", line.len().to_string())
        .env("_CLAP_IFS", "\n")
        .args(["--", "orgward"])
        .args(line);
    let ran = Ran::of(command.output().unwrap());
    assert_eq!(ran.err, "");
    ran.out.lines().map(str::to_owned).collect()
}

fn requests(owner: &Owner) -> usize {
    owner.host.requests().len()
}

#[test]
fn bash_completes_organizations_deliveries_and_states_without_a_request() {
    let owner = owner();
    script(&owner, "bash", "orgward.bash");
    let before = requests(&owner);
    let shell = shell(&owner, "bash", &["--norc", "--noprofile", "-i"]);
    shell.wait_for("ready>");
    shell.type_text("source ./orgward.bash").enter();
    for (typed, completed) in [
        ("orgward generate pla", "orgward generate platform"),
        ("orgward --org ac", "orgward --org acme"),
        ("orgward delete sp", "orgward delete spare"),
        (
            "orgward generate acme --to st",
            "orgward generate acme --to store",
        ),
        (
            "orgward list --state over",
            "orgward list --state over-policy",
        ),
        (
            "orgward list --host tfe",
            "orgward list --host tfe.corp.example",
        ),
        ("orgward rot", "orgward rotate"),
    ] {
        shell.ctrl('u').type_text(typed).tab();
        shell.wait_for(completed);
    }
    shell.ctrl('u').type_text("exit").enter();
    shell.wait_exit();
    assert_eq!(requests(&owner), before);
}

#[test]
#[ignore = "needs zsh and fish; run by .ci/run"]
fn zsh_and_fish_complete_organizations_too() {
    let owner = owner();
    script(&owner, "zsh", "functions/_orgward");
    script(&owner, "fish", ".config/fish/completions/orgward.fish");
    let before = requests(&owner);
    let zsh = shell(&owner, "zsh", &["-f", "-i"]);
    zsh.wait_for("ready>");
    zsh.type_text("fpath=(~/functions $fpath); autoload -U compinit; compinit -u")
        .enter();
    zsh.type_text("orgward generate pla").tab();
    zsh.wait_for("orgward generate platform");
    zsh.ctrl('u').type_text("orgward --org ac").tab();
    zsh.wait_for("orgward --org acme");
    let fish = shell(&owner, "fish", &["--private"]);
    fish.type_text("orgward generate pla").tab();
    fish.wait_for("orgward generate platform");
    fish.ctrl('u').type_text("orgward --org ac").tab();
    fish.wait_for("orgward --org acme");
    assert_eq!(requests(&owner), before);
}

#[test]
fn names_that_mean_something_to_a_shell_are_not_offered() {
    let owner = owner();
    let cache = owner.home.path().join(".cache/orgward");
    let file = cache.join("tfe.corp.example.json");
    let text = std::fs::read_to_string(&file).unwrap();
    for bad in [
        "$(touch owned)",
        "`touch owned`",
        "acme;touch owned",
        "*",
        "--read-only",
        "a b",
        "a'b",
        "~root",
        "acme\\\\u0000b",
    ] {
        let changed = text.replace("\"platform\"", &format!("\"{bad}\""));
        assert_ne!(text, changed);
        std::fs::write(&file, changed).unwrap();
        assert_eq!(
            answer(&owner, &["delete", ""])
                .into_iter()
                .filter(|word| !word.starts_with("--"))
                .collect::<Vec<_>>(),
            ["acme", "empty", "spare"],
            "{bad}"
        );
    }
    assert!(!owner.home.path().join("owned").exists());
}

#[test]
fn the_line_says_which_configuration_and_which_host() {
    let owner = owner();
    let other = owner.home.path().join("other.toml");
    let config = "[[host]]\nname = \"one.example\"\norganizations = [\"first\"]\n\
                  [[host]]\nname = \"two.example\"\norganizations = [\"second\", \"third\"]\n";
    std::fs::write(&other, config).unwrap();
    let names = |line: &[&str]| answer(&owner, line);
    let all = ["first", "second", "third"];
    assert_eq!(names(&["--config", "other.toml", "--org", ""]), all);
    assert_eq!(
        names(&["--config=other.toml", "--host", "two.example", "--org", ""]),
        ["second", "third"]
    );
    assert_eq!(names(&["--org", "a"]), ["acme"]);
    // With the demo nothing of the owner's is read.
    assert_eq!(names(&["--demo", "--org", ""]), [""; 0]);
}

#[test]
fn only_destinations_that_the_command_takes_are_offered() {
    let owner = owner();
    let to = |line: &[&str]| answer(&owner, &[line, &["--to", ""]].concat());
    let configured = ["broken", "one", "same", "store"];
    let for_one = ["clipboard", "file:", "keyring"];
    let sorted = |built_in: &[&'static str]| {
        let mut names = [&configured, built_in].concat();
        names.sort_unstable();
        names
    };
    assert_eq!(to(&["generate", "acme"]), sorted(&for_one));
    assert_eq!(to(&["rotate"]), sorted(&for_one[1..]));
    for name in to(&["rotate"]) {
        let line = ["rotate", "--state", "none", "--dry-run", "--to", &name];
        let ran = run(&owner, &line);
        assert!(!ran.err.contains("cannot hold many"), "{name}: {}", ran.err);
    }
}

#[test]
fn whatever_is_wrong_is_no_answer_and_no_complaint() {
    let owner = owner();
    let file = owner
        .home
        .path()
        .join(".cache/orgward/tfe.corp.example.json");
    std::fs::write(&file, "{").unwrap();
    assert_eq!(answer(&owner, &["--org", ""]), [""; 0]);
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        "{",
        "to look is not to mend"
    );
    std::fs::write(owner.config(), "[[host]").unwrap();
    assert_eq!(answer(&owner, &["--org", ""]), [""; 0]);
    std::fs::remove_dir_all(owner.home.path().join(".config")).unwrap();
    assert_eq!(answer(&owner, &["--org", ""]), [""; 0]);
    answer(&owner, &["nonsense", "--nonsense", ""]);
    answer(&owner, &["--", "--", "-"]);
    // An unknown shell, or none.
    for shell in ["tcsh", "/bin/false", "\u{1b}[31m"] {
        let mut command = bare(owner.home.path());
        let ran = Ran::of(command.env("ORGWARD_COMPLETE", shell).output().unwrap());
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    }
}

#[test]
fn every_script_is_the_shells_own() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let home = tempfile::tempdir().unwrap();
        let mut command = bare(home.path());
        let ran = Ran::of(command.args(["completions", shell]).output().unwrap()).ended(0);
        insta::assert_snapshot!(format!("completions_{shell}"), ran.out);
    }
}
