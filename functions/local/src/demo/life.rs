//! Two orders from their creation to their end: one that goes well after a correction, and one that no carrier scans.

use super::story::Teller;
use super::town::SHOP;
use crate::commands::Failure;
use crate::host;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use std::time::Duration;
use waybill::domain::ids::TikTokOrderId;
use waybill::domain::reason::Reason;
use waybill::domain::tracking::TrackingNumber;
use waybill::flows::acts::{Actor, Scope, correct, find};
use waybill::flows::orders::board::{self, OrderLine};
use waybill::flows::views::held::{HeldRow, Lists};
use waybill_model::stores::IdField;
use waybill_model::tiktok::{Call, Fault, FaultRule, Status};

/// What the model says about a number that it takes all the same.
const WARNING: &str = "The tracking number is not known at FedEx. Please check the shipping provider.";
const HOUR: Duration = Duration::from_secs(3600);

impl Teller<'_> {
    pub(super) async fn whole_life(&mut self) -> Result<(), Failure> {
        self.title("One order's whole life: created, paid, shipped, warned and corrected, scanned, delivered")?;
        let (order, twin) = self.placed(IdField::Main, Status::Unpaid);
        self.town.tiktok.pay(SHOP, &order);
        self.line("the buyer has paid and may still cancel for an hour: nothing would be sent")?;
        self.goes_on(Duration::from_secs(360)).await?;
        let held = self.shown(&order).await?;
        self.check(
            held.as_ref().is_some_and(|line| line.state == "on_hold"),
            "TikTok's webhook told, and it was read",
        )?;
        self.goes_on(HOUR).await?;
        self.shown(&order).await?;
        let store = self.shopify().store.clone();
        store.fulfil(twin, &[("MUG-BLUE", 1)], &["465075291706"], "FedEx");
        self.town.tiktok.inject(FaultRule::new(Fault::Warning(WARNING.into())).on(&[Call::MarkPackage]).times(1));
        self.deliver(0).await?;
        self.tick().await?;
        let entry = self.listed(&order).await?;
        self.check(
            entry.is_some_and(|row| row.reason == "ACCEPTED_WITH_WARNING"),
            "taken, and not done: it is listed",
        )?;
        self.correct("465075291706", "1ZL9S3465908301666", "UPS").await?;
        let summary = self.tick().await?;
        self.check(summary.corrected == 1, "the one correction is used")?;
        self.goes_on(Duration::from_secs(1200)).await?;
        let sent = self.shown(&order).await?;
        let ready = sent.is_some_and(|line| line.state == "ready_to_ship" && line.numbers == ["1ZL9S3465908301666"]);
        self.check(ready, "read again after a quarter of an hour: TikTok shows the number")?;
        self.town.tiktok.scan(SHOP, &order);
        self.line("the carrier scans the parcel")?;
        self.goes_on(Duration::from_secs(360)).await?;
        self.shown(&order).await?;
        self.goes_on(24 * HOUR).await?;
        self.town.tiktok.deliver(SHOP, &order);
        self.line("a day later it is delivered")?;
        self.goes_on(Duration::from_secs(360)).await?;
        let end = self.shown(&order).await?;
        let met = end.is_some_and(|line| line.tiktok_status == "DELIVERED" && line.clock.is_none());
        let left = self.listed(&order).await?;
        self.check(met && left.is_none(), "every clock is met, and nothing is left to do")?;
        self.expect("whole life", &order, &["1ZL9S3465908301666"], "DELIVERED");
        Ok(())
    }

    pub(super) async fn nobody_scans(&mut self) -> Result<(), Failure> {
        self.title("An order that no carrier scans: listed, mailed, settled")?;
        for order in self.waiting_for_a_scan() {
            self.town.tiktok.scan(SHOP, &order);
        }
        self.line("the carriers take every parcel but the next")?;
        let (order, twin) = self.placed(IdField::Main, Status::AwaitingShipment);
        let mails = self.town.mails().len();
        self.shopify().store.fulfil(twin, &[("MUG-BLUE", 1)], &["1Z4F5U373909960300"], "UPS");
        self.deliver(0).await?;
        self.tick().await?;
        self.goes_on(Duration::from_secs(1200)).await?;
        let Some(line) = self.shown(&order).await? else { return self.check(false, "the order is known") };
        let Some(due) = line.due else { return self.check(false, "a first scan is due") };
        self.line("days pass, and the parcel stands where it was packed")?;
        for left in [24, 12, 4, 1] {
            // Who tells of deadlines leaves the last ten minutes to the next hour.
            let left = SignedDuration::from_hours(left) - SignedDuration::from_mins(15);
            let wait = due.duration_since(self.town.app.clock.now()) - left;
            self.goes_on(Duration::try_from(wait).unwrap_or_default()).await?;
        }
        let entry = self.listed(&order).await?;
        self.check(entry.is_some_and(|row| row.reason == Reason::NotScanned.code()), "it is listed before it is late")?;
        let told: Vec<String> = self.town.mails().into_iter().skip(mails).collect();
        for subject in &told {
            self.line(format!("mail: {subject}"))?;
        }
        self.check(told.iter().any(|subject| subject.contains("due in")), "the seller was told by mail")?;
        self.town.tiktok.scan(SHOP, &order);
        self.line("the carrier comes after all")?;
        self.goes_on(Duration::from_secs(360)).await?;
        self.shown(&order).await?;
        let left = self.listed(&order).await?;
        self.check(left.is_none(), "the scan settles it: nothing is left on the list")?;
        self.expect("scanned late", &order, &["1Z4F5U373909960300"], "IN_TRANSIT");
        Ok(())
    }

    /// Time passes, and everybody does what is due: TikTok's webhooks arrive, both schedules run.
    async fn goes_on(&mut self, time: Duration) -> Result<(), Failure> {
        self.town.hear().await;
        self.town.skip(time);
        host::push(&self.town.app).await;
        host::tick(&self.town.app).await;
        Ok(())
    }

    /// What `waybill orders` says of an order.
    async fn shown(&mut self, order: &str) -> Result<Option<OrderLine>, Failure> {
        let id = TikTokOrderId::parse(order).map_err(|e| Failure::attention(e.to_string(), super::FAULT))?;
        let Some(shop) = self.town.app.table.shop_get(&self.shop()?, false).await? else { return Ok(None) };
        let Some(known) = board::known(&self.town.app, &shop.row, &id).await? else { return Ok(None) };
        let line = OrderLine::of(&known, &shop.row, self.town.app.clock.now());
        let zone = TimeZone::get("America/New_York").unwrap_or(TimeZone::UTC);
        let clock = match (line.clock, line.due) {
            (Some(clock), Some(due)) => {
                let source = line.due_source.as_deref().unwrap_or("estimate");
                format!("{clock} until {} ({source})", due.to_zoned(zone).strftime("%a %d %b %H:%M"))
            }
            _ => "no clock runs".to_owned(),
        };
        self.line(format!("waybill orders: {}, {clock}", line.tiktok_status))?;
        Ok(Some(line))
    }

    /// The order's entry on the attention list, as `waybill held` shows it.
    async fn listed(&mut self, order: &str) -> Result<Option<HeldRow>, Failure> {
        let app = &self.town.app;
        let Some(shop) = app.table.shop_get(&self.shop()?, false).await? else { return Ok(None) };
        let rows = Lists::of(app, vec![shop.row], &[], None).await?.oldest(app, 50, true).await?;
        let found = rows.into_iter().find(|row| row.tiktok_order.as_deref() == Some(order));
        if let Some(row) = &found {
            self.line(format!("{}: {}", row.reason, row.sentence))?;
            if let Some(detail) = &row.detail {
                self.line(detail)?;
            }
            self.line(format!("what to do: {}", row.remedy))?;
        }
        Ok(found)
    }

    /// What `waybill correct` does.
    async fn correct(&mut self, wrong: &str, number: &str, carrier: &str) -> Result<(), Failure> {
        self.line(format!("waybill correct {wrong} --number {number} --carrier {carrier}"))?;
        let scope = Scope::Account(self.town.account.clone());
        let new = TrackingNumber::parse(number).map_err(|e| Failure::attention(e.to_string(), super::FAULT))?;
        for parcel in find(&self.town.app, &scope, wrong).await? {
            let actor = Actor::command_line();
            let done = correct(&self.town.app, &actor, &parcel, Some(&new), Some(carrier), false).await?;
            self.check(done.is_ok(), "queued again with the right number")?;
        }
        Ok(())
    }
}
