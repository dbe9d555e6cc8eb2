//! `GET /metrics` in Prometheus' text form, from the same lines that CloudWatch reads of the deployed functions.
//! Source: Prometheus documentation, "Exposition formats", text-based format 0.0.4.

use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use waybill::telemetry::{DIMENSION, Sink};
use waybill_listen::Seen;

/// Measured values that are a state and no count.
const STATES: [&str; 2] = ["breaker_open", "oldest_due_age"];

/// What was counted since the start.
#[derive(Debug, Default)]
pub struct Registry {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By name, then by function.
    counts: BTreeMap<String, BTreeMap<String, f64>>,
    states: BTreeMap<String, BTreeMap<String, f64>>,
    answers: BTreeMap<u16, u64>,
    /// When a run of the push ended last.
    last_push: Option<f64>,
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A sink for metric lines.
    #[must_use]
    pub fn sink(self: &Arc<Self>) -> Sink {
        let registry = Arc::clone(self);
        Sink::new(move |line| registry.take(line))
    }

    /// Takes one metric line.
    pub fn take(&self, line: &str) {
        let Ok(line) = serde_json::from_str::<Value>(line) else { return };
        let function = line[DIMENSION].as_str().unwrap_or_default();
        let definitions = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array();
        let mut state = self.lock();
        for definition in definitions.into_iter().flatten() {
            let Some(name) = definition["Name"].as_str() else { continue };
            let Some(value) = line[name].as_f64() else { continue };
            if definition["Unit"] == "Count" && !STATES.contains(&name) {
                let count = state.counts.entry(name.to_owned()).or_default().entry(function.to_owned()).or_default();
                *count += value;
            } else {
                let unit = if definition["Unit"] == "Seconds" { "_seconds" } else { "" };
                state.states.entry(format!("{name}{unit}")).or_default().insert(function.to_owned(), value);
            }
        }
        if function == "tracking-push" {
            state.last_push = line["_aws"]["Timestamp"].as_f64().map(|ms| ms / 1000.0);
        }
    }

    /// A request was answered with this status.
    pub fn answered(&self, status: u16) {
        *self.lock().answers.entry(status).or_default() += 1;
    }

    /// The page.
    #[must_use]
    pub fn page(&self, seen: &Seen, now: Timestamp) -> String {
        let state = self.lock();
        let mut page = String::new();
        let mut family = |name: &str, kind: &str, rows: &[(String, f64)]| {
            // Writing to a String cannot fail.
            let _ = writeln!(page, "# TYPE waybill_{name} {kind}");
            for (labels, value) in rows {
                let _ = writeln!(page, "waybill_{name}{labels} {value}");
            }
        };
        let by = |label: &str, rows: &BTreeMap<String, f64>| -> Vec<(String, f64)> {
            rows.iter().map(|(of, value)| (format!("{{{label}=\"{of}\"}}"), *value)).collect()
        };
        family("up", "gauge", &[(format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1.0)]);
        for (name, rows) in &state.counts {
            family(&format!("{name}_total"), "counter", &by("function", rows));
        }
        for (name, rows) in &state.states {
            family(name, "gauge", &by("function", rows));
        }
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let float = |number: u64| number as f64;
        let answers = state.answers.iter().map(|(status, count)| (format!("{{status=\"{status}\"}}"), float(*count)));
        family("http_answers_total", "counter", &answers.collect::<Vec<_>>());
        for (name, kind, value) in [
            ("connections_open", "gauge", &seen.open),
            ("connections_total", "counter", &seen.accepted),
            ("connections_evicted_total", "counter", &seen.evicted),
            ("accepts_failed_total", "counter", &seen.failed),
        ] {
            family(name, kind, &[(String::new(), float(value.load(Ordering::Relaxed)))]);
        }
        if let Some(last) = state.last_push {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of this century")]
            let age = now.as_millisecond() as f64 / 1000.0 - last;
            family("last_push_age_seconds", "gauge", &[(String::new(), age.max(0.0))]);
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waybill::telemetry::{Metric, emit_metrics, metric};

    #[test]
    fn lines_of_the_functions_become_counters_and_states() {
        let registry = Arc::new(Registry::default());
        let at = |second| Timestamp::from_second(second).expect("a time");
        for second in [100, 160] {
            let metrics = [
                Metric::count(metric::PUSHED, 2),
                Metric::count(metric::BREAKER_OPEN, 1),
                Metric::seconds(metric::OLDEST_DUE_AGE, 1.5),
            ];
            emit_metrics(&registry.sink(), "tracking-push", at(second), &metrics);
        }
        registry.answered(200);
        registry.answered(200);
        registry.take("no line of ours");
        let page = registry.page(&Seen::default(), at(190));
        for line in [
            "# TYPE waybill_pushed_total counter",
            "waybill_pushed_total{function=\"tracking-push\"} 4",
            "waybill_breaker_open{function=\"tracking-push\"} 1",
            "waybill_oldest_due_age_seconds{function=\"tracking-push\"} 1.5",
            "waybill_http_answers_total{status=\"200\"} 2",
            "waybill_last_push_age_seconds 30",
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
    }
}
