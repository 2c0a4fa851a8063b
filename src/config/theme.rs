//! Themes: what things look like, as data. The default leaves every colour to
//! the terminal's own sixteen, so the owner's palette decides; other themes come
//! with the program or are a file of the owner's.
//!
//! A theme is checked as a whole when the configuration is read. What it leaves
//! out is as in the default theme.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::near::nearest;
use super::table::{Problem, Table, problem, start};

/// The themes that come with the program.
const BUILT_IN: [(&str, &str); 4] = [
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
    (
        "high-contrast",
        include_str!("../../assets/themes/high-contrast.toml"),
    ),
    (
        "monochrome",
        include_str!("../../assets/themes/monochrome.toml"),
    ),
];

/// A theme file larger than this is none.
const LARGEST: u64 = 64 * 1024;

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// One of the terminal's sixteen.
    Ansi(u8),
    /// One of the 256.
    Indexed(u8),
    /// Red, green and blue.
    Rgb(u8, u8, u8),
}

/// How one thing looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The text's colour; the terminal's own where there is none.
    pub text: Option<Colour>,
    /// The ground's colour, likewise.
    pub ground: Option<Colour>,
    /// Bold.
    pub bold: bool,
    /// Faint.
    pub dim: bool,
    /// Underlined.
    pub underlined: bool,
    /// Text and ground change places.
    pub reversed: bool,
}

macro_rules! roles {
    ($($role:ident: $words:literal, $doc:literal;)*) => {
        /// What has a look of its own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Role {
            $(#[doc = $doc] $role,)*
        }

        impl Role {
            /// All of them.
            pub const ALL: &'static [Role] = &[$(Role::$role,)*];

            /// Its name in a theme.
            pub fn name(self) -> &'static str {
                match self {
                    $(Role::$role => $words,)*
                }
            }
        }
    };
}

roles! {
    Text: "text", "Ordinary text, and the ground of the whole screen.";
    Faint: "faint", "What stands back: labels, rules, borders.";
    Strong: "strong", "What stands out.";
    Title: "title", "The program's name, the titles of dialogs.";
    Key: "key", "A key in the key bar.";
    Bad: "bad", "What went wrong, and what would die.";
    Warn: "warn", "What wants care.";
    Good: "good", "What went well.";
    Selected: "selected", "What is selected or has the focus.";
    Expired: "expired", "The state `expired`.";
    OverPolicy: "over-policy", "The state `over-policy`.";
    Expiring: "expiring", "The state `expiring`, and the warning window of the timeline.";
    Failed: "failed", "The states `failed` and `unauthorized`.";
    Hidden: "hidden", "The states `no-access`, `not-visible` and `unclear`.";
    Unused: "unused", "The state `unused`.";
    None: "none", "The state `none`.";
    Ok: "ok", "The state `ok`.";
    Reading: "reading", "The state `reading`.";
}

/// A look for every role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette([Look; Role::ALL.len()]);

impl Default for Palette {
    /// The terminal's own colours.
    fn default() -> Self {
        let look = |colour: Option<u8>, bold: bool| Look {
            text: colour.map(Colour::Ansi),
            bold,
            ..Look::default()
        };
        let of = |role| match role {
            Role::Text => Look::default(),
            Role::Faint | Role::Reading => Look {
                dim: true,
                ..Look::default()
            },
            Role::Strong => look(None, true),
            Role::Title | Role::Key => look(Some(6), true),
            Role::Bad | Role::Expired => look(Some(1), true),
            Role::Failed => look(Some(1), false),
            Role::Warn | Role::Hidden => look(Some(3), false),
            Role::Expiring => look(Some(3), true),
            Role::Good | Role::Ok => look(Some(2), false),
            Role::OverPolicy => look(Some(5), false),
            Role::Unused => look(Some(4), false),
            Role::None => look(Some(6), false),
            Role::Selected => Look {
                reversed: true,
                ..Look::default()
            },
        };
        let mut looks = [Look::default(); Role::ALL.len()];
        for role in Role::ALL {
            looks[*role as usize] = of(*role);
        }
        Self(looks)
    }
}

