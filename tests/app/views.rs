//! Every view, drawn at the usual sizes with a fixed clock.

use std::time::Duration;

use orgward::action::{After, Delivery, NotDone, Outcome, Step};
use orgward::app::message::{Gone, Reply};
use orgward::app::{Account, Settings};
use orgward::delivery::Destination;
use orgward::fleet::Own;
use orgward::slot::{Creator, Found, Host, Reading, Slot, Time, Token};

use crate::driver::Owner;
use crate::world::*;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 10)];

/// One view at each size, in one snapshot.
pub fn view_at(name: &str, owner: &mut Owner, sizes: &[(u16, u16)]) {
    let mut frames = String::new();
    for (width, height) in sizes {
        owner.size(*width, *height);
        frames += &format!("{width}x{height}\n{}\n", owner.screen());
    }
    insta::assert_snapshot!(name, frames);
}

fn view(name: &str, owner: &mut Owner) {
    view_at(name, owner, &SIZES);
}

const CORP: &str = "tfe.corp.example";

fn on_corp(name: &str) -> Slot {
    Slot::new(&Host::new(CORP), name)
}

/// Two hosts and every state, names long, short and wide.
fn everything() -> Vec<(Slot, Option<Reading>)> {
    let with = |change: &dyn Fn(&mut Token)| {
        let mut token = token("at-Wq3xY7bN2kLm4P");
        change(&mut token);
        there(token)
    };
    let team = |name: &str| {
        Some(Creator::Team {
            id: "team-1".into(),
            name: Some(name.into()),
        })
    };
    let policy = |reading: Reading, days: u64| Reading {
        policy: Some(Duration::from_secs(days * 86_400)),
        ..reading
    };
    vec![
        (slot("acme"), Some(with(&|_| {}))),
        (
            slot("acme-audit"),
            Some(with(&|t| {
                t.expires_at = Time::At(days(9));
                t.last_used_at = Time::At(hours(-2));
                t.created_by = team("owners");
            })),
        ),
        (
            on_corp("platform"),
            Some(with(&|t| {
                t.expires_at = Time::At(days(-4));
                t.last_used_at = Time::At(days(-4));
            })),
        ),
        (on_corp("sandbox"), Some(none())),
        (on_corp("payments"), Some(unclear())),
        (
            slot("the-department-of-rather-long-names-and-longer-titles"),
            Some(policy(
                with(&|t| {
                    t.expires_at = Time::Never;
                    t.description = Some("for the nightly runs of the build farm".into());
                }),
                365,
            )),
        ),
        (
            slot("組織トークン管理部門"),
            Some(with(&|t| {
                t.created_at = Some(days(-200));
                t.last_used_at = Time::Never;
                t.created_by = team("プラットフォーム");
            })),
        ),
        (
            slot("forbidden"),
            Some(found(
                Found::NoAccess,
                Some("403: the host refused to show the token"),
            )),
        ),
        (
            slot("gone"),
            Some(found(
                Found::NotVisible,
                Some("404: no such organization, or you may not see it"),
            )),
        ),
        (
            on_corp("locked-out"),
            Some(found(
                Found::Unauthorized,
                Some("401: the host does not accept the credential from TFE_TOKEN"),
            )),
        ),
        (
            on_corp("broken"),
            Some(found(
                Found::Failed,
                Some("the answer is HTML, not a document: a proxy may have answered"),
            )),
        ),
        (on_corp("slow"), None),
        (
            slot("forever"),
            Some(with(&|t| {
                t.expires_at = Time::Never;
                t.created_by = None;
            })),
        ),
        (
            slot("nobody-knows"),
            Some(with(&|t| {
                t.created_at = None;
                t.expires_at = Time::At(days(120));
                t.last_used_at = Time::Never;
                t.created_by = Some(Creator::Organization {
                    id: "nobody-knows".into(),
                });
            })),
        ),
    ]
}

