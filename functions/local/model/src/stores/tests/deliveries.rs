use super::*;
use crate::hmac;
use data_encoding::BASE64;

const VECTORS: &str = include_str!("../../../../../../tests/fixtures/stores/signature-vectors.json");

#[test]
fn the_published_signatures_come_out() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let mut seen = 0;
    for platform in ["shopify", "woocommerce", "bigcommerce", "magento_mageos_async_events"] {
        for vector in vectors[platform]["vectors"].as_array().unwrap().iter().filter(|vector| vector["valid"] == true) {
            let headers = &vector["headers"];
            let find = |name: &str| {
                let mut all = headers.as_object().unwrap().iter();
                all.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str().unwrap().to_owned())
            };
            let (secret, body) = (
                vector["secret"].as_str().unwrap(),
                BASE64.decode(vector["body_base64"].as_str().unwrap().as_bytes()).unwrap(),
            );
            let text = String::from_utf8(body.clone()).unwrap_or_default();
            let (given, made) = match platform {
                "shopify" => (find("X-Shopify-Hmac-Sha256"), hmac::base64(secret.as_bytes(), &[&body])),
                "woocommerce" => {
                    let secret = woocommerce::unescape(secret);
                    (find("X-WC-Webhook-Signature"), hmac::base64(secret.as_bytes(), &[&body]))
                }
                "bigcommerce" => {
                    let at = Timestamp::from_second(find("webhook-timestamp").unwrap().parse().unwrap()).unwrap();
                    let [_, _, (_, made)] =
                        hooks::standard_webhook(&find("webhook-id").unwrap(), at, secret.as_bytes(), &text);
                    (find("webhook-signature"), made)
                }
                _ => (find("x-magento-signature"), hmac::hex(secret.as_bytes(), &[&body])),
            };
            let Some(given) = given else {
                continue; // a vector about another spelling of the header's name
            };
            assert!(given.split(' ').any(|one| one.eq_ignore_ascii_case(&made)), "{platform}: {}", vector["name"]);
            seen += 1;
        }
    }
    assert!(seen >= 12, "{seen} vectors were compared");
}

#[test]
fn every_platform_tells_about_a_new_parcel_in_its_own_way() {
    for kind in kinds() {
        let desk = Desk::subscribed(kind);
        let order = desk.order();
        desk.store.deliveries();
        let parcel = desk.store.fulfil(order, &[("MUG-BLUE", 1)], &["9400100000000000000017"], "USPS").unwrap();
        let sent = desk.store.deliveries();
        let first = &sent[0];
        assert_eq!(first.request.uri(), HOOK, "{kind:?}");
        let body = body(first);
        match kind {
            Kind::Shopify => {
                assert_eq!(topics(&sent), ["fulfillments/create"]);
                assert_eq!((&body["id"], &body["order_id"]), (&json!(parcel), &json!(order)));
                assert_eq!(body["tracking_numbers"], json!(["9400100000000000000017"]));
                assert_eq!(
                    (&body["line_items"][0]["sku"], &body["line_items"][0]["quantity"]),
                    (&json!("MUG-BLUE"), &json!(1))
                );
                assert!(!body.to_string().contains(TIKTOK), "fulfillments never name the TikTok order");
                assert_eq!(header(first, "x-shopify-triggered-at"), "2026-11-21T10:00:00.000000000Z");
            }
            Kind::WooCommerce(plugin) => {
                assert_eq!(topics(&sent), ["order.updated"]);
                let text = String::from_utf8(first.request.body().to_vec()).unwrap();
                assert!(text.contains(r"https:\/\/tiny-mugs.example"), "PHP escapes slashes");
                assert_eq!(text.contains("9400100000000000000017"), plugin != Plugin::Core, "{plugin:?}");
                assert!(text.contains(TIKTOK));
            }
            Kind::BigCommerce => {
                assert_eq!(topics(&sent), ["store/shipment/created", "store/order/statusUpdated"]);
                assert_eq!(body["data"], json!({"type": "shipment", "id": parcel, "orderId": order}));
                assert!(!body.to_string().contains("9400100000000000000017"), "ids only");
                assert_eq!(header(first, "X-Tracking-Auth"), desk.store.account().header.1);
            }
            Kind::Magento(Way::MageOs) => {
                assert_eq!(body["data"]["tracks"][0]["track_number"], "9400100000000000000017");
                assert_eq!(body["data"]["items"][0]["sku"], "MUG-BLUE");
            }
            Kind::Magento(Way::Mageplaza) => {
                assert_eq!(body["shipment_id"], parcel.to_string());
                assert_eq!(header(first, "X-Tracking-Auth"), desk.store.account().header.1);
            }
            Kind::Magento(Way::IoEvents) => {
                let value = &body["data"]["value"];
                assert_eq!(
                    (&value["order_id"], &value["parent_id"]),
                    (&json!(order.to_string()), &json!(parcel.to_string()))
                );
                let raw = first.request.body();
                for (place, key) in adobe::PUBLIC.iter().enumerate() {
                    let number = place + 1;
                    let path = header(first, &format!("x-adobe-public-key{number}-path"));
                    assert_eq!(adobe::published_key(path), Some(*key));
                    assert!(verified(key, raw, header(first, &format!("x-adobe-digital-signature-{number}"))));
                }
            }
            Kind::Magento(Way::CommerceWebhooks) => {
                assert_eq!((&body["order_id"], &body["shipment_id"]), (&json!(order), &json!(parcel)));
                let text = BASE64.encode(first.request.body());
                let signature = header(first, "x-adobe-commerce-webhook-signature");
                assert!(verified(adobe::PUBLIC[0], text.as_bytes(), signature));
            }
            Kind::Generic => {
                assert_eq!((&body["tiktok_order_id"], &body["carrier"]), (&json!(TIKTOK), &json!("USPS")));
                assert_eq!(body["lines"], json!([{"sku": "MUG-BLUE", "quantity": 1}]));
            }
        }
        assert!(desk.store.deliveries().is_empty(), "{kind:?}: each is sent once");
    }
}

