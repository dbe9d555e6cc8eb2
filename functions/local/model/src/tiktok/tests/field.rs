use super::*;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).unwrap()
}

async fn search(desk: &Desk, query: &[(&str, &str)], body: Value) -> (Vec<String>, String) {
    let answer = desk.post("/order/202309/orders/search", query, body).await;
    assert_eq!(answer.code, 0, "{answer:?}");
    let ids = answer.data["orders"].as_array().unwrap().iter().map(|o| o["id"].as_str().unwrap().to_owned()).collect();
    (ids, answer.data["next_page_token"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn search_lags_behind_reads_by_id() {
    let desk = Desk::us();
    desk.model.configure(|settings| settings.search_lag = SignedDuration::from_secs(60));
    desk.model.order(SHOP, ORDER).line("A", 1).place();
    assert_eq!(search(&desk, &[], json!({})).await.0, Vec::<String>::new(), "not there yet");
    assert_eq!(desk.read_order(ORDER).await["status"], "AWAITING_SHIPMENT");
    desk.later(SignedDuration::from_secs(60));
    desk.mark(ORDER, &[], "9400100000000000000017", USPS).await;
    assert_eq!(search(&desk, &[], json!({"order_status": "AWAITING_SHIPMENT"})).await.0, [ORDER]);
    assert_eq!(desk.read_order(ORDER).await["status"], "AWAITING_COLLECTION");
    desk.later(SignedDuration::from_secs(60));
    assert_eq!(search(&desk, &[], json!({"order_status": "AWAITING_SHIPMENT"})).await.0, Vec::<String>::new());
}

#[tokio::test]
async fn pages_that_are_offsets_shift_while_orders_move() {
    let desk = Desk::us();
    desk.model.configure(|settings| settings.offset_pages = true);
    for id in ["1", "2", "3", "4"] {
        desk.model.order(SHOP, id).line("A", 1).place();
        desk.later(SignedDuration::from_secs(10));
    }
    let query = [("page_size", "2"), ("sort_field", "update_time"), ("sort_order", "ASC")];
    let (first, token) = search(&desk, &query, json!({})).await;
    desk.mark("1", &[], "9400100000000000000017", USPS).await;
    let mut next = query.to_vec();
    next.push(("page_token", &token));
    let (second, _) = search(&desk, &next, json!({})).await;
    assert_eq!(
        (first, second),
        (vec!["1".into(), "2".into()], vec!["4".into(), "1".into()]),
        "3 was never shown, 1 twice"
    );
}

#[tokio::test]
async fn an_order_shown_only_by_id_and_one_left_out_of_an_answer() {
    let desk = Desk::us();
    desk.model.order(SHOP, "1").line("A", 1).place();
    desk.model.order(SHOP, "2").line("A", 1).place();
    desk.model.hide_from_search(SHOP, "1");
    assert_eq!(search(&desk, &[], json!({})).await.0, ["2"]);
    desk.model.leave_out(SHOP, "2", 1);
    let shown = async || {
        let answer = desk.get("/order/202507/orders", &[("ids", "1,2")]).await;
        answer.data["orders"].as_array().unwrap().len()
    };
    assert_eq!((shown().await, shown().await), (1, 2));
}

#[tokio::test]
async fn one_order_can_spoil_every_read_that_names_it() {
    let desk = Desk::us();
    desk.model.order(SHOP, "1").line("A", 1).place();
    desk.model.order(SHOP, "2").line("A", 1).place();
    desk.model.refuse_reads(SHOP, "2", Some(36_009_003));
    let code = async |ids: &'static str| desk.get("/order/202507/orders", &[("ids", ids)]).await.code;
    assert_eq!((code("1,2").await, code("1").await, code("2").await), (36_009_003, 0, 36_009_003));
    desk.model.refuse_reads(SHOP, "2", None);
    assert_eq!(code("1,2").await, 0);
}

#[tokio::test]
async fn deadlines_stand_on_orders_and_move_without_a_word() {
    let desk = Desk::us();
    desk.model
        .order(SHOP, ORDER)
        .line("A", 1)
        .deadline("rts_sla_time", Some(at(99)))
        .deadline("tts_sla_time", None)
        .place();
    let before = desk.read_order(ORDER).await;
    assert_eq!((before["rts_sla_time"].as_i64(), before.get("tts_sla_time")), (Some(START + 99), None));
    assert_eq!(before["shipping_due_time"].as_i64(), Some(START + 7 * 24 * 3600));
    desk.later(HOUR);
    desk.model.move_deadline(SHOP, ORDER, "rts_sla_time", Some(at(5)));
    let after = desk.read_order(ORDER).await;
    assert_eq!((after["rts_sla_time"].as_i64(), &after["update_time"]), (Some(START + 5), &before["update_time"]));
    assert!(desk.model.take_webhooks().is_empty());
}

#[tokio::test]
async fn a_carrier_moves_by_the_clock_and_tells_it() {
    let desk = Desk::us();
    desk.model.order(SHOP, ORDER).line("A", 1).place();
    desk.mark(ORDER, &[], "9400100000000000000017", USPS).await;
    desk.model.carry(SHOP, ORDER, HOUR, HOUR * 30);
    desk.later(HOUR * 2);
    let order = desk.read_order(ORDER).await;
    assert_eq!((order["status"].as_str(), order["collection_time"].as_i64()), (Some("IN_TRANSIT"), Some(START + 3600)));
    desk.model.fail_attempt(SHOP, ORDER);
    desk.model.event(SHOP, ORDER, "Delivery failed", 60_101);
    desk.later(HOUR * 30);
    assert_eq!(desk.read_order(ORDER).await["status"], "DELIVERED");
    let events = desk.get(&format!("/fulfillment/202309/orders/{ORDER}/tracking"), &[]).await.data["tracking"].clone();
    let told: Vec<_> = events
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["description"].as_str().unwrap(), e["action_code"].as_i64()))
        .collect();
    assert_eq!(told.len(), 4);
    assert_eq!((told[0], told[1].1, told[3]), (("Delivered", None), Some(60_101), ("Picked up by carrier", None)));
    assert!(told[2].0.ends_with('\n'), "as TikTok writes them");
}

#[tokio::test]
async fn tiktok_cancels_what_misses_its_due_time() {
    let desk = Desk::us();
    desk.model.configure(|settings| settings.auto_cancel = true);
    desk.model.order(SHOP, ORDER).line("A", 1).deadline("shipping_due_time", Some(at(7200))).place();
    desk.later(HOUR);
    assert_eq!(desk.read_order(ORDER).await["status"], "AWAITING_SHIPMENT");
    desk.later(HOUR);
    let order = desk.read_order(ORDER).await;
    assert_eq!(
        (order["status"].as_str(), order["cancellation_initiator"].as_str()),
        (Some("CANCELLED"), Some("SYSTEM"))
    );
}

#[tokio::test]
async fn a_seller_can_take_a_package_back() {
    let desk = Desk::us();
    desk.model.order(SHOP, ORDER).line("A", 1).place();
    let package = desk.mark(ORDER, &[], "9400100000000000000017", USPS).await.data["package_id"].clone();
    desk.later(HOUR);
    assert!(desk.model.cancel_package(SHOP, ORDER, package.as_str().unwrap()));
    let order = desk.read_order(ORDER).await;
    assert_eq!(
        (order["status"].as_str(), order["update_time"].as_i64()),
        (Some("AWAITING_SHIPMENT"), Some(START + 3600))
    );
    assert_eq!(order["line_items"][0]["tracking_number"], "");
    assert_eq!(desk.mark(ORDER, &[], "9400100000000000000017", USPS).await.code, 0, "the number is free again");
}

#[tokio::test]
async fn kinds_of_orders_are_told_as_tiktok_tells_them() {
    let desk = Desk::us();
    desk.model.order(SHOP, "1").pre_order(at(7200)).line("GAME", 1).place();
    desk.model.order(SHOP, "2").line("MUG", 1).gift("STICKER", 1).bundle("SET", 1, &[("MUG", 2), ("SPOON", 1)]).place();
    desk.model.replace(SHOP, "2", "3");
    desk.model.order(SHOP, "4").exchange_of("2").group("77").never_held().masked().order_type("").line("A", 1).place();
    let held = desk.read_order("1").await;
    assert_eq!((held["status"].as_str(), held["release_date"].as_i64()), (Some("ON_HOLD"), Some(START + 7200)));
    assert!(held.get("paid_time").is_none() && held.get("recipient_address").is_none());
    let order = desk.read_order("2").await;
    assert_eq!(
        (order["line_items"][0]["is_gift"].as_bool(), order["line_items"][1]["is_gift"].as_bool()),
        (Some(false), Some(true))
    );
    assert_eq!(order["line_items"][2]["combined_listing_skus"][0]["sku_count"], 2);
    let listed = desk.post("/order/202309/orders/search", &[("sort_order", "ASC")], json!({})).await;
    assert!(!listed.data.to_string().contains("combined_listing_skus"), "only a read by id shows the pieces");
    let replacement = desk.read_order("3").await;
    assert_eq!(
        (&replacement["replaced_order_id"], replacement["line_items"].as_array().unwrap().len()),
        (&json!("2"), 3)
    );
    let exchange = desk.read_order("4").await;
    assert_eq!(
        (&exchange["exchange_source_order_id"], &exchange["auto_combine_group_id"]),
        (&json!("2"), &json!("77"))
    );
    assert_eq!((&exchange["is_on_hold_order"], &exchange["order_type"]), (&json!(false), &json!("")));
    assert_eq!(exchange["recipient_address"]["name"], "***");
    desk.later(HOUR * 2);
    assert_eq!(desk.read_order("1").await["status"], "AWAITING_SHIPMENT", "released");
}

#[tokio::test]
async fn a_combined_package_ships_all_its_orders() {
    let desk = Desk::new("MY");
    desk.model.order(SHOP, "1").line("A", 1).place();
    desk.model.order(SHOP, "2").line("B", 1).place();
    let package = desk.model.combine(SHOP, &["1", "2"]).unwrap();
    let shown = desk.get(&format!("/fulfillment/202309/packages/{package}"), &[]).await.data;
    assert_eq!((shown["orders"].as_array().unwrap().len(), &shown["split_and_combine_tag"]), (2, &json!("COMBINE")));
    let carrier = provider_id("MY", "J&T Express").unwrap();
    let label = json!({"self_shipment": {"tracking_number": "MY0000001", "shipping_provider_id": carrier}});
    let path = format!("/fulfillment/202309/packages/{package}/ship");
    assert_eq!(desk.post(&path, &[], label).await.code, 0);
    for order in ["1", "2"] {
        let shown = desk.read_order(order).await;
        assert_eq!(
            (shown["status"].as_str(), &shown["line_items"][0]["tracking_number"]),
            (Some("AWAITING_COLLECTION"), &json!("MY0000001"))
        );
        assert_eq!(shown["split_or_combine_tag"], "COMBINED");
    }
    assert_eq!(desk.correct_package(&package, "MY0000002", carrier).await.code, 0);
    assert_eq!(desk.read_order("2").await["line_items"][0]["tracking_number"], "MY0000002");
}

#[tokio::test]
async fn carriers_differ_by_the_region_of_the_warehouse() {
    let desk = Desk::new("FR");
    let berlin = desk.model.add_warehouse(SHOP, "DE").unwrap();
    desk.model.set_list(SHOP, "DE", &[("7038796963025782530", "DHL Paket")]);
    desk.model.set_list(SHOP, "FR", &[("7073406403947267841", "La Poste")]);
    let option = desk.model.warehouse(SHOP).unwrap().1.unwrap();
    let path = format!("/logistics/202309/delivery_options/{option}/shipping_providers");
    let list = async |from: &'static str| {
        let answer = desk.get(&path, &[("warehouse_region", from), ("buyer_region", "FR")]).await;
        answer.data["shipping_providers"].to_string()
    };
    assert!(list("DE").await.contains("DHL Paket") && !list("FR").await.contains("DHL Paket"));
    desk.model.order(SHOP, "1").from_warehouse(&berlin).line("A", 1).place();
    desk.model.order(SHOP, "2").line("A", 1).place();
    assert_eq!(desk.mark("1", &[], "JJD000390007897894352", "7038796963025782530").await.code, 0);
    assert_eq!(desk.mark("2", &[], "JJD000390007897894369", "7038796963025782530").await.code, 21_004_016);
    desk.model.empty_lists(SHOP, 1);
    assert_eq!((list("DE").await.as_str(), list("DE").await.contains("DHL")), ("[]", true));
}

