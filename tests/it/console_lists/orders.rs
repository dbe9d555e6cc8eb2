//! Orders and their deadlines.

use super::{busy, csv, field, linked, member, next, order, walked};
use std::collections::BTreeSet;
use waybill::domain::ids::{ShopId, TikTokOrderId};
use waybill_tests::sim::script::usps;
use waybill_tests::world::browser::Browser;
use waybill_tests::world::everyday::SECOND_SHOP;
use waybill_tests::world::{SHOP, World};

#[tokio::test(start_paused = true)]
async fn both_lists_show_the_rows_of_their_commands_on_pages_and_as_csv() {
    let world = busy(50).await;
    let mut browser = member(&world).await;
    for (path, command) in [("/orders", "orders"), ("/deadlines", "deadlines")] {
        let (rows, _) = world.command(&[command]).await;
        assert!(rows.len() >= 50, "{command}: {rows:?}");
        let met = walked(&world, &mut browser, path).await;
        let once: BTreeSet<String> = met.iter().cloned().collect();
        assert_eq!((met.len(), &once), (rows.len(), &field(&rows, "order")), "{path}");
        let (head, lines) = csv(&browser.get(&world, &format!("{path}.csv")).await);
        let named: BTreeSet<&str> = head.iter().map(String::as_str).collect();
        let fields: BTreeSet<&str> = rows[0].as_object().expect("a row").keys().map(String::as_str).collect();
        assert_eq!(named, fields, "{path}.csv has the fields of the rows");
        let at = head.iter().position(|name| name == "order").expect("orders");
        let orders: BTreeSet<String> = lines.iter().map(|line| line[at].clone()).collect();
        assert_eq!((lines.len(), orders), (rows.len(), once), "{path}.csv");
    }
}

