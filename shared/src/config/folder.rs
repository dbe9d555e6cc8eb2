//! The settings of one installation's folder: what `waybill serve` runs with, so that a command in another shell speaks
//! of the same address, mail server and hosts.

use super::settings::SETTINGS;
use super::{Config, ConfigError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use url::{Host, Url};

/// The file in the folder: a JSON object of settings by their names. Mode 600, since a mail server's address holds its
/// password.
const FILE: &str = "settings.json";
const PUBLIC_URL: &str = "PUBLIC_URL";
const HOOKS_URL: &str = "HOOKS_URL";

/// Settings by name, as text. Holds a password: it cannot be printed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FolderSettings(BTreeMap<String, String>);

impl std::fmt::Debug for FolderSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl FolderSettings {
    /// What the folder holds; nothing where `serve` never ran. Names that this version does not know are left out.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let text = match fs::read_to_string(folder.join(FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            other => other?,
        };
        let values: BTreeMap<String, String> = serde_json::from_str(&text)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("{FILE} holds no settings")))?;
        Ok(Self(values.into_iter().filter(|(name, _)| is_setting(name)).collect()))
    }

    /// Writes them beside their place, then renames: a reader never sees half a file.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let beside = folder.join(format!("{FILE}.new"));
        // A file that a crash left behind may have other rights.
        let _ = fs::remove_file(&beside);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(serde_json::to_string_pretty(&self.0)?.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, folder.join(FILE))
    }

    /// One setting's text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// What `serve` runs with: this process's environment, then what the folder held, then the bound address. A bound
    /// address of an earlier run is never kept: its port is gone.
    #[must_use]
    pub fn for_serve(self, bound: &str) -> Self {
        self.with(super::variable, bound)
    }

    fn with(self, variable: impl Fn(&str) -> Option<String>, bound: &str) -> Self {
        let mut values = BTreeMap::new();
        for setting in SETTINGS {
            let kept = || {
                let kept = self.get(setting.name)?;
                (setting.name != PUBLIC_URL || reaches_outside_text(kept)).then(|| kept.to_owned())
            };
            if let Some(value) = variable(setting.name).or_else(kept) {
                values.insert(setting.name.to_owned(), value);
            }
        }
        values.entry(PUBLIC_URL.to_owned()).or_insert_with(|| bound.to_owned());
        Self(values)
    }

    /// The configuration of a process on this folder. `serve`'s addresses stand, whatever this shell says: a command must
    /// not register others. All else follows the environment first.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault.
    pub fn config(&self) -> Result<Config, ConfigError> {
        self.config_with(super::variable)
    }

    fn config_with(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        Config::parse(|name| {
            let saved = || self.get(name).map(str::to_owned);
            match name {
                PUBLIC_URL => saved().or_else(|| variable(name)).or_else(|| Some(UNSERVED.to_owned())),
                HOOKS_URL if self.get(PUBLIC_URL).is_some() => saved(),
                _ => variable(name).or_else(saved),
            }
        })
    }
}

/// Where `serve` would listen: what a folder says that was never served.
const UNSERVED: &str = "http://127.0.0.1:8787";

fn is_setting(name: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.name == name)
}

fn reaches_outside_text(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| reaches_outside(&url))
}

/// Whether anyone but this machine can reach an address. Names are not looked up.
pub(super) fn reaches_outside(url: &Url) -> bool {
    match url.host() {
        None => false,
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_lowercase();
            name != "localhost" && !name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => !address.is_loopback() && !address.is_unspecified(),
        Some(Host::Ipv6(address)) => {
            let mapped = address.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback() || v4.is_unspecified());
            !address.is_loopback() && !address.is_unspecified() && !mapped
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(values: &[(&str, &str)]) -> FolderSettings {
        FolderSettings(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_command_in_another_shell_speaks_of_the_address_that_serve_runs_with() {
        let serve = saved(&[("PUBLIC_URL", "https://wb.example.com"), ("MAIL_FROM", "a@wb.example.com")]);
        let plain = serve.config_with(|_| None).expect("good");
        assert_eq!(plain.public_url.as_str(), "https://wb.example.com/");
        assert!(plain.mail_from.is_some());
        let other = |name: &str| (name == "PUBLIC_URL").then(|| "http://127.0.0.1:8787".to_owned());
        assert_eq!(serve.config_with(other).expect("good").public_url.as_str(), "https://wb.example.com/");
        let hooks = |name: &str| (name == "HOOKS_URL").then(|| "https://elsewhere.example.com".to_owned());
        assert_eq!(serve.config_with(hooks).expect("good").hooks_url.as_str(), "https://wb.example.com/");
        let unserved = FolderSettings::default().config_with(|_| None).expect("good");
        assert_eq!(unserved.public_url.as_str(), "http://127.0.0.1:8787/");
    }

    #[test]
    fn serve_keeps_what_it_was_started_with_but_never_a_port_that_is_gone() {
        let bound = "http://127.0.0.1:9999";
        let first = FolderSettings::default().with(|_| None, bound);
        assert_eq!(first.get("PUBLIC_URL"), Some(bound));
        let again = first.with(|_| None, "http://127.0.0.1:1");
        assert_eq!(again.get("PUBLIC_URL"), Some("http://127.0.0.1:1"));
        let named = again.with(|name| (name == "PUBLIC_URL").then(|| "https://wb.example.com".to_owned()), bound);
        assert_eq!(named.with(|_| None, bound).get("PUBLIC_URL"), Some("https://wb.example.com"));
    }

    #[test]
    fn the_file_is_for_its_owner_only_and_reads_as_it_was_written() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("folder");
        let settings = saved(&[("SMTP_URL", "smtps://u:canary@mail.example.com"), ("PUBLIC_URL", "https://a.example")]);
        settings.write(folder.path()).expect("written");
        settings.write(folder.path()).expect("written again");
        assert_eq!(FolderSettings::read(folder.path()).expect("read"), settings);
        let mode = fs::metadata(folder.path().join(FILE)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!format!("{settings:?}").contains("canary"));
        fs::write(folder.path().join(FILE), "canary").expect("written");
        assert!(FolderSettings::read(folder.path()).is_err());
    }

    #[test]
    fn only_this_machine_is_told_from_the_world() {
        for (address, outside) in [
            ("http://127.0.0.1:8787", false),
            ("http://127.8.0.1", false),
            ("http://[::1]:8787", false),
            ("http://[::ffff:127.0.0.1]", false),
            ("http://0.0.0.0:8787", false),
            ("http://localhost:8787", false),
            ("https://waybill.localhost", false),
            ("https://waybill.example.com", true),
            ("http://10.0.0.7", true),
        ] {
            assert_eq!(reaches_outside_text(address), outside, "{address}");
        }
    }
}
