//! WooCommerce's webhooks by its REST API. The seventh failure in a row disables one, and nobody wakes it up but us.

use super::api::Client;
use crate::stores::StoreAccess;
use crate::stores::answer::{self, Answer};
use crate::stores::error::StoreError;
use crate::stores::json::{List, Text};
use crate::stores::subscriptions::{Change, Existing, HookApi, Wanted};
use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

/// By hand, in WordPress.
pub(crate) const BY_HAND: &[&str] = &[
    "In WordPress open WooCommerce, Settings, Advanced, Webhooks and choose Add webhook",
    "Name \"Waybill\", status Active, topic \"Order updated\", delivery URL {address}, API version v3, and as secret the one shown here",
    "Add a second one with the topic \"Order deleted\" and otherwise the same values",
];

/// Webhooks of one page.
const PAGE: usize = 100;

/// The webhooks of one site.
pub(crate) struct Hooks {
    client: Client,
    wanted: Wanted,
    page: u32,
}

impl Hooks {
    pub(crate) fn new(access: &StoreAccess, wanted: Wanted) -> Result<Self, StoreError> {
        Ok(Self { client: Client::new(access)?, wanted, page: 1 })
    }
}

#[derive(Deserialize)]
struct HookBody {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    topic: Text,
    #[serde(default)]
    status: Text,
    #[serde(default)]
    delivery_url: Text,
}

impl HookApi for Hooks {
    fn topics(&self) -> &'static [&'static str] {
        &["order.updated", "order.deleted"]
    }

    fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    fn list(&mut self, page: Option<&str>, _: Timestamp) -> Result<Request<Bytes>, StoreError> {
        self.page = page.and_then(|page| page.parse().ok()).unwrap_or(1);
        let path = format!("/webhooks?status=all&orderby=id&order=asc&per_page={PAGE}&page={}", self.page);
        self.client.request(Method::GET, &path, None)
    }

    fn listed(&self, response: &Response<Bytes>) -> Result<(Vec<Existing>, Option<String>), StoreError> {
        let Answer::Body(body) = answer::sorted(response)? else {
            return Err(StoreError::Unavailable("HTTP 404: the site has no WooCommerce REST API here".to_owned()));
        };
        let list: List<HookBody> = answer::json(body)?;
        let full = list.0.len() >= PAGE;
        let existing = list.0.into_iter().filter_map(|hook| {
            Some(Existing {
                id: hook.id.take()?,
                topic: hook.topic.take()?,
                address: hook.delivery_url.take().unwrap_or_default(),
                good: hook.status.get() == Some("active"),
            })
        });
        Ok((existing.collect(), full.then(|| (self.page + 1).to_string())))
    }

    fn change(&mut self, change: &Change, _: Timestamp) -> Result<Option<Request<Bytes>>, StoreError> {
        let secret = self.wanted.secret.as_ref().map(ExposeSecret::expose_secret);
        let (method, path, mut body) = match change {
            Change::Create(topic) => {
                let body = json!({ "name": "Waybill", "topic": topic, "delivery_url": self.wanted.address, "status": "active" });
                (Method::POST, "/webhooks".to_owned(), Some(body))
            }
            Change::Repair(existing) => {
                (Method::PUT, format!("/webhooks/{}", existing.id), Some(json!({ "status": "active" })))
            }
            // Without `force` it only goes to a trash that webhooks do not have.
            Change::Remove(existing) => (Method::DELETE, format!("/webhooks/{}?force=true", existing.id), None),
        };
        // The secret is never told again, so a repair sets it anew.
        if let (Some(Value::Object(fields)), Some(secret)) = (&mut body, secret) {
            fields.insert("secret".to_owned(), json!(secret));
        }
        self.client.request(method, &path, body.as_ref()).map(Some)
    }
}
