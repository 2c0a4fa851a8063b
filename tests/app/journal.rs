//! The journal, what earlier runs left behind, and acting without a journal.

use orgward::action::{NotDone, Outcome};
use orgward::app::{Account, Effect};
use orgward::slot::{Found, Host};

use crate::driver::Owner;
use crate::world::*;

fn with(orders: Vec<orgward::journal::LeftOpen>) -> Owner {
    let mut owner = Owner::of(&["acme"]);
    owner.effects();
    owner.left_open(orders);
    owner
}

/// The orders that need not be told again.
fn seen(owner: &mut Owner) -> Vec<String> {
    let effects = owner.effects().into_iter();
    effects
        .filter_map(|effect| match effect {
            Effect::Seen { orders } => Some(orders),
            _ => None,
        })
        .flatten()
        .map(|(order, slot)| format!("{order}: {slot}"))
        .collect()
}

#[test]
fn an_order_without_an_outcome_is_told_with_what_the_host_says_now() {
    let killed = || vec![left_open("replace", None, &[])];
    for (reading, words) in [
        (
            there(token("at-Before")),
            "The token at-Before is there now, created 2026-10-01 08:30 +00:00: the same as before.",
        ),
        (
            there(token("at-Other")),
            "Another token at-Other is there now, created 2026-10-01 08:30 +00:00; before it was at-Before.",
        ),
        (none(), "No token is there now."),
        (
            found(Found::Failed, Some("the host did not answer")),
            "What is there now cannot be told: the host did not answer.",
        ),
    ] {
        let mut owner = with(killed());
        owner
            .sees("a replace of 2026-11-22 10:00 +00:00 has no recorded outcome")
            .sees("What is there now is being read.");
        let is_answer = !matches!(reading.found, Found::Failed);
        owner.read("acme", reading).sees(words);
        owner.press("<enter>").sees_not("From an earlier run");
        // A host that did not answer has told nothing of it.
        let told = seen(&mut owner) == ["order-0: acme on app.terraform.io"];
        assert_eq!(told, is_answer, "{words}");
    }
}

#[test]
fn what_was_not_told_with_the_host_s_words_is_told_again() {
    let mut owner = with(vec![left_open("replace", None, &[])]);
    owner.press("<enter>");
    assert!(seen(&mut owner).is_empty());

    let mut running = left_open("replace", None, &[]);
    running.running = true;
    let mut owner = with(vec![running]);
    owner
        .read("acme", there(token("at-Before")))
        .sees("process 1234 may still be at it")
        .press("<enter>");
    assert!(seen(&mut owner).is_empty());
}

#[test]
fn a_slot_that_is_not_on_the_screen_cannot_be_told_of() {
    let mut elsewhere = left_open("generate", None, &[]);
    elsewhere.entry.organization = "gone".into();
    let mut owner = with(vec![elsewhere.clone()]);
    owner.sees("Its slot is not on this screen").press("<esc>");
    assert_eq!(seen(&mut owner).len(), 1);

    // Not before all is listed, and not where only a part is wanted.
    let mut owner = Owner::new(
        settings(),
        vec![Account::new(Host::new(HOST), None, None)],
        (80, 24),
    );
    owner.effects();
    owner.left_open(vec![elsewhere.clone()]).press("<esc>");
    assert!(seen(&mut owner).is_empty());
    let narrowed = orgward::app::Settings {
        narrowed: true,
        ..settings()
    };
    let mut owner = Owner::new(narrowed, vec![account(&["acme"])], (80, 24));
    owner.effects();
    owner.left_open(vec![elsewhere]).press("<esc>");
    assert!(seen(&mut owner).is_empty());
}

#[test]
fn a_secret_that_was_nowhere_is_told_with_its_token_and_one_key_replaces_it() {
    let panel = left_open("replace", Some("done"), &["undelivered: in the panel"]);
    let sent = left_open("generate", Some("done"), &["sent to osc52"]);
    let mut owner = with(vec![panel.clone()]);
    owner
        .read("acme", there(token("at-After")))
        .sees("was nowhere but in the program when that ended")
        .sees("Its token at-After is there now")
        .sees("unless you have its secret, replace it again");
    owner.press("n").sees("Replace the organization token");
    assert_eq!(seen(&mut owner).len(), 1);

    let mut owner = with(vec![panel, sent]);
    owner
        .read("acme", there(token("at-Third")))
        .sees("was sent to osc52, and is not known to have arrived")
        .sees("Another token at-Third is there now");
    owner.press("n").sees("From an earlier run");
}

