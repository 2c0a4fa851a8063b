//! The expiry timeline: what stands where on the line, and what moving along it
//! does.

use jiff::SignedDuration;
use orgward::action::Verb;
use orgward::app::timeline::{Place, Summary};
use orgward::app::{Account, Settings};
use orgward::fleet::HostNews;
use orgward::slot::{Found, Host, Kind, Reading, Slot, Time, Token};

use crate::driver::Owner;
use crate::world::*;

const CORP: &str = "tfe.corp.example";

fn ends(expires: Time) -> Reading {
    there(Token {
        expires_at: expires,
        ..token("at-Wq3xY7")
    })
}

fn in_days(n: i64) -> Reading {
    ends(Time::At(days(n)))
}

/// Two hosts, a token in every part of the line.
fn stage(size: (u16, u16)) -> Owner {
    stage_with(settings(), size)
}

fn stage_with(settings: Settings, size: (u16, u16)) -> Owner {
    let corp = Host::new(CORP);
    let accounts = vec![
        account(&[
            "dead", "soon", "same-day", "month", "never", "empty", "broken",
        ]),
        Account::new(corp.clone(), None, Some(names(&["nine", "half", "far"]))),
    ];
    let mut owner = Owner::new(settings, accounts, size);
    owner
        .read("dead", in_days(-4))
        .read("soon", in_days(9))
        .read("same-day", in_days(9))
        .read("month", in_days(40))
        .read("never", ends(Time::Never))
        .read("empty", none())
        .read("broken", found(Found::Failed, Some("it did not answer")))
        .read_slot(&Slot::new(&corp, "nine"), in_days(9))
        .read_slot(&Slot::new(&corp, "half"), in_days(180))
        .read_slot(&Slot::new(&corp, "far"), in_days(500));
    owner
}

fn selected(owner: &Owner) -> String {
    let row = owner.app.list.selected().expect("a selected row");
    row.slot.organization.to_string()
}

#[test]
fn moving_along_the_line_selects_the_organization_and_enter_goes_to_it() {
    let mut owner = stage((120, 40));
    owner.press("G").press("x");
    // What has no end is not on the line: the next end is selected.
    assert_eq!(selected(&owner), "same-day");
    let mut seen = vec![selected(&owner)];
    for key in ["l", "<right>", "j", "l", "l", "l"] {
        owner.press(key);
        seen.push(selected(&owner));
    }
    assert_eq!(
        seen,
        ["same-day", "soon", "nine", "month", "half", "far", "far"].map(str::to_owned)
    );
    owner.press("g");
    assert_eq!(selected(&owner), "dead");
    owner.press("<pgdn>");
    // A month on from four days ago.
    assert_eq!(selected(&owner), "month");
    owner.press("<pgup>h");
    assert_eq!(selected(&owner), "soon");
    owner.press("<enter>").sees_not("Expiry timeline");
    assert_eq!(selected(&owner), "soon");
    owner.press("x").sees("Expiry timeline").press("x");
    owner.sees_not("Expiry timeline").press("x<esc>");
    assert!(owner.app.layers.is_empty());
}

#[test]
fn every_token_is_counted_once_for_its_host() {
    let mut owner = stage((120, 40));
    owner.press("x");
    let ends = owner.app.ends();
    let of = |host: &str| ends.hosts[&Host::new(host)];
    assert_eq!(
        of(HOST),
        Summary {
            expired: 1,
            soon: 2,
            year: 1,
            later: 0,
            never: 1,
            unknown: 1,
            unread: 0,
        }
    );
    assert_eq!(
        of(CORP),
        Summary {
            soon: 1,
            year: 1,
            later: 1,
            ..Summary::default()
        }
    );
    let places: Vec<Place> = ends.all.iter().map(|end| end.place()).collect();
    assert_eq!(
        places,
        [
            Place::Over,
            Place::Day(9),
            Place::Day(9),
            Place::Day(9),
            Place::Day(40),
            Place::Day(180),
            Place::Later,
        ]
    );
    owner
        .sees("1 expired · 3 within 30 days · 2 later within a year · 1 after that")
        .sees("1 without an end · 1 not known");
}

/// Forty tokens without an end, in a window so small that most are not on the
/// screen; all are read.
fn forty() -> Owner {
    let names: Vec<String> = (0..40).map(|n| format!("o{n:02}")).collect();
    let refs: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut owner = Owner::new(settings(), vec![account(&refs)], (80, 14));
    answer_all(&mut owner, &ends(Time::Never));
    owner.effects();
    owner
}

/// Answers looks until none is under way; how many there were.
fn answer_all(owner: &mut Owner, reading: &Reading) -> usize {
    for answered in 0..200 {
        let mut rows = owner.app.list.rows().iter();
        let Some(row) = rows.find(|row| row.pending.is_some()) else {
            return answered;
        };
        let slot = row.slot.clone();
        owner.read_slot(&slot, reading.clone());
    }
    panic!("the looks do not end");
}

