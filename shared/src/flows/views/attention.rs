//! What of a shop needs a hand. One answer for the console, the command line and the mails: the same rows, the same
//! grouping of carrier names, counts that are true at any size.

use crate::app::App;
use crate::domain::connection::{Shop, StoreConnection};
use crate::domain::ids::{ShopId, StoreId};
use crate::domain::parcel::{Parcel, Phase};
use crate::domain::reason::{Auto, Reason};
use crate::flows::carriers::match_parcel::folded;
use crate::flows::orders::board;
use crate::table::error::TableError;
use crate::table::keys::{self, Key};
use crate::table::orders::Known;
use crate::table::parcels::HeldEntry;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Orders read at a time.
const TOGETHER: usize = 32;

/// Parcels in memory at a time, while all of a long list are read.
const AT_ONCE: usize = 500;

/// How many parcels of a shop need a hand. From the list alone: no row is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub total: usize,
    /// By reason.
    pub reasons: BTreeMap<Reason, usize>,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
}

impl Counts {
    /// Counts a shop's list, without reading what stands on it.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn of_shop(app: &App, shop: &ShopId) -> Result<Self, TableError> {
        let Some(counted) = app.table.held_counts(shop).await? else {
            return Ok(Attention::of(app, shop).await?.counts());
        };
        let mut counts = Self::default();
        for (reason, count, since) in counted {
            counts.total += count;
            counts.reasons.insert(reason, count);
            counts.oldest = Some(counts.oldest.map_or(since, |oldest| oldest.min(since)));
        }
        Ok(counts)
    }

    fn of<'a>(entries: impl IntoIterator<Item = &'a HeldEntry>) -> Self {
        let mut counts = Self::default();
        for entry in entries {
            counts.total += 1;
            *counts.reasons.entry(entry.reason).or_default() += 1;
            counts.oldest = Some(counts.oldest.map_or(entry.since, |oldest| oldest.min(entry.since)));
        }
        counts
    }

    /// Those that one of these reasons holds.
    #[must_use]
    pub fn of_reasons(&self, fits: impl Fn(Reason) -> bool) -> usize {
        self.reasons.iter().filter(|(reason, _)| fits(**reason)).map(|(_, count)| count).sum()
    }
}

/// A shop's attention list as it is now, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Attention {
    entries: Vec<HeldEntry>,
}

/// A parcel that needs a hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The parcel.
    pub parcel: Parcel,
    /// Why it waits.
    pub reason: Reason,
    /// Since when.
    pub since: Timestamp,
}

/// A carrier name of the store that leads nowhere, with everything that waits for it. Spellings that differ in case,
/// spaces and signs are one name, as they are for the mapping that settles them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenName {
    /// As the store writes it, in the parcel that waits longest.
    pub name: String,
    /// The name normalised: spellings of one name share it.
    pub folded: String,
    /// Parcels that wait for it: exactly those that a mapping sends.
    pub waiting: usize,
    /// The parcel that waits longest.
    pub sample: Parcel,
}

impl Attention {
    /// Reads a shop's list.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn of(app: &App, shop: &ShopId) -> Result<Self, TableError> {
        // Parcels, and orders that stand on the list by themselves: late, not scanned, lost.
        let mut entries = app.table.held_reasons(shop).await?;
        entries.sort_by(|left, right| (left.since, &left.key).cmp(&(right.since, &right.key)));
        Ok(Self { entries })
    }

    /// What waits for a store while no shop of its account is known for it.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn of_store(app: &App, store: &StoreId) -> Result<Self, TableError> {
        let mut entries = app.table.store_held_reasons(store).await?;
        entries.sort_by(|left, right| (left.since, &left.key).cmp(&(right.since, &right.key)));
        Ok(Self { entries })
    }

    /// How many there are, and why.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts::of(&self.entries)
    }

    /// Only what fits.
    #[must_use]
    pub fn only(mut self, fits: impl Fn(&HeldEntry) -> bool) -> Self {
        self.entries.retain(fits);
        self
    }

    /// The entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[HeldEntry] {
        &self.entries
    }

    /// The parcels behind the entries, those that wait longest first, at most `most`. What was settled since the list was
    /// read is left out, so that the list's delay never shows.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn rows(&self, app: &App, most: usize) -> Result<Vec<Held>, TableError> {
        let parcels = self.entries.iter().filter(|entry| keys::tiktok_order_of(&entry.key).is_none());
        let keys: Vec<Key> = parcels.take(most).map(|entry| entry.key.clone()).collect();
        Ok(app.table.parcels_at(&keys).await?.into_iter().filter_map(waits).collect())
    }

    /// The orders that stand on the list by themselves, those that wait longest first, at most `most`.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn orders(&self, app: &App, shop: &Shop, most: usize) -> Result<Vec<Known>, TableError> {
        let orders = self.entries.iter().filter_map(|entry| keys::tiktok_order_of(&entry.key));
        let mut rows = stream::iter(orders.take(most).collect::<Vec<_>>())
            .map(|order| async move { board::known(app, shop, &order).await })
            .buffered(TOGETHER);
        let mut found = Vec::new();
        while let Some(known) = rows.try_next().await? {
            found.extend(known.filter(|known| known.row.attention.is_some()));
        }
        Ok(found)
    }

    /// The carrier names that parcels wait for, most parcels first. Reads every parcel that waits for its carrier: what a
    /// page promises to send is what is sent.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn names(&self, app: &App) -> Result<Vec<OpenName>, TableError> {
        Ok(self.names_within(app, usize::MAX).await?.0)
    }

    /// The same of the `most` oldest that ask for a carrier, and whether those are all: each is a read.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn names_within(&self, app: &App, most: usize) -> Result<(Vec<OpenName>, bool), TableError> {
        let asking = || self.entries.iter().filter(|entry| entry.reason.auto() == Auto::OnMapping);
        let all = asking().nth(most).is_none();
        let asking = asking().take(most);
        let keys: Vec<Key> = asking.map(|entry| entry.key.clone()).collect();
        let mut names: BTreeMap<String, OpenName> = BTreeMap::new();
        for keys in keys.chunks(AT_ONCE) {
            for Held { parcel, .. } in app.table.parcels_at(keys).await?.into_iter().filter_map(waits) {
                let name = parcel.carrier.clone().unwrap_or_default();
                let key = folded(&name);
                match names.get_mut(&key) {
                    Some(known) => known.waiting += 1,
                    None => {
                        names.insert(key.clone(), OpenName { name, folded: key, waiting: 1, sample: parcel });
                    }
                }
            }
        }
        let mut names: Vec<OpenName> = names.into_values().collect();
        names.sort_by(|left, right| (right.waiting, &left.folded).cmp(&(left.waiting, &right.folded)));
        Ok((names, all))
    }
}

