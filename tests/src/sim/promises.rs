//! What must come, when everything is quiet: each order on the one list of its clock (I13), what is not scanned in time
//! told (I15), and what is held settled by its own remedy.

use super::rig::Rig;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use waybill_model::tiktok::Status;

/// Every so many seeds days pass in which no carrier scans.
const UNSCANNED_TURN: u64 = 16;
/// Longer than the time for a first scan, and with all that went before shorter than the time for the delivery.
const DAYS: Duration = Duration::from_secs(4 * 24 * 3600);

impl Rig {
    /// What must hold after two quiet hours, and what people and days then bring.
    pub(super) async fn promises(&mut self, seed: u64) {
        self.clocks();
        if seed.is_multiple_of(UNSCANNED_TURN) {
            self.world.time.skip(DAYS);
            self.quiet().await;
            self.clocks();
            self.unscanned();
        }
        self.people().await;
    }

    /// Orders on a list of this kind, by how often they stand there.
    fn on_lists(&self, kind: &str) -> BTreeMap<String, usize> {
        let mut orders = BTreeMap::new();
        for (_, _, (_, row)) in self.world.wire.listed(kind) {
            *orders.entry(row.trim_start_matches("ORDER#").to_owned()).or_default() += 1;
        }
        orders
    }

    /// I13: an order that still has a clock to meet stands on one list once; one that has none on no list.
    fn clocks(&mut self) {
        let (ahead, late) = (self.on_lists("CLOCK#"), self.on_lists("LATE#"));
        for placed in &self.script.orders {
            let order = self.world.tiktok.order_now(&self.script.shops[placed.shop].0, &placed.id).expect("an order");
            let on = |list: &BTreeMap<String, usize>| list.get(&placed.id).copied().unwrap_or_default();
            let runs = matches!(
                order.status,
                Status::AwaitingShipment | Status::PartiallyShipping | Status::AwaitingCollection | Status::InTransit
            );
            let ours = order.shipping_type == "SELLER";
            let over = matches!(order.status, Status::Completed | Status::Cancelled | Status::Delivered) || !ours;
            let times = on(&ahead) + on(&late);
            if (runs && ours && times != 1) || (over && times != 0) {
                self.problems.push(format!(
                    "I13: {} is {} and {times} times on the lists of clocks",
                    placed.id,
                    order.status.word()
                ));
            }
        }
    }

    /// I15: what no carrier scanned in its time has an entry of the attention list.
    fn unscanned(&mut self) {
        let listed: BTreeSet<String> = self.on_lists("HELD#").into_keys().collect();
        for placed in &self.script.orders {
            let order = self.world.tiktok.order_now(&self.script.shops[placed.shop].0, &placed.id).expect("an order");
            if order.status == Status::AwaitingCollection && !listed.contains(&placed.id) {
                self.problems.push(format!("I15: {} was not scanned in its time, and is on no list", placed.id));
            }
        }
    }

    /// People do what each entry says, and close what is left. Then no parcel asks for a hand.
    async fn people(&mut self) {
        for again in [false, true] {
            for entry in self.world.held().await.0 {
                let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
                let (number, command) = (text("number"), text("command"));
                if number.is_empty() {
                    continue;
                }
                // A word in capitals is for the person to fill in.
                let ready = !command
                    .split(' ')
                    .any(|word| word.len() > 3 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
                let words: Vec<&str> = command.split(' ').skip(1).collect();
                let said = if !again && ready && words.len() > 1 {
                    self.world.command(&words).await.0
                } else {
                    self.world.command(&["dismiss", &number, "--note", "settled by hand"]).await.0
                };
                if let Some(error) = said.iter().find_map(|row| row["error"].as_str()) {
                    self.problems.push(format!("a remedy cannot be done: {command:?} for {entry}: {error}"));
                }
            }
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_secs(60)).await;
                self.tick(0);
                self.settle_down().await;
            }
        }
        for entry in self.world.held().await.0.iter().filter(|entry| entry["number"].is_string()) {
            self.problems.push(format!("people did what it says, and it is still there: {entry}"));
        }
    }
}