#[test]
fn a_signature_covers_the_body_with_the_secret_of_the_subscription() {
    for (secret, key) in [(None, "model-store-secret-51f0"), (Some("own"), "own"), (Some("a&amp;b"), "a&b")] {
        let desk = Desk::new(Kind::WooCommerce(Plugin::Official));
        desk.store.subscribe("order.updated", HOOK, secret);
        let order = desk.order();
        let sent = desk.store.deliveries();
        let update = sent
            .iter()
            .find(|delivery| delivery.topic == "order.updated" && !header(delivery, "x-wc-webhook-id").is_empty())
            .unwrap();
        assert_eq!(
            header(update, "x-wc-webhook-signature"),
            hmac::base64(key.as_bytes(), &[update.request.body()]),
            "{order}"
        );
    }
}

#[test]
fn an_edit_a_cancelled_parcel_and_a_cancelled_order_are_told_where_the_platform_tells_them() {
    for (kind, edited, parcel_cancelled, order_cancelled) in [
        (Kind::Shopify, vec!["fulfillments/update"], vec!["fulfillments/update"], vec!["orders/cancelled"]),
        (Kind::WooCommerce(Plugin::Ast), vec!["order.updated"], vec!["order.updated"], vec!["order.updated"]),
        (
            Kind::BigCommerce,
            vec!["store/shipment/updated"],
            vec!["store/shipment/deleted", "store/order/statusUpdated"],
            vec!["store/order/statusUpdated"],
        ),
        (Kind::Magento(Way::MageOs), vec![], vec![], vec!["sales.order.cancelled"]),
        (Kind::Magento(Way::Mageplaza), vec![], vec![], vec![]),
        (
            Kind::Magento(Way::IoEvents),
            vec!["com.adobe.commerce.observer.sales_order_shipment_track_save_after"],
            vec![],
            vec![],
        ),
        (Kind::Magento(Way::CommerceWebhooks), vec!["observer.sales_order_shipment_track_save_after"], vec![], vec![]),
        (Kind::Generic, vec!["parcel"], vec!["parcel"], vec!["parcel"]),
    ] {
        let desk = Desk::subscribed(kind);
        let order = desk.order();
        let parcel = desk.store.fulfil(order, &[], &["9400100000000000000017"], "USPS").unwrap();
        desk.store.deliveries();
        assert!(desk.store.edit_tracking(order, parcel, &["770000000017"], "FedEx"));
        assert_eq!(topics(&desk.store.deliveries()), edited, "{kind:?}");
        assert!(desk.store.cancel_parcel(order, parcel));
        assert_eq!(topics(&desk.store.deliveries()), parcel_cancelled, "{kind:?}");
        assert!(desk.store.cancel(order));
        assert_eq!(topics(&desk.store.deliveries()), order_cancelled, "{kind:?}");
        assert_eq!(desk.store.fulfil(order, &[], &["1"], "USPS"), None, "a cancelled order ships nothing");
    }
}

