//! Schedule, and news from the table: send due tracking numbers to TikTok Shop. Transport ↔ flow; nothing is decided here.

use serde::Deserialize;
use waybill::app::App;
use waybill::flows::intake::wake;
use waybill::flows::push::{self as push_tracking, Summary};
use waybill::table::error::TableError;
use waybill::table::keys::{Key, Shard};

/// Who calls, and why.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Call {
    /// The schedule: it is time.
    Schedule(Event),
    /// The table's stream: rows are new.
    News(News),
}

/// The schedule's constant input.
#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    /// The shards of this schedule, `0` to `63`.
    pub shards: Vec<u8>,
}

/// A batch of the table's stream, which tells keys and nothing else.
/// Source: Lambda developer guide, "Using AWS Lambda with Amazon DynamoDB", example event.
#[derive(Clone, Debug, Deserialize)]
pub struct News {
    /// What has changed, by row.
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// One change of one row.
#[derive(Clone, Debug, Deserialize)]
pub struct Record {
    /// The change.
    pub dynamodb: Change,
}

/// What is told of a change.
#[derive(Clone, Debug, Deserialize)]
pub struct Change {
    /// The row's key.
    #[serde(rename = "Keys")]
    pub keys: RowKey,
}

/// A row's key in DynamoDB's own form.
#[derive(Clone, Debug, Deserialize)]
pub struct RowKey {
    /// Its partition.
    pub pk: Text,
    /// Its place there.
    pub sk: Text,
}

/// A text in DynamoDB's own form.
#[derive(Clone, Debug, Deserialize)]
pub struct Text {
    /// The text.
    #[serde(rename = "S")]
    pub text: String,
}

/// The input names a shard that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("shards: {0} is not a shard, use 0 to 63")]
pub struct NoSuchShard(pub u8);

/// A call had no effect.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Its input.
    #[error(transparent)]
    Shard(#[from] NoSuchShard),
    /// The table, asked whose the news are. The schedule finds what they were about.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Answers whoever calls.
///
/// # Errors
/// [`Fault`]; everything else is a count in the summary.
pub async fn answer(app: &App, call: &Call) -> Result<Summary, Fault> {
    match call {
        Call::Schedule(event) => Ok(handle(app, event).await?),
        Call::News(news) => {
            let key = |record: &Record| {
                let RowKey { pk, sk } = &record.dynamodb.keys;
                Key { pk: pk.text.clone(), sk: sk.text.clone() }
            };
            let rows: Vec<Key> = news.records.iter().map(key).collect();
            Ok(push_tracking::on_news(app, &wake::of_rows(app, &rows).await?).await)
        }
    }
}

/// One run of the schedule.
///
/// # Errors
/// [`NoSuchShard`]; everything else is a count in the summary.
pub async fn handle(app: &App, event: &Event) -> Result<Summary, NoSuchShard> {
    let shards: Result<Vec<Shard>, NoSuchShard> =
        event.shards.iter().map(|number| Shard::new(*number).ok_or(NoSuchShard(*number))).collect();
    Ok(push_tracking::run(app, &shards?).await)
}
