//! Add: a host, or an organization of a host that lists its organizations.
//! Nothing is written before the host was asked and its answer was seen.

use crossterm::event::{KeyCode, KeyEvent};
use url::Url;

use super::turned;
use crate::app::field::Field;
use crate::app::keys::{Command, Pressed};
use crate::app::list::AccountId;
use crate::app::masked::Masked;
use crate::app::message::{Addition, Candidate, CheckProblem, EffectId};
use crate::config::{CredentialSource, HostConfig, api_address, hostname};
use crate::credentials;
use crate::slot::Host;

/// What is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A host.
    Host,
    /// An organization of this host entry.
    Organization {
        /// The entry.
        account: AccountId,
        /// Its host.
        host: Host,
        /// Its label.
        label: Option<String>,
    },
}

/// Where a new host's credential comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// What the Terraform CLI would use.
    Terraform,
    /// A variable, whose name is typed.
    Env,
    /// A command, which is typed.
    Command,
    /// The system's keyring.
    Keyring,
    /// Typed here, and at every start.
    Ask,
}

impl Source {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Source; 5] = [
        Source::Terraform,
        Source::Env,
        Source::Command,
        Source::Keyring,
        Source::Ask,
    ];
}

/// The part of the dialog that takes the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the field of that name")]
pub enum Part {
    Place,
    Name,
    Source,
    Detail,
    Account,
    Address,
}

/// How far it is.
#[derive(Debug)]
pub enum Stage {
    /// Being typed.
    Typing,
    /// Being checked by this effect.
    Checking(EffectId),
    /// Checked, with what was found, and ready to be added.
    Checked(String, Addition),
    /// Being added by this effect.
    Adding(EffectId),
}

/// The dialog.
#[derive(Debug)]
pub struct AddDialog {
    /// What can be added.
    pub places: Vec<Place>,
    /// The chosen one.
    pub place: usize,
    /// The part that takes the keys.
    pub focus: Part,
    /// The host's or the organization's name.
    pub name: Field,
    /// The source, in [`Source::ALL`].
    pub source: usize,
    /// The variable's name, or the command.
    pub detail: Field,
    /// The credential itself.
    pub credential: Masked,
    /// The account's label.
    pub account: Field,
    /// Where its API is, if the host's name does not lead to it.
    pub address: Field,
    /// Where the host itself says that it is: on another server, to which the
    /// credential goes only when the owner takes this over.
    pub offered: Option<Url>,
    /// How far it is.
    pub stage: Stage,
    /// Why Enter did nothing.
    pub problem: Option<String>,
    /// Whether the next check hands the terminal to the credential's program.
    pub on_terminal: bool,
}

/// What the dialog wants after a key.
#[derive(Debug)]
pub enum Wanted {
    /// Nothing but a redraw.
    Stay,
    /// To be closed.
    Close,
    /// This to be checked.
    Check(Candidate),
    /// This to be added.
    Add(Addition),
}

impl AddDialog {
    /// A dialog; `places` are the host entries that list organizations.
    pub fn new(places: impl IntoIterator<Item = Place>) -> Self {
        let mut all = vec![Place::Host];
        all.extend(places);
        Self {
            places: all,
            place: 0,
            focus: Part::Name,
            name: Field::default(),
            source: 0,
            detail: Field::default(),
            credential: Masked::default(),
            account: Field::default(),
            address: Field::default(),
            offered: None,
            stage: Stage::Typing,
            problem: None,
            on_terminal: false,
        }
    }

    /// What is added.
    pub fn chosen(&self) -> &Place {
        &self.places[self.place]
    }

    /// Where the credential comes from.
    pub fn chosen_source(&self) -> Source {
        Source::ALL[self.source]
    }

