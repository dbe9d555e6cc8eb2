//! Reads from WooCommerce's REST API v3.

use super::notes;
use super::order::{Meta, OrderBody};
use super::trackings::units;
use super::value::{elements, field, text};
use crate::domain::fulfilment::{Fulfilment, Shipment, ShipmentStatus, StoreParcel, Version};
use crate::domain::ids::{ShipmentId, StoreOrderId};
use crate::domain::numbers::numbers_in;
use crate::stores::answer::{self, Answer};
use crate::stores::error::StoreError;
use crate::stores::json::{Flag, List, Text};
use crate::stores::{Known, LookUp, LookUpMachine, Step, StoreAccess, StoreCredentials, exact, limits};
use bytes::Bytes;
use data_encoding::BASE64;
use http::{Method, Request, Response};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;

/// Sends requests to one site, with consumer key and secret as Basic authentication.
#[derive(Clone, Debug)]
pub(super) struct Client {
    base: String,
    authorization: secrecy::SecretString,
}

impl Client {
    pub(super) fn new(access: &StoreAccess) -> Result<Self, StoreError> {
        let StoreCredentials::Basic { key, secret } = &access.credentials else {
            return Err(StoreError::Unauthorised { status: 0 });
        };
        let pair = BASE64.encode(format!("{}:{}", key.expose_secret(), secret.expose_secret()).as_bytes());
        Ok(Self { base: format!("{}/wp-json/wc/v3", access.base), authorization: format!("Basic {pair}").into() })
    }

    pub(super) fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Request<Bytes>, StoreError> {
        let uri = format!("{}{path}", self.base);
        answer::request(method, &uri, &[("authorization", self.authorization.expose_secret())], body)
    }

    fn order(&self, order: &StoreOrderId, rest: &str) -> Result<Request<Bytes>, StoreError> {
        let id = utf8_percent_encode(order.as_str(), NON_ALPHANUMERIC);
        self.request(Method::GET, &format!("/orders/{id}{rest}"), None)
    }
}

/// A 404 is the order's absence only if WooCommerce itself says so; a site without its REST API answers 404 as well.
pub(super) fn really_gone(body: &[u8]) -> Result<(), StoreError> {
    #[derive(Deserialize)]
    struct Problem {
        #[serde(default)]
        code: Text,
    }
    match serde_json::from_slice::<Problem>(body).ok().and_then(|problem| problem.code.take()) {
        Some(code) if code != "rest_no_route" => Ok(()),
        _ => Err(StoreError::Unavailable("HTTP 404: the site has no WooCommerce REST API at this address".to_owned())),
    }
}

/// Reads one order, then WooCommerce's own fulfillments where the order has them, then its notes where a person asked for
/// them.
pub(crate) struct OrderRead {
    access: StoreAccess,
    client: Client,
    order: StoreOrderId,
    shipments: bool,
    known: Option<Known>,
    waiting: Waiting,
}

/// What is being waited for.
#[derive(Clone, Copy)]
enum Waiting {
    Order,
    Fulfillments,
    Notes,
}

impl OrderRead {
    pub(crate) fn new(access: &StoreAccess, what: LookUp) -> Result<Self, StoreError> {
        let (order, shipments, known) = match what {
            LookUp::Link { order } => (order, false, None),
            LookUp::Shipments(notice) => {
                let order = notice.order.ok_or(StoreError::Unreadable("the notice names no order"))?;
                (order, true, notice.known.map(|known| *known))
            }
        };
        let (access, client) = (access.clone(), Client::new(access)?);
        Ok(Self { access, client, order, shipments, known, waiting: Waiting::Order })
    }

    /// Reads what is missing of an order that a list showed.
    pub(super) fn of_known(access: &StoreAccess, known: Known) -> Result<Self, StoreError> {
        let (order, client) = (known.fulfilment.order.clone(), Client::new(access)?);
        let access = access.clone();
        Ok(Self { access, client, order, shipments: true, known: Some(known), waiting: Waiting::Order })
    }

    fn get(&mut self, waiting: Waiting) -> Result<Step, StoreError> {
        self.waiting = waiting;
        let rest = match waiting {
            Waiting::Order => "",
            Waiting::Fulfillments => "/fulfillments",
            Waiting::Notes => "/notes",
        };
        self.client.order(&self.order, rest).map(Step::Send)
    }

    /// The next read that an order needs, or the answer.
    fn next(&mut self, known: Known) -> Result<Step, StoreError> {
        if known.fulfillments {
            self.known = Some(known);
            return self.get(Waiting::Fulfillments);
        }
        if notes::are_wanted(&self.access.settings, &known.fulfilment) && known.fulfilment.cancelled.is_none() {
            self.known = Some(known);
            return self.get(Waiting::Notes);
        }
        limits::checked(known.fulfilment).map(Step::Done)
    }

    fn order_read(&mut self, answer: &Response<Bytes>, now: Timestamp) -> Result<Step, StoreError> {
        let body = match answer::sorted(answer)? {
            Answer::Body(body) => body,
            Answer::Gone(body) => return really_gone(body).map(|()| Step::Gone),
        };
        let order: OrderBody = answer::json(body)?;
        // Without an id it is no order, and its empty list of trackings says nothing.
        answer::recognised(std::slice::from_ref(&order), |order| order.id.get())?;
        let mut fulfilment = order.fulfilment(self.order.clone(), &self.access.settings, now);
        if !self.shipments {
            fulfilment.shipments.clear();
            fulfilment.complete = None;
            return limits::checked(fulfilment).map(Step::Done);
        }
        self.next(Known { fulfilment, lines: order.skus(), fulfillments: order.has_core_fulfillments() })
    }
}

