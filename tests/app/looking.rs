//! What is read, in which order, and what becomes of the answers.

use std::collections::HashMap;

use orgward::app::message::Reply;
use orgward::app::{Account, Effect, Message};
use orgward::slot::{Host, State, Time};

use crate::driver::Owner;
use crate::world::*;

fn many(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("org{n:03}")).collect()
}

fn of_many(count: usize, height: u16) -> Owner {
    let names = many(count);
    let refs: Vec<&str> = names.iter().map(String::as_str).collect();
    Owner::new(settings(), vec![account(&refs)], (80, height))
}

#[test]
fn at_most_twenty_looks_and_the_visible_first() {
    let mut owner = of_many(200, 24);
    let looks = owner.looks();
    assert_eq!(looks.len(), 20);
    assert!(looks.iter().all(|(_, urgent)| !urgent));
    assert_eq!(looks[0].0, "org000");
    // The owner jumps to the end: the next look is there.
    owner.press("G");
    assert!(owner.looks().is_empty());
    owner.read("org000", none());
    let next = owner.looks();
    assert_eq!(next.len(), 1);
    let visible: Vec<_> = owner
        .app
        .list
        .visible()
        .map(|row| row.slot.organization.to_string())
        .collect();
    assert!(visible.contains(&next[0].0), "{next:?} of {visible:?}");
}

#[test]
fn everything_is_read_in_the_end_once() {
    let mut owner = of_many(60, 24);
    let mut seen: HashMap<String, usize> = HashMap::new();
    loop {
        let looks = owner.looks();
        if looks.is_empty() {
            break;
        }
        for (name, _) in looks {
            *seen.entry(name.clone()).or_default() += 1;
            owner.read(&name, none());
        }
    }
    assert_eq!(seen.len(), 60);
    assert!(seen.values().all(|times| *times == 1));
    owner.sees_not("read");
}

#[test]
fn each_host_entry_has_its_own_twenty() {
    let names_of: Vec<String> = many(40);
    let refs: Vec<&str> = names_of.iter().map(String::as_str).collect();
    let other = Account::new(Host::new("tfe.corp.example"), None, Some(names(&refs)));
    let mut owner = Owner::new(settings(), vec![account(&refs), other], (80, 24));
    let mut by_host: HashMap<Host, usize> = HashMap::new();
    for effect in owner.effects() {
        if let Effect::Read { slot, .. } = effect {
            *by_host.entry(slot.host).or_default() += 1;
        }
    }
    assert_eq!(by_host.values().copied().collect::<Vec<_>>(), [20, 20]);
}

#[test]
fn r_reads_the_selected_slot_once_however_often_it_is_pressed() {
    let mut owner = Owner::with("acme", none());
    owner.press("rrr");
    assert_eq!(owner.looks(), [("acme".to_owned(), true)]);
    owner.read("acme", there(token("at-1"))).sees("ok");
    let mut owner = of_many(40, 60);
    owner.effects();
    owner.press(&"rj".repeat(40));
    assert!(owner.looks().is_empty(), "sixteen are under way");
}

#[test]
fn capital_r_reads_everything_and_lists_again() {
    let all = Account::new(Host::new("tfe.corp.example"), None, None);
    let mut owner = Owner::new(settings(), vec![account(&["acme"]), all], (80, 24));
    assert_eq!(owner.asks_for(), ["LookBack", "List"]);
    owner.read("acme", none()).press("R");
    assert_eq!(owner.looks(), [("acme".to_owned(), false)]);
    let id = owner.app.accounts[1].listing.unwrap();
    owner.reply(id, Reply::Listed(Ok(names(&["platform"]))));
    owner.sees("platform").effects();
    owner.press("R");
    assert_eq!(owner.asks_for(), ["List"]);
}

#[test]
fn a_late_answer_is_dropped() {
    let mut owner = Owner::of(&["acme"]);
    let id = owner.app.list.row(&slot("acme")).unwrap().pending.unwrap();
    owner.reply(id, Reply::Read(std::sync::Arc::new(there(token("at-1")))));
    owner.reply(id, Reply::Read(std::sync::Arc::new(none())));
    let row = owner.app.list.row(&slot("acme")).unwrap();
    assert_eq!(row.state(), State::Ok);
}

