use super::*;

/// The same request with one query parameter replaced or taken away, not signed again.
fn tampered(request: Request<Bytes>, name: &str, value: Option<&str>) -> Request<Bytes> {
    let (mut head, body) = request.into_parts();
    let query = head.uri.query().unwrap_or_default();
    let mut pairs: Vec<String> =
        query.split('&').filter(|p| !p.starts_with(&format!("{name}="))).map(str::to_owned).collect();
    pairs.extend(value.map(|value| format!("{name}={value}")));
    head.uri = format!("{}?{}", head.uri.path(), pairs.join("&")).parse().unwrap();
    Request::from_parts(head, body)
}

#[tokio::test]
async fn a_request_is_refused_for_the_first_thing_wrong_with_it() {
    let desk = Desk::us();
    let good = || desk.request("GET", "/logistics/202309/warehouses", &[], None);
    assert_eq!(desk.send(good()).await.code, 0);
    let without = |header: &'static str| {
        let mut request = good();
        request.headers_mut().remove(header);
        request
    };
    let with = |header: &'static str, value: &'static str| {
        let mut request = good();
        request.headers_mut().insert(header, value.parse().unwrap());
        request
    };
    for (what, request, http, code, words) in [
        ("unknown key", tampered(good(), "app_key", Some("other")), 400, 36_009_004, "app_key"),
        ("no key", tampered(good(), "app_key", None), 400, 36_009_004, "app_key"),
        ("no sign", tampered(good(), "sign", None), 400, 36_009_004, "signature"),
        ("wrong sign", tampered(good(), "sign", Some("00")), 400, 106_001, "signature"),
        ("other parameter", tampered(good(), "scope", Some("x")), 400, 106_001, "signature"),
        ("no cipher", tampered(good(), "shop_cipher", None), 400, 106_001, "signature"),
        ("no time", tampered(good(), "timestamp", None), 400, 36_009_004, "timestamp"),
        ("no content type", without("content-type"), 400, 36_009_022, "Content-Type"),
        ("form", with("content-type", "application/x-www-form-urlencoded"), 400, 36_009_023, "Content-Type"),
        ("no token", without("x-tts-access-token"), 400, 36_009_004, "access_token"),
        ("made-up token", with("x-tts-access-token", "TTP_x"), 400, 36_009_004, "access_token"),
    ] {
        let answer = desk.send(request).await;
        assert_eq!((answer.http, answer.code), (http, code), "{what}: {answer:?}");
        assert!(answer.message.to_lowercase().contains(&words.to_lowercase()), "{what}: {}", answer.message);
    }
}

#[tokio::test]
async fn a_changed_body_breaks_the_signature() {
    let desk = Desk::us();
    desk.model.order(SHOP, ORDER).line("A", 1).place();
    let request = desk.mark_request(ORDER, &[], "9400100000000000000017", USPS);
    let (head, body) = request.into_parts();
    let mut spaced = body.to_vec();
    spaced.push(b'\n');
    assert_eq!(desk.send(Request::from_parts(head, Bytes::from(spaced))).await.code, 106_001);
}

#[tokio::test]
async fn paths_methods_and_versions_are_known() {
    let desk = Desk::us();
    for (method, path, http, code) in [
        ("GET", "/nonsense", 404, 36_009_009),
        ("GET", "/order/202309/orders/search", 404, 36_009_010),
        ("GET", "/order/202212/orders", 400, 36_009_014),
    ] {
        let answer = desk.send(desk.request(method, path, &[], None)).await;
        assert_eq!((answer.http, answer.code), (http, code), "{method} {path}");
    }
}

#[tokio::test]
async fn time_may_lag_five_minutes_and_lead_thirty_seconds() {
    for (ahead, code) in [(-30, 0), (-31, 36_009_004), (300, 0), (301, 36_009_004)] {
        let desk = Desk::us();
        desk.model.configure(|settings| settings.clock_ahead = SignedDuration::from_secs(ahead));
        let answer = desk.get("/logistics/202309/warehouses", &[]).await;
        assert_eq!(answer.code, code, "TikTok's clock {ahead} s ahead: {}", answer.message);
    }
}

#[tokio::test]
async fn every_answer_tells_tiktoks_time() {
    let desk = Desk::us();
    desk.model.configure(|settings| settings.clock_ahead = SignedDuration::from_secs(7));
    let request = desk.request("GET", "/logistics/202309/warehouses", &[], None);
    let response = desk.model.handle(request).await.reply().unwrap();
    assert_eq!(response.headers()["date"], "Sat, 21 Nov 2026 10:00:07 GMT");
}

