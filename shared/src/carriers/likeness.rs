//! How alike two names are, by the two-letter pieces that they share.

/// Two-letter pieces of every name of a carrier, sorted; by the carrier's place in the catalogue.
#[derive(Debug, Default)]
pub(super) struct Likeness {
    names: Vec<Vec<(String, Vec<u64>)>>,
}

impl Likeness {
    pub(super) fn build<'a>(carriers: usize, names: impl Iterator<Item = (&'a str, usize)>) -> Self {
        let mut all = vec![Vec::new(); carriers];
        for (name, carrier) in names {
            if let Some(slot) = all.get_mut(carrier) {
                slot.push((name.to_owned(), pieces(name)));
            }
        }
        for slot in &mut all {
            slot.sort();
            slot.dedup();
        }
        Self { names: all }
    }

    /// Percent of shared pieces with the closest of a carrier's names.
    pub(super) fn of(&self, asked: &[u64], carrier: usize) -> u32 {
        let known = self.names.get(carrier).into_iter().flatten();
        known.map(|(_, pieces)| shared(asked, pieces)).max().unwrap_or(0)
    }
}

/// The two-letter pieces of a joined name, sorted.
pub(super) fn pieces(joined: &str) -> Vec<u64> {
    let letters: Vec<u64> = joined.chars().map(|c| u64::from(u32::from(c))).collect();
    let mut pieces: Vec<u64> = letters.windows(2).map(|two| two[0] << 32 | two[1]).collect();
    pieces.sort_unstable();
    pieces
}

/// Dice's coefficient in percent, over sorted pieces.
pub(super) fn shared(a: &[u64], b: &[u64]) -> u32 {
    let (mut i, mut j, mut both) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                both += 1;
                i += 1;
                j += 1;
            }
        }
    }
    let percent = (200_usize * both).checked_div(a.len() + b.len()).unwrap_or(0);
    u32::try_from(percent).unwrap_or(100)
}
