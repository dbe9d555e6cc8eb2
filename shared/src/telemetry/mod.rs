//! Logs and metrics: one line each, from fixed lists of names.
//!
//! A log line is JSON (or plain text for the command line) with a constant message and fields from [`FIELDS`]. A field
//! that is not on the list is not written: its value may be anything, also a person or a secret; only its name shows,
//! under `unlisted`. Bodies and query strings are never fields. Other crates are heard from warnings upwards, and only
//! their message, because finer events of theirs show requests.

mod emf;
mod lines;

pub use emf::{DIMENSION, Metric, NAMESPACE, Unit, emit_metrics, metric};
pub use lines::{Lines, Style};

use crate::domain::clock::Clock;
use std::fmt;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use tracing::Subscriber;
use tracing_subscriber::Layer as _;
pub use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;

/// Every field a log line may have. Dotted names, units in the name; README explains those a runbook asks for.
pub const FIELDS: &[&str] = &[
    // Whose and what: ids of ours, of a store or of TikTok. Never people.
    "account.id",
    "app.region",
    "attempt",
    "carrier.name",
    "connection.status",
    "hook.id",
    "order.id",
    "package.id",
    "parcel.state",
    "platform",
    "provider.id",
    "shard",
    "shop.id",
    "shop.region",
    "store.id",
    "store_order.id",
    "topic",
    // The last four characters only: `Display` of a tracking number sees to it.
    "tracking",
    // What happened.
    "action",
    "error",
    "lease",
    "reason",
    "rev",
    "secret.name",
    "setting",
    "step",
    "tiktok.code",
    "tiktok.request_id",
    // HTTP, without query strings.
    "http.host",
    "http.method",
    "http.route",
    "http.status",
    // Amounts.
    "bytes",
    "clock_offset_ms",
    "count",
    "due_age_s",
    "duration_ms",
    "held",
    "in_flight",
    "remaining_ms",
    "retried",
    "retry_after_s",
    "sent",
    // The process.
    "address",
    "function",
    "requestId",
    "version",
    "xrayTraceId",
];

/// Crates whose events follow `LOG_LEVEL`; all others are capped at warnings.
const OURS: &[&str] =
    &["waybill", "store_webhook", "tracking_push", "reauth_reminder", "console", "waybill_local", "waybill_tests"];

/// Where lines go: handed in, so that tests can read them.
#[derive(Clone)]
pub struct Sink(Arc<dyn Fn(&str) + Send + Sync>);

impl Sink {
    /// Wraps a function that takes one line, without its line end.
    pub fn new(write: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(write))
    }

    /// Standard output: what CloudWatch reads of a Lambda function.
    #[must_use]
    pub fn stdout() -> Self {
        // A closed pipe must not end the process that still has parcels to push.
        Self::new(|line| drop(writeln!(std::io::stdout().lock(), "{line}")))
    }

    /// Standard error: the command line keeps standard output for results.
    #[must_use]
    pub fn stderr() -> Self {
        Self::new(|line| drop(writeln!(std::io::stderr().lock(), "{line}")))
    }

    /// Memory, and a way to read it.
    #[must_use]
    pub fn memory() -> (Self, Captured) {
        let captured = Captured::default();
        let lines = Arc::clone(&captured.0);
        let sink = Self::new(move |line| lines.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned()));
        (sink, captured)
    }

    /// Writes one line.
    pub fn line(&self, text: &str) {
        (self.0)(text);
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sink")
    }
}

/// The lines a [`Sink::memory`] has taken.
#[derive(Clone, Debug, Default)]
pub struct Captured(Arc<Mutex<Vec<String>>>);

impl Captured {
    /// All lines so far, oldest first.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The subscriber of a process or of a test.
pub fn subscriber(level: LevelFilter, style: Style, clock: Clock, sink: Sink) -> impl Subscriber + Send + Sync {
    let others = level.min(LevelFilter::WARN);
    // The embedded table warns of every condition that fails; to us that is an answer like any other.
    let targets = Targets::new()
        .with_default(others)
        .with_target("dynoxide", level.min(LevelFilter::ERROR))
        .with_targets(OURS.iter().map(|name| (*name, level)));
    tracing_subscriber::registry().with(Lines::new(style, clock, sink).with_filter(targets))
}

/// Installs the process's subscriber: JSON to standard output, or lines for people to standard error. A second call
/// changes nothing, so several handlers may share a process.
pub fn init(level: LevelFilter, style: Style, clock: Clock) {
    let sink = match style {
        Style::Json => Sink::stdout(),
        Style::Human => Sink::stderr(),
    };
    init_to(level, style, clock, sink);
}

/// As [`init`], to a sink of the caller's choice.
pub fn init_to(level: LevelFilter, style: Style, clock: Clock, sink: Sink) {
    // The error only says that there is one already.
    let _ = tracing::subscriber::set_global_default(subscriber(level, style, clock, sink));
}

#[cfg(test)]
mod tests;