#[test]
fn woocommerce_merges_what_happens_before_its_queue_runs_and_greets_new_webhooks() {
    let desk = Desk::new(Kind::WooCommerce(Plugin::Official));
    desk.store.subscribe_all(HOOK);
    let greetings = desk.store.deliveries();
    assert_eq!(greetings.len(), 2);
    let text = String::from_utf8(greetings[0].request.body().to_vec()).unwrap();
    assert!(text.starts_with("webhook_id=") && header(&greetings[0], "x-wc-webhook-signature").is_empty());
    let order = desk.order();
    let parcel = desk.store.fulfil(order, &[], &["9400100000000000000017"], "USPS").unwrap();
    desk.store.edit_tracking(order, parcel, &["770000000017"], "FedEx");
    let sent = desk.store.deliveries();
    assert_eq!(sent.len(), 1, "one delivery for three changes");
    let text = body(&sent[0]).to_string();
    assert!(text.contains("770000000017") && !text.contains("9400100000000000000017"), "as it is now");
    desk.store.touch(order);
    desk.store.delete(order);
    let sent = desk.store.deliveries();
    assert_eq!(topics(&sent), ["order.updated", "order.deleted"]);
    assert_eq!(body(&sent[0])["code"], "woocommerce_rest_shop_order_invalid_id", "a signed error: the order is gone");
    assert_eq!(body(&sent[1]), json!({"id": order}));
}

#[test]
fn deliveries_of_one_click_share_shopifys_event_id_and_nothing_else() {
    let desk = Desk::new(Kind::Shopify);
    desk.store.subscribe("fulfillments/create", HOOK, None);
    desk.store.subscribe("orders/fulfilled", HOOK, None);
    let order = desk.order();
    desk.store.deliveries();
    desk.store.fulfil(order, &[], &["9400100000000000000017"], "USPS");
    let sent = desk.store.deliveries();
    assert_eq!(topics(&sent), ["fulfillments/create", "orders/fulfilled"]);
    assert_eq!(header(&sent[0], "x-shopify-event-id"), header(&sent[1], "x-shopify-event-id"));
    assert_ne!(header(&sent[0], "x-shopify-webhook-id"), header(&sent[1], "x-shopify-webhook-id"));
    assert_eq!(body(&sent[1])["note_attributes"][0]["value"], TIKTOK);
}

#[test]
fn what_nobody_subscribed_to_is_lost() {
    for kind in kinds() {
        let desk = Desk::subscribed(kind);
        let order = desk.order();
        desk.store.deliveries();
        for hook in desk.store.subscriptions() {
            desk.store.disable_subscription(hook.id);
        }
        desk.store.fulfil(order, &[], &["9400100000000000000017"], "USPS");
        assert!(desk.store.deliveries().is_empty(), "{kind:?}");
        desk.store.drop_subscriptions();
        assert!(desk.store.subscriptions().is_empty());
    }
}

#[test]
fn failures_in_a_row_end_a_subscription_as_the_platform_ends_it() {
    for (kind, failures, left) in [
        (Kind::Shopify, 8, None),
        (Kind::WooCommerce(Plugin::Ast), 7, Some(false)),
        (Kind::BigCommerce, 12, Some(false)),
        (Kind::Magento(Way::MageOs), 100, Some(true)),
    ] {
        let desk = Desk::new(kind);
        let hook = desk.store.subscribe("fulfillments/create", HOOK, None);
        let active = || desk.store.subscriptions().iter().find(|known| known.id == hook).map(|known| known.active);
        for _ in 1..failures {
            desk.store.answered(hook, Some(500));
        }
        assert_eq!(active(), Some(true), "{kind:?}");
        desk.store.answered(hook, Some(200));
        for _ in 1..failures {
            desk.store.answered(hook, None);
        }
        assert_eq!(active(), Some(true), "{kind:?}: a success starts the count again");
        desk.store.answered(hook, Some(401));
        assert_eq!(active(), left, "{kind:?}");
    }
}

#[test]
fn farewell_and_privacy_requests_are_told_to_those_who_listen() {
    let desk = Desk::subscribed(Kind::Shopify);
    desk.store.subscribe("shop/redact", HOOK, None);
    desk.store.compliance("shop/redact");
    desk.store.uninstall();
    desk.order();
    assert_eq!(topics(&desk.store.deliveries()), ["shop/redact", "app/uninstalled"]);
    assert!(desk.store.subscriptions().is_empty());
}

/// RSA PKCS#1 v1.5 with SHA-256. The key in the PEM begins after a fixed head of 24 bytes.
fn verified(pem: &str, text: &[u8], signature: &str) -> bool {
    let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = BASE64.decode(lines.as_bytes()).unwrap();
    let key = ring::signature::UnparsedPublicKey::new(&ring::signature::RSA_PKCS1_2048_8192_SHA256, &der[24..]);
    key.verify(text, &BASE64.decode(signature.as_bytes()).unwrap()).is_ok()
}
