//! `{prefix}/app`: credentials of our own apps at TikTok and at store platforms.

use super::secrets::{SecretFault, parsed};
use super::store::SecretName;
use crate::domain::platform::Platform;
use crate::domain::region::AppRegion;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

/// Everything we sign in with, as operator of an installation.
#[derive(Clone, Debug)]
pub struct AppSecrets {
    name: SecretName,
    us: Option<TikTokApp>,
    row: Option<TikTokApp>,
    shopify: Option<PlatformApp>,
    bigcommerce: Option<PlatformApp>,
}

/// An app of TikTok's Partner Center.
#[derive(Clone, Debug)]
pub struct TikTokApp {
    /// Public half.
    pub app_key: String,
    /// Signs every request and checks every webhook.
    pub app_secret: SecretString,
    /// The secret before the last rotation: webhooks signed with it still count.
    pub previous_secret: Option<SecretString>,
    /// Names the app on the consent page.
    pub service_id: String,
}

/// A public app of a store platform.
#[derive(Clone, Debug)]
pub struct PlatformApp {
    /// Public half.
    pub client_id: String,
    /// Signs webhooks, exchanges OAuth codes.
    pub client_secret: SecretString,
    /// The secret before the last rotation.
    pub previous_secret: Option<SecretString>,
}

