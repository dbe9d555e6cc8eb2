//! A parcel that a person holds: by page and by command, through edits of the store and through races with the push.

use super::{ONE, TWO, desk, number, parcel, press, settle};
use serde_json::{Value, json};
use std::time::Duration;
use waybill::flows::connect::store::Added;
use waybill_model::tiktok::{Call, Fault, FaultRule};
use waybill_tests::world::{SHOP, World};

const WHY: &str = "the buyer asked to wait";

/// A world with one order of a mug whose warehouse told its number, which nobody has pushed yet.
async fn shipped() -> (World, Added) {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.tell(&store, parcel(&world, "W1", Some(ONE), &number(1), "USPS", "MUG")).await;
    (world, store)
}

/// A command whose single effect is done. Gives what it said.
async fn done(world: &World, words: &[&str]) -> String {
    let (rows, attention) = world.command(words).await;
    assert!(!attention && rows[0]["done"] == true, "{words:?}: {rows:?}");
    rows[0]["said"].as_str().expect("words").to_owned()
}

/// The words of a parcel's timeline.
async fn told(world: &World, x: &str) -> Vec<String> {
    let (rows, _) = world.command(&["order", x]).await;
    let steps = rows[0]["timeline"].as_array().cloned().unwrap_or_default();
    steps.iter().filter_map(|step| step["said"].as_str().map(str::to_owned)).collect()
}

async fn is_held(world: &World, number: &str) -> Value {
    world.holds(SHOP, ONE, &["-"]).await;
    let row = world.listed(number, &["HELD_BY_PERSON"]).await;
    assert_eq!(row["command"], format!("waybill release {number}"), "{row}");
    assert_eq!(row["detail"], format!("held by command line: {WHY}"), "{row}");
    row
}

#[tokio::test(start_paused = true)]
async fn a_held_parcel_stays_through_edits_and_sends_the_last_one_when_it_is_released() {
    let (world, store) = shipped().await;
    let (looked, _) = world.command(&["hold", "W1", "--note", WHY, "--dry-run"]).await;
    assert!(looked[0]["done"] == true && looked[0]["dry_run"] == true, "{looked:?}");
    world.quiet("W1").await;
    assert_eq!(world.command(&["hold", "W1", "--note", " "]).await.0[0]["status"], 2);
    assert_eq!(world.command(&["hold", "nothing", "--note", WHY]).await.0[0]["status"], 1);
    done(&world, &["hold", "W1", "--note", WHY]).await;
    world.hours(3).await;
    is_held(&world, &number(1)).await;
    let (again, attention) = world.command(&["hold", "W1", "--note", "twice"]).await;
    assert!(attention && again[0]["said"] == "command line holds it here already", "{again:?}");
    let (retried, _) = world.command(&["retry", "W1"]).await;
    assert_eq!(retried[0]["parcels"][0]["said"], "command line holds it here: release it", "{retried:?}");
    let (rows, _) = world.command(&["explain", "W1"]).await;
    assert_eq!((&rows[0]["verdict"], &rows[0]["reason"]), (&json!("hold"), &json!("HELD_BY_PERSON")), "{rows:?}");
    assert!(rows[0]["call"].is_null(), "{rows:?}");

    // The store names another carrier, then another number: the same parcel, still held.
    world.tell(&store, parcel(&world, "W1", Some(ONE), &number(1), "FedEx", "MUG")).await;
    world.minutes(10).await;
    assert_eq!(is_held(&world, &number(1)).await["carrier"], "FedEx");
    world.tell(&store, parcel(&world, "W1", Some(ONE), &number(2), "USPS", "MUG")).await;
    world.hours(2).await;
    is_held(&world, &number(2)).await;
    assert_eq!(world.held().await.0.len(), 1, "what was replaced is on no list");
    // And a person's own correction.
    let (said, attention) = world.command(&["correct", &number(2), "--number", &number(3)]).await;
    assert!(!attention, "{said:?}");
    world.hours(2).await;
    is_held(&world, &number(3)).await;

    let looked = done(&world, &["release", "W1", "--dry-run"]).await;
    assert_eq!(looked, "released: judged with the next push");
    is_held(&world, &number(3)).await;
    done(&world, &["release", "W1"]).await;
    world.minutes(5).await;
    world.holds(SHOP, ONE, &[&number(3)]).await;
    world.quiet("W1").await;
    let steps = told(&world, &number(3)).await;
    assert!(steps.contains(&"released by a person".to_owned()), "{steps:?}");
    let (none, attention) = world.command(&["release", "W1"]).await;
    assert!(attention && none.iter().all(|row| row["done"] != true), "{none:?}");
    let (audit, _) = world.command(&["audit"]).await;
    let acts: Vec<&Value> = audit.iter().map(|row| &row["act"]).collect();
    assert_eq!(acts, [&json!("hold"), &json!("correct"), &json!("release")], "{audit:?}");
}

