//! Scripts: what happens in a scenario, and what must have arrived in the end.

use super::scenes;
use crate::world::fulfilment;
use crate::world::wire::TableFaults;
use serde_json::Value;
use std::time::Duration;
use waybill_model::chance::Chance;
use waybill_model::stores::{Kind, ModelStore};
use waybill_model::tiktok::{Fault, FaultRule, ModelTikTok, Status};

/// A TikTok order of a scene.
#[derive(Clone, Debug)]
pub struct Order {
    /// Place of its shop in the script.
    pub shop: usize,
    /// TikTok's id.
    pub id: String,
    /// Stock codes and units.
    pub lines: Vec<(&'static str, u32)>,
    /// Where it starts.
    pub status: Status,
}

/// A store's order as it stands.
#[derive(Clone, Debug)]
pub struct StoreOrder {
    /// The store's id.
    pub number: u64,
    /// The TikTok order it says it is.
    pub tiktok: String,
    /// When it changed last.
    pub version: String,
    /// Its fulfilments.
    pub fulfilments: Vec<Value>,
    /// Cancelled as a whole.
    pub cancelled: bool,
}

/// One thing that happens.
pub enum Step {
    /// A store's order changed, and the store says so within `late`.
    Store {
        /// Which store.
        store: usize,
        /// The order.
        order: StoreOrder,
        /// The longest way of the message.
        late: Duration,
    },
    /// Something happens at TikTok.
    TikTok(Box<dyn Fn(&ModelTikTok)>),
    /// A person says which carrier the store's words mean.
    Save {
        /// The store's words.
        words: &'static str,
        /// TikTok's carrier.
        carrier: &'static str,
    },
    /// A merchant does something in a model store, or the store's server does.
    Merchant {
        /// Place of the store in [`Script::fronts`].
        front: usize,
        /// What.
        does: Box<dyn Fn(&ModelStore)>,
    },
    /// The table gets better or worse.
    Table(TableFaults),
    /// The first worker dies between two calls.
    Crash,
}

/// What must be at TikTok in the end.
#[derive(Clone, Debug)]
pub struct Arrives {
    /// Shop and order.
    pub order: (String, String),
    /// The number.
    pub number: String,
    /// On how many units.
    pub units: usize,
}

/// What a remedy asks a person for.
#[derive(Clone, Debug)]
pub enum Remedy {
    /// Which of TikTok's carriers the store's words mean.
    Map(&'static str, &'static str),
    /// What is inside.
    Choose(Vec<(&'static str, u32)>),
}

/// A scenario from a seed.
pub struct Script {
    /// Its name.
    pub name: &'static str,
    /// Shops: id and market.
    pub shops: Vec<(String, &'static str)>,
    /// Stores: places of their shops.
    pub stores: Vec<Vec<usize>>,
    /// Model stores of the first shop, with an API and subscriptions, and the share of their deliveries that is lost.
    pub fronts: Vec<(Kind, f64)>,
    /// TikTok's orders.
    pub orders: Vec<Order>,
    /// What happens when.
    pub steps: Vec<(Duration, Step)>,
    /// How long faults go on.
    pub lasts: Duration,
    /// Workers that tick beside each other.
    pub workers: usize,
    /// What goes wrong at the table.
    pub table: TableFaults,
    /// What goes wrong at TikTok.
    pub faults: Vec<FaultRule>,
    /// TikTok's reads show what was this long ago.
    pub read_lag: Duration,
    /// The first worker is frozen inside this call of its first run (0: never), for this long.
    pub freeze_at: u64,
    /// How long.
    pub frozen: Duration,
    /// What must be at TikTok in the end.
    pub arrives: Vec<Arrives>,
    /// What a person does about a number that stands on the attention list.
    pub knows: Vec<(String, Remedy)>,
    /// Numbers of one order in the order in which the store wrote them: an older one never replaces a newer one.
    pub ages: Vec<Vec<String>>,
}

/// The shop of most scenes.
pub const SHOP: &str = "7494049642642441621";

/// A scenario: its name and how a seed becomes a script.
pub type Scenario = (&'static str, fn(u64) -> Script);

/// Every how many seeds a long scenario has its turn.
const LONG_TURN: u64 = 10;

/// The short ones.
pub const SHORT: &[Scenario] = &[
    ("one_parcel", scenes::one_parcel),
    ("three_parcels_of_one_order", scenes::three_parcels),
    ("two_stores_for_one_shop", scenes::two_stores),
    ("one_number_from_two_stores", scenes::one_number_from_two_stores),
    ("partial_quantities", scenes::partial),
    ("edit_and_edit_back", scenes::edit_and_back),
    ("cancel", scenes::cancel),
    ("busy_shop_beside_small_ones", scenes::busy),
    ("outage_and_recovery", scenes::outage),
    ("expired_token_in_mid_batch", scenes::expired_token),
    ("overlapping_workers", scenes::overlapping),
    ("frozen_worker", scenes::frozen),
    ("lease_store_broken", scenes::lease_broken),
    ("table_nearly_down", scenes::table_nearly_down),
    ("order_on_hold", scenes::on_hold),
    ("market_that_ships_packages", scenes::ship_package),
    ("mapping_saved_while_held", super::carriers::mapping_saved),
    ("warehouse_reports_parcels", super::stores::generic),
];

/// Those in which the slow schedule reads stores for hours: a life takes several times as long.
pub const LONG: &[Scenario] = &[
    ("woocommerce_webhooks_are_lost", super::stores::woocommerce),
    ("bigcommerce_reads_fail", super::stores::bigcommerce),
    ("magento_ships_in_parts", super::stores::magento),
    ("adobe_tells_of_tracks", super::stores::adobe),
    ("store_that_hangs", super::stores::hanging),
    ("people_do_what_remedies_say", super::people::asked),
];

/// All of them.
pub fn all() -> impl Iterator<Item = Scenario> {
    SHORT.iter().chain(LONG).copied()
}

/// A scenario by name.
#[must_use]
pub fn by_name(name: &str) -> Option<Scenario> {
    all().find(|(known, _)| *known == name)
}

/// The scenario of a seed: all have their turns.
#[must_use]
pub fn of(seed: u64) -> Scenario {
    let (list, turn) =
        if seed.is_multiple_of(LONG_TURN) { (LONG, seed / LONG_TURN) } else { (SHORT, seed - seed / LONG_TURN) };
    list[usize::try_from(turn % list.len() as u64).expect("small")]
}

/// The time that passed since the start of a world, as a store writes it.
pub(super) fn stamp(at: Duration) -> String {
    let start: jiff::Timestamp = "2026-11-21T09:00:00Z".parse().expect("time");
    (start + at).to_string()
}

/// A USPS number with its check digit.
#[must_use]
pub fn usps(serial: u64) -> String {
    let body = format!("9400100{serial:014}");
    let sum: u32 =
        body.bytes().rev().enumerate().map(|(i, b)| u32::from(b - b'0') * if i % 2 == 0 { 3 } else { 1 }).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// Builds scripts: keeps the store's side of the story.
pub(super) struct Scene {
    /// Chance of the scene.
    pub(super) chance: Chance,
    /// What it has become so far.
    pub(super) script: Script,
}

pub(super) const SECOND: Duration = Duration::from_secs(1);

impl Scene {
    pub(super) fn new(name: &'static str, seed: u64) -> Self {
        let mut chance = Chance::new(seed.wrapping_mul(0x9e37_79b9).wrapping_add(7));
        let (table, faults, read_lag) = trouble(&mut chance);
        let script = Script {
            name,
            shops: vec![(SHOP.to_owned(), "US")],
            stores: vec![vec![0]],
            fronts: Vec::new(),
            orders: Vec::new(),
            steps: Vec::new(),
            lasts: Duration::from_secs(360),
            workers: 1,
            table,
            faults,
            read_lag,
            freeze_at: 0,
            frozen: Duration::ZERO,
            arrives: Vec::new(),
            knows: Vec::new(),
            ages: Vec::new(),
        };
        Self { chance, script }
    }

    pub(super) fn upto(&mut self, most: u64) -> u64 {
        self.chance.bits() % most.max(1)
    }

    pub(super) fn order(&mut self, shop: usize, lines: &[(&'static str, u32)]) -> String {
        let id = format!("5760000000000{:05}", 17 + self.script.orders.len());
        self.script.orders.push(Order {
            shop,
            id: id.clone(),
            lines: lines.to_vec(),
            status: Status::AwaitingShipment,
        });
        id
    }

    pub(super) fn at(&mut self, at: Duration, step: Step) {
        self.script.steps.push((at, step));
    }

    /// The store's order now has these fulfilments: id, changed at, number, contents. Empty number: cancelled.
    pub(super) fn store(&mut self, store: usize, number: u64, tiktok: &str, at: Duration, parcels: &[Parcel<'_>]) {
        let fulfilments = parcels.iter().map(|parcel| {
            let mut value =
                fulfilment(parcel.id, number, &stamp(parcel.changed), parcel.carrier, parcel.numbers, parcel.lines);
            if parcel.cancelled {
                value["status"] = "cancelled".into();
            }
            value
        });
        let order = StoreOrder {
            number,
            tiktok: tiktok.to_owned(),
            version: stamp(at),
            fulfilments: fulfilments.collect(),
            cancelled: false,
        };
        let late = Duration::from_secs([2, 30, 150][self.upto(3) as usize]);
        self.at(at, Step::Store { store, order, late });
    }

    pub(super) fn arrives(&mut self, tiktok: &str, number: &str, units: usize) {
        let shop = self.script.orders.iter().find(|order| order.id == tiktok).expect("known").shop;
        let order = (self.script.shops[shop].0.clone(), tiktok.to_owned());
        self.script.arrives.push(Arrives { order, number: number.to_owned(), units });
    }
}

/// A fulfilment in a script.
#[derive(Clone, Copy)]
pub(super) struct Parcel<'a> {
    pub(super) id: u64,
    pub(super) changed: Duration,
    pub(super) carrier: &'a str,
    pub(super) numbers: &'a [&'a str],
    pub(super) lines: &'a [(&'a str, u32)],
    pub(super) cancelled: bool,
}

pub(super) fn parcel<'a>(
    id: u64,
    changed: Duration,
    numbers: &'a [&'a str],
    lines: &'a [(&'a str, u32)],
) -> Parcel<'a> {
    Parcel { id, changed, carrier: "USPS", numbers, lines, cancelled: false }
}

