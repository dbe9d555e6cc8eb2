//! The one table: rows, lists and conditional writes.
//!
//! | # | Question | Asked by | Operation | Key |
//! |---|---|---|---|---|
//! | 1 | Whose webhook address is this? | receive_webhook | get | `HOOK#<hook>` / `HOOK` |
//! | 2 | Which connection is this store, this shop? | intake, push | get | `STORE#<store>`, `SHOP#<shop>` / `CONNECTION` |
//! | 3 | What travels under this store order, and which TikTok order is it? | intake, push | query | `STORE#<store>` / `ORDER#<store order>#…` |
//! | 4 | Do we know this parcel already? | intake | put if `rev` is as seen | `STORE#<store>` / `ORDER#<store order>#PARCEL#<number>` |
//! | 5 | What is due by now? | push | query `due` | `PUSH#<shard>` / `<ms>#<shop>` |
//! | 6 | What waits for a hand, which custom fields? | console, local, carriers | query `list`, then batch get | `HELD#<shop>` / `<reason>#<ms>`, `FIELDS#<shop>` / `<ms>` |
//! | 7 | Which parcels belong to this TikTok order? | local | query with filter | `STORE#<store>` / `ORDER#…` |
//! | 8 | Am I the only one talking for this shard? | push | update if free | `LEASE#<shard>` / `LEASE` |
//! | 9 | Is TikTok as a whole down? | push | get, put | `BREAKER#tiktok` / `BREAKER` |
//! | 10 | What opens this shop's calls? | access | get; put if `tv` is as seen | `TOKEN#<app>#<open id>` / `TOKEN` |
//! | 11 | Which authorisations need a refresh or a reminder? | tick | query `due` | `AUTH#<slot>` / `<ms>#<shop, store or open id>` |
//! | 12 | What does this store call this carrier? | push, carriers | get; put if `ver` is as seen | `SHOP#<shop>` / `MAP`, `ACCOUNT#<a>` / `MAP#default` |
//! | 13 | Which carriers does this shop take? | push, carriers | get, put, query | `SHOP#<shop>` / `PROVIDERS#<option>#<route>` |
//! | 14 | Who and what is here? | local, console | query | `INSTALLATION`, `ACCOUNT#<a>` |
//! | 15 | Does this one-time value still count? | console | put if absent; delete if there | `ONCE#<sha256>` / `ONCE` |
//! | 16 | Who is this browser? | console | get, put, delete | `SESSION#<sha256>` / `SESSION` |
//! | 17 | Was this mail sent, and who has it? | remind_reauthorisation | put if absent; put if `rev` is as seen | `SHOP#<shop>` / `MAIL#<kind>#<cycle>#<step>` |
//! | 18 | Which parcels wait under this TikTok order? | receive_tiktok | query | `SHOP#<shop>` / `ORDER#<order>#…` |
//! | 19 | Which stores are to be read, whose people told, which fields written? | tick | query `due` | `POLL#<slot>` / `<ms>#<shop or store>` |
//! | 20 | Which carrier names does nobody know yet? | push, carriers | update, query | `SHOP#<shop>` / `SEEN#<carrier>` |
//! | 21 | Do mails to this account and its people arrive? | tick, console | query, put, delete | `ACCOUNT#<a>` / `MAIL`, `MAIL#<sha256>` |
//! | 22 | Does this store's webhook address hear anything? | store_webhook, local, console | update, get | `STORE#<store>` / `HEARD` |
//! | 23 | What did people add to this order? | local | put if absent, query | `SHOP#<shop>` / `NOTE#<order>#<ms>` |
//! | 24 | Which keys ever signed a proof? | local, console | put if absent, query | `PROOF#keys` / `KEY#<n>#<fingerprint>` |
//! | 25 | Who may do what in this account? | console, local | get; put if `rev` is as seen | `ACCOUNT#<a>` / `PEOPLE` |
//! | 26 | In which accounts is the person of this address? | console, local | query | `EMAIL#<sha256>` / `EMAIL`, `MEMBER#<a>` |
//! | 27 | How far has the daily round over accounts come? | tick | get; put if `rev` is as seen | `ROUND#shops` / `ROUND` |
//! | 28 | How far is this run? | console | put if `rev` is as seen, get | `ONCE#<sha256>` / `RUN` |
//! | 29 | Which orders of accepted numbers are looked at again? | push | put, query | `SHOP#<shop>` / `LOOK#<ms>#<order>` |
//! | 30 | How far has an import come? | local | get, put, delete | `INSTALLATION#import` / `IMPORT` |
//!
//! No scans, except where a person moves the whole table (`transfer`). Every change of a row is conditional; a failed
//! condition is [`TableError::Conflict`], an answer. The index is behind: what it names is read strongly before it is used.

