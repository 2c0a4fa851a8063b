//! Host entries that come, wait for a credential, or have none.

use orgward::app::account::Asking;
use orgward::app::dialogs::OfferDialog;
use orgward::app::message::{Added, Addition, Candidate, CheckProblem, Reply};
use orgward::app::{Account, Effect, Layer, Message};
use orgward::config::edit::EditError;
use orgward::config::{CredentialSource, HostConfig};
use orgward::credentials::Progress;
use orgward::slot::{Found, Host, State};

use crate::driver::Owner;
use crate::world::*;

const CORP: &str = "tfe.corp.example";

/// An entry with one organization, whose credential is typed.
fn asked() -> Owner {
    let mut account = account(&["acme"]);
    account.asking = Asking::Wanted;
    Owner::new(settings(), vec![account], (100, 30))
}

#[test]
fn nothing_is_asked_of_a_host_before_its_credential_was_typed() {
    let mut owner = asked();
    owner.sees("Credential").sees(HOST);
    assert_eq!(owner.asks_for(), ["LookBack"]);
    owner.press("R").press("hunter").paste("two-and-more\n");
    owner.sees("•••••").sees_not("hunter").sees_not("more");
    assert!(owner.effects().is_empty());
    owner.press("<enter>");
    let effects = owner.effects();
    let names: Vec<_> = effects.iter().map(Effect::name).collect();
    assert_eq!(names, ["Give", "Read"]);
    let Effect::Give { credential, .. } = &effects[0] else {
        unreachable!()
    };
    assert_eq!(credential.secret.expose(), "Rhuntertwo-and-more");
    assert_eq!(format!("{:?}", effects[0]), "Give");
}

#[test]
fn a_key_that_was_moved_is_named_where_it_asks_for_a_credential() {
    let mut settings = settings();
    let changes = [("refresh".to_owned(), "u".to_owned())].into();
    settings.keymap = orgward::app::keys::Keymap::new(&changes).unwrap();
    let mut account = account(&["acme"]);
    account.asking = Asking::Wanted;
    let mut owner = Owner::new(settings, vec![account], (100, 30));
    owner.press("<esc>").sees("u asks for it again");
    owner.press("u").sees("Credential");
}

#[test]
fn whoever_does_not_type_it_is_told_how_to_be_asked_again() {
    let mut owner = asked();
    owner.effects();
    owner
        .press("<esc>")
        .sees("unauthorized")
        .sees("r asks for it again");
    assert!(owner.asks_for().is_empty() && owner.looks().is_empty());
    owner.press("r").sees("Credential");
    owner.press("<esc>R").sees("Credential");
    owner.press("abc<enter>");
    assert_eq!(owner.looks(), [("acme".to_owned(), false)]);
    // A wrong one is asked for again, another failure is not the credential's.
    owner.read("acme", found(Found::Failed, None)).press("r");
    assert_eq!(owner.asks_for(), ["Retry"]);
    owner
        .read("acme", found(Found::Unauthorized, None))
        .press("r");
    owner.sees("Credential");
}

#[test]
fn an_unfit_credential_is_not_sent() {
    let mut owner = asked();
    owner.effects();
    owner.press("äöü<enter>").sees("cannot stand in a request");
    assert!(owner.asks_for().is_empty());
}

#[test]
fn a_program_is_named_after_half_a_minute_and_esc_stops_it() {
    let mut owner = Owner::of(&["acme"]);
    owner.effects();
    owner.send(Message::Program(Progress::Began("op read …".into())));
    owner.wait(29).sees_not("waiting for");
    owner.press("<esc>");
    assert!(
        owner.asks_for().is_empty(),
        "nothing is seen that Esc could stop"
    );
    owner.wait(1).sees("waiting for: op read …").press("<esc>");
    assert_eq!(owner.asks_for(), ["StopProgram"]);
    // The timeline says the same, and its Esc is about the same.
    owner.wait(60).press("x").sees("waiting for: op read …");
    owner.press("<esc>");
    assert_eq!(owner.asks_for(), ["StopProgram"]);
    owner.sees("Expiry timeline").press("<esc>").effects();
    // Where Esc is about something else nothing says that it stops the program.
    for key in ["?", "H", "/"] {
        owner.press("<enter>").wait(60);
        owner.sees("waiting for: op read …").sees("Esc stops it");
        owner.press(key).sees_not("Esc stops it").press("<esc>");
        assert!(!owner.asks_for().contains(&"StopProgram"), "{key}");
        owner.press("x");
    }
    owner.send(Message::Program(Progress::Ended));
    owner.wait(5).sees_not("waiting for").press("<esc>");
    owner.sees_not("Expiry timeline");
}