fn all_states_with(settings: Settings) -> Owner {
    let rows = everything();
    let of = |host: &str| {
        let names = rows
            .iter()
            .filter(|(slot, _)| slot.host.as_str() == host)
            .map(|(slot, _)| slot.organization.clone())
            .collect();
        Account::new(Host::new(host), None, Some(names))
    };
    let mut owner = Owner::new(settings, vec![of(HOST), of(CORP)], (120, 40));
    for (slot, reading) in rows {
        if let Some(reading) = reading {
            owner.read_slot(&slot, reading);
        }
    }
    owner.effects();
    owner
}

fn all_states() -> Owner {
    all_states_with(settings())
}

#[test]
fn the_list_in_every_state() {
    let mut owner = all_states();
    view("list", &mut owner);
    view_at("list_wide", &mut owner, &[(160, 40), (200, 12)]);
}

#[test]
fn the_list_further_down() {
    view("list_end", all_states().press("G"));
}

#[test]
fn the_list_by_another_column() {
    view("list_sorted", all_states().press("sssS"));
}

#[test]
fn the_list_of_a_demo_that_only_reads() {
    let settings = Settings {
        demo: true,
        read_only: true,
        ..settings()
    };
    view("list_demo", &mut all_states_with(settings));
}

#[test]
fn everything_in_ascii() {
    let settings = Settings {
        ascii: true,
        ..settings()
    };
    let mut owner = all_states_with(settings);
    view("ascii_list", &mut owner);
    owner.press("/acme<enter>gn").prepared(preparation());
    assert!(owner.screen().is_ascii(), "{}", owner.screen());
    view("ascii_replace", &mut owner);
    owner.press("acme-audit<enter>");
    owner.outcome(kept(&slot("acme-audit"), seen("at-1")));
    view("ascii_panel", &mut owner);
    owner.press("<esc>").press("?");
    assert!(owner.screen().is_ascii(), "{}", owner.screen());
}

#[test]
fn before_the_first_answer() {
    let hosts = vec![
        Account::new(Host::new(HOST), None, None),
        Account::new(Host::new(CORP), None, Some(names(&["platform"]))),
    ];
    let mut owner = Owner::new(settings(), hosts, (80, 24));
    view("starting", &mut owner);
    let id = owner.app.accounts[0].listing.unwrap();
    let why = "app.terraform.io: no credential: run `terraform login app.terraform.io`";
    owner.reply(id, Reply::Listed(Err(why.into())));
    view("listing_failed", owner.wait(9));
}

#[test]
fn no_organization_at_all() {
    let mut owner = Owner::of(&[]);
    view("empty", &mut owner);
}

#[test]
fn filtering() {
    let mut owner = all_states();
    view("filter_typing", owner.press("/acm"));
    view("filter_kept", owner.press("<enter>"));
    view("filter_nothing", owner.press("/xyz"));
}

#[test]
fn a_word_why_there_is_no_dialog() {
    view("no_dialog", all_states().press("/broken<enter>n"));
}

#[test]
fn generating() {
    let mut owner = Owner::with("acme", none());
    view("generate_preparing", owner.press("n"));
    view("generate", owner.prepared(preparation()));
    view("generate_expiry", owner.press("<tab><right><right>"));
    view("generate_typed", owner.press("2027-01"));
    view(
        "generate_file",
        owner.press("31<tab><right><right><right>/tmp/t"),
    );
}

#[test]
fn generating_under_a_policy_without_a_rescue() {
    let mut owner = Owner::with("acme", none());
    let mut known = preparation();
    known.policy = Some(Duration::from_secs(30 * 86_400));
    known.default = 2;
    known.choices[0].problem = Some("there is no display".into());
    known.rescue = "none: the keyring is locked, and there is no state directory".into();
    known.rescue_proven = false;
    owner.press("n").prepared(known);
    view("generate_beyond_policy", owner.press("<enter>"));
    owner.press("<tab><right><right><tab><left><left>");
    view("generate_longest", owner.press("<enter>"));
}

