//! A warehouse that reports parcels to the generic endpoint: Standard Webhooks signature, one JSON body per number.

use super::Shelf;
use super::book::{Happening, IdField, What};
use super::hooks::{Outgoing, Subscription, key_behind, post, standard_webhook};
use serde_json::{Value, json};

impl Shelf {
    pub(super) fn generic_deliveries(&mut self, happening: &Happening, hook: &Subscription) -> Vec<Outgoing> {
        let bodies = bodies(happening);
        let mut out = Vec::new();
        for body in bodies {
            let body = body.to_string();
            let id = format!("msg_{}", self.chance.hex(1));
            let [a, b, c] = standard_webhook(&id, happening.at, &key_behind(self.secret_of(hook)), &body);
            let headers = [("content-type", "application/json"), (a.0, &a.1), (b.0, &b.1), (c.0, &c.1)];
            let request = post(&hook.address, &headers, body);
            out.extend(request.map(|request| Outgoing { hook: hook.id, topic: hook.topic.clone(), request }));
        }
        out
    }
}

fn bodies(happening: &Happening) -> Vec<Value> {
    let Some(order) = &happening.order else {
        return Vec::new();
    };
    let mut base = json!({"order_id": order.name, "updated_at": happening.at.to_string()});
    if let Some(id) = order.id_in(IdField::Main) {
        base["tiktok_order_id"] = id.into();
    }
    let (parcel, cancelled) = match &happening.what {
        What::ParcelMade(parcel) | What::ParcelEdited(parcel) => (*parcel, false),
        What::ParcelCancelled(parcel) => (*parcel, true),
        What::OrderCancelled => {
            base["order_cancelled"] = true.into();
            return vec![base];
        }
        _ => return Vec::new(),
    };
    let Some(parcel) = order.parcels.iter().find(|known| known.id == parcel) else {
        return Vec::new();
    };
    let lines: Vec<Value> = parcel
        .lines
        .iter()
        .filter_map(|(line, units)| order.item(*line).map(|item| json!({"sku": item.sku, "quantity": units})))
        .collect();
    let one = |(i, number): (usize, &String)| {
        let mut body = base.clone();
        body["shipment_id"] = format!("{}-{}-{i}", order.name, parcel.id).into();
        if cancelled {
            body["cancelled"] = true.into();
        } else {
            body["carrier"] = parcel.carrier.as_str().into();
            body["tracking_number"] = number.as_str().into();
            body["lines"] = json!(lines);
        }
        body
    };
    parcel.numbers.iter().enumerate().map(one).collect()
}
