//! While an order runs, and what became of it.

use std::time::Duration;

use orgward::action::{Delivery, NotDone, Outcome, Step};
use orgward::app::{Effect, Layer};
use orgward::slot::State;

use crate::driver::Owner;
use crate::world::*;

fn replacing() -> Owner {
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner
        .press("n")
        .prepared(preparation())
        .press("acme<enter>");
    owner.order();
    owner
}

fn state(owner: &Owner) -> State {
    owner.app.list.row(&slot("acme")).unwrap().state()
}

#[test]
fn esc_does_nothing_once_the_request_may_have_left() {
    for step in [Step::Writing, Step::FindingOut, Step::Delivering] {
        let mut owner = replacing();
        owner
            .step(step)
            .press("<esc>")
            .sees("waiting for the server");
        assert!(owner.asks_for().is_empty());
        assert!(owner.app.running.is_some());
    }
}

#[test]
fn esc_stops_what_has_not_been_sent_and_a_wait() {
    let waiting = Step::Waiting(Duration::from_secs(9));
    for step in [Step::Proving, Step::Comparing, Step::Recording, waiting] {
        let mut owner = replacing();
        // The wait comes after a write was refused with 429.
        owner.step(Step::Writing).step(step).press("<esc>");
        assert_eq!(owner.asks_for(), ["Stop"]);
        owner.outcome(Outcome::NotDone(NotDone::Stopped));
        owner.sees("Stopped; nothing was changed.");
        assert_eq!(state(&owner), State::Ok);
    }
}

#[test]
fn a_wait_is_counted_down() {
    let mut owner = replacing();
    owner.step(Step::Waiting(Duration::from_secs(9)));
    owner.sees("(429): 9 s left").wait(4).sees("5 s left");
}

#[test]
fn a_second_order_waits_for_the_first() {
    let mut owner = Owner::of(&["acme", "beta"]);
    owner
        .read("acme", there(token("at-1")))
        .read("beta", none());
    owner.press("/acme<enter>n").prepared(preparation());
    owner.press("acme<enter><esc>").effects();
    owner
        .step(Step::Writing)
        .press("/<esc>")
        .press("/beta<enter>nd");
    owner.sees("acme on app.terraform.io is still being worked on");
    assert!(owner.asks_for().is_empty());
}

#[test]
fn an_outcome_opens_over_whatever_is_there() {
    let over: [(&str, &str); 3] = [("help", "?"), ("filter", "/ac"), ("notice", "o")];
    for (what, keys) in over {
        let mut owner = replacing();
        owner.step(Step::Writing).press(keys);
        owner.outcome(kept(&slot("acme"), seen("at-1")));
        owner.sees("The token was replaced").sees("••••••••");
        assert!(
            matches!(owner.app.layers.last(), Some(Layer::Panel(_))),
            "{what}"
        );
        let mut owner = replacing();
        owner.step(Step::Writing).press(keys);
        owner.outcome(Outcome::CannotTell {
            why: "it was cut".into(),
        });
        owner.sees("Cannot be told: it was cut.");
    }
}

#[test]
fn keys_that_were_meant_for_a_filter_do_not_send_a_secret_with_alt() {
    let mut owner = replacing();
    owner.outcome(kept(&slot("acme"), seen("at-1"))).effects();
    owner
        .press("<a-c><a-k><a-v><c-k><c-v><a-t>")
        .sees("••••••••");
    assert!(owner.asks_for().is_empty());
}

#[test]
fn what_is_found_out_after_a_lost_answer_is_said_in_its_words() {
    let new = token("at-New1");
    let why = || "the connection was lost".to_owned();
    let findings = [
        (
            Outcome::NothingHappened {
                why: why(),
                sent: true,
            },
            "Nothing happened.",
        ),
        (
            Outcome::SecretLost {
                was_empty: false,
                now: new.clone(),
                note: None,
            },
            "The token was replaced and its secret is lost.",
        ),
        (
            Outcome::SecretLost {
                was_empty: true,
                now: new,
                note: None,
            },
            "A token was generated and its secret is lost.",
        ),
        (Outcome::Gone { note: None }, "The token is gone."),
        (
            Outcome::CannotTell { why: why() },
            "Cannot be told: the connection was lost.",
        ),
    ];
    for (outcome, words) in findings {
        replacing().outcome(outcome).sees(words);
    }
}

#[test]
fn after_a_lost_secret_one_key_generates_again_over_the_token_that_is_there_now() {
    let mut owner = replacing();
    owner.outcome(Outcome::SecretLost {
        was_empty: false,
        now: token("at-New1"),
        note: None,
    });
    owner
        .press("n")
        .prepared(preparation())
        .sees("Replace")
        .sees("at-New1");
    assert_eq!(owner.press("acme<enter>").order().shown, seen("at-New1"));
}

