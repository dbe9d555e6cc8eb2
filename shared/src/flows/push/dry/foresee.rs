//! One order, played through on copies.

use super::{A_RUN, Outlook, So, Verdict, View, holds, judge, record};
use crate::domain::decision::Decision;
use crate::domain::parcel::{Parcel, ParcelState, Phase};
use crate::domain::reason::{Auto, Reason};
use crate::flows::calls::Trouble;
use crate::flows::carriers::lists::ListError;
use crate::flows::push::judge::Plan;
use crate::flows::push::orders::Desk;
use crate::tiktok::packages::Shipped;
use jiff::{SignedDuration, Timestamp};

impl View<'_> {
    /// Everything of an order, as a run would go through it; then what is asked about and not due.
    pub(super) async fn desk(&mut self, mut desk: Desk<'_>, so: &So) {
        let mut turns = desk.turns();
        let more: Vec<usize> = (0..desk.rows.len())
            .filter(|index| {
                !turns.contains(index) && self.is_open(&desk.rows[*index]) && desk.rows[*index].shop == so.shop
            })
            .collect();
        turns.extend(more);
        for index in turns {
            let outlook = self.foresee(&mut desk, index, so.clone()).await;
            if self.is_asked(&outlook.parcel) {
                self.say(outlook);
            }
        }
    }

    /// What the push would do with a row; the copies of row and order are as they would be afterwards.
    async fn foresee(&self, desk: &mut Desk<'_>, index: usize, so: So) -> Outlook {
        let row = desk.rows[index].clone();
        let plan = match desk.judge(index).await {
            Ok(plan) => plan,
            Err(ListError::NoOption) => judge::without_option(),
            Err(ListError::TikTok(error)) => {
                let mut next = row.clone();
                record::refused(&mut next, &error, None, &self.run.app.entropy, self.now);
                let so = so.check("carrier", false, error.message.clone());
                return self.of_row(&row, &next, error.class.reason(), so);
            }
            Err(ListError::Table(_) | ListError::Stop) => {
                let (reason, until) = self.no_answer(desk.shop, &Trouble::Parked).await;
                let so = so.check("carrier", false, "the shop's carriers cannot be read now");
                return so.ends(&row, Verdict::Wait, Some(reason), Some(until));
            }
        };
        let plan = desk.label(index, plan).await;
        let so = So { checks: so.checks.into_iter().chain(plan.checks.clone()).collect(), ..so };
        let closes = matches!(plan.decision, Decision::Close(_) | Decision::CloseAndList(_));
        match row.state.phase() {
            Phase::Done if !desk.begins_again(index, &plan) => {
                return so.ends(&row, Verdict::Done, row.state.reason(), None);
            }
            Phase::Closed if closes => return so.ends(&row, Verdict::Close, row.state.reason(), None),
            Phase::Waiting if holds::waits(&row, desk.shop) && desk.stays_held(index, &plan) => {
                let so = match row.answer.as_ref().filter(|answer| answer.code != 0) {
                    Some(answer) => so.check("tiktok", false, format!("{} {}", answer.code, answer.message)),
                    None => so,
                };
                return so.ends(&row, Verdict::Hold, row.state.reason(), None);
            }
            Phase::Done | Phase::Closed => {
                desk.rows[index].start_over(ParcelState::Queued, self.now);
            }
            Phase::Open | Phase::Waiting => {}
        }
        self.carry_out(desk, index, &row, &plan, so)
    }

    /// Carries a plan out on the copies.
    fn carry_out(&self, desk: &mut Desk<'_>, index: usize, row: &Parcel, plan: &Plan, mut so: So) -> Outlook {
        let now = self.now;
        if let Some(warning) = &plan.warning {
            so = so.check("number", true, warning.clone());
        }
        match plan.decision.clone() {
            Decision::Close(state) | Decision::CloseAndList(state) => {
                desk.rows[index].close(state, now);
                so.ends(row, Verdict::Close, state.reason(), None)
            }
            Decision::Wait { reason, until } => {
                desk.rows[index].wait(reason, until, now);
                so.ends(row, Verdict::Wait, Some(reason), Some(until))
            }
            Decision::Hold { reason, detail, waits_for } => {
                desk.rows[index].hold(reason, &detail, waits_for, now);
                let until = (reason.auto() == Auto::Yes).then(|| now + SignedDuration::from_hours(1));
                so.ends(row, Verdict::Hold, Some(reason), until)
            }
            Decision::Done { lines, package } => {
                if let Some(carried) = &plan.carried {
                    let done = record::reconciled(row, carried, (lines, package), &desk.order, now);
                    desk.rows[index].accept(&done, now);
                }
                so.ends(row, Verdict::Done, None, None)
            }
            Decision::Push { .. } | Decision::Correct { .. } => {
                let (Some(sending), Some(carried)) = (plan.call(), plan.carried.clone()) else {
                    return so.ends(row, Verdict::Wait, Some(Reason::Internal), Some(now + A_RUN));
                };
                let call = sending.call(&desk.order.id, &carried);
                let shipped = Shipped { package: None, lines: Vec::new(), warning: None, request_id: None };
                let done = desk.takes(index, &sending, carried, shipped, now);
                desk.rows[index].accept(&done, now);
                let verdict = if sending.is_correction() { Verdict::Correct } else { Verdict::Push };
                let until = row.due.filter(|due| *due > now);
                Outlook { call: Some(call), ..so.ends(row, verdict, None, until) }
            }
        }
    }
}

/// What needs no look at TikTok: its end, and a shipment without a number.
pub(super) fn settled(row: &Parcel, now: Timestamp) -> Option<Outlook> {
    let so = So { shop: row.shop.clone(), order: row.tiktok_order().cloned(), checks: Vec::new() };
    let due = row.due.is_some_and(|due| due <= now);
    match row.state.phase() {
        Phase::Done if !due => {
            let sent = row.sent.as_ref();
            let said = sent.map_or_else(
                || "TikTok has the number".to_owned(),
                |sent| format!("TikTok has {} with {}", sent.number, sent.provider_name),
            );
            let warned = row.state.reason();
            let mut so = so.check("tiktok", true, said);
            if let Some(answer) = row.answer.as_ref().filter(|_| warned.is_some()) {
                so = so.check("warning", false, answer.message.clone());
            }
            Some(so.ends(row, Verdict::Done, warned, None))
        }
        Phase::Closed if !due => {
            let said = match row.state {
                ParcelState::Dismissed => "a person dismissed it",
                ParcelState::Superseded => "the store replaced this number by another",
                state => state.reason().map_or("it is closed", Reason::sentence),
            };
            Some(so.check("store", false, said).ends(row, Verdict::Close, row.state.reason(), None))
        }
        _ if row.number.is_none() => {
            let reason = row.state.reason().unwrap_or(Reason::TrackingMissing);
            Some(so.check("store", false, reason.sentence()).ends(row, Verdict::Hold, Some(reason), None))
        }
        _ => None,
    }
}
