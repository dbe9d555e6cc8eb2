//! Webhook subscriptions: list what a store has, compare with what we want, create, repair or take away the difference.
//!
//! Stores delete or disable subscriptions on their own (Shopify after 8 failures, WooCommerce after more than 5,
//! BigCommerce after 48 hours), so the same machine runs at set-up and every day.

use super::error::StoreError;
use super::{StoreAccess, answer, bigcommerce, magento, shopify, woocommerce};
use crate::domain::platform::Platform;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use secrecy::SecretString;
use std::collections::BTreeSet;

/// Pages of subscriptions read at most.
const MOST_PAGES: u32 = 50;

/// Where a store shall deliver.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The hook's full address.
    pub address: String,
    /// Addresses of ours that it delivered to before. They are taken away once the new one stands, topic by topic.
    pub former: Vec<String>,
    /// The secret that signs, where the platform takes one from us (WooCommerce, Mage-OS). Letters and digits only.
    pub secret: Option<SecretString>,
    /// BigCommerce: the value of the `X-Tracking-Auth` header that every delivery must carry.
    pub header: Option<SecretString>,
}

impl Wanted {
    /// All addresses of ours, the wanted one first.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.address).chain(&self.former).map(String::as_str)
    }

    fn was_ours(&self, address: &str) -> bool {
        self.former.iter().any(|former| same_address(former, address))
    }
}

/// What to do about the difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Create what is missing, wake up what sleeps, remove doubles and what a former address no longer has to hear.
    Ensure,
    /// Only look.
    Check,
    /// Take away everything that delivers to us.
    Remove,
}

/// What was found and done, by topic as the platform names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// There and active before.
    pub in_place: Vec<String>,
    /// Not there or asleep, and now there.
    pub repaired: Vec<String>,
    /// Not there or asleep, and left so: only looked.
    pub missing: Vec<String>,
    /// Taken away.
    pub removed: Vec<String>,
    /// What the platform would not do, with what it said.
    pub refused: Vec<(String, String)>,
    /// What a person must do by hand, step by step. Platforms without an API for it have only this.
    pub by_hand: Vec<String>,
}

/// One step.
#[derive(Debug)]
pub enum SubscriptionStep {
    /// Send this and hand the answer to the next call.
    Send(Request<Bytes>),
    /// Finished.
    Done(Report),
}

/// A comparison under way: a small machine that never does I/O itself.
pub trait SubscriptionMachine: Send {
    /// The first call passes `None`; every further one the answer to the request just sent.
    ///
    /// # Errors
    /// [`StoreError`] says what the caller can do. Beginning anew is always safe.
    fn step(&mut self, answer: Option<&Response<Bytes>>, now: Timestamp) -> Result<SubscriptionStep, StoreError>;
}

/// Begins to compare a store's subscriptions with the wanted ones. Stores without an API for it give the steps for a
/// person at once.
///
/// # Errors
/// [`StoreError::Unauthorised`] for credentials of the wrong kind.
pub fn subscriptions(
    access: &StoreAccess,
    wanted: Wanted,
    goal: Goal,
) -> Result<Box<dyn SubscriptionMachine>, StoreError> {
    Ok(match access.platform {
        Platform::Shopify => Box::new(Keeper::new(shopify::subscriptions::Hooks::new(access, wanted)?, goal)),
        Platform::WooCommerce => Box::new(Keeper::new(woocommerce::subscriptions::Hooks::new(access, wanted)?, goal)),
        Platform::BigCommerce => Box::new(Keeper::new(bigcommerce::subscriptions::Hooks::new(access, wanted)?, goal)),
        Platform::Magento if magento::subscriptions::has_api(&access.settings) => {
            Box::new(Keeper::new(magento::subscriptions::Hooks::new(access, wanted)?, goal))
        }
        Platform::Magento | Platform::Generic => {
            let by_hand = hand_steps(access.platform, access.settings.way.as_deref(), &wanted.address);
            Box::new(ByHand(Report { by_hand, ..Report::default() }))
        }
    })
}

