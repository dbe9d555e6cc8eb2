//! A shop's orders over days, and who is told of their deadlines: each alert once (I14), whoever dies in between.
//!
//! What must be told is read from the lists of clocks as they stood every few minutes; what was told, from the mails.

use super::living::Living;
use crate::world::calls::Side;
use crate::world::watch::{Ends, Watch};
use crate::world::wire::{NO_LAG, TableFaults};
use crate::world::{SHOP, World, mail_subject, mail_text};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use waybill::domain::deadline::Clock;
use waybill::domain::region::AppRegion;
use waybill::mail::zone;
use waybill_model::chance::Chance;

/// So long a life goes on, in minutes.
const LIFE: u64 = 5 * 24 * 60;
/// The schedules run when something is due, at most so often, in minutes.
const STEP: u64 = 10;
/// And the lists are looked at so often even when nothing is.
const LOOK: u64 = 30;
/// An alert is told in the hour's window after it came up, which closes ten minutes late; then a run of the schedule.
const IN_TIME: SignedDuration = SignedDuration::from_mins(60 + 10 + 2 * STEP.cast_signed());
/// Hours before a deadline.
const ALERTS: [i64; 3] = [24, 12, 4];

/// What came out of a life.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// What did not hold.
    pub problems: Vec<String>,
    /// Alerts that had to be told.
    pub alerts: usize,
    /// Where the slow schedule's process could end, if that was watched.
    pub ends: Ends,
}

/// A deadline that stood on a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    order: String,
    clock: char,
    due: i64,
    since: i64,
}

impl Entry {
    /// `<deadline ms>#<clock>#<since s>#<order>`.
    fn parse(place: &str) -> Option<Self> {
        let mut parts = place.split('#');
        let due = parts.next()?.parse::<i64>().ok()? / 1000;
        let clock = parts.next()?.chars().next()?;
        let since = parts.next()?.parse().ok()?;
        Some(Self { order: parts.next()?.to_owned(), clock, due, since })
    }

    /// When its alerts come up, where it alerts at all.
    fn alerts(&self) -> BTreeSet<i64> {
        let alerts = Clock::ALL.into_iter().any(|clock| clock.letter() == self.clock && clock.alerts());
        let at = ALERTS.map(|hours| (self.due - hours * 3600).max(self.since));
        at.into_iter().filter(|at| alerts && *at < self.due).collect()
    }

    /// The line that a mail has about it.
    fn line(&self, zone: &TimeZone) -> String {
        let clock = Clock::ALL.into_iter().find(|clock| clock.letter() == self.clock).expect("a clock");
        format!("{} by {}", clock.shown_as(), zone::moment(second(self.due), zone))
    }
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

/// What happens to an order.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Place(usize),
    Ship(usize),
    Scan(usize),
    Cancel(usize),
    Near(usize, i64),
    TakeBack(usize),
}

/// A life under way.
struct Life {
    world: World,
    slow: Living,
    processes: u64,
    chance: Chance,
    zone: TimeZone,
    orders: Vec<String>,
    /// First and last moment at which each deadline stood on a list.
    seen: BTreeMap<Entry, (i64, i64)>,
    /// Mails about deadlines: when, and their text.
    mails: Vec<(i64, String)>,
    read: usize,
}

/// Plays a life; the slow schedule's process dies on these of its calls.
///
/// # Panics
/// When the runtime cannot be built.
#[must_use]
pub fn play(seed: u64, deaths: &[(u64, Side)], watched: bool) -> Told {
    fastrand::seed(seed);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    runtime.block_on(Box::pin(async {
        let life = Life::begin(seed, deaths, watched).await;
        Box::pin(life.run(deaths.is_empty())).await
    }))
}

