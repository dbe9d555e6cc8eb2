//! What to do with a parcel, given TikTok's order as just read. Pure; the push flow only carries it out.

mod corrections;

use crate::domain::allocation::{allocate, allocate_package, missing_units, same_items};
use crate::domain::ids::{LineItemId, PackageId, ProviderId};
use crate::domain::intake::{is_cancelled, is_replaced};
use crate::domain::order::{OrderLine, OrderState, PushRule, SplitTag, TikTokOrder};
use crate::domain::parcel::{Parcel, ParcelState, Sent, Source, WaitsFor};
use crate::domain::reason::Reason;
use crate::domain::region::{FirstCall, Region};
use crate::domain::tracking::{TrackingNumber, same_number};
use corrections::correction;
use jiff::{SignedDuration, Timestamp};

/// Corrections are taken for this long after shipping (US, UK: confirmed; elsewhere TikTok's answer decides).
pub const EDIT_WINDOW: SignedDuration = SignedDuration::from_hours(72);

/// How long an order on hold waits before it is read again.
pub const HOLD_CHECK: SignedDuration = SignedDuration::from_hours(1);

/// A parcel's number and carrier in the form that TikTok gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The carrier's canonical form of the number.
    pub number: String,
    /// From the shop's live list.
    pub provider: ProviderId,
    /// Its name on that list.
    pub provider_name: String,
}

/// What the shop's people set, as far as it decides about a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The shop's market.
    pub region: Region,
    /// A buyer's pending cancellation request holds the parcel.
    pub cancel_brake: bool,
    /// Sample orders are held.
    pub hold_samples: bool,
    /// The call for a first number that this shop was seen to take; `None`: what its market is known for.
    pub first_call: Option<FirstCall>,
}

impl Rules {
    /// The call for a first number of this order.
    #[must_use]
    pub fn call_for(&self, order: &TikTokOrder) -> FirstCall {
        self.region.call_for(self.first_call, shows_a_package(order))
    }
}

/// Whether TikTok shows a package of the order.
fn shows_a_package(order: &TikTokOrder) -> bool {
    !order.packages.is_empty() || order.lines.iter().any(|line| line.package.is_some())
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Send a first number.
    Push {
        /// The units that travel in this parcel, sorted.
        lines: Vec<LineItemId>,
        /// Through which call.
        through: Through,
        /// Other parcels of the order exist or may come: save `lines` before the call.
        save_first: bool,
    },
    /// Replace a number that we sent.
    Correct {
        /// The units it stands on.
        lines: Vec<LineItemId>,
        /// The package, where the order is split; else the order call.
        package: Option<PackageId>,
        /// Corrections used for these units, this one included.
        edits: u32,
        /// When the units were first shipped.
        shipped_at: Timestamp,
    },
    /// TikTok holds the number already.
    Done {
        /// The units it stands on.
        lines: Vec<LineItemId>,
        /// TikTok's package.
        package: Option<PackageId>,
    },
    /// Stay in the queue until then.
    Wait {
        /// Why.
        reason: Reason,
        /// When to look again.
        until: Timestamp,
    },
    /// Leave the queue for the attention list.
    Hold {
        /// Why.
        reason: Reason,
        /// More words for the merchant.
        detail: String,
        /// What frees it.
        waits_for: WaitsFor,
    },
    /// Never to be sent.
    Close(ParcelState),
    /// Not to be sent, although the store shipped it: closed, and listed until a person has seen it.
    CloseAndList(ParcelState),
}

/// The call for a first number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Through {
    /// Mark package as shipped; `whole`: name no lines, the order has nothing else.
    Order {
        /// No line needs naming.
        whole: bool,
    },
    /// Ship package with self-shipment.
    Package(PackageId),
}

