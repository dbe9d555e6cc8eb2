//! The deadline board.

use super::list::{self, Choice, FILE_ROWS, ROWS};
use crate::answer;
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use minijinja::context;
use serde::Serialize;
use waybill::domain::deadline::Clock;
use waybill::flows::orders::board::DeadlineLine;
use waybill::flows::views::deadlines::{self, Counts, HEAD};
use waybill::flows::views::rows::cells;
use waybill::table::error::TableError;
use waybill::web::form;

#[derive(Serialize)]
struct Row {
    order: String,
    shop: String,
    clock: &'static str,
    near: list::Near,
    due: String,
    source: String,
    blocker: String,
    next_step: String,
    then: String,
}

#[derive(Serialize)]
struct Group {
    title: &'static str,
    rows: Vec<Row>,
}

/// What a clock is about, in words.
pub(super) fn clock_words(clock: &str) -> &'static str {
    match Clock::parse(clock) {
        Some(Clock::Rts) => "tracking in",
        Some(Clock::Scan) => "first scan",
        Some(Clock::Deliver) => "delivered",
        Some(Clock::AutoCancel) => "TikTok cancels",
        Some(Clock::Lost) => "counts as lost",
        Some(Clock::Refund) => "buyer may get a refund",
        None => "",
    }
}

impl Row {
    fn of(line: &DeadlineLine, shops: &list::Shops) -> Self {
        let zone = shops.zone(&line.shop);
        let then = line.next_clock.zip(line.next_due);
        Self {
            near: list::Near::of(line.urgency),
            order: line.order.clone(),
            shop: shops.name(&line.shop).to_owned(),
            clock: clock_words(line.clock),
            due: list::short(line.due, &zone),
            source: line.source.clone(),
            blocker: line.blocker.unwrap_or_default().replace('_', " ").to_lowercase(),
            next_step: line.next_step.clone(),
            then: then
                .map(|(clock, due)| format!("then {} by {}", clock_words(clock), list::short(due, &zone)))
                .unwrap_or_default(),
        }
    }
}

/// `GET /deadlines`.
pub(super) async fn page(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let Some(shops) = list::shops(visit, member).await? else { return Ok(answer::missing(visit.app)) };
    let clock = clock(visit);
    let part = deadlines::page(visit.app, &shops.asked, clock, visit.query.get("after"), ROWS).await?;
    let mut counts = Counts::default();
    for shop in &shops.asked {
        counts = counts.and(deadlines::counts(visit.app, shop).await?);
    }
    let group = |title, word: &str| Group {
        title,
        rows: part.rows.iter().filter(|line| line.bucket == word).map(|line| Row::of(line, &shops)).collect(),
    };
    let mut groups =
        vec![group("Late", "late"), group("Today", "today"), group("Tomorrow", "tomorrow"), group("Later", "later")];
    groups.retain(|group| !group.rows.is_empty());
    let word = clock.map(Clock::word).unwrap_or_default();
    let clocks = std::iter::once(Choice::new("", "Any clock", word))
        .chain(Clock::ALL.into_iter().map(|clock| Choice::new(clock.word(), &label(clock), word)))
        .collect::<Vec<_>>();
    let filters = [("shop", shops.chosen.as_str()), ("clock", word)];
    let links = list::links(visit, "/deadlines", &filters, part.next.as_deref());
    let values = context! {
        groups, counts, clocks, links, shops => shops.choices(), filtered => !word.is_empty() || !shops.chosen.is_empty(),
        any => !shops.all.is_empty(), ..member.frame("deadlines")
    };
    Ok(answer::page(visit.app, 200, "deadlines.html", values))
}

fn label(clock: Clock) -> String {
    format!("{}: {}", clock.word().replace('_', " "), clock_words(clock.word()))
}

fn clock(visit: &Visit<'_>) -> Option<Clock> {
    visit.query.get("clock").and_then(Clock::parse)
}

/// `GET /deadlines.csv`.
pub(super) async fn csv(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let Some(shops) = list::shops(visit, member).await? else { return Ok(answer::missing(visit.app)) };
    let (clock, mut after) = (clock(visit), visit.query.get("after").map(str::to_owned));
    let mut rows = Vec::new();
    loop {
        let part = deadlines::page(visit.app, &shops.asked, clock, after.as_deref(), 250).await?;
        rows.extend(part.rows.iter().map(|line| cells(line, &HEAD)));
        after = part.next;
        if after.is_none() || rows.len() >= FILE_ROWS {
            break;
        }
    }
    let word = clock.map(Clock::word).unwrap_or_default();
    let next = after
        .map(|after| form::address("/deadlines.csv", &[("shop", &shops.chosen), ("clock", word), ("after", &after)]));
    Ok(answer::with_next(answer::csv("deadlines", &HEAD, rows), next.as_deref()))
}
