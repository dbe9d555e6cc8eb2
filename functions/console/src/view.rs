//! What pages show of a shop or store: words and numbers, never a token.

use jiff::Timestamp;
use serde::Serialize;
use waybill::app::App;
use waybill::domain::connection::{Shop, StoreConnection, StoreStatus};
use waybill::domain::labels::LABEL_RULES;
use waybill::domain::platform::Platform;
use waybill::domain::reauthorisation::{Standing, standing_step};
use waybill::flows::access::shop::grant_facts;
use waybill::flows::acts::settings;
use waybill::flows::views::attention::Counts;
use waybill::flows::views::standing::{StoreStanding, label_words, store_name};
use waybill::mail::zone;
use waybill::table::error::TableError;
use waybill::table::heard::Heard;

/// A shop on a page.
#[derive(Debug, Serialize)]
pub(crate) struct ShopView {
    id: String,
    name: String,
    region: String,
    state: &'static str,
    tone: &'static str,
    problem: Option<String>,
    option_off: bool,
    /// Numbers went out lately that TikTok may not count: the rule, and since when none did.
    label_warning: Option<String>,
    days: i64,
    /// Of a whole cycle, for the bar.
    cycle: u16,
    /// Numbers are sent: only then do days to a reconnect mean anything.
    runs: bool,
    pub(crate) paused: bool,
    pub(crate) urgent: bool,
    pub(crate) waiting: u64,
    pub(crate) held: usize,
    reasons: Vec<ReasonView>,
    until: String,
    rule: String,
    since: String,
    granted: String,
    refresh: String,
    webhooks: String,
    option: &'static str,
    next: String,
    mail_fault: Option<String>,
    sync: bool,
    standing: String,
}

#[derive(Debug, Serialize)]
struct ReasonView {
    count: usize,
    sentence: &'static str,
    remedy: &'static str,
}

/// A store on a page.
#[derive(Debug, Serialize)]
pub(crate) struct StoreView {
    /// What its people call it.
    address: String,
    /// The last delivery whose signature held.
    heard: Option<String>,
    /// Deliveries refused for their signature.
    refused: u64,
    platform: &'static str,
    state: &'static str,
    tone: &'static str,
    id: String,
    shops: String,
    since: String,
    read: Option<String>,
    trouble: Option<String>,
    /// Where the merchant says yes again, if that may help.
    again: Option<String>,
}

impl ShopView {
    pub(crate) async fn of(app: &App, shop: &Shop) -> Result<Self, TableError> {
        Self::with(app, shop, &Counts::of_shop(app, &shop.id).await?).await
    }

    /// The same where the attention list was read already.
    pub(crate) async fn with(app: &App, shop: &Shop, counts: &Counts) -> Result<Self, TableError> {
        let (now, days) = (app.clock.now(), app.config.reauth_days);
        let zone = zone::of(shop);
        let show = |at: Timestamp| zone::moment(at, &zone);
        let end = shop.reauthorise_by(days);
        let left = end.days_left(now);
        let standing = shop.standing();
        let (state, tone) = match (standing, shop.settings.sync) {
            (Standing::Refused(_) | Standing::Removed(_), _) => ("Disconnected", "now"),
            (Standing::Accepted, false) => ("Paused", "off"),
            (Standing::Accepted, true) if left <= 0 => ("Overdue", "now"),
            (Standing::Accepted, true) if left <= 30 => ("Reconnect soon", "soon"),
            (Standing::Accepted, true) => ("Connected", ""),
        };
        let refresh = match grant_facts(app, shop).await {
            Ok(Some(facts)) if shop.parked.is_none() => show(facts.refresh_due),
            Ok(_) => "not before the owner reconnects".to_owned(),
            Err(_) => "unknown at the moment".to_owned(),
        };
        let standing_words = match standing {
            Standing::Accepted if !shop.settings.sync => match shop.settings.paused_since {
                Some(since) => format!("Paused here since {}", show(since)),
                None => "Paused here".to_owned(),
            },
            Standing::Accepted if left <= 0 => format!("{} days overdue; tracking still runs", -left),
            Standing::Accepted => format!("{left} days left; tracking runs"),
            Standing::Refused(since) | Standing::Removed(since) => format!("Tracking is paused since {}", show(since)),
        };
        Ok(Self {
            id: shop.id.to_string(),
            name: shop.name.clone(),
            region: shop.region.to_string(),
            state,
            tone,
            label_warning: label_words(shop, &zone, now),
            problem: shop.parked.as_ref().map(|p| format!("{} {}", p.reason.sentence(), p.reason.remedy())),
            option_off: shop.consent.seller_shipping == Some(false),
            days: left,
            cycle: days,
            runs: shop.parked.is_none() && shop.settings.sync,
            paused: shop.parked.is_none() && !shop.settings.sync,
            urgent: left <= 30 || shop.parked.is_some(),
            waiting: app.table.push_waiting(&shop.id, Timestamp::MAX).await?,
            held: counts.total,
            reasons: counts
                .reasons
                .iter()
                .map(|(reason, count)| ReasonView {
                    count: *count,
                    sentence: reason.sentence(),
                    remedy: reason.remedy(),
                })
                .collect(),
            until: show(end.at),
            rule: end.source.explained(days),
            since: show(shop.connected),
            granted: show(shop.granted()),
            refresh,
            webhooks: shop
                .consent
                .webhooks_checked
                .map_or_else(|| "not set yet".to_owned(), |at| format!("set, checked {}", show(at))),
            option: match shop.consent.seller_shipping {
                Some(true) => "on",
                Some(false) => "off",
                None => "not known yet",
            },
            next: standing_step(end, standing, now).1.map_or_else(|| "none".to_owned(), show),
            mail_fault: shop.consent.mail_fault.map(show),
            sync: shop.settings.sync,
            standing: standing_words,
        })
    }
}

