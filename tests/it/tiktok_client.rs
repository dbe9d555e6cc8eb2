//! The TikTok client: every call it can make is judged by the OpenAPI subset, and it meets real sockets that misbehave.

use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use url::Url;
use waybill::domain::clock::Clock;
use waybill::domain::ids::{DeliveryOptionId, LineItemId, PackageId, ProviderId, TikTokOrderId, WarehouseId};
use waybill::domain::order::{OrderState, PackageState};
use waybill::domain::platform::Platform;
use waybill::domain::reason::Reason;
use waybill::domain::region::Region;
use waybill::outbound::guard::AllowList;
use waybill::outbound::{BoxFuture, Outbound, OutboundError, Transport};
use waybill::tiktok::orders::{OrderQuery, OrderTime};
use waybill::tiktok::packages::{PackageQuery, Sending};
use waybill::tiktok::shops::WebhookSetting;
use waybill::tiktok::{Call, Class, Credentials, ShopAuth, TikTok, TikTokError};
use waybill_tests::openapi::OpenApi;

/// Judges each request and answers with the data that was put in for its method and path.
struct Judge {
    data: Mutex<Value>,
    seen: Mutex<Vec<Request<Bytes>>>,
}

impl Transport for Judge {
    fn send(&self, request: Request<Bytes>, _: Duration) -> BoxFuture<'_, Result<Response<Bytes>, OutboundError>> {
        let api = OpenApi::tiktok();
        if let Err(problem) = api.judge(&request) {
            panic!("{problem}");
        }
        let data = self.data.lock().expect("no panic").clone();
        let body = json!({"code": 0, "message": "Success", "request_id": "20261121R", "data": data}).to_string();
        if let Err(problem) = api.judge_response(request.method(), request.uri().path(), 200, body.as_bytes()) {
            panic!("{problem}");
        }
        self.seen.lock().expect("no panic").push(request);
        Box::pin(async move { Ok(Response::new(Bytes::from(body))) })
    }
}

impl Judge {
    fn new() -> (Arc<Self>, TikTok) {
        let judge = Arc::new(Self { data: Mutex::default(), seen: Mutex::default() });
        let outbound = Outbound::in_process(Arc::clone(&judge) as Arc<dyn Transport>, AllowList::default());
        (judge, client(outbound, "https://api.example"))
    }

    /// The data of the next answers.
    fn answers(&self, data: Value) {
        *self.data.lock().expect("no panic") = data;
    }

    /// The last request: method, path with query but without the common parameters, body.
    fn last(&self) -> (Method, String, Value) {
        let seen = self.seen.lock().expect("no panic");
        let request = seen.last().expect("a request");
        let url = Url::parse(&request.uri().to_string()).expect("a URL");
        let common = ["app_key", "timestamp", "sign", "shop_cipher"];
        let own = url.query_pairs().filter(|(key, _)| !common.contains(&key.as_ref()));
        let own: Vec<_> = own.map(|(key, value)| format!("{key}={value}")).collect();
        let query = if own.is_empty() { String::new() } else { format!("?{}", own.join("&")) };
        let body = serde_json::from_slice(request.body()).unwrap_or_default();
        (request.method().clone(), format!("{}{query}", url.path()), body)
    }
}

fn client(outbound: Outbound, api: &str) -> TikTok {
    let url = |text: &str| Url::parse(text).expect("a URL");
    TikTok::new(outbound, &url(api), &url("https://auth.example"), Clock::fixed(at(1_763_740_800)))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("a time")
}

fn app() -> Credentials {
    Credentials { app_key: "68xu9ks5p4i8s".to_owned(), app_secret: "s".repeat(40).into() }
}

fn shop() -> ShopAuth {
    ShopAuth { access_token: "TTP_token".into(), cipher: "ROW_cipher-_==".to_owned() }
}

fn order(id: &str) -> TikTokOrderId {
    TikTokOrderId::parse(id).expect("an id")
}

fn provider() -> ProviderId {
    ProviderId::parse("7117858858072016686").expect("an id")
}

const LIMIT: Duration = Duration::from_secs(8);

