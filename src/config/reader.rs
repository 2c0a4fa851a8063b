//! What the words of the file mean. Every value is read by hand from the parsed
//! document, so that each error knows its place and says what to write instead.
//!
//! Values under `credential` and addresses are never repeated in an error:
//! somebody may have put the credential itself there.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::address::{address, host_name};
use super::guard::line_of;
use super::table::{Problem, Table, Value, problem, start};
use super::template;
use super::{
    Config, CredentialSource, Delivery, DeliveryWay, HostConfig, Method, Organizations, RescueTo,
};
use crate::child;
use crate::expiry::{Expiry, Length};

pub(super) const NOT_AN_ACCOUNT: &str =
    "an account is a word of letters, digits, `.`, `_` and `-`, such as \"prod\"";
pub(super) const NOT_A_VARIABLE: &str =
    "env wants the name of a variable (letters, digits, `_`), never a credential";

/// Reads a whole document. `folder` is where relative paths start; `distrust`
/// is why the file must not name certain things, if so.
pub(super) fn read(text: &str, folder: &Path, distrust: Option<&str>) -> Result<Config, Problem> {
    // Editors on Windows write it, TOML does not know it.
    let mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
    read_document(&text[mark..], folder, distrust).map_err(|problem| Problem {
        at: problem.at.map(|at| at + mark),
        ..problem
    })
}

fn read_document(text: &str, folder: &Path, distrust: Option<&str>) -> Result<Config, Problem> {
    let document = DeTable::parse(text).map_err(|error| Problem {
        at: error.span().map(|span| span.start),
        text: format!("this is not TOML: {}", error.message()),
    })?;
    let root = Table {
        entries: document.get_ref(),
        at: 0,
        name: "the file",
    };
    root.only(&[
        "host",
        "clipboard",
        "expiry",
        "rescue",
        "delivery",
        "screen",
        "keys",
    ])?;
    let mut reader = Reader {
        text,
        folder,
        distrust,
        config: Config::default(),
    };
    reader.hosts(&root)?;
    reader.clipboard(&root)?;
    reader.expiry(&root)?;
    reader.rescue(&root)?;
    reader.deliveries(&root)?;
    reader.screen(&root)?;
    reader.keys(&root)?;
    Ok(reader.config)
}

struct Reader<'p> {
    text: &'p str,
    folder: &'p Path,
    distrust: Option<&'p str>,
    config: Config,
}

