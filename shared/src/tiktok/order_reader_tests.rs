use super::*;
use crate::domain::ids::TikTokOrderId;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

#[test]
fn an_order_is_read_without_its_buyer() {
    let order = read_order(&json!({
        "id": "576000000000000017", "status": "PARTIALLY_SHIPPING", "update_time": 1763740800, "paid_time": 1763740000,
        "shipping_type": "SELLER", "fulfillment_type": "FULFILLMENT_BY_SELLER", "delivery_option_id": "7091",
        "warehouse_id": "7000", "is_buyer_request_cancel": true, "is_sample_order": false,
        "split_or_combine_tag": "SPLIT", "packages": [{"id": "1153"}, {}], "buyer_email": "canary@example.org",
        "tracking_number": "ORDER-LEVEL",
        "recipient_address": {"name": "Canary", "phone_number": "canary", "region_code": "us"},
        "line_items": [
            {"id": "1", "seller_sku": "MUG", "display_status": "AWAITING_COLLECTION", "package_id": "1153",
             "tracking_number": "9400", "shipping_provider_id": "7117"},
            {"id": "2", "display_status": "AWAITING_SHIPMENT", "tracking_number": ""},
            {"id": "3"},
            {"seller_sku": "no id"}
        ]
    }))
    .expect("an order");
    assert_eq!(order.state, OrderState::PartiallyShipped);
    assert_eq!(order.buyer_region.as_deref(), Some("US"));
    assert_eq!((order.cancel_requested, order.sample), (true, false));
    assert_eq!((order.split_or_combined, order.packages.len()), (Some(SplitTag::Split), 1));
    let lines: Vec<_> = order.lines.iter().map(|l| (l.id.as_str(), l.tracking.as_deref(), l.is_open())).collect();
    assert_eq!(lines, [("1", Some("9400"), false), ("2", None, true), ("3", None, true)]);
    assert!(!format!("{order:?}").to_lowercase().contains("canary"));
}

#[test]
fn an_order_of_which_only_the_id_is_known_is_still_an_order() {
    let order = read_order(&json!({"id": "576"})).expect("an order");
    assert_eq!((order.state, order.lines.len()), (OrderState::Unknown(String::new()), 0));
    for value in [json!({}), json!({"id": "x"}), json!([]), json!(null)] {
        assert_eq!(read_order(&value), None, "{value}");
    }
}

#[test]
fn a_number_on_the_order_counts_for_its_lines_only_when_all_were_shipped() {
    let order = |status: &str, tag: &str| {
        let value = json!({"id": "576", "status": status, "split_or_combine_tag": tag, "tracking_number": "9400",
            "shipping_provider_id": "7117",
            "line_items": [{"id": "1", "display_status": status}, {"id": "2", "display_status": "CANCELLED"}]});
        let order = read_order(&value).expect("an order");
        order.lines.into_iter().map(|line| line.tracking).collect::<Vec<_>>()
    };
    let number = Some("9400".to_owned());
    assert_eq!(order("AWAITING_COLLECTION", ""), [number.clone(), None]);
    assert_eq!(order("IN_TRANSIT", "COMBINED"), [number, None]);
    assert_eq!(order("IN_TRANSIT", "SPLIT"), [None, None]);
    assert_eq!(order("AWAITING_SHIPMENT", ""), [None, None]);
}

#[test]
fn a_bundle_is_shipped_when_all_its_parts_are() {
    let line = |second: &str| {
        let value = json!({"id": "1", "display_status": "AWAITING_COLLECTION", "sub_item_info": [
            {"id": "1a", "tracking_number": "9400", "package_id": "5", "shipping_provider_id": "7"},
            {"id": "1b", "tracking_number": second}]});
        read_line(&value, &OrderState::ReadyToShip).expect("a line").tracking
    };
    assert_eq!((line("9401").as_deref(), line("")), (Some("9400"), None));
}

