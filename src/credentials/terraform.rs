//! What the Terraform CLI's own configuration says about credentials: which
//! files count, in which order, and what of them wins. PROTOCOL.md, 7.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::environment::Environment;
use super::hcl;
use super::value::Value;
use crate::config::hostname;
use crate::secret::Secret;
use crate::slot::Host;
use crate::text;

/// The largest file that is read, in bytes.
const MAX_SIZE: u64 = 1024 * 1024;

/// The files taken together.
#[derive(Default)]
pub(super) struct CliConfig {
    /// What is stored for each host.
    pub stored: BTreeMap<Host, Stored>,
    /// The one `credentials_helper`.
    pub helper: Option<Helper>,
    /// One line for each thing that could not be read.
    pub warnings: Vec<String>,
}

/// An entry for a host.
pub(super) struct Stored {
    /// `None` when the entry has no token: it is present all the same.
    pub secret: Option<Secret>,
    pub file: PathBuf,
}

/// A `credentials_helper "NAME" { args = […] }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Helper {
    pub name: String,
    pub args: Vec<String>,
}

/// Reads every file that the Terraform CLI would read. Blocks on the disk.
pub(super) fn read(env: &Environment) -> CliConfig {
    let mut config = CliConfig::default();
    let mut helpers: BTreeMap<String, Helper> = BTreeMap::new();
    for (path, named_by) in files(env, &mut config.warnings) {
        let found = match read_file(&path) {
            Ok(Some(found)) => found,
            Ok(None) => {
                if let Some(variable) = named_by {
                    config.warnings.push(format!(
                        "{} does not exist, though {variable} names it",
                        show(&path)
                    ));
                }
                continue;
            }
            Err(problem) => {
                let path = show(&path);
                config
                    .warnings
                    .push(format!("{path} cannot be used: {problem}"));
                continue;
            }
        };
        for problem in found.problems {
            config.warnings.push(format!("{}: {problem}", show(&path)));
        }
        for (host, secret) in found.credentials {
            let file = path.clone();
            config.stored.insert(host, Stored { secret, file });
        }
        for helper in found.helpers {
            helpers.insert(helper.name.clone(), helper);
        }
    }
    match helpers.len() {
        0 | 1 => config.helper = helpers.into_values().next(),
        _ => {
            let names: Vec<String> = helpers.keys().map(|name| text::safe(name)).collect();
            config.warnings.push(format!(
                "there is more than one credentials_helper ({}), so none is used; keep one",
                names.join(", ")
            ));
        }
    }
    config
}

fn show(path: &Path) -> String {
    text::safe(&path.to_string_lossy())
}

/// The files in the order in which a later one wins, each with the variable
/// that names it, if one does.
fn files(env: &Environment, warnings: &mut Vec<String>) -> Vec<(PathBuf, Option<&'static str>)> {
    let named = ["TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG"]
        .into_iter()
        .find_map(|name| Some((env.filled(name)?, name)));
    if let Some((path, variable)) = named {
        // A named file switches the folder off.
        return vec![(path.into(), Some(variable))];
    }
    let mut files = Vec::new();
    if let Some(main) = main_file(env) {
        files.push((main, None));
    }
    let Some(folder) = folder(env) else {
        return files;
    };
    let names = fs::read_dir(&folder).and_then(|entries| {
        entries
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<io::Result<Vec<_>>>()
    });
    match names {
        Ok(mut names) => {
            names.sort();
            files.extend(
                names
                    .iter()
                    .filter(|name| {
                        let name = name.as_encoded_bytes();
                        name.ends_with(b".tfrc") || name.ends_with(b".tfrc.json")
                    })
                    .map(|name| (folder.join(name), None)),
            );
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => warnings.push(format!("{} cannot be read: {error}", show(&folder))),
    }
    files
}

fn main_file(env: &Environment) -> Option<PathBuf> {
    if cfg!(windows) {
        Some(Path::new(env.filled("APPDATA")?).join("terraform.rc"))
    } else {
        Some(env.home()?.join(".terraformrc"))
    }
}

/// The Terraform CLI's own folder, with its files and plugins.
pub(super) fn folder(env: &Environment) -> Option<PathBuf> {
    if cfg!(windows) {
        Some(Path::new(env.filled("APPDATA")?).join("terraform.d"))
    } else {
        Some(env.home()?.join(".terraform.d"))
    }
}

/// What one file says.
#[derive(Default)]
struct Found {
    credentials: BTreeMap<Host, Option<Secret>>,
    helpers: Vec<Helper>,
    problems: Vec<String>,
}

/// `None`: there is no such file. The error is a clause without the path.
fn read_file(path: &Path) -> Result<Option<Found>, String> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    // Opening a pipe could wait for ever.
    if !metadata.is_file() {
        return Err("it is not a file".to_owned());
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        usize::try_from(metadata.len().min(MAX_SIZE)).unwrap_or(0) + 1,
    ));
    File::open(path)
        .and_then(|file| file.take(MAX_SIZE + 1).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err("it is larger than 1 MiB".to_owned());
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    parse(text).and_then(understand).map(Some)
}

