//! The arguments, and the help that people read.
//!
//! The options are the same with and without a command. No secret and no
//! credential can be given here: arguments are seen by every process.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::delivery::Destination;
use crate::expiry::{Expiry, Length};
use crate::slot::{Kind, State};

/// Where a secret goes when the program must end (`--rescue`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Rescue {
    /// The system's keyring.
    Keyring,
    /// A file in the state directory, readable by you alone.
    File,
    /// Nowhere.
    None,
}

/// The organization tokens of every HCP Terraform and Terraform Enterprise
/// organization: on one screen, or by a command.
#[derive(Clone, Debug, Parser)]
#[command(
    version,
    about,
    override_usage = "orgward [OPTIONS]            the screen\n       orgward [OPTIONS] COMMAND    without a screen",
    after_help = "Examples:\n  \
        orgward --demo                        look around on made-up organizations\n  \
        orgward                               the screen, with your configuration\n  \
        orgward check                         is a token expired, expiring, unused? (for cron)\n  \
        orgward generate acme --to vault      a new token, straight into its place\n\n\
        Exit: 0 done; 1 findings; 2 usage, configuration, or nothing was changed because it could not be;\n\
        3 refused by a guard; 4 done, but not delivered where asked; 5 outcome unknown; 130, 143 by signal.\n\
        No secret and no credential is ever taken as an argument or printed."
)]
pub struct Arguments {
    /// What to do without the screen
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The configuration file [default: `$ORGWARD_CONFIG`, else `config.toml` in `~/.config/orgward`, on macOS in
    /// `~/Library/Application Support/orgward`, on Windows in `%APPDATA%\orgward\config`]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Only this host (repeatable)
    #[arg(long, global = true, value_name = "HOST")]
    pub host: Vec<String>,
    /// Only this organization (repeatable)
    #[arg(long, global = true, value_name = "ORG")]
    pub org: Vec<String>,
    /// Refuse every change, whatever is pressed or asked for
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Made-up organizations on an embedded host; reads and writes nothing of yours
    #[arg(long, global = true, conflicts_with = "config")]
    pub demo: bool,
    /// Append to FILE what the program does: events, ids, status codes, durations; never a secret
    #[arg(long, global = true, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Where an undelivered secret goes when the program must end
    #[arg(long, global = true, value_name = "WHERE")]
    pub rescue: Option<Rescue>,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,
}

/// What can be done without the screen.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Print every token slot and what is known of it
    List(List),
    /// Say what has to be done: expired, expiring, over policy, unused, unreadable
    Check(Check),
    /// Generate a token and bring its secret to its place, unseen
    Generate(Generate),
    /// Delete a token
    Delete(Delete),
    /// Generate new tokens for many organizations, by a plan that was looked at
    Rotate(Rotate),
    /// Examine hosts, credentials, clipboard, keyring and configuration
    Doctor(Doctor),
    /// Print the completions for a shell
    Completions(Completions),
    /// Print the manual page
    Man,
}

/// `orgward list`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
        orgward list                               what needs attention first\n  \
        orgward list --state expired,expiring\n  \
        orgward list --json | jq -r '.[] | select(.state == \"none\") | .organization'\n\n\
    JSON: an array of objects with host, organization, kind, state, id, created_at, last_used_at,\n\
    expires_at, ends_at, created_by and error; what is not known is null, times are RFC 3339 in UTC.\n\n\
    Exit: 0 the slots were printed, 2 a host's organizations could not be listed.")]
pub struct List {
    /// A JSON array, as described below
    #[arg(long)]
    pub json: bool,
    /// Only this kind of token
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub kind: Option<Kind>,
    /// Only slots in these states
    #[arg(long, value_name = "STATE", value_delimiter = ',', value_parser = state)]
    pub state: Vec<State>,
    /// What comes first
    #[arg(long, value_name = "COLUMN", value_enum, default_value_t = Sort::Attention)]
    pub sort: Sort,
}

/// The columns of `list --sort`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "each is the column of that name")]
pub enum Sort {
    /// What needs attention
    Attention,
    Organization,
    Host,
    /// The end of the token's life
    Ends,
    /// What was not used for the longest time
    LastUsed,
    CreatedBy,
}

/// `orgward check`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
        orgward check                              prints nothing when there is nothing to do\n  \
        orgward check --within 14d --unused 1y\n  \
        orgward check --json                       the findings, with the fields of `orgward list --json`\n\n\
    Exit: 0 nothing to do; 1 something is expired, expiring, over policy or unused;\n\
    2 a slot could not be read (beats 1). Every finding is printed in each case.")]
pub struct Check {
    /// A token that ends within this time is a finding [default: `warn_within` of the configuration, 30d]
    #[arg(long, value_name = "TIME", value_parser = Length::parse)]
    pub within: Option<Length>,
    /// A token unused for this time is a finding [default: `unused_after` of the configuration, 90d]
    #[arg(long, value_name = "TIME", value_parser = Length::parse)]
    pub unused: Option<Length>,
    /// A JSON array
    #[arg(long)]
    pub json: bool,
}