#[tokio::test(start_paused = true)]
async fn the_clocks_of_a_held_parcels_order_go_on_and_what_the_store_cancels_is_over() {
    let (world, store) = shipped().await;
    done(&world, &["hold", &number(1), "--note", WHY]).await;
    world.minutes(10).await;
    let row = is_held(&world, &number(1)).await;
    assert!(row["due"].is_string() && row["clock"] == "RTS", "{row}");
    let (rows, _) = world.command(&["deadlines"]).await;
    assert_eq!(rows[0]["blocker"], "HELD_BY_PERSON", "{rows:?}");
    world.hours(80).await;
    let (rows, _) = world.command(&["deadlines"]).await;
    assert!(rows[0]["bucket"] == "late" && rows[0]["blocker"] == "HELD_BY_PERSON", "{rows:?}");
    is_held(&world, &number(1)).await;
    let mut gone = parcel(&world, "W1", Some(ONE), &number(1), "USPS", "MUG");
    gone["cancelled"] = true.into();
    world.tell(&store, gone).await;
    world.minutes(10).await;
    assert!(world.held().await.about(&number(1)).is_none(), "{}", world.told("W1").await);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_under_way_is_not_undone_and_the_row_says_so() {
    let (world, _store) = shipped().await;
    world.tiktok.inject(FaultRule::new(Fault::Delay(Duration::from_secs(5))).on(&[Call::MarkPackage]).times(1));
    let hold = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        done(&world, &["hold", &number(1), "--note", WHY]).await
    };
    let (summary, said) = tokio::join!(world.push(), hold);
    assert!(said.contains("a call that a running push has begun is not undone"), "{said}");
    assert_eq!(summary.pushed, 1, "the call was on its way");
    world.holds(SHOP, ONE, &[&number(1)]).await;
    world.minutes(10).await;
    world.quiet("W1").await;
    let steps = told(&world, &number(1)).await;
    let ended = "the hold ended: TikTok has the number: its call was under way when it was held";
    assert!(steps.contains(&ended.to_owned()), "{steps:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_answer_tiktok_is_read_first_and_what_it_does_not_have_is_held() {
    for (fault, has_it) in [(Fault::HangAfter, true), (Fault::HangBefore, false)] {
        let (world, _store) = shipped().await;
        world.tiktok.inject(FaultRule::new(fault).on(&[Call::MarkPackage]).times(1));
        world.push().await;
        let said = done(&world, &["hold", &number(1), "--note", WHY]).await;
        assert!(said.contains("a call to TikTok is under way and is not undone"), "{said}");
        world.hours(3).await;
        if has_it {
            world.holds(SHOP, ONE, &[&number(1)]).await;
            world.quiet("W1").await;
            continue;
        }
        world.holds(SHOP, ONE, &["-"]).await;
        let row = world.listed(&number(1), &["HELD_BY_PERSON"]).await;
        assert!(row["detail"].as_str().is_some_and(|said| said.contains("an answer of TikTok was lost")), "{row}");
        done(&world, &["release", &number(1)]).await;
        world.hours(3).await;
        world.holds(SHOP, ONE, &[&number(1)]).await;
        assert_eq!(world.tiktok.with_journal(|journal| journal.changes.len()), 1, "sent once");
        world.quiet("W1").await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_tiktok_shows_meanwhile_ends_a_hold() {
    let (world, _store) = shipped().await;
    done(&world, &["hold", &number(1), "--note", WHY]).await;
    world.minutes(5).await;
    is_held(&world, &number(1)).await;
    // Somebody typed it into Seller Center.
    world.tiktok.ship_elsewhere(SHOP, ONE, &[], &number(1), "7117858858072016686");
    world.hours(3).await;
    world.quiet("W1").await;
    let steps = told(&world, &number(1)).await;
    assert!(steps.contains(&"the hold ended: TikTok has the number".to_owned()), "{steps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_set_and_released_where_people_look_one_by_one_and_many_at_once() {
    let (world, store, mut browser) = desk().await;
    for (order, n) in [(ONE, 1), (TWO, 2)] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1), ("CAP", 1)]).place();
        let order_name = format!("W{n}");
        world.tell(&store, parcel(&world, &order_name, Some(order), &number(n), "USPS", "no such code")).await;
    }
    world.minutes(5).await;
    // On the order's page, with a note.
    let page = browser.get(&world, &format!("/orders/{ONE}")).await;
    press(&world, &mut browser, &page, "hold", &[("note", " ")]).await;
    let page = browser.get(&world, &format!("/orders/{ONE}")).await;
    assert!(page.text.contains("Nothing was changed"), "{}", page.text);
    press(&world, &mut browser, &page, "hold", &[("note", WHY)]).await;
    let page = browser.get(&world, &format!("/orders/{ONE}")).await;
    let words = "Held here by owner@tiny-mugs.example since Sat 21 November 2026, ".to_owned();
    assert!(page.text.contains(&words) && page.text.contains(&format!("Why: {WHY}.")), "{}", page.text);
    assert!(page.text.contains("PST: release it when it may go"), "in the shop's time: {}", page.text);
    assert!(!page.text.contains("name=\"do\" value=\"hold\""), "{}", page.text);
    // On the list: the other one, which is not held, can be held there; the held one is released there.
    let page = browser.get(&world, "/attention?reason=HELD_BY_PERSON").await;
    assert!(page.text.contains(&words) && page.text.contains("name=\"do\" value=\"release\""), "{}", page.text);
    world.tell(&store, parcel(&world, "W1", Some(ONE), &number(1), "USPS", "MUG")).await;
    world.minutes(5).await;
    world.holds(SHOP, ONE, &["-", "-"]).await;
    let said = settle(&world, &mut browser, "release", &[]).await;
    assert!(said.contains("released: judged with the next push"), "{said}");
    world.minutes(5).await;
    world.holds(SHOP, ONE, &[&number(1), "-"]).await;
    let said = settle(&world, &mut browser, "hold", &[("note", WHY)]).await;
    assert!(said.contains("stays here until it is released"), "{said}");
    // All of a reason at once.
    let from = "/attention?reason=HELD_BY_PERSON";
    let page = browser.get(&world, from).await;
    let preview = press(&world, &mut browser, &page, "preview", &[("act", "release")]).await;
    assert!(preview.text.contains("<strong>1</strong> will change"), "{}", preview.text);
    press(&world, &mut browser, &preview, "run", &[]).await;
    world.minutes(5).await;
    world.listed(&number(2), &["LINES_UNMATCHED"]).await;
    let page = browser.get(&world, "/attention?reason=LINES_UNMATCHED").await;
    let preview = press(&world, &mut browser, &page, "preview", &[("act", "hold"), ("note", WHY)]).await;
    press(&world, &mut browser, &preview, "run", &[]).await;
    world.listed(&number(2), &["HELD_BY_PERSON"]).await;
    let (audit, _) = world.command(&["audit"]).await;
    let acts: Vec<String> = audit.iter().map(|row| format!("{} {}", row["act"], row["who"]).replace('"', "")).collect();
    let by = |act: &str| format!("{act} owner@tiny-mugs.example");
    assert_eq!(acts, [by("hold"), by("release"), by("hold"), by("release"), by("hold")], "{audit:?}");
}
