//! The mouse: what is clicked is what is drawn, and no click does what Enter
//! would not do.

use orgward::app::{Message, Settings};
use orgward::slot::Identity;

use crate::driver::Owner;
use crate::world::*;

fn owner(names: &[&str]) -> Owner {
    let settings = Settings {
        mouse: true,
        ..settings()
    };
    Owner::new(settings, vec![account(names)], (100, 30))
}

fn with(name: &str, reading: orgward::slot::Reading) -> Owner {
    let mut owner = owner(&[name]);
    owner.read(name, reading).effects();
    owner
}

fn selected(owner: &Owner) -> String {
    let row = owner.app.list.selected().expect("a selected row");
    row.slot.organization.to_string()
}

#[test]
fn a_click_selects_the_row_and_the_wheel_scrolls() {
    let names: Vec<String> = (0..60).map(|n| format!("o{n:02}")).collect();
    let refs: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut owner = owner(&refs);
    owner.effects();
    owner.click(" o07 ");
    assert_eq!(selected(&owner), "o07");
    owner.wheel(true).wheel(true).wheel(true);
    let first = owner.app.list.visible().next().unwrap();
    assert_eq!(&*first.slot.organization, "o09");
    // The selection stays in the window.
    assert_eq!(selected(&owner), "o09");
    for _ in 0..40 {
        owner.wheel(true);
    }
    assert_eq!(
        &*owner.app.list.visible().last().unwrap().slot.organization,
        "o59"
    );
    for _ in 0..40 {
        owner.wheel(false);
    }
    assert_eq!(owner.app.list.offset(), 0);
    assert!(owner.asks_for().is_empty());
}

#[test]
fn a_button_that_replaces_does_nothing_before_the_name_is_typed() {
    let mut owner = with("acme", there(token("at-1")));
    owner.click("new token").prepared(preparation());
    owner.sees("[ replace ]").sees("[ close ]");
    owner.click("[ replace ]").click("[ replace ]");
    assert!(!owner.asks_for().contains(&"Perform"));
    owner.press("acm").click("[ replace ]");
    assert!(!owner.asks_for().contains(&"Perform"));
    owner.press("e").click("[ replace ]");
    assert_eq!(&*owner.order().slot.organization, "acme");
}

#[test]
fn a_button_that_deletes_does_nothing_before_the_name_is_typed() {
    let mut owner = with("acme", there(token("at-1")));
    owner.click("d delete").prepared(preparation());
    owner.click("[ delete ]");
    assert!(!owner.asks_for().contains(&"Perform"));
    owner.press("acme").click("[ delete ]");
    owner.order();
}

#[test]
fn the_button_for_many_wants_their_number() {
    let mut owner = owner(&["acme", "beta"]);
    owner
        .read("acme", there(token("at-1")))
        .read("beta", there(token("at-2")));
    owner.press("*d").prepared_many(many(2));
    owner.click("[ delete ]");
    assert!(owner.app.run.is_none());
    owner.press("2").click("[ delete ]");
    assert!(owner.app.run.is_some());
}

#[test]
fn generate_is_a_button() {
    let mut owner = with("acme", none());
    owner.click("new token").prepared(preparation());
    owner.click("[ Generate ]");
    owner.order();
}

#[test]
fn a_part_of_a_dialog_that_is_clicked_takes_the_keys() {
    let mut one = with("acme", there(token("at-1")));
    one.press("n").prepared(preparation()).press("acm");
    one.click("Goes to").press("<left>").click("Expires");
    one.press("7d").sees("7d").click("acm").press("e");
    let order = one.press("<enter>").order();
    assert_eq!(&*order.slot.organization, "acme");
    let mut owner = owner(&["acme", "beta"]);
    owner
        .read("acme", there(token("at-1")))
        .read("beta", there(token("at-2")));
    owner.press("*n").prepared_many(many(2));
    owner.click("Expires").press("7d").sees("7d");
    owner.click("Type 2").press("2").sees("Enter to replace");
    owner.press("<esc>").press("a");
    owner.click("Account").press("prod").sees("prod");
    owner.click("Address").press("https").sees(" https");
    // What is not a part of the dialog that is open means nothing.
    let target = owner.target("Account").unwrap();
    owner.press("<esc>d").prepared_many(many(2));
    owner.send(Message::Click(target));
    owner.press("2").sees("Enter to delete");
}