    /// The parts that there are now.
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = vec![Part::Place, Part::Name];
        if self.places.len() == 1 {
            parts.remove(0);
        }
        if *self.chosen() == Place::Host {
            parts.push(Part::Source);
            if matches!(
                self.chosen_source(),
                Source::Env | Source::Command | Source::Ask
            ) {
                parts.push(Part::Detail);
            }
            parts.extend([Part::Account, Part::Address]);
        }
        parts
    }

    /// Takes a key.
    pub fn key(&mut self, pressed: Pressed) -> Wanted {
        match pressed.command {
            Some(Command::Close) => return Wanted::Close,
            Some(Command::Act) => return self.act(),
            Some(Command::Next) => self.turn(1),
            Some(Command::Previous) => self.turn(-1),
            _ if matches!(self.stage, Stage::Adding(_)) => {}
            _ => {
                if self.edit(pressed.key) {
                    self.changed();
                }
            }
        }
        Wanted::Stay
    }

    /// Takes pasted text, into the field that has the focus.
    pub fn paste(&mut self, text: &str) {
        if matches!(self.stage, Stage::Adding(_)) {
            return;
        }
        match self.focus {
            Part::Name => {
                self.name.paste(text);
                self.offered = None;
            }
            Part::Address => self.address.paste(text),
            Part::Account => self.account.paste(text),
            Part::Detail if self.chosen_source() == Source::Ask => self.credential.paste(text),
            Part::Detail => self.detail.paste(text),
            Part::Place | Part::Source => return,
        }
        self.changed();
    }

    /// What the key bar says of a command: nothing while it does nothing.
    pub fn word(&self, command: Command, usual: &'static str) -> Option<&'static str> {
        let chooses = matches!(self.focus, Part::Place | Part::Source);
        match (command, &self.stage) {
            (Command::Act, Stage::Checked(..)) => Some("add"),
            (Command::Act, Stage::Checking(_) | Stage::Adding(_)) => None,
            (Command::Earlier, _) => chooses.then_some(usual),
            _ => Some(usual),
        }
    }

    /// What was checked is not what is there now.
    fn changed(&mut self) {
        self.stage = Stage::Typing;
        self.problem = None;
        self.on_terminal = false;
    }

    fn edit(&mut self, key: &KeyEvent) -> bool {
        let by = match key.code {
            KeyCode::Left => -1,
            KeyCode::Right => 1,
            _ => 0,
        };
        match self.focus {
            Part::Place => self.place = turned(self.place, by, self.places.len()),
            Part::Source => self.source = turned(self.source, by, Source::ALL.len()),
            Part::Name => {
                let before = self.name.text().to_owned();
                let taken = self.name.key(key);
                if self.name.text() != before {
                    self.offered = None;
                }
                return taken;
            }
            Part::Address => match &self.offered {
                Some(offered) if by == 1 && self.address.text().is_empty() => {
                    self.address = Field::with(offered.as_str());
                    return true;
                }
                _ => return self.address.key(key),
            },
            Part::Account => return self.account.key(key),
            Part::Detail if self.chosen_source() == Source::Ask => return self.credential.key(key),
            Part::Detail => return self.detail.key(key),
        }
        by != 0
    }

    fn turn(&mut self, by: isize) {
        let parts = self.parts();
        let at = parts.iter().position(|part| *part == self.focus);
        self.focus = parts[turned(at.unwrap_or(0), by, parts.len())];
    }

    /// Has this part take the keys.
    pub fn go_to(&mut self, part: Part) {
        if self.parts().contains(&part) {
            self.focus = part;
        }
    }

    fn act(&mut self) -> Wanted {
        match std::mem::replace(&mut self.stage, Stage::Typing) {
            Stage::Typing => match self.candidate() {
                Ok(candidate) => return Wanted::Check(candidate),
                Err(why) => self.problem = Some(why),
            },
            Stage::Checked(words, addition) => {
                self.stage = Stage::Checked(words, addition.clone());
                return Wanted::Add(addition);
            }
            busy => self.stage = busy,
        }
        Wanted::Stay
    }

    fn candidate(&self) -> Result<Candidate, String> {
        let name = self.name.text().trim();
        if let Place::Organization { account, .. } = self.chosen() {
            return Ok(Candidate::Organization {
                account: *account,
                name: crate::config::organization_name(name)?,
            });
        }
        let detail = self.detail.text().trim();
        let source = match self.chosen_source() {
            Source::Terraform => CredentialSource::Terraform,
            Source::Env => CredentialSource::Env(detail.to_owned()),
            Source::Command => CredentialSource::Command(words(detail)?),
            Source::Keyring => CredentialSource::Keyring,
            Source::Ask => CredentialSource::Ask,
        };
        let account = match self.account.text().trim() {
            "" => None,
            label => Some(label),
        };
        let mut config = HostConfig::named(name, account, source)?;
        let address = self.address.text().trim();
        if !address.is_empty() {
            if config.address.is_some() {
                return Err("http://… is an address already; leave the other one out".to_owned());
            }
            config.address = Some(api_address(address)?);
        }
        let credential = match config.credential {
            CredentialSource::Ask => Some(
                credentials::typed(&config.host, self.credential.copy())
                    .map_err(|error| error.to_string())?,
            ),
            _ => None,
        };
        Ok(Candidate::Host {
            config: Box::new(config),
            credential,
            on_terminal: self.on_terminal,
        })
    }

    /// Whose credential goes to which other server, as it is typed now.
    pub fn goes_elsewhere(&self) -> Option<(Host, String)> {
        if *self.chosen() != Place::Host {
            return None;
        }
        let host = hostname::parse(self.name.text().trim()).ok()?;
        let address = api_address(self.address.text().trim()).ok()?;
        let goes_to = match hostname::of_url(&address) {
            Some(same) if same == host => return None,
            Some(other) => other.to_string(),
            None => address.origin().ascii_serialization(),
        };
        Some((host, goes_to))
    }

    /// Takes the answer of the check `id`.
    pub fn checked(&mut self, id: EffectId, result: Result<(String, Addition), CheckProblem>) {
        if !matches!(self.stage, Stage::Checking(checking) if checking == id) {
            return;
        }
        match result {
            Ok((words, addition)) => self.stage = Stage::Checked(words, addition),
            Err(problem) => {
                self.stage = Stage::Typing;
                self.on_terminal = problem.program;
                self.problem = Some(problem.why);
                if problem.no_credential {
                    self.go_to(Part::Source);
                }
                if let Some(elsewhere) = problem.elsewhere {
                    self.problem = Some(format!(
                        "The host says that its API is at {elsewhere}, which is another server: \
                         your credential is not sent there unasked."
                    ));
                    self.offered = Some(elsewhere);
                    self.focus = Part::Address;
                }
            }
        }
    }
}

/// The words of a typed command: blanks divide them, quotes hold them together.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("the command has a quotation mark without its end".to_owned());
    }
    words.extend(word);
    match words.first() {
        Some(program) if !program.is_empty() => Ok(words),
        _ => Err("type the command that prints the credential".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_command_is_divided_at_blanks_outside_quotes() {
        let all = |text: &str| words(text).unwrap().join("|");
        assert_eq!(
            all("op read  op://infra/tfe/token"),
            "op|read|op://infra/tfe/token"
        );
        assert_eq!(all("sh -c 'echo \"a b\"' \"\""), "sh|-c|echo \"a b\"|");
        for bad in ["", "  ", "'a", "\"\" b"] {
            assert!(words(bad).is_err(), "{bad}");
        }
    }
}
