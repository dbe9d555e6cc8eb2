//! Each act by its form.

use super::{ONE, TWO, desk, number, parcel, press, settle};
use serde_json::json;
use std::time::Duration;
use waybill_tests::world::browser::Browser;
use waybill_tests::world::{SHOP, World, fulfilment, shopify_order};

/// Acts of the audit with who did them and from where.
async fn audit(world: &World) -> Vec<(String, String, String)> {
    let (rows, _) = world.command(&["audit"]).await;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    rows.iter().map(|row| (text(&row["act"]), text(&row["who"]), text(&row["from"]))).collect()
}

fn by_owner(act: &str) -> (String, String, String) {
    (act.to_owned(), "owner@tiny-mugs.example".to_owned(), "unknown".to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_carrier_is_mapped_where_its_parcel_stands_and_everything_of_that_name_goes_out() {
    let (world, store, mut browser) = desk().await;
    for (order, n) in [(ONE, 1), (TWO, 2)] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
        world
            .tell(&store, parcel(&world, &format!("W{n}"), Some(order), &format!("TBRT000000{n}"), "Our van", "MUG"))
            .await;
    }
    world.minutes(5).await;
    let said = settle(&world, &mut browser, "map", &[("provider", "No such carrier")]).await;
    assert!(said.starts_with("Nothing was changed") && said.contains("No such carrier"), "{said}");
    let said = settle(&world, &mut browser, "map", &[("provider", "Better Trucks")]).await;
    assert!(said.contains("Our van means Better Trucks") && said.contains("queued: 2"), "{said}");
    world.minutes(5).await;
    world.holds(SHOP, ONE, &["TBRT0000001"]).await;
    world.holds(SHOP, TWO, &["TBRT0000002"]).await;
    assert_eq!(audit(&world).await, [by_owner("map")]);
    let page = browser.get(&world, "/attention").await;
    assert!(page.text.contains("Nothing needs a hand"), "{}", page.text);
}

#[tokio::test(start_paused = true)]
async fn a_store_order_is_linked_and_items_are_chosen_by_ticking_them() {
    let (world, store, mut browser) = desk().await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.tiktok.order(SHOP, TWO).lines(&[("CAP", 1), ("PEN", 1)]).place();
    world.tell(&store, parcel(&world, "W1", None, &number(1), "USPS", "MUG")).await;
    world.hours(26).await;
    browser.sign_in(&world).await;
    let said = settle(&world, &mut browser, "link", &[("order", "not an id")]).await;
    assert!(said.starts_with("Nothing was changed"), "{said}");
    let said = settle(&world, &mut browser, "link", &[("order", ONE)]).await;
    assert!(said.contains(ONE), "{said}");
    world.minutes(5).await;
    world.holds(SHOP, ONE, &[&number(1)]).await;
    world.tell(&store, parcel(&world, "W2", Some(TWO), &number(2), "USPS", "no such code")).await;
    world.minutes(5).await;
    let page = browser.get(&world, &format!("/orders/{TWO}")).await;
    assert!(page.text.contains("type=\"checkbox\" name=\"line\" value=\"PEN\""), "{}", page.text);
    let answer = press(&world, &mut browser, &page, "choose", &[("line", "PEN")]).await;
    assert_eq!((answer.status, answer.location), (303, format!("/orders/{TWO}")));
    world.minutes(5).await;
    world.holds(SHOP, TWO, &["-", &number(2)]).await;
    assert_eq!(audit(&world).await, [by_owner("link"), by_owner("choose")]);
}

#[tokio::test(start_paused = true)]
async fn a_number_is_confirmed_corrected_once_and_retried_and_a_note_is_asked_for_a_dismissal() {
    let (world, store, mut browser) = desk().await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    // A number of USPS under UPS.
    world.tell(&store, parcel(&world, "W1", Some(ONE), &number(1), "UPS", "MUG")).await;
    world.minutes(5).await;
    world.listed(&number(1), &["CARRIER_FORMAT_MISMATCH"]).await;
    let said = settle(&world, &mut browser, "dismiss", &[("note", "  ")]).await;
    assert!(said.starts_with("Nothing was changed") && said.contains("between 1 and 300"), "{said}");
    let said = settle(&world, &mut browser, "dismiss", &[("note", &"x".repeat(301))]).await;
    assert!(said.starts_with("Nothing was changed"), "{said}");
    let said = settle(&world, &mut browser, "confirm", &[]).await;
    assert!(said.contains("count as right"), "{said}");
    world.minutes(5).await;
    world.holds(SHOP, ONE, &[&number(1)]).await;
    let page = browser.get(&world, &format!("/orders/{ONE}")).await;
    assert!(page.text.contains("TikTok takes 1 correction of this number, for 2 d 23 h more"), "{}", page.text);
    let typed = [("number", number(2)), ("carrier", "USPS".to_owned())];
    let typed: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    press(&world, &mut browser, &page, "correct", &typed).await;
    world.minutes(5).await;
    world.holds(SHOP, ONE, &[&number(2)]).await;
    let page = browser.get(&world, &format!("/orders/{ONE}")).await;
    assert!(page.text.contains("the single correction for this number is used"), "{}", page.text);
    assert!(!page.text.contains("name=\"do\" value=\"correct\""), "no button that cannot do anything");
    assert_eq!(audit(&world).await, [by_owner("confirm"), by_owner("correct")]);

    world.tell(&store, parcel(&world, "W2", Some(TWO), &number(3), "USPS", "MUG")).await;
    world.hours(26).await;
    browser.sign_in(&world).await;
    world.tiktok.order(SHOP, TWO).lines(&[("MUG", 1)]).place();
    let page = browser.get(&world, &format!("/orders/{TWO}")).await;
    press(&world, &mut browser, &page, "retry", &[]).await;
    let page = browser.get(&world, &format!("/orders/{TWO}")).await;
    assert!(page.text.contains("judged again"), "{}", page.text);
    world.minutes(5).await;
    world.holds(SHOP, TWO, &[&number(3)]).await;
}

#[tokio::test(start_paused = true)]
async fn an_order_that_stands_on_the_list_by_itself_is_dismissed_by_page_and_by_command() {
    let (world, _, mut browser) = desk().await;
    for order in [ONE, TWO] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
    }
    world.hours(74).await;
    browser.sign_in(&world).await;
    let held = world.held().await;
    let late: Vec<&str> =
        held.0.iter().filter(|row| row["reason"] == "LATE").filter_map(|row| row["order"].as_str()).collect();
    assert_eq!(late.len(), 2, "{:?}", held.0);
    let (first, second) = (late[0].to_owned(), late[1].to_owned());
    assert_eq!(held.0[0]["command"], json!(format!("waybill dismiss {first} --note TEXT")));
    let said = settle(&world, &mut browser, "dismiss", &[("note", "the buyer agreed to wait")]).await;
    assert!(said.contains("leaves the list"), "{said}");
    let (done, attention) = world.command(&["dismiss", &second, "--note", "sent by hand"]).await;
    assert!(!attention && done[0]["done"] == json!(true), "{done:?}");
    assert!(world.held().await.0.is_empty(), "{:?}", world.held().await.0);
    world.hours(3).await;
    assert!(world.held().await.0.iter().all(|row| row["reason"] != "LATE"), "it stays settled");
    let acts = audit(&world).await;
    assert_eq!(acts[0], by_owner("dismiss"));
    assert_eq!(acts[1].1, "command line");
    let (rows, _) = world.command(&["audit"]).await;
    assert!(rows[0]["said"].as_str().is_some_and(|said| said.contains("the buyer agreed to wait")), "{rows:?}");
}

