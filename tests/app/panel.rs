//! The secret panel: what it says is true, and what it shows was asked for.

use std::time::Duration;

use orgward::action::{Delivery, Outcome};
use orgward::app::message::{Gone, Reply};
use orgward::app::{Effect, Message};
use orgward::delivery::{Delivered, Destination};
use orgward::slot::Time;

use crate::driver::Owner;
use crate::world::*;

fn with(delivery: Delivery) -> Owner {
    let mut owner = Owner::with("acme", none());
    owner.generate();
    let done = generated(&slot("acme"), orgward::slot::Identity::None, delivery);
    owner.outcome(Outcome::Generated(Box::new(done)));
    owner.effects();
    owner
}

fn kept() -> Owner {
    with(Delivery::Kept)
}

const ASKS: &str = "Undelivered secret";

#[test]
fn a_secret_is_masked_until_it_is_revealed_and_hidden_after_30_seconds() {
    let mut owner = kept();
    owner.sees("••••••••").sees_not(SECRET);
    owner.press("v").sees(SECRET).wait(29).sees(SECRET);
    owner.wait(1).sees("••••••••").sees_not(SECRET);
    owner.press("v").sees(SECRET).press("v").sees_not(SECRET);
}

#[test]
fn a_revealed_secret_is_hidden_when_the_owner_turns_away() {
    type Away = fn(&mut Owner);
    let turns: [(&str, Away); 6] = [
        ("lost focus", |owner| owner.send(Message::Focus(false))),
        ("suspend", |owner| {
            assert_eq!(owner.press("<c-z>").asks_for(), ["Suspend"])
        }),
        ("help", |owner| {
            owner.press("?<esc>");
        }),
        ("leave", |owner| {
            owner.press("q<esc>");
        }),
        ("close", |owner| {
            owner.press("<esc><esc>");
        }),
        ("interrupt", |owner| {
            owner.send(Message::Interrupt);
            owner.press("<esc>");
        }),
    ];
    for (turn, away) in turns {
        let mut owner = kept();
        owner.press("v").sees(SECRET);
        away(&mut owner);
        assert!(owner.panel().revealed_until.is_none(), "{turn}");
        owner.sees("••••••••").sees_not(SECRET);
    }
}

#[test]
fn a_copy_counts_down_and_says_what_became_of_it() {
    let mut owner = with(Delivery::Delivered(on_clipboard()));
    owner.sees("delivered to the clipboard; clears in 45 s");
    owner
        .wait(44)
        .sees("clears in 1 s")
        .wait(1)
        .sees("; clearing");
    owner
        .clipboard_gone(Gone::Cleared)
        .sees("cleared from the clipboard");
    for (gone, words) in [
        (Gone::Replaced, "something else was copied"),
        (Gone::Unknown, "what held it has ended"),
    ] {
        let mut owner = with(Delivery::Delivered(on_clipboard()));
        owner.wait(3).clipboard_gone(gone).sees(words);
        owner.sees_not("clears in");
    }
}

#[test]
fn a_copy_that_is_kept_counts_nothing_down() {
    let forever = Delivered {
        clears_after: None,
        ..on_clipboard()
    };
    let mut owner = with(Delivery::Delivered(forever));
    owner.sees("delivered to the clipboard").sees_not("clears");
}

#[test]
fn a_delivered_secret_may_be_closed() {
    for delivered in [on_clipboard(), in_file()] {
        let mut owner = with(Delivery::Delivered(delivered));
        owner.press("<esc>");
        assert!(owner.app.layers.is_empty());
        assert!(owner.asks_for().is_empty());
    }
}

#[test]
fn closing_asks_about_a_secret_that_is_nowhere_or_was_only_sent() {
    let failed = Delivery::Failed {
        to: Destination::Keyring,
        why: "the keyring is locked".into(),
    };
    for delivery in [Delivery::Kept, Delivery::Delivered(by_osc52()), failed] {
        let mut owner = with(delivery);
        owner.press("<esc>").sees(ASKS);
        owner.press("<esc>").sees("A token was generated");
        owner.press("<esc>").sees(ASKS).press("lose<enter>");
        assert!(owner.app.layers.is_empty());
        assert_eq!(owner.asks_for(), ["LetGo"]);
    }
}

#[test]
fn only_the_typed_word_lets_a_secret_go() {
    let mut owner = kept();
    owner.press("<esc>");
    for wrong in ["", "Lose", "los", "loser", "x"] {
        owner.press(wrong).press("<enter>").sees(ASKS);
        owner.press(&"<bs>".repeat(wrong.len()));
    }
    owner.paste("lose").press("<enter>").sees(ASKS);
    owner.press("qn?<enter>").sees(ASKS);
    assert!(owner.asks_for().is_empty());
}