/// Both syntaxes may stand in every file, whatever its name: text that begins
/// with a brace is JSON.
fn parse(text: &str) -> Result<Value, String> {
    if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| {
            format!(
                "line {}, column {} is not valid JSON",
                error.line(),
                error.column()
            )
        })
    } else {
        hcl::parse(text).map_err(|error| format!("line {}: {}", error.line, error.what))
    }
}

/// The hosts of a file with their credentials.
#[cfg(any(test, fuzzing))]
pub(super) fn hosts(text: &str) -> Option<BTreeMap<Host, Option<String>>> {
    let found = parse(text).and_then(understand).ok()?;
    let entries = found.credentials.into_iter();
    let text = |secret: Secret| secret.expose().to_owned();
    Some(
        entries
            .map(|(host, secret)| (host, secret.map(text)))
            .collect(),
    )
}

/// What a document says. The error is a clause: a document whose credentials
/// have another shape is refused as a whole, as the Terraform CLI does it.
fn understand(document: Value) -> Result<Found, String> {
    let mut found = Found::default();
    let shape = |value: Value, what: &str| {
        let entries = value.entries();
        entries.ok_or_else(|| format!("{what} is not a block"))
    };
    for (key, value) in shape(document, "the document")? {
        if key.eq_ignore_ascii_case("credentials") {
            for (name, entry) in shape(value, "`credentials`")? {
                let entry = shape(entry, "an entry of `credentials`")?;
                match hostname::parse(&name) {
                    Ok(host) => {
                        let slot = found.credentials.entry(host).or_default();
                        // A second block for a host adds to the first.
                        if let Some(token) = token_of(entry) {
                            *slot = token;
                        }
                    }
                    Err(_) => found.problems.push(format!(
                        "credentials for `{}` are ignored: that is not the name of a host",
                        text::safe(&name)
                    )),
                }
            }
        } else if key.eq_ignore_ascii_case("credentials_helper") {
            for (name, entry) in shape(value, "`credentials_helper`")? {
                let entry = shape(entry, "a `credentials_helper`")?;
                if is_helper_name(&name) {
                    let args = args_of(entry);
                    found.helpers.push(Helper { name, args });
                } else {
                    found.problems.push(format!(
                        "the credentials_helper `{}` is ignored: a name has only letters, digits, `_` and `-`",
                        text::safe(&name)
                    ));
                }
            }
        }
    }
    Ok(found)
}

/// The last `token` of an entry, if there is one; it is only a token if it is
/// text. (The Terraform CLI makes the text `7` of a number that follows a text;
/// nobody means that.)
pub(super) fn token_of(entry: Vec<(String, Value)>) -> Option<Option<Secret>> {
    let mut token = None;
    for (key, value) in entry {
        if key == "token" {
            token = match value {
                Value::Text(text) => Some(Some(Secret::from_zeroizing(text))),
                _ => Some(None),
            };
        }
    }
    token
}

fn args_of(entry: Vec<(String, Value)>) -> Vec<String> {
    let mut args = Vec::new();
    for (key, value) in entry {
        if key.eq_ignore_ascii_case("args")
            && let Value::List(values) = value
        {
            args.extend(values.into_iter().filter_map(|value| match value {
                Value::Text(text) => Some(text.to_string()),
                _ => None,
            }));
        }
    }
    args
}

fn is_helper_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// The hosts that `TF_TOKEN_…` variables are for, each with its variable; a
/// variable whose name is not that of a host is ignored.
pub(super) fn variables(env: &Environment) -> BTreeMap<Host, String> {
    env.named()
        .filter_map(|(name, _)| {
            let encoded = name.strip_prefix("TF_TOKEN_")?;
            let host = encoded.replace("__", "-").replace('_', ".");
            Some((hostname::parse(&host).ok()?, name.to_owned()))
        })
        .collect()
}

