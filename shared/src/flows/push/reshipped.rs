//! What a store ships once more under an order that TikTok has replaced, or exchanged, by another one.

use super::judge::Plan;
use super::orders::Desk;
use crate::domain::deadline::Stage;
use crate::domain::decision::{Decision, hold};
use crate::domain::order::OrderLine;
use crate::domain::parcel::WaitsFor;
use crate::domain::reason::Reason;
use crate::table::error::TableError;

impl Desk<'_> {
    /// Nothing of the order waits for this number, and an order that came in its place does: whoever decides is told which.
    /// It is not sent there unasked, since the store never said so.
    pub(super) async fn beside_its_replacement(&self, index: usize, plan: Plan) -> Result<Plan, TableError> {
        use Reason::{AlreadyShipped, EditWindowClosed, LinesUnmatched};
        let over =
            matches!(plan.decision, Decision::Hold { reason: LinesUnmatched | AlreadyShipped | EditWindowClosed, .. });
        if !over || self.rows[index].sent.is_some() || self.order.lines.iter().any(OrderLine::is_open) {
            return Ok(plan);
        }
        let (table, shop, old) = (&self.shop.run.app.table, &self.shop.id, &self.order.id);
        let Some(next) = table.tiktok_order(shop, old, false).await?.and_then(|row| row.sibling) else {
            return Ok(plan);
        };
        let next = table.tiktok_order(shop, &next, false).await?;
        let Some(next) = next.filter(|row| row.facts.origin.source() == Some(old) && row.facts.stage() == Stage::Open)
        else {
            return Ok(plan);
        };
        let said =
            format!("order {} came in place of {old} and waits for a number: link this parcel to it", next.order);
        Ok(Plan { decision: hold(Reason::OrderAmbiguous, &said, WaitsFor::Person), ..plan })
    }
}
