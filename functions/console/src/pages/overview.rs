//! The first page: may I sleep?

use super::picture::{self, Bar};
use super::shops::{mail_trouble, shops};
use crate::answer;
use crate::view::ShopView;
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use minijinja::context;
use serde::Serialize;
use waybill::flows::views::days::{self, Days};
use waybill::flows::views::deadlines::Counts as Due;
use waybill::flows::views::shop_now::ShopNow;
use waybill::table::error::TableError;

/// Days in the picture.
const DAYS: i64 = 14;

/// A shop, in one line.
#[derive(Serialize)]
struct Line {
    shop: ShopView,
    said: String,
    calm: bool,
    due: Due,
}

/// What all shops come to.
#[derive(Serialize)]
struct Totals {
    due: Due,
    held: usize,
    waiting: u64,
    sent: u32,
    late_share: String,
}

/// `GET /`.
pub(super) async fn page(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let app = visit.app;
    let all = shops(visit, member).await?;
    let mut lines = Vec::new();
    for shop in &all {
        let now = ShopNow::of(app, shop).await?;
        let view = ShopView::with(app, shop, &now.held).await?;
        lines.push(Line { shop: view, said: now.said(), calm: now.may_sleep(), due: now.due });
    }
    // What needs somebody comes first.
    lines.sort_by_key(|line| (line.calm, !line.shop.urgent));
    let days = days::days(app, &all, DAYS).await?;
    let (sent, late) = days.totals();
    let totals = Totals {
        due: lines.iter().fold(Due::default(), |sum, line| sum.and(line.due)),
        held: lines.iter().map(|line| line.shop.held).sum(),
        waiting: lines.iter().map(|line| line.shop.waiting).sum(),
        sent,
        late_share: picture::share(late, sent),
    };
    let calm = lines.iter().all(|line| line.calm);
    let mail_trouble = mail_trouble(visit, member).await?;
    let greeting = if calm && !lines.is_empty() && mail_trouble.is_none() { "All is well" } else { "Overview" };
    let values = context! {
        summary => summary(&lines), greeting, lines, totals, mail_trouble, picture => drawn(&days),
        only => days.only, ..member.frame("overview")
    };
    Ok(answer::page(app, 200, "overview.html", values))
}

fn summary(lines: &[Line]) -> String {
    let paused = lines.iter().filter(|line| line.shop.paused).count();
    let awake = lines.iter().filter(|line| !line.calm && !line.shop.paused).count();
    let paused = match paused {
        0 => String::new(),
        1 => "One shop is paused: nothing is sent for it. ".to_owned(),
        n => format!("{n} shops are paused: nothing is sent for them. "),
    };
    let rest = match (awake, lines.len()) {
        (0, _) if !paused.is_empty() => "Nothing else waits for you.".to_owned(),
        (0, _) => "Every connection is in order, and nothing waits for you. You may sleep.".to_owned(),
        (1, 1) => "It needs you before you sleep.".to_owned(),
        (1, _) => "One shop needs you before you sleep.".to_owned(),
        (n, _) => format!("{n} shops need you before you sleep."),
    };
    format!("{paused}{rest}")
}

/// The picture of the last days; none where nothing was sent.
fn drawn(days: &Days) -> Option<String> {
    let (sent, late) = days.totals();
    if sent == 0 {
        return None;
    }
    let bars: Vec<Bar> = days
        .days
        .iter()
        .map(|day| Bar {
            label: day.date.strftime("%-d").to_string(),
            name: day.date.strftime("%a %-d %b").to_string(),
            whole: day.numbers,
            part: day.late,
        })
        .collect();
    let words = format!(
        "Numbers at TikTok in the last {} days: {sent}, of which {late} came late ({}).",
        days.days.len(),
        picture::share(late, sent)
    );
    Some(picture::bars(&words, &bars, "late"))
}