impl AppSecrets {
    /// The text of an installation without any app.
    #[must_use]
    pub fn empty_text() -> SecretString {
        SecretString::from(r#"{"tiktok":{}}"#)
    }

    /// Reads a secret's text. An app that is not there is fine; one that is there must be whole.
    ///
    /// # Errors
    /// [`SecretFault::Field`] names secret and field, never a value.
    pub fn parse(name: &SecretName, text: &SecretString) -> Result<Self, SecretFault> {
        let root = parsed(name, text)?;
        let whole = Part { name, path: String::new(), fields: &root };
        let tiktok = whole.part("tiktok")?;
        let app = |word| tiktok.as_ref().map_or(Ok(None), |part| part.part(word));
        Ok(Self {
            name: name.clone(),
            us: app("us")?.map(|part| TikTokApp::read(&part)).transpose()?,
            row: app("row")?.map(|part| TikTokApp::read(&part)).transpose()?,
            shopify: whole.part("shopify")?.map(|part| PlatformApp::read(&part)).transpose()?,
            bigcommerce: whole.part("bigcommerce")?.map(|part| PlatformApp::read(&part)).transpose()?,
        })
    }

    /// One of our two TikTok apps.
    ///
    /// # Errors
    /// [`SecretFault::Field`] when its credentials were never set.
    pub fn tiktok(&self, app: AppRegion) -> Result<&TikTokApp, SecretFault> {
        let (found, problem) = match app {
            AppRegion::Us => (&self.us, "is not set; run: waybill app set --region us"),
            AppRegion::Row => (&self.row, "is not set; run: waybill app set --region row"),
        };
        found.as_ref().ok_or_else(|| SecretFault::Field {
            name: self.name.clone(),
            field: format!("tiktok.{app}"),
            problem,
        })
    }

    /// Our public Shopify app, if this installation has one.
    #[must_use]
    pub fn shopify(&self) -> Option<&PlatformApp> {
        self.shopify.as_ref()
    }

    /// Our public BigCommerce app, if this installation has one.
    #[must_use]
    pub fn bigcommerce(&self) -> Option<&PlatformApp> {
        self.bigcommerce.as_ref()
    }
}

/// A secret's text with new TikTok credentials in it; all else stays as it was. Another secret for the same key moves
/// the old one to `previous_secret`, so that webhooks on their way are still taken.
///
/// # Errors
/// [`SecretFault`] when the old text cannot be read; it is not overwritten then.
pub fn with_tiktok_app(
    name: &SecretName,
    text: &SecretString,
    app: AppRegion,
    app_key: &str,
    app_secret: &SecretString,
    service_id: &str,
) -> Result<SecretString, SecretFault> {
    let old = AppSecrets::parse(name, text)?;
    let mut root = parsed(name, text)?;
    let previous = old.tiktok(app).ok().filter(|old| old.app_key == app_key).and_then(|old| {
        if old.app_secret.expose_secret() == app_secret.expose_secret() {
            old.previous_secret.clone()
        } else {
            Some(old.app_secret.clone())
        }
    });
    let mut fields = json!({
        "app_key": app_key,
        "app_secret": app_secret.expose_secret(),
        "service_id": service_id,
    });
    if let Some(previous) = previous {
        fields["previous_secret"] = previous.expose_secret().into();
    }
    match root.entry("tiktok").or_insert_with(|| json!({})) {
        Value::Object(apps) => drop(apps.insert(app.as_str().to_owned(), fields)),
        other => *other = json!({ app.as_str(): fields }),
    }
    Ok(SecretString::from(Value::Object(root).to_string()))
}

/// A secret's text with new credentials of our app at a store platform (`shopify`, `bigcommerce`); all else stays as it
/// was. Another secret for the same client id moves the old one to `previous_secret`.
///
/// # Errors
/// [`SecretFault`] when the old text cannot be read; it is not overwritten then.
pub fn with_platform_app(
    name: &SecretName,
    text: &SecretString,
    platform: Platform,
    client_id: &str,
    client_secret: &SecretString,
) -> Result<SecretString, SecretFault> {
    let old = AppSecrets::parse(name, text)?;
    let mut root = parsed(name, text)?;
    let known = match platform {
        Platform::Shopify => old.shopify(),
        Platform::BigCommerce => old.bigcommerce(),
        Platform::WooCommerce | Platform::Magento | Platform::Generic => None,
    };
    let mut fields = json!({"client_id": client_id, "client_secret": client_secret.expose_secret()});
    if let Some(known) = known.filter(|known| known.client_id == client_id) {
        let same = known.client_secret.expose_secret() == client_secret.expose_secret();
        let previous = if same { known.previous_secret.as_ref() } else { Some(&known.client_secret) };
        if let Some(previous) = previous {
            fields["previous_secret"] = previous.expose_secret().into();
        }
    }
    root.insert(platform.as_str().to_owned(), fields);
    Ok(SecretString::from(Value::Object(root).to_string()))
}

/// A secret's text without those TikTok and platform apps that are incomplete, so that they can be stored again. `None`
/// when the text is no JSON object at all: then a person must look at it.
#[must_use]
pub fn without_broken_apps(name: &SecretName, text: &SecretString) -> Option<SecretString> {
    let mut root = parsed(name, text).ok()?;
    let whole = |root: &Map<String, Value>| {
        AppSecrets::parse(name, &SecretString::from(Value::Object(root.clone()).to_string())).is_ok()
    };
    for word in ["shopify", "bigcommerce"] {
        if let Some(app) = root.get(word).cloned()
            && !whole(&Map::from_iter([(word.to_owned(), app)]))
        {
            root.remove(word);
        }
    }
    let apps = root.get("tiktok").and_then(Value::as_object).cloned().unwrap_or_default();
    let apps = apps
        .into_iter()
        .filter(|(word, app)| whole(&Map::from_iter([("tiktok".to_owned(), json!({ word.as_str(): app }))])));
    let apps: Map<String, Value> = apps.collect();
    root.insert("tiktok".to_owned(), Value::Object(apps));
    whole(&root).then(|| SecretString::from(Value::Object(root).to_string()))
}

impl TikTokApp {
    fn read(part: &Part<'_>) -> Result<Self, SecretFault> {
        Ok(Self {
            app_key: part.text("app_key")?,
            app_secret: part.text("app_secret")?.into(),
            previous_secret: part.optional("previous_secret")?.map(SecretString::from),
            service_id: part.text("service_id")?,
        })
    }
}

impl PlatformApp {
    fn read(part: &Part<'_>) -> Result<Self, SecretFault> {
        Ok(Self {
            client_id: part.text("client_id")?,
            client_secret: part.text("client_secret")?.into(),
            previous_secret: part.optional("previous_secret")?.map(SecretString::from),
        })
    }
}

/// An object inside the secret, which knows where it is.
struct Part<'a> {
    name: &'a SecretName,
    path: String,
    fields: &'a Map<String, Value>,
}

impl<'a> Part<'a> {
    fn fault(&self, field: &str, problem: &'static str) -> SecretFault {
        SecretFault::Field { name: self.name.clone(), field: format!("{}{field}", self.path), problem }
    }

