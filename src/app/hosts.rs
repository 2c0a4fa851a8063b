//! Host entries that come while the program runs: offered at the first start,
//! or added by hand.

use super::account::{Account, Asking};
use super::dialogs::{AddDialog, Notice, OfferDialog, Offered, Place, Stage, Wanted};
use super::keys::{Command, Pressed};
use super::message::{Added, Addition, Candidate, CheckProblem, Effect, EffectId};
use super::{App, Layer};
use crate::slot::Slot;

impl App {
    /// Offers hosts, where there is no configuration yet.
    pub fn offer(&mut self, offer: OfferDialog) {
        self.layers.push(Layer::Offer(offer));
    }

    /// Whether nothing was agreed to yet.
    pub(super) fn is_offering(&self) -> bool {
        self.layers
            .iter()
            .any(|layer| matches!(layer, Layer::Offer(_)))
    }

    pub(super) fn offer_key(
        &mut self,
        mut offer: OfferDialog,
        command: Option<Command>,
    ) -> Vec<Effect> {
        let effects = match offer.key(command) {
            Offered::Declined => return vec![Effect::Decline],
            Offered::Stay => Vec::new(),
            Offered::Agreed => {
                let id = self.next_id();
                offer.writing = Some(id);
                let what = Addition::Offered(offer.entries());
                vec![Effect::Add { id, what }]
            }
        };
        self.layers.push(Layer::Offer(offer));
        effects
    }

    pub(super) fn open_add(&mut self) {
        if self.settings.demo {
            self.say_bad("--demo has made-up hosts only; start without it to add yours");
            return;
        }
        let lists = self.accounts.iter().enumerate();
        let places = lists
            .filter(|(_, account)| account.organizations.is_some())
            .map(|(at, account)| Place::Organization {
                account: at,
                host: account.host.clone(),
                label: account.label.clone(),
            });
        let dialog = AddDialog::new(places);
        self.layers.push(Layer::Add(Box::new(dialog)));
    }

    pub(super) fn add_key(&mut self, mut dialog: Box<AddDialog>, pressed: Pressed) -> Vec<Effect> {
        let effects = match dialog.key(pressed) {
            Wanted::Close => return Vec::new(),
            Wanted::Stay => Vec::new(),
            Wanted::Check(candidate) => match self.known_already(&candidate) {
                Some(why) => {
                    dialog.problem = Some(why);
                    Vec::new()
                }
                None => {
                    let id = self.next_id();
                    dialog.stage = Stage::Checking(id);
                    dialog.problem = None;
                    vec![Effect::Examine { id, candidate }]
                }
            },
            Wanted::Add(what) => {
                let id = self.next_id();
                dialog.stage = Stage::Adding(id);
                vec![Effect::Add { id, what }]
            }
        };
        self.layers.push(Layer::Add(dialog));
        effects
    }

    fn known_already(&self, candidate: &Candidate) -> Option<String> {
        match candidate {
            Candidate::Host { config, .. } => self
                .accounts
                .iter()
                .any(|known| known.host == config.host && known.label == config.account)
                .then(|| {
                    format!(
                        "{} is there already; a second entry needs another account",
                        config.host
                    )
                }),
            Candidate::Organization { account, name } => {
                let host = &self.accounts.get(*account)?.host;
                let slot = Slot::new(host, name);
                self.list
                    .row(&slot)
                    .map(|_| format!("{slot} is there already"))
            }
        }
    }

    pub(super) fn examined(
        &mut self,
        id: EffectId,
        result: Result<(String, Addition), CheckProblem>,
    ) {
        let dialog = self.layers.iter_mut().find_map(|layer| match layer {
            Layer::Add(dialog) => Some(dialog),
            _ => None,
        });
        if let Some(dialog) = dialog {
            dialog.checked(id, result);
        }
    }

    /// What was added is on the screen, whether the file could be written or not.
    pub(super) fn added(&mut self, id: EffectId, added: Added) -> Vec<Effect> {
        self.layers.retain(|layer| match layer {
            Layer::Offer(offer) => offer.writing != Some(id),
            Layer::Add(dialog) => !matches!(dialog.stage, Stage::Adding(adding) if adding == id),
            _ => true,
        });
        let mut effects = Vec::new();
        let words = match added.what {
            Addition::Offered(configs) => {
                let count = configs.len();
                for config in configs {
                    effects.extend(self.enter(Account::of(&config)));
                }
                format!("{count} host{}", if count == 1 { "" } else { "s" })
            }
            Addition::Host(config) => {
                let mut account = Account::of(&config);
                if account.asking == Asking::Wanted {
                    // It was typed for the check.
                    account.asking = Asking::Done;
                }
                effects.extend(self.enter(account));
                config.host.to_string()
            }
            Addition::Organization { account, name } => {
                let Some(entry) = self.accounts.get_mut(account) else {
                    return effects;
                };
                let slot = Slot::new(&entry.host, &name);
                entry.organizations.get_or_insert_default().push(name);
                let words = slot.to_string();
                self.list.add([(slot, account)]);
                words
            }
        };
        match added.written {
            Ok(file) => self.say(format!("{words} added to {file}")),
            Err(error) => {
                let mut lines = vec![
                    format!("{words}: on the screen until you leave."),
                    format!("{} could not be changed: {}.", error.file, error.why),
                    "To keep it, write these lines there:".to_owned(),
                ];
                lines.extend(error.paste.lines().map(|line| format!("  {line}")));
                self.layers.push(Layer::Notice(Notice {
                    title: "Not written".to_owned(),
                    lines,
                    bad: true,
                    next: None,
                }));
            }
        }
        effects
    }

    fn enter(&mut self, account: Account) -> Vec<Effect> {
        self.accounts.push(account);
        self.ask_for_organizations(self.accounts.len() - 1)
    }
}