fn old() -> Token {
    Token {
        description: Some("for the nightly runs".into()),
        ..token("at-Wq3xY7bN2kLm4P")
    }
}

#[test]
fn replacing() {
    let mut owner = Owner::with("acme", there(old()));
    view("replace_preparing", owner.press("n"));
    view("replace", owner.prepared(preparation()));
    view("replace_typing", owner.press("Acm"));
    view("replace_confirmed", owner.press("<bs><bs><bs>acme"));
}

#[test]
fn replacing_ones_own_token() {
    let mut owner = Owner::with("acme", there(old()));
    let mut own = preparation();
    own.own = Own::Yes;
    own.origin = Some("~/.terraform.d/credentials.tfrc.json".into());
    view("replace_own", owner.press("n").prepared(own.clone()));
    owner.press("<esc>n");
    own.own = Own::Unknown;
    view("replace_own_unknown", owner.prepared(own));
}

#[test]
fn replacing_what_cannot_be_seen() {
    let mut owner = Owner::with("acme", unclear());
    view("replace_unclear", owner.press("n").prepared(preparation()));
}

#[test]
fn replacing_under_a_long_name() {
    let name = "the-department-of-rather-long-names-and-longer-titles";
    let mut owner = Owner::with(name, there(old()));
    owner.press("n").prepared(preparation());
    view("replace_long_name", owner.press(&name[..50]));
}

#[test]
fn deleting() {
    let mut owner = Owner::with("acme", there(old()));
    view("delete", owner.press("d").prepared(preparation()));
    let mut own = preparation();
    own.own = Own::Yes;
    own.origin = Some("TF_TOKEN_app_terraform_io".into());
    view("delete_own", owner.press("<esc>d").prepared(own));
    let mut owner = Owner::with("acme", unclear());
    view("delete_unclear", owner.press("d").prepared(preparation()));
}

#[test]
fn an_order_under_way() {
    let mut owner = all_states();
    owner.press("/platform<enter>n").prepared(preparation());
    owner.press("platform<enter>");
    view("running", &mut owner);
    for (name, step) in [
        ("comparing", Step::Comparing),
        ("recording", Step::Recording),
        ("writing", Step::Writing),
        ("waiting", Step::Waiting(Duration::from_secs(12))),
        ("finding_out", Step::FindingOut),
        ("delivering", Step::Delivering),
    ] {
        view_at(
            &format!("running_{name}"),
            owner.step(step).wait(3),
            &[(80, 24)],
        );
    }
    owner.step(Step::Writing);
    view("running_leaving", owner.press("q").wait(6));
}

fn with_secret(delivery: Delivery) -> Owner {
    let mut owner = Owner::with("acme", there(old()));
    owner.press("n").prepared(preparation());
    owner.press("acme<enter>");
    let done = generated(&slot("acme"), seen("at-1"), delivery);
    owner.outcome(Outcome::Generated(Box::new(done)));
    owner
}

#[test]
fn the_secret_panel() {
    let mut owner = with_secret(Delivery::Kept);
    view("panel_kept", &mut owner);
    view("panel_revealed", owner.press("v"));
    view("panel_path", owner.press("vw~/acme"));
    view("panel_choosing", owner.press("<esc>p"));
    view("panel_busy", owner.press("<enter>"));
}

#[test]
fn a_secret_on_the_clipboard() {
    let mut owner = with_secret(Delivery::Delivered(on_clipboard()));
    view("panel_clipboard", owner.wait(3));
    owner.clipboard_gone(Gone::Replaced);
    view("panel_replaced", &mut owner);
}

#[test]
fn a_secret_that_was_only_sent() {
    view(
        "panel_osc52",
        &mut with_secret(Delivery::Delivered(by_osc52())),
    );
}

