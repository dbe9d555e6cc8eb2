//! Our apps at TikTok and at store platforms: their credentials.

use super::{Failure, Output, app_region, standard_input};
use crate::output::{Row, counted};
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde::Serialize;
use waybill::app::App;
use waybill::domain::platform::Platform;
use waybill::domain::region::AppRegion;
use waybill::flows::tell::links;
use waybill::tokens::{AppSecrets, with_platform_app, with_tiktok_app};

/// Credentials of our apps.
#[derive(Debug, Subcommand)]
pub enum AppCommand {
    /// Stores an app of yours at TikTok or at a store platform; its secret is read from standard input.
    Set(AppSet),
    /// The apps that are set up, without their secrets, and the addresses to enter at each.
    List,
}

/// `waybill app set`.
#[derive(Debug, Args)]
pub struct AppSet {
    /// TikTok: us or row (rest of world), which it registers apart.
    #[arg(long, required_unless_present = "platform", requires = "service_id")]
    pub region: Option<String>,
    /// Instead of a region: shopify or bigcommerce, whose stores then connect in the browser.
    #[arg(long, conflicts_with_all = ["region", "service_id"])]
    pub platform: Option<String>,
    /// The app key or client id.
    #[arg(long)]
    pub key: String,
    /// TikTok: the service id of the consent link.
    #[arg(long)]
    pub service_id: Option<String>,
}

/// Runs one of the app commands.
///
/// # Errors
/// Wrong use, or the secret cannot be read or stored.
pub async fn run(app: &App, command: &AppCommand, output: &mut Output) -> Result<bool, Failure> {
    match command {
        AppCommand::Set(given) => set(app, given, output).await,
        AppCommand::List => list(app, output).await,
    }
}

#[derive(Serialize)]
struct Stored<'a> {
    app: &'a str,
    key: &'a str,
    stored: bool,
}

async fn set(app: &App, set: &AppSet, output: &mut Output) -> Result<bool, Failure> {
    let platform = set.platform.as_deref().map(platform_app).transpose()?;
    let region = set.region.as_deref().map(app_region).transpose()?;
    let key = credential("--key", &set.key)?;
    let service = set.service_id.as_deref().map(|id| credential("--service-id", id)).transpose()?;
    let secret = standard_input("the app secret")?;
    let secret = SecretString::from(credential("the app secret", &secret)?);
    let (store, name) = (app.secrets.store(), &app.secrets.names().app);
    let known = store.get(name, None).await?;
    // What an earlier version took and cannot read back is replaced here, and only here.
    let text = readable(name, &known.text);
    let (word, text) = match (platform, region, service) {
        (Some(platform), _, _) => (platform.as_str(), with_platform_app(name, &text, platform, key, &secret)?),
        (None, Some(region), Some(id)) => (region.as_str(), with_tiktok_app(name, &text, region, key, &secret, id)?),
        (None, _, _) => {
            return Err(Failure::usage("no app is named", "Give --region and --service-id, or --platform."));
        }
    };
    store.put(name, &text).await?;
    output.done(&Stored { app: word, key, stored: true }, format!("The app {word} is stored, with the key {key}."))?;
    for (what, address) in addresses(app, platform, region) {
        output.say(format_args!("  {what}: {address}"))?;
    }
    Ok(false)
}

/// The credentials of before without what is incomplete: an empty key of one app must not lock out all others.
fn readable(name: &waybill::tokens::SecretName, text: &SecretString) -> SecretString {
    if AppSecrets::parse(name, text).is_ok() {
        return text.clone();
    }
    waybill::tokens::without_broken_apps(name, text).unwrap_or_else(|| text.clone())
}

/// Words of a guide that people paste as they stand.
const PLACEHOLDERS: [&str; 10] = [
    "KEY",
    "ID",
    "SECRET",
    "APP_KEY",
    "APP_SECRET",
    "SERVICE_ID",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "changeme",
    "placeholder",
];

/// A credential as it was copied; a blank, a placeholder or one with a gap inside is none.
fn credential<'a>(what: &str, text: &'a str) -> Result<&'a str, Failure> {
    let text = text.trim();
    let bare = text.trim_matches(|c: char| matches!(c, '<' | '>' | '[' | ']' | '{' | '}' | '"' | '\''));
    let lower = bare.to_lowercase();
    let stands_for = lower.is_empty()
        || PLACEHOLDERS.contains(&bare)
        || lower.starts_with("your")
        || bare.len() != text.len()
        || lower.chars().all(|c| matches!(c, 'x' | '.' | '*' | '…' | '-'));
    let problem = if text.is_empty() {
        "is empty"
    } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        "holds blanks or line breaks"
    } else if !text.is_ascii() {
        "holds characters that such credentials never have"
    } else if stands_for {
        "is a placeholder"
    } else {
        return Ok(text);
    };
    Err(Failure::usage(format!("{what} {problem}"), "Copy it from the app's page in the Partner Center or platform."))
}

/// The platforms at which an operator can have an app.
fn platform_app(word: &str) -> Result<Platform, Failure> {
    match Platform::parse(word) {
        Some(platform @ (Platform::Shopify | Platform::BigCommerce)) => Ok(platform),
        _ => Err(Failure::usage(format!("there is no app at {word}"), "Give shopify or bigcommerce.")),
    }
}