pub mod accounts;
pub mod audit;
mod batch;
pub mod codec;
pub mod connections;
pub mod custom_fields;
pub mod error;
pub mod heard;
pub mod keys;
pub mod leases;
pub mod mails;
pub mod maps;
mod meter;
pub mod notes;
pub mod notices;
pub mod once;
pub mod orders;
mod pages;
pub mod parcels;
pub mod people;
pub mod proof_keys;
pub mod runs;
pub mod schema;
pub mod seen;
pub mod slow;
pub mod tokens;
pub mod transfer;
pub mod visits;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValue};
use codec::{Item, Reader};
use error::TableError;
use keys::{DUE, Index, Key, PK, SK};
pub use meter::{Meter, Usage};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Entries of a due list in one answer. Many lists are read side by side, and an entry in the SDK's hands is several
/// times its size: DynamoDB's own page of 1 MB would be felt in a function's memory.
const PAGE: i32 = 256;

/// Entries of a list that is read or counted as a whole: a few less than fill DynamoDB's page. The embedded table reads
/// all that is left of a list for a page without a limit.
const LISTED: i32 = 4_096;

/// Requests in flight at a time. A worker that takes up two hundred shops would otherwise open as many connections as it
/// has orders; DynamoDB answers in milliseconds, so this many are thousands a second.
const IN_FLIGHT: usize = 64;

/// A handle on the table; clones share it.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
    meter: Arc<Meter>,
    turns: Arc<Semaphore>,
}

/// On what condition a row is written.
#[derive(Clone, Debug)]
pub(crate) enum If {
    /// No row is there.
    Absent,
    /// The counter attribute is as seen.
    Counter(&'static str, u64),
    /// Whatever is there.
    Always,
}

impl Table {
    /// A table by name.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        let turns = Arc::new(Semaphore::new(IN_FLIGHT));
        Self { client, name: name.into(), meter: Arc::default(), turns }
    }