#[test]
fn a_program_that_failed_is_run_with_the_terminal_only_when_the_owner_says_so() {
    let mut owner = Owner::with("acme", found(Found::Unauthorized, None));
    // The keys of an open dialog stay its own.
    owner.press("?");
    owner.send(Message::ProgramFailed(
        0,
        "it ended with exit code 3".into(),
    ));
    owner
        .sees_not("exit code 3")
        .press("<esc>")
        .sees("exit code 3");
    owner.press("x").sees("exit code 3");
    assert!(owner.asks_for().is_empty());
    owner.press("<enter>").sees_not("exit code 3");
    assert_eq!(owner.asks_for(), ["OnTerminal"]);
    owner.send(Message::Obtained(0, Err("it ended with signal 2".into())));
    owner.sees("signal 2").press("<enter>");
    assert_eq!(owner.asks_for(), ["OnTerminal"]);
    owner.send(Message::Obtained(0, Ok(())));
    assert_eq!(owner.looks(), [("acme".to_owned(), false)]);
}

#[test]
fn what_cannot_be_connected_is_tried_again_when_the_owner_asks() {
    let mut owner = Owner::with("acme", found(Found::Failed, Some("no route")));
    owner.press("r");
    assert_eq!(owner.asks_for(), ["Retry"]);
    owner
        .read("acme", found(Found::Failed, Some("no route")))
        .press("R");
    assert_eq!(owner.asks_for(), ["Retry"]);
    owner.read("acme", there(token("at-1"))).press("R");
    assert!(owner.asks_for().is_empty());
}

fn offered() -> Owner {
    let mut owner = Owner::new(settings(), Vec::new(), (100, 30));
    let hosts = [HOST, CORP].map(Host::new).into();
    owner
        .app
        .offer(OfferDialog::new(hosts, "/home/olivia/config.toml".into()));
    owner.effects();
    owner
}

#[test]
fn offered_hosts_are_asked_only_after_the_owner_agreed() {
    let mut owner = offered();
    owner.sees(CORP).sees("/home/olivia/config.toml");
    owner.press("nRx");
    // The help is there as well, and agrees to nothing.
    owner.sees("? help").press("?").sees("At the first start");
    owner.sees("write the configuration").press("<enter>");
    owner.sees(CORP).press("<f1>").sees("At the first start");
    owner.press("<esc>").sees(CORP);
    assert!(owner.effects().is_empty());
    owner.press("<enter>");
    let effects = owner.effects();
    let [Effect::Add { id, what }] = &effects[..] else {
        panic!("{effects:?}")
    };
    owner.press("<enter><esc>");
    assert!(owner.effects().is_empty(), "it is being written");
    let (id, what) = (*id, what.clone());
    let written = Ok("/home/olivia/config.toml".into());
    owner.reply(id, Reply::Added(Box::new(Added { what, written })));
    owner.sees("2 hosts added to").sees_not("First start");
    assert_eq!(owner.asks_for(), ["List", "List"]);
}

#[test]
fn declining_the_offer_ends_the_program() {
    for keys in ["<esc>", "q", "<c-c>"] {
        let mut owner = offered();
        owner.press(keys);
        assert_eq!(owner.asks_for(), ["Decline"], "{keys}");
    }
}

#[test]
fn many_offered_hosts_are_counted() {
    let mut owner = Owner::new(settings(), Vec::new(), (60, 14));
    let hosts = (0..40)
        .map(|n| Host::new(&format!("h{n}.example")))
        .collect();
    owner.app.offer(OfferDialog::new(hosts, "/f".into()));
    owner
        .sees("h0.example")
        .sees("and 35 more")
        .sees("Show them?");
}

