//! The script of the recording: keys, and the scenes that they lead to. No key in
//! it reveals a secret.

use super::support::{Program, select};

pub const SIZE: (u16, u16) = (100, 30);

/// A moment at which the picture stands still.
pub struct Scene {
    pub label: &'static str,
    /// What is on the screen then.
    pub shows: &'static [&'static str],
}

pub const SCENES: [Scene; 8] = [
    Scene {
        label: "The list: what needs attention first",
        shows: &["Orgward", "expired", "n new token"],
    },
    Scene {
        label: "The expiry timeline",
        shows: &["Expiry timeline", "all hosts", "today"],
    },
    Scene {
        label: "Along the timeline",
        shows: &["Expiry timeline", "▸"],
    },
    Scene {
        label: "Replace: the token that dies",
        shows: &["Replace the organization token", "Type payments"],
    },
    Scene {
        label: "The name is typed",
        shows: &["Enter to replace"],
    },
    Scene {
        label: "The new secret, masked",
        shows: &["The token was replaced", "••••••••"],
    },
    Scene {
        label: "An undelivered secret is not lost",
        shows: &["Undelivered secret", "Type lose"],
    },
    Scene {
        label: "The help, searched",
        shows: &["Help", "keyring"],
    },
];

/// Plays it; `at` is told of each key, and of each scene.
pub fn play(mut at: impl FnMut(&Program, Option<&Scene>)) -> Program {
    let (columns, rows) = SIZE;
    let program = Program::orgward().arg("--demo").size(columns, rows).start();
    let mut scenes = SCENES.iter();
    let mut show = |program: &Program| {
        program.stable();
        let scene = scenes.next().expect("a scene");
        for words in scene.shows {
            program.wait_for(words);
        }
        at(program, Some(scene));
    };
    program.wait_for("expired").wait_gone(" read");
    program.wait_gone("reading");
    show(&program);
    program
        .press("x")
        .wait_for("Expiry timeline")
        .wait_gone("policies");
    show(&program);
    for _ in 0..5 {
        program.press("l").stable();
    }
    show(&program);
    program.enter().wait_gone("Expiry timeline");
    select(&program, "payments");
    program.press("n").wait_for("panel, until");
    show(&program);
    program.type_text("payments").wait_for("Enter to replace");
    show(&program);
    program.enter().wait_for("••••••••");
    show(&program);
    program.esc().wait_for("Undelivered secret");
    show(&program);
    program
        .type_text("lose")
        .enter()
        .wait_gone("Undelivered secret");
    program
        .press("?")
        .wait_for("type to search")
        .type_text("keyring");
    program.wait_gone("type to search");
    show(&program);
    // The first Esc clears the search.
    program.esc().wait_for("type to search");
    program.esc().wait_gone("type to search");
    program.press("q").wait_exit();
    program
}
