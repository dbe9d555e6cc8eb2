//! What happens in the demo, step by step, and what TikTok must hold in the end.

use super::town::{SHOP, Shopfront, Town};
use crate::commands::{Failure, Output};
use crate::host;
use http::Request;
use serde::Serialize;
use std::time::Duration;
use waybill::domain::platform::Platform;
use waybill::flows::carriers::map as map_carrier;
use waybill::flows::push::Summary;
use waybill::table::maps::MapScope;
use waybill_model::stores::IdField;
use waybill_model::tiktok::{Call, ChangeKind, Fault, FaultRule, Status};

/// An order and what TikTok must show for it in the end.
struct Expected {
    what: &'static str,
    order: String,
    numbers: Vec<&'static str>,
    status: &'static str,
}

/// A line of the story, for scripts.
#[derive(Serialize)]
struct Told<'a> {
    step: u32,
    what: &'static str,
    said: &'a str,
    /// Of a check: whether it holds.
    ok: Option<bool>,
}

/// What TikTok holds for one order in the end.
#[derive(Serialize)]
struct HoldsRow<'a> {
    order: &'a str,
    what: &'static str,
    tiktok_status: &'a str,
    numbers: &'a [String],
    ok: bool,
}

/// The last line.
#[derive(Serialize)]
struct Ending {
    all_where_they_belong: bool,
}

pub(super) struct Teller<'a> {
    pub(super) town: &'a Town,
    output: &'a mut Output,
    step: u32,
    orders: u64,
    expected: Vec<Expected>,
    good: bool,
}

/// Tells the story. `true`: TikTok holds every number it should, and nothing else happened.
pub(super) async fn tell(town: &Town, output: &mut Output) -> Result<bool, Failure> {
    let mut teller = Teller { town, output, step: 0, orders: 0, expected: Vec::new(), good: true };
    teller.first_parcel().await?;
    teller.two_parcels().await?;
    teller.edit().await?;
    teller.unmapped_carrier().await?;
    teller.lost_answer().await?;
    teller.other_platforms().await?;
    teller.whole_life().await?;
    teller.nobody_scans().await?;
    teller.ending()?;
    Ok(teller.good)
}

