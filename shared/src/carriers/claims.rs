//! Whose number it is when two carriers' shapes fit: the evidence of a shape, weighed against the named carrier's own.
//!
//! Source: carrier fact sheet, section 13, points 1 and 2.

use crate::carriers::carrier::{Carrier, Fit, distinct};
use crate::carriers::catalogue::{Approval, Approved};
use crate::carriers::field::Number;
use crate::carriers::shape::{CheckResult, Strength};
use crate::carriers::wishes::Wishes;
use crate::domain::reason::Reason;

/// One number and what counts while it is judged.
pub(super) struct Case<'a, 'c> {
    pub(super) number: &'a Number<'c>,
    pub(super) approved: &'a Approved,
    pub(super) wishes: Wishes,
    /// Carriers of the list that the number speaks for, strongest first.
    pub(super) speaking: Vec<&'a Fit<'c>>,
}

impl<'c> Case<'_, 'c> {
    pub(super) fn speaks_alone(&self, fit: &Fit<'_>, reason: Reason) -> bool {
        fit.stands_alone(&self.number.compact) && (fit.is_proven() || reason == Reason::CarrierMissing)
    }

    /// Other carriers whose number this is rather than the named one's. `own` is the named carrier's shape that fits.
    ///
    /// A carrier that the list does not take counts only with a check digit, and only where the named one's own shape
    /// says nothing: its number in this market is odd, but not proof enough against a shape that fits.
    pub(super) fn claims(&self, named: Option<&Carrier>, own: Option<&Fit<'c>>) -> Vec<&'c Carrier> {
        let text = self.number.compact.as_str();
        let says_nothing = own.is_none_or(|own| own.shape.is_some_digits());
        let claims = |fit: &&Fit<'c>| {
            let foreign = named.is_none_or(|named| named.index != fit.carrier.index);
            let exclusive = fit.shape.strength == Strength::Exclusive;
            let proven = fit.is_proven();
            let marked = fit.shape.is_marked(text);
            let listed = self.approved.of(fit.carrier) == Approval::Yes;
            let strong = if listed { exclusive || marked || proven && fit.speaks() } else { exclusive && proven };
            foreign && fit.check.fits() && strong && (listed || says_nothing) && outdoes(fit, own, text)
        };
        distinct(self.number.fits.iter().filter(claims).map(|fit| fit.carrier))
    }

    pub(super) fn listed(&self, carriers: &[&'c Carrier]) -> Vec<&'c Carrier> {
        carriers.iter().copied().filter(|carrier| self.approved.of(carrier) == Approval::Yes).collect()
    }
}

/// Whether a shape of another carrier says more about a number than the named carrier's own one.
fn outdoes(rival: &Fit<'_>, own: Option<&Fit<'_>>, text: &str) -> bool {
    let Some(own) = own else { return true };
    // Two check digits that are both right: both carriers may have printed it, and the name decides.
    if matches!(own.check, CheckResult::Passed | CheckResult::OtherIssuer) {
        return false;
    }
    let proven = rival.is_proven();
    let longer = rival.shape.fixed_characters() > own.shape.fixed_characters();
    match (own.shape.strength, rival.shape.strength) {
        // Well known shapes of both: only a rival's own mark says more ("JVGL" is DHL's, not any four letters).
        (Strength::Exclusive | Strength::Shared, _) => rival.shape.is_marked(text) && longer,
        (Strength::Weak, Strength::Exclusive) => proven || longer || own.shape.is_some_digits(),
        (Strength::Weak, Strength::Shared) => proven && own.shape.is_some_digits(),
        (Strength::Weak, Strength::Weak) => rival.shape.is_marked(text) && longer,
    }
}
