//! In a text field every character is text.

use orgward::action::Outcome;
use orgward::app::Layer;
use orgward::slot::Identity;

use crate::driver::Owner;
use crate::world::*;

const TEXT: &str = "q?/jkndcyvwpR *g";

#[test]
fn in_the_filter() {
    let mut owner = Owner::with("acme", none());
    owner.press("/").press(TEXT);
    assert_eq!(owner.app.list.filter(), TEXT);
    assert!(owner.app.layers.is_empty());
    assert!(owner.asks_for().is_empty());
    owner.press("<esc>/ab<left>c<home>d<end>e<bs>");
    assert_eq!(owner.app.list.filter(), "dacb");
    owner.sees("dacb");
}

#[test]
fn the_cursor_is_drawn_where_it_is() {
    let mut owner = Owner::with("acme", none());
    owner.press("/acme<left><left>").sees("/ ac▏me");
    let long = "a".repeat(100) + "0123456789";
    owner.size(40, 10).press("<esc>/").paste(&long);
    owner.sees("0123456789▏");
    owner.press("<home>").sees("/ ▏aaaa");
}

#[test]
fn in_the_name_and_the_path() {
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner.press("n").prepared(preparation()).press(TEXT);
    match owner.app.layers.last() {
        Some(Layer::New(dialog)) => assert_eq!(dialog.name.text(), TEXT),
        _ => panic!("the dialog is gone"),
    }
    owner.press("<esc>d").prepared(preparation()).press(TEXT);
    match owner.app.layers.last() {
        Some(Layer::Delete(dialog)) => assert_eq!(dialog.name.text(), TEXT),
        _ => panic!("the dialog is gone"),
    }
    let mut owner = Owner::with("acme", none());
    owner.generate();
    owner.outcome(kept(&slot("acme"), Identity::None)).effects();
    owner.press("w").press(TEXT);
    assert_eq!(owner.panel().path.as_ref().unwrap().text(), TEXT);
    assert!(owner.asks_for().is_empty());
}

#[test]
fn pasted_text_goes_to_the_field_with_the_focus_and_never_acts() {
    let mut owner = Owner::with("acme", there(token("at-1")));
    owner.paste("nd\n").paste("q");
    assert!(owner.app.layers.is_empty());
    assert!(owner.asks_for().is_empty());

    owner.press("n").prepared(preparation()).effects();
    owner.paste("acme\r\n");
    assert!(owner.asks_for().is_empty());
    owner.sees("Enter to replace");
    // The expiry has the focus: the name stays.
    owner
        .press("<tab>")
        .paste("12h\n")
        .sees("acme")
        .sees("‹ 12h▏ ›");
    owner.press("<tab>").paste("nothing takes this");
    owner.sees_not("nothing takes this");
    owner.press("<esc>/").paste("\u{1b}[31mac\u{202e}\nme\u{7}");
    assert_eq!(owner.app.list.filter(), "[31macme");
}

#[test]
fn pasted_text_does_not_act_on_a_notice_or_a_panel() {
    let mut owner = Owner::with("acme", none());
    owner.generate();
    owner.outcome(Outcome::NothingHappened {
        why: "it was lost".into(),
        sent: true,
    });
    owner.effects();
    owner.paste("n\n").sees("Nothing happened.");
    owner.press("<enter>");
    owner.read("acme", none());
    owner.generate();
    owner.outcome(kept(&slot("acme"), Identity::None)).effects();
    owner.paste("vck\n").sees("••••••••");
    assert!(owner.asks_for().is_empty());
}

#[test]
fn a_rebound_key_does_what_it_says_and_is_text_in_a_field() {
    let keys = [("new".to_owned(), "X".to_owned())].into_iter().collect();
    let settings = orgward::app::Settings {
        keymap: orgward::app::keys::Keymap::new(&keys).unwrap(),
        ..settings()
    };
    let mut owner = Owner::new(settings, vec![account(&["acme"])], (80, 24));
    owner.read("acme", there(token("at-1")));
    owner.sees("X new token").press("n").sees_not("Replace");
    owner
        .press("X")
        .prepared(preparation())
        .press("X")
        .sees("X▏");
}

#[test]
fn help_scrolls_to_its_ends_and_back_at_once() {
    for (width, height) in [(80, 24), (40, 10), (120, 60)] {
        let mut owner = Owner::with("acme", none());
        owner.size(width, height).press("?").sees("In the list");
        owner.press(&"<down>".repeat(500)).sees("Esc Enter F1");
        let end = owner.screen();
        owner.press("<end>");
        assert_eq!(owner.screen(), end);
        owner.press("<up>");
        let scrolls = !end.contains("In the list");
        assert_eq!(owner.screen() != end, scrolls, "{width}x{height}");
        owner.press("<home>").sees("In the list").press("<esc>");
        assert!(owner.app.layers.is_empty());
        assert!(owner.asks_for().is_empty());
    }
}
