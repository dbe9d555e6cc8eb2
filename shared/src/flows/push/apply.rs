//! Carries a plan out: writes, the call, and what its answer means.

use super::judge::Plan;
use super::orders::Desk;
use super::record;
use super::summary::one;
use super::taken::{free_duplicates, show, together};
use crate::domain::clock::Entropy;
use crate::domain::decision::{Carried, Decision, decide};
use crate::domain::ids::LineItemId;
use crate::domain::moves::{Accepted, CRASHES, Patience};
use crate::domain::parcel::{Parcel, ParcelState, Phase, Plain, Tried, WaitsFor};
use crate::domain::reason::{Reason, Who};
use crate::domain::tracking::same_number;
use crate::flows::calls::{Sending, Trouble};
use crate::flows::carriers::match_parcel::Maps;
use crate::tiktok::packages::Shipped;
use crate::tiktok::{Class, TikTokError};
use jiff::{SignedDuration, Timestamp};

/// Whether the order may be worked on further in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The next parcel.
    GoOn,
    /// No time, or our copy of the order may be stale: the next run reads it again.
    Stop,
}

/// So long after a call whose answer was lost a read that shows nothing of it is newer, although the order never changed.
const READS_ARE_NEWER: SignedDuration = SignedDuration::from_hours(1);

