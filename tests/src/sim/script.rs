//! Scripts: what happens in a scenario, and what must have arrived in the end.

use crate::sim::stores;
use crate::world::fulfilment;
use crate::world::wire::TableFaults;
use serde_json::Value;
use std::time::Duration;
use waybill_local::model::chance::Chance;
use waybill_local::model::stores::{Kind, ModelStore};
use waybill_local::model::tiktok::{Call, Fault, FaultRule, ModelTikTok, Status};

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
    /// Numbers of one order in the order in which the store wrote them: an older one never replaces a newer one.
    pub ages: Vec<Vec<String>>,
}

/// The shop of most scenes.
pub const SHOP: &str = "7494049642642441621";

/// A scenario: its name and how a seed becomes a script.
pub type Scenario = (&'static str, fn(u64) -> Script);

/// All of them.
pub const ALL: &[Scenario] = &[
    ("one_parcel", one_parcel),
    ("three_parcels_of_one_order", three_parcels),
    ("two_stores_for_one_shop", two_stores),
    ("one_number_from_two_stores", one_number_from_two_stores),
    ("partial_quantities", partial),
    ("edit_and_edit_back", edit_and_back),
    ("cancel", cancel),
    ("busy_shop_beside_small_ones", busy),
    ("outage_and_recovery", outage),
    ("expired_token_in_mid_batch", expired_token),
    ("overlapping_workers", overlapping),
    ("frozen_worker", frozen),
    ("lease_store_broken", lease_broken),
    ("table_nearly_down", table_nearly_down),
    ("order_on_hold", on_hold),
    ("market_that_ships_packages", ship_package),
    ("woocommerce_webhooks_are_lost", stores::woocommerce),
    ("bigcommerce_reads_fail", stores::bigcommerce),
    ("magento_ships_in_parts", stores::magento),
    ("adobe_tells_of_tracks", stores::adobe),
    ("warehouse_reports_parcels", stores::generic),
    ("store_that_hangs", stores::hanging),
];

/// A scenario by name.
#[must_use]
pub fn by_name(name: &str) -> Option<Scenario> {
    ALL.iter().copied().find(|(known, _)| *known == name)
}

/// The time that passed since the start of a world, as a store writes it.
fn stamp(at: Duration) -> String {
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
    pub(super) chance: Chance,
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
    fn store(&mut self, store: usize, number: u64, tiktok: &str, at: Duration, parcels: &[Parcel<'_>]) {
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
struct Parcel<'a> {
    id: u64,
    changed: Duration,
    carrier: &'a str,
    numbers: &'a [&'a str],
    lines: &'a [(&'a str, u32)],
    cancelled: bool,
}

