//! BigCommerce's hooks by its V3 API. A hook is visible only to the token that made it.

use super::api::Client;
use crate::stores::StoreAccess;
use crate::stores::answer::{self, Answer};
use crate::stores::error::StoreError;
use crate::stores::json::{Flag, List, Maybe, Text};
use crate::stores::subscriptions::{Change, Existing, HookApi, Wanted};
use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

/// BigCommerce has no page for hooks: only the API makes them.
pub(crate) const BY_HAND: &[&str] = &[
    "In the BigCommerce control panel open Settings, Store-level API accounts and create an account with the scope Orders: read-only",
    "Give its access token and client secret to waybill: the hooks to {address} are made with them",
];

/// The header that a delivery must carry.
const HEADER: &str = "X-Tracking-Auth";

/// The hooks of one store.
pub(crate) struct Hooks {
    client: Client,
    wanted: Wanted,
}

impl Hooks {
    pub(crate) fn new(access: &StoreAccess, wanted: Wanted) -> Result<Self, StoreError> {
        Ok(Self { client: Client::new(access)?, wanted })
    }

    fn header(&self) -> Option<&str> {
        self.wanted.header.as_ref().map(ExposeSecret::expose_secret)
    }
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    data: List<HookBody>,
    #[serde(default)]
    meta: Maybe<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    pagination: Maybe<Pagination>,
}

#[derive(Deserialize)]
struct Pagination {
    #[serde(default)]
    current_page: Text,
    #[serde(default)]
    total_pages: Text,
}

#[derive(Deserialize)]
struct HookBody {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    scope: Text,
    #[serde(default)]
    destination: Text,
    #[serde(default)]
    is_active: Flag,
    #[serde(default)]
    headers: Value,
}

impl Page {
    fn next(&self) -> Option<String> {
        let pagination = self.meta.0.as_ref()?.pagination.0.as_ref()?;
        let number = |text: &Text| text.get()?.parse::<u32>().ok();
        let (current, total) = (number(&pagination.current_page)?, number(&pagination.total_pages)?);
        (current < total).then(|| (current + 1).to_string())
    }
}

impl HookApi for Hooks {
    fn topics(&self) -> &'static [&'static str] {
        &["store/shipment/created", "store/shipment/updated", "store/shipment/deleted", "store/order/statusUpdated"]
    }

    fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    fn list(&mut self, page: Option<&str>, _: Timestamp) -> Result<Request<Bytes>, StoreError> {
        self.client.request(Method::GET, &format!("/v3/hooks?limit=250&page={}", page.unwrap_or("1")), None)
    }

    fn listed(&self, response: &Response<Bytes>) -> Result<(Vec<Existing>, Option<String>), StoreError> {
        let Answer::Body(body) = answer::sorted(response)? else {
            return Err(StoreError::Unavailable("HTTP 404: no such store".to_owned()));
        };
        let page: Page = answer::json(body)?;
        let next = page.next();
        let existing = page.data.0.into_iter().filter_map(|hook| {
            let pairs = hook.headers.as_object();
            let header = pairs.and_then(|pairs| pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case(HEADER)));
            let header = header.and_then(|(_, value)| value.as_str());
            Some(Existing {
                id: hook.id.take()?,
                topic: hook.scope.take()?,
                address: hook.destination.take().unwrap_or_default(),
                good: hook.is_active.0 && (self.header().is_none() || header == self.header()),
            })
        });
        Ok((existing.collect(), next))
    }

    fn change(&mut self, change: &Change, _: Timestamp) -> Result<Option<Request<Bytes>>, StoreError> {
        let hook = |scope: &str| {
            let mut hook = json!({ "scope": scope, "destination": self.wanted.address, "is_active": true });
            if let (Some(fields), Some(value)) = (hook.as_object_mut(), self.header()) {
                fields.insert("headers".to_owned(), json!({ HEADER: value }));
            }
            hook
        };
        let (method, path, body) = match change {
            Change::Create(scope) => (Method::POST, "/v3/hooks".to_owned(), Some(hook(scope))),
            Change::Repair(existing) => {
                (Method::PUT, format!("/v3/hooks/{}", existing.id), Some(hook(&existing.topic)))
            }
            Change::Remove(existing) => (Method::DELETE, format!("/v3/hooks/{}", existing.id), None),
        };
        self.client.request(method, &path, body.as_ref()).map(Some)
    }
}
