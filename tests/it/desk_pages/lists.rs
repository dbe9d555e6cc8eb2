//! The attention page as a list: filters, pages, file, bulk, size.

use super::{SHOP, desk, form, number, parcel, plain, press};
use std::collections::BTreeSet;
use waybill::domain::ids::{ShopId, StoreId, StoreOrderId, TikTokOrderId};
use waybill::domain::parcel::{Parcel, ParcelState};
use waybill::domain::reason::Reason;
use waybill::domain::tracking::TrackingNumber;
use waybill_tests::world::World;
use waybill_tests::world::browser::{Browser, Page};

/// Numbers that a page shows, in their order.
fn numbers(page: &Page) -> Vec<String> {
    let headings = page.text.split("<h3>").skip(1).map(|rest| rest.split("</h3>").next().unwrap_or_default());
    headings.filter_map(|text| Some(text.split("class=\"copy\">").nth(1)?.split('<').next()?.to_owned())).collect()
}

/// Follows the pages to the end.
async fn all(world: &World, browser: &mut Browser, from: &str) -> Vec<String> {
    let (mut at, mut found) = (from.to_owned(), Vec::new());
    loop {
        let page = browser.get(world, &at).await;
        assert_eq!(page.status, 200, "{at}: {}", page.text);
        found.extend(numbers(&page));
        match page.text.split("rel=\"next\"").next().filter(|_| page.text.contains("rel=\"next\"")) {
            Some(before) => {
                at = plain(before.rsplit("href=\"").next().expect("a link").split('"').next().expect("a link"))
            }
            None => return found,
        }
        assert!(at.contains("after="), "{at}");
    }
}

/// A parcel that waits for a hand, written as the flows leave it.
pub(super) async fn hold(world: &World, store: &StoreId, n: usize, reason: Reason, carrier: &str) {
    let order = StoreOrderId::parse(format!("W{n}")).expect("id");
    let shop = ShopId::parse(SHOP).expect("id");
    let mut row = Parcel {
        number: Some(TrackingNumber::parse(&format!("TBRT{n:07}")).expect("number")),
        carrier: Some(carrier.to_owned()),
        link: waybill::domain::fulfilment::OrderLink::Found(
            TikTokOrderId::parse(format!("5760000000000{n:05}")).expect("id"),
        ),
        state: ParcelState::for_reason(reason),
        listed: true,
        ..Parcel::new(store.clone(), order, shop, world.time.now() + jiff::SignedDuration::from_millis(n as i64 / 3))
    };
    world.app.table.parcel_put(&mut row).await.expect("written");
}