/// Our own words of a log as a sentence on a page.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase).into_iter().flatten();
    format!("{}.", first.chain(chars).collect::<String>().trim_end_matches('.'))
}

impl StoreView {
    pub(crate) fn of(store: &StoreConnection, shops: &[Shop], heard: Heard) -> Self {
        let names = store.shops.iter().map(|id| {
            shops.iter().find(|shop| shop.id == *id).map_or_else(|| id.to_string(), |shop| shop.name.clone())
        });
        let lost = store.status == StoreStatus::Uninstalled || store.polls.trouble.is_some();
        let in_browser =
            lost && matches!(store.platform, Platform::Shopify | Platform::WooCommerce | Platform::BigCommerce);
        let (state, tone) = match StoreStanding::of(store, heard) {
            StoreStanding::Connected => ("Connected", ""),
            StoreStanding::Waiting => ("Waiting for the first parcel", "off"),
            StoreStanding::Unreachable { .. } => ("Cannot be reached", "soon"),
            StoreStanding::Removed => ("Removed by the merchant", "now"),
            StoreStanding::Erasing => ("Being erased", "off"),
        };
        let heard_at = heard.delivered.map(|at| zone::moment(at, &jiff::tz::TimeZone::UTC));
        Self {
            address: store_name(store).to_owned(),
            heard: heard_at,
            refused: heard.refused,
            platform: store.platform.title(),
            state,
            tone,
            id: store.id.to_string(),
            shops: names.collect::<Vec<_>>().join(", "),
            since: zone::date(store.connected, &jiff::tz::TimeZone::UTC),
            read: store.polls.asked.map(|at| zone::moment(at, &jiff::tz::TimeZone::UTC)),
            trouble: store.polls.trouble.as_deref().map(sentence),
            again: in_browser.then(|| format!("/connect/{}", store.platform)),
        }
    }
}

/// A shop's settings as its form shows them.
#[derive(Debug, Serialize)]
pub(crate) struct SettingsView {
    hold: bool,
    cancel_brake: bool,
    hold_samples: bool,
    label_check: bool,
    /// Whose labels TikTok counts in this market, each rule with its date and source.
    label_rules: Vec<LabelRuleView>,
    weekly_report: bool,
    time_zone: String,
    /// The zone that counts now.
    zone: String,
    digest_hour: u8,
    clocks: Vec<ClockView>,
}

#[derive(Debug, Serialize)]
struct LabelRuleView {
    carrier: &'static str,
    since: String,
    source: &'static str,
}

#[derive(Debug, Serialize)]
struct ClockView {
    name: &'static str,
    words: &'static str,
    days: Option<u16>,
}

impl SettingsView {
    pub(crate) fn of(shop: &Shop) -> Self {
        let set = &shop.settings;
        let mut numbers = set.clocks;
        let clocks = settings::CLOCKS.into_iter().map(|(name, words)| ClockView {
            name,
            words,
            days: settings::clock(&mut numbers, name).copied().flatten(),
        });
        Self {
            hold: set.hold_on_mismatch,
            cancel_brake: set.cancel_brake,
            hold_samples: set.hold_samples,
            label_check: set.label_check,
            label_rules: LABEL_RULES
                .iter()
                .filter(|rule| rule.market == shop.region.as_str())
                .map(|rule| LabelRuleView {
                    carrier: rule.name,
                    since: rule.valid_from.to_string(),
                    source: rule.source,
                })
                .collect(),
            weekly_report: set.weekly_report,
            time_zone: set.time_zone.clone().unwrap_or_default(),
            zone: zone::of(shop).iana_name().unwrap_or("UTC").to_owned(),
            digest_hour: set.digest_hour.unwrap_or(settings::DIGEST_HOUR),
            clocks: clocks.collect(),
        }
    }
}
