//! Trackings from files, notes, evidence, proofs and reports: each command keeps the promise of its words.

use serde_json::{Value, json};
use std::path::PathBuf;
use waybill_model::tiktok::Call;
use waybill_tests::sim::script::usps;
use waybill_tests::world::browser::Browser;
use waybill_tests::world::{SHOP, World};

const ONE: &str = "576000000000000001";
const TWO: &str = "576000000000000002";
const THREE: &str = "576000000000000003";
const UNKNOWN: &str = "576000000000009999";

fn file(folder: &tempfile::TempDir, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}

async fn backfill(world: &World, file: &str, more: &[&str]) -> (Vec<Value>, bool) {
    let mut words = vec!["backfill", file, "--shop", SHOP];
    words.extend(more);
    world.command(&words).await
}

/// Verdict and reason of each row.
fn said(rows: &[Value]) -> Vec<(u64, &str, Option<&str>)> {
    let one = |row: &'_ Value| row["row"].as_u64().unwrap_or_default();
    rows.iter().map(|row| (one(row), row["verdict"].as_str().unwrap_or_default(), row["reason"].as_str())).collect()
}

#[tokio::test(start_paused = true)]
async fn each_row_of_a_file_gets_its_verdict_and_the_good_ones_reach_tiktok_once() {
    let world = World::everyday("US").await;
    let folder = tempfile::tempdir().expect("folder");
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.tiktok.order(SHOP, TWO).lines(&[("MUG", 2), ("CAP", 1)]).place();
    world.tiktok.order(SHOP, THREE).lines(&[("PEN", 1)]).place();
    let n: Vec<String> = (1..=9).map(usps).collect();
    let text = format!(
        "tiktok_order_id,tracking_number,carrier,sku,quantity\n\
         {ONE},{},USPS,,\n\
         {TWO},{},USPS,MUG,2.0\n\
         {TWO},{},USPS,CAP,1\n\
         {THREE},{},USPS,,\n\
         {UNKNOWN},{},USPS,,\n\
         {THREE},,USPS,,\n\
         {THREE},n/a,USPS,,\n\
         5.76E+17,{},USPS,,\n\
         {THREE},{},USPS,HAT,1\n\
         {ONE},{},USPS,,\n",
        n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[0]
    );
    let path = file(&folder, "trackings.csv", text);
    let expected = vec![
        (1, "push", None),
        (2, "push", None),
        (3, "push", None),
        (4, "hold", Some("LINES_UNMATCHED")),
        (5, "hold", Some("ORDER_NOT_FOUND")),
        (6, "hold", Some("TRACKING_MISSING")),
        (7, "hold", Some("TRACKING_INVALID")),
        (8, "hold", Some("ORDER_NOT_FOUND")),
        (9, "hold", Some("LINES_UNMATCHED")),
        (10, "done", None),
    ];
    let (rows, attention) = backfill(&world, &path, &["--dry-run"]).await;
    assert!(attention);
    assert_eq!(said(&rows), expected, "{rows:#?}");
    world.minutes(3).await;
    world.holds(SHOP, ONE, &["-"]).await;
    let (rows, _) = backfill(&world, &path, &[]).await;
    assert_eq!(said(&rows), expected, "{rows:#?}");
    world.minutes(3).await;
    world.holds(SHOP, ONE, &[&n[0]]).await;
    world.holds(SHOP, TWO, &[&n[1], &n[1], &n[2]]).await;
    world.holds(SHOP, THREE, &["-"]).await;
    let calls = world.tiktok.calls(Call::MarkPackage);
    let (rows, _) = backfill(&world, &path, &[]).await;
    assert_eq!(said(&rows)[..3], [(1, "done", None), (2, "done", None), (3, "done", None)], "{rows:#?}");
    world.minutes(30).await;
    assert_eq!(world.tiktok.calls(Call::MarkPackage), calls, "the same file again sends nothing");
    let (audit, _) = world.command(&["audit"]).await;
    assert_eq!((audit.len(), &audit[0]["act"]), (1, &json!("backfill")), "{audit:?}");
}

