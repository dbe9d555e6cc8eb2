//! Environment → [`Config`]. The only reader of variables; every fault is reported at once.

mod folder;
mod settings;
mod values;

pub use folder::FolderSettings;
pub use settings::{SETTINGS, Setting, WhenUnset, settings_table};
pub use values::{AllowedHost, LogLevel, MailAddress, SecretsPrefix, ShopUrl, SmtpUrl, TableName, TokenStoreKind};

use std::fmt;
use std::net::IpAddr;
use url::Url;

/// Everything the program is told from outside, parsed once.
#[derive(Clone, Debug)]
pub struct Config {
    /// DynamoDB table.
    pub table: TableName,
    /// First part of the names of our secrets.
    pub secrets_prefix: SecretsPrefix,
    /// Where TikTok tokens are kept.
    pub token_store: TokenStoreKind,
    /// Origin of the HTTP API as the outside sees it.
    pub public_url: Url,
    /// Origin that stores and TikTok deliver to; the public one unless it was set.
    pub hooks_url: Url,
    /// Origins at which they delivered before, and the public one: what is registered there is ours, and is moved.
    pub former_hooks: Vec<Url>,
    /// Sender of mails; always there in a Lambda function.
    pub mail_from: Option<MailAddress>,
    /// Where mails go outside AWS; without it they become files.
    pub smtp: Option<SmtpUrl>,
    /// Days after a consent until the product counts it as ended. Mails only; pushes never stop for it.
    pub reauth_days: u16,
    /// TikTok's API.
    pub tiktok_api: Url,
    /// TikTok's token host.
    pub tiktok_auth: Url,
    /// TikTok's consent page for US sellers.
    pub tiktok_consent_us: Url,
    /// TikTok's consent page for all other sellers.
    pub tiktok_consent_row: Url,
    /// Shopify's API, by shop.
    pub shopify_api: ShopUrl,
    /// BigCommerce's API.
    pub bigcommerce_api: Url,
    /// Where BigCommerce installs apps and exchanges their codes.
    pub bigcommerce_login: Url,
    /// Where Adobe publishes the keys that sign its events.
    pub adobe_io_keys: Url,
    /// Exempt from https and from the guard against private addresses. Warn at start when not empty.
    pub outbound_allow: Vec<AllowedHost>,
    /// Reverse proxies that may say for whom they ask, in canonical form.
    pub trusted_proxy: Vec<IpAddr>,
    /// What is logged.
    pub log_level: LogLevel,
}

/// One setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The variable.
    pub name: &'static str,
    /// What is wrong. Never the value itself: people paste secrets into the wrong line.
    pub problem: String,
    /// What to do.
    pub remedy: &'static str,
}

