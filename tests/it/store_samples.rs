//! Every captured delivery through the real flow: the handler, the reads that follow answered from the capture, the rows
//! and what TikTok holds in the end.

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderValue, Request};
use serde_json::Value;
use std::time::Duration;
use waybill::domain::connection::StoreStatus;
use waybill::domain::parcel::{Parcel, ParcelState, Phase};
use waybill::domain::reason::Reason;
use waybill::flows::connect::store::Added;
use waybill_model::ModelAnswer;
use waybill_tests::captures::{AFTER, Answers, Sample, connection, samples};
use waybill_tests::world::{SHOP, World, text};

/// Puts the answers of a capture on the network.
fn serve(world: &World, sample: &Sample) {
    let answers = Answers::default();
    answers.of(sample);
    for host in ["tiny-mugs.myshopify.com", "tiny-mugs.example", "api.bigcommerce.com", "static.adobeioevents.com"] {
        let answers = answers.clone();
        world.net.host(
            host,
            Box::new(move |request: Request<Bytes>| {
                let answer = answers.answer(&request);
                async move { ModelAnswer::Reply(answer) }.boxed()
            }),
        );
    }
}

async fn connect(world: &World, sample: &Sample) -> Added {
    let (address, secrets, settings) = connection(sample, "https://tiny-mugs.example");
    world.connect(sample.platform, address, settings, &secrets).await
}

async fn deliver(world: &World, store: &Added, sample: &Sample) -> http::Response<lambda_http::Body> {
    let wait = sample.moment().duration_since(world.time.now());
    world.time.skip(Duration::try_from(wait).unwrap_or_default());
    let path = store.webhook_url.strip_prefix("https://waybill.example").expect("our origin");
    serve(world, sample);
    world.receive(sample.request(path)).await
}

async fn rows(world: &World, store: &Added) -> Vec<Parcel> {
    world.app.table.parcels_where(&store.store.id, |_| true).await.expect("rows")
}

/// Live numbers with their carriers.
fn live(rows: &[Parcel]) -> Vec<(String, Option<String>)> {
    let live =
        rows.iter().filter(|row| row.state.phase() != Phase::Closed || row.state.reason() == Some(Reason::NotTikTok));
    let mut live: Vec<_> = live.filter_map(|row| Some((row.number.as_ref()?.key(), row.carrier.clone()))).collect();
    live.sort();
    live
}

