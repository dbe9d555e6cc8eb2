//! What is known about a shop when a file is judged: its orders, the parcels of all its stores, its carriers.

use super::own_store;
use crate::app::App;
use crate::carriers::{Catalogue, LiveList, Provider, bundled_list};
use crate::domain::connection::Shop;
use crate::domain::ids::{ProviderId, StoreId, TikTokOrderId};
use crate::domain::order_row::OrderRow;
use crate::domain::parcel::Parcel;
use crate::flows::carriers::match_parcel::{Maps, recognised};
use crate::table::error::TableError;
use std::collections::{HashMap, HashSet};

/// Read once a file: a row costs no read.
#[derive(Debug)]
pub struct Knowledge {
    /// The shop.
    pub shop: Shop,
    /// The store that the file speaks as.
    pub store: StoreId,
    /// The first import has ended: an order that is not here was not open then.
    pub complete: bool,
    /// Carrier maps.
    pub maps: Maps,
    /// Carriers of the shop, else of its market.
    pub list: LiveList<'static>,
    /// The shop's orders.
    pub orders: HashMap<TikTokOrderId, OrderRow>,
    /// The parcels of its stores.
    pub parcels: Vec<Parcel>,
    of_order: HashMap<TikTokOrderId, Vec<usize>>,
    of_name: HashMap<String, Vec<usize>>,
    of_number: HashMap<String, Vec<usize>>,
    pointers: HashMap<String, HashSet<TikTokOrderId>>,
}

impl Knowledge {
    /// Reads it.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn read(app: &App, shop: &Shop) -> Result<Self, TableError> {
        let (store, _) = own_store(app, shop).await?;
        let mut parcels = Vec::new();
        for id in app.table.account_stores(&shop.account).await? {
            let connected = app.table.store_get(&id, false).await?.map(|store| store.row);
            if connected.is_some_and(|store| store.account == shop.account && store.shops.contains(&shop.id)) {
                parcels.extend(app.table.parcels_where(&id, |_| true).await?);
            }
        }
        let (mut orders, mut pointers) = (HashMap::new(), HashMap::<String, HashSet<TikTokOrderId>>::new());
        for known in app.table.tiktok_orders(&shop.id, &shop.account).await? {
            for (_, name) in &known.stores {
                pointers.entry(name.as_str().to_owned()).or_default().insert(known.row.order.clone());
            }
            orders.insert(known.row.order.clone(), known.row);
        }
        let visit = app.table.visit_get(&shop.id).await?.map(|visit| visit.row);
        let complete = visit.is_some_and(|visit| visit.last.is_some() && visit.import.is_none());
        let maps = Maps::read(app, shop, true).await?;
        let list = match app.table.providers_latest(&shop.id).await? {
            Some(list) => recognised(shop, &list),
            None => bundled(shop),
        };
        let mut of_order: HashMap<TikTokOrderId, Vec<usize>> = HashMap::new();
        let (mut of_name, mut of_number) = (HashMap::<String, Vec<usize>>::new(), HashMap::<String, Vec<usize>>::new());
        for (at, parcel) in parcels.iter().enumerate() {
            if let Some(order) = parcel.tiktok_order() {
                of_order.entry(order.clone()).or_default().push(at);
            }
            let mut names: HashSet<&str> = HashSet::from([parcel.order.as_str()]);
            names.extend(parcel.order_name.as_deref());
            names.extend(parcel.order_name.as_deref().and_then(|name| name.strip_prefix('#')));
            for name in names {
                of_name.entry(name.to_owned()).or_default().push(at);
            }
            if let Some(number) = &parcel.number {
                of_number.entry(number.key()).or_default().push(at);
            }
        }
        let shop = shop.clone();
        Ok(Self { shop, store, complete, maps, list, orders, parcels, of_order, of_name, of_number, pointers })
    }

    fn at<'a>(&'a self, places: Option<&'a Vec<usize>>) -> impl Iterator<Item = &'a Parcel> {
        places.into_iter().flatten().filter_map(|at| self.parcels.get(*at))
    }

    /// The parcels of a TikTok order.
    pub fn of_order<'a>(&'a self, order: &TikTokOrderId) -> impl Iterator<Item = &'a Parcel> {
        self.at(self.of_order.get(order))
    }

    /// The parcels of a store order, by its id or name.
    pub fn of_name<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Parcel> {
        self.at(self.of_name.get(name))
    }

    /// The parcels under a number.
    pub fn of_number<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a Parcel> {
        self.at(self.of_number.get(key))
    }

    /// The TikTok orders that a store order's id or name stands for.
    #[must_use]
    pub fn tiktok_orders_of(&self, name: &str) -> Vec<TikTokOrderId> {
        let mut orders: Vec<TikTokOrderId> =
            self.of_name(name).filter_map(|parcel| parcel.tiktok_order().cloned()).collect();
        orders.extend(self.pointers.get(name).into_iter().flatten().cloned());
        orders.sort();
        orders.dedup();
        orders
    }
}

/// Before TikTok's list was read: the carriers of the market, whose ids are only ever the names.
fn bundled(shop: &Shop) -> LiveList<'static> {
    let listed = bundled_list(Catalogue::bundled(), &shop.region);
    let provider = |(at, name): (usize, String)| Some(Provider { id: ProviderId::parse(at.to_string()).ok()?, name });
    let providers: Vec<Provider> =
        listed.into_iter().map(|listed| listed.name).enumerate().filter_map(provider).collect();
    LiveList::new(Catalogue::bundled(), &shop.region, &providers)
}