    fn part(&self, field: &str) -> Result<Option<Self>, SecretFault> {
        match self.fields.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(fields)) => {
                Ok(Some(Self { name: self.name, path: format!("{}{field}.", self.path), fields }))
            }
            Some(_) => Err(self.fault(field, "must be an object")),
        }
    }

    fn optional(&self, field: &str) -> Result<Option<String>, SecretFault> {
        match self.fields.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.fault(field, "must be text")),
        }
    }

    fn text(&self, field: &str) -> Result<String, SecretFault> {
        self.optional(field)?.ok_or_else(|| self.fault(field, "is missing"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name() -> SecretName {
        SecretName::parse("waybill/app").expect("a name")
    }

    fn parse(text: &str) -> Result<AppSecrets, SecretFault> {
        AppSecrets::parse(&name(), &SecretString::from(text))
    }

    fn set(text: &str, secret: &str, key: &str) -> String {
        let secret = SecretString::from(secret);
        let text =
            with_tiktok_app(&name(), &SecretString::from(text), AppRegion::Us, key, &secret, "7000").expect("good");
        text.expose_secret().to_owned()
    }

    const WHOLE: &str = r#"{"tiktok":{"us":{"app_key":"k","app_secret":"canary-1","previous_secret":"canary-0","service_id":"7"}},
        "shopify":{"client_id":"c","client_secret":"canary-2"},"later":{"x":1}}"#;

    #[test]
    fn each_app_is_read_and_an_absent_one_is_told_with_its_remedy() {
        let apps = parse(WHOLE).expect("good");
        let us = apps.tiktok(AppRegion::Us).expect("set");
        assert_eq!((us.app_key.as_str(), us.service_id.as_str()), ("k", "7"));
        assert_eq!(us.previous_secret.as_ref().map(ExposeSecret::expose_secret), Some("canary-0"));
        assert_eq!(apps.shopify().map(|app| app.client_secret.expose_secret()), Some("canary-2"));
        assert!(apps.bigcommerce().is_none());
        let fault = apps.tiktok(AppRegion::Row).expect_err("not set").to_string();
        assert_eq!(fault, "secret waybill/app: field `tiktok.row` is not set; run: waybill app set --region row");
        assert!(!format!("{apps:?}").contains("canary"));
    }

    #[test]
    fn a_wrong_field_is_told_by_its_path_and_never_by_its_value() {
        for (text, end) in [
            ("canary", "secret waybill/app is not a JSON object"),
            (r#"{"tiktok":"canary"}"#, "field `tiktok` must be an object"),
            (r#"{"tiktok":{"row":{"app_key":"canary"}}}"#, "field `tiktok.row.app_secret` is missing"),
            (r#"{"tiktok":{"us":{"app_key":1}}}"#, "field `tiktok.us.app_key` must be text"),
            (r#"{"shopify":{"client_id":""}}"#, "field `shopify.client_id` is missing"),
        ] {
            let fault = parse(text).expect_err(text);
            assert!(fault.to_string().ends_with(end), "{fault}");
            assert!(!format!("{fault:?}").contains("canary"));
        }
    }

    #[test]
    fn a_new_secret_for_the_same_key_keeps_the_old_one_for_webhooks_on_their_way() {
        let first = set(r#"{"tiktok":{},"later":{"x":1}}"#, "one", "k");
        let again = set(&first, "one", "k");
        assert_eq!(first, again, "setting the same twice changes nothing");
        let second = parse(&set(&first, "two", "k")).expect("good");
        let app = second.tiktok(AppRegion::Us).expect("set");
        assert_eq!(app.previous_secret.as_ref().map(ExposeSecret::expose_secret), Some("one"));
        let repeated = parse(&set(&set(&first, "two", "k"), "two", "k")).expect("good");
        let app = repeated.tiktok(AppRegion::Us).expect("set");
        assert_eq!(app.previous_secret.as_ref().map(ExposeSecret::expose_secret), Some("one"));
        let other = parse(&set(&first, "two", "another app")).expect("good");
        assert!(other.tiktok(AppRegion::Us).expect("set").previous_secret.is_none());
        assert!(first.contains(r#""later":{"x":1}"#), "what we do not know stays");
    }

    #[test]
    fn a_platform_app_is_set_beside_the_others_and_keeps_its_secret_of_before() {
        let set = |text: &str, id: &str, secret: &str| {
            let text = SecretString::from(text);
            let made = with_platform_app(&name(), &text, Platform::BigCommerce, id, &SecretString::from(secret));
            made.expect("good").expose_secret().to_owned()
        };
        let second = set(&set(WHOLE, "c1", "one"), "c1", "two");
        let apps = parse(&second).expect("good");
        let app = apps.bigcommerce().expect("set");
        assert_eq!((app.client_id.as_str(), app.client_secret.expose_secret()), ("c1", "two"));
        assert_eq!(app.previous_secret.as_ref().map(ExposeSecret::expose_secret), Some("one"));
        assert!(apps.shopify().is_some() && apps.tiktok(AppRegion::Us).is_ok());
        assert_eq!(set(&second, "c1", "two"), second, "setting the same twice changes nothing");
        assert!(parse(&set(&second, "c2", "two")).expect("good").bigcommerce().expect("set").previous_secret.is_none());
    }

    #[test]
    fn a_text_that_cannot_be_read_is_not_overwritten() {
        let secret = SecretString::from("s");
        for text in ["", "{", r#"{"tiktok":7}"#] {
            assert!(with_tiktok_app(&name(), &SecretString::from(text), AppRegion::Row, "k", &secret, "7").is_err());
        }
        assert!(parse(AppSecrets::empty_text().expose_secret()).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,120}") {
            let _ = parse(&text);
        }
    }
}
