//! One order: what is known, what can be done, what happened; its proof and the text for a delay report.

use super::acts_forms::{Forms, address, carrier_names, held_words, left, store_address};
use super::list::Near;
use crate::answer;
use crate::visit::{Member, Visit};
use jiff::tz::TimeZone;
use lambda_http::{Body, Response};
use minijinja::context;
use serde::Serialize;
use std::collections::BTreeMap;
use waybill::domain::connection::Shop;
use waybill::domain::ids::{StoreId, StoreOrderId};
use waybill::domain::order_row::Rules;
use waybill::domain::parcel::Parcel;
use waybill::domain::reason::Reason;
use waybill::flows::acts::Scope;
use waybill::flows::views::fields::{self, FieldsRow};
use waybill::flows::views::held::HeldRow;
use waybill::flows::views::order::{Meant, ParcelRow, TikTokRow, meant, tiktok_orders};
use waybill::flows::views::proof::{self, ProofError};
use waybill::flows::views::timeline::{StepRow, state_words};
use waybill::mail::zone;
use waybill::table::error::TableError;
use waybill::table::keys;
use waybill::table::orders::Known;
use waybill::web::form::of_path_part;

/// Longest name of an order, number or shipment that is looked for, in characters.
const LONGEST: usize = 200;

/// What an address names within the member's account.
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) meant: Meant,
    pub(super) shops: Vec<Shop>,
}

/// Looks up what an address names; `None`: nothing of this account.
pub(super) async fn asked(visit: &Visit<'_>, member: &Member, id: &str) -> Result<Option<Asked>, TableError> {
    let name = of_path_part(id).trim().to_owned();
    if name.is_empty() || name.chars().count() > LONGEST || name.chars().any(char::is_control) {
        return Ok(None);
    }
    let shops = super::shops::shops(visit, member).await?;
    let meant = match visit.query.get("store") {
        Some(store) => of_store(visit, member, &shops, store, &name).await?,
        None => meant(visit.app, &Scope::Account(member.account.clone()), &shops, &name).await?,
    };
    let found = !meant.parcels.is_empty() || !meant.orders.is_empty();
    Ok(found.then_some(Asked { name, meant, shops }))
}

/// The order of one store, by its id there: nothing else is looked through.
async fn of_store(
    visit: &Visit<'_>,
    member: &Member,
    shops: &[Shop],
    store: &str,
    order: &str,
) -> Result<Meant, TableError> {
    let (Ok(store), Ok(order)) = (StoreId::parse(store), StoreOrderId::parse(order)) else {
        return Ok(Meant::default());
    };
    let known = visit.app.table.store_get(&store, false).await?;
    if known.is_none_or(|known| known.row.account != member.account) {
        return Ok(Meant::default());
    }
    let parcels = visit.app.table.order_rows(&store, &order, true).await?.parcels;
    let orders = tiktok_orders(visit.app, "", &parcels, shops).await?;
    Ok(Meant { parcels, orders })
}

#[derive(Debug, Serialize)]
struct StepView {
    at: String,
    said: String,
    answer: Option<String>,
}

#[derive(Debug, Serialize)]
struct ClockView {
    name: &'static str,
    due: String,
    left: String,
    near: Near,
    source: String,
}

#[derive(Debug, Serialize)]
struct ParcelView {
    number: String,
    carrier: String,
    store_order: String,
    shipments: String,
    state: String,
    sentence: Option<&'static str>,
    remedy: Option<&'static str>,
    listed: bool,
    detail: Option<String>,
    waits: Option<String>,
    until: Option<String>,
    sent: Option<String>,
    command: Option<String>,
    forms: Forms,
    list: Option<String>,
    steps: Vec<StepView>,
    /// What became of the custom fields of its store order.
    fields: Option<FieldsRow>,
    store: String,
    row: String,
}

#[derive(Debug, Serialize)]
struct OrderView {
    row: TikTokRow,
    state: String,
    kind: String,
    shop: String,
    created: String,
    seen: String,
    address: String,
    sibling: Option<String>,
    clocks: Vec<ClockView>,
    listed: Option<ListedView>,
    steps: Vec<StepView>,
    notes: Vec<NoteView>,
}

#[derive(Debug, Serialize)]
struct ListedView {
    sentence: &'static str,
    remedy: &'static str,
    detail: Option<String>,
    forms: Forms,
}

#[derive(Debug, Serialize)]
struct NoteView {
    at: String,
    who: String,
    text: String,
    evidence: bool,
}

