//! Every successful answer is held against the OpenAPI description: types, required fields, and no field it does not know.

use super::*;

const OPENAPI: &str = include_str!("../../../../../../tests/fixtures/tiktok/tiktok-openapi-subset.json");

fn check(root: &Value, schema: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let target = root.pointer(name.trim_start_matches('#')).unwrap();
        return check(root, target, value, place, faults);
    }
    let fits = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("boolean") => value.is_boolean(),
        _ => true,
    };
    if !fits {
        faults.push(format!("{place}: {value} is no {}", schema["type"]));
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            faults.push(format!("{place}: `{name}` is missing"));
        }
    }
    for (name, field) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name) {
            Some(known) => check(root, known, field, &format!("{place}.{name}"), faults),
            None => faults.push(format!("{place}: unknown field `{name}`")),
        }
    }
    for (i, item) in value.as_array().into_iter().flatten().enumerate() {
        check(root, &schema["items"], item, &format!("{place}[{i}]"), faults);
    }
}

/// Asks, and holds the answer against the description of the path.
async fn judge(
    desk: &Desk,
    template: &str,
    method: &str,
    path: &str,
    query: &[(&str, &str)],
    body: Option<Value>,
) -> Value {
    let openapi: Value = serde_json::from_str(OPENAPI).unwrap();
    let operation = &openapi["paths"][template][method.to_lowercase()];
    assert!(operation.is_object(), "{method} {template} is not described");
    let request = desk.request(method, path, query, body.as_ref());
    let response = desk.model.handle(request).await.reply().unwrap();
    let answer: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(answer["code"], 0, "{method} {path}: {answer}");
    let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    let mut faults = Vec::new();
    check(&openapi, schema, &answer, template, &mut faults);
    assert!(faults.is_empty(), "{method} {path}: {faults:#?}");
    answer["data"].clone()
}

#[tokio::test]
async fn answers_of_a_us_shop_have_the_documented_shape() {
    let desk = Desk::us();
    let lines = desk.model.order(SHOP, ORDER).line("A", 2).line("B", 1).place();
    desk.model.order(SHOP, "2").line("A", 1).status(Status::Cancelled).place();
    desk.model.order(SHOP, "3").line("A", 1).place();
    desk.model.ask_to_cancel(SHOP, "3");
    judge(&desk, "/authorization/202309/shops", "GET", "/authorization/202309/shops", &[], None).await;
    judge(&desk, "/seller/202309/shops", "GET", "/seller/202309/shops", &[], None).await;
    let mark = "/fulfillment/202309/orders/{order_id}/packages";
    let path = format!("/fulfillment/202309/orders/{ORDER}/packages");
    let label = json!({"tracking_number": "1Z999AA10123456784", "shipping_provider_id": USPS, "order_line_item_ids": lines[..1]});
    let package = judge(&desk, mark, "POST", &path, &[], Some(label)).await["package_id"].as_str().unwrap().to_owned();
    let mark = "/fulfillment/202610/orders/{order_id}/packages";
    let path = format!("/fulfillment/202610/orders/{ORDER}/packages");
    let label =
        json!({"shipping_info_list": [{"tracking_number": "9400100000000000000024", "shipping_provider_id": USPS}]});
    judge(&desk, mark, "POST", &path, &[], Some(label)).await;
    let update = "/fulfillment/202309/packages/{package_id}/shipping_info/update";
    let path = format!("/fulfillment/202309/packages/{package}/shipping_info/update");
    let label = json!({"tracking_number": "9400100000000000000031", "shipping_provider_id": USPS});
    judge(&desk, update, "POST", &path, &[], Some(label.clone())).await;
    desk.mark("3", &[], "9400100000000000000048", USPS).await;
    let update = "/fulfillment/202309/orders/{order_id}/shipping_info/update";
    let label = json!({"tracking_number": "9400100000000000000055", "shipping_provider_id": USPS});
    judge(&desk, update, "POST", "/fulfillment/202309/orders/3/shipping_info/update", &[], Some(label)).await;
    desk.model.scan(SHOP, ORDER);
    for version in ["202309", "202507"] {
        let path = format!("/order/{version}/orders");
        judge(&desk, &path, "GET", &path, &[("ids", &format!("{ORDER},2,3"))], None).await;
    }
    let search = "/order/202309/orders/search";
    judge(&desk, search, "POST", search, &[("page_size", "1")], Some(json!({}))).await;
    let search = "/fulfillment/202309/packages/search";
    judge(&desk, search, "POST", search, &[("page_size", "1")], None).await;
    let one = "/fulfillment/202309/packages/{package_id}";
    judge(&desk, one, "GET", &format!("/fulfillment/202309/packages/{package}"), &[], None).await;
    desk.model.lose(SHOP, ORDER);
    judge(&desk, one, "GET", &format!("/fulfillment/202309/packages/{package}"), &[], None).await;
    let tracking = "/fulfillment/202309/orders/{order_id}/tracking";
    judge(&desk, tracking, "GET", &format!("/fulfillment/202309/orders/{ORDER}/tracking"), &[], None).await;
    let split = "/fulfillment/202309/orders/split_attributes";
    judge(&desk, split, "GET", split, &[("order_ids", ORDER)], None).await;
    let valid = "/fulfillment/202508/tts_tracking_validation";
    judge(&desk, valid, "GET", valid, &[("tracking_number", "TT1")], None).await;
}

