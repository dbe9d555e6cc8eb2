//! The tracking plug-ins: where each writes its numbers.

use super::{IdField, Parcel, Plugin, Progress, StoreOrder, Timestamp, Value, hmac, json, live, plain, slug};

pub(super) fn villatheme(order: &StoreOrder, line: u64) -> Value {
    let of_line = live(order).filter(|parcel| parcel.lines.iter().any(|(id, _)| *id == line));
    let list: Vec<Value> = of_line
        .flat_map(|parcel| parcel.numbers.iter().map(move |number| (parcel, number)))
        .map(|(parcel, number)| {
            json!({
                "tracking_number": number, "carrier_slug": slug(&parcel.carrier), "carrier_name": parcel.carrier,
                "carrier_url": "", "carrier_type": "", "time": parcel.updated.as_second(),
            })
        })
        .collect();
    // JSON in a text, not a list.
    let meta =
        json!([{"id": 9100 + line, "key": "_vi_wot_order_item_tracking_data", "value": json!(list).to_string()}]);
    if list.is_empty() { json!([]) } else { meta }
}

pub(super) fn meta(plugin: Plugin, order: &StoreOrder) -> Value {
    let mut entries: Vec<(&str, Value)> = Vec::new();
    if let Some(id) = order.id_in(IdField::Main) {
        entries.extend([("tiktok_order", "1".into()), ("tiktok_order_id", id.into())]);
        entries.extend([("tiktok_fulfillment_type", "0".into()), ("tiktok_order_status", "111".into())]);
    }
    let each = |entry: &dyn Fn(&Parcel, &str) -> Value| -> Value {
        live(order)
            .flat_map(|parcel| parcel.numbers.iter().map(|number| entry(parcel, number)).collect::<Vec<_>>())
            .collect()
    };
    let shipped = |parcel: &Parcel| parcel.created.as_second().to_string();
    let tracked = live(order).next().is_some();
    match plugin {
        Plugin::Official if tracked => entries.push((
            "_wc_shipment_tracking_items",
            each(&|parcel, number| {
                json!({
                    "tracking_provider": slug(&parcel.carrier), "custom_tracking_provider": "",
                    "custom_tracking_link": "", "tracking_number": number, "date_shipped": shipped(parcel),
                    "tracking_id": hmac::hex(b"id", &[number.as_bytes()])[..32],
                })
            }),
        )),
        Plugin::Ast if tracked => entries.push((
            "_wc_shipment_tracking_items",
            each(&|parcel, number| {
                json!({
                    "tracking_provider": slug(&parcel.carrier), "custom_tracking_provider": "",
                    "custom_tracking_link": "", "tracking_number": number, "tracking_product_code": "",
                    "source": "REST_API", "date_shipped": shipped(parcel), "status_shipped": "0", "user_id": 1,
                    "tracking_id": hmac::hex(b"id", &[number.as_bytes()])[..32],
                    "products_list": parcel.lines.iter().filter_map(|(line, units)| {
                        let item = order.item(*line)?;
                        Some(json!({"product": (500 + item.id).to_string(), "item_id": line.to_string(), "qty": units.to_string()}))
                    }).collect::<Vec<_>>(),
                })
            }),
        )),
        Plugin::AfterShip if tracked => {
            let list: Value = live(order)
                .map(|parcel| {
                    let lines: Vec<Value> =
                        parcel.lines.iter().map(|(id, units)| json!({"id": id, "quantity": units})).collect();
                    json!({
                        "slug": slug(&parcel.carrier), "tracking_number": parcel.numbers.join(","),
                        "tracking_id": format!("{:032x}", parcel.id), "additional_fields": {}, "line_items": lines,
                        "metrics": {"created_at": parcel.created.to_string(), "updated_at": parcel.updated.to_string()},
                    })
                })
                .collect();
            entries.push(("_aftership_tracking_items", list));
        }
        Plugin::PluginHive if tracked => entries.push((
            "_ost_tracking_items",
            each(&|parcel, number| {
                json!({
                    "tracking_number": number, "carrier_id": slug(&parcel.carrier), "carrier_name": parcel.carrier,
                    "tracking_link": "", "date_shipped": shipped(parcel),
                })
            }),
        )),
        Plugin::Core => {
            let word = match order.progress() {
                Progress::None => "unfulfilled",
                Progress::Part => "partially_fulfilled",
                Progress::All => "fulfilled",
            };
            entries.push(("_fulfillment_status", word.into()));
        }
        _ => {}
    }
    let entry = |(i, (key, value)): (usize, &(&str, Value))| json!({"id": 9000 + i, "key": key, "value": value});
    entries.iter().enumerate().map(entry).collect()
}

/// One core fulfillment, which the webhook's body does not hold.
pub(super) fn core(order: &StoreOrder, parcel: &Parcel) -> Value {
    let items: Vec<Value> = parcel.lines.iter().map(|(id, units)| json!({"item_id": id, "qty": units})).collect();
    let meta = [
        ("_items", json!(items)),
        ("_tracking_number", parcel.numbers.first().map_or("", String::as_str).into()),
        ("_shipment_provider", slug(&parcel.carrier).into()),
        ("_provider_name", parcel.carrier.as_str().into()),
    ];
    let meta: Vec<Value> = meta
        .into_iter()
        .enumerate()
        .map(|(i, (key, value))| json!({"id": 100 + i, "key": key, "value": value}))
        .collect();
    let date = |at: Timestamp| plain(at, 0).replace('T', " ");
    json!({
        "id": parcel.id, "entity_type": "WC_Order", "entity_id": order.id.to_string(), "status": "fulfilled",
        "is_fulfilled": true, "date_updated": date(parcel.updated), "meta_data": meta,
        "date_deleted": parcel.cancelled.then(|| date(parcel.updated)),
    })
}
