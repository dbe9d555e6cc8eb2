use super::*;

/// Orders of a store with 1 unshipped, 1 shipped in two parcels, 1 cancelled.
fn stocked(kind: Kind) -> (Desk, [u64; 3]) {
    let desk = Desk::new(kind);
    let ids = [desk.order(), desk.order(), desk.order()];
    desk.later(SignedDuration::from_mins(10));
    desk.store.fulfil(ids[1], &[("MUG-BLUE", 2)], &["9400100000000000000017"], "USPS");
    desk.store.fulfil(ids[1], &[], &["1Z999AA10123456784", "1Z999AA10123456793"], "UPS");
    desk.later(SignedDuration::from_mins(10));
    desk.store.cancel(ids[2]);
    (desk, ids)
}

const ORDER: &str = "query($id: ID!) { order(id: $id) { legacyResourceId name sourceName tags note customAttributes { key value } \
    cancelledAt displayFulfillmentStatus fulfillments(first: 50) { id status trackingInfo { company number } \
    fulfillmentLineItems(first: 100) { nodes { quantity lineItem { sku } } pageInfo { hasNextPage } } } } }";

#[tokio::test]
async fn shopify_reads_one_order_with_its_fulfillments() {
    let (desk, ids) = stocked(Kind::Shopify);
    let shop = &desk;
    let read = |id: String| async move { shop.graphql(ORDER, json!({"id": id})).await["data"]["order"].clone() };
    let order = read(format!("gid://shopify/Order/{}", ids[1])).await;
    assert_eq!(order["customAttributes"], json!([{"key": "TikTok Order ID", "value": TIKTOK}]));
    assert_eq!(order["displayFulfillmentStatus"], "FULFILLED");
    let second = &order["fulfillments"][1];
    assert_eq!(second["trackingInfo"][1], json!({"company": "UPS", "number": "1Z999AA10123456793"}));
    assert_eq!(second["fulfillmentLineItems"]["nodes"][0], json!({"quantity": 1, "lineItem": {"sku": "CAP-RED"}}));
    assert!(read(format!("gid://shopify/Order/{}", ids[2])).await["cancelledAt"].is_string());
    assert_eq!(read("gid://shopify/Order/1".into()).await, Value::Null);
    let wrong =
        desk.graphql("{ order(id: \"gid://shopify/Order/1\") { nope } orders { nodes { id } } }", Value::Null).await;
    assert!(wrong["errors"][0]["message"].is_string(), "errors come with HTTP 200");
}

