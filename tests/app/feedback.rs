//! What the screen says of itself: what is under way, what was said, what went
//! wrong.

use orgward::app::message::Reply;
use orgward::app::{Account, Message, Settings};
use orgward::slot::{Found, Host, Identity};

use crate::driver::Owner;
use crate::world::*;

const TURNING: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

fn turns(owner: &Owner) -> bool {
    owner.screen().contains(TURNING)
}

#[test]
fn something_turns_only_while_something_is_under_way() {
    let mut owner = Owner::of(&["acme", "beta"]);
    assert!(turns(&owner));
    owner.sees("0/2 read");
    let before = owner.screen();
    owner.wait(1);
    assert_ne!(owner.screen(), before, "it does not turn");
    owner.read("acme", none()).sees("1/2 read");
    owner.read("beta", none());
    assert!(!turns(&owner));
    assert_eq!(owner.app.next_deadline(), None, "an idle screen sleeps");
    // A dialog that looks something up, and a panel that delivers.
    owner.press("n");
    assert!(turns(&owner));
    owner.prepared(preparation());
    assert!(!turns(&owner));
    owner
        .press("<enter>")
        .outcome(kept(&slot("acme"), Identity::None));
    owner.read("acme", there(token("at-1")));
    assert!(!turns(&owner));
    owner.press("t");
    assert!(turns(&owner));
}

#[test]
fn a_listing_turns_until_it_is_answered() {
    let accounts = vec![Account::new(Host::new(HOST), None, None)];
    let mut owner = Owner::new(settings(), accounts, (80, 24));
    assert!(turns(&owner));
    let id = owner.app.accounts[0].listing.expect("a listing");
    owner.reply(id, Reply::Listed(Ok(Vec::new())));
    assert!(!turns(&owner));
    assert_eq!(owner.app.next_deadline(), None);
}

#[test]
fn what_was_said_is_kept_with_its_time() {
    let mut owner = Owner::with("acme", none());
    owner.press("M").sees("nothing was said yet").press("<esc>");
    owner.press("s").sees("sorted by organization");
    owner.wait(60);
    owner.sees_not("sorted by organization");
    owner.reply(0, Reply::Done(Err("no clipboard opens".to_owned())));
    owner.wait(60);
    owner.sees_not("no clipboard opens");
    // The error is still there to be read, and the key bar says how.
    owner.sees("M messages").press("M");
    owner
        .sees("10:01:00 ▲ no clipboard opens")
        .sees("10:00:00 sorted by organization");
    owner.press("<esc>").sees_not("M messages");
    assert!(owner.app.layers.is_empty());
}

#[test]
fn the_same_error_again_is_one_line() {
    let mut owner = Owner::with("acme", none());
    for _ in 0..3 {
        owner.reply(0, Reply::Done(Err("no clipboard opens".to_owned())));
    }
    owner.press("M").sees("no clipboard opens (3 times)");
}

#[test]
fn a_long_message_is_whole_and_an_older_day_is_named() {
    let mut owner = Owner::with("acme", none());
    let long = "the clipboard went away and what was copied is kept in the panel, \
                which stays open until it is delivered somewhere else";
    owner.reply(0, Reply::Done(Err(long.to_owned())));
    owner.wait(24 * 3600);
    owner.reply(0, Reply::Done(Ok("read again".to_owned())));
    for size in [(80, 24), (40, 12)] {
        owner.size(size.0, size.1).press("M");
        owner.sees(long).sees("10:00:00 ▲ the clipboard");
        let screen = owner.screen();
        let day = screen.find(&day_before(&owner)).expect("the day");
        assert!(screen.find("read again") < Some(day), "{screen}");
        owner.press("<esc>");
    }
}

/// The day on which the run began, in the words of the messages.
fn day_before(owner: &Owner) -> String {
    let zone = &owner.app.settings.zone;
    orgward::app::when::day(at(NOW), zone)
}

