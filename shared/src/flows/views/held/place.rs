//! Where a part of a list ends, as the address of the next part says it.

use super::{About, HeldRow};
use crate::table::keys::{self, Key};
use jiff::Timestamp;

/// A place in a list: what comes after it comes after it tomorrow too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    due: Option<Timestamp>,
    since: Timestamp,
    mark: u32,
}

impl Place {
    /// By its deadline.
    pub(super) fn of(row: &HeldRow) -> Self {
        let key = match &row.about {
            About::Parcel(parcel) => keys::parcel(parcel),
            About::Order(known) => keys::tiktok_order(&known.row.shop, &known.row.order),
        };
        Self { due: row.due.map(whole), since: whole(row.since), mark: mark(&key) }
    }

    /// By age alone.
    pub(super) fn by_age(since: Timestamp, key: &Key) -> Self {
        Self { due: None, since: whole(since), mark: mark(key) }
    }

    /// Of an address; anything else is no place.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut time = || Some(parts.next()?.parse::<i64>().ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()));
        let (due, since) = (time()?, time()??);
        Some(Self { due, since, mark: u32::from_str_radix(parts.next()?, 16).ok()? })
    }

    fn order(&self) -> (bool, Option<Timestamp>, Timestamp, u32) {
        (self.due.is_none(), self.due, self.since, self.mark)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let due = self.due.map(|due| due.as_millisecond().to_string()).unwrap_or_default();
        write!(f, "{due}.{}.{:08x}", self.since.as_millisecond(), self.mark)
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

/// Tells entries of one moment apart.
fn mark(key: &Key) -> u32 {
    let mut hash = crc32fast::Hasher::new();
    hash.update(key.pk.as_bytes());
    hash.update(key.sk.as_bytes());
    hash.finalize()
}

/// Lists know milliseconds.
fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}
