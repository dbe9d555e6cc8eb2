//! The clocks of an order: by when TikTok wants what, who says so, and what meets it.

/// What runs on an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clock {
    /// A tracking number for every unit.
    Rts,
    /// The carrier's first scan of every package.
    Scan,
    /// Delivery of every package.
    Deliver,
    /// TikTok cancels by itself.
    AutoCancel,
    /// The parcel counts as lost.
    Lost,
    /// The buyer may ask for the money back.
    Refund,
}

impl Clock {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Rts, Self::Scan, Self::Deliver, Self::AutoCancel, Self::Lost, Self::Refund];

    /// The word of interfaces and filters.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Rts => "RTS",
            Self::Scan => "SCAN",
            Self::Deliver => "DELIVER",
            Self::AutoCancel => "AUTO_CANCEL",
            Self::Lost => "LOST",
            Self::Refund => "REFUND",
        }
    }

    /// The clock of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|clock| clock.word() == word)
    }

    /// One letter, for keys of lists. Rows hang on it for ever.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Rts => 'R',
            Self::Scan => 'S',
            Self::Deliver => 'D',
            Self::AutoCancel => 'A',
            Self::Lost => 'L',
            Self::Refund => 'B',
        }
    }

    /// The clock of a letter.
    #[must_use]
    pub fn of_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|clock| clock.letter() == letter)
    }
}
