//! `man`: one page for the program and all its commands. What can be said on the
//! command line is taken from the arguments as they are defined; what the program
//! reads besides, and what it ends with, is written here.

use clap::{Arg, Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::{Output, Stop, code};
use crate::cli::Arguments;

/// How `clap_mangen` begins everything that it writes; once is enough.
const PREAMBLE: [&str; 2] = [".ie \\n(.g .ds Aq", ".el .ds Aq"];

const EXIT_STATUS: [(&str, &str); 8] = [
    ("0", "Done; for check: nothing to do."),
    (
        "1",
        "There are findings: check has found something to do, or doctor a problem.",
    ),
    (
        "2",
        "Usage, configuration, or nothing was changed because it could not be; for check, a slot \
         could not be read, and for list, a host's organizations could not be listed.",
    ),
    ("3", "Refused by a guard."),
    (
        "4",
        "Done, but not delivered where asked; one line says where the secret is.",
    ),
    (
        "5",
        "Outcome unknown: look at the slot before anything else.",
    ),
    ("70", "A fault of this program."),
    ("130, 143", "Ended by SIGINT or SIGTERM."),
];

const FILES: [(&str, &str); 5] = [
    (
        "~/.config/orgward/config.toml",
        "The configuration, with what its owner wants; never a secret. On macOS it is in \
         ~/Library/Application Support/orgward, on Windows in %APPDATA%\\orgward\\config.",
    ),
    (
        "~/.local/state/orgward/journal.jsonl",
        "The journal of orders and outcomes, without secrets. It is the state directory; on macOS \
         ~/Library/Application Support/orgward, on Windows %LOCALAPPDATA%\\orgward\\data.",
    ),
    (
        "~/.local/state/orgward/rescue-*.secret",
        "A secret that had no other place when the program had to end. Bring it to its place and \
         remove the file; the next start tells of it until then.",
    ),
    (
        "~/.cache/orgward/",
        "What the last run knew of each host: metadata, which decides nothing and can be removed. On \
         macOS ~/Library/Caches/orgward, on Windows %LOCALAPPDATA%\\orgward\\cache.",
    ),
    (
        "~/.terraformrc, ~/.terraform.d/",
        "Where the Terraform CLI keeps credentials and the helpers that give them.",
    ),
];

const ENVIRONMENT: [(&str, &str); 10] = [
    (
        "ORGWARD_CONFIG",
        "The configuration file, where --config names none.",
    ),
    (
        "XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_CACHE_HOME",
        "In the place of ~/.config, ~/.local/state and ~/.cache (not on macOS and Windows).",
    ),
    (
        "XDG_RUNTIME_DIR",
        "Where a secret is rescued to when no file can be written in the state directory.",
    ),
    (
        "TF_TOKEN_*",
        "A credential, as the Terraform CLI has it: TF_TOKEN_app_terraform_io for app.terraform.io. \
         TF_CLI_CONFIG_FILE names the CLI's configuration.",
    ),
    (
        "TFE_TOKEN",
        "A credential for the host that TFE_HOSTNAME or TFE_ADDRESS names, else for app.terraform.io, \
         where the Terraform CLI has none.",
    ),
    (
        "NO_COLOR, CLICOLOR_FORCE",
        "No colours at all; the colours of list and check also where they do not go to a terminal.",
    ),
    (
        "HTTPS_PROXY, NO_PROXY",
        "The proxy for connections to hosts, and the hosts that are reached without it. Loopback \
         addresses never are reached through one.",
    ),
    (
        "SSL_CERT_FILE",
        "Root certificates in the place of the system's.",
    ),
    (
        "LC_ALL, LC_CTYPE, LANG",
        "The first that is set says whether the terminal has more than ASCII characters.",
    ),
    (
        "SSH_CONNECTION, SSH_TTY, TMUX",
        "Over SSH the clipboard is the one of the terminal (osc52), inside tmux by way of tmux.",
    ),
];

/// `orgward man`
pub fn man(out: &Output) -> Result<u8, Stop> {
    out.print(&page()?)?;
    Ok(code::DONE)
}

type Section = fn(&Man, &mut dyn std::io::Write) -> std::io::Result<()>;

fn page() -> Result<String, Stop> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let after = after_help(&command);
    let commands: Vec<Command> = command.get_subcommands().cloned().collect();
    let program = Man::new(command);
    let sections: [Section; 5] = [
        Man::render_title,
        Man::render_name_section,
        Man::render_synopsis_section,
        Man::render_description_section,
        Man::render_options_section,
    ];
    let mut page = Roff::new().render();
    for (at, section) in sections.into_iter().enumerate() {
        page.push_str(&rendered(&program, section)?);
        if at == 0 {
            // A path or a name that is broken is another one.
            page.push_str(".nh\n.ad l\n");
        }
    }
    page.push_str(&text(|roff| {
        let words = "No secret and no credential is ever taken as an argument or printed.";
        heading(roff, "COMMANDS");
        roff.text([roman(words)]);
    }));
    for command in commands {
        page.push_str(&of_command(command)?);
    }
    page.push_str(&text(|roff| {
        for (name, entries) in [
            ("EXIT STATUS", &EXIT_STATUS[..]),
            ("FILES", &FILES),
            ("ENVIRONMENT", &ENVIRONMENT),
        ] {
            heading(roff, name);
            for (term, meaning) in entries {
                roff.control("TP", []);
                roff.text([bold(*term)]);
                roff.text([roman(*meaning)]);
            }
            if name == "EXIT STATUS" {
                roff.control("PP", []);
                roff.text([roman("Of several, the highest of 5, 4, 3, 2, 1 counts.")]);
            }
        }
        heading(roff, "EXAMPLES");
        // What ends its help stands in sections of their own.
        let shown = after.lines().filter(|line| line.starts_with(' '));
        examples(roff, shown);
    }));
    page.push_str(&rendered(&program, Man::render_version_section)?);
    Ok(page)
}

