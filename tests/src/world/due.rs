//! Runs of the schedules. A run asks 64 shards or 32 lists for what is due. Where nothing is, it finds nothing, so a world
//! asks only the others; whole runs are played where their cost is counted, on one machine and under Lambda.

use super::World;
use super::wire::Wire;
use jiff::Timestamp;
use reauth_reminder::Event as Tick;
use std::collections::BTreeSet;
use tracking_push::Event as Push;
use waybill::flows::{push, tick};
use waybill::table::keys::{SHARDS, Slot};

impl Wire {
    /// The shards in which something is due; all, when no history of the lists is kept.
    #[must_use]
    pub fn push_due(&self, now: Timestamp) -> Push {
        let shards = self.due("PUSH#", now).unwrap_or_else(|| (0..SHARDS).collect());
        Push { shards: shards.into_iter().collect() }
    }

    /// The slots in which something is due, and the one whose run makes the daily round.
    #[must_use]
    pub fn tick_due(&self, now: Timestamp) -> Tick {
        let Some((auth, poll)) = self.due("AUTH#", now).zip(self.due("POLL#", now)) else { return Tick::tick() };
        let due: BTreeSet<u8> = auth.into_iter().chain(poll).chain([Slot::FIRST.number()]).collect();
        Tick::Tick { slots: due.into_iter().filter_map(Slot::new).collect() }
    }

    /// What stands in these lists: since when, in milliseconds since 1970, and in the list of which number.
    pub fn places(&self, lists: &'static str) -> impl Iterator<Item = (i64, u8)> + use<> {
        self.listed(lists).into_iter().filter_map(move |(list, place, _)| {
            let number = u8::from_str_radix(list.strip_prefix(lists)?, 16).ok()?;
            Some((place.split('#').next()?.parse().ok()?, number))
        })
    }

    fn due(&self, lists: &'static str, now: Timestamp) -> Option<BTreeSet<u8>> {
        let due = |(at, number)| (at <= now.as_millisecond()).then_some(number);
        self.has_lists().then(|| self.places(lists).filter_map(due).collect())
    }
}

impl World {
    /// One run of the push schedule.
    pub async fn push(&self) -> push::Summary {
        tracking_push::handle(&self.app, &self.wire.push_due(self.time.now())).await.expect("shards that exist")
    }

    /// One tick of the slow schedule.
    pub async fn tick(&self) -> tick::Summary {
        reauth_reminder::handle(&self.app, &self.wire.tick_due(self.time.now())).await
    }
}
