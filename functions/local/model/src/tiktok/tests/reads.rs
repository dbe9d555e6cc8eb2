use super::*;

async fn pages(desk: &Desk, query: &[(&str, &str)], body: &Value) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut token = String::new();
    loop {
        let mut query = query.to_vec();
        if !token.is_empty() {
            query.push(("page_token", &token));
        }
        let answer = desk.post("/order/202309/orders/search", &query, body.clone()).await;
        assert_eq!(answer.code, 0, "{answer:?}");
        let ids = answer.data["orders"].as_array().unwrap().iter().map(|o| o["id"].as_str().unwrap().to_owned());
        pages.push(ids.collect());
        token = answer.data["next_page_token"].as_str().unwrap().to_owned();
        if token.is_empty() {
            return pages;
        }
    }
}

#[tokio::test]
async fn a_search_pages_through_every_order_once() {
    let desk = Desk::us();
    for id in 1..=5 {
        desk.model.order(SHOP, &id.to_string()).line("A", 1).place();
        desk.later(SignedDuration::from_secs(10));
    }
    let sorted = [("page_size", "2"), ("sort_order", "ASC")];
    assert_eq!(pages(&desk, &sorted, &json!({})).await, [vec!["1", "2"], vec!["3", "4"], vec!["5"]]);
    assert_eq!(pages(&desk, &[("page_size", "2")], &json!({})).await, [vec!["5", "4"], vec!["3", "2"], vec!["1"]]);
    let window = json!({"create_time_ge": START + 10, "create_time_lt": START + 30});
    assert_eq!(pages(&desk, &sorted, &window).await, [["2", "3"]]);
    desk.mark("1", &[], "9400100000000000000017", USPS).await;
    assert_eq!(pages(&desk, &sorted, &json!({"order_status": "AWAITING_COLLECTION"})).await, [["1"]]);
    let moved = json!({"update_time_ge": START + 50});
    assert_eq!(pages(&desk, &[("sort_field", "update_time")], &moved).await, [["1"]], "the status moved its time");
}

#[tokio::test]
async fn paging_outside_its_rules_is_refused() {
    let desk = Desk::us();
    for (name, value) in [
        ("page_size", "101"),
        ("page_size", "0"),
        ("page_size", "x"),
        ("sort_field", "id"),
        ("sort_order", "up"),
        ("page_token", "zz"),
    ] {
        let answer = desk.post("/order/202309/orders/search", &[(name, value)], json!({})).await;
        assert_eq!(answer.code, 36_009_004, "{name}={value}");
        assert!(answer.message.contains(name), "{}", answer.message);
    }
    let answer = desk.post("/fulfillment/202309/packages/search", &[("page_size", "51")], json!({})).await;
    assert_eq!(answer.code, 36_009_004);
}

#[tokio::test]
async fn one_foreign_id_refuses_the_whole_read() {
    let desk = Desk::us();
    desk.model.add_shop(ShopSpec::new("2", "US"));
    desk.model.order(SHOP, "1").line("A", 1).place();
    desk.model.order("2", "5").line("A", 1).place();
    let ask = |ids: &'static str| async { desk.get("/order/202507/orders", &[("ids", ids)]).await.code };
    assert_eq!(ask("1").await, 0);
    assert_eq!(ask("1,5").await, 21_008_111);
    assert_eq!(ask("1,6").await, 21_008_111);
    assert_eq!(ask("1,x").await, 36_009_004);
    let many = vec!["1"; 51].join(",");
    assert_eq!(desk.get("/order/202309/orders", &[("ids", &many)]).await.code, 36_009_004);
}

