//! Plays a plan through the real flows: signed deliveries, both schedules when something is due, TikTok's webhooks, and
//! people at the command line. Nothing here looks into a row.

use super::Report;
mod deeds;
mod meanwhile;
mod web;

use super::compare::{Difference, compare};
use super::history::{AtTikTok, History, Standing, Taken, Unit};
use super::people;
use super::right::{Right, SETTLED};
use super::world::{Deed, Plan};
use crate::world::World;
use crate::world::wire::{NO_LAG, TableFaults};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;
use waybill::domain::region::AppRegion;
use waybill::flows::connect::store::Added;
use waybill_model::tiktok::{Order, Status};

/// The ids of a world's shops.
pub const SHOPS: [&str; 3] = ["7494049642642441621", "7494049642642441622", "7494049642642441623"];
/// How often people look at what is listed after everything has come to rest.
const LOOKS: usize = 3;
/// So late may something be that is due, in milliseconds.
const LATE: i64 = 300_000;

/// A world under way.
struct Stage<'a> {
    world: World,
    plan: &'a Plan,
    stores: Vec<Added>,
    web: Option<web::Shop>,
    start: i64,
    history: History,
    /// When the slow schedule runs next: in the first minutes of each hour.
    tick: i64,
    /// Shops whose owner found TikTok down.
    unanswered: Vec<usize>,
    report: Report,
}

/// Plays.
pub async fn play(seed: u64, plan: &Plan) -> Report {
    let world = World::empty(seed).await;
    for app in AppRegion::ALL {
        let address = format!("https://waybill.example/hooks/tiktok/{app}");
        world.tiktok.configure_app(app, |app| app.webhook_url = address);
    }
    world.wire.set_faults(TableFaults { index_lag: NO_LAG, ..TableFaults::default() });
    for shop in &SHOPS[..plan.shops] {
        world.connect_shop(shop, if plan.packages { "SG" } else { "US" }).await;
        if plan.packages {
            // Numbers of one carrier stand for those of any there: what doubts do is told in the US.
            world.command(&["shop", "set", shop, "--mismatch", "warn"]).await;
        }
    }
    let mut stores = Vec::new();
    for (number, shops) in plan.stores.iter().enumerate() {
        let shops: Vec<&str> = shops.iter().map(|shop| SHOPS[*shop]).collect();
        stores.push(world.warehouse(&format!("warehouse-{number}"), &shops).await);
    }
    let web = match plan.web {
        Some(kind) => Some(web::Shop::open(&world, kind).await),
        None => None,
    };
    let start = world.time.now().as_second();
    let (history, report) = (History::default(), Report::default());
    let mut stage = Stage { world, plan, stores, web, start, history, tick: start, unanswered: Vec::new(), report };
    for step in &plan.steps {
        stage.until(start + i64::from(step.at) * 60).await;
        stage.report.told.push(step.to_string());
        stage.does(&step.deed).await;
    }
    stage.does(&Deed::Well).await;
    stage.rest().await;
    stage.look("at rest").await;
    let mut asked: BTreeSet<(String, String)> = BTreeSet::new();
    for look in 0..LOOKS {
        if !stage.report.differences.is_empty() || !stage.people(&mut asked).await {
            break;
        }
        stage.rest().await;
        stage.look(["after people", "after people again", "after people at last"][look]).await;
    }
    stage.report
}

