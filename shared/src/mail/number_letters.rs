//! Mails about numbers: TikTok refused them, or took them and warns (8).

use super::letters::{Letter, NOW, ROWS_OF_ORDERS, Row, SOON, count, letter};
use crate::domain::connection::Shop;

/// A number that TikTok refused, or accepted with a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What merchants call the order.
    pub order: String,
    /// The number.
    pub number: String,
    /// The store's word for the carrier.
    pub carrier: String,
    /// TikTok's words, and its code where it refused.
    pub tiktok: String,
    /// Why it is listed, in our words.
    pub sentence: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Corrections left and for how long; `None`: TikTok has no number of it yet.
    pub left: Option<String>,
}

impl Refusal {
    fn row(&self) -> Row {
        let mut lines = vec![
            format!("{} with {}", self.number, self.carrier),
            format!("TikTok: {}", self.tiktok),
            format!("{} {}", self.sentence, self.remedy),
        ];
        lines.extend(self.left.clone());
        Row { title: format!("Order {}", self.order), lines }
    }
}

fn with_rows(mut letter: Letter, numbers: &[Refusal]) -> Letter {
    letter.rows = numbers.iter().take(ROWS_OF_ORDERS).map(Refusal::row).collect();
    if numbers.len() > ROWS_OF_ORDERS {
        letter.after = vec![format!("And {} more on the list.", numbers.len() - ROWS_OF_ORDERS)];
    }
    letter
}

/// Mail 8: TikTok refused numbers.
#[must_use]
pub fn refusals(shop: &Shop, refusals: &[Refusal], url: &str) -> Letter {
    let words = format!("TikTok refused {}", count(refusals.len() as u64, "tracking number", "tracking numbers"));
    with_rows(letter(format!("{}: {words}", shop.name), words, NOW, "Open the shop", url), refusals)
}

/// Mail 8 as well: TikTok accepted numbers and warns about them.
#[must_use]
pub fn warnings(shop: &Shop, warned: &[Refusal], url: &str) -> Letter {
    let words = format!("TikTok accepted {} with a warning", warned.len());
    let mut letter = letter(format!("{}: {words}", shop.name), words, SOON, "Open the shop", url);
    letter.paragraphs =
        vec!["The numbers count as accepted. Scans may never arrive if number and carrier do not fit.".to_owned()];
    with_rows(letter, warned)
}
