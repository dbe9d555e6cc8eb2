//! The verdicts of a file's rows, as people and scripts see them.

use crate::domain::reason::Reason;
use crate::flows::intake::csv::{Judged, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;

/// The fields of a row, in the order of its JSON.
pub const HEAD: [&str; 7] = ["row", "order", "number", "carrier", "verdict", "reason", "detail"];

/// What becomes of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerdictRow<'a> {
    /// Which data row of the file.
    pub row: usize,
    /// Its order column.
    pub order: &'a str,
    /// Its number.
    pub number: &'a str,
    /// Its carrier.
    pub carrier: &'a str,
    /// The word of `explain`.
    pub verdict: &'static str,
    /// Why it is not good; `None`: it is.
    pub reason: Option<&'static str>,
    /// More words.
    pub detail: &'a str,
}

impl<'a> VerdictRow<'a> {
    /// Of a verdict.
    #[must_use]
    pub fn of(verdict: &'a Verdict) -> Self {
        Self {
            row: verdict.line.row,
            order: verdict.line.order(),
            number: &verdict.line.number,
            carrier: &verdict.line.carrier,
            verdict: verdict.word.as_str(),
            reason: verdict.reason.map(Reason::code),
            detail: &verdict.detail,
        }
    }
}

/// How many rows of a file come to what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All rows.
    pub rows: usize,
    /// Rows without a reason.
    pub good: usize,
    /// Those with one.
    pub wrong: usize,
    /// Rows whose numbers go out.
    pub push: usize,
    /// By verdict.
    pub verdicts: BTreeMap<&'static str, usize>,
}

impl Counts {
    /// Counts a file's verdicts.
    #[must_use]
    pub fn of(judged: &Judged) -> Self {
        let mut counts = Self { rows: judged.verdicts.len(), ..Self::default() };
        for verdict in &judged.verdicts {
            *counts.verdicts.entry(verdict.word.as_str()).or_default() += 1;
            counts.wrong += usize::from(verdict.reason.is_some());
        }
        counts.good = counts.rows - counts.wrong;
        counts.push = counts.verdicts.get("push").copied().unwrap_or_default();
        counts
    }
}
