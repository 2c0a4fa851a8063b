//! A host with one organization, and an owner who acts on it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use orgward::action::{Act, Actor, Control, Order, Outcome, Step};
use orgward::api::{Limits, Urgency};
use orgward::config::{CredentialSource, HostConfig, Organizations};
use orgward::credentials::Environment;
use orgward::delivery::{
    CommandDelivery, Deliverer, Delivery, Destination, Method, RescueTo, Settings, Surroundings,
    TerminalWrite,
};
use orgward::demo::{
    Answer, EmbeddedHost, Fault, FaultRule, Flag, Flavour, HostHandle, HostOptions, Limit,
    OrganizationSeed, Reply, RequestRecord, TokenSeed, TokenView,
};
use orgward::expiry::{Expiry, Length};
use orgward::fleet::{Fleet, Source};
use orgward::journal::{Event, Journal, Record};
use orgward::secret::Secret;
use orgward::slot::{Host, Identity, Kind, Slot, Time};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::judge;

pub const ORGANIZATION: &str = "acme";
/// The route of the slot's token, as fault rules see it.
pub const TOKEN: &str = "organizations/acme/authentication-token";
/// The route of the organization's document.
pub const DOCUMENT: &str = "organizations/acme?";
/// The route that tells whose credential is in use.
pub const ACCOUNT: &str = "account/details";

/// Where the owner's credential comes from.
pub const VARIABLE: &str = "OWNER_CREDENTIAL";
/// Where that of another entry comes from.
pub const ANOTHER: &str = "ANOTHER_CREDENTIAL";

/// Which server, and which of its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ground {
    Hcp,
    HcpAuditTrails,
    Enterprise,
    Bare,
}

impl Ground {
    pub const ALL: [Ground; 4] = [
        Ground::Hcp,
        Ground::HcpAuditTrails,
        Ground::Enterprise,
        Ground::Bare,
    ];

    pub fn flavour(self) -> Flavour {
        match self {
            Ground::Hcp | Ground::HcpAuditTrails => Flavour::Hcp,
            Ground::Enterprise => Flavour::Enterprise,
            Ground::Bare => Flavour::Bare,
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Ground::Hcp => "HCP Terraform",
            Ground::HcpAuditTrails => "HCP Terraform's audit trail token",
            Ground::Enterprise => "Terraform Enterprise",
            Ground::Bare => "a bare server",
        }
    }

    pub fn kind(self) -> Kind {
        match self {
            Ground::HcpAuditTrails => Kind::AuditTrails,
            _ => Kind::Organization,
        }
    }
}

/// What the owner wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// A token for an empty slot.
    Generate,
    /// A token for an occupied one.
    Replace,
    /// A token for a slot that answers 404 and hides one.
    ReplaceUnclear,
    /// No token any more.
    Delete,
}

impl Deed {
    pub const ALL: [Deed; 4] = [
        Deed::Generate,
        Deed::Replace,
        Deed::ReplaceUnclear,
        Deed::Delete,
    ];

    pub fn method(self) -> &'static str {
        match self {
            Deed::Delete => "DELETE",
            _ => "POST",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Deed::Generate => "generate",
            Deed::Replace => "replace",
            Deed::ReplaceUnclear => "replace of unclear",
            Deed::Delete => "delete",
        }
    }
}

/// Who authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// olivia, an owner.
    Owner,
    /// The organization's own token.
    OwnToken,
    /// Somebody whose credential is not accepted any more.
    Revoked,
}

/// A write as it arrived at the host.
pub struct Witness {
    /// Whether the journal's last line was its intent by then.
    pub intent_on_disk: bool,
    /// What the slot held before.
    pub found: Option<TokenView>,
    /// What it held when the host had acted; `None` if the host did not act.
    pub left: Option<Option<TokenView>>,
}

impl Witness {
    /// Whether the host did what was asked for.
    pub fn acted(&self) -> bool {
        self.left.as_ref().is_some_and(|left| {
            let id = |view: &Option<TokenView>| view.as_ref().map(|view| view.id.clone());
            id(left) != id(&self.found)
        })
    }
}

