//! Everything that needs a hand, in all shops and stores of an account: nearest deadline first, each row with the act
//! that settles it; the same rows as a file.

use super::acts_forms::{Forms, address, carrier_names, held_words, left, store_address};
use super::list::Near;
use crate::answer;
use crate::visit::{Member, Visit};
use jiff::Timestamp;
use lambda_http::{Body, Response};
use minijinja::context;
use serde::Serialize;
use std::collections::BTreeMap;
use waybill::domain::connection::{Shop, StoreConnection};
use waybill::domain::deadline::Clock;
use waybill::domain::reason::Reason;
use waybill::flows::orders::board;
use waybill::flows::views::held::{About, Filter, HeldRow, Lists, Part, Sorted};
use waybill::flows::views::standing::ShopStanding;
use waybill::mail::zone;
use waybill::table::error::TableError;
use waybill::web::form::path_part;

/// Rows on a page.
const PAGE: usize = 8;
/// Rows of a file; a longer list has several.
const FILE: usize = 10_000;
/// Longer lists stand by age: each deadline is two reads.
const SORTED: Sorted = Sorted { by_deadline: 500, filtered: 10_000 };

/// The filters of an address.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Wanted {
    shop: String,
    reason: String,
    carrier: String,
    clock: String,
}

impl Wanted {
    /// Of a query or a form.
    pub(super) fn of(fields: &waybill::web::form::Fields) -> Self {
        let field = |name: &str| fields.get(name).unwrap_or_default().trim().chars().take(200).collect::<String>();
        Self {
            shop: field("shop"),
            reason: field("reason").to_uppercase(),
            carrier: field("carrier"),
            clock: field("clock").to_uppercase(),
        }
    }

    pub(super) fn is_set(&self) -> bool {
        self.pairs().next().is_some()
    }

    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all: [(&str, &str); 4] =
            [("shop", &self.shop), ("reason", &self.reason), ("carrier", &self.carrier), ("clock", &self.clock)];
        all.into_iter().filter(|(_, value)| !value.is_empty())
    }

    /// The address of this list.
    pub(super) fn address(&self, page: &str, after: Option<&str>) -> String {
        let pairs = self.pairs().chain(after.map(|after| ("after", after)));
        let query: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", path_part(value))).collect();
        if query.is_empty() { page.to_owned() } else { format!("{page}?{}", query.join("&")) }
    }

    /// What rows must be; `None`: nothing can be so.
    fn filter(&self) -> Option<Filter> {
        let reason = (!self.reason.is_empty()).then(|| Reason::parse(&self.reason));
        let clock = (!self.clock.is_empty()).then(|| Clock::parse(&self.clock));
        Some(Filter {
            reason: reason.map_or(Some(None), |reason| reason.map(Some))?,
            clock: clock.map_or(Some(None), |clock| clock.map(Some))?,
            carrier: Some(self.carrier.clone()).filter(|carrier| !carrier.is_empty()),
        })
    }
}

/// What of an account's lists is wanted.
pub(super) struct Found {
    pub(super) lists: Lists,
    pub(super) filter: Filter,
    /// All shops of the account.
    pub(super) shops: Vec<Shop>,
}

/// The stores of the member's account.
async fn stores(visit: &Visit<'_>, member: &Member) -> Result<Vec<StoreConnection>, TableError> {
    let mut stores = Vec::new();
    for id in visit.app.table.account_stores(&member.account).await? {
        let store = visit.app.table.store_get(&id, false).await?.map(|store| store.row);
        stores.extend(store.filter(|store| store.account == member.account));
    }
    Ok(stores)
}

/// Reads the lists. A filter that nothing can fit finds nothing; `None`: it names a shop that is not the member's.
pub(super) async fn found(visit: &Visit<'_>, member: &Member, wanted: &Wanted) -> Result<Option<Found>, TableError> {
    let shops = super::shops::shops(visit, member).await?;
    let (mut chosen, mut without) = (shops.clone(), Vec::new());
    let filter = wanted.filter();
    if wanted.shop.is_empty() {
        without = stores(visit, member).await?;
    } else {
        chosen.retain(|shop| shop.id.as_str() == wanted.shop);
        if chosen.is_empty() {
            return Ok(None);
        }
    }
    let Some(filter) = filter else {
        return Ok(Some(Found { lists: Lists::default(), filter: Filter::default(), shops }));
    };
    let lists = Lists::of(visit.app, chosen, &without, filter.reason).await?;
    Ok(Some(Found { lists, filter, shops }))
}

/// A row as a page shows it.
#[derive(Debug, Serialize)]
struct RowView {
    link: String,
    order: String,
    tiktok: Option<String>,
    number: Option<String>,
    carrier: Option<String>,
    shop: String,
    detail: Option<String>,
    clock: Option<&'static str>,
    left: Option<String>,
    due: Option<String>,
    near: Near,
    since: String,
    forms: Forms,
}

