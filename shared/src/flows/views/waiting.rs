//! What a parcel that is on its way waits for, and until when. Nobody reads "waiting" without a reason.

use super::words::words;
use crate::domain::connection::Shop;
use crate::domain::fulfilment::OrderLink;
use crate::domain::parcel::{Parcel, ParcelState, Phase};
use crate::table::keys::{self, Key};
use jiff::{SignedDuration, Timestamp};

/// The push looks at what is due this often.
const A_RUN: SignedDuration = SignedDuration::from_mins(1);

/// What a parcel waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// For what, as a sentence.
    pub said: String,
    /// When it is looked at next; `None`: not before somebody acts.
    pub until: Option<Timestamp>,
}

/// What a parcel waits for; `None` when TikTok has its number or it is closed. `shop`: its TikTok shop, `None` when that
/// is not connected any more.
#[must_use]
pub fn wait(parcel: &Parcel, shop: Option<&Shop>, now: Timestamp) -> Option<Wait> {
    match parcel.state.phase() {
        Phase::Done | Phase::Closed => return None,
        Phase::Open | Phase::Waiting => {}
    }
    let by_hand = |said: String| Some(Wait { said, until: None });
    let Some(due) = parcel.due else {
        let reason = parcel.state.reason()?;
        let (sentence, remedy) = words(parcel, reason);
        return by_hand(format!("{sentence} {remedy}"));
    };
    if let Some(stopped) = stopped(shop) {
        return by_hand(stopped);
    }
    if let Some(rests) = shop.and_then(|shop| resting(shop, now)) {
        return Some(rests);
    }
    let tries = match parcel.attempts {
        0 => String::new(),
        1 => " It was tried once.".to_owned(),
        n => format!(" It was tried {n} times."),
    };
    let last = parcel.answer.as_ref().filter(|answer| answer.code != 0);
    let words =
        last.map(|answer| format!(" TikTok's last words: {} {}.", answer.code, answer.message.trim_end_matches('.')));
    let said = match (parcel.state, &parcel.link) {
        (state, _) if state.reason().is_some() && state != ParcelState::OutcomeUnknown => {
            state.reason().map(|reason| reason.sentence().to_owned()).unwrap_or_default()
        }
        (ParcelState::OutcomeUnknown | ParcelState::Sending, _) => {
            "TikTok's answer was lost or is under way: the order is read before anything else.".to_owned()
        }
        (_, OrderLink::NotRead) => "The store's order is read to learn which TikTok order it is.".to_owned(),
        (_, OrderLink::Found(_)) if due <= now => "It is sent with the next run of the push.".to_owned(),
        (_, OrderLink::Found(_)) => "It is tried again by itself.".to_owned(),
        (_, _) => "Its TikTok order is not found yet: it is looked for again.".to_owned(),
    };
    let until = due.max(now + A_RUN);
    Some(Wait { said: format!("{said}{tries}{}", words.unwrap_or_default()), until: Some(until) })
}

/// What a notice waits for: a message of the store that names things without their contents. `None`: the key is not that
/// of a notice.
#[must_use]
pub fn notice(key: &Key) -> Option<&'static str> {
    keys::notice_store(key).map(|_| "The store told of a shipment; it is read from the store first.")
}

/// Why nothing is sent for a shop at the moment, if so.
#[must_use]
pub fn stopped(shop: Option<&Shop>) -> Option<String> {
    let Some(shop) = shop else {
        return Some("Its TikTok shop is not connected any more. Connect the shop again.".to_owned());
    };
    if let Some(parked) = &shop.parked {
        return Some(format!("{} {}", parked.reason.sentence(), parked.reason.remedy()));
    }
    if !shop.settings.sync {
        let by = shop.settings.paused_by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
        return Some(format!("The shop is paused here{by}. Resume it to send what waits."));
    }
    None
}

/// A shop that rests is tried again by itself: why, and when.
fn resting(shop: &Shop, now: Timestamp) -> Option<Wait> {
    let until = shop.hold_until.filter(|until| *until > now)?;
    let said = match &shop.resting {
        Some(resting) => format!("{} {}", resting.reason.sentence(), resting.reason.remedy()),
        None => "TikTok's calls for this shop failed in a row: it rests, and goes on by itself.".to_owned(),
    };
    Some(Wait { said, until: Some(until) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reason::Reason;
    use crate::domain::samples::{at, parcel};

    #[test]
    fn every_parcel_that_waits_says_what_for_and_until_when() {
        let now = at(10_000);
        let later = now + SignedDuration::from_hours(1);
        let states = [
            ParcelState::Received,
            ParcelState::Checked,
            ParcelState::Queued,
            ParcelState::Sending,
            ParcelState::OutcomeUnknown,
            ParcelState::Held(Reason::Unpaid),
        ];
        let links = [OrderLink::NotRead, OrderLink::NotFound, OrderLink::Ambiguous(vec![])];
        for state in states {
            for link in &links {
                let mut row = parcel("1Z99", "f1", &[]);
                (row.state, row.link, row.due) = (state, link.clone(), Some(later));
                let shop = crate::flows::views::waiting::tests::shop();
                let wait = wait(&row, Some(&shop), now).expect("it waits");
                assert!(wait.said.len() > 10 && wait.until == Some(later), "{state}: {wait:?}");
            }
        }
        let mut row = parcel("1Z99", "f1", &[]);
        row.state = ParcelState::Accepted;
        row.due = None;
        assert_eq!(wait(&row, Some(&shop()), now), None);
    }

    #[test]
    fn a_paused_shop_is_the_answer_whatever_else_a_parcel_waits_for() {
        let mut paused = shop();
        paused.settings.sync = false;
        paused.settings.paused_by = Some("command line".into());
        let row = parcel("1Z99", "f1", &[]);
        let wait = wait(&row, Some(&paused), at(10_000)).expect("it waits");
        assert!(wait.said.contains("paused here by command line") && wait.until.is_none(), "{wait:?}");
        assert!(super::wait(&row, None, at(10_000)).expect("it waits").said.contains("not connected"));
    }

    pub(super) fn shop() -> Shop {
        serde_json::from_value(serde_json::json!({
            "id": "7494049642642441621", "account": "a1", "name": "Tiny Mugs", "region": "US", "app": "us",
            "open_id": "o1", "cipher": "c", "connected": "2026-11-21T09:00:00Z",
        }))
        .expect("a shop")
    }
}
