//! What people set for a shop, by command: each setting, and what cannot be read.

use super::deadline;
use waybill_tests::world::{SHOP, World};

const ORDER: &str = "576000000000000017";

/// TikTok names no times for it, so the market's policy counts.
fn without_its_own_time(order: &mut waybill_model::tiktok::Order) {
    for field in ["rts_sla_time", "tts_sla_time"] {
        order.details.deadlines.insert(field, None);
    }
}

#[tokio::test(start_paused = true)]
async fn days_of_a_clock_are_set_for_one_shop_and_put_back() {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, ORDER).line("MUG", 1).with(without_its_own_time).place();
    world.minutes(2).await;
    let policy = deadline(&world, ORDER).await;
    assert!(policy["source"].as_str().is_some_and(|source| source.starts_with("policy:us-")), "{policy}");
    let (set, _) = world.command(&["shop", "set", SHOP, "--days", "rts=3", "--days", "scan=12"]).await;
    assert_eq!((&set[0]["days"]["rts"], &set[0]["days"]["scan"]), (&3.into(), &12.into()), "{set:?}");
    world.hours(25).await;
    let own = deadline(&world, ORDER).await;
    assert_eq!(own["source"], "shop:RTS", "{own}");
    assert!(own["due"].as_str() > policy["due"].as_str(), "{own} {policy}");
    let (set, _) = world.command(&["shop", "set", SHOP, "--days", "rts=policy"]).await;
    assert_eq!((&set[0]["days"]["rts"], &set[0]["days"]["scan"]), (&serde_json::Value::Null, &12.into()), "{set:?}");
}

#[tokio::test(start_paused = true)]
async fn every_setting_of_a_shop_has_an_option_and_what_cannot_be_read_changes_nothing() {
    let world = World::everyday("GB").await;
    let (set, _) = world.command(&["shop", "set", SHOP, "--digest-hour", "6", "--time-zone", "Europe/Paris"]).await;
    assert_eq!((&set[0]["digest_hour"], &set[0]["time_zone"]), (&6.into(), &"Europe/Paris".into()), "{set:?}");
    let (set, _) = world.command(&["shop", "set", SHOP, "--digest-hour", "default", "--time-zone", "default"]).await;
    assert_eq!((&set[0]["digest_hour"], &set[0]["time_zone"]), (&8.into(), &"Europe/London".into()), "{set:?}");
    let (set, _) = world.command(&["shop", "set", SHOP, "--cancel-brake", "no", "--hold-samples", "yes"]).await;
    assert_eq!((&set[0]["cancel_brake"], &set[0]["hold_samples"]), (&false.into(), &true.into()), "{set:?}");
    for wrong in [
        ["--days", "rts"],
        ["--days", "soon=3"],
        ["--days", "rts=none"],
        ["--time-zone", "Mars"],
        ["--digest-hour", "24"],
    ] {
        let (said, _) = world.command(&["shop", "set", SHOP, wrong[0], wrong[1]]).await;
        assert!(said[0]["error"].as_str().is_some_and(|words| words.len() > 15) && said[0]["status"] == 2, "{said:?}");
    }
    let (same, _) = world.command(&["shop", "set", SHOP, "--hold-samples", "yes"]).await;
    assert_eq!((&same[0]["digest_hour"], &same[0]["hold_samples"]), (&8.into(), &true.into()), "{same:?}");
}