/// Rows of one reason, in the order of the page.
#[derive(Debug, Serialize)]
struct GroupView {
    reason: &'static str,
    sentence: &'static str,
    remedy: &'static str,
    count: usize,
    link: String,
    rows: Vec<RowView>,
}

#[derive(Debug, Serialize)]
struct ReasonView {
    reason: &'static str,
    sentence: &'static str,
    count: usize,
    link: String,
    here: bool,
}

#[derive(Debug, Serialize)]
struct CarrierList {
    id: String,
    names: Vec<String>,
}

/// A shop for which nothing is sent now: its numbers stand on no list, and all the same somebody is asked to act.
#[derive(Debug, Serialize)]
struct StoppedView {
    id: String,
    name: String,
    said: String,
}

async fn stopped(visit: &Visit<'_>, shops: &[Shop]) -> Result<Vec<StoppedView>, TableError> {
    let mut views = Vec::new();
    for shop in shops {
        let waiting = match ShopStanding::of(shop, visit.app.config.reauth_days, visit.app.clock.now()) {
            ShopStanding::Connected { .. } | ShopStanding::Resting { reason: None, .. } => continue,
            _ => visit.app.table.push_waiting(&shop.id, Timestamp::MAX).await?,
        };
        let state = match shop.parked {
            Some(_) => "is disconnected from TikTok until somebody reconnects it",
            None if !shop.settings.sync => "is paused",
            None => "is refused by TikTok for now",
        };
        let said = format!("{state}; {waiting} {}", if waiting == 1 { "number waits" } else { "numbers wait" });
        views.push(StoppedView { id: shop.id.to_string(), name: shop.name.clone(), said });
    }
    Ok(views)
}

/// `GET /attention`.
pub(super) async fn page(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let wanted = Wanted::of(&visit.query);
    let here = wanted.address("/attention", visit.query.get("after"));
    let Some(found) = found(visit, member, &wanted).await? else { return Ok(answer::missing(visit.app)) };
    let part = found.lists.part(visit.app, &found.filter, visit.query.get("after"), PAGE, SORTED).await?;
    let (groups, carriers) = views(visit, &found.shops, &wanted, &part, &here).await?;
    let reasons: Vec<ReasonView> = reasons(&wanted, &part);
    let clocks: Vec<(&str, &str)> = Clock::ALL.iter().map(|clock| (clock.word(), clock.shown_as())).collect();
    let shops: Vec<(String, &str)> = found.shops.iter().map(|shop| (shop.id.to_string(), shop.name.as_str())).collect();

    let stopped = if part.total == 0 { stopped(visit, &found.shops).await? } else { Vec::new() };
    let (said, next) = (visit.said(), part.next.as_deref().map(|next| wanted.address("/attention", Some(next))));
    let values = context! {
        groups, reasons, carriers, shops, clocks, said, next, wanted, stopped, total => part.total,
        start => wanted.address("/attention", None),
        by_deadline => part.by_deadline, looked => part.looked, filtered => wanted.is_set(),
        first => visit.query.get("after").is_none(), csv => wanted.address("/attention.csv", None),
        csv_rest => part.total > FILE, ..member.frame("attention")
    };
    Ok(visit.heard(answer::page(visit.app, 200, "attention.html", values)))
}

fn reasons(wanted: &Wanted, part: &Part) -> Vec<ReasonView> {
    let view = |(reason, count): (&Reason, &usize)| ReasonView {
        reason: reason.code(),
        sentence: reason.sentence(),
        count: *count,
        link: Wanted { reason: reason.code().to_owned(), ..wanted.clone() }.address("/attention", None),
        here: wanted.reason == reason.code(),
    };
    let mut views: Vec<ReasonView> = part.counts.iter().map(view).collect();
    views.sort_by_key(|view| std::cmp::Reverse(view.count));
    views
}

