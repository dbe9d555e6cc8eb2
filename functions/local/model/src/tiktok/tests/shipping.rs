use super::*;

#[tokio::test]
async fn a_number_for_the_whole_order_moves_it_to_awaiting_collection() {
    let desk = Desk::us();
    let lines = desk.model.order(SHOP, ORDER).lines(&[("MUG-BLUE", 2), ("CAP-RED", 1)]).place();
    assert_eq!(lines.len(), 3, "one line item per unit");
    assert!(
        desk.read_order(ORDER).await["packages"].as_array().unwrap().is_empty(),
        "no package before shipping in the US"
    );
    let answer = desk.mark(ORDER, &[], "9400100000000000000017", USPS).await;
    assert_eq!((answer.http, answer.code), (200, 0), "{answer:?}");
    assert_eq!(answer.data["order_line_item_ids"], json!(lines));
    let order = desk.read_order(ORDER).await;
    assert_eq!(order["status"], "AWAITING_COLLECTION");
    assert_eq!(order["tracking_number"], "9400100000000000000017");
    assert_eq!(order["packages"][0]["id"], answer.data["package_id"]);
    assert_eq!(order["line_items"][2]["tracking_number"], "9400100000000000000017");
    assert_eq!(order["line_items"][2]["shipping_provider_id"], USPS);
    let journal = desk.model.journal();
    assert_eq!(journal.changes.len(), 1);
    let change = &journal.changes[0];
    assert_eq!(
        (change.kind, change.number.as_str(), change.lines.len()),
        (ChangeKind::First, "9400100000000000000017", 3)
    );
}

#[tokio::test]
async fn parcels_ship_their_own_lines_and_the_last_one_completes_the_order() {
    let desk = Desk::us();
    let lines = desk.model.order(SHOP, ORDER).line("MUG-BLUE", 3).place();
    assert_eq!(desk.mark(ORDER, &lines[1..2], "9400100000000000000017", USPS).await.code, 0);
    assert_eq!(desk.status(ORDER), "PARTIALLY_SHIPPING");
    assert_eq!(
        desk.mark(ORDER, &lines[1..2], "9400100000000000000024", USPS).await.code,
        21_011_040,
        "already shipped"
    );
    assert_eq!(desk.mark(ORDER, &lines[2..3], "1Z999AA10123456784", UPS).await.code, 0);
    let order = desk.read_order(ORDER).await;
    assert_eq!(order["line_items"][0]["display_status"], "AWAITING_SHIPMENT");
    assert_eq!(order["line_items"][1]["tracking_number"], "9400100000000000000017");
    assert_eq!(order["line_items"][2]["tracking_number"], "1Z999AA10123456784");
    assert!(order.get("tracking_number").is_none(), "split orders show numbers by line");
    assert_eq!(desk.mark(ORDER, &[], "9400100000000000000031", USPS).await.code, 0, "no names: all open lines");
    assert_eq!(desk.status(ORDER), "AWAITING_COLLECTION");
    assert_eq!(desk.mark(ORDER, &[], "9400100000000000000048", USPS).await.code, 21_011_006);
    assert_eq!(desk.model.journal().changes.len(), 3);
}

#[tokio::test]
async fn every_state_that_forbids_shipping_says_why() {
    for (status, code) in [
        (Status::Unpaid, 10_007_002),
        (Status::OnHold, 21_011_044),
        (Status::AwaitingCollection, 21_011_006),
        (Status::InTransit, 21_011_006),
        (Status::Delivered, 21_011_027),
        (Status::Completed, 21_011_027),
        (Status::Cancelled, 21_011_041),
    ] {
        let desk = Desk::us();
        desk.model.order(SHOP, ORDER).line("A", 1).status(status).place();
        let answer = desk.mark(ORDER, &[], "9400100000000000000017", USPS).await;
        assert_eq!((answer.http, answer.code), (200, code), "{status:?}");
        assert!(desk.model.journal().changes.is_empty());
    }
}

#[tokio::test]
async fn orders_that_are_not_the_sellers_to_ship_are_refused() {
    let desk = Desk::us();
    desk.model.order(SHOP, "1").line("A", 1).fulfilled_by_tiktok().place();
    desk.model.order(SHOP, "2").line("A", 1).shipped_by_tiktok().place();
    desk.model.order(SHOP, "3").line("A", 1).with(|order| order.forbidden = Some(21_011_012)).place();
    for (order, code) in [("1", 21_008_025), ("2", 21_011_004), ("3", 21_011_012), ("4", 21_008_111)] {
        assert_eq!(desk.mark(order, &[], "9400100000000000000017", USPS).await.code, code, "{order}");
    }
}

