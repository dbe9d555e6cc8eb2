//! Carrier names that parcels were held for: what a merchant is asked to map.

use super::codec::Reader;
use super::error::TableError;
use super::keys::{self, Key, PK, SK};
use super::{Table, failure};
use crate::domain::ids::ShopId;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use jiff::{SignedDuration, Timestamp};
use std::sync::atomic::Ordering;

/// A name that nothing was held for in this long is forgotten.
pub const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A held parcel whose store's carrier name led nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The name as the store sends it; blank: none.
    pub name: String,
    /// The store's order: its name where it has one, else its id.
    pub order: String,
    /// The number, as the store gave it.
    pub number: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A carrier name and how often parcels were held for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenCarrier {
    /// Parcels held for it so far, each once; one more or less where a worker crashed.
    pub count: u64,
    /// When the first was.
    pub first: Timestamp,
    /// The last.
    pub last: Sighting,
}

impl Table {
    /// Counts `more` parcels held for a name; `last` is the newest of them. `key`: the normalised name, which
    /// spellings of one name share.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn seen_add(&self, shop: &ShopId, key: &str, more: u64, last: &Sighting) -> Result<(), TableError> {
        let key = keys::seen(shop, key);
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let number = |value: i64| AttributeValue::N(value.to_string());
        let mut set = "SET kind = :kind, #name = :name, #order = :order, #last = :at, #ttl = :ttl, \
                       #first = if_not_exists(#first, :at)"
            .to_owned();
        set.push_str(if last.number.is_some() { ", #number = :number" } else { " REMOVE #number" });
        let _turn = self.turn().await;
        self.meter.write_requests.fetch_add(1, Ordering::Relaxed);
        let mut update = self
            .client
            .update_item()
            .table_name(&self.name)
            .key(PK, AttributeValue::S(key.pk))
            .key(SK, AttributeValue::S(key.sk))
            .update_expression(format!("{set} ADD #count :more"))
            .expression_attribute_values(":kind", text("carrier seen"))
            .expression_attribute_values(":name", text(&last.name))
            .expression_attribute_values(":order", text(&last.order))
            .expression_attribute_values(":at", number(last.at.as_millisecond()))
            .expression_attribute_values(":ttl", number((last.at + KEPT).as_second()))
            .expression_attribute_values(":more", AttributeValue::N(more.to_string()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        for (placeholder, name) in [
            ("#name", "name"),
            ("#order", "order"),
            ("#last", "last"),
            ("#ttl", keys::TTL),
            ("#first", "first"),
            ("#number", "number"),
            ("#count", "count"),
        ] {
            update = update.expression_attribute_names(placeholder, name);
        }
        if let Some(sample) = &last.number {
            update = update.expression_attribute_values(":number", text(sample));
        }
        let answer = update.send().await.map_err(|e| failure(&e))?;
        self.meter.add(true, answer.consumed_capacity());
        Ok(())
    }

    /// The carrier names that a shop's parcels were held for.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn seen_all(&self, shop: &ShopId) -> Result<Vec<SeenCarrier>, TableError> {
        let rows = self.rows(&keys::shop(shop), keys::SEEN, false).await?;
        let read = |item| {
            let row = Reader(item);
            Ok(SeenCarrier {
                count: row.number("count")?,
                first: row.time("first")?,
                last: Sighting {
                    name: row.text("name")?,
                    order: row.text("order")?,
                    number: row.text_if("number"),
                    at: row.time("last")?,
                },
            })
        };
        rows.iter().map(read).collect()
    }
    /// Deletes what was seen in a shop.
    ///
    /// # Errors
    /// [`TableError`]; what is left goes with the next call.
    pub async fn seen_delete(&self, shop: &ShopId) -> Result<(), TableError> {
        for item in self.rows(&keys::shop(shop), keys::SEEN, true).await? {
            let row = Reader(&item);
            self.delete(&Key { pk: row.text(PK)?, sk: row.text(SK)? }).await?;
        }
        Ok(())
    }
}
