//! `waybill held`: what needs a hand, most urgent deadline first (above 5,000 by age), each with the command that settles it.

use super::{Failure, Output, all_stores, shops_named};
use crate::output::{Row, local, plural};
use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use waybill::app::App;
use waybill::domain::reason::Reason;
use waybill::flows::views::held::{Group, HeldRow, Lists};

/// Which held parcels.
#[derive(Clone, Debug, Default, Args)]
pub struct HeldArgs {
    /// Only of this shop.
    #[arg(long, value_name = "ID")]
    pub shop: Option<String>,
    /// Only held for this reason, for example CARRIER_UNMAPPED.
    #[arg(long, value_name = "CODE")]
    pub reason: Option<String>,
    /// Only how many, by shop and reason.
    #[arg(long)]
    pub count: bool,
}

/// Most rows that a person is shown at once; scripts get all of them.
const MOST: usize = 50;
/// Longer lists are sorted by age: each deadline is a read.
const SORTED: usize = 5000;

#[derive(Serialize)]
struct CountRow {
    shop: String,
    reason: &'static str,
    count: usize,
    sentence: &'static str,
    oldest: Option<Timestamp>,
}

impl Row for CountRow {
    const HEAD: &'static [&'static str] = &["shop", "count", "reason", "what"];
    fn cells(&self, _: &TimeZone) -> Vec<String> {
        vec![self.shop.clone(), self.count.to_string(), self.reason.to_owned(), self.sentence.to_owned()]
    }
}

/// Shows what needs a hand. True when something does.
///
/// # Errors
/// No such shop (1), no such reason (2), or the table.
pub async fn run(app: &App, args: &HeldArgs, output: &mut Output) -> Result<bool, Failure> {
    let reason = args.reason.as_deref().map(known_reason).transpose()?;
    let shops = shops_named(app, args.shop.as_deref()).await?;
    // What waits for no shop of its store's account: nobody has the order, or the shop is gone.
    let stores = if args.shop.is_none() { all_stores(app).await? } else { Vec::new() };
    let lists = Lists::of(app, shops, &stores, reason).await?;
    let total = lists.total();
    if args.count {
        return count(app, &lists, total, output).await;
    }
    if total == 0 && !output.is_json() {
        output.say("Nothing waits for a hand.")?;
        return Ok(false);
    }
    let by_deadline = total <= SORTED;
    let most = if output.is_json() || by_deadline { usize::MAX } else { MOST };
    let mut rows = lists.oldest(app, most, by_deadline).await?;
    if by_deadline {
        rows.sort_by_key(HeldRow::urgency);
    }
    if output.is_json() {
        for row in &rows {
            output.line(row)?;
        }
        return Ok(!rows.is_empty());
    }
    rows.truncate(MOST);
    for row in &rows {
        say(row, output)?;
    }
    if rows.len() < total {
        output.say(format_args!(
            "{} of {total}, {}. How many of which: waybill held --count",
            rows.len(),
            if by_deadline { "the most urgent deadline first" } else { "those that wait longest first" }
        ))?;
    } else {
        output.say(plural(total, "entry needs a hand.", "entries need a hand."))?;
    }
    Ok(true)
}

fn say(row: &HeldRow, output: &mut Output) -> Result<(), Failure> {
    let (number, carrier) =
        (row.number.as_deref().unwrap_or("no number"), row.carrier.as_deref().unwrap_or("no carrier"));
    let since = local(row.since, output.zone());
    output.say(format_args!("{}  {number}  {carrier}  since {since}", row.order))?;
    output.say(format_args!("    {} {} ({})", row.sentence, row.remedy, row.reason))?;
    let clock = row.deadline.as_ref().filter(|deadline| {
        // Scripts read the clock as it is stored; people read it as they write it.
        row.detail.as_ref().is_some_and(|detail| detail.starts_with(deadline.clock.word()))
    });
    if let Some(clock) = clock {
        let by = local(clock.due, output.zone());
        output.say(format_args!("    {} by {by} ({})", clock.clock.shown_as(), clock.source))?;
    } else if let Some(detail) = &row.detail {
        output.say(format_args!("    {detail}"))?;
    }
    for candidate in &row.candidates {
        output.say(format_args!("    perhaps {}: {}", candidate.name, candidate.why))?;
    }
    output.say(format_args!("    {}", row.command))
}

async fn count(app: &App, lists: &Lists, total: usize, output: &mut Output) -> Result<bool, Failure> {
    let row = |group: Group| CountRow {
        shop: group.shop,
        reason: group.reason.code(),
        count: group.count,
        sentence: group.reason.sentence(),
        oldest: Some(group.oldest),
    };
    let rows: Vec<CountRow> = lists.groups(app).await?.into_iter().map(row).collect();
    output.rows(&rows, "Nothing waits for a hand.")?;
    if total > 0 {
        output.say(format_args!("{total} in all"))?;
    }
    Ok(total > 0)
}

/// A reason by its code.
///
/// # Errors
/// Wrong use.
pub(super) fn known_reason(code: &str) -> Result<Reason, Failure> {
    Reason::parse(&code.trim().to_uppercase()).ok_or_else(|| {
        Failure::usage(format!("{code} is no reason"), "waybill held --count shows the codes that hold something.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::understands;
    use waybill::domain::ids::{ShopId, StoreId, StoreOrderId, TikTokOrderId};
    use waybill::domain::parcel::{Parcel, ParcelState};
    use waybill::domain::tracking::TrackingNumber;
    use waybill::flows::views::command::{command_for, command_for_order};

    fn parcel(order: &str, number: Option<&str>, carrier: Option<&str>) -> Parcel {
        let (store, id) = (StoreId::parse("s1").expect("id"), StoreOrderId::parse(order).expect("id"));
        let shop = ShopId::parse("7494049642642441621").expect("id");
        Parcel {
            order_name: Some(order.to_owned()),
            number: number.map(|number| TrackingNumber::parse(number).expect("a number")),
            carrier: carrier.map(str::to_owned),
            link: waybill::domain::fulfilment::OrderLink::NotFound,
            state: ParcelState::Queued,
            listed: true,
            ..Parcel::new(store, id, shop, Timestamp::UNIX_EPOCH)
        }
    }

    #[test]
    fn every_reason_ends_in_a_command_that_exists_however_its_names_are_written() {
        let rows = [
            parcel("1042", Some("1Z999AA10123456784"), Some("Our van, mornings")),
            parcel("#10'42", None, None),
            parcel("--all", None, Some("--help")),
        ];
        for reason in Reason::ALL {
            let command = command_for_order(&TikTokOrderId::parse("576000000000000001").expect("id"), *reason);
            assert!(understands(&command), "{reason}: {command}");
            for row in &rows {
                for best in [Some("Better Trucks"), Some("it's us"), None] {
                    let command = command_for(row, *reason, best);
                    assert!(command.starts_with("waybill "), "{command}");
                    assert!(understands(&command), "{reason}: {command}");
                }
            }
        }
    }

    #[test]
    fn a_reason_is_known_by_its_code_and_nothing_else() {
        assert_eq!(known_reason("carrier_unmapped").expect("known"), Reason::CarrierUnmapped);
        assert_eq!(known_reason("CARRIER").expect_err("unknown").status(), 2);
    }
}