#[test]
fn over_ssh_a_copy_goes_to_the_terminal_and_is_only_sent() {
    for asks in ["", "<esc>"] {
        let mut owner = kept();
        owner.app.settings.copies_to = Destination::Osc52;
        owner.press(asks).wait(1).press("c");
        let (id, to) = owner.delivery();
        assert_eq!(to, Destination::Osc52);
        owner.reply(id, Reply::Delivered(Ok(by_osc52())));
        owner.sees("sent to the terminal's clipboard (OSC 52)");
        owner.press("<esc>").sees(ASKS);
    }
}

#[test]
fn in_the_question_c_and_y_copy() {
    for key in ["c", "y"] {
        let mut owner = kept();
        owner.press("<esc>").press("lo").press(key);
        let (id, to) = owner.delivery();
        assert_eq!(to, Destination::Clipboard);
        owner.sees("bringing it to clipboard").sees_not(ASKS);
        owner.reply(id, Reply::Delivered(Ok(on_clipboard())));
        owner.press("<esc>");
        assert!(owner.app.layers.is_empty());
    }
}

#[test]
fn each_key_brings_the_secret_to_its_place() {
    for (keys, place) in [
        ("c", Destination::Clipboard),
        ("y", Destination::Clipboard),
        ("k", Destination::Keyring),
        ("p<enter>", Destination::Named("vault".into())),
        ("w/tmp/qcv<enter>", Destination::File("/tmp/qcv".into())),
    ] {
        let mut owner = kept();
        owner.wait(1).press(keys);
        let (id, to) = owner.delivery();
        assert_eq!(to, place);
        owner.press("ckt");
        assert!(owner.asks_for().is_empty(), "one thing at a time");
        owner.reply(id, Reply::Delivered(Err(failed("it is full", None))));
        owner
            .sees("it is full")
            .press("<esc>")
            .sees(ASKS)
            .press("<esc>");
        owner.press(keys);
        let (id, _) = owner.delivery();
        owner.reply(id, Reply::Delivered(Ok(in_file())));
        owner.sees("delivered to file /home/olivia/acme.token");
        owner.press("<esc>");
        assert!(owner.app.layers.is_empty());
    }
}

#[test]
fn keys_that_were_meant_for_the_list_bring_the_secret_nowhere() {
    for (key, to) in [("k", Destination::Keyring), ("c", Destination::Clipboard)] {
        let mut owner = Owner::with("acme", none());
        owner.generate();
        let none = orgward::slot::Identity::None;
        let done = generated(&slot("acme"), none, Delivery::Kept);
        owner.outcome_now(Outcome::Generated(Box::new(done)));
        owner.effects();
        owner.press(key).press(key);
        assert!(owner.asks_for().is_empty());
        owner.wait(1).press(key);
        assert_eq!(owner.delivery().1, to);
    }
}

#[test]
fn a_file_in_the_way_goes_only_after_the_word() {
    let question = "Type replace to replace what is at file:/tmp/t:";
    let mut owner = kept();
    let asked = |owner: &mut Owner| {
        owner.press("w/tmp/t<enter>");
        let (id, to) = owner.delivery();
        let there = failed("it is there already", Some(&to));
        owner.reply(id, Reply::Delivered(Err(there)));
        owner.sees("it is there already").sees(question);
    };
    asked(&mut owner);
    owner.press("<esc>").sees_not(question);
    asked(&mut owner);
    owner.press("<enter>Replace<enter>");
    assert!(owner.asks_for().is_empty());
    owner.press(&"<bs>".repeat(7)).paste("rep\nlace");
    owner.press("<enter>").sees_not(question);
    let [Effect::Deliver { to, replace, .. }] = &owner.effects()[..] else {
        panic!("exactly one delivery");
    };
    assert_eq!(*to, Destination::File("/tmp/t".into()));
    assert!(replace);
    // Nothing else replaces.
    let mut owner = kept();
    owner.press("w/tmp/t<enter>");
    let effects = owner.effects();
    assert!(matches!(
        effects[..],
        [Effect::Deliver { replace: false, .. }]
    ));
}

#[test]
fn a_delivery_that_arrives_answers_the_question() {
    let mut owner = kept();
    owner.press("w/tmp/t<enter>");
    let (file, _) = owner.delivery();
    owner.press("<esc>").sees(ASKS).press("c");
    let (copy, _) = owner.delivery();
    owner.press("<esc>").sees(ASKS);
    // The first one arrives although another was begun after it.
    owner.reply(file, Reply::Delivered(Ok(in_file())));
    owner.sees_not(ASKS).sees("delivered to file");
    owner.reply(
        copy,
        Reply::Delivered(Err(failed("there is no display", None))),
    );
    owner.sees("delivered to file").sees("there is no display");
    owner.press("q");
    assert_eq!(owner.asks_for(), ["Leave"]);
}

