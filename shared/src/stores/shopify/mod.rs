//! Shopify: signed bodies that carry the whole fulfillment; the TikTok id stands on the order, one read away.
//!
//! Source: Shopify webhook reference and Admin API, version [`API_VERSION`].

pub(crate) mod api;
pub mod connect;
mod events;
pub(crate) mod fields;
pub(crate) mod poll;
pub(crate) mod subscriptions;
mod webhook;
mod whose;

use super::error::StoreError;
use super::limits::MOST;
use super::order_id::Search;
use super::signature::{self, Form};
use super::{Delivery, HookSecrets, Notice, StoreAdapter, Verified};
use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::{OrderLink, ShipmentStatus, StoreParcel};
use crate::domain::numbers::numbers_in;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use std::collections::HashSet;

/// The one place that names the Admin API's version.
pub(crate) const API_VERSION: &str = "2026-07";

/// Shopify, public apps (one secret for all shops) and custom apps (a secret per hook) alike.
pub(crate) struct Shopify;

impl StoreAdapter for Shopify {
    fn verify<'a>(
        &self,
        delivery: &'a Delivery,
        secrets: &HookSecrets,
        now: Timestamp,
    ) -> Result<Verified<'a>, StoreError> {
        let keys: Vec<&[u8]> = signature::signing_secrets(secrets).map(|s| s.expose_secret().as_bytes()).collect();
        signature::hmac_sha256(&keys, &delivery.body, header(delivery, "hmac-sha256"), Form::Base64)?;
        whose::checked(delivery)?;
        Ok(Verified { delivery, now, signed: true })
    }

    fn read(&self, delivery: &Verified<'_>, settings: &StoreSettings) -> Result<Notice, StoreError> {
        webhook::read(delivery, settings)
    }
}

/// A header of Shopify by the rest of its name: the events preview drops the `X-`.
pub(crate) fn header<'a>(delivery: &'a Delivery, name: &str) -> Option<&'a str> {
    signature::header(delivery, &format!("x-shopify-{name}"))
        .or_else(|| signature::header(delivery, &format!("shopify-{name}")))
}

/// Where an order of Shopify may carry the TikTok id.
#[derive(Debug, Default)]
struct OrderFields<'a> {
    name: Option<&'a str>,
    note: Option<&'a str>,
    source_name: Option<&'a str>,
    source_identifier: Option<&'a str>,
    tags: Vec<&'a str>,
    attributes: Vec<(&'a str, &'a str)>,
}

/// Channels that Shopify itself names for orders placed in the shop. Anything else may be a connector.
const OWN_CHANNELS: [&str; 6] = ["web", "pos", "shopify_draft_order", "iphone", "android", "checkout_next"];

impl OrderFields<'_> {
    fn link(&self, settings: &StoreSettings) -> OrderLink {
        let mut search = Search::default();
        if let Some(field) = settings.order_id_field.as_deref() {
            for (_, value) in self.attributes.iter().filter(|(key, _)| key.eq_ignore_ascii_case(field)) {
                search.own_field(value);
            }
            let direct = match field.to_ascii_lowercase().as_str() {
                "name" => self.name,
                "note" => self.note,
                "source_identifier" | "sourceidentifier" => self.source_identifier,
                _ => None,
            };
            direct.into_iter().for_each(|value| search.own_field(value));
        }
        for (key, value) in &self.attributes {
            search.attribute(key, value);
        }
        let source = self.source_name.unwrap_or_default();
        search.mark(source);
        self.tags.iter().for_each(|tag| search.tag(tag));
        self.note.into_iter().chain(self.name).for_each(|text| search.free_text(text));
        // A marketplace's own order number, if anything says that TikTok is the marketplace.
        if search.speaks_of_tiktok() {
            self.source_identifier.into_iter().for_each(|text| search.free_text(text));
        }
        search.link(OWN_CHANNELS.iter().any(|channel| source.eq_ignore_ascii_case(channel)))
    }
}

/// `success` has shipped; `pending`, `open`, `error` and `failure` have not.
fn status(text: &str) -> ShipmentStatus {
    if text.eq_ignore_ascii_case("success") {
        ShipmentStatus::Shipped
    } else if text.eq_ignore_ascii_case("cancelled") {
        ShipmentStatus::Cancelled
    } else {
        ShipmentStatus::NotYet
    }
}

/// Numbers of one fulfillment, each once, in the source's order.
fn parcels<'a>(numbers: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Vec<StoreParcel> {
    let mut seen = HashSet::new();
    let all = numbers.flat_map(|(field, carrier)| numbers_in(field).into_iter().map(move |number| (number, carrier)));
    let fresh = all.filter(|(number, _)| seen.insert(number.key()));
    fresh.map(|(number, carrier)| StoreParcel { number, carrier: carrier.map(str::to_owned) }).take(MOST + 1).collect()
}
