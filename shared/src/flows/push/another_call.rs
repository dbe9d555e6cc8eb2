//! TikTok refuses a call and would take another one: the market's other call for a first number, or the same call with its
//! lines named. The refusal changed nothing, so the other one goes out at once, and once. What is then taken is kept for
//! the shop: its next order begins with it.

use super::judge::{Plan, rules};
use super::orders::Desk;
use crate::domain::decision::{Carried, Decision, Rules, Through, decide};
use crate::domain::region::FirstCall;
use crate::flows::calls::Sending;
use crate::tiktok::TikTokError;

/// Why a plan stands in for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// TikTok does not offer the other call for a first number to this shop.
    OtherCall(FirstCall),
    /// The order has several open packages: the call must say which units it means.
    NamedLines,
}

impl Desk<'_> {
    /// The plan through the call that a refusal asks for. `None`: it asks for none, or that one was tried.
    pub(super) async fn another_call(
        &self,
        index: usize,
        plan: &Plan,
        sending: &Sending,
        carried: &Carried,
        error: &TikTokError,
    ) -> Option<Plan> {
        if plan.instead.is_some() {
            return None;
        }
        let used = sending.first_call()?;
        if error.wants_lines_named() {
            let Decision::Push { lines, through: Through::Order { whole: true }, save_first } = &plan.decision else {
                return None;
            };
            let through = Through::Order { whole: false };
            let decision = Decision::Push { lines: lines.clone(), through, save_first: *save_first };
            return Some(Plan { decision, instead: Some(Instead::NamedLines), ..plan.clone() });
        }
        if !error.wants_the_other_call() {
            return None;
        }
        let other = used.other();
        let connection = self.shop.calls.shop().await;
        let rules = Rules { first_call: Some(other), ..rules(&connection) };
        let now = self.shop.run.app.clock.now();
        let decision = decide(&self.rows[index], carried, &self.others(index), &self.order, &rules, now);
        // Where first numbers go by order, and TikTok shows no package, there is nothing to ship by package: the refusal
        // stands. Elsewhere the package is still to come, or the order is to be split.
        let waits = other == FirstCall::ShipPackage
            && (!self.order.packages.is_empty() || connection.region.known_call() != Some(used));
        let instead = Some(Instead::OtherCall(other));
        (waits || matches!(decision, Decision::Push { .. })).then(|| Plan { decision, instead, ..plan.clone() })
    }

    /// TikTok took the other call.
    pub(super) async fn keep_call(&self, plan: &Plan) {
        if let Some(Instead::OtherCall(call)) = plan.instead {
            self.shop.calls.learn(|learned| learned.first_call = Some(call)).await;
        }
    }
}
