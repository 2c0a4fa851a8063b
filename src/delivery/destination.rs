//! Where a secret is to go, as the owner says it, and what is known of the
//! token when it goes there.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use jiff::Timestamp;

use crate::slot::Slot;

/// A destination by name: the `DEST` of the plain commands and of the dialogs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// The system's clipboard, held by the keeper.
    Clipboard,
    /// The clipboard of the terminal in front of the owner, by an escape
    /// sequence, or by tmux where that would swallow the sequence.
    Osc52,
    /// Kept in the secret panel until a key sends it.
    Panel,
    /// The system's keyring.
    Keyring,
    /// A new file; placeholders are allowed in it.
    File(PathBuf),
    /// `[delivery.NAME]` of the configuration.
    Named(String),
}

impl Destination {
    /// What sort of place it is, for the log: no path and no name.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Clipboard => "clipboard",
            Self::Osc52 => "osc52",
            Self::Panel => "panel",
            Self::Keyring => "keyring",
            Self::File(_) => "file",
            Self::Named(_) => "configured",
        }
    }

    /// Whether it can take the secrets of many slots, one after the other.
    pub fn holds_many(&self) -> bool {
        match self {
            Self::Clipboard | Self::Osc52 | Self::Panel => false,
            Self::Keyring | Self::File(_) | Self::Named(_) => true,
        }
    }
}

impl FromStr for Destination {
    type Err = Infallible;

    /// Every text is a destination: what is no built-in name is the name of a
    /// configured delivery, and whether that exists is found when it is proven.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "clipboard" => Self::Clipboard,
            "osc52" => Self::Osc52,
            "panel" => Self::Panel,
            "keyring" => Self::Keyring,
            other => match other.strip_prefix("file:") {
                Some(path) => Self::File(path.into()),
                None => Self::Named(other.to_owned()),
            },
        })
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clipboard => f.write_str("clipboard"),
            Self::Osc52 => f.write_str("osc52"),
            Self::Panel => f.write_str("panel"),
            Self::Keyring => f.write_str("keyring"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// What is known of a new token when its secret is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The slot it was generated in.
    pub slot: Slot,
    /// Its id, when the answer had one.
    pub id: Option<String>,
    /// The expiry that the server returned.
    pub expires_at: Option<Timestamp>,
}

impl Facts {
    /// Before the token exists: the slot alone.
    pub fn of(slot: &Slot) -> Self {
        Self {
            slot: slot.clone(),
            id: None,
            expires_at: None,
        }
    }
}

/// A point in time as it may stand in a file name or a placeholder:
/// `20270131T000000Z` (ISO 8601, basic format: a colon would not pass the rule
/// for names).
pub fn basic_time(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}
