//! Carrier names and carrier lists, told through the real flow: a held parcel, a saved mapping, a list that changes.

use serde_json::Value;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use waybill::domain::connection::Shop;
use waybill::domain::ids::ShopId;
use waybill::domain::parcel::ParcelState;
use waybill::domain::reason::Reason;
use waybill::flows::carriers::lists::{lost_mappings, refresh};
use waybill::flows::carriers::map::{self as map_carrier, MapError};
use waybill::flows::carriers::match_parcel::Maps;
use waybill::flows::carriers::unmatched::{Suggestion, suggestions};
use waybill::flows::connect::store::Added;
use waybill::table::maps::MapScope;
use waybill::table::seen::Sighting;
use waybill::telemetry::{Sink, Style, subscriber};
use waybill_local::commands::held::{self, HeldArgs};
use waybill_local::commands::map::MapPlace;
use waybill_local::commands::{Output, carriers, identify, map as map_command};
use waybill_model::tiktok::Call;
use waybill_tests::world::{SHOP, World, fulfilment, shopify_order};

const BETTER_TRUCKS: &str = "7212608507307099946";

async fn shop(world: &World) -> Shop {
    let id = ShopId::parse(SHOP).expect("id");
    world.app.table.shop_get(&id, true).await.expect("table").expect("a shop").row
}

async fn open(world: &World) -> Vec<Suggestion> {
    suggestions(&world.app, &shop(world).await).await.expect("suggestions")
}

async fn map(world: &World, words: &str, carrier: &str) -> Result<usize, MapError> {
    let scope = MapScope::Account(world.account.clone());
    map_carrier::set(&world.app, &scope, words, carrier, "a person").await
}

/// Ships an order of its own under a carrier name and a number.
async fn ship(world: &World, store: &Added, n: u64, carrier: &str, number: &str) -> String {
    let order = format!("5760000000000{n:05}");
    world.tiktok.order(SHOP, &order).line("MUG-BLUE", 1).place();
    let version = "2026-11-21T09:00:00Z";
    let parcel = fulfilment(n, 1_000 + n, version, carrier, &[number], &[("MUG-BLUE", 1)]);
    let body = shopify_order(1_000 + n, &order, version, &[parcel]);
    assert_eq!(world.shopify(store, "orders/fulfilled", &body).await.status(), 200);
    order
}

#[tokio::test(start_paused = true)]
async fn a_held_parcel_whose_carrier_gets_mapped_is_pushed_by_the_next_tick() {
    let world = World::new().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    let order = ship(&world, &store, 1, "Beter Truk Company", "TBRT7712345").await;
    let twin = ship(&world, &store, 2, "beter truk  COMPANY®", "TBRT7712346").await;
    let other = ship(&world, &store, 3, "", "TBRT7712347").await;
    let summary = world.push().await;
    assert_eq!((summary.held, summary.pushed), (3, 0), "{summary:?}");

    let named = open(&world).await;
    let found: Vec<(&str, u64, u64)> =
        named.iter().map(|one| (one.store_carrier.as_str(), one.count, one.waiting)).collect();
    assert_eq!((found.len(), found[0].1, found[0].2), (2, 2, 2), "{found:?}");
    assert!(found.contains(&("", 1, 1)), "{found:?}");
    assert!(["#1001", "#1002"].contains(&named[0].sample_order.as_str()), "{}", named[0].sample_order);
    let best = &named[0].candidates[0];
    assert_eq!((best.name.as_str(), best.carrier.as_deref()), ("Better Trucks", Some("better_trucks")));
    assert!(best.why.contains("alike") && best.provider.is_some(), "{}", best.why);
    assert!(named[0].candidates.len() <= 3 && named[0].list.contains("read 0 min ago"), "{}", named[0].list);

    assert_eq!(map(&world, "Beter Truk company", "Better Trucks").await.expect("saved"), 2);
    assert_eq!(open(&world).await.len(), 1, "an answered name is no suggestion");
    let summary = world.push().await;
    assert_eq!((summary.held, summary.pushed), (0, 2), "{summary:?}");
    assert_eq!(world.at_tiktok(SHOP, &order), ["TBRT7712345"]);
    assert_eq!(world.at_tiktok(SHOP, &twin), ["TBRT7712346"]);
    assert_eq!(world.at_tiktok(SHOP, &other), ["-"]);

    // "No carrier named" can be mapped like any other name.
    assert_eq!(map(&world, "", "better trucks").await.expect("saved"), 1);
    assert_eq!(world.push().await.pushed, 1);
    assert_eq!(open(&world).await, []);
}

