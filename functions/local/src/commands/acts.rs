//! `waybill retry`, `dismiss`, `confirm`, `choose`, `link`, `correct`: what a person settles, and to how many parcels.

use super::held::known_reason;
use super::{Failure, Output, all_shops, shops_named};
use crate::output::{plural, shell};
use clap::Args;
use serde::Serialize;
use waybill::app::App;
use waybill::domain::connection::Shop;
use waybill::domain::ids::{StoreOrderId, TikTokOrderId};
use waybill::domain::parcel::{Parcel, Phase};
use waybill::domain::reason::Reason;
use waybill::domain::tracking::TrackingNumber;
use waybill::flows::acts::{self, Act, Actor, Effect, Scope};
use waybill::flows::carriers::match_parcel::folded;
use waybill::flows::views::order::{Meant, meant};
use waybill::table::orders::Known;

/// Effects that a person is shown one by one.
const MOST_SHOWN: usize = 20;

/// What to try again.
#[derive(Clone, Debug, Default, Args)]
pub struct RetryArgs {
    /// A TikTok order, a store order (id or name), a tracking number or a shipment; several are taken. Without one,
    /// everything of the given reason.
    #[arg(value_name = "X")]
    pub orders: Vec<String>,
    /// Only what waits for this reason, for example CARRIER_UNMAPPED.
    #[arg(long, value_name = "CODE")]
    pub reason: Option<String>,
    /// Only of this shop.
    #[arg(long, value_name = "ID")]
    pub shop: Option<String>,
    /// Only what the store sent under this carrier name.
    #[arg(long, value_name = "NAME")]
    pub carrier: Option<String>,
    /// Number and carrier are right as they stand, as `waybill confirm` says.
    #[arg(long)]
    pub confirm: bool,
    /// Say what would happen, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// What an act is about, and whether it is only asked.
#[derive(Clone, Debug, Args)]
pub struct WhichArgs {
    /// Orders, tracking numbers or shipments.
    #[arg(value_name = "X", required = true)]
    pub orders: Vec<String>,
    /// Say what would happen, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// What to close.
#[derive(Clone, Debug, Args)]
pub struct DismissArgs {
    /// What it is about.
    #[command(flatten)]
    pub which: WhichArgs,
    /// Why, for the audit. Nothing about a buyer.
    #[arg(long, value_name = "TEXT")]
    pub note: String,
}

/// What is in a parcel.
#[derive(Clone, Debug, Args)]
pub struct ChooseArgs {
    /// The tracking number.
    #[arg(value_name = "NUMBER")]
    pub number: String,
    /// Its items: TikTok's line item ids, or stock codes (`MUG`, `MUG:2` for two of them).
    #[arg(value_name = "LINE", required = true)]
    pub lines: Vec<String>,
    /// Say what would happen, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Which TikTok order a store order is.
#[derive(Clone, Debug, Args)]
pub struct LinkArgs {
    /// The store's order: id or name.
    #[arg(value_name = "STORE_ORDER")]
    pub store_order: String,
    /// TikTok's order id.
    #[arg(value_name = "TIKTOK_ORDER")]
    pub tiktok_order: String,
    /// Say what would happen, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Another number or carrier for a parcel.
#[derive(Clone, Debug, Args)]
pub struct CorrectArgs {
    /// An order with one parcel, a tracking number or a shipment.
    #[arg(value_name = "X")]
    pub x: String,
    /// The right number; without it the number stays.
    #[arg(long, value_name = "N", required_unless_present = "carrier")]
    pub number: Option<String>,
    /// The right carrier; without it the carrier stays.
    #[arg(long, value_name = "C")]
    pub carrier: Option<String>,
    /// Say what would happen, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Serialize)]
struct EffectRow<'a> {
    order: String,
    store_order: Option<&'a StoreOrderId>,
    tiktok_order: Option<String>,
    number: Option<&'a str>,
    shop: &'a str,
    act: &'a str,
    done: bool,
    dry_run: bool,
    said: &'a str,
}

impl<'a> EffectRow<'a> {
    fn of(effect: &'a Effect, act: &'a str, dry_run: bool) -> Self {
        let tiktok = effect.tiktok_order.as_ref().map(ToString::to_string);
        Self {
            order: tiktok.clone().or_else(|| effect.store_order.as_ref().map(ToString::to_string)).unwrap_or_default(),
            store_order: effect.store_order.as_ref(),
            tiktok_order: tiktok,
            number: effect.number.as_ref().map(TrackingNumber::as_str),
            shop: effect.shop.as_str(),
            act,
            done: effect.done,
            dry_run,
            said: &effect.said,
        }
    }
}

#[derive(Serialize)]
struct Retried<'a> {
    queued_again: usize,
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    not_found: &'a [&'a str],
    parcels: Vec<EffectRow<'a>>,
}

/// `waybill retry`.
///
/// # Errors
/// Wrong use, no such shop, or the table.
pub async fn retry(app: &App, args: &RetryArgs, output: &mut Output) -> Result<bool, Failure> {
    let reason = args.reason.as_deref().map(known_reason).transpose()?;
    if args.orders.is_empty() && reason.is_none() && args.carrier.is_none() {
        return Err(Failure::usage(
            "say what to try again",
            "Name an order or a number, or --reason CODE (waybill held shows both).",
        ));
    }
    let shops = shops_named(app, args.shop.as_deref()).await?;
    let in_shop = |parcel: &Parcel| args.shop.is_none() || shops.iter().any(|shop| shop.id == parcel.shop);
    let fits = |parcel: &Parcel| {
        let carrier = args.carrier.as_deref();
        let carried = carrier.is_none_or(|name| folded(name) == folded(parcel.carrier.as_deref().unwrap_or_default()));
        carried && in_shop(parcel) && reason.is_none_or(|wanted| parcel.state.reason() == Some(wanted))
    };
    let (mut parcels, mut not_found) = (Vec::new(), Vec::new());
    if args.orders.is_empty() {
        parcels = waiting(app, &shops, reason).await?;
        parcels.retain(|parcel| fits(parcel));
    }
    for word in &args.orders {
        let mut found = acts::find(app, &Scope::All, word).await?;
        found.retain(|parcel| fits(parcel));
        if found.is_empty() {
            not_found.push(word.as_str());
        }
        parcels.extend(found);
    }
    let act = if args.confirm { Act::Confirm } else { Act::Retry };
    let effects = acts::settle(app, &Actor::command_line(), &act, &parcels, args.dry_run).await?;
    let queued_again = effects.iter().filter(|effect| effect.done).count();
    if output.is_json() {
        let parcels = effects.iter().map(|effect| EffectRow::of(effect, act.word(), args.dry_run)).collect();
        output.line(&Retried { queued_again, not_found: &not_found, parcels })?;
    } else {
        show(&act, &effects, args.dry_run, output)?;
    }
    for word in &not_found {
        output.say(format_args!("Nothing of {word} is known or waits. See: waybill order {}", shell(word)))?;
    }
    if args.orders.is_empty() && effects.is_empty() {
        output.say("Nothing waits for that reason: waybill held --count")?;
    }
    // An order's other parcels may be done; only when nothing moved is there something to look at.
    Ok(queued_again == 0 || !not_found.is_empty())
}

/// What stands on the attention lists of these shops.
async fn waiting(app: &App, shops: &[Shop], reason: Option<Reason>) -> Result<Vec<Parcel>, Failure> {
    let mut parcels = Vec::new();
    for shop in shops {
        let prefix = reason.map(Reason::code).unwrap_or_default();
        for key in app.table.held_keys(&shop.id, prefix).await? {
            parcels.extend(app.table.parcel_get(&key).await?);
        }
    }
    Ok(parcels)
}

/// The parcels that these words mean; a word that means none is a failure.
async fn named(app: &App, words: &[String]) -> Result<Vec<Parcel>, Failure> {
    let mut parcels = Vec::new();
    for word in words {
        let found = acts::find(app, &Scope::All, word).await?;
        if found.is_empty() {
            return Err(unknown(word));
        }
        parcels.extend(found);
    }
    Ok(parcels)
}

fn unknown(word: &str) -> Failure {
    Failure::attention(
        format!("nothing is known of {word}: no TikTok order, store order, tracking number or shipment has this name"),
        "waybill held lists what waits; waybill order X shows one.",
    )
}

/// `waybill dismiss`.
///
/// # Errors
/// A note that says nothing or too much, an unknown parcel, or the table.
pub async fn dismiss(app: &App, args: &DismissArgs, output: &mut Output) -> Result<bool, Failure> {
    let next = "Say why in a sentence: --note \"sent by hand in Seller Center\". Nothing about a buyer.";
    let note = acts::checked_note(&args.note, false).map_err(|problem| Failure::usage(problem, next))?;
    let act = Act::Dismiss { note: note.clone() };
    let (parcels, orders) = settled(app, &args.which.orders, |_| true).await?;
    let actor = Actor::command_line();
    let mut effects = acts::settle(app, &actor, &act, &parcels, args.which.dry_run).await?;
    for (shop, known) in &orders {
        effects.push(acts::dismiss_order(app, &actor, shop, known, &note, args.which.dry_run).await?);
    }
    show(&act, &effects, args.which.dry_run, output)
}

/// What a person means to settle by these words: the parcels that ask for something, and the orders that stand on the
/// list by themselves for a reason that fits. An order that is done with is meant only where nothing else is.
pub(super) async fn settled(
    app: &App,
    words: &[String],
    fits: impl Fn(Reason) -> bool,
) -> Result<(Vec<Parcel>, Vec<(Shop, Known)>), Failure> {
    let shops = all_shops(app).await?;
    let (mut parcels, mut orders) = (Vec::new(), Vec::new());
    for word in words {
        let Meant { parcels: found, orders: theirs } = meant(app, &Scope::All, &shops, word).await?;
        if found.is_empty() && theirs.is_empty() {
            return Err(unknown(word));
        }
        let listed =
            theirs.into_iter().filter(|(_, known)| known.row.attention.as_ref().is_some_and(|a| fits(a.reason)));
        let listed: Vec<(Shop, Known)> = listed.collect();
        let asking: Vec<Parcel> = found.iter().filter(|parcel| asks(parcel)).cloned().collect();
        let by_id = listed.iter().any(|(_, known)| known.row.order.as_str() == word.trim());
        match (asking.is_empty(), listed.is_empty()) {
            (true, true) => parcels.extend(found),
            (false, false) if !by_id => parcels.extend(asking),
            _ => {
                parcels.extend(asking);
                orders.extend(listed);
            }
        }
    }
    Ok((parcels, orders))
}

fn asks(parcel: &Parcel) -> bool {
    parcel.listed || matches!(parcel.state.phase(), Phase::Open | Phase::Waiting)
}

/// `waybill confirm`.
///
/// # Errors
/// An unknown parcel, or the table.
pub async fn confirm(app: &App, args: &WhichArgs, output: &mut Output) -> Result<bool, Failure> {
    let (parcels, orders) = settled(app, &args.orders, |reason| reason == Reason::SiblingOpen).await?;
    let actor = Actor::command_line();
    let mut effects = acts::settle(app, &actor, &Act::Confirm, &parcels, args.dry_run).await?;
    for (shop, known) in &orders {
        effects.push(acts::same_parcel(app, &actor, shop, known, args.dry_run).await?);
    }
    show(&Act::Confirm, &effects, args.dry_run, output)
}

/// `waybill choose`.
///
/// # Errors
/// An unknown number, items that the order does not have, or the table.
pub async fn choose(app: &App, args: &ChooseArgs, output: &mut Output) -> Result<bool, Failure> {
    let parcel = single(app, &args.number).await?;
    let lines = acts::choose(app, &parcel, &args.lines).await.map_err(|error| {
        let next = format!("See the order's items: waybill order {}", shell(&args.number));
        Failure::attention(error.to_string(), next)
    })?;
    let act = Act::Choose { lines };
    let effects = acts::settle(app, &Actor::command_line(), &act, &[parcel], args.dry_run).await?;
    show(&act, &effects, args.dry_run, output)
}

/// The one parcel that a word means.
async fn single(app: &App, word: &str) -> Result<Parcel, Failure> {
    let mut found = named(app, &[word.to_owned()]).await?;
    if found.len() > 1 {
        found.retain(|parcel| parcel.number.is_some() && !parcel.is_withdrawn());
    }
    match (found.len(), found.pop()) {
        (1, Some(parcel)) => Ok(parcel),
        (count, _) => Err(Failure::usage(
            format!("{word} names {}", plural(count, "parcel", "parcels")),
            "Name the one by its tracking number: waybill order X shows them.",
        )),
    }
}

/// `waybill link`.
///
/// # Errors
/// An id that is none, an unknown store order, or the table.
pub async fn link(app: &App, args: &LinkArgs, output: &mut Output) -> Result<bool, Failure> {
    let order = TikTokOrderId::parse(args.tiktok_order.trim()).map_err(|error| {
        Failure::usage(error.to_string(), "TikTok's order ids are numbers, as Seller Center shows them.")
    })?;
    let mut parcels = named(app, std::slice::from_ref(&args.store_order)).await?;
    let stores: std::collections::BTreeSet<String> =
        parcels.iter().map(|parcel| format!("{} of {}", parcel.order, parcel.store)).collect();
    if stores.len() > 1 {
        return Err(Failure::usage(
            format!(
                "{} names several store orders: {}",
                args.store_order,
                stores.into_iter().collect::<Vec<_>>().join(", ")
            ),
            "Name the order by the store's own id.",
        ));
    }
    parcels.retain(|parcel| parcel.state.phase() != Phase::Done);
    let act = Act::Link { order };
    let effects = acts::settle(app, &Actor::command_line(), &act, &parcels, args.dry_run).await?;
    show(&act, &effects, args.dry_run, output)
}

/// `waybill correct`.
///
/// # Errors
/// A number that is none, an unknown parcel, no correction left, or the table.
pub async fn correct(app: &App, args: &CorrectArgs, output: &mut Output) -> Result<bool, Failure> {
    let number = args.number.as_deref().map(TrackingNumber::parse).transpose();
    let number = number.map_err(|error| Failure::usage(error.to_string(), "Give the number after --number."))?;
    let parcel = single(app, &args.x).await?;
    let actor = Actor::command_line();
    match acts::correct(app, &actor, &parcel, number.as_ref(), args.carrier.as_deref(), args.dry_run).await? {
        Ok(effect) => show_as("correct", &[effect], args.dry_run, output),
        Err(error) => Err(Failure::attention(error.to_string(), format!("See waybill order {}", shell(&args.x)))),
    }
}

pub(super) fn show(act: &Act, effects: &[Effect], dry_run: bool, output: &mut Output) -> Result<bool, Failure> {
    show_as(act.word(), effects, dry_run, output)
}

/// What happened to each. True when nothing was done, or not to all.
fn show_as(act: &str, effects: &[Effect], dry_run: bool, output: &mut Output) -> Result<bool, Failure> {
    let done = effects.iter().filter(|effect| effect.done).count();
    for (shown, effect) in effects.iter().enumerate() {
        let row = EffectRow::of(effect, act, dry_run);
        if output.is_json() {
            output.line(&row)?;
        } else if shown < MOST_SHOWN {
            output.say(format_args!("{} of order {}: {}", row.number.unwrap_or("no number"), row.order, row.said))?;
        } else if shown == MOST_SHOWN {
            output.say(format_args!("… and {} more", effects.len() - MOST_SHOWN))?;
        }
    }
    let verb = if dry_run { "would change" } else { "changed" };
    output.say(format_args!(
        "{act}: {} {verb}, {} left as they are.",
        plural(done, "entry", "entries"),
        effects.len() - done
    ))?;
    Ok(done < effects.len() || effects.is_empty())
}