#[tokio::test(start_paused = true)]
async fn a_sibling_in_the_same_parcel_gets_the_number_of_the_other_order() {
    let (world, store, mut browser) = desk().await;
    world.tiktok.order(SHOP, ONE).line("MUG", 1).group("g1").place();
    world.tell(&store, parcel(&world, "W1", Some(ONE), &number(1), "USPS", "MUG")).await;
    world.minutes(20).await;
    world.tiktok.order(SHOP, TWO).line("MUG", 1).group("g1").place();
    world.minutes(70).await;
    let held = world.held().await;
    assert_eq!((held.0.len(), &held.0[0]["reason"]), (1, &json!("SIBLING_OPEN")), "{:?}", held.0);
    assert_eq!(held.0[0]["command"], json!(format!("waybill confirm {TWO}")));
    let (planned, _) = world.command(&["confirm", TWO, "--dry-run"]).await;
    assert!(planned[0]["done"] == json!(true), "{planned:?}");
    let said = settle(&world, &mut browser, "confirm", &[]).await;
    assert!(said.contains(&number(1)) && said.contains("goes out"), "{said}");
    world.minutes(10).await;
    world.holds(SHOP, TWO, &[&number(1)]).await;
    world.quiet(TWO).await;
    assert_eq!(audit(&world).await, [by_owner("confirm")]);
}

