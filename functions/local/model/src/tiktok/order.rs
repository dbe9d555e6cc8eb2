//! An order, its lines (one per unit) and its packages.

use super::details::Details;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, VecDeque};

/// How many earlier looks of an order are kept for reads that lag.
const PAST: usize = 16;

/// TikTok's order status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Placed.
    Unpaid,
    /// Paid; the buyer may still cancel.
    OnHold,
    /// Nothing shipped.
    AwaitingShipment,
    /// Some lines shipped.
    PartiallyShipping,
    /// All lines have a number, no scan.
    AwaitingCollection,
    /// Scanned.
    InTransit,
    /// Delivered.
    Delivered,
    /// No more returns.
    Completed,
    /// Cancelled.
    Cancelled,
}

impl Status {
    /// TikTok's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unpaid => "UNPAID",
            Self::OnHold => "ON_HOLD",
            Self::AwaitingShipment => "AWAITING_SHIPMENT",
            Self::PartiallyShipping => "PARTIALLY_SHIPPING",
            Self::AwaitingCollection => "AWAITING_COLLECTION",
            Self::InTransit => "IN_TRANSIT",
            Self::Delivered => "DELIVERED",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The word webhook 1 uses: it spells the last one differently.
    #[must_use]
    pub fn webhook_word(self) -> &'static str {
        if self == Self::Cancelled { "CANCEL" } else { self.word() }
    }

    /// Whether the seller sees the buyer's address in this status.
    pub(super) fn shows_address(self) -> bool {
        !matches!(self, Self::Unpaid | Self::OnHold | Self::Cancelled)
    }
}

/// TikTok's package status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PackageStatus {
    /// Nothing arranged.
    ToFulfill,
    /// Has a number, waits for the carrier.
    Processing,
    /// Scanned.
    Fulfilling,
    /// Delivered.
    Completed,
    /// Cancelled, lost or damaged.
    Cancelled,
}

impl PackageStatus {
    /// TikTok's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ToFulfill => "TO_FULFILL",
            Self::Processing => "PROCESSING",
            Self::Fulfilling => "FULFILLING",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
        }
    }

    pub(super) fn sub_word(self) -> &'static str {
        match self {
            Self::ToFulfill => "CREATED",
            Self::Processing => "RTS",
            Self::Fulfilling => "TTS",
            Self::Completed => "DELIVERED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// One unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// TikTok's line item id.
    pub id: String,
    /// The merchant's stock code.
    pub sku: String,
    /// TikTok's stock code id: equal for units of one product.
    pub sku_id: String,
    /// The unit alone was cancelled.
    pub cancelled: bool,
    /// A gift.
    pub gift: bool,
    /// A bundle: the stock codes and pieces it stands for.
    pub pieces: Vec<(String, u32)>,
}

/// One parcel as TikTok sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// TikTok's package id.
    pub id: String,
    /// The line items inside.
    pub lines: Vec<String>,
    /// The number, once shipped.
    pub number: Option<String>,
    /// The carrier's id, once shipped.
    pub provider: Option<String>,
    /// The carrier's name, once shipped.
    pub provider_name: String,
    /// Where it is.
    pub status: PackageStatus,
    /// When it came to be.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// When its number was accepted.
    pub shipped: Option<Timestamp>,
    /// Corrections accepted so far.
    pub edits: u32,
}

/// An order.
#[derive(Clone, Debug)]
pub struct Order {
    /// TikTok's order id.
    pub id: String,
    /// Its status.
    pub status: Status,
    /// One entry per unit.
    pub lines: Vec<Line>,
    /// Parcels: in the US created by shipping, elsewhere there from payment on.
    pub packages: Vec<Package>,
    /// `SELLER` or `TIKTOK`.
    pub shipping_type: String,
    /// `FULFILLMENT_BY_SELLER` or `FULFILLMENT_BY_TIKTOK`.
    pub fulfillment_type: String,
    /// Leads to the carriers.
    pub delivery_option: String,
    /// The option's name.
    pub delivery_option_name: String,
    /// Where it ships from.
    pub warehouse: String,
    /// The buyer's two-letter region.
    pub buyer_region: String,
    /// Orders of one group go to the same recipient and address.
    pub recipient: Option<String>,
    /// Placed.
    pub created: Timestamp,
    /// Last status change.
    pub updated: Timestamp,
    /// When a hold ends by itself.
    pub hold_until: Option<Timestamp>,
    /// A buyer's cancellation request is pending since then.
    pub cancel_requested: Option<Timestamp>,
    /// Shipped, collected, delivered, cancelled.
    pub times: [Option<Timestamp>; 4],
    /// SELLER, BUYER or SYSTEM, once cancelled.
    pub cancelled_by: Option<String>,
    /// A sample order.
    pub sample: bool,
    /// Brazil: an invoice is missing.
    pub needs_invoice: bool,
    /// The address was changed after placing.
    pub address_changed: bool,
    /// Shipping is forbidden by this code.
    pub forbidden: Option<i64>,
    /// The carrier's events: text and time.
    pub events: Vec<(String, Timestamp)>,
    /// TikTok's codes of events, by their place; the others come without.
    pub event_codes: BTreeMap<usize, i64>,
    /// What makes it special.
    pub details: Details,
    /// Store orders that somebody linked to it.
    pub external: Vec<External>,
}