#[tokio::test]
async fn a_hold_ends_after_an_hour_by_itself() {
    let desk = Desk::us();
    desk.model.order(SHOP, ORDER).line("A", 1).status(Status::OnHold).place();
    desk.later(SignedDuration::from_mins(59));
    assert_eq!(desk.read_order(ORDER).await["status"], "ON_HOLD");
    desk.later(SignedDuration::from_mins(1));
    assert_eq!(desk.mark(ORDER, &[], "9400100000000000000017", USPS).await.code, 0);
}

#[tokio::test]
async fn numbers_and_carriers_are_checked_before_they_are_taken() {
    let desk = Desk::us();
    let lines = desk.model.order(SHOP, ORDER).line("A", 2).place();
    let evri = provider_id("GB", "Evri").unwrap();
    let long = "A".repeat(51);
    for (number, provider, code) in [
        ("", USPS, 21_001_001),
        ("ABC", USPS, 21_011_022),
        (long.as_str(), USPS, 21_011_022),
        ("9400 1000", USPS, 21_004_012),
        ("https://track/1?x", USPS, 21_004_012),
        ("9400é100", USPS, 21_004_012),
        ("9400100000000000000017", "1", 21_011_022),
        ("9400100000000000000017", evri, 21_004_016),
    ] {
        assert_eq!(desk.mark(ORDER, &[], number, provider).await.code, code, "{number} {provider}");
    }
    desk.model.set_provider(SHOP, UPS, false);
    assert_eq!(desk.mark(ORDER, &[], "1Z999AA10123456784", UPS).await.code, 21_004_016, "switched off");
    assert_eq!(desk.mark(ORDER, &["5".into()], "9400100000000000000017", USPS).await.code, 21_011_029);
    let twice = [lines[0].clone(), lines[0].clone()];
    assert_eq!(desk.mark(ORDER, &twice, "9400100000000000000017", USPS).await.code, 21_001_001);
    assert!(desk.model.journal().changes.is_empty());
}

#[tokio::test]
async fn a_number_of_another_carrier_is_accepted_with_a_warning_in_the_us() {
    let desk = Desk::us();
    desk.model.order(SHOP, ORDER).line("A", 1).place();
    let answer = desk.mark(ORDER, &[], "1Z999AA10123456784", USPS).await;
    assert_eq!(answer.code, 0);
    assert!(answer.data["warning"]["message"].as_str().unwrap().contains("UPS"));
    let strict = Desk::us();
    strict.model.configure(|settings| settings.refuse_mismatch = true);
    strict.model.order(SHOP, ORDER).line("A", 1).place();
    assert_eq!(strict.mark(ORDER, &[], "1Z999AA10123456784", USPS).await.code, 21_004_015);
}

#[tokio::test]
async fn a_number_serves_one_order_or_one_recipient() {
    let desk = Desk::us();
    desk.model.configure(|settings| settings.orders_per_number = 2);
    for (order, group) in [("1", "north"), ("2", "north"), ("3", "south"), ("4", "north")] {
        desk.model.order(SHOP, order).line("A", 1).recipient(group).place();
    }
    for (order, code) in [("1", 0), ("2", 0), ("3", 21_011_025), ("4", 21_011_026)] {
        assert_eq!(desk.mark(order, &[], "9400100000000000000017", USPS).await.code, code, "order {order}");
    }
    let uk = Desk::new("GB");
    let evri = provider_id("GB", "Evri").unwrap();
    for order in ["1", "2"] {
        uk.model.order(SHOP, order).line("A", 1).recipient("north").place();
        assert_eq!(uk.mark(order, &[], "H0001A0000000001", evri).await.code, 0, "the UK combines by number too");
    }
}

#[tokio::test]
async fn outside_the_us_the_package_is_there_from_payment_and_keeps_its_id() {
    let desk = Desk::new("GB");
    let evri = provider_id("GB", "Evri").unwrap();
    let lines = desk.model.order(SHOP, ORDER).line("A", 3).place();
    let planned = desk.read_order(ORDER).await["packages"][0]["id"].clone();
    assert!(planned.is_string());
    let part = desk.mark(ORDER, &lines[..1], "H0001A0000000001", evri).await;
    assert_ne!(part.data["package_id"], planned, "a part of the lines travels in a package of its own");
    let rest = desk.mark(ORDER, &lines[1..], "H0001A0000000002", evri).await;
    assert_eq!(rest.data["package_id"], planned, "the rest fills the planned one");
    assert_eq!(desk.status(ORDER), "AWAITING_COLLECTION");
}

#[tokio::test]
async fn several_open_packages_call_for_named_lines() {
    let desk = Desk::new("GB");
    let evri = provider_id("GB", "Evri").unwrap();
    let lines = desk.model.order(SHOP, ORDER).line("A", 2).place();
    let groups = json!({"splittable_groups": [
        {"id": "1", "order_line_item_ids": [lines[0]]}, {"id": "2", "order_line_item_ids": [lines[1]]},
    ]});
    let split = desk.post(&format!("/fulfillment/202309/orders/{ORDER}/split"), &[], groups).await;
    assert_eq!(split.code, 0, "{split:?}");
    assert_eq!(desk.mark(ORDER, &[], "H0001A0000000001", evri).await.code, 21_011_048);
    let named = desk.mark(ORDER, &lines[..1], "H0001A0000000001", evri).await;
    assert_eq!(named.data["package_id"], split.data["packages"][0]["id"]);
}