#[tokio::test(start_paused = true)]
async fn a_shipment_without_a_number_gets_one_from_a_person() {
    let (world, _, mut browser) = desk().await;
    let shopify = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let version = world.time.now().to_string();
    let shipped = fulfilment(1, 1001, &version, "USPS", &[], &[("MUG", 1)]);
    let body = shopify_order(1001, ONE, &version, &[shipped]);
    assert_eq!(world.shopify(&shopify, "orders/fulfilled", &body).await.status(), 200);
    world.minutes(5).await;
    let page = browser.get(&world, "/orders/1001").await;
    assert!(page.text.contains("Marked shipped in the store without a tracking number."), "{}", page.text);
    let typed = [("number", number(1)), ("carrier", "USPS".to_owned())];
    let typed: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = press(&world, &mut browser, &page, "correct", &typed).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/orders/1001"));
    world.minutes(5).await;
    world.holds(SHOP, ONE, &[&number(1)]).await;
    world.quiet(ONE).await;
}

#[tokio::test(start_paused = true)]
async fn notes_and_evidence_stand_with_the_order_in_its_proof_and_in_the_delay_report() {
    let (world, store, mut browser) = desk().await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.tell(&store, parcel(&world, "W1", Some(ONE), &number(1), "USPS", "MUG")).await;
    world.minutes(5).await;
    let at = format!("/orders/{ONE}");
    let page = browser.get(&world, &at).await;
    press(&world, &mut browser, &page, "note", &[("note", "the depot was flooded <b>")]).await;
    let page = browser.get(&world, &at).await;
    assert!(page.text.contains("the depot was flooded &lt;b&gt;"), "{}", page.text);
    press(&world, &mut browser, &page, "evidence", &[("evidence", "javascript:alert(1)")]).await;
    let page = browser.get(&world, &at).await;
    assert!(page.text.contains("Nothing was changed") && !page.text.contains("href=\"javascript"), "{}", page.text);
    press(&world, &mut browser, &page, "evidence", &[("evidence", "https://weather.example/flood")]).await;
    let page = browser.get(&world, &at).await;
    assert!(page.text.contains("https://weather.example/flood"), "{}", page.text);
    assert!(page.text.contains("TikTok: 0 ") && page.text.contains("request "), "TikTok's own answer: {}", page.text);

    let folder = tempfile::tempdir().expect("folder");
    for kind in ["json", "csv", "html"] {
        // Each is fetched by itself, and not at the same moment.
        let file = browser.get(&world, &format!("{at}/proof.{kind}")).await;
        assert_eq!(file.status, 200);
        assert!(file.headers["content-disposition"].to_str().expect("text").contains(&format!("{ONE}.{kind}")));
        std::fs::write(folder.path().join(format!("{ONE}.{kind}")), &file.text).expect("written");
        world.time.skip(Duration::from_secs(61));
    }
    let path = folder.path().join(format!("{ONE}.json")).display().to_string();
    let (checked, broken) = world.command(&["proof", "--check", &path]).await;
    assert!(!broken && checked[0]["whole"] == json!(true), "{checked:?}");
    let json = std::fs::read_to_string(&path).expect("read");
    assert!(json.contains("weather.example") && !json.contains("flooded"), "notes only where they are asked for");
    let report = browser.get(&world, &format!("{at}/delay.txt")).await.text;
    for part in
        [ONE, &number(1), "the depot was flooded", "https://weather.example/flood", "tracking number:", "source "]
    {
        assert!(report.contains(part), "{part} in {report}");
    }
    let acts: Vec<String> = audit(&world).await.into_iter().map(|act| act.0).collect();
    assert_eq!(acts, ["note", "evidence"]);
}