/// A shop's files speak as a store of its account. When another account connects the shop, its files are another store.
#[tokio::test(start_paused = true)]
async fn files_of_a_shop_that_moved_to_another_account_are_another_store() {
    let world = World::everyday("US").await;
    let folder = tempfile::tempdir().expect("folder");
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.tiktok.order(SHOP, TWO).lines(&[("MUG", 1)]).place();
    let with = |order: &str, number: &str| format!("tiktok_order_id,tracking_number,carrier\n{order},{number},USPS\n");
    let first = file(&folder, "first.csv", with(ONE, &usps(1)));
    let second = file(&folder, "second.csv", with(TWO, &usps(2)));
    backfill(&world, &first, &[]).await;
    world.minutes(10).await;
    world.holds(SHOP, ONE, &[&usps(1)]).await;
    world.command(&["shop", "remove", SHOP]).await;
    let mut theirs = world.shop_of_another_account(SHOP, "b2").await;
    world.minutes(10).await;
    let (rows, _) = backfill(&world, &second, &[]).await;
    assert_eq!(said(&rows), [(1, "push", None)]);
    world.minutes(10).await;
    world.holds(SHOP, TWO, &[&usps(2)]).await;
    let (before, now) = (format!("/stores/csv:{SHOP}"), format!("/stores/csv:{SHOP}:1"));
    let mut own = Browser::default();
    own.sign_in(&world).await;
    let seen = [(&before, 200, 404), (&now, 404, 200)];
    for (path, by_own, by_them) in seen {
        let (own, theirs) = (own.get(&world, path).await.status, theirs.get(&world, path).await.status);
        assert_eq!((own, theirs), (by_own, by_them), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_replaces_no_number_and_reopens_nothing() {
    let world = World::everyday("US").await;
    let folder = tempfile::tempdir().expect("folder");
    let store = world.warehouse("wh", &[SHOP]).await;
    for order in [ONE, TWO, THREE] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
    }
    let (first, second, third, other) = (usps(1), usps(2), usps(3), usps(4));
    let told = |order: &str, tiktok: &str, number: &str, units: u32| {
        json!({
            "order_id": order, "shipment_id": "1", "tracking_number": number, "carrier": "USPS", "tiktok_order_id": tiktok,
            "lines": [{"sku": "MUG", "quantity": units}], "updated_at": world.time.now().to_string(),
        })
    };
    world.tell(&store, told("W1", ONE, &first, 1)).await;
    world.tell(&store, told("W2", TWO, &second, 2)).await;
    world.minutes(5).await;
    world.holds(SHOP, ONE, &[&first]).await;
    world.command(&["dismiss", "W2", "--note", "sent by hand"]).await;
    let text = format!(
        "store_order;tracking_number;carrier\nW1;{other};USPS\nW1;{first};USPS\nW2;{second};USPS\nW3;{third};USPS\n"
    );
    let path = file(&folder, "f.csv", text);
    let (rows, _) = backfill(&world, &path, &[]).await;
    let expected = [
        (1, "hold", Some("ALREADY_SHIPPED")),
        (2, "done", None),
        (3, "done", None),
        (4, "wait", Some("ORDER_NOT_FOUND")),
    ];
    assert_eq!(said(&rows), expected, "{rows:#?}");
    world.minutes(30).await;
    world.holds(SHOP, ONE, &[&first]).await;
    world.holds(SHOP, TWO, &["-"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_file_without_trackings_is_wrong_use_and_says_why() {
    let world = World::everyday("US").await;
    let folder = tempfile::tempdir().expect("folder");
    for (name, bytes) in [("empty.csv", &b""[..]), ("book.csv", b"PK\x03\x04\x00"), ("head.csv", b"a,b\n1,2\n")] {
        let (rows, _) = backfill(&world, &file(&folder, name, bytes), &[]).await;
        assert_eq!(rows[0]["status"], 2, "{rows:?}");
        assert!(rows[0]["error"].as_str().is_some_and(|words| words.contains(name)), "{rows:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stranger_checks_a_proof_with_the_file_alone_and_finds_a_changed_one() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    let folder = tempfile::tempdir().expect("folder");
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let number = usps(1);
    let body = json!({
        "order_id": "W1", "shipment_id": "1", "tracking_number": number, "carrier": "USPS", "tiktok_order_id": ONE,
        "lines": [{"sku": "MUG", "quantity": 1}], "updated_at": world.time.now().to_string(),
    });
    world.tell(&store, body).await;
    world.minutes(30).await;
    let (done, attention) = world.command(&["note", "W1", "handed over at the depot"]).await;
    assert!(!attention, "{done:?}");
    let (done, attention) = world.command(&["evidence", &number, "https://files.example/receipt.pdf"]).await;
    assert!(!attention, "{done:?}");
    for words in [["note", ONE, " "], ["evidence", ONE, "javascript:alert(1)"], ["note", ONE, &"x".repeat(301)]] {
        assert_eq!(world.command(&words).await.0[0]["status"], 2, "{words:?}");
    }
    let out = folder.path().display().to_string();
    let (proofs, attention) = world.command(&["proof", ONE, "--out", &out]).await;
    assert!(!attention, "{proofs:?}");
    let proof = &proofs[0];
    assert_eq!(proof["evidence"].as_array().map(Vec::len), Some(1), "notes stay out unless asked for");
    assert_eq!(world.command(&["proof", ONE, "--with-notes"]).await.0[0]["evidence"].as_array().map(Vec::len), Some(2));
    let steps = proof["steps"].as_array().expect("steps");
    assert!(steps.iter().any(|s| s["what"].as_str().is_some_and(|what| what.contains("TikTok took the number"))));
    assert!(proof["clocks"].as_array().is_some_and(|clocks| clocks.iter().any(|c| c["clock"] == "RTS")));
    let path = |kind: &str| PathBuf::from(&out).join(format!("{ONE}.{kind}"));
    let check = |kind: &str| vec!["proof".to_owned(), "--check".to_owned(), path(kind).display().to_string()];
    let mut browser = Browser::default();
    let answer = browser.get(&world, "/proof-keys").await;
    let keys: Value = serde_json::from_str(&answer.text).expect("JSON");
    let fingerprint = keys["keys"][0]["fingerprint"].as_str().expect("a key").to_owned();
    for kind in ["json", "csv", "html"] {
        let mut words = check(kind);
        words.extend(["--key".to_owned(), fingerprint.clone()]);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (said, attention) = world.command(&words).await;
        assert!(!attention && said[0]["whole"] == true, "{said:?}");
        let good = std::fs::read(path(kind)).expect("there");
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        std::fs::write(path(kind), &bad).expect("written");
        assert!(world.command(&words).await.1, "a changed {kind} is found");
        std::fs::write(path(kind), &good).expect("written");
    }
    let words = check("json");
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    let other = "0".repeat(64);
    words.extend(["--key", &other]);
    assert!(world.command(&words).await.1, "another key is told");
    let (audit, _) = world.command(&["audit"]).await;
    let acts: Vec<&Value> = audit.iter().map(|row| &row["act"]).collect();
    assert_eq!(acts, [&json!("note"), &json!("evidence")]);
}

#[tokio::test(start_paused = true)]
async fn the_report_names_the_orders_behind_each_figure() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    for order in [ONE, TWO, THREE] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
    }
    world.minutes(10).await;
    let body = json!({
        "order_id": "W1", "shipment_id": "1", "tracking_number": usps(1), "carrier": "USPS", "tiktok_order_id": ONE,
        "lines": [{"sku": "MUG", "quantity": 1}], "updated_at": world.time.now().to_string(),
    });
    world.tell(&store, body).await;
    world.minutes(10).await;
    world.tiktok.scan(SHOP, ONE);
    world.tiktok.cancel(SHOP, TWO, "SELLER");
    world.hours(24 * 6).await;
    let (rows, _) = world.command(&["report", "--shop", SHOP, "--days", "30"]).await;
    let total = |measure: &str| {
        let mut found = rows.iter().filter(|row| row["measure"] == measure && row["carrier"].is_null());
        found.next().cloned().unwrap_or_else(|| panic!("{measure}: {rows:#?}"))
    };
    let (late, ours) = (total("late_dispatch"), total("cancelled_by_us"));
    assert_eq!((&late["orders"], &late["of"], &late["value"]), (&json!([THREE]), &json!(2), &json!(0.5)), "{late}");
    assert_eq!((&ours["orders"], &ours["of"], &ours["source"]), (&json!([TWO]), &json!(3), &json!("estimate")));
    let valid = total("valid_tracking");
    assert_eq!((&valid["value"], &valid["of"]), (&json!(1.0), &json!(1)), "{valid}");
    assert!(rows.iter().any(|row| row["measure"] == "valid_tracking" && row["carrier"] == "USPS"), "{rows:#?}");
}
