//! `waybill decode`: what a captured store delivery says, with no effect.
//!
//! A capture is one JSON file: `request` (method, headers, exact body), `signing_secret`, and `follow_ups`, the answers of
//! the reads that our side makes afterwards. The adapters are the ones of production; only the store's answers come from
//! the file. Files are deliveries to one store in the order given, so a later one is compared with the earlier ones.

mod capture;
mod history;
#[cfg(test)]
mod tests;

use capture::{Capture, Keys};
use history::{Change, History};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use waybill::domain::fulfilment::{Fulfilment, OrderLink, Shipment, ShipmentStatus, StoreLine, StoreParcel};
use waybill::domain::ids::StoreOrderId;
use waybill::domain::platform::Platform;
use waybill::stores::error::StoreError;
use waybill::stores::{LookUp, Notice, Step, ThinNotice, adapter, look_up};

/// A file as it was found.
#[derive(Clone, Copy, Debug)]
pub struct CapturedFile<'a> {
    /// Its path, of which the last folder may name the platform.
    pub name: &'a str,
    /// Its contents.
    pub bytes: &'a [u8],
    /// When it was written: the present, when the delivery itself carries no time.
    pub modified: Timestamp,
}

/// Reads captures in order. `keys` has the form of `magento/public_keys.json`: Adobe's public keys and our client id.
///
/// One JSON object per event: a batch gives several. A wrong signature gives `{"action":"reject"}`, a file that is no
/// capture `{"action":"error", …}`.
#[must_use]
pub fn decode(files: &[CapturedFile<'_>], keys: Option<&[u8]>) -> Vec<Value> {
    let keys = keys.map(|bytes| serde_json::from_slice::<Keys>(bytes).unwrap_or_default()).unwrap_or_default();
    let mut history = History::default();
    let mut results = Vec::new();
    for file in files {
        match Capture::parse(file, &keys) {
            Ok(mut capture) => results.extend(delivery_results(&mut capture, &mut history)),
            Err(problem) => results.push(json!({ "action": "error", "file": file.name, "message": problem })),
        }
    }
    results
}

fn delivery_results(capture: &mut Capture, history: &mut History) -> Vec<Value> {
    let adapter = adapter(capture.platform);
    let notice = match adapter.verify(&capture.delivery, &capture.secrets, capture.now) {
        Ok(verified) => adapter.read(&verified, &capture.settings),
        Err(_) => return vec![json!({ "action": "reject" })],
    };
    let notices = match notice {
        Ok(Notice::Batch(notices)) => notices,
        Ok(notice) => vec![notice],
        Err(error) => return vec![json!({ "action": "unreadable", "message": error.to_string() })],
    };
    let reply = adapter.reply(&capture.delivery).and_then(|body| serde_json::from_str::<Value>(body).ok());
    let mut results = Vec::new();
    for notice in notices {
        let mut result = notice_result(notice, capture, history);
        if let (Some(body), Some(object)) = (&reply, result.as_object_mut()) {
            object.insert("reply".to_owned(), json!({ "status": 200, "body": body }));
        }
        results.push(result);
    }
    results
}

fn notice_result(notice: Notice, capture: &mut Capture, history: &mut History) -> Value {
    match notice {
        Notice::Fulfilled(mut fulfilment) => {
            if fulfilment.link == OrderLink::NotRead {
                match answered(capture, LookUp::Link { order: fulfilment.order.clone() }) {
                    Ok(Some(Step::Done(head))) => {
                        fulfilment.link = head.link;
                        fulfilment.cancelled = fulfilment.cancelled.or(head.cancelled);
                        fulfilment.order_name = head.order_name.or(fulfilment.order_name);
                    }
                    Ok(Some(Step::Gone)) => return order_only(Some(&fulfilment.order), "deleted"),
                    Ok(_) => {}
                    Err(error) => return waiting(Some(&fulfilment.order), &error),
                }
            }
            fulfilment_result(&fulfilment, capture, history)
        }
        Notice::Thin(thin) => thin_result(thin, capture, history),
        Notice::Deleted(order) => order_only(Some(&order), "deleted"),
        Notice::Uninstalled => json!({ "action": "uninstalled" }),
        Notice::Compliance { topic } => json!({ "action": "compliance", "topic": topic }),
        Notice::Ping => json!({ "action": "ping" }),
        Notice::EchoChallenge(text) => json!({ "action": "echo_challenge", "challenge": text }),
        Notice::ValidationUrl(_) => json!({ "action": "validation_url" }),
        Notice::ErrorBody { .. } => json!({ "action": "ignore_error_body" }),
        Notice::NotForUs | Notice::Batch(_) => json!({ "action": "ignore" }),
    }
}

fn thin_result(thin: ThinNotice, capture: &mut Capture, history: &mut History) -> Value {
    let order = thin.order.clone();
    match answered(capture, LookUp::Shipments(thin)) {
        Ok(Some(Step::Done(fulfilment))) => fulfilment_result(&fulfilment, capture, history),
        Ok(Some(Step::Gone)) => order_only(order.as_ref(), "deleted"),
        Ok(_) => order_only(order.as_ref(), "wait"),
        Err(error) => waiting(order.as_ref(), &error),
    }
}

/// Runs a look-up on the captured answers. `None`: the capture lacks an answer.
fn answered(capture: &mut Capture, what: LookUp) -> Result<Option<Step>, StoreError> {
    let mut machine = look_up(&capture.access(), what)?;
    let mut step = machine.step(None, capture.now)?;
    while let Step::Send(request) = &step {
        let Some(answer) = capture.answer_to(request) else { return Ok(None) };
        step = machine.step(Some(&answer), capture.now)?;
    }
    Ok(Some(step))
}

fn order_only(order: Option<&StoreOrderId>, action: &str) -> Value {
    json!({
        "store_order_id": order.map(StoreOrderId::as_str),
        "store_order_name": null,
        "tiktok_order_id": null,
        "shipments": [],
        "action": action,
    })
}

fn waiting(order: Option<&StoreOrderId>, error: &StoreError) -> Value {
    let mut result = order_only(order, "wait");
    if let Some(object) = result.as_object_mut() {
        object.insert("message".to_owned(), json!(error.to_string()));
    }
    result
}

fn fulfilment_result(fulfilment: &Fulfilment, capture: &Capture, history: &mut History) -> Value {
    let change = history.take(capture.platform, fulfilment);
    let action = action(fulfilment, &change);
    let listed: Vec<(&Shipment, &StoreParcel)> = match action {
        "cancel" => Vec::new(),
        _ => fulfilment
            .shipments
            .iter()
            .filter(|shipment| match action {
                "wait" => shipment.status == ShipmentStatus::NotYet,
                _ => shipment.status == ShipmentStatus::Shipped,
            })
            .flat_map(|shipment| shipment.parcels.iter().map(move |parcel| (shipment, parcel)))
            .collect(),
    };
    let mut result = Map::new();
    let mut put = |key: &str, value: Value| result.insert(key.to_owned(), value);
    put("store_order_id", json!(fulfilment.order.as_str()));
    put("store_order_name", json!(fulfilment.order_name));
    put(
        "tiktok_order_id",
        match &fulfilment.link {
            OrderLink::Found(id) => json!(id.as_str()),
            OrderLink::NotRead | OrderLink::NotFound | OrderLink::OtherChannel | OrderLink::Ambiguous(_) => Value::Null,
        },
    );
    put("shipments", listed.iter().map(|(shipment, parcel)| parcel_json(shipment, parcel)).collect());
    put("action", json!(action));
    if listed.iter().any(|(shipment, _)| shipment.parcels.len() > 1 && !shipment.lines.is_empty()) {
        put("shared_line_items", json!(true));
    }
    if action == "cancel"
        && let (None, [shipment]) = (&fulfilment.cancelled, fulfilment.shipments.as_slice())
    {
        let key = if capture.platform == Platform::Shopify { "cancelled_fulfillment" } else { "cancelled_shipment" };
        put(key, json!(shipment.id.as_str()));
    }
    if matches!(action, "upsert" | "unchanged" | "no_tracking") && !change.removed.is_empty() {
        put("removed", json!(change.removed));
    }
    if action == "upsert"
        && let Some(id) = superseded(fulfilment, capture, &change)
    {
        put("supersedes_fulfillment", json!(id));
    }
    Value::Object(result)
}

fn action(fulfilment: &Fulfilment, change: &Change) -> &'static str {
    let all = |status| fulfilment.shipments.iter().all(|shipment| shipment.status == status);
    let shipped = fulfilment.shipments.iter().filter(|shipment| shipment.status == ShipmentStatus::Shipped);
    match &fulfilment.link {
        OrderLink::NotRead => "wait",
        OrderLink::NotFound | OrderLink::OtherChannel => "not_tiktok",
        OrderLink::Ambiguous(_) => "ambiguous_tiktok_id",
        OrderLink::Found(_) if fulfilment.cancelled.is_some() => "cancel",
        OrderLink::Found(_) if !fulfilment.shipments.is_empty() && all(ShipmentStatus::Cancelled) => "cancel",
        OrderLink::Found(_) if shipped.clone().any(|shipment| !shipment.parcels.is_empty()) => {
            if change.unchanged {
                "unchanged"
            } else {
                "upsert"
            }
        }
        OrderLink::Found(_) if shipped.count() == 0 && !fulfilment.shipments.is_empty() => "wait",
        OrderLink::Found(_) => "no_tracking",
    }
}

/// A Shopify fulfillment keeps its id when its numbers are edited, and the message has no field for the old ones. Alone,
/// an update that is no carrier event counts as such an edit; beside earlier deliveries the numbers decide.
fn superseded(fulfilment: &Fulfilment, capture: &Capture, change: &Change) -> Option<String> {
    let [shipment] = fulfilment.shipments.as_slice() else { return None };
    let edited = if change.known { change.replaced } else { capture.is_plain_update() };
    (capture.platform == Platform::Shopify && edited).then(|| shipment.id.as_str().to_owned())
}

fn parcel_json(shipment: &Shipment, parcel: &StoreParcel) -> Value {
    let line = |line: &StoreLine| {
        let mut shown = json!({ "sku": line.sku, "quantity": line.quantity });
        // Rounded up, and it waits for a person.
        if line.part {
            shown["part_of_a_unit"] = json!(true);
        }
        shown
    };
    let lines: Vec<Value> = shipment.lines.iter().map(line).collect();
    json!({
        "tracking_number": parcel.number.as_str(),
        "tracking_number_normalized": parcel.number.key(),
        "carrier_name": parcel.carrier,
        "line_items": lines,
    })
}
