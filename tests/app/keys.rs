//! The key bar and the help say what the keys do, and no more.

use std::collections::BTreeMap;

use orgward::app::Settings;
use orgward::app::keys::{Command, Context, Keymap};
use orgward::slot::{Found, Identity};

use crate::driver::Owner;
use crate::world::*;

/// The key bar alone.
fn bar(owner: &Owner) -> String {
    let screen = owner.screen();
    screen.lines().last().unwrap_or_default().trim().to_owned()
}

#[test]
fn what_is_not_possible_now_is_not_in_the_key_bar() {
    let mut owner = Owner::of(&["acme"]);
    // Not read yet: there is nothing to generate or delete.
    assert!(!bar(&owner).contains("new token") && !bar(&owner).contains("delete"));
    owner.read("acme", none());
    assert!(bar(&owner).contains("n new token") && !bar(&owner).contains("delete"));
    assert!(!bar(&owner).contains("audit trails") && !bar(&owner).contains("Esc"));
    owner.press("/acme<enter>");
    assert!(bar(&owner).contains("Esc clear filter"));
    owner.press("<esc> ");
    assert!(bar(&owner).contains("Esc unmark"));
    owner.press("<esc>");
    owner.send(orgward::app::Message::AuditTrails(slot("acme")));
    assert!(bar(&owner).contains("Tab audit trails"), "{}", bar(&owner));
    owner.press("<tab>");
    assert!(bar(&owner).contains("Tab organization tokens"));
}

#[test]
fn enter_is_in_the_key_bar_once_it_does_something() {
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner.press("n").prepared(preparation());
    assert_eq!(bar(&owner), "Tab next field  Esc close");
    owner.press("acme");
    assert_eq!(bar(&owner), "Enter replace  Tab next field  Esc close");
    owner.press("<tab>");
    assert!(bar(&owner).contains("←→ choose"));
    owner.press("<esc>d").prepared(preparation());
    assert_eq!(bar(&owner), "Esc close");
    owner.press("acme");
    assert_eq!(bar(&owner), "Enter delete  Esc close");
}

#[test]
fn a_marked_slot_that_allows_nothing_puts_no_key_into_the_bar() {
    let mut owner = Owner::of(&["acme", "broken"]);
    owner.read("acme", none());
    owner.read("broken", found(Found::Failed, Some("it did not answer")));
    // The failed one comes first.
    owner.press(" ");
    assert!(!bar(&owner).contains("new token"), "{}", bar(&owner));
    owner.press(" ");
    assert!(bar(&owner).contains("n new token"), "{}", bar(&owner));
    assert!(!bar(&owner).contains("d delete"), "{}", bar(&owner));
}

#[test]
fn read_only_shows_no_key_that_changes_something() {
    let settings = Settings {
        read_only: true,
        ..settings()
    };
    let mut owner = Owner::new(settings, vec![account(&["acme"])], (120, 40));
    owner.read("acme", there(token("at-1")));
    assert!(!bar(&owner).contains("new token") && !bar(&owner).contains("delete"));
    owner.press("x");
    assert!(!bar(&owner).contains("new token") && !bar(&owner).contains("delete"));
}

#[test]
fn a_narrow_window_keeps_help_and_quit() {
    let mut owner = Owner::with("acme", there(token("at-1")));
    for width in [40, 60, 80, 120] {
        owner.size(width, 10);
        let bar = bar(&owner);
        assert!(bar.ends_with("? help  q quit"), "{width}: {bar}");
        assert!(bar.starts_with("n new token"), "{width}: {bar}");
    }
}

#[test]
fn what_is_typed_narrows_the_help_down() {
    let mut owner = Owner::with("acme", none());
    owner.press("?").sees("type to search").sees("In the list");
    owner.press("keyring");
    owner
        .sees("With a new secret")
        .sees("put it into the keyring")
        .sees_not("reverse the order");
    // Every word, in any order, of the headline as well.
    owner.press("<esc>").press("panel nothing");
    owner.sees("no key and no state is described like that");
    owner
        .press("<esc>")
        .press("journal FILTER")
        .sees("filter the journal");
    // Esc undoes one thing.
    owner.press("<esc>").sees("type to search").press("<esc>");
    assert!(owner.app.layers.is_empty());
    // A state can be looked up as well.
    owner
        .press("?over policy")
        .sees("the organization's policy allows");
    owner
        .press("<esc>")
        .paste("reverse\n")
        .sees("reverse the order");
}

#[test]
fn the_help_begins_with_the_keys_of_what_it_was_opened_over() {
    let mut owner = Owner::with("acme", none());
    owner.generate();
    owner.outcome(kept(&slot("acme"), Identity::None));
    owner.press("v").press("?");
    let screen = owner.screen();
    let first = screen
        .lines()
        .position(|line| line.contains("With a new secret"));
    assert!(first.is_some_and(|at| at < 5), "{screen}");
    // Back to the panel, whose secret was hidden.
    owner.press("?").sees("••••••••");
    owner.press("<esc>").sees("Undelivered secret");
}

