//! One shop's step: what its owner is told, and what is looked after between two consents.

use crate::app::App;
use crate::domain::connection::{Parked, Shop};
use crate::domain::deadline::Clock;
use crate::domain::ids::{ShopId, TikTokOrderId};
use crate::domain::order_row::Rules;
use crate::domain::reason::Reason;
use crate::domain::reauthorisation::{Standing, Step, standing_step};
use crate::flows::access::shop::{AccessError, erase, grant_facts, grant_version};
use crate::flows::calls::{Budget, ShopCalls, Trouble};
use crate::flows::carriers::lists::{self as carrier_lists, ListError};
use crate::flows::connect::shop::{oldest_waiting, waiting};
use crate::flows::orders::begin;
use crate::flows::tell::links::{self, LinkError};
use crate::flows::tell::{TellError, Told, carrier_list, tell};
use crate::mail::letters::{self, Letter, Nearest, Outcome, TimeLeft};
use crate::table::error::TableError;
use crate::table::keys;
use crate::table::mails::MailStep;
use crate::tiktok::shops::WebhookSetting;
use jiff::{SignedDuration, Timestamp};

/// A shop is looked at this often at least.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);
/// One without an open order: each look writes three units or four.
const IDLE: SignedDuration = SignedDuration::from_hours(72);
/// A mail that did not leave is tried again after this long.
const RETRY: SignedDuration = SignedDuration::from_mins(15);
/// What waited for a reconnect has this long to be sent before the owner is told how it went.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);
/// Entries of the list of clocks that are looked through for one that is still ahead.
const A_LOOK: usize = 200;
/// It is looked at again after this long.
const AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// TikTok's events that this product listens to (types 1, 3, 4, 6, 7, 11, 12).
/// Source: TikTok Shop Partner Center, webhooks.
pub const EVENTS: [&str; 7] = [
    "ORDER_STATUS_CHANGE",
    "RECIPIENT_ADDRESS_UPDATE",
    "PACKAGE_UPDATE",
    "SELLER_DEAUTHORIZATION",
    "UPCOMING_AUTHORIZATION_EXPIRATION",
    "CANCELLATION_STATUS_CHANGE",
    "RETURN_STATUS_CHANGE",
];

/// A step that was not finished; it is due again.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Tokens.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Links.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Mails.
    #[error(transparent)]
    Tell(#[from] TellError),
}

/// Takes the step of a shop if it is due. Returns how many mails went out.
///
/// # Errors
/// [`StepError`].
pub async fn step(app: &App, id: &ShopId) -> Result<u64, StepError> {
    let now = app.clock.now();
    let Some(shop) = app.table.shop_get(id, true).await?.map(|shop| shop.row) else { return Ok(0) };
    if shop.step_due().is_none_or(|due| due > now) {
        return Ok(0);
    }
    let mut shop = with_grant(app, shop).await?;
    let mut looked = None;
    if shop.parked.is_none() {
        // Its other rows are looked at as often as this one.
        if !begin::in_order(app, &shop).await? {
            tracing::warn!(shop.id = %id, "a shop's visit or telling was in no list");
        }
        match Box::pin(look(app, &shop)).await {
            Some(Look::Saw(seen)) => {
                seen.note(&mut shop);
                looked = Some(seen);
            }
            // The shop rests, or waits for its owner: what was written about it is what goes on.
            Some(Look::Stopped) => shop = app.table.shop_get(id, true).await?.map_or(shop, |read| read.row),
            None => {}
        }
    }
    let lists = match carrier_list::run(app, &shop).await {
        Ok(sent) => sent,
        Err(error) => {
            tracing::warn!(shop.id = %id, error = &error as &dyn std::error::Error, "a changed carrier list was not told");
            0
        }
    };
    match mails(app, &shop, now).await {
        Ok(said) => {
            let sent = said.sent + lists;
            schedule(app, &shop, said, None, looked).await?;
            Ok(sent)
        }
        Err(error) => {
            let fault = matches!(error, StepError::Tell(_)).then_some(now);
            let again = Said { sent: 0, next: Some(now + RETRY), resumed_told: false };
            schedule(app, &shop, again, fault, looked).await?;
            Err(error)
        }
    }
}

