//! The configuration: one TOML file that says which hosts and organizations
//! there are and where credentials come from, and never holds one.
//!
//! A wrong configuration is refused as a whole, with the line and the mend: a
//! program that revokes tokens must not guess what its owner meant. Where a
//! file is trusted is decided in `guard`, what its words mean in `reader`.

mod address;
pub mod edit;
mod guard;
pub mod hostname;
pub(crate) mod near;
mod reader;
mod table;
pub(crate) mod template;
pub mod theme;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use url::Url;

use crate::credentials::Environment;
use crate::expiry::{Expiry, Length};
use crate::slot::{Host, Rules};
use crate::text;

/// Everything that the file says, or its defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The file it came from; `None` for a configuration without one.
    pub path: Option<PathBuf>,
    /// `[[host]]`, in the file's order. May be empty.
    pub hosts: Vec<HostConfig>,
    /// `[clipboard]`.
    pub clipboard: Clipboard,
    /// `[expiry]`.
    pub expiry: ExpiryConfig,
    /// `[rescue] to`; `None` is the keyring if it was proven, else a file.
    pub rescue: Option<RescueTo>,
    /// `[delivery.NAME]`.
    pub deliveries: BTreeMap<String, Delivery>,
    /// `[screen]`.
    pub screen: Screen,
    /// `[keys]`: action → key, as written. Whether they exist and clash is known
    /// to who defines the actions; see [`Config::refuse_key`].
    pub keys: BTreeMap<String, String>,
    /// The lines of `keys`, for errors.
    pub key_lines: BTreeMap<String, usize>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: None,
            hosts: Vec::new(),
            clipboard: Clipboard {
                method: Method::Auto,
                clear_after: Some(Duration::from_secs(45)),
            },
            expiry: ExpiryConfig {
                default: Expiry::In(Length::days(90)),
                rules: Rules::default(),
            },
            rescue: None,
            deliveries: BTreeMap::new(),
            screen: Screen {
                theme: "terminal".to_owned(),
                palette: theme::Palette::default(),
                mouse: false,
                ascii: false,
            },
            keys: BTreeMap::new(),
            key_lines: BTreeMap::new(),
        }
    }
}

/// One `[[host]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct HostConfig {
    /// Its name, normalised.
    pub host: Host,
    /// Tells two entries of one host apart.
    pub account: Option<String>,
    /// Switches discovery off; ends in `/`.
    pub address: Option<Url>,
    /// Where the owner's credential comes from.
    pub credential: CredentialSource,
    /// Which organizations.
    pub organizations: Organizations,
    /// Certificates that are added to the system's roots.
    pub ca_file: Option<PathBuf>,
    /// The share of the host's limit for background reads, in (0, 1].
    pub pace: f64,
}

impl HostConfig {
    /// A host as its owner types it in a dialog, by the rules of the file.
    ///
    /// # Errors
    /// What is wrong, with its mend.
    pub fn named(
        name: &str,
        account: Option<&str>,
        credential: CredentialSource,
    ) -> Result<Self, String> {
        let (host, address) = address::host_name(name)?;
        if account.is_some_and(|label| !reader::is_word(label)) {
            return Err(reader::NOT_AN_ACCOUNT.to_owned());
        }
        if matches!(&credential, CredentialSource::Env(name) if !reader::is_variable(name)) {
            return Err(reader::NOT_A_VARIABLE.to_owned());
        }
        Ok(Self {
            account: account.map(str::to_owned),
            address,
            credential,
            ..Self::new(host)
        })
    }

    /// A host with every default.
    pub fn new(host: Host) -> Self {
        Self {
            host,
            account: None,
            address: None,
            credential: CredentialSource::Terraform,
            organizations: Organizations::All,
            ca_file: None,
            pace: 0.8,
        }
    }
}

/// Where the owner's credential for a host comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialSource {
    /// What the Terraform CLI would use, then `TFE_TOKEN`.
    Terraform,
    /// The variable of this name.
    Env(String),
    /// The standard output of this program with these arguments.
    Command(Vec<String>),
    /// The system's keyring.
    Keyring,
    /// Typed once, masked.
    Ask,
}

/// The organizations of a host that are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Organizations {
    /// What the credential can see.
    All,
    /// These.
    Listed(Vec<Arc<str>>),
}

/// The name of an organization as its owner types it in a dialog.
///
/// # Errors
/// What is wrong, with its mend.
pub fn organization_name(text: &str) -> Result<Arc<str>, String> {
    match reader::is_organization(text) {
        true => Ok(text.into()),
        false if text.is_empty() => Err("type the organization's name".to_owned()),
        false => Err(format!(
            "`{}` cannot be an organization's name; write it as the host shows it",
            text::safe(text)
        )),
    }
}

/// An `address` as its owner types it in a dialog, or as a host names it.
///
/// # Errors
/// What is wrong, with its mend.
pub fn api_address(text: &str) -> Result<Url, String> {
    address::address(text)
}

