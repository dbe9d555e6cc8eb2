//! The client and the model TikTok Shop, where the field is rough: searches that lag, refusals of the app, the shop and one
//! order, markets that take the other call, lists by warehouse, packages taken back or shared.

use crate::models_tiktok::{Counter, HOUR, SHOP, ids, order, usps};
use jiff::SignedDuration;
use waybill::domain::ids::{DeliveryOptionId, PackageId, ProviderId};
use waybill::domain::image_rules::{IMAGE_RULES, ImageFault};
use waybill::domain::order::{OrderState, SplitTag};
use waybill::domain::reason::Reason;
use waybill::domain::region::{AppRegion, FirstCall, Region};
use waybill::tiktok::error::About;
use waybill::tiktok::packages::Sending;
use waybill::tiktok::{Class, TikTokError};
use waybill_model::tiktok::provider_id;

#[tokio::test]
async fn a_package_that_the_seller_takes_back_is_read_as_open_again() {
    let counter = Counter::new("US");
    counter.model.order(SHOP, "1").line("A", 1).place();
    counter.mark("1", "9400100000000000000017", usps()).await.unwrap();
    let shipped = counter.read("1").await;
    counter.hands.later(HOUR);
    counter.model.cancel_package(SHOP, "1", shipped.lines[0].package.as_ref().unwrap().as_str());
    let back = counter.read("1").await;
    assert_eq!((&back.state, back.lines[0].is_open()), (&OrderState::AwaitingShipment, true));
    assert!(back.update_time > shipped.update_time, "it went back with a newer time");
}

#[tokio::test]
async fn a_search_that_lags_and_shifts_is_made_good_by_reads_by_id() {
    let counter = Counter::new("US");
    let model = &counter.model;
    model.configure(|settings| (settings.offset_pages, settings.search_lag) = (true, SignedDuration::from_secs(30)));
    for id in ["1", "2", "3", "4"] {
        model.order(SHOP, id).line("A", 1).place();
        counter.hands.later(SignedDuration::from_secs(10));
    }
    assert_eq!(ids(&counter.search(None, 50).await.0), ["1", "2"], "placed within the lag");
    counter.hands.later(HOUR);
    let (first, token) = counter.search(None, 2).await;
    counter.mark("1", "9400100000000000000017", usps()).await.unwrap();
    counter.hands.later(HOUR);
    let (second, end) = counter.search(token, 2).await;
    assert_eq!((ids(&first), ids(&second), end), (vec!["1", "2"], vec!["4", "1"], None), "3 was never shown");
    model.hide_from_search(SHOP, "3");
    assert_eq!(counter.search(None, 50).await.0.len(), 3);
    assert_eq!(counter.read("3").await.id, order("3"));
    model.leave_out(SHOP, "3", 1);
    let both = [order("3"), order("4")];
    for shown in [1, 2] {
        assert_eq!(counter.tiktok.order_detail(counter.call(), &both).await.unwrap().len(), shown);
    }
}

#[tokio::test]
async fn a_refusal_of_the_app_the_shop_or_one_order_is_told_apart() {
    let mut counter = Counter::new("US");
    let model = counter.model.clone();
    model.order(SHOP, "1").line("A", 1).place();
    model.order(SHOP, "2").line("A", 1).place();
    let about = |error: &TikTokError| (error.about(), error.rests_app(), error.rests_shop());
    model.refuse_reads(SHOP, "2", Some(36_009_003));
    let passing = counter.refused(&["1", "2"]).await;
    assert!(!passing.halves() && passing.halves_when_repeated() && !passing.counts_for_a_rest(), "{passing:?}");
    model.refuse_reads(SHOP, "2", Some(21_019_999));
    let unknown = counter.refused(&["1", "2"]).await;
    assert!(unknown.halves() && unknown.is_unknown() && unknown.shown().reason == Reason::Unlisted, "{unknown:?}");
    model.refuse_reads(SHOP, "2", None);
    assert_eq!(about(&counter.refused(&["1", "3"]).await), (About::Order, None, None));

    model.set_seller_active(SHOP, false);
    assert_eq!(about(&counter.refused(&["1"]).await), (About::Shop, None, Some(Reason::ShopInactive)));
    model.set_seller_active(SHOP, true);
    model.set_active(SHOP, false);
    assert_eq!(about(&counter.refused(&["1"]).await), (About::Shop, None, Some(Reason::ShopInactive)));
    model.set_active(SHOP, true);
    model.rotate_app_secret(AppRegion::Us, "another-secret");
    assert_eq!(about(&counter.refused(&["1"]).await), (About::App, Some(Reason::AppRefused), None));
    counter.app.app_secret = "another-secret".into();
    assert_eq!(counter.read("1").await.id, order("1"), "it goes on with the new secret");
    model.leave_out_of_grant(SHOP);
    let left_out = counter.refused(&["1"]).await;
    assert_eq!(
        (left_out.class, about(&left_out)),
        (Class::ReloadShops, (About::Shop, None, Some(Reason::ShopCipherWrong)))
    );
}