/// Writes down when the shop is looked at next, and what was seen: one write a day. Whatever changed meanwhile (a consent,
/// a refusal) stays.
async fn schedule(
    app: &App,
    seen: &Shop,
    said: Said,
    fault: Option<Timestamp>,
    looked: Option<Looked>,
) -> Result<(), TableError> {
    app.table
        .shop_change(&seen.id, |shop| {
            if shop.consent.granted != seen.consent.granted {
                return false;
            }
            shop.consent.told_of = seen.parked.as_ref().map(|parked| parked.since);
            shop.consent.next_step = said.next;
            shop.consent.mail_fault = fault;
            if let Some(looked) = looked {
                looked.note(shop);
            }
            if said.resumed_told {
                shop.consent.resumed = None;
            }
            true
        })
        .await
        .map(drop)
}

/// The shop with what its grant says now. A shop without one waits for its owner.
async fn with_grant(app: &App, shop: Shop) -> Result<Shop, StepError> {
    if let Standing::Removed(_) = shop.standing() {
        erase_removed(app, &shop).await?;
        return Ok(shop);
    }
    let facts = grant_facts(app, &shop).await?;
    let now = app.clock.now();
    let changed = app
        .table
        .shop_change(&shop.id, |shop| match &facts {
            Some(facts) if shop.consent.ends == Some(facts.refresh_expires) => false,
            Some(facts) => {
                shop.consent.ends = Some(facts.refresh_expires);
                true
            }
            None if shop.parked.is_some() => false,
            None => {
                shop.parked = Some(Parked { reason: Reason::AuthExpired, since: now, grant_version: 0 });
                true
            }
        })
        .await?;
    Ok(changed.unwrap_or(shop))
}

/// Erases the tokens of a removed authorisation once none of its shops is in use.
async fn erase_removed(app: &App, shop: &Shop) -> Result<(), StepError> {
    for id in app.table.account_shops(&shop.account).await? {
        let other = app.table.shop_get(&id, true).await?.map(|other| other.row);
        if other.is_some_and(|other| other.app == shop.app && other.open_id == shop.open_id && other.parked.is_none()) {
            return Ok(());
        }
    }
    Ok(erase(app, &keys::grant(shop.app, &shop.open_id)).await?)
}

/// What a step said, and when the next one is due.
struct Said {
    sent: u64,
    next: Option<Timestamp>,
    resumed_told: bool,
}

/// What is due to be said now, and when to look again.
async fn mails(app: &App, shop: &Shop, now: Timestamp) -> Result<Said, StepError> {
    let days = app.config.reauth_days;
    let end = shop.reauthorise_by(days);
    let (standing, next) = standing_step(end, shop.standing(), now);
    let (mut sent, mut resumed_told) = (0, false);
    let idle = shop.parked.is_none() && !app.table.has_clocks(&shop.id).await?;
    let usual = now + if idle { IDLE } else { A_DAY };
    let mut look = match (shop.standing(), next) {
        (Standing::Removed(_), _) => None,
        (_, next) => Some(next.unwrap_or(usual).min(usual)),
    };
    if let (Some(resumed), None) = (shop.consent.resumed, &shop.parked) {
        let left = app.table.push_waiting(&shop.id, resumed.at).await?;
        if left > 0 && now < resumed.at + PATIENCE {
            look = Some(now + AGAIN);
        } else {
            let held = app.table.held_reasons(&shop.id).await?;
            let held = held.iter().filter(|entry| entry.since >= resumed.at).count() as u64;
            let outcome = Outcome { sent: resumed.waiting.saturating_sub(held + left), held, left };
            let step = ledger(shop, "4", "resumed".to_owned());
            let overview = links::page(app, "/");
            let told =
                tell(app, shop, step, async || Ok(letters::resumed(shop, resumed.at, outcome, end, days, &overview)));
            let told = told.await?;
            sent += u64::from(told == Told::Sent);
            resumed_told = told != Told::Unfinished;
            if told == Told::Unfinished {
                look = Some(now + RETRY);
            }
        }
    }
    if let Some(step) = standing {
        let kind = match step {
            Step::Before(_) => "1",
            Step::Overdue(_) => "2b",
            Step::Refused { .. } => "2",
            Step::Removed { .. } => "3",
        };
        let told = tell(app, shop, ledger(shop, kind, step.to_string()), async || write(app, shop, step, now).await);
        let told = told.await?;
        sent += u64::from(told == Told::Sent);
        if told == Told::Unfinished {
            // Its sender may be dead: by then the claim has aged. Or an address did not take it.
            look = Some(now + RETRY);
        }
    }
    Ok(Said { sent, next: look, resumed_told })
}

