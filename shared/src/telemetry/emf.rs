//! Metrics as log lines in CloudWatch's Embedded Metric Format: no call, no agent, no cost beyond the line.
//! Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".

use super::Sink;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The metrics' namespace; alarms and the dashboard name it.
pub const NAMESPACE: &str = "Waybill";
/// The only dimension. Never shops, stores or accounts: each value would be a metric of its own, and paid as one.
pub const DIMENSION: &str = "function";
/// The format takes at most this many metrics a line.
const MOST: usize = 100;

/// CloudWatch's name of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Bytes.
    Bytes,
    /// Of a hundred.
    Percent,
}

impl Unit {
    fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
            Self::Milliseconds => "Milliseconds",
            Self::Bytes => "Bytes",
            Self::Percent => "Percent",
        }
    }
}

/// One measured value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Its name: lower case with underscores, constant.
    pub name: &'static str,
    /// What the value counts.
    pub unit: Unit,
    /// The value.
    pub value: f64,
}

impl Metric {
    /// A number of things. Exact up to 2^53.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "metrics are never that large")]
    pub fn count(name: &'static str, value: u64) -> Self {
        Self { name, unit: Unit::Count, value: value as f64 }
    }

    /// A span of time in seconds.
    #[must_use]
    pub fn seconds(name: &'static str, value: f64) -> Self {
        Self { name, unit: Unit::Seconds, value }
    }
}

/// Names that summaries and alarms share; the table and the mail service bring their own metrics.
pub mod metric {
    /// Age of the oldest due parcel at the start of a push run, in seconds.
    pub const OLDEST_DUE_AGE: &str = "oldest_due_age";
    /// A push run of the schedule has ended. No value for minutes means no run.
    pub const PUSH_RUNS: &str = "push_runs";
    /// Parcels TikTok has accepted.
    pub const PUSHED: &str = "pushed";
    /// Parcels that turned out to be at TikTok already: we crashed or timed out before.
    pub const RECONCILED: &str = "reconciled";
    /// Parcels newly held, for whatever reason.
    pub const HELD: &str = "held";
    /// Parcels held because of us: internal, or a code of TikTok's this version does not know.
    pub const HELD_UNEXPECTED: &str = "held_unexpected";
    /// The breaker for all of TikTok is open.
    pub const BREAKER_OPEN: &str = "breaker_open";
    /// A shard was taken over from an owner that crashed.
    pub const CAREFUL_MODE: &str = "careful_mode";
    /// Difference between our clock and TikTok's, in seconds and without sign.
    pub const CLOCK_OFFSET: &str = "clock_offset";
    /// Webhooks answered.
    pub const WEBHOOKS: &str = "webhooks";
    /// Webhooks with a missing or wrong signature.
    pub const BAD_SIGNATURES: &str = "bad_signatures";
    /// Webhooks of stores we do not know.
    pub const UNKNOWN_STORE: &str = "unknown_store";
    /// Shipments heard of in any way.
    pub const SHIPMENTS_FOUND: &str = "shipments_found";
    /// Shipments that only a poll found: their webhook is missing.
    pub const FOUND_ONLY_BY_POLL: &str = "found_only_by_poll";
    /// Carriers that left a shop's list at TikTok since the last reading.
    pub const CARRIERS_GONE: &str = "carriers_gone";
    /// Access tokens refreshed or tried to.
    pub const REFRESHES: &str = "refreshes";
    /// Refreshes that failed.
    pub const REFRESH_FAILURES: &str = "refresh_failures";
}

/// Writes metrics as one line (more only above a hundred). Values that are not numbers are left out, for one of them
/// makes CloudWatch drop the line; an empty list writes nothing.
pub fn emit_metrics(sink: &Sink, function: &str, at: Timestamp, metrics: &[Metric]) {
    let finite: Vec<&Metric> = metrics.iter().filter(|metric| metric.value.is_finite()).collect();
    for chunk in finite.chunks(MOST) {
        let definitions: Vec<Value> =
            chunk.iter().map(|metric| json!({"Name": metric.name, "Unit": metric.unit.as_str()})).collect();
        let mut line = Map::new();
        line.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": at.as_millisecond(),
                "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": definitions}],
            }),
        );
        line.insert(DIMENSION.to_owned(), function.into());
        for metric in chunk {
            line.insert(metric.name.to_owned(), number(metric.value));
        }
        sink.line(&Value::Object(line).to_string());
    }
}

/// Whole numbers without a fraction: easier to read, and shorter.
fn number(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        let whole = value as i64;
        whole.into()
    } else {
        value.into()
    }
}