/// All settings that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(pub Vec<Fault>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(f, "one setting cannot be used:")?,
            n => write!(f, "{n} settings cannot be used:")?,
        }
        for fault in &self.0 {
            write!(f, "\n  {} {}. {}", fault.name, fault.problem, fault.remedy)?;
        }
        Ok(())
    }
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_env_or(|_| None)
    }

    /// Reads the process's environment and asks `fallback` for what is not set there: the local host knows its own
    /// address, a command its defaults.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault.
    pub fn from_env_or(fallback: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Self::parse(|name| variable(name).or_else(|| fallback(name)))
    }

    /// Whether anyone but this machine can reach the public address and the one for deliveries. One that only this machine
    /// can reach is never registered at TikTok or at a store.
    #[must_use]
    pub fn reaches_outside(&self) -> bool {
        folder::reaches_outside(&self.public_url) && folder::reaches_outside(&self.hooks_url)
    }

    /// Reads settings through `lookup`. A blank value counts as not set. Inside a Lambda function, told by Lambda's own
    /// `AWS_LAMBDA_FUNCTION_NAME`, `MAIL_FROM` is required.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault.
    pub fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut read = Reader { lookup: &lookup, faults: Vec::new() };
        let outbound_allow = read.required("OUTBOUND_ALLOW", AllowedHost::parse_list);
        let allowed = outbound_allow.clone().unwrap_or_default();
        let https = |text: &str| values::platform_url(text, &allowed);

        let table = read.required("TABLE_NAME", TableName::parse);
        let secrets_prefix = read.required("SECRETS_PREFIX", SecretsPrefix::parse);
        let token_store = read.required("TOKEN_STORE", TokenStoreKind::parse);
        let public_url = read.required("PUBLIC_URL", values::public_origin);
        let hooks = read.optional("HOOKS_URL", values::public_origins).or_else(|| Some(vec![public_url.clone()?]));
        let mail_from = read.optional("MAIL_FROM", MailAddress::parse);
        if mail_from.is_none() && !read.given("MAIL_FROM") && read.given("AWS_LAMBDA_FUNCTION_NAME") {
            read.fault("MAIL_FROM", "is missing".to_owned());
        }
        let smtp = read.optional("SMTP_URL", SmtpUrl::parse);
        let reauth_days = read.required("REAUTH_DAYS", values::days);
        let tiktok_api = read.required("TIKTOK_API_URL", https);
        let tiktok_auth = read.required("TIKTOK_AUTH_URL", https);
        let tiktok_consent_us = read.required("TIKTOK_CONSENT_URL_US", https);
        let tiktok_consent_row = read.required("TIKTOK_CONSENT_URL_ROW", https);
        let shopify_api = read.required("SHOPIFY_API_URL", |text| ShopUrl::parse(text, &allowed));
        let bigcommerce_api = read.required("BIGCOMMERCE_API_URL", https);
        let bigcommerce_login = read.required("BIGCOMMERCE_LOGIN_URL", https);
        let adobe_io_keys = read.required("ADOBE_IO_KEYS_URL", https);
        let trusted_proxy = read.required("TRUSTED_PROXY", values::addresses);
        let log_level = read.required("LOG_LEVEL", LogLevel::parse);

        let config = (|| {
            let mut former_hooks = hooks?;
            let hooks_url = former_hooks.remove(0);
            former_hooks.push(public_url.clone()?);
            former_hooks.retain(|origin| *origin != hooks_url);
            Some(Self {
                table: table?,
                secrets_prefix: secrets_prefix?,
                token_store: token_store?,
                public_url: public_url?,
                hooks_url,
                former_hooks,
                mail_from,
                smtp,
                reauth_days: reauth_days?,
                tiktok_api: tiktok_api?,
                tiktok_auth: tiktok_auth?,
                tiktok_consent_us: tiktok_consent_us?,
                tiktok_consent_row: tiktok_consent_row?,
                shopify_api: shopify_api?,
                bigcommerce_api: bigcommerce_api?,
                bigcommerce_login: bigcommerce_login?,
                adobe_io_keys: adobe_io_keys?,
                outbound_allow: outbound_allow?,
                trusted_proxy: trusted_proxy?,
                log_level: log_level?,
            })
        })();
        match config {
            Some(config) if read.faults.is_empty() => Ok(config),
            _ => Err(ConfigError(read.faults)),
        }
    }
}

/// A variable of the process's environment; a blank one counts as not set.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// What is said where an address that only this machine can reach would have to be given to the outside.
pub const ONLY_THIS_MACHINE: &str = "only this machine can reach this: set PUBLIC_URL";

/// Reads one setting after the other and keeps every fault.
struct Reader<'a, L> {
    lookup: &'a L,
    faults: Vec<Fault>,
}

impl<L: Fn(&str) -> Option<String>> Reader<'_, L> {
    fn given(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    fn value(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// The setting's value or its default; one without either is a fault.
    fn required<T>(&mut self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = match (self.value(name), settings::default_of(name)) {
            (Some(text), _) => text,
            (None, Some(default)) => default.to_owned(),
            (None, None) => {
                self.fault(name, "is missing".to_owned());
                return None;
            }
        };
        self.parsed(name, &text, parse)
    }

    fn optional<T>(&mut self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = self.value(name)?;
        self.parsed(name, &text, parse)
    }

    fn parsed<T>(&mut self, name: &'static str, text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        parse(text).map_err(|problem| self.fault(name, problem)).ok()
    }

    fn fault(&mut self, name: &'static str, problem: String) {
        self.faults.push(Fault { name, problem, remedy: settings::remedy_of(name) });
    }
}

#[cfg(test)]
mod tests;