fn candidate(owner: &mut Owner) -> (u64, Candidate) {
    let mut effects = owner.effects();
    match effects.pop() {
        Some(Effect::Examine { id, candidate }) if effects.is_empty() => (id, candidate),
        other => panic!("{effects:?} {other:?}"),
    }
}

fn checked(config: Box<HostConfig>) -> Reply {
    let words = format!("olivia on {CORP}, 12 organizations");
    Reply::Examined(Ok((words, Addition::Host(config))))
}

#[test]
fn a_host_is_checked_shown_and_then_added() {
    let mut owner = Owner::of(&["acme"]);
    owner.effects();
    owner
        .press("a")
        .press(CORP)
        .press("<tab><right><right><tab>");
    owner
        .press("op read 'op://a b'<tab>prod<enter>")
        .sees("asking the host");
    let (id, candidate) = candidate(&mut owner);
    let Candidate::Host {
        config,
        credential,
        on_terminal,
    } = candidate
    else {
        panic!()
    };
    let command = ["op", "read", "op://a b"].map(str::to_owned).into();
    assert_eq!(config.credential, CredentialSource::Command(command));
    assert_eq!(
        (config.account.as_deref(), credential.is_none(), on_terminal),
        (Some("prod"), true, false)
    );
    owner.press("<enter>");
    assert!(owner.effects().is_empty());
    owner
        .reply(id, checked(config))
        .sees(&format!("olivia on {CORP}, 12 organizations"));
    owner.press("<enter>");
    let Some(Effect::Add { id, what }) = owner.effects().pop() else {
        panic!()
    };
    let written = Err(EditError {
        file: "/nix/config.toml".into(),
        why: "it is read-only".into(),
        paste: format!("[[host]]\nname = \"{CORP}\"\n"),
    });
    owner.reply(id, Reply::Added(Box::new(Added { what, written })));
    owner
        .sees("it is read-only")
        .sees(&format!("name = \"{CORP}\""));
    assert_eq!(owner.asks_for(), ["List"]);
}

#[test]
fn what_is_typed_after_the_check_is_checked_again() {
    let mut owner = Owner::of(&["acme"]);
    owner.effects();
    owner.press("a").press(CORP).press("<enter>");
    let (id, candidate) = candidate(&mut owner);
    let Candidate::Host { config, .. } = candidate else {
        panic!()
    };
    owner.press("x").reply(id, checked(config.clone()));
    owner.sees_not("12 organizations").press("<enter>");
    let (id, _) = self::candidate(&mut owner);
    owner
        .reply(id, checked(config))
        .press("<bs>")
        .sees_not("12 organizations");
    // Enter checks again instead of adding.
    owner.press("<enter>");
    assert_eq!(owner.asks_for(), ["Examine"]);
}

#[test]
fn a_program_of_a_check_gets_the_terminal_at_the_second_enter() {
    let mut owner = Owner::of(&["acme"]);
    owner.effects();
    owner.press("a").press(CORP).press("<enter>");
    let (id, _) = candidate(&mut owner);
    let problem = CheckProblem {
        why: "it ended with exit code 3".into(),
        program: true,
        no_credential: false,
        elsewhere: None,
    };
    owner.reply(id, Reply::Examined(Err(problem)));
    owner
        .sees("exit code 3")
        .sees("with the terminal")
        .press("<enter>");
    let (_, candidate) = candidate(&mut owner);
    assert!(matches!(
        candidate,
        Candidate::Host {
            on_terminal: true,
            ..
        }
    ));
}

#[test]
fn without_a_credential_the_next_key_chooses_another_way() {
    let mut owner = Owner::of(&["acme"]);
    owner.effects();
    owner.press("a").press(CORP).press("<enter>");
    let (id, _) = candidate(&mut owner);
    let problem = CheckProblem {
        why: format!("no credential for {CORP} was found; choose another way above (→)"),
        program: false,
        no_credential: true,
        elsewhere: None,
    };
    owner.reply(id, Reply::Examined(Err(problem)));
    owner.sees("(→)").sees("←→ choose").press("<right>");
    owner.sees("a variable").sees_not("no credential");
    owner.press("<left>").sees("as the Terraform CLI has it");
}