#[test]
fn a_dead_token_is_not_shown_as_alive_until_it_is_read_again() {
    let dead = |outcome: Outcome| {
        let mut owner = replacing();
        owner.outcome(outcome);
        assert_eq!(state(&owner), State::Reading);
        assert_eq!(owner.looks(), [("acme".to_owned(), true)]);
        owner.press("<enter>n").sees("acme: not read yet");
        owner.read("acme", none());
        assert_eq!(state(&owner), State::None);
    };
    dead(Outcome::Deleted { note: None });
    dead(Outcome::Gone { note: None });
    dead(Outcome::CannotTell {
        why: "it was cut".into(),
    });
    let mut owner = replacing();
    owner.outcome(kept(&slot("acme"), seen("at-1")));
    let row = owner.app.list.row(&slot("acme")).unwrap();
    assert_eq!(
        *row.reading.as_ref().unwrap().token().unwrap().id,
        *"at-New1"
    );
}

#[test]
fn a_slot_that_changed_is_shown_as_it_is() {
    let mut owner = replacing();
    owner.outcome(Outcome::NotDone(NotDone::Changed(there(token("at-Other")))));
    owner.sees("Nothing was done: the slot has changed");
    owner.press("n").prepared(preparation()).sees("at-Other");
}

#[test]
fn a_look_that_began_before_the_write_is_stale() {
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner.press("r");
    let old = owner
        .effects()
        .iter()
        .find_map(|effect| match effect {
            Effect::Read { id, .. } => Some(*id),
            _ => None,
        })
        .unwrap();
    owner
        .press("n")
        .prepared(preparation())
        .press("acme<enter>");
    owner.outcome(kept(&slot("acme"), seen("at-1")));
    owner.reply(
        old,
        orgward::app::Reply::Read(std::sync::Arc::new(there(token("at-1")))),
    );
    let row = owner.app.list.row(&slot("acme")).unwrap();
    assert_eq!(
        *row.reading.as_ref().unwrap().token().unwrap().id,
        *"at-New1"
    );
}

#[test]
fn replies_and_steps_of_nothing_change_nothing() {
    let mut owner = Owner::with("acme", there(token("at-1")));
    let before = owner.screen();
    owner.reply(
        777,
        orgward::app::Reply::Outcome(Box::new(kept(&slot("acme"), seen("at-1")))),
    );
    owner.reply(777, orgward::app::Reply::Prepared(Box::new(preparation())));
    owner.reply(777, orgward::app::Reply::Delivered(Ok(on_clipboard())));
    owner.send(orgward::app::Message::Step(777, Step::Writing));
    assert_eq!(owner.screen(), before);
}

#[test]
fn a_revealed_secret_is_hidden_below_an_outcome() {
    let mut owner = replacing();
    let done = generated(&slot("acme"), seen("at-1"), Delivery::Kept);
    owner.outcome(Outcome::Generated(Box::new(done)));
    owner.press("v").sees(SECRET);
    owner
        .press("?")
        .sees("Help")
        .press("<esc>")
        .sees_not(SECRET);
}

#[test]
fn what_cannot_be_told_is_one_key_from_its_next_step() {
    let unknown = || Outcome::CannotTell {
        why: "the connection was lost".to_owned(),
    };
    let mut owner = replacing();
    owner.outcome(unknown()).sees("Cannot be told");
    owner.read("acme", there(token("at-1"))).press("n");
    owner.sees("Replace the organization token");

    let mut owner = Owner::with("acme", there(token("at-1")));
    owner.press("d").prepared(preparation());
    owner.press("acme<enter>").order();
    owner.outcome(unknown()).sees("Cannot be told");
    owner.read("acme", there(token("at-1"))).press("d");
    owner.sees("Delete the organization token");
}

#[test]
fn a_notice_that_nobody_has_read_is_not_closed_by_keys_that_come_with_it() {
    let mut owner = replacing();
    owner.step(Step::Writing);
    // Somebody who wants to stop what cannot be stopped any more.
    owner.press("<esc>").sees("waiting for the server");
    owner.outcome_now(Outcome::SecretLost {
        was_empty: false,
        now: token("at-New1"),
        note: None,
    });
    owner.press("<esc><esc>").sees("its secret is lost");
    owner.sees_not("waiting for the server");
    owner.wait(1).press("<esc>").sees_not("its secret is lost");
    // And what it said can be read again.
    owner.press("M").sees("its secret is lost");
}

#[test]
fn whoever_leaves_quicker_than_the_notice_is_told_all_the_same() {
    let mut owner = replacing();
    owner.step(Step::Writing);
    owner.press("<c-c>").sees("the program ends afterwards");
    owner.outcome_now(Outcome::SecretLost {
        was_empty: false,
        now: token("at-New1"),
        note: None,
    });
    owner.effects();
    owner.press("<c-c>");
    assert!(owner.asks_for().contains(&"Leave"));
    let told = owner.app.parting.join("\n");
    assert!(told.contains("acme"), "{told}");
    assert!(told.contains("its secret is lost"), "{told}");
    // What was closed was read.
    let mut owner = replacing();
    owner.outcome(Outcome::SecretLost {
        was_empty: false,
        now: token("at-New1"),
        note: None,
    });
    owner.press("<esc><c-c>");
    assert!(owner.app.parting.is_empty());
}