impl Palette {
    /// The names of the themes that need no file.
    pub fn names() -> impl Iterator<Item = &'static str> {
        std::iter::once("terminal").chain(BUILT_IN.iter().map(|(name, _)| *name))
    }

    /// The theme of this name, if it comes with the program.
    pub fn named(name: &str) -> Option<Self> {
        if name == "terminal" {
            return Some(Self::default());
        }
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        // A test reads them all.
        read(text).ok()
    }

    /// How a role looks.
    pub fn of(&self, role: Role) -> Look {
        self.0[role as usize]
    }

    /// The same without any colour: what tells things apart is bold, faint,
    /// underlined and reversed, as in the theme `monochrome`.
    pub fn without_colours(&self) -> Self {
        let monochrome = Self::named("monochrome").unwrap_or_default();
        let mut looks = self.0;
        for (look, plain) in looks.iter_mut().zip(monochrome.0) {
            let coloured = look.text.is_some() || look.ground.is_some();
            if coloured {
                *look = plain;
            }
        }
        Self(looks)
    }

    /// The same for a terminal that knows 256 colours and no more.
    pub fn in_256_colours(&self) -> Self {
        let nearer = |colour: Option<Colour>| match colour {
            Some(Colour::Rgb(r, g, b)) => Some(Colour::Indexed(nearest_of_256(r, g, b))),
            other => other,
        };
        let mut looks = self.0;
        for look in &mut looks {
            look.text = nearer(look.text);
            look.ground = nearer(look.ground);
        }
        Self(looks)
    }
}

/// The nearest colour of the cube of six by six by six and the 24 greys.
fn nearest_of_256(r: u8, g: u8, b: u8) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let distance = |x: u8, y: u8| (i32::from(x) - i32::from(y)).pow(2);
    let step = |value: u8| {
        let by = |(_, step): &(u8, u8)| distance(*step, value);
        (0u8..).zip(STEPS).min_by_key(by).unwrap_or((0, 0))
    };
    let ((ri, rv), (gi, gv), (bi, bv)) = (step(r), step(g), step(b));
    let away = |x: u8, y: u8, z: u8| distance(x, r) + distance(y, g) + distance(z, b);
    let cube = (away(rv, gv, bv), 16 + 36 * ri + 6 * gi + bi);
    let greys = (0u8..24).map(|n| {
        let value = 8 + 10 * n;
        (away(value, value, value), 232 + n)
    });
    greys.chain([cube]).min().map_or(cube.1, |(_, index)| index)
}

/// The theme that `[screen] theme` means: a name, or the path of a file, which
/// starts at the configuration's folder.
///
/// # Errors
/// What is wrong with it, with its mend.
pub fn load(text: &str, folder: &Path) -> Result<Palette, String> {
    if let Some(palette) = Palette::named(text) {
        return Ok(palette);
    }
    let names: Vec<&str> = Palette::names().collect();
    if !(text.contains(['/', '\\']) || text.ends_with(".toml")) {
        let near =
            nearest(text, &names).map_or(String::new(), |near| format!(" (is it \"{near}\"?)"));
        return Err(format!(
            "there is no theme \"{text}\"{near}; write {}, or the path of a file",
            names
                .iter()
                .map(|name| format!("\"{name}\""))
                .collect::<Vec<_>>()
                .join(", ")
        ));
    }
    let path = folder.join(text);
    let strange = |file: &std::fs::Metadata| !file.is_file() || file.len() > LARGEST;
    if std::fs::metadata(&path).is_ok_and(|file| strange(&file)) {
        return Err(format!(
            "the theme {} is no file, or too large for a theme; name another",
            path.display()
        ));
    }
    let source = std::fs::read_to_string(&path).map_err(|error| {
        format!(
            "the theme {} cannot be read: {error}; name one that can, or one of {}",
            path.display(),
            names.join(", ")
        )
    })?;
    read(&source).map_err(|problem| {
        let line = problem
            .at
            .map(|at| super::guard::line_of(source.as_bytes(), at))
            .map_or(String::new(), |line| format!(", line {line}"));
        format!("the theme {}{line}: {}", path.display(), problem.text)
    })
}

