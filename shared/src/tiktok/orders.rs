//! Reading orders. What concerns the buyer is dropped here, except the two-letter region.

use super::order_reader::read_order;
use super::read::{field, flag, id, list, text};
use super::{Call, Effect, Spec, TikTok, TikTokError, our_bug, paths};
use crate::domain::custom_fields::{Passed, Rule};
use crate::domain::ids::TikTokOrderId;
use crate::domain::order::TikTokOrder;
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

    /// What a shop's rules take of orders, at most [`MOST_IDS`]: a value for each rule, in their order. The rest of the
    /// answer is forgotten here.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn order_values(
        &self,
        call: Call<'_>,
        ids: &[TikTokOrderId],
        rules: &[Rule],
    ) -> Result<Vec<(TikTokOrderId, Vec<Option<Passed>>)>, TikTokError> {
        if ids.len() > MOST_IDS {
            return Err(our_bug("more than 50 orders in one read"));
        }
        let answer = self.send(Spec::read(call, paths::ORDER_DETAIL).query("ids", joined(ids))).await?;
        let picked = |order| Some((id(order, "id")?, rules.iter().map(|rule| rule.value(order)).collect()));
        Ok(list(answer.data()?, "orders").iter().filter_map(picked).collect())
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