#[test]
fn an_undelivered_secret_is_not_clicked_away() {
    let mut owner = with("acme", none());
    owner.generate();
    owner.outcome(kept(&slot("acme"), Identity::None)).effects();
    owner.click("[ close ]").sees("Undelivered secret");
    owner.click("[ let it go ]").sees("Undelivered secret");
    owner.press("lose").click("[ let it go ]");
    assert_eq!(owner.asks_for(), ["LetGo"]);
}

#[test]
fn what_lies_below_a_dialog_cannot_be_clicked() {
    let mut owner = owner(&["acme", "beta", "gamma"]);
    for name in ["acme", "beta", "gamma"] {
        owner.read(name, there(token("at-1")));
    }
    owner.press("n").prepared(preparation());
    let (_, hits) = owner.drawn();
    let rows = hits
        .all()
        .filter(|(_, target)| matches!(target, orgward::app::Target::Row(_)));
    assert_eq!(rows.count(), 0);
    // A click that was on its way when the dialog opened.
    owner.send(orgward::app::Message::Click(orgward::app::Target::Row(
        slot("gamma"),
    )));
    assert_eq!(selected(&owner), "acme");
    owner.wheel(true);
    assert_eq!(selected(&owner), "acme");
    owner.press("<esc>");
    assert_eq!(selected(&owner), "acme");
}

#[test]
fn the_key_bar_can_be_clicked_in_every_view() {
    let mut owner = with("acme", there(token("at-1")));
    owner.click("? help").sees("type to search").click("close");
    owner
        .click("x timeline")
        .sees("Expiry timeline")
        .click("to the list");
    owner
        .sees_not("Expiry timeline")
        .click("s sort")
        .sees("sorted by organization");
    assert!(owner.click("q quit").asks_for().contains(&"Leave"));
}

#[test]
fn an_end_in_the_timeline_can_be_clicked_and_the_wheel_moves_along() {
    let mut owner = owner(&["acme", "beta"]);
    owner.read("acme", there(token("at-1")));
    let later = orgward::slot::Token {
        expires_at: orgward::slot::Time::At(days(300)),
        ..token("at-2")
    };
    owner.read("beta", there(later)).press("x");
    assert_eq!(selected(&owner), "acme");
    owner.click(" beta ");
    assert_eq!(selected(&owner), "beta");
    owner.wheel(false);
    assert_eq!(selected(&owner), "acme");
}

#[test]
fn the_wheel_scrolls_the_help_and_leaves_a_dialogs_fields_alone() {
    let mut owner = with("acme", there(token("at-1")));
    owner.press("?");
    let before = owner.screen();
    owner.wheel(true);
    assert_ne!(owner.screen(), before);
    owner.wheel(false);
    assert_eq!(owner.screen(), before);
    owner.press("<esc>n").prepared(preparation());
    let dialog = owner.screen();
    owner.wheel(true).wheel(false).wheel(false);
    assert_eq!(owner.screen(), dialog);
}

#[test]
fn without_the_mouse_there_are_no_buttons_in_a_border() {
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner.press("n").prepared(preparation());
    owner.sees_not("[ replace ]").sees_not("[ close ]");
    // Nor would a click on one mean anything: the terminal sends none.
    assert!(owner.target("[ replace ]").is_none());
}

#[test]
fn buttons_fit_into_every_window() {
    let mut owner = with("acme", there(token("at-1")));
    owner.press("n").prepared(preparation()).press("acme");
    for (width, height) in [(40, 10), (80, 24), (120, 40), (200, 60)] {
        owner.size(width, height);
        owner.sees("[ replace ] [ close ]");
        let (_, hits) = owner.drawn();
        for (area, _) in hits.all() {
            assert!(area.right() <= width && area.bottom() <= height, "{area:?}");
        }
    }
}

#[test]
fn the_second_click_of_two_does_not_press_what_the_first_has_opened() {
    let mut owner = Owner::with("acme", none());
    owner.click("n new token").prepared(preparation());
    let button = owner
        .target("[ Generate ]")
        .or(owner.target("Enter generate"));
    let button = button.expect("a button");
    owner.send(orgward::app::Message::Click(button.clone()));
    assert!(owner.app.running.is_none());
    owner.wait(1);
    owner.send(orgward::app::Message::Click(button));
    assert!(owner.app.running.is_some());
}