#[test]
fn of_a_rescued_secret_it_is_told_whether_its_token_is_the_one_that_is_there() {
    let place = ["file /state/rescue-acme"];
    // The program had to end during the delivery: no outcome was recorded.
    let known = |action| {
        let mut left = left_open(action, None, &place);
        left.entry.now = Some("at-After".into());
        left
    };
    let with_outcome = left_open("replace", Some("done"), &place);
    // As an older program recorded it.
    let unknown = |action| left_open(action, None, &place);
    let created = "created 2026-10-01 08:30 +00:00";
    for (left, reading, words) in [
        (
            known("replace"),
            there(token("at-After")),
            "Its token at-After is there now, CREATED, and the rescued secret is for it.",
        ),
        (
            known("generate"),
            there(token("at-After")),
            "Its token at-After is there now, CREATED, and the rescued secret is for it.",
        ),
        (
            with_outcome,
            there(token("at-After")),
            "Its token at-After is there now, CREATED, and the rescued secret is for it.",
        ),
        (
            known("replace"),
            there(token("at-Third")),
            "Another token at-Third is there now, CREATED; the rescued secret is for at-After, which is gone.",
        ),
        (
            unknown("replace"),
            there(token("at-After")),
            "A token at-After is there now, CREATED; the rescued secret is for it, unless somebody has replaced it since.",
        ),
        (
            unknown("generate"),
            there(token("at-After")),
            "A token at-After is there now, CREATED; the rescued secret is for it, unless somebody has replaced it since.",
        ),
        (
            unknown("replace"),
            there(token("at-Before")),
            "The token at-Before is there now, CREATED: the same as before, so the rescued secret is not for it.",
        ),
    ] {
        let mut owner = with(vec![left]);
        owner
            .read("acme", reading)
            .sees("was rescued: bring it to its place from file /state/rescue-acme")
            .sees(&words.replace("CREATED", created))
            .sees_not("nobody has its secret")
            .sees_not("replace it")
            .sees_not("n new token");
        // One key must not kill the token whose secret waits.
        owner.press("n").sees_not("Replace the organization token");
    }

    let mut owner = with(vec![known("replace")]);
    owner
        .read("acme", none())
        .sees("No token is there now: the rescued secret is of no use any more.")
        .press("n")
        .sees("Generate an organization token");

    // The folder of a session ended with it, and the file too.
    let mut gone = known("replace");
    gone.file_is_gone = true;
    let mut owner = with(vec![gone]);
    owner
        .read("acme", there(token("at-After")))
        .sees("which is not there any more")
        .sees("Its token at-After is there now")
        .press("n")
        .sees("Replace the organization token");
}

#[test]
fn a_delete_that_was_carried_out_is_told_so() {
    let mut owner = with(vec![left_open("delete", None, &[])]);
    owner
        .read("acme", none())
        .sees("The token is gone: no token is there now.");
}

#[test]
fn the_journal_is_read_filtered_and_scrolled() {
    let mut owner = Owner::with("acme", none());
    owner.press("H").sees("being read");
    assert_eq!(owner.asks_for(), ["ReadJournal"]);
    let entries = (0..60)
        .map(|n| {
            entry(
                n,
                if n == 7 { "delete" } else { "replace" },
                Some("done"),
                &[],
            )
        })
        .collect();
    owner.size(100, 20).journal(Ok(entries));
    owner
        .sees("2026-11-24 21:00 +00:00  replace  acme on app.terraform.io  done")
        .sees("Journal, lines 1 to 16 of 120");
    owner
        .press("G")
        .sees("105 to 120 of 120")
        .press("k")
        .sees("104 to 119");
    owner
        .press("g")
        .sees("1 to 16")
        .press("<pgdn>")
        .sees("17 to 32");
    owner
        .press("/delete app.<enter>")
        .sees("2026-11-22 17:00 +00:00  delete");
    owner.sees_not("replace  acme");
    owner.press("/ x").sees("nothing that fits the filter");
    owner.press("<esc>").sees("1 to 16 of 120");
    owner.press("r").sees("being read");
    owner.journal(Err("the journal /x cannot be read".into()));
    owner.sees("the journal /x cannot be read").press("<esc>");
    owner.sees_not("Journal");
    assert_eq!(owner.asks_for(), ["ReadJournal"]);
}

