//! What is known about one order: its parcels, TikTok's side of it, its clocks. One answer for the page and the command.

use super::attention::detail;
use super::command::{command_for, name_of};
use super::fields::FieldsRow;
use super::timeline::{StepRow, timeline};
use super::waiting::wait;
use super::words::words;
use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::deadline::Deadline;
use crate::domain::decision::EDIT_WINDOW;
use crate::domain::ids::{StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::order_row::{self, Rules, Units};
use crate::domain::parcel::{Answer, Parcel, Phase};
use crate::domain::reason::Reason;
use crate::flows::acts::{Scope, find};
use crate::flows::orders::board::{self, OrderLine};
use crate::table::error::TableError;
use crate::table::orders::Known;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;

/// What TikTok holds from us for a parcel.
#[derive(Clone, Debug, Serialize)]
pub struct SentRow {
    /// The number that was sent.
    pub number: String,
    /// The carrier's name on the list of that day.
    pub carrier: String,
    /// On how many units it stands.
    pub lines: usize,
    /// Since when.
    pub at: Timestamp,
    /// Corrections that are used.
    pub corrections_used: u32,
    /// Corrections that TikTok still takes.
    pub corrections_left: u32,
    /// Until when it takes one.
    pub corrections_until: Timestamp,
}

/// One parcel of the order.
#[derive(Clone, Debug, Serialize)]
pub struct ParcelRow {
    /// What people call the order.
    pub order: String,
    /// The store's id of it.
    pub store_order: String,
    /// TikTok's.
    pub tiktok_order: Option<String>,
    /// The tracking number.
    pub number: Option<String>,
    /// The store's word for the carrier.
    pub carrier: Option<String>,
    /// The TikTok shop.
    pub shop: String,
    /// The store connection.
    pub store: String,
    /// The store's shipments.
    pub shipments: Vec<String>,
    /// Its state.
    pub state: String,
    /// Why it waits or was left out.
    pub reason: Option<&'static str>,
    /// That in words.
    pub sentence: Option<&'static str>,
    /// What to do about it.
    pub remedy: Option<&'static str>,
    /// The command that settles it.
    pub command: Option<String>,
    /// Who acts.
    pub who: Option<&'static str>,
    /// What else is known.
    pub detail: Option<String>,
    /// Since when its state stands.
    pub since: Timestamp,
    /// When it is worked on next.
    pub due: Option<Timestamp>,
    /// What it waits for, in words; `None` once TikTok has the number or the parcel is closed.
    pub waits_for: Option<String>,
    /// When it is looked at next.
    pub until: Option<Timestamp>,
    /// What TikTok has from us.
    pub sent: Option<SentRow>,
    /// TikTok's last answer.
    pub tiktok_answer: Option<Answer>,
    /// Its events as they are stored.
    pub events: Vec<String>,
    /// The same in words.
    pub timeline: Vec<StepRow>,
    /// The TikTok order as last seen.
    pub tiktok: Option<TikTokRow>,
    /// What became of the custom fields of its store order; `None`: not looked up, or there are none.
    pub fields: Option<FieldsRow>,
}

/// A clock of a TikTok order.
#[derive(Clone, Debug, Serialize)]
pub struct ClockRow {
    /// Its word.
    pub clock: &'static str,
    /// When it is due.
    pub due: Timestamp,
    /// Who says so.
    pub source: String,
    /// It passed.
    pub late: bool,
}

/// Units of one stock code.
#[derive(Clone, Debug, Serialize)]
pub struct ItemRow {
    /// The merchant's stock code.
    pub sku: String,
    /// How far they are.
    pub state: &'static str,
    /// How many.
    pub units: u32,
}

/// A TikTok order as last seen.
#[derive(Clone, Debug, Serialize)]
pub struct TikTokRow {
    /// As `waybill orders` shows it.
    #[serde(flatten)]
    pub line: OrderLine,
    /// Why it may be that no store got it; never the certain cause.
    pub possible_cause: Option<String>,
    /// Its items.
    pub items: Vec<ItemRow>,
    /// Every clock that is not met, nearest first.
    pub clocks: Vec<ClockRow>,
    /// Corrections that were seen at TikTok.
    pub corrections_seen: u32,
    /// When it was read last.
    pub seen: Timestamp,
    /// What happened to it.
    pub timeline: Vec<StepRow>,
}

impl TikTokRow {
    /// Of what is known.
    #[must_use]
    pub fn of(known: &Known, shop: &Shop, now: Timestamp) -> Self {
        let row = &known.row;
        let step = |event: &order_row::Event| StepRow {
            at: event.at,
            what: event.code.clone(),
            said: event.shown_as(),
            code: None,
            message: None,
            request_id: None,
        };
        let clock = |deadline: &Deadline| ClockRow {
            clock: deadline.clock.word(),
            due: deadline.due,
            source: deadline.source.to_string(),
            late: deadline.is_late(now),
        };
        let item =
            |units: &Units| ItemRow { sku: units.sku.clone(), state: units.state.shown_as(), units: units.count };
        Self {
            line: OrderLine::of(known, shop, now),
            possible_cause: row.possible_cause(known.stores.len()).map(str::to_owned),
            items: row.facts.units.iter().map(item).collect(),
            clocks: row.unmet(&Rules::of(shop)).iter().map(clock).collect(),
            corrections_seen: row.edits,
            seen: row.seen,
            timeline: row.events.kept.iter().map(step).collect(),
        }
    }
}

impl ParcelRow {
    /// Of a parcel; `shop`: its TikTok shop while it is connected.
    #[must_use]
    pub fn of(parcel: &Parcel, shop: Option<&Shop>, now: Timestamp) -> Self {
        let on_its_way = matches!(parcel.state.phase(), Phase::Open | Phase::Waiting);
        let gone = shop.is_none() && on_its_way;
        let reason = if gone { Some(Reason::ShopGone) } else { parcel.state.reason() };
        let waits = wait(parcel, shop, now);
        let held = parcel.listed || gone;
        let sent = parcel.sent.as_ref().map(|sent| SentRow {
            number: sent.number.clone(),
            carrier: sent.provider_name.clone(),
            lines: sent.lines.len(),
            at: sent.at,
            corrections_used: sent.edits,
            corrections_left: u32::from(sent.edits == 0 && now < sent.shipped_at + EDIT_WINDOW),
            corrections_until: sent.shipped_at + EDIT_WINDOW,
        });
        Self {
            order: name_of(parcel).to_owned(),
            store_order: parcel.order.to_string(),
            tiktok_order: parcel.tiktok_order().map(TikTokOrderId::to_string),
            number: parcel.number.as_ref().map(|number| number.as_str().to_owned()),
            carrier: parcel.carrier.clone(),
            shop: parcel.shop.to_string(),
            store: parcel.store.to_string(),
            shipments: parcel.sources.iter().map(|source| source.shipment.to_string()).collect(),
            state: parcel.state.to_string(),
            reason: reason.map(Reason::code),
            sentence: reason.map(|reason| words(parcel, reason).0),
            remedy: reason.map(|reason| words(parcel, reason).1),
            command: reason.filter(|_| held).map(|reason| command_for(parcel, reason, None)),
            who: reason.map(|reason| reason.who().as_str()),
            detail: detail(parcel),
            since: parcel.changed,
            due: parcel.due,
            waits_for: waits.as_ref().map(|wait| wait.said.clone()),
            until: waits.and_then(|wait| wait.until),
            sent,
            tiktok_answer: parcel.answer.clone(),
            events: parcel
                .events
                .iter()
                .map(|e| format!("{} {} {}", e.at, e.what, e.detail).trim_end().to_owned())
                .collect(),
            timeline: timeline(parcel),
            tiktok: None,
            fields: None,
        }
    }
}

/// The TikTok orders that are meant: by their own id, or as those of the parcels.
///
/// # Errors
/// The table.
pub async fn tiktok_orders(
    app: &App,
    x: &str,
    found: &[Parcel],
    shops: &[Shop],
) -> Result<Vec<(Shop, Known)>, TableError> {
    let mut ids: Vec<TikTokOrderId> = found.iter().filter_map(|parcel| parcel.tiktok_order().cloned()).collect();
    ids.extend(TikTokOrderId::parse(x).ok());
    ids.sort();
    ids.dedup();
    let mut orders = Vec::new();
    for shop in shops {
        for id in &ids {
            orders.extend(board::known(app, shop, id).await?.map(|known| (shop.clone(), known)));
        }
    }
    Ok(orders)
}

/// The name of a parcel's order page.
#[must_use]
pub(super) fn page_of(parcel: &Parcel) -> String {
    parcel.tiktok_order().map_or_else(|| parcel.order.to_string(), ToString::to_string)
}

/// Everything that a name means within some shops and stores.
#[derive(Clone, Debug, Default)]
pub struct Meant {
    /// Parcels, by store order.
    pub parcels: Vec<Parcel>,
    /// TikTok orders.
    pub orders: Vec<(Shop, Known)>,
}

impl Meant {
    /// What people call the orders that are meant, each once: TikTok's id, or the store's where TikTok's is not known.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        let orders = self.orders.iter().map(|(_, known)| known.row.order.to_string());
        orders.chain(self.parcels.iter().map(page_of)).collect()
    }
}

/// The parcels and TikTok orders that a person means by `x`. A TikTok order is found by its key, with the parcels of the
/// store orders that belong to it; any other name is looked for in every store of the scope.
///
/// # Errors
/// The table.
pub async fn meant(app: &App, scope: &Scope, shops: &[Shop], x: &str) -> Result<Meant, TableError> {
    let x = x.trim();
    let orders = tiktok_orders(app, x, &[], shops).await?;
    if orders.is_empty() {
        let parcels = find(app, scope, x).await?;
        let orders = tiktok_orders(app, x, &parcels, shops).await?;
        return Ok(Meant { parcels, orders });
    }
    let stores: BTreeSet<StoreId> = scope.stores(app).await?.into_iter().collect();
    let theirs: BTreeSet<(StoreId, StoreOrderId)> =
        orders.iter().flat_map(|(_, known)| known.stores.clone()).filter(|(store, _)| stores.contains(store)).collect();
    let mut parcels = Vec::new();
    for (store, order) in theirs {
        parcels.extend(app.table.order_rows(&store, &order, true).await?.parcels);
    }
    parcels.retain(|parcel| orders.iter().any(|(_, known)| parcel.tiktok_order() == Some(&known.row.order)));
    Ok(Meant { parcels, orders })
}