impl Reader<'_> {
    /// Called wherever the file decides what runs, who gets a credential or where a
    /// secret goes, and where it makes less of what is promised of a secret.
    fn needs_trust(&self, key: &str, at: usize) -> Result<(), Problem> {
        match self.distrust {
            None => Ok(()),
            Some(why) => Err(problem(
                at,
                format!("`{key}` is not obeyed from this file: {why}"),
            )),
        }
    }

    fn hosts(&mut self, root: &Table) -> Result<(), Problem> {
        let Some(value) = root.get("host") else {
            return Ok(());
        };
        let DeValue::Array(entries) = value.get_ref() else {
            return Err(problem(
                start(value),
                "a host is written as [[host]], in two pairs of brackets",
            ));
        };
        let mut seen = HashSet::new();
        for entry in entries.iter() {
            let table = Table::of(entry, "[[host]]")?;
            let host = self.host(&table)?;
            if !seen.insert((host.host.clone(), host.account.clone())) {
                let text = match &host.account {
                    Some(account) => format!(
                        "{} with the account {account} is configured twice; remove one, or give it another account",
                        host.host
                    ),
                    None => format!(
                        "{} is configured twice; remove one, or tell them apart with account = \"…\"",
                        host.host
                    ),
                };
                return Err(problem(table.place_of("name"), text));
            }
            self.config.hosts.push(host);
        }
        Ok(())
    }

    fn host(&self, table: &Table) -> Result<HostConfig, Problem> {
        table.only(&[
            "name",
            "address",
            "account",
            "credential",
            "organizations",
            "ca_file",
            "pace",
        ])?;
        let Some((name, at)) = table.text("name")? else {
            return Err(problem(
                table.at,
                "a [[host]] has no name; write name = \"app.terraform.io\"",
            ));
        };
        let (host, short) = host_name(name).map_err(|text| problem(at, text))?;
        let mut host = HostConfig::new(host);
        if short.is_some() {
            self.needs_trust("name", at)?;
        }
        host.address = short;
        if let Some((text, at)) = table.text("address")? {
            self.needs_trust("address", at)?;
            if host.address.is_some() {
                return Err(problem(
                    at,
                    "both name and address hold an address; write only HOST:PORT as the name",
                ));
            }
            host.address = Some(address(text).map_err(|text| problem(at, text))?);
        }
        if let Some((text, at)) = table.text("account")? {
            if !is_word(text) {
                return Err(problem(at, NOT_AN_ACCOUNT));
            }
            host.account = Some(text.to_owned());
        }
        if let Some(value) = table.get("credential") {
            host.credential = self.credential(value)?;
        }
        if let Some(value) = table.get("organizations") {
            host.organizations = organizations(value)?;
        }
        if let Some((text, at)) = table.text("ca_file")? {
            self.needs_trust("ca_file", at)?;
            host.ca_file = Some(self.path(text, at)?);
        }
        if let Some(value) = table.get("pace") {
            host.pace = number(value)
                .filter(|pace| *pace > 0.0 && *pace <= 1.0)
                .ok_or_else(|| {
                    problem(
                        start(value),
                        "pace is a share of the host's limit; write a number above 0 and up to 1, such as 0.8",
                    )
                })?;
        }
        Ok(host)
    }

    fn credential(&self, value: &Value) -> Result<CredentialSource, Problem> {
        const FORMS: &str = "write \"terraform\", \"keyring\", \"ask\", { env = \"NAME\" } or { command = [\"PROGRAM\", …] }";
        match value.get_ref() {
            DeValue::String(text) => match text.as_ref() {
                "terraform" => Ok(CredentialSource::Terraform),
                "keyring" => Ok(CredentialSource::Keyring),
                "ask" => Ok(CredentialSource::Ask),
                _ => Err(problem(
                    start(value),
                    format!("this is no source of a credential (and no place for one); {FORMS}"),
                )),
            },
            DeValue::Table(_) => {
                let table = Table::of(value, "credential")?;
                table.only(&["env", "command"])?;
                match (table.text("env")?, table.get("command")) {
                    (Some((name, at)), None) => {
                        if !is_variable(name) {
                            return Err(problem(at, NOT_A_VARIABLE));
                        }
                        child::hide_variable(name);
                        // Any variable of the reader's, for a host of the writer's.
                        self.needs_trust("env", at)?;
                        Ok(CredentialSource::Env(name.to_owned()))
                    }
                    (None, Some(command)) => {
                        self.needs_trust("command", start(command))?;
                        Ok(CredentialSource::Command(argument_list(command)?))
                    }
                    _ => Err(problem(
                        start(value),
                        format!("one source is wanted; {FORMS}"),
                    )),
                }
            }
            _ => Err(problem(
                start(value),
                format!("this is no source of a credential; {FORMS}"),
            )),
        }
    }

    fn clipboard(&mut self, root: &Table) -> Result<(), Problem> {
        let Some(table) = root.table("clipboard", "[clipboard]")? else {
            return Ok(());
        };
        table.only(&["method", "clear_after"])?;
        let clipboard = &mut self.config.clipboard;
        if let Some(method) = table.choice(
            "method",
            &[
                ("auto", Method::Auto),
                ("system", Method::System),
                ("osc52", Method::Osc52),
                ("off", Method::Off),
            ],
        )? {
            clipboard.method = method;
        }
        if let Some((text, at)) = table.text("clear_after")? {
            let usual = clipboard.clear_after;
            clipboard.clear_after = match text {
                "never" => None,
                _ => Some(
                    length(text, at)
                        .map_err(|problem| problem.with("; \"never\" keeps the secret there"))?,
                ),
            };
            if clipboard.clear_after.is_none_or(|time| Some(time) > usual) {
                self.needs_trust(&format!("clear_after = \"{text}\""), at)?;
            }
        }
        Ok(())
    }

    fn expiry(&mut self, root: &Table) -> Result<(), Problem> {
        let Some(table) = root.table("expiry", "[expiry]")? else {
            return Ok(());
        };
        table.only(&["default", "warn_within", "unused_after"])?;
        let expiry = &mut self.config.expiry;
        if let Some((text, at)) = table.text("default")? {
            expiry.default = Expiry::parse(text).map_err(|error| problem(at, error.to_string()))?;
        }
        if let Some((text, at)) = table.text("warn_within")? {
            expiry.rules.warn_within = length(text, at)?;
        }
        if let Some((text, at)) = table.text("unused_after")? {
            expiry.rules.unused_after = length(text, at)?;
        }
        Ok(())
    }

    fn rescue(&mut self, root: &Table) -> Result<(), Problem> {
        let Some(table) = root.table("rescue", "[rescue]")? else {
            return Ok(());
        };
        table.only(&["to"])?;
        self.config.rescue = table.choice(
            "to",
            &[
                ("keyring", RescueTo::Keyring),
                ("file", RescueTo::File),
                ("none", RescueTo::None),
            ],
        )?;
        if self.config.rescue == Some(RescueTo::None) {
            self.needs_trust("to = \"none\"", table.place_of("to"))?;
        }
        Ok(())
    }

    fn deliveries(&mut self, root: &Table) -> Result<(), Problem> {
        let Some(table) = root.table("delivery", "[delivery.NAME]")? else {
            return Ok(());
        };
        for (key, value) in table.entries.iter() {
            let name = key.get_ref();
            if ["clipboard", "osc52", "panel", "keyring", "file"].contains(&name.as_ref()) {
                return Err(problem(
                    start(key),
                    format!("`{name}` is a destination already; give this delivery another name"),
                ));
            }
            if !is_word(name) {
                return Err(problem(
                    start(key),
                    "a delivery's name is a word of letters, digits, `.`, `_` and `-`, such as [delivery.vault]",
                ));
            }
            let delivery = self.delivery(&Table::of(value, "[delivery.NAME]")?)?;
            self.config.deliveries.insert(name.to_string(), delivery);
        }
        Ok(())
    }

    fn delivery(&self, table: &Table) -> Result<Delivery, Problem> {
        table.only(&["command", "file", "timeout", "newline"])?;
        let what = match (table.get("command"), table.text("file")?) {
            (Some(command), None) => {
                self.needs_trust("command", start(command))?;
                let arguments = argument_list(command)?;
                let mut all = arguments.iter();
                if all.next().is_some_and(|name| name.contains(['{', '}'])) {
                    return Err(problem(
                        start(command),
                        "the program's name takes no placeholder; write braces only in its arguments",
                    ));
                }
                for argument in all {
                    template::check(argument).map_err(|text| problem(start(command), text))?;
                }
                DeliveryWay::Command(arguments)
            }
            (None, Some((path, at))) => {
                self.needs_trust("file", at)?;
                template::check(path).map_err(|text| problem(at, text))?;
                if !Path::new(path).is_absolute() || path.contains('\0') {
                    return Err(problem(
                        at,
                        "a secret's file needs its whole path, from the root; `~` is not expanded",
                    ));
                }
                DeliveryWay::File(path.to_owned())
            }
            _ => {
                return Err(problem(
                    table.at,
                    "a delivery needs either command = [\"PROGRAM\", …] or file = \"PATH\"",
                ));
            }
        };
        Ok(Delivery {
            what,
            timeout: match table.text("timeout")? {
                Some((text, at)) => length(text, at)?,
                None => Duration::from_secs(30),
            },
            newline: table.flag("newline")?.unwrap_or(false),
        })
    }

    fn screen(&mut self, root: &Table) -> Result<(), Problem> {
        let Some(table) = root.table("screen", "[screen]")? else {
            return Ok(());
        };
        table.only(&["theme", "mouse", "ascii"])?;
        let screen = &mut self.config.screen;
        if let Some((theme, at)) = table.text("theme")? {
            if theme.is_empty() {
                return Err(problem(at, "the theme is empty; write \"terminal\""));
            }
            screen.palette =
                super::theme::load(theme, self.folder).map_err(|text| problem(at, text))?;
            screen.theme = theme.to_owned();
        }
        screen.mouse = table.flag("mouse")?.unwrap_or(screen.mouse);
        screen.ascii = table.flag("ascii")?.unwrap_or(screen.ascii);
        Ok(())
    }

    fn keys(&mut self, root: &Table) -> Result<(), Problem> {
        let Some(table) = root.table("keys", "[keys]")? else {
            return Ok(());
        };
        for (action, value) in table.entries.iter() {
            let key = value
                .get_ref()
                .as_str()
                .filter(|key| !key.is_empty())
                .ok_or_else(|| {
                    problem(
                        start(value),
                        "a key is written as text, such as refresh_all = \"R\"",
                    )
                })?;
            let line = line_of(self.text.as_bytes(), start(value));
            let action = action.get_ref().to_string();
            self.config.keys.insert(action.clone(), key.to_owned());
            self.config.key_lines.insert(action, line);
        }
        Ok(())
    }

    fn path(&self, text: &str, at: usize) -> Result<PathBuf, Problem> {
        if text.is_empty() || text.starts_with('~') || text.contains('\0') {
            return Err(problem(
                at,
                "this is not the path of a file; write it whole, from the root (`~` is not expanded)",
            ));
        }
        Ok(self.folder.join(text))
    }
}

