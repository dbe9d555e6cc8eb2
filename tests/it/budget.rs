//! What a parcel costs at the table: (100 parcels − none) / 100, by path. The numbers are printed.

use waybill::table::Usage;
use waybill_tests::sim::script::usps;
use waybill_tests::world::{SHOP, World, fulfilment, shopify_order};

const PARCELS: u64 = 100;

fn less(after: Usage, before: Usage) -> Usage {
    Usage {
        write_requests: after.write_requests - before.write_requests,
        write_units: after.write_units - before.write_units,
        read_units: after.read_units - before.read_units,
    }
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn each(usage: Usage, without: Usage) -> (f64, f64, f64) {
    let n = PARCELS as f64;
    let requests = usage.write_requests as f64 - without.write_requests as f64;
    (requests / n, (usage.write_units - without.write_units) / n, (usage.read_units - without.read_units) / n)
}

async fn all_pushed(world: &World) -> Usage {
    let before = world.app.table.usage();
    for _ in 0..4 {
        world.push().await;
        tokio::time::sleep(std::time::Duration::from_secs(20)).await;
    }
    less(world.app.table.usage(), before)
}

#[tokio::test(start_paused = true)]
async fn a_parcel_costs_at_most_four_write_units_and_three_read_units_and_a_duplicate_writes_nothing() {
    let idle = {
        let world = World::new().await;
        all_pushed(&world).await
    };
    let world = World::new().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    let mut bodies = Vec::new();
    for n in 0..PARCELS {
        let order = format!("5760000000000{n:05}");
        world.tiktok.order(SHOP, &order).line("MUG-BLUE", 1).place();
        let version = "2026-11-21T09:00:00Z";
        let parcel = fulfilment(n, 5_900_000_001_000 + n, version, "USPS", &[&usps(n)], &[("MUG-BLUE", 1)]);
        bodies.push(shopify_order(5_900_000_001_000 + n, &order, version, &[parcel]));
    }
    let start = world.app.table.usage();
    for body in &bodies {
        assert_eq!(world.shopify(&store, "orders/fulfilled", body).await.status(), 200);
    }
    let webhook = less(world.app.table.usage(), start);
    let start = world.app.table.usage();
    for body in &bodies {
        assert_eq!(world.shopify(&store, "orders/fulfilled", body).await.status(), 200);
    }
    let duplicate = less(world.app.table.usage(), start);
    let push = all_pushed(&world).await;
    let accepted = world.tiktok.with_journal(|journal| journal.changes.len());
    assert_eq!(accepted, 100);
    let (webhook, duplicate, push) =
        (each(webhook, Usage::default()), each(duplicate, Usage::default()), each(push, idle));
    println!("a parcel            write requests  write units  read units");
    for (path, (requests, writes, reads)) in [("webhook", webhook), ("duplicate", duplicate), ("push", push)] {
        println!("{path:<20}{requests:>14.2}{writes:>13.2}{reads:>12.2}");
    }
    let (writes, reads) = (webhook.1 + push.1, webhook.2 + push.2);
    println!("{:<20}{:>14.2}{writes:>13.2}{reads:>12.2}", "together", webhook.0 + push.0);
    assert!(duplicate.0.abs() < f64::EPSILON, "a duplicate writes");
    assert!(duplicate.2 <= 1.0, "a duplicate reads {} units", duplicate.2);
    // The lease of the shard and the shop's carrier list are written once, whatever the number of parcels.
    assert!(writes <= 4.2, "{writes} write units");
    assert!(reads <= 3.0, "{reads} read units");
}