/// `orgward generate`
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "DEST is clipboard, keyring, file:PATH or the name of a [delivery.NAME] of the configuration.\n\
    A token that is there dies at once, so it must be named: `orgward list` shows the ids.\n\n\
    Examples:\n  \
        orgward generate acme --to vault                              where no token is\n  \
        orgward generate acme --to vault --replace at-Wq3 --dry-run   what would happen\n  \
        orgward generate acme --to vault --replace at-Wq3 --verify    and does the new one work?\n  \
        orgward generate acme --to file:/srv/acme.token --expires 90d\n\n\
    Exit: 0 done; 2 nothing was changed; 3 refused by a guard; 4 done, but the secret is elsewhere\n\
    (one line says where); 5 outcome unknown: look at the slot before anything else."
)]
pub struct Generate {
    /// The organization
    #[arg(value_name = "ORG")]
    pub organization: String,
    /// Where the secret goes
    #[arg(long, value_name = "DEST", value_parser = destination)]
    pub to: Destination,
    /// 90d, 12h, 1y, 2027-01-31, longest, default (the server's) [default: `[expiry] default` of the configuration, 90d]
    #[arg(long, value_name = "EXPIRY", value_parser = Expiry::parse)]
    pub expires: Option<Expiry>,
    /// The id of the token that may die; `none` where a token may be that you cannot see
    #[arg(long, value_name = "ID")]
    pub replace: Option<String>,
    /// Call the host once with the new secret
    #[arg(long)]
    pub verify: bool,
    /// Change nothing, say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Which of the organization's tokens
    #[arg(long, value_name = "KIND", value_parser = kind, default_value = "organization")]
    pub kind: Kind,
}

/// `orgward delete`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Whatever uses the token stops working at once.\n\n\
    Examples:\n  \
        orgward delete acme --id at-Wq3 --dry-run\n  \
        orgward delete acme --id at-Wq3\n\n\
    Exit: 0 done; 2 nothing was changed; 3 refused by a guard; 5 outcome unknown.")]
pub struct Delete {
    /// The organization
    #[arg(value_name = "ORG")]
    pub organization: String,
    /// The id of the token that is to die; `none` where a token may be that you cannot see
    #[arg(long, value_name = "ID")]
    pub id: String,
    /// Change nothing, say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Which of the organization's tokens
    #[arg(long, value_name = "KIND", value_parser = kind, default_value = "organization")]
    pub kind: Kind,
}

/// `orgward rotate`
#[derive(Clone, Debug, Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).args(["dry_run", "plan"]),
    after_help = "First a dry run, which prints the slots and the plan's id; then the same with --plan ID. If anything\n\
    has changed in between, nothing is done (exit 3). The first delivery that fails stops the run.\n\n\
    Examples:\n  \
        orgward rotate --state expired,expiring --to vault --dry-run\n  \
        orgward rotate --state expired,expiring --to vault --plan 3f9a0c12d4e5b687\n  \
        orgward rotate --to vault --plan 3f9a0c12d4e5b687 --resume        after a stop\n\n\
    Exit: the highest of what the slots brought; 0 only if all were done."
)]
pub struct Rotate {
    /// Slots in these states: expired, over-policy, expiring, unused, ok, none, unclear
    #[arg(
        long,
        value_name = "STATE",
        num_args = 1..,
        value_delimiter = ',',
        value_parser = rotatable,
        required_unless_present = "resume"
    )]
    pub state: Vec<State>,
    /// Where the secrets go: keyring, file:PATH with placeholders, or the name of a delivery
    #[arg(long, value_name = "DEST", value_parser = destination)]
    pub to: Destination,
    /// Change nothing, print the plan
    #[arg(long)]
    pub dry_run: bool,
    /// Do exactly what the dry run with this id showed
    #[arg(long, value_name = "ID")]
    pub plan: Option<String>,
    /// Go on with a plan that was stopped, by the journal
    #[arg(long, requires = "plan")]
    pub resume: bool,
    /// At most so many slots, what needs attention first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max: Option<u32>,
    /// 90d, 12h, 1y, 2027-01-31, longest, default (the server's) [default: `[expiry] default` of the configuration, 90d]
    #[arg(long, value_name = "EXPIRY", value_parser = Expiry::parse)]
    pub expires: Option<Expiry>,
    /// Which of the organizations' tokens
    #[arg(long, value_name = "KIND", value_parser = kind, default_value = "organization")]
    pub kind: Kind,
}

/// `orgward doctor`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
        orgward doctor\n  \
        orgward doctor --json | jq '.[] | select(.status == \"problem\")'\n\n\
    Shows where each credential comes from, never its value. Exit: 0 all is well, 1 there are\n\
    problems, 2 the configuration cannot be used.")]
pub struct Doctor {
    /// A JSON array of the checks
    #[arg(long)]
    pub json: bool,
}

/// `orgward completions`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
        orgward completions bash > ~/.local/share/bash-completion/completions/orgward\n  \
        orgward completions zsh > ~/.zfunc/_orgward\n  \
        orgward completions fish > ~/.config/fish/completions/orgward.fish")]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

fn destination(text: &str) -> Result<Destination, String> {
    match text {
        // What each command takes.
        "" | "file:" => {
            Err("it names nothing; write keyring, file:PATH or the name of a delivery".into())
        }
        text => {
            let Ok(to) = text.parse();
            Ok(to)
        }
    }
}

fn kind(text: &str) -> Result<Kind, String> {
    [Kind::Organization, Kind::AuditTrails]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| "the kinds are organization and audit-trails".to_owned())
}

fn state(text: &str) -> Result<State, String> {
    known_state(text, |state| state != State::Reading)
}

fn rotatable(text: &str) -> Result<State, String> {
    known_state(text, is_rotatable)
}

/// Whether `rotate` can do something about a slot in this state.
pub fn is_rotatable(state: State) -> bool {
    state.allows_generate() || state.allows_replace()
}

fn known_state(text: &str, fits: impl Fn(State) -> bool) -> Result<State, String> {
    let states: Vec<State> = State::ALL
        .into_iter()
        .filter(|state| fits(*state))
        .collect();
    // As it is written for programs, and as `list` prints it.
    let known = states
        .iter()
        .find(|state| state.as_str() == text || state.word() == text);
    known.copied().ok_or_else(|| {
        let names: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
        format!("the states are {}", names.join(", "))
    })
}
