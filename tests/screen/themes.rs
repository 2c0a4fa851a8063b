//! The theme as the terminal gets it, from the real program.

use super::support::{Exit, Owner, Program};

/// The parameters of every "select graphic rendition" that was written.
fn renditions(program: &Program) -> Vec<u16> {
    let written = program.raw_bytes();
    let text = String::from_utf8_lossy(&written);
    let mut all = Vec::new();
    for rest in text.split("\u{1b}[").skip(1) {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == ':'));
        if let Some(end) = end
            && rest[end..].starts_with('m')
        {
            let parts = rest[..end].split([';', ':']);
            all.extend(parts.filter_map(|part| part.parse::<u16>().ok()));
        }
    }
    all
}

/// Colours, not counting "the terminal's own".
fn coloured(program: &Program) -> bool {
    renditions(program)
        .iter()
        .any(|code| matches!(code, 30..=38 | 40..=48 | 90..=97 | 100..=107))
}

fn themed(owner: &Owner, theme: &str) {
    owner.configure(&format!("[screen]\ntheme = \"{theme}\"\n"));
}

/// Through some views, and out.
fn walk(program: &Program) {
    program.press("x").wait_for("Expiry timeline").enter();
    program.press("?").wait_for("type to search").esc();
    program.wait_gone("type to search");
    super::support::select(program, "acme");
    program.press("n").wait_for("panel, until").esc();
    program.wait_gone("panel, until").press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
}

#[test]
fn in_monochrome_no_colour_is_written() {
    let owner = Owner::new();
    themed(&owner, "monochrome");
    let program = owner.start();
    walk(&program);
    assert!(!coloured(&program));
    // What tells things apart instead: bold, faint, underlined, reversed.
    let codes = renditions(&program);
    for code in [1, 2, 7] {
        assert!(codes.contains(&code), "no {code}");
    }
}

#[test]
fn no_color_takes_the_colours_of_every_theme() {
    for theme in ["terminal", "dark", "light", "high-contrast"] {
        let owner = Owner::new();
        themed(&owner, theme);
        // It beats what forces them.
        let program = owner
            .program()
            .env("NO_COLOR", "1")
            .env("CLICOLOR_FORCE", "1")
            .env("COLORTERM", "truecolor")
            .start();
        program.wait_for("platform").wait_gone("reading");
        super::support::select(&program, "acme");
        let row = program.look().row_with("acme");
        assert!(row.contains('▸') && row.contains("ok"), "{row}");
        assert!(program.look().cell_of("acme").inverse(), "{theme}");
        program.press("q");
        assert_eq!(program.wait_exit(), Exit::Code(0));
        assert!(!coloured(&program), "{theme}");
    }
}

#[test]
fn a_theme_is_drawn_in_the_colours_that_the_terminal_knows() {
    let owner = Owner::new();
    themed(&owner, "dark");
    let many = owner.program().env("COLORTERM", "truecolor").start();
    many.wait_for("platform");
    let ground = many.look().cell_of("platform").bgcolor();
    assert_eq!(ground, vt100::Color::Rgb(0x17, 0x1a, 0x21));
    let few = owner.start();
    let ground = few.look().cell_of("platform").bgcolor();
    assert!(matches!(ground, vt100::Color::Idx(16..)), "{ground:?}");
}

#[test]
fn a_theme_of_ones_own_is_a_file_and_a_bad_one_is_an_error_with_its_mend() {
    let owner = Owner::new();
    themed(&owner, "mine.toml");
    let file = owner.config().with_file_name("mine.toml");
    std::fs::write(
        &file,
        "ok = { text = \"bright-blue\", underlined = true }\n",
    )
    .unwrap();
    let program = owner.start();
    let word = program.look();
    let (row, _) = word.find("acme").unwrap();
    let cells = (0..80).map(|col| word.cell(row, col));
    let blue = cells.filter(|cell| cell.fgcolor() == vt100::Color::Idx(12) && cell.underline());
    let selected = word.row_with("acme").contains('▸');
    assert!(selected || blue.count() >= 2, "{word}");
    program.press("q");
    program.wait_exit();
    for (text, problem, mend) in [
        ("ok = \"mauve\"", "mauve", "write"),
        ("expird = \"red\"", "expird", "did you mean `expired`?"),
        ("selected = {}", "selected", "reversed = true"),
        ("ok = ", "not TOML", "line 1"),
    ] {
        std::fs::write(&file, text).unwrap();
        let program = owner.program().start();
        assert_eq!(program.wait_exit(), Exit::Code(2), "{text}");
        let said = program.look().text().replace('\n', "");
        assert!(said.contains(problem) && said.contains(mend), "{said}");
        assert!(said.contains("config.toml:"), "{said}");
    }
    themed(&owner, "darkk");
    let program = owner.program().start();
    assert_eq!(program.wait_exit(), Exit::Code(2));
    let said = program.look().text().replace('\n', "");
    assert!(said.contains("is it \"dark\"?"), "{said}");
}

#[test]
fn ascii_is_all_that_is_drawn_where_it_is_asked_for_or_nothing_else_is_known() {
    let owner = Owner::new();
    let asked = owner.program().arg("--ascii").start();
    let plain = owner.program().env("LANG", "C").start();
    for program in [asked, plain] {
        program.wait_for("platform").wait_gone("reading");
        program.press("x").wait_for("Expiry timeline").enter();
        program.press("?").wait_for("type to search").esc();
        program.wait_gone("type to search");
        super::support::select(&program, "acme");
        program.press("n").wait_for("panel, until");
        assert!(program.look().text().is_ascii(), "{}", program.look());
        program.esc().wait_gone("panel, until").press("q");
        assert_eq!(program.wait_exit(), Exit::Code(0));
        let written = program.raw_bytes();
        assert!(written.is_ascii(), "something else was written");
    }
}
