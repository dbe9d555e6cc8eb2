//! The slow schedule of many shops, each with an open order and with a store whose token ends every hour.

use super::measure::{burnt, memory};
use super::{STORE, takes_time};
use futures_util::FutureExt as _;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use waybill::domain::ids::ShopId;
use waybill::domain::platform::Platform;
use waybill::flows::connect::store::{self as connect_store, NewStore};
use waybill::stores::connect::StoreTokens;
use waybill::table::Usage;
use waybill_local::host;
use waybill_model::ModelAnswer;
use waybill_model::stores::{Kind, ModelStore};
use waybill_tests::world::World;
use waybill_tests::world::crowd::crowd_shop;

/// From tick to tick.
const EVERY: Duration = Duration::from_secs(300);
/// How long the function may take.
const FUNCTION: Duration = Duration::from_secs(240);
/// Ticks in which the shops come, and ticks that are measured afterwards.
const COMING: usize = 12;
const MEASURED: usize = 12;

/// Minutes since the entry that is longest due.
fn oldest(world: &World) -> f64 {
    let now = world.time.now().as_millisecond();
    let places = ["AUTH#", "POLL#"].into_iter().flat_map(|lists| world.wire.listed(lists));
    let due = places.filter_map(|(_, place, _)| place.split('#').next()?.parse::<i64>().ok());
    due.min().map_or(0.0, |first| (now - first).max(0) as f64 / 60_000.0)
}

/// A Shopify store that has nothing new, keeps its webhooks, and grants tokens for an hour.
async fn store(world: &World, shop: &ShopId, n: usize) {
    let domain = format!("store-{n}.myshopify.com");
    let hooks: Arc<Mutex<Vec<Value>>> = Arc::default();
    let answer = move |request: http::Request<bytes::Bytes>| {
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let query = body["query"].as_str().unwrap_or_default();
        let mut hooks = hooks.lock().unwrap_or_else(PoisonError::into_inner);
        if request.uri().path().ends_with("/access_token") {
            json!({"access_token": format!("shpat_{n}"), "scope": "read_orders", "expires_in": 3600,
                "refresh_token": format!("shprt_{n}"), "refresh_token_expires_in": 7_776_000})
        } else if query.contains("webhookSubscriptionCreate") {
            let variables = &body["variables"];
            let id = format!("gid://{}", hooks.len());
            let (topic, uri) = (&variables["topic"], &variables["hook"]["uri"]);
            hooks.push(json!({"id": id, "topic": topic, "uri": uri, "format": "JSON"}));
            json!({"data": {"result": {"userErrors": []}}})
        } else if query.contains("webhookSubscriptions") {
            json!({"data": {"webhookSubscriptions": {"nodes": *hooks, "pageInfo": {"hasNextPage": false}}}})
        } else {
            json!({"data": {"orders": {"nodes": [], "pageInfo": {"hasNextPage": false, "endCursor": null}}}})
        }
    };
    let host = move |request| {
        let said = answer(request).to_string();
        async move {
            tokio::time::sleep(STORE).await;
            let answer = http::Response::builder().header("content-type", "application/json");
            ModelAnswer::Reply(answer.body(said.into()).expect("an answer"))
        }
        .boxed()
    };
    world.net.host(&domain, Box::new(host));
    let now = world.time.now();
    let mut secrets: waybill::flows::access::store::StoreSecrets = serde_json::from_value(json!({})).expect("none");
    secrets.granted = Some(StoreTokens {
        access: SecretString::from("shpat_0"),
        expires: Some(now + Duration::from_secs(3600)),
        refresh: Some(SecretString::from(format!("shprt_{n}"))),
        refresh_expires: Some(now + Duration::from_secs(7_776_000)),
        scopes: Vec::new(),
    });
    let row = world.app.table.shop_get(shop, true).await.expect("read").expect("there").row;
    let new = NewStore {
        account: row.account,
        platform: Platform::Shopify,
        shops: vec![shop.clone()],
        address: domain,
        settings: Default::default(),
        secrets,
    };
    connect_store::add(&world.app, new).await.expect("store");
}

