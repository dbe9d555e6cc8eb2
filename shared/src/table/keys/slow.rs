//! The two lists of the slow schedule, shared out over slots, and the daily round.

use super::{IndexKey, Key, account_entry, clean, key, slot, sortable, unclean};
use crate::domain::ids::AccountId;
use jiff::Timestamp;

/// The slow lists (authorisations, polls) use fewer slots than there are shards, for ever.
pub const SLOTS: u8 = 16;

/// One of the 16 slots of the slow lists: the unit by which they are shared out over workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(try_from = "u8")]
pub struct Slot(u8);

impl Slot {
    /// The first.
    pub const FIRST: Self = Self(0);

    /// The slot of a number below [`SLOTS`].
    #[must_use]
    pub fn new(number: u8) -> Option<Self> {
        (number < SLOTS).then_some(Self(number))
    }

    /// All slow work of a shop or a store, by its bare id, is in one slot.
    #[must_use]
    pub fn of(owner: &str) -> Self {
        Self(slot(owner, SLOTS))
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..SLOTS).map(Self)
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Slot {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("there are slots 0 to 15")
    }
}

/// The list of authorisations with their next refresh or reminder. Earlier versions hashed other words into the slot; a
/// slot's list is read whatever stands in it, and a row moves when it is written next.
#[must_use]
pub fn auth_list(slot: Slot) -> String {
    format!("AUTH#{:02x}", slot.number())
}

/// A place in it. `owner` is the bare id of a shop or store.
#[must_use]
pub fn auth_due(owner: &str, at: Timestamp) -> IndexKey {
    IndexKey { pk: auth_list(Slot::of(owner)), sk: format!("{}#{}", sortable(at), clean(owner)) }
}

/// The same for tokens: a store's, by the store; a grant's, which may cover several shops, by its open id.
#[must_use]
pub fn auth_due_of_tokens(row: &Key, at: Timestamp) -> IndexKey {
    let owner = row.pk.rsplit('#').next().unwrap_or_default();
    auth_due(&unclean(owner), at)
}

/// The list of stores to read and shops whose people are to be told.
#[must_use]
pub fn poll_list(slot: Slot) -> String {
    format!("POLL#{:02x}", slot.number())
}

/// A place in it.
#[must_use]
pub fn poll_due(owner: &str, at: Timestamp) -> IndexKey {
    IndexKey { pk: poll_list(Slot::of(owner)), sk: format!("{}#{}", sortable(at), clean(owner)) }
}

/// Whether a key is that of tokens.
#[must_use]
pub fn is_tokens(key: &Key) -> bool {
    key.sk == "TOKEN" && key.pk.starts_with("TOKEN#")
}

/// How far the daily round over all accounts has come.
#[must_use]
pub fn round() -> Key {
    key("ROUND#shops".to_owned(), "ROUND")
}

/// First and last sort key of the accounts behind one.
#[must_use]
pub fn account_entries_after(after: Option<&AccountId>) -> (String, String) {
    // `!` is the first that may follow an id in a key.
    let first = after.map_or_else(|| "ACCOUNT#".to_owned(), |after| format!("{}!", account_entry(after).sk));
    (first, "ACCOUNT#~".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{OpenId, ShopId, StoreId};
    use crate::domain::region::AppRegion;
    use crate::table::keys::{grant, store_token};

    #[test]
    fn all_slow_rows_of_a_shop_or_store_are_in_the_slot_of_its_bare_id_and_a_slot_never_moves() {
        let at = Timestamp::from_millisecond(1_700_000_000_000).expect("time");
        let (shop, store) = (ShopId::parse("7494049642642441621").expect("id"), StoreId::parse("s1").expect("id"));
        assert_eq!(auth_due(shop.as_str(), at).pk, "AUTH#08");
        assert_eq!(poll_due(shop.as_str(), at), IndexKey { pk: "POLL#08".into(), sk: format!("1700000000000#{shop}") });
        let tokens = auth_due_of_tokens(&store_token(&store), at);
        assert_eq!(tokens, auth_due(store.as_str(), at));
        let open_id = OpenId::parse("open-1").expect("id");
        assert_eq!(auth_due_of_tokens(&grant(AppRegion::Us, &open_id), at), auth_due("open-1", at));
    }
}