/// Whether a text can be an organization's name; `.` and `..` would climb in the
/// address of a request.
pub(super) fn is_organization(name: &str) -> bool {
    !name.is_empty()
        && name != "."
        && name != ".."
        && !name.contains('/')
        && !name.chars().any(char::is_control)
}

fn organizations(value: &Value) -> Result<Organizations, Problem> {
    const FORMS: &str = "write \"all\" or a list such as [\"acme\", \"platform\"]";
    let entries = match value.get_ref() {
        DeValue::String(text) if text == "all" => return Ok(Organizations::All),
        DeValue::Array(entries) if !entries.is_empty() => entries,
        DeValue::Array(_) => {
            return Err(problem(
                start(value),
                format!("the list of organizations is empty; {FORMS}"),
            ));
        }
        _ => {
            return Err(problem(
                start(value),
                format!("organizations is wrong; {FORMS}"),
            ));
        }
    };
    let mut names: Vec<Arc<str>> = Vec::with_capacity(entries.len());
    let mut seen = HashSet::new();
    for entry in entries.iter() {
        let Some(name) = entry.get_ref().as_str() else {
            return Err(problem(
                start(entry),
                format!("an organization's name is text; {FORMS}"),
            ));
        };
        if !is_organization(name) {
            return Err(problem(
                start(entry),
                format!("`{name}` cannot be an organization's name; write it as the host shows it"),
            ));
        }
        if !seen.insert(name) {
            return Err(problem(
                start(entry),
                format!("`{name}` is listed twice; remove one"),
            ));
        }
        names.push(name.into());
    }
    Ok(Organizations::Listed(names))
}