impl LookUpMachine for OrderRead {
    fn step(&mut self, answer: Option<&Response<Bytes>>, now: Timestamp) -> Result<Step, StoreError> {
        match (answer, self.known.take()) {
            (None, None) => self.get(Waiting::Order),
            (None, Some(known)) => self.next(known),
            (Some(answer), None) => self.order_read(answer, now),
            (Some(answer), Some(known)) if matches!(self.waiting, Waiting::Notes) => {
                notes::added(known.fulfilment, answer).and_then(limits::checked).map(Step::Done)
            }
            (Some(answer), Some(known)) => {
                let fulfilment = with_fulfillments(known, answer, now)?;
                self.next(Known { fulfilment, lines: Vec::new(), fulfillments: false })
            }
        }
    }
}

#[derive(Deserialize)]
struct CoreFulfillment {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    is_fulfilled: Flag,
    #[serde(default)]
    date_deleted: Text,
    #[serde(default)]
    meta_data: List<Meta>,
}

/// A list, or an object that holds one under `fulfillments`: the shape was read from the source of a feature that is
/// still behind a flag, so both are understood.
fn core_fulfillments(body: &[u8]) -> Result<Vec<CoreFulfillment>, StoreError> {
    #[derive(Deserialize)]
    struct Wrapped {
        fulfillments: List<CoreFulfillment>,
    }
    // A list would be taken for an object, field by field.
    let object = body.trim_ascii_start().starts_with(b"{");
    match object.then(|| exact::from_slice::<Wrapped>(body)) {
        Some(Ok(wrapped)) => Ok(wrapped.fulfillments.0),
        _ => answer::json::<List<CoreFulfillment>>(body).map(|list| list.0),
    }
}

/// Adds WooCommerce's own fulfillments to what the order said.
fn with_fulfillments(known: Known, answer: &Response<Bytes>, now: Timestamp) -> Result<Fulfilment, StoreError> {
    let Known { mut fulfilment, lines, .. } = known;
    let body = match answer::sorted(answer)? {
        Answer::Body(body) => body,
        // The feature is off: what the order itself says is all there is, but not certainly everything.
        Answer::Gone(_) => {
            fulfilment.complete = None;
            return Ok(fulfilment);
        }
    };
    let list = core_fulfillments(body)?;
    answer::recognised(&list, |entry| entry.id.get())?;
    let changed = fulfilment.complete.map_or(now.as_millisecond(), |version| version.changed);
    let version = Version { changed, seen: now.as_millisecond() };
    for entry in &list {
        if !entry.is_fulfilled.0 || entry.date_deleted.get().is_some() {
            continue;
        }
        if let Some(shipment) = core_shipment(entry, &lines, version) {
            add(&mut fulfilment.shipments, shipment);
        }
    }
    for shipment in &mut fulfilment.shipments {
        shipment.version = version;
    }
    fulfilment.complete = Some(version);
    Ok(fulfilment)
}

fn core_shipment(entry: &CoreFulfillment, skus: &[(String, String)], version: Version) -> Option<Shipment> {
    let meta = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| entry.meta_data.0.iter().find(|meta| meta.key.get() == Some(name)))
            .map(|m| &m.value)
    };
    let carrier = meta(&["_shipment_provider", "_shipping_provider"])
        .and_then(text)
        .filter(|slug| slug != "other")
        .or_else(|| meta(&["_provider_name"]).and_then(text));
    let parcels = meta(&["_tracking_number"])
        .and_then(text)
        .iter()
        .flat_map(|numbers| numbers_in(numbers))
        .map(|number| StoreParcel { number, carrier: carrier.clone() })
        .collect();
    let lines = elements(meta(&["_items"]).unwrap_or(&Value::Null))
        .iter()
        .filter_map(|item| {
            let quantity = units(item, &["qty", "quantity"])?;
            let id = field(item, &["item_id", "id"]);
            let sku = skus.iter().find(|(line, _)| Some(line) == id.as_ref()).map(|(_, sku)| sku.clone());
            Some(quantity.of_sku(&sku.unwrap_or_default()))
        })
        .collect();
    let id = ShipmentId::parse(format!("core:{}", entry.id.get()?)).ok()?;
    Some(Shipment { id, version, status: ShipmentStatus::Shipped, parcels, lines })
}

/// A plug-in may hold the same parcel: WooCommerce's own entry names items, so it wins.
fn add(shipments: &mut Vec<Shipment>, shipment: Shipment) {
    for known in shipments.iter_mut().filter(|known| known.lines.is_empty()) {
        known.parcels.retain(|old| !shipment.parcels.iter().any(|new| new.number.key() == old.number.key()));
    }
    shipments.retain(|known| !known.parcels.is_empty() || !known.lines.is_empty());
    let known = |parcel: &StoreParcel| {
        shipments.iter().flat_map(|s| &s.parcels).any(|other| other.number.key() == parcel.number.key())
    };
    let parcels: Vec<StoreParcel> = shipment.parcels.iter().filter(|parcel| !known(parcel)).cloned().collect();
    if !parcels.is_empty() || shipment.parcels.is_empty() {
        shipments.push(Shipment { parcels, ..shipment });
    }
}