#[tokio::test]
async fn ciphers_belong_to_their_token_and_to_calls_for_one_shop() {
    let mut desk = Desk::us();
    desk.model.add_shop(ShopSpec::new("2", "US"));
    let stranger = desk.model.authorise(&["2"]).unwrap();
    let shops = desk.get("/authorization/202309/shops", &[]).await;
    assert_eq!(shops.data["shops"][0]["cipher"], json!(desk.model.cipher(SHOP)));
    assert_eq!(shops.data["shops"].as_array().unwrap().len(), 1);
    let unwanted = desk.get("/authorization/202309/shops", &[("shop_cipher", "x")]).await;
    assert_eq!((unwanted.code, unwanted.http), (36_009_004, 400));
    desk.tokens = stranger;
    let answer = desk.get("/logistics/202309/warehouses", &[]).await;
    assert_eq!((answer.code, answer.http), (101_000, 401));
    desk.shop = "unknown".into();
    assert_eq!(desk.get("/logistics/202309/warehouses", &[]).await.code, 106_013, "an empty cipher is a missing one");
}

#[tokio::test]
async fn the_two_apps_do_not_share_tokens() {
    let desk = Desk::us();
    let row = Desk {
        region: "GB",
        model: desk.model.clone(),
        seconds: desk.seconds.clone(),
        tokens: desk.tokens.clone(),
        shop: desk.shop.clone(),
    };
    assert_eq!(row.get("/logistics/202309/warehouses", &[]).await.code, 36_009_004);
}

#[tokio::test]
async fn tokens_expire_lose_scopes_and_shops_close() {
    let desk = Desk::us();
    desk.model.set_scopes(SHOP, &["seller.order.info"]);
    let answer = desk.get("/logistics/202309/warehouses", &[]).await;
    assert_eq!((answer.code, answer.http), (105_005, 401));
    desk.model.set_scopes(SHOP, &SCOPES);
    desk.model.set_active(SHOP, false);
    assert_eq!(desk.get("/logistics/202309/warehouses", &[]).await.code, 36_009_043);
    desk.model.set_active(SHOP, true);
    desk.later(SignedDuration::from_hours(7 * 24));
    let expired = desk.get("/logistics/202309/warehouses", &[]).await;
    assert_eq!((expired.code, expired.http), (105_002, 401));
    desk.model.configure(|settings| settings.expired_status = 200);
    assert_eq!(desk.get("/logistics/202309/warehouses", &[]).await.http, 200);
}

#[tokio::test(start_paused = true)]
async fn each_shop_has_a_read_and_a_write_limit_per_second() {
    let desk = Desk::us();
    let limits = RateLimits { reads: 3, writes: 1, retry_after: Some(Duration::from_millis(1500)) };
    desk.model.configure(|settings| settings.rates = limits);
    desk.model.order(SHOP, ORDER).line("A", 1).place();
    for _ in 0..3 {
        assert_eq!(desk.get("/logistics/202309/warehouses", &[]).await.code, 0);
    }
    let request = desk.request("GET", "/logistics/202309/warehouses", &[], None);
    let refused = desk.model.handle(request).await.reply().unwrap();
    assert_eq!(refused.headers()["retry-after"], "2", "whole seconds, rounded up");
    assert_eq!(read(refused).code, 36_009_002);
    assert_eq!(desk.mark(ORDER, &[], "9400100000000000000017", USPS).await.code, 0, "writes are counted apart");
    assert_eq!(desk.correct(ORDER, "9400100000000000000024", USPS).await.code, 36_009_002);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(desk.get("/logistics/202309/warehouses", &[]).await.code, 0);
    assert_eq!(desk.model.journal().busiest(SHOP, false, Duration::from_secs(1)), 4);
}

proptest::proptest! {
    #[test]
    fn no_signed_body_makes_the_model_panic(number in ".{0,60}", lines in ".{0,20}", place in 0usize..30) {
        let desk = Desk::us();
        let ids = desk.model.order(SHOP, ORDER).line("A", 2).place();
        let call = Call::ALL[place];
        let path = call.spec().path.replace("{}", ORDER);
        let label = json!({"tracking_number": number, "shipping_provider_id": USPS});
        let body = json!({
            "tracking_number": number, "shipping_provider_id": USPS, "order_line_item_ids": [lines, ids[0]],
            "self_shipment": label, "shipping_info_list": [label], "packages": [label, lines], "orders": [label],
            "splittable_groups": [{"id": lines, "order_line_item_ids": [number]}, label], "event_type": lines,
        });
        let query = [("ids", number.as_str()), ("page_token", lines.as_str()), ("platform", "SHOPIFY"), ("external_order_id", &lines)];
        let request = desk.request(call.spec().method, &path, &query, Some(&body));
        let (arrival, _, fault) = desk.model.state().receive(&request);
        let done = desk.model.state().carry_out(&request, &arrival, fault);
        proptest::prop_assert!(done.answer.reply().is_some());
    }
}
