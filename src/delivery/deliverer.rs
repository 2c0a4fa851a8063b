//! Proving a destination, then delivering to it: the two steps around a POST.
//!
//! [`Deliverer::prove`] runs before anything is sent to a server and returns a
//! [`Proven`], the only thing that can deliver. So no code path can generate a
//! token first and look for a place for its secret afterwards.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::{Mutex, mpsc};

pub use crate::config::Method;

use super::clipboard::{Keeper, KeeperError, KeeperHandle};
use super::command::{CommandDelivery, CommandError, ProvenCommand};
use super::destination::{Destination, Facts};
use super::file::{self, Existing, FileError};
use super::keyring::{self, KeyringError};
use super::osc52::{self, TerminalWrite};
use super::placeholders::{self, PlaceholderError};
use super::rescue::{RescuePlan, RescueProof, RescueTo};
use super::{Payload, keeper};
use crate::secret::Secret;
use crate::slot::Slot;
use crate::text;

/// A file system that does not answer is given up after this time.
const FILE_TIMEOUT: Duration = Duration::from_secs(30);

/// `[delivery.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A command that reads the secret from its standard input.
    Command(CommandDelivery),
    /// A file; placeholders are allowed.
    File(String),
}

/// What the environment says about where the program runs; plain facts, so
/// that a test does not need an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// `SSH_CONNECTION` or `SSH_TTY`.
    pub ssh: bool,
    /// `TMUX`: the terminal is tmux's.
    pub tmux: bool,
    /// The demo: it touches nothing of its user's, so it never chooses OSC 52 by
    /// itself and has no keyring.
    pub demo: bool,
}

impl Surroundings {
    /// As this process finds them.
    pub fn from_environment() -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        Self {
            ssh: set("SSH_CONNECTION") || set("SSH_TTY"),
            tmux: set("TMUX"),
            demo: false,
        }
    }
}

/// Everything that deliveries depend on.
#[derive(Debug)]
pub struct Settings {
    /// Which destination is the default.
    pub method: Method,
    /// The clipboard is cleared after this time; none: when it is replaced.
    pub clear_after: Option<Duration>,
    /// The configured deliveries, by name.
    pub deliveries: BTreeMap<String, Delivery>,
    /// `[rescue] to`, if it is set.
    pub rescue: Option<RescueTo>,
    /// Where rescue files go.
    pub state_dir: Option<PathBuf>,
    /// Where they go if no file can be written there (`XDG_RUNTIME_DIR`).
    pub runtime_dir: Option<PathBuf>,
    /// What a leading `~` of a typed path means; none leaves it as it is.
    pub home: Option<PathBuf>,
    /// This binary, to start the keeper (`current_exe`).
    pub program: PathBuf,
    /// Where the program runs.
    pub surroundings: Surroundings,
    /// To the writer of the frames; none without a screen.
    pub terminal: Option<mpsc::Sender<TerminalWrite>>,
}

/// Brings secrets to their destinations; clones are the same one.
#[derive(Clone)]
pub struct Deliverer(Arc<Inner>);

struct Inner {
    settings: Settings,
    plan: RescuePlan,
    /// The newest copy that is held, per keeper mode.
    holding: Mutex<BTreeMap<&'static str, KeeperHandle>>,
}