#[test]
fn a_secret_whose_delivery_failed() {
    let mut owner = with_secret(Delivery::Failed {
        to: Destination::Named("vault".into()),
        why: "`vault` ended with 2: permission denied on ci/data/terraform/acme".into(),
    });
    view("panel_failed", &mut owner);
}

#[test]
fn ones_own_new_secret_with_another_expiry() {
    let mut owner = Owner::with("acme", there(old()));
    owner.press("n").prepared(preparation());
    owner.press("acme<enter>");
    let mut done = generated(
        &slot("acme"),
        seen("at-1"),
        Delivery::Delivered(on_clipboard()),
    );
    done.token.expires_at = Time::At(days(30));
    done.own = Own::Yes;
    done.stored = Some("~/.terraform.d/credentials.tfrc.json".into());
    done.note =
        Some("the journal: no space left on device; the outcome is recorded nowhere".into());
    owner.outcome(Outcome::Generated(Box::new(done)));
    view("panel_own", &mut owner);
}

#[test]
fn leaving_an_undelivered_secret() {
    let mut owner = with_secret(Delivery::Kept);
    view("leave", owner.press("<esc>los"));
}

#[test]
fn every_other_outcome() {
    let changed = there(token("at-Other"));
    let outcomes: Vec<(&str, Outcome)> = vec![
        ("stopped", Outcome::NotDone(NotDone::Stopped)),
        ("changed", Outcome::NotDone(NotDone::Changed(changed))),
        (
            "unreadable",
            Outcome::NotDone(NotDone::Unreadable(found(
                Found::Failed,
                Some("the host did not answer within 30 s"),
            ))),
        ),
        (
            "destination",
            Outcome::NotDone(NotDone::Destination("there is no display".into())),
        ),
        (
            "refused",
            Outcome::Refused {
                status: 422,
                words: "Expired at is beyond the organization's maximum".into(),
                after: After::Same,
            },
        ),
        (
            "nothing_happened",
            Outcome::NothingHappened {
                why: "the connection was lost before an answer".into(),
                sent: true,
            },
        ),
        (
            "secret_lost",
            Outcome::SecretLost {
                was_empty: false,
                now: token("at-New1"),
                note: None,
            },
        ),
        (
            "secret_lost_empty",
            Outcome::SecretLost {
                was_empty: true,
                now: token("at-New1"),
                note: None,
            },
        ),
        (
            "cannot_tell",
            Outcome::CannotTell {
                why: "the answer was cut; the slot could not be read afterwards: 502".into(),
            },
        ),
    ];
    for (name, outcome) in outcomes {
        let mut owner = Owner::with("acme", there(old()));
        owner.press("n").prepared(preparation());
        owner.press("acme<enter>").outcome(outcome);
        view_at(&format!("notice_{name}"), &mut owner, &[(80, 24), (40, 10)]);
    }
    let outcomes: Vec<(&str, Outcome)> = vec![
        ("deleted", Outcome::Deleted { note: None }),
        (
            "gone",
            Outcome::Gone {
                note: Some("another token, at-Other, is there now".into()),
            },
        ),
    ];
    for (name, outcome) in outcomes {
        let mut owner = Owner::with("acme", there(old()));
        owner.press("d").prepared(preparation());
        owner.press("acme<enter>").outcome(outcome);
        view_at(&format!("notice_{name}"), &mut owner, &[(80, 24), (40, 10)]);
    }
}

/// Twenty slots on two hosts, all marked, two of which nothing can be done with.
fn many_marked() -> Owner {
    let org = |n: i64| format!("org-{n:02}");
    let all: Vec<String> = (0..20).map(org).collect();
    let refs: Vec<&str> = all.iter().map(String::as_str).collect();
    let corp = Account::new(Host::new(CORP), None, Some(names(&refs[10..])));
    let mut owner = Owner::new(settings(), vec![account(&refs[..10]), corp], (120, 40));
    for n in 0..20 {
        let slot = if n < 10 {
            slot(&org(n))
        } else {
            on_corp(&org(n))
        };
        owner.read_slot(
            &slot,
            match n {
                3 => none(),
                4 => unclear(),
                5 => found(Found::Failed, Some("502: the host did not answer usefully")),
                11 => found(Found::Unauthorized, None),
                _ => there(Token {
                    last_used_at: (n != 7).then(|| hours(-n * 5)).into(),
                    ..token(&format!("at-{n:02}xY7bN2kLm4P"))
                }),
            },
        );
    }
    owner.press("*").effects();
    owner
}