/// Rows under their reasons; a reason stands where its most urgent row does.
async fn views(
    visit: &Visit<'_>,
    shops: &[Shop],
    wanted: &Wanted,
    part: &Part,
    here: &str,
) -> Result<(Vec<GroupView>, Vec<CarrierList>), TableError> {
    let now = visit.app.clock.now();
    let mut groups: Vec<GroupView> = Vec::new();
    let mut carriers: BTreeMap<String, CarrierList> = BTreeMap::new();
    for row in &part.rows {
        let shop = shops.iter().find(|shop| shop.id.as_str() == row.shop);
        let mut forms = match &row.about {
            About::Parcel(parcel) => {
                // To choose items, its order's open ones are shown.
                let order = parcel.tiktok_order().filter(|_| row.reason == Reason::LinesUnmatched.code());
                let known = match (order, shop) {
                    (Some(order), Some(shop)) => board::known(visit.app, shop, order).await?,
                    _ => None,
                };
                Forms::of_parcel(parcel, Reason::parse(row.reason), known.as_ref(), here, now)
            }
            About::Order(known) => Forms::of_order(known, Reason::parse(row.reason).unwrap_or(Reason::Late), here),
        };
        forms = forms.short();
        if forms.asks_for_carriers()
            && let Some(shop) = shop
        {
            if !carriers.contains_key(&row.shop) {
                carriers.insert(row.shop.clone(), carrier_list(visit, shop).await?);
            }
            let list = carriers.get(&row.shop).filter(|list| !list.names.is_empty()).map(|list| list.id.clone());
            forms = forms.with_carriers(list, row.candidates.first().map(|best| best.name.clone()));
        }
        let view = view(row, shop, forms, now);
        match groups.iter_mut().find(|group| group.reason == row.reason) {
            Some(group) => group.rows.push(view),
            None => groups.push(GroupView {
                reason: row.reason,
                sentence: row.sentence,
                remedy: row.remedy,
                count: Reason::parse(row.reason).and_then(|reason| part.counts.get(&reason).copied()).unwrap_or(1),
                link: Wanted { reason: row.reason.to_owned(), ..wanted.clone() }.address("/attention", None),
                rows: vec![view],
            }),
        }
    }
    Ok((groups, carriers.into_values().collect()))
}

async fn carrier_list(visit: &Visit<'_>, shop: &Shop) -> Result<CarrierList, TableError> {
    Ok(CarrierList { id: format!("carriers-{}", shop.id), names: carrier_names(visit, shop).await? })
}

fn view(row: &HeldRow, shop: Option<&Shop>, forms: Forms, now: Timestamp) -> RowView {
    let zone = shop.map_or(jiff::tz::TimeZone::UTC, zone::of);
    let link = match (&row.tiktok_order, &row.store, &row.store_order) {
        // Its order was read, so it is found by its id.
        (Some(order), ..) if row.due.is_some() => address(order),
        (_, Some(store), Some(order)) => store_address(store, order),
        _ => address(row.tiktok_order.as_deref().unwrap_or(&row.order)),
    };
    let clock = row.clock.and_then(Clock::parse);
    RowView {
        link,
        order: row.order.clone(),
        tiktok: row.tiktok_order.clone().filter(|id| *id != row.order),
        number: row.number.clone(),
        carrier: row.carrier.clone(),
        shop: shop.map_or_else(|| row.shop.clone(), |shop| shop.name.clone()),
        // Of most orders it is the clock, which stands beside it.
        detail: held_here(row, &zone)
            .or_else(|| row.detail.clone().filter(|detail| row.clock.is_none_or(|clock| !detail.starts_with(clock)))),
        clock: clock.map(Clock::shown_as),
        left: row.due.map(|due| left(due, now)),
        due: row.due.map(|due| zone::moment(due, &zone)),
        near: row.deadline.as_ref().map(|deadline| Near::of(deadline.urgency(now))).unwrap_or_default(),
        since: zone::moment(row.since, &zone),
        forms,
    }
}

/// Who holds it here, in the shop's time.
fn held_here(row: &HeldRow, zone: &jiff::tz::TimeZone) -> Option<String> {
    match &row.about {
        About::Parcel(parcel) => held_words(parcel, zone),
        About::Order(_) => None,
    }
}

/// The columns of the file: those of `waybill held`.
const HEAD: [&str; 17] = [
    "order",
    "store_order",
    "tiktok_order",
    "number",
    "carrier",
    "shop",
    "state",
    "reason",
    "sentence",
    "remedy",
    "command",
    "who",
    "since",
    "due",
    "clock",
    "detail",
    "store",
];

/// `GET /attention.csv`: the same rows in the same order.
pub(super) async fn file(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let wanted = Wanted::of(&visit.query);
    let Some(found) = found(visit, member, &wanted).await? else { return Ok(answer::missing(visit.app)) };
    let part = found.lists.part(visit.app, &found.filter, visit.query.get("after"), FILE, SORTED).await?;
    let cells = |row: HeldRow| {
        let text = |text: Option<String>| text.unwrap_or_default();
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        vec![
            row.order,
            text(row.store_order),
            text(row.tiktok_order),
            text(row.number),
            text(row.carrier),
            row.shop,
            row.state,
            row.reason.to_owned(),
            row.sentence.to_owned(),
            row.remedy.to_owned(),
            row.command,
            row.who.to_owned(),
            row.since.to_string(),
            time(row.due),
            row.clock.unwrap_or_default().to_owned(),
            text(row.detail),
            text(row.store),
        ]
    };
    let next = part.next.as_deref().map(|next| wanted.address("/attention.csv", Some(next)));
    let file = answer::csv("attention", &HEAD, part.rows.into_iter().map(cells));
    Ok(answer::with_next(file, next.as_deref()))
}
