//! What needs a hand: console, commands and mails show the same parcels under the same names, and every count is true.

use serde_json::{Value, json};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use waybill::app::App;
use waybill::domain::ids::ShopId;
use waybill::flows::connect::store::Added;
use waybill::flows::views::attention::{Attention, Counts};
use waybill::table::keys::{self, DUE, Index, LIST};
use waybill_local::commands::acts::{self, RetryArgs};
use waybill_local::commands::held::{self, HeldArgs};
use waybill_local::commands::shop::{self, ShopCommand};
use waybill_local::commands::{Failure, Output, order};
use waybill_tests::world::browser::Browser;
use waybill_tests::world::wire::TableFaults;
use waybill_tests::world::{SHOP, World, fulfilment, shopify_order};

/// More than any page or mail shows.
const VANS: u64 = 260;

async fn ship(world: &World, store: &Added, n: u64, carrier: &str, number: &str) -> String {
    let order = format!("5760000000000{n:05}");
    world.tiktok.order(SHOP, &order).line("MUG-BLUE", 1).place();
    let version = "2026-11-21T09:00:00Z";
    let parcel = fulfilment(n, 1_000 + n, version, carrier, &[number], &[("MUG-BLUE", 1)]);
    let body = shopify_order(1_000 + n, &order, version, &[parcel]);
    assert_eq!(world.shopify(store, "orders/fulfilled", &body).await.status(), 200);
    order
}

