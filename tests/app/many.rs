//! Marks, the dialog for many slots, the run, and the table at its end.

use std::time::Duration;

use orgward::action::{After, Delivery, NotDone, Outcome, Step, Verb};
use orgward::app::message::Reply;
use orgward::app::{Account, Effect, Message};
use orgward::delivery::{Delivered, Destination};
use orgward::fleet::Own;
use orgward::slot::{Found, Host, Identity, Kind, Slot, Time, Token};

use crate::driver::{Owner, wanted};
use crate::world::*;

/// Three tokens, one empty slot, one that cannot be acted on.
fn five() -> Owner {
    let mut owner = Owner::of(&["alpha", "beta", "gamma", "delta", "broken"]);
    let used = |id: &str, hours_ago: i64| {
        there(Token {
            last_used_at: Time::At(hours(-hours_ago)),
            ..token(id)
        })
    };
    owner
        .read("alpha", used("at-a", 100))
        .read("beta", used("at-b", 200))
        .read("gamma", used("at-c", 23))
        .read("delta", none())
        .read("broken", found(Found::Failed, Some("it did not answer")));
    owner.press("s").wait(5).effects();
    owner
}

/// The dialog for the four that can be acted on, confirmed.
fn confirmed(path: &str) -> Owner {
    let mut owner = five();
    owner.press("*n").prepared_many(many(4));
    owner.press("<s-tab>").press(path).press("<tab>4<enter>");
    owner
}

fn running() -> Owner {
    let mut owner = confirmed("/s/{organization}");
    owner.checked(Ok(()));
    owner
}

fn stored(slot: &Slot) -> Delivered {
    Delivered {
        place: format!("file /s/{}", slot.organization),
        ..in_file()
    }
}

/// The order under way is done well.
fn succeed(owner: &mut Owner) -> Slot {
    let order = owner.order();
    let delivery = Delivery::Delivered(stored(&order.slot));
    let done = generated(&order.slot, order.shown.clone(), delivery);
    owner.outcome(Outcome::Generated(Box::new(done)));
    order.slot
}

fn marks(owner: &Owner) -> Vec<String> {
    let rows = owner.app.list.marked();
    let mut names: Vec<String> = rows
        .iter()
        .map(|row| row.slot.organization.to_string())
        .collect();
    names.sort();
    names
}

#[test]
fn space_marks_and_moves_on_and_a_star_marks_all_that_are_shown() {
    let mut owner = five();
    owner
        .press(" ")
        .sees("● alpha")
        .sees("▸ beta")
        .sees("1 marked");
    owner
        .press("k")
        .sees("▸● alpha")
        .press(" ")
        .sees_not("marked");
    owner
        .press("*")
        .sees("5 marked")
        .press("*")
        .sees_not("marked");
    // Some are marked: then all are.
    owner.press(" *").sees("5 marked");
}

#[test]
fn marks_stay_on_their_slots() {
    let mut owner = five();
    owner.press(" j ");
    assert_eq!(marks(&owner), ["alpha", "broken"]);
    owner.press("sS").wait(5).press("/delta<enter>");
    owner.sees("2 marked (2 hidden)").sees("filter: delta");
    owner.press("*").sees("3 marked (2 hidden)");
    owner.press("R").read("alpha", none()).wait(5);
    assert_eq!(marks(&owner), ["alpha", "broken", "delta"]);
}

#[test]
fn esc_undoes_the_dialog_then_the_filter_then_the_marks() {
    let mut owner = five();
    owner.press("/a<enter>*n").sees("Type");
    owner
        .press("<esc>")
        .sees_not("Type")
        .sees("filter: a")
        .sees("marked");
    owner.press("<esc>").sees_not("filter: a").sees("marked");
    owner.press("<esc>").sees_not("marked");
    assert!(owner.press("<esc>").asks_for().len() <= 1, "it never quits");
}

#[test]
fn r_reads_what_is_marked() {
    let mut owner = five();
    owner.press("  r");
    let mut looks: Vec<String> = owner.looks().into_iter().map(|look| look.0).collect();
    looks.sort();
    assert_eq!(looks, ["alpha", "beta"]);
}

