//! Reading orders. What concerns the buyer is dropped here, except the two-letter region.

use super::read::{field, flag, id, list, text, time};
use super::{Call, Effect, Spec, TikTok, TikTokError, our_bug, paths};
use crate::domain::ids::TikTokOrderId;
use crate::domain::order::{OrderLine, OrderState, PushRule, SplitTag, TikTokOrder};
use crate::domain::platform::Platform;
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The most ids of one read.
pub const MOST_IDS: usize = 50;

/// By which of its times an order is searched and sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderTime {
    /// When it was placed.
    Created,
    /// When its status last changed.
    Updated,
}

/// Which orders to read, oldest first. Rows may lie past the window, because data changes during the search: read with
/// overlap and compare by id and `update_time`.
#[derive(Clone, Debug)]
pub struct OrderQuery {
    /// Which time the window means.
    pub by: OrderTime,
    /// At or after; `None` means since the shop opened.
    pub from: Option<Timestamp>,
    /// Before; `None` means now.
    pub to: Option<Timestamp>,
    /// TikTok's word, for example `AWAITING_SHIPMENT`.
    pub status: Option<String>,
    /// Orders that the seller ships only.
    pub seller_shipped: bool,
    /// 1 to 100.
    pub page_size: u8,
    /// From the page before.
    pub page_token: Option<String>,
}

/// Orders, and where the next page begins.
#[derive(Clone, Debug)]
pub struct OrderPage {
    /// This page.
    pub orders: Vec<TikTokOrder>,
    /// `None` on the last page.
    pub next: Option<String>,
}

/// A store's order that another connector, or we, linked to a TikTok order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalOrder {
    /// For example `SHOPIFY`.
    pub platform: String,
    /// The store's id or name of the order.
    pub id: String,
}

/// Whether an order's lines may travel in several packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitAttributes {
    /// The order.
    pub order: TikTokOrderId,
    /// It may be split.
    pub can_split: bool,
    /// It must be split before shipping.
    pub must_split: bool,
    /// TikTok's words, when it may not.
    pub reason: Option<String>,
}

impl TikTok {
    /// A page of orders.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn order_search(&self, call: Call<'_>, query: &OrderQuery) -> Result<OrderPage, TikTokError> {
        let (field, from, to) = match query.by {
            OrderTime::Created => ("create_time", "create_time_ge", "create_time_lt"),
            OrderTime::Updated => ("update_time", "update_time_ge", "update_time_lt"),
        };
        let mut body = json!({});
        for (key, time) in [(from, query.from), (to, query.to)] {
            if let Some(time) = time {
                body[key] = time.as_second().into();
            }
        }
        if let Some(status) = &query.status {
            body["order_status"] = status.as_str().into();
        }
        if query.seller_shipped {
            body["shipping_type"] = "SELLER".into();
        }
        let spec = Spec::shop(call, Method::POST, paths::ORDER_SEARCH, Effect::Read)
            .query("page_size", query.page_size.clamp(1, 100).to_string())
            .query("sort_field", field)
            .query("sort_order", "ASC")
            .query("page_token", query.page_token.as_deref().unwrap_or_default())
            .with(body);
        let answer = self.send(spec).await?;
        let data = answer.data()?;
        let orders = list(data, "orders").iter().filter_map(read_order).collect();
        Ok(OrderPage { orders, next: text(data, "next_page_token") })
    }

    /// Orders by id, at most [`MOST_IDS`]. One id of another shop refuses them all (`Class::NotThisShop`); an order that
    /// TikTok leaves out of its answer is left out here too.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn order_detail(&self, call: Call<'_>, ids: &[TikTokOrderId]) -> Result<Vec<TikTokOrder>, TikTokError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        if ids.len() > MOST_IDS {
            return Err(our_bug("more than 50 orders in one read"));
        }
        let answer = self.send(Spec::read(call, paths::ORDER_DETAIL).query("ids", joined(ids))).await?;
        // Here a missing list cannot mean "none": it would look as if the orders did not exist.
        let orders = answer.data()?.get("orders").and_then(Value::as_array);
        let orders = orders.ok_or_else(|| answer.incomplete("the answer has no orders"))?;
        Ok(orders.iter().filter_map(read_order).collect())
    }

    /// The TikTok orders that somebody linked to a store's order. `None` of the platform's name at TikTok: no call.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do. The scope is one of its own: a refusal is no fault of the shop.
    pub async fn external_order_search(
        &self,
        call: Call<'_>,
        platform: Platform,
        external: &str,
    ) -> Result<Vec<TikTokOrderId>, TikTokError> {
        let (Some(name), false) = (platform_name(platform), external.is_empty()) else {
            return Ok(Vec::new());
        };
        let spec = Spec::shop(call, Method::POST, paths::EXTERNAL_ORDER_SEARCH, Effect::Read)
            .query("platform", name)
            .query("external_order_id", external);
        let answer = self.send(spec).await?;
        // A search that answers for another order must not link this one.
        let same = |order: &&Value| text(field(order, "external_order"), "id").is_none_or(|id| id == external.trim());
        let orders = list(answer.data()?, "orders").iter().filter(same);
        Ok(orders.filter_map(|order| id(order, "id")).collect())
    }

    /// The store's orders that a TikTok order is linked to.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn external_orders(
        &self,
        call: Call<'_>,
        order: &TikTokOrderId,
    ) -> Result<Vec<ExternalOrder>, TikTokError> {
        let answer = self.send(Spec::read(call, paths::external_orders(order))).await?;
        let orders = list(answer.data()?, "external_orders").iter();
        Ok(orders.filter_map(|o| Some(ExternalOrder { platform: text(o, "platform")?, id: text(o, "id")? })).collect())
    }

    /// Whether orders may or must be split before shipping (South-East Asia, Brazil, Mexico).
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn split_attributes(
        &self,
        call: Call<'_>,
        orders: &[TikTokOrderId],
    ) -> Result<Vec<SplitAttributes>, TikTokError> {
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self.send(Spec::read(call, paths::SPLIT_ATTRIBUTES).query("order_ids", joined(orders))).await?;
        let attributes = list(answer.data()?, "split_attributes").iter().filter_map(|a| {
            Some(SplitAttributes {
                order: id(a, "order_id")?,
                can_split: flag(a, "can_split"),
                must_split: flag(a, "must_split"),
                reason: text(a, "reason"),
            })
        });
        Ok(attributes.collect())
    }
}