#[tokio::test]
async fn every_read_is_asked_as_documented_and_understood() {
    let (judge, tiktok) = Judge::new();
    let (app, shop) = (app(), shop());
    let call = Call { app: &app, shop: &shop, limit: LIMIT };

    judge.answers(json!({"shops": [{"id": "749", "name": "Tiny Mugs", "region": "UK", "seller_type": "CROSS_BORDER",
        "cipher": "c", "code": "X"}, {"id": "750", "region": "US"}]}));
    let shops = tiktok.authorised_shops(&app, &shop.access_token, LIMIT).await.expect("shops");
    assert_eq!((shops.len(), shops[0].region.as_str(), shops[0].cross_border), (1, "GB", true));
    assert_eq!(judge.last().1, "/authorization/202309/shops");
    let active = tiktok.active_shops(&app, &shop.access_token, LIMIT).await.expect("shops");
    assert_eq!((active.len(), judge.last().1.as_str()), (2, "/seller/202309/shops"));

    judge.answers(json!({"orders": [{"id": "576", "status": "AWAITING_SHIPMENT",
        "line_items": [{"id": "1", "display_status": "AWAITING_SHIPMENT"}]}], "next_page_token": "n+/=="}));
    let orders = tiktok.order_detail(call, &[order("576"), order("577")]).await.expect("orders");
    assert_eq!((orders.len(), &orders[0].state), (1, &OrderState::AwaitingShipment));
    assert_eq!(judge.last(), (Method::GET, "/order/202507/orders?ids=576,577".to_owned(), Value::Null));

    let mut query = OrderQuery {
        by: OrderTime::Updated,
        from: Some(at(1_763_654_400)),
        to: None,
        status: Some("AWAITING_SHIPMENT".to_owned()),
        seller_shipped: true,
        page_size: 200,
        page_token: None,
    };
    let page = tiktok.order_search(call, &query).await.expect("a page");
    let path = "/order/202309/orders/search?page_size=100&sort_field=update_time&sort_order=ASC";
    let body = json!({"update_time_ge": 1_763_654_400, "order_status": "AWAITING_SHIPMENT", "shipping_type": "SELLER"});
    assert_eq!(judge.last(), (Method::POST, path.to_owned(), body));
    (query.page_token, query.by, query.from) = (page.next, OrderTime::Created, None);
    (query.status, query.seller_shipped, query.page_size) = (None, false, 0);
    tiktok.order_search(call, &query).await.expect("a page");
    let path = "/order/202309/orders/search?page_size=1&sort_field=create_time&sort_order=ASC&page_token=n+/==";
    assert_eq!(judge.last(), (Method::POST, path.to_owned(), Value::Null), "no body rather than an empty object");

    judge.answers(json!({"orders": [{"id": "576", "external_order": {"id": "#1001 é", "platform": "SHOPIFY"}},
        {"id": "577", "external_order": {"id": "#1002"}}]}));
    let found = tiktok.external_order_search(call, Platform::Shopify, "#1001 é").await.expect("orders");
    assert_eq!(found, [order("576")], "only the order that was asked for");
    assert_eq!(judge.last().1, "/order/202406/orders/external_order_search?platform=SHOPIFY&external_order_id=#1001 é");
    judge.answers(json!({"external_orders": [{"id": "1001", "platform": "MAGENTO"}]}));
    let linked = tiktok.external_orders(call, &order("576")).await.expect("links");
    assert_eq!((linked[0].platform.as_str(), linked[0].id.as_str()), ("MAGENTO", "1001"));
    judge.answers(json!({"split_attributes": [{"order_id": "576", "can_split": true, "must_split": false}]}));
    let split = tiktok.split_attributes(call, &[order("576"), order("577")]).await.expect("attributes");
    assert_eq!((split[0].can_split, split[0].must_split), (true, false));
    assert_eq!(judge.last().1, "/fulfillment/202309/orders/split_attributes?order_ids=576,577");
}