#[test]
fn the_journal_tells_all_of_an_order_by_the_owner_s_clock_in_every_window() {
    let zone = orgward::app::Settings {
        zone: jiff::tz::TimeZone::fixed(jiff::tz::offset(2)),
        ..settings()
    };
    let mut owner = Owner::new(zone, vec![account(&["acme"])], (120, 40));
    let path = "file /home/olivia/a/rather/long/path/to/where/secrets/go/acme.token";
    let failed = "undelivered: slowone failed";
    let panel = "undelivered: in the panel";
    let rescued = entry(2, "replace", Some("done"), &[failed, path]);
    let mut delivered = entry(0, "replace", Some("done"), &[panel, path]);
    delivered.rescued = false;
    owner.press("H").journal(Ok(vec![
        delivered,
        entry(1, "replace", Some("done"), &[panel, "let go by its owner"]),
        rescued,
        entry(
            3,
            "replace",
            Some("done"),
            &["delivery vault", "sent to osc52"],
        ),
        entry(4, "replace", Some("done"), &["the clipboard", panel]),
    ]));
    owner
        .sees("2026-11-22 12:00 +02:00  replace")
        .sees(&format!(
            "then: token at-After; delivered to {path} (first: in"
        ))
        .sees("let go by its owner (first: in the panel)")
        .sees(&format!("rescued to {path} (first: slowone"))
        .sees("delivered to vault, then sent to osc52")
        .sees("undelivered: in the panel (first: the clipboard)")
        .sees_not("…");
    for size in [(80, 24), (40, 10)] {
        let (width, height) = size;
        owner.size(width, height).press("g");
        let mut all = String::new();
        for _ in 0..60 {
            all.push_str(&owner.screen());
            owner.press("j");
        }
        let all: String = all.chars().filter(|c| !"│ \n".contains(*c)).collect();
        assert!(all.contains("acme.token(first:slowonefailed)"), "{all}");
        assert!(!all.contains('…'), "{all}");
    }
}

#[test]
fn q_leaves_from_the_journal_and_from_the_notice() {
    let mut owner = Owner::with("acme", none());
    owner.press("Hq");
    assert_eq!(owner.asks_for(), ["ReadJournal", "Leave"]);
    let mut owner = with(vec![left_open("delete", None, &[])]);
    owner.press("q");
    assert_eq!(owner.asks_for(), ["Leave"]);
}

#[test]
fn a_journal_that_cannot_be_written_asks_whether_to_go_on_without() {
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner
        .press("n")
        .prepared(preparation())
        .press("acme<enter>");
    let order = owner.order();
    assert!(!order.without_journal);
    let why = "the journal /x cannot be written: no space left";
    owner
        .outcome(Outcome::NotDone(NotDone::Journal(why.into())))
        .sees(why)
        .sees("This order changed nothing.")
        .sees("w go on without the journal");
    // Nothing but that key goes on.
    owner.press("n").sees("w go on without the journal");
    assert!(owner.asks_for().is_empty());
    owner.press("w");
    let again = owner.order();
    assert!(again.without_journal);
    assert_eq!((again.slot, again.shown), (order.slot, order.shown));
}

#[test]
fn another_failure_offers_no_way_around_the_journal() {
    let mut owner = Owner::with("acme", none());
    owner.generate();
    owner.outcome(Outcome::NotDone(NotDone::Destination("no".into())));
    owner.sees_not("without the journal").press("w");
    assert!(owner.asks_for().is_empty());
}