fn argument_list(value: &Value) -> Result<Vec<String>, Problem> {
    let fail = |at| {
        problem(
            at,
            "a command is a list of texts, the program first (no shell reads it), such as [\"op\", \"read\", \"…\"]",
        )
    };
    let DeValue::Array(entries) = value.get_ref() else {
        return Err(fail(start(value)));
    };
    let arguments: Vec<String> = entries
        .iter()
        .map(|entry| match entry.get_ref() {
            DeValue::String(text) if !text.contains('\0') => Ok(text.to_string()),
            _ => Err(fail(start(entry))),
        })
        .collect::<Result<_, _>>()?;
    match arguments.first() {
        Some(program) if !program.is_empty() => Ok(arguments),
        _ => Err(fail(start(value))),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value.get_ref() {
        DeValue::Float(float) => float.as_str().parse().ok(),
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
        _ => None,
    }
}

fn length(text: &str, at: usize) -> Result<Duration, Problem> {
    Length::parse(text)
        .map(Length::duration)
        .map_err(|error| problem(at, error.to_string()))
}

/// `[A-Za-z0-9_][A-Za-z0-9._-]*`, as in the names of files and accounts.
pub(super) fn is_word(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

pub(super) fn is_variable(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = read(&text, Path::new("/"), None);
        }

        #[test]
        fn any_value_under_any_key_is_read_or_refused(
            table in prop::sample::select(vec![
                "[[host]]\nname = \"a.example\"", "[clipboard]", "[expiry]", "[rescue]",
                "[delivery.a]", "[screen]", "[keys]", "",
            ]),
            key in prop::sample::select(vec![
                "name", "address", "account", "credential", "organizations", "ca_file", "pace",
                "method", "clear_after", "default", "warn_within", "to", "command", "file",
                "timeout", "newline", "theme", "mouse", "host", "delivery", "keys",
            ]),
            text in any::<String>(),
            form in 0usize..6,
        ) {
            let text = toml::Value::String(text);
            let value = match form {
                0 => text.to_string(),
                1 => format!("[{text}]"),
                2 => format!("{{ env = {text} }}"),
                3 => format!("{{ command = [{text}] }}"),
                4 => "-1.5".to_owned(),
                _ => "1979-05-27".to_owned(),
            };
            let document = format!("{table}\n{key} = {value}\n");
            if let Err(problem) = read(&document, Path::new("/"), None) {
                prop_assert!(problem.at.is_some_and(|at| at <= document.len()), "{}", problem.text);
            }
        }
    }
}
