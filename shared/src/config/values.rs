//! What a setting's text may be. Problems never repeat the text: it may be a secret in the wrong place.

use crate::domain::region::AppRegion;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::net::IpAddr;
use tracing_subscriber::filter::LevelFilter;
use url::{Host, Url};

/// IP addresses with commas between them; blanks around entries and empty entries do not matter. An IPv4 address in IPv6
/// form is the IPv4 address.
pub(super) fn addresses(text: &str) -> Result<Vec<IpAddr>, String> {
    let entries = text.split(',').map(str::trim).enumerate().filter(|(_, entry)| !entry.is_empty());
    let address = |(n, entry): (usize, &str)| match entry.parse::<IpAddr>() {
        Ok(address) => Ok(address.to_canonical()),
        Err(_) => Err(format!("has no IP address as entry {}", n + 1)),
    };
    entries.map(address).collect()
}

/// A DynamoDB table's name: 3 to 255 of `a-z A-Z 0-9 _ - .`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName(String);

impl TableName {
    /// Checks length and characters.
    ///
    /// # Errors
    /// The problem in a person's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !(3..=255).contains(&text.len()) {
            return Err("must have 3 to 255 characters".to_owned());
        }
        allowed_only(text, b"_-.").map(|()| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// First part of the names of our secrets. The same text is a folder when secrets are files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretsPrefix(String);

impl SecretsPrefix {
    /// Checks length, characters and parts.
    ///
    /// # Errors
    /// The problem in a person's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > 200 {
            return Err("is longer than 200 characters".to_owned());
        }
        if text.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
            return Err("has a part that is empty or starts with a dot".to_owned());
        }
        allowed_only(text, b"_-.+=@/").map(|()| Self(text.to_owned()))
    }

    /// The prefix, without a closing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretsPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where TikTok tokens are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenStoreKind {
    /// Sealed in the table; what opens them is a secret.
    Sealed,
    /// One secret per authorisation.
    SecretsManager,
}

impl TokenStoreKind {
    /// The word of the setting.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::SecretsManager => "secrets-manager",
        }
    }

    /// The kind of a word.
    ///
    /// # Errors
    /// The problem in a person's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        [Self::Sealed, Self::SecretsManager]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| "is not one of the two token stores".to_owned())
    }
}

/// What is logged of our own events; other crates are capped at warnings, whatever is asked for, because their
/// finer events show requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLevel(LevelFilter);

impl LogLevel {
    /// Reads a level's name, upper or lower case.
    ///
    /// # Errors
    /// The problem in a person's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let level = match text.to_ascii_lowercase().as_str() {
            "off" => LevelFilter::OFF,
            "error" => LevelFilter::ERROR,
            "warn" => LevelFilter::WARN,
            "info" => LevelFilter::INFO,
            "debug" => LevelFilter::DEBUG,
            "trace" => LevelFilter::TRACE,
            _ => return Err("is not a log level".to_owned()),
        };
        Ok(Self(level))
    }

    /// For the subscriber.
    #[must_use]
    pub fn filter(self) -> LevelFilter {
        self.0
    }
}

/// One mail address. The check is coarse on purpose: only the mail service knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailAddress(String);

impl MailAddress {
    /// Asks for one `@` with something sensible on both sides.
    ///
    /// # Errors
    /// The problem in a person's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let good = text.len() <= 254
            && !text
                .contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '"'))
            && text.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty() && !domain.contains('@') && domain.split('.').all(|label| !label.is_empty())
            });
        if good { Ok(Self(text.to_owned())) } else { Err("is not one plain mail address".to_owned()) }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A mail server with its password; cannot be printed.
#[derive(Clone, Debug)]
pub struct SmtpUrl(SecretString);

impl SmtpUrl {
    /// Checks scheme and host.
    ///
    /// # Errors
    /// The problem in a person's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|e| format!("is not an address ({e})"))?;
        if !matches!(url.scheme(), "smtp" | "smtps") || url.host_str().is_none_or(str::is_empty) {
            return Err("is not an address of a mail server".to_owned());
        }
        Ok(Self(SecretString::from(text)))
    }

    /// The address with its password.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

