//! The scenarios of the webhook and the push.

use super::script::{Parcel, SECOND, SHOP, Scene, Script, Step, StoreOrder, parcel, stamp, usps};
use crate::world::wire::TableFaults;
use std::time::Duration;
use waybill_model::tiktok::{Call, Fault, FaultRule, ModelTikTok, Status};

pub(super) fn one_parcel(seed: u64) -> Script {
    let mut scene = Scene::new("one_parcel", seed);
    let order = scene.order(0, &[("MUG", 2), ("CAP", 1)]);
    let number = usps(1);
    scene.store(0, 1042, &order, SECOND, &[parcel(1, SECOND, &[&number], &[("MUG", 2), ("CAP", 1)])]);
    scene.arrives(&order, &number, 3);
    scene.script
}

pub(super) fn three_parcels(seed: u64) -> Script {
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

pub(super) type Known<'a> = (u64, Duration, String, Vec<(&'a str, u32)>);

pub(super) fn emit(scene: &mut Scene, store: usize, number: u64, order: &str, at: Duration, known: &[Known<'_>]) {
    let numbers: Vec<[&str; 1]> = known.iter().map(|(_, _, number, _)| [number.as_str()]).collect();
    let parcels: Vec<Parcel<'_>> = known
        .iter()
        .zip(&numbers)
        .map(|((id, changed, _, lines), number)| parcel(*id, *changed, number, lines))
        .collect();
    scene.store(store, number, order, at, &parcels);
}

pub(super) fn two_stores(seed: u64) -> Script {
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

pub(super) fn one_number_from_two_stores(seed: u64) -> Script {
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

pub(super) fn partial(seed: u64) -> Script {
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

pub(super) fn edit_and_back(seed: u64) -> Script {
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

pub(super) fn cancel(seed: u64) -> Script {
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
pub(super) fn shops(scene: &mut Scene, how_many: usize) {
    scene.script.shops = (0..how_many).map(|n| (format!("74940496426424416{:02}", 21 + n), "US")).collect();
    scene.script.stores = (0..how_many).map(|n| vec![n]).collect();
}

pub(super) fn busy(seed: u64) -> Script {
    let mut scene = Scene::new("busy_shop_beside_small_ones", seed);
    shops(&mut scene, 3);
    simple_orders(&mut scene, 0, 0, 10, 30);
    simple_orders(&mut scene, 1, 1, 1, 100);
    simple_orders(&mut scene, 2, 2, 1, 100);
    scene.script
}

pub(super) fn outage(seed: u64) -> Script {
    let mut scene = Scene::new("outage_and_recovery", seed);
    shops(&mut scene, 3);
    for shop in 0..3 {
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

pub(super) fn expired_token(seed: u64) -> Script {
    let mut scene = Scene::new("expired_token_in_mid_batch", seed);
    simple_orders(&mut scene, 0, 0, 5, 40);
    for _ in 0..2 {
        let at = SECOND * (20 + scene.upto(90) as u32);
        scene.at(at, Step::TikTok(Box::new(|tiktok| tiktok.expire_access(SHOP))));
    }
    // In the middle of a batch: after so many reads or writes.
    let after = u32::try_from(scene.upto(5)).expect("small");
    scene.script.faults.push(FaultRule::new(Fault::Code(105_002)).on(&[Call::MarkPackage]).after(after).times(1));
    if scene.chance.happens(0.3) {
        scene.script.faults.push(FaultRule::new(Fault::HangAfter).on(&[Call::RefreshToken]).times(1));
    }
    scene.script
}

pub(super) fn overlapping(seed: u64) -> Script {
    let mut scene = Scene::new("overlapping_workers", seed);
    scene.script.workers = 2 + scene.upto(2) as usize;
    simple_orders(&mut scene, 0, 0, 5, 150);
    scene.script
}

pub(super) fn frozen(seed: u64) -> Script {
    let mut scene = Scene::new("frozen_worker", seed);
    scene.script.workers = 2;
    scene.script.freeze_at = 1 + scene.upto(30);
    scene.script.frozen = SECOND * (30 + scene.upto(300) as u32);
    simple_orders(&mut scene, 0, 0, 3, 10);
    scene.script.lasts = SECOND * 600;
    scene.script
}

pub(super) fn lease_broken(seed: u64) -> Script {
    let mut scene = Scene::new("lease_store_broken", seed);
    scene.script.workers = 2;
    scene.script.table.lease_broken = true;
    simple_orders(&mut scene, 0, 0, 4, 100);
    scene.script
}

pub(super) fn table_nearly_down(seed: u64) -> Script {
    let mut scene = Scene::new("table_nearly_down", seed);
    simple_orders(&mut scene, 0, 0, 4, 100);
    let latency = Duration::from_millis(20);
    let p = 0.5;
    scene.script.table = TableFaults { latency, failing: p, lost_after: 0.2, ..TableFaults::default() };
    scene.at(SECOND * 150, Step::Table(TableFaults { latency, ..TableFaults::default() }));
    scene.script
}

pub(super) fn on_hold(seed: u64) -> Script {
    let mut scene = Scene::new("order_on_hold", seed);
    simple_orders(&mut scene, 0, 0, 1, 20);
    scene.script.orders[0].status = Status::OnHold;
    scene.script
}

pub(super) fn ship_package(seed: u64) -> Script {
    let mut scene = Scene::new("market_that_ships_packages", seed);
    scene.script.shops[0].1 = "SG";
    let carrier = waybill_model::tiktok::providers_of("SG").swap_remove(0).name;
    let order = scene.order(0, &[("MUG", 2)]);
    let number = "JT0000000000013".to_owned();
    let numbers = [number.as_str()];
    let parcel = Parcel { carrier: &carrier, ..parcel(1, SECOND, &numbers, &[("MUG", 2)]) };
    scene.store(0, 1042, &order, SECOND, &[parcel]);
    scene.arrives(&order, &number, 2);
    scene.script
}
