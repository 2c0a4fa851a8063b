//! Edits of the configuration file by the program itself: a host, or an
//! organization of a host, is added, and everything else stays as it was
//! written, comments and order included.
//!
//! The file belongs to its owner, often as a symbolic link into a folder under
//! version control. So the link is followed, the new text is read the way the
//! next start will read it before it replaces the old one in one step, and
//! where that cannot be done the owner gets the lines to paste.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::{CredentialSource, HostConfig, Organizations, address, guard, reader};
use crate::folder::create_private_folder;
use crate::slot::Host;
use crate::text;

/// The first lines of a file that the program has made.
const HEAD: &str = "# Which hosts and organizations Orgward shows. It holds no credential.\n";
/// The most symbolic links that are followed.
const MOST_LINKS: usize = 16;

/// Why the file is as it was.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}: {why}")]
pub struct EditError {
    /// The file.
    pub file: String,
    /// A clause about it.
    pub why: String,
    /// The lines that would make the change.
    pub paste: String,
}

/// Adds host entries to the file, which is made where it is missing, readable
/// by its owner alone.
///
/// # Errors
/// Where the file cannot be read or written, or would not be accepted.
pub fn add_hosts(path: &Path, hosts: &[HostConfig]) -> Result<(), EditError> {
    let tables: Vec<Table> = hosts.iter().map(host_table).collect();
    let mut alone = ArrayOfTables::new();
    for table in &tables {
        let mut table = table.clone();
        if alone.is_empty() {
            table.decor_mut().set_prefix("");
        }
        alone.push(table);
    }
    let mut paste = DocumentMut::new();
    paste.insert("host", Item::ArrayOfTables(alone));
    let mut tables = tables;
    change(path, paste.to_string(), |document| {
        // A file of nothing but comments keeps them at its top.
        if document.is_empty()
            && let Some(first) = tables.first_mut()
        {
            let comments = document.trailing().as_str().unwrap_or_default().trim_end();
            let gap = if comments.is_empty() { "" } else { "\n\n" };
            first.decor_mut().set_prefix(format!("{comments}{gap}"));
            document.set_trailing("");
        }
        match document
            .entry("host")
            .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
        {
            Item::ArrayOfTables(present) => {
                tables.into_iter().for_each(|table| present.push(table))
            }
            Item::Value(Value::Array(present)) => {
                for table in tables {
                    present.push(table.into_inline_table());
                }
            }
            _ => return Err("its `host` is no list of hosts".to_owned()),
        }
        Ok(())
    })
}

/// Adds an organization to the entry that `host` and `account` name, which
/// lists its organizations.
///
/// # Errors
/// As [`add_hosts`], and where there is no such entry.
pub fn add_organization(
    path: &Path,
    host: &Host,
    account: Option<&str>,
    organization: &str,
) -> Result<(), EditError> {
    let quoted = Value::from(organization).to_string();
    let paste = format!("organizations = [\u{2026}, {}]\n", quoted.trim());
    change(path, paste, |document| {
        let entry = entry_of(document, host, account)
            .ok_or_else(|| format!("it has no entry for {host} any more"))?;
        let list = entry
            .get_mut("organizations")
            .and_then(Item::as_array_mut)
            .ok_or_else(|| format!("its entry for {host} lists no organizations any more"))?;
        push(list, organization);
        Ok(())
    })
}

/// The entry of a host in whatever form it is written.
fn entry_of<'d>(
    document: &'d mut DocumentMut,
    host: &Host,
    account: Option<&str>,
) -> Option<&'d mut dyn TableLike> {
    let is_it = |entry: &dyn TableLike| {
        let text = |key| entry.get(key).and_then(Item::as_str);
        let named = text("name").and_then(|name| address::host_name(name).ok());
        named.is_some_and(|(name, _)| name == *host) && text("account") == account
    };
    match document.get_mut("host")? {
        Item::ArrayOfTables(entries) => entries
            .iter_mut()
            .map(|entry| entry as &mut dyn TableLike)
            .find(|entry| is_it(*entry)),
        Item::Value(Value::Array(entries)) => entries
            .iter_mut()
            .filter_map(Value::as_inline_table_mut)
            .map(|entry| entry as &mut dyn TableLike)
            .find(|entry| is_it(*entry)),
        _ => None,
    }
}

/// Adds to a list the way its last line is written.
fn push(list: &mut Array, text: &str) {
    let indentation = list.iter().last().and_then(|last| {
        let prefix = last.decor().prefix()?.as_str()?;
        Some(prefix.rsplit_once('\n')?.1.to_owned())
    });
    let Some(indentation) = indentation else {
        list.push(text);
        return;
    };
    // What follows the last one on its line stays there; without a comma it is
    // the last one's own.
    let mut after = list.trailing().as_str().unwrap_or_default().to_owned();
    if !list.trailing_comma()
        && let Some(last) = list.iter_mut().last()
    {
        let own = last.decor().suffix().and_then(|suffix| suffix.as_str());
        after.insert_str(0, own.unwrap_or_default());
        last.decor_mut().set_suffix("");
    }
    let (line, rest) = after.rsplit_once('\n').unwrap_or(("", ""));
    let mut value = Value::from(text);
    value
        .decor_mut()
        .set_prefix(format!("{line}\n{indentation}"));
    list.push_formatted(value);
    list.set_trailing(format!("\n{rest}"));
}

