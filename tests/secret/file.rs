//! A file as destination, chosen in the dialog and in the panel.

use std::os::unix::fs::PermissionsExt;

use super::hunt::{Hunt, Run};
use super::support::{Key, Owner, Program, file_when_there, select};

/// Turns `Goes to` until it says so.
pub fn choose(program: &Program, words: &str) {
    program.tab().tab();
    for _ in 0..10 {
        if program.stable().row_with("Goes to").contains(words) {
            return;
        }
        program.press(Key::Right);
    }
    panic!("there is no destination {words:?}:\n{}", program.screen());
}

#[test]
fn a_file_chosen_in_the_dialog_has_the_secret_and_nothing_else_has() {
    let owner = Owner::new();
    let path = owner.home.path().join("secret");
    let run = Run::start(&owner, |builder| builder);
    select(&run.program, "empty");
    run.program.press("n").wait_for("panel, until");
    choose(&run.program, "file");
    run.program.type_text(path.to_str().unwrap()).enter();
    run.program.wait_for("delivered to file");
    let secret = file_when_there(&path);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let hunt = Hunt {
        file: Some(&path),
        ..Hunt::default()
    };
    run.quit_and_hunt(&secret, hunt);
}

#[test]
fn a_file_that_is_there_goes_only_after_the_word() {
    let owner = Owner::new();
    let path = owner.home.path().join("secret");
    std::fs::write(&path, "theirs").unwrap();
    let run = Run::start(&owner, |builder| builder);
    let program = &run.program;
    run.generate_into_panel();
    let write = || {
        program.press("w").wait_for("readable by you alone");
        program.type_text(path.to_str().unwrap()).enter();
        program.wait_for("is there already");
        program.wait_for("Type replace to replace what is at");
    };
    write();
    program.enter().type_text("replac").enter().stable();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "theirs");
    // Esc leaves it, and the next key is a key again.
    program.esc().wait_gone("is there already");
    write();
    program.type_text("replace").enter();
    program.wait_for("delivered to file");
    let secret = std::fs::read_to_string(&path).unwrap();
    let hunt = Hunt {
        file: Some(&path),
        ..Hunt::default()
    };
    run.quit_and_hunt(&secret, hunt);
}

#[test]
fn the_word_replaces_the_file_that_the_question_names_also_where_its_name_is_an_id() {
    let owner = Owner::new();
    let run = Run::start(&owner, |builder| builder);
    let program = &run.program;
    run.generate_into_panel();
    let folder = owner.home.path().join("tokens");
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join(owner.token("empty").unwrap());
    std::fs::write(&path, "theirs").unwrap();
    // A file that is called as what is not known yet stands in nobody's way.
    std::fs::write(folder.join("unknown"), "precious").unwrap();
    let template = folder.join("{id}");
    program.press("w").wait_for("readable by you alone");
    program.type_text(template.to_str().unwrap()).enter();
    program.wait_for_words(&format!("{} is there already", path.display()));
    program.type_text("replace").enter();
    program.wait_for("delivered to file");
    let secret = std::fs::read_to_string(&path).unwrap();
    let precious = std::fs::read_to_string(folder.join("unknown")).unwrap();
    assert_eq!((secret == "theirs", &*precious), (false, "precious"));
    let hunt = Hunt {
        file: Some(&path),
        ..Hunt::default()
    };
    run.quit_and_hunt(&secret, hunt);
}