/// Nothing, a little, or a lot goes wrong.
fn trouble(chance: &mut Chance) -> (TableFaults, Vec<FaultRule>, Duration) {
    let level = chance.bits() % 4;
    let slow = Duration::from_millis(20);
    if level == 0 {
        return (TableFaults { latency: slow, ..TableFaults::default() }, Vec::new(), Duration::ZERO);
    }
    let p = [0.0, 0.02, 0.06, 0.15][level as usize];
    let mut some = |share: f64| if chance.happens(0.5) { p * share } else { 0.0 };
    let table = TableFaults {
        latency: slow,
        throttled: some(1.0),
        failing: some(1.0),
        lost_before: some(0.4),
        lost_after: some(0.4),
        index_lag: Duration::ZERO,
        lease_broken: false,
    };
    let table = TableFaults { index_lag: Duration::from_secs(chance.bits() % 11), ..table };
    let faults = [
        Fault::Throttle { retry_after: Some(Duration::from_secs(3)) },
        Fault::Throttle { retry_after: Some(Duration::from_secs(100)) },
        Fault::Throttle { retry_after: None },
        Fault::Status(503),
        Fault::Status(500),
        Fault::GatewayTimeout { committed: false },
        Fault::GatewayTimeout { committed: true },
        Fault::BrokenJson { committed: true },
        Fault::Html { committed: true },
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::HangBefore,
        Fault::HangAfter,
        Fault::Delay(Duration::from_millis(900)),
        Fault::Slow(Duration::from_secs(9)),
    ];
    let mut rules = Vec::new();
    for fault in faults {
        if chance.happens(0.4) {
            rules.push(FaultRule::new(fault).probability(p));
        }
    }
    let lag = if chance.happens(0.4) { Duration::from_secs(chance.bits() % 11) } else { Duration::ZERO };
    (table, rules, lag)
}
