//! Small builders for the tests of this room.

use crate::domain::fulfilment::{OrderLink, StoreLine, Version};
use crate::domain::ids::{LineItemId, PackageId, ProviderId, ShipmentId, ShopId, StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::order::{Deadlines, OrderKind, OrderLine, OrderState, OrderTimes, ShipTo, TikTokOrder};
use crate::domain::parcel::{Parcel, Sent, Source};
use crate::domain::tracking::TrackingNumber;
use jiff::Timestamp;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

/// A parcel of shipment `shipment` with the given contents, stock code and units.
pub(crate) fn parcel(number: &str, shipment: &str, lines: &[(&str, u32)]) -> Parcel {
    let source = Source {
        shipment: ShipmentId::parse(shipment).expect("id"),
        version: Version { changed: 1, seen: 1 },
        present: true,
        sharing: 1,
        lines: lines.iter().map(|(sku, quantity)| StoreLine::new(*sku, *quantity)).collect(),
        ahead: None,
    };
    let (store, order) = (StoreId::parse("s1").expect("id"), StoreOrderId::parse("1042").expect("id"));
    Parcel {
        number: Some(TrackingNumber::parse(number).expect("number")),
        carrier: Some("USPS".into()),
        sources: vec![source],
        link: OrderLink::Found(TikTokOrderId::parse("576000000000000017").expect("id")),
        due: Some(at(0)),
        rev: 1,
        ..Parcel::new(store, order, ShopId::parse("7").expect("id"), at(0))
    }
}

/// An order with one line per unit; ids are `1`, `2`, …
pub(crate) fn order(status: &str, skus: &[&str]) -> TikTokOrder {
    let state = OrderState::parse(status);
    TikTokOrder {
        id: TikTokOrderId::parse("576000000000000017").expect("id"),
        state: state.clone(),
        update_time: None,
        shipping_type: Some("SELLER".into()),
        fulfillment_type: Some("FULFILLMENT_BY_SELLER".into()),
        delivery_option: None,
        warehouse: None,
        buyer_region: None,
        cancel_requested: false,
        sample: false,
        split_or_combined: None,
        paid_time: None,
        kind: OrderKind::default(),
        times: OrderTimes::default(),
        deadlines: Deadlines::default(),
        ship_to: ShipTo::Present,
        cancellation: None,
        packages: Vec::new(),
        lines: skus.iter().enumerate().map(|(i, sku)| line(i + 1, sku, &state)).collect(),
    }
}

fn line(id: usize, sku: &str, state: &OrderState) -> OrderLine {
    OrderLine {
        id: line_id(id),
        seller_sku: sku.into(),
        state: if *state == OrderState::PartiallyShipped { OrderState::AwaitingShipment } else { state.clone() },
        package: None,
        tracking: None,
        provider: None,
        sku_id: None,
        product: None,
        gift: false,
        components: Vec::new(),
        package_state: None,
        shipped: None,
        cancelled_by: None,
    }
}

pub(crate) fn line_id(id: usize) -> LineItemId {
    LineItemId::parse(id.to_string()).expect("id")
}

pub(crate) fn line_ids(ids: &[usize]) -> Vec<LineItemId> {
    ids.iter().map(|id| line_id(*id)).collect()
}

/// TikTok shows a number on these lines.
pub(crate) fn show(order: &mut TikTokOrder, ids: &[usize], number: &str, provider: &str, package: &str) {
    for id in ids {
        let line = &mut order.lines[id - 1];
        line.tracking = Some(number.into());
        line.provider = ProviderId::parse(provider).ok();
        line.package = PackageId::parse(package).ok();
        line.state = OrderState::ReadyToShip;
    }
}

/// What we sent for these lines at second 100.
pub(crate) fn sent(number: &str, ids: &[usize], edits: u32) -> Sent {
    Sent {
        number: number.into(),
        provider: ProviderId::parse("P1").expect("id"),
        provider_name: "USPS".into(),
        lines: line_ids(ids),
        package: None,
        at: at(100),
        shipped_at: at(100),
        edits,
    }
}