fn elsewhere(address: &str) -> Reply {
    Reply::Examined(Err(CheckProblem {
        why: "elsewhere".into(),
        program: false,
        no_credential: false,
        elsewhere: Some(address.parse().unwrap()),
    }))
}

#[test]
fn an_api_on_another_server_is_offered_and_taken_by_a_key_of_its_own() {
    let mut owner = Owner::of(&["acme"]);
    owner.effects();
    owner.press("a").press(CORP).press("<enter>");
    let (id, _) = candidate(&mut owner);
    owner.reply(id, elsewhere("https://api.corp.example/v2/"));
    owner
        .sees("The host says that its API is at https://api.corp.example/v2/")
        .sees("not sent there unasked")
        .sees("takes https://api.corp.example/v2/")
        .sees_not("goes to");
    // Enter alone sends the credential nowhere else.
    owner.press("<enter>");
    let (id, again) = candidate(&mut owner);
    let Candidate::Host { config, .. } = again else {
        panic!()
    };
    assert_eq!(config.address, None);
    owner.reply(id, elsewhere("https://api.corp.example/v2/"));
    owner
        .press("<right>")
        .sees("Your credential for tfe.corp.example goes to api.corp.example.")
        .press("<enter>");
    let (id, taken) = candidate(&mut owner);
    let Candidate::Host { config, .. } = taken else {
        panic!()
    };
    let address = config.address.as_ref().unwrap();
    assert_eq!(address.as_str(), "https://api.corp.example/v2/");
    // It is said until it is added.
    owner
        .reply(id, checked(config))
        .sees("Enter adds it")
        .sees("goes to api.corp.example.");
}

#[test]
fn an_offer_is_gone_with_the_name_it_was_for() {
    let mut owner = Owner::of(&["acme"]);
    owner.effects();
    owner.press("a").press(CORP).press("<enter>");
    let (id, _) = candidate(&mut owner);
    owner.reply(id, elsewhere("https://api.corp.example/v2/"));
    // From the address to the name, which is changed, and back.
    owner
        .press("<down><down><bs>f<up><up>")
        .sees_not("takes https")
        .press("<right><enter>");
    let (_, candidate) = candidate(&mut owner);
    let Candidate::Host { config, .. } = candidate else {
        panic!()
    };
    assert_eq!(config.address, None);
}

#[test]
fn an_address_is_typed_by_the_rules_of_the_configuration() {
    let mut owner = Owner::of(&["acme"]);
    owner.effects();
    owner.press("a").press(CORP).press("<up><up>");
    for (typed, why) in [
        ("http://tfe.corp.example/", "http is only for this machine"),
        ("https://user:word@tfe.corp.example/", "no user, password"),
        ("tfe.corp.example", "not an address"),
    ] {
        owner.press(typed).press("<enter>").sees(why);
        assert!(owner.asks_for().is_empty(), "{typed}");
        for _ in 0..typed.len() {
            owner.press("<bs>");
        }
    }
    // The host's own address is no other server.
    owner
        .press("https://tfe.corp.example/odd")
        .sees_not("goes to");
    owner.press("<enter>");
    let (_, odd) = candidate(&mut owner);
    let Candidate::Host { config, .. } = odd else {
        panic!()
    };
    let address = config.address.unwrap();
    assert_eq!(address.as_str(), "https://tfe.corp.example/odd/");
    let mut owner = Owner::of(&["acme"]);
    owner.effects();
    owner
        .press("a")
        .press("http://127.0.0.1:8080")
        .press("<up><up>");
    owner.press("https://api.corp.example/").press("<enter>");
    owner.sees("leave the other one out");
    assert!(owner.asks_for().is_empty());
}