#[test]
fn one_mark_opens_the_ordinary_dialog_for_it() {
    let mut owner = five();
    owner.press(" jn").prepared(preparation());
    owner.sees("Type alpha to replace its token:");
    owner.press("alpha<enter>");
    let order = owner.order();
    owner.outcome(kept(&order.slot, order.shown.clone()));
    // Done: nothing is left to be done with it.
    assert_eq!(marks(&owner), [""; 0]);
}

#[test]
fn the_dialog_lists_what_dies_the_recently_used_first_and_what_is_left_out() {
    let mut owner = five();
    owner.press("*n").prepared_many(many(4));
    owner
        .sees("Replace 3 and generate 1 token on app.terraform.io")
        .sees("Type 4 to replace 3 and generate 1 token:")
        .sees("3 tokens die at once")
        .sees("1 slot has no token yet")
        .sees("1 of 5 marked are left out")
        .sees("left out: it did not answer")
        .sees("▲ gamma  used 23 h ago")
        .sees("at-a");
    let names: Vec<_> = owner
        .many()
        .items
        .iter()
        .map(|item| &*item.slot.organization)
        .collect();
    assert_eq!(names, ["gamma", "alpha", "beta", "delta"]);
    owner.press("<esc>d").prepared_many(many(3));
    owner
        .sees("Delete 3 tokens")
        .sees("2 of 5 marked are left out")
        .sees("left out: there is no token to delete");
}

#[test]
fn the_id_of_a_token_that_dies_is_cut_last() {
    let mut owner = Owner::of(&["a-rather-long-organization-name", "beta"]);
    owner
        .read(
            "a-rather-long-organization-name",
            there(token("at-DZ4wTqkqGyVEhqPc")),
        )
        .read("beta", there(token("41103f7e-58b4-4c6b-9d0e-2f4c8a1b7d33")));
    owner.press("*n").prepared_many(many(2));
    for size in [(200, 60), (120, 40), (80, 24)] {
        owner.send(Message::Resize(size.0, size.1));
        owner
            .sees("at-DZ4wTqkqGyVEhqPc")
            .sees("41103f7e-58b4-4c6b-9d0e-2f4c8a1b7d33");
    }
    owner.send(Message::Resize(120, 40));
    owner.sees("54 d old");
    // Names give way, and what tells them from each other stays.
    owner.send(Message::Resize(80, 24));
    owner.sees("a-rather-long-").sees("used 3 min ago");
    owner.send(Message::Resize(40, 10));
    owner.sees("used 3 min ago");
}

#[test]
fn age_and_last_use_are_told_by_the_clock_of_each_host() {
    let mut owner = five();
    owner.send(Message::Hosts(vec![orgward::fleet::HostNews {
        clock: jiff::SignedDuration::from_hours(-3),
        ..Default::default()
    }]));
    owner.press("*n").prepared_many(many(4));
    owner.sees("▲ gamma  used 20 h ago");
}

#[test]
fn hidden_marks_are_listed_too() {
    let mut owner = five();
    owner.press("*/alpha<enter>n").prepared_many(many(4));
    owner
        .sees("▲ gamma")
        .sees("Type 4 to replace 3 and generate 1");
}

#[test]
fn only_the_number_confirms_also_where_nothing_dies() {
    let mut owner = Owner::of(&["alpha", "beta"]);
    owner.read("alpha", none()).read("beta", none()).effects();
    owner.press("*n").prepared_many(many(2));
    owner.sees("Generate 2 tokens").sees("Type 2 to generate");
    owner.press("<s-tab>/s/{organization}<tab><enter>");
    owner.sees_not("that is not");
    owner
        .press("3<enter>")
        .sees("that is not the number of slots");
    owner.press("<bs>").sees_not("that is not");
    owner.press("alpha<enter><bs><bs><bs><bs><bs>02<enter><bs><bs>3<enter>");
    assert_eq!(owner.asks_for(), ["PrepareMany"]);
    owner.press("<bs>2<enter>").checked(Ok(()));
    assert_eq!(owner.order().verb(), Verb::Generate);
}

#[test]
fn nothing_starts_before_everything_is_known_and_the_destination_was_tried() {
    let mut owner = five();
    owner.press("*n4<enter>").sees("one moment");
    owner
        .prepared_many(many(4))
        .press("<enter>")
        .sees("type the path");
    owner.press("<s-tab>/s/x<tab><enter>");
    owner.sees("trying the destination");
    owner.checked(Err("alpha and beta would both go to /s/x"));
    owner.sees("would both go to /s/x");
    assert_eq!(owner.asks_for(), [""; 0]);
    assert!(owner.app.running.is_none() && owner.app.run.is_none());
}

