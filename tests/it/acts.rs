//! What people settle on the command line: each act does what its words promise, says so first, and stands in the audit.

use serde_json::{Value, json};
use waybill::flows::acts::{self, Actor};
use waybill_tests::sim::script::usps;
use waybill_tests::world::{SHOP, World};

const ONE: &str = "576000000000000001";
const TWO: &str = "576000000000000002";

fn parcel(world: &World, order: &str, tiktok: Option<&str>, id: &str, number: &str, lines: &[(&str, u32)]) -> Value {
    let lines: Vec<Value> = lines.iter().map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity})).collect();
    let mut body = json!({
        "order_id": order, "shipment_id": id, "tracking_number": number, "carrier": "USPS",
        "lines": lines, "updated_at": world.time.now().to_string(),
    });
    if let Some(tiktok) = tiktok {
        body["tiktok_order_id"] = tiktok.into();
    }
    body
}

#[tokio::test(start_paused = true)]
async fn a_store_order_that_nobody_can_place_is_linked_by_a_person_and_sent() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", None, "1", &number, &[("MUG", 1)])).await;
    world.hours(26).await;
    let row = world.listed(&number, &["ORDER_NOT_FOUND"]).await;
    assert!(row["command"].as_str().is_some_and(|c| c.starts_with("waybill link W1 ")), "{row}");
    let (planned, _) = world.command(&["link", "W1", ONE, "--dry-run"]).await;
    assert_eq!(planned[0]["done"], true, "{planned:?}");
    world.minutes(5).await;
    world.holds(SHOP, ONE, &["-"]).await;
    let (done, attention) = world.command(&["link", "W1", ONE]).await;
    assert!(!attention, "{done:?}");
    world.minutes(5).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet("W1").await;
    let (audit, _) = world.command(&["audit"]).await;
    assert_eq!(audit.len(), 1, "a dry run is no act: {audit:?}");
    assert_eq!((&audit[0]["act"], &audit[0]["of"]), (&json!("link"), &json!(number)));
}

#[tokio::test(start_paused = true)]
async fn the_items_that_a_person_chooses_get_the_number() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1), ("CAP", 1), ("PEN", 1)]).place();
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", Some(ONE), "1", &number, &[("no such code", 1)])).await;
    world.minutes(5).await;
    let row = world.listed(&number, &["LINES_UNMATCHED"]).await;
    assert!(row["command"].as_str().is_some_and(|c| c.starts_with("waybill choose ")), "{row}");
    let (done, attention) = world.command(&["choose", &number, "CAP"]).await;
    assert!(!attention, "{done:?}");
    world.minutes(5).await;
    world.holds(SHOP, ONE, &["-", &number, "-"]).await;
    world.quiet("W1").await;
}

#[tokio::test(start_paused = true)]
async fn a_dismissed_parcel_leaves_the_list_for_good_and_the_audit_says_who_and_why() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", Some(ONE), "1", &number, &[("no such code", 2)])).await;
    world.minutes(5).await;
    world.listed(&number, &["LINES_UNMATCHED"]).await;
    let (_, attention) = world.command(&["dismiss", "W1", "--note", "sent by hand"]).await;
    assert!(!attention);
    world.quiet("W1").await;
    let (again, attention) = world.command(&["retry", "W1"]).await;
    assert!(attention && again[0]["queued_again"] == json!(0), "{again:?}");
    world.hours(3).await;
    world.holds(SHOP, ONE, &["-"]).await;
    let (audit, _) = world.command(&["audit"]).await;
    assert_eq!((&audit[0]["act"], &audit[0]["who"]), (&json!("dismiss"), &json!("command line")));
}