#[test]
fn what_was_sent_twice_is_said_once() {
    let mut owner = with(Delivery::Delivered(by_osc52()));
    owner.press("c");
    let (id, _) = owner.delivery();
    owner.reply(id, Reply::Delivered(Ok(by_osc52())));
    assert_eq!(owner.screen().matches("sent to").count(), 1);
}

#[test]
fn the_test_says_whom_it_authenticates() {
    let mut owner = kept();
    owner.press("t");
    assert_eq!(owner.asks_for(), ["Who"]);
    let id = owner.panel().busy[0].0;
    owner.reply(id, Reply::Who(Ok("api-org-acme".into())));
    owner.sees("works as api-org-acme").press("t");
    let id = owner.panel().busy[0].0;
    owner.reply(id, Reply::Who(Err("401".into())));
    owner.sees("the test failed: 401").sees_not("works as");
}

#[test]
fn an_expiry_that_was_not_asked_for_is_marked() {
    let (mark, end) = ("not what was asked for", ": 2027-02-22 10:00 +00:00");
    kept().sees_not(mark).sees_not(end);
    for (returned, mark) in [
        (Time::At(days(30)), mark),
        (Time::Never, mark),
        (
            Time::Unknown,
            "the host does not confirm what was asked for",
        ),
    ] {
        let mut owner = Owner::with("acme", none());
        owner.generate();
        let mut done = generated(&slot("acme"), orgward::slot::Identity::None, Delivery::Kept);
        done.token.expires_at = returned;
        owner
            .outcome(Outcome::Generated(Box::new(done)))
            .sees(&format!("{mark}{end}"));
    }
}

#[test]
fn without_a_delivery_there_is_none_to_choose() {
    let settings = orgward::app::Settings {
        deliveries: Vec::new(),
        ..settings()
    };
    let mut owner = Owner::new(settings, vec![account(&["acme"])], (80, 24));
    owner.read("acme", none()).effects();
    owner.generate();
    owner.outcome(crate::world::kept(
        &slot("acme"),
        orgward::slot::Identity::None,
    ));
    owner.effects();
    owner.sees_not("deliver ").press("p<enter>");
    assert!(owner.asks_for().is_empty());
}

#[test]
fn nothing_is_due_while_nothing_changes() {
    let mut owner = Owner::with("acme", none());
    assert_eq!(owner.app.next_deadline(), None);
    owner.generate();
    let due = |owner: &Owner| owner.app.next_deadline().unwrap() - owner.app.now.since_start;
    // What is under way turns.
    assert_eq!(due(&owner), Duration::from_millis(125));
    owner.outcome(crate::world::kept(
        &slot("acme"),
        orgward::slot::Identity::None,
    ));
    owner.read("acme", none());
    assert_eq!(owner.app.next_deadline(), None);
    owner.press("v");
    assert_eq!(due(&owner), Duration::from_secs(30));
    owner.wait(30);
    assert_eq!(owner.app.next_deadline(), None);
}

#[test]
fn where_a_copys_holder_ended_without_a_word_closing_asks_again() {
    let mut owner = with(Delivery::Delivered(on_clipboard()));
    owner
        .clipboard_gone(Gone::Unknown)
        .press("<esc>")
        .sees(ASKS);
    let mut owner = with(Delivery::Delivered(on_clipboard()));
    owner
        .clipboard_gone(Gone::Cleared)
        .press("<esc>")
        .sees_not(ASKS);
    assert!(owner.app.layers.is_empty());
}

#[test]
fn a_secret_whose_copy_is_gone_is_held_until_it_is_delivered_again() {
    let mut owner = with(Delivery::Delivered(on_clipboard()));
    let hold = owner.panel().hold();
    owner.wait(3).clipboard_gone(Gone::Unknown);
    assert_eq!(owner.asks_for(), ["Hold"]);
    owner.press("<esc>").sees(ASKS).press("<esc>");
    owner.press("w/tmp/t<enter>");
    let (id, _) = owner.delivery();
    owner.reply(id, Reply::Delivered(Ok(in_file())));
    let effects = owner.effects();
    let release = |effect: &Effect| matches!(effect, Effect::Release { hold: it } if *it == hold);
    assert!(effects.iter().any(release));
    // What its owner had is not held again.
    let mut owner = with(Delivery::Delivered(on_clipboard()));
    owner.wait(3).clipboard_gone(Gone::Replaced);
    assert!(owner.asks_for().is_empty());
}