fn host_table(host: &HostConfig) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    let mut set = |key: &str, value: Value| {
        table.insert(key, Item::Value(value));
    };
    set("name", host.host.as_str().into());
    if let Some(address) = &host.address {
        set("address", address.as_str().into());
    }
    if let Some(account) = &host.account {
        set("account", account.as_str().into());
    }
    let within = |key: &str, value: Value| {
        let mut table = InlineTable::new();
        table.insert(key, value);
        Value::InlineTable(table)
    };
    match &host.credential {
        CredentialSource::Terraform => {}
        CredentialSource::Env(name) => set("credential", within("env", name.as_str().into())),
        CredentialSource::Command(arguments) => {
            let arguments: Array = arguments.iter().map(String::as_str).collect();
            set("credential", within("command", Value::Array(arguments)));
        }
        CredentialSource::Keyring => set("credential", "keyring".into()),
        CredentialSource::Ask => set("credential", "ask".into()),
    }
    if let Organizations::Listed(names) = &host.organizations {
        let names: Array = names.iter().map(|name| &**name).collect();
        set("organizations", Value::Array(names));
    }
    table
}

fn change(
    path: &Path,
    paste: String,
    edit: impl FnOnce(&mut DocumentMut) -> Result<(), String>,
) -> Result<(), EditError> {
    changed(path, edit).map_err(|why| EditError {
        file: text::safe(&path.to_string_lossy()),
        why: text::safe(&why),
        paste,
    })
}

fn changed(
    path: &Path,
    edit: impl FnOnce(&mut DocumentMut) -> Result<(), String>,
) -> Result<(), String> {
    let path = target(path).map_err(|error| format!("it cannot be found: {error}"))?;
    let (old, distrust, mode) = match guard::read(&path) {
        Ok(source) => {
            let mode = fs::metadata(&path).map(|metadata| metadata.permissions());
            let mode = mode.map_err(|error| format!("it cannot be looked at: {error}"))?;
            // Renaming over it would work, and would not be what its owner meant.
            if mode.readonly() {
                return Err("it is read-only".to_owned());
            }
            (source.text.to_string(), source.distrust, Some(mode))
        }
        Err(guard::ReadError::Missing) => (HEAD.to_owned(), None, None),
        Err(guard::ReadError::Other { problem, .. }) => return Err(problem),
    };
    let mark = if old.starts_with('\u{feff}') { 3 } else { 0 };
    let mut document: DocumentMut = old[mark..]
        .parse()
        .map_err(|_| "it is not valid any more; start again to see why".to_owned())?;
    edit(&mut document)?;
    let mut new = format!("{}{document}", &old[..mark]);
    if old.contains("\r\n") {
        new = new.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    // As the next start will read it.
    let folder = path.parent().unwrap_or(Path::new(""));
    reader::read(&new, folder, distrust.as_deref()).map_err(|problem| problem.text)?;
    write(&path, &new, mode).map_err(|error| format!("it cannot be written: {error}"))
}

/// The file that a path leads to, also where that is not there yet.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(to) => {
                let folder = path.parent().unwrap_or(Path::new(""));
                path = folder.join(to);
            }
            // No link, or nothing there.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// The old text or the new one, never a part. A new file is its owner's alone.
fn write(path: &Path, text: &str, mode: Option<fs::Permissions>) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    create_private_folder(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    if let Some(mode) = mode {
        file.as_file().set_permissions(mode)?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str) -> HostConfig {
        HostConfig::new(Host::new(name))
    }

    fn edited(old: &str, edit: impl FnOnce(&Path) -> Result<(), EditError>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, old).unwrap();
        edit(&path).unwrap();
        crate::config::load(&path).unwrap();
        fs::read_to_string(&path).unwrap()
    }

    const OLD: &str = "\
# my hosts
[[host]] # the first
name = \"App.Terraform.io\"
organizations = [
    # ours
    \"acme\",
    \"platform\", # the big one
]