impl Life {
    async fn begin(seed: u64, deaths: &[(u64, Side)], watched: bool) -> Self {
        let world = World::empty(seed).await;
        for app in AppRegion::ALL {
            let address = format!("https://waybill.example/hooks/tiktok/{app}");
            world.tiktok.configure_app(app, |app| app.webhook_url = address);
        }
        world.wire.set_faults(TableFaults { index_lag: NO_LAG, ..TableFaults::default() });
        let mut chance = Chance::new(seed ^ 0x0141);
        let market = ["US", "US", "GB", "DE"][(chance.bits() % 4) as usize];
        let shop = world.connect_shop(SHOP, market).await;
        let shop = world.app.table.shop_get(&shop, true).await.expect("table").expect("connected");
        let watch = watched.then(|| Watch::new(world.eyes(Vec::new())).each_handler());
        let slow = Living::new(world.process(90), deaths.to_vec(), watch);
        Self {
            world,
            slow,
            processes: 100,
            chance,
            zone: zone::of(&shop.row),
            orders: Vec::new(),
            seen: BTreeMap::new(),
            mails: Vec::new(),
            read: 0,
        }
    }

    fn upto(&mut self, most: u64) -> u64 {
        self.chance.bits() % most.max(1)
    }

    /// Orders, each placed within a day and a half, and what becomes of them.
    fn plan(&mut self) -> Vec<(u64, Fate)> {
        let mut fates = Vec::new();
        for order in 0..usize::try_from(2 + self.upto(4)).expect("small") {
            let at = 20 + self.upto(36 * 60);
            let kind = self.upto(7);
            let later = at + 30 + self.upto(48 * 60);
            match kind {
                0 => fates.push((later, Fate::Ship(order))),
                1 => fates.extend([(later, Fate::Ship(order)), (later + 60, Fate::Scan(order))]),
                2 => fates.push((later, Fate::Cancel(order))),
                3 => {
                    let hours = i64::try_from(3 + self.upto(20)).expect("small");
                    fates.push((later, Fate::Near(order, hours)));
                }
                4 => {
                    let back = later + 1 + self.upto(20 * 60);
                    fates.extend([(later, Fate::Ship(order)), (back, Fate::TakeBack(order))]);
                }
                _ => {}
            }
            self.orders.push(format!("5760000000000{order:05}"));
            fates.push((at, Fate::Place(order)));
        }
        fates.sort_by_key(|(at, _)| *at);
        fates
    }

    fn happens(&self, fate: Fate) {
        let (tiktok, now) = (&self.world.tiktok, self.world.time.now());
        let newer = |order: &str| tiktok.change_order(SHOP, order, |order| order.updated = now);
        match fate {
            Fate::Place(order) => drop(tiktok.order(SHOP, &self.orders[order]).line("MUG", 1).place()),
            Fate::Near(order, hours) => {
                let near = now + SignedDuration::from_hours(hours);
                tiktok.move_deadline(SHOP, &self.orders[order], "rts_sla_time", Some(near));
                newer(&self.orders[order]);
            }
            Fate::Ship(order) => {
                let id = &self.orders[order];
                tiktok.ship_elsewhere(SHOP, id, &[], &super::script::usps(order as u64), "7117858858072016686");
            }
            Fate::Scan(order) => drop(tiktok.scan(SHOP, &self.orders[order])),
            Fate::Cancel(order) => drop(tiktok.cancel(SHOP, &self.orders[order], "BUYER")),
            Fate::TakeBack(order) => drop(tiktok.take_back(SHOP, &self.orders[order])),
        }
    }

    async fn run(mut self, exactly: bool) -> Told {
        let mut fates = std::collections::VecDeque::from(self.plan());
        let start = self.minute();
        loop {
            let minute = self.minute() - start;
            if minute >= LIFE {
                break;
            }
            while let Some((_, fate)) = fates.pop_front_if(|(at, _)| *at <= minute) {
                self.happens(fate);
            }
            self.webhooks().await;
            self.push().await;
            self.note();
            if self.due().is_some_and(|due| due <= self.minute()) {
                self.tick().await;
            }
            let next = self.due().map_or(LOOK, |due| due.saturating_sub(self.minute())).clamp(STEP, LOOK);
            let next = fates.front().map_or(next, |(at, _)| next.min((at - minute).max(1)));
            self.world.time.skip(Duration::from_secs(next * 60));
        }
        self.judge(exactly)
    }

