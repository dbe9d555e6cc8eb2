//! Each call by name. What it does at TikTok decides how it is made: reads are asked for again, writes are made once.

use super::sending::{self, Sending};
use super::shop_calls::{ShopCalls, Trouble};
use crate::domain::custom_fields::{Passed, Rule};
use crate::domain::decision::Carried;
use crate::domain::ids::{DeliveryOptionId, PackageId, TikTokOrderId, WarehouseId};
use crate::domain::image_rules::Image;
use crate::domain::order::TikTokOrder;
use crate::domain::platform::Platform;
use crate::domain::region::Region;
use crate::tiktok::logistics::{DeliveryOption, ShippingProvider, Warehouse};
use crate::tiktok::orders::{OrderPage, OrderQuery};
use crate::tiktok::packages::{Package, Shipped};
use crate::tiktok::shops::WebhookSetting;
use crate::tiktok::tracking::{LabelCheck, TrackingEvent};
use crate::tiktok::{Call, Credentials, ShopAuth};
use std::time::Duration;

/// A [`Call`] that a future can own.
struct Own {
    app: Credentials,
    shop: ShopAuth,
    limit: Duration,
}

impl Own {
    fn of(call: Call<'_>) -> Self {
        Self { app: call.app.clone(), shop: call.shop.clone(), limit: call.limit }
    }

    fn call(&self) -> Call<'_> {
        Call { app: &self.app, shop: &self.shop, limit: self.limit }
    }
}

/// What a call gave, or why it gave nothing.
type Answer<T> = Result<T, Trouble>;