fn steps(rows: &[StepRow], zone: &TimeZone) -> Vec<StepView> {
    let view = |row: &StepRow| StepView {
        at: zone::moment(row.at, zone),
        said: row.said.clone(),
        answer: row.code.map(|code| {
            let message = row.message.as_deref().map(|message| format!(" {message}")).unwrap_or_default();
            let request = row.request_id.as_deref().map(|id| format!(" (request {id})")).unwrap_or_default();
            format!("TikTok: {code}{message}{request}")
        }),
    };
    rows.iter().map(view).collect()
}

/// `GET /orders/{id}`.
pub(super) async fn page(visit: &Visit<'_>, member: &Member, id: &str) -> Result<Response<Body>, TableError> {
    let Some(Asked { name, meant, shops }) = asked(visit, member, id).await? else {
        return Ok(answer::missing(visit.app));
    };
    let of_store = visit.query.get("store");
    if meant.names().len() > 1 && of_store.is_none() {
        return Ok(visit.heard(choice(visit, member, &name, &meant)));
    }
    let here = of_store.map_or_else(|| address(&name), |store| store_address(store, &name));
    let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut parcels = Vec::new();
    for parcel in &meant.parcels {
        let shop = shops.iter().find(|shop| shop.id == parcel.shop);
        let view = parcel_view(visit, parcel, shop, &meant.orders, &here);
        if let Some(shop) = shop.filter(|shop| view.forms.asks_for_carriers() && !lists.contains_key(shop.id.as_str()))
        {
            lists.insert(shop.id.to_string(), carrier_names(visit, shop).await?);
        }
        let list = lists.get(parcel.shop.as_str()).filter(|names| !names.is_empty());
        let list = list.map(|_| format!("carriers-{}", parcel.shop));
        let fields = fields::of_parcel(visit.app, shops.iter().find(|shop| shop.id == parcel.shop), parcel).await?;
        parcels.push(ParcelView { forms: view.forms.with_carriers(list, None), fields, ..view });
    }
    let mut orders = Vec::new();
    for (shop, known) in &meant.orders {
        orders.push(order_view(visit, shop, known, &here).await?);
    }
    let names: Vec<String> =
        meant.parcels.iter().map(|p| p.order_name.clone().unwrap_or_else(|| p.order.to_string())).collect();
    let title = meant.names().into_iter().next().unwrap_or(name);
    let lists: Vec<(String, Vec<String>)> = lists.into_iter().collect();
    let values = context! {
        title, parcels, orders, lists, stores => unique(names), said => visit.said(), address => address(&title),
        action => here, ..member.frame("orders")
    };
    Ok(visit.heard(answer::page(visit.app, 200, "order.html", values)))
}

fn unique(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names.dedup();
    names
}

/// Several orders have this name.
fn choice(visit: &Visit<'_>, member: &Member, name: &str, meant: &Meant) -> Response<Body> {
    let orders = meant.orders.iter().map(|(shop, known)| {
        let row = &known.row;
        (address(row.order.as_str()), format!("TikTok order {}", row.order), shop.name.clone())
    });
    let mut hits: Vec<(String, String, String)> = orders.collect();
    for parcel in &meant.parcels {
        let shown = |known: &Known| Some(&known.row.order) == parcel.tiktok_order();
        if meant.orders.iter().any(|(_, known)| shown(known)) {
            continue;
        }
        let link = store_address(parcel.store.as_str(), parcel.order.as_str());
        let what = format!("store order {}", parcel.order_name.as_deref().unwrap_or(parcel.order.as_str()));
        if !hits.iter().any(|(known, _, _)| *known == link) {
            hits.push((link, what, "TikTok order not known yet".to_owned()));
        }
    }
    let values = context! { name, hits, ..member.frame("orders") };
    answer::page(visit.app, 200, "order_choice.html", values)
}

fn parcel_view(
    visit: &Visit<'_>,
    parcel: &Parcel,
    shop: Option<&Shop>,
    orders: &[(Shop, Known)],
    here: &str,
) -> ParcelView {
    let now = visit.app.clock.now();
    let zone = shop.map_or(TimeZone::UTC, zone::of);
    let row = ParcelRow::of(parcel, shop, now);
    let known = orders.iter().map(|(_, known)| known).find(|known| Some(&known.row.order) == parcel.tiktok_order());
    let listed = row.command.is_some();
    let reason = row.reason.and_then(Reason::parse);
    let sent = row.sent.as_ref().map(|sent| {
        let since = zone::moment(sent.at, &zone);
        format!("TikTok has {} with {} since {since}.", sent.number, sent.carrier)
    });
    ParcelView {
        number: row.number.unwrap_or_else(|| "Without a number".to_owned()),
        carrier: row.carrier.unwrap_or_else(|| "no carrier named".to_owned()),
        store_order: row.store_order,
        shipments: row.shipments.join(", "),
        state: state_words(parcel.state),
        sentence: row.sentence,
        remedy: row.remedy,
        listed,
        detail: held_words(parcel, &zone).or(row.detail),
        waits: row.waits_for.filter(|_| row.due.is_some()),
        until: row.until.map(|at| zone::moment(at, &zone)),
        sent,
        command: row.command,
        forms: Forms::of_parcel(parcel, reason, known, here, now),
        list: None,
        steps: steps(&row.timeline, &zone),
        fields: None,
        store: parcel.store.to_string(),
        row: keys::parcel(parcel).sk,
    }
}