/// The shop's orders were read, and one is open for days: its people are looked at each hour.
async fn with_an_open_order(world: &World, shop: &ShopId) {
    let now = world.time.now();
    let visited = world.app.table.visit_change(shop, |visit| {
        visit.imported = Some(now);
        visit.due = Some(now + Duration::from_secs(30 * 24 * 3600));
        true
    });
    visited.await.expect("written").expect("a visit");
    let far = (now + Duration::from_secs(5 * 24 * 3600)).as_millisecond();
    let item = json!({
        "pk": {"S": format!("SHOP#{shop}")}, "sk": {"S": "BENCH#1"}, "due_pk": {"S": format!("CLOCK#{shop}")},
        "due_sk": {"S": format!("{far:013}#R#{}#576000000000000017", now.as_second())},
    });
    let request = json!({"TableName": world.app.table.name(), "Item": item}).to_string();
    let (status, said) = world.wire.run("DynamoDB_20120810.PutItem", request.as_bytes());
    assert_eq!(status, 200, "{said}");
}

/// What the measured ticks did.
#[derive(Default)]
struct Seen {
    jobs: u64,
    left: u64,
    failed: u64,
    polls: u64,
    oldest: f64,
    longest: f64,
    took: f64,
}

/// An hour in which shops and stores come, and an hour that is measured.
pub async fn hours(shops: usize) {
    let world = World::empty(7).await;
    let app = ModelStore::new(Kind::Shopify, world.time.clock(), 7);
    world.register_app(&app, &app.account().secret).await;
    takes_time(&world);
    let (mut came, mut seen, mut start) = (0, Seen::default(), None);
    for tick in 0..COMING + MEASURED {
        let began = Instant::now();
        let until = (shops * (tick + 1) / COMING).min(shops);
        if came < until {
            world.tiktok.heal();
            world.wire.set_faults(Default::default());
            for shop in world.crowd((came..until).map(crowd_shop)).await {
                with_an_open_order(&world, &shop).await;
                store(&world, &shop, came).await;
                came += 1;
            }
            takes_time(&world);
        }
        if tick == COMING {
            start = Some((world.app.table.usage(), world.net.calls(), burnt()));
            seen = Seen::default();
        }
        let (before, set_out) = (oldest(&world), Instant::now());
        let done = tokio::time::timeout(FUNCTION, host::tick(&world.app)).await.expect("within the function's time");
        let took = set_out.elapsed().as_secs_f64();
        seen.jobs += done.due;
        seen.left += done.left;
        seen.failed += done.mails_failed + done.refresh_failed + done.polls.polls_unfinished;
        seen.polls += done.polls.stores_polled;
        // Whatever was due when the tick began was done when it ended, or is due still.
        seen.oldest = seen.oldest.max(before + took / 60.0).max(oldest(&world));
        seen.longest = seen.longest.max(took);
        seen.took += took;
        tokio::time::sleep_until(began + EVERY).await;
    }
    let (usage, calls, processor) = start.expect("measured");
    report(&world, shops, &seen, (usage, calls), burnt() - processor);
}

fn report(world: &World, shops: usize, seen: &Seen, (before, calls): (Usage, usize), processor: Duration) {
    let ticks = MEASURED as f64;
    let after = world.app.table.usage();
    let (writes, reads) = (after.write_units - before.write_units, after.read_units - before.read_units);
    let each = |all: f64| all / ticks;
    println!(
        "slow schedule, {shops} shops with an open order, {shops} stores with hourly tokens, one worker, one hour"
    );
    println!("  oldest due entry     {:>10.1} min", seen.oldest);
    println!("  a tick               {:>10.1} s, the longest {:.1} s of 180", each(seen.took), seen.longest);
    println!(
        "  jobs a tick          {:>10.0}, of which polls {:.0}; left {}, failed {}",
        each(seen.jobs as f64),
        each(seen.polls as f64),
        seen.left,
        seen.failed
    );
    println!("  calls a tick         {:>10.0}", each((world.net.calls() - calls) as f64));
    println!("  units a tick         {:>10.0} written, {:.0} read", each(writes), each(reads));
    println!(
        "  processor time       {:>10.2} ms a job, table and models included; {:.0} MiB",
        processor.as_secs_f64() * 1e3 / seen.jobs.max(1) as f64,
        memory().1
    );
    let tenfold = 10.0;
    println!(
        "  ten times as many    {:>10.0} jobs, {:.0} calls, {:.0} units written a tick; {:.1} workers of 180 s (slots divide into 2, 4, 8, 16)",
        each(seen.jobs as f64) * tenfold,
        each((world.net.calls() - calls) as f64) * tenfold,
        each(writes) * tenfold,
        (each(seen.took) * tenfold / 180.0).max(1.0),
    );
}
