//! `waybill held`: what needs a hand, those that wait longest first, each with the command that settles it.

use super::{Failure, Output, all_stores, shops_named};
use crate::output::{Row, local, plural, shell};
use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeMap;
use waybill::app::App;
use waybill::carriers::{Candidate, Provider};
use waybill::domain::connection::Shop;
use waybill::domain::ids::TikTokOrderId;
use waybill::domain::order_row::{Rules, state_word};
use waybill::domain::parcel::Parcel;
use waybill::domain::reason::{Auto, Reason};
use waybill::domain::tracking::TrackingNumber;
use waybill::flows::carriers::match_parcel::folded;
use waybill::flows::carriers::unmatched::{Suggestion, asks_for_a_name, suggestions};
use waybill::flows::views::attention::{self, Attention, Held, detail};
use waybill::flows::views::warning::Warning;
use waybill::table::orders::Known;

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

/// One parcel or order that needs a hand.
#[derive(Serialize)]
pub(super) struct HeldRow {
    order: String,
    store_order: Option<String>,
    tiktok_order: Option<String>,
    number: Option<String>,
    carrier: Option<String>,
    shop: String,
    state: String,
    reason: &'static str,
    sentence: &'static str,
    remedy: &'static str,
    command: String,
    who: &'static str,
    since: Timestamp,
    due: Option<Timestamp>,
    clock: Option<&'static str>,
    detail: Option<String>,
    store: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<Candidate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<String>,
}

impl HeldRow {
    fn of(held: &Held, open: Option<&Suggestion>) -> Self {
        let Held { parcel, reason, since } = held;
        let candidates = open.map(|open| open.candidates.clone()).unwrap_or_default();
        Self {
            order: name_of(parcel).to_owned(),
            store_order: Some(parcel.order.to_string()),
            tiktok_order: parcel.tiktok_order().map(TikTokOrderId::to_string),
            number: parcel.number.as_ref().map(|number| number.as_str().to_owned()),
            carrier: parcel.carrier.clone(),
            shop: parcel.shop.to_string(),
            state: parcel.state.to_string(),
            reason: reason.code(),
            sentence: reason.sentence(),
            remedy: reason.remedy(),
            command: command_for(parcel, *reason, candidates.first().map(|best| best.name.as_str())),
            who: reason.who().as_str(),
            since: *since,
            due: None,
            clock: None,
            detail: detail(parcel),
            store: Some(parcel.store.to_string()),
            list: open.map(|open| open.list.clone()),
            candidates,
        }
    }
}

impl HeldRow {
    /// An order that stands on the list by itself. `None`: it does not any more.
    fn of_order(known: &Known, shop: &Shop) -> Option<Self> {
        let row = &known.row;
        let entry = row.attention.as_ref()?;
        let clock = row.shown_clock(&Rules::of(shop));
        let number = match entry.reason {
            // Its detail is the other order's number; a late order has none.
            Reason::SiblingOpen | Reason::Late => None,
            _ => Some(entry.detail.clone()).filter(|number| !number.is_empty()),
        };
        let cancelled = || row.facts.cancelled.as_ref().and_then(|(_, how)| how.by.as_ref());
        let detail = match entry.reason {
            Reason::SiblingOpen => {
                let sibling = row.sibling.as_ref().map(ToString::to_string).unwrap_or_default();
                Some(format!("order {sibling} has number {}", entry.detail))
            }
            Reason::CancelledAfterDispatch => cancelled().map(|by| format!("cancelled by {}", by.shown_as())),
            _ => clock.map(|clock| format!("{} {} ({})", clock.clock.word(), clock.due, clock.source)),
        };
        Some(Self {
            order: row.order.to_string(),
            store_order: known.stores.first().map(|(_, order)| order.to_string()),
            tiktok_order: Some(row.order.to_string()),
            number,
            carrier: None,
            shop: row.shop.to_string(),
            state: state_word(&row.facts.state).to_owned(),
            reason: entry.reason.code(),
            sentence: entry.reason.sentence(),
            remedy: entry.reason.remedy(),
            command: format!("waybill order {}", shell(row.order.as_str())),
            who: entry.reason.who().as_str(),
            since: entry.since,
            due: clock.map(|clock| clock.due),
            clock: clock.map(|clock| clock.clock.word()),
            detail,
            store: known.stores.first().map(|(store, _)| store.to_string()),
            candidates: Vec::new(),
            list: None,
        })
    }

