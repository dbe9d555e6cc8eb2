//! Who stands in which list: every kind of row, whoever wrote it.

use super::{get, lists_of, put};
use serde_json::json;
use std::time::Duration;
use waybill::domain::ids::ShopId;
use waybill::flows::connect::remove_shop;
use waybill::flows::orders::begin;
use waybill::table::keys::{Shard, Slot};
use waybill_tests::sim::script::usps;
use waybill_tests::world::everyday::{parcel, with};
use waybill_tests::world::{SHOP, World, mail_subject};

const ORDER: &str = "576000000000000017";
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Due for a long time.
const LONG_AGO: &str = "1700000000000";

fn shop() -> ShopId {
    ShopId::parse(SHOP).expect("id")
}

/// Days of a shop without an order.
async fn idle(world: &World, days: u64) {
    for _ in 0..days * 12 {
        world.push().await;
        world.tick().await;
        world.time.skip(DAY / 12);
    }
    world.until_nothing_is_due().await;
}

#[tokio::test(start_paused = true)]
async fn an_entry_of_an_unknown_kind_is_left_alone_and_stops_neither_tick_nor_push() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    let mut made = 0;
    for slot in Slot::all() {
        for list in ["AUTH", "POLL"] {
            // Longer due than anything else, and more than a page.
            for n in 0..20 {
                let (list, place) = (format!("{list}#{:02x}", slot.number()), format!("{LONG_AGO}#later-{n}"));
                put(
                    &world,
                    &json!({
                        "pk": {"S": format!("LATER#{list}")}, "sk": {"S": format!("KIND#{n}")},
                        "due_pk": {"S": list}, "due_sk": {"S": place},
                    }),
                );
                made += 1;
            }
        }
    }
    for n in 0..300 {
        let owner = if n % 2 == 0 { SHOP.to_owned() } else { format!("nobody-{n}") };
        put(
            &world,
            &json!({
                "pk": {"S": format!("SHOP#{SHOP}")}, "sk": {"S": format!("LATER#{n}")},
                "due_pk": {"S": format!("PUSH#{:02x}", Shard::of(&shop()).number())},
                "due_sk": {"S": format!("{LONG_AGO}#{owner}")},
            }),
        );
    }
    world.tiktok.order(SHOP, ORDER).line("MUG", 1).place();
    world.tell(&store, parcel(&world, "W1", ORDER, "1", &usps(1), &[("MUG", 1)])).await;
    world.time.skip(Duration::from_secs(60));
    assert_eq!(world.push().await.pushed, 1);
    let tick = world.tick().await;
    assert_eq!((tick.unknown, tick.mails_failed, tick.refresh_failed), (made, 0, 0), "{tick:?}");
    assert!(world.step_due(&shop()).await.is_some_and(|due| due > world.time.now()), "the shop's step was taken");
    let left = world.wire.listed("").into_iter().filter(|(_, place, _)| place.starts_with(LONG_AGO)).count();
    assert_eq!(left as u64, made + 300, "they stand where they stood");
}

#[tokio::test(start_paused = true)]
async fn rows_where_earlier_versions_put_them_are_found_and_move_and_lost_ones_come_back_within_a_day() {
    let world = World::everyday("US").await;
    world.until_nothing_is_due().await;
    let right = format!("AUTH#{:02x}", Slot::of(SHOP).number());
    assert!(lists_of(&world, &format!("SHOP#{SHOP}")).contains(&format!("{right} CONNECTION")));
    // Hashed by other words.
    let other = format!("AUTH#{:02x}", (Slot::of(SHOP).number() + 5) % 16);
    let mut row = get(&world, &format!("SHOP#{SHOP}"), "CONNECTION");
    row["due_pk"] = json!({"S": other});
    put(&world, &row);
    world.time.skip(DAY * 4);
    world.push().await;
    world.tick().await;
    assert!(lists_of(&world, &format!("SHOP#{SHOP}")).contains(&format!("{right} CONNECTION")), "it moved");
    // In no list at all.
    let mut row = get(&world, &format!("SHOP#{SHOP}"), "CONNECTION");
    let mut body: serde_json::Value = serde_json::from_str(row["body"]["S"].as_str().expect("a body")).expect("JSON");
    body["consent"].as_object_mut().expect("an object").remove("next_step");
    row["body"] = json!({"S": body.to_string()});
    let row = row.as_object_mut().expect("an item");
    row.remove("due_pk");
    row.remove("due_sk");
    put(&world, &json!(row));
    begin::gone(&world.app, &shop()).await.expect("written");
    world.app.table.telling_delete(&shop()).await.expect("deleted");
    assert!(!lists_of(&world, &format!("SHOP#{SHOP}")).iter().any(|at| at.contains("CONNECTION")), "the set-up");
    for _ in 0..26 {
        world.push().await;
        world.tick().await;
        world.time.skip(Duration::from_secs(3600));
    }
    let found = lists_of(&world, &format!("SHOP#{SHOP}"));
    for row in ["CONNECTION", "VISIT"] {
        assert!(found.iter().any(|at| at.ends_with(row)), "{row}: {found:?}");
    }
    assert!(world.app.table.telling_get(&shop()).await.expect("read").is_some(), "its people are told again");
}

