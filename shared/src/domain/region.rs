//! Markets: which TikTok app, which call, which policy.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A TikTok Shop market by its two-letter code, upper case. The United Kingdom is `GB`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Region(String);

/// The call that sends a first tracking number.
/// Source: TikTok Partner Center, Mark Package As Shipped (availability by market).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstCall {
    /// By order: US, UK, the EU markets and Japan.
    MarkPackageAsShipped,
    /// By package with `self_shipment`: South-East Asia and Latin America.
    ShipPackage,
}

impl Region {
    /// Reads a code; `UK` is the same market as `GB`.
    #[must_use]
    pub fn new(code: &str) -> Self {
        let code = code.trim().to_ascii_uppercase();
        Self(if code == "UK" { "GB".to_owned() } else { code })
    }

    /// The code, upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which call sends the first number in this market.
    #[must_use]
    pub fn first_call(&self) -> FirstCall {
        match self.as_str() {
            "US" | "GB" | "ES" | "IE" | "IT" | "DE" | "FR" | "JP" => FirstCall::MarkPackageAsShipped,
            _ => FirstCall::ShipPackage,
        }
    }

    /// The five EU markets, whose carrier list depends on the route (since 2026-03-26).
    #[must_use]
    pub fn needs_route(&self) -> bool {
        matches!(self.as_str(), "ES" | "IE" | "IT" | "DE" | "FR")
    }
}

impl From<String> for Region {
    fn from(code: String) -> Self {
        Self::new(&code)
    }
}

impl From<Region> for String {
    fn from(region: Region) -> String {
        region.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// TikTok registers US apps apart from those for the rest of the world: own key, secret, service id and webhook path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AppRegion {
    /// `partner.us.tiktokshop.com`.
    Us,
    /// `partner.tiktokshop.com`.
    Row,
}

impl AppRegion {
    /// Both apps.
    pub const ALL: [Self; 2] = [Self::Us, Self::Row];

    /// The word in addresses, commands and keys.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Row => "row",
        }
    }

    /// The app of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|app| app.as_str().eq_ignore_ascii_case(word))
    }
}

impl fmt::Display for AppRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
