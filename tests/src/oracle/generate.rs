//! From a seed to a world: a setting, some stories that go on at the same time, and trouble over them.

use super::stories;
use super::world::{Deed, Items, Message, Minute, Order, Plan, Step, Trouble, Truth};
use crate::sim::script::usps;
use waybill_model::chance::Chance;

/// Stock codes.
pub const SKUS: [&str; 3] = ["MUG", "CAP", "PEN"];

/// A plan in the making.
pub struct Pen {
    /// Chance.
    pub chance: Chance,
    /// What it has become so far.
    pub plan: Plan,
    numbers: u64,
    orders: u64,
    store_orders: u64,
    second: i64,
}

/// The plan of a seed.
///
/// Of four seeds one makes a world of its own market, with a web shop, or in which one thing alone is ill; of forty one has a
/// shop that goes to another account. The others are what they were before there were such worlds.
#[must_use]
pub fn plan(seed: u64) -> Plan {
    let mut pen = Pen {
        chance: Chance::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x0e4d_5ee4),
        plan: Plan::default(),
        numbers: 0,
        orders: 0,
        store_orders: 0,
        second: 0,
    };
    pen.plan.shops = if pen.happens(30) { 2 } else { 1 };
    let shops = pen.plan.shops;
    for _ in 0..=pen.upto(2) {
        let mut served: Vec<usize> = (0..shops).collect();
        if shops == 2 && pen.happens(50) {
            served.reverse();
        }
        pen.plan.stores.push(served);
    }
    if seed % 4 == 2 {
        stories::edges::tell(&mut pen);
    } else if seed % 40 == 33 {
        stories::strange::taken_over(&mut pen);
    } else {
        for _ in 0..=pen.upto(3) {
            stories::tell(&mut pen);
        }
        if pen.happens(40) {
            pen.trouble();
        }
    }
    pen.plan.steps.sort_by_key(|step| step.at);
    pen.plan
}

impl Pen {
    /// Less than that.
    pub fn upto(&mut self, most: usize) -> usize {
        usize::try_from(self.chance.bits() % most.max(1) as u64).unwrap_or(0)
    }

    /// In so many of a hundred worlds.
    pub fn happens(&mut self, percent: u64) -> bool {
        self.chance.bits() % 100 < percent
    }

    /// One of these.
    pub fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.upto(of.len())].clone()
    }

    /// A step.
    pub fn at(&mut self, at: Minute, deed: Deed) {
        self.plan.steps.push(Step { at, deed });
    }

    /// A kind of the table is in this world.
    pub fn kind(&mut self, kind: char) {
        self.plan.kinds.insert(kind);
    }

    /// A new number of the market's usual carrier.
    pub fn number(&mut self) -> String {
        self.numbers += 1;
        if self.plan.packages { format!("JT{:013}", self.numbers) } else { usps(self.numbers) }
    }

    /// A new UPS number.
    pub fn ups(&mut self) -> String {
        self.numbers += 1;
        let body = format!("999AA1{:09}", self.numbers);
        let value = |byte: u8| u32::from(if byte.is_ascii_digit() { byte - b'0' } else { (byte - 3) % 10 });
        let sum: u32 = body.bytes().enumerate().map(|(place, byte)| value(byte) << (place % 2)).sum();
        format!("1Z{body}{}", (10 - sum % 10) % 10)
    }

    /// What the people of the warehouse know about a number.
    pub fn knows(&mut self, number: &str, order: Option<String>, items: &Items) {
        self.plan.truth.push(Truth { number: number.to_owned(), order, items: items.clone() });
    }

    /// A warehouse's order.
    pub fn store_order(&mut self) -> String {
        self.store_orders += 1;
        format!("W{}", self.store_orders)
    }

    /// A place among the warehouses.
    pub fn store(&mut self) -> usize {
        let stores = self.plan.stores.len();
        self.upto(stores)
    }

    /// Items of an order: one to three stock codes.
    pub fn items(&mut self) -> Items {
        let codes = 1 + self.upto(3);
        SKUS[..codes].iter().map(|sku| (*sku, if self.happens(30) { 2 } else { 1 })).collect()
    }

    /// A TikTok order in one of the shops, placed at a time; its place.
    pub fn order(&mut self, at: Minute, items: Items) -> usize {
        let shop = self.upto(self.plan.shops);
        self.orders += 1;
        let id = format!("5760000000000{:05}", self.orders);
        let order =
            Order { id, shop, items, unpaid: false, on_hold: false, by_tiktok: false, buyer: None, gift: false };
        self.plan.orders.push(order);
        let place = self.plan.orders.len() - 1;
        self.at(at, Deed::Place(place));
        place
    }

    /// The moment of a change, each one its own second.
    pub fn version(&mut self, at: Minute) -> i64 {
        self.second = (self.second + 1) % 50;
        i64::from(at) * 60 - 50 + self.second
    }

    /// The warehouse tells at its time; now and then twice, or late.
    pub fn tells(&mut self, at: Minute, message: Message) {
        if self.happens(10) {
            let later = at + 1 + self.upto(90) as Minute;
            self.at(later, Deed::Tell(message.clone()));
        }
        self.at(at, Deed::Tell(message));
    }

    /// A message about a new parcel.
    pub fn parcel(&mut self, at: Minute, store: usize, order: &str, tiktok: Option<String>, items: Items) -> Message {
        let shipment = format!("{}", 1 + self.upto(1_000_000));
        let number = self.number();
        let message = Message {
            store,
            order: order.to_owned(),
            shipment,
            version: self.version(at),
            tiktok: tiktok.clone(),
            numbers: vec![number.clone()],
            carrier: if self.plan.packages { "J&T Express" } else { "USPS" },
            items: items.clone(),
            cancelled: false,
        };
        self.knows(&number, tiktok, &items);
        message
    }

    fn trouble(&mut self) {
        let last = self.plan.steps.iter().map(|step| step.at).max().unwrap_or(0);
        let from = self.upto(last as usize + 5) as Minute;
        let shop = self.upto(self.plan.shops);
        let order = self.upto(self.plan.orders.len());
        let trouble = match self.upto(8) {
            0 => Trouble::Throttled(shop, 3600),
            1 => Trouble::Down,
            2 => Trouble::AnswersLost(1 + self.upto(12) as u32),
            3 => Trouble::CallsLost(1 + self.upto(12) as u32),
            4 => Trouble::Busy,
            5 => Trouble::LeftOut(1 + self.upto(2) as u32),
            6 => Trouble::Flaky,
            _ => Trouble::BadOrder(order),
        };
        self.kind(match trouble {
            Trouble::Throttled(..) => 'A',
            Trouble::BadOrder(_) => 'D',
            Trouble::LeftOut(_) => 'I',
            Trouble::AnswersLost(_) => 'Z',
            _ => 'B',
        });
        self.at(from, Deed::Trouble(trouble));
        let lasts = self.one(&[10, 60, 60, 300, 300, 1900]);
        self.at(from + lasts, Deed::Well);
    }
}

impl Plan {
    /// Every word for a carrier.
    pub fn words(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.steps.iter().filter_map(|step| match &step.deed {
            Deed::Tell(message) => Some(message.carrier),
            _ => None,
        })
    }
}