async fn order_view(visit: &Visit<'_>, shop: &Shop, known: &Known, here: &str) -> Result<OrderView, TableError> {
    let (now, zone) = (visit.app.clock.now(), zone::of(shop));
    let row = TikTokRow::of(known, shop, now);
    let unmet = known.row.unmet(&Rules::of(shop));
    let clocks = unmet.iter().map(|deadline| ClockView {
        name: deadline.clock.shown_as(),
        due: zone::moment(deadline.due, &zone),
        left: left(deadline.due, now),
        near: Near::of(deadline.urgency(now)),
        source: deadline.source.to_string(),
    });
    let notes = visit.app.table.notes(&shop.account, &shop.id, &known.row.order).await?;
    let note = |note: waybill::table::notes::Note| NoteView {
        at: zone::moment(note.at, &zone),
        who: note.who,
        text: note.text,
        evidence: note.evidence,
    };
    let listed = HeldRow::of_order(known, shop).and_then(|held| {
        let reason = Reason::parse(held.reason)?;
        let forms = Forms::of_order(known, reason, here);
        let detail = held.detail.filter(|detail| held.clock.is_none_or(|clock| !detail.starts_with(clock)));
        Some(ListedView { sentence: held.sentence, remedy: held.remedy, detail, forms })
    });
    Ok(OrderView {
        state: row.line.state.replace('_', " "),
        kind: row.line.kind.replace('_', " "),
        shop: shop.name.clone(),
        created: zone::moment(row.line.created, &zone),
        seen: zone::moment(row.seen, &zone),
        address: address(known.row.order.as_str()),
        sibling: row.line.sibling.as_deref().map(address),
        clocks: clocks.collect(),
        listed,
        steps: steps(&row.timeline, &zone),
        notes: notes.into_iter().map(note).collect(),
        row,
    })
}

/// `GET /orders/{id}/proof.json`, `.csv`, `.html`: the files that `waybill proof` writes, signed alike.
pub(super) async fn proof(
    visit: &Visit<'_>,
    member: &Member,
    id: &str,
    kind: &str,
) -> Result<Response<Body>, TableError> {
    let Some(Asked { meant, .. }) = asked(visit, member, id).await? else { return Ok(answer::missing(visit.app)) };
    let [(shop, known)] = meant.orders.as_slice() else { return Ok(answer::missing(visit.app)) };
    let made = async {
        let signer = proof::signer(visit.app).await?;
        proof::of(visit.app, &signer, shop, known, visit.query.get("notes").is_some()).await
    };
    let proof = match made.await {
        Ok(proof) => proof,
        Err(ProofError::Table(error)) => return Err(error),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "proof not made");
            return Ok(answer::broken(visit.app));
        }
    };
    let (text, mime) = match kind {
        "json" => (proof.json, "application/json"),
        "csv" => (proof.csv, "text/csv; charset=utf-8"),
        _ => (proof.page, "text/html; charset=utf-8"),
    };
    Ok(answer::file(&format!("{}.{kind}", known.row.order), mime, text))
}

/// `GET /orders/{id}/delay.txt`: what TikTok's forms for delays beyond the seller's control ask for and we know.
pub(super) async fn delay(visit: &Visit<'_>, member: &Member, id: &str) -> Result<Response<Body>, TableError> {
    let Some(Asked { meant, .. }) = asked(visit, member, id).await? else { return Ok(answer::missing(visit.app)) };
    let ([(shop, known)], parcels) = (meant.orders.as_slice(), meant.parcels.as_slice()) else {
        return Ok(answer::missing(visit.app));
    };
    let notes = visit.app.table.notes(&shop.account, &shop.id, &known.row.order).await?;
    let text = super::order_delay::text(shop, known, parcels, &notes, visit.app.clock.now());
    Ok(answer::file(&format!("{}-delay.txt", known.row.order), "text/plain; charset=utf-8", text))
}