impl ShopCalls<'_> {
    /// Orders, at most fifty.
    ///
    /// # Errors
    /// [`Trouble`], as for every call here.
    pub async fn order_detail(&self, ids: &[TikTokOrderId]) -> Answer<Vec<TikTokOrder>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let tiktok = &self.app.tiktok;
        self.read(Box::new(move |call| {
            let own = Own::of(call);
            Box::pin(async move { tiktok.order_detail(own.call(), ids).await })
        }))
        .await
    }

    /// What a shop's rules take of orders, at most fifty. One id may be the cause of a refusal, so that its caller judges it.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn order_values(
        &self,
        ids: &[TikTokOrderId],
        rules: &[Rule],
    ) -> Answer<Vec<(TikTokOrderId, Vec<Option<Passed>>)>> {
        let tiktok = &self.app.tiktok;
        self.read_twice(Box::new(move |call| {
            let own = Own::of(call);
            Box::pin(async move { tiktok.order_values(own.call(), ids, rules).await })
        }))
        .await
    }

    /// A page of the search for orders.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn order_search(&self, query: &OrderQuery) -> Answer<OrderPage> {
        let tiktok = &self.app.tiktok;
        self.read(Box::new(move |call| {
            let own = Own::of(call);
            Box::pin(async move { tiktok.order_search(own.call(), query).await })
        }))
        .await
    }

    /// What the carrier told about an order's parcels. A refusal says nothing about the shop.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn order_tracking(&self, order: &TikTokOrderId) -> Answer<Vec<TrackingEvent>> {
        let tiktok = &self.app.tiktok;
        self.read_extra(Box::new(move |call| {
            let own = Own::of(call);
            Box::pin(async move { tiktok.order_tracking(own.call(), order).await })
        }))
        .await
    }

    /// Whether TikTok sold the label of a number (US). A refusal says nothing about the shop.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn label_check(&self, number: &str) -> Answer<LabelCheck> {
        let tiktok = &self.app.tiktok;
        self.read_extra(Box::new(move |call| {
            let own = Own::of(call);
            Box::pin(async move { tiktok.tracking_validation(own.call(), number).await })
        }))
        .await
    }

    /// The main images of a product. Needs a scope of its own, so a refusal says nothing about the shop.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn product_images(&self, product: &str) -> Answer<Vec<Image>> {
        let tiktok = &self.app.tiktok;
        self.read_extra(Box::new(move |call| {
            let own = Own::of(call);
            Box::pin(async move { tiktok.product_images(own.call(), product).await })
        }))
        .await
    }

    /// A package with every order in it.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn package(&self, package: &PackageId) -> Answer<Package> {
        let tiktok = &self.app.tiktok;
        self.read_twice(Box::new(move |call| {
            let own = Own::of(call);
            Box::pin(async move { tiktok.package_detail(own.call(), package).await })
        }))
        .await
    }

    /// As [`ShopCalls::order_detail`], for a read that its caller takes apart when it fails: tried twice, and a failure
    /// does not count for the shop's rest, because one order may be its cause.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn order_batch(&self, ids: &[TikTokOrderId]) -> Answer<Vec<TikTokOrder>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let tiktok = &self.app.tiktok;
        self.read_twice(Box::new(move |call| {
            let own = Own::of(call);
            Box::pin(async move { tiktok.order_detail(own.call(), ids).await })
        }))
        .await
    }

    /// TikTok's orders that another system named for a store's order. Needs a scope of its own, so a refusal says nothing
    /// about the shop.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn external_orders(&self, platform: Platform, order: &str) -> Answer<Vec<TikTokOrderId>> {
        let tiktok = &self.app.tiktok;
        self.read_extra(Box::new(move |call| {
            let own = Own::of(call);
            Box::pin(async move { tiktok.external_order_search(own.call(), platform, order).await })
        }))
        .await
    }

    /// The shop's warehouses.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn warehouses(&self) -> Answer<Vec<Warehouse>> {
        let tiktok = &self.app.tiktok;
        self.read(Box::new(move |call| {
            let own = Own::of(call);
            Box::pin(async move { tiktok.warehouses(own.call()).await })
        }))
        .await
    }

    /// The delivery options of a warehouse.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn delivery_options(&self, warehouse: &WarehouseId) -> Answer<Vec<DeliveryOption>> {
        let tiktok = &self.app.tiktok;
        self.read(Box::new(move |call| {
            let own = Own::of(call);
            Box::pin(async move { tiktok.delivery_options(own.call(), warehouse).await })
        }))
        .await
    }

    /// The carriers of a delivery option, for a route where the market needs one.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn shipping_providers(
        &self,
        option: &DeliveryOptionId,
        route: Option<(&Region, &Region)>,
    ) -> Answer<Vec<ShippingProvider>> {
        let tiktok = &self.app.tiktok;
        self.read_twice(Box::new(move |call| {
            let own = Own::of(call);
            Box::pin(async move { tiktok.shipping_providers(own.call(), option, route).await })
        }))
        .await
    }

    /// Where TikTok delivers its events to.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn webhook_list(&self) -> Answer<Vec<WebhookSetting>> {
        let tiktok = &self.app.tiktok;
        self.read(Box::new(move |call| {
            let own = Own::of(call);
            Box::pin(async move { tiktok.webhook_list(own.call()).await })
        }))
        .await
    }

    /// Sets where one kind of event is delivered to.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn webhook_put(&self, setting: &WebhookSetting) -> Answer<()> {
        let tiktok = &self.app.tiktok;
        self.write(Box::new(move |call| {
            let own = Own::of(call);
            Box::pin(async move { tiktok.webhook_put(own.call(), setting).await })
        }))
        .await
    }

    /// Sends a number.
    ///
    /// # Errors
    /// [`Trouble`]; after [`crate::tiktok::Class::OutcomeUnknown`] it may have arrived all the same.
    pub async fn send(&self, order: &TikTokOrderId, sending: &Sending, carried: &Carried) -> Answer<Shipped> {
        let tiktok = &self.app.tiktok;
        self.write(Box::new(move |call| {
            let own = Own::of(call);
            Box::pin(async move { sending::made(tiktok, own.call(), order, sending, carried).await })
        }))
        .await
    }
}
