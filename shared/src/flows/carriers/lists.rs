//! A shop's shipping providers as TikTok lists them: read once a day and on demand. A carrier that leaves the list is
//! told before a parcel runs into it. What is sent to TikTok takes its id from such a list only.

pub use super::lost::{LostMapping, list_words, lost_mappings};
use crate::app::App;
use crate::carriers::{ListChange, list_changes};
use crate::domain::connection::Shop;
use crate::domain::ids::{DeliveryOptionId, ProviderId, WarehouseId};
use crate::domain::order::TikTokOrder;
use crate::domain::reason::Reason;
use crate::flows::calls::{Budget, ShopCalls, Trouble};
use crate::flows::carriers::map::{CARRIER_REASONS, requeue};
use crate::flows::carriers::match_parcel::entries;
use crate::flows::carriers::route::{Route, learns_route, read_route, route, route_key};
use crate::table::error::TableError;
use crate::table::maps::{GoneProvider, PROVIDERS_FRESH, ProviderList, ProviderRow};
use crate::telemetry::{Metric, emit_metrics, metric};
use crate::tiktok::TikTokError;
use crate::tiktok::logistics::ShippingProvider;
use jiff::{SignedDuration, Timestamp};

/// The kind of delivery option that marks Seller Shipping.
pub(in crate::flows) const SELLER_SHIPPING: &str = "SEND_BY_SELLER";
/// A carrier that left a list is shown this long.
const SHOWN_GONE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// An unchanged list of a shop without open orders is written again after this long.
const UNCHANGED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Lists read in one refresh: a shop has a handful of options and routes.
const MOST_LISTS: usize = 20;
/// Metrics of readings that a push needs, and of all others.
const PUSH: &str = "tracking-push";
const REMINDER: &str = "reauth-reminder";

/// What the table knows of the carriers of an order's delivery option, however old.
///
/// # Errors
/// [`TableError`].
pub async fn known_list(app: &App, shop: &Shop, order: &TikTokOrder) -> Result<Option<ProviderList>, TableError> {
    let Some(option) = &order.delivery_option else { return Ok(None) };
    app.table.providers_get(&shop.id, option.as_str(), &route_key(route(shop, order).as_ref())).await
}

/// Whether a list may still be used.
#[must_use]
pub fn is_fresh(app: &App, list: &ProviderList) -> bool {
    app.clock.now() < list.fetched + PROVIDERS_FRESH
}

/// The carriers of an order's delivery option, read from TikTok. `known` is what [`known_list`] said.
///
/// # Errors
/// [`ListError`].
pub async fn live_list(
    calls: &ShopCalls<'_>,
    shop: &Shop,
    order: &TikTokOrder,
    known: Option<&ProviderList>,
) -> Result<ProviderList, ListError> {
    let route = route(shop, order);
    if let Some(option) = &order.delivery_option {
        return read(calls, shop, option, route.as_ref(), known, (PUSH, Keeping::Always)).await.map(|(list, _)| list);
    }
    let option = seller_option(calls, order.warehouse.as_ref()).await?.ok_or(ListError::NoOption)?;
    let app = calls.app;
    let known = app.table.providers_get(&shop.id, option.as_str(), &route_key(route.as_ref())).await?;
    if let Some(list) = known.as_ref().filter(|list| is_fresh(app, list)) {
        return Ok(list.clone());
    }
    read(calls, shop, &option, route.as_ref(), known.as_ref(), (PUSH, Keeping::Always)).await.map(|(list, _)| list)
}

/// The key under which lists are shared within a run.
#[must_use]
pub fn list_key(shop: &Shop, order: &TikTokOrder) -> String {
    let option = order.delivery_option.as_ref().map_or("", DeliveryOptionId::as_str);
    let warehouse = order.warehouse.as_ref().map_or("", WarehouseId::as_str);
    format!("{option}/{warehouse}/{}", route_key(route(shop, order).as_ref()))
}

/// Reads one list from TikTok and stores it, with what is new and what is gone.
async fn read(
    calls: &ShopCalls<'_>,
    shop: &Shop,
    option: &DeliveryOptionId,
    route: Option<&Route>,
    before: Option<&ProviderList>,
    (function, keeping): (&str, Keeping),
) -> Result<(ProviderList, ListChange), ListError> {
    let app = calls.app;
    let fetched = calls.shipping_providers(option, route.map(|(from, to)| (from, to))).await?;
    if fetched.is_empty() && before.is_some_and(|before| !before.providers.is_empty()) {
        return Err(ListError::TikTok(TikTokError::empty_list()));
    }
    let (list, change) = follow(before, fetched, app.clock.now());
    if calls.only_looks() {
        return Ok((list, change));
    }
    if before.is_none_or(|before| keeping.writes(before, &list)) {
        app.table.providers_put(&shop.id, option.as_str(), &route_key(route), &list).await?;
    }
    warn(app, shop, &change, function);
    Ok((list, change))
}