#[test]
fn each_slot_is_read_again_before_anything_dies_and_the_use_since_then_is_shown() {
    let mut owner = five();
    owner.press("*n");
    let mut looks = owner.looks();
    looks.sort();
    // The owner waits for each of them.
    assert_eq!(
        looks,
        ["alpha", "beta", "delta", "gamma"].map(|name| (name.to_owned(), true))
    );
    owner.limits_of_many(many(4));
    owner
        .sees("reading again: 0 of 4")
        .sees("  alpha  used 4 d ago");
    owner.read(
        "alpha",
        there(Token {
            last_used_at: Time::At(hours(-1)),
            ..token("at-a")
        }),
    );
    owner
        .sees("reading again: 1 of 4")
        .sees("▲ alpha  used 1 h ago");
    owner.press("<s-tab>/s/{organization}<tab>4<enter>");
    owner.sees("one moment").sees_not("trying the destination");
    owner.read_again();
    owner
        .sees_not("reading again")
        .sees_not("one moment")
        .press("<enter>")
        .checked(Ok(()));
    let order = owner.order();
    assert_eq!(&*order.slot.organization, "gamma");
    owner.outcome(Outcome::NotDone(NotDone::Stopped));
    // The row tells of the use as well.
    owner.press("<esc>").sees("1 h ago");
}

#[test]
fn the_use_that_was_shown_at_last_goes_with_the_order() {
    let mut owner = five();
    owner.press("*d").limits_of_many(many(3));
    let used = Time::At(hours(-1));
    owner.read(
        "alpha",
        there(Token {
            last_used_at: used,
            ..token("at-a")
        }),
    );
    owner.read_again().press("3<enter>");
    owner.order();
    owner.outcome(Outcome::Deleted { note: None });
    let order = owner.order();
    assert_eq!((&*order.slot.organization, order.last_use), ("alpha", used));
}

#[test]
fn what_cannot_be_read_again_or_has_changed_is_left_out_and_said() {
    let mut owner = five();
    owner.press("*n").limits_of_many(many(4));
    owner
        .read("alpha", there(token("at-new")))
        .read("beta", found(Found::Failed, Some("it did not answer now")))
        .read_again();
    owner
        .sees("left out: the slot has changed; it holds token at-new")
        .sees("left out: it did not answer now")
        .sees("3 of 5 marked are left out");
    owner.press("<s-tab>/s/{organization}<tab>4<enter>");
    assert!(
        !owner.asks_for().contains(&"Check"),
        "four was the number before"
    );
    owner.press("<bs>2<enter>").checked(Ok(()));
    assert_eq!(owner.order().shown, seen("at-c"));
}

#[test]
fn where_all_have_changed_there_is_nothing_to_confirm() {
    let mut owner = Owner::of(&["alpha", "beta"]);
    owner.read("alpha", none()).read("beta", none()).effects();
    owner.press("*n").limits_of_many(many(2));
    owner
        .read("alpha", there(token("at-1")))
        .read("beta", there(token("at-2")));
    owner.press("<s-tab>/s/{organization}<tab>0<enter>");
    owner
        .sees("None of them is left: why stands")
        .sees("– alpha  left out")
        .sees_not("Type 0");
    assert!(!owner.asks_for().contains(&"Check"));
}

#[test]
fn a_host_that_goes_away_meanwhile_leaves_nobody_waiting() {
    let mut owner = five();
    owner.press("*n").limits_of_many(many(4));
    owner.read("gamma", there(token("at-c")));
    owner.send(Message::Hosts(vec![orgward::fleet::HostNews {
        away: Some("app.terraform.io: cannot connect".into()),
        ..Default::default()
    }]));
    // Those that are under way are answered, well or not.
    owner.read("alpha", there(token("at-a")));
    for name in ["beta", "delta"] {
        owner.read(name, found(Found::Failed, Some("cannot connect")));
    }
    owner
        .sees_not("reading again")
        .sees("left out: cannot connect")
        .sees("3 of 5 marked are left out");
}

