//! Two quiet hours after everything settled: TikTok's orders are read, nothing of a visit or a mail is left over (I17),
//! and every order stands in a row with the state that TikTok shows (I12).

use super::rig::Rig;
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::Instant;
use waybill::domain::ids::{ShopId, TikTokOrderId};
use waybill::domain::order::OrderState;
use waybill_model::tiktok::Status;

/// After this long without faults, nothing may be left over.
const QUIET: Duration = Duration::from_secs(2 * 3600);
/// The schedule's rate: who is due since less is not late.
const TICK: Duration = Duration::from_secs(60);

impl Rig {
    /// The schedules go on, as often as a visit is due, for two hours.
    pub(super) async fn quiet(&mut self) {
        let end = Instant::now() + QUIET;
        while Instant::now() < end {
            let now = self.world.time.now();
            let next = self.next_visit().await.map_or(QUIET, |due| Duration::try_from(due - now).unwrap_or_default());
            tokio::time::sleep_until((Instant::now() + next.max(TICK)).min(end)).await;
            self.tick(0);
            self.settle_down().await;
        }
        let waits = self.next_visit().await.is_some_and(|due| due <= self.world.time.now());
        if waits {
            tokio::time::sleep(TICK).await;
            self.tick(0);
            self.settle_down().await;
        }
        let mut problems = Vec::new();
        for shop in self.shop_ids() {
            self.left_over(&shop, &mut problems).await;
            self.known(&shop, &mut problems).await;
        }
        self.problems.extend(problems);
    }

    fn shop_ids(&self) -> Vec<ShopId> {
        self.script.shops.iter().map(|(id, _)| ShopId::parse(id.as_str()).expect("id")).collect()
    }

    async fn next_visit(&self) -> Option<Timestamp> {
        let mut first = None;
        for shop in self.shop_ids() {
            let visit = self.world.app.table.visit_get(&shop).await.expect("read");
            let due = visit.and_then(|visit| visit.row.due);
            first = first.into_iter().chain(due).min();
        }
        first
    }

    /// I17: no visit is due in the past, none is to be made again, no window of mails is stored.
    async fn left_over(&self, shop: &ShopId, problems: &mut Vec<String>) {
        let now = self.world.time.now();
        let visit = self.world.app.table.visit_get(shop).await.expect("read");
        if let Some(visit) = visit.filter(|visit| visit.row.again || visit.row.due.is_some_and(|due| due < now)) {
            problems.push(format!("I17: two quiet hours left a visit behind: now {now}, {:?}", visit.row));
        }
        let telling = self.world.app.table.telling_get(shop).await.expect("read");
        if let Some(telling) = telling.filter(|telling| telling.row.window.is_some()) {
            problems.push(format!("I17: two quiet hours left a window of mails: {:?}", telling.row));
        }
    }

    /// I12: every order past UNPAID is in a row, with the state that TikTok shows.
    async fn known(&self, shop: &ShopId, problems: &mut Vec<String>) {
        let parked = self.world.app.table.shop_get(shop, true).await.expect("read");
        if parked.is_none_or(|shop| shop.row.parked.is_some()) {
            return;
        }
        for placed in self.script.orders.iter().filter(|order| self.script.shops[order.shop].0 == shop.as_str()) {
            let order = self.world.tiktok.order_now(shop.as_str(), &placed.id).expect("order");
            if order.status == Status::Unpaid {
                continue;
            }
            let id = TikTokOrderId::parse(placed.id.as_str()).expect("id");
            let row = self.world.app.table.tiktok_order(shop, &id, true).await.expect("read");
            let known = row.map(|row| row.facts.state);
            if known != Some(OrderState::parse(order.status.word())) {
                problems.push(format!("I12: {} is {} and known as {known:?}", placed.id, order.status.word()));
            }
        }
    }
}