/// What a command wrote.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("one thread").write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().expect("one thread"))).expect("UTF-8")
    }

    fn lines(&self) -> Vec<Value> {
        self.take().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

async fn held_rows(app: &App, args: &HeldArgs) -> Result<(Vec<Value>, bool), Failure> {
    let written = Written::default();
    let attention = held::run(app, args, &mut Output::to(true, written.clone())).await?;
    Ok((written.lines(), attention))
}

/// One old parcel of a carrier that nobody knows, then many newer ones of another, written in two ways.
async fn crowded() -> World {
    let world = World::new().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    ship(&world, &store, 0, "Antique cart", "TBRT0000000").await;
    world.push().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    for n in 1..=VANS {
        let carrier = if n % 2 == 0 { "Our van" } else { "our  VAN" };
        ship(&world, &store, n, carrier, &format!("TBRT{n:07}")).await;
    }
    for _ in 0..8 {
        world.push().await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    world
}

#[tokio::test(start_paused = true)]
async fn more_held_parcels_than_a_page_holds_hide_no_name_and_the_button_sends_what_it_says() {
    let world = crowded().await;
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    let page = browser.get(&world, &format!("/shops/{SHOP}")).await;
    assert!(page.text.contains("Which carrier is Antique cart?"), "the oldest is not crowded out");
    assert_eq!(page.text.matches("Which carrier is").count(), 2, "two spellings of one name are one question");
    assert!(page.text.contains(&format!("Save and send {VANS}")), "{}", page.text);
    assert!(page.text.contains(&format!("20 of {}", VANS + 1)), "what is cut is said");
    let oldest = page.text.find("TBRT0000000").expect("the oldest is shown");
    assert!(page.text.find("TBRT0000001").is_none_or(|newer| oldest < newer), "those that wait longest come first");

    let csrf = page.field("csrf");
    let form = [("csrf", csrf.as_str()), ("do", "map"), ("carrier", "our  VAN"), ("provider", "Better Trucks")];
    let page = browser.post(&world, &format!("/shops/{SHOP}"), &form).await;
    assert!(page.text.contains(&format!("Tracking numbers queued: {VANS}.")), "{}", page.text);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_answers_for_half_of_what_was_asked_hides_no_parcel() {
    let world = crowded().await;
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    // So seldom that nothing is refused: it is short of breath, no more.
    world.wire.set_faults(TableFaults { throttled: f64::MIN_POSITIVE, ..TableFaults::default() });
    let page = browser.get(&world, &format!("/shops/{SHOP}")).await;
    assert!(page.text.contains("Which carrier is Antique cart?"), "{}", page.text);
    assert!(page.text.contains(&format!("Save and send {VANS}")), "{}", page.text);
    assert!(page.text.contains("TBRT0000000"), "the oldest is shown");
}

#[tokio::test(start_paused = true)]
async fn held_counts_are_true_at_any_size_and_each_row_says_what_settles_it() {
    let world = crowded().await;
    let (rows, attention) = held_rows(&world.app, &HeldArgs::default()).await.expect("shown");
    assert!(attention);
    assert_eq!(rows.len() as u64, VANS + 1);
    assert_eq!(rows[0]["number"], "TBRT0000000", "those that wait longest come first");
    for field in [
        "order",
        "store_order",
        "tiktok_order",
        "number",
        "carrier",
        "shop",
        "state",
        "reason",
        "sentence",
        "remedy",
        "command",
        "who",
        "since",
        "due",
        "clock",
        "detail",
    ] {
        assert!(rows[0].get(field).is_some(), "{field}");
    }
    assert!(rows.iter().all(|row| row["command"].as_str().is_some_and(|c| c.starts_with("waybill "))));
    let args = HeldArgs { count: true, reason: Some("CARRIER_UNMAPPED".into()), shop: Some(SHOP.into()) };
    let (rows, _) = held_rows(&world.app, &args).await.expect("shown");
    assert_eq!((rows.len(), rows[0]["count"].as_u64()), (1, Some(VANS + 1)));
    let other = HeldArgs { reason: Some("UNPAID".into()), ..HeldArgs::default() };
    assert!(!held_rows(&world.app, &other).await.expect("shown").1, "nothing is held for it");
    let unknown = HeldArgs { shop: Some("7494049642642449999".into()), ..HeldArgs::default() };
    assert_eq!(held_rows(&world.app, &unknown).await.expect_err("no such shop").status(), 1);
    let wrong = HeldArgs { reason: Some("NO_SUCH".into()), ..HeldArgs::default() };
    assert_eq!(held_rows(&world.app, &wrong).await.expect_err("no such reason").status(), 2);

    let shop = ShopId::parse(SHOP).expect("id");
    let list = Attention::of(&world.app, &shop).await.expect("read");
    let names = list.names(&world.app).await.expect("read");
    let counts: Vec<(String, usize)> = names.into_iter().map(|name| (name.folded, name.waiting)).collect();
    assert_eq!(counts, [("ourvan".to_owned(), VANS as usize), ("antiquecart".to_owned(), 1)]);
}

/// Pages and `status` count without fetching what they count.
#[tokio::test(start_paused = true)]
async fn what_is_counted_is_what_is_listed_also_beside_rows_of_an_earlier_version() {
    let world = World::new().await;
    let shop = ShopId::parse(SHOP).expect("id");
    let agree = async |what: &str, wanted: usize| {
        let counted = Counts::of_shop(&world.app, &shop).await.expect("counted");
        assert_eq!(counted, Attention::of(&world.app, &shop).await.expect("read").counts(), "{what}");
        assert_eq!(counted.total, wanted, "{what}");
    };
    agree("nothing", 0).await;
    let put = |pk: &str, sk: &str, index: Index, place: &str| {
        let row =
            json!({"pk": {"S": pk}, "sk": {"S": sk}, index.pk: {"S": keys::held_list(&shop)}, index.sk: {"S": place}});
        let request = json!({"TableName": world.app.table.name(), "Item": row}).to_string();
        assert_eq!(world.wire.run("DynamoDB_20120810.PutItem", request.as_bytes()).0, 200);
    };
    for (n, reason) in ["CARRIER_UNMAPPED", "CARRIER_UNMAPPED", "UNPAID", "A_LATER_REASON"].into_iter().enumerate() {
        put("STORE#s1", &format!("ORDER#{n}#PARCEL#f"), LIST, &format!("{reason}#{:013}", 1_790_000_000_000 + n));
    }
    put(&format!("SHOP#{SHOP}"), "ORDER#576000000000000001", LIST, "NOT_SCANNED#1780000000000");
    agree("parcels and an order", 4).await;
    put("STORE#s1", "ORDER#8#PARCEL#f", DUE, "UNPAID#1770000000000");
    agree("a row of an earlier version", 5).await;
}

#[tokio::test(start_paused = true)]
async fn an_order_is_found_by_every_name_it_has_and_reads_as_a_timeline() {
    let world = World::new().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    let tiktok = ship(&world, &store, 7, "USPS", "9310215860339224995564").await;
    world.push().await;
    for name in [tiktok.as_str(), "1007", "#1007", "9310 2158 6033 9224 9955 64", "7"] {
        let written = Written::default();
        let found = order::run(&world.app, name, &mut Output::to(true, written.clone())).await;
        assert!(!found.expect(name), "{name}");
        let rows = written.lines();
        assert_eq!(rows.len(), 1, "{name}");
        assert_eq!(rows[0]["number"], "9310215860339224995564", "{name}");
    }
    let written = Written::default();
    order::run(&world.app, "#1007", &mut Output::to(false, written.clone())).await.expect("shown");
    let text = written.take();
    for part in [
        "Order #1007",
        &format!("TikTok order {tiktok}"),
        "received from the store",
        "TikTok took the number: USPS",
        "TikTok: 0 ",
        "request ",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("ACCEPTED") && !text.contains('{') && !text.contains(".000"), "{text}");
    let nobody = order::run(&world.app, "SO-9", &mut Output::to(true, Written::default())).await;
    assert_eq!(nobody.expect_err("unknown").status(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_paused_shop_says_so_everywhere_and_goes_on_when_it_is_resumed() {
    let world = World::new().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    let written = Written::default();
    let people = || Output::to(false, written.clone());
    let pause = ShopCommand::Pause { id: SHOP.into() };
    assert!(!shop::run(&world.app, pause, &mut people()).await.expect("paused"));
    ship(&world, &store, 1, "USPS", "9310215860339224995564").await;
    world.push().await;
    written.take();
    assert!(shop::run(&world.app, ShopCommand::List, &mut people()).await.expect("shown"), "it needs attention");
    let text = written.take();
    assert!(text.contains("paused since") && !text.contains("days"), "one state, no countdown: {text}");
    assert!(!order::run(&world.app, "#1001", &mut people()).await.expect("shown"));
    assert!(written.take().contains("paused here by command line"));
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    let page = browser.get(&world, "/").await.text;
    assert!(page.contains("One shop is paused") && page.contains("Paused here since"), "{page}");
    assert!(!page.contains("Every connection is in order") && !page.contains("Days to reconnect"), "{page}");
    let resume = ShopCommand::Resume { id: SHOP.into() };
    assert!(!shop::run(&world.app, resume, &mut people()).await.expect("resumed"));
    assert_eq!(world.push().await.pushed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_finds_nothing_says_so() {
    let world = World::new().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    ship(&world, &store, 1, "Our van", "TBRT0000001").await;
    world.push().await;
    let written = Written::default();
    let run = async |args: RetryArgs| acts::retry(&world.app, &args, &mut Output::to(true, written.clone())).await;
    let named = |x: &str| RetryArgs { orders: vec![x.to_owned()], ..RetryArgs::default() };
    assert!(run(named("SO-9")).await.expect("done"), "it needs attention");
    let line = &written.lines()[0];
    assert_eq!((&line["queued_again"], &line["not_found"]), (&0.into(), &serde_json::json!(["SO-9"])));
    assert!(!run(named("TBRT0000001")).await.expect("done"), "found by its number");
    assert_eq!(written.lines()[0]["queued_again"], 1);
    assert_eq!(run(RetryArgs::default()).await.expect_err("nothing is named").status(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_list_says_that_nothing_needs_a_hand_only_when_nothing_does() {
    let world = World::new().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    let page = browser.get(&world, "/attention").await.text;
    assert!(page.contains("Nothing needs a hand") && !page.contains("<strong>0</strong>"), "{page}");
    let page = browser.get(&world, "/attention?reason=LOST").await.text;
    assert!(page.contains("Nothing fits this filter") && !page.contains("Nothing needs a hand"), "{page}");

    // What waits for its owner stands on no list, and is no all-clear.
    world.command(&["shop", "pause", SHOP]).await;
    ship(&world, &store, 1, "Our van", "TBRT0000001").await;
    let page = browser.get(&world, "/attention").await.text;
    assert!(page.contains("Nothing else needs a hand") && page.contains("is paused; 1 number waits"), "{page}");
    world.command(&["shop", "resume", SHOP]).await;

    // Nine entries are two pages. The only one of the second is settled while somebody looks at the first.
    for n in 2..10 {
        ship(&world, &store, n, "Our van", &format!("TBRT00000{n:02}")).await;
    }
    world.push().await;
    let first = browser.get(&world, "/attention").await.text;
    assert!(first.contains("<strong>9</strong> entries need a hand"), "{first}");
    let behind = first.split("href=\"").filter_map(|rest| rest.split('"').next()).find(|link| link.contains("after="));
    let behind = behind.expect("a second page").replace("&#x2f;", "/").replace("&amp;", "&");
    let second = browser.get(&world, &behind).await.text;
    let number = (1..10).map(|n| format!("TBRT00000{n:02}")).find(|number| second.contains(number)).expect("the last");
    let (done, _) = world.command(&["dismiss", &number, "--note", "handed over"]).await;
    assert_eq!(done[0]["done"], true, "{done:?}");
    let page = browser.get(&world, &behind).await.text;
    assert!(page.contains("Nothing more behind this page") && !page.contains("Nothing needs a hand"), "{page}");
}
