//! TikTok's clock, learnt from the `Date` of its answers: a request is taken from 5 minutes behind to 30 seconds ahead.

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// A smaller difference is the network's, and `Date` counts whole seconds.
const APPLIED_ABOVE: SignedDuration = SignedDuration::from_secs(2);

/// The longest wait that `Retry-After` can ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// How far TikTok's clock is ahead of ours. Shared by all clones.
#[derive(Clone, Debug, Default)]
pub(super) struct Offset {
    /// Milliseconds; negative when TikTok is behind.
    millis: Arc<AtomicI64>,
}

impl Offset {
    pub(super) fn get(&self) -> SignedDuration {
        SignedDuration::from_millis(self.millis.load(Ordering::Relaxed))
    }

    /// Our time as TikTok sees it.
    pub(super) fn apply(&self, now: Timestamp) -> Timestamp {
        let offset = self.get();
        if offset.abs() > APPLIED_ABOVE { now.checked_add(offset).unwrap_or(now) } else { now }
    }

    /// Learns from an answer: its `Date`, cut to the second, was written somewhere between sending and receiving. What
    /// we know moves only as far as that proves it wrong, so a slow answer blurs nothing.
    pub(super) fn learn(&self, date: &str, sent: Timestamp, received: Timestamp) {
        let Some(date) = http_date(date) else { return };
        let least = date.duration_since(received);
        let most = date.duration_since(sent).saturating_add(SignedDuration::from_secs(1));
        // Our own clock may have been set back in between.
        if least <= most {
            let offset = self.get().clamp(least, most);
            self.millis.store(i64::try_from(offset.as_millis()).unwrap_or_default(), Ordering::Relaxed);
        }
    }
}

/// `Sat, 21 Nov 2026 21:07:36 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

/// `Retry-After`: seconds, or a date by TikTok's clock. At most a day.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let wait = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) => LONGEST_WAIT,
        Err(_) => Duration::try_from(http_date(value)?.duration_since(now)).unwrap_or(Duration::ZERO),
    };
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn a_clock_that_differs_by_more_than_two_seconds_is_corrected() {
        let now = at("2026-11-21T12:00:00Z");
        for (date, seconds, applied) in [
            ("Sat, 21 Nov 2026 12:00:00 GMT", 0, 0),
            ("Sat, 21 Nov 2026 12:00:02 GMT", 2, 0),
            ("Sat, 21 Nov 2026 12:00:03 GMT", 3, 3),
            ("Sat, 21 Nov 2026 12:00:40 GMT", 40, 40),
            ("Sat, 21 Nov 2026 11:59:20 GMT", -39, -39),
            ("Sat, 21 Nov 2026 13:00:00 GMT", 3600, 3600),
        ] {
            let offset = Offset::default();
            offset.learn(date, now, now);
            assert_eq!(offset.get().as_secs(), seconds, "{date}");
            assert_eq!(offset.apply(now).as_second() - now.as_second(), applied, "{date}");
        }
    }

    #[test]
    fn a_slow_answer_does_not_shift_the_clock() {
        let offset = Offset::default();
        offset.learn("Sat, 21 Nov 2026 12:00:00 GMT", at("2026-11-21T11:59:58Z"), at("2026-11-21T12:00:07Z"));
        assert_eq!(offset.get(), SignedDuration::ZERO);
        offset.learn("Sat, 21 Nov 2026 12:00:30 GMT", at("2026-11-21T12:00:00Z"), at("2026-11-21T12:00:00Z"));
        offset.learn("Sat, 21 Nov 2026 12:00:36 GMT", at("2026-11-21T12:00:00Z"), at("2026-11-21T12:00:08Z"));
        assert_eq!(offset.get().as_secs(), 30);
    }

    #[test]
    fn a_date_nobody_can_read_changes_nothing() {
        let offset = Offset::default();
        let now = at("2026-11-21T12:00:00Z");
        offset.learn("Sat, 21 Nov 2026 12:00:40 GMT", now, now);
        for date in ["", "yesterday", "2026-11-21"] {
            offset.learn(date, now, now);
        }
        assert_eq!(offset.get().as_secs(), 40);
    }

    #[test]
    fn a_wait_is_read_as_seconds_or_as_a_date() {
        let now = at("2026-11-21T12:00:00Z");
        for (value, seconds) in [
            ("0", Some(0)),
            ("7", Some(7)),
            (" 120 ", Some(120)),
            ("999999999", Some(86_400)),
            ("99999999999999999999999", Some(86_400)),
            ("Sat, 21 Nov 2026 12:01:30 GMT", Some(90)),
            ("Sat, 21 Nov 2026 11:00:00 GMT", Some(0)),
            ("Sat, 21 Nov 2099 11:00:00 GMT", Some(86_400)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(value, now).map(|wait| wait.as_secs()), seconds, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_breaks_the_clock(text in "\\PC{0,60}", days in -9_000i64..9_000) {
            let now = Timestamp::UNIX_EPOCH;
            let _ = retry_after(&text, now);
            let offset = Offset::default();
            offset.learn(&text, now, now);
            let far = now + SignedDuration::from_hours(24 * days);
            let date = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&far).expect("a date");
            offset.learn(&date, now, now);
            let _ = offset.apply(Timestamp::MAX);
            let _ = retry_after(&date, Timestamp::MIN);
        }
    }
}