impl Teller<'_> {
    pub(super) fn title(&mut self, text: &str) -> Result<(), Failure> {
        self.step += 1;
        let step = self.step;
        self.output.say("")?;
        self.output.done(&Told { step, what: "title", said: text, ok: None }, format_args!("{step}. {text}"))
    }

    pub(super) fn line(&mut self, text: impl std::fmt::Display) -> Result<(), Failure> {
        let said = text.to_string();
        self.output.done(&Told { step: self.step, what: "line", said: &said, ok: None }, format_args!("   {said}"))
    }

    pub(super) fn check(&mut self, holds: bool, text: &str) -> Result<(), Failure> {
        self.good &= holds;
        let told = Told { step: self.step, what: "check", said: text, ok: Some(holds) };
        self.output.done(&told, format_args!("   {} {text}", if holds { "ok:" } else { "NOT SO:" }))
    }

    pub(super) fn shopify(&self) -> &Shopfront {
        &self.town.stores[0]
    }

    /// An order at TikTok and its twin in the store: TikTok's id and the store's.
    fn order(&mut self, front: usize, field: IdField, lines: &[(&str, u32)]) -> (String, u64) {
        self.order_in(front, field, lines, Status::AwaitingShipment)
    }

    /// The same of one mug, in another state.
    pub(super) fn placed(&mut self, field: IdField, status: Status) -> (String, u64) {
        self.order_in(0, field, &[("MUG-BLUE", 1)], status)
    }

    fn order_in(&mut self, front: usize, field: IdField, lines: &[(&str, u32)], status: Status) -> (String, u64) {
        self.orders += 1;
        let id = format!("5760000000000{:05}", self.orders);
        self.town.tiktok.order(SHOP, &id).lines(lines).status(status).place();
        let mut twin = self.town.stores[front].store.order().tiktok(field, &id);
        for (sku, quantity) in lines {
            twin = twin.line(sku, *quantity);
        }
        (id, twin.place())
    }

    /// Delivers what the store has to say, over HTTP, as signed by the store. Returns the last request.
    pub(super) async fn deliver(&mut self, front: usize) -> Result<Option<Request<bytes::Bytes>>, Failure> {
        let store = self.town.stores[front].store.clone();
        let mut last = None;
        for delivery in store.deliveries() {
            let copy = copy_of(&delivery.request);
            let answer = self.town.app.outbound.send(delivery.request, Duration::from_secs(5)).await;
            let status = answer.as_ref().map(|answer| answer.status().as_u16()).ok();
            store.answered(delivery.hook, status);
            let shown = status.map_or_else(|| "no answer".to_owned(), |status| format!("answered {status}"));
            self.line(format!("webhook {} → {shown}", delivery.topic))?;
            self.good &= status == Some(200);
            last = Some(copy);
        }
        Ok(last)
    }

    /// One tick of the schedule.
    pub(super) async fn tick(&mut self) -> Result<Summary, Failure> {
        let summary = host::push(&self.town.app).await;
        let counts = [
            ("sent", summary.pushed),
            ("corrected", summary.corrected),
            ("found at TikTok", summary.reconciled),
            ("held", summary.held),
            ("answer lost", summary.unknown),
            ("later", summary.retried),
        ];
        let told: Vec<String> = counts.iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{n} {what}")).collect();
        let told = if told.is_empty() { "nothing to do".to_owned() } else { told.join(", ") };
        self.line(format!("push: {told}"))?;
        Ok(summary)
    }

    pub(super) fn expect(&mut self, what: &'static str, order: &str, numbers: &[&'static str], status: &'static str) {
        self.expected.retain(|e| e.order != order);
        self.expected.push(Expected { what, order: order.to_owned(), numbers: numbers.to_vec(), status });
    }

    /// Orders whose parcels no carrier has scanned; from now on they shall be under way.
    pub(super) fn waiting_for_a_scan(&mut self) -> Vec<String> {
        let waiting = self.expected.iter_mut().filter(|one| one.status == "AWAITING_COLLECTION");
        let order = |one: &mut Expected| {
            one.status = "IN_TRANSIT";
            one.order.clone()
        };
        waiting.map(order).collect()
    }

    async fn first_parcel(&mut self) -> Result<(), Failure> {
        self.title("A shipment in Shopify, its TikTok order id in a custom attribute of the order")?;
        let (order, twin) = self.order(0, IdField::Main, &[("MUG-BLUE", 2), ("CAP-RED", 1)]);
        self.shopify().store.fulfil(twin, &[("MUG-BLUE", 2), ("CAP-RED", 1)], &["1ZKYMVJ41862527602"], "UPS");
        let delivery = self.deliver(0).await?;
        let summary = self.tick().await?;
        self.check(summary.look_ups == 1 && summary.pushed == 1, "one look-up in the store, one call to TikTok")?;
        self.expect("whole order", &order, &["1ZKYMVJ41862527602"; 3], "AWAITING_COLLECTION");
        self.title("The same webhook once more")?;
        let before = self.town.app.table.usage().write_requests;
        if let Some(repeat) = delivery {
            let answer = self.town.app.outbound.send(repeat, Duration::from_secs(5)).await;
            let status = answer.map(|answer| answer.status().as_u16()).unwrap_or_default();
            self.line(format!("webhook → answered {status}"))?;
        }
        let written = self.town.app.table.usage().write_requests - before;
        self.check(written == 0, "known already: nothing was written")?;
        let summary = self.tick().await?;
        self.check(summary.due == 0, "nothing is due")
    }

    async fn two_parcels(&mut self) -> Result<(), Failure> {
        self.title("Two parcels for one order: first a part, then the rest")?;
        let (order, twin) = self.order(0, IdField::Note, &[("MUG-BLUE", 2), ("CAP-RED", 1)]);
        let store = self.shopify().store.clone();
        store.fulfil(twin, &[("MUG-BLUE", 1)], &["1ZD2B27V4226439573"], "UPS");
        self.deliver(0).await?;
        self.tick().await?;
        let status = self.status(&order);
        self.check(status == "PARTIALLY_SHIPPING", &format!("TikTok shows {status}"))?;
        store.fulfil(twin, &[("MUG-BLUE", 1), ("CAP-RED", 1)], &["478859271147"], "FedEx");
        self.deliver(0).await?;
        self.tick().await?;
        let numbers = ["1ZD2B27V4226439573", "478859271147", "478859271147"];
        self.expect("two parcels", &order, &numbers, "AWAITING_COLLECTION");
        Ok(())
    }

    async fn edit(&mut self) -> Result<(), Failure> {
        self.title("The merchant corrects a number after it was sent")?;
        let (order, twin) = self.order(0, IdField::Name, &[("MUG-BLUE", 1)]);
        let store = self.shopify().store.clone();
        let parcel = store.fulfil(twin, &[("MUG-BLUE", 1)], &["842684656327"], "FedEx").unwrap_or_default();
        self.deliver(0).await?;
        self.tick().await?;
        self.town.skip(Duration::from_secs(60));
        store.edit_tracking(twin, parcel, &["1ZZ8E6R3YW46954618"], "UPS");
        self.deliver(0).await?;
        let summary = self.tick().await?;
        self.check(summary.corrected == 1, "one correction, the only one TikTok allows")?;
        self.expect("corrected", &order, &["1ZZ8E6R3YW46954618"], "AWAITING_COLLECTION");
        Ok(())
    }

    async fn unmapped_carrier(&mut self) -> Result<(), Failure> {
        self.title("A carrier name that nobody knows")?;
        let (order, twin) = self.order(0, IdField::Main, &[("CAP-RED", 1)]);
        self.shopify().store.fulfil(twin, &[("CAP-RED", 1)], &["TBRT7712345"], "Our van, mornings");
        self.deliver(0).await?;
        let summary = self.tick().await?;
        self.check(summary.held == 1 && self.numbers(&order) == ["-"], "held, nothing guessed")?;
        let shop = self.shop()?;
        for key in self.town.app.table.held_keys(&shop, "").await? {
            if let Some(reason) = self.town.app.table.parcel_get(&key).await?.and_then(|parcel| parcel.state.reason()) {
                self.line(format!("{}: {}", reason.code(), reason.sentence()))?;
                self.line(format!("what to do: {}", reason.remedy()))?;
            }
        }
        self.line("waybill map set \"Our van, mornings\" \"Better Trucks\"")?;
        let scope = MapScope::Account(self.town.account.clone());
        let queued = map_carrier::set(&self.town.app, &scope, "Our van, mornings", "Better Trucks", "demo").await?;
        self.check(queued == 1, "one waiting parcel is queued again")?;
        self.tick().await?;
        self.expect("mapped carrier", &order, &["TBRT7712345"], "AWAITING_COLLECTION");
        Ok(())
    }

    async fn lost_answer(&mut self) -> Result<(), Failure> {
        self.title("TikTok takes the number, and its answer never comes")?;
        let (order, twin) = self.order(0, IdField::Main, &[("MUG-BLUE", 1)]);
        self.town.tiktok.inject(FaultRule::new(Fault::HangAfter).on(&[Call::MarkPackage]).times(1));
        self.shopify().store.fulfil(twin, &[("MUG-BLUE", 1)], &["1ZGPPS7N6695324999"], "UPS");
        self.deliver(0).await?;
        self.line("waiting for TikTok until the time-out of 8 seconds …")?;
        let summary = self.tick().await?;
        self.check(summary.unknown == 1, "outcome unknown: it will be read before anything else")?;
        self.line("90 seconds later")?;
        self.town.skip(Duration::from_secs(90));
        let summary = self.tick().await?;
        self.check(summary.reconciled == 1 && summary.pushed == 0, "the read found it: nothing is sent twice")?;
        let changes = self.town.tiktok.with_journal(|journal| journal.changes_of(&order).count());
        self.check(changes == 1, "TikTok accepted exactly one change")?;
        self.expect("lost answer", &order, &["1ZGPPS7N6695324999"], "AWAITING_COLLECTION");
        Ok(())
    }

    async fn other_platforms(&mut self) -> Result<(), Failure> {
        self.title("The same promise on WooCommerce, BigCommerce and Magento 2")?;
        let numbers = ["342366712764", "1ZD473DB1226757493", "426859952897"];
        let carriers = ["fedex", "UPS", "FedEx"];
        for front in 1..self.town.stores.len() {
            let (number, carrier) = (numbers[front - 1], carriers[front - 1]);
            let (order, twin) = self.order(front, IdField::Main, &[("MUG-BLUE", 1)]);
            self.town.stores[front].store.fulfil(twin, &[("MUG-BLUE", 1)], &[number], carrier);
            let platform = self.town.stores[front].platform;
            self.line(format!("{platform}:"))?;
            self.deliver(front).await?;
            self.expect(name(platform), &order, &[number], "AWAITING_COLLECTION");
        }
        // Thin deliveries are read in one tick and sent in the next.
        self.tick().await?;
        self.town.skip(Duration::from_secs(60));
        self.tick().await?;
        Ok(())
    }

    fn ending(&mut self) -> Result<(), Failure> {
        self.output.say("")?;
        self.output.say("What TikTok now holds")?;
        let expected = std::mem::take(&mut self.expected);
        for one in &expected {
            let (numbers, status) = (self.numbers(&one.order), self.status(&one.order));
            let right = numbers.iter().map(String::as_str).eq(one.numbers.iter().copied()) && status == one.status;
            self.good &= right;
            let mut shown = numbers.clone();
            shown.dedup();
            let mark = if right { "ok" } else { "WRONG" };
            let row =
                HoldsRow { order: &one.order, what: one.what, tiktok_status: &status, numbers: &numbers, ok: right };
            let words = format!("   {mark:5} {}  {status:20} {:14} {}", one.order, one.what, shown.join(", "));
            self.output.done(&row, words)?;
        }
        let (first, edits) = self.town.tiktok.with_journal(|journal| {
            let count = |kind| journal.changes.iter().filter(|change| change.kind == kind).count();
            (count(ChangeKind::First), count(ChangeKind::Correction))
        });
        self.check(edits == 2, &format!("{first} numbers sent once each, {edits} corrections"))?;
        let words = if self.good { "Every number is where it belongs." } else { "Something is not as it should be." };
        self.output.say("")?;
        self.output.done(&Ending { all_where_they_belong: self.good }, words)
    }

    pub(super) fn shop(&self) -> Result<waybill::domain::ids::ShopId, Failure> {
        waybill::domain::ids::ShopId::parse(SHOP).map_err(|e| Failure::attention(e.to_string(), super::FAULT))
    }

    fn status(&self, order: &str) -> String {
        self.town.tiktok.order_now(SHOP, order).map(|order| order.status.word().to_owned()).unwrap_or_default()
    }

    /// The number of each line, `-` where there is none.
    fn numbers(&self, order: &str) -> Vec<String> {
        let Some(order) = self.town.tiktok.order_now(SHOP, order) else { return Vec::new() };
        let number = |id: &str| order.package_of(id).and_then(|package| package.number.clone());
        order.lines.iter().map(|line| number(&line.id).unwrap_or_else(|| "-".to_owned())).collect()
    }
}

fn name(platform: Platform) -> &'static str {
    match platform {
        Platform::Shopify => "Shopify",
        Platform::WooCommerce => "WooCommerce",
        Platform::BigCommerce => "BigCommerce",
        Platform::Magento => "Magento 2",
        Platform::Generic => "warehouse",
    }
}

fn copy_of(request: &Request<bytes::Bytes>) -> Request<bytes::Bytes> {
    let mut copy = Request::new(request.body().clone());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}
