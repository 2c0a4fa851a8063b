//! What is on this machine: configuration, clipboard, keyring, terminal, and
//! where rescued secrets and the journal go.

use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use super::{Findings, Status, location};
use crate::cli::Arguments;
use crate::config::Organizations;
use crate::credentials::Environment;
use crate::delivery::{Deliverer, Destination, Method, RescueProof, keyring};
use crate::ending;
use crate::slot::{Host, Slot};
use crate::start::World;
use crate::text;

const MACHINE: &str = "machine";
/// How long a keyring may take: an owner who is there unlocks it in this time.
const KEYRING: Duration = Duration::from_secs(20);

/// The file, its owner and its mode.
pub fn configuration(
    findings: &mut Findings,
    arguments: &Arguments,
    env: &Environment,
    error: Option<&anyhow::Error>,
) {
    const CHECK: &str = "configuration";
    if let Some(error) = error {
        let words = text::safe_lines(&format!("{error:#}"));
        let mend = "mend it as it says; `orgward --demo doctor` works without one";
        findings.problem(MACHINE, CHECK, words, mend);
        return;
    }
    if arguments.demo {
        findings.ok(MACHINE, CHECK, "the demo's own; no file of yours is read");
        return;
    }
    let Some(path) = location(arguments, env).path else {
        return;
    };
    let shown = text::safe(&path.to_string_lossy());
    match std::fs::metadata(&path) {
        Ok(metadata) => owner_and_mode(findings, CHECK, &shown, &metadata),
        Err(error) => findings.problem(
            MACHINE,
            CHECK,
            format!("{shown}: {error}"),
            "see that it stays there and that you may read it, or name another with --config",
        ),
    }
}

#[cfg(unix)]
fn owner_and_mode(
    findings: &mut Findings,
    check: &'static str,
    shown: &str,
    metadata: &std::fs::Metadata,
) {
    use std::os::unix::fs::MetadataExt;
    let mode = metadata.mode() & 0o777;
    let me = rustix::process::geteuid().as_raw();
    let detail = format!("{shown}, uid {}, mode {mode:03o}", metadata.uid());
    if metadata.uid() != me && metadata.uid() != 0 {
        let mend = "it may not decide what runs or where credentials and secrets go: make it \
                    yours with chown";
        findings.problem(MACHINE, check, detail, mend);
    } else if mode & 0o022 != 0 {
        let mend = "others can write it, so it may not decide what runs or where credentials \
                    and secrets go: chmod go-w";
        findings.problem(MACHINE, check, detail, mend);
    } else {
        findings.ok(MACHINE, check, detail);
    }
}

#[cfg(not(unix))]
fn owner_and_mode(
    findings: &mut Findings,
    check: &'static str,
    shown: &str,
    _: &std::fs::Metadata,
) {
    findings.ok(MACHINE, check, shown);
}

/// What does not depend on a working configuration.
pub async fn examine(
    findings: &mut Findings,
    env: &Environment,
    deliverer: &Deliverer,
    warnings: &[String],
) {
    match warnings {
        [] => findings.ok(
            MACHINE,
            "hardening",
            "no core dumps, no tracing by your other processes",
        ),
        warnings => {
            for warning in warnings {
                findings.note(MACHINE, "hardening", warning.as_str(), "");
            }
        }
    }
    terminal(findings, env);
    clipboard(findings, env, deliverer).await;
    keyring_works(findings, deliverer).await;
    state_directory(findings, deliverer).await;
}

fn terminal(findings: &mut Findings, env: &Environment) {
    let term = env
        .filled("TERM")
        .map(|term| term.to_string_lossy().into_owned());
    let term = text::safe(term.as_deref().unwrap_or("not set"));
    let characters = match env.has_unicode() {
        true => "Unicode",
        false => "ASCII only, by LC_ALL, LC_CTYPE or LANG",
    };
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let size = match crate::terminal::size() {
        Ok((width, height)) if is_terminal => format!(", {width}x{height}"),
        _ => String::new(),
    };
    let detail = format!("TERM {term}, {characters}{size}");
    if is_terminal && term != "dumb" {
        findings.ok(MACHINE, "terminal", detail);
    } else {
        let why = if is_terminal {
            ""
        } else {
            "; standard input or output is not a terminal"
        };
        let mend = "the screen needs a terminal; the commands do not";
        findings.note(MACHINE, "terminal", format!("{detail}{why}"), mend);
    }
}