#[test]
fn a_dialog_that_was_closed_reads_no_further() {
    let all: Vec<String> = (0..50).map(|n| format!("org-{n:02}")).collect();
    let known: Vec<&str> = all.iter().map(String::as_str).collect();
    let mut owner = Owner::of(&known);
    for name in &known {
        owner.read(name, none());
    }
    owner.effects();
    owner.press("*n");
    let begun = owner.looks().len();
    assert!(begun < 50, "not all at once: {begun}");
    owner.press("<esc>").read("org-00", none());
    assert!(owner.looks().is_empty());
}

#[test]
fn a_change_while_the_destination_is_tried_takes_the_confirmation_back() {
    let mut owner = confirmed("/s/{organization}");
    let check = owner.effects().into_iter().find_map(|effect| match effect {
        Effect::Check { id, .. } => Some(id),
        _ => None,
    });
    owner.press("<tab><right>");
    owner.reply(check.unwrap(), Reply::Checked(Ok(())));
    assert!(owner.app.run.is_none());
    owner.press("<esc>").effects();
    // Closed: the answer finds nobody.
    let mut owner = confirmed("/s/{organization}");
    owner.press("<esc>");
    let id = owner.effects().into_iter().find_map(|effect| match effect {
        Effect::Check { id, .. } => Some(id),
        _ => None,
    });
    owner.reply(id.unwrap(), Reply::Checked(Ok(())));
    assert!(owner.app.run.is_none());
}

#[test]
fn what_holds_one_secret_is_refused_for_many() {
    let mut owner = five();
    let mut known = many(4);
    known.default = 0;
    owner.press("*n").prepared_many(known).press("4<enter>");
    owner.sees("clipboard holds one secret, not many");
    owner
        .press("<s-tab><right><tab><enter>")
        .sees("osc52 holds one secret");
    owner
        .press("<s-tab><right><tab><enter>")
        .sees("panel holds one secret");
    assert!(!owner.asks_for().contains(&"Check"));
}

#[test]
fn an_expiry_beyond_one_policy_is_refused_with_its_name() {
    let mut owner = five();
    let mut known = many(4);
    // gamma, alpha, beta, delta
    known.slots[2].policy = Some(Duration::from_secs(30 * 86_400));
    owner.press("*n").prepared_many(known);
    owner.press("<s-tab>/s/{organization}<tab>4<enter>");
    owner
        .sees("beta on app.terraform.io: 2027-02-22T10:00:00Z is beyond")
        .sees("at most 30 d");
    assert!(!owner.asks_for().contains(&"Check"));
    owner.press("<tab><left><left><enter>");
    assert!(owner.asks_for().contains(&"Check"));
}

#[test]
fn the_longest_is_offered_where_every_organization_has_a_limit() {
    let mut owner = five();
    let mut known = many(4);
    for slot in &mut known.slots {
        slot.policy = Some(Duration::from_secs(365 * 86_400));
    }
    owner.press("*n").prepared_many(known);
    owner.press("<tab><right><right>").sees("the longest");
}

#[test]
fn one_order_after_the_other_and_the_table_at_the_end() {
    let mut owner = running();
    let mut names = Vec::new();
    for at in 0..4 {
        owner
            .sees(&format!("{} of 4", at + 1))
            .sees(&format!(" {at}/4"));
        names.push(succeed(&mut owner).organization.to_string());
    }
    assert_eq!(names, ["gamma", "alpha", "beta", "delta"]);
    owner
        .sees("What was replaced")
        .sees("4 of 4 done.")
        .sees("gamma replaced, file /s/gamma")
        .sees("delta generated, file /s/delta");
    assert_eq!(marks(&owner), ["broken"]);
    assert!(owner.app.running.is_none());
    owner.press("<enter>n").sees("4 of 4 done.");
    owner.press("<esc>").sees_not("4 of 4 done.");
}

