//! Where carrier lists depend on the route: which shops' do, from where a parcel begins, and what TikTok's answers teach
//! about both.

use crate::domain::connection::Shop;
use crate::domain::order::TikTokOrder;
use crate::domain::region::Region;
use crate::flows::calls::{ShopCalls, Trouble};
use crate::tiktok::TikTokError;

/// Warehouses whose place is kept: a shop has a handful.
const MOST_HOMES: usize = 100;

/// From the warehouse's region to the buyer's.
pub(super) type Route = (Region, Region);

/// From where the order's warehouse stands to the buyer; `None`: the shop's lists do not depend on it.
pub(super) fn route(shop: &Shop, order: &TikTokOrder) -> Option<Route> {
    let to = order.buyer_region.as_ref()?;
    shop.asks_by_route().then(|| {
        let home = order.warehouse.as_ref().and_then(|warehouse| shop.learned.homes.get(warehouse));
        (home.unwrap_or(&shop.region).clone(), Region::new(to))
    })
}

/// A route as a part of keys; empty: none.
pub(super) fn route_key(route: Option<&Route>) -> String {
    route.map_or_else(String::new, |(from, to)| format!("{from}-{to}"))
}

/// The route of such a part.
pub(super) fn read_route(key: &str) -> Option<Route> {
    let (from, to) = key.split_once('-')?;
    Some((Region::new(from), Region::new(to)))
}

/// The shop, once it is known where the order's warehouse stands. Read once for each warehouse; where TikTok does not say,
/// it stands in the shop's market.
///
/// # Errors
/// [`Trouble::Stop`] and [`Trouble::Parked`].
pub async fn with_home(calls: &ShopCalls<'_>, shop: &Shop, order: &TikTokOrder) -> Result<Shop, Trouble> {
    let Some(warehouse) = order.warehouse.as_ref().filter(|_| shop.asks_by_route()) else { return Ok(shop.clone()) };
    if shop.learned.homes.contains_key(warehouse) || shop.learned.homes.len() >= MOST_HOMES {
        return Ok(shop.clone());
    }
    let all = match calls.warehouses().await {
        Ok(all) => all,
        Err(Trouble::TikTok(error)) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(shop.id = %shop.id, error, "where a warehouse stands is not known");
            return Ok(shop.clone());
        }
        Err(trouble) => return Err(trouble),
    };
    let home = all.into_iter().find(|known| known.id == *warehouse).and_then(|known| known.region);
    let home = home.unwrap_or_else(|| shop.region.clone());
    calls.learn(|learned| drop(learned.homes.insert(warehouse.clone(), home.clone()))).await;
    Ok(calls.shop().await)
}

/// TikTok refused a list because it was asked for without a route: from now on this shop's are asked for with one.
/// `false`: that was not it. `shop`: as it was when the list was asked for.
pub async fn learns_route(calls: &ShopCalls<'_>, shop: &Shop, error: &TikTokError) -> bool {
    let news = error.wants_a_route() && !shop.asks_by_route();
    if news {
        calls.learn(|learned| learned.by_route = true).await;
    }
    news
}
