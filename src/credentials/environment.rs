//! The process's environment as it was at the start.
//!
//! Where a credential comes from depends on a dozen variables and on the home
//! directory. They are looked at in this snapshot only, so that a test decides
//! what is there and never meets what its machine has.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Variables and the home directory. Some of the values are credentials, so
/// nothing here prints a value; clones share one copy.
#[derive(Clone)]
pub struct Environment(Arc<Inner>);

struct Inner {
    vars: BTreeMap<OsString, OsString>,
    home: Option<PathBuf>,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("vars", &format_args!("{} variables", self.0.vars.len()))
            .field("home", &self.0.home)
            .finish()
    }
}

impl Environment {
    /// These variables and this home directory, and nothing else.
    pub fn new(vars: BTreeMap<OsString, OsString>, home: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner { vars, home }))
    }

    /// Those of this process.
    pub fn from_process() -> Self {
        let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
        Self::new(std::env::vars_os().collect(), home)
    }

    /// The value of a variable; an empty one is there.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        if cfg!(windows) {
            let mut vars = self.0.vars.iter();
            return vars
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_os_str());
        }
        self.0.vars.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// The value of a variable that counts as missing when it is empty.
    pub fn filled(&self, name: &str) -> Option<&OsStr> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The variables whose names are text, in the order of their names.
    pub(super) fn named(&self) -> impl Iterator<Item = (&str, &OsStr)> {
        self.0
            .vars
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?, value.as_os_str())))
    }

    /// The home directory.
    pub fn home(&self) -> Option<&Path> {
        self.0.home.as_deref()
    }

    /// This program's configuration directory, where the `directories` crate
    /// has it; that crate cannot be asked, because it reads the process's own
    /// variables.
    pub fn config_dir(&self) -> Option<PathBuf> {
        if cfg!(windows) {
            return self.app_data("APPDATA", "Roaming", "config");
        }
        if cfg!(target_os = "macos") {
            let home = self.home()?;
            return Some(home.join("Library/Application Support/orgward"));
        }
        self.xdg("XDG_CONFIG_HOME", ".config")
    }

    /// The directory for the journal and for rescued secrets: the state
    /// directory, or where the platform has none, the local data directory.
    pub fn state_dir(&self) -> Option<PathBuf> {
        if cfg!(windows) {
            return self.app_data("LOCALAPPDATA", "Local", "data");
        }
        if cfg!(target_os = "macos") {
            return self.config_dir();
        }
        self.xdg("XDG_STATE_HOME", ".local/state")
    }

    /// The directory for what can be asked for again.
    pub fn cache_dir(&self) -> Option<PathBuf> {
        if cfg!(windows) {
            return self.app_data("LOCALAPPDATA", "Local", "cache");
        }
        if cfg!(target_os = "macos") {
            return Some(self.home()?.join("Library/Caches/orgward"));
        }
        self.xdg("XDG_CACHE_HOME", ".cache")
    }

    /// This program's folder in one of Windows' application data folders, which
    /// are below the home directory where no variable names them.
    fn app_data(&self, variable: &str, usual: &str, folder: &str) -> Option<PathBuf> {
        let named = self.filled(variable).map(PathBuf::from);
        let base = named.or_else(|| Some(self.home()?.join("AppData").join(usual)))?;
        Some(base.join("orgward").join(folder))
    }

    /// This program's folder in one of the XDG directories; a relative one does
    /// not count.
    fn xdg(&self, variable: &str, usual: &str) -> Option<PathBuf> {
        let named = self.get(variable).map(PathBuf::from);
        let base = named
            .filter(|folder| folder.is_absolute())
            .or_else(|| Some(self.home()?.join(usual)))?;
        Some(base.join("orgward"))
    }

    /// Whether the terminal's character set can be expected to be Unicode: the
    /// first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set says so. Where none
    /// is set, most terminals do all the same.
    pub fn has_unicode(&self) -> bool {
        let mut names = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter();
        match names.find_map(|name| self.filled(name)) {
            None => true,
            Some(locale) => {
                let locale = locale.to_string_lossy().to_lowercase();
                locale.contains("utf-8") || locale.contains("utf8")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_no_value() {
        let vars = [("TFE_TOKEN".into(), "the-credential".into())];
        let env = Environment::new(vars.into(), Some("/home/olivia".into()));
        let shown = format!("{env:?} {env:#?}");
        assert!(!shown.contains("the-credential"), "{shown}");
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn the_configuration_directory_is_where_the_directories_crate_has_it() {
        let real = directories::ProjectDirs::from("", "", "orgward");
        let real = real.map(|dirs| dirs.config_dir().to_owned());
        assert_eq!(Environment::from_process().config_dir(), real);
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn the_state_directory_is_where_the_directories_crate_has_it() {
        let real = directories::ProjectDirs::from("", "", "orgward");
        let real = real.and_then(|dirs| dirs.state_dir().map(PathBuf::from));
        assert_eq!(Environment::from_process().state_dir(), real);
    }

    #[test]
    fn only_a_locale_that_says_otherwise_is_not_unicode() {
        let unicode = |name: &str, value: &str| {
            Environment::new([(name.into(), value.into())].into(), None).has_unicode()
        };
        assert!(unicode("LANG", "en_GB.UTF-8") && unicode("LC_ALL", "C.utf8"));
        assert!(unicode("LANG", ""));
        assert!(!unicode("LANG", "C") && !unicode("LC_CTYPE", "de_DE.ISO-8859-1"));
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn a_relative_xdg_directory_is_ignored() {
        let dir = |value: &str| {
            let vars = [("XDG_CONFIG_HOME".into(), value.into())];
            Environment::new(vars.into(), Some("/home/olivia".into())).config_dir()
        };
        assert_eq!(dir("/etc/xdg"), Some("/etc/xdg/orgward".into()));
        for value in ["", "here"] {
            assert_eq!(dir(value), Some("/home/olivia/.config/orgward".into()));
        }
    }
}