#[tokio::test]
async fn sellers_apps_and_grants_are_refused_as_documented() {
    let desk = Desk::us();
    desk.model.order(SHOP, ORDER).line("A", 1).place();
    let code = async || desk.get("/order/202507/orders", &[("ids", ORDER)]).await.code;
    desk.model.set_seller_active(SHOP, false);
    assert_eq!(code().await, 36_009_044);
    desk.model.set_seller_active(SHOP, true);
    desk.model.show_status(SHOP, ORDER, Some("SHINY_NEW"));
    assert_eq!(desk.read_order(ORDER).await["status"], "SHINY_NEW");
    let stale = desk.request("GET", "/order/202507/orders", &[("ids", ORDER)], None);
    desk.model.rotate_app_secret(AppRegion::Us, "another-secret");
    assert_eq!(desk.send(stale).await.code, 106_001);
    assert_eq!(code().await, 0, "signed with the new one");
    desk.model.leave_out_of_grant(SHOP);
    assert_eq!(code().await, 101_000);
    assert_eq!(desk.get("/authorization/202309/shops", &[]).await.data["shops"], json!([]));
}

#[tokio::test]
async fn usps_counts_with_tiktoks_own_labels_only_where_that_rule_is_on() {
    let desk = Desk::us();
    desk.model.order(SHOP, "1").line("A", 1).place();
    desk.model.order(SHOP, "2").line("A", 1).place();
    desk.model.configure(|settings| settings.usps_refused = Some(21_011_099));
    let refused = desk.mark("1", &[], "9400100000000000000017", USPS).await;
    assert!(refused.code == 21_011_099 && refused.message.contains("USPS"), "{refused:?}");
    desk.model.sell_label("9400100000000000000017");
    assert_eq!(desk.mark("1", &[], "9400100000000000000017", USPS).await.code, 0);
    assert_eq!(desk.mark("2", &[], "1Z999AA10123456784", UPS).await.code, 0);
    let check =
        desk.get("/fulfillment/202508/tts_tracking_validation", &[("tracking_number", "9400100000000000000017")]).await;
    assert_eq!(check.data["is_tiktok_shipping"], true);
}

