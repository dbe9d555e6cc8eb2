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
pub const TO_ACCEPTANCE: Units = Units { writes: 12.3, reads: 4.0 };
/// Of that, what is the parcel's alone: without the order's row, its import and what it says of the parcel.
pub const PARCEL_TO_ACCEPTANCE: Units = Units { writes: 7.3, reads: 3.5 };
/// From acceptance to delivery: ready to ship, in transit, delivered.
pub const TO_DELIVERY: Units = Units { writes: 5.0, reads: 1.5 };
/// A webhook that tells the same again.
pub const REPEATED: Units = Units { writes: 0.0, reads: 0.5 };
/// A webhook of TikTok's about an order: its shop, when it is visited next, and the parcels that may have waited for it.
/// What the visit writes is with the order.
pub const TIKTOK_WEBHOOK: Units = Units { writes: 0.1, reads: 3.0 };
/// An idle shop in a day: its visit, a look after it every third day, its tokens each week. A shard's lease is beside it:
/// two units for each minute in which one of its shops is visited.
pub const IDLE_SHOP_A_DAY: Units = Units { writes: 5.9, reads: 14.0 };
