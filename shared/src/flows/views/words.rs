//! What a person is told about a parcel's reason: where TikTok's code says more than the reason, in that code's own words.

use crate::domain::parcel::Parcel;
use crate::domain::reason::Reason;
use crate::tiktok::error::own_words;

/// The sentence and what to do. A code counts while its refusal is the newest that is known under this reason.
#[must_use]
pub fn words(parcel: &Parcel, reason: Reason) -> (&'static str, &'static str) {
    let own = parcel.answer.as_ref().filter(|answer| answer.code != 0).and_then(|answer| {
        let newest = parcel.events.iter().rev().find(|event| event.what.reason() == Some(reason))?;
        own_words(answer.code, reason).filter(|_| answer.message.starts_with(newest.detail.as_str()))
    });
    own.unwrap_or_else(|| (reason.sentence(), reason.remedy()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::parcel::{Answer, WaitsFor};
    use crate::domain::samples::{at, parcel};

    #[test]
    fn a_codes_own_words_are_said_of_its_refusal_and_of_nothing_later() {
        let mut row = parcel("1Z99", "f1", &[]);
        let usual = (Reason::CarrierNotApproved.sentence(), Reason::CarrierNotApproved.remedy());
        row.hold(Reason::CarrierNotApproved, "not on the list", WaitsFor::Store, at(1));
        assert_eq!(words(&row, Reason::CarrierNotApproved), usual);
        let answer = Answer { code: 21_004_016, message: "No service.".into(), request_id: String::new() };
        row.answered(Some(answer));
        row.hold(Reason::CarrierNotApproved, "No service.", WaitsFor::Store, at(2));
        assert!(words(&row, Reason::CarrierNotApproved).0.contains("no service of this carrier"));
        assert_eq!(words(&row, Reason::TikTokRule).0, Reason::TikTokRule.sentence(), "another reason");
        row.hold(Reason::CarrierNotApproved, "not on the list", WaitsFor::Store, at(3));
        assert_eq!(words(&row, Reason::CarrierNotApproved), usual, "another cause since");
    }
}
