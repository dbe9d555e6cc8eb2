//! What the table can answer, named by what the caller can do.

/// The table did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Somebody else changed the row first: read again and decide again.
    #[error("the row changed in between")]
    Conflict,
    /// The request was refused for load; it changed nothing.
    #[error("the table asks us to slow down")]
    Throttled,
    /// No answer, or a failure inside the table. A write may or may not have happened.
    #[error("the table cannot be reached: {0}")]
    Unavailable(String),
    /// A row that this version cannot read.
    #[error("row {row} cannot be read: {problem}")]
    Corrupt {
        /// Its key; never its contents.
        row: String,
        /// What is wrong.
        problem: String,
    },
    /// The table refuses the request itself: missing table, missing permission, a bug.
    #[error("the table refuses the request: {0}")]
    Refused(String),
}

impl TableError {
    /// Trying the same again can help.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable(_))
    }
}