#[tokio::test(start_paused = true)]
async fn one_save_queues_a_thousand_held_parcels_again_and_names_cost_two_writes() {
    const PARCELS: u64 = 1_000;
    let world = World::new().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    for n in 0..PARCELS {
        ship(&world, &store, n, "Our van", &format!("TBRT{n:07}")).await;
    }
    let mut held = 0;
    for _ in 0..20 {
        held += world.push().await.held;
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    assert_eq!(held, PARCELS);
    let named = open(&world).await;
    assert_eq!((named[0].count, named[0].waiting), (PARCELS, PARCELS));

    let before = world.app.table.usage();
    let queued = map(&world, "our VAN", "Better Trucks").await.expect("saved");
    let after = world.app.table.usage();
    let (writes, reads) = (after.write_units - before.write_units, after.read_units - before.read_units);
    println!("{queued} held parcels queued again by one save: {writes} write units, {reads} read units");
    assert_eq!(queued as u64, PARCELS);
    // A row moves from one list to another: 1 for the row, 2 for the index. One more for the map.
    assert!(writes <= 3.0 * 1_000.0 + 1.0, "{writes} write units");
    assert!(reads <= 1.5 * 1_000.0 + 10.0, "{reads} read units");

    let mut pushed = 0;
    for _ in 0..20 {
        pushed += world.push().await.pushed;
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    assert_eq!(pushed, PARCELS);
}

#[tokio::test(start_paused = true)]
async fn each_parcel_counts_once_for_its_name_and_a_run_writes_a_name_twice_at_most() {
    let world = World::new().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    for n in 0..20 {
        ship(&world, &store, n, "Our van", &format!("TBRT{n:07}")).await;
    }
    let name = Sighting { name: "Probe".into(), order: "1".into(), number: None, at: world.time.now() };
    let before = world.app.table.usage();
    world.app.table.seen_add(&shop(&world).await.id, "probe", 1, &name).await.expect("counted");
    let one = world.app.table.usage().write_units - before.write_units;
    assert!(one <= 1.0, "{one} write units for a name");
    let before = world.app.table.usage().write_requests;
    assert_eq!(world.push().await.held, 20);
    let requests = world.app.table.usage().write_requests - before;
    // 20 holds, 20 pointers to them, 20 rows of TikTok orders; the rest is the lease (2), the carrier list (1), the token
    // (1), the name (2) and the shop's first visit (4).
    assert!(requests <= 70, "{requests} write requests");
    let van = |named: &[Suggestion]| named.iter().find(|one| one.store_carrier == "Our van").map(|one| one.count);
    assert_eq!(van(&open(&world).await), Some(20));
    let id = ShopId::parse(SHOP).expect("id");
    assert_eq!(map_carrier::requeue(&world.app, &id, "", |_| true).await.expect("queued"), 20);
    assert_eq!(world.push().await.held, 20);
    assert_eq!(van(&open(&world).await), Some(20), "a parcel that is held again is no news");
}

#[tokio::test(start_paused = true)]
async fn a_mapping_to_a_carrier_that_the_shop_does_not_have_is_refused_with_the_names_alike() {
    let world = World::new().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    ship(&world, &store, 1, "Our van", "TBRT7712345").await;
    world.push().await;
    match map(&world, "Our van", "Beter Trucks").await {
        Err(MapError::NotListed { likely, .. }) => {
            assert_eq!(likely.first().map(String::as_str), Some("Better Trucks"))
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(map(&world, "Our van", "Better Trucks").await.expect("saved"), 1);
    for twin in ["Our van", "our VAN", " Our-Van! "] {
        let refused = map(&world, twin, "USPS").await.expect_err("a duplicate").to_string();
        assert!(refused.contains("Better Trucks") && refused.contains("a person"), "{refused}");
    }
    assert!(matches!(map(&world, "x", " ™ ").await, Err(MapError::NotListed { .. } | MapError::Blank)));
    assert!(matches!(map(&world, "x", "").await, Err(MapError::Blank)));
    assert!(matches!(map(&world, &"x".repeat(201), "USPS").await, Err(MapError::TooLong)));
}

#[tokio::test(start_paused = true)]
async fn a_map_goes_from_one_shop_to_another_with_authors_and_times() {
    let world = World::new().await;
    let second = world.connect_shop("7494049642642441622", "US").await;
    let first = ShopId::parse(SHOP).expect("id");
    let (from, to) = (MapScope::Shop(first), MapScope::Shop(second));
    for (words, carrier) in [("Our van", "Better Trucks"), ("Night post", "USPS"), ("Red bike", "UPS")] {
        map_carrier::set(&world.app, &from, words, carrier, "Ann").await.expect("saved");
    }
    map_carrier::set(&world.app, &to, "red BIKE", "FedEx", "Bob").await.expect("saved");
    map_carrier::set(&world.app, &to, "night-post", "USPS", "Bob").await.expect("saved");
    world.time.skip(Duration::from_secs(3_600));
    let exported = world.app.table.map_get(&from, true).await.expect("map").entries;
    let done = map_carrier::import(&world.app, &to, exported.clone()).await.expect("imported");
    assert_eq!((done.saved, done.same, done.kept.len()), (1, 1, 1), "{done:?}");
    assert_eq!(done.kept[0].tiktok_carrier, "FedEx");
    let now = world.app.table.map_get(&to, true).await.expect("map").entries;
    assert!(now.contains(&exported[0]), "{now:?}");
    let again = map_carrier::import(&world.app, &to, exported).await.expect("imported");
    assert_eq!((again.saved, again.same), (0, 2));
}

fn calls(world: &World) -> usize {
    world
        .tiktok
        .with_journal(|journal| journal.requests.iter().filter(|call| call.call == Some(Call::GetProviders)).count())
}

#[tokio::test(start_paused = true)]
async fn a_carrier_that_leaves_the_list_is_told_before_a_parcel_runs_into_it() {
    let world = World::new().await;
    let (sink, log) = Sink::memory();
    let _guard = tracing::subscriber::set_default(subscriber(
        tracing::level_filters::LevelFilter::WARN,
        Style::Json,
        world.time.clock(),
        sink,
    ));
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    map(&world, "Our van", "Better Trucks").await.expect("saved");
    ship(&world, &store, 1, "Our van", "TBRT7712345").await;
    assert_eq!(world.push().await.pushed, 1);
    let read = calls(&world);
    ship(&world, &store, 2, "Our van", "TBRT7712346").await;
    assert_eq!((world.push().await.pushed, calls(&world)), (1, read), "a list is good for a day");

    world.tiktok.set_provider(SHOP, BETTER_TRUCKS, false);
    world.time.skip(Duration::from_secs(25 * 3_600));
    world.tick().await;
    let lost = |line: &&String| line.contains("a carrier left this shop's list at TikTok");
    let lines = log.lines();
    let line: Value = serde_json::from_str(lines.iter().find(lost).expect("a warning")).expect("JSON");
    assert!(line.to_string().contains("CARRIER_NOT_APPROVED") && line.to_string().contains("Better Trucks"), "{line}");
    assert!(world.metrics.lines().iter().any(|line| line.contains("\"carriers_gone\":1")));
    let (connection, lists) =
        (shop(&world).await, world.app.table.providers_all(&ShopId::parse(SHOP).expect("id")).await);
    let maps = Maps::read(&world.app, &connection, true).await.expect("maps");
    let affected = lost_mappings(&connection, &maps, &lists.expect("lists"));
    assert_eq!((affected.len(), affected[0].store_carrier.as_str()), (1, "Our van"));
    assert!(affected[0].gone_since.is_some());

    // The next parcel is held, and goes by itself once the carrier is back.
    let order = ship(&world, &store, 3, "Our van", "TBRT7712347").await;
    assert_eq!(world.push().await.held, 1);
    let row = world.row(&store.store.id, "1003", "TBRT7712347").await;
    assert_eq!(row.state, ParcelState::for_reason(Reason::CarrierNotApproved));
    assert_eq!(open(&world).await.first().map(|one| one.store_carrier.clone()), Some("Our van".into()));
    world.tiktok.set_provider(SHOP, BETTER_TRUCKS, true);
    world.time.skip(Duration::from_secs(60));
    let done = refresh(&world.app, &shop(&world).await).await.expect("read");
    assert_eq!((done.lists, done.change.added.len(), done.queued), (1, 1, 1), "{done:?}");
    assert_eq!(world.push().await.pushed, 1);
    assert_eq!(world.at_tiktok(SHOP, &order), ["TBRT7712347"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_push_found_new_on_the_list_frees_older_holds_within_the_hour() {
    let world = World::new().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    world.tiktok.set_provider(SHOP, BETTER_TRUCKS, false);
    ship(&world, &store, 1, "Better Trucks", "TBRT7712345").await;
    assert_eq!(world.push().await.held, 1);
    world.tiktok.set_provider(SHOP, BETTER_TRUCKS, true);
    world.time.skip(Duration::from_secs(25 * 3_600));
    ship(&world, &store, 2, "Better Trucks", "TBRT7712346").await;
    assert_eq!(world.push().await.pushed, 1, "the day-old list was read anew");
    let mut requeued = 0;
    for _ in 0..13 {
        requeued += world.tick().await.requeued;
        world.time.skip(Duration::from_secs(300));
    }
    assert_eq!((requeued, world.push().await.pushed), (1, 1));
}

/// What `identify --shop` says about a number: verdict and reason.
async fn foretold(world: &World, number: &str, carrier: &str) -> (String, Option<String>) {
    let written = Written::default();
    let numbers = [number.to_owned()];
    let output = &mut Output::to(true, written.clone());
    identify::identify_shop(&world.app, &numbers, SHOP, Some(carrier), &b""[..], output).await.expect("answered");
    let line: Value = serde_json::from_str(&written.take()).expect("JSON");
    assert!(line["list"].as_str().expect("a list").contains("this shop's carrier list"), "{line}");
    (line["verdict"].as_str().expect("a verdict").to_owned(), line["reason"].as_str().map(str::to_owned))
}

#[tokio::test(start_paused = true)]
async fn a_doubtful_number_waits_in_a_new_shop_is_foretold_by_identify_and_goes_once_confirmed() {
    let world = World::new().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    let id = ShopId::parse(SHOP).expect("id");
    assert!(shop(&world).await.settings.hold_on_mismatch, "a shop that connects today holds what is doubtful");
    let set = async |hold: bool| {
        let change = world.app.table.shop_change(&id, |shop| {
            shop.settings.hold_on_mismatch = hold;
            true
        });
        change.await.expect("table");
    };
    // The list of the shop is read with the first push.
    ship(&world, &store, 9, "UPS", "1Z5R89390357567127").await;
    assert_eq!(world.push().await.pushed, 1);
    for (n, hold, carrier, number, verdict) in [
        (1, false, "USPS", "AB12345678", "warn"),
        (2, true, "USPS", "AB12345679", "hold"),
        // Another carrier's number waits under either setting.
        (3, false, "Better Trucks", "1Z999AA10123456784", "hold"),
        (4, true, "Better Trucks", "1ZZ8E6R3YW46954618", "hold"),
    ] {
        set(hold).await;
        let said = foretold(&world, number, carrier).await;
        assert_eq!(said, (verdict.to_owned(), Some("CARRIER_FORMAT_MISMATCH".to_owned())), "{number}");
        let order = ship(&world, &store, n, carrier, number).await;
        let summary = world.push().await;
        let row = world.row(&store.store.id, &format!("{}", 1_000 + n), number).await;
        let told = row.events.iter().any(|event| event.what.reason() == Some(Reason::CarrierFormatMismatch));
        assert!(told, "{:?}", row.events);
        if verdict == "warn" {
            assert_eq!((summary.pushed, summary.held), (1, 0), "{number}");
        } else {
            assert_eq!((summary.pushed, summary.held), (0, 1), "{number}");
            assert_eq!(map_carrier::confirm(&world.app, &id, |_| true).await.expect("confirmed"), 1);
            assert_eq!(world.push().await.pushed, 1);
        }
        assert_eq!(world.at_tiktok(SHOP, &order), [number]);
    }
    map(&world, "Our van", "Better Trucks").await.expect("saved");
    assert_eq!(foretold(&world, "TBRT7712345", "our VAN").await, ("push".to_owned(), None), "the mapping counts");
    assert_eq!(foretold(&world, "TBRT7712345", "Their van").await.0, "hold");
    // A placeholder is never sent, confirmed or not.
    ship(&world, &store, 5, "UPS", "000000000000").await;
    assert_eq!(world.push().await.held, 1);
    assert_eq!(map_carrier::confirm(&world.app, &id, |_| true).await.expect("confirmed"), 1);
    assert_eq!(world.push().await.held, 1);
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
}

#[tokio::test(start_paused = true)]
async fn the_commands_show_the_list_in_use_the_names_to_map_and_what_a_change_breaks() {
    let world = World::new().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    let (app, written) = (&world.app, Written::default());
    let people = || Output::to(false, written.clone());
    let machine = || Output::to(true, written.clone());
    let own = MapPlace { shop: Some(SHOP.to_owned()), account: None };

    assert!(!carriers::run(app, None, false, &mut people()).await.expect("shown"));
    let text = written.take();
    assert!(text.contains("the bundled list") && text.contains("waybill carriers --refresh"), "{text}");
    assert!(!carriers::run(app, Some(SHOP), true, &mut machine()).await.expect("shown"));
    let text = written.take();
    let first: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&first["list"], &first["name"], &first["carrier"]), (&"live".into(), &"USPS".into(), &"usps".into()));
    carriers::of_market("UK", &mut people()).expect("shown");
    assert!(written.take().contains("Royal Mail"));

    ship(&world, &store, 1, "Beter Truk Company", "TBRT7712345").await;
    world.push().await;
    assert!(held::run(app, &HeldArgs::default(), &mut people()).await.expect("shown"));
    let text = written.take();
    assert!(text.contains("CARRIER_UNMAPPED") && text.contains("perhaps Better Trucks: the names are"), "{text}");
    assert!(map_command::suggestions(app, &own, &mut people()).await.expect("shown"));
    let text = written.take();
    for part in [
        "\"Beter Truk Company\"  held 1 times, 1 wait now",
        "order #1001",
        "Better Trucks: the names are",
        "waybill map set 'Beter Truk Company' 'Better Trucks' --shop",
        "carrier list at TikTok, read 0 min ago",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let refused = map_command::set(app, &own, "Beter Truk Company", "Beter Trucks", &mut people()).await;
    assert!(refused.is_err_and(|failure| failure.status() == 1 && failure.to_string().contains("Better Trucks")));
    assert!(!map_command::set(app, &own, "Beter Truk Company", "Better Trucks", &mut machine()).await.expect("saved"));
    assert!(written.take().contains("\"queued_again\":1"));
    let twice = map_command::set(app, &own, "beter truk company!", "USPS", &mut people()).await;
    let twice = twice.expect_err("a duplicate");
    assert!(twice.next_step().is_some_and(|next| next.contains("waybill map remove")), "{twice}");
    assert!(!map_command::suggestions(app, &own, &mut people()).await.expect("shown"));
    assert_eq!(written.take(), "No name waits for a match.\n");
    map_command::export(app, &own, &mut people()).await.expect("shown");
    let line: Value = serde_json::from_str(&written.take()).expect("JSON");
    assert_eq!((&line["tiktok_carrier"], &line["author"]), (&"Better Trucks".into(), &"command line".into()));
    assert!(!map_command::list(app, &own, &mut people()).await.expect("shown"));
    assert!(!written.take().contains("WARNING"));

    world.tiktok.set_provider(SHOP, BETTER_TRUCKS, false);
    assert!(carriers::run(app, Some(SHOP), true, &mut people()).await.expect("shown"));
    let text = written.take();
    assert!(text.contains("1 gone") && text.contains("gone since") && text.contains("warning:"), "{text}");
    assert!(map_command::list(app, &own, &mut people()).await.expect("shown"));
    assert!(written.take().contains("left the carrier list"));
}