#[tokio::test]
async fn a_usps_number_without_tiktoks_label_is_told_from_every_other_refusal() {
    let counter = Counter::new("US");
    counter.model.order(SHOP, "1").line("A", 1).place();
    counter.model.configure(|settings| settings.usps_refused = Some(21_019_998));
    let refused = counter.mark("1", "9400100000000000000017", usps()).await.unwrap_err();
    assert_eq!(refused.class, Class::Hold(Reason::UspsLabel));
    counter.model.sell_label("9400100000000000000017");
    counter.mark("1", "9400100000000000000017", usps()).await.unwrap();
}

#[tokio::test]
async fn a_market_that_takes_the_other_call_says_so_and_the_other_call_is_accepted() {
    for (market, by_order) in [("PL", false), ("PL", true), ("GB", false)] {
        let counter = Counter::new(market);
        counter.model.set_ships_by_order(SHOP, by_order);
        counter.model.order(SHOP, "1").line("A", 1).place();
        let order = counter.read("1").await;
        let providers =
            counter.tiktok.shipping_providers(counter.call(), order.delivery_option.as_ref().unwrap(), None).await;
        let carrier = providers.unwrap().remove(0).id;
        let sending = Sending { number: "PL00000001", provider: &carrier };
        let first = Region::new(market).call_for(None, !order.packages.is_empty());
        assert_eq!(first, FirstCall::MarkPackageAsShipped, "{market}");
        let answer = counter.tiktok.mark_package_as_shipped(counter.call(), &order.id, &[], sending).await;
        if by_order {
            answer.unwrap();
            continue;
        }
        assert!(answer.unwrap_err().wants_the_other_call(), "{market}");
        assert_eq!(Region::new(market).call_for(Some(first.other()), true), FirstCall::ShipPackage);
        counter.tiktok.ship_package(counter.call(), &order.packages[0], sending).await.unwrap();
        assert_eq!(counter.read("1").await.lines[0].tracking.as_deref(), Some("PL00000001"), "{market}");
    }
}

#[tokio::test]
async fn carriers_follow_the_region_of_the_warehouse() {
    let counter = Counter::new("FR");
    let berlin = counter.model.add_warehouse(SHOP, "DE").unwrap();
    counter.model.set_list(SHOP, "DE", &[("7038796963025782530", "DHL Paket")]);
    counter.model.order(SHOP, "1").from_warehouse(&berlin).line("A", 1).place();
    let order = counter.read("1").await;
    let warehouses = counter.tiktok.warehouses(counter.call()).await.unwrap();
    let home = warehouses.iter().find(|w| Some(&w.id) == order.warehouse.as_ref()).unwrap().region.clone().unwrap();
    assert_eq!(home.as_str(), "DE");
    let option: &DeliveryOptionId = order.delivery_option.as_ref().unwrap();
    let without = counter.tiktok.shipping_providers(counter.call(), option, None).await.unwrap_err();
    assert!(without.wants_a_route(), "{without:?}");
    let buyer = Region::new(order.buyer_region.as_deref().unwrap());
    let list = async || {
        let route = Some((&home, &buyer));
        counter.tiktok.shipping_providers(counter.call(), option, route).await.unwrap()
    };
    counter.model.empty_lists(SHOP, 1);
    assert_eq!((list().await.len(), list().await[0].name.as_str()), (0, "DHL Paket"), "empty once, then as before");
    counter.mark("1", "JJD000390007897894352", "7038796963025782530").await.unwrap();
}

#[tokio::test]
async fn a_combined_package_is_one_package_of_several_orders() {
    let counter = Counter::new("MY");
    for id in ["1", "2"] {
        counter.model.order(SHOP, id).line("A", 1).place();
    }
    let joined = PackageId::parse(counter.model.combine(SHOP, &["1", "2"]).unwrap()).unwrap();
    let package = counter.tiktok.package_detail(counter.call(), &joined).await.unwrap();
    assert_eq!(
        (package.orders.len(), package.lines.len(), package.split_or_combined),
        (2, 2, Some(SplitTag::Combined))
    );
    let carrier = ProviderId::parse(provider_id("MY", "J&T Express").unwrap()).unwrap();
    let sending = Sending { number: "MY0000001", provider: &carrier };
    counter.tiktok.ship_package(counter.call(), &joined, sending).await.unwrap();
    for id in ["1", "2"] {
        let order = counter.read(id).await;
        assert_eq!(
            (order.lines[0].tracking.as_deref(), order.split_or_combined),
            (Some("MY0000001"), Some(SplitTag::Combined))
        );
    }
}

#[tokio::test]
async fn a_products_images_are_read_and_a_missing_scope_is_only_a_missing_hint() {
    let counter = Counter::new("US");
    counter.model.order(SHOP, "1").line("A", 1).place();
    let product = counter.read("1").await.lines[0].product.clone().unwrap();
    let images = async || counter.tiktok.product_images(counter.call(), &product).await;
    assert_eq!(IMAGE_RULES.faults(&images().await.unwrap()), []);
    counter.model.set_images(SHOP, &product, &[(300, 900, "https://p.example/a.webp")]);
    let faults = IMAGE_RULES.faults(&images().await.unwrap());
    let wanted =
        [ImageFault::TooSmall(1, 300, 900), ImageFault::Ratio(1, 300, 900), ImageFault::Format(1, "webp".into())];
    assert_eq!(faults, wanted);
    counter.model.set_scopes(SHOP, &["seller.order.info"]);
    assert_eq!(images().await.unwrap_err().class, Class::Park(Reason::ScopeMissing));
}