/// A command: how it is called, what it does, its own options, and examples.
fn of_command(mut command: Command) -> Result<String, Stop> {
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    let after = after_help(&command);
    let about = command.get_about().map(ToString::to_string);
    let name = command.get_name().to_owned();
    // What goes with each command stands in OPTIONS once.
    let own = |arg: Arg| {
        let everywhere = arg.is_global_set() || arg.get_id() == "help";
        arg.hide(everywhere)
    };
    let options = rendered(
        &Man::new(command.mut_args(own)),
        Man::render_options_section,
    )?;
    let mut page = text(|roff| {
        roff.control("SS", [format!("orgward {name}").as_str()]);
        roff.text([bold(usage)]);
        roff.control("PP", []);
        roff.text([roman(format!("{}.", about.unwrap_or_default()))]);
    });
    page.push_str(options.trim_start_matches(".SH OPTIONS\n"));
    page.push_str(&text(|roff| examples(roff, after.lines())));
    Ok(page)
}

fn after_help(command: &Command) -> String {
    command
        .get_after_help()
        .map_or(String::new(), ToString::to_string)
}

fn heading(roff: &mut Roff, name: &str) {
    roff.control("SH", [name]);
}

/// The text that stands after the options: what is indented is an example, whose
/// line stays as it is; the words beside it go below it.
fn examples<'l>(roff: &mut Roff, lines: impl Iterator<Item = &'l str>) {
    let mut new = true;
    for line in lines {
        let shown = line.trim();
        if shown.is_empty() {
            new = true;
            continue;
        }
        if !line.starts_with(' ') {
            if new {
                roff.control("PP", []);
            }
            roff.text([roman(shown)]);
            new = false;
            continue;
        }
        let (example, words) = shown.split_once("  ").unwrap_or((shown, ""));
        roff.control("PP", []);
        roff.control("RS", ["4"]);
        roff.control("nf", []);
        roff.text([bold(example)]);
        roff.control("fi", []);
        if !words.is_empty() {
            roff.control("RS", ["4"]);
            roff.text([roman(words.trim())]);
            roff.control("RE", []);
        }
        roff.control("RE", []);
        new = true;
    }
}

fn text(write: impl FnOnce(&mut Roff)) -> String {
    let mut roff = Roff::new();
    write(&mut roff);
    without_preamble(&roff.render())
}

fn rendered(man: &Man, section: Section) -> Result<String, Stop> {
    let mut text = Vec::new();
    section(man, &mut text)
        .map_err(|error| Stop::not_possible(format!("it could not be written: {error}")))?;
    Ok(without_preamble(&String::from_utf8_lossy(&text)))
}

fn without_preamble(text: &str) -> String {
    let lines = text.lines();
    let lines = lines.filter(|line| !PREAMBLE.iter().any(|start| line.starts_with(start)));
    lines.map(|line| format!("{line}\n")).collect()
}
