//! The console's lists: each shows what its command shows, whatever the shop holds.

mod acts;
mod orders;
mod people;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use waybill_tests::sim::script::usps;
use waybill_tests::world::browser::{Browser, Page};
use waybill_tests::world::{SHOP, World};

/// A signed-in browser.
async fn member(world: &World) -> Browser {
    let mut browser = Browser::default();
    browser.sign_in(world).await;
    browser
}

/// Orders with open lines, every third one with a number, in a world whose shop has a warehouse.
async fn busy(orders: u64) -> World {
    let world = World::everyday("US").await;
    let store = world.warehouse("North warehouse", &[SHOP]).await;
    for n in 0..orders {
        world.tiktok.order(SHOP, &order(n)).line("MUG", 1).place();
    }
    world.minute().await;
    for n in (0..orders).filter(|n| n % 3 == 0) {
        let body = json!({
            "order_id": format!("SO-{n}"), "tiktok_order_id": order(n), "shipment_id": format!("S-{n}"),
            "tracking_number": usps(n), "carrier": "USPS", "lines": [{"sku": "MUG", "quantity": 1}],
            "updated_at": world.time.now().to_string(),
        });
        world.tell(&store, body).await;
    }
    world.minutes(20).await;
    world
}

fn order(n: u64) -> String {
    format!("5760000000000{n:05}")
}

/// The rows of a CSV below its heading, split where no cell is quoted.
fn csv(page: &Page) -> (Vec<String>, Vec<Vec<String>>) {
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.headers["content-type"].to_str().expect("text").starts_with("text/csv"), "{:?}", page.headers);
    let mut lines = page.text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    (lines.next().expect("a heading"), lines.collect())
}

/// A field of every row of a command.
fn field(rows: &[Value], name: &str) -> BTreeSet<String> {
    rows.iter().map(|row| row[name].as_str().unwrap_or_default().to_owned()).collect()
}

/// The orders that a page links to.
fn linked(page: &Page) -> Vec<String> {
    let links = page.text.split("href=\"/orders/").skip(1);
    links.map(|rest| rest.split('"').next().expect("an end").to_owned()).collect()
}

/// Where the next part is.
fn next(page: &Page) -> Option<String> {
    let link = page.text.split("rel=\"next\"").next().filter(|before| before.len() < page.text.len())?;
    let href = link.rsplit("href=\"").next()?.split('"').next()?;
    Some(href.replace("&amp;", "&").replace("&#x2f;", "/"))
}

/// Every order that a walk through a list's parts meets, in order.
async fn walked(world: &World, browser: &mut Browser, from: &str) -> Vec<String> {
    let (mut at, mut met) = (Some(from.to_owned()), Vec::new());
    for _ in 0..300 {
        let Some(path) = at else { return met };
        let page = browser.get(world, &path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        assert!(page.text.len() < 30_000, "{path} has {} bytes", page.text.len());
        met.extend(linked(&page));
        at = next(&page);
    }
    panic!("no end after {} orders", met.len());
}
