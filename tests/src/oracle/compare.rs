//! What was found against what is right.

use super::history::History;
use super::right::{End, Right};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// Reasons that speak of a clock or of TikTok's further course: not about where a number belongs.
const CLOCKS: [&str; 6] = ["LATE", "NOT_SCANNED", "LOST", "DELAYED", "ACCEPTED_WITH_WARNING", "SIBLING_OPEN"];

/// Something that is not right.
#[derive(Clone, Debug)]
pub struct Difference {
    /// When it was looked at.
    pub when: &'static str,
    /// What it is about: a number, an order, a command.
    pub about: String,
    /// What is right.
    pub right: String,
    /// What was found.
    pub found: String,
}

impl Difference {
    /// The kind of difference, to count by: without numbers.
    #[must_use]
    pub fn class(&self) -> String {
        let bare = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
        format!("{} | right {} | found {}", self.when, bare(&self.right), bare(&self.found))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}: right is {}; found {}", self.when, self.about, self.right, self.found)
    }
}

/// How the numbers of a world ended.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// What is not right.
    pub differences: Vec<Difference>,
    /// How often each end occurred.
    pub ends: BTreeMap<String, u64>,
    /// One line for each number.
    pub told: Vec<String>,
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_default()
}

/// Compares.
#[must_use]
pub fn compare(when: &'static str, history: &History, rights: &[Right], held: &[Value]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut explained = vec![false; held.len()];
    for right in rights {
        let mut on: BTreeMap<String, u32> = BTreeMap::new();
        let order = right.order.as_ref().and_then(|id| history.orders.get(id));
        for unit in order.iter().flat_map(|order| &order.units).filter(|unit| !unit.cancelled) {
            if unit.number.as_ref() == Some(&right.number) {
                *on.entry(unit.sku.clone()).or_default() += 1;
            }
        }
        let mut reasons: Vec<&str> = Vec::new();
        for (place, row) in held.iter().enumerate() {
            let order = text(row, "tiktok_order");
            let dispatched = text(row, "reason") == "CANCELLED_AFTER_DISPATCH" && !on.is_empty();
            let of_order = dispatched && Some(order) == right.order.as_deref();
            let mine = text(row, "number") == right.number
                && (order.is_empty() || right.order.is_none() || Some(order) == right.order.as_deref());
            if mine || of_order {
                explained[place] = true;
                reasons.push(text(row, "reason"));
            }
        }
        let warned = reasons.contains(&"ACCEPTED_WITH_WARNING") && !on.is_empty();
        let asked = |reason: &str| right.ends.iter().any(|end| matches!(end, End::Listed(own) if *own == reason));
        reasons.retain(|reason| !CLOCKS.contains(reason) || asked(reason));
        // A number that two orders claim, or that stands on both, is asked about although it is right where it is.
        let elsewhere = history.orders.iter().any(|(id, order)| {
            Some(id) != right.order.as_ref()
                && order.units.iter().any(|unit| unit.number.as_ref() == Some(&right.number))
        });
        let elsewhere = elsewhere || rights.iter().any(|o| o.number == right.number && o.order != right.order);
        reasons.retain(|reason| *reason != "TRACKING_SHARED" || on.is_empty() || !elsewhere);
        let fits = if reasons.is_empty() {
            let found = match (on.is_empty(), warned) {
                (true, _) => End::Quiet,
                (_, true) => End::Warned(on.clone()),
                (_, false) => End::On(on.clone()),
            };
            right.ends.contains(&found)
        } else {
            reasons.iter().all(|reason| asked(reason))
        };
        let found = match (reasons.as_slice(), on.is_empty()) {
            ([], true) => "quiet".to_owned(),
            ([], false) => format!("on {on:?}{}", if warned { " with a warning" } else { "" }),
            (reasons, true) => format!("listed {reasons:?}"),
            (reasons, false) => format!("on {on:?} and listed {reasons:?}"),
        };
        let end = reasons.first().map_or(
            match (on.is_empty(), warned) {
                (true, _) => "quiet",
                (_, true) => "at TikTok with a warning",
                (_, false) => "at TikTok",
            },
            |reason| *reason,
        );
        *verdict.ends.entry(format!("{when}: {end}")).or_default() += 1;
        verdict.told.push(format!(
            "{} for {}: right {:?} ({}); found {found}",
            right.number,
            right.order.as_deref().unwrap_or("no order"),
            right.ends,
            right.why
        ));
        if !fits {
            verdict.differences.push(Difference {
                when,
                about: format!("{} for {}", right.number, right.order.as_deref().unwrap_or("no order")),
                right: format!("{:?} ({})", right.ends, right.why),
                found,
            });
        }
    }
    let withdrawn = history.withdrawn();
    for (row, _) in held.iter().zip(&explained).filter(|(_, explained)| !**explained) {
        let reason = text(row, "reason");
        let after =
            reason == "CANCELLED_AFTER_DISPATCH" || (reason == "CANCELLED" && withdrawn.contains(text(row, "number")));
        if !CLOCKS.contains(&reason) && !after {
            verdict.differences.push(Difference {
                when,
                about: format!("{} for {}", text(row, "number"), text(row, "tiktok_order")),
                right: "on no list: nobody claims it".into(),
                found: format!("listed {reason}: {}", text(row, "detail")),
            });
        }
    }
    verdict
}
