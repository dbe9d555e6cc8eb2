//! Mail 11: the week's report, on Mondays, for shops whose people want it.

use super::{TellError, Told, links, tell};
use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::order_row::{Ours, UnitState};
use crate::flows::views::attention::Counts;
use crate::flows::views::report;
use crate::mail::regular_letters::{self, Week};
use crate::table::mails::MailStep;
use jiff::SignedDuration;

/// The newest orders that are read for it.
const MOST: usize = 2_000;
/// Days of a report.
const DAYS: u16 = 7;
/// Reasons that are named.
const REASONS: usize = 5;

/// Sends the report of a Monday, once.
///
/// # Errors
/// [`TellError`].
pub async fn run(app: &App, shop: &Shop, monday: &str) -> Result<Told, TellError> {
    let step = MailStep { shop: shop.id.clone(), kind: "11", cycle: "weekly".to_owned(), step: monday.to_owned() };
    tell(app, shop, step, async || {
        let url = links::page(app, "/");
        Ok(regular_letters::weekly(shop, &week(app, shop).await?, &url))
    })
    .await
}

async fn week(app: &App, shop: &Shop) -> Result<Week, TellError> {
    let (orders, all) = app.table.order_rows_newest(&shop.id, &shop.account, MOST).await?;
    let since = app.clock.now() - SignedDuration::from_hours(24 * i64::from(DAYS));
    let ours = orders.iter().filter(|row| row.facts.ours == Ours::Seller);
    let mut week = Week::default();
    for row in ours.filter(|row| row.facts.created >= since) {
        week.orders += 1;
        week.numbers += row.facts.numbers().len() as u64;
        week.open += u64::from(row.facts.count(UnitState::is_open) > 0 && !row.is_ended());
    }
    // Fewer than all of the week's were read.
    week.only = (!all && orders.last().is_some_and(|row| row.facts.created >= since)).then_some(MOST);
    let figures = report::of(app, shop, DAYS, orders.iter()).await?;
    for figure in figures.into_iter().filter(|figure| figure.carrier.is_none()) {
        week.figures.push((figure.measure, figure.value, figure.of));
    }
    let counts = Counts::of_shop(app, &shop.id).await?;
    week.held = counts.total as u64;
    let mut reasons: Vec<_> = counts.reasons.into_iter().collect();
    reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(*count), *reason));
    week.reasons = reasons.into_iter().take(REASONS).map(|(reason, count)| (reason, count as u64)).collect();
    Ok(week)
}
