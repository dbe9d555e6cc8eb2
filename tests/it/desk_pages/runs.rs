//! Runs that a person leaves to us: they go on while nobody looks, every page says how far they are, and one that stopped
//! is taken up where it was.

use super::lists::hold;
use super::{ONE, desk, press};
use std::time::Duration;
use waybill::domain::ids::{ShopId, TikTokOrderId};
use waybill::domain::order_row::OrderRow;
use waybill::domain::reason::Reason;
use waybill::flows::acts::bulk::{find_run, go_on};
use waybill_tests::world::browser::{Browser, Page};
use waybill_tests::world::wire::TableFaults;
use waybill_tests::world::{SHOP, World};

/// The big number of a page under this heading.
fn figure(page: &Page, heading: &str) -> usize {
    let rest = page.text.split(&format!("<dt>{heading}</dt><dd class=\"big\">")).nth(1);
    let digits = rest.and_then(|rest| rest.split('<').next()).unwrap_or_else(|| panic!("{heading}: {}", page.text));
    digits.parse().expect("a number")
}

fn is_loaded_again(page: &Page) -> bool {
    page.headers.get("refresh").is_some_and(|seconds| seconds == "2")
}

/// A process that dies in the middle of a run: when the page says for the first time that it has come somewhere.
async fn dies(world: &World, token: &str) {
    // The table takes its time, so that there is a middle.
    world.wire.set_faults(TableFaults { latency: Duration::from_millis(100), ..TableFaults::default() });
    let process = world.process(1);
    let has_begun = async {
        while find_run(&world.app, &world.account, token).await.expect("read").expect("there").seen == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        biased;
        () = has_begun => {}
        ended = go_on(&process.app, token, None) => panic!("it ended before it could die: {ended:?}"),
    }
    world.wire.set_faults(TableFaults::default());
}

