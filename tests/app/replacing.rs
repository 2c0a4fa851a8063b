//! Replace: a token dies, so its organization's name is typed.

use orgward::app::dialogs::Focus;
use orgward::app::{Layer, Message};
use orgward::fleet::Own;
use orgward::slot::{Identity, Reading, Time, Token};

use crate::driver::Owner;
use crate::world::*;

fn every_state_with_a_token() -> Vec<(&'static str, Reading)> {
    let with = |change: &dyn Fn(&mut Token)| {
        let mut token = token("at-1");
        change(&mut token);
        there(token)
    };
    let over = Reading {
        policy: Some(std::time::Duration::from_secs(100 * 86_400)),
        ..with(&|_| {})
    };
    vec![
        ("ok", with(&|_| {})),
        ("expired", with(&|t| t.expires_at = Time::At(days(-1)))),
        ("expiring", with(&|t| t.expires_at = Time::At(days(2)))),
        ("over policy", over),
        ("unused", with(&|t| t.last_used_at = Time::At(days(-100)))),
        ("unclear", unclear()),
    ]
}

#[test]
fn whatever_the_state_the_exact_name_is_wanted() {
    for (state, reading) in every_state_with_a_token() {
        let mut owner = Owner::with("acme", reading.clone());
        owner.sees(state).press("n").prepared(preparation());
        match owner.app.layers.last() {
            Some(Layer::New(dialog)) => assert_eq!(dialog.focus, Focus::Name),
            _ => panic!("no dialog for {state}"),
        }
        owner.effects();
        for wrong in ["", "ACME", "Acme", "acm", "acme ", "acmee"] {
            owner.press(wrong).press("<enter>");
            assert!(owner.asks_for().is_empty(), "{wrong:?} in {state}");
            owner
                .sees("Replace the organization token")
                .sees_not("Enter to replace");
            owner.press(&"<bs>".repeat(wrong.len()));
        }
        owner.press("acme").sees("Enter to replace");
        let order = owner.press("<enter>").order();
        assert_eq!(Some(order.shown), reading.identity());
        assert_eq!(order.slot, slot("acme"));
    }
}

#[test]
fn the_token_that_dies_is_identified() {
    let mut owner = Owner::with("acme", there(token("at-Wq3xY7")));
    for size in [(80, 24), (120, 40), (40, 10)] {
        owner
            .size(size.0, size.1)
            .press("n")
            .prepared(preparation());
        owner
            .sees("Replace the organization token")
            .sees("at-Wq3xY7")
            .sees("54 d ago")
            .sees("by olivia")
            .sees("3 min ago")
            .sees("Type acme to replace")
            .press("<esc>");
    }
}

#[test]
fn of_what_cannot_be_seen_it_is_said_that_it_would_die() {
    let mut owner = Owner::with("acme", unclear());
    for (width, height) in [(80, 24), (40, 10)] {
        owner.size(width, height).press("n").prepared(preparation());
        owner
            .sees("A token that you may not see would die")
            .press("<esc>");
    }
    owner
        .press("n")
        .prepared(preparation())
        .press("acme<enter>");
    assert_eq!(owner.order().shown, Identity::Unclear);
}

#[test]
fn enter_before_all_is_known_does_nothing_later() {
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner.press("nacme<enter>").sees("one moment");
    owner.prepared(preparation()).sees_not("one moment");
    assert_eq!(owner.asks_for(), ["Prepare"]);
    assert_eq!(owner.press("<enter>").order().shown, seen("at-1"));
}

#[test]
fn ones_own_credential_is_told() {
    let mut known = preparation();
    known.own = Own::Yes;
    known.origin = Some("the environment".into());
    for size in [(80, 24), (40, 10)] {
        let mut owner = Owner::with("acme", there(token("at-1")));
        owner
            .size(size.0, size.1)
            .press("n")
            .prepared(known.clone());
        owner.sees("This token is your own credential.");
    }
    known.account = Some("account ci".into());
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner.press("n").prepared(known.clone());
    owner.sees("This token is your own credential (account ci).");
    known.own = Own::Unknown;
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner.press("n").prepared(known);
    owner.sees("The host does not say whether this token is your own credential");
}