#[test]
fn a_thousand_are_one_order_after_the_other_each_once() {
    let all: Vec<String> = (0..1_000).map(|n| format!("org-{n:04}")).collect();
    let known: Vec<&str> = all.iter().map(String::as_str).collect();
    let mut owner = Owner::of(&known);
    loop {
        let effects = owner.effects();
        let looks: Vec<_> = effects
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Read { id, slot, .. } => Some((id, slot)),
                _ => None,
            })
            .collect();
        if looks.is_empty() {
            break;
        }
        for (id, slot) in looks {
            let name = &*slot.organization;
            let even = name.ends_with(['0', '2', '4', '6', '8']);
            let reading = if even { there(token(name)) } else { none() };
            owner.reply(id, Reply::Read(reading.into()));
        }
    }
    owner.press("s").wait(5).effects();
    owner
        .press("*n")
        .prepared_many(many(1_000))
        .sees("500 tokens die at once");
    owner.effects();
    owner.press("<s-tab>/s/{organization}<tab>999<enter>");
    assert!(owner.asks_for().is_empty(), "it is not the number");
    owner.press("<bs><bs><bs>1000<enter>").checked(Ok(()));
    let mut done = std::collections::BTreeSet::new();
    for at in 0..1_000 {
        if at == 700 {
            owner.sees("701 of 1000").sees(" 700/1000");
        }
        assert!(done.insert(succeed(&mut owner).organization.to_string()));
    }
    assert_eq!(done.len(), 1_000);
    owner.sees("1000 of 1000 done.");
    assert!(marks(&owner).is_empty() && owner.app.running.is_none());
}

#[test]
fn every_order_carries_what_was_shown_and_the_same_terms() {
    let mut owner = running();
    for shown in [seen("at-c"), seen("at-a"), seen("at-b"), Identity::None] {
        let order = owner.order();
        assert_eq!(order.shown, shown);
        let to = Destination::File("/s/{organization}".into());
        assert_eq!(wanted(&order), ("90 d".to_owned(), to));
        let done = generated(
            &order.slot,
            order.shown.clone(),
            Delivery::Delivered(stored(&order.slot)),
        );
        owner.outcome(Outcome::Generated(Box::new(done)));
    }
}

#[test]
fn esc_stops_between_two_and_says_so() {
    let mut owner = running();
    succeed(&mut owner);
    let order = owner.order();
    owner
        .step(Step::Writing)
        .press("<esc>")
        .sees("stopping after this one");
    assert_eq!(owner.asks_for(), [""; 0]);
    let done = generated(
        &order.slot,
        order.shown.clone(),
        Delivery::Delivered(stored(&order.slot)),
    );
    owner.outcome(Outcome::Generated(Box::new(done)));
    owner
        .sees("2 of 4 done.")
        .sees("Stopped, as you asked.")
        .sees("beta not begun")
        .sees("What was not done stays marked (2).");
    assert_eq!(marks(&owner), ["beta", "broken", "delta"]);
    // And on with the rest.
    owner
        .press("<esc>n")
        .prepared_many(many(2))
        .sees("Type 2 to replace");
}

#[test]
fn a_key_that_was_moved_is_named_where_it_stops_a_run() {
    let mut owner = running();
    let changes = [("back".to_owned(), "B".to_owned())].into();
    owner.app.settings.keymap = orgward::app::keys::Keymap::new(&changes).unwrap();
    owner.order();
    owner
        .sees("B stops after this one")
        .step(Step::Waiting(Duration::from_secs(9)))
        .sees("B ends it")
        .press("B");
    assert_eq!(owner.asks_for(), ["Stop"]);
}

#[test]
fn esc_before_the_request_stops_the_present_one_too() {
    let mut owner = running();
    owner.order();
    owner.step(Step::Comparing).press("<esc>");
    assert_eq!(owner.asks_for(), ["Stop"]);
    owner.outcome(Outcome::NotDone(NotDone::Stopped));
    owner
        .sees("gamma stopped; nothing was changed")
        .sees("0 of 4");
    assert_eq!(marks(&owner).len(), 5);
}

#[test]
fn a_delivery_that_fails_stops_the_run_with_the_secret_in_hand() {
    let mut owner = running();
    succeed(&mut owner);
    let order = owner.order();
    let delivery = Delivery::Failed {
        to: Destination::File("/s/alpha".into()),
        why: "no space left on device".into(),
    };
    let done = generated(&order.slot, order.shown.clone(), delivery);
    owner.outcome(Outcome::Generated(Box::new(done)));
    owner.sees("••••••••").sees("no space left on device");
    assert!(owner.app.run.is_none() && owner.app.running.is_none());
    // It is as safe as any: closing asks.
    owner
        .press("<esc>")
        .sees("Undelivered secret")
        .press("<esc>");
    owner.press("w/s/other<enter>");
    let (id, _) = owner.delivery();
    owner.reply(id, Reply::Delivered(Ok(in_file())));
    owner
        .press("<esc>")
        .sees("Stopped: a secret is not where it was to go.");
    owner.sees("alpha replaced, undelivered");
    assert_eq!(marks(&owner), ["beta", "broken", "delta"]);
}

