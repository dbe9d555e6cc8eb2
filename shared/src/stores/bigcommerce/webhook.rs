//! What a webhook of BigCommerce says: ids only.

use super::TELLING;
use crate::domain::ids::{ShipmentId, StoreOrderId};
use crate::stores::error::StoreError;
use crate::stores::json::Text;
use crate::stores::{Notice, ThinNotice, Verified, exact};
use jiff::Timestamp;
use serde::Deserialize;

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    scope: Text,
    data: Option<Data>,
    /// Seconds since 1970.
    #[serde(default)]
    created_at: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    order_id: Text,
    #[serde(default)]
    status: Option<Status>,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    previous_status_id: Text,
    #[serde(default)]
    new_status_id: Text,
}

impl Status {
    /// A change from or to a status that has to do with shipping.
    fn telling(&self) -> bool {
        [&self.previous_status_id, &self.new_status_id].into_iter().any(|id| match id.get().map(str::parse::<u64>) {
            Some(Ok(number)) => TELLING.contains(&number),
            _ => false,
        })
    }
}

/// Reads a signed delivery by its scope.
pub(super) fn read(delivery: &Verified<'_>) -> Result<Notice, StoreError> {
    let body: Body =
        exact::from_slice(&delivery.delivery.body).map_err(|_| StoreError::Unreadable("it is not a JSON object"))?;
    let scope = body.scope.get().ok_or(StoreError::Unreadable("scope is missing"))?;
    let at = body.created_at.get().and_then(|text| text.parse().ok());
    let at = at.and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or(delivery.now);
    if scope == "store/app/uninstalled" {
        return Ok(Notice::Uninstalled);
    }
    let deleted = scope == "store/shipment/deleted";
    let data = body.data.as_ref();
    let (order, shipment) = match scope {
        "store/shipment/created" | "store/shipment/updated" | "store/shipment/deleted" => {
            let shipment = data.and_then(|data| ShipmentId::parse(data.id.id()?).ok());
            let shipment = shipment.ok_or(StoreError::Unreadable("data.id is missing"))?;
            (data.and_then(|data| data.order_id.id()), Some(shipment))
        }
        // Hooks may be set for one channel: `store/channel/{id}/order/statusUpdated`.
        _ if scope.ends_with("/order/statusUpdated") => {
            if !data.and_then(|data| data.status.as_ref()).is_none_or(Status::telling) {
                return Ok(Notice::NotForUs);
            }
            (data.and_then(|data| data.id.id()), None)
        }
        _ => return Ok(Notice::NotForUs),
    };
    let order = order.and_then(|id| StoreOrderId::parse(id).ok());
    let order = order.ok_or(StoreError::Unreadable("the order's id is missing"))?;
    Ok(Notice::Thin(ThinNotice { order: Some(order), shipment, deleted, at, known: None }))
}
