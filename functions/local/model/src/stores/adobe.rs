//! Adobe's two ways of telling about a track: I/O Events from the cloud, and Commerce Webhooks inside the admin's save.
//!
//! Both sign with RSA (PKCS#1 v1.5, SHA-256): I/O Events over the raw body, twice, with two keys that are published at
//! Adobe's key host; Commerce Webhooks over the base64 text of the body, with a key that the merchant copies. The two key
//! pairs here were made for this model and open nothing.

use super::book::{Happening, Parcel, StoreOrder, What};
use super::hooks::{Outgoing, Subscription, post};
use super::{Shelf, Way};
use data_encoding::BASE64;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

const PRIVATE: [&[u8]; 2] = [include_bytes!("adobe-key-1.der"), include_bytes!("adobe-key-2.der")];
const PATHS: [&str; 2] = ["/prod/keys/pub-key-model01.pem", "/prod/keys/pub-key-model02.pem"];
/// The public halves, in PEM.
pub const PUBLIC: [&str; 2] = [include_str!("adobe-key-1.pem"), include_str!("adobe-key-2.pem")];
/// Adobe's name of our project: events carry it, so that anybody's events are not taken for ours.
pub const CLIENT_ID: &str = "00000000modelclientid0000000000001";

/// What Adobe's key host answers to a path.
#[must_use]
pub fn published_key(path: &str) -> Option<&'static str> {
    PATHS.iter().position(|known| *known == path).and_then(|place| PUBLIC.get(place).copied())
}

/// The signature by one of the keys, in base64. A key that does not exist makes one that never holds.
#[must_use]
pub fn signature(key: usize, text: &[u8]) -> String {
    let pair = PRIVATE.get(key).and_then(|der| RsaKeyPair::from_pkcs8(der).ok());
    let signed = pair.and_then(|pair| {
        let mut tag = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut tag).ok().map(|()| tag)
    });
    BASE64.encode(&signed.unwrap_or_else(|| vec![0x5a; 256]))
}

/// The headers with both signatures of an I/O event and where their keys are.
#[must_use]
pub fn io_headers(signers: [bool; 2], body: &[u8]) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for (place, (path, signs)) in PATHS.iter().zip(signers).enumerate() {
        let number = place + 1;
        let key = if signs { place } else { usize::MAX };
        headers.push((format!("x-adobe-digital-signature-{number}"), signature(key, body)));
        headers.push((format!("x-adobe-public-key{number}-path"), (*path).to_owned()));
    }
    headers
}

/// The header with which a Commerce webhook proves itself: over the base64 text of the body.
#[must_use]
pub fn commerce_header(signers: [bool; 2], body: &[u8]) -> (String, String) {
    let key = signers.iter().position(|signs| *signs).unwrap_or(usize::MAX);
    ("x-adobe-commerce-webhook-signature".to_owned(), signature(key, BASE64.encode(body).as_bytes()))
}

impl Shelf {
    /// A saved track is told, whether it is new or edited; a deleted one is not.
    pub(super) fn adobe_deliveries(&mut self, way: Way, happening: &Happening, hook: &Subscription) -> Vec<Outgoing> {
        let (What::ParcelMade(id) | What::ParcelEdited(id)) = happening.what else { return Vec::new() };
        let Some(order) = &happening.order else { return Vec::new() };
        let Some(parcel) = order.parcels.iter().find(|parcel| parcel.id == id) else { return Vec::new() };
        let signers = self.account.signers;
        let tracks: Vec<Value> = (0..parcel.numbers.len()).filter_map(|place| track(order, parcel, place)).collect();
        let bodies: Vec<Value> = match way {
            Way::IoEvents => {
                let mut events: Vec<Value> =
                    tracks.iter().map(|track| event(track, happening, &self.chance.hex(2))).collect();
                // One event comes alone, several come as a list.
                match events.len() {
                    0 => Vec::new(),
                    1 => events.pop().into_iter().collect(),
                    _ => vec![Value::Array(events)],
                }
            }
            _ => tracks.iter().map(|track| flat(track, order.id, parcel.id)).collect(),
        };
        let mut out = Vec::new();
        for body in bodies {
            let body = body.to_string();
            let mut headers = match way {
                Way::IoEvents => {
                    let mut headers = io_headers(signers, body.as_bytes());
                    headers.push(("x-adobe-event-code".to_owned(), hook.topic.clone()));
                    headers.push(("x-adobe-event-id".to_owned(), self.chance.hex(2)));
                    headers
                }
                _ => vec![
                    commerce_header(signers, body.as_bytes()),
                    ("x-adobe-commerce-request-id".to_owned(), self.chance.hex(2)),
                ],
            };
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
            let named: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let request = post(&hook.address, &named, body);
            out.extend(request.map(|request| Outgoing { hook: hook.id, topic: hook.topic.clone(), request }));
        }
        out
    }
}

/// A track as the event carries it: ids as text.
fn track(order: &StoreOrder, parcel: &Parcel, place: usize) -> Option<Value> {
    let number = parcel.numbers.get(place)?;
    let date = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M:%S").to_string();
    Some(json!({
        "entity_id": (parcel.id * 100 + place as u64).to_string(), "parent_id": parcel.id.to_string(),
        "order_id": order.id.to_string(), "track_number": number, "number": number, "title": parcel.carrier,
        "carrier_code": "custom", "created_at": date(parcel.created), "updated_at": date(parcel.updated),
        "_isNew": parcel.created == parcel.updated,
    }))
}

fn event(track: &Value, happening: &Happening, id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "urn:uuid:00000000-0000-4000-8000-0000000model",
        "type": "com.adobe.commerce.observer.sales_order_shipment_track_save_after",
        "datacontenttype": "application/json", "time": happening.at.to_string(), "eventid": id,
        "recipientclientid": CLIENT_ID,
        "data": {"key": id, "value": track, "source": "model.production", "_metadata": {"storeId": "1"}},
    })
}

/// The fields that a merchant configured.
fn flat(track: &Value, order: u64, shipment: u64) -> Value {
    json!({
        "order_id": order, "shipment_id": shipment, "track_number": track["track_number"], "title": track["title"],
        "carrier_code": track["carrier_code"],
    })
}
