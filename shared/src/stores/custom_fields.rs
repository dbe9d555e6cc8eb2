//! Writes custom fields into a store's order, and nothing else of it. Writing the same values twice changes nothing.
//!
//! What the platforms ask for (documented by them, not tried with every version):
//!
//! | Platform | Call | The credentials must be allowed |
//! |---|---|---|
//! | Shopify | GraphQL `metafieldsSet`, 25 at most, all or none | `write_orders` |
//! | WooCommerce | `PUT /wc/v3/orders/{id}` with `meta_data`; a known key without its id is replaced | read and write |
//! | BigCommerce | `GET`, `POST`, `PUT /v3/orders/{id}/metafields` | `store_v2_orders` (modify) |
//! | Magento | `GET`, `POST /V1/orders/{id}/comments` | `Magento_Sales::comment` |

use super::error::StoreError;
use super::{StoreAccess, bigcommerce, magento, shopify, woocommerce};
use crate::domain::custom_fields::{Field, Passed, Path};
use crate::domain::ids::StoreOrderId;
use crate::domain::platform::Platform;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;

/// A value for one field, with the path it came from.
#[derive(Clone, Debug)]
pub struct Value {
    /// Where in TikTok's order.
    pub path: Path,
    /// Where it goes.
    pub field: Field,
    /// What it is.
    pub value: Passed,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It stands in the store.
    Written,
    /// The store does not know the order (any more).
    Gone,
    /// The store would not have it: its sign for why, never the value.
    Refused(String),
}

/// One step.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a step lives for one call; a box for each request is no gain")]
pub enum FieldStep {
    /// Send this and hand the answer to the next call.
    Send(Request<Bytes>),
    /// Finished.
    Done(Outcome),
}

/// A write under way: a small machine that never does I/O itself.
pub trait FieldMachine: Send {
    /// The first call passes `None`; every further one the answer to the request just sent.
    ///
    /// # Errors
    /// [`StoreError`] says what the caller can do. Beginning anew is always safe.
    fn step(&mut self, answer: Option<&Response<Bytes>>, now: Timestamp) -> Result<FieldStep, StoreError>;
}

/// Begins to write values into an order. Values for fields of other platforms are left out.
///
/// # Errors
/// [`StoreError::Unauthorised`] for credentials of the wrong kind, [`StoreError::Unreadable`] for an order id that is not
/// the platform's, or a platform that cannot be written to.
pub fn write(
    access: &StoreAccess,
    order: &StoreOrderId,
    values: Vec<Value>,
) -> Result<Box<dyn FieldMachine>, StoreError> {
    let digits = order.as_str().bytes().all(|b| b.is_ascii_digit());
    if !digits {
        return Err(StoreError::Unreadable("the order id is not the platform's"));
    }
    let values: Vec<Value> = values.into_iter().filter(|value| value.field.is_of(access.platform)).collect();
    Ok(match access.platform {
        Platform::Shopify => Box::new(shopify::fields::Write::new(access, order, &values)?),
        Platform::WooCommerce => Box::new(woocommerce::fields::Write::new(access, order, &values)?),
        Platform::BigCommerce => Box::new(bigcommerce::fields::Write::new(access, order, values)?),
        Platform::Magento => Box::new(magento::fields::Write::new(access, order, &values)?),
        Platform::Generic => return Err(StoreError::Unreadable("this store has no API to write to")),
    })
}

/// What people who look for another kind of field on a platform should know; `None`: nothing.
#[must_use]
pub fn beside(platform: Platform) -> Option<&'static str> {
    match platform {
        Platform::Magento => Some(
            "Magento takes a comment only: its REST API has no call that writes one attribute of an order, and saving the \
             whole order would undo what others change meanwhile",
        ),
        Platform::Shopify | Platform::WooCommerce | Platform::BigCommerce | Platform::Generic => None,
    }
}

/// The forms in which a platform's fields are named, with what its credentials must be allowed; `None`: it has none.
#[must_use]
pub fn form(platform: Platform) -> Option<(&'static str, &'static str)> {
    match platform {
        Platform::Shopify => Some(("namespace.key", "write_orders")),
        Platform::WooCommerce => Some(("_key", "read and write")),
        Platform::BigCommerce => Some(("namespace.key", "Orders: modify")),
        Platform::Magento => Some(("comment", "Sales, Orders: comment")),
        Platform::Generic => None,
    }
}