#[tokio::test]
async fn packages_carriers_and_settings_are_asked_as_documented_and_understood() {
    let (judge, tiktok) = Judge::new();
    let (app, shop) = (app(), shop());
    let call = Call { app: &app, shop: &shop, limit: LIMIT };

    let package = PackageId::parse("1153").expect("an id");
    judge.answers(json!({"package_id": "1153", "package_status": "PROCESSING", "tracking_number": "9400",
        "orders": [{"id": "576"}], "order_line_item_ids": ["1", "2"], "shipping_provider_id": "7",
        "recipient_address": {"name": "Canary"}}));
    let detail = tiktok.package_detail(call, &package).await.expect("a package");
    assert_eq!((&detail.state, detail.lines.len(), detail.orders.len()), (&PackageState::AwaitingScan, 2, 1));
    assert!(!format!("{detail:?}").contains("Canary"));
    judge.answers(json!({"packages": [{"id": "1153", "status": "COMPLETED"}], "next_page_token": ""}));
    let query = PackageQuery { from: Some(at(5)), page_size: 99, ..PackageQuery::default() };
    let page = tiktok.package_search(call, &query).await.expect("a page");
    assert_eq!((&page.packages[0].state, page.next), (&PackageState::Delivered, None));
    let path = "/fulfillment/202309/packages/search?page_size=50&sort_field=update_time&sort_order=ASC";
    assert_eq!(judge.last(), (Method::POST, path.to_owned(), json!({"update_time_ge": 5})));
    judge.answers(json!({"tracking": [{"description": "Scanned", "update_time_millis": 1_763_740_800_123i64}]}));
    let events = tiktok.order_tracking(call, &order("576")).await.expect("events");
    assert_eq!(events[0].at.map(|at| at.as_millisecond()), Some(1_763_740_800_123));
    judge.answers(json!({"is_tiktok_shipping": true, "is_tiktok_collection": false}));
    let label = tiktok.tracking_validation(call, "9400").await.expect("a check");
    assert_eq!((label.shipped_by_tiktok, label.collected_by_tiktok), (true, false));
    assert_eq!(judge.last().1, "/fulfillment/202508/tts_tracking_validation?tracking_number=9400");

    judge.answers(json!({"warehouses": [{"id": "7000", "name": "Main", "effect_status": "ENABLED", "is_default": true,
        "type": "SALES_WAREHOUSE", "address": {"region_code": "DE"}}, {"id": "7001", "type": "RETURN_WAREHOUSE"}]}));
    let warehouses = tiktok.warehouses(call).await.expect("warehouses");
    let flags: Vec<_> = warehouses.iter().map(|w| (w.sales, w.enabled, w.default)).collect();
    assert_eq!(flags, [(true, true, true), (false, true, false)]);
    judge.answers(json!({"delivery_options": [{"id": "7091", "name": "By seller", "type": "SEND_BY_SELLER"}]}));
    let warehouse = WarehouseId::parse("7000").expect("an id");
    let options = tiktok.delivery_options(call, &warehouse).await.expect("options");
    assert_eq!(options[0].kind, "SEND_BY_SELLER");
    judge.answers(json!({"shipping_providers": [{"id": "7117858858072016686", "name": "USPS"}]}));
    let option = DeliveryOptionId::parse("7091").expect("an id");
    let (from, to) = (Region::new("DE"), Region::new("FR"));
    let providers = tiktok.shipping_providers(call, &option, Some((&from, &to))).await.expect("providers");
    assert_eq!((&providers[0].id, providers[0].name.as_str()), (&provider(), "USPS"));
    let path = "/logistics/202309/delivery_options/7091/shipping_providers";
    assert_eq!(judge.last().1, format!("{path}?warehouse_region=DE&buyer_region=FR"));
    tiktok.shipping_providers(call, &option, None).await.expect("providers");
    assert_eq!(judge.last().1, path);

    let setting = WebhookSetting { event: "ORDER_STATUS_CHANGE".into(), address: "https://a.example/hooks".into() };
    judge.answers(json!({"webhooks": [{"event_type": "ORDER_STATUS_CHANGE", "address": "https://a.example/hooks"}]}));
    assert_eq!(tiktok.webhook_list(call).await.expect("settings"), std::slice::from_ref(&setting));
    judge.answers(Value::Null);
    tiktok.webhook_put(call, &setting).await.expect("set");
    let body = json!({"address": "https://a.example/hooks", "event_type": "ORDER_STATUS_CHANGE"});
    assert_eq!(judge.last(), (Method::PUT, "/event/202309/webhooks".to_owned(), body));
    tiktok.webhook_delete(call, "ORDER_STATUS_CHANGE").await.expect("deleted");
    let body = json!({"event_type": "ORDER_STATUS_CHANGE"});
    assert_eq!(judge.last(), (Method::DELETE, "/event/202309/webhooks".to_owned(), body));
}

