//! Every view and every dialog, over organizations with names of one's choice.

use orgward::action::{NotDone, Outcome, Step};
use orgward::app::account::Asking;
use orgward::app::dialogs::OfferDialog;
use orgward::app::message::Reply;
use orgward::app::{Account, Message, Settings};
use orgward::slot::{Creator, Found, Host, Identity, Reading, Token};

use crate::driver::Owner;
use crate::world::*;

/// A token that somebody of this name generated.
fn of(name: &str) -> Token {
    Token {
        created_by: Some(Creator::Team {
            id: "team-1".into(),
            name: Some(name.into()),
        }),
        description: Some(format!("{name} {name}").into()),
        ..token("at-Wq3xY7bN2kLm4P")
    }
}

/// The list; the first organization has a token, the second has none, the third
/// could not be read, the fourth may have one.
fn list(settings: Settings, names: &[String; 4]) -> Owner {
    let refs: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut owner = Owner::new(settings, vec![account(&refs)], (80, 24));
    let failed = Reading {
        note: Some(format!("it did not answer: {}", names[2]).into()),
        ..found(Found::Failed, None)
    };
    for (name, reading) in names
        .iter()
        .zip([there(of(&names[1])), none(), failed, unclear()])
    {
        // Two may have been given the same name.
        if owner
            .app
            .list
            .row(&slot(name))
            .is_some_and(|row| row.pending.is_some())
        {
            owner.read(name, reading);
        }
    }
    owner.app.list.select(&slot(&names[0]));
    owner
}

/// Every view, with its name.
pub fn all(settings: impl Fn() -> Settings, names: &[String; 4]) -> Vec<(&'static str, Owner)> {
    let mut all = Vec::new();
    let on_list = |keys: &str| {
        let mut owner = list(settings(), names);
        owner.press(keys);
        owner
    };
    for (name, keys) in [
        ("list", ""),
        ("marked", "*"),
        ("filter", "/ac"),
        ("help", "?"),
        ("help-search", "?key"),
        ("timeline", "x"),
        ("messages", "sSsM"),
        ("address", "o"),
        ("add", "a"),
        ("journal-reading", "H"),
    ] {
        all.push((name, on_list(keys)));
    }
    let mut journal = on_list("H");
    let entries = (0..9)
        .map(|n| entry(n, "replace", Some(&names[0]), &[&names[1]]))
        .collect();
    journal.journal(Ok(entries));
    all.push(("journal", journal));
    for (name, keys) in [("replace", "n"), ("delete", "d")] {
        let mut owner = on_list(keys);
        owner.prepared(preparation()).paste(&names[0]);
        // The cursor somewhere inside.
        owner.press("<left><left>");
        all.push((name, owner));
    }
    let mut generate = list(settings(), names);
    generate.app.list.select(&slot(&names[1]));
    generate.press("n").prepared(preparation());
    for name in [
        "generate", "running", "panel", "revealed", "leave", "notice",
    ] {
        let mut owner = list(settings(), names);
        owner.app.list.select(&slot(&names[1]));
        owner.press("n").prepared(preparation());
        if name != "generate" {
            owner.press("<enter>");
        }
        match name {
            "running" => {
                owner.step(Step::Writing);
            }
            "panel" | "revealed" | "leave" => {
                let done = kept(&slot(&names[1]), Identity::None);
                owner.outcome(done);
                owner.press(match name {
                    "revealed" => "v",
                    "leave" => "<esc>",
                    _ => "",
                });
            }
            "notice" => {
                owner.outcome(Outcome::NotDone(NotDone::Destination(names[3].clone())));
            }
            _ => {}
        }
        all.push((name, owner));
    }
    for (name, keys) in [("many-replace", "*n"), ("many-delete", "*d")] {
        let mut owner = on_list(keys);
        let count = owner.many().items.len();
        owner.prepared_many(many(count));
        all.push((name, owner));
    }
    let mut report = on_list("*d");
    let count = report.many().items.len();
    report
        .prepared_many(many(count))
        .press(&format!("{count}<enter>"));
    while report.app.run.is_some() {
        let what = Outcome::Refused {
            status: 422,
            words: format!("{} {}", names[2], names[3].repeat(3)),
            after: orgward::action::After::Same,
        };
        report.outcome(what);
    }
    all.push(("report", report));
    let mut ask = Account::new(
        Host::new(HOST),
        None,
        Some(crate::world::names(&[&names[0]])),
    );
    ask.asking = Asking::Wanted;
    let mut ask = Owner::new(settings(), vec![ask], (80, 24));
    ask.paste("1234567");
    all.push(("ask", ask));
    let mut offer = list(settings(), names);
    let hosts = vec![Host::new(HOST), Host::new("tfe.corp.example")];
    offer.app.offer(OfferDialog::new(
        hosts,
        format!("/home/{}/config.toml", names[0]),
    ));
    all.push(("offer", offer));
    let mut program = list(settings(), names);
    program.send(Message::ProgramFailed(
        0,
        format!("`op` failed: {}", names[3]),
    ));
    all.push(("program", program));
    let mut leftovers = list(settings(), names);
    leftovers.left_open(vec![left_open("replace", None, &[&names[0]])]);
    all.push(("leftovers", leftovers));
    let mut status = list(settings(), names);
    status.reply(
        0,
        Reply::Done(Err(format!("it failed: {}", names[3].repeat(9)))),
    );
    all.push(("status", status));
    all
}
