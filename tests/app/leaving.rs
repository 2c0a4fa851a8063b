//! Leaving, and Esc, which never does.

use std::time::Duration;

use orgward::action::{After, Delivery, NotDone, Outcome, Step};
use orgward::app::{Effect, Message};
use orgward::slot::Identity;

use crate::driver::Owner;
use crate::world::*;

fn leaves(owner: &mut Owner) -> bool {
    owner.asks_for().contains(&"Leave")
}

fn generating() -> Owner {
    let mut owner = Owner::with("acme", none());
    owner.generate();
    owner
}

#[test]
fn q_and_ctrl_c_leave_and_esc_does_not() {
    for keys in ["q", "<c-c>"] {
        let mut owner = Owner::with("acme", none());
        owner.press(keys);
        assert!(leaves(&mut owner));
    }
    let mut owner = Owner::with("acme", none());
    owner.send(Message::Interrupt);
    assert!(leaves(&mut owner));
    let mut owner = Owner::with("acme", none());
    owner.press("<esc><esc><esc>");
    assert!(!leaves(&mut owner));
}

#[test]
fn ctrl_c_leaves_from_a_dialog_and_a_field() {
    for keys in ["n", "/ac", "?", "o"] {
        let mut owner = Owner::with("acme", none());
        owner.press(keys).press("<c-c>");
        assert!(leaves(&mut owner), "{keys}");
    }
}

#[test]
fn esc_undoes_one_thing_at_a_time() {
    let mut owner = Owner::with("acme", none());
    owner
        .press("/acme<enter>n")
        .sees("Generate an")
        .sees("acme");
    owner
        .press("<esc>")
        .sees_not("Generate an")
        .sees("filter: acme");
    owner.press("<esc>").sees_not("filter: acme");
    owner.press("/ac<esc>").sees_not("Esc clear");
    assert_eq!(owner.app.list.filter(), "");
    assert!(!leaves(&mut owner));
}

#[test]
fn leaving_before_anything_was_sent_stops_the_order_first() {
    let mut owner = generating();
    owner.step(Step::Comparing).press("q");
    assert_eq!(owner.asks_for(), ["Stop"]);
    owner.sees("the program ends afterwards");
    owner.outcome(Outcome::NotDone(NotDone::Stopped));
    assert!(leaves(&mut owner));
}

#[test]
fn leaving_during_a_write_waits_and_says_so() {
    for keys in ["q", "<c-c>"] {
        let mut owner = generating();
        owner.step(Step::Writing).press(keys);
        owner.sees("waiting for the server");
        owner.sees("the program ends afterwards").wait(60);
        owner.sees("the program ends afterwards");
        assert!(owner.asks_for().is_empty());
        let done = generated(
            &slot("acme"),
            Identity::None,
            Delivery::Delivered(on_clipboard()),
        );
        owner.outcome(Outcome::Generated(Box::new(done)));
        assert!(leaves(&mut owner));
    }
}

#[test]
fn after_the_wait_an_undelivered_secret_is_asked_about() {
    let mut owner = generating();
    owner.step(Step::Writing).press("q");
    owner.outcome(kept(&slot("acme"), Identity::None));
    owner
        .sees("Undelivered secret")
        .sees("acme on app.terraform.io");
    assert!(!leaves(&mut owner));
    owner.press("lose<enter>");
    assert_eq!(owner.asks_for(), ["LetGo", "Leave"]);
}

#[test]
fn nobody_leaves_without_seeing_what_became_of_a_token() {
    let lost = || Outcome::SecretLost {
        was_empty: true,
        now: token("at-New1"),
        note: None,
    };
    let unknown = || Outcome::CannotTell {
        why: "the answer was cut".into(),
    };
    let refused = || Outcome::Refused {
        status: 422,
        words: "no".into(),
        after: After::Same,
    };
    for (outcome, words) in [
        (lost(), "its secret is lost"),
        (unknown(), "Cannot be told"),
        (refused(), "Refused: no."),
    ] {
        let mut owner = generating();
        owner.step(Step::Writing).press("q").outcome(outcome);
        owner.sees(words);
        assert!(!leaves(&mut owner));
        owner.press("q");
        assert!(leaves(&mut owner));
    }
}

#[test]
fn a_wish_to_leave_is_forgotten_by_going_back() {
    let mut owner = generating();
    owner.step(Step::Writing).press("q");
    owner.outcome(kept(&slot("acme"), Identity::None));
    owner.press("<esc>").sees("A token was generated");
    owner
        .press("<esc>")
        .sees("Undelivered")
        .press("lose<enter>");
    assert_eq!(owner.asks_for(), ["LetGo"]);
}

#[test]
fn ctrl_c_in_the_question_about_closing_asks_about_leaving() {
    let mut owner = generating();
    owner.outcome(kept(&slot("acme"), Identity::None));
    owner
        .press("<esc>")
        .sees("Undelivered")
        .press("<c-c>")
        .sees("Undelivered");
    owner.press("lose<enter>");
    assert_eq!(owner.asks_for(), ["LetGo", "Leave"]);
}

#[test]
fn a_notice_is_still_there_when_leaving_has_to_wait() {
    let mut owner = generating();
    owner.step(Step::Writing).press("oq<esc>").effects();
    owner.sees("waiting for the server");
    owner.press("o").sees("Token page").press("q");
    owner.sees("Token page");
    assert!(!leaves(&mut owner));
}

#[test]
fn a_wait_after_429_can_be_left() {
    let mut owner = generating();
    owner.step(Step::Writing);
    owner
        .step(Step::Waiting(Duration::from_secs(30)))
        .press("q");
    assert_eq!(owner.asks_for(), ["Stop"]);
    owner.outcome(Outcome::NotDone(NotDone::Stopped));
    assert!(leaves(&mut owner));
}

#[test]
fn what_is_let_go_is_what_was_asked_about() {
    let mut owner = generating();
    owner.outcome(kept(&slot("acme"), Identity::None));
    let hold = owner.panel().hold();
    owner.press("<esc>lose<enter>");
    let effects = owner.effects();
    let gone = effects.iter().find_map(|effect| match effect {
        Effect::LetGo { order, hold, slot } => Some((order.clone(), *hold, slot.clone())),
        _ => None,
    });
    assert_eq!(gone, Some(("0badcafe".into(), hold, slot("acme"))));
}