#[test]
fn what_was_only_sent_stops_a_run_too() {
    let mut owner = running();
    let order = owner.order();
    let done = generated(
        &order.slot,
        order.shown.clone(),
        Delivery::Delivered(by_osc52()),
    );
    owner.outcome(Outcome::Generated(Box::new(done)));
    owner.sees("••••••••");
    assert!(owner.app.run.is_none());
}

#[test]
fn an_expired_credential_stops_resumably() {
    let refused = found(Found::Unauthorized, Some("401: it has expired"));
    for outcome in [
        Outcome::NotDone(NotDone::Unreadable(refused)),
        Outcome::Refused {
            status: 401,
            words: "unauthorized".into(),
            after: After::Same,
        },
    ] {
        let mut owner = running();
        succeed(&mut owner);
        owner.order();
        owner.outcome(outcome);
        owner
            .sees("does not accept your credential any more")
            .sees("What was not done stays marked (3).");
        assert!(!owner.asks_for().contains(&"Perform"));
        assert_eq!(marks(&owner), ["alpha", "beta", "broken", "delta"]);
    }
}

#[test]
fn where_an_answer_was_lost_no_further_token_is_put_at_risk() {
    let why = || "the connection was lost".to_owned();
    for outcome in [
        Outcome::NothingHappened {
            why: why(),
            sent: true,
        },
        Outcome::SecretLost {
            note: None,
            was_empty: false,
            now: token("at-x"),
        },
        Outcome::CannotTell { why: why() },
        Outcome::NotDone(NotDone::Destination(why())),
        Outcome::NotDone(NotDone::Journal(why())),
        Outcome::NotDone(NotDone::Host(why())),
    ] {
        let mut owner = running();
        owner.order();
        let words = outcome.words();
        owner.outcome(outcome);
        owner.sees("Stopped after a failure.").sees(&words);
        assert!(!owner.asks_for().contains(&"Perform"));
    }
}

#[test]
fn what_concerns_one_slot_does_not_stop_the_others() {
    let changed = there(token("at-Other"));
    for outcome in [
        Outcome::NotDone(NotDone::Changed(changed)),
        Outcome::NotDone(NotDone::Unreadable(found(Found::Failed, Some("502")))),
        Outcome::NotDone(NotDone::Expiry("beyond".into())),
        Outcome::Refused {
            status: 403,
            words: "no".into(),
            after: After::Same,
        },
    ] {
        let mut owner = running();
        owner.order();
        let words = outcome.words();
        owner.outcome(outcome);
        for _ in 0..3 {
            succeed(&mut owner);
        }
        owner.sees("3 of 4 done.").sees(&words);
        assert_eq!(marks(&owner), ["broken", "gamma"]);
    }
}

#[test]
fn deleting_many_needs_no_destination_and_ones_own_goes_last() {
    let mut owner = five();
    let mut known = many(3);
    known.slots[0].own = Own::Yes;
    owner.press("*d").prepared_many(known.clone());
    owner.sees("gamma is your own credential: it goes last");
    owner.press("<esc>");
    known.slots[0].account = Some("account ci".into());
    owner.press("d").prepared_many(known);
    owner.sees("gamma is your own credential (account ci): it goes last");
    owner.press("3<enter>");
    let mut names = Vec::new();
    for _ in 0..3 {
        let order = owner.order();
        assert_eq!(order.verb(), Verb::Delete);
        names.push(order.slot.organization.to_string());
        owner.outcome(Outcome::Deleted { note: None });
    }
    assert_eq!(names, ["alpha", "beta", "gamma"]);
    owner.sees("3 of 3 deleted.").sees("gamma deleted");
}

#[test]
fn q_during_a_run_waits_for_the_present_write_and_begins_no_other() {
    let mut owner = running();
    let order = owner.order();
    owner
        .step(Step::Writing)
        .press("q")
        .sees("the program ends afterwards");
    assert_eq!(owner.asks_for(), [""; 0]);
    let done = generated(
        &order.slot,
        order.shown.clone(),
        Delivery::Delivered(stored(&order.slot)),
    );
    owner.outcome(Outcome::Generated(Box::new(done)));
    assert_eq!(owner.asks_for(), ["Leave"]);

    let mut owner = running();
    let order = owner.order();
    owner.step(Step::Writing).press("<c-c>").effects();
    let failed = Delivery::Failed {
        to: Destination::Keyring,
        why: "it is locked".into(),
    };
    let done = generated(&order.slot, order.shown.clone(), failed);
    owner.outcome(Outcome::Generated(Box::new(done)));
    owner.sees("Undelivered secret").press("lose<enter>");
    assert!(owner.asks_for().ends_with(&["LetGo", "Leave"]));
}

