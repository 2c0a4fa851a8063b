//! Storing a new credential where the old one is: after an owner's own token
//! was replaced, what is stored is dead, and the next `terraform` would fail.
//!
//! Only places that are made for it are written: the Terraform CLI's
//! `credentials.tfrc.json`, its credentials helper, the keyring. And only if
//! they still hold the credential that was replaced: what somebody else has put
//! there meanwhile stays.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

use super::environment::Environment;
use super::{Origin, Programs, aside, keyring, program, terraform};
use crate::config::{HostConfig, hostname};
use crate::secret::Secret;
use crate::slot::Host;
use crate::text::safe;

/// The file that `terraform login` writes.
const LOGIN_FILE: &str = "credentials.tfrc.json";
/// The largest file that is edited, in bytes.
const MAX_SIZE: u64 = 1024 * 1024;

/// What a credential was, without keeping it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mark([u8; 32]);

impl Mark {
    /// The mark of a credential.
    pub fn of(secret: &Secret) -> Self {
        Self(Sha256::digest(secret.expose().as_bytes()).into())
    }
}

/// Why the new credential is not stored; the place is as it was.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{origin} was not changed: {why}")]
pub struct StoreError {
    origin: Origin,
    why: String,
}

impl Origin {
    /// Whether this program can store a credential there.
    pub fn can_be_written(&self) -> bool {
        match self {
            Origin::File(path) => path.file_name().is_some_and(|name| name == LOGIN_FILE),
            Origin::Helper(_) => true,
            Origin::Keyring => cfg!(feature = "keyring"),
            Origin::Variable(_) | Origin::Command(_) | Origin::Typed => false,
        }
    }
}

/// Stores a host's new credential where the old one, of mark `old`, is.
///
/// # Errors
/// Where that place cannot be written, or holds another credential by now.
pub async fn store(
    host: &HostConfig,
    origin: &Origin,
    old: Mark,
    new: &Secret,
    env: &Environment,
    programs: &Programs,
) -> Result<(), StoreError> {
    let stored = match origin {
        Origin::File(path) if origin.can_be_written() => {
            let (path, host, new) = (path.clone(), host.host.clone(), new.clone());
            aside(move || into_file(&path, &host, old, &new))
                .await
                .unwrap_or_else(|error| Err(error.to_string()))
        }
        Origin::Helper(_) => into_helper(&host.host, old, new, env, programs).await,
        Origin::Keyring => {
            let (user, new) = (keyring::user(host), new.clone());
            aside(move || {
                let there = keyring::read(&user)?;
                unchanged(Some(&Secret::from_zeroizing(there)), old)?;
                keyring::write(&user, &new)
            })
            .await
            .unwrap_or_else(|error| Err(error.to_string()))
        }
        _ => Err("nothing can be stored there by another program".to_owned()),
    };
    stored.map_err(|why| StoreError {
        origin: origin.clone(),
        why: safe(&why),
    })
}

/// Only the credential that was replaced is written over.
fn unchanged(there: Option<&Secret>, old: Mark) -> Result<(), String> {
    match there {
        Some(there) if Mark::of(there) == old => Ok(()),
        Some(_) => Err("it holds another credential by now".to_owned()),
        None => Err("the credential is not there any more".to_owned()),
    }
}

async fn into_helper(
    host: &Host,
    old: Mark,
    new: &Secret,
    env: &Environment,
    programs: &Programs,
) -> Result<(), String> {
    let files = {
        let env = env.clone();
        aside(move || terraform::read(&env))
            .await
            .map_err(|error| error.to_string())?
    };
    let helper = files.helper.ok_or("it is not configured any more")?;
    let path = program::helper_path(&helper, env).ok_or("it is not there any more")?;
    let there = program::ask_helper(&helper, path.clone(), host, programs).await?;
    unchanged(there.as_ref(), old)?;
    program::tell_helper(&helper, path, host, new, programs).await
}

