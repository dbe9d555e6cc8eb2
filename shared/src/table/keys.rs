//! Every key and index string of the one table. Nothing else in the crate spells a `#`.

use crate::domain::ids::{AccountId, DeliveryOptionId, HookId, OpenId, ShopId, StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::parcel::Parcel;
use crate::domain::reason::Reason;
use crate::domain::region::AppRegion;
use jiff::Timestamp;
use std::fmt::Write as _;

/// Partition key attribute.
pub const PK: &str = "pk";
/// Sort key attribute.
pub const SK: &str = "sk";
/// Partition key of the index: which list a row is in.
pub const DUE_PK: &str = "due_pk";
/// Sort key of the index: when, and for whom.
pub const DUE_SK: &str = "due_sk";
/// Epoch seconds after which DynamoDB may delete a row. It is hours late: readers compare themselves.
pub const TTL: &str = "ttl";
/// The one index: sparse, keys only.
pub const INDEX: &str = "due";

/// Work is spread over this many shards, for ever: index keys cannot change later.
pub const SHARDS: u8 = 64;
/// The slow lists (authorisations, polls) use fewer.
pub const SLOW_SHARDS: u8 = 16;

/// Partitions that live for minutes and belong to one installation: leases, pauses, sign-ins under way.
pub(crate) const PASSING: [&str; 4] = ["LEASE#", "BREAKER#", "SESSION#", "ONCE#"];

/// A row's place.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Partition.
    pub pk: String,
    /// Place within it.
    pub sk: String,
}

/// A row's place in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexKey {
    /// List.
    pub pk: String,
    /// Place within it.
    pub sk: String,
}

/// One of the 64 shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(u8);

impl Shard {
    /// The shard of a number below [`SHARDS`].
    #[must_use]
    pub fn new(number: u8) -> Option<Self> {
        (number < SHARDS).then_some(Self(number))
    }

    /// All work of a shop is in one shard.
    #[must_use]
    pub fn of(shop: &ShopId) -> Self {
        Self(slot(shop.as_str(), SHARDS))
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..SHARDS).map(Self)
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }
}

fn slot(text: &str, slots: u8) -> u8 {
    // The remainder is below `slots`, which is a u8.
    u8::try_from(crc32fast::hash(text.as_bytes()) % u32::from(slots)).unwrap_or_default()
}

/// Keeps `#` out of outside text, so that no caller can forge or break a key.
fn clean(text: &str) -> String {
    if !text.contains(['#', '%']) {
        return text.to_owned();
    }
    text.replace('%', "%25").replace('#', "%23")
}

fn unclean(text: &str) -> String {
    text.replace("%23", "#").replace("%25", "%")
}

/// Milliseconds since 1970 in 13 digits, zero-padded: sorts as time does until the year 2286.
fn sortable(at: Timestamp) -> String {
    format!("{:013}", at.as_millisecond().max(0))
}

fn key(pk: String, sk: impl Into<String>) -> Key {
    Key { pk, sk: sk.into() }
}

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

