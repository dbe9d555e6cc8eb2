//! The lists of many shops and stores together.

use super::HeldRow;
use super::place::Place;
use crate::app::App;
use crate::carriers::Provider;
use crate::domain::connection::{Shop, StoreConnection};
use crate::domain::deadline::Clock;
use crate::domain::reason::Reason;
use crate::flows::carriers::match_parcel::folded;
use crate::flows::carriers::unmatched::{Likely, asks_for_a_name};
use crate::flows::orders::board;
use crate::flows::views::attention::{self, Attention, Held};
use crate::table::error::TableError;
use crate::table::keys;
use crate::table::parcels::HeldEntry;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};

/// Rows read at a time.
const TOGETHER: usize = 32;

/// Which entries are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// For this reason.
    pub reason: Option<Reason>,
    /// The store's carrier name, normalised: spellings of one name share it.
    pub carrier: Option<String>,
    /// Whose nearest deadline is of this clock.
    pub clock: Option<Clock>,
}

impl Filter {
    /// Whether rows have to be read to know what fits.
    #[must_use]
    pub fn reads_rows(&self) -> bool {
        self.carrier.is_some() || self.clock.is_some()
    }

    fn fits(&self, row: &HeldRow) -> bool {
        let carrier = |wanted: &String| folded(row.carrier.as_deref().unwrap_or_default()) == folded(wanted);
        self.reason.is_none_or(|reason| row.reason == reason.code())
            && self.carrier.as_ref().is_none_or(carrier)
            && self.clock.is_none_or(|clock| row.clock == Some(clock.word()))
    }
}

/// Entries of one reason in one shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The shop; that of the parcels where no shop is known for them.
    pub shop: String,
    /// Why.
    pub reason: Reason,
    /// How many.
    pub count: usize,
    /// Since when the oldest waits.
    pub oldest: Timestamp,
}

/// An entry, and which of the shops it is of; `None`: its shop is not known, or not connected.
#[derive(Clone, Debug)]
struct Entry {
    shop: Option<usize>,
    at: HeldEntry,
}

/// What a row is made of.
#[derive(Clone, Copy, Debug)]
enum Of<'a> {
    Entry(&'a Entry),
    Gone(&'a Held),
}

/// Everything of some shops and stores that needs a hand.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    shops: Vec<Shop>,
    entries: Vec<Entry>,
    /// Parcels whose shop is gone: no list holds them.
    gone: Vec<Held>,
}

