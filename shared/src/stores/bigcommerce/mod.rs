//! BigCommerce: signed notices that hold ids only; two or three reads give the rest.
//!
//! Source: BigCommerce's developer documentation and its OpenAPI files; the signature follows Standard Webhooks, with the
//! client secret's text itself as the key.

pub(crate) mod api;
mod body;
pub mod connect;
pub(crate) mod fields;
pub(crate) mod poll;
pub(crate) mod subscriptions;
mod webhook;

use super::error::StoreError;
use super::{Delivery, HookSecrets, Notice, StoreAdapter, Verified, signature};
use crate::domain::connection::StoreSettings;
use jiff::Timestamp;
use secrecy::ExposeSecret;

/// BigCommerce.
pub(crate) struct BigCommerce;

impl StoreAdapter for BigCommerce {
    fn verify<'a>(
        &self,
        delivery: &'a Delivery,
        secrets: &HookSecrets,
        now: Timestamp,
    ) -> Result<Verified<'a>, StoreError> {
        let keys: Vec<&[u8]> = signature::signing_secrets(secrets).map(|s| s.expose_secret().as_bytes()).collect();
        signature::standard_webhooks(&keys, delivery, now)?;
        // The signature proves BigCommerce, the header proves this store's hook: required wherever one was set.
        if secrets.header.is_some() {
            let candidates = signature::static_candidates(delivery);
            let candidates: Vec<&[u8]> = candidates.iter().map(Vec::as_slice).collect();
            signature::static_secret(secrets.header.as_ref(), &candidates)?;
        }
        Ok(Verified { delivery, now, signed: true })
    }

    fn read(&self, delivery: &Verified<'_>, _settings: &StoreSettings) -> Result<Notice, StoreError> {
        webhook::read(delivery)
    }
}

/// Order statuses that say something about shipping: shipped, partially shipped, refunded, cancelled, completed,
/// partially refunded.
const TELLING: [u64; 6] = [2, 3, 4, 5, 10, 14];
/// The status of a cancelled order.
const CANCELLED: u64 = 5;
