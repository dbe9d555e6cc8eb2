//! How everyday worlds end, told from outside: signed deliveries in, both schedules, TikTok's model, and what a person sees
//! and types. One file for each group of kinds.

mod holds;
mod numbers;
mod quiet;
mod shops;
mod stores;
mod trouble;
mod units;
mod withdrawn;

use serde_json::{Value, json};
use waybill_tests::world::World;

/// The TikTok orders of a world.
const ONE: &str = "576000000000000001";
/// Another one.
const TWO: &str = "576000000000000002";

/// What a warehouse says about a parcel: its own order, TikTok's order, its id of the parcel, the number, what is inside.
/// By USPS, changed now.
fn parcel(world: &World, order: &str, tiktok: &str, id: &str, number: &str, lines: &[(&str, u32)]) -> Value {
    let lines: Vec<Value> = lines.iter().map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity})).collect();
    json!({
        "order_id": order, "tiktok_order_id": tiktok, "shipment_id": id, "tracking_number": number, "carrier": "USPS",
        "lines": lines, "updated_at": world.time.now().to_string(),
    })
}

/// The same with some fields written over.
fn with(mut body: Value, fields: &Value) -> Value {
    for (name, value) in fields.as_object().expect("fields") {
        body[name] = value.clone();
    }
    body
}
