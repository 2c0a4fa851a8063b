//! A journal that cannot be written.

use super::support::{Exit, Owner, select};

#[test]
fn nothing_is_sent_without_a_journal_unless_its_owner_says_so() {
    let owner = Owner::new();
    let program = owner.start();
    std::fs::create_dir_all(owner.journal()).unwrap();
    select(&program, "empty");
    program.press("n").wait_for("panel, until");
    program.enter();
    program.wait_for_words("journal.jsonl cannot be written");
    program.wait_for_words("This order changed nothing.");
    program.wait_for("go on without the journal");
    assert!(owner.writes().is_empty());
    program.stable().press("w").wait_for("••••••••");
    program.wait_for_words("this is recorded nowhere");
    assert_eq!(owner.writes().len(), 1);
    program.esc().wait_for("Undelivered secret");
    program.type_text("lose").enter().wait_gone("Undelivered");
    program.press("H");
    program.wait_for_words("journal.jsonl cannot be read");
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
}