#[tokio::test(start_paused = true)]
async fn pages_and_file_show_every_entry_once_whatever_the_filter() {
    let (world, store, mut browser) = desk().await;
    for n in 0..45 {
        let (reason, carrier) =
            if n % 3 == 0 { (Reason::LinesUnmatched, "USPS") } else { (Reason::CarrierUnmapped, "Our van") };
        hold(&world, &store.store.id, n, reason, carrier).await;
    }
    let page = browser.get(&world, "/attention").await;
    assert!(page.text.contains("<strong>45</strong> entries"), "{}", page.text);
    assert!(page.text.contains("<strong>30</strong>") && page.text.contains("<strong>15</strong>"), "{}", page.text);
    assert!(page.text.len() < 30_000, "{} bytes", page.text.len());
    for (from, count) in [
        ("/attention", 45),
        ("/attention?reason=LINES_UNMATCHED", 15),
        ("/attention?carrier=our%20VAN", 30),
        ("/attention?shop=7494049642642441621&reason=CARRIER_UNMAPPED", 30),
        ("/attention?reason=NO_SUCH", 0),
        ("/attention?clock=SCAN", 0),
    ] {
        let found = all(&world, &mut browser, from).await;
        let once: BTreeSet<&String> = found.iter().collect();
        assert_eq!((found.len(), once.len()), (count, count), "{from}");
        let file = browser.get(&world, &from.replace("/attention", "/attention.csv")).await;
        let lines: Vec<&str> = file.text.lines().collect();
        assert!(
            lines[0].starts_with("order,store_order,tiktok_order,number,carrier,shop,state,reason,"),
            "{}",
            lines[0]
        );
        let listed: Vec<&str> = lines[1..].iter().filter_map(|line| line.split(',').nth(3)).collect();
        assert_eq!(listed.len(), count, "{from}");
        let told: BTreeSet<&str> = listed.into_iter().collect();
        assert_eq!(told, found.iter().map(String::as_str).collect(), "{from}");
    }
    for list in ["/attention", "/attention.csv"] {
        let foreign = browser.get(&world, &format!("{list}?shop=7494049642642449999")).await;
        assert_eq!(foreign.status, 404, "{list}");
    }
    for odd in [
        "/attention?after=x",
        "/attention?after=1.2.zz",
        "/attention?after=.999999999999999999999.0",
        "/attention?carrier=%00%ff",
    ] {
        assert_eq!(browser.get(&world, odd).await.status, 200, "{odd}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_nearest_deadline_comes_first_and_names_its_clock() {
    let (world, store, mut browser) = desk().await;
    for (n, hours) in [(1u64, 40u64), (2, 10), (3, 20)] {
        let order = format!("57600000000000000{n}");
        world.tiktok.order(SHOP, &order).lines(&[("MUG", 1), ("CAP", 1)]).place();
        let due = world.time.now() + std::time::Duration::from_secs(hours * 3600);
        world.tiktok.move_deadline(SHOP, &order, "rts_sla_time", Some(due));
        world.tell(&store, parcel(&world, &format!("W{n}"), Some(&order), &number(n), "USPS", "no such code")).await;
    }
    world.minutes(5).await;
    let page = browser.get(&world, "/attention").await;
    assert_eq!(numbers(&page), [number(2), number(3), number(1)], "{}", page.text);
    assert!(page.text.contains("9 h 5") && page.text.contains("; tracking number by "), "{}", page.text);
    let of_clock = browser.get(&world, "/attention?clock=RTS").await;
    assert_eq!(numbers(&of_clock).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_cell_that_a_store_wrote_like_a_formula_is_text_and_markup_is_words() {
    let (world, store, mut browser) = desk().await;
    hold(&world, &store.store.id, 1, Reason::CarrierUnmapped, "=HYPERLINK(\"https://evil.example\")").await;
    hold(&world, &store.store.id, 2, Reason::CarrierUnmapped, "<script>alert(1)</script>").await;
    let file = browser.get(&world, "/attention.csv").await.text;
    assert!(file.contains("\"'=HYPERLINK(") && !file.contains(",=HYPERLINK"), "{file}");
    let page = browser.get(&world, "/attention").await.text;
    assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn many_are_settled_at_once_after_the_page_has_said_what_will_happen() {
    let (world, store, mut browser) = desk().await;
    for n in 0..25 {
        hold(&world, &store.store.id, n, if n < 20 { Reason::LinesUnmatched } else { Reason::EditUsed }, "USPS").await;
    }
    let from = "/attention?reason=LINES_UNMATCHED";
    let page = browser.get(&world, from).await;
    let typed = [("act", "dismiss"), ("note", "sent by hand")];
    let without = press(&world, &mut browser, &page, "preview", &[("act", "dismiss"), ("note", "")]).await;
    assert_eq!((without.status, without.location.as_str()), (303, from), "a note is asked for");
    let preview = press(&world, &mut browser, &page, "preview", &typed).await;
    assert!(preview.text.contains("<strong>20</strong> will change"), "{}", preview.text);
    assert_eq!(world.held().await.0.len(), 25, "nothing has happened yet");
    assert!(form(&preview, "run").1.contains(&("note".to_owned(), "sent by hand".to_owned())));
    let answer = press(&world, &mut browser, &preview, "run", &[]).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, from));
    let page = browser.get(&world, from).await;
    assert!(page.text.contains("dismiss: 20 changed, 0 left as they are"), "{}", page.text);
    assert_eq!(world.held().await.0.len(), 5);
    let (audit, _) = world.command(&["audit"]).await;
    assert_eq!(audit.len(), 20, "each one stands in the audit");
}

#[tokio::test(start_paused = true)]
async fn five_hundred_entries_are_counted_and_stand_by_their_deadlines() {
    let page = crowded(500, 1_000.0).await;
    assert!(page.text.contains("nearest deadline first"), "it says how they are sorted");
}

#[tokio::test(start_paused = true)]
async fn five_thousand_entries_are_counted_and_a_page_reads_only_what_it_shows() {
    let page = crowded(5_000, 250.0).await;
    assert!(page.text.contains("those that wait longest first"), "it says how they are sorted");
}

#[tokio::test(start_paused = true)]
async fn fifty_thousand_entries_are_counted_and_the_oldest_is_not_lost() {
    let page = crowded(50_000, 2_000.0).await;
    assert!(page.text.contains("those that wait longest first"), "it says how they are sorted");
}

/// So many held parcels: the first page of them, which read at most so many units. The lists hold keys only, some thirty
/// a unit; rows are read only as far as they are shown, or sorted by their deadlines.
async fn crowded(entries: usize, most: f64) -> Page {
    let (world, store, mut browser) = desk().await;
    for n in 0..entries {
        let reason = if n % 5 == 0 { Reason::LinesUnmatched } else { Reason::CarrierUnmapped };
        hold(&world, &store.store.id, n, reason, "Our van").await;
    }
    let before = world.app.table.usage().read_units;
    let page = browser.get(&world, "/attention").await;
    let read = world.app.table.usage().read_units - before;
    println!("{entries} held: a page of {} bytes read {read} units", page.text.len());
    let counted = |count: usize| page.text.contains(&format!("<strong>{count}</strong>"));
    assert!(page.text.contains(&format!("<strong>{entries}</strong> entries")), "{}", page.text);
    assert!(counted(entries / 5 * 4) && counted(entries / 5), "{}", page.text);
    assert_eq!(numbers(&page)[0], "TBRT0000000", "the oldest is not lost");
    assert!(read < most, "{read} read units");
    assert!(page.text.len() < 30_000, "{} bytes", page.text.len());
    let second = browser.get(&world, &form_next(&page)).await;
    let both: BTreeSet<String> = numbers(&page).into_iter().chain(numbers(&second)).collect();
    assert_eq!(both.len(), 16, "the next page goes on");
    let before = world.app.table.usage().read_units;
    let shop = browser.get(&world, &format!("/shops/{SHOP}")).await.text;
    let read = world.app.table.usage().read_units - before;
    assert!(read < most + 400.0 && shop.len() < 30_000, "the shop's page: {} bytes, {read} units", shop.len());
    assert!(shop.contains("is sent (300 or more)") && !shop.contains("Save and send 300"), "no false promise: {shop}");
    page
}

fn form_next(page: &Page) -> String {
    let before = page.text.split("rel=\"next\"").next().expect("a next page");
    plain(before.rsplit("href=\"").next().and_then(|rest| rest.split('"').next()).expect("a link"))
}
