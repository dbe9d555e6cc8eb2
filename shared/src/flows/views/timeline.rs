//! What happened to a parcel, one line a step, in a person's words.

use crate::domain::history::{Event, EventKind, Plain};
use crate::domain::parcel::{Parcel, ParcelState};
use jiff::Timestamp;
use serde::Serialize;

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
pub struct StepRow {
    /// When.
    pub at: Timestamp,
    /// Its code.
    pub what: String,
    /// In a person's words.
    pub said: String,
    /// TikTok's code and words, where this was an answer of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// TikTok's words.
    pub message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// What TikTok's support asks for.
    pub request_id: Option<String>,
}

/// The parcel's history, oldest first; TikTok's last answer stands with the step that it answered.
#[must_use]
pub fn timeline(parcel: &Parcel) -> Vec<StepRow> {
    let answered = parcel.answer.as_ref().and_then(|answer| {
        let fits = |event: &Event| if answer.code == 0 { is_success(&event.what) } else { is_refusal(&event.what) };
        parcel.events.iter().rposition(fits)
    });
    let step = |(place, event): (usize, &Event)| {
        let answer = parcel.answer.as_ref().filter(|_| answered == Some(place));
        StepRow {
            at: event.at,
            what: event.what.to_string(),
            said: words(event),
            code: answer.map(|answer| answer.code),
            message: answer.map(|answer| answer.message.clone()).filter(|message| !message.is_empty()),
            request_id: answer.map(|answer| answer.request_id.clone()).filter(|id| !id.is_empty()),
        }
    };
    let mut steps: Vec<StepRow> = parcel.events.iter().enumerate().map(step).collect();
    if answered.is_none()
        && let Some(answer) = &parcel.answer
    {
        // Its own step is among those that were dropped.
        steps.push(StepRow {
            at: parcel.changed,
            what: "answer".to_owned(),
            said: "TikTok's last answer".to_owned(),
            code: Some(answer.code),
            message: Some(answer.message.clone()).filter(|message| !message.is_empty()),
            request_id: Some(answer.request_id.clone()).filter(|id| !id.is_empty()),
        });
    }
    steps
}

/// A step at which TikTok said yes.
fn is_success(what: &EventKind) -> bool {
    use Plain as P;
    matches!(what, EventKind::Plain(P::Accepted | P::Corrected | P::Reconciled | P::Unchanged | P::AlreadyThere))
}

/// A step at which TikTok may have said no.
fn is_refusal(what: &EventKind) -> bool {
    matches!(what, EventKind::Reason(_) | EventKind::Plain(Plain::Closed | Plain::AnswerLost))
}

/// An event in a person's words.
fn words(event: &Event) -> String {
    let detail = event.detail.as_str();
    let with = |words: &str| if detail.is_empty() { words.to_owned() } else { format!("{words}: {detail}") };
    let plain = match &event.what {
        EventKind::Reason(reason) if detail.is_empty() => return reason.sentence().to_owned(),
        EventKind::Reason(reason) => return format!("{} ({detail})", reason.sentence().trim_end_matches('.')),
        EventKind::Other(word) => word.as_str(),
        EventKind::Plain(plain) => match plain {
            Plain::Received => "received from the store",
            Plain::FoundByPoll => "found by reading the store; its webhook did not tell",
            Plain::Accepted => "TikTok took the number",
            Plain::Corrected => "TikTok took the corrected number",
            Plain::Reconciled => "found at TikTok, as we sent it",
            Plain::Unchanged => "TikTok has it as we sent it",
            Plain::AlreadyThere => "TikTok had the number already, from somebody else",
            Plain::Closed => return closed(detail),
            Plain::AnswerLost => "TikTok's answer was lost: the order is read before anything else",
            Plain::HeldByHand => "held here by a person",
            Plain::OrderMoved => "TikTok told that the order moved",
            Plain::NextShop => "not in this TikTok shop; the store's next one is asked",
            other => other.word(),
        },
    };
    with(plain)
}

/// What a parcel was closed as; the detail is its state.
fn closed(detail: &str) -> String {
    ParcelState::parse(detail).map_or_else(|| "closed".to_owned(), |state| format!("closed: {}", state_words(state)))
}

/// A state in a person's words.
#[must_use]
pub fn state_words(state: ParcelState) -> String {
    let plain = match state {
        ParcelState::Received => "received, not sent yet",
        ParcelState::Checked | ParcelState::Queued => "waits for its turn",
        ParcelState::Sending => "is being sent",
        ParcelState::Accepted => "TikTok has the number",
        ParcelState::AcceptedWithWarning => "TikTok has the number, and warns about it",
        ParcelState::AcceptedShared => "TikTok has the number, and another order has it too",
        ParcelState::AwaitingScan => "TikTok has the number; no scan yet",
        ParcelState::InTransit => "in transit",
        ParcelState::Delivered => "delivered",
        ParcelState::OutcomeUnknown => "the answer was lost; it is read back",
        ParcelState::Superseded => "replaced by a newer number of the store",
        ParcelState::Lost => "lost",
        ParcelState::Delayed => "delayed",
        ParcelState::Dismissed => "dismissed by a person",
        ParcelState::Held(reason) => return format!("waits: {}", reason.sentence().trim_start_matches("Waiting: ")),
        ParcelState::Skipped(reason) => {
            return format!("not sent: {}", reason.sentence().trim_start_matches("Not sent: "));
        }
        ParcelState::NeedsMapping(reason) | ParcelState::NeedsReauth(reason) | ParcelState::NeedsAttention(reason) => {
            return format!("needs a hand: {}", reason.sentence());
        }
    };
    plain.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reason::Reason;

    fn event(at: i64, what: &str, detail: &str) -> Event {
        Event { at: Timestamp::from_second(at).expect("time"), what: EventKind::parse(what), detail: detail.into() }
    }

    #[test]
    fn no_step_of_a_timeline_is_a_code_or_a_bare_word_of_ours() {
        for reason in Reason::ALL {
            let said = words(&event(0, reason.code(), "check digit is wrong"));
            assert!(!said.contains(reason.code()) && said.contains("check digit is wrong"), "{said}");
        }
        assert_eq!(words(&event(0, "accepted", "USPS")), "TikTok took the number: USPS");
        for reason in Reason::ALL {
            assert!(!state_words(ParcelState::for_reason(*reason)).contains(reason.code()), "{reason}");
        }
    }
}
