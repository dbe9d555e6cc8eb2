//! Chance from a seed: a run can be played back.

use std::fmt::Write as _;

/// A small generator (SplitMix64): good enough for faults and made-up ids, never for secrets that matter.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The same seed gives the same run.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// True with this probability (`0.0` never, `1.0` always).
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
    pub fn happens(&mut self, probability: f64) -> bool {
        ((self.bits() >> 11) as f64 / (1u64 << 53) as f64) < probability
    }

    /// Letters and digits for a made-up token: `2 × words × 8` hexadecimal digits.
    pub fn hex(&mut self, words: usize) -> String {
        (0..words).fold(String::new(), |mut text, _| {
            let _ = write!(text, "{:016x}", self.bits());
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_run() {
        let run = |seed| (0..4).map(|_| Chance::new(seed).bits()).collect::<Vec<_>>();
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        assert!(Chance::new(1).happens(1.0) && !Chance::new(1).happens(0.0));
    }
}
