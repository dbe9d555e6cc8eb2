//! Every path of TikTok Shop's API that we call. The version of each call stands here and nowhere else: each operation
//! has its own history, and a retired one answers 36009014.
//!
//! Source: TikTok Shop Partner Center, API reference.

use crate::domain::ids::{DeliveryOptionId, PackageId, TikTokOrderId, WarehouseId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but RFC 3986's unreserved characters. Also used for query values: `page_token` may hold `+`, `/`, `=`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

pub(super) const AUTHORISED_SHOPS: &str = "/authorization/202309/shops";
pub(super) const ACTIVE_SHOPS: &str = "/seller/202309/shops";

pub(super) const ORDER_SEARCH: &str = "/order/202309/orders/search";
pub(super) const ORDER_DETAIL: &str = "/order/202507/orders";
pub(super) const EXTERNAL_ORDER_SEARCH: &str = "/order/202406/orders/external_order_search";
pub(super) const SPLIT_ATTRIBUTES: &str = "/fulfillment/202309/orders/split_attributes";

pub(super) const BATCH_SHIP: &str = "/fulfillment/202309/packages/ship";
pub(super) const PACKAGE_SEARCH: &str = "/fulfillment/202309/packages/search";

/// Of a number, in the US.
pub(super) const TRACKING_VALIDATION: &str = "/fulfillment/202508/tts_tracking_validation";

pub(super) const WAREHOUSES: &str = "/logistics/202309/warehouses";
pub(super) const WEBHOOKS: &str = "/event/202309/webhooks";

/// On the token host, unsigned.
pub(super) const TOKEN_GET: &str = "/api/v2/token/get";
pub(super) const TOKEN_REFRESH: &str = "/api/v2/token/refresh";

pub(super) fn external_orders(order: &TikTokOrderId) -> String {
    format!("/order/202406/orders/{}/external_orders", encode(order.as_str()))
}

/// 202610 adds bundle parts and several numbers per package, for allow-listed sellers.
pub(super) fn mark_package(order: &TikTokOrderId) -> String {
    format!("/fulfillment/202309/orders/{}/packages", encode(order.as_str()))
}

pub(super) fn update_order(order: &TikTokOrderId) -> String {
    format!("/fulfillment/202309/orders/{}/shipping_info/update", encode(order.as_str()))
}

pub(super) fn order_tracking(order: &TikTokOrderId) -> String {
    format!("/fulfillment/202309/orders/{}/tracking", encode(order.as_str()))
}

pub(super) fn ship_package(package: &PackageId) -> String {
    format!("/fulfillment/202309/packages/{}/ship", encode(package.as_str()))
}

pub(super) fn update_package(package: &PackageId) -> String {
    format!("/fulfillment/202309/packages/{}/shipping_info/update", encode(package.as_str()))
}

pub(super) fn package(package: &PackageId) -> String {
    format!("/fulfillment/202309/packages/{}", encode(package.as_str()))
}

/// Get Product.
pub(super) fn product(product: &str) -> String {
    format!("/product/202309/products/{}", encode(product))
}

pub(super) fn delivery_options(warehouse: &WarehouseId) -> String {
    format!("/logistics/202309/warehouses/{}/delivery_options", encode(warehouse.as_str()))
}

pub(super) fn shipping_providers(option: &DeliveryOptionId) -> String {
    format!("/logistics/202309/delivery_options/{}/shipping_providers", encode(option.as_str()))
}

/// Percent-encodes a path segment or a query value.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}