/// Reads a theme.
fn read(text: &str) -> Result<Palette, Problem> {
    let document = DeTable::parse(text).map_err(|error| Problem {
        at: error.span().map(|span| span.start),
        text: format!("this is not TOML: {}", error.message()),
    })?;
    let root = Table {
        entries: document.get_ref(),
        at: 0,
        name: "the theme",
    };
    let known: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
    root.only(&known)?;
    let mut palette = Palette::default();
    for role in Role::ALL {
        let Some(value) = root.get(role.name()) else {
            continue;
        };
        let look = &mut palette.0[*role as usize];
        *look = Look::default();
        match value.get_ref() {
            // A colour alone.
            DeValue::String(text) => look.text = colour(text, start(value))?,
            _ => {
                let table = Table::of(value, role.name())?;
                table.only(&["text", "ground", "bold", "dim", "underlined", "reversed"])?;
                if let Some((text, at)) = table.text("text")? {
                    look.text = colour(text, at)?;
                }
                if let Some((text, at)) = table.text("ground")? {
                    look.ground = colour(text, at)?;
                }
                look.bold = table.flag("bold")?.unwrap_or(false);
                look.dim = table.flag("dim")?.unwrap_or(false);
                look.underlined = table.flag("underlined")?.unwrap_or(false);
                look.reversed = table.flag("reversed")?.unwrap_or(false);
            }
        }
    }
    let (text, selected) = (palette.of(Role::Text), palette.of(Role::Selected));
    let mut same = selected;
    (same.bold, same.dim) = (text.bold, text.dim);
    if same == text {
        return Err(Problem {
            at: None,
            text: "`selected` looks like `text`; write selected = { reversed = true }".to_owned(),
        });
    }
    Ok(palette)
}

const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

fn colour(text: &str, at: usize) -> Result<Option<Colour>, Problem> {
    if text == "default" {
        return Ok(None);
    }
    let named = (0u8..).zip(NAMES).find(|(_, name)| *name == text);
    if let Some((index, _)) = named {
        return Ok(Some(Colour::Ansi(index)));
    }
    if let Ok(index) = text.parse::<u8>() {
        return Ok(Some(Colour::Indexed(index)));
    }
    let hex = text.strip_prefix('#').filter(|hex| hex.len() == 6);
    if let Some(number) = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()) {
        let [_, r, g, b] = number.to_be_bytes();
        return Ok(Some(Colour::Rgb(r, g, b)));
    }
    Err(problem(
        at,
        format!(
            "\"{text}\" is no colour; write \"#d4d9e3\", a number from \"0\" to \"255\", \
             \"default\", or one of {}",
            NAMES.join(", ")
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_themes_that_come_with_the_program_can_be_read() {
        for (name, text) in BUILT_IN {
            if let Err(problem) = read(text) {
                panic!("{name}: {}", problem.text);
            }
        }
        assert!(Palette::named("nothing like it").is_none());
    }

    /// The relative luminance of WCAG 2.
    fn luminance(colour: Colour) -> f64 {
        let Colour::Rgb(r, g, b) = colour else {
            panic!("{colour:?} is the terminal's");
        };
        let part = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
    }

    #[test]
    fn what_a_theme_draws_can_be_read() {
        for (name, most) in [("dark", 4.5), ("light", 4.5), ("high-contrast", 7.0)] {
            let palette = Palette::named(name).unwrap();
            let base = palette.of(Role::Text);
            for role in Role::ALL {
                let look = palette.of(*role);
                let text = look.text.or(base.text).unwrap();
                let ground = look.ground.or(base.ground).unwrap();
                let (a, b) = (luminance(text), luminance(ground));
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(!look.dim, "{name}: {} is dimmed as well", role.name());
                assert!(contrast >= most, "{name}: {} {contrast:.2}", role.name());
            }
        }
    }

    #[test]
    fn without_colours_everything_is_told_by_other_means() {
        let themes = Palette::names().map(|name| Palette::named(name).unwrap());
        for palette in themes {
            let plain = palette.without_colours();
            for role in Role::ALL {
                let look = plain.of(*role);
                assert_eq!((look.text, look.ground), (None, None), "{}", role.name());
            }
            assert!(plain.of(Role::Selected).reversed);
            assert_ne!(plain.of(Role::Bad), plain.of(Role::Text));
            assert_ne!(plain.of(Role::Bad), plain.of(Role::Good));
        }
    }

    #[test]
    fn the_nearest_of_the_256_is_found() {
        assert_eq!(nearest_of_256(0, 0, 0), 16);
        assert_eq!(nearest_of_256(255, 255, 255), 231);
        assert_eq!(nearest_of_256(255, 0, 0), 196);
        assert_eq!(nearest_of_256(9, 9, 9), 232);
    }
}
