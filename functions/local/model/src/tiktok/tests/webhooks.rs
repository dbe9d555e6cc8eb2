use super::*;

fn listening(region: &'static str) -> Desk {
    let desk = Desk::new(region);
    for app in AppRegion::ALL {
        desk.model
            .configure_app(app, |app| app.webhook_url = format!("https://waybill.example/hooks/tiktok/{}", app.region));
    }
    desk
}

fn body(request: &Request<Bytes>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

#[tokio::test]
async fn status_changes_are_told_signed_with_the_apps_secret() {
    for (region, path) in [("US", "/hooks/tiktok/us"), ("GB", "/hooks/tiktok/row")] {
        let desk = listening(region);
        desk.model.order(SHOP, ORDER).line("A", 1).status(Status::OnHold).place();
        desk.model.release(SHOP, ORDER);
        desk.model.cancel(SHOP, ORDER, "BUYER");
        let sent = desk.model.take_webhooks();
        let told: Vec<Value> = sent.iter().map(body).collect();
        let words: Vec<Value> = told.iter().map(|body| json!([body["type"], body["data"]["order_status"]])).collect();
        assert_eq!(
            words,
            [json!([1, "ON_HOLD"]), json!([1, "AWAITING_SHIPMENT"]), json!([1, "CANCEL"]), json!([11, null])]
        );
        assert_eq!(told[0]["shop_id"], SHOP);
        let app = desk.app();
        for request in &sent {
            assert_eq!(request.uri().path(), path);
            assert_eq!(request.headers()["authorization"], sign::webhook(&app.key, &app.secret, request.body()));
        }
        assert!(desk.model.take_webhooks().is_empty(), "each is given once");
    }
}

#[tokio::test]
async fn all_seven_types_have_their_documented_form() {
    let desk = listening("US");
    let lines = desk.model.order(SHOP, ORDER).line("A", 2).place();
    desk.mark(ORDER, &lines[..1], "9400100000000000000017", USPS).await;
    desk.mark(ORDER, &lines[1..], "9400100000000000000024", USPS).await;
    desk.model.change_address(SHOP, ORDER);
    desk.model.ask_to_cancel(SHOP, ORDER);
    desk.model.warn_of_end(SHOP);
    desk.model.revoke(SHOP);
    let now = Timestamp::from_second(START).unwrap();
    let mut sent = desk.model.take_webhooks();
    sent.push(
        desk.model.webhook(&Notification::returned(SHOP, ORDER, "RETURN_OR_REFUND_REQUEST_PENDING", now)).unwrap(),
    );
    let data = |kind: i64| sent.iter().map(body).find(|body| body["type"] == kind).unwrap();
    assert_eq!(data(1)["data"]["order_id"], ORDER);
    assert!(data(3).get("tts_notification_id").is_none(), "the documented sample has none");
    assert_eq!(data(4)["data"]["sc_type"], "SPLIT");
    assert!(data(6)["data"]["message"].as_str().unwrap().contains(SHOP));
    let ends = data(7)["data"]["expiration_time"].as_str().unwrap().parse::<i64>().unwrap();
    assert_eq!(ends, START + 365 * 86_400, "seconds, as text");
    assert_eq!(data(11)["data"]["cancel_status"], "CANCELLATION_REQUEST_PENDING");
    assert_eq!(data(12)["data"]["return_status"], "RETURN_OR_REFUND_REQUEST_PENDING");
}

#[tokio::test]
async fn a_shops_own_address_wins_and_nobody_is_told_without_one() {
    let desk = Desk::us();
    desk.model.order(SHOP, "1").line("A", 1).place();
    assert!(desk.model.take_webhooks().is_empty());
    let setting = json!({"address": "https://own.example/t", "event_type": "ORDER_STATUS_CHANGE"});
    let put = |body: &Value| desk.request("PUT", "/event/202309/webhooks", &[], Some(body));
    assert_eq!(desk.send(put(&setting)).await.code, 0);
    assert_eq!(desk.send(put(&json!({"address": "ftp://x", "event_type": "PACKAGE_UPDATE"}))).await.code, 36_009_004);
    assert_eq!(desk.send(put(&json!({"address": "https://x", "event_type": "SOMETHING"}))).await.code, 36_009_004);
    desk.model.order(SHOP, "2").line("A", 1).place();
    let sent = desk.model.take_webhooks();
    assert_eq!((sent.len(), sent[0].uri().to_string().as_str()), (1, "https://own.example/t"));
    assert_eq!(desk.get("/event/202309/webhooks", &[]).await.data["total_count"], 1);
    let remove =
        || desk.request("DELETE", "/event/202309/webhooks", &[], Some(&json!({"event_type": "ORDER_STATUS_CHANGE"})));
    assert_eq!(desk.send(remove()).await.code, 0);
    assert_eq!(desk.send(remove()).await.code, 0, "succeeds when nothing is set");
    assert_eq!(desk.get("/event/202309/webhooks", &[]).await.data["webhooks"], json!([]));
}