/// What became of an order, and the steps that the screen showed.
pub struct Told {
    pub outcome: Outcome,
    pub steps: Vec<Step>,
}

/// How a stage is set up.
pub struct Plan {
    pub ground: Ground,
    pub deed: Deed,
    pub credential: Credential,
    /// Who authenticates for another entry of the host, and the organizations that
    /// it is for.
    pub another: Option<(Credential, Organizations)>,
    pub rescue: RescueTo,
    pub limits: Limits,
    pub method: Method,
    /// To the writer of the frames.
    pub terminal: Option<mpsc::Sender<TerminalWrite>>,
    /// More deliveries than `keep`, which stores the secret in `kept`.
    pub deliveries: Vec<(&'static str, Delivery)>,
}

impl Plan {
    pub fn new(ground: Ground, deed: Deed) -> Self {
        Self {
            ground,
            deed,
            credential: Credential::Owner,
            another: None,
            rescue: RescueTo::File,
            limits: Limits {
                // Reads are sent again elsewhere; here each look is one request.
                tries: 1,
                backoff: Duration::from_millis(1),
                longest_wait: Duration::from_millis(1),
                most_waits: 0,
                ..Limits::default()
            },
            method: Method::Off,
            terminal: None,
            deliveries: Vec::new(),
        }
    }

    pub async fn stage(self) -> Stage {
        Stage::new(self).await
    }
}

/// A command delivery by the shell, with one argument.
pub fn shell(script: &str, argument: &str) -> Delivery {
    let command = ["/bin/sh", "-c", script, "sh", argument];
    Delivery::Command(CommandDelivery {
        command: command.map(str::to_owned).into(),
        timeout: Duration::from_secs(30),
        newline: false,
    })
}

type Extra = Arc<dyn Fn(&HostHandle, &RequestRecord) + Send + Sync>;

/// The scene of one action.
pub struct Stage {
    pub deed: Deed,
    pub host: HostHandle,
    server: Mutex<Option<EmbeddedHost>>,
    /// How often the token of an unclear slot was hidden.
    hidden: Arc<AtomicUsize>,
    pub actor: Actor,
    pub slot: Slot,
    /// What the owner saw when deciding.
    pub shown: Identity,
    pub folder: TempDir,
    pub witnesses: Arc<Mutex<Vec<Witness>>>,
    pub control: Control,
    /// Whether this scene keeps the outcome from being recorded.
    pub journal_breaks: bool,
}

impl Stage {
    async fn new(plan: Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = start(&plan).await;
        let host = server.handle();
        let credential = of(&host, plan.credential);
        let another = plan
            .another
            .map(|(who, organizations)| (of(&host, who), organizations));
        let shown_name = Host::new("tfe.test");
        let config = HostConfig {
            credential: CredentialSource::Env(VARIABLE.into()),
            address: Some(host.address()),
            organizations: Organizations::Listed(vec![ORGANIZATION.into()]),
            ..HostConfig::new(shown_name.clone())
        };
        let mut variables = vec![(VARIABLE.into(), credential.expose().into())];
        let mut hosts = vec![(config, Source::Configured)];
        if let Some((credential, organizations)) = another {
            variables.push((ANOTHER.into(), credential.expose().into()));
            let config = HostConfig {
                account: Some("ci".into()),
                credential: CredentialSource::Env(ANOTHER.into()),
                address: Some(host.address()),
                organizations,
                ..HostConfig::new(shown_name.clone())
            };
            hosts.push((config, Source::Configured));
        }
        let environment = Environment::new(variables.into_iter().collect(), None);
        let mut fleet = Fleet::new(hosts, environment, false, Vec::new());
        fleet.limits = plan.limits;
        let state = folder.path().join("state");
        let kept = folder.path().join("kept");
        let mut deliveries = vec![("keep", shell("cat > \"$1\"", kept.to_str().unwrap()))];
        deliveries.extend(plan.deliveries);
        let deliverer = Deliverer::new(Settings {
            method: plan.method,
            clear_after: None,
            deliveries: deliveries
                .into_iter()
                .map(|(name, delivery)| (name.to_owned(), delivery))
                .collect(),
            rescue: Some(plan.rescue),
            state_dir: Some(state.clone()),
            runtime_dir: None,
            home: None,
            // No keeper is started in these tests.
            program: folder.path().join("no-program"),
            surroundings: Surroundings::default(),
            terminal: plan.terminal,
        });
        let mut actor = Actor::new(Arc::new(fleet), deliverer, Journal::in_directory(&state));
        actor.settle = Duration::from_millis(2);
        let slot = Slot {
            kind: plan.ground.kind(),
            ..Slot::new(&shown_name, ORGANIZATION)
        };
        let mut stage = Self {
            deed: plan.deed,
            host,
            server: Mutex::new(Some(server)),
            hidden: Arc::default(),
            actor,
            slot,
            shown: Identity::None,
            folder,
            witnesses: Arc::default(),
            control: Control::default(),
            journal_breaks: false,
        };
        stage.faults(Vec::new());
        stage.shown = stage.look().await;
        stage.host.forget_requests();
        stage.on_request(|_, _| {});
        stage
    }

