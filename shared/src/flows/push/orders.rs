//! One TikTok order: its due parcels one after the other, each with the order as the last one left it.

use super::record;
use super::shop::is_due;
use super::shop_run::ShopRun;
use super::summary::one;
use crate::domain::connection::StoreConnection;
use crate::domain::decision::{Carried, Decision, Rules, decide, gate};
use crate::domain::fulfilment::OrderLink;
use crate::domain::ids::{LineItemId, TikTokOrderId};
use crate::domain::intake::{is_cancelled, is_replaced};
use crate::domain::moves::{Accepted, CRASHES};
use crate::domain::order::{OrderState, TikTokOrder};
use crate::domain::parcel::{Parcel, ParcelState, Plain, Tried, WaitsFor};
use crate::domain::reason::{Auto, Reason, Who};
use crate::flows::calls::{Sending, Trouble};
use crate::flows::carriers::lists::ListError;
use crate::flows::carriers::match_parcel::{Maps, Match, match_parcel};
use crate::tiktok::{Class, TikTokError};
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;

/// The rows of one store order.
pub(super) struct Group {
    pub(super) store: StoreConnection,
    pub(super) rows: Vec<Parcel>,
    /// A person's word on the TikTok order.
    pub(super) manual: Option<TikTokOrderId>,
}

impl Group {
    /// What was found out is written with the outcome, not by itself.
    pub(super) fn link(&mut self, id: &TikTokOrderId) {
        for row in &mut self.rows {
            row.link = OrderLink::Found(id.clone());
        }
    }
}

/// Works on the due parcels of an order: first those that go, which would seem to claim the items of those that stay;
/// then the others, oldest first.
pub(super) async fn work(shop: &ShopRun<'_>, order: TikTokOrder, groups: Vec<Group>) {
    let mut desk = Desk { shop, order, platforms: Vec::new(), rows: Vec::new() };
    for group in groups {
        for row in group.rows {
            desk.platforms.push(group.store.platform);
            desk.rows.push(row);
        }
    }
    let mut due: Vec<usize> = (0..desk.rows.len()).filter(|i| is_due(&desk.rows[*i], shop)).collect();
    due.sort_by_key(|i| (desk.goes(*i).is_none(), desk.rows[*i].received, desk.rows[*i].number.clone()));
    for index in due {
        if !shop.run.may_start() {
            one(&shop.run.tally.left);
            continue;
        }
        // One bad row must not end the batch.
        let outcome = AssertUnwindSafe(desk.parcel(index)).catch_unwind().await;
        match outcome {
            Ok(Some(())) => {}
            Ok(None) => {
                one(&shop.run.tally.left);
                return;
            }
            Err(_) => {
                one(&shop.run.tally.panics);
                let row = desk.rows[index].clone();
                tracing::error!(store.id = %row.store, store_order.id = %row.order, "a parcel broke its worker");
                record::settle(shop, row, |row, now| row.crashed(&shop.run.app.entropy, now)).await;
            }
        }
    }
}

struct Desk<'a> {
    shop: &'a ShopRun<'a>,
    order: TikTokOrder,
    platforms: Vec<crate::domain::platform::Platform>,
    rows: Vec<Parcel>,
}

