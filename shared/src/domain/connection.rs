//! What connects a store with TikTok shops, and a shop with its authorisation.

use crate::domain::custom_fields::Rule;
use crate::domain::deadline::Numbers;
use crate::domain::ids::{AccountId, HookId, OpenId, ShopId, StoreId, WarehouseId};
use crate::domain::mail_list::MailList;
use crate::domain::platform::Platform;
use crate::domain::reason::Reason;
use crate::domain::reauthorisation::{End, Standing};
use crate::domain::region::{AppRegion, FirstCall, Region};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A connected store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreConnection {
    /// Ours.
    pub id: StoreId,
    /// Who owns it.
    pub account: AccountId,
    /// What it is.
    pub platform: Platform,
    /// The TikTok shops its orders may belong to; the first one's shard works on parcels whose order is unknown.
    pub shops: Vec<ShopId>,
    /// What its people call it; absent: its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The store's own name for itself: Shopify's `*.myshopify.com` domain, a site's origin, BigCommerce's store hash.
    pub address: String,
    /// Its webhook address.
    pub hook: Option<HookId>,
    /// What a person set for this store.
    pub settings: StoreSettings,
    /// Whether it is in use.
    pub status: StoreStatus,
    /// When it was connected.
    pub connected: Timestamp,
    /// Something to do for it soon: clean up after an uninstall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// When the store is read next. Sooner than planned when a delivery could not be understood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_due: Option<Timestamp>,
    /// How far the polls have come.
    #[serde(default)]
    pub polls: PollState,
    /// Each of its parcels that matters has a place in the index of numbers. `false`: rows of an earlier version may not.
    #[serde(default)]
    pub placed: bool,
}

/// How far the polls of a store have come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PollState {
    /// Every change before this moment was seen and stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watermark: Option<Timestamp>,
    /// Where an unfinished poll goes on, in the words of the store's adapter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<String>,
    /// When the store was last asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Timestamp>,
    /// When a poll last saw a shipment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<Timestamp>,
    /// Why the last poll did not end well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Rows that only polls found, since the store was connected.
    pub found: u64,
    /// When its webhook subscriptions were last compared with the wanted ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscriptions_checked: Option<Timestamp>,
}

/// Whether a store connection is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreStatus {
    /// In use.
    Connected,
    /// The merchant removed the app; nothing is accepted any more, and its tokens are erased by the next tick.
    Uninstalled,
    /// The platform asked for the store's data to be erased; the next tick does it.
    Erasing,
}

/// What a person set for a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreSettings {
    /// A meta key, attribute or field in which this store keeps the TikTok order id; looked at before all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id_field: Option<String>,
    /// WooCommerce: a meta key that holds tracking numbers of a plug-in we do not know, and after a `|` the key of the
    /// carrier's name. `order_notes`: the shipping tool writes a note only, so the order's notes are read as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_field: Option<String>,
    /// Magento: which of its ways of telling is in use (`mage-os`, `io-events`, `commerce-webhooks`, `mageplaza`).
    /// BigCommerce: `app` where our app was installed, so that the app's secret signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<String>,
    /// A person keeps the webhook subscriptions; we do not touch them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub subscribed_by_hand: bool,
}

/// Why a shop's calls rest for a while, and are then tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resting {
    /// `APP_REFUSED`, `SHOP_INACTIVE` or `SHOP_CIPHER_WRONG`.
    pub reason: Reason,
    /// Since the first refusal.
    pub since: Timestamp,
}

/// A connected TikTok shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    /// TikTok's id.
    pub id: ShopId,
    /// Who owns it.
    pub account: AccountId,
    /// Its name at TikTok.
    pub name: String,
    /// Its market.
    pub region: Region,
    /// Which of our two apps it authorised.
    pub app: AppRegion,
    /// The authorisation: several shops may share one.
    pub open_id: OpenId,
    /// TikTok's per-shop key for calls. Credential-like: never shown.
    pub cipher: String,
    /// Why nothing is sent for it at the moment, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<Parked>,
    /// Not before: the shop's calls failed in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_until: Option<Timestamp>,
    /// Why it rests, when TikTok refuses our app or the shop as a whole. Gone with the first call that works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resting: Option<Resting>,
    /// What a person set.
    #[serde(default)]
    pub settings: ShopSettings,
    /// When it was connected first.
    pub connected: Timestamp,
    /// What is known about the owner's consent, and what comes next about it.
    #[serde(default)]
    pub consent: Consent,
    /// When a number last went out that TikTok may not count, because it did not sell the label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_warning: Option<Timestamp>,
    /// What TikTok's answers taught about the shop's market.
    #[serde(default, skip_serializing_if = "Learned::is_empty")]
    pub learned: Learned,
}

/// What a shop's market takes, learned from TikTok's answers where it differs from what this version knows, or where this
/// version knows nothing: markets open and change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Learned {
    /// The call that TikTok took for a first number after it had refused the other one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_call: Option<FirstCall>,
    /// The carrier list is asked for with the route: TikTok refused without.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_route: bool,
    /// Where the shop's warehouses stand: one end of the route.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub homes: BTreeMap<WarehouseId, Region>,
}

impl Learned {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Shop {
    /// The carrier list depends on where the parcel begins and ends.
    #[must_use]
    pub fn asks_by_route(&self) -> bool {
        self.region.needs_route() || self.learned.by_route
    }