/// The steps for a person, for any platform and way, also where an API could do it.
#[must_use]
pub fn hand_steps(platform: Platform, way: Option<&str>, address: &str) -> Vec<String> {
    let steps = match platform {
        Platform::Shopify => shopify::subscriptions::BY_HAND,
        Platform::WooCommerce => woocommerce::subscriptions::BY_HAND,
        Platform::BigCommerce => bigcommerce::subscriptions::BY_HAND,
        Platform::Magento => magento::subscriptions::by_hand(way),
        Platform::Generic => &[
            "Give the warehouse this address and the signing secret: {address}",
            "It sends one signed request for each parcel, as the OpenAPI description says (Standard Webhooks signature)",
            "Send one parcel as a trial: the answer 200 means that it is stored, 422 names the field to change",
        ],
    };
    steps.iter().map(|step| step.replace("{address}", address)).collect()
}

struct ByHand(Report);

impl SubscriptionMachine for ByHand {
    fn step(&mut self, _: Option<&Response<Bytes>>, _: Timestamp) -> Result<SubscriptionStep, StoreError> {
        Ok(SubscriptionStep::Done(std::mem::take(&mut self.0)))
    }
}

/// A subscription that a store has.
#[derive(Clone, Debug)]
pub(super) struct Existing {
    pub(super) id: String,
    pub(super) topic: String,
    pub(super) address: String,
    /// It delivers, and as we want it.
    pub(super) good: bool,
}

/// A change of one subscription.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Create(String),
    Repair(Existing),
    Remove(Existing),
}

impl Change {
    fn topic(&self) -> &str {
        match self {
            Self::Create(topic) => topic,
            Self::Repair(existing) | Self::Remove(existing) => &existing.topic,
        }
    }
}

/// One platform's way to list and change subscriptions.
pub(super) trait HookApi: Send {
    /// The topics that we want.
    fn topics(&self) -> &'static [&'static str];
    /// Where deliveries go, and went.
    fn wanted(&self) -> &Wanted;
    /// Asks for a page of the list; `page` is what [`HookApi::listed`] gave.
    fn list(&mut self, page: Option<&str>, now: Timestamp) -> Result<Request<Bytes>, StoreError>;
    /// Reads a page: what it holds, and where the next one is.
    fn listed(&self, answer: &Response<Bytes>) -> Result<(Vec<Existing>, Option<String>), StoreError>;
    /// Asks for a change. `None`: the platform has no such call.
    fn change(&mut self, change: &Change, now: Timestamp) -> Result<Option<Request<Bytes>>, StoreError>;
    /// Reads the answer to a change: `Some` is what the platform said against it.
    fn changed(&self, answer: &Response<Bytes>) -> Result<Option<String>, StoreError> {
        refusal(answer)
    }
    /// Removing only switches off, so what sleeps already needs no change.
    fn removal_switches_off(&self) -> bool {
        false
    }
    /// What a person must do when the platform has no call for a change.
    fn hand_step(&self, change: &Change) -> String {
        format!("Remove the webhook {} that delivers to {}", change.topic(), self.wanted().address)
    }
}

/// The usual sign of a refused change: a 4xx whose text is worth showing.
pub(super) fn refusal(response: &Response<Bytes>) -> Result<Option<String>, StoreError> {
    let status = response.status();
    let refused = status.is_client_error() && !matches!(status.as_u16(), 401 | 403 | 404 | 410 | 429);
    if refused {
        return Ok(Some(format!("HTTP {}", status.as_u16())));
    }
    // Whatever is gone is gone: a removal has reached its aim, and the next run creates anew.
    answer::sorted(response).map(|_| None)
}

/// The same work on every platform.
struct Keeper<A> {
    api: A,
    goal: Goal,
    existing: Vec<Existing>,
    pages: u32,
    listing: bool,
    /// Last one first.
    changes: Vec<Change>,
    changing: Option<Change>,
    report: Report,
}

impl<A: HookApi> Keeper<A> {
    fn new(api: A, goal: Goal) -> Self {
        Self {
            api,
            goal,
            existing: Vec::new(),
            pages: 0,
            listing: true,
            changes: Vec::new(),
            changing: None,
            report: Report::default(),
        }
    }