#[tokio::test(start_paused = true)]
async fn a_removed_shop_stands_in_no_list_and_a_connected_one_in_all() {
    let world = World::everyday("US").await;
    world.until_nothing_is_due().await;
    let row = world.app.table.shop_get(&shop(), true).await.expect("read").expect("there").row;
    remove_shop::run(&world.app, &row).await.expect("removed");
    assert_eq!(lists_of(&world, &format!("SHOP#{SHOP}")), Vec::<String>::new());
    assert_eq!(world.wire.listed("AUTH#"), Vec::new(), "nor do its tokens");
    world.push().await;
    let tick = world.tick().await;
    assert_eq!((tick.due, tick.mails), (0, 0), "{tick:?}");
    world.connect_shop(SHOP, "US").await;
    let found = lists_of(&world, &format!("SHOP#{SHOP}"));
    for row in ["CONNECTION", "VISIT", "TELL"] {
        assert!(found.iter().any(|at| at.ends_with(row)), "{row}: {found:?}");
    }
}

/// Mails so far whose subject holds these words.
fn told(world: &World, words: &str) -> usize {
    world.mails().iter().filter(|mail| mail_subject(mail).contains(words)).count()
}

/// Nobody looks at an idle shop's people; what is held brings them forward.
#[tokio::test(start_paused = true)]
async fn a_hold_of_an_idle_shop_is_told_within_twenty_minutes() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    idle(&world, 3).await;
    let told_next = world.app.table.telling_get(&shop()).await.expect("read").expect("there").row.due;
    assert_eq!(told_next, None, "there is nothing to tell");
    world.tiktok.order(SHOP, ORDER).line("MUG", 1).place();
    let body = parcel(&world, "W1", ORDER, "1", "BV123456789", &[("MUG", 1)]);
    world.tell(&store, with(body, &json!({"carrier": "Blue Van"}))).await;
    // Without TikTok's own word: nothing else brings anything forward.
    drop(world.tiktok.take_webhooks());
    for _ in 0..4 {
        assert_eq!(told(&world, "Blue Van"), 0);
        world.push().await;
        world.time.skip(Duration::from_secs(300));
    }
    world.tick().await;
    let subjects: Vec<String> = world.mails().iter().map(|mail| mail_subject(mail)).collect();
    assert_eq!(told(&world, "Blue Van"), 1, "{subjects:?}");
    world.tick().await;
    assert_eq!(told(&world, "Blue Van"), 1, "once");
}

/// An order that comes in late into its time is told although nobody looked at the shop's people for days.
#[tokio::test(start_paused = true)]
async fn the_first_order_of_an_idle_shop_is_told_before_its_deadline() {
    let world = World::everyday("US").await;
    idle(&world, 3).await;
    world.tiktok.order(SHOP, ORDER).line("MUG", 1).place();
    let near = world.time.now() + Duration::from_secs(3 * 3600);
    world.tiktok.move_deadline(SHOP, ORDER, "rts_sla_time", Some(near));
    for _ in 0..24 {
        world.hear().await;
        world.push().await;
        world.tick().await;
        world.time.skip(Duration::from_secs(300));
    }
    let subjects: Vec<String> = world.mails().iter().map(|mail| mail_subject(mail)).collect();
    assert_eq!(told(&world, "1 order due in"), 1, "{subjects:?}");
}