impl Stage<'_> {
    fn now(&self) -> i64 {
        self.world.time.now().as_second()
    }

    /// Time passes; each schedule runs when something is due.
    async fn until(&mut self, end: i64) {
        loop {
            let before = self.work();
            self.push().await;
            if self.now() >= self.tick {
                self.world.tick().await;
                self.tick = (self.now() / 3600 + 1) * 3600 + 60;
            }
            self.world.hear().await;
            let now = self.now();
            if now >= end {
                return;
            }
            let next = self.due().map(|(ms, _)| (ms + 999) / 1000).min().unwrap_or(i64::MAX);
            // Rows of a shop that does not send are due and stay so. Each is looked at in two minutes of its hour.
            let step = if !before.is_empty() && before == self.work() { 120 } else { 60 };
            let next = next.min(self.tick).max(now + step).min(end);
            self.world.time.skip(Duration::from_secs(u64::try_from(next - now).unwrap_or(1)));
        }
    }

    /// What stands in the push lists: when it is due, and in which shard.
    fn due(&self) -> impl Iterator<Item = (i64, u8)> + use<> {
        self.world.wire.places("PUSH#")
    }

    /// What was due a minute ago and still is.
    fn work(&self) -> Vec<i64> {
        let before = self.world.time.now().as_millisecond() - 60_000;
        self.due().map(|(ms, _)| ms).filter(|ms| *ms <= before).collect()
    }

    async fn push(&self) {
        let event = self.world.wire.push_due(self.world.time.now());
        if !event.shards.is_empty() {
            let _ = tracking_push::handle(&self.world.app, &event).await;
        }
    }

    /// Until everything that goes by itself has gone.
    async fn rest(&mut self) {
        let end = self.now() + SETTLED;
        self.until(end).await;
        let now = self.world.time.now().as_millisecond();
        let late: Vec<i64> = self.due().map(|(ms, _)| now - ms).filter(|late| *late > LATE).collect();
        if let Some(late) = late.iter().max() {
            self.differ("the push list", "nothing is due in the past", &format!("due since {} s", late / 1000));
        }
    }

    fn differ(&mut self, about: &str, right: &str, found: &str) {
        self.report.differences.push(Difference {
            when: "on the way",
            about: about.into(),
            right: right.into(),
            found: found.into(),
        });
    }

    /// Notes what TikTok holds now.
    fn note(&mut self) {
        self.history.now = self.now() - self.start;
        self.history.taken = self.taken();
        let orders = self.plan.orders.iter().filter_map(|order| {
            let now = self.world.tiktok.order_now(SHOPS[order.shop], &order.id)?;
            Some((order.id.clone(), seen(order.shop, self.plan.packages, &now)))
        });
        self.history.orders = orders.collect();
    }

    /// What is right and what is found.
    async fn look(&mut self, when: &'static str) {
        self.note();
        for wrong in self.history.wrongly_taken() {
            self.differ("TikTok's record", "only what a warehouse said then", &wrong);
        }
        let ids: Vec<String> = self.plan.orders.iter().map(|order| order.id.clone()).collect();
        let rights = self.history.right(&ids);
        let held = self.world.held().await.0;
        self.keep(when, &rights, &held);
    }

    /// Compares, and keeps what came out.
    fn keep(&mut self, when: &'static str, rights: &[Right], held: &[Value]) {
        let verdict = compare(when, &self.history, rights, held);
        self.report.told.push(format!("{:>5} min  {when}:", self.history.now / 60));
        self.report.told.extend(verdict.told.iter().map(|line| format!("            {line}")));
        for (end, count) in verdict.ends {
            *self.report.ends.entry(end).or_default() += count;
        }
        self.report.differences.extend(verdict.differences);
    }

    fn taken(&self) -> Vec<Taken> {
        let start = self.start;
        let market = if self.plan.packages { "SG" } else { "US" };
        let name = |provider: &str| {
            let known = waybill_model::tiktok::providers_of(market).into_iter().find(|known| known.id == provider);
            known.map(|known| known.name).unwrap_or_default()
        };
        self.world.tiktok.with_journal(|journal| {
            let taken = journal.changes.iter().map(|change| Taken {
                at: change.at.as_second() - start,
                order: change.order.clone(),
                units: change.lines.clone(),
                number: change.number.clone(),
                carrier: name(&change.provider),
                correction: change.kind == waybill_model::tiktok::ChangeKind::Correction,
                package: change.package.clone(),
            });
            taken.collect()
        })
    }

    /// People see to what is listed. `false`: nothing is.
    async fn people(&mut self, asked: &mut BTreeSet<(String, String)>) -> bool {
        let held = self.world.held().await.0;
        let mut did = false;
        for row in held {
            let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
            let again = !asked.insert((text("number"), text("reason")));
            self.history.now = self.now() - self.start;
            let Some(deed) = people::remedy(&row, again, self.plan, &self.history) else { continue };
            self.report.told.push(format!("            {} is {}: {deed:?}", text("number"), text("reason")));
            self.does(&deed).await;
            did = true;
        }
        did
    }
}

fn seen(shop: usize, packages: bool, order: &Order) -> AtTikTok {
    let units = order.lines.iter().map(|line| {
        let package = order.package_of(&line.id);
        Unit {
            id: line.id.clone(),
            sku: line.sku.clone(),
            cancelled: line.cancelled,
            number: package.and_then(|package| package.number.clone()),
            package: package.map(|package| package.id.clone()),
        }
    });
    AtTikTok {
        shop,
        standing: match order.status {
            Status::Unpaid | Status::OnHold => Standing::NotYet,
            Status::AwaitingShipment | Status::PartiallyShipping => Standing::Open,
            Status::AwaitingCollection | Status::InTransit => Standing::Shipped,
            Status::Delivered | Status::Completed => Standing::Over,
            Status::Cancelled => Standing::Cancelled,
        },
        by_tiktok: order.shipping_type != "SELLER",
        cancel_asked: order.cancel_requested.is_some(),
        buyer: order.recipient.clone(),
        packages,
        units: units.collect(),
    }
}