    fn plan(&mut self) {
        let wanted = self.api.wanted();
        // Lists shift while they are read: one may show up twice.
        let mut seen = BTreeSet::new();
        self.existing.retain(|existing| seen.insert(existing.id.clone()));
        let (ours, rest): (Vec<Existing>, Vec<Existing>) =
            self.existing.drain(..).partition(|existing| same_address(&existing.address, &wanted.address));
        let former = rest.into_iter().filter(|existing| wanted.was_ours(&existing.address));
        let removable = |existing: &Existing, api: &A| existing.good || !api.removal_switches_off();
        if self.goal == Goal::Remove {
            let all = ours.into_iter().chain(former);
            self.changes = all.filter(|existing| removable(existing, &self.api)).map(Change::Remove).collect();
            return;
        }
        let topics = self.api.topics();
        for topic in topics {
            let mut same: Vec<&Existing> = ours.iter().filter(|existing| existing.topic == *topic).collect();
            // The good one stays; without one, the first is repaired.
            same.sort_by_key(|existing| !existing.good);
            let change = match same.first() {
                Some(existing) if existing.good => {
                    self.report.in_place.push((*topic).to_owned());
                    None
                }
                Some(existing) => Some(Change::Repair((*existing).clone())),
                None => Some(Change::Create((*topic).to_owned())),
            };
            self.changes.extend(change);
            // Two subscriptions to one topic give two deliveries.
            let doubles = same.iter().skip(1).filter(|existing| removable(existing, &self.api));
            self.changes.extend(doubles.map(|existing| Change::Remove((*existing).clone())));
        }
        // Last of all: until the new one stands, the former one delivers. What a person added there stays.
        let former = former.filter(|existing| topics.contains(&existing.topic.as_str()));
        self.changes.extend(former.filter(|existing| removable(existing, &self.api)).map(Change::Remove));
        if self.goal == Goal::Check {
            let missing = self.changes.drain(..).filter(|change| !matches!(change, Change::Remove(_)));
            self.report.missing.extend(missing.map(|change| change.topic().to_owned()));
        }
        self.changes.reverse();
    }

    /// The store refused the new subscription: the former one is all that tells us of this topic.
    fn keep_former(&mut self, topic: &str) {
        let wanted = self.api.wanted();
        self.changes.retain(|change| match change {
            Change::Remove(existing) => existing.topic != topic || same_address(&existing.address, &wanted.address),
            Change::Create(_) | Change::Repair(_) => true,
        });
    }

    fn next(&mut self, now: Timestamp) -> Result<SubscriptionStep, StoreError> {
        while let Some(change) = self.changes.pop() {
            match self.api.change(&change, now)? {
                Some(request) => {
                    self.changing = Some(change);
                    return Ok(SubscriptionStep::Send(request));
                }
                None => self.report.by_hand.push(self.api.hand_step(&change)),
            }
        }
        Ok(SubscriptionStep::Done(std::mem::take(&mut self.report)))
    }
}

impl<A: HookApi> SubscriptionMachine for Keeper<A> {
    fn step(&mut self, answer: Option<&Response<Bytes>>, now: Timestamp) -> Result<SubscriptionStep, StoreError> {
        let Some(answer) = answer else { return self.api.list(None, now).map(SubscriptionStep::Send) };
        if self.listing {
            let (existing, page) = self.api.listed(answer)?;
            self.existing.extend(existing);
            self.pages += 1;
            if let Some(page) = page.filter(|_| self.pages < MOST_PAGES) {
                return self.api.list(Some(&page), now).map(SubscriptionStep::Send);
            }
            self.listing = false;
            self.plan();
            return self.next(now);
        }
        if let Some(change) = self.changing.take() {
            let topic = change.topic().to_owned();
            match (self.api.changed(answer)?, change) {
                (Some(said), change) => {
                    if !matches!(change, Change::Remove(_)) {
                        self.keep_former(&topic);
                    }
                    self.report.refused.push((topic, said.chars().take(200).collect()));
                }
                (None, Change::Remove(_)) => self.report.removed.push(topic),
                (None, Change::Create(_) | Change::Repair(_)) => self.report.repaired.push(topic),
            }
        }
        self.next(now)
    }
}

/// Addresses compare without a trailing slash: platforms add or drop it.
fn same_address(left: &str, right: &str) -> bool {
    left.trim_end_matches('/') == right.trim_end_matches('/')
}