    /// Orders may share a parcel by naming one number. `None`: nobody knows yet.
    #[must_use]
    pub fn combines_by_number(&self) -> Option<bool> {
        let learned = self.learned.first_call.map(|call| call == FirstCall::MarkPackageAsShipped);
        self.region.combines_by_number().or(learned)
    }

    /// When the owner last consented.
    #[must_use]
    pub fn granted(&self) -> Timestamp {
        self.consent.granted.unwrap_or(self.connected)
    }

    /// When the owner must have consented again, and which rule says so.
    #[must_use]
    pub fn reauthorise_by(&self, cycle_days: u16) -> End {
        End::of(self.granted(), cycle_days, self.consent.ends, self.consent.notice)
    }

    /// How TikTok treats our calls for it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match &self.parked {
            None => Standing::Accepted,
            Some(parked) if parked.reason == Reason::AuthRevoked => Standing::Removed(parked.since),
            Some(parked) => Standing::Refused(parked.since),
        }
    }

    /// Stops sending, or goes on. `false`: it was so already.
    pub fn pause(&mut self, paused: bool, by: &str, now: Timestamp) -> bool {
        if self.settings.sync != paused {
            return false;
        }
        self.settings.sync = !paused;
        self.settings.paused_since = paused.then_some(now);
        self.settings.paused_by = paused.then(|| by.to_owned());
        true
    }

    /// When the next step about its consent is due. A refusal that nobody was told of is due at once.
    #[must_use]
    pub fn step_due(&self) -> Option<Timestamp> {
        match &self.parked {
            Some(parked) if self.consent.told_of != Some(parked.since) => Some(parked.since),
            _ => self.consent.next_step,
        }
    }
}

/// What is known about an owner's consent, and what comes next about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Consent {
    /// When the owner last consented; absent on rows of the first version: when the shop was connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub granted: Option<Timestamp>,
    /// End of the period chosen on TikTok's consent page, as last told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    /// The end that TikTok announced (webhook type 7).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<Timestamp>,
    /// When the scheduled work looks at the shop again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_step: Option<Timestamp>,
    /// `since` of the refusal whose step is scheduled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told_of: Option<Timestamp>,
    /// The shop was connected again, and the owner is still to hear what became of what waited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumed: Option<Resumed>,
    /// Whether the shop has the Seller Shipping option; unknown until it was looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seller_shipping: Option<bool>,
    /// When TikTok's webhooks for this shop were last seen to be set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhooks_checked: Option<Timestamp>,
    /// Refused numbers up to here were told (mail 8).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusals_told: Option<Timestamp>,
    /// The last mail could not be delivered: since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail_fault: Option<Timestamp>,
}

/// A reconnect whose outcome is still to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// When.
    pub at: Timestamp,
    /// Trackings that waited then.
    pub waiting: u64,
}

/// The shop waits for its owner; its parcels stay where they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub since: Timestamp,
    /// The version of the grant that TikTok refused; a newer one frees the shop.
    pub grant_version: u64,
}

/// What a person set for a shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShopSettings {
    /// Send at all.
    pub sync: bool,
    /// A number that does not look like its carrier: hold it (`true`) or send it with a warning.
    pub hold_on_mismatch: bool,
    /// A buyer's pending cancellation request holds the parcel.
    pub cancel_brake: bool,
    /// Sample orders are held for a person.
    pub hold_samples: bool,
    /// Where TikTok counts a carrier's numbers only from labels that it sold, it is asked about each number.
    pub label_check: bool,
    /// A report by mail each Monday.
    pub weekly_report: bool,
    /// IANA time zone of its people.
    pub time_zone: Option<String>,
    /// Numbers of days that replace those of the market's policy.
    #[serde(skip_serializing_if = "is_unset")]
    pub clocks: Numbers,
    /// The hour of the daily digest in that zone, 0 to 23; 8 where nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest_hour: Option<u8>,
    /// Who gets the mails about it; absent on rows of earlier versions: the account's address.
    #[serde(skip_serializing_if = "MailList::is_empty")]
    pub mail_to: MailList,
    /// Since when it is paused; absent on rows of earlier versions, also while it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused_since: Option<Timestamp>,
    /// Who paused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused_by: Option<String>,
    /// What of TikTok's orders is written into the stores' orders.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "readable_rules")]
    pub fields: Vec<Rule>,
}

/// A rule that this version does not take is left out: it must not cost the shop its row.
fn readable_rules<'de, D: serde::Deserializer<'de>>(rules: D) -> Result<Vec<Rule>, D::Error> {
    let rules = Vec::<serde_json::Value>::deserialize(rules)?;
    Ok(rules.into_iter().filter_map(|rule| serde_json::from_value(rule).ok()).collect())
}

fn is_unset(numbers: &Numbers) -> bool {
    *numbers == Numbers::default()
}

impl Default for ShopSettings {
    fn default() -> Self {
        Self {
            sync: true,
            hold_on_mismatch: false,
            cancel_brake: true,
            hold_samples: false,
            label_check: true,
            weekly_report: false,
            time_zone: None,
            clocks: Numbers::default(),
            digest_hour: None,
            mail_to: MailList::default(),
            paused_since: None,
            paused_by: None,
            fields: Vec::new(),
        }
    }
}