/// Presses through to a run of an act on everything that a filter takes. Gives the address of its page.
async fn begun(world: &World, browser: &mut Browser, filter: &str, act: &[(&str, &str)]) -> String {
    let page = browser.get(world, &format!("/attention?{filter}")).await;
    let preview = press(world, browser, &page, "preview", act).await;
    assert!(preview.text.contains("will change"), "{}", preview.text);
    let answer = press(world, browser, &preview, "run", &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert!(answer.location.starts_with("/runs/"), "{}", answer.location);
    answer.location
}

#[tokio::test(start_paused = true)]
async fn a_run_goes_on_while_nobody_looks_and_is_taken_up_where_it_stopped() {
    let (world, store, mut browser) = desk().await;
    for n in 0..120 {
        hold(&world, &store.store.id, n, Reason::LinesUnmatched, "USPS").await;
    }
    world.app.runs.live_on();
    let typed = [("act", "dismiss"), ("note", "sent by hand")];
    let run = begun(&world, &mut browser, "reason=LINES_UNMATCHED", &typed).await;
    let page = browser.get(&world, &run).await;
    assert!(page.text.contains("0 of 120") && page.text.contains("you may leave this page"), "{}", page.text);
    assert!(is_loaded_again(&page), "{:?}", page.headers);
    assert!(!is_loaded_again(&browser.get(&world, &format!("{run}?still=1")).await), "a person may stop that");
    assert_eq!(world.held().await.0.len(), 120, "nobody has worked on it yet");
    // The process dies in the middle.
    let token = world.app.runs.next().await;
    dies(&world, &token).await;
    let page = browser.get(&world, &run).await;
    let (changed, left) = (figure(&page, "Changed"), figure(&page, "Still to come"));
    assert!(changed > 0 && left > 0 && changed + left == 120, "{changed} and {left}");
    assert!(page.text.contains(&format!("<progress id=\"far\" max=\"120\" value=\"{changed}\">")), "{}", page.text);
    let held = world.held().await.0.len();
    assert!(held <= left && held + 25 > left, "what it says is what is, but for the step it died in: {held} of {left}");
    world.time.skip(Duration::from_secs(90));
    let page = browser.get(&world, &run).await;
    assert!(page.text.contains("It has stopped before its end") && !is_loaded_again(&page), "{}", page.text);
    let again = press(&world, &mut browser, &page, "go-on", &[]).await;
    assert_eq!((again.status, again.location.as_str()), (303, run.as_str()), "{}", again.text);
    let token = world.app.runs.next().await;
    go_on(&world.app, &token, None).await.expect("to its end");
    let page = browser.get(&world, &run).await;
    assert!(page.text.contains("<strong>Done.</strong>") && !is_loaded_again(&page), "{}", page.text);
    assert_eq!(figure(&page, "Still to come"), 0);
    assert!(world.held().await.0.is_empty());
    assert_eq!(world.command(&["audit"]).await.0.len(), 120, "each one once in the audit");
    // Pressed again, or by two at once, nothing is done twice.
    go_on(&world.app, &token, None).await.expect("nothing");
    assert_eq!(world.command(&["audit"]).await.0.len(), 120);
}

#[tokio::test(start_paused = true)]
async fn where_no_process_lives_on_the_press_itself_works_and_what_stays_is_said() {
    let (world, store, mut browser) = desk().await;
    for n in 0..80 {
        let reason = if n < 40 { Reason::EditUsed } else { Reason::CarrierFormatMismatch };
        hold(&world, &store.store.id, n, reason, "USPS").await;
    }
    let run = begun(&world, &mut browser, "carrier=USPS", &[("act", "confirm")]).await;
    let page = browser.get(&world, &run).await;
    assert_eq!((figure(&page, "Changed"), figure(&page, "Left as they were")), (40, 40), "{}", page.text);
    assert!(page.text.contains("nothing about its number or carrier is in doubt"), "{}", page.text);
    // A stranger sees nothing of it, and cannot go on with it.
    let mut other = Browser::default();
    world.another_account(&mut other, "a2", "someone@else.example").await;
    assert_eq!(other.get(&world, &run).await.status, 404);
    assert_eq!(Browser::default().get(&world, &run).await.status, 303, "to the log-in");
}

#[tokio::test(start_paused = true)]
async fn a_file_of_ten_thousand_rows_shows_how_far_it_is_and_sends_nothing_twice() {
    let (world, _, mut browser) = desk().await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.minutes(20).await;
    let (shop, first) = (ShopId::parse(SHOP).expect("id"), TikTokOrderId::parse(ONE).expect("id"));
    let sample = world.app.table.tiktok_order(&shop, &first, true).await.expect("read").expect("there");
    for n in 0..10_000 {
        let order = TikTokOrderId::parse(format!("5770000000{n:08}")).expect("id");
        let mut row = OrderRow { order, rev: 0, ..sample.clone() };
        world.app.table.tiktok_order_put(&mut row).await.expect("written");
    }
    let rows: Vec<String> = (0..10_000).map(|n| format!("5770000000{n:08},TBRT{n:07},Better Trucks")).collect();
    let text = format!("tiktok_order_id,tracking_number,carrier\n{}\n", rows.join("\n"));
    let page = browser.get(&world, "/backfill").await;
    let checked = press(&world, &mut browser, &page, "check", &[("shop", SHOP), ("text", &text)]).await;
    assert_eq!(checked.status, 303, "{}", checked.text);
    let preview = browser.get(&world, &checked.location).await;
    assert!(preview.text.contains("10000 rows"), "{}", preview.text);
    assert!(preview.text.len() < 30_000, "{} bytes", preview.text.len());
    world.app.runs.live_on();
    let answer = press(&world, &mut browser, &preview, "send", &[]).await;
    assert!(answer.location.starts_with("/runs/"), "{} {}", answer.status, answer.text);
    let run = answer.location;
    let page = browser.get(&world, &run).await;
    assert!(page.text.contains("0 of 10000") && is_loaded_again(&page), "{}", page.text);
    let token = world.app.runs.next().await;
    dies(&world, &token).await;
    let page = browser.get(&world, &run).await;
    let (kept, left) = (figure(&page, "Orders kept"), figure(&page, "Still to come"));
    assert!(kept > 0 && left > 0 && kept + left == 10_000, "{kept} and {left}");
    go_on(&world.app, &token, None).await.expect("to its end");
    let page = browser.get(&world, &run).await;
    assert!(page.text.contains("10000 of 10000 orders of the file are kept"), "{}", page.text);
    // The same file again: everything is known.
    let page = browser.get(&world, "/backfill").await;
    let checked = press(&world, &mut browser, &page, "check", &[("shop", SHOP), ("text", &text)]).await;
    let preview = browser.get(&world, &checked.location).await;
    assert!(!preview.text.contains("value=\"send\""), "nothing of it is new: {}", preview.text);
}