    /// Its name; part of what a seal binds.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it cost so far, in this process.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.meter.read()
    }

    /// Waits until a request may set out; it may be under way as long as this is kept.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.turns.acquire().await.ok()
    }

    pub(crate) async fn get(&self, key: &Key, strong: bool) -> Result<Option<Item>, TableError> {
        let _turn = self.turn().await;
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .key(PK, AttributeValue::S(key.pk.clone()))
            .key(SK, AttributeValue::S(key.sk.clone()))
            .consistent_read(strong)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|e| failure(&e))?;
        self.meter.add(false, answer.consumed_capacity());
        Ok(answer.item)
    }

    pub(crate) async fn put(&self, item: Item, condition: If) -> Result<(), TableError> {
        let _turn = self.turn().await;
        self.meter.write_requests.fetch_add(1, Ordering::Relaxed);
        let mut put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        put = match condition {
            If::Absent => put.condition_expression("attribute_not_exists(pk)"),
            If::Counter(name, seen) => put
                .condition_expression("#counter = :seen")
                .expression_attribute_names("#counter", name)
                .expression_attribute_values(":seen", AttributeValue::N(seen.to_string())),
            If::Always => put,
        };
        let answer = put.send().await.map_err(|e| failure(&e))?;
        self.meter.add(true, answer.consumed_capacity());
        Ok(())
    }

    fn deletion(&self, key: &Key) -> DeleteItemFluentBuilder {
        let delete = self.client.delete_item().table_name(&self.name);
        delete.key(PK, AttributeValue::S(key.pk.clone())).key(SK, AttributeValue::S(key.sk.clone()))
    }

    /// Gives the row that was there, if that was asked for.
    async fn send_deletion(&self, delete: DeleteItemFluentBuilder) -> Result<Option<Item>, TableError> {
        let _turn = self.turn().await;
        self.meter.write_requests.fetch_add(1, Ordering::Relaxed);
        let delete = delete.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let answer = delete.send().await.map_err(|e| failure(&e))?;
        self.meter.add(true, answer.consumed_capacity());
        Ok(answer.attributes)
    }

    pub(crate) async fn delete(&self, key: &Key) -> Result<(), TableError> {
        self.send_deletion(self.deletion(key)).await.map(drop)
    }

    /// Deletes a row and returns it: of two callers at once, one gets it.
    pub(crate) async fn take(&self, key: &Key) -> Result<Option<Item>, TableError> {
        let delete = self.deletion(key).condition_expression("attribute_exists(pk)").return_values(ReturnValue::AllOld);
        match self.send_deletion(delete).await {
            Err(TableError::Conflict) => Ok(None),
            other => other,
        }
    }

    /// Deletes a row whose counter is as seen.
    pub(crate) async fn delete_if(&self, key: &Key, counter: &str, seen: u64) -> Result<(), TableError> {
        let delete = self
            .deletion(key)
            .condition_expression("#counter = :seen")
            .expression_attribute_names("#counter", counter)
            .expression_attribute_values(":seen", AttributeValue::N(seen.to_string()));
        self.send_deletion(delete).await.map(drop)
    }

    /// All rows of a partition whose sort key starts with a prefix.
    pub(crate) async fn rows(&self, pk: &str, prefix: &str, strong: bool) -> Result<Vec<Item>, TableError> {
        let mut query = self
            .client
            .query()
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .consistent_read(strong);
        query = if prefix.is_empty() {
            query.key_condition_expression("#pk = :pk")
        } else {
            query
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
        };
        self.pages(query, usize::MAX).await
    }

    /// A query of a list in an index. `bounds` is the condition on the sort key with its values; empty: all entries.
    fn list_query(&self, index: Index, list: &str, bounds: &str, values: &[(&str, &str)]) -> QueryFluentBuilder {
        let mut query = self
            .client
            .query()
            .index_name(index.name)
            .key_condition_expression(format!("#pk = :pk{bounds}"))
            .expression_attribute_names("#pk", index.pk)
            .expression_attribute_values(":pk", AttributeValue::S(list.to_owned()));
        if !bounds.is_empty() {
            query = query.expression_attribute_names("#sk", index.sk);
        }
        for (name, value) in values {
            query = query.expression_attribute_values(*name, AttributeValue::S((*value).to_owned()));
        }
        query
    }

    /// Places in a list of `due` between two sort keys.
    pub(crate) async fn listed_between(&self, list: &str, from: &str, until: &str) -> Result<Vec<String>, TableError> {
        let values = [(":from", from), (":until", until)];
        let query = self.list_query(DUE, list, " AND #sk BETWEEN :from AND :until", &values);
        let items = self.pages(query, usize::MAX).await?;
        items.iter().map(|item| Reader(item).text(DUE.sk)).collect()
    }

    /// The first place in a list of `due` behind a sort key.
    pub(crate) async fn listed_first(&self, list: &str, after: &str) -> Result<Option<String>, TableError> {
        self.listed_first_in(DUE, list, after).await
    }

    /// The first place in a list of an index behind a sort key; empty: the first of all.
    async fn listed_first_in(&self, index: Index, list: &str, after: &str) -> Result<Option<String>, TableError> {
        let query = match after {
            "" => self.list_query(index, list, "", &[]),
            after => self.list_query(index, list, " AND #sk > :from", &[(":from", after)]),
        };
        let first = self.pages_of(query.limit(1)).next().await?.unwrap_or_default();
        first.first().map(|item| Reader(item).text(index.sk)).transpose()
    }

    /// Whether a list of an index holds anything.
    pub(crate) async fn is_listed(&self, index: Index, list: &str) -> Result<bool, TableError> {
        let first = self.pages_of(self.list_query(index, list, "", &[]).limit(1)).next().await?;
        Ok(first.is_some_and(|page| !page.is_empty()))
    }

    /// Entries of a list of `due` whose sort key is at most `until`, oldest first, at most `limit`.
    pub(crate) async fn listed_until(&self, list: &str, until: &str, limit: usize) -> Result<Vec<Listed>, TableError> {
        let mut pages = self.due_pages(list, until);
        let mut entries = Vec::new();
        while let Some(page) = pages.next().await? {
            for item in &page {
                entries.push(Listed::read(item, DUE)?);
            }
            if entries.len() >= limit {
                entries.truncate(limit);
                break;
            }
        }
        Ok(entries)
    }

    /// Entries of an index's list whose sort key starts with a prefix.
    pub(crate) async fn listed_in(&self, index: Index, list: &str, prefix: &str) -> Result<Vec<Listed>, TableError> {
        let query = match prefix {
            "" => self.list_query(index, list, "", &[]),
            prefix => self.list_query(index, list, " AND begins_with(#sk, :prefix)", &[(":prefix", prefix)]),
        };
        self.pages(query.limit(LISTED), usize::MAX).await?.iter().map(|item| Listed::read(item, index)).collect()
    }

    /// The pages of a due list, one at a time: a long backlog is never in memory as a whole.
    pub(crate) fn due_pages(&self, list: &str, until: &str) -> Pages<'_> {
        let query = self.list_query(DUE, list, " AND #sk <= :until", &[(":until", until)]).limit(PAGE);
        self.pages_of(query)
    }

    fn pages_of(&self, query: QueryFluentBuilder) -> Pages<'_> {
        let query = query.table_name(&self.name).return_consumed_capacity(ReturnConsumedCapacity::Total);
        Pages { table: self, query, start: None, ended: false }
    }

    async fn pages(&self, query: QueryFluentBuilder, limit: usize) -> Result<Vec<Item>, TableError> {
        let mut pages = self.pages_of(query);
        let mut items = Vec::new();
        while let Some(page) = pages.next().await? {
            items.extend(page);
            if items.len() >= limit {
                items.truncate(limit);
                break;
            }
        }
        Ok(items)
    }
}