async fn write(app: &App, shop: &Shop, step: Step, now: Timestamp) -> Result<Letter, TellError> {
    let days = app.config.reauth_days;
    let end = shop.reauthorise_by(days);
    let link = links::reconnect(app, shop).await?;
    let waiting = waiting(app, &shop.id, now).await?;
    Ok(match step {
        Step::Before(_) => letters::reminder(shop, end, days, waiting, now, &link),
        Step::Overdue(_) => letters::overdue(shop, end, days, now, &link),
        Step::Removed { since } => letters::removed(shop, since, waiting, &link),
        Step::Refused { since, .. } => {
            let reason = shop.parked.as_ref().map_or(Reason::AuthExpired, |parked| parked.reason);
            let left = time_left(app, shop, now).await?;
            letters::refused(shop, reason, since, waiting, left.as_ref(), &link)
        }
    })
}

/// The nearest deadline that is still ahead, of the orders as last read; else counted from what waits.
async fn time_left(app: &App, shop: &Shop, now: Timestamp) -> Result<Option<TimeLeft>, TableError> {
    // A parked shop is not visited: entries whose time passed meanwhile still stand where they stood, and the next
    // deadline of their orders may be nearer than any other.
    let late = app.table.late(&shop.id).await?;
    let passed = app.table.clocks_first(&shop.id, A_LOOK).await?.into_iter().filter(|entry| entry.at.due <= now);
    let ahead = app.table.clock_ahead(&shop.id, now).await?;
    let mut nearest: Option<(TikTokOrderId, Clock, Timestamp, Timestamp)> = None;
    let mut take = |order: TikTokOrderId, clock, due, since| {
        if due > now && nearest.as_ref().is_none_or(|(_, _, known, _)| due < *known) {
            nearest = Some((order, clock, due, since));
        }
    };
    for entry in late.iter().chain(&ahead) {
        let at = &entry.at;
        take(at.order.clone(), at.clock, at.due, at.since);
    }
    for entry in passed.chain(late.into_iter().filter(|entry| entry.at.due <= now).take(A_LOOK)) {
        let row = app.table.tiktok_order(&shop.id, &entry.at.order, false).await?;
        let Some(row) = row.filter(|row| row.account == shop.account) else { continue };
        if let Some(next) = row.unmet(&Rules::of(shop)).into_iter().find(|deadline| deadline.due > now) {
            take(row.order.clone(), next.clock, next.due, entry.at.since);
        }
    }
    if let Some((order, clock, due, since)) = nearest {
        let read = app.table.visit_get(&shop.id).await?.and_then(|visit| visit.row.last);
        let nearest = Nearest { order: order.to_string(), clock, due, as_of: read.unwrap_or(since) };
        return Ok(Some(TimeLeft::Order(nearest)));
    }
    Ok(oldest_waiting(app, &shop.id).await?.map(TimeLeft::Estimate))
}

fn ledger(shop: &Shop, kind: &'static str, step: String) -> MailStep {
    MailStep { shop: shop.id.clone(), kind, cycle: shop.granted().as_millisecond().to_string(), step }
}

/// What a look after a shop gave.
enum Look {
    Saw(Looked),
    /// The shop rests, or waits for its owner.
    Stopped,
}

/// What was seen at TikTok.
#[derive(Clone, Copy)]
struct Looked {
    webhooks: Option<Timestamp>,
    option: Option<bool>,
}

