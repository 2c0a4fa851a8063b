//! Generate: one key and Enter, because nothing can die.

use std::time::Duration;

use orgward::app::Layer;
use orgward::app::dialogs::{Focus, NewDialog};
use orgward::delivery::Destination;
use orgward::slot::Identity;

use crate::driver::{Owner, wanted};
use crate::world::*;

fn dialog(owner: &Owner) -> &NewDialog {
    match owner.app.layers.last() {
        Some(Layer::New(dialog)) => dialog,
        _ => panic!("no dialog\n{}", owner.screen()),
    }
}

#[test]
fn n_and_enter_generate_with_what_is_usual() {
    let mut owner = Owner::with("acme", none());
    owner.press("n");
    assert_eq!(owner.asks_for(), ["Prepare"]);
    owner.prepared(preparation());
    assert_eq!(dialog(&owner).focus, Focus::Button);
    owner
        .sees("Generate an organization token")
        .sees("acme on app.terraform.io");
    let order = owner.press("<enter>").order();
    assert_eq!(
        (order.slot.clone(), order.shown.clone()),
        (slot("acme"), Identity::None)
    );
    assert_eq!(wanted(&order), ("90 d".into(), Destination::Clipboard));
    owner.sees("Generating a token");
    assert!(owner.app.layers.is_empty());
}

#[test]
fn enter_before_all_is_known_acts_as_soon_as_it_is() {
    let mut owner = Owner::with("acme", none());
    owner.press("n<enter>");
    assert_eq!(owner.asks_for(), ["Prepare"]);
    owner.sees("one moment");
    owner.prepared(preparation());
    assert_eq!(wanted(&owner.order()).1, Destination::Clipboard);
}

#[test]
fn who_goes_on_choosing_after_enter_has_not_confirmed() {
    for keys in ["<tab>", "<tab>1", "x"] {
        let mut owner = Owner::with("acme", none());
        owner.press("n<enter>").press(keys).prepared(preparation());
        assert_eq!(owner.asks_for(), ["Prepare"], "{keys}");
    }
    let mut owner = Owner::with("acme", none());
    owner.press("n<enter><esc>");
    assert!(owner.app.layers.is_empty());
    assert_eq!(owner.asks_for(), ["Prepare"]);
}

#[test]
fn a_destination_that_fails_is_said_and_nothing_is_sent() {
    let mut owner = Owner::with("acme", none());
    let mut known = preparation();
    known.choices[0].problem = Some("there is no display".into());
    owner.press("n<enter>").prepared(known);
    assert_eq!(owner.asks_for(), ["Prepare"]);
    owner.sees("there is no display");
}

#[test]
fn the_expiry_is_chosen_or_typed() {
    let choose = |keys: &str| {
        let mut owner = Owner::with("acme", none());
        owner.press("n").prepared(preparation());
        wanted(&owner.press("<tab>").press(keys).press("<enter>").order()).0
    };
    assert_eq!(choose("<left>"), "60 d");
    assert_eq!(choose("<right>"), "1 y");
    assert_eq!(choose("<right><right>"), "the server's default");
    assert_eq!(choose("12h"), "12 h");
    assert_eq!(choose("2027-01-31"), "2027-01-31");
    assert_eq!(choose("1yy<bs>"), "1 y");
}

#[test]
fn a_longest_expiry_exists_only_below_a_policy() {
    let mut owner = Owner::with("acme", none());
    owner.press("n").prepared(preparation()).press("<tab>");
    for _ in 0..8 {
        owner.press("<right>").sees_not("longest");
    }
    let mut owner = Owner::with("acme", none());
    let mut known = preparation();
    known.policy = Some(Duration::from_secs(365 * 86_400));
    // Chosen before it was known stays chosen.
    owner
        .press("n<tab><right><right>")
        .sees("the server's default");
    owner.prepared(known).sees("the server's default");
    owner
        .press("<left>")
        .sees("the longest that the policy allows");
    let order = owner.press("<enter>").order();
    assert_eq!(wanted(&order).0, "the longest that the policy allows");
}

#[test]
fn what_the_policy_forbids_is_not_sent() {
    let mut owner = Owner::with("acme", none());
    let mut known = preparation();
    known.policy = Some(Duration::from_secs(30 * 86_400));
    owner.press("n").prepared(known);
    owner.sees("beyond the policy: at most 30 d").effects();
    owner
        .press("<enter>")
        .sees("beyond the organization's policy");
    assert!(owner.asks_for().is_empty());
    owner.press("<tab>31d").sees("beyond the policy");
    owner.press("<bs><bs><bs>29d").sees_not("beyond the policy");
    assert_eq!(wanted(&owner.press("<enter>").order()).0, "29 d");
}

#[test]
fn a_file_needs_a_path() {
    let mut owner = Owner::with("acme", none());
    owner.press("n").prepared(preparation()).effects();
    owner.press("<tab><tab><right><right><right><enter>");
    owner.sees("type the path of the file");
    assert!(owner.asks_for().is_empty());
    let order = owner.press("/tmp/q?<enter>").order();
    assert_eq!(wanted(&order).1, Destination::File("/tmp/q?".into()));
}

#[test]
fn a_missing_rescue_is_said() {
    let mut owner = Owner::with("acme", none());
    let mut known = preparation();
    known.rescue = "none: the keyring is locked".into();
    known.rescue_proven = false;
    owner
        .press("n")
        .prepared(known)
        .sees("Rescue none: the keyring is locked");
}
