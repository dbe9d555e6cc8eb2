//! Plays a plan through the real flows: signed deliveries, both schedules when something is due, TikTok's webhooks, and
//! people at the command line. Nothing here looks into a row.

use super::Report;
use super::compare::{Difference, compare};
use super::people;
use super::right::{AtTikTok, GIFT, History, SETTLED, Standing, Taken, Unit};
use super::world::{Deed, Message, Plan, Trouble};
use crate::world::World;
use crate::world::wire::{NO_LAG, TableFaults};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use waybill::domain::region::AppRegion;
use waybill::flows::connect::store::Added;
use waybill::flows::connect::{shop as connect_shop, shop_in_browser as connect_shop_in_browser};
use waybill::tiktok::authorise::TokenAnswer;
use waybill_model::tiktok::{Call, Fault, FaultRule, Order, Status};

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
        world.connect_shop(shop, "US").await;
    }
    let mut stores = Vec::new();
    for (number, shops) in plan.stores.iter().enumerate() {
        let shops: Vec<&str> = shops.iter().map(|shop| SHOPS[*shop]).collect();
        stores.push(world.warehouse(&format!("warehouse-{number}"), &shops).await);
    }
    let start = world.time.now().as_second();
    let (history, report) = (History::default(), Report::default());
    let mut stage = Stage { world, plan, stores, start, history, tick: start, unanswered: Vec::new(), report };
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
            let next = next.min(self.tick).max(now + 60).min(end);
            self.world.time.skip(Duration::from_secs(u64::try_from(next - now).unwrap_or(1)));
        }
    }

    /// What stands in the push lists: when it is due, and in which shard.
    fn due(&self) -> impl Iterator<Item = (i64, u8)> + use<> {
        self.world.wire.listed("PUSH#").into_iter().filter_map(|(list, place, _)| {
            let shard = u8::from_str_radix(list.strip_prefix("PUSH#")?, 16).ok()?;
            Some((place.split('#').next()?.parse().ok()?, shard))
        })
    }

    async fn push(&self) {
        let now = self.world.time.now().as_millisecond();
        let shards: BTreeSet<u8> = self.due().filter(|(ms, _)| *ms <= now).map(|(_, shard)| shard).collect();
        if !shards.is_empty() {
            let event = tracking_push::Event { shards: shards.into_iter().collect() };
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

    /// What is right and what is found.
    async fn look(&mut self, when: &'static str) {
        self.history.now = self.now() - self.start;
        self.history.taken = self.taken();
        let orders = self.plan.orders.iter().filter_map(|order| {
            let now = self.world.tiktok.order_now(SHOPS[order.shop], &order.id)?;
            Some((order.id.clone(), seen(order.shop, &now)))
        });
        self.history.orders = orders.collect();
        for wrong in self.history.wrongly_taken() {
            self.differ("TikTok's record", "only what a warehouse said then", &wrong);
        }
        let ids: Vec<String> = self.plan.orders.iter().map(|order| order.id.clone()).collect();
        let rights = self.history.right(&ids);
        let held = self.world.held().await.0;
        let verdict = compare(when, &self.history, &rights, &held);
        self.report.told.push(format!("{:>5} min  {when}:", self.history.now / 60));
        self.report.told.extend(verdict.told.iter().map(|line| format!("            {line}")));
        for (end, count) in verdict.ends {
            *self.report.ends.entry(end).or_default() += count;
        }
        self.report.differences.extend(verdict.differences);
    }

    fn taken(&self) -> Vec<Taken> {
        let start = self.start;
        let name = |shop: &str, provider: &str| {
            let _ = shop;
            let known = waybill_model::tiktok::providers_of("US").into_iter().find(|known| known.id == provider);
            known.map(|known| known.name).unwrap_or_default()
        };
        self.world.tiktok.with_journal(|journal| {
            let taken = journal.changes.iter().map(|change| Taken {
                at: change.at.as_second() - start,
                order: change.order.clone(),
                units: change.lines.clone(),
                number: change.number.clone(),
                carrier: name(&change.shop, &change.provider),
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

    async fn does(&mut self, deed: &Deed) {
        self.do_now(deed).await;
        if *deed == Deed::Well {
            for shop in std::mem::take(&mut self.unanswered) {
                self.do_now(&Deed::Reconnect(shop)).await;
            }
        }
    }

    async fn do_now(&mut self, deed: &Deed) {
        self.history.deeds.push((self.now() - self.start, deed.clone()));
        let tiktok = self.world.tiktok.clone();
        let plan = self.plan;
        let order = |place: usize| (SHOPS[plan.orders[place].shop], plan.orders[place].id.as_str());
        match deed {
            Deed::Place(place) => self.place(*place),
            Deed::Tell(message) => {
                let body = self.body(message);
                self.tell(message.store, &body).await;
            }
            Deed::CancelInStore { store, order, version } => {
                let body = json!({"order_id": order, "order_cancelled": true, "updated_at": self.moment(*version)});
                self.tell(*store, &body).await;
            }
            Deed::Pay(place) => drop(tiktok.pay(order(*place).0, order(*place).1)),
            Deed::Cancel(place) => drop(tiktok.cancel(order(*place).0, order(*place).1, "BUYER")),
            Deed::AskToCancel(place) => drop(tiktok.ask_to_cancel(order(*place).0, order(*place).1)),
            Deed::RejectCancel(place) => drop(tiktok.reject_cancel(order(*place).0, order(*place).1)),
            Deed::CancelUnit(place, unit) => {
                let (shop, id) = order(*place);
                let lines = tiktok.order_now(shop, id).map(|order| order.open_lines()).unwrap_or_default();
                if lines.len() > 1
                    && let Some(line) = lines.get(*unit)
                {
                    tiktok.cancel_lines(shop, id, std::slice::from_ref(line));
                }
            }
            Deed::ShipElsewhere(place, number) => {
                let (shop, id) = order(*place);
                let open = tiktok
                    .order_now(shop, id)
                    .is_some_and(|order| matches!(order.status, Status::AwaitingShipment | Status::PartiallyShipping));
                if open {
                    tiktok.ship_elsewhere(shop, id, &[], number, "7117858858072016686");
                }
            }
            Deed::Scan(place) => drop(tiktok.scan(order(*place).0, order(*place).1)),
            Deed::TakeBack(place) => {
                let (shop, id) = order(*place);
                let shipped = tiktok.order_now(shop, id).is_some_and(|order| {
                    matches!(order.status, Status::AwaitingCollection | Status::PartiallyShipping)
                });
                if shipped {
                    tiktok.take_back(shop, id);
                }
            }
            Deed::ShipBySeller(place) => drop(tiktok.ship_by_seller(order(*place).0, order(*place).1)),
            Deed::Trouble(trouble) => self.trouble(*trouble),
            Deed::Well => tiktok.heal(),
            Deed::Revoke(shop) => tiktok.revoke(SHOPS[*shop]),
            Deed::Reconnect(shop) => self.reconnect(*shop).await,
            Deed::Close(shop) => tiktok.set_active(SHOPS[*shop], false),
            Deed::Open(shop) => tiktok.set_active(SHOPS[*shop], true),
            Deed::Pause(shop) => self.shop("pause", *shop).await,
            Deed::Resume(shop) => self.shop("resume", *shop).await,
            Deed::Remove(shop) => self.shop("remove", *shop).await,
            Deed::Map(words, carrier) => self.act(&["map", "set", words, carrier]).await,
            Deed::Link(store_order, order) => self.act(&["link", store_order, order]).await,
            Deed::Choose(number, items) => {
                let lines: Vec<String> = items.iter().map(|(sku, count)| format!("{sku}:{count}")).collect();
                let mut words = vec!["choose", number];
                words.extend(lines.iter().map(String::as_str));
                self.act(&words).await;
            }
            Deed::Confirm(number) => self.act(&["confirm", number]).await,
            Deed::Dismiss(number) => self.act(&["dismiss", number, "--note", "settled by hand"]).await,
            Deed::Retry(number) => self.act(&["retry", number]).await,
        }
    }

    /// What a person does with a shop; another story may have done the same before.
    async fn shop(&self, what: &str, shop: usize) {
        self.world.command(&["shop", what, SHOPS[shop]]).await;
    }

    /// The owner consents. TikTok may not answer: then again when it is well.
    async fn reconnect(&mut self, shop: usize) {
        let app = &self.world.app;
        let Some(tokens) = self.world.tiktok.authorise(&[SHOPS[shop]]) else { return };
        let Ok(answer) = TokenAnswer::read(tokens.answer().to_string().as_bytes()) else { return };
        match connect_shop::connect(app, &self.world.account, AppRegion::Us, answer).await {
            Ok(shops) => {
                for shop in shops {
                    let _ = connect_shop_in_browser::resume(app, &shop).await;
                }
            }
            Err(_) => {
                self.history.deeds.pop();
                self.unanswered.push(shop);
            }
        }
    }

    /// A person's command must do what the remedy promised.
    async fn act(&mut self, words: &[&str]) {
        let (said, _) = self.world.command(words).await;
        if let Some(error) = said.iter().find_map(|row| row["error"].as_str()) {
            let error = error.to_owned();
            self.differ(&words.join(" "), "a remedy that can be done", &error);
        }
    }

    fn place(&self, place: usize) {
        let order = &self.plan.orders[place];
        let status = match (order.unpaid, order.on_hold) {
            (true, _) => Status::Unpaid,
            (_, true) => Status::OnHold,
            _ => Status::AwaitingShipment,
        };
        let mut builder = self.world.tiktok.order(SHOPS[order.shop], &order.id).lines(&order.items).status(status);
        if order.by_tiktok {
            builder = builder.shipped_by_tiktok();
        }
        if let Some(buyer) = order.buyer {
            builder = builder.recipient(buyer);
        }
        if order.gift {
            builder = builder.line(GIFT, 1).with(|order| {
                for line in order.lines.iter_mut().filter(|line| line.sku == GIFT) {
                    line.gift = true;
                }
            });
        }
        builder.place();
    }

    fn moment(&self, second: i64) -> String {
        jiff::Timestamp::from_second(self.start + second).expect("in range").to_string()
    }

    fn body(&self, message: &Message) -> Value {
        let lines: Vec<Value> =
            message.items.iter().map(|(sku, count)| json!({"sku": sku, "quantity": count})).collect();
        let mut body = json!({
            "order_id": message.order, "shipment_id": message.shipment,
            "updated_at": self.moment(message.version),
        });
        if let Some(tiktok) = &message.tiktok {
            body["tiktok_order_id"] = tiktok.as_str().into();
        }
        if message.cancelled {
            body["cancelled"] = true.into();
        } else {
            body["tracking_number"] = message.numbers.join(", ").into();
            if !message.carrier.is_empty() {
                body["carrier"] = message.carrier.into();
            }
        }
        if !lines.is_empty() {
            body["lines"] = lines.into();
        }
        body
    }

    async fn tell(&mut self, store: usize, body: &Value) {
        let (status, words) = self.world.ask_generic(&self.stores[store], body).await;
        if status != 200 {
            self.differ("a message", "is taken", &format!("{status} {words} for {body}"));
        }
    }

    fn trouble(&self, trouble: Trouble) {
        let writes = |fault| FaultRule::new(fault).writes(true);
        let rules = match trouble {
            Trouble::Throttled(shop, seconds) => {
                let fault = Fault::Throttle { retry_after: Some(Duration::from_secs(seconds)) };
                vec![FaultRule::new(fault).shop(SHOPS[shop])]
            }
            Trouble::Down => vec![FaultRule::new(Fault::Status(503))],
            Trouble::AnswersLost(times) => vec![writes(Fault::ResetAfter).times(times)],
            Trouble::CallsLost(times) => vec![writes(Fault::HangBefore).times(times)],
            Trouble::Busy => vec![writes(Fault::Code(21_008_300))],
            Trouble::LeftOut(times) => {
                let body = r#"{"code":0,"message":"Success","request_id":"20261121185500010203040506070809AB","data":{"orders":[]}}"#;
                let answer = Fault::Answer { http: 200, content_type: "application/json".into(), body: body.into() };
                vec![FaultRule::new(answer).on(&[Call::GetOrders]).times(times)]
            }
            Trouble::Flaky => [
                Fault::Status(500),
                Fault::ResetAfter,
                Fault::GatewayTimeout { committed: true },
                Fault::BrokenJson { committed: true },
                Fault::Throttle { retry_after: None },
                Fault::HangBefore,
            ]
            .into_iter()
            .map(|fault| FaultRule::new(fault).probability(0.12))
            .collect(),
            Trouble::BadOrder(order) => {
                let id = &self.plan.orders[order].id;
                vec![FaultRule::new(Fault::Code(10_006_402)).on(&[Call::GetOrders]).id(id)]
            }
        };
        rules.into_iter().for_each(|rule| self.world.tiktok.inject(rule));
    }
}

fn seen(shop: usize, order: &Order) -> AtTikTok {
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
        units: units.collect(),
    }
}