/// Why a destination cannot be used. Nothing was sent to any server.
#[derive(Debug, Error)]
pub enum ProofError {
    /// A name that is not configured.
    #[error(
        "there is no destination \"{0}\": it is none of clipboard, osc52, panel, keyring, file:PATH, and the configuration has no [delivery.{0}]"
    )]
    Unknown(String),
    /// `method = "off"`
    #[error("copying is switched off in the configuration (method = \"off\" under [clipboard])")]
    Off,
    /// The keyring, in the demo.
    #[error("the keyring is yours, and the demo touches nothing of yours")]
    Demo,
    /// No clipboard.
    #[error("the clipboard cannot be used: {0}")]
    Clipboard(#[source] KeeperError),
    /// Inside tmux, but it does not help.
    #[error("the terminal's clipboard cannot be reached through tmux: {0}")]
    Tmux(#[source] KeeperError),
    /// OSC 52 without a terminal.
    #[error("the terminal's clipboard (osc52) can be used from the screen only")]
    NoTerminal,
    /// The path does not fit the slot.
    #[error("for {slot}: {error}")]
    Path {
        /// Which slot.
        slot: Slot,
        /// What does not fit.
        #[source]
        error: PlaceholderError,
    },
    /// The file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The command could not take it.
    #[error("delivery \"{name}\" cannot be used for {slot}: {error}")]
    Command {
        /// `[delivery.NAME]`
        name: String,
        /// Which slot.
        slot: Slot,
        /// Why.
        #[source]
        error: Box<CommandError>,
    },
    /// The keyring does not work.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The system did not even answer.
    #[error("the file system did not answer within {} s", FILE_TIMEOUT.as_secs())]
    Silent,
}

/// Why a secret is not where it should be. It is still held.
#[derive(Debug, Error)]
pub enum DeliveryError {
    /// The clipboard did not take it.
    #[error("the secret was not copied to the clipboard: {0}")]
    Clipboard(#[source] KeeperError),
    /// tmux did not take it.
    #[error("the secret was not handed to tmux: {0}")]
    Tmux(#[source] KeeperError),
    /// The terminal could not be written to.
    #[error("the secret was not sent to the terminal: {0}")]
    Terminal(#[source] std::io::Error),
    /// The path does not fit.
    #[error(transparent)]
    Path(#[from] PlaceholderError),
    /// The file was not written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The command failed.
    #[error("delivery \"{name}\" did not take the secret: {error}")]
    Command {
        /// `[delivery.NAME]`
        name: String,
        /// Why.
        #[source]
        error: CommandError,
    },
    /// The keyring did not take it.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Whether the file is there cannot be told.
    #[error(
        "the file system did not answer within {} s; look whether the file is there", FILE_TIMEOUT.as_secs()
    )]
    Silent,
}

impl ProofError {
    /// Whether a file that its owner may want to replace is in the place.
    pub fn file_in_the_way(&self) -> bool {
        matches!(self, Self::File(FileError::Exists(_)))
    }
}

impl DeliveryError {
    /// Whether a file that its owner may want to replace is in the place.
    pub fn file_in_the_way(&self) -> bool {
        matches!(self, Self::File(FileError::Exists(_)))
    }
}

/// A destination that was shown to work for one slot.
pub struct Proven {
    deliverer: Deliverer,
    place: String,
    way: Way,
}

enum Way {
    /// The clipboard or tmux: the keeper's mode says which.
    Keeper(&'static str, Box<Keeper>),
    Terminal,
    Panel,
    Keyring,
    File {
        template: PathBuf,
        /// What may be replaced there was seen under this path, and no other.
        proven: PathBuf,
        existing: Existing,
    },
    Command {
        name: String,
        command: ProvenCommand,
    },
}

impl Way {
    /// For the log.
    fn kind(&self) -> &'static str {
        match self {
            Way::Keeper(mode, _) => mode,
            Way::Terminal => "osc52",
            Way::Panel => "panel",
            Way::Keyring => "keyring",
            Way::File { .. } => "file",
            Way::Command { .. } => "command",
        }
    }
}

/// Where a secret is now.
pub struct Delivered {
    /// In words: `the clipboard`, `file /x/y`.
    pub place: String,
    /// Whether it is there for certain. Not so for what was only *sent* (OSC
    /// 52, tmux) and for the panel: such a secret stays in the ledger.
    pub certain: bool,
    /// When the place is emptied, from now; none if never.
    pub clears_after: Option<Duration>,
    /// What else the owner should know; a sentence without a full stop.
    pub note: Option<String>,
    /// Who holds it, to clear it early and to learn what becomes of it.
    pub keeper: Option<KeeperHandle>,
}

impl Deliverer {
    /// Nothing is opened or started before it is needed.
    pub fn new(settings: Settings) -> Self {
        let plan = RescuePlan::new(
            settings.rescue,
            settings.state_dir.clone(),
            settings.runtime_dir.clone(),
        );
        Self(Arc::new(Inner {
            settings,
            plan,
            holding: Mutex::default(),
        }))
    }

    /// What these deliveries depend on.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The way out; for the ledger.
    pub fn rescue_plan(&self) -> &RescuePlan {
        &self.0.plan
    }

    /// Shows that the rescue works, or says why not.
    pub async fn prove_rescue(&self, slot: &Slot) -> RescueProof {
        let (plan, slot) = (self.0.plan.clone(), slot.clone());
        tokio::task::spawn_blocking(move || plan.prove(&slot))
            .await
            .unwrap_or_else(|_| RescueProof::Unproven("its test was broken off".into()))
    }

    /// Shows that a secret of this slot could be delivered; nothing is known of
    /// the secret yet. A file that is there stays.
    pub async fn prove(&self, to: &Destination, slot: &Slot) -> Result<Proven, ProofError> {
        self.prove_for(to, &Facts::of(slot), Existing::Keep).await
    }

    /// The same for a token of which more is known: a path with its id is proven
    /// as it is, so that what is asked of a file that is there is asked of that
    /// one. `existing` says whether the owner has confirmed that it goes.
    pub async fn prove_for(
        &self,
        to: &Destination,
        facts: &Facts,
        existing: Existing,
    ) -> Result<Proven, ProofError> {
        let slot = &facts.slot;
        let proof = self.way(to, facts, existing).await;
        match &proof {
            Ok(_) => tracing::info!(%slot, to = to.kind(), "destination proven"),
            Err(why) => tracing::warn!(%slot, to = to.kind(), %why, "destination not proven"),
        }
        let (place, way) = proof?;
        Ok(Proven {
            deliverer: self.clone(),
            place,
            way,
        })
    }

    async fn way(
        &self,
        to: &Destination,
        facts: &Facts,
        existing: Existing,
    ) -> Result<(String, Way), ProofError> {
        Ok(match to {
            Destination::Panel => ("the secret panel".to_owned(), Way::Panel),
            Destination::Clipboard => self.prove_clipboard().await?,
            Destination::Osc52 => self.prove_osc52().await?,
            Destination::Keyring if self.0.settings.surroundings.demo => {
                return Err(ProofError::Demo);
            }
            Destination::Keyring => {
                blocking(|| keyring::prove(keyring::PATIENCE))
                    .await
                    .unwrap_or(Err(KeyringError::BrokenOff))?;
                ("the keyring".to_owned(), Way::Keyring)
            }
            Destination::File(path) => prove_file(&self.at_home(path), facts, existing).await?,
            Destination::Named(name) => match self.0.settings.deliveries.get(name) {
                None => return Err(ProofError::Unknown(text::safe(name))),
                Some(Delivery::File(path)) => prove_file(path.as_ref(), facts, existing).await?,
                Some(Delivery::Command(command)) => {
                    let command = command.prove(facts).map_err(|error| ProofError::Command {
                        name: name.clone(),
                        slot: facts.slot.clone(),
                        error: Box::new(error),
                    })?;
                    let name = name.clone();
                    (format!("delivery {name}"), Way::Command { name, command })
                }
            },
        })
    }

    /// The file that a destination means for a slot, if it means one: two slots
    /// that lead to one path must be refused before a run.
    pub fn path_of(&self, to: &Destination, slot: &Slot) -> Result<Option<PathBuf>, ProofError> {
        let template = match to {
            Destination::File(path) => self.at_home(path),
            Destination::Named(name) => match self.0.settings.deliveries.get(name) {
                Some(Delivery::File(path)) => Cow::Borrowed(Path::new(path)),
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        fill_path(&template, &Facts::of(slot))
            .map(Some)
            .map_err(|error| ProofError::Path {
                slot: slot.clone(),
                error,
            })
    }

    /// A path that was typed, with the home directory for a leading `~/`: behind
    /// `file:` no shell has done that, and on the screen there is none. Only before
    /// anything is filled in, so that no name of a server means it.
    fn at_home<'p>(&self, path: &'p Path) -> Cow<'p, Path> {
        let home = self.0.settings.home.as_deref().and_then(Path::to_str);
        match (path.strip_prefix("~"), home) {
            (Ok(below), Some(home)) => {
                // Braces in it are no placeholders.
                let home = home.replace('{', "{{").replace('}', "}}");
                Cow::Owned(Path::new(&home).join(below))
            }
            _ => Cow::Borrowed(path),
        }
    }

    /// What must be another one for each slot of many: a path, or the words of a
    /// command. None where each slot has a place of its own in any case.
    ///
    /// # Errors
    /// Where a placeholder does not fit the slot.
    pub fn place_of(&self, to: &Destination, slot: &Slot) -> Result<Option<String>, ProofError> {
        if let Some(path) = self.path_of(to, slot)? {
            return Ok(Some(path.to_string_lossy().into_owned()));
        }
        let Destination::Named(name) = to else {
            return Ok(None);
        };
        let Some(Delivery::Command(command)) = self.0.settings.deliveries.get(name) else {
            return Ok(None);
        };
        // An id makes each one another, and is not known yet.
        let words = command.command.iter();
        if words.clone().any(|word| placeholders::has(word, "id")) {
            return Ok(None);
        }
        let facts = Facts::of(slot);
        let words: Result<Vec<_>, _> = words.map(|word| placeholders::fill(word, &facts)).collect();
        match words {
            Ok(words) => Ok(Some(words.join(" "))),
            Err(error) => Err(ProofError::Path {
                slot: slot.clone(),
                error,
            }),
        }
    }

    /// Which clipboard a key that copies means: the terminal's over SSH and where
    /// the configuration asks for it, else the system's.
    pub fn copies_to(&self) -> Destination {
        let settings = &self.0.settings;
        match settings.method {
            Method::Osc52 if settings.terminal.is_some() => Destination::Osc52,
            Method::Auto if settings.surroundings.ssh && self.may_choose_osc52() => {
                Destination::Osc52
            }
            Method::Auto | Method::System | Method::Osc52 | Method::Off => Destination::Clipboard,
        }
    }

    fn may_choose_osc52(&self) -> bool {
        let settings = &self.0.settings;
        !settings.surroundings.demo && settings.terminal.is_some()
    }

    /// Where a secret goes when nobody says, and why, in words for the dialog
    /// and for `doctor`. Looks whether the clipboard opens.
    pub async fn default_destination(&self) -> (Destination, String) {
        let method = self.0.settings.method;
        if method == Method::Off {
            let why = "copying is switched off in the configuration";
            return (Destination::Panel, why.into());
        }
        if self.copies_to() == Destination::Osc52 {
            let why = match method {
                Method::Osc52 => "the configuration asks for the terminal's clipboard",
                _ => "this is an SSH session: the clipboard is the terminal's",
            };
            return (Destination::Osc52, why.into());
        }
        match self.keeper(keeper::CLIPBOARD).await {
            Ok(_) => (Destination::Clipboard, "the clipboard opens".into()),
            Err(error) => (Destination::Panel, error.to_string()),
        }
    }

    /// Copies a text that is no secret (an organization's name): unmarked, and
    /// kept until it is replaced. Where no clipboard opens it goes to the
    /// terminal's, which is not chosen for a secret unasked.
    pub async fn copy_text(&self, words: &str) -> Result<Delivered, CopyError> {
        let (place, way) = match self.copies_to() {
            Destination::Osc52 => self.prove_osc52().await?,
            _ => match self.prove_clipboard().await {
                Err(why @ ProofError::Clipboard(_))
                    if self.0.settings.method == Method::Auto && self.may_choose_osc52() =>
                {
                    self.prove_osc52().await.map_err(|_| why)?
                }
                proof => proof?,
            },
        };
        let plain = Payload::Plain(words);
        Ok(match way {
            Way::Keeper(mode, keeper) => self.hold(mode, keeper, plain, place, None).await?,
            _ => self.send(plain, place).await?,
        })
    }

    async fn prove_clipboard(&self) -> Result<(String, Way), ProofError> {
        let way = self.keeper(keeper::CLIPBOARD).await?;
        Ok(("the clipboard".to_owned(), way))
    }

    /// A keeper that is ready.
    async fn keeper(&self, mode: &'static str) -> Result<Way, ProofError> {
        if self.0.settings.method == Method::Off {
            return Err(ProofError::Off);
        }
        match Keeper::start(&self.0.settings.program, mode).await {
            Ok(keeper) => Ok(Way::Keeper(mode, Box::new(keeper))),
            Err(error) if mode == keeper::TMUX => Err(ProofError::Tmux(error)),
            Err(error) => Err(ProofError::Clipboard(error)),
        }
    }

    async fn prove_osc52(&self) -> Result<(String, Way), ProofError> {
        let settings = &self.0.settings;
        if settings.surroundings.tmux {
            let way = self.keeper(keeper::TMUX).await?;
            return Ok(("the terminal's clipboard, through tmux".into(), way));
        }
        match (&settings.terminal, settings.method) {
            (_, Method::Off) => Err(ProofError::Off),
            (None, _) => Err(ProofError::NoTerminal),
            (Some(_), _) => Ok(("the terminal's clipboard (OSC 52)".into(), Way::Terminal)),
        }
    }

    async fn hold(
        &self,
        mode: &'static str,
        keeper: Box<Keeper>,
        payload: Payload<'_>,
        place: String,
        clear_after: Option<Duration>,
    ) -> Result<Delivered, DeliveryError> {
        let tmux = mode == keeper::TMUX;
        let held = keeper.hold(payload, clear_after).await;
        let handle = held.map_err(|error| match tmux {
            true => DeliveryError::Tmux(error),
            false => DeliveryError::Clipboard(error),
        })?;
        let old = self.0.holding.lock().await.insert(mode, handle.clone());
        if let Some(old) = old {
            old.stop().await;
        }
        Ok(Delivered {
            place,
            certain: !tmux,
            clears_after: clear_after.filter(|_| !tmux),
            note: tmux.then(|| match clear_after {
                Some(time) => format!(
                    "tmux's own copy is deleted in {} s or at quit; the terminal's clipboard is not cleared",
                    time.as_secs()
                ),
                None => "tmux's own copy is deleted at quit; the terminal's clipboard is not cleared"
                    .to_owned(),
            }),
            keeper: Some(handle),
        })
    }

    async fn send(&self, payload: Payload<'_>, place: String) -> Result<Delivered, DeliveryError> {
        let gone = || std::io::Error::new(std::io::ErrorKind::BrokenPipe, "there is no terminal");
        let terminal = self.0.settings.terminal.as_ref();
        let terminal = terminal.ok_or_else(|| DeliveryError::Terminal(gone()))?;
        osc52::send(terminal, payload.text())
            .await
            .map_err(DeliveryError::Terminal)?;
        Ok(Delivered {
            note: Some("terminals do not confirm this, and it is not cleared".into()),
            ..Delivered::at(place, false)
        })
    }
}

/// Why a text was not copied.
#[derive(Debug, Error)]
pub enum CopyError {
    /// There is nothing to copy to.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// It did not get there.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
}

impl Delivered {
    fn at(place: String, certain: bool) -> Self {
        Self {
            place,
            certain,
            clears_after: None,
            note: None,
            keeper: None,
        }
    }
}

impl Proven {
    /// Words for the dialog: `the clipboard`, `file /x/y`, `delivery vault`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Brings the secret there. On an error it is not there (or, for
    /// [`DeliveryError::Silent`], perhaps), and the caller still holds it.
    pub async fn deliver(self, secret: &Secret, facts: &Facts) -> Result<Delivered, DeliveryError> {
        let (slot, to) = (&facts.slot, self.way.kind());
        let start = Instant::now();
        let delivered = self.bring(secret, facts).await;
        let ms = start.elapsed().as_millis();
        match &delivered {
            Ok(Delivered { certain, .. }) => tracing::info!(%slot, to, certain, ms, "delivered"),
            Err(why) => tracing::error!(%slot, to, %why, ms, "not delivered"),
        }
        delivered
    }

    async fn bring(self, secret: &Secret, facts: &Facts) -> Result<Delivered, DeliveryError> {
        let Self {
            deliverer,
            place,
            way,
        } = self;
        let clear_after = deliverer.0.settings.clear_after;
        match way {
            Way::Panel => Ok(Delivered::at(place, false)),
            Way::Keeper(mode, keeper) => {
                let payload = Payload::Secret(secret);
                deliverer
                    .hold(mode, keeper, payload, place, clear_after)
                    .await
            }
            Way::Terminal => deliverer.send(Payload::Secret(secret), place).await,
            Way::Keyring => {
                let user = keyring::user(&facts.slot);
                let place = format!("the keyring (service orgward, user {user})");
                let secret = secret.clone();
                blocking(move || keyring::store(&user, &secret, keyring::PATIENCE))
                    .await
                    .unwrap_or(Err(KeyringError::BrokenOff))?;
                Ok(Delivered::at(place, true))
            }
            Way::File {
                template,
                proven,
                existing,
            } => {
                let path = fill_path(&template, facts)?;
                let existing = if path == proven {
                    existing
                } else {
                    Existing::Keep
                };
                let place = file_place(&path);
                let secret = secret.clone();
                let written = blocking(move || file::write(&path, &secret, existing));
                tokio::time::timeout(FILE_TIMEOUT, written)
                    .await
                    .ok()
                    .flatten()
                    .ok_or(DeliveryError::Silent)??;
                Ok(Delivered::at(place, true))
            }
            Way::Command { name, command } => match command.run(secret, facts).await {
                Ok(()) => Ok(Delivered::at(place, true)),
                Err(error) => Err(DeliveryError::Command { name, error }),
            },
        }
    }
}

impl std::fmt::Debug for Proven {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Proven").field(&self.place).finish()
    }
}

/// Calls that wait for a disk or a keyring, off the thread that draws. `None`
/// if the call panicked.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

async fn prove_file(
    template: &Path,
    facts: &Facts,
    existing: Existing,
) -> Result<(String, Way), ProofError> {
    let path = fill_path(template, facts).map_err(|error| ProofError::Path {
        slot: facts.slot.clone(),
        error,
    })?;
    let later = template.to_str().is_some_and(|template| {
        let missing = |name, known: bool| !known && placeholders::has(template, name);
        missing("id", facts.id.is_some()) || missing("expires_at", facts.expires_at.is_some())
    });
    let place = file_place(if later { template } else { &path });
    let proven = path.clone();
    let proof = blocking(move || file::prove(&path, existing));
    tokio::time::timeout(FILE_TIMEOUT, proof)
        .await
        .ok()
        .flatten()
        .ok_or(ProofError::Silent)??;
    let template = template.to_owned();
    let way = Way::File {
        template,
        proven,
        existing,
    };
    Ok((place, way))
}

fn file_place(path: &Path) -> String {
    format!("file {}", text::safe(&path.to_string_lossy()))
}

/// The path for these facts, absolute. A path that is not Unicode has no
/// placeholders.
fn fill_path(template: &Path, facts: &Facts) -> Result<PathBuf, PlaceholderError> {
    let path = match template.to_str() {
        Some(template) => placeholders::fill(template, facts)?.into(),
        None => template.to_owned(),
    };
    Ok(std::path::absolute(&path).unwrap_or(path))
}
