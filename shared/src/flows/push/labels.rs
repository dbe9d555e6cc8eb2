//! Whether TikTok sold the label of a number, where it counts a carrier's numbers only from labels that it sold. Asked once
//! before a number goes out. Its own label: nothing is to be sent. Else the number goes out with a warning. No answer (no
//! scope, a slow host) blocks nothing.

use super::judge::{Plan, failed, passed};
use super::orders::Desk;
use super::shop_run::ShopRun;
use crate::domain::connection::Shop;
use crate::domain::decision::{Carried, Decision};
use crate::domain::labels::{self, LabelRule};
use crate::domain::parcel::ParcelState;
use crate::domain::reason::Reason;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use std::sync::atomic::Ordering;

/// The shop's own warning is written down again after this long, while such numbers go out.
const SAID_AGAIN: SignedDuration = SignedDuration::from_hours(24);

impl Desk<'_> {
    /// The plan, once TikTok was asked about the label.
    pub(super) async fn label(&self, index: usize, mut plan: Plan) -> Plan {
        let first = match &plan.decision {
            Decision::Push { .. } => true,
            Decision::Correct { .. } => false,
            _ => return plan,
        };
        // A try that is repeated has its answer.
        let row = &self.rows[index];
        if row.attempts > 0 || row.tried.is_some() || self.shop.labels_silent.load(Ordering::Relaxed) {
            return plan;
        }
        let (shop, Some(carried)) = (self.shop.calls.shop().await, &plan.carried) else { return plan };
        let Some(rule) = self.label_rule(&shop, carried).await else { return plan };
        match self.shop.calls.label_check(&carried.number).await {
            Ok(check) if check.shipped_by_tiktok || check.collected_by_tiktok => {
                if first {
                    plan.decision = Decision::Close(ParcelState::Skipped(Reason::TikTokTracks));
                    plan.checks.push(failed("label", Reason::TikTokTracks.sentence()));
                }
            }
            Ok(_) => {
                plan.checks.push(passed("label", &rule.sentence()));
                plan.label = Some(rule);
            }
            Err(trouble) => {
                // The other parcels of this run do not wait for an answer that does not come.
                self.shop.labels_silent.store(true, Ordering::Relaxed);
                tracing::info!(shop.id = %self.shop.id, error = &trouble as &dyn std::error::Error, "a label was not checked");
            }
        }
        plan
    }

    async fn label_rule(&self, shop: &Shop, carried: &Carried) -> Option<&'static LabelRule> {
        let today = self.shop.run.app.clock.now().to_zoned(TimeZone::UTC).date();
        if !shop.settings.label_check || labels::in_force(&shop.region, today).next().is_none() {
            return None;
        }
        let list = self.shop.providers(shop, &self.order).await.ok()?;
        let carrier = list.entries().find(|(provider, _)| provider.id == carried.provider)?.1?;
        labels::rule(&shop.region, carrier, today)
    }

    /// The parcel's warning, written with what comes out; and once a day the shop's.
    pub(super) fn warn_of_label(&mut self, index: usize) {
        let now = self.shop.run.app.clock.now();
        self.rows[index].warn(Reason::UspsLabel, "", now);
        self.shop.labels_warned.store(true, Ordering::Relaxed);
    }
}

impl ShopRun<'_> {
    /// Writes down that numbers went out that TikTok may not count.
    pub(super) async fn write_label_warning(&self) {
        if !self.labels_warned.load(Ordering::Relaxed) {
            return;
        }
        let now = self.run.app.clock.now();
        let is_news = |shop: &Shop| shop.label_warning.is_none_or(|at| now.duration_since(at) >= SAID_AGAIN);
        // As this run knows it: usually it was said long ago, and nothing has to be read for it.
        if !is_news(&self.calls.shop().await) {
            return;
        }
        let written = self.run.app.table.shop_change(&self.id, |shop| {
            let news = is_news(shop);
            if news {
                shop.label_warning = Some(now);
            }
            news
        });
        if let Err(error) = written.await {
            tracing::warn!(shop.id = %self.id, error = &error as &dyn std::error::Error, "a shop's warning was not written");
        }
    }
}
