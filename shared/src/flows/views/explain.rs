//! What would happen to an order or a parcel with the next push, and why: the push's own judging, with nothing written and
//! nothing sent.

use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::ids::TikTokOrderId;
use crate::domain::order_row::{Rules, UnitState};
use crate::domain::parcel::{Parcel, ParcelState, Phase};
use crate::domain::reason::Reason;
use crate::flows::acts::{self, Scope};
use crate::flows::calls::images::MOST_PRODUCTS;
use crate::flows::calls::{Budget, ShopCalls};
use crate::flows::orders::board;
use crate::flows::push::judge::Check;
use crate::flows::push::{Outlook, Verdict, outlooks};
use crate::table::connections::Versioned;
use crate::table::error::TableError;
use crate::table::orders::Known;
use crate::tiktok::packages::NumberCall;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// The orders of a shop are looked at again at least this often.
const A_VISIT: SignedDuration = SignedDuration::from_hours(24);

/// One parcel, or an order without one, as the next push would treat it.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    /// What people call the order.
    pub order: String,
    /// The store's id of it; `None`: no store named it yet.
    pub store_order: Option<String>,
    /// TikTok's id of it, as far as it is known or was found.
    pub tiktok_order: Option<String>,
    /// The shop that works on it.
    pub shop: String,
    /// The tracking number.
    pub number: Option<String>,
    /// The store's word for the carrier.
    pub carrier: Option<String>,
    /// What the push would do.
    pub verdict: Verdict,
    /// Why, where there is a reason: its code.
    pub reason: Option<Reason>,
    /// The reason in a sentence.
    pub sentence: Option<&'static str>,
    /// When it is looked at next, in the future.
    pub until: Option<Timestamp>,
    /// What was looked at, in this order.
    pub checks: Vec<Check>,
    /// Exactly what would be sent.
    pub call: Option<NumberCall>,
    /// The one thing to do, or that nothing is.
    pub next_step: String,
    /// It stands on the attention list, or would.
    pub held: bool,
    /// When it was looked at.
    pub read_at: Timestamp,
}

impl Explained {
    fn of(outlook: Outlook, now: Timestamp) -> Self {
        let next_step = next_step(&outlook);
        let Outlook { parcel, shop, order, verdict, reason, until, checks, call } = outlook;
        Self {
            order: parcel.order_name.clone().unwrap_or_else(|| parcel.order.to_string()),
            store_order: Some(parcel.order.to_string()),
            tiktok_order: order.map(|order| order.to_string()),
            shop: shop.to_string(),
            number: parcel.number.as_ref().map(|number| number.as_str().to_owned()),
            carrier: parcel.carrier.clone(),
            verdict,
            reason,
            sentence: reason.map(Reason::sentence),
            until,
            checks,
            call,
            next_step,
            held: verdict == Verdict::Hold,
            read_at: now,
        }
    }

    /// An order that no parcel is known for.
    fn of_order(known: &Known, rules: &Rules, now: Timestamp) -> Self {
        let row = &known.row;
        let open = row.facts.count(UnitState::is_open) > 0;
        let listed = row.attention.as_ref().map(|entry| entry.reason);
        let (verdict, reason) = match (row.facts.skipped(), listed) {
            (_, Some(reason)) => (Verdict::Hold, Some(reason)),
            (Some(reason), None) => (Verdict::Close, Some(reason)),
            (None, None) if row.facts.cancelled.is_some() && !open => (Verdict::Close, Some(Reason::Cancelled)),
            (None, None) if open => (Verdict::Wait, Some(Reason::TrackingMissing)),
            (None, None) => (Verdict::Done, None),
        };
        let check = |check, ok, said: String| Check { check, ok, said };
        let mut checks = vec![check("order", verdict != Verdict::Close, row.facts.state.shown_as())];
        if open {
            checks.push(check("store", false, "no store has told of a shipment of this order".to_owned()));
        }
        let next = row.shown_clock(rules).map(|clock| clock.due).filter(|due| *due > now);
        Self {
            order: row.order.to_string(),
            store_order: known.stores.first().map(|(_, order)| order.to_string()),
            tiktok_order: Some(row.order.to_string()),
            shop: row.shop.to_string(),
            number: None,
            carrier: None,
            verdict,
            reason,
            sentence: match verdict {
                Verdict::Wait => Some("No number is known for this order yet."),
                _ => reason.map(Reason::sentence),
            },
            until: (verdict == Verdict::Wait).then(|| next.unwrap_or(now + A_VISIT)),
            checks,
            call: None,
            next_step: match (verdict, reason) {
                (Verdict::Wait, _) => "Ship it and add the number to the shipment in your store.".to_owned(),
                (Verdict::Hold, Some(reason)) => reason.remedy().to_owned(),
                _ => NOTHING.to_owned(),
            },
            held: verdict == Verdict::Hold,
            read_at: now,
        }
    }
}

