//! What happened in a world: deeds, TikTok's own record, and how its orders stand in the end.

use super::world::Deed;
use std::collections::BTreeMap;

/// One unit of an order as TikTok holds it.
#[derive(Clone, Debug)]
pub struct Unit {
    /// TikTok's id.
    pub id: String,
    /// Stock code.
    pub sku: String,
    /// Cancelled by itself.
    pub cancelled: bool,
    /// Its number.
    pub number: Option<String>,
    /// The package it travels in.
    pub package: Option<String>,
}

/// TikTok's word about an order, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits for its buyer.
    NotYet,
    /// It takes numbers.
    Open,
    /// All shipped; a number may still be corrected.
    Shipped,
    /// Delivered.
    Over,
    /// Cancelled.
    Cancelled,
}

/// An order as TikTok holds it in the end.
#[derive(Clone, Debug)]
pub struct AtTikTok {
    /// Place of its shop.
    pub shop: usize,
    /// Its status.
    pub standing: Standing,
    /// TikTok ships it.
    pub by_tiktok: bool,
    /// The buyer's request waits for an answer.
    pub cancel_asked: bool,
    /// Buyer.
    pub buyer: Option<String>,
    /// Its market ships whole packages.
    pub packages: bool,
    /// Its units.
    pub units: Vec<Unit>,
}

/// A number that TikTok took from us.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Seconds since the world began.
    pub at: i64,
    /// The order.
    pub order: String,
    /// The units' ids.
    pub units: Vec<String>,
    /// The number.
    pub number: String,
    /// The carrier's name.
    pub carrier: String,
    /// It replaced another number.
    pub correction: bool,
    /// The package.
    pub package: String,
}

/// Everything that happened.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Deeds, by the second at which they were done.
    pub deeds: Vec<(i64, Deed)>,
    /// What TikTok took.
    pub taken: Vec<Taken>,
    /// Its orders.
    pub orders: BTreeMap<String, AtTikTok>,
    /// Now.
    pub now: i64,
}
