//! Whatever is pressed, answered and lost, in whatever order and window: no
//! panic, and the promises hold (the driver looks at each step).

use std::cell::RefCell;
use std::time::Duration;

use jiff::SignedDuration;
use orgward::action::{After, Delivery, NotDone, Outcome, Step};
use orgward::app::message::{
    Added, Addition, Candidate, CheckProblem, Gone, ManyPreparation, Preparation, Reply,
};
use orgward::app::{Account, Effect, Layer, Message, Settings};
use orgward::delivery::Destination;
use orgward::fleet::HostNews;
use orgward::fleet::Own;
use orgward::slot::{Found, Host, Identity, Reading, Slot};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use crate::driver::Owner;
use crate::world::*;

/// One thing that happens. Numbers choose among what is there at the time.
#[derive(Clone, Debug)]
enum Happening {
    Keys(&'static str),
    /// What the dialog on top asks for.
    Confirm,
    /// The answer to the dialog on top.
    Hear(usize),
    Paste(String),
    Size(u16, u16),
    Focus(bool),
    Wait(u64),
    Reply(usize, usize),
    Step(usize),
    Gone(usize),
    /// On one of the places that were drawn.
    Click(usize),
    Wheel(bool),
}

fn happening() -> impl Strategy<Value = Happening> {
    let keys = vec![
        "j", "k", "G", "g", "n", "d", "H", "c", "y", "/", "s", "S", "r", "R", "o", "?", "x", "v",
        "w", "p", "t", "s", "<enter>", "<esc>", "<tab>", "<s-tab>", "<left>", "<right>", "<up>",
        "<down>", "<bs>", "<pgdn>", "<pgup>", "<home>", "<end>", "<f1>", "<c-z>", "<a-k>", "90d",
        "ac", "é", " ", "*", "2", "3", "a", "組", "M", "h", "l",
    ];
    let out = vec![
        "q",
        "<c-c>",
        "lose<enter>",
        "<esc>lose<enter>",
        "<esc>lose<enter>",
    ];
    prop_oneof![
        12 => select(keys).prop_map(Happening::Keys),
        2 => select(out).prop_map(Happening::Keys),
        8 => select(vec!["<esc>n", "<esc>jn", "<esc>kd", "<esc>/ac<enter>n", "<esc><esc>n"]).prop_map(Happening::Keys),
        6 => select(vec!["<esc><esc>*n", "<esc><esc>*d", "<esc>  n"]).prop_map(Happening::Keys),
        8 => Just(Happening::Confirm),
        6 => any::<usize>().prop_map(Happening::Hear),
        1 => any::<String>().prop_map(Happening::Paste),
        1 => (1u16..=90, 1u16..=26).prop_map(|(w, h)| Happening::Size(w, h)),
        1 => (1u16..=300, 1u16..=60).prop_map(|(w, h)| Happening::Size(w, h)),
        1 => any::<bool>().prop_map(Happening::Focus),
        2 => (0u64..40).prop_map(Happening::Wait),
        16 => (any::<usize>(), any::<usize>()).prop_map(|(which, what)| Happening::Reply(which, what)),
        3 => any::<usize>().prop_map(Happening::Step),
        1 => any::<usize>().prop_map(Happening::Gone),
        2 => any::<usize>().prop_map(Happening::Click),
        1 => any::<bool>().prop_map(Happening::Wheel),
    ]
}

fn reading(what: usize) -> Reading {
    match what % 9 {
        0 => none(),
        1 => unclear(),
        2 => found(Found::Failed, Some("it did not answer")),
        3 => found(Found::Unauthorized, None),
        4 => found(
            if what.is_multiple_of(2) {
                Found::NoAccess
            } else {
                Found::NotVisible
            },
            None,
        ),
        n => there(token(&format!("at-{}", n + what % 3))),
    }
}

fn known(what: usize) -> Preparation {
    let mut known = preparation();
    known.default = what % 8;
    known.own = [Own::No, Own::Yes, Own::Unknown][what % 3];
    known.rescue_proven = !what.is_multiple_of(2);
    known.policy =
        (!what.is_multiple_of(4)).then(|| Duration::from_secs((what % 400) as u64 * 86_400));
    if what.is_multiple_of(5) {
        known.choices[0].problem = Some("there is no display".into());
    }
    if what.is_multiple_of(11) {
        known.choices.clear();
    }
    known
}

fn many_known(what: usize, count: usize) -> ManyPreparation {
    let mut known = many(count);
    known.default = what % 8;
    for (at, slot) in known.slots.iter_mut().enumerate() {
        slot.own = [Own::No, Own::Yes, Own::Unknown][(what + at) % 3];
        slot.policy =
            (!what.is_multiple_of(4)).then(|| Duration::from_secs((what % 400) as u64 * 86_400));
    }
    known
}

fn became(what: usize, slot: &Slot, before: Identity) -> Outcome {
    let why = || "the connection was lost".to_owned();
    match what % 19 {
        18 => Outcome::NotDone(NotDone::Journal("the disk is full".into())),
        0 => Outcome::Deleted { note: None },
        1 => Outcome::NotDone(NotDone::Stopped),
        2 => Outcome::NotDone(NotDone::Changed(reading(what / 12))),
        3 => Outcome::NotDone(NotDone::Unreadable(reading(what / 12))),
        4 => Outcome::Refused {
            status: 422,
            words: why(),
            after: After::Same,
        },
        5 => Outcome::NothingHappened {
            why: why(),
            sent: true,
        },
        6 => Outcome::SecretLost {
            was_empty: what.is_multiple_of(24),
            now: token("at-lost"),
            note: None,
        },
        7 => Outcome::Gone { note: Some(why()) },
        8 => Outcome::CannotTell { why: why() },
        n => {
            let delivery = match n {
                9..=12 => Delivery::Kept,
                13..=15 => Delivery::Delivered(if what.is_multiple_of(5) {
                    by_osc52()
                } else {
                    on_clipboard()
                }),
                _ => Delivery::Failed {
                    to: Destination::Keyring,
                    why: why(),
                },
            };
            let mut done = generated(slot, before, delivery);
            done.note = what.is_multiple_of(7).then(why);
            done.can_store = what.is_multiple_of(3);
            Outcome::Generated(Box::new(done))
        }
    }
}

fn away(what: usize) -> Option<String> {
    what.is_multiple_of(6)
        .then(|| "tfe.corp.example: cannot connect".to_owned())
}

/// How the host entries are doing.
fn hosts(what: usize) -> Vec<HostNews> {
    let news = |what: usize| HostNews {
        away: away(what),
        clock: SignedDuration::from_hours([0, 0, 5, -5000][what % 4]),
        pause: what.is_multiple_of(5).then(|| Duration::from_secs(7)),
    };
    vec![news(what / 7), news(what), news(what / 3)]
}

/// The answer to an effect, if it has one.
fn answer(effect: &Effect, what: usize) -> Option<Message> {
    let (id, reply) = match effect {
        Effect::List { id, .. } => {
            let seen = ["acme", "beta", "組織", "delta"];
            let listed = match what % 5 {
                0 => Err("it cannot be listed".to_owned()),
                n => Ok(names(&seen[..n])),
            };
            (*id, Reply::Listed(listed))
        }
        Effect::Read { id, .. } => (*id, Reply::Read(std::sync::Arc::new(reading(what)))),
        Effect::Prepare { id, .. } => (*id, Reply::Prepared(Box::new(known(what)))),
        Effect::PrepareMany { id, slots } => {
            let known = many_known(what, slots.len());
            (*id, Reply::PreparedMany(Box::new(known)))
        }
        Effect::Check { id, .. } => {
            let checked = match what % 5 {
                0 => Err("two of them lead to one path".to_owned()),
                _ => Ok(()),
            };
            (*id, Reply::Checked(checked))
        }
        Effect::Perform { id, order } => {
            let outcome = became(what, &order.slot, order.shown.clone());
            (*id, Reply::Outcome(Box::new(outcome)))
        }
        Effect::Deliver { id, to, .. } => {
            let delivered = match what % 4 {
                0 => Err(failed("it failed", what.is_multiple_of(8).then_some(to))),
                1 => Ok(on_clipboard()),
                2 => Ok(by_osc52()),
                _ => Ok(in_file()),
            };
            (*id, Reply::Delivered(delivered))
        }
        Effect::Store { id, .. } => {
            let stored = match what % 2 {
                0 => Err("it was not changed".to_owned()),
                _ => Ok(in_file()),
            };
            (*id, Reply::Stored(stored))
        }
        Effect::Who { id, .. } => (*id, Reply::Who(Ok("api-org-acme".into()))),
        Effect::CopyName { id, .. } => (*id, Reply::Done(Ok("copied".into()))),
        Effect::LookBack { id } => {
            let orders = vec![left_open("replace", None, &[]); what % 2];
            let lines = vec!["a rescued secret".into(); what % 3];
            (*id, Reply::Unfinished { orders, lines })
        }
        Effect::ReadJournal { id } => {
            let entries = (0..what % 40)
                .map(|n| entry(n, "replace", None, &[]))
                .collect();
            (*id, Reply::Journal(Ok(entries)))
        }
        Effect::Examine { id, candidate } => {
            let checked = match candidate {
                _ if what.is_multiple_of(3) => Err(CheckProblem {
                    why: "it is not there".into(),
                    program: what.is_multiple_of(2),
                    no_credential: what.is_multiple_of(4),
                    elsewhere: None,
                }),
                Candidate::Host { config, .. } => Ok(Addition::Host(config.clone())),
                Candidate::Organization { account, name } => Ok(Addition::Organization {
                    account: *account,
                    name: name.clone(),
                }),
            };
            let checked = checked.map(|addition| ("olivia".to_owned(), addition));
            (*id, Reply::Examined(checked))
        }
        Effect::Add { id, what } => {
            let (what, written) = (what.clone(), Ok("/f".to_owned()));
            (*id, Reply::Added(Box::new(Added { what, written })))
        }
        Effect::OnTerminal { account } => {
            let result = match what % 2 {
                0 => Ok(()),
                _ => Err("it ended with exit code 1".to_owned()),
            };
            return Some(Message::Obtained(*account, result));
        }
        Effect::Identify { id, .. } => (*id, Reply::Identified(what.is_multiple_of(2))),
        Effect::Reach { id, .. } => (*id, Reply::Reached(away(what))),
        Effect::Stop { .. }
        | Effect::Hold { .. }
        | Effect::Release { .. }
        | Effect::LetGo { .. }
        | Effect::Give { .. }
        | Effect::Retry { .. }
        | Effect::Remember { .. }
        | Effect::StopProgram
        | Effect::Seen { .. }
        | Effect::Decline
        | Effect::Suspend
        | Effect::Leave => return None,
    };
    Some(Message::Reply(id, reply))
}

/// The secrets that a server has handed out and that nobody can give again.
struct Ledger {
    held: Vec<orgward::delivery::HoldId>,
}

impl Ledger {
    /// A secret that is neither safe nor knowingly let go is in a panel.
    fn check(&mut self, owner: &Owner, effects: &[Effect]) {
        for layer in &owner.app.layers {
            if let Layer::Panel(panel) = layer {
                if panel.is_delivered() {
                    self.held.retain(|hold| *hold != panel.hold());
                } else if !self.held.contains(&panel.hold()) {
                    self.held.push(panel.hold());
                }
            }
        }
        for effect in effects {
            if let Effect::LetGo { hold, .. } = effect {
                self.held.retain(|held| held != hold);
            }
        }
        for hold in &self.held {
            let there = owner
                .app
                .layers
                .iter()
                .any(|layer| matches!(layer, Layer::Panel(panel) if panel.hold() == *hold));
            assert!(there, "a secret was lost");
        }
    }
}

/// The keys that type a slot's name into its dialog and confirm it.
fn clean(slot: &Slot) -> String {
    format!("<end>{}{}<enter>", "<bs>".repeat(60), slot.organization)
}

fn live(happenings: Vec<Happening>, read_only: bool, ascii: bool, reached: &mut Reached) {
    let settings = Settings {
        read_only,
        ascii,
        mouse: true,
        ..settings()
    };
    let accounts = vec![
        account(&["acme", "beta", "gamma"]),
        Account::new(Host::new("tfe.corp.example"), None, None),
        Account::new(Host::new(HOST), Some("other".into()), None),
    ];
    let mut owner = Owner::new(settings, accounts, (80, 24));
    for (n, name) in ["acme", "beta", "gamma"].into_iter().enumerate() {
        owner.read(name, reading(6 * n + happenings.len()));
    }
    let mut open = owner.effects();
    let mut ledger = Ledger { held: Vec::new() };
    for happening in happenings {
        match happening {
            Happening::Keys(keys) => {
                owner.press(keys);
            }
            Happening::Confirm => {
                // Else hardly any dialog for many would come as far.
                if let Some(Layer::Many(_)) = owner.app.layers.last() {
                    owner.read_again();
                }
                let keys = match owner.app.layers.last() {
                    Some(Layer::New(dialog)) => clean(&dialog.slot),
                    Some(Layer::Delete(dialog)) => clean(&dialog.slot),
                    Some(Layer::Many(dialog)) => {
                        format!("<end><bs><bs><bs>{}<enter>", dialog.items.len())
                    }
                    Some(Layer::Leave(_)) => "lose<enter>".to_owned(),
                    Some(Layer::Panel(_)) => "<esc>".to_owned(),
                    _ => continue,
                };
                owner.press(&keys);
            }
            Happening::Hear(what) => {
                if let Some(Layer::Many(dialog)) = owner.app.layers.last() {
                    let (id, count) = (dialog.preparing, dialog.items.len());
                    let known = many_known(what, count);
                    owner.reply(id, Reply::PreparedMany(Box::new(known)));
                    owner.read_again();
                    continue;
                }
                let id = match owner.app.layers.last() {
                    Some(Layer::New(dialog)) => dialog.preparing,
                    Some(Layer::Delete(dialog)) => dialog.preparing,
                    _ => continue,
                };
                owner.reply(id, Reply::Prepared(Box::new(known(what))));
            }
            Happening::Paste(text) => {
                owner.paste(&text);
            }
            Happening::Size(width, height) => {
                owner.size(width, height);
            }
            Happening::Focus(focused) => owner.send(Message::Focus(focused)),
            Happening::Wait(seconds) => {
                // Now and then there is news of the hosts after a while.
                if seconds % 4 == 0 {
                    owner.send(Message::Hosts(hosts(seconds as usize)));
                }
                owner.wait(seconds);
            }
            Happening::Reply(which, what) if !open.is_empty() => {
                // Mostly the latest: a dialog hears before it is closed.
                let at = if which.is_multiple_of(4) {
                    which % open.len()
                } else {
                    open.len() - 1
                };
                let effect = open.remove(at);
                // Slots stay as they are as often as not.
                let same = match &effect {
                    Effect::Read { id, slot, .. } if what.is_multiple_of(2) => {
                        let row = owner.app.list.row(slot);
                        let known = row.and_then(|row| row.reading.clone());
                        known.map(|known| Message::Reply(*id, Reply::Read(known)))
                    }
                    _ => None,
                };
                if let Some(message) = same.or_else(|| answer(&effect, what)) {
                    owner.send(message);
                }
            }
            Happening::Step(what) => {
                let steps = [
                    Step::Proving,
                    Step::Comparing,
                    Step::Recording,
                    Step::Writing,
                    Step::Waiting(Duration::from_secs((what % 50) as u64)),
                    Step::FindingOut,
                    Step::Delivering,
                ];
                if let Some(running) = &owner.app.running {
                    let id = running.id;
                    owner.send(Message::Step(id, steps[what % steps.len()].clone()));
                }
            }
            Happening::Gone(what) => {
                let gone = [Gone::Cleared, Gone::Replaced, Gone::Unknown][what % 3];
                if let Some(hold) = ledger.held.first() {
                    owner.send(Message::ClipboardGone(*hold, gone));
                }
            }
            Happening::Click(which) => {
                let (_, hits) = owner.drawn();
                let all: Vec<_> = hits.all().collect();
                if let Some((area, _)) = all.get(which % all.len().max(1)) {
                    // What is drawn there last is hit; a box over it is nothing.
                    if let Some(target) = hits.at(area.x, area.y).cloned() {
                        owner.send(Message::Click(target));
                    }
                }
            }
            Happening::Wheel(down) => {
                owner.wheel(down);
            }
            Happening::Reply(..) => {}
        }
        let effects = owner.effects();
        ledger.check(&owner, &effects);
        reached.count(&owner, &effects);
        if effects.iter().any(|effect| matches!(effect, Effect::Leave)) {
            assert!(ledger.held.is_empty(), "left with a secret");
            return;
        }
        let silent =
            |effect: &Effect| matches!(effect, Effect::Retry { .. } | Effect::Remember { .. });
        // What a dialog must know is heard before its many looks are.
        let (looks, others): (Vec<_>, Vec<_>) = effects
            .into_iter()
            .filter(|effect| !silent(effect))
            .partition(|effect| matches!(effect, Effect::Read { .. }));
        open.extend(looks.into_iter().chain(others));
        let looks = |account| {
            let rows = owner.app.list.rows().iter();
            rows.filter(|row| row.account == account && row.pending.is_some())
                .count()
        };
        assert!((0..3).all(|account| looks(account) <= 17));
        assert!((0..3).all(|account| looks(account) == owner.app.list.under_way(account)));
        owner.screen();
    }
}

#[test]
fn no_way_through_the_screen_breaks_a_promise() {
    let ways = (
        proptest::collection::vec(happening(), 1..100),
        prop::bool::weighted(0.1),
        any::<bool>(),
    );
    let config = ProptestConfig {
        cases: 240,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let reached = RefCell::new(Reached::default());
    // The same ways each time: what fails here fails for everybody.
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, random)
        .run(&ways, |(happenings, read_only, ascii)| {
            live(happenings, read_only, ascii, &mut reached.borrow_mut());
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    // Or nothing of interest was looked at.
    let reached = reached.into_inner();
    assert!(
        reached.orders > 20
            && reached.runs > 20
            && reached.panels > 20
            && reached.let_go > 0
            && reached.away > 20
            && reached.left > 10,
        "{reached:?}"
    );
}

/// How far the ways led.
#[derive(Debug, Default)]
struct Reached {
    orders: usize,
    runs: usize,
    panels: usize,
    let_go: usize,
    left: usize,
    away: usize,
}

impl Reached {
    fn count(&mut self, owner: &Owner, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Perform { .. } => self.orders += 1,
                Effect::LetGo { .. } => self.let_go += 1,
                Effect::Leave => self.left += 1,
                _ => {}
            }
        }
        self.runs += usize::from(owner.app.run.as_ref().is_some_and(|run| run.done() > 0));
        let accounts = &owner.app.accounts;
        self.away += usize::from(accounts.iter().any(|account| account.health.is_away()));
        let panel = |layer: &Layer| matches!(layer, Layer::Panel(_));
        self.panels += usize::from(owner.app.layers.last().is_some_and(panel));
    }
}

/// Every size of window that may matter, over every kind of layer.
#[test]
fn no_window_is_too_small_or_too_large_to_draw() {
    let mut owners = Vec::new();
    for keys in ["*n", "*d"] {
        let mut owner = Owner::of(&["組織-acme", "beta", "broken"]);
        owner
            .read("組織-acme", there(token("at-1")))
            .read("beta", unclear())
            .read("broken", found(Found::Failed, Some("it did not answer")));
        owner.press(keys).prepared_many(many(2));
        owners.push(owner);
    }
    for keys in ["", "/filter", "?", "o", "n", "d"] {
        let mut owner = Owner::with("組織-acme", there(token("at-1")));
        owner.press(keys);
        if keys == "n" || keys == "d" {
            owner.prepared(preparation());
        }
        owners.push(owner);
    }
    let mut running = Owner::with("acme", none());
    running.generate();
    owners.push(running);
    for keys in ["", "v", "w", "p", "<esc>"] {
        let mut panel = Owner::with("acme", none());
        panel.generate();
        panel
            .outcome(kept(&slot("acme"), Identity::None))
            .press(keys);
        owners.push(panel);
    }
    for owner in &mut owners {
        for width in [1, 2, 3, 12, 39, 40, 41, 79, 80, 99, 100, 149, 150, 151, 300] {
            for height in [1, 2, 3, 9, 10, 11, 12, 13, 14, 24, 100] {
                owner.size(width, height).screen();
            }
        }
    }
}