#[test]
fn one_organization_of_two_host_entries_is_one_row() {
    let prod = Account::new(
        Host::new(HOST),
        Some("prod".into()),
        Some(names(&["acme", "beta"])),
    );
    let test = Account::new(Host::new(HOST), Some("test".into()), None);
    let mut owner = Owner::new(settings(), vec![prod, test], (80, 24));
    let id = owner.app.accounts[1].listing.unwrap();
    owner.reply(id, Reply::Listed(Ok(names(&["acme", "zulu"]))));
    assert_eq!(owner.app.list.rows().len(), 3);
    let row = owner.app.list.row(&slot("acme")).unwrap();
    assert_eq!(row.account, 0);
    owner.sees("1 host · 3 organizations");
}

#[test]
fn an_organization_that_one_entry_loses_stays_if_another_sees_it() {
    let entry = |label: &str| Account::new(Host::new(HOST), Some(label.into()), None);
    let mut owner = Owner::new(settings(), vec![entry("prod"), entry("test")], (80, 24));
    let list = |owner: &mut Owner, account: usize, seen: &[&str]| {
        let id = owner.app.accounts[account].listing.expect("no listing");
        owner.reply(id, Reply::Listed(Ok(names(seen))));
    };
    list(&mut owner, 0, &["acme"]);
    list(&mut owner, 1, &["acme"]);
    owner.press("R");
    list(&mut owner, 1, &["acme"]);
    list(&mut owner, 0, &[]);
    assert!(owner.app.list.row(&slot("acme")).is_some());
}

#[test]
fn a_listing_that_fails_is_said_and_hurts_no_other_host() {
    let all = Account::new(Host::new("tfe.corp.example"), None, None);
    let mut owner = Owner::new(settings(), vec![account(&["acme"]), all], (80, 24));
    let id = owner.app.accounts[1].listing.unwrap();
    let why = "tfe.corp.example: the name does not resolve";
    owner.reply(id, Reply::Listed(Err(why.into())));
    owner
        .sees(why)
        .wait(60)
        .sees(why)
        .read("acme", none())
        .sees("none");
}

#[test]
fn a_filter_finds_words_in_one_column_each() {
    let platform = Account::new(
        Host::new("tfe.corp.example"),
        None,
        Some(names(&["platform"])),
    );
    let mut owner = Owner::new(
        settings(),
        vec![account(&["acme", "beta"]), platform],
        (120, 40),
    );
    owner
        .read("acme", there(token("at-1")))
        .read("beta", none());
    // a, c, m and e stand in "platform … tfe.corp.example" too, in this order.
    owner.press("/acme").sees_not("▸ platform").sees("▸ acme");
    assert_eq!(owner.app.list.shown(), 1);
    owner.press("<esc>/tfe plat").sees("1 of 3");
    owner.press("<esc>/none").sees("1 of 3").sees("▸ beta");
    owner.press("<esc>/!none").sees("2 of 3");
    owner
        .press("<esc>/!terraform.io")
        .sees("1 of 3")
        .sees("▸ platform");
}

#[test]
fn the_selection_goes_to_what_the_filter_names() {
    let names = ["my-acme", "acme-audit", "Acme", "acme", "a-c-m-e"];
    let mut owner = Owner::of(&names);
    for name in names {
        owner.read(name, none());
    }
    // What needs attention first stays the order of the list.
    let dead = orgward::slot::Token {
        expires_at: Time::At(days(-1)),
        ..token("at-1")
    };
    owner.press("R").read("a-c-m-e", there(dead)).press("g");
    owner.press("/acm").sees("▸ Acme").press("e");
    owner.sees("▸ acme  ").sees("5 of 5");
    owner.press("-").sees("▸ acme-audit").press("<bs>");
    owner.press("<enter>").sees("▸ acme  ").press("<esc>");
    owner.press("/my").sees("▸ my-acme").press("<esc>");
    // Upper case is only found as it is written.
    owner.press("/Acme").sees("▸ Acme").press("<esc>");
    // What nobody is called leaves the selection where it is.
    owner.press("g").sees("▸ a-c-m-e");
    owner
        .press("/terraform.io")
        .sees("▸ a-c-m-e")
        .press("<esc>");
    // Whoever moves has chosen.
    owner.press("/acm<up>").sees("▸ a-c-m-e").press("e<enter>");
    owner.sees("▸ a-c-m-e");
}

