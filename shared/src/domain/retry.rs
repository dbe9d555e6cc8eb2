//! When a failed try is repeated: 1, 5, 15, 60 minutes, then hourly until a day has passed.

use crate::domain::clock::Entropy;
use jiff::Timestamp;
use std::time::Duration;

/// Gaps after the first, second, third and fourth failure; every further one takes the last.
pub const GAPS: [Duration; 4] =
    [Duration::from_secs(60), Duration::from_secs(300), Duration::from_secs(900), Duration::from_secs(3600)];

/// After this long without success a parcel goes to the attention list.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 3600);

/// A lost answer is read back after 30 to 90 seconds.
const READ_BACK: (u64, u64) = (30, 90);

/// The moment of the next try after `attempts` failures: full jitter within the gap, but at least half of it so that a
/// "retry" is never a repeat in the same breath, and never before what TikTok asked for.
#[must_use]
pub fn next_try(attempts: u32, asked: Option<Duration>, entropy: &Entropy, now: Timestamp) -> Timestamp {
    let gap = GAPS[(attempts.max(1) as usize - 1).min(GAPS.len() - 1)];
    let jittered = gap.mul_f64(0.5 + entropy.fraction() / 2.0);
    now + jittered.max(asked.unwrap_or_default())
}

/// When to read back after a lost answer.
#[must_use]
pub fn read_back(entropy: &Entropy, now: Timestamp) -> Timestamp {
    let (least, most) = READ_BACK;
    now + Duration::from_secs(least).mul_f64(1.0 + entropy.fraction() * ((most - least) as f64 / least as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entropy(byte: u8) -> Entropy {
        Entropy::new(move |bytes| bytes.fill(byte))
    }

    #[test]
    fn tries_come_after_one_five_fifteen_sixty_minutes_and_then_hourly() {
        let now = Timestamp::UNIX_EPOCH;
        for (attempts, seconds) in [(1, 60), (2, 300), (3, 900), (4, 3600), (5, 3600), (24, 3600)] {
            let latest = next_try(attempts, None, &entropy(0xff), now).as_second();
            let earliest = next_try(attempts, None, &entropy(0), now).as_second();
            assert!(
                latest <= seconds && latest >= seconds - 1 && earliest == seconds / 2,
                "{attempts}: {earliest}..{latest}"
            );
        }
    }

    #[test]
    fn tiktoks_own_waiting_time_is_always_kept() {
        let asked = Some(Duration::from_secs(7200));
        assert_eq!(next_try(1, asked, &entropy(0), Timestamp::UNIX_EPOCH).as_second(), 7200);
    }

    #[test]
    fn a_lost_answer_is_read_back_within_30_to_90_seconds() {
        for byte in [0, 0x80, 0xff] {
            let at = read_back(&entropy(byte), Timestamp::UNIX_EPOCH).as_second();
            assert!((30..=90).contains(&at), "{at}");
        }
    }
}
