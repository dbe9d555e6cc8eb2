//! What each store's webhooks and polls are like, and one poll now.

use super::{SUBSCRIBE, StoreRow, named};
use crate::commands::{Failure, Output};
use crate::output::{Row, local};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use waybill::app::App;
use waybill::domain::connection::StoreStatus;
use waybill::domain::platform::Platform;
use waybill::flows::{intake::poll as poll_stores, intake::subscriptions as keep_subscriptions};
use waybill::stores::subscriptions::{Goal, Report};

/// What a comparison of subscriptions found; empty parts left out.
#[derive(Default, Serialize)]
pub(super) struct Compared {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subscribed: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subscribed_now: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) by_hand: Vec<String>,
}

impl Compared {
    pub(super) fn of(report: &Report) -> Self {
        let words = |topics: &[String]| topics.to_vec();
        Self {
            subscribed: words(&report.in_place),
            subscribed_now: words(&report.repaired),
            missing: words(&report.missing),
            refused: report.refused.iter().map(|(topic, said)| format!("{topic}: {said}")).collect(),
            by_hand: report.by_hand.clone(),
        }
    }

    pub(super) fn say(&self, output: &mut Output) -> Result<(), Failure> {
        for (what, topics) in [
            ("webhooks in place", &self.subscribed),
            ("webhooks registered now", &self.subscribed_now),
            ("webhooks missing", &self.missing),
            ("webhooks refused", &self.refused),
        ] {
            if !topics.is_empty() {
                output.say(format_args!("{what}: {}", topics.join(", ")))?;
            }
        }
        for step in &self.by_hand {
            output.say(format_args!("By hand: {step}"))?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct CheckedStore {
    #[serde(flatten)]
    row: StoreRow,
    webhook_url: String,
    /// The last parcel that a webhook, not a poll, told of.
    last_news_by_webhook: Option<Timestamp>,
    next_poll: Option<Timestamp>,
    found_only_by_polls: u64,
    #[serde(flatten)]
    compared: Compared,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscriptions_unknown: Option<String>,
}

/// `waybill store check`.
///
/// # Errors
/// No such store, or the table.
pub async fn check(app: &App, id: Option<&str>, repair: bool, output: &mut Output) -> Result<bool, Failure> {
    let (mut attention, goal) = (false, if repair { Goal::Ensure } else { Goal::Check });
    let stores = named(app, id).await?;
    if stores.is_empty() {
        output.say("No store is connected: waybill store add.")?;
    }
    for store in stores {
        let heard = app.table.heard_get(&store.id).await?;
        let news = app.table.parcels_where(&store.id, |parcel| !parcel.healed).await?;
        let compared = match store.status {
            StoreStatus::Connected => keep_subscriptions::run(app, &store, goal, SUBSCRIBE).await.map(|report| {
                attention |= !report.missing.is_empty() || !report.refused.is_empty();
                Compared::of(&report)
            }),
            StoreStatus::Uninstalled | StoreStatus::Erasing => Ok(Compared::default()),
        };
        attention |= store.polls.trouble.is_some() || compared.is_err() || store.status != StoreStatus::Connected;
        let unknown = compared.as_ref().err().map(ToString::to_string);
        let shown = CheckedStore {
            row: StoreRow::of(&store, heard),
            webhook_url: keep_subscriptions::webhook_url(app, &store),
            last_news_by_webhook: news.iter().map(|parcel| parcel.received).max(),
            next_poll: store.poll_due,
            found_only_by_polls: store.polls.found,
            compared: compared.unwrap_or_default(),
            subscriptions_unknown: unknown,
        };
        say(&shown, output)?;
    }
    Ok(attention)
}

fn say(shown: &CheckedStore, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.line(shown);
    }
    let zone = output.zone().clone();
    let when = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| local(at, &zone));
    let row = &shown.row;
    let trouble = row.trouble.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    output.facts(&[
        ("store", format!("{} ({}, {})", row.store, row.platform, row.name)),
        ("state", format!("{}{trouble}", row.status)),
        ("webhook address", shown.webhook_url.clone()),
        ("last delivery", when(row.last_delivery.or(shown.last_news_by_webhook))),
        ("last poll", when(row.last_poll)),
        ("next poll", when(shown.next_poll)),
        ("refused signatures", row.refused_signatures.to_string()),
    ])?;
    if let Some(why) = &shown.subscriptions_unknown {
        output.say(format_args!("Its webhooks cannot be compared: {why}"))?;
    }
    shown.compared.say(output)?;
    output.say("")
}

#[derive(Serialize)]
struct PolledRow {
    store: String,
    platform: &'static str,
    shipments: Option<u64>,
    found: Option<u64>,
    subscriptions_repaired: Vec<String>,
    trouble: Option<String>,
}

impl Row for PolledRow {
    const HEAD: &'static [&'static str] = &["store", "platform", "shipments read", "new", "trouble"];
    fn cells(&self, _: &TimeZone) -> Vec<String> {
        let count = |n: Option<u64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
        vec![
            self.store.clone(),
            self.platform.to_owned(),
            count(self.shipments),
            count(self.found),
            self.trouble.clone().unwrap_or_else(|| "none".to_owned()),
        ]
    }
}

/// `waybill poll`.
///
/// # Errors
/// No such store, or the table.
pub async fn poll(app: &App, id: Option<&str>, output: &mut Output) -> Result<bool, Failure> {
    let (mut attention, mut rows) = (false, Vec::new());
    for store in named(app, id).await? {
        output.say(format_args!("Reading {} …", waybill::flows::views::standing::store_name(&store)))?;
        let unread = |trouble: &str| PolledRow {
            store: store.id.to_string(),
            platform: store.platform.as_str(),
            shipments: None,
            found: None,
            subscriptions_repaired: Vec::new(),
            trouble: Some(trouble.to_owned()),
        };
        if store.platform == Platform::Generic {
            rows.push(unread("has no API: it reports by itself"));
            continue;
        }
        let Some(polled) = poll_stores::now(app, &store.id).await else {
            let now = app.table.store_get(&store.id, true).await?.and_then(|store| store.row.polls.trouble);
            attention |= now.is_some();
            rows.push(unread(now.as_deref().unwrap_or("cannot be read: no credentials")));
            continue;
        };
        attention |= polled.trouble.is_some();
        rows.push(PolledRow {
            shipments: Some(polled.shipments),
            found: Some(polled.found),
            subscriptions_repaired: polled.repaired,
            ..PolledRow { trouble: polled.trouble, ..unread("") }
        });
    }
    output.rows(&rows, "No store is connected: waybill store add.")?;
    Ok(attention)
}
