//! What the slow schedule costs when there is nothing to do, and what an idle shop costs.

use std::time::Duration;
use waybill::domain::cost::IDLE_SHOP_A_DAY;
use waybill::domain::ids::ShopId;
use waybill::table::Usage;
use waybill::table::keys::Shard;
use waybill_local::host;
use waybill_tests::world::World;
use waybill_tests::world::crowd::crowd_shop;

/// Read and write units of a tick when nothing is due.
async fn of_an_idle_tick(accounts: usize) -> (f64, f64) {
    let world = World::empty(1).await;
    world.crowd((0..accounts).map(crowd_shop)).await;
    world.until_nothing_is_due().await;
    world.time.skip(Duration::from_secs(300));
    let before = world.app.table.usage();
    let tick = host::tick(&world.app).await;
    assert_eq!(tick.due, 0, "{tick:?}");
    let after = world.app.table.usage();
    (after.read_units - before.read_units, after.write_units - before.write_units)
}

#[tokio::test(start_paused = true)]
async fn a_tick_with_nothing_due_costs_the_same_for_ten_accounts_and_five_hundred() {
    let (few, many) = (of_an_idle_tick(10).await, of_an_idle_tick(500).await);
    println!("a tick with nothing due: {} read units, {} write units", many.0, many.1);
    assert_eq!(few, many);
    // Two lists of sixteen slots, half a unit each, and how far the daily round has come.
    assert!(many.0 <= 17.0 && many.1 < f64::EPSILON, "{many:?}");
}

/// What idle shops cost in so many days, both schedules together.
async fn of_idle_days(shops: &[String], days: u64) -> Usage {
    let world = World::empty(1).await;
    world.crowd(shops.iter().cloned()).await;
    world.until_nothing_is_due().await;
    let before = world.app.table.usage();
    for _ in 0..days * 24 {
        world.time.skip(Duration::from_secs(3600));
        host::push(&world.app).await;
        host::tick(&world.app).await;
    }
    let after = world.app.table.usage();
    Usage {
        write_requests: after.write_requests - before.write_requests,
        write_units: after.write_units - before.write_units,
        read_units: after.read_units - before.read_units,
    }
}

/// What one more shop adds, over two weeks: visits, looks after it, its tokens. All are in one shard: its lease is the
/// shard's, at most two units a minute however many shops it has.
#[tokio::test(start_paused = true)]
async fn an_idle_shop_costs_at_most_six_write_units_a_day() {
    const DAYS: u64 = 14;
    const MORE: usize = 10;
    let one_shard = |id: &String| Shard::of(&ShopId::parse(id.as_str()).expect("id")).number() == 7;
    let ids: Vec<String> = (0..).map(crowd_shop).filter(one_shard).take(2 + MORE).collect();
    let (few, many) = (of_idle_days(&ids[..2], DAYS).await, of_idle_days(&ids, DAYS).await);
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let each = |all: f64| all / (MORE as u64 * DAYS) as f64;
    let (writes, reads) = (each(many.write_units - few.write_units), each(many.read_units - few.read_units));
    println!("an idle shop in a day: {writes:.2} write units, {reads:.2} read units");
    assert!(writes <= 6.0, "{writes} write units");
    // What the cost command shows is what is measured.
    assert!(writes <= IDLE_SHOP_A_DAY.writes && writes > IDLE_SHOP_A_DAY.writes - 1.0, "{writes} write units");
    assert!(reads <= IDLE_SHOP_A_DAY.reads && reads > IDLE_SHOP_A_DAY.reads - 6.0, "{reads} read units");
}