    /// What the owner sees in the slot.
    async fn look(&self) -> Identity {
        if self.slot.kind == Kind::AuditTrails {
            // Only after an answer is the host known to have audit trails.
            let organization = Slot::new(&self.slot.host, ORGANIZATION);
            self.actor.fleet.read(&organization, Urgency::Owner).await;
        }
        let reading = self.actor.fleet.read(&self.slot, Urgency::Owner).await;
        let shown = reading.identity().expect("the slot can be read");
        match (self.deed, &shown) {
            (Deed::Generate, Identity::None)
            | (Deed::Replace | Deed::Delete, Identity::Token { .. })
            | (Deed::ReplaceUnclear, Identity::Unclear) => shown,
            other => panic!("{other:?}"),
        }
    }

    /// Sets the faults; the one that hides the token of an unclear slot stays.
    pub fn faults(&self, mut faults: Vec<FaultRule>) {
        if self.deed == Deed::ReplaceUnclear {
            let count = self.hidden.clone();
            let hidden = Fault::Instead(Reply::edited(move |answer| {
                count.fetch_add(1, Ordering::SeqCst);
                *answer = Answer::empty(404);
            }));
            faults.push(FaultRule::on("GET", TOKEN, hidden).always());
        }
        self.host.set_faults(faults);
    }

    /// How many requests met a fault that was set.
    pub fn faults_met(&self) -> usize {
        self.host.faults_met() - self.hidden.load(Ordering::SeqCst)
    }

    /// Runs when a request arrives, beside the witnesses.
    pub fn on_request(&self, extra: impl Fn(&HostHandle, &RequestRecord) + Send + Sync + 'static) {
        let extra: Extra = Arc::new(extra);
        let kind = self.slot.kind;
        let (witnesses, journal) = (self.witnesses.clone(), self.actor.journal.clone());
        self.host.before_each(move |host, request| {
            if request.method != "GET" {
                let last = journal.records().unwrap_or_default().pop();
                witnesses.lock().unwrap().push(Witness {
                    intent_on_disk: last.is_some_and(|last| {
                        last.organization == ORGANIZATION
                            && matches!(last.event, Event::Intent { .. })
                    }),
                    found: host.holds(ORGANIZATION, kind),
                    left: None,
                });
            }
            extra(host, request);
        });
        self.after_request(|_, _| {});
    }

    /// Runs when the host has acted on a request, before it answers.
    pub fn after_request(
        &self,
        extra: impl Fn(&HostHandle, &RequestRecord) + Send + Sync + 'static,
    ) {
        let kind = self.slot.kind;
        let witnesses = self.witnesses.clone();
        self.host.after_each(move |host, request| {
            if request.method != "GET" {
                let mut all = witnesses.lock().unwrap();
                all.last_mut().unwrap().left = Some(host.holds(ORGANIZATION, kind));
            }
            extra(host, request);
        });
    }

