//! How long a page takes and what it costs with 100,000 parcels in a shop, 5,000 of them held:
//! `cargo bench -p waybill-tests --bench pages`.
//!
//! The real handlers, the SDK and the table's emulator in one process on one thread: a page's time is all that is between
//! the request and its last byte, the emulator's time included.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "the table is what it is for, by the machine's clock; what fails ends it"
)]

use std::time::{Duration, Instant};
use waybill::domain::fulfilment::OrderLink;
use waybill::domain::ids::{ShopId, StoreOrderId, TikTokOrderId};
use waybill::domain::order_row::OrderRow;
use waybill::domain::parcel::{Parcel, ParcelState, Plain};
use waybill::domain::reason::Reason;
use waybill::domain::tracking::TrackingNumber;
use waybill_tests::sim::script::usps;
use waybill_tests::world::browser::Browser;
use waybill_tests::world::everyday::parcel;
use waybill_tests::world::{SHOP, World};

const PARCELS: u64 = 100_000;
const HELD: u64 = 5_000;
/// Requests of each page.
const TIMES: usize = 100;
const FIRST: &str = "576000000000000001";

fn order(n: u64) -> String {
    format!("577{n:015}")
}

/// A row as TikTok's orders are kept, of the one that was read.
fn order_row(sample: &OrderRow, n: u64) -> OrderRow {
    OrderRow { order: TikTokOrderId::parse(order(n)).expect("id"), rev: 0, ..sample.clone() }
}

/// A shop's 100,000 parcels and their orders, written as the flows leave them.
async fn full() -> World {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, FIRST).lines(&[("MUG", 1)]).place();
    world.tell(&store, parcel(&world, "W0", FIRST, "0", &usps(0), &[("MUG", 1)])).await;
    world.minutes(20).await;
    let (shop, first) = (ShopId::parse(SHOP).expect("id"), TikTokOrderId::parse(FIRST).expect("id"));
    let table = &world.app.table;
    let sample = table.tiktok_order(&shop, &first, true).await.expect("read").expect("there");
    let done = table.order_rows(&store.store.id, &StoreOrderId::parse("W0").expect("id"), true).await;
    let done = done.expect("read").parcels.swap_remove(0);
    for n in 1..PARCELS {
        table.tiktok_order_put(&mut order_row(&sample, n)).await.expect("written");
        let held = n < HELD;
        let state = ParcelState::for_reason(if n % 5 == 0 { Reason::LinesUnmatched } else { Reason::CarrierUnmapped });
        let number = if held { format!("TBRT{n:07}") } else { usps(n) };
        let mut row = Parcel {
            order: StoreOrderId::parse(format!("W{n}")).expect("id"),
            number: Some(TrackingNumber::parse(&number).expect("a number")),
            link: OrderLink::Found(TikTokOrderId::parse(order(n)).expect("id")),
            rev: 0,
            ..done.clone()
        };
        if held {
            row = Parcel { state, listed: true, sent: None, carrier: Some("Our van".into()), ..row };
            row.note(world.time.now(), Plain::Received, "");
        }
        table.parcel_put(&mut row).await.expect("written");
    }
    world
}

fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
    let at = (times.len() as f64 * share).ceil() as usize;
    times[at.clamp(1, times.len()) - 1].as_secs_f64() * 1e3
}

async fn measure(world: &World, browser: &mut Browser, name: &str, path: impl Fn(u64) -> String) {
    let (mut times, mut bytes) = (Vec::new(), 0);
    let before = world.app.table.usage().read_units;
    for n in 0..TIMES {
        let path = path(n as u64);
        let started = Instant::now();
        let page = browser.get(world, &path).await;
        times.push(started.elapsed());
        assert!(page.status < 400, "{path}: {}", page.status);
        bytes = bytes.max(page.text.len());
    }
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let units = (world.app.table.usage().read_units - before) / TIMES as f64;
    let (median, high) = (percentile(&mut times, 0.5), percentile(&mut times, 0.99));
    println!("{name:<34}{median:>9.1}{high:>9.1}{bytes:>9}{units:>10.1}");
}

async fn pages() {
    let started = Instant::now();
    let world = full().await;
    println!("{PARCELS} parcels, {HELD} of them held: written in {:.0} s", started.elapsed().as_secs_f64());
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    println!("{:<34}{:>9}{:>9}{:>9}{:>10}", "page", "p50 ms", "p99 ms", "bytes", "units");
    let fixed = |path: &'static str| move |_: u64| path.to_owned();
    measure(&world, &mut browser, "/", fixed("/")).await;
    measure(&world, &mut browser, "/attention", fixed("/attention")).await;
    let unmatched = "/attention?reason=LINES_UNMATCHED";
    measure(&world, &mut browser, "/attention, one reason of 1,000", fixed(unmatched)).await;
    measure(&world, &mut browser, "/orders", fixed("/orders")).await;
    measure(&world, &mut browser, "/orders, search by number", |n| format!("/orders?q={}", usps(50_000 + n))).await;
    measure(&world, &mut browser, "/orders/{id}", |n| format!("/orders/{}", order(50_000 + n))).await;
    measure(&world, &mut browser, "/orders/{id} of a held one", |n| format!("/orders/{}", order(1 + n))).await;
    for path in ["/deadlines", "/mapping", "/carriers", "/shops", "/audit", "/health", "/backfill"] {
        measure(&world, &mut browser, path, fixed(path)).await;
    }
    measure(&world, &mut browser, "/shops/{id}", |_| format!("/shops/{SHOP}")).await;
    measure(&world, &mut browser, "/report", fixed("/report")).await;
}

fn main() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().expect("a runtime").block_on(pages());
}