impl Desk<'_> {
    /// Carries a plan out.
    pub(super) async fn apply(&mut self, index: usize, plan: Plan) -> Next {
        let tally = &self.shop.run.tally;
        match self.rows[index].state.phase() {
            Phase::Done => return self.done_again(index, plan).await,
            Phase::Closed => return self.closed_again(index, plan).await,
            Phase::Open | Phase::Waiting => {}
        }
        if let Some(warning) = &plan.warning {
            let now = self.shop.run.app.clock.now();
            self.rows[index].note(now, Reason::CarrierFormatMismatch, warning.clone());
        }
        if plan.label.is_some() {
            self.warn_of_label(index);
        }
        match plan.decision.clone() {
            Decision::Close(state) => {
                one(&tally.skipped);
                self.write(index, |row, now, _| row.close(state, now)).await
            }
            Decision::CloseAndList(state) => {
                one(&tally.skipped);
                self.write(index, |row, now, _| row.close_and_list(state, now)).await
            }
            Decision::Wait { reason, until } => {
                one(&tally.waiting);
                self.write(index, |row, now, _| row.wait(reason, until, now)).await
            }
            Decision::Hold { reason, detail, waits_for } => self.hold(index, reason, detail, waits_for, &plan).await,
            Decision::Done { lines, package } => {
                let Some(carried) = plan.carried else { return Next::Stop };
                let now = self.shop.run.app.clock.now();
                let done = record::reconciled(&self.rows[index], &carried, (lines, package), &self.order, now);
                let done = Accepted { shared: plan.shared, ..done };
                if done.event == Plain::Reconciled {
                    one(&tally.reconciled);
                    // The call whose answer was lost may have taken another number off.
                    let shown = |n: &str| {
                        self.order.lines.iter().any(|l| l.tracking.as_deref().is_some_and(|t| same_number(t, n)))
                    };
                    let sent = self.rows.iter().filter_map(|row| Some(row.sent.as_ref()?.number.clone()));
                    let before: Vec<String> = sent.filter(|number| !shown(number)).collect();
                    free_duplicates(self.shop, &before, &done.carried.number).await;
                }
                self.shop.accepted.lock().await.push((self.order.id.clone(), done.carried.number.clone()));
                self.note(index, |row, now, _| row.accept(&done, now)).await
            }
            Decision::Push { save_first, .. } => self.send(index, &plan, save_first).await,
            Decision::Correct { .. } => self.send(index, &plan, false).await,
        }
    }

    async fn hold(&mut self, index: usize, reason: Reason, detail: String, waits_for: WaitsFor, plan: &Plan) -> Next {
        let tally = &self.shop.run.tally;
        one(&tally.held);
        if reason.who() == Who::Operator {
            one(&tally.held_unexpected);
            tracing::error!(order.id = %self.order.id, reason = %reason, "a parcel needs the operator");
        }
        let sighted = self.shop.sighted(&self.rows[index], reason).await;
        let next = self.write(index, |row, now, _| row.hold(reason, &detail, waits_for.clone(), now)).await;
        if next == Next::Stop {
            return next;
        }
        self.shop.count_sighted(sighted).await;
        match &plan.mapping {
            Some(mapping) => self.recheck(index, mapping).await,
            None => Next::GoOn,
        }
    }

    /// A hold that raced with a saved mapping frees itself.
    async fn recheck(&mut self, index: usize, mapping: &WaitsFor) -> Next {
        if !matches!(self.rows[index].waits_for, Some(WaitsFor::Mapping { .. })) {
            return Next::GoOn;
        }
        let connection = self.shop.calls.shop().await;
        match Maps::read(self.shop.run.app, &connection, true).await {
            Ok(read) if read.version() == *mapping => Next::GoOn,
            Ok(_) => {
                self.write(index, |row, now, _| row.queue_after_race(now)).await;
                Next::GoOn
            }
            Err(_) => Next::Stop,
        }
    }

    /// Whether a parcel that is done has work again under this plan: TikTok took its number back, or it is corrected.
    pub(super) fn begins_again(&self, index: usize, plan: &Plan) -> bool {
        let sends = matches!(plan.decision, Decision::Push { .. } | Decision::Correct { .. });
        let gone = !self.still_shows(&self.rows[index]) && !matches!(plan.decision, Decision::Done { .. });
        let queued = self.rows[index].sent.is_some() && (gone || matches!(plan.decision, Decision::Correct { .. }));
        queued && (sends || matches!(plan.decision, Decision::Hold { .. }))
    }

    /// TikTok spoke of an order whose parcel is done. What it still shows stays; what it took back is sent again.
    async fn done_again(&mut self, index: usize, plan: Plan) -> Next {
        if !self.begins_again(index, &plan) {
            return self.write(index, |row, _, _| row.as_it_was()).await;
        }
        let next = self
            .write(index, |row, now, _| {
                row.start_over(ParcelState::Queued, now);
            })
            .await;
        // Judged as a queued parcel from here on.
        if next == Next::GoOn { Box::pin(self.apply(index, plan)).await } else { next }
    }

    /// TikTok spoke of an order that was closed because it is TikTok's to ship. Still so: as it was. Else it is work again.
    async fn closed_again(&mut self, index: usize, plan: Plan) -> Next {
        if matches!(plan.decision, Decision::Close(_) | Decision::CloseAndList(_)) {
            return self.write(index, |row, _, _| row.as_it_was()).await;
        }
        let next = self
            .write(index, |row, now, _| {
                row.start_over(ParcelState::Queued, now);
            })
            .await;
        if next == Next::GoOn { Box::pin(self.apply(index, plan)).await } else { next }
    }

    /// Writes down what was decided, unless the row changed meanwhile.
    pub(super) async fn write(&mut self, index: usize, edit: impl Fn(&mut Parcel, Timestamp, &Entropy)) -> Next {
        let shop = self.shop;
        let row = self.rows[index].clone();
        self.keep(index, record::settle(shop, row, |row, now| edit(row, now, &shop.run.app.entropy)).await)
    }

    /// Writes down what a call did, whatever changed meanwhile.
    async fn note(&mut self, index: usize, edit: impl Fn(&mut Parcel, Timestamp, &Entropy)) -> Next {
        let shop = self.shop;
        let row = self.rows[index].clone();
        self.keep(index, record::change(shop, row, |row, now| edit(row, now, &shop.run.app.entropy)).await)
    }

    fn keep(&mut self, index: usize, written: Option<Parcel>) -> Next {
        match written {
            Some(row) => {
                self.rows[index] = row;
                Next::GoOn
            }
            None => Next::Stop,
        }
    }

    /// Saves what must be known if we stop here, calls, and writes down what came out.
    async fn send(&mut self, index: usize, plan: &Plan, save_first: bool) -> Next {
        let (Some(sending), Some(carried)) = (plan.call(), plan.carried.clone()) else { return Next::Stop };
        let careful = self.shop.careful;
        if careful && self.rows[index].crashes >= CRASHES {
            one(&self.shop.run.tally.held);
            return self
                .write(index, |row, now, _| {
                    row.hold(Reason::Internal, "its worker crashed three times", WaitsFor::Person, now);
                })
                .await;
        }
        let alone = self.shop.alone().await;
        if alone.is_some() && !self.shop.run.may_start() {
            return Next::Stop;
        }
        let lines = sending.lines().to_vec();
        if (save_first && self.rows[index].chosen != lines) || careful {
            let mut row = self.rows[index].clone();
            let now = self.shop.run.app.clock.now();
            if !row.about_to_send(save_first.then_some(&lines[..]), careful, now) {
                return Next::Stop;
            }
            if let Err(error) = self.shop.run.app.table.parcel_put(&mut row).await {
                let error = &error as &dyn std::error::Error;
                tracing::info!(store.id = %row.store, error, "row left to the next run");
                return Next::Stop;
            }
            self.rows[index] = row;
        }
        let answer = self.shop.calls.send(&self.order.id, &sending, &carried).await;
        drop(alone);
        let now = self.shop.run.app.clock.now();
        let tally = &self.shop.run.tally;
        match answer {
            Ok(shipped) => {
                one(if sending.is_correction() { &tally.corrected } else { &tally.pushed });
                let before = self.numbers_on(sending.lines());
                let done = self.takes(index, &sending, carried, shipped, now);
                let done = Accepted { shared: plan.shared.clone(), ..done };
                self.keep_call(plan).await;
                free_duplicates(self.shop, &before, &done.carried.number).await;
                self.shop.accepted.lock().await.push((self.order.id.clone(), done.carried.number.clone()));
                self.note(index, |row, now, _| row.accept(&done, now)).await
            }
            Err(Trouble::Stop | Trouble::Parked) => Next::Stop,
            Err(Trouble::TikTok(error)) => self.refused(index, plan, &sending, &carried, error).await,
        }
    }

    /// The numbers that TikTok shows on these units.
    fn numbers_on(&self, lines: &[LineItemId]) -> Vec<String> {
        let named = self.order.lines.iter().filter(|line| lines.contains(&line.id));
        named.filter_map(|line| line.tracking.clone()).collect()
    }

    /// TikTok takes a number: what that means for the row, and the order as it is from now on.
    pub(super) fn takes(
        &mut self,
        index: usize,
        sending: &Sending,
        carried: Carried,
        shipped: Shipped,
        now: Timestamp,
    ) -> Accepted {
        let done = Accepted {
            carrier_words: self.rows[index].carrier.clone(),
            lines: together(&self.order, &carried.number, sending.lines()),
            package: shipped.package.or_else(|| sending.package().cloned()),
            edits: sending.edits(),
            shipped_at: sending.shipped_at().unwrap_or(now),
            warning: shipped.warning,
            shared: Vec::new(),
            request_id: shipped.request_id,
            event: if sending.is_correction() { Plain::Corrected } else { Plain::Accepted },
            carried,
        };
        show(&mut self.order, &done);
        done
    }

    /// The outcome is unknown: stop here, because our copy of the order may be stale.
    async fn unknown(&mut self, index: usize, tried: &Tried) -> Next {
        one(&self.shop.run.tally.unknown);
        self.note(index, |row, now, entropy| row.unknown(tried, entropy, now)).await;
        Next::Stop
    }

    async fn refused(
        &mut self,
        index: usize,
        plan: &Plan,
        sending: &Sending,
        carried: &Carried,
        error: TikTokError,
    ) -> Next {
        if let Some(other) = self.another_call(index, plan, sending, carried, &error).await {
            return Box::pin(self.apply(index, other)).await;
        }
        let tally = &self.shop.run.tally;
        let before = self.rows[index].tried.clone();
        let this_call = Tried {
            number: carried.number.clone(),
            provider: carried.provider.clone(),
            provider_name: carried.provider_name.clone(),
            correction: sending.is_correction(),
            at: self.shop.run.app.clock.now(),
        };
        let class = if sending.is_correction() { error.class } else { error.class_of_a_first_number() };
        if class == Class::OutcomeUnknown {
            return self.unknown(index, &this_call).await;
        }
        let tried = before.clone().unwrap_or(this_call);
        let doubtful = before.is_some() && error.after_unknown_stays_unknown();
        let against = error.contradicts_the_read() || doubtful || matches!(class, Class::AlreadyDone | Class::EditUsed);
        if against {
            return self.read_against(index, plan, carried, &tried, doubtful, error, class).await;
        }
        let passing = matches!(class, Class::Retry(_) | Class::Wait(_) | Class::ClockSkew);
        one(if passing { &tally.retried } else { &tally.held });
        if matches!(class, Class::Operator(_) | Class::Unlisted) {
            one(&tally.held_unexpected);
            tracing::error!(
                order.id = %self.order.id, tiktok.code = error.code, tiktok.request_id = error.request_id,
                "TikTok refused in a way that needs the operator"
            );
        }
        self.write_refusal(index, plan, &error).await
    }

    /// The order is not as we read it: read again before anything is said about this parcel.
    #[expect(clippy::too_many_arguments, reason = "one refusal and what it was about")]
    async fn read_against(
        &mut self,
        index: usize,
        plan: &Plan,
        carried: &Carried,
        tried: &Tried,
        doubtful: bool,
        error: TikTokError,
        class: Class,
    ) -> Next {
        let id = self.order.id.clone();
        self.order = match self.shop.calls.order_detail(std::slice::from_ref(&id)).await {
            Ok(mut orders) if !orders.is_empty() => orders.swap_remove(0),
            Err(Trouble::Stop | Trouble::Parked) if class == Class::AlreadyDone || doubtful => {
                return self.unknown(index, tried).await;
            }
            Ok(_) | Err(_) => return Next::Stop,
        };
        let connection = self.shop.calls.shop().await;
        let rules = super::judge::rules(&connection);
        let now = self.shop.run.app.clock.now();
        let decision = decide(&self.rows[index], carried, &self.others(index), &self.order, &rules, now);
        let tally = &self.shop.run.tally;
        match decision {
            // The read shows nothing new. After a lost answer it may be behind, until it is newer than that call.
            Decision::Push { .. } | Decision::Correct { .. } => {
                let long_ago = now.duration_since(tried.at) >= READS_ARE_NEWER && !error.is_passing();
                let newer = long_ago || self.order.update_time.is_some_and(|at| at > tried.at);
                if (doubtful && !newer) || class == Class::AlreadyDone {
                    return self.unknown(index, tried).await;
                }
                one(&tally.held);
                if ends_a_row(class) {
                    // Only a read order closes a row: TikTok says one thing and shows another, so it is asked again.
                    return self.disagrees(index, &error).await;
                }
                self.write_refusal(index, plan, &error).await
            }
            // TikTok's own words say more than "not free".
            Decision::Hold { reason: Reason::LinesUnmatched, .. } if class == Class::NumberUsed => {
                one(&tally.held);
                self.write_refusal(index, plan, &error).await
            }
            // The window and the edit are said only of a number that was sent.
            Decision::Hold { reason: Reason::LinesUnmatched, .. } if doubtful => self.unknown(index, tried).await,
            other => {
                let plan = Plan { decision: other, carried: Some(carried.clone()), ..plan.clone() };
                Box::pin(self.apply(index, plan)).await
            }
        }
    }

    async fn disagrees(&mut self, index: usize, error: &TikTokError) -> Next {
        self.write(index, |row, now, entropy| {
            row.answered(record::answer(error));
            row.again(Reason::TikTokError, &error.message, Patience::Usual, error.retry_after, entropy, now);
        })
        .await
    }

    async fn write_refusal(&mut self, index: usize, plan: &Plan, error: &TikTokError) -> Next {
        let mapping = plan.mapping.clone();
        self.possible_cause(index, error).await;
        self.write(index, |row, now, e| record::refused(row, error, mapping.as_ref(), e, now)).await
    }

    /// The carrier list for this order cannot be had: its parcels alone are in trouble.
    pub(super) async fn list_refused(&mut self, index: usize, error: &TikTokError) -> Next {
        one(&self.shop.run.tally.retried);
        self.write(index, |row, now, e| record::refused(row, error, None, e, now)).await
    }
}

/// A refusal that would close the row as if the order were gone.
fn ends_a_row(class: Class) -> bool {
    matches!(class, Class::Hold(Reason::Cancelled | Reason::NotSellerShipping | Reason::FulfilledByTikTok))
}
