//! Delete, and the states in which nothing can be done.

use orgward::app::Settings;
use orgward::fleet::Own;
use orgward::slot::{Found, Identity};

use crate::driver::Owner;
use crate::world::*;

#[test]
fn enter_is_offered_only_once_it_deletes() {
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner.press("dacme").sees_not("Enter to delete");
    owner.sees_not("Enter delete").press("<enter>");
    owner.sees("one moment");
    assert!(!owner.asks_for().contains(&"Perform"));
    owner.prepared(preparation()).sees("Enter to delete");
    owner.sees("Enter delete").press("<enter>").order();
}

#[test]
fn delete_wants_the_exact_name() {
    for (reading, shown) in [
        (there(token("at-1")), seen("at-1")),
        (unclear(), Identity::Unclear),
    ] {
        let mut owner = Owner::with("acme", reading);
        owner.press("d").prepared(preparation());
        owner.sees("Delete the organization token").effects();
        owner.press("Acme<enter>");
        assert!(owner.asks_for().is_empty());
        owner
            .press("<home>")
            .press(&"<right>".repeat(4))
            .press(&"<bs>".repeat(4));
        let order = owner.press("acme<enter>").order();
        assert_eq!(
            (order.slot.clone(), order.shown.clone()),
            (slot("acme"), shown)
        );
        assert_eq!(order.verb(), orgward::action::Verb::Delete);
    }
}

#[test]
fn enter_before_the_credential_is_known_does_nothing_later() {
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner.press("dacme<enter>").sees("one moment");
    owner.prepared(preparation());
    assert_eq!(owner.asks_for(), ["Prepare"]);
    owner.press("<enter>").order();
}

#[test]
fn that_a_host_will_be_lost_is_told() {
    let mut known = preparation();
    known.own = Own::Yes;
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner.press("d").prepared(known.clone());
    owner.sees("Afterwards this host can no longer be reached");

    // Another entry of that host goes on.
    known.account = Some("account ci".into());
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner.press("d").prepared(known);
    owner
        .sees("This token is your own credential (account ci).")
        .sees("Afterwards that entry can no longer reach this host");
}

#[test]
fn where_nothing_can_be_done_the_line_says_why() {
    let why = "the reason stands here";
    for reading in [
        found(Found::Failed, Some(why)),
        found(Found::Unauthorized, Some(why)),
        found(Found::NoAccess, Some(why)),
        found(Found::NotVisible, Some(why)),
    ] {
        for key in ["n", "d"] {
            let mut owner = Owner::with("acme", reading.clone());
            owner.press(key);
            assert!(owner.app.layers.is_empty());
            assert!(owner.asks_for().is_empty());
            owner.sees(&format!("acme: {why}"));
        }
    }
    for key in ["n", "d"] {
        let mut owner = Owner::of(&["acme"]);
        owner.effects();
        owner.press(key).sees("acme: not read yet");
        assert!(owner.asks_for().is_empty());
    }
    let mut owner = Owner::with("acme", none());
    owner.press("d").sees("acme: there is no token to delete");
    assert!(owner.asks_for().is_empty());
}

#[test]
fn read_only_refuses_every_change() {
    let settings = Settings {
        read_only: true,
        ..settings()
    };
    for reading in [none(), there(token("at-1")), unclear()] {
        let accounts = vec![account(&["acme"])];
        let mut owner = Owner::new(
            Settings {
                keymap: settings.keymap.clone(),
                zone: settings.zone.clone(),
                deliveries: Vec::new(),
                copies_to: settings.copies_to.clone(),
                narrowed: false,
                warnings: Vec::new(),
                ..settings
            },
            accounts,
            (80, 24),
        );
        owner.read("acme", reading).effects();
        for key in ["n", "d"] {
            owner
                .press(key)
                .sees("read-only: nothing is changed on any host");
            assert!(owner.asks_for().is_empty());
        }
        owner.sees_not("new token").sees_not("delete");
    }
}

#[test]
fn a_name_that_does_not_match_is_said_to() {
    let mut owner = Owner::with("Legacy-etl", there(token("at-1")));
    for (keys, ends) in [("d", "at-1"), ("<esc>n", "at-1")] {
        owner.press(keys).prepared(preparation()).sees(ends);
        owner.press("<enter>").sees_not("that is not");
        owner
            .press("wrong<enter>")
            .sees("that is not the organization's name");
        owner.press("<bs>").sees_not("that is not");
        owner
            .press("<bs><bs><bs><bs>legacy-etl<enter>")
            .sees("that is not its name: upper and lower case count");
        owner.paste("!").sees_not("that is not");
    }
    assert!(!owner.asks_for().contains(&"Perform"));
}