#[tokio::test(start_paused = true)]
async fn a_correction_by_a_person_reaches_tiktok_once_and_an_older_message_of_the_store_cannot_undo_it() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, TWO).lines(&[("MUG", 1)]).place();
    let (wrong, right) = (usps(1), usps(2));
    let told = parcel(&world, "W1", Some(TWO), "1", &wrong, &[("MUG", 1)]);
    world.tell(&store, told.clone()).await;
    world.minutes(5).await;
    world.holds(SHOP, TWO, &[&wrong]).await;
    let (planned, _) = world.command(&["correct", &wrong, "--number", &right, "--dry-run"]).await;
    assert!(planned[0]["said"].as_str().is_some_and(|said| said.contains("0 left")), "{planned:?}");
    let (done, attention) = world.command(&["correct", &wrong, "--number", &right]).await;
    assert!(!attention, "{done:?}");
    world.minutes(5).await;
    world.holds(SHOP, TWO, &[&right]).await;
    world.tell(&store, told).await;
    world.minutes(30).await;
    world.holds(SHOP, TWO, &[&right]).await;
    world.quiet("W1").await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_takes_what_waits_for_a_time_and_says_when_nothing_is_meant() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", Some(ONE), "1", &number, &[("MUG", 1)])).await;
    // TikTok shows the order only later.
    world.hours(3).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let (done, attention) = world.command(&["retry", &number]).await;
    assert!(!attention, "{done:?}");
    world.minutes(2).await;
    world.holds(SHOP, ONE, &[&number]).await;
    let (done, attention) = world.command(&["retry", &number]).await;
    assert!(attention && done[0]["queued_again"] == json!(0), "{done:?}");
}

#[tokio::test(start_paused = true)]
async fn the_audit_says_who_called_a_store_what_and_who_changed_its_secret() {
    let world = World::everyday("US").await;
    let warehouse = world.warehouse("North warehouse", &[SHOP]).await;
    let id = warehouse.store.id.as_str();
    for name in ["The old mill", "The old mill"] {
        let (said, _) = world.command(&["store", "rename", id, name]).await;
        assert_eq!(said[0]["name"], name, "{said:?}");
    }
    let (said, _) = world.command(&["store", "secret", id, "--rotate"]).await;
    assert_eq!(said[0]["rotated"], true, "{said:?}");
    // What the command does with a secret on standard input.
    let store = world.app.table.store_get(&warehouse.store.id, true).await.expect("table").expect("a store").row;
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let there = Actor { who: "owner@tiny-mugs.example".into(), from: "203.0.113.7".into() };
    acts::change_store_secret(&world.app, &there, &store, Some(secret)).await.expect("changed");
    let (rows, _) = world.command(&["audit"]).await;
    let of_store = rows.iter().filter(|row| row["of"] == id);
    let shown: Vec<_> = of_store.map(|row| ["who", "from", "act", "said"].map(|name| row[name].clone())).collect();
    assert_eq!(
        serde_json::to_value(&shown).expect("JSON"),
        serde_json::json!([
            ["command line", "this machine", "rename store", "is called The old mill now, was North warehouse"],
            ["command line", "this machine", "store secret", "The old mill has a new secret, made here"],
            [there.who, there.from, "store secret", "The old mill has a new secret, the one that the store made"],
        ])
    );
    assert!(!serde_json::to_string(&rows).expect("JSON").contains("whsec_"), "the audit names no secret");
}

#[tokio::test(start_paused = true)]
async fn the_audit_of_a_removed_account_is_found_by_its_id() {
    let world = World::everyday("US").await;
    let (said, _) = world.command(&["account", "add", "--name", "Short", "--email", "short@example.com"]).await;
    let id = said[0]["account"].as_str().expect("an id").to_owned();
    let acts = async |words: &[&str]| {
        let (rows, _) = world.command(words).await;
        rows.iter().map(|row| row["act"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(acts(&["audit", "--account", "short@example.com"]).await, ["add account"]);
    let (removed, _) = world.command(&["account", "remove", "short@example.com"]).await;
    assert_eq!(removed[0]["account"], id, "what was removed names its id");
    assert!(!acts(&["audit"]).await.contains(&"add account".to_owned()), "it is no account of this installation");
    assert_eq!(acts(&["audit", "--account", &id]).await, ["add account", "remove account"]);
    world.time.skip(std::time::Duration::from_secs(40 * 24 * 3600));
    assert_eq!(acts(&["audit", "--account", &id]).await, [""; 0], "thirty days without --since");
    assert_eq!(acts(&["audit", "--account", &id, "--since", "2026-01-01"]).await.len(), 2);
    for unknown in ["nobody@example.com", "nosuchaccount", "../x"] {
        let (said, attention) = world.command(&["audit", "--account", unknown]).await;
        assert!(attention && said[0]["status"] == 1, "{said:?}");
    }
}