#[test]
fn an_organization_that_is_listed_while_its_name_is_typed_is_selected() {
    let mut owner = Owner::new(
        settings(),
        vec![Account::new(Host::new(HOST), None, None)],
        (80, 24),
    );
    let id = owner.app.accounts[0].listing.unwrap();
    owner.send(Message::Page(id, names(&["acme-audit"])));
    owner.press("/acme").sees("▸ acme-audit");
    owner.send(Message::Page(id, names(&["acme"])));
    owner.sees("▸ acme  ").press("<enter>");
    owner.send(Message::Page(id, names(&["an-acme"])));
    owner.sees("▸ acme  ");
}

#[test]
fn the_selection_stays_with_its_organization() {
    let mut owner = Owner::of(&["acme", "beta", "zulu"]);
    owner.press("j").sees("▸ beta");
    let dead = orgward::slot::Token {
        expires_at: Time::At(days(-1)),
        ..token("at-1")
    };
    owner.read("zulu", there(dead)).sees("▸ beta");
    owner
        .press("s")
        .sees("sorted by organization")
        .sees("▸ beta");
    owner.press("S").sees("reversed").sees("▸ beta");
}

#[test]
fn relative_times_move_once_a_minute_at_most() {
    let mut owner = Owner::with("acme", there(token("at-1")));
    let due = owner.app.next_deadline().unwrap() - owner.app.now.since_start;
    assert!(due.as_secs() >= 60);
    owner.sees("3 min ago").wait(60).sees("4 min ago");
}

#[test]
fn states_change_with_the_calendar() {
    let soon = orgward::slot::Token {
        expires_at: Time::At(hours(1)),
        ..token("at-1")
    };
    let mut owner = Owner::with("acme", there(soon));
    owner.sees("expiring").wait(3700).sees("expired");
}

#[test]
fn c_copies_the_organizations_name() {
    let mut owner = Owner::with("acme", none());
    for key in ["c", "y"] {
        owner.press(key);
        let name = owner.effects().into_iter().find_map(|effect| match effect {
            Effect::CopyName { id, name } => Some((id, name)),
            _ => None,
        });
        let (id, name) = name.unwrap();
        assert_eq!(name, "acme");
        owner
            .reply(id, Reply::Done(Ok("copied acme".into())))
            .sees("copied acme");
        owner.wait(4).sees_not("copied acme");
        owner.reply(id, Reply::Done(Err("there is no display".into())));
        owner.sees("there is no display");
    }
}

#[test]
fn the_token_page_is_built_from_the_hosts_name() {
    let mut owner = Owner::with("a/b?c#d é", none());
    owner
        .press("o")
        .sees("https://app.terraform.io/app/a%2Fb%3Fc%23d%20%C3%A9/settings/authentication-tokens");
}

#[test]
fn the_details_tell_the_end_and_the_last_use_whole_in_every_window_that_has_lines_for_them() {
    let name = "customer-success";
    let mut owner = Owner::with(
        name,
        orgward::slot::Reading {
            policy: Some(std::time::Duration::from_secs(365 * 86_400)),
            ..there(orgward::slot::Token {
                description: Some("for the pipelines of the platform team".into()),
                ..token("at-0010xY7bN2kLm4P")
            })
        },
    );
    for size in [(120, 40), (100, 30), (80, 24), (60, 20), (50, 15), (50, 40)] {
        let (width, height) = size;
        owner.size(width, height);
        owner
            .sees("at-0010xY7bN2kLm4P")
            .sees("ends 2027-06-26 10:00 +00:00")
            .sees("last used 2026-11-24 09:57 +00:00 (3 min ago)");
    }
    owner
        .size(80, 24)
        .sees("(policy: at most 365 d)")
        .sees("created 2026-10-01 08:30 +00:00 by olivia");
    owner
        .size(100, 30)
        .sees("created 2026-10-01 08:30 +00:00 by olivia");
}