#[tokio::test]
async fn a_lagging_read_shows_the_order_as_it_was() {
    let desk = Desk::us();
    desk.model.order(SHOP, ORDER).line("A", 2).place();
    desk.later(SignedDuration::from_secs(60));
    desk.model.configure(|settings| settings.read_lag = SignedDuration::from_secs(10));
    assert_eq!(desk.mark(ORDER, &[], "9400100000000000000017", USPS).await.code, 0);
    assert_eq!(desk.read_order(ORDER).await["status"], "AWAITING_SHIPMENT");
    assert_eq!(desk.status(ORDER), "AWAITING_COLLECTION", "the truth is there already");
    assert_eq!(desk.mark(ORDER, &[], "9400100000000000000017", USPS).await.code, 21_011_006, "and writes see it");
    desk.later(SignedDuration::from_secs(9));
    assert_eq!(desk.read_order(ORDER).await["status"], "AWAITING_SHIPMENT");
    desk.later(SignedDuration::from_secs(1));
    assert_eq!(desk.read_order(ORDER).await["status"], "AWAITING_COLLECTION");
}

#[tokio::test]
async fn buyers_stand_in_shippable_orders_and_are_masked_in_others() {
    let desk = Desk::us();
    desk.model.order(SHOP, "1").line("A", 1).place();
    desk.model.order(SHOP, "2").line("A", 1).status(Status::Cancelled).place();
    desk.model.order(SHOP, "3").line("A", 1).status(Status::OnHold).place();
    assert!(desk.read_order("1").await["recipient_address"].to_string().contains(BUYER[0]));
    for order in ["2", "3"] {
        let order = desk.read_order(order).await;
        assert!(!order["recipient_address"].to_string().contains(BUYER[0]));
        assert!(order["recipient_address"].get("district_info").is_none());
    }
}

#[tokio::test]
async fn carriers_follow_from_the_delivery_option() {
    let desk = Desk::us();
    let warehouse =
        desk.get("/logistics/202309/warehouses", &[]).await.data["warehouses"][0]["id"].as_str().unwrap().to_owned();
    let options = desk.get(&format!("/logistics/202309/warehouses/{warehouse}/delivery_options"), &[]).await;
    let option = |kind: &str| {
        let list = options.data["delivery_options"].as_array().unwrap();
        list.iter().find(|o| o["type"] == kind).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let providers = |option: String| format!("/logistics/202309/delivery_options/{option}/shipping_providers");
    let list = desk.get(&providers(option("SEND_BY_SELLER")), &[]).await;
    assert_eq!(list.data["shipping_providers"][0], json!({"id": USPS, "name": "USPS"}));
    assert_eq!(list.data["shipping_providers"].as_array().unwrap().len(), 25);
    assert_eq!(desk.get(&providers(option("STANDARD")), &[]).await.code, 21_008_117);
    assert_eq!(desk.get(&providers("1".into()), &[]).await.code, 21_008_116);
    let germany = Desk::new("DE");
    let option = germany.model.warehouse(SHOP).unwrap().1.unwrap();
    assert_eq!(germany.get(&providers(option.clone()), &[]).await.code, 36_009_004, "the route is missing");
    let route = [("warehouse_region", "DE"), ("buyer_region", "FR")];
    assert_eq!(germany.get(&providers(option), &route).await.code, 0);
}

#[tokio::test]
async fn a_store_order_leads_to_its_order() {
    let desk = Desk::us();
    let lines = desk.model.order(SHOP, ORDER).line("A", 1).place();
    let reference = |order: &str| json!({"id": order, "external_order": {"id": "#1001 é", "platform": "SHOPIFY", "line_items": [{"id": "9", "origin_id": lines[0]}]}});
    let body = json!({"orders": [reference(ORDER), reference("1")]});
    let stored = desk.post("/order/202406/orders/external_orders", &[], body).await;
    assert_eq!((stored.code, stored.data["errors"].as_array().unwrap().len()), (0, 1));
    let search = "/order/202406/orders/external_order_search";
    let find = |platform: &'static str| [("platform", platform), ("external_order_id", "#1001 é")];
    let request = desk.request("POST", search, &find("SHOPIFY"), None);
    assert_eq!(desk.send(request).await.data["orders"][0]["id"], ORDER);
    let request = desk.request("POST", search, &find("MAGENTO"), None);
    assert_eq!(desk.send(request).await.data["orders"], json!([]));
    let back = desk.get(&format!("/order/202406/orders/{ORDER}/external_orders"), &[("platform", "SHOPIFY")]).await;
    assert_eq!(back.data["external_orders"][0]["id"], "#1001 é");
}