#[test]
fn what_went_wrong_is_seen_before_the_program_ends() {
    let mut owner = running();
    owner.order();
    owner.step(Step::Writing).press("q").effects();
    owner.outcome(Outcome::CannotTell {
        why: "it was cut".into(),
    });
    owner.sees("cannot be told: it was cut");
    assert!(!owner.asks_for().contains(&"Leave"));
    owner.press("q");
    assert_eq!(owner.asks_for(), ["Leave"]);
}

#[test]
fn a_token_with_another_expiry_than_asked_for_is_told() {
    let mut owner = running();
    let order = owner.order();
    let mut done = generated(
        &order.slot,
        order.shown.clone(),
        Delivery::Delivered(stored(&order.slot)),
    );
    done.token.expires_at = Time::Never;
    owner.outcome(Outcome::Generated(Box::new(done)));
    owner.press("<esc>").order();
    owner.outcome(Outcome::NotDone(NotDone::Stopped));
    owner.sees("it ends never, which is not what was asked for");
}

#[test]
fn nothing_marked_that_can_be_acted_on_opens_no_dialog() {
    let mut owner = Owner::of(&["alpha", "beta"]);
    owner.read("alpha", none()).effects();
    owner
        .press("*d")
        .sees("none of the marked slots can have its token deleted now");
    owner.app.settings.read_only = true;
    owner.press("n").sees("read-only");
    assert_eq!(owner.asks_for(), [""; 0]);
}

// ---- the second kind of token

fn hcp() -> Owner {
    let other = Account::new(
        Host::new("tfe.corp.example"),
        None,
        Some(names(&["platform"])),
    );
    let mut owner = Owner::new(
        settings(),
        vec![account(&["acme", "beta"]), other],
        (120, 40),
    );
    owner
        .read("acme", there(token("at-1")))
        .read("beta", none());
    owner.effects();
    owner
}

#[test]
fn tab_shows_audit_trail_tokens_only_where_the_host_is_proven_to_have_them() {
    let mut owner = hcp();
    owner
        .press("<tab>")
        .sees("no host here is known to have audit trail tokens");
    owner.send(Message::AuditTrails(slot("acme")));
    // Nobody looks at it yet: nothing is asked.
    assert!(owner.looks().is_empty());
    owner.sees("3 organizations");
    owner
        .press("j<tab>")
        .sees("audit trail tokens")
        .sees_not("platform")
        .sees_not("beta");
    let audit = slot("acme").of_kind(Kind::AuditTrails);
    let asked: Vec<Slot> = owner
        .effects()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Read { slot, .. } => Some(slot),
            _ => None,
        })
        .collect();
    assert_eq!(asked, std::slice::from_ref(&audit));
    owner.read_slot(&audit, there(token("at-audit")));
    owner.sees("acme · audit trail token at-audit");
    owner.press("n").prepared(preparation());
    owner.sees("Replace the audit trail token");
    owner.press("acme<enter>");
    assert_eq!(owner.order().slot, audit);
}

#[test]
fn marks_of_the_other_kind_count_as_hidden_and_are_listed() {
    let mut owner = hcp();
    owner.send(Message::AuditTrails(slot("acme")));
    owner.press("<tab>");
    let audit = slot("acme").of_kind(Kind::AuditTrails);
    owner.read_slot(&audit, there(token("at-audit")));
    owner.press("*<tab>*").sees("4 marked (1 hidden)");
    owner.press("n").prepared_many(many(3));
    owner.sees("acme (audit trail)");
}

#[test]
fn a_plan_without_audit_logging_is_told_in_the_row() {
    let mut owner = hcp();
    owner.send(Message::AuditTrails(slot("acme")));
    owner.press("<tab>");
    let audit = slot("acme").of_kind(Kind::AuditTrails);
    let why = "its plan has no audit logging (entitlement audit-logging)";
    owner
        .read_slot(&audit, found(Found::None, Some(why)))
        .sees(why);
}