#[tokio::test]
async fn a_buyers_request_to_cancel_is_answered_by_shipping_in_the_us_only() {
    for (region, carrier, code) in [("US", "UPS", 0), ("GB", "Evri", 21_011_007)] {
        let desk = Desk::new(region);
        desk.model.order(SHOP, ORDER).line("A", 1).place();
        desk.model.ask_to_cancel(SHOP, ORDER);
        assert_eq!(desk.read_order(ORDER).await["is_buyer_request_cancel"], true);
        let provider = provider_id(region, carrier).unwrap();
        assert_eq!(desk.mark(ORDER, &[], "1Z999AA10123456784", provider).await.code, code, "{region}");
        desk.model.reject_cancel(SHOP, ORDER);
        assert_eq!(desk.read_order(ORDER).await["is_buyer_request_cancel"], false);
    }
}

#[tokio::test]
async fn each_market_has_one_call_for_a_first_number() {
    let desk = Desk::new("TH");
    let carrier = provider_id("TH", "Flash Express").unwrap();
    desk.model.order(SHOP, ORDER).line("A", 2).place();
    assert_eq!(desk.mark(ORDER, &[], "TH0000001", carrier).await.code, 21_008_106);
    let package = desk.read_order(ORDER).await["packages"][0]["id"].as_str().unwrap().to_owned();
    let ship = format!("/fulfillment/202309/packages/{package}/ship");
    let label = json!({"self_shipment": {"tracking_number": "TH0000001", "shipping_provider_id": carrier}});
    assert_eq!(desk.post("/fulfillment/202309/packages/1/ship", &[], label.clone()).await.code, 21_011_028);
    assert_eq!(desk.post(&ship, &[], label.clone()).await.code, 0);
    assert_eq!(desk.post(&ship, &[], label).await.code, 21_011_006, "a repeat is not idempotent");
    assert_eq!(desk.status(ORDER), "AWAITING_COLLECTION");

    let brazil = Desk::new("BR");
    brazil.model.order(SHOP, ORDER).line("A", 1).with(|order| order.needs_invoice = true).place();
    let package = brazil.model.order_now(SHOP, ORDER).unwrap().packages[0].id.clone();
    let correios = provider_id("BR", "Correios").unwrap();
    let body = json!({"packages": [
        {"id": package, "self_shipment": {"tracking_number": "AA123456785BR", "shipping_provider_id": correios}},
        {"id": "9", "self_shipment": {"tracking_number": "AA123456786BR", "shipping_provider_id": correios}},
    ]});
    let batch = brazil.post("/fulfillment/202309/packages/ship", &[], body).await;
    assert_eq!(batch.code, 0, "errors of single packages hide behind code 0");
    let codes: Vec<i64> =
        batch.data["errors"].as_array().unwrap().iter().map(|e| e["code"].as_i64().unwrap()).collect();
    assert_eq!(codes, [21_004_006, 21_011_028]);
}

#[tokio::test]
async fn a_cancelled_unit_is_not_shipped_and_does_not_hold_the_rest_back() {
    let desk = Desk::us();
    let lines = desk.model.order(SHOP, ORDER).line("A", 2).place();
    desk.model.cancel_lines(SHOP, ORDER, &lines[..1]);
    assert_eq!(desk.mark(ORDER, &lines[..1], "9400100000000000000017", USPS).await.code, 21_011_042);
    assert_eq!(
        desk.mark(ORDER, &[], "9400100000000000000017", USPS).await.data["order_line_item_ids"],
        json!(lines[1..])
    );
    assert_eq!(desk.status(ORDER), "AWAITING_COLLECTION");
    let order = desk.read_order(ORDER).await;
    assert_eq!(order["line_items"][0]["display_status"], "CANCELLED");
}

#[tokio::test]
async fn the_newer_form_takes_one_number_and_no_note() {
    let desk = Desk::us();
    let lines = desk.model.order(SHOP, ORDER).line("A", 2).place();
    let path = format!("/fulfillment/202610/orders/{ORDER}/packages");
    let info = json!({"tracking_number": "9400100000000000000017", "shipping_provider_id": USPS});
    let body = |list: Value| json!({"order_line_list": [{"order_line_id": lines[0]}], "shipping_info_list": list});
    assert_eq!(desk.post(&path, &[], body(json!([info, info]))).await.code, 11_007_016);
    assert_eq!(desk.post(&path, &[], body(json!([]))).await.code, 21_001_001);
    assert_eq!(desk.post(&path, &[], body(json!([info]))).await.code, 0);
    assert_eq!(desk.status(ORDER), "PARTIALLY_SHIPPING");
}