#[tokio::test(start_paused = true)]
async fn a_form_that_is_not_from_the_page_or_too_long_changes_nothing_and_says_so() {
    let (world, store, mut browser) = desk().await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1), ("CAP", 1)]).place();
    world.tell(&store, parcel(&world, "W1", Some(ONE), &number(1), "USPS", "no such code")).await;
    world.minutes(5).await;
    let at = format!("/orders/{ONE}");
    let page = browser.post(&world, &at, &[("do", "dismiss"), ("note", "x")]).await;
    assert!(page.status == 403 && page.text.contains("Nothing was changed"), "{}", page.text);
    let csrf = browser.get(&world, &at).await.field("csrf");
    let long = "x".repeat(20_000);
    let page = browser.post(&world, &at, &[("csrf", &csrf), ("do", "dismiss"), ("note", &long)]).await;
    assert!(page.status == 403 && page.text.contains("Nothing was changed"), "{}", page.status);
    for (word, back) in
        [("fly", "https://evil.example/"), ("choose", "//evil.example"), ("", "/orders/../login\r\nx: y")]
    {
        let page = browser.post(&world, &at, &[("csrf", &csrf), ("do", word), ("back", back)]).await;
        assert_eq!((page.status, page.location.as_str()), (303, at.as_str()), "{word}");
        let page = browser.get(&world, &at).await;
        assert!(page.text.contains("Nothing was changed"), "{word}: {}", page.text);
        assert!(!browser.get(&world, &at).await.text.contains("Nothing was changed"), "it is said once");
    }
    assert!(matches!(Browser::default().post(&world, &at, &[("do", "retry")]).await.status, 403 | 404));
    world.listed(&number(1), &["LINES_UNMATCHED"]).await;
    assert!(audit(&world).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_order_is_found_by_each_of_its_names_and_several_are_a_choice() {
    let (world, store, mut browser) = desk().await;
    for (order, name) in [(ONE, "W1"), (TWO, "W2")] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
        // One parcel for two orders.
        world.tell(&store, parcel(&world, name, Some(order), &number(1), "USPS", "MUG")).await;
    }
    world.minutes(5).await;
    for name in [ONE, "W1"] {
        let page = browser.get(&world, &format!("/orders/{name}")).await;
        assert!(page.status == 200 && page.text.contains(&format!("Order {ONE}")), "{name}: {}", page.text);
        assert!(page.text.contains("Ship-to address") && page.text.contains("1 x MUG"), "{}", page.text);
    }
    let page = browser.get(&world, &format!("/orders/{}", number(1))).await;
    assert!(page.text.contains("Which one do you mean?"), "{}", page.text);
    assert!(page.text.contains(ONE) && page.text.contains(TWO), "{}", page.text);
    for nobody in ["576000000000009999", "%00", "..%2F..%2Fetc", "%23%23", "a%F0%9F%8E%82"] {
        assert_eq!(browser.get(&world, &format!("/orders/{nobody}")).await.status, 404, "{nobody}");
    }
}
