//! Long lists a page at a time: what a page shows costs what it shows, whatever a shop holds.

use super::audit::AuditEntry;
use super::codec::{Item, Reader};
use super::error::TableError;
use super::keys::{self, ClockPlace, DUE, Index, LIST, PK, SK};
use super::orders::{ClockEntry, Known, known, order_row};
use super::{LISTED, Table, failure};
use crate::domain::ids::{AccountId, ShopId, TikTokOrderId};
use crate::domain::order_row::OrderRow;
use crate::domain::reason::Reason;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, Select};
use jiff::Timestamp;

/// Rows in one answer of the table: a row of an order has about 600 bytes, an answer at most 1 MB.
const PAGE: usize = 1_000;
/// Sorts after every order id and every time.
const LAST: char = '~';

impl Table {
    /// Rows of a partition between two sort keys, at most `most` of them.
    pub(crate) async fn rows_between(
        &self,
        pk: &str,
        (first, last): (&str, &str),
        most: Option<u16>,
        strong: bool,
    ) -> Result<Vec<Item>, TableError> {
        let query = self.between(pk, first, last).scan_index_forward(true).consistent_read(strong);
        let query = query.set_limit(most.map(i32::from));
        self.pages(query, most.map_or(usize::MAX, usize::from)).await
    }

