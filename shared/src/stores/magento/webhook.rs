//! What a delivery of one of Magento's four ways says.

use super::Way;
use super::body::{OrderBody, ShipmentBody};
use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::{Fulfilment, OrderLink};
use crate::domain::ids::{ShipmentId, StoreOrderId};
use crate::stores::error::StoreError;
use crate::stores::json::{Maybe, Text, moment};
use crate::stores::{Delivery, Notice, ThinNotice, Verified, exact, limits, signature};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Adobe sends at most 20 events in one delivery.
const MOST_EVENTS: usize = 100;
/// Objects inside objects that are searched for ids.
const DEEPEST: usize = 3;
/// Bytes of the largest form that is read.
const LARGEST_FORM: usize = 64 * 1024;
/// Longest challenge that is echoed.
const LONGEST_CHALLENGE: usize = 200;

/// Reads a verified delivery.
pub(super) fn read(delivery: &Verified<'_>, way: Way, settings: &StoreSettings) -> Result<Notice, StoreError> {
    let request = delivery.delivery;
    if !delivery.signed {
        return match (challenge(request), validation_url(request)) {
            (Some(text), _) => Ok(Notice::EchoChallenge(text)),
            (None, Some(url)) => Ok(Notice::ValidationUrl(url)),
            (None, None) => Ok(Notice::NotForUs),
        };
    }
    match way {
        Way::MageOs => mage_os(&request.body, settings, delivery.now),
        Way::IoEvents => io_events(request, delivery.now),
        Way::CommerceWebhooks | Way::Mageplaza => ids_only(request, delivery.now),
        Way::Registration => Ok(Notice::NotForUs),
    }
}

/// The value that Adobe's registration check wants back. Only plain characters are echoed.
pub(super) fn challenge(delivery: &Delivery) -> Option<String> {
    if delivery.method != http::Method::GET {
        return None;
    }
    let query = delivery.query.as_deref()?;
    let value = query.split('&').find_map(|pair| pair.strip_prefix("challenge="))?;
    let text = percent_decode_str(value.get(..LONGEST_CHALLENGE).unwrap_or(value)).decode_utf8().ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=' | '+' | '/');
    (!text.is_empty() && value.len() <= LONGEST_CHALLENGE && text.chars().all(plain)).then(|| text.into_owned())
}

/// The address at Adobe that confirms a registration when the challenge was not answered.
pub(super) fn validation_url(delivery: &Delivery) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        validation_url: String,
    }
    if delivery.method != http::Method::POST || delivery.body.len() > 4096 {
        return None;
    }
    let text = serde_json::from_slice::<Body>(&delivery.body).ok()?.validation_url;
    let url = url::Url::parse(&text).ok()?;
    let adobe = url.host_str().is_some_and(|host| host == "adobe.io" || host.ends_with(".adobe.io"));
    let plain =
        url.scheme() == "https" && url.port().is_none() && url.username().is_empty() && url.password().is_none();
    (adobe && plain).then_some(text)
}

/// A JSON object, or an array of such.
pub(super) fn one_or_many<T: DeserializeOwned>(body: &[u8]) -> Option<Vec<T>> {
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => exact::from_slice(body).ok(),
        _ => exact::from_slice(body).ok().map(|one| vec![one]),
    }
}

/// Mage-OS sends a whole shipment or a whole order, without the event's name.
fn mage_os(body: &[u8], settings: &StoreSettings, now: Timestamp) -> Result<Notice, StoreError> {
    #[derive(Deserialize)]
    struct Body {
        data: Value,
    }
    let Body { data } = exact::from_slice(body).map_err(|_| StoreError::Unreadable("it is not an object with data"))?;
    if !data.is_object() {
        return Err(StoreError::Unreadable("data is not an object"));
    }
    let unreadable = |_| StoreError::Unreadable("data is neither a shipment nor an order");
    if data.get("order_id").is_some() {
        let body: ShipmentBody = serde_json::from_value(data).map_err(unreadable)?;
        let order = body.order().ok_or(StoreError::Unreadable("data.order_id is missing"))?;
        let shipment = body.shipment(now).ok_or(StoreError::Unreadable("data.entity_id is missing"))?;
        let message = Fulfilment {
            order,
            order_name: None,
            link: OrderLink::NotRead,
            cancelled: None,
            shipments: vec![shipment],
            complete: None,
        };
        return limits::checked(message).map(Notice::Fulfilled);
    }
    let body: OrderBody = serde_json::from_value(data).map_err(unreadable)?;
    let order = body.entity_id.id().and_then(|id| StoreOrderId::parse(id).ok());
    let order = order.ok_or(StoreError::Unreadable("data.entity_id is missing"))?;
    if body.state.get().is_none() {
        return Err(StoreError::Unreadable("data.state is missing"));
    }
    if body.is_cancelled() {
        return limits::checked(body.head(order, settings, now)).map(Notice::Fulfilled);
    }
    // The order has shipped, or partly; its shipments are one read away.
    Ok(Notice::Thin(ThinNotice { order: Some(order), shipment: None, deleted: false, at: now, known: None }))
}