/// A slot that no host has: to see whether a place is ready.
fn example() -> Slot {
    Slot::new(&Host::new("host.example"), "organization")
}

async fn clipboard(findings: &mut Findings, env: &Environment, deliverer: &Deliverer) {
    let settings = deliverer.settings();
    let (to, why) = deliverer.default_destination().await;
    let off = settings.method == Method::Off;
    let default_is_osc52 = to == Destination::Osc52;
    let detail = format!("the screen's default is {to}: {}", text::safe(&why));
    match to {
        Destination::Clipboard => findings.ok(MACHINE, "clipboard", detail),
        Destination::Osc52 => {
            let mend = "a terminal confirms nothing: try it once with a secret that you replace";
            findings.note(MACHINE, "clipboard", detail, mend);
        }
        _ if off => findings.ok(MACHINE, "clipboard", detail),
        _ => {
            let mend = "without a display this is right: use --to with a file, the keyring or a \
                        delivery; else set DISPLAY or WAYLAND_DISPLAY";
            findings.note(MACHINE, "clipboard", detail, mend);
        }
    }
    let word = |name: &str| {
        let value = env.filled(name)?.to_string_lossy().to_lowercase();
        Some(value)
    };
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    if word("WSL_DISTRO_NAME").is_some() || kernel.to_lowercase().contains("microsoft") {
        let mend = "clear it there, or switch the history off (Settings, System, Clipboard)";
        let words = "WSL: Windows' clipboard history (Win+V) may keep a copy after it is cleared";
        findings.note(MACHINE, "clipboard", words, mend);
    }
    if settings.surroundings.tmux && !off {
        let words = "tmux: osc52 goes through `tmux load-buffer -w`";
        match deliverer.prove(&Destination::Osc52, &example()).await {
            Ok(_) => findings.ok(MACHINE, "clipboard", words),
            Err(error) => findings.add(
                MACHINE,
                "clipboard",
                if default_is_osc52 {
                    Status::Problem
                } else {
                    Status::Note
                },
                format!("{words}, and that fails: {error}"),
            ),
        }
        findings.mend_trouble("tmux has that from 3.2 on; update it, or use another destination");
    }
    if settings.surroundings.ssh {
        let words =
            "SSH: the clipboard here is not the one in front of you; osc52 reaches that one";
        findings.note(MACHINE, "clipboard", words, "");
    }
    let wayland = word("WAYLAND_DISPLAY").is_some();
    let gnome = word("XDG_CURRENT_DESKTOP").is_some_and(|desktop| desktop.contains("gnome"));
    if wayland && gnome {
        let (words, mend) = match word("DISPLAY").is_some() {
            true => ("GNOME on Wayland: the copy goes through XWayland", ""),
            false => (
                "GNOME on Wayland has no protocol for this, and XWayland is not there",
                "start XWayland, or use another destination",
            ),
        };
        findings.note(MACHINE, "clipboard", words, mend);
    }
}

async fn keyring_works(findings: &mut Findings, deliverer: &Deliverer) {
    if deliverer.settings().surroundings.demo {
        findings.ok(MACHINE, "keyring", "not used in the demo");
        return;
    }
    let proof = tokio::task::spawn_blocking(|| keyring::prove(KEYRING)).await;
    match proof {
        Ok(Ok(())) => findings.ok(MACHINE, "keyring", "an entry was written, read and removed"),
        Ok(Err(error)) => {
            let mend = "it is needed only where it is a destination, a rescue or a credential; \
                        unlock or start it for that";
            findings.note(MACHINE, "keyring", error.to_string(), mend);
        }
        Err(_) => {
            let mend = "start the keyring anew, and look again";
            findings.problem(MACHINE, "keyring", "its test was broken off", mend);
        }
    }
}

