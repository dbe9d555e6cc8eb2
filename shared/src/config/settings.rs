//! The one list of settings; the README's table is made from it.

use std::fmt::Write as _;

/// A setting as a person reads about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The environment variable.
    pub name: &'static str,
    /// What it decides.
    pub meaning: &'static str,
    /// What holds when it is not set.
    pub default: WhenUnset,
    /// What to do when it cannot be used.
    pub remedy: &'static str,
}

/// What holds when a setting is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenUnset {
    /// This value.
    Value(&'static str),
    /// Nothing: the thing it names is not used.
    Empty,
    /// Nothing may hold: the program does not start. The text says where that is so.
    Required(&'static str),
    /// What another setting says.
    As(&'static str),
}

const HTTPS: &str = "Give an https address; a plain http one must stand in OUTBOUND_ALLOW as host:port.";

/// Every setting, in the order of the README.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "TABLE_NAME",
        meaning: "DynamoDB table",
        default: WhenUnset::Value("waybill"),
        remedy: "Use 3 to 255 letters, digits, `_`, `-` or `.`.",
    },
    Setting {
        name: "SECRETS_PREFIX",
        meaning: "names of the four secrets: `{prefix}/app`, `{prefix}/kek/token`, `{prefix}/kek/hook`, `{prefix}/web`",
        default: WhenUnset::Value("waybill"),
        remedy: "Use letters, digits, `_`, `-`, `.`, `+`, `=`, `@`, and `/` between two parts.",
    },
    Setting {
        name: "TOKEN_STORE",
        meaning: "`sealed` (tokens sealed in the table, keys in Secrets Manager) or `secrets-manager` (one secret per authorisation)",
        default: WhenUnset::Value("sealed"),
        remedy: "Use `sealed` or `secrets-manager`.",
    },
    Setting {
        name: "PUBLIC_URL",
        meaning: "https origin of the HTTP API as the outside sees it",
        default: WhenUnset::Required("required; locally the bound address"),
        remedy: "Give the address merchants and stores reach, such as https://waybill.example.com, without a path.",
    },
    Setting {
        name: "HOOKS_URL",
        meaning: "https origin that stores and TikTok deliver to; after it, with commas between them, origins at which they delivered before: what is registered there is moved",
        default: WhenUnset::As("PUBLIC_URL"),
        remedy: "Give https addresses without a path, with commas between them, the one to deliver to first.",
    },
    Setting {
        name: "MAIL_FROM",
        meaning: "sender of mails: SES in AWS; locally mails become files in `DIR/mail` unless `SMTP_URL` is set",
        default: WhenUnset::Required("required in AWS"),
        remedy: "Give one mail address whose domain is verified with the mail service.",
    },
    Setting {
        name: "SMTP_URL",
        meaning: "mail server for `waybill serve`, for example `smtps://user:password@mail.example.com`",
        default: WhenUnset::Empty,
        remedy: "Give an smtp:// or smtps:// address with a host.",
    },
    Setting {
        name: "REAUTH_DAYS",
        meaning: "the product's reauthorization cycle in days: when mails start counting, never a reason to stop pushing",
        default: WhenUnset::Value("90"),
        remedy: "Give a whole number of days from 1 to 3650.",
    },
    Setting {
        name: "TIKTOK_API_URL",
        meaning: "TikTok Shop's API",
        default: WhenUnset::Value("https://open-api.tiktokglobalshop.com"),
        remedy: HTTPS,
    },
    Setting {
        name: "TIKTOK_AUTH_URL",
        meaning: "TikTok's token host",
        default: WhenUnset::Value("https://auth.tiktok-shops.com"),
        remedy: HTTPS,
    },
    Setting {
        name: "TIKTOK_CONSENT_URL_US",
        meaning: "consent page of the US app",
        default: WhenUnset::Value("https://services.us.tiktokshop.com/open/authorize"),
        remedy: HTTPS,
    },
    Setting {
        name: "TIKTOK_CONSENT_URL_ROW",
        meaning: "consent page of the app for all other markets",
        default: WhenUnset::Value("https://services.tiktokshop.com/open/authorize"),
        remedy: HTTPS,
    },
    Setting {
        name: "SHOPIFY_API_URL",
        meaning: "Shopify's API; `{shop}` becomes the shop's domain",
        default: WhenUnset::Value("https://{shop}"),
        remedy: HTTPS,
    },
    Setting {
        name: "BIGCOMMERCE_API_URL",
        meaning: "BigCommerce's API",
        default: WhenUnset::Value("https://api.bigcommerce.com"),
        remedy: HTTPS,
    },
    Setting {
        name: "BIGCOMMERCE_LOGIN_URL",
        meaning: "where BigCommerce installs apps and exchanges their codes",
        default: WhenUnset::Value("https://login.bigcommerce.com"),
        remedy: HTTPS,
    },
    Setting {
        name: "ADOBE_IO_KEYS_URL",
        meaning: "where Adobe publishes the keys that sign its events",
        default: WhenUnset::Value("https://static.adobeioevents.com"),
        remedy: HTTPS,
    },
    Setting {
        name: "OUTBOUND_ALLOW",
        meaning: "`host:port,…` exempt from the guard against private addresses and from https, for tests and for stores inside a private network; a warning at start when set",
        default: WhenUnset::Empty,
        remedy: "Give host:port pairs with commas between them, IPv6 addresses in square brackets.",
    },
    Setting {
        name: "TRUSTED_PROXY",
        meaning: "addresses, with commas between them, of reverse proxies in front of `waybill serve`: only from these is the last entry of `X-Forwarded-For` believed, and named in the audit",
        default: WhenUnset::Empty,
        remedy: "Give IP addresses with commas between them, such as 127.0.0.1,::1.",
    },
    Setting {
        name: "LOG_LEVEL",
        meaning: "`off`, `error`, `warn`, `info`, `debug` or `trace`",
        default: WhenUnset::Value("info"),
        remedy: "Use off, error, warn, info, debug or trace.",
    },
];

/// The table of the README, in Markdown.
#[must_use]
pub fn settings_table() -> String {
    let mut table = String::from("| Name | Meaning | Default |\n|---|---|---|\n");
    for setting in SETTINGS {
        let default = match setting.default {
            WhenUnset::Value(value) => format!("`{value}`"),
            WhenUnset::Empty => "empty".to_owned(),
            WhenUnset::Required(when) => when.to_owned(),
            WhenUnset::As(other) => format!("as `{other}`"),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| `{}` | {} | {default} |", setting.name, setting.meaning);
    }
    table
}

fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

pub(super) fn default_of(name: &str) -> Option<&'static str> {
    match find(name)?.default {
        WhenUnset::Value(value) => Some(value),
        WhenUnset::Empty => Some(""),
        WhenUnset::Required(_) | WhenUnset::As(_) => None,
    }
}

pub(super) fn remedy_of(name: &str) -> &'static str {
    find(name).map_or("", |setting| setting.remedy)
}