impl Desk<'_> {
    /// One parcel. `None`: stop here, the next run goes on.
    async fn parcel(&mut self, index: usize) -> Option<()> {
        let now = self.shop.run.app.clock.now();
        self.rows[index].take_up(now);
        let rules = self.rules().await;
        if let Some(end) = self.goes(index) {
            return self.apply(index, Decision::Close(end), None).await;
        }
        if let Some(decision) = gate(&self.rows[index], &self.order, &rules, now) {
            return self.apply(index, decision, None).await;
        }
        let (matched, maps) = match self.carrier(index).await {
            Ok(found) => found,
            Err(ListError::TikTok(error)) => {
                let maps = Maps::default();
                self.write(index, |row, now, e| record::refused(row, &error, &maps, e, now)).await;
                one(&self.shop.run.tally.retried);
                return Some(());
            }
            Err(ListError::NoOption) => {
                let words = "the shop has no Seller Shipping option for this order";
                let hold = crate::domain::decision::hold(Reason::NotSellerShipping, words, WaitsFor::Person);
                return self.apply(index, hold, None).await;
            }
            Err(ListError::Table(_) | ListError::Stop) => return None,
        };
        match matched {
            Match::Hold { reason, detail } => {
                let waits_for = if reason.auto() == Auto::OnMapping { maps.version() } else { WaitsFor::Store };
                let sighted = self.shop.sighted(&self.rows[index], reason).await;
                self.apply(index, Decision::Hold { reason, detail, waits_for }, None).await?;
                self.shop.count_sighted(sighted).await;
                self.recheck(index, &maps).await
            }
            Match::Carried { carried, warning } => {
                if let Some(warning) = warning {
                    self.rows[index].note(now, Reason::CarrierFormatMismatch, warning);
                }
                let decision = decide(&self.rows[index], &carried, &self.others(index), &self.order, &rules, now);
                self.apply(index, decision, Some((carried, maps))).await
            }
        }
    }

    /// How a parcel ends that its store has replaced or cancelled.
    fn goes(&self, index: usize) -> Option<ParcelState> {
        let parcel = &self.rows[index];
        let siblings: Vec<&Parcel> =
            self.others(index).into_iter().filter(|other| other.store == parcel.store).collect();
        if is_replaced(parcel, &siblings) {
            Some(ParcelState::Superseded)
        } else if is_cancelled(parcel, &siblings) {
            Some(ParcelState::Skipped(Reason::Cancelled))
        } else {
            None
        }
    }

    fn others(&self, index: usize) -> Vec<&Parcel> {
        self.rows.iter().enumerate().filter(|(i, _)| *i != index).map(|(_, row)| row).collect()
    }

    async fn rules(&self) -> Rules {
        let shop = self.shop.calls.shop().await;
        Rules {
            region: shop.region,
            cancel_brake: shop.settings.cancel_brake,
            hold_samples: shop.settings.hold_samples,
        }
    }

    /// The provider and the form of the number.
    async fn carrier(&self, index: usize) -> Result<(Match, Maps), ListError> {
        let connection = self.shop.calls.shop().await;
        let maps = self.shop.maps(&connection).await?;
        let list = self.shop.providers(&connection, &self.order).await?;
        let matched = match_parcel(&self.rows[index], &maps, &list, self.platforms[index], &connection);
        Ok((matched, maps))
    }

    /// A hold that raced with a saved mapping frees itself.
    async fn recheck(&mut self, index: usize, maps: &Maps) -> Option<()> {
        let app = self.shop.run.app;
        if !matches!(self.rows[index].waits_for, Some(WaitsFor::Mapping { .. })) {
            return Some(());
        }
        let connection = self.shop.calls.shop().await;
        let read = Maps::read(app, &connection, true).await.ok()?;
        if read.version() != maps.version() {
            self.write(index, |row, now, _| row.queue_after_race(now)).await;
        }
        Some(())
    }

    /// Writes down what was decided, unless the row changed meanwhile.
    async fn write(
        &mut self,
        index: usize,
        edit: impl Fn(&mut Parcel, jiff::Timestamp, &crate::domain::clock::Entropy),
    ) -> Option<()> {
        let shop = self.shop;
        let row = self.rows[index].clone();
        self.rows[index] = record::settle(shop, row, |row, now| edit(row, now, &shop.run.app.entropy)).await?;
        Some(())
    }

    /// Writes down what a call did, whatever changed meanwhile.
    async fn note(
        &mut self,
        index: usize,
        edit: impl Fn(&mut Parcel, jiff::Timestamp, &crate::domain::clock::Entropy),
    ) -> Option<()> {
        let shop = self.shop;
        let row = self.rows[index].clone();
        self.rows[index] = record::change(shop, row, |row, now| edit(row, now, &shop.run.app.entropy)).await?;
        Some(())
    }

    /// Carries a decision out.
    async fn apply(&mut self, index: usize, decision: Decision, carried: Option<(Carried, Maps)>) -> Option<()> {
        let tally = &self.shop.run.tally;
        match decision {
            Decision::Close(state) => {
                one(&tally.skipped);
                self.write(index, |row, now, _| row.close(state, now)).await
            }
            Decision::Wait { reason, until } => {
                one(&tally.waiting);
                self.write(index, |row, now, _| row.wait(reason, until, now)).await
            }
            Decision::Hold { reason, detail, waits_for } => {
                one(&tally.held);
                if reason.who() == Who::Operator {
                    one(&tally.held_unexpected);
                    tracing::error!(order.id = %self.order.id, reason = %reason, "a parcel needs the operator");
                }
                self.write(index, |row, now, _| row.hold(reason, &detail, waits_for.clone(), now)).await
            }
            Decision::Done { lines, package } => {
                let (carried, _) = carried?;
                let done =
                    record::reconciled(&self.rows[index], &carried, lines, package, self.shop.run.app.clock.now());
                if done.event == Plain::Reconciled {
                    one(&tally.reconciled);
                }
                self.shop.accepted.lock().await.push((self.order.id.clone(), done.carried.number.clone()));
                self.note(index, |row, now, _| row.accept(&done, now)).await
            }
            Decision::Push { lines, through, save_first } => {
                let (carried, maps) = carried?;
                let sending = Sending::first(through, lines);
                self.send(index, sending, save_first, carried, maps, 0).await
            }
            Decision::Correct { lines, package, edits, shipped_at } => {
                let (carried, maps) = carried?;
                let sending = Sending::Correction { package, lines, edits, shipped_at };
                self.send(index, sending, false, carried, maps, 0).await
            }
        }
    }

    /// Saves what must be known if we stop here, calls, and writes down what came out.
    async fn send(
        &mut self,
        index: usize,
        sending: Sending,
        save_first: bool,
        carried: Carried,
        maps: Maps,
        depth: u32,
    ) -> Option<()> {
        let careful = self.shop.careful;
        if careful && self.rows[index].crashes >= CRASHES {
            one(&self.shop.run.tally.held);
            return self
                .write(index, |row, now, _| {
                    row.hold(Reason::Internal, "its worker crashed three times", WaitsFor::Person, now);
                })
                .await;
        }
        let lines = sending.lines().to_vec();
        if (save_first && self.rows[index].chosen != lines) || careful {
            let row = self.rows[index].clone();
            self.rows[index] = save(self.shop, row, &lines, save_first, careful).await?;
        }
        let answer = self.shop.calls.send(&self.order.id, &sending, &carried).await;
        let now = self.shop.run.app.clock.now();
        let tally = &self.shop.run.tally;
        match answer {
            Ok(shipped) => {
                one(if sending.is_correction() { &tally.corrected } else { &tally.pushed });
                let done = Accepted {
                    carrier_words: self.rows[index].carrier.clone(),
                    lines: sending.lines().to_vec(),
                    package: shipped.package.or_else(|| sending.package().cloned()),
                    edits: sending.edits(),
                    shipped_at: sending.shipped_at().unwrap_or(now),
                    warning: shipped.warning,
                    request_id: shipped.request_id,
                    event: if sending.is_correction() { Plain::Corrected } else { Plain::Accepted },
                    carried,
                };
                show(&mut self.order, &done);
                self.shop.accepted.lock().await.push((self.order.id.clone(), done.carried.number.clone()));
                self.note(index, |row, now, _| row.accept(&done, now)).await
            }
            Err(Trouble::Stop | Trouble::Parked) => None,
            Err(Trouble::TikTok(error)) => self.refused(index, sending, carried, maps, error, depth).await,
        }
    }

    /// What came of a call is not known. It may be done, so the order as we read it is no ground to decide about the
    /// next parcel: the next run reads it again.
    async fn unknown(&mut self, index: usize, tried: &Tried) -> Option<()> {
        one(&self.shop.run.tally.unknown);
        self.note(index, |row, now, entropy| row.unknown(tried, entropy, now)).await?;
        None
    }

    async fn refused(
        &mut self,
        index: usize,
        sending: Sending,
        carried: Carried,
        maps: Maps,
        error: TikTokError,
        depth: u32,
    ) -> Option<()> {
        let tally = &self.shop.run.tally;
        let tried = Tried {
            number: carried.number.clone(),
            provider: carried.provider.clone(),
            provider_name: carried.provider_name.clone(),
            correction: sending.is_correction(),
            at: self.shop.run.app.clock.now(),
        };
        match error.class {
            Class::OutcomeUnknown => self.unknown(index, &tried).await,
            // The order is not as we read it: read it again before anything is said about this parcel.
            Class::AlreadyDone | Class::NumberUsed | Class::EditUsed if depth == 0 => {
                let id = self.order.id.clone();
                let read = self.shop.calls.order_detail(std::slice::from_ref(&id)).await;
                self.order = match read {
                    Ok(mut orders) if !orders.is_empty() => orders.swap_remove(0),
                    Ok(_) => return None,
                    Err(Trouble::Stop | Trouble::Parked) => return self.unknown(index, &tried).await,
                    Err(Trouble::TikTok(_)) => return None,
                };
                let rules = self.rules().await;
                let now = self.shop.run.app.clock.now();
                let decision = decide(&self.rows[index], &carried, &self.others(index), &self.order, &rules, now);
                match decision {
                    // The read shows nothing new. After a lost answer it may be behind; else TikTok's word stands.
                    Decision::Push { .. } | Decision::Correct { .. } => {
                        let again = self.rows[index].tried.is_some() || error.class == Class::AlreadyDone;
                        if again {
                            self.unknown(index, &tried).await
                        } else {
                            one(&tally.held);
                            self.write(index, |row, now, e| record::refused(row, &error, &maps, e, now)).await
                        }
                    }
                    // TikTok's own words say more than "not free".
                    Decision::Hold { reason: Reason::LinesUnmatched, .. } if error.class == Class::NumberUsed => {
                        one(&tally.held);
                        self.write(index, |row, now, e| record::refused(row, &error, &maps, e, now)).await
                    }
                    other => Box::pin(self.apply(index, other, Some((carried, maps)))).await,
                }
            }
            _ => {
                let passing = matches!(error.class, Class::Retry(_) | Class::Wait(_) | Class::ClockSkew);
                one(if passing { &tally.retried } else { &tally.held });
                if matches!(error.class, Class::Operator(_) | Class::Unlisted) {
                    one(&tally.held_unexpected);
                    tracing::error!(
                        order.id = %self.order.id, tiktok.code = error.code, tiktok.request_id = error.request_id,
                        "TikTok refused in a way that needs the operator"
                    );
                }
                self.write(index, |row, now, entropy| record::refused(row, &error, &maps, entropy, now)).await
            }
        }
    }
}