/// A parcel; the key is the dedupe. Without a number: the shipment that has none.
#[must_use]
pub fn parcel(row: &Parcel) -> Key {
    let mut sk = order_prefix(&row.order);
    match (&row.number, row.sources.first()) {
        (Some(number), _) => write!(sk, "PARCEL#{}", clean(&number.key())),
        (None, Some(source)) => write!(sk, "SHIPMENT#{}", clean(source.shipment.as_str())),
        (None, None) => write!(sk, "SHIPMENT#"),
    }
    .unwrap_or_default();
    key(store(&row.store), sk)
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

/// A store connection.
#[must_use]
pub fn store_connection(id: &StoreId) -> Key {
    key(store(id), "CONNECTION")
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

/// Prefix of [`order_pointer`].
#[must_use]
pub fn order_pointers(order: &TikTokOrderId) -> String {
    format!("ORDER#{}#", order.as_str())
}

/// A value that counts once: OAuth state, login link.
#[must_use]
pub fn once(sha256_hex: &str) -> Key {
    key(format!("ONCE#{sha256_hex}"), "ONCE")
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

/// The list of parcels, orders and notices to work on.
#[must_use]
pub fn push_list(shard: Shard) -> String {
    format!("PUSH#{:02x}", shard.0)
}

/// A place in it.
#[must_use]
pub fn push_due(shop: &ShopId, at: Timestamp) -> IndexKey {
    IndexKey { pk: push_list(Shard::of(shop)), sk: format!("{}#{}", sortable(at), shop.as_str()) }
}

/// Upper bound for everything due by then.
#[must_use]
pub fn due_by(now: Timestamp) -> String {
    // `~` sorts after every shop id.
    format!("{}#~", sortable(now))
}

/// When and for whom a place in a due list is.
#[must_use]
pub fn read_due(sk: &str) -> Option<(Timestamp, &str)> {
    let (ms, owner) = sk.split_once('#')?;
    Some((Timestamp::from_millisecond(ms.parse().ok()?).ok()?, owner))
}

/// A shop's attention list.
#[must_use]
pub fn held_list(shop: &ShopId) -> String {
    format!("HELD#{}", shop.as_str())
}

/// A place in it.
#[must_use]
pub fn held(shop: &ShopId, reason: Reason, since: Timestamp) -> IndexKey {
    IndexKey { pk: held_list(shop), sk: format!("{}#{}", reason.code(), sortable(since)) }
}

/// Reason and time of a place in it.
#[must_use]
pub fn read_held(sk: &str) -> Option<(Reason, Timestamp)> {
    let (code, ms) = sk.split_once('#')?;
    Some((Reason::parse(code)?, Timestamp::from_millisecond(ms.parse().ok()?).ok()?))
}

/// The list of authorisations with their next refresh or reminder.
#[must_use]
pub fn auth_list(slot: u8) -> String {
    format!("AUTH#{slot:02x}")
}

/// A place in it.
#[must_use]
pub fn auth_due(owner: &str, at: Timestamp) -> IndexKey {
    IndexKey { pk: auth_list(slot(owner, SLOW_SHARDS)), sk: format!("{}#{}", sortable(at), clean(owner)) }
}

/// The list of stores and shops to poll.
#[must_use]
pub fn poll_list(slot: u8) -> String {
    format!("POLL#{slot:02x}")
}

/// A place in it.
#[must_use]
pub fn poll_due(owner: &str, at: Timestamp) -> IndexKey {
    IndexKey { pk: poll_list(slot(owner, SLOW_SHARDS)), sk: format!("{}#{}", sortable(at), clean(owner)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::parcel as sample;
    use proptest::prelude::*;

    #[test]
    fn keys_read_as_the_documentation_says() {
        let row = sample("1z 99", "f1", &[]);
        assert_eq!(parcel(&row), Key { pk: "STORE#s1".into(), sk: "ORDER#1042#PARCEL#1Z99".into() });
        let shop_id = ShopId::parse("7494049642642441621").expect("id");
        let at = Timestamp::from_millisecond(1_700_000_000_000).expect("time");
        assert_eq!(push_due(&shop_id, at).sk, "1700000000000#7494049642642441621");
        assert_eq!(held(&shop_id, Reason::CarrierUnmapped, at).sk, "CARRIER_UNMAPPED#1700000000000");
    }

    #[test]
    fn an_order_number_never_finds_a_longer_one() {
        let id = |text: &str| StoreOrderId::parse(text).expect("id");
        assert!(!order_prefix(&id("1234")).starts_with(&order_prefix(&id("123"))));
    }

    #[test]
    fn a_shard_never_moves() {
        // Rows of live installations depend on these.
        for (shop_id, shard) in [("7494049642642441621", 24), ("7", 2), ("1", 55)] {
            assert_eq!(Shard::of(&ShopId::parse(shop_id).expect("id")).number(), shard, "{shop_id}");
        }
    }

    proptest! {
        #[test]
        fn no_text_from_outside_breaks_out_of_its_key(order in "[ -~]{1,40}", number in "[ -~]{1,40}") {
            let mut row = sample("A", "f1", &[]);
            let (Ok(order), Ok(number)) = (StoreOrderId::parse(&order), crate::domain::tracking::TrackingNumber::parse(&number)) else {
                return Ok(());
            };
            row.order = order.clone();
            row.number = Some(number);
            let made = parcel(&row);
            prop_assert_eq!(made.sk.matches('#').count(), 3);
            prop_assert_eq!(order_of(&made).map(|(_, o)| o), Some(order));
            prop_assert!(!is_link(&made.sk));
        }
    }
}