#[test]
fn many_slots() {
    let mut owner = many_marked();
    owner.press("/org-1<enter>");
    view("many_marked", &mut owner);
    view("many_preparing", owner.press("n"));
    let mut known = many(18);
    known.slots[2].own = Own::Yes;
    known.slots[3].own = Own::Unknown;
    view("many_replace", owner.prepared_many(known.clone()));
    owner.press("<s-tab>/s/{organization}");
    view("many_path", &mut owner);
    view("many_scrolled", owner.press("<tab>18<pgdn><pgdn><pgdn>"));
    known.slots[0].policy = Some(Duration::from_secs(30 * 86_400));
    owner.prepared_many(known.clone());
    view("many_beyond_policy", owner.press("<enter>"));
    owner.press("<tab><left><left><enter>");
    view("many_checking", &mut owner);
    owner.checked(Ok(()));
    view("many_running", owner.step(Step::Writing));
    view("many_stopping", owner.press("<esc>"));
    let order = owner.order();
    let mut done = generated(&order.slot, order.shown, Delivery::Delivered(in_file()));
    done.asked = Some(days(30));
    owner.outcome(Outcome::Generated(Box::new(done)));
    view("many_report", &mut owner);
    owner.press("<esc><esc>d").prepared_many(many(16));
    view("many_delete", &mut owner);
}

#[test]
fn many_empty_slots() {
    let mut owner = Owner::of(&["acme", "beta", "gamma"]);
    for name in ["acme", "beta", "gamma"] {
        owner.read(name, none());
    }
    owner.press("*n").prepared_many(many(3));
    view("many_generate", &mut owner);
    owner
        .press("<s-tab>/s/{organization}<tab>3<enter>")
        .checked(Ok(()));
    for outcome in [
        None,
        Some(Outcome::Refused {
            status: 422,
            words: "Expired at is beyond the organization's maximum, as its owner has set it"
                .into(),
            after: After::Same,
        }),
        None,
    ] {
        let order = owner.order();
        let good = generated(&order.slot, order.shown, Delivery::Delivered(in_file()));
        owner.outcome(outcome.unwrap_or_else(|| Outcome::Generated(Box::new(good))));
    }
    view("many_report_mixed", &mut owner);
}

#[test]
fn audit_trail_tokens() {
    let mut owner = all_states();
    for name in ["acme", "acme-audit"] {
        owner.send(orgward::app::Message::AuditTrails(slot(name)));
    }
    owner.press("<tab>");
    let audit = |name| slot(name).of_kind(orgward::slot::Kind::AuditTrails);
    owner.read_slot(&audit("acme"), there(token("at-Audit1")));
    let why = "its plan has no audit logging (entitlement audit-logging)";
    owner.read_slot(&audit("acme-audit"), found(Found::None, Some(why)));
    view("audit_trails", &mut owner);
}

#[test]
fn notices_at_the_start() {
    let settings = Settings {
        warnings: vec![
            "~/.terraformrc: line 3 is not understood; the rest counts".into(),
            "TF_TOKEN_a b: not a host's name; it is ignored".into(),
        ],
        ..settings()
    };
    let mut owner = Owner::new(settings, vec![account(&["acme"])], (80, 24));
    view("notice_start", &mut owner);
    let mut owner = Owner::of(&["acme"]);
    owner.left_open(vec![left_open("replace", None, &[])]);
    owner.read("acme", there(token("at-Other")));
    view("notice_earlier", &mut owner);
}