#[test]
fn the_policy_ends_a_life_sooner_and_is_asked_for() {
    let mut owner = forty();
    // Nobody asks for policies that nobody sees, until the timeline is opened.
    owner.press("x");
    assert!(!owner.looks().is_empty());
    owner.sees("policies to read");
    let policy = std::time::Duration::from_secs(100 * 86_400);
    let reading = Reading {
        policy: Some(policy),
        ..ends(Time::Never)
    };
    answer_all(&mut owner, &reading);
    owner.sees_not("policies to read");
    let ends = owner.app.ends();
    // The rows that were on the screen before had none.
    assert!(ends.all.len() >= 30, "{}", ends.all.len());
    let created = at("2026-10-01T08:30:00Z");
    assert_eq!(ends.all[0].at, created + policy);
}

#[test]
fn policies_of_what_is_not_seen_are_asked_for_while_the_timeline_is_open() {
    let mut owner = forty();
    owner.press("x");
    let begun = owner.looks().len();
    owner.press("x");
    let answered = answer_all(&mut owner, &ends(Time::Never));
    assert_eq!(answered, begun, "only what was asked for already");
    // Also what is read again later.
    owner.press("R");
    let answered = answer_all(&mut owner, &ends(Time::Never));
    assert!(answered < 60, "{answered}");
    owner.press("x");
    owner.sees("policies to read");
    answer_all(&mut owner, &ends(Time::Never));
    owner.sees_not("policies to read");
}

#[test]
fn a_token_stands_where_it_dies_by_its_own_hosts_clock() {
    let mut owner = stage((120, 40));
    let news = |hours| HostNews {
        away: None,
        clock: SignedDuration::from_hours(hours),
        pause: None,
    };
    owner.send(orgward::app::Message::Hosts(vec![
        news(0),
        news(24 * 8 + 12),
    ]));
    owner.press("x");
    let ends = owner.app.ends();
    let place = |name: &str| {
        let end = ends
            .all
            .iter()
            .find(|end| &*end.row.slot.organization == name);
        end.map(|end| end.place())
    };
    assert_eq!(place("nine"), Some(Place::Day(0)));
    assert_eq!(place("soon"), Some(Place::Day(9)));
    assert_eq!(ends.all[1].row.slot.organization.as_ref(), "nine");
}

#[test]
fn generate_and_delete_are_for_the_selected_one_whatever_is_marked() {
    let mut owner = stage((120, 40));
    owner.press("*").effects();
    owner.press("xgl");
    let name = selected(&owner);
    owner.press("n").prepared(preparation());
    owner
        .sees("Replace the organization token")
        .sees(&format!("Type {name}"));
    owner.press(&format!("{name}<enter>"));
    let order = owner.order();
    assert_eq!(
        (order.verb(), &*order.slot.organization),
        (Verb::Replace, &*name)
    );
    // While it runs, no other dialog opens, and the bar does not say so.
    owner.press("d").sees("still being worked on");
    assert!(!owner.screen().lines().last().unwrap().contains("delete"));
}

#[test]
fn the_timeline_is_of_what_the_filter_and_the_kind_show() {
    let mut owner = stage((120, 40));
    owner.press("/nine<enter>x");
    owner.sees("filter: nine, 1 of 10");
    assert_eq!(owner.app.ends().all.len(), 1);
    owner.press("<esc><esc>");
    owner.send(orgward::app::Message::AuditTrails(slot("soon")));
    owner.press("<tab>");
    owner.read_slot(&slot("soon").of_kind(Kind::AuditTrails), in_days(3));
    owner.press("x");
    assert_eq!(owner.app.ends().all.len(), 1);
    owner.sees("in 3 d");
}

#[test]
fn with_no_end_at_all_it_says_so_and_every_key_is_harmless() {
    let mut owner = Owner::with("acme", none());
    owner.press("x").sees("no token here has a known end");
    owner.press("hljkgG<pgdn><pgup>nd");
    owner.sees("no token here has a known end");
    assert!(owner.asks_for().is_empty());
    let mut empty = Owner::of(&[]);
    empty.press("xhl");
    empty.screen();
}

#[test]
fn an_end_that_an_earlier_run_saw_is_drawn_as_old_and_counted_apart() {
    let mut entry = account(&["acme", "beta", "gamma"]);
    let over = in_days(-3);
    let soon = in_days(9);
    entry.remembered = vec![(slot("acme"), over.into()), (slot("beta"), soon.into())];
    let mut owner = Owner::new(settings(), vec![entry], (100, 30));
    owner.press("x");
    owner.sees("3 not read yet").sees("○");
    owner.sees_not("expired ·").sees_not("within 30 days");
    let total = owner.app.ends().total();
    let unread = Summary {
        unread: 3,
        ..Summary::default()
    };
    assert_eq!(total, unread);
    // As soon as its host has answered it counts.
    owner.read("beta", in_days(9));
    owner
        .sees("1 within 30 days · 2 not read yet")
        .sees("●")
        .sees_not("○");
    owner.read("acme", in_days(-3));
    owner.sees("1 expired · 1 within 30 days · 1 not read yet");
}