    /// Minutes since 1970, rounded up.
    fn minute(&self) -> u64 {
        u64::try_from(self.world.time.now().as_second()).expect("after 1970").div_ceil(60)
    }

    /// The minute of the first entry that is due in a list of work.
    fn due(&self) -> Option<u64> {
        let work = ["PUSH#", "FIND#", "AUTH#", "POLL#"];
        let listed =
            self.world.wire.listed("").into_iter().filter(|(list, ..)| work.iter().any(|w| list.starts_with(w)));
        let due = listed.filter_map(|(_, place, _)| place.split('#').next()?.parse::<u64>().ok());
        due.min().map(|ms| ms.div_ceil(60_000))
    }

    /// TikTok's webhooks: some are lost, some come twice.
    async fn webhooks(&mut self) {
        for webhook in self.world.tiktok.take_webhooks() {
            for _ in 0..[0, 1, 1, 1, 2][(self.chance.bits() % 5) as usize] {
                self.world.receive(webhook.clone()).await;
            }
        }
    }

    async fn push(&self) {
        let event = self.world.wire.push_due(self.world.time.now());
        if !event.shards.is_empty() {
            let _ = tracking_push::handle(&self.world.app, &event).await;
        }
    }

    /// A run of the slow schedule, and who takes the place of one that died.
    async fn tick(&mut self) {
        let process = self.slow.now().clone();
        let event = self.world.wire.tick_due(self.world.time.now());
        if process.calls.live(reauth_reminder::handle(&process.app, &event)).await.is_none() {
            self.processes += 1;
            let next = self.world.process(self.processes);
            self.slow.replace(next);
        }
        let mails = self.world.mails();
        for mail in &mails[self.read..] {
            if mail_subject(mail).contains("due in") {
                self.mails.push((self.world.time.now().as_second(), mail_text(mail)));
            }
        }
        self.read = mails.len();
    }

    fn note(&mut self) {
        let now = self.world.time.now().as_second();
        for list in ["CLOCK#", "LATE#"] {
            for entry in self.world.wire.listed(list).iter().filter_map(|(_, place, _)| Entry::parse(place)) {
                self.seen.entry(entry).or_insert((now, now)).1 = now;
            }
        }
    }

    /// I14: an alert whose deadline stood for as long as telling may take is in one mail, and no mail speaks of anything else.
    fn judge(&self, exactly: bool) -> Told {
        let mut told = Told { ends: self.slow.ends(), ..Told::default() };
        let in_time = IN_TIME.as_secs();
        let mut explained: BTreeMap<(usize, &str), usize> = BTreeMap::new();
        for (entry, (first, last)) in &self.seen {
            let line = entry.line(&self.zone);
            let about = |text: &str| text.contains(&entry.order) && text.contains(&line);
            let alerts = entry.alerts();
            for at in &alerts {
                let from = (*at).max(*first - LOOK.cast_signed() * 60);
                let mails: Vec<usize> =
                    (0..self.mails.len()).filter(|n| (*at..=*at + in_time).contains(&self.mails[*n].0)).collect();
                let named: Vec<usize> = mails.into_iter().filter(|n| about(&self.mails[*n].1)).collect();
                named.iter().for_each(|n| *explained.entry((*n, entry.order.as_str())).or_default() += 1);
                let stood = *last >= from + in_time && entry.due > from + in_time;
                if !stood {
                    continue;
                }
                told.alerts += 1;
                let others = alerts.iter().filter(|other| (*other - at).abs() <= in_time).count();
                let most = if exactly { others } else { others * 2 };
                if named.is_empty() || named.len() > most {
                    told.problems.push(format!(
                        "I14: {entry:?} came near at {} and is in {} mails",
                        second(*at),
                        named.len()
                    ));
                }
            }
        }
        for (n, (when, text)) in self.mails.iter().enumerate() {
            for order in self.orders.iter().filter(|order| text.contains(order.as_str())) {
                if !explained.contains_key(&(n, order.as_str())) {
                    told.problems.push(format!("I14: a mail at {} speaks of {order} out of turn", second(*when)));
                }
            }
        }
        told
    }
}
