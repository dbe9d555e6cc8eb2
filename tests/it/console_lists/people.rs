//! The overview, the report, and how people get in.

use super::{busy, csv, field, linked, member, order};
use std::time::Duration;
use waybill::domain::ids::ShopId;
use waybill::flows::views::shop_now::ShopNow;
use waybill_tests::world::browser::{Browser, ORIGIN};
use waybill_tests::world::{SHOP, World, mail_text};

#[tokio::test(start_paused = true)]
async fn the_overview_answers_whether_one_may_sleep_and_status_says_the_same() {
    let world = busy(9).await;
    let mut browser = member(&world).await;
    let page = browser.get(&world, "/").await;
    assert!(page.text.contains("All is well") && page.text.contains("Yes: nothing is late"), "{}", page.text);
    assert!(page.text.contains("role=\"img\"") && page.text.contains("3, of which 0 came late"), "{}", page.text);
    assert!(page.text.len() < 30_000, "{} bytes", page.text.len());
    world.hours(70).await;
    let page = browser.get(&world, "/").await;
    let (rows, _) = world.command(&["deadlines"]).await;
    let late = rows.iter().filter(|row| row["bucket"] == "late").count();
    assert!(late >= 6, "{rows:?}");
    let number = format!("<a href=\"/orders?late=1\">{late}</a>");
    assert!(page.text.contains(&number) && page.text.contains("Not yet"), "{number}: {}", page.text);
    assert!(!page.text.contains("All is well"), "{}", page.text);
    // What `waybill status` prints of it.
    let shop = ShopId::parse(SHOP).expect("id");
    let shop = world.app.table.shop_get(&shop, true).await.expect("table").expect("shop").row;
    let said = ShopNow::of(&world.app, &shop).await.expect("table").due_words();
    assert!(said.starts_with(&format!("{late} orders are late")), "{said}");
}

#[tokio::test(start_paused = true)]
async fn each_number_of_the_report_opens_its_orders_and_says_that_it_is_an_estimate() {
    let world = busy(9).await;
    world.hours(90).await;
    let mut browser = member(&world).await;
    let (rows, _) = world.command(&["report"]).await;
    let page = browser.get(&world, "/report").await;
    assert!(page.text.contains("Estimate over") && page.text.contains("role=\"img\""), "{}", page.text);
    let total = rows.iter().find(|row| row["measure"] == "late_dispatch" && row["carrier"].is_null()).expect("a total");
    let orders = total["orders"].as_array().expect("orders");
    assert!(orders.len() >= 6, "{total}");
    let behind = browser.get(&world, "/report?measure=late_dispatch&days=30").await;
    assert_eq!(linked(&behind).len(), orders.len(), "{}", behind.text);
    let (head, lines) = csv(&browser.get(&world, "/report.csv").await);
    assert_eq!(
        (head.join(","), lines.len()),
        ("shop,days,measure,carrier,value,of,source,orders".to_owned(), rows.len())
    );
    assert!(field(&rows, "source").contains("estimate"));
}

#[tokio::test(start_paused = true)]
async fn signing_in_leads_to_the_page_that_was_asked_for_and_never_elsewhere() {
    let world = World::everyday("US").await;
    let link = async |target: &str| {
        let mut browser = Browser::default();
        world.time.skip(Duration::from_secs(120));
        browser.post(&world, "/login", &[("email", "owner@tiny-mugs.example"), ("to", target)]).await;
        let text = mail_text(&world.mails().pop().expect("a mail"));
        let start = text.find(&format!("{ORIGIN}/login/")).expect("a link");
        let link = text[start..].split_whitespace().next().expect("a link").to_owned();
        browser.post(&world, &link, &[]).await.location
    };
    let asked = Browser::default().get(&world, "/orders?late=1").await.location;
    assert_eq!(asked, "/login?to=%2Forders%3Flate%3D1");
    let page = Browser::default().get(&world, &asked).await;
    assert_eq!(page.field("to").replace("&#x2f;", "/"), "/orders?late=1");
    assert_eq!(link("/orders?late=1").await, "/orders?late=1");
    for elsewhere in ["//evil.example", "https://evil.example", "/\\evil.example", "/logout"] {
        assert_eq!(link(elsewhere).await, "/", "{elsewhere}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_lasts_as_long_as_it_is_used_and_ends_when_it_is_not() {
    let world = World::everyday("US").await;
    let mut browser = member(&world).await;
    let day = Duration::from_secs(24 * 3600);
    for _ in 0..20 {
        world.time.skip(2 * day);
        let page = browser.get(&world, "/audit").await;
        assert!(page.status == 200 && page.headers.contains_key("set-cookie"), "{}", page.status);
    }
    assert!(!browser.get(&world, "/audit").await.headers.contains_key("set-cookie"), "one write a day at most");
    world.time.skip(8 * day);
    assert_eq!(browser.get(&world, "/audit").await.location, "/login?to=%2Faudit");
    let page = browser.post(&world, &format!("/shops/{SHOP}"), &[("do", "pause")]).await;
    assert!(page.status == 403 && page.text.contains("You are signed out"), "{}", page.text);
}

#[tokio::test(start_paused = true)]
async fn every_page_of_the_navigation_is_there_with_and_without_a_shop() {
    let full = busy(3).await;
    let empty = World::empty(3).await;
    for (world, has_shop) in [(&full, true), (&empty, false)] {
        let mut browser = member(world).await;
        let paths = [
            "/",
            "/orders",
            "/deadlines",
            "/mapping",
            "/report",
            "/shops",
            "/carriers",
            "/backfill",
            "/audit",
            "/health",
        ];
        for path in paths {
            let page = browser.get(world, path).await;
            assert!(page.status == 200 && page.text.len() < 30_000, "{path}: {} {}", page.status, page.text.len());
            let written = page.text.replace("<script src=\"/keys.js\" defer></script>", "");
            assert!(!written.contains("<script") && !page.text.contains(" style="), "{path}");
            assert_eq!(page.text.matches("<h1").count(), 1, "{path}");
            let guided = page.text.contains("href=\"/connect\"");
            assert!(
                has_shop || guided || ["/audit", "/health"].contains(&path),
                "{path} has a next step: {}",
                page.text
            );
        }
    }
    let mut browser = member(&full).await;
    let page = browser.get(&full, "/carriers").await;
    assert!(page.text.contains("Live list") && page.text.contains("USPS"), "{}", page.text);
    let csrf = page.field("csrf");
    let page = browser.post(&full, "/carriers", &[("csrf", &csrf), ("shop", SHOP)]).await;
    assert!(page.text.contains("read from TikTok just now"), "{}", page.text);
    let page = browser.get(&full, "/health").await;
    assert!(page.text.contains("Everything runs"), "{}", page.text);
    assert!(browser.get(&full, &format!("/orders?q={}", order(1))).await.location.ends_with(&order(1)));
}