    /// The orders of a shop with their store orders, the highest of TikTok's ids first (which is about the newest), from
    /// below `before` on, at most `most`. Rows of another account are left out; `true`: there are no more.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn tiktok_orders_before(
        &self,
        shop: &ShopId,
        account: &AccountId,
        before: Option<&TikTokOrderId>,
        most: usize,
    ) -> Result<(Vec<Known>, bool), TableError> {
        let until =
            before.map_or_else(|| format!("{}{LAST}", keys::ORDERS), |order| keys::tiktok_order(shop, order).sk);
        let query = self
            .between(&keys::shop(shop), keys::ORDERS, &until)
            .limit(i32::try_from((2 * most + 2).min(PAGE)).unwrap_or(256));
        let mut pages = self.pages_of(query);
        let (mut found, mut rows): (Vec<Known>, Vec<Item>) = (Vec::new(), Vec::new());
        while let Some(page) = pages.next().await? {
            for item in page {
                let sk = Reader(&item).text(keys::SK)?;
                if Some(sk.as_str()) == before.map(|_| until.as_str()) {
                    continue;
                }
                rows.push(item);
                if !keys::is_tiktok_order(&sk) {
                    continue;
                }
                // Backwards, an order's pointers come before it.
                rows.reverse();
                let order = known(shop, &rows)?.pop();
                rows.clear();
                if found.len() >= most {
                    return Ok((found, false));
                }
                found.extend(order.filter(|order| order.row.account == *account));
            }
        }
        Ok((found, true))
    }

    /// The rows of a shop's orders as above, without their store orders: half of what is read stays in the table.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn order_rows_newest(
        &self,
        shop: &ShopId,
        account: &AccountId,
        most: usize,
    ) -> Result<(Vec<OrderRow>, bool), TableError> {
        let query = self
            .between(&keys::shop(shop), keys::ORDERS, &format!("{}{LAST}", keys::ORDERS))
            .filter_expression("attribute_exists(o)")
            .limit(i32::try_from((2 * most + 2).min(PAGE)).unwrap_or(256));
        let mut pages = self.pages_of(query);
        let mut found = Vec::new();
        while let Some(page) = pages.next().await? {
            for item in &page {
                if found.len() >= most {
                    return Ok((found, false));
                }
                let row = order_row(shop, item)?;
                found.extend(Some(row).filter(|row| row.account == *account));
            }
        }
        Ok((found, true))
    }

    /// The entries of a shop's late orders or of its running clocks after a place, nearest first, at most `most`.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn clock_entries_after(
        &self,
        shop: &ShopId,
        late: bool,
        after: &str,
        most: usize,
    ) -> Result<Vec<ClockEntry>, TableError> {
        let list = if late { keys::late_list(shop) } else { keys::clock_list(shop) };
        let query = self
            .list_query(DUE, &list, " AND #sk > :after", &[(":after", after)])
            .limit(i32::try_from(most.clamp(1, PAGE)).unwrap_or(256));
        let items = self.pages(query, most).await?;
        let mut entries = Vec::new();
        for item in &items {
            let place = ClockPlace::read(&Reader(item).text(DUE.sk)?);
            entries.extend(place.map(|at| ClockEntry { at, late }));
        }
        Ok(entries)
    }

    /// How many of a shop's running clocks are due between two moments, the second one included. No row is read.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn clocks_count(&self, shop: &ShopId, from: Timestamp, until: Timestamp) -> Result<usize, TableError> {
        self.count(DUE, keys::clock_list(shop), &keys::due_from(from), &keys::due_by(until), None).await
    }

    /// The same from a moment on, counting no further than `most`.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn clocks_from_count(&self, shop: &ShopId, from: Timestamp, most: u16) -> Result<usize, TableError> {
        let until = keys::due_by(Timestamp::MAX);
        self.count(DUE, keys::clock_list(shop), &keys::due_from(from), &until, Some(most)).await
    }

    /// How many orders of a shop are late.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn late_count(&self, shop: &ShopId) -> Result<usize, TableError> {
        let until = LAST.to_string();
        self.count(DUE, keys::late_list(shop), "0", &until, None).await
    }

    /// How many entries a shop's attention list has, by reason, each with the time of its oldest one. Only that one is
    /// fetched. `None`: rows of earlier versions are among them, and only their keys tell which stand there twice.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn held_counts(&self, shop: &ShopId) -> Result<Option<Vec<(Reason, usize, Timestamp)>>, TableError> {
        let list = keys::held_list(shop);
        if self.is_listed(DUE, &list).await? {
            return Ok(None);
        }
        let (mut oldest, mut after) = (Vec::new(), String::new());
        while let Some(place) = self.listed_first_in(LIST, &list, &after).await? {
            let code = place.split('#').next().unwrap_or_default();
            after = format!("{code}#{LAST}");
            // A later version may list for a reason that this one does not know.
            oldest.extend(keys::read_held(&place));
        }
        let counts = oldest.into_iter().map(|(reason, since)| {
            let list = list.clone();
            async move {
                let (from, until) = (format!("{}#", reason.code()), format!("{}#{LAST}", reason.code()));
                let count = self.count(LIST, list, &from, &until, None).await?;
                Ok::<_, TableError>((reason, count, since))
            }
        });
        futures_util::future::try_join_all(counts).await.map(Some)
    }

    async fn count(
        &self,
        index: Index,
        list: String,
        from: &str,
        until: &str,
        most: Option<u16>,
    ) -> Result<usize, TableError> {
        let query = self
            .list_query(index, &list, " AND #sk BETWEEN :from AND :until", &[(":from", from), (":until", until)])
            .table_name(self.name())
            .select(Select::Count)
            .limit(most.map_or(LISTED, i32::from))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let (mut total, mut start) = (0, None);
        loop {
            let _turn = self.turn().await;
            let page = query.clone().set_exclusive_start_key(start).send().await.map_err(|e| failure(&e))?;
            self.meter.add(false, page.consumed_capacity());
            total += usize::try_from(page.count).unwrap_or_default();
            start = page.last_evaluated_key;
            if start.is_none() || most.is_some_and(|most| total >= usize::from(most)) {
                return Ok(total);
            }
        }
    }

    /// The acts of an account since then, newest first, from below `before` on (a place that this method gave), at most
    /// `most`, each with its place.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn audit_before(
        &self,
        account: &AccountId,
        since: Timestamp,
        before: Option<&str>,
        most: usize,
    ) -> Result<Vec<(String, AuditEntry)>, TableError> {
        let first = keys::audit(account, since, 0).sk;
        let last = format!("{}{}", keys::AUDITS, before.unwrap_or("~"));
        if last < first {
            return Ok(Vec::new());
        }
        let query = self
            .between(&keys::account(account), &first, &last)
            .limit(i32::try_from((most + 1).min(PAGE)).unwrap_or(256));
        let mut entries = Vec::new();
        for item in self.pages(query, most + 1).await? {
            let row = Reader(&item);
            let place = row.text(SK)?.strip_prefix(keys::AUDITS).unwrap_or_default().to_owned();
            if Some(place.as_str()) != before {
                entries.push((place, AuditEntry::read(row)?));
            }
        }
        entries.truncate(most);
        Ok(entries)
    }

    /// Rows of a partition between two sort keys, backwards.
    fn between(&self, pk: &str, first: &str, last: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .expression_attribute_values(":first", AttributeValue::S(first.to_owned()))
            .expression_attribute_values(":last", AttributeValue::S(last.to_owned()))
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :first AND :last")
            .scan_index_forward(false)
    }
}