impl Looked {
    fn note(self, shop: &mut Shop) {
        shop.consent.webhooks_checked = self.webhooks.or(shop.consent.webhooks_checked);
        shop.consent.seller_shipping = self.option.or(shop.consent.seller_shipping);
    }
}

/// Looks after a connected shop and writes down what was seen.
pub async fn look_after(app: &App, shop: &Shop) -> Option<Shop> {
    let changed = match Box::pin(look(app, shop)).await? {
        Look::Saw(looked) => {
            let note = |row: &mut Shop| {
                looked.note(row);
                true
            };
            app.table.shop_change(&shop.id, note).await
        }
        Look::Stopped => app.table.shop_get(&shop.id, true).await.map(|shop| shop.map(|shop| shop.row)),
    };
    changed.ok().flatten()
}

/// Looks after a connected shop, once a day while an order is open, else every third day: TikTok's webhooks are set, the Seller Shipping option is on, and the carrier
/// lists are read. What fails is tried on the next day; nothing else waits for it.
async fn look(app: &App, shop: &Shop) -> Option<Look> {
    let now = app.clock.now();
    let checked = shop.consent.webhooks_checked.is_some_and(|at| at + A_DAY > now);
    if checked || shop.hold_until.is_some_and(|until| until > now) {
        return None;
    }
    let budget = Budget::short(&app.clock);
    let stored = app.table.shop_get(&shop.id, true).await.ok().flatten()?;
    let calls = ShopCalls::new(app, &budget, stored, None);
    // TikTok cannot deliver to an address that only this machine can reach.
    let webhooks = if app.config.reaches_outside() {
        Box::pin(set_webhooks(&calls, shop)).await.map(|()| true)
    } else {
        Ok(false)
    };
    if let Err(error) = &webhooks {
        tracing::warn!(shop.id = %shop.id, error = error as &dyn std::error::Error, "TikTok's webhooks not set");
    }
    // The carrier lists belong to the Seller Shipping option: without the option there is none.
    let option = match webhooks {
        Err(Trouble::Stop | Trouble::Parked) => Err(ListError::Stop),
        _ => match Box::pin(carrier_lists::refresh_daily(&calls, shop)).await {
            Ok(()) => Ok(true),
            Err(ListError::NoOption) => Ok(false),
            Err(error) => Err(error),
        },
    };
    if let Err(error) = &option {
        tracing::warn!(shop.id = %shop.id, error = error as &dyn std::error::Error, "carrier lists not read");
        if matches!(error, ListError::Stop) {
            return Some(Look::Stopped);
        }
    }
    let set = webhooks.as_ref().is_ok_and(|set| *set);
    Some(Look::Saw(Looked { webhooks: set.then_some(now), option: option.ok() }))
}

/// Parks a shop whose grant TikTok refused, unless it was connected again meanwhile.
pub async fn park(app: &App, id: &ShopId, version: u64) {
    let Ok(Some(shop)) = app.table.shop_get(id, true).await else { return };
    if grant_version(app, &shop.row).await.is_ok_and(|newest| newest > version) {
        return;
    }
    let now = app.clock.now();
    let parked = app.table.shop_change(id, |shop| {
        let free = shop.parked.is_none();
        shop.parked.get_or_insert(Parked { reason: Reason::AuthExpired, since: now, grant_version: version });
        free
    });
    if let Err(error) = parked.await {
        tracing::warn!(shop.id = %id, error = &error as &dyn std::error::Error, "shop not parked");
    }
}

async fn set_webhooks(calls: &ShopCalls<'_>, shop: &Shop) -> Result<(), Trouble> {
    let address = links::hook(calls.app, &format!("/hooks/tiktok/{}", shop.app));
    let known = calls.webhook_list().await?;
    for event in EVENTS {
        if !known.iter().any(|setting| setting.event == event && setting.address == address) {
            let setting = WebhookSetting { event: event.to_owned(), address: address.clone() };
            calls.webhook_put(&setting).await?;
        }
    }
    Ok(())
}
