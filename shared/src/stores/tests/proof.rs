//! Signed is not enough: a delivery must be what its platform sends, from whom it says, to us.

use crate::domain::connection::StoreSettings;
use crate::domain::platform::Platform;
use crate::stores::error::StoreError;
use crate::stores::{Delivery, HookSecrets, Notice, adapter};
use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, Method};
use jiff::Timestamp;
use ring::hmac;

const SECRET: &str = "app-secret";

fn tag(text: &str) -> String {
    BASE64.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), text.as_bytes()).as_ref())
}

fn delivery(headers: &[(&'static str, &str)], body: &str) -> Delivery {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("a value"))).collect();
    Delivery { method: Method::POST, headers, query: None, body: Bytes::copy_from_slice(body.as_bytes()) }
}

fn secrets() -> HookSecrets {
    HookSecrets { current: Some(SECRET.to_owned().into()), ..HookSecrets::default() }
}

fn shopify(topic: &str, body: &str) -> Result<Notice, StoreError> {
    let delivery = delivery(
        &[
            ("x-shopify-topic", topic),
            ("x-shopify-shop-domain", "victim-dev.myshopify.com"),
            ("x-shopify-hmac-sha256", &tag(body)),
        ],
        body,
    );
    let verified = adapter(Platform::Shopify).verify(&delivery, &secrets(), Timestamp::UNIX_EPOCH)?;
    adapter(Platform::Shopify).read(&verified, &StoreSettings::default())
}

#[test]
fn a_signed_redirect_of_shopify_is_no_webhook() {
    let query = "code=0907a6&host=YWRtaW4&shop=attacker-dev.myshopify.com&state=1&timestamp=1795253747";
    for topic in
        ["app/uninstalled", "shop/redact", "customers/redact", "fulfillments/create", "orders/cancelled", "Order"]
    {
        for body in [query, "", "[]", "[{}]", "\"{}\"", "{\"a\":1} x", "1"] {
            let refused = shopify(topic, body);
            assert!(matches!(refused, Err(StoreError::BadSignature(_))), "{topic}, {body}: {refused:?}");
        }
    }
}

#[test]
fn what_ends_a_connection_must_name_the_shop_inside() {
    for topic in ["app/uninstalled", "shop/redact", "customers/redact", "customers/data_request"] {
        for body in [
            "{}",
            r#"{"myshopify_domain":"attacker-dev.myshopify.com"}"#,
            r#"{"shop_domain":"attacker-dev.myshopify.com"}"#,
            r#"{"myshopify_domain":"victim-dev.myshopify.com","shop_domain":"attacker-dev.myshopify.com"}"#,
            r#"{"domain":"attacker-dev.myshopify.com","myshopify_domain":"victim-dev.myshopify.com"}"#,
            r#"{"myshopify_domain":["victim-dev.myshopify.com"]}"#,
            r#"{"domain":"victim.example"}"#,
        ] {
            assert!(matches!(shopify(topic, body), Err(StoreError::BadSignature(_))), "{topic}, {body}");
        }
        for body in [
            r#"{"id":1,"domain":"mugs.example","myshopify_domain":"Victim-dev.myshopify.com"}"#,
            r#"{"shop_id":1,"shop_domain":"victim-dev.myshopify.com"}"#,
        ] {
            assert!(
                matches!(shopify(topic, body), Ok(Notice::Uninstalled | Notice::Compliance { .. })),
                "{topic}, {body}"
            );
        }
    }
}

#[test]
fn a_full_stop_in_an_id_does_not_move_the_border_between_id_time_and_body() {
    let now = Timestamp::from_second(1_795_690_000).expect("a moment");
    let signed = tag("m.1795690000.1795690000.{}");
    for platform in [Platform::BigCommerce, Platform::Generic] {
        for (id, body) in [("m.1795690000", "{}"), ("m", "1795690000.{}")] {
            let delivery = delivery(
                &[
                    ("webhook-id", id),
                    ("webhook-timestamp", "1795690000"),
                    ("webhook-signature", &format!("v1,{signed}")),
                ],
                body,
            );
            // The second one is the first with its border moved: both are covered by one signature.
            let verdict = adapter(platform).verify(&delivery, &secrets(), now);
            assert!(matches!(verdict, Err(StoreError::BadSignature(_))), "{platform}, {id}");
        }
    }
}

#[test]
fn adobe_asks_only_hooks_that_are_registered_with_it_to_open_an_address() {
    let body = r#"{"validationUrl":"https://csm.adobe.io/csm/registrations/validate?id=1"}"#;
    for (client, taken) in [(None, false), (Some(""), false), (Some("our-client"), true)] {
        let secrets = HookSecrets { client_id: client.map(str::to_owned), ..secrets() };
        let delivery = delivery(&[], body);
        let verdict = adapter(Platform::Magento).verify(&delivery, &secrets, Timestamp::UNIX_EPOCH);
        assert_eq!(verdict.is_ok(), taken, "{client:?}");
    }
}
