//! Which of the shop's shipping providers a parcel travels with: the merchant's own mapping first, then the shop's live
//! list. Ids only ever come from that list.

use crate::app::App;
use crate::carriers::{Catalogue, LiveList, Mismatch, Provider, Question, Resolution, Wishes, name_key};
use crate::domain::connection::Shop;
use crate::domain::decision::Carried;
use crate::domain::ids::TikTokOrderId;
use crate::domain::parcel::{Parcel, WaitsFor};
use crate::domain::platform::Platform;
use crate::domain::reason::Reason;
use crate::table::error::TableError;
use crate::table::maps::{CarrierMap, MapScope, ProviderList, ProviderRow};

/// A shop's carrier map above its account's default.
#[derive(Clone, Debug, Default)]
pub struct Maps {
    /// The shop's own.
    pub shop: CarrierMap,
    /// The account's.
    pub account: CarrierMap,
}

impl Maps {
    /// Reads both.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn read(app: &App, shop: &Shop, strong: bool) -> Result<Self, TableError> {
        let (own, default) = (MapScope::Shop(shop.id.clone()), MapScope::Account(shop.account.clone()));
        let (shop, account) =
            futures_util::future::try_join(app.table.map_get(&own, strong), app.table.map_get(&default, strong))
                .await?;
        Ok(Self { shop, account })
    }

    /// The TikTok carrier that a person chose for a store's words.
    #[must_use]
    pub fn choice(&self, store_carrier: &str) -> Option<&str> {
        let wanted = folded(store_carrier);
        [&self.shop, &self.account].into_iter().find_map(|map| {
            let entry = map.entries.iter().find(|entry| folded(&entry.store_carrier) == wanted)?;
            Some(entry.tiktok_carrier.as_str())
        })
    }

    /// What a hold waits for: a newer version of either map.
    #[must_use]
    pub fn version(&self) -> WaitsFor {
        WaitsFor::Mapping { shop: self.shop.version, account: self.account.version }
    }
}

/// The form in which two spellings of a store's carrier name count as one: without case, blanks, signs and accents.
#[must_use]
pub fn folded(name: &str) -> String {
    name_key(name)
}

/// The entries of a stored list as the carrier rules read them.
#[must_use]
pub fn entries(list: &[ProviderRow]) -> Vec<Provider> {
    list.iter().map(|p| Provider { id: p.id.clone(), name: p.name.clone() }).collect()
}

/// A shop's carrier list, its entries recognised once for all parcels.
#[must_use]
pub fn recognised(shop: &Shop, list: &ProviderList) -> LiveList<'static> {
    LiveList::new(Catalogue::bundled(), &shop.region, &entries(&list.providers))
}

/// What came out for a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// Send it so.
    Carried {
        /// The provider and the canonical number.
        carried: Carried,
        /// What the merchant should know all the same.
        warning: Option<String>,
    },
    /// Hold it.
    Hold {
        /// Why.
        reason: Reason,
        /// More words.
        detail: String,
    },
}

/// What the carrier rules are asked about a number of this shop: with its mapping and its setting. `identify --shop` and
/// the push ask the same.
#[must_use]
pub fn question<'a>(
    number: &'a str,
    words: Option<&'a str>,
    maps: &'a Maps,
    shop: &'a Shop,
    confirmed: bool,
) -> Question<'a> {
    let mismatch = if shop.settings.hold_on_mismatch { Mismatch::Hold } else { Mismatch::Warn };
    Question {
        store_name: words,
        number,
        region: &shop.region,
        platform: None,
        merchant_choice: maps.choice(words.unwrap_or_default()),
        references: &[],
        wishes: Wishes { mismatch, confirmed },
    }
}

/// Finds the provider and the form of the number that TikTok gets.
#[must_use]
pub fn match_parcel(parcel: &Parcel, maps: &Maps, list: &LiveList<'_>, platform: Platform, shop: &Shop) -> Match {
    let Some(number) = &parcel.number else {
        return Match::Hold { reason: Reason::TrackingMissing, detail: String::new() };
    };
    let words = parcel.carrier.as_deref();
    let mut references = vec![parcel.order.as_str()];
    references.extend(parcel.order_name.as_deref());
    references.extend(parcel.tiktok_order().map(TikTokOrderId::as_str));
    let question = Question {
        platform: Some(platform),
        references: &references,
        ..question(number.as_str(), words, maps, shop, parcel.confirmed)
    };
    match list.resolve(&question) {
        Resolution::Provider { provider, number, warning, .. } => Match::Carried {
            carried: Carried { number, provider: provider.id, provider_name: provider.name },
            warning: warning.map(|warning| warning.why),
        },
        Resolution::Hold { reason, why, .. } => Match::Hold { reason, detail: why },
    }
}
