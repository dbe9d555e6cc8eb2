//! What a tracking costs in units that AWS counts. Tests measure them (`tests/it/budget.rs`); prices are the reader's.

/// Units of the table for one tracking and its order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Units {
    /// Write request units: one for each kilobyte of a row, and one for each index entry that changes.
    pub writes: f64,
    /// Read request units: half of one for each four kilobytes, one where the newest state counts.
    pub reads: f64,
}

/// From the store's webhook to TikTok's acceptance, with the order's import.
pub const TO_ACCEPTANCE: Units = Units { writes: 12.1, reads: 4.0 };
/// Of that, what is the parcel's alone: without the order's row, its import and what it says of the parcel.
pub const PARCEL_TO_ACCEPTANCE: Units = Units { writes: 7.1, reads: 3.5 };
/// What a push costs beside its numbers: the lease of the shard, taken and given back, one row of what is to be looked at a
/// quarter of an hour later; the list, the shop, its token, maps and carriers, and when it is visited next.
pub const A_PUSH: Units = Units { writes: 3.0, reads: 5.5 };
/// From acceptance to delivery: ready to ship, in transit, delivered.
pub const TO_DELIVERY: Units = Units { writes: 5.0, reads: 1.5 };
/// A search by change begins before the last one's end, so visits see an order again and look whether it is as it was.
/// Measured by `growth -- life`, where a visit comes every five minutes.
pub const SEEN_AGAIN: Units = Units { writes: 0.0, reads: 5.5 };
/// A webhook that tells the same again.
pub const REPEATED: Units = Units { writes: 0.0, reads: 0.5 };
/// A webhook of TikTok's about an order: when its shop is visited next, and the parcels that may have waited for it.
pub const TIKTOK_WEBHOOK: Units = Units { writes: 0.0, reads: 2.0 };
/// A visit that a webhook brings forward, beside its orders: its row twice, the lease of the shard, when people are told; the
/// shop, its token, and its lists.
pub const A_VISIT: Units = Units { writes: 9.0, reads: 9.0 };
/// An idle shop in a day: its visit, a look after it every third day, its tokens each week. A shard's lease is beside it:
/// two units for each minute in which one of its shops is visited.
pub const IDLE_SHOP_A_DAY: Units = Units { writes: 5.9, reads: 15.0 };
/// Bytes of a parcel's and its order's rows with their list entries, once it is delivered; and of the parcel's alone.
pub const STORED: f64 = 2400.0;
/// See [`STORED`].
pub const STORED_PARCEL: f64 = 1850.0;