#[tokio::test(start_paused = true)]
async fn filters_in_the_address_leave_what_they_say_and_go_along_to_the_next_part() {
    let world = busy(150).await;
    world.hours(60).await;
    let mut browser = member(&world).await;
    for filter in ["state=ready_to_ship", "state=awaiting_shipment&late=1", "late=1", &format!("shop={SHOP}&late=1")] {
        let (rows, _) = world.command(&["orders"]).await;
        let fits = |row: &&serde_json::Value| {
            (!filter.contains("late") || row["late"] == true)
                && (!filter.contains("state") || filter.contains(row["state"].as_str().expect("a state")))
        };
        let wanted: Vec<_> = rows.iter().filter(fits).cloned().collect();
        assert!(!wanted.is_empty(), "{filter}");
        let met = walked(&world, &mut browser, &format!("/orders?{filter}")).await;
        let once: BTreeSet<String> = met.iter().cloned().collect();
        assert_eq!((met.len(), once), (wanted.len(), field(&wanted, "order")), "{filter}");
    }
    let page = browser.get(&world, "/orders?late=1").await;
    assert!(next(&page).expect("more").contains("late=1"), "{}", page.text);
    let (rows, _) = world.command(&["deadlines"]).await;
    let rts: Vec<_> = rows.iter().filter(|row| row["clock"] == "RTS").cloned().collect();
    let met = walked(&world, &mut browser, "/deadlines?clock=RTS").await;
    assert_eq!(met.into_iter().collect::<BTreeSet<_>>(), field(&rts, "order"));
    let late = rows.iter().filter(|row| row["bucket"] == "late").count();
    let page = browser.get(&world, "/deadlines").await;
    assert!(page.text.contains(&format!("<dt>Late</dt><dd class=\"big\">{late}</dd>")), "{late}: {}", page.text);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_says_in_a_word_that_half_and_that_four_fifths_of_its_time_are_gone() {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, &order(1)).lines(&[("MUG", 1)]).place();
    let due = world.time.now() + std::time::Duration::from_secs(40 * 3600);
    world.tiktok.move_deadline(SHOP, &order(1), "rts_sla_time", Some(due));
    let mut browser = member(&world).await;
    for (hours, tag) in [
        (19, None),
        (2, Some("<b class=\"tag soon\">Soon</b> tracking in")),
        (10, Some("<b class=\"tag soon\">Soon</b> tracking in")),
        (2, Some("<b class=\"tag now\">Urgent</b> tracking in")),
        (8, Some("<b class=\"tag now\">Late</b> tracking in")),
    ] {
        world.hours(hours).await;
        let page = browser.get(&world, "/deadlines").await.text;
        assert!(page.contains(&order(1)), "{page}");
        match tag {
            Some(tag) => assert!(page.contains(tag), "{tag}: {page}"),
            None => assert!(!page.contains("class=\"tag"), "{page}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_search_leads_to_the_order_by_every_name_it_has() {
    let world = busy(4).await;
    let mut browser = member(&world).await;
    for name in [order(3).as_str(), "SO-3", " SO-3 ", &usps(3), "S-3"] {
        let query: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let page = browser.get(&world, &format!("/orders?q={query}")).await;
        assert_eq!((page.status, page.location), (303, format!("/orders/{}", order(3))), "{name}");
    }
    let page = browser.get(&world, "/orders?q=nobody-knows").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Nothing fits nobody-knows") && page.text.contains("tracking number"), "{}", page.text);
    let page = browser.get(&world, "/orders?q=%3Cscript%3E").await;
    assert!(!page.text.contains("<script>"), "{}", page.text);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ones_own_is_not_there() {
    let world = World::with_two_shops().await;
    world.tiktok.order(SHOP, &order(1)).line("MUG", 1).place();
    world.tiktok.order(SECOND_SHOP, &order(2)).line("MUG", 1).place();
    world.minutes(5).await;
    let mut stranger = Browser::default();
    world.another_account(&mut stranger, "a2", "else@else.example").await;
    for path in ["/orders", "/deadlines", "/orders.csv", "/deadlines.csv"] {
        for shop in [SHOP, "1", "%00"] {
            assert_eq!(stranger.get(&world, &format!("{path}?shop={shop}")).await.status, 404, "{path} {shop}");
        }
        let page = stranger.get(&world, path).await;
        assert!(page.status == 200 && !page.text.contains(&order(1)), "{path}: {}", page.text);
    }
    assert!(stranger.get(&world, &format!("/orders?q={}", order(1))).await.text.contains("Nothing fits"));
    let mut browser = member(&world).await;
    let page = browser.get(&world, &format!("/orders?shop={SECOND_SHOP}")).await;
    assert_eq!(linked(&page), [order(2)]);
    let (_, rows) = csv(&browser.get(&world, &format!("/orders.csv?shop={SHOP}")).await);
    assert_eq!(rows.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_without_rows_says_what_to_do_next() {
    let world = World::everyday("US").await;
    let mut browser = member(&world).await;
    for (path, words) in [
        ("/orders", "No orders yet"),
        ("/orders?state=shipped", "All orders"),
        ("/deadlines", "Nothing is due"),
        ("/deadlines?clock=LOST", "All deadlines"),
    ] {
        let page = browser.get(&world, path).await;
        assert!(page.status == 200 && page.text.contains(words), "{path}: {}", page.text);
        let main = page.text.split("<main").nth(1).expect("a main part");
        assert!(main.contains("<a class=\"button\""), "{path} has a next step: {main}");
    }
}

/// Orders of a large shop: copies of one that was read.
async fn large(orders: u64) -> World {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, &order(0)).line("MUG", 1).place();
    world.minutes(5).await;
    let shop = ShopId::parse(SHOP).expect("id");
    let id = |n| TikTokOrderId::parse(order(n)).expect("id");
    let row = world.app.table.tiktok_order(&shop, &id(0), true).await.expect("table").expect("a row");
    for n in 1..orders {
        let mut copy = row.clone();
        (copy.order, copy.rev) = (id(n), 0);
        world.app.table.tiktok_order_put(&mut copy).await.expect("written");
    }
    world
}

#[tokio::test(start_paused = true)]
async fn a_page_of_a_large_shop_reads_what_it_shows_and_counts_are_true() {
    let world = large(5_000).await;
    let mut browser = member(&world).await;
    for path in ["/orders", "/orders?after=576000000000002500", "/deadlines"] {
        let before = world.app.table.usage().read_units;
        let page = browser.get(&world, path).await;
        let units = world.app.table.usage().read_units - before;
        assert_eq!(linked(&page).len(), 40, "{path}");
        assert!(page.text.len() < 30_000, "{path} has {} bytes", page.text.len());
        assert!(units < 400.0, "{path} read {units} units");
    }
    assert!(browser.get(&world, "/deadlines").await.text.contains(">5000<"));
    let met = walked(&world, &mut browser, "/orders").await;
    assert_eq!((met.len(), met.iter().collect::<BTreeSet<_>>().len()), (5_000, 5_000));
    assert!(met.is_sorted_by(|a, b| a > b), "newest first");
}