#[tokio::test]
async fn answers_about_logistics_references_and_webhooks_have_the_documented_shape() {
    let desk = Desk::new("TH");
    let lines = desk.model.order(SHOP, ORDER).line("A", 1).line("B", 1).place();
    let (warehouse, option) = desk.model.warehouse(SHOP).unwrap();
    judge(&desk, "/logistics/202309/warehouses", "GET", "/logistics/202309/warehouses", &[], None).await;
    let path = format!("/logistics/202309/warehouses/{warehouse}/delivery_options");
    judge(&desk, "/logistics/202309/warehouses/{warehouse_id}/delivery_options", "GET", &path, &[], None).await;
    let path = format!("/logistics/202309/delivery_options/{}/shipping_providers", option.unwrap());
    judge(&desk, "/logistics/202309/delivery_options/{delivery_option_id}/shipping_providers", "GET", &path, &[], None)
        .await;
    let reference = json!({"orders": [
        {"id": ORDER, "external_order": {"id": "1", "platform": "SHOPIFY", "line_items": [{"id": "9", "origin_id": lines[0]}]}},
        {"id": "9", "external_order": {"id": "1", "platform": "SHOPIFY", "line_items": []}},
    ]});
    let add = "/order/202406/orders/external_orders";
    judge(&desk, add, "POST", add, &[], Some(reference)).await;
    let search = "/order/202406/orders/external_order_search";
    judge(&desk, search, "POST", search, &[("platform", "SHOPIFY"), ("external_order_id", "1")], None).await;
    let path = format!("/order/202406/orders/{ORDER}/external_orders");
    judge(&desk, "/order/202406/orders/{order_id}/external_orders", "GET", &path, &[], None).await;
    let groups = json!({"splittable_groups": [
        {"id": "1", "order_line_item_ids": [lines[0]]}, {"id": "2", "order_line_item_ids": [lines[1]]},
    ]});
    let path = format!("/fulfillment/202309/orders/{ORDER}/split");
    let split = judge(&desk, "/fulfillment/202309/orders/{order_id}/split", "POST", &path, &[], Some(groups)).await;
    let package = split["packages"][0]["id"].as_str().unwrap();
    let carrier = provider_id("TH", "Flash Express").unwrap();
    let label = json!({"self_shipment": {"tracking_number": "TH0000001", "shipping_provider_id": carrier}});
    let path = format!("/fulfillment/202309/packages/{package}/ship");
    judge(&desk, "/fulfillment/202309/packages/{package_id}/ship", "POST", &path, &[], Some(label)).await;
    let update = "/fulfillment/202610/packages/{package_id}/shipping_info/update";
    let path = format!("/fulfillment/202610/packages/{package}/shipping_info/update");
    let label = json!({"shipping_info_list": [{"tracking_number": "TH0000002", "shipping_provider_id": carrier}]});
    judge(&desk, update, "POST", &path, &[], Some(label)).await;
    let batch = "/fulfillment/202309/packages/ship";
    let body = json!({"packages": [{"id": "9", "self_shipment": {"tracking_number": "TH0000003", "shipping_provider_id": carrier}}]});
    judge(&desk, batch, "POST", batch, &[], Some(body)).await;
    let hooks = "/event/202309/webhooks";
    let setting = json!({"address": "https://own.example/t", "event_type": "ORDER_STATUS_CHANGE"});
    judge(&desk, hooks, "PUT", hooks, &[], Some(setting)).await;
    judge(&desk, hooks, "GET", hooks, &[], None).await;
    judge(&desk, hooks, "DELETE", hooks, &[], Some(json!({"event_type": "ORDER_STATUS_CHANGE"}))).await;
}

#[tokio::test]
async fn answers_about_special_orders_have_the_documented_shape() {
    let desk = Desk::new("MY");
    let soon = Timestamp::from_second(START + 3600).unwrap();
    desk.model.order(SHOP, "1").pre_order(soon).line("A", 1).place();
    desk.model.order(SHOP, "2").gift("B", 1).bundle("C", 1, &[("D", 2)]).sample().needs_invoice().place();
    desk.model.order(SHOP, "3").replaces("2").group("N/A").line("A", 1).place();
    desk.model.order(SHOP, "4").exchange_of("2").masked().deadline("rts_sla_time", None).line("A", 1).place();
    desk.model.order(SHOP, "5").status(Status::Unpaid).line("A", 1).place();
    let path = "/order/202507/orders";
    judge(&desk, path, "GET", path, &[("ids", "1,2,3,4,5")], None).await;
    let search = "/order/202309/orders/search";
    judge(&desk, search, "POST", search, &[("page_size", "50")], Some(json!({}))).await;
    let package = desk.model.combine(SHOP, &["3", "4"]).unwrap();
    let one = "/fulfillment/202309/packages/{package_id}";
    judge(&desk, one, "GET", &format!("/fulfillment/202309/packages/{package}"), &[], None).await;
    desk.model.event(SHOP, "3", "Out for delivery", 40_501);
    desk.model.fail_attempt(SHOP, "3");
    let tracking = "/fulfillment/202309/orders/{order_id}/tracking";
    judge(&desk, tracking, "GET", "/fulfillment/202309/orders/3/tracking", &[], None).await;
    desk.model.add_warehouse(SHOP, "SG");
    judge(&desk, "/logistics/202309/warehouses", "GET", "/logistics/202309/warehouses", &[], None).await;
}