#[test]
fn the_journal() {
    let mut owner = Owner::with("acme", none());
    owner.press("H");
    view("journal_reading", &mut owner);
    let mut killed = entry(3, "replace", None, &[]);
    killed.host = "tfe.corp.example".into();
    let place = ["undelivered: in the panel", "file /home/olivia/acme.token"];
    owner.journal(Ok(vec![
        entry(0, "generate", Some("done"), &["the clipboard"]),
        entry(1, "delete", Some("refused: no right to"), &[]),
        entry(2, "replace", Some("done"), &place),
        killed,
    ]));
    view("journal", &mut owner);
    view("journal_filter", owner.press("/delete ACME"));
    let all = (0..40).map(|n| entry(n, "replace", Some("done"), &["the keyring"]));
    let all = all.collect();
    owner.press("<esc>r").journal(Ok(all)).press("G");
    view("journal_end", &mut owner);
}

#[test]
fn the_token_page() {
    let mut owner = Owner::with("acme-audit", none());
    view("address", owner.press("o"));
}

#[test]
fn help() {
    let mut owner = all_states();
    view("help", owner.press("?"));
    view("help_end", owner.press("G"));
}

#[test]
fn windows_that_are_too_small() {
    let mut owner = with_secret(Delivery::Kept);
    view_at(
        "too_small_secret",
        &mut owner,
        &[(39, 10), (40, 9), (12, 3), (1, 1)],
    );
    let mut owner = Owner::with("acme", none());
    view_at("too_small", &mut owner, &[(39, 10), (20, 4)]);
    owner.generate();
    owner.step(Step::Writing);
    view_at("too_small_writing", &mut owner, &[(39, 10), (20, 4)]);
}

/// Where all names are short, what stands beside them has the room.
#[test]
fn the_room_that_names_do_not_need_is_the_texts() {
    let long = "the host does not accept the credential (401); it is missing, wrong or expired";
    let team = Creator::Team {
        id: "team-1".into(),
        name: Some("platform-automation".into()),
    };
    let made = Token {
        created_by: Some(team),
        ..token("at-1")
    };
    let mut owner = Owner::of(&["acme", "platform"]);
    owner.read("acme", there(made));
    owner.read("platform", found(Found::Unauthorized, Some(long)));
    owner.size(120, 40).sees("team platform-automation");
    owner.size(200, 60).sees(long);
    owner.press("x").size(150, 40).sees("acme");
    // A long name has what it had.
    let name = "a-name-of-some-thirty-characters";
    let mut owner = Owner::of(&[name]);
    owner.read(name, none());
    owner.size(120, 40).sees(name);
    owner.size(200, 60).sees(name);
}

/// The head of the column that the list is sorted by says so.
#[test]
fn what_is_not_shown_is_not_sorted_by() {
    let mut owner = all_states();
    for (size, columns) in [((120, 40), 6), ((80, 24), 5), ((40, 10), 3), ((200, 60), 6)] {
        owner.size(size.0, size.1);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..12 {
            owner.press("s").sees(" ↓");
            let heads = owner.screen().lines().nth(2).unwrap().to_owned();
            let before = heads.split(" ↓").next().unwrap();
            seen.insert(before.rsplit("  ").next().unwrap().to_owned());
        }
        assert_eq!(seen.len(), columns, "{seen:?}");
    }
    owner.size(120, 40);
    while !owner.screen().contains("created by ↓") {
        owner.press("s");
    }
    owner.sees("sorted by \"created by\"").wait(60);
    owner.sees_not("sorted by").size(80, 24);
    owner.sees("sorted by \"created by\"").sees_not(" ↓");
    // The other direction is one of the same column.
    owner.press("S").sees("sorted by \"created by\", reversed");
    owner.size(120, 40).sees("created by ↑");
    owner.press("s").sees("sorted by what needs attention");
}
