//! TikTok's own webhooks: built, signed, and handed to whoever posts them.

use super::details::after;
use super::order::Order;
use super::state::State;
use super::{ModelTikTok, sign};
use bytes::Bytes;
use http::{Method, Request};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use waybill::domain::region::AppRegion;

/// The types a tracking client listens to, with their numbers and the names of the settings call.
pub(super) const TYPES: [(u32, &str); 7] = [
    (1, "ORDER_STATUS_CHANGE"),
    (3, "RECIPIENT_ADDRESS_UPDATE"),
    (4, "PACKAGE_UPDATE"),
    (6, "SELLER_DEAUTHORIZATION"),
    (7, "UPCOMING_AUTHORIZATION_EXPIRATION"),
    (11, "CANCELLATION_STATUS_CHANGE"),
    (12, "RETURN_STATUS_CHANGE"),
];

/// Names the settings call accepts beside those.
pub(super) const OTHER_EVENTS: [&str; 10] = [
    "INVOICE_STATUS_CHANGE",
    "NEW_CONVERSATION",
    "NEW_MESSAGE",
    "NEW_MESSAGE_LISTENER",
    "PRODUCT_AUDIT_STATUS_CHANGE",
    "PRODUCT_CATEGORY_CHANGE",
    "PRODUCT_CREATION",
    "PRODUCT_INFORMATION_CHANGE",
    "PRODUCT_STATUS_CHANGE",
    "REVERSE_STATUS_UPDATE",
];

/// What happens to webhooks on their way. TikTok promises neither order nor uniqueness.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mischief {
    /// They arrive so much later than what they tell.
    pub late: SignedDuration,
    /// Probability that one never arrives.
    pub lose: f64,
    /// Probability that one arrives twice.
    pub double: f64,
    /// Those that wait together arrive newest first.
    pub swap: bool,
}

/// One thing TikTok has to tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// TikTok's number of the type.
    pub kind: u32,
    /// The shop.
    pub shop: String,
    /// When it happened.
    pub at: Timestamp,
    /// `data` of the envelope.
    pub data: Value,
}

impl Notification {
    /// Type 1: an order's status moved.
    #[must_use]
    pub fn order_status(shop: &str, order: &Order, at: Timestamp) -> Self {
        let data = json!({
            "order_id": order.id, "order_status": order.status.webhook_word(),
            "is_on_hold_order": order.details.passes_hold.unwrap_or(true), "update_time": at.as_second(),
        });
        Self { kind: 1, shop: shop.into(), at, data }
    }

    /// Type 3: the recipient's address changed.
    #[must_use]
    pub fn address(shop: &str, order: &str, at: Timestamp) -> Self {
        Self { kind: 3, shop: shop.into(), at, data: json!({"order_id": order, "update_time": at.as_second()}) }
    }

    /// Type 4: packages were split or combined; `what` as TikTok spells it, for example `SPLIT`.
    #[must_use]
    pub fn packages(shop: &str, order: &Order, what: &str, at: Timestamp) -> Self {
        let list: Vec<Value> =
            order.packages.iter().map(|p| json!({"package_id": p.id, "order_id_list": [order.id]})).collect();
        let data = json!({
            "sc_type": what, "role_type": "ROLE_SELLER", "package_list": list, "update_time": at.as_second(),
        });
        Self { kind: 4, shop: shop.into(), at, data }
    }

    /// Type 4: the packages of several orders became one.
    #[must_use]
    pub fn combined(shop: &str, package: &str, orders: &[String], at: Timestamp) -> Self {
        let data = json!({
            "sc_type": "COMBINE", "role_type": "ROLE_SYSTEM", "update_time": at.as_second(),
            "package_list": [{"package_id": package, "order_id_list": orders}],
        });
        Self { kind: 4, shop: shop.into(), at, data }
    }

    /// Type 6: the seller took the authorisation back.
    #[must_use]
    pub fn deauthorised(shop: &str, at: Timestamp) -> Self {
        let message = format!("The seller of shop_id {shop} has removed the authorization of your app.");
        Self { kind: 6, shop: shop.into(), at, data: json!({"message": message}) }
    }

