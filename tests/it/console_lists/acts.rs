//! What people settle on the lists: mappings, settings, files; all of it in the audit.

use super::{csv, member, order};
use waybill_tests::sim::script::usps;
use waybill_tests::world::browser::Browser;
use waybill_tests::world::{SHOP, World, fulfilment, shopify_order};

/// A world in which `count` parcels wait for a match of this carrier name.
async fn unmatched(count: u64, name: &str) -> World {
    let world = World::everyday("US").await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    for n in 0..count {
        world.tiktok.order(SHOP, &order(n)).line("MUG", 1).place();
        let (version, id) = (world.time.now().to_string(), 1_000 + n);
        let parcel = fulfilment(n + 1, id, &version, name, &[&format!("VN5550{n:05}")], &[("MUG", 1)]);
        let body = shopify_order(id, &order(n), &version, &[parcel]);
        assert_eq!(world.shopify(&store, "orders/fulfilled", &body).await.status(), 200);
    }
    world.minutes(2).await;
    world
}

#[tokio::test(start_paused = true)]
async fn a_name_is_matched_for_a_shop_or_the_account_sends_what_waits_and_can_be_taken_back() {
    for (place, level) in [(SHOP, "for this shop"), ("", "for the account")] {
        let world = unmatched(3, "Our own van").await;
        let mut browser = member(&world).await;
        let page = browser.get(&world, "/mapping").await;
        assert!(page.text.contains("needs a match") && page.text.contains("3 held, <b>3 wait</b>"), "{}", page.text);
        let csrf = page.field("csrf");
        let form = |what: &'static str| {
            [
                ("csrf", csrf.as_str()),
                ("do", what),
                ("carrier", "Our own van"),
                ("provider", "Better Trucks"),
                ("shop", place),
            ]
        };
        let page = browser.post(&world, "/mapping", &form("map")).await;
        assert!(page.text.contains("Tracking numbers queued: 3."), "{}", page.text);
        assert!(page.text.contains(level) && page.text.contains("Better Trucks"), "{}", page.text);
        assert_eq!(world.push().await.pushed, 3);
        let page = browser.post(&world, "/mapping", &form("map")).await;
        assert!(page.status == 422 && page.text.contains("Nothing was changed"), "{}", page.text);
        let page = browser.post(&world, "/mapping", &form("remove")).await;
        assert!(page.text.contains("is not mapped any more") && page.text.contains("needs a match"), "{}", page.text);
        let (rows, _) = world.command(&["audit"]).await;
        let acts: Vec<&str> = rows.iter().filter_map(|row| row["act"].as_str()).collect();
        assert_eq!(acts, ["map", "unmap"], "{rows:?}");
        assert_eq!(
            (rows[0]["who"].as_str(), rows[0]["of"].as_str()),
            (Some("owner@tiny-mugs.example"), Some("Our own van"))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_test_of_one_name_says_what_would_happen_and_does_nothing() {
    let world = unmatched(1, "Our own van").await;
    let mut browser = member(&world).await;
    for (query, words) in [
        ("test=USPS", "known by itself"),
        ("test=Our+own+van", "waits for a match"),
        (&format!("test=USPS&number={}", usps(3)), "It would be sent"),
        ("test=UPS&number=none", "It would be held"),
    ] {
        let page = browser.get(&world, &format!("/mapping?{query}")).await;
        assert!(page.text.contains(words), "{query}: {}", page.text);
    }
    assert_eq!(world.push().await.pushed, 0);
    assert!(world.command(&["audit"]).await.0.is_empty());
}

#[tokio::test(start_paused = true)]
async fn names_that_a_store_writes_run_in_no_spreadsheet_and_on_no_page() {
    let world = unmatched(1, "=HYPERLINK(\"http://evil\")<script>").await;
    let mut browser = member(&world).await;
    let page = browser.get(&world, "/mapping").await;
    assert!(page.text.contains("HYPERLINK") && !page.text.contains("<script>"), "{}", page.text);
    let file = browser.get(&world, "/mapping.csv").await;
    let (head, _) = csv(&file);
    assert_eq!(head.first().map(String::as_str), Some("shop"));
    assert!(
        file.text.contains(",\"'=HYPERLINK") && !file.text.contains(",=") && !file.text.contains("\"="),
        "{}",
        file.text
    );
    let csrf = page.field("csrf");
    for name in ["=1+1", "+2", "@x", "-3"] {
        let form = [("csrf", csrf.as_str()), ("do", "map"), ("carrier", name), ("provider", "USPS"), ("shop", "")];
        assert_eq!(browser.post(&world, "/mapping", &form).await.status, 200);
    }
    for path in ["/mapping.csv", "/audit.csv"] {
        let (_, rows) = csv(&browser.get(&world, path).await);
        let cells = rows.iter().flatten();
        let formulas: Vec<_> = cells.filter(|cell| cell.starts_with(['=', '+', '@', '-'])).collect();
        assert!(rows.len() >= 4 && formulas.is_empty(), "{path}: {formulas:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn settings_are_saved_with_their_effect_and_stand_in_the_audit() {
    let world = World::everyday("US").await;
    let mut browser = member(&world).await;
    let here = format!("/shops/{SHOP}");
    let page = browser.get(&world, &here).await;
    for words in ["Hold it until a person", "Hour of the daily digest", "Time zone", "Sample orders", "counts as lost"]
    {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    let csrf = page.field("csrf");
    let mut post = async |fields: &[(&str, &str)]| {
        let form: Vec<_> =
            [("csrf", csrf.as_str()), ("do", "settings")].into_iter().chain(fields.iter().copied()).collect();
        browser.post(&world, &here, &form).await
    };
    let page = post(&[("mismatch", "warn"), ("time_zone", "Europe/Paris"), ("digest_hour", "6"), ("lost", "9")]).await;
    assert!(page.text.contains("Saved: mismatch: warn (was hold)"), "{}", page.text);
    assert!(page.text.contains("value=\"Europe/Paris\"") && page.text.contains("value=\"9\""), "{}", page.text);
    let page = post(&[("time_zone", "Moon/Base")]).await;
    assert!(page.text.contains("Nothing was saved: Moon/Base is no time zone"), "{}", page.text);
    let page = post(&[("mismatch", "warn")]).await;
    assert!(page.text.contains("Nothing differs"), "{}", page.text);
    let (rows, _) = world.command(&["audit"]).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(rows[0]["said"].as_str().is_some_and(|said| said.contains("digest: 6:00 (was 8:00)")), "{rows:?}");
    let page = browser.get(&world, "/audit").await;
    assert!(page.text.contains("settings") && page.text.contains("owner@tiny-mugs.example"), "{}", page.text);
    let (head, lines) = csv(&browser.get(&world, "/audit.csv").await);
    assert_eq!((head.join(","), lines.len()), ("at,who,from,act,of,said".to_owned(), 1));
}

#[tokio::test(start_paused = true)]
async fn the_audit_is_walked_through_once_newest_first() {
    let world = World::everyday("US").await;
    let mut browser = member(&world).await;
    let here = format!("/shops/{SHOP}");
    let csrf = browser.get(&world, &here).await.field("csrf");
    for n in 0..95 {
        world.time.skip(std::time::Duration::from_secs(1));
        let days = (n % 2 + 5).to_string();
        browser.post(&world, &here, &[("csrf", &csrf), ("do", "settings"), ("lost", &days)]).await;
    }
    let (mut at, mut met, mut pages) = (Some("/audit".to_owned()), 0, 0);
    while let Some(path) = at {
        let page = browser.get(&world, &path).await;
        met += page.text.matches("<b>settings</b>").count();
        pages += 1;
        at = super::next(&page);
    }
    assert_eq!((met, pages), (95, 3));
    assert!(browser.get(&world, "/audit?since=2099-01-01").await.text.contains("Nobody did anything"));
    let page = browser.get(&world, "/audit?since=yesterday").await;
    assert!(page.status == 422 && page.text.contains("yesterday is no day"), "{}", page.text);
}

/// Sends a file the way a browser does.
async fn bring(world: &World, browser: &mut Browser, csrf: &str, file: &str) -> waybill_tests::world::browser::Page {
    let part =
        |name: &str, value: &str| format!("--b7\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let body = format!(
        "{}{}{}--b7\r\nContent-Disposition: form-data; name=\"file\"; filename=\"old.csv\"\r\nContent-Type: text/csv\r\n\r\n{file}\r\n--b7--\r\n",
        part("csrf", csrf),
        part("shop", SHOP),
        part("do", "check")
    );
    browser.send_as(world, "/backfill", "multipart/form-data; boundary=b7", &body).await
}

#[tokio::test(start_paused = true)]
async fn a_file_is_previewed_row_by_row_then_sent_once() {
    let world = World::everyday("US").await;
    for n in 0..3 {
        world.tiktok.order(SHOP, &order(n)).line("MUG", 1).place();
    }
    world.minutes(2).await;
    let mut browser = member(&world).await;
    let page = browser.get(&world, "/backfill").await;
    assert!(page.text.contains("type=\"file\"") && page.text.contains("textarea"), "{}", page.text);
    let csrf = page.field("csrf");
    let file = format!(
        "tiktok_order_id,tracking_number,carrier\n{},{},USPS\n{},{},USPS\n{},,USPS\n",
        order(0),
        usps(10),
        order(1),
        usps(11),
        order(2)
    );
    let page = bring(&world, &mut browser, &csrf, &file).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let preview = page.location;
    let page = browser.get(&world, &preview).await;
    assert!(page.text.contains("Good: 2; not good: 1.") && page.text.contains("TRACKING_MISSING"), "{}", page.text);
    assert_eq!(world.push().await.pushed, 0, "a preview sends nothing");
    let (head, rows) = csv(&browser.get(&world, &preview.replace("/backfill", "/backfill.csv")).await);
    assert_eq!((head.join(","), rows.len()), ("row,order,number,carrier,verdict,reason,detail".to_owned(), 3));
    let token = page.field("t");
    let page = browser.post(&world, "/backfill", &[("csrf", &csrf), ("do", "send"), ("t", &token)]).await;
    assert!(page.text.contains("2 new parcels go out"), "{}", page.text);
    assert_eq!(world.push().await.pushed, 2);
    let page = browser.post(&world, "/backfill", &[("csrf", &csrf), ("do", "send"), ("t", &token)]).await;
    assert!(page.text.contains("Nothing new was sent"), "{}", page.text);
    let text = [("csrf", csrf.as_str()), ("do", "check"), ("shop", SHOP), ("text", file.as_str())];
    let page = browser.post(&world, "/backfill", &text).await;
    let page = browser.get(&world, &page.location).await;
    assert!(page.text.contains("<b>done</b>") && !page.text.contains("Send what is good"), "{}", page.text);
    for (bad, words) in [("", "holds no rows"), ("a,b\n1,2\n", "has no column")] {
        let page = bring(&world, &mut browser, &csrf, bad).await;
        assert!(page.status == 422 && page.text.contains(words), "{bad:?}: {} {}", page.status, page.text);
    }
    let mut stranger = Browser::default();
    world.another_account(&mut stranger, "a2", "else@else.example").await;
    assert_eq!(stranger.get(&world, &preview).await.status, 410, "another account sees no file");
    assert_eq!(bring(&world, &mut stranger, &csrf, &file).await.status, 403, "another session's token");
}

#[tokio::test(start_paused = true)]
async fn a_store_shows_its_health_and_renews_its_secret_once() {
    let world = World::everyday("US").await;
    let warehouse = world.warehouse("North warehouse", &[SHOP]).await;
    let mut browser = member(&world).await;
    let here = format!("/stores/{}", warehouse.store.id);
    let page = browser.get(&world, &here).await;
    let text = page.text.replace("&#x2f;", "/");
    assert!(text.contains("Waiting for the first parcel") && text.contains(&warehouse.webhook_url), "{text}");
    let csrf = page.field("csrf");
    let page = browser.post(&world, &here, &[("csrf", &csrf), ("do", "secret")]).await;
    assert!(page.text.contains("whsec_") && page.text.contains("still count"), "{}", page.text);
    assert!(!browser.get(&world, &here).await.text.contains("whsec_"), "it is shown once");
    let mut stranger = Browser::default();
    world.another_account(&mut stranger, "a2", "else@else.example").await;
    let theirs = stranger.get(&world, "/").await.field("csrf");
    assert_eq!(stranger.get(&world, &here).await.status, 404);
    assert_eq!(stranger.post(&world, &here, &[("csrf", &theirs), ("do", "secret")]).await.status, 404);
    let (rows, _) = world.command(&["audit"]).await;
    assert_eq!(rows.iter().filter(|row| row["act"] == "store secret").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_shop_s_page_says_what_is_written_into_the_store_s_orders_and_changes_it() {
    let world = World::everyday("US").await;
    world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    let mut browser = member(&world).await;
    let here = format!("/shops/{SHOP}");
    let page = browser.get(&world, &here).await;
    assert!(page.text.contains("Nothing is written."), "{}", page.text);
    let csrf = page.field("csrf");
    let mut press = async |word: &str, path: &str, field: &str, allowed: &str| {
        let form = [("csrf", csrf.as_str()), ("do", word), ("path", path), ("field", field), ("buyer_data", allowed)];
        browser.post(&world, &here, &form).await.text
    };
    let rules = async || world.command(&["field", "list", "--shop", SHOP]).await.0;
    for (path, field, why) in [
        ("delivery_option_name", "_no_shopify_key", "none of the shop&#x27;s stores has such a field"),
        ("recipient_address.name", "waybill.name", "Nothing was changed"),
        ("", "waybill.option", "Nothing was changed"),
    ] {
        let page = press("set-field", path, field, "no").await;
        assert!(page.contains(why) && rules().await.is_empty(), "{path}: {page}");
    }
    let page = press("set-field", "delivery_option_name", "waybill.option", "no").await;
    assert!(page.contains("is written to waybill.option, once") && page.contains("write_orders"), "{page}");
    assert_eq!(rules().await[0]["field"], "waybill.option");
    press("set-field", "recipient_address.name", "waybill.name", "yes").await;
    assert_eq!(rules().await[1]["buyer_data"], true);
    let page = press("remove-field", "delivery_option_name", "", "no").await;
    assert!(page.contains("is not written any more") && !page.contains("waybill.option"), "{page}");
    let (audit, _) = world.command(&["audit"]).await;
    let fields = audit.iter().filter(|row| row["act"] == "field" && row["who"] == "owner@tiny-mugs.example");
    assert_eq!(fields.count(), 3, "{audit:?}");
}