#[tokio::test(start_paused = true)]
async fn every_captured_delivery_ends_in_the_rows_that_it_calls_for() {
    let samples = samples();
    assert_eq!(samples.len(), 42);
    for sample in &samples {
        let name = sample.name.as_str();
        let world = World::new().await;
        let store = connect(&world, sample).await;
        if let Some((_, first)) = AFTER.iter().find(|(this, _)| name.starts_with(this)) {
            let first = samples.iter().find(|sample| sample.name.starts_with(first)).expect("the earlier one");
            assert_eq!(deliver(&world, &store, first).await.status(), 200, "{name}: the earlier one");
            world.push().await;
        }
        let before = rows(&world, &store).await;
        let writes = world.app.table.usage().write_requests;
        let answer = deliver(&world, &store, sample).await;
        if sample.action() == "reject" {
            assert_eq!(answer.status(), 401, "{name}");
            continue;
        }
        assert_eq!(answer.status(), 200, "{name}: {}", text(&answer));
        let written = world.app.table.usage().write_requests - writes;
        world.push().await;
        let rows = rows(&world, &store).await;
        let tiktok = sample.text("/expected/tiktok_order_id");
        match sample.action() {
            "upsert" | "unchanged" => {
                let expected = sample.expected();
                let live = live(&rows);
                for one in &expected {
                    assert!(live.contains(one), "{name}: {one:?} is not among {live:?}");
                }
                let removed = sample.file["expected"]["removed"].as_array().cloned().unwrap_or_default();
                for number in removed.iter().filter_map(Value::as_str) {
                    assert!(!live.iter().any(|(there, _)| there == number), "{name}: {number} is still there");
                }
                let order = sample.text("/expected/store_order_id").expect("an order");
                let shown: Vec<_> = rows.iter().filter(|row| row.number.is_some()).collect();
                assert!(shown.iter().all(|row| row.order.as_str() == order), "{name}");
                let ids: Vec<_> = shown.iter().filter_map(|row| row.tiktok_order()).map(|id| id.as_str()).collect();
                assert!(
                    ids.iter().all(|id| Some(*id) == tiktok) && (tiktok.is_none() || !ids.is_empty()),
                    "{name}: {ids:?}"
                );
                if sample.action() == "unchanged" && !before.is_empty() {
                    assert_eq!(live, self::live(&before), "{name}");
                }
            }
            "cancel" | "deleted" => {
                assert!(live(&rows).is_empty(), "{name}: {rows:?}");
            }
            "no_tracking" => {
                assert!(live(&rows).is_empty(), "{name}");
                assert!(rows.iter().all(|row| row.number.is_none()), "{name}: {rows:?}");
            }
            "wait" => assert!(live(&rows).is_empty(), "{name}"),
            "not_tiktok" => {
                assert!(rows.iter().all(|row| row.tiktok_order().is_none()), "{name}: {rows:?}");
            }
            "ambiguous_tiktok_id" => {
                let held = rows.iter().filter(|row| row.number.is_some());
                assert!(
                    held.clone().count() > 0
                        && held.clone().all(|row| row.state == ParcelState::for_reason(Reason::OrderAmbiguous)),
                    "{name}: {rows:?}"
                );
            }
            "ping" | "ignore_error_body" => assert!(written <= 1 && rows.is_empty(), "{name}: {written}"),
            "compliance" => {
                assert!(rows.is_empty(), "{name}");
                let status =
                    world.app.table.store_get(&store.store.id, true).await.expect("table").expect("store").row.status;
                let erasing = sample.headers().get("x-shopify-topic").is_some_and(|topic| topic == "shop/redact");
                let expected = if erasing { StoreStatus::Erasing } else { StoreStatus::Connected };
                // One write notes when the store was heard.
                assert_eq!((status, written), (expected, u64::from(erasing) + 1), "{name}");
            }
            "echo_challenge" => {
                let query = sample.text("/request/path_and_query").expect("a query");
                assert!(query.ends_with(&text(&answer)) && !text(&answer).is_empty(), "{name}: {}", text(&answer));
            }
            "validation_url" => {
                assert_eq!(written, 2, "{name}: to be opened by the scheduled work, and when the store was heard")
            }
            other => panic!("{name}: {other}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_captured_shipment_of_each_platform_reaches_tiktok_after_its_follow_up_reads() {
    for wanted in ["shopify/01", "woocommerce/02", "bigcommerce/01", "magento/01", "magento/04", "magento/09"] {
        let samples = samples();
        let sample = samples.iter().find(|sample| sample.name.starts_with(wanted)).expect("a sample");
        let world = World::new().await;
        let store = connect(&world, sample).await;
        let order = sample.text("/expected/tiktok_order_id").expect("an order");
        let lines = sample.file["expected"]["shipments"][0]["line_items"].as_array().cloned().unwrap_or_default();
        let mut named: Vec<(&str, usize)> = lines
            .iter()
            .map(|line| (line["sku"].as_str().expect("a SKU"), line["quantity"].as_u64().expect("units") as usize))
            .collect();
        if named.is_empty() {
            named.push(("MUG-BLUE", 1));
        }
        let lines: Vec<_> = named.iter().map(|(sku, units)| (*sku, (*units).try_into().expect("few"))).collect();
        world.tiktok.order(SHOP, order).lines(&lines).place();
        assert_eq!(deliver(&world, &store, sample).await.status(), 200, "{wanted}");
        for _ in 0..3 {
            world.push().await;
            world.time.skip(Duration::from_secs(120));
        }
        let rows = rows(&world, &store).await;
        let number = &sample.expected()[0].0;
        let row = rows.iter().find(|row| row.number.as_ref().is_some_and(|there| there.key() == *number));
        let row = row.unwrap_or_else(|| panic!("{wanted}: {rows:?}"));
        // Numbers of the captures are invented: a check digit may hold them back, never their order or their lines.
        let sent = world.at_tiktok(SHOP, order).contains(number);
        let refused = matches!(
            row.state.reason(),
            Some(Reason::TrackingInvalid | Reason::CarrierFormatMismatch | Reason::CarrierUnmapped)
        );
        assert!(sent || refused, "{wanted}: {row:?}");
        assert_eq!(row.tiktok_order().map(|id| id.as_str()), Some(order), "{wanted}");
    }
}

#[tokio::test(start_paused = true)]
async fn adobes_keys_are_fetched_once_a_day_and_an_event_waits_when_they_cannot_be_had() {
    let samples = samples();
    let sample = samples.iter().find(|sample| sample.name.starts_with("magento/04")).expect("a sample");
    let world = World::new().await;
    let store = connect(&world, sample).await;
    let path = store.webhook_url.strip_prefix("https://waybill.example").expect("our origin");
    let unreachable = world.receive(sample.request(path)).await;
    assert_eq!(unreachable.status(), 503, "Adobe repeats it for a day");
    serve(&world, sample);
    let calls = world.net.calls();
    for _ in 0..3 {
        assert_eq!(world.receive(sample.request(path)).await.status(), 200);
    }
    assert_eq!(world.net.calls() - calls, 2, "two keys, once each");
    world.time.skip(Duration::from_secs(25 * 3600));
    world.receive(sample.request(path)).await;
    assert_eq!(world.net.calls() - calls, 4, "and again after a day");
    let mut forged = sample.request(path);
    let elsewhere = HeaderValue::from_static("/prod/keys/pub-key-nobody.pem");
    for name in ["x-adobe-public-key1-path", "x-adobe-public-key2-path"] {
        forged.headers_mut().insert(name, elsewhere.clone());
    }
    assert_eq!(world.receive(forged).await.status(), 401);
}