#[test]
fn a_masked_region_is_not_kept() {
    for (code, kept) in [("DE", Some("DE")), ("gb", Some("GB")), ("**", None), ("USA", None), ("é", None), ("", None)]
    {
        assert_eq!(region(code).as_deref(), kept, "{code}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Value::from))
}

proptest! {
    #[test]
    fn no_type_of_a_field_breaks_the_reader(
        a in any_json(), b in any_json(), c in any_json(), d in any_json(), e in any_json(), f in any_json(),
    ) {
        let order = json!({"id": "1", "status": a, "update_time": b, "packages": c, "recipient_address": d,
            "line_items": [{"id": "1", "display_status": e, "tracking_number": f, "sub_item_info": c}, a, f],
            "tracking_number": e, "is_sample_order": f});
        prop_assert!(read_order(&order).is_some());
    }
}

fn at(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(second).ok()
}

macro_rules! answer {
    ($name:literal) => {{
        let text = include_str!(concat!("../../../tests/fixtures/tiktok/answers/", $name));
        let value: Value = serde_json::from_str(text).expect("JSON");
        let orders = list(field(&value, "data"), "orders").iter().map(|order| read_order(order).expect("an order"));
        orders.collect::<Vec<_>>()
    }};
}

#[test]
fn a_cancelled_order_tells_who_cancelled_and_not_in_whose_words() {
    let order = answer!("01-search-fr-cancelled.json").remove(0);
    assert_eq!((order.state.clone(), order.ship_to), (OrderState::Cancelled, ShipTo::Masked));
    let cancellation = Cancellation { by: Some(CancelledBy::Buyer), code: None };
    assert_eq!(order.cancellation.as_ref(), Some(&cancellation));
    assert!(!format!("{order:?}").contains("Autre"));
    // Only some deadlines came; a package exists although nothing was shipped.
    let deadlines = Deadlines {
        delivery_sla: at(1_796_118_400),
        collection_due: at(1_796_204_800),
        cancel_order_sla: at(1_796_204_800),
        ..Deadlines::default()
    };
    assert_eq!(order.deadlines, deadlines);
    let line = &order.lines[0];
    assert_eq!((line.is_open(), line.tracking.as_deref(), line.package.is_some()), (false, None, true));
    assert_eq!(line.cancelled_by, Some(CancelledBy::Buyer));
    assert_eq!(order.times.cancelled, at(1_795_611_073));
}

#[test]
fn only_a_code_of_tiktok_is_kept_of_a_reason() {
    for (reason, kept) in [
        ("seller_cancel_reason_out_of_stock", true),
        ("ecom_order_to_ship_canceled_reason_no_longer_needed", true),
        ("Autre", false),
        ("my_name_is_canary", false),
        ("seller_cancel_reason call me at 555 0101", false),
        ("", false),
    ] {
        let value =
            json!({"id": "1", "status": "CANCELLED", "cancel_reason": reason, "cancellation_initiator": "SYSTEM"});
        let cancellation = read_order(&value).expect("an order").cancellation.expect("a cancellation");
        assert_eq!(cancellation.code.is_some(), kept, "{reason}");
        assert_eq!(cancellation.by, Some(CancelledBy::System));
    }
}

#[test]
fn every_deadline_and_time_of_an_order_is_read() {
    let order = answer!("03-detail-on-hold.json").remove(0);
    let deadlines = Deadlines {
        rts_sla: at(1_795_772_800),
        tts_sla: at(1_795_859_200),
        delivery_sla: at(1_796_118_400),
        shipping_due: at(1_796_204_800),
        collection_due: at(1_796_204_800),
        delivery_due: None,
        cancel_order_sla: at(1_796_204_800),
    };
    assert_eq!((order.deadlines, order.ship_to), (deadlines, ShipTo::Missing));
    assert_eq!(
        (order.times.created, order.paid_time, order.update_time),
        (at(1_795_600_000), at(1_795_600_040), at(1_795_600_041))
    );
    assert_eq!((order.kind.passes_hold, order.kind.order_type.as_ref()), (Some(true), Some(&OrderType::Normal)));
    let value = json!({"id": "1", "rts_time": 5, "collection_time": "6", "delivery_time": 7, "request_cancel_time": 8,
        "delivery_due_time": 9, "cancel_time": 0});
    let order = read_order(&value).expect("an order");
    let times = OrderTimes {
        shipped: at(5),
        collected: at(6),
        delivered: at(7),
        cancel_requested: at(8),
        ..OrderTimes::default()
    };
    assert_eq!((order.times, order.deadlines.delivery_due), (times, at(9)));
}

#[test]
fn a_pre_order_on_hold_has_a_release_and_no_payment() {
    let order = answer!("04-detail-preorder-on-hold.json").remove(0);
    assert_eq!((order.state.clone(), order.paid_time, order.ship_to), (OrderState::OnHold, None, ShipTo::Missing));
    assert_eq!((order.kind.order_type.as_ref(), order.kind.release), (Some(&OrderType::PreOrder), at(1_797_328_000)));
    let value = json!({"id": "1", "handling_duration": {"days": "7", "type": "CALENDAR_DAY"}, "order_type": ""});
    let kind = read_order(&value).expect("an order").kind;
    assert_eq!((kind.handling, kind.order_type), (Some(Handling { days: 7, business: false }), None));
}

#[test]
fn a_bundle_line_names_the_pieces_it_stands_for() {
    let order = answer!("05-detail-virtual-bundle.json").remove(0);
    let parts = |line: &OrderLine| line.components.iter().map(|c| (c.seller_sku.clone(), c.units)).collect::<Vec<_>>();
    assert_eq!(parts(&order.lines[0]), [("MUG".to_owned(), 2), ("SPOON".to_owned(), 1)]);
    assert_eq!(parts(&order.lines[1]), []);
    assert!(order.lines.iter().all(OrderLine::is_open));
    assert_eq!(order.ship_to, ShipTo::Present);
    assert!(!format!("{order:?}").contains("Sample"), "the address is looked at and forgotten");
    let odd = json!({"id": "1", "combined_listing_skus": [{"seller_sku": "A", "sku_count": "3"}, {"sku_id": "9"}, {}, 4,
        {"seller_sku": "B", "sku_count": -2}]});
    let line = read_line(&odd, &OrderState::AwaitingShipment).expect("a line");
    assert_eq!(line.components.iter().map(|c| c.units).collect::<Vec<_>>(), [3, 1, 1]);
}

#[test]
fn a_gift_is_a_line_of_its_own() {
    let order = answer!("06-detail-gift.json").remove(0);
    let gifts: Vec<_> = order.lines.iter().map(|line| (line.seller_sku.as_str(), line.gift)).collect();
    assert_eq!(gifts, [("MUG", false), ("GIFT-STICKER", true)]);
}

#[test]
fn a_replacement_and_an_exchange_name_the_order_before_them() {
    let orders = answer!("08-detail-replacement-exchange.json");
    let id = |text: &str| TikTokOrderId::parse(text).ok();
    assert_eq!(orders[0].kind.origin, Origin::ReplacementOf(id("576800000000000170")));
    assert_eq!(orders[1].kind.origin, Origin::ExchangeOf(id("576800000000000169")));
    assert_eq!(orders[0].kind.origin.source(), id("576800000000000170").as_ref());
    let nameless = read_order(&json!({"id": "1", "is_replacement_order": true})).expect("an order");
    assert_eq!(nameless.kind.origin, Origin::ReplacementOf(None));
}

#[test]
fn what_tiktok_ships_is_masked_and_said_so() {
    let order = answer!("11-search-tiktok-shipping-masked.json").remove(0);
    assert_eq!((order.is_seller_shipped(), order.ship_to), (false, ShipTo::Masked));
    for (address, ship_to) in [
        (json!({}), ShipTo::Missing),
        (json!(null), ShipTo::Missing),
        (json!({"name": "A", "region_code": "US", "phone_number": "1"}), ShipTo::Missing),
        (json!({"full_address": "12 Sample Street", "phone_number": "(+1)217*****01"}), ShipTo::Present),
        (json!({"full_address": "Unit *5, 12 Sample Street"}), ShipTo::Present),
        (json!({"full_address": "12 Sample Street", "name": "S** S*****"}), ShipTo::Masked),
        (json!({"address_line1": "*"}), ShipTo::Masked),
    ] {
        assert_eq!(super::ship_to(&address), ship_to, "{address}");
    }
}

#[test]
fn a_group_that_the_seller_opted_out_of_is_none() {
    for (group, kept, refused) in
        [("7441", Some("7441"), false), ("N/A", None, true), ("", None, false), ("0", None, false)]
    {
        let kind = read_order(&json!({"id": "1", "auto_combine_group_id": group})).expect("an order").kind;
        assert_eq!((kind.combine_group.as_deref(), kind.combine_refused), (kept, refused), "{group}");
    }
}