/// As the Terraform CLI does it: other entries stay as they are, the new file
/// takes the old one's place in one step, and a link's goal is what is written.
fn into_file(path: &Path, host: &Host, old: Mark, new: &Secret) -> Result<(), String> {
    let words = |error: io::Error| error.to_string();
    let path = fs::canonicalize(path).map_err(words)?;
    let metadata = fs::metadata(&path).map_err(words)?;
    if !metadata.is_file() {
        return Err("it is not a file".to_owned());
    }
    if metadata.len() > MAX_SIZE {
        return Err("it is larger than 1 MiB".to_owned());
    }
    let text = Zeroizing::new(fs::read(&path).map_err(words)?);
    let edited = edit(&text, host, old, new)?;
    let folder = path.parent().ok_or("it lies in no folder")?;
    // Created new with mode 0600, removed again unless it gets its name.
    let mut file = tempfile::Builder::new()
        .prefix(LOGIN_FILE)
        .tempfile_in(folder)
        .map_err(words)?;
    file.write_all(&edited).map_err(words)?;
    file.as_file().sync_all().map_err(words)?;
    file.persist(&path).map_err(|failed| words(failed.error))?;
    #[cfg(unix)]
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// The entries of an object in their order, repeated keys included: of two
/// spellings of one host the last counts, so no other entry may change places.
struct Entries(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ordered;
        impl<'de> Visitor<'de> for Ordered {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Ordered)
    }
}

/// The document with the new credential; everything else as it stands.
fn edit(text: &[u8], host: &Host, old: Mark, new: &Secret) -> Result<Zeroizing<Vec<u8>>, String> {
    const SHAPE: &str = "it is not the JSON that `terraform login` writes; change it by hand";
    let entries = |text: &[u8]| serde_json::from_slice::<Entries>(text).map_err(|_| SHAPE);
    let mut document = entries(text)?;
    // The Terraform CLI reads the key in any case of letters.
    let mut found = document
        .0
        .iter_mut()
        .filter_map(|(key, value)| key.eq_ignore_ascii_case("credentials").then_some(value));
    let (Some(credentials), None) = (found.next(), found.next()) else {
        return Err(SHAPE.to_owned());
    };
    let mut hosts = entries(credentials.get().as_bytes())?;
    let is_host = |name: &str| hostname::parse(name).is_ok_and(|parsed| parsed == *host);
    let mut there = None;
    // One host can be spelled in several ways.
    for (_, entry) in hosts.0.iter().filter(|(name, _)| is_host(name)) {
        for (key, token) in entries(entry.get().as_bytes())?.0 {
            if key == "token" {
                let token: String = serde_json::from_str(token.get()).map_err(|_| SHAPE)?;
                there = Some(Secret::new(token));
            }
        }
    }
    unchanged(there.as_ref(), old)?;
    let raw = |text: String| RawValue::from_string(text).map_err(|_| SHAPE);
    let token = Zeroizing::new(serde_json::to_string(new.expose()).map_err(|_| SHAPE)?);
    let entry = raw(format!("{{\n      \"token\": {}\n    }}", *token))?;
    let at = hosts.0.iter().position(|(name, _)| is_host(name));
    hosts.0.retain(|(name, _)| !is_host(name));
    hosts.0.insert(at.unwrap_or(0), (host.to_string(), entry));
    *credentials = raw(written(&hosts, 4).to_string())?;
    let mut text = Zeroizing::new(Vec::with_capacity(text.len() + new.expose().len() + 256));
    text.extend_from_slice(written(&document, 2).as_bytes());
    text.push(b'\n');
    Ok(text)
}

/// An object whose entries stand `indent` columns in.
fn written(entries: &Entries, indent: usize) -> Zeroizing<String> {
    let blank = " ".repeat(indent);
    let lines = entries.0.iter().map(|(key, value)| {
        let key = serde_json::Value::from(key.as_str());
        format!("{blank}{key}: {}", value.get())
    });
    let lines = Zeroizing::new(lines.collect::<Vec<_>>().join(",\n"));
    Zeroizing::new(format!("{{\n{}\n{}}}", *lines, " ".repeat(indent - 2)))
}

/// What [`edited_anyhow`] stores.
#[cfg(any(test, fuzzing))]
pub(super) const NEW_CREDENTIAL: &str = "new-credential";