#[test]
fn many_messages_scroll_and_the_oldest_go() {
    let mut owner = Owner::with("acme", none());
    owner.size(80, 24);
    for n in 0..300 {
        owner.reply(0, Reply::Done(Ok(format!("message {n}"))));
    }
    owner.press("M").sees("of 200").sees("message 299");
    owner.press("G").sees("message 100").sees_not("message 99 ");
    owner.press("g").sees("message 299").press("M");
    assert!(owner.app.layers.is_empty());
}

#[test]
fn a_host_that_goes_away_is_in_the_messages() {
    let mut owner = Owner::with("acme", none());
    owner.send(orgward::app::Message::Hosts(vec![
        orgward::fleet::HostNews {
            away: Some(format!("{HOST}: cannot connect")),
            clock: jiff::SignedDuration::ZERO,
            pause: None,
        },
    ]));
    owner.press("M").sees("▲ app.terraform.io: cannot connect");
}

#[test]
fn a_word_in_the_status_line_covers_no_row() {
    let names: Vec<String> = (0..60).map(|n| format!("o{n:02}")).collect();
    let refs: Vec<&str> = names.iter().map(String::as_str).collect();
    for size in [(40, 10), (80, 24), (120, 40), (200, 60)] {
        let mut owner = Owner::new(settings(), vec![account(&refs)], size);
        let rows = |owner: &Owner| {
            let shown = owner.app.list.visible().map(|row| row.slot.clone());
            let screen = owner.screen();
            let drawn = shown.filter(|slot| screen.contains(&*slot.organization));
            drawn.count()
        };
        let before = rows(&owner);
        owner.reply(0, Reply::Done(Err("something went wrong ".repeat(30))));
        owner.sees("something went");
        assert_eq!(rows(&owner), before, "{size:?}");
    }
}

#[test]
fn a_name_is_copied_only_once_that_is_so() {
    let mut owner = Owner::with("acme", none());
    owner.press("c").sees_not("copied");
    let id = owner.effects().iter().find_map(|effect| match effect {
        orgward::app::Effect::CopyName { id, .. } => Some(*id),
        _ => None,
    });
    owner.reply(id.unwrap(), Reply::Done(Err("no clipboard opens".into())));
    owner.sees_not("copied").sees("no clipboard opens");
}

#[test]
fn in_ascii_nothing_else_is_drawn_while_something_turns() {
    let settings = Settings {
        ascii: true,
        ..settings()
    };
    let mut owner = Owner::new(settings, vec![account(&["acme", "beta"])], (80, 24));
    for _ in 0..8 {
        owner.wait(1);
        assert!(owner.screen().is_ascii(), "{}", owner.screen());
    }
    owner.read("acme", found(Found::Failed, Some("it did not answer")));
    owner.press("M");
    assert!(owner.screen().is_ascii(), "{}", owner.screen());
}

#[test]
fn in_ascii_what_is_cut_does_not_end_like_a_sentence() {
    let ascii = orgward::app::Settings {
        ascii: true,
        ..settings()
    };
    let name = "a-name-that-is-much-too-long-for-it";
    let mut owner = Owner::new(ascii, vec![account(&[name])], (60, 20));
    owner.read(name, there(token("at-1")));
    owner.sees("> a-name-that-is-~ ok");
    // A field shows where the cursor is.
    owner.press("n").press(&"x".repeat(80)).sees(" ~xxx");
}

#[test]
fn organizations_that_are_left_out_are_a_warning_that_is_kept() {
    let mut owner = Owner::with("acme", none());
    let words = "3 organizations of tfe.corp.example have names that cannot be used here";
    owner.send(Message::LeftOut(words.to_owned()));
    owner.sees(&format!("▲ {words}"));
    owner.wait(60);
    owner.sees_not(words).sees("M messages").press("M");
    owner.sees(&format!("▲ {words}"));
}