/// One comma-joined parameter: TikTok's own sample signs only the first value of a repeated key.
fn joined(ids: &[TikTokOrderId]) -> String {
    ids.iter().map(TikTokOrderId::as_str).collect::<Vec<_>>().join(",")
}

fn platform_name(platform: Platform) -> Option<&'static str> {
    match platform {
        Platform::Shopify => Some("SHOPIFY"),
        Platform::WooCommerce => Some("WOOCOMMERCE"),
        Platform::BigCommerce => Some("BIGCOMMERCE"),
        Platform::Magento => Some("MAGENTO"),
        Platform::Generic => None,
    }
}

/// An order of TikTok's answer. `None` without an id. Everything else may be missing.
fn read_order(value: &Value) -> Option<TikTokOrder> {
    let state = OrderState::parse(&text(value, "status").unwrap_or_default());
    let split_or_combined = text(value, "split_or_combine_tag").and_then(|tag| match tag.as_str() {
        "SPLIT" => Some(SplitTag::Split),
        "COMBINED" => Some(SplitTag::Combined),
        _ => None,
    });
    let mut lines: Vec<OrderLine> =
        list(value, "line_items").iter().filter_map(|line| read_line(line, &state)).collect();
    if split_or_combined != Some(SplitTag::Split) {
        fill_from_order(value, &state, &mut lines);
    }
    Some(TikTokOrder {
        id: id(value, "id")?,
        update_time: time(value, "update_time"),
        shipping_type: text(value, "shipping_type"),
        fulfillment_type: text(value, "fulfillment_type"),
        delivery_option: id(value, "delivery_option_id"),
        warehouse: id(value, "warehouse_id"),
        buyer_region: text(field(value, "recipient_address"), "region_code").and_then(|code| region(&code)),
        cancel_requested: flag(value, "is_buyer_request_cancel"),
        sample: flag(value, "is_sample_order"),
        split_or_combined,
        paid_time: time(value, "paid_time"),
        packages: list(value, "packages").iter().filter_map(|package| id(package, "id")).collect(),
        state,
        lines,
    })
}

/// Two letters; anything else (masked, a name) is nobody's business.
fn region(code: &str) -> Option<String> {
    (code.len() == 2 && code.bytes().all(|b| b.is_ascii_alphabetic())).then(|| code.to_ascii_uppercase())
}

fn read_line(value: &Value, order: &OrderState) -> Option<OrderLine> {
    // The parts of a virtual bundle carry the number instead of the line; the line has one when all its parts have.
    let parts = list(value, "sub_item_info");
    let shipped = |part: &Value| text(part, "tracking_number").is_some();
    let carrier = if !shipped(value) && !parts.is_empty() && parts.iter().all(shipped) { &parts[0] } else { value };
    let tracking = text(carrier, "tracking_number");
    let state = match text(value, "display_status") {
        Some(word) => OrderState::parse(&word),
        None if *order != OrderState::PartiallyShipped => order.clone(),
        None if tracking.is_some() => OrderState::ReadyToShip,
        None => OrderState::AwaitingShipment,
    };
    Some(OrderLine {
        id: id(value, "id")?,
        seller_sku: text(value, "seller_sku").unwrap_or_default(),
        state,
        package: id(carrier, "package_id"),
        provider: id(carrier, "shipping_provider_id"),
        tracking,
    })
}

/// Where an order was shipped whole, its number may stand on the order alone.
fn fill_from_order(value: &Value, state: &OrderState, lines: &mut [OrderLine]) {
    let shipped = matches!(state.push_rule(), PushRule::CorrectOnly | PushRule::No);
    let (Some(number), true) = (text(value, "tracking_number"), shipped) else { return };
    if lines.iter().any(|line| line.tracking.is_some()) {
        return;
    }
    for line in lines.iter_mut().filter(|line| line.state != OrderState::Cancelled) {
        line.tracking = Some(number.clone());
        line.provider = line.provider.take().or_else(|| id(value, "shipping_provider_id"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        for (code, kept) in
            [("DE", Some("DE")), ("gb", Some("GB")), ("**", None), ("USA", None), ("é", None), ("", None)]
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
}
