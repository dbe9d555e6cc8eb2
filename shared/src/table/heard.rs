//! Signs of life: what a store's webhook address has heard, and when a push last worked on a shop.

use super::codec::Reader;
use super::error::TableError;
use super::keys::{self, Key, PK, SK};
use super::{Table, failure};
use crate::domain::ids::{ShopId, StoreId};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use jiff::Timestamp;
use std::sync::atomic::Ordering;

/// What a store's webhook address has heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The last delivery whose signature held, to within five minutes.
    pub delivered: Option<Timestamp>,
    /// Deliveries refused for their signature.
    pub refused: u64,
    /// The last of them, to within a minute.
    pub refused_at: Option<Timestamp>,
}

impl Table {
    /// Notes a good delivery of a store.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn heard_delivery(&self, store: &StoreId, at: Timestamp) -> Result<(), TableError> {
        self.note(keys::heard(store), "SET kind = :kind, delivered = :at", at, None).await
    }

    /// Counts deliveries of a store that were refused for their signature.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn heard_refused(&self, store: &StoreId, more: u64, at: Timestamp) -> Result<(), TableError> {
        self.note(keys::heard(store), "SET kind = :kind, refused_at = :at ADD refused :more", at, Some(more)).await
    }

    async fn note(&self, key: Key, change: &str, at: Timestamp, more: Option<u64>) -> Result<(), TableError> {
        let _turn = self.turn().await;
        self.meter.write_requests.fetch_add(1, Ordering::Relaxed);
        let mut update = self
            .client
            .update_item()
            .table_name(&self.name)
            .key(PK, AttributeValue::S(key.pk))
            .key(SK, AttributeValue::S(key.sk))
            .update_expression(change)
            .expression_attribute_values(":kind", AttributeValue::S("heard".to_owned()))
            .expression_attribute_values(":at", AttributeValue::N(at.as_millisecond().to_string()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        if let Some(more) = more {
            update = update.expression_attribute_values(":more", AttributeValue::N(more.to_string()));
        }
        let answer = update.send().await.map_err(|e| failure(&e))?;
        self.meter.add(true, answer.consumed_capacity());
        Ok(())
    }

    /// Notes that a push worked on a shop.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn pushed_note(&self, shop: &ShopId, at: Timestamp) -> Result<(), TableError> {
        self.note(keys::pushed(shop), "SET kind = :kind, pushed = :at", at, None).await
    }

    /// When a push last had work for a shop, to within five minutes.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn pushed_get(&self, shop: &ShopId) -> Result<Option<Timestamp>, TableError> {
        let item = self.get(&keys::pushed(shop), false).await?;
        Ok(item.and_then(|item| Reader(&item).time_if("pushed")))
    }

    /// What a store's webhook address has heard so far.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn heard_get(&self, store: &StoreId) -> Result<Heard, TableError> {
        let Some(item) = self.get(&keys::heard(store), false).await? else { return Ok(Heard::default()) };
        let row = Reader(&item);
        Ok(Heard {
            delivered: row.time_if("delivered"),
            refused: row.number_if("refused").unwrap_or_default(),
            refused_at: row.time_if("refused_at"),
        })
    }
}