/// `[clipboard]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clipboard {
    /// How a secret gets there.
    pub method: Method,
    /// When it is cleared; `None` is never.
    pub clear_after: Option<Duration>,
}

/// `[clipboard] method`: which destination is the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Method {
    /// OSC 52 over SSH, else the system's clipboard if it opens, else the panel.
    #[default]
    Auto,
    /// The system's clipboard, else the panel.
    System,
    /// The terminal's clipboard.
    Osc52,
    /// No clipboard at all.
    Off,
}

/// `[expiry]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryConfig {
    /// What the dialogs offer first.
    pub default: Expiry,
    /// When a token counts as expiring or unused.
    pub rules: Rules,
}

/// `[rescue] to`: where a secret goes that has no other place when the program
/// must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RescueTo {
    /// The system's keyring; a file if that fails in the hour of need.
    Keyring,
    /// A 0600 file in the state directory.
    File,
    /// No rescue: what is undelivered at the end is lost.
    None,
}

/// One `[delivery.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The way.
    pub what: DeliveryWay,
    /// After which a command counts as failed.
    pub timeout: Duration,
    /// Whether a newline follows the secret.
    pub newline: bool,
}

/// The way of a delivery. Placeholders are checked for their form only; whether
/// their values fit is known when a slot is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryWay {
    /// A program, without placeholders, and its arguments, with them.
    Command(Vec<String>),
    /// An absolute path with placeholders.
    File(String),
}

/// `[screen]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// `terminal`, a theme's name, or a file.
    pub theme: String,
    /// What the theme looks like.
    pub palette: theme::Palette,
    /// Whether the mouse is taken.
    pub mouse: bool,
    /// Whether only ASCII is drawn.
    pub ascii: bool,
}

/// Why there is no configuration: `FILE:LINE: what is wrong; what to write
/// instead`, always one line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}{}: {problem}", line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct ConfigError {
    file: String,
    line: Option<usize>,
    problem: String,
    missing: bool,
}

impl ConfigError {
    fn new(path: &Path, line: Option<usize>, problem: &str) -> Self {
        Self {
            file: text::safe(&path.to_string_lossy()),
            line,
            problem: text::safe(problem),
            missing: false,
        }
    }

    /// Whether there is no such file.
    pub fn is_missing(&self) -> bool {
        self.missing
    }
}

impl Config {
    /// The error for an entry of `[keys]` that its definer refuses: an action
    /// that does not exist, a key that cannot be read, a clash.
    pub fn refuse_key(&self, action: &str, problem: &str) -> ConfigError {
        ConfigError::new(
            self.path.as_deref().unwrap_or(Path::new("configuration")),
            self.key_lines.get(action).copied(),
            problem,
        )
    }
}

/// Reads a configuration file. The names of variables that hold credentials are
/// hidden from children from here on.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let source = guard::read(path).map_err(|error| match error {
        guard::ReadError::Missing => ConfigError {
            missing: true,
            ..ConfigError::new(
                path,
                None,
                "there is no such file; name one that exists, or leave the name out",
            )
        },
        guard::ReadError::Other { line, problem } => ConfigError::new(path, line, &problem),
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    reader::read(&source.text, folder, source.distrust.as_deref())
        .map(|config| Config {
            path: Some(path.to_owned()),
            ..config
        })
        .map_err(|problem| {
            let line = problem
                .at
                .map(|at| guard::line_of(source.text.as_bytes(), at));
            ConfigError::new(path, line, &problem.text)
        })
}

/// Where the configuration is, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// `None` when nothing was named and there is no home directory.
    pub path: Option<PathBuf>,
    /// Who named it, `--config` or `ORGWARD_CONFIG`; a named file must exist.
    pub named_by: Option<&'static str>,
}

impl Location {
    /// Reads it. `None`: nobody named a file, and the usual one is not there.
    pub fn load(&self) -> Result<Option<Config>, ConfigError> {
        let Some(path) = &self.path else {
            return Ok(None);
        };
        match load(path) {
            Ok(config) => Ok(Some(config)),
            Err(error) if error.is_missing() => match self.named_by {
                None => Ok(None),
                Some(who) => Err(ConfigError {
                    problem: format!(
                        "{who} names a file that does not exist; name one that does, or leave {who} out"
                    ),
                    ..error
                }),
            },
            Err(error) => Err(error),
        }
    }
}

/// `--config`, else `ORGWARD_CONFIG`, else `config.toml` in the platform's
/// configuration directory. Never a file that merely lies in the current
/// directory.
pub fn locate(flag: Option<&Path>, env: &Environment) -> Location {
    let named = match flag {
        Some(path) => Some((path.to_owned(), "--config")),
        None => env
            .filled("ORGWARD_CONFIG")
            .map(|path| (PathBuf::from(path), "ORGWARD_CONFIG")),
    };
    match named {
        Some((path, who)) => Location {
            path: Some(path),
            named_by: Some(who),
        },
        None => Location {
            path: env.config_dir().map(|dir| dir.join("config.toml")),
            named_by: None,
        },
    }
}