#[tokio::test]
async fn a_market_can_take_the_other_call() {
    let desk = Desk::new("GB");
    desk.model.order(SHOP, ORDER).line("A", 1).place();
    desk.model.set_ships_by_order(SHOP, false);
    let evri = provider_id("GB", "Evri").unwrap();
    assert_eq!(desk.mark(ORDER, &[], "H0000000000000001", evri).await.code, 21_008_106);
    let package = desk.model.order_now(SHOP, ORDER).unwrap().packages[0].id.clone();
    let label = json!({"self_shipment": {"tracking_number": "H0000000000000001", "shipping_provider_id": evri}});
    assert_eq!(desk.post(&format!("/fulfillment/202309/packages/{package}/ship"), &[], label).await.code, 0);
}

#[tokio::test]
async fn an_order_switches_between_the_seller_and_tiktok() {
    let desk = Desk::us();
    desk.model.order(SHOP, ORDER).line("A", 1).shipped_by_tiktok().place();
    assert_eq!(desk.read_order(ORDER).await["recipient_address"]["full_address"], "***");
    assert_eq!(desk.mark(ORDER, &[], "9400100000000000000017", USPS).await.code, 21_011_004);
    desk.model.switch_shipping(SHOP, ORDER, "SELLER");
    assert!(desk.read_order(ORDER).await["recipient_address"].to_string().contains(BUYER[0]));
    assert_eq!(desk.mark(ORDER, &[], "9400100000000000000017", USPS).await.code, 0);
}

