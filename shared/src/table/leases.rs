//! Who talks for a shard, and whether TikTok as a whole is down.

use super::codec::{Reader, Writer};
use super::error::TableError;
use super::keys::{self, PK, SK, Shard};
use super::{If, Table};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValue};
use jiff::{SignedDuration, Timestamp};
use std::sync::atomic::Ordering;

/// A lease outlives the function that took it (time-out 58 s): an expired lease means a dead owner.
pub const LEASE_TIME: SignedDuration = SignedDuration::from_secs(75);

/// The answer to a request for a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// It is ours.
    Taken {
        /// The last owner never gave it back: it crashed, so work with care.
        crashed: bool,
    },
    /// Somebody else talks for the shard.
    Busy,
}

impl Table {
    /// Takes a shard if nobody has it or its owner is dead. `me` makes a repeated request (its first answer was lost)
    /// succeed.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn lease_take(&self, shard: Shard, me: &str, now: Timestamp) -> Result<Lease, TableError> {
        let _turn = self.turn().await;
        let number = |at: Timestamp| AttributeValue::N(at.as_millisecond().to_string());
        let answer = self
            .lease_change(
                shard,
                "SET kind = :kind, #until = :until, #owner = :me",
                "attribute_not_exists(#until) OR #until < :now OR #owner = :me",
            )
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":kind", AttributeValue::S("lease".into()))
            .expression_attribute_values(":until", number(now + LEASE_TIME))
            .expression_attribute_values(":now", number(now))
            .expression_attribute_values(":me", AttributeValue::S(me.to_owned()))
            .return_values(ReturnValue::UpdatedOld)
            .send()
            .await;
        match answer.map_err(|e| super::failure(&e)) {
            Ok(answer) => {
                self.meter.add(true, answer.consumed_capacity());
                let old = answer.attributes.unwrap_or_default();
                let old = Reader(&old);
                let owner = old.text_if("owner").unwrap_or_default();
                // A released lease has an empty owner.
                Ok(Lease::Taken { crashed: !owner.is_empty() && owner != me })
            }
            Err(TableError::Conflict) => Ok(Lease::Busy),
            Err(other) => Err(other),
        }
    }

    /// Gives a shard back.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when it is no longer ours.
    pub async fn lease_release(&self, shard: Shard, me: &str) -> Result<(), TableError> {
        let _turn = self.turn().await;
        let answer = self
            .lease_change(shard, "SET #until = :zero, #owner = :nobody", "#owner = :me")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":zero", AttributeValue::N("0".into()))
            .expression_attribute_values(":nobody", AttributeValue::S(String::new()))
            .expression_attribute_values(":me", AttributeValue::S(me.to_owned()))
            .send()
            .await
            .map_err(|e| super::failure(&e))?;
        self.meter.add(true, answer.consumed_capacity());
        Ok(())
    }

    /// The owner of a shard's lease is dead for certain: it ends at `until`, if it does not end sooner. That its owner
    /// crashed stays known.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn lease_of_the_dead(&self, shard: Shard, until: Timestamp) -> Result<(), TableError> {
        let _turn = self.turn().await;
        let answer = self
            .lease_change(shard, "SET #until = :until", "#until > :until")
            .expression_attribute_values(":until", AttributeValue::N(until.as_millisecond().to_string()))
            .send()
            .await;
        match answer.map_err(|e| super::failure(&e)) {
            Ok(answer) => self.meter.add(true, answer.consumed_capacity()),
            Err(TableError::Conflict) => {}
            Err(other) => return Err(other),
        }
        Ok(())
    }

    /// A change of a shard's lease on a condition, counted.
    fn lease_change(&self, shard: Shard, change: &str, condition: &str) -> UpdateItemFluentBuilder {
        let key = keys::lease(shard);
        self.meter.write_requests.fetch_add(1, Ordering::Relaxed);
        self.client
            .update_item()
            .table_name(&self.name)
            .key(PK, AttributeValue::S(key.pk))
            .key(SK, AttributeValue::S(key.sk))
            .update_expression(change)
            .condition_expression(condition)
            .expression_attribute_names("#until", "until")
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }

    /// Until when calls to TikTok rest, if they do.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn breaker_get(&self) -> Result<Option<Timestamp>, TableError> {
        Ok(self.get(&keys::breaker(), false).await?.and_then(|item| Reader(&item).time_if("until")))
    }

    /// Lets calls to TikTok rest until then.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn breaker_put(&self, until: Timestamp) -> Result<(), TableError> {
        self.put(Writer::new(keys::breaker(), "breaker").time("until", until).done(), If::Always).await
    }
}