async fn state_directory(findings: &mut Findings, deliverer: &Deliverer) {
    let settings = deliverer.settings();
    if let Some(state) = &settings.state_dir {
        private(findings, state);
    } else if !settings.surroundings.demo {
        findings.problem(
            MACHINE,
            "state directory",
            "there is none",
            "set HOME, or XDG_STATE_HOME, to a folder of yours",
        );
    }
    match deliverer.prove_rescue(&example()).await {
        RescueProof::Proven(place) => findings.ok(MACHINE, "rescue", place),
        RescueProof::Off if settings.surroundings.demo => {
            findings.ok(MACHINE, "rescue", "none, in the demo");
        }
        RescueProof::Off => findings.note(MACHINE, "rescue", "none, as asked for", ""),
        RescueProof::Unproven(why) => {
            let mend = "make room for it, or set [rescue] to in the configuration";
            findings.problem(MACHINE, "rescue", why, mend);
        }
    }
}

fn private(findings: &mut Findings, state: &Path) {
    const CHECK: &str = "state directory";
    let shown = text::safe(&state.to_string_lossy());
    let Ok(metadata) = std::fs::metadata(state) else {
        findings.ok(MACHINE, CHECK, format!("{shown}, made when it is needed"));
        return;
    };
    if !metadata.is_dir() {
        let mend = "move what is there away: journal and rescued secrets belong into a folder";
        findings.problem(MACHINE, CHECK, format!("{shown} is not a directory"), mend);
        return;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 != 0 {
            let detail = format!("{shown}, mode {mode:03o}");
            findings.problem(MACHINE, CHECK, detail, "others can look into it: chmod 700");
            return;
        }
    }
    findings.ok(MACHINE, CHECK, shown);
}

/// Each configured delivery, with an organization of the configuration.
pub async fn deliveries(findings: &mut Findings, world: &World) {
    let entries = world.actor.fleet.entries();
    let example = entries
        .iter()
        .find_map(|entry| match &entry.config.organizations {
            Organizations::Listed(names) => Some(Slot::new(&entry.config.host, names.first()?)),
            Organizations::All => Some(Slot::new(&entry.config.host, "example")),
        });
    let Some(example) = example else { return };
    for name in world.config.deliveries.keys() {
        let to = Destination::Named(name.clone());
        match world.actor.deliverer.prove(&to, &example).await {
            Ok(proven) => {
                let detail = format!("{} is ready (looked at for {example})", proven.place());
                findings.ok(MACHINE, "delivery", detail);
            }
            Err(error) => findings.problem(
                MACHINE,
                "delivery",
                format!("{name}: {error}"),
                "mend [delivery] in the configuration, or install what it names",
            ),
        }
    }
}

/// The journal, and what an earlier run left.
pub async fn journal(findings: &mut Findings, world: &World) {
    const CHECK: &str = "journal";
    if world.is_demo() {
        findings.ok(MACHINE, CHECK, "in memory, in the demo");
        return;
    }
    let left = ending::look_back(&world.actor).await;
    match (left.unread, world.actor.journal.records()) {
        (None, Ok(records)) => {
            let s = if records.len() == 1 { "" } else { "s" };
            findings.ok(MACHINE, CHECK, format!("{} record{s}", records.len()));
        }
        (Some(why), _) => findings.problem(MACHINE, CHECK, why, "mend its mode or owner"),
        (_, Err(error)) => {
            findings.problem(MACHINE, CHECK, error.to_string(), "mend its mode or owner");
        }
    }
    for order in left.orders {
        let mend = "compare the token's id and age with what you expect";
        let at = order.entry.at.strftime("%Y-%m-%d %H:%M UTC").to_string();
        findings.problem(MACHINE, CHECK, order.words(&at), mend);
    }
    for path in left.files {
        let words = format!("A rescued secret waits in {}", path.display());
        let mend = "bring it to its place, then remove the file; `orgward` tells of it until then";
        findings.problem(MACHINE, CHECK, words, mend);
    }
}