/// What to enter on the app's page, with where it belongs.
#[must_use]
pub fn addresses(app: &App, platform: Option<Platform>, region: Option<AppRegion>) -> Vec<(&'static str, String)> {
    let origin = app.config.public_url.as_str().trim_end_matches('/');
    match (platform, region) {
        (Some(Platform::Shopify), _) => vec![("Redirect URL", format!("{origin}/connect/shopify/callback"))],
        (Some(Platform::BigCommerce), _) => ["callback", "load", "uninstall"]
            .iter()
            .zip(["Auth callback URL", "Load callback URL", "Uninstall callback URL"])
            .map(|(word, what)| (what, format!("{origin}/connect/bigcommerce/{word}")))
            .collect(),
        (_, Some(region)) => vec![
            ("Redirect URL", format!("{origin}/connect/tiktok/{region}/callback")),
            ("Webhook URL", links::hook(app, &format!("/hooks/tiktok/{region}"))),
        ],
        (_, None) => Vec::new(),
    }
}

#[derive(Serialize)]
struct AppRow {
    app: &'static str,
    key: Option<String>,
    service_id: Option<String>,
    previous_secret: bool,
    shops: usize,
    redirect_url: Option<String>,
    webhook_url: Option<String>,
}

impl Row for AppRow {
    const HEAD: &'static [&'static str] = &["app", "key", "service id", "shops", "redirect URL", "webhook URL"];
    fn cells(&self, _: &TimeZone) -> Vec<String> {
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        vec![
            self.app.to_owned(),
            self.key.clone().unwrap_or_else(|| "not set up".to_owned()),
            or_dash(&self.service_id),
            if self.key.is_some() { self.shops.to_string() } else { "-".to_owned() },
            or_dash(&self.redirect_url),
            or_dash(&self.webhook_url),
        ]
    }
}

async fn list(app: &App, output: &mut Output) -> Result<bool, Failure> {
    let name = &app.secrets.names().app;
    let known = app.secrets.store().get(name, None).await?;
    let apps = AppSecrets::parse(name, &known.text)
        .map_err(|fault| Failure::attention(fault.to_string(), "Store that app again: waybill app set."))?;
    let shops = super::all_shops(app).await?;
    let mut rows = Vec::new();
    for region in AppRegion::ALL {
        let found = apps.tiktok(region).ok();
        let mut shown = addresses(app, None, Some(region)).into_iter().map(|(_, address)| address);
        rows.push(AppRow {
            app: region.as_str(),
            key: found.map(|found| found.app_key.clone()),
            service_id: found.map(|found| found.service_id.clone()),
            previous_secret: found.is_some_and(|found| found.previous_secret.is_some()),
            shops: shops.iter().filter(|shop| shop.app == region).count(),
            redirect_url: shown.next(),
            webhook_url: shown.next(),
        });
    }
    for (platform, found) in [(Platform::Shopify, apps.shopify()), (Platform::BigCommerce, apps.bigcommerce())] {
        let mut shown = addresses(app, Some(platform), None).into_iter().map(|(_, address)| address);
        rows.push(AppRow {
            app: platform.as_str(),
            key: found.map(|found| found.client_id.clone()),
            service_id: None,
            previous_secret: found.is_some_and(|found| found.previous_secret.is_some()),
            shops: 0,
            redirect_url: shown.next(),
            webhook_url: None,
        });
    }
    let none = AppRegion::ALL.iter().all(|region| apps.tiktok(*region).is_err());
    output.rows(&rows, "")?;
    if none {
        output.say("No TikTok app is set up yet: waybill app set --region us --key KEY --service-id ID.")?;
    }
    if !app.config.reaches_outside() {
        output.say(format_args!("{}: {}", app.config.public_url, waybill::config::ONLY_THIS_MACHINE))?;
    }
    let unset = shops.iter().filter(|shop| apps.tiktok(shop.app).is_err()).count();
    if unset > 0 {
        output.say(format_args!("{} cannot be served: their app is not set up.", counted(unset, "shop")))?;
    }
    Ok(none || unset > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn what_a_guide_shows_in_place_of_a_credential_is_refused() {
        for bad in [
            "",
            "  ",
            "KEY",
            "ID",
            "<key>",
            "YOUR_KEY",
            "your-app-key",
            "secret with spaces",
            "xxxx",
            "\"abc123\"",
            "ключ",
        ] {
            assert!(credential("--key", bad).is_err_and(|failure| failure.status() == 2), "{bad:?}");
        }
        for good in ["6a1b2c3d", " 7172839405 \n", "e59af819cc", "demo-key-us"] {
            assert_eq!(credential("--key", good).expect("taken"), good.trim());
        }
    }

    #[test]
    fn an_app_that_an_earlier_version_took_without_a_key_can_be_stored_again() {
        let name = waybill::tokens::SecretName::parse("waybill/app").expect("a name");
        let broken = r#"{"tiktok":{"us":{"app_key":"","app_secret":"canary","service_id":""},
            "row":{"app_key":"k","app_secret":"s","service_id":"7"}},"later":{"x":1}}"#;
        let text = readable(&name, &SecretString::from(broken));
        let secret = SecretString::from("e59af819cc");
        let fixed = with_tiktok_app(&name, &text, AppRegion::Us, "6a1b", &secret, "7").expect("stored");
        let apps = AppSecrets::parse(&name, &fixed).expect("whole");
        assert!(apps.tiktok(AppRegion::Us).is_ok() && apps.tiktok(AppRegion::Row).is_ok());
        assert!(fixed.expose_secret().contains("later"), "what we do not know stays");
    }
}