#[test]
fn a_credential_is_typed_masked_into_the_dialog() {
    let mut owner = Owner::of(&["acme"]);
    owner.effects();
    owner
        .press("a")
        .press(CORP)
        .press("<tab><left><tab>hunter")
        .paste("two");
    owner
        .sees("•••••••••")
        .sees_not("hunter")
        .sees_not("two")
        .press("<enter>");
    let (id, candidate) = candidate(&mut owner);
    let Candidate::Host {
        config, credential, ..
    } = candidate
    else {
        panic!()
    };
    assert_eq!(credential.unwrap().secret.expose(), "huntertwo");
    owner.reply(id, checked(config)).press("<enter>");
    let Some(Effect::Add { id, what }) = owner.effects().pop() else {
        panic!()
    };
    let written = Ok("/f".into());
    owner.reply(id, Reply::Added(Box::new(Added { what, written })));
    // It is not asked for a second time.
    assert_eq!(owner.asks_for(), ["List"]);
    assert!(owner.app.layers.is_empty());
}

#[test]
fn what_is_there_already_is_not_added_and_the_demo_adds_nothing() {
    let mut owner = Owner::of(&["acme"]);
    owner.effects();
    owner
        .press("a")
        .press(HOST)
        .press("<enter>")
        .sees("another account");
    assert!(owner.asks_for().is_empty() && matches!(owner.app.layers[..], [Layer::Add(_)]));
    let mut settings = settings();
    settings.demo = true;
    let mut owner = Owner::new(settings, vec![account(&["acme"])], (100, 30));
    owner.press("a").sees("made-up hosts only");
}

#[test]
fn an_organization_is_added_to_its_entry() {
    let mut owner = Owner::of(&["acme"]);
    owner.read("acme", none()).effects();
    owner
        .press("a<s-tab><right>")
        .sees("an organization of app.terraform.io");
    owner.press("<tab>acme<enter>").sees("there already");
    owner.press("-two<enter>");
    let (id, _) = candidate(&mut owner);
    let addition = Addition::Organization {
        account: 0,
        name: "acme-two".into(),
    };
    owner.reply(
        id,
        Reply::Examined(Ok(("acme-two is there".into(), addition.clone()))),
    );
    owner.sees("acme-two is there").press("<enter>");
    let Some(Effect::Add { id, what }) = owner.effects().pop() else {
        panic!()
    };
    let written = Ok("/f".into());
    owner.reply(id, Reply::Added(Box::new(Added { what, written })));
    assert_eq!(owner.looks(), [("acme-two".to_owned(), false)]);
    assert_eq!(
        owner.app.list.row(&slot("acme-two")).unwrap().state(),
        State::Reading
    );
}

#[test]
fn the_first_entry_that_sees_an_organization_has_its_row() {
    let all = |label: &str| Account::new(Host::new(HOST), Some(label.into()), None);
    let mut owner = Owner::new(settings(), vec![all("prod"), all("other")], (110, 30));
    let id = |owner: &Owner, at: usize| owner.app.accounts[at].listing.unwrap();
    let (first, second) = (id(&owner, 0), id(&owner, 1));
    owner.reply(second, Reply::Listed(Ok(names(&["acme", "more"]))));
    owner.read("acme", none()).sees("account other");
    owner.effects();
    owner.reply(first, Reply::Listed(Ok(names(&["acme"]))));
    // It is read again, with the other credential.
    assert_eq!(owner.looks(), [("acme".to_owned(), false)]);
    owner.sees("account prod");
    assert_eq!(owner.app.list.rows().len(), 2);
}

#[test]
fn the_views_of_hosts() {
    let mut frames = String::new();
    for (width, height) in [(80, 24), (40, 10)] {
        let mut all: Vec<Owner> = vec![asked(), offered()];
        all[0].press("secret");
        let mut add = Owner::of(&["acme"]);
        add.press("a").press(CORP).press("<tab><right>");
        all.push(add);
        let mut failed = Owner::of(&["acme"]);
        failed.send(Message::ProgramFailed(
            0,
            "the credential for app.terraform.io could not be had from the command op: it ended with exit code 1 and said nothing".into(),
        ));
        all.push(failed);
        for owner in &mut all {
            owner.size(width, height);
            frames += &format!("{width}x{height}\n{}\n", owner.screen());
        }
    }
    insta::assert_snapshot!("hosts", frames);
}
