//! Scenes of carrier names: a mapping that is saved while workers may be holding parcels of that name.

use super::rig::{Done, Rig};
use super::script::{Parcel, SECOND, Scene, Script, Step, parcel};
use futures_util::FutureExt as _;
use std::sync::Arc;
use std::time::Duration;
use waybill::flows::carriers::map::{self as map_carrier, MapError};
use waybill::table::maps::MapScope;

/// The sweep runs in the first minutes of an hour.
const HOUR: Duration = Duration::from_secs(3_600);
/// A person whose save failed tries again.
const AGAIN: Duration = Duration::from_secs(3);

/// Parcels under a name nobody knows, in several spellings; somebody maps it at any moment.
pub(super) fn mapping_saved(seed: u64) -> Script {
    let mut scene = Scene::new("mapping_saved_while_held", seed);
    scene.script.workers = 1 + scene.upto(2) as usize;
    for n in 0..2 + scene.upto(6) {
        let order = scene.order(0, &[("MUG", 1)]);
        let number = format!("TBRT{n:07}");
        let at = SECOND * (1 + scene.upto(200) as u32);
        let carrier = ["Our van", "our  VAN", "Our-Van™"][scene.upto(3) as usize];
        let numbers = [number.as_str()];
        let ours = Parcel { carrier, ..parcel(n, at, &numbers, &[("MUG", 1)]) };
        scene.store(0, 1_000 + n, &order, at, &[ours]);
        scene.arrives(&order, &number, 1);
    }
    // Just after a tick is when a hold is being written.
    let tick = 60 * scene.upto(5) as u32;
    let at = SECOND * (tick + 1) + Duration::from_millis(scene.upto(20_000));
    scene.at(at, Step::Save { words: "our van", carrier: "Better Trucks" });
    if scene.chance.happens(0.3) {
        let at = SECOND * (1 + scene.upto(300) as u32);
        scene.at(at, Step::Crash);
    }
    scene.script
}

impl Rig {
    /// Somebody saves a mapping, and saves it again when that fails.
    pub(super) fn save(&mut self, words: &'static str, carrier: &'static str) {
        self.unswept = true;
        let process = self.world.process(900);
        let scope = MapScope::Account(self.world.account.clone());
        self.running.push(
            async move {
                let app = Arc::clone(&process.app);
                while let Err(error) = map_carrier::set(&app, &scope, words, carrier, "a person").await {
                    // Our first save counted, and its answer was lost.
                    if matches!(error, MapError::Duplicate { .. }) {
                        break;
                    }
                    tokio::time::sleep(AGAIN).await;
                }
                Done::Saved
            }
            .boxed_local(),
        );
    }

    /// The hourly sweep, once after the last save: whoever died between a hold and the look back is found by it. Says
    /// whether it ran now.
    pub(super) async fn swept(&mut self) -> bool {
        if !std::mem::take(&mut self.unswept) {
            return false;
        }
        let now = u64::try_from(self.world.time.now().as_second()).expect("after 1970");
        tokio::time::sleep(HOUR - Duration::from_secs(now % HOUR.as_secs())).await;
        self.world.tick().await;
        true
    }
}
