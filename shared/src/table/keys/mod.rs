//! Every key and index string of the one table. Nothing else in the crate spells a `#`.
//!
//! Three sparse indexes, one question each: `due` says what is to be worked on and when, `list` what needs a hand, `find`
//! where a number or a name is. A row stands in at most one list of each.

mod lists;
mod looks;
mod people;
mod proofs;
mod rows;
mod slow;

use crate::domain::ids::ShopId;
use jiff::Timestamp;
pub use lists::*;
pub use looks::*;
pub use people::*;
pub use proofs::*;
pub use rows::*;
pub use slow::*;

/// Partition key attribute.
pub const PK: &str = "pk";
/// Sort key attribute.
pub const SK: &str = "sk";
/// Epoch seconds after which DynamoDB may delete a row. It is hours late: readers compare themselves.
pub const TTL: &str = "ttl";

/// One of the table's indexes: sparse, keys only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// The attribute that says which list a row is in.
    pub pk: &'static str,
    /// The attribute that says where in the list it stands.
    pub sk: &'static str,
}

/// What is to be worked on, and when.
pub const DUE: Index = Index { name: "due", pk: "due_pk", sk: "due_sk" };
/// What needs a hand.
pub const LIST: Index = Index { name: "list", pk: "list_pk", sk: "list_sk" };
/// Where a number or a name is.
pub const FIND: Index = Index { name: "find", pk: "find_pk", sk: "find_sk" };
/// All of them.
pub const INDEXES: [Index; 3] = [DUE, LIST, FIND];

/// Work is spread over this many shards, for ever: index keys cannot change later.
pub const SHARDS: u8 = 64;
/// Partitions that belong to one installation and do not move with it: leases, pauses, sign-ins under way, what its keys
/// look like.
pub(crate) const PASSING: [&str; 6] = ["LEASE#", "BREAKER#", "SESSION#", "ONCE#", "INSTALLATION#", "ROUND#"];

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::StoreOrderId;
    use crate::domain::reason::Reason;
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
