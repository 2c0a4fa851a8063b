//! The owner's own token was replaced: the new secret is offered to the place
//! of the old one.

use orgward::action::{Delivery, Outcome};
use orgward::app::Effect;
use orgward::app::message::Reply;
use orgward::fleet::Own;

use crate::driver::Owner;
use crate::world::*;

const PLACE: &str = "file ~/.terraform.d/credentials.tfrc.json";

fn replaced(can_store: bool) -> Owner {
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner
        .press("n")
        .prepared(preparation())
        .press("acme<enter>");
    let mut done = generated(&slot("acme"), seen("at-1"), Delivery::Kept);
    done.own = Own::Yes;
    done.stored = Some(PLACE.into());
    done.can_store = can_store;
    owner.outcome(Outcome::Generated(Box::new(done)));
    owner.effects();
    owner.wait(2);
    owner
}

#[test]
fn s_stores_it_where_the_old_one_is_and_that_is_a_delivery() {
    let mut owner = replaced(true);
    owner
        .sees("The old one is still stored in file ~/.terraform.d/credentials.tfrc.json: s stores the new one there.")
        .sees("s store");
    owner.press("s").sees("storing it as your credential");
    let effects = owner.effects();
    let Some(Effect::Store { id, slot: of, .. }) = effects.into_iter().next() else {
        panic!("nothing is stored");
    };
    assert_eq!(of, slot("acme"));
    let mut stored = in_file();
    stored.place = PLACE.into();
    stored.note = Some("as your credential".into());
    owner
        .reply(id, Reply::Stored(Ok(stored)))
        .sees("delivered to file ~/.terraform.d/credentials.tfrc.json as your credential")
        .sees_not("is still stored")
        .sees_not("s store");
    // It is somewhere now: closing asks nothing.
    owner.press("<esc>").sees_not("Undelivered");
}

#[test]
fn of_a_host_with_several_entries_it_is_said_whose_it_was() {
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner
        .press("n")
        .prepared(preparation())
        .press("acme<enter>");
    let mut done = generated(&slot("acme"), seen("at-1"), Delivery::Kept);
    done.own = Own::Yes;
    done.account = Some("account ci".into());
    owner
        .outcome(Outcome::Generated(Box::new(done)))
        .sees("It was your credential (account ci): this program goes on with the new one.");
}

#[test]
fn what_could_not_be_stored_is_said_and_can_be_tried_again() {
    let mut owner = replaced(true);
    owner.press("s");
    let Some(Effect::Store { id, .. }) = owner.effects().into_iter().next() else {
        panic!("nothing is stored");
    };
    let why = "it holds another credential by now";
    owner.reply(id, Reply::Stored(Err(why.into()))).sees(why);
    owner.press("<esc>").sees("Undelivered").press("<esc>");
    owner.press("s");
    assert_eq!(owner.asks_for(), ["Store"]);
}

#[test]
fn a_place_that_this_program_cannot_write_is_only_named() {
    let mut owner = replaced(false);
    owner
        .sees("credentials.tfrc.json: change it there.")
        .press("s");
    assert!(owner.asks_for().is_empty());
}