# how long
[expiry]
default = \"30d\" # short
";

    #[test]
    fn a_host_is_added_after_the_others_and_nothing_else_moves() {
        let added = HostConfig {
            account: Some("prod".into()),
            credential: CredentialSource::Command(vec!["op".into(), "read \"x\"".into()]),
            ..host("tfe.corp.example")
        };
        let new = edited(OLD, |path| add_hosts(path, std::slice::from_ref(&added)));
        let (before, after) = OLD.split_at(OLD.find("\n# how long").unwrap());
        let lines = "\n[[host]]\nname = \"tfe.corp.example\"\naccount = \"prod\"\n\
                     credential = { command = [\"op\", 'read \"x\"'] }\n";
        assert_eq!(new, format!("{before}{lines}{after}"));
    }

    #[test]
    fn hosts_are_added_to_a_file_in_any_form() {
        for old in [
            "",
            "# nothing yet",
            "[clipboard]\nmethod = \"off\"\n",
            "host = [{ name = \"a.example\" }]\n",
            "\u{feff}[[host]]\r\nname = \"a.example\"\r\n",
        ] {
            let new = edited(old, |path| {
                add_hosts(path, &[host("b.example"), host("c.example")])
            });
            assert!(new.starts_with(old.trim_end_matches([']', '\n'])), "{new}");
            assert!(new.contains("c.example"), "{new}");
        }
    }

    #[test]
    fn an_organization_is_added_as_the_list_is_written() {
        let add =
            |path: &Path| add_organization(path, &Host::new("app.terraform.io"), None, "sandbox");
        let new = edited(OLD, add);
        assert_eq!(
            new,
            OLD.replace("# the big one\n", "# the big one\n    \"sandbox\",\n"),
        );
        let bare = OLD.replace("\"platform\", #", "\"platform\" #");
        let new = edited(&bare, add);
        assert_eq!(
            new,
            OLD.replace("# the big one\n", "# the big one\n    \"sandbox\"\n"),
        );
        let short = "[[host]]\nname = \"app.terraform.io\"\norganizations = [\"acme\"] # all\n";
        let new = edited(short, add);
        assert_eq!(new, short.replace("\"acme\"]", "\"acme\", \"sandbox\"]"));
    }

    #[test]
    fn the_account_tells_two_entries_apart() {
        let old = "[[host]]\nname = \"a.example\"\norganizations = [\"x\"]\n\
                   [[host]]\nname = \"a.example\"\naccount = \"prod\"\norganizations = [\"y\"]\n";
        let host = Host::new("a.example");
        let new = edited(old, |path| add_organization(path, &host, Some("prod"), "z"));
        assert_eq!(new, old.replace("[\"y\"]", "[\"y\", \"z\"]"));
    }

    #[test]
    fn what_would_not_be_accepted_changes_nothing_and_gives_the_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, OLD).unwrap();
        let error = add_hosts(&path, &[host("app.terraform.io")]).unwrap_err();
        assert!(error.why.contains("configured twice"), "{error}");
        assert_eq!(error.paste, "[[host]]\nname = \"app.terraform.io\"\n");
        let hcp = Host::new("app.terraform.io");
        let error = add_organization(&path, &hcp, None, "acme").unwrap_err();
        assert!(error.why.contains("listed twice"), "{error}");
        let error = add_organization(&path, &Host::new("b.example"), None, "x").unwrap_err();
        assert!(error.why.contains("no entry"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_modes_are_kept_and_a_new_file_is_private() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("dotfiles")).unwrap();
        fs::write(at("dotfiles/orgward.toml"), OLD).unwrap();
        fs::set_permissions(
            at("dotfiles/orgward.toml"),
            fs::Permissions::from_mode(0o640),
        )
        .unwrap();
        symlink("dotfiles/orgward.toml", at("link")).unwrap();
        symlink("link", at("config.toml")).unwrap();
        add_hosts(&at("config.toml"), &[host("b.example")]).unwrap();
        assert!(fs::read_link(at("config.toml")).is_ok());
        let text = fs::read_to_string(at("dotfiles/orgward.toml")).unwrap();
        assert!(text.contains("b.example"), "{text}");
        assert_eq!(mode(&at("dotfiles/orgward.toml")), 0o640);

        symlink("dotfiles/later.toml", at("later")).unwrap();
        add_hosts(&at("later"), &[host("b.example")]).unwrap();
        assert_eq!(mode(&at("dotfiles/later.toml")), 0o600);
        add_hosts(&at("new/deep/config.toml"), &[host("b.example")]).unwrap();
        assert_eq!(
            (mode(&at("new/deep")), mode(&at("new/deep/config.toml"))),
            (0o700, 0o600)
        );

        fs::set_permissions(
            at("dotfiles/orgward.toml"),
            fs::Permissions::from_mode(0o444),
        )
        .unwrap();
        let error = add_hosts(&at("config.toml"), &[host("c.example")]).unwrap_err();
        assert!(error.why.contains("read-only"), "{error}");
        let error = add_hosts(&at("link/config.toml"), &[host("c.example")]).unwrap_err();
        assert!(error.paste.contains("c.example"), "{error}");
        symlink("loop", at("loop")).unwrap();
        assert!(add_hosts(&at("loop"), &[host("c.example")]).is_err());
    }
}