/// What can be said without a carrier: the order's own state and kind. `None`: go on to the number and the carrier.
#[must_use]
pub fn gate(parcel: &Parcel, order: &TikTokOrder, rules: &Rules, now: Timestamp) -> Option<Decision> {
    let foreign = |value: &Option<String>, ours: &str| value.as_ref().is_some_and(|v| !v.eq_ignore_ascii_case(ours));
    if foreign(&order.fulfillment_type, "FULFILLMENT_BY_SELLER") {
        return Some(Decision::Close(ParcelState::Skipped(Reason::FulfilledByTikTok)));
    }
    if foreign(&order.shipping_type, "SELLER") {
        return Some(Decision::Close(ParcelState::Skipped(Reason::NotSellerShipping)));
    }
    if order.sample && rules.hold_samples {
        return Some(hold(Reason::SampleOrder, "", WaitsFor::Person));
    }
    match (&order.state, order.state.push_rule()) {
        (OrderState::Unknown(value), _) => {
            Some(hold(Reason::UnknownStatus, value, WaitsFor::OrderStatus(value.clone())))
        }
        (_, PushRule::Never) => {
            let shipped = parcel.number.is_some() && !parcel.is_withdrawn() && parcel.sent.is_none();
            let end = ParcelState::Skipped(Reason::Cancelled);
            Some(if shipped { Decision::CloseAndList(end) } else { Decision::Close(end) })
        }
        (state, PushRule::Wait) => Some(match order.release_ahead(now) {
            Some(until) => Decision::Wait { reason: Reason::PreOrder, until },
            None => {
                let reason = if *state == OrderState::OnHold { Reason::OnHold } else { Reason::Unpaid };
                Decision::Wait { reason, until: hold_ends(order, now) }
            }
        }),
        (state, PushRule::Push) if order.cancel_requested && rules.cancel_brake && parcel.sent.is_none() => {
            Some(hold(Reason::CancelRequested, "", WaitsFor::OrderStatus(state.shown_as())))
        }
        (state, PushRule::Push) if parcel.sent.is_none() => match order.remorse_ends(now) {
            Some(until) => Some(Decision::Wait { reason: Reason::OnHold, until }),
            // TikTok would refuse it: one call less, and it goes by itself once the invoice is there.
            None if order.kind.invoice.stands_in_the_way() => {
                Some(hold(Reason::TikTokRule, order.kind.invoice.sentence(), WaitsFor::OrderStatus(state.shown_as())))
            }
            None => None,
        },
        (_, PushRule::Push | PushRule::CorrectOnly | PushRule::No) => None,
    }
}

/// An hour after payment where TikTok tells the time, else in an hour; never in the past.
fn hold_ends(order: &TikTokOrder, now: Timestamp) -> Timestamp {
    let end = order.paid_time.map_or(now + HOLD_CHECK, |paid| paid + HOLD_CHECK);
    if end > now { end } else { now + HOLD_CHECK }
}

/// How a parcel ends that its store has replaced or cancelled. A shipment's id means something within its store order
/// only.
#[must_use]
pub fn goes(parcel: &Parcel, others: &[&Parcel]) -> Option<ParcelState> {
    let same_order = |other: &&Parcel| other.store == parcel.store && other.order == parcel.order;
    let siblings: Vec<&Parcel> = others.iter().copied().filter(same_order).collect();
    if is_replaced(parcel, &siblings) {
        Some(ParcelState::Superseded)
    } else if is_cancelled(parcel, &siblings) {
        Some(ParcelState::Skipped(Reason::Cancelled))
    } else {
        None
    }
}

/// A number that TikTok shows on every unit of the parcel asks nobody for a carrier: done, under the carrier it stands
/// with. `None`: something is open, or we sent it ourselves and the store may have another carrier now.
#[must_use]
pub fn done_without_carrier(parcel: &Parcel, others: &[&Parcel], order: &TikTokOrder) -> Option<(Carried, Decision)> {
    let number = parcel.number.as_ref()?.as_str();
    if parcel.sent.is_some() || parcel.tried.is_some() {
        return None;
    }
    let ours = holding(order, number);
    let provider = ours.first()?.provider.clone()?;
    if missing_units(parcel, others, order, number).is_some() {
        return None;
    }
    let carried = Carried { number: number.to_owned(), provider_name: provider.as_str().to_owned(), provider };
    Some((carried, done(&ours)))
}

/// Decides about a parcel whose number and carrier passed the checks. `others` are all other parcels of the order.
#[must_use]
pub fn decide(
    parcel: &Parcel,
    carried: &Carried,
    others: &[&Parcel],
    order: &TikTokOrder,
    rules: &Rules,
    now: Timestamp,
) -> Decision {
    if let Some(end) = goes(parcel, others) {
        return Decision::Close(end);
    }
    if let Some(decision) = gate(parcel, order, rules, now) {
        return decision;
    }
    let ours = holding(order, &carried.number);
    if let Some(correction) = correction(parcel, carried, others, order, now) {
        return correction;
    }
    let all_chosen_show = parcel.chosen.iter().all(|id| ours.iter().any(|l| l.id == *id));
    if !ours.is_empty() && all_chosen_show {
        return match missing_units(parcel, others, order, &carried.number) {
            None => done(&ours),
            Some(Ok(lines)) if order.state.push_rule() == PushRule::Push => push(lines, parcel, others, order, rules),
            Some(Ok(_)) => done(&ours),
            Some(Err(unclear)) => unmatched(order, others, unclear.sentence()),
        };
    }
    let open = |id: &LineItemId| order.lines.iter().any(|line| line.id == *id && line.is_open());
    let package = || match rules.call_for(order) {
        FirstCall::ShipPackage => allocate_package(parcel, others, order),
        FirstCall::MarkPackageAsShipped => None,
    };
    let lines = if !parcel.chosen.is_empty() && parcel.chosen.iter().all(open) {
        parcel.chosen.clone()
    } else if let Some(lines) = package() {
        lines
    } else {
        // Nothing chosen yet; or what was chosen went to another parcel meanwhile, and this number is nowhere.
        match allocate(parcel, others, order) {
            Ok(lines) => lines,
            Err(unclear) => return unmatched(order, others, unclear.sentence()),
        }
    };
    match order.state.push_rule() {
        PushRule::Push => push(lines, parcel, others, order, rules),
        _ => unmatched(order, others, "the order is past this step"),
    }
}