/// What a store's shipments wait for while their shop is not connected in its account. Rows are not written for it: they go
/// on by themselves when the shop is back.
///
/// # Errors
/// [`TableError`].
pub async fn without_shop(app: &App, store: &StoreConnection) -> Result<Vec<Held>, TableError> {
    let mut gone = Vec::new();
    for id in &store.shops {
        let shop = app.table.shop_get(id, false).await?;
        if shop.is_none_or(|shop| shop.row.account != store.account) {
            gone.push(id);
        }
    }
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let waits = |row: &Parcel| {
        let open = matches!(row.state.phase(), Phase::Open | Phase::Waiting);
        open && !row.adrift && row.number.is_some() && gone.contains(&&row.shop)
    };
    let rows = app.table.parcels_where(&store.id, waits).await?;
    Ok(rows.into_iter().map(|parcel| Held { since: parcel.changed, reason: Reason::ShopGone, parcel }).collect())
}

/// The parcel of an entry, if it still waits.
pub(super) async fn held(app: &App, key: &Key) -> Result<Option<Held>, TableError> {
    Ok(app.table.parcel_get(key).await?.and_then(waits))
}

/// A parcel of a list as it is now, if it still waits.
fn waits(parcel: Parcel) -> Option<Held> {
    let (reason, since) = (parcel.state.reason().filter(|_| parcel.listed)?, parcel.changed);
    Some(Held { parcel, reason, since })
}

/// Parcels that a reconnect frees.
#[must_use]
pub fn for_owner(reason: Reason) -> bool {
    reason.auto() == Auto::OnReconnect
}

/// What is known about a held parcel beyond its reason's sentence: what the check said, which order has the number,
/// TikTok's words. `None` when there is nothing more to say.
#[must_use]
pub fn detail(parcel: &Parcel) -> Option<String> {
    let said = said(parcel);
    // A hint stands beside the reason, and is never one.
    let hint = parcel.events.iter().rev().find(|event| event.what.reason() == Some(Reason::ImageRules));
    match (said, hint.filter(|_| parcel.state.phase() == Phase::Waiting)) {
        (said, None) => said,
        (None, Some(hint)) => Some(format!("possible cause: {}", hint.detail)),
        (Some(said), Some(hint)) => Some(format!("{said}; possible cause: {}", hint.detail)),
    }
}

fn said(parcel: &Parcel) -> Option<String> {
    let reason = parcel.state.reason()?;
    if let (Reason::HeldByPerson, Some(by)) = (reason, &parcel.held_by) {
        let lost =
            if parcel.tried.is_some() { "; an answer of TikTok was lost before: it may have the number" } else { "" };
        return Some(format!("held by {}: {}{lost}", by.who, by.note));
    }
    let said = parcel.events.iter().rev().find(|event| event.what.reason() == Some(reason) && !event.detail.is_empty());
    if let (Reason::AcceptedWithWarning, Some(answer)) = (reason, &parcel.answer) {
        return Some(format!("TikTok says: {}", answer.message)).filter(|_| !answer.message.is_empty());
    }
    let answer = parcel.answer.as_ref().filter(|answer| answer.code != 0);
    match (said, answer) {
        (Some(event), Some(answer)) if !event.detail.contains(answer.message.as_str()) => {
            Some(format!("{}; TikTok says {}: {}", event.detail, answer.code, answer.message))
        }
        (Some(event), _) => Some(event.detail.clone()),
        (None, Some(answer)) => Some(format!("TikTok says {}: {}", answer.code, answer.message)),
        (None, None) => None,
    }
}

/// Whether a shop's list is more than a mail's or page's `limit`, as words; `None` when all of it is shown.
#[must_use]
pub fn rest(shown: usize, counts: &Counts) -> Option<String> {
    (counts.total > shown).then(|| format!("{shown} of {}, those that wait longest first", counts.total))
}

/// What of all these shops needs a hand, by shop.
///
/// # Errors
/// [`TableError`].
pub async fn of_shops(app: &App, shops: Vec<Shop>) -> Result<Vec<(Shop, Attention)>, TableError> {
    let mut all = Vec::new();
    for shop in shops {
        let attention = Attention::of(app, &shop.id).await?;
        all.push((shop, attention));
    }
    Ok(all)
}