/// A query's answer, page by page.
pub(crate) struct Pages<'a> {
    table: &'a Table,
    query: QueryFluentBuilder,
    start: Option<Item>,
    ended: bool,
}

impl Pages<'_> {
    /// The next page; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Item>>, TableError> {
        if self.ended {
            return Ok(None);
        }
        let query = self.query.clone().set_exclusive_start_key(self.start.take());
        let _turn = self.table.turn().await;
        let page = query.send().await.map_err(|e| failure(&e))?;
        self.table.meter.add(false, page.consumed_capacity());
        self.start = page.last_evaluated_key;
        self.ended = self.start.is_none();
        Ok(Some(page.items.unwrap_or_default()))
    }
}

/// An entry of a list: where the row is, and where in the list it stood. The index may be behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The row.
    pub key: Key,
    /// Its sort key in the list.
    pub place: String,
}

impl Listed {
    fn read(item: &Item, index: Index) -> Result<Self, TableError> {
        let reader = Reader(item);
        Ok(Self { key: reader.key()?, place: reader.text(index.sk)? })
    }
}

/// What an SDK error means for us. Texts are AWS's own; they name the table, never a row's contents.
fn failure<E: ProvideErrorMetadata + std::error::Error + 'static>(error: &SdkError<E>) -> TableError {
    match error {
        SdkError::ServiceError(service) => {
            let error = service.err();
            let text = || format!("{}: {}", error.code().unwrap_or("error"), error.message().unwrap_or("no message"));
            match error.code().unwrap_or_default() {
                "ConditionalCheckFailedException" | "TransactionConflictException" => TableError::Conflict,
                "ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded" => {
                    TableError::Throttled
                }
                "InternalServerError" | "ServiceUnavailable" | "InternalServerErrorException" => {
                    TableError::Unavailable(text())
                }
                _ if service.raw().status().is_server_error() => TableError::Unavailable(text()),
                _ => TableError::Refused(text()),
            }
        }
        SdkError::ConstructionFailure(_) => TableError::Refused("the request could not be built".into()),
        SdkError::TimeoutError(_) => TableError::Unavailable("no answer in time".into()),
        SdkError::DispatchFailure(_) => TableError::Unavailable("no connection".into()),
        _ => TableError::Unavailable("the answer could not be read".into()),
    }
}