/// A host and port that the operator vouches for. Host in lower case, IPv6 without brackets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AllowedHost {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl AllowedHost {
    /// Reads `host:port,…`; blanks around entries and empty entries do not matter.
    ///
    /// # Errors
    /// The problem in a person's words, with the place of the entry.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        let entries = text.split(',').map(str::trim).enumerate().filter(|(_, entry)| !entry.is_empty());
        entries
            .map(|(n, entry)| Self::parse(entry).ok_or_else(|| format!("has no host:port as entry {}", n + 1)))
            .collect()
    }

    fn parse(entry: &str) -> Option<Self> {
        let (host, port) = entry.rsplit_once(':')?;
        let port = port.parse().ok().filter(|port| *port != 0)?;
        let host = match Host::parse(host).ok()? {
            Host::Domain(name) => name,
            Host::Ipv4(ip) => ip.to_string(),
            Host::Ipv6(ip) => ip.to_string(),
        };
        Some(Self { host, port })
    }

    /// Whether the address leads there.
    #[must_use]
    pub fn covers(&self, url: &Url) -> bool {
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => ip.to_string(),
            None => return false,
        };
        host == self.host && url.port_or_known_default() == Some(self.port)
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{open}{}{close}:{}", self.host, self.port)
    }
}

/// An API address that may differ by shop: `{shop}` stands for the shop's domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopUrl(String);

impl ShopUrl {
    /// Checks the address with a stand-in for the shop.
    ///
    /// # Errors
    /// The problem in a person's words.
    pub fn parse(text: &str, allowed: &[AllowedHost]) -> Result<Self, String> {
        platform_url(&text.replace("{shop}", "shop.example"), allowed)?;
        Ok(Self(text.to_owned()))
    }

    /// The address for one shop; none if the text is no plain host name, so it can never lead elsewhere.
    #[must_use]
    pub fn for_shop(&self, domain: &str) -> Option<Url> {
        let plain = !domain.is_empty() && domain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
        if !plain {
            return None;
        }
        Url::parse(&self.0.replace("{shop}", domain)).ok()
    }
}

impl super::Config {
    /// The consent page of one of the two apps.
    #[must_use]
    pub fn tiktok_consent(&self, app: AppRegion) -> &Url {
        match app {
            AppRegion::Us => &self.tiktok_consent_us,
            AppRegion::Row => &self.tiktok_consent_row,
        }
    }
}

/// An https address, or a plain one that the operator vouches for.
pub(super) fn platform_url(text: &str, allowed: &[AllowedHost]) -> Result<Url, String> {
    let url = web_url(text)?;
    if url.scheme() == "https" || allowed.iter().any(|host| host.covers(&url)) {
        Ok(url)
    } else {
        Err("is not https".to_owned())
    }
}

/// An origin: https, or http on this machine.
pub(super) fn public_origin(text: &str) -> Result<Url, String> {
    let url = web_url(text)?;
    if url.path() != "/" {
        return Err("has a path".to_owned());
    }
    let local = match url.host() {
        // RFC 6761: names under it are this machine, too.
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    if url.scheme() == "https" || local { Ok(url) } else { Err("is not https".to_owned()) }
}

/// At least one origin, with commas between them.
pub(super) fn public_origins(text: &str) -> Result<Vec<Url>, String> {
    let origins: Result<Vec<Url>, String> =
        text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(public_origin).collect();
    origins.and_then(|origins| if origins.is_empty() { Err("names no address".to_owned()) } else { Ok(origins) })
}

pub(super) fn days(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|days| (1..=3650).contains(days)).ok_or_else(|| "is not a number of days".to_owned())
}

fn web_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|e| format!("is not an address ({e})"))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err("is not a web address".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user name or password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or fragment".to_owned());
    }
    Ok(url)
}

fn allowed_only(text: &str, others: &[u8]) -> Result<(), String> {
    if text.bytes().all(|b| b.is_ascii_alphanumeric() || others.contains(&b)) {
        Ok(())
    } else {
        Err("holds a character that is not allowed there".to_owned())
    }
}