/// TikTok's lines that show a number, compared in the canonical form as far as blanks and case go.
#[must_use]
pub fn holding<'a>(order: &'a TikTokOrder, number: &str) -> Vec<&'a OrderLine> {
    order.lines.iter().filter(|line| line.tracking.as_ref().is_some_and(|t| same_number(t, number))).collect()
}

fn done(lines: &[&OrderLine]) -> Decision {
    let package = lines.first().and_then(|line| line.package.clone());
    Decision::Done { lines: sorted(lines), package }
}

fn sorted(lines: &[&OrderLine]) -> Vec<LineItemId> {
    let mut ids: Vec<LineItemId> = lines.iter().map(|line| line.id.clone()).collect();
    ids.sort();
    ids
}

fn push(lines: Vec<LineItemId>, parcel: &Parcel, others: &[&Parcel], order: &TikTokOrder, rules: &Rules) -> Decision {
    let alive = order.lines.iter().filter(|line| line.state != OrderState::Cancelled).count();
    let alone = lines.len() == alive
        && others.iter().all(|other| other.is_withdrawn() || other.number.is_none())
        && parcel.sources.iter().all(|s| s.sharing <= 1);
    match rules.call_for(order) {
        FirstCall::MarkPackageAsShipped => {
            let whole = alone && order.packages.len() <= 1;
            Decision::Push { lines, through: Through::Order { whole }, save_first: !alone }
        }
        FirstCall::ShipPackage => match package_of(&lines, order) {
            Some(package) => Decision::Push { lines, through: Through::Package(package), save_first: !alone },
            None if !shows_a_package(order) => hold(
                Reason::LinesUnmatched,
                "in this market TikTok ships whole packages, and shows none of this order yet",
                WaitsFor::OrderStatus(order.state.shown_as()),
            ),
            None => hold(
                Reason::LinesUnmatched,
                "in this market TikTok ships whole packages: split the order in Seller Center first",
                WaitsFor::Person,
            ),
        },
    }
}

/// The one package that holds exactly these lines.
fn package_of(lines: &[LineItemId], order: &TikTokOrder) -> Option<PackageId> {
    let known: Vec<&OrderLine> = order.lines.iter().filter(|line| lines.contains(&line.id)).collect();
    let package = known.first()?.package.clone().or_else(|| match order.packages.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    })?;
    let same = |line: &OrderLine| line.package.as_ref().is_none_or(|p| *p == package);
    let whole = order.lines.iter().filter(|line| line.state != OrderState::Cancelled && same(line)).count();
    (known.iter().all(|line| same(line)) && whole == lines.len()).then_some(package)
}

/// The items are not free: somebody else's number, or no way to tell.
fn unmatched(order: &TikTokOrder, others: &[&Parcel], detail: &str) -> Decision {
    let ours = |number: &str| {
        others.iter().any(|other| {
            other.sent.as_ref().is_some_and(|sent| same_number(&sent.number, number))
                || other.number.as_ref().is_some_and(|n: &TrackingNumber| same_number(n.as_str(), number))
        })
    };
    let foreign = order.lines.iter().filter_map(|line| line.tracking.as_deref()).find(|number| !ours(number));
    let open = order.lines.iter().any(OrderLine::is_open);
    match foreign {
        Some(number) if !open => hold(Reason::AlreadyShipped, number, WaitsFor::Person),
        _ => hold(Reason::LinesUnmatched, detail, WaitsFor::OrderStatus(order.state.shown_as())),
    }
}

/// A decision to hold.
#[must_use]
pub fn hold(reason: Reason, detail: &str, waits_for: WaitsFor) -> Decision {
    Decision::Hold { reason, detail: detail.to_owned(), waits_for }
}

#[cfg(test)]
#[path = "decision_tests.rs"]
mod tests;
