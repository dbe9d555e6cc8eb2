//! What a shop or a store is like now, as one state: the same words on pages, in commands and in `status`.

use crate::domain::connection::{Shop, StoreConnection, StoreStatus};
use crate::domain::labels;
use crate::domain::reason::Reason;
use crate::mail::zone;
use crate::stores::platforms::is_read;
use crate::table::heard::Heard;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A shop's one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShopStanding {
    /// Numbers are sent. Whole days until the owner must consent again; zero or less: overdue.
    Connected {
        /// Days.
        days: i64,
    },
    /// A person paused it here.
    Paused {
        /// Unknown for a pause of an earlier version.
        since: Option<Timestamp>,
        /// Who.
        by: Option<String>,
    },
    /// TikTok refuses our calls for it.
    Parked {
        /// Why.
        reason: Reason,
        /// Since when.
        since: Timestamp,
    },
    /// Its calls failed in a row, or TikTok asked for a pause: it goes on by itself.
    Resting {
        /// Until when.
        until: Timestamp,
        /// Why, where TikTok refuses our app or the shop as a whole: somebody is asked to act.
        reason: Option<Reason>,
    },
}

impl ShopStanding {
    /// The state of a shop whose consent counts for this many days.
    #[must_use]
    pub fn of(shop: &Shop, reauth_days: u16, now: Timestamp) -> Self {
        if let Some(parked) = &shop.parked {
            return Self::Parked { reason: parked.reason, since: parked.since };
        }
        if !shop.settings.sync {
            return Self::Paused { since: shop.settings.paused_since, by: shop.settings.paused_by.clone() };
        }
        match shop.hold_until.filter(|until| *until > now) {
            Some(until) => Self::Resting { until, reason: shop.resting.as_ref().map(|resting| resting.reason) },
            None => Self::Connected { days: shop.reauthorise_by(reauth_days).days_left(now) },
        }
    }

    /// Its word for scripts; a parked shop has its reason's code.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Connected { .. } => "connected",
            Self::Paused { .. } => "paused",
            Self::Parked { reason, .. } => reason.code(),
            Self::Resting { .. } => "resting",
        }
    }

    /// Numbers are sent for it, now or soon by itself.
    #[must_use]
    pub fn runs(&self) -> bool {
        matches!(self, Self::Connected { .. } | Self::Resting { .. })
    }
}

/// A shop's warning about labels is shown this long after the last number that it was for.
const LABELS_SHOWN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What is said of a shop whose numbers TikTok may not count, because it did not sell their labels. `None`: nothing is.
#[must_use]
pub fn label_words(shop: &Shop, zone: &TimeZone, now: Timestamp) -> Option<String> {
    let at = shop.label_warning.filter(|at| now.duration_since(*at) < LABELS_SHOWN)?;
    let today = now.to_zoned(TimeZone::UTC).date();
    let rule = labels::in_force(&shop.region, today).last()?;
    let (name, reason) = (rule.name, Reason::UspsLabel);
    Some(format!(
        "{} The last such {name} number went out on {}. {}",
        reason.sentence(),
        zone::date(at, zone),
        reason.remedy()
    ))
}

/// A store's one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreStanding {
    /// One read worked, or a signed delivery came.
    Connected,
    /// Nothing was heard from it yet.
    Waiting,
    /// It cannot be read.
    Unreachable {
        /// Everything before was seen; `None`: it never worked.
        since: Option<Timestamp>,
        /// What is wrong.
        why: String,
    },
    /// The merchant removed our app.
    Removed,
    /// The platform asked for its data to be erased.
    Erasing,
}

impl StoreStanding {
    /// The state of a store.
    #[must_use]
    pub fn of(store: &StoreConnection, heard: Heard) -> Self {
        let polls = &store.polls;
        match store.status {
            StoreStatus::Uninstalled => Self::Removed,
            StoreStatus::Erasing => Self::Erasing,
            StoreStatus::Connected => match &polls.trouble {
                Some(why) => Self::Unreachable { since: polls.watermark, why: why.clone() },
                None if heard.delivered.is_some() || polls.active.is_some() => Self::Connected,
                // A warehouse has no API: only what it sends tells that it is set up.
                None if polls.asked.is_some() && is_read(store.platform) => Self::Connected,
                None => Self::Waiting,
            },
        }
    }

    /// Its words.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Waiting => "waiting for the first parcel",
            Self::Unreachable { .. } => "cannot be reached",
            Self::Removed => "removed by the merchant",
            Self::Erasing => "being erased",
        }
    }
}

/// What people call a store: the name they gave it, else its address.
#[must_use]
pub fn store_name(store: &StoreConnection) -> &str {
    store.name.as_deref().unwrap_or(&store.address)
}