#[test]
fn a_key_that_was_moved_is_moved_in_the_bar_in_the_help_and_in_every_view() {
    let keys: BTreeMap<String, String> = [("down", "e"), ("quit", "Q"), ("new", "+")]
        .map(|(action, key)| (action.to_owned(), key.to_owned()))
        .into();
    let settings = Settings {
        keymap: Keymap::new(&keys).unwrap(),
        ..settings()
    };
    let accounts = vec![account(&["acme", "beta"])];
    let mut owner = Owner::new(settings, accounts, (120, 40));
    owner.read("acme", none()).read("beta", none());
    owner.sees("+ new token").sees("Q quit");
    owner.press("e");
    assert_eq!(owner.app.list.selected().unwrap().slot, slot("beta"));
    owner
        .press("?")
        .sees("e             next row")
        .press("<esc>");
    // In the journal as well: `j` and `q` do nothing there any more.
    owner.press("H").effects();
    owner.journal(Ok((0..60)
        .map(|n| entry(n, "replace", None, &[]))
        .collect()));
    let first = owner.screen();
    owner.press("j");
    assert_eq!(owner.screen(), first);
    owner.press("e");
    assert_ne!(owner.screen(), first);
    owner.press("q").effects();
    assert!(owner.press("Q").asks_for().contains(&"Leave"));
}

#[test]
fn every_key_in_every_key_bar_is_one_of_its_table() {
    let mut owner = Owner::of(&["acme", "beta"]);
    owner
        .read("acme", there(token("at-1")))
        .read("beta", none());
    for keys in ["", "/a", "n", "d", "*n", "H", "M", "x", "?", "a", "o"] {
        owner.press("<esc><esc><esc>").press(keys);
        let context = owner.app.context();
        let rows = owner.app.settings.keymap.rows(context).to_vec();
        for shown in owner.app.bar() {
            let row = rows.iter().find(|row| row.command == shown.command);
            let row = row.unwrap_or_else(|| panic!("{shown:?} is not of {context:?}"));
            assert!(
                shown.keys.starts_with(&row.keys[0].to_string()),
                "{shown:?}"
            );
            let means = owner.app.settings.keymap.command(context, &shown.key);
            assert_eq!(means, Some(shown.command));
        }
    }
}

#[test]
fn the_keys_that_never_change_are_not_in_the_configuration() {
    let keys = Keymap::new(&BTreeMap::new()).unwrap();
    let named = keys.bindings().iter().map(|row| row.command);
    for command in named {
        assert_ne!(command, Command::Act);
    }
    for row in keys.rows(Context::Panel) {
        let moved = matches!(row.command, Command::Help | Command::Quit);
        assert_eq!(!row.name.is_empty(), moved, "{row:?}");
    }
}

#[test]
fn a_search_in_the_help_may_begin_like_any_other() {
    let mut owner = Owner::with("acme", none());
    owner
        .press("?/mark")
        .sees("mark all that are shown")
        .sees_not("sort by the next column")
        .sees_not("no key and no state");
    // Alone it is a key that is looked for.
    owner
        .press("<esc>/")
        .sees("filter by organization")
        .sees_not("sort by the next column");
}

#[test]
fn the_way_back_stays_in_the_key_bar() {
    let names: Vec<String> = (0..12).map(|n| format!("team-{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut owner = Owner::of(&names);
    for name in &names {
        owner.read(name, there(token("at-1")));
    }
    for (width, height) in [(80, 24), (40, 10)] {
        owner.size(width, height);
        for (keys, word) in [("/zzz<enter>", "clear filter"), ("*", "unmark")] {
            owner.press(keys);
            let bar = bar(&owner);
            assert!(
                bar.ends_with(&format!("Esc {word}  ? help  q quit")),
                "{bar}"
            );
            owner.press("<esc>");
        }
    }
}

#[test]
fn half_a_page_is_moved_with_ctrl_d_and_ctrl_u() {
    let names: Vec<String> = (0..60).map(|n| format!("team-{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut owner = Owner::of(&names);
    owner.size(80, 24);
    let at = |owner: &Owner| owner.app.list.selected().unwrap().slot.organization.clone();
    // Fifteen rows are visible.
    owner.press("<c-d>");
    assert_eq!(*at(&owner), *"team-07");
    owner.press("<c-d><c-d><c-u>");
    assert_eq!(*at(&owner), *"team-14");
    owner.press("<c-u><c-u><c-u>");
    assert_eq!(*at(&owner), *"team-00");
    // The same where lines are scrolled.
    for n in 0..60 {
        let words = Err(format!("no clipboard opens ({n})"));
        owner.reply(0, orgward::app::message::Reply::Done(words));
    }
    owner
        .press("M")
        .sees("(59)")
        .press("<c-d>")
        .sees_not("(59)");
    owner.press("<c-u>").sees("(59)").press("<esc>");
}

#[test]
fn the_timeline_names_every_key_that_moves_there_and_the_one_that_closes_it() {
    let mut owner = Owner::of(&["acme", "beta", "gamma"]);
    for (name, day) in [("acme", 10), ("beta", 20), ("gamma", 100)] {
        let expires_at = orgward::slot::Time::At(days(day));
        let ends = orgward::slot::Token {
            expires_at,
            ..token("at-1")
        };
        owner.read(name, there(ends));
    }
    owner.size(80, 24).press("x");
    let keys = "h j k l move  n new token  d delete  Enter to the list  x close  ? help  q quit";
    assert_eq!(bar(&owner), keys);
    let at = |owner: &Owner| owner.app.list.selected().unwrap().slot.organization.clone();
    owner.press("g<c-d>");
    assert_eq!(*at(&owner), *"gamma");
    owner.press("<c-u>");
    assert_eq!(*at(&owner), *"beta");
    owner.press("x").sees_not("Expiry timeline");
}