#[test]
fn no_token_is_said_to_be_without_an_end_before_it_was_read() {
    let mut owner = Owner::of(&["acme"]);
    owner.press("x").sees("the tokens are being read");
    owner.sees_not("no token here has a known end");
    owner.read("acme", none());
    owner.sees("no token here has a known end");
    // Where there is no row there is no token to speak of.
    let accounts = vec![Account::new(Host::new(HOST), None, None)];
    let mut listing = Owner::new(settings(), accounts, (80, 24));
    listing.press("x").sees("asking the hosts");
    listing.sees_not("no token here has a known end");
}

#[test]
fn a_warning_window_of_hours_is_told_and_drawn() {
    let mut settings = settings();
    settings.rules.warn_within = std::time::Duration::from_secs(12 * 3600);
    let mut owner = Owner::new(settings, vec![account(&["acme"])], (120, 40));
    owner.read("acme", ends(Time::At(hours(5))));
    owner.sees("1 expires within 12 h").press("x");
    owner.sees("1 within 12 h").sees_not("0 days");
    let screen = owner.screen();
    let line = screen.lines().find(|line| line.contains('┃')).unwrap();
    // Its mark stands in the window, which is one column wide.
    assert!(line.contains("┃●─"), "{screen}");
    owner.wait(6 * 3600);
    owner.sees("1 expired");
}

#[test]
fn many_ends_in_one_place_are_counted() {
    let names: Vec<String> = (0..25).map(|n| format!("o{n:02}")).collect();
    let refs: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut owner = Owner::new(settings(), vec![account(&refs)], (80, 24));
    for (n, name) in names.iter().enumerate() {
        let day = match n {
            0..3 => 60,
            3..20 => 200,
            _ => 300 + i64::try_from(n).unwrap(),
        };
        // Each answer makes room for the next look.
        owner.read(name, in_days(day));
    }
    owner.press("x");
    let screen = owner.screen();
    let line = screen.lines().find(|line| line.contains('┃')).unwrap();
    assert!(line.contains("─3─") && line.contains('█'), "{screen}");
    // What is selected is pointed at, not only coloured.
    assert!(screen.contains('▲'), "{screen}");
}

#[test]
fn the_timeline_at_every_size() {
    let sizes = [(200, 60), (120, 40), (80, 24), (40, 10)];
    let mut owner = stage((80, 24));
    owner.press("xgl");
    crate::views::view_at("timeline", &mut owner, &sizes);
    let mut ascii = stage_with(
        Settings {
            ascii: true,
            ..settings()
        },
        (80, 24),
    );
    ascii.press("xgl");
    crate::views::view_at("timeline_ascii", &mut ascii, &sizes[1..]);
    assert!(ascii.screen().is_ascii(), "{}", ascii.screen());
}

#[test]
fn the_distances_age_also_for_rows_that_the_list_does_not_show() {
    let names: Vec<String> = (0..30).map(|n| format!("o{n:02}")).collect();
    let refs: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut owner = Owner::new(settings(), vec![account(&refs)], (80, 24));
    let unused = |expires: Time| {
        there(Token {
            expires_at: expires,
            last_used_at: Time::Never,
            ..token("at-Wq3xY7")
        })
    };
    // Of all rows only one has a time that ages, and the list does not show it.
    for name in &names {
        let end = match name.as_str() {
            "o29" => Time::At(hours(20)),
            _ => Time::Never,
        };
        owner.read(name, unused(end));
    }
    owner.press("s").press("x");
    for _ in 0..60 {
        let mut rows = owner.app.list.rows().iter();
        let Some(slot) = rows
            .find(|row| row.pending.is_some())
            .map(|row| row.slot.clone())
        else {
            break;
        };
        let end = match &*slot.organization {
            "o29" => Time::At(hours(20)),
            _ => Time::Never,
        };
        owner.read_slot(&slot, unused(end));
    }
    owner.sees("in 20 h");
    owner.wait(3600 + 60);
    owner.sees("in 18 h").sees_not("in 20 h");
}

#[test]
fn an_order_that_was_begun_there_is_shown_there_and_heard_of() {
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner.press("xn").prepared(preparation());
    owner.press("acme<enter>").order();
    owner.step(orgward::action::Step::Writing);
    owner.sees("waiting for the server");
    // Nothing can be stopped any more, and nothing says so.
    owner.sees_not("Esc stop").sees("Enter to the list");
    owner.press("<esc>").sees("waiting for the server");
    assert!(owner.asks_for().is_empty());
    assert!(matches!(
        owner.app.layers.last(),
        Some(orgward::app::Layer::Timeline)
    ));
    // The bar's Enter does what it says also meanwhile.
    owner.press("<enter>").sees_not("Expiry timeline");
    assert!(owner.asks_for().is_empty());
}

#[test]
fn the_bar_says_what_esc_stops_there_and_enter_still_leads_to_the_list() {
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner.press("xn").prepared(preparation());
    owner.press("acme<enter>").order();
    owner.sees("Esc stop").sees("Enter to the list");
    owner.press("<enter>").sees_not("Expiry timeline");
    assert!(owner.asks_for().is_empty());
    owner.press("x<esc>").sees("Expiry timeline");
    assert_eq!(owner.asks_for(), ["Stop"]);
}