    /// What TikTok warned about, the carrier that it names as a ready command, and how long that can be done.
    fn with_warning(self, parcel: &Parcel, carriers: &[Provider], now: Timestamp) -> Self {
        let Some(warning) = Warning::of(parcel, carriers, now) else { return self };
        let x = handle(parcel);
        let command = match (&warning.carrier, warning.edits) {
            (_, 0) => command("dismiss", &x, "--note TEXT"),
            (Some(carrier), _) => command("correct", &x, &format!("--carrier {}", shell(carrier))),
            (None, _) => self.command,
        };
        Self { detail: Some(warning.shown_as()), remedy: warning.remedy, command, ..self }
    }

    /// The nearest deadline of the order a parcel belongs to.
    async fn with_clock(self, app: &App, shop: &Shop) -> Result<Self, Failure> {
        let Some(order) = self.tiktok_order.as_deref().and_then(|id| TikTokOrderId::parse(id).ok()) else {
            return Ok(self);
        };
        let row = app.table.tiktok_order(&shop.id, &order, false).await?;
        let clock = row.filter(|row| row.account == shop.account).and_then(|row| row.shown_clock(&Rules::of(shop)));
        Ok(Self { due: clock.map(|clock| clock.due), clock: clock.map(|clock| clock.clock.word()), ..self })
    }

    /// The most urgent deadline first; without one by age, behind those that have one.
    fn urgency(&self) -> (bool, Option<Timestamp>, Timestamp) {
        (self.due.is_none(), self.due, self.since)
    }
}

/// What people call the order of a parcel.
pub(super) fn name_of(parcel: &Parcel) -> &str {
    parcel.order_name.as_deref().unwrap_or(parcel.order.as_str())
}

/// What finds a parcel again: its number, else its order.
pub(super) fn handle(parcel: &Parcel) -> String {
    shell(parcel.number.as_ref().map_or_else(|| name_of(parcel), TrackingNumber::as_str))
}

/// The command that settles a hold, whole, as a shell takes it. Every command here exists: a test asks the grammar.
pub(super) fn command_for(parcel: &Parcel, reason: Reason, best: Option<&str>) -> String {
    let (x, shop) = (handle(parcel), shell(parcel.shop.as_str()));
    match reason {
        Reason::CarrierMissing | Reason::CarrierUnmapped | Reason::CarrierNotApproved => {
            match best {
                Some(best) => map_command(parcel.carrier.as_deref().unwrap_or_default(), best, &shop),
                // Nothing to suggest: the shop's list shows what there is to choose from.
                None => format!("waybill carriers --shop {shop}"),
            }
        }
        Reason::CarrierFormatMismatch | Reason::TrackingInvalid => command("confirm", &x, ""),
        Reason::OrderNotFound | Reason::OrderAmbiguous => {
            command("link", &format!("{} TIKTOK_ORDER", shell(parcel.order.as_str())), "")
        }
        Reason::LinesUnmatched => command("choose", &format!("{x} LINE"), ""),
        Reason::TrackingDuplicate | Reason::AcceptedWithWarning => command("correct", &x, "--number NUMBER"),
        Reason::AuthExpired | Reason::AuthRevoked | Reason::ScopeMissing | Reason::ShopGone => {
            "waybill shop list".to_owned()
        }
        Reason::TrackingMissing => format!("waybill poll {}", shell(parcel.store.as_str())),
        // Nothing of ours can change it: a person settles it at TikTok or in the store, and then closes it here.
        _ if matches!(reason.auto(), Auto::No | Auto::OnReMatch | Auto::OnDecision) => {
            command("dismiss", &x, "--note TEXT")
        }
        _ => command("retry", &x, ""),
    }
}

/// The command that says what a store's words mean for a shop.
pub(super) fn map_command(words: &str, carrier: &str, shop: &str) -> String {
    let (words, carrier) = (shell(words), shell(carrier));
    if words.starts_with("'-") || carrier.starts_with("'-") {
        return format!("waybill map set --shop {shop} -- {words} {carrier}");
    }
    format!("waybill map set {words} {carrier} --shop {shop}")
}