fn parcel<'a>(id: u64, changed: Duration, numbers: &'a [&'a str], lines: &'a [(&'a str, u32)]) -> Parcel<'a> {
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

fn one_parcel(seed: u64) -> Script {
    let mut scene = Scene::new("one_parcel", seed);
    let order = scene.order(0, &[("MUG", 2), ("CAP", 1)]);
    let number = usps(1);
    scene.store(0, 1042, &order, SECOND, &[parcel(1, SECOND, &[&number], &[("MUG", 2), ("CAP", 1)])]);
    scene.arrives(&order, &number, 3);
    scene.script
}

fn three_parcels(seed: u64) -> Script {
    let mut scene = Scene::new("three_parcels_of_one_order", seed);
    let order = scene.order(0, &[("MUG", 2), ("CAP", 1)]);
    let (a, b, c) = (usps(1), usps(2), usps(3));
    let gaps = [scene.upto(90), scene.upto(90), scene.upto(90)].map(|s| s + 1);
    let mut at = Duration::ZERO;
    let all = [(1, &a, ("MUG", 1)), (2, &b, ("CAP", 1)), (3, &c, ("MUG", 1))];
    let mut known: Vec<Known<'_>> = Vec::new();
    for (i, (id, number, line)) in all.into_iter().enumerate() {
        at += Duration::from_secs(gaps[i]);
        known.push((id, at, number.clone(), vec![line]));
        emit(&mut scene, 0, 1042, &order, at, &known);
    }
    for number in [&a, &b, &c] {
        scene.arrives(&order, number, 1);
    }
    scene.script
}

type Known<'a> = (u64, Duration, String, Vec<(&'a str, u32)>);

fn emit(scene: &mut Scene, store: usize, number: u64, order: &str, at: Duration, known: &[Known<'_>]) {
    let numbers: Vec<[&str; 1]> = known.iter().map(|(_, _, number, _)| [number.as_str()]).collect();
    let parcels: Vec<Parcel<'_>> = known
        .iter()
        .zip(&numbers)
        .map(|((id, changed, _, lines), number)| parcel(*id, *changed, number, lines))
        .collect();
    scene.store(store, number, order, at, &parcels);
}

fn two_stores(seed: u64) -> Script {
    let mut scene = Scene::new("two_stores_for_one_shop", seed);
    scene.script.stores = vec![vec![0], vec![0]];
    let order = scene.order(0, &[("MUG", 2), ("CAP", 1)]);
    let (a, b) = (usps(1), usps(2));
    let (first, second) = (SECOND * (1 + scene.upto(90) as u32), SECOND * (1 + scene.upto(90) as u32));
    scene.store(0, 1042, &order, first, &[parcel(1, first, &[&a], &[("MUG", 1), ("CAP", 1)])]);
    scene.store(1, 77, &order, second, &[parcel(9, second, &[&b], &[("MUG", 1)])]);
    scene.arrives(&order, &a, 2);
    scene.arrives(&order, &b, 1);
    scene.script
}

fn one_number_from_two_stores(seed: u64) -> Script {
    let mut scene = Scene::new("one_number_from_two_stores", seed);
    scene.script.stores = vec![vec![0], vec![0]];
    let order = scene.order(0, &[("MUG", 2)]);
    let a = usps(1);
    let (first, second) = (SECOND * (1 + scene.upto(90) as u32), SECOND * (1 + scene.upto(90) as u32));
    scene.store(0, 1042, &order, first, &[parcel(1, first, &[&a], &[("MUG", 2)])]);
    scene.store(1, 77, &order, second, &[parcel(9, second, &[&a], &[("MUG", 2)])]);
    scene.arrives(&order, &a, 2);
    scene.script
}

fn partial(seed: u64) -> Script {
    let mut scene = Scene::new("partial_quantities", seed);
    let order = scene.order(0, &[("MUG", 3)]);
    let (a, b) = (usps(1), usps(2));
    let first = SECOND * (1 + scene.upto(60) as u32);
    let second = first + SECOND * (1 + scene.upto(120) as u32);
    let one: Known<'_> = (1, first, a.clone(), vec![("MUG", 2)]);
    emit(&mut scene, 0, 1042, &order, first, std::slice::from_ref(&one));
    let two = (2, second, b.clone(), vec![("MUG", 1)]);
    emit(&mut scene, 0, 1042, &order, second, &[one, two]);
    scene.arrives(&order, &a, 2);
    scene.arrives(&order, &b, 1);
    scene.script
}

fn edit_and_back(seed: u64) -> Script {
    let mut scene = Scene::new("edit_and_edit_back", seed);
    let order = scene.order(0, &[("MUG", 2)]);
    let (a, b) = (usps(1), usps(2));
    let back = scene.chance.happens(0.5);
    let mut at = SECOND;
    let mut numbers = vec![a.clone(), b.clone()];
    if back {
        numbers.push(a.clone());
    }
    for number in &numbers {
        emit(&mut scene, 0, 1042, &order, at, &[(1, at, number.clone(), vec![("MUG", 2)])]);
        at += SECOND * (2 + scene.upto(150) as u32);
    }
    if !back {
        scene.arrives(&order, &b, 2);
        scene.script.ages.push(numbers);
    }
    // A second edit must be left to a person even where TikTok would take it.
    scene
        .script
        .steps
        .push((Duration::ZERO, Step::TikTok(Box::new(|tiktok| tiktok.configure(|settings| settings.edits = 3)))));
    scene.script
}

fn cancel(seed: u64) -> Script {
    let mut scene = Scene::new("cancel", seed);
    let order = scene.order(0, &[("MUG", 1), ("CAP", 1)]);
    let (a, b) = (usps(1), usps(2));
    let at = SECOND * (2 + scene.upto(150) as u32);
    let (only_a, only_b) = ([a.as_str()], [b.as_str()]);
    let first = [parcel(1, SECOND, &only_a, &[("MUG", 1)]), parcel(2, SECOND, &only_b, &[("CAP", 1)])];
    scene.store(0, 1042, &order, SECOND, &first);
    match scene.upto(3) {
        0 => {
            let gone = Parcel { cancelled: true, ..parcel(1, at, &only_a, &[("MUG", 1)]) };
            scene.store(0, 1042, &order, at, &[gone, first[1]]);
            scene.arrives(&order, &b, 1);
        }
        1 => {
            let id = order.clone();
            let happens = move |tiktok: &ModelTikTok| {
                tiktok.cancel(SHOP, &id, "BUYER");
            };
            scene.at(at, Step::TikTok(Box::new(happens)));
        }
        _ => {
            let body = StoreOrder {
                number: 1042,
                tiktok: order,
                version: stamp(at),
                fulfilments: Vec::new(),
                cancelled: true,
            };
            scene.at(at, Step::Store { store: 0, order: body, late: SECOND * 30 });
        }
    }
    scene.script
}

pub(super) fn simple_orders(scene: &mut Scene, shop: usize, store: usize, how_many: u64, within: u64) {
    for _ in 0..how_many {
        let order = scene.order(shop, &[("MUG", 1)]);
        let serial = scene.script.orders.len() as u64;
        let number = usps(serial);
        let at = SECOND * (1 + scene.upto(within) as u32);
        scene.store(store, 1000 + serial, &order, at, &[parcel(serial, at, &[&number], &[("MUG", 1)])]);
        scene.arrives(&order, &number, 1);
    }
}

/// Shops and a store for each.
fn shops(scene: &mut Scene, how_many: usize) {
    scene.script.shops = (0..how_many).map(|n| (format!("74940496426424416{:02}", 21 + n), "US")).collect();
    scene.script.stores = (0..how_many).map(|n| vec![n]).collect();
}

fn busy(seed: u64) -> Script {
    let mut scene = Scene::new("busy_shop_beside_small_ones", seed);
    shops(&mut scene, 3);
    simple_orders(&mut scene, 0, 0, 12, 30);
    simple_orders(&mut scene, 1, 1, 1, 100);
    simple_orders(&mut scene, 2, 2, 1, 100);
    scene.script
}

fn outage(seed: u64) -> Script {
    let mut scene = Scene::new("outage_and_recovery", seed);
    shops(&mut scene, 4);
    for shop in 0..4 {
        simple_orders(&mut scene, shop, shop, 2, 200);
    }
    let from = SECOND * scene.upto(60) as u32;
    let kind = scene.upto(3);
    let down = move |tiktok: &ModelTikTok| {
        let fault = [Fault::Status(503), Fault::HangBefore, Fault::ResetBefore][kind as usize].clone();
        tiktok.inject(FaultRule::new(fault));
    };
    scene.at(from, Step::TikTok(Box::new(down)));
    scene.at(from + SECOND * 240, Step::TikTok(Box::new(ModelTikTok::heal)));
    scene.script.lasts = SECOND * 480;
    scene.script
}

fn expired_token(seed: u64) -> Script {
    let mut scene = Scene::new("expired_token_in_mid_batch", seed);
    simple_orders(&mut scene, 0, 0, 8, 40);
    for _ in 0..2 {
        let at = SECOND * (20 + scene.upto(90) as u32);
        scene.at(at, Step::TikTok(Box::new(|tiktok| tiktok.expire_access(SHOP))));
    }
    // In the middle of a batch: after so many reads or writes.
    let after = u32::try_from(scene.upto(6)).expect("small");
    scene.script.faults.push(FaultRule::new(Fault::Code(105_002)).on(&[Call::MarkPackage]).after(after).times(1));
    if scene.chance.happens(0.3) {
        scene.script.faults.push(FaultRule::new(Fault::HangAfter).on(&[Call::RefreshToken]).times(1));
    }
    scene.script
}

fn overlapping(seed: u64) -> Script {
    let mut scene = Scene::new("overlapping_workers", seed);
    scene.script.workers = 2 + scene.upto(2) as usize;
    simple_orders(&mut scene, 0, 0, 5, 150);
    scene.script
}

fn frozen(seed: u64) -> Script {
    let mut scene = Scene::new("frozen_worker", seed);
    scene.script.workers = 2;
    scene.script.freeze_at = 1 + scene.upto(30);
    scene.script.frozen = SECOND * (30 + scene.upto(300) as u32);
    simple_orders(&mut scene, 0, 0, 3, 10);
    scene.script.lasts = SECOND * 600;
    scene.script
}

fn lease_broken(seed: u64) -> Script {
    let mut scene = Scene::new("lease_store_broken", seed);
    scene.script.workers = 2;
    scene.script.table.lease_broken = true;
    simple_orders(&mut scene, 0, 0, 4, 100);
    scene.script
}

fn table_nearly_down(seed: u64) -> Script {
    let mut scene = Scene::new("table_nearly_down", seed);
    simple_orders(&mut scene, 0, 0, 4, 100);
    let latency = Duration::from_millis(20);
    let p = 0.5;
    scene.script.table = TableFaults { latency, failing: p, lost_after: 0.2, ..TableFaults::default() };
    scene.at(SECOND * 150, Step::Table(TableFaults { latency, ..TableFaults::default() }));
    scene.script
}

fn on_hold(seed: u64) -> Script {
    let mut scene = Scene::new("order_on_hold", seed);
    simple_orders(&mut scene, 0, 0, 1, 20);
    scene.script.orders[0].status = Status::OnHold;
    scene.script
}

fn ship_package(seed: u64) -> Script {
    let mut scene = Scene::new("market_that_ships_packages", seed);
    scene.script.shops[0].1 = "SG";
    let carrier = waybill_local::model::tiktok::providers_of("SG").swap_remove(0).name;
    let order = scene.order(0, &[("MUG", 2)]);
    let number = usps(1);
    let numbers = [number.as_str()];
    let parcel = Parcel { carrier: &carrier, ..parcel(1, SECOND, &numbers, &[("MUG", 2)]) };
    scene.store(0, 1042, &order, SECOND, &[parcel]);
    scene.arrives(&order, &number, 2);
    scene.script
}
