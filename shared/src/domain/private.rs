//! Details of people: they may pass through, they may not be printed.

use serde::Deserialize;
use std::fmt;

/// A person's detail. No `Display`, no `Serialize`; `reveal` is easy to find in review.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Marks a value as private.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Every call is a place where a person's detail leaves.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private]")
    }
}

#[cfg(test)]
mod tests {
    use super::Private;

    #[test]
    fn a_private_value_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", Private::new("someone@example.org")), "[private]");
    }
}