/// A store's order behind a TikTok order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External {
    /// For example `SHOPIFY`.
    pub platform: String,
    /// The store's order id or name, as somebody wrote it.
    pub id: String,
    /// Pairs of line ids: TikTok's, the store's.
    pub lines: Vec<(String, String)>,
}

/// Places in [`Order::times`].
pub(super) const SHIPPED: usize = 0;
pub(super) const COLLECTED: usize = 1;
pub(super) const DELIVERED: usize = 2;
pub(super) const CANCELLED: usize = 3;

impl Order {
    /// The package a line travels in.
    #[must_use]
    pub fn package_of(&self, line: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.lines.iter().any(|id| id == line))
    }

    /// Whether TikTok holds a number for a line.
    #[must_use]
    pub fn is_shipped(&self, line: &str) -> bool {
        self.package_of(line).is_some_and(|package| package.shipped.is_some())
    }

    /// Line items without a number, cancelled ones left out.
    #[must_use]
    pub fn open_lines(&self) -> Vec<String> {
        let open = self.lines.iter().filter(|line| !line.cancelled && !self.is_shipped(&line.id));
        open.map(|line| line.id.clone()).collect()
    }

    /// Packages with a number.
    #[must_use]
    pub fn shipped_packages(&self) -> Vec<&Package> {
        self.packages.iter().filter(|package| package.shipped.is_some()).collect()
    }

    /// The numbers TikTok holds, in the order of packages, with the carrier's id.
    #[must_use]
    pub fn numbers(&self) -> Vec<(String, String)> {
        let shipped = self.packages.iter().filter_map(|p| Some((p.number.clone()?, p.provider.clone()?)));
        shipped.collect()
    }

    /// Status after lines were shipped or cancelled.
    pub(super) fn restate(&mut self) {
        if self.lines.iter().all(|line| line.cancelled) {
            self.status = Status::Cancelled;
        } else if !matches!(self.status, Status::InTransit | Status::Delivered | Status::Completed) {
            let any = self.packages.iter().any(|package| package.shipped.is_some());
            self.status = match (any, self.open_lines().is_empty()) {
                (false, _) => self.status,
                (true, false) => Status::PartiallyShipping,
                (true, true) => Status::AwaitingCollection,
            };
        }
    }

    /// Notes the time of a status that has a field of its own.
    pub(super) fn stamp(&mut self, at: Timestamp) {
        let place = match self.status {
            Status::PartiallyShipping | Status::AwaitingCollection => SHIPPED,
            Status::InTransit => COLLECTED,
            Status::Delivered => DELIVERED,
            Status::Cancelled => CANCELLED,
            _ => return,
        };
        self.times[place].get_or_insert(at);
    }

    /// When the hold ended, if it has and nobody noticed yet.
    pub(super) fn hold_over(&self, now: Timestamp) -> Option<Timestamp> {
        self.hold_until.filter(|until| self.status == Status::OnHold && *until <= now)
    }

    /// The hold ends.
    pub(super) fn release(&mut self) {
        if matches!(self.status, Status::OnHold | Status::Unpaid) {
            self.status = Status::AwaitingShipment;
        }
        self.hold_until = None;
    }

    /// A deadline counted from the order's creation.
    pub(super) fn due(&self, hours: i64) -> i64 {
        let at = self.created.checked_add(SignedDuration::from_hours(hours));
        at.unwrap_or(self.created).as_second()
    }
}

/// An order with its recent past, so that a lagging read can show it.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub current: Order,
    /// What it looked like, and until when.
    past: VecDeque<(Timestamp, Order)>,
}

impl Record {
    pub(super) fn new(current: Order) -> Self {
        Self { current, past: VecDeque::new() }
    }

    pub(super) fn remember(&mut self, until: Timestamp) {
        if self.past.len() == PAST {
            self.past.pop_front();
        }
        self.past.push_back((until, self.current.clone()));
    }

    /// The order as it was at a time; the present one when nothing older is kept.
    pub(super) fn at(&self, time: Timestamp) -> &Order {
        self.past.iter().find(|(until, _)| *until > time).map_or(&self.current, |(_, order)| order)
    }
}