/// A command line whose names may begin with a dash.
fn command(verb: &str, names: &str, options: &str) -> String {
    let dashed = names.starts_with("'-") || names.contains(" '-");
    match (options, dashed) {
        ("", false) => format!("waybill {verb} {names}"),
        ("", true) => format!("waybill {verb} -- {names}"),
        (options, false) => format!("waybill {verb} {names} {options}"),
        (options, true) => format!("waybill {verb} {options} -- {names}"),
    }
}

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
    let mut lists: Vec<(Shop, Attention)> = Vec::new();
    for shop in shops {
        let all = Attention::of(app, &shop.id).await?;
        lists.push((shop, all.only(|entry| reason.is_none_or(|reason| entry.reason == reason))));
    }
    let mut lost = if args.shop.is_none() { without_shop(app).await? } else { Vec::new() };
    lost.retain(|held| reason.is_none_or(|reason| held.reason == reason));
    let total: usize = lists.iter().map(|(_, list)| list.entries().len()).sum::<usize>() + lost.len();
    if args.count {
        return count(&lists, &lost, total, output);
    }
    if total == 0 && !output.is_json() {
        output.say("Nothing waits for a hand.")?;
        return Ok(false);
    }
    let by_deadline = total <= SORTED;
    let most = if output.is_json() || by_deadline { usize::MAX } else { MOST };
    let mut rows = Vec::new();
    for (shop, list) in &lists {
        rows.extend(rows_of(app, shop, list, most, by_deadline).await?);
    }
    rows.extend(lost.iter().map(|held| HeldRow::of(held, None)));
    if by_deadline {
        rows.sort_by_key(HeldRow::urgency);
    } else {
        rows.sort_by_key(|row| row.since);
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

/// What waits for no shop of its store's account: nobody has the order, or the shop is gone.
async fn without_shop(app: &App) -> Result<Vec<Held>, Failure> {
    let mut rows = Vec::new();
    for store in all_stores(app).await? {
        rows.extend(Attention::of_store(app, &store.id).await?.rows(app, usize::MAX).await?);
        rows.extend(attention::without_shop(app, &store).await?);
    }
    Ok(rows)
}

async fn rows_of(app: &App, shop: &Shop, list: &Attention, most: usize, clocks: bool) -> Result<Vec<HeldRow>, Failure> {
    let held = list.rows(app, most).await?;
    let open =
        if held.iter().any(|held| asks_for_a_name(held.reason)) { suggestions(app, shop).await? } else { Vec::new() };
    let by_name: BTreeMap<String, &Suggestion> = open.iter().map(|one| (folded(&one.store_carrier), one)).collect();
    let row = |held: &Held| {
        let name = folded(held.parcel.carrier.as_deref().unwrap_or_default());
        HeldRow::of(held, by_name.get(&name).copied().filter(|_| asks_for_a_name(held.reason)))
    };
    let warned = held.iter().any(|held| held.reason == Reason::AcceptedWithWarning);
    let carriers = if warned { app.table.providers_latest(&shop.id).await?.map(|list| list.providers) } else { None };
    let carriers: Vec<Provider> =
        carriers.unwrap_or_default().into_iter().map(|p| Provider { id: p.id, name: p.name }).collect();
    let mut rows = Vec::new();
    for row in held.iter().map(|held| row(held).with_warning(&held.parcel, &carriers, app.clock.now())) {
        rows.push(if clocks { row.with_clock(app, shop).await? } else { row });
    }
    rows.extend(list.orders(app, shop, most).await?.iter().filter_map(|known| HeldRow::of_order(known, shop)));
    Ok(rows)
}

fn say(row: &HeldRow, output: &mut Output) -> Result<(), Failure> {
    let (number, carrier) =
        (row.number.as_deref().unwrap_or("no number"), row.carrier.as_deref().unwrap_or("no carrier"));
    let since = local(row.since, output.zone());
    output.say(format_args!("{}  {number}  {carrier}  since {since}", row.order))?;
    output.say(format_args!("    {} {} ({})", row.sentence, row.remedy, row.reason))?;
    if let Some(detail) = &row.detail {
        output.say(format_args!("    {detail}"))?;
    }
    for candidate in &row.candidates {
        output.say(format_args!("    perhaps {}: {}", candidate.name, candidate.why))?;
    }
    output.say(format_args!("    {}", row.command))
}

fn count(lists: &[(Shop, Attention)], lost: &[Held], total: usize, output: &mut Output) -> Result<bool, Failure> {
    let mut rows = Vec::new();
    for (shop, list) in lists {
        let counts = list.counts();
        for (reason, count) in &counts.reasons {
            let mine = list.entries().iter().filter(|entry| entry.reason == *reason);
            rows.push(CountRow {
                shop: shop.id.to_string(),
                reason: reason.code(),
                count: *count,
                sentence: reason.sentence(),
                oldest: mine.map(|entry| entry.since).min(),
            });
        }
    }
    let mut by_shop: BTreeMap<(String, Reason), Vec<Timestamp>> = BTreeMap::new();
    for held in lost {
        by_shop.entry((held.parcel.shop.to_string(), held.reason)).or_default().push(held.since);
    }
    for ((shop, reason), since) in by_shop {
        let oldest = since.iter().min().copied();
        rows.push(CountRow { shop, reason: reason.code(), count: since.len(), sentence: reason.sentence(), oldest });
    }
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
    use waybill::domain::ids::{ShopId, StoreId, StoreOrderId};
    use waybill::domain::parcel::ParcelState;

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
