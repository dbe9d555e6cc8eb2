//! Schedule: send due tracking numbers to TikTok Shop. Transport ↔ flow; nothing is decided here.

use serde::Deserialize;
use waybill::app::App;
use waybill::flows::push::{self as push_tracking, Summary};
use waybill::table::keys::Shard;

/// The schedule's constant input.
#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    /// The shards of this schedule, `0` to `63`.
    pub shards: Vec<u8>,
}

/// The input names a shard that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("shards: {0} is not a shard, use 0 to 63")]
pub struct NoSuchShard(pub u8);

/// One run.
///
/// # Errors
/// [`NoSuchShard`]; everything else is a count in the summary.
pub async fn handle(app: &App, event: &Event) -> Result<Summary, NoSuchShard> {
    let shards: Result<Vec<Shard>, NoSuchShard> =
        event.shards.iter().map(|number| Shard::new(*number).ok_or(NoSuchShard(*number))).collect();
    Ok(push_tracking::run(app, &shards?).await)
}
