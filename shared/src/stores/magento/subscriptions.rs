//! Mage-OS async events by their REST API; the other ways of Magento are set up by a person.
//!
//! Source: `etc/webapi.xml` and the repository class of mage-os/mageos-async-events. There is no call to delete a
//! subscription: it is switched off.

use super::api::{Client, SearchPage, search};
use crate::domain::connection::StoreSettings;
use crate::stores::StoreAccess;
use crate::stores::answer::{self, Answer};
use crate::stores::error::StoreError;
use crate::stores::json::{Flag, Text};
use crate::stores::subscriptions::{Change, Existing, HookApi, Wanted};
use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

const MAGE_OS: &[&str] = &[
    "Install mage-os/mageos-async-events and mage-os/mageos-common-async-events, with RabbitMQ for retries",
    "Give the integration the resource MageOS_AsyncEvents::manage, then run `waybill store check --repair`: it subscribes to sales.shipment.created, sales.order.shipped and sales.order.cancelled for {address}",
    "Or subscribe by hand, for each of the three: POST /rest/V1/async_event {\"asyncEvent\":{\"event_name\":\"sales.shipment.created\",\"recipient_url\":\"{address}\",\"verification_token\":\"(the secret)\",\"metadata\":\"http\"}}",
];
const IO_EVENTS: &[&str] = &[
    "In the Adobe Developer Console create a project with I/O Events for Adobe Commerce and connect the store to it",
    "Subscribe: bin/magento events:subscribe observer.sales_order_shipment_track_save_after --fields=entity_id --fields=parent_id --fields=order_id",
    "Add an event registration with delivery method Webhook and the URL {address}; the check by challenge is answered by itself",
    "Give the project's client id to waybill as client_id: events for other projects are refused",
];
const COMMERCE_WEBHOOKS: &[&str] = &[
    "In the Commerce admin open System, Webhooks, and add a webhook for observer.sales_order_shipment_track_save_after, type after, URL {address}, method POST, required: no, a timeout of 2000 ms",
    "Map the fields order_id (data.track.order_id), shipment_id (data.track.parent_id) and track_number (data.track.track_number); compare the source paths with the webhook's info page",
    "In Stores, Configuration, Adobe Services, Webhooks enable the signature and give the public key shown there to waybill",
];
const MAGEPLAZA: &[&str] = &[
    "In the Magento admin open System, Webhook, Manage Hooks and add a hook of the kind New Shipment, method POST, content type application/json, URL {address}",
    "Authentication: add the header X-Tracking-Auth with the secret shown here (Basic with the secret as password does as well; Digest does not)",
    "Body: {\"event\":\"new_shipment\",\"shipment_id\":\"{{ item.entity_id }}\",\"order_id\":\"{{ item.order_id }}\",\"increment_id\":\"{{ item.increment_id }}\"}",
];

/// Whether subscriptions can be made by API: Mage-OS, which is also the way when none is set.
pub(crate) fn has_api(settings: &StoreSettings) -> bool {
    matches!(settings.way.as_deref(), None | Some("mage-os"))
}

/// The steps for a person.
pub(crate) fn by_hand(way: Option<&str>) -> &'static [&'static str] {
    match way {
        Some("io-events") => IO_EVENTS,
        Some("commerce-webhooks") => COMMERCE_WEBHOOKS,
        Some("mageplaza") => MAGEPLAZA,
        _ => MAGE_OS,
    }
}

/// The subscriptions of one store. All events may share an address: their bodies tell them apart.
pub(crate) struct Hooks {
    client: Client,
    wanted: Wanted,
    /// Which of our addresses is listed, and which page.
    at: (usize, u32),
}

impl Hooks {
    pub(crate) fn new(access: &StoreAccess, wanted: Wanted) -> Result<Self, StoreError> {
        Ok(Self { client: Client::new(access)?, wanted, at: (0, 1) })
    }
}

#[derive(Deserialize)]
struct Subscription {
    #[serde(default)]
    subscription_id: Text,
    #[serde(default)]
    event_name: Text,
    #[serde(default)]
    recipient_url: Text,
    #[serde(default)]
    status: Flag,
}

impl HookApi for Hooks {
    fn topics(&self) -> &'static [&'static str] {
        &["sales.shipment.created", "sales.order.shipped", "sales.order.cancelled"]
    }

    fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    fn removal_switches_off(&self) -> bool {
        true
    }

    fn list(&mut self, page: Option<&str>, now: Timestamp) -> Result<Request<Bytes>, StoreError> {
        let at = page.and_then(|page| page.split_once('/')).map(|(address, page)| (address.parse(), page.parse()));
        self.at = match at {
            Some((Ok(address), Ok(page))) => (address, page),
            _ => (0, 1),
        };
        let address = self.wanted.addresses().nth(self.at.0).unwrap_or(&self.wanted.address);
        let filter = [("recipient_url", address, "eq")];
        let path = format!("/async_events?{}", search("subscription_id", &filter, self.at.1));
        self.client.request(Method::GET, &path, None, now)
    }

    fn listed(&self, response: &Response<Bytes>) -> Result<(Vec<Existing>, Option<String>), StoreError> {
        let Answer::Body(body) = answer::sorted(response)? else {
            return Err(StoreError::Unavailable("HTTP 404: the store has no Mage-OS async events".to_owned()));
        };
        let page: SearchPage<Subscription> = answer::json(body)?;
        let (address, more) = (self.at.0, page.next(self.at.1));
        let next = match more {
            Some(page) => Some(format!("{address}/{page}")),
            None => (address + 1 < self.wanted.addresses().count()).then(|| format!("{}/1", address + 1)),
        };
        let existing = page.items.0.into_iter().filter_map(|subscription| {
            Some(Existing {
                id: subscription.subscription_id.take()?,
                topic: subscription.event_name.take()?,
                address: subscription.recipient_url.take().unwrap_or_default(),
                good: subscription.status.0,
            })
        });
        Ok((existing.collect(), next))
    }

    fn change(&mut self, change: &Change, now: Timestamp) -> Result<Option<Request<Bytes>>, StoreError> {
        let secret = self.wanted.secret.as_ref().map(ExposeSecret::expose_secret);
        let switch = |existing: &Existing, on: bool| {
            let id = existing.id.parse::<u64>().unwrap_or_default();
            let body = json!({ "asyncEvent": { "subscription_id": id, "event_name": existing.topic, "status": on } });
            (Method::PUT, format!("/async_event/{}", existing.id), body)
        };
        let (method, path, body): (Method, String, Value) = match change {
            Change::Create(event) => (
                Method::POST,
                "/async_event".to_owned(),
                json!({ "asyncEvent": {
                    "event_name": event,
                    "recipient_url": self.wanted.address,
                    "verification_token": secret,
                    "metadata": "http",
                } }),
            ),
            Change::Repair(existing) => switch(existing, true),
            Change::Remove(existing) => switch(existing, false),
        };
        self.client.request(method, &path, Some(&body), now).map(Some)
    }
}