#[tokio::test]
async fn every_write_is_sent_as_documented_and_its_answer_understood() {
    let (judge, tiktok) = Judge::new();
    let (app, shop, provider) = (app(), shop(), provider());
    let call = Call { app: &app, shop: &shop, limit: LIMIT };
    let sending = Sending { number: "9400111899223344556677", provider: &provider };
    let number = json!({"tracking_number": "9400111899223344556677", "shipping_provider_id": "7117858858072016686"});
    let package = PackageId::parse("1153").expect("an id");

    judge.answers(json!({"order_id": "576", "order_line_item_ids": ["1"], "package_id": "1153",
        "warning": {"message": "The number matches more than one provider."}}));
    let whole = tiktok.mark_package_as_shipped(call, &order("576"), &[], sending).await.expect("shipped");
    assert_eq!(judge.last(), (Method::POST, "/fulfillment/202309/orders/576/packages".to_owned(), number.clone()));
    assert_eq!((whole.package.as_ref(), whole.lines.len()), (Some(&package), 1));
    assert_eq!(whole.warning.as_deref(), Some("The number matches more than one provider."));
    assert_eq!(whole.request_id.as_deref(), Some("20261121R"));

    let line = LineItemId::parse("1").expect("an id");
    judge.answers(Value::Null);
    let part = tiktok.mark_package_as_shipped(call, &order("576"), &[line], sending).await.expect("shipped");
    assert_eq!(judge.last().2["order_line_item_ids"], json!(["1"]));
    assert_eq!((part.package, part.warning), (None, None), "code 0 is success, whatever the data");

    let shipped = tiktok.ship_package(call, &package, sending).await.expect("shipped");
    assert_eq!(shipped.package.as_ref(), Some(&package));
    let path = "/fulfillment/202309/packages/1153/ship";
    assert_eq!(judge.last(), (Method::POST, path.to_owned(), json!({"self_shipment": number})));

    judge.answers(json!({"errors": [{"code": 21_011_022, "message": "Invalid", "detail": {"package_id": "1154"}}]}));
    let other = PackageId::parse("1154").expect("an id");
    let refused = tiktok.ship_packages(call, &[(&package, sending), (&other, sending)]).await.expect("a batch");
    assert_eq!((refused.len(), refused[0].package.as_ref()), (1, Some(&other)));
    assert_eq!(refused[0].error.class, Class::Hold(Reason::TrackingInvalid));

    judge.answers(json!({}));
    tiktok.update_order_shipping(call, &order("576"), sending).await.expect("corrected");
    let path = "/fulfillment/202309/orders/576/shipping_info/update";
    assert_eq!(judge.last(), (Method::POST, path.to_owned(), number.clone()));
    tiktok.update_package_shipping(call, &package, sending).await.expect("corrected");
    let path = "/fulfillment/202309/packages/1153/shipping_info/update";
    assert_eq!(judge.last(), (Method::POST, path.to_owned(), number));
}

#[tokio::test]
async fn what_cannot_be_asked_is_not_sent() {
    let (judge, tiktok) = Judge::new();
    let (app, shop) = (app(), shop());
    let call = Call { app: &app, shop: &shop, limit: LIMIT };
    assert!(tiktok.order_detail(call, &[]).await.expect("nothing").is_empty());
    assert!(tiktok.split_attributes(call, &[]).await.expect("nothing").is_empty());
    assert!(tiktok.external_order_search(call, Platform::Generic, "1").await.expect("nothing").is_empty());
    assert!(tiktok.external_order_search(call, Platform::Shopify, "").await.expect("nothing").is_empty());
    let many: Vec<_> = (0..51).map(|n| order(&n.to_string())).collect();
    let error = tiktok.order_detail(call, &many).await.expect_err("too many");
    assert_eq!(error.class, Class::Operator(Reason::Internal));
    let late = Call { limit: Duration::ZERO, ..call };
    let error = tiktok.warehouses(late).await.expect_err("no time");
    assert_eq!(error.class, Class::Retry(Reason::TikTokError));
    assert!(judge.seen.lock().expect("no panic").is_empty());
}

