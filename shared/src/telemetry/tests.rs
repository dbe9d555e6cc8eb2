use super::*;
use jiff::Timestamp;
use serde_json::Value;
use std::io;

fn at() -> Timestamp {
    "2026-11-03T10:00:00.25Z".parse().expect("a time")
}

fn logged(level: LevelFilter, style: Style, tell: impl FnOnce()) -> Vec<String> {
    let (sink, captured) = Sink::memory();
    tracing::subscriber::with_default(subscriber(level, style, Clock::fixed(at()), sink), tell);
    captured.lines()
}

fn json(tell: impl FnOnce()) -> Value {
    let lines = logged(LevelFilter::INFO, Style::Json, tell);
    assert_eq!(lines.len(), 1, "{lines:?}");
    serde_json::from_str(&lines[0]).expect("a line is JSON")
}

#[derive(Debug, thiserror::Error)]
#[error("the table cannot answer")]
struct Outer(#[source] io::Error);

#[test]
fn a_line_has_time_level_message_and_the_listed_fields() {
    let line = json(|| tracing::info!(order.id = %"576", shard = 7, "tracking pushed"));
    assert_eq!(
        line,
        serde_json::json!({"time": "2026-11-03T10:00:00.250Z", "level": "INFO", "message": "tracking pushed",
            "target": "waybill::telemetry::tests", "order.id": "576", "shard": 7})
    );
}

#[test]
fn a_field_that_is_not_listed_shows_its_name_and_not_its_value() {
    let line = json(|| tracing::info!(buyer.email = "canary@example.org", "webhook read"));
    assert_eq!(line["unlisted"], serde_json::json!(["buyer.email"]));
    assert!(!line.to_string().contains("canary"));
    let span = json(|| {
        tracing::info_span!("request", body = "canary", shop.id = "7").in_scope(|| tracing::info!("handled"));
    });
    assert!(!span.to_string().contains("canary"));
    assert_eq!(span["shop.id"], "7");
}

#[test]
fn what_a_span_learns_later_is_on_the_line() {
    let line = json(|| {
        let span = tracing::info_span!("webhook", platform = "shopify", store.id = tracing::field::Empty);
        span.record("store.id", "s1");
        span.in_scope(|| tracing::info!(platform = "magento", "handled"));
    });
    assert_eq!((&line["store.id"], &line["platform"]), (&"s1".into(), &"magento".into()));
}

#[test]
fn an_error_is_logged_with_all_its_sources() {
    let error = Outer(io::Error::other("connection reset"));
    let line = json(|| tracing::error!(error = &error as &dyn std::error::Error, "row not written"));
    assert_eq!(line["error"], "the table cannot answer: connection reset");
}

#[test]
fn other_crates_are_heard_from_warnings_upwards_whatever_the_level() {
    let lines = logged(LevelFilter::TRACE, Style::Json, || {
        tracing::debug!(target: "hyper::client", "headers: authorization: canary");
        tracing::warn!(target: "aws_config", "no region");
        tracing::trace!("ours");
    });
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(logged(LevelFilter::OFF, Style::Json, || tracing::error!("nothing")).is_empty());
}

#[test]
fn a_person_reads_plain_lines_without_control_characters() {
    let lines = logged(LevelFilter::INFO, Style::Human, || {
        tracing::info!(address = "http://127.0.0.1:8787", "ready");
        tracing::warn!(error = "bad\u{1b}[31m\nline", "store refused");
    });
    assert_eq!(lines[0], "ready  address=http://127.0.0.1:8787");
    assert_eq!(lines[1], "warn: store refused  error=bad [31m line");
}

#[test]
fn a_long_text_is_cut_at_a_character() {
    let line = json(|| tracing::info!(error = "ü".repeat(5000), "long"));
    assert_eq!(line["error"].as_str().map(|text| text.chars().count()), Some(501));
}

#[test]
fn field_names_are_listed_once_and_never_hide_the_lines_own() {
    let mut seen = std::collections::HashSet::new();
    for name in FIELDS {
        assert!(seen.insert(name), "{name} twice");
        assert!(!["time", "level", "message", "target", "unlisted"].contains(name), "{name}");
    }
}

/// The rules of the format's specification that CloudWatch enforces silently.
fn assert_valid_emf(line: &str) -> Value {
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert!(line["_aws"]["Timestamp"].is_i64());
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().expect("directives") {
        assert!(directive["Namespace"].as_str().is_some_and(|name| !name.is_empty() && name.len() <= 255));
        for dimension in
            directive["Dimensions"].as_array().expect("sets").iter().flat_map(|set| set.as_array()).flatten()
        {
            assert!(line[dimension.as_str().expect("name")].is_string(), "{dimension} has no value");
        }
        let metrics = directive["Metrics"].as_array().expect("metrics");
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            assert!(line[metric["Name"].as_str().expect("name")].is_number(), "{metric} has no value");
            assert!(
                ["Count", "Seconds", "Milliseconds", "Bytes", "Percent"]
                    .contains(&metric["Unit"].as_str().expect("unit"))
            );
        }
    }
    line
}

#[test]
fn a_run_is_one_valid_metric_line() {
    let (sink, captured) = Sink::memory();
    let metrics = [Metric::count(metric::PUSHED, 3), Metric::seconds(metric::OLDEST_DUE_AGE, 1.5)];
    emit_metrics(&sink, "tracking-push", at(), &metrics);
    let lines = captured.lines();
    assert_eq!(lines.len(), 1);
    let line = assert_valid_emf(&lines[0]);
    assert_eq!(line["_aws"]["Timestamp"], 1_793_700_000_250_i64);
    assert_eq!((&line["pushed"], &line["oldest_due_age"]), (&3.into(), &1.5.into()));
    assert_eq!(line["function"], "tracking-push");
}

#[test]
fn a_value_that_is_no_number_does_not_cost_the_line() {
    let (sink, captured) = Sink::memory();
    emit_metrics(&sink, "f", at(), &[Metric::seconds("a", f64::NAN), Metric::count("b", 1)]);
    emit_metrics(&sink, "f", at(), &[Metric::seconds("a", f64::INFINITY)]);
    let lines = captured.lines();
    assert_eq!(lines.len(), 1);
    assert!(assert_valid_emf(&lines[0]).get("a").is_none());
}

#[test]
fn more_than_a_hundred_metrics_take_more_lines() {
    let (sink, captured) = Sink::memory();
    let names: Vec<&'static str> = (0..150).map(|n| &*format!("m{n}").leak()).collect();
    emit_metrics(&sink, "f", at(), &names.iter().map(|name| Metric::count(name, 1)).collect::<Vec<_>>());
    let lines = captured.lines();
    assert_eq!(lines.len(), 2);
    lines.iter().for_each(|line| drop(assert_valid_emf(line)));
}
