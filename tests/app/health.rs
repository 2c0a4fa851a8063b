//! Hosts that are slow to list, go away, want a pause or live by another clock,
//! and what an earlier run saw of them.

use jiff::SignedDuration;
use orgward::app::message::{EffectId, Reply};
use orgward::app::{Account, Effect, Message};
use orgward::fleet::HostNews;
use orgward::slot::{Found, Host, Kind, Slot, State, Time};

use crate::driver::Owner;
use crate::world::*;

const OTHER: &str = "tfe.corp.example";
const WHY: &str = "tfe.corp.example: cannot connect: it is not there; check the VPN";

fn other(name: &str) -> Slot {
    Slot::new(&Host::new(OTHER), name)
}

/// `acme` on one host, `near` and `far` on another, all read.
fn two_hosts() -> Owner {
    let far = Account::new(Host::new(OTHER), None, Some(names(&["far", "near"])));
    let mut owner = Owner::new(settings(), vec![account(&["acme"]), far], (130, 24));
    owner.read("acme", there(token("at-1")));
    owner.read_slot(&other("near"), there(token("at-2")));
    owner.read_slot(&other("far"), none());
    owner.effects();
    owner
}

fn well() -> HostNews {
    HostNews::default()
}

fn away() -> HostNews {
    HostNews {
        away: Some(WHY.into()),
        ..well()
    }
}

fn effect_id(owner: &mut Owner, name: &str) -> EffectId {
    let effects = owner.effects();
    let id = effects.iter().find_map(|effect| match effect {
        Effect::Reach { id, .. } if name == "Reach" => Some(*id),
        Effect::List { id, .. } if name == "List" => Some(*id),
        Effect::Identify { id, .. } if name == "Identify" => Some(*id),
        _ => None,
    });
    id.unwrap_or_else(|| panic!("no {name} in {effects:?}"))
}

#[test]
fn a_host_that_went_away_is_one_line_and_its_rows_come_back_by_themselves() {
    let mut owner = two_hosts();
    owner.send(Message::Hosts(vec![well(), away()]));
    owner.sees("cannot connect: it is not there; check the VPN; tried again by itself");
    // What was read stays; only a look that fails spoils a row.
    assert_eq!(owner.app.list.count(State::Failed), 0);
    owner.press("R");
    let looks = owner.looks();
    assert_eq!(looks, [("acme".to_owned(), false)], "nothing of the other");
    owner.read("acme", there(token("at-1")));
    owner.effects();

    // R tried it at once; from then on every 30 seconds.
    let mut owner = two_hosts();
    owner.send(Message::Hosts(vec![well(), away()]));
    owner.wait(29);
    assert_eq!(owner.asks_for(), Vec::<&str>::new());
    owner.wait(1);
    let first = effect_id(&mut owner, "Reach");
    owner.wait(600);
    assert_eq!(owner.asks_for(), Vec::<&str>::new(), "one try at a time");
    owner.reply(first, Reply::Reached(Some(WHY.into())));
    owner.wait(30);
    let second = effect_id(&mut owner, "Reach");
    owner.reply(second, Reply::Reached(None));
    owner.sees_not("cannot connect");
    let mut looks = owner.looks();
    looks.sort();
    let expected = ["far", "near"].map(|name| (name.to_owned(), false));
    assert_eq!(looks, expected, "all of its rows, and no others");
}

#[test]
fn a_host_that_was_never_there_says_so_in_its_rows() {
    let far = Account::new(Host::new(OTHER), None, Some(names(&["far", "near"])));
    let mut owner = Owner::new(settings(), vec![account(&["acme"]), far], (130, 24));
    owner.read("acme", there(token("at-1")));
    let failed = found(Found::Failed, Some("cannot connect"));
    owner.read_slot(&other("far"), failed);
    owner.send(Message::Hosts(vec![well(), away()]));
    assert_eq!(owner.app.list.count(State::Failed), 2);
    owner.sees("2 failed").sees_not("reading").sees_not(" read");
    owner.effects();
    owner.send(Message::Hosts(vec![well(), well()]));
    owner.read_slot(&other("far"), none());
    assert_eq!(owner.app.list.count(State::Failed), 1);
}

#[test]
fn the_owner_need_not_wait_for_the_next_try() {
    let mut owner = two_hosts();
    owner.send(Message::Hosts(vec![well(), away()]));
    owner.effects();
    owner.press("R");
    assert_eq!(owner.asks_for(), ["Retry", "Reach"]);
}

#[test]
fn a_pause_is_shown_until_it_is_over() {
    let mut owner = two_hosts();
    let pause = |seconds| HostNews {
        pause: Some(std::time::Duration::from_millis(seconds)),
        ..well()
    };
    owner.send(Message::Hosts(vec![pause(900), well()]));
    owner.sees_not("429");
    owner.send(Message::Hosts(vec![pause(7_000), well()]));
    owner.sees("too many requests (429); asks to wait 8 s");
    owner.wait(3);
    owner.sees("asks to wait 5 s");
    owner.wait(4);
    owner.sees_not("429");
}

#[test]
fn times_and_states_go_by_the_clock_of_the_host() {
    let mut owner = two_hosts();
    let mut token = token("at-2");
    token.expires_at = Time::At(hours(2));
    let now = owner.app.now.wall;
    owner.app.list.know(&other("near"), there(token), now);
    owner.sees("in 2 h");
    let ahead = HostNews {
        clock: SignedDuration::from_hours(3),
        ..well()
    };
    owner.send(Message::Hosts(vec![well(), ahead]));
    let near = owner.app.list.row(&other("near")).unwrap();
    assert_eq!(near.state(), State::Expired);
    owner.sees("1 h ago");
    owner.sees("tfe.corp.example: its clock is 3 h ahead of this machine's");
}