    /// Type 7: the authorisation ends soon. The end is Unix seconds **as text**.
    #[must_use]
    pub fn expiring(shop: &str, ends: Timestamp, at: Timestamp) -> Self {
        let message = format!("Authorization of shop_id {shop} is expiring.");
        let data = json!({"message": message, "expiration_time": ends.as_second().to_string()});
        Self { kind: 7, shop: shop.into(), at, data }
    }

    /// Type 11: a cancellation was asked for or decided; `status` without its long prefix, for example `PENDING`.
    #[must_use]
    pub fn cancellation(shop: &str, order: &str, role: &str, status: &str, at: Timestamp) -> Self {
        let data = json!({
            "order_id": order, "cancellations_role": role, "cancel_status": format!("CANCELLATION_REQUEST_{status}"),
            "cancel_id": format!("40{order}"), "create_time": at.as_second(),
        });
        Self { kind: 11, shop: shop.into(), at, data }
    }

    /// Type 12: a return moved on.
    #[must_use]
    pub fn returned(shop: &str, order: &str, status: &str, at: Timestamp) -> Self {
        let data = json!({
            "order_id": order, "return_id": format!("41{order}"), "return_type": "REFUND",
            "return_role": "BUYER", "return_status": status, "create_time": at.as_second(), "update_time": at.as_second(),
        });
        Self { kind: 12, shop: shop.into(), at, data }
    }

    fn event(&self) -> Option<&'static str> {
        TYPES.iter().find(|(kind, _)| *kind == self.kind).map(|(_, name)| *name)
    }
}

impl State {
    /// Where a notification goes: the shop's own setting, else the app's address.
    pub(super) fn listener(&self, notice: &Notification) -> Option<(AppRegion, String)> {
        let shop = self.shops.get(&notice.shop)?;
        let own = notice.event().and_then(|event| shop.webhooks.get(event)).map(|webhook| webhook.address.clone());
        let app = self.app_of(shop.app)?;
        own.or_else(|| Some(app.webhook_url.clone()).filter(|url| !url.is_empty())).map(|url| (shop.app, url))
    }
}

impl ModelTikTok {
    /// Takes everything that is to be delivered by now, oldest first, each as a signed request: late, lost, doubled and
    /// swapped as [`Mischief`] says. A caller may play further tricks with the list.
    pub fn take_webhooks(&self) -> Vec<Request<Bytes>> {
        let due = {
            let mut state = self.state();
            let (mischief, now) = (state.settings.webhooks, state.now());
            let waiting = std::mem::take(&mut state.outbox);
            let (mut due, later): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|notice| after(notice.at, mischief.late) <= now);
            state.outbox = later;
            due.retain(|_| !state.chance.happens(mischief.lose));
            let doubled = due.into_iter().flat_map(|notice| {
                let twice = state.chance.happens(mischief.double);
                std::iter::repeat_n(notice, if twice { 2 } else { 1 })
            });
            let mut due: Vec<Notification> = doubled.collect();
            if mischief.swap {
                due.reverse();
            }
            due
        };
        due.iter().filter_map(|notice| self.webhook(notice)).collect()
    }

    /// One delivery, signed with the secret of the shop's app. `None` for a shop that this model does not know.
    ///
    /// It is addressed to the shop's own setting, else to the app's address, else to the bare path of the app.
    pub fn webhook(&self, notice: &Notification) -> Option<Request<Bytes>> {
        let mut state = self.state();
        let id = state.fresh_id("7327");
        let region = state.shops.get(&notice.shop)?.app;
        let address = state.listener(notice).map_or_else(|| format!("/hooks/tiktok/{region}"), |(_, url)| url);
        let app = state.app_of(region)?;
        let mut body = json!({
            "type": notice.kind, "tts_notification_id": id, "shop_id": notice.shop,
            "timestamp": notice.at.as_second(), "data": notice.data,
        });
        // The documented sample of type 3 has no id: receivers must cope without.
        if let (3, Some(fields)) = (notice.kind, body.as_object_mut()) {
            fields.remove("tts_notification_id");
        }
        let body = Bytes::from(body.to_string());
        Request::builder()
            .method(Method::POST)
            .uri(address)
            .header("content-type", "application/json")
            .header("authorization", sign::webhook(&app.key, &app.secret, &body))
            .body(body)
            .ok()
    }
}