/// The name of the variable for a host, where a shell can set it.
pub(super) fn variable_for(host: &Host) -> Option<String> {
    let name = host.as_str();
    if !name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
    {
        return None;
    }
    Some(format!(
        "TF_TOKEN_{}",
        name.replace('-', "__").replace('.', "_")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, Option<String>)> {
        let found = parse(text).and_then(understand).unwrap();
        assert_eq!(found.problems, Vec::<String>::new());
        let entries = found.credentials.into_iter();
        entries
            .map(|(host, secret)| (host.to_string(), secret.map(|s| s.expose().to_owned())))
            .collect()
    }

    fn one(token: &str) -> Vec<(String, Option<String>)> {
        vec![("a.example".to_owned(), Some(token.to_owned()))]
    }

    #[test]
    fn both_syntaxes_say_the_same() {
        for text in [
            r#"{"credentials":{"a.example":{"token":"x"}}}"#,
            " {\"credentials\":[{\"A.example:443\":[{\"token\":\"x\"}]}],\"n\":1.5}",
            r#"{"credentials":{"a.example":{"token":"\u0078"}},"other":null}"#,
            "credentials \"a.example\" { token = \"x\" }",
            "Credentials = { \"A.EXAMPLE\" = { token = \"x\" } }",
        ] {
            assert_eq!(found(text), one("x"), "{text}");
        }
    }

    #[test]
    fn the_last_of_several_wins() {
        let block = |token: &str| format!("credentials \"a.example\" {{ token = \"{token}\" }}\n");
        assert_eq!(found(&(block("x") + &block("y"))), one("y"));
        assert_eq!(
            found(r#"{"credentials":{"a.example":{"token":"x","token":"y"}}}"#),
            one("y")
        );
        assert_eq!(
            found(&(block("x") + "credentials \"a.example\" { other = 1 }")),
            one("x")
        );
    }

    #[test]
    fn an_entry_without_a_text_as_token_is_present_without_one() {
        for text in [
            "credentials \"a.example\" {}",
            "credentials \"a.example\" { token = 7 }",
            "credentials \"a.example\" { token = \"x\" }\ncredentials \"a.example\" { token = 7 }",
            r#"{"credentials":{"a.example":{"token":null}}}"#,
        ] {
            assert_eq!(found(text), [("a.example".to_owned(), None)], "{text}");
        }
    }

    #[test]
    fn credentials_of_another_shape_spoil_their_file() {
        for text in [
            "credentials = \"x\"",
            "credentials = [{ \"a.example\" = { token = \"x\" } }]",
            "credentials = { \"a.example\" = [{ token = \"x\" }] }",
            r#"{"credentials":{"a.example":"x"}}"#,
            r#"{"credentials_helper":7}"#,
        ] {
            let error = parse(text).and_then(understand).err();
            assert!(
                error.is_some_and(|e| e.ends_with("is not a block")),
                "{text}"
            );
        }
    }

    #[test]
    fn interpolations_are_kept_as_they_stand() {
        let text = "credentials \"a.example\" { token = \"${var.x}\" }";
        assert_eq!(found(text), one("${var.x}"));
    }

    #[test]
    fn helpers_and_names_that_are_none() {
        let found = parse(
            "credentials_helper \"op\" { args = [\"--vault\", \"infra\"] }\n\
                 credentials_helper \"../x\" {}\ncredentials \"a b\" {}",
        )
        .and_then(understand)
        .unwrap();
        let helper = Helper {
            name: "op".into(),
            args: vec!["--vault".into(), "infra".into()],
        };
        assert_eq!(found.helpers, [helper]);
        assert_eq!(found.problems.len(), 2);
    }

    #[test]
    fn variables_are_decoded_as_the_terraform_cli_does_it() {
        let vars = [
            "TF_TOKEN_app_terraform_io",
            "TF_TOKEN_my__tfe_example",
            "TF_TOKEN_Upper.Example",
            "TF_TOKEN_xn____bcher__kva_example",
            "TF_TOKEN_bücher_example",
            "TF_TOKEN_port_example:8443",
            "TF_TOKEN_",
            "TF_TOKEN_a b",
            "tf_token_lower_example",
        ];
        let vars = vars.map(|name| (name.into(), "x".into()));
        let found = variables(&Environment::new(vars.into(), None));
        let hosts: Vec<_> = found.keys().map(Host::as_str).collect();
        assert_eq!(
            hosts,
            [
                "app.terraform.io",
                "my-tfe.example",
                "port.example:8443",
                "upper.example",
                "xn--bcher-kva.example",
            ]
        );
        for host in [
            "app.terraform.io",
            "my-tfe.example",
            "xn--bcher-kva.example",
        ] {
            let host = Host::new(host);
            let vars = [(variable_for(&host).unwrap().into(), "x".into())];
            assert!(variables(&Environment::new(vars.into(), None)).contains_key(&host));
        }
        assert_eq!(variable_for(&Host::new("port.example:8443")), None);
    }
}