#[test]
fn the_rows_of_a_page_need_not_wait_for_the_end_of_the_listing() {
    let all = Account::new(Host::new(HOST), None, None);
    let mut owner = Owner::new(settings(), vec![all], (120, 24));
    let id = effect_id(&mut owner, "List");
    owner.send(Message::Page(id, names(&["acme", "beta"])));
    let first: Vec<String> = owner.looks().into_iter().map(|(name, _)| name).collect();
    assert_eq!(first, ["acme", "beta"]);
    // A page of a listing that nobody waits for is none.
    owner.send(Message::Page(id + 1000, names(&["stray"])));
    assert!(owner.app.list.row(&slot("stray")).is_none());
    owner.send(Message::Page(id, names(&["gamma"])));
    // Broken off: what came stays.
    owner.reply(
        id,
        Reply::Listed(Err(format!("{HOST}: the list broke off"))),
    );
    assert_eq!(owner.app.list.rows().len(), 3);
    owner.press("R");
    let id = effect_id(&mut owner, "List");
    owner.send(Message::Page(id, names(&["acme", "delta"])));
    owner.reply(id, Reply::Listed(Ok(names(&["acme", "delta"]))));
    let mut left: Vec<&str> = owner
        .app
        .list
        .rows()
        .iter()
        .map(|row| &*row.slot.organization)
        .collect();
    left.sort_unstable();
    assert_eq!(left, ["acme", "delta"]);
}

#[test]
fn what_an_earlier_run_saw_is_shown_as_old_and_allows_nothing() {
    let mut entry = account(&["acme", "beta"]);
    let mut old = there(token("at-Old1"));
    old.at = hours(-2);
    entry.remembered = vec![(slot("acme"), old.into())];
    let mut owner = Owner::new(settings(), vec![entry], (130, 24));
    let identify = effect_id(&mut owner, "Identify");
    owner.sees("in 214 d").sees("at-Old1").sees("as of 2 h ago");
    assert_eq!(owner.app.list.count(State::Reading), 2);
    owner.press("n").sees("not read yet");
    owner.press("d").sees("not read yet");
    assert!(owner.app.layers.is_empty());
    owner.reply(identify, Reply::Identified(false));
    owner.sees_not("at-Old1").sees_not("in 214 d");
    owner.read("acme", none());
    owner.press("gn").prepared(preparation());
    assert_eq!(owner.app.layers.len(), 1);
}

/// An entry whose organization had an audit trail token in an earlier run.
fn with_old_audit_trails() -> Owner {
    let mut entry = account(&["acme", "beta"]);
    let old = |id: &str| {
        let mut old = there(token(id));
        old.at = hours(-2);
        old
    };
    let audit = slot("acme").of_kind(Kind::AuditTrails);
    entry.remembered = vec![
        (slot("acme"), old("at-Old1").into()),
        (audit, old("at-OldAudit").into()),
    ];
    Owner::new(settings(), vec![entry], (130, 24))
}

#[test]
fn an_old_audit_trail_token_is_shown_at_once_and_asked_for_once_its_host_is_proven() {
    let mut owner = with_old_audit_trails();
    owner.sees("at-Old1").sees_not("at-OldAudit");
    owner.looks();
    owner
        .press("<tab>")
        .sees("at-OldAudit")
        .sees("reading")
        .sees("as of 2 h ago");
    owner.press("rR").press("n").sees("not read yet");
    let audits = |owner: &mut Owner| {
        let effects = owner.effects();
        let looks = effects.iter().filter_map(|effect| match effect {
            Effect::Read { slot, .. } => Some(slot.kind),
            _ => None,
        });
        looks.filter(|kind| *kind == Kind::AuditTrails).count()
    };
    assert_eq!(audits(&mut owner), 0, "its host is not proven in this run");
    owner.send(Message::AuditTrails(slot("acme")));
    assert_eq!(audits(&mut owner), 1);
    // It is there once, however often that is said.
    owner.send(Message::AuditTrails(slot("acme")));
    assert_eq!(audits(&mut owner), 0);
    assert_eq!(owner.app.list.all(), 1);
}

#[test]
fn an_old_audit_trail_token_of_a_host_that_has_none_now_is_not_waited_for() {
    let mut owner = with_old_audit_trails();
    owner.press("<tab>").sees("at-OldAudit");
    owner.read("acme", there(token("at-New1")));
    owner
        .sees("failed")
        .sees("not seen to have audit trail tokens any more")
        .sees_not("at-OldAudit");
    // Nor does it come when that kind is looked at later.
    let mut owner = with_old_audit_trails();
    owner.read("acme", there(token("at-New1")));
    owner
        .press("<tab>")
        .sees("no host here is known to have audit trail tokens");
    // Another account's is not shown at all.
    let mut owner = with_old_audit_trails();
    let identify = effect_id(&mut owner, "Identify");
    owner.reply(identify, Reply::Identified(false));
    owner.press("<tab>").sees_not("at-OldAudit");
}

#[test]
fn a_full_read_is_remembered_once() {
    let mut owner = Owner::of(&["acme", "beta"]);
    let remembers = |owner: &mut Owner| {
        let effects = owner.effects();
        let remember = |effect: &&Effect| matches!(effect, Effect::Remember { .. });
        effects.iter().filter(remember).count()
    };
    owner.read("acme", none());
    assert_eq!(remembers(&mut owner), 0);
    owner.read("beta", none());
    assert_eq!(remembers(&mut owner), 1);
    owner.press("r");
    owner.read("acme", none());
    assert_eq!(remembers(&mut owner), 0);
}