#[tokio::test]
async fn webhooks_come_late_twice_and_in_the_wrong_order() {
    let desk = Desk::us();
    desk.model.configure_app(AppRegion::Us, |app| app.webhook_url = "https://waybill.example/hooks/tiktok/us".into());
    desk.model.configure(|settings| {
        settings.webhooks = Mischief { late: HOUR, double: 1.0, swap: true, lose: 0.0 };
    });
    desk.model.order(SHOP, ORDER).line("A", 1).status(Status::OnHold).place();
    desk.model.release(SHOP, ORDER);
    assert!(desk.model.take_webhooks().is_empty(), "too early");
    desk.later(HOUR);
    let told: Vec<Value> =
        desk.model.take_webhooks().iter().map(|r| serde_json::from_slice(r.body()).unwrap()).collect();
    let words: Vec<_> = told.iter().map(|body| body["data"]["order_status"].as_str().unwrap()).collect();
    assert_eq!(words, ["AWAITING_SHIPMENT", "AWAITING_SHIPMENT", "ON_HOLD", "ON_HOLD"]);
    desk.model.configure(|settings| settings.webhooks = Mischief { lose: 1.0, ..Mischief::default() });
    desk.model.cancel(SHOP, ORDER, "BUYER");
    assert!(desk.model.take_webhooks().is_empty(), "lost");
}