#[tokio::test]
async fn shopifys_poll_filters_and_pages() {
    let (desk, ids) = stocked(Kind::Shopify);
    let poll = "query($q: String, $after: String) { orders(first: 1, after: $after, query: $q, sortKey: UPDATED_AT) \
                { nodes { legacyResourceId } pageInfo { hasNextPage endCursor } } }";
    let mut found = Vec::new();
    let mut after = Value::Null;
    loop {
        let page = desk.graphql(poll, json!({"q": "updated_at:>='2026-11-21T10:05:00Z'", "after": after})).await;
        let orders = &page["data"]["orders"];
        found.push(orders["nodes"][0]["legacyResourceId"].as_str().unwrap().to_owned());
        if orders["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = orders["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(found, [ids[1].to_string(), ids[2].to_string()]);
    let query = "updated_at:>='2026-11-21T10:05:00Z' AND (fulfillment_status:shipped OR fulfillment_status:partial)";
    let page = desk.graphql(poll, json!({"q": query})).await;
    assert_eq!(page["data"]["orders"]["nodes"], json!([{"legacyResourceId": ids[1].to_string()}]));
    assert_eq!(page["data"]["orders"]["pageInfo"]["hasNextPage"], false);
}

#[tokio::test]
async fn shopifys_subscriptions_are_made_listed_moved_and_taken_away() {
    let desk = Desk::new(Kind::Shopify);
    let create = "mutation($t: WebhookSubscriptionTopic!, $u: String!) { webhookSubscriptionCreate(topic: $t, \
                  webhookSubscription: {uri: $u, format: JSON}) { webhookSubscription { id topic uri } userErrors { field message } } }";
    let made = desk.graphql(create, json!({"t": "ORDERS_PARTIALLY_FULFILLED", "u": HOOK})).await;
    let made = &made["data"]["webhookSubscriptionCreate"];
    assert_eq!(made["userErrors"], json!([]));
    let id = made["webhookSubscription"]["id"].clone();
    let again = desk.graphql(create, json!({"t": "ORDERS_PARTIALLY_FULFILLED", "u": HOOK})).await;
    let again = &again["data"]["webhookSubscriptionCreate"];
    assert!(
        again["userErrors"][0]["message"].as_str().unwrap().contains("taken") && again["webhookSubscription"].is_null()
    );
    assert_eq!(desk.store.subscriptions()[0].topic, "orders/partially_fulfilled");
    let list = "{ webhookSubscriptions(first: 50) { nodes { id topic uri } } }";
    assert_eq!(desk.graphql(list, Value::Null).await["data"]["webhookSubscriptions"]["nodes"][0]["uri"], HOOK);
    let moved = "mutation($id: ID!) { webhookSubscriptionUpdate(id: $id, webhookSubscription: {uri: \"https://b.example\"}) \
                 { webhookSubscription { uri } userErrors { message } } }";
    let moved = desk.graphql(moved, json!({"id": id})).await;
    assert_eq!(moved["data"]["webhookSubscriptionUpdate"]["webhookSubscription"]["uri"], "https://b.example");
    let gone = "mutation($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { message } } }";
    let gone = desk.graphql(gone, json!({"id": id})).await;
    assert_eq!(gone["data"]["webhookSubscriptionDelete"]["deletedWebhookSubscriptionId"], id);
    assert!(desk.store.subscriptions().is_empty());
}

#[tokio::test]
async fn woocommerce_reads_in_the_sites_time_unless_told_otherwise() {
    let (desk, ids) = stocked(Kind::WooCommerce(Plugin::Official));
    let shop = &desk;
    let list = |query: &'static str| async move {
        let path = format!("/wp-json/wc/v3/orders?orderby=modified&order=asc&per_page=100&{query}");
        let (status, body) = shop.call("GET", &path, Value::Null).await;
        assert_eq!(status, 200, "{body}");
        body.as_array().unwrap().iter().map(|order| order["id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(list("modified_after=2026-11-21T10%3A05%3A00&dates_are_gmt=true").await, [ids[1], ids[2]]);
    assert_eq!(list("modified_after=2026-11-21T10%3A05%3A00").await, [0u64; 0], "local time lies five hours back");
    assert_eq!(list("modified_after=2026-11-21T05%3A15%3A00").await, [ids[2]]);
    assert_eq!(list("status=completed").await, [ids[1]]);
    let (_, order) = desk.call("GET", &format!("/wp-json/wc/v3/orders/{}", ids[1]), Value::Null).await;
    assert_eq!(
        (&order["date_modified"], &order["date_modified_gmt"]),
        (&json!("2026-11-21T05:10:00"), &json!("2026-11-21T10:10:00"))
    );
    assert_eq!(desk.call("GET", "/wp-json/wc/v3/orders/9", Value::Null).await.0, 404);
    let account = desk.store.account();
    let refused =
        desk.send("GET", "/wp-json/wc/v3/orders", &[("authorization", &account.consumer_key)], Value::Null).await;
    assert_eq!(refused.status(), 401);
}

#[tokio::test]
async fn woocommerce_pages_tell_their_number_and_core_fulfillments_have_their_own_address() {
    let (desk, ids) = stocked(Kind::WooCommerce(Plugin::Core));
    let account = desk.store.account();
    let key = format!("{}:{}", account.consumer_key, account.consumer_secret);
    let basic = format!("Basic {}", data_encoding::BASE64.encode(key.as_bytes()));
    let path = "/wp-json/wc/v3/orders?per_page=2&page=2";
    let page = desk.send("GET", path, &[("authorization", &basic)], Value::Null).await;
    assert_eq!(
        (&page.headers()["x-wp-total"], &page.headers()["x-wp-totalpages"]),
        (&"3".parse().unwrap(), &"2".parse().unwrap())
    );
    let (_, parcels) = desk.call("GET", &format!("/wp-json/wc/v3/orders/{}/fulfillments", ids[1]), Value::Null).await;
    let meta = parcels[0]["meta_data"].as_array().unwrap();
    let number = meta.iter().find(|entry| entry["key"] == "_tracking_number").unwrap();
    assert_eq!(number["value"], "9400100000000000000017");
}

#[tokio::test]
async fn woocommerce_webhooks_are_made_woken_and_taken_away() {
    let desk = Desk::new(Kind::WooCommerce(Plugin::Ast));
    let hooks = "/wp-json/wc/v3/webhooks";
    let wanted = json!({"name": "n", "topic": "order.updated", "delivery_url": HOOK, "secret": "abc"});
    let (status, made) = desk.call("POST", hooks, wanted).await;
    assert_eq!((status, &made["status"]), (201, &json!("active")));
    assert!(made.get("secret").is_none(), "the secret is never returned");
    assert_eq!(desk.store.deliveries().len(), 1, "the greeting");
    let one = format!("{hooks}/{}", made["id"]);
    desk.store.disable_subscription(made["id"].as_u64().unwrap());
    let (_, disabled) = desk.call("GET", &format!("{hooks}?status=disabled"), Value::Null).await;
    assert_eq!(disabled.as_array().unwrap().len(), 1);
    let (_, woken) = desk.call("PUT", &one, json!({"status": "active"})).await;
    assert_eq!(woken["status"], "active");
    assert_eq!(desk.store.deliveries().len(), 1, "greeted again");
    assert_eq!(desk.call("DELETE", &one, Value::Null).await.0, 501);
    assert_eq!(desk.call("DELETE", &format!("{one}?force=true"), Value::Null).await.0, 200);
    assert!(desk.store.subscriptions().is_empty());
}

#[tokio::test]
async fn bigcommerce_reads_need_several_calls_and_empty_lists_have_no_body() {
    let (desk, ids) = stocked(Kind::BigCommerce);
    let base = format!("/stores/{}/v2/orders", desk.store.account().domain);
    let (_, order) = desk.call("GET", &format!("{base}/{}", ids[1]), Value::Null).await;
    assert_eq!((&order["external_order_id"], &order["status_id"]), (&json!(TIKTOK), &json!(2)));
    assert_eq!(order["date_modified"], "Sat, 21 Nov 2026 10:10:00 +0000");
    let (_, shipments) = desk.call("GET", &format!("{base}/{}/shipments", ids[1]), Value::Null).await;
    assert_eq!(shipments[1]["tracking_number"], "1Z999AA10123456784, 1Z999AA10123456793", "two numbers in one field");
    let one = format!("{base}/{}/shipments/{}", ids[1], shipments[0]["id"]);
    assert_eq!(desk.call("GET", &one, Value::Null).await.1["shipping_provider"], "usps");
    desk.store.cancel_parcel(ids[1], shipments[0]["id"].as_u64().unwrap());
    assert_eq!(desk.call("GET", &one, Value::Null).await.0, 404, "once deleted");
    let (_, products) = desk.call("GET", &format!("{base}/{}/products", ids[1]), Value::Null).await;
    assert_eq!((&products[0]["sku"], &products[0]["quantity_shipped"]), (&json!("MUG-BLUE"), &json!(0)));
    assert_eq!(desk.call("GET", &format!("{base}/{}/shipments", ids[0]), Value::Null).await, (204, Value::Null));
    let from = encode("Sat, 21 Nov 2026 10:15:00 +0000");
    let (_, polled) =
        desk.call("GET", &format!("{base}?min_date_modified={from}&sort=date_modified:asc"), Value::Null).await;
    let found: Vec<&Value> = polled.as_array().unwrap().iter().map(|order| &order["id"]).collect();
    assert_eq!(found, [&json!(ids[1]), &json!(ids[2])]);
    let (status, _) = desk.call("GET", &format!("{base}?page=2"), Value::Null).await;
    assert_eq!(status, 204);
}

#[tokio::test]
async fn bigcommerce_hooks_keep_their_headers_and_their_limit() {
    let desk = Desk::new(Kind::BigCommerce);
    let hooks = format!("/stores/{}/v3/hooks", desk.store.account().domain);
    let wanted =
        json!({"scope": "store/shipment/created", "destination": HOOK, "is_active": true, "headers": {"X-Own": "1"}});
    let (_, made) = desk.call("POST", &hooks, wanted.clone()).await;
    let one = format!("{hooks}/{}", made["data"]["id"]);
    let (_, off) = desk.call("PUT", &one, json!({"is_active": false})).await;
    assert_eq!((&off["data"]["is_active"], &off["data"]["headers"]), (&json!(false), &json!({"X-Own": "1"})));
    for _ in 1..10 {
        assert_eq!(desk.call("POST", &hooks, wanted.clone()).await.0, 200);
    }
    assert_eq!(desk.call("POST", &hooks, wanted).await.0, 422);
    let (_, list) = desk.call("GET", &hooks, Value::Null).await;
    assert_eq!(list["meta"]["pagination"]["total"], 10);
    assert_eq!(desk.call("DELETE", &one, Value::Null).await.0, 200);
    assert_eq!(desk.call("GET", &one, Value::Null).await.0, 404);
}

#[tokio::test]
async fn magento_searches_shipments_by_criteria_and_repeats_its_last_page() {
    let (desk, ids) = stocked(Kind::Magento(Way::MageOs));
    desk.store.configure(|account| account.bearer = true);
    let filter = |field: &str, value: &str, condition: &str| {
        let part = |name: &str, value: &str| {
            format!("{}={}", encode(&format!("searchCriteria[filter_groups][0][filters][0][{name}]")), encode(value))
        };
        [part("field", field), part("value", value), part("condition_type", condition)].join("&")
    };
    let shop = &desk;
    let search =
        |query: String| async move { shop.call("GET", &format!("/rest/V1/shipments?{query}"), Value::Null).await };
    let (_, found) = search(filter("order_id", &ids[1].to_string(), "eq")).await;
    assert_eq!(found["total_count"], 2);
    assert_eq!(found["items"][1]["tracks"][1]["track_number"], "1Z999AA10123456793", "every track");
    assert_eq!(search(filter("updated_at", "2026-11-21 10:11:00", "gteq")).await.1["total_count"], 0);
    let page = |number: usize| {
        format!(
            "{}&searchCriteria[pageSize]=1&searchCriteria[currentPage]={number}",
            filter("updated_at", "2026-11-21 10:00:00", "gteq")
        )
    };
    let (two, three) = (search(page(2)).await.1, search(page(3)).await.1);
    assert_eq!(two["items"], three["items"]);
    assert_eq!(search(String::new()).await.0, 400, "criteria are required");
    assert_eq!(search(filter("nonsense", "1", "eq")).await.0, 400);
    let (_, order) = desk.call("GET", &format!("/rest/V1/orders/{}", ids[1]), Value::Null).await;
    let info = &order["extension_attributes"]["payment_additional_info"];
    assert_eq!(info[1], json!({"key": "channel_order_id", "value": TIKTOK}));
    let shipment = format!("/rest/V1/shipment/{}", two["items"][0]["entity_id"]);
    assert_eq!(desk.call("GET", &shipment, Value::Null).await.1["order_id"], ids[1]);
}

#[tokio::test]
async fn mage_os_subscriptions_can_only_be_switched() {
    let desk = Desk::new(Kind::Magento(Way::MageOs));
    desk.store.configure(|account| account.bearer = true);
    let event = json!({"asyncEvent": {
        "event_name": "sales.shipment.created", "recipient_url": HOOK, "verification_token": "t", "metadata": "http",
    }});
    let (_, made) = desk.call("POST", "/rest/V1/async_event", event).await;
    assert_eq!(made["status"], true);
    let one = format!("/rest/V1/async_event/{}", made["subscription_id"]);
    assert_eq!(desk.call("DELETE", &one, Value::Null).await.0, 404, "there is no such call");
    let (_, off) = desk.call("PUT", &one, json!({"asyncEvent": {"status": false}})).await;
    assert_eq!(off["status"], false);
    let (_, list) = desk.call("GET", "/rest/V1/async_events?searchCriteria[pageSize]=100", Value::Null).await;
    assert_eq!(list["items"][0]["recipient_url"], HOOK);
}

#[tokio::test]
async fn stores_misbehave_as_they_are_told() {
    for kind in [Kind::Shopify, Kind::BigCommerce, Kind::WooCommerce(Plugin::Ast), Kind::Magento(Way::MageOs)] {
        let desk = Desk::new(kind);
        let ask = || async {
            let request = Request::builder().uri("/x").body(Bytes::new()).unwrap();
            desk.store.handle(request).await
        };
        desk.store.misbehave(Mischief::Hang, Some(1));
        assert!(matches!(ask().await, ModelAnswer::Hang));
        desk.store.misbehave(Mischief::Reset, Some(1));
        assert!(matches!(ask().await, ModelAnswer::Reset));
        desk.store.misbehave(Mischief::Huge(5 << 20), Some(1));
        assert!(ask().await.reply().unwrap().body().len() > 5 << 20);
        desk.store.misbehave(Mischief::Redirect("http://127.0.0.1:9/".into()), Some(1));
        assert_eq!(ask().await.reply().unwrap().headers()["location"], "http://127.0.0.1:9/");
        desk.store.misbehave(Mischief::Throttle(Some(3)), Some(2));
        let (throttled, again) = (ask().await.reply().unwrap(), ask().await.reply().unwrap());
        match kind {
            Kind::Shopify => assert!(String::from_utf8_lossy(throttled.body()).contains("THROTTLED")),
            Kind::BigCommerce => assert_eq!(throttled.headers()["x-rate-limit-time-reset-ms"], "3000"),
            _ => assert_eq!(
                (throttled.status().as_u16(), &throttled.headers()["retry-after"]),
                (429, &"3".parse().unwrap())
            ),
        }
        assert_eq!(throttled.status(), again.status());
        let usual = ask().await.reply().unwrap().status();
        assert!(usual == 401 || usual == 404, "{kind:?} behaves again: {usual}");
        let statuses: Vec<Option<u16>> = desk.store.visits().into_iter().map(|visit| visit.status).collect();
        assert_eq!(&statuses[..3], [None, None, Some(200)]);
    }
}

proptest::proptest! {
    #[test]
    fn no_request_makes_a_store_panic(path in "[/a-z0-9%?&=\\[\\]éV1]{0,60}", body in ".{0,80}", place in 0usize..11) {
        let desk = Desk::new(kinds()[place]);
        let account = desk.store.account();
        desk.order();
        let prefixes = ["/", "/rest/V1/", "/wp-json/wc/v3/", "/stores/abc12model/v2/orders/", "/admin/api/x/graphql.json?"];
        for prefix in prefixes {
            let request = Request::builder()
                .method("POST")
                .uri(format!("{prefix}{path}").replace(['é', '[', ']'], "%C3"))
                .header("x-auth-token", &account.access_token)
                .header("x-shopify-access-token", &account.access_token)
                .body(Bytes::from(format!("{{\"query\":{}}}", Value::String(body.clone()))));
            if let Ok(request) = request {
                let _ = desk.store.shelf().visit(&request);
            }
        }
    }
}
