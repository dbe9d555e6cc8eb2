//! Where rows stand: partitions and places in them.

use super::{Key, Shard, clean, key, unclean};
use crate::domain::ids::{AccountId, DeliveryOptionId, HookId, OpenId, ShopId, StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::parcel::Parcel;
use crate::domain::region::AppRegion;
use jiff::Timestamp;
use std::fmt::Write as _;

/// Partition of everything a store sent.
#[must_use]
pub fn store(store: &StoreId) -> String {
    format!("STORE#{}", clean(store.as_str()))
}

/// Prefix of all rows of one store order. Ends with `#`, or order 123 would also find 1234.
#[must_use]
pub fn order_prefix(order: &StoreOrderId) -> String {
    format!("ORDER#{}#", clean(order.as_str()))
}

/// Prefix of all order rows of a store.
pub const ORDERS: &str = "ORDER#";

/// A parcel; the key is the dedupe. Without a number: the shipment that has none. A further TikTok order of the same number
/// stands behind it (no number holds a `~`).
#[must_use]
pub fn parcel(row: &Parcel) -> Key {
    let mut sk = order_prefix(&row.order);
    match (&row.number, row.sources.first()) {
        (Some(number), _) => match &row.apart {
            Some(order) => write!(sk, "PARCEL#{}~{order}", clean(&number.key())),
            None => write!(sk, "PARCEL#{}", clean(&number.key())),
        },
        (None, Some(source)) => write!(sk, "SHIPMENT#{}", clean(source.shipment.as_str())),
        (None, None) => write!(sk, "SHIPMENT#"),
    }
    .unwrap_or_default();
    key(store(&row.store), sk)
}

/// The row of a store that a page names by its sort key; `None`: not that of a parcel.
#[must_use]
pub fn named_parcel(store_id: &StoreId, sk: &str) -> Option<Key> {
    let key = key(store(store_id), sk);
    let rest = order_of(&key).map(|(_, order)| order_prefix(&order))?;
    let place = sk.strip_prefix(&rest)?;
    (place.starts_with("PARCEL#") || place.starts_with("SHIPMENT#")).then_some(key)
}

/// A person's or another system's word on which TikTok order a store order is.
#[must_use]
pub fn link(store_id: &StoreId, order: &StoreOrderId) -> Key {
    key(store(store_id), format!("{}LINK", order_prefix(order)))
}

/// Whether a sort key is that of a link.
#[must_use]
pub fn is_link(sk: &str) -> bool {
    sk.starts_with(ORDERS) && sk.ends_with("#LINK") && sk.matches('#').count() == 2
}

/// The store order of an order row's key.
#[must_use]
pub fn order_of(key: &Key) -> Option<(StoreId, StoreOrderId)> {
    let store = StoreId::parse(unclean(key.pk.strip_prefix("STORE#")?)).ok()?;
    let order = key.sk.strip_prefix(ORDERS)?.split('#').next()?;
    Some((store, StoreOrderId::parse(unclean(order)).ok()?))
}

/// The store sent ids only; its reads are still to be made.
#[must_use]
pub fn notice(store_id: &StoreId, order: &str, shipment: &str) -> Key {
    key(store(store_id), format!("NOTICE#{}#{}", clean(order), clean(shipment)))
}

/// Whether a key is that of a notice, and of which store.
#[must_use]
pub fn notice_store(key: &Key) -> Option<StoreId> {
    key.sk.strip_prefix("NOTICE#")?;
    StoreId::parse(unclean(key.pk.strip_prefix("STORE#")?)).ok()
}

/// Whether a row is a store's: a parcel, or a notice of one. Other rows of the same lists wait for themselves.
#[must_use]
pub fn is_of_store(key: &Key) -> bool {
    key.pk.starts_with("STORE#")
}

/// Whether custom fields of a store's order were written, and when they are tried next.
#[must_use]
pub fn fields(store_id: &StoreId, order: &StoreOrderId, tiktok: &TikTokOrderId) -> Key {
    key(store(store_id), format!("{FIELDS}{}#{tiktok}", clean(order.as_str())))
}

/// How the keys of [`fields`] of one store order begin.
#[must_use]
pub fn fields_of(order: &StoreOrderId) -> String {
    format!("{FIELDS}{}#", clean(order.as_str()))
}

const FIELDS: &str = "FIELDS#";

/// Whether a key is that of [`fields`].
#[must_use]
pub fn is_fields(key: &Key) -> bool {
    is_of_store(key) && key.sk.starts_with(FIELDS)
}

/// A store connection.
#[must_use]
pub fn store_connection(id: &StoreId) -> Key {
    key(store(id), "CONNECTION")
}

/// What a store's webhook address has heard.
#[must_use]
pub fn heard(id: &StoreId) -> Key {
    key(store(id), "HEARD")
}

/// When a push last had work for a shop.
#[must_use]
pub fn pushed(id: &ShopId) -> Key {
    key(shop(id), "HEARD")
}

/// A shop connection.
#[must_use]
pub fn shop_connection(id: &ShopId) -> Key {
    key(shop(id), "CONNECTION")
}

/// Partition of a shop.
#[must_use]
pub fn shop(id: &ShopId) -> String {
    format!("SHOP#{}", id.as_str())
}

/// A webhook address of a store.
#[must_use]
pub fn hook(id: &HookId) -> Key {
    key(format!("HOOK#{}", clean(id.as_str())), "HOOK")
}

/// A store of a platform that signs with the app's secret and names the store in a header.
#[must_use]
pub fn hook_of_address(platform: &str, address: &str) -> Key {
    key(format!("HOOK#{platform}:{}", clean(&address.to_lowercase())), "HOOK")
}

/// Tokens belong to the authorisation, which may cover several shops. A partition of their own keeps other functions out.
#[must_use]
pub fn grant(app: AppRegion, open_id: &OpenId) -> Key {
    key(format!("TOKEN#{app}#{}", clean(open_id.as_str())), "TOKEN")
}

/// A store's API credentials, with the tokens for the same reason.
#[must_use]
pub fn store_token(id: &StoreId) -> Key {
    key(format!("TOKEN#store#{}", clean(id.as_str())), "TOKEN")
}

/// The store of a connection's key.
#[must_use]
pub fn connected_store(key: &Key) -> Option<StoreId> {
    (key.sk == "CONNECTION").then(|| StoreId::parse(unclean(key.pk.strip_prefix("STORE#")?)).ok())?
}

/// The shop of a connection's key.
#[must_use]
pub fn connected_shop(key: &Key) -> Option<ShopId> {
    (key.sk == "CONNECTION").then(|| ShopId::parse(key.pk.strip_prefix("SHOP#")?).ok())?
}

/// A store order whose parcels wait under a TikTok order: what TikTok's own news is looked up by.
#[must_use]
pub fn order_pointer(id: &ShopId, order: &TikTokOrderId, store: &StoreId, store_order: &StoreOrderId) -> Key {
    let sk = format!("{}{}#{}", order_pointers(order), clean(store.as_str()), clean(store_order.as_str()));
    key(shop(id), sk)
}

/// The store order of a pointer's key.
#[must_use]
pub fn pointed_order(key: &Key) -> Option<(StoreId, StoreOrderId)> {
    key.pk.strip_prefix("SHOP#")?;
    let mut parts = key.sk.strip_prefix(ORDERS)?.split('#').skip(1);
    let (store, order) = (parts.next()?, parts.next()?);
    Some((StoreId::parse(unclean(store)).ok()?, StoreOrderId::parse(unclean(order)).ok()?))
}

/// Prefix of [`order_pointer`].
#[must_use]
pub fn order_pointers(order: &TikTokOrderId) -> String {
    format!("ORDER#{}#", order.as_str())
}

/// A TikTok order as last seen. Its [`order_pointer`]s stand right behind it.
#[must_use]
pub fn tiktok_order(id: &ShopId, order: &TikTokOrderId) -> Key {
    key(shop(id), format!("ORDER#{}", order.as_str()))
}

/// First and last sort key of an order's row and its pointers: one query reads both.
#[must_use]
pub fn tiktok_order_rows(order: &TikTokOrderId) -> (String, String) {
    (format!("ORDER#{}", order.as_str()), format!("ORDER#{}#~", order.as_str()))
}

/// Whether a sort key is that of a TikTok order's row, not of a pointer beside it.
#[must_use]
pub fn is_tiktok_order(sk: &str) -> bool {
    sk.strip_prefix(ORDERS).is_some_and(|rest| !rest.is_empty() && !rest.contains('#'))
}

/// The order of a key, when it is that of a TikTok order's row.
#[must_use]
pub fn tiktok_order_of(key: &Key) -> Option<TikTokOrderId> {
    key.pk.strip_prefix("SHOP#")?;
    TikTokOrderId::parse(key.sk.strip_prefix(ORDERS)?).ok()
}

/// When a shop's orders are read next, and how far that has come.
#[must_use]
pub fn visit(id: &ShopId) -> Key {
    key(shop(id), "VISIT")
}

/// The shop of a visit's key.
#[must_use]
pub fn visited_shop(key: &Key) -> Option<ShopId> {
    (key.sk == "VISIT").then(|| ShopId::parse(key.pk.strip_prefix("SHOP#")?).ok())?
}

/// When a shop's people are told next, and up to when they have been.
#[must_use]
pub fn tell(id: &ShopId) -> Key {
    key(shop(id), "TELL")
}

/// The shop of a key of telling.
#[must_use]
pub fn told_shop(key: &Key) -> Option<ShopId> {
    (key.sk == "TELL").then(|| ShopId::parse(key.pk.strip_prefix("SHOP#")?).ok())?
}

/// Whether a row of the PUSH lists is of a kind that this version works on: a parcel, a notice, a visit.
#[must_use]
pub fn is_pushed(key: &Key) -> bool {
    visited_shop(key).is_some() || notice_store(key).is_some() || order_of(key).is_some()
}

/// A value that counts once: OAuth state, login link.
#[must_use]
pub fn once(sha256_hex: &str) -> Key {
    key(format!("ONCE#{sha256_hex}"), "ONCE")
}

/// How far a run is that people left to us.
#[must_use]
pub fn run(sha256_hex: &str) -> Key {
    key(format!("ONCE#{sha256_hex}"), "RUN")
}

/// How often something happened lately that may happen only so often.
#[must_use]
pub fn pace(sha256_hex: &str) -> Key {
    key(format!("ONCE#{sha256_hex}"), "PACE")
}

/// What the keys of an installation look like.
#[must_use]
pub fn key_marks() -> Key {
    key("INSTALLATION#keys".to_owned(), "KEYS")
}

/// A signed-in browser.
#[must_use]
pub fn session(sha256_hex: &str) -> Key {
    key(format!("SESSION#{sha256_hex}"), "SESSION")
}

/// The ledger of mails: one row a step.
#[must_use]
pub fn mail(id: &ShopId, kind: &str, cycle: &str, step: &str) -> Key {
    key(shop(id), format!("MAIL#{kind}#{}#{}", clean(cycle), clean(step)))
}

/// Partition that lists the accounts of this installation.
pub const INSTALLATION: &str = "INSTALLATION";

/// An account's entry in the list of accounts.
#[must_use]
pub fn account_entry(id: &AccountId) -> Key {
    key(INSTALLATION.to_owned(), format!("ACCOUNT#{}", clean(id.as_str())))
}

/// Partition of an account.
#[must_use]
pub fn account(id: &AccountId) -> String {
    format!("ACCOUNT#{}", clean(id.as_str()))
}

/// The account row.
#[must_use]
pub fn account_row(id: &AccountId) -> Key {
    key(account(id), "ACCOUNT")
}

/// What the mail service said about an account's address.
#[must_use]
pub fn account_mail(id: &AccountId) -> Key {
    key(account(id), "MAIL")
}

/// The account of a mail address, by the address's hash.
#[must_use]
pub fn account_of_email(sha256_hex: &str) -> Key {
    key(format!("EMAIL#{sha256_hex}"), "EMAIL")
}

/// An account's pointer to a shop.
#[must_use]
pub fn account_shop(id: &AccountId, shop: &ShopId) -> Key {
    key(account(id), format!("SHOP#{}", shop.as_str()))
}

/// An account's pointer to a store.
#[must_use]
pub fn account_store(id: &AccountId, store: &StoreId) -> Key {
    key(account(id), format!("STORE#{}", clean(store.as_str())))
}

/// Prefix of an account's pointers to shops.
pub const SHOP_POINTERS: &str = "SHOP#";
/// Prefix of an account's pointers to stores.
pub const STORE_POINTERS: &str = "STORE#";

/// What the people of an account did.
pub const AUDITS: &str = "AUDIT#";

/// One act of a person; `beside` tells those of one millisecond apart.
#[must_use]
pub fn audit(id: &AccountId, at: Timestamp, beside: u32) -> Key {
    key(account(id), format!("{AUDITS}{:013}#{beside:03}", at.as_millisecond()))
}

/// An account's default carrier map.
#[must_use]
pub fn account_map(id: &AccountId) -> Key {
    key(account(id), "MAP#default")
}

/// A shop's carrier map.
#[must_use]
pub fn shop_map(id: &ShopId) -> Key {
    key(shop(id), "MAP")
}

/// A shop's carriers for a delivery option and route.
#[must_use]
pub fn providers(id: &ShopId, option: &str, route: &str) -> Key {
    key(shop(id), format!("PROVIDERS#{}#{}", clean(option), clean(route)))
}

/// Prefix of [`providers`].
pub const PROVIDER_LISTS: &str = "PROVIDERS#";

/// The delivery option and route of a carrier list's sort key.
#[must_use]
pub fn read_providers(sk: &str) -> Option<(DeliveryOptionId, String)> {
    let (option, route) = sk.strip_prefix(PROVIDER_LISTS)?.split_once('#')?;
    Some((DeliveryOptionId::parse(unclean(option)).ok()?, unclean(route)))
}

/// A store carrier name that parcels were held for, in the form in which spellings count as one; blank: no name.
#[must_use]
pub fn seen(id: &ShopId, name: &str) -> Key {
    key(shop(id), format!("{SEEN}{}", clean(name)))
}

/// Prefix of [`seen`].
pub const SEEN: &str = "SEEN#";

/// Who talks for a shard.
#[must_use]
pub fn lease(shard: Shard) -> Key {
    key(format!("LEASE#{:02x}", shard.0), "LEASE")
}

/// Whether TikTok as a whole is down.
#[must_use]
pub fn breaker() -> Key {
    key("BREAKER#tiktok".to_owned(), "BREAKER")
}