#[derive(Deserialize)]
struct Event {
    #[serde(default, rename = "type")]
    kind: Text,
    #[serde(default)]
    time: Text,
    #[serde(default)]
    data: Maybe<EventData>,
}

#[derive(Deserialize)]
struct EventData {
    #[serde(default)]
    value: Maybe<EventValue>,
}

#[derive(Deserialize)]
struct EventValue {
    #[serde(default)]
    entity_id: Text,
    /// Of a track: the shipment.
    #[serde(default)]
    parent_id: Text,
    #[serde(default)]
    order_id: Text,
}

/// Adobe I/O Events: one cloud event, or a batch of them.
fn io_events(request: &Delivery, now: Timestamp) -> Result<Notice, StoreError> {
    let events: Vec<Event> =
        one_or_many(&request.body).ok_or(StoreError::Unreadable("it is neither an event nor a list of events"))?;
    let code = signature::header(request, "x-adobe-event-code").unwrap_or_default();
    let mut notices: Vec<Notice> = Vec::new();
    for event in events.iter().take(MOST_EVENTS) {
        let notice = io_event(event, code, now)?;
        if notice != Notice::NotForUs && !notices.contains(&notice) {
            notices.push(notice);
        }
    }
    match notices.len() {
        0 => Ok(Notice::NotForUs),
        1 => notices.pop().ok_or(StoreError::Unreadable("it holds no event")),
        _ => Ok(Notice::Batch(notices)),
    }
}

fn io_event(event: &Event, code: &str, now: Timestamp) -> Result<Notice, StoreError> {
    let kind = event.kind.get().unwrap_or(code);
    let of_track = kind.contains("sales_order_shipment_track_");
    if !of_track && !kind.contains("sales_order_shipment_") {
        return Ok(Notice::NotForUs);
    }
    let value = event.data.0.as_ref().and_then(|data| data.value.0.as_ref());
    let value = value.ok_or(StoreError::Unreadable("data.value is missing"))?;
    let shipment = if of_track { &value.parent_id } else { &value.entity_id };
    let at = event.time.get().and_then(moment).unwrap_or(now);
    thin(value.order_id.id(), shipment.id(), at)
}

/// Commerce Webhooks and Mageplaza: fields that a person configured, so at the top or inside other objects, as JSON or as
/// a form.
fn ids_only(request: &Delivery, now: Timestamp) -> Result<Notice, StoreError> {
    #[derive(Default, Deserialize)]
    struct Ids {
        #[serde(default)]
        event: Text,
        #[serde(default)]
        order_id: Text,
        #[serde(default)]
        shipment_id: Text,
        #[serde(default)]
        parent_id: Text,
        #[serde(default)]
        entity_id: Text,
    }
    let body: Value = match exact::from_slice(&request.body) {
        Ok(body @ Value::Object(_)) => body,
        _ => form(request).ok_or(StoreError::Unreadable("it is not a JSON object"))?,
    };
    let ids = with_ids(&body, DEEPEST).and_then(|ids| serde_json::from_value::<Ids>(ids.clone()).ok());
    let ids = ids.unwrap_or_default();
    let event = Text::deserialize(body.get("event").unwrap_or(&Value::Null)).unwrap_or_default();
    let event = event.get().or(ids.event.get()).unwrap_or_default();
    // Of a shipment's event, the entity is the shipment; of any other one it may be anything.
    let entity = if event.contains("shipment") && !event.contains("track") { ids.entity_id.id() } else { None };
    let shipment = [ids.shipment_id.id(), ids.parent_id.id(), entity].into_iter().flatten().next();
    thin(ids.order_id.id(), shipment, now)
}

/// The outermost object that names an order or a shipment.
fn with_ids(value: &Value, depth: usize) -> Option<&Value> {
    let object = value.as_object()?;
    if ["order_id", "shipment_id", "parent_id"].iter().any(|key| object.contains_key(*key)) {
        return Some(value);
    }
    let deeper = depth.checked_sub(1)?;
    object.values().find_map(|inner| with_ids(inner, deeper))
}

/// A form's fields as an object.
fn form(request: &Delivery) -> Option<Value> {
    let kind = signature::header(request, "content-type")?;
    if !kind.starts_with("application/x-www-form-urlencoded") || request.body.len() > LARGEST_FORM {
        return None;
    }
    let fields = url::form_urlencoded::parse(&request.body);
    Some(Value::Object(fields.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect()))
}

fn thin(order: Option<&str>, shipment: Option<&str>, at: Timestamp) -> Result<Notice, StoreError> {
    let order = order.and_then(|id| StoreOrderId::parse(id).ok());
    let shipment = shipment.and_then(|id| ShipmentId::parse(id).ok());
    if order.is_none() && shipment.is_none() {
        return Err(StoreError::Unreadable("it names neither an order nor a shipment"));
    }
    Ok(Notice::Thin(ThinNotice { order, shipment, deleted: false, at, known: None }))
}
