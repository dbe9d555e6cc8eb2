//! What a webhook of WooCommerce says.

use super::order::OrderBody;
use crate::domain::connection::StoreSettings;
use crate::domain::ids::StoreOrderId;
use crate::stores::error::StoreError;
use crate::stores::json::Text;
use crate::stores::{Notice, Verified, exact, signature};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The two validly signed bodies that are no orders: only an id, or an error of the REST API.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    code: Text,
}

/// Reads a signed delivery by its topic. The delivery id is never looked at: it is a hash of webhook and second, so two
/// orders may share one.
pub(super) fn read(delivery: &Verified<'_>, settings: &StoreSettings) -> Result<Notice, StoreError> {
    let topic = signature::header(delivery.delivery, "x-wc-webhook-topic")
        .ok_or(StoreError::Unreadable("the topic header is missing"))?;
    let body = &delivery.delivery.body;
    if !topic.starts_with("order.") {
        return Ok(Notice::NotForUs);
    }
    let head: Head = parsed(body)?;
    let Some(id) = head.id.id() else {
        // The order vanished before the body was built, or the user who owns the webhook lost the right to see it.
        return match head.code.get() {
            Some(code) => Ok(Notice::ErrorBody { lost_rights: lost_rights(code) }),
            None => Err(StoreError::Unreadable("the order's id is missing")),
        };
    };
    let id = StoreOrderId::parse(id).map_err(|_| StoreError::Unreadable("the order's id is not an id"))?;
    if topic == "order.deleted" {
        return Ok(Notice::Deleted(id));
    }
    parsed::<OrderBody>(body)?.notice(id, settings, delivery.now)
}

fn lost_rights(code: &str) -> bool {
    ["cannot", "forbidden", "authentication", "not_logged_in"].iter().any(|word| code.contains(word))
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, StoreError> {
    exact::from_slice(body).map_err(|_| StoreError::Unreadable("it is not a JSON object"))
}
