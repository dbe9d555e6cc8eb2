use super::*;
use crate::outbound::guard::AllowList;
use crate::outbound::{BoxFuture, Lost, NotSent, OutboundError, Transport};
use std::sync::{Arc, Mutex};

type Script = Box<dyn FnMut(&http::Request<Bytes>) -> Result<http::Response<Bytes>, OutboundError> + Send>;

/// Answers by a script and keeps what was sent.
struct Scripted {
    script: Mutex<Script>,
    sent: Mutex<Vec<http::Request<Bytes>>>,
}

impl Transport for Scripted {
    fn send(
        &self,
        request: http::Request<Bytes>,
        _limit: Duration,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, OutboundError>> {
        let answer = (self.script.lock().expect("no panic"))(&request);
        self.sent.lock().expect("no panic").push(request);
        Box::pin(async move { answer })
    }
}

fn client(
    script: impl FnMut(&http::Request<Bytes>) -> Result<http::Response<Bytes>, OutboundError> + Send + 'static,
) -> (TikTok, Arc<Scripted>) {
    let transport = Arc::new(Scripted { script: Mutex::new(Box::new(script)), sent: Mutex::default() });
    let outbound = Outbound::in_process(Arc::clone(&transport) as Arc<dyn Transport>, AllowList::default());
    let url = |text: &str| Url::parse(text).expect("a URL");
    let clock = Clock::fixed("2026-11-21T12:00:00Z".parse().expect("a time"));
    let tiktok = TikTok::new(outbound, &url("https://api.example"), &url("https://auth.example/"), clock);
    (tiktok, transport)
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Result<http::Response<Bytes>, OutboundError> {
    let mut builder = http::Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    Ok(builder.body(Bytes::copy_from_slice(body.as_bytes())).expect("an answer"))
}

fn app() -> Credentials {
    Credentials { app_key: "key1".to_owned(), app_secret: "canary-secret".into() }
}

fn shop() -> ShopAuth {
    ShopAuth { access_token: "canary-token".into(), cipher: "canary-cipher==".to_owned() }
}

fn call<'a>(app: &'a Credentials, shop: &'a ShopAuth) -> Call<'a> {
    Call { app, shop, limit: Duration::from_secs(8) }
}

async fn read_fails(script: Result<http::Response<Bytes>, OutboundError>) -> TikTokError {
    let mut script = Some(script);
    let (tiktok, _) = client(move |_| script.take().expect("one call"));
    tiktok.warehouses(call(&app(), &shop())).await.expect_err("a failure")
}

async fn write_fails(script: Result<http::Response<Bytes>, OutboundError>) -> TikTokError {
    let mut script = Some(script);
    let (tiktok, _) = client(move |_| script.take().expect("one call"));
    let provider = crate::domain::ids::ProviderId::parse("7117").expect("an id");
    let order = crate::domain::ids::TikTokOrderId::parse("576").expect("an id");
    let sending = packages::Sending { number: "9400", provider: &provider };
    tiktok.mark_package_as_shipped(call(&app(), &shop()), &order, &[], sending).await.expect_err("a failure")
}

#[tokio::test]
async fn an_expired_token_is_recognised_in_every_envelope() {
    for (status, body) in [
        (200, r#"{"code":105002,"message":"access token is expired, please refresh it","request_id":"r"}"#),
        (401, r#"{"code":105002,"message":"Expired credentials."}"#),
        (401, r#"{"code":"105002"}"#),
        (200, r#"{"code":36009003,"message":"{\"code\":105002,\"message\":\"Expired credentials\"}"}"#),
        (500, r#"{"code":36009003,"message":"{\"code\":105002}"}"#),
        (401, r#""{\"code\":105002,\"message\":\"expired\"}""#),
        (401, r#"{"code":1,"data":{"error":{"code":105002}}}"#),
    ] {
        let class = write_fails(answer(status, &[], body)).await.class;
        assert_eq!(class, Class::RefreshToken, "{status} {body}");
    }
}

#[tokio::test]
async fn a_failure_before_sending_is_retried_and_one_after_it_is_unknown() {
    for (error, of_write) in [
        (|| OutboundError::never_sent(NotSent::Dns), Class::Retry(Reason::TikTokError)),
        (|| OutboundError::never_sent(NotSent::Connect), Class::Retry(Reason::TikTokError)),
        (|| OutboundError::never_sent(NotSent::NoTime), Class::Retry(Reason::TikTokError)),
        (|| OutboundError::maybe_sent(Lost::TimedOut), Class::OutcomeUnknown),
        (|| OutboundError::maybe_sent(Lost::Reset), Class::OutcomeUnknown),
        (|| OutboundError::maybe_sent(Lost::Truncated), Class::OutcomeUnknown),
        (|| OutboundError::TooLarge { limit: 1 }, Class::OutcomeUnknown),
    ] as [(fn() -> OutboundError, Class); 7]
    {
        assert_eq!(write_fails(Err(error())).await.class, of_write, "{:?}", error());
        assert_eq!(read_fails(Err(error())).await.class, Class::Retry(Reason::TikTokError), "{:?}", error());
    }
}

#[tokio::test]
async fn an_answer_that_is_not_tiktoks_is_no_verdict() {
    for (status, body) in [
        (200, ""),
        (200, "<html>maintenance</html>"),
        (200, r#"{"code":0,"mess"#),
        (200, r#"{"data":{}}"#),
        (200, "[]"),
        (302, ""),
        (401, "<html>401</html>"),
        (404, "not found"),
        (502, "<html>502</html>"),
        (503, ""),
        (500, r#"{"code":0,"data":{}}"#),
    ] {
        let of_write = write_fails(answer(status, &[], body)).await;
        assert_eq!(of_write.class, Class::OutcomeUnknown, "{status} {body}");
        assert_eq!(of_write.http_status, Some(status));
        assert_eq!(read_fails(answer(status, &[], body)).await.class, Class::Retry(Reason::TikTokError), "{body}");
    }
    for body in [r#"{"code":0}"#, r#"{"code":0,"data":null}"#, r#"{"code":0,"data":[]}"#] {
        assert_eq!(read_fails(answer(200, &[], body)).await.class, Class::Retry(Reason::TikTokError), "{body}");
    }
}

#[tokio::test]
async fn too_many_requests_says_when_to_come_back() {
    for (status, headers, body, seconds) in [
        (429, vec![("retry-after", "17")], r#"{"code":36009002,"message":"Too many requests."}"#, Some(17)),
        (429, vec![("retry-after", "Sat, 21 Nov 2026 12:01:00 GMT")], "<html>", Some(60)),
        (429, vec![], "", None),
        (200, vec![], r#"{"code":36009002}"#, None),
        (429, vec![], r#"{"code":36009037}"#, Some(3600)),
        (429, vec![("retry-after", "5")], r#"{"code":36009037}"#, Some(5)),
    ] {
        let error = write_fails(answer(status, &headers, body)).await;
        assert_eq!(error.class, Class::Retry(Reason::RateLimited), "{body}");
        assert_eq!(error.retry_after.map(|wait| wait.as_secs()), seconds, "{headers:?} {body}");
    }
    let overloaded = write_fails(answer(503, &[("retry-after", "9")], "")).await;
    assert_eq!((overloaded.class, overloaded.retry_after), (Class::OutcomeUnknown, Some(Duration::from_secs(9))));
}

#[tokio::test]
async fn an_error_keeps_tiktoks_words_and_none_of_our_secrets() {
    let body = r#"{"code":21011022,"message":"bad canary-token canary-secret canary-cipher==","request_id":"2026R"}"#;
    let error = write_fails(answer(200, &[], body)).await;
    assert_eq!(error.to_string(), "TikTok: 21011022 bad [secret] [secret] [secret]");
    assert_eq!((error.code, error.request_id.as_deref()), (Some(21_011_022), Some("2026R")));
    assert!(!format!("{error:?}").contains("canary"));
    let shown = format!("{:?}", (call(&app(), &shop()), client(|_| answer(200, &[], "")).0));
    assert!(!shown.contains("canary"), "{shown}");
}

#[tokio::test]
async fn the_clock_is_corrected_from_the_first_answer_on() {
    let late = [("date", "Sat, 21 Nov 2026 12:00:40 GMT")];
    let body = r#"{"code":36009004,"message":"Invalid `timestamp`"}"#;
    let (tiktok, transport) = client(move |_| answer(400, &late, body));
    let (app, shop) = (app(), shop());
    let error = tiktok.warehouses(call(&app, &shop)).await.expect_err("refused");
    assert_eq!((error.class, tiktok.clock_offset().as_secs()), (Class::ClockSkew, 40));
    let again = tiktok.clone().warehouses(call(&app, &shop)).await;
    assert!(again.is_err());
    let sent = transport.sent.lock().expect("no panic");
    let stamps: Vec<_> = sent.iter().map(|r| query_value(r, "timestamp").expect("a timestamp")).collect();
    assert_eq!(stamps, ["1795262400", "1795262440"]);
}

#[tokio::test]
async fn whoever_answers_in_tiktoks_place_does_not_set_the_clock() {
    let (tiktok, _) = client(|_| answer(502, &[("date", "Sat, 21 Nov 2026 13:00:00 GMT")], "<html>"));
    let _ = tiktok.warehouses(call(&app(), &shop())).await;
    assert_eq!(tiktok.clock_offset(), SignedDuration::ZERO);
}

#[tokio::test]
async fn the_same_bytes_are_signed_and_sent() {
    let (tiktok, transport) = client(|_| answer(200, &[], r#"{"code":0,"data":{}}"#));
    let (app, shop) = (app(), shop());
    let token = "a+b/c==".to_owned();
    let query =
        packages::PackageQuery { status: Some("PROCESSING".into()), page_token: Some(token), ..Default::default() };
    tiktok.package_search(call(&app, &shop), &query).await.expect("a page");
    tiktok.package_search(call(&app, &shop), &Default::default()).await.expect("a page");
    let sent = transport.sent.lock().expect("no panic");
    for request in sent.iter() {
        let pairs = url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
        let pairs: Vec<(String, String)> = pairs.into_owned().collect();
        let sign = sign::request(&app.app_secret, request.uri().path(), &pairs, JSON, request.body());
        assert_eq!(query_value(request, "sign"), Some(sign));
    }
    assert_eq!(query_value(&sent[0], "page_token").as_deref(), Some("a+b/c=="));
    assert_eq!(&sent[0].body()[..], br#"{"package_status":"PROCESSING"}"#);
    assert!(sent[1].body().is_empty(), "an empty object is not sent");
}

#[tokio::test]
async fn a_token_that_no_header_can_hold_is_our_fault_and_is_not_sent() {
    let (tiktok, transport) = client(|_| answer(200, &[], ""));
    let shop = ShopAuth { access_token: "a\nb".into(), cipher: "c".to_owned() };
    let error = tiktok.warehouses(call(&app(), &shop)).await.expect_err("refused");
    assert_eq!(error.class, Class::Operator(Reason::Internal));
    assert!(transport.sent.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn a_refused_token_call_shows_neither_secret_nor_code() {
    let (tiktok, transport) = client(|_| {
        answer(200, &[], r#"{"code":36004005,"message":"auth record of canary-refresh not found","request_id":"r"}"#)
    });
    let refresh = SecretString::from("canary-refresh");
    let error = tiktok.token_refresh(&app(), &refresh, Duration::from_secs(8)).await.expect_err("refused");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    let authorise::AuthoriseError::TikTok(error) = error else { panic!("{error:?}") };
    assert_eq!(error.class, Class::Park(Reason::AuthExpired));
    let sent = transport.sent.lock().expect("no panic");
    assert_eq!(
        sent[0].uri().to_string(),
        "https://auth.example/api/v2/token/refresh?app_key=key1&app_secret=canary-secret&refresh_token=canary-refresh\
         &grant_type=refresh_token"
    );
    assert_eq!(sent[0].method(), Method::GET);
}

#[tokio::test]
async fn a_lost_answer_to_a_refresh_is_an_unknown_outcome() {
    let (tiktok, _) = client(|_| Err(OutboundError::maybe_sent(Lost::TimedOut)));
    let error = tiktok.token_refresh(&app(), &"r".into(), Duration::from_secs(8)).await.expect_err("lost");
    let authorise::AuthoriseError::TikTok(error) = error else { panic!("{error:?}") };
    assert_eq!(error.class, Class::OutcomeUnknown);
}

#[tokio::test]
async fn a_products_images_are_asked_for_by_its_id() {
    let body = r#"{"code":0,"data":{"id":"1729","main_images":[{"width":500,"height":500,"urls":["https://p.example/a.webp"]}]}}"#;
    let (tiktok, transport) = client(move |_| answer(200, &[], body));
    let images = tiktok.product_images(call(&app(), &shop()), "1729").await.expect("images");
    assert_eq!((images.len(), images[0].width, images[0].format.as_deref()), (1, Some(500), Some("webp")));
    assert_eq!(transport.sent.lock().expect("no panic")[0].uri().path(), "/product/202309/products/1729");
    let (tiktok, _) = client(|_| answer(200, &[], r#"{"code":0,"data":{}}"#));
    assert!(tiktok.product_images(call(&app(), &shop()), "1729").await.is_err(), "no list is not an empty one");
}

fn query_value(request: &http::Request<Bytes>, key: &str) -> Option<String> {
    let pairs = url::form_urlencoded::parse(request.uri().query()?.as_bytes());
    pairs.into_owned().find(|(name, _)| name == key).map(|(_, value)| value)
}