/// Serves each connection on a thread of its own; counts connections.
fn serve(each: impl Fn(TcpStream) + Send + Sync + 'static) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (each, count) = (Arc::new(each), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            seen.fetch_add(1, Ordering::SeqCst);
            let each = Arc::clone(&each);
            std::thread::spawn(move || each(stream));
        }
    });
    (address, count)
}

/// Reads one whole request. `false`: the other side has closed.
fn read_request(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return false;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    stream.read_exact(&mut vec![0; length]).is_ok()
}

fn respond(stream: &mut TcpStream, head: &str, body: &str) {
    let length = body.len();
    let _ = stream.write_all(format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n{body}").as_bytes());
}

fn over_network(address: SocketAddr) -> TikTok {
    client(Outbound::over_network(AllowList::default()), &format!("http://{address}"))
}

async fn push(tiktok: &TikTok, limit: Duration) -> Result<(), TikTokError> {
    let (app, shop, provider) = (app(), shop(), provider());
    let call = Call { app: &app, shop: &shop, limit };
    let sending = Sending { number: "9400", provider: &provider };
    tiktok.mark_package_as_shipped(call, &order("576"), &[], sending).await.map(drop)
}

async fn read(tiktok: &TikTok, limit: Duration) -> Result<(), TikTokError> {
    let (app, shop) = (app(), shop());
    tiktok.warehouses(Call { app: &app, shop: &shop, limit }).await.map(drop)
}

#[tokio::test]
async fn calls_share_one_connection_and_learn_tiktoks_clock() {
    let (address, connections) = serve(|mut stream| {
        while read_request(&mut stream) {
            respond(&mut stream, "200 OK\r\ndate: Fri, 21 Nov 2025 16:00:40 GMT", r#"{"code":0,"data":{}}"#);
        }
    });
    let tiktok = over_network(address);
    for _ in 0..3 {
        push(&tiktok, LIMIT).await.expect("accepted");
        read(&tiktok.clone(), LIMIT).await.expect("read");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    assert_eq!(tiktok.clock_offset().as_secs(), 40);
}

#[tokio::test]
async fn a_connection_that_fails_leaves_a_write_unknown_and_a_read_to_be_repeated() {
    let (reset_before, _) = serve(drop);
    let (reset_after, _) = serve(|mut stream| {
        read_request(&mut stream);
    });
    let (silent, _) = serve(|mut stream| {
        read_request(&mut stream);
        std::thread::sleep(Duration::from_secs(5));
    });
    let (drip, _) = serve(|mut stream| {
        read_request(&mut stream);
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n".to_owned() + &" ".repeat(500);
        for byte in answer.as_bytes() {
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let (html, _) = serve(|mut stream| {
        read_request(&mut stream);
        respond(&mut stream, "200 OK\r\ncontent-type: text/html", "<html>Maintenance</html>");
    });
    let (gateway, _) = serve(|mut stream| {
        read_request(&mut stream);
        respond(&mut stream, "504 Gateway Timeout", "upstream timed out");
    });
    let (broken, _) = serve(|mut stream| {
        read_request(&mut stream);
        respond(&mut stream, "200 OK", r#"{"code":0,"message":"Succ"#);
    });
    for (name, address) in [
        ("reset before the request is read", reset_before),
        ("reset after it", reset_after),
        ("silence", silent),
        ("slow drip", drip),
        ("HTML", html),
        ("a gateway's time-out", gateway),
        ("broken JSON", broken),
    ] {
        let tiktok = over_network(address);
        let limit = Duration::from_millis(500);
        let both = async { (push(&tiktok, limit).await, read(&tiktok, limit).await) };
        let (write, read) = tokio::time::timeout(4 * limit, both).await.expect("the limit is kept");
        let (write, read) = (write.expect_err(name), read.expect_err(name));
        assert_eq!(write.class, Class::OutcomeUnknown, "{name}: {write:?}");
        assert_eq!(read.class, Class::Retry(Reason::TikTokError), "{name}: {read:?}");
        assert!(!format!("{write:?} {read:?}").contains("sign="), "{name}");
    }
}

#[tokio::test]
async fn a_write_that_was_never_sent_is_simply_repeated() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let error = push(&over_network(closed), LIMIT).await.expect_err("closed");
    assert_eq!(error.class, Class::Retry(Reason::TikTokError));
}