/// The document with a new credential for one of its hosts, if it can be
/// edited; and which host that is.
#[cfg(any(test, fuzzing))]
pub(super) fn edited_anyhow(text: &str) -> Option<(Host, String)> {
    let hosts = terraform::hosts(text)?;
    let (host, old) = hosts.into_iter().find_map(|(h, old)| Some((h, old?)))?;
    let (old, new) = (Secret::new(old), Secret::new(NEW_CREDENTIAL.to_owned()));
    let edited = edit(text.as_bytes(), &host, Mark::of(&old), &new).ok()?;
    Some((host, String::from_utf8(edited.to_vec()).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OLD: &str = "OLD.atlasv1.credential";
    const NEW: &str = "NEW.atlasv1.\"credential";

    fn edited(text: &str) -> Result<String, String> {
        let (old, new) = (Secret::new(OLD.into()), Secret::new(NEW.into()));
        let host = Host::new("app.terraform.io");
        let edited = edit(text.as_bytes(), &host, Mark::of(&old), &new)?;
        Ok(String::from_utf8(edited.to_vec()).unwrap())
    }

    #[test]
    fn other_keys_stay_as_they_are() {
        let text = format!(
            r#"{{"b": [1.50, {{"x":"\u00e9"}}], "credentials": {{"z.example": {{"token":"Z","more":1e2}},
            "app.terraform.io": {{"token": "{OLD}"}}}}, "a": null}}"#
        );
        assert_eq!(
            edited(&text).unwrap(),
            r#"{
  "b": [1.50, {"x":"\u00e9"}],
  "credentials": {
    "z.example": {"token":"Z","more":1e2},
    "app.terraform.io": {
      "token": "NEW.atlasv1.\"credential"
    }
  },
  "a": null
}
"#
        );
    }

    #[test]
    fn another_host_keeps_the_credential_that_counts() {
        // Of two spellings the last counts, and sorting would turn them round.
        let text = format!(
            r#"{{"Credentials":{{"b.example":{{"token":"FIRST"}},"B.example":{{"token":null}},
            "app.terraform.io":{{"token":"{OLD}"}}}}}}"#
        );
        let host = Host::new("b.example");
        let (before, after) = (
            terraform::hosts(&text),
            terraform::hosts(&edited(&text).unwrap()),
        );
        assert_eq!(before.unwrap()[&host], None);
        assert_eq!(after.unwrap()[&host], None);
    }

    #[test]
    fn a_host_in_another_spelling_is_the_same_host() {
        let text = format!(r#"{{"credentials":{{"App.Terraform.io:443":{{"token":"{OLD}"}}}}}}"#);
        let edited = edited(&text).unwrap();
        assert!(
            !edited.contains(OLD) && !edited.contains("App."),
            "{edited}"
        );
        assert!(edited.contains("\"app.terraform.io\": {"), "{edited}");
    }

    #[test]
    fn what_is_not_the_old_credential_is_not_touched() {
        for (text, why) in [
            (
                r#"{"credentials":{"app.terraform.io":{"token":"OTHER-CREDENTIAL"}}}"#,
                "another credential",
            ),
            (r#"{"credentials":{"b.example":{"token":"X"}}}"#, "any more"),
            (r#"{"credentials":{"app.terraform.io":{}}}"#, "any more"),
            (r#"{"credentials":[]}"#, "by hand"),
            (r#"{"credentials":{"app.terraform.io":[]}}"#, "by hand"),
            (r#"{"a":1}"#, "by hand"),
            ("credentials \"app.terraform.io\" {}", "by hand"),
            ("", "by hand"),
        ] {
            let error = edited(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec![
            "null",
            "1.50",
            "-0",
            "1e400",
            "true",
            "\"x\"",
            "\"\\ud83d\\ude00\"",
            "[]",
            "{}",
            "[{\"a\": 1}]",
        ]);
        let host = prop::sample::select(vec![
            "a.example",
            "A.example",
            "a.example:443",
            "b.example",
            "b.example:8443",
            "no host!",
        ]);
        let entry = prop_oneof![
            3 => "[A-Z]{4}".prop_map(|token| format!("{{\"token\": \"{token}\"}}")),
            1 => leaf.clone().prop_map(|value| format!("{{\"token\":{value}}}")),
            1 => leaf.clone().prop_map(str::to_owned),
        ];
        let entries = prop::collection::vec((host, entry), 0..4).prop_map(|entries| {
            let entries: Vec<String> = entries
                .iter()
                .map(|(host, entry)| format!("\"{host}\":{entry}"))
                .collect();
            format!("\"credentials\": {{{}}}", entries.join(" , "))
        });
        let other = ("[a-z\"\\\\]{0,3}", leaf)
            .prop_map(|(key, value)| format!("{}:{value}", serde_json::Value::from(key)));
        (prop::collection::vec(other, 0..3), entries).prop_map(|(mut all, entries)| {
            all.push(entries);
            format!("{{{}}}", all.join(","))
        })
    }

    proptest! {
        #[test]
        fn any_file_is_edited_well_or_not_at_all(text in json()) {
            super::super::fuzzing::files(text.as_bytes());
        }

        #[test]
        fn any_text_is_left_alone_or_read(text in any::<String>()) {
            super::super::fuzzing::files(text.as_bytes());
        }
    }
}
