//! What a carrier's event means, read from TikTok's code **and** the carrier's words. TikTok documents the words only;
//! two families of codes were reported, and they contradict each other. So a code never decides alone, and words that
//! contradict their code decide nothing.
//!
//! Source: field reports of November 2026 (a public connector's tests, and TikTok's logistics reference 202604).

use jiff::Timestamp;

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventClass {
    /// The carrier has the parcel.
    PickedUp,
    /// On its way between places.
    Moving,
    /// On the van.
    OutForDelivery,
    /// With the recipient.
    Delivered,
    /// The carrier tried to deliver, and could not.
    AttemptFailed,
    /// On its way back, or back, at the sender.
    Returning,
    /// Nothing that this version can tell.
    Unknown,
}

/// The codes and words that tell events apart: an installation may hand in its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRules {
    /// First and last code of a family, and what it means.
    pub codes: Vec<(i64, i64, EventClass)>,
    /// Words in lower case that stand in a description. The first that is found decides: what failed stands before what
    /// was delivered, because "could not be delivered" holds both.
    pub words: Vec<(String, EventClass)>,
}

const CODES: &[(i64, i64, EventClass)] = &[
    (20_201, 20_201, EventClass::PickedUp),
    (30_901, 30_901, EventClass::PickedUp),
    (31_301, 31_301, EventClass::Moving),
    (40_501, 40_501, EventClass::OutForDelivery),
    (40_601, 40_601, EventClass::AttemptFailed),
    (50_101, 50_101, EventClass::Delivered),
    (60_101, 60_101, EventClass::AttemptFailed),
    (70_201, 70_204, EventClass::Returning),
    (80_101, 80_101, EventClass::Returning),
];

const WORDS: &[(EventClass, &[&str])] = &[
    (
        EventClass::Returning,
        &["return to sender", "returned to sender", "returned to shipper", "returning to sender", "being returned"],
    ),
    (
        EventClass::AttemptFailed,
        &[
            "attempt to deliver",
            "attempted to deliver",
            "attempted delivery",
            "delivery attempt",
            "delivery failed",
            "delivery was unsuccessful",
            "failed delivery",
            "failed to deliver",
            "unsuccessful delivery",
            "missed delivery",
            "could not be delivered",
            "could not deliver",
            "couldn't deliver",
            "not delivered",
            "unable to deliver",
            "undeliverable",
            "could not be reached",
            "no one was home",
            "nobody was home",
        ],
    ),
    (EventClass::OutForDelivery, &["out for delivery", "will be delivered", "to be delivered", "delivery today"]),
    (EventClass::Delivered, &["delivered", "signed for", "signed by", "handed to the recipient"]),
    (EventClass::PickedUp, &["picked up", "collected by", "pickup scan", "in possession", "accepted at"]),
    (EventClass::Moving, &["in transit", "departed", "arrived", "sorting", "sorted", "processed", "left the facility"]),
];

impl Default for EventRules {
    fn default() -> Self {
        let of_class = |(class, words): &(EventClass, &[&str])| -> Vec<(String, EventClass)> {
            words.iter().map(|word| ((*word).to_owned(), *class)).collect()
        };
        Self { codes: CODES.to_vec(), words: WORDS.iter().flat_map(of_class).collect() }
    }
}

impl EventRules {
    /// What an event means. `code` is TikTok's `action_code`; 0 and absent say nothing.
    #[must_use]
    pub fn class(&self, code: Option<i64>, description: &str) -> EventClass {
        let told = code.filter(|code| *code > 0);
        let by_code = told.and_then(|code| {
            let family = self.codes.iter().find(|(first, last, _)| (*first..=*last).contains(&code));
            family.map(|(_, _, class)| *class)
        });
        let plain: String = description.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        let by_words = self.words.iter().find(|(word, _)| plain.contains(word.as_str())).map(|(_, class)| *class);
        match (by_code, by_words) {
            (Some(code), Some(words)) if code == words => words,
            (None, Some(words)) => words,
            _ => EventClass::Unknown,
        }
    }

    /// How often the carrier tried in vain: events of one moment are one try.
    #[must_use]
    pub fn failed_attempts<'a>(
        &self,
        events: impl IntoIterator<Item = (Option<Timestamp>, Option<i64>, &'a str)>,
    ) -> usize {
        let failed =
            events.into_iter().filter(|(_, code, words)| self.class(*code, words) == EventClass::AttemptFailed);
        let mut times: Vec<Option<Timestamp>> = failed.map(|(at, _, _)| at).collect();
        times.sort_unstable();
        times.dedup_by(|a, b| a.is_some() && a == b);
        times.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_counts_for_what_code_and_words_both_say() {
        let rules = EventRules::default();
        for (code, words, class) in [
            (None, "Your package was delivered!\n", EventClass::Delivered),
            (Some(0), "Delivered, front door", EventClass::Delivered),
            (Some(50_101), "Signed by RECEPTION", EventClass::Delivered),
            (None, "The parcel could not be delivered today.", EventClass::AttemptFailed),
            (None, "Package not  delivered: nobody was home", EventClass::AttemptFailed),
            (
                Some(40_601),
                "An attempt to deliver your package failed. The carrier will try again.",
                EventClass::AttemptFailed,
            ),
            (Some(60_101), "Delivery failed (R104)", EventClass::AttemptFailed),
            (Some(40_501), "Out for delivery", EventClass::OutForDelivery),
            (None, "Your parcel will be delivered tomorrow", EventClass::OutForDelivery),
            (Some(70_202), "Returned to sender", EventClass::Returning),
            (None, "Picked up by carrier", EventClass::PickedUp),
            (Some(31_301), "Arrived at the sorting centre", EventClass::Moving),
            // A code that nobody listed says nothing, its words do.
            (Some(99_999), "Delivered", EventClass::Delivered),
            // Code and words contradict each other; a known code beside words of another language.
            (Some(40_601), "Your package was delivered", EventClass::Unknown),
            (Some(60_101), "Zustellung nicht erfolgt", EventClass::Unknown),
            (None, "Colis remis", EventClass::Unknown),
            (None, "", EventClass::Unknown),
        ] {
            assert_eq!(rules.class(code, words), class, "{code:?} {words}");
        }
    }

    #[test]
    fn an_installation_may_name_other_words() {
        let mut rules = EventRules::default();
        rules.words.insert(0, ("zustellung nicht erfolgt".into(), EventClass::AttemptFailed));
        assert_eq!(rules.class(Some(60_101), "Zustellung nicht erfolgt"), EventClass::AttemptFailed);
    }

    #[test]
    fn one_attempt_that_is_told_twice_is_one() {
        let rules = EventRules::default();
        let at = |second| Timestamp::from_second(second).ok();
        let words = "Delivery attempt failed";
        let told = |times: &[i64]| rules.failed_attempts(times.iter().map(|second| (at(*second), None, words)));
        assert_eq!((told(&[]), told(&[5]), told(&[5, 5]), told(&[9, 5, 9])), (0, 1, 1, 2));
        assert_eq!(rules.failed_attempts([(None, None, words), (None, None, words), (at(1), None, "Delivered")]), 2);
    }
}