/// Whether a list that was read is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeping {
    Always,
    WhenChanged,
}

impl Keeping {
    fn writes(self, before: &ProviderList, after: &ProviderList) -> bool {
        let same = before.providers == after.providers && before.gone == after.gone && before.grew == after.grew;
        self == Self::Always || !same || after.fetched.duration_since(before.fetched) >= UNCHANGED
    }
}

/// The list after a reading, and how it differs from the one before.
fn follow(before: Option<&ProviderList>, fetched: Vec<ShippingProvider>, now: Timestamp) -> (ProviderList, ListChange) {
    let providers: Vec<ProviderRow> = fetched.into_iter().map(|p| ProviderRow { id: p.id, name: p.name }).collect();
    let Some(before) = before else {
        return (ProviderList { providers, fetched: now, gone: Vec::new(), grew: None }, ListChange::default());
    };
    let change = list_changes(&entries(&before.providers), &entries(&providers));
    let back = |id: &ProviderId| providers.iter().any(|provider| provider.id == *id);
    let mut gone: Vec<GoneProvider> = before.gone.clone();
    gone.retain(|provider| !back(&provider.id) && provider.since + SHOWN_GONE > now);
    gone.extend(change.removed.iter().map(|p| GoneProvider { id: p.id.clone(), name: p.name.clone(), since: now }));
    let grows = !change.added.is_empty() || !change.renamed.is_empty();
    let grew = if grows { Some(now) } else { before.grew };
    (ProviderList { providers, fetched: now, gone, grew }, change)
}

fn warn(app: &App, shop: &Shop, change: &ListChange, function: &str) {
    if change.removed.is_empty() {
        return;
    }
    for provider in change.removed.iter().take(MOST_LISTS) {
        tracing::warn!(
            shop.id = %shop.id, provider.id = %provider.id, carrier.name = provider.name,
            reason = Reason::CarrierNotApproved.code(), "a carrier left this shop's list at TikTok"
        );
    }
    let gone = Metric::count(metric::CARRIERS_GONE, change.removed.len() as u64);
    emit_metrics(&app.metrics, function, app.clock.now(), &[gone]);
}

/// An order that names no option: the seller's own option of its warehouse.
async fn seller_option(
    calls: &ShopCalls<'_>,
    warehouse: Option<&WarehouseId>,
) -> Result<Option<DeliveryOptionId>, ListError> {
    let warehouse = match warehouse {
        Some(warehouse) => warehouse.clone(),
        None => {
            let all = calls.warehouses().await?;
            let Some(usual) = all.into_iter().filter(|w| w.sales && w.enabled).max_by_key(|w| w.default) else {
                return Ok(None);
            };
            usual.id
        }
    };
    let options = calls.delivery_options(&warehouse).await?;
    Ok(options.into_iter().find(|option| option.kind == SELLER_SHIPPING).map(|option| option.id))
}

/// The carrier list cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// TikTok.
    #[error(transparent)]
    TikTok(#[from] TikTokError),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Neither the order nor its warehouse names a Seller Shipping option.
    #[error("the shop has no Seller Shipping option for this order")]
    NoOption,
    /// No time is left, or the shop waits for its owner or rests.
    #[error("TikTok cannot be asked for this shop now: it waits for its owner, rests, or the time is up")]
    Stop,
}

impl From<Trouble> for ListError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Stop | Trouble::Parked => Self::Stop,
            Trouble::TikTok(error) => Self::TikTok(error),
        }
    }
}

/// A refresh that did not come through.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The shop is not connected any more.
    #[error("this shop is not connected")]
    Gone,
    /// TikTok, or the table.
    #[error(transparent)]
    List(#[from] ListError),
}

/// What a refresh found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// Lists read.
    pub lists: u64,
    /// What changed, over all lists.
    pub change: ListChange,
    /// Parcels queued again, because their carrier may be on the list now.
    pub queued: usize,
}

/// Reads every carrier list of a shop from TikTok, now. What waited for a carrier is queued again when a list grew.
///
/// # Errors
/// [`RefreshError`].
pub async fn refresh(app: &App, shop: &Shop) -> Result<Refreshed, RefreshError> {
    let found = app.table.shop_get(&shop.id, true).await.map_err(ListError::Table)?;
    let budget = Budget::short(&app.clock);
    let calls = ShopCalls::new(app, &budget, found.ok_or(RefreshError::Gone)?, None);
    Ok(refresh_with(&calls, shop, Keeping::Always).await?)
}

