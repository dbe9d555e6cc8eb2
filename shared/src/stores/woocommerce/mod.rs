//! WooCommerce: signed body with the whole order; where its trackings stand depends on the plug-in.
//!
//! Source: WooCommerce 9.8.1 (executed) and the source of the plug-ins named in `trackings`.

pub(crate) mod api;
pub mod connect;
pub(crate) mod fields;
mod merge;
mod notes;
mod order;
mod own_field;
mod php;
pub(crate) mod poll;
pub(crate) mod subscriptions;
mod trackings;
mod value;
mod webhook;

use super::error::StoreError;
use super::signature::{self, Form};
use super::{Delivery, HookSecrets, Notice, StoreAdapter, Verified};
use crate::domain::connection::StoreSettings;
use jiff::Timestamp;
use secrecy::ExposeSecret;

/// WooCommerce on any WordPress site.
pub(crate) struct WooCommerce;

impl StoreAdapter for WooCommerce {
    fn verify<'a>(
        &self,
        delivery: &'a Delivery,
        secrets: &HookSecrets,
        now: Timestamp,
    ) -> Result<Verified<'a>, StoreError> {
        if is_ping(delivery) {
            return Ok(Verified { delivery, now, signed: false });
        }
        // WordPress decodes HTML entities in the secret before it signs.
        let keys: Vec<String> =
            signature::signing_secrets(secrets).map(|s| signature::html_decoded(s.expose_secret())).collect();
        let given = signature::header(delivery, "x-wc-webhook-signature");
        signature::hmac_sha256(&keys, &delivery.body, given, Form::Base64)?;
        Ok(Verified { delivery, now, signed: true })
    }

    fn read(&self, delivery: &Verified<'_>, settings: &StoreSettings) -> Result<Notice, StoreError> {
        if !delivery.signed {
            return Ok(Notice::Ping);
        }
        webhook::read(delivery, settings)
    }
}

/// Creating or re-activating a webhook sends `webhook_id=N` as form data, without signature and without `X-WC` headers.
fn is_ping(delivery: &Delivery) -> bool {
    let id = delivery.body.strip_prefix(b"webhook_id=").unwrap_or_default();
    (1..=20).contains(&id.len())
        && id.iter().all(u8::is_ascii_digit)
        && !delivery.headers.contains_key("x-wc-webhook-signature")
}