/// Chosen lines and, in careful mode, the try are saved before the call. A row that changed meanwhile is left to the
/// next run.
async fn save(
    shop: &ShopRun<'_>,
    mut row: Parcel,
    lines: &[LineItemId],
    save_first: bool,
    careful: bool,
) -> Option<Parcel> {
    let now = shop.run.app.clock.now();
    if !row.about_to_send(save_first.then_some(lines), careful, now) {
        return None;
    }
    match shop.run.app.table.parcel_put(&mut row).await {
        Ok(()) => Some(row),
        Err(error) => {
            tracing::info!(store.id = %row.store, error = &error as &dyn std::error::Error, "row left to the next run");
            None
        }
    }
}

/// The order as it is after our call, for the parcels that follow.
fn show(order: &mut TikTokOrder, done: &Accepted) {
    for line in &mut order.lines {
        if done.lines.contains(&line.id) {
            line.tracking = Some(done.carried.number.clone());
            line.provider = Some(done.carried.provider.clone());
            line.package.clone_from(&done.package);
            line.state = OrderState::ReadyToShip;
        }
    }
    if matches!(order.state, OrderState::AwaitingShipment | OrderState::PartiallyShipped) {
        let open = order.lines.iter().any(crate::domain::order::OrderLine::is_open);
        order.state = if open { OrderState::PartiallyShipped } else { OrderState::ReadyToShip };
    }
}