impl Lists {
    /// Reads the lists of these shops, and of these stores what waits for no shop; entries of one reason, or of all.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn of(
        app: &App,
        shops: Vec<Shop>,
        stores: &[StoreConnection],
        reason: Option<Reason>,
    ) -> Result<Self, TableError> {
        let mut lists = Self { shops, ..Self::default() };
        let take = |lists: &mut Self, list: &Attention, shop: Option<usize>| {
            let fits = list.entries().iter().filter(|entry| reason.is_none_or(|reason| entry.reason == reason));
            lists.entries.extend(fits.map(|at| Entry { shop, at: at.clone() }));
        };
        for at in 0..lists.shops.len() {
            let list = Attention::of(app, &lists.shops[at].id).await?;
            take(&mut lists, &list, Some(at));
        }
        for store in stores {
            take(&mut lists, &Attention::of_store(app, &store.id).await?, None);
            lists.gone.extend(attention::without_shop(app, store).await?);
        }
        lists.gone.retain(|held| reason.is_none_or(|reason| held.reason == reason));
        Ok(lists)
    }

    /// The shops.
    #[must_use]
    pub fn shops(&self) -> &[Shop] {
        &self.shops
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> usize {
        self.entries.len() + self.gone.len()
    }

    /// How many of each reason in each shop, from the lists alone. What waits for no known shop stands under the shop of
    /// its parcels, so those are read.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn groups(&self, app: &App) -> Result<Vec<Group>, TableError> {
        let mut found: BTreeMap<(Option<usize>, String, Reason), (usize, Timestamp)> = BTreeMap::new();
        let mut add = |at: Option<usize>, shop: String, reason: Reason, since: Timestamp| {
            let group = found.entry((at, shop, reason)).or_insert((0, since));
            *group = (group.0 + 1, group.1.min(since));
        };
        let mut adrift = Vec::new();
        for entry in &self.entries {
            match entry.shop {
                Some(at) => add(entry.shop, self.shops[at].id.to_string(), entry.at.reason, entry.at.since),
                None => adrift.push(Of::Entry(entry)),
            }
        }
        for row in self.read(app, &adrift, false).await? {
            if let Some(reason) = Reason::parse(row.reason) {
                add(None, row.shop.clone(), reason, row.since);
            }
        }
        for held in &self.gone {
            add(None, held.parcel.shop.to_string(), held.reason, held.since);
        }
        // Shops in their order, then what has none.
        let mut groups: Vec<_> = found.into_iter().collect();
        groups.sort_by_key(|((at, shop, reason), _)| (at.is_none(), *at, shop.clone(), *reason));
        let group = |((_, shop, reason), (count, oldest))| Group { shop, reason, count, oldest };
        Ok(groups.into_iter().map(group).collect())
    }

    /// How many of each reason, from the lists alone.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Reason, usize> {
        let mut counts = BTreeMap::new();
        let reasons = self.entries.iter().map(|entry| entry.at.reason).chain(self.gone.iter().map(|held| held.reason));
        for reason in reasons {
            *counts.entry(reason).or_default() += 1;
        }
        counts
    }

    /// Every entry, those that wait longest first.
    fn by_age(&self) -> Vec<(Place, Of<'_>)> {
        let entries = self.entries.iter().map(|entry| (Place::by_age(entry.at.since, &entry.at.key), Of::Entry(entry)));
        let gone = self.gone.iter();
        let gone = gone.map(|held| (Place::by_age(held.since, &keys::parcel(&held.parcel)), Of::Gone(held)));
        let mut all: Vec<_> = entries.chain(gone).collect();
        all.sort_by_key(|(place, _)| *place);
        all
    }

    /// The rows of those entries that wait longest, at most `most`, in that order; with `clocks` each one's deadline. What
    /// was settled since the lists were read is left out.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn oldest(&self, app: &App, most: usize, clocks: bool) -> Result<Vec<HeldRow>, TableError> {
        let all: Vec<Of<'_>> = self.by_age().into_iter().take(most).map(|(_, of)| of).collect();
        let rows = self.read(app, &all, clocks).await?;
        self.with_carriers(app, rows).await
    }

    /// The carriers that TikTok's warnings name, and the likeliest ones of rows that ask for one: each takes a while to find, so only for rows that are shown.
    async fn with_carriers(&self, app: &App, mut rows: Vec<HeldRow>) -> Result<Vec<HeldRow>, TableError> {
        let mut likely: HashMap<String, Likely> = HashMap::new();
        let mut lists: HashMap<String, Vec<Provider>> = HashMap::new();
        for row in rows.iter_mut().filter(|row| row.reason == Reason::AcceptedWithWarning.code()) {
            let Some(shop) = self.shops.iter().find(|shop| shop.id.as_str() == row.shop) else { continue };
            if !lists.contains_key(&row.shop) {
                let list = app.table.providers_latest(&shop.id).await?.map(|list| list.providers).unwrap_or_default();
                let list = list.into_iter().map(|p| Provider { id: p.id, name: p.name }).collect();
                lists.insert(row.shop.clone(), list);
            }
            row.name_warning(lists.get(&row.shop).map(Vec::as_slice).unwrap_or_default(), app.clock.now());
        }
        for row in rows.iter_mut().filter(|row| Reason::parse(row.reason).is_some_and(asks_for_a_name)) {
            let Some(shop) = self.shops.iter().find(|shop| shop.id.as_str() == row.shop) else { continue };
            if !likely.contains_key(&row.shop) {
                likely.insert(row.shop.clone(), Likely::read(app, shop).await?);
            }
            if let Some(likely) = likely.get(&row.shop) {
                row.name_carriers(likely);
            }
        }
        Ok(rows)
    }

    async fn read(&self, app: &App, wanted: &[Of<'_>], clocks: bool) -> Result<Vec<HeldRow>, TableError> {
        let entries = wanted.iter().filter_map(|of| match of {
            Of::Entry(entry) => Some((*entry).clone()),
            Of::Gone(_) => None,
        });
        let rows = stream::iter(entries.collect::<Vec<Entry>>()).map(|entry| async move {
            let shop = entry.shop.map(|at| &self.shops[at]);
            if let (Some(order), Some(shop)) = (keys::tiktok_order_of(&entry.at.key), shop) {
                let known = board::known(app, shop, &order).await?;
                return Ok(known.and_then(|known| HeldRow::of_order(&known, shop)));
            }
            let Some(held) = attention::held(app, &entry.at.key).await? else { return Ok(None) };
            let row = HeldRow::of(&held);
            let (Some(order), Some(shop), true) = (held.parcel.tiktok_order(), shop, clocks) else {
                return Ok(Some(row));
            };
            let known = app.table.tiktok_order(&shop.id, order, false).await?;
            Ok(Some(row.with_clock(known.filter(|known| known.account == shop.account).as_ref(), shop)))
        });
        let read: Vec<Option<HeldRow>> = rows.buffered(TOGETHER).try_collect().await?;
        let mut read = read.into_iter();
        let row = |of: &Of<'_>| match of {
            Of::Entry(_) => read.next().flatten(),
            Of::Gone(held) => Some(HeldRow::of(held)),
        };
        Ok(wanted.iter().filter_map(row).collect())
    }

    /// One part of the list, at most `most` rows, from a place of an earlier part on. The nearest deadline comes first
    /// where at most `sorted` entries have to be read for it, else what waits longest. A filter that looks into rows
    /// looks into those of the oldest `sorted` entries at least, and says so when there are more.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn part(
        &self,
        app: &App,
        filter: &Filter,
        after: Option<&str>,
        most: usize,
        sorted: Sorted,
    ) -> Result<Part, TableError> {
        let after = after.and_then(Place::read);
        let (total, by_rows) = (self.total(), filter.reads_rows());
        let limit = if by_rows { sorted.filtered } else { sorted.by_deadline };
        if !by_rows && total > limit {
            let mut all = self.by_age();
            all.retain(|(place, _)| after.is_none_or(|after| *place > after));
            let next = all.get(most).and(all.get(most.saturating_sub(1))).map(|(place, _)| place.to_string());
            let part: Vec<Of<'_>> = all.into_iter().take(most).map(|(_, of)| of).collect();
            let rows = self.read(app, &part, true).await?;
            let rows = self.with_carriers(app, rows).await?;
            return Ok(Part { rows, next, by_deadline: false, total, looked: None, counts: self.counts() });
        }
        let all: Vec<Of<'_>> = self.by_age().into_iter().take(limit).map(|(_, of)| of).collect();
        let mut rows = self.read(app, &all, true).await?;
        rows.retain(|row| filter.fits(row));
        let mut counts: BTreeMap<Reason, usize> = BTreeMap::new();
        for reason in rows.iter().filter_map(|row| Reason::parse(row.reason)) {
            *counts.entry(reason).or_default() += 1;
        }
        let found = rows.len();
        rows.sort_by_key(Place::of);
        rows.retain(|row| after.is_none_or(|after| Place::of(row) > after));
        let more = rows.len() > most;
        rows.truncate(most);
        let next = rows.last().filter(|_| more).map(|row| Place::of(row).to_string());
        let rows = self.with_carriers(app, rows).await?;
        let looked = (total > limit).then_some(limit);
        Ok(Part { rows, next, by_deadline: true, total: found, looked, counts })
    }
}

/// How many entries are read to sort or to filter them; longer lists are shown by age.
#[derive(Clone, Copy, Debug)]
pub struct Sorted {
    /// Without a filter that looks into rows.
    pub by_deadline: usize,
    /// With one.
    pub filtered: usize,
}

/// One part of a list.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Its rows, in their order.
    pub rows: Vec<HeldRow>,
    /// Where the next part begins; `None`: this is the last one.
    pub next: Option<String>,
    /// The nearest deadline comes first; else what waits longest.
    pub by_deadline: bool,
    /// Entries that fit.
    pub total: usize,
    /// There were more: only this many of the oldest were looked through.
    pub looked: Option<usize>,
    /// Entries that fit, by reason.
    pub counts: BTreeMap<Reason, usize>,
}
