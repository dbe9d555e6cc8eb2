//! Which shops an authorisation covers, and where TikTok sends a shop's webhooks.

use super::read::{id, list, text};
use super::{Answer, Call, Credentials, Effect, Spec, TikTok, TikTokError, paths};
use crate::domain::ids::ShopId;
use crate::domain::region::Region;
use http::Method;
use secrecy::SecretString;
use serde_json::json;
use std::fmt;
use std::time::Duration;

/// A shop that the authorisation covers.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorisedShop {
    /// TikTok's id.
    pub id: ShopId,
    /// Its name; may be empty.
    pub name: String,
    /// Its market.
    pub region: Region,
    /// `CROSS_BORDER` instead of `LOCAL`.
    pub cross_border: bool,
    /// The shop's key for calls, credential-like.
    pub cipher: String,
}

impl fmt::Debug for AuthorisedShop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthorisedShop({}, {})", self.id, self.region)
    }
}

/// Where TikTok sends one kind of event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSetting {
    /// For example `ORDER_STATUS_CHANGE`.
    pub event: String,
    /// The https address.
    pub address: String,
}

impl TikTok {
    /// The shops that a token covers: several for a cross-border seller. Takes no shop key.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn authorised_shops(
        &self,
        app: &Credentials,
        token: &SecretString,
        limit: Duration,
    ) -> Result<Vec<AuthorisedShop>, TikTokError> {
        let answer = self.send_for_seller(app, token, limit, paths::AUTHORISED_SHOPS).await?;
        let shops = list(answer.data()?, "shops").iter().filter_map(|shop| {
            Some(AuthorisedShop {
                id: id(shop, "id")?,
                name: text(shop, "name").unwrap_or_default(),
                region: Region::new(&text(shop, "region").unwrap_or_default()),
                cross_border: text(shop, "seller_type").is_some_and(|kind| kind == "CROSS_BORDER"),
                cipher: text(shop, "cipher")?,
            })
        });
        Ok(shops.collect())
    }

    /// The seller's active shops and their markets. Takes no shop key.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn active_shops(
        &self,
        app: &Credentials,
        token: &SecretString,
        limit: Duration,
    ) -> Result<Vec<(ShopId, Region)>, TikTokError> {
        let answer = self.send_for_seller(app, token, limit, paths::ACTIVE_SHOPS).await?;
        let shops = list(answer.data()?, "shops").iter();
        Ok(shops.filter_map(|shop| Some((id(shop, "id")?, Region::new(&text(shop, "region")?)))).collect())
    }

    async fn send_for_seller(
        &self,
        app: &Credentials,
        token: &SecretString,
        limit: Duration,
        path: &str,
    ) -> Result<Answer, TikTokError> {
        // A shop key where none is wanted is refused (36009004 "unexpected identifier").
        let (method, path) = (Method::GET, path.to_owned());
        let (query, body, cipher, effect) = (Vec::new(), None, None, Effect::Read);
        self.send(Spec { method, path, query, body, effect, app, token, cipher, limit }).await
    }

    /// The shop's own webhook addresses.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn webhook_list(&self, call: Call<'_>) -> Result<Vec<WebhookSetting>, TikTokError> {
        let answer = self.send(Spec::read(call, paths::WEBHOOKS)).await?;
        let settings = list(answer.data()?, "webhooks").iter();
        let setting = |s| Some(WebhookSetting { event: text(s, "event_type")?, address: text(s, "address")? });
        Ok(settings.filter_map(setting).collect())
    }

    /// Sets the address of one kind of event. Setting it twice is harmless.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn webhook_put(&self, call: Call<'_>, setting: &WebhookSetting) -> Result<(), TikTokError> {
        let body = json!({"address": setting.address, "event_type": setting.event});
        self.send(Spec::shop(call, Method::PUT, paths::WEBHOOKS, Effect::Write).with(body)).await.map(drop)
    }

    /// Takes the address of one kind of event away; succeeds when none was set.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn webhook_delete(&self, call: Call<'_>, event: &str) -> Result<(), TikTokError> {
        let body = json!({"event_type": event});
        self.send(Spec::shop(call, Method::DELETE, paths::WEBHOOKS, Effect::Write).with(body)).await.map(drop)
    }
}
