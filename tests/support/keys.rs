//! Keys as the bytes that xterm sends.

/// One key press, or what else a terminal tells a program on its input.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the key of that name")]
pub enum Key {
    /// Characters as they are typed.
    Text(String),
    Ctrl(char),
    Alt(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    /// F1 to F12.
    F(u8),
    /// The window got the focus (sent by terminals in mode 1004).
    FocusGained,
    /// The window lost the focus.
    FocusLost,
}

impl From<char> for Key {
    fn from(c: char) -> Self {
        Key::Text(c.into())
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Key::Text(text.into())
    }
}

impl Key {
    /// The bytes; the cursor keys differ in "application cursor" mode.
    pub fn bytes(&self, application_cursor: bool) -> Vec<u8> {
        let cursor = |letter: char| {
            let introducer = if application_cursor { 'O' } else { '[' };
            format!("\x1b{introducer}{letter}")
        };
        match self {
            Key::Text(text) => text.clone(),
            Key::Ctrl(c) => char::from(c.to_ascii_uppercase() as u8 & 0x1f).to_string(),
            Key::Alt(c) => format!("\x1b{c}"),
            Key::Enter => "\r".into(),
            Key::Esc => "\x1b".into(),
            Key::Tab => "\t".into(),
            Key::BackTab => "\x1b[Z".into(),
            Key::Backspace => "\x7f".into(),
            Key::Delete => "\x1b[3~".into(),
            Key::Up => cursor('A'),
            Key::Down => cursor('B'),
            Key::Right => cursor('C'),
            Key::Left => cursor('D'),
            Key::Home => cursor('H'),
            Key::End => cursor('F'),
            Key::PageUp => "\x1b[5~".into(),
            Key::PageDown => "\x1b[6~".into(),
            Key::F(n @ 1..=4) => format!("\x1bO{}", char::from(b'P' + n - 1)),
            Key::F(n @ 5..=12) => {
                let code = [15, 17, 18, 19, 20, 21, 23, 24][usize::from(n - 5)];
                format!("\x1b[{code}~")
            }
            Key::F(n) => panic!("there is no key F{n}"),
            Key::FocusGained => "\x1b[I".into(),
            Key::FocusLost => "\x1b[O".into(),
        }
        .into_bytes()
    }
}
