//! People come: they do what the remedy of each entry of the attention list says, and then nothing waits for anybody.

use super::rig::Rig;
use super::scenes::emit;
use super::script::{Parcel, Remedy, SECOND, Scene, Script, parcel, usps};
use serde_json::Value;
use waybill::domain::reason::{Reason, Who};

/// They look so often: what comes up behind the first answer is answered too.
const LOOKS: usize = 3;

impl Rig {
    /// Liveness (I17): once people have answered, everything settles, and nobody is asked for what comes by itself.
    pub(super) async fn people(&mut self) {
        for look in 0..LOOKS {
            let held = self.world.held().await.0;
            if held.is_empty() {
                return;
            }
            for row in &held {
                self.asks_somebody(row);
                let words = self.remedy(row, look);
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let (said, _) = self.world.command(&words).await;
                if let Some(error) = said.iter().find_map(|line| line["error"].as_str()) {
                    self.problems.push(format!("I17: a remedy that cannot be done: {words:?}: {error}"));
                }
            }
            self.rest().await;
        }
        let left = self.world.held().await.0;
        if !left.is_empty() {
            self.problems.push(format!("I17: people have answered {LOOKS} times, and this still waits: {left:?}"));
        }
    }

    fn asks_somebody(&mut self, row: &Value) {
        let reason = row["reason"].as_str().and_then(Reason::parse);
        if reason.is_none_or(|reason| reason.who() == Who::Nobody) {
            self.problems.push(format!("I17: on the attention list, and nobody has to do anything: {row}"));
        }
    }

    /// The command that the remedy names, with what this person knows; who knows no more closes the entry.
    fn remedy(&self, row: &Value, look: usize) -> Vec<String> {
        let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
        let number = text("number");
        let known = self.script.knows.iter().find(|(about, _)| *about == number).filter(|_| look == 0);
        match known.map(|(_, remedy)| remedy) {
            Some(Remedy::Map(words, carrier)) => ["map", "set", words, carrier].map(str::to_owned).into(),
            Some(Remedy::Choose(items)) => {
                let items = items.iter().map(|(sku, count)| format!("{sku}:{count}"));
                ["choose".to_owned(), number].into_iter().chain(items).collect()
            }
            None => {
                let about = if number.is_empty() { text("tiktok_order") } else { number };
                ["dismiss".to_owned(), about, "--note".into(), "settled by hand".into()].into()
            }
        }
    }
}

/// Two parcels that nobody but a person can place: a carrier without a match, and items that TikTok's order does not name. A
/// third has its single correction behind it.
pub(super) fn asked(seed: u64) -> Script {
    let mut scene = Scene::new("people_do_what_remedies_say", seed);
    let orders = [0, 1, 2].map(|_| scene.order(0, &[("MUG", 2)]));
    let [a, b, c] = [1, 2, 3].map(usps);
    let mut soon = || SECOND * (1 + scene.upto(90) as u32);
    let at = [soon(), soon()];

    let numbers = [a.as_str()];
    let unmapped = Parcel { carrier: "Swift Parcel Co", ..parcel(1, at[0], &numbers, &[("MUG", 2)]) };
    scene.store(0, 1001, &orders[0], at[0], &[unmapped]);
    scene.script.knows.push((a.clone(), Remedy::Map("Swift Parcel Co", "USPS")));

    scene.store(0, 1002, &orders[1], at[1], &[parcel(2, at[1], &[&b], &[("HAT", 3)])]);
    scene.script.knows.push((b.clone(), Remedy::Choose(vec![("MUG", 2)])));

    for (order, number) in orders.iter().zip([&a, &b]) {
        scene.arrives(order, number, 2);
    }
    let mut at = SECOND;
    for number in [c, usps(4), usps(5)] {
        emit(&mut scene, 0, 1003, &orders[2], at, &[(4, at, number, vec![("MUG", 2)])]);
        at += SECOND * (100 + scene.upto(60) as u32);
    }
    scene.script
}