    /// The order for this stage's deed, its secret to go to `to`.
    pub fn order(&self, to: Destination) -> Order {
        Order {
            slot: self.slot.clone(),
            act: match self.deed {
                Deed::Delete => Act::Delete,
                _ => Act::New {
                    expiry: Expiry::In(Length::days(30)),
                    to,
                },
            },
            shown: self.shown.clone(),
            last_use: Time::Unknown,
            needs_rescue: false,
            without_journal: false,
        }
    }

    /// Performs the deed and has what is told judged by the truth.
    pub async fn perform(&self, to: Destination) -> Told {
        self.perform_order(self.order(to)).await
    }

    pub async fn perform_order(&self, order: Order) -> Told {
        self.watched(order, |_| {}).await
    }

    /// Performs an order; `step` is told of each step as it is reported.
    pub async fn watched(&self, order: Order, step: impl Fn(&Step) + Send + Sync) -> Told {
        let steps = Mutex::new(Vec::new());
        let report = |reported: Step| {
            step(&reported);
            steps.lock().unwrap().push(reported);
        };
        let outcome = self
            .actor
            .perform(order.clone(), &self.control, &report)
            .await;
        let told = Told {
            outcome,
            steps: steps.into_inner().unwrap(),
        };
        judge::judge(self, &order, &told);
        told
    }

    /// What the slot holds in truth.
    pub fn holds(&self) -> Option<TokenView> {
        self.host.holds(ORGANIZATION, self.slot.kind)
    }

    /// The host goes away; what it knew can still be looked at.
    pub fn stop_host(&self) {
        self.server.lock().unwrap().take();
    }

    /// How many writes reached the host.
    pub fn writes(&self) -> usize {
        self.witnesses.lock().unwrap().len()
    }

    pub fn records(&self) -> Vec<Record> {
        self.actor.journal.records().unwrap_or_default()
    }

    pub fn journal_file(&self) -> PathBuf {
        self.folder.path().join("state/journal.jsonl")
    }

    /// A file for the secret, not there yet.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("secret")
    }

    /// Whether exactly this secret is in the place of a destination.
    pub fn stored(&self, to: &Destination, secret: &Secret) -> bool {
        let path = match to {
            Destination::File(path) => path.clone(),
            Destination::Named(name) if name == "keep" => self.folder.path().join("kept"),
            _ => return false,
        };
        std::fs::read(path).is_ok_and(|bytes| bytes == secret.expose().as_bytes())
    }
}

fn of(host: &HostHandle, credential: Credential) -> Secret {
    match credential {
        Credential::Owner => host.credential(),
        Credential::OwnToken => host
            .replace_as_other(ORGANIZATION, Kind::Organization)
            .unwrap(),
        Credential::Revoked => {
            let credential = host.issue_credential("olivia").unwrap();
            host.revoke(&credential);
            credential
        }
    }
}

async fn start(plan: &Plan) -> EmbeddedHost {
    let token = TokenSeed {
        used: Some(SignedDuration::from_hours(3)),
        ..TokenSeed::new(SignedDuration::from_hours(24 * 100))
    };
    let mut seed = OrganizationSeed::new(ORGANIZATION);
    seed.audit_logging = true;
    seed.policy = Some(Duration::from_secs(24 * 60 * 60 * 365));
    if plan.deed != Deed::Generate {
        match plan.ground.kind() {
            Kind::Organization => seed.token = Some(token),
            Kind::AuditTrails => seed.audit_token = Some(token),
        }
    }
    if plan.deed == Deed::ReplaceUnclear {
        seed.flag = match plan.ground {
            Ground::Bare => Flag::Omitted,
            _ => Flag::False,
        };
    }
    let options = HostOptions::new(plan.ground.flavour(), vec![seed]);
    EmbeddedHost::start(HostOptions {
        // So that the client's pace is none.
        limit: options.limit.map(|_| Limit {
            requests: 1_000_000,
            window: Duration::from_secs(1),
        }),
        ..options
    })
    .await
    .unwrap()
}
