//! A small reader of HCL1, the language of `.terraformrc` and `*.tfrc`.
//!
//! Current HCL crates read HCL2 and misread valid files of the Terraform CLI:
//! two blocks for one host, for one, become a wrong token without an error.
//! What this reader does not understand is an error with its line, never a
//! guess. The grammar is that of hashicorp/hcl 1.0 (scanner and parser).

use zeroize::Zeroizing;

use super::value::Value;

/// Deeper documents are refused, before the stack ends.
const MAX_DEPTH: usize = 64;

/// What is not understood; nothing of the document is repeated.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HclError {
    pub line: usize,
    pub what: &'static str,
}

/// Reads a whole document: the entries of its top level.
pub(super) fn parse(text: &str) -> Result<Value, HclError> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.entries(0).map(Value::Object)
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

type Parsed<T> = Result<T, HclError>;

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn fail<T>(&self, what: &'static str) -> Parsed<T> {
        let before = &self.text.as_bytes()[..self.at];
        Err(HclError {
            line: 1 + before.iter().filter(|b| **b == b'\n').count(),
            what,
        })
    }

    /// Passes blanks and comments.
    fn skip(&mut self) -> Parsed<()> {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            if blanks > 0 {
                self.at += blanks;
            } else if rest.starts_with('#') || rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if let Some(comment) = rest.strip_prefix("/*") {
                let Some(end) = comment.find("*/") else {
                    return self.fail("a comment has no end");
                };
                self.at += end + 4;
            } else {
                return Ok(());
            }
        }
    }

    /// The entries up to the end of the document, or up to `}`.
    fn entries(&mut self, depth: usize) -> Parsed<Vec<(String, Value)>> {
        if depth > MAX_DEPTH {
            return self.fail("blocks are nested too deeply");
        }
        let mut entries = Vec::new();
        loop {
            self.skip()?;
            match self.peek() {
                None if depth == 0 => return Ok(entries),
                None => return self.fail("a `}` is missing at the end"),
                Some('}') if depth > 0 => {
                    self.at += 1;
                    return Ok(entries);
                }
                _ => entries.push(self.entry(depth)?),
            }
            self.skip()?;
            self.eat(',');
        }
    }

    /// `key = value`, or `key "label" … { … }`, whose labels become nested
    /// objects.
    fn entry(&mut self, depth: usize) -> Parsed<(String, Value)> {
        let first = self.key()?;
        let mut labels = Vec::new();
        loop {
            self.skip()?;
            match self.peek() {
                Some('=') if labels.is_empty() => {
                    self.at += 1;
                    self.skip()?;
                    return Ok((first, self.value(depth)?));
                }
                Some('{') => {
                    self.at += 1;
                    let inner = Value::Object(self.entries(depth + 1)?);
                    let value = labels
                        .into_iter()
                        .rev()
                        .fold(inner, |value, label| Value::Object(vec![(label, value)]));
                    return Ok((first, value));
                }
                _ => labels.push(self.key()?),
            }
            if labels.len() > MAX_DEPTH {
                return self.fail("a block has too many labels");
            }
        }
    }

    fn key(&mut self) -> Parsed<String> {
        match self.peek() {
            Some('"') => Ok(self.quoted()?.to_string()),
            Some(c) if is_letter(c) => Ok(self.word().to_owned()),
            _ => self.fail("a name, `=` or `{` is expected here"),
        }
    }

    fn word(&mut self) -> &str {
        let start = self.at;
        let rest = self.rest();
        let end = rest.find(|c: char| !is_letter(c) && !c.is_numeric() && !matches!(c, '-' | '.'));
        self.at += end.unwrap_or(rest.len());
        &self.text[start..self.at]
    }

    fn value(&mut self, depth: usize) -> Parsed<Value> {
        match self.peek() {
            Some('"') => Ok(Value::Text(self.quoted()?)),
            Some('{') => {
                self.at += 1;
                Ok(Value::Object(self.entries(depth + 1)?))
            }
            Some('[') => {
                self.at += 1;
                self.list(depth + 1)
            }
            Some('<') => self.heredoc().map(Value::Text),
            Some(c) if c.is_ascii_digit() || c == '-' => self.number(),
            Some(c) if is_letter(c) => match self.word() {
                "true" | "false" => Ok(Value::Other),
                _ => self.fail("a text needs quotation marks"),
            },
            _ => self.fail("a value is expected here"),
        }
    }

    /// Passes a number. Only where it ends matters: `1x` is 1, then a key `x`.
    fn number(&mut self) -> Parsed<Value> {
        self.eat('-');
        if !self.digits(10) {
            return self.fail("a number is expected here");
        }
        if self.text[..self.at].ends_with('0') && self.eat('x') {
            self.digits(16);
        }
        if self.eat('.') {
            self.digits(10);
        }
        if self.eat('e') || self.eat('E') {
            let _ = self.eat('-') || self.eat('+');
            self.digits(10);
        }
        Ok(Value::Other)
    }

    /// Passes digits, if there are any.
    fn digits(&mut self, radix: u32) -> bool {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !c.is_digit(radix))
            .unwrap_or(rest.len());
        self.at += length;
        length > 0
    }

    fn list(&mut self, depth: usize) -> Parsed<Value> {
        if depth > MAX_DEPTH {
            return self.fail("lists are nested too deeply");
        }
        let mut values = Vec::new();
        loop {
            self.skip()?;
            if self.eat(']') {
                return Ok(Value::List(values));
            }
            values.push(self.value(depth)?);
            self.skip()?;
            if !self.eat(',') && self.peek() != Some(']') {
                return self.fail("a `,` or `]` is expected here");
            }
        }
    }

    /// A text in quotation marks. `${…}` is kept as it stands, quotation marks
    /// and line breaks in it included.
    fn quoted(&mut self) -> Parsed<Zeroizing<String>> {
        self.at += 1;
        // Reserved at once: a buffer that grows leaves copies behind.
        let mut escaped = false;
        let room = self.rest().bytes().position(|b| {
            let end = b == b'"' && !escaped;
            escaped = b == b'\\' && !escaped;
            end
        });
        let room = room.unwrap_or(0);
        let mut text = Zeroizing::new(String::with_capacity(room));
        loop {
            let rest = self.rest();
            if rest.starts_with("${") {
                let Some(end) = end_of_interpolation(rest) else {
                    return self.fail("a `${` has no end");
                };
                text.push_str(&self.text[self.at..self.at + end]);
                self.at += end;
                continue;
            }
            match self.next() {
                None | Some('\n') => return self.fail("a text has no closing quotation mark"),
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                Some(c) => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        let (radix, digits) = match self.next() {
            Some('a') => return Ok('\u{7}'),
            Some('b') => return Ok('\u{8}'),
            Some('f') => return Ok('\u{c}'),
            Some('n') => return Ok('\n'),
            Some('r') => return Ok('\r'),
            Some('t') => return Ok('\t'),
            Some('v') => return Ok('\u{b}'),
            Some(c @ ('\\' | '"')) => return Ok(c),
            Some('x') => (16, 2),
            Some('u') => (16, 4),
            Some('U') => (16, 8),
            Some('0'..='7') => {
                self.at -= 1;
                (8, 3)
            }
            _ => return self.fail("an escape is not known"),
        };
        let mut code = 0u32;
        for _ in 0..digits {
            match self.next().and_then(|c| c.to_digit(radix)) {
                Some(digit) => code = code.wrapping_mul(radix).wrapping_add(digit),
                None => return self.fail("an escape is cut short"),
            }
        }
        match char::from_u32(code) {
            // Above that, `\x` and octal stand for bytes that are no character.
            Some(c) if digits >= 4 || c.is_ascii() => Ok(c),
            _ => self.fail("an escape is not a character"),
        }
    }

    fn heredoc(&mut self) -> Parsed<Zeroizing<String>> {
        let Some(rest) = self.rest().strip_prefix("<<") else {
            return self.fail("a value is expected here");
        };
        let Some((anchor, body)) = rest.split_once('\n') else {
            return self.fail("a text after `<<` has no end");
        };
        let anchor = anchor.strip_prefix('-').unwrap_or(anchor);
        let anchor = anchor.trim_end_matches('\r');
        if anchor.is_empty() || !anchor.chars().all(|c| is_letter(c) || c.is_numeric()) {
            return self.fail("`<<` is not followed by a word");
        }
        let start = self.text.len() - body.len();
        let mut length = 0;
        for line in body.split_inclusive('\n') {
            if line.trim() == anchor {
                let text = Zeroizing::new(body[..length].to_owned());
                self.at = start + length + line.trim_end().len();
                return Ok(text);
            }
            length += line.len();
        }
        self.fail("a text after `<<` has no end")
    }
}

fn is_letter(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

/// The length of the `${…}` that `text` begins with.
fn end_of_interpolation(text: &str) -> Option<usize> {
    let mut open = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' if open == 1 => return Some(at + 1),
            '}' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The document as compact JSON-like text.
    fn show(value: &Value) -> String {
        match value {
            Value::Object(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| format!("{key}:{}", show(value)))
                    .collect();
                format!("{{{}}}", entries.join(","))
            }
            Value::List(values) => {
                format!(
                    "[{}]",
                    values.iter().map(show).collect::<Vec<_>>().join(",")
                )
            }
            Value::Text(text) => format!("{:?}", &**text),
            Value::Other => "_".into(),
        }
    }

    #[test]
    fn the_forms_of_the_terraform_cli_are_read() {
        for (text, shown) in [
            ("", "{}"),
            (
                "credentials \"app.terraform.io\" {\n  token = \"x\"\n}\n",
                "{credentials:{app.terraform.io:{token:\"x\"}}}",
            ),
            (
                "# one\r\n// two\r\n/* three\r\n */credentials app.terraform.io { token = \"x\" } # end",
                "{credentials:{app.terraform.io:{token:\"x\"}}}",
            ),
            (
                "credentials { \"h\" = { token = \"x\" }, k { token = \"y\" } }",
                "{credentials:{h:{token:\"x\"},k:{token:\"y\"}}}",
            ),
            (
                "credentials = { \"h\" = { \"token\" = \"x\" } }",
                "{credentials:{h:{token:\"x\"}}}",
            ),
            (
                "credentials = [{ h = [{ token = \"x\" }] },]",
                "{credentials:[{h:[{token:\"x\"}]}]}",
            ),
            (
                "credentials_helper \"op\" {\n args = [\"--a\", \"b\",]\n}\ndisable_checkpoint = true\nn = -1.5e+3",
                "{credentials_helper:{op:{args:[\"--a\",\"b\"]}},disable_checkpoint:_,n:_}",
            ),
            (
                "provider_installation {\n dev_overrides { \"hashicorp/null\" = \"../x\" }\n direct {}\n}",
                "{provider_installation:{dev_overrides:{hashicorp/null:\"../x\"},direct:{}}}",
            ),
            (
                r#"a = "q\"\\\n\u00e9\x41\101\U0001f600" b = "${file("x\n"){}}$""#,
                "{a:\"q\\\"\\\\\\né",
            ),
            ("a = <<EOF\nx\ny\n  EOF\nb = 1", "{a:\"x\\ny\\n\",b:_}"),
            ("a = <<-END\r\nx\r\nEND\r\nb = 1", "{a:\"x\\r\\n\",b:_}"),
        ] {
            let value = parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
            assert!(show(&value).starts_with(shown), "{text}: {}", show(&value));
        }
        let escapes = parse(r#"a = "\x41\101\U0001f600" b = "${file("x\n"){}}$""#).unwrap();
        assert_eq!(
            show(&escapes),
            "{a:\"AA😀\",b:\"${file(\\\"x\\\\n\\\"){}}$\"}"
        );
    }

    #[test]
    fn what_is_not_understood_is_an_error_with_its_line() {
        for (text, line) in [
            ("}", 1),
            ("a", 1),
            ("a =", 1),
            ("a = b", 1),
            ("a \"b\" = 1", 1),
            ("\n\na = 'x'", 3),
            ("a = \"x", 1),
            ("a = \"x\ny\"", 2),
            ("a = \"${x\"", 1),
            ("a = \"\\q\"", 1),
            ("a = \"\\u12\"", 1),
            ("a = \"\\xff\"", 1),
            ("a = \"\\ud800\"", 1),
            ("\na {\n b = 1\n", 4),
            ("a = [1 2]", 1),
            ("a = [1", 1),
            ("/* x", 1),
            ("a / b", 1),
            ("a = <<EOF\nx\n", 1),
            ("a = <<\nx\n", 1),
            ("a = <x", 1),
            ("1 = 2", 1),
            ("a = -x", 1),
            ("a = 1x", 1),
            ("\u{feff}a = 1", 1),
            ("{}", 1),
        ] {
            match parse(text) {
                Ok(value) => panic!("{text}: {}", show(&value)),
                Err(error) => assert_eq!(error.line, line, "{text}: {error:?}"),
            }
        }
    }

    #[test]
    fn endless_nesting_is_refused() {
        for piece in ["a {", "a = [", "a = {", "a \"b\" "] {
            assert!(parse(&piece.repeat(100_000)).is_err(), "{piece}");
        }
        assert!(parse(&format!("a = {}", "[".repeat(100_000))).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = parse(&text);
        }

        #[test]
        fn texts_of_the_languages_own_pieces_are_read_or_refused(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "credentials", "\"h\"", "{", "}", "=", "token", "\"x", "\"", "${", "}", "[", "]",
                ",", "\n", "\r\n", "#", "//", "/*", "*/", "<<EOF\n", "EOF", "\\", "é", "1", "true",
            ]), 0..60)
        ) {
            let _ = parse(&pieces.concat());
        }

        #[test]
        fn a_token_in_a_block_is_read_as_it_was_written(
            host in "[a-z][a-z0-9.-]{0,20}",
            token in "[ -~]{0,40}",
            before in prop::sample::select(vec!["", "# c\n", "x = 1\n", "y { z = [\"}\"] }\r\n"]),
        ) {
            // An interpolation is the one thing that quoting does not undo.
            prop_assume!(!token.contains("${"));
            let quoted = token.replace('\\', "\\\\").replace('"', "\\\"");
            let text = format!("{before}credentials \"{host}\" {{\n\ttoken = \"{quoted}\"\n}}");
            let Value::Object(entries) = parse(&text).unwrap() else { panic!() };
            let (_, value) = entries.into_iter().next_back().unwrap();
            prop_assert_eq!(show(&value), format!("{{{host}:{{token:{token:?}}}}}"));
        }
    }
}
