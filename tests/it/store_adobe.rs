//! Adobe's own handshakes: the challenge, the address to be opened when it was not answered, and the public keys.

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderValue, Method, Request, Response};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use waybill_model::ModelAnswer;
use waybill_model::stores::{IdField, Kind, Way, adobe};
use waybill_tests::world::stores::{Front, copy_of};
use waybill_tests::world::{SHOP, World, text};

const ORDER: &str = "576000000000000017";
const NUMBER: &str = "9310215860339224995564";

async fn town() -> (World, Front) {
    let world = World::new().await;
    let front = world.open_store(Kind::Magento(Way::IoEvents)).await;
    (world, front)
}

/// Puts a host on the network that answers everything with 200 and remembers what it was asked.
fn listening(world: &World, host: &'static str) -> Arc<Mutex<Vec<String>>> {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    world.net.host(
        host,
        Box::new(move |request: Request<Bytes>| {
            seen.lock().expect("unpoisoned").push(format!("{} {}", request.method(), request.uri()));
            async { ModelAnswer::Reply(Response::new(Bytes::new())) }.boxed()
        }),
    );
    asked
}

fn post(front: &Front, body: &'static str) -> Request<Bytes> {
    Request::post(&front.added.webhook_url).body(Bytes::from_static(body.as_bytes())).expect("a request")
}

#[tokio::test(start_paused = true)]
async fn the_challenge_is_answered_with_itself_and_with_nothing_else() {
    let (world, front) = town().await;
    for (query, expected) in [
        ("challenge=8ec8d794-0000-42df-9017-000000000000", Some("8ec8d794-0000-42df-9017-000000000000")),
        ("a=b&challenge=abc%2Bd", Some("abc+d")),
        ("challenge=%3Cscript%3E", None),
        ("challenge=", None),
        ("", None),
    ] {
        let url = format!("{}?{query}", front.added.webhook_url);
        let request = Request::builder().method(Method::GET).uri(url).body(Bytes::new()).expect("a request");
        let answer = world.receive(request).await;
        match expected {
            Some(expected) => {
                assert_eq!((answer.status().as_u16(), text(&answer).as_str()), (200, expected), "{query}");
                assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
            }
            None => assert_eq!(answer.status(), 401, "{query}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_to_confirm_is_opened_once_by_the_scheduled_work_and_only_at_adobe() {
    let (world, front) = town().await;
    let adobe = listening(&world, "csm.adobe.io");
    let stranger = listening(&world, "evil.example");
    let calls = world.net.calls();
    let confirm = r#"{"validationUrl":"https://csm.adobe.io/csm/registrations/validate?id=1&challenge=2"}"#;
    assert_eq!(world.receive(post(&front, confirm)).await.status(), 200);
    for body in [
        r#"{"validationUrl":"https://evil.example/?x"}"#,
        r#"{"validationUrl":"https://csm.adobe.io@evil.example/"}"#,
        r#"{"validationUrl":"http://csm.adobe.io/"}"#,
        r#"{"validationUrl":"https://csm.adobe.io:8443/"}"#,
    ] {
        assert_eq!(world.receive(post(&front, body)).await.status(), 401, "{body}");
    }
    assert_eq!(world.net.calls(), calls, "nothing is opened while the sender waits");
    for _ in 0..3 {
        world.push().await;
        world.time.skip(Duration::from_secs(60));
    }
    let opened = adobe.lock().expect("unpoisoned").clone();
    assert_eq!(opened, ["GET https://csm.adobe.io/csm/registrations/validate?id=1&challenge=2"]);
    assert!(stranger.lock().expect("unpoisoned").is_empty());
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_by_their_path_alone_and_one_good_signature_of_two_suffices() {
    let (world, front) = town().await;
    world.tiktok.order(SHOP, ORDER).lines(&[("MUG-BLUE", 1)]).place();
    front.model.subscribe_all(&front.added.webhook_url);
    let twin = front.model.order().line("MUG-BLUE", 1).tiktok(IdField::Main, ORDER).place();
    front.model.configure(|about| about.signers = [false, true]);
    front.model.fulfil(twin, &[], &[NUMBER], "USPS").expect("shipped");
    let event = front.model.deliveries().remove(0).request;
    let stranger = listening(&world, "evil.example");
    for path in ["https://evil.example/key.pem", "/prod/keys/../../key.pem", "@evil.example/prod/keys/k.pem", ""] {
        let mut forged = copy_of(&event);
        for name in ["x-adobe-public-key1-path", "x-adobe-public-key2-path"] {
            forged.headers_mut().insert(name, HeaderValue::from_str(path).expect("a value"));
        }
        assert_eq!(world.receive(forged).await.status(), 401, "{path}");
    }
    assert!(stranger.lock().expect("unpoisoned").is_empty());
    // Adobe signed it, for somebody else's project.
    let body = String::from_utf8(event.body().to_vec()).expect("text").replace(adobe::CLIENT_ID, "somebody-else");
    let headers = adobe::io_headers([true, true], body.as_bytes());
    let foreign = headers
        .into_iter()
        .fold(Request::post(&front.added.webhook_url), |request, (name, value)| request.header(name, value));
    let foreign = foreign.body(Bytes::from(body)).expect("a request");
    assert_eq!(world.receive(foreign).await.status(), 401);
    assert_eq!(world.receive(event).await.status(), 200);
    for _ in 0..2 {
        world.push().await;
        world.time.skip(Duration::from_secs(120));
    }
    assert_eq!(world.at_tiktok(SHOP, ORDER), [NUMBER]);
}
