//! Mappings of one shop for others: seen before they are copied, never over what a shop has decided itself.

use super::{OPERATOR, audit, invite, parcel, plain, rows};
use serde_json::json;
use waybill::domain::ids::ShopId;
use waybill::flows::acts::{self, Actor};
use waybill::table::maps::MapScope;
use waybill_model::tiktok::ShopSpec;
use waybill_tests::world::browser::Browser;
use waybill_tests::world::everyday::SECOND_SHOP;
use waybill_tests::world::{SHOP, World};

const THEIRS: &str = "7494049642642441639";

async fn map(world: &World, shop: &str, words: &str, carrier: &str) {
    let scope = MapScope::Shop(ShopId::parse(shop).expect("id"));
    acts::map(&world.app, &Actor::command_line(), &world.account, &scope, words, carrier).await.expect("mapped");
}

async fn entries(world: &World, shop: &str) -> Vec<(String, String, String)> {
    let scope = MapScope::Shop(ShopId::parse(shop).expect("id"));
    let map = world.app.table.map_get(&scope, true).await.expect("table");
    map.entries.into_iter().map(|entry| (entry.store_carrier, entry.tiktok_carrier, entry.author)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_will_change_is_shown_first_then_copied_and_what_waits_goes_out() {
    let world = World::with_two_shops().await;
    let store = world.warehouse("wh", &[SECOND_SHOP]).await;
    world.minutes(5).await;
    let (order, number) = ("576000000000000001", "TBRT7712345");
    world.tiktok.order(SECOND_SHOP, order).lines(&[("MUG", 1)]).place();
    world.tell(&store, parcel(&world, "W1", Some(order), number, "Our own van", "MUG")).await;
    world.minutes(5).await;
    assert_eq!(world.held().await.reason(number), "CARRIER_UNMAPPED");
    map(&world, SHOP, "Our own van", "Better Trucks").await;
    map(&world, SHOP, "Red van", "UPS").await;
    map(&world, SHOP, "Green van", "FedEx").await;
    map(&world, SECOND_SHOP, "red VAN", "FedEx").await;
    let mut owner = Browser::default();
    owner.sign_in(&world).await;

    let before = rows(&world);
    let path = format!("/mapping/copy?from={SHOP}&to={SECOND_SHOP}");
    let page = owner.get(&world, &path).await;
    let text = plain(&page.text);
    assert!(text.contains("<strong>2</strong> copied, <strong>1</strong> stay as they are"), "{text}");
    assert!(text.contains("means another carrier there, which stays <small>there: FedEx"), "{text}");
    let dry = ["map", "copy", "--from", SHOP, "--to", SECOND_SHOP, "--dry-run"];
    let (planned, attention) = world.command(&dry).await;
    let fates: Vec<_> = planned.iter().map(|row| (row["store_carrier"].clone(), row["fate"].clone())).collect();
    let expected = [("Our own van", "copied"), ("Red van", "kept"), ("Green van", "copied")];
    assert_eq!(fates, expected.map(|(name, fate)| (json!(name), json!(fate))));
    assert!(attention, "one entry was left out");
    assert_eq!(rows(&world), before, "looking changes nothing");

    let csrf = page.field("csrf");
    let form = [("csrf", csrf.as_str()), ("do", "copy"), ("from", SHOP), ("to", SECOND_SHOP)];
    let page = owner.post(&world, "/mapping/copy", &form).await;
    assert!(page.status == 200 && page.text.contains("2 copied, 1 queued"), "{}", page.text);
    let me = "owner@tiny-mugs.example";
    let kept = entries(&world, SECOND_SHOP).await;
    assert_eq!(kept[0], ("red VAN".into(), "FedEx".into(), "command line".into()));
    assert_eq!(
        kept[1..],
        [("Our own van".into(), "Better Trucks".into(), me.into()), ("Green van".into(), "FedEx".into(), me.into())]
    );
    world.minutes(5).await;
    world.holds(SECOND_SHOP, order, &[number]).await;
    let copied = format!("{me} copy mappings {SECOND_SHOP}");
    assert_eq!(audit(&world).await.iter().filter(|line| **line == copied).count(), 1);
    let (again, _) = world.command(&["map", "copy", "--from", SHOP, "--to", SECOND_SHOP]).await;
    assert!(again.iter().all(|row| row["fate"] != "copied"), "the same again copies nothing: {again:?}");
    assert_eq!(audit(&world).await.iter().filter(|line| line.contains("copy mappings")).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_agency_copies_between_its_accounts_and_never_to_where_it_only_looks() {
    let world = World::everyday("US").await;
    map(&world, SHOP, "Blue van", "USPS").await;
    let mut owner = Browser::default();
    owner.sign_in(&world).await;
    let mut agency = Browser::default();
    let theirs = world.another_account(&mut agency, "b2", OPERATOR).await;
    world.tiktok.add_shop(ShopSpec { name: "Their Bowls".into(), ..ShopSpec::new(THEIRS, "US") });
    world.tiktok.configure(|settings| settings.consent_seller = Some(format!("Seller {THEIRS}")));
    let page = agency.get(&world, "/connect/tiktok/us").await;
    assert_eq!(agency.consent(&world, &page.location).await.status, 200);
    let path = format!("/mapping/copy?from={SHOP}&to={THEIRS}");
    assert_eq!(agency.get(&world, &path).await.status, 404, "another's shop is none");

    let link = invite(&world, &mut owner, OPERATOR, "reader").await;
    assert_eq!(agency.post(&world, &link, &[]).await.status, 303);
    let page = agency.get(&world, "/accounts").await;
    assert!(page.text.contains("Their Bowls") && page.text.contains("Tiny Mugs"), "{}", page.text);
    let csrf = page.field("csrf");
    assert_eq!(agency.post(&world, "/accounts", &[("csrf", &csrf), ("account", "b2")]).await.location, "/");
    let page = agency.get(&world, &path).await;
    assert!(page.text.contains("<strong>1</strong> copied"), "{}", page.text);
    let csrf = page.field("csrf");
    let back = [("csrf", csrf.as_str()), ("do", "copy"), ("from", THEIRS), ("to", SHOP)];
    assert_eq!(agency.post(&world, "/mapping/copy", &back).await.status, 404, "only a reader there");
    let form = [("csrf", csrf.as_str()), ("do", "copy"), ("from", SHOP), ("to", THEIRS)];
    assert_eq!(agency.post(&world, "/mapping/copy", &form).await.status, 200);
    assert_eq!(entries(&world, THEIRS).await, [("Blue van".into(), "USPS".into(), OPERATOR.into())]);
    let entries = world.app.table.audit_since(&theirs, jiff::Timestamp::UNIX_EPOCH).await.expect("table");
    let copy = entries.iter().find(|entry| entry.act == "copy mappings").expect("in the audit of the changed account");
    assert_eq!((copy.who.as_str(), copy.of.as_str()), (OPERATOR, THEIRS));
}