/// The daily reading, among other calls for the shop. A list is kilobytes: of a shop without open orders it is written when
/// it changed, and else once a month; its next parcel reads it anew.
///
/// # Errors
/// [`ListError`].
pub async fn refresh_daily(calls: &ShopCalls<'_>, shop: &Shop) -> Result<(), ListError> {
    let busy = calls.app.table.has_clocks(&shop.id).await?;
    refresh_with(calls, shop, if busy { Keeping::Always } else { Keeping::WhenChanged }).await.map(drop)
}

async fn refresh_with(calls: &ShopCalls<'_>, shop: &Shop, keeping: Keeping) -> Result<Refreshed, ListError> {
    match refresh_lists(calls, shop, keeping).await {
        Err(ListError::TikTok(error)) if learns_route(calls, shop, &error).await => {
            refresh_lists(calls, &calls.shop().await, keeping).await
        }
        other => other,
    }
}

async fn refresh_lists(calls: &ShopCalls<'_>, shop: &Shop, keeping: Keeping) -> Result<Refreshed, ListError> {
    let app = calls.app;
    let known = app.table.providers_all(&shop.id).await?;
    let by_route = shop.asks_by_route();
    let mut wanted: Vec<(DeliveryOptionId, Option<Route>)> = Vec::new();
    for warehouse in calls.warehouses().await?.into_iter().filter(|w| w.sales && w.enabled) {
        let Some(option) = seller_option(calls, Some(&warehouse.id)).await? else { continue };
        let home = warehouse.region.clone().unwrap_or_else(|| shop.region.clone());
        let home = by_route.then(|| (home, shop.region.clone()));
        let routes = known.iter().filter(|entry| entry.option == option).map(|entry| read_route(&entry.route));
        // A list from before the shop was asked by route can be had no more.
        for route in std::iter::once(home).chain(routes).filter(|route| route.is_some() == by_route) {
            let one = (option.clone(), route);
            if !wanted.contains(&one) && wanted.len() < MOST_LISTS {
                wanted.push(one);
            }
        }
    }
    if wanted.is_empty() {
        return Err(ListError::NoOption);
    }
    let mut done = Refreshed::default();
    for (option, route) in &wanted {
        let key = route_key(route.as_ref());
        let before = known.iter().find(|entry| entry.option == *option && entry.route == key).map(|entry| &entry.list);
        let (_, change) = read(calls, shop, option, route.as_ref(), before, (REMINDER, keeping)).await?;
        done.lists += 1;
        done.change.removed.extend(change.removed);
        done.change.added.extend(change.added);
        done.change.renamed.extend(change.renamed);
    }
    if !done.change.added.is_empty() || !done.change.renamed.is_empty() {
        done.queued = requeue(app, &shop.id, CARRIER_REASONS, |_| true).await?;
    }
    Ok(done)
}

/// The last time that a carrier was added to one of a shop's lists: parcels held for their carrier before then may be
/// retried.
///
/// # Errors
/// [`TableError`].
pub async fn grew(app: &App, shop: &Shop) -> Result<Option<Timestamp>, TableError> {
    let lists = app.table.providers_all(&shop.id).await?;
    Ok(lists.into_iter().filter_map(|entry| entry.list.grew).max())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(id: &str, name: &str) -> ShippingProvider {
        ShippingProvider { id: ProviderId::parse(id).expect("id"), name: name.to_owned() }
    }

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).expect("time")
    }

    #[test]
    fn a_list_remembers_what_left_it_until_it_comes_back() {
        let (first, change) = follow(None, vec![provider("1", "USPS"), provider("2", "OnTrac")], at(0));
        assert_eq!((change, first.grew), (ListChange::default(), None));
        let (second, change) = follow(Some(&first), vec![provider("1", "USPS")], at(24));
        assert_eq!(change.removed.len(), 1);
        assert_eq!((second.gone[0].name.as_str(), second.gone[0].since, second.grew), ("OnTrac", at(24), None));
        let (third, change) = follow(Some(&second), vec![provider("1", "USPS")], at(48));
        assert_eq!((change, third.gone.len()), (ListChange::default(), 1));
        let (fourth, change) = follow(Some(&third), vec![provider("1", "USPS"), provider("2", "OnTrac")], at(72));
        assert_eq!((change.added.len(), fourth.gone.len(), fourth.grew), (1, 0, Some(at(72))));
        let (later, _) = follow(Some(&second), vec![provider("1", "USPS")], at(24 + 91 * 24));
        assert_eq!(later.gone, []);
    }
}