const NOTHING: &str = "Nothing to do.";

fn next_step(outlook: &Outlook) -> String {
    let remedy = |reason: Option<Reason>| reason.map_or(NOTHING, Reason::remedy).to_owned();
    let parcel = &outlook.parcel;
    match outlook.verdict {
        Verdict::Push | Verdict::Correct if is_held(parcel) => {
            "Nothing to do; it is judged again within the hour and goes out then. A retry sends it now.".to_owned()
        }
        Verdict::Push | Verdict::Correct if outlook.until.is_some() => {
            "Nothing to do; it goes out by itself at its next try. A retry sends it now.".to_owned()
        }
        Verdict::Push | Verdict::Correct => "Nothing to do; it goes out with the next run of the push.".to_owned(),
        Verdict::Done | Verdict::Wait | Verdict::Hold => remedy(outlook.reason),
        Verdict::Close if outlook.parcel.listed => remedy(outlook.reason),
        Verdict::Close if parcel.state == ParcelState::Dismissed => {
            "Nothing to do; a dismissed parcel is never sent.".to_owned()
        }
        Verdict::Close if outlook.reason == Some(Reason::Cancelled) => remedy(outlook.reason),
        Verdict::Close => NOTHING.to_owned(),
    }
}

/// It is judged where it stands, not by the minute's runs.
fn is_held(parcel: &Parcel) -> bool {
    parcel.state.phase() == Phase::Waiting && parcel.due.is_none()
}

/// What would happen to everything that a person means by `x`: a TikTok order, a store order (id or name), a tracking
/// number or a shipment. Empty: nothing is known by this name. Reads TikTok and stores at one read a second, may refresh a
/// token, writes no row.
///
/// # Errors
/// The table.
pub async fn explain(app: &App, scope: &Scope, x: &str) -> Result<Vec<Explained>, TableError> {
    let parcels = acts::find(app, scope, x).await?;
    let found = outlooks(app, &parcels).await?;
    let now = app.clock.now();
    let mut rows: Vec<Explained> = found.into_iter().map(|outlook| Explained::of(outlook, now)).collect();
    let Ok(id) = TikTokOrderId::parse(x.trim()) else { return Ok(rows) };
    if rows.is_empty() {
        for shop in scope.shops(app).await? {
            let Some(shop) = app.table.shop_get(&shop, false).await? else { continue };
            let Some(known) = board::known(app, &shop.row, &id).await? else { continue };
            let mut row = Explained::of_order(&known, &Rules::of(&shop.row), now);
            // Nobody imported it, and nobody knows why.
            if known.stores.is_empty() && (row.verdict == Verdict::Wait || known.row.facts.skipped().is_some()) {
                row.checks.extend(images(app, shop, &id).await);
            }
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Whether the images of an order's products may be why no store got it. Nothing, where TikTok does not show them.
async fn images(app: &App, shop: Versioned<Shop>, order: &TikTokOrderId) -> Option<Check> {
    let budget = Budget::short(&app.clock);
    let calls = ShopCalls::looking(app, &budget, shop);
    let read = calls.order_detail(std::slice::from_ref(order)).await.ok()?;
    let fault = calls.image_fault(read.first()?, MOST_PRODUCTS).await.ok()??;
    let said = format!("a possible cause why no store got it, never the certain one: {fault}");
    Some(Check { check: "images", ok: false, said })
}