#[test]
fn an_order_is_for_what_the_dialog_showed_whatever_happened_to_the_list() {
    let mut owner = Owner::of(&["acme", "beta", "zulu"]);
    for name in ["acme", "beta", "zulu"] {
        owner.read(name, there(token(&format!("at-{name}"))));
    }
    owner
        .press("jn")
        .prepared(preparation())
        .sees("at-beta")
        .effects();
    // The selected row moves, and another takes its line.
    let late = Token {
        expires_at: Time::At(days(-1)),
        ..token("at-2")
    };
    owner.app.list.want_all();
    owner.size(119, 40).read("beta", there(late));
    owner.sees("at-beta");
    let order = owner.press("beta<enter>").order();
    assert_eq!((order.slot, order.shown), (slot("beta"), seen("at-beta")));
}

#[test]
fn an_order_is_for_what_the_dialog_showed_even_if_its_row_is_gone() {
    use orgward::app::Account;
    use orgward::app::message::Reply;
    use orgward::slot::Host;
    let all = vec![Account::new(Host::new(HOST), None, None)];
    let mut owner = Owner::new(settings(), all, (80, 24));
    let list = |owner: &mut Owner, seen: &[&str]| {
        let id = owner.app.accounts[0].listing.expect("no listing");
        owner.reply(id, Reply::Listed(Ok(names(seen))));
    };
    list(&mut owner, &["acme", "beta"]);
    owner
        .read("acme", there(token("at-1")))
        .read("beta", none());
    owner.press("/acme<enter>R");
    owner.press("n").prepared(preparation());
    list(&mut owner, &["beta"]);
    assert!(owner.app.list.row(&slot("acme")).is_none());
    owner.effects();
    let order = owner.press("acme<enter>").order();
    assert_eq!((order.slot, order.shown), (slot("acme"), seen("at-1")));
    // And its outcome finds its way without a row.
    owner
        .outcome(kept(&slot("acme"), seen("at-1")))
        .sees("The token was replaced");
}

#[test]
fn the_last_use_is_as_of_now_and_not_of_when_the_row_was_read() {
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner.press("n");
    let mut used = token("at-1");
    used.last_used_at = Time::At(owner.app.now.wall);
    let mut known = preparation();
    known.seen = Some(Box::new(there(used)));
    owner.prepared(known).sees("now (");
    let now = Time::At(owner.app.now.wall);
    assert_eq!(owner.press("acme<enter>").order().last_use, now);
    // Another token is not passed off as the one that was shown.
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner.press("n");
    let mut known = preparation();
    known.seen = Some(Box::new(there(token("at-other"))));
    owner.prepared(known).sees("at-1").sees_not("at-other");
}

#[test]
fn what_the_host_does_not_say_is_not_called_never() {
    let mut odd = token("at-1");
    (odd.last_used_at, odd.expires_at) = (Time::Unknown, Time::Unknown);
    let mut owner = Owner::with("acme", there(odd));
    owner.sees("unknown").sees_not("never");
    owner.press("n").prepared(preparation());
    owner
        .sees("unknown: the host does not say")
        .sees_not("never");
}

#[test]
fn the_last_use_is_told_by_the_clock_of_the_host_before_and_after_the_look() {
    let mut owner = Owner::with("acme", there(token("at-1")));
    let clock = jiff::SignedDuration::from_hours(2);
    let news = orgward::fleet::HostNews {
        clock,
        ..Default::default()
    };
    owner.send(Message::Hosts(vec![news]));
    owner.press("n").sees("2 h ago (");
    let mut known = preparation();
    known.seen = Some(Box::new(there(token("at-1"))));
    owner.prepared(known).sees("2 h ago (");
}
