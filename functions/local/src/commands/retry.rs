//! `waybill retry`: queues held parcels again.

use super::held::known_reason;
use super::{Failure, Output, shops_named};
use crate::output::plural;
use clap::Args;
use serde::Serialize;
use waybill::app::App;
use waybill::domain::parcel::Parcel;
use waybill::domain::reason::Reason;
use waybill::domain::tracking::TrackingNumber;
use waybill::flows::carriers::map::{confirm, requeue};

/// What to try again.
#[derive(Clone, Debug, Default, Args)]
pub struct RetryArgs {
    /// A TikTok order, a store order (id or name), a tracking number or a shipment; several are taken. Without one,
    /// everything of the given reason.
    #[arg(value_name = "X", allow_hyphen_values = false)]
    pub orders: Vec<String>,
    /// Only what is held for this reason, for example CARRIER_UNMAPPED.
    #[arg(long, value_name = "CODE")]
    pub reason: Option<String>,
    /// Only of this shop.
    #[arg(long, value_name = "ID")]
    pub shop: Option<String>,
    /// Number and carrier are right as they stand: what was doubted about them only warns.
    #[arg(long)]
    pub confirm: bool,
}

#[derive(Serialize)]
struct Queued<'a> {
    queued_again: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_found: Vec<&'a str>,
}

/// Queues again what fits. True when something that was named is not held.
///
/// # Errors
/// Wrong use, no such shop, or the table.
pub async fn run(app: &App, args: &RetryArgs, output: &mut Output) -> Result<bool, Failure> {
    let reason = args.reason.as_deref().map(known_reason).transpose()?;
    if args.orders.is_empty() && reason.is_none() {
        return Err(Failure::usage(
            "say what to try again",
            "Name an order or a number, or --reason CODE (waybill held shows both).",
        ));
    }
    let shops = shops_named(app, args.shop.as_deref()).await?;
    let (mut queued_again, mut not_found) = (0, Vec::new());
    if args.orders.is_empty() {
        for shop in &shops {
            queued_again += queue(app, &shop.id, reason, args.confirm, |_| true).await?;
        }
    }
    for order in &args.orders {
        let mut found = 0;
        for shop in &shops {
            found += queue(app, &shop.id, reason, args.confirm, |parcel| is_of(parcel, order)).await?;
        }
        queued_again += found;
        if found == 0 {
            not_found.push(order.as_str());
        }
    }
    let said = match queued_again {
        0 => "Nothing was queued.".to_owned(),
        n => format!("{}: sent with the next push.", plural(n, "parcel is queued again", "parcels are queued again")),
    };
    let nothing = queued_again == 0 || !not_found.is_empty();
    let missing: Vec<&str> = not_found.clone();
    output.done(&Queued { queued_again, not_found }, said)?;
    for order in missing {
        let doubt = if args.confirm { " for a doubt about its number" } else { "" };
        output.say(format_args!(
            "Nothing of {order} is held{doubt}. See: waybill order {}",
            crate::output::shell(order)
        ))?;
    }
    if nothing && args.orders.is_empty() {
        output.say("Nothing is held for that reason: waybill held --count")?;
    }
    Ok(nothing)
}

async fn queue(
    app: &App,
    shop: &waybill::domain::ids::ShopId,
    reason: Option<Reason>,
    as_it_stands: bool,
    fits: impl Fn(&Parcel) -> bool,
) -> Result<usize, Failure> {
    let of_reason = |parcel: &Parcel| reason.is_none_or(|wanted| parcel.state.reason() == Some(wanted));
    let wanted = |parcel: &Parcel| of_reason(parcel) && fits(parcel);
    Ok(if as_it_stands {
        confirm(app, shop, wanted).await?
    } else {
        requeue(app, shop, reason.map(Reason::code).unwrap_or_default(), wanted).await?
    })
}

/// Whether a person means this parcel: by its TikTok order, the store's order id or name, its number or its shipment.
pub(super) fn is_of(parcel: &Parcel, x: &str) -> bool {
    let x = x.trim();
    let name = parcel.order_name.as_deref();
    // People leave out the sign before Shopify's order numbers.
    let named = name == Some(x) || name.and_then(|name| name.strip_prefix('#')).is_some_and(|name| name == x);
    named
        || parcel.order.as_str() == x
        || parcel.tiktok_order().is_some_and(|id| id.as_str() == x)
        || parcel.sources.iter().any(|source| source.shipment.as_str() == x)
        || is_number(parcel, x)
}

fn is_number(parcel: &Parcel, x: &str) -> bool {
    let Ok(wanted) = TrackingNumber::parse(x) else { return false };
    let ours = parcel.number.as_ref().is_some_and(|number| number.key() == wanted.key());
    ours || parcel.sent.as_ref().is_some_and(|sent| sent.number == wanted.key())
}
